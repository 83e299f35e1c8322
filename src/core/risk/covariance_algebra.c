/*
 * covariance_algebra.c - the memory of one call, and the dense algebra that estimators ask for.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "covariance_priv.h"

double *covariance_take(covariance_memory *memory, size_t a, size_t b) {
    TW_ASSERT(a > 0 && b > 0);
    if (memory->count == COVARIANCE_BLOCKS_MAX || a > SIZE_MAX / b)
        return NULL;
    double *block = TW_NEW(memory->allocator, a * b, double);
    if (block == NULL)
        return NULL;
    memory->blocks[memory->count] = block;
    memory->counts[memory->count++] = a * b;
    return block;
}

static void give_last(covariance_memory *memory) {
    TW_ASSERT(memory->count > 0);
    memory->count--;
    TW_DELETE(memory->allocator, memory->blocks[memory->count], memory->counts[memory->count],
              double);
}

void covariance_give_all(covariance_memory *memory) {
    while (memory->count > 0)
        give_last(memory);
}

bool covariance_products(covariance_memory *memory, const tw_dense_way *way, size_t rows,
                         size_t columns, const double *values, const double *centres,
                         double *ret_products) {
    (void)way;
    double *row = covariance_take(memory, columns, 1);
    if (row == NULL)
        return false;
    memset(ret_products, 0, columns * columns * sizeof *ret_products);
    for (size_t t = 0; t < rows; t++) {
        for (size_t j = 0; j < columns; j++)
            row[j] = values[t * columns + j] - (centres != NULL ? centres[j] : 0);
        for (size_t i = 0; i < columns; i++) {
            double *restrict to = ret_products + i * columns;
            double factor = row[i];
            for (size_t j = 0; j <= i; j++)
                to[j] += factor * row[j];
        }
    }
    for (size_t i = 0; i < columns; i++)
        for (size_t j = 0; j < i; j++)
            ret_products[j * columns + i] = ret_products[i * columns + j];
    give_last(memory);
    return true;
}

static bool cholesky(size_t size, double *matrix) {
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = matrix[i * size + j];
            for (size_t k = 0; k < j; k++)
                sum -= matrix[i * size + k] * matrix[j * size + k];
            if (i == j && !(sum > 0))
                return false;
            matrix[i * size + j] = i == j ? sqrt(sum) : sum / matrix[j * size + j];
        }
    return true;
}

bool covariance_is_definite(const tw_dense_way *way, size_t size, double *matrix) {
    (void)way;
    /* The diagonal is kept above itself, where Cholesky does not look, to compare pivots with. */
    for (size_t i = 0; i + 1 < size; i++)
        matrix[i * size + size - 1] = matrix[i * size + i];
    double last = matrix[size * size - 1];
    if (!cholesky(size, matrix))
        return false;
    double least = (double)size * DBL_EPSILON;
    for (size_t i = 0; i < size; i++) {
        double pivot = matrix[i * size + i] * matrix[i * size + i];
        if (!(pivot > least * (i + 1 < size ? matrix[i * size + size - 1] : last)))
            return false;
    }
    return true;
}
