/*
 * order_gate.c - what an order must be to be taken, refused in Alpaca's words otherwise.
 *
 * The checks run from the cheapest to the dearest and stop at the first that fails: words,
 * prices, client order id, then money or shares. Nothing is changed here.
 */
#include <string.h>

#include "ledger_priv.h"

static bool has(const tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    return (request->present & TW_ALPACA_BIT(field)) != 0;
}

static tw_status check_words(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    if (!has(request, TW_ALPACA_REQUEST_SIDE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid side: \"%s\"", request->side_word);
    if (!has(request, TW_ALPACA_REQUEST_TYPE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid type: \"%s\"", request->type_word);
    if (!has(request, TW_ALPACA_REQUEST_TIME_IN_FORCE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid time_in_force: \"%s\"",
                      request->time_in_force_word);
    if (request->type != TW_ORDER_MARKET && request->type != TW_ORDER_LIMIT)
        return refuse(refusal, 422, CODE_RULE, "%s orders are not supported",
                      tw_order_type_name((tw_order_type)request->type));
    if (request->time_in_force == TW_AT_OPEN || request->time_in_force == TW_AT_CLOSE)
        return refuse(refusal, 422, CODE_RULE, "time_in_force %s is not supported",
                      tw_time_in_force_name((tw_time_in_force)request->time_in_force));
    bool simple = request->order_class[0] == '\0' || strcmp(request->order_class, "simple") == 0;
    if (!simple)
        return refuse(refusal, 422, CODE_RULE, "order_class %s is not supported",
                      request->order_class);
    bool day_limit = request->type == TW_ORDER_LIMIT && request->time_in_force == TW_DAY;
    if (request->extended_hours && !day_limit)
        return refuse(refusal, 422, CODE_RULE, "extended hours order must be DAY limit orders");
    return TW_OK;
}

static tw_status check_price(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    bool limited = has(request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    if (request->type == TW_ORDER_MARKET) {
        if (limited || has(request, TW_ALPACA_REQUEST_STOP_PRICE))
            return refuse(refusal, 422, CODE_REQUEST,
                          "market orders require no stop or limit price");
        return TW_OK;
    }
    if (!limited || has(request, TW_ALPACA_REQUEST_STOP_PRICE))
        return refuse(refusal, 422, CODE_REQUEST, "limit orders require only limit price");
    int64_t nano = request->limit_price.nano;
    if (nano <= 0)
        return refuse(refusal, 422, CODE_REQUEST, "limit price must be > 0");
    int64_t increment = nano >= TW_NANO ? TW_NANO / 100 : TW_NANO / 10000;
    if (nano % increment != 0) {
        char price[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(nano, price);
        return refuse(refusal, 422, CODE_RULE,
                      "invalid limit_price %s. sub-penny increment does not fulfill minimum "
                      "pricing criteria",
                      price);
    }
    return TW_OK;
}

/* Quantity from `qty`, or from `notional` at the market's price. */
static tw_status decide_quantity(const account_ledger *ledger,
                                 const tw_alpaca_order_request *request, order_ticket *ticket,
                                 ledger_refusal *refusal) {
    bool by_quantity = has(request, TW_ALPACA_REQUEST_QTY);
    bool by_notional = has(request, TW_ALPACA_REQUEST_NOTIONAL);
    if (by_quantity && by_notional)
        return refuse(refusal, 422, CODE_REQUEST, "only one of qty or notional is accepted");
    if (!by_quantity && !by_notional)
        return refuse(refusal, 422, CODE_REQUEST, "qty or notional is required");
    ticket->order.quantity = request->quantity;
    if (by_notional) {
        if (request->type != TW_ORDER_MARKET || request->time_in_force != TW_DAY)
            return refuse(refusal, 422, CODE_RULE, "notional orders must be market DAY orders");
        ticket->notional = request->notional;
        if (request->notional.nano > INT64_MAX / 2 || /* leaves room for the collar */
            tw_decimal_divide(request->notional.nano,
                              account_power_ask(ledger, ticket->order.symbol), TW_ROUND_DOWN,
                              &ticket->order.quantity.nano) != TW_OK)
            return refuse(refusal, 422, CODE_REQUEST, "notional is out of range");
    }
    if (ticket->order.quantity.nano <= 0)
        return refuse(refusal, 422, CODE_REQUEST, "%s must be > 0",
                      by_notional ? "notional" : "qty");
    if (ticket->order.quantity.nano % TW_NANO != 0 && request->time_in_force != TW_DAY)
        return refuse(refusal, 422, CODE_RULE, "fractional orders must be DAY orders");
    return TW_OK;
}

/* What the account would own after the sale must fit, also at a bid better than the limit. */
static bool sale_fits(const account_ledger *ledger, const ledger_account *account,
                      const order_ticket *ticket) {
    tw_quote quote;
    int64_t value = 0;
    int64_t price = ticket->hold.price_nano;
    floor_quote(ledger->floor, ticket->order.symbol, &quote);
    if (quote.bid_size.nano > 0 && quote.bid_price.nano > price)
        price = quote.bid_price.nano;
    return tw_decimal_multiply(price, ticket->order.quantity.nano, TW_ROUND_CEILING, &value) ==
               TW_OK &&
           value <= INT64_MAX / 2 - account->cash.nano;
}

static tw_status check_funds(const account_ledger *ledger, const ledger_account *account,
                             power_order *asked, int64_t price_nano, order_ticket *ticket,
                             ledger_refusal *refusal) {
    asked->quantity = ticket->order.quantity;
    tw_status status =
        account_power_decide(ledger, account, asked, price_nano, &ticket->hold, refusal);
    if (status == TW_OK && ticket->order.side == TW_SIDE_SELL &&
        !sale_fits(ledger, account, ticket))
        return refuse(refusal, 422, CODE_REQUEST, "qty is out of range");
    return status;
}

static tw_status check_client_id(const account_ledger *ledger, const ledger_account *account,
                                 const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    size_t size = strlen(request->client_order_id);
    bool given = size > 0;
    if (size > 128 || (given && !has(request, TW_ALPACA_REQUEST_CLIENT_ORDER_ID)))
        return refuse(refusal, 422, CODE_REQUEST,
                      "client_order_id must be no more than 128 characters");
    if (given && ledger_find_client(ledger, account, tw_slice_of(request->client_order_id)) != NULL)
        return refuse(refusal, 422, CODE_REQUEST, "client_order_id must be unique");
    return TW_OK;
}

tw_status order_gate(const account_ledger *ledger, const ledger_account *account,
                     const tw_alpaca_order_request *request, order_ticket *ret_ticket,
                     ledger_refusal *ret_refusal) {
    tw_symbol symbol = tw_symbols_find(ledger->symbols, tw_slice_of(request->symbol));
    if (symbol == TW_SYMBOL_NONE)
        return refuse(ret_refusal, 422, CODE_RULE, "asset \"%s\" not found", request->symbol);
    tw_status status = check_words(request, ret_refusal);
    if (status == TW_OK)
        status = check_price(request, ret_refusal);
    if (status == TW_OK)
        status = check_client_id(ledger, account, request, ret_refusal);
    if (status != TW_OK)
        return status;
    if (ledger->order_count == ledger->order_count_max)
        return refuse(ret_refusal, 403, CODE_FUNDS, "the exchange takes no more than %u orders",
                      ledger->order_count_max);
    *ret_ticket = (order_ticket){
        .order = {.limit_price = request->limit_price,
                  .symbol = symbol,
                  .side = request->side,
                  .type = request->type,
                  .time_in_force = request->time_in_force,
                  .extended_hours = request->extended_hours ? 1 : 0},
    };
    memcpy(ret_ticket->order.client_order_id, request->client_order_id,
           sizeof ret_ticket->order.client_order_id);
    int64_t price_nano = 0;
    power_order asked = {.symbol = symbol, .side = (tw_side)request->side};
    asked.limit_nano = request->type == TW_ORDER_LIMIT ? request->limit_price.nano : 0;
    status = account_power_price(ledger, &asked, &price_nano, ret_refusal);
    if (status == TW_OK)
        status = decide_quantity(ledger, request, ret_ticket, ret_refusal);
    if (status == TW_OK)
        status = check_funds(ledger, account, &asked, price_nano, ret_ticket, ret_refusal);
    return status;
}
