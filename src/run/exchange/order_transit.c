/*
 * order_transit.c - what is on its way to the floor, where a plan of faults makes that take time.
 *
 *     submit  --> PENDING_NEW, on its way --arrives--> as without delay (order_life.c)
 *     cancel  --> PENDING_CANCEL ----------arrives--> CANCELED
 *                      +--- filled before ---------> FILLED, and the cancellation is rejected
 *     replace --> PENDING_REPLACE ---------arrives--> REPLACED, and the new order NEW
 *                      +--- ended before ----------> as it ended, the new order REJECTED
 *
 * Without a delay none of these states is seen. What waits with the ledger, and a leg that is held,
 * is cancelled and replaced at once: only the way to the floor takes time. A new order that is on
 * its way holds nothing until it arrives; the old one holds for it.
 *
 * Invariant: errands arrive in the order in which they were sent, whatever each one's delay.
 */
#include <string.h>

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

static void replacement_arrives(account_ledger *ledger, const order_errand *errand) {
    ledger_order *next = &ledger->orders[errand->order];
    ledger_order *old = &ledger->orders[next->replaces - 1];
    if (order_is_live(old) && order_is_live(next) &&
        order_replace_arrives(ledger, old, next, errand->keeps_quantity))
        return;
    if (order_is_live(old))
        order_settle(old);
    order_tell(ledger, old, TW_ALPACA_EVENT_REPLACE_REJECTED, NULL);
    if (order_is_live(next))
        order_reject_now(ledger, next);
}

static void first_arrives(account_ledger *ledger) {
    order_transit *transit = &ledger->transit;
    order_errand errand = transit->errands[transit->first];
    transit->first = (transit->first + 1) % ORDER_TRANSIT_MAX;
    transit->count--;
    ledger_order *order = &ledger->orders[errand.order];
    switch (errand.kind) {
    case ERRAND_SUBMIT:
        submission_arrives(ledger, order);
        break;
    case ERRAND_CANCEL:
        cancellation_arrives(ledger, order);
        break;
    case ERRAND_REPLACE:
        replacement_arrives(ledger, &errand);
        break;
    }
}

void ledger_transit_arrive(account_ledger *ledger, int64_t now_ns) {
    ledger_turn_day(ledger);
    while (ledger_transit_next(ledger) <= now_ns && ledger->transit.count > 0)
        first_arrives(ledger);
}

/* ---- leaving ------------------------------------------------------------------------------- */

/* When what is sent now arrives (the invariant); 0: it takes no time. */
static int64_t arrival(const account_ledger *ledger) {
    const order_transit *transit = &ledger->transit;
    int64_t now_ns = floor_now(ledger->floor);
    int64_t due_ns = now_ns + (ledger->delay == NULL ? 0 : ledger->delay(ledger->context));
    if (transit->count > 0 && due_ns < transit->last_ns)
        due_ns = transit->last_ns;
    return due_ns > now_ns ? due_ns : 0;
}

/* When there are too many on the way, the first arrives now. */
static void put(account_ledger *ledger, const order_errand *errand) {
    order_transit *transit = &ledger->transit;
    if (transit->count == ORDER_TRANSIT_MAX)
        first_arrives(ledger);
    transit->errands[(transit->first + transit->count++) % ORDER_TRANSIT_MAX] = *errand;
    transit->last_ns = errand->due_ns;
    floor_alarm_by(ledger->floor, errand->due_ns);
}

static uint32_t index_of(const account_ledger *ledger, const ledger_order *order) {
    return (uint32_t)(order - ledger->orders);
}

static void become_pending(account_ledger *ledger, ledger_order *order, tw_order_status status,
                           tw_alpaca_event event) {
    order->order.status = (uint8_t)status;
    order->order.updated_ns = floor_now(ledger->floor);
    order_tell(ledger, order, event, NULL);
}

bool order_transit_submit(account_ledger *ledger, ledger_order *order) {
    int64_t due_ns = arrival(ledger);
    if (due_ns == 0)
        return false;
    order->place = ORDER_ON_ITS_WAY;
    order_tell(ledger, order, TW_ALPACA_EVENT_PENDING_NEW, NULL);
    put(ledger, &(order_errand){due_ns, index_of(ledger, order), ERRAND_SUBMIT, false});
    return true;
}

bool order_transit_cancel(account_ledger *ledger, ledger_order *order) {
    bool goes = order->place != ORDER_WAITS && order->order.status != TW_ORDER_HELD;
    int64_t due_ns = goes ? arrival(ledger) : 0;
    if (due_ns == 0)
        return false;
    become_pending(ledger, order, TW_ORDER_PENDING_CANCEL, TW_ALPACA_EVENT_PENDING_CANCEL);
    put(ledger, &(order_errand){due_ns, index_of(ledger, order), ERRAND_CANCEL, false});
    return true;
}

ledger_order *order_transit_replace(account_ledger *ledger, ledger_order *old,
                                    const ledger_order *figures, bool keeps_quantity) {
    bool goes = old->place == ORDER_ON_FLOOR && old->order.status != TW_ORDER_HELD;
    int64_t due_ns = goes ? arrival(ledger) : 0;
    if (due_ns == 0)
        return NULL;
    ledger_order alone = *figures;
    alone.order.status = TW_ORDER_PENDING_NEW;
    alone.parent = 0;
    memset(alone.legs, 0, sizeof alone.legs);
    alone.passive = true;
    ledger_order *next = order_record(ledger, order_account(ledger, old), &alone);
    next->place = ORDER_ON_ITS_WAY;
    next->replaces = index_of(ledger, old) + 1;
    become_pending(ledger, old, TW_ORDER_PENDING_REPLACE, TW_ALPACA_EVENT_PENDING_REPLACE);
    put(ledger, &(order_errand){due_ns, index_of(ledger, next), ERRAND_REPLACE, keeps_quantity});
    return next;
}
