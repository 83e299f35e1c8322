/*
 * order_transit.c - what is on its way to the floor, where a plan of faults makes that take time.
 *
 *     submit --> PENDING_NEW, on its way --arrives--> as without delay (order_life.c)
 *     cancel --> PENDING_CANCEL ----------arrives--> CANCELED
 *                     +--- filled before ---------> FILLED, and the cancellation is rejected
 *
 * Without a delay none of these states is seen. What waits with the ledger is cancelled at once:
 * the way to the floor is the only one that takes time, and a replacement does not take it.
 *
 * Invariant: errands arrive in the order in which they were sent, whatever each one's delay.
 */
#include "ledger_priv.h"

void ledger_set_delay(account_ledger *ledger, ledger_delay delay) {
    ledger->delay = delay;
}

int64_t ledger_transit_next(const account_ledger *ledger) {
    const order_transit *transit = &ledger->transit;
    return transit->count == 0 ? INT64_MAX : transit->errands[transit->first].due_ns;
}

/* ---- arriving ------------------------------------------------------------------------------ */

static void submission_arrives(account_ledger *ledger, ledger_order *order) {
    if (order->place != ORDER_ON_ITS_WAY || !order_is_live(order))
        return;
    order->place = ORDER_WAITS;
    if (order_may_trade(ledger, order))
        order_send(ledger, order);
    else
        order_tell(ledger, order, TW_ALPACA_EVENT_ACCEPTED, NULL);
}

static void cancellation_arrives(account_ledger *ledger, ledger_order *order) {
    if (order_is_live(order))
        order_withdraw(ledger, order, WITHDRAW_TO_CANCEL);
    else if (order->order.status == TW_ORDER_FILLED)
        order_tell(ledger, order, TW_ALPACA_EVENT_CANCEL_REJECTED, NULL);
}

static void first_arrives(account_ledger *ledger) {
    order_transit *transit = &ledger->transit;
    order_errand errand = transit->errands[transit->first];
    transit->first = (transit->first + 1) % ORDER_TRANSIT_MAX;
    transit->count--;
    ledger_order *order = &ledger->orders[errand.order];
    if (errand.cancels)
        cancellation_arrives(ledger, order);
    else
        submission_arrives(ledger, order);
}

void ledger_transit_arrive(account_ledger *ledger, int64_t now_ns) {
    ledger_turn_day(ledger);
    while (ledger_transit_next(ledger) <= now_ns && ledger->transit.count > 0)
        first_arrives(ledger);
}

/* ---- leaving ------------------------------------------------------------------------------- */

/* The invariant, and when there are too many on the way the first arrives now. */
static bool put(account_ledger *ledger, const ledger_order *order, bool cancels) {
    order_transit *transit = &ledger->transit;
    int64_t now_ns = floor_now(ledger->floor);
    int64_t due_ns = now_ns + (ledger->delay == NULL ? 0 : ledger->delay(ledger->context));
    if (transit->count > 0 && due_ns < transit->last_ns)
        due_ns = transit->last_ns;
    if (due_ns <= now_ns)
        return false;
    if (transit->count == ORDER_TRANSIT_MAX)
        first_arrives(ledger);
    transit->errands[(transit->first + transit->count++) % ORDER_TRANSIT_MAX] = (order_errand){
        .due_ns = due_ns, .order = (uint32_t)(order - ledger->orders), .cancels = cancels};
    transit->last_ns = due_ns;
    floor_alarm_by(ledger->floor, due_ns);
    return true;
}

bool order_transit_submit(account_ledger *ledger, ledger_order *order) {
    if (!put(ledger, order, false))
        return false;
    order->place = ORDER_ON_ITS_WAY;
    order_tell(ledger, order, TW_ALPACA_EVENT_PENDING_NEW, NULL);
    return true;
}

bool order_transit_cancel(account_ledger *ledger, ledger_order *order) {
    if (order->place == ORDER_WAITS || !put(ledger, order, true) || !order_is_live(order))
        return false;
    order->order.status = TW_ORDER_PENDING_CANCEL;
    order->order.updated_ns = floor_now(ledger->floor);
    order_tell(ledger, order, TW_ALPACA_EVENT_PENDING_CANCEL, NULL);
    return true;
}
