/*
 * test_covariance.c - the rules of covariance.h: what is refused and how it is said, what becomes
 * of missing values, conventions by hand, repair of matrices, and rows pushed one by one.
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
#include "failing_heap.h"
#include "tradewind/covariance.h"
#include "tradewind/random.h"

/* Three assets over five rows. */
static const double small[15] = {0.01, 0.02,  -0.01, 0.02, -0.01, 0.03, -0.03, 0.01,
                                 0.01, -0.01, 0.03,  0.02, 0.02,  0.01, -0.02};
static double answer[900];
static tw_covariance_report report;
static tw_error error;

static tw_status estimate(const tw_covariance_config *config, const double *returns, size_t rows,
                          size_t assets) {
    tw_covariance_input input = {.returns = returns, .rows = rows, .assets = assets};
    return tw_covariance_estimate(NULL, config, &input, answer, &report, &error);
}

static void assert_says(const char *words) {
    if (strstr(error.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", error.message, words);
}

/* ---- Options --------------------------------------------------------------------------------- */

static void expect_refusal(const tw_covariance_config *config, tw_status status,
                           const char *words) {
    tw_covariance_report before;
    memset(&report, 7, sizeof report);
    memcpy(&before, &report, sizeof report);
    answer[0] = 77;
    assert_int_equal(estimate(config, small, 5, 3), status);
    assert_says(words);
    assert_true(answer[0] == 77);
    assert_memory_equal(&before, &report, sizeof report);
}

static void test_options_outside_their_ranges_are_refused(void **state) {
    (void)state;
    tw_covariance_config config;
#define REFUSED(kind, change, words)              \
    do {                                          \
        tw_covariance_config_init(&config, kind); \
        change;                                   \
        expect_refusal(&config, TW_RANGE, words); \
    } while (0)
    REFUSED(TW_COVARIANCE_SAMPLE, config.kind = TW_COVARIANCE_KIND_COUNT, "none of its words");
    REFUSED(TW_COVARIANCE_SAMPLE, config.target = TW_COVARIANCE_TARGET_COUNT, "none of its words");
    REFUSED(TW_COVARIANCE_SAMPLE, config.missing = 4, "none of its words");
    REFUSED(TW_COVARIANCE_SAMPLE, config.ddof = 2, "ddof");
    REFUSED(TW_COVARIANCE_SAMPLE, config.periods_per_year = 0, "periods per year");
    REFUSED(TW_COVARIANCE_SAMPLE, config.periods_per_year = INFINITY, "periods per year");
    REFUSED(TW_COVARIANCE_EXPONENTIAL, config.decay.unit = 0, "unit");
    REFUSED(TW_COVARIANCE_EXPONENTIAL, config.decay.value = 1, "lambda in (0, 1)");
    REFUSED(TW_COVARIANCE_EXPONENTIAL,
            config.decay = ((tw_covariance_decay){1, TW_COVARIANCE_SPAN}), "span above 1");
    REFUSED(TW_COVARIANCE_SHRUNK, config.shrinkage = 1.1, "between 0 and 1");
    REFUSED(TW_COVARIANCE_GERBER, config.gerber_threshold = 0, "Gerber");
    REFUSED(TW_COVARIANCE_SEMI, config.minimum_acceptable.unit = TW_RATE_UNIT_MISSING, "unit");
#undef REFUSED
}

static void test_options_that_do_not_go_together_are_refused(void **state) {
    (void)state;
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_GERBER);
    config.missing = TW_COVARIANCE_PAIRWISE;
    expect_refusal(&config, TW_UNSUPPORTED, "whole rows");
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.target = TW_COVARIANCE_SINGLE_FACTOR;
    config.missing = TW_COVARIANCE_PAIRWISE;
    expect_refusal(&config, TW_UNSUPPORTED, "whole rows");
    tw_covariance_config_init(&config, TW_COVARIANCE_EXPONENTIAL);
    config.recurrence = true;
    config.missing = TW_COVARIANCE_PAIRWISE;
    expect_refusal(&config, TW_UNSUPPORTED, "recurrent");
    tw_covariance_config_init(&config, TW_COVARIANCE_ORACLE);
    config.centre = TW_COVARIANCE_ZERO;
    expect_refusal(&config, TW_UNSUPPORTED, "centred");
    const double weights[5] = {1, 1, 1, 1, 1};
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    tw_covariance_input input = {small, 5, 3, weights, NULL};
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error),
                     TW_UNSUPPORTED);
    assert_says("row weights");
    input = (tw_covariance_input){small, 5, 3, NULL, weights};
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error),
                     TW_UNSUPPORTED);
    assert_says("single factor");
}

static void test_bad_weights_and_factors_are_named(void **state) {
    (void)state;
    double column[5] = {1, 1, -1, 1, 1};
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    tw_covariance_input input = {small, 5, 3, column, NULL};
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error),
                     TW_INVALID);
    assert_says("row 2");
    memset(column, 0, sizeof column);
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error),
                     TW_EMPTY);
    tw_covariance_config_init(&config, TW_COVARIANCE_STRUCTURED);
    config.target = TW_COVARIANCE_SINGLE_FACTOR;
    input = (tw_covariance_input){small, 5, 3, NULL, column};
    column[4] = -INFINITY;
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error),
                     TW_INVALID);
    assert_says("factor in row 4");
    column[4] = NAN;
    column[0] = 1;
    assert_int_equal(tw_covariance_estimate(NULL, &config, &input, answer, &report, &error), TW_OK);
    assert_int_equal(report.rows_used, 4);
    assert_int_equal(report.rows_skipped, 1);
}

/* ---- Missing and infinite -------------------------------------------------------------------- */

static void test_an_infinite_return_is_named(void **state) {
    (void)state;
    double returns[15];
    memcpy(returns, small, sizeof returns);
    returns[7] = -INFINITY;
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++) {
        tw_covariance_config config;
        tw_covariance_config_init(&config, (tw_covariance_kind)kind);
        assert_int_equal(estimate(&config, returns, 5, 3), TW_INVALID);
        assert_says("asset 1 in row 2 is infinite");
    }
}

static void test_a_missing_return_is_skipped_refused_or_zero(void **state) {
    (void)state;
    double returns[15];
    memcpy(returns, small, sizeof returns);
    returns[4] = NAN;
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, returns, 5, 3), TW_OK);
    assert_int_equal(report.rows_used, 4);
    assert_int_equal(report.rows_skipped, 1);
    assert_int_equal(report.missing, 1);
    assert_false(report.pairwise);
    double skipped = answer[0];
    config.missing = TW_COVARIANCE_REFUSE;
    assert_int_equal(estimate(&config, returns, 5, 3), TW_INVALID);
    assert_says("asset 1 in row 1 is missing");
    config.missing = TW_COVARIANCE_PAIRWISE;
    assert_int_equal(estimate(&config, returns, 5, 3), TW_OK);
    assert_int_equal(report.rows_used, 5);
    assert_true(report.pairwise);
    assert_true(fabs(answer[0] - skipped) > 1e-6); /* its own row counts */
    config.missing = TW_COVARIANCE_AS_ZERO;
    assert_int_equal(estimate(&config, returns, 5, 3), TW_OK);
    double kept = answer[4];
    returns[4] = 0;
    assert_int_equal(estimate(&config, returns, 5, 3), TW_OK);
    assert_true(answer[4] == kept);
}

static void test_too_few_rows_are_told(void **state) {
    (void)state;
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, small, 0, 3), TW_EMPTY);
    assert_int_equal(estimate(&config, small, 1, 3), TW_EMPTY);
    assert_says("1 of 1 rows");
    config.ddof = 0;
    assert_int_equal(estimate(&config, small, 1, 3), TW_OK);
    assert_true(answer[0] == 0);
    const double apart[4] = {0.1, NAN, NAN, 0.1};
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, apart, 2, 2), TW_EMPTY);
    config.missing = TW_COVARIANCE_PAIRWISE;
    config.ddof = 0;
    assert_int_equal(estimate(&config, apart, 2, 2), TW_EMPTY);
    assert_says("assets 0 and 1");
}

static void test_returns_too_large_are_told(void **state) {
    (void)state;
    const double large[4] = {1e200, 1, -1e200, 2};
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++) {
        tw_covariance_config config;
        tw_covariance_config_init(&config, (tw_covariance_kind)kind);
        assert_int_equal(estimate(&config, large, 2, 2), TW_OVERFLOW);
    }
}

/* ---- Scale ----------------------------------------------------------------------------------- */

#define SCALE_ROWS 30
#define SCALE_ASSETS 7
static double market[SCALE_ROWS * SCALE_ASSETS];
static double index_returns[SCALE_ROWS];

/* The market times 2^exponent, and the factor times another power. */
static tw_status estimate_at(const tw_covariance_config *config, int exponent, int of_factor) {
    static double returns[SCALE_ROWS * SCALE_ASSETS];
    static double factor[SCALE_ROWS];
    for (size_t i = 0; i < SCALE_ROWS * SCALE_ASSETS; i++)
        returns[i] = ldexp(market[i], exponent);
    for (size_t t = 0; t < SCALE_ROWS; t++)
        factor[t] = ldexp(index_returns[t], of_factor);
    bool given = config->target == TW_COVARIANCE_SINGLE_FACTOR && config->periods_per_year == 12;
    tw_covariance_input input = {.returns = returns,
                                 .factor = given ? factor : NULL,
                                 .rows = SCALE_ROWS,
                                 .assets = SCALE_ASSETS};
    return tw_covariance_estimate(NULL, config, &input, answer, &report, &error);
}

static void expect_same_at_every_scale(const tw_covariance_config *config) {
    static const int exponents[] = {-498, -300, -130, -65, -64, -1, 1, 64, 65, 130, 300, 498};
    static double plain[SCALE_ASSETS * SCALE_ASSETS];
    assert_int_equal(estimate_at(config, 0, 0), TW_OK);
    memcpy(plain, answer, sizeof plain);
    double intensity = report.shrinkage;
    if (!(intensity > 0 && intensity < 1))
        fail_msg("target %d: %g is at a bound", config->target, intensity);
    for (size_t k = 0; k < sizeof exponents / sizeof exponents[0]; k++) {
        int exponent = exponents[k];
        assert_int_equal(estimate_at(config, exponent, -exponent / 2 + 7), TW_OK);
        assert_memory_equal(&report.shrinkage, &intensity, sizeof intensity);
        for (size_t i = 0; i < SCALE_ASSETS * SCALE_ASSETS; i++)
            assert_true(answer[i] == ldexp(plain[i], 2 * exponent));
    }
}

/* From 1e-150 to 1e150. */
static void test_an_intensity_does_not_change_with_the_scale_of_returns(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 11, 0);
    for (size_t t = 0; t < SCALE_ROWS; t++) {
        index_returns[t] = tw_random_uniform(&random) - 0.5;
        for (size_t i = 0; i < SCALE_ASSETS; i++)
            market[t * SCALE_ASSETS + i] =
                (i % 3 == 1 ? -0.6 : 0.2 * (double)(i + 1)) * index_returns[t] +
                0.4 * (tw_random_uniform(&random) - 0.5);
    }
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_ORACLE);
    expect_same_at_every_scale(&config);
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    for (unsigned gaps = 0; gaps < 2; gaps++) {
        config.missing = gaps == 0 ? config.missing : TW_COVARIANCE_PAIRWISE;
        /* Pairs of assets have no single factor. */
        for (unsigned target = 0; target + gaps <= TW_COVARIANCE_SINGLE_FACTOR; target++) {
            config.target = (uint8_t)target;
            config.periods_per_year = 252;
            expect_same_at_every_scale(&config);
            config.periods_per_year = 12; /* with a factor that is given */
            if (target == TW_COVARIANCE_SINGLE_FACTOR)
                expect_same_at_every_scale(&config);
        }
        market[3] = market[3 * SCALE_ASSETS + 1] = NAN;
    }
}

/* ---- Conventions ----------------------------------------------------------------------------- */

static void test_the_sample_is_the_formula(void **state) {
    (void)state;
    const double returns[6] = {1, 4, 2, 2, 3, 3};
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, returns, 3, 2), TW_OK);
    assert_true(answer[0] == 1 && answer[3] == 1 && answer[1] == -0.5 && answer[2] == -0.5);
    assert_true(report.factor == 1 && report.ddof == 1 && report.mean_variance == 1);
    assert_true(isnan(report.shrinkage) && isnan(report.mean_correlation));
    assert_true(report.positive_definite);
    config.annual = true;
    assert_int_equal(estimate(&config, returns, 3, 2), TW_OK);
    assert_true(answer[1] == -126 && report.factor == 252);
    config.correlation = true;
    config.ddof = 0;
    assert_int_equal(estimate(&config, returns, 3, 2), TW_OK);
    assert_true(answer[0] == 1 && report.factor == 1);
    assert_near(answer[1], -0.5, 1e-16);
}

static void test_risk_metrics_weights_are_the_formula(void **state) {
    (void)state;
    const double returns[3] = {0.01, 0.03, -0.02};
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_EXPONENTIAL);
    assert_int_equal(estimate(&config, returns, 3, 1), TW_OK);
    double l = 0.94;
    double expected = (1 - l) / (1 - l * l * l) * (4e-4 + l * 9e-4 + l * l * 1e-4);
    assert_near(answer[0], expected, 1e-18);
    double w = 1 + l + l * l;
    assert_near(report.effective_rows, w * w / (1 + l * l + l * l * l * l), 1e-14);
}

static void test_an_asset_that_does_not_vary_has_no_variance_and_no_correlation(void **state) {
    (void)state;
    double returns[3 * 30];
    for (size_t t = 0; t < 30; t++) {
        returns[t * 3] = (double)(t % 7) * 0.01;
        returns[t * 3 + 1] = 0.1; /* no sum of it is exact */
        returns[t * 3 + 2] = (double)(t % 5) * 0.01;
    }
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++) {
        tw_covariance_config config;
        tw_covariance_config_init(&config, (tw_covariance_kind)kind);
        config.centre = TW_COVARIANCE_MEAN;
        config.target = TW_COVARIANCE_CONSTANT_CORRELATION;
        assert_int_equal(estimate(&config, returns, 30, 3), TW_OK);
        if (kind == TW_COVARIANCE_SEMI || kind == TW_COVARIANCE_ORACLE)
            continue; /* not about the mean, and drawn to the identity */
        assert_true(answer[4] == 0 && answer[1] == 0 && answer[5] == 0);
        assert_false(report.positive_definite);
        config.correlation = true;
        assert_int_equal(estimate(&config, returns, 30, 3), TW_OK);
        assert_true(isnan(answer[1]) && isnan(answer[4]) && answer[0] == 1);
        assert_true(fabs(answer[2]) <= 1);
    }
}

static void test_more_assets_than_rows_is_not_definite_until_shrunk(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 5, 0);
    static double returns[10 * 30];
    for (size_t i = 0; i < 300; i++)
        returns[i] = 0.01 * tw_random_normal(&random);
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, returns, 10, 30), TW_OK);
    assert_false(report.positive_definite);
    for (unsigned target = 0; target < TW_COVARIANCE_TARGET_COUNT; target++) {
        tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
        config.target = (uint8_t)target;
        assert_int_equal(estimate(&config, returns, 10, 30), TW_OK);
        assert_true(report.shrinkage > 0 && report.shrinkage <= 1);
        assert_true(report.positive_definite);
        config.leave_definite = true;
        assert_int_equal(estimate(&config, returns, 10, 30), TW_OK);
        assert_false(report.positive_definite);
    }
}

static void test_one_asset_is_its_variance_for_every_kind(void **state) {
    (void)state;
    const double returns[4] = {0.01, -0.02, 0.03, -0.01};
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++)
        for (unsigned target = 0; target < TW_COVARIANCE_TARGET_COUNT; target++) {
            tw_covariance_config config;
            tw_covariance_config_init(&config, (tw_covariance_kind)kind);
            if (kind == TW_COVARIANCE_SEMI || kind == TW_COVARIANCE_EXPONENTIAL)
                continue;
            config.target = (uint8_t)target;
            config.ddof = 0;
            assert_int_equal(estimate(&config, returns, 4, 1), TW_OK);
            assert_near(answer[0], 3.6875e-4, 1e-18);
        }
}

/* ---- Repair ---------------------------------------------------------------------------------- */

static tw_covariance_repair_report repaired;

static tw_status repair(tw_covariance_repair_kind kind, size_t size, const double *matrix) {
    tw_covariance_repair_config config;
    tw_covariance_repair_config_init(&config);
    config.kind = (uint8_t)kind;
    return tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, size}, answer,
                                &repaired, &error);
}

/* The example of Higham 2002. Its answer is [1 a b; a 1 a; b a 1] with b = 2 a^2 - 1, since it is
 * singular, and 4 a^3 = a + 1, since it is nearest: a = 0.76068985340228. */
static void test_the_nearest_correlation_is_highams(void **state) {
    (void)state;
    const double matrix[9] = {1, 1, 0, 1, 1, 1, 0, 1, 1};
    tw_covariance_repair_config config;
    tw_covariance_repair_config_init(&config);
    config.eigenvalue_least = 0;
    assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, 3}, answer,
                                          &repaired, &error),
                     TW_OK);
    assert_near(answer[1], 0.76068985340228, 1e-10);
    assert_near(answer[2], 0.15729810613838, 1e-10);
    assert_true(answer[0] == 1 && answer[1] == answer[3] && answer[5] == answer[7]);
    assert_near(repaired.distance, 0.52779046358183, 1e-10);
    assert_near(repaired.eigenvalue_least, 1 - sqrt(2), 1e-14);
    assert_true(repaired.steps > 1);
}

static double least_eigenvalue(size_t size, const double *matrix) {
    static double scratch[50 * 30];
    static double values[30];
    static double vectors[900];
    assert_true(tw_dense_eigen(NULL, size, matrix, scratch, values, vectors));
    return values[0] / values[size - 1];
}

/* Random covariances made indefinite: both kinds keep the diagonal, and Higham's is nearer. */
static void test_repair_keeps_variances_and_makes_definite(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 6, 0);
    static double matrix[900];
    for (int round = 0; round < 20; round++) {
        size_t n = 3 + tw_random_below(&random, 18);
        double scale[30];
        for (size_t i = 0; i < n; i++)
            scale[i] = 0.01 + tw_random_uniform(&random);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) {
                double c = i == j ? 1 : 2 * tw_random_uniform(&random) - 1;
                matrix[i * n + j] = matrix[j * n + i] = c * scale[i] * scale[j];
            }
        double apart[2];
        for (unsigned kind = 0; kind < 2; kind++) {
            assert_int_equal(repair((tw_covariance_repair_kind)kind, n, matrix), TW_OK);
            for (size_t i = 0; i < n; i++)
                assert_true(answer[i * n + i] == matrix[i * n + i]);
            static double correlations[900];
            static double before[900];
            tw_covariance_correlation(n, answer, correlations);
            tw_covariance_correlation(n, matrix, before);
            assert_true(least_eigenvalue(n, correlations) > -1e-14);
            apart[kind] = 0;
            for (size_t i = 0; i < n * n; i++)
                apart[kind] += pow(correlations[i] - before[i], 2);
        }
        assert_true(apart[TW_COVARIANCE_NEAREST] <= apart[TW_COVARIANCE_SPECTRAL] + 1e-9);
    }
}

static void test_a_matrix_that_is_well_stays_as_it_is(void **state) {
    (void)state;
    const double matrix[9] = {4, 1, 0, 1, 2, 0, 0, 0, 0};
    for (unsigned kind = 0; kind < 2; kind++) {
        tw_covariance_repair_config config;
        tw_covariance_repair_config_init(&config);
        config.kind = (uint8_t)kind;
        config.eigenvalue_least = 0;
        assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, 3},
                                              answer, &repaired, NULL),
                         TW_OK);
        assert_memory_equal(answer, matrix, sizeof matrix);
        assert_true(repaired.distance == 0);
    }
}

static void test_what_is_no_covariance_is_refused(void **state) {
    (void)state;
    double matrix[4] = {1, 0.5, 0.4, 1};
    assert_int_equal(repair(TW_COVARIANCE_SPECTRAL, 2, matrix), TW_INVALID);
    assert_says("not symmetric");
    memcpy(matrix, (double[4]){1, NAN, NAN, 1}, sizeof matrix);
    assert_int_equal(repair(TW_COVARIANCE_NEAREST, 2, matrix), TW_INVALID);
    assert_says("not finite");
    memcpy(matrix, (double[4]){1, 0, 0, -1}, sizeof matrix);
    assert_int_equal(repair(TW_COVARIANCE_NEAREST, 2, matrix), TW_INVALID);
    assert_says("asset 1 is negative");
    memcpy(matrix, (double[4]){1, 0.5, 0.5, 0}, sizeof matrix);
    assert_int_equal(repair(TW_COVARIANCE_NEAREST, 2, matrix), TW_INVALID);
    assert_says("no variance");
}

static void test_steps_that_do_not_suffice_are_told(void **state) {
    (void)state;
    const double matrix[9] = {1, 1, 0, 1, 1, 1, 0, 1, 1};
    tw_covariance_repair_config config;
    tw_covariance_repair_config_init(&config);
    config.steps_max = 3;
    answer[0] = 77;
    assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, 3}, answer,
                                          &repaired, &error),
                     TW_TIMEOUT);
    assert_says("3 steps");
    assert_true(answer[0] == 77);
    config.steps_max = 0;
    assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, 3}, answer,
                                          &repaired, &error),
                     TW_RANGE);
    tw_covariance_repair_config_init(&config);
    config.eigenvalue_least = 1;
    assert_int_equal(tw_covariance_repair(NULL, &config, (tw_covariance_matrix){matrix, 3}, answer,
                                          &repaired, &error),
                     TW_RANGE);
}

/* ---- One row after another ------------------------------------------------------------------- */

/* A huge row that has left leaves nothing behind, and 20,000 rows later nothing has drifted. */
static void test_what_has_left_leaves_no_trace(void **state) {
    (void)state;
    TW_AUTO(tw_covariance) *pushed = NULL;
    assert_int_equal(tw_covariance_new(NULL, 2, 10, &pushed), TW_OK);
    tw_random random;
    tw_random_init(&random, 7, 0);
    double kept[20];
    for (size_t t = 0; t < 20000; t++) {
        double row[2] = {0.01 * tw_random_normal(&random), 0.01 * tw_random_normal(&random)};
        if (t % 1000 == 500)
            row[0] = 1e4;
        kept[t % 10 * 2] = row[0];
        kept[t % 10 * 2 + 1] = row[1];
        assert_int_equal(tw_covariance_push(pushed, row, NULL), TW_OK);
    }
    double read[4];
    double means[2];
    assert_int_equal(tw_covariance_read(pushed, 1, read, means), TW_OK);
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
    assert_int_equal(estimate(&config, kept, 10, 2), TW_OK);
    for (size_t i = 0; i < 4; i++)
        assert_near(read[i], answer[i], 1e-12 * sqrt(answer[0] * answer[3]));
}

static void test_pushed_values_that_do_not_vary_have_no_variance(void **state) {
    (void)state;
    TW_AUTO(tw_covariance) *pushed = NULL;
    assert_int_equal(tw_covariance_new(NULL, 2, 0, &pushed), TW_OK);
    double read[4];
    for (int t = 0; t < 500; t++) {
        double row[2] = {0.1, (double)(t % 3)};
        assert_int_equal(tw_covariance_push(pushed, row, NULL), TW_OK);
        if (t == 0)
            continue;
        assert_int_equal(tw_covariance_read(pushed, 1, read, NULL), TW_OK);
        assert_true(read[0] == 0 && read[1] == 0 && read[2] == 0 && read[3] > 0);
    }
}

static void test_rows_that_cannot_be_pushed_change_nothing(void **state) {
    (void)state;
    assert_int_equal(tw_covariance_new(NULL, 0, 0, &(tw_covariance *){NULL}), TW_RANGE);
    assert_int_equal(tw_covariance_new(NULL, 2, SIZE_MAX / 4, &(tw_covariance *){NULL}),
                     TW_NO_MEMORY);
    assert_int_equal(tw_covariance_new(NULL, 2, SIZE_MAX, &(tw_covariance *){NULL}), TW_RANGE);
    TW_AUTO(tw_covariance) *pushed = NULL;
    assert_int_equal(tw_covariance_new(NULL, 2, 4, &pushed), TW_OK);
    double read[4] = {7, 7, 7, 7};
    assert_int_equal(tw_covariance_read(pushed, 0, read, NULL), TW_EMPTY);
    for (int t = 0; t < 6; t++)
        assert_int_equal(tw_covariance_push(pushed, (double[2]){t, t * t}, NULL), TW_OK);
    double before[4];
    assert_int_equal(tw_covariance_read(pushed, 1, before, NULL), TW_OK);
    size_t asset = 9;
    assert_int_equal(tw_covariance_push(pushed, (double[2]){1, NAN}, &asset), TW_EMPTY);
    assert_int_equal(asset, 1);
    assert_int_equal(tw_covariance_push(pushed, (double[2]){-INFINITY, NAN}, &asset), TW_INVALID);
    assert_int_equal(asset, 0);
    assert_int_equal(tw_covariance_push(pushed, (double[2]){0, 2e100}, &asset), TW_INVALID);
    assert_int_equal(asset, 1);
    assert_int_equal(tw_covariance_skipped(pushed), 1);
    assert_int_equal(tw_covariance_rows(pushed), 4);
    assert_int_equal(tw_covariance_read(pushed, 1, read, NULL), TW_OK);
    assert_memory_equal(read, before, sizeof read);
    tw_covariance_clear(pushed);
    assert_int_equal(tw_covariance_read(pushed, 0, read, NULL), TW_EMPTY);
    for (int t = 2; t < 6; t++)
        assert_int_equal(tw_covariance_push(pushed, (double[2]){t, t * t}, NULL), TW_OK);
    assert_int_equal(tw_covariance_read(pushed, 1, read, NULL), TW_OK);
    for (size_t i = 0; i < 4; i++)
        assert_near(read[i], before[i], 1e-12);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static tw_status every_kind(const tw_allocator *allocator, void *context) {
    (void)context;
    static double gaps[15];
    memcpy(gaps, small, sizeof gaps);
    gaps[4] = NAN;
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++)
        for (unsigned pairs = 0; pairs < 2; pairs++) {
            tw_covariance_config config;
            tw_covariance_config_init(&config, (tw_covariance_kind)kind);
            config.ddof = 1;
            if (pairs != 0 && (kind == TW_COVARIANCE_EXPONENTIAL || kind == TW_COVARIANCE_SHRUNK))
                config.missing = TW_COVARIANCE_PAIRWISE;
            tw_covariance_input input = {.returns = gaps, .rows = 5, .assets = 3};
            double matrix[9] = {77};
            tw_status status =
                tw_covariance_estimate(allocator, &config, &input, matrix, &report, &error);
            if (status != TW_OK) {
                assert_true(matrix[0] == 77);
                return status;
            }
        }
    return TW_OK;
}

static tw_status both_repairs(const tw_allocator *allocator, void *context) {
    (void)context;
    const double matrix[9] = {1, 1, 0, 1, 1, 1, 0, 1, 1};
    for (unsigned kind = 0; kind < 2; kind++) {
        tw_covariance_repair_config config;
        tw_covariance_repair_config_init(&config);
        config.kind = (uint8_t)kind;
        config.tolerance = 0.1;
        tw_status status = tw_covariance_repair(
            allocator, &config, (tw_covariance_matrix){matrix, 3}, answer, &repaired, &error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_covariance) *pushed = NULL;
    return tw_covariance_new(allocator, 3, 5, &pushed);
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(every_kind, NULL);
    assert_survives_failed_allocations(both_repairs, NULL);
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_outside_their_ranges_are_refused),
        cmocka_unit_test(test_options_that_do_not_go_together_are_refused),
        cmocka_unit_test(test_bad_weights_and_factors_are_named),
        cmocka_unit_test(test_an_infinite_return_is_named),
        cmocka_unit_test(test_a_missing_return_is_skipped_refused_or_zero),
        cmocka_unit_test(test_too_few_rows_are_told),
        cmocka_unit_test(test_returns_too_large_are_told),
        cmocka_unit_test(test_an_intensity_does_not_change_with_the_scale_of_returns),
        cmocka_unit_test(test_the_sample_is_the_formula),
        cmocka_unit_test(test_risk_metrics_weights_are_the_formula),
        cmocka_unit_test(test_an_asset_that_does_not_vary_has_no_variance_and_no_correlation),
        cmocka_unit_test(test_more_assets_than_rows_is_not_definite_until_shrunk),
        cmocka_unit_test(test_one_asset_is_its_variance_for_every_kind),
        cmocka_unit_test(test_the_nearest_correlation_is_highams),
        cmocka_unit_test(test_repair_keeps_variances_and_makes_definite),
        cmocka_unit_test(test_a_matrix_that_is_well_stays_as_it_is),
        cmocka_unit_test(test_what_is_no_covariance_is_refused),
        cmocka_unit_test(test_steps_that_do_not_suffice_are_told),
        cmocka_unit_test(test_what_has_left_leaves_no_trace),
        cmocka_unit_test(test_pushed_values_that_do_not_vary_have_no_variance),
        cmocka_unit_test(test_rows_that_cannot_be_pushed_change_nothing),
        cmocka_unit_test(test_nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
