/*
 * order_list.c - which orders a list has, in which order, with their legs or without.
 *
 * A list is a walk over all orders from the newest (direction asc: from the oldest). With `nested`
 * a leg is written with the order that leads it when that one is in the list, else by itself.
 *
 * Source: Alpaca's reference of GET /v2/orders; before_order_id and after_order_id exclude each
 * other and the times.
 */
#include "order_list.h"

#include "query.h"
#include "words.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 500 };

typedef struct order_filter {
    bool open;
    bool closed;
    bool ascending;
    bool nested;
    bool all_symbols;
    bool none; /* an asset class of which there are no orders */
    uint64_t limit;
    int64_t after_ns;
    int64_t until_ns;
    const ledger_order *before; /* NULL: all are */
    const ledger_order *after;
    tw_slice side;                           /* "buy", "sell", or empty */
    uint64_t symbols[SYMBOL_COUNT_MAX / 64]; /* a bit a symbol */
} order_filter;

/* ---- what is asked for ----------------------------------------------------------------------- */

/* Marks the symbols of "AAPL,MSFT"; names that do not exist have no orders. */
static void read_names(const exchange_call *call, order_filter *filter) {
    tw_slice names = query_text(call, "symbols");
    filter->all_symbols = names.size == 0;
    while (names.data != NULL) {
        tw_symbol symbol =
            tw_symbols_find(call->exchange->symbols, tw_slice_trim(tw_slice_split(&names, ',')));
        if (symbol != TW_SYMBOL_NONE)
            filter->symbols[symbol / 64] |= UINT64_C(1) << (symbol % 64);
    }
}

static bool refuse_word(exchange_call *call, const char *name, tw_slice text) {
    answer_error(call, 422, CODE_REQUEST, "invalid %s: %.*s", name, (int)text.size, text.data);
    return false;
}

static bool read_status(exchange_call *call, order_filter *filter) {
    tw_slice text = query_text(call, "status");
    filter->open = !tw_slice_equal_string(text, "closed");
    filter->closed = tw_slice_equal_string(text, "closed") || tw_slice_equal_string(text, "all");
    if (text.size == 0 || filter->closed || tw_slice_equal_string(text, "open"))
        return true;
    return refuse_word(call, "status", text);
}

/* One of two words, or nothing. */
static bool read_word(exchange_call *call, const char *name, const char *first, const char *second,
                      tw_slice *ret_text) {
    *ret_text = query_text(call, name);
    if (ret_text->size == 0 || tw_slice_equal_string(*ret_text, first) ||
        tw_slice_equal_string(*ret_text, second))
        return true;
    return refuse_word(call, name, *ret_text);
}

static bool read_order(exchange_call *call, const char *name, const ledger_order **ret_order) {
    tw_slice text = query_text(call, name);
    if (text.size == 0)
        return true;
    *ret_order = ledger_find(call->exchange->ledger, call->account, text);
    if (*ret_order != NULL)
        return true;
    answer_error(call, 404, CODE_NOT_FOUND, "order not found for %.*s", (int)text.size, text.data);
    return false;
}

static bool read_places(exchange_call *call, order_filter *filter) {
    if (!read_order(call, "before_order_id", &filter->before) ||
        !read_order(call, "after_order_id", &filter->after))
        return false;
    bool timed = filter->after_ns != INT64_MIN || filter->until_ns != INT64_MAX;
    bool placed = filter->before != NULL || filter->after != NULL;
    if (!(placed && timed) && (filter->before == NULL || filter->after == NULL))
        return true;
    answer_error(call, 422, CODE_REQUEST,
                 "only one of before_order_id, after_order_id and after or until is accepted");
    return false;
}

static bool read_filter(exchange_call *call, order_filter *filter) {
    tw_slice direction = {0};
    *filter = (order_filter){.limit = LIST_DEFAULT, .after_ns = INT64_MIN, .until_ns = INT64_MAX};
    read_names(call, filter);
    tw_slice class = query_text(call, "asset_class");
    filter->none = class.size > 0 && !tw_slice_equal_string(class, "us_equity") &&
                   !tw_slice_equal_string(class, "all");
    bool good = read_status(call, filter) && query_count(call, "limit", LIST_MAX, &filter->limit) &&
                read_word(call, "direction", "asc", "desc", &direction) &&
                query_flag(call, "nested", &filter->nested) &&
                read_word(call, "side", "buy", "sell", &filter->side) &&
                query_time(call, "after", &filter->after_ns) &&
                query_time(call, "until", &filter->until_ns) && read_places(call, filter);
    filter->ascending = tw_slice_equal_string(direction, "asc");
    return good;
}

/* ---- what there is --------------------------------------------------------------------------- */

static bool is_placed(const order_filter *filter, const ledger_order *order) {
    return (filter->before == NULL || order < filter->before) &&
           (filter->after == NULL || order > filter->after);
}

static bool passes(const exchange_call *call, const order_filter *filter,
                   const ledger_order *order) {
    bool final = tw_order_status_is_final((tw_order_status)order->order.status);
    if (!ledger_owns(call->exchange->ledger, call->account, order) ||
        !(final ? filter->closed : filter->open) || !is_placed(filter, order))
        return false;
    if (order->order.created_ns <= filter->after_ns || order->order.created_ns >= filter->until_ns)
        return false;
    if (filter->side.size > 0 &&
        !tw_slice_equal_string(filter->side, tw_side_name((tw_side)order->order.side)))
        return false;
    tw_symbol symbol = order->order.symbol;
    return filter->all_symbols || (filter->symbols[symbol / 64] >> (symbol % 64) & 1) != 0;
}

static bool is_listed(const exchange_call *call, const order_filter *filter,
                      const ledger_order *order) {
    if (!passes(call, filter, order))
        return false;
    const ledger_order *parent = ledger_order_at(call->exchange->ledger, order->parent);
    return !filter->nested || parent == NULL || !passes(call, filter, parent);
}

/* ---- writing ------------------------------------------------------------------------------- */

void order_list_write(exchange_call *call, const ledger_order *order, bool nested) {
    const account_ledger *ledger = call->exchange->ledger;
    tw_alpaca_order words;
    tw_alpaca_order legs[LEDGER_LEG_COUNT_MAX];
    size_t count = 0;
    words_order_now(ledger, order, call->exchange->symbols, &words);
    for (size_t i = 0; nested && i < LEDGER_LEG_COUNT_MAX; i++) {
        const ledger_order *leg = ledger_order_at(ledger, order->legs[i]);
        if (leg != NULL)
            words_order_now(ledger, leg, call->exchange->symbols, &legs[count++]);
    }
    tw_alpaca_encode_order(&call->exchange->body, &words, legs, count);
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
    for (uint32_t i = 0; !filter.none && i < count && written < filter.limit; i++) {
        const ledger_order *order = &orders[filter.ascending ? i : count - 1 - i];
        if (!is_listed(call, &filter, order))
            continue;
        if (written++ > 0)
            tw_text_append_char(body, ',');
        order_list_write(call, order, filter.nested);
    }
    tw_text_append_char(body, ']');
    answer_body(call, 200);
}
