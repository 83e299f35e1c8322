/*
 * outage_log.h - what the terminal hears of a venue that is away: a line at the loss, at most one a
 * minute while it lasts, one at the return.
 *
 * Threads: one owner.
 */
#ifndef TRADEWIND_CLI_OUTAGE_LOG_H
#define TRADEWIND_CLI_OUTAGE_LOG_H

#include "tradewind/log.h"
#include "tradewind/venue.h"

/* All zero: nothing has been told. */
typedef struct outage_log {
    tw_log to;       /* where lines go */
    int64_t next_ns; /* monotonic: when there may be a line about the same outage again */
} outage_log;

/* Takes the venue's news of this moment; writes a line if one is due. */
void outage_log_take(outage_log *log, const tw_venue_news *news, int64_t now_ns);

#endif
