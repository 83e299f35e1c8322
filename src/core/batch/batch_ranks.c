/*
 * batch_ranks.c - ranks within a row, by sorting it.
 *
 * A row is sorted by merging runs that double in length, between two buffers: stable, in time that
 * does not depend on the data, without memory of its own. A buffer holds keys (doubles) and, in the
 * bits of as many doubles, the columns that they are of.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tradewind/batch.h"

typedef struct rank_entry {
    double value;
    uint64_t column;
} rank_entry;

_Static_assert(sizeof(rank_entry) == 2 * sizeof(double), "scratch is stated in doubles");

typedef struct rank_work {
    tw_batch_shape shape;
    const double *values;
    double *ranks;
    rank_entry *scratch;
    tw_batch_rank_kind kind;
} rank_work;

static void merge(const rank_entry *from, size_t middle, size_t end, rank_entry *to) {
    size_t a = 0;
    size_t b = middle;
    for (size_t i = 0; i < end; i++) {
        bool left = a < middle && (b == end || from[a].value <= from[b].value);
        to[i] = from[left ? a : b];
        a += left;
        b += !left;
    }
}

/* Returns the buffer that holds the sorted entries. */
static const rank_entry *sort(rank_entry *entries, rank_entry *other, size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t left = count - i;
            merge(entries + i, run < left ? run : left, 2 * run < left ? 2 * run : left, other + i);
        }
        rank_entry *swapped = entries;
        entries = other;
        other = swapped;
    }
    return entries;
}

static double scaled(double rank, size_t count, tw_batch_rank_kind kind) {
    if (kind == TW_BATCH_RANK)
        return rank;
    return count > 1 ? (rank - 1) / (double)(count - 1) : 0.5;
}

static void rank_row(const rank_work *work, size_t row, rank_entry *scratch) {
    size_t columns = work->shape.columns;
    const double *values = work->values + row * columns;
    double *ranks = work->ranks + row * columns;
    size_t count = 0;
    for (size_t j = 0; j < columns; j++) {
        scratch[count] = (rank_entry){values[j], j};
        count += isfinite(values[j]) ? 1 : 0;
        ranks[j] = NAN;
    }
    const rank_entry *sorted = sort(scratch, scratch + columns, count);
    for (size_t begin = 0, end = 0; begin < count; begin = end) {
        while (end < count && sorted[end].value == sorted[begin].value)
            end++;
        double rank = 0.5 * (double)(begin + 1 + end); /* the mean of begin + 1 to end */
        for (size_t i = begin; i < end; i++)
            ranks[sorted[i].column] = scaled(rank, count, work->kind);
    }
}

static void rank_part(void *argument, size_t index) {
    const rank_work *work = argument;
    rank_entry *scratch = work->scratch + index * 2 * work->shape.columns;
    for (size_t row = index; row < work->shape.rows; row += TW_BATCH_RANK_PARTS)
        rank_row(work, row, scratch);
}

void tw_batch_ranks(const tw_batch_way *way, tw_batch_shape shape, const double *values,
                    tw_batch_rank_kind kind, double *scratch, double *ret_ranks) {
    TW_ASSERT(shape.columns > 0);
    rank_work work = {.shape = shape,
                      .values = values,
                      .ranks = ret_ranks,
                      .scratch = (rank_entry *)(void *)scratch,
                      .kind = kind};
    tw_task_run(way != NULL ? way->runner : NULL, TW_BATCH_RANK_PARTS, rank_part, &work);
}
