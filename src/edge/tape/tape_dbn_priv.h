/*
 * tape_dbn_priv.h - what the readers of DBN share: the state of a tape, names, and rows.
 */
#ifndef TRADEWIND_TAPE_DBN_PRIV_H
#define TRADEWIND_TAPE_DBN_PRIV_H

#include "tape_priv.h"
#include "tradewind/map.h"
#include "tradewind/tape_dbn.h"

/* A name of one instrument for a span of time, in a chain with its others. */
typedef struct dbn_name {
    int64_t from_ns;
    int64_t to_ns; /* not included */
    uint32_t next; /* place of an older one, 0: none */
    uint32_t live; /* 1: from a symbol mapping; such a name is the only one of its chain */
    char text[TW_SYMBOL_NAME_SIZE]; /* empty: one that tw_symbols does not take */
} dbn_name;

/* What an instrument is called in one span of time, as last looked up. */
typedef struct dbn_instrument {
    int64_t from_ns;
    int64_t to_ns; /* not included */
    uint32_t id;
    uint32_t first_name; /* of its chain, 0: none */
    uint32_t name;       /* that holds in the span, 0: none */
    uint32_t name_count;
    tw_symbol symbol;     /* TW_SYMBOL_NONE: not looked up, or not known */
    uint32_t known_count; /* of symbols in the table when it was looked for in vain */
} dbn_instrument;

/* Places in both arrays begin at 1. */
typedef struct dbn_names {
    const tw_allocator *allocator;
    tw_symbols *symbols;
    tw_map *places; /* of instruments, by id */
    dbn_instrument *instruments;
    dbn_name *names;
    uint32_t instrument_count;
    uint32_t instrument_capacity;
    uint32_t name_count;
    uint32_t name_capacity;
    uint32_t last; /* the instrument looked up last; 0: none */
    uint64_t unnamed;
} dbn_names;

tw_status dbn_names_init(dbn_names *names, const tw_allocator *allocator, tw_symbols *symbols,
                         tw_error *error) TW_MUST_CHECK;
void dbn_names_done(dbn_names *names);

/* Names an instrument from one time to before another. TW_FULL, TW_NO_MEMORY. */
tw_status dbn_names_add(dbn_names *names, uint32_t id, int64_t from_ns, int64_t to_ns,
                        tw_slice text, tw_error *error) TW_MUST_CHECK;

/* Names an instrument from now on, whatever it was called. TW_FULL, TW_NO_MEMORY. */
tw_status dbn_names_set(dbn_names *names, uint32_t id, tw_slice text,
                        tw_error *error) TW_MUST_CHECK;

/* The instrument, with the span that a time lies in; borrowed until the next call. TW_FULL,
 * TW_NO_MEMORY. */
tw_status dbn_names_look_up(dbn_names *names, uint32_t id, int64_t time_ns,
                            dbn_instrument **ret_instrument, tw_error *error) TW_MUST_CHECK;

/* Its symbol, if the table has it already; else TW_SYMBOL_NONE. */
tw_symbol dbn_names_known(dbn_names *names, dbn_instrument *instrument);

/* Its symbol, which enters the table if it is new. TW_FULL. */
tw_status dbn_names_intern(dbn_names *names, dbn_instrument *instrument,
                           tw_error *error) TW_MUST_CHECK;

/* One bit for each call that takes records. */
typedef enum dbn_call {
    DBN_EVENTS = 1,
    DBN_TRADES = 2,
    DBN_QUOTES = 4,
    DBN_DEPTH = 8,
    DBN_BARS = 16
} dbn_call;

/* The state of a tape of DBN. */
typedef struct tape_dbn {
    tw_dbn_metadata metadata;
    dbn_names names;
    tw_tape_dbn_counts counts;
    uint64_t record_count;                 /* that the tape is behind of */
    uint8_t calls;                         /* dbn_call that the schema allows */
    uint8_t takers[256];                   /* by type: dbn_call that read it */
    uint16_t least[256];                   /* by type: its bytes, 0 for one not known */
    tw_level levels[2 * TW_DBN_DEPTH_MAX]; /* of the last depth given */
} tape_dbn;

/* One record into one row; its symbol is for the caller to set. The record has the bytes of its
 * type. A failed call writes nothing to the row. TW_PARSE, TW_RANGE. */
_Static_assert(sizeof(dbn_name) == 56 && sizeof(dbn_instrument) == 40,
               "tape_dbn.h tells these sizes");
typedef tw_status (*dbn_reader)(tape_dbn *dbn, tw_slice record, void *ret_row, tw_error *error);
tw_status dbn_read_event(tape_dbn *dbn, tw_slice record, void *ret_row,
                         tw_error *error) TW_MUST_CHECK;
tw_status dbn_read_trade(tape_dbn *dbn, tw_slice record, void *ret_row,
                         tw_error *error) TW_MUST_CHECK;
tw_status dbn_read_quote(tape_dbn *dbn, tw_slice record, void *ret_row,
                         tw_error *error) TW_MUST_CHECK;
tw_status dbn_read_depth(tape_dbn *dbn, tw_slice record, void *ret_row,
                         tw_error *error) TW_MUST_CHECK;
tw_status dbn_read_bar(tape_dbn *dbn, tw_slice record, void *ret_row,
                       tw_error *error) TW_MUST_CHECK;

/* The time a record is sorted by. TW_RANGE. */
static inline tw_status dbn_time_of(uint64_t received_ns, uint64_t event_ns, int64_t *ret_time_ns,
                                    tw_error *error) {
    uint64_t time_ns = received_ns == TW_DBN_UNDEFINED_TIME ? event_ns : received_ns;
    if (time_ns == TW_DBN_UNDEFINED_TIME)
        time_ns = 0;
    if (time_ns > INT64_MAX)
        return tw_error_set(error, TW_RANGE, "a time of %llu ns is after the year 2262",
                            (unsigned long long)time_ns);
    *ret_time_ns = (int64_t)time_ns;
    return TW_OK;
}

#endif
