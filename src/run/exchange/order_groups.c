/*
 * order_groups.c - brackets, OCO and OTO: what they must have, and their legs.
 *
 *     bracket   an entry, a take-profit (limit) and a stop-loss (stop, or stop-limit)
 *     oto       an entry and one of these
 *     oco       both of these for a position that is there; the take-profit is the order itself
 *
 * Legs have the entry's quantity and time in force and the other side. Their prices must be at
 * least a cent beyond the base price: the entry's limit, or the market's price.
 *
 * Source: Alpaca's page "Orders at Alpaca", sections on bracket, OCO and OTO orders.
 */
#include <string.h>

#include "ledger_priv.h"

static const int64_t CENT_NANO = TW_NANO / 100;

static bool has(const tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    return (request->present & TW_ALPACA_BIT(field)) != 0;
}

static bool takes_profit(const tw_alpaca_order_request *request) {
    return has(request, TW_ALPACA_REQUEST_TAKE_PROFIT);
}

static bool stops_loss(const tw_alpaca_order_request *request) {
    return has(request, TW_ALPACA_REQUEST_STOP_LOSS);
}

static tw_status find_class(const tw_alpaca_order_request *request, order_class *ret_class,
                            ledger_refusal *refusal) {
    static const char *const names[] = {"simple", "bracket", "oco", "oto"};
    if (request->order_class[0] == '\0') {
        *ret_class = ORDER_SIMPLE;
        return TW_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(request->order_class, names[i]) == 0) {
            *ret_class = (order_class)i;
            return TW_OK;
        }
    }
    return refuse(refusal, 422, CODE_REQUEST, "invalid order_class: \"%s\"", request->order_class);
}

/* What every class but the simple one asks of the order that leads. */
static tw_status check_head(const tw_alpaca_order_request *request, order_class class,
                            ledger_refusal *refusal) {
    const char *name = request->order_class;
    if (request->time_in_force != TW_DAY && request->time_in_force != TW_GOOD_TILL_CANCELED)
        return refuse(refusal, 422, CODE_RULE, "%s orders must be DAY or GTC orders", name);
    if (request->extended_hours)
        return refuse(refusal, 422, CODE_RULE, "extended hours orders must be simple orders");
    if (class == ORDER_OCO && request->type != TW_ORDER_LIMIT)
        return refuse(refusal, 422, CODE_RULE, "oco orders must be limit orders");
    if (request->type == TW_ORDER_TRAILING_STOP)
        return refuse(refusal, 422, CODE_RULE, "trailing stop orders must be simple orders");
    return TW_OK;
}

tw_status order_groups_check(const tw_alpaca_order_request *request, order_class *ret_class,
                             ledger_refusal *ret_refusal) {
    tw_status status = find_class(request, ret_class, ret_refusal);
    if (status != TW_OK)
        return status;
    const char *name = request->order_class;
    bool profit = takes_profit(request);
    bool loss = stops_loss(request);
    if (*ret_class == ORDER_SIMPLE)
        return profit || loss ? refuse(ret_refusal, 422, CODE_RULE,
                                       "simple orders take no take_profit and no stop_loss")
                              : TW_OK;
    status = check_head(request, *ret_class, ret_refusal);
    if (status != TW_OK)
        return status;
    if (*ret_class == ORDER_OTO && profit == loss)
        return refuse(ret_refusal, 422, CODE_RULE,
                      "oto orders require one of take_profit and stop_loss");
    if ((profit || *ret_class != ORDER_OTO) && request->take_profit_limit_price.nano == 0)
        return refuse(ret_refusal, 422, CODE_RULE, "%s orders require take_profit.limit_price",
                      name);
    if ((loss || *ret_class != ORDER_OTO) && request->stop_loss_stop_price.nano == 0)
        return refuse(ret_refusal, 422, CODE_RULE, "%s orders require stop_loss.stop_price", name);
    return TW_OK;
}

/* ---- prices -------------------------------------------------------------------------------- */

/* `name` must be at least a cent above (below) the base price. */
static tw_status check_beyond(const char *name, int64_t nano, int64_t base_nano, bool above,
                              ledger_refusal *refusal) {
    bool beyond = above ? nano >= base_nano + CENT_NANO : nano <= base_nano - CENT_NANO;
    if (beyond)
        return TW_OK;
    char base[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(base_nano, base);
    (void)refuse(refusal, 422, CODE_RULE, "%s must be %s base_price %s 0.01", name,
                 above ? ">=" : "<=", above ? "+" : "-");
    refusal_detail(refusal, "base_price", base);
    return TW_REFUSED;
}

static tw_status check_profit(const tw_alpaca_order_request *request, bool sells, int64_t base_nano,
                              ledger_refusal *refusal) {
    tw_status status =
        order_rules_price("take_profit.limit_price", request->take_profit_limit_price, refusal);
    return status != TW_OK
               ? status
               : check_beyond("take_profit.limit_price", request->take_profit_limit_price.nano,
                              base_nano, sells, refusal);
}

static tw_status check_loss(const tw_alpaca_order_request *request, bool sells, int64_t base_nano,
                            ledger_refusal *refusal) {
    tw_status status =
        order_rules_price("stop_loss.stop_price", request->stop_loss_stop_price, refusal);
    if (status == TW_OK && request->stop_loss_limit_price.nano != 0)
        status =
            order_rules_price("stop_loss.limit_price", request->stop_loss_limit_price, refusal);
    return status != TW_OK
               ? status
               : check_beyond("stop_loss.stop_price", request->stop_loss_stop_price.nano, base_nano,
                              !sells, refusal);
}

/* ---- legs ---------------------------------------------------------------------------------- */

static ledger_order *add_leg(order_ticket *ticket, uint8_t side) {
    ledger_order *leg = &ticket->legs[ticket->leg_count++];
    const tw_order *entry = &ticket->order.order;
    *leg = (ledger_order){
        .order = {.quantity = entry->quantity,
                  .symbol = entry->symbol,
                  .side = side,
                  .time_in_force = entry->time_in_force,
                  .status = TW_ORDER_HELD},
        .group = ticket->order.group,
        .holds_shares = true,
    };
    return leg;
}

static void add_profit(const tw_alpaca_order_request *request, order_ticket *ticket, uint8_t side) {
    ledger_order *leg = add_leg(ticket, side);
    leg->order.type = TW_ORDER_LIMIT;
    leg->order.limit_price = request->take_profit_limit_price;
    leg->reserve_price_nano = request->take_profit_limit_price.nano;
}

static tw_status add_loss(const tw_alpaca_order_request *request, order_ticket *ticket,
                          uint8_t side, ledger_refusal *refusal) {
    bool limited = request->stop_loss_limit_price.nano != 0;
    bool is_second = ticket->leg_count > 0 || ticket->order.group == ORDER_OCO;
    ledger_order *leg = add_leg(ticket, side);
    int64_t stop = request->stop_loss_stop_price.nano;
    leg->order.type = limited ? TW_ORDER_STOP_LIMIT : TW_ORDER_STOP;
    leg->order.stop_price = request->stop_loss_stop_price;
    leg->order.limit_price = request->stop_loss_limit_price;
    leg->passive = is_second;
    if (tw_decimal_multiply(stop, account_power_collar(stop), TW_ROUND_CEILING,
                            &leg->reserve_price_nano) != TW_OK)
        return refuse(refusal, 422, CODE_REQUEST, "stop_loss.stop_price is out of range");
    return TW_OK;
}

tw_status order_groups_make(const tw_alpaca_order_request *request, int64_t base_nano,
                            order_ticket *ticket, ledger_refusal *ret_refusal) {
    order_class class = (order_class)ticket->order.group;
    uint8_t side = ticket->order.order.side;
    tw_status status = TW_OK;
    if (class == ORDER_SIMPLE)
        return TW_OK;
    if (class != ORDER_OCO)
        side = side == TW_SIDE_BUY ? TW_SIDE_SELL : TW_SIDE_BUY;
    bool sells = side == TW_SIDE_SELL;
    if (takes_profit(request))
        status = check_profit(request, sells, base_nano, ret_refusal);
    if (status == TW_OK && stops_loss(request))
        status = check_loss(request, sells, base_nano, ret_refusal);
    if (status != TW_OK)
        return status;
    if (takes_profit(request) && class != ORDER_OCO)
        add_profit(request, ticket, side);
    return stops_loss(request) ? add_loss(request, ticket, side, ret_refusal) : TW_OK;
}
