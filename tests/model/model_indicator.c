/*
 * model_indicator.c - indicators beside their definitions, and beside themselves.
 *
 * The first test runs kinds on random bars, with runs of equal prices and missing values, beside
 * slow versions (indicator_model.h). Answers agree to a relative 1e-9, and are missing in the same
 * rows.
 *
 * The second runs every kind there is, with values of all sizes and rows that are missing, as a
 * stream of one series, as a table of one, and as tables of several lanes at every level of vector
 * instructions that this machine has: all of them give the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "indicator_model.h"
#include "tradewind/cpu.h"
#include "tradewind/indicator.h"

#define ROUNDS 64 /* a million rows, over all kinds */
#define LANES_MAX 19

/* ---- Random bars ------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double unit(uint64_t *seed) {
    return (double)(next_random(seed) >> 11) * 0x1p-53;
}

/* A walk; now and then the price stands still for some rows. */
static void make_bars(uint64_t *seed, bool missing, model_bars *ret) {
    double price = 50 + 100 * unit(seed);
    double other = 80;
    size_t still = 0;
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        still = still > 0 ? still - 1 : (next_random(seed) % 40 == 0 ? 30 : 0);
        double open = price;
        if (still == 0)
            price *= 1 + 0.03 * (unit(seed) - 0.5);
        other *= 1 + 0.02 * (unit(seed) - 0.5);
        double reach = still > 0 ? 0 : 0.01 * price;
        ret->open[i] = open;
        ret->close[i] = price;
        ret->high[i] = (open > price ? open : price) + reach * unit(seed);
        ret->low[i] = (open < price ? open : price) - reach * unit(seed);
        ret->volume[i] = (double)(next_random(seed) % 1000);
        ret->other[i] = other;
        ret->resets[i] = next_random(seed) % 50 == 0;
    }
    double *columns[] = {ret->open, ret->high, ret->low, ret->close, ret->volume, ret->other};
    for (size_t k = 0; missing && k < 5; k++)
        columns[next_random(seed) % 6][next_random(seed) % MODEL_ROWS] =
            k % 2 == 0 ? NAN : INFINITY;
}

/* An infinity is a missing value, to the models as well. */
static void forget_infinities(model_bars *bars) {
    double *columns[] = {bars->open, bars->high, bars->low, bars->close, bars->volume, bars->other};
    for (size_t c = 0; c < 6; c++) {
        for (size_t i = 0; i < MODEL_ROWS; i++)
            columns[c][i] = isinf(columns[c][i]) ? NAN : columns[c][i];
    }
}

/* ---- Definitions ------------------------------------------------------------------------ */

#define ROWS_LOOP for (size_t i = 0; i < MODEL_ROWS; i++)

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

static void slow_gains(const double *change, model_line up, model_line down) {
    ROWS_LOOP {
        up[i] = isnan(change[i]) ? NAN : (change[i] > 0 ? change[i] : 0);
        down[i] = isnan(change[i]) ? NAN : (change[i] < 0 ? -change[i] : 0);
    }
}

static void slow_rsi(const model_bars *b, model_line *r) {
    model_line change;
    model_line up;
    model_line down;
    model_change(b->close, 1, change);
    slow_gains(change, up, down);
    model_wilder(up, 14, up);
    model_wilder(down, 14, down);
    ROWS_LOOP r[0][i] = isnan(up[i] + down[i]) ? NAN
                        : down[i] == 0         ? 100
                                               : 100 - 100 / (1 + up[i] / down[i]);
}

static void slow_macd(const model_bars *b, model_line *r) {
    model_ema(b->close, 12, r[3]);
    model_ema(b->close, 26, r[4]);
    ROWS_LOOP r[0][i] = r[3][i] - r[4][i];
    model_ema(r[0], 9, r[1]);
    ROWS_LOOP r[2][i] = r[0][i] - r[1][i];
}

static void slow_bollinger(const model_bars *b, model_line *r) {
    model_line sd;
    model_mean(b->close, 10, r[0]);
    model_deviation(b->close, 10, 0, sd);
    ROWS_LOOP {
        r[1][i] = r[0][i] + 2 * sd[i];
        r[2][i] = r[0][i] - 2 * sd[i];
        r[3][i] = sd[i] < 1e-12 ? NAN : (b->close[i] - r[2][i]) / (r[1][i] - r[2][i]);
        r[4][i] = (r[1][i] - r[2][i]) / r[0][i];
    }
}

static void slow_atr(const model_bars *b, model_line *r) {
    model_true_range(b, r[0]);
    model_wilder(r[0], 5, r[1]);
    ROWS_LOOP r[2][i] = 100 * r[1][i] / b->close[i];
}

static void slow_keltner(const model_bars *b, model_line *r) {
    model_line range;
    model_true_range(b, range);
    model_wilder(range, 5, range);
    model_ema(b->close, 7, r[1]);
    ROWS_LOOP {
        r[0][i] = r[1][i] + 2 * range[i];
        r[2][i] = r[1][i] - 2 * range[i];
        r[3][i] = (r[0][i] - r[2][i]) / r[1][i];
    }
}

static void slow_donchian(const model_bars *b, model_line *r) {
    model_extreme(b->high, 6, 1, r[0]);
    model_extreme(b->low, 6, -1, r[2]);
    ROWS_LOOP {
        r[1][i] = (r[0][i] + r[2][i]) / 2;
        r[3][i] = (r[0][i] - r[2][i]) / r[1][i];
    }
}

static void slow_stochastic(const model_bars *b, model_line *r) {
    model_line high;
    model_line low;
    model_extreme(b->high, 5, 1, high);
    model_extreme(b->low, 5, -1, low);
    ROWS_LOOP low[i] =
        high[i] == low[i] ? 0 * b->close[i] : 100 * (b->close[i] - low[i]) / (high[i] - low[i]);
    model_mean(low, 3, r[0]);
    model_mean(r[0], 3, r[1]);
    ROWS_LOOP r[2][i] = 3 * r[0][i] - 2 * r[1][i];
}

static void slow_williams_r(const model_bars *b, model_line *r) {
    model_line high;
    model_line low;
    model_extreme(b->high, 5, 1, high);
    model_extreme(b->low, 5, -1, low);
    ROWS_LOOP r[0][i] =
        high[i] == low[i] ? 0 * b->close[i] : -100 * (high[i] - b->close[i]) / (high[i] - low[i]);
}

static void slow_directions(const model_bars *b, model_line plus, model_line minus) {
    ROWS_LOOP {
        double up = i > 0 ? b->high[i] - b->high[i - 1] : NAN;
        double down = i > 0 ? b->low[i - 1] - b->low[i] : NAN;
        plus[i] = isnan(up + down) ? NAN : (up > down && up > 0 ? up : 0);
        minus[i] = isnan(up + down) ? NAN : (down > up && down > 0 ? down : 0);
    }
}

static void slow_adx(const model_bars *b, model_line *r) {
    model_line range;
    model_true_range(b, range);
    slow_directions(b, r[0], r[1]);
    model_wilder(range, 5, range);
    model_wilder(r[0], 5, r[0]);
    model_wilder(r[1], 5, r[1]);
    ROWS_LOOP {
        r[0][i] = 100 * r[0][i] / range[i];
        r[1][i] = 100 * r[1][i] / range[i];
        double sum = r[0][i] + r[1][i];
        r[2][i] = sum == 0 ? 0 : 100 * fabs(r[0][i] - r[1][i]) / sum;
    }
    model_wilder(r[2], 5, r[3]);
    ROWS_LOOP r[4][i] = i >= 5 ? (r[3][i] + r[3][i - 5]) / 2 : NAN;
}

static void slow_cci(const model_bars *b, model_line *r) {
    model_line price;
    model_line mean;
    model_typical(b, price);
    model_mean(price, 8, mean);
    ROWS_LOOP {
        double spread = 0;
        for (size_t j = 0; j < 8 && j <= i; j++)
            spread += fabs(price[i - j] - mean[i]) / 8;
        bool flat = spread < 1e-12;
        r[0][i] = flat ? 0 : (price[i] - mean[i]) / (0.015 * spread);
    }
}

static void slow_obv(const model_bars *b, model_line *r) {
    double total = 0;
    ROWS_LOOP {
        double change = i > 0 ? b->close[i] - b->close[i - 1] : NAN;
        double flow = change > 0 ? b->volume[i] : (change < 0 ? -b->volume[i] : 0 * b->volume[i]);
        r[0][i] = NAN;
        if (isnan(change) && i == 0 && !isnan(b->close[0] + b->volume[0]))
            r[0][i] = 0;
        if (isnan(change) || isnan(flow))
            continue;
        total += flow;
        r[0][i] = total;
    }
}

static void slow_mfi(const model_bars *b, model_line *r) {
    model_line price;
    model_line up;
    model_line down;
    model_typical(b, price);
    ROWS_LOOP {
        double flow = price[i] * b->volume[i];
        double change = i > 0 ? price[i] - price[i - 1] : NAN;
        bool gone = isnan(change) || isnan(flow);
        up[i] = gone && (isnan(change) || change != 0) ? NAN : (change > 0 ? flow : 0);
        down[i] = gone && (isnan(change) || change != 0) ? NAN : (change < 0 ? flow : 0);
    }
    model_line a;
    model_line c;
    model_total(up, 6, a);
    model_total(down, 6, c);
    ROWS_LOOP r[0][i] = a[i] + c[i] == 0 ? 100 : 100 * a[i] / (a[i] + c[i]);
}

static void slow_roc(const model_bars *b, model_line *r) {
    model_change(b->close, 4, r[1]);
    ROWS_LOOP {
        r[2][i] = i >= 4 ? b->close[i] / b->close[i - 4] : NAN;
        r[0][i] = 100 * r[2][i] - 100;
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

static void slow_cmf(const model_bars *b, model_line *r) {
    model_line flow;
    model_line volume;
    ROWS_LOOP {
        double range = b->high[i] - b->low[i];
        double apart = (b->close[i] - b->low[i]) - (b->high[i] - b->close[i]);
        r[1][i] = range == 0 ? 0 * apart : apart / range;
        flow[i] = r[1][i] * b->volume[i];
    }
    model_total(flow, 7, r[0]);
    model_total(b->volume, 7, volume);
    ROWS_LOOP r[0][i] /= volume[i];
}

static void slow_aroon(const model_bars *b, model_line *r) {
    for (size_t side = 0; side < 2; side++) {
        const double *a = side == 0 ? b->high : b->low;
        ROWS_LOOP {
            size_t age = 0;
            for (size_t j = 1; j < 8 && j <= i; j++) {
                bool beyond = side == 0 ? a[i - j] > a[i - age] : a[i - j] < a[i - age];
                age = beyond ? j : age;
            }
            r[side][i] = model_whole(a, i, 8) ? 100 * (7 - (double)age) / 7 : NAN;
        }
    }
    ROWS_LOOP r[2][i] = r[0][i] - r[1][i];
}

typedef struct model_kind {
    const char *text;
    size_t outputs; /* the first of them that are compared */
    double size;    /* of what an absolute error of 1e-9 is allowed */
    void (*slow)(const model_bars *, model_line *);
} model_kind;

static const model_kind kinds[] = {
    {"sma(7)", 1, 1, slow_sma},
    {"sum(7)", 1, 1, slow_sum},
    {"ema(9)", 1, 1, slow_ema},
    {"ema(9,seed=first)", 1, 1, slow_ema_first},
    {"smma(6)", 1, 1, slow_smma},
    {"wma(8)", 1, 1, slow_wma},
    {"dema(5)", 1, 1, slow_dema},
    {"tema(5)", 1, 1, slow_tema},
    {"hma(9)", 1, 1, slow_hma},
    {"kama(5)", 2, 1, slow_kama},
    {"rsi", 1, 100, slow_rsi},
    {"macd", 5, 1, slow_macd},
    {"bollinger(10)", 5, 1, slow_bollinger},
    {"atr(5)", 3, 1, slow_atr},
    {"keltner(7,2,5)", 4, 1, slow_keltner},
    {"donchian(6)", 4, 1, slow_donchian},
    {"stochastic(5)", 3, 100, slow_stochastic},
    {"williams_r(5)", 1, 100, slow_williams_r},
    {"adx(5)", 5, 100, slow_adx},
    {"cci(8)", 1, 100, slow_cci},
    {"obv", 1, 1000, slow_obv},
    {"mfi(6)", 1, 100, slow_mfi},
    {"roc(4)", 3, 100, slow_roc},
    {"vwap", 1, 1, slow_vwap},
    {"vwap_rolling(6)", 1, 1, slow_vwap_rolling},
    {"variance(9,ddof=1)", 1, 1, slow_variance},
    {"min(9)", 1, 1, slow_min},
    {"max(9)", 1, 1, slow_max},
    {"median(9)", 1, 1, slow_median},
    {"mad(8)", 1, 1, slow_mad},
    {"realised_volatility(10,252)", 1, 1, slow_realised},
    {"parkinson(10)", 1, 1, slow_parkinson},
    {"garman_klass(10)", 1, 1, slow_garman_klass},
    {"yang_zhang(10)", 1, 1, slow_yang_zhang},
    {"correlation(12)", 3, 1, slow_correlation},
    {"covariance(12,ddof=1)", 1, 1, slow_covariance},
    {"beta(12)", 1, 1, slow_beta},
    {"slope(9)", 2, 100, slow_slope},
    {"cmf(7)", 2, 1, slow_cmf},
    {"aroon(7)", 3, 100, slow_aroon},
};

/* ---- The tests -------------------------------------------------------------------------- */

static tw_indicator_row row_of(const model_bars *bars, size_t i) {
    return (tw_indicator_row){.inputs = {bars->open + i, bars->high + i, bars->low + i,
                                         bars->close + i, bars->volume + i, bars->other + i},
                              .reset = bars->resets[i]};
}

static void compare_kind(const model_kind *kind, const model_bars *pushed, const model_bars *bars) {
    static model_line wanted[TW_INDICATOR_OUTPUTS_MAX];
    tw_indicator_config config;
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_parse(kind->text, &config, NULL), TW_OK);
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_OK);
    kind->slow(bars, wanted);
    for (size_t i = 0; i < MODEL_ROWS; i++) {
        tw_indicator_row row = row_of(pushed, i);
        double got[TW_INDICATOR_OUTPUTS_MAX];
        tw_indicator_push(indicator, &row, got);
        for (size_t o = 0; o < kind->outputs; o++) {
            double want = wanted[o][i];
            bool same = isnan(want) ? isnan(got[o])
                                    : fabs(got[o] - want) <= 1e-9 * (fabs(want) + kind->size);
            if (!same)
                fail_msg("%s output %zu row %zu: %.17g is not %.17g", kind->text, o, i, got[o],
                         want);
        }
    }
}

static void test_kinds_answer_as_their_definitions(void **state) {
    (void)state;
    uint64_t seed = 20240517;
    static model_bars pushed;
    static model_bars bars;
    for (size_t round = 0; round < ROUNDS; round++) {
        make_bars(&seed, round % 2 == 1, &pushed);
        bars = pushed;
        forget_infinities(&bars);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            compare_kind(&kinds[k], &pushed, &bars);
    }
}

/* A table of [rows][lanes] for each input; each lane is a stream of its own. */
typedef struct model_table {
    double inputs[TW_INDICATOR_INPUT_COUNT][MODEL_ROWS][LANES_MAX];
    bool resets[MODEL_ROWS];
} model_table;

static model_table table;
static double streams[TW_INDICATOR_OUTPUTS_MAX][MODEL_ROWS][LANES_MAX];
static double batches[TW_INDICATOR_OUTPUTS_MAX][MODEL_ROWS * LANES_MAX];

/* Prices of all sizes, so that sums round in every way there is. */
static void fill_table(uint64_t *seed) {
    static model_bars bars;
    for (size_t lane = 0; lane < LANES_MAX; lane++) {
        make_bars(seed, true, &bars);
        double scale = lane % 4 == 3 ? 1e14 : (lane % 4 == 2 ? 1e-7 : 1);
        const double *columns[] = {bars.open,  bars.high,   bars.low,
                                   bars.close, bars.volume, bars.other};
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            double spike = next_random(seed) % 97 == 0 ? 1e9 : 1;
            for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
                table.inputs[c][i][lane] = columns[c][i] * scale * spike;
            table.resets[i] = bars.resets[i];
        }
    }
}

static void run_streams(const tw_indicator_config *config, size_t outputs) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    for (size_t lane = 0; lane < LANES_MAX; lane++) {
        tw_indicator_clear(indicator);
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            tw_indicator_row row = {.reset = table.resets[i]};
            for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
                row.inputs[c] = &table.inputs[c][i][lane];
            double got[TW_INDICATOR_OUTPUTS_MAX];
            tw_indicator_push(indicator, &row, got);
            for (size_t o = 0; o < outputs; o++)
                streams[o][i][lane] = got[o];
        }
    }
}

static void run_batch(const tw_indicator_config *config, size_t first) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, config, &indicator), TW_OK);
    tw_indicator_table rows = {.resets = table.resets, .rows = MODEL_ROWS, .stride = LANES_MAX};
    for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
        rows.inputs[c] = &table.inputs[c][0][first];
    double *outputs[TW_INDICATOR_OUTPUTS_MAX];
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        outputs[o] = batches[o];
    tw_indicator_run(indicator, &rows, outputs);
}

static void compare_bits(const tw_indicator_config *config, size_t outputs, size_t first) {
    size_t lanes = config->lanes;
    for (size_t o = 0; o < outputs; o++) {
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            if (memcmp(&batches[o][i * lanes], &streams[o][i][first], lanes * sizeof(double)) != 0)
                fail_msg("%s output %zu row %zu of lanes %zu..%zu at level %u has other bits",
                         tw_indicator_describe(config->kind)->name, o, i, first, first + lanes - 1,
                         config->cpu_level);
        }
    }
}

static void test_streams_and_tables_have_the_same_bits(void **state) {
    (void)state;
    static const uint32_t lane_counts[] = {1, 3, 8, LANES_MAX};
    uint64_t seed = 7;
    fill_table(&seed);
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++) {
        tw_indicator_config config;
        tw_indicator_defaults((tw_indicator_kind)kind, &config);
        config.cpu_level = TW_CPU_BASELINE;
        size_t outputs = tw_indicator_describe(config.kind)->output_count;
        run_streams(&config, outputs);
        for (unsigned level = TW_CPU_BEST; level < TW_CPU_LEVEL_COUNT; level++) {
            if (!tw_cpu_has((tw_cpu_level)level))
                continue;
            config.cpu_level = (tw_cpu_level)level;
            for (size_t l = 0; l < sizeof lane_counts / sizeof lane_counts[0]; l++) {
                config.lanes = lane_counts[l];
                size_t first = LANES_MAX - config.lanes;
                run_batch(&config, first);
                compare_bits(&config, outputs, first);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_answer_as_their_definitions),
        cmocka_unit_test(test_streams_and_tables_have_the_same_bits),
    };
    return cmocka_run_group_tests_name("model_indicator", tests, NULL, NULL);
}
