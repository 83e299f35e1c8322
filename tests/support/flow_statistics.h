/*
 * flow_statistics.h - what an hour of orders looks like, in figures: for a real one and for ours.
 *
 * statistics_take is told each message after the book has taken it; statistics_end makes the
 * figures. Gaps are the times between messages. Returns are those of the mid of best bid and ask
 * from second to second, in units of 0.0001 (basis points), as are spreads and distances.
 */
#ifndef TRADEWIND_TESTS_FLOW_STATISTICS_H
#define TRADEWIND_TESTS_FLOW_STATISTICS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/book.h"
#include "tradewind/time.h"

#define STATISTICS_MESSAGE_COUNT_MAX 400000
#define STATISTICS_SECOND_COUNT 3600
#define STATISTICS_LEVEL_COUNT 10

typedef enum statistics_kind {
    STATISTICS_ADD,
    STATISTICS_CANCEL,
    STATISTICS_TRADE
} statistics_kind;

typedef enum figure {
    FIGURE_MESSAGES, /* a second */
    FIGURE_ADDS,     /* share of all messages */
    FIGURE_CANCELS,
    FIGURE_TRADES,
    FIGURE_GAP_VARIATION, /* standard deviation over mean */
    FIGURE_GAP_10,        /* quantiles of the gaps in microseconds */
    FIGURE_GAP_50,
    FIGURE_GAP_90,
    FIGURE_FANO,     /* variance over mean of the messages in a second */
    FIGURE_SIZE_100, /* share of new orders of a hundred shares */
    FIGURE_SIZE_25,  /* quantiles of the sizes of new orders */
    FIGURE_SIZE_MEAN,
    FIGURE_SIZE_99,
    FIGURE_TRADE_SIZE, /* mean */
    FIGURE_SPREAD,     /* mean; then quantiles, in basis points */
    FIGURE_SPREAD_5,
    FIGURE_SPREAD_95,
    FIGURE_BEST_SIZE, /* mean of the shares at the best prices */
    FIGURE_DEPTH_5,   /* shares at the fifth and tenth level over those at the first */
    FIGURE_DEPTH_10,
    FIGURE_REACH_10,   /* of the tenth level from the best, basis points */
    FIGURE_RETURN,     /* standard deviation, a second */
    FIGURE_KURTOSIS,   /* in excess of the normal's */
    FIGURE_CLUSTER_1,  /* correlation of a second's absolute return with the next one's */
    FIGURE_CLUSTER_10, /* and with that ten seconds later */
    FIGURE_COUNT
} figure;

static const char *const figure_names[FIGURE_COUNT] = {
    "messages a second",
    "new orders, share",
    "cancels, share",
    "trades, share",
    "gap variation",
    "gap 10 %, us",
    "gap 50 %, us",
    "gap 90 %, us",
    "Fano factor, 1 s",
    "size 100, share",
    "size 25 %",
    "size mean",
    "size 99 %",
    "trade size mean",
    "spread mean, bp",
    "spread 5 %, bp",
    "spread 95 %, bp",
    "size at best, mean",
    "size level 5 / 1",
    "size level 10 / 1",
    "level 10 away, bp",
    "return 1 s, bp",
    "excess kurtosis, 1 s",
    "|return| lag 1 s",
    "|return| lag 10 s",
};

typedef struct flow_statistics {
    int64_t begin_ns;
    int64_t last_ns;
    double mid;
    uint32_t counts[3];
    uint32_t second_count;
    uint32_t in_second[STATISTICS_SECOND_COUNT + 1];
    double mids[STATISTICS_SECOND_COUNT + 1];
    double gaps[STATISTICS_MESSAGE_COUNT_MAX];
    double sizes[STATISTICS_MESSAGE_COUNT_MAX];
    double spreads[STATISTICS_MESSAGE_COUNT_MAX];
    uint32_t gap_count;
    uint32_t size_count;
    uint32_t spread_count;
    double trade_size;
    double best_size;
    double level_size[STATISTICS_LEVEL_COUNT];
    double reach;
    uint32_t depth_count;
} flow_statistics;

static inline void statistics_begin(flow_statistics *st, int64_t begin_ns) {
    memset(st, 0, sizeof *st);
    st->begin_ns = begin_ns;
    st->last_ns = begin_ns;
}

static inline void statistics_depth(flow_statistics *st, const tw_book *book) {
    tw_level levels[STATISTICS_LEVEL_COUNT];
    for (int side = 0; side < 2; side++) {
        tw_side which = side == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
        size_t count = tw_book_depth(book, 0, which, levels, STATISTICS_LEVEL_COUNT);
        if (count < STATISTICS_LEVEL_COUNT)
            continue;
        for (size_t i = 0; i < count; i++)
            st->level_size[i] += tw_decimal_to_double(levels[i].quantity.nano);
        double first = tw_decimal_to_double(levels[0].price.nano);
        st->reach += fabs(tw_decimal_to_double(levels[count - 1].price.nano) - first) / first * 1e4;
        st->depth_count++;
    }
}

/* The book is as the message left it; symbol 0. */
static inline void statistics_take(flow_statistics *st, int64_t time_ns, statistics_kind kind,
                                   tw_quantity quantity, const tw_book *book) {
    int64_t second = (time_ns - st->begin_ns) / TW_NS_PER_SECOND;
    if (second >= STATISTICS_SECOND_COUNT || st->gap_count == STATISTICS_MESSAGE_COUNT_MAX)
        return;
    for (; st->second_count <= second; st->second_count++)
        st->mids[st->second_count] = st->mid;
    st->in_second[second]++;
    st->counts[kind]++;
    st->gaps[st->gap_count++] = (double)(time_ns - st->last_ns) / 1e3;
    st->last_ns = time_ns;
    double shares = tw_decimal_to_double(quantity.nano);
    if (kind == STATISTICS_ADD)
        st->sizes[st->size_count++] = shares;
    else if (kind == STATISTICS_TRADE)
        st->trade_size += shares;
    tw_quote best;
    tw_book_best(book, 0, &best);
    if (best.bid_size.nano > 0 && best.ask_size.nano > 0) {
        double bid = tw_decimal_to_double(best.bid_price.nano);
        double ask = tw_decimal_to_double(best.ask_price.nano);
        st->mid = (bid + ask) / 2.0;
        st->spreads[st->spread_count++] = (ask - bid) / st->mid * 1e4;
        st->best_size += tw_decimal_to_double(best.bid_size.nano + best.ask_size.nano) / 2.0;
    }
    if (st->gap_count % 64 == 0)
        statistics_depth(st, book);
}

static inline int statistics_order(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double statistics_mean(const double *values, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++)
        sum += values[i];
    return count == 0 ? 0.0 : sum / count;
}

static inline double statistics_variance(const double *values, uint32_t count) {
    double mean = statistics_mean(values, count);
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return count == 0 ? 0.0 : sum / count;
}

static inline double statistics_correlation(const double *values, uint32_t count, uint32_t lag) {
    double mean = statistics_mean(values, count);
    double sum = 0.0;
    for (uint32_t i = 0; i + lag < count; i++)
        sum += (values[i] - mean) * (values[i + lag] - mean);
    return sum / (count - lag) / statistics_variance(values, count);
}

static inline void statistics_returns(const flow_statistics *st, double *ret_figures) {
    static double returns[STATISTICS_SECOND_COUNT];
    uint32_t count = 0;
    for (uint32_t i = 1; i + 1 < st->second_count; i++) {
        if (st->mids[i] > 0.0)
            returns[count++] = log(st->mids[i + 1] / st->mids[i]) * 1e4;
    }
    double variance = statistics_variance(returns, count);
    double fourth = 0.0;
    for (uint32_t i = 0; i < count; i++)
        fourth += returns[i] * returns[i] * returns[i] * returns[i] / count;
    ret_figures[FIGURE_RETURN] = sqrt(variance);
    ret_figures[FIGURE_KURTOSIS] = fourth / (variance * variance) - 3.0;
    for (uint32_t i = 0; i < count; i++)
        returns[i] = fabs(returns[i]);
    ret_figures[FIGURE_CLUSTER_1] = statistics_correlation(returns, count, 1);
    ret_figures[FIGURE_CLUSTER_10] = statistics_correlation(returns, count, 10);
}

static inline double statistics_quantile(const double *sorted, uint32_t count, double share) {
    return sorted[(uint32_t)(share * (count - 1))];
}

static inline void statistics_gaps(flow_statistics *st, double *ret_figures) {
    double seconds[STATISTICS_SECOND_COUNT];
    for (uint32_t i = 0; i < st->second_count; i++)
        seconds[i] = st->in_second[i];
    ret_figures[FIGURE_MESSAGES] = statistics_mean(seconds, st->second_count);
    ret_figures[FIGURE_FANO] =
        statistics_variance(seconds, st->second_count) / ret_figures[FIGURE_MESSAGES];
    ret_figures[FIGURE_GAP_VARIATION] = sqrt(statistics_variance(st->gaps, st->gap_count)) /
                                        statistics_mean(st->gaps, st->gap_count);
    qsort(st->gaps, st->gap_count, sizeof(double), statistics_order);
    ret_figures[FIGURE_GAP_10] = statistics_quantile(st->gaps, st->gap_count, 0.1);
    ret_figures[FIGURE_GAP_50] = statistics_quantile(st->gaps, st->gap_count, 0.5);
    ret_figures[FIGURE_GAP_90] = statistics_quantile(st->gaps, st->gap_count, 0.9);
}

static inline void statistics_sizes(flow_statistics *st, double *ret_figures) {
    uint32_t hundred = 0;
    for (uint32_t i = 0; i < st->size_count; i++)
        hundred += st->sizes[i] == 100.0;
    qsort(st->sizes, st->size_count, sizeof(double), statistics_order);
    ret_figures[FIGURE_SIZE_100] = (double)hundred / st->size_count;
    ret_figures[FIGURE_SIZE_25] = statistics_quantile(st->sizes, st->size_count, 0.25);
    ret_figures[FIGURE_SIZE_99] = statistics_quantile(st->sizes, st->size_count, 0.99);
    ret_figures[FIGURE_SIZE_MEAN] = statistics_mean(st->sizes, st->size_count);
    ret_figures[FIGURE_TRADE_SIZE] = st->trade_size / st->counts[STATISTICS_TRADE];
}

static inline void statistics_end(flow_statistics *st, double ret_figures[FIGURE_COUNT]) {
    double all = st->gap_count;
    for (int kind = 0; kind < 3; kind++)
        ret_figures[FIGURE_ADDS + kind] = st->counts[kind] / all;
    statistics_gaps(st, ret_figures);
    statistics_sizes(st, ret_figures);
    statistics_returns(st, ret_figures);
    qsort(st->spreads, st->spread_count, sizeof(double), statistics_order);
    ret_figures[FIGURE_SPREAD] = statistics_mean(st->spreads, st->spread_count);
    ret_figures[FIGURE_SPREAD_5] = statistics_quantile(st->spreads, st->spread_count, 0.05);
    ret_figures[FIGURE_SPREAD_95] = statistics_quantile(st->spreads, st->spread_count, 0.95);
    ret_figures[FIGURE_BEST_SIZE] = st->best_size / st->spread_count;
    ret_figures[FIGURE_DEPTH_5] = st->level_size[4] / st->level_size[0];
    ret_figures[FIGURE_DEPTH_10] = st->level_size[9] / st->level_size[0];
    ret_figures[FIGURE_REACH_10] = st->reach / st->depth_count;
}

#endif
