/*
 * indicator_plan.h - how a kind becomes a list of steps.
 *
 * A kind is a function that writes its formula with the words below, each of which adds a step and
 * gives the register of its answer. Steps stand in the order of their running, as a step can only
 * read registers that are there. The same step asked for twice is one step.
 *
 * With each register the plan keeps how many rows pass before it has its first answer and, for a
 * tolerance, from which row on the seeds of exponential means weigh less than that.
 */
#ifndef TRADEWIND_INDICATOR_PLAN_H
#define TRADEWIND_INDICATOR_PLAN_H

#include "indicator_kernel.h"
#include "tradewind/indicator.h"

#define TW_PLAN_STEPS_MAX 160
#define TW_PLAN_REGISTERS_MAX 256

typedef int tw_register;
#define TW_NO_REGISTER (-1)

typedef struct tw_plan_step {
    tw_step_kind kind;
    tw_register in[TW_STEP_INPUTS_MAX]; /* TW_NO_REGISTER where there is none */
    size_t n;
    double k;
    double m;
    double l;
    tw_register out; /* the first of its outputs */
} tw_plan_step;

typedef struct tw_plan_register {
    size_t lookback; /* rows before its first answer */
    size_t settled;  /* the row from which seeds weigh less than the tolerance */
    bool constant;
    double value;
} tw_plan_register;

typedef struct tw_plan {
    const double *parameters;
    double tolerance; /* 0: settled is not wanted */
    tw_plan_step steps[TW_PLAN_STEPS_MAX];
    size_t step_count;
    tw_plan_register registers[TW_PLAN_REGISTERS_MAX];
    tw_register register_count;
    tw_register inputs[TW_INDICATOR_INPUT_COUNT]; /* TW_NO_REGISTER where it is not read */
    tw_register outputs[TW_INDICATOR_OUTPUTS_MAX];
    size_t output_count;
} tw_plan;

typedef struct tw_indicator_entry {
    tw_indicator_description description;
    void (*build)(tw_plan *plan);
} tw_indicator_entry;

typedef struct tw_indicator_family {
    const tw_indicator_entry *entries;
    size_t count;
} tw_indicator_family;

extern const tw_indicator_family tw_indicator_averages;
extern const tw_indicator_family tw_indicator_volume_means;
extern const tw_indicator_family tw_indicator_crossings;
extern const tw_indicator_family tw_indicator_momentum;
extern const tw_indicator_family tw_indicator_oscillators;
extern const tw_indicator_family tw_indicator_trends;
extern const tw_indicator_family tw_indicator_swings;
extern const tw_indicator_family tw_indicator_volumes;
extern const tw_indicator_family tw_indicator_deviations;
extern const tw_indicator_family tw_indicator_levels;
extern const tw_indicator_family tw_indicator_pairs;
extern const tw_indicator_family tw_indicator_risks;

/* The entry of a kind that exists. */
const tw_indicator_entry *tw_indicator_entry_of(tw_indicator_kind kind);

/* The plan of a valid configuration. */
void tw_plan_make(tw_plan *plan, const tw_indicator_config *config, double tolerance);

/* Of a step that is not in the plan yet, whose inputs are: the rows before the first answer of an
 * output, and the row from which on its seeds weigh less than the plan's tolerance. */
size_t tw_plan_lookback(const tw_plan *plan, const tw_plan_step *step, size_t output);
size_t tw_plan_settled(const tw_plan *plan, const tw_plan_step *step, size_t lookback);

/* The weights of a step that has some, oldest first: of a WEIGHTED one those of its bell, of a
 * HURST one what is taken off the ranges of n, n / 2, n / 4 ... rows. */
size_t tw_plan_weight_count(const tw_plan_step *step);
void tw_plan_weights(const tw_plan_step *step, double *ret_weights);

/* ---- Words ------------------------------------------------------------------------------ */

size_t tw_plan_period(const tw_plan *plan, size_t parameter);
double tw_plan_number(const tw_plan *plan, size_t parameter);
bool tw_plan_choice(const tw_plan *plan, size_t parameter, int value);
/* The number of the word that was chosen. */
int tw_plan_chosen(const tw_plan *plan, size_t parameter);

tw_register tw_plan_input(tw_plan *plan, tw_indicator_input input);
tw_register tw_plan_constant(tw_plan *plan, double value);
/* A register that never has a value. */
tw_register tw_plan_nothing(tw_plan *plan);
tw_register tw_plan_step_of(tw_plan *plan, const tw_plan_step *step);
void tw_plan_output(tw_plan *plan, tw_register a);

/* Steps of one or two inputs without numbers: TW_STEP_ADD ... */
tw_register tw_plan_one(tw_plan *plan, tw_step_kind kind, tw_register a);
tw_register tw_plan_two(tw_plan *plan, tw_step_kind kind, tw_register a, tw_register b);
/* Windows: TW_STEP_SUM, MEAN, LOWEST, LAG ... over n rows. A lag of 0 is the register itself. */
tw_register tw_plan_window(tw_plan *plan, tw_step_kind kind, tw_register a, size_t n);

tw_register tw_plan_add(tw_plan *plan, tw_register a, tw_register b);
tw_register tw_plan_subtract(tw_plan *plan, tw_register a, tw_register b);
tw_register tw_plan_multiply(tw_plan *plan, tw_register a, tw_register b);
/* a / b; without an answer, or `settled`, where b is 0. */
tw_register tw_plan_divide(tw_plan *plan, tw_register a, tw_register b);
tw_register tw_plan_divide_or(tw_plan *plan, tw_register a, tw_register b, double settled);
tw_register tw_plan_affine(tw_plan *plan, tw_register a, double factor, double summand);
tw_register tw_plan_scaled(tw_plan *plan, tw_register a, double factor);
tw_register tw_plan_choose(tw_plan *plan, tw_register a, tw_register b, tw_register c);
tw_register tw_plan_start(tw_plan *plan, tw_register a, tw_register b, tw_register c);
tw_register tw_plan_lag(tw_plan *plan, tw_register a, size_t n);
tw_register tw_plan_change(tw_plan *plan, tw_register a, size_t n);
tw_register tw_plan_mean(tw_plan *plan, tw_register a, size_t n);
tw_register tw_plan_spread(tw_plan *plan, tw_register a, tw_register centre, size_t n, double way);
/* The n rows' variance with `ddof` degrees taken off, and its root. */
tw_register tw_plan_variance(tw_plan *plan, tw_register a, size_t n, double ddof);
tw_register tw_plan_deviation(tw_plan *plan, tw_register a, size_t n, double ddof);

/* An exponential mean of a rate: seeded by the mean of `seeds` values, answered from the
 * `answered`-th value on. */
tw_register tw_plan_smooth(tw_plan *plan, tw_register a, double rate, size_t seeds,
                           size_t answered);
/* With rate 2 / (n + 1), and 1 / n; seeded by the mean of n, or by the first value. */
tw_register tw_plan_ema(tw_plan *plan, tw_register a, size_t n, bool first);
tw_register tw_plan_wilder(tw_plan *plan, tw_register a, size_t n);
/* Wilder's sum, n times that mean: it begins with the sum of n, or (late) with that of n - 1 and
 * takes the n-th by its rule already (ta_ADX.c; TTR: wilderSum.c). */
tw_register tw_plan_wilder_sum(tw_plan *plan, tw_register a, size_t n, bool late);
/* a in the first n rows of the stream, b from then on. */
tw_register tw_plan_first_rows(tw_plan *plan, size_t n, tw_register a, tw_register b);

/* Averages by their number in TW_PLAN_AVERAGES, with the defaults of the kinds of those names; the
 * seed of a _first mean is its first value, the seeds of a _together chain are those of its first
 * mean, and smma_late takes the last of its seeds by its rule once more. */
#define TW_PLAN_AVERAGES                                                                 \
    "sma|ema|smma|wma|dema|tema|hma|trima|epma|alma|ema_first|smma_first|dema_together|" \
    "tema_together|kama|t3|smma_late"
#define TW_PLAN_AVERAGE_COUNT 17
/* The mean that a parameter names. */
tw_register tw_plan_average_by(tw_plan *plan, size_t parameter, tw_register a, size_t n);
tw_register tw_plan_average(tw_plan *plan, int which, tw_register a, size_t n);

/* 100 x the place of `a` in its own range of n rows; 0 where that has none but roundings. */
tw_register tw_plan_place(tw_plan *plan, tw_register a, size_t n);
/* An output of a, of b and of a - b. */
void tw_plan_histogram(tw_plan *plan, tw_register a, tw_register b);

/* (high + low) / 2, (high + low + close) / 3, and the true range (from the second row on). */
tw_register tw_plan_median_price(tw_plan *plan);
tw_register tw_plan_typical_price(tw_plan *plan);
tw_register tw_plan_true_range(tw_plan *plan);

/* ---- Tables ----------------------------------------------------------------------------- */

#define TW_PARAMETERS(...)                                       \
    .parameters = (const tw_indicator_parameter[]){__VA_ARGS__}, \
    .parameter_count =                                           \
        sizeof((const tw_indicator_parameter[]){__VA_ARGS__}) / sizeof(tw_indicator_parameter)
#define TW_OUTPUTS(...)                            \
    .outputs = (const char *const[]){__VA_ARGS__}, \
    .output_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)
/* The first `count` outputs are prices. */
#define TW_PRICES(count) ((1u << (count)) - 1)
#define TW_PERIOD(name, fallback) \
    { name, fallback, 1, TW_INDICATOR_PERIOD_MAX, NULL, true }
#define TW_PERIOD_FROM(name, fallback, least) \
    { name, fallback, least, TW_INDICATOR_PERIOD_MAX, NULL, true }
#define TW_NUMBER(name, fallback, least, most) \
    { name, fallback, least, most, NULL, false }
#define TW_CHOICE(name, fallback, count, words) \
    { name, fallback, 0, (count)-1, words, true }
/* One of the averages. */
#define TW_MEAN(name, fallback) TW_CHOICE(name, fallback, TW_PLAN_AVERAGE_COUNT, TW_PLAN_AVERAGES)
#define TW_DDOF(fallback) \
    { "ddof", fallback, 0, 1, NULL, true }
#define TW_FAMILY(name, entries) \
    const tw_indicator_family name = {entries, sizeof(entries) / sizeof((entries)[0])}

#define TW_READS_CLOSE (1u << TW_INDICATOR_CLOSE)
#define TW_READS_HL (1u << TW_INDICATOR_HIGH | 1u << TW_INDICATOR_LOW)
#define TW_READS_HLC (TW_READS_HL | TW_READS_CLOSE)
#define TW_READS_OHLC (TW_READS_HLC | 1u << TW_INDICATOR_OPEN)
#define TW_READS_VOLUME (1u << TW_INDICATOR_VOLUME)
#define TW_READS_ALL (TW_READS_OHLC | TW_READS_VOLUME)
#define TW_READS_CV (TW_READS_CLOSE | TW_READS_VOLUME)
#define TW_READS_HLCV (TW_READS_HLC | TW_READS_VOLUME)
#define TW_READS_PAIR (TW_READS_CLOSE | 1u << TW_INDICATOR_OTHER)

/* ---- What the formulas of kinds are written with; `p` is their plan ----------------------- */

#define OPEN tw_plan_input(p, TW_INDICATOR_OPEN)
#define HIGH tw_plan_input(p, TW_INDICATOR_HIGH)
#define LOW tw_plan_input(p, TW_INDICATOR_LOW)
#define CLOSE tw_plan_input(p, TW_INDICATOR_CLOSE)
#define VOLUME tw_plan_input(p, TW_INDICATOR_VOLUME)
#define OTHER tw_plan_input(p, TW_INDICATOR_OTHER)

/* How an exponential mean begins: the words of that parameter. */
#define SEEDS "sma|first"

#endif
