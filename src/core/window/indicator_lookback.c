/*
 * indicator_lookback.c - what is known of a step before it runs: how many rows pass until its first
 * answer, from which row on its seeds are forgotten, and the weights that it works with.
 */
#include "indicator_plan.h"

#include <math.h>

/* ---- Rows before the first answer ---------------------------------------------------------- */

static size_t later(size_t row, size_t rows) {
    return row == TW_INDICATOR_FOREVER || rows == TW_INDICATOR_FOREVER ? TW_INDICATOR_FOREVER
                                                                       : row + rows;
}

/* Rows until (1 - rate)^rows is below the tolerance. */
static size_t rows_to_forget(const tw_plan *plan, double rate) {
    if (plan->tolerance == 0 || rate >= 1)
        return 0;
    if (!(rate > 0))
        return TW_INDICATOR_FOREVER;
    return (size_t)ceil(log(plan->tolerance) / log1p(-rate));
}

static size_t extreme_of(const tw_plan *plan, const tw_plan_step *step, bool settled, bool most) {
    size_t found = most ? 0 : SIZE_MAX;
    for (size_t i = 0; i < TW_STEP_INPUTS_MAX; i++) {
        if (step->in[i] == TW_NO_REGISTER)
            continue;
        const tw_plan_register *r = &plan->registers[step->in[i]];
        size_t rows = settled ? r->settled : r->lookback;
        if (most ? rows > found : rows < found)
            found = rows;
    }
    return found;
}

/* Answers over the last n rows of its inputs, all of them there. */
static bool is_window(tw_step_kind kind) {
    switch ((unsigned)kind) {
    case TW_STEP_SUM:
    case TW_STEP_MEAN:
    case TW_STEP_RAMP:
    case TW_STEP_MOMENTS:
    case TW_STEP_COMOMENTS:
    case TW_STEP_LOWEST:
    case TW_STEP_HIGHEST:
    case TW_STEP_LOWEST_AGE:
    case TW_STEP_HIGHEST_AGE:
    case TW_STEP_WEIGHTED:
    case TW_STEP_DRAWDOWN:
    case TW_STEP_MEDIAN:
    case TW_STEP_RANKS:
    case TW_STEP_HURST:
        return true;
    default:
        return false;
    }
}

size_t tw_plan_lookback(const tw_plan *plan, const tw_plan_step *step, size_t output) {
    size_t latest = extreme_of(plan, step, false, true);
    bool growing = step->m > 0 && (step->kind == TW_STEP_LOWEST || step->kind == TW_STEP_HIGHEST);
    if (growing)
        return latest;
    if (is_window(step->kind))
        return later(latest, step->n - 1);
    switch ((unsigned)step->kind) {
    case TW_STEP_ELSE:
        return extreme_of(plan, step, false, false);
    case TW_STEP_START:
    case TW_STEP_RECUR:
        return plan->registers[step->in[2]].lookback;
    case TW_STEP_LAG:
    case TW_STEP_RANK:
    case TW_STEP_SKIP:
        return later(latest, step->n);
    case TW_STEP_SMOOTH:
        return later(latest, step->n - 1);
    case TW_STEP_SPREAD: {
        size_t rows = later(plan->registers[step->in[0]].lookback, step->n - 1);
        return rows > latest ? rows : latest;
    }
    case TW_STEP_ADAPT:
        return step->n > TW_INDICATOR_PERIOD_MAX
                   ? latest
                   : later(plan->registers[step->in[0]].lookback, step->n - 1);
    case TW_STEP_DYNAMIC:
        return later(latest, 1);
    case TW_STEP_CYCLE: {
        size_t first = (size_t)step->l;
        const size_t rows[] = {0,     first, TW_INDICATOR_FOREVER, first - 1, first - 1, first,
                               first, first};
        return later(latest, rows[output]);
    }
    case TW_STEP_STOP:
        return output == 0 ? latest : TW_INDICATOR_FOREVER;
    case TW_STEP_REVERSE:
        return step->n == 2 ? latest : later(latest, 1);
    case TW_STEP_SWING:
    case TW_STEP_PARABOLIC:
    case TW_STEP_HOLD:
    case TW_STEP_SESSION:
    case TW_STEP_TREND:
    case TW_STEP_SIDE:
        return TW_INDICATOR_FOREVER;
    default:
        return latest;
    }
}

size_t tw_plan_settled(const tw_plan *plan, const tw_plan_step *step, size_t lookback) {
    size_t latest = extreme_of(plan, step, true, true);
    size_t from = latest > lookback ? latest : lookback;
    if (is_window(step->kind))
        return later(latest, step->n - 1);
    switch ((unsigned)step->kind) {
    case TW_STEP_SMOOTH:
    case TW_STEP_ADAPT:
        return later(from, rows_to_forget(plan, step->k));
    case TW_STEP_RECUR:
        return later(from, rows_to_forget(plan, 1 - step->k));
    case TW_STEP_TOTAL:
    case TW_STEP_CYCLE:
    case TW_STEP_SWING:
    case TW_STEP_STOP:
    case TW_STEP_PARABOLIC:
    case TW_STEP_REVERSE:
    case TW_STEP_SESSION:
    case TW_STEP_TREND:
    case TW_STEP_PHASE:
    case TW_STEP_DYNAMIC:
        return plan->tolerance == 0 ? lookback : TW_INDICATOR_FOREVER;
    case TW_STEP_LAG:
    case TW_STEP_RANK:
        return later(latest, step->n);
    case TW_STEP_SPREAD:
        return later(latest, step->n - 1);
    default:
        return from;
    }
}

/* ---- Weights ---------------------------------------------------------------------------- */

/* Arnaud Legoux's bell over n rows, its middle at k x (n - 1), its width n / m; adds up to 1. */
static void bell(const tw_plan_step *step, double *ret_weights) {
    double middle = step->k * ((double)step->n - 1);
    double width = (double)step->n / step->m;
    double total = 0;
    for (size_t i = 0; i < step->n; i++) {
        double away = (double)i - middle;
        ret_weights[i] = exp(-(away * away) / (2 * width * width));
        total += ret_weights[i];
    }
    for (size_t i = 0; i < step->n; i++)
        ret_weights[i] /= total;
}

/* The rescaled range that is expected of n independent returns (Anis and Lloyd, 1976):
 * gamma((n - 1) / 2) / (gamma(n / 2) sqrt(pi)) times the sum of sqrt((n - i) / i) for i < n. The
 * ratio of the two gammas, r(n), has r(2) = sqrt(pi) and r(n) r(n + 1) = 2 / (n - 1). */
static double expected_range(size_t n) {
    const double pi = 3.14159265358979323846;
    double ratio = sqrt(pi);
    for (size_t i = 2; i < n; i++)
        ratio = 2 / (((double)i - 1) * ratio);
    double sum = 0;
    for (size_t i = 1; i < n; i++)
        sum += sqrt((double)(n - i) / (double)i);
    return ratio / sqrt(pi) * sum;
}

size_t tw_plan_weight_count(const tw_plan_step *step) {
    if (step->kind == TW_STEP_WEIGHTED)
        return step->n;
    return step->kind == TW_STEP_HURST ? TW_STEP_HURST_SIZES : 0;
}

void tw_plan_weights(const tw_plan_step *step, double *ret_weights) {
    if (step->kind == TW_STEP_WEIGHTED) {
        bell(step, ret_weights);
        return;
    }
    for (size_t i = 0; i < TW_STEP_HURST_SIZES; i++) {
        size_t rows = step->n >> i;
        double line = sqrt(3.14159265358979323846 * (double)rows / 2);
        ret_weights[i] = rows < 2 ? 0 : expected_range(rows) - line;
    }
}
