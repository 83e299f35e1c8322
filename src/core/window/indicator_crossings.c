/*
 * indicator_crossings.c - kinds: two means of a series, and how far they are apart.
 */
#include "indicator_plan.h"

typedef struct two_means {
    tw_register fast;
    tw_register slow;
} two_means;

/* Aligned means begin with the same row: the fast one waits for the slow one's window (ta_MACD.c).
 * Where the periods come the other way round they are exchanged. */
static two_means means_of(tw_plan *p, tw_register a, const int averages[2], bool aligned) {
    size_t fast = tw_plan_period(p, 0);
    size_t slow = tw_plan_period(p, 1);
    int fast_average = averages[fast > slow];
    int slow_average = averages[fast <= slow];
    if (fast > slow) {
        size_t other = fast;
        fast = slow;
        slow = other;
    }
    tw_register late = a;
    if (aligned && slow > fast)
        late = tw_plan_window(p, TW_STEP_SKIP, a, slow - fast);
    return (two_means){tw_plan_average(p, fast_average, late, fast),
                       tw_plan_average(p, slow_average, a, slow)};
}

/* Both means from the first value on, heard from the slow one's n-th: with the rates of the
 * periods (TA-Lib as Metastock), or with the 0.15 and 0.075 of Appel's first description
 * (ta_MACDFIX.c). */
static two_means late_means_of(tw_plan *p, bool fixed) {
    size_t fast = tw_plan_period(p, 0);
    size_t slow = tw_plan_period(p, 1);
    size_t least = fast < slow ? fast : slow;
    size_t most = fast < slow ? slow : fast;
    double rate = fixed ? 0.15 : 2 / ((double)least + 1);
    double slow_rate = fixed ? 0.075 : 2 / ((double)most + 1);
    return (two_means){tw_plan_smooth(p, CLOSE, rate, 1, most),
                       tw_plan_smooth(p, CLOSE, slow_rate, 1, most)};
}

static void macd(tw_plan *p) {
    bool first = tw_plan_choice(p, 3, 1) || tw_plan_number(p, 3) > 2;
    const int averages[] = {first ? 10 : 1, first ? 10 : 1};
    two_means m = tw_plan_number(p, 3) > 2 ? late_means_of(p, tw_plan_choice(p, 3, 4))
                                           : means_of(p, CLOSE, averages, tw_plan_choice(p, 3, 2));
    tw_register line = tw_plan_subtract(p, m.fast, m.slow);
    tw_plan_histogram(p, line, tw_plan_ema(p, line, tw_plan_period(p, 2), first));
    tw_plan_output(p, m.fast);
    tw_plan_output(p, m.slow);
}

static void ppo_of(tw_plan *p, tw_register a) {
    int average = tw_plan_chosen(p, 3);
    const int averages[] = {average, average};
    two_means m = means_of(p, a, averages, false);
    tw_register apart = tw_plan_subtract(p, m.fast, m.slow);
    tw_register line = tw_plan_divide_or(p, tw_plan_affine(p, apart, 100, 0), m.slow, 0);
    tw_plan_histogram(p, line, tw_plan_average(p, average, line, tw_plan_period(p, 2)));
    tw_plan_output(p, apart);
}

static void ppo(tw_plan *p) {
    ppo_of(p, CLOSE);
}

static void pvo(tw_plan *p) {
    ppo_of(p, VOLUME);
}

/* Each of the three by a mean of its own; the fast and the slow one begin with the same row. */
static void macd_means(tw_plan *p) {
    const int averages[] = {tw_plan_chosen(p, 3), tw_plan_chosen(p, 4)};
    two_means means = means_of(p, CLOSE, averages, true);
    tw_register line = tw_plan_subtract(p, means.fast, means.slow);
    tw_plan_histogram(p, line, tw_plan_average_by(p, 5, line, tw_plan_period(p, 2)));
}

static const tw_indicator_entry entries[] = {
    {{.name = "macd",
      .summary = "two exponential means apart; classic: both begin with the same row",
      TW_PARAMETERS(TW_PERIOD("fast", 12), TW_PERIOD("slow", 26), TW_PERIOD("signal", 9),
                    TW_CHOICE("seed", 0, 5, "sma|first|classic|late|fixed")),
      TW_OUTPUTS("macd", "signal", "histogram", "fast", "slow"),
      .inputs = TW_READS_CLOSE,
      .price_outputs = 1u << 3 | 1u << 4},
     macd},
    {{.name = "ppo",
      .summary = "two means apart, in per cent of the slow one",
      TW_PARAMETERS(TW_PERIOD("fast", 12), TW_PERIOD("slow", 26), TW_PERIOD("signal", 9),
                    TW_MEAN("mean", 1)),
      TW_OUTPUTS("ppo", "signal", "histogram", "apo"),
      .inputs = TW_READS_CLOSE},
     ppo},
    {{.name = "pvo",
      .summary = "ppo of the volume",
      TW_PARAMETERS(TW_PERIOD("fast", 12), TW_PERIOD("slow", 26), TW_PERIOD("signal", 9),
                    TW_MEAN("mean", 1)),
      TW_OUTPUTS("pvo", "signal", "histogram", "difference"),
      .inputs = TW_READS_VOLUME},
     pvo},
    {{.name = "macd_means",
      .summary = "two means apart and a mean of that, of any kinds",
      TW_PARAMETERS(TW_PERIOD("fast", 12), TW_PERIOD("slow", 26), TW_PERIOD("signal", 9),
                    TW_MEAN("fast_mean", 1), TW_MEAN("slow_mean", 1), TW_MEAN("signal_mean", 1)),
      TW_OUTPUTS("macd", "signal", "histogram"),
      .inputs = TW_READS_CLOSE},
     macd_means},
};

TW_FAMILY(tw_indicator_crossings, entries);
