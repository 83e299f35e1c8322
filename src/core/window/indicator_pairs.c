/*
 * indicator_pairs.c - kinds of two series: close, and other (a benchmark's close).
 */
#include "indicator_plan.h"

#define RETURNS "none|simple|log"

/* The values themselves, or their returns. */
static tw_register series_of(tw_plan *p, tw_register a, size_t parameter) {
    tw_register last = tw_plan_lag(p, a, 1);
    if (tw_plan_choice(p, parameter, 1))
        return tw_plan_divide(p, tw_plan_subtract(p, a, last), last);
    if (tw_plan_choice(p, parameter, 2))
        return tw_plan_change(p, tw_plan_one(p, TW_STEP_LOGARITHM, a), 1);
    return a;
}

static tw_register moments_of(tw_plan *p, tw_register a, tw_register b, size_t n) {
    tw_plan_step step = {
        .kind = TW_STEP_COMOMENTS, .in = {a, b, TW_NO_REGISTER, TW_NO_REGISTER}, .n = n};
    return tw_plan_step_of(p, &step);
}

/* Rounding may not take it out of [-1, 1]; without an answer where either series does not move. */
static void correlation(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register a = series_of(p, CLOSE, 1);
    tw_register b = series_of(p, OTHER, 1);
    tw_register moments = moments_of(p, a, b, n);
    tw_register size = tw_plan_multiply(p, tw_plan_one(p, TW_STEP_ROOT, moments + 2),
                                        tw_plan_one(p, TW_STEP_ROOT, moments + 3));
    tw_register line = tw_plan_divide(p, moments + 4, size);
    line = tw_plan_two(p, TW_STEP_LESSER, line, tw_plan_constant(p, 1));
    line = tw_plan_two(p, TW_STEP_GREATER, line, tw_plan_constant(p, -1));
    tw_register count = tw_plan_constant(p, (double)n - tw_plan_number(p, 2));
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_multiply(p, line, line));
    tw_plan_output(p, tw_plan_divide(p, moments + 4, count));
    tw_plan_output(p, tw_plan_divide(p, moments + 2, count));
    tw_plan_output(p, tw_plan_divide(p, moments + 3, count));
}

static void covariance(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register moments = moments_of(p, series_of(p, CLOSE, 1), series_of(p, OTHER, 1), n);
    tw_register count = tw_plan_constant(p, (double)n - tw_plan_number(p, 2));
    tw_plan_output(p, tw_plan_divide(p, moments + 4, count));
}

/* How much the close moves with the other: covariance over the other's variance. */
static void beta(tw_plan *p) {
    tw_register a = series_of(p, CLOSE, 1);
    tw_register b = series_of(p, OTHER, 1);
    tw_register moments = moments_of(p, a, b, tw_plan_period(p, 0));
    tw_register line = tw_plan_divide(p, moments + 4, moments + 3);
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_subtract(p, moments, tw_plan_multiply(p, line, moments + 1)));
    tw_plan_output(p, a);
    tw_plan_output(p, b);
}

static void rank_correlation(tw_plan *p) {
    tw_plan_step step = {
        .kind = TW_STEP_RANKS,
        .in = {series_of(p, CLOSE, 1), series_of(p, OTHER, 1), TW_NO_REGISTER, TW_NO_REGISTER},
        .n = tw_plan_period(p, 0)};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

/* Beta over the rows in which the other rose, and over those in which it fell; one over the other,
 * and the square of their difference. */
static void beta_sides(tw_plan *p) {
    tw_plan_step step = {
        .kind = TW_STEP_SIDE,
        .in = {series_of(p, OTHER, 1), series_of(p, CLOSE, 1), TW_NO_REGISTER, TW_NO_REGISTER},
        .n = tw_plan_period(p, 0),
        .k = 1};
    tw_register up = tw_plan_step_of(p, &step);
    step.k = -1;
    tw_register down = tw_plan_step_of(p, &step);
    tw_register apart = tw_plan_subtract(p, up, down);
    tw_plan_output(p, up);
    tw_plan_output(p, down);
    tw_plan_output(p, tw_plan_divide(p, up, down));
    tw_plan_output(p, tw_plan_multiply(p, apart, apart));
}

static void relative_strength(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register old_a = tw_plan_lag(p, CLOSE, n);
    tw_register old_b = tw_plan_lag(p, OTHER, n);
    tw_register a = tw_plan_divide(p, tw_plan_subtract(p, CLOSE, old_a), old_a);
    tw_register b = tw_plan_divide(p, tw_plan_subtract(p, OTHER, old_b), old_b);
    tw_plan_output(p, tw_plan_divide(p, CLOSE, OTHER));
    tw_plan_output(p, tw_plan_subtract(p, a, b));
}

static const tw_indicator_entry entries[] = {
    {{.name = "correlation",
      .summary = "correlation of close and other, or of their returns",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TW_CHOICE("returns", 0, 3, RETURNS),
                    TW_DDOF(0)),
      TW_OUTPUTS("correlation", "r_squared", "covariance", "variance", "variance_other"),
      .inputs = TW_READS_PAIR},
     correlation},
    {{.name = "covariance",
      .summary = "covariance of close and other, or of their returns",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TW_CHOICE("returns", 0, 3, RETURNS),
                    TW_DDOF(0)),
      TW_OUTPUTS("covariance"),
      .inputs = TW_READS_PAIR},
     covariance},
    {{.name = "beta",
      .summary = "beta and alpha (a period's) of the close against the other, and their returns",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TW_CHOICE("returns", 1, 3, RETURNS)),
      TW_OUTPUTS("beta", "alpha", "return", "return_other"),
      .inputs = TW_READS_PAIR},
     beta},
    {{.name = "rank_correlation",
      .summary = "Spearman's correlation of the ranks of close and other (scanned)",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TW_CHOICE("returns", 0, 3, RETURNS)),
      TW_OUTPUTS("correlation"),
      .inputs = TW_READS_PAIR},
     rank_correlation},
    {{.name = "beta_sides",
      .summary = "beta where the other rose and where it fell, their ratio and convexity (scanned)",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TW_CHOICE("returns", 1, 3, RETURNS)),
      TW_OUTPUTS("up", "down", "ratio", "convexity"),
      .inputs = TW_READS_PAIR},
     beta_sides},
    {{.name = "relative_strength",
      .summary = "close over other, and the difference of their returns over a period",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("ratio", "difference"),
      .inputs = TW_READS_PAIR},
     relative_strength},
};

TW_FAMILY(tw_indicator_pairs, entries);
