/*
 * indicator_averages.c - kinds: means that follow a price, by rows or by volume.
 */
#include "indicator_plan.h"

#include <math.h>

#define CHAIN_SEEDS "sma|first|together|late"

/* The first mean of a chain. Seeded late it begins with the first value, as seed=first does, but is
 * only heard from its n-th on, or `skip` values later: TA-Lib as Metastock, `skip` being its
 * unstable period (ta_DEMA.c, ta_TEMA.c over ta_EMA.c). */
static tw_register once(tw_plan *p, tw_register a, size_t n, int seed, size_t skip) {
    if (seed == 3)
        return tw_plan_smooth(p, a, 2 / ((double)n + 1), 1, n + skip);
    return tw_plan_ema(p, a, n, seed == 1);
}

/* A mean of a mean: its seed is the mean of the first n means (ta_DEMA.c, TTR's MovingAverages.R),
 * or the first of them (Stock.Indicators: Dema.StaticSeries.cs). */
static tw_register again(tw_plan *p, tw_register a, size_t n, int seed, size_t skip) {
    return seed == 3 ? once(p, a, n, seed, skip) : tw_plan_ema(p, a, n, seed != 0);
}

static tw_register dema_of(tw_plan *p, tw_register a, size_t n, int seed, size_t skip) {
    tw_register one = once(p, a, n, seed, skip);
    tw_register two = again(p, one, n, seed, skip);
    return tw_plan_subtract(p, tw_plan_affine(p, one, 2, 0), two);
}

static tw_register tema_of(tw_plan *p, tw_register a, size_t n, int seed, size_t skip) {
    tw_register one = once(p, a, n, seed, skip);
    tw_register two = again(p, one, n, seed, skip);
    tw_register three = again(p, two, n, seed, skip);
    return tw_plan_add(p, tw_plan_affine(p, tw_plan_subtract(p, one, two), 3, 0), three);
}

static tw_register wma_of(tw_plan *p, tw_register a, size_t n) {
    return tw_plan_window(p, TW_STEP_RAMP, a, n);
}

static tw_register hma_of(tw_plan *p, tw_register a, size_t n) {
    size_t half = n / 2 > 0 ? n / 2 : 1;
    tw_register raw =
        tw_plan_subtract(p, tw_plan_affine(p, wma_of(p, a, half), 2, 0), wma_of(p, a, n));
    return wma_of(p, raw, (size_t)sqrt((double)n));
}

static tw_register trima_of(tw_plan *p, tw_register a, size_t n) {
    return tw_plan_mean(p, tw_plan_mean(p, a, n / 2 + 1), n - n / 2);
}

/* The end of the line of least squares: 3 wma - 2 sma. */
static tw_register epma_of(tw_plan *p, tw_register a, size_t n) {
    return tw_plan_subtract(p, tw_plan_affine(p, wma_of(p, a, n), 3, 0),
                            tw_plan_affine(p, tw_plan_mean(p, a, n), 2, 0));
}

static tw_register alma_of(tw_plan *p, tw_register a, size_t n, double offset, double sigma) {
    tw_plan_step step = {.kind = TW_STEP_WEIGHTED,
                         .in = {a, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = n,
                         .k = offset,
                         .m = sigma};
    return tw_plan_step_of(p, &step);
}

/* Tillson (1998): six exponential means, weighted by the volume factor. */
static tw_register t3_of(tw_plan *p, tw_register a, size_t n, double v, int seed) {
    tw_register e[6];
    e[0] = once(p, a, n, seed, 0);
    for (size_t i = 1; i < 6; i++)
        e[i] = again(p, e[i - 1], n, seed, 0);
    tw_register sum = tw_plan_affine(p, e[5], -v * v * v, 0);
    sum = tw_plan_add(p, sum, tw_plan_affine(p, e[4], 3 * v * v + 3 * v * v * v, 0));
    sum = tw_plan_add(p, sum, tw_plan_affine(p, e[3], -6 * v * v - 3 * v - 3 * v * v * v, 0));
    return tw_plan_add(p, sum, tw_plan_affine(p, e[2], 1 + 3 * v + v * v * v + 3 * v * v, 0));
}

/* Kaufman (1995): the rate is the square of a mean of two rates, weighted by the efficiency. */
typedef struct kama_periods {
    size_t n;
    double fast;
    double slow;
    bool seeded; /* the n-th price is an answer, with which the recurrence begins */
} kama_periods;

static tw_register kama_of(tw_plan *p, tw_register a, const kama_periods *periods,
                           tw_register *ret_efficiency) {
    size_t n = periods->n;
    double fast = 2 / (periods->fast + 1);
    double slow = 2 / (periods->slow + 1);
    tw_register way = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_change(p, a, 1));
    way = tw_plan_window(p, TW_STEP_SUM, way, n);
    tw_register moved = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_change(p, a, n));
    tw_register efficiency = tw_plan_divide_or(p, moved, way, 0);
    tw_register rate = tw_plan_affine(p, efficiency, fast - slow, slow);
    tw_plan_step step = {.kind = TW_STEP_ADAPT,
                         .in = {a, tw_plan_multiply(p, rate, rate), TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = periods->seeded ? n : TW_INDICATOR_PERIOD_MAX + 1,
                         .k = slow * slow};
    *ret_efficiency = efficiency;
    return tw_plan_step_of(p, &step);
}

/* Wilder's smoothed mean that begins with the mean of n and takes the n-th by its rule once more,
 * as Stock.Indicators does in its stochastic (Stoch.StaticSeries.cs of version 3). */
static tw_register late_wilder(tw_plan *p, tw_register a, size_t n) {
    double share = ((double)n - 1) / (double)n;
    tw_register part = tw_plan_affine(p, a, 1 / (double)n, 0);
    tw_register seed = tw_plan_add(p, tw_plan_affine(p, tw_plan_mean(p, a, n), share, 0), part);
    tw_plan_step step = {.kind = TW_STEP_RECUR,
                         .in = {tw_plan_constant(p, share), part, seed, TW_NO_REGISTER},
                         .k = share};
    return tw_plan_step_of(p, &step);
}

tw_register tw_plan_average(tw_plan *p, int which, tw_register a, size_t n) {
    tw_register efficiency = TW_NO_REGISTER;
    switch (which) {
    case 1:
        return tw_plan_ema(p, a, n, false);
    case 2:
        return tw_plan_wilder(p, a, n);
    case 3:
        return wma_of(p, a, n);
    case 4:
        return dema_of(p, a, n, 0, 0);
    case 5:
        return tema_of(p, a, n, 0, 0);
    case 6:
        return hma_of(p, a, n);
    case 7:
        return trima_of(p, a, n);
    case 8:
        return epma_of(p, a, n);
    case 9:
        return alma_of(p, a, n, 0.85, 6);
    case 10:
        return tw_plan_ema(p, a, n, true);
    case 11:
        return tw_plan_smooth(p, a, 1 / (double)n, 1, 1);
    case 12:
        return dema_of(p, a, n, 2, 0);
    case 13:
        return tema_of(p, a, n, 2, 0);
    case 14:
        return kama_of(p, a, &(kama_periods){n, 2, 30, false}, &efficiency);
    case 15:
        return t3_of(p, a, n, 0.7, 0);
    case 16:
        return late_wilder(p, a, n);
    default:
        return tw_plan_mean(p, a, n);
    }
}

tw_register tw_plan_average_by(tw_plan *p, size_t parameter, tw_register a, size_t n) {
    return tw_plan_average(p, tw_plan_chosen(p, parameter), a, n);
}

static void sma(tw_plan *p) {
    tw_plan_output(p, tw_plan_mean(p, CLOSE, tw_plan_period(p, 0)));
}

static void ema(tw_plan *p) {
    tw_plan_output(p, tw_plan_ema(p, CLOSE, tw_plan_period(p, 0), tw_plan_choice(p, 1, 1)));
}

static void smma(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    size_t seeds = tw_plan_choice(p, 1, 1) ? 1 : n;
    tw_plan_output(p, tw_plan_smooth(p, CLOSE, 1 / (double)n, seeds, seeds));
}

static void wma(tw_plan *p) {
    tw_plan_output(p, wma_of(p, CLOSE, tw_plan_period(p, 0)));
}

static void dema(tw_plan *p) {
    tw_plan_output(
        p, dema_of(p, CLOSE, tw_plan_period(p, 0), tw_plan_chosen(p, 1), tw_plan_period(p, 2)));
}

static void tema(tw_plan *p) {
    tw_plan_output(
        p, tema_of(p, CLOSE, tw_plan_period(p, 0), tw_plan_chosen(p, 1), tw_plan_period(p, 2)));
}

static void t3(tw_plan *p) {
    tw_plan_output(
        p, t3_of(p, CLOSE, tw_plan_period(p, 0), tw_plan_number(p, 1), tw_plan_chosen(p, 2)));
}

static void hma(tw_plan *p) {
    tw_plan_output(p, hma_of(p, CLOSE, tw_plan_period(p, 0)));
}

static void trima(tw_plan *p) {
    tw_plan_output(p, trima_of(p, CLOSE, tw_plan_period(p, 0)));
}

/* sma(n) - sma(2n) + sma(3n). */
static void relative(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register apart =
        tw_plan_subtract(p, tw_plan_mean(p, CLOSE, n), tw_plan_mean(p, CLOSE, 2 * n));
    tw_plan_output(p, tw_plan_add(p, apart, tw_plan_mean(p, CLOSE, 3 * n)));
}

static void epma(tw_plan *p) {
    tw_plan_output(p, epma_of(p, CLOSE, tw_plan_period(p, 0)));
}

static void alma(tw_plan *p) {
    tw_plan_output(
        p, alma_of(p, CLOSE, tw_plan_period(p, 0), tw_plan_number(p, 1), tw_plan_number(p, 2)));
}

static void kama(tw_plan *p) {
    tw_register efficiency = TW_NO_REGISTER;
    kama_periods periods = {tw_plan_period(p, 0), tw_plan_number(p, 1), tw_plan_number(p, 2),
                            tw_plan_choice(p, 3, 1)};
    tw_plan_output(p, kama_of(p, CLOSE, &periods, &efficiency));
    tw_plan_output(p, efficiency);
}

/* The lag (n + 1) / 2, halfway between two rows where it is not whole, is taken out beforehand;
 * the seed is the mean of the prices themselves (TTR: zlema.c). */
static void zlema(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    size_t more = (n + 2) / 2;
    size_t less = (n + 1) / 2;
    tw_register old = tw_plan_add(p, tw_plan_lag(p, CLOSE, more), tw_plan_lag(p, CLOSE, less));
    tw_register early =
        tw_plan_subtract(p, tw_plan_affine(p, CLOSE, 2, 0), tw_plan_affine(p, old, 0.5, 0));
    double rate = 2 / ((double)n + 1);
    /* y = (1 - rate) y + rate early, from the mean of the first n rows on. */
    tw_plan_step step = {.kind = TW_STEP_RECUR,
                         .in = {tw_plan_constant(p, 1 - rate), tw_plan_affine(p, early, rate, 0),
                                tw_plan_mean(p, CLOSE, n), TW_NO_REGISTER},
                         .k = 1 - rate};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

static void dynamic(tw_plan *p) {
    tw_plan_step step = {.kind = TW_STEP_DYNAMIC,
                         .in = {CLOSE, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = tw_plan_period(p, 0),
                         .k = tw_plan_number(p, 1)};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

static const tw_indicator_entry entries[] = {
    {{.name = "sma",
      .summary = "simple mean",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("sma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     sma},
    {{.name = "ema",
      .summary = "exponential mean, rate 2 / (period + 1)",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("seed", 0, 2, SEEDS)),
      TW_OUTPUTS("ema"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     ema},
    {{.name = "smma",
      .summary = "Wilder's smoothed mean, rate 1 / period",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("seed", 0, 2, SEEDS)),
      TW_OUTPUTS("smma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     smma},
    {{.name = "wma",
      .summary = "mean with weights 1 to period",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("wma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     wma},
    {{.name = "dema",
      .summary = "double exponential mean",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("seed", 0, 4, CHAIN_SEEDS),
                    TW_PERIOD_FROM("skip", 0, 0)),
      TW_OUTPUTS("dema"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     dema},
    {{.name = "tema",
      .summary = "triple exponential mean",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("seed", 0, 4, CHAIN_SEEDS),
                    TW_PERIOD_FROM("skip", 0, 0)),
      TW_OUTPUTS("tema"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     tema},
    {{.name = "t3",
      .summary = "Tillson's mean of six exponential means",
      TW_PARAMETERS(TW_PERIOD("period", 5), TW_NUMBER("factor", 0.7, 0, 1),
                    TW_CHOICE("seed", 0, 4, CHAIN_SEEDS)),
      TW_OUTPUTS("t3"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     t3},
    {{.name = "hma",
      .summary = "Hull's mean of weighted means",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("hma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     hma},
    {{.name = "kama",
      .summary = "Kaufman's adaptive mean",
      TW_PARAMETERS(TW_PERIOD("period", 10), TW_PERIOD("fast", 2), TW_PERIOD("slow", 30),
                    TW_CHOICE("from", 0, 2, "rate|seed")),
      TW_OUTPUTS("kama", "efficiency"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     kama},
    {{.name = "trima",
      .summary = "triangular mean: a mean of means",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("trima"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     trima},
    {{.name = "relative_sma",
      .summary = "relative moving average of three simple means",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("relative_sma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     relative},
    {{.name = "zlema",
      .summary = "exponential mean with its lag taken out",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 20, 2)),
      TW_OUTPUTS("zlema"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     zlema},
    {{.name = "alma",
      .summary = "Arnaud Legoux's mean with the weights of a bell (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 9), TW_NUMBER("offset", 0.85, 0, 1),
                    TW_NUMBER("sigma", 6, 1e-3, 1e3)),
      TW_OUTPUTS("alma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     alma},
    {{.name = "epma",
      .summary = "end of the line of least squares",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("epma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     epma},
    {{.name = "dynamic",
      .summary = "McGinley's mean, faster when the price runs away",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_NUMBER("factor", 0.6, 1e-3, 1e3)),
      TW_OUTPUTS("dynamic"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     dynamic},
};

TW_FAMILY(tw_indicator_averages, entries);
