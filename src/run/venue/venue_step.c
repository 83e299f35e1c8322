/*
 * venue_step.c - stepped mode: real sockets, and yet the same run twice.
 *
 * While the exchange's clock stands still its answers depend on nothing but the order of our
 * requests, so they are sent one at a time. After the clock has moved, the answer says how many
 * messages both streams have carried; when so many have arrived, everything has.
 */
#include <stdio.h>
#include <string.h>

#include "venue_priv.h"

static const int64_t STEP_PATIENCE_NS = 30 * TW_NS_PER_SECOND;

static void on_step(void *context, const tw_alpaca_result *result, tw_slice body) {
    tw_venue *venue = context;
    tw_alpaca_sim_clock clock;
    tw_error error = {0};
    venue->step_answered = true;
    venue->step_status = result->status;
    snprintf(venue->step_message, sizeof venue->step_message, "%.255s",
             result->problem != NULL ? result->problem->message : result->message);
    if (result->status != TW_OK)
        return;
    if (result->http_status != 200) {
        venue->step_status = result->http_status == 500 ? TW_PARSE : TW_REFUSED;
        snprintf(venue->step_message, sizeof venue->step_message, "%.*s",
                 (int)(body.size < 255 ? body.size : 255), body.data);
        return;
    }
    venue->step_status = tw_alpaca_decode_sim_clock(venue->step_reader, body, &clock, &error);
    if (venue->step_status != TW_OK) {
        snprintf(venue->step_message, sizeof venue->step_message,
                 "the exchange's clock cannot be read: %.200s", error.message);
        return;
    }
    venue->step_now_ns = clock.now_ns;
    venue->step_data = clock.data_messages;
    venue->step_trading = clock.trading_messages;
    venue->step_tape_ended = clock.tape_ended;
}

/* Turns until the condition holds; TW_TIMEOUT after the patience. */
static tw_status turn_until(tw_venue *venue, bool (*done)(const tw_venue *venue), tw_error *error) {
    int64_t deadline_ns = tw_time_monotonic_ns() + STEP_PATIENCE_NS;
    while (!done(venue)) {
        int64_t left_ns = deadline_ns - tw_time_monotonic_ns();
        if (venue->state == VENUE_FAILED || venue->state == VENUE_DOWN)
            return tw_error_set(error, TW_UNREACHABLE, "the exchange was lost during a step");
        if (left_ns <= 0)
            return tw_error_set(error, TW_TIMEOUT, "the exchange did not answer a step in time");
        tw_status status = tw_loop_turn(venue->loop, left_ns, NULL, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static bool no_call(const tw_venue *venue) {
    return venue->call_count == 0 && venue->reading == NULL;
}

static bool answered(const tw_venue *venue) {
    return venue->step_answered;
}

static bool arrived(const tw_venue *venue) {
    return venue->data_objects >= venue->step_data && venue->trading_objects >= venue->step_trading;
}

static tw_status ask_step(tw_venue *venue, int64_t span_ns, tw_error *error) {
    char span[TW_TIME_TEXT_SIZE];
    char path[96];
    tw_duration_format(span_ns, span);
    snprintf(path, sizeof path, "/sim/clock/step?span=%s", span);
    venue->step_answered = false;
    tw_status status =
        tw_alpaca_client_request(venue->client, "POST", path, (tw_slice){0}, on_step, venue);
    if (status == TW_OK)
        status = turn_until(venue, answered, error);
    if (status == TW_OK && venue->step_status != TW_OK)
        status = tw_error_set(error, venue->step_status, "%s", venue->step_message);
    return status;
}

tw_status tw_venue_step(tw_venue *venue, int64_t span_ns, bool *ret_tape_ended, tw_error *error) {
    tw_status status = TW_OK;
    uint64_t before = atomic_load(&venue->market_events);
    TW_ASSERT(venue->config.stepped);
    while (status == TW_OK && venue_run_commands(venue, 1) > 0)
        status = turn_until(venue, no_call, error);
    if (status == TW_OK)
        status = ask_step(venue, span_ns, error);
    if (status == TW_OK)
        status = turn_until(venue, arrived, error);
    if (status != TW_OK)
        return status;
    venue->clock_venue_ns = venue->step_now_ns;
    *ret_tape_ended = venue->step_tape_ended;
    if (atomic_load(&venue->market_events) == before) {
        /* No market event carries the time: it is told by itself. */
        tw_venue_event time = venue_event(venue, TW_VENUE_TIME);
        venue_queue_add(venue, &venue->updates, &time);
    }
    venue_pump(venue);
    return TW_OK;
}
