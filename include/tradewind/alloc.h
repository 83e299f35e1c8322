/*
 * alloc.h - where memory comes from.
 *
 * A handle is created with an allocator and gives everything back to the same one. Modules on
 * the hot path take all their memory at creation; none of them calls malloc by itself, so a
 * test can fail every allocation in turn and count what is left.
 *
 * Memory: every block is zeroed. Sizes are passed back on release so that allocators need no
 * headers. Alignment is a power of two, at least 8.
 * Threads: the system allocator may be used from any thread; others say for themselves.
 */
#ifndef TRADEWIND_ALLOC_H
#define TRADEWIND_ALLOC_H

#include <stddef.h>

#include "tradewind/api.h"
#include "tradewind/status.h"

typedef struct tw_allocator {
    /* Returns `size` zeroed bytes aligned to `alignment`, or NULL. */
    void *(*allocate)(void *context, size_t size, size_t alignment);
    /* Takes back what `allocate` returned with the same size and alignment. Never NULL. */
    void (*release)(void *context, void *block, size_t size, size_t alignment);
    void *context;
} tw_allocator;

TW_BEGIN_DECLS

/* The C library's heap. Passing NULL where an allocator is wanted means this one. */
TW_API const tw_allocator *tw_allocator_system(void);

/* Allocates `count` zeroed objects of `size` bytes; NULL on overflow or when memory is out.
 * A count or size of zero is a programmer error. */
TW_API void *tw_allocate(const tw_allocator *allocator, size_t count, size_t size,
                         size_t alignment) TW_MUST_CHECK;

/* Gives back what tw_allocate returned with the same arguments. NULL is ignored. */
TW_API void tw_release(const tw_allocator *allocator, void *block, size_t count, size_t size,
                       size_t alignment);

TW_END_DECLS

/* Typed forms: TW_NEW(allocator, 3, tw_bar) is a `tw_bar *` to three bars, or NULL. */
#define TW_NEW(allocator, count, type)                       \
    ((type *)tw_allocate((allocator), (count), sizeof(type), \
                         _Alignof(type) < 8 ? 8 : _Alignof(type)))
#define TW_DELETE(allocator, pointer, count, type)            \
    tw_release((allocator), (pointer), (count), sizeof(type), \
               _Alignof(type) < 8 ? 8 : _Alignof(type))

#endif
