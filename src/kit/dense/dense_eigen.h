/* dense_eigen.h - the loops of dense_eigen.c that are compiled once for each level of instructions.
 */
#ifndef TRADEWIND_DENSE_EIGEN_H
#define TRADEWIND_DENSE_EIGEN_H

#include <stddef.h>

enum {
    EIGEN_TILE = 32,  /* columns of the vectors that are rotated at once */
    EIGEN_STEPS = 24, /* of QL, whose rotations are laid on the vectors together */
    EIGEN_ROWS = 4    /* of the vectors that are reflected at once */
};

/* The rotations of one step, between rows i and i + 1 for i from end - 1 down to `first`. */
typedef struct eigen_step {
    size_t first;
    size_t end;
    const double *cosines; /* by i */
    const double *sines;
} eigen_step;

typedef struct eigen_loops {
    /* Reduces the lower triangle of `vectors` [size][size] to a diagonal and what stands beside it,
     * and leaves the transformation in the rows of `vectors`. `scratch` is [6 x size]. */
    void (*reduce)(size_t size, double *vectors, double *scratch, double *diagonal, double *beside);
    /* Rotates `width` columns, at most EIGEN_TILE, of rows `size` apart. */
    void (*rotate)(const eigen_step *steps, size_t count, size_t size, size_t width,
                   double *vectors);
} eigen_loops;

extern const eigen_loops eigen_loops_baseline;
#if defined(__x86_64__)
extern const eigen_loops eigen_loops_avx2;
extern const eigen_loops eigen_loops_avx512;
#endif

#endif
