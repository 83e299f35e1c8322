/*
 * alpaca_fetch_page.c - the pages of a fetch: what is asked for, and what is taken for an answer.
 *
 * A page is decoded straight into its lane. Rows of symbols that were not asked for, or more of
 * them than the limit, are the venue's error: they would be stored under somebody else's name.
 *
 * A token that was seen before ends the part. Brent's method keeps one reference and moves it at
 * powers of two, so that a cycle of any length is found with constant memory.
 */
#include <string.h>

#include "alpaca_fetch_priv.h"
#include "tradewind/rate.h"
#include "tradewind/time.h"

/* ---- the question ---- */

static void append_time(tw_text *url, const char *name, int64_t time_ns) {
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = tw_time_format(time_ns, -1, buffer);
    tw_text_append_string(url, name);
    tw_http_encode((tw_slice){buffer, size}, url);
}

static void append_symbols(const fetch_lane *lane, tw_text *url) {
    const tw_alpaca_fetch *fetch = lane->fetch;
    for (size_t i = 0; i < lane->unit_count; i++) {
        tw_symbol symbol = fetch->symbols[lane->unit_first + i];
        if (i > 0)
            tw_text_append_char(url, ',');
        tw_http_encode(tw_slice_of(tw_symbols_name(fetch->client->symbols, symbol)), url);
    }
}

void fetch_write_url(const fetch_lane *lane, tw_text *url) {
    static const char *const names[] = {"bars", "trades", "quotes"};
    const tw_alpaca_fetch *fetch = lane->fetch;
    tw_text_append_format(url, "%s/v2/stocks/%s?symbols=", fetch->client->data_url,
                          names[fetch->history]);
    append_symbols(lane, url);
    if (fetch->history == TW_ALPACA_HISTORY_BARS) {
        char timeframe[16];
        size_t size = tw_timeframe_format_alpaca(fetch->timeframe_ns, timeframe);
        tw_text_append_string(url, "&timeframe=");
        tw_text_append(url, (tw_slice){timeframe, size});
        if (fetch->adjustment[0] != '\0')
            tw_text_append_format(url, "&adjustment=%s", fetch->adjustment);
    }
    append_time(url, "&start=", lane->start_ns);
    if (lane->end_ns != 0)
        append_time(url, "&end=", lane->end_ns);
    tw_text_append_format(url, "&limit=%u", fetch->page_limit);
    if (fetch->feed[0] != '\0')
        tw_text_append_format(url, "&feed=%s", fetch->feed);
    if (lane->token[0] != '\0') {
        tw_text_append_string(url, "&page_token=");
        tw_http_encode(tw_slice_of(lane->token), url);
    }
}

/* ---- the answer ---- */

typedef struct page_sink {
    fetch_lane *lane;
    tw_symbol last; /* of the row before: pages are sorted by symbol */
    tw_status status;
} page_sink;

static bool was_asked_for(const fetch_lane *lane, tw_symbol symbol) {
    for (size_t i = 0; i < lane->unit_count; i++)
        if (lane->fetch->symbols[lane->unit_first + i] == symbol)
            return true;
    return false;
}

/* The number of the next row, or page_limit if the page has gone wrong. */
static size_t next_row(page_sink *sink, tw_symbol symbol) {
    fetch_lane *lane = sink->lane;
    if (sink->status == TW_OK && (lane->row_count == lane->fetch->page_limit ||
                                  (symbol != sink->last && !was_asked_for(lane, symbol))))
        sink->status = TW_PROTOCOL;
    if (sink->status != TW_OK)
        return lane->fetch->page_limit;
    sink->last = symbol;
    return lane->row_count++;
}

static void keep_bar(void *context, const tw_bar *bar) {
    page_sink *sink = context;
    size_t row = next_row(sink, bar->symbol);
    if (row < sink->lane->fetch->page_limit)
        sink->lane->rows.bars[row] = *bar;
}

static void keep_trade(void *context, const tw_trade *trade) {
    page_sink *sink = context;
    size_t row = next_row(sink, trade->symbol);
    if (row < sink->lane->fetch->page_limit)
        sink->lane->rows.trades[row] = *trade;
}

static void keep_quote(void *context, const tw_quote *quote) {
    page_sink *sink = context;
    size_t row = next_row(sink, quote->symbol);
    if (row < sink->lane->fetch->page_limit)
        sink->lane->rows.quotes[row] = *quote;
}

static tw_status decode(fetch_lane *lane, tw_slice body, tw_error *error) {
    const tw_alpaca_fetch *fetch = lane->fetch;
    page_sink sink = {lane, TW_SYMBOL_NONE, TW_OK};
    tw_alpaca_events events = {.context = &sink};
    if (fetch->history == TW_ALPACA_HISTORY_BARS)
        events.on_bar = keep_bar;
    else if (fetch->history == TW_ALPACA_HISTORY_TRADES)
        events.on_trade = keep_trade;
    else
        events.on_quote = keep_quote;
    tw_alpaca_page_options options = {fetch->timeframe_ns, TW_SYMBOL_NONE};
    tw_status status =
        tw_alpaca_decode_page(fetch->client->reader, body, &options, &events, lane->token, error);
    if (status == TW_OK && sink.status != TW_OK)
        status = tw_error_set(error, sink.status,
                              "the page has rows that were not asked for, or more than %u",
                              fetch->page_limit);
    return status;
}

static tw_status check_token(fetch_lane *lane, tw_error *error) {
    if (lane->token[0] == '\0')
        return TW_OK;
    if (strcmp(lane->token, lane->reference) == 0)
        return tw_error_set(error, TW_PROTOCOL, "the page token repeats; page %llu ends the fetch",
                            (unsigned long long)lane->page_number);
    if (lane->page_number >= 2 * lane->reference_page) {
        memcpy(lane->reference, lane->token, sizeof lane->reference);
        lane->reference_page = lane->page_number;
    }
    return TW_OK;
}

tw_status fetch_read_page(fetch_lane *lane, tw_slice body, tw_error *error) {
    lane->row_count = 0;
    lane->page_number++;
    tw_status status = decode(lane, body, error);
    if (status == TW_OK)
        status = check_token(lane, error);
    if (status != TW_OK)
        lane->row_count = 0;
    return status;
}

size_t fetch_row_size(tw_alpaca_history history) {
    static const size_t sizes[] = {sizeof(tw_bar), sizeof(tw_trade), sizeof(tw_quote)};
    return sizes[history];
}
