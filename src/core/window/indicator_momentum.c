/*
 * indicator_momentum.c - kinds: how fast a price moves, and how strongly one way.
 */
#include "indicator_plan.h"

#include <math.h>

/* What of `a` is above 0, and what is below it (as a positive number). */
static tw_register gain_of(tw_plan *p, tw_register a) {
    return tw_plan_two(p, TW_STEP_GREATER, a, tw_plan_constant(p, 0));
}

static tw_register loss_of(tw_plan *p, tw_register a) {
    return gain_of(p, tw_plan_affine(p, a, -1, 0));
}

/* 100 a / (a + b), and 100 where neither has moved (as if nothing had fallen). */
static tw_register share_of(tw_plan *p, tw_register a, tw_register b) {
    return tw_plan_divide_or(p, tw_plan_affine(p, a, 100, 0), tw_plan_add(p, a, b), 100);
}

static tw_register rsi_of(tw_plan *p, tw_register change, size_t n) {
    return share_of(p, tw_plan_wilder(p, gain_of(p, change), n),
                    tw_plan_wilder(p, loss_of(p, change), n));
}

/* With early=yes one answer more: the first row's change is taken to be 0, for that row alone
 * (ta_RSI.c as Metastock). With
 * smoothing=sum the ups and downs of a window, as Cutler has it. */
static void rsi(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register change = tw_plan_change(p, CLOSE, 1);
    if (tw_plan_choice(p, 2, 1)) {
        tw_plan_output(p, share_of(p, tw_plan_window(p, TW_STEP_SUM, gain_of(p, change), n),
                                   tw_plan_window(p, TW_STEP_SUM, loss_of(p, change), n)));
        return;
    }
    tw_register answer = rsi_of(p, change, n);
    if (tw_plan_choice(p, 1, 1)) {
        tw_register padded = tw_plan_start(p, change, tw_plan_constant(p, 0), CLOSE);
        answer = tw_plan_two(p, TW_STEP_ELSE, answer, rsi_of(p, padded, n));
    }
    tw_plan_output(p, answer);
}

static void stoch_rsi(tw_plan *p) {
    tw_register rsi_line = rsi_of(p, tw_plan_change(p, CLOSE, 1), tw_plan_period(p, 0));
    tw_register k = tw_plan_place(p, rsi_line, tw_plan_period(p, 1));
    k = tw_plan_average_by(p, 4, k, tw_plan_period(p, 3));
    tw_plan_output(p, k);
    tw_plan_output(p, tw_plan_average_by(p, 4, k, tw_plan_period(p, 2)));
}

static void cmo(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register change = tw_plan_change(p, CLOSE, 1);
    bool wilder = tw_plan_choice(p, 1, 1);
    tw_register up = wilder ? tw_plan_wilder(p, gain_of(p, change), n)
                            : tw_plan_window(p, TW_STEP_SUM, gain_of(p, change), n);
    tw_register down = wilder ? tw_plan_wilder(p, loss_of(p, change), n)
                              : tw_plan_window(p, TW_STEP_SUM, loss_of(p, change), n);
    tw_register net = tw_plan_affine(p, tw_plan_subtract(p, up, down), 100, 0);
    tw_plan_output(p, tw_plan_divide_or(p, net, tw_plan_add(p, up, down), 0));
}

/* ---- Changes ---------------------------------------------------------------------------- */

static tw_register roc_of(tw_plan *p, tw_register a, size_t n) {
    tw_register change = tw_plan_affine(p, tw_plan_change(p, a, n), 100, 0);
    return tw_plan_divide(p, change, tw_plan_lag(p, a, n));
}

static void roc(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register old = tw_plan_lag(p, CLOSE, n);
    tw_plan_output(p, roc_of(p, CLOSE, n));
    tw_plan_output(p, tw_plan_change(p, CLOSE, n));
    tw_plan_output(p, tw_plan_divide(p, CLOSE, old));
}

static void log_return(tw_plan *p) {
    tw_register log = tw_plan_one(p, TW_STEP_LOGARITHM, CLOSE);
    tw_plan_output(p, tw_plan_change(p, log, tw_plan_period(p, 0)));
}

static void roc_bands(tw_plan *p) {
    tw_register line = roc_of(p, CLOSE, tw_plan_period(p, 0));
    tw_register square = tw_plan_multiply(p, line, line);
    tw_register band = tw_plan_one(p, TW_STEP_ROOT, tw_plan_mean(p, square, tw_plan_period(p, 2)));
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_ema(p, line, tw_plan_period(p, 1), false));
    tw_plan_output(p, band);
    tw_plan_output(p, tw_plan_affine(p, band, -1, 0));
}

/* Swenlin: smoothed twice, with rates 2 / period. */
static void pmo(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    size_t smooth = tw_plan_period(p, 1);
    tw_register line = roc_of(p, CLOSE, 1);
    line = tw_plan_affine(p, tw_plan_smooth(p, line, 2 / (double)n, n, n), 10, 0);
    line = tw_plan_smooth(p, line, 2 / (double)smooth, smooth, smooth);
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_ema(p, line, tw_plan_period(p, 2), false));
}

static void trix(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    bool together = tw_plan_choice(p, 2, 1);
    tw_register line = tw_plan_ema(p, CLOSE, n, false);
    line = tw_plan_ema(p, line, n, together);
    line = tw_plan_ema(p, line, n, together);
    tw_register answer = roc_of(p, line, 1);
    tw_plan_output(p, answer);
    tw_plan_output(p, tw_plan_ema(p, answer, tw_plan_period(p, 1), false));
    tw_plan_output(p, tw_plan_window(p, TW_STEP_SKIP, line, 1));
}

/* ln instead of the simple return where it says so. */
static void kst(tw_plan *p) {
    static const size_t means[4] = {10, 10, 10, 15};
    static const size_t lags[4] = {10, 15, 20, 30};
    bool logarithms = tw_plan_choice(p, 1, 1);
    tw_register sum = tw_plan_constant(p, 0);
    for (size_t i = 0; i < 4; i++) {
        tw_register log = tw_plan_one(p, TW_STEP_LOGARITHM, CLOSE);
        tw_register change = logarithms ? tw_plan_affine(p, tw_plan_change(p, log, lags[i]), 100, 0)
                                        : roc_of(p, CLOSE, lags[i]);
        tw_register mean = tw_plan_mean(p, change, means[i]);
        sum = tw_plan_add(p, sum, tw_plan_affine(p, mean, (double)i + 1, 0));
    }
    tw_plan_output(p, sum);
    tw_plan_output(p, tw_plan_mean(p, sum, tw_plan_period(p, 0)));
}

/* Coppock (1962). */
static void coppock(tw_plan *p) {
    tw_register sum = tw_plan_add(p, roc_of(p, CLOSE, tw_plan_period(p, 1)),
                                  roc_of(p, CLOSE, tw_plan_period(p, 2)));
    tw_plan_output(p, tw_plan_window(p, TW_STEP_RAMP, sum, tw_plan_period(p, 0)));
}

static void tsi(tw_plan *p) {
    size_t slow = tw_plan_period(p, 0);
    size_t fast = tw_plan_period(p, 1);
    tw_register change = tw_plan_change(p, CLOSE, 1);
    tw_register size = tw_plan_one(p, TW_STEP_MAGNITUDE, change);
    tw_register net = tw_plan_ema(p, tw_plan_ema(p, change, slow, false), fast, false);
    tw_register all = tw_plan_ema(p, tw_plan_ema(p, size, slow, false), fast, false);
    tw_register line = tw_plan_divide(p, tw_plan_affine(p, net, 100, 0), all);
    tw_plan_output(p, line);
    tw_plan_output(p, tw_plan_ema(p, line, tw_plan_period(p, 2), false));
}

/* Connors: the mean of an RSI, an RSI of the streak, and the rank of the last return. */
static void connors_rsi(tw_plan *p) {
    tw_register change = tw_plan_change(p, CLOSE, 1);
    tw_register padded = tw_plan_start(p, change, tw_plan_constant(p, 0), CLOSE);
    tw_register streak = tw_plan_one(p, TW_STEP_STREAK, padded);
    tw_register fast = rsi_of(p, change, tw_plan_period(p, 0));
    tw_register runs = rsi_of(p, tw_plan_change(p, streak, 1), tw_plan_period(p, 1));
    /* The first row's return is taken to be 0, as its streak is; the mean waits for the others
     * (ConnorsRsi.StaticSeries.cs). */
    tw_register returns = tw_plan_start(p, roc_of(p, CLOSE, 1), tw_plan_constant(p, 0), CLOSE);
    tw_register rank = tw_plan_window(p, TW_STEP_RANK, returns, tw_plan_period(p, 2));
    tw_register late = tw_plan_window(p, TW_STEP_SKIP, rank, 1);
    tw_register sum = tw_plan_add(p, tw_plan_add(p, fast, runs), late);
    tw_plan_output(p, tw_plan_divide(p, sum, tw_plan_constant(p, 3)));
    tw_plan_output(p, fast);
    tw_plan_output(p, runs);
    tw_plan_output(p, rank);
    tw_plan_output(p, streak);
}

/* The centred line needs rows that come later: what is answered with a row is the value of the row
 * period / 2 + 1 before it. */
static void dpo(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register mean = tw_plan_mean(p, CLOSE, n);
    tw_plan_output(p, tw_plan_subtract(p, tw_plan_lag(p, CLOSE, n / 2 + 1), mean));
    tw_plan_output(p, mean);
}

static void stc(tw_plan *p) {
    tw_register fast = tw_plan_ema(p, CLOSE, tw_plan_period(p, 1), false);
    tw_register slow = tw_plan_ema(p, CLOSE, tw_plan_period(p, 2), false);
    tw_register k = tw_plan_place(p, tw_plan_subtract(p, fast, slow), tw_plan_period(p, 0));
    tw_plan_output(p, tw_plan_mean(p, k, tw_plan_period(p, 3)));
}

static void vhf(tw_plan *p) {
    size_t n = tw_plan_period(p, 0);
    tw_register range = tw_plan_subtract(p, tw_plan_window(p, TW_STEP_HIGHEST, CLOSE, n),
                                         tw_plan_window(p, TW_STEP_LOWEST, CLOSE, n));
    tw_register way = tw_plan_one(p, TW_STEP_MAGNITUDE, tw_plan_change(p, CLOSE, 1));
    tw_plan_output(p, tw_plan_divide(p, range, tw_plan_window(p, TW_STEP_SUM, way, n)));
}

static const tw_indicator_entry entries[] = {
    {{.name = "rsi",
      .summary = "Wilder's relative strength; 100 where nothing moves",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_CHOICE("early", 0, 2, "no|yes"),
                    TW_CHOICE("smoothing", 0, 2, "wilder|sum")),
      TW_OUTPUTS("rsi"),
      .inputs = TW_READS_CLOSE},
     rsi},
    {{.name = "stoch_rsi",
      .summary = "place of the relative strength in its range",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_PERIOD("range", 14), TW_PERIOD("signal", 3),
                    TW_PERIOD("smooth", 1), TW_MEAN("mean", 0)),
      TW_OUTPUTS("k", "signal"),
      .inputs = TW_READS_CLOSE},
     stoch_rsi},
    {{.name = "cmo",
      .summary = "Chande's momentum: ups less downs over both, in per cent",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_CHOICE("smoothing", 0, 2, "sum|wilder")),
      TW_OUTPUTS("cmo"),
      .inputs = TW_READS_CLOSE},
     cmo},
    {{.name = "roc",
      .summary = "change over a period: in per cent, as it is, as a ratio",
      TW_PARAMETERS(TW_PERIOD("period", 10)),
      TW_OUTPUTS("roc", "momentum", "ratio"),
      .inputs = TW_READS_CLOSE},
     roc},
    {{.name = "log_return",
      .summary = "ln of the ratio to the close of a period before",
      TW_PARAMETERS(TW_PERIOD("period", 1)),
      TW_OUTPUTS("log_return"),
      .inputs = TW_READS_CLOSE},
     log_return},
    {{.name = "roc_bands",
      .summary = "change in per cent, its mean, and bands of its root mean square",
      TW_PARAMETERS(TW_PERIOD("period", 20), TW_PERIOD("mean", 5), TW_PERIOD("deviation", 5)),
      TW_OUTPUTS("roc", "ema", "upper", "lower"),
      .inputs = TW_READS_CLOSE},
     roc_bands},
    {{.name = "pmo",
      .summary = "price momentum oscillator",
      TW_PARAMETERS(TW_PERIOD_FROM("period", 35, 2), TW_PERIOD_FROM("smooth", 20, 2),
                    TW_PERIOD("signal", 10)),
      TW_OUTPUTS("pmo", "signal"),
      .inputs = TW_READS_CLOSE},
     pmo},
    {{.name = "trix",
      .summary = "change in per cent of a triple exponential mean",
      TW_PARAMETERS(TW_PERIOD("period", 14), TW_PERIOD("signal", 9),
                    TW_CHOICE("seed", 0, 2, "sma|together")),
      TW_OUTPUTS("trix", "signal", "ema3"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 2},
     trix},
    {{.name = "kst",
      .summary = "Pring's sum of four smoothed changes, in per cent",
      TW_PARAMETERS(TW_PERIOD("signal", 9), TW_CHOICE("returns", 0, 2, "simple|log")),
      TW_OUTPUTS("kst", "signal"),
      .inputs = TW_READS_CLOSE},
     kst},
    {{.name = "coppock",
      .summary = "weighted mean of two changes in per cent",
      TW_PARAMETERS(TW_PERIOD("period", 10), TW_PERIOD("long", 14), TW_PERIOD("short", 11)),
      TW_OUTPUTS("coppock"),
      .inputs = TW_READS_CLOSE},
     coppock},
    {{.name = "tsi",
      .summary = "true strength: change over its size, both smoothed twice",
      TW_PARAMETERS(TW_PERIOD("slow", 25), TW_PERIOD("fast", 13), TW_PERIOD("signal", 7)),
      TW_OUTPUTS("tsi", "signal"),
      .inputs = TW_READS_CLOSE},
     tsi},
    {{.name = "connors_rsi",
      .summary = "mean of an RSI, an RSI of streaks and the rank of the return (scanned)",
      TW_PARAMETERS(TW_PERIOD("period", 3), TW_PERIOD("streak", 2), TW_PERIOD("rank", 100)),
      TW_OUTPUTS("connors_rsi", "rsi", "streak_rsi", "rank", "streak"),
      .inputs = TW_READS_CLOSE},
     connors_rsi},
    {{.name = "dpo",
      .summary = "detrended price of the row period / 2 + 1 before",
      TW_PARAMETERS(TW_PERIOD("period", 20)),
      TW_OUTPUTS("dpo", "sma"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 1},
     dpo},
    {{.name = "stc",
      .summary = "Schaff's trend cycle: place of the MACD in its range",
      TW_PARAMETERS(TW_PERIOD("cycle", 10), TW_PERIOD("fast", 23), TW_PERIOD("slow", 50),
                    TW_PERIOD("smooth", 3)),
      TW_OUTPUTS("stc"),
      .inputs = TW_READS_CLOSE},
     stc},
    {{.name = "vhf",
      .summary = "range of the closes over the way they went",
      TW_PARAMETERS(TW_PERIOD("period", 28)),
      TW_OUTPUTS("vhf"),
      .inputs = TW_READS_CLOSE},
     vhf},
};

TW_FAMILY(tw_indicator_momentum, entries);
