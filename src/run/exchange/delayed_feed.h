/*
 * delayed_feed.h - the stream of the market as it was 15 minutes ago (/v2/delayed_sip).
 *
 * It is told from what the exchange remembers: trades that stand by then, quotes, minutes and the
 * day so far, of each symbol in the order of time. A trade that was cancelled meanwhile is left
 * out, one that was corrected is told as it should have been. What the exchange has forgotten
 * within the 15 minutes is not told.
 *
 * Time moves on in stretches of DELAYED_FEED_STRETCH_NS: so much later than 15 minutes a message
 * may come. Nothing is done while nobody listens.
 *
 * Threads: the exchange's. Cost: a look at each symbol that is wanted, a stretch.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_DELAYED_FEED_H
#define TRADEWIND_RUN_EXCHANGE_DELAYED_FEED_H

#include <stdint.h>

#define DELAYED_FEED_STRETCH_NS INT64_C(100000000)

/* What passes at once, in a long step or a jump of the clock, is told in at most so many stretches.
 */
#define DELAYED_FEED_STRETCH_COUNT_MAX 1024

struct tw_exchange;

/* Tells what became 15 minutes old since the last call. */
void delayed_feed_turn(struct tw_exchange *exchange);

#endif
