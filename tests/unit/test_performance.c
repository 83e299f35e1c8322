/*
 * test_performance.c - the rules that performance.h states.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/performance.h"

#define ROOM 4000

static tw_performance_config config;
static tw_performance *performance;

static int set_up(void **state) {
    (void)state;
    tw_performance_config_init(&config);
    config.risk_free.unit = config.minimum_acceptable.unit = TW_RATE_PER_PERIOD;
    return tw_performance_new(NULL, ROOM, &performance) == TW_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    tw_performance_free(performance);
    return 0;
}

static tw_status load(const double *returns, size_t count) {
    tw_performance_input input = {.returns = returns, .count = count};
    return tw_performance_load(performance, &config, &input, NULL);
}

static double value(tw_figure figure) {
    return tw_performance_value(performance, figure);
}

static void test_nothing_loaded_has_no_figure(void **state) {
    (void)state;
    double values[TW_FIGURE_COUNT];
    tw_performance_report(performance, values);
    for (size_t i = 0; i < TW_FIGURE_COUNT; i++)
        assert_true(isnan(values[i]));
    assert_true(isnan(tw_performance_quantile(performance, 0.5)));
    tw_performance_autocorrelations(performance, 3, values);
    assert_true(isnan(values[0]) && isnan(values[2]));
}

static void test_an_empty_series_and_one_of_missing_values_are_empty(void **state) {
    (void)state;
    const double missing[] = {NAN, NAN};
    assert_int_equal(load(missing, 0), TW_EMPTY);
    assert_int_equal(load(missing, 2), TW_EMPTY);
}

static void test_one_observation_has_a_mean_and_no_deviation(void **state) {
    (void)state;
    const double one[] = {0.1};
    assert_int_equal(load(one, 1), TW_OK);
    assert_true(value(TW_FIGURE_MEAN) == 0.1);
    assert_near(value(TW_FIGURE_TOTAL_RETURN), 0.1, 1e-15);
    assert_true(value(TW_FIGURE_MAX_DRAWDOWN) == 0);
    assert_true(value(TW_FIGURE_VALUE_AT_RISK) == -0.1);
    assert_true(isnan(value(TW_FIGURE_VOLATILITY)));
    assert_true(isnan(value(TW_FIGURE_SKEWNESS)));
    assert_true(isnan(value(TW_FIGURE_BETA)));
    config.ddof = 0;
    assert_int_equal(load(one, 1), TW_OK);
    assert_true(value(TW_FIGURE_VOLATILITY) == 0);
}

static void test_missing_values_are_skipped_and_counted_or_refused(void **state) {
    (void)state;
    const double returns[] = {0.1, NAN, -0.1, NAN};
    assert_int_equal(load(returns, 4), TW_OK);
    assert_true(value(TW_FIGURE_OBSERVATIONS) == 2);
    assert_true(value(TW_FIGURE_SKIPPED) == 2);
    assert_true(value(TW_FIGURE_MEAN) == 0);
    config.fail_missing = true;
    tw_performance_input input = {.returns = returns, .count = 4};
    tw_error error = {0};
    assert_int_equal(tw_performance_load(performance, &config, &input, &error), TW_INVALID);
    assert_string_equal(error.message, "the return in row 1 is missing");
}

static void test_a_missing_benchmark_leaves_out_pairs_alone(void **state) {
    (void)state;
    const double returns[] = {0.01, 0.02, 0.03, 0.05};
    const double benchmark[] = {0.01, NAN, 0.03, 0.05};
    tw_performance_input input = {.returns = returns, .benchmark = benchmark, .count = 4};
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    assert_true(value(TW_FIGURE_OBSERVATIONS) == 4);
    assert_true(value(TW_FIGURE_BENCHMARK_SKIPPED) == 1);
    assert_near(value(TW_FIGURE_BETA), 1, 1e-15);
    assert_true(value(TW_FIGURE_TRACKING_ERROR) == 0);
    assert_true(value(TW_FIGURE_SPECIFIC_RISK) == 0);
}

static void test_what_is_infinite_or_too_large_is_refused_with_its_row(void **state) {
    (void)state;
    const double good[] = {0.1, 0.2, 0.3};
    const double bad[] = {0.1, 0.2, -INFINITY};
    const double large[] = {0.1, 1.1e150, 0.2};
    const double negative[] = {1, -1, 1};
    const struct {
        tw_performance_input input;
        const char *sentence;
    } cases[] = {
        {{.returns = bad, .count = 3}, "the return in row 2 is infinite or too large"},
        {{.returns = large, .count = 3}, "the return in row 1 is infinite or too large"},
        {{.returns = good, .benchmark = bad, .count = 3},
         "the benchmark in row 2 is infinite or too large"},
        {{.returns = good, .risk_free = large, .count = 3},
         "the risk-free rate in row 1 is infinite or too large"},
        {{.returns = good, .minimum_acceptable = bad, .count = 3},
         "the minimum acceptable return in row 2 is infinite or too large"},
        {{.returns = good, .weights = negative, .count = 3}, "the weight in row 1 is negative"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_error error = {0};
        assert_int_equal(tw_performance_load(performance, &config, &cases[i].input, &error),
                         TW_INVALID);
        assert_string_equal(error.message, cases[i].sentence);
    }
}

static void test_a_failed_load_keeps_the_series_before(void **state) {
    (void)state;
    const double returns[] = {0.1, 0.2};
    const double bad[] = {0.5, INFINITY};
    static const double many[ROOM + 1];
    assert_int_equal(load(returns, 2), TW_OK);
    assert_int_equal(load(bad, 2), TW_INVALID);
    assert_int_equal(load(many, ROOM + 1), TW_FULL);
    assert_int_equal(load(many, 0), TW_EMPTY);
    config.tail = 2;
    assert_int_equal(load(returns, 2), TW_RANGE);
    assert_near(value(TW_FIGURE_MEAN), 0.15, 1e-16);
}

static void test_options_outside_their_limits_are_refused(void **state) {
    (void)state;
    const double returns[] = {0.1, 0.2};
    const tw_performance_config sound = config;
#define REFUSED(member, wrong)                        \
    do {                                              \
        config = sound;                               \
        config.member = (wrong);                      \
        assert_int_equal(load(returns, 2), TW_RANGE); \
    } while (0)
    REFUSED(periods_per_year, 0);
    REFUSED(periods_per_year, NAN);
    REFUSED(risk_free.unit, TW_RATE_UNIT_MISSING);
    REFUSED(minimum_acceptable.unit, TW_RATE_UNIT_MISSING);
    REFUSED(minimum_acceptable.value, NAN);
    REFUSED(ddof, 2);
    REFUSED(partial_ddof, 2);
    REFUSED(residual_ddof, 3);
    REFUSED(annual, 2);
    REFUSED(capture, 3);
    REFUSED(burke, 3);
    REFUSED(quantile, 0);
    REFUSED(quantile, TW_QUANTILE_KIND_MAX + 1);
    REFUSED(shortfall, 3);
    REFUSED(tail_method, 3);
    REFUSED(tail, -0.1);
    REFUSED(tail, NAN);
    REFUSED(partial_order, 0);
    REFUSED(decay, 1);
    REFUSED(entropic_aversion, 0);
    REFUSED(entropic_floor, -1);
    REFUSED(pareto_part, 1);
    REFUSED(autocorrelation_lag, 0);
    REFUSED(autocorrelation_lag, TW_PERFORMANCE_LAG_MAX + 1);
    REFUSED(level, (tw_cpu_level)99);
#undef REFUSED
    config = sound;
    config.compound_rates = true;
    config.risk_free = (tw_rate){-1.5, TW_RATE_PER_YEAR};
    assert_int_equal(load(returns, 2), TW_RANGE);
}

static void test_rates_have_the_unit_that_they_say(void **state) {
    (void)state;
    const double returns[] = {0.01, 0.03};
    config.periods_per_year = 12;
    config.risk_free = (tw_rate){0.12, TW_RATE_PER_YEAR};
    assert_int_equal(load(returns, 2), TW_OK);
    double simple = value(TW_FIGURE_SHARPE) * value(TW_FIGURE_VOLATILITY);
    assert_near(simple, 0.02 - 0.01, 1e-16);
    config.compound_rates = true;
    assert_int_equal(load(returns, 2), TW_OK);
    double compound = value(TW_FIGURE_SHARPE) * value(TW_FIGURE_VOLATILITY);
    assert_near(compound, 0.02 - (pow(1.12, 1.0 / 12) - 1), 1e-15);
}

static void test_equal_returns_have_a_deviation_of_exactly_zero(void **state) {
    (void)state;
    double returns[7];
    double benchmark[7];
    for (size_t i = 0; i < 7; i++) {
        returns[i] = 0.1;
        benchmark[i] = 0.3;
    }
    tw_performance_input input = {.returns = returns, .benchmark = benchmark, .count = 7};
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    assert_true(value(TW_FIGURE_MEAN) == 0.1);
    assert_true(value(TW_FIGURE_VOLATILITY) == 0);
    assert_true(value(TW_FIGURE_SEMI_DEVIATION) == 0);
    assert_true(value(TW_FIGURE_TRACKING_ERROR) == 0);
    assert_true(isnan(value(TW_FIGURE_SHARPE)));
    assert_true(isnan(value(TW_FIGURE_KURTOSIS)));
    assert_true(isnan(value(TW_FIGURE_BETA)));
    assert_true(isnan(value(TW_FIGURE_CORRELATION)));
    /* A benchmark that is the same but for rounding: what is active has no deviation either. */
    for (size_t i = 0; i < 7; i++) {
        returns[i] = 0.01 * (double)i;
        benchmark[i] = returns[i] - 0.003;
    }
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    assert_true(value(TW_FIGURE_TRACKING_ERROR) == 0);
}

static void test_a_quotient_by_zero_is_missing_or_infinite(void **state) {
    (void)state;
    const double gains[] = {0.1, 0.2};
    const double nothing[] = {0, 0};
    assert_int_equal(load(gains, 2), TW_OK);
    assert_true(isnan(value(TW_FIGURE_SORTINO)));
    assert_true(isnan(value(TW_FIGURE_CALMAR)));
    config.infinite_quotients = true;
    assert_int_equal(load(gains, 2), TW_OK);
    assert_true(isinf(value(TW_FIGURE_SORTINO)) && value(TW_FIGURE_SORTINO) > 0);
    assert_true(isinf(value(TW_FIGURE_OMEGA)));
    assert_int_equal(load(nothing, 2), TW_OK);
    assert_true(isnan(value(TW_FIGURE_SORTINO)));
}

static void test_magnitudes_of_150_places_overflow_nothing(void **state) {
    (void)state;
    const double sizes[] = {1e150, 1e-150};
    for (size_t i = 0; i < 2; i++) {
        const double returns[] = {sizes[i], -sizes[i], sizes[i] / 2, 0};
        assert_int_equal(load(returns, 4), TW_OK);
        double v = sizes[i];
        assert_near(value(TW_FIGURE_MEAN) / v, 0.125, 1e-15);
        assert_near(value(TW_FIGURE_VOLATILITY) / v, sqrt(2.1875 / 3), 1e-14);
        /* Of d = 0.875, -1.125, 0.375, -0.125: the mean of d^4 over the square of that of d^2. */
        assert_near(value(TW_FIGURE_KURTOSIS), 0.552001953125 / (0.546875 * 0.546875), 1e-13);
        assert_near(value(TW_FIGURE_SEMI_DEVIATION) / v, sqrt((1.265625 + 0.015625) / 4), 1e-14);
        assert_near(value(TW_FIGURE_VALUE_AT_RISK) / v, 0.85, 1e-14);
    }
}

static void test_ruin_ends_the_path(void **state) {
    (void)state;
    const double returns[] = {0.5, -1, 3};
    const double worse[] = {0.5, -1.5, 3};
    const double *const both[] = {returns, worse};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(load(both[i], 3), TW_OK);
        assert_true(value(TW_FIGURE_TOTAL_RETURN) == -1);
        assert_true(value(TW_FIGURE_CAGR) == -1);
        assert_true(value(TW_FIGURE_MAX_DRAWDOWN) == 1);
        assert_true(isnan(value(TW_FIGURE_STABILITY)));
    }
}

static void test_growth_beyond_doubles_is_still_a_rate(void **state) {
    (void)state;
    double returns[16];
    for (size_t i = 0; i < 16; i++)
        returns[i] = 1e100;
    assert_int_equal(load(returns, 16), TW_OK);
    assert_near(value(TW_FIGURE_GEOMETRIC_MEAN) / 1e100, 1, 1e-11);
    assert_true(value(TW_FIGURE_MAX_DRAWDOWN) == 0);
}

static void test_quantiles_by_their_kinds(void **state) {
    (void)state;
    const double returns[] = {4, 1, 3, 2, 5};
    const struct {
        tw_quantile_kind kind;
        double expected; /* at 0.3 */
    } kinds[] = {{TW_QUANTILE_LINEAR, 2.2},  {TW_QUANTILE_STEP, 2},
                 {TW_QUANTILE_WEIBULL, 1.8}, {TW_QUANTILE_MEDIAN, 1 + 14.0 / 15},
                 {TW_QUANTILE_LOWER, 2},     {TW_QUANTILE_HIGHER, 3}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        config.quantile = (uint8_t)kinds[i].kind;
        assert_int_equal(load(returns, 5), TW_OK);
        assert_near(tw_performance_quantile(performance, 0.3), kinds[i].expected, 1e-14);
        assert_true(tw_performance_quantile(performance, 0) == 1);
        assert_true(tw_performance_quantile(performance, 1) == 5);
    }
    assert_true(isnan(tw_performance_quantile(performance, 1.5)));
    assert_true(isnan(tw_performance_quantile(performance, NAN)));
}

static void test_equal_weights_are_no_weights(void **state) {
    (void)state;
    const double returns[] = {0.01, -0.02, 0.03, -0.05, 0.02, 0.04};
    const double benchmark[] = {0.02, -0.01, 0.01, -0.04, 0.03, 0.01};
    const double weights[] = {0.25, 0.25, 0.25, 0.25, 0.25, 0.25};
    static double plain[TW_FIGURE_COUNT];
    static double weighted[TW_FIGURE_COUNT];
    tw_performance_input input = {.returns = returns, .benchmark = benchmark, .count = 6};
    config.quantile = TW_QUANTILE_STEP;
    config.tail = 0.3;
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    tw_performance_report(performance, plain);
    input.weights = weights;
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    tw_performance_report(performance, weighted);
    for (size_t i = 0; i < TW_FIGURE_COUNT; i++)
        if (!isnan(plain[i]) || !isnan(weighted[i]))
            if (!(fabs(plain[i] - weighted[i]) <= 1e-12 * fmax(1, fabs(plain[i]))))
                fail_msg("%s: %.17g, not %.17g", tw_figure_name((tw_figure)i), weighted[i],
                         plain[i]);
}

static void test_what_weighs_nothing_counts_for_nothing(void **state) {
    (void)state;
    const double returns[] = {-0.5, 0.1, 0.2, 0.9};
    const double weights[] = {0, 0.2, 0.3, 0};
    const double none[] = {0, 0, 0, 0};
    tw_performance_input input = {.returns = returns, .weights = weights, .count = 4};
    config.tail = 0;
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    assert_true(value(TW_FIGURE_VALUE_AT_RISK) == -0.1);
    assert_near(value(TW_FIGURE_MEAN), 0.16, 1e-16);
    config.tail = 1;
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_OK);
    assert_true(value(TW_FIGURE_VALUE_AT_RISK) == -0.2);
    input.weights = none;
    assert_int_equal(tw_performance_load(performance, &config, &input, NULL), TW_INVALID);
}

/* Chi-squared tails of 3 and 6 degrees, from tables: 7.8147 and 12.5916 leave 0.05. */
static void test_autocorrelation_of_a_switching_series(void **state) {
    (void)state;
    double returns[16];
    for (size_t i = 0; i < 16; i++)
        returns[i] = i % 2 == 0 ? 1 : -1;
    config.autocorrelation_lag = 3;
    assert_int_equal(load(returns, 16), TW_OK);
    assert_near(value(TW_FIGURE_AUTOCORRELATION), -13.0 / 16, 1e-15);
    double q = 16.0 * 18 * (15.0 / 256 + 14.0 / 256 + 13.0 / 256);
    assert_near(value(TW_FIGURE_LJUNG_BOX), q, 1e-12);
    double odd = erfc(sqrt(q / 2)) + sqrt(2 * q / 3.14159265358979323846) * exp(-q / 2);
    assert_near(value(TW_FIGURE_LJUNG_BOX_PROBABILITY) / odd, 1, 1e-11);
    config.autocorrelation_lag = 1;
    assert_int_equal(load(returns, 16), TW_OK);
    q = value(TW_FIGURE_LJUNG_BOX);
    assert_near(value(TW_FIGURE_LJUNG_BOX_PROBABILITY) / erfc(sqrt(q / 2)), 1, 1e-11);
}

/* Returns whose losses are the quantiles of a Pareto tail beyond 0.02, of a tenth of all. */
static void test_a_pareto_tail_is_found_again(void **state) {
    (void)state;
    static double returns[ROOM];
    static const double shapes[] = {-0.2, 0, 0.25};
    const double scale = 0.01;
    for (size_t s = 0; s < 3; s++) {
        double shape = shapes[s];
        size_t beyond = ROOM / 10;
        for (size_t i = 0; i < ROOM; i++) {
            double depth = -log(1 - ((double)i + 0.5) / (double)beyond);
            double y = shape == 0 ? depth : (exp(shape * depth) - 1) / shape;
            returns[i] = i < beyond ? -0.02 - scale * y : -0.02 + 0.0001 * (double)(i - beyond);
        }
        config.tail = 0.01;
        assert_int_equal(load(returns, ROOM), TW_OK);
        assert_near(value(TW_FIGURE_PARETO_SHAPE), shape, 0.03);
        assert_near(value(TW_FIGURE_PARETO_SCALE), scale, 0.0003);
        double y = shape == 0 ? log(10) : (pow(10, shape) - 1) / shape;
        double risk = 0.02 + scale * y;
        assert_near(value(TW_FIGURE_PARETO_VALUE_AT_RISK), risk, 0.0005);
        double shortfall = (risk + scale - shape * 0.02) / (1 - shape);
        assert_near(value(TW_FIGURE_PARETO_SHORTFALL), shortfall, 0.001);
        config.tail = 0.2; /* not within the tail */
        assert_int_equal(load(returns, ROOM), TW_OK);
        assert_true(isnan(value(TW_FIGURE_PARETO_VALUE_AT_RISK)));
    }
    assert_int_equal(load(returns, 99), TW_OK); /* nine of them beyond */
    assert_true(isnan(value(TW_FIGURE_PARETO_SHAPE)));
}

/* Of any method, and of a tail that holds no whole observation: the first figure that is asked for
 * gathers what it needs by itself. */
static void test_a_figure_does_not_depend_on_what_was_asked_before(void **state) {
    (void)state;
    double returns[ROOM];
    double all[TW_FIGURE_COUNT];
    for (size_t i = 0; i < ROOM; i++)
        returns[i] = 0.001 + 0.01 * sin((double)i * (double)i);
    for (uint8_t method = TW_RISK_HISTORICAL; method <= TW_RISK_CORNISH_FISHER; method++) {
        for (int kind = TW_SHORTFALL_CONTINUOUS; kind <= TW_SHORTFALL_FIRST; kind++) {
            config.tail_method = method;
            config.shortfall = (uint8_t)kind;
            config.tail = kind == TW_SHORTFALL_FIRST ? 0.5 / ROOM : 0.05;
            assert_int_equal(load(returns, ROOM), TW_OK);
            tw_performance_report(performance, all);
            for (size_t i = 0; i < TW_FIGURE_COUNT; i++) {
                assert_int_equal(load(returns, ROOM), TW_OK);
                double alone = value((tw_figure)i);
                assert_memory_equal(&alone, &all[i], sizeof alone);
            }
        }
    }
}

static void test_names_lead_back_to_their_figures(void **state) {
    (void)state;
    for (unsigned i = 0; i < TW_FIGURE_COUNT; i++)
        assert_int_equal(tw_figure_from_name(tw_figure_name((tw_figure)i)), i);
    assert_int_equal(tw_figure_from_name("sharp"), TW_FIGURE_COUNT);
    assert_null(tw_figure_name(TW_FIGURE_COUNT));
    assert_true(tw_figure_needs_benchmark(TW_FIGURE_UP_CAPTURE));
    assert_false(tw_figure_needs_benchmark(TW_FIGURE_SORTINO));
}

static void test_conventions_are_told_as_far_as_there_is_room(void **state) {
    (void)state;
    tw_risk_convention told[40];
    size_t count = tw_performance_conventions(&config, told, 40);
    assert_true(count > 10 && count < 40);
    for (size_t i = 0; i < count; i++)
        assert_true(told[i].name != NULL && told[i].text != NULL && told[i].text[0] != 0);
    assert_int_equal(tw_performance_conventions(&config, told, 2), 2);
    assert_int_equal(tw_performance_conventions(&config, NULL, 0), 0);
}

static tw_status make_and_use(const tw_allocator *allocator, void *context) {
    (void)context;
    const double returns[] = {0.1, -0.2};
    TW_AUTO(tw_performance) *own = NULL;
    tw_status status = tw_performance_new(allocator, 8, &own);
    if (status != TW_OK)
        return status;
    tw_performance_input input = {.returns = returns, .count = 2};
    return tw_performance_load(own, &config, &input, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_use, NULL);
    assert_int_equal(tw_performance_new(NULL, 0, &performance), TW_RANGE);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(test_nothing_loaded_has_no_figure),
        WITH(test_an_empty_series_and_one_of_missing_values_are_empty),
        WITH(test_one_observation_has_a_mean_and_no_deviation),
        WITH(test_missing_values_are_skipped_and_counted_or_refused),
        WITH(test_a_missing_benchmark_leaves_out_pairs_alone),
        WITH(test_what_is_infinite_or_too_large_is_refused_with_its_row),
        WITH(test_a_failed_load_keeps_the_series_before),
        WITH(test_options_outside_their_limits_are_refused),
        WITH(test_rates_have_the_unit_that_they_say),
        WITH(test_equal_returns_have_a_deviation_of_exactly_zero),
        WITH(test_a_quotient_by_zero_is_missing_or_infinite),
        WITH(test_magnitudes_of_150_places_overflow_nothing),
        WITH(test_ruin_ends_the_path),
        WITH(test_growth_beyond_doubles_is_still_a_rate),
        WITH(test_quantiles_by_their_kinds),
        WITH(test_equal_weights_are_no_weights),
        WITH(test_what_weighs_nothing_counts_for_nothing),
        WITH(test_autocorrelation_of_a_switching_series),
        WITH(test_a_pareto_tail_is_found_again),
        WITH(test_a_figure_does_not_depend_on_what_was_asked_before),
        WITH(test_names_lead_back_to_their_figures),
        WITH(test_conventions_are_told_as_far_as_there_is_room),
        WITH(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
