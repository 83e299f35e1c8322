/*
 * dashboard_state.c - the state as one JSON object, key by key as the guide lists them.
 *
 * Everything is read from the newest view and from the figures that venue and recorder told, and
 * nothing is computed that the engine has another word for. What is unknown is null.
 */
#include <math.h>
#include <string.h>

#include "dashboard_priv.h"
#include "json_put.h"
#include "tradewind/version.h"

/* Bytes at most: what does not grow, one order, one symbol, and its name in the greeting. */
enum { FIXED_SIZE = 32768, ORDER_SIZE = 1024, POSITION_SIZE = 640 };

size_t dashboard_state_size_max(uint32_t symbol_count) {
    return FIXED_SIZE + TW_ENGINE_VIEW_ORDER_COUNT_MAX * ORDER_SIZE +
           (size_t)symbol_count * POSITION_SIZE;
}

/* ---- account and counts -------------------------------------------------------------------- */

static uint64_t count_events(const tw_engine_report *report) {
    return report->trades + report->quotes + report->levels + report->venue_bars;
}

/* Over at least a second; of the whole run before there were two looks. */
static double events_per_second(tw_dashboard *dashboard) {
    const tw_engine_view *view = dashboard->view;
    uint64_t events = count_events(&view->report);
    int64_t span_ns = view->taken_ns - dashboard->rate_ns;
    if (span_ns >= TW_NS_PER_SECOND) {
        dashboard->rate = (double)(events - dashboard->rate_events) * 1e9 / (double)span_ns;
        dashboard->rate_ns = view->taken_ns;
        dashboard->rate_events = events;
    }
    return dashboard->rate;
}

static void write_head(tw_dashboard *dashboard, tw_text *text) {
    const tw_engine_view *view = dashboard->view;
    const tw_engine_report *report = &view->report;
    int64_t now_ns = tw_time_monotonic_ns();
    json_put_word(text, "type", "state");
    if (view->time_ns != 0)
        json_put_time(text, "time", view->time_ns);
    else
        json_put_null(text, "time");
    json_put_count(text, "sequence", view->sequence);
    json_put_real(text, "age", (double)(now_ns - view->taken_ns) / 1e9);
    json_put_word(text, "phase", tw_engine_phase_name(report->phase));
    json_put_word(text, "killed", tw_kill_level_name(report->killed));
    if (report->killed != TW_KILL_NONE)
        json_put_word(text, "killed_by", tw_kill_source_name(report->killed_by));
    else
        json_put_null(text, "killed_by");
    json_put_real(text, "seconds", (double)(view->taken_ns - dashboard->started_ns) / 1e9);
    json_put_open(text, "account", '{');
    json_put_decimal(text, "cash", report->cash_after.nano);
    json_put_decimal(text, "equity", report->equity_after.nano);
    json_put_decimal(text, "cash_begin", report->cash_before.nano);
    json_put_decimal(text, "equity_begin", report->equity_before.nano);
    json_put_decimal(text, "turnover", report->turnover.nano);
    json_put_decimal(text, "gross", view->figures.gross.nano);
    tw_text_append_char(text, '}');
}

static void write_counts(const tw_engine_report *report, tw_text *text) {
    json_put_open(text, "counts", '{');
    json_put_count(text, "events", count_events(report));
    json_put_count(text, "trades", report->trades);
    json_put_count(text, "quotes", report->quotes);
    json_put_count(text, "levels", report->levels);
    json_put_count(text, "bars", report->bars_built);
    json_put_count(text, "decisions", report->decisions);
    json_put_count(text, "orders", report->orders);
    json_put_count(text, "filled", report->orders_filled);
    json_put_count(text, "canceled", report->orders_canceled);
    json_put_count(text, "rejected", report->orders_rejected);
    json_put_count(text, "open", report->orders_open);
    json_put_count(text, "unknown", report->orders_unknown + report->orders_adopted_open);
    json_put_count(text, "denied", report->orders_denied);
    json_put_count(text, "fills", report->fills);
    json_put_count(text, "differences", report->differences);
    json_put_count(text, "pauses", report->pauses);
    json_put_count(text, "kills", report->kills);
    tw_text_append_char(text, '}');
}

/* ---- positions, risk, limits --------------------------------------------------------------- */

static void write_position(const tw_dashboard *dashboard, const tw_engine_view_position *position,
                           tw_text *text) {
    const tw_engine_holding *holding = &position->holding;
    json_put_open(text, NULL, '{');
    json_put_word(text, "symbol", dashboard_name(dashboard, holding->symbol));
    json_put_decimal(text, "quantity", holding->quantity_after.nano);
    json_put_decimal(text, "price", holding->price.nano);
    json_put_decimal(text, "average", holding->average_price.nano);
    json_put_decimal(text, "value", position->value.nano);
    json_put_decimal(text, "profit", position->profit.nano);
    json_put_real(text, "weight", holding->weight_after);
    json_put_real(text, "target", holding->weight_target);
    json_put_real(text, "low", holding->band_low);
    json_put_real(text, "high", holding->band_high);
    json_put_flag(text, "outside", position->outside);
    json_put_real(text, "volatility", holding->volatility);
    json_put_real(text, "share", holding->volatility_share);
    tw_text_append_char(text, '}');
}

static void write_positions(const tw_dashboard *dashboard, tw_text *text) {
    const tw_engine_view *view = dashboard->view;
    json_put_open(text, "positions", '[');
    for (uint32_t i = 0; i < view->symbol_count; i++)
        write_position(dashboard, &view->positions[i], text);
    tw_text_append_char(text, ']');
}

static void write_risk(const tw_engine_view *view, tw_text *text) {
    const tw_engine_report *report = &view->report;
    const tw_risk_report *risk = &report->risk;
    bool valid = report->risk_valid;
    json_put_open(text, "risk", '{');
    json_put_count(text, "days", report->history_days);
    json_put_real(text, "volatility", dashboard_or_unknown(valid, risk->volatility_annual));
    json_put_real(text, "sharpe", dashboard_or_unknown(valid, risk->sharpe));
    json_put_real(text, "beta", dashboard_or_unknown(valid, risk->beta));
    json_put_real(text, "max_drawdown", dashboard_or_unknown(valid, risk->max_drawdown));
    json_put_real(text, "var95", view->risk.value_at_risk_95);
    json_put_real(text, "es95", view->risk.shortfall_95);
    json_put_real(text, "var99_now", view->risk.value_at_risk_99_now);
    json_put_real(text, "drawdown", view->risk.drawdown);
    json_put_real(text, "day_loss", view->risk.day_loss);
    json_put_real(text, "effective_assets",
                  dashboard_or_unknown(valid, risk->exposure.effective_assets));
    tw_text_append_char(text, '}');
}

static void put_amount(tw_text *text, const char *key, tw_pretrade_reason reason, int64_t value) {
    char amount[TW_DECIMAL_TEXT_SIZE];
    tw_pretrade_value_format(reason, value, amount);
    json_put_word(text, key, amount);
}

static const char *unit_word(tw_pretrade_unit unit) {
    static const char *const words[] = {"none",  "money", "quantity", "price",
                                        "share", "count", "time"};
    size_t index = (size_t)unit;
    return index < sizeof words / sizeof words[0] ? words[index] : "none";
}

static void write_limit(const tw_engine_view_limit *limit, tw_text *text) {
    json_put_open(text, NULL, '{');
    json_put_word(text, "reason", tw_pretrade_reason_name(limit->reason));
    json_put_word(text, "unit", unit_word(tw_pretrade_reason_unit(limit->reason)));
    put_amount(text, "limit", limit->reason, limit->limit);
    if (limit->known)
        put_amount(text, "figure", limit->reason, limit->figure);
    else
        json_put_null(text, "figure");
    json_put_real(text, "used",
                  dashboard_or_unknown(limit->known && limit->limit > 0,
                                       (double)limit->figure / (double)limit->limit));
    json_put_flag(text, "stopped", limit->stopped);
    tw_text_append_char(text, '}');
}

static void write_limits(const tw_engine_view *view, tw_text *text) {
    json_put_open(text, "limits", '[');
    for (uint32_t i = 0; i < view->limit_count; i++)
        write_limit(&view->limits[i], text);
    tw_text_append_char(text, ']');
}

/* ---- orders -------------------------------------------------------------------------------- */

/* An order's end bears its status: "filled", "canceled" ... A first fill that was all of it is its
 * end. */
static void write_life(const tw_engine_view_order *shown, tw_text *text) {
    json_put_open(text, "life", '[');
    for (int i = 0; i < TW_ENGINE_MOMENT_COUNT; i++) {
        const char *name = i == TW_ENGINE_MOMENT_ENDED
                               ? tw_order_status_name((tw_order_status)shown->order.status)
                               : tw_engine_moment_name((tw_engine_moment)i);
        bool at_once = i == TW_ENGINE_MOMENT_FIRST_FILL &&
                       shown->life_ns[i] == shown->life_ns[TW_ENGINE_MOMENT_ENDED];
        if (shown->life_ns[i] == 0 || at_once)
            continue;
        json_put_open(text, NULL, '[');
        json_put_word(text, NULL, name);
        json_put_time(text, NULL, shown->life_ns[i]);
        tw_text_append_char(text, ']');
    }
    tw_text_append_char(text, ']');
}

static void write_order(const tw_dashboard *dashboard, const tw_engine_view_order *shown,
                        tw_text *text) {
    const tw_order *order = &shown->order;
    bool named = order->symbol < dashboard->config.symbol_count;
    json_put_open(text, NULL, '{');
    json_put_word(text, "id", order->client_order_id);
    json_put_word(text, "symbol", named ? dashboard_name(dashboard, order->symbol) : "");
    json_put_word(text, "side", tw_side_name((tw_side)order->side));
    json_put_decimal(text, "quantity", order->quantity.nano);
    json_put_decimal(text, "filled", order->filled.nano);
    json_put_decimal(text, "limit", order->limit_price.nano);
    json_put_decimal(text, "average", order->average_price.nano);
    json_put_word(text, "state", tw_engine_order_state_name((tw_engine_order_state)shown->state));
    json_put_word(text, "status", tw_order_status_name((tw_order_status)order->status));
    json_put_word(text, "why", shown->why);
    write_life(shown, text);
    tw_text_append_char(text, '}');
}

static void write_orders(const tw_dashboard *dashboard, tw_text *text) {
    const tw_engine_view *view = dashboard->view;
    json_put_open(text, "orders", '[');
    for (uint32_t i = 0; i < view->order_count; i++)
        write_order(dashboard, &view->orders[i], text);
    tw_text_append_char(text, ']');
}

/* ---- the whole ----------------------------------------------------------------------------- */

void dashboard_state_write(tw_dashboard *dashboard, tw_text *text) {
    const tw_engine_view *view = dashboard->view;
    tw_text_append_char(text, '{');
    write_head(dashboard, text);
    write_counts(&view->report, text);
    json_put_real(text, "events_per_second", events_per_second(dashboard));
    write_positions(dashboard, text);
    write_risk(view, text);
    write_limits(view, text);
    write_orders(dashboard, text);
    dashboard_state_write_health(dashboard, text);
}

static void write_levels(const char *key, const tw_level *levels, uint32_t count, tw_text *text) {
    json_put_open(text, key, '[');
    for (uint32_t i = 0; i < count; i++) {
        json_put_open(text, NULL, '[');
        json_put_decimal(text, NULL, levels[i].price.nano);
        json_put_decimal(text, NULL, levels[i].quantity.nano);
        tw_text_append_char(text, ']');
    }
    tw_text_append_char(text, ']');
}

static void write_window(const tw_window_stats *window, tw_text *text) {
    json_put_open(text, "window", '{');
    json_put_count(text, "count", window->n);
    json_put_real(text, "mean", window->mean);
    json_put_real(text, "stddev", window->stddev);
    json_put_real(text, "vwap", window->vwap);
    tw_text_append_char(text, '}');
}

void dashboard_state_write_selection(const tw_dashboard *dashboard, const dashboard_stream *stream,
                                     tw_text *text) {
    char timeframe[TW_TIME_TEXT_SIZE];
    const tw_engine_view_selection *selection =
        stream != NULL ? &dashboard->view->selections[stream - dashboard->streams] : NULL;
    if (selection == NULL || !stream->selected || !selection->on ||
        selection->symbol != stream->symbol) {
        json_put_null(text, "selected"); /* nothing is, or no view has it yet */
        tw_text_append_char(text, '}');
        return;
    }
    tw_timeframe_format(dashboard->config.timeframes_ns[stream->frame], timeframe);
    json_put_open(text, "selected", '{');
    json_put_word(text, "symbol", dashboard_name(dashboard, selection->symbol));
    json_put_word(text, "timeframe", timeframe);
    write_levels("bids", selection->bids, selection->bid_count, text);
    write_levels("asks", selection->asks, selection->ask_count, text);
    if (selection->last.nano > 0)
        json_put_decimal(text, "last", selection->last.nano);
    else
        json_put_null(text, "last");
    write_window(&selection->window, text);
    tw_text_append_string(text, "}}");
}

void dashboard_state_write_hello(const tw_dashboard *dashboard, tw_text *text) {
    const tw_dashboard_config *config = &dashboard->config;
    char timeframe[TW_TIME_TEXT_SIZE];
    tw_text_append_char(text, '{');
    json_put_word(text, "type", "hello");
    json_put_word(text, "version", tw_version());
    json_put_count(text, "run", (uint64_t)config->run);
    json_put_word(text, "venue", config->venue_name);
    json_put_word(text, "strategy", config->strategy);
    json_put_word(text, "store", config->store);
    json_put_open(text, "symbols", '[');
    for (uint32_t i = 0; i < config->symbol_count; i++)
        json_put_word(text, NULL, dashboard_name(dashboard, i));
    tw_text_append_char(text, ']');
    json_put_open(text, "timeframes", '[');
    for (uint32_t i = 0; i < config->timeframe_count; i++) {
        tw_timeframe_format(dashboard->config.timeframes_ns[i], timeframe);
        json_put_word(text, NULL, timeframe);
    }
    tw_text_append_char(text, ']');
    json_put_real(text, "speed", config->speed);
    tw_text_append_char(text, '}');
}
