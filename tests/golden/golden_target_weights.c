/*
 * golden_target_weights.c - optimal portfolios of real prices beside those that PyPortfolioOpt's
 * own tests expect: 20 US stocks, arithmetic means and covariances of all days that two stocks
 * share, 252 to the year, long only. The least volatility is that of its critical line
 * (tests/test_cla.py), the greatest ratio over a rate of 2% that of its cone solver
 * (tests/test_efficient_frontier.py).
 */
#include "vector_cases.h"

#include "tradewind/target_weights.h"

#define STOCKS 20
#define DAYS 252

static const char *const names[STOCKS] = {"GOOG", "AAPL", "FB", "BABA", "AMZN", "GE",   "AMD",
                                          "WMT",  "BAC",  "GM", "T",    "UAA",  "SHLD", "XOM",
                                          "RRC",  "BBY",  "MA", "PFE",  "JPM",  "SBUX"};

static double returns[STOCKS][VALUES_MAX];
static double means[STOCKS];
static double covariance[STOCKS * STOCKS];
static size_t days;

/* Of the days that both have a return on, ddof 1, as pandas does. */
static double covariance_of(size_t i, size_t j) {
    double sum_i = 0;
    double sum_j = 0;
    size_t count = 0;
    for (size_t t = 0; t < days; t++) {
        if (isnan(returns[i][t]) || isnan(returns[j][t]))
            continue;
        sum_i += returns[i][t];
        sum_j += returns[j][t];
        count++;
    }
    double sum = 0;
    for (size_t t = 0; t < days; t++)
        if (!isnan(returns[i][t]) && !isnan(returns[j][t]))
            sum +=
                (returns[i][t] - sum_i / (double)count) * (returns[j][t] - sum_j / (double)count);
    return sum / (double)(count - 1) * DAYS;
}

static int load(void **state) {
    (void)state;
    if (getenv("TRADEWIND_DATA") == NULL)
        return 0;
    static series prices;
    for (size_t i = 0; i < STOCKS; i++) {
        if (!series_from_csv("data/pypfopt_stock_prices.csv", names[i], &prices))
            return -1;
        days = prices.count - 1;
        double sum = 0;
        size_t count = 0;
        for (size_t t = 0; t < days; t++) {
            returns[i][t] = prices.values[t + 1] / prices.values[t] - 1;
            if (isnan(returns[i][t]))
                continue;
            sum += returns[i][t];
            count++;
        }
        means[i] = sum / (double)count * DAYS;
    }
    for (size_t i = 0; i < STOCKS; i++)
        for (size_t j = 0; j <= i; j++)
            covariance[i * STOCKS + j] = covariance[j * STOCKS + i] = covariance_of(i, j);
    return 0;
}

static tw_target_weights_result compute(tw_target_weights *targets, tw_target_method method) {
    tw_target_weights_config config;
    tw_target_weights_config_init(&config);
    config.method = (uint8_t)method;
    config.risk_free_per_period = 0.02;
    tw_target_weights_input input = {.covariance = covariance, .means = means, .count = STOCKS};
    tw_target_weights_result result;
    tw_error error = {0};
    if (tw_target_weights_compute(targets, &config, &input, &result, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_true(result.converged && result.residual < 1e-10);
    return result;
}

static void assert_close(double actual, double expected) {
    if (!(fabs(actual - expected) <= 1e-12))
        fail_msg("%.17g, not %.17g", actual, expected);
}

static void test_the_least_volatility_of_real_stocks(void **state) {
    (void)state;
    if (getenv("TRADEWIND_DATA") == NULL)
        skip();
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, STOCKS, &targets), TW_OK);
    tw_target_weights_result result = compute(targets, TW_TARGET_MINIMUM_VARIANCE);
    assert_close(result.mean, 0.1793123248125915);
    assert_close(result.volatility, 0.15915084514118688);
}

static void test_the_greatest_ratio_of_real_stocks(void **state) {
    (void)state;
    if (getenv("TRADEWIND_DATA") == NULL)
        skip();
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, STOCKS, &targets), TW_OK);
    tw_target_weights_result result = compute(targets, TW_TARGET_MAXIMUM_SHARPE);
    assert_close(result.mean, 0.33035037367760506);
    assert_close(result.volatility, 0.21671276571944567);
    assert_close(result.objective, 1.4320816434015786);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_least_volatility_of_real_stocks),
        cmocka_unit_test(test_the_greatest_ratio_of_real_stocks),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
