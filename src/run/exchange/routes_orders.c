/*
 * routes_orders.c - orders sent, read, replaced and cancelled, and positions closed by orders.
 *
 * An order of a group is written with its legs as the answer to the request that brought it, and
 * where a reader asks for `nested`; else each leg stands for itself.
 */
#include <string.h>

#include "assets.h"
#include "exchange_priv.h"
#include "order_list.h"
#include "query.h"
#include "words.h"

enum { CANCEL_BODY_MAX = 2000 };

/* ---- writing ------------------------------------------------------------------------------- */

static void write_order(exchange_call *call, const ledger_order *order) {
    tw_alpaca_order words;
    words_order_now(call->exchange->ledger, order, call->exchange->symbols, &words);
    tw_alpaca_encode_order(&call->exchange->body, &words, NULL, 0);
}

/* The answer to whoever sent an order: its legs are held, whatever has become of them since. */
static void write_taken(exchange_call *call, const ledger_order *order) {
    const account_ledger *ledger = call->exchange->ledger;
    tw_alpaca_order words;
    tw_alpaca_order legs[LEDGER_LEG_COUNT_MAX];
    size_t count = 0;
    words_order(ledger, order, call->exchange->symbols, &words);
    for (size_t i = 0; i < LEDGER_LEG_COUNT_MAX; i++) {
        const ledger_order *leg = ledger_order_at(ledger, order->legs[i]);
        if (leg == NULL)
            continue;
        ledger_order held = *leg;
        held.order.status = TW_ORDER_HELD;
        held.order.filled.nano = 0;
        held.order.average_price.nano = 0;
        held.order.updated_ns = held.order.created_ns;
        words_order(ledger, &held, call->exchange->symbols, &legs[count++]);
    }
    tw_alpaca_encode_order(&call->exchange->body, &words, legs, count);
}

static void answer_taken(exchange_call *call, const ledger_order *order) {
    tw_text_clear(&call->exchange->body);
    write_taken(call, order);
    answer_body(call, 200);
}

/* ---- sending and replacing ------------------------------------------------------------------- */

static bool read_request(exchange_call *call, tw_alpaca_order_request *ret_request) {
    tw_error error = {0};
    if (tw_alpaca_decode_order_request(call->exchange->reader, tw_http_request_body(call->request),
                                       ret_request, &error) == TW_OK)
        return true;
    answer_error(call, 422, CODE_REQUEST, "request body format is invalid: %s", error.message);
    return false;
}

void route_orders_submit(exchange_call *call) {
    tw_alpaca_order_request request;
    ledger_order order;
    ledger_refusal refusal;
    if (!read_request(call, &request))
        return;
    if (ledger_submit(call->exchange->ledger, call->account, &request, &order, &refusal) != TW_OK)
        answer_refusal(call, &refusal);
    else
        answer_taken(call, &order);
}

static const ledger_order *find_order(exchange_call *call) {
    const ledger_order *order =
        ledger_find(call->exchange->ledger, call->account, tw_slice_of(call->names[0]));
    if (order == NULL)
        answer_error(call, 404, CODE_NOT_FOUND, "order not found for %s", call->names[0]);
    return order;
}

void route_order_replace(exchange_call *call) {
    tw_alpaca_order_request changes;
    ledger_order order;
    ledger_refusal refusal;
    const ledger_order *old = find_order(call);
    if (old == NULL || !read_request(call, &changes))
        return;
    if (ledger_replace(call->exchange->ledger, old, &changes, &order, &refusal) != TW_OK)
        answer_refusal(call, &refusal);
    else
        answer_taken(call, &order);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void answer_order(exchange_call *call, const ledger_order *order) {
    bool nested = false;
    if (order == NULL || !query_flag(call, "nested", &nested))
        return;
    order_list_write(call, order, nested);
    answer_body(call, 200);
}

void route_order(exchange_call *call) {
    answer_order(call, find_order(call));
}

void route_order_by_client_id(exchange_call *call) {
    tw_slice id = query_text(call, "client_order_id");
    const ledger_order *order = ledger_find_client(call->exchange->ledger, call->account, id);
    if (order == NULL)
        answer_error(call, 404, CODE_NOT_FOUND, "order not found for %.*s", (int)id.size, id.data);
    answer_order(call, order);
}

/* ---- cancelling ---------------------------------------------------------------------------- */

void route_order_cancel(exchange_call *call) {
    const ledger_order *order = find_order(call);
    ledger_refusal refusal;
    if (order == NULL)
        return;
    if (ledger_cancel(call->exchange->ledger, order, &refusal) != TW_OK)
        answer_refusal(call, &refusal);
    else
        answer_empty(call, 204);
}

static bool is_open_of(const exchange_call *call, const ledger_order *order) {
    return !tw_order_status_is_final((tw_order_status)order->order.status) &&
           ledger_owns(call->exchange->ledger, call->account, order);
}

static uint32_t count_open(const exchange_call *call, const ledger_order *orders, uint32_t count) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < count; i++)
        open += is_open_of(call, &orders[i]) ? 1 : 0;
    return open;
}

/* Each entry carries its order as it was, as the venue's do, unless they are too many for one
 * body. Legs go with the order that leads them. */
void route_orders_cancel_all(exchange_call *call) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(call->exchange->ledger, &count);
    bool with_orders = count_open(call, orders, count) <= CANCEL_BODY_MAX;
    tw_text *body = &call->exchange->body;
    bool first = true;
    tw_text_append_char(body, '[');
    for (uint32_t i = 0; i < count; i++) {
        ledger_refusal refusal;
        if (!is_open_of(call, &orders[i]))
            continue;
        tw_text_append_format(body, "%s{\"id\":\"%s\",\"status\":200", first ? "" : ",",
                              orders[i].order.venue_order_id);
        if (with_orders) {
            tw_text_append_string(body, ",\"body\":");
            write_order(call, &orders[i]);
        }
        tw_text_append_char(body, '}');
        first = false;
        tw_status status = ledger_cancel(call->exchange->ledger, &orders[i], &refusal);
        TW_ASSERT(status == TW_OK);
    }
    tw_text_append_char(body, ']');
    answer_body(call, 207);
}

/* ---- closing positions ----------------------------------------------------------------------- */

static bool read_decimal(exchange_call *call, const char *name, int64_t *ret_nano) {
    tw_slice text = query_text(call, name);
    if (text.size == 0)
        return true;
    if (tw_decimal_parse(text, ret_nano) == TW_OK && *ret_nano > 0)
        return true;
    answer_error(call, 422, CODE_REQUEST, "%s must be > 0", name);
    return false;
}

void route_position_close(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_symbol symbol = assets_find(exchange->symbols, tw_slice_of(call->names[0]));
    ledger_closing closing = {0};
    ledger_order order;
    ledger_refusal refusal;
    if (!read_decimal(call, "qty", &closing.quantity.nano) ||
        !read_decimal(call, "percentage", &closing.percentage_nano))
        return;
    if (symbol == TW_SYMBOL_NONE)
        answer_error(call, 404, CODE_NOT_FOUND, "position does not exist");
    else if (ledger_close(exchange->ledger, call->account, symbol, &closing, &order, &refusal) !=
             TW_OK)
        answer_refusal(call, &refusal);
    else
        answer_taken(call, &order);
}

static void cancel_open(exchange_call *call) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(call->exchange->ledger, &count);
    for (uint32_t i = 0; i < count; i++) {
        ledger_refusal refusal;
        if (!is_open_of(call, &orders[i]))
            continue;
        tw_status status = ledger_cancel(call->exchange->ledger, &orders[i], &refusal);
        TW_ASSERT(status == TW_OK);
    }
}

static void close_one(exchange_call *call, tw_symbol symbol) {
    static const ledger_closing whole = {0};
    tw_exchange *exchange = call->exchange;
    ledger_order order;
    ledger_refusal refusal;
    tw_status status =
        ledger_close(exchange->ledger, call->account, symbol, &whole, &order, &refusal);
    tw_text_append_format(&exchange->body, "{\"symbol\":\"%s\",\"status\":%u,\"body\":",
                          tw_symbols_name(exchange->symbols, symbol),
                          status == TW_OK ? 200 : refusal.http_status);
    if (status == TW_OK)
        write_taken(call, &order);
    else
        refusal_write(&refusal, &exchange->body);
    tw_text_append_char(&exchange->body, '}');
}

void route_positions_close(exchange_call *call) {
    bool cancels = false;
    if (!query_flag(call, "cancel_orders", &cancels))
        return;
    if (cancels)
        cancel_open(call);
    answer_positions(call, 207, close_one);
}
