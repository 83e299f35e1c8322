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
typedef void (*answer_of)(const tw_step *s, size_t lane, aggregate window);

typedef struct window_kind {
    size_t fields; /* of its aggregate that are used */
    size_t outputs;
    one_of one;
    join_of join;
    answer_of answer;
} window_kind;

/* ---- Aggregates ------------------------------------------------------------------------- */

TW_INLINE weights weights_of(double older, double newer) {
    return (weights){older, newer / (older + newer), older * newer / (older + newer)};
}

TW_INLINE aggregate sum_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0}};
}

TW_INLINE aggregate sum_join(aggregate a, aggregate b, weights w) {
    (void)w;
    pair s = pair_gather(pair_of(a.f[0], a.f[1]), pair_of(b.f[0], b.f[1]));
    return (aggregate){{s.high, s.low}};
}

/* The ramp counts from 1 at the oldest: those of the newer part move up by the older's count. */
TW_INLINE aggregate ramp_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0, x, 0}};
}

TW_INLINE aggregate ramp_join(aggregate a, aggregate b, weights w) {
    pair s = pair_gather(pair_of(a.f[0], a.f[1]), pair_of(b.f[0], b.f[1]));
    pair lift = pair_product(w.older, b.f[0]);
    lift.low += w.older * b.f[1];
    pair r = pair_gather(pair_of(b.f[2], b.f[3]), lift);
    r = pair_gather(pair_of(a.f[2], a.f[3]), r);
    return (aggregate){{s.high, s.low, r.high, r.low}};
}

/* Mean (a pair: its error is then of the spread, not of the size) and squared deviations. */
TW_INLINE aggregate moments_one(double x, double y) {
    (void)y;
    return (aggregate){{x, 0, x - x}};
}

TW_INLINE aggregate moments_join(aggregate a, aggregate b, weights w) {
    double delta = (b.f[0] - a.f[0]) + (b.f[1] - a.f[1]);
    pair mean = pair_gather(pair_of(a.f[0], a.f[1]), pair_of(delta * w.share, 0));
    return (aggregate){{mean.high, mean.low, (a.f[2] + b.f[2]) + delta * delta * w.product}};
}

TW_INLINE aggregate comoments_one(double x, double y) {
    double missing = (x - x) + (y - y);
    return (aggregate){{x, 0, y, 0, missing, missing, missing}};
}

TW_INLINE aggregate comoments_join(aggregate a, aggregate b, weights w) {
    double dx = (b.f[0] - a.f[0]) + (b.f[1] - a.f[1]);
    double dy = (b.f[2] - a.f[2]) + (b.f[3] - a.f[3]);
    pair x = pair_gather(pair_of(a.f[0], a.f[1]), pair_of(dx * w.share, 0));
    pair y = pair_gather(pair_of(a.f[2], a.f[3]), pair_of(dy * w.share, 0));
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
TW_INLINE void make_ends(tw_step *s, window_kind kind) {
    const size_t fields = kind.fields;
    const size_t lanes = TW_LANES(s);
    const size_t stride = s->n * lanes;
    for (size_t j = s->n - 1; j-- > 1;) {
        double *row = s->ring + j * lanes;
        const weights w = weights_of(1, (double)(s->n - 1 - j));
        TW_FOR_LANES(i, lanes)
        store(row, stride, i, fields,
              kind.join(load(row, stride, i, fields), load(row + lanes, stride, i, fields), w));
    }
}

/* On by `count` rows that are in one block, and to the next block when this one is full. */
TW_INLINE void advance(tw_step *s, size_t count, window_kind kind) {
    s->place += count;
    if (s->place < s->n)
        return;
    make_ends(s, kind);
    s->place = 0;
    s->full = true;
}

/* Takes this row into the ring and into the running aggregate. */
TW_INLINE void take(tw_step *s, window_kind kind) {
    const size_t fields = kind.fields;
    const size_t lanes = TW_LANES(s);
    const size_t stride = s->n * lanes;
    const double *x = s->in[0];
    const double *y = s->in[1] != NULL ? s->in[1] : x;
    double *running = s->state;
    double *row = s->ring + s->place * lanes;
    TW_FOR_LANES(i, lanes)
    store(row, stride, i, fields, kind.one(x[i], y[i]));
    if (s->place == 0) {
        TW_FOR_LANES(i, lanes)
        store(running, lanes, i, fields, kind.one(x[i], y[i]));
        return;
    }
    const weights w = weights_of((double)s->place, 1);
    TW_FOR_LANES(i, lanes)
    store(running, lanes, i, fields,
          kind.join(load(running, lanes, i, fields), kind.one(x[i], y[i]), w));
}

/* The window is the running aggregate alone, or with the end of the last block before it. */
TW_INLINE void answer_all(const tw_step *s, window_kind kind) {
    const size_t fields = kind.fields;
    const size_t lanes = TW_LANES(s);
    const double *running = s->state;
    if (s->place + 1 == s->n || !s->full) {
        TW_FOR_LANES(i, lanes)
        kind.answer(s, i, load(running, lanes, i, fields));
        return;
    }
    const size_t stride = s->n * lanes;
    const double *end = s->ring + (s->place + 1) * lanes;
    const weights w = weights_of((double)(s->n - 1 - s->place), (double)(s->place + 1));
    TW_FOR_LANES(i, lanes)
    kind.answer(s, i, kind.join(load(end, stride, i, fields), load(running, lanes, i, fields), w));
}

/* One row of a kernel. With m = 1 (extremes only) the first rows answer for what there is. */
TW_INLINE void window_row(tw_step *s, window_kind kind) {
    take(s, kind);
    if (s->full || s->place + 1 == s->n || s->m > 0) {
        answer_all(s, kind);
    } else {
        for (size_t o = 0; o < kind.outputs; o++) {
            TW_FOR_LANES(i, TW_LANES(s))
            s->out[o][i] = NAN;
        }
    }
    advance(s, 1, kind);
}

#ifdef TW_INDICATOR_ROWS

/* The running aggregates of rows that are in one block, one after the other. */
TW_INLINE void run_on(tw_step *s, const double *x, const double *y, size_t count, window_kind kind,
                      double *ret_running) {
    const size_t fields = kind.fields;
    aggregate last = kind.one(x[0], y[0]);
    if (s->place > 0)
        last = kind.join(load(s->state, 1, 0, fields), last, weights_of((double)s->place, 1));
    store(ret_running, TW_STEP_ROWS_MAX, 0, fields, last);
    for (size_t r = 1; r < count; r++) {
        last = kind.join(last, kind.one(x[r], y[r]), weights_of((double)(s->place + r), 1));
        store(ret_running, TW_STEP_ROWS_MAX, r, fields, last);
    }
    store(s->state, 1, 0, fields, last);
}

/* Rows from `row` on that are in one block. Answers do not hang on each other: they are a loop of
 * vectors. The ring gets its rows last, as they take the places of the ends that answers read. */
TW_INLINE void part(tw_step *s, size_t row, size_t count, window_kind kind) {
    const size_t fields = kind.fields;
    TW_ASSERT(count > 0 && count <= TW_STEP_ROWS_MAX);
    const double *x = s->in[0] + row;
    const double *y = s->in[1] != NULL ? s->in[1] + row : x;
    double running[FIELDS_MAX * TW_STEP_ROWS_MAX];
    run_on(s, x, y, count, kind, running);
    const bool fills = s->place + count == s->n;
    const size_t open = fills ? count - 1 : count; /* rows whose window reaches the last block */
    const double *end = s->ring + s->place + 1;
    const double older = (double)(s->n - 1 - s->place);
    const double newer = (double)(s->place + 1);
    if (s->full) {
        TW_FOR_LANES(r, open) {
            const weights w = weights_of(older - (double)(int)r, newer + (double)(int)r);
            kind.answer(s, row + r,
                        kind.join(load(end, s->n, r, fields),
                                  load(running, TW_STEP_ROWS_MAX, r, fields), w));
        }
    } else if (s->m > 0) {
        TW_FOR_LANES(r, open)
        kind.answer(s, row + r, load(running, TW_STEP_ROWS_MAX, r, fields));
    } else {
        for (size_t o = 0; o < kind.outputs; o++) {
            TW_FOR_LANES(r, open)
            s->out[o][row + r] = NAN;
        }
    }
    if (fills)
        kind.answer(s, row + open, load(s->state, 1, 0, fields));
    TW_FOR_LANES(r, count)
    store(s->ring + s->place, s->n, r, fields, kind.one(x[r], y[r]));
    advance(s, count, kind);
}

TW_INLINE void window(tw_step *s, window_kind kind) {
    if (s->rows == 1) {
        window_row(s, kind);
        return;
    }
    for (size_t row = 0; row < s->rows;) {
        const size_t left = s->n - s->place;
        const size_t count = s->rows - row < left ? s->rows - row : left;
        part(s, row, count, kind);
        row += count;
    }
}

#else

TW_INLINE void window(tw_step *s, window_kind kind) {
    window_row(s, kind);
}

#endif

/* ---- The kernels ------------------------------------------------------------------------ */

TW_INLINE void answer_sum(const tw_step *s, size_t i, aggregate a) {
    s->out[0][i] = a.f[0] + a.f[1];
}

TW_INLINE void answer_mean(const tw_step *s, size_t i, aggregate a) {
    s->out[0][i] = pair_quotient(pair_of(a.f[0], a.f[1]), (double)s->n);
}

/* The mean with weights 1, 2, ... n. */
TW_INLINE void answer_ramp(const tw_step *s, size_t i, aggregate a) {
    const double total = (double)s->n * ((double)s->n + 1) / 2;
    s->out[0][i] = pair_quotient(pair_of(a.f[2], a.f[3]), total);
}

TW_INLINE void answer_moments(const tw_step *s, size_t i, aggregate a) {
    s->out[0][i] = a.f[0] + a.f[1];
    s->out[1][i] = a.f[2];
}

TW_INLINE void answer_comoments(const tw_step *s, size_t i, aggregate a) {
    double missing = a.f[6] - a.f[6];
    s->out[0][i] = (a.f[0] + a.f[1]) + missing;
    s->out[1][i] = (a.f[2] + a.f[3]) + missing;
    s->out[2][i] = a.f[4] + missing;
    s->out[3][i] = a.f[5] + missing;
    s->out[4][i] = a.f[6];
}

TW_INLINE void answer_extreme(const tw_step *s, size_t i, aggregate a) {
    s->out[0][i] = a.f[0];
}

/* Of many lanes a row, of one series all rows of the call. */
#define WINDOW_KERNEL(name, ...)               \
    static void name(tw_step *s) {             \
        window(s, (window_kind){__VA_ARGS__}); \
    }

WINDOW_KERNEL(sum, 2, 1, sum_one, sum_join, answer_sum)
WINDOW_KERNEL(mean, 2, 1, sum_one, sum_join, answer_mean)
WINDOW_KERNEL(ramp, 4, 1, ramp_one, ramp_join, answer_ramp)
WINDOW_KERNEL(moments, 3, 2, moments_one, moments_join, answer_moments)
WINDOW_KERNEL(comoments, 7, 5, comoments_one, comoments_join, answer_comoments)
WINDOW_KERNEL(lowest, 1, 1, extreme_one, lowest_join, answer_extreme)
WINDOW_KERNEL(highest, 1, 1, extreme_one, highest_join, answer_extreme)

void TW_LEVEL(tw_indicator_blocks)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_SUM] = sum;
    ret_table->kernels[TW_STEP_MEAN] = mean;
    ret_table->kernels[TW_STEP_RAMP] = ramp;
    ret_table->kernels[TW_STEP_MOMENTS] = moments;
    ret_table->kernels[TW_STEP_COMOMENTS] = comoments;
    ret_table->kernels[TW_STEP_LOWEST] = lowest;
    ret_table->kernels[TW_STEP_HIGHEST] = highest;
}
