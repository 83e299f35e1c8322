/*
 * cache_reference.h - policies of eviction as the books have them, to hold kit/cache against.
 *
 * Traces are arrays of numbers below `universe`. Three policies run over a whole trace and return
 * the count of hits:
 *
 *     reference_tinylfu   W-TinyLFU after Einziger, Friedman, Manes (2017), without any
 *                         approximation: a counter for each number of the universe, to 15, halved
 *                         after 10 accesses for each entry; window 1 %, main part 20/80
 *     reference_lru       least recently used
 *     reference_optimum   Belady's: the one asked for latest, the new one included, is not kept
 *
 * Everything is malloc'ed and freed inside. One idea each, no speed wanted.
 */
#ifndef TRADEWIND_TESTS_CACHE_REFERENCE_H
#define TRADEWIND_TESTS_CACHE_REFERENCE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/api.h"

typedef struct reference_trace {
    uint32_t *numbers;
    size_t count;
    uint32_t universe;
} reference_trace;

static inline void *reference_memory(size_t count, size_t size) {
    void *memory = calloc(count, size);
    TW_ASSERT(memory != NULL);
    return memory;
}

static inline void reference_trace_done(reference_trace *trace) {
    free(trace->numbers);
    trace->numbers = NULL;
}

/* ---- traces ------------------------------------------------------------------------------- */

/* SplitMix64. */
static inline uint64_t reference_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Number i (from 0) is asked for with a probability proportional to 1 / (i + 1)^alpha. */
static inline reference_trace reference_zipf(uint32_t universe, double alpha, size_t count,
                                             uint64_t seed) {
    reference_trace trace = {reference_memory(count, sizeof(uint32_t)), count, universe};
    double *below = reference_memory(universe, sizeof(double));
    double sum = 0;
    for (uint32_t i = 0; i < universe; i++)
        below[i] = sum += pow((double)i + 1, -alpha);
    for (size_t i = 0; i < count; i++) {
        double wanted = (double)(reference_random(&seed) >> 11) * 0x1p-53 * sum;
        uint32_t low = 0;
        for (uint32_t high = universe - 1; low < high;) {
            uint32_t middle = low + (high - low) / 2;
            if (below[middle] > wanted)
                high = middle;
            else
                low = middle + 1;
        }
        trace.numbers[i] = low;
    }
    free(below);
    return trace;
}

/* Again and again: `hot_count` asks for one of `hot` numbers, then a stretch of a loop over `loop`
 * numbers, then a scan of numbers that never come back. Plain LRU keeps the loop and the scan. */
static inline reference_trace reference_scan_and_loop(uint32_t hot, uint32_t loop, size_t count,
                                                      uint64_t seed) {
    reference_trace trace = {reference_memory(count, sizeof(uint32_t)), count,
                             hot + loop + (uint32_t)count};
    uint32_t looped = 0;
    uint32_t scanned = hot + loop;
    for (size_t i = 0; i < count; i++) {
        size_t phase = i / hot % 4;
        if (phase < 2)
            trace.numbers[i] = (uint32_t)(reference_random(&seed) % hot);
        else if (phase == 2)
            trace.numbers[i] = hot + looped++ % loop;
        else
            trace.numbers[i] = scanned++;
    }
    return trace;
}

/* ---- lists over numbers -------------------------------------------------------------------- */

enum reference_part { REFERENCE_OUT, REFERENCE_WINDOW, REFERENCE_PROBATION, REFERENCE_PROTECTED };

typedef struct reference_lists {
    uint32_t *previous; /* of universe + 4: the last four are the heads of the parts */
    uint32_t *next;
    uint8_t *part;
    size_t counts[4];
    uint32_t universe;
} reference_lists;

static inline reference_lists reference_lists_new(uint32_t universe) {
    reference_lists lists = {.universe = universe};
    lists.previous = reference_memory((size_t)universe + 4, sizeof(uint32_t));
    lists.next = reference_memory((size_t)universe + 4, sizeof(uint32_t));
    lists.part = reference_memory((size_t)universe + 4, 1);
    for (uint32_t i = 0; i < 4; i++)
        lists.previous[universe + i] = lists.next[universe + i] = universe + i;
    return lists;
}

static inline void reference_lists_done(reference_lists *lists) {
    free(lists->previous);
    free(lists->next);
    free(lists->part);
}

/* To the front of a part, from wherever it was. */
static inline void reference_move(reference_lists *lists, uint32_t number,
                                  enum reference_part part) {
    if (lists->part[number] != REFERENCE_OUT) {
        lists->next[lists->previous[number]] = lists->next[number];
        lists->previous[lists->next[number]] = lists->previous[number];
        lists->counts[lists->part[number]]--;
    }
    lists->part[number] = (uint8_t)part;
    if (part == REFERENCE_OUT)
        return;
    uint32_t head = lists->universe + (uint32_t)part;
    lists->previous[number] = head;
    lists->next[number] = lists->next[head];
    lists->previous[lists->next[head]] = number;
    lists->next[head] = number;
    lists->counts[part]++;
}

/* The one asked for longest ago; the part is not empty. */
static inline uint32_t reference_last(const reference_lists *lists, enum reference_part part) {
    TW_ASSERT(lists->counts[part] > 0);
    return lists->previous[lists->universe + (uint32_t)part];
}

/* ---- policies ------------------------------------------------------------------------------ */

static inline size_t reference_lru(const reference_trace *trace, size_t entry_max) {
    reference_lists lists = reference_lists_new(trace->universe);
    size_t hits = 0;
    for (size_t i = 0; i < trace->count; i++) {
        hits += lists.part[trace->numbers[i]] != REFERENCE_OUT;
        reference_move(&lists, trace->numbers[i], REFERENCE_WINDOW);
        if (lists.counts[REFERENCE_WINDOW] > entry_max)
            reference_move(&lists, reference_last(&lists, REFERENCE_WINDOW), REFERENCE_OUT);
    }
    reference_lists_done(&lists);
    return hits;
}

typedef struct reference_lfu {
    reference_lists lists;
    uint8_t *frequencies;
    size_t accesses;
    size_t entry_max;
    size_t window_max;
    size_t protected_max;
} reference_lfu;

static inline void reference_count(reference_lfu *lfu, uint32_t number) {
    if (lfu->frequencies[number] < 15)
        lfu->frequencies[number]++;
    if (++lfu->accesses < 10 * lfu->entry_max)
        return;
    lfu->accesses /= 2;
    for (uint32_t i = 0; i < lfu->lists.universe; i++)
        lfu->frequencies[i] /= 2;
}

static inline void reference_hit(reference_lfu *lfu, uint32_t number) {
    enum reference_part part = (enum reference_part)lfu->lists.part[number];
    reference_move(&lfu->lists, number, part == REFERENCE_WINDOW ? part : REFERENCE_PROTECTED);
    if (lfu->lists.counts[REFERENCE_PROTECTED] > lfu->protected_max)
        reference_move(&lfu->lists, reference_last(&lfu->lists, REFERENCE_PROTECTED),
                       REFERENCE_PROBATION);
}

static inline void reference_miss(reference_lfu *lfu, uint32_t number) {
    reference_lists *lists = &lfu->lists;
    reference_move(lists, number, REFERENCE_WINDOW);
    if (lists->counts[REFERENCE_WINDOW] <= lfu->window_max)
        return;
    uint32_t candidate = reference_last(lists, REFERENCE_WINDOW);
    size_t main_count = lists->counts[REFERENCE_PROBATION] + lists->counts[REFERENCE_PROTECTED];
    if (main_count < lfu->entry_max - lfu->window_max) {
        reference_move(lists, candidate, REFERENCE_PROBATION);
        return;
    }
    uint32_t victim = reference_last(
        lists, lists->counts[REFERENCE_PROBATION] > 0 ? REFERENCE_PROBATION : REFERENCE_PROTECTED);
    if (lfu->frequencies[candidate] > lfu->frequencies[victim]) {
        reference_move(lists, victim, REFERENCE_OUT);
        reference_move(lists, candidate, REFERENCE_PROBATION);
    } else {
        reference_move(lists, candidate, REFERENCE_OUT);
    }
}

static inline size_t reference_tinylfu(const reference_trace *trace, size_t entry_max) {
    reference_lfu lfu = {.lists = reference_lists_new(trace->universe), .entry_max = entry_max};
    lfu.frequencies = reference_memory(trace->universe, 1);
    lfu.window_max = entry_max / 100 > 0 ? entry_max / 100 : 1;
    TW_ASSERT(entry_max > lfu.window_max);
    lfu.protected_max = (entry_max - lfu.window_max) * 80 / 100;
    size_t hits = 0;
    for (size_t i = 0; i < trace->count; i++) {
        uint32_t number = trace->numbers[i];
        reference_count(&lfu, number);
        bool hit = lfu.lists.part[number] != REFERENCE_OUT;
        hits += hit;
        if (hit)
            reference_hit(&lfu, number);
        else
            reference_miss(&lfu, number);
    }
    free(lfu.frequencies);
    reference_lists_done(&lfu.lists);
    return hits;
}

/* ---- the optimum --------------------------------------------------------------------------- */

/* A heap of (next use, number), the latest first; entries that are out of date are skipped. */
typedef struct reference_use {
    size_t next;
    uint32_t number;
} reference_use;

static inline void reference_heap_push(reference_use *heap, size_t *count, reference_use use) {
    size_t at = (*count)++;
    for (; at > 0 && heap[(at - 1) / 2].next < use.next; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = use;
}

static inline reference_use reference_heap_pop(reference_use *heap, size_t *count) {
    reference_use top = heap[0];
    reference_use last = heap[--*count];
    size_t at = 0;
    for (size_t child = 1; child < *count; child = 2 * at + 1) {
        child += child + 1 < *count && heap[child + 1].next > heap[child].next;
        if (heap[child].next <= last.next)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

static inline size_t reference_optimum(const reference_trace *trace, size_t entry_max) {
    size_t *next_use = reference_memory(trace->count, sizeof(size_t));
    size_t *due =
        reference_memory(trace->universe, sizeof(size_t)); /* next use while inside, or 0 */
    reference_use *heap = reference_memory(trace->count, sizeof(reference_use));
    for (uint32_t i = 0; i < trace->universe; i++)
        due[i] = SIZE_MAX;
    for (size_t i = trace->count; i-- > 0;) {
        next_use[i] = due[trace->numbers[i]];
        due[trace->numbers[i]] = i;
    }
    memset(due, 0, trace->universe * sizeof(size_t));
    size_t hits = 0;
    size_t inside = 0;
    size_t heap_count = 0;
    for (size_t i = 0; i < trace->count; i++) {
        uint32_t number = trace->numbers[i];
        hits += due[number] != 0;
        inside += due[number] == 0;
        due[number] = next_use[i];
        reference_heap_push(heap, &heap_count, (reference_use){next_use[i], number});
        while (inside > entry_max) {
            reference_use latest = reference_heap_pop(heap, &heap_count);
            if (due[latest.number] != latest.next)
                continue;
            due[latest.number] = 0;
            inside--;
        }
    }
    free(next_use);
    free(due);
    free(heap);
    return hits;
}

#endif
