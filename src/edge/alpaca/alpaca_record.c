/*
 * alpaca_record.c - the machine behind alpaca_records.h: shapes of answers, and one object.
 *
 * An answer is an object, an array of objects, or a page: an object in which lists or maps stand
 * under names, beside a token and a few facts. Snapshots of one symbol are a page whose fields are
 * the record itself; so they are read into one record while the page is walked (`on_page_field`).
 *
 * Invariants
 * 1. A record is handed out after its whole object was read and all of its values were understood.
 * 2. A value of the wrong form does not end the walk, only the record (`bad`): what follows in a
 *    frame of the stream is read. Input that is no JSON ends the walk.
 * 3. What stands in a record or an answer lives until the reader's next input.
 */
#include "alpaca_record.h"

#include <string.h>

static const record_word *const words[TW_ALPACA_RECORD_KIND_COUNT] = {
    [TW_ALPACA_RECORD_CONFIGURATION] = &tw_word_configuration,
    [TW_ALPACA_RECORD_ACTIVITY] = &tw_word_activity,
    [TW_ALPACA_RECORD_CALENDAR_DAY] = &tw_word_calendar_day,
    [TW_ALPACA_RECORD_WATCHLIST] = &tw_word_watchlist,
    [TW_ALPACA_RECORD_ENTRY] = &tw_word_entry,
    [TW_ALPACA_RECORD_ANNOUNCEMENT] = &tw_word_announcement,
    [TW_ALPACA_RECORD_CORPORATE_ACTION] = &tw_word_corporate_action,
    [TW_ALPACA_RECORD_SNAPSHOT] = &tw_word_snapshot,
    [TW_ALPACA_RECORD_AUCTION_DAY] = &tw_word_auction_day,
    [TW_ALPACA_RECORD_ACTIVE] = &tw_word_active,
    [TW_ALPACA_RECORD_MOVER] = &tw_word_mover,
    [TW_ALPACA_RECORD_ARTICLE] = &tw_word_article,
    [TW_ALPACA_RECORD_TRADING_STATUS] = &tw_word_trading_status,
    [TW_ALPACA_RECORD_BAND] = &tw_word_band,
    [TW_ALPACA_RECORD_CORRECTION] = &tw_word_correction,
    [TW_ALPACA_RECORD_CANCEL_ERROR] = &tw_word_cancel_error,
    [TW_ALPACA_RECORD_IMBALANCE] = &tw_word_imbalance,
};

const record_word *tw_record_word_of(tw_alpaca_record_kind kind) {
    TW_ASSERT((unsigned)kind < TW_ALPACA_RECORD_KIND_COUNT);
    return words[kind];
}

/* ---- one object ---- */

static uint64_t *present_of(record_reading *r) {
    return (uint64_t *)(void *)((char *)&r->room + r->word->present);
}

static tw_status read_field(record_reading *r, tw_slice key, tw_json_value *value) {
    const word_table *table = &r->word->table;
    uint32_t row = tw_word_find(table, key, &r->hint);
    if (row == table->count || tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    word_form form = (word_form)table->fields[row].form;
    if (form == WORD_CUSTOM) {
        *present_of(r) |= TW_ALPACA_BIT(row);
        return r->word->read(r, row, value);
    }
    if (form == WORD_LIST)
        return tw_word_decode(table, row, value, &r->room, present_of(r));
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    status = tw_word_put(table, row, value, text, &r->room, present_of(r));
    if (r->bad == TW_OK)
        r->bad = status; /* invariant 2 */
    return TW_OK;
}

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    return read_field(context, key, value);
}

static void clear(record_reading *r) {
    memset(&r->room, 0, sizeof r->room);
    r->hint = 0;
    r->bad = TW_OK;
}

static tw_symbol find_symbol(const tw_alpaca_reader *reader, tw_slice name) {
    return reader->symbols != NULL && name.size > 0 ? tw_symbols_find(reader->symbols, name)
                                                    : TW_SYMBOL_NONE;
}

/* The symbol that the record names, else the one of its group. */
static tw_symbol symbol_of(const record_reading *r) {
    tw_slice name;
    if (r->word == NULL || r->word->symbol == RECORD_NO_ROW)
        return r->symbol;
    memcpy(&name, (const char *)&r->room + r->word->table.fields[r->word->symbol].offset,
           sizeof name);
    tw_symbol symbol = find_symbol(r->reader, name);
    return symbol != TW_SYMBOL_NONE ? symbol : r->symbol;
}

static tw_status read_object(record_reading *r, tw_alpaca_record_kind kind, tw_json_value *value) {
    clear(r);
    switch ((int)kind) {
    case TW_ALPACA_RECORD_ASSET:
        return tw_alpaca_read_asset(value, &r->room.asset);
    case TW_ALPACA_RECORD_TRADE:
        return tw_alpaca_read_trade(r->reader, value, r->symbol, &r->room.trade);
    case TW_ALPACA_RECORD_QUOTE:
        return tw_alpaca_read_quote(r->reader, value, r->symbol, &r->room.quote);
    case TW_ALPACA_RECORD_BAR:
        return tw_alpaca_read_bar(r->reader, value, r->symbol, 0, &r->room.bar);
    default:
        break;
    }
    TW_ASSERT(r->word != NULL); /* a code is no object */
    return tw_json_each_field(value, on_field, r);
}

/* Hands out what stands in the room. */
static void deliver(record_reading *r, tw_alpaca_record_kind kind, tw_slice group) {
    if (r->word != NULL && r->word->complete != NULL)
        r->word->complete(&r->room);
    tw_alpaca_record record = {kind, symbol_of(r), group, {.any = &r->room}};
    if (r->sink->on_record != NULL)
        r->sink->on_record(r->sink->context, &record);
}

/* ---- answers ---- */

typedef struct answer_reading {
    record_reading item;
    record_reading root; /* of a page that is a record itself */
    tw_alpaca_record_kind kind;
    tw_slice group;
    tw_alpaca_answer answer;
} answer_reading;

static tw_status on_object(void *context, tw_json_value *value) {
    answer_reading *a = context;
    a->item.symbol = find_symbol(a->item.reader, a->group);
    tw_status status = read_object(&a->item, a->kind, value);
    if (status == TW_OK)
        status = a->item.bad;
    if (status != TW_OK)
        return status;
    deliver(&a->item, a->kind, a->group);
    a->answer.record_count++;
    return TW_OK;
}

static tw_status give_code(answer_reading *a, tw_slice key, tw_json_value *value) {
    tw_alpaca_code code = {key, {NULL, 0}};
    tw_status status = tw_json_scalar(value, &code.meaning);
    if (status != TW_OK)
        return status;
    tw_alpaca_record record = {TW_ALPACA_RECORD_CODE, TW_SYMBOL_NONE, {NULL, 0}, {.code = &code}};
    if (a->item.sink->on_record != NULL)
        a->item.sink->on_record(a->item.sink->context, &record);
    a->answer.record_count++;
    return TW_OK;
}

static tw_status read_fact(tw_alpaca_answer *answer, tw_slice key, tw_json_value *value) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK || text.size == 0)
        return status;
    if (tw_slice_equal_string(key, "next_page_token"))
        answer->next_page_token = text;
    else if (tw_slice_equal_string(key, "symbol"))
        answer->symbol = text;
    else if (tw_slice_equal_string(key, "currency"))
        answer->currency = text;
    else if (tw_slice_equal_string(key, "market_type"))
        answer->market_type = text;
    else if (tw_slice_equal_string(key, "last_updated") &&
             tw_time_parse(text, &answer->last_updated_ns) != TW_OK)
        return tw_json_fail(value, TW_PARSE, "field \"last_updated\" is not a time of RFC 3339");
    return TW_OK;
}

/* A list or a map of records: what stands under a name of a page. */
static tw_status on_group(void *context, tw_slice key, tw_json_value *value) {
    answer_reading *a = context;
    a->group = key;
    if (tw_json_kind_of(value) == TW_JSON_ARRAY)
        return tw_json_each_item(value, on_object, a);
    return tw_json_kind_of(value) == TW_JSON_OBJECT ? on_object(a, value) : TW_OK;
}

/* {"symbol":"AAPL","trade":{...}}: the latest of one symbol. */
static bool is_single(tw_alpaca_record_kind kind, tw_slice key) {
    return (kind == TW_ALPACA_RECORD_TRADE && tw_slice_equal_string(key, "trade")) ||
           (kind == TW_ALPACA_RECORD_QUOTE && tw_slice_equal_string(key, "quote")) ||
           (kind == TW_ALPACA_RECORD_BAR && tw_slice_equal_string(key, "bar"));
}

static tw_status on_page_field(void *context, tw_slice key, tw_json_value *value) {
    answer_reading *a = context;
    tw_json_kind kind = tw_json_kind_of(value);
    if (a->kind == TW_ALPACA_RECORD_CODE)
        return kind == TW_JSON_STRING ? give_code(a, key, value) : TW_OK;
    if (a->kind == TW_ALPACA_RECORD_SNAPSHOT) {
        uint32_t hint = 0;
        if (tw_word_find(&a->root.word->table, key, &hint) < a->root.word->table.count)
            return read_field(&a->root, key, value);
        if (!tw_slice_equal_string(key, "snapshots"))
            return on_group(a, key, value);
    }
    if (kind == TW_JSON_ARRAY || is_single(a->kind, key))
        return on_group(a, key, value);
    if (kind == TW_JSON_OBJECT)
        return tw_json_each_field(value, on_group, a);
    return read_fact(&a->answer, key, value);
}

static bool is_page(tw_alpaca_record_kind kind) {
    switch ((int)kind) {
    case TW_ALPACA_RECORD_CORPORATE_ACTION:
    case TW_ALPACA_RECORD_SNAPSHOT:
    case TW_ALPACA_RECORD_AUCTION_DAY:
    case TW_ALPACA_RECORD_CODE:
    case TW_ALPACA_RECORD_ACTIVE:
    case TW_ALPACA_RECORD_MOVER:
    case TW_ALPACA_RECORD_ARTICLE:
        return true;
    default:
        return false;
    }
}

static tw_status read_page(answer_reading *a, tw_json_value *root) {
    clear(&a->root);
    tw_status status = tw_json_each_field(root, on_page_field, a);
    if (status == TW_OK && a->kind == TW_ALPACA_RECORD_SNAPSHOT && *present_of(&a->root) != 0) {
        status = a->root.bad;
        if (status == TW_OK) {
            deliver(&a->root, a->kind, (tw_slice){NULL, 0});
            a->answer.record_count++;
        }
    }
    return status;
}

static tw_status on_answer_root(void *context, tw_json_value *root) {
    answer_reading *a = context;
    if (a->kind == TW_ALPACA_RECORD_TRADE || a->kind == TW_ALPACA_RECORD_QUOTE ||
        a->kind == TW_ALPACA_RECORD_BAR) {
        tw_slice time;
        tw_status status = tw_json_peek(root, "t", &time);
        if (status != TW_OK)
            return status;
        if (time.size == 0 && tw_json_kind_of(root) == TW_JSON_OBJECT)
            return read_page(a, root);
    }
    if (tw_json_kind_of(root) == TW_JSON_ARRAY && a->kind != TW_ALPACA_RECORD_CODE)
        return tw_json_each_item(root, on_object, a);
    return is_page(a->kind) ? read_page(a, root) : on_object(a, root);
}

static void begin(record_reading *r, tw_alpaca_reader *reader, tw_alpaca_record_kind kind,
                  const tw_alpaca_record_sink *sink) {
    r->reader = reader;
    r->word = tw_record_word_of(kind);
    r->sink = sink;
    r->symbol = TW_SYMBOL_NONE;
}

tw_status tw_alpaca_decode_records(tw_alpaca_reader *reader, tw_alpaca_record_kind kind,
                                   tw_slice json, const tw_alpaca_record_sink *sink,
                                   tw_error *error) {
    answer_reading a;
    begin(&a.item, reader, kind, sink);
    begin(&a.root, reader, kind, sink);
    a.kind = kind;
    a.group = (tw_slice){NULL, 0};
    memset(&a.answer, 0, sizeof a.answer);
    tw_status status = tw_json_read(reader->json, json, on_answer_root, &a, error);
    if (status == TW_OK && sink->on_answer != NULL)
        sink->on_answer(sink->context, &a.answer);
    return status;
}

/* ---- messages of the stream ---- */

/* Most messages are none of these, which must be told quickly. */
tw_alpaca_record_kind tw_alpaca_message_kind(tw_slice type) {
    if (type.size != 1 || strchr("tqbud", type.data[0]) != NULL)
        return TW_ALPACA_RECORD_KIND_COUNT;
    for (int i = 0; i < TW_ALPACA_RECORD_KIND_COUNT; i++)
        if (words[i] != NULL && words[i]->type != NULL &&
            tw_slice_equal_string(type, words[i]->type))
            return (tw_alpaca_record_kind)i;
    return TW_ALPACA_RECORD_KIND_COUNT;
}

tw_status tw_alpaca_read_message(tw_alpaca_reader *reader, tw_json_value *value,
                                 tw_alpaca_record_kind kind, const tw_alpaca_record_sink *sink,
                                 tw_status *ret_bad) {
    record_reading r;
    begin(&r, reader, kind, sink);
    tw_status status = read_object(&r, kind, value);
    *ret_bad = r.bad;
    if (status == TW_OK && r.bad == TW_OK)
        deliver(&r, kind, (tw_slice){NULL, 0});
    return status;
}

/* ---- writing ---- */

static void encode_word(tw_text *text, const record_word *word, const void *record) {
    bool first = true;
    uint64_t present = 0;
    memcpy(&present, (const char *)record + word->present, sizeof present);
    tw_text_append_char(text, '{');
    if (word->type != NULL) {
        tw_word_key(text, "T", &first);
        tw_word_put_string(text, word->type);
    }
    for (uint32_t row = 0; row < word->table.count; row++) {
        if (word->table.fields[row].form != WORD_CUSTOM) {
            tw_word_encode(&word->table, row, record, present, text, &first);
        } else if ((present >> row & 1) != 0 && word->write != NULL) {
            tw_word_key(text, word->table.fields[row].name, &first);
            word->write(text, row, record);
        }
    }
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_record(tw_text *text, const tw_alpaca_record *record) {
    switch ((int)record->kind) {
    case TW_ALPACA_RECORD_ASSET:
        tw_alpaca_encode_asset(text, record->as.asset);
        return;
    case TW_ALPACA_RECORD_TRADE:
        tw_alpaca_encode_trade(text, record->as.trade);
        return;
    case TW_ALPACA_RECORD_QUOTE:
        tw_alpaca_encode_quote(text, record->as.quote);
        return;
    case TW_ALPACA_RECORD_BAR:
        tw_alpaca_encode_bar(text, record->as.bar);
        return;
    case TW_ALPACA_RECORD_CODE:
        tw_text_append_json(text, record->as.code->code);
        tw_text_append_char(text, ':');
        tw_text_append_json(text, record->as.code->meaning);
        return;
    default:
        encode_word(text, tw_record_word_of(record->kind), record->as.any);
    }
}
