/*
 * indicator_stops.c - stops that trail the price: bands of a volatility, and Wilder's parabola.
 *
 * Compiled once for each level of vector instructions. A row with a missing input changes no
 * state and has no answer.
 */
#include "indicator_lanes.h"

/*
 * a and b: where the upper and the lower band would be put now; c: the close; d: above 0 if the
 * first stop is for a long position. A band moves towards the price, or when the last close was
 * beyond it; the stop turns when the close reaches it.
 */
TW_INLINE void stop_row(tw_step *s) {
    const double *upper_now = s->in[0];
    const double *lower_now = s->in[1];
    const double *close = s->in[2];
    const double *long_first = s->in[3];
    double *line = s->out[0];
    double *when_short = s->out[1];
    double *when_long = s->out[2];
    double *upper = s->state;
    double *lower = s->state + TW_LANES(s);
    double *is_long = s->state + 2 * TW_LANES(s); /* 1 long, -1 short, 0 not begun */
    double *last = s->state + 3 * TW_LANES(s);
    TW_FOR_LANES(i, TW_LANES(s)) {
        double missing =
            (upper_now[i] - lower_now[i]) + (close[i] - close[i]) + (long_first[i] - long_first[i]);
        bool present = missing == missing;
        bool begun = is_long[i] != 0;
        /* Without branches: the loop is to be one of vectors. */
        bool move_upper = !begun | (upper_now[i] < upper[i]) | (last[i] > upper[i]);
        bool move_lower = !begun | (lower_now[i] > lower[i]) | (last[i] < lower[i]);
        double up = move_upper ? upper_now[i] : upper[i];
        double down = move_lower ? lower_now[i] : lower[i];
        double first = long_first[i] > 0 ? 1.0 : -1.0;
        double side = begun ? is_long[i] : first;
        double reach = side > 0 ? down : up;
        double next = close[i] <= reach ? -1.0 : 1.0;
        double stopped = next > 0 ? down : up;
        double short_line = next > 0 ? NAN : up;
        double long_line = next > 0 ? down : NAN;
        line[i] = present ? stopped : NAN;
        when_short[i] = present ? short_line : NAN;
        when_long[i] = present ? long_line : NAN;
        upper[i] = present ? up : upper[i];
        lower[i] = present ? down : lower[i];
        is_long[i] = present ? next : is_long[i];
        last[i] = present ? close[i] : last[i];
    }
}

/*
 * a: the close; b: how far the stop is from the best close of the move. The first n rows guess the
 * side from where they end; until that guess has been turned once there is no answer.
 */
TW_INLINE void swing_row(tw_step *s) {
    const double *close = s->in[0];
    const double *width = s->in[1];
    double *line = s->out[0];
    double *when_short = s->out[1];
    double *when_long = s->out[2];
    double *state[6];
    for (size_t f = 0; f < 6; f++)
        state[f] = s->state + f * TW_LANES(s);
    const double begin = (double)s->n;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double best = state[0][i];
        double side = state[1][i]; /* 1 long, -1 short */
        double rows = state[2][i];
        double turned = state[3][i];
        double first = state[4][i];
        double now = close[i];
        bool present = now == now;
        bool guessing = rows < begin;
        /* Of the guess both extremes are kept: the side is known with its last row. */
        double lowest = ((rows == 0) | (now < state[5][i])) ? now : state[5][i];
        double highest = ((rows == 0) | (now > best)) ? now : best;
        double guess = now > (rows == 0 ? now : first) ? 1.0 : -1.0;
        double at = best - side * width[i];
        bool turns = side * (now - at) < 0;
        double up = now > best ? now : best;
        double down = now < best ? now : best;
        double further = side > 0 ? up : down;
        double moved = turns ? now : further;
        bool last_guess = rows + 1 == begin;
        double guessed = (last_guess & (guess < 0)) ? lowest : highest;
        bool shown = present & !guessing & (turned > 0);
        line[i] = shown ? at : NAN;
        when_short[i] = (shown & (side < 0)) ? at : NAN;
        when_long[i] = (shown & (side > 0)) ? at : NAN;
        double next_side = turns ? -side : side;
        double next_turned = turns ? 1.0 : turned;
        double next_best = guessing ? guessed : moved;
        double begun_side = guessing ? guess : next_side;
        state[0][i] = present ? next_best : best;
        state[1][i] = present ? begun_side : side;
        state[2][i] = (present & guessing) ? rows + 1 : rows;
        state[3][i] = (present & !guessing) ? next_turned : turned;
        state[4][i] = (present & (rows == 0)) ? now : first;
        state[5][i] = present ? lowest : state[5][i];
    }
}

typedef struct parabola {
    double stop;
    double extreme;
    double pace;
    double side; /* 1 long, -1 short */
} parabola;

/* One row of Wilder's parabola. For a short the prices are turned upside down, so that one formula
 * serves both: `low` is the price that could reach the stop, `high` the one that leads away. */
TW_INLINE parabola follow(parabola old, double high, double low, double bound, pair pace,
                          double begin) {
    double side = old.side;
    double toward = side > 0 ? low : -high;
    double away = side > 0 ? high : -low;
    double at = side * old.stop;
    double extreme = side * old.extreme;
    double moved = at + old.pace * (extreme - at);
    double held = moved < bound ? moved : bound;
    bool turns = toward < held;
    bool leads = away > extreme;
    double faster = old.pace + pace.high < pace.low ? old.pace + pace.high : pace.low;
    double pace_on = leads ? faster : old.pace;
    double extreme_on = leads ? away : extreme;
    parabola next;
    next.stop = side * (turns ? extreme : held);
    next.extreme = side * (turns ? toward : extreme_on);
    next.pace = turns ? begin : pace_on;
    next.side = turns ? -side : side;
    return next;
}

/* The count of rows once the first guess has been turned: more than a stream can have before. */
#define TURNED 1e300

/* k: step of the pace, m: its maximum, l: its beginning. The first guess is a rise; there
 * is no answer before it has been turned once. */
TW_INLINE void parabolic_row(tw_step *s) {
    const double *high = s->in[0];
    const double *low = s->in[1];
    double *out = s->out[0];
    double *state[9];
    for (size_t f = 0; f < 9; f++)
        state[f] = s->state + f * TW_LANES(s);
    const pair pace = {s->k, s->m};
    const double begin = s->l;
    TW_FOR_LANES(i, TW_LANES(s)) {
        double rows = state[4][i];
        parabola old = {state[0][i], state[1][i], state[2][i], state[3][i]};
        /* The stop may not enter the range of the last two rows (of one at the beginning: none). */
        double low_bound = state[5][i] < state[6][i] ? state[5][i] : state[6][i];
        double high_bound = state[7][i] > state[8][i] ? state[7][i] : state[8][i];
        double side_bound = old.side > 0 ? low_bound : -high_bound;
        double bound = rows >= 2 ? side_bound : INFINITY;
        parabola next = follow(old, high[i], low[i], bound, pace, begin);
        bool present = (high[i] == high[i]) & (low[i] == low[i]);
        bool first = rows == 0;
        bool turned = old.side != next.side && !first;
        out[i] = present && rows >= TURNED ? next.stop : NAN;
        state[0][i] = present ? (first ? low[i] : next.stop) : old.stop;
        state[1][i] = present ? (first ? high[i] : next.extreme) : old.extreme;
        state[2][i] = present ? (first ? begin : next.pace) : old.pace;
        state[3][i] = present ? (first ? 1.0 : next.side) : old.side;
        /* Answers are given from the row after the first turn on. */
        double counted = rows < TURNED ? rows + 1 : rows;
        counted = turned ? TURNED : counted;
        state[4][i] = present ? counted : rows;
        state[6][i] = present ? state[5][i] : state[6][i];
        state[5][i] = present ? low[i] : state[5][i];
        state[8][i] = present ? state[7][i] : state[8][i];
        state[7][i] = present ? high[i] : state[7][i];
    }
}

/* ---- The parabola by other rules --------------------------------------------------------- */

/* In its fields' order as it lies in the state of a lane. */
typedef struct reversal {
    double stop;
    double extreme;
    double pace;
    double side; /* 1 long, -1 short; 0: not begun */
    double high; /* of the row before */
    double low;
    double rows; /* 0, 1, or 2 for more */
} reversal;

#define REVERSAL_FIELDS (sizeof(reversal) / sizeof(double))

static double lesser_of(double a, double b) {
    return b < a ? b : a;
}

/* The stop of the next row: not within the range of this row and the one before. For a short all
 * prices are turned upside down. */
static double next_stop(const reversal *r, double stop, double last_low, double low) {
    return lesser_of(stop + r->pace * (r->extreme - stop), lesser_of(last_low, low));
}

/* TA-Lib (ta_SAR.c): the side is that of the second row's directional movement, a stop that is only
 * touched turns, and what it turns to is outside of the range of the last two rows. */
static double reverse_by_talib(reversal *r, double high, double low, double step, double most,
                               double begin) {
    if (r->rows == 1) {
        double fall = r->low - low;
        r->side = fall > 0 && high - r->high < fall ? -1 : 1;
        r->extreme = r->side > 0 ? high : low;
        r->stop = r->side > 0 ? r->low : r->high;
        r->pace = begin;
        r->high = high;
        r->low = low;
    }
    double up = r->side;
    double near = up > 0 ? low : -high; /* the price that could reach the stop */
    double last_near = up > 0 ? r->low : -r->high;
    double far = up > 0 ? high : -low;
    double last_far = up > 0 ? r->high : -r->low;
    reversal turned = {.stop = up * r->stop, .extreme = up * r->extreme, .pace = r->pace};
    double shown = turned.stop;
    double next;
    if (near <= turned.stop) {
        double at = -lesser_of(-turned.extreme, lesser_of(-last_far, -far));
        shown = at;
        r->side = -up;
        turned.pace = begin;
        turned.extreme = near;
        next = -next_stop(&(reversal){.extreme = -near, .pace = begin}, -at, -last_far, -far);
    } else {
        if (far > turned.extreme) {
            turned.extreme = far;
            turned.pace = lesser_of(turned.pace + step, most);
        }
        next = next_stop(&turned, turned.stop, last_near, near);
    }
    r->stop = up * next;
    r->extreme = up * turned.extreme;
    r->pace = turned.pace;
    return up * shown;
}

/* TTR (SAR.R and sar.c): the first row is long, its stop the deviation of its high and low, which
 * is the range over the root of 2, below its low; a stop is held outside of the range of this row
 * and the one before, and turns to the extreme, this row's included. */
static double reverse_by_ttr(reversal *r, double high, double low, double step, double most) {
    if (r->rows == 0) {
        double gap = (high - low) / sqrt(2);
        *r = (reversal){.stop = low - gap, .extreme = high, .pace = step, .side = 1};
        return r->stop;
    }
    double up = r->side;
    double near = lesser_of(up > 0 ? r->low : -r->high, up > 0 ? low : -high);
    double far = -lesser_of(-(up > 0 ? r->high : -r->low), -(up > 0 ? high : -low));
    double extreme = -lesser_of(-far, -(up * r->extreme));
    if ((up > 0 ? low : -high) > up * r->stop) {
        double moved = up * r->stop + (up * r->extreme - up * r->stop) * r->pace;
        r->stop = up * lesser_of(moved, near);
        r->pace = extreme > up * r->extreme ? lesser_of(r->pace + step, most) : r->pace;
    } else {
        r->pace = step;
        r->stop = up * extreme;
        r->side = -up;
    }
    r->extreme = up * extreme;
    return r->stop;
}

/* k: step of the pace, m: its maximum, l: its beginning; n = 1: by TA-Lib's rules, 2: by TTR's. */
TW_INLINE void reverse_row(tw_step *s) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        double high = s->in[0][i];
        double low = s->in[1][i];
        s->out[0][i] = NAN;
        if (high != high || low != low)
            continue;
        union {
            reversal as;
            double fields[REVERSAL_FIELDS];
        } lane;
        for (size_t f = 0; f < REVERSAL_FIELDS; f++)
            lane.fields[f] = s->state[f * TW_LANES(s) + i];
        if (s->n == 2)
            s->out[0][i] = reverse_by_ttr(&lane.as, high, low, s->k, s->m);
        else if (lane.as.rows > 0)
            s->out[0][i] = reverse_by_talib(&lane.as, high, low, s->k, s->m, s->l);
        lane.as.high = high;
        lane.as.low = low;
        lane.as.rows = lane.as.rows > 0 ? 2 : 1;
        for (size_t f = 0; f < REVERSAL_FIELDS; f++)
            s->state[f * TW_LANES(s) + i] = lane.fields[f];
    }
}

TW_KERNEL(stop, stop_row(s))
TW_KERNEL(swing, swing_row(s))
TW_KERNEL(parabolic, parabolic_row(s))
TW_KERNEL(reverse, reverse_row(s))

void TW_LEVEL(tw_indicator_stops)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_STOP] = stop;
    ret_table->kernels[TW_STEP_SWING] = swing;
    ret_table->kernels[TW_STEP_PARABOLIC] = parabolic;
    ret_table->kernels[TW_STEP_REVERSE] = reverse;
}
