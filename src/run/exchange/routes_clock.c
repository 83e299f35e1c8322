/*
 * routes_clock.c - the exchange's own clock: read, stepped, moved on, made faster.
 *
 *     GET  /sim/clock
 *     POST /sim/clock/step?span=1s         a stepped clock: play so much of the market
 *     POST /sim/clock/jump?to=TIME         any clock: be there; agents rest on the way
 *     POST /sim/clock/speed?times=60       a clock that runs: so many times faster than outside
 */
#include <stdio.h>

#include "exchange_priv.h"
#include "session.h"

static const int64_t STEP_NS_MAX = 24 * TW_NS_PER_HOUR;
static const int64_t JUMP_NS_MAX = 366 * TW_NS_PER_DAY;

static void write_clock(exchange_call *call) {
    static const char *const phases[] = {"closed", "pre", "regular", "after"};
    tw_exchange *exchange = call->exchange;
    char now[TW_TIME_TEXT_SIZE];
    uint64_t data = 0;
    uint64_t trading = 0;
    exchange_tell(exchange);
    streams_counts(exchange->streams, &data, &trading);
    tw_time_format(floor_now(exchange->floor), 9, now);
    tw_text_append_format(
        &exchange->body,
        "{\"now\":\"%s\",\"now_ns\":%lld,\"clock\":\"%s\",\"speed\":%g,"
        "\"events\":%llu,\"data_messages\":%llu,\"trading_messages\":%llu,"
        "\"tape_ended\":%s,\"phase\":\"%s\",\"is_open\":%s,\"lag_ns\":%lld}",
        now, (long long)floor_now(exchange->floor),
        exchange->config.clock == TW_EXCHANGE_STEP ? "step" : "real", exchange->config.speed,
        (unsigned long long)floor_event_count(exchange->floor), (unsigned long long)data,
        (unsigned long long)trading,
        exchange->config.tape != NULL && floor_tape_ended(exchange->floor) ? "true" : "false",
        phases[floor_phase(exchange->floor)], floor_is_open(exchange->floor) ? "true" : "false",
        (long long)exchange_lag_ns(exchange));
    answer_body(call, 200);
}

void route_sim_clock(exchange_call *call) {
    write_clock(call);
}

/* Tells what moving the floor came to. */
static void answer_moved(exchange_call *call, tw_status status) {
    if (exchange_advanced(call->exchange, status) == TW_OK)
        write_clock(call);
    else
        answer_error(call, 500, 0, "%s", call->exchange->failure.message);
}

void route_sim_step(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_slice text = {0};
    int64_t span_ns = 0;
    if (exchange->config.clock != TW_EXCHANGE_STEP) {
        answer_error(call, 409, 0,
                     "this exchange's clock runs by itself; start it with --clock step");
        return;
    }
    if (!tw_http_request_query(call->request, "span", &text) ||
        tw_duration_parse(text, &span_ns) != TW_OK || span_ns > STEP_NS_MAX) {
        answer_error(call, 400, 0, "span must be a duration of at most a day, like 250ms or 1s");
        return;
    }
    if (span_ns > EXCHANGE_END_NS - floor_now(exchange->floor)) {
        answer_error(call, 400, 0, "the clock ends with the year 2199");
        return;
    }
    answer_moved(call,
                 fault_moments_advance(exchange, floor_now(exchange->floor) + span_ns, UINT64_MAX));
}

/* "open" and "close" are the next ones; else a time or a date. */
static bool read_target(const exchange_call *call, int64_t *ret_to_ns) {
    int64_t now_ns = floor_now(call->exchange->floor);
    tw_slice text = {0};
    if (!tw_http_request_query(call->request, "to", &text))
        return false;
    if (tw_slice_equal_string(text, "open"))
        *ret_to_ns = session_next_open(now_ns);
    else if (tw_slice_equal_string(text, "close"))
        *ret_to_ns = session_next_close(now_ns);
    else
        return tw_time_parse(text, ret_to_ns) == TW_OK;
    return true;
}

void route_sim_jump(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    int64_t now_ns = floor_now(exchange->floor);
    int64_t to_ns = 0;
    if (!read_target(call, &to_ns)) {
        answer_error(call, 400, 0,
                     "to must be open, close or a time, like 2026-01-06T09:30:00-05:00");
        return;
    }
    if (to_ns < now_ns || to_ns > EXCHANGE_END_NS || to_ns - now_ns > JUMP_NS_MAX) {
        answer_error(call, 400, 0,
                     "the clock goes forward only, at most 366 days at once, to the year 2199");
        return;
    }
    tw_status status = fault_moments_jump(exchange, to_ns);
    exchange_clock_set(exchange, floor_now(exchange->floor));
    answer_moved(call, status);
}

void route_sim_speed(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_slice text = {0};
    double speed = 0.0;
    if (exchange->config.clock == TW_EXCHANGE_STEP) {
        answer_error(call, 409, 0, "this exchange's clock is stepped; start it with --clock real");
        return;
    }
    if (!tw_http_request_query(call->request, "times", &text) ||
        tw_parse_double(text, &speed) != TW_OK || !(speed > 0.0 && speed <= EXCHANGE_SPEED_MAX)) {
        answer_error(call, 400, 0, "times must be a number above 0 and at most %.0f",
                     EXCHANGE_SPEED_MAX);
        return;
    }
    exchange_clock_set(exchange, floor_now(exchange->floor));
    exchange->config.speed = speed;
    write_clock(call);
}
