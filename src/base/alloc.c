/* alloc.c - the allocator seam and the C library's heap behind it. */
#include "tradewind/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *system_allocate(void *context, size_t size, size_t alignment) {
    (void)context;
    if (alignment <= _Alignof(max_align_t))
        return calloc(1, size);
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    void *block = rounded < size ? NULL : aligned_alloc(alignment, rounded);
    if (block != NULL)
        memset(block, 0, rounded);
    return block;
}

static void system_release(void *context, void *block, size_t size, size_t alignment) {
    (void)context;
    (void)size;
    (void)alignment;
    free(block);
}

static const tw_allocator system_allocator = {system_allocate, system_release, NULL};

const tw_allocator *tw_allocator_system(void) {
    return &system_allocator;
}

void *tw_allocate(const tw_allocator *allocator, size_t count, size_t size, size_t alignment) {
    TW_ASSERT(count > 0 && size > 0);
    TW_ASSERT(alignment >= 8 && (alignment & (alignment - 1)) == 0);
    if (allocator == NULL)
        allocator = &system_allocator;
    if (count > SIZE_MAX / size)
        return NULL;
    return allocator->allocate(allocator->context, count * size, alignment);
}

void tw_release(const tw_allocator *allocator, void *block, size_t count, size_t size,
                size_t alignment) {
    if (block == NULL)
        return;
    TW_ASSERT(count > 0 && size > 0);
    if (allocator == NULL)
        allocator = &system_allocator;
    allocator->release(allocator->context, block, count * size, alignment);
}
