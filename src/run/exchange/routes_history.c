/*
 * routes_history.c - bars, trades, quotes and auctions of the past, page by page.
 *
 * A page goes on behind the record that its token names: symbols before it are passed over, and of
 * its own symbol what comes after it in the page's direction is given.
 */
#include <string.h>

#include "bar_walk.h"
#include "history_page.h"
#include "session.h"
#include "tick_walk.h"
#include "tradewind/alpaca_records.h"

/* Passes over the symbols before the token's; `*ret_resumed` tells that this one is the token's. */
static bool is_ahead(const history_page *page, tw_symbol symbol, bool *ret_resumed) {
    const history_query *query = page->query;
    *ret_resumed = query->resumed && symbol == query->token_symbol;
    if (!query->resumed || *ret_resumed)
        return true;
    const tw_symbols *symbols = page->exchange->symbols;
    return strcmp(tw_symbols_name(symbols, symbol), tw_symbols_name(symbols, query->token_symbol)) >
           0;
}

/* ---- bars ---------------------------------------------------------------------------------- */

static bool put_bar(void *context, const tw_bar *bar) {
    history_page *page = context;
    if (!history_page_next(page, bar->symbol, bar->time_ns, 0))
        return false;
    tw_alpaca_encode_bar(page->body, bar);
    return true;
}

/* Bars of a symbol, or the auctions of its days. */
static bool bars_of(history_page *page, tw_symbol symbol, bool resumed, bar_sink put) {
    const history_query *query = page->query;
    bar_range range = {query->frame, query->from_ns, query->to_ns, query->descending};
    if (resumed && query->descending && query->token_ns - 1 < range.to_ns)
        range.to_ns = query->token_ns - 1;
    else if (resumed && !query->descending && query->token_ns + 1 > range.from_ns)
        range.from_ns = query->token_ns + 1;
    return bar_walk(page->exchange, symbol, &range, put, page);
}

/* ---- auctions ------------------------------------------------------------------------------ */

typedef struct official {
    int64_t time_ns;
    tw_price price;    /* of the day's bar */
    const char *codes; /* of an auction's trade, and of the official price */
} official;

/* Returns how many prints there are: without an auction there is the official price alone. */
static uint32_t prints_of(const history_page *page, tw_symbol symbol, const official *of,
                          tw_trade *ret_prints) {
    tw_trade auction = {.price = of->price};
    bool held = market_past_print(&page->exchange->past, symbol, of->time_ns, &auction);
    for (uint32_t i = 0; i <= held; i++)
        ret_prints[i] = (tw_trade){.time_ns = of->time_ns,
                                   .price = auction.price,
                                   .quantity = auction.quantity,
                                   .exchange = 'Q',
                                   .conditions = {of->codes[held ? i : 1]}};
    return 1 + held;
}

/* The auctions of a day, when they have been. */
static bool put_auctions(void *context, const tw_bar *bar) {
    history_page *page = context;
    char date[TW_TIME_TEXT_SIZE];
    int64_t day = session_day_of(bar->time_ns);
    int64_t now_ns = floor_now(page->exchange->floor);
    session_hours hours;
    if (!session_hours_of(day, &hours) || now_ns < hours.open_ns)
        return true;
    if (!history_page_next(page, bar->symbol, bar->time_ns, 0))
        return false;
    tw_time_format(day * TW_NS_PER_DAY, 0, date);
    tw_alpaca_auction_day auctions = {
        .date = {date, sizeof "2026-01-05" - 1},
        .present = ~UINT64_C(0),
    };
    const official opening = {hours.open_ns, bar->open, "OQ"};
    const official closing = {hours.close_ns, bar->close, "6M"};
    auctions.opening_count = prints_of(page, bar->symbol, &opening, auctions.opening);
    if (now_ns >= hours.close_ns)
        auctions.closing_count = prints_of(page, bar->symbol, &closing, auctions.closing);
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_AUCTION_DAY, .as.auction_day = &auctions};
    tw_alpaca_encode_record(page->body, &record);
    return true;
}

/* ---- trades and quotes --------------------------------------------------------------------- */

static bool put_tick(void *context, const void *record, int64_t time_ns, uint64_t number) {
    history_page *page = context;
    bool quotes = page->query->kind == HISTORY_QUOTES;
    tw_symbol symbol =
        quotes ? ((const tw_quote *)record)->symbol : ((const tw_trade *)record)->symbol;
    if (!history_page_next(page, symbol, time_ns, number))
        return false;
    if (quotes)
        tw_alpaca_encode_quote(page->body, record);
    else
        tw_alpaca_encode_trade(page->body, record);
    return true;
}

static bool ticks_of(history_page *page, tw_symbol symbol, bool resumed) {
    const history_query *query = page->query;
    const tick_range range = {.quotes = query->kind == HISTORY_QUOTES,
                              .descending = query->descending,
                              .resumed = resumed,
                              .from_ns = query->from_ns,
                              .to_ns = query->to_ns,
                              .behind_ns = query->token_ns,
                              .behind_number = query->token_number};
    return tick_walk(page->exchange, symbol, &range, put_tick, page);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void answer_history(exchange_call *call, history_kind kind, bool single, const char *name) {
    history_query query;
    history_page page;
    if (!history_query_read(call, kind, single, &query))
        return;
    history_page_begin(&page, call, &query, name);
    bool room = true;
    for (uint32_t i = 0; room && i < query.symbol_count; i++) {
        bool resumed = false;
        if (!is_ahead(&page, query.symbols[i], &resumed))
            continue;
        room = kind == HISTORY_BARS       ? bars_of(&page, query.symbols[i], resumed, put_bar)
               : kind == HISTORY_AUCTIONS ? bars_of(&page, query.symbols[i], resumed, put_auctions)
                                          : ticks_of(&page, query.symbols[i], resumed);
    }
    history_page_end(&page, call);
}

void route_bars(exchange_call *call) {
    answer_history(call, HISTORY_BARS, false, "bars");
}

void route_bars_of(exchange_call *call) {
    answer_history(call, HISTORY_BARS, true, "bars");
}

void route_trades(exchange_call *call) {
    answer_history(call, HISTORY_TRADES, false, "trades");
}

void route_trades_of(exchange_call *call) {
    answer_history(call, HISTORY_TRADES, true, "trades");
}

void route_quotes(exchange_call *call) {
    answer_history(call, HISTORY_QUOTES, false, "quotes");
}

void route_quotes_of(exchange_call *call) {
    answer_history(call, HISTORY_QUOTES, true, "quotes");
}

void route_auctions(exchange_call *call) {
    answer_history(call, HISTORY_AUCTIONS, false, "auctions");
}

void route_auctions_of(exchange_call *call) {
    answer_history(call, HISTORY_AUCTIONS, true, "auctions");
}
