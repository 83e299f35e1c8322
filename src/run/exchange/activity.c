/* activity.c - see activity.h. */
#include "activity.h"

#include "session.h"

static const double EXTENDED = 0.05;
static const double NOON = 0.5;
static const double EDGES = 1.5; /* on top, at the opening and the close: the mean of the U is 1 */

static double in_session(int64_t time_ns) {
    session_hours hours;
    if (!session_hours_of(session_day_of(time_ns), &hours))
        return NOON;
    double length = (double)(hours.close_ns - hours.open_ns);
    double aside = 2.0 * (double)(time_ns - hours.open_ns) / length - 1.0;
    return NOON + EDGES * aside * aside;
}

double activity_at(int64_t time_ns) {
    switch (session_phase_at(time_ns, NULL)) {
    case SESSION_REGULAR:
        return in_session(time_ns);
    case SESSION_PRE_MARKET:
    case SESSION_AFTER_HOURS:
        return EXTENDED;
    case SESSION_CLOSED:
        break;
    }
    return NOON;
}

double activity_share(uint32_t rank, double shares) {
    return 1.0 / ((double)rank + ACTIVITY_OFFSET + 1.0) / shares;
}

double activity_shares(uint32_t count) {
    double sum = 0.0;
    for (uint32_t rank = 0; rank < count; rank++)
        sum += activity_share(rank, 1.0);
    return sum;
}
