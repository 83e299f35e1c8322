/*
 * floor_time.c - how time passes on the floor: phases of the day, the pace of the agents, and their
 * acts and the tape's, in the order of time.
 *
 * Invariant: `phase` is that of now. Its end comes before all else that is due at that time, but
 * for the minute that ends with it.
 */
#include "floor_priv.h"

typedef enum due_kind {
    DUE_PHASE,
    DUE_MINUTE,
    DUE_GATHERING,
    DUE_RATES,
    DUE_TAPE,
    DUE_AGENT
} due_kind;

/* When the next thing is due, and what it is. */
static int64_t next_due(const trading_floor *floor, due_kind *ret_kind) {
    int64_t due = floor->phase_until_ns;
    *ret_kind = DUE_PHASE;
    if (floor->minute_end_ns <= due) {
        *ret_kind = DUE_MINUTE;
        due = floor->minute_end_ns;
    }
    if (floor->gather_ns < due) {
        *ret_kind = DUE_GATHERING;
        due = floor->gather_ns;
    }
    if (floor->resting_ns == 0 && floor->rates_until_ns < due) {
        *ret_kind = DUE_RATES;
        due = floor->rates_until_ns;
    }
    int64_t tape_ns = floor_tape_due(floor);
    if (tape_ns < due) {
        *ret_kind = DUE_TAPE;
        due = tape_ns;
    }
    int64_t agent_ns = floor_agents_due(floor);
    if (agent_ns < due) {
        *ret_kind = DUE_AGENT;
        due = agent_ns;
    }
    return due;
}

static void tell_phase(trading_floor *floor) {
    if (floor->sink.on_phase != NULL)
        floor->sink.on_phase(floor->sink.context, floor->phase);
}

static void next_phase(trading_floor *floor) {
    floor->now_ns = floor->phase_until_ns;
    floor_auction_hold(floor);
    floor->phase = session_phase_at(floor->now_ns, &floor->phase_until_ns);
    if (!floor_agents_may_act(floor)) {
        if (floor->resting_ns == 0)
            floor->resting_ns = floor->now_ns;
    } else if (floor->resting_ns != 0) {
        floor_agents_wake(floor);
    } else {
        floor_agents_pace(floor);
    }
    floor_auction_plan(floor);
    tell_phase(floor);
}

/* Time passes, and nothing else, up to the next thing or `until_ns`; false if that comes first. */
static bool pass_time(trading_floor *floor, int64_t due_ns, int64_t until_ns) {
    bool over = due_ns > until_ns;
    tw_bars_advance(floor->bars, over ? until_ns : due_ns, floor_on_minute, floor);
    if (over && until_ns > floor->now_ns)
        floor->now_ns = until_ns;
    return !over;
}

static void end_minute(trading_floor *floor) {
    floor->now_ns = floor->minute_end_ns;
    floor->minute_end_ns = INT64_MAX;
    if (floor->sink.on_minute != NULL)
        floor->sink.on_minute(floor->sink.context);
}

/* True if what is due is no act of anybody; it is done then. */
static bool pass_border(trading_floor *floor, due_kind kind) {
    switch (kind) {
    case DUE_PHASE:
        next_phase(floor);
        return true;
    case DUE_MINUTE:
        end_minute(floor);
        return true;
    case DUE_GATHERING:
        floor_auction_next(floor);
        return true;
    case DUE_RATES:
        floor->now_ns = floor->rates_until_ns;
        floor_agents_pace(floor);
        return true;
    case DUE_TAPE:
    case DUE_AGENT:
        break;
    }
    return false;
}

tw_status floor_advance(trading_floor *floor, int64_t until_ns, uint64_t event_count_max,
                        tw_error *error) {
    for (uint64_t acts = 0;; acts++) {
        due_kind kind;
        int64_t due_ns = next_due(floor, &kind);
        int64_t end_ns = floor->alarm_ns < until_ns ? floor->alarm_ns : until_ns;
        if (due_ns <= end_ns && acts == event_count_max)
            return TW_OK;
        if (!pass_time(floor, due_ns, end_ns))
            return TW_OK;
        if (pass_border(floor, kind))
            continue;
        floor->event_count++;
        if (kind == DUE_AGENT) {
            floor_agents_next(floor);
            continue;
        }
        tw_status status = floor_tape_next(floor, error);
        if (status != TW_OK)
            return status;
    }
}

void floor_set_alarm(trading_floor *floor, int64_t at_ns) {
    floor->alarm_ns = at_ns;
}

void floor_alarm_by(trading_floor *floor, int64_t at_ns) {
    if (at_ns < floor->alarm_ns)
        floor->alarm_ns = at_ns;
}

int64_t floor_alarm(const trading_floor *floor) {
    return floor->alarm_ns;
}

/* Who jumps leaves the alarm behind, also one that is set on the way. */
static tw_status pass_alarms(trading_floor *floor, int64_t to_ns, tw_error *error) {
    tw_status status = TW_OK;
    do {
        floor->alarm_ns = INT64_MAX;
        status = floor_advance(floor, to_ns, UINT64_MAX, error);
    } while (status == TW_OK && floor->now_ns < to_ns);
    return status;
}

/* The agents rest as on a night: next_due leaves them out, and next_phase does not wake them. They
 * are back for what happens at `to_ns` itself, such as an auction. */
tw_status floor_jump(trading_floor *floor, int64_t to_ns, tw_error *error) {
    TW_ASSERT(to_ns >= floor->now_ns);
    floor->jumping = true;
    if (floor->resting_ns == 0)
        floor->resting_ns = floor->now_ns;
    int64_t last_ns = to_ns > floor->now_ns ? to_ns - 1 : to_ns;
    tw_status status = pass_alarms(floor, last_ns, error);
    floor->jumping = false;
    if (status != TW_OK)
        return status;
    if (floor_agents_may_act(floor))
        floor_agents_wake(floor);
    return pass_alarms(floor, to_ns, error);
}
