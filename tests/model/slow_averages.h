/*
 * slow_averages.h - definitions of means, by rows and by volume.
 */
#ifndef TRADEWIND_TESTS_SLOW_AVERAGES_H
#define TRADEWIND_TESTS_SLOW_AVERAGES_H

#include "indicator_model.h"

static void slow_sma(const model_bars *b, model_line *r) {
    model_mean(b->close, 7, r[0]);
}

static void slow_sum(const model_bars *b, model_line *r) {
    model_total(b->close, 7, r[0]);
}

static void slow_ema(const model_bars *b, model_line *r) {
    model_ema(b->close, 9, r[0]);
}

static void slow_ema_first(const model_bars *b, model_line *r) {
    model_smooth(b->close, 0.2, 1, r[0]);
}

static void slow_smma(const model_bars *b, model_line *r) {
    model_wilder(b->close, 6, r[0]);
}

static void slow_wma(const model_bars *b, model_line *r) {
    model_wma(b->close, 8, r[0]);
}

static void slow_dema(const model_bars *b, model_line *r) {
    model_line one;
    model_line two;
    model_ema(b->close, 5, one);
    model_ema(one, 5, two);
    ROWS_LOOP r[0][i] = 2 * one[i] - two[i];
}

static void slow_tema(const model_bars *b, model_line *r) {
    model_line one;
    model_line two;
    model_line three;
    model_ema(b->close, 5, one);
    model_ema(one, 5, two);
    model_ema(two, 5, three);
    ROWS_LOOP r[0][i] = 3 * one[i] - 3 * two[i] + three[i];
}

static void slow_hma(const model_bars *b, model_line *r) {
    model_line half;
    model_line whole;
    model_wma(b->close, 4, half);
    model_wma(b->close, 9, whole);
    ROWS_LOOP half[i] = 2 * half[i] - whole[i];
    model_wma(half, 3, r[0]);
}

static void slow_kama(const model_bars *b, model_line *r) {
    double y = NAN;
    bool begun = false;
    ROWS_LOOP {
        r[0][i] = NAN;
        r[1][i] = NAN;
        double way = 0;
        for (size_t j = 0; j < 5 && i >= 5; j++)
            way += fabs(b->close[i - j] - b->close[i - j - 1]);
        if (i >= 5 && !isnan(way)) {
            r[1][i] = way == 0 ? 0 : fabs(b->close[i] - b->close[i - 5]) / way;
            double rate = r[1][i] * (2.0 / 3 - 2.0 / 31) + 2.0 / 31;
            y += rate * rate * (b->close[i] - y);
            r[0][i] = y;
            begun = true;
        } else if (!begun && !isnan(b->close[i])) {
            y = b->close[i];
        }
    }
}

static void slow_vwap(const model_bars *b, model_line *r) {
    double value = 0;
    double volume = 0;
    model_line price;
    model_typical(b, price);
    ROWS_LOOP {
        if (b->resets[i])
            value = volume = 0;
        bool gone = isnan(price[i]) || isnan(b->volume[i]);
        value += gone ? 0 : price[i] * b->volume[i];
        volume += gone ? 0 : b->volume[i];
        r[0][i] = gone || volume == 0 ? NAN : value / volume;
    }
}

static void slow_vwap_rolling(const model_bars *b, model_line *r) {
    model_line value;
    model_line volume;
    model_typical(b, value);
    ROWS_LOOP value[i] *= b->volume[i];
    model_total(b->volume, 6, volume);
    model_total(value, 6, r[0]);
    ROWS_LOOP r[0][i] = volume[i] == 0 ? NAN : r[0][i] / volume[i];
}

static void slow_t3(const model_bars *b, model_line *r) {
    model_line e[6];
    model_ema(b->close, 4, e[0]);
    for (size_t k = 1; k < 6; k++)
        model_ema(e[k - 1], 4, e[k]);
    double v = 0.6;
    ROWS_LOOP r[0][i] = -pow(v, 3) * e[5][i] + (3 * v * v + 3 * pow(v, 3)) * e[4][i] +
                        (-6 * v * v - 3 * v - 3 * pow(v, 3)) * e[3][i] +
                        (1 + 3 * v + pow(v, 3) + 3 * v * v) * e[2][i];
}

/* Weights that rise to the middle of the window and fall again. */
static void slow_trima(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double sum = 0;
        double weights = 0;
        for (size_t j = 0; j < 8 && j <= i; j++) {
            double weight = j < 4 ? (double)j + 1 : 8 - (double)j;
            sum += weight * b->close[i - j];
            weights += weight;
        }
        r[0][i] = model_whole(b->close, i, 8) ? sum / weights : NAN;
    }
}

static void slow_relative_sma(const model_bars *b, model_line *r) {
    model_line one;
    model_line two;
    model_mean(b->close, 4, one);
    model_mean(b->close, 8, two);
    model_mean(b->close, 12, r[0]);
    ROWS_LOOP r[0][i] += one[i] - two[i];
}

static void slow_zlema(const model_bars *b, model_line *r) {
    model_line mean;
    model_line term;
    model_line share;
    model_mean(b->close, 6, mean);
    ROWS_LOOP {
        /* Half-way between three and four rows before. */
        double old = i >= 4 ? (b->close[i - 3] + b->close[i - 4]) / 2 : NAN;
        term[i] = 2.0 / 7 * (2 * b->close[i] - old);
        share[i] = 5.0 / 7;
    }
    model_recur(share, term, mean, r[0]);
}

static void slow_alma(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double sum = 0;
        double weights = 0;
        for (size_t j = 0; j < 7 && i >= 6; j++) {
            double away = (double)j - 0.8 * 6;
            double weight = exp(-away * away / (2 * (7.0 / 5) * (7.0 / 5)));
            sum += weight * b->close[i - 6 + j];
            weights += weight;
        }
        r[0][i] = sum / weights;
    }
}

/* Least squares by its normal equations; `where` rows after the oldest one of n. */
static void slow_line(const double *a, size_t n, double where, double *ret_value,
                      double *ret_slope) {
    ROWS_LOOP {
        long double sx = 0;
        long double sy = 0;
        long double sxx = 0;
        long double sxy = 0;
        for (size_t j = 0; j < n && i + 1 >= n; j++) {
            long double x = (long double)j;
            long double y = (long double)a[i + 1 - n + j];
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
        }
        long double count = (long double)n;
        long double slope = (count * sxy - sx * sy) / (count * sxx - sx * sx);
        bool whole = i + 1 >= n;
        ret_slope[i] = whole ? (double)slope : NAN;
        ret_value[i] =
            whole ? (double)((sy - slope * sx) / count + slope * (long double)where) : NAN;
    }
}

static void slow_epma(const model_bars *b, model_line *r) {
    model_line slope;
    slow_line(b->close, 7, 6, r[0], slope);
}

static void slow_dynamic(const model_bars *b, model_line *r) {
    double y = NAN;
    ROWS_LOOP {
        double next = y + (b->close[i] - y) / (0.6 * 10 * pow(b->close[i] / y, 4));
        r[0][i] = next;
        y = isnan(y) ? b->close[i] : (isnan(next) ? y : next);
    }
}

static void slow_vwma(const model_bars *b, model_line *r) {
    model_line volume;
    ROWS_LOOP r[0][i] = b->close[i] * b->volume[i];
    model_total(r[0], 6, r[0]);
    model_total(b->volume, 6, volume);
    model_quotient(r[0], volume, 1, r[0]);
}

static void slow_evwma(const model_bars *b, model_line *r) {
    model_line share;
    model_total(b->volume, 5, share);
    ROWS_LOOP share[i] = share[i] == 0 ? 0 : b->volume[i] / share[i];
    model_without_first(share);
    double y = NAN;
    size_t seen = 0;
    bool moving = false;
    ROWS_LOOP {
        r[0][i] = NAN;
        if (isnan(b->close[i]))
            continue;
        if (!isnan(share[i])) {
            y += share[i] * (b->close[i] - y);
            moving = true;
            r[0][i] = y;
        } else if (!moving) {
            y = b->close[i];
            r[0][i] = ++seen >= 5 ? y : NAN;
        }
    }
}

static void slow_envelope(const model_bars *b, model_line *r) {
    model_mean(b->close, 5, r[0]);
    ROWS_LOOP {
        r[1][i] = 1.03 * r[0][i];
        r[2][i] = 0.97 * r[0][i];
    }
}

static void slow_alligator(const model_bars *b, model_line *r) {
    static const size_t periods[] = {7, 5, 3};
    static const size_t shifts[] = {4, 3, 2};
    for (size_t k = 0; k < 3; k++) {
        model_middle(b, r[k]);
        model_wilder(r[k], periods[k], r[k]);
        model_lag(r[k], shifts[k], r[k]);
    }
}

static void slow_gator(const model_bars *b, model_line *r) {
    slow_alligator(b, r);
    ROWS_LOOP {
        r[0][i] = fabs(r[0][i] - r[1][i]);
        r[1][i] = -fabs(r[1][i] - r[2][i]);
    }
}

static const model_kind slow_averages[] = {
    {"sma(7)", 1, 1, slow_sma},
    {"sum(7)", 1, 1, slow_sum},
    {"ema(9)", 1, 1, slow_ema},
    {"ema(9,seed=first)", 1, 1, slow_ema_first},
    {"smma(6)", 1, 1, slow_smma},
    {"wma(8)", 1, 1, slow_wma},
    {"dema(5)", 1, 1, slow_dema},
    {"tema(5)", 1, 1, slow_tema},
    {"t3(4,0.6)", 1, 1, slow_t3},
    {"hma(9)", 1, 1, slow_hma},
    {"trima(8)", 1, 1, slow_trima},
    {"relative_sma(4)", 1, 1, slow_relative_sma},
    {"kama(5)", 2, 1, slow_kama},
    {"zlema(6)", 1, 1, slow_zlema},
    {"alma(7,0.8,5)", 1, 1, slow_alma},
    {"epma(7)", 1, 100, slow_epma},
    {"dynamic(10)", 1, 1, slow_dynamic},
    {"vwma(6)", 1, 1, slow_vwma},
    {"evwma(5)", 1, 1, slow_evwma},
    {"vwap", 1, 1, slow_vwap},
    {"vwap_rolling(6)", 1, 1, slow_vwap_rolling},
    {"envelope(5,3)", 3, 1, slow_envelope},
    {"alligator(7,4,5,3,3,2)", 3, 1, slow_alligator},
    {"gator(7,4,5,3,3,2)", 2, 1, slow_gator},
};

#endif
