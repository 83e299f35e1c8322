/*
 * failing_heap.c - the counting, failing allocator of the tests.
 *
 * Idea: every block stands between a head, which remembers its size and alignment, and a guard
 * of known bytes. Release compares both and then overwrites the block.
 *
 * Invariants:
 *  1. bytes_out and blocks_out are the sums over the blocks whose head says HEAD_LIVE.
 *  2. A block starts at a multiple of its alignment; its head stands directly before it.
 */
#include "failing_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_LIVE UINT64_C(0x6c69766521686561)
#define HEAD_RELEASED UINT64_C(0x676f6e6521686561)
#define GUARD_SIZE 16
#define GUARD_BYTE 0xA5
#define RELEASED_BYTE 0xDD
#define RUN_COUNT_MAX 100000 /* a sweep longer than this is a scenario that never succeeds */

typedef struct block_head {
    uint64_t mark;
    uint64_t size;
    uint64_t alignment;
    void *base; /* what free wants */
} block_head;

static void *counted_allocate(void *context, size_t size, size_t alignment) {
    failing_heap *heap = context;
    uint64_t number = atomic_fetch_add(&heap->attempts, 1);
    if (number == heap->fail_at || (heap->fail_after && number > heap->fail_at)) {
        atomic_fetch_add(&heap->failures, 1);
        return NULL;
    }
    TW_ASSERT(size < SIZE_MAX / 2 && alignment >= 8 && alignment < SIZE_MAX / 4);
    unsigned char *base = malloc(sizeof(block_head) + alignment + size + GUARD_SIZE);
    if (base == NULL)
        return NULL;
    uintptr_t first = (uintptr_t)(base + sizeof(block_head));
    size_t skip = (size_t)(-first & (alignment - 1));
    unsigned char *block = base + sizeof(block_head) + skip;
    block_head head = {.mark = HEAD_LIVE, .size = size, .alignment = alignment, .base = base};
    memcpy(block - sizeof head, &head, sizeof head);
    memset(block, 0, size);
    memset(block + size, GUARD_BYTE, GUARD_SIZE);
    atomic_fetch_add(&heap->blocks_out, 1);
    atomic_fetch_add(&heap->bytes_out, size);
    return block;
}

static void counted_release(void *context, void *block, size_t size, size_t alignment) {
    failing_heap *heap = context;
    unsigned char *bytes = block;
    block_head head;
    memcpy(&head, bytes - sizeof head, sizeof head);
    TW_ASSERT(head.mark != HEAD_RELEASED);
    TW_ASSERT(head.mark == HEAD_LIVE);
    TW_ASSERT(head.size == size);
    TW_ASSERT(head.alignment == alignment);
    for (size_t i = 0; i < GUARD_SIZE; i++)
        TW_ASSERT(bytes[size + i] == GUARD_BYTE);
    memset(bytes, RELEASED_BYTE, size);
    void *base = head.base;
    head.mark = HEAD_RELEASED;
    memcpy(bytes - sizeof head, &head, sizeof head);
    atomic_fetch_sub(&heap->blocks_out, 1);
    atomic_fetch_sub(&heap->bytes_out, size);
    free(base);
}

void failing_heap_init(failing_heap *heap) {
    memset(heap, 0, sizeof *heap);
    heap->allocator = (tw_allocator){counted_allocate, counted_release, heap};
    heap->fail_at = FAILING_HEAP_NEVER;
}

void failing_heap_fail_at(failing_heap *heap, uint64_t number, bool and_after) {
    heap->fail_at = atomic_load(&heap->attempts) + number;
    heap->fail_after = and_after;
}

/* One run with allocation `number` failing. True if the rules held; `ret_met` tells whether the
 * failure was met. */
static bool run_once(failing_heap_scenario scenario, void *context, uint64_t number, bool and_after,
                     bool *ret_met, char *ret_reason) {
    failing_heap heap;
    failing_heap_init(&heap);
    failing_heap_fail_at(&heap, number, and_after);
    tw_status status = scenario(&heap.allocator, context);
    *ret_met = atomic_load(&heap.failures) > 0;
    tw_status expected = *ret_met ? TW_NO_MEMORY : TW_OK;
    unsigned long long failed = (unsigned long long)number;
    if (status != expected) {
        snprintf(ret_reason, FAILING_HEAP_REASON_SIZE,
                 "with allocation %llu%s failing (%s): status is %s, not %s", failed,
                 and_after ? " and all later ones" : "", *ret_met ? "met" : "not met",
                 tw_status_name(status), tw_status_name(expected));
        return false;
    }
    if (atomic_load(&heap.blocks_out) != 0) {
        snprintf(ret_reason, FAILING_HEAP_REASON_SIZE,
                 "with allocation %llu%s failing: %llu bytes in %llu blocks were not given back",
                 failed, and_after ? " and all later ones" : "",
                 (unsigned long long)atomic_load(&heap.bytes_out),
                 (unsigned long long)atomic_load(&heap.blocks_out));
        return false;
    }
    return true;
}

bool failing_heap_sweep(failing_heap_scenario scenario, void *context,
                        char ret_reason[FAILING_HEAP_REASON_SIZE]) {
    ret_reason[0] = 0;
    for (int and_after = 0; and_after < 2; and_after++) {
        bool met = true;
        for (uint64_t number = 0; met; number++) {
            if (number == RUN_COUNT_MAX) {
                snprintf(ret_reason, FAILING_HEAP_REASON_SIZE,
                         "still failing after %d runs: the scenario never succeeds", RUN_COUNT_MAX);
                return false;
            }
            if (!run_once(scenario, context, number, and_after != 0, &met, ret_reason))
                return false;
        }
    }
    return true;
}
