/*
 * daily.h - the daily history that the exchange can tell of each symbol.
 *
 * It comes from a matrix of closing prices (a file of the user's), or from a seeded generator:
 * one market factor and one of each symbol's own, log-normal, with a fixed yearly drift. A day
 * made from a close alone opens at the day before's close; its volume is drawn from the seed.
 *
 * Memory: days x symbols bars, taken at creation. Threads: read-only after creation.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_DAILY_H
#define TRADEWIND_RUN_EXCHANGE_DAILY_H

#include "tradewind/alloc.h"
#include "tradewind/market.h"

typedef struct daily_history daily_history;

/* Closing prices from outside: day_ns[rows] ascending midnights UTC, closes[rows][columns]
 * row-major with NaN where missing. Column i belongs to symbol i. */
typedef struct daily_closes {
    const int64_t *day_ns;
    const double *closes;
    uint32_t rows;
    uint32_t columns;
} daily_closes;

/* History of `symbol_count` symbols from given closes. TW_NO_MEMORY, TW_RANGE (a price that is
 * not positive or does not fit). */
tw_status daily_history_from_closes(const tw_allocator *allocator, const daily_closes *closes,
                                    uint64_t seed, daily_history **ret_history) TW_MUST_CHECK;

/* `days` generated trading days that end on `last_day` (days since 1970-01-01). */
tw_status daily_history_generate(const tw_allocator *allocator, const tw_symbols *symbols,
                                 int64_t last_day, uint32_t days, uint64_t seed,
                                 daily_history **ret_history) TW_MUST_CHECK;

void daily_history_free(daily_history *history);

/* The bars of a symbol, oldest first; days without a price are left out. Borrowed. */
const tw_bar *daily_history_bars(const daily_history *history, tw_symbol symbol,
                                 uint32_t *ret_count);

/* How many days of a symbol begin before a point in time. */
uint32_t daily_history_before(const daily_history *history, tw_symbol symbol, int64_t time_ns);

/* The newest close of a symbol; zero when it has none. */
tw_price daily_history_last(const daily_history *history, tw_symbol symbol);

/* The newest day of all symbols (days since 1970-01-01), or INT64_MIN without any. */
int64_t daily_history_last_day(const daily_history *history);

#endif
