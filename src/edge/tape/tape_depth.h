/*
 * tape_depth.h - what the readers of recorded feeds by level share: lines of a time and a JSON
 * document, its numbers, and the levels of the message that is being read.
 */
#ifndef TRADEWIND_TAPE_DEPTH_H
#define TRADEWIND_TAPE_DEPTH_H

#include "json.h"
#include "tape_priv.h"
#include "tradewind/tape_messages.h"

/* `["1","1"],`: no level is shorter, so this many at most are in a line. */
#define DEPTH_LEVEL_SIZE_MIN 10

typedef struct tape_depth {
    tw_json_reader *json;
    tw_level *levels; /* of the message; level_capacity is more than a line can hold */
    size_t level_capacity;
    size_t level_count;
    size_t levels_seen;    /* and those that were left out */
    tw_symbol only_symbol; /* that messages were of; TW_SYMBOL_NONE: none yet */
    bool several_symbols;
    bool digits_must_agree; /* within a message, since a checksum is made from them */
    uint8_t price_digits;   /* most of the message's so far */
    uint8_t quantity_digits;
    tw_tape_message_counts counts;
} tape_depth;

/* A column of a level: its name for messages, its least value, and whether it may lie beyond what
 * a price can be; then what was read, and the decimals of its text. */
typedef struct depth_number {
    const char *name;
    int64_t least_nano;
    int64_t nano;
    bool may_be_beyond;
    bool beyond;
    uint8_t digits;
} depth_number;

static inline bool tape_is_depth(tw_tape_format format) {
    return format == TW_TAPE_KRAKEN || format == TW_TAPE_BINANCE;
}

/* Reads one document into a message whose time is known. A kind of 0: nothing that is shown. */
tw_status kraken_read(tw_tape *tape, tw_slice document, tw_tape_message *message,
                      tw_error *error) TW_MUST_CHECK;
tw_status binance_read(tw_tape *tape, tw_slice document, tw_tape_message *message,
                       tw_error *error) TW_MUST_CHECK;

/* A price or size: a string of digits and a point. TW_PARSE, TW_RANGE, both with a sentence. */
tw_status depth_read_number(tw_json_value *value, depth_number *number) TW_MUST_CHECK;

/* Reads one level, `[price, quantity, time ...]`, behind those that are there. Its time stays 0
 * unless `timed`: then it must have one, and maybe "r" behind it. */
tw_status depth_read_level(tape_depth *depth, tw_json_value *value, tw_side side,
                           bool timed) TW_MUST_CHECK;

/* Reports the document as a whole, once it was read. */
#define DEPTH_BAD(error, status, ...) tw_error_set_at((error), (status), "json", 0, 1, __VA_ARGS__)

/* The symbol of a name, when its document was found good; TW_PARSE, TW_FULL, TW_NOT_FOUND. */
tw_status depth_find_symbol(tw_tape *tape, tw_slice name, tw_symbol *ret_symbol,
                            tw_error *error) TW_MUST_CHECK;

/* Ends a message of depth: what all its levels say alike is written into them and the update. */
void depth_finish(tape_depth *depth, tw_symbol symbol, int64_t level_time_ns,
                  tw_tape_message *message);

#endif
