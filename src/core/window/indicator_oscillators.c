/*
 * indicator_oscillators.c - kinds: where a close stands in its range, and which way ranges move.
 */
#include "indicator_plan.h"

#include <math.h>

static tw_register highest(tw_plan *p, size_t n) {
    return tw_plan_window(p, TW_STEP_HIGHEST, HIGH, n);
}

static tw_register lowest(tw_plan *p, size_t n) {
    return tw_plan_window(p, TW_STEP_LOWEST, LOW, n);
}

static void stochastic(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register low = lowest(p, n);
    tw_register range = tw_plan_subtract(p, highest(p, n), low);
    tw_register k =
        tw_plan_divide_or(p, tw_plan_scaled(p, tw_plan_subtract(p, CLOSE, low), 100), range, 0);
    k = tw_plan_average_by(p, 5, k, tw_plan_period(p, 2));
    tw_register d = tw_plan_average_by(p, 5, k, tw_plan_period(p, 1));
    tw_plan_output(p, k);
    tw_plan_output(p, d);
    tw_plan_output(p, tw_plan_subtract(p, tw_plan_scaled(p, k, tw_plan_number(p, 3)),
                                       tw_plan_scaled(p, d, tw_plan_number(p, 4))));
}

static void williams_r(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register high = highest(p, n);
    tw_register range = tw_plan_subtract(p, high, lowest(p, n));
    tw_plan_output(p, tw_plan_divide_or(
                          p, tw_plan_scaled(p, tw_plan_subtract(p, high, CLOSE), -100), range, 0));
}

/* Lambert (1980): the constant makes 70 to 80 per cent of the answers fall within 100. */
static void cci(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register price = tw_plan_typical_price(p);
    tw_register mean = tw_plan_mean(p, price, n);
    tw_register spread = tw_plan_spread(p, price, mean, n, 0);
    tw_plan_output(p, tw_plan_divide_or(p, tw_plan_subtract(p, price, mean),
                                        tw_plan_scaled(p, spread, tw_plan_number(p, 1)), 0));
}

static void awesome(tw_plan *p) {
    tw_register price = tw_plan_median_price(p);
    tw_register line = tw_plan_subtract(p, tw_plan_mean(p, price, tw_plan_period(p, 0)),
                                        tw_plan_mean(p, price, tw_plan_period(p, 1)));
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_divide(p, tw_plan_scaled(p, line, 100), price));
}

/* Williams (1985): pressure over true range, of three periods, weighted 4 : 2 : 1. */
static void ultimate(tw_plan *p) {
    tw_register last = tw_plan_lag(p, CLOSE, 1);
    tw_register pressure = tw_plan_subtract(p, CLOSE, tw_plan_two(p, TW_STEP_LESSER, LOW, last));
    tw_register range = tw_plan_true_range(p);
    tw_register sum = tw_plan_constant(p, 0);
    for (size_t i = 0; i < 3; i++) {
        size_t n = tw_plan_period(p, i);
        tw_register share = tw_plan_divide(p, tw_plan_window(p, TW_STEP_SUM, pressure, n),
                                           tw_plan_window(p, TW_STEP_SUM, range, n));
        sum = tw_plan_add(p, sum, tw_plan_scaled(p, share, (double)(4u >> i)));
    }
    tw_plan_output(p, tw_plan_divide(p, tw_plan_scaled(p, sum, 100), tw_plan_constant(p, 7)));
}

static void bop(tw_plan *p) {
    tw_register body = tw_plan_subtract(p, CLOSE, OPEN);
    tw_register power = tw_plan_divide(p, body, tw_plan_subtract(p, HIGH, LOW));
    tw_plan_output(p, tw_plan_mean(p, power, tw_plan_period(p, 0)));
}

/* Chande (1994): the bodies of rising candles among all bodies; 50 where there is none. */
static void imi(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register body = tw_plan_subtract(p, CLOSE, OPEN);
    tw_register rise = tw_plan_two(p, TW_STEP_GREATER, body, tw_plan_constant(p, 0));
    tw_register size = tw_plan_one(p, TW_STEP_MAGNITUDE, body);
    tw_plan_output(
        p, tw_plan_divide_or(p, tw_plan_scaled(p, tw_plan_window(p, TW_STEP_SUM, rise, n), 100),
                             tw_plan_window(p, TW_STEP_SUM, size, n), 50));
}

/* Dorsey (1992): how ranges widen and narrow, by a mean of them over its own mean. */
static void mass_index(tw_plan *p) {
    size_t n = tw_plan_period(p, 1);
    tw_register once = tw_plan_ema(p, tw_plan_subtract(p, HIGH, LOW), n, false);
    tw_register ratio = tw_plan_divide(p, once, tw_plan_ema(p, once, n, false));
    tw_plan_output(p, tw_plan_window(p, TW_STEP_SUM, ratio, tw_plan_period(p, 0)));
}

static tw_register twice(tw_plan *p, tw_register a, bool first) {
    tw_register once = tw_plan_ema(p, a, tw_plan_period(p, 1), first);
    return tw_plan_ema(p, once, tw_plan_period(p, 2), first);
}

/* Blau (1993): how far the close is from the middle of its range, both smoothed twice. With
 * early=yes the row's own range stands for the window's until there is a whole one (TTR: SMI.R). */
static void smi(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    bool first = tw_plan_choice(p, 4, 1);
    tw_register high = highest(p, n);
    tw_register low = lowest(p, n);
    if (tw_plan_choice(p, 5, 1)) {
        high = tw_plan_first_rows(p, n - 1, HIGH, high);
        low = tw_plan_first_rows(p, n - 1, LOW, low);
    }
    tw_register away =
        tw_plan_subtract(p, CLOSE, tw_plan_scaled(p, tw_plan_add(p, high, low), 0.5));
    tw_register range = tw_plan_subtract(p, high, low);
    tw_register line = tw_plan_divide(p, tw_plan_scaled(p, twice(p, away, first), 100),
                                      tw_plan_scaled(p, twice(p, range, first), 0.5));
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_ema(p, line, tw_plan_period(p, 3), first));
}

/* With early=yes one answer more, of n rows (TTR: aroon.R). Of equal extremes the newest counts
 * (ta_AROON.c), or the oldest (Aroon.StaticSeries.cs). */
static tw_register aroon_line(tw_plan *p, tw_step_kind kind, tw_register a, size_t n, bool oldest) {
    tw_plan_step step = {.kind = kind,
                         .in = {a, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = n + 1,
                         .m = oldest ? 1 : 0};
    tw_register age = tw_plan_step_of(p, &step);
    if (tw_plan_choice(p, 2, 1)) {
        step.n = n;
        age = tw_plan_first_rows(p, n, tw_plan_step_of(p, &step), age);
    }
    tw_register rows = tw_plan_affine(p, age, -100, 100 * (double)n);
    return tw_plan_divide(p, rows, tw_plan_constant(p, (double)n));
}

static void aroon(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    bool oldest = tw_plan_choice(p, 1, 1);
    tw_register up = aroon_line(p, TW_STEP_HIGHEST_AGE, HIGH, n, oldest);
    tw_register down = aroon_line(p, TW_STEP_LOWEST_AGE, LOW, n, oldest);
    tw_plan_output(p, up);
    tw_plan_output(p, down);
    tw_plan_output(p, tw_plan_subtract(p, up, down));
}

/* Of two moves the larger one counts, if it is above 0; the other is 0. */
static tw_register directed(tw_plan *p, tw_register move, tw_register other) {
    tw_register zero = tw_plan_constant(p, 0);
    tw_register larger = tw_plan_two(p, TW_STEP_ABOVE, move, other);
    tw_register positive = tw_plan_two(p, TW_STEP_GREATER, move, zero);
    return tw_plan_choose(p, larger, positive, zero);
}

/* Wilder (1978). adxr looks a period back, or (back=less_one) a row less, as ta_ADXR.c does. */
static void adx(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register up = tw_plan_change(p, HIGH, 1);
    tw_register down = tw_plan_scaled(p, tw_plan_change(p, LOW, 1), -1);
    bool late = tw_plan_choice(p, 1, 1);
    tw_register range = tw_plan_wilder_sum(p, tw_plan_true_range(p), n, late);
    tw_register plus = tw_plan_wilder_sum(p, directed(p, up, down), n, late);
    tw_register minus = tw_plan_wilder_sum(p, directed(p, down, up), n, late);
    plus = tw_plan_scaled(p, plus, 100);
    minus = tw_plan_scaled(p, minus, 100);
    plus = tw_plan_divide_or(p, plus, range, 0);
    minus = tw_plan_divide_or(p, minus, range, 0);
    tw_register apart = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_subtract(p, plus, minus));
    tw_register dx =
        tw_plan_divide_or(p, tw_plan_scaled(p, apart, 100), tw_plan_add(p, plus, minus), 0);
    tw_register line = tw_plan_wilder(p, dx, n);
    tw_plan_output(p, plus);
    tw_plan_output(p, minus);
    tw_plan_output(p, dx);
    tw_plan_output(p, line);
    size_t back = tw_plan_choice(p, 2, 1) ? n - 1 : n;
    tw_plan_output(p, tw_plan_scaled(p, tw_plan_add(p, line, tw_plan_lag(p, line, back)), 0.5));
}

/* Wilder's sums of directed moves: they begin with period - 1 of them. */
static void directional_movement(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register up = tw_plan_change(p, HIGH, 1);
    tw_register down = tw_plan_scaled(p, tw_plan_change(p, LOW, 1), -1);
    double share = ((double)n - 1) / (double)n;
    tw_register moves[] = {directed(p, up, down), directed(p, down, up)};
    for (size_t i = 0; i < 2; i++) {
        tw_plan_step step = {.kind = TW_STEP_RECUR,
                             .in = {tw_plan_constant(p, share), moves[i],
                                    tw_plan_window(p, TW_STEP_SUM, moves[i], n - 1),
                                    TW_NO_REGISTER},
                             .k = share};
        tw_plan_output(p, tw_plan_step_of(p, &step));
    }
}

static void vortex(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register up = tw_plan_subtract(p, HIGH, tw_plan_lag(p, LOW, 1));
    tw_register down = tw_plan_subtract(p, LOW, tw_plan_lag(p, HIGH, 1));
    tw_register range = tw_plan_window(p, TW_STEP_SUM, tw_plan_true_range(p), n);
    up = tw_plan_window(p, TW_STEP_SUM, tw_plan_one(p, TW_STEP_MAGNITUDE, up), n);
    down = tw_plan_window(p, TW_STEP_SUM, tw_plan_one(p, TW_STEP_MAGNITUDE, down), n);
    tw_plan_output(p, tw_plan_divide(p, up, range));
    tw_plan_output(p, tw_plan_divide(p, down, range));
}

static void elder_ray(tw_plan *p) {
    tw_register mean = tw_plan_ema(p, CLOSE, tw_plan_period(p, 0), false);
    tw_plan_output(p, mean);
    tw_plan_output(p, tw_plan_subtract(p, HIGH, mean));
    tw_plan_output(p, tw_plan_subtract(p, LOW, mean));
}

/* Dreiss: the way gone over the range crossed, as a logarithm to the base of the period. */
static void chop(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register last = tw_plan_lag(p, CLOSE, 1);
    tw_register high = tw_plan_two(p, TW_STEP_GREATER, HIGH, last);
    tw_register low = tw_plan_two(p, TW_STEP_LESSER, LOW, last);
    tw_register way = tw_plan_window(p, TW_STEP_SUM, tw_plan_subtract(p, high, low), n);
    tw_register range = tw_plan_subtract(p, tw_plan_window(p, TW_STEP_HIGHEST, high, n),
                                         tw_plan_window(p, TW_STEP_LOWEST, low, n));
    tw_register ratio = tw_plan_one(p, TW_STEP_LOGARITHM, tw_plan_divide(p, way, range));
    tw_plan_output(
        p, tw_plan_divide(p, tw_plan_scaled(p, ratio, 100), tw_plan_constant(p, log((double)n))));
}

static const tw_indicator_entry entries[] = {
    {{.name = "stochastic",
      .summary = "place of the close in the range: k (smoothed), d, j; smooth=1 is the fast one",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_PERIOD("signal", 3), TW_PERIOD("smooth", 3),
                    TW_NUMBER("k_factor", 3, -1e3, 1e3), TW_NUMBER("d_factor", 2, -1e3, 1e3),
                    TW_MEAN("mean", 0)),
      TW_OUTPUTS("k", "d", "j"),
      .inputs = TW_READS_HLC},
     stochastic},
    {{.name = "williams_r",
      .summary = "Williams %R: place of the close below the high of the range, 0 to -100",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("williams_r"),
      .inputs = TW_READS_HLC},
     williams_r},
    {{.name = "cci",
      .summary = "commodity channel index: distance from the mean by mean distance (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("constant", 0.015, 1e-6, 1e3)),
      TW_OUTPUTS("cci"),
      .inputs = TW_READS_HLC},
     cci},
    {{.name = "awesome",
      .summary = "two means of the median price apart, and in per cent of it",
      TW_PARAMETERS(TW_PERIOD("fast", 5), TW_PERIOD("slow", 34)),
      TW_OUTPUTS("awesome", "normalized"),
      .inputs = TW_READS_HL},
     awesome},
    {{.name = "ultimate",
      .summary = "Williams's ultimate oscillator of three periods",
      TW_PARAMETERS(TW_PERIOD("short", 7), TW_PERIOD("middle", 14), TW_PERIOD("long", 28)),
      TW_OUTPUTS("ultimate"),
      .inputs = TW_READS_HLC},
     ultimate},
    {{.name = "bop",
      .summary = "balance of power: mean of body over range",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("bop"),
      .inputs = TW_READS_OHLC},
     bop},
    {{.name = "imi",
      .summary = "intraday momentum: bodies that rise among all, in per cent",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("imi"),
      .inputs = 1u << TW_INDICATOR_OPEN | TW_READS_CLOSE},
     imi},
    {{.name = "mass_index",
      .summary = "sum of a mean of ranges over its mean",
      TW_PARAMETERS(TW_PERIOD("period", 25), TW_PERIOD("mean", 9)),
      TW_OUTPUTS("mass_index"),
      .inputs = TW_READS_HL},
     mass_index},
    {{.name = "smi",
      .summary = "stochastic momentum index",
      TW_PARAMETERS(TW_PERIOD("period", 13), TW_PERIOD("slow", 25), TW_PERIOD("fast", 2),
                    TW_PERIOD("signal", 3), TW_CHOICE("seed", 0, 2, SEEDS),
                    TW_CHOICE("early", 0, 2, "no|yes")),
      TW_OUTPUTS("smi", "signal"),
      .inputs = TW_READS_HLC},
     smi},
    {{.name = "aroon",
      .summary = "rows since the high and the low, in per cent of the period (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 25), TW_CHOICE("ties", 0, 2, "newest|oldest"),
                    TW_CHOICE("early", 0, 2, "no|yes")),
      TW_OUTPUTS("up", "down", "oscillator"),
      .inputs = TW_READS_HL},
     aroon},
    {{.name = "adx",
      .summary = "Wilder's directional movement",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 14, 2), TW_CHOICE("seed", 0, 2, "sum|late"),
                    TW_CHOICE("back", 0, 2, "period|less_one")),
      TW_OUTPUTS("plus_di", "minus_di", "dx", "adx", "adxr"),
      .inputs = TW_READS_HLC},
     adx},
    {{.name = "directional_movement",
      .summary = "Wilder's sums of moves up and down",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 14, 2)),
      TW_OUTPUTS("plus", "minus"),
      .inputs = TW_READS_HL},
     directional_movement},
    {{.name = "vortex",
      .summary = "moves up and down over the true range",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("plus", "minus"),
      .inputs = TW_READS_HLC},
     vortex},
    {{.name = "elder_ray",
      .summary = "high and low above an exponential mean",
      TW_PARAMETERS(TW_PERIOD("period", 13)),
      TW_OUTPUTS("ema", "bull", "bear"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(1)},
     elder_ray},
    {{.name = "chop",
      .summary = "choppiness: 100 without a trend",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 14, 2)),
      TW_OUTPUTS("chop"),
      .inputs = TW_READS_HLC},
     chop},
};

TW_FAMILY(tw_indicator_oscillators, entries);
