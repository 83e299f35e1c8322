/* target_hierarchy.h - hierarchical risk parity. */
#ifndef TRADEWIND_TARGET_HIERARCHY_H
#define TRADEWIND_TARGET_HIERARCHY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct target_link {
    double distance;
    size_t a;
    size_t b;
} target_link;

/* All arrays are the caller's. */
typedef struct target_hierarchy {
    const double *matrix; /* [count][count], the diagonal above 0 */
    size_t count;
    bool euclidean;     /* distances between the columns of distances, as in the paper */
    double *distances;  /* scratch [count][count] */
    double *nearest;    /* scratch [count] */
    double *keys;       /* scratch [count] */
    target_link *links; /* scratch [count] */
    size_t *parents;    /* scratch [2 x count] */
    size_t *children;   /* scratch [2 x count] */
    size_t *sorted;     /* scratch [count] */
    size_t *leaves;     /* the order of the leaves of the tree */
    double *weights;    /* answer, adding up to 1 */
} target_hierarchy;

void target_hierarchy_solve(target_hierarchy *h);

#endif
