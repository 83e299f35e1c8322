/*
 * indicator_sorted.c - windows whose values are kept in order: medians and ranks.
 *
 * Compiled once for each level of vector instructions, but mostly one lane at a time, and with
 * branches on the data, as sorting needs them. Of each lane the ring has the rows as they came and
 * then the values in order. Values that are missing are not among the sorted; their number decides
 * whether there is an answer.
 *
 * The medians of many series over short windows go by vectors: there the sorted values of a lane
 * stand `lanes` apart, what is missing counts as infinite, and a step of a window is one sweep. Of
 * ascending s let s' be s without one r: s'[k] is s[k] below r, else s[k + 1]. Then s' with y among
 * it is min(max(s'[k - 1], y), s'[k]).
 */
#include "indicator_lanes.h"
#include "sorted.h"

#ifndef TW_INDICATOR_ROWS
#define SWEEP_ROWS_MAX 256 /* above that finding the place is faster than sweeping over all */
#define SWEEP_LANES 64

/* The lanes from `at` on, `count` of them: `gone` leaves and `come` enters the sorted rows. */
static void sweep(const tw_step *s, size_t at, size_t count, const double *restrict gone,
                  const double *restrict come) {
    double before[SWEEP_LANES];
    double *rows = s->ring + s->n * s->lanes + at;
    for (size_t i = 0; i < count; i++)
        before[i] = -INFINITY;
    for (size_t k = 0; k < s->n; k++) {
        double *here = rows + k * s->lanes;
        const double *after = k + 1 < s->n ? here + s->lanes : NULL;
        TW_FOR_LANES(i, count) {
            double next = after != NULL ? after[i] : INFINITY;
            double kept = here[i] < gone[i] ? here[i] : next;
            double low = before[i] > come[i] ? before[i] : come[i];
            here[i] = low < kept ? low : kept;
            before[i] = kept;
        }
    }
}

static double or_infinite(double value) {
    return value == value ? value + 0.0 : INFINITY;
}

static void sweep_median_row(tw_step *s) {
    double *row = s->ring + s->place * s->lanes;
    double *sorted = s->ring + s->n * s->lanes;
    const double *upper = sorted + s->n / 2 * s->lanes;
    const double *lower = s->n % 2 == 1 ? upper : upper - s->lanes;
    const double *last = sorted + (s->n - 1) * s->lanes;
    for (size_t i = 0; !s->full && s->place == 0 && i < s->n * s->lanes; i++)
        sorted[i] = INFINITY;
    for (size_t at = 0; at < s->lanes; at += SWEEP_LANES) {
        double gone[SWEEP_LANES];
        double come[SWEEP_LANES];
        size_t count = s->lanes - at < SWEEP_LANES ? s->lanes - at : SWEEP_LANES;
        TW_FOR_LANES(i, count) {
            gone[i] = s->full ? or_infinite(row[at + i]) : INFINITY;
            come[i] = or_infinite(s->in[0][at + i]);
            row[at + i] = s->in[0][at + i];
        }
        sweep(s, at, count, gone, come);
        TW_FOR_LANES(i, count) {
            double centre = (lower[at + i] + upper[at + i]) / 2;
            s->out[0][at + i] = last[at + i] < INFINITY ? centre : NAN;
            s->out[1][at + i] = NAN; /* nobody asks for the distance here */
        }
    }
}
#endif

TW_INLINE void find_medians(tw_step *s) {
    const double *a = s->in[0];
    double *row = s->ring + s->place * TW_LANES(s);
    for (size_t i = 0; i < TW_LANES(s); i++) {
        double *sorted = s->ring + s->n * TW_LANES(s) + i * s->n;
        size_t count = (size_t)s->state[i];
        if (s->full && row[i] == row[i])
            count = sorted_drop(sorted, count, row[i]);
        if (a[i] == a[i])
            count = sorted_put(sorted, count, a[i] + 0.0); /* one zero */
        s->state[i] = (double)count;
        row[i] = a[i];
        double centre = count == s->n ? sorted_middle(sorted, count) : NAN;
        s->out[0][i] = centre;
        s->out[1][i] = count == s->n && s->k > 0 ? sorted_distance(sorted, count, centre) : NAN;
    }
}

TW_INLINE void median_row(tw_step *s) {
#ifdef TW_INDICATOR_ROWS
    find_medians(s);
#else
    if (s->k > 0 || s->n > SWEEP_ROWS_MAX)
        find_medians(s);
    else
        sweep_median_row(s);
#endif
    rows_advance(s);
}

/* ---- Ranks ------------------------------------------------------------------------------ */

/* Twice the rank of a value, less the middle of all: equal values share the mean of their ranks.
 * Whole numbers, so that their products add up exactly. */
static double centred_rank(const double *sorted, size_t n, double value) {
    size_t below = sorted_place(sorted, n, value);
    size_t to = below;
    while (to < n && sorted[to] == value)
        to++;
    return (double)(below + to) - (double)n;
}

/* Takes `value` where `row` of this lane was, in the ring and among the sorted; their number. */
static size_t exchange(const tw_step *s, double *row, double *sorted, size_t count, double value) {
    if (s->full && *row == *row)
        count = sorted_drop(sorted, count, *row);
    *row = value;
    return value == value ? sorted_put(sorted, count, value) : count;
}

/* Spearman (1904): the correlation of the ranks of a and b. */
TW_INLINE void ranks_row(tw_step *s) {
    const size_t lanes = TW_LANES(s);
    const size_t n = s->n;
    for (size_t i = 0; i < lanes; i++) {
        double *x = s->ring + i;
        double *y = s->ring + n * lanes + i;
        double *sorted_x = s->ring + 2 * n * lanes + i * n;
        double *sorted_y = s->ring + 3 * n * lanes + i * n;
        size_t at = s->place * lanes;
        size_t count_x = exchange(s, x + at, sorted_x, (size_t)s->state[i], s->in[0][i]);
        size_t count_y = exchange(s, y + at, sorted_y, (size_t)s->state[lanes + i], s->in[1][i]);
        s->state[i] = (double)count_x;
        s->state[lanes + i] = (double)count_y;
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (size_t j = 0; count_x == n && count_y == n && j < n; j++) {
            double rank_x = centred_rank(sorted_x, n, x[j * lanes]);
            double rank_y = centred_rank(sorted_y, n, y[j * lanes]);
            xx += rank_x * rank_x;
            yy += rank_y * rank_y;
            xy += rank_x * rank_y;
        }
        s->out[0][i] = xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN;
    }
    rows_advance(s);
}

TW_KERNEL(median, median_row(s))
TW_KERNEL(ranks, ranks_row(s))

void TW_LEVEL(tw_indicator_sorted)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_MEDIAN] = median;
    ret_table->kernels[TW_STEP_RANKS] = ranks;
}
