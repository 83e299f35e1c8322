/*
 * indicator_volumes.c - kinds: volume that goes with the price or against it.
 */
#include "indicator_plan.h"

static tw_register total(tw_plan *p, tw_register a) {
    return tw_plan_one(p, TW_STEP_TOTAL, a);
}

/* 1, 0 or -1. */
static tw_register sign_of(tw_plan *p, tw_register a) {
    tw_register zero = tw_plan_constant(p, 0);
    return tw_plan_subtract(p, tw_plan_two(p, TW_STEP_ABOVE, a, zero),
                            tw_plan_two(p, TW_STEP_ABOVE, zero, a));
}

/* What the first row has, which has no change: nothing, 0, or its volume. */
static void obv(tw_plan *p) {
    tw_register flow = tw_plan_multiply(p, sign_of(p, tw_plan_change(p, CLOSE, 1)), VOLUME);
    tw_register first = tw_plan_choice(p, 0, 2) ? VOLUME : tw_plan_scaled(p, VOLUME, 0);
    if (!tw_plan_choice(p, 0, 0))
        flow = tw_plan_start(p, flow, first, CLOSE);
    tw_plan_output(p, total(p, flow));
}

/* Where the close stands in its row's range, from -1 to 1; 0 in a row without a range. */
static tw_register multiplier_of(tw_plan *p) {
    tw_register apart =
        tw_plan_subtract(p, tw_plan_subtract(p, CLOSE, LOW), tw_plan_subtract(p, HIGH, CLOSE));
    return tw_plan_divide_or(p, apart, tw_plan_subtract(p, HIGH, LOW), 0);
}

static void adl(tw_plan *p) {
    tw_register multiplier = multiplier_of(p);
    tw_register flow = tw_plan_multiply(p, multiplier, VOLUME);
    tw_plan_output(p, total(p, flow));
    tw_plan_output(p, multiplier);
    tw_plan_output(p, flow);
}

static void cmf(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register multiplier = multiplier_of(p);
    tw_register flow = tw_plan_multiply(p, multiplier, VOLUME);
    tw_plan_output(p, tw_plan_divide(p, tw_plan_window(p, TW_STEP_SUM, flow, n),
                                     tw_plan_window(p, TW_STEP_SUM, VOLUME, n)));
    tw_plan_output(p, multiplier);
    tw_plan_output(p, flow);
}

static void chaikin(tw_plan *p) {
    tw_register multiplier = multiplier_of(p);
    tw_register flow = tw_plan_multiply(p, multiplier, VOLUME);
    tw_register line = total(p, flow);
    bool first = tw_plan_choice(p, 2, 1);
    tw_register fast = tw_plan_ema(p, line, tw_plan_period(p, 0), first);
    tw_register slow = tw_plan_ema(p, line, tw_plan_period(p, 1), first);
    tw_plan_output(p, tw_plan_subtract(p, fast, slow));
    tw_plan_output(p, fast);
    tw_plan_output(p, slow);
    tw_plan_output(p, line);
    tw_plan_output(p, multiplier);
    tw_plan_output(p, flow);
}

/* Volume by typical price, of the rows whose price rose and of those whose price fell. */
static void mfi(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register price = tw_plan_typical_price(p);
    tw_register zero = tw_plan_constant(p, 0);
    tw_register change = tw_plan_change(p, price, 1);
    tw_register flow = tw_plan_multiply(p, price, VOLUME);
    tw_register up = tw_plan_choose(p, change, flow, zero);
    tw_register down = tw_plan_choose(p, tw_plan_scaled(p, change, -1), flow, zero);
    up = tw_plan_window(p, TW_STEP_SUM, up, n);
    down = tw_plan_window(p, TW_STEP_SUM, down, n);
    tw_plan_output(p,
                   tw_plan_divide_or(p, tw_plan_scaled(p, up, 100), tw_plan_add(p, up, down), 100));
}

static void force(tw_plan *p) {
    tw_register push = tw_plan_multiply(p, tw_plan_change(p, CLOSE, 1), VOLUME);
    tw_plan_output(p, tw_plan_ema(p, push, tw_plan_period(p, 0), false));
}

/* Arms: how far the middle moves for the volume that one of the range takes. */
static void ease_of_movement(tw_plan *p) {
    tw_register middle = tw_plan_median_price(p);
    tw_register range = tw_plan_subtract(p, HIGH, LOW);
    tw_register moved = tw_plan_multiply(p, tw_plan_change(p, middle, 1), range);
    tw_register line = tw_plan_divide(p, tw_plan_scaled(p, moved, tw_plan_number(p, 1)), VOLUME);
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_mean(p, line, tw_plan_period(p, 0)));
}

/* The close above the true low when it rose, below the true high when it fell. */
static void williams_ad(tw_plan *p) {
    tw_register last = tw_plan_lag(p, CLOSE, 1);
    tw_register change = tw_plan_subtract(p, CLOSE, last);
    tw_register above = tw_plan_subtract(p, CLOSE, tw_plan_two(p, TW_STEP_LESSER, LOW, last));
    tw_register below = tw_plan_subtract(p, CLOSE, tw_plan_two(p, TW_STEP_GREATER, HIGH, last));
    tw_register zero = tw_plan_constant(p, 0);
    tw_register flow = tw_plan_choose(
        p, change, above, tw_plan_choose(p, tw_plan_scaled(p, change, -1), below, zero));
    tw_plan_output(p, total(p, flow));
}

static const tw_indicator_entry entries[] = {
    {{.name = "obv",
      .summary = "on-balance volume: running total by the sign of the change",
      TW_PARAMETERS(TW_CHOICE("first", 1, 3, "none|zero|volume")),
      TW_OUTPUTS("obv"),
      .inputs = TW_READS_CV},
     obv},
    {{.name = "adl",
      .summary = "accumulation and distribution: running total by the place in the range",
      TW_OUTPUTS("adl", "multiplier", "flow"),
      .inputs = TW_READS_HLCV},
     adl},
    {{.name = "cmf",
      .summary = "Chaikin's money flow over a window",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("cmf", "multiplier", "flow"),
      .inputs = TW_READS_HLCV},
     cmf},
    {{.name = "chaikin",
      .summary = "two exponential means of the accumulation line apart",
      TW_PARAMETERS(TW_PERIOD("fast", 3), TW_PERIOD("slow", 10), TW_CHOICE("seed", 0, 2, SEEDS)),
      TW_OUTPUTS("oscillator", "fast", "slow", "adl", "multiplier", "flow"),
      .inputs = TW_READS_HLCV},
     chaikin},
    {{.name = "mfi",
      .summary = "money flow: relative strength by volume; 100 where nothing moves",
      TW_PARAMETERS(TW_PERIOD("period", 14)),
      TW_OUTPUTS("mfi"),
      .inputs = TW_READS_HLCV},
     mfi},
    {{.name = "force",
      .summary = "Elder's force: mean of change by volume",
      TW_PARAMETERS(TW_PERIOD("period", 2)),
      TW_OUTPUTS("force"),
      .inputs = TW_READS_CV},
     force},
    {{.name = "ease_of_movement",
      .summary = "change of the middle by range over volume, and its mean",
      TW_PARAMETERS(TW_PERIOD("period", 9), TW_NUMBER("divisor", 10000, 1e-9, 1e15)),
      TW_OUTPUTS("ease_of_movement", "mean"),
      .inputs = TW_READS_HL | TW_READS_VOLUME},
     ease_of_movement},
    {{.name = "williams_ad",
      .summary = "Williams's accumulation without volume",
      TW_OUTPUTS("williams_ad"),
      .inputs = TW_READS_HLC},
     williams_ad},
};

TW_FAMILY(tw_indicator_volumes, entries);
