/*
 * window_order.c - the prices of a window in order.
 *
 * Blocks of sorted prices, one after the other, each at most `block_size` long; a window of up to
 * BLOCK_SIZE_MAX trades is one block, where entering and leaving are a binary search and a memmove.
 * Above that a block that is full is cut in two, and one that has become small is joined to its
 * neighbour if both fit well into one. Blocks are named by number so that moving them is moving
 * four bytes; those not in use are a stack behind those in use.
 *
 * Invariants:
 * 1. names[0 .. used) are the blocks in order; names[used .. block_count) are free.
 * 2. No block in use is empty; within and across blocks prices do not descend.
 * 3. Two neighbours together hold more than half a block, so used <= 4 count / block_size + 1 and
 *    block_count suffices.
 */
#include "window_priv.h"

#include <string.h>

#define BLOCK_SIZE_MAX 1024
#define BLOCK_SIZE_MANY 512 /* when there is more than one */

struct window_order {
    int64_t *prices;   /* [block_count][block_size] */
    uint32_t *lengths; /* of a block, by its number */
    uint32_t *names;
    uint32_t block_size;
    uint32_t block_count;
    uint32_t used;
};

tw_status window_order_new(const tw_allocator *allocator, uint64_t count_max,
                           window_order **ret_order) {
    window_order *order = TW_NEW(allocator, 1, window_order);
    if (order == NULL)
        return TW_NO_MEMORY;
    bool one = count_max <= BLOCK_SIZE_MAX;
    order->block_size = one ? (uint32_t)count_max : BLOCK_SIZE_MANY;
    order->block_count = one ? 1 : (uint32_t)(4 * count_max / BLOCK_SIZE_MANY + 2);
    order->prices = TW_NEW(allocator, (size_t)order->block_size * order->block_count, int64_t);
    order->lengths = TW_NEW(allocator, order->block_count, uint32_t);
    order->names = TW_NEW(allocator, order->block_count, uint32_t);
    if (order->prices == NULL || order->lengths == NULL || order->names == NULL) {
        window_order_free(allocator, order);
        return TW_NO_MEMORY;
    }
    window_order_clear(order);
    *ret_order = order;
    return TW_OK;
}

void window_order_free(const tw_allocator *allocator, window_order *order) {
    if (order == NULL)
        return;
    TW_DELETE(allocator, order->prices, (size_t)order->block_size * order->block_count, int64_t);
    TW_DELETE(allocator, order->lengths, order->block_count, uint32_t);
    TW_DELETE(allocator, order->names, order->block_count, uint32_t);
    TW_DELETE(allocator, order, 1, window_order);
}

void window_order_clear(window_order *order) {
    for (uint32_t i = 0; i < order->block_count; i++)
        order->names[i] = i;
    order->used = 0;
}

static int64_t *block_at(const window_order *order, uint32_t place) {
    return order->prices + (size_t)order->names[place] * order->block_size;
}

static uint32_t *length_at(const window_order *order, uint32_t place) {
    return &order->lengths[order->names[place]];
}

/* The first place of a sorted array whose price is not below `price`. */
static uint32_t lower_bound(const int64_t *prices, uint32_t length, int64_t price) {
    const int64_t *base = prices;
    while (length > 1) {
        uint32_t half = length / 2;
        base += base[half - 1] < price ? half : 0;
        length -= half;
    }
    return (uint32_t)(base - prices) + (length == 1 && *base < price ? 1 : 0);
}

/* The first block whose last price is not below `price`, or the last block. */
static uint32_t block_of(const window_order *order, int64_t price) {
    uint32_t low = 0;
    uint32_t high = order->used - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (block_at(order, middle)[*length_at(order, middle) - 1] < price)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Takes a free block into use at a place. */
static void open_block(window_order *order, uint32_t place) {
    TW_ASSERT(order->used < order->block_count);
    uint32_t name = order->names[order->used];
    memmove(&order->names[place + 1], &order->names[place],
            (order->used - place) * sizeof order->names[0]);
    order->names[place] = name;
    order->lengths[name] = 0;
    order->used++;
}

static void close_block(window_order *order, uint32_t place) {
    uint32_t name = order->names[place];
    order->used--;
    memmove(&order->names[place], &order->names[place + 1],
            (order->used - place) * sizeof order->names[0]);
    order->names[order->used] = name;
}

static void split(window_order *order, uint32_t place) {
    open_block(order, place + 1);
    uint32_t kept = order->block_size / 2;
    uint32_t moved = order->block_size - kept;
    memcpy(block_at(order, place + 1), block_at(order, place) + kept, moved * sizeof(int64_t));
    *length_at(order, place) = kept;
    *length_at(order, place + 1) = moved;
}

/* Joins a block to the one behind it if both are at most half a block (invariant 3). */
static void join(window_order *order, uint32_t place) {
    if (place + 1 >= order->used)
        return;
    uint32_t *length = length_at(order, place);
    uint32_t next = *length_at(order, place + 1);
    if (*length + next > order->block_size / 2)
        return;
    memcpy(block_at(order, place) + *length, block_at(order, place + 1), next * sizeof(int64_t));
    *length += next;
    close_block(order, place + 1);
}

void window_order_put(window_order *order, int64_t price) {
    if (order->used == 0)
        open_block(order, 0);
    uint32_t place = block_of(order, price);
    if (*length_at(order, place) == order->block_size) {
        split(order, place);
        place += block_at(order, place)[*length_at(order, place) - 1] < price ? 1 : 0;
    }
    int64_t *prices = block_at(order, place);
    uint32_t *length = length_at(order, place);
    uint32_t at = lower_bound(prices, *length, price);
    memmove(&prices[at + 1], &prices[at], (*length - at) * sizeof prices[0]);
    prices[at] = price;
    ++*length;
}

void window_order_drop(window_order *order, int64_t price) {
    TW_ASSERT(order->used > 0);
    uint32_t place = block_of(order, price);
    int64_t *prices = block_at(order, place);
    uint32_t *length = length_at(order, place);
    uint32_t at = lower_bound(prices, *length, price);
    TW_ASSERT(at < *length && prices[at] == price);
    --*length;
    memmove(&prices[at], &prices[at + 1], (*length - at) * sizeof prices[0]);
    if (*length == 0) {
        close_block(order, place);
    } else {
        join(order, place);
        if (place > 0)
            join(order, place - 1);
        return;
    }
    if (place > 0 && order->used > 0)
        join(order, place - 1);
}

int64_t window_order_at(const window_order *order, uint64_t rank) {
    uint32_t place = 0;
    while (rank >= *length_at(order, place)) {
        rank -= *length_at(order, place);
        place++;
        TW_ASSERT(place < order->used);
    }
    return block_at(order, place)[rank];
}

void window_order_check(const window_order *order, uint64_t count) {
    int64_t last = INT64_MIN;
    for (uint32_t place = 0; place < order->used; place++) {
        uint32_t length = *length_at(order, place);
        TW_ASSERT(length > 0 && length <= order->block_size);
        if (place > 0)
            TW_ASSERT(*length_at(order, place - 1) + length > order->block_size / 2);
        for (uint32_t i = 0; i < length; i++) {
            TW_ASSERT(last <= block_at(order, place)[i]);
            last = block_at(order, place)[i];
        }
        count -= length;
    }
    TW_ASSERT(count == 0);
}
