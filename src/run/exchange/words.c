/* words.c - plain copying from the ledger's records into Alpaca's. */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "account_power.h"
#include "assets.h"
#include "day_trades.h"
#include "session.h"

void words_asset_id(const char *symbol, char *buffer) {
    tw_random random;
    tw_random_init(&random, text_hash(tw_slice_of(symbol), 0), 0);
    uuid_write(&random, buffer);
}

static void put_word(char *buffer, size_t capacity, const char *word) {
    tw_status status = tw_slice_copy(tw_slice_of(word), buffer, capacity);
    TW_ASSERT(status == TW_OK);
}

/* Which of four an order is, for the position that it was sent for. */
static const char *intent_of(const ledger_order *order) {
    if (order->order.side == TW_SIDE_BUY)
        return order->holds_shares ? "buy_to_close" : "buy_to_open";
    return order->holds_shares ? "sell_to_close" : "sell_to_open";
}

static void name_order(const account_ledger *ledger, uint32_t number, char *buffer) {
    const ledger_order *order = ledger_order_at(ledger, number);
    if (order != NULL)
        snprintf(buffer, TW_ALPACA_ID_SIZE, "%s", order->order.venue_order_id);
}

void words_order(const account_ledger *ledger, const ledger_order *order, const tw_symbols *symbols,
                 tw_alpaca_order *ret_order) {
    static const char *const classes[] = {"", "bracket", "oco", "oto"};
    bool waits = order->place == ORDER_WAITS;
    tw_alpaca_order_from(&order->order, symbols, ret_order);
    words_asset_id(ret_order->symbol, ret_order->asset_id);
    snprintf(ret_order->asset_class, sizeof ret_order->asset_class, "us_equity");
    put_word(ret_order->order_class, sizeof ret_order->order_class, classes[order->group]);
    put_word(ret_order->position_intent, sizeof ret_order->position_intent, intent_of(order));
    if (order->order.status == TW_ORDER_PENDING_NEW && waits)
        snprintf(ret_order->status, sizeof ret_order->status, "accepted");
    name_order(ledger, order->replaces, ret_order->replaces);
    name_order(ledger, order->replaced_by, ret_order->replaced_by);
    ret_order->submitted_ns = order->order.created_ns;
    ret_order->expires_ns = order->expires_ns;
    ret_order->expired_ns = order->expired_ns;
    ret_order->canceled_ns = order->canceled_ns;
    ret_order->replaced_ns = order->replaced_ns;
    ret_order->failed_ns = order->failed_ns;
    ret_order->filled_ns = order->order.status == TW_ORDER_FILLED ? order->filled_ns : 0;
    ret_order->notional = order->notional;
    ret_order->trail_price = order->trail_price;
    ret_order->trail_percent_nano = order->trail_percent_nano;
    ret_order->high_water_mark = order->high_water_mark;
    if (order->notional.nano == 0)
        ret_order->present |= TW_ALPACA_BIT(TW_ALPACA_ORDER_QTY);
    else
        ret_order->order.quantity.nano = 0; /* null: it was sent for an amount */
}

void words_order_now(const account_ledger *ledger, const ledger_order *order,
                     const tw_symbols *symbols, tw_alpaca_order *ret_order) {
    ledger_order now;
    ledger_look(ledger, order, &now);
    words_order(ledger, &now, symbols, ret_order);
}

void words_update(const account_ledger *ledger, const ledger_update *update,
                  const tw_symbols *symbols, tw_alpaca_order_update *ret_update) {
    *ret_update = (tw_alpaca_order_update){
        .timestamp_ns = update->time_ns,
        .at_ns = update->time_ns,
        .event = (uint8_t)update->event,
    };
    memcpy(ret_update->event_id, update->event_id, sizeof update->event_id);
    words_order(ledger, update->order, symbols, &ret_update->order);
    snprintf(ret_update->event_word, sizeof ret_update->event_word, "%s",
             tw_alpaca_event_name(update->event));
    snprintf(ret_update->execution_id, sizeof ret_update->execution_id, "%s", update->execution_id);
    ret_update->present =
        TW_ALPACA_BIT(TW_ALPACA_UPDATE_EVENT) | TW_ALPACA_BIT(TW_ALPACA_UPDATE_TIMESTAMP) |
        TW_ALPACA_BIT(TW_ALPACA_UPDATE_EXECUTION_ID) | TW_ALPACA_BIT(TW_ALPACA_UPDATE_AT) |
        TW_ALPACA_BIT(TW_ALPACA_UPDATE_EVENT_ID);
    if (update->event == TW_ALPACA_EVENT_FILL || update->event == TW_ALPACA_EVENT_PARTIAL_FILL) {
        ret_update->price = update->price;
        ret_update->quantity = update->quantity;
        ret_update->position = update->position;
        ret_update->present |= TW_ALPACA_BIT(TW_ALPACA_UPDATE_PRICE) |
                               TW_ALPACA_BIT(TW_ALPACA_UPDATE_QTY) |
                               TW_ALPACA_BIT(TW_ALPACA_UPDATE_POSITION_QTY);
    }
}

/* numerator / denominator at 1e-9, 0 when it has no answer. */
static int64_t ratio(int64_t numerator, int64_t denominator) {
    int64_t result = 0;
    if (tw_decimal_divide(numerator, denominator, TW_ROUND_HALF_EVEN, &result) != TW_OK)
        return 0;
    return result;
}

/* Value and profit of a position; those of a short one have its sign. */
static void words_profit(const ledger_holding *holding, tw_alpaca_position *position) {
    int64_t cost = holding->cost.nano;
    int64_t day_cost = holding->day_cost.nano;
    tw_money value = {0};
    if (tw_notional(position->position.current_price, holding->quantity, &value) == TW_OK)
        position->market_value = value;
    position->unrealized_pl.nano = value.nano - cost;
    position->unrealized_plpc_nano = ratio(position->unrealized_pl.nano, cost < 0 ? -cost : cost);
    position->unrealized_intraday_pl.nano = value.nano - day_cost;
    position->unrealized_intraday_plpc_nano =
        ratio(position->unrealized_intraday_pl.nano, day_cost < 0 ? -day_cost : day_cost);
}

/* A position is in dollars: nothing was swapped, and no second set of figures says so. */
#define POSITION_PRESENT (TW_ALPACA_BIT(TW_ALPACA_POSITION_SWAP_RATE) - 1)
_Static_assert(TW_ALPACA_POSITION_AVG_ENTRY_SWAP_RATE > TW_ALPACA_POSITION_SWAP_RATE &&
                   TW_ALPACA_POSITION_USD > TW_ALPACA_POSITION_SWAP_RATE,
               "what another currency needs comes last");

void words_position(const ledger_account *account, tw_symbol symbol, const tw_symbols *symbols,
                    tw_price price, tw_price previous_close, tw_alpaca_position *ret_position) {
    const ledger_holding *holding = &account->holdings[symbol];
    bool is_short = holding->quantity.nano < 0;
    *ret_position = (tw_alpaca_position){
        .position = {.quantity = holding->quantity, .current_price = price, .symbol = symbol},
        .available = account_available(holding),
        .cost_basis = holding->cost,
        .lastday_price = previous_close,
        .asset_marginable = account->multiplier_max > 1,
        .present = POSITION_PRESENT,
    };
    if (is_short)
        ret_position->available.nano = -ret_position->available.nano;
    ret_position->position.average_price.nano = ratio(holding->cost.nano, holding->quantity.nano);
    snprintf(ret_position->symbol, sizeof ret_position->symbol, "%s",
             tw_symbols_name(symbols, symbol));
    words_asset_id(ret_position->symbol, ret_position->asset_id);
    snprintf(ret_position->exchange, sizeof ret_position->exchange, "%s",
             assets_exchange(ret_position->symbol));
    snprintf(ret_position->asset_class, sizeof ret_position->asset_class, "us_equity");
    snprintf(ret_position->side, sizeof ret_position->side, is_short ? "short" : "long");
    words_profit(holding, ret_position);
    ret_position->change_today_nano = ratio(price.nano - previous_close.nano, previous_close.nano);
}

void words_account(const account_ledger *ledger, const ledger_account *account,
                   tw_alpaca_account *ret_account) {
    account_figures figures;
    account_figures_of(ledger, account, &figures);
    *ret_account = (tw_alpaca_account){
        .cash = account->cash,
        .equity = figures.equity,
        .last_equity = account->last_equity,
        .portfolio_value = figures.equity,
        .buying_power = figures.buying_power,
        .regt_buying_power = figures.regt_buying_power,
        .daytrading_buying_power = figures.daytrading_buying_power,
        .effective_buying_power = figures.buying_power,
        .non_marginable_buying_power = figures.non_marginable_buying_power,
        .options_buying_power = figures.non_marginable_buying_power,
        .long_market_value = figures.long_market_value,
        .short_market_value = figures.short_market_value,
        .position_market_value = figures.position_market_value,
        .initial_margin = figures.initial_margin,
        .maintenance_margin = figures.maintenance_margin,
        .last_maintenance_margin = account->last_maintenance_margin,
        .multiplier_nano = figures.multiplier * TW_NANO,
        .shorting_enabled = figures.shorting_enabled,
        .sma = figures.memo,
        .daytrade_count = day_trades_count(ledger, account),
        .pattern_day_trader = day_trades_flagged(ledger, account),
        .trade_suspended_by_user = account->settings.suspend_trade,
        .created_ns = account->created_ns,
        .present = ~UINT64_C(0),
    };
    snprintf(ret_account->id, sizeof ret_account->id, "%s", account->id);
    snprintf(ret_account->account_number, sizeof ret_account->account_number, "SIM%.8s",
             account->id);
    snprintf(ret_account->status, sizeof ret_account->status, "ACTIVE");
    snprintf(ret_account->crypto_status, sizeof ret_account->crypto_status, "INACTIVE");
    snprintf(ret_account->currency, sizeof ret_account->currency, "USD");
    tw_date date = tw_date_from_days(session_previous_trading_day(ledger_day(ledger)));
    snprintf(ret_account->balance_asof, sizeof ret_account->balance_asof, "%04d-%02d-%02d",
             (int)date.year, (int)date.month, (int)date.day);
}

void words_clock(int64_t now_ns, tw_alpaca_clock *ret_clock) {
    int64_t next_open = session_next_open(now_ns);
    int64_t next_close = session_next_close(now_ns);
    *ret_clock = (tw_alpaca_clock){
        .timestamp_ns = now_ns,
        .next_open_ns = next_open,
        .next_close_ns = next_close,
        .timestamp_offset = session_offset_seconds(now_ns),
        .next_open_offset = session_offset_seconds(next_open),
        .next_close_offset = session_offset_seconds(next_close),
        .is_open = session_phase_at(now_ns, NULL) == SESSION_REGULAR,
        .present = ~UINT64_C(0),
    };
}
