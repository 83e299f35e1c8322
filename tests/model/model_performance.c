/*
 * model_performance.c - figures beside their formulas written down again in long double, from
 * scratch, over random series with missing values, weights and rates that are series; and the same
 * bits at every level of instructions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/performance.h"
#include "tradewind/random.h"

#define COUNT_MAX 700

/* A series as it is given, and what of it is an observation. */
typedef struct sample {
    double returns[COUNT_MAX];
    double benchmark[COUNT_MAX];
    double weights[COUNT_MAX];
    double free[COUNT_MAX];
    double wanted[COUNT_MAX];
    size_t count;
    tw_performance_config config;
    tw_performance_input input;
    size_t used;
    long double r[COUNT_MAX];
    long double b[COUNT_MAX];
    long double w[COUNT_MAX];
    long double f[COUNT_MAX];
    long double m[COUNT_MAX];
    long double weight;
    long double concentration;
} sample;

static sample the_sample;

/* ---- Samples ------------------------------------------------------------------------------- */

static double rate_of(const sample *s, tw_rate rate) {
    if (rate.unit == TW_RATE_PER_PERIOD)
        return rate.value;
    return s->config.compound_rates ? pow(1 + rate.value, 1 / s->config.periods_per_year) - 1
                                    : rate.value / s->config.periods_per_year;
}

static double draw(tw_random *random, double missing) {
    double value = 0.0005 + 0.02 * tw_random_normal(random);
    /* Some values are equal, some are 0. */
    value = tw_random_below(random, 10) == 0 ? 0.01 * (double)tw_random_below(random, 3) : value;
    return tw_random_uniform(random) < missing ? NAN : value;
}

static void choose_config(sample *s, tw_random *random) {
    tw_performance_config *c = &s->config;
    tw_performance_config_init(c);
    c->periods_per_year = tw_random_below(random, 2) == 0 ? 252 : 12;
    c->risk_free = (tw_rate){0.03, TW_RATE_PER_YEAR};
    c->minimum_acceptable = (tw_rate){0.001, TW_RATE_PER_PERIOD};
    c->compound_rates = tw_random_below(random, 2) == 0;
    c->ddof = (uint8_t)tw_random_below(random, 2);
    c->partial_ddof = (uint8_t)tw_random_below(random, 2);
    c->annual = (uint8_t)tw_random_below(random, 2);
    c->capture = (uint8_t)tw_random_below(random, 3);
    static const tw_quantile_kind kinds[] = {TW_QUANTILE_LINEAR,  TW_QUANTILE_STEP,
                                             TW_QUANTILE_WEIBULL, TW_QUANTILE_MEDIAN,
                                             TW_QUANTILE_LOWER,   TW_QUANTILE_HIGHER};
    c->quantile = (uint8_t)kinds[tw_random_below(random, 6)];
    c->shortfall = (uint8_t)tw_random_below(random, 3);
    c->raw_deviation = tw_random_below(random, 2) == 0;
    c->tail = tw_random_below(random, 2) == 0 ? 0.05 : tw_random_uniform(random);
    c->partial_order = tw_random_below(random, 2) == 0 ? 3 : 2.5;
}

static void choose_input(sample *s, tw_random *random) {
    static const double missing[] = {0, 0.1};
    double part = missing[tw_random_below(random, 2)];
    for (size_t i = 0; i < s->count; i++) {
        s->returns[i] = draw(random, part);
        s->benchmark[i] =
            0.6 * draw(random, part) + 0.4 * (isnan(s->returns[i]) ? 0 : s->returns[i]);
        s->weights[i] = tw_random_below(random, 12) == 0 ? 0 : tw_random_uniform(random) + 0.1;
        s->free[i] = 0.0001 * tw_random_uniform(random);
        s->wanted[i] = 0.002 * tw_random_uniform(random) - 0.001;
    }
    s->input =
        (tw_performance_input){.returns = s->returns, .benchmark = s->benchmark, .count = s->count};
    if (tw_random_below(random, 3) == 0)
        s->input.weights = s->weights;
    if (tw_random_below(random, 3) == 0)
        s->input.risk_free = s->free;
    if (tw_random_below(random, 3) == 0)
        s->input.minimum_acceptable = s->wanted;
}

static void keep_observations(sample *s) {
    long double squares = 0;
    s->used = 0;
    s->weight = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (isnan(s->returns[i]))
            continue;
        size_t k = s->used++;
        s->r[k] = s->returns[i];
        s->b[k] = s->benchmark[i];
        s->w[k] = s->input.weights != NULL ? s->weights[i] : 1;
        s->f[k] = s->input.risk_free != NULL ? s->free[i] : rate_of(s, s->config.risk_free);
        s->m[k] = s->input.minimum_acceptable != NULL ? s->wanted[i]
                                                      : rate_of(s, s->config.minimum_acceptable);
        s->weight += s->w[k];
        squares += s->w[k] * s->w[k];
    }
    s->concentration = squares / (s->weight * s->weight);
}

/* ---- Formulas ------------------------------------------------------------------------------ */

typedef const sample sample_of;

static long double mean_of(sample_of *s, const long double *x) {
    long double sum = 0;
    for (size_t i = 0; i < s->used; i++)
        sum += s->w[i] * x[i];
    return sum / s->weight;
}

/* Mean of w times the parts of x above (side 1) or below (-1) c, to a power. */
static long double part_of(sample_of *s, const long double *x, const long double *c, int side,
                           long double power) {
    long double sum = 0;
    for (size_t i = 0; i < s->used; i++) {
        long double d = side * (x[i] - c[i]);
        sum += d > 0 ? s->w[i] * powl(d, power) : 0;
    }
    return sum / s->weight;
}

static long double unbiased(sample_of *s, long double square, unsigned ddof) {
    if (ddof == 0)
        return square;
    if (s->used <= 1)
        return NAN;
    return s->input.weights != NULL ? square / (1 - s->concentration)
                                    : square * (long double)s->used / (long double)(s->used - 1);
}

static long double centred(sample_of *s, const long double *x, int power) {
    long double mean = mean_of(s, x);
    long double sum = 0;
    bool equal = true;
    for (size_t i = 0; i < s->used; i++) {
        sum += s->w[i] * powl(x[i] - mean, power);
        equal = equal && x[i] == x[0];
    }
    return equal ? 0 : sum / s->weight;
}

static const long double *constant(long double value) {
    static long double all[COUNT_MAX];
    for (size_t i = 0; i < COUNT_MAX; i++)
        all[i] = value;
    return all;
}

static const long double *excess(sample_of *s) {
    static long double x[COUNT_MAX];
    for (size_t i = 0; i < s->used; i++)
        x[i] = s->r[i] - s->f[i];
    return x;
}

static long double root_periods(sample_of *s) {
    return sqrtl(s->config.periods_per_year);
}

static long double slow_mean(sample_of *s) {
    return mean_of(s, s->r);
}
static long double slow_variance(sample_of *s) {
    return unbiased(s, centred(s, s->r, 2), s->config.ddof);
}
static long double slow_skewness(sample_of *s) {
    return centred(s, s->r, 3) / powl(centred(s, s->r, 2), 1.5L);
}
static long double slow_kurtosis(sample_of *s) {
    return centred(s, s->r, 4) / powl(centred(s, s->r, 2), 2);
}
static long double slow_semi_variance(sample_of *s) {
    return unbiased(s, part_of(s, s->r, constant(slow_mean(s)), -1, 2), s->config.partial_ddof);
}
static long double slow_absolute(sample_of *s) {
    const long double *mean = constant(slow_mean(s));
    return part_of(s, s->r, mean, 1, 1) + part_of(s, s->r, mean, -1, 1);
}
static long double slow_downside(sample_of *s) {
    return sqrtl(unbiased(s, part_of(s, s->r, s->m, -1, 2), s->config.partial_ddof));
}
static long double slow_upside_frequency(sample_of *s) {
    return part_of(s, s->r, s->m, 1, 0);
}
static long double slow_partial(sample_of *s) {
    return part_of(s, s->r, s->m, -1, s->config.partial_order);
}
static long double above(sample_of *s) {
    return mean_of(s, s->r) - mean_of(s, s->m);
}
static long double slow_sharpe(sample_of *s) {
    const long double *x = excess(s);
    long double square = centred(s, s->config.raw_deviation ? s->r : x, 2);
    return mean_of(s, x) / sqrtl(unbiased(s, square, s->config.ddof)) * root_periods(s);
}
static long double slow_sortino(sample_of *s) {
    return above(s) / slow_downside(s);
}
static long double slow_omega(sample_of *s) {
    return part_of(s, s->r, s->m, 1, 1) / part_of(s, s->r, s->m, -1, 1);
}
static long double slow_kappa(sample_of *s) {
    return above(s) / powl(slow_partial(s), 1 / (long double)s->config.partial_order);
}
static long double slow_gain_loss(sample_of *s) {
    return part_of(s, s->r, constant(0), 1, 1) / part_of(s, s->r, constant(0), -1, 1);
}
static long double slow_volatility_skewness(sample_of *s) {
    return part_of(s, s->r, s->m, 1, 2) / part_of(s, s->r, s->m, -1, 2);
}

/* ---- Paths --------------------------------------------------------------------------------- */

typedef struct path {
    long double value;
    long double greatest;
    long double sum;
    long double squares;
} path;

static path path_of(sample_of *s) {
    path p = {.value = 1};
    long double peak = 1;
    for (size_t i = 0; i < s->used; i++) {
        p.value *= 1 + s->r[i];
        peak = p.value > peak ? p.value : peak;
        long double fall = (peak - p.value) / peak;
        p.greatest = fall > p.greatest ? fall : p.greatest;
        p.sum += fall;
        p.squares += fall * fall;
    }
    return p;
}

static long double slow_total(sample_of *s) {
    return path_of(s).value - 1;
}
static long double slow_cagr(sample_of *s) {
    return powl(path_of(s).value, s->config.periods_per_year / (long double)s->used) - 1;
}
static long double slow_drawdown(sample_of *s) {
    return path_of(s).greatest;
}
static long double slow_pain(sample_of *s) {
    return path_of(s).sum / (long double)s->used;
}
static long double slow_ulcer(sample_of *s) {
    return sqrtl(path_of(s).squares / (long double)s->used);
}

/* ---- Tails --------------------------------------------------------------------------------- */

typedef struct weighed {
    long double value;
    long double weight;
} weighed;

static int by_value(const void *a, const void *b) {
    long double x = ((const weighed *)a)->value;
    long double y = ((const weighed *)b)->value;
    return (x > y) - (x < y);
}

static const weighed *sorted(sample_of *s) {
    static weighed all[COUNT_MAX];
    for (size_t i = 0; i < s->used; i++)
        all[i] = (weighed){s->r[i], s->w[i] / s->weight};
    qsort(all, s->used, sizeof all[0], by_value);
    return all;
}

static long double quantile(sample_of *s) {
    const weighed *x = sorted(s);
    double n = (double)s->used;
    double p = s->config.tail;
    if (s->input.weights != NULL) {
        long double sum = 0;
        size_t k = 0;
        while (k + 1 < s->used && (sum + x[k].weight < p || x[k].weight == 0))
            sum += x[k++].weight;
        return x[k].value;
    }
    const double places[] = {[TW_QUANTILE_LINEAR] = (n - 1) * p,
                             [TW_QUANTILE_STEP] = ceil(n * p) - 1,
                             [TW_QUANTILE_WEIBULL] = (n + 1) * p - 1,
                             [TW_QUANTILE_MEDIAN] = (n + 1.0 / 3) * p - 2.0 / 3,
                             [TW_QUANTILE_LOWER] = floor((n - 1) * p),
                             [TW_QUANTILE_HIGHER] = ceil((n - 1) * p)};
    double place = fmin(fmax(places[s->config.quantile], 0), n - 1);
    size_t low = (size_t)place;
    size_t high = low + 1 < s->used ? low + 1 : low;
    return x[low].value + (place - (double)low) * (x[high].value - x[low].value);
}

static long double slow_value_at_risk(sample_of *s) {
    return -quantile(s);
}

static long double slow_shortfall(sample_of *s) {
    const weighed *x = sorted(s);
    long double reach = s->config.tail;
    long double limit = quantile(s);
    bool beyond = s->config.shortfall == TW_SHORTFALL_BEYOND;
    if (s->config.shortfall == TW_SHORTFALL_FIRST && s->input.weights == NULL)
        reach = (floor((double)(s->used - 1) * s->config.tail) + 1) / (long double)s->used;
    long double sum = 0;
    long double taken = 0;
    x = sorted(s);
    for (size_t k = 0; k < s->used; k++) {
        long double left = beyond ? (x[k].value <= limit ? 1 : 0) : reach - taken;
        long double own = x[k].weight < left ? x[k].weight : left;
        sum += own > 0 ? own * x[k].value : 0;
        taken += own > 0 ? own : 0;
    }
    return -sum / taken;
}

static long double slow_gini(sample_of *s) {
    long double sum = 0;
    long double pairs = 0;
    for (size_t i = 0; i < s->used; i++)
        for (size_t j = 0; j < i; j++) {
            sum += s->w[i] * s->w[j] * fabsl(s->r[i] - s->r[j]);
            pairs += s->w[i] * s->w[j];
        }
    return sum / pairs;
}

static long double entropic(sample_of *s, long double theta) {
    long double worst = -INFINITY;
    long double sum = 0;
    for (size_t i = 0; i < s->used; i++)
        worst = fmaxl(worst, -s->r[i]);
    for (size_t i = 0; i < s->used; i++)
        sum += s->w[i] * expl((-s->r[i] - worst) / theta);
    return worst + theta * (logl(sum / s->weight) - logl(s->config.tail));
}

static long double slow_entropic(sample_of *s) {
    return entropic(s, 1);
}

/* The least over theta, by golden sections of its logarithm. */
static long double slow_entropic_value_at_risk(sample_of *s) {
    const long double part = 0.6180339887498948482L;
    long double low = -30;
    long double high = 10;
    for (int i = 0; i < 200; i++) {
        long double a = high - part * (high - low);
        long double b = low + part * (high - low);
        if (entropic(s, expl(a)) < entropic(s, expl(b)))
            high = b;
        else
            low = a;
    }
    return entropic(s, expl(low));
}

/* ---- Against the benchmark ------------------------------------------------------------------ */

/* The periods that are chosen by the sign of the benchmark: 1 above 0, -1 below, 0 all. */
static sample *chosen(sample_of *s, int sign) {
    static sample part;
    part = *s;
    long double squares = 0;
    part.used = 0;
    part.weight = 0;
    for (size_t i = 0; i < s->used; i++) {
        if (isnan(s->b[i]) || (sign != 0 && !(sign * s->b[i] > 0)))
            continue;
        size_t k = part.used++;
        part.r[k] = s->r[i];
        part.b[k] = s->b[i];
        part.w[k] = s->w[i];
        part.f[k] = s->f[i];
        part.weight += s->w[i];
        squares += s->w[i] * s->w[i];
    }
    part.concentration = squares / (part.weight * part.weight);
    return &part;
}

static long double beta_of(sample_of *c) {
    long double a[COUNT_MAX];
    long double b[COUNT_MAX];
    long double product = 0;
    for (size_t i = 0; i < c->used; i++) {
        a[i] = c->r[i] - c->f[i];
        b[i] = c->b[i] - c->f[i];
    }
    long double ma = mean_of(c, a);
    long double mb = mean_of(c, b);
    for (size_t i = 0; i < c->used; i++)
        product += c->w[i] * (a[i] - ma) * (b[i] - mb);
    return product / c->weight / centred(c, b, 2);
}

static long double slow_beta(sample_of *s) {
    return beta_of(chosen(s, 0));
}
static long double slow_up_beta(sample_of *s) {
    return beta_of(chosen(s, 1));
}
static long double slow_alpha(sample_of *s) {
    sample_of *c = chosen(s, 0);
    long double beta = beta_of(c);
    long double free = mean_of(c, c->f);
    return mean_of(c, c->r) - free - beta * (mean_of(c, c->b) - free);
}
static long double slow_alpha_annual(sample_of *s) {
    long double n = s->config.periods_per_year;
    long double alpha = slow_alpha(s);
    return s->config.annual == TW_ANNUAL_COMPOUND ? powl(1 + alpha, n) - 1 : alpha * n;
}
static long double slow_tracking(sample_of *s) {
    sample_of *c = chosen(s, 0);
    long double active[COUNT_MAX] = {0};
    for (size_t i = 0; i < c->used; i++)
        active[i] = c->r[i] - c->b[i];
    return sqrtl(unbiased(c, centred(c, active, 2), c->config.ddof));
}
static long double slow_down_capture(sample_of *s) {
    sample_of *c = chosen(s, -1);
    long double n = (long double)c->used;
    long double a = 1;
    long double b = 1;
    for (size_t i = 0; i < c->used; i++) {
        a *= 1 + c->r[i];
        b *= 1 + c->b[i];
    }
    long double power = c->config.capture == TW_CAPTURE_TOTAL ? 1 : c->config.periods_per_year / n;
    return c->config.capture == TW_CAPTURE_MEAN ? mean_of(c, c->r) / mean_of(c, c->b)
                                                : (powl(a, power) - 1) / (powl(b, power) - 1);
}
static long double slow_up_batting(sample_of *s) {
    sample_of *c = chosen(s, 1);
    return part_of(c, c->r, c->b, 1, 0);
}

static const struct {
    tw_figure figure;
    long double (*slow)(sample_of *s);
    double tolerance; /* relative, and as much absolutely of numbers that cancel */
} models[] = {
    {TW_FIGURE_MEAN, slow_mean, 1e-15},
    {TW_FIGURE_VARIANCE, slow_variance, 1e-14},
    {TW_FIGURE_SKEWNESS, slow_skewness, 1e-13},
    {TW_FIGURE_KURTOSIS, slow_kurtosis, 1e-13},
    {TW_FIGURE_SEMI_VARIANCE, slow_semi_variance, 1e-13},
    {TW_FIGURE_MEAN_ABSOLUTE_DEVIATION, slow_absolute, 1e-13},
    {TW_FIGURE_DOWNSIDE_DEVIATION, slow_downside, 1e-13},
    {TW_FIGURE_UPSIDE_FREQUENCY, slow_upside_frequency, 1e-14},
    {TW_FIGURE_LOWER_PARTIAL_MOMENT, slow_partial, 1e-13},
    {TW_FIGURE_SHARPE_ANNUAL, slow_sharpe, 1e-13},
    {TW_FIGURE_SORTINO, slow_sortino, 1e-13},
    {TW_FIGURE_OMEGA, slow_omega, 1e-13},
    {TW_FIGURE_KAPPA, slow_kappa, 1e-13},
    {TW_FIGURE_GAIN_LOSS, slow_gain_loss, 1e-13},
    {TW_FIGURE_VOLATILITY_SKEWNESS, slow_volatility_skewness, 1e-13},
    {TW_FIGURE_TOTAL_RETURN, slow_total, 1e-12},
    {TW_FIGURE_CAGR, slow_cagr, 1e-10},
    {TW_FIGURE_MAX_DRAWDOWN, slow_drawdown, 1e-12},
    {TW_FIGURE_PAIN_INDEX, slow_pain, 1e-12},
    {TW_FIGURE_ULCER_INDEX, slow_ulcer, 1e-12},
    {TW_FIGURE_VALUE_AT_RISK, slow_value_at_risk, 1e-14},
    {TW_FIGURE_EXPECTED_SHORTFALL, slow_shortfall, 1e-13},
    {TW_FIGURE_GINI_MEAN_DIFFERENCE, slow_gini, 1e-13},
    {TW_FIGURE_ENTROPIC_RISK, slow_entropic, 1e-13},
    {TW_FIGURE_ENTROPIC_VALUE_AT_RISK, slow_entropic_value_at_risk, 1e-9},
    {TW_FIGURE_BETA, slow_beta, 1e-12},
    {TW_FIGURE_UP_BETA, slow_up_beta, 1e-10},
    {TW_FIGURE_ALPHA, slow_alpha, 1e-13},
    {TW_FIGURE_ALPHA_ANNUAL, slow_alpha_annual, 1e-10},
    {TW_FIGURE_TRACKING_ERROR, slow_tracking, 1e-13},
    {TW_FIGURE_DOWN_CAPTURE, slow_down_capture, 1e-9},
    {TW_FIGURE_UP_BATTING, slow_up_batting, 1e-14},
};
#define MODEL_COUNT (sizeof models / sizeof models[0])

static void compare_figures(tw_performance *performance, sample *s) {
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        double fast = tw_performance_value(performance, models[i].figure);
        double slow = (double)models[i].slow(s);
        if (!isfinite(slow) && !isfinite(fast))
            continue;
        double distance = fabs(fast - slow);
        if (!(distance <= models[i].tolerance * fmax(1, fabs(slow))))
            fail_msg("%s of %zu: %.17g, not %.17g", tw_figure_name(models[i].figure), s->used, fast,
                     slow);
    }
}

static void fill(sample *s, size_t count, uint64_t seed) {
    tw_random random;
    tw_random_init(&random, seed, 0);
    s->count = count;
    choose_config(s, &random);
    choose_input(s, &random);
    keep_observations(s);
}

static const size_t counts[] = {1, 2, 3, 5, 8, 9, 31, 64, 255, 256, 257, 700};
#define SIZE_COUNT (sizeof counts / sizeof counts[0])

static void test_figures_are_those_of_their_formulas(void **state) {
    (void)state;
    TW_AUTO(tw_performance) *performance = NULL;
    assert_int_equal(tw_performance_new(NULL, COUNT_MAX, &performance), TW_OK);
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (size_t i = 0; i < SIZE_COUNT; i++) {
            sample *s = &the_sample;
            fill(s, counts[i], seed * 100 + i);
            tw_error error = {0};
            tw_status status = tw_performance_load(performance, &s->config, &s->input, &error);
            if (s->used == 0 || s->weight == 0) {
                assert_true(status == TW_EMPTY || status == TW_INVALID);
                continue;
            }
            if (status != TW_OK)
                fail_msg("%s", error.message);
            compare_figures(performance, s);
        }
}

static void test_every_level_gives_the_same_bits(void **state) {
    (void)state;
    TW_AUTO(tw_performance) *performance = NULL;
    assert_int_equal(tw_performance_new(NULL, COUNT_MAX, &performance), TW_OK);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static double values[2][TW_FIGURE_COUNT];
        sample *s = &the_sample;
        fill(s, 1 + (size_t)(seed * 17 % COUNT_MAX), seed);
        if (s->used == 0 || s->weight == 0)
            continue;
        for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
            s->config.level = (tw_cpu_level)level;
            assert_int_equal(tw_performance_load(performance, &s->config, &s->input, NULL), TW_OK);
            tw_performance_report(performance, values[level == TW_CPU_BASELINE ? 0 : 1]);
            if (level != TW_CPU_BASELINE)
                assert_memory_equal(values[0], values[1], sizeof values[0]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_are_those_of_their_formulas),
        cmocka_unit_test(test_every_level_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
