/*
 * model_target_weights.c - target weights beside slow, obvious ways to the same portfolios.
 *
 * The slow optimum tries every choice of which weights are free, at their lower or at their upper
 * limit, solves the linear system of each by elimination and keeps the best portfolio that is
 * inside its limits. The slow tree joins the two nearest clusters by looking at all pairs of their
 * members. What has no slow way is held by its conditions, made here from the input.
 *
 * Rules held: the objective is the least; weights are inside their limits and add up to the budget;
 * the residual that is reported is true and below 1e-10; no random portfolio has a greater ratio;
 * shares of the risk are the risk budgets.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/target_weights.h"

#define SMALL 6
#define LARGE 60
#define ROWS 2 + SMALL

typedef struct instance {
    size_t count;
    double covariance[LARGE * LARGE];
    double means[LARGE];
    double lower[LARGE];
    double upper[LARGE];
    double budget;
} instance;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double uniform(uint64_t *seed, double low, double high) {
    return low + (high - low) * (double)(next_random(seed) >> 11) * 0x1p-53;
}

static size_t pick(uint64_t *seed, size_t low, size_t high) {
    return low + (size_t)(next_random(seed) % (high - low + 1));
}

/* The covariance of `rows` random returns with a common part. */
static void make_covariance(instance *x, size_t rows, uint64_t *seed) {
    static double returns[4 * LARGE][LARGE];
    size_t n = x->count;
    for (size_t t = 0; t < rows; t++) {
        double common = uniform(seed, -0.02, 0.02);
        for (size_t i = 0; i < n; i++)
            returns[t][i] = common + (0.5 + (double)(i % 7)) * uniform(seed, -0.01, 0.01);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t t = 0; t < rows; t++)
                sum += returns[t][i] * returns[t][j];
            x->covariance[i * n + j] = x->covariance[j * n + i] = sum / (double)rows;
        }
    }
}

static void make_instance(instance *x, size_t count, uint64_t *seed) {
    x->count = count;
    x->budget = pick(seed, 0, 3) == 0 ? uniform(seed, 0.2, 3) : 1;
    make_covariance(x, 3 * count + 5, seed);
    bool level_means = pick(seed, 0, 4) == 0;
    double least = 0;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        x->means[i] = level_means ? 0.001 : uniform(seed, -0.001, 0.003);
        x->lower[i] = pick(seed, 0, 2) == 0 ? uniform(seed, -0.3, 0.3) / (double)count : 0;
        x->upper[i] = x->lower[i] + (pick(seed, 0, 5) == 0 ? 0 : uniform(seed, 0.1, 1));
        least += x->lower[i];
        most += x->upper[i];
    }
    /* Limits that embrace the budget, now and then exactly. */
    if (most < x->budget || pick(seed, 0, 19) == 0)
        x->budget = most;
    if (least > x->budget || pick(seed, 0, 19) == 0)
        x->budget = least;
    if (!(x->budget > 0.01)) {
        x->upper[0] += 1;
        x->budget = least + 1 > 0.01 ? least + 1 : 0.5;
    }
}

/* Elimination with row exchanges; false when there is no single solution. */
static bool eliminate(double a[ROWS][ROWS + 1], size_t size, double *ret_x) {
    for (size_t c = 0; c < size; c++) {
        size_t best = c;
        for (size_t r = c + 1; r < size; r++)
            if (fabs(a[r][c]) > fabs(a[best][c]))
                best = r;
        if (fabs(a[best][c]) < 1e-13)
            return false;
        for (size_t k = 0; k <= size; k++) {
            double kept = a[c][k];
            a[c][k] = a[best][k];
            a[best][k] = kept;
        }
        for (size_t r = 0; r < size; r++) {
            double part = r == c ? 0 : a[r][c] / a[c][c];
            for (size_t k = c; k <= size && part != 0; k++)
                a[r][k] -= part * a[c][k];
        }
    }
    for (size_t c = 0; c < size; c++)
        ret_x[c] = a[c][size] / a[c][c];
    return true;
}

static double variance_of(const instance *x, const double *w) {
    double sum = 0;
    for (size_t i = 0; i < x->count; i++)
        for (size_t j = 0; j < x->count; j++)
            sum += w[i] * x->covariance[i * x->count + j] * w[j];
    return sum;
}

static double mean_of(const instance *x, const double *w) {
    double sum = 0;
    for (size_t i = 0; i < x->count; i++)
        sum += x->means[i] * w[i];
    return sum;
}

/*
 * The portfolio of one choice of places (a digit of base 3 an asset: free, lower, upper), for the
 * tolerance, or with `wanted` for a mean. False when it has none inside the limits.
 */
static bool portfolio_of(const instance *x, size_t choice, double tolerance, const double *wanted,
                         double *ret_w) {
    double a[ROWS][ROWS + 1];
    double solution[ROWS];
    size_t members[SMALL];
    size_t n = x->count;
    size_t free_count = 0;
    double left = x->budget;
    double mean_left = wanted == NULL ? 0 : *wanted;
    for (size_t i = 0; i < n; i++, choice /= 3) {
        ret_w[i] = choice % 3 == 1 ? x->lower[i] : choice % 3 == 2 ? x->upper[i] : 0;
        if (choice % 3 == 0)
            members[free_count++] = i;
        left -= ret_w[i];
        mean_left -= x->means[i] * ret_w[i];
    }
    size_t size = free_count + (wanted == NULL ? 1 : 2);
    memset(a, 0, sizeof a);
    for (size_t r = 0; r < free_count; r++) {
        size_t i = members[r];
        for (size_t c = 0; c < free_count; c++)
            a[r][c] = x->covariance[i * n + members[c]] * 1e4;
        a[r][free_count] = a[free_count][r] = 1;
        if (wanted != NULL)
            a[r][free_count + 1] = a[free_count + 1][r] = x->means[i] * 1e3;
        a[r][size] = tolerance * x->means[i] * 1e4;
        for (size_t j = 0; j < n; j++)
            a[r][size] -= x->covariance[i * n + j] * ret_w[j] * 1e4;
    }
    a[free_count][size] = left;
    if (wanted != NULL)
        a[free_count + 1][size] = mean_left * 1e3;
    if (free_count == 0 && (fabs(left) > 1e-12 || wanted != NULL))
        return false;
    if (free_count > 0 && !eliminate(a, size, solution))
        return false;
    for (size_t k = 0; k < free_count; k++) {
        size_t i = members[k];
        ret_w[i] = solution[k];
        if (!(ret_w[i] >= x->lower[i] - 1e-11 && ret_w[i] <= x->upper[i] + 1e-11))
            return false;
    }
    return true;
}

/* The least of variance / 2 - tolerance x mean over all choices. */
static double slow_least(const instance *x, double tolerance, const double *wanted) {
    size_t choices = 1;
    for (size_t i = 0; i < x->count; i++)
        choices *= 3;
    double least = INFINITY;
    for (size_t choice = 0; choice < choices; choice++) {
        double w[SMALL];
        if (!portfolio_of(x, choice, tolerance, wanted, w))
            continue;
        least = fmin(least, variance_of(x, w) / 2 - tolerance * mean_of(x, w));
    }
    return least;
}

static tw_target_weights_input input_of(const instance *x) {
    return (tw_target_weights_input){.covariance = x->covariance,
                                     .means = x->means,
                                     .lower = x->lower,
                                     .upper = x->upper,
                                     .count = x->count};
}

static tw_target_weights_config config_of(const instance *x, tw_target_method method) {
    tw_target_weights_config config;
    tw_target_weights_config_init(&config);
    config.method = (uint8_t)method;
    config.budget = x->budget;
    return config;
}

static void compute(tw_target_weights *targets, const tw_target_weights_config *config,
                    const tw_target_weights_input *input, tw_target_weights_result *ret_result) {
    tw_error error = {0};
    tw_status status = tw_target_weights_compute(targets, config, input, ret_result, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
}

/* The conditions of the optimum at the reported tolerance, from the input alone. */
static void assert_optimal(const instance *x, const double *means,
                           const tw_target_weights_result *r) {
    size_t n = x->count;
    assert_true(r->converged);
    assert_true(r->residual < 1e-10);
    double gradient[LARGE];
    double sum = 0;
    double scale = 0;
    double below = INFINITY;  /* the least gradient of those that may still take ... */
    double above = -INFINITY; /* ... and the greatest of those that may give */
    for (size_t i = 0; i < n; i++) {
        gradient[i] = -r->risk_tolerance * means[i];
        for (size_t j = 0; j < n; j++)
            gradient[i] += x->covariance[i * n + j] * r->weights[j];
        scale = fmax(scale, fabs(gradient[i]));
        sum += r->weights[i];
        assert_true(r->weights[i] >= x->lower[i] && r->weights[i] <= x->upper[i]);
        if (r->weights[i] < x->upper[i])
            below = fmin(below, gradient[i]);
        if (r->weights[i] > x->lower[i])
            above = fmax(above, gradient[i]);
    }
    assert_true(fabs(sum - x->budget) < 1e-12 * (1 + fabs(x->budget)));
    assert_true(above - below < 1e-8 * scale);
}

static void assert_near(double a, double b, double scale) {
    if (!(fabs(a - b) <= 1e-9 * scale))
        fail_msg("%.17g is not %.17g", a, b);
}

static void test_optima_are_those_of_every_choice_of_limits(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    uint64_t seed = 11;
    for (int round = 0; round < 300; round++) {
        make_instance(&x, pick(&seed, 1, round % 10 == 0 ? SMALL : 4), &seed);
        tw_target_weights_input input = input_of(&x);
        tw_target_weights_config config = config_of(&x, TW_TARGET_MINIMUM_VARIANCE);
        tw_target_weights_result result;
        compute(targets, &config, &input, &result);
        assert_optimal(&x, x.means, &result);
        assert_near(result.variance / 2, slow_least(&x, 0, NULL), result.variance);
        double least_mean = result.mean;

        config.method = TW_TARGET_RISK_AVERSION;
        config.risk_aversion = uniform(&seed, 0.5, 60);
        compute(targets, &config, &input, &result);
        assert_optimal(&x, x.means, &result);
        double tolerance = 1 / config.risk_aversion;
        double scale = result.variance + tolerance * 0.003;
        assert_near(-result.objective * tolerance, slow_least(&x, tolerance, NULL), scale);

        /* A mean between that of the least variance and this one is within reach. */
        config.method = TW_TARGET_RETURN;
        config.return_per_period = least_mean + uniform(&seed, 0, 1) * (result.mean - least_mean);
        double wanted = config.return_per_period;
        compute(targets, &config, &input, &result);
        assert_optimal(&x, x.means, &result);
        assert_true(result.mean >= wanted - 1e-12 * 0.003);
        if (wanted > least_mean + 1e-8)
            assert_near(result.variance / 2, slow_least(&x, 0, &wanted), result.variance);
    }
}

/* Weights inside the limits that meet the budget. */
static void random_portfolio(const instance *x, uint64_t *seed, double *ret_w) {
    double left = x->budget;
    for (size_t i = 0; i < x->count; i++) {
        ret_w[i] = x->lower[i];
        left -= x->lower[i];
    }
    for (int turn = 0; turn < 400 && left > 1e-13; turn++) {
        size_t i = pick(seed, 0, x->count - 1);
        double room = fmin(x->upper[i] - ret_w[i], left);
        double part = turn < 300 ? uniform(seed, 0, 1) : 1;
        ret_w[i] += part * room;
        left -= part * room;
    }
}

static void test_no_portfolio_has_a_greater_ratio(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    uint64_t seed = 12;
    int solved = 0;
    for (int round = 0; round < 200; round++) {
        make_instance(&x, pick(&seed, 1, 12), &seed);
        tw_target_weights_input input = input_of(&x);
        tw_target_weights_config config = config_of(&x, TW_TARGET_MAXIMUM_SHARPE);
        config.risk_free_per_period = uniform(&seed, -0.002, 0.0015);
        double free = config.risk_free_per_period * x.budget;
        tw_target_weights_result result;
        if (tw_target_weights_compute(targets, &config, &input, &result, NULL) == TW_INFEASIBLE) {
            double w[LARGE];
            random_portfolio(&x, &seed, w);
            assert_true(mean_of(&x, w) <= free + 1e-12);
            continue;
        }
        solved++;
        assert_optimal(&x, x.means, &result);
        assert_near(result.variance, result.risk_tolerance * (result.mean - free), result.variance);
        for (int other = 0; other < 30; other++) {
            double w[LARGE];
            random_portfolio(&x, &seed, w);
            assert_true((mean_of(&x, w) - free) / sqrt(variance_of(&x, w)) <=
                        result.objective * (1 + 1e-10));
        }
    }
    assert_true(solved > 100);
}

/* Choueifaty's own way without limits: the least variance of the correlations, scaled back. */
static void test_maximum_diversification_is_the_least_variance_of_correlations(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    static double correlations[LARGE * LARGE];
    uint64_t seed = 13;
    for (int round = 0; round < 40; round++) {
        make_instance(&x, pick(&seed, 1, 30), &seed);
        size_t n = x.count;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                correlations[i * n + j] = x.covariance[i * n + j] / (sqrt(x.covariance[i * n + i]) *
                                                                     sqrt(x.covariance[j * n + j]));
        tw_target_weights_config config = config_of(&x, TW_TARGET_MINIMUM_VARIANCE);
        config.budget = 1;
        tw_target_weights_input input = {.covariance = correlations, .count = n};
        tw_target_weights_result result;
        compute(targets, &config, &input, &result);
        double expected[LARGE];
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            expected[i] = result.weights[i] / sqrt(x.covariance[i * n + i]);
            sum += expected[i];
        }
        input.covariance = x.covariance;
        config.method = TW_TARGET_MAXIMUM_DIVERSIFICATION;
        compute(targets, &config, &input, &result);
        assert_true(result.converged && result.residual < 1e-10);
        for (size_t i = 0; i < n; i++)
            assert_near(result.weights[i], expected[i] / sum, 1);
        config.budget = x.budget;
        input = input_of(&x);
        compute(targets, &config, &input, &result);
        double deviations[LARGE];
        for (size_t i = 0; i < n; i++)
            deviations[i] = sqrt(x.covariance[i * n + i]);
        assert_optimal(&x, deviations, &result);
    }
}

static void test_large_problems_meet_their_conditions(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    uint64_t seed = 14;
    for (int round = 0; round < 60; round++) {
        make_instance(&x, pick(&seed, 20, LARGE), &seed);
        if (round % 2 == 0)
            for (size_t i = 0; i < x.count; i++) {
                x.lower[i] = -2;
                x.upper[i] = 2;
            }
        tw_target_weights_input input = input_of(&x);
        tw_target_weights_config config = config_of(&x, TW_TARGET_MINIMUM_VARIANCE);
        tw_target_weights_result result;
        compute(targets, &config, &input, &result);
        assert_optimal(&x, x.means, &result);
        config.method = TW_TARGET_RISK_AVERSION;
        config.risk_aversion = uniform(&seed, 0.1, 100);
        compute(targets, &config, &input, &result);
        assert_optimal(&x, x.means, &result);
    }
}

static void test_shares_of_the_risk_are_the_risk_budgets(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    uint64_t seed = 15;
    for (int round = 0; round < 60; round++) {
        x.count = pick(&seed, 1, LARGE);
        x.budget = uniform(&seed, 0.5, 2);
        /* Of fewer rows than assets as well: parity needs no inverse. */
        make_covariance(&x, round % 3 == 0 ? x.count / 2 + 1 : 2 * x.count, &seed);
        double budgets[LARGE];
        double sum = 0;
        for (size_t i = 0; i < x.count; i++) {
            budgets[i] = round % 2 == 0 ? 1 : uniform(&seed, 0.01, 5);
            sum += budgets[i];
        }
        tw_target_weights_config config = config_of(&x, TW_TARGET_RISK_PARITY);
        tw_target_weights_input input = {.covariance = x.covariance,
                                         .risk_budgets = round % 2 == 0 ? NULL : budgets,
                                         .count = x.count};
        tw_target_weights_result result;
        compute(targets, &config, &input, &result);
        assert_true(result.converged && result.residual < 1e-12);
        double variance = variance_of(&x, result.weights);
        double total = 0;
        for (size_t i = 0; i < x.count; i++) {
            double part = 0;
            for (size_t j = 0; j < x.count; j++)
                part += x.covariance[i * x.count + j] * result.weights[j];
            double share = result.weights[i] * part / variance;
            assert_true(fabs(share - budgets[i] / sum) < 1e-12);
            assert_true(fabs(share - result.risk_shares[i]) < 1e-13);
            assert_true(result.weights[i] > 0);
            total += result.weights[i];
        }
        assert_near(total, x.budget, 1e-3);
    }
}

/* --- the tree ------------------------------------------------------------------------------- */

typedef struct cluster {
    size_t leaves[LARGE]; /* from left to right */
    size_t count;
    size_t number;
} cluster;

static double apart(const instance *x, size_t i, size_t j) {
    size_t n = x->count;
    double size = sqrt(x->covariance[i * n + i]) * sqrt(x->covariance[j * n + j]);
    return i == j ? 0 : sqrt((1 - x->covariance[i * n + j] / size) / 2);
}

static double distance_of(const instance *x, bool euclidean, size_t i, size_t j) {
    double sum = 0;
    for (size_t k = 0; k < x->count; k++)
        sum += (apart(x, i, k) - apart(x, j, k)) * (apart(x, i, k) - apart(x, j, k));
    return euclidean ? sqrt(sum) : apart(x, i, j);
}

static double nearest_of(const instance *x, bool euclidean, const cluster *a, const cluster *b) {
    double least = INFINITY;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            least = fmin(least, distance_of(x, euclidean, a->leaves[i], b->leaves[j]));
    return least;
}

/* Joins the nearest two until one is left; its leaves are the order. */
static void slow_order(const instance *x, bool euclidean, size_t *ret_leaves) {
    static cluster clusters[LARGE];
    size_t count = x->count;
    for (size_t i = 0; i < count; i++)
        clusters[i] = (cluster){.leaves = {i}, .count = 1, .number = i};
    for (size_t made = x->count; count > 1; made++) {
        size_t a = 0;
        size_t b = 1;
        double least = INFINITY;
        for (size_t i = 0; i < count; i++) {
            for (size_t j = i + 1; j < count; j++) {
                double distance = nearest_of(x, euclidean, &clusters[i], &clusters[j]);
                if (distance >= least)
                    continue;
                least = distance;
                bool turned = clusters[i].number > clusters[j].number;
                a = turned ? j : i;
                b = turned ? i : j;
            }
        }
        memcpy(clusters[a].leaves + clusters[a].count, clusters[b].leaves,
               clusters[b].count * sizeof(size_t));
        clusters[a].count += clusters[b].count;
        clusters[a].number = made;
        clusters[b] = clusters[--count];
    }
    memcpy(ret_leaves, clusters[0].leaves, x->count * sizeof(size_t));
}

static double run_variance(const instance *x, const size_t *leaves, size_t count) {
    static double w[LARGE];
    memset(w, 0, sizeof w);
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += 1 / x->covariance[leaves[k] * x->count + leaves[k]];
    for (size_t k = 0; k < count; k++)
        w[leaves[k]] = 1 / x->covariance[leaves[k] * x->count + leaves[k]] / sum;
    return variance_of(x, w);
}

static void slow_share(const instance *x, const size_t *leaves, size_t count, double share,
                       double *ret_w) {
    if (count == 1) {
        ret_w[leaves[0]] = share;
        return;
    }
    double left = run_variance(x, leaves, count / 2);
    double right = run_variance(x, leaves + count / 2, count - count / 2);
    slow_share(x, leaves, count / 2, share * right / (left + right), ret_w);
    slow_share(x, leaves + count / 2, count - count / 2, share * left / (left + right), ret_w);
}

static void test_the_tree_is_that_of_all_pairs(void **state) {
    (void)state;
    TW_AUTO(tw_target_weights) *targets = NULL;
    assert_int_equal(tw_target_weights_new(NULL, LARGE, &targets), TW_OK);
    static instance x;
    uint64_t seed = 16;
    for (int round = 0; round < 60; round++) {
        x.count = pick(&seed, 1, 16);
        x.budget = 1;
        make_covariance(&x, 40, &seed);
        bool euclidean = round % 2 == 1;
        tw_target_weights_config config = config_of(&x, TW_TARGET_HIERARCHICAL);
        config.distance = euclidean ? TW_TARGET_DISTANCE_EUCLIDEAN : TW_TARGET_DISTANCE_CORRELATION;
        tw_target_weights_input input = {.covariance = x.covariance, .count = x.count};
        tw_target_weights_result result;
        compute(targets, &config, &input, &result);
        size_t leaves[LARGE];
        double expected[LARGE];
        slow_order(&x, euclidean, leaves);
        slow_share(&x, leaves, x.count, 1, expected);
        for (size_t i = 0; i < x.count; i++)
            assert_near(result.weights[i], expected[i], 1e-3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optima_are_those_of_every_choice_of_limits),
        cmocka_unit_test(test_no_portfolio_has_a_greater_ratio),
        cmocka_unit_test(test_maximum_diversification_is_the_least_variance_of_correlations),
        cmocka_unit_test(test_large_problems_meet_their_conditions),
        cmocka_unit_test(test_shares_of_the_risk_are_the_risk_budgets),
        cmocka_unit_test(test_the_tree_is_that_of_all_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
