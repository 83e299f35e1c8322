/*
 * tape_priv.h - what the files of this module share: the handle.
 */
#ifndef TRADEWIND_TAPE_PRIV_H
#define TRADEWIND_TAPE_PRIV_H

#include "source.h"
#include "tradewind/tape.h"

#define SHOWN_SIZE 48
#define SYMBOL_WORD_BITS 10
#define TIMEFRAME_WORD_BITS 4

/* The headers, their first fields, and how many of them there must be. */
#define TRADES_HEADER "ts_ns,symbol,price,size,side"
#define TRADES_HEADER_FULL TRADES_HEADER ",id,exchange,tape,conditions"
#define TRADES_FIELDS 5
#define TRADES_FIELDS_FULL 9
#define BARS_HEADER "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap"
#define BARS_HEADER_FULL BARS_HEADER ",revision"
#define BARS_FIELDS_MIN 8
#define BARS_FIELDS_FULL 11

/* What a series of one symbol looked like last. */
typedef struct tape_last {
    int64_t time_ns;
    int64_t timeframe_ns;
    bool seen;
} tape_last;

/* A text with its comma, at most eight bytes, and what it stands for. Zero: an empty entry. */
typedef struct tape_word {
    uint64_t text;
    int64_t value;
} tape_word;

struct tw_tape {
    const tw_allocator *allocator;
    tw_symbols *symbols;
    tw_tape_format format;
    bool known_symbols_only;
    bool held; /* the next line is the current one again */
    tw_source source;
    tw_slice line;
    tw_slice *fields; /* of the current line */
    size_t field_capacity;
    size_t field_count; /* that every line must have */
    char *header_text;
    size_t header_size;
    tw_slice *header;
    size_t header_count;
    tape_last *series; /* by symbol */
    size_t series_capacity;
    int64_t offset_ns; /* since midnight, of the last LOBSTER message */
    int64_t midnight_ns;
    struct tape_depth *depth; /* of a recorded feed, see tape_depth.h; else NULL */
    tape_word symbol_words[1 << SYMBOL_WORD_BITS];
    tape_word timeframe_words[1 << TIMEFRAME_WORD_BITS];
};

/* The readers of the formats by order, behind tw_tape_next_event. */
tw_status lobster_next_event(tw_tape *tape, tw_order_event *ret_event,
                             tw_error *error) TW_MUST_CHECK;

/* Reads the next line and cuts it into exactly field_count fields. */
tw_status tape_next_fields(tw_tape *tape, bool trim, tw_error *error) TW_MUST_CHECK;

/* The entry of a symbol, made if it is new; NULL when memory is out. */
tape_last *tape_series(tw_tape *tape, tw_symbol symbol);

/* A field made fit for a message: printable, short, NUL-terminated. Returns `buffer`. */
const char *tape_shown(tw_slice field, char buffer[SHOWN_SIZE]);

/* What may stand for itself as a code in a field: printable, and nothing that CSV gives a sense. */
static inline bool tape_is_code(char c) {
    return c >= ' ' && c <= '~' && c != ',' && c != '"';
}

/* Reports field `index` (0-based) of the current line. */
#define TAPE_BAD(tape, status, index, ...)                                                    \
    tw_error_set_at(error, (status), (tape)->source.where, (tape)->source.line, (index) + 1U, \
                    __VA_ARGS__)

#endif
