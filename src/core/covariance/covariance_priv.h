/* covariance_priv.h - what the files of the covariance estimators share. */
#ifndef TRADEWIND_COVARIANCE_PRIV_H
#define TRADEWIND_COVARIANCE_PRIV_H

#include "tradewind/covariance.h"

/* ---- Memory of one call ---------------------------------------------------------------------- */

#define COVARIANCE_BLOCKS_MAX 24

/* Blocks of doubles that are given back together. */
typedef struct covariance_memory {
    const tw_allocator *allocator;
    double *blocks[COVARIANCE_BLOCKS_MAX];
    size_t counts[COVARIANCE_BLOCKS_MAX];
    size_t count;
} covariance_memory;

/* [a][b] zeroed doubles, both at least 1; NULL when there are none to be had. */
double *covariance_take(covariance_memory *memory, size_t a, size_t b);
void covariance_give_all(covariance_memory *memory);

/* ---- Dense algebra --------------------------------------------------------------------------- */

/* The sums of products of the columns about `centres` (NULL: 0), whole and symmetric. False: no
 * memory for the scratch. */
bool covariance_products(covariance_memory *memory, const tw_dense_way *way, tw_dense_shape shape,
                         const double *values, const double *centres, double *ret_products);

/* Whether Cholesky's pivots are above size x epsilon of their diagonal. False: no memory. */
bool covariance_is_definite(covariance_memory *memory, const tw_dense_way *way, size_t size,
                            const double *matrix, bool *ret_definite);

/* ---- Decay ----------------------------------------------------------------------------------- */

#define COVARIANCE_DECAY_SENTENCE                                                           \
    "the decay needs a unit and a value in its range: lambda in (0, 1), a span above 1, a " \
    "half-life or a centre of mass above 0"

bool covariance_decay_is_good(tw_covariance_decay decay);

/* The weight of the row before. */
double covariance_lambda_of(tw_covariance_decay decay);

/* ---- An estimate under way ------------------------------------------------------------------- */

typedef struct covariance_work {
    const tw_covariance_config *config;
    const tw_covariance_input *input;
    covariance_memory memory;
    size_t rows; /* used */
    size_t assets;
    const double *values;   /* [rows][assets]; of PAIRWISE with NaN */
    const double *weights;  /* [rows], or NULL: all 1 */
    const double *factor;   /* [rows], or NULL */
    int exponent;           /* values are in units of 2^exponent: covariance_scale.c */
    double weight_sum;      /* W */
    double weight_squares;  /* W2 */
    double *centres;        /* [assets]; where deviations are taken from */
    double *matrix;         /* [assets][assets]; the estimate */
    const double *products; /* [assets][assets]; PAIRWISE with an intensity: the sums of products of
                               the deviations with missing returns as 0; else NULL */
    tw_covariance_report report;
    tw_error *error;
} covariance_work;

tw_status covariance_no_memory(const covariance_work *work);

/* The same of `values` [rows][columns] of an estimate. */
static inline bool covariance_row_products(covariance_work *work, size_t columns,
                                           const double *values, const double *centres,
                                           double *ret_products) {
    return covariance_products(&work->memory, &work->config->way,
                               (tw_dense_shape){work->rows, columns}, values, centres,
                               ret_products);
}

/* Parts of rows: sums are of each part, then over parts in their order, whoever runs them. */
#define COVARIANCE_PART_ROWS 64

static inline size_t covariance_parts(size_t rows) {
    return (rows + COVARIANCE_PART_ROWS - 1) / COVARIANCE_PART_ROWS;
}

static inline size_t covariance_part_end(size_t rows, size_t part) {
    size_t end = (part + 1) * COVARIANCE_PART_ROWS;
    return end < rows ? end : rows;
}

/* W - ddof W2 / W: what sums of products are divided by. */
static inline double covariance_divisor(const covariance_work *work) {
    return work->weight_sum - work->config->ddof * (work->weight_squares / work->weight_sum);
}

/* The means of `values` [rows][columns] with `weights` (NULL: equal) of sum `weight_sum`. A column
 * of equal values has exactly that value. False: no memory. */
bool covariance_means(covariance_work *work, const double *values, size_t columns,
                      const double *weights, double weight_sum, double *ret_means);

/* covariance_moments.c: fill work->matrix. */
tw_status covariance_sample(covariance_work *work);
tw_status covariance_pairwise(covariance_work *work);
tw_status covariance_semi(covariance_work *work);
tw_status covariance_gerber(covariance_work *work);

/* covariance_scale.c: for the kinds with an intensity values and factor are brought to a scale, and
 * the matrix back from it. */
tw_status covariance_to_scale(covariance_work *work);
void covariance_from_scale(covariance_work *work);

/* covariance_shrink.c: from the sample in work->matrix to the estimate. */
tw_status covariance_to_target(covariance_work *work);
tw_status covariance_shrink(covariance_work *work);
void covariance_shrink_oracle(covariance_work *work);

/* covariance_repair.c. */
tw_status covariance_denoise(covariance_work *work);

/* Sets both (i, j) and (j, i). */
static inline void covariance_set(double *matrix, size_t size, size_t i, size_t j, double value) {
    matrix[i * size + j] = value;
    matrix[j * size + i] = value;
}

#endif
