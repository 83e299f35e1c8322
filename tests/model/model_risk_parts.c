/*
 * model_risk_parts.c - estimates by every method and what assets add to them, beside slow ones:
 * scenarios that are all sorted, formulas in long double, derivatives by differences, and reports
 * of the portfolio without an asset.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "risk_priv.h"
#include "tradewind/risk.h"

#define ROWS_MAX 130
#define ASSETS_MAX 19
#define SEED_COUNT 120

static double returns[ROWS_MAX * ASSETS_MAX];
static double weights[ASSETS_MAX];
static size_t rows;
static size_t assets;

/* The rows that are used. */
static size_t used[ROWS_MAX];
static size_t used_count;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double uniform(uint64_t *seed) {
    return (double)(next_random(seed) >> 11) * 0x1p-53;
}

static double random_return(uint64_t *seed) {
    double total = 0;
    for (int i = 0; i < 4; i++)
        total += uniform(seed) - 0.5;
    double shock = next_random(seed) % 20 == 0 ? -0.03 * uniform(seed) : 0;
    return 0.02 * total + shock + 0.0004;
}

static void make_input(uint64_t *seed) {
    static const size_t counts[] = {1, 2, 3, 5, 8, 40, 63, ROWS_MAX};
    rows = counts[next_random(seed) % 8];
    assets = 1 + next_random(seed) % ASSETS_MAX;
    bool gaps = next_random(seed) % 3 == 0;
    for (size_t i = 0; i < assets; i++)
        weights[i] = next_random(seed) % 5 == 0 ? 0 : uniform(seed) - 0.25;
    weights[0] = 0.5;
    for (size_t k = 0; k < rows * assets; k++)
        returns[k] = random_return(seed);
    used_count = 0;
    for (size_t t = 0; t < rows; t++) {
        bool missing = gaps && t > 0 && next_random(seed) % 6 == 0;
        if (missing)
            returns[t * assets] = NAN;
        else
            used[used_count++] = t;
    }
}

static tw_risk_config make_config(uint64_t *seed) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.confidences[0] = 0.9;
    config.confidences[1] = 0.975;
    config.horizons[1] = 3;
    config.horizon_count = 2;
    config.quantile = (uint8_t)(1 + next_random(seed) % 9);
    config.shortfall = (uint8_t)(next_random(seed) % 2);
    config.spans = (uint8_t)(next_random(seed) % 2);
    config.filter = (uint8_t)(next_random(seed) % 2);
    config.moment_ddof = (uint32_t)(next_random(seed) % 2);
    config.corrected_expansion = next_random(seed) % 3 == 0;
    config.incremental = true;
    config.paths = next_random(seed) % 2 == 0 ? 0 : 1 + next_random(seed) % 300;
    config.seed = next_random(seed);
    config.distribution = (uint8_t)(next_random(seed) % 2);
    return config;
}

/* ---- Slow scenarios ------------------------------------------------------------------------ */

/* The return of an asset in a used row, as it stands in a scenario: filtered or as it is. */
static double filtered[ROWS_MAX * ASSETS_MAX];

static double series_of(size_t k, const double *w) {
    long double total = 0;
    for (size_t i = 0; i < assets; i++)
        total += w[i] == 0 ? 0 : (long double)w[i] * returns[used[k] * assets + i];
    return (double)total;
}

/* What values are multiplied by to stand in the deviation that is foreseen now. */
static void slow_factors(double decay, const double *values, double *ret) {
    long double variance = 0;
    for (size_t k = 0; k < used_count; k++)
        variance += (long double)values[k] * values[k] / (long double)used_count;
    for (size_t k = 0; k < used_count; k++) {
        ret[k] = (double)variance;
        variance = decay * variance + (1 - (long double)decay) * values[k] * values[k];
    }
    for (size_t k = 0; k < used_count; k++)
        ret[k] = ret[k] > 0 ? sqrt((double)variance / ret[k]) : 1;
}

static void slow_filter(const tw_risk_config *config, bool is_filtered, const double *w) {
    static double values[ROWS_MAX];
    static double factors[ROWS_MAX];
    for (size_t i = 0; i < assets; i++) {
        for (size_t k = 0; k < used_count; k++)
            values[k] = config->filter == TW_RISK_FILTER_ASSETS ? returns[used[k] * assets + i]
                                                                : series_of(k, w);
        slow_factors(config->filter_decay, values, factors);
        for (size_t k = 0; k < used_count; k++)
            filtered[k * assets + i] =
                returns[used[k] * assets + i] * (is_filtered ? factors[k] : 1);
    }
}

typedef struct scenario {
    double value;
    size_t begin;
} scenario;

static int by_value(const void *a, const void *b) {
    const scenario *x = a;
    const scenario *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static long double asset_in(const scenario *s, size_t horizon, size_t asset) {
    long double total = 0;
    for (size_t j = 0; j < horizon; j++)
        total += filtered[(s->begin + j) * assets + asset];
    return total;
}

static size_t make_scenarios(const tw_risk_config *config, size_t horizon, scenario *ret) {
    size_t step = config->spans == TW_RISK_SPANS_APART ? horizon : 1;
    size_t first = config->spans == TW_RISK_SPANS_APART ? used_count % horizon : 0;
    size_t count = 0;
    for (size_t begin = first; begin + horizon <= used_count; begin += step) {
        scenario s = {0, begin};
        long double total = 0;
        for (size_t i = 0; i < assets; i++)
            total += weights[i] == 0 ? 0 : weights[i] * asset_in(&s, horizon, i);
        s.value = (double)total;
        ret[count++] = s;
    }
    qsort(ret, count, sizeof *ret, by_value);
    return count;
}

/* Hyndman and Fan as they write them: j = floor(n p + m), 1-based, and gamma. */
static void slow_place(size_t count, double p, uint32_t type, size_t *ret_low, double *ret_part) {
    static const double rest[] = {0, 0, -0.5, 0, 0.5, 0, 0, 0, 0};
    double m = rest[type - 1];
    m = type == 6 ? p : type == 7 ? 1 - p : type == 8 ? (p + 1) / 3 : m;
    m = type == 9 ? p / 4 + 0.375 : m;
    double place = (double)count * p + m;
    double j = floor(place + 1e-9);
    double g = fabs(place - j) < 1e-9 ? 0 : place - j;
    double part = g;
    if (type == 1)
        part = g > 0 ? 1 : 0;
    if (type == 2)
        part = g > 0 ? 1 : 0.5;
    if (type == 3)
        part = g == 0 && fmod(j, 2) == 0 ? 0 : 1;
    double low = j - 1 + part;
    low = fmin(fmax(low, 0), (double)count - 1);
    *ret_low = (size_t)floor(low);
    *ret_part = low - floor(low);
}

/* What each scenario counts, in ascending order of them. */
static void slow_shares(const tw_risk_config *config, const scenario *sorted, size_t count,
                        double confidence, long double *ret_var, long double *ret_tail) {
    size_t low;
    double part;
    double p = 1 - confidence;
    slow_place(count, p, config->quantile, &low, &part);
    for (size_t k = 0; k < count; k++)
        ret_var[k] = ret_tail[k] = 0;
    ret_var[low] = 1 - (long double)part;
    if (part > 0)
        ret_var[low + 1] = part;
    long double quantile = 0;
    for (size_t k = 0; k < count; k++)
        quantile += ret_var[k] * sorted[k].value;
    long double reach = 0;
    for (size_t k = 0; k < count; k++) {
        long double left = (long double)count * p - (long double)k;
        if (config->shortfall == TW_SHORTFALL_CONTINUOUS)
            ret_tail[k] = left >= 1 ? 1 : left > 1e-12L ? left : 0;
        else
            ret_tail[k] = sorted[k].value <= quantile + 1e-17L ? 1 : 0;
        reach += ret_tail[k];
    }
    for (size_t k = 0; k < count; k++)
        ret_tail[k] /= reach;
}

static void compare_scenarios(const tw_risk_config *config, const tw_risk_report *r, uint32_t e) {
    static scenario sorted[ROWS_MAX];
    static long double var[ROWS_MAX];
    static long double tail[ROWS_MAX];
    const tw_risk_estimate *estimate = &r->estimates[e];
    slow_filter(config, estimate->method == TW_RISK_FILTERED_HISTORICAL, weights);
    size_t count = make_scenarios(config, estimate->horizon, sorted);
    assert_int_equal(estimate->scenarios, count);
    assert_int_equal(estimate->valid, count > 0);
    if (count == 0) {
        assert_true(isnan(estimate->value) && isnan(r->var_marginals[e * assets]));
        return;
    }
    slow_shares(config, sorted, count, estimate->confidence, var, tail);
    long double value = 0;
    long double shortfall = 0;
    for (size_t k = 0; k < count; k++) {
        value -= var[k] * sorted[k].value;
        shortfall -= tail[k] * sorted[k].value;
    }
    assert_near(estimate->value, (double)value, 1e-15);
    assert_near(estimate->expected_shortfall, (double)shortfall, 1e-15);
    for (size_t i = 0; i < assets; i++) {
        long double marginal = 0;
        long double marginal_tail = 0;
        for (size_t k = 0; k < count; k++) {
            marginal -= var[k] * asset_in(&sorted[k], estimate->horizon, i);
            marginal_tail -= tail[k] * asset_in(&sorted[k], estimate->horizon, i);
        }
        assert_near(r->var_marginals[e * assets + i], (double)marginal, 1e-15);
        assert_near(r->shortfall_marginals[e * assets + i], (double)marginal_tail, 1e-15);
    }
}

/* ---- Moments ------------------------------------------------------------------------------- */

static void slow_moments(const tw_risk_config *config, long double cumulants[4]) {
    long double n = (long double)used_count;
    long double mean = 0;
    for (size_t k = 0; k < used_count; k++)
        mean += series_of(k, weights) / n;
    long double sums[3] = {0};
    for (size_t k = 0; k < used_count; k++) {
        long double d = series_of(k, weights) - mean;
        sums[0] += d * d;
        sums[1] += d * d * d;
        sums[2] += d * d * d * d;
    }
    long double variance = sums[0] / (n - config->moment_ddof);
    cumulants[0] = mean;
    cumulants[1] = sqrtl(variance);
    cumulants[2] = sums[1] / n / powl(variance, 1.5L);
    cumulants[3] = sums[2] / n / (variance * variance) - 3;
}

static void compare_moments(const tw_risk_config *config, const tw_risk_report *r, uint32_t e) {
    const tw_risk_estimate *estimate = &r->estimates[e];
    if (used_count < 2) {
        assert_true(isnan(estimate->value) && !estimate->valid);
        return;
    }
    if (estimate->method == TW_RISK_CORNISH_FISHER && config->corrected_expansion)
        return; /* of these test_risk_tails tells */
    long double c[4];
    slow_moments(config, c);
    long double h = estimate->horizon;
    long double p = 1 - (long double)estimate->confidence;
    long double z = tw_risk_normal_quantile(1 - estimate->confidence);
    bool gaussian = estimate->method == TW_RISK_GAUSSIAN;
    long double s = gaussian ? 0 : c[2] / sqrtl(h);
    long double k = gaussian ? 0 : c[3] / h;
    long double x = z + (z * z - 1) * s / 6 + (z * z * z - 3 * z) * k / 24 -
                    (2 * z * z * z - 5 * z) * s * s / 36;
    long double terms = 1 + x * x * x * s / 6 + (x * x * x * x - 2 * x * x - 1) * k / 24 +
                        (powl(x, 6) - 9 * powl(x, 4) + 9 * x * x + 3) * s * s / 72;
    long double density = expl(-x * x / 2) / sqrtl(2 * 3.14159265358979323846L);
    long double value = -c[0] * h - c[1] * sqrtl(h) * x;
    long double shortfall = -c[0] * h + c[1] * sqrtl(h) * density * terms / p;
    shortfall = shortfall < value ? value : shortfall;
    assert_near(estimate->value, (double)value, 1e-14);
    assert_near(estimate->expected_shortfall, (double)shortfall, 1e-13);
}

/* The shares of paths in a figure sum to 1, so a marginal figure is linear in the figure. */
static void compare_paths(const tw_risk_config *config, const tw_risk_report *r, uint32_t e) {
    const tw_risk_estimate *estimate = &r->estimates[e];
    if (used_count < 2) {
        assert_true(isnan(estimate->value) && !estimate->valid);
        return;
    }
    assert_int_equal(estimate->scenarios, config->paths);
    long double c[4];
    slow_moments(config, c);
    long double h = estimate->horizon;
    for (size_t i = 0; i < assets; i++) {
        long double mean = 0;
        long double slope = 0;
        long double squares = 0;
        for (size_t k = 0; k < used_count; k++)
            mean += returns[used[k] * assets + i] / (long double)used_count;
        for (size_t k = 0; k < used_count; k++) {
            long double d = series_of(k, weights) - c[0];
            slope += (returns[used[k] * assets + i] - mean) * d;
            squares += d * d;
        }
        slope /= squares;
        long double var = -h * mean + slope * (estimate->value + h * c[0]);
        long double tail = -h * mean + slope * (estimate->expected_shortfall + h * c[0]);
        assert_near(r->var_marginals[e * assets + i], (double)var, 1e-14);
        assert_near(r->shortfall_marginals[e * assets + i], (double)tail, 1e-14);
    }
}

static double value_at(tw_risk *risk, const tw_risk_config *config, uint32_t e, bool shortfall) {
    tw_risk_report report;
    tw_risk_input input = {returns, weights, NULL, rows, assets, NULL};
    assert_int_equal(tw_risk_compute(risk, config, &input, &report, NULL), TW_OK);
    return shortfall ? report.estimates[e].expected_shortfall : report.estimates[e].value;
}

/* Derivatives by central differences of whole reports. */
static void compare_derivatives(tw_risk *risk, const tw_risk_config *config,
                                const double *marginals, uint32_t e, bool shortfall) {
    tw_risk_config plain = *config;
    plain.incremental = false;
    for (size_t i = 0; i < assets; i++) {
        double weight = weights[i];
        double step = 1e-5;
        if (weight == 0 && isnan(marginals[i]))
            continue;
        weights[i] = weight + step;
        double above = value_at(risk, &plain, e, shortfall);
        weights[i] = weight - step;
        double below = value_at(risk, &plain, e, shortfall);
        weights[i] = weight;
        double slope = (above - below) / (2 * step);
        assert_near(marginals[i], slope, 2e-7 + 1e-5 * fabs(slope));
    }
}

/* ---- What holds of all --------------------------------------------------------------------- */

static void compare_sums(const tw_risk_report *r, uint32_t e) {
    const double *parts[2] = {r->var_contributions + e * assets,
                              r->shortfall_contributions + e * assets};
    const double *marginals[2] = {r->var_marginals + e * assets,
                                  r->shortfall_marginals + e * assets};
    const double wholes[2] = {r->estimates[e].value, r->estimates[e].expected_shortfall};
    for (int s = 0; s < 2; s++) {
        long double total = 0;
        long double gross = 0;
        for (size_t i = 0; i < assets; i++) {
            total += parts[s][i];
            gross += fabs(parts[s][i]);
            if (weights[i] == 0)
                assert_true(parts[s][i] == 0);
            else if (!isnan(wholes[s]))
                assert_near(parts[s][i], weights[i] * marginals[s][i], 1e-14);
        }
        if (!isnan(wholes[s]))
            assert_true(fabsl(total - wholes[s]) <= 2e-16L * gross);
    }
}

static void compare_increments(tw_risk *risk, const tw_risk_config *config,
                               const tw_risk_report *whole) {
    static double increments[2][TW_RISK_ESTIMATE_COUNT_MAX * ASSETS_MAX];
    static tw_risk_estimate estimates[TW_RISK_ESTIMATE_COUNT_MAX];
    uint32_t count = whole->estimate_count;
    memcpy(increments[0], whole->var_increments, count * assets * sizeof(double));
    memcpy(increments[1], whole->shortfall_increments, count * assets * sizeof(double));
    memcpy(estimates, whole->estimates, count * sizeof *estimates);
    for (size_t i = 1; i < assets; i++) { /* the first one decides which rows count */
        double weight = weights[i];
        weights[i] = 0;
        for (uint32_t e = 0; e < count; e++) {
            double value = estimates[e].value - value_at(risk, config, e, false);
            double shortfall = estimates[e].expected_shortfall - value_at(risk, config, e, true);
            bool none = isnan(value) && isnan(increments[0][e * assets + i]);
            if (none || weight == 0)
                continue;
            assert_near(increments[0][e * assets + i], value, 1e-13);
            assert_near(increments[1][e * assets + i], shortfall, 1e-13);
        }
        weights[i] = weight;
    }
}

static tw_risk *new_risk(void) {
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.horizon_count = 2;
    config.incremental = true;
    config.filter = TW_RISK_FILTER_ASSETS;
    config.paths = 300;
    tw_risk_maxima maxima = tw_risk_maxima_of(&config, ROWS_MAX, ASSETS_MAX);
    maxima.scenarios = ROWS_MAX;
    tw_risk *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    return risk;
}

static void test_estimates_and_contributions_are_those_of_slow_formulas(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = new_risk();
    for (uint64_t run = 1; run <= SEED_COUNT; run++) {
        uint64_t seed = run;
        make_input(&seed);
        tw_risk_config config = make_config(&seed);
        config.incremental = false;
        tw_risk_input input = {returns, weights, NULL, rows, assets, NULL};
        tw_risk_report r;
        assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
        assert_int_equal(r.estimate_count, config.paths > 0 ? 20 : 16);
        for (uint32_t e = 0; e < r.estimate_count; e++) {
            if (r.estimates[e].method == TW_RISK_HISTORICAL ||
                r.estimates[e].method == TW_RISK_FILTERED_HISTORICAL)
                compare_scenarios(&config, &r, e);
            else if (r.estimates[e].method == TW_RISK_MONTE_CARLO)
                compare_paths(&config, &r, e);
            else
                compare_moments(&config, &r, e);
            compare_sums(&r, e);
        }
    }
}

static void test_marginal_figures_by_moments_are_derivatives(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = new_risk();
    TW_AUTO(tw_risk) *other = new_risk();
    size_t compared = 0;
    for (uint64_t run = 1; run <= SEED_COUNT; run++) {
        uint64_t seed = run;
        make_input(&seed);
        tw_risk_config config = make_config(&seed);
        config.methods =
            TW_RISK_METHOD_BIT(TW_RISK_GAUSSIAN) | TW_RISK_METHOD_BIT(TW_RISK_CORNISH_FISHER);
        config.incremental = false;
        tw_risk_input input = {returns, weights, NULL, rows, assets, NULL};
        tw_risk_report r;
        assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
        if (used_count < 30)
            continue; /* so few rows bend the expansion too sharply for differences */
        for (uint32_t e = 0; e < r.estimate_count; e++) {
            if (!r.estimates[e].valid)
                continue;
            compare_derivatives(other, &config, r.var_marginals + e * assets, e, false);
            compare_derivatives(other, &config, r.shortfall_marginals + e * assets, e, true);
            compared++;
        }
    }
    assert_true(compared > 100);
}

static void test_increments_are_those_of_portfolios_without_the_asset(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = new_risk();
    TW_AUTO(tw_risk) *other = new_risk();
    for (uint64_t run = 1; run <= SEED_COUNT / 2; run++) {
        uint64_t seed = run;
        make_input(&seed);
        tw_risk_config config = make_config(&seed);
        tw_risk_input input = {returns, weights, NULL, rows, assets, NULL};
        tw_risk_report r;
        assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
        config.incremental = false;
        compare_increments(other, &config, &r);
    }
}

static void test_every_level_of_instructions_gives_the_same_bits(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *first = new_risk();
    TW_AUTO(tw_risk) *second = new_risk();
    for (uint64_t run = 1; run <= SEED_COUNT; run++) {
        uint64_t seed = run;
        make_input(&seed);
        tw_risk_config config = make_config(&seed);
        config.level = TW_CPU_BASELINE;
        tw_risk_input input = {returns, weights, NULL, rows, assets, NULL};
        tw_risk_report plain;
        assert_int_equal(tw_risk_compute(first, &config, &input, &plain, NULL), TW_OK);
        for (int level = TW_CPU_AVX2; level < TW_CPU_LEVEL_COUNT; level++) {
            config.level = (tw_cpu_level)level;
            tw_risk_report wide;
            assert_int_equal(tw_risk_compute(second, &config, &input, &wide, NULL), TW_OK);
            size_t size = plain.estimate_count * assets * sizeof(double);
            assert_memory_equal(&plain.mean, &wide.mean,
                                offsetof(tw_risk_report, exposure) -
                                    offsetof(tw_risk_report, mean));
            assert_memory_equal(plain.var_marginals, wide.var_marginals, size);
            assert_memory_equal(plain.shortfall_marginals, wide.shortfall_marginals, size);
            assert_memory_equal(plain.var_increments, wide.var_increments, size);
            assert_memory_equal(plain.volatility_contributions, wide.volatility_contributions,
                                assets * sizeof(double));
            for (uint32_t e = 0; e < plain.estimate_count; e++)
                assert_memory_equal(&plain.estimates[e].value, &wide.estimates[e].value,
                                    2 * sizeof(double));
        }
    }
}

/* The rows themselves, as if they had been simulated. */
static void give_rows(void *context, size_t count, const size_t *indices, double *ret_returns) {
    (void)context;
    assert_true(count > 0 && count <= TW_RISK_SCENARIO_BLOCK);
    for (size_t k = 0; k < count; k++)
        memcpy(ret_returns + k * assets, returns + indices[k] * assets, assets * sizeof(double));
}

static void test_given_scenarios_are_read_as_rows_are(void **state) {
    (void)state;
    TW_AUTO(tw_risk) *risk = new_risk();
    for (uint64_t run = 1; run <= SEED_COUNT; run++) {
        uint64_t seed = run;
        make_input(&seed);
        if (used_count < rows)
            continue;
        static double values[ROWS_MAX];
        for (size_t k = 0; k < rows; k++)
            values[k] = series_of(k, weights);
        tw_risk_config config = make_config(&seed);
        config.incremental = false;
        config.shares = (uint8_t)(next_random(&seed) % 2);
        config.methods =
            TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL) | TW_RISK_METHOD_BIT(TW_RISK_MONTE_CARLO);
        const tw_risk_scenarios given = {
            .values = values, .count = rows, .horizon = 1, .assets = give_rows};
        tw_risk_input input = {returns, weights, NULL, rows, assets, &given};
        tw_risk_report r;
        assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
        assert_int_equal(r.estimate_count, 8);
        for (uint32_t e = 0; e < 4; e += 2) {
            assert_near(r.estimates[e].value, r.estimates[e + 1].value, 1e-16);
            assert_near(r.estimates[e].expected_shortfall, r.estimates[e + 1].expected_shortfall,
                        1e-16);
            for (size_t i = 0; i < assets; i++) {
                double row = r.var_marginals[e * assets + i];
                double same = r.var_marginals[(e + 1) * assets + i];
                assert_true((isnan(row) && isnan(same)) || fabs(row - same) <= 1e-13);
                assert_near(r.shortfall_marginals[e * assets + i],
                            r.shortfall_marginals[(e + 1) * assets + i], 1e-14);
            }
        }
        assert_true(isnan(r.estimates[5].value) && !r.estimates[5].valid); /* of three periods */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_estimates_and_contributions_are_those_of_slow_formulas),
        cmocka_unit_test(test_marginal_figures_by_moments_are_derivatives),
        cmocka_unit_test(test_increments_are_those_of_portfolios_without_the_asset),
        cmocka_unit_test(test_every_level_of_instructions_gives_the_same_bits),
        cmocka_unit_test(test_given_scenarios_are_read_as_rows_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
