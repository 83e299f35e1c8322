/*
 * triple_buffer.h - the newest state of one thread for another one: no lock, no wait, no torn read.
 *
 *     writer                                       reader
 *     state = tw_triple_buffer_begin(buffer);      state = tw_triple_buffer_read(buffer, &fresh);
 *     ... fill it                                  if (state != NULL) ...
 *     tw_triple_buffer_publish(buffer);
 *
 * There are three places: one is the writer's, one the reader's, and one lies between them with
 * what was published last. Each side swaps its own for that one, so neither ever waits for the
 * other, and states that the reader did not come for are lost: only the newest counts. Where every
 * record counts use ring.h.
 *
 * Memory: three times `size` bytes in one block at creation, none later.
 * Cost: publish and a fresh read are one atomic exchange each; a read of nothing new is a load.
 * Threads: one writer and one reader, which may be the same thread. A side may move to another
 * thread if the hand-over itself synchronises.
 */
#ifndef TRADEWIND_TRIPLE_BUFFER_H
#define TRADEWIND_TRIPLE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"

#define TW_TRIPLE_BUFFER_SIZE_MAX ((size_t)1 << 30)

typedef struct tw_triple_buffer tw_triple_buffer;

TW_BEGIN_DECLS

/* Makes three places of `size` bytes, all zero, each at a multiple of 64. A NULL allocator is the
 * system's. TW_RANGE for a size of zero or above its maximum, TW_NO_MEMORY. */
TW_API tw_status tw_triple_buffer_new(const tw_allocator *allocator, size_t size,
                                      tw_triple_buffer **ret_buffer) TW_MUST_CHECK;

/* Both sides must have let go. NULL is ignored. */
TW_API void tw_triple_buffer_free(tw_triple_buffer *buffer);

/* Writer: its place, the same until it is published. It holds some older state or zeros. */
TW_API void *tw_triple_buffer_begin(tw_triple_buffer *buffer);
/* Writer: what is in its place is the newest state from now on. */
TW_API void tw_triple_buffer_publish(tw_triple_buffer *buffer);

/* Reader: the newest state, or NULL if none was ever published. It stays as it is until the next
 * read. `*ret_fresh` (may be NULL): it is another one than the last read gave. */
TW_API const void *tw_triple_buffer_read(tw_triple_buffer *buffer, bool *ret_fresh);

TW_END_DECLS

TW_DEFINE_AUTO(tw_triple_buffer, tw_triple_buffer_free)

#endif
