/*
 * order_floor.c - orders on their way to the floor and back: what the matching engine gets for an
 * order of the venue, alone or with those of its group.
 *
 * Idea: the venue's order is kept whole in the ledger; what goes to the floor is made anew from its
 * open rest each time that it goes. So an order can be taken off the floor for the night and come
 * back in the morning as what is left of it.
 *
 * A market buy goes with the price that it was held at as its limit (ledger.h, invariant 3); what
 * cannot be had for it is cancelled, like the rest of any market order. For the same reason a buy
 * stop goes as a stop-limit, 2.5 % (below $50: 4 %) above its stop: so does Alpaca's (its page
 * "Orders at Alpaca", stop orders).
 */
#include "ledger_priv.h"

enum { GROUP_MAX = 1 + LEDGER_LEG_COUNT_MAX };

int64_t order_floor_price(const ledger_order *order) {
    bool buys = order->order.side == TW_SIDE_BUY;
    if (buys && (order->order.type == TW_ORDER_MARKET || order->order.type == TW_ORDER_STOP))
        return order->reserve_price_nano;
    return order->order.limit_price.nano;
}

static uint8_t floor_type(const tw_order *order) {
    if (order->side == TW_SIDE_BUY && order->type == TW_ORDER_MARKET)
        return TW_ORDER_LIMIT;
    if (order->side == TW_SIDE_BUY && order->type == TW_ORDER_STOP)
        return TW_ORDER_STOP_LIMIT;
    return order->type;
}

/* A market order that comes while its symbol reopens waits for the auction's end. */
static uint8_t floor_time_in_force(const account_ledger *ledger, const tw_order *order) {
    bool at_once =
        order->type == TW_ORDER_MARKET &&
        (order->time_in_force == TW_DAY || order->time_in_force == TW_GOOD_TILL_CANCELED);
    return at_once && !floor_is_halted(ledger->floor, order->symbol) ? TW_IMMEDIATE_OR_CANCEL
                                                                     : order->time_in_force;
}

static tw_match_order floor_order(const account_ledger *ledger, const ledger_order *order) {
    const tw_order *public = &order->order;
    return (tw_match_order){
        .id = order->match_id,
        .owner = 1 + (uint64_t)order->account,
        .price = {order_floor_price(order)},
        .quantity = {public->quantity.nano - public->filled.nano},
        .symbol = public->symbol,
        .side = public->side,
        .type = floor_type(public),
        .time_in_force = floor_time_in_force(ledger, public),
        .stop_price = public->stop_price,
        .trail_price = order->trail_price,
        .trail_percent_nano = order->trail_percent_nano,
        .mark = order->high_water_mark,
    };
}

/* ---- groups -------------------------------------------------------------------------------- */

/* The live ones of an order's group, the head first. */
static uint32_t family(account_ledger *ledger, ledger_order *order,
                       ledger_order *ret_members[GROUP_MAX]) {
    ledger_order *head = order->parent == 0 ? order : &ledger->orders[order->parent - 1];
    uint32_t count = 0;
    if (order_is_live(head))
        ret_members[count++] = head;
    for (uint32_t i = 0; i < LEDGER_LEG_COUNT_MAX; i++) {
        if (head->legs[i] != 0 && order_is_live(&ledger->orders[head->legs[i] - 1]))
            ret_members[count++] = &ledger->orders[head->legs[i] - 1];
    }
    return count;
}

static tw_match_group kind_of(ledger_order *const members[GROUP_MAX], uint32_t count) {
    if (members[0]->parent != 0 || members[0]->group == ORDER_OCO)
        return TW_MATCH_OCO;
    return count == GROUP_MAX ? TW_MATCH_BRACKET : TW_MATCH_OTO;
}

void order_send(account_ledger *ledger, ledger_order *order) {
    ledger_order *members[GROUP_MAX];
    tw_match_order orders[GROUP_MAX];
    uint32_t count = family(ledger, order, members);
    TW_ASSERT(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        members[i]->place = ORDER_ON_FLOOR;
        orders[i] = floor_order(ledger, members[i]);
    }
    tw_status status =
        count == 1 ? floor_submit(ledger->floor, orders)
                   : floor_submit_group(ledger->floor, kind_of(members, count), orders, count);
    for (uint32_t i = 0; status != TW_OK && i < count; i++)
        order_reject_now(ledger, members[i]);
}

/* ---- back ---------------------------------------------------------------------------------- */

static void end_waiting(account_ledger *ledger, ledger_order *order, order_withdrawal withdrawal) {
    if (withdrawal == WITHDRAW_TO_CANCEL)
        order_cancel_now(ledger, order);
    else if (withdrawal == WITHDRAW_TO_EXPIRE)
        order_expire_now(ledger, order);
}

/* One that is cancelled on the floor takes those of its group with it there. */
void order_withdraw(account_ledger *ledger, ledger_order *order, order_withdrawal withdrawal) {
    ledger_order *members[GROUP_MAX];
    uint32_t count = family(ledger, order, members);
    for (uint32_t i = 0; i < count; i++)
        ledger_look(ledger, members[i], members[i]);
    ledger->withdrawal = (uint8_t)withdrawal;
    for (uint32_t i = 0; i < count; i++) {
        if (!order_is_live(members[i]))
            continue;
        if (members[i]->place != ORDER_ON_FLOOR) {
            end_waiting(ledger, members[i], withdrawal);
            continue;
        }
        tw_status status =
            floor_cancel(ledger->floor, members[i]->order.symbol, members[i]->match_id);
        TW_ASSERT(status == TW_OK);
    }
    ledger->withdrawal = WITHDRAW_TO_CANCEL;
}

void ledger_look(const account_ledger *ledger, const ledger_order *order, ledger_order *ret_order) {
    tw_match_view view;
    if (ret_order != order)
        *ret_order = *order;
    if (order->order.type != TW_ORDER_TRAILING_STOP || order->place != ORDER_ON_FLOOR ||
        tw_match_find(floor_match(ledger->floor), order->order.symbol, order->match_id, &view) !=
            TW_OK ||
        view.place != TW_MATCH_WAITING || view.mark.nano == 0)
        return;
    ret_order->order.stop_price = view.stop_price;
    ret_order->high_water_mark = view.mark;
}
