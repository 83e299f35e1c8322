/*
 * indicator_recurrences.c - steps whose answer follows from their last one.
 *
 * Compiled once for each level of vector instructions.
 *
 * Invariants:
 * 1. A missing input changes no state and has no answer: by selects, and conditions joined without
 * a branch (& and |), so that loops over lanes are vectors.
 * 2. A state is finite: inputs are within TW_STEP_VALUE_MAX, and every recurrence here stays
 *    between its inputs or is checked before it is kept.
 */
#include "indicator_lanes.h"

TW_INLINE void skip_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *seen = s->state;
    const double n = (double)s->n;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double answer = seen[i] >= n ? a[i] : NAN;
        double counted = seen[i] < n ? seen[i] + 1 : seen[i];
        seen[i] = a[i] == a[i] ? counted : seen[i];
        out[i] = answer;
    }
}

TW_INLINE void start_row(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    const double *c = s->in[2];
    double *out = s->out[0];
    double *started = s->state;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double later = started[i] > 0 ? a[i] : NAN;
        double first = c[i] == c[i] ? b[i] : NAN;
        out[i] = started[i] > 0 ? later : first;
        started[i] = c[i] == c[i] ? 1.0 : started[i];
    }
}

/* Whether no lane is among its seeds, or waits for its first answer. */
static bool all_seeded(const tw_step *s, double enough) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        if (s->state[i] < enough)
            return false;
    }
    return true;
}

/*
 * The first m values are averaged (a rate of 1, 1/2, ... 1/m), then the rate is k. Averaging by the
 * same formula makes the mean of equal values that value. Once all lanes are past that there is
 * nothing to count and nothing to divide: the same answers by the last branch.
 */
TW_INLINE void smooth_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *seen = s->state;
    double *y = s->state + TW_LANES(s);
    const double seeds = s->m;
    const double wanted = (double)s->n;
    const double enough = (wanted > seeds ? wanted : seeds) + 1;
    const double rate = s->k;
    if (s->full) {
        TW_FOR_LANES(i, TW_LANES(s)) {
            double next = y[i] + (a[i] - y[i]) * rate;
            y[i] = a[i] == a[i] ? next : y[i];
            out[i] = next;
        }
        return;
    }
    TW_FOR_LANES(i, TW_LANES(s)) {
        double counted = seen[i] < enough ? seen[i] + 1 : seen[i];
        double inverse = 1 / counted;
        double step = counted <= seeds ? inverse : rate;
        double next = y[i] + (a[i] - y[i]) * step;
        bool present = a[i] == a[i];
        seen[i] = present ? counted : seen[i];
        y[i] = present ? next : y[i];
        double answer = counted >= wanted ? next : NAN;
        out[i] = present ? answer : NAN;
    }
    s->place++;
    s->full = (double)s->place >= enough && s->place % 8 == 0 && all_seeded(s, enough);
}

/* Before the rate b is there, y is a itself; answered from its n-th value on. */
TW_INLINE void adapt_row(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    double *y = s->state;
    double *seen = s->state + TW_LANES(s); /* infinite once b has been there */
    const double wanted = (double)s->n;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double moved = y[i] + b[i] * (a[i] - y[i]);
        bool moves = moved == moved;
        bool begins = seen[i] < INFINITY && a[i] == a[i];
        double counted = seen[i] + 1;
        double early = begins && counted >= wanted ? a[i] : NAN;
        double kept = begins ? a[i] : y[i];
        double waiting = begins ? counted : seen[i];
        out[i] = moves ? moved : early;
        y[i] = moves ? moved : kept;
        seen[i] = moves ? INFINITY : waiting;
    }
}

/* Of everything; with n = 1 of the session. The low part keeps what rounding loses. */
TW_INLINE void total_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *high = s->state;
    double *low = s->state + TW_LANES(s);
    const double kept = s->n == 1 && s->resets[s->row] ? 0.0 : 1.0;
    TW_FOR_LANES(i, TW_LANES(s)) {
        pair old = pair_of(high[i] * kept, low[i] * kept);
        double value = a[i] == a[i] ? a[i] : 0.0;
        pair next = pair_sum(old, pair_of(value, 0));
        high[i] = next.high;
        low[i] = next.low;
        out[i] = a[i] == a[i] ? next.high + next.low : NAN;
    }
}

/* y = a y + b once it has begun with c; beyond l on either side of 0, if l is not 0, it
 * is put to m. */
TW_INLINE void recur_row(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    const double *c = s->in[2];
    double *out = s->out[0];
    double *y = s->state;
    double *started = s->state + TW_LANES(s);
    const double limit = s->l == 0 ? INFINITY : s->l;
    const double put = s->m;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double moved = within(a[i] * y[i] + b[i]);
        double next = started[i] > 0 ? moved : c[i];
        double below = next > limit ? put : next;
        double answer = below < -limit ? -put : below;
        y[i] = answer == answer ? answer : y[i];
        started[i] = answer == answer ? 1.0 : started[i];
        out[i] = answer;
    }
}

/* The last value of a, in the rows where b is there. */
TW_INLINE void hold_row(tw_step *s) {
    const double *a = s->in[0];
    const double *b = s->in[1];
    double *out = s->out[0];
    double *last = s->state;
    double *begun = s->state + TW_LANES(s);
    TW_FOR_LANES(i, TW_LANES(s)) {
        last[i] = a[i] == a[i] ? a[i] : last[i];
        begun[i] = a[i] == a[i] ? 1.0 : begun[i];
        double kept = begun[i] > 0 ? last[i] : NAN;
        out[i] = b[i] == b[i] ? kept : NAN;
    }
}

/* The number of this row, from 0; the same in every lane. */
TW_INLINE void count_row(tw_step *s) {
    double *out = s->out[0];
    double *row = s->state;
    TW_FOR_LANES(i, TW_LANES(s)) {
        out[i] = row[i];
        row[i] += 1;
    }
}

TW_INLINE void streak_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *run = s->state;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double up = run[i] > 0 ? run[i] + 1 : 1.0;
        double down = run[i] < 0 ? run[i] - 1 : -1.0;
        double falling = a[i] < 0 ? down : 0.0;
        double next = a[i] > 0 ? up : falling;
        run[i] = a[i] == a[i] ? next : run[i];
        out[i] = a[i] == a[i] ? next : NAN;
    }
}

/* McGinley (1990): the step grows with the fourth power of how far the price fell behind. */
TW_INLINE void dynamic_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *y = s->state;
    double *started = s->state + TW_LANES(s);
    const double pace = s->k * (double)s->n;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double ratio = a[i] / y[i];
        double square = ratio * ratio;
        double moved = within(y[i] + (a[i] - y[i]) / (pace * (square * square)));
        bool present = a[i] == a[i];
        bool begins = present && started[i] == 0;
        double next = moved == moved ? moved : y[i];
        out[i] = started[i] > 0 ? moved : NAN;
        y[i] = begins ? a[i] : (present ? next : y[i]);
        started[i] = present ? 1.0 : started[i];
    }
}

/* The open, high, low and close of the session before this one, and the open of this one. Rows
 * before the first reset are a session too. A row that misses a price is not among them. */
TW_INLINE void session_row(tw_step *s) {
    const size_t lanes = TW_LANES(s);
    double *rows = s->state + 8 * lanes; /* whether this session has one: 1; 2: the last has, too */
    const bool begins = s->resets[s->row];
    TW_FOR_LANES(i, lanes) {
        double open = s->in[0][i];
        double high = s->in[1][i];
        double low = s->in[2][i];
        double close = s->in[3][i];
        double missing = (open - open) + (high - high) + (low - low) + (close - close);
        bool present = missing == missing;
        bool turns = begins & (rows[i] != 0);
#pragma GCC unroll 4
        for (size_t f = 0; f < 4; f++) {
            double now = s->state[(4 + f) * lanes + i];
            s->state[f * lanes + i] = turns ? now : s->state[f * lanes + i];
        }
        bool has_last = turns | (rows[i] > 1) | (rows[i] < 0);
        bool first = turns | (rows[i] <= 0);
        double *this_open = s->state + 4 * lanes;
        double *this_high = s->state + 5 * lanes;
        double *this_low = s->state + 6 * lanes;
        double *this_close = s->state + 7 * lanes;
        double highest = (first | (high > this_high[i])) ? high : this_high[i];
        double lowest = (first | (low < this_low[i])) ? low : this_low[i];
        this_open[i] = (present & first) ? open : this_open[i];
        this_high[i] = present ? highest : this_high[i];
        this_low[i] = present ? lowest : this_low[i];
        this_close[i] = present ? close : this_close[i];
        /* Below 0: the last session is known, of this one no row has come yet. */
        double with_row = has_last ? 2.0 : 1.0;
        double without = turns ? -1.0 : rows[i];
        rows[i] = present ? with_row : without;
        bool shown = present & has_last;
#pragma GCC unroll 4
        for (size_t f = 0; f < 4; f++)
            s->out[f][i] = shown ? s->state[f * lanes + i] : NAN;
        s->out[4][i] = shown ? this_open[i] : NAN;
    }
}

/* From one value of a to the next: the rise for each row between, if they are k rows apart at most.
 */
TW_INLINE void trend_row(tw_step *s) {
    const double *a = s->in[0];
    double *out = s->out[0];
    double *last = s->state;
    double *rows = s->state + TW_LANES(s); /* since then; 0: there was none */
    TW_FOR_LANES(i, TW_LANES(s)) {
        bool near = (rows[i] > 0) & (rows[i] <= s->k);
        double rise = within((a[i] - last[i]) / rows[i]);
        bool present = a[i] == a[i];
        double waited = rows[i] > 0 ? rows[i] + 1 : 0.0;
        out[i] = near ? rise : NAN;
        last[i] = present ? a[i] : last[i];
        rows[i] = present ? 1.0 : waited;
    }
}

TW_KERNEL(skip, skip_row(s))
TW_KERNEL(start, start_row(s))
TW_KERNEL(smooth, smooth_row(s))
TW_KERNEL(adapt, adapt_row(s))
TW_KERNEL(total, total_row(s))
TW_KERNEL(recur, recur_row(s))
TW_KERNEL(hold, hold_row(s))
TW_KERNEL(count, count_row(s))
TW_KERNEL(streak, streak_row(s))
TW_KERNEL(dynamic, dynamic_row(s))
TW_KERNEL(session, session_row(s))
TW_KERNEL(trend, trend_row(s))

void TW_LEVEL(tw_indicator_recurrences)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_SKIP] = skip;
    ret_table->kernels[TW_STEP_START] = start;
    ret_table->kernels[TW_STEP_SMOOTH] = smooth;
    ret_table->kernels[TW_STEP_ADAPT] = adapt;
    ret_table->kernels[TW_STEP_TOTAL] = total;
    ret_table->kernels[TW_STEP_RECUR] = recur;
    ret_table->kernels[TW_STEP_HOLD] = hold;
    ret_table->kernels[TW_STEP_COUNT] = count;
    ret_table->kernels[TW_STEP_STREAK] = streak;
    ret_table->kernels[TW_STEP_DYNAMIC] = dynamic;
    ret_table->kernels[TW_STEP_SESSION] = session;
    ret_table->kernels[TW_STEP_TREND] = trend;
}
