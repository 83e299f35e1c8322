/*
 * alpaca_flat.h - trades, quotes and bars straight from the bytes of pages and frames.
 *
 * What is asked for here by the hundred thousand is flat: an object of a few scalars in plain
 * form, in the same order as the one before. These functions read such records at about the speed
 * of their bytes and hand them out. At anything else (an escape, another kind of message, a value
 * that does not fit, input that is no JSON) they stop, and say how many records they have handed
 * out; the decoders of alpaca_market.c then read the input from its beginning through json.h, hand
 * out the rest and say what is wrong.
 *
 * A record is handed out only when its whole object was read, and is the same as those decoders
 * would make of it (model_alpaca_flat).
 */
#ifndef TW_ALPACA_FLAT_H
#define TW_ALPACA_FLAT_H

#include "flat_json.h"
#include "tradewind/alpaca.h"

typedef enum flat_kind { FLAT_TRADES, FLAT_QUOTES, FLAT_BARS, FLAT_KIND_COUNT } flat_kind;

#define FLAT_FIELD_MAX 11
#define FLAT_NAME_COUNT 256 /* a power of two */

/* What a reader remembers from record to record. None of it changes what is read. */
typedef struct flat_memory {
    flat_day day;
    /* The row that followed a row in the object before; the last place is for the first row. */
    uint8_t next[FLAT_KIND_COUNT][FLAT_FIELD_MAX + 1];
    /* Names of at most seven bytes, the first byte lowest and the size highest, and what they are
     * in the table. */
    struct {
        uint64_t name;
        tw_symbol symbol;
    } names[FLAT_NAME_COUNT];
} flat_memory;

/* What is read for whom. */
typedef struct flat_reading {
    tw_symbols *symbols;
    flat_memory *memory;
    const tw_alpaca_events *events;
    int64_t timeframe_ns; /* of the bars of a page */
    uint64_t given;       /* records or messages that were handed out */
} flat_reading;

/* One record of a page, and an array of them: the byte behind it, or NULL. */
const char *tw_flat_record(flat_reading *reading, flat_kind kind, tw_symbol symbol, const char *at);
const char *tw_flat_records(flat_reading *reading, flat_kind kind, tw_symbol symbol,
                            const char *at);

/* A frame: the byte behind it, or NULL. */
const char *tw_flat_frame(flat_reading *reading, const char *at);

/* A frame of MessagePack: true if all of it was read. */
bool tw_flat_frame_packed(flat_reading *reading, tw_slice input);

/* The symbol of a name, added if it is new. False if it is none, or the table is full. */
bool tw_flat_symbol(flat_reading *reading, tw_slice name, tw_symbol *ret_symbol);

#endif
