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
    return tw_plan_chosen(plan, parameter) == value;
}

int tw_plan_chosen(const tw_plan *plan, size_t parameter) {
    return (int)plan->parameters[parameter];
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
        size_t lookback = tw_plan_lookback(plan, step, o);
        (void)new_register(plan, lookback, tw_plan_settled(plan, step, lookback));
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

tw_register tw_plan_scaled(tw_plan *plan, tw_register a, double factor) {
    return tw_plan_affine(plan, a, factor, 0);
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

/* Formulas are written plainly: what of them no output is made of need not run. Steps read only
 * what stands before them, so one way back through them finds all that are read. */
static void drop_unread(tw_plan *plan) {
    bool read[TW_PLAN_REGISTERS_MAX] = {false};
    size_t kept = plan->step_count;
    for (size_t o = 0; o < plan->output_count; o++)
        read[plan->outputs[o]] = true;
    for (size_t i = plan->step_count; i > 0; i--) {
        const tw_plan_step *step = &plan->steps[i - 1];
        bool wanted = false;
        for (size_t o = 0; o < output_counts[step->kind]; o++)
            wanted = wanted || read[step->out + (tw_register)o];
        if (!wanted)
            continue;
        for (size_t s = 0; s < TW_STEP_INPUTS_MAX; s++) {
            if (step->in[s] != TW_NO_REGISTER)
                read[step->in[s]] = true;
        }
        plan->steps[--kept] = *step;
    }
    plan->step_count -= kept;
    memmove(plan->steps, plan->steps + kept, plan->step_count * sizeof *plan->steps);
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
    drop_unread(plan);
}
