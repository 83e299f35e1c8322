/* routes_sim.c - the exchange's own controls: its clock, and a page that says what this is. */
#include <stdio.h>

#include "exchange_priv.h"

static const int64_t STEP_NS_MAX = 24 * TW_NS_PER_HOUR;

static void write_clock(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    char now[TW_TIME_TEXT_SIZE];
    uint64_t data = 0;
    uint64_t trading = 0;
    streams_flush(exchange->streams);
    streams_counts(exchange->streams, &data, &trading);
    tw_time_format(floor_now(exchange->floor), 9, now);
    tw_text_append_format(
        &exchange->body,
        "{\"now\":\"%s\",\"now_ns\":%lld,\"clock\":\"%s\",\"speed\":%g,"
        "\"events\":%llu,\"data_messages\":%llu,\"trading_messages\":%llu,"
        "\"tape_ended\":%s}",
        now, (long long)floor_now(exchange->floor),
        exchange->config.clock == TW_EXCHANGE_STEP ? "step" : "real", exchange->config.speed,
        (unsigned long long)floor_event_count(exchange->floor), (unsigned long long)data,
        (unsigned long long)trading,
        exchange->config.tape != NULL && floor_tape_ended(exchange->floor) ? "true" : "false");
    answer_body(call, 200);
}

void route_sim_clock(exchange_call *call) {
    write_clock(call);
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
    tw_status status = floor_advance(exchange->floor, floor_now(exchange->floor) + span_ns,
                                     UINT64_MAX, &exchange->failure);
    if (status != TW_OK) {
        exchange->failure.status = status;
        answer_error(call, 500, 0, "%s", exchange->failure.message);
        return;
    }
    if (floor_tape_ended(exchange->floor))
        atomic_store(&exchange->tape_ended, true);
    write_clock(call);
}

void route_welcome(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_text_append_format(
        &exchange->body,
        "{\"name\":\"tradewind exchange\",\"symbols\":%u,"
        "\"trading\":\"/v2/account, /v2/orders, /v2/positions, /v2/assets, /v2/clock\","
        "\"data\":\"/v2/stocks/bars, /v2/stocks/{trades,quotes,bars}/latest\","
        "\"streams\":\"/v2/iex, /stream\",\"controls\":\"/sim/clock, /sim/clock/step?span=1s\"}",
        tw_symbols_count(exchange->symbols));
    answer_body(call, 200);
}
