/*
 * order_replace.c - an order with other figures in place of an open one.
 *
 * The new order is for what the client asks, or else for what the old one has open; it takes the
 * old one's place on the floor and in its group, and keeps its turn there where it asks for no more
 * at no other price (match.h). The old one is final: nothing can fail once it is. Both are told.
 *
 * Source: Alpaca's page "Orders at Alpaca", section on replacing, and its recorded refusals.
 */
#include <string.h>

#include "ledger_priv.h"

static bool has(const tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    return (request->present & TW_ALPACA_BIT(field)) != 0;
}

static tw_status check_state(const account_ledger *ledger, const ledger_order *order,
                             ledger_refusal *refusal) {
    if (!order_is_live(order))
        return refuse(refusal, 422, CODE_REQUEST, "only open orders can be replaced");
    if (order->order.status == TW_ORDER_PENDING_NEW || order_is_pending(order))
        return refuse(refusal, 422, CODE_RULE, "cannot replace order in %s status",
                      order->place == ORDER_WAITS
                          ? "accepted"
                          : tw_order_status_name((tw_order_status)order->order.status));
    if (tw_match_is_halted(floor_match(ledger->floor), order->order.symbol))
        return refuse(refusal, 422, CODE_RULE, "cannot replace order while %s is halted",
                      tw_symbols_name(ledger->symbols, order->order.symbol));
    return TW_OK;
}

/* ---- the new figures ----------------------------------------------------------------------- */

/* The request that the new order would have come with. */
static tw_alpaca_order_request request_of(const ledger_order *order,
                                          const tw_alpaca_order_request *changes) {
    tw_alpaca_order_request request = {
        .side = order->order.side,
        .type = order->order.type,
        .time_in_force = order->order.time_in_force,
        .extended_hours = order->order.extended_hours != 0,
        .limit_price = order->order.limit_price,
        .stop_price = order->order.stop_price,
        .trail_price = order->trail_price,
        .trail_percent_nano = order->trail_percent_nano,
        .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_SIDE) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_TYPE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_TIME_IN_FORCE),
    };
    bool trails = request.type == TW_ORDER_TRAILING_STOP;
    if (request.limit_price.nano != 0)
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE);
    if (request.stop_price.nano != 0 && !trails)
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_PRICE);
    if (request.trail_price.nano != 0)
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_TRAIL_PRICE);
    if (request.trail_percent_nano != 0)
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_TRAIL_PERCENT);
    static const uint64_t prices =
        TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_PRICE);
    request.present |= changes->present & prices;
    if (has(changes, TW_ALPACA_REQUEST_LIMIT_PRICE))
        request.limit_price = changes->limit_price;
    if (has(changes, TW_ALPACA_REQUEST_STOP_PRICE))
        request.stop_price = changes->stop_price;
    if (has(changes, TW_ALPACA_REQUEST_TIME_IN_FORCE))
        request.time_in_force = changes->time_in_force;
    if (has(changes, TW_ALPACA_REQUEST_TRAIL) && request.trail_percent_nano != 0)
        request.trail_percent_nano = changes->trail.nano;
    else if (has(changes, TW_ALPACA_REQUEST_TRAIL))
        request.trail_price = changes->trail;
    return request;
}

static tw_status check_time_in_force(const ledger_order *order,
                                     const tw_alpaca_order_request *changes,
                                     ledger_refusal *refusal) {
    bool rests =
        changes->time_in_force == TW_DAY || changes->time_in_force == TW_GOOD_TILL_CANCELED;
    if (!has(changes, TW_ALPACA_REQUEST_TIME_IN_FORCE))
        return changes->time_in_force_word[0] == '\0'
                   ? TW_OK
                   : refuse(refusal, 422, CODE_REQUEST, "invalid time_in_force: \"%s\"",
                            changes->time_in_force_word);
    if (!rests || order->group != ORDER_SIMPLE)
        return refuse(refusal, 422, CODE_RULE, "time_in_force cannot be replaced by %s",
                      tw_time_in_force_name((tw_time_in_force)changes->time_in_force));
    return TW_OK;
}

static tw_status check_quantity(const ledger_order *order, const tw_alpaca_order_request *changes,
                                ledger_refusal *refusal) {
    int64_t nano = changes->quantity.nano;
    if (!has(changes, TW_ALPACA_REQUEST_QTY))
        return TW_OK;
    if (nano <= 0)
        return refuse(refusal, 422, CODE_REQUEST, "qty must be > 0");
    if (nano % TW_NANO != 0)
        return refuse(refusal, 422, CODE_RULE, "fractional orders cannot be replaced");
    if (order->group != ORDER_SIMPLE &&
        nano != order->order.quantity.nano - order->order.filled.nano)
        return refuse(refusal, 422, CODE_RULE, "qty of complex orders cannot be replaced");
    return TW_OK;
}

static ledger_order figures_of(const ledger_order *order, const tw_alpaca_order_request *changes,
                               const tw_alpaca_order_request *request) {
    ledger_order next = *order;
    memset(&next.order, 0, sizeof next.order);
    next.order = (tw_order){
        .quantity = {order->order.quantity.nano - order->order.filled.nano},
        .limit_price = request->limit_price,
        .stop_price = request->stop_price,
        .symbol = order->order.symbol,
        .side = order->order.side,
        .type = order->order.type,
        .time_in_force = request->time_in_force,
        .status = order->order.status == TW_ORDER_HELD ? TW_ORDER_HELD : TW_ORDER_NEW,
        .extended_hours = order->order.extended_hours,
    };
    if (has(changes, TW_ALPACA_REQUEST_QTY))
        next.order.quantity = changes->quantity;
    memcpy(next.order.client_order_id, changes->client_order_id, sizeof next.order.client_order_id);
    next.trail_price = request->trail_price;
    next.trail_percent_nano = request->trail_percent_nano;
    next.covered_nano = order->covered_nano - order->order.filled.nano;
    next.reserved_nano = 0;
    next.counted_nano = 0;
    next.notional_filled_nano = 0;
    next.filled_ns = 0;
    return next;
}

static bool is_changed(const ledger_order *order, const ledger_order *next) {
    return next->order.quantity.nano != order->order.quantity.nano - order->order.filled.nano ||
           next->order.limit_price.nano != order->order.limit_price.nano ||
           next->order.stop_price.nano != order->order.stop_price.nano ||
           next->order.time_in_force != order->order.time_in_force ||
           next->trail_price.nano != order->trail_price.nano ||
           next->trail_percent_nano != order->trail_percent_nano ||
           next->order.client_order_id[0] != '\0';
}

/* Legs hold what their entry has bought, at whatever price. */
static tw_status decide_hold(const account_ledger *ledger, const ledger_account *account,
                             const ledger_order *order, ledger_order *next,
                             ledger_refusal *refusal) {
    power_hold hold = {.price_nano = next->order.limit_price.nano, .shares = true};
    bool leg = order->parent != 0;
    if (leg && hold.price_nano == 0 &&
        tw_decimal_multiply(next->order.stop_price.nano,
                            account_power_collar(next->order.stop_price.nano), TW_ROUND_CEILING,
                            &hold.price_nano) != TW_OK)
        return refuse(refusal, 422, CODE_REQUEST, "stop price is out of range");
    tw_status status = leg ? TW_OK : order_gate_funds(ledger, account, next, order, &hold, refusal);
    next->reserve_price_nano = hold.price_nano;
    next->holds_shares = hold.shares;
    return status;
}

static tw_status decide(const account_ledger *ledger, const ledger_account *account,
                        const ledger_order *order, const tw_alpaca_order_request *changes,
                        ledger_order *ret_next, ledger_refusal *refusal) {
    tw_status status = check_state(ledger, order, refusal);
    if (status == TW_OK)
        status = check_time_in_force(order, changes, refusal);
    if (status == TW_OK)
        status = check_quantity(order, changes, refusal);
    const tw_alpaca_order_request request = request_of(order, changes);
    if (status == TW_OK && has(changes, TW_ALPACA_REQUEST_TRAIL) &&
        order->order.type != TW_ORDER_TRAILING_STOP)
        return refuse(refusal, 422, CODE_REQUEST, "only trailing stop orders take a trail");
    if (status == TW_OK)
        status = order_rules_check(&request, refusal);
    if (status == TW_OK)
        status = order_gate_client_id(ledger, account, changes, refusal);
    if (status == TW_OK)
        status = order_gate_room(ledger, 1, refusal);
    if (status != TW_OK)
        return status;
    *ret_next = figures_of(order, changes, &request);
    if (!is_changed(order, ret_next))
        return refuse(refusal, 422, CODE_RULE, "order parameters are not changed");
    if (ret_next->order.type == TW_ORDER_TRAILING_STOP && !order_rules_place_trail(ret_next))
        return refuse(refusal, 422, CODE_REQUEST, "trail is out of range");
    status = order_wash_check(ledger, account, ret_next, refusal);
    return status == TW_OK ? decide_hold(ledger, account, order, ret_next, refusal) : status;
}

/* ---- the exchange of one for the other ----------------------------------------------------- */

/* The new order takes the place of the old one in its group. */
static void take_over(account_ledger *ledger, const ledger_order *old, ledger_order *next) {
    uint32_t old_number = (uint32_t)(old - ledger->orders) + 1;
    uint32_t number = (uint32_t)(next - ledger->orders) + 1;
    next->match_id = old->match_id;
    ledger->orders[(old->match_id & ~FLOOR_USER_ID) - 1].holder = number - 1;
    next->place = old->place;
    next->replaces = old_number;
    for (uint32_t i = 0; i < LEDGER_LEG_COUNT_MAX; i++) {
        if (next->legs[i] != 0)
            ledger->orders[next->legs[i] - 1].parent = number;
        if (next->parent != 0 && ledger->orders[next->parent - 1].legs[i] == old_number)
            ledger->orders[next->parent - 1].legs[i] = number;
    }
}

static void retire(account_ledger *ledger, ledger_order *old, const ledger_order *next) {
    old->order.status = TW_ORDER_REPLACED;
    old->order.updated_ns = floor_now(ledger->floor);
    old->replaced_ns = old->order.updated_ns;
    old->replaced_by = (uint32_t)(next - ledger->orders) + 1;
    memset(old->legs, 0, sizeof old->legs);
    order_reserve(ledger, old);
    order_tell(ledger, old, TW_ALPACA_EVENT_REPLACED, NULL);
}

static void change_on_floor(account_ledger *ledger, const ledger_order *order) {
    const tw_match_replacement replacement = {
        .price = {order_floor_price(order)},
        .quantity = order->order.quantity,
        .stop_price =
            order->order.type == TW_ORDER_TRAILING_STOP ? (tw_price){0} : order->order.stop_price,
        .trail_price = order->trail_price,
        .trail_percent_nano = order->trail_percent_nano,
    };
    tw_status status =
        floor_replace(ledger->floor, order->order.symbol, order->match_id, &replacement);
    TW_ASSERT(status == TW_OK);
}

static void exchange_orders(account_ledger *ledger, ledger_order *old, ledger_order *next) {
    take_over(ledger, old, next);
    retire(ledger, old, next);
    order_reserve(ledger, next);
    if (next->order.status == TW_ORDER_NEW)
        order_tell(ledger, next, TW_ALPACA_EVENT_NEW, NULL);
}

bool order_replace_arrives(account_ledger *ledger, ledger_order *old, ledger_order *next,
                           bool keeps_quantity) {
    int64_t open_nano = old->order.quantity.nano - old->order.filled.nano;
    ledger_order figures = *old;
    ledger_refusal refusal;
    ledger_look(ledger, old, old);
    figures.order = next->order;
    figures.high_water_mark = old->high_water_mark;
    if (!order_is_pending(next)) /* it may be cancelled on its way */
        figures.order.status = TW_ORDER_NEW;
    figures.order.updated_ns = floor_now(ledger->floor);
    if (keeps_quantity)
        figures.order.quantity.nano = open_nano;
    figures.holder = next->holder;
    figures.next_same_uuid = next->next_same_uuid;
    figures.next_same_client = next->next_same_client;
    figures.expires_ns = next->expires_ns;
    figures.trail_price = next->trail_price;
    figures.trail_percent_nano = next->trail_percent_nano;
    figures.covered_nano = old->covered_nano - old->order.filled.nano;
    figures.reserved_nano = figures.counted_nano = 0;
    figures.notional_filled_nano = figures.filled_ns = 0;
    if ((figures.order.type == TW_ORDER_TRAILING_STOP && !order_rules_place_trail(&figures)) ||
        tw_match_is_halted(floor_match(ledger->floor), old->order.symbol) ||
        (old->group != ORDER_SIMPLE && figures.order.quantity.nano != open_nano) ||
        decide_hold(ledger, order_account(ledger, old), old, &figures, &refusal) != TW_OK)
        return false;
    *next = figures;
    exchange_orders(ledger, old, next);
    if (next->place == ORDER_ON_FLOOR)
        change_on_floor(ledger, next);
    return true;
}

tw_status ledger_replace(account_ledger *ledger, const ledger_order *order,
                         const tw_alpaca_order_request *changes, ledger_order *ret_order,
                         ledger_refusal *ret_refusal) {
    ledger_order *old = &ledger->orders[order - ledger->orders];
    ledger_order figures;
    ledger_turn_day(ledger);
    ledger_look(ledger, old, old);
    tw_status status =
        decide(ledger, order_account(ledger, old), old, changes, &figures, ret_refusal);
    if (status != TW_OK)
        return status;
    ledger_order *next =
        order_transit_replace(ledger, old, &figures, !has(changes, TW_ALPACA_REQUEST_QTY));
    if (next != NULL) {
        *ret_order = *next;
        return TW_OK;
    }
    next = order_record(ledger, order_account(ledger, old), &figures);
    exchange_orders(ledger, old, next);
    *ret_order = *next;
    if (next->place == ORDER_ON_FLOOR)
        change_on_floor(ledger, next);
    return TW_OK;
}
