/*
 * indicator_levels.c - kinds: prices of a row, and levels that are drawn beside the price.
 */
#include "indicator_plan.h"

/* ---- Prices ----------------------------------------------------------------------------- */

#define PARTS "close|open|high|low|volume|hl2|hlc3|oc2|ohl3|ohlc4|hlcc4"

static tw_register mean_of_three(tw_plan *p, tw_register a, tw_register b, tw_register c) {
    tw_plan_step step = {.kind = TW_STEP_MEAN_OF_THREE, .in = {a, b, c, TW_NO_REGISTER}};
    return tw_plan_step_of(p, &step);
}

static tw_register price_of(tw_plan *p, int part) {
    switch (part) {
    case 1:
        return OPEN;
    case 2:
        return HIGH;
    case 3:
        return LOW;
    case 4:
        return VOLUME;
    case 5:
        return tw_plan_median_price(p);
    case 6:
        return tw_plan_typical_price(p);
    case 7:
        return tw_plan_scaled(p, tw_plan_add(p, OPEN, CLOSE), 0.5);
    case 8:
        return mean_of_three(p, OPEN, HIGH, LOW);
    case 9:
        return tw_plan_scaled(
            p, tw_plan_add(p, tw_plan_add(p, OPEN, HIGH), tw_plan_add(p, LOW, CLOSE)), 0.25);
    case 10:
        return tw_plan_scaled(
            p, tw_plan_add(p, tw_plan_add(p, HIGH, LOW), tw_plan_scaled(p, CLOSE, 2)), 0.25);
    default:
        return CLOSE;
    }
}

static void price(tw_plan *p) {
    tw_plan_output(p, price_of(p, tw_plan_chosen(p, 0)));
}

/* ---- Windows of closes ------------------------------------------------------------------- */

static void midpoint(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register sum = tw_plan_add(p, tw_plan_window(p, TW_STEP_HIGHEST, CLOSE, n),
                                  tw_plan_window(p, TW_STEP_LOWEST, CLOSE, n));
    tw_plan_output(p, tw_plan_scaled(p, sum, 0.5));
}

/* The ages are rows before this one; of equal extremes the newest, or the oldest, counts. */
static void extremes(tw_plan *p) {
    tw_plan_step step = {.kind = TW_STEP_LOWEST_AGE,
                         .in = {CLOSE, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = tw_plan_period(p, 0),
                         .m = tw_plan_number(p, 1)};
    tw_plan_output(p, tw_plan_window(p, TW_STEP_LOWEST, CLOSE, step.n));
    tw_plan_output(p, tw_plan_window(p, TW_STEP_HIGHEST, CLOSE, step.n));
    tw_plan_output(p, tw_plan_step_of(p, &step));
    step.kind = TW_STEP_HIGHEST_AGE;
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

/* Least squares over the rows of the window, the oldest being row 0. The mean of the closes stands
 * in the middle, and so many slopes further are the ends and the row to come. */
static void linear_regression(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register row = tw_plan_one(p, TW_STEP_COUNT, TW_NO_REGISTER);
    tw_plan_step step = {
        .kind = TW_STEP_COMOMENTS, .in = {row, CLOSE, TW_NO_REGISTER, TW_NO_REGISTER}, .n = n};
    tw_register moments = tw_plan_step_of(p, &step);
    tw_register rise = tw_plan_divide(p, moments + 4, moments + 2);
    double half = ((double)n - 1) / 2;
    tw_register middle = moments + 1;
    tw_plan_output(p, tw_plan_add(p, middle, tw_plan_scaled(p, rise, half)));
    tw_plan_output(p, rise);
    tw_plan_output(p, tw_plan_subtract(p, middle, tw_plan_scaled(p, rise, half)));
    tw_plan_output(p, tw_plan_one(p, TW_STEP_ARCTANGENT, rise));
    tw_plan_output(p, tw_plan_add(p, middle, tw_plan_scaled(p, rise, half + 1)));
}

/* ---- Pivots ----------------------------------------------------------------------------- */

#define PIVOTS "standard|camarilla|demark|fibonacci|woodie"

typedef struct range {
    tw_register high;
    tw_register low;
    tw_register size;
} range;

/* Supports below and resistances above the middle by these parts of the range. */
static void levels_by_parts(tw_plan *p, tw_register middle, const range *of, const double *parts) {
    tw_plan_output(p, middle);
    for (size_t i = 0; i < 4; i++)
        tw_plan_output(p, parts[i] == 0
                              ? tw_plan_nothing(p)
                              : tw_plan_subtract(p, middle, tw_plan_scaled(p, of->size, parts[i])));
    for (size_t i = 0; i < 4; i++)
        tw_plan_output(p, parts[i] == 0
                              ? tw_plan_nothing(p)
                              : tw_plan_add(p, middle, tw_plan_scaled(p, of->size, parts[i])));
}

/* The floor traders' levels: what the range leaves on the other side of the middle. */
static void floor_levels(tw_plan *p, tw_register middle, const range *of) {
    tw_register above = tw_plan_subtract(p, middle, of->low);
    tw_register below = tw_plan_subtract(p, of->high, middle);
    tw_plan_output(p, middle);
    tw_plan_output(p, tw_plan_subtract(p, middle, below));
    tw_plan_output(p, tw_plan_subtract(p, middle, of->size));
    tw_plan_output(p, tw_plan_subtract(p, of->low, tw_plan_scaled(p, below, 2)));
    tw_plan_output(p, tw_plan_nothing(p));
    tw_plan_output(p, tw_plan_add(p, middle, above));
    tw_plan_output(p, tw_plan_add(p, middle, of->size));
    tw_plan_output(p, tw_plan_add(p, of->high, tw_plan_scaled(p, above, 2)));
    tw_plan_output(p, tw_plan_nothing(p));
}

/* DeMark: the close counts twice, or the extreme that its body points to. One level on each side.
 */
static void demark_levels(tw_plan *p, const range *of, tw_register open, tw_register close) {
    tw_register sum = tw_plan_add(p, tw_plan_add(p, of->high, of->low), close);
    tw_register rose = tw_plan_subtract(p, close, open);
    tw_register doubled = tw_plan_choose(
        p, rose, of->high, tw_plan_choose(p, tw_plan_scaled(p, rose, -1), of->low, close));
    tw_register twice = tw_plan_add(p, sum, doubled);
    tw_register half = tw_plan_scaled(p, twice, 0.5);
    tw_plan_output(p, tw_plan_scaled(p, twice, 0.25));
    tw_plan_output(p, tw_plan_subtract(p, half, of->high));
    for (size_t i = 0; i < 3; i++)
        tw_plan_output(p, tw_plan_nothing(p));
    tw_plan_output(p, tw_plan_subtract(p, half, of->low));
    for (size_t i = 0; i < 3; i++)
        tw_plan_output(p, tw_plan_nothing(p));
}

/* `prices` are the registers of open, high, low and close, then the open of now. */
static void levels(tw_plan *p, int type, const tw_register *prices) {
    static const double camarilla[] = {1.1 / 12, 1.1 / 6, 1.1 / 4, 1.1 / 2};
    static const double fibonacci[] = {0.382, 0.618, 1, 0};
    range of = {prices[1], prices[2], tw_plan_subtract(p, prices[1], prices[2])};
    tw_register sum = tw_plan_add(p, of.high, of.low);
    switch (type) {
    case 1:
        levels_by_parts(p, prices[3], &of, camarilla);
        break;
    case 2:
        demark_levels(p, &of, prices[0], prices[3]);
        break;
    case 3:
        levels_by_parts(p, mean_of_three(p, of.high, of.low, prices[3]), &of, fibonacci);
        break;
    case 4:
        floor_levels(
            p, tw_plan_scaled(p, tw_plan_add(p, sum, tw_plan_scaled(p, prices[4], 2)), 0.25), &of);
        break;
    default:
        floor_levels(p, mean_of_three(p, of.high, of.low, prices[3]), &of);
    }
}

/* Of the window that ends before the last `shift` rows and this one. */
static void rolling_pivots(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    size_t shift = tw_plan_period(p, 1) + 1;
    tw_register prices[] = {
        tw_plan_lag(p, OPEN, shift + n - 1),
        tw_plan_lag(p, tw_plan_window(p, TW_STEP_HIGHEST, HIGH, n), shift),
        tw_plan_lag(p, tw_plan_window(p, TW_STEP_LOWEST, LOW, n), shift),
        tw_plan_lag(p, CLOSE, shift),
        OPEN,
    };
    levels(p, tw_plan_chosen(p, 2), prices);
}

static void pivot_points(tw_plan *p) {
    tw_plan_step step = {.kind = TW_STEP_SESSION, .in = {OPEN, HIGH, LOW, CLOSE}};
    tw_register last = tw_plan_step_of(p, &step);
    tw_register prices[] = {last, last + 1, last + 2, last + 3, last + 4};
    levels(p, tw_plan_chosen(p, 0), prices);
}

#define LEVELS TW_OUTPUTS("pivot", "s1", "s2", "s3", "s4", "r1", "r2", "r3", "r4")

static const tw_indicator_entry entries[] = {
    {{.name = "price",
      .summary = "a price of the row, or a mean of some, or its volume",
      TW_PARAMETERS(TW_CHOICE("part", 0, 11, PARTS)),
      TW_OUTPUTS("price"),
      .inputs = TW_READS_ALL,
      .price_outputs = TW_PRICES(1)},
     price},
    {{.name = "midpoint",
      .summary = "the middle between the least and the greatest of the closes",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("midpoint"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(1)},
     midpoint},
    {{.name = "extremes",
      .summary = "least and greatest of the closes, and the rows since then (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 30), TW_CHOICE("ties", 0, 2, "newest|oldest")),
      TW_OUTPUTS("min", "max", "min_age", "max_age"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(2)},
     extremes},
    {{.name = "linear_regression",
      .summary = "line of least squares: its end, slope, beginning, angle and next value",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 14, 2)),
      TW_OUTPUTS("end", "slope", "begin", "angle", "forecast"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 0 | 1u << 2 | 1u << 4},
     linear_regression},
    {{.name = "pivot_points",
      .summary = "pivots of the session before this one (reset)",
      TW_PARAMETERS(TW_CHOICE("type", 0, 5, PIVOTS)),
      LEVELS,
      .inputs = TW_READS_OHLC,
      .price_outputs = TW_PRICES(9)},
     pivot_points},
    {{.name = "rolling_pivots",
      .summary = "pivots of the window before the last `shift` rows",
      TW_PARAMETERS(TW_PERIOD("period", 11), TW_PERIOD_FROM("shift", 9, 0),
                    TW_CHOICE("type", 0, 5, PIVOTS)),
      LEVELS,
      .inputs = TW_READS_OHLC,
      .price_outputs = TW_PRICES(9)},
     rolling_pivots},
};

TW_FAMILY(tw_indicator_levels, entries);
