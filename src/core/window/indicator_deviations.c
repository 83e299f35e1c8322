/*
 * indicator_deviations.c - kinds: statistics of a window, and how much a price moves.
 */
#include "indicator_plan.h"

#include <math.h>

/* With first=range the first row's range counts, which has no last close. */
static tw_register true_range_of(tw_plan *p, size_t parameter) {
    tw_register range = tw_plan_true_range(p);
    if (!tw_plan_choice(p, parameter, 1))
        return range;
    return tw_plan_start(p, range, tw_plan_subtract(p, HIGH, LOW), CLOSE);
}

static void true_range(tw_plan *p) {
    tw_register last = tw_plan_lag(p, CLOSE, 1);
    tw_plan_output(p, true_range_of(p, 0));
    tw_plan_output(p, tw_plan_two(p, TW_STEP_GREATER, HIGH, last));
    tw_plan_output(p, tw_plan_two(p, TW_STEP_LESSER, LOW, last));
}

static void atr(tw_plan *p) {
    tw_register range = true_range_of(p, 1);
    tw_register mean = tw_plan_average_by(p, 2, range, tw_plan_period(p, 0));
    tw_plan_output(p, range);
    tw_plan_output(p, mean);
    tw_plan_output(p, tw_plan_divide(p, tw_plan_scaled(p, mean, 100), CLOSE));
}

static void daily_range(tw_plan *p) {
    tw_plan_output(p, tw_plan_mean(p, tw_plan_subtract(p, HIGH, LOW), tw_plan_period(p, 0)));
}

static void stddev(tw_plan *p) {
    tw_register sd = tw_plan_deviation(p, CLOSE, tw_plan_period(p, 0), tw_plan_number(p, 1));
    tw_plan_output(p, tw_plan_scaled(p, sd, tw_plan_number(p, 2)));
}

static void variance(tw_plan *p) {
    tw_plan_output(p, tw_plan_variance(p, CLOSE, tw_plan_period(p, 0), tw_plan_number(p, 1)));
}

static void zscore(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register mean = tw_plan_window(p, TW_STEP_MOMENTS, CLOSE, n);
    tw_register sd = tw_plan_deviation(p, CLOSE, n, tw_plan_number(p, 1));
    tw_plan_output(p, tw_plan_divide(p, tw_plan_subtract(p, CLOSE, mean), sd));
    tw_plan_output(p, mean);
    tw_plan_output(p, sd);
}

static void least(tw_plan *p) {
    tw_plan_output(p, tw_plan_window(p, TW_STEP_LOWEST, CLOSE, tw_plan_period(p, 0)));
}

static void most(tw_plan *p) {
    tw_plan_output(p, tw_plan_window(p, TW_STEP_HIGHEST, CLOSE, tw_plan_period(p, 0)));
}

static void sum(tw_plan *p) {
    tw_plan_output(p, tw_plan_window(p, TW_STEP_SUM, CLOSE, tw_plan_period(p, 0)));
}

static void wilder_sum(tw_plan *p) {
    tw_plan_output(p, tw_plan_wilder_sum(p, CLOSE, tw_plan_period(p, 0), tw_plan_choice(p, 1, 1)));
}

static void median(tw_plan *p) {
    tw_plan_output(p, tw_plan_window(p, TW_STEP_MEDIAN, CLOSE, tw_plan_period(p, 0)));
}

static void mad(tw_plan *p) {
    const tw_plan_step step = {.kind = TW_STEP_MEDIAN,
                               .in = {CLOSE, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                               .n = tw_plan_period(p, 0),
                               .k = 1};
    tw_register middle = tw_plan_step_of(p, &step);
    tw_plan_output(p, tw_plan_scaled(p, middle + 1, tw_plan_number(p, 1)));
}

static void rank(tw_plan *p) {
    tw_plan_output(p, tw_plan_window(p, TW_STEP_RANK, CLOSE, tw_plan_period(p, 0)));
}

static void deviation(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register mean = tw_plan_mean(p, CLOSE, n);
    tw_plan_output(p, mean);
    for (size_t way = 0; way < 3; way++)
        tw_plan_output(p, tw_plan_spread(p, CLOSE, mean, n, (double)way));
}

/* Least squares of the closes over the numbers of their rows, from 1. */
static void slope(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register row = tw_plan_affine(p, tw_plan_one(p, TW_STEP_COUNT, TW_NO_REGISTER), 1, 1);
    tw_plan_step step = {
        .kind = TW_STEP_COMOMENTS, .in = {row, CLOSE, TW_NO_REGISTER, TW_NO_REGISTER}, .n = n};
    tw_register moments = tw_plan_step_of(p, &step);
    tw_register rise = tw_plan_divide(p, moments + 4, moments + 2);
    tw_register at_zero = tw_plan_subtract(p, moments + 1, tw_plan_multiply(p, rise, moments));
    tw_register variance_of = tw_plan_divide(p, moments + 3, tw_plan_constant(p, (double)n));
    tw_register explained = tw_plan_multiply(p, moments + 4, moments + 4);
    explained = tw_plan_divide(p, tw_plan_divide(p, explained, moments + 2), moments + 3);
    tw_plan_output(p, rise);
    tw_plan_output(p, at_zero);
    tw_plan_output(p, tw_plan_one(p, TW_STEP_ROOT, variance_of));
    tw_plan_output(p, explained);
    tw_plan_output(p, tw_plan_add(p, tw_plan_multiply(p, rise, row), at_zero));
}

static void ulcer(tw_plan *p) {
    tw_register square = tw_plan_window(p, TW_STEP_DRAWDOWN, CLOSE, tw_plan_period(p, 0));
    tw_plan_output(p, tw_plan_one(p, TW_STEP_ROOT, square));
}

static void chaikin_volatility(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register mean = tw_plan_ema(p, tw_plan_subtract(p, HIGH, LOW), n, false);
    tw_register old = tw_plan_lag(p, mean, n);
    tw_register change = tw_plan_scaled(p, tw_plan_subtract(p, mean, old), 100);
    tw_plan_output(p, tw_plan_divide(p, change, old));
}

/* ---- Volatility of returns --------------------------------------------------------------- */

static tw_register log_ratio(tw_plan *p, tw_register a, tw_register b) {
    return tw_plan_subtract(p, tw_plan_one(p, TW_STEP_LOGARITHM, a),
                            tw_plan_one(p, TW_STEP_LOGARITHM, b));
}

static tw_register square_of(tw_plan *p, tw_register a) {
    return tw_plan_multiply(p, a, a);
}

/* The root of a variance, made that of a year. */
static void volatility(tw_plan *p, tw_register variance_of, size_t parameter) {
    double year = tw_plan_number(p, parameter);
    tw_plan_output(p, tw_plan_one(p, TW_STEP_ROOT, tw_plan_scaled(p, variance_of, year)));
}

static void realised_volatility(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    double ddof = tw_plan_number(p, 2);
    tw_register change = log_ratio(p, CLOSE, tw_plan_lag(p, CLOSE, 1));
    if (tw_plan_choice(p, 3, 0)) {
        volatility(p, tw_plan_variance(p, change, n, ddof), 1);
        return;
    }
    tw_register apart =
        tw_plan_choice(p, 3, 2) ? tw_plan_subtract(p, change, tw_plan_mean(p, change, n)) : change;
    tw_register squares = tw_plan_window(p, TW_STEP_SUM, square_of(p, apart), n);
    volatility(p, tw_plan_divide(p, squares, tw_plan_constant(p, (double)n - ddof)), 1);
}

/* Parkinson (1980). */
static void parkinson(tw_plan *p) {
    tw_register square = square_of(p, log_ratio(p, HIGH, LOW));
    square = tw_plan_scaled(p, square, 1 / (4 * log(2.0)));
    volatility(p, tw_plan_mean(p, square, tw_plan_period(p, 0)), 1);
}

/* Garman and Klass (1980); with the gap between sessions as Yang and Zhang extend it. */
static void garman_klass(tw_plan *p) {
    tw_register range = tw_plan_scaled(p, square_of(p, log_ratio(p, HIGH, LOW)), 0.5);
    tw_register body = tw_plan_scaled(p, square_of(p, log_ratio(p, CLOSE, OPEN)), 2 * log(2.0) - 1);
    tw_register term = tw_plan_subtract(p, range, body);
    if (tw_plan_choice(p, 2, 1)) {
        tw_register gap = log_ratio(p, OPEN, tw_plan_lag(p, CLOSE, 1));
        term = tw_plan_add(p, term, square_of(p, gap));
    }
    volatility(p, tw_plan_mean(p, term, tw_plan_period(p, 0)), 1);
}

/* Rogers and Satchell (1991): without a drift. */
static tw_register rogers_satchell_of(tw_plan *p, size_t n) {
    tw_register up = tw_plan_multiply(p, log_ratio(p, HIGH, CLOSE), log_ratio(p, HIGH, OPEN));
    tw_register down = tw_plan_multiply(p, log_ratio(p, LOW, CLOSE), log_ratio(p, LOW, OPEN));
    return tw_plan_mean(p, tw_plan_add(p, up, down), n);
}

static void rogers_satchell(tw_plan *p) {
    volatility(p, rogers_satchell_of(p, tw_plan_period(p, 0)), 1);
}

/* Yang and Zhang (2000): overnight and open-to-close variance, and Rogers-Satchell between. */
static void yang_zhang(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    double count = (double)n;
    double k = 0.34 / (1.34 + (count + 1) / (count - 1));
    tw_register night = log_ratio(p, OPEN, tw_plan_lag(p, CLOSE, 1));
    tw_register day = log_ratio(p, CLOSE, OPEN);
    tw_register total = tw_plan_variance(p, night, n, 1);
    total = tw_plan_add(p, total, tw_plan_scaled(p, tw_plan_variance(p, day, n, 1), k));
    total = tw_plan_add(p, total, tw_plan_scaled(p, rogers_satchell_of(p, n), 1 - k));
    volatility(p, total, 1);
}

#define YEAR TW_NUMBER("periods_per_year", 1, 1e-9, 1e9)

static const tw_indicator_entry entries[] = {
    {{.name = "true_range",
      .summary = "range with the last close in it, its high and its low",
      TW_PARAMETERS(TW_CHOICE("first", 0, 2, "none|range")),
      TW_OUTPUTS("tr", "high", "low"),
      .inputs = TW_READS_HLC,
      .price_outputs = 1u << 1 | 1u << 2},
     true_range},
    {{.name = "atr",
      .summary = "Wilder's mean of the true range, and in per cent of the close",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_CHOICE("first", 0, 2, "none|range"),
                    TW_MEAN("mean", 2)),
      TW_OUTPUTS("tr", "atr", "atrp"),
      .inputs = TW_READS_HLC},
     atr},
    {{.name = "daily_range",
      .summary = "mean of high less low",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("daily_range"),
      .inputs = TW_READS_HL},
     daily_range},
    {{.name = "stddev",
      .summary = "standard deviation, by a multiple",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_DDOF(0), TW_NUMBER("multiple", 1, 1e-9, 1e9)),
      TW_OUTPUTS("stddev"),
      .inputs = TW_READS_CLOSE},
     stddev},
    {{.name = "variance",
      .summary = "variance",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_DDOF(0)),
      TW_OUTPUTS("variance"),
      .inputs = TW_READS_CLOSE},
     variance},
    {{.name = "zscore",
      .summary = "distance from the mean in standard deviations",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_DDOF(0)),
      TW_OUTPUTS("zscore", "mean", "stddev"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 1},
     zscore},
    {{.name = "min",
      .summary = "least of the closes",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("min"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     least},
    {{.name = "max",
      .summary = "greatest of the closes",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("max"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     most},
    {{.name = "sum",
      .summary = "sum of the closes",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("sum"),
      .inputs = TW_READS_CLOSE},
     sum},
    {{.name = "wilder_sum",
      .summary = "Wilder's decaying sum: period times the smoothed mean",
      TW_PARAMETERS(TW_PERIOD("period", 10), TW_CHOICE("seed", 0, 2, "sum|late")),
      TW_OUTPUTS("wilder_sum"),
      .inputs = TW_READS_CLOSE},
     wilder_sum},
    {{.name = "median",
      .summary = "middle of the closes (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("median"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     median},
    {{.name = "mad",
      .summary = "median distance from the median, by the factor of a normal deviation (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("factor", 1.4826, 1e-9, 1e9)),
      TW_OUTPUTS("mad"),
      .inputs = TW_READS_CLOSE},
     mad},
    {{.name = "rank",
      .summary = "share of the closes before that are lower, in per cent (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 100)),
      TW_OUTPUTS("rank"),
      .inputs = TW_READS_CLOSE},
     rank},
    {{.name = "deviation",
      .summary = "mean, and mean absolute, squared and relative distance from it (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("sma", "mad", "mse", "mape"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     deviation},
    {{.name = "slope",
      .summary = "line of least squares over the rows, counted from 1",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 14, 2)),
      TW_OUTPUTS("slope", "intercept", "stddev", "r_squared", "line"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 4},
     slope},
    {{.name = "ulcer",
      .summary = "root mean square fall from the window's high, in per cent (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("ulcer"),
      .inputs = TW_READS_CLOSE},
     ulcer},
    {{.name = "chaikin_volatility",
      .summary = "change in per cent of the mean range",
      TW_PARAMETERS(TW_PERIOD("period", 10)),
      TW_OUTPUTS("chaikin_volatility"),
      .inputs = TW_READS_HL},
     chaikin_volatility},
    {{.name = "realised_volatility",
      .summary = "deviation of log returns from their mean, from 0, or each from the mean then",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), YEAR, TW_DDOF(1),
                    TW_CHOICE("mean", 0, 3, "own|zero|moving")),
      TW_OUTPUTS("volatility"),
      .inputs = TW_READS_CLOSE},
     realised_volatility},
    {{.name = "parkinson",
      .summary = "Parkinson's volatility of high and low",
      TW_PARAMETERS(TW_PERIOD("period", 20), YEAR),
      TW_OUTPUTS("volatility"),
      .inputs = TW_READS_HL},
     parkinson},
    {{.name = "garman_klass",
      .summary = "Garman and Klass's volatility of open, high, low and close",
      TW_PARAMETERS(TW_PERIOD("period", 20), YEAR, TW_CHOICE("gap", 0, 2, "no|yes")),
      TW_OUTPUTS("volatility"),
      .inputs = TW_READS_OHLC},
     garman_klass},
    {{.name = "rogers_satchell",
      .summary = "Rogers and Satchell's volatility, whatever the drift",
      TW_PARAMETERS(TW_PERIOD("period", 20), YEAR),
      TW_OUTPUTS("volatility"),
      .inputs = TW_READS_OHLC},
     rogers_satchell},
    {{.name = "yang_zhang",
      .summary = "Yang and Zhang's volatility, with the gaps between sessions",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2), YEAR),
      TW_OUTPUTS("volatility"),
      .inputs = TW_READS_OHLC},
     yang_zhang},
};

TW_FAMILY(tw_indicator_deviations, entries);
