/*
 * staleness.h - notices a channel that has gone quiet while its connection looks alive.
 *
 * A socket can stay open, answer every ping and carry nothing for hours. What is normal differs by
 * channel and by hour: quotes of a liquid symbol come many times a second in the session, trading
 * updates only when there is an order, and nothing comes at night. So whoever knows says how long
 * each channel may be quiet, and says so anew when the hours change:
 *
 *     tw_staleness_expect(&watch, QUOTES, 10 * TW_NS_PER_SECOND, now_ns);   the session begins
 *     tw_staleness_heard(&watch, QUOTES, now_ns);                           each message
 *     if (tw_staleness_next_ns(&watch) <= now_ns &&
 *         tw_staleness_find(&watch, now_ns, &channel, &quiet_ns) == TW_OK)
 *         (end the connection and make it anew)
 *     tw_staleness_expect(&watch, QUOTES, 0, now_ns);                       the session is over
 *
 * A channel's span counts from the last message, or from the call that set it if that is later.
 *
 * Memory: plain data of the caller. Cost: heard O(1), the others O(channels).
 * Threads: none of its own; one watch, one thread. Time: an argument, from a clock that does not
 * fall; a time before one that was told is taken for no news.
 */
#ifndef TRADEWIND_STALENESS_H
#define TRADEWIND_STALENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_STALENESS_CHANNEL_COUNT 16

/* Everything in it is private; all zero is a watch that expects nothing. */
typedef struct tw_staleness {
    int64_t span_ns[TW_STALENESS_CHANNEL_COUNT]; /* 0: nothing is expected */
    int64_t since_ns[TW_STALENESS_CHANNEL_COUNT];
} tw_staleness;

TW_BEGIN_DECLS

/* Expects nothing from any channel. */
TW_API void tw_staleness_init(tw_staleness *watch);

/* The channel may be quiet for `span_ns` from now on; 0 or less: for ever. */
TW_API void tw_staleness_expect(tw_staleness *watch, uint32_t channel, int64_t span_ns,
                                int64_t now_ns);

/* All spans count from now: the connection was made anew. */
TW_API void tw_staleness_restart(tw_staleness *watch, int64_t now_ns);

/* Something came on the channel. */
static inline void tw_staleness_heard(tw_staleness *watch, uint32_t channel, int64_t now_ns) {
    TW_ASSERT(channel < TW_STALENESS_CHANNEL_COUNT);
    if (watch->since_ns[channel] < now_ns)
        watch->since_ns[channel] = now_ns;
}

/* When the next channel goes stale if nothing more comes; INT64_MAX if nothing is expected. */
TW_API int64_t tw_staleness_next_ns(const tw_staleness *watch);

/* The channel that has been over its span for longest (ties: the lowest number) and how long it has
 * been quiet. TW_NOT_FOUND, and nothing is written, if none is. */
TW_API tw_status tw_staleness_find(const tw_staleness *watch, int64_t now_ns, uint32_t *ret_channel,
                                   int64_t *ret_quiet_ns) TW_MUST_CHECK;

TW_END_DECLS

#endif
