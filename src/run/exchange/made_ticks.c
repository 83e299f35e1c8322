/*
 * made_ticks.c - trades in pairs around a minute's middle.
 *
 *     k            0      1      2  ...  middle  ...  n-3    n-2    n-1
 *     price      open     a      b        mean      mirror mirror  close
 *     size         s      t      u        rest        u      t       s
 *
 * Invariants
 *  1. Trades k and n-1-k are of one size, and their prices lie alike on both sides of the mean of
 *     open and close: together they have that mean, and with all others so has the minute. What a
 *     division leaves goes to the trade in the middle (or the two), which is made at the mean.
 *  2. Sizes of pairs 2i and 2i+1 are off the mean size by the same, one up and one down.
 */
#include "made_ticks.h"

#include "splitmix.h"
#include "tradewind/time.h"

/* Apart from all other draws of the seed. */
static const uint64_t TICK_SEED = UINT64_C(0x7469636b73);

static const int64_t CENT_NANO = TW_NANO / 100;

enum { DRAW_TIME = 0, DRAW_PRICE, DRAW_SIZE, DRAW_SIDE, DRAW_DEPTH, DRAW_COUNT };

/* A number of its own for each place. */
static uint64_t draw(const made_minute *minute, uint64_t k, unsigned what) {
    uint64_t place = (uint64_t)minute->bar->time_ns ^ minute->bar->symbol * UINT64_C(0x9e3779b9);
    uint64_t day = splitmix_scatter(minute->seed ^ TICK_SEED ^ splitmix_scatter(place));
    return splitmix_scatter(day + k * DRAW_COUNT + what);
}

/* Uniform in [0, 1). */
static double share(const made_minute *minute, uint64_t k, unsigned what) {
    return (double)(draw(minute, k, what) >> 11) * 0x1p-53;
}

uint64_t made_day_id(int64_t day) {
    return (uint64_t)day << 24;
}

/* ---- times --------------------------------------------------------------------------------- */

/* Anywhere in the k-th of as many parts of the minute. */
int64_t made_trade_time(const made_minute *minute, uint64_t k) {
    double part = ((double)k + share(minute, k, DRAW_TIME)) / (double)minute->bar->count;
    return minute->bar->time_ns + (int64_t)(part * (double)(TW_NS_PER_MINUTE - 1));
}

/* Half way from the trade before. */
int64_t made_quote_time(const made_minute *minute, uint64_t k) {
    int64_t before_ns = k > 0 ? made_trade_time(minute, k - 1) : minute->bar->time_ns;
    return before_ns + (made_trade_time(minute, k) - before_ns) / 2;
}

/* ---- prices and sizes ---------------------------------------------------------------------- */

/* How many pairs there are beside the middle, which is one trade or two; of two trades none is in
 * the middle. */
static uint64_t pair_count(uint64_t n) {
    return n == 2 ? 1 : (n - 1) / 2;
}

static int64_t mean_price(const tw_bar *bar) {
    return bar->open.nano + (bar->close.nano - bar->open.nano) / 2;
}

static int64_t within(const tw_bar *bar, int64_t price) {
    if (price > bar->high.nano)
        return bar->high.nano;
    return price < bar->low.nano ? bar->low.nano : price;
}

/* The price of the first of a pair: from the open towards the close, with some wandering. */
static int64_t pair_price(const made_minute *minute, uint64_t pair) {
    const tw_bar *bar = minute->bar;
    double way = (double)pair / (double)bar->count + share(minute, pair, DRAW_PRICE) - 0.5;
    way = way < 0.0 ? 0.0 : way > 1.0 ? 1.0 : way;
    if (pair == 0)
        return bar->open.nano;
    int64_t price = bar->open.nano + (int64_t)((double)(bar->close.nano - bar->open.nano) * way);
    return within(bar, (price + CENT_NANO / 2) / CENT_NANO * CENT_NANO);
}

static int64_t price_at(const made_minute *minute, uint64_t k) {
    const tw_bar *bar = minute->bar;
    uint64_t pairs = pair_count(bar->count);
    uint64_t mirror = bar->count - 1 - k;
    if (mirror == 0)
        return bar->close.nano;
    if (k < pairs)
        return pair_price(minute, k);
    if (mirror < pairs)
        return within(bar, 2 * mean_price(bar) - pair_price(minute, mirror));
    return mean_price(bar);
}

/* Whole shares, unless there are fewer than trades. */
static int64_t mean_size(const tw_bar *bar) {
    int64_t each = bar->volume.nano / (int64_t)bar->count;
    return each < TW_NANO ? each : each / TW_NANO * TW_NANO;
}

/* Invariant 2: what a pair is off the mean size. Most are off by little. */
static int64_t pair_offset(const made_minute *minute, uint64_t pair, uint64_t pairs, int64_t mean) {
    uint64_t first = pair / 2 * 2;
    if (first + 1 >= pairs || mean <= TW_NANO)
        return 0;
    double off = share(minute, first, DRAW_SIZE);
    int64_t most = mean / TW_NANO - 1;
    int64_t shares = (int64_t)((double)most * off * off);
    return (pair == first ? shares : -shares) * TW_NANO;
}

static int64_t size_at(const made_minute *minute, uint64_t k) {
    const tw_bar *bar = minute->bar;
    uint64_t n = bar->count;
    uint64_t pairs = pair_count(n);
    uint64_t pair = k < n - 1 - k ? k : n - 1 - k;
    int64_t mean = mean_size(bar);
    if (n <= 2)
        return k == 0 ? bar->volume.nano / (int64_t)n
                      : bar->volume.nano - bar->volume.nano / (int64_t)n;
    if (pair < pairs)
        return mean + pair_offset(minute, pair, pairs, mean);
    int64_t rest = bar->volume.nano - mean * (int64_t)n;
    return k == pairs ? mean + rest : mean; /* of two in the middle the first has it */
}

/* ---- records ------------------------------------------------------------------------------- */

/* Two basis points, in whole cents. */
static int64_t spread_at(int64_t price) {
    return (price / 5000 / CENT_NANO + 1) * CENT_NANO;
}

/* Whether its buyer took what was offered; a bid is never at nothing. */
static bool is_bought(const made_minute *minute, uint64_t k, int64_t price) {
    return draw(minute, k, DRAW_SIDE) % 2 == 0 && price > spread_at(price);
}

void made_trade(const made_minute *minute, uint64_t k, tw_trade *ret_trade) {
    TW_ASSERT(k < minute->bar->count);
    int64_t price = price_at(minute, k);
    *ret_trade = (tw_trade){
        .time_ns = made_trade_time(minute, k),
        .price = {price},
        .quantity = {size_at(minute, k)},
        .id = minute->first_id + k,
        .symbol = minute->bar->symbol,
        .side = is_bought(minute, k, price) ? TW_SIDE_BUY : TW_SIDE_SELL,
        .exchange = 'V',
        .tape = 'C',
        .conditions = "@",
    };
}

void made_quote(const made_minute *minute, uint64_t k, tw_quote *ret_quote) {
    int64_t price = price_at(minute, k);
    int64_t spread = spread_at(price);
    uint64_t depth = draw(minute, k, DRAW_DEPTH);
    bool bought = is_bought(minute, k, price);
    *ret_quote = (tw_quote){
        .time_ns = made_quote_time(minute, k),
        .bid_price = {bought ? price - spread : price},
        .ask_price = {bought ? price : price + spread},
        .bid_size = {(int64_t)(1 + depth % 9) * 100 * TW_NANO},
        .ask_size = {(int64_t)(1 + depth / 9 % 9) * 100 * TW_NANO},
        .symbol = minute->bar->symbol,
        .bid_exchange = 'V',
        .ask_exchange = 'V',
        .tape = 'C',
        .conditions = "R",
    };
}
