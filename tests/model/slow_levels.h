/*
 * slow_levels.h - definitions of levels, turns, cycles, and of reward and risk.
 */
#ifndef TRADEWIND_TESTS_SLOW_LEVELS_H
#define TRADEWIND_TESTS_SLOW_LEVELS_H

#include "indicator_model.h"

#include "slow_averages.h"

static void slow_price(const model_bars *b, model_line *r) {
    model_typical(b, r[0]);
}

static void slow_midpoint(const model_bars *b, model_line *r) {
    model_line low;
    model_extreme(b->close, 7, 1, r[0]);
    model_extreme(b->close, 7, -1, low);
    ROWS_LOOP r[0][i] = (r[0][i] + low[i]) / 2;
}

static void slow_extremes(const model_bars *b, model_line *r) {
    for (size_t k = 0; k < 2; k++) {
        double sign = k == 0 ? -1 : 1;
        model_extreme(b->close, 7, sign, r[k]);
        ROWS_LOOP {
            r[2 + k][i] = NAN;
            for (size_t j = 7; j-- > 0 && i >= 6;)
                r[2 + k][i] = b->close[i - j] == r[k][i] ? (double)j : r[2 + k][i];
        }
    }
}

static void slow_regression(const model_bars *b, model_line *r) {
    slow_line(b->close, 8, 7, r[0], r[1]);
    slow_line(b->close, 8, 0, r[2], r[1]);
    slow_line(b->close, 8, 8, r[4], r[1]);
    ROWS_LOOP r[3][i] = atan(r[1][i]) * 45 / atan(1);
}

/* ---- Pivots ----------------------------------------------------------------------------- */

static void slow_floor(double high, double low, double middle, size_t i, model_line *r) {
    r[0][i] = middle;
    r[1][i] = 2 * middle - high;
    r[2][i] = middle - (high - low);
    r[3][i] = low - 2 * (high - middle);
    r[4][i] = r[8][i] = NAN;
    r[5][i] = 2 * middle - low;
    r[6][i] = middle + (high - low);
    r[7][i] = high + 2 * (middle - low);
}

static void slow_rolling_pivots(const model_bars *b, model_line *r) {
    model_line high;
    model_line low;
    model_line close;
    model_extreme(b->high, 6, 1, high);
    model_extreme(b->low, 6, -1, low);
    model_lag(high, 3, high);
    model_lag(low, 3, low);
    model_lag(b->close, 3, close);
    ROWS_LOOP slow_floor(high[i], low[i], (high[i] + low[i] + close[i]) / 3, i, r);
}

/* The last session that had a whole row; Woodie's middle has this session's open. */
static void slow_sessions(const model_bars *b, bool woodie, model_line *r) {
    double high = NAN;
    double low = NAN;
    double close = NAN;
    double last[3] = {NAN, NAN, NAN};
    double open = NAN;
    bool begins = false;
    ROWS_LOOP {
        begins = begins || b->resets[i];
        bool whole = !isnan(b->open[i] + b->high[i] + b->low[i] + b->close[i]);
        if (whole && (begins || isnan(high))) {
            last[0] = begins ? high : last[0];
            last[1] = begins ? low : last[1];
            last[2] = begins ? close : last[2];
            high = b->high[i];
            low = b->low[i];
            open = b->open[i];
            begins = false;
        }
        if (whole) {
            high = b->high[i] > high ? b->high[i] : high;
            low = b->low[i] < low ? b->low[i] : low;
            close = b->close[i];
        }
        double middle =
            woodie ? (last[0] + last[1] + 2 * open) / 4 : (last[0] + last[1] + last[2]) / 3;
        slow_floor(last[0], last[1], whole ? middle : NAN, i, r);
        r[2][i] = whole ? r[2][i] : NAN;
    }
}

static void slow_pivot_points(const model_bars *b, model_line *r) {
    slow_sessions(b, false, r);
}

static void slow_woodie(const model_bars *b, model_line *r) {
    slow_sessions(b, true, r);
}

static void slow_turns(const double *a, double sign, size_t left, size_t right, double *ret) {
    ROWS_LOOP {
        ret[i] = NAN;
        if (i < left + right || !model_whole(a, i, left + right + 1))
            continue;
        double middle = sign * a[i - right];
        bool beyond = true;
        for (size_t j = 0; j <= left + right; j++)
            beyond = beyond && (j == right || sign * a[i - j] < middle);
        ret[i] = beyond ? a[i - right] : NAN;
    }
}

static void slow_fractal(const model_bars *b, model_line *r) {
    slow_turns(b->high, 1, 2, 3, r[0]);
    slow_turns(b->low, -1, 2, 3, r[1]);
}

static void slow_pivots(const model_bars *b, model_line *r) {
    slow_turns(b->high, 1, 2, 2, r[0]);
    slow_turns(b->low, -1, 2, 2, r[1]);
    for (size_t k = 0; k < 2; k++) {
        size_t last = MODEL_ROWS;
        ROWS_LOOP {
            r[2 + k][i] = NAN;
            if (isnan(r[k][i]))
                continue;
            if (last < i && i - last <= 10)
                r[2 + k][i] = (r[k][i] - r[k][last]) / (double)(i - last);
            last = i;
        }
    }
}

static void slow_fractal_bands(const model_bars *b, model_line *r) {
    const double *prices[] = {b->high, b->low};
    for (size_t k = 0; k < 2; k++) {
        double last = NAN;
        slow_turns(prices[k], k == 0 ? 1 : -1, 2, 2, r[k]);
        ROWS_LOOP {
            last = isnan(r[k][i]) ? last : r[k][i];
            r[k][i] = isnan(prices[k][i]) ? NAN : last;
        }
    }
}

static void slow_fisher(const model_bars *b, model_line *r) {
    model_line price;
    double value = NAN;
    double line = NAN;
    model_middle(b, price);
    ROWS_LOOP {
        double low = INFINITY;
        double high = -INFINITY;
        double gone = 0;
        for (size_t j = 0; j < 6 && j <= i; j++) {
            low = price[i - j] < low ? price[i - j] : low;
            high = price[i - j] > high ? price[i - j] : high;
            gone += price[i - j] * 0;
        }
        double place = high == low ? 0.5 : (price[i] - low) / (high - low);
        double next =
            (isnan(value) || high == low ? 0 : 0.67 * value + 0.66 * (place - 0.5)) + gone;
        next = next > 0.99 ? 0.999 : (next < -0.99 ? -0.999 : next);
        value = isnan(next) ? value : next;
        double half = 0.5 * log((1 + next) / (1 - next));
        double moved = isnan(line) ? 0 * half : half + 0.5 * line;
        line = isnan(moved) ? line : moved;
        r[0][i] = moved;
    }
    model_lag(r[0], 1, r[1]);
}

/* ---- Reward and risk ---------------------------------------------------------------------- */

static void slow_lack(const model_bars *b, size_t n, double target, double *ret) {
    model_returns(b->close, 1, ret);
    ROWS_LOOP ret[i] = isnan(ret[i]) ? NAN : (ret[i] < target ? pow(ret[i] - target, 2) : 0);
    model_mean(ret, n, ret);
    ROWS_LOOP ret[i] = sqrt(ret[i]);
}

static void slow_sharpe(const model_bars *b, model_line *r) {
    model_line deviation;
    model_returns(b->close, 1, r[0]);
    model_deviation(r[0], 8, 0, deviation);
    model_mean(r[0], 8, r[0]);
    ROWS_LOOP r[0][i] = deviation[i] == 0 ? NAN : (r[0][i] - 0.001) / deviation[i];
}

static void slow_sortino(const model_bars *b, model_line *r) {
    model_line lack;
    model_returns(b->close, 1, r[0]);
    model_mean(r[0], 8, r[0]);
    slow_lack(b, 8, 0.001, lack);
    ROWS_LOOP r[0][i] = lack[i] == 0 ? NAN : (r[0][i] - 0.001) / lack[i];
}

static void slow_downside(const model_bars *b, model_line *r) {
    slow_lack(b, 8, 0.002, r[0]);
}

/* 1.2815515655446004 deviations: the quantile of nine in ten, from a table. */
static void slow_value_at_risk(const model_bars *b, model_line *r) {
    model_line deviation;
    model_returns(b->close, 1, r[0]);
    model_deviation(r[0], 9, 1, deviation);
    model_mean(r[0], 9, r[0]);
    ROWS_LOOP r[0][i] -= 1.2815515655446004 * deviation[i];
}

static double slow_slope_of(const double *x, const double *y, size_t n) {
    double mx = 0;
    double my = 0;
    double xx = 0;
    double xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i] / (double)n;
        my += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / xx;
}

static double slow_rescaled(const double *a, size_t n) {
    double mean = 0;
    double squares = 0;
    for (size_t j = 0; j < n; j++)
        mean += a[j] / (double)n;
    double walk = 0;
    double low = a[0] - mean;
    double high = low;
    for (size_t j = 0; j < n; j++) {
        walk += a[j] - mean;
        squares += pow(a[j] - mean, 2) / (double)n;
        low = walk < low ? walk : low;
        high = walk > high ? walk : high;
    }
    return squares == 0 ? 0 : (high - low) / sqrt(squares);
}

static double slow_expected(size_t n) {
    double sum = 0;
    for (size_t j = 1; j < n; j++)
        sum += sqrt((double)(n - j) / (double)j);
    return sum * exp(lgamma(((double)n - 1) / 2) - lgamma((double)n / 2)) / sqrt(acos(-1));
}

/* Of 40 returns: parts of 40, 20 and 10. */
static void slow_hurst(const model_bars *b, model_line *r) {
    model_line a;
    model_log_change(b->close, 1, a);
    ROWS_LOOP {
        double sizes[3];
        double plain[3];
        double corrected[3];
        for (size_t k = 0; k < 3; k++) {
            size_t size = (size_t)40 >> k;
            double mean = 0;
            for (size_t part = 0; part < (size_t)1 << k && i >= 40; part++)
                mean += slow_rescaled(a + i - 39 + part * size, size) / (double)((size_t)1 << k);
            sizes[k] = log((double)size);
            plain[k] = log(mean);
            corrected[k] = log(mean - slow_expected(size) + sqrt(acos(-1) * (double)size / 2));
        }
        bool whole = model_whole(a, i, 40);
        double lines[] = {slow_slope_of(sizes, plain, 3), slow_slope_of(sizes, corrected, 3)};
        for (size_t k = 0; k < 2; k++)
            r[k][i] = whole && isfinite(lines[k]) ? lines[k] : NAN;
    }
}

static void slow_hurst_lags(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double lags[5];
        double sizes[5];
        for (size_t lag = 2; lag <= 6 && i >= 29; lag++) {
            model_line change;
            model_line deviation;
            model_change(b->close, lag, change);
            model_deviation(change, 30 - lag, 0, deviation);
            lags[lag - 2] = log((double)lag);
            sizes[lag - 2] = log(deviation[i]);
        }
        bool whole = model_whole(b->close, i, 30);
        double line = whole ? slow_slope_of(lags, sizes, 5) : NAN;
        r[0][i] = isfinite(line) ? line : NAN;
    }
}

static const model_kind slow_levels[] = {
    {"price(hlc3)", 1, 1, slow_price},
    {"midpoint(7)", 1, 1, slow_midpoint},
    {"extremes(7)", 4, 1, slow_extremes},
    {"linear_regression(8)", 5, 100, slow_regression},
    {"rolling_pivots(6,2)", 9, 1, slow_rolling_pivots},
    {"pivot_points", 9, 1, slow_pivot_points},
    {"pivot_points(woodie)", 9, 1, slow_woodie},
    {"fractal(2,3)", 2, 1, slow_fractal},
    {"fractal_bands(2)", 2, 1, slow_fractal_bands},
    {"pivots(2,2,range,10)", 4, 1, slow_pivots},
    {"fisher(6)", 2, 1, slow_fisher},
    {"sharpe(8,0.001)", 1, 1, slow_sharpe},
    {"sortino(8,0.001)", 1, 1, slow_sortino},
    {"downside_deviation(8,0.002)", 1, 1, slow_downside},
    {"value_at_risk(9,0.9)", 1, 1, slow_value_at_risk},
    {"hurst(40)", 2, 1, slow_hurst},
    {"hurst_lags(30,6)", 1, 1, slow_hurst_lags},
};

#endif
