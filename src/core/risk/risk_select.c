/*
 * risk_select.c - a sample says between which two values a rank must lie; one pass keeps what lies
 * there and counts what is below; the rank is found among the few that were kept.
 *
 * The sample is every so-many-th value, so nothing is random. Should the rank lie outside of what
 * was kept (a series that beats the sample's spacing), everything is kept instead: the sample
 * decides about time, never about the answer.
 *
 * Among the kept: Floyd and Rivest, Expected Time Bounds for Selection (1975), whose pivots are
 * order statistics of a smaller sample, themselves selected. Their sizes are computed by integers
 * and square roots, so they are the same everywhere. After PATIENCE rounds, which no ordinary
 * series needs, what is left is sorted by a heap: so the time is bounded by n log n.
 *
 * Invariants of the search:
 * 1. what is before `left` is at most, and what is after `right` at least, what has the rank.
 * 2. left <= rank <= right.
 */
#include "risk_select.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/api.h"

#define PATIENCE 100
#define SAMPLED_FROM 600 /* fewer values are not worth a sample (Floyd and Rivest) */
#define FILTERED_FROM 2048
#define FILTER_SAMPLE_MAX 8192
#define BLOCK 16 /* values that are passed over at once */

/* ---- Among few ----------------------------------------------------------------------------- */

static void swap(double *a, double *b) {
    double held = *a;
    *a = *b;
    *b = held;
}

static void sift_down(double *heap, size_t root, size_t count) {
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && heap[child] < heap[child + 1])
            child++;
        if (heap[root] >= heap[child])
            return;
        swap(&heap[root], &heap[child]);
        root = child;
    }
}

static void heap_sort(double *values, size_t count) {
    for (size_t root = count / 2; root-- > 0;)
        sift_down(values, root, count);
    for (size_t end = count; end-- > 1;) {
        swap(&values[0], &values[end]);
        sift_down(values, 0, end);
    }
}

/* Where a search goes on after a partition. */
typedef struct bounds {
    size_t left;
    size_t right;
} bounds;

/* Puts what is at most values[rank] before it and what is at least that after it, and narrows the
 * bounds by invariant 1. */
static bounds partition(double *values, bounds within, size_t rank) {
    double pivot = values[rank];
    size_t i = within.left;
    size_t j = within.right;
    swap(&values[within.left], &values[rank]);
    if (values[within.right] > pivot)
        swap(&values[within.right], &values[within.left]);
    while (i < j) {
        swap(&values[i], &values[j]);
        i++;
        j--;
        while (values[i] < pivot)
            i++;
        while (values[j] > pivot)
            j--;
    }
    if (values[within.left] == pivot) {
        swap(&values[within.left], &values[j]);
    } else {
        j++;
        swap(&values[j], &values[within.right]);
    }
    if (j <= rank)
        within.left = j + 1;
    if (rank <= j)
        within.right = j > 0 ? j - 1 : 0;
    return within;
}

/* The part of [left, right] around `rank` that is selected first, so that values[rank] is a pivot
 * near the one that is looked for. */
static bounds sample_bounds(bounds within, size_t rank) {
    double n = (double)(within.right - within.left + 1);
    double place = (double)(rank - within.left + 1);
    unsigned bits = 0;
    while (n >= 2 * (double)(UINT64_C(1) << bits))
        bits++;
    double size = 0.5 * n / (double)(UINT64_C(1) << (bits / 3)); /* about n^(2/3) / 2 */
    double spread = 0.5 * sqrt(0.69 * bits * size * (n - size) / n);
    spread = place < n / 2 ? -spread : spread;
    double low = floor((double)rank - place * size / n + spread);
    double high = floor((double)rank + (n - place) * size / n + spread);
    bounds part = within;
    if (low > (double)within.left)
        part.left = (size_t)low < rank ? (size_t)low : rank;
    if (high < (double)within.right)
        part.right = high > (double)rank ? (size_t)high : rank;
    return part;
}

/* Invariant 2 holds until values[rank] is what has the rank. `depth` bounds the samples of samples.
 */
/* NOLINTNEXTLINE(misc-no-recursion): each sample is much smaller, and `depth` ends it. */
static void select_within(double *values, bounds within, size_t rank, int depth) {
    for (int round = 0; within.left < within.right; round++) {
        if (round == PATIENCE) {
            heap_sort(values + within.left, within.right - within.left + 1);
            return;
        }
        if (depth > 0 && within.right - within.left > SAMPLED_FROM)
            select_within(values, sample_bounds(within, rank), rank, depth - 1);
        within = partition(values, within, rank);
        if (within.left > rank || within.right < rank)
            return; /* the pivot was it */
    }
}

static void select_rank(double *values, size_t count, size_t rank) {
    TW_ASSERT(rank < count);
    select_within(values, (bounds){0, count - 1}, rank, 4);
}

/* ---- Among many ---------------------------------------------------------------------------- */

/* What the pass keeps: low <= value <= high. */
typedef struct band {
    double low;
    double high;
} band;

typedef struct kept {
    size_t count;
    size_t below; /* of `low` */
} kept;

typedef double pair __attribute__((vector_size(16)));
typedef double pair_place __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t pair_mask __attribute__((vector_size(16)));

/* Whether anything of a block is within the band; adds up what is below it, a lane a count. */
static inline bool any_within(const double *values, band within, pair_mask *below) {
    const pair_place *places = (const pair_place *)(const void *)values;
    const pair low = {within.low, within.low};
    const pair high = {within.high, within.high};
    pair_mask any = {0};
    for (size_t k = 0; k < BLOCK / 2; k++) {
        pair value = places[k];
        *below -= value < low; /* a comparison that holds is -1 */
        any |= (value >= low) & (value <= high);
    }
    return (any[0] | any[1]) != 0;
}

static inline size_t keep(const double *values, size_t count, band within, double *to) {
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        to[kept_count] = value;
        kept_count += ((value >= within.low) & (value <= within.high)) != 0 ? 1 : 0;
    }
    return kept_count;
}

static kept keep_within(const double *values, size_t count, band within, double *scratch) {
    kept sums = {0};
    pair_mask below = {0};
    size_t i = 0;
    for (; i + BLOCK <= count; i += BLOCK)
        if (any_within(values + i, within, &below))
            sums.count += keep(values + i, BLOCK, within, scratch + sums.count);
    sums.count += keep(values + i, count - i, within, scratch + sums.count);
    sums.below = (size_t)(below[0] + below[1]);
    for (; i < count; i++)
        sums.below += values[i] < within.low ? 1 : 0;
    return sums;
}

/* Between which values the ranks from `rank` to `rank` + 1 lie, by a sample: four deviations of its
 * count of lesser values to both sides. */
static band band_of(const double *values, size_t count, size_t rank, double *scratch) {
    size_t size = count / 32 < FILTER_SAMPLE_MAX ? count / 32 : FILTER_SAMPLE_MAX;
    size_t step = count / size;
    for (size_t i = 0; i < size; i++)
        scratch[i] = values[i * step];
    double part = ((double)rank + 0.5) / (double)count;
    double place = part * (double)size;
    double spread = 4 * sqrt(place * (1 - part)) + 2;
    band within = {-INFINITY, INFINITY};
    if (place - spread >= 0) {
        size_t low = (size_t)(place - spread);
        select_rank(scratch, size, low);
        within.low = scratch[low];
    }
    if (place + spread < (double)size) {
        size_t high = (size_t)(place + spread);
        select_rank(scratch, size, high);
        within.high = scratch[high];
    }
    return within;
}

risk_neighbours risk_select_at(const double *values, size_t count, size_t rank, double *scratch) {
    TW_ASSERT(rank < count);
    kept sums = {0};
    size_t last = rank + 1 < count ? rank + 1 : rank;
    if (count >= FILTERED_FROM)
        sums = keep_within(values, count, band_of(values, count, rank, scratch), scratch);
    if (rank < sums.below || last - sums.below >= sums.count) {
        memcpy(scratch, values, count * sizeof *scratch);
        sums = (kept){.count = count};
    }
    size_t place = rank - sums.below;
    select_rank(scratch, sums.count, place);
    risk_neighbours found = {scratch[place], scratch[place]};
    if (last == rank)
        return found;
    found.next = scratch[place + 1];
    for (size_t i = place + 2; i < sums.count; i++)
        found.next = scratch[i] < found.next ? scratch[i] : found.next;
    return found;
}

void risk_select_least(const double *values, size_t count, size_t least, double *scratch) {
    TW_ASSERT(least > 0 && least <= count);
    size_t found = 0;
    if (count >= FILTERED_FROM) {
        band within = band_of(values, count, least - 1, scratch);
        within.low = -INFINITY;
        found = keep_within(values, count, within, scratch).count;
    }
    if (found < least) {
        memcpy(scratch, values, count * sizeof *scratch);
        found = count;
    }
    select_rank(scratch, found, least - 1);
}

/* ---- Orders -------------------------------------------------------------------------------- */

/* Doubles as integers in the same order. */
static uint64_t key_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((bits >> 63) != 0 ? UINT64_MAX : UINT64_C(1) << 63);
}

static void insertion_sort(double *values, size_t count) {
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > value; j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

/* Moves `from` to `to` by byte `digit` of the keys, stably; false when all have the same one. */
static bool scatter(const double *from, double *to, size_t count, size_t digit) {
    size_t places[257] = {0};
    for (size_t i = 0; i < count; i++)
        places[(key_of(from[i]) >> (8 * digit) & 255) + 1]++;
    for (size_t b = 1; b <= 256; b++) {
        if (places[b] == count)
            return false;
        places[b] += places[b - 1];
    }
    for (size_t i = 0; i < count; i++)
        to[places[key_of(from[i]) >> (8 * digit) & 255]++] = from[i];
    return true;
}

void risk_select_sort(double *values, size_t count, double *scratch) {
    if (count < 64) {
        insertion_sort(values, count);
        return;
    }
    double *from = values;
    double *to = scratch;
    for (size_t digit = 0; digit < sizeof(double); digit++)
        if (scatter(from, to, count, digit)) {
            double *moved = to;
            to = from;
            from = moved;
        }
    if (from != values)
        memcpy(values, from, count * sizeof *values);
}

/* Merges the neighbouring runs [start, middle) and [middle, end), the left one first at ties. */
static void merge_runs(const double *values, const size_t *from, size_t *to,
                       const size_t edges[3]) {
    size_t left = edges[0];
    size_t right = edges[1];
    for (size_t k = edges[0]; k < edges[2]; k++) {
        bool take_left =
            left < edges[1] && (right >= edges[2] || values[from[left]] <= values[from[right]]);
        to[k] = take_left ? from[left++] : from[right++];
    }
}

void risk_select_order(const double *values, size_t count, size_t *order, size_t *scratch) {
    size_t *from = order;
    size_t *to = scratch;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t middle = start + run < count ? start + run : count;
            size_t end = middle + run < count ? middle + run : count;
            merge_runs(values, from, to, (const size_t[3]){start, middle, end});
        }
        size_t *merged = to;
        to = from;
        from = merged;
    }
    if (from != order)
        memcpy(order, from, count * sizeof *order);
}
