/*
 * order_life.c - what becomes of an order: taken, traded, cancelled; see the diagram in ledger.h.
 * Requests go in through one gate (order_gate.c says what is refused); here is what happens to
 * those that pass.
 */
#include <stdio.h>
#include <string.h>

#include "ledger_priv.h"

bool order_is_live(const ledger_order *order) {
    return !tw_order_status_is_final((tw_order_status)order->order.status);
}

bool order_is_pending(const ledger_order *order) {
    return order->order.status == TW_ORDER_PENDING_CANCEL ||
           order->order.status == TW_ORDER_PENDING_REPLACE;
}

void order_settle(ledger_order *order) {
    order->order.status = order->order.filled.nano > 0 ? TW_ORDER_PARTIALLY_FILLED : TW_ORDER_NEW;
}

ledger_account *order_account(account_ledger *ledger, const ledger_order *order) {
    return &ledger->accounts[order->account];
}

/* ---- what is told and held ----------------------------------------------------------------- */

void order_tell(account_ledger *ledger, const ledger_order *order, tw_alpaca_event event,
                const tw_match_event *trade) {
    const ledger_account *account = order_account(ledger, order);
    ledger_update update = {.account = account,
                            .order = order,
                            .event = event,
                            .time_ns = floor_now(ledger->floor),
                            .position = account->holdings[order->order.symbol].quantity};
    uuid_write(&ledger->random, update.execution_id);
    if (trade != NULL) {
        update.price = trade->price;
        update.quantity = trade->quantity;
    }
    ledger->on_update(ledger->context, &update);
    if (trade != NULL)
        account_note_fill(ledger, &update);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* The open quantity that an order holds for: invariant 6. */
static int64_t held_quantity(const ledger_order *order) {
    int64_t open_nano = order->order.quantity.nano - order->order.filled.nano;
    if (!order_is_live(order) || order->passive)
        return 0;
    return order->parent == 0 ? open_nano
                              : least(open_nano, order->covered_nano - order->order.filled.nano);
}

int64_t order_needs(const ledger_order *order) {
    int64_t open_nano = held_quantity(order);
    if (order->holds_shares)
        return open_nano;
    int64_t needed = 0;
    tw_status status =
        tw_decimal_multiply(order->reserve_price_nano, open_nano, TW_ROUND_CEILING, &needed);
    TW_ASSERT(status == TW_OK);
    return needed;
}

/* The account's or the symbol's total goes with the order, and so does its open quantity. */
void order_reserve(account_ledger *ledger, ledger_order *order) {
    ledger_account *account = order_account(ledger, order);
    ledger_holding *holding = &account->holdings[order->order.symbol];
    int64_t held_nano = order_needs(order);
    int64_t open_nano = held_quantity(order);
    int64_t *total = order->holds_shares ? &holding->reserved.nano : &account->reserved.nano;
    tw_quantity *open =
        order->order.side == TW_SIDE_BUY ? &holding->open_buys : &holding->open_sells;
    *total += held_nano - order->reserved_nano;
    open->nano += open_nano - order->counted_nano;
    order->reserved_nano = held_nano;
    order->counted_nano = open_nano;
}

/* ---- coming -------------------------------------------------------------------------------- */

/* Puts order `index` at the head of its hash chain; returns the old head. */
static uint32_t chain(tw_map *map, uint64_t hash, uint32_t index) {
    uint64_t head = 0;
    if (!tw_map_get(map, hash, &head))
        head = 0;
    tw_status status = tw_map_put(map, hash, index + 1);
    TW_ASSERT(status == TW_OK);
    return (uint32_t)head;
}

static void chain_order(account_ledger *ledger, uint32_t index) {
    ledger_order *order = &ledger->orders[index];
    order->next_same_uuid =
        chain(ledger->by_uuid, text_hash(tw_slice_of(order->order.venue_order_id), 0), index);
    order->next_same_client =
        chain(ledger->by_client, text_hash(tw_slice_of(order->order.client_order_id), 1), index);
}

ledger_order *order_record(account_ledger *ledger, const ledger_account *account,
                           const ledger_order *figures) {
    TW_ASSERT(ledger->order_count < ledger->order_count_max);
    uint32_t index = ledger->order_count++;
    ledger_order *order = &ledger->orders[index];
    *order = *figures;
    order->match_id = FLOOR_USER_ID | (index + 1);
    order->holder = index;
    order->account = account->index;
    order->place = ORDER_WAITS;
    tw_order *shown = &order->order;
    shown->created_ns = floor_now(ledger->floor);
    shown->updated_ns = shown->created_ns;
    uuid_write(&ledger->random, shown->venue_order_id);
    if (shown->client_order_id[0] == '\0')
        uuid_write(&ledger->random, shown->client_order_id);
    order->expires_ns = order_expiry(ledger, shown);
    chain_order(ledger, index);
    return order;
}

void order_recall(account_ledger *ledger, const ledger_order *order) {
    TW_ASSERT(ledger->order_count < ledger->order_count_max);
    uint32_t index = ledger->order_count++;
    ledger->orders[index] = *order;
    ledger_order *own = &ledger->orders[index];
    own->place = ORDER_WAITS;
    if (order_is_pending(own)) /* what was on its way to it has not arrived */
        order_settle(own);
    else if (own->order.status == TW_ORDER_PENDING_NEW && own->replaces != 0)
        own->order.status = TW_ORDER_REJECTED;
    chain_order(ledger, index);
}

static ledger_order *record_ticket(account_ledger *ledger, const ledger_account *account,
                                   const order_ticket *ticket) {
    ledger_order *order = order_record(ledger, account, &ticket->order);
    for (uint32_t i = 0; i < ticket->leg_count; i++) {
        ledger_order *leg = order_record(ledger, account, &ticket->legs[i]);
        leg->parent = (uint32_t)(order - ledger->orders) + 1;
        order->legs[i] = (uint32_t)(leg - ledger->orders) + 1;
    }
    return order;
}

static tw_status submit(account_ledger *ledger, ledger_account *account,
                        const tw_alpaca_order_request *request, ledger_order *ret_order,
                        ledger_refusal *ret_refusal) {
    TW_ASSERT(account == &ledger->accounts[account->index] && ledger->floor != NULL);
    order_ticket ticket = {0};
    ledger_turn_day(ledger);
    tw_status status = order_gate(ledger, account, request, &ticket, ret_refusal);
    if (status != TW_OK)
        return status;
    ledger_order *order = record_ticket(ledger, account, &ticket);
    order_reserve(ledger, order);
    bool waits = !order_may_trade(ledger, order);
    *ret_order = *order;
    if (waits) {
        order_tell(ledger, order, TW_ALPACA_EVENT_ACCEPTED, NULL);
    } else if (order_transit_submit(ledger, order)) {
        *ret_order = *order;
    } else {
        ret_order->place = ORDER_ON_FLOOR;
        order_send(ledger, order);
    }
    return TW_OK;
}

tw_status ledger_submit(account_ledger *ledger, ledger_account *account,
                        const tw_alpaca_order_request *request, ledger_order *ret_order,
                        ledger_refusal *ret_refusal) {
    tw_status status = submit(ledger, account, request, ret_order, ret_refusal);
    ledger->accepted_count += status == TW_OK;
    ledger->refused_count += status != TW_OK;
    return status;
}

void ledger_counts(const account_ledger *ledger, uint64_t *ret_accepted, uint64_t *ret_refused) {
    *ret_accepted = ledger->accepted_count;
    *ret_refused = ledger->refused_count;
}

/* ---- going --------------------------------------------------------------------------------- */

static void end(account_ledger *ledger, ledger_order *order, tw_order_status status,
                int64_t *ret_time_ns) {
    order->order.status = (uint8_t)status;
    order->order.updated_ns = floor_now(ledger->floor);
    *ret_time_ns = order->order.updated_ns;
    order->place = ORDER_WAITS;
    order_reserve(ledger, order);
}

void order_cancel_now(account_ledger *ledger, ledger_order *order) {
    end(ledger, order, TW_ORDER_CANCELED, &order->canceled_ns);
    order_tell(ledger, order, TW_ALPACA_EVENT_CANCELED, NULL);
}

void order_expire_now(account_ledger *ledger, ledger_order *order) {
    end(ledger, order, TW_ORDER_EXPIRED, &order->expired_ns);
    order_tell(ledger, order, TW_ALPACA_EVENT_EXPIRED, NULL);
}

void order_reject_now(account_ledger *ledger, ledger_order *order) {
    end(ledger, order, TW_ORDER_REJECTED, &order->failed_ns);
    order_tell(ledger, order, TW_ALPACA_EVENT_REJECTED, NULL);
}

tw_status ledger_cancel(account_ledger *ledger, const ledger_order *order,
                        ledger_refusal *ret_refusal) {
    ledger_order *own = &ledger->orders[order - ledger->orders];
    if (!order_is_live(order) || order_is_pending(order))
        return refuse(ret_refusal, 422, CODE_RULE, "order is already in \"%s\" state",
                      tw_order_status_name((tw_order_status)order->order.status));
    if (!order_transit_cancel(ledger, own))
        order_withdraw(ledger, own, WITHDRAW_TO_CANCEL);
    return TW_OK;
}

/* ---- what the floor says ------------------------------------------------------------------- */

/* Money of a trade (invariant 1); quantities and prices were checked at the gate. */
static int64_t trade_value(const tw_match_event *event) {
    int64_t value = 0;
    tw_status status =
        tw_decimal_multiply(event->price.nano, event->quantity.nano, TW_ROUND_DOWN, &value);
    TW_ASSERT(status == TW_OK);
    return value;
}

/* What an entry buys is held for its leg at once (invariant 6), as far as nobody else wants it. */
static void cover_leg(account_ledger *ledger, const ledger_order *entry, int64_t quantity_nano) {
    if (entry->legs[0] == 0 || entry->group == ORDER_OCO)
        return;
    ledger_order *leg = &ledger->orders[entry->legs[0] - 1];
    const ledger_holding *holding = &order_account(ledger, entry)->holdings[entry->order.symbol];
    bool right_way = (holding->quantity.nano > 0) == (leg->order.side == TW_SIDE_SELL);
    if (right_way)
        leg->covered_nano += least(quantity_nano, account_available(holding).nano);
    order_reserve(ledger, leg);
}

static void fill(account_ledger *ledger, ledger_order *order, const tw_match_event *event) {
    int64_t value = trade_value(event);
    tw_order *shown = &order->order;
    shown->filled.nano += event->quantity.nano;
    order->notional_filled_nano += value;
    TW_ASSERT(shown->filled.nano <= shown->quantity.nano);
    tw_status status = tw_decimal_divide(order->notional_filled_nano, shown->filled.nano,
                                         TW_ROUND_HALF_EVEN, &shown->average_price.nano);
    TW_ASSERT(status == TW_OK);
    bool whole = shown->filled.nano == shown->quantity.nano;
    if (whole || !order_is_pending(order))
        shown->status = whole ? TW_ORDER_FILLED : TW_ORDER_PARTIALLY_FILLED;
    shown->updated_ns = floor_now(ledger->floor);
    order->filled_ns = shown->updated_ns;
    bool buys = shown->side == TW_SIDE_BUY;
    ledger_account *account = order_account(ledger, order);
    account->cash.nano += buys ? -value : value;
    account_move(ledger, order, buys ? event->quantity.nano : -event->quantity.nano, value);
    order_reserve(ledger, order);
    cover_leg(ledger, order, event->quantity.nano);
    order_tell(ledger, order, whole ? TW_ALPACA_EVENT_FILL : TW_ALPACA_EVENT_PARTIAL_FILL, event);
}

static ledger_order *order_of(account_ledger *ledger, uint64_t match_id) {
    if ((match_id & FLOOR_USER_ID) == 0)
        return NULL;
    uint64_t index = (match_id & ~FLOOR_USER_ID) - 1;
    TW_ASSERT(index < ledger->order_count);
    return &ledger->orders[ledger->orders[index].holder];
}

/* The venue has it, or has let it in: the first time that this is so is told. */
static void become_new(account_ledger *ledger, ledger_order *order) {
    if (order->order.status != TW_ORDER_PENDING_NEW && order->order.status != TW_ORDER_HELD)
        return;
    order->order.status = TW_ORDER_NEW;
    order->order.updated_ns = floor_now(ledger->floor);
    order_tell(ledger, order, TW_ALPACA_EVENT_NEW, NULL);
}

static void withdrawn(account_ledger *ledger, ledger_order *order) {
    switch ((order_withdrawal)ledger->withdrawal) {
    case WITHDRAW_TO_CANCEL:
        order_cancel_now(ledger, order);
        break;
    case WITHDRAW_TO_EXPIRE:
        order_expire_now(ledger, order);
        break;
    case WITHDRAW_TO_WAIT:
        order->place = ORDER_WAITS;
        break;
    }
}

/* Another order of its group has traded: both together are for no more than one was. */
static void reduced(account_ledger *ledger, ledger_order *order, int64_t quantity_nano) {
    order->order.quantity.nano -= quantity_nano;
    order->covered_nano -= least(order->covered_nano, quantity_nano);
    order->order.updated_ns = floor_now(ledger->floor);
    order_reserve(ledger, order);
}

static void on_trade(account_ledger *ledger, const tw_match_event *event) {
    ledger_order *taker = order_of(ledger, event->id);
    ledger_order *maker = order_of(ledger, event->maker_id);
    if (maker != NULL)
        fill(ledger, maker, event);
    if (taker != NULL)
        fill(ledger, taker, event);
}

void ledger_on_match(account_ledger *ledger, const tw_match_event *event) {
    ledger_order *order = order_of(ledger, event->id);
    ledger_turn_day(ledger);
    if (event->kind == TW_MATCH_TRADE) {
        on_trade(ledger, event);
        return;
    }
    if (order == NULL || !order_is_live(order))
        return;
    switch ((tw_match_event_kind)event->kind) {
    case TW_MATCH_ACCEPTED: /* the second order of an OCO stays held until its stop is reached */
    case TW_MATCH_RELEASED: /* so does the second leg of a bracket */
        if (!order->passive)
            become_new(ledger, order);
        break;
    case TW_MATCH_TRIGGERED:
        order->order.stop_price = event->price.nano != 0 ? event->price : order->order.stop_price;
        become_new(ledger, order);
        break;
    case TW_MATCH_CANCELLED:
        withdrawn(ledger, order);
        break;
    case TW_MATCH_REDUCED:
        reduced(ledger, order, event->quantity.nano);
        break;
    case TW_MATCH_TRADE:
    case TW_MATCH_HELD:
    case TW_MATCH_PARKED:
    case TW_MATCH_REJECTED:
    case TW_MATCH_RESTED:
    case TW_MATCH_REPLACED:
    case TW_MATCH_BEST_CHANGED:
    case TW_MATCH_HALTED:
    case TW_MATCH_RESUMED:
    case TW_MATCH_AUCTION_BEGUN:
    case TW_MATCH_AUCTION_ENDED:
        break;
    }
}
