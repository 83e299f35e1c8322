/*
 * model_portfolios.c - many portfolios beside tw_risk, which computes one with care; and a window
 * that has been pushed along beside one that is loaded, bit for bit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_near.h"
#include "tradewind/portfolios.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROWS_MAX 400
#define ASSETS_MAX 24
#define PORTFOLIOS_MAX 40

typedef struct world {
    tw_random random;
    size_t rows;
    size_t assets;
    size_t portfolios;
    double returns[ROWS_MAX][ASSETS_MAX]; /* compact: [rows][assets] from the start */
    double benchmark[ROWS_MAX];
    double weights[PORTFOLIOS_MAX * ASSETS_MAX];
} world;

static world the_world;

static double uniform(world *w) {
    return tw_random_uniform(&w->random);
}

static size_t below(world *w, size_t count) {
    return (size_t)(uniform(w) * (double)count) % count;
}

typedef enum flavour { PLAIN, GAPS, WILD, FLAT, RUIN, FLAVOUR_COUNT } flavour;

static double random_return(world *w, flavour kind) {
    double value = 0.0004 + 0.015 * tw_random_normal(&w->random);
    if (kind == GAPS && uniform(w) < 0.02)
        return NAN;
    if (kind == WILD && uniform(w) < 0.01)
        return value * pow(10, 9 * uniform(w));
    if (kind == FLAT)
        return 0.001;
    if (kind == RUIN && uniform(w) < 0.002)
        return -3;
    return value;
}

static double *row_of(world *w, size_t row) {
    return &w->returns[0][0] + row * w->assets;
}

static void make_weights(world *w) {
    for (size_t j = 0; j < w->portfolios; j++) {
        double *weights = w->weights + j * w->assets;
        for (size_t i = 0; i < w->assets; i++)
            weights[i] = uniform(w) < 0.3 ? 0 : (uniform(w) - 0.2) / (double)w->assets;
        weights[below(w, w->assets)] = 0.5;
    }
}

static void make_world(world *w, uint64_t seed, flavour kind) {
    static const size_t row_counts[] = {1, 2, 3, 31, 32, 33, 64, 65, 100, 257};
    static const size_t portfolio_counts[] = {1, 2, 15, 16, 17, 33};
    tw_random_init(&w->random, seed, 0);
    w->rows = row_counts[below(w, sizeof row_counts / sizeof row_counts[0])];
    w->assets = 1 + below(w, ASSETS_MAX);
    w->portfolios = portfolio_counts[below(w, 6)];
    for (size_t t = 0; t < ROWS_MAX; t++) {
        for (size_t i = 0; i < w->assets; i++)
            row_of(w, t)[i] = random_return(w, kind);
        w->benchmark[t] = kind == GAPS && uniform(w) < 0.05 ? NAN : random_return(w, PLAIN);
    }
    make_weights(w);
}

static void make_config(world *w, tw_portfolios_config *config) {
    tw_portfolios_config_init(config);
    config->risk_free = (tw_rate){0.02, TW_RATE_PER_YEAR};
    config->minimum_acceptable = (tw_rate){0.0001, TW_RATE_PER_PERIOD};
    config->confidences[2] = 0.7;
    config->confidence_count = 3;
    config->way.level = (tw_cpu_level)below(w, TW_CPU_LEVEL_COUNT);
}

static tw_portfolios *make_portfolios(const world *w, bool updates) {
    tw_portfolios_limits limits = {.rows = w->rows,
                                   .assets = w->assets,
                                   .portfolios = w->portfolios,
                                   .confidence_min = 0.7,
                                   .updates = updates};
    tw_portfolios *portfolios = NULL;
    assert_int_equal(tw_portfolios_new(NULL, &limits, &portfolios), TW_OK);
    return portfolios;
}

static tw_portfolios_input input_from(world *w, size_t first, size_t rows) {
    return (tw_portfolios_input){.returns = row_of(w, first),
                                 .benchmark = w->benchmark + first,
                                 .weights = w->weights,
                                 .rows = rows,
                                 .assets = w->assets,
                                 .portfolios = w->portfolios,
                                 .first_row = first};
}

/* ---- Beside tw_risk ------------------------------------------------------------------------ */

/* `size`: what the values that were added up are as large as. */
static void assert_close(double actual, double expected, double size) {
    if (isnan(actual) || isnan(expected))
        assert_true(isnan(actual) == isnan(expected));
    else
        assert_near(actual, expected, 1e-12 * fmax(fabs(expected), size));
}

static void compare_tails(const tw_portfolio_figures *f, const tw_risk_report *r, double size) {
    for (uint32_t i = 0; i < 3; i++) {
        const tw_risk_estimate *historical = &r->estimates[2 * i];
        const tw_risk_estimate *gaussian = historical + 1;
        assert_close(f->tails[i].var_historical, historical->value, size);
        assert_close(f->tails[i].shortfall_historical, historical->expected_shortfall, size);
        assert_close(f->tails[i].var_gaussian, gaussian->value, size);
        assert_close(f->tails[i].shortfall_gaussian, gaussian->expected_shortfall, size);
    }
}

static void compare_with_report(const tw_portfolio_figures *f, const tw_risk_report *r) {
    double size = fmax(fabs(r->best), fabs(r->worst));
    assert_int_equal(f->observations, r->observations);
    assert_int_equal(f->skipped, r->skipped);
    assert_int_equal(f->benchmark_skipped, r->benchmark_skipped);
    assert_close(f->mean, r->mean, size);
    assert_close(f->volatility, r->volatility, 0.1 * size);
    assert_close(f->downside_deviation, r->downside_deviation, 0.1 * size);
    assert_close(f->sharpe, r->sharpe, 100);
    assert_close(f->sortino, r->sortino, 100);
    assert_close(f->total_return, r->total_return, 1);
    assert_close(f->max_drawdown, r->max_drawdown, 1);
    assert_close(f->best, r->best, size);
    assert_close(f->worst, r->worst, size);
    double beta_size = fmax(1, size / 0.001);
    assert_close(f->beta, r->beta, beta_size);
    assert_close(f->alpha, r->alpha, size);
    compare_tails(f, r, size);
}

static void compare_load(world *w, flavour kind, uint64_t seed) {
    make_world(w, seed, kind);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_portfolios) *portfolios = make_portfolios(w, seed % 2 == 0);
    TW_AUTO(tw_risk) *risk = NULL;
    const tw_risk_maxima maxima = {.observations = w->rows, .assets = w->assets, .estimates = 6};
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    tw_portfolios_input input = input_from(w, below(w, 100), w->rows);
    assert_int_equal(tw_portfolios_load(portfolios, &config, &input, NULL), TW_OK);
    tw_risk_config one;
    tw_risk_config_init(&one);
    one.methods = TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL) | TW_RISK_METHOD_BIT(TW_RISK_GAUSSIAN);
    one.risk_free = config.risk_free;
    one.minimum_acceptable = config.minimum_acceptable;
    one.confidence_count = 3;
    memcpy(one.confidences, config.confidences, sizeof one.confidences);
    size_t count = 0;
    const tw_portfolio_figures *figures = tw_portfolios_figures(portfolios, &count);
    assert_int_equal(count, w->portfolios);
    for (size_t j = 0; j < count; j++) {
        tw_risk_input alone = {input.returns, w->weights + j * w->assets, input.benchmark, w->rows,
                               w->assets};
        tw_risk_report report;
        tw_status status = tw_risk_compute(risk, &one, &alone, &report, NULL);
        if (status == TW_EMPTY) {
            assert_int_equal(figures[j].observations, 0);
            assert_true(isnan(figures[j].mean) && isnan(figures[j].tails[0].var_historical));
            continue;
        }
        assert_int_equal(status, TW_OK);
        compare_with_report(&figures[j], &report);
    }
}

static void test_each_portfolio_is_as_if_alone(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++)
        compare_load(&the_world, (flavour)(seed % FLAVOUR_COUNT), seed);
}

/* ---- A window that moves, beside one that is loaded ---------------------------------------- */

static void assert_same_figures(const tw_portfolios *a, const tw_portfolios *b) {
    size_t count = 0;
    const tw_portfolio_figures *fa = tw_portfolios_figures(a, &count);
    const tw_portfolio_figures *fb = tw_portfolios_figures(b, &count);
    for (size_t j = 0; j < count; j++) {
        assert_int_equal(fa[j].observations, fb[j].observations);
        assert_int_equal(fa[j].skipped, fb[j].skipped);
        assert_int_equal(fa[j].benchmark_skipped, fb[j].benchmark_skipped);
        const double *x = &fa[j].mean;
        const double *y = &fb[j].mean;
        const double *end = &fa[j].tails[3].var_historical;
        for (; x < end; x++, y++) {
            if (!(*x == *y || (isnan(*x) && isnan(*y))))
                fail_msg("portfolio %zu: figure %zu is %.17g, not %.17g", j,
                         (size_t)(x - &fa[j].mean), *x, *y);
        }
    }
}

static void push_along(world *w, flavour kind, uint64_t seed) {
    make_world(w, seed, kind);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_portfolios) *moving = make_portfolios(w, true);
    TW_AUTO(tw_portfolios) *loaded = make_portfolios(w, seed % 2 == 0);
    size_t first = below(w, 70);
    size_t rows = uniform(w) < 0.3 ? 0 : below(w, w->rows + 1);
    tw_portfolios_input input = input_from(w, first, rows);
    assert_int_equal(tw_portfolios_load(moving, &config, &input, NULL), TW_OK);
    for (size_t end = first + rows; end < ROWS_MAX; end++) {
        assert_int_equal(tw_portfolios_push(moving, row_of(w, end), w->benchmark[end], NULL),
                         TW_OK);
        rows = rows < w->rows ? rows + 1 : rows;
        if (uniform(w) < 0.8)
            continue;
        input = input_from(w, end + 1 - rows, rows);
        config.way.level = (tw_cpu_level)below(w, TW_CPU_LEVEL_COUNT);
        assert_int_equal(tw_portfolios_load(loaded, &config, &input, NULL), TW_OK);
        assert_same_figures(moving, loaded);
    }
}

static void test_a_pushed_window_is_a_loaded_one_bit_for_bit(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        push_along(&the_world, (flavour)(seed % FLAVOUR_COUNT), seed);
}

/* ---- Weights ------------------------------------------------------------------------------- */

static void assert_near_figures(const tw_portfolio_figures *a, const tw_portfolio_figures *b,
                                double size) {
    assert_int_equal(a->observations, b->observations);
    assert_int_equal(a->skipped, b->skipped);
    assert_close(a->mean, b->mean, size);
    assert_close(a->volatility, b->volatility, size);
    assert_close(a->downside_deviation, b->downside_deviation, size);
    assert_close(a->max_drawdown, b->max_drawdown, 1);
    assert_close(a->beta, b->beta, fmax(1, size / 0.001));
    for (size_t i = 0; i < 3; i++) {
        assert_close(a->tails[i].var_historical, b->tails[i].var_historical, size);
        assert_close(a->tails[i].shortfall_historical, b->tails[i].shortfall_historical, size);
    }
}

static void weigh_along(world *w, flavour kind, uint64_t seed) {
    make_world(w, seed, kind);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_portfolios) *changing = make_portfolios(w, true);
    TW_AUTO(tw_portfolios) *loaded = make_portfolios(w, false);
    tw_portfolios_input input = input_from(w, 0, w->rows);
    assert_int_equal(tw_portfolios_load(changing, &config, &input, NULL), TW_OK);
    for (int i = 0; i < 150; i++) {
        size_t portfolio = below(w, w->portfolios);
        size_t asset = below(w, w->assets);
        double weight = uniform(w) < 0.3 ? 0 : uniform(w) - 0.3;
        weight = uniform(w) < 0.05 ? 1e9 : weight;
        w->weights[portfolio * w->assets + asset] = weight;
        assert_int_equal(tw_portfolios_weigh(changing, portfolio, asset, weight, NULL), TW_OK);
        assert_int_equal(tw_portfolios_load(loaded, &config, &input, NULL), TW_OK);
        size_t count = 0;
        const tw_portfolio_figures *fa = tw_portfolios_figures(changing, &count);
        const tw_portfolio_figures *fb = tw_portfolios_figures(loaded, &count);
        for (size_t j = 0; j < count; j++) {
            double size = fmax(fabs(fb[j].best), fabs(fb[j].worst));
            assert_near_figures(&fa[j], &fb[j], fmax(size, 0.02));
        }
    }
}

static void test_changed_weights_are_as_if_loaded(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++)
        weigh_along(&the_world, seed % 3 == 0 ? GAPS : PLAIN, seed);
}

/* ---- Contributions, beside tw_risk --------------------------------------------------------- */

static void compare_contributions(world *w, flavour kind, uint64_t seed) {
    make_world(w, seed, kind);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_portfolios) *portfolios = make_portfolios(w, true);
    TW_AUTO(tw_risk) *risk = NULL;
    const tw_risk_maxima maxima = {.observations = w->rows, .assets = w->assets, .estimates = 6};
    assert_int_equal(tw_risk_new(NULL, &maxima, &risk), TW_OK);
    tw_portfolios_input input = input_from(w, below(w, 100), w->rows);
    assert_int_equal(tw_portfolios_load(portfolios, &config, &input, NULL), TW_OK);
    size_t j = below(w, w->portfolios);
    tw_risk_config one;
    tw_risk_config_init(&one);
    one.methods = TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL) | TW_RISK_METHOD_BIT(TW_RISK_GAUSSIAN);
    tw_risk_input alone = {input.returns, w->weights + j * w->assets, NULL, w->rows, w->assets};
    tw_risk_report report;
    double contributions[ASSETS_MAX];
    assert_int_equal(tw_portfolios_contributions(portfolios, j, contributions, NULL), TW_OK);
    if (tw_risk_compute(risk, &one, &alone, &report, NULL) != TW_OK || !(report.volatility > 0)) {
        assert_true(isnan(contributions[0]));
        return;
    }
    double total = 0;
    for (size_t i = 0; i < w->assets; i++) {
        assert_near(contributions[i], report.volatility_contributions[i],
                    1e-12 * report.volatility);
        total += contributions[i];
    }
    assert_near(total, report.volatility, 1e-12 * report.volatility);
}

static void test_contributions_are_as_if_alone(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        compare_contributions(&the_world, (flavour)(seed % WILD), seed);
}

/* ---- A long way ---------------------------------------------------------------------------- */

static void test_nothing_is_left_of_what_has_left(void **state) {
    (void)state;
    world *w = &the_world;
    make_world(w, 5, PLAIN);
    w->rows = 250;
    w->assets = 3;
    w->portfolios = 5;
    make_weights(w);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_portfolios) *moving = make_portfolios(w, true);
    TW_AUTO(tw_portfolios) *loaded = make_portfolios(w, false);
    tw_portfolios_input input = input_from(w, 0, 0);
    assert_int_equal(tw_portfolios_load(moving, &config, &input, NULL), TW_OK);
    /* The rows of the world are the last ROWS_MAX days, in turn. */
    const size_t days = 10000;
    for (size_t t = 0; t < days; t++) {
        double *row = row_of(w, t % ROWS_MAX);
        for (size_t i = 0; i < w->assets; i++)
            row[i] = random_return(w, t % 1000 < 700 ? WILD : PLAIN);
        w->benchmark[t % ROWS_MAX] = random_return(w, WILD);
        assert_int_equal(tw_portfolios_push(moving, row, w->benchmark[t % ROWS_MAX], NULL), TW_OK);
        if ((t + 1) % ROWS_MAX != 0)
            continue;
        input = input_from(w, ROWS_MAX - w->rows, w->rows);
        input.first_row = t + 1 - w->rows;
        assert_int_equal(tw_portfolios_load(loaded, &config, &input, NULL), TW_OK);
        assert_same_figures(moving, loaded);
    }
}

/* ---- Threads ------------------------------------------------------------------------------- */

static void test_threads_change_nothing(void **state) {
    (void)state;
    world *w = &the_world;
    make_world(w, 11, GAPS);
    w->rows = 100;
    w->assets = 7;
    w->portfolios = 39;
    make_weights(w);
    tw_portfolios_config config;
    make_config(w, &config);
    TW_AUTO(tw_workers) *workers = NULL;
    assert_int_equal(tw_workers_new(NULL, 3, &workers, NULL), TW_OK);
    TW_AUTO(tw_portfolios) *alone = make_portfolios(w, true);
    TW_AUTO(tw_portfolios) *shared = make_portfolios(w, true);
    tw_portfolios_input input = input_from(w, 0, 50);
    assert_int_equal(tw_portfolios_load(alone, &config, &input, NULL), TW_OK);
    config.way.runner = tw_workers_runner(workers);
    assert_int_equal(tw_portfolios_load(shared, &config, &input, NULL), TW_OK);
    assert_same_figures(alone, shared);
    for (size_t t = 50; t < 300; t++) {
        assert_int_equal(tw_portfolios_push(alone, row_of(w, t), w->benchmark[t], NULL), TW_OK);
        assert_int_equal(tw_portfolios_push(shared, row_of(w, t), w->benchmark[t], NULL), TW_OK);
        assert_same_figures(alone, shared);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_portfolio_is_as_if_alone),
        cmocka_unit_test(test_a_pushed_window_is_a_loaded_one_bit_for_bit),
        cmocka_unit_test(test_changed_weights_are_as_if_loaded),
        cmocka_unit_test(test_contributions_are_as_if_alone),
        cmocka_unit_test(test_nothing_is_left_of_what_has_left),
        cmocka_unit_test(test_threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
