/*
 * alpaca_fixture.h - a reader, a text and what the decoders hand out, for the tests of Alpaca's
 * words.
 */
#ifndef TRADEWIND_TESTS_ALPACA_FIXTURE_H
#define TRADEWIND_TESTS_ALPACA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/alpaca.h"

#define TEXT_SIZE 65536

typedef struct fixture {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char buffer[TEXT_SIZE];
    tw_text text;
} fixture;

static inline int set_up(void **state) {
    static fixture f;
    memset(&f, 0, sizeof f);
    if (tw_symbols_new(NULL, 64, &f.symbols) != TW_OK ||
        tw_alpaca_reader_new(NULL, TEXT_SIZE, 4, f.symbols, &f.reader) != TW_OK)
        return -1;
    f.text = tw_text_over(f.buffer, sizeof f.buffer);
    *state = &f;
    return 0;
}

static inline int tear_down(void **state) {
    fixture *f = *state;
    tw_alpaca_reader_free(f->reader);
    tw_symbols_free(f->symbols);
    return 0;
}

static inline tw_symbol symbol(fixture *f, const char *name) {
    tw_symbol index = TW_SYMBOL_NONE;
    assert_int_equal(tw_symbols_intern(f->symbols, tw_slice_of(name), &index), TW_OK);
    return index;
}

static inline int64_t nano(const char *text) {
    int64_t value = 0;
    assert_int_equal(tw_decimal_parse(tw_slice_of(text), &value), TW_OK);
    return value;
}

static inline int64_t at(const char *text) {
    int64_t value = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &value), TW_OK);
    return value;
}

/* ---- what the decoders hand out ---- */

typedef struct seen {
    tw_trade trades[8];
    tw_quote quotes[8];
    tw_bar bars[8];
    tw_level levels[8];
    tw_alpaca_control controls[8];
    tw_alpaca_order orders[8];
    tw_alpaca_position positions[4];
    tw_alpaca_asset assets[4];
    unsigned trade_count, quote_count, bar_count, level_count, control_count, order_count;
    unsigned position_count, asset_count, other_count, bad_count;
    tw_status bad_status;
    char names[256];
} seen;

static inline void on_trade(void *context, const tw_trade *trade) {
    seen *s = context;
    s->trades[s->trade_count++ % 8] = *trade;
}
static inline void on_quote(void *context, const tw_quote *quote) {
    seen *s = context;
    s->quotes[s->quote_count++ % 8] = *quote;
}
static inline void on_bar(void *context, const tw_bar *bar) {
    seen *s = context;
    s->bars[s->bar_count++ % 8] = *bar;
}
static inline void on_level(void *context, const tw_level *level) {
    seen *s = context;
    s->levels[s->level_count++ % 8] = *level;
}
static inline void on_control(void *context, const tw_alpaca_control *control) {
    seen *s = context;
    s->controls[s->control_count++ % 8] = *control;
}
static inline void on_other(void *context, tw_slice kind) {
    (void)kind;
    ((seen *)context)->other_count++;
}
static inline void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)kind;
    ((seen *)context)->bad_count++;
    ((seen *)context)->bad_status = status;
}
static inline void on_order(void *context, const tw_alpaca_order *order) {
    seen *s = context;
    s->orders[s->order_count++ % 8] = *order;
}
static inline void on_position(void *context, const tw_alpaca_position *position) {
    seen *s = context;
    s->positions[s->position_count++ % 4] = *position;
}
static inline void on_asset(void *context, const tw_alpaca_asset *asset) {
    seen *s = context;
    s->assets[s->asset_count++ % 4] = *asset;
}

static inline tw_alpaca_events events_into(seen *s) {
    memset(s, 0, sizeof *s);
    tw_alpaca_events events = {0};
    events.context = s;
    events.on_trade = on_trade;
    events.on_quote = on_quote;
    events.on_bar = on_bar;
    events.on_level = on_level;
    events.on_control = on_control;
    events.on_other = on_other;
    events.on_bad = on_bad;
    return events;
}

static inline void assert_text(fixture *f, const char *expected) {
    assert_false(f->text.truncated);
    assert_string_equal(f->buffer, expected);
}

static inline tw_status stream(fixture *f, const char *json, seen *s) {
    tw_alpaca_events events = events_into(s);
    return tw_alpaca_decode_stream(f->reader, tw_slice_of(json), &events, NULL);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
