/* summary.c - the report: counts as they are, figures derived when asked for. */
#include <math.h>
#include <string.h>

#include "engine_priv.h"

static void count_orders(const tw_engine *engine, tw_engine_report *report) {
    report->orders_filled = 0;
    report->orders_canceled = 0;
    report->orders_rejected = 0;
    report->orders_open = 0;
    report->orders_unknown = 0;
    report->orders_adopted_open = 0;
    for (uint32_t i = 0; i < engine->orders.adopted_count; i++)
        report->orders_adopted_open += engine->orders.records[i].state != ORDER_DONE;
    for (uint32_t i = engine->orders.adopted_count; i < engine->orders.count; i++) {
        const order_record *record = &engine->orders.records[i];
        if (record->state == ORDER_UNKNOWN)
            report->orders_unknown++;
        else if (record->state != ORDER_DONE)
            report->orders_open++;
        else if (record->order.status == TW_ORDER_FILLED)
            report->orders_filled++;
        else if (record->order.status == TW_ORDER_REJECTED)
            report->orders_rejected++;
        else
            report->orders_canceled++;
    }
}

void summary_describe(const tw_engine *engine, tw_symbol symbol, tw_engine_holding *ret_holding) {
    const engine_symbol *state = &engine->symbols[symbol];
    double equity = (double)engine->equity.nano;
    *ret_holding = (tw_engine_holding){
        .symbol = symbol,
        .quantity_before = state->quantity_before,
        .quantity_after = state->quantity,
        .average_price = state->average,
        .price = state->mark,
        .weight_before = state->weight_before,
        .weight_after = equity > 0.0 ? (double)state->value.nano / equity : 0.0,
        .weight_target = state->target,
        .band_low = fmax(0.0, state->target - engine->config.band),
        .band_high = fmin(1.0, state->target + engine->config.band),
        .volatility = state->volatility,
        .volatility_share = state->volatility_share,
    };
}

void tw_engine_get_report(const tw_engine *engine, tw_engine_report *ret_report,
                          tw_engine_holding *holdings) {
    *ret_report = engine->report;
    ret_report->phase = tw_engine_phase_now(engine);
    ret_report->started_ns = engine->started_ns;
    ret_report->ended_ns = engine->now_ns;
    ret_report->cash_after = engine->cash;
    ret_report->equity_after = engine->equity;
    count_orders(engine, ret_report);
    for (tw_symbol s = 0; holdings != NULL && s < engine->config.symbol_count; s++)
        summary_describe(engine, s, &holdings[s]);
}

void tw_engine_check(const tw_engine *engine) {
    int64_t equity = engine->cash.nano;
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        const engine_symbol *state = &engine->symbols[s];
        tw_money value = {0};
        TW_ASSERT(tw_notional(state->mark, state->quantity, &value) == TW_OK);
        TW_ASSERT(value.nano == state->value.nano);
        equity += value.nano;
    }
    TW_ASSERT(equity == engine->equity.nano);
    uint32_t open = 0;
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const order_record *record = &engine->orders.records[i];
        TW_ASSERT(record->order.filled.nano <= record->order.quantity.nano);
        open += record->state != ORDER_DONE;
    }
    TW_ASSERT(open == engine->orders.open_count);
    limits_check(engine);
    tw_standing_check(engine->standing);
    tw_book_check(engine->book);
}
