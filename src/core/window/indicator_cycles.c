/*
 * indicator_cycles.c - Ehlers's discriminator of cycles, and what he builds on it: the
 * instantaneous trend line, the adaptive mean MAMA, the sine wave, and whether the market trends
 * ("Rocket Science for Traders", 2001).
 *
 * A Hilbert transform of the smoothed, detrended price gives two phases; how they turn from row to
 * row is the period of the cycle. The period sets the length of the trend's mean, and the turn of
 * the phase sets the rate of MAMA.
 *
 * Compiled once for each level of vector instructions, but one lane at a time: the arctangent is
 * that of the C library, and lanes have means of different lengths. A missing price changes no
 * state and has no answer.
 *
 * Invariants:
 * 1. history[k][j] is the k-th series j rows ago (0: this row), zero before the
 *    first row with a cycle (l, at least 6: the taps reach 6 rows back).
 * 2. The period is within 6 and 50 before it is smoothed, so the ring of 50 prices is enough.
 */
#include "indicator_lanes.h"

#define TAPS 7
#define LINES 4
#define TREND_ROWS 5 /* from the first row with a cycle to the first trend line */

/* One lane's state, as it lies in the fields of the step. */
typedef struct cycle {
    double smooth[TAPS];
    double detrended[TAPS];
    double in_phase[TAPS];
    double quadrature[TAPS];
    double trend[LINES];
    double turned_i;
    double turned_q;
    double real;
    double imaginary;
    double period;
    double smooth_period;
    double phase;
    double slow;
    double fast;
    double rows;
} cycle;

#define FIELDS (sizeof(cycle) / sizeof(double))
_Static_assert(FIELDS == TW_STEP_CYCLE_FIELDS, "the table of steps knows the size");

TW_INLINE void shift(double *line, size_t count, double value) {
    for (size_t j = count - 1; j > 0; j--)
        line[j] = line[j - 1];
    line[0] = value;
}

TW_INLINE double hilbert(const double *line, double scale) {
    return (0.0962 * line[0] + 0.5769 * line[2] - 0.5769 * line[4] - 0.0962 * line[6]) * scale;
}

static double bounded(double value, double least, double most) {
    double above = value > most ? most : value;
    return above < least ? least : above;
}

/* From the turn between two rows to the period of the cycle (the homodyne discriminator). */
static void discriminate(cycle *c, double i2, double q2) {
    double i = 0.2 * i2 + 0.8 * c->turned_i;
    double q = 0.2 * q2 + 0.8 * c->turned_q;
    c->real = 0.2 * (i * c->turned_i + q * c->turned_q) + 0.8 * c->real;
    c->imaginary = 0.2 * (i * c->turned_q - q * c->turned_i) + 0.8 * c->imaginary;
    c->turned_i = i;
    c->turned_q = q;
    double last = c->period;
    double turns = c->imaginary != 0 && c->real != 0;
    double now = turns != 0 ? 2 * 3.14159265358979323846 / atan(c->imaginary / c->real) : 0;
    now = now > 1.5 * last ? 1.5 * last : now;
    now = now < 0.67 * last ? 0.67 * last : now;
    c->period = 0.2 * bounded(now, 6, 50) + 0.8 * last;
    c->smooth_period = 0.33 * c->period + 0.67 * c->smooth_period;
}

static void turn(cycle *c) {
    double scale = 0.075 * c->period + 0.54;
    shift(c->detrended, TAPS, hilbert(c->smooth, scale));
    shift(c->quadrature, TAPS, hilbert(c->detrended, scale));
    shift(c->in_phase, TAPS, c->detrended[3]);
    double ahead_i = hilbert(c->in_phase, scale);
    double ahead_q = hilbert(c->quadrature, scale);
    discriminate(c, c->in_phase[0] - ahead_q, c->quadrature[0] + ahead_i);
}

/* MAMA: the faster the phase falls, the slower it follows. k: fast limit, m: slow limit. */
static void adapt_to_phase(cycle *c, double price, double fast_limit, double slow_limit) {
    double ratio = c->quadrature[0] / c->in_phase[0];
    double phase = c->in_phase[0] != 0 ? atan(ratio) * 180 / 3.14159265358979323846 : 0;
    double fall = c->phase - phase > 1 ? c->phase - phase : 1;
    double rate = fast_limit / fall > slow_limit ? fast_limit / fall : slow_limit;
    c->phase = phase;
    c->fast = rate * price + (1 - rate) * c->fast;
    c->slow = 0.5 * rate * c->fast + (1 - 0.5 * rate) * c->slow;
}

static double weighted(const double *line) {
    return (4 * line[0] + 3 * line[1] + 2 * line[2] + line[3]) / 10;
}

/* The mean of the last `count` prices of a lane, the newest at `place`. */
static double mean_of(const tw_step *s, size_t lane, size_t place, size_t count) {
    double sum = 0;
    for (size_t j = count; j-- > 0;)
        sum += s->ring[(place + s->n - j) % s->n * TW_LANES(s) + lane];
    return sum / (double)count;
}

static void take_row(tw_step *s, size_t lane, double price, cycle *c) {
    size_t row = (size_t)c->rows;
    size_t place = row % s->n;
    double prices[LINES];
    s->ring[place * TW_LANES(s) + lane] = price;
    for (size_t j = 0; j < LINES; j++)
        prices[j] = row >= j ? s->ring[(place + s->n - j) % s->n * TW_LANES(s) + lane] : 0;
    c->rows += 1;
    const size_t first = (size_t)s->l;
    double line = price;
    double length = 0;
    if (row >= first) {
        shift(c->smooth, TAPS, weighted(prices));
        turn(c);
        size_t count = (size_t)(c->smooth_period + 0.5);
        count = count > row + 1 ? row + 1 : count;
        length = (double)count;
        shift(c->trend, LINES, count > 0 ? mean_of(s, lane, place, count) : price);
        line = row >= first + TREND_ROWS ? weighted(c->trend) : price;
        adapt_to_phase(c, price, s->k, s->m);
    } else if (row == first - 1) {
        c->fast = c->slow = s->in[1] != NULL ? s->in[1][lane] : mean_of(s, lane, place, 6);
    }
    s->out[0][lane] = line;
    s->out[1][lane] = row >= first ? c->smooth[0] : NAN;
    s->out[2][lane] = length > 0 ? length : NAN;
    s->out[3][lane] = row + 1 >= first ? c->fast : NAN;
    s->out[4][lane] = row + 1 >= first ? c->slow : NAN;
    s->out[5][lane] = row >= first ? c->smooth_period : NAN;
    s->out[6][lane] = row >= first ? c->in_phase[0] : NAN;
    s->out[7][lane] = row >= first ? c->quadrature[0] : NAN;
}

/* Trend line, smoothed price, rows of its mean, MAMA and its follower FAMA, the period of the
 * cycle, and the two phases. */
TW_INLINE void cycles_row(tw_step *s) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        for (size_t o = 0; o < 8; o++)
            s->out[o][i] = NAN;
        if (s->in[0][i] != s->in[0][i])
            continue;
        union {
            cycle as;
            double fields[FIELDS];
        } lane;
        for (size_t f = 0; f < FIELDS; f++)
            lane.fields[f] = s->state[f * TW_LANES(s) + i];
        take_row(s, i, s->in[0][i], &lane.as);
        for (size_t f = 0; f < FIELDS; f++)
            s->state[f * TW_LANES(s) + i] = lane.fields[f];
    }
}

/* ---- The phase of the cycle -------------------------------------------------------------- */

#define PI 3.14159265358979323846

/* One lane's state, as it lies in the fields of the step. */
typedef struct phase {
    double rows;
    double degrees;
    double sine;
    double lead;
    double days; /* since the sines crossed */
} phase;

#define PHASE_FIELDS (sizeof(phase) / sizeof(double))

/* The phase of the last period's smoothed prices against one turn of a sine (in degrees, from -45
 * to 315), with a row for the lag of the smoothing. */
static double phase_of(const tw_step *s, size_t lane, size_t place, double period, double last) {
    size_t count = (size_t)(period + 0.5);
    double real = 0;
    double imaginary = 0;
    for (size_t j = 0; j < count; j++) {
        double angle = 2 * PI * (double)j / (double)count;
        double price = s->ring[(place + s->n - j) % s->n * TW_LANES(s) + lane];
        real += sin(angle) * price;
        imaginary += cos(angle) * price;
    }
    double degrees = last;
    if (fabs(imaginary) > 0)
        degrees = atan(real / imaginary) * 180 / PI;
    else if (real != 0)
        degrees += real < 0 ? -90 : 90;
    degrees += 90 + 360 / period;
    if (imaginary < 0)
        degrees += 180;
    return degrees > 315 ? degrees - 360 : degrees;
}

/* A cycle for half of its period after its sines have crossed, or while its phase keeps pace with
 * its period; but a trend where the price is 1.5 % off the trend line. */
static double trends(phase *p, const phase *last, double period, double smooth, double line) {
    bool crossed = (p->sine > p->lead && last->sine <= last->lead) ||
                   (p->sine < p->lead && last->sine >= last->lead);
    p->days = crossed ? 1 : p->days + 1;
    bool cycles_on = crossed || p->days < 0.5 * period;
    double turn = (p->degrees - last->degrees) * period / 360;
    cycles_on = cycles_on || (turn > 0.67 && turn < 1.5);
    return !cycles_on || fabs((smooth - line) / line) >= 0.015 ? 1 : 0;
}

/* a: the smoothed price, b: the period, c: the trend line. Answers the phase, its sine, the sine of
 * 45 degrees ahead, and 1 in a trend or 0 in a cycle. */
TW_INLINE void phases_row(tw_step *s) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        double smooth = s->in[0][i];
        for (size_t o = 0; o < 4; o++)
            s->out[o][i] = NAN;
        if (smooth != smooth)
            continue;
        union {
            phase as;
            double fields[PHASE_FIELDS];
        } lane;
        for (size_t f = 0; f < PHASE_FIELDS; f++)
            lane.fields[f] = s->state[f * TW_LANES(s) + i];
        const phase last = lane.as;
        phase *p = &lane.as;
        size_t place = (size_t)p->rows % s->n;
        s->ring[place * TW_LANES(s) + i] = smooth;
        p->rows += 1;
        p->degrees = phase_of(s, i, place, s->in[1][i], last.degrees);
        p->sine = sin(p->degrees * PI / 180);
        p->lead = sin((p->degrees + 45) * PI / 180);
        s->out[3][i] = trends(p, &last, s->in[1][i], smooth, s->in[2][i]);
        s->out[0][i] = p->degrees;
        s->out[1][i] = p->sine;
        s->out[2][i] = p->lead;
        for (size_t f = 0; f < PHASE_FIELDS; f++)
            s->state[f * TW_LANES(s) + i] = lane.fields[f];
    }
}

TW_KERNEL(cycles, cycles_row(s))
TW_KERNEL(phases, phases_row(s))

void TW_LEVEL(tw_indicator_cycles)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_CYCLE] = cycles;
    ret_table->kernels[TW_STEP_PHASE] = phases;
}
