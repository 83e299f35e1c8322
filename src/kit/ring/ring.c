/*
 * ring.c - two positions that only grow, and an array between them.
 *
 * The producer counts what it ever published (the tail), the consumer what it ever removed (the
 * head); a record's place is its number modulo the capacity, a power of two. Each position has
 * one writer, so plain stores suffice: release when it moves, acquire when the other side looks.
 * At a billion records a second a position of 63 bits lasts 292 years.
 *
 * Closing is the top bit of the tail, not a flag beside it: a consumer that sees the bit sees
 * with the same load the last tail, and cannot miss a record pushed just before the close.
 *
 * Invariants
 *   1. head <= tail <= head + capacity (tail without its top bit).
 *   2. The records [head, tail) belong to the consumer, all others to the producer.
 *   3. head_seen <= head and tail_seen <= tail: a copy of the other's position is only ever old,
 *      which makes the ring look fuller to the producer and emptier to the consumer, never wrong.
 *   4. claimed <= head_seen + capacity - tail; peeked <= tail_seen - head.
 *   5. What one side writes shares no cache line with what the other writes, nor the line next
 *      to it, which the hardware fetches in pairs.
 */
#include "tradewind/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define LINE_PAIR 128
#define RECORD_ALIGNMENT 64
#define CLOSED_BIT (UINT64_C(1) << 63)
#define POSITION(tail) ((tail) & ~CLOSED_BIT)

struct tw_ring {
    /* Never changes after creation. */
    _Alignas(LINE_PAIR) unsigned char *records;
    uint64_t mask;
    size_t record_size;
    size_t capacity;
    const tw_allocator *allocator;

    /* Written by the producer. */
    _Alignas(LINE_PAIR) _Atomic uint64_t tail;
    uint64_t head_seen;
    uint64_t claimed;

    /* Written by the consumer. */
    _Alignas(LINE_PAIR) _Atomic uint64_t head;
    uint64_t tail_seen; /* with the top bit */
    uint64_t peeked;
};

static size_t power_of_two_at_least(size_t count) {
    size_t power = 1;
    while (power < count)
        power *= 2;
    return power;
}

tw_status tw_ring_new(const tw_allocator *allocator, size_t capacity, size_t record_size,
                      tw_ring **ret_ring) {
    TW_ASSERT(ret_ring != NULL);
    if (capacity == 0 || capacity > TW_RING_CAPACITY_MAX)
        return TW_RANGE;
    if (record_size == 0 || record_size > TW_RING_RECORD_SIZE_MAX)
        return TW_RANGE;
    tw_ring *ring = TW_NEW(allocator, 1, tw_ring);
    if (ring == NULL)
        return TW_NO_MEMORY;
    ring->allocator = allocator;
    ring->capacity = power_of_two_at_least(capacity);
    ring->mask = ring->capacity - 1;
    ring->record_size = record_size;
    ring->records = tw_allocate(allocator, ring->capacity, record_size, RECORD_ALIGNMENT);
    if (ring->records == NULL) {
        tw_ring_free(ring);
        return TW_NO_MEMORY;
    }
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->head, 0);
    *ret_ring = ring;
    return TW_OK;
}

void tw_ring_free(tw_ring *ring) {
    if (ring == NULL)
        return;
    tw_release(ring->allocator, ring->records, ring->capacity, ring->record_size, RECORD_ALIGNMENT);
    TW_DELETE(ring->allocator, ring, 1, tw_ring);
}

static void *record_at(const tw_ring *ring, uint64_t position) {
    return ring->records + (size_t)(position & ring->mask) * ring->record_size;
}

/* Sizes that records often have are copied by a few moves instead of a call. */
static inline void copy_record(void *restrict to, const void *restrict from, size_t size) {
    switch (size) {
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    case 32:
        memcpy(to, from, 32);
        break;
    case 64:
        memcpy(to, from, 64);
        break;
    default:
        memcpy(to, from, size);
        break;
    }
}

/* Free records as the producer knows; asks for the head again only if fewer than `wanted`. */
static uint64_t room_for(tw_ring *ring, uint64_t tail, uint64_t wanted) {
    uint64_t room = ring->head_seen + ring->capacity - tail;
    if (room < wanted) {
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        room = ring->head_seen + ring->capacity - tail;
    }
    return room;
}

tw_status tw_ring_push(tw_ring *ring, const void *record) {
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    TW_ASSERT((tail & CLOSED_BIT) == 0);
    if (room_for(ring, tail, 1) == 0)
        return TW_FULL;
    ring->claimed = 0; /* A claim taken before would overlap this record. */
    copy_record(record_at(ring, tail), record, ring->record_size);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return TW_OK;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

size_t tw_ring_claim(tw_ring *ring, size_t wanted, void **ret_records) {
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    TW_ASSERT((tail & CLOSED_BIT) == 0);
    uint64_t before_end = ring->capacity - (tail & ring->mask);
    uint64_t count = smaller(wanted, before_end);
    count = smaller(count, room_for(ring, tail, count));
    ring->claimed = count;
    if (count > 0)
        *ret_records = record_at(ring, tail);
    return (size_t)count;
}

void tw_ring_commit(tw_ring *ring, size_t count) {
    TW_ASSERT(count <= ring->claimed);
    ring->claimed = 0;
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + count, memory_order_release);
}

void tw_ring_close(tw_ring *ring) {
    ring->claimed = 0;
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail | CLOSED_BIT, memory_order_release);
}

/* Records the consumer knows of; asks for the tail again only if fewer than `wanted`. */
static uint64_t records_for(tw_ring *ring, uint64_t head, uint64_t wanted) {
    uint64_t count = POSITION(ring->tail_seen) - head;
    if (count < wanted) {
        ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
        count = POSITION(ring->tail_seen) - head;
    }
    return count;
}

tw_status tw_ring_pop(tw_ring *ring, void *ret_record) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (records_for(ring, head, 1) == 0)
        return (ring->tail_seen & CLOSED_BIT) != 0 ? TW_CLOSED : TW_EMPTY;
    ring->peeked = 0; /* What was shown before begins with a record that is now gone. */
    copy_record(ret_record, record_at(ring, head), ring->record_size);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return TW_OK;
}

size_t tw_ring_peek(tw_ring *ring, size_t wanted, const void **ret_records) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t before_end = ring->capacity - (head & ring->mask);
    uint64_t count = smaller(wanted, before_end);
    count = smaller(count, records_for(ring, head, count));
    ring->peeked = count;
    if (count > 0)
        *ret_records = record_at(ring, head);
    return (size_t)count;
}

void tw_ring_consume(tw_ring *ring, size_t count) {
    TW_ASSERT(count <= ring->peeked);
    ring->peeked = 0;
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + count, memory_order_release);
}

bool tw_ring_drained(tw_ring *ring) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    return records_for(ring, head, 1) == 0 && (ring->tail_seen & CLOSED_BIT) != 0;
}

size_t tw_ring_count(const tw_ring *ring) {
    /* The head first: the tail read after it is never behind it (invariant 1), but may have
     * run further ahead in between than the ring is long. */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t tail = POSITION(atomic_load_explicit(&ring->tail, memory_order_acquire));
    return (size_t)smaller(tail - head, ring->capacity);
}

size_t tw_ring_capacity(const tw_ring *ring) {
    return ring->capacity;
}

size_t tw_ring_record_size(const tw_ring *ring) {
    return ring->record_size;
}

void tw_ring_check(const tw_ring *ring) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t tail = POSITION(atomic_load_explicit(&ring->tail, memory_order_acquire));
    TW_ASSERT(ring->capacity == ring->mask + 1 && (ring->capacity & ring->mask) == 0);
    TW_ASSERT(head <= tail && tail - head <= ring->capacity);
    TW_ASSERT(ring->head_seen <= head && POSITION(ring->tail_seen) <= tail);
    TW_ASSERT(ring->claimed <= ring->head_seen + ring->capacity - tail);
    TW_ASSERT(ring->peeked <= POSITION(ring->tail_seen) - head);
}
