/*
 * streams_test_feed.c - the market of /v2/test, which is open at any hour and has one symbol.
 *
 * Each second its price takes a step of at most five cents; a quote stands a cent around it and a
 * trade of a hundred shares is made at it. A bar is told when the first trade of another minute
 * comes.
 */
#include <string.h>

#include "streams_priv.h"
#include "tradewind/time.h"

enum { SHARES = 100 };

static const int64_t CENT_NANO = TW_NANO / 100;

tw_status test_market_init(stream_test_market *market, const tw_allocator *allocator) {
    tw_symbol symbol;
    tw_random_init(&market->random, 1, UINT64_C(0x66616b6570616361));
    market->price_nano = 133 * TW_NANO;
    tw_status status = tw_symbols_new(allocator, 1, &market->symbols);
    if (status == TW_OK)
        status = tw_symbols_intern(market->symbols, tw_slice_of("FAKEPACA"), &symbol);
    return status;
}

void test_market_done(stream_test_market *market) {
    tw_symbols_free(market->symbols);
}

static void tell_quote(streams *set, int64_t now_ns) {
    int64_t price = set->test_market.price_nano;
    tw_quote quote = {
        .time_ns = now_ns,
        .bid_price = {price - CENT_NANO},
        .ask_price = {price + CENT_NANO},
        .bid_size = {SHARES * TW_NANO},
        .ask_size = {SHARES * TW_NANO},
        .bid_exchange = 'V',
        .ask_exchange = 'V',
        .tape = 'C',
        .conditions = "R",
    };
    if (!feed_wanted(&set->test, TW_ALPACA_CHANNEL_QUOTES, 0))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_quote(&set->scratch, &quote, set->test.symbols);
    feed_tell(&set->test, TW_ALPACA_CHANNEL_QUOTES, 0);
}

static void tell_trade(streams *set, const tw_trade *trade) {
    if (!feed_wanted(&set->test, TW_ALPACA_CHANNEL_TRADES, 0))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_trade(&set->scratch, trade, set->test.symbols);
    feed_tell(&set->test, TW_ALPACA_CHANNEL_TRADES, 0);
}

static void tell_bar(streams *set, const tw_bar *bar) {
    if (bar->count == 0 || !feed_wanted(&set->test, TW_ALPACA_CHANNEL_BARS, 0))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_bar(&set->scratch, bar, TW_ALPACA_BAR_MINUTE, set->test.symbols);
    feed_tell(&set->test, TW_ALPACA_CHANNEL_BARS, 0);
}

/* The trade enters its minute's bar; the bar before it is told if it is over. */
static void count_trade(streams *set, const tw_trade *trade) {
    stream_test_market *market = &set->test_market;
    tw_bar *bar = &market->minute;
    int64_t minute_ns = trade->time_ns - trade->time_ns % TW_NS_PER_MINUTE;
    if (bar->time_ns != minute_ns) {
        tell_bar(set, bar);
        *bar = (tw_bar){.time_ns = minute_ns,
                        .timeframe_ns = TW_NS_PER_MINUTE,
                        .open = trade->price,
                        .high = trade->price,
                        .low = trade->price};
        market->price_sum_nano = 0;
    }
    if (trade->price.nano > bar->high.nano)
        bar->high = trade->price;
    if (trade->price.nano < bar->low.nano)
        bar->low = trade->price;
    bar->close = trade->price;
    bar->volume.nano += trade->quantity.nano;
    bar->count++;
    market->price_sum_nano += trade->price.nano;
    bar->vwap.nano = market->price_sum_nano / (int64_t)bar->count; /* all are of one size */
}

void test_market_tell(streams *set, int64_t now_ns) {
    stream_test_market *market = &set->test_market;
    int64_t step = (int64_t)tw_random_below(&market->random, 11) - 5;
    market->price_nano += step * CENT_NANO;
    if (market->price_nano < 10 * TW_NANO)
        market->price_nano = 10 * TW_NANO;
    tw_trade trade = {
        .time_ns = now_ns,
        .price = {market->price_nano},
        .quantity = {SHARES * TW_NANO},
        .id = ++market->trade_id,
        .side = TW_SIDE_NONE,
        .exchange = 'V',
        .tape = 'C',
        .conditions = "@",
    };
    tell_quote(set, now_ns);
    count_trade(set, &trade);
    tell_trade(set, &trade);
}
