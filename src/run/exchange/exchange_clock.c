/*
 * exchange_clock.c - the exchange's time: where it begins, and how it follows the machine's.
 *
 * With the real clock the floor's time follows clock + (monotonic - origin) x speed. A tick of the
 * clock plays the market for TURN_NS at most, and so do all requests of a turn together, so that
 * they are served even when the floor is behind. What is missing then is the lag, and nothing is
 * left out: the floor plays each act at its own time.
 */
#include "exchange_priv.h"
#include "session.h"
#include "tradewind/time.h"

enum { ACTS_AT_ONCE = 512 }; /* between two looks at the time */

static const int64_t TURN_NS = 2 * TW_NS_PER_MS; /* no less than the period of the clock's timer */
static const int64_t STEP_START_NS = INT64_C(1767623400000000000); /* 2026-01-05T14:30:00Z */

/* ---- the start ----------------------------------------------------------------------------- */

/* Now, if that is in the regular session or the market never closes; else the next opening. */
static int64_t open_start(bool always_open) {
    int64_t now_ns = tw_time_wall_ns();
    bool open = always_open || session_phase_at(now_ns, NULL) == SESSION_REGULAR;
    return open ? now_ns : session_next_open(now_ns);
}

int64_t exchange_default_start(const tw_exchange *exchange) {
    const tw_exchange_config *config = &exchange->config;
    if (config->start_ns != 0)
        return config->start_ns;
    if (config->tape != NULL && exchange->tape.dated)
        return exchange->tape.first_ns;
    return config->clock == TW_EXCHANGE_STEP ? STEP_START_NS : open_start(config->always_open);
}

/* The clock begins with the tape's first event. One without dates is of the day on which the
 * clock would begin without it. */
void exchange_decide_start(tw_exchange *exchange) {
    const tw_exchange_config *config = &exchange->config;
    bool undated = config->tape != NULL && !exchange->tape.dated;
    int64_t start_ns = exchange_default_start(exchange);
    if (config->start_ns == 0 && (config->prices != NULL || undated)) {
        int64_t last = daily_history_last_day(exchange->history);
        start_ns = session_time_of(session_next_trading_day(last), 9, 30);
    }
    if (undated)
        start_ns = session_time_of(session_day_of(start_ns), 0, 0) + exchange->tape.first_ns;
    exchange->start_ns = start_ns > exchange->resume.now_ns ? start_ns : exchange->resume.now_ns;
    exchange->first_day_ns = session_time_of(session_day_of(exchange->start_ns), 0, 0);
}

/* ---- running ------------------------------------------------------------------------------- */

void exchange_clock_set(tw_exchange *exchange, int64_t now_ns) {
    exchange->clock_ns = now_ns;
    exchange->origin_ns = tw_time_monotonic_ns();
}

/* What the real clock shows. */
static int64_t clock_now(const tw_exchange *exchange) {
    double elapsed =
        (double)(tw_time_monotonic_ns() - exchange->origin_ns) * exchange->config.speed;
    int64_t left_ns = EXCHANGE_END_NS - exchange->clock_ns;
    return elapsed < (double)left_ns ? exchange->clock_ns + (int64_t)elapsed : EXCHANGE_END_NS;
}

int64_t exchange_lag_ns(const tw_exchange *exchange) {
    if (exchange->config.clock == TW_EXCHANGE_STEP)
        return 0;
    int64_t lag_ns = clock_now(exchange) - floor_now(exchange->floor);
    return lag_ns > 0 ? lag_ns : 0;
}

tw_status exchange_advanced(tw_exchange *exchange, tw_status status) {
    if (status != TW_OK)
        exchange->failure.status = status;
    else if (floor_tape_ended(exchange->floor))
        atomic_store(&exchange->tape_ended, true);
    if (status == TW_OK)
        delayed_feed_turn(exchange);
    return status;
}

/* At least a slice, so that the market moves however busy the machine is. */
static void play(tw_exchange *exchange, int64_t end_ns) {
    int64_t until_ns = clock_now(exchange);
    tw_status status = TW_OK;
    do
        status =
            exchange_advanced(exchange, fault_moments_advance(exchange, until_ns, ACTS_AT_ONCE));
    while (status == TW_OK && floor_now(exchange->floor) < until_ns &&
           tw_time_monotonic_ns() < end_ns);
}

static bool may_play(const tw_exchange *exchange) {
    return exchange->config.clock == TW_EXCHANGE_REAL && exchange->failure.status == TW_OK;
}

void exchange_tick(tw_exchange *exchange) {
    if (may_play(exchange))
        play(exchange, tw_time_monotonic_ns() + TURN_NS);
}

void exchange_catch_up(tw_exchange *exchange) {
    int64_t end_ns = tw_loop_now_ns(exchange->loop) + TURN_NS;
    if (may_play(exchange) && tw_time_monotonic_ns() < end_ns)
        play(exchange, end_ns);
}
