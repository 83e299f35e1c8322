/*
 * indicator_swings.c - kinds: turns of the price, and candles that speak of them.
 */
#include "indicator_plan.h"

/* The value of `right` rows before if it is beyond all of the rows on either side of it, `left` and
 * `right` of them. With sign -1 a low is told as the high of the mirrored price. */
static tw_register fractal_of(tw_plan *p, tw_register price, double sign, size_t left,
                              size_t right) {
    tw_register a = tw_plan_scaled(p, price, sign);
    tw_register after = tw_plan_window(p, TW_STEP_HIGHEST, a, right);
    tw_register before = tw_plan_lag(p, tw_plan_window(p, TW_STEP_HIGHEST, a, left), right + 1);
    tw_register middle = tw_plan_lag(p, a, right);
    tw_register sides = tw_plan_two(p, TW_STEP_GREATER, before, after);
    tw_register beyond = tw_plan_two(p, TW_STEP_ABOVE, middle, sides);
    return tw_plan_choose(p, beyond, tw_plan_lag(p, price, right), tw_plan_nothing(p));
}

static void fractals(tw_plan *p, tw_register *ret_high, tw_register *ret_low) {
    size_t left = tw_plan_period(p, 0);
    size_t right = tw_plan_period(p, 1) > 0 ? tw_plan_period(p, 1) : left;
    bool close = tw_plan_choice(p, 2, 1);
    *ret_high = fractal_of(p, close ? CLOSE : HIGH, 1, left, right);
    *ret_low = fractal_of(p, close ? CLOSE : LOW, -1, left, right);
}

static void fractal(tw_plan *p) {
    tw_register high = TW_NO_REGISTER;
    tw_register low = TW_NO_REGISTER;
    fractals(p, &high, &low);
    tw_plan_output(p, high);
    tw_plan_output(p, low);
}

/* The lines between turns are drawn backwards: their slope is told with the turn that ends them. */
static void pivots(tw_plan *p) {
    tw_register points[2];
    fractals(p, &points[0], &points[1]);
    for (size_t i = 0; i < 2; i++)
        tw_plan_output(p, points[i]);
    for (size_t i = 0; i < 2; i++) {
        tw_plan_step step = {.kind = TW_STEP_TREND,
                             .in = {points[i], TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER},
                             .k = tw_plan_number(p, 3)};
        tw_plan_output(p, tw_plan_step_of(p, &step));
    }
}

/* Williams: the last fractals that are known with this row. */
static void fractal_bands(tw_plan *p) {
    size_t span = tw_plan_period(p, 0);
    tw_register upper = fractal_of(p, HIGH, 1, span, span);
    tw_register lower = fractal_of(p, LOW, -1, span, span);
    tw_plan_output(p, tw_plan_two(p, TW_STEP_HOLD, upper, HIGH));
    tw_plan_output(p, tw_plan_two(p, TW_STEP_HOLD, lower, LOW));
}

/* With bounded, a value beyond 0.99 is put to 0.999, as Ehlers does. */
static tw_register recur(tw_plan *p, tw_register a, tw_register b, tw_register first, double k,
                         bool bounded) {
    tw_plan_step step = {.kind = TW_STEP_RECUR,
                         .in = {a, b, first, TW_NO_REGISTER},
                         .k = k,
                         .m = bounded ? 0.999 : 0,
                         .l = bounded ? 0.99 : 0};
    return tw_plan_step_of(p, &step);
}

static tw_register growing(tw_plan *p, tw_step_kind kind, tw_register a, size_t n) {
    tw_plan_step step = {
        .kind = kind, .in = {a, TW_NO_REGISTER, TW_NO_REGISTER, TW_NO_REGISTER}, .n = n, .m = 1};
    return tw_plan_step_of(p, &step);
}

/* Ehlers (2002): the place of the median price in its range, smoothed, made normal. */
static void fisher(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register price = tw_plan_median_price(p);
    tw_register low = growing(p, TW_STEP_LOWEST, price, n);
    tw_register range = tw_plan_subtract(p, growing(p, TW_STEP_HIGHEST, price, n), low);
    tw_register place = tw_plan_divide_or(p, tw_plan_subtract(p, price, low), range, 0);
    tw_register still = tw_plan_two(p, TW_STEP_ABOVE, range, tw_plan_constant(p, 0));
    tw_register term = tw_plan_multiply(p, still, tw_plan_affine(p, place, 0.66, -0.33));
    tw_register value =
        recur(p, tw_plan_scaled(p, still, 0.67), term, tw_plan_scaled(p, term, 0), 0.67, true);
    tw_register ratio =
        tw_plan_divide(p, tw_plan_affine(p, value, 1, 1), tw_plan_affine(p, value, -1, 1));
    tw_register half = tw_plan_scaled(p, tw_plan_one(p, TW_STEP_LOGARITHM, ratio), 0.5);
    tw_register line =
        recur(p, tw_plan_constant(p, 0.5), half, tw_plan_scaled(p, half, 0), 0.5, false);
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_lag(p, line, 1));
}

/* Klinger (1997): volume by the trend, and by how much of the trend's way is this row's. */
static void klinger(tw_plan *p) {
    tw_register sum = tw_plan_add(p, tw_plan_add(p, HIGH, LOW), CLOSE);
    tw_register change = tw_plan_change(p, sum, 1);
    tw_register rising = tw_plan_two(p, TW_STEP_ABOVE, change, tw_plan_constant(p, 0));
    tw_register trend = tw_plan_affine(p, rising, 2, -1);
    tw_register range = tw_plan_subtract(p, HIGH, LOW);
    tw_register last = tw_plan_lag(p, range, 1);
    tw_register turn = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_change(p, rising, 1));
    tw_register same = tw_plan_affine(p, turn, -1, 1);
    tw_register more = tw_plan_add(p, range, tw_plan_multiply(p, turn, last));
    tw_register way = recur(p, same, more, more, 0, false);
    tw_register share = tw_plan_divide_or(p, range, way, 1);
    tw_register force = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_affine(p, share, 2, -2));
    force = tw_plan_multiply(p, tw_plan_multiply(p, force, trend), VOLUME);
    force = tw_plan_scaled(p, force, 100);
    tw_register line = tw_plan_subtract(p, tw_plan_ema(p, force, tw_plan_period(p, 0), false),
                                        tw_plan_ema(p, force, tw_plan_period(p, 1), false));
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_ema(p, line, tw_plan_period(p, 2), false));
}

/* Of the median price. With seed=zero the adaptive mean begins with 0. */
static tw_register cycle_of(tw_plan *p, double fast, double slow, double first, bool from_zero) {
    tw_register seed = from_zero ? tw_plan_constant(p, 0) : TW_NO_REGISTER;
    tw_plan_step step = {.kind = TW_STEP_CYCLE,
                         .in = {tw_plan_median_price(p), seed, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = 50,
                         .k = fast,
                         .m = slow,
                         .l = first};
    return tw_plan_step_of(p, &step);
}

static void trendline(tw_plan *p) {
    tw_register line = cycle_of(p, 0.5, 0.05, tw_plan_number(p, 0), false);
    tw_plan_output(p, line);
    tw_plan_output(p, line + 1);
    tw_plan_output(p, line + 2);
    for (tw_register o = 5; o < 8; o++)
        tw_plan_output(p, line + o);
}

static void sine_wave(tw_plan *p) {
    tw_register line = cycle_of(p, 0.5, 0.05, tw_plan_number(p, 0), false);
    tw_plan_step step = {
        .kind = TW_STEP_PHASE, .in = {line + 1, line + 5, line, TW_NO_REGISTER}, .n = 50};
    tw_register phase = tw_plan_step_of(p, &step);
    for (tw_register o = 0; o < 4; o++)
        tw_plan_output(p, phase + o);
}

static void mama(tw_plan *p) {
    tw_register line = cycle_of(p, tw_plan_number(p, 0), tw_plan_number(p, 1), tw_plan_number(p, 2),
                                tw_plan_choice(p, 3, 1));
    tw_plan_output(p, line + 3);
    tw_plan_output(p, line + 4);
}

/* A candle that is nearly all body: its close, and 100 rising or -100 falling, else 0. */
static void marubozu(tw_plan *p) {
    tw_register body = tw_plan_subtract(p, CLOSE, OPEN);
    tw_register size = tw_plan_one(p, TW_STEP_MAGNITUDE, body);
    tw_register share =
        tw_plan_divide_or(p, tw_plan_scaled(p, size, 100), tw_plan_subtract(p, HIGH, LOW), 0);
    tw_register least = tw_plan_constant(p, tw_plan_number(p, 0));
    tw_register short_of = tw_plan_two(p, TW_STEP_ABOVE, least, share);
    tw_register zero = tw_plan_constant(p, 0);
    tw_register up = tw_plan_two(p, TW_STEP_ABOVE, body, zero);
    tw_register side = tw_plan_affine(p, up, 200, -100);
    tw_plan_output(p, tw_plan_choose(p, short_of, tw_plan_nothing(p), CLOSE));
    tw_plan_output(p, tw_plan_choose(p, short_of, zero, side));
}

#define TURNS \
    TW_PERIOD("left", 2), TW_PERIOD_FROM("right", 0, 0), TW_CHOICE("of", 0, 2, "range|close")

static const tw_indicator_entry entries[] = {
    {{.name = "fractal",
      .summary = "high and low of the row `right` before that stand out; right=0 is left",
      TW_PARAMETERS(TURNS),
      TW_OUTPUTS("high", "low"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(2)},
     fractal},
    {{.name = "pivots",
      .summary = "turns, and the slope to each from the last one if it is near",
      TW_PARAMETERS(TURNS, TW_PERIOD("rows", 20)),
      TW_OUTPUTS("high", "low", "high_slope", "low_slope"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(2)},
     pivots},
    {{.name = "fractal_bands",
      .summary = "the last such high and low that are known",
      TW_PARAMETERS(TW_PERIOD("span", 2)),
      TW_OUTPUTS("upper", "lower"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(2)},
     fractal_bands},
    {{.name = "fisher",
      .summary = "Ehlers's transform of the place in the range, and its last value",
      TW_PARAMETERS(TW_PERIOD("period", 10)),
      TW_OUTPUTS("fisher", "trigger"),
      .inputs = TW_READS_HL},
     fisher},
    {{.name = "klinger",
      .summary = "Klinger's oscillator of volume by trend",
      TW_PARAMETERS(TW_PERIOD("fast", 34), TW_PERIOD("slow", 55), TW_PERIOD("signal", 13)),
      TW_OUTPUTS("klinger", "signal"),
      .inputs = TW_READS_HLCV},
     klinger},
    {{.name = "trendline",
      .summary =
          "Ehlers's instantaneous trend, smoothed price, rows of its mean, period and phases",
      TW_PARAMETERS(TW_PERIOD_FROM("from", 6, 6)),
      TW_OUTPUTS("trendline", "smooth", "rows", "period", "in_phase", "quadrature"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(2)},
     trendline},
    {{.name = "sine_wave",
      .summary = "Ehlers's phase of the cycle, its sine, the sine ahead, and 1 in a trend",
      TW_PARAMETERS(TW_PERIOD_FROM("from", 6, 6)),
      TW_OUTPUTS("phase", "sine", "lead", "trend"),
      .inputs = TW_READS_HL},
     sine_wave},
    {{.name = "mama",
      .summary = "Ehlers's adaptive mean and the one that follows it",
      TW_PARAMETERS(TW_NUMBER("fast", 0.5, 1e-6, 1), TW_NUMBER("slow", 0.05, 1e-6, 1),
                    TW_PERIOD_FROM("from", 6, 6), TW_CHOICE("seed", 0, 2, "mean|zero")),
      TW_OUTPUTS("mama", "fama"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(2)},
     mama},
    {{.name = "marubozu",
      .summary = "candles that are nearly all body: their close, and 100 or -100",
      TW_PARAMETERS(TW_NUMBER("percent", 95, 0, 100)),
      TW_OUTPUTS("price", "match"),
      .inputs = TW_READS_OHLC,
      .price_outputs = TW_PRICES(1)},
     marubozu},
};

TW_FAMILY(tw_indicator_swings, entries);
