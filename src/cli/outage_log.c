/* outage_log.c - see outage_log.h. */
#include "outage_log.h"

#include "tradewind/time.h"

enum { REASON_SIZE = 320 };

void outage_log_take(outage_log *log, const tw_venue_news *news, int64_t now_ns) {
    char away[TW_TIME_TEXT_SIZE];
    char reason[REASON_SIZE];
    /* Whole seconds: nobody plans by the rest of them. */
    tw_duration_format(news->away_ns - news->away_ns % TW_NS_PER_SECOND, away);
    tw_log_quote(tw_slice_of(news->reason), reason, sizeof reason);
    if (news->up) {
        tw_log_write(&log->to, TW_LOG_INFO, "venue.back", "away=%s attempts=%u", away,
                     news->attempts);
        return;
    }
    if (news->attempts == 0)
        tw_log_write(&log->to, TW_LOG_WARNING, "venue.lost", "reason=%s", reason);
    else if (now_ns >= log->next_ns)
        tw_log_write(&log->to, TW_LOG_WARNING, "venue.away", "away=%s attempts=%u reason=%s", away,
                     news->attempts, reason);
    else
        return;
    log->next_ns = now_ns + TW_NS_PER_MINUTE;
}
