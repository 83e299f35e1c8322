/*
 * alpaca_reader.h - what the decoders share: the JSON reader, the symbols, the pending levels.
 */
#ifndef TW_ALPACA_READER_H
#define TW_ALPACA_READER_H

#include "json.h"
#include "tradewind/alpaca.h"

struct tw_alpaca_reader {
    const tw_allocator *allocator;
    tw_json_reader *json;
    tw_symbols *symbols; /* may be NULL */
    tw_level *levels;    /* of the book message that is being read */
    uint32_t level_count_max;
};

/* Reads one order object, its legs into `legs` (at most `leg_max`; leg_count counts all). */
tw_status tw_alpaca_read_order(tw_alpaca_reader *reader, tw_json_value *value,
                               tw_alpaca_order *ret_order, tw_alpaca_order *legs,
                               uint32_t leg_max) TW_MUST_CHECK;

/* Reads {"code":...,"message":...}. */
tw_status tw_alpaca_read_error(tw_json_value *value, tw_alpaca_error *ret_problem) TW_MUST_CHECK;

/* Reads an integer that also comes as a string. TW_EMPTY for null. */
tw_status tw_alpaca_read_integer(tw_json_value *value, int64_t *ret_integer) TW_MUST_CHECK;

#endif
