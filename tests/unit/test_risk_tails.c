/* test_risk_tails.c - the rules of tradewind/risk.h about estimates and what assets add, one a
 * test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/risk.h"
#include "tradewind/time.h"

#define ROWS_MAX 10000

static double returns[ROWS_MAX];

static const double one = 1;

/* One estimate of one asset. */
typedef struct question {
    tw_risk_config config;
    tw_risk_method method;
    double confidence;
    uint32_t horizon;
} question;

static question ask(tw_risk_method method, double confidence, uint32_t horizon) {
    question q = {.method = method, .confidence = confidence, .horizon = horizon};
    tw_risk_config_init(&q.config);
    q.config.confidences[0] = confidence;
    q.config.confidence_count = 1;
    q.config.horizons[0] = horizon;
    q.config.methods = TW_RISK_METHOD_BIT(method);
    return q;
}

static tw_risk_estimate answer(const question *q, const double *values, size_t count) {
    const tw_risk_maxima maxima = tw_risk_maxima_of(&q->config, count, 1);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {values, &one, NULL, count, 1, NULL};
    tw_risk_report report;
    assert_int_equal(tw_risk_compute(risk, &q->config, &input, &report, NULL), TW_OK);
    assert_int_equal(report.estimate_count, 1);
    assert_int_equal(tw_risk_find(&report, q->method, q->confidence, q->horizon), 0);
    assert_int_equal(tw_risk_find(&report, q->method, 0.77, q->horizon), 1); /* there is none */
    return report.estimates[0];
}

/* ---- Historical ---------------------------------------------------------------------------- */

/* Those of R's quantile(1:10, 0.25), and of quantile(1:10, 0.2), which is a step. */
static void test_quantiles_are_of_all_nine_types(void **state) {
    (void)state;
    static const double quarter[9] = {3, 3, 2, 2.5, 3, 2.75, 3.25, 35 / 12.0, 2.9375};
    static const double fifth[9] = {2, 2.5, 2, 2, 2.5, 2.2, 2.8, 2.4, 2.425};
    static const double values[10] = {4, 10, 1, 7, 3, 9, 2, 6, 8, 5};
    for (uint32_t type = 1; type <= 9; type++) {
        question q = ask(TW_RISK_HISTORICAL, 0.75, 1);
        q.config.quantile = (uint8_t)type;
        assert_near(answer(&q, values, 10).value, -quarter[type - 1], 1e-14);
        q = ask(TW_RISK_HISTORICAL, 0.8, 1);
        q.config.quantile = (uint8_t)type;
        assert_near(answer(&q, values, 10).value, -fifth[type - 1], 1e-14);
    }
}

static void test_a_whole_number_of_worst_rows_is_whole(void **state) {
    (void)state;
    for (size_t k = 0; k < 100; k++)
        returns[k] = (double)((k * 37) % 100); /* 0 to 99 */
    /* 1 - 0.95 is a little more than 0.05: that is no part of a sixth row. */
    question q = ask(TW_RISK_HISTORICAL, 0.95, 1);
    assert_true(answer(&q, returns, 100).expected_shortfall == -2);
    q.config.quantile = TW_QUANTILE_STEP;
    assert_true(answer(&q, returns, 100).value == -4);
}

static void test_a_tail_may_be_all_that_is_at_most_the_quantile(void **state) {
    (void)state;
    static const double values[8] = {-3, -2, -2, -2, 0, 1, 2, 3};
    question q = ask(TW_RISK_HISTORICAL, 0.75, 1); /* place 1.75: -2 */
    q.config.shortfall = TW_SHORTFALL_BEYOND;
    tw_risk_estimate e = answer(&q, values, 8);
    assert_true(e.value == 2);
    assert_near(e.expected_shortfall, 9 / 4.0, 1e-15);
    q.config.shortfall = TW_SHORTFALL_CONTINUOUS; /* two rows */
    assert_near(answer(&q, values, 8).expected_shortfall, 2.5, 1e-15);
}

static void test_scenarios_of_several_periods_are_sums(void **state) {
    (void)state;
    static const double values[7] = {1, -4, 2, 0, 5, -1, -2};
    question q = ask(TW_RISK_HISTORICAL, 0.9, 3);
    q.config.quantile = TW_QUANTILE_STEP; /* the worst */
    tw_risk_estimate e = answer(&q, values, 7);
    assert_int_equal(e.scenarios, 5); /* -1 -2 7 4 2 */
    assert_true(e.value == 2);
    assert_true(isnan(e.value_error) && isnan(e.shortfall_error)); /* they share rows */
    q.config.spans = TW_RISK_SPANS_APART; /* from the newest: (-4 2 0) (5 -1 -2) */
    e = answer(&q, values, 7);
    assert_int_equal(e.scenarios, 2);
    assert_true(e.value == 2);
    assert_true(answer(&q, values + 1, 5).value == -4); /* one alone: (0 5 -1) */
    e = answer(&q, values, 2);
    assert_true(isnan(e.value) && !e.valid && e.scenarios == 0);
}

/* Of a normal sample without noise: the quantiles of n equal parts. */
static void test_standard_errors_are_those_of_independent_scenarios(void **state) {
    (void)state;
    for (size_t k = 0; k < ROWS_MAX; k++)
        returns[k] = tw_risk_normal_quantile(((double)k + 0.5) / ROWS_MAX);
    question q = ask(TW_RISK_HISTORICAL, 0.95, 1);
    tw_risk_estimate e = answer(&q, returns, ROWS_MAX);
    const double p = 0.05;
    double z = tw_risk_normal_quantile(p);
    double density = exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846);
    double root = sqrt((double)ROWS_MAX);
    assert_near(e.value_error, sqrt(p * (1 - p)) / density / root, 1e-4);
    double first = z * p + density; /* of the mean and mean square of (z - x)+ */
    double second = (z * z + 1) * p + z * density;
    assert_near(e.shortfall_error, sqrt(second - first * first) / p / root, 1e-4);
    assert_near(e.value, -z, 1e-3);
    q.confidence = q.config.confidences[0] = 0.99995; /* half a row tells no error of it */
    assert_true(isnan(answer(&q, returns, ROWS_MAX).value_error));
}

/* ---- Filtered ------------------------------------------------------------------------------ */

static void test_a_filter_scales_returns_to_the_deviation_of_now(void **state) {
    (void)state;
    /* v = 2.5, then .5 x 2.5 + .5 x 1 = 1.75, then .5 x 1.75 + .5 x 4 = 2.875 for what comes. */
    static const double values[2] = {-1, -2};
    question q = ask(TW_RISK_FILTERED_HISTORICAL, 0.9, 1);
    q.config.filter_decay = 0.5;
    q.config.quantile = TW_QUANTILE_STEP;
    assert_near(answer(&q, values, 2).value, 2 * sqrt(2.875 / 1.75), 1e-15);
    static const double nothing[3] = {0, 0, 0};
    assert_true(answer(&q, nothing, 3).value == 0);
    /* After a storm, the same returns are worse than after a calm. */
    for (size_t k = 0; k < 200; k++)
        returns[k] = (k % 2 == 0 ? 0.01 : -0.01) * (k < 100 ? 5 : 1);
    q = ask(TW_RISK_FILTERED_HISTORICAL, 0.95, 1);
    double calm = answer(&q, returns, 200).value;
    for (size_t k = 0; k < 200; k++)
        returns[k] = (k % 2 == 0 ? 0.01 : -0.01) * (k < 100 ? 1 : 5);
    assert_true(calm < 0.02 && answer(&q, returns, 200).value > 0.04);
}

/* ---- Moments ------------------------------------------------------------------------------- */

static void test_moments_of_several_periods_are_those_of_independent_ones(void **state) {
    (void)state;
    for (size_t k = 0; k < 50; k++)
        returns[k] = 0.01 * sin((double)(k * k)) + (k == 20 ? -0.03 : 0.0005);
    question day = ask(TW_RISK_GAUSSIAN, 0.99, 1);
    question month = ask(TW_RISK_GAUSSIAN, 0.99, 16);
    double z = tw_risk_normal_quantile(0.01);
    double mean = 0;
    for (size_t k = 0; k < 50; k++)
        mean += returns[k] / 50;
    double deviation = (answer(&day, returns, 50).value + mean) / -z;
    assert_near(answer(&month, returns, 50).value, -16 * mean - 4 * deviation * z, 1e-15);
    /* Skewness and kurtosis fade: the expansion comes near to the normal one. */
    question far = ask(TW_RISK_CORNISH_FISHER, 0.99, 10000);
    month = ask(TW_RISK_GAUSSIAN, 0.99, 10000);
    assert_near(answer(&far, returns, 50).value, answer(&month, returns, 50).value, 0.01);
    assert_true(answer(&far, returns, 50).valid);
}

/* Skewed and heavy-tailed, within the domain of the corrected expansion. */
static size_t make_skewed(void) {
    const size_t count = 2000;
    for (size_t k = 0; k < count; k++) {
        double z = tw_risk_normal_quantile(((double)k + 0.5) / (double)count);
        returns[k] = 0.01 * (z - 0.09 * (z * z - 1) + 0.05 * (z * z * z - 3 * z)) + 0.0003;
    }
    return count;
}

static void moments_of(size_t count, double moments[4]) {
    double m[4] = {0};
    for (size_t k = 0; k < count; k++)
        m[0] += returns[k] / (double)count;
    for (size_t k = 0; k < count; k++) {
        double d = returns[k] - m[0];
        m[1] += d * d / (double)count;
        m[2] += d * d * d / (double)count;
        m[3] += d * d * d * d / (double)count;
    }
    moments[0] = m[0];
    moments[1] = sqrt(m[1]);
    moments[2] = m[2] / (m[1] * sqrt(m[1]));
    moments[3] = m[3] / (m[1] * m[1]) - 3;
}

/* -VaR at 1 - p is the quantile at p; above the median that of the losses, as gains. */
static double quantile_at(double z, size_t count, const double *flipped) {
    double confidence = 1 - 0.5 * erfc(fabs(z) / sqrt(2));
    question q = ask(TW_RISK_CORNISH_FISHER, confidence, 1);
    q.config.corrected_expansion = true;
    return z < 0 ? -answer(&q, returns, count).value : answer(&q, flipped, count).value;
}

static void test_a_corrected_expansion_has_the_moments_of_the_data(void **state) {
    (void)state;
    static double flipped[ROWS_MAX];
    size_t count = make_skewed();
    double moments[4];
    moments_of(count, moments);
    assert_true(fabs(moments[2]) > 0.3 && moments[3] > 1);
    for (size_t k = 0; k < count; k++)
        flipped[k] = -returns[k];
    const double step = 0.05;
    double sums[5] = {0};
    for (double z = -6 + step / 2; z < 6; z += step) {
        double weight = step * exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846);
        double d = (quantile_at(z, count, flipped) - moments[0]) / moments[1];
        double power = weight;
        for (int k = 0; k < 5; k++, power *= d)
            sums[k] += power;
    }
    assert_near(sums[0], 1, 1e-8);
    assert_near(sums[1], 0, 1e-6);
    assert_near(sums[2], 1, 1e-5);
    assert_near(sums[3], moments[2], 1e-4);
    assert_near(sums[4] - 3, moments[3], 1e-3);
}

static void test_a_corrected_shortfall_is_the_tail_mean(void **state) {
    (void)state;
    size_t count = make_skewed();
    question q = ask(TW_RISK_CORNISH_FISHER, 0.95, 1);
    q.config.corrected_expansion = true;
    double expected = answer(&q, returns, count).expected_shortfall;
    assert_true(answer(&q, returns, count).valid);
    const int parts = 3000;
    double mean = 0;
    for (int k = 0; k < parts; k++) {
        double p = 0.05 * (k + 0.5) / parts;
        question at = ask(TW_RISK_CORNISH_FISHER, 1 - p, 1);
        at.config.corrected_expansion = true;
        mean += answer(&at, returns, count).value / parts;
    }
    assert_near(mean, expected, 2e-6);
}

static void test_moments_that_no_expansion_has_are_not_valid(void **state) {
    (void)state;
    for (size_t k = 0; k < 500; k++)
        returns[k] = k % 2 == 0 ? 0.001 : -0.001;
    returns[7] = -0.5; /* skewness -22 */
    question q = ask(TW_RISK_CORNISH_FISHER, 0.95, 1);
    q.config.corrected_expansion = true;
    tw_risk_estimate e = answer(&q, returns, 500);
    assert_true(!e.valid && isnan(e.value) && isnan(e.expected_shortfall));
    q.config.corrected_expansion = false;
    assert_true(!answer(&q, returns, 500).valid && isfinite(answer(&q, returns, 500).value));
}

static void test_a_sample_deviation_is_an_option(void **state) {
    (void)state;
    static const double values[2] = {-0.01, 0.01};
    question q = ask(TW_RISK_GAUSSIAN, 0.95, 1);
    double z = tw_risk_normal_quantile(0.05);
    assert_near(answer(&q, values, 2).value, -z * 0.01, 1e-16);
    q.config.moment_ddof = 1;
    assert_near(answer(&q, values, 2).value, -z * 0.01 * sqrt(2), 1e-16);
}

/* ---- Simulated ----------------------------------------------------------------------------- */

static question ask_paths(uint8_t distribution, double confidence, uint32_t horizon) {
    question q = ask(TW_RISK_MONTE_CARLO, confidence, horizon);
    q.config.paths = 100000;
    q.config.distribution = distribution;
    return q;
}

static void test_paths_come_to_the_figures_of_their_distribution(void **state) {
    (void)state;
    size_t count = make_skewed();
    double moments[4];
    moments_of(count, moments);
    for (uint32_t horizon = 1; horizon < 20; horizon += 9) {
        question q = ask_paths(TW_SIMULATE_NORMAL, 0.99, horizon);
        question normal = ask(TW_RISK_GAUSSIAN, 0.99, horizon);
        tw_risk_estimate drawn = answer(&q, returns, count);
        tw_risk_estimate exact = answer(&normal, returns, count);
        assert_true(drawn.valid && drawn.scenarios == 100000 && drawn.value_error > 0);
        assert_near(drawn.value, exact.value, 5 * drawn.value_error);
        assert_near(drawn.expected_shortfall, exact.expected_shortfall, 5 * drawn.shortfall_error);
        /* Student's t of 5 degrees: its quantile at 1% is -3.36493, its variance 5/3. */
        q = ask_paths(TW_SIMULATE_STUDENT, 0.99, horizon);
        drawn = answer(&q, returns, count);
        double value = -(double)horizon * moments[0] + sqrt(horizon * 0.6) * moments[1] * 3.36493;
        assert_near(drawn.value, value, 5 * drawn.value_error);
        assert_true(drawn.value_error < value / 50);
    }
}

static void test_a_seed_draws_the_same_paths_again(void **state) {
    (void)state;
    size_t count = make_skewed();
    question q = ask_paths(TW_SIMULATE_NORMAL, 0.95, 1);
    double first = answer(&q, returns, count).value;
    assert_true(answer(&q, returns, count).value == first);
    q.config.seed = 2;
    assert_true(answer(&q, returns, count).value != first);
    static const double still[3] = {0.01, 0.01, 0.01};
    assert_true(answer(&q, still, 3).value == -0.01);
    tw_risk_estimate e = answer(&q, still, 1); /* one row has no deviation */
    assert_true(isnan(e.value) && !e.valid && e.scenarios == 0);
}

/* ---- What assets add ----------------------------------------------------------------------- */

static const double pair[5][2] = {
    {-0.04, 0.01}, {0.02, 0.03}, {-0.01, -0.03}, {0.03, -0.02}, {0.01, 0.04}};

static void test_historical_shares_may_be_those_of_all_losses(void **state) {
    (void)state;
    question q = ask(TW_RISK_HISTORICAL, 0.8, 1);
    q.config.shares = TW_RISK_SHARES_LOSSES;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&q.config, 5, 2);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const double weights[2] = {0.5, 0.5};
    tw_risk_input input = {&pair[0][0], weights, NULL, 5, 2, NULL};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &q.config, &input, &r, NULL), TW_OK);
    /* Rows 0 and 2 lose .015 and .02: of the loss of .035 the first asset has .025. */
    double value = r.estimates[0].value;
    assert_near(r.var_contributions[0], value * 0.025 / 0.035, 1e-15);
    assert_near(r.var_contributions[0] + r.var_contributions[1], value, 1e-17);
    input.returns = &pair[4][0]; /* nothing is lost */
    input.observations = 1;
    assert_int_equal(tw_risk_compute(risk, &q.config, &input, &r, NULL), TW_OK);
    assert_true(isnan(r.var_contributions[0]) && isfinite(r.shortfall_contributions[0]));
}

static void test_an_asset_alone_is_all_there_is(void **state) {
    (void)state;
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.incremental = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 5, 1);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    static const double values[5] = {-0.04, 0.02, -0.01, 0.03, 0.011};
    const double weight = 0.3;
    const tw_risk_input input = {values, &weight, NULL, 5, 1, NULL};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    assert_true(r.volatility_contributions[0] == r.volatility && r.volatility_shares[0] == 1);
    for (uint32_t e = 0; e < r.estimate_count; e++) {
        assert_near(r.var_contributions[e], r.estimates[e].value, 0);
        assert_near(r.var_increments[e], r.estimates[e].value, 0);
        assert_near(r.shortfall_increments[e], r.estimates[e].expected_shortfall, 0);
    }
}

/* A straddle of equal assets: their covariance is singular, and the portfolio constant. */
static void test_a_portfolio_that_cannot_move_has_no_risk(void **state) {
    (void)state;
    static const double twins[4][2] = {{0.01, 0.01}, {-0.02, -0.02}, {0.03, 0.03}, {0.01, 0.01}};
    const double weights[2] = {1, -1};
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 4, 2);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {&twins[0][0], weights, NULL, 4, 2, NULL};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    assert_true(r.volatility == 0 && isnan(r.volatility_shares[0]));
    assert_true(r.volatility_contributions[0] == 0);
    for (uint32_t e = 0; e < r.estimate_count; e++)
        assert_true(r.estimates[e].value == 0 && r.estimates[e].expected_shortfall == 0);
    assert_near(r.covariance[0], r.covariance[1], 0);
}

static void test_returns_without_third_powers_have_gaussian_contributions(void **state) {
    (void)state;
    static const double huge[3][2] = {{1e150, -2e150}, {-3e150, 1e150}, {2e150, 5e150}};
    const double weights[2] = {0.5, 0.5};
    tw_risk_config config;
    tw_risk_config_init(&config);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 3, 2);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_input input = {&huge[0][0], weights, NULL, 3, 2, NULL};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, NULL), TW_OK);
    uint32_t at = tw_risk_find(&r, TW_RISK_GAUSSIAN, 0.95, 1);
    const double *parts = r.var_contributions + (size_t)2 * at;
    assert_true(isfinite(r.estimates[at].value) && r.estimates[at].valid);
    assert_near((parts[0] + parts[1]) / r.estimates[at].value, 1, 1e-15);
    assert_false(r.estimates[tw_risk_find(&r, TW_RISK_CORNISH_FISHER, 0.95, 1)].valid);
}

/* ---- Config, room, scenarios --------------------------------------------------------------- */

static void expect(tw_status status, const tw_risk_config *config, const tw_risk_input *input,
                   const char *word) {
    tw_risk_config plain;
    tw_risk_config_init(&plain);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&plain, 5, 2);
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    tw_error error = {0};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, config, input, &r, &error), status);
    if (strstr(error.message, word) == NULL)
        fail_msg("\"%s\" does not speak of %s", error.message, word);
}

static void test_a_config_outside_its_bounds_is_refused(void **state) {
    (void)state;
    const double weights[2] = {0.5, 0.5};
    const tw_risk_input input = {&pair[0][0], weights, NULL, 5, 2, NULL};
    tw_risk_config good;
    tw_risk_config_init(&good);
#define REFUSED(field, value, word)              \
    do {                                         \
        tw_risk_config config = good;            \
        config.field = (value);                  \
        expect(TW_RANGE, &config, &input, word); \
    } while (0)
    REFUSED(confidence_count, TW_RISK_CONFIDENCE_COUNT_MAX + 1, "confidences");
    REFUSED(confidences[1], 0.5, "0.5");
    REFUSED(horizon_count, TW_RISK_HORIZON_COUNT_MAX + 1, "horizons");
    REFUSED(horizons[0], 0, "horizon");
    REFUSED(horizons[0], TW_RISK_HORIZON_MAX + 1, "horizon");
    REFUSED(methods, 1U << TW_RISK_METHOD_COUNT, "method");
    REFUSED(moment_ddof, 2, "moment_ddof");
    REFUSED(quantile, 0, "quantile");
    REFUSED(quantile, 12, "quantile");
    REFUSED(filter_decay, 1, "filter_decay");
    REFUSED(filter_decay, NAN, "filter_decay");
    REFUSED(paths, TW_RISK_PATH_COUNT_MAX + (size_t)1, "paths");
    REFUSED(distribution, 2, "distribution");
    good.distribution = TW_SIMULATE_STUDENT;
    REFUSED(degrees, 2, "degrees");
    good.distribution = TW_SIMULATE_NORMAL;
    REFUSED(shortfall, 3, "shortfall");
    REFUSED(spans, 2, "spans");
    REFUSED(shares, 2, "shares");
    REFUSED(filter, 2, "filter");
#undef REFUSED
}

static void test_what_there_is_no_room_for_is_told(void **state) {
    (void)state;
    const double weights[3] = {0.5, 0.5, 0.5};
    const double values[6] = {0};
    const tw_risk_scenarios scenarios = {.values = values, .count = 6, .horizon = 1};
    tw_risk_input input = {&pair[0][0], weights, NULL, 5, 2, NULL};
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = true;
    expect(TW_FULL, &config, &input, "covariance");
    config.covariance = false;
    config.incremental = true;
    expect(TW_FULL, &config, &input, "increments");
    config.incremental = false;
    config.filter = TW_RISK_FILTER_ASSETS;
    expect(TW_FULL, &config, &input, "filtered");
    config.filter = TW_RISK_FILTER_PORTFOLIO;
    config.horizons[1] = 2;
    config.horizon_count = 2;
    expect(TW_FULL, &config, &input, "estimates");
    config.horizon_count = 1;
    config.paths = 10;
    expect(TW_FULL, &config, &input, "paths");
    config.paths = 0;
    input.assets = 3;
    expect(TW_FULL, &config, &input, "assets");
    input.assets = 2;
    input.scenarios = &scenarios;
    expect(TW_FULL, &config, &input, "scenarios");
}

static uint64_t bytes_of(bool covariance) {
    failing_heap heap;
    failing_heap_init(&heap);
    tw_risk_config config;
    tw_risk_config_init(&config);
    config.covariance = covariance;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 10, 1000);
    tw_risk *risk = NULL;
    assert_int_equal(tw_risk_new(&heap.allocator, &maxima, &risk), TW_OK);
    uint64_t bytes = heap.bytes_out;
    tw_risk_free(risk);
    assert_int_equal(heap.bytes_out, 0);
    return bytes;
}

static void test_only_a_covariance_matrix_takes_the_square_of_the_assets(void **state) {
    (void)state;
    assert_true(bytes_of(false) < 60 * 1000 * sizeof(double));
    assert_true(bytes_of(true) > 1000 * 1000 * sizeof(double));
}

static void test_bad_returns_name_their_row_and_asset(void **state) {
    (void)state;
    double values[5][2];
    memcpy(values, pair, sizeof values);
    const double weights[2] = {0.5, 0.5};
    const double first[2] = {0.5, 0};
    tw_risk_input input = {&values[0][0], weights, NULL, 5, 2, NULL};
    tw_risk_config config;
    tw_risk_config_init(&config);
    values[3][1] = -INFINITY;
    expect(TW_INVALID, &config, &input, "asset 1 in row 3");
    input.weights = first; /* infinite is infinite, whether held or not */
    expect(TW_INVALID, &config, &input, "asset 1 in row 3");
    values[3][1] = NAN;
    config.fail_missing = true;
    expect(TW_OK, &config, &input, "");
    input.weights = weights;
    expect(TW_INVALID, &config, &input, "the return of asset 1 in row 3 is missing");
    static const char *const names[2] = {"OIL", "GAS"};
    int64_t times_ns[5] = {0, 0, 0, TW_NS_PER_DAY, 0};
    input.names = names;
    input.times_ns = times_ns;
    expect(TW_INVALID, &config, &input, "the return of GAS on 1970-01-02 is missing");
    times_ns[3] += TW_NS_PER_SECOND;
    expect(TW_INVALID, &config, &input, "the return of GAS at 1970-01-02T00:00:01");
    values[3][0] = values[3][1] = 1.7e308;
    const double large[2] = {2, 2};
    input.weights = large;
    expect(TW_INVALID, &config, &input, "beyond");
}

static void test_scenarios_have_to_be_numbers(void **state) {
    (void)state;
    const double weights[2] = {0.5, 0.5};
    double values[3] = {0.01, NAN, -0.02};
    tw_risk_config config;
    tw_risk_config_init(&config);
    tw_risk_maxima maxima = tw_risk_maxima_of(&config, 5, 2);
    maxima.scenarios = 3;
    TW_AUTO(tw_risk) *risk = NULL;
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    const tw_risk_scenarios scenarios = {.values = values, .count = 3, .horizon = 1};
    const tw_risk_input input = {&pair[0][0], weights, NULL, 5, 2, &scenarios};
    tw_error error = {0};
    tw_risk_report r;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "scenario 1"));
    values[1] = 0.03;
    assert_int_equal(tw_risk_compute(risk, &config, &input, &r, &error), TW_OK);
    uint32_t at = tw_risk_find(&r, TW_RISK_MONTE_CARLO, 0.95, 1);
    assert_true(at < r.estimate_count && r.estimates[at].scenarios == 3);
    assert_near(r.estimates[at].expected_shortfall, 0.02, 1e-17);
    assert_true(isnan(r.var_contributions[2 * at])); /* nobody gave the assets' returns */
}

/* ---- Exposure and drift -------------------------------------------------------------------- */

static void test_exposure_is_long_short_gross_and_net(void **state) {
    (void)state;
    const double weights[4] = {0.8, -0.3, 0, 0.1};
    tw_risk_exposure e = tw_risk_exposure_of(weights, 4);
    assert_near(e.long_weight, 0.9, 1e-16);
    assert_near(e.short_weight, 0.3, 1e-16);
    assert_near(e.gross, 1.2, 1e-15);
    assert_near(e.net, 0.6, 1e-15);
    assert_near(e.hhi, (0.64 + 0.09 + 0.01) / 1.44, 1e-15);
    assert_near(e.effective_assets, 1.44 / 0.74, 1e-14);
    const double none[2] = {0, 0};
    e = tw_risk_exposure_of(none, 2);
    assert_true(e.gross == 0 && isnan(e.hhi) && isnan(e.effective_assets));
    const double after[4] = {0.5, -0.3, 0.2, 0.2};
    assert_near(tw_risk_turnover(weights, after, 4), 0.3, 1e-16);
}

static void test_weights_drift_with_prices(void **state) {
    (void)state;
    static const double rows[3][2] = {{0.5, 0}, {0.1, -0.2}, {NAN, 0.1}};
    const double weights[2] = {0.5, 0.5};
    const tw_risk_input input = {&rows[0][0], weights, NULL, 3, 2, NULL};
    double values[2];
    double parts[3][2];
    tw_risk_drift(&input, values, &parts[0][0]);
    assert_near(parts[0][0], 0.25, 1e-16);
    assert_near(parts[1][0], 0.75 * 0.1 / 1.25, 1e-16);
    assert_near(parts[1][1], -0.5 * 0.2 / 1.25, 1e-16);
    assert_true(isnan(parts[2][0]));
    assert_near(parts[2][1], 0.4 * 0.1 / (0.825 + 0.4), 1e-16);
    assert_near(values[0], 0.825, 1e-15);
    assert_near(values[1], 0.44, 1e-15);
    static const double climb[2][1] = {{0.1}, {0.2}};
    const double half[1] = {0.5}; /* the other half is cash, which earns nothing */
    double shares[2][1];
    const tw_risk_input kept = {&climb[0][0], half, NULL, 2, 1, NULL};
    tw_risk_drift(&kept, values, &shares[0][0]);
    assert_near(shares[0][0], 0.05, 1e-16);
    assert_near(shares[1][0], 0.55 * 0.2 / 1.05, 1e-16);
    static const double ruin[3][2] = {{-2, 0}, {0.1, 9}, {1, 1}};
    const double single[2] = {1, 0};
    const tw_risk_input lost = {&ruin[0][0], single, NULL, 3, 2, NULL};
    tw_risk_drift(&lost, values, &parts[0][0]);
    assert_true(parts[0][0] == -2 && isnan(parts[1][0]) && isnan(parts[2][0]));
    assert_true(values[0] == -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_are_of_all_nine_types),
        cmocka_unit_test(test_a_whole_number_of_worst_rows_is_whole),
        cmocka_unit_test(test_a_tail_may_be_all_that_is_at_most_the_quantile),
        cmocka_unit_test(test_scenarios_of_several_periods_are_sums),
        cmocka_unit_test(test_standard_errors_are_those_of_independent_scenarios),
        cmocka_unit_test(test_a_filter_scales_returns_to_the_deviation_of_now),
        cmocka_unit_test(test_moments_of_several_periods_are_those_of_independent_ones),
        cmocka_unit_test(test_a_corrected_expansion_has_the_moments_of_the_data),
        cmocka_unit_test(test_a_corrected_shortfall_is_the_tail_mean),
        cmocka_unit_test(test_moments_that_no_expansion_has_are_not_valid),
        cmocka_unit_test(test_a_sample_deviation_is_an_option),
        cmocka_unit_test(test_paths_come_to_the_figures_of_their_distribution),
        cmocka_unit_test(test_a_seed_draws_the_same_paths_again),
        cmocka_unit_test(test_historical_shares_may_be_those_of_all_losses),
        cmocka_unit_test(test_an_asset_alone_is_all_there_is),
        cmocka_unit_test(test_a_portfolio_that_cannot_move_has_no_risk),
        cmocka_unit_test(test_returns_without_third_powers_have_gaussian_contributions),
        cmocka_unit_test(test_a_config_outside_its_bounds_is_refused),
        cmocka_unit_test(test_only_a_covariance_matrix_takes_the_square_of_the_assets),
        cmocka_unit_test(test_what_there_is_no_room_for_is_told),
        cmocka_unit_test(test_bad_returns_name_their_row_and_asset),
        cmocka_unit_test(test_scenarios_have_to_be_numbers),
        cmocka_unit_test(test_exposure_is_long_short_gross_and_net),
        cmocka_unit_test(test_weights_drift_with_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
