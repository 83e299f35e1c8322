/*
 * failing_heap.h - an allocator for tests that counts, checks and fails on demand.
 *
 * Pass `&heap.allocator` where a tw_allocator is wanted. The heap counts the allocations asked
 * for and the bytes and blocks that are still out, can fail the n-th allocation (and, if wanted,
 * every later one), and stops the program when a block comes back with another size or alignment
 * than it was taken with, comes back twice, or was written past its end. Released memory is
 * overwritten, so that a use after release is seen.
 *
 * Most tests need only one line. A scenario makes, uses and frees a module with the allocator it
 * is given and hands back the first status that is not TW_OK (freeing what it has so far):
 *
 *     static tw_status make_and_free(const tw_allocator *allocator, void *context) {
 *         (void)context;
 *         TW_AUTO(tw_ring) *ring = NULL;
 *         return tw_ring_new(allocator, 64, sizeof(int), &ring);
 *     }
 *
 *     static void test_leaves_nothing_when_memory_runs_out(void **state) {
 *         (void)state;
 *         assert_survives_failed_allocations(make_and_free, NULL);
 *     }
 *
 * It is run with allocation 0, 1, 2, ... failing until it gets through without meeting the
 * failure. Every run before that must return TW_NO_MEMORY, the last one TW_OK, and every run must
 * leave zero bytes. The whole is done twice: with one failure, and with every later one failing
 * as well.
 *
 * Memory: from malloc. Threads: a heap may be used from several threads at once.
 */
#ifndef TRADEWIND_TESTS_FAILING_HEAP_H
#define TRADEWIND_TESTS_FAILING_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/status.h"

#define FAILING_HEAP_NEVER UINT64_MAX
#define FAILING_HEAP_REASON_SIZE 256

typedef struct failing_heap {
    tw_allocator allocator;      /* what the module under test is given */
    uint64_t fail_at;            /* number of the allocation that fails, from 0 */
    bool fail_after;             /* every later one fails too */
    _Atomic uint64_t attempts;   /* allocations asked for so far */
    _Atomic uint64_t failures;   /* of these, refused */
    _Atomic uint64_t blocks_out; /* not yet given back */
    _Atomic uint64_t bytes_out;
} failing_heap;

/* A heap that never fails. It must not be moved afterwards: its allocator points to it. */
void failing_heap_init(failing_heap *heap);

/* Lets allocation `number` from now (0: the next one) fail, and all later ones if `and_after`. */
void failing_heap_fail_at(failing_heap *heap, uint64_t number, bool and_after);

/* Makes, uses and frees something; returns the first status that is not TW_OK. */
typedef tw_status (*failing_heap_scenario)(const tw_allocator *allocator, void *context);

/* Runs the scenario as told above. False, with a sentence in `ret_reason`, if a rule is broken. */
bool failing_heap_sweep(failing_heap_scenario scenario, void *context,
                        char ret_reason[FAILING_HEAP_REASON_SIZE]);

/* The sweep as a cmocka assertion; include <cmocka.h> before using it. */
#define assert_survives_failed_allocations(scenario, context)                \
    do {                                                                     \
        char failing_heap_reason[FAILING_HEAP_REASON_SIZE];                  \
        if (!failing_heap_sweep((scenario), (context), failing_heap_reason)) \
            fail_msg("%s", failing_heap_reason);                             \
    } while (0)

#endif
