/*
 * tape_depth.c - recorded feeds by level: lines, numbers, levels.
 *
 * Idea: a line is a time, a separator and a JSON document. The document is visited once, and all
 * of the message that it is gathered, because keys may come in any order; only a message found good
 * as a whole is given, and only then is its symbol added to the table.
 *
 * Errors of the JSON reader name a byte of the document; here they become file:line:byte of the
 * line.
 */
#include "tape_depth.h"

#include <string.h>

#include "tradewind/decimal.h"

#define DIGITS_MAX 18

/* ---- the handle ------------------------------------------------------------------------------ */

static tw_status take_memory(tw_tape *tape) {
    tape_depth *depth = TW_NEW(tape->allocator, 1, tape_depth);
    tape->depth = depth;
    if (depth == NULL)
        return TW_NO_MEMORY;
    depth->only_symbol = TW_SYMBOL_NONE;
    depth->digits_must_agree = tape->format == TW_TAPE_KRAKEN;
    depth->level_capacity = tape->source.capacity / DEPTH_LEVEL_SIZE_MIN + 1;
    depth->levels = TW_NEW(tape->allocator, depth->level_capacity, tw_level);
    if (depth->levels == NULL)
        return TW_NO_MEMORY;
    return tw_json_reader_new(tape->allocator, tape->source.capacity, &depth->json);
}

size_t depth_capacity(size_t line_size_max) {
    return line_size_max == 0 ? TW_TAPE_LINE_SIZE_DEFAULT_JSON : line_size_max;
}

/* The first line is looked at, so that an empty file is told at once, and held. */
tw_status depth_begin(tw_tape *tape, const tw_tape_config *config, tw_error *error) {
    (void)config; /* there is nothing in it for these formats */
    tw_status status = tw_source_next_line(&tape->source, &tape->line, error);
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_EMPTY, tape->source.where, 0, 0, "the file is empty");
    if (status != TW_OK)
        return status;
    tape->held = true;
    if (take_memory(tape) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    return TW_OK;
}

void depth_end(tw_tape *tape) {
    tape_depth *depth = tape->depth;
    if (depth == NULL)
        return;
    tw_json_reader_free(depth->json);
    TW_DELETE(tape->allocator, depth->levels, depth->level_capacity, tw_level);
    TW_DELETE(tape->allocator, depth, 1, tape_depth);
    tape->depth = NULL;
}

/* ---- numbers and levels ---------------------------------------------------------------------- */

/* Whether a well-formed number is greater than all that can be held, by its whole part. */
static bool is_beyond(tw_slice text) {
    uint64_t whole = 0;
    tw_status status = tw_parse_u64(tw_slice_split(&text, '.'), &whole);
    return status == TW_RANGE || (status == TW_OK && whole > INT64_MAX / TW_NANO);
}

tw_status depth_read_number(tw_json_value *value, depth_number *number) {
    char shown[SHOWN_SIZE];
    if (tw_json_kind_of(value) != TW_JSON_STRING)
        return tw_json_fail(value, TW_PARSE, "expected a %s in quotes", number->name);
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    bool negative = text.size > 0 && text.data[0] == '-';
    status = tw_decimal_parse(text, &number->nano);
    if (status == TW_PARSE)
        return tw_json_fail(value, TW_PARSE, "expected a %s (digits and a point), found \"%s\"",
                            number->name, tape_shown(text, shown));
    if (negative || (status == TW_OK && number->nano < number->least_nano))
        return tw_json_fail(value, TW_RANGE, "a %s must %s, found %s", number->name,
                            number->least_nano > 0 ? "be above zero" : "not be negative",
                            tape_shown(text, shown));
    const char *point = memchr(text.data, '.', text.size);
    size_t digits = point == NULL ? 0 : text.size - 1 - (size_t)(point - text.data);
    number->beyond = number->may_be_beyond && status == TW_RANGE && is_beyond(text);
    if ((status != TW_OK && !number->beyond) || digits > DIGITS_MAX)
        return tw_json_fail(value, TW_RANGE,
                            "a %s must be below 9223372036.854775807 and have at most nine "
                            "decimals, zeros aside, found %s",
                            number->name, tape_shown(text, shown));
    number->digits = (uint8_t)digits;
    return TW_OK;
}

/* Kraken's seconds with a fraction. */
static tw_status read_level_time(tw_json_value *value, int64_t *ret_time_ns) {
    char shown[SHOWN_SIZE];
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    status = tw_decimal_parse(text, ret_time_ns);
    if (status == TW_OK && *ret_time_ns >= 0)
        return TW_OK;
    return tw_json_fail(value, status == TW_PARSE ? TW_PARSE : TW_RANGE,
                        "expected the time of a level in seconds since 1970, found \"%s\"",
                        tape_shown(text, shown));
}

static tw_status read_republished(tw_json_value *value) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK && !tw_slice_equal_string(text, "r"))
        return tw_json_fail(value, TW_PARSE, "expected \"r\" or nothing behind a level's time");
    return status;
}

/* The level that is being read. */
typedef struct level_visit {
    tape_depth *depth;
    tw_level level;
    unsigned column;
    bool timed;
    bool beyond; /* its price is too high to be held */
} level_visit;

/* Keeps the most digits seen in the message, or demands that all have the same. */
static tw_status agree(const level_visit *visit, tw_json_value *value, const depth_number *number,
                       uint8_t *digits) {
    if (visit->depth->levels_seen > 0 && visit->depth->digits_must_agree &&
        number->digits != *digits)
        return tw_json_fail(value, TW_PARSE,
                            "the %s has %u decimals where others of the message have %u, and a "
                            "checksum is made of them",
                            number->name, (unsigned)number->digits, (unsigned)*digits);
    if (visit->depth->levels_seen == 0 || number->digits > *digits)
        *digits = number->digits;
    return TW_OK;
}

static tw_status on_column(void *context, tw_json_value *value) {
    level_visit *visit = context;
    unsigned column = visit->column++;
    if (column >= 2) {
        if (!visit->timed)
            return TW_OK; /* Binance once wrote an empty array here */
        if (column > 3)
            return tw_json_fail(value, TW_PARSE, "a level has at most four parts");
        return column == 2 ? read_level_time(value, &visit->level.time_ns)
                           : read_republished(value);
    }
    bool price = column == 0;
    depth_number number = {.name = price ? "price" : "quantity",
                           .least_nano = price ? 1 : 0,
                           .may_be_beyond = price && visit->level.side == TW_SIDE_SELL};
    tw_status status = depth_read_number(value, &number);
    if (status != TW_OK)
        return status;
    visit->beyond |= number.beyond;
    *(price ? &visit->level.price.nano : &visit->level.quantity.nano) = number.nano;
    return agree(visit, value, &number,
                 price ? &visit->depth->price_digits : &visit->depth->quantity_digits);
}

tw_status depth_read_level(tape_depth *depth, tw_json_value *value, tw_side side, bool timed) {
    TW_ASSERT(depth->level_count < depth->level_capacity); /* by DEPTH_LEVEL_SIZE_MIN */
    level_visit visit = {.depth = depth, .level.side = (uint8_t)side, .timed = timed};
    if (tw_json_kind_of(value) != TW_JSON_ARRAY)
        return tw_json_fail(value, TW_PARSE, "expected a level: [price, quantity%s]",
                            timed ? ", time" : "");
    tw_status status = tw_json_each_item(value, on_column, &visit);
    if (status != TW_OK)
        return status;
    if (visit.column < (timed ? 3U : 2U))
        return tw_json_fail(value, TW_PARSE, "a level needs %s, found %u parts",
                            timed ? "a price, a quantity and a time" : "a price and a quantity",
                            visit.column);
    depth->levels_seen++;
    depth->counts.beyond += visit.beyond;
    if (!visit.beyond)
        depth->levels[depth->level_count++] = visit.level;
    return TW_OK;
}

tw_status depth_find_symbol(tw_tape *tape, tw_slice name, tw_symbol *ret_symbol, tw_error *error) {
    char shown[SHOWN_SIZE];
    if (tape->known_symbols_only) {
        *ret_symbol = tw_symbols_find(tape->symbols, name);
        if (*ret_symbol == TW_SYMBOL_NONE)
            return DEPTH_BAD(error, TW_NOT_FOUND, "the symbol \"%s\" is not known here",
                             tape_shown(name, shown));
        return TW_OK;
    }
    tw_status status = tw_symbols_intern(tape->symbols, name, ret_symbol);
    if (status == TW_FULL)
        return DEPTH_BAD(error, TW_FULL, "there is no room for another symbol (%s)",
                         tape_shown(name, shown));
    if (status != TW_OK)
        return DEPTH_BAD(error, TW_PARSE,
                         "expected a symbol of 1 to 31 of A-Z a-z 0-9 . / - _ = ^, found \"%s\"",
                         tape_shown(name, shown));
    return TW_OK;
}

void depth_finish(tape_depth *depth, tw_symbol symbol, int64_t level_time_ns,
                  tw_tape_message *message) {
    for (size_t i = 0; i < depth->level_count; i++) {
        tw_level *level = &depth->levels[i];
        level->symbol = symbol;
        if (level->time_ns == 0)
            level->time_ns = level_time_ns;
    }
    tw_depth_update *update = &message->depth;
    if (depth->level_count > 0) {
        depth->levels[0].clear = update->snapshot;
        depth->levels[depth->level_count - 1].last = 1;
    }
    update->time_ns = message->time_ns;
    update->levels = depth->levels;
    update->level_count = depth->level_count;
    update->symbol = symbol;
    update->price_digits = depth->level_count > 0 ? depth->price_digits : 0;
    update->quantity_digits = depth->level_count > 0 ? depth->quantity_digits : 0;
    message->kind = TW_TAPE_MESSAGE_DEPTH;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static tw_status next_line(tw_tape *tape, tw_error *error) {
    if (tape->held) {
        tape->held = false;
        return TW_OK;
    }
    return tw_source_next_line(&tape->source, &tape->line, error);
}

/* Cuts `time: json` or `time json`; false if there is no such time. */
static bool cut_line(const tw_tape *tape, int64_t *ret_time_ns, tw_slice *ret_document) {
    const char *separator = tape->format == TW_TAPE_KRAKEN ? ": " : " ";
    const char *end = memchr(tape->line.data, *separator, tape->line.size);
    if (end == NULL)
        return false;
    tw_slice time = {tape->line.data, (size_t)(end - tape->line.data)};
    tw_slice rest = {end, tape->line.size - time.size};
    if (!tw_slice_starts_with(rest, separator))
        return false;
    *ret_document = (tw_slice){rest.data + strlen(separator), rest.size - strlen(separator)};
    tw_status status = tape->format == TW_TAPE_KRAKEN ? tw_decimal_parse(time, ret_time_ns)
                                                      : tw_parse_i64(time, ret_time_ns);
    return status == TW_OK && *ret_time_ns >= 0;
}

/* The reader says "json:17: sentence"; what is read is a line of a file. */
static tw_status retell(const tw_tape *tape, tw_slice document, const tw_error *inner,
                        tw_error *error) {
    const char *sentence = strstr(inner->message, ": ");
    sentence = inner->column == 0 || sentence == NULL ? inner->message : sentence + 2;
    uint64_t before = (uint64_t)(document.data - tape->line.data);
    return tw_error_set_at(error, inner->status, tape->source.where, tape->source.line,
                           before + inner->column, "%s", sentence);
}

static tw_status read_line(tw_tape *tape, tw_tape_message *message, tw_error *error) {
    char shown[SHOWN_SIZE];
    bool kraken = tape->format == TW_TAPE_KRAKEN;
    tw_slice document = {NULL, 0};
    if (!cut_line(tape, &message->time_ns, &document))
        return tw_error_set_at(error, TW_PARSE, tape->source.where, tape->source.line, 1,
                               "expected %s, found \"%s\"",
                               kraken ? "a time in seconds, a colon, a blank and JSON"
                                      : "a time in nanoseconds, a blank and JSON",
                               tape_shown(tape->line, shown));
    tape->depth->level_count = tape->depth->levels_seen = 0;
    tw_error inner = {0};
    tw_status status = kraken ? kraken_read(tape, document, message, &inner)
                              : binance_read(tape, document, message, &inner);
    return status == TW_OK ? TW_OK : retell(tape, document, &inner, error);
}

static void count(tw_tape_message_counts *counts, const tw_tape_message *message) {
    bool depth = message->kind == TW_TAPE_MESSAGE_DEPTH;
    counts->snapshots += depth && message->depth.snapshot != 0;
    counts->changes += depth && message->depth.snapshot == 0;
    counts->trades += message->kind == TW_TAPE_MESSAGE_TRADE;
    counts->quotes += message->kind == TW_TAPE_MESSAGE_QUOTE;
    counts->other += message->kind == 0;
}

/* The symbols that messages name are watched, for the snapshots that name none. */
static void watch_symbol(tape_depth *depth, const tw_tape_message *message) {
    tw_symbol symbol = message->kind == TW_TAPE_MESSAGE_DEPTH   ? message->depth.symbol
                       : message->kind == TW_TAPE_MESSAGE_TRADE ? message->trade.symbol
                                                                : message->quote.symbol;
    if (depth->only_symbol == TW_SYMBOL_NONE)
        depth->only_symbol = symbol;
    depth->several_symbols |= depth->only_symbol != symbol;
}

tw_status tw_tape_next_message(tw_tape *tape, tw_tape_message *ret_message, tw_error *error) {
    TW_ASSERT(tape != NULL && ret_message != NULL && tape_is_depth(tape->format));
    tape_depth *depth = tape->depth;
    for (;;) {
        tw_status status = next_line(tape, error);
        if (status != TW_OK)
            return status;
        if (tw_slice_trim(tape->line).size == 0) {
            depth->counts.blank++;
            continue;
        }
        tw_tape_message message = {0};
        status = read_line(tape, &message, error);
        if (status != TW_OK) {
            depth->counts.bad++;
            return status;
        }
        count(&depth->counts, &message);
        if (message.kind == 0)
            continue;
        watch_symbol(depth, &message);
        *ret_message = message;
        return TW_OK;
    }
}

tw_status depth_next_depth(tw_tape *tape, tw_depth_update *ret_update, tw_error *error) {
    TW_ASSERT(ret_update != NULL);
    tw_tape_message message;
    do {
        tw_status status = tw_tape_next_message(tape, &message, error);
        if (status != TW_OK)
            return status;
    } while (message.kind != TW_TAPE_MESSAGE_DEPTH);
    *ret_update = message.depth;
    return TW_OK;
}

tw_tape_message_counts tw_tape_message_counts_of(const tw_tape *tape) {
    TW_ASSERT(tape != NULL && tape_is_depth(tape->format));
    return tape->depth->counts;
}
