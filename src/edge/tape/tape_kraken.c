/*
 * tape_kraken.c - Kraken's WebSocket, version 1: the channel book.
 *
 * The format (docs.kraken.com, "WebSocket v1", "Book checksum"): a message of a channel is an array
 * [number, payload, ..., channel, pair]. Of a book a payload is an object: {"as":[...],"bs":[...]}
 * is a snapshot, {"a":[...],"c":"..."} and {"b":[...],"c":"..."} are changes; when both sides
 * change there are two objects, and the last one has the checksum. A level is [price, volume, time]
 * with "r" behind it when it is told again because it came back into the depth. What the connection
 * says of itself is an object with the key "event".
 *
 * Other channels have objects with the same keys and another content, and which channel it is
 * stands at the end. So a payload that cannot be read is judged by that: the document is visited
 * once more for the name alone, and what is no book is passed over.
 */
#include "tape_depth.h"

#define CHANNEL "book"
#define DEPTH_DEFAULT 10 /* of the channel "book" without a number */

enum { KEY_ASKS = 1, KEY_BIDS = 2, KEY_ASK_CHANGES = 4, KEY_BID_CHANGES = 8, KEY_CHECKSUM = 16 };

#define KEYS_OF_SNAPSHOT (KEY_ASKS | KEY_BIDS)
#define KEYS_OF_CHANGES (KEY_ASK_CHANGES | KEY_BID_CHANGES)

typedef struct kraken_line {
    tape_depth *depth;
    tw_slice channel;
    tw_slice pair;
    unsigned keys; /* seen in its payloads */
    unsigned item_count;
    uint32_t checksum;
    tw_side side;    /* of the levels that are visited */
    bool names_only; /* payloads are not looked at */
    bool is_event;
} kraken_line;

static unsigned key_of(tw_slice key, tw_side *ret_side) {
    *ret_side = key.size > 0 && key.data[0] == 'a' ? TW_SIDE_SELL : TW_SIDE_BUY;
    if (key.size == 1)
        return key.data[0] == 'a'   ? KEY_ASK_CHANGES
               : key.data[0] == 'b' ? KEY_BID_CHANGES
               : key.data[0] == 'c' ? KEY_CHECKSUM
                                    : 0;
    if (tw_slice_equal_string(key, "as"))
        return KEY_ASKS;
    return tw_slice_equal_string(key, "bs") ? KEY_BIDS : 0;
}

static tw_status on_level(void *context, tw_json_value *value) {
    kraken_line *line = context;
    return depth_read_level(line->depth, value, line->side, true);
}

static tw_status read_checksum(kraken_line *line, tw_json_value *value) {
    char shown[SHOWN_SIZE];
    tw_slice text;
    uint64_t number = 0;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (tw_parse_u64(text, &number) != TW_OK || number > UINT32_MAX)
        return tw_json_fail(value, TW_PARSE, "expected a checksum of 0 to 4294967295, found \"%s\"",
                            tape_shown(text, shown));
    line->checksum = (uint32_t)number;
    return TW_OK;
}

static tw_status on_payload_field(void *context, tw_slice key, tw_json_value *value) {
    kraken_line *line = context;
    unsigned found = key_of(key, &line->side);
    if (found == 0)
        return TW_OK;
    if ((line->keys & found) != 0)
        return tw_json_fail(value, TW_PARSE, "the key \"%.*s\" comes twice in a message",
                            (int)key.size, key.data);
    line->keys |= found;
    return found == KEY_CHECKSUM ? read_checksum(line, value)
                                 : tw_json_each_item(value, on_level, line);
}

static tw_status on_item(void *context, tw_json_value *value) {
    kraken_line *line = context;
    tw_json_kind kind = tw_json_kind_of(value);
    unsigned index = line->item_count++;
    if (index == 0 && kind != TW_JSON_NUMBER)
        return tw_json_fail(value, TW_PARSE, "expected the number of a channel");
    if (kind == TW_JSON_STRING) {
        line->channel = line->pair;
        return tw_json_scalar(value, &line->pair);
    }
    if (kind == TW_JSON_OBJECT && !line->names_only)
        return tw_json_each_field(value, on_payload_field, line);
    return TW_OK;
}

static tw_status on_event_field(void *context, tw_slice key, tw_json_value *value) {
    (void)value;
    ((kraken_line *)context)->is_event |= tw_slice_equal_string(key, "event");
    return TW_OK;
}

static tw_status on_root(void *context, tw_json_value *value) {
    kraken_line *line = context;
    if (tw_json_kind_of(value) == TW_JSON_ARRAY)
        return tw_json_each_item(value, on_item, line);
    tw_status status = tw_json_each_field(value, on_event_field, line);
    if (status == TW_OK && !line->is_event)
        return tw_json_fail(value, TW_PARSE,
                            "expected a message of a channel (an array) or an \"event\"");
    return status;
}

static bool is_book(const kraken_line *line) {
    return tw_slice_starts_with(line->channel, CHANNEL) &&
           (line->channel.size == sizeof CHANNEL - 1 ||
            line->channel.data[sizeof CHANNEL - 1] == '-');
}

/* Whether a document that could not be read is at least the message of another channel. */
static bool is_foreign(tw_tape *tape, tw_slice document) {
    kraken_line line = {.depth = tape->depth, .names_only = true};
    tw_status status = tw_json_read(tape->depth->json, document, on_root, &line, NULL);
    return status == TW_OK && line.channel.size > 0 && !is_book(&line);
}

/* "book-1000" -> 1000. */
static bool read_depth_max(tw_slice channel, uint32_t *ret_depth_max) {
    size_t before = sizeof CHANNEL - 1;
    uint64_t depth = DEPTH_DEFAULT;
    if (channel.size > before &&
        tw_parse_u64((tw_slice){channel.data + before + 1, channel.size - before - 1}, &depth) !=
            TW_OK)
        return false;
    *ret_depth_max = (uint32_t)depth;
    return depth > 0 && depth <= UINT32_MAX;
}

static tw_status make_update(tw_tape *tape, const kraken_line *line, tw_tape_message *message,
                             tw_error *error) {
    char shown[SHOWN_SIZE];
    bool snapshot = (line->keys & KEYS_OF_SNAPSHOT) != 0;
    bool changes = (line->keys & KEYS_OF_CHANGES) != 0;
    if (snapshot == changes)
        return DEPTH_BAD(error, TW_PARSE, "%s",
                         snapshot ? "a message of a book is a snapshot or changes, not both"
                                  : "a message of a book needs \"as\" and \"bs\", or \"a\" or "
                                    "\"b\"");
    if (snapshot && (line->keys & KEYS_OF_SNAPSHOT) != KEYS_OF_SNAPSHOT)
        return DEPTH_BAD(error, TW_PARSE, "a snapshot needs both \"as\" and \"bs\"");
    tw_depth_update *update = &message->depth;
    if (!read_depth_max(line->channel, &update->depth_max))
        return DEPTH_BAD(error, TW_PARSE, "expected a channel like \"book-1000\", found \"%s\"",
                         tape_shown(line->channel, shown));
    tw_symbol symbol;
    tw_status status = depth_find_symbol(tape, line->pair, &symbol, error);
    if (status != TW_OK)
        return status;
    update->snapshot = snapshot;
    update->has_checksum = (line->keys & KEY_CHECKSUM) != 0;
    update->checksum = line->checksum;
    depth_finish(tape->depth, symbol, message->time_ns, message);
    return TW_OK;
}

tw_status kraken_read(tw_tape *tape, tw_slice document, tw_tape_message *message, tw_error *error) {
    kraken_line line = {.depth = tape->depth};
    tw_status status = tw_json_read(tape->depth->json, document, on_root, &line, error);
    if (status == TW_OK && line.is_event)
        return TW_OK;
    if (status == TW_OK && line.channel.size == 0)
        return DEPTH_BAD(error, TW_PARSE,
                         "expected the names of a channel and a pair at the end of a message");
    if (status == TW_OK && is_book(&line))
        return make_update(tape, &line, message, error);
    if (status == TW_OK || is_foreign(tape, document))
        return TW_OK;
    return status;
}
