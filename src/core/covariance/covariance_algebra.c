/*
 * covariance_algebra.c - the memory of one call, and the dense algebra that estimators ask for.
 */
#include <float.h>
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

bool covariance_products(covariance_memory *memory, const tw_dense_way *way, tw_dense_shape shape,
                         const double *values, const double *centres, double *ret_products) {
    double *scratch = covariance_take(memory, tw_dense_products_scratch(shape), 1);
    if (scratch == NULL)
        return false;
    tw_dense_products(way, shape, values, centres, scratch, ret_products);
    give_last(memory);
    return true;
}

bool covariance_is_definite(covariance_memory *memory, const tw_dense_way *way, size_t size,
                            const double *matrix, bool *ret_definite) {
    double *factor = covariance_take(memory, size, size);
    double *scratch = covariance_take(memory, tw_dense_cholesky_scratch(size), 1);
    if (factor == NULL || scratch == NULL)
        return false;
    memcpy(factor, matrix, size * size * sizeof *factor);
    size_t column;
    *ret_definite = tw_dense_cholesky(way, size, factor, scratch, &column);
    for (size_t i = 0; *ret_definite && i < size; i++) {
        double pivot = factor[i * size + i] * factor[i * size + i];
        *ret_definite = pivot > (double)size * DBL_EPSILON * matrix[i * size + i];
    }
    return true;
}
