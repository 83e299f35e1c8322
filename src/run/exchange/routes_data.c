/*
 * routes_data.c - bars of the past and the newest trade, quote and bar.
 *
 * Pages are sorted by symbol, then time; the limit counts bars over all symbols. A page token is
 * "<time>-<symbol>": the bar at which the next page begins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar_page.h"
#include "exchange_priv.h"
#include "session.h"

enum { PAGE_DEFAULT = 1000, PAGE_MAX = 10000, SYMBOLS_MAX = 1024 };

typedef struct bars_request {
    tw_symbol symbols[SYMBOLS_MAX];
    uint32_t symbol_count;
    int64_t timeframe_ns;
    int64_t start_ns;
    int64_t end_ns;
    uint64_t limit;
    tw_symbol from_symbol; /* of the page token; TW_SYMBOL_NONE without one */
    int64_t from_ns;
} bars_request;

static int compare_names(const void *a, const void *b, void *context) {
    const tw_symbols *symbols = context;
    return strcmp(tw_symbols_name(symbols, *(const tw_symbol *)a),
                  tw_symbols_name(symbols, *(const tw_symbol *)b));
}

/* Reads "AAPL,MSFT" into ascending, distinct symbols; names that do not exist have no data. */
static bool read_symbols(exchange_call *call, tw_slice names, bars_request *request) {
    while (names.data != NULL) {
        tw_slice name = tw_slice_trim(tw_slice_split(&names, ','));
        tw_symbol symbol = tw_symbols_find(call->exchange->symbols, name);
        bool known = symbol != TW_SYMBOL_NONE;
        for (uint32_t i = 0; known && i < request->symbol_count; i++)
            known = request->symbols[i] != symbol;
        if (!known)
            continue;
        if (request->symbol_count == SYMBOLS_MAX) {
            answer_error(call, 400, 0, "too many symbols: at most %d", SYMBOLS_MAX);
            return false;
        }
        request->symbols[request->symbol_count++] = symbol;
    }
    qsort_r(request->symbols, request->symbol_count, sizeof request->symbols[0], compare_names,
            call->exchange->symbols);
    return true;
}

static bool query_time(exchange_call *call, const char *name, int64_t *ret_ns) {
    tw_slice text;
    if (!tw_http_request_query(call->request, name, &text) || text.size == 0)
        return true;
    if (tw_time_parse(text, ret_ns) == TW_OK)
        return true;
    answer_error(call, 400, 0, "invalid %s: %.*s", name, (int)text.size, text.data);
    return false;
}

static bool read_token(exchange_call *call, bars_request *request) {
    tw_slice token;
    request->from_symbol = TW_SYMBOL_NONE;
    if (!tw_http_request_query(call->request, "page_token", &token) || token.size == 0)
        return true;
    tw_slice time = tw_slice_split(&token, '-');
    if (tw_parse_i64(time, &request->from_ns) == TW_OK && token.data != NULL)
        request->from_symbol = tw_symbols_find(call->exchange->symbols, token);
    if (request->from_symbol != TW_SYMBOL_NONE)
        return true;
    answer_error(call, 400, 0, "invalid page_token");
    return false;
}

static bool read_request(exchange_call *call, bars_request *request) {
    tw_slice text = {0};
    int64_t now_ns = floor_now(call->exchange->floor);
    request->limit = PAGE_DEFAULT;
    request->start_ns = session_time_of(session_day_of(now_ns), 0, 0);
    request->end_ns = now_ns;
    if (!tw_http_request_query(call->request, "timeframe", &text) ||
        tw_timeframe_parse(text, &request->timeframe_ns) != TW_OK ||
        request->timeframe_ns < TW_NS_PER_MINUTE) {
        answer_error(call, 400, 0, "invalid timeframe: %.*s", (int)text.size,
                     text.data == NULL ? "" : text.data);
        return false;
    }
    if (tw_http_request_query(call->request, "limit", &text) &&
        (tw_parse_u64(text, &request->limit) != TW_OK || request->limit == 0 ||
         request->limit > PAGE_MAX)) {
        answer_error(call, 400, 0, "invalid limit: it must be 1 to %d", PAGE_MAX);
        return false;
    }
    return query_time(call, "start", &request->start_ns) &&
           query_time(call, "end", &request->end_ns) && read_token(call, request);
}

static tw_status fill_page(exchange_call *call, const bars_request *request, bar_page *page) {
    const tw_exchange *exchange = call->exchange;
    page->limit = request->limit;
    page->bars = TW_NEW(exchange->allocator, request->limit, tw_bar);
    if (page->bars == NULL)
        return TW_NO_MEMORY;
    bool reached = request->from_symbol == TW_SYMBOL_NONE;
    for (uint32_t i = 0; i < request->symbol_count; i++) {
        tw_symbol symbol = request->symbols[i];
        bool resumed = symbol == request->from_symbol;
        reached = reached || resumed;
        if (!reached)
            continue;
        bar_range range = {.timeframe_ns = request->timeframe_ns,
                           .from_ns = resumed ? request->from_ns : request->start_ns,
                           .to_ns = request->end_ns};
        if (!bar_page_add(page, exchange, symbol, &range))
            break;
    }
    return TW_OK;
}

static void answer_bars(exchange_call *call, bars_request *request, bool single) {
    tw_exchange *exchange = call->exchange;
    bar_page page = {0};
    if (request->timeframe_ns > TW_NS_PER_DAY) {
        answer_error(call, 400, 0, "timeframes above 1Day are not served here");
        return;
    }
    if (fill_page(call, request, &page) != TW_OK) {
        answer_error(call, 500, 0, "no memory for the page");
        return;
    }
    tw_text *body = &exchange->body;
    if (single) {
        tw_text_append_string(body, "{\"bars\":[");
        for (uint64_t i = 0; i < page.count; i++) {
            if (i > 0)
                tw_text_append_char(body, ',');
            tw_alpaca_encode_bar(body, &page.bars[i]);
        }
        tw_text_append_string(body, "],\"symbol\":");
        tw_text_append_json(body, tw_slice_of(call->names[0]));
        tw_text_append_string(body, ",\"next_page_token\":");
        if (page.token[0] == '\0')
            tw_text_append_string(body, "null");
        else
            tw_text_append_json(body, tw_slice_of(page.token));
        tw_text_append_char(body, '}');
    } else {
        tw_alpaca_encode_bars_page(body, page.bars, page.count, exchange->symbols, page.token);
    }
    TW_DELETE(exchange->allocator, page.bars, page.limit, tw_bar);
    answer_body(call, 200);
}

void route_bars(exchange_call *call) {
    bars_request request = {0};
    tw_slice names = {0};
    if (!tw_http_request_query(call->request, "symbols", &names) || names.size == 0) {
        answer_error(call, 400, 0, "symbols is required");
        return;
    }
    if (read_symbols(call, names, &request) && read_request(call, &request))
        answer_bars(call, &request, false);
}

void route_bars_of(exchange_call *call) {
    bars_request request = {0};
    tw_symbol symbol = tw_symbols_find(call->exchange->symbols, tw_slice_of(call->names[0]));
    if (symbol != TW_SYMBOL_NONE)
        request.symbols[request.symbol_count++] = symbol;
    if (read_request(call, &request))
        answer_bars(call, &request, true);
}

/* ---- the newest ---------------------------------------------------------------------------- */

typedef enum latest_kind { LATEST_NONE, LATEST_TRADES, LATEST_QUOTES, LATEST_BARS } latest_kind;

static latest_kind latest_of(const char *word) {
    if (strcmp(word, "trades") == 0)
        return LATEST_TRADES;
    if (strcmp(word, "quotes") == 0)
        return LATEST_QUOTES;
    return strcmp(word, "bars") == 0 ? LATEST_BARS : LATEST_NONE;
}

/* The newest minute of a symbol, finished or not. */
static bool latest_bar(const tw_exchange *exchange, tw_symbol symbol, tw_bar *ret_bar) {
    uint32_t first = 0, count = 0, capacity = 0;
    const tw_bar *minutes = floor_minutes(exchange->floor, symbol, &first, &count, &capacity);
    if (count > 0) {
        *ret_bar = minutes[(first + count - 1) % capacity];
        return true;
    }
    return floor_minute_now(exchange->floor, symbol, ret_bar);
}

/* Writes one record of a symbol; false when it has none yet. */
static bool write_latest(exchange_call *call, latest_kind kind, tw_symbol symbol) {
    tw_exchange *exchange = call->exchange;
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    switch (kind) {
    case LATEST_TRADES:
        if (!floor_last_trade(exchange->floor, symbol, &trade))
            return false;
        tw_alpaca_encode_trade(&exchange->body, &trade);
        return true;
    case LATEST_QUOTES:
        floor_quote(exchange->floor, symbol, &quote);
        tw_alpaca_encode_quote(&exchange->body, &quote);
        return true;
    case LATEST_BARS:
        if (!latest_bar(exchange, symbol, &bar))
            return false;
        tw_alpaca_encode_bar(&exchange->body, &bar);
        return true;
    case LATEST_NONE:
        break;
    }
    return false;
}

void route_latest(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    latest_kind kind = latest_of(call->names[0]);
    bars_request request = {0};
    tw_slice names = {0};
    if (kind == LATEST_NONE) {
        answer_error(call, 404, 40410000, "endpoint not found.");
        return;
    }
    if (!tw_http_request_query(call->request, "symbols", &names) || names.size == 0) {
        answer_error(call, 400, 0, "symbols is required");
        return;
    }
    if (!read_symbols(call, names, &request))
        return;
    tw_text_append_format(body, "{\"%s\":{", call->names[0]);
    bool first = true;
    for (uint32_t i = 0; i < request.symbol_count; i++) {
        size_t before = body->size;
        if (!first)
            tw_text_append_char(body, ',');
        tw_text_append_json(
            body, tw_slice_of(tw_symbols_name(call->exchange->symbols, request.symbols[i])));
        tw_text_append_char(body, ':');
        if (write_latest(call, kind, request.symbols[i]))
            first = false;
        else
            body->size = before;
    }
    tw_text_append_string(body, "}}");
    answer_body(call, 200);
}

void route_latest_of(exchange_call *call) {
    static const char *const singular[] = {"", "trade", "quote", "bar"};
    tw_text *body = &call->exchange->body;
    latest_kind kind = latest_of(call->names[1]);
    tw_symbol symbol = tw_symbols_find(call->exchange->symbols, tw_slice_of(call->names[0]));
    if (kind == LATEST_NONE) {
        answer_error(call, 404, 40410000, "endpoint not found.");
        return;
    }
    if (symbol == TW_SYMBOL_NONE) {
        answer_error(call, 404, 0, "no %s found for %s", singular[kind], call->names[0]);
        return;
    }
    tw_text_append_string(body, "{\"symbol\":");
    tw_text_append_json(body, tw_slice_of(call->names[0]));
    tw_text_append_format(body, ",\"%s\":", singular[kind]);
    if (!write_latest(call, kind, symbol)) {
        answer_error(call, 404, 0, "no %s found for %s", singular[kind], call->names[0]);
        return;
    }
    tw_text_append_char(body, '}');
    answer_body(call, 200);
}
