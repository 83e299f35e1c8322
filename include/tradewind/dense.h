/*
 * dense.h - dense matrices of doubles: products, Cholesky's factor, triangular systems,
 * eigenvalues.
 *
 * Every matrix is row-major: element (i, j) of [m][n] stands at values[i * n + j]. A symmetric
 * result is written whole.
 *
 * The same input gives the same bits on every machine, at any level of instructions and with any
 * number of threads: element (i, j) of a product is one chain of fused multiply-adds in the order
 * of the inner index, however the matrices are cut into tiles. (A library that chooses its order by
 * the processor cannot promise that; docs/decisions/0018 has the measures.)
 *
 * Memory: nothing is allocated; outputs and scratch are the caller's and must not overlap inputs
 * unless it says "in place". Cost: in multiply-adds. Threads: all functions are pure; the way says
 * who runs the parts.
 */
#ifndef TRADEWIND_DENSE_H
#define TRADEWIND_DENSE_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/task.h"

/* How the work is done. NULL, where one is wanted, is the best level and the calling thread. */
typedef struct tw_dense_way {
    const tw_task_runner *runner; /* NULL: the calling thread */
    tw_cpu_level level;           /* TW_CPU_BEST, or the highest to use */
} tw_dense_way;

/* Sizes are at least 1 throughout. */
typedef struct tw_dense_shape {
    size_t rows;
    size_t columns;
} tw_dense_shape;

TW_BEGIN_DECLS

/* Doubles of scratch for tw_dense_products: at most 1,024 rows of the columns, rounded up. */
TW_API size_t tw_dense_products_scratch(tw_dense_shape shape);

/*
 * The sums of products of the columns of `values` about `centres` [columns] (NULL: about 0):
 * ret_products[i][j] = sum over t of (x[t][i] - c[i]) (x[t][j] - c[j]), [columns][columns]. NaN
 * spreads to its own rows and columns. rows x columns^2 / 2.
 */
TW_API void tw_dense_products(const tw_dense_way *way, tw_dense_shape shape, const double *values,
                              const double *centres, double *scratch, double *ret_products);

/* What tw_dense_multiply multiplies: a is [rows][inner], b [inner][columns], or with `transposed`
 * [columns][inner]. */
typedef struct tw_dense_factors {
    size_t rows;
    size_t inner;
    size_t columns;
    bool transposed;
} tw_dense_factors;

TW_API size_t tw_dense_multiply_scratch(tw_dense_factors factors);

/* ret [rows][columns] = a b. rows x inner x columns. */
TW_API void tw_dense_multiply(const tw_dense_way *way, tw_dense_factors factors, const double *a,
                              const double *b, double *scratch, double *ret);

TW_API size_t tw_dense_cholesky_scratch(size_t size);

/*
 * The lower triangle L with L L' = matrix, in place in [size][size]; what is above the diagonal is
 * set to 0. False, with *ret_column the first whose pivot is not above 0, when the matrix is not
 * positive definite; then the matrix is spoilt. Only the lower triangle is read. size^3 / 6.
 */
TW_API bool tw_dense_cholesky(const tw_dense_way *way, size_t size, double *matrix, double *scratch,
                              size_t *ret_column) TW_MUST_CHECK;

/*
 * One lower triangle times many matrices of TW_DENSE_PANEL columns, of parts that run beside each
 * other: the triangle is packed once, into tw_dense_packed_size doubles; what is above its diagonal
 * is not read.
 */
#define TW_DENSE_PANEL 24
TW_API size_t tw_dense_packed_size(size_t size);
TW_API void tw_dense_pack_lower(size_t size, const double *lower, double *ret_packed);

/*
 * ret[p] [size][TW_DENSE_PANEL] += lower b[p] for each of `count` panels, in the calling thread. An
 * element's chain begins with what is in `ret`. Panels hold finite numbers; those that begin on a
 * cache line are faster. count x 12 size^2.
 */
TW_API void tw_dense_multiply_lower(tw_cpu_level level, size_t size, const double *packed,
                                    size_t count, const double *panels, double *ret_panels);

/* x with L x = x, then (backward) L' x = x, in place. size^2 / 2 each. */
TW_API void tw_dense_solve_forward(size_t size, const double *lower, double *x);
TW_API void tw_dense_solve_backward(size_t size, const double *lower, double *x);

/* ret [size] = matrix [size][size] x [size]; a sum is made in eight lanes. size^2. */
TW_API void tw_dense_apply(size_t size, const double *matrix, const double *x, double *ret);

TW_API size_t tw_dense_eigen_scratch(size_t size);

/*
 * Eigenvalues in ascending order and, in the rows of `ret_vectors` [size][size], their vectors of
 * length 1 (the first component above 2^-26 in magnitude is positive), of a symmetric matrix; only
 * its lower triangle is read. Householder's reduction and implicit QL (Martin, Reinsch and
 * Wilkinson, 1968; Dubrulle, Martin and Wilkinson, 1968). Backward stable: the error of a value is
 * a small multiple of 2^-53 times the greatest. False, and then the outputs mean nothing, for a NaN
 * or an infinity, or when a value has not converged in 50 steps, which has not been seen. About 4
 * size^3.
 */
TW_API bool tw_dense_eigen(const tw_dense_way *way, size_t size, const double *matrix,
                           double *scratch, double *ret_values, double *ret_vectors) TW_MUST_CHECK;

TW_END_DECLS

#endif
