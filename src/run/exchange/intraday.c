/*
 * intraday.c - a bridge from a day's open to its close, cut into minutes.
 *
 * Invariants
 *  1. Every price lies between the day's low and high, and both are touched: `fold` throws back
 *     what would leave them, `touch` moves the two outermost points onto them.
 *  2. Sums of volumes and counts are exact: each minute gets the difference of two rounded
 *     cumulative shares.
 */
#include "intraday.h"

#include <math.h>

#include "holidays.h"
#include "session.h"
#include "tradewind/random.h"

enum { MINUTES = INTRADAY_MINUTE_COUNT, OPEN_MINUTE = 9 * 60 + 30 };

/* Apart from the streams of daily.c, which are numbered by symbol alone. */
static const uint64_t INTRADAY_SEED = UINT64_C(0x6d696e75746573);
static const int64_t CENT_NANO = TW_NANO / 100;

typedef struct day_walk {
    uint32_t count;              /* of its minutes */
    int64_t prices[MINUTES + 1]; /* at the borders of the minutes */
    double shares[MINUTES];      /* of the day's volume, up to the end of each minute */
} day_walk;

/* The line from open to close, at border k of `count` minutes. */
static double line_at(const tw_bar *day, uint32_t k, uint32_t count) {
    double open = (double)day->open.nano;
    return open + ((double)day->close.nano - open) * ((double)k / count);
}

static int64_t within(const tw_bar *day, double price) {
    int64_t cents = llround(price / (double)CENT_NANO) * CENT_NANO;
    if (cents > day->high.nano)
        return day->high.nano;
    return cents < day->low.nano ? day->low.nano : cents;
}

/* A standard walk that begins and ends at 0. */
static void draw_bridge(tw_random *random, uint32_t count, double bridge[MINUTES + 1]) {
    bridge[0] = 0.0;
    for (uint32_t k = 1; k <= count; k++)
        bridge[k] = bridge[k - 1] + tw_random_normal(random);
    double end = bridge[count];
    for (uint32_t k = 1; k <= count; k++)
        bridge[k] -= end * ((double)k / count);
}

/* A price beyond the day's low or high is thrown back from it, as light from two mirrors. */
static double fold(const tw_bar *day, double price) {
    double low = (double)day->low.nano;
    double span = (double)day->high.nano - low;
    if (span <= 0.0)
        return low;
    double turns = fabs(price - low);
    if (turns >= 2.0 * span)
        turns = fmod(turns, 2.0 * span);
    return low + (turns <= span ? turns : 2.0 * span - turns);
}

/* Moves the walk's highest and lowest points onto the day's. The ends stay where they are, unless
 * they are such a point themselves. */
static void touch(const tw_bar *day, uint32_t count, int64_t prices[MINUTES + 1]) {
    uint32_t top = 1;
    uint32_t bottom = count / 2;
    for (uint32_t k = 1; k < count; k++)
        if (prices[k] > prices[top])
            top = k;
    if (bottom == top)
        bottom++;
    for (uint32_t k = 1; k < count; k++)
        if (k != top && prices[k] < prices[bottom])
            bottom = k;
    prices[top] = day->high.nano;
    prices[bottom] = day->low.nano;
}

static void draw_shares(tw_random *random, uint32_t count, double shares[MINUTES]) {
    double sum = 0.0;
    for (uint32_t k = 0; k < count; k++) {
        double aside =
            2.0 * ((double)k + 0.5) / count - 1.0; /* -1 at the opening, 1 at the close */
        sum += (1.0 + 3.0 * aside * aside) * (0.5 + tw_random_uniform(random));
        shares[k] = sum;
    }
    for (uint32_t k = 0; k < count; k++)
        shares[k] /= sum;
    shares[count - 1] = 1.0;
}

static void draw_walk(const tw_bar *day, uint32_t count, uint64_t seed, day_walk *ret_walk) {
    double bridge[MINUTES + 1];
    tw_random random;
    uint64_t date = (uint64_t)session_day_of(day->time_ns);
    tw_random_init(&random, seed ^ INTRADAY_SEED,
                   (uint64_t)day->symbol << 32 | (date & UINT32_MAX));
    draw_bridge(&random, count, bridge);
    /* A bridge of n steps is expected to span 1.25 sqrt(n) of them. */
    double scale = ((double)day->high.nano - (double)day->low.nano) / (1.25 * sqrt((double)count));
    for (uint32_t k = 0; k <= count; k++)
        ret_walk->prices[k] = within(day, fold(day, line_at(day, k, count) + scale * bridge[k]));
    touch(day, count, ret_walk->prices);
    ret_walk->prices[0] = day->open.nano;
    ret_walk->prices[count] = day->close.nano;
    draw_shares(&random, count, ret_walk->shares);
    ret_walk->count = count;
}

/* The whole shares of the day that are traded up to the end of minute k. */
static int64_t shares_until(const tw_bar *day, const day_walk *walk, uint32_t k) {
    int64_t whole = day->volume.nano / TW_NANO;
    return k + 1 == walk->count ? whole : (int64_t)((double)whole * walk->shares[k]);
}

static tw_bar minute_of(const tw_bar *day, const day_walk *walk, uint32_t k, int64_t open_ns) {
    int64_t before = k == 0 ? 0 : shares_until(day, walk, k - 1);
    int64_t after = shares_until(day, walk, k);
    int64_t open = walk->prices[k];
    int64_t close = walk->prices[k + 1];
    int64_t rest = k + 1 == walk->count ? day->volume.nano % TW_NANO : 0;
    uint64_t counted_before = (uint64_t)((double)day->count * (k == 0 ? 0.0 : walk->shares[k - 1]));
    uint64_t counted =
        k + 1 == walk->count ? day->count : (uint64_t)((double)day->count * walk->shares[k]);
    return (tw_bar){
        .time_ns = open_ns + k * TW_NS_PER_MINUTE,
        .timeframe_ns = TW_NS_PER_MINUTE,
        .open = {open},
        .high = {open > close ? open : close},
        .low = {open < close ? open : close},
        .close = {close},
        .vwap = {open + (close - open) / 2},
        .volume = {(after - before) * TW_NANO + rest},
        .count = counted - counted_before,
        .symbol = day->symbol,
    };
}

uint32_t intraday_minutes(const tw_bar *day, uint64_t seed,
                          tw_bar ret_minutes[INTRADAY_MINUTE_COUNT]) {
    day_walk walk;
    int64_t date = session_day_of(day->time_ns);
    int64_t open_ns = session_time_of(date, 9, 30);
    uint32_t count = (uint32_t)holidays_close_minute(date) - OPEN_MINUTE;
    if (day->volume.nano / TW_NANO < count) {
        ret_minutes[0] = *day;
        ret_minutes[0].time_ns = open_ns;
        ret_minutes[0].timeframe_ns = TW_NS_PER_MINUTE;
        return 1;
    }
    draw_walk(day, count, seed, &walk);
    for (uint32_t k = 0; k < count; k++)
        ret_minutes[k] = minute_of(day, &walk, k, open_ns);
    return count;
}
