/*
 * order_gate.c - what an order must be to be taken, refused in Alpaca's words otherwise.
 *
 * The checks run from the cheapest to the dearest and stop at the first that fails: words and
 * prices (order_rules.c, order_groups.c), client order id, hours, quantity, then money or shares
 * (account_power.c). Nothing is changed here.
 */
#include <stdio.h>
#include <string.h>

#include "ledger_priv.h"

static bool has(const tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    return (request->present & TW_ALPACA_BIT(field)) != 0;
}

/* ---- words that depend on the market --------------------------------------------------------- */

/* A stop is on the far side of the market: below it to sell, above it to buy. */
static tw_status check_stop(const account_ledger *ledger, const tw_order *order,
                            ledger_refusal *refusal) {
    int64_t market = floor_price(ledger->floor, order->symbol).nano;
    bool sells = order->side == TW_SIDE_SELL;
    bool stops = order->type == TW_ORDER_STOP || order->type == TW_ORDER_STOP_LIMIT;
    if (!stops || market <= 0)
        return TW_OK;
    if (sells ? order->stop_price.nano < market : order->stop_price.nano > market)
        return TW_OK;
    char texts[2][TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(market, texts[0]);
    tw_decimal_format(order->stop_price.nano, texts[1]);
    (void)refuse(refusal, 422, CODE_RULE, "stop price must be %s than current price",
                 sells ? "less" : "greater");
    refusal_detail(refusal, "market_price", texts[0]);
    refusal_detail(refusal, "stop_price", texts[1]);
    return TW_REFUSED;
}

/* Where a trailing stop stands as it comes: its mark is the market's price. */
static tw_status place_trail(const account_ledger *ledger, ledger_order *order,
                             ledger_refusal *refusal) {
    if (order->order.type != TW_ORDER_TRAILING_STOP)
        return TW_OK;
    order->high_water_mark = floor_price(ledger->floor, order->order.symbol);
    if (!order_rules_place_trail(order))
        return refuse(refusal, 422, CODE_RULE, "no stop price for %s",
                      tw_symbols_name(ledger->symbols, order->order.symbol));
    return TW_OK;
}

/* ---- quantity ------------------------------------------------------------------------------ */

static tw_status quantity_of_notional(const account_ledger *ledger,
                                      const tw_alpaca_order_request *request, ledger_order *order,
                                      ledger_refusal *refusal) {
    if (request->type != TW_ORDER_MARKET || request->time_in_force != TW_DAY)
        return refuse(refusal, 422, CODE_RULE, "notional orders must be market DAY orders");
    order->notional = request->notional;
    if (tw_decimal_divide(request->notional.nano, account_power_ask(ledger, order->order.symbol),
                          TW_ROUND_DOWN, &order->order.quantity.nano) != TW_OK)
        order->order.quantity.nano = TW_ALPACA_AMOUNT_NANO_MAX; /* more than anybody can pay */
    return TW_OK;
}

/* Quantity from `qty`, or from `notional` at the market's price. */
static tw_status decide_quantity(const account_ledger *ledger,
                                 const tw_alpaca_order_request *request, ledger_order *order,
                                 ledger_refusal *refusal) {
    bool by_quantity = has(request, TW_ALPACA_REQUEST_QTY);
    bool by_notional = has(request, TW_ALPACA_REQUEST_NOTIONAL);
    if (by_quantity && by_notional)
        return refuse(refusal, 422, CODE_REQUEST, "only one of qty or notional is accepted");
    if (!by_quantity && !by_notional)
        return refuse(refusal, 422, CODE_REQUEST, "qty or notional is required");
    order->order.quantity = request->quantity;
    tw_status status = by_notional ? quantity_of_notional(ledger, request, order, refusal) : TW_OK;
    if (status != TW_OK)
        return status;
    if (order->order.quantity.nano <= 0)
        return refuse(refusal, 422, CODE_REQUEST, "%s must be > 0",
                      by_notional ? "notional" : "qty");
    bool fractional = by_notional || order->order.quantity.nano % TW_NANO != 0;
    if (fractional && request->time_in_force != TW_DAY)
        return refuse(refusal, 422, CODE_RULE, "fractional orders must be DAY orders");
    if (fractional && order->group != ORDER_SIMPLE)
        return refuse(refusal, 422, CODE_RULE, "fractional orders must be simple orders");
    return TW_OK;
}

/* ---- money and shares ---------------------------------------------------------------------- */

/* What the account would own after the sale must fit, also at a bid better than the limit. */
static bool sale_fits(const account_ledger *ledger, const ledger_account *account,
                      const tw_order *order, int64_t price_nano) {
    tw_quote quote;
    int64_t value = 0;
    floor_quote(ledger->floor, order->symbol, &quote);
    if (quote.bid_size.nano > 0 && quote.bid_price.nano > price_nano)
        price_nano = quote.bid_price.nano;
    return tw_decimal_multiply(price_nano, order->quantity.nano, TW_ROUND_CEILING, &value) ==
               TW_OK &&
           value <= INT64_MAX / 2 - account->cash.nano;
}

tw_status order_gate_funds(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, const ledger_order *replaced,
                           power_hold *ret_hold, ledger_refusal *ret_refusal) {
    int64_t price_nano = 0;
    power_order asked = {
        .symbol = order->order.symbol,
        .side = (tw_side)order->order.side,
        .limit_nano = order->order.limit_price.nano,
        .stop_nano = order->order.stop_price.nano,
        .quantity = {order->order.quantity.nano - order->order.filled.nano},
    };
    if (replaced != NULL && replaced->holds_shares)
        asked.replaced_quantity.nano = replaced->reserved_nano;
    else if (replaced != NULL)
        asked.replaced_money.nano = replaced->reserved_nano;
    tw_status status = account_power_price(ledger, &asked, &price_nano, ret_refusal);
    if (status == TW_OK)
        status = account_power_decide(ledger, account, &asked, price_nano, ret_hold, ret_refusal);
    if (status == TW_OK && order->order.side == TW_SIDE_SELL &&
        !sale_fits(ledger, account, &order->order, price_nano))
        return refuse(ret_refusal, 422, CODE_REQUEST, "order value is out of range");
    return status;
}

static const char *intent_of(const tw_order *order, const power_hold *hold) {
    if (order->side == TW_SIDE_BUY)
        return hold->shares ? "buy_to_close" : "buy_to_open";
    return hold->shares ? "sell_to_close" : "sell_to_open";
}

/* What the order does to a position must be what its class and the client's intent say. */
static tw_status check_intent(const tw_alpaca_order_request *request, const ledger_order *order,
                              const power_hold *hold, ledger_refusal *refusal) {
    const char *intent = intent_of(&order->order, hold);
    if (order->group == ORDER_OCO && !hold->shares)
        return refuse(refusal, 422, CODE_RULE, "oco orders must be exit orders");
    if (order->group != ORDER_OCO && order->group != ORDER_SIMPLE && hold->shares)
        return refuse(refusal, 422, CODE_RULE, "%s orders must be entry orders",
                      request->order_class);
    if (request->position_intent[0] != '\0' && strcmp(request->position_intent, intent) != 0)
        return refuse(refusal, 422, CODE_RULE,
                      "position intent mismatch, inferred: %s, specified: %s", intent,
                      request->position_intent);
    return TW_OK;
}

/* ---- ids and room -------------------------------------------------------------------------- */

tw_status order_gate_client_id(const account_ledger *ledger, const ledger_account *account,
                               const tw_alpaca_order_request *request,
                               ledger_refusal *ret_refusal) {
    size_t size = strlen(request->client_order_id);
    bool given = size > 0;
    if (size > 128 || (given && !has(request, TW_ALPACA_REQUEST_CLIENT_ORDER_ID)))
        return refuse(ret_refusal, 422, CODE_REQUEST,
                      "client_order_id must be no more than 128 characters");
    if (given && ledger_find_client(ledger, account, tw_slice_of(request->client_order_id)) != NULL)
        return refuse(ret_refusal, 422, CODE_REQUEST, "client_order_id must be unique");
    return TW_OK;
}

tw_status order_gate_room(const account_ledger *ledger, uint32_t count,
                          ledger_refusal *ret_refusal) {
    if (ledger->order_count_max - ledger->order_count < count)
        return refuse(ret_refusal, 403, CODE_FUNDS, "the exchange takes no more than %u orders",
                      ledger->order_count_max);
    return TW_OK;
}

/* ---- the gate ------------------------------------------------------------------------------ */

/* The limit of an OCO is that of its take-profit. */
static tw_alpaca_order_request completed(const tw_alpaca_order_request *request) {
    tw_alpaca_order_request complete = *request;
    if (strcmp(request->order_class, "oco") == 0 && request->type == TW_ORDER_LIMIT &&
        !has(request, TW_ALPACA_REQUEST_LIMIT_PRICE) &&
        request->take_profit_limit_price.nano != 0) {
        complete.limit_price = request->take_profit_limit_price;
        complete.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE);
    }
    return complete;
}

static tw_status check_request(const account_ledger *ledger, const ledger_account *account,
                               const tw_alpaca_order_request *request, order_class *ret_class,
                               ledger_refusal *refusal) {
    tw_status status = order_rules_check(request, refusal);
    if (status == TW_OK)
        status = order_groups_check(request, ret_class, refusal);
    if (status == TW_OK)
        status = order_gate_client_id(ledger, account, request, refusal);
    if (status == TW_OK)
        status = order_gate_room(
            ledger, 1 + (*ret_class == ORDER_SIMPLE ? 0 : LEDGER_LEG_COUNT_MAX), refusal);
    return status == TW_OK
               ? order_hours_check(ledger, (tw_time_in_force)request->time_in_force, refusal)
               : status;
}

static ledger_order order_of(const tw_alpaca_order_request *request, tw_symbol symbol,
                             order_class class) {
    ledger_order order = {
        .order = {.limit_price = request->limit_price,
                  .stop_price = request->stop_price,
                  .symbol = symbol,
                  .side = request->side,
                  .type = request->type,
                  .time_in_force = request->time_in_force,
                  .status = TW_ORDER_PENDING_NEW,
                  .extended_hours = request->extended_hours ? 1 : 0},
        .group = (uint8_t) class,
        .trail_price = request->trail_price,
        .trail_percent_nano = request->trail_percent_nano,
    };
    memcpy(order.order.client_order_id, request->client_order_id,
           sizeof order.order.client_order_id);
    return order;
}

/* What the legs' prices are compared with. */
static int64_t base_price(const account_ledger *ledger, const ledger_order *order) {
    if (order->group != ORDER_OCO && order->order.limit_price.nano != 0)
        return order->order.limit_price.nano;
    if (order->order.stop_price.nano != 0)
        return order->order.stop_price.nano;
    return floor_price(ledger->floor, order->order.symbol).nano;
}

tw_status order_gate(const account_ledger *ledger, const ledger_account *account,
                     const tw_alpaca_order_request *given, order_ticket *ret_ticket,
                     ledger_refusal *ret_refusal) {
    const tw_alpaca_order_request request = completed(given);
    tw_symbol symbol = tw_symbols_find(ledger->symbols, tw_slice_of(request.symbol));
    if (symbol == TW_SYMBOL_NONE)
        return refuse(ret_refusal, 422, CODE_RULE, "asset \"%s\" not found", request.symbol);
    if (ledger_is_hard_to_borrow(ledger, symbol) &&
        has(&request, TW_ALPACA_REQUEST_TIME_IN_FORCE) && request.time_in_force != TW_DAY)
        return refuse(ret_refusal, 422, CODE_RULE,
                      "only day orders are allowed for hard-to-borrow asset \"%s\"",
                      request.symbol);
    order_class class = ORDER_SIMPLE;
    tw_status status = check_request(ledger, account, &request, &class, ret_refusal);
    if (status != TW_OK)
        return status;
    *ret_ticket = (order_ticket){.order = order_of(&request, symbol, class)};
    ledger_order *order = &ret_ticket->order;
    status = check_stop(ledger, &order->order, ret_refusal);
    if (status == TW_OK)
        status = place_trail(ledger, order, ret_refusal);
    if (status == TW_OK)
        status = decide_quantity(ledger, &request, order, ret_refusal);
    if (status == TW_OK)
        status = order_wash_check(ledger, account, order, ret_refusal);
    if (status == TW_OK)
        status = order_gate_funds(ledger, account, order, NULL, &ret_ticket->hold, ret_refusal);
    if (status == TW_OK)
        status = check_intent(&request, order, &ret_ticket->hold, ret_refusal);
    order->reserve_price_nano = ret_ticket->hold.price_nano;
    order->holds_shares = ret_ticket->hold.shares;
    if (status == TW_OK)
        status = order_groups_make(&request, base_price(ledger, order), ret_ticket, ret_refusal);
    return status == TW_OK
               ? day_trades_check(ledger, account, order, ret_ticket->leg_count > 0, ret_refusal)
               : status;
}
