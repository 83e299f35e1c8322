/*
 * alpaca_page.c - bodies of market data: histories and latest values, of one symbol or many.
 *
 * What stands around the records is read twice over in form: plainly for alpaca_flat.c, which
 * reads nearly every page, and by visiting for the others and to say what is wrong.
 *
 * Invariants
 * 1. Records that alpaca_flat.c has handed out are read again by the visitor for their form, and
 *    not handed out again: their number is `given`.
 */
#include <string.h>

#include "alpaca_flat.h"
#include "alpaca_reader.h"
#include "alpaca_word.h"
#include "tradewind/alpaca.h"
#include "tradewind/alpaca_records.h"

typedef struct page_context {
    tw_alpaca_reader *reader;
    const tw_alpaca_page_options *options;
    const tw_alpaca_events *events;
    uint64_t given;
    flat_kind kind; /* of the list that is read; FLAT_KIND_COUNT: none */
    tw_symbol symbol;
    char token[TW_ALPACA_TOKEN_SIZE];
    tw_alpaca_answer answer;
} page_context;

static page_context begin(tw_alpaca_reader *reader, const tw_alpaca_page_options *options,
                          const tw_alpaca_events *events) {
    page_context c;
    memset(&c, 0, sizeof c);
    c.reader = reader;
    c.options = options;
    c.events = events;
    return c;
}

static flat_kind kind_of(tw_slice key) {
    static const struct {
        const char *name;
        flat_kind kind;
    } names[] = {
        {"bars", FLAT_BARS},    {"bar", FLAT_BARS},      {"trades", FLAT_TRADES},
        {"trade", FLAT_TRADES}, {"quotes", FLAT_QUOTES}, {"quote", FLAT_QUOTES},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (tw_slice_equal_string(key, names[i].name))
            return names[i].kind;
    return FLAT_KIND_COUNT;
}

/* "bar" and not "bars": one record, not many by symbol. */
static bool is_single(tw_slice key) {
    return key.data[key.size - 1] != 's';
}

static bool keep_token(page_context *c, tw_slice token) {
    c->answer.next_page_token = token;
    return tw_word_copy(token, c->token, sizeof c->token);
}

/* Where the text of a field that is beside the records is kept; NULL: nowhere. */
static tw_slice *answer_field(page_context *c, tw_slice key) {
    if (tw_slice_equal_string(key, "symbol"))
        return &c->answer.symbol;
    return tw_slice_equal_string(key, "currency") ? &c->answer.currency : NULL;
}

/* ---- by visiting ---- */

static tw_status on_item(void *context, tw_json_value *value) {
    page_context *c = context;
    const tw_alpaca_events *events = c->events;
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    tw_status status = TW_OK;
    bool wanted = c->answer.record_count++ >= c->given;
    switch (c->kind) {
    case FLAT_TRADES:
        status = tw_alpaca_read_trade(c->reader, value, c->symbol, &trade);
        if (status == TW_OK && wanted && events->on_trade != NULL)
            events->on_trade(events->context, &trade);
        break;
    case FLAT_QUOTES:
        status = tw_alpaca_read_quote(c->reader, value, c->symbol, &quote);
        if (status == TW_OK && wanted && events->on_quote != NULL)
            events->on_quote(events->context, &quote);
        break;
    case FLAT_BARS:
        status = tw_alpaca_read_bar(c->reader, value, c->symbol, c->options->timeframe_ns, &bar);
        if (status == TW_OK && wanted && events->on_bar != NULL)
            events->on_bar(events->context, &bar);
        break;
    case FLAT_KIND_COUNT:
        TW_ASSERT(c->kind != FLAT_KIND_COUNT); /* on_field comes here with a kind only */
    }
    return status;
}

/* "AAPL":[...] of a history, "AAPL":{...} of the latest values. */
static tw_status on_symbol(void *context, tw_slice key, tw_json_value *value) {
    page_context *c = context;
    tw_json_kind kind = tw_json_kind_of(value);
    if (kind != TW_JSON_ARRAY && kind != TW_JSON_OBJECT)
        return TW_OK;
    tw_status status = tw_alpaca_read_symbol(c->reader, value, key, &c->symbol);
    if (status != TW_OK)
        return status;
    return kind == TW_JSON_ARRAY ? tw_json_each_item(value, on_item, c) : on_item(c, value);
}

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    page_context *c = context;
    tw_json_kind kind = tw_json_kind_of(value);
    if (tw_slice_equal_string(key, "next_page_token")) {
        tw_slice token;
        tw_status status = tw_json_scalar(value, &token);
        if (status == TW_OK && !keep_token(c, token))
            status = tw_json_fail(value, TW_RANGE, "the page token is longer than %zu bytes",
                                  sizeof c->token - 1);
        return status;
    }
    c->kind = kind_of(key);
    if (c->kind == FLAT_KIND_COUNT) {
        tw_slice *target = kind == TW_JSON_STRING ? answer_field(c, key) : NULL;
        return target != NULL ? tw_json_scalar(value, target) : TW_OK;
    }
    c->symbol = c->options->symbol;
    if (kind == TW_JSON_ARRAY)
        return tw_json_each_item(value, on_item, c);
    if (kind != TW_JSON_OBJECT)
        return TW_OK;
    return is_single(key) ? on_item(c, value) : tw_json_each_field(value, on_symbol, c);
}

static tw_status on_page(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_field, context);
}

/* ---- plainly ---- */

typedef const char *(*read_field)(page_context *c, flat_reading *flat, tw_slice key,
                                  const char *at);

static const char *each_field(page_context *c, flat_reading *flat, read_field read,
                              const char *at) {
    if (*at != '{')
        return NULL;
    at = flat_json_blank(at + 1);
    if (*at == '}')
        return at + 1;
    for (;;) {
        tw_slice key;
        at = flat_json_string(at, &key);
        if (at == NULL)
            return NULL;
        at = flat_json_blank(at);
        if (*at != ':')
            return NULL;
        at = read(c, flat, key, flat_json_blank(at + 1));
        if (at == NULL)
            return NULL;
        at = flat_json_blank(at);
        if (*at == '}')
            return at + 1;
        if (*at != ',')
            return NULL;
        at = flat_json_blank(at + 1);
    }
}

static const char *read_symbol(page_context *c, flat_reading *flat, tw_slice key, const char *at) {
    if (*at != '[' && *at != '{')
        return flat_json_pass(at);
    if (!tw_flat_symbol(flat, key, &c->symbol))
        return NULL;
    return *at == '[' ? tw_flat_records(flat, c->kind, c->symbol, at)
                      : tw_flat_record(flat, c->kind, c->symbol, at);
}

static const char *read_token(page_context *c, const char *at) {
    tw_slice token = {NULL, 0};
    at = *at == 'n' ? flat_json_pass(at) : flat_json_string(at, &token);
    return at != NULL && keep_token(c, token) ? at : NULL;
}

static const char *read_page_field(page_context *c, flat_reading *flat, tw_slice key,
                                   const char *at) {
    if (tw_slice_equal_string(key, "next_page_token"))
        return read_token(c, at);
    c->kind = kind_of(key);
    if (c->kind == FLAT_KIND_COUNT) {
        tw_slice *target = *at == '"' ? answer_field(c, key) : NULL;
        return target != NULL ? flat_json_string(at, target) : flat_json_pass(at);
    }
    c->symbol = c->options->symbol;
    if (*at == '[')
        return tw_flat_records(flat, c->kind, c->symbol, at);
    if (*at != '{')
        return flat_json_pass(at);
    return is_single(key) ? tw_flat_record(flat, c->kind, c->symbol, at)
                          : each_field(c, flat, read_symbol, at);
}

/* True if the whole page was read. */
static bool read_plainly(page_context *c, flat_reading *flat, const char *text, size_t size) {
    const char *end = each_field(c, flat, read_page_field, flat_json_blank(text));
    c->answer.record_count = flat->given;
    return end != NULL && flat_json_blank(end) == text + size;
}

tw_status tw_alpaca_decode_page(tw_alpaca_reader *reader, tw_slice json,
                                const tw_alpaca_page_options *options,
                                const tw_alpaca_events *events, char *ret_token, tw_error *error) {
    TW_ASSERT(reader->symbols != NULL);
    page_context c = begin(reader, options, events);
    flat_reading flat = {reader->symbols, &reader->flat, events, options->timeframe_ns, 0};
    const char *text = reader->visits_only ? NULL : tw_json_padded(reader->json, json);
    if (text != NULL)
        json.data = text;
    tw_status status = TW_OK;
    if (text == NULL || !read_plainly(&c, &flat, text, json.size)) {
        c = begin(reader, options, events);
        c.given = flat.given;
        status = tw_json_read(reader->json, json, on_page, &c, error);
    }
    if (status == TW_OK && events->on_answer != NULL)
        events->on_answer(events->context, &c.answer);
    if (status == TW_OK && ret_token != NULL)
        memcpy(ret_token, c.token, sizeof c.token);
    return status;
}
