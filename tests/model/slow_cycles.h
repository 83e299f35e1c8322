/*
 * slow_cycles.h - the cycles of Ehlers ("Rocket Science for Traders", 2001), over whole arrays.
 */
#ifndef TRADEWIND_TESTS_SLOW_CYCLES_H
#define TRADEWIND_TESTS_SLOW_CYCLES_H

#include "indicator_model.h"

#define CYCLE_FROM 9

typedef struct slow_cycle {
    size_t rows[MODEL_ROWS]; /* those with a price */
    size_t count;
    model_line price; /* by their number among these, as all that follow */
    model_line smooth;
    model_line detrended;
    model_line in_phase;
    model_line quadrature;
    model_line period;
    model_line smooth_period;
    model_line mean;
} slow_cycle;

/* k rows before, 0 before the first row with a cycle. */
static double slow_at(const double *a, size_t i, size_t k) {
    return i < k + CYCLE_FROM ? 0 : a[i - k];
}

static double slow_hilbert(const double *a, size_t i, double last_period) {
    return (0.0962 * slow_at(a, i, 0) + 0.5769 * slow_at(a, i, 2) - 0.5769 * slow_at(a, i, 4) -
            0.0962 * slow_at(a, i, 6)) *
           (0.075 * last_period + 0.54);
}

static double slow_weighted(double a, double b, double c, double d) {
    return (4 * a + 3 * b + 2 * c + d) / 10;
}

static double slow_clip(double a, double least, double most) {
    return a < least ? least : (a > most ? most : a);
}

static void slow_discriminate(slow_cycle *c) {
    model_line i2;
    model_line q2;
    model_line real;
    model_line imaginary;
    for (size_t i = CYCLE_FROM; i < c->count; i++) {
        double last = slow_at(c->period, i, 1);
        const double *p = c->price;
        c->smooth[i] = slow_weighted(p[i], p[i - 1], p[i - 2], p[i - 3]);
        c->detrended[i] = slow_hilbert(c->smooth, i, last);
        c->quadrature[i] = slow_hilbert(c->detrended, i, last);
        c->in_phase[i] = slow_at(c->detrended, i, 3);
        double turned_i = c->in_phase[i] - slow_hilbert(c->quadrature, i, last);
        double turned_q = c->quadrature[i] + slow_hilbert(c->in_phase, i, last);
        i2[i] = 0.2 * turned_i + 0.8 * slow_at(i2, i, 1);
        q2[i] = 0.2 * turned_q + 0.8 * slow_at(q2, i, 1);
        real[i] = 0.2 * (i2[i] * slow_at(i2, i, 1) + q2[i] * slow_at(q2, i, 1)) +
                  0.8 * slow_at(real, i, 1);
        imaginary[i] = 0.2 * (i2[i] * slow_at(q2, i, 1) - q2[i] * slow_at(i2, i, 1)) +
                       0.8 * slow_at(imaginary, i, 1);
        double period =
            real[i] != 0 && imaginary[i] != 0 ? 2 * acos(-1) / atan(imaginary[i] / real[i]) : 0;
        period = slow_clip(slow_clip(period, 0.67 * last, 1.5 * last), 6, 50);
        c->period[i] = 0.2 * period + 0.8 * last;
        c->smooth_period[i] = 0.33 * c->period[i] + 0.67 * slow_at(c->smooth_period, i, 1);
    }
}

static void slow_cycle_of(const model_bars *b, slow_cycle *c) {
    model_line middle;
    model_middle(b, middle);
    c->count = 0;
    ROWS_LOOP {
        if (isnan(middle[i]))
            continue;
        c->rows[c->count] = i;
        c->price[c->count++] = middle[i];
    }
    slow_discriminate(c);
    for (size_t i = CYCLE_FROM; i < c->count; i++) {
        size_t count = (size_t)(c->smooth_period[i] + 0.5);
        double sum = 0;
        for (size_t j = 0; j < count && j <= i; j++)
            sum += c->price[i - j];
        count = count > i + 1 ? i + 1 : count;
        c->mean[i] = count > 0 ? sum / (double)count : c->price[i];
    }
}

static double slow_trend_at(const slow_cycle *c, size_t i) {
    return i < CYCLE_FROM + 5
               ? c->price[i]
               : slow_weighted(c->mean[i], c->mean[i - 1], c->mean[i - 2], c->mean[i - 3]);
}

static void slow_trendline(const model_bars *b, model_line *r) {
    static slow_cycle c;
    slow_cycle_of(b, &c);
    ROWS_LOOP r[0][i] = r[1][i] = r[2][i] = r[3][i] = r[4][i] = r[5][i] = NAN;
    for (size_t i = 0; i < c.count; i++) {
        size_t row = c.rows[i];
        r[0][row] = slow_trend_at(&c, i);
        if (i < CYCLE_FROM)
            continue;
        double count = floor(c.smooth_period[i] + 0.5);
        count = count > (double)i + 1 ? (double)i + 1 : count;
        r[1][row] = c.smooth[i];
        r[2][row] = count > 0 ? count : NAN;
        r[3][row] = c.smooth_period[i];
        r[4][row] = c.in_phase[i];
        r[5][row] = c.quadrature[i];
    }
}

static void slow_mama(const model_bars *b, model_line *r) {
    static slow_cycle c;
    slow_cycle_of(b, &c);
    ROWS_LOOP r[0][i] = r[1][i] = NAN;
    double fast = 0;
    double slow = 0;
    double last = 0;
    for (size_t i = CYCLE_FROM - 1; i < c.count; i++) {
        if (i == CYCLE_FROM - 1) {
            for (size_t j = 0; j < 6; j++)
                fast += c.price[i - j] / 6;
            slow = fast;
        } else {
            double phase =
                c.in_phase[i] == 0 ? 0 : atan(c.quadrature[i] / c.in_phase[i]) * 180 / acos(-1);
            double fall = last - phase > 1 ? last - phase : 1;
            double rate = 0.5 / fall > 0.05 ? 0.5 / fall : 0.05;
            last = phase;
            fast += rate * (c.price[i] - fast);
            slow += rate / 2 * (fast - slow);
        }
        r[0][c.rows[i]] = fast;
        r[1][c.rows[i]] = slow;
    }
}

static double slow_phase_at(const slow_cycle *c, size_t i, double last) {
    size_t count = (size_t)(c->smooth_period[i] + 0.5);
    double real = 0;
    double imaginary = 0;
    for (size_t j = 0; j < count; j++) {
        real += sin(2 * acos(-1) * (double)j / (double)count) * slow_at(c->smooth, i, j);
        imaginary += cos(2 * acos(-1) * (double)j / (double)count) * slow_at(c->smooth, i, j);
    }
    double degrees = imaginary != 0 ? atan(real / imaginary) * 180 / acos(-1)
                                    : last + (real < 0 ? -90 : (real > 0 ? 90 : 0));
    degrees += 90 + 360 / c->smooth_period[i] + (imaginary < 0 ? 180 : 0);
    return degrees > 315 ? degrees - 360 : degrees;
}

static void slow_sine_wave(const model_bars *b, model_line *r) {
    static slow_cycle c;
    slow_cycle_of(b, &c);
    ROWS_LOOP r[0][i] = r[1][i] = r[2][i] = r[3][i] = NAN;
    double last[3] = {0};
    double days = 0;
    for (size_t i = CYCLE_FROM; i < c.count; i++) {
        double degrees = slow_phase_at(&c, i, last[0]);
        double now[] = {degrees, sin(degrees * acos(-1) / 180),
                        sin((degrees + 45) * acos(-1) / 180)};
        bool crossed =
            (now[1] > now[2] && last[1] <= last[2]) || (now[1] < now[2] && last[1] >= last[2]);
        days = crossed ? 1 : days + 1;
        double turn = (degrees - last[0]) / (360 / c.smooth_period[i]);
        bool cycle = crossed || days < c.smooth_period[i] / 2 || (turn > 0.67 && turn < 1.5);
        double line = slow_trend_at(&c, i);
        bool trend = !cycle || fabs(c.smooth[i] / line - 1) >= 0.015;
        for (size_t k = 0; k < 3; k++)
            r[k][c.rows[i]] = last[k] = now[k];
        r[3][c.rows[i]] = trend ? 1 : 0;
    }
}

static const model_kind slow_cycles[] = {
    {"trendline(9)", 6, 1, slow_trendline},
    {"mama(0.5,0.05,9)", 2, 1, slow_mama},
    {"sine_wave(9)", 4, 100, slow_sine_wave},
};

#endif
