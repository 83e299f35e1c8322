/*
 * indicator_blocks.c - windows of the last n rows in O(1) a row, without ever subtracting.
 *
 * Rows are cut into blocks of n. A window is the end of the last block and the beginning of this
 * one: of the former the aggregates of all ends are kept (made in one pass when that block was
 * full), of the latter one running aggregate; the answer is the two combined (van Herk, and Gil
 * and Werman, 1992-93, for minima; it holds for every aggregate that can be combined).
 *
 * Compiled once for each level of vector instructions.
 *
 * Invariants:
 * 1. Before row `place` of a block, ring[j] for j < place holds rows of this block (one each), and
 *    for j > place the aggregate of rows j .. n - 1 of the block before, if there was one.
 * 2. The running aggregate covers rows 0 .. place of this block; row 0 begins it anew, so nothing
 *    of an older row, a NaN included, outlives its block.
 * 3. Aggregates of equal values have deviations of exactly 0: the difference of their means is 0.
 */
#include "indicator_lanes.h"

#define FIELDS_MAX 7

typedef struct aggregate {
    double f[FIELDS_MAX];
} aggregate;

/* How many rows two aggregates that are combined stand for, the older first. */
typedef struct weights {
    double older;
    double share;   /* newer / both */
    double product; /* older x newer / both */
} weights;

typedef aggregate (*one_of)(double x, double y);
typedef aggregate (*join_of)(aggregate older, aggregate newer, weights w);

/* ---- Aggregates ------------------------------------------------------------------------- */

TW_INLINE weights weights_of(size_t older, size_t newer) {
    double a = (double)older;
    double b = (double)newer;
    return (weights){a, b / (a + b), a * b / (a + b)};
}

TW_INLINE aggregate sum_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0}};
}

TW_INLINE aggregate sum_join(aggregate a, aggregate b, weights w) {
    (void)w;
    pair s = pair_sum(pair_of(a.f[0], a.f[1]), pair_of(b.f[0], b.f[1]));
    return (aggregate){{s.high, s.low}};
}

/* The ramp counts from 1 at the oldest: those of the newer part move up by the older's count. */
TW_INLINE aggregate ramp_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0, x, 0}};
}

TW_INLINE aggregate ramp_join(aggregate a, aggregate b, weights w) {
    pair s = pair_sum(pair_of(a.f[0], a.f[1]), pair_of(b.f[0], b.f[1]));
    pair lift = pair_product(w.older, b.f[0]);
    lift.low += w.older * b.f[1];
    pair r = pair_sum(pair_of(b.f[2], b.f[3]), lift);
    r = pair_sum(pair_of(a.f[2], a.f[3]), r);
    return (aggregate){{s.high, s.low, r.high, r.low}};
}

/* Mean (a pair: its error is then of the spread, not of the size) and squared deviations. */
TW_INLINE aggregate moments_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0, x - x}};
}

TW_INLINE aggregate moments_join(aggregate a, aggregate b, weights w) {
    double delta = (b.f[0] - a.f[0]) + (b.f[1] - a.f[1]);
    pair mean = pair_sum(pair_of(a.f[0], a.f[1]), pair_of(delta * w.share, 0));
    return (aggregate){{mean.high, mean.low, (a.f[2] + b.f[2]) + delta * delta * w.product}};
}

TW_INLINE aggregate comoments_one(double x, double y) {
    double missing = (x - x) + (y - y);
    return (aggregate){{x, 0, y, 0, missing, missing, missing}};
}

TW_INLINE aggregate comoments_join(aggregate a, aggregate b, weights w) {
    double dx = (b.f[0] - a.f[0]) + (b.f[1] - a.f[1]);
    double dy = (b.f[2] - a.f[2]) + (b.f[3] - a.f[3]);
    pair x = pair_sum(pair_of(a.f[0], a.f[1]), pair_of(dx * w.share, 0));
    pair y = pair_sum(pair_of(a.f[2], a.f[3]), pair_of(dy * w.share, 0));
    return (aggregate){{x.high, x.low, y.high, y.low, (a.f[4] + b.f[4]) + dx * dx * w.product,
                        (a.f[5] + b.f[5]) + dy * dy * w.product,
                        (a.f[6] + b.f[6]) + dx * dy * w.product}};
}

TW_INLINE aggregate extreme_one(double x, double y) {
    (void)y;
    return (aggregate){{x}};
}

TW_INLINE aggregate lowest_join(aggregate a, aggregate b, weights w) {
    (void)w;
    double chosen = b.f[0] < a.f[0] ? b.f[0] : a.f[0];
    return (aggregate){{b.f[0] == b.f[0] ? chosen : NAN}};
}

TW_INLINE aggregate highest_join(aggregate a, aggregate b, weights w) {
    (void)w;
    double chosen = b.f[0] > a.f[0] ? b.f[0] : a.f[0];
    return (aggregate){{b.f[0] == b.f[0] ? chosen : NAN}};
}

/* ---- The window ------------------------------------------------------------------------- */

TW_INLINE aggregate load(const double *base, size_t stride, size_t lane, size_t fields) {
    aggregate a = {{0}};
#pragma GCC unroll 8
    for (size_t f = 0; f < fields; f++)
        a.f[f] = base[f * stride + lane];
    return a;
}

TW_INLINE void store(double *base, size_t stride, size_t lane, size_t fields, aggregate a) {
#pragma GCC unroll 8
    for (size_t f = 0; f < fields; f++)
        base[f * stride + lane] = a.f[f];
}

/* The block is full: each row becomes the aggregate of itself and the later ones (invariant 1). */
TW_INLINE void make_ends(tw_step *s, size_t fields, join_of join) {
    const size_t lanes = s->lanes;
    const size_t stride = s->n * lanes;
    for (size_t j = s->n - 1; j-- > 1;) {
        double *row = s->ring + j * lanes;
        const weights w = weights_of(1, s->n - 1 - j);
        TW_FOR_LANES(i, lanes)
        store(row, stride, i, fields,
              join(load(row, stride, i, fields), load(row + lanes, stride, i, fields), w));
    }
}

/* Takes this row; leaves the aggregate of the window in the first `fields` of `state + fields`. */
TW_INLINE void take(tw_step *s, size_t fields, one_of one, join_of join) {
    const size_t lanes = s->lanes;
    const size_t stride = s->n * lanes;
    const double *x = s->in[0];
    const double *y = s->in[1] != NULL ? s->in[1] : x;
    double *running = s->state;
    double *row = s->ring + s->place * lanes;
    TW_FOR_LANES(i, lanes)
    store(row, stride, i, fields, one(x[i], y[i]));
    if (s->place == 0) {
        TW_FOR_LANES(i, lanes)
        store(running, lanes, i, fields, one(x[i], y[i]));
        return;
    }
    const weights w = weights_of(s->place, 1);
    TW_FOR_LANES(i, lanes)
    store(running, lanes, i, fields, join(load(running, lanes, i, fields), one(x[i], y[i]), w));
}

/* The window's aggregate of one lane: the running one, or the end of the last block before it. */
#define WINDOW(s, i, fields, join, w)                                                \
    ((s)->place + 1 == (s)->n ? load((s)->state, (s)->lanes, (i), (fields))          \
                              : join(load((s)->ring + ((s)->place + 1) * (s)->lanes, \
                                          (s)->n * (s)->lanes, (i), (fields)),       \
                                     load((s)->state, (s)->lanes, (i), (fields)), (w)))

TW_INLINE bool answers(const tw_step *s) {
    return s->full || s->place + 1 == s->n;
}

TW_INLINE void no_answer(const tw_step *s, size_t outputs) {
    for (size_t o = 0; o < outputs; o++) {
        TW_FOR_LANES(i, s->lanes)
        s->out[o][i] = NAN;
    }
}

/* On to the next row of the block, or to the next block. */
TW_INLINE void advance(tw_step *s, size_t fields, join_of join) {
    if (++s->place < s->n)
        return;
    make_ends(s, fields, join);
    s->place = 0;
    s->full = true;
}

/* ---- The kernels ------------------------------------------------------------------------ */

static void sum(tw_step *s) {
    take(s, 2, sum_one, sum_join);
    double *out = s->out[0];
    if (!answers(s)) {
        no_answer(s, 1);
    } else {
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        TW_FOR_LANES(i, s->lanes) {
            aggregate a = WINDOW(s, i, 2, sum_join, w);
            out[i] = a.f[0] + a.f[1];
        }
    }
    advance(s, 2, sum_join);
}

static void mean(tw_step *s) {
    take(s, 2, sum_one, sum_join);
    double *out = s->out[0];
    if (!answers(s)) {
        no_answer(s, 1);
    } else {
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        const double n = (double)s->n;
        TW_FOR_LANES(i, s->lanes) {
            aggregate a = WINDOW(s, i, 2, sum_join, w);
            out[i] = pair_quotient(pair_of(a.f[0], a.f[1]), n);
        }
    }
    advance(s, 2, sum_join);
}

/* The mean with weights 1, 2, ... n. */
static void ramp(tw_step *s) {
    take(s, 4, ramp_one, ramp_join);
    double *out = s->out[0];
    if (!answers(s)) {
        no_answer(s, 1);
    } else {
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        const double total = (double)s->n * ((double)s->n + 1) / 2;
        TW_FOR_LANES(i, s->lanes) {
            aggregate a = WINDOW(s, i, 4, ramp_join, w);
            out[i] = pair_quotient(pair_of(a.f[2], a.f[3]), total);
        }
    }
    advance(s, 4, ramp_join);
}

static void moments(tw_step *s) {
    take(s, 3, moments_one, moments_join);
    double *means = s->out[0];
    double *squares = s->out[1];
    if (!answers(s)) {
        no_answer(s, 2);
    } else {
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        TW_FOR_LANES(i, s->lanes) {
            aggregate a = WINDOW(s, i, 3, moments_join, w);
            means[i] = a.f[0] + a.f[1];
            squares[i] = a.f[2];
        }
    }
    advance(s, 3, moments_join);
}

static void comoments(tw_step *s) {
    take(s, 7, comoments_one, comoments_join);
    if (!answers(s)) {
        no_answer(s, 5);
    } else {
        double *x = s->out[0];
        double *y = s->out[1];
        double *xx = s->out[2];
        double *yy = s->out[3];
        double *xy = s->out[4];
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        TW_FOR_LANES(i, s->lanes) {
            aggregate a = WINDOW(s, i, 7, comoments_join, w);
            double missing = a.f[6] - a.f[6];
            x[i] = (a.f[0] + a.f[1]) + missing;
            y[i] = (a.f[2] + a.f[3]) + missing;
            xx[i] = a.f[4] + missing;
            yy[i] = a.f[5] + missing;
            xy[i] = a.f[6];
        }
    }
    advance(s, 7, comoments_join);
}

/* With m = 1 the first rows answer for what there is of their window. */
TW_INLINE void extreme(tw_step *s, join_of join) {
    take(s, 1, extreme_one, join);
    double *out = s->out[0];
    if (!answers(s)) {
        const double missing = s->m > 0 ? 0 : NAN;
        TW_FOR_LANES(i, s->lanes)
        out[i] = s->state[i] + missing;
    } else {
        const weights w = weights_of(s->n - 1 - s->place, s->place + 1);
        TW_FOR_LANES(i, s->lanes)
        out[i] = WINDOW(s, i, 1, join, w).f[0];
    }
    advance(s, 1, join);
}

static void lowest(tw_step *s) {
    extreme(s, lowest_join);
}

static void highest(tw_step *s) {
    extreme(s, highest_join);
}

void TW_LEVEL(tw_indicator_blocks)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_SUM] = sum;
    ret_table->kernels[TW_STEP_MEAN] = mean;
    ret_table->kernels[TW_STEP_RAMP] = ramp;
    ret_table->kernels[TW_STEP_MOMENTS] = moments;
    ret_table->kernels[TW_STEP_COMOMENTS] = comoments;
    ret_table->kernels[TW_STEP_LOWEST] = lowest;
    ret_table->kernels[TW_STEP_HIGHEST] = highest;
}
