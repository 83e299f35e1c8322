/*
 * tape_binance.c - Binance: depth, trades and best quotes of its streams, and snapshots from REST.
 *
 * The format (developers.binance.com, "Web Socket Streams", "How to manage a local order book
 * correctly"): {"stream":NAME,"data":EVENT} or an event alone. Of an event the key "e" names the
 * kind, but that of spot's bookTicker has none, and neither has spot's depth of 5, 10 or 20 levels,
 * which looks like the answer of REST:
 *
 *     depthUpdate   U and u, first and last number of the changes; pu, the u before (futures); b, a
 *     trade         p, q, t (number), T (time), m (the buyer was in the book, so a seller came)
 *     bookTicker    u, b and B (bid and its size), a and A; T and E only on futures
 *     (snapshot)    lastUpdateId, bids, asks; T and E only on futures
 *
 * The same key means other things in other events ("b" is an array or a price), so an event is
 * gathered first, each known key's scalar as text and each array of levels as levels, and then one
 * function a kind makes the message of it.
 */
#include "tape_depth.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

typedef enum line_key {
    KEY_STREAM,
    KEY_DATA,
    KEY_e, /* kind */
    KEY_E, /* time of the event, ms */
    KEY_T, /* time of the trade or of the matching, ms */
    KEY_s, /* symbol */
    KEY_U, /* first number */
    KEY_u, /* last number */
    KEY_pu,
    KEY_b, /* bids, or the best one */
    KEY_B, /* its size */
    KEY_a,
    KEY_A,
    KEY_t, /* number of a trade */
    KEY_p,
    KEY_q,
    KEY_m,
    KEY_LAST_UPDATE_ID,
    KEY_BIDS,
    KEY_ASKS,
    KEY_RESULT, /* of answers to requests */
    KEY_ERROR,
    KEY_CODE,
    KEY_COUNT
} line_key;

static const char *const key_names[KEY_COUNT] = {
    "stream", "data", "e",      "E",     "T",    "s", "U", "u", "pu",
    "b",      "B",    "a",      "A",     "t",    "p", "q", "m", "lastUpdateId",
    "bids",   "asks", "result", "error", "code",
};

typedef struct binance_line {
    tape_depth *depth;
    tw_slice values[KEY_COUNT]; /* of scalars; empty when null or not there */
    uint32_t keys;              /* bits by line_key: seen */
    uint32_t lists;             /* seen, and read as levels */
    tw_side side;               /* of the levels that are visited */
} binance_line;

_Static_assert(KEY_COUNT <= 32, "a bit for every key");

static bool has(const binance_line *line, line_key key) {
    return (line->keys >> key & 1) != 0;
}

static bool has_list(const binance_line *line, line_key key) {
    return (line->lists >> key & 1) != 0;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static line_key key_of(tw_slice key) {
    static const uint8_t letters[128] = {
        ['e'] = KEY_e, ['E'] = KEY_E, ['T'] = KEY_T, ['s'] = KEY_s, ['U'] = KEY_U,
        ['u'] = KEY_u, ['b'] = KEY_b, ['B'] = KEY_B, ['a'] = KEY_a, ['A'] = KEY_A,
        ['t'] = KEY_t, ['p'] = KEY_p, ['q'] = KEY_q, ['m'] = KEY_m,
    };
    if (key.size == 1) {
        unsigned char letter = (unsigned char)key.data[0];
        return letter < 128 && letters[letter] != 0 ? (line_key)letters[letter] : KEY_COUNT;
    }
    for (line_key i = KEY_STREAM; i < KEY_COUNT; i++) {
        if (tw_slice_equal_string(key, key_names[i]))
            return i;
    }
    return KEY_COUNT;
}

static tw_status on_level(void *context, tw_json_value *value) {
    binance_line *line = context;
    return depth_read_level(line->depth, value, line->side, false);
}

static tw_status on_field(void *context, tw_slice name, tw_json_value *value) {
    binance_line *line = context;
    line_key key = key_of(name);
    if (key == KEY_COUNT)
        return TW_OK;
    if (has(line, key))
        return tw_json_fail(value, TW_PARSE, "the key \"%s\" comes twice in a message",
                            key_names[key]);
    line->keys |= UINT32_C(1) << key;
    tw_json_kind kind = tw_json_kind_of(value);
    bool bids = key == KEY_b || key == KEY_BIDS;
    if (kind == TW_JSON_ARRAY && (bids || key == KEY_a || key == KEY_ASKS)) {
        line->side = bids ? TW_SIDE_BUY : TW_SIDE_SELL;
        line->lists |= UINT32_C(1) << key;
        return tw_json_each_item(value, on_level, line);
    }
    if (kind == TW_JSON_OBJECT && key == KEY_DATA)
        return tw_json_each_field(value, on_field, line);
    if (kind == TW_JSON_OBJECT || kind == TW_JSON_ARRAY)
        return TW_OK;
    return tw_json_scalar(value, &line->values[key]);
}

static tw_status on_root(void *context, tw_json_value *value) {
    return tw_json_each_field(value, on_field, context);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A number that must be there, of `least` and more. */
static tw_status take_number(const binance_line *line, line_key key, uint64_t least,
                             uint64_t *ret_number, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice text = line->values[key];
    if (text.size == 0)
        return DEPTH_BAD(error, TW_PARSE, "the number \"%s\" is missing", key_names[key]);
    tw_status status = tw_parse_u64(text, ret_number);
    if (status == TW_OK && *ret_number < least)
        status = TW_RANGE;
    if (status != TW_OK)
        return DEPTH_BAD(error, status, "expected digits of %llu and more as \"%s\", found \"%s\"",
                         (unsigned long long)least, key_names[key], tape_shown(text, shown));
    return TW_OK;
}

/* Milliseconds since 1970, or `otherwise`. */
static tw_status take_time(const binance_line *line, line_key key, int64_t otherwise_ns,
                           int64_t *ret_time_ns, tw_error *error) {
    *ret_time_ns = otherwise_ns;
    if (line->values[key].size == 0)
        return TW_OK;
    uint64_t milliseconds = 0;
    tw_status status = take_number(line, key, 0, &milliseconds, error);
    if (status != TW_OK)
        return status;
    if (milliseconds > INT64_MAX / TW_NS_PER_MS)
        return DEPTH_BAD(error, TW_RANGE, "the time \"%s\" is beyond the year 2262",
                         key_names[key]);
    *ret_time_ns = (int64_t)milliseconds * TW_NS_PER_MS;
    return TW_OK;
}

/* A price or size that must be there. */
static tw_status take_decimal(const binance_line *line, line_key key, int64_t least_nano,
                              int64_t *ret_nano, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice text = line->values[key];
    if (text.size == 0)
        return DEPTH_BAD(error, TW_PARSE, "the price or size \"%s\" is missing", key_names[key]);
    tw_status status = tw_decimal_parse(text, ret_nano);
    if (status == TW_OK && (*ret_nano < least_nano || text.data[0] == '-'))
        status = TW_RANGE;
    if (status != TW_OK)
        return DEPTH_BAD(error, status,
                         "expected a number %s and below 9223372036.854775807 with at most nine "
                         "decimals as \"%s\", found \"%s\"",
                         least_nano > 0 ? "above zero" : "not negative", key_names[key],
                         tape_shown(text, shown));
    return TW_OK;
}

/* "btcusdt@depth@100ms" -> BTCUSDT. */
static tw_slice symbol_of_stream(const binance_line *line, char buffer[TW_SYMBOL_NAME_SIZE]) {
    tw_slice rest = line->values[KEY_STREAM];
    tw_slice name = tw_slice_split(&rest, '@');
    if (rest.data == NULL || name.size >= TW_SYMBOL_NAME_SIZE)
        return (tw_slice){NULL, 0};
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        buffer[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return (tw_slice){buffer, name.size};
}

/* Of what REST answers: the symbol that all before are of, or the only one that there is. */
static tw_status guess_symbol(tw_tape *tape, tw_symbol *ret_symbol, tw_error *error) {
    const tape_depth *depth = tape->depth;
    bool one_in_table = tw_symbols_count(tape->symbols) == 1;
    if (depth->several_symbols || (depth->only_symbol == TW_SYMBOL_NONE && !one_in_table))
        return DEPTH_BAD(error, TW_PARSE, "the snapshot names no symbol, and it cannot be told: %s",
                         depth->several_symbols ? "the lines before are of several"
                                                : "no line before it names one");
    *ret_symbol = depth->only_symbol == TW_SYMBOL_NONE ? 0 : depth->only_symbol;
    return TW_OK;
}

static tw_status take_symbol(tw_tape *tape, const binance_line *line, tw_symbol *ret_symbol,
                             tw_error *error) {
    char buffer[TW_SYMBOL_NAME_SIZE];
    tw_slice name = line->values[KEY_s];
    if (name.size == 0)
        name = symbol_of_stream(line, buffer);
    if (name.size == 0 && has(line, KEY_LAST_UPDATE_ID))
        return guess_symbol(tape, ret_symbol, error);
    return depth_find_symbol(tape, name, ret_symbol, error);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* "btcusdt@depth20@100ms" -> 20; of the stream of changes, "btcusdt@depth", 0. */
static uint32_t levels_of_stream(const binance_line *line) {
    tw_slice rest = line->values[KEY_STREAM];
    (void)tw_slice_split(&rest, '@');
    tw_slice kind = rest.data == NULL ? rest : tw_slice_split(&rest, '@');
    static const char word[] = "depth";
    uint64_t levels = 0;
    if (kind.data == NULL || !tw_slice_starts_with(kind, word))
        return 0;
    tw_slice digits = {kind.data + sizeof word - 1, kind.size - (sizeof word - 1)};
    return tw_parse_u64(digits, &levels) == TW_OK && levels <= UINT32_MAX ? (uint32_t)levels : 0;
}

static tw_status make_depth(tw_tape *tape, const binance_line *line, tw_tape_message *message,
                            tw_error *error) {
    bool answer = has(line, KEY_LAST_UPDATE_ID);
    tw_depth_update *update = &message->depth;
    int64_t time_ns = 0;
    tw_symbol symbol = 0;
    if (!has_list(line, answer ? KEY_BIDS : KEY_b) || !has_list(line, answer ? KEY_ASKS : KEY_a))
        return DEPTH_BAD(error, TW_PARSE, "the levels \"%s\" or \"%s\" are missing",
                         key_names[answer ? KEY_BIDS : KEY_b],
                         key_names[answer ? KEY_ASKS : KEY_a]);
    update->depth_max = levels_of_stream(line);
    update->snapshot = answer || update->depth_max > 0;
    tw_status status =
        take_number(line, answer ? KEY_LAST_UPDATE_ID : KEY_u, 1, &update->last_id, error);
    if (status == TW_OK && !answer)
        status = take_number(line, KEY_U, 1, &update->first_id, error);
    if (status == TW_OK && line->values[KEY_pu].size > 0)
        status = take_number(line, KEY_pu, 1, &update->previous_id, error);
    if (status == TW_OK && update->first_id > update->last_id)
        status = DEPTH_BAD(error, TW_RANGE, "the first number \"U\" is above the last, \"u\"");
    if (status == TW_OK)
        status = take_time(line, KEY_E, message->time_ns, &time_ns, error);
    if (status == TW_OK)
        status = take_symbol(tape, line, &symbol, error);
    if (status != TW_OK)
        return status;
    depth_finish(tape->depth, symbol, time_ns, message);
    return TW_OK;
}

static tw_status make_trade(tw_tape *tape, const binance_line *line, tw_tape_message *message,
                            tw_error *error) {
    tw_trade trade = {0};
    tw_slice maker = line->values[KEY_m];
    bool sold = tw_slice_equal_string(maker, "true");
    if (!sold && !tw_slice_equal_string(maker, "false"))
        return DEPTH_BAD(error, TW_PARSE, "a trade needs \"m\", true or false");
    trade.side = sold ? TW_SIDE_SELL : TW_SIDE_BUY;
    tw_status status = take_decimal(line, KEY_p, 1, &trade.price.nano, error);
    if (status == TW_OK)
        status = take_decimal(line, KEY_q, 1, &trade.quantity.nano, error);
    if (status == TW_OK)
        status = take_number(line, KEY_t, 0, &trade.id, error);
    if (status == TW_OK)
        status = take_time(line, has(line, KEY_T) ? KEY_T : KEY_E, message->time_ns, &trade.time_ns,
                           error);
    if (status == TW_OK)
        status = take_symbol(tape, line, &trade.symbol, error);
    if (status != TW_OK)
        return status;
    message->trade = trade;
    message->kind = TW_TAPE_MESSAGE_TRADE;
    return TW_OK;
}

static tw_status make_quote(tw_tape *tape, const binance_line *line, tw_tape_message *message,
                            tw_error *error) {
    tw_quote quote = {0};
    tw_status status = take_decimal(line, KEY_b, 0, &quote.bid_price.nano, error);
    if (status == TW_OK)
        status = take_decimal(line, KEY_B, 0, &quote.bid_size.nano, error);
    if (status == TW_OK)
        status = take_decimal(line, KEY_a, 0, &quote.ask_price.nano, error);
    if (status == TW_OK)
        status = take_decimal(line, KEY_A, 0, &quote.ask_size.nano, error);
    if (status == TW_OK)
        status = take_number(line, KEY_u, 0, &message->update_id, error);
    if (status == TW_OK)
        status = take_time(line, has(line, KEY_T) ? KEY_T : KEY_E, message->time_ns, &quote.time_ns,
                           error);
    if (status == TW_OK)
        status = take_symbol(tape, line, &quote.symbol, error);
    if (status != TW_OK)
        return status;
    message->quote = quote;
    message->kind = TW_TAPE_MESSAGE_QUOTE;
    return TW_OK;
}

static bool is_quote(const binance_line *line) {
    if (has(line, KEY_e))
        return tw_slice_equal_string(line->values[KEY_e], "bookTicker");
    return has(line, KEY_u) && has(line, KEY_B) && has(line, KEY_A);
}

tw_status binance_read(tw_tape *tape, tw_slice document, tw_tape_message *message,
                       tw_error *error) {
    binance_line line = {.depth = tape->depth};
    tw_status status = tw_json_read(tape->depth->json, document, on_root, &line, error);
    if (status != TW_OK)
        return status;
    tw_slice kind = line.values[KEY_e];
    if (has(&line, KEY_LAST_UPDATE_ID) || tw_slice_equal_string(kind, "depthUpdate"))
        return make_depth(tape, &line, message, error);
    if (tw_slice_equal_string(kind, "trade"))
        return make_trade(tape, &line, message, error);
    if (is_quote(&line))
        return make_quote(tape, &line, message, error);
    if (kind.size > 0 || has(&line, KEY_STREAM) || has(&line, KEY_RESULT) ||
        has(&line, KEY_ERROR) || has(&line, KEY_CODE))
        return TW_OK;
    return DEPTH_BAD(error, TW_PARSE,
                     "expected \"stream\" and \"data\", an event \"e\", or \"lastUpdateId\" with "
                     "\"bids\" and \"asks\"");
}
