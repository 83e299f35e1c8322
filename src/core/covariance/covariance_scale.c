/*
 * covariance_scale.c - returns in units of a power of two, for what multiplies many of them.
 *
 * An intensity is a ratio of sums of products of up to eight deviations, and so beyond the range of
 * a double for returns of 1e40, and nothing for those of 1e-50. Every such sum is homogeneous, so a
 * scale leaves the ratio as it is, and one that is a power of two leaves every digit. Returns that
 * are near 1, as all real ones are, stay where they are, without a copy.
 */
#include <math.h>
#include <stdlib.h>

#include "covariance_priv.h"

#define NEAR_EXPONENT 64 /* eight powers of 2^64, and a great number of them, are finite */

static bool wants_intensity(const tw_covariance_config *config) {
    return config->kind == TW_COVARIANCE_ORACLE ||
           (config->kind == TW_COVARIANCE_SHRUNK && isnan(config->shrinkage));
}

/* The power of two above all magnitudes; 0 where that is near 1, or where there is none. */
static int exponent_of(const double *values, size_t count) {
    double greatest = 0;
    int exponent = 0;
    for (size_t i = 0; i < count; i++)
        greatest = fabs(values[i]) > greatest ? fabs(values[i]) : greatest; /* a NaN is not above */
    frexp(greatest, &exponent);
    return abs(exponent) <= NEAR_EXPONENT ? 0 : exponent;
}

/* A copy in units of 2^exponent. NULL: no memory. */
static const double *scaled(covariance_work *work, const double *values, size_t columns,
                            int exponent) {
    double *copy = covariance_take(&work->memory, work->rows, columns);
    for (size_t i = 0; copy != NULL && i < work->rows * columns; i++)
        copy[i] = ldexp(values[i], -exponent);
    return copy;
}

tw_status covariance_to_scale(covariance_work *work) {
    if (!wants_intensity(work->config))
        return TW_OK;
    work->exponent = exponent_of(work->values, work->rows * work->assets);
    if (work->exponent != 0)
        work->values = scaled(work, work->values, work->assets, work->exponent);
    int of_factor = work->factor == NULL ? 0 : exponent_of(work->factor, work->rows);
    if (of_factor != 0) /* the target does not change with it */
        work->factor = scaled(work, work->factor, 1, of_factor);
    bool have = work->values != NULL && (of_factor == 0 || work->factor != NULL);
    return have ? TW_OK : covariance_no_memory(work);
}

void covariance_from_scale(covariance_work *work) {
    for (size_t i = 0; work->exponent != 0 && i < work->assets * work->assets; i++)
        work->matrix[i] = ldexp(work->matrix[i], 2 * work->exponent);
}
