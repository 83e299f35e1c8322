/*
 * indicator_scans.c - windows of the last n rows that are walked through, O(n) a row.
 *
 * Compiled once for each level of vector instructions. The ring holds the last n rows; row
 * (place + 1 + j) % n is the j-th oldest once this row is in at `place`. A NaN in the ring makes
 * its lane's answer NaN by arithmetic.
 */
#include "indicator_lanes.h"

TW_INLINE void take(tw_step *s) {
    const double *a = s->in[0];
    double *row = s->ring + s->place * TW_LANES(s);
    TW_FOR_LANES(i, TW_LANES(s))
    row[i] = a[i];
}

TW_INLINE void fill(double *out, size_t lanes, double value) {
    TW_FOR_LANES(i, lanes)
    out[i] = value;
}

TW_INLINE void lag_row(tw_step *s) {
    const double *a = s->in[0];
    double *row = s->ring + s->place * TW_LANES(s);
    double *out = s->out[0];
    if (!s->full)
        fill(row, TW_LANES(s), NAN);
    TW_FOR_LANES(i, TW_LANES(s)) {
        out[i] = row[i];
        row[i] = a[i];
    }
    rows_advance(s);
}

/* Rows since the newest extreme, or since the oldest one when m is 1. `sign` turns low into high.
 */
TW_INLINE void age(tw_step *s, double sign) {
    take(s);
    double *out = s->out[0];
    double *best = s->state;
    fill(out, TW_LANES(s), NAN);
    if (rows_answer(s)) {
        const bool keep_oldest = s->m > 0;
        fill(best, TW_LANES(s), INFINITY);
        for (size_t j = 0; j < s->n; j++) {
            const double *row = rows_oldest(s, j);
            const double rows = (double)(s->n - 1 - j);
            TW_FOR_LANES(i, TW_LANES(s)) {
                double value = sign * row[i];
                bool better = keep_oldest ? value < best[i] : value <= best[i];
                out[i] = better ? rows : out[i];
                best[i] = value == value ? (better ? value : best[i]) : NAN;
            }
        }
        TW_FOR_LANES(i, TW_LANES(s))
        out[i] = best[i] == best[i] ? out[i] : NAN;
    }
    rows_advance(s);
}

TW_INLINE void lowest_age_row(tw_step *s) {
    age(s, 1);
}

TW_INLINE void highest_age_row(tw_step *s) {
    age(s, -1);
}

/* Without m the mean of |a - b|, with 1 that of (a - b)^2, with 2 that of |a - b| / |a|. */
TW_INLINE void spread_row(tw_step *s) {
    take(s);
    const double *b = s->in[1];
    double *out = s->out[0];
    fill(out, TW_LANES(s), rows_answer(s) ? 0 : NAN);
    if (rows_answer(s)) {
        for (size_t j = 0; j < s->n; j++) {
            const double *row = rows_oldest(s, j);
            TW_FOR_LANES(i, TW_LANES(s)) {
                double away = fabs(row[i] - b[i]);
                double scaled = s->m == 1 ? away * away : (s->m == 2 ? away / fabs(row[i]) : away);
                out[i] += scaled;
            }
        }
        TW_FOR_LANES(i, TW_LANES(s))
        out[i] = within(out[i] / (double)s->n);
    }
    rows_advance(s);
}

TW_INLINE void weighted_row(tw_step *s) {
    take(s);
    double *out = s->out[0];
    fill(out, TW_LANES(s), rows_answer(s) ? 0 : NAN);
    if (rows_answer(s)) {
        for (size_t j = 0; j < s->n; j++) {
            const double *row = rows_oldest(s, j);
            const double weight = s->weights[j];
            TW_FOR_LANES(i, TW_LANES(s))
            out[i] += row[i] * weight;
        }
    }
    rows_advance(s);
}

TW_INLINE void drawdown_row(tw_step *s) {
    take(s);
    double *out = s->out[0];
    double *high = s->state;
    fill(out, TW_LANES(s), rows_answer(s) ? 0 : NAN);
    if (rows_answer(s)) {
        fill(high, TW_LANES(s), -INFINITY);
        for (size_t j = 0; j < s->n; j++) {
            const double *row = rows_oldest(s, j);
            TW_FOR_LANES(i, TW_LANES(s)) {
                high[i] = row[i] > high[i] ? row[i] : high[i];
                double fall = 100 * ((row[i] - high[i]) / high[i]);
                out[i] += fall * fall;
            }
        }
        TW_FOR_LANES(i, TW_LANES(s))
        out[i] = within(out[i] / (double)s->n);
    }
    rows_advance(s);
}

/* The n rows before this one; this row itself is not among them. */
TW_INLINE void rank_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    fill(out, TW_LANES(s), s->full ? 0 : NAN);
    if (s->full) {
        for (size_t j = 0; j < s->n; j++) {
            const double *row = s->ring + j * TW_LANES(s);
            TW_FOR_LANES(i, TW_LANES(s))
            out[i] += (row[i] < a[i] ? 1.0 : 0.0) + (row[i] - row[i]) + (a[i] - a[i]);
        }
        TW_FOR_LANES(i, TW_LANES(s))
        out[i] = 100 * out[i] / (double)s->n;
    }
    take(s);
    rows_advance(s);
}

TW_KERNEL(lag, lag_row(s))
TW_KERNEL(lowest_age, lowest_age_row(s))
TW_KERNEL(highest_age, highest_age_row(s))
TW_KERNEL(spread, spread_row(s))
TW_KERNEL(weighted, weighted_row(s))
TW_KERNEL(drawdown, drawdown_row(s))
TW_KERNEL(rank, rank_row(s))

void TW_LEVEL(tw_indicator_scans)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_LAG] = lag;
    ret_table->kernels[TW_STEP_LOWEST_AGE] = lowest_age;
    ret_table->kernels[TW_STEP_HIGHEST_AGE] = highest_age;
    ret_table->kernels[TW_STEP_SPREAD] = spread;
    ret_table->kernels[TW_STEP_WEIGHTED] = weighted;
    ret_table->kernels[TW_STEP_DRAWDOWN] = drawdown;
    ret_table->kernels[TW_STEP_RANK] = rank;
}
