/*
 * slow_deviations.h - definitions of statistics of a window, of volatility, and of two series.
 */
#ifndef TRADEWIND_TESTS_SLOW_DEVIATIONS_H
#define TRADEWIND_TESTS_SLOW_DEVIATIONS_H

#include "indicator_model.h"

static void slow_variance(const model_bars *b, model_line *r) {
    model_comoment(b->close, b->close, 9, 8, r[0]);
}

static void slow_min(const model_bars *b, model_line *r) {
    model_extreme(b->close, 9, -1, r[0]);
}

static void slow_max(const model_bars *b, model_line *r) {
    model_extreme(b->close, 9, 1, r[0]);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double slow_middle(const double *values, size_t n) {
    double sorted[64];
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, ascending);
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void slow_median_of(const model_bars *b, size_t n, bool spread, double *ret) {
    ROWS_LOOP {
        ret[i] = NAN;
        if (!model_whole(b->close, i, n))
            continue;
        ret[i] = slow_middle(b->close + i + 1 - n, n);
        double away[64];
        for (size_t j = 0; j < n; j++)
            away[j] = fabs(b->close[i - j] - ret[i]);
        ret[i] = spread ? 1.4826 * slow_middle(away, n) : ret[i];
    }
}

static void slow_median(const model_bars *b, model_line *r) {
    slow_median_of(b, 9, false, r[0]);
}

static void slow_mad(const model_bars *b, model_line *r) {
    slow_median_of(b, 8, true, r[0]);
}

static void slow_realised(const model_bars *b, model_line *r) {
    model_line change;
    model_log_change(b->close, 1, change);
    model_deviation(change, 10, 1, r[0]);
    ROWS_LOOP r[0][i] *= sqrt(252.0);
}

static void slow_parkinson(const model_bars *b, model_line *r) {
    model_line square;
    ROWS_LOOP square[i] = pow(log(b->high[i] / b->low[i]), 2) / (4 * log(2.0));
    model_mean(square, 10, r[0]);
    ROWS_LOOP r[0][i] = sqrt(r[0][i]);
}

static void slow_garman_klass(const model_bars *b, model_line *r) {
    model_line term;
    ROWS_LOOP term[i] = 0.5 * pow(log(b->high[i] / b->low[i]), 2) -
                        (2 * log(2.0) - 1) * pow(log(b->close[i] / b->open[i]), 2);
    model_mean(term, 10, r[0]);
    ROWS_LOOP r[0][i] = sqrt(r[0][i]);
}

static void slow_yang_zhang(const model_bars *b, model_line *r) {
    model_line night;
    model_line day;
    model_line between;
    ROWS_LOOP {
        night[i] = i > 0 ? log(b->open[i]) - log(b->close[i - 1]) : NAN;
        day[i] = log(b->close[i]) - log(b->open[i]);
        between[i] = log(b->high[i] / b->close[i]) * log(b->high[i] / b->open[i]) +
                     log(b->low[i] / b->close[i]) * log(b->low[i] / b->open[i]);
    }
    model_comoment(night, night, 10, 9, night);
    model_comoment(day, day, 10, 9, day);
    model_mean(between, 10, between);
    double k = 0.34 / (1.34 + 11.0 / 9);
    ROWS_LOOP r[0][i] = sqrt(night[i] + k * day[i] + (1 - k) * between[i]);
}

static void slow_correlation(const model_bars *b, model_line *r) {
    model_line a;
    model_line c;
    model_comoment(b->close, b->other, 12, 12, r[2]);
    model_comoment(b->close, b->close, 12, 12, a);
    model_comoment(b->other, b->other, 12, 12, c);
    ROWS_LOOP {
        r[0][i] =
            isnan(r[2][i]) || a[i] < 1e-20 || c[i] < 1e-20 ? NAN : r[2][i] / sqrt(a[i] * c[i]);
        r[1][i] = r[0][i] * r[0][i];
    }
}

static void slow_covariance(const model_bars *b, model_line *r) {
    model_comoment(b->close, b->other, 12, 11, r[0]);
}

static void slow_beta(const model_bars *b, model_line *r) {
    model_line a;
    model_line c;
    model_line square;
    ROWS_LOOP {
        a[i] = i > 0 ? b->close[i] / b->close[i - 1] - 1 : NAN;
        c[i] = i > 0 ? b->other[i] / b->other[i - 1] - 1 : NAN;
    }
    model_comoment(a, c, 12, 1, r[0]);
    model_comoment(c, c, 12, 1, square);
    /* The series of the close must be whole as well for the other's variance to count. */
    ROWS_LOOP r[0][i] = r[0][i] / square[i];
}

static void slow_slope(const model_bars *b, model_line *r) {
    model_line rows;
    model_line square;
    ROWS_LOOP rows[i] = (double)i + 1;
    model_comoment(rows, b->close, 9, 1, r[0]);
    model_comoment(rows, rows, 9, 1, square);
    model_line mean;
    model_mean(b->close, 9, mean);
    ROWS_LOOP {
        r[0][i] /= square[i];
        r[1][i] = mean[i] - r[0][i] * (rows[i] - 4);
    }
}

static void slow_true_range(const model_bars *b, model_line *r) {
    model_true_range(b, r[0]);
    ROWS_LOOP {
        double last = i > 0 ? b->close[i - 1] : NAN;
        r[1][i] = isnan(last + b->high[i]) ? NAN : (b->high[i] > last ? b->high[i] : last);
        r[2][i] = isnan(last + b->low[i]) ? NAN : (b->low[i] < last ? b->low[i] : last);
    }
}

static void slow_daily_range(const model_bars *b, model_line *r) {
    ROWS_LOOP r[0][i] = b->high[i] - b->low[i];
    model_mean(r[0], 6, r[0]);
}

static void slow_stddev(const model_bars *b, model_line *r) {
    model_deviation(b->close, 6, 1, r[0]);
    ROWS_LOOP r[0][i] *= 2.5;
}

static void slow_zscore(const model_bars *b, model_line *r) {
    model_mean(b->close, 8, r[1]);
    model_deviation(b->close, 8, 1, r[2]);
    ROWS_LOOP r[0][i] = r[2][i] < 1e-12 ? NAN : (b->close[i] - r[1][i]) / r[2][i];
}

static void slow_wilder_sum(const model_bars *b, model_line *r) {
    model_wilder(b->close, 5, r[0]);
    ROWS_LOOP r[0][i] *= 5;
}

static void slow_distances(const model_bars *b, model_line *r) {
    model_mean(b->close, 6, r[0]);
    ROWS_LOOP {
        r[1][i] = r[2][i] = r[3][i] = 0;
        for (size_t j = 0; j < 6 && j <= i; j++) {
            double away = fabs(b->close[i - j] - r[0][i]) / 6;
            r[1][i] += away;
            r[2][i] += 6 * away * away;
            r[3][i] += away / fabs(b->close[i - j]);
        }
    }
}

static void slow_ulcer(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double high = 0;
        double squares = 0;
        for (size_t j = 6; j-- > 0 && i >= 5;) {
            high = b->close[i - j] > high ? b->close[i - j] : high;
            squares += pow(100 * (b->close[i - j] / high - 1), 2);
        }
        r[0][i] = model_whole(b->close, i, 6) ? sqrt(squares / 6) : NAN;
    }
}

static void slow_chaikin_volatility(const model_bars *b, model_line *r) {
    ROWS_LOOP r[0][i] = b->high[i] - b->low[i];
    model_ema(r[0], 5, r[0]);
    model_returns(r[0], 5, r[0]);
    ROWS_LOOP r[0][i] *= 100;
}

static void slow_rogers_satchell(const model_bars *b, model_line *r) {
    ROWS_LOOP r[0][i] = log(b->high[i] / b->close[i]) * log(b->high[i] / b->open[i]) +
                        log(b->low[i] / b->close[i]) * log(b->low[i] / b->open[i]);
    model_mean(r[0], 7, r[0]);
    ROWS_LOOP r[0][i] = sqrt(252 * r[0][i]);
}

/* ---- Two series ------------------------------------------------------------------------- */

static double slow_rank_among(const double *a, size_t n, double value) {
    double rank = 0.5;
    for (size_t j = 0; j < n; j++)
        rank += a[j] < value ? 1 : (a[j] == value ? 0.5 : 0);
    return rank;
}

static void slow_rank_correlation(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double x[9];
        double y[9];
        double xx = 0;
        double yy = 0;
        double xy = 0;
        r[0][i] = NAN;
        if (!model_whole(b->close, i, 9) || !model_whole(b->other, i, 9))
            continue;
        for (size_t j = 0; j < 9; j++) {
            x[j] = slow_rank_among(b->close + i - 8, 9, b->close[i - j]) - 5;
            y[j] = slow_rank_among(b->other + i - 8, 9, b->other[i - j]) - 5;
            xx += x[j] * x[j];
            yy += y[j] * y[j];
            xy += x[j] * y[j];
        }
        r[0][i] = xx * yy == 0 ? NAN : xy / sqrt(xx * yy);
    }
}

static double slow_side_of(const double *market, const double *own, size_t n, double sign) {
    long double count = 0;
    long double m = 0;
    long double o = 0;
    long double mm = 0;
    long double mo = 0;
    for (size_t j = 0; j < n; j++) {
        if (!(sign * market[j] > 0))
            continue;
        count += 1;
        m += (long double)market[j];
        o += (long double)own[j];
        mm += (long double)market[j] * (long double)market[j];
        mo += (long double)market[j] * (long double)own[j];
    }
    return count < 2 ? NAN : (double)((mo - m * o / count) / (mm - m * m / count));
}

static void slow_beta_sides(const model_bars *b, model_line *r) {
    model_line own;
    model_line market;
    model_returns(b->close, 1, own);
    model_returns(b->other, 1, market);
    ROWS_LOOP {
        bool whole = model_whole(own, i, 9) && model_whole(market, i, 9);
        r[0][i] = whole ? slow_side_of(market + i - 8, own + i - 8, 9, 1) : NAN;
        r[1][i] = whole ? slow_side_of(market + i - 8, own + i - 8, 9, -1) : NAN;
        r[2][i] = r[1][i] == 0 ? NAN : r[0][i] / r[1][i];
        r[3][i] = pow(r[0][i] - r[1][i], 2);
    }
}

static void slow_relative_strength(const model_bars *b, model_line *r) {
    model_line other;
    model_returns(b->close, 5, r[1]);
    model_returns(b->other, 5, other);
    ROWS_LOOP {
        r[0][i] = b->close[i] / b->other[i];
        r[1][i] -= other[i];
    }
}

static const model_kind slow_deviations[] = {
    {"variance(9,ddof=1)", 1, 1, slow_variance},
    {"stddev(6,1,2.5)", 1, 1, slow_stddev},
    {"zscore(8,1)", 3, 10, slow_zscore},
    {"min(9)", 1, 1, slow_min},
    {"max(9)", 1, 1, slow_max},
    {"median(9)", 1, 1, slow_median},
    {"mad(8)", 1, 1, slow_mad},
    {"wilder_sum(5)", 1, 100, slow_wilder_sum},
    {"deviation(6)", 4, 1, slow_distances},
    {"slope(9)", 2, 100, slow_slope},
    {"ulcer(6)", 1, 1, slow_ulcer},
    {"true_range", 3, 1, slow_true_range},
    {"daily_range(6)", 1, 1, slow_daily_range},
    {"chaikin_volatility(5)", 1, 100, slow_chaikin_volatility},
    {"realised_volatility(10,252)", 1, 1, slow_realised},
    {"parkinson(10)", 1, 1, slow_parkinson},
    {"garman_klass(10)", 1, 1, slow_garman_klass},
    {"rogers_satchell(7,252)", 1, 1, slow_rogers_satchell},
    {"yang_zhang(10)", 1, 1, slow_yang_zhang},
    {"correlation(12)", 3, 1, slow_correlation},
    {"covariance(12,ddof=1)", 1, 1, slow_covariance},
    {"rank_correlation(9)", 1, 1, slow_rank_correlation},
    {"beta(12)", 1, 1, slow_beta},
    {"beta_sides(9)", 4, 1, slow_beta_sides},
    {"relative_strength(5)", 2, 1, slow_relative_strength},
};

#endif
