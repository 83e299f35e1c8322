/* alloc.c - the allocator seam and the C library's heap behind it. */
#include "tradewind/alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* Large tables that ask for cache lines are walked at random: huge pages, where the system has
 * them, spare most misses of the address translation. The pages come zeroed, when first touched. */
static bool is_huge(size_t size, size_t alignment) {
    return alignment > _Alignof(max_align_t) && alignment <= HUGE_PAGE && size >= 2 * HUGE_PAGE &&
           size <= SIZE_MAX - 2 * HUGE_PAGE;
}

static size_t rounded_up(size_t size, size_t unit) {
    return (size + unit - 1) & ~(unit - 1);
}

static void *map_huge(size_t size) {
    size_t length = rounded_up(size, HUGE_PAGE);
    char *block = mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED)
        return NULL;
    size_t before = (size_t)(-(uintptr_t)block & (HUGE_PAGE - 1));
    if (before > 0)
        munmap(block, before);
    munmap(block + before + length, HUGE_PAGE - before);
    (void)madvise(block + before, length, MADV_HUGEPAGE); /* advice may be refused */
    return block + before;
}

static void *system_allocate(void *context, size_t size, size_t alignment) {
    (void)context;
    if (alignment <= _Alignof(max_align_t))
        return calloc(1, size);
    if (is_huge(size, alignment))
        return map_huge(size);
    size_t rounded = rounded_up(size, alignment);
    void *block = rounded < size ? NULL : aligned_alloc(alignment, rounded);
    if (block != NULL)
        memset(block, 0, rounded);
    return block;
}

static void system_release(void *context, void *block, size_t size, size_t alignment) {
    (void)context;
    if (is_huge(size, alignment))
        munmap(block, rounded_up(size, HUGE_PAGE));
    else
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
