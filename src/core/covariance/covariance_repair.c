/*
 * covariance_repair.c - matrices through their eigenvalues: what is not positive semi-definite made
 * so, and noise taken out.
 *
 * Invariants:
 * 1. A spectrum's matrix is sum_k values[k] v_k v_k', with v_k in row k.
 * 2. Diagonals are set, not computed, where they are to stay: they do to the bit.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "covariance_priv.h"

#define SYMMETRY 1e-12 /* of a pair of elements, relative */

typedef struct matrix_spectrum {
    double *values;
    double *vectors;
    double *scratch;
} matrix_spectrum;

static bool take_spectrum(covariance_memory *memory, size_t size, matrix_spectrum *ret) {
    ret->values = covariance_take(memory, size, 1);
    ret->vectors = covariance_take(memory, size, size);
    ret->scratch = covariance_take(memory, tw_dense_eigen_scratch(size), 1);
    return ret->values != NULL && ret->vectors != NULL && ret->scratch != NULL;
}

/* What is finite has eigenvalues. */
static void find_spectrum(const tw_dense_way *way, size_t size, const double *matrix,
                          matrix_spectrum *ret) {
    bool found = tw_dense_eigen(way, size, matrix, ret->scratch, ret->values, ret->vectors);
    TW_ASSERT(found);
}

static void raise_values(size_t size, double least, double *values) {
    for (size_t k = 0; k < size; k++)
        values[k] = values[k] > least ? values[k] : least;
}

/* The matrix of values of 0 or more again; spoils the vectors. False: no memory. */
static bool rebuild(covariance_memory *memory, const tw_dense_way *way, size_t size,
                    matrix_spectrum *of, double *ret_matrix) {
    for (size_t k = 0; k < size; k++) {
        double root = sqrt(of->values[k]);
        for (size_t j = 0; j < size; j++)
            of->vectors[k * size + j] *= root;
    }
    return covariance_products(memory, way, (tw_dense_shape){size, size}, of->vectors, NULL,
                               ret_matrix);
}

/* Rows and columns scaled so that the diagonal is `wanted`. */
static void rescale(size_t size, const double *wanted, double *scratch, double *matrix) {
    for (size_t i = 0; i < size; i++) {
        double is = matrix[i * size + i];
        scratch[i] = is > 0 ? sqrt(wanted[i] / is) : 0;
    }
    for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j < i; j++)
            covariance_set(matrix, size, i, j, matrix[i * size + j] * (scratch[i] * scratch[j]));
        matrix[i * size + i] = wanted[i];
    }
}

/* The correlations of a covariance, and the deviations; an asset without variance has correlations
 * of 0 with the others. */
static void to_correlations(size_t size, const double *matrix, double *ret_deviations,
                            double *ret_correlations) {
    for (size_t i = 0; i < size; i++) {
        ret_deviations[i] = sqrt(matrix[i * size + i]);
        ret_correlations[i * size + i] = 1;
        for (size_t j = 0; j < i; j++) {
            double scale = ret_deviations[i] * ret_deviations[j];
            covariance_set(ret_correlations, size, i, j,
                           scale > 0 ? matrix[i * size + j] / scale : 0);
        }
    }
}

/* ---- Noise ----------------------------------------------------------------------------------- */

/* The Marchenko-Pastur edge s^2 (1 + sqrt(m / rows))^2 of the m eigenvalues that are not above it,
 * where s^2 is their mean. Each value that is found to be above lowers it, so this ends. */
static size_t count_signals(const covariance_work *work, const double *values, double *ret_edge) {
    size_t rest = work->assets;
    double left = (double)work->assets; /* the sum of the rest */
    for (; rest > 0; rest--) {
        double width = 1 + sqrt((double)rest / work->report.effective_rows);
        *ret_edge = left / (double)rest * width * width;
        if (!(values[rest - 1] > *ret_edge))
            break;
        left -= values[rest - 1];
    }
    return work->assets - rest;
}

tw_status covariance_denoise(covariance_work *work) {
    size_t n = work->assets;
    matrix_spectrum spectrum;
    double *deviations = covariance_take(&work->memory, n, 1);
    double *variances = covariance_take(&work->memory, n, 1);
    double *correlations = covariance_take(&work->memory, n, n);
    if (deviations == NULL || variances == NULL || correlations == NULL ||
        !take_spectrum(&work->memory, n, &spectrum))
        return covariance_no_memory(work);
    to_correlations(n, work->matrix, deviations, correlations);
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(correlations[i]))
            return TW_OK; /* the matrix is not finite: that is told at the end */
    find_spectrum(&work->config->way, n, correlations, &spectrum);
    size_t signals = count_signals(work, spectrum.values, &work->report.noise_edge);
    work->report.signals = signals;
    double noise = 0;
    for (size_t k = 0; k < n - signals; k++)
        noise += spectrum.values[k] / (double)(n - signals);
    for (size_t k = 0; k < n - signals; k++)
        spectrum.values[k] = noise > 0 ? noise : 0;
    if (!rebuild(&work->memory, &work->config->way, n, &spectrum, correlations))
        return covariance_no_memory(work);
    for (size_t i = 0; i < n; i++)
        variances[i] = work->matrix[i * n + i];
    memcpy(work->matrix, correlations, n * n * sizeof *correlations);
    rescale(n, variances, spectrum.scratch, work->matrix);
    return TW_OK;
}

/* ---- Repair ---------------------------------------------------------------------------------- */

typedef struct repair_work {
    const tw_covariance_repair_config *config;
    covariance_memory memory;
    size_t size;
    const double *matrix;
    double *result; /* [size][size] */
    tw_covariance_repair_report report;
    tw_error *error;
} repair_work;

void tw_covariance_repair_config_init(tw_covariance_repair_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->kind = TW_COVARIANCE_NEAREST;
    config->eigenvalue_least = 1e-10;
    config->tolerance = 1e-10;
    config->steps_max = 1000;
}

static tw_status repair_config_check(const tw_covariance_repair_config *config, tw_error *error) {
    if (config->kind > TW_COVARIANCE_NEAREST)
        return tw_error_set(error, TW_RANGE, "there is no such kind of repair");
    if (!(config->eigenvalue_least >= 0 && config->eigenvalue_least < 1))
        return tw_error_set(error, TW_RANGE,
                            "the least eigenvalue must be a part of the greatest, from 0 to below "
                            "1, not %g",
                            config->eigenvalue_least);
    if (config->kind == TW_COVARIANCE_NEAREST &&
        (!(config->tolerance > 0 && config->tolerance < 1) || config->steps_max == 0))
        return tw_error_set(error, TW_RANGE,
                            "a tolerance between 0 and 1 and at least one step are needed");
    return TW_OK;
}

static tw_status pair_check(const repair_work *work, size_t i, size_t j) {
    double below = work->matrix[i * work->size + j];
    double above = work->matrix[j * work->size + i];
    if (!isfinite(below) || !isfinite(above))
        return tw_error_set(work->error, TW_INVALID, "element %zu, %zu is not finite", i, j);
    if (fabs(below - above) > SYMMETRY * fmax(fabs(below), fabs(above)))
        return tw_error_set(work->error, TW_INVALID,
                            "elements %zu, %zu and %zu, %zu are not equal: the matrix is not "
                            "symmetric",
                            i, j, j, i);
    double variance = work->matrix[i * work->size + i];
    if (variance < 0)
        return tw_error_set(work->error, TW_INVALID, "the variance of asset %zu is negative", i);
    if (below != 0 && (variance == 0 || work->matrix[j * work->size + j] == 0))
        return tw_error_set(work->error, TW_INVALID,
                            "assets %zu and %zu have a covariance, but one of them has no variance",
                            j, i);
    return TW_OK;
}

static tw_status matrix_check(const repair_work *work) {
    for (size_t i = 0; i < work->size; i++)
        for (size_t j = 0; j <= i; j++) {
            tw_status status = pair_check(work, i, j);
            if (status != TW_OK)
                return status;
        }
    return TW_OK;
}

static tw_status repair_no_memory(const repair_work *work) {
    return tw_error_set(work->error, TW_NO_MEMORY, "no memory to repair a matrix of %zu assets",
                        work->size);
}

/* Raises the eigenvalues of `matrix` to `least` of the greatest and rescales to the diagonal it
 * had; *ret_least is the least before. What needs nothing is left as it is. */
static tw_status clip(repair_work *work, matrix_spectrum *spectrum, double *matrix,
                      double *ret_least) {
    size_t n = work->size;
    find_spectrum(&work->config->way, n, matrix, spectrum);
    *ret_least = spectrum->values[0];
    double greatest = spectrum->values[n - 1];
    double least = greatest > 0 ? work->config->eigenvalue_least * greatest : 0;
    if (*ret_least >= least)
        return TW_OK;
    double *diagonal = covariance_take(&work->memory, n, 1);
    if (diagonal == NULL)
        return repair_no_memory(work);
    for (size_t i = 0; i < n; i++)
        diagonal[i] = matrix[i * n + i];
    raise_values(n, least, spectrum->values);
    if (!rebuild(&work->memory, &work->config->way, n, spectrum, matrix))
        return repair_no_memory(work);
    rescale(n, diagonal, spectrum->scratch, matrix);
    return TW_OK;
}

/* Higham's iteration: X is Y, less the correction of the step before, with its eigenvalues raised;
 * Y is X with ones on the diagonal. */
typedef struct nearest {
    double *y;
    double *x;
    double *correction;
    double least; /* eigenvalue */
} nearest;

/* Moves of Y and distance of Y from X, as parts of Y. */
static double step_change(size_t size, nearest *at, double *ret_apart) {
    double change = 0;
    double apart = 0;
    double whole = 0;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++) {
            double *y = &at->y[i * size + j];
            double x = at->x[i * size + j];
            double next = i == j ? 1 : x;
            at->correction[i * size + j] = x - (*y - at->correction[i * size + j]);
            change += (next - *y) * (next - *y);
            apart += (next - x) * (next - x);
            whole += next * next;
            *y = next;
        }
    *ret_apart = sqrt(apart / whole);
    return sqrt(change / whole);
}

static tw_status nearest_steps(repair_work *work, matrix_spectrum *spectrum, nearest *at) {
    size_t n = work->size;
    double change = 1;
    double apart = 1;
    while (work->report.steps < work->config->steps_max) {
        for (size_t i = 0; i < n * n; i++)
            at->x[i] = at->y[i] - at->correction[i];
        find_spectrum(&work->config->way, n, at->x, spectrum);
        if (work->report.steps++ == 0) {
            work->report.eigenvalue_least = spectrum->values[0];
            at->least = work->config->eigenvalue_least * spectrum->values[n - 1];
        }
        raise_values(n, at->least, spectrum->values);
        if (!rebuild(&work->memory, &work->config->way, n, spectrum, at->x))
            return repair_no_memory(work);
        change = step_change(n, at, &apart);
        if (change <= work->config->tolerance && apart <= work->config->tolerance)
            return TW_OK;
    }
    return tw_error_set(work->error, TW_TIMEOUT,
                        "the nearest correlation matrix was not found in %u steps: the last moved "
                        "it by %g; allow more steps or a wider tolerance than %g",
                        (unsigned)work->config->steps_max, change, work->config->tolerance);
}

static tw_status repair_nearest(repair_work *work, matrix_spectrum *spectrum) {
    size_t n = work->size;
    double *deviations = covariance_take(&work->memory, n, 1);
    nearest at = {covariance_take(&work->memory, n, n), covariance_take(&work->memory, n, n),
                  covariance_take(&work->memory, n, n), 0};
    if (deviations == NULL || at.y == NULL || at.x == NULL || at.correction == NULL)
        return repair_no_memory(work);
    to_correlations(n, work->matrix, deviations, at.y);
    find_spectrum(&work->config->way, n, at.y, spectrum);
    work->report.eigenvalue_least = spectrum->values[0];
    if (spectrum->values[0] >= work->config->eigenvalue_least * spectrum->values[n - 1])
        return TW_OK; /* the result is a copy as it is */
    tw_status status = nearest_steps(work, spectrum, &at);
    double least = 0;
    if (status == TW_OK)
        status = clip(work, spectrum, at.y, &least); /* what the tolerance left */
    if (status != TW_OK)
        return status;
    memcpy(work->result, at.y, n * n * sizeof *at.y);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            covariance_set(work->result, n, i, j,
                           at.y[i * n + j] * (deviations[i] * deviations[j]));
        work->result[i * n + i] = work->matrix[i * n + i];
    }
    return TW_OK;
}

static tw_status repair(repair_work *work) {
    size_t n = work->size;
    matrix_spectrum spectrum;
    work->result = covariance_take(&work->memory, n, n);
    if (work->result == NULL || !take_spectrum(&work->memory, n, &spectrum))
        return repair_no_memory(work);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            covariance_set(work->result, n, i, j, work->matrix[i * n + j]);
    if (work->config->kind == TW_COVARIANCE_NEAREST)
        return repair_nearest(work, &spectrum);
    work->report.steps = 1;
    return clip(work, &spectrum, work->result, &work->report.eigenvalue_least);
}

tw_status tw_covariance_repair(const tw_allocator *allocator,
                               const tw_covariance_repair_config *config,
                               tw_covariance_matrix matrix, double *ret_matrix,
                               tw_covariance_repair_report *ret_report, tw_error *error) {
    TW_ASSERT(config != NULL && ret_matrix != NULL && ret_report != NULL);
    TW_ASSERT(matrix.values != NULL && matrix.size > 0 && matrix.values != ret_matrix);
    size_t cells = matrix.size * matrix.size;
    repair_work work = {
        .config = config,
        .memory = {.allocator = allocator != NULL ? allocator : tw_allocator_system()},
        .size = matrix.size,
        .matrix = matrix.values,
        .error = error};
    tw_status status = repair_config_check(config, error);
    if (status == TW_OK)
        status = matrix_check(&work);
    if (status == TW_OK)
        status = repair(&work);
    if (status == TW_OK) {
        double squares = 0;
        for (size_t i = 0; i < cells; i++)
            squares += (work.result[i] - work.matrix[i]) * (work.result[i] - work.matrix[i]);
        work.report.distance = sqrt(squares);
        memcpy(ret_matrix, work.result, cells * sizeof *ret_matrix);
        *ret_report = work.report;
    }
    covariance_give_all(&work.memory);
    return status;
}
