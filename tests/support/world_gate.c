/*
 * world_gate.c - a request at the exchange's door: as routes_orders.c and routes_trading.c handle
 * it, and as alpaca_call.c judges the answer. Orders, requests and updates go through their bytes.
 */
#include <stdio.h>
#include <string.h>

#include "words.h"
#include "world_priv.h"

/* ---- through bytes ---- */

static void keep_order(void *context, const tw_alpaca_order *order) {
    *(tw_order *)context = order->order;
}

/* An order as the client reads it. */
static tw_order read_order(world *w, const ledger_order *order) {
    world_exchange *x = &w->exchange;
    tw_alpaca_order words;
    tw_order told = {0};
    tw_error error = {0};
    words_order_now(x->ledger, order, x->symbols, &words);
    tw_text_clear(&x->text);
    tw_alpaca_encode_order(&x->text, &words, NULL, 0);
    WORLD_REQUIRE(w,
                  tw_alpaca_decode_orders(x->reader, tw_text_slice(&x->text), keep_order, &told,
                                          &error) == TW_OK,
                  "an order cannot be read: %s", error.message);
    return told;
}

void world_gate_update(world *w, const ledger_update *update, tw_venue_event *ret_event) {
    world_exchange *x = &w->exchange;
    tw_alpaca_order_update words;
    tw_alpaca_trading_message message;
    tw_error error = {0};
    words_update(x->ledger, update, x->symbols, &words);
    tw_text_clear(&x->text);
    tw_alpaca_encode_order_update(&x->text, &words);
    WORLD_REQUIRE(
        w, tw_alpaca_decode_trading(x->reader, tw_text_slice(&x->text), &message, &error) == TW_OK,
        "an update cannot be read: %s", error.message);
    *ret_event =
        (tw_venue_event){.time_ns = message.update.timestamp_ns, .kind = TW_VENUE_ORDER_UPDATE};
    tw_order_update *told = &ret_event->as.update;
    told->order = message.update.order.order;
    told->price = message.update.price;
    told->quantity = message.update.quantity;
    snprintf(told->event, sizeof told->event, "%.23s", message.update.event_word);
    snprintf(told->execution_id, sizeof told->execution_id, "%.39s", message.update.execution_id);
}

/* ---- orders ---- */

/* A twin is told by its words, as alpaca_client.c does. */
static void refused(wire_request *request, const ledger_refusal *refusal) {
    static const char twin[] = "client_order_id must be unique";
    bool exists =
        refusal->code == CODE_REQUEST && strncmp(refusal->message, twin, sizeof twin - 1) == 0;
    request->result.status = refusal->http_status == 404 ? TW_NOT_FOUND
                             : exists                    ? TW_EXISTS
                                                         : TW_REFUSED;
    request->result.code = (int32_t)refusal->code;
    snprintf(request->result.message, sizeof request->result.message, "%.159s", refusal->message);
}

static tw_alpaca_order_request read_request(world *w, const tw_order *order) {
    world_exchange *x = &w->exchange;
    tw_alpaca_order_request sent;
    tw_alpaca_order_request told;
    tw_error error = {0};
    tw_alpaca_request_from(order, x->symbols, &sent);
    tw_text_clear(&x->text);
    tw_alpaca_encode_order_request(&x->text, &sent);
    WORLD_REQUIRE(
        w,
        tw_alpaca_decode_order_request(x->reader, tw_text_slice(&x->text), &told, &error) == TW_OK,
        "a request cannot be read: %s", error.message);
    return told;
}

static bool is_of(const world *w, const tw_order *order, uint64_t decision) {
    uint64_t number = world_intent_of(order->client_order_id);
    return number > 0 && number <= w->intent_count && w->intents[number - 1].decision == decision;
}

/* Of the same plan. */
static bool has_open_sell(const world *w, uint64_t decision) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(w->exchange.ledger, &count);
    for (uint32_t i = count; i > 0; i--) {
        const tw_order *order = &orders[i - 1].order;
        if (order->side == TW_SIDE_SELL &&
            !tw_order_status_is_final((tw_order_status)order->status) && is_of(w, order, decision))
            return true;
    }
    return false;
}

/* What arrives here was durable before it was sent, passed every control, and comes as often as it
 * was sent. */
static void check_arrival(world *w, const wire_request *request) {
    const char *id = request->order.client_order_id;
    uint64_t number = world_intent_of(id);
    WORLD_REQUIRE(w, number > 0 && number <= w->intent_count, "%s arrives, which nobody meant", id);
    world_intent *intent = &w->intents[number - 1];
    WORLD_REQUIRE(w, intent->submits > 0 && intent->intent > 0 && intent->checks > 0,
                  "%s arrives without an intent and its checks in the journal", id);
    WORLD_REQUIRE(w, intent->arrivals < intent->submits, "%s arrives more often than it was sent",
                  id);
    bool twin = intent->arrivals > 0; /* the venue refuses it */
    WORLD_REQUIRE(
        w, twin || request->order.side == TW_SIDE_SELL || !has_open_sell(w, intent->decision),
        "%s buys while a sell of its plan is open", id);
    intent->arrivals++;
    w->result.submits++;
}

static void submit(world *w, wire_request *request) {
    world_exchange *x = &w->exchange;
    check_arrival(w, request);
    tw_alpaca_order_request told = read_request(w, &request->order);
    ledger_order order;
    ledger_refusal refusal;
    const char *id = request->order.client_order_id;
    bool twin = ledger_find_client(x->ledger, x->ours, tw_slice_of(id)) != NULL;
    w->result.twins += twin;
    if (ledger_submit(x->ledger, x->ours, &told, &order, &refusal) != TW_OK) {
        refused(request, &refusal);
        return;
    }
    WORLD_REQUIRE(w, !twin, "the exchange takes %s twice", id);
    request->result.order = read_order(w, &order);
}

static void cancel(world *w, wire_request *request) {
    world_exchange *x = &w->exchange;
    ledger_refusal refusal;
    const ledger_order *order =
        ledger_find(x->ledger, x->ours, tw_slice_of(request->order.venue_order_id));
    if (order == NULL)
        request->result.status = TW_NOT_FOUND;
    else if (ledger_cancel(x->ledger, order, &refusal) != TW_OK)
        refused(request, &refusal);
}

static void query(world *w, wire_request *request) {
    world_exchange *x = &w->exchange;
    const ledger_order *order =
        ledger_find_client(x->ledger, x->ours, tw_slice_of(request->order.client_order_id));
    if (order == NULL)
        request->result.status = TW_NOT_FOUND;
    else
        request->result.order = read_order(w, order);
}

/* ---- the parts of a snapshot ---- */

static void tell_account(world *w) {
    tw_alpaca_account account;
    words_account(w->exchange.ledger, w->exchange.ours, &account);
    tw_venue_event event = world_wire_event(w, TW_VENUE_ACCOUNT);
    event.as.account = (tw_account){.cash = account.cash,
                                    .equity = account.equity,
                                    .buying_power = account.buying_power,
                                    .identity = WORLD_ACCOUNT};
    world_wire_add(w, &event);
}

static void tell_positions(world *w) {
    world_exchange *x = &w->exchange;
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++) {
        tw_alpaca_position position;
        if (x->ours->holdings[s].quantity.nano == 0)
            continue;
        words_position(x->ours, s, x->symbols, floor_price(x->floor, s),
                       daily_history_last(x->history, s), &position);
        tw_venue_event event = world_wire_event(w, TW_VENUE_POSITION);
        event.as.position = position.position;
        event.as.position.symbol = s;
        world_wire_add(w, &event);
    }
}

static void tell_orders(world *w) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(w->exchange.ledger, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!ledger_owns(w->exchange.ledger, w->exchange.ours, &orders[i]) ||
            tw_order_status_is_final((tw_order_status)orders[i].order.status))
            continue;
        tw_venue_event event = world_wire_event(w, TW_VENUE_OPEN_ORDER);
        event.as.order = read_order(w, &orders[i]);
        world_wire_add(w, &event);
    }
}

static void carry_out(world *w, wire_request *request) {
    switch (request->kind) {
    case REQUEST_SUBMIT:
        submit(w, request);
        break;
    case REQUEST_CANCEL:
        cancel(w, request);
        break;
    case REQUEST_QUERY:
        query(w, request);
        break;
    case REQUEST_ACCOUNT:
    case REQUEST_CLOCK:
    case REQUEST_POSITIONS:
    case REQUEST_ORDERS:
        if (request->run != w->wire.run || request->reading != w->wire.reading)
            return;
        if (request->kind == REQUEST_ACCOUNT)
            tell_account(w);
        else if (request->kind == REQUEST_POSITIONS)
            tell_positions(w);
        else if (request->kind == REQUEST_ORDERS)
            tell_orders(w);
        else
            w->wire.clock_error_ns = w->exchange.clock_error_ns;
        break;
    }
}

/* ---- the door ---- */

static bool changes(const wire_request *request) {
    return request->kind == REQUEST_SUBMIT || request->kind == REQUEST_CANCEL;
}

static bool over_quota(world *w, const wire_request *request) {
    if (w->calm || w->plan.rate_limit == 0)
        return false;
    quota_verdict verdict =
        request_quota_take(&w->exchange.quota, w->exchange.ours, false, w->now_ns);
    if (!verdict.refused)
        return false;
    (void)request;
    w->result.struck[WORLD_RATE_LIMIT]++;
    return true;
}

void world_gate_handle(world *w, wire_request *request) {
    request->result.status = TW_OK;
    if (over_quota(w, request)) {
        request->result.status = TW_THROTTLED;
        return;
    }
    if (request->kind == REQUEST_SUBMIT && world_strikes(w, DRAW_WIRE, WORLD_REFUSAL)) {
        request->result.status = TW_REFUSED;
        request->result.code = CODE_FUNDS;
        return;
    }
    bool error = world_strikes(w, DRAW_WIRE, WORLD_SERVER_ERROR);
    bool forgets = changes(request) && world_strikes(w, DRAW_WIRE, WORLD_FORGETFUL);
    if (!error || world_below(w, DRAW_WIRE, 2) == 0)
        carry_out(w, request);
    if (error)
        request->result = (tw_order_result){.status = changes(request) ? TW_UNKNOWN : TW_REMOTE};
    if (forgets)
        world_exchange_die(w, world_span(w, DRAW_WIRE, TW_NS_PER_MS, 4 * TW_NS_PER_SECOND));
    else
        world_exchange_keep(w);
}
