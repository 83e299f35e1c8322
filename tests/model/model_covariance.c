/*
 * model_covariance.c - every estimator beside its definition written down again in long doubles,
 * pair of assets by pair of assets, over random returns with gaps, constant columns and few rows;
 * the same bits for any runner; and rows pushed one by one beside the whole.
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
#include "tradewind/covariance.h"
#include "tradewind/random.h"
#include "tradewind/workers.h"

#define ROWS_MAX 150
#define ASSETS_MAX 12
#define CELLS_MAX (ASSETS_MAX * ASSETS_MAX)
#define NEAR 1e-12L /* of the product of deviations */

typedef struct sample {
    double returns[ROWS_MAX * ASSETS_MAX];
    double weights[ROWS_MAX];
    double factor[ROWS_MAX];
    size_t rows;
    size_t assets;
} sample;

static sample given;
static sample used; /* what the policy leaves */
static double answer[CELLS_MAX];
static long double slow[CELLS_MAX];
static tw_covariance_report report;

/* ---- Inputs ---------------------------------------------------------------------------------- */

static void make_given(tw_random *random, bool gaps) {
    given.assets = 1 + tw_random_below(random, ASSETS_MAX);
    given.rows = 3 + tw_random_below(random, ROWS_MAX - 3);
    if (tw_random_below(random, 5) == 0)
        given.rows = 3 + tw_random_below(random, 8); /* fewer rows than assets */
    size_t still = tw_random_below(random, 6) == 0 ? tw_random_below(random, given.assets) : 99;
    for (size_t t = 0; t < given.rows; t++) {
        double common = 0.01 * tw_random_normal(random);
        given.weights[t] = tw_random_below(random, 9) == 0 ? 0 : tw_random_uniform(random);
        given.factor[t] = common + 0.004 * tw_random_normal(random);
        for (size_t j = 0; j < given.assets; j++) {
            double *cell = &given.returns[t * given.assets + j];
            *cell = 0.0005 + common + 0.002 * (double)(1 + j) * tw_random_normal(random);
            if (j == still)
                *cell = 0.1;
            if (gaps && tw_random_below(random, 30) == 0)
                *cell = NAN;
        }
    }
    given.weights[0] = 1;
}

static bool row_is_whole(size_t t) {
    for (size_t j = 0; j < given.assets; j++)
        if (isnan(given.returns[t * given.assets + j]))
            return false;
    return true;
}

static void keep_whole_rows(void) {
    used.rows = 0;
    used.assets = given.assets;
    for (size_t t = 0; t < given.rows; t++) {
        if (!row_is_whole(t))
            continue;
        memcpy(used.returns + used.rows * used.assets, given.returns + t * given.assets,
               used.assets * sizeof *used.returns);
        used.weights[used.rows] = given.weights[t];
        used.factor[used.rows++] = given.factor[t];
    }
}

static double at(const sample *of, size_t t, size_t j) {
    return of->returns[t * of->assets + j];
}

/* ---- The slow versions ----------------------------------------------------------------------- */

typedef struct slow_way {
    const double *weights; /* NULL: equal */
    int ddof;
    tw_covariance_centre centre;
} slow_way;

static long double weight_of(const slow_way *way, size_t t) {
    return way->weights != NULL ? way->weights[t] : 1;
}

static bool both_there(const sample *of, size_t t, size_t i, size_t j) {
    return !isnan(at(of, t, i)) && !isnan(at(of, t, j));
}

static long double slow_centre(const sample *of, const slow_way *way, size_t i, size_t j) {
    long double sum = 0;
    long double weight = 0;
    if (way->centre == TW_COVARIANCE_ZERO)
        return 0;
    for (size_t t = 0; t < of->rows; t++) {
        bool plain = way->centre == TW_COVARIANCE_PLAIN_MEAN;
        if (isnan(at(of, t, i)) || (!plain && isnan(at(of, t, j))))
            continue;
        sum += (plain ? 1 : weight_of(way, t)) * at(of, t, i);
        weight += plain ? 1 : weight_of(way, t);
    }
    return sum / weight;
}

/* Over the rows that have both. */
static long double slow_element(const sample *of, const slow_way *way, size_t i, size_t j) {
    long double mean_i = slow_centre(of, way, i, j);
    long double mean_j = slow_centre(of, way, j, i);
    long double sum = 0;
    long double weight = 0;
    long double squares = 0;
    for (size_t t = 0; t < of->rows; t++) {
        if (!both_there(of, t, i, j))
            continue;
        long double w = weight_of(way, t);
        sum += w * (at(of, t, i) - mean_i) * (at(of, t, j) - mean_j);
        weight += w;
        squares += w * w;
    }
    return sum / (weight - (way->ddof != 0 ? squares / weight : 0));
}

static void slow_matrix(const sample *of, const slow_way *way) {
    for (size_t i = 0; i < of->assets; i++)
        for (size_t j = 0; j < of->assets; j++)
            slow[i * of->assets + j] = slow_element(of, way, i, j);
}

static void expect_slow(size_t assets, const char *what) {
    for (size_t i = 0; i < assets; i++)
        for (size_t j = 0; j < assets; j++) {
            long double size = sqrtl(fabsl(slow[i * assets + i] * slow[j * assets + j])) + 1e-24L;
            long double apart = answer[i * assets + j] - slow[i * assets + j];
            if (!(fabsl(apart) <= NEAR * size))
                fail_msg("%s: element %zu, %zu is %.17g, not %.17g", what, i, j,
                         answer[i * assets + j], (double)slow[i * assets + j]);
            assert_true(answer[i * assets + j] == answer[j * assets + i]);
        }
}

/* ---- One estimate ---------------------------------------------------------------------------- */

static bool run(const tw_covariance_config *config, const double *weights, const double *factor) {
    tw_covariance_input input = {given.returns, given.rows, given.assets, weights, factor};
    tw_error error;
    tw_status status = tw_covariance_estimate(NULL, config, &input, answer, &report, &error);
    if (status != TW_OK && status != TW_EMPTY)
        fail_msg("%s", error.message);
    return status == TW_OK;
}

static void test_samples_agree(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 21, 0);
    for (int round = 0; round < 300; round++) {
        make_given(&random, round % 2 == 0);
        keep_whole_rows();
        tw_covariance_config config;
        tw_covariance_config_init(&config, TW_COVARIANCE_SAMPLE);
        config.ddof = round % 3 != 0;
        config.centre = (uint8_t)(round / 2 % 3);
        bool weigh = round % 5 == 0;
        slow_way way = {weigh ? used.weights : NULL, config.ddof,
                        (tw_covariance_centre)config.centre};
        if (!run(&config, weigh ? given.weights : NULL, NULL))
            continue;
        assert_int_equal(report.rows_used, used.rows);
        assert_int_equal(report.rows_skipped, given.rows - used.rows);
        slow_matrix(&used, &way);
        expect_slow(used.assets, "sample");
    }
}

static void decay(double *weights, size_t rows, double lambda, bool recurrence) {
    for (size_t t = 0; t < rows; t++) {
        weights[t] = pow(lambda, (double)(rows - 1 - t));
        if (recurrence && t > 0)
            weights[t] *= 1 - lambda;
    }
}

static void test_exponential_ones_agree(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 22, 0);
    const tw_covariance_decay decays[4] = {{0.9, TW_COVARIANCE_LAMBDA},
                                           {20, TW_COVARIANCE_SPAN},
                                           {5, TW_COVARIANCE_HALF_LIFE},
                                           {7, TW_COVARIANCE_CENTRE_OF_MASS}};
    const double lambdas[4] = {0.9, 19.0 / 21, pow(0.5, 0.2), 7.0 / 8};
    for (size_t round = 0; round < 200; round++) {
        make_given(&random, round % 2 == 0);
        keep_whole_rows();
        tw_covariance_config config;
        tw_covariance_config_init(&config, TW_COVARIANCE_EXPONENTIAL);
        assert_int_equal(config.ddof, 0);
        assert_int_equal(config.centre, TW_COVARIANCE_ZERO);
        config.decay = decays[round % 4];
        config.recurrence = round % 3 == 0;
        config.ddof = round % 5 == 0;
        config.centre = (uint8_t)(round / 4 % 3);
        if (!run(&config, NULL, NULL))
            continue;
        decay(used.weights, used.rows, lambdas[round % 4], config.recurrence);
        slow_way way = {used.weights, config.ddof, (tw_covariance_centre)config.centre};
        slow_matrix(&used, &way);
        expect_slow(used.assets, "exponential");
    }
}

static bool pairs_suffice(const sample *of) {
    for (size_t i = 0; i < of->assets; i++)
        for (size_t j = 0; j < of->assets; j++) {
            size_t count = 0;
            for (size_t t = 0; t < of->rows; t++)
                count += both_there(of, t, i, j);
            if (count < 2)
                return false;
        }
    return true;
}

static void test_pairs_agree(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 23, 0);
    for (int round = 0; round < 200; round++) {
        make_given(&random, true);
        bool decays = round % 2 == 0;
        tw_covariance_config config;
        tw_covariance_config_init(&config,
                                  decays ? TW_COVARIANCE_EXPONENTIAL : TW_COVARIANCE_SAMPLE);
        config.missing = TW_COVARIANCE_PAIRWISE;
        config.ddof = round % 3 == 0;
        config.centre = (uint8_t)(round / 2 % 3);
        bool done = run(&config, NULL, NULL);
        assert_true(done || !pairs_suffice(&given));
        if (!done)
            continue;
        assert_int_equal(report.rows_used, given.rows);
        assert_true(report.pairwise == (report.missing > 0));
        decay(given.weights, given.rows, 0.94, false);
        slow_way way = {decays ? given.weights : NULL, config.ddof,
                        (tw_covariance_centre)config.centre};
        slow_matrix(&given, &way);
        expect_slow(given.assets, "pairwise");
    }
}

static void test_semicovariances_agree(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 24, 0);
    for (int round = 0; round < 60; round++) {
        make_given(&random, true);
        keep_whole_rows();
        bool zero = round % 2 == 0;
        const sample *of = zero ? &given : &used;
        tw_covariance_config config;
        tw_covariance_config_init(&config, TW_COVARIANCE_SEMI);
        config.missing = zero ? TW_COVARIANCE_AS_ZERO : TW_COVARIANCE_SKIP_ROWS;
        config.minimum_acceptable = (tw_rate){0.0252, TW_RATE_PER_YEAR};
        if (!run(&config, NULL, NULL) || (zero && report.rows_skipped > 0))
            continue;
        size_t n = of->assets;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                slow[i * n + j] = 0;
                for (size_t t = 0; t < of->rows; t++) {
                    long double x = at(of, t, i) - 0.0001L;
                    long double y = at(of, t, j) - 0.0001L;
                    slow[i * n + j] += x < 0 && y < 0 ? x * y / (long double)of->rows : 0;
                }
            }
        expect_slow(n, "semicovariance");
    }
}

/* ---- Shrinkage ------------------------------------------------------------------------------- */

static long double deviations[ROWS_MAX][ASSETS_MAX];
static long double factor_moves[ROWS_MAX];
static long double target[CELLS_MAX];

static void slow_deviations(bool given_factor) {
    size_t n = used.assets;
    long double rows = (long double)used.rows;
    long double mean = 0;
    for (size_t t = 0; t < used.rows; t++)
        mean += used.factor[t] / rows;
    for (size_t j = 0; j < n; j++) {
        slow_way way = {NULL, 0, TW_COVARIANCE_MEAN};
        long double centre = slow_centre(&used, &way, j, j);
        for (size_t t = 0; t < used.rows; t++)
            deviations[t][j] = at(&used, t, j) - centre;
    }
    for (size_t t = 0; t < used.rows; t++) {
        factor_moves[t] = given_factor ? used.factor[t] - mean : 0;
        for (size_t j = 0; j < n && !given_factor; j++)
            factor_moves[t] += deviations[t][j] / (long double)n;
    }
}

static long double mean_of_products(size_t i, size_t j, bool with_factor) {
    long double sum = 0;
    for (size_t t = 0; t < used.rows; t++)
        sum += (i < ASSETS_MAX ? deviations[t][i] : factor_moves[t]) *
               (with_factor ? factor_moves[t] : deviations[t][j]);
    return sum / (long double)used.rows;
}

static long double slow_mean_correlation(void) {
    size_t n = used.assets;
    long double sum = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            long double scale = sqrtl(slow[i * n + i] * slow[j * n + j]);
            sum += scale > 1e-20L ? slow[i * n + j] / scale : 0;
            pairs += scale > 1e-20L;
        }
    return pairs > 0 ? sum / (long double)pairs : 0;
}

static void slow_target(tw_covariance_target kind) {
    size_t n = used.assets;
    long double trace = 0;
    long double variance = mean_of_products(ASSETS_MAX, 0, true);
    long double r = slow_mean_correlation();
    for (size_t i = 0; i < n; i++)
        trace += slow[i * n + i] / (long double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            long double *f = &target[i * n + j];
            *f = 0;
            if (i == j)
                *f = kind == TW_COVARIANCE_IDENTITY ? trace : slow[i * n + i];
            else if (kind == TW_COVARIANCE_CONSTANT_CORRELATION)
                *f = r * sqrtl(slow[i * n + i] * slow[j * n + j]);
            else if (kind == TW_COVARIANCE_SINGLE_FACTOR && variance > 0)
                *f = mean_of_products(i, 0, true) * mean_of_products(j, 0, true) / variance;
        }
}

/* Mean over rows of (x_i x_j - S_ij) (the row's own move of F_ij): the definition of the asymptotic
 * covariances that rho sums (Ledoit and Wolf 2003, appendices). */
static long double slow_rho_element(tw_covariance_target kind, size_t i, size_t j) {
    size_t n = used.assets;
    long double r = slow_mean_correlation();
    long double v = mean_of_products(ASSETS_MAX, 0, true);
    long double ci = mean_of_products(i, 0, true);
    long double cj = mean_of_products(j, 0, true);
    long double si = sqrtl(slow[i * n + i]);
    long double sj = sqrtl(slow[j * n + j]);
    long double sum = 0;
    for (size_t t = 0; t < used.rows; t++) {
        long double x = deviations[t][i];
        long double y = deviations[t][j];
        long double m = factor_moves[t];
        long double move = x * y - slow[i * n + j];
        long double target_move = 0;
        if (i == j)
            target_move = kind == TW_COVARIANCE_IDENTITY ? 0 : move;
        else if (kind == TW_COVARIANCE_CONSTANT_CORRELATION && si > 1e-12L && sj > 1e-12L)
            target_move = r / 2 * (sj / si * (x * x - si * si) + si / sj * (y * y - sj * sj));
        else if (kind == TW_COVARIANCE_SINGLE_FACTOR && v > 0)
            target_move =
                (x * m - ci) * cj / v + (y * m - cj) * ci / v - ci * cj / (v * v) * (m * m - v);
        sum += move * target_move;
    }
    return sum / (long double)used.rows;
}

static long double slow_intensity(tw_covariance_target kind) {
    size_t n = used.assets;
    long double pi = 0;
    long double rho = 0;
    long double gamma = 0;
    long double whole = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            whole += slow[i * n + j] * slow[i * n + j];
            for (size_t t = 0; t < used.rows; t++) {
                long double move = deviations[t][i] * deviations[t][j] - slow[i * n + j];
                pi += move * move / (long double)used.rows;
            }
            rho += slow_rho_element(kind, i, j);
            long double apart = slow[i * n + j] - target[i * n + j];
            gamma += apart * apart;
        }
    if (!(gamma > 1e-24L * whole))
        return 0;
    long double raw = (pi - rho) / gamma / (long double)used.rows;
    return raw < 0 ? 0 : raw > 1 ? 1 : raw;
}

static void draw_slow(long double intensity) {
    for (size_t i = 0; i < used.assets * used.assets; i++)
        slow[i] = intensity * target[i] + (1 - intensity) * slow[i];
}

static void shrink_round(tw_random *random, int round) {
    make_given(random, round % 3 == 0);
    keep_whole_rows();
    tw_covariance_target kind = (tw_covariance_target)(round % TW_COVARIANCE_TARGET_COUNT);
    bool factor = kind == TW_COVARIANCE_SINGLE_FACTOR && round % 8 == 3;
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_SHRUNK);
    config.target = (uint8_t)kind;
    if (round % 16 >= 12)
        config.shrinkage = 0.3;
    if (!run(&config, NULL, factor ? given.factor : NULL))
        return;
    slow_deviations(factor);
    slow_matrix(&used, &(slow_way){NULL, 0, TW_COVARIANCE_MEAN});
    slow_target(kind);
    long double intensity = round % 16 >= 12 ? 0.3L : slow_intensity(kind);
    assert_true(report.shrinkage >= 0 && report.shrinkage <= 1);
    assert_near(report.shrinkage, (double)intensity, 1e-9);
    draw_slow(report.shrinkage);
    expect_slow(used.assets, "shrunk");
    config.kind = TW_COVARIANCE_STRUCTURED;
    assert_true(run(&config, NULL, factor ? given.factor : NULL));
    memcpy(slow, target, sizeof slow);
    expect_slow(used.assets, "structured");
}

static void test_shrunk_ones_and_their_intensities_agree(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 25, 0);
    for (int round = 0; round < 160; round++)
        shrink_round(&random, round);
}

static void test_the_oracle_agrees(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 26, 0);
    for (int round = 0; round < 60; round++) {
        make_given(&random, true);
        keep_whole_rows();
        tw_covariance_config config;
        tw_covariance_config_init(&config, TW_COVARIANCE_ORACLE);
        if (!run(&config, NULL, NULL))
            continue;
        slow_matrix(&used, &(slow_way){NULL, 0, TW_COVARIANCE_MEAN});
        slow_target(TW_COVARIANCE_IDENTITY);
        size_t n = used.assets;
        long double mean = target[0];
        long double squares = 0;
        for (size_t i = 0; i < n * n; i++)
            squares += slow[i] * slow[i] / (long double)(n * n);
        long double raw = (squares + mean * mean) /
                          ((long double)(used.rows + 1) * (squares - mean * mean / (long double)n));
        if (n > 1 && used.rows > 1)
            assert_near(report.shrinkage, raw < 1 ? (double)raw : 1, 1e-9);
        draw_slow(report.shrinkage);
        expect_slow(n, "oracle");
    }
}

/* ---- Counting and cleaning ------------------------------------------------------------------- */

static long double slow_gerber(const double *least, tw_covariance_gerber form, size_t i, size_t j) {
    long double together = 0;
    long double apart = 0;
    long double neither = 0;
    long double moves_i = 0;
    long double moves_j = 0;
    for (size_t t = 0; t < used.rows; t++) {
        int a = (at(&used, t, i) >= least[i]) - (at(&used, t, i) <= -least[i]);
        int b = (at(&used, t, j) >= least[j]) - (at(&used, t, j) <= -least[j]);
        together += a * b == 1;
        apart += a * b == -1;
        neither += a == 0 && b == 0;
        moves_i += a != 0;
        moves_j += b != 0;
    }
    long double divisor = form == TW_COVARIANCE_GERBER_MOVED    ? together + apart
                          : form == TW_COVARIANCE_GERBER_EITHER ? (long double)used.rows - neither
                                                                : sqrtl(moves_i * moves_j);
    return divisor > 0 ? (together - apart) / divisor : 0;
}

static void test_gerber_agrees(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 27, 0);
    for (int round = 0; round < 60; round++) {
        make_given(&random, true);
        keep_whole_rows();
        tw_covariance_config config;
        tw_covariance_config_init(&config, TW_COVARIANCE_GERBER);
        config.gerber = (uint8_t)(round % 3);
        if (!run(&config, NULL, NULL))
            continue;
        size_t n = used.assets;
        double least[ASSETS_MAX];
        slow_matrix(&used, &(slow_way){NULL, 1, TW_COVARIANCE_MEAN});
        for (size_t i = 0; i < n; i++)
            least[i] = 0.5 * sqrt(answer[i * n + i]);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                if (i != j)
                    slow[i * n + j] =
                        sqrtl(slow[i * n + i] * slow[j * n + j]) *
                        (least[i] > 0 && least[j] > 0
                             ? slow_gerber(least, (tw_covariance_gerber)config.gerber, i, j)
                             : 0);
        expect_slow(n, "gerber");
    }
}

/* Of a bulk and one strong common move only that move is left, and the diagonal stays. */
static void test_denoising_keeps_signals_and_variances(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 28, 0);
    given.rows = ROWS_MAX;
    given.assets = ASSETS_MAX;
    for (size_t t = 0; t < given.rows; t++) {
        double common = tw_random_normal(&random);
        for (size_t j = 0; j < given.assets; j++)
            given.returns[t * given.assets + j] = common + tw_random_normal(&random);
    }
    keep_whole_rows();
    tw_covariance_config config;
    tw_covariance_config_init(&config, TW_COVARIANCE_DENOISED);
    assert_true(run(&config, NULL, NULL));
    assert_int_equal(report.signals, 1);
    assert_true(report.noise_edge > 0 && report.noise_edge < 4);
    assert_true(report.positive_definite);
    size_t n = given.assets;
    slow_matrix(&used, &(slow_way){NULL, 1, TW_COVARIANCE_MEAN});
    double correlations[CELLS_MAX];
    double values[ASSETS_MAX];
    double vectors[CELLS_MAX];
    double scratch[50 * ASSETS_MAX];
    for (size_t i = 0; i < n; i++)
        assert_near(answer[i * n + i], (double)slow[i * n + i], 1e-14);
    tw_covariance_correlation(n, answer, correlations);
    assert_true(tw_dense_eigen(NULL, n, correlations, scratch, values, vectors));
    assert_true(values[n - 1] > report.noise_edge);
    assert_near(values[n - 2] / values[0], 1, 0.4); /* all but equal: rescaling spreads them */
}

/* ---- Bits ------------------------------------------------------------------------------------ */

static void test_runners_do_not_change_a_bit(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 29, 0);
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++)
        for (unsigned missing = 0; missing < 3; missing += 2) {
            given.assets = 1;
            while (given.assets < 5 || given.rows < 140)
                make_given(&random, true);
            tw_covariance_config config;
            tw_covariance_config_init(&config, (tw_covariance_kind)kind);
            config.target = TW_COVARIANCE_CONSTANT_CORRELATION;
            bool pairs = kind <= TW_COVARIANCE_EXPONENTIAL || kind == TW_COVARIANCE_SHRUNK;
            config.missing = (uint8_t)(pairs ? missing : 0);
            double alone[CELLS_MAX];
            assert_true(run(&config, NULL, NULL));
            memcpy(alone, answer, sizeof alone);
            for (unsigned count = 1; count <= 3; count++) {
                TW_AUTO(tw_workers) *workers = NULL;
                assert_int_equal(tw_workers_new(NULL, count, &workers, NULL), TW_OK);
                config.way.runner = tw_workers_runner(workers);
                assert_true(run(&config, NULL, NULL));
                assert_memory_equal(alone, answer, given.assets * given.assets * sizeof *alone);
            }
        }
}

/* Assets in another order: the same figures in another order. */
static void test_the_order_of_assets_does_not_matter(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 30, 0);
    for (unsigned kind = 0; kind < TW_COVARIANCE_KIND_COUNT; kind++) {
        given.assets = 1;
        while (given.assets < 5 || given.rows < 100)
            make_given(&random, false);
        size_t n = given.assets;
        tw_covariance_config config;
        tw_covariance_config_init(&config, (tw_covariance_kind)kind);
        config.target = TW_COVARIANCE_SINGLE_FACTOR;
        double first[CELLS_MAX];
        assert_true(run(&config, NULL, NULL));
        memcpy(first, answer, sizeof first);
        for (size_t t = 0; t < given.rows; t++)
            for (size_t j = 0; j < n / 2; j++) {
                double *row = given.returns + t * n;
                double kept = row[j];
                row[j] = row[n - 1 - j];
                row[n - 1 - j] = kept;
            }
        assert_true(run(&config, NULL, NULL));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                assert_near(answer[i * n + j], first[(n - 1 - i) * n + n - 1 - j],
                            1e-12 * sqrt(answer[i * n + i] * answer[j * n + j]));
    }
}

/* ---- One row after another ------------------------------------------------------------------- */

static void expect_pushed(const tw_covariance *pushed, uint8_t ddof, size_t rows) {
    static double read[CELLS_MAX];
    double means[ASSETS_MAX];
    size_t n = used.assets;
    assert_int_equal(tw_covariance_rows(pushed), rows);
    if (rows <= ddof) {
        assert_int_equal(tw_covariance_read(pushed, ddof, read, means), TW_EMPTY);
        return;
    }
    assert_int_equal(tw_covariance_read(pushed, ddof, read, means), TW_OK);
    memcpy(answer, read, sizeof answer);
    slow_matrix(&used, &(slow_way){NULL, ddof, TW_COVARIANCE_MEAN});
    expect_slow(n, "pushed");
    for (size_t j = 0; j < n; j++) {
        long double sum = 0;
        for (size_t t = 0; t < rows; t++)
            sum += at(&used, t, j);
        assert_near(means[j], (double)(sum / (long double)rows), 1e-15);
    }
}

static void test_pushed_rows_agree_with_the_whole(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 31, 0);
    for (int round = 0; round < 30; round++) {
        make_given(&random, true);
        size_t n = given.assets;
        size_t window = round % 3 == 0 ? 0 : 2 + tw_random_below(&random, 20);
        TW_AUTO(tw_covariance) *pushed = NULL;
        assert_int_equal(tw_covariance_new(NULL, n, window, &pushed), TW_OK);
        used.rows = 0;
        used.assets = n;
        size_t skipped = 0;
        for (size_t t = 0; t < given.rows; t++) {
            tw_status status = tw_covariance_push(pushed, given.returns + t * n, NULL);
            assert_int_equal(status, row_is_whole(t) ? TW_OK : TW_EMPTY);
            skipped += status != TW_OK;
            if (status == TW_OK && window > 0 && used.rows == window)
                memmove(used.returns, used.returns + n, --used.rows * n * sizeof *used.returns);
            if (status == TW_OK)
                memcpy(used.returns + used.rows++ * n, given.returns + t * n,
                       n * sizeof *used.returns);
            if (t % 5 == 0)
                expect_pushed(pushed, (uint8_t)(t / 5 % 2), used.rows);
        }
        assert_int_equal(tw_covariance_skipped(pushed), skipped);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_agree),
        cmocka_unit_test(test_exponential_ones_agree),
        cmocka_unit_test(test_pairs_agree),
        cmocka_unit_test(test_semicovariances_agree),
        cmocka_unit_test(test_shrunk_ones_and_their_intensities_agree),
        cmocka_unit_test(test_the_oracle_agrees),
        cmocka_unit_test(test_gerber_agrees),
        cmocka_unit_test(test_denoising_keeps_signals_and_variances),
        cmocka_unit_test(test_runners_do_not_change_a_bit),
        cmocka_unit_test(test_the_order_of_assets_does_not_matter),
        cmocka_unit_test(test_pushed_rows_agree_with_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
