/*
 * recorder_past.h - what earlier runs left in a store: the highest number of an intent, and the
 * orders that may still be open.
 *
 * Whoever starts an engine on a store that has been traded with reads this first: the number goes
 * into the engine's configuration, so that no client order id is given twice, and each order to
 * tw_engine_adopt, so that the venue is asked what became of it before anything is traded.
 *
 *     tw_recorder_past past;
 *     status = tw_recorder_past_read(store, "tradewind", config.order_count_max / 2, &past,
 * &error); config.intent_sequence = past.intent;
 *     ... tw_engine_new ...; for each of past.open: tw_engine_adopt
 *     tw_recorder_past_done(&past);
 *
 * Memory: `open_count_max` orders, in tw_recorder_past_read. Cost: one pass over the table of
 * orders. Threads: the store's.
 */
#ifndef TRADEWIND_RECORDER_PAST_H
#define TRADEWIND_RECORDER_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/store.h"

typedef struct tw_recorder_past {
    char prefix[96]; /* of the client order ids that count: "<strategy name>-<epoch>-" */
    uint64_t intent; /* the highest number behind it; 0: none */
    tw_order *open;  /* not final, as first put */
    size_t open_count;
    size_t open_count_max;
} tw_recorder_past;

TW_BEGIN_DECLS

/* Reads the orders of `strategy_name` (tw_engine_config) in this store. TW_FULL: more than
 * `open_count_max` may be open. TW_NO_MEMORY; the statuses of a read. Release with
 * tw_recorder_past_done, also after a failure. */
TW_API tw_status tw_recorder_past_read(tw_store *store, const char *strategy_name,
                                       size_t open_count_max, tw_recorder_past *ret_past,
                                       tw_error *error) TW_MUST_CHECK;
TW_API void tw_recorder_past_done(tw_recorder_past *past);

TW_END_DECLS

#endif
