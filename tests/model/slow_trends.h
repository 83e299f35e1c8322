/*
 * slow_trends.h - definitions of channels, stops and candles.
 */
#ifndef TRADEWIND_TESTS_SLOW_TRENDS_H
#define TRADEWIND_TESTS_SLOW_TRENDS_H

#include "indicator_model.h"

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

static void slow_starc(const model_bars *b, model_line *r) {
    model_line range;
    model_atr(b, 4, range);
    model_mean(b->close, 6, r[1]);
    ROWS_LOOP {
        r[0][i] = r[1][i] + 1.5 * range[i];
        r[2][i] = r[1][i] - 1.5 * range[i];
        r[3][i] = 3 * range[i] / r[1][i];
    }
}

static void slow_acceleration(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double part = 3 * (b->high[i] - b->low[i]) / (b->high[i] + b->low[i]);
        r[0][i] = b->high[i] * (1 + part);
        r[2][i] = b->low[i] * (1 - part);
    }
    model_mean(r[0], 6, r[0]);
    model_mean(b->close, 6, r[1]);
    model_mean(r[2], 6, r[2]);
    ROWS_LOOP r[3][i] = (r[0][i] - r[2][i]) / r[1][i];
}

/* ---- Stops that trail by a width ---------------------------------------------------------- */

/* Bands only come closer, but where the last close was beyond them; the stop is the lower one of a
 * long position, and turns when the close reaches it. */
static void slow_trail(const double *close, const double *above, const double *below,
                       const bool *rising, model_line *r) {
    double upper = INFINITY;
    double lower = -INFINITY;
    double last = NAN;
    int side = 0;
    ROWS_LOOP {
        r[0][i] = r[1][i] = r[2][i] = NAN;
        if (isnan(close[i] + above[i] + below[i]))
            continue;
        if (side == 0 || above[i] < upper || last > upper)
            upper = above[i];
        if (side == 0 || below[i] > lower || last < lower)
            lower = below[i];
        if (side == 0)
            side = rising[i] ? 1 : -1;
        side = close[i] <= (side > 0 ? lower : upper) ? -1 : 1;
        r[0][i] = side > 0 ? lower : upper;
        r[side > 0 ? 2 : 1][i] = r[0][i];
        last = close[i];
    }
}

static void slow_supertrend(const model_bars *b, model_line *r) {
    model_line width;
    model_line middle;
    model_line above;
    model_line below;
    bool rising[MODEL_ROWS];
    model_atr(b, 5, width);
    model_middle(b, middle);
    ROWS_LOOP {
        above[i] = middle[i] + 2 * width[i];
        below[i] = middle[i] - 2 * width[i];
        rising[i] = b->close[i] >= middle[i];
    }
    slow_trail(b->close, above, below, rising, r);
}

/* The first side needs the close before: a row without it is none. */
static void slow_atr_stop(const model_bars *b, model_line *r) {
    model_line above;
    model_line below;
    bool rising[MODEL_ROWS];
    model_atr(b, 6, r[3]);
    ROWS_LOOP {
        bool known = i > 0 && !isnan(b->close[i - 1]);
        above[i] = known ? b->close[i] + 2 * r[3][i] : NAN;
        below[i] = known ? b->close[i] - 2 * r[3][i] : NAN;
        rising[i] = known && b->close[i] >= b->close[i - 1];
    }
    slow_trail(b->close, above, below, rising, r);
}

/* Wilder's volatility system. */
static void slow_volatility_stop(const model_bars *b, model_line *r) {
    enum { PERIOD = 5 };
    model_line width;
    model_atr(b, PERIOD, width);
    model_lag(width, 1, width);
    double first = 0;
    double least = 0;
    double most = 0;
    double best = 0;
    int side = 0;
    size_t seen = 0;
    bool turned = false;
    ROWS_LOOP {
        double now = b->close[i];
        r[0][i] = r[1][i] = r[2][i] = NAN;
        if (isnan(now))
            continue;
        if (seen < PERIOD) {
            first = seen == 0 ? now : first;
            least = seen == 0 || now < least ? now : least;
            most = seen == 0 || now > most ? now : most;
            side = now > first ? 1 : -1;
            best = side > 0 ? most : least;
            seen++;
            continue;
        }
        double stop = best - side * 2 * width[i];
        if (turned) {
            r[0][i] = stop;
            r[side > 0 ? 2 : 1][i] = stop;
        }
        if (side * (now - stop) < 0) {
            side = -side;
            best = now;
            turned = true;
        } else if (side * (now - best) > 0) {
            best = now;
        }
    }
}

static void slow_chandelier(const model_bars *b, model_line *r) {
    model_line width;
    model_atr(b, 6, width);
    model_extreme(b->high, 6, 1, r[0]);
    model_extreme(b->low, 6, -1, r[1]);
    ROWS_LOOP {
        r[0][i] -= 2 * width[i];
        r[1][i] += 2 * width[i];
    }
}

/* ---- Wilder's parabola -------------------------------------------------------------------- */

static double slow_least(double a, double b) {
    return a < b ? a : b;
}

static double slow_most(double a, double b) {
    return a > b ? a : b;
}

/* The rows where both prices are there, with their numbers. */
static size_t slow_rows(const model_bars *b, size_t *ret_rows) {
    size_t count = 0;
    ROWS_LOOP {
        if (!isnan(b->high[i] + b->low[i]))
            ret_rows[count++] = i;
    }
    return count;
}

/* A rise is guessed; answers begin after the first turn. */
static void slow_parabola(const model_bars *b, model_line *r) {
    size_t rows[MODEL_ROWS];
    size_t count = slow_rows(b, rows);
    ROWS_LOOP r[0][i] = NAN;
    bool rises = true;
    bool turned = false;
    double stop = b->low[rows[0]];
    double extreme = b->high[rows[0]];
    double pace = 0.02;
    for (size_t k = 1; k < count; k++) {
        double high = b->high[rows[k]];
        double low = b->low[rows[k]];
        stop += pace * (extreme - stop);
        for (size_t back = 1; k >= 2 && back <= 2; back++)
            stop = rises ? slow_least(stop, b->low[rows[k - back]])
                         : slow_most(stop, b->high[rows[k - back]]);
        bool answers = turned;
        if (rises ? low < stop : high > stop) {
            rises = !rises;
            stop = extreme;
            extreme = rises ? high : low;
            pace = 0.02;
            turned = true;
        } else if (rises ? high > extreme : low < extreme) {
            extreme = rises ? high : low;
            pace = slow_least(pace + 0.02, 0.2);
        }
        r[0][rows[k]] = answers ? stop : NAN;
    }
}

/* The same by the rules of TA-Lib. */
static void slow_parabola_talib(const model_bars *b, model_line *r) {
    size_t rows[MODEL_ROWS];
    size_t count = slow_rows(b, rows);
    ROWS_LOOP r[0][i] = NAN;
    double fall = b->low[rows[0]] - b->low[rows[1]];
    bool rises = !(fall > 0 && b->high[rows[1]] - b->high[rows[0]] < fall);
    double stop = rises ? b->low[rows[0]] : b->high[rows[0]];
    double extreme = rises ? b->high[rows[1]] : b->low[rows[1]];
    double pace = 0.02;
    for (size_t k = 1; k < count; k++) {
        size_t last = rows[k == 1 ? 1 : k - 1];
        double low = slow_least(b->low[rows[k]], b->low[last]);
        double high = slow_most(b->high[rows[k]], b->high[last]);
        if (rises ? b->low[rows[k]] <= stop : b->high[rows[k]] >= stop) {
            rises = !rises;
            stop = rises ? slow_least(extreme, low) : slow_most(extreme, high);
            extreme = rises ? b->high[rows[k]] : b->low[rows[k]];
            pace = 0.02;
            r[0][rows[k]] = stop;
        } else {
            r[0][rows[k]] = stop;
            if (rises ? b->high[rows[k]] > extreme : b->low[rows[k]] < extreme) {
                extreme = rises ? b->high[rows[k]] : b->low[rows[k]];
                pace = slow_least(pace + 0.02, 0.2);
            }
        }
        stop += pace * (extreme - stop);
        stop = rises ? slow_least(stop, low) : slow_most(stop, high);
    }
}

/* The same by the rules of TTR. */
static void slow_parabola_ttr(const model_bars *b, model_line *r) {
    size_t rows[MODEL_ROWS];
    size_t count = slow_rows(b, rows);
    ROWS_LOOP r[0][i] = NAN;
    bool rises = true;
    double extreme = b->high[rows[0]];
    double stop = b->low[rows[0]] - (extreme - b->low[rows[0]]) / sqrt(2.0);
    double pace = 0.02;
    r[0][rows[0]] = stop;
    for (size_t k = 1; k < count; k++) {
        double low = slow_least(b->low[rows[k]], b->low[rows[k - 1]]);
        double high = slow_most(b->high[rows[k]], b->high[rows[k - 1]]);
        double further = rises ? slow_most(extreme, high) : slow_least(extreme, low);
        if (rises ? b->low[rows[k]] > stop : b->high[rows[k]] < stop) {
            stop += pace * (extreme - stop);
            stop = rises ? slow_least(stop, low) : slow_most(stop, high);
            pace = further != extreme ? slow_least(pace + 0.02, 0.2) : pace;
        } else {
            rises = !rises;
            stop = further;
            pace = 0.02;
        }
        extreme = further;
        r[0][rows[k]] = stop;
    }
}

/* ---- Candles ---------------------------------------------------------------------------- */

static void slow_heikin_ashi(const model_bars *b, model_line *r) {
    double open = NAN;
    ROWS_LOOP {
        r[3][i] = (b->open[i] + b->high[i] + b->low[i] + b->close[i]) / 4;
        double next =
            isnan(open) ? (b->open[i] + b->close[i]) / 2 : (i > 0 ? (open + r[3][i - 1]) / 2 : NAN);
        open = isnan(next) ? open : next;
        bool gone = isnan(next + r[3][i]);
        r[0][i] = next;
        r[1][i] = gone ? NAN : slow_most(b->high[i], slow_most(next, r[3][i]));
        r[2][i] = gone ? NAN : slow_least(b->low[i], slow_least(next, r[3][i]));
    }
}

static void slow_middle_of(const model_bars *b, size_t n, double *ret) {
    model_line low;
    model_extreme(b->high, n, 1, ret);
    model_extreme(b->low, n, -1, low);
    ROWS_LOOP ret[i] = (ret[i] + low[i]) / 2;
}

static void slow_ichimoku(const model_bars *b, model_line *r) {
    slow_middle_of(b, 3, r[0]);
    slow_middle_of(b, 7, r[1]);
    slow_middle_of(b, 12, r[3]);
    ROWS_LOOP {
        r[2][i] = (r[0][i] + r[1][i]) / 2;
        r[4][i] = b->close[i];
    }
    model_lag(r[2], 5, r[2]);
    model_lag(r[3], 5, r[3]);
}

static void slow_marubozu(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double body = b->close[i] - b->open[i];
        double range = b->high[i] - b->low[i];
        double share = range == 0 ? 0 * body : 100 * fabs(body) / range;
        r[0][i] = share >= 60 ? b->close[i] : NAN;
        r[1][i] = isnan(share) ? NAN : (share < 60 ? 0 : (body > 0 ? 100 : -100));
    }
}

static const model_kind slow_trends[] = {
    {"bollinger(10)", 5, 1, slow_bollinger},
    {"atr(5)", 3, 1, slow_atr},
    {"keltner(7,2,5)", 4, 1, slow_keltner},
    {"starc(6,1.5,4)", 4, 1, slow_starc},
    {"donchian(6)", 4, 1, slow_donchian},
    {"acceleration_bands(6,3)", 4, 1, slow_acceleration},
    {"supertrend(5,2)", 3, 1, slow_supertrend},
    {"atr_stop(6,2)", 4, 1, slow_atr_stop},
    {"volatility_stop(5,2)", 3, 1, slow_volatility_stop},
    {"chandelier(6,2)", 2, 1, slow_chandelier},
    {"parabolic_sar", 1, 1, slow_parabola},
    {"parabolic_sar(rules=talib)", 1, 1, slow_parabola_talib},
    {"parabolic_sar(rules=ttr)", 1, 1, slow_parabola_ttr},
    {"heikin_ashi", 4, 1, slow_heikin_ashi},
    {"ichimoku(3,7,12,5)", 5, 1, slow_ichimoku},
    {"marubozu(60)", 2, 1, slow_marubozu},
};

#endif
