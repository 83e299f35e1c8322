/*
 * indicator_plan.c - the words with which kinds are written.
 *
 * Invariants:
 * 1. A step reads registers that are constants, inputs or outputs of earlier steps.
 * 2. No two steps are the same: a step is looked for before it is added. (A step has a state, and
 *    two of the same inputs and numbers would have the same.)
 */
#include "indicator_plan.h"

#include <math.h>
#include <string.h>

static const unsigned char output_counts[TW_STEP_KIND_COUNT] = {
#define OUTPUT_COUNT(name, function, outputs, rows, extra) outputs,
    TW_STEP_TABLE(OUTPUT_COUNT)
#undef OUTPUT_COUNT
};

/* ---- Registers -------------------------------------------------------------------------- */

static tw_register new_register(tw_plan *plan, size_t lookback, size_t settled) {
    TW_ASSERT(plan->register_count < TW_PLAN_REGISTERS_MAX);
    plan->registers[plan->register_count] =
        (tw_plan_register){.lookback = lookback, .settled = settled};
    return plan->register_count++;
}

tw_register tw_plan_input(tw_plan *plan, tw_indicator_input input) {
    if (plan->inputs[input] == TW_NO_REGISTER)
        plan->inputs[input] = new_register(plan, 0, 0);
    return plan->inputs[input];
}

tw_register tw_plan_nothing(tw_plan *plan) {
    for (tw_register i = 0; i < plan->register_count; i++) {
        if (plan->registers[i].constant && isnan(plan->registers[i].value))
            return i;
    }
    tw_register a = tw_plan_constant(plan, NAN);
    plan->registers[a].lookback = TW_INDICATOR_FOREVER;
    return a;
}

tw_register tw_plan_constant(tw_plan *plan, double value) {
    for (tw_register i = 0; i < plan->register_count; i++) {
        if (plan->registers[i].constant && plan->registers[i].value == value)
            return i;
    }
    tw_register a = new_register(plan, 0, 0);
    plan->registers[a].constant = true;
    plan->registers[a].value = value;
    return a;
}

void tw_plan_output(tw_plan *plan, tw_register a) {
    TW_ASSERT(plan->output_count < TW_INDICATOR_OUTPUTS_MAX);
    plan->outputs[plan->output_count++] = a;
}

size_t tw_plan_period(const tw_plan *plan, size_t parameter) {
    return (size_t)plan->parameters[parameter];
}

double tw_plan_number(const tw_plan *plan, size_t parameter) {
    return plan->parameters[parameter];
}

bool tw_plan_choice(const tw_plan *plan, size_t parameter, int value) {
    return (int)plan->parameters[parameter] == value;
}

/* ---- What a step does to the rows before the first answer -------------------------------- */

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

static size_t lookback_of(const tw_plan *plan, const tw_plan_step *step, size_t output) {
    size_t latest = extreme_of(plan, step, false, true);
    bool growing = step->m > 0 && (step->kind == TW_STEP_LOWEST || step->kind == TW_STEP_HIGHEST);
    if (growing)
        return latest;
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

static size_t settled_of(const tw_plan *plan, const tw_plan_step *step, size_t lookback) {
    size_t latest = extreme_of(plan, step, true, true);
    size_t from = latest > lookback ? latest : lookback;
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
    case TW_STEP_SUM:
    case TW_STEP_MEAN:
    case TW_STEP_RAMP:
    case TW_STEP_MOMENTS:
    case TW_STEP_COMOMENTS:
    case TW_STEP_LOWEST:
    case TW_STEP_HIGHEST:
    case TW_STEP_LOWEST_AGE:
    case TW_STEP_HIGHEST_AGE:
    case TW_STEP_SPREAD:
    case TW_STEP_WEIGHTED:
    case TW_STEP_DRAWDOWN:
    case TW_STEP_MEDIAN:
    case TW_STEP_RANKS:
    case TW_STEP_HURST:
        return later(latest, step->n - 1);
    default:
        return from;
    }
}

/* ---- Steps ------------------------------------------------------------------------------ */

static bool same_step(const tw_plan_step *a, const tw_plan_step *b) {
    return a->kind == b->kind && memcmp(a->in, b->in, sizeof a->in) == 0 && a->n == b->n &&
           a->k == b->k && a->m == b->m && a->l == b->l;
}

tw_register tw_plan_step_of(tw_plan *plan, const tw_plan_step *step) {
    for (size_t i = 0; i < plan->step_count; i++) {
        if (same_step(&plan->steps[i], step))
            return plan->steps[i].out;
    }
    TW_ASSERT(plan->step_count < TW_PLAN_STEPS_MAX);
    tw_plan_step *added = &plan->steps[plan->step_count++];
    *added = *step;
    added->out = plan->register_count;
    for (size_t o = 0; o < output_counts[step->kind]; o++) {
        size_t lookback = lookback_of(plan, step, o);
        (void)new_register(plan, lookback, settled_of(plan, step, lookback));
    }
    return added->out;
}

static tw_plan_step step_from(tw_step_kind kind, tw_register a, tw_register b, tw_register c) {
    return (tw_plan_step){.kind = kind, .in = {a, b, c, TW_NO_REGISTER}};
}

tw_register tw_plan_one(tw_plan *plan, tw_step_kind kind, tw_register a) {
    return tw_plan_two(plan, kind, a, TW_NO_REGISTER);
}

tw_register tw_plan_two(tw_plan *plan, tw_step_kind kind, tw_register a, tw_register b) {
    tw_plan_step step = step_from(kind, a, b, TW_NO_REGISTER);
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_window(tw_plan *plan, tw_step_kind kind, tw_register a, size_t n) {
    TW_ASSERT(n > 0);
    tw_plan_step step = step_from(kind, a, TW_NO_REGISTER, TW_NO_REGISTER);
    step.n = n;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_add(tw_plan *plan, tw_register a, tw_register b) {
    return tw_plan_two(plan, TW_STEP_ADD, a, b);
}

tw_register tw_plan_subtract(tw_plan *plan, tw_register a, tw_register b) {
    return tw_plan_two(plan, TW_STEP_SUBTRACT, a, b);
}

tw_register tw_plan_multiply(tw_plan *plan, tw_register a, tw_register b) {
    return tw_plan_two(plan, TW_STEP_MULTIPLY, a, b);
}

tw_register tw_plan_divide(tw_plan *plan, tw_register a, tw_register b) {
    /* A value beyond the maximum is no answer; NaN itself would make no two steps the same. */
    return tw_plan_divide_or(plan, a, b, INFINITY);
}

tw_register tw_plan_divide_or(tw_plan *plan, tw_register a, tw_register b, double settled) {
    tw_plan_step step = step_from(TW_STEP_DIVIDE, a, b, TW_NO_REGISTER);
    step.k = settled;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_affine(tw_plan *plan, tw_register a, double factor, double summand) {
    tw_plan_step step = step_from(TW_STEP_AFFINE, a, TW_NO_REGISTER, TW_NO_REGISTER);
    step.k = factor;
    step.m = summand;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_choose(tw_plan *plan, tw_register a, tw_register b, tw_register c) {
    tw_plan_step step = step_from(TW_STEP_CHOOSE, a, b, c);
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_start(tw_plan *plan, tw_register a, tw_register b, tw_register c) {
    tw_plan_step step = step_from(TW_STEP_START, a, b, c);
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_lag(tw_plan *plan, tw_register a, size_t n) {
    return n == 0 ? a : tw_plan_window(plan, TW_STEP_LAG, a, n);
}

tw_register tw_plan_change(tw_plan *plan, tw_register a, size_t n) {
    return tw_plan_subtract(plan, a, tw_plan_lag(plan, a, n));
}

tw_register tw_plan_mean(tw_plan *plan, tw_register a, size_t n) {
    return tw_plan_window(plan, TW_STEP_MEAN, a, n);
}

tw_register tw_plan_spread(tw_plan *plan, tw_register a, tw_register centre, size_t n, double way) {
    tw_plan_step step = step_from(TW_STEP_SPREAD, a, centre, TW_NO_REGISTER);
    step.n = n;
    step.m = way;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_variance(tw_plan *plan, tw_register a, size_t n, double ddof) {
    tw_register squares = tw_plan_window(plan, TW_STEP_MOMENTS, a, n) + 1;
    return tw_plan_divide(plan, squares, tw_plan_constant(plan, (double)n - ddof));
}

tw_register tw_plan_deviation(tw_plan *plan, tw_register a, size_t n, double ddof) {
    return tw_plan_one(plan, TW_STEP_ROOT, tw_plan_variance(plan, a, n, ddof));
}

tw_register tw_plan_smooth(tw_plan *plan, tw_register a, double rate, size_t seeds,
                           size_t answered) {
    tw_plan_step step = step_from(TW_STEP_SMOOTH, a, TW_NO_REGISTER, TW_NO_REGISTER);
    step.n = answered;
    step.k = rate;
    step.m = (double)seeds;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_ema(tw_plan *plan, tw_register a, size_t n, bool first) {
    size_t seeds = first ? 1 : n;
    return tw_plan_smooth(plan, a, 2 / ((double)n + 1), seeds, seeds);
}

tw_register tw_plan_wilder(tw_plan *plan, tw_register a, size_t n) {
    return tw_plan_smooth(plan, a, 1 / (double)n, n, n);
}

tw_register tw_plan_wilder_sum(tw_plan *plan, tw_register a, size_t n, bool late) {
    double share = ((double)n - 1) / (double)n;
    tw_register seed = tw_plan_window(plan, TW_STEP_SUM, a, n);
    if (late) {
        tw_register newest = tw_plan_affine(plan, a, 1 / (double)n, 0);
        seed = tw_plan_add(plan, tw_plan_affine(plan, seed, share, 0), newest);
    }
    tw_plan_step step = step_from(TW_STEP_RECUR, tw_plan_constant(plan, share), a, seed);
    step.k = share;
    return tw_plan_step_of(plan, &step);
}

tw_register tw_plan_first_rows(tw_plan *plan, size_t n, tw_register a, tw_register b) {
    tw_register row = tw_plan_one(plan, TW_STEP_COUNT, TW_NO_REGISTER);
    tw_register among = tw_plan_two(plan, TW_STEP_ABOVE, tw_plan_constant(plan, (double)n), row);
    tw_plan_step step = step_from(TW_STEP_CHOOSE, among, a, b);
    tw_register chosen = tw_plan_step_of(plan, &step);
    plan->registers[chosen].lookback = plan->registers[a].lookback;
    return chosen;
}

tw_register tw_plan_place(tw_plan *plan, tw_register a, size_t n) {
    tw_register low = tw_plan_window(plan, TW_STEP_LOWEST, a, n);
    tw_register high = tw_plan_window(plan, TW_STEP_HIGHEST, a, n);
    tw_register range = tw_plan_subtract(plan, high, low);
    /* What only roundings tell apart stands still: a relative strength while no price moves. */
    tw_register size = tw_plan_add(plan, tw_plan_one(plan, TW_STEP_MAGNITUDE, low),
                                   tw_plan_one(plan, TW_STEP_MAGNITUDE, high));
    tw_register moves =
        tw_plan_two(plan, TW_STEP_ABOVE, range, tw_plan_affine(plan, size, 1e-12, 0));
    tw_register above = tw_plan_affine(plan, tw_plan_subtract(plan, a, low), 100, 0);
    return tw_plan_divide_or(plan, tw_plan_multiply(plan, above, moves), range, 0);
}

void tw_plan_histogram(tw_plan *plan, tw_register a, tw_register b) {
    tw_plan_output(plan, a);
    tw_plan_output(plan, b);
    tw_plan_output(plan, tw_plan_subtract(plan, a, b));
}

/* ---- Prices ----------------------------------------------------------------------------- */

tw_register tw_plan_median_price(tw_plan *plan) {
    tw_register sum = tw_plan_add(plan, tw_plan_input(plan, TW_INDICATOR_HIGH),
                                  tw_plan_input(plan, TW_INDICATOR_LOW));
    return tw_plan_affine(plan, sum, 0.5, 0);
}

tw_register tw_plan_typical_price(tw_plan *plan) {
    tw_plan_step step =
        step_from(TW_STEP_MEAN_OF_THREE, tw_plan_input(plan, TW_INDICATOR_HIGH),
                  tw_plan_input(plan, TW_INDICATOR_LOW), tw_plan_input(plan, TW_INDICATOR_CLOSE));
    return tw_plan_step_of(plan, &step);
}

/* Wilder (1978): the range, with the last close in it. */
tw_register tw_plan_true_range(tw_plan *plan) {
    tw_register last = tw_plan_lag(plan, tw_plan_input(plan, TW_INDICATOR_CLOSE), 1);
    tw_register high =
        tw_plan_two(plan, TW_STEP_GREATER, tw_plan_input(plan, TW_INDICATOR_HIGH), last);
    tw_register low =
        tw_plan_two(plan, TW_STEP_LESSER, tw_plan_input(plan, TW_INDICATOR_LOW), last);
    return tw_plan_subtract(plan, high, low);
}

/* ---- A whole plan ----------------------------------------------------------------------- */

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

void tw_plan_make(tw_plan *plan, const tw_indicator_config *config, double tolerance) {
    memset(plan, 0, sizeof *plan);
    plan->parameters = config->parameters;
    plan->tolerance = tolerance;
    for (size_t i = 0; i < TW_INDICATOR_INPUT_COUNT; i++)
        plan->inputs[i] = TW_NO_REGISTER;
    const tw_indicator_entry *entry = tw_indicator_entry_of(config->kind);
    entry->build(plan);
    TW_ASSERT(plan->output_count == entry->description.output_count);
}
