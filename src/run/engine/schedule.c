/*
 * schedule.c - when a decision is made, and why.
 *
 *     cause      when
 *     start      nothing was decided yet
 *     time       a time of day of the exchange's clock has come (tw_engine_config.times_s)
 *     schedule   so long after the last decision (rebalance_interval_ns)
 *     signal     the user's own strategy asked for it
 *     drift      a symbol has left its band
 *
 * The first that holds is the cause. A time of day is of Monday to Friday. It waits for a fresh
 * price of any symbol, which holidays and closed markets do not have, and passes when it has waited
 * for TIME_LATE_NS_MAX; that is journaled. Several that were missed are one.
 *
 * Invariant: due_ns is 0, or later than every time of day that was taken or has passed.
 */
#include "engine_priv.h"

static const int64_t TIME_LATE_NS_MAX = 15 * TW_NS_PER_MINUTE;
enum { SUNDAY = 0, SATURDAY = 6 }; /* of tw_weekday_of_days */

tw_zone_day_span schedule_day(const tw_engine *engine, int64_t time_ns, int32_t open_seconds) {
    if (engine->config.zone != NULL)
        return tw_zone_day(engine->config.zone, time_ns, open_seconds);
    int64_t open_ns = open_seconds * TW_NS_PER_SECOND;
    int64_t start_ns = tw_time_floor(time_ns - open_ns, TW_NS_PER_DAY) + open_ns;
    return (tw_zone_day_span){.start_ns = start_ns,
                              .end_ns = start_ns + TW_NS_PER_DAY,
                              .day = (start_ns - open_ns) / TW_NS_PER_DAY};
}

/* ---- times of day -------------------------------------------------------------------------- */

static bool is_weekend(const tw_engine *engine, int64_t time_ns) {
    int32_t weekday = tw_weekday_of_days(schedule_day(engine, time_ns, 0).day);
    return weekday == SATURDAY || weekday == SUNDAY;
}

/* The day that begins at a time of day ends at the next such time. */
static int64_t next_of(const tw_engine *engine, int32_t seconds, int64_t after_ns) {
    int64_t time_ns = schedule_day(engine, after_ns, seconds).end_ns;
    while (is_weekend(engine, time_ns))
        time_ns = schedule_day(engine, time_ns, seconds).end_ns;
    return time_ns;
}

static int64_t next_time(const tw_engine *engine, int64_t after_ns) {
    int64_t next_ns = INT64_MAX;
    for (uint32_t i = 0; i < engine->config.time_count; i++) {
        int64_t time_ns = next_of(engine, (int32_t)engine->config.times_s[i], after_ns);
        next_ns = time_ns < next_ns ? time_ns : next_ns;
    }
    return next_ns;
}

static bool any_fresh(const tw_engine *engine) {
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        if (decision_tradable(engine, &engine->symbols[s]))
            return true;
    }
    return false;
}

void schedule_from(tw_engine *engine, int64_t time_ns) {
    if (engine->due_ns == 0 && engine->config.time_count > 0)
        engine->due_ns = next_time(engine, time_ns);
}

static bool time_has_come(tw_engine *engine) {
    if (engine->config.time_count == 0)
        return false;
    schedule_from(engine, engine->now_ns);
    if (engine->now_ns < engine->due_ns)
        return false;
    bool late = engine->now_ns - engine->due_ns > TIME_LATE_NS_MAX;
    if (!late && !any_fresh(engine))
        return false;
    if (late) {
        char text[TW_TIME_TEXT_SIZE];
        tw_time_format(engine->due_ns, 9, text);
        record_journal(engine, "schedule", "{\"passed\":\"%s\"}", text);
    }
    engine->due_ns = next_time(engine, engine->now_ns);
    return !late;
}

/* ---- drift --------------------------------------------------------------------------------- */

/* Equity has moved since a symbol was found outside. Mostly that one still is, and nobody else has
 * to be asked. */
static bool still_outside(tw_engine *engine) {
    bool outside = false;
    intake_check_band(engine, engine->drifted_symbol);
    if (engine->symbols[engine->drifted_symbol].outside)
        return true;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        intake_check_band(engine, s);
        outside = outside || engine->symbols[s].outside;
    }
    engine->drifted = outside;
    return outside;
}

/* Decisions that lead to no order (nothing feasible, nothing to trade, all denied) are repeated
 * less and less often. */
static int64_t drift_gap(const tw_engine *engine) {
    uint32_t doublings = engine->idle_decisions < 8 ? engine->idle_decisions : 8;
    return engine->config.decision_gap_ns << doublings;
}

/* ---- the cause ----------------------------------------------------------------------------- */

const char *schedule_cause(tw_engine *engine) {
    if (!engine->asked)
        return "start";
    if (time_has_come(engine))
        return "time";
    int64_t since = engine->now_ns - engine->last_decision_ns;
    int64_t interval = engine->config.rebalance_interval_ns;
    if (interval > 0 && since >= interval)
        return "schedule";
    if (engine->signalled && since >= engine->config.decision_gap_ns)
        return "signal";
    if (engine->drifted && engine->targeted && !engine->config.drift_ignored &&
        since >= drift_gap(engine) && still_outside(engine))
        return "drift";
    return NULL;
}

tw_status schedule_check(const tw_engine_config *config, tw_error *error) {
    if (config->time_count > TW_ENGINE_TIME_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "there may be at most %d times of day",
                            TW_ENGINE_TIME_COUNT_MAX);
    for (uint32_t i = 0; i < config->time_count; i++) {
        if (config->times_s[i] >= TW_NS_PER_DAY / TW_NS_PER_SECOND)
            return tw_error_set(error, TW_INVALID, "a time of day must be within a day");
    }
    return TW_OK;
}
