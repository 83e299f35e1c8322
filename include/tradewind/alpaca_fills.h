/*
 * alpaca_fills.h - each fill once, from a stream that repeats, swaps and loses its messages.
 *
 * The trading stream sends some updates twice, may deliver them in another order than they
 * happened, and has no replay: what happened while it was away never comes. A ledger of what has
 * been passed on puts that right:
 *
 *     update of the stream ---> tw_alpaca_fills_take ---> NEWS: pass it on; else forget it
 *     order asked for by REST -> tw_alpaca_fills_recover -> an update that makes up what was missed
 *
 * What names an update is its execution id, else its event id, else the order, what happened and
 * how much of the order was filled by then. How much has been passed on of an order is the sum of
 * its fills here; what the venue says is filled of it, less that sum, is what was missed: one
 * update of that quantity, at the price that makes the average right, without an execution id. A
 * fill that comes late, after it was made up so, is known by the filled quantity that it carries,
 * which is not above the one that was recovered.
 *
 * Memory: all at creation: about 100 bytes an order and 50 an update. Ended orders are forgotten,
 * oldest first, when there is no room; the oldest names of updates too. Cost: O(1) a call.
 * Threads: one ledger, one thread at a time.
 */
#ifndef TRADEWIND_ALPACA_FILLS_H
#define TRADEWIND_ALPACA_FILLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/alpaca.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_ALPACA_FILLS_ORDER_MAX (1u << 20)
#define TW_ALPACA_FILLS_UPDATE_MAX (1u << 24)

typedef struct tw_alpaca_fills tw_alpaca_fills;

typedef struct tw_alpaca_fills_config {
    uint32_t order_count_max;  /* 0: 4096; at most TW_ALPACA_FILLS_ORDER_MAX */
    uint32_t update_count_max; /* names of updates remembered; 0: 16384 */
} tw_alpaca_fills_config;

typedef enum tw_alpaca_verdict {
    TW_ALPACA_NEWS = 0,
    TW_ALPACA_REPEATED, /* it was passed on already */
    TW_ALPACA_COVERED   /* a fill that was made up for before it came */
} tw_alpaca_verdict;

typedef struct tw_alpaca_fills_stats {
    uint64_t update_count;
    uint64_t fill_count; /* passed on, recovered ones not counted */
    uint64_t repeated_count;
    uint64_t covered_count;
    uint64_t recovered_count;
    uint64_t untracked_count; /* fills of orders for which there was no place: the ledger cannot
                                 tell what is missed of them */
} tw_alpaca_fills_stats;

TW_BEGIN_DECLS

/* TW_RANGE for a configuration above its limits, TW_NO_MEMORY. A NULL allocator is the system's. */
TW_API tw_status tw_alpaca_fills_new(const tw_allocator *allocator,
                                     const tw_alpaca_fills_config *config,
                                     tw_alpaca_fills **ret_fills) TW_MUST_CHECK;
TW_API void tw_alpaca_fills_free(tw_alpaca_fills *fills);

/* Takes notice of an update of the stream and says whether it is to be passed on. */
TW_API tw_alpaca_verdict tw_alpaca_fills_take(tw_alpaca_fills *fills,
                                              const tw_alpaca_order_update *update) TW_MUST_CHECK;

/* Takes an order as it is for the starting point: what is filled of it counts as passed on. */
TW_API void tw_alpaca_fills_assume(tw_alpaca_fills *fills, const tw_alpaca_order *order);

/* Compares an order of the venue with what was passed on. True, with an update to pass on, if part
 * of its filling was missed. Nothing is written otherwise. */
TW_API bool tw_alpaca_fills_recover(tw_alpaca_fills *fills, const tw_alpaca_order *order,
                                    tw_alpaca_order_update *ret_update) TW_MUST_CHECK;

/* Whether the order has been seen and not been forgotten. */
TW_API bool tw_alpaca_fills_knows(const tw_alpaca_fills *fills,
                                  const tw_alpaca_order *order) TW_MUST_CHECK;

/* When the oldest order that has not ended was submitted; INT64_MAX if there is none. O(orders). */
TW_API int64_t tw_alpaca_fills_oldest_open_ns(const tw_alpaca_fills *fills);

TW_API tw_alpaca_fills_stats tw_alpaca_fills_get_stats(const tw_alpaca_fills *fills);

/* Asserts the invariants. O(orders). */
TW_API void tw_alpaca_fills_check(const tw_alpaca_fills *fills);

TW_END_DECLS

TW_DEFINE_AUTO(tw_alpaca_fills, tw_alpaca_fills_free)

#endif
