/* test_portfolios.c - the rules of tradewind/portfolios.h, one a test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "failing_heap.h"
#include "tradewind/portfolios.h"

#define ROWS 6
#define ASSETS 2
#define PORTFOLIOS 2

static const double returns[ROWS][ASSETS] = {{0.01, 0.02},  {-0.02, 0.01}, {0.03, -0.01},
                                             {-0.01, 0.00}, {0.02, -0.03}, {0.00, 0.04}};
static const double weights[PORTFOLIOS][ASSETS] = {{1, 0}, {0.5, 0.5}};
static const double benchmark[ROWS] = {0.02, -0.04, 0.06, -0.02, 0.04, 0.00};

static tw_portfolios *make(size_t rows, bool updates) {
    tw_portfolios_limits limits = {
        .rows = rows, .assets = ASSETS, .portfolios = PORTFOLIOS, .updates = updates};
    tw_portfolios *portfolios = NULL;
    assert_int_equal(tw_portfolios_new(NULL, &limits, &portfolios), TW_OK);
    return portfolios;
}

static tw_portfolios_input whole_input(void) {
    return (tw_portfolios_input){.returns = &returns[0][0],
                                 .benchmark = benchmark,
                                 .weights = &weights[0][0],
                                 .rows = ROWS,
                                 .assets = ASSETS,
                                 .portfolios = PORTFOLIOS};
}

static tw_status load(tw_portfolios *portfolios, const tw_portfolios_config *config,
                      const tw_portfolios_input *input, tw_error *error) {
    tw_portfolios_config usual;
    tw_portfolios_config_init(&usual);
    return tw_portfolios_load(portfolios, config != NULL ? config : &usual, input, error);
}

static tw_portfolio_figures figures_of(const tw_portfolios *portfolios, size_t index) {
    size_t count = 0;
    const tw_portfolio_figures *figures = tw_portfolios_figures(portfolios, &count);
    assert_true(index < count);
    return figures[index];
}

static void test_figures_by_hand(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(ROWS, false);
    tw_portfolios_input input = whole_input();
    assert_int_equal(load(portfolios, NULL, &input, NULL), TW_OK);
    tw_portfolio_figures f = figures_of(portfolios, 0);
    double mean = 0.03 / 6;
    double squares = 0.0019 - 6 * mean * mean;
    double downside = sqrt(0.0005 / 6);
    assert_int_equal(f.observations, ROWS);
    assert_near(f.mean, mean, 1e-17);
    assert_near(f.volatility, sqrt(squares / 5), 1e-16);
    assert_near(f.downside_deviation, downside, 1e-16);
    assert_near(f.sharpe, mean / sqrt(squares / 5) * sqrt(252), 1e-13);
    assert_near(f.sortino, mean / downside * sqrt(252), 1e-13);
    assert_near(f.total_return, 1.01 * 0.98 * 1.03 * 0.99 * 1.02 - 1, 1e-15);
    assert_near(f.max_drawdown, 0.02, 1e-15);
    assert_near(f.beta, 0.5, 1e-15);
    assert_near(f.best, 0.03, 0);
    assert_near(f.worst, -0.02, 0);
    /* Sorted: -0.02 -0.01 0 ...; type 7 at 0.05 x 5 = 0.25. */
    assert_near(f.tails[0].var_historical, 0.02 - 0.25 * 0.01, 1e-16);
    assert_near(f.tails[0].shortfall_historical, 0.02, 1e-16);
    double s = sqrt(squares / 6);
    assert_near(f.tails[0].var_gaussian, -mean + 1.6448536269514722 * s, 1e-15);
    assert_near(f.tails[0].shortfall_gaussian, -mean + 2.062712807507115 * s, 1e-14);
}

static void test_conventions_are_chosen_and_told(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(100, false);
    double column[100];
    double rates[100];
    for (size_t t = 0; t < 100; t++) {
        column[t] = -(double)(t % 50) / 1000;
        rates[t] = NAN;
    }
    const double one = 1;
    tw_portfolios_input input = {.returns = column,
                                 .benchmark = rates,
                                 .weights = &one,
                                 .rows = 100,
                                 .assets = 1,
                                 .portfolios = 1,
                                 .first_row = 7};
    tw_portfolios_config config;
    tw_portfolios_config_init(&config);
    config.risk_free = (tw_rate){0.0252, TW_RATE_PER_YEAR};
    config.gaussian_ddof = 1;
    config.shortfall = TW_SHORTFALL_FIRST;
    assert_int_equal(load(portfolios, &config, &input, NULL), TW_OK);
    tw_portfolio_figures f = figures_of(portfolios, 0);
    /* The five worst: 49 49 48 48 47 thousandths; the quantile lies between the fifth and the
     * sixth, so all five are in. */
    assert_near(f.tails[0].shortfall_historical, 0.0482, 1e-15);
    assert_near(f.tails[0].var_gaussian, -f.mean + 1.6448536269514722 * f.volatility, 1e-14);
    assert_int_equal(f.benchmark_skipped, 100);
    assert_true(isnan(f.beta) && isnan(f.alpha));
    tw_portfolios_conventions conventions;
    tw_portfolios_conventions_of(portfolios, &conventions);
    assert_int_equal(conventions.first_row, 7);
    assert_int_equal(conventions.rows, 100);
    assert_near(conventions.risk_free_per_period, 0.0001, 1e-18);
    assert_int_equal(conventions.gaussian_ddof, 1);
    assert_int_equal(conventions.shortfall, TW_SHORTFALL_FIRST);
    assert_int_equal(conventions.confidence_count, 2);
}

static void test_the_window_slides(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(3, true);
    tw_portfolios_input input = whole_input();
    input.rows = 0;
    assert_int_equal(load(portfolios, NULL, &input, NULL), TW_OK);
    assert_true(isnan(figures_of(portfolios, 0).mean));
    assert_true(isnan(figures_of(portfolios, 0).max_drawdown));
    for (size_t t = 0; t < ROWS; t++)
        assert_int_equal(tw_portfolios_push(portfolios, returns[t], benchmark[t], NULL), TW_OK);
    tw_portfolio_figures f = figures_of(portfolios, 0);
    assert_int_equal(f.observations, 3);
    assert_near(f.mean, 0.01 / 3, 1e-17);
    assert_near(f.worst, -0.01, 0);
    assert_near(f.max_drawdown, 0.01, 1e-16);
    tw_portfolios_conventions conventions;
    tw_portfolios_conventions_of(portfolios, &conventions);
    assert_int_equal(conventions.first_row, 3);
}

static void test_a_missing_return_counts_where_there_is_a_weight(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(ROWS + 1, true);
    tw_portfolios_input input = whole_input();
    assert_int_equal(load(portfolios, NULL, &input, NULL), TW_OK);
    const double gap[ASSETS] = {0.05, NAN};
    assert_int_equal(tw_portfolios_push(portfolios, gap, NAN, NULL), TW_OK);
    tw_portfolio_figures first = figures_of(portfolios, 0);
    tw_portfolio_figures second = figures_of(portfolios, 1);
    assert_int_equal(first.skipped, 0);
    assert_int_equal(first.benchmark_skipped, 1);
    assert_near(first.best, 0.05, 0);
    assert_int_equal(second.skipped, 1);
    assert_int_equal(second.observations, ROWS);
    assert_int_equal(second.benchmark_skipped, 0);
    /* The weight that fell on it goes, and the row is there. */
    assert_int_equal(tw_portfolios_weigh(portfolios, 1, 1, 0, NULL), TW_OK);
    second = figures_of(portfolios, 1);
    assert_int_equal(second.skipped, 0);
    assert_near(second.best, 0.025, 1e-17);
}

static void test_no_weight_at_all_is_a_portfolio_that_stands_still(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(ROWS, true);
    tw_portfolios_input input = whole_input();
    assert_int_equal(load(portfolios, NULL, &input, NULL), TW_OK);
    assert_int_equal(tw_portfolios_weigh(portfolios, 0, 0, 0, NULL), TW_OK);
    tw_portfolio_figures f = figures_of(portfolios, 0);
    assert_near(f.volatility, 0, 0);
    assert_near(f.max_drawdown, 0, 0);
    assert_near(f.beta, 0, 0);
    assert_true(isnan(f.sharpe) && isnan(f.sortino));
    double contributions[ASSETS];
    assert_int_equal(tw_portfolios_contributions(portfolios, 0, contributions, NULL), TW_OK);
    assert_true(isnan(contributions[0]));
}

static void test_limits_are_checked(void **state) {
    (void)state;
    const tw_portfolios_limits bad[] = {
        {.rows = 0, .assets = 1, .portfolios = 1},
        {.rows = 1, .assets = 0, .portfolios = 1},
        {.rows = 1, .assets = 1, .portfolios = 0},
        {.rows = 1, .assets = TW_PORTFOLIOS_LIMIT_MAX + 1, .portfolios = 1},
        {.rows = 1, .assets = 1, .portfolios = 1, .confidence_min = 0.5},
        {.rows = 1, .assets = 1, .portfolios = 1, .confidence_min = 1},
    };
    tw_portfolios *portfolios = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_portfolios_new(NULL, &bad[i], &portfolios), TW_RANGE);
    assert_null(portfolios);
    tw_portfolios_free(NULL);
}

/* What is refused has a sentence, and nothing has changed. */
static void assert_refused(tw_portfolios *portfolios, const tw_portfolios_config *config,
                           const tw_portfolios_input *input, tw_status status, const char *words) {
    tw_portfolio_figures before = figures_of(portfolios, 1);
    tw_error error = {0};
    assert_int_equal(load(portfolios, config, input, &error), status);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    tw_portfolio_figures after = figures_of(portfolios, 1);
    assert_memory_equal(&before, &after, sizeof before);
}

static void test_bad_input_has_a_status_and_a_sentence(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(ROWS, true);
    tw_portfolios_input good = whole_input();
    assert_int_equal(load(portfolios, NULL, &good, NULL), TW_OK);
    double wrong[ROWS][ASSETS];
    memcpy(wrong, returns, sizeof wrong);
    wrong[4][1] = INFINITY;
    tw_portfolios_input input = good;
    input.returns = &wrong[0][0];
    assert_refused(portfolios, NULL, &input, TW_INVALID, "asset 1 in row 4");
    wrong[4][1] = NAN;
    tw_portfolios_config config;
    tw_portfolios_config_init(&config);
    config.fail_missing = true;
    assert_refused(portfolios, &config, &input, TW_INVALID, "row 4 has a missing return");
    input = good;
    const double endless[ROWS] = {0, 0, -INFINITY};
    input.benchmark = endless;
    assert_refused(portfolios, NULL, &input, TW_INVALID, "benchmark in row 2");
    input = good;
    const double heavy[PORTFOLIOS][ASSETS] = {{1, 0}, {NAN, 1}};
    input.weights = &heavy[0][0];
    assert_refused(portfolios, NULL, &input, TW_INVALID, "asset 0 in portfolio 1");
    input = good;
    input.rows = ROWS + 1;
    assert_refused(portfolios, NULL, &input, TW_FULL, "7 rows");
    input = good;
    input.assets = 0;
    assert_refused(portfolios, NULL, &input, TW_RANGE, "at least one asset");
    input = good;
    input.first_row = UINT64_MAX;
    assert_refused(portfolios, NULL, &input, TW_RANGE, "first row");
}

static void test_a_bad_config_has_a_status_and_a_sentence(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *portfolios = make(ROWS, true);
    tw_portfolios_input input = whole_input();
    assert_int_equal(load(portfolios, NULL, &input, NULL), TW_OK);
    tw_portfolios_config config;
#define REFUSED(change, words)          \
    tw_portfolios_config_init(&config); \
    change;                             \
    assert_refused(portfolios, &config, &input, TW_RANGE, words)
    REFUSED(config.periods_per_year = 0, "periods per year");
    REFUSED(config.risk_free = (tw_rate){.value = 0.01}, "risk-free rate");
    REFUSED(config.minimum_acceptable.value = NAN, "minimum acceptable");
    REFUSED(config.gaussian_ddof = 2, "ddof");
    REFUSED(config.shortfall = 9, "shortfall");
    REFUSED(config.confidence_count = TW_RISK_CONFIDENCE_COUNT_MAX + 1, "confidences");
    REFUSED(config.confidences[1] = 0.94, "at least 0.95");
    REFUSED(config.confidences[1] = 1, "below 1");
#undef REFUSED
}

static void test_updates_have_their_state_and_their_bounds(void **state) {
    (void)state;
    TW_AUTO(tw_portfolios) *still = make(ROWS, false);
    TW_AUTO(tw_portfolios) *moving = make(ROWS, true);
    size_t count = 1;
    tw_portfolios_figures(moving, &count);
    assert_int_equal(count, 0);
    assert_int_equal(tw_portfolios_push(moving, returns[0], 0, NULL), TW_STATE);
    tw_portfolios_input input = whole_input();
    assert_int_equal(load(still, NULL, &input, NULL), TW_OK);
    assert_int_equal(tw_portfolios_push(still, returns[0], 0, NULL), TW_STATE);
    assert_int_equal(tw_portfolios_weigh(still, 0, 0, 1, NULL), TW_STATE);
    tw_portfolios_config config;
    tw_portfolios_config_init(&config);
    config.fail_missing = true;
    assert_int_equal(load(moving, &config, &input, NULL), TW_OK);
    tw_portfolio_figures before = figures_of(moving, 0);
    const double gap[ASSETS] = {NAN, 0};
    const double endless[ASSETS] = {0, INFINITY};
    assert_int_equal(tw_portfolios_push(moving, gap, 0, NULL), TW_INVALID);
    assert_int_equal(tw_portfolios_push(moving, endless, 0, NULL), TW_INVALID);
    assert_int_equal(tw_portfolios_push(moving, returns[0], INFINITY, NULL), TW_INVALID);
    assert_int_equal(tw_portfolios_weigh(moving, PORTFOLIOS, 0, 1, NULL), TW_RANGE);
    double contributions[ASSETS];
    assert_int_equal(tw_portfolios_contributions(still, 0, contributions, NULL), TW_STATE);
    assert_int_equal(tw_portfolios_contributions(moving, PORTFOLIOS, contributions, NULL),
                     TW_RANGE);
    assert_int_equal(tw_portfolios_weigh(moving, 0, ASSETS, 1, NULL), TW_RANGE);
    assert_int_equal(tw_portfolios_weigh(moving, 0, 0, NAN, NULL), TW_INVALID);
    tw_portfolio_figures after = figures_of(moving, 0);
    assert_memory_equal(&before, &after, sizeof before);
}

/* ---- The assets ---------------------------------------------------------------------------- */

#define MANY 131 /* assets: two tiles and a bit */
#define DAYS 77

static double market_returns[DAYS][MANY];
static double market[DAYS];
static double asset_means[MANY];
static double asset_betas[MANY];
static double asset_covariance[MANY][MANY];

static void fill_market(void) {
    for (size_t t = 0; t < DAYS; t++) {
        market[t] = sin(3.7 * (double)t) / 50;
        for (size_t i = 0; i < MANY; i++)
            market_returns[t][i] = market[t] * (double)i / 100 + sin((double)(t * MANY + i)) / 40;
    }
}

static void measure(const tw_portfolios_input *input, double *scratch) {
    tw_portfolios_assets results = {asset_means, asset_betas, &asset_covariance[0][0]};
    tw_portfolios_assets_measure(NULL, input, scratch, results);
}

static void test_assets_are_measured(void **state) {
    (void)state;
    fill_market();
    market_returns[5][130] = NAN;
    market[9] = NAN;
    tw_portfolios_input input = {
        .returns = &market_returns[0][0], .benchmark = market, .rows = DAYS, .assets = MANY};
    static double scratch[1 << 16];
    assert_true(tw_portfolios_assets_scratch(DAYS, MANY) <= sizeof scratch / sizeof scratch[0]);
    measure(&input, scratch);
    for (size_t i = 0; i < MANY - 1; i++) {
        long double mean = 0;
        long double market_mean = 0;
        long double products = 0;
        long double squares = 0;
        long double next = 0;
        for (size_t t = 0; t < DAYS; t++) {
            mean += (long double)market_returns[t][i] / DAYS;
            market_mean += t == 9 ? 0 : (long double)market[t] / (DAYS - 1);
            next += (long double)market_returns[t][(i + 1) % (MANY - 1)] / DAYS;
        }
        long double covariance = 0;
        for (size_t t = 0; t < DAYS; t++) {
            long double b = t == 9 ? 0 : market[t] - market_mean;
            products += (market_returns[t][i] - mean) * b;
            squares += b * b;
            covariance +=
                (market_returns[t][i] - mean) * (market_returns[t][(i + 1) % (MANY - 1)] - next);
        }
        assert_near(asset_means[i], (double)mean, 1e-16);
        assert_near(asset_betas[i], (double)(products / squares), 1e-14);
        assert_near(asset_covariance[i][(i + 1) % (MANY - 1)], (double)(covariance / (DAYS - 1)),
                    1e-17);
    }
    assert_true(isnan(asset_means[130]) && isnan(asset_betas[130]));
    assert_true(isnan(asset_covariance[130][130]) && isnan(asset_covariance[3][130]));
}

static void test_assets_without_rows_or_benchmark(void **state) {
    (void)state;
    fill_market();
    static double scratch[1 << 16];
    tw_portfolios_input input = {.returns = &market_returns[0][0], .rows = 1, .assets = MANY};
    measure(&input, scratch);
    assert_near(asset_means[7], market_returns[0][7], 0);
    assert_true(isnan(asset_betas[7]) && isnan(asset_covariance[7][7]));
    for (size_t t = 0; t < DAYS; t++)
        market[t] = market_returns[t][0] = 0.1;
    input.rows = DAYS;
    input.benchmark = market;
    measure(&input, scratch);
    assert_near(asset_means[0], 0.1, 0);
    assert_near(asset_covariance[0][0], 0, 0);
    assert_true(isnan(asset_betas[7])); /* a benchmark that stands still */
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_portfolios) *portfolios = NULL;
    const tw_portfolios_limits limits = {
        .rows = ROWS, .assets = ASSETS, .portfolios = PORTFOLIOS, .updates = true};
    tw_status status = tw_portfolios_new(allocator, &limits, &portfolios);
    if (status != TW_OK)
        return status;
    tw_portfolios_input input = whole_input();
    status = load(portfolios, NULL, &input, NULL);
    return status == TW_OK ? tw_portfolios_push(portfolios, returns[0], 0, NULL) : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_by_hand),
        cmocka_unit_test(test_conventions_are_chosen_and_told),
        cmocka_unit_test(test_the_window_slides),
        cmocka_unit_test(test_a_missing_return_counts_where_there_is_a_weight),
        cmocka_unit_test(test_no_weight_at_all_is_a_portfolio_that_stands_still),
        cmocka_unit_test(test_limits_are_checked),
        cmocka_unit_test(test_bad_input_has_a_status_and_a_sentence),
        cmocka_unit_test(test_a_bad_config_has_a_status_and_a_sentence),
        cmocka_unit_test(test_updates_have_their_state_and_their_bounds),
        cmocka_unit_test(test_assets_are_measured),
        cmocka_unit_test(test_assets_without_rows_or_benchmark),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
