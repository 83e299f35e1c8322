/*
 * batch.h - features of many assets at once, over plain matrices of doubles.
 *
 * Every matrix is row-major with rows = observations (oldest first) and columns = assets: the
 * value of asset j at time i stands at values[i * columns + j]. A missing value is NaN; an
 * infinity is treated as missing, too. No function invents a number: where a result has no
 * answer it is NaN, and the rule stands with the function.
 *
 * `values` and outputs must not overlap unless it says "in place". Shapes with zero rows are
 * allowed; zero columns are a programmer error.
 *
 * How the work is done is said by a tw_batch_way: which vector instructions, and who runs its
 * parts. Sums over the rows of a column are in their order and sums over a row in sixteen lanes,
 * whatever the way; so the same input gives the same bits on any level of instructions and any
 * number of threads.
 *
 * Memory: nothing is allocated; outputs and scratch are the caller's. Matrices of some megabytes
 * are faster in huge pages, which tw_allocate gives where 64 bytes of alignment are asked for.
 * Cost: stated in cells (rows x columns). Threads: all functions are pure; parts write to outputs
 * of their own.
 */
#ifndef TRADEWIND_BATCH_H
#define TRADEWIND_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/cpu.h"
#include "tradewind/status.h"
#include "tradewind/task.h"

typedef struct tw_batch_shape {
    size_t rows;    /* observations */
    size_t columns; /* assets */
} tw_batch_shape;

/* NULL, where one is wanted, is the best level and the calling thread alone. */
typedef struct tw_batch_way {
    const tw_task_runner *runner; /* NULL: the calling thread */
    tw_cpu_level level;           /* TW_CPU_BEST, or the highest to use */
} tw_batch_way;

typedef enum tw_batch_return_kind {
    TW_BATCH_SIMPLE = 0, /* p[i+1] / p[i] - 1 */
    TW_BATCH_LOG = 1     /* ln(p[i+1] / p[i]) */
} tw_batch_return_kind;

TW_BEGIN_DECLS

/*
 * Returns from prices: `prices` is [rows][columns], `ret_returns` is [rows - 1][columns]. A
 * return is NaN when either price is missing or not positive. A logarithm is
 * within 2.5 units in the last place. O(cells).
 */
TW_API void tw_batch_returns(const tw_batch_way *way, tw_batch_shape shape, const double *prices,
                             tw_batch_return_kind kind, double *ret_returns);

/* Where moments are written: three rows of [columns]. */
typedef struct tw_batch_moment_rows {
    double *means;
    double *stddevs;
    double *counts;
} tw_batch_moment_rows;

/*
 * Mean and standard deviation of each column without its missing values, and how many values there
 * were. The mean is NaN without any, the deviation with
 * `ddof` or fewer; equal values have a deviation of exactly 0. Values are to be 0 or of a
 * magnitude from 1e-150 to 1e150, as their squares are added up. O(cells).
 */
TW_API void tw_batch_moments(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                             uint32_t ddof, tw_batch_moment_rows results);

/*
 * (value - mean) x (1 / stddev) of its own column, into `ret_scores` [rows][columns]. NaN for a
 * missing value and for a whole column whose deviation is 0 or NaN. In place is allowed. O(cells).
 */
TW_API void tw_batch_zscores(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                             uint32_t ddof, double *ret_scores);

/* The same of its own row: how far an asset is from the others at that time. O(cells). */
TW_API void tw_batch_row_zscores(const tw_batch_way *way, tw_batch_shape shape,
                                 const double *values, uint32_t ddof, double *ret_scores);

typedef enum tw_batch_rank_kind {
    TW_BATCH_RANK,      /* 1 to n, the least first */
    TW_BATCH_PERCENTILE /* (rank - 1) / (n - 1); of one alone 0.5 */
} tw_batch_rank_kind;

/*
 * The rank of each value within its row, of the n that are not missing; equal values share the mean
 * of their ranks. NaN for a missing value. `scratch` is
 * [TW_BATCH_RANK_PARTS][TW_BATCH_RANK_SCRATCH] [columns]; in place is allowed. At most 2^32
 * columns. O(cells), or O(cells x log columns) where many values agree in their first 20 bits.
 */
#define TW_BATCH_RANK_PARTS 16
#define TW_BATCH_RANK_SCRATCH 3
TW_API void tw_batch_ranks(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                           tw_batch_rank_kind kind, double *scratch, double *ret_ranks);

TW_END_DECLS

#endif
