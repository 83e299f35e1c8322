/*
 * slow_oscillators.h - definitions of places in ranges, directed moves and volumes.
 */
#ifndef TRADEWIND_TESTS_SLOW_OSCILLATORS_H
#define TRADEWIND_TESTS_SLOW_OSCILLATORS_H

#include "indicator_model.h"

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

static void slow_awesome(const model_bars *b, model_line *r) {
    model_line price;
    model_line slow;
    model_middle(b, price);
    model_mean(price, 4, r[0]);
    model_mean(price, 9, slow);
    ROWS_LOOP {
        r[0][i] -= slow[i];
        r[1][i] = 100 * r[0][i] / price[i];
    }
}

static void slow_ultimate(const model_bars *b, model_line *r) {
    static const size_t periods[] = {3, 6, 12};
    model_line range;
    model_line pressure;
    model_true_range(b, range);
    ROWS_LOOP {
        double last = i > 0 ? b->close[i - 1] : NAN;
        double low = b->low[i] < last ? b->low[i] : last;
        pressure[i] = isnan(b->low[i]) || isnan(last) ? NAN : b->close[i] - low;
        r[0][i] = 0;
    }
    for (size_t k = 0; k < 3; k++) {
        model_line a;
        model_line c;
        model_total(pressure, periods[k], a);
        model_total(range, periods[k], c);
        ROWS_LOOP r[0][i] += c[i] == 0 ? NAN : 100.0 / 7 * (4 >> k) * a[i] / c[i];
    }
}

static void slow_bop(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double range = b->high[i] - b->low[i];
        r[0][i] = range == 0 ? NAN : (b->close[i] - b->open[i]) / range;
    }
    model_mean(r[0], 5, r[0]);
}

static void slow_imi(const model_bars *b, model_line *r) {
    model_line up;
    model_line down;
    ROWS_LOOP r[0][i] = b->close[i] - b->open[i];
    model_gains(r[0], up, down);
    model_total(up, 6, up);
    model_total(down, 6, down);
    ROWS_LOOP r[0][i] = up[i] + down[i] == 0 ? 50 : 100 * up[i] / (up[i] + down[i]);
}

static void slow_mass_index(const model_bars *b, model_line *r) {
    model_line again;
    ROWS_LOOP r[0][i] = b->high[i] - b->low[i];
    model_ema(r[0], 4, r[0]);
    model_ema(r[0], 4, again);
    model_quotient(r[0], again, 1, r[0]);
    model_total(r[0], 6, r[0]);
}

static void slow_smi(const model_bars *b, model_line *r) {
    model_line high;
    model_line low;
    model_extreme(b->high, 5, 1, high);
    model_extreme(b->low, 5, -1, low);
    ROWS_LOOP {
        double range = high[i] - low[i];
        low[i] = b->close[i] - (high[i] + low[i]) / 2;
        high[i] = range;
    }
    model_ema(low, 6, low);
    model_ema(low, 3, low);
    model_ema(high, 6, high);
    model_ema(high, 3, high);
    model_quotient(low, high, 200, r[0]);
    model_ema(r[0], 4, r[1]);
}

/* The sum of n - 1 moves, then (n - 1) / n of it and the next move. */
static void slow_directional_movement(const model_bars *b, model_line *r) {
    model_line share;
    slow_directions(b, r[0], r[1]);
    ROWS_LOOP share[i] = 4.0 / 5;
    for (size_t k = 0; k < 2; k++) {
        model_line first;
        model_total(r[k], 4, first);
        model_recur(share, r[k], first, r[k]);
    }
}

static void slow_vortex(const model_bars *b, model_line *r) {
    model_line range;
    model_true_range(b, range);
    model_total(range, 6, range);
    ROWS_LOOP {
        r[0][i] = i > 0 ? fabs(b->high[i] - b->low[i - 1]) : NAN;
        r[1][i] = i > 0 ? fabs(b->low[i] - b->high[i - 1]) : NAN;
    }
    for (size_t k = 0; k < 2; k++) {
        model_total(r[k], 6, r[k]);
        model_quotient(r[k], range, 1, r[k]);
    }
}

static void slow_elder_ray(const model_bars *b, model_line *r) {
    model_ema(b->close, 6, r[0]);
    ROWS_LOOP {
        r[1][i] = b->high[i] - r[0][i];
        r[2][i] = b->low[i] - r[0][i];
    }
}

static void slow_chop(const model_bars *b, model_line *r) {
    model_line high;
    model_line low;
    model_line way;
    ROWS_LOOP {
        double last = i > 0 ? b->close[i - 1] : NAN;
        bool gone = isnan(last + b->high[i]);
        high[i] = gone ? NAN : (b->high[i] > last ? b->high[i] : last);
        gone = isnan(last + b->low[i]);
        low[i] = gone ? NAN : (b->low[i] < last ? b->low[i] : last);
        way[i] = high[i] - low[i];
    }
    model_total(way, 6, way);
    model_extreme(high, 6, 1, high);
    model_extreme(low, 6, -1, low);
    ROWS_LOOP {
        double ratio = way[i] / (high[i] - low[i]);
        r[0][i] = high[i] == low[i] || !(ratio > 0) ? NAN : 100 * log10(ratio) / log10(6.0);
    }
}

/* ---- Volumes ---------------------------------------------------------------------------- */

static void slow_adl(const model_bars *b, model_line *r) {
    double total = 0;
    ROWS_LOOP {
        double range = b->high[i] - b->low[i];
        double apart = 2 * b->close[i] - b->low[i] - b->high[i];
        r[1][i] = range == 0 ? 0 * apart : apart / range;
        r[2][i] = r[1][i] * b->volume[i];
        total += isnan(r[2][i]) ? 0 : r[2][i];
        r[0][i] = isnan(r[2][i]) ? NAN : total;
    }
}

static void slow_chaikin(const model_bars *b, model_line *r) {
    slow_adl(b, r + 3);
    model_ema(r[3], 3, r[1]);
    model_ema(r[3], 6, r[2]);
    ROWS_LOOP r[0][i] = r[1][i] - r[2][i];
}

static void slow_force(const model_bars *b, model_line *r) {
    ROWS_LOOP r[0][i] = i > 0 ? (b->close[i] - b->close[i - 1]) * b->volume[i] : NAN;
    model_ema(r[0], 4, r[0]);
}

static void slow_ease_of_movement(const model_bars *b, model_line *r) {
    ROWS_LOOP {
        double before = i > 0 ? (b->high[i - 1] + b->low[i - 1]) / 2 : NAN;
        double moved = (b->high[i] + b->low[i]) / 2 - before;
        r[0][i] =
            b->volume[i] == 0 ? NAN : moved / ((b->volume[i] / 1000) / (b->high[i] - b->low[i]));
        if (b->high[i] == b->low[i] && b->volume[i] != 0)
            r[0][i] = 0 * (moved + b->volume[i]);
    }
    model_mean(r[0], 5, r[1]);
}

static void slow_williams_ad(const model_bars *b, model_line *r) {
    double total = 0;
    ROWS_LOOP {
        double last = i > 0 ? b->close[i - 1] : NAN;
        double change = b->close[i] - last;
        double low = b->low[i] < last ? b->low[i] : last;
        double high = b->high[i] > last ? b->high[i] : last;
        double flow = 0;
        if (change > 0)
            flow = isnan(b->low[i]) ? NAN : b->close[i] - low;
        else if (change < 0)
            flow = isnan(b->high[i]) ? NAN : b->close[i] - high;
        flow = isnan(change) ? NAN : flow;
        total += isnan(flow) ? 0 : flow;
        r[0][i] = isnan(flow) ? NAN : total;
    }
}

/* The trend's way: while it goes on, its ranges add up; when it turns, the last range and this. */
static void slow_klinger(const model_bars *b, model_line *r) {
    model_line force;
    double way = NAN;
    double last_rising = NAN;
    ROWS_LOOP {
        double sum = b->high[i] + b->low[i] + b->close[i];
        double before = i > 0 ? b->high[i - 1] + b->low[i - 1] + b->close[i - 1] : NAN;
        double rising = isnan(sum - before) ? NAN : (sum - before > 0 ? 1 : 0);
        double range = b->high[i] - b->low[i];
        double last_range = i > 0 ? b->high[i - 1] - b->low[i - 1] : NAN;
        double turns = fabs(rising - last_rising);
        double next = range + turns * last_range + (isnan(way) ? 0 : (1 - turns) * way);
        double share = next == 0 ? 1 : range / next;
        force[i] = 100 * fabs(2 * share - 2) * (2 * rising - 1) * b->volume[i];
        force[i] = isnan(next) ? NAN : force[i];
        way = isnan(next) ? way : next;
        last_rising = rising;
    }
    model_line slow;
    model_ema(force, 5, r[0]);
    model_ema(force, 9, slow);
    ROWS_LOOP r[0][i] -= slow[i];
    model_ema(r[0], 4, r[1]);
}

static const model_kind slow_oscillators[] = {
    {"stochastic(5)", 3, 100, slow_stochastic},
    {"williams_r(5)", 1, 100, slow_williams_r},
    {"cci(8)", 1, 100, slow_cci},
    {"awesome(4,9)", 2, 100, slow_awesome},
    {"ultimate(3,6,12)", 1, 100, slow_ultimate},
    {"bop(5)", 1, 1, slow_bop},
    {"imi(6)", 1, 100, slow_imi},
    {"mass_index(6,4)", 1, 1, slow_mass_index},
    {"smi(5,6,3,4)", 2, 100, slow_smi},
    {"aroon(7)", 3, 100, slow_aroon},
    {"adx(5)", 5, 100, slow_adx},
    {"directional_movement(5)", 2, 1, slow_directional_movement},
    {"vortex(6)", 2, 1, slow_vortex},
    {"elder_ray(6)", 3, 1, slow_elder_ray},
    {"chop(6)", 1, 1000, slow_chop},
    {"obv", 1, 1000, slow_obv},
    {"mfi(6)", 1, 100, slow_mfi},
    {"cmf(7)", 2, 1, slow_cmf},
    {"adl", 3, 1000, slow_adl},
    {"chaikin(3,6)", 6, 1000, slow_chaikin},
    {"force(4)", 1, 1000, slow_force},
    {"ease_of_movement(5,1000)", 2, 1000, slow_ease_of_movement},
    {"williams_ad", 1, 100, slow_williams_ad},
    {"klinger(5,9,4)", 2, 1e5, slow_klinger},
};

#endif
