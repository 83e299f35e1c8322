/*
 * alpaca_reader.h - what the decoders share: the readers, the symbols, the pending levels.
 */
#ifndef TW_ALPACA_READER_H
#define TW_ALPACA_READER_H

#include "alpaca_flat.h"
#include "json.h"
#include "tradewind/alpaca.h"

#define TW_ALPACA_SECOND_SIZE 19

struct tw_alpaca_reader {
    const tw_allocator *allocator;
    tw_json_reader *json;
    tw_msgpack_reader *msgpack; /* NULL unless it was asked for */
    size_t size_max;
    tw_symbols *symbols; /* may be NULL */
    tw_level *levels;    /* of the book message that is being read */
    uint32_t level_count_max;
    char second[TW_ALPACA_SECOND_SIZE]; /* "2024-01-02T14:30:00" as it was parsed last, */
    int64_t second_ns;                  /* and which it is */
    flat_memory flat;
    bool visits_only; /* for tests: alpaca_flat.c is left out */
};

/* Reads one order object, its legs into `legs` (at most `leg_max`; leg_count counts all). */
tw_status tw_alpaca_read_order(tw_alpaca_reader *reader, tw_json_value *value,
                               tw_alpaca_order *ret_order, tw_alpaca_order *legs,
                               uint32_t leg_max) TW_MUST_CHECK;

/* Reads a body that is an order, or an error, or has something of both. */
tw_status tw_alpaca_read_body(tw_alpaca_reader *reader, tw_json_value *value,
                              tw_alpaca_order *ret_order,
                              tw_alpaca_error *ret_problem) TW_MUST_CHECK;

tw_status tw_alpaca_read_asset(tw_json_value *value, tw_alpaca_asset *ret_asset) TW_MUST_CHECK;

/* One record of a page, by itself. */
tw_status tw_alpaca_read_trade(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                               tw_trade *ret_trade) TW_MUST_CHECK;
tw_status tw_alpaca_read_quote(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                               tw_quote *ret_quote) TW_MUST_CHECK;
tw_status tw_alpaca_read_bar(tw_alpaca_reader *reader, tw_json_value *value, tw_symbol symbol,
                             int64_t timeframe_ns, tw_bar *ret_bar) TW_MUST_CHECK;

/* The symbol of a name, added if it is new. An error names `place`. TW_FULL, TW_INVALID. */
tw_status tw_alpaca_read_symbol(tw_alpaca_reader *reader, tw_json_value *place, tw_slice name,
                                tw_symbol *ret_symbol) TW_MUST_CHECK;

/* What a history says of a trade ("u"). */
uint8_t tw_alpaca_read_mark(tw_slice word);

/* Reads {"code":...,"message":...}. */
tw_status tw_alpaca_read_error(tw_json_value *value, tw_alpaca_error *ret_problem) TW_MUST_CHECK;
/* One field of it. */
tw_status tw_alpaca_read_error_field(tw_alpaca_error *problem, tw_slice key,
                                     tw_json_value *value) TW_MUST_CHECK;

/* Reads an integer that also comes as a string. TW_EMPTY for null. */
tw_status tw_alpaca_read_integer(tw_json_value *value, int64_t *ret_integer) TW_MUST_CHECK;

#endif
