/*
 * portfolios_tail.c - see portfolios_tail.h.
 *
 * 1. values[0 .. count) are the `count` smallest of the window, ascending, or all that there are.
 * 2. A gathering takes every value below its threshold; when the memory is full, the smallest
 *    `keep` stay, and the greatest of them is the new threshold: nothing above it can belong there.
 */
#include "portfolios_tail.h"

#include <math.h>
#include <string.h>

#include "sorted.h"
#include "tradewind/api.h"

#define GATHER_ROWS 32 /* between two looks at how much memory is left */
#define RUN_LENGTH 8   /* sorted by insertion */
#define FEW_MAX 512    /* values that are ordered by buckets */
#define BUCKET_COUNT 128
#define SLACK_MIN 8

portfolio_tail_sizes portfolio_tail_sizes_for(size_t needed, bool updates) {
    size_t slack = updates ? SLACK_MIN + needed / 4 : 0;
    size_t keep = needed + slack;
    return (portfolio_tail_sizes){
        .keep = keep, .most = keep + slack, .room = 2 * keep + slack + 2 * GATHER_ROWS};
}

/* ---- Order --------------------------------------------------------------------------------- */

static double middle_of(double a, double b, double c) {
    double low = a < b ? a : b;
    double high = a < b ? b : a;
    return c < low ? low : (c > high ? high : c);
}

/* Brings the `least` smallest of more values to the front (Hoare 1961). */
static void bring_least(double *values, size_t count, size_t least) {
    size_t low = 0;
    size_t high = count - 1;
    while (low < high) {
        double pivot = middle_of(values[low], values[low + (high - low) / 2], values[high]);
        size_t left = low;
        size_t right = high;
        for (;;) {
            while (values[left] < pivot)
                left++;
            while (values[right] > pivot)
                right--;
            if (left >= right)
                break;
            double swap = values[left];
            values[left++] = values[right];
            values[right--] = swap;
        }
        /* All up to `right` are at most the pivot, and what follows is at least that. */
        if (least <= right)
            high = right;
        else
            low = right + 1;
        if (least == low)
            return;
    }
}

static void sort_run(double *values, size_t count) {
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

static void merge(const double *from, size_t middle, size_t count, double *to) {
    size_t left = 0;
    size_t right = middle;
    for (size_t k = 0; k < count; k++) {
        bool take_left = left < middle && (right >= count || from[left] <= from[right]);
        to[k] = take_left ? from[left] : from[right];
        left += take_left ? 1 : 0;
        right += take_left ? 0 : 1;
    }
}

static void sort_values(double *values, size_t count, double *scratch) {
    for (size_t start = 0; start < count; start += RUN_LENGTH)
        sort_run(values + start, count - start < RUN_LENGTH ? count - start : RUN_LENGTH);
    double *from = values;
    double *to = scratch;
    for (size_t run = RUN_LENGTH; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t length = count - start < 2 * run ? count - start : 2 * run;
            merge(from + start, run < length ? run : length, length, to + start);
        }
        double *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy(values, from, count * sizeof *values);
}

/* Of equal width, from the least value to the greatest. */
typedef struct buckets {
    double low;
    double scale;
    size_t begins[BUCKET_COUNT + 1]; /* where the values of a bucket begin in the order */
} buckets;

/* Does not fall while `value` rises, so buckets are in order whatever is rounded. */
static size_t bucket_of(const buckets *b, double value) {
    size_t bucket = (size_t)((value - b->low) * b->scale);
    return bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1;
}

static bool count_buckets(const double *values, size_t count, buckets *ret_buckets) {
    double low = values[0];
    double high = values[0];
    for (size_t i = 1; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *ret_buckets = (buckets){.low = low, .scale = BUCKET_COUNT / (high - low)};
    if (!(ret_buckets->scale > 0 && ret_buckets->scale < INFINITY))
        return false;
    size_t *begins = ret_buckets->begins;
    for (size_t i = 0; i < count; i++)
        begins[bucket_of(ret_buckets, values[i]) + 1]++;
    for (size_t k = 0; k < BUCKET_COUNT; k++)
        begins[k + 1] += begins[k];
    return true;
}

/* The `least` smallest of at most FEW_MAX to the front, ascending: into buckets, of which those
 * that matter are sorted. False where all values are about equal. */
static bool order_few(double *values, size_t count, size_t least) {
    buckets b;
    double ordered[FEW_MAX];
    size_t places[BUCKET_COUNT];
    TW_ASSERT(count <= FEW_MAX && least <= count);
    if (!count_buckets(values, count, &b))
        return false;
    memcpy(places, b.begins, sizeof places);
    for (size_t i = 0; i < count; i++)
        ordered[places[bucket_of(&b, values[i])]++] = values[i];
    for (size_t k = 0; k < BUCKET_COUNT && b.begins[k] < least; k++) {
        size_t held = b.begins[k + 1] - b.begins[k];
        if (held <= 4 * RUN_LENGTH)
            sort_run(ordered + b.begins[k], held);
        else
            sort_values(ordered + b.begins[k], held, values);
    }
    memcpy(values, ordered, least * sizeof *values);
    return true;
}

/* ---- Gathering ----------------------------------------------------------------------------- */

/* Invariant 2. */
static void make_room(const portfolio_tail_sizes *sizes, portfolio_tail *tail, double *threshold) {
    if (tail->count + GATHER_ROWS <= sizes->room)
        return;
    bring_least(tail->values, tail->count, sizes->keep);
    tail->count = sizes->keep;
    double greatest = tail->values[0];
    for (size_t i = 1; i < tail->count; i++)
        greatest = tail->values[i] > greatest ? tail->values[i] : greatest;
    *threshold = greatest;
}

static inline __attribute__((always_inline)) void gather(size_t width, const portfolio_span *span,
                                                         const portfolio_tail_sizes *sizes,
                                                         double *thresholds,
                                                         portfolio_tail *tails) {
    for (size_t begin = 0; begin < span->count; begin += GATHER_ROWS) {
        size_t rows = span->count - begin < GATHER_ROWS ? span->count - begin : GATHER_ROWS;
        size_t counts[PORTFOLIO_TAIL_SIDE_BY_SIDE];
        for (size_t k = 0; k < width; k++) {
            make_room(sizes, &tails[k], &thresholds[k]);
            counts[k] = tails[k].count;
        }
        const double *row = span->values + begin * span->stride;
        for (size_t i = 0; i < rows; i++, row += span->stride) {
            for (size_t k = 0; k < width; k++) {
                tails[k].values[counts[k]] = row[k];
                counts[k] += row[k] < thresholds[k] ? 1 : 0;
            }
        }
        for (size_t k = 0; k < width; k++)
            tails[k].count = counts[k];
    }
}

static void finish(const portfolio_tail_sizes *sizes, portfolio_tail *tail) {
    size_t least = tail->count < sizes->keep ? tail->count : sizes->keep;
    if (least > 0 && tail->count <= FEW_MAX && order_few(tail->values, tail->count, least)) {
        tail->count = least;
        return;
    }
    if (tail->count > sizes->keep) {
        bring_least(tail->values, tail->count, sizes->keep);
        tail->count = sizes->keep;
    }
    sort_values(tail->values, tail->count, tail->values + sizes->keep);
}

void portfolio_tail_gather(const portfolio_span spans[2], const portfolio_tail_sizes *sizes,
                           const double *thresholds, portfolio_tail *tails) {
    double below[PORTFOLIO_TAIL_SIDE_BY_SIDE];
    for (size_t k = 0; k < PORTFOLIO_TAIL_SIDE_BY_SIDE; k++) {
        below[k] = thresholds[k];
        tails[k].count = 0;
    }
    for (size_t i = 0; i < 2; i++)
        gather(PORTFOLIO_TAIL_SIDE_BY_SIDE, &spans[i], sizes, below, tails);
    for (size_t k = 0; k < PORTFOLIO_TAIL_SIDE_BY_SIDE; k++)
        finish(sizes, &tails[k]);
}

void portfolio_tail_gather_one(const portfolio_span spans[2], const portfolio_tail_sizes *sizes,
                               double threshold, portfolio_tail *tail) {
    tail->count = 0;
    for (size_t i = 0; i < 2; i++)
        gather(1, &spans[i], sizes, &threshold, tail);
    finish(sizes, tail);
}

/* ---- One comes, one goes ------------------------------------------------------------------- */

bool portfolio_tail_enter(portfolio_tail *tail, const portfolio_tail_sizes *sizes, size_t present,
                          double value) {
    TW_ASSERT(tail->count <= present);
    if (tail->count < present && (tail->count == 0 || value >= tail->values[tail->count - 1]))
        return false;
    tail->count = sorted_put(tail->values, tail->count, value);
    if (tail->count > sizes->most)
        tail->count--;
    return true;
}

bool portfolio_tail_leave(portfolio_tail *tail, double value) {
    if (tail->count == 0 || value > tail->values[tail->count - 1])
        return false;
    tail->count = sorted_drop(tail->values, tail->count, value);
    return true;
}
