/*
 * indicator_model.h - indicators as slow as their definitions: one series, whole arrays, double
 * loops, nothing kept from row to row that the definition does not keep.
 */
#ifndef TRADEWIND_TESTS_INDICATOR_MODEL_H
#define TRADEWIND_TESTS_INDICATOR_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_ROWS 400

typedef struct model_bars {
    double open[MODEL_ROWS];
    double high[MODEL_ROWS];
    double low[MODEL_ROWS];
    double close[MODEL_ROWS];
    double volume[MODEL_ROWS];
    double other[MODEL_ROWS];
    bool resets[MODEL_ROWS];
} model_bars;

typedef double model_line[MODEL_ROWS];

#define ROWS_LOOP for (size_t i = 0; i < MODEL_ROWS; i++)

/* A kind with parameters, and its definition. */
typedef struct model_kind {
    const char *text;
    size_t outputs; /* the first of them that are compared */
    double size;    /* of what an absolute error of 1e-9 is allowed */
    void (*slow)(const model_bars *, model_line *);
} model_kind;

/* The input may be the output: these work on a copy. */
static const double *model_copy(const double *a, double *copy) {
    memcpy(copy, a, sizeof(model_line));
    return copy;
}

/* ---- Windows of n rows that end with row i; without an answer when one is missing --------- */

static bool model_whole(const double *a, size_t i, size_t n) {
    for (size_t j = 0; j < n; j++) {
        if (i < j || isnan(a[i - j]))
            return false;
    }
    return true;
}

static double model_sum(const double *a, size_t i, size_t n) {
    long double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += (long double)a[i - j];
    return (double)sum;
}

static void model_mean(const double *a, size_t n, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] = model_whole(a, i, n) ? model_sum(a, i, n) / (double)n : NAN;
}

static void model_total(const double *a, size_t n, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] = model_whole(a, i, n) ? model_sum(a, i, n) : NAN;
}

static void model_wma(const double *a, size_t n, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        long double sum = 0;
        long double weights = 0;
        for (size_t j = 0; j < n && j <= i; j++) {
            sum += (long double)(n - j) * (long double)a[i - j];
            weights += (long double)(n - j);
        }
        ret[i] = model_whole(a, i, n) ? (double)(sum / weights) : NAN;
    }
}

static void model_comoment(const double *a, const double *b, size_t n, double divisor,
                           double *ret) {
    model_line copy;
    model_line other;
    a = model_copy(a, copy);
    b = model_copy(b, other);
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        ret[i] = NAN;
        if (!model_whole(a, i, n) || !model_whole(b, i, n))
            continue;
        long double ma = 0;
        long double mb = 0;
        long double sum = 0;
        for (size_t j = 0; j < n; j++) {
            ma += (long double)a[i - j] / (long double)n;
            mb += (long double)b[i - j] / (long double)n;
        }
        for (size_t j = 0; j < n; j++)
            sum += ((long double)a[i - j] - ma) * ((long double)b[i - j] - mb);
        ret[i] = (double)(sum / (long double)divisor);
    }
}

static void model_deviation(const double *a, size_t n, double ddof, double *ret) {
    model_comoment(a, a, n, (double)n - ddof, ret);
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] = sqrt(ret[i]);
}

static void model_extreme(const double *a, size_t n, double sign, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        double best = -INFINITY;
        for (size_t j = 0; j < n && j <= i; j++)
            best = sign * a[i - j] > best ? sign * a[i - j] : best;
        ret[i] = model_whole(a, i, n) ? sign * best : NAN;
    }
}

/* ---- Recurrences over the values that are there ------------------------------------------- */

/* Seeded by the mean of the first `seeds` values, answered from the `seeds`-th on. */
static void model_smooth(const double *a, double rate, size_t seeds, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    size_t count = 0;
    double sum = 0;
    double y = 0;
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        ret[i] = NAN;
        if (isnan(a[i]))
            continue;
        count++;
        if (count <= seeds) {
            sum += a[i];
            y = sum / (double)count;
        } else {
            y = rate * a[i] + (1 - rate) * y;
        }
        ret[i] = count >= seeds ? y : NAN;
    }
}

static void model_ema(const double *a, size_t n, double *ret) {
    model_smooth(a, 2.0 / (double)(n + 1), n, ret);
}

static void model_wilder(const double *a, size_t n, double *ret) {
    model_smooth(a, 1.0 / (double)n, n, ret);
}

/* ---- Rows ------------------------------------------------------------------------------- */

static void model_change(const double *a, size_t n, double *ret) {
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] = i >= n ? a[i] - a[i - n] : NAN;
}

static void model_true_range(const model_bars *b, double *ret) {
    ret[0] = NAN;
    for (size_t i = 1; i < MODEL_ROWS; i++) {
        double one = b->high[i] - b->low[i];
        double two = fabs(b->high[i] - b->close[i - 1]);
        double three = fabs(b->low[i] - b->close[i - 1]);
        double largest = one > two ? one : two;
        largest = largest > three ? largest : three;
        ret[i] = isnan(one + two + three) ? NAN : largest;
    }
}

static void model_typical(const model_bars *b, double *ret) {
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] =
            (double)(((long double)b->high[i] + (long double)b->low[i] + (long double)b->close[i]) /
                     3);
}

static void model_log_change(const double *a, size_t n, double *ret) {
    for (size_t i = 0; i < MODEL_ROWS; i++)
        ret[i] = i >= n && a[i] > 0 && a[i - n] > 0 ? log(a[i]) - log(a[i - n]) : NAN;
}

/* ---- Words for definitions ---------------------------------------------------------------- */

static void model_lag(const double *a, size_t n, double *ret) {
    model_line copy;
    a = model_copy(a, copy);
    ROWS_LOOP ret[i] = i >= n ? a[i - n] : NAN;
}

/* Without an answer where b is 0. */
static void model_quotient(const double *a, const double *b, double factor, double *ret) {
    ROWS_LOOP ret[i] = b[i] == 0 ? NAN : factor * a[i] / b[i];
}

static void model_returns(const double *a, size_t n, double *ret) {
    model_line old;
    model_lag(a, n, old);
    ROWS_LOOP ret[i] = (a[i] - old[i]) / old[i];
}

/* What of the changes is up, and what is down. */
static void model_gains(const double *change, double *up, double *down) {
    ROWS_LOOP {
        up[i] = isnan(change[i]) ? NAN : (change[i] > 0 ? change[i] : 0);
        down[i] = isnan(change[i]) ? NAN : (change[i] < 0 ? -change[i] : 0);
    }
}

static void model_rsi(const double *change, size_t n, double *ret) {
    model_line up;
    model_line down;
    model_gains(change, up, down);
    model_wilder(up, n, up);
    model_wilder(down, n, down);
    ROWS_LOOP ret[i] = isnan(up[i] + down[i]) ? NAN
                       : down[i] == 0         ? 100
                                              : 100 - 100 / (1 + up[i] / down[i]);
}

/* Where `a` stands between two lines, in per cent; 0 where roundings at most tell them apart. */
static void model_place(const double *a, const double *low, const double *high, double *ret) {
    ROWS_LOOP {
        double range = high[i] - low[i];
        bool still = range <= 1e-12 * (fabs(high[i]) + fabs(low[i]));
        ret[i] = still ? 0 * a[i] : 100 * (a[i] - low[i]) / range;
    }
}

static void model_atr(const model_bars *b, size_t n, double *ret) {
    model_true_range(b, ret);
    model_wilder(ret, n, ret);
}

static void model_middle(const model_bars *b, double *ret) {
    ROWS_LOOP ret[i] = (b->high[i] + b->low[i]) / 2;
}

/* The first value that is there is forgotten. */
static void model_without_first(double *a) {
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        if (!isnan(a[i])) {
            a[i] = NAN;
            return;
        }
    }
}

/* y = a y + b from the first c that is there on; what is missing changes nothing. */
static void model_recur(const double *a, const double *b, const double *c, double *ret) {
    bool begun = false;
    double y = 0;
    ROWS_LOOP {
        double next = begun ? a[i] * y + b[i] : c[i];
        y = isnan(next) ? y : next;
        begun = begun || !isnan(next);
        ret[i] = next;
    }
}

#endif
