/*
 * slow_momentum.h - definitions of what moves fast, and of two means apart.
 */
#ifndef TRADEWIND_TESTS_SLOW_MOMENTUM_H
#define TRADEWIND_TESTS_SLOW_MOMENTUM_H

#include "indicator_model.h"

static void slow_macd(const model_bars *b, model_line *r) {
    model_ema(b->close, 12, r[3]);
    model_ema(b->close, 26, r[4]);
    ROWS_LOOP r[0][i] = r[3][i] - r[4][i];
    model_ema(r[0], 9, r[1]);
    ROWS_LOOP r[2][i] = r[0][i] - r[1][i];
}

static void slow_roc(const model_bars *b, model_line *r) {
    model_change(b->close, 4, r[1]);
    ROWS_LOOP {
        r[2][i] = i >= 4 ? b->close[i] / b->close[i - 4] : NAN;
        r[0][i] = 100 * r[2][i] - 100;
    }
}

static void slow_rsi(const model_bars *b, model_line *r) {
    model_line change;
    model_change(b->close, 1, change);
    model_rsi(change, 14, r[0]);
}

/* Cutler: the sums of a window instead of smoothed means. */
static void slow_rsi_sum(const model_bars *b, model_line *r) {
    model_line up;
    model_line down;
    model_change(b->close, 1, r[0]);
    model_gains(r[0], up, down);
    model_total(up, 6, up);
    model_total(down, 6, down);
    ROWS_LOOP r[0][i] = up[i] + down[i] == 0 ? 100 : 100 * up[i] / (up[i] + down[i]);
}

static void slow_apart(const double *a, model_line *r) {
    model_line slow;
    model_ema(a, 4, r[3]);
    model_ema(a, 8, slow);
    ROWS_LOOP {
        r[3][i] -= slow[i];
        r[0][i] = slow[i] == 0 ? 0 : 100 * r[3][i] / slow[i];
    }
    model_ema(r[0], 3, r[1]);
    ROWS_LOOP r[2][i] = r[0][i] - r[1][i];
}

static void slow_ppo(const model_bars *b, model_line *r) {
    slow_apart(b->close, r);
}

static void slow_pvo(const model_bars *b, model_line *r) {
    slow_apart(b->volume, r);
}

static void slow_macd_means(const model_bars *b, model_line *r) {
    model_line slow;
    model_wma(b->close, 3, r[0]);
    model_mean(b->close, 7, slow);
    ROWS_LOOP r[0][i] = isnan(slow[i]) ? NAN : r[0][i] - slow[i];
    model_ema(r[0], 4, r[1]);
    ROWS_LOOP r[2][i] = r[0][i] - r[1][i];
}

static void slow_range_of(const double *a, size_t n, double *ret) {
    model_line low;
    model_line high;
    model_extreme(a, n, -1, low);
    model_extreme(a, n, 1, high);
    model_place(a, low, high, ret);
}

static void slow_stoch_rsi(const model_bars *b, model_line *r) {
    model_line line;
    model_change(b->close, 1, line);
    model_rsi(line, 6, line);
    slow_range_of(line, 5, r[0]);
    model_mean(r[0], 2, r[0]);
    model_mean(r[0], 3, r[1]);
}

static void slow_cmo_of(const double *up, const double *down, double *ret) {
    ROWS_LOOP {
        double both = up[i] + down[i];
        ret[i] = both == 0 ? 0 : 100 * (up[i] - down[i]) / both;
    }
}

static void slow_cmo(const model_bars *b, model_line *r) {
    model_line up;
    model_line down;
    model_change(b->close, 1, r[0]);
    model_gains(r[0], up, down);
    model_total(up, 6, up);
    model_total(down, 6, down);
    slow_cmo_of(up, down, r[0]);
}

static void slow_cmo_wilder(const model_bars *b, model_line *r) {
    model_line up;
    model_line down;
    model_change(b->close, 1, r[0]);
    model_gains(r[0], up, down);
    model_wilder(up, 6, up);
    model_wilder(down, 6, down);
    slow_cmo_of(up, down, r[0]);
}

static void slow_log_return(const model_bars *b, model_line *r) {
    model_log_change(b->close, 3, r[0]);
}

static void slow_roc_bands(const model_bars *b, model_line *r) {
    model_returns(b->close, 6, r[0]);
    ROWS_LOOP r[0][i] *= 100;
    model_ema(r[0], 4, r[1]);
    ROWS_LOOP r[2][i] = r[0][i] * r[0][i];
    model_mean(r[2], 5, r[2]);
    ROWS_LOOP {
        r[2][i] = sqrt(r[2][i]);
        r[3][i] = -r[2][i];
    }
}

static void slow_pmo(const model_bars *b, model_line *r) {
    model_line line;
    model_returns(b->close, 1, line);
    ROWS_LOOP line[i] *= 100;
    model_smooth(line, 2.0 / 6, 6, line);
    ROWS_LOOP line[i] *= 10;
    model_smooth(line, 2.0 / 4, 4, r[0]);
    model_ema(r[0], 3, r[1]);
}

static void slow_trix(const model_bars *b, model_line *r) {
    model_ema(b->close, 4, r[2]);
    model_ema(r[2], 4, r[2]);
    model_ema(r[2], 4, r[2]);
    model_returns(r[2], 1, r[0]);
    ROWS_LOOP r[0][i] *= 100;
    model_ema(r[0], 3, r[1]);
    model_without_first(r[2]);
}

static void slow_kst(const model_bars *b, model_line *r) {
    static const size_t lags[] = {10, 15, 20, 30};
    static const size_t means[] = {10, 10, 10, 15};
    ROWS_LOOP r[0][i] = 0;
    for (size_t k = 0; k < 4; k++) {
        model_line line;
        model_returns(b->close, lags[k], line);
        model_mean(line, means[k], line);
        ROWS_LOOP r[0][i] += 100 * (double)(k + 1) * line[i];
    }
    model_mean(r[0], 5, r[1]);
}

static void slow_coppock(const model_bars *b, model_line *r) {
    model_line brief;
    model_returns(b->close, 7, r[0]);
    model_returns(b->close, 4, brief);
    ROWS_LOOP r[0][i] = 100 * (r[0][i] + brief[i]);
    model_wma(r[0], 5, r[0]);
}

static void slow_tsi(const model_bars *b, model_line *r) {
    model_line net;
    model_line all;
    model_change(b->close, 1, net);
    ROWS_LOOP all[i] = fabs(net[i]);
    model_ema(net, 7, net);
    model_ema(net, 4, net);
    model_ema(all, 7, all);
    model_ema(all, 4, all);
    model_quotient(net, all, 100, r[0]);
    model_ema(r[0], 3, r[1]);
}

/* The share of the n values before that are lower. */
static void slow_rank_of(const double *a, size_t n, double *ret) {
    ROWS_LOOP {
        size_t lower = 0;
        for (size_t j = 1; j <= n && j <= i; j++)
            lower += a[i - j] < a[i];
        ret[i] = model_whole(a, i, n + 1) ? 100.0 * (double)lower / (double)n : NAN;
    }
}

static void slow_rank(const model_bars *b, model_line *r) {
    slow_rank_of(b->close, 12, r[0]);
}

static void slow_connors_rsi(const model_bars *b, model_line *r) {
    model_line change;
    model_line returns;
    model_change(b->close, 1, change);
    model_returns(b->close, 1, returns);
    size_t first = 0;
    while (isnan(b->close[first]))
        first++;
    model_rsi(change, 3, r[1]);
    change[first] = returns[first] = 0;
    double run = 0;
    ROWS_LOOP {
        if (change[i] > 0)
            run = run > 0 ? run + 1 : 1;
        else if (change[i] < 0)
            run = run < 0 ? run - 1 : -1;
        else if (change[i] == 0)
            run = 0;
        r[4][i] = isnan(change[i]) ? NAN : run;
    }
    model_change(r[4], 1, change);
    model_rsi(change, 2, r[2]);
    slow_rank_of(returns, 10, r[3]);
    model_line late;
    memcpy(late, r[3], sizeof late);
    model_without_first(late);
    ROWS_LOOP r[0][i] = (r[1][i] + r[2][i] + late[i]) / 3;
}

static void slow_dpo(const model_bars *b, model_line *r) {
    model_mean(b->close, 6, r[1]);
    ROWS_LOOP r[0][i] = i >= 4 ? b->close[i - 4] - r[1][i] : NAN;
}

static void slow_stc(const model_bars *b, model_line *r) {
    model_line slow;
    model_ema(b->close, 6, r[0]);
    model_ema(b->close, 12, slow);
    ROWS_LOOP r[0][i] -= slow[i];
    slow_range_of(r[0], 5, r[0]);
    model_mean(r[0], 3, r[0]);
}

static void slow_vhf(const model_bars *b, model_line *r) {
    model_line low;
    model_line way;
    model_extreme(b->close, 8, 1, r[0]);
    model_extreme(b->close, 8, -1, low);
    model_change(b->close, 1, way);
    ROWS_LOOP {
        way[i] = fabs(way[i]);
        r[0][i] -= low[i];
    }
    model_total(way, 8, way);
    model_quotient(r[0], way, 1, r[0]);
}

static const model_kind slow_momentum[] = {
    {"rsi", 1, 100, slow_rsi},
    {"rsi(6,smoothing=sum)", 1, 100, slow_rsi_sum},
    {"macd", 5, 1, slow_macd},
    {"macd_means(3,7,4,wma,sma,ema)", 3, 1, slow_macd_means},
    {"ppo(4,8,3)", 4, 100, slow_ppo},
    {"pvo(4,8,3)", 4, 1000, slow_pvo},
    {"stoch_rsi(6,5,3,2)", 2, 100, slow_stoch_rsi},
    {"cmo(6)", 1, 100, slow_cmo},
    {"cmo(6,wilder)", 1, 100, slow_cmo_wilder},
    {"roc(4)", 3, 100, slow_roc},
    {"log_return(3)", 1, 1, slow_log_return},
    {"roc_bands(6,4,5)", 4, 100, slow_roc_bands},
    {"pmo(6,4,3)", 2, 100, slow_pmo},
    {"trix(4,3)", 3, 100, slow_trix},
    {"kst(5)", 2, 1000, slow_kst},
    {"coppock(5,7,4)", 1, 100, slow_coppock},
    {"tsi(7,4,3)", 2, 100, slow_tsi},
    {"rank(12)", 1, 1, slow_rank},
    {"connors_rsi(3,2,10)", 5, 100, slow_connors_rsi},
    {"dpo(6)", 2, 1, slow_dpo},
    {"stc(5,6,12,3)", 1, 100, slow_stc},
    {"vhf(8)", 1, 1, slow_vhf},
};

#endif
