/*
 * batch_ranks.c - ranks within a row, by sorting it.
 *
 * What is sorted are items of 64 bits: the upper half of a value's key, whose order as an integer
 * is that of the values, above the value's column. Long rows are sorted by the four bytes of that
 * half, least first (an LSD radix sort), which puts values into order that differ in their first 20
 * bits; neighbours that do not are exchanged. Where that is too much work, and in short rows, items
 * are merged in runs that double in length: slower, but in a time that does not depend on the data.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/batch.h"

#define ITEM_SHIFT 32
#define RADIX_COUNT_MIN 96 /* below that counting 256 buckets four times is more than merging */
#define RADIX_PASSES 4
#define BUCKET_COUNT 256
#define EXCHANGES_MAX 4 /* for each item */

typedef uint64_t rank_item;
_Static_assert(sizeof(rank_item) == sizeof(double), "scratch is stated in doubles");

typedef struct rank_work {
    tw_batch_shape shape;
    const double *values;
    double *ranks;
    rank_item *scratch;
    tw_batch_rank_kind kind;
} rank_work;

static size_t column_of(rank_item item) {
    return (size_t)(item & UINT32_MAX);
}

/* Negative numbers have all their bits turned over, others the sign; -0 is 0. */
static rank_item item_of(double value, size_t column) {
    double same = value + 0.0;
    uint64_t bits;
    memcpy(&bits, &same, sizeof bits);
    uint64_t mask = (bits >> 63) != 0 ? UINT64_MAX : UINT64_C(1) << 63;
    return ((bits ^ mask) & ~(uint64_t)UINT32_MAX) | column;
}

static void merge(const double *values, const rank_item *from, size_t middle, size_t end,
                  rank_item *to) {
    size_t a = 0;
    size_t b = middle;
    for (size_t i = 0; i < end; i++) {
        bool left =
            a < middle && (b == end || values[column_of(from[a])] <= values[column_of(from[b])]);
        to[i] = from[left ? a : b];
        a += left;
        b += !left;
    }
}

/* These return the buffer that holds the sorted items. */
static rank_item *merge_sort(const double *values, rank_item *items, rank_item *other,
                             size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t left = count - i;
            merge(values, items + i, run < left ? run : left, 2 * run < left ? 2 * run : left,
                  other + i);
        }
        rank_item *swapped = items;
        items = other;
        other = swapped;
    }
    return items;
}

static rank_item *radix_sort(rank_item *items, rank_item *other, size_t count) {
    uint32_t places[RADIX_PASSES][BUCKET_COUNT] = {{0}};
    for (size_t i = 0; i < count; i++) {
        for (int pass = 0; pass < RADIX_PASSES; pass++)
            places[pass][(items[i] >> (ITEM_SHIFT + 8 * pass)) & 0xff]++;
    }
    for (int pass = 0; pass < RADIX_PASSES; pass++) {
        uint32_t *place = places[pass];
        uint32_t before = 0;
        for (size_t k = 0; k < BUCKET_COUNT; k++) {
            uint32_t here = place[k];
            place[k] = before;
            before += here;
        }
        for (size_t i = 0; i < count; i++)
            other[place[(items[i] >> (ITEM_SHIFT + 8 * pass)) & 0xff]++] = items[i];
        rank_item *swapped = items;
        items = other;
        other = swapped;
    }
    return items;
}

/* Puts neighbours right whose upper halves are equal. False, with the items in some order, if they
 * are too many. */
static bool insert_all(const double *values, rank_item *items, size_t count) {
    size_t exchanges = 0;
    for (size_t i = 1; i < count; i++) {
        rank_item item = items[i];
        double value = values[column_of(item)];
        size_t at = i;
        for (; at > 0 && values[column_of(items[at - 1])] > value; at--)
            items[at] = items[at - 1];
        items[at] = item;
        exchanges += i - at;
        if (exchanges > EXCHANGES_MAX * count)
            return false;
    }
    return true;
}

static const rank_item *sort(const double *values, rank_item *items, rank_item *other,
                             size_t count) {
    if (count >= RADIX_COUNT_MIN) {
        items = radix_sort(items, other, count); /* an even number of passes: they are in place */
        if (insert_all(values, items, count))
            return items;
    }
    return merge_sort(values, items, other, count);
}

static double scaled(double rank, size_t count, tw_batch_rank_kind kind) {
    if (kind == TW_BATCH_RANK)
        return rank;
    return count > 1 ? (rank - 1) / (double)(count - 1) : 0.5;
}

static void rank_row(const rank_work *work, size_t row, rank_item *scratch) {
    size_t columns = work->shape.columns;
    const double *values = work->values + row * columns;
    double *ranks = work->ranks + row * columns;
    size_t count = 0;
    for (size_t j = 0; j < columns; j++) {
        scratch[count] = item_of(values[j], j);
        count += isfinite(values[j]) ? 1 : 0;
    }
    double *copy = (double *)(void *)(scratch + 2 * columns); /* ranks may be written in place */
    memcpy(copy, values, columns * sizeof *copy);
    for (size_t j = 0; j < columns; j++)
        ranks[j] = NAN;
    const rank_item *sorted = sort(copy, scratch, scratch + columns, count);
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        double value = copy[column_of(sorted[begin])];
        while (end < count && copy[column_of(sorted[end])] == value)
            end++;
        double rank = 0.5 * (double)(begin + 1 + end); /* the mean of begin + 1 to end */
        for (size_t i = begin; i < end; i++)
            ranks[column_of(sorted[i])] = scaled(rank, count, work->kind);
    }
}

static void rank_part(void *argument, size_t index) {
    const rank_work *work = argument;
    rank_item *scratch = work->scratch + index * TW_BATCH_RANK_SCRATCH * work->shape.columns;
    for (size_t row = index; row < work->shape.rows; row += TW_BATCH_RANK_PARTS)
        rank_row(work, row, scratch);
}

void tw_batch_ranks(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                    tw_batch_rank_kind kind, double *scratch, double *ret_ranks) {
    TW_ASSERT(shape.columns > 0);
    rank_work work = {.shape = shape,
                      .values = values,
                      .ranks = ret_ranks,
                      .scratch = (rank_item *)(void *)scratch,
                      .kind = kind};
    tw_task_run(way != NULL ? way->runner : NULL, TW_BATCH_RANK_PARTS, rank_part, &work);
}
