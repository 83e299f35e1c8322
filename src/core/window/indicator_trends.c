/*
 * indicator_trends.c - kinds: channels around a price, stops that follow it, smoothed candles.
 */
#include "indicator_plan.h"

static tw_register atr_of(tw_plan *p, size_t n) {
    return tw_plan_wilder(p, tw_plan_true_range(p), n);
}

/* upper, middle, lower, and the width in parts of the middle. */
static void channel(tw_plan *p, tw_register upper, tw_register middle, tw_register lower) {
    tw_plan_output(p, upper);
    tw_plan_output(p, middle);
    tw_plan_output(p, lower);
    tw_plan_output(p, tw_plan_divide(p, tw_plan_subtract(p, upper, lower), middle));
}

/* The deviation is around the simple mean, whatever the middle line is. */
static void bollinger(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register sd = tw_plan_deviation(p, CLOSE, n, tw_plan_number(p, 2));
    double up = tw_plan_number(p, 1);
    double down = tw_plan_number(p, 4) > 0 ? tw_plan_number(p, 4) : up;
    tw_register middle = tw_plan_average_by(p, 3, CLOSE, n);
    tw_register upper = tw_plan_add(p, middle, tw_plan_scaled(p, sd, up));
    tw_register lower = tw_plan_subtract(p, middle, tw_plan_scaled(p, sd, down));
    tw_register range = tw_plan_subtract(p, upper, lower);
    tw_plan_output(p, middle);
    tw_plan_output(p, upper);
    tw_plan_output(p, lower);
    tw_plan_output(p, tw_plan_divide(p, tw_plan_subtract(p, CLOSE, lower), range));
    tw_plan_output(p, tw_plan_divide(p, range, middle));
    tw_plan_output(p, tw_plan_divide(p, tw_plan_subtract(p, CLOSE, middle), sd));
}

static void keltner(tw_plan *p) {
    tw_register middle = tw_plan_ema(p, CLOSE, tw_plan_period(p, 0), false);
    tw_register width = tw_plan_scaled(p, atr_of(p, tw_plan_period(p, 2)), tw_plan_number(p, 1));
    channel(p, tw_plan_add(p, middle, width), middle, tw_plan_subtract(p, middle, width));
}

static void starc(tw_plan *p) {
    tw_register middle = tw_plan_mean(p, CLOSE, tw_plan_period(p, 0));
    tw_register width = tw_plan_scaled(p, atr_of(p, tw_plan_period(p, 2)), tw_plan_number(p, 1));
    channel(p, tw_plan_add(p, middle, width), middle, tw_plan_subtract(p, middle, width));
}

/* With rows=before, the range of the rows before this one, which this one may then break. */
static void donchian(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    size_t lag = tw_plan_choice(p, 1, 1) ? 1 : 0;
    tw_register upper = tw_plan_lag(p, tw_plan_window(p, TW_STEP_HIGHEST, HIGH, n), lag);
    tw_register lower = tw_plan_lag(p, tw_plan_window(p, TW_STEP_LOWEST, LOW, n), lag);
    channel(p, upper, tw_plan_scaled(p, tw_plan_add(p, upper, lower), 0.5), lower);
}

/* Headley (2002): high and low moved apart by the range, in parts of their middle. */
static void acceleration_bands(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register part =
        tw_plan_divide_or(p, tw_plan_subtract(p, HIGH, LOW), tw_plan_add(p, HIGH, LOW), 0);
    double factor = tw_plan_number(p, 1);
    tw_register above = tw_plan_affine(p, part, factor, 1);
    tw_register below = tw_plan_affine(p, part, -factor, 1);
    channel(p, tw_plan_mean(p, tw_plan_multiply(p, HIGH, above), n), tw_plan_mean(p, CLOSE, n),
            tw_plan_mean(p, tw_plan_multiply(p, LOW, below), n));
}

/* ---- Stops ------------------------------------------------------------------------------ */

static void stop(tw_plan *p, tw_register upper, tw_register lower, tw_register is_long) {
    tw_plan_step step = {.kind = TW_STEP_STOP, .in = {upper, lower, CLOSE, is_long}};
    tw_register line = tw_plan_step_of(p, &step);
    tw_plan_output(p, line);
    tw_plan_output(p, line + 1);
    tw_plan_output(p, line + 2);
}

/* Whether a >= b. */
static tw_register not_below(tw_plan *p, tw_register a, tw_register b) {
    return tw_plan_affine(p, tw_plan_two(p, TW_STEP_ABOVE, b, a), -1, 1);
}

static void supertrend(tw_plan *p) {
    tw_register middle = tw_plan_median_price(p);
    tw_register width = tw_plan_scaled(p, atr_of(p, tw_plan_period(p, 0)), tw_plan_number(p, 1));
    stop(p, tw_plan_add(p, middle, width), tw_plan_subtract(p, middle, width),
         not_below(p, CLOSE, middle));
}

static void atr_stop(tw_plan *p) {
    tw_register atr = atr_of(p, tw_plan_period(p, 0));
    tw_register width = tw_plan_scaled(p, atr, tw_plan_number(p, 1));
    bool ranges = tw_plan_choice(p, 2, 1);
    stop(p, tw_plan_add(p, ranges ? HIGH : CLOSE, width),
         tw_plan_subtract(p, ranges ? LOW : CLOSE, width),
         not_below(p, CLOSE, tw_plan_lag(p, CLOSE, 1)));
    tw_plan_output(p, atr);
}

/* Wilder's volatility system: true ranges (of the row before) from the best close of the move. */
static void volatility_stop(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register width = tw_plan_scaled(p, tw_plan_lag(p, atr_of(p, n), 1), tw_plan_number(p, 1));
    tw_plan_step step = {
        .kind = TW_STEP_SWING, .in = {CLOSE, width, TW_NO_REGISTER, TW_NO_REGISTER}, .n = n};
    tw_register line = tw_plan_step_of(p, &step);
    tw_plan_output(p, line);
    tw_plan_output(p, line + 1);
    tw_plan_output(p, line + 2);
}

/* Le Beau: below the high of the window for a long position, above its low for a short one. */
static void chandelier(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register width = tw_plan_scaled(p, atr_of(p, n), tw_plan_number(p, 1));
    tw_plan_output(p, tw_plan_subtract(p, tw_plan_window(p, TW_STEP_HIGHEST, HIGH, n), width));
    tw_plan_output(p, tw_plan_add(p, tw_plan_window(p, TW_STEP_LOWEST, LOW, n), width));
}

static void parabolic_sar(tw_plan *p) {
    double begin = tw_plan_number(p, 2);
    int rules = tw_plan_chosen(p, 3);
    tw_plan_step step = {.kind = rules == 0 ? TW_STEP_PARABOLIC : TW_STEP_REVERSE,
                         .in = {HIGH, LOW, TW_NO_REGISTER, TW_NO_REGISTER},
                         .n = (size_t)rules,
                         .k = tw_plan_number(p, 0),
                         .m = tw_plan_number(p, 1),
                         .l = begin > 0 ? begin : tw_plan_number(p, 0)};
    tw_plan_output(p, tw_plan_step_of(p, &step));
}

/* ---- Candles ---------------------------------------------------------------------------- */

/* The open is the middle of the last smoothed candle's body: y = y / 2 + (last close) / 2. */
static void heikin_ashi(tw_plan *p) {
    tw_register sum = tw_plan_add(p, tw_plan_add(p, OPEN, HIGH), tw_plan_add(p, LOW, CLOSE));
    tw_register close = tw_plan_scaled(p, sum, 0.25);
    tw_plan_step step = {
        .kind = TW_STEP_RECUR,
        .in = {tw_plan_constant(p, 0.5), tw_plan_scaled(p, tw_plan_lag(p, close, 1), 0.5),
               tw_plan_scaled(p, tw_plan_add(p, OPEN, CLOSE), 0.5), TW_NO_REGISTER},
        .k = 0.5};
    tw_register open = tw_plan_step_of(p, &step);
    tw_register high = tw_plan_two(p, TW_STEP_GREATER, open, close);
    tw_register low = tw_plan_two(p, TW_STEP_LESSER, open, close);
    tw_plan_output(p, open);
    tw_plan_output(p, tw_plan_two(p, TW_STEP_GREATER, HIGH, high));
    tw_plan_output(p, tw_plan_two(p, TW_STEP_LESSER, LOW, low));
    tw_plan_output(p, close);
}

static tw_register middle_of_range(tw_plan *p, size_t n) {
    tw_register sum = tw_plan_add(p, tw_plan_window(p, TW_STEP_HIGHEST, HIGH, n),
                                  tw_plan_window(p, TW_STEP_LOWEST, LOW, n));
    return tw_plan_scaled(p, sum, 0.5);
}

/* The leading spans are drawn `shift` rows later: they are answered there. The lagging span is
 * the close, which is drawn `shift` rows earlier: it is answered with its own row. */
static void ichimoku(tw_plan *p) {
    tw_register tenkan = middle_of_range(p, tw_plan_period(p, 0));
    tw_register kijun = middle_of_range(p, tw_plan_period(p, 1));
    size_t shift = tw_plan_period(p, 3);
    tw_register a = tw_plan_scaled(p, tw_plan_add(p, tenkan, kijun), 0.5);
    tw_plan_output(p, tenkan);
    tw_plan_output(p, kijun);
    tw_plan_output(p, tw_plan_lag(p, a, shift));
    tw_plan_output(p, tw_plan_lag(p, middle_of_range(p, tw_plan_period(p, 2)), shift));
    tw_plan_output(p, CLOSE);
}

static const tw_indicator_entry entries[] = {
    {{.name = "bollinger",
      .summary = "a mean and deviations beside it; down=0 takes the same multiple as up",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("up", 2, 0, 1e3), TW_DDOF(0),
                    TW_MEAN("mean", 0), TW_NUMBER("down", 0, 0, 1e3)),
      TW_OUTPUTS("middle", "upper", "lower", "percent_b", "width", "zscore"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = TW_PRICES(3)},
     bollinger},
    {{.name = "keltner",
      .summary = "an exponential mean and true ranges beside it",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("multiple", 2, 0, 1e3),
                    TW_PERIOD("atr", 10)),
      TW_OUTPUTS("upper", "middle", "lower", "width"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     keltner},
    {{.name = "starc",
      .summary = "a simple mean and true ranges beside it",
      TW_PARAMETERS(TW_PERIOD("period", 5), TW_NUMBER("multiple", 2, 0, 1e3), TW_PERIOD("atr", 10)),
      TW_OUTPUTS("upper", "middle", "lower", "width"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     starc},
    {{.name = "donchian",
      .summary = "the range of a window, with this row or of the rows before it",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_CHOICE("rows", 0, 2, "with|before")),
      TW_OUTPUTS("upper", "middle", "lower", "width"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(3)},
     donchian},
    {{.name = "acceleration_bands",
      .summary = "means of highs and lows that are moved apart by their ranges",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_NUMBER("factor", 4, 0, 1e3)),
      TW_OUTPUTS("upper", "middle", "lower", "width"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     acceleration_bands},
    {{.name = "supertrend",
      .summary = "a stop that trails the median price by true ranges",
      TW_PARAMETERS(TW_PERIOD("period", 10), TW_NUMBER("multiple", 3, 0, 1e3)),
      TW_OUTPUTS("line", "upper", "lower"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     supertrend},
    {{.name = "atr_stop",
      .summary = "a stop that trails the close, or high and low, by true ranges",
      TW_PARAMETERS(TW_PERIOD("period", 21), TW_NUMBER("multiple", 3, 0, 1e3),
                    TW_CHOICE("from", 0, 2, "close|range")),
      TW_OUTPUTS("line", "buy", "sell", "atr"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     atr_stop},
    {{.name = "volatility_stop",
      .summary = "true ranges from the best close of the move, from its first turn on",
      TW_PARAMETERS(TW_PERIOD("period", 7), TW_NUMBER("multiple", 3, 0, 1e3)),
      TW_OUTPUTS("sar", "upper", "lower"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(3)},
     volatility_stop},
    {{.name = "chandelier",
      .summary = "exits below the window's high and above its low by true ranges",
      TW_PARAMETERS(TW_PERIOD("period", 22), TW_NUMBER("multiple", 3, 0, 1e3)),
      TW_OUTPUTS("long", "short"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(2)},
     chandelier},
    {{.name = "parabolic_sar",
      .summary = "Wilder's stop and reverse, from its first turn on; begin=0 takes the step",
      TW_PARAMETERS(TW_NUMBER("step", 0.02, 1e-6, 1), TW_NUMBER("most", 0.2, 1e-6, 1),
                    TW_NUMBER("begin", 0, 0, 1), TW_CHOICE("rules", 0, 3, "turn|talib|ttr")),
      TW_OUTPUTS("sar"),
      .inputs = TW_READS_HL,
      .price_outputs = TW_PRICES(1)},
     parabolic_sar},
    {{.name = "heikin_ashi",
      .summary = "smoothed candles",
      TW_OUTPUTS("open", "high", "low", "close"),
      .inputs = TW_READS_OHLC,
      .price_outputs = TW_PRICES(4)},
     heikin_ashi},
    {{.name = "ichimoku",
      .summary = "middles of three ranges; the spans are answered `shift` rows later",
      TW_PARAMETERS(TW_PERIOD("tenkan", 9), TW_PERIOD("kijun", 26), TW_PERIOD("span", 52),
                    TW_PERIOD_FROM("shift", 26, 0)),
      TW_OUTPUTS("tenkan", "kijun", "span_a", "span_b", "chikou"),
      .inputs = TW_READS_HLC,
      .price_outputs = TW_PRICES(5)},
     ichimoku},
};

TW_FAMILY(tw_indicator_trends, entries);
