/*
 * order_life.c - what becomes of an order: taken, traded, cancelled; see the diagram in ledger.h.
 * Requests go in through one gate (order_gate.c says what is refused); here is what happens to
 * those that pass.
 */
#include <stdio.h>
#include <string.h>

#include "holding.h"
#include "ledger_priv.h"

/* ---- submitting ---------------------------------------------------------------------------- */

static ledger_account *account_of(account_ledger *ledger, const ledger_order *order) {
    return &ledger->accounts[order->account];
}

static void tell(account_ledger *ledger, const ledger_order *order, tw_alpaca_event event,
                 const tw_match_event *trade) {
    const ledger_account *account = account_of(ledger, order);
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

/* Sets `held` as what is held for the order, in the account's or the symbol's total, and its open
 * quantity in the symbol's. */
static void reserve(account_ledger *ledger, ledger_order *order, int64_t held_nano) {
    ledger_account *account = account_of(ledger, order);
    ledger_holding *holding = &account->holdings[order->order.symbol];
    bool final = tw_order_status_is_final((tw_order_status)order->order.status);
    int64_t open_nano = final ? 0 : order->order.quantity.nano - order->order.filled.nano;
    int64_t *total = order->holds_shares ? &holding->reserved.nano : &account->reserved.nano;
    tw_quantity *open =
        order->order.side == TW_SIDE_BUY ? &holding->open_buys : &holding->open_sells;
    *total += held_nano - order->reserved_nano;
    open->nano += open_nano - order->counted_nano;
    order->reserved_nano = held_nano;
    order->counted_nano = open_nano;
}

/* Puts order `index` at the head of its hash chain; returns the old head. */
static uint32_t chain(tw_map *map, uint64_t hash, uint32_t index) {
    uint64_t head = 0;
    if (!tw_map_get(map, hash, &head))
        head = 0;
    tw_status status = tw_map_put(map, hash, index + 1);
    TW_ASSERT(status == TW_OK);
    return (uint32_t)head;
}

static ledger_order *record_order(account_ledger *ledger, const ledger_account *account,
                                  const order_ticket *ticket) {
    uint32_t index = ledger->order_count++;
    ledger_order *order = &ledger->orders[index];
    *order = (ledger_order){
        .order = ticket->order,
        .match_id = FLOOR_USER_ID | (index + 1),
        .account = account->index,
        .reserve_price_nano = ticket->hold.price_nano,
        .holds_shares = ticket->hold.shares,
        .notional = ticket->notional,
    };
    tw_order *public = &order->order;
    public->created_ns = floor_now(ledger->floor);
    public->updated_ns = public->created_ns;
    public->status = TW_ORDER_PENDING_NEW;
    uuid_write(&ledger->random, public->venue_order_id);
    if (public->client_order_id[0] == '\0')
        uuid_write(&ledger->random, public->client_order_id);
    order->next_same_uuid =
        chain(ledger->by_uuid, text_hash(tw_slice_of(public->venue_order_id), 0), index);
    order->next_same_client =
        chain(ledger->by_client, text_hash(tw_slice_of(public->client_order_id), 1), index);
    return order;
}

/* A market buy goes to the floor with the price that it was held at as its limit (invariant 3);
 * what cannot be had for it is cancelled like the rest of any market order. */
static tw_match_order match_order_of(const ledger_order *order) {
    tw_match_order out = {
        .id = order->match_id,
        .owner = 1 + (uint64_t)order->account,
        .price = order->order.limit_price,
        .quantity = order->order.quantity,
        .symbol = order->order.symbol,
        .side = order->order.side,
        .type = order->order.type,
        .time_in_force = order->order.time_in_force,
    };
    if (out.type == TW_ORDER_MARKET && out.side == TW_SIDE_BUY) {
        out.type = TW_ORDER_LIMIT;
        out.price.nano = order->reserve_price_nano;
        if (out.time_in_force != TW_FILL_OR_KILL)
            out.time_in_force = TW_IMMEDIATE_OR_CANCEL;
    }
    return out;
}

tw_status ledger_submit(account_ledger *ledger, ledger_account *account,
                        const tw_alpaca_order_request *request, ledger_order *ret_order,
                        ledger_refusal *ret_refusal) {
    TW_ASSERT(account == &ledger->accounts[account->index] && ledger->floor != NULL);
    order_ticket ticket = {0};
    tw_status status = order_gate(ledger, account, request, &ticket, ret_refusal);
    if (status != TW_OK)
        return status;
    ledger_order *order = record_order(ledger, account, &ticket);
    reserve(ledger, order, ticket.hold.held_nano);
    *ret_order = *order;
    tw_match_order match_order = match_order_of(order);
    status = floor_submit(ledger->floor, &match_order);
    if (status != TW_OK && order->order.status == TW_ORDER_PENDING_NEW) {
        order->order.status = TW_ORDER_REJECTED;
        reserve(ledger, order, 0);
        tell(ledger, order, TW_ALPACA_EVENT_REJECTED, NULL);
    }
    return TW_OK;
}

tw_status ledger_cancel(account_ledger *ledger, const ledger_order *order,
                        ledger_refusal *ret_refusal) {
    if (!tw_order_status_is_final((tw_order_status)order->order.status) &&
        floor_cancel(ledger->floor, order->order.symbol, order->match_id) == TW_OK)
        return TW_OK;
    *ret_refusal = (ledger_refusal){.http_status = 422, .code = 42210000};
    snprintf(ret_refusal->message, sizeof ret_refusal->message, "order is already in \"%s\" state",
             tw_order_status_name((tw_order_status)order->order.status));
    return TW_REFUSED;
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

int64_t order_needs(const ledger_order *order) {
    int64_t open_nano = order->order.quantity.nano - order->order.filled.nano;
    if (order->holds_shares)
        return open_nano;
    int64_t needed = 0;
    tw_status status =
        tw_decimal_multiply(order->reserve_price_nano, open_nano, TW_ROUND_CEILING, &needed);
    TW_ASSERT(status == TW_OK);
    return needed;
}

static void fill(account_ledger *ledger, ledger_order *order, const tw_match_event *event) {
    int64_t value = trade_value(event);
    tw_order *public = &order->order;
    public->filled.nano += event->quantity.nano;
    order->notional_filled_nano += value;
    TW_ASSERT(public->filled.nano <= public->quantity.nano);
    tw_status status = tw_decimal_divide(order->notional_filled_nano, public->filled.nano,
                                         TW_ROUND_HALF_EVEN, &public->average_price.nano);
    TW_ASSERT(status == TW_OK);
    bool whole = public->filled.nano == public->quantity.nano;
    public->status = whole ? TW_ORDER_FILLED : TW_ORDER_PARTIALLY_FILLED;
    public->updated_ns = floor_now(ledger->floor);
    order->filled_ns = public->updated_ns;
    bool buys = public->side == TW_SIDE_BUY;
    ledger_account *account = account_of(ledger, order);
    account->cash.nano += buys ? -value : value;
    holding_move(&account->holdings[public->symbol],
                 buys ? event->quantity.nano : -event->quantity.nano, value);
    reserve(ledger, order, order_needs(order));
    tell(ledger, order, whole ? TW_ALPACA_EVENT_FILL : TW_ALPACA_EVENT_PARTIAL_FILL, event);
}

static void canceled(account_ledger *ledger, ledger_order *order) {
    order->order.status = TW_ORDER_CANCELED;
    order->order.updated_ns = floor_now(ledger->floor);
    order->canceled_ns = order->order.updated_ns;
    reserve(ledger, order, 0);
    tell(ledger, order, TW_ALPACA_EVENT_CANCELED, NULL);
}

static ledger_order *order_of(account_ledger *ledger, uint64_t match_id) {
    if ((match_id & FLOOR_USER_ID) == 0)
        return NULL;
    uint64_t index = (match_id & ~FLOOR_USER_ID) - 1;
    TW_ASSERT(index < ledger->order_count);
    return &ledger->orders[index];
}

void ledger_on_match(account_ledger *ledger, const tw_match_event *event) {
    ledger_order *order = order_of(ledger, event->id);
    ledger_order *maker = order_of(ledger, event->maker_id);
    switch ((tw_match_event_kind)event->kind) {
    case TW_MATCH_ACCEPTED:
        order->order.status = TW_ORDER_NEW;
        tell(ledger, order, TW_ALPACA_EVENT_NEW, NULL);
        break;
    case TW_MATCH_TRADE:
        if (maker != NULL)
            fill(ledger, maker, event);
        if (order != NULL)
            fill(ledger, order, event);
        break;
    case TW_MATCH_CANCELLED:
        if (order != NULL && !tw_order_status_is_final((tw_order_status)order->order.status))
            canceled(ledger, order);
        break;
    case TW_MATCH_REJECTED:
    case TW_MATCH_RESTED:
    case TW_MATCH_REDUCED:
    case TW_MATCH_REPLACED:
    case TW_MATCH_BEST_CHANGED:
    case TW_MATCH_HALTED:
    case TW_MATCH_RESUMED:
    case TW_MATCH_PARKED:
    case TW_MATCH_TRIGGERED:
    case TW_MATCH_HELD:
    case TW_MATCH_RELEASED:
    case TW_MATCH_AUCTION_BEGUN:
    case TW_MATCH_AUCTION_ENDED:
        break;
    }
}
