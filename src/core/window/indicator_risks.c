/*
 * indicator_risks.c - kinds: reward and risk of the returns in a window, and their memory.
 */
#include "indicator_plan.h"

#include <math.h>

static tw_register returns_of(tw_plan *p) {
    tw_register last = tw_plan_lag(p, CLOSE, 1);
    return tw_plan_divide(p, tw_plan_subtract(p, CLOSE, last), last);
}

/* The mean return above `target`. */
static tw_register excess_of(tw_plan *p, size_t n, double target) {
    return tw_plan_affine(p, tw_plan_mean(p, returns_of(p), n), 1, -target);
}

/* The root of the mean square of what returns fall short of the target, 0 where they do not. */
static tw_register downside_of(tw_plan *p, size_t n, double target) {
    tw_register away = tw_plan_affine(p, returns_of(p), 1, -target);
    tw_register lack = tw_plan_two(p, TW_STEP_LESSER, away, tw_plan_constant(p, 0));
    return tw_plan_one(p, TW_STEP_ROOT, tw_plan_mean(p, tw_plan_multiply(p, lack, lack), n));
}

static void sharpe(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register deviation = tw_plan_deviation(p, returns_of(p), n, tw_plan_number(p, 2));
    tw_plan_output(p, tw_plan_divide(p, excess_of(p, n, tw_plan_number(p, 1)), deviation));
}

static void sortino(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    double target = tw_plan_number(p, 1);
    tw_plan_output(p, tw_plan_divide(p, excess_of(p, n, target), downside_of(p, n, target)));
}

static void downside_deviation(tw_plan *p) {
    tw_plan_output(p, downside_of(p, tw_plan_period(p, 0), tw_plan_number(p, 1)));
}

/* How many deviations from the mean a share of a normal distribution lies below: by halving. */
static double normal_quantile(double share) {
    double low = -40;
    double high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (0.5 * erfc(-middle / sqrt(2)) < share)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* The return that a normal distribution of the window's mean and deviation falls short of in one
 * row of 1 / (1 - confidence). */
static void value_at_risk(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register returns = returns_of(p);
    tw_register mean = tw_plan_window(p, TW_STEP_MOMENTS, returns, n);
    tw_register deviation = tw_plan_deviation(p, returns, n, tw_plan_number(p, 2));
    double away = normal_quantile(1 - tw_plan_number(p, 1));
    tw_plan_output(p, tw_plan_add(p, mean, tw_plan_affine(p, deviation, away, 0)));
}

/* Of the ranges of returns, or of the deviations of price changes over 2 .. lags rows, as the
 * reference column of Lean has it (spy_hurst_exponent.csv; its own code leaves out the last). */
static void hurst(tw_plan *p) {
    tw_register logarithm = tw_plan_one(p, TW_STEP_LOGARITHM, CLOSE);
    tw_register returns = tw_plan_choice(p, 1, 1) ? returns_of(p) : tw_plan_change(p, logarithm, 1);
    tw_register line = tw_plan_window(p, TW_STEP_HURST, returns, tw_plan_period(p, 0));
    tw_plan_output(p, line);
    tw_plan_output(p, line + 1);
}

static void hurst_lags(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    double lags = tw_plan_number(p, 1);
    double most = (double)n - 2;
    tw_plan_step step = {.kind = TW_STEP_HURST,
                         .in = {CLOSE, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = n,
                         .m = lags < most ? lags : most};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

#define TARGET(name) TW_NUMBER(name, 0, -1, 1)

static const tw_indicator_entry entries[] = {
    {{.name = "sharpe",
      .summary = "mean return of a row above the riskless rate, in deviations",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), TARGET("riskless"), TW_DDOF(0)),
      TW_OUTPUTS("sharpe"),
      .inputs = TW_READS_CLOSE},
     sharpe},
    {{.name = "sortino",
      .summary = "mean return of a row above a target, in downside deviations from it",
      TW_PARAMETERS(TW_PERIOD("period", 20), TARGET("target")),
      TW_OUTPUTS("sortino"),
      .inputs = TW_READS_CLOSE},
     sortino},
    {{.name = "downside_deviation",
      .summary = "root mean square of what returns fall short of a target",
      TW_PARAMETERS(TW_PERIOD("period", 20), TARGET("target")),
      TW_OUTPUTS("downside_deviation"),
      .inputs = TW_READS_CLOSE},
     downside_deviation},
    {{.name = "value_at_risk",
      .summary = "the worst return at a confidence if returns were normal (below 0 a loss)",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 252, 2), TW_NUMBER("confidence", 0.95, 0.5, 0.999999),
                    TW_DDOF(1)),
      TW_OUTPUTS("value_at_risk"),
      .inputs = TW_READS_CLOSE},
     value_at_risk},
    {{.name = "hurst",
      .summary = "Hurst's exponent by rescaled ranges, and after Anis and Lloyd (scanned)",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 100, 20), TW_CHOICE("returns", 0, 2, "log|simple")),
      TW_OUTPUTS("hurst", "corrected"),
      .inputs = TW_READS_CLOSE},
     hurst},
    {{.name = "hurst_lags",
      .summary = "Hurst's exponent of the closes by changes over 2 to `lags` rows (scanned)",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 252, 5), TW_PERIOD_FROM("lags", 20, 3)),
      TW_OUTPUTS("hurst"),
      .inputs = TW_READS_CLOSE},
     hurst_lags},
};

TW_FAMILY(tw_indicator_risks, entries);
