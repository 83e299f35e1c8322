/* target_parity.h - weights whose shares of the risk are given. */
#ifndef TRADEWIND_TARGET_PARITY_H
#define TRADEWIND_TARGET_PARITY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct target_parity {
    const double *matrix;  /* [count][count], the diagonal above 0 */
    const double *budgets; /* [count], above 0, their sum is 1 */
    size_t count;
    size_t iterations_max;
    double *weights; /* answer, adding up to 1 */
    double *product; /* scratch [count] */
    size_t iterations;
    double residual; /* the greatest distance of a share of the risk from its budget;
                      * infinite when the portfolio has no variance */
    bool converged;
} target_parity;

void target_parity_solve(target_parity *p);

#endif
