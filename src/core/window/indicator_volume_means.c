/*
 * indicator_volume_means.c - kinds: means by volume, and lines drawn beside a mean.
 */
#include "indicator_plan.h"

static tw_register by_volume(tw_plan *p, tw_register price, size_t n) {
    tw_register value = tw_plan_multiply(p, price, VOLUME);
    return tw_plan_divide(p, tw_plan_window(p, TW_STEP_SUM, value, n),
                          tw_plan_window(p, TW_STEP_SUM, VOLUME, n));
}

static void vwma(tw_plan *p) {
    tw_plan_output(p, by_volume(p, CLOSE, tw_plan_period(p, 0)));
}

#define PRICES "typical|ohlc4|close"

static tw_register price_of(tw_plan *p, size_t parameter) {
    if (tw_plan_choice(p, parameter, 0))
        return tw_plan_typical_price(p);
    if (tw_plan_choice(p, parameter, 2))
        return CLOSE;
    tw_register range = tw_plan_add(p, HIGH, LOW);
    tw_register body = tw_plan_add(p, OPEN, CLOSE);
    return tw_plan_affine(p, tw_plan_add(p, range, body), 0.25, 0);
}

static void vwap_rolling(tw_plan *p) {
    tw_plan_output(p, by_volume(p, price_of(p, 1), tw_plan_period(p, 0)));
}

static tw_register session_total(tw_plan *p, tw_register a) {
    tw_plan_step step = {
        .kind = TW_STEP_TOTAL, .in = {a, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER}, .n = 1};
    return tw_plan_step_of(p, &step);
}

/* A row counts only where price and volume are there. */
static void vwap(tw_plan *p) {
    tw_register value = tw_plan_multiply(p, price_of(p, 0), VOLUME);
    tw_register volume = tw_plan_add(p, VOLUME, tw_plan_affine(p, value, 0, 0));
    tw_plan_output(p, tw_plan_divide(p, session_total(p, value), session_total(p, volume)));
}

/* y moves to the price by this row's share of the window's volume (Fries; TTR: evwma.c). */
static void evwma(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register share = tw_plan_divide_or(p, VOLUME, tw_plan_window(p, TW_STEP_SUM, VOLUME, n), 0);
    /* The first whole window only begins it. */
    tw_plan_step after = {.kind = TW_STEP_SKIP,
                          .in = {share, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                          .n = 1};
    tw_plan_step step = {.kind = TW_STEP_ADAPT,
                         .in = {CLOSE, tw_plan_step_of(p, &after), TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = n};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

static void envelope(tw_plan *p) {
    double part = tw_plan_number(p, 1) / 100;
    tw_register middle = tw_plan_average_by(p, 2, CLOSE, tw_plan_period(p, 0));
    tw_register width = tw_plan_affine(p, middle, part, 0);
    tw_plan_output(p, middle);
    tw_plan_output(p, tw_plan_add(p, middle, width));
    tw_plan_output(p, tw_plan_subtract(p, middle, width));
}

/* Williams (1995): three smoothed means of the median price, each moved forward. */
static void alligator_lines(tw_plan *p, tw_register *ret_lines) {
    for (size_t i = 0; i < 3; i++) {
        tw_register line = tw_plan_wilder(p, tw_plan_median_price(p), tw_plan_period(p, 2 * i));
        ret_lines[i] = tw_plan_lag(p, line, tw_plan_period(p, 2 * i + 1));
    }
}

static void alligator(tw_plan *p) {
    tw_register lines[3];
    alligator_lines(p, lines);
    for (size_t i = 0; i < 3; i++)
        tw_plan_output(p, lines[i]);
}

static void gator(tw_plan *p) {
    tw_register lines[3];
    alligator_lines(p, lines);
    tw_register upper = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_subtract(p, lines[0], lines[1]));
    tw_register lower = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_subtract(p, lines[1], lines[2]));
    tw_plan_output(p, upper);
    tw_plan_output(p, tw_plan_affine(p, lower, -1, 0));
}

#define ALLIGATOR_PARAMETERS                                                              \
    TW_PARAMETERS(TW_PERIOD("jaw", 13), TW_PERIOD("jaw_shift", 8), TW_PERIOD("teeth", 8), \
                  TW_PERIOD("teeth_shift", 5), TW_PERIOD("lips", 5), TW_PERIOD("lips_shift", 3))

static const tw_indicator_entry entries[] = {
    {{.name = "vwma",
      .summary = "mean of the closes by volume",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("vwma"),
      .inputs = TW_READS_CV,
      .price_outputs = TW_PRICES(1)},
     vwma},
    {{.name = "evwma",
      .summary = "elastic mean: the rate is the row's share of the volume",
      TW_PARAMETERS(TW_PERIOD("period", 10)),
      TW_OUTPUTS("evwma"),
      .inputs = TW_READS_CV,
      .price_outputs = TW_PRICES(1)},
     evwma},
    {{.name = "vwap",
      .summary = "mean of a price by volume since the session began (reset)",
      TW_PARAMETERS(TW_CHOICE("price", 0, 3, PRICES)),
      TW_OUTPUTS("vwap"),
      .inputs = TW_READS_ALL,
      .price_outputs = TW_PRICES(1)},
     vwap},
    {{.name = "vwap_rolling",
      .summary = "mean of a price by volume over a window",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("price", 0, 3, PRICES)),
      TW_OUTPUTS("vwap"),
      .inputs = TW_READS_ALL,
      .price_outputs = TW_PRICES(1)},
     vwap_rolling},
    {{.name = "envelope",
      .summary = "a mean and lines in per cent of it beside it",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("percent", 2.5, 0, 1e3), TW_MEAN("mean", 0)),
      TW_OUTPUTS("middle", "upper", "lower"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(3)},
     envelope},
    {{.name = "alligator",
      .summary = "Williams's three smoothed means of the median price, moved forward",
      ALLIGATOR_PARAMETERS,
      TW_OUTPUTS("jaw", "teeth", "lips"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(3)},
     alligator},
    {{.name = "gator",
      .summary = "how far the lines of the alligator are apart",
      ALLIGATOR_PARAMETERS,
      TW_OUTPUTS("upper", "lower"),
      .inputs = TW_READS_HL},
     gator},
};

TW_FAMILY(tw_indicator_volume_means, entries);
