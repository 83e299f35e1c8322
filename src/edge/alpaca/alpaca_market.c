/*
 * alpaca_market.c - one record of market data, and the frames of a stream.
 *
 * Frames of trades, quotes and bars are read by alpaca_flat.c. What that does not know, and what is
 * wrong, is read here, by visiting it. A record's keys are one or two letters and mean different
 * things in different records ("c" is the close of a bar, the conditions of a trade), and "T" need
 * not come first. So an object is gathered first: each known key's scalar as a slice, conditions
 * and book levels as what they are; then one function a kind makes the record of it.
 *
 * Invariants
 * 1. Slices in an `item` are borrowed from the JSON reader and used before its next read.
 * 2. A record is handed out only after its whole object was well-formed.
 * 3. Levels of a message wait in reader->levels (bounded), because "r", "t" and "S" may follow
 *    them; `level_count` may pass the bound, then the message is refused whole.
 * 4. Messages that alpaca_flat.c has handed out are read again for their form, and not handed out.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "alpaca_record.h"
#include "alpaca_word.h"
#include "tradewind/alpaca.h"

#define MINUTE_NS TW_NS_PER_MINUTE
#define SECOND_SIZE TW_ALPACA_SECOND_SIZE

typedef enum item_key {
    KEY_T,  /* kind */
    KEY_S,  /* symbol */
    KEY_t,  /* time */
    KEY_x,  /* exchange */
    KEY_p,  /* price */
    KEY_s,  /* size */
    KEY_i,  /* id */
    KEY_z,  /* tape */
    KEY_c,  /* close; the conditions when they are one string */
    KEY_o,  /* open */
    KEY_h,  /* high */
    KEY_l,  /* low */
    KEY_v,  /* volume */
    KEY_n,  /* count */
    KEY_vw, /* volume-weighted price */
    KEY_bx, /* bid: exchange, price, size */
    KEY_bp,
    KEY_bs,
    KEY_ax, /* ask */
    KEY_ap,
    KEY_as,
    KEY_r,   /* reset of a book */
    KEY_u,   /* a trade's mark */
    KEY_tks, /* taker's side */
    KEY_code,
    KEY_msg,
    KEY_COUNT
} item_key;

static const char *const key_names[KEY_COUNT] = {
    [KEY_T] = "T",     [KEY_S] = "S",   [KEY_t] = "t",   [KEY_x] = "x",     [KEY_p] = "p",
    [KEY_s] = "s",     [KEY_i] = "i",   [KEY_z] = "z",   [KEY_c] = "c",     [KEY_o] = "o",
    [KEY_h] = "h",     [KEY_l] = "l",   [KEY_v] = "v",   [KEY_n] = "n",     [KEY_vw] = "vw",
    [KEY_bx] = "bx",   [KEY_bp] = "bp", [KEY_bs] = "bs", [KEY_ax] = "ax",   [KEY_ap] = "ap",
    [KEY_as] = "as",   [KEY_r] = "r",   [KEY_u] = "u",   [KEY_tks] = "tks", [KEY_code] = "code",
    [KEY_msg] = "msg",
};

typedef struct market_item {
    tw_alpaca_reader *reader;
    tw_slice values[KEY_COUNT]; /* empty: not there, or null */
    char conditions[5];
    uint32_t condition_count;
    uint32_t level_count;
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT]; /* of a subscription */
    uint32_t count;                           /* while one list is counted */
    uint8_t level_side;                       /* while "b" or "a" is read */
    tw_json_value *place;                     /* the object, for errors */
} market_item;

/* ---- gathering ---- */

static item_key key_of_two(char first, char second) {
    switch (first) {
    case 'v':
        return second == 'w' ? KEY_vw : KEY_COUNT;
    case 'b':
        return second == 'x' ? KEY_bx : second == 'p' ? KEY_bp : second == 's' ? KEY_bs : KEY_COUNT;
    case 'a':
        return second == 'x' ? KEY_ax : second == 'p' ? KEY_ap : second == 's' ? KEY_as : KEY_COUNT;
    default:
        return KEY_COUNT;
    }
}

static item_key key_of_one(char c) {
    static const uint8_t keys[128] = {
        ['T'] = KEY_T + 1, ['S'] = KEY_S + 1, ['t'] = KEY_t + 1, ['x'] = KEY_x + 1,
        ['p'] = KEY_p + 1, ['s'] = KEY_s + 1, ['i'] = KEY_i + 1, ['z'] = KEY_z + 1,
        ['c'] = KEY_c + 1, ['o'] = KEY_o + 1, ['h'] = KEY_h + 1, ['l'] = KEY_l + 1,
        ['v'] = KEY_v + 1, ['n'] = KEY_n + 1, ['r'] = KEY_r + 1, ['u'] = KEY_u + 1,
    };
    unsigned char index = (unsigned char)c;
    return index < 128 && keys[index] != 0 ? (item_key)(keys[index] - 1) : KEY_COUNT;
}

static item_key key_of(tw_slice key) {
    if (key.size == 1)
        return key_of_one(key.data[0]);
    if (key.size == 2)
        return key_of_two(key.data[0], key.data[1]);
    if (tw_slice_equal_string(key, "tks"))
        return KEY_tks;
    if (tw_slice_equal_string(key, "msg"))
        return KEY_msg;
    return tw_slice_equal_string(key, "code") ? KEY_code : KEY_COUNT;
}

/* One condition code; of longer ones the first character is kept. */
static tw_status on_condition(void *context, tw_json_value *value) {
    market_item *item = context;
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (item->condition_count < sizeof item->conditions)
        item->conditions[item->condition_count++] = text.size > 0 ? text.data[0] : ' ';
    return TW_OK;
}

static tw_status on_level_field(void *context, tw_slice key, tw_json_value *value) {
    tw_level *level = context;
    int64_t *target = NULL;
    if (tw_slice_equal_string(key, "p"))
        target = &level->price.nano;
    else if (tw_slice_equal_string(key, "s"))
        target = &level->quantity.nano;
    if (target == NULL)
        return TW_OK;
    tw_status status = tw_word_decimal(value, "b or a", target);
    return status == TW_EMPTY ? TW_OK : status;
}

static tw_status on_level(void *context, tw_json_value *value) {
    market_item *item = context;
    uint32_t index = item->level_count++;
    if (index >= item->reader->level_count_max)
        return TW_OK;
    tw_level *level = &item->reader->levels[index];
    memset(level, 0, sizeof *level);
    level->side = item->level_side;
    return tw_json_each_field(value, on_level_field, level);
}

static tw_status on_counted(void *context, tw_json_value *value) {
    (void)value;
    ((market_item *)context)->count++;
    return TW_OK;
}

/* A list in a subscription; other arrays are left alone. */
static tw_status count_channel(market_item *item, tw_slice key, tw_json_value *value) {
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++) {
        if (!tw_slice_equal_string(key, tw_alpaca_channel_name((tw_alpaca_channel)(1u << i))))
            continue;
        item->count = 0;
        tw_status status = tw_json_each_item(value, on_counted, item);
        item->counts[i] = item->count;
        return status;
    }
    return TW_OK;
}

static tw_status on_item_array(market_item *item, tw_slice key, tw_json_value *value) {
    if (tw_slice_equal_string(key, "c"))
        return tw_json_each_item(value, on_condition, item);
    if (tw_slice_equal_string(key, "b")) {
        item->level_side = TW_SIDE_BUY;
        return tw_json_each_item(value, on_level, item);
    }
    if (tw_slice_equal_string(key, "a")) {
        item->level_side = TW_SIDE_SELL;
        return tw_json_each_item(value, on_level, item);
    }
    return count_channel(item, key, value);
}

static tw_status on_item_field(void *context, tw_slice key, tw_json_value *value) {
    market_item *item = context;
    tw_json_kind kind = tw_json_kind_of(value);
    if (kind == TW_JSON_ARRAY)
        return on_item_array(item, key, value);
    item_key index = key_of(key);
    if (index == KEY_COUNT || kind == TW_JSON_OBJECT)
        return TW_OK;
    return tw_json_scalar(value, &item->values[index]);
}

static tw_status gather(tw_alpaca_reader *reader, tw_json_value *value, market_item *item) {
    memset(item, 0, sizeof *item);
    item->reader = reader;
    item->place = value;
    return tw_json_each_field(value, on_item_field, item);
}

/* ---- values of an item ---- */

static tw_status fail(const market_item *item, item_key key, tw_status status, const char *what) {
    tw_status kept = status == TW_RANGE || status == TW_OVERFLOW ? TW_RANGE : TW_PARSE;
    return tw_json_fail(item->place, kept, "field \"%s\" is not %s", key_names[key], what);
}

static tw_status take_decimal(const market_item *item, item_key key, int64_t *ret_nano) {
    tw_slice text = item->values[key];
    if (text.size == 0)
        return TW_OK;
    tw_status status = tw_decimal_parse_rounded(text, ret_nano);
    return status == TW_OK ? TW_OK : fail(item, key, status, "a number that fits");
}

/* "2024-01-02T14:30:00.123456789Z" whose second was parsed a moment ago. */
static bool parse_near(const tw_alpaca_reader *reader, tw_slice text, int64_t *ret_time_ns) {
    size_t digits = text.size - SECOND_SIZE - 2; /* wraps where there is no room for ".", "Z" */
    if (text.size < SECOND_SIZE + 3 || digits > 9 || text.data[text.size - 1] != 'Z' ||
        text.data[SECOND_SIZE] != '.' || memcmp(text.data, reader->second, SECOND_SIZE) != 0)
        return false;
    int64_t fraction = 0;
    for (size_t i = 0; i < 9; i++) {
        int digit = i < digits ? text.data[SECOND_SIZE + 1 + i] - '0' : 0;
        if (digit < 0 || digit > 9)
            return false;
        fraction = 10 * fraction + digit;
    }
    *ret_time_ns = reader->second_ns + fraction;
    return true;
}

/* Messages of a frame, and records of a page of ticks, mostly share their second. */
static tw_status parse_time(tw_alpaca_reader *reader, tw_slice text, int64_t *ret_time_ns) {
    if (parse_near(reader, text, ret_time_ns))
        return TW_OK;
    tw_status status = tw_time_parse(text, ret_time_ns);
    if (status == TW_OK && text.size > SECOND_SIZE && text.data[10] == 'T' &&
        text.data[text.size - 1] == 'Z' && *ret_time_ns > 0) {
        memcpy(reader->second, text.data, SECOND_SIZE);
        reader->second_ns = *ret_time_ns - *ret_time_ns % TW_NS_PER_SECOND;
    }
    return status;
}

static tw_status take_time(const market_item *item, int64_t *ret_time_ns) {
    tw_slice text = item->values[KEY_t];
    if (text.size == 0)
        return TW_OK;
    tw_status status = parse_time(item->reader, text, ret_time_ns);
    return status == TW_OK ? TW_OK : fail(item, KEY_t, status, "a time of RFC 3339");
}

static tw_status take_unsigned(const market_item *item, item_key key, uint64_t *ret_value) {
    tw_slice text = item->values[key];
    if (text.size == 0)
        return TW_OK;
    tw_status status = tw_parse_u64(text, ret_value);
    return status == TW_OK ? TW_OK : fail(item, key, status, "an unsigned 64-bit integer");
}

static char take_code(const market_item *item, item_key key) {
    return item->values[key].size > 0 ? item->values[key].data[0] : '\0';
}

static void take_conditions(const market_item *item, char *conditions) {
    memcpy(conditions, item->conditions, sizeof item->conditions);
    tw_slice text = item->values[KEY_c];
    if (item->condition_count == 0)
        memcpy(conditions, text.data == NULL ? "" : text.data, text.size < 5 ? text.size : 5);
}

tw_status tw_alpaca_read_symbol(tw_alpaca_reader *reader, tw_json_value *place, tw_slice name,
                                tw_symbol *ret_symbol) {
    tw_status status = tw_symbols_intern(reader->symbols, name, ret_symbol);
    if (status == TW_OK)
        return TW_OK;
    return tw_json_fail(
        place, status, "symbol \"%.*s\" %s", (int)(name.size < 40 ? name.size : 40), name.data,
        status == TW_FULL ? "does not fit the table of symbols" : "is not a name of a symbol");
}

/* ---- records ---- */

uint8_t tw_alpaca_read_mark(tw_slice word) {
    for (int mark = TW_TRADE_CANCELED; mark <= TW_TRADE_INCORRECT; mark++)
        if (tw_slice_equal_string(word, tw_alpaca_trade_mark_name((tw_trade_mark)mark)))
            return (uint8_t)mark;
    return word.size > 0 ? TW_TRADE_MARKED : TW_TRADE_STANDS;
}

static tw_status make_trade(const market_item *item, tw_symbol symbol, tw_trade *trade) {
    memset(trade, 0, sizeof *trade);
    trade->symbol = symbol;
    trade->exchange = take_code(item, KEY_x);
    trade->tape = take_code(item, KEY_z);
    take_conditions(item, trade->conditions);
    trade->mark = tw_alpaca_read_mark(item->values[KEY_u]);
    char taker = take_code(item, KEY_tks);
    trade->side = taker == 'B' ? TW_SIDE_BUY : taker == 'S' ? TW_SIDE_SELL : TW_SIDE_NONE;
    tw_status status = take_time(item, &trade->time_ns);
    if (status == TW_OK)
        status = take_decimal(item, KEY_p, &trade->price.nano);
    if (status == TW_OK)
        status = take_decimal(item, KEY_s, &trade->quantity.nano);
    if (status == TW_OK)
        status = take_unsigned(item, KEY_i, &trade->id);
    return status;
}

static tw_status make_quote(const market_item *item, tw_symbol symbol, tw_quote *quote) {
    memset(quote, 0, sizeof *quote);
    quote->symbol = symbol;
    quote->bid_exchange = take_code(item, KEY_bx);
    quote->ask_exchange = take_code(item, KEY_ax);
    quote->tape = take_code(item, KEY_z);
    take_conditions(item, quote->conditions);
    tw_status status = take_time(item, &quote->time_ns);
    if (status == TW_OK)
        status = take_decimal(item, KEY_bp, &quote->bid_price.nano);
    if (status == TW_OK)
        status = take_decimal(item, KEY_bs, &quote->bid_size.nano);
    if (status == TW_OK)
        status = take_decimal(item, KEY_ap, &quote->ask_price.nano);
    if (status == TW_OK)
        status = take_decimal(item, KEY_as, &quote->ask_size.nano);
    return status;
}

static tw_status make_bar(const market_item *item, tw_symbol symbol, int64_t timeframe_ns,
                          tw_bar *bar) {
    memset(bar, 0, sizeof *bar);
    bar->symbol = symbol;
    bar->timeframe_ns = timeframe_ns;
    struct {
        item_key key;
        int64_t *target;
    } const prices[] = {
        {KEY_o, &bar->open.nano},  {KEY_h, &bar->high.nano},  {KEY_l, &bar->low.nano},
        {KEY_c, &bar->close.nano}, {KEY_vw, &bar->vwap.nano}, {KEY_v, &bar->volume.nano},
    };
    tw_status status = take_time(item, &bar->time_ns);
    for (size_t i = 0; i < sizeof prices / sizeof prices[0] && status == TW_OK; i++)
        status = take_decimal(item, prices[i].key, prices[i].target);
    if (status == TW_OK)
        status = take_unsigned(item, KEY_n, &bar->count);
    return status;
}

tw_status tw_alpaca_read_trade(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                               tw_trade *ret_trade) {
    market_item item;
    tw_status status = gather(reader, value, &item);
    return status == TW_OK ? make_trade(&item, symbol, ret_trade) : status;
}

tw_status tw_alpaca_read_quote(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                               tw_quote *ret_quote) {
    market_item item;
    tw_status status = gather(reader, value, &item);
    return status == TW_OK ? make_quote(&item, symbol, ret_quote) : status;
}

tw_status tw_alpaca_read_bar(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                             int64_t timeframe_ns, tw_bar *ret_bar) {
    market_item item;
    tw_status status = gather(reader, value, &item);
    return status == TW_OK ? make_bar(&item, symbol, timeframe_ns, ret_bar) : status;
}

/* Hands out the levels of one book message, bids before asks. */
static tw_status give_book(const market_item *item, tw_symbol symbol,
                           const tw_alpaca_events *events) {
    int64_t time_ns = 0;
    tw_status status = take_time(item, &time_ns);
    if (status != TW_OK)
        return status;
    if (item->level_count > item->reader->level_count_max)
        return tw_json_fail(item->place, TW_FULL, "the book has %u levels, at most %u are read",
                            item->level_count, item->reader->level_count_max);
    bool clear = tw_slice_equal_string(item->values[KEY_r], "true");
    uint32_t given = 0;
    for (int side = TW_SIDE_BUY; side <= TW_SIDE_SELL; side++) {
        for (uint32_t i = 0; i < item->level_count; i++) {
            tw_level *level = &item->reader->levels[i];
            if (level->side != side)
                continue;
            level->time_ns = time_ns;
            level->symbol = symbol;
            level->clear = clear && given == 0;
            level->last = ++given == item->level_count;
            if (events->on_level != NULL)
                events->on_level(events->context, level);
        }
    }
    return TW_OK;
}

static tw_status give_control(const market_item *item, tw_alpaca_control_kind kind,
                              const tw_alpaca_events *events) {
    tw_alpaca_control control;
    memset(&control, 0, sizeof control);
    control.kind = (uint8_t)kind;
    tw_slice message = item->values[KEY_msg];
    (void)tw_word_copy(message, control.message, sizeof control.message);
    memcpy(control.counts, item->counts, sizeof control.counts);
    if (kind == TW_ALPACA_CONTROL_SUCCESS && tw_slice_equal_string(message, "connected"))
        control.kind = TW_ALPACA_CONTROL_CONNECTED;
    if (kind == TW_ALPACA_CONTROL_SUCCESS && tw_slice_equal_string(message, "authenticated"))
        control.kind = TW_ALPACA_CONTROL_AUTHENTICATED;
    if (item->values[KEY_code].size > 0 &&
        tw_parse_i64(item->values[KEY_code], &control.code) != TW_OK)
        return fail(item, KEY_code, TW_PARSE, "an integer");
    if (events->on_control != NULL)
        events->on_control(events->context, &control);
    return TW_OK;
}

/* ---- stream frames ---- */

typedef struct stream_context {
    tw_alpaca_reader *reader;
    const tw_alpaca_events *events;
    uint64_t given; /* messages at the beginning that were handed out before */
} stream_context;

static tw_status give_bar(const market_item *item, tw_symbol symbol, char kind,
                          const tw_alpaca_events *events) {
    tw_bar bar;
    tw_status status =
        make_bar(item, symbol, kind == TW_ALPACA_BAR_DAILY ? TW_NS_PER_DAY : MINUTE_NS, &bar);
    if (status != TW_OK)
        return status;
    bar.revision = kind == TW_ALPACA_BAR_UPDATED ? 1 : 0;
    if (events->on_bar != NULL)
        events->on_bar(events->context, &bar);
    return TW_OK;
}

/* A message whose kind is one letter and has a record. */
static tw_status give_record(const market_item *item, char kind, const tw_alpaca_events *events) {
    tw_symbol symbol = TW_SYMBOL_NONE;
    tw_trade trade;
    tw_quote quote;
    tw_status status =
        tw_alpaca_read_symbol(item->reader, item->place, item->values[KEY_S], &symbol);
    if (status != TW_OK)
        return status;
    switch (kind) {
    case 't':
        status = make_trade(item, symbol, &trade);
        if (status == TW_OK && events->on_trade != NULL)
            events->on_trade(events->context, &trade);
        return status;
    case 'q':
        status = make_quote(item, symbol, &quote);
        if (status == TW_OK && events->on_quote != NULL)
            events->on_quote(events->context, &quote);
        return status;
    case 'o':
        return give_book(item, symbol, events);
    default:
        return give_bar(item, symbol, kind, events);
    }
}

static tw_status give_message(const market_item *item, const tw_alpaca_events *events) {
    tw_slice kind = item->values[KEY_T];
    static const char records[] = {'t', 'q', 'b', 'o', 'u', 'd'};
    if (kind.size == 1 && memchr(records, kind.data[0], sizeof records) != NULL)
        return give_record(item, kind.data[0], events);
    if (tw_slice_equal_string(kind, "success"))
        return give_control(item, TW_ALPACA_CONTROL_SUCCESS, events);
    if (tw_slice_equal_string(kind, "error"))
        return give_control(item, TW_ALPACA_CONTROL_ERROR, events);
    if (tw_slice_equal_string(kind, "subscription"))
        return give_control(item, TW_ALPACA_CONTROL_SUBSCRIPTION, events);
    if (events->on_other != NULL)
        events->on_other(events->context, kind);
    return TW_OK;
}

/* A message that is one of the words of alpaca_records.h. */
static tw_status on_word(const stream_context *c, tw_json_value *value, tw_slice type,
                         tw_alpaca_record_kind kind) {
    tw_alpaca_record_sink sink = {c->events->context, c->events->on_record, NULL};
    tw_status bad = TW_OK;
    tw_status status = tw_alpaca_read_message(c->reader, value, kind, &sink, &bad);
    if (status != TW_OK || bad == TW_OK)
        return status;
    if (c->events->on_bad == NULL)
        return bad;
    c->events->on_bad(c->events->context, bad, type);
    return TW_OK;
}

static tw_status on_message(void *context, tw_json_value *value) {
    stream_context *c = context;
    market_item item;
    tw_slice type;
    tw_status status = tw_json_peek(value, "T", &type);
    if (status != TW_OK)
        return status;
    tw_alpaca_record_kind kind = tw_alpaca_message_kind(type);
    if (kind != TW_ALPACA_RECORD_KIND_COUNT && c->events->on_record != NULL)
        return on_word(c, value, type, kind);
    status = gather(c->reader, value, &item);
    if (status != TW_OK)
        return status;
    if (c->given > 0) {
        c->given--;
        return TW_OK;
    }
    status = give_message(&item, c->events);
    if (status != TW_OK && c->events->on_bad != NULL) {
        c->events->on_bad(c->events->context, status, item.values[KEY_T]);
        return TW_OK;
    }
    return status;
}

static tw_status on_frame(void *context, tw_json_value *root) {
    if (tw_json_kind_of(root) == TW_JSON_ARRAY)
        return tw_json_each_item(root, on_message, context);
    return on_message(context, root);
}

tw_status tw_alpaca_decode_stream(tw_alpaca_reader *reader, tw_slice json,
                                  const tw_alpaca_events *events, tw_error *error) {
    TW_ASSERT(reader->symbols != NULL);
    flat_reading flat = {reader->symbols, &reader->flat, events, 0, 0};
    const char *text = reader->visits_only ? NULL : tw_json_padded(reader->json, json);
    if (text != NULL) {
        const char *end = tw_flat_frame(&flat, text);
        if (end != NULL && flat_json_blank(end) == text + json.size)
            return TW_OK;
        json.data = text;
    }
    stream_context c = {reader, events, flat.given};
    return tw_json_read(reader->json, json, on_frame, &c, error);
}

tw_status tw_alpaca_decode_stream_msgpack(tw_alpaca_reader *reader, tw_slice input,
                                          const tw_alpaca_events *events, tw_error *error) {
    TW_ASSERT(reader->symbols != NULL && reader->msgpack != NULL);
    flat_reading flat = {reader->symbols, &reader->flat, events, 0, 0};
    if (!reader->visits_only && input.size <= reader->size_max &&
        tw_flat_frame_packed(&flat, input))
        return TW_OK;
    stream_context c = {reader, events, flat.given};
    return tw_msgpack_read(reader->msgpack, input, on_frame, &c, error);
}
