/*
 * covariance_shrink.c - targets, and how far the sample is drawn to one.
 *
 * The intensity of Ledoit and Wolf is (pi - rho) / (gamma n) between 0 and 1: pi sums the variances
 * of the elements of the sample, rho their covariances with those of the target, gamma the squares
 * of what sample and target differ by. Written out, pi and rho are sums over pairs of assets of
 * fourth moments, which others compute as products of matrices. Summed over the pairs first they
 * are sums over rows of products of sums over assets: sum_ij mean(x_i^2 x_j^2) = mean((sum_i
 * x_i^2)^2), and likewise for the rest. So an intensity costs one pass over the returns.
 *
 * The names: S sample, F target, H the sums of products over n (S itself when ddof is 0), x
 * deviations of a row, m the factor's deviation, c_i the covariance of asset i with the factor, v
 * its variance.
 *
 * Invariants:
 * 1. Sums over assets are in LANES lanes and over rows by parts in order: the same bits always.
 */
#include <math.h>
#include <string.h>

#include "covariance_priv.h"

#define LANES 8
#define ROUNDING 0x1p-80 /* of a sum of squares: about epsilon squared, times pairs */

/* ---- The target ------------------------------------------------------------------------------ */

typedef struct shrink_target {
    double *values;      /* F */
    double *deviations;  /* [assets] roots of the variances */
    double *loadings;    /* [assets] c */
    double variance;     /* v */
    double factor_mean;  /* of a factor that is given */
    double mean_product; /* the constant correlation */
} shrink_target;

static void fill_diagonal(const covariance_work *work, double *matrix) {
    size_t n = work->assets;
    for (size_t i = 0; i < n; i++)
        matrix[i * n + i] = work->matrix[i * n + i];
}

static double mean_variance(const covariance_work *work) {
    double trace = 0;
    for (size_t i = 0; i < work->assets; i++)
        trace += work->matrix[i * work->assets + i];
    return trace / (double)work->assets;
}

static void fill_identity(const covariance_work *work, double *matrix) {
    double mean = mean_variance(work);
    for (size_t i = 0; i < work->assets; i++)
        matrix[i * work->assets + i] = mean;
}

static void fill_constant_correlation(const covariance_work *work, shrink_target *ret) {
    size_t n = work->assets;
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        ret->deviations[i] = sqrt(work->matrix[i * n + i]);
        if (!(ret->deviations[i] > 0))
            continue;
        count++;
        double row = 0;
        for (size_t j = 0; j < i; j++)
            row += ret->deviations[j] > 0 ? work->matrix[i * n + j] / ret->deviations[j] : 0;
        sum += row / ret->deviations[i];
    }
    double pairs = (double)count * ((double)count - 1) / 2;
    ret->mean_product = pairs > 0 ? sum / pairs : 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            covariance_set(ret->values, n, i, j,
                           ret->mean_product * (ret->deviations[i] * ret->deviations[j]));
    fill_diagonal(work, ret->values);
}

/* Of the mean of the assets, by linearity. */
static void fill_mean_factor(const covariance_work *work, shrink_target *ret) {
    size_t n = work->assets;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = 0; j < n; j++)
            row += work->matrix[i * n + j];
        ret->loadings[i] = row / (double)n;
        sum += ret->loadings[i];
    }
    ret->variance = sum / (double)n;
}

static void fill_given_factor(const covariance_work *work, shrink_target *ret) {
    size_t n = work->assets;
    double sum = 0;
    for (size_t t = 0; t < work->rows; t++)
        sum += (work->weights != NULL ? work->weights[t] : 1) * (work->factor[t] - work->factor[0]);
    ret->factor_mean = work->factor[0] + sum / work->weight_sum;
    for (size_t t = 0; t < work->rows; t++) {
        double deviation = work->factor[t] - ret->factor_mean;
        double weighted = (work->weights != NULL ? work->weights[t] : 1) * deviation;
        const double *restrict row = work->values + t * n;
        ret->variance += weighted * deviation;
        for (size_t i = 0; i < n; i++)
            ret->loadings[i] += weighted * (row[i] - work->centres[i]);
    }
    double divisor = covariance_divisor(work);
    ret->variance /= divisor;
    for (size_t i = 0; i < n; i++)
        ret->loadings[i] /= divisor;
}

static void fill_single_factor(const covariance_work *work, shrink_target *ret) {
    size_t n = work->assets;
    if (work->factor != NULL)
        fill_given_factor(work, ret);
    else
        fill_mean_factor(work, ret);
    if (!(ret->variance > 0))
        memset(ret->loadings, 0, n * sizeof *ret->loadings); /* a factor that stands still */
    for (size_t i = 0; i < n; i++) {
        double scaled = ret->variance > 0 ? ret->loadings[i] / ret->variance : 0;
        for (size_t j = 0; j < i; j++)
            covariance_set(ret->values, n, i, j, scaled * ret->loadings[j]);
    }
    fill_diagonal(work, ret->values);
}

static tw_status make_target(covariance_work *work, shrink_target *ret) {
    size_t n = work->assets;
    ret->values = covariance_take(&work->memory, n, n);
    ret->deviations = covariance_take(&work->memory, n, 1);
    ret->loadings = covariance_take(&work->memory, n, 1);
    if (ret->values == NULL || ret->deviations == NULL || ret->loadings == NULL)
        return covariance_no_memory(work);
    switch ((tw_covariance_target)work->config->target) {
    case TW_COVARIANCE_IDENTITY:
        fill_identity(work, ret->values);
        break;
    case TW_COVARIANCE_INDEPENDENT:
        fill_diagonal(work, ret->values);
        break;
    case TW_COVARIANCE_CONSTANT_CORRELATION:
        fill_constant_correlation(work, ret);
        work->report.mean_correlation = ret->mean_product;
        break;
    case TW_COVARIANCE_SINGLE_FACTOR:
        fill_single_factor(work, ret);
        break;
    }
    return TW_OK;
}

tw_status covariance_to_target(covariance_work *work) {
    shrink_target target = {0};
    tw_status status = make_target(work, &target);
    if (status == TW_OK)
        memcpy(work->matrix, target.values, work->assets * work->assets * sizeof *work->matrix);
    return status;
}

/* ---- The pass over the rows ------------------------------------------------------------------ */

/* What is summed over rows. */
enum {
    SQUARES,   /* (sum x^2)^2 */
    FOURTHS,   /* sum x^4 */
    CROSSED,   /* CONSTANT_CORRELATION: (sum x^3 / s) (sum s x) */
    SQUARE_1,  /* SINGLE_FACTOR: (sum x^2) m (sum c x) */
    CUBES_1,   /* m (sum c x^3) */
    LINES_2,   /* m^2 (sum c x)^2 */
    SQUARES_2, /* m^2 (sum c^2 x^2) */
    TERM_COUNT
};

/* Sums over the assets of a row. */
typedef struct row_sums {
    double x;
    double squares;
    double fourths;
    double lines;   /* of u x */
    double cubes;   /* of v x^3 */
    double weighed; /* of u^2 x^2 */
} row_sums;

typedef struct pass_work {
    const covariance_work *of;
    const shrink_target *target;
    const double *u; /* [assets] */
    const double *v; /* [assets] */
    double *terms;   /* [parts][TERM_COUNT] */
} pass_work;

static double lanes_sum(const double lane[LANES]) {
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* `wide`: all six sums, not only the squares and fourths. */
static inline __attribute__((always_inline)) row_sums sum_row(const pass_work *pass, size_t row,
                                                              bool wide) {
    size_t n = pass->of->assets;
    const double *from = pass->of->values + row * n;
    const double *centres = pass->of->centres;
    double lane[6][LANES] = {{0}};
    for (size_t begin = 0; begin < n; begin += LANES) {
        size_t width = n - begin < LANES ? n - begin : LANES;
        for (size_t k = 0; k < width; k++) {
            double x = from[begin + k] - centres[begin + k];
            double square = x * x;
            lane[1][k] += square;
            lane[2][k] += square * square;
            if (wide) {
                double line = pass->u[begin + k] * x;
                lane[0][k] += x;
                lane[3][k] += line;
                lane[4][k] += pass->v[begin + k] * (square * x);
                lane[5][k] += line * line;
            }
        }
    }
    return (row_sums){lanes_sum(lane[0]), lanes_sum(lane[1]), lanes_sum(lane[2]),
                      lanes_sum(lane[3]), lanes_sum(lane[4]), lanes_sum(lane[5])};
}

static void add_row(const pass_work *pass, size_t row, double *terms) {
    const covariance_work *work = pass->of;
    bool wide = pass->u != NULL;
    row_sums of = wide ? sum_row(pass, row, true) : sum_row(pass, row, false);
    terms[SQUARES] += of.squares * of.squares;
    terms[FOURTHS] += of.fourths;
    if (!wide)
        return;
    double m = work->factor != NULL ? work->factor[row] - pass->target->factor_mean
                                    : of.x / (double)work->assets;
    terms[CROSSED] += of.cubes * of.lines;
    terms[SQUARE_1] += of.squares * m * of.lines;
    terms[CUBES_1] += m * of.cubes;
    terms[LINES_2] += (m * of.lines) * (m * of.lines);
    terms[SQUARES_2] += m * m * of.weighed;
}

static void pass_part(void *argument, size_t part) {
    const pass_work *pass = argument;
    size_t end = covariance_part_end(pass->of->rows, part);
    for (size_t t = part * COVARIANCE_PART_ROWS; t < end; t++)
        add_row(pass, t, pass->terms + part * TERM_COUNT);
}

/* Means over the rows of the terms above. False: no memory. */
static bool mean_terms(covariance_work *work, const shrink_target *target,
                       double ret_terms[TERM_COUNT]) {
    size_t n = work->assets;
    size_t parts = covariance_parts(work->rows);
    pass_work pass = {work, target, NULL, NULL, covariance_take(&work->memory, parts, TERM_COUNT)};
    double *inverses = covariance_take(&work->memory, n, 1);
    if (pass.terms == NULL || inverses == NULL)
        return false;
    if (work->config->target == TW_COVARIANCE_CONSTANT_CORRELATION) {
        for (size_t i = 0; i < n; i++)
            inverses[i] = target->deviations[i] > 0 ? 1 / target->deviations[i] : 0;
        pass.u = target->deviations;
        pass.v = inverses;
    } else if (work->config->target == TW_COVARIANCE_SINGLE_FACTOR) {
        pass.u = target->loadings;
        pass.v = target->loadings;
    }
    tw_task_run(work->config->way.runner, parts, pass_part, &pass);
    for (size_t k = 0; k < TERM_COUNT; k++) {
        double sum = 0;
        for (size_t part = 0; part < parts; part++)
            sum += pass.terms[part * TERM_COUNT + k];
        ret_terms[k] = sum / (double)work->rows;
    }
    return true;
}

/* ---- The intensity --------------------------------------------------------------------------- */

/* H_ij. */
static double raw_moment(const covariance_work *work, size_t i, size_t j) {
    size_t at = i * work->assets + j;
    double rows = (double)work->rows;
    return work->products != NULL ? work->products[at] / rows
                                  : work->matrix[at] * (covariance_divisor(work) / rows);
}

/* sum_i (and j, unless `diagonal`) of -2 H S + S^2: what the fourth moments lack to make pi. */
static double pi_rest(const covariance_work *work, bool diagonal) {
    size_t n = work->assets;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = diagonal ? i : 0; j < (diagonal ? i + 1 : n); j++) {
            double s = work->matrix[i * n + j];
            row += s * (s - 2 * raw_moment(work, i, j));
        }
        sum += row;
    }
    return sum;
}

/* r sum_(i != j) s_j / s_i (mean(x_i^3 x_j) - H_ii S_ij - H_ij S_ii + S_ii S_ij). */
static double rho_constant_correlation(const covariance_work *work, const shrink_target *target,
                                       const double terms[TERM_COUNT]) {
    size_t n = work->assets;
    double sum = terms[CROSSED] - terms[FOURTHS];
    for (size_t i = 0; i < n; i++) {
        if (!(target->deviations[i] > 0))
            continue;
        double own = raw_moment(work, i, i);
        double variance = work->matrix[i * n + i];
        double row = 0;
        for (size_t j = 0; j < n; j++) {
            double s = work->matrix[i * n + j];
            double part = own * s + (raw_moment(work, i, j) - s) * variance;
            row += j == i ? 0 : target->deviations[j] * part;
        }
        sum -= row / target->deviations[i];
    }
    return target->mean_product * sum;
}

/* 2 a - b of the paper's appendix, off the diagonal. */
static double rho_single_factor(const covariance_work *work, const shrink_target *target,
                                const double terms[TERM_COUNT]) {
    size_t n = work->assets;
    if (!(target->variance > 0))
        return 0;
    double whole = 0;    /* sum_ij c_i c_j S_ij */
    double diagonal = 0; /* sum_i c_i^2 S_ii */
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = 0; j < n; j++)
            row += target->loadings[j] * work->matrix[i * n + j];
        whole += target->loadings[i] * row;
        diagonal += target->loadings[i] * target->loadings[i] * work->matrix[i * n + i];
    }
    double v = target->variance;
    double once = (terms[SQUARE_1] - terms[CUBES_1] - (whole - diagonal)) / v;
    double twice = (terms[LINES_2] - terms[SQUARES_2] - v * (whole - diagonal)) / (v * v);
    return 2 * once - twice;
}

/* gamma; 0 where sample and target differ by rounding alone, as they do for two assets and their
 * mean correlation. */
static double squares_apart(const covariance_work *work, const shrink_target *target) {
    double sum = 0;
    double whole = 0;
    for (size_t i = 0; i < work->assets; i++) {
        double row = 0;
        for (size_t j = 0; j < work->assets; j++) {
            double apart =
                work->matrix[i * work->assets + j] - target->values[i * work->assets + j];
            row += apart * apart;
            whole += work->matrix[i * work->assets + j] * work->matrix[i * work->assets + j];
        }
        sum += row;
    }
    return sum > ROUNDING * whole ? sum : 0;
}

static double between_0_and_1(double value) {
    return value > 0 ? (value < 1 ? value : 1) : 0;
}

static tw_status find_intensity(covariance_work *work, const shrink_target *target, double *ret) {
    double terms[TERM_COUNT];
    if (!mean_terms(work, target, terms))
        return covariance_no_memory(work);
    double pi = terms[SQUARES] + pi_rest(work, false);
    double rho =
        work->config->target == TW_COVARIANCE_IDENTITY ? 0 : terms[FOURTHS] + pi_rest(work, true);
    if (work->config->target == TW_COVARIANCE_CONSTANT_CORRELATION)
        rho += rho_constant_correlation(work, target, terms);
    if (work->config->target == TW_COVARIANCE_SINGLE_FACTOR)
        rho += rho_single_factor(work, target, terms);
    double gamma = squares_apart(work, target);
    *ret = gamma > 0 ? between_0_and_1((pi - rho) / gamma / (double)work->rows) : 0;
    return TW_OK;
}

static void draw_to(covariance_work *work, const double *target, double intensity) {
    work->report.shrinkage = intensity;
    for (size_t i = 0; i < work->assets * work->assets; i++)
        work->matrix[i] = intensity * target[i] + (1 - intensity) * work->matrix[i];
}

tw_status covariance_shrink(covariance_work *work) {
    shrink_target target = {0};
    tw_status status = make_target(work, &target);
    double intensity = work->config->shrinkage;
    if (status == TW_OK && isnan(intensity))
        status = find_intensity(work, &target, &intensity);
    if (status == TW_OK)
        draw_to(work, target.values, intensity);
    return status;
}

void covariance_shrink_oracle(covariance_work *work) {
    size_t n = work->assets;
    double mean = mean_variance(work);
    double squares = 0;
    for (size_t i = 0; i < n * n; i++)
        squares += work->matrix[i] * work->matrix[i];
    squares /= (double)(n * n);
    double apart = squares - mean * mean / (double)n;
    double divisor = ((double)work->rows + 1) * apart;
    double intensity = n == 1 ? 0 : divisor > 0 ? (squares + mean * mean) / divisor : 1;
    intensity = between_0_and_1(intensity);
    work->report.shrinkage = intensity;
    for (size_t i = 0; i < n * n; i++)
        work->matrix[i] *= 1 - intensity;
    for (size_t i = 0; i < n; i++)
        work->matrix[i * n + i] += intensity * mean;
}
