/*
 * dense.h - dense matrices of doubles: eigenvalues.
 *
 * Every matrix is row-major: element (i, j) of [m][n] stands at values[i * n + j].
 *
 * The same input gives the same bits on every machine: sums are in a fixed order of fixed lanes.
 *
 * Memory: nothing is allocated; outputs and scratch are the caller's and must not overlap inputs.
 * Cost: in multiply-adds. Threads: all functions are pure.
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

TW_BEGIN_DECLS

/*
 * Eigenvalues in ascending order and, in the rows of `ret_vectors` [size][size], their vectors of
 * length 1 (the first component above 2^-26 in magnitude is positive), of a symmetric matrix; only
 * its lower triangle is read. Householder's reduction and implicit QL (Martin, Reinsch and
 * Wilkinson, 1968; Dubrulle, Martin and Wilkinson, 1968). Backward stable: the error of a value is
 * a small multiple of 2^-53 times the greatest. `scratch` is [3 x size]. False, and then the
 * outputs mean nothing, for a NaN or an infinity, or when a value has not converged in 50 steps,
 * which has not been seen. About 3 size^3.
 */
TW_API bool tw_dense_eigen(size_t size, const double *matrix, double *scratch, double *ret_values,
                           double *ret_vectors) TW_MUST_CHECK;

TW_END_DECLS

#endif
