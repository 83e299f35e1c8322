/* routes_trading.c - account, clock, positions and orders. */
#include <string.h>

#include "assets.h"
#include "exchange_priv.h"
#include "words.h"

enum { ORDER_LIST_DEFAULT = 50, ORDER_LIST_MAX = 500, CANCEL_BODY_MAX = 2000 };

void route_account(exchange_call *call) {
    tw_alpaca_account account;
    words_account(call->exchange->ledger, call->account, &account);
    tw_alpaca_encode_account(&call->exchange->body, &account);
    answer_body(call, 200);
}

void route_clock(exchange_call *call) {
    tw_alpaca_clock clock;
    words_clock(fault_moments_told_time(call->exchange), &clock);
    clock.is_open = floor_is_open(call->exchange->floor);
    tw_alpaca_encode_clock(&call->exchange->body, &clock);
    answer_body(call, 200);
}

/* A symbol by its name, or by the id or the CUSIP of its asset. */
static tw_symbol symbol_of(const tw_exchange *exchange, const char *name) {
    return assets_find(exchange->symbols, tw_slice_of(name));
}

static void write_position(exchange_call *call, tw_symbol symbol) {
    tw_exchange *exchange = call->exchange;
    tw_alpaca_position position;
    words_position(call->account, symbol, exchange->symbols, floor_price(exchange->floor, symbol),
                   daily_history_last(exchange->history, symbol), &position);
    tw_alpaca_encode_position(&exchange->body, &position);
}

void route_positions(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    bool first = true;
    tw_text_append_char(&exchange->body, '[');
    for (tw_symbol s = 0; s < tw_symbols_count(exchange->symbols); s++) {
        if (call->account->holdings[s].quantity.nano == 0)
            continue;
        if (!first)
            tw_text_append_char(&exchange->body, ',');
        first = false;
        write_position(call, s);
    }
    tw_text_append_char(&exchange->body, ']');
    answer_body(call, 200);
}

void route_position(exchange_call *call) {
    tw_symbol symbol = symbol_of(call->exchange, call->names[0]);
    if (symbol == TW_SYMBOL_NONE || call->account->holdings[symbol].quantity.nano == 0) {
        answer_error(call, 404, CODE_NOT_FOUND, "position does not exist");
        return;
    }
    write_position(call, symbol);
    answer_body(call, 200);
}

/* ---- orders -------------------------------------------------------------------------------- */

static void write_order(exchange_call *call, const ledger_order *order) {
    tw_alpaca_order words;
    words_order(order, call->exchange->symbols, &words);
    tw_alpaca_encode_order(&call->exchange->body, &words, NULL, 0);
}

/* What a list of orders asks for. */
typedef struct order_filter {
    bool open;
    bool closed;
    bool ascending;
    uint64_t limit;
    int64_t after_ns;
    int64_t until_ns;
    bool all_symbols;
    uint64_t symbols[SYMBOL_COUNT_MAX / 64]; /* a bit a symbol */
    tw_slice side;                           /* "buy", "sell", or empty */
} order_filter;

static bool read_time(exchange_call *call, const char *name, int64_t *ret_ns) {
    tw_slice text;
    if (!tw_http_request_query(call->request, name, &text) || text.size == 0)
        return true;
    if (tw_time_parse(text, ret_ns) == TW_OK)
        return true;
    answer_error(call, 422, 40010001, "invalid %s: %.*s", name, (int)text.size, text.data);
    return false;
}

/* Marks the symbols of "AAPL,MSFT"; names that do not exist have no orders. */
static void read_names(const exchange_call *call, order_filter *filter) {
    tw_slice names = {0};
    tw_http_request_query(call->request, "symbols", &names);
    filter->all_symbols = names.size == 0;
    while (names.data != NULL) {
        tw_symbol symbol =
            tw_symbols_find(call->exchange->symbols, tw_slice_trim(tw_slice_split(&names, ',')));
        if (symbol != TW_SYMBOL_NONE)
            filter->symbols[symbol / 64] |= UINT64_C(1) << (symbol % 64);
    }
}

static bool read_filter(exchange_call *call, order_filter *filter) {
    tw_slice text = {0};
    *filter = (order_filter){
        .open = true, .limit = ORDER_LIST_DEFAULT, .after_ns = INT64_MIN, .until_ns = INT64_MAX};
    if (tw_http_request_query(call->request, "status", &text)) {
        filter->open = !tw_slice_equal_string(text, "closed");
        filter->closed = !tw_slice_equal_string(text, "open");
        if (filter->open && filter->closed && !tw_slice_equal_string(text, "all")) {
            answer_error(call, 422, 40010001, "invalid status: %.*s", (int)text.size, text.data);
            return false;
        }
    }
    if (tw_http_request_query(call->request, "limit", &text) &&
        (tw_parse_u64(text, &filter->limit) != TW_OK || filter->limit == 0 ||
         filter->limit > ORDER_LIST_MAX)) {
        answer_error(call, 422, 40010001, "limit must be 1 to %d", ORDER_LIST_MAX);
        return false;
    }
    if (tw_http_request_query(call->request, "direction", &text))
        filter->ascending = tw_slice_equal_string(text, "asc");
    read_names(call, filter);
    tw_http_request_query(call->request, "side", &filter->side);
    return read_time(call, "after", &filter->after_ns) &&
           read_time(call, "until", &filter->until_ns);
}

static bool passes(const exchange_call *call, const order_filter *filter,
                   const ledger_order *order) {
    bool final = tw_order_status_is_final((tw_order_status)order->order.status);
    if (!ledger_owns(call->exchange->ledger, call->account, order) ||
        !(final ? filter->closed : filter->open))
        return false;
    if (order->order.created_ns <= filter->after_ns || order->order.created_ns >= filter->until_ns)
        return false;
    if (filter->side.size > 0 &&
        !tw_slice_equal_string(filter->side, tw_side_name((tw_side)order->order.side)))
        return false;
    tw_symbol symbol = order->order.symbol;
    return filter->all_symbols || (filter->symbols[symbol / 64] >> (symbol % 64) & 1) != 0;
}

void route_orders_list(exchange_call *call) {
    order_filter filter;
    if (!read_filter(call, &filter))
        return;
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(call->exchange->ledger, &count);
    uint64_t written = 0;
    tw_text *body = &call->exchange->body;
    tw_text_append_char(body, '[');
    for (uint32_t i = 0; i < count && written < filter.limit; i++) {
        const ledger_order *order = &orders[filter.ascending ? i : count - 1 - i];
        if (!passes(call, &filter, order))
            continue;
        if (written++ > 0)
            tw_text_append_char(body, ',');
        write_order(call, order);
    }
    tw_text_append_char(body, ']');
    answer_body(call, 200);
}

void route_orders_submit(exchange_call *call) {
    tw_exchange *exchange = call->exchange;
    tw_alpaca_order_request request;
    tw_error error = {0};
    if (tw_alpaca_decode_order_request(exchange->reader, tw_http_request_body(call->request),
                                       &request, &error) != TW_OK) {
        answer_error(call, 422, 40010001, "request body format is invalid: %s", error.message);
        return;
    }
    ledger_order order;
    ledger_refusal refusal;
    if (ledger_submit(exchange->ledger, call->account, &request, &order, &refusal) != TW_OK) {
        answer_refusal(call, &refusal);
        return;
    }
    tw_text_clear(&exchange->body);
    write_order(call, &order);
    answer_body(call, 200);
}

static uint32_t count_open(const ledger_order *orders, uint32_t count) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < count; i++)
        open += tw_order_status_is_final((tw_order_status)orders[i].order.status) ? 0 : 1;
    return open;
}

/* Each entry carries its order, as the venue's do, unless they are too many for one body. */
void route_orders_cancel_all(exchange_call *call) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(call->exchange->ledger, &count);
    bool with_orders = count_open(orders, count) <= CANCEL_BODY_MAX;
    tw_text *body = &call->exchange->body;
    bool first = true;
    tw_text_append_char(body, '[');
    for (uint32_t i = 0; i < count; i++) {
        ledger_refusal refusal;
        if (tw_order_status_is_final((tw_order_status)orders[i].order.status) ||
            !ledger_owns(call->exchange->ledger, call->account, &orders[i]))
            continue;
        tw_status status = ledger_cancel(call->exchange->ledger, &orders[i], &refusal);
        tw_text_append_format(body, "%s{\"id\":\"%s\",\"status\":%d", first ? "" : ",",
                              orders[i].order.venue_order_id, status == TW_OK ? 200 : 422);
        if (with_orders) {
            tw_text_append_string(body, ",\"body\":");
            write_order(call, &orders[i]);
        }
        tw_text_append_char(body, '}');
        first = false;
    }
    tw_text_append_char(body, ']');
    answer_body(call, 207);
}

static const ledger_order *find_order(exchange_call *call) {
    const ledger_order *order =
        ledger_find(call->exchange->ledger, call->account, tw_slice_of(call->names[0]));
    if (order == NULL)
        answer_error(call, 404, CODE_NOT_FOUND, "order not found for %s", call->names[0]);
    return order;
}

void route_order(exchange_call *call) {
    const ledger_order *order = find_order(call);
    if (order == NULL)
        return;
    write_order(call, order);
    answer_body(call, 200);
}

void route_order_by_client_id(exchange_call *call) {
    tw_slice id = {0};
    tw_http_request_query(call->request, "client_order_id", &id);
    const ledger_order *order = ledger_find_client(call->exchange->ledger, call->account, id);
    if (order == NULL) {
        answer_error(call, 404, CODE_NOT_FOUND, "order not found for %.*s", (int)id.size, id.data);
        return;
    }
    write_order(call, order);
    answer_body(call, 200);
}

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
