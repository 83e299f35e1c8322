/*
 * triple_buffer.c - three places and one word that says which of them lies between the sides.
 *
 * Invariants
 *   1. back, front and the place of `between` are three different places, always: a side gives its
 *      own away in the same exchange by which it takes the other.
 *   2. FRESH is set by the writer with what it publishes and cleared by the reader who takes it.
 *   3. The exchange releases what was written before it and acquires what the other side released,
 *      so a place is seen whole by whoever has taken it.
 */
#include "tradewind/triple_buffer.h"

#include <stdatomic.h>
#include <stdint.h>

#define LINE_PAIR 128
#define PLACE_ALIGNMENT 64

enum { PLACE_COUNT = 3, PLACE_MASK = 3, FRESH = 4 };

struct tw_triple_buffer {
    /* Never changes after creation. */
    unsigned char *places;
    size_t stride;
    const tw_allocator *allocator;

    _Alignas(LINE_PAIR) _Atomic uint32_t between; /* a place, and FRESH */

    _Alignas(LINE_PAIR) uint32_t back; /* the writer's */

    _Alignas(LINE_PAIR) uint32_t front; /* the reader's */
    bool given;                         /* a state was read once: front holds one */
};

tw_status tw_triple_buffer_new(const tw_allocator *allocator, size_t size,
                               tw_triple_buffer **ret_buffer) {
    TW_ASSERT(ret_buffer != NULL);
    if (size == 0 || size > TW_TRIPLE_BUFFER_SIZE_MAX)
        return TW_RANGE;
    tw_triple_buffer *buffer = TW_NEW(allocator, 1, tw_triple_buffer);
    if (buffer == NULL)
        return TW_NO_MEMORY;
    buffer->allocator = allocator;
    buffer->stride = (size + PLACE_ALIGNMENT - 1) / PLACE_ALIGNMENT * PLACE_ALIGNMENT;
    buffer->places = tw_allocate(allocator, PLACE_COUNT, buffer->stride, PLACE_ALIGNMENT);
    if (buffer->places == NULL) {
        tw_triple_buffer_free(buffer);
        return TW_NO_MEMORY;
    }
    buffer->back = 0;
    atomic_init(&buffer->between, 1);
    buffer->front = 2;
    *ret_buffer = buffer;
    return TW_OK;
}

void tw_triple_buffer_free(tw_triple_buffer *buffer) {
    if (buffer == NULL)
        return;
    tw_release(buffer->allocator, buffer->places, PLACE_COUNT, buffer->stride, PLACE_ALIGNMENT);
    TW_DELETE(buffer->allocator, buffer, 1, tw_triple_buffer);
}

static void *place_at(const tw_triple_buffer *buffer, uint32_t place) {
    TW_ASSERT(place < PLACE_COUNT);
    return buffer->places + place * buffer->stride;
}

void *tw_triple_buffer_begin(tw_triple_buffer *buffer) {
    return place_at(buffer, buffer->back);
}

void tw_triple_buffer_publish(tw_triple_buffer *buffer) {
    uint32_t taken =
        atomic_exchange_explicit(&buffer->between, buffer->back | FRESH, memory_order_acq_rel);
    buffer->back = taken & PLACE_MASK;
    TW_ASSERT(buffer->back < PLACE_COUNT);
}

const void *tw_triple_buffer_read(tw_triple_buffer *buffer, bool *ret_fresh) {
    uint32_t seen = atomic_load_explicit(&buffer->between, memory_order_relaxed);
    bool fresh = (seen & FRESH) != 0;
    if (fresh) {
        uint32_t taken =
            atomic_exchange_explicit(&buffer->between, buffer->front, memory_order_acq_rel);
        buffer->front = taken & PLACE_MASK;
        buffer->given = true;
    }
    if (ret_fresh != NULL)
        *ret_fresh = fresh;
    return buffer->given ? place_at(buffer, buffer->front) : NULL;
}
