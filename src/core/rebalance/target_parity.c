/*
 * target_parity.c - risk parity by cyclical coordinate descent.
 *
 * The minimum of x' C x / 2 - sum(b_i ln x_i) over x > 0 is one point, and there x_i (C x)_i = b_i:
 * every share of the risk is its budget (Spinu, An Algorithm for Computing Risk Parity Weights,
 * 2013). In one coordinate it is a quadratic equation with one positive root (Griveau-Billion,
 * Richard and Roncalli, A Fast Algorithm for Computing High-dimensional Risk Parity Portfolios,
 * 2013). After each sweep x is scaled to x' C x = 1, its value at the optimum: the least along the
 * ray, as the logarithms only shift.
 *
 * Invariants: product is C x to within rounding, and exactly so when an answer is accepted; x > 0.
 */
#include "target_parity.h"

#include <math.h>

#include "target_quadratic.h"
#include "tradewind/api.h"

#define SHARE_EXACT 1e-13

static void sweep(target_parity *p) {
    for (size_t i = 0; i < p->count; i++) {
        const double *row = p->matrix + i * p->count;
        double others = p->product[i] - row[i] * p->weights[i];
        double root = sqrt(others * others + 4 * row[i] * p->budgets[i]);
        /* The root in the form in which nothing cancels. */
        double next =
            others > 0 ? 2 * p->budgets[i] / (others + root) : (root - others) / (2 * row[i]);
        target_add_scaled(p->product, next - p->weights[i], row, p->count);
        p->weights[i] = next;
    }
}

/* Brings x' C x to 1 and says how far the shares then are from their budgets. */
static void scale_and_measure(target_parity *p, double variance) {
    double scale = 1 / sqrt(variance);
    p->residual = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->weights[i] *= scale;
        p->product[i] *= scale;
        p->residual = fmax(p->residual, fabs(p->weights[i] * p->product[i] - p->budgets[i]));
    }
}

void target_parity_solve(target_parity *p) {
    TW_ASSERT(p->count > 0);
    for (size_t i = 0; i < p->count; i++)
        p->weights[i] = sqrt(p->budgets[i] / p->matrix[i * p->count + i]);
    double variance = target_variance(p->matrix, p->weights, p->count, p->product);
    p->converged = false;
    p->iterations = 0;
    while (!p->converged && variance > 0) {
        scale_and_measure(p, variance);
        if (p->residual <= SHARE_EXACT) {
            variance = target_variance(p->matrix, p->weights, p->count, p->product);
            scale_and_measure(p, variance);
            p->converged = p->residual <= 2 * SHARE_EXACT;
        }
        if (p->converged || p->iterations == p->iterations_max)
            break;
        p->iterations++;
        sweep(p);
        variance = target_dot(p->weights, p->product, p->count);
    }
    if (!(variance > 0))
        p->residual = INFINITY;
    double sum = 0;
    for (size_t i = 0; i < p->count; i++)
        sum += p->weights[i];
    for (size_t i = 0; i < p->count; i++)
        p->weights[i] /= sum;
}
