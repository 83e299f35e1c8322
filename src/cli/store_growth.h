/*
 * store_growth.h - how fast a store that a run writes grows, by its own rows.
 *
 * Looked at is the newest day of the journal: the rows of market data and the entries with a time
 * in it. A journal that began within that day, or that goes on after a pause of more than a day,
 * tells of less, and what it tells is taken for a share of a day. Times are the venue's.
 */
#ifndef TRADEWIND_CLI_STORE_GROWTH_H
#define TRADEWIND_CLI_STORE_GROWTH_H

#include "tradewind/store.h"

typedef struct store_growth {
    uint64_t rows;      /* within the span */
    int64_t span_ns;    /* up to a day; 0: no run has written to it */
    double bytes_a_row; /* of the whole store, with its indexes */
} store_growth;

/* Reads the rows of the newest day one by one. What reading a store may fail with. */
tw_status store_growth_measure(tw_store *store, store_growth *ret_growth,
                               tw_error *error) TW_MUST_CHECK;

/* Of a span that is longer than nothing. */
double store_growth_rows_a_day(const store_growth *growth);
double store_growth_bytes_a_day(const store_growth *growth);

#endif
