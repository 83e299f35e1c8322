/*
 * alpaca_sides.h - one document of market data read twice: by the flat reader and what stands
 * behind it, and by the visitor alone. What each hands out is kept and compared.
 */
#ifndef TESTS_SUPPORT_ALPACA_SIDES_H
#define TESTS_SUPPORT_ALPACA_SIDES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alpaca_reader.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/random.h"

#define DOCUMENT_SIZE 16384
#define EVENT_MAX 64
#define SYMBOL_MAX 16

typedef struct event {
    char what;
    char name[TW_SYMBOL_NAME_SIZE];
    union {
        tw_trade trade;
        tw_quote quote;
        tw_bar bar;
        tw_level level;
        tw_alpaca_control control;
        char text[64];
    } as;
} event;

typedef struct side {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    event events[EVENT_MAX];
    unsigned count;
    tw_status status;
    tw_error error;
    char token[TW_ALPACA_TOKEN_SIZE];
} side;

/* ---- what is handed out ---- */

static inline event *next_event(side *s, char what, tw_symbol symbol) {
    assert_true(s->count < EVENT_MAX);
    event *e = &s->events[s->count++];
    memset(e, 0, sizeof *e);
    e->what = what;
    if (symbol != TW_SYMBOL_NONE)
        snprintf(e->name, sizeof e->name, "%s", tw_symbols_name(s->symbols, symbol));
    return e;
}

static inline void on_trade(void *context, const tw_trade *trade) {
    event *e = next_event(context, 't', trade->symbol);
    e->as.trade = *trade;
    e->as.trade.symbol = 0;
}
static inline void on_quote(void *context, const tw_quote *quote) {
    event *e = next_event(context, 'q', quote->symbol);
    e->as.quote = *quote;
    e->as.quote.symbol = 0;
}
static inline void on_bar(void *context, const tw_bar *bar) {
    event *e = next_event(context, 'b', bar->symbol);
    e->as.bar = *bar;
    e->as.bar.symbol = 0;
}
static inline void on_level(void *context, const tw_level *level) {
    event *e = next_event(context, 'o', level->symbol);
    e->as.level = *level;
    e->as.level.symbol = 0;
}
static inline void on_control(void *context, const tw_alpaca_control *control) {
    next_event(context, 'c', TW_SYMBOL_NONE)->as.control = *control;
}
static inline void note(side *s, char what, tw_slice text) {
    event *e = next_event(s, what, TW_SYMBOL_NONE);
    snprintf(e->as.text, sizeof e->as.text, "%.*s", (int)text.size, text.data);
}
static inline void on_other(void *context, tw_slice kind) {
    note(context, '?', kind);
}
static inline void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)kind;
    note(context, '!', tw_slice_of(tw_status_name(status)));
}
static inline void on_record(void *context, const tw_alpaca_record *record) {
    next_event(context, 'r', TW_SYMBOL_NONE)->as.text[0] = (char)record->kind;
}
static inline void on_answer(void *context, const tw_alpaca_answer *answer) {
    char count[24];
    snprintf(count, sizeof count, "%llu", (unsigned long long)answer->record_count);
    note(context, 'a', answer->next_page_token);
    note(context, 's', answer->symbol);
    note(context, '$', answer->currency);
    note(context, '#', tw_slice_of(count));
}

static inline tw_alpaca_events events_into(side *s, bool forgiving) {
    tw_alpaca_events events = {.context = s,
                               .on_trade = on_trade,
                               .on_quote = on_quote,
                               .on_bar = on_bar,
                               .on_level = on_level,
                               .on_control = on_control,
                               .on_other = on_other,
                               .on_record = on_record,
                               .on_answer = on_answer};
    if (forgiving)
        events.on_bad = on_bad;
    return events;
}

/* ---- the two sides ---- */

static inline void begin_side(side *s, bool visits_only) {
    memset(s, 0, sizeof *s);
    assert_int_equal(tw_symbols_new(NULL, SYMBOL_MAX, &s->symbols), TW_OK);
    assert_int_equal(tw_alpaca_reader_new(NULL, DOCUMENT_SIZE, 4, s->symbols, &s->reader), TW_OK);
    assert_int_equal(tw_alpaca_reader_add_msgpack(s->reader), TW_OK);
    s->reader->visits_only = visits_only;
}

static inline void end_side(side *s) {
    tw_alpaca_reader_free(s->reader);
    tw_symbols_free(s->symbols);
}

static inline void reset(side *s) {
    s->count = 0;
    s->token[0] = '\0';
    memset(&s->error, 0, sizeof s->error);
}

/* The same records, answers, sentence and place. Unless `exactly`, input that the visitor refuses
 * before it hands out anything may have been handed out up to its fault. */
static inline bool is_same(const side *flat, const side *visitor, bool exactly) {
    if (flat->status != visitor->status || strcmp(flat->token, visitor->token) != 0 ||
        strcmp(flat->error.message, visitor->error.message) != 0 ||
        flat->error.column != visitor->error.column)
        return false;
    if (!exactly && visitor->status == TW_PARSE && visitor->count == 0)
        return true;
    return flat->count == visitor->count &&
           memcmp(flat->events, visitor->events, flat->count * sizeof(event)) == 0;
}

/* Changes, takes out, puts in or cuts; `marks` are bytes that mean something. Returns the new size,
 * at most one more. */
static inline size_t damage(tw_random *random, tw_slice marks, char *bytes, size_t size) {
    size_t at = tw_random_below(random, size);
    char mark = marks.data[tw_random_below(random, marks.size)];
    switch (tw_random_below(random, 5)) {
    case 0:
        bytes[at] = mark;
        return size;
    case 1:
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size - 1;
    case 2:
        memmove(bytes + at + 1, bytes + at, size - at);
        bytes[at] = mark;
        return size + 1;
    case 3:
        bytes[at] = (char)(bytes[at] ^ 1 << tw_random_below(random, 8));
        return size;
    default:
        return at;
    }
}

#endif
