/*
 * target_hierarchy.c - weights down a tree of what moves together.
 *
 * Lopez de Prado, Building Diversified Portfolios that Outperform Out of Sample, 2016: distances
 * sqrt((1 - correlation) / 2); single linkage, which is the minimum spanning tree with its edges
 * taken in order (Gower and Ross, 1969); the leaves of that tree from left to right; then each run
 * of leaves is halved, and the two halves share by the inverse of their variances, each half
 * weighted by inverse variance within.
 *
 * The order of the leaves is SciPy's, which decides who is in which half: of two clusters that are
 * joined the one with the lower number stands left; a cluster made later has a higher number.
 *
 * Invariants: clusters 0 .. count - 1 are the assets, count + k is made by the k-th shortest link;
 * of the links equally long the one that the tree found first is taken first.
 */
#include "target_hierarchy.h"

#include <math.h>
#include <stdint.h>

#include "target_quadratic.h"
#include "tradewind/api.h"

static void make_distances(target_hierarchy *h) {
    size_t n = h->count;
    for (size_t i = 0; i < n; i++)
        h->keys[i] = sqrt(h->matrix[i * n + i]);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double correlation = h->matrix[i * n + j] / (h->keys[i] * h->keys[j]);
            correlation = fmin(fmax(correlation, -1), 1);
            h->distances[i * n + j] = i == j ? 0 : sqrt((1 - correlation) / 2);
        }
    }
}

static double distance_of(const target_hierarchy *h, size_t i, size_t j) {
    size_t n = h->count;
    if (!h->euclidean)
        return h->distances[i * n + j];
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        double apart = h->distances[i * n + k] - h->distances[j * n + k];
        sum += apart * apart;
    }
    return sqrt(sum);
}

#define REACHED (-1.0)

/*
 * The links as Prim's algorithm finds them from asset 0, each drawn from the asset reached before.
 * That asset need not be the near end of the link, but is in one cluster with it by the time the
 * link's turn comes.
 */
static void make_links(target_hierarchy *h) {
    size_t n = h->count;
    for (size_t i = 0; i < n; i++)
        h->nearest[i] = INFINITY;
    size_t at = 0;
    for (size_t k = 0; k + 1 < n; k++) {
        h->nearest[at] = REACHED;
        size_t next = SIZE_MAX;
        for (size_t j = 0; j < n; j++) {
            if (h->nearest[j] < 0)
                continue;
            h->nearest[j] = fmin(h->nearest[j], distance_of(h, at, j));
            if (next == SIZE_MAX || h->nearest[j] < h->nearest[next])
                next = j;
        }
        TW_ASSERT(next != SIZE_MAX);
        h->links[k] = (target_link){h->nearest[next], at, next};
        at = next;
    }
}

static size_t root_of(target_hierarchy *h, size_t cluster) {
    while (h->parents[cluster] != cluster) {
        h->parents[cluster] = h->parents[h->parents[cluster]];
        cluster = h->parents[cluster];
    }
    return cluster;
}

/* The two clusters that each link joins, shortest link first. */
static void join_clusters(target_hierarchy *h) {
    size_t n = h->count;
    for (size_t k = 0; k + 1 < n; k++)
        h->keys[k] = -h->links[k].distance;
    target_order(h->keys, n - 1, h->sorted);
    for (size_t i = 0; i < 2 * n; i++)
        h->parents[i] = i;
    for (size_t k = 0; k + 1 < n; k++) {
        const target_link *link = &h->links[h->sorted[k]];
        size_t a = root_of(h, link->a);
        size_t b = root_of(h, link->b);
        h->children[2 * k] = a < b ? a : b;
        h->children[2 * k + 1] = a < b ? b : a;
        h->parents[a] = h->parents[b] = n + k;
    }
}

/* From the top: a cluster gives way to its left child and then its right one. */
static void order_leaves(target_hierarchy *h) {
    size_t n = h->count;
    size_t *waiting = h->parents; /* not needed any more; never more than n wait */
    size_t waiting_count = 1;
    size_t count = 0;
    waiting[0] = n > 1 ? 2 * n - 2 : 0;
    while (waiting_count > 0) {
        size_t cluster = waiting[--waiting_count];
        if (cluster < n) {
            h->leaves[count++] = cluster;
            continue;
        }
        waiting[waiting_count++] = h->children[2 * (cluster - n) + 1];
        waiting[waiting_count++] = h->children[2 * (cluster - n)];
    }
    TW_ASSERT(count == n);
}

/* The variance of leaves first .. end - 1 weighted by inverse variance. */
static double variance_of(const target_hierarchy *h, size_t first, size_t end) {
    size_t n = h->count;
    double variance = 0;
    double sum = 0;
    for (size_t a = first; a < end; a++) {
        size_t i = h->leaves[a];
        double own = 1 / h->matrix[i * n + i];
        sum += own;
        for (size_t b = first; b < end; b++) {
            size_t j = h->leaves[b];
            variance += own * h->matrix[i * n + j] / h->matrix[j * n + j];
        }
    }
    return variance / (sum * sum);
}

/* Halves the runs of leaves, longest last on the stack of at most 2 log2(count) + 2 runs. */
static void share_out(target_hierarchy *h) {
    size_t stack[2 * 8 * sizeof(size_t) + 2];
    size_t depth = 0;
    stack[depth++] = 0;
    stack[depth++] = h->count;
    while (depth > 0) {
        size_t end = stack[--depth];
        size_t first = stack[--depth];
        if (end - first < 2)
            continue;
        size_t middle = first + (end - first) / 2;
        double left = variance_of(h, first, middle);
        double right = variance_of(h, middle, end);
        double share = left + right > 0 ? 1 - left / (left + right) : 0.5;
        for (size_t k = first; k < end; k++)
            h->weights[h->leaves[k]] *= k < middle ? share : 1 - share;
        stack[depth++] = first;
        stack[depth++] = middle;
        stack[depth++] = middle;
        stack[depth++] = end;
    }
}

void target_hierarchy_solve(target_hierarchy *h) {
    TW_ASSERT(h->count > 0);
    for (size_t i = 0; i < h->count; i++)
        h->weights[i] = 1;
    make_distances(h);
    make_links(h);
    join_clusters(h);
    order_leaves(h);
    share_out(h);
}
