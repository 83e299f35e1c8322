/*
 * ring.h - a queue of plain records between exactly one producer and one consumer.
 *
 * This is the only thing that two turns of the program share: the producer pushes fixed-size
 * records, the consumer pops them in the same order, and neither ever waits for the other. A
 * full ring refuses (back-pressure is the producer's decision), an empty one says so.
 *
 *     producer                                 consumer
 *     if (tw_ring_push(ring, &event) != TW_OK) size_t count = tw_ring_peek(ring, 64, &records);
 *         dropped++;                           for (size_t i = 0; i < count; i++) ...
 *     ...                                      tw_ring_consume(ring, count);
 *     tw_ring_close(ring);                     if (tw_ring_drained(ring)) stop;
 *
 *     OPEN --tw_ring_close--> CLOSED --last tw_ring_pop or tw_ring_consume--> DRAINED
 *
 * Records are copied as bytes: they hold no pointer whose owner may go away.
 *
 * Memory: one block for the handle and one for the records, both at creation, none later. The
 * capacity is rounded up to a power of two. Records lie as in an array of `record_size` bytes
 * each, the first at a multiple of 64, so any C type may be read in place.
 * Cost: push and pop O(1), no system call, no lock, no read-modify-write; each side keeps a
 * copy of the other's position and looks again only when that copy says full or empty.
 * Threads: one producer and one consumer, which may be the same thread. Functions say whose
 * they are. A side may move to another thread if the hand-over itself synchronises.
 */
#ifndef TRADEWIND_RING_H
#define TRADEWIND_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_RING_CAPACITY_MAX ((size_t)1 << 30)
#define TW_RING_RECORD_SIZE_MAX ((size_t)65536)

typedef struct tw_ring tw_ring;

TW_BEGIN_DECLS

/*
 * Makes an open, empty ring of at least `capacity` records of `record_size` bytes. A NULL
 * allocator is the system's. TW_RANGE if either is zero or above its maximum, TW_NO_MEMORY.
 */
TW_API tw_status tw_ring_new(const tw_allocator *allocator, size_t capacity, size_t record_size,
                             tw_ring **ret_ring) TW_MUST_CHECK;

/* Gives everything back, records still inside included. NULL is ignored. Both sides must have
 * let go. */
TW_API void tw_ring_free(tw_ring *ring);

/* Producer: copies one record in. TW_FULL, and nothing is written. Pushing into a closed ring
 * is a programmer error. */
TW_API tw_status tw_ring_push(tw_ring *ring, const void *record) TW_MUST_CHECK;

/*
 * Producer: room for up to `wanted` records in place. Returns how many lie free in one piece
 * from `*ret_records` on, 0 when the ring is full (`*ret_records` is then untouched). The
 * piece ends at the end of the array even if there is room at its beginning: claim again after
 * the commit. What is written there is seen by nobody before tw_ring_commit. Claiming again
 * replaces the claim before. A closed ring is a programmer error.
 */
TW_API size_t tw_ring_claim(tw_ring *ring, size_t wanted, void **ret_records) TW_MUST_CHECK;

/* Producer: publishes the first `count` records of the last claim, all at once, and ends the
 * claim; 0 gives it up. More than was claimed is a programmer error. */
TW_API void tw_ring_commit(tw_ring *ring, size_t count);

/* Producer: no record will follow. The consumer still gets all that were pushed and then sees
 * TW_CLOSED. Closing twice is harmless; an open claim is given up. */
TW_API void tw_ring_close(tw_ring *ring);

/* Consumer: copies the oldest record out and removes it. TW_EMPTY when there is none yet,
 * TW_CLOSED when there will never be another; nothing is written then. */
TW_API tw_status tw_ring_pop(tw_ring *ring, void *ret_record) TW_MUST_CHECK;

/*
 * Consumer: the oldest records in place. Returns how many, up to `wanted`, lie in one piece
 * from `*ret_records` on, 0 when there is none (`*ret_records` is then untouched). They stay
 * valid until they are consumed. Peeking again without consuming shows the same records.
 */
TW_API size_t tw_ring_peek(tw_ring *ring, size_t wanted, const void **ret_records) TW_MUST_CHECK;

/* Consumer: removes the first `count` records of the last peek and ends it. More than were
 * shown is a programmer error. */
TW_API void tw_ring_consume(tw_ring *ring, size_t count);

/* Consumer: closed, and every record has been removed. */
TW_API bool tw_ring_drained(tw_ring *ring) TW_MUST_CHECK;

/* Any thread: records inside. Exact when called by one side while the other rests; otherwise a
 * value the count had, or may have had, during the call. Never above the capacity. */
TW_API size_t tw_ring_count(const tw_ring *ring);

/* Any thread: records that fit, and the bytes of each. They never change. */
TW_API size_t tw_ring_capacity(const tw_ring *ring);
TW_API size_t tw_ring_record_size(const tw_ring *ring);

/* Asserts the invariants. Both sides must rest. */
TW_API void tw_ring_check(const tw_ring *ring);

TW_END_DECLS

TW_DEFINE_AUTO(tw_ring, tw_ring_free)

#endif
