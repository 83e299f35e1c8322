/*
 * depth_feed.h - a whole recorded feed in memory, and books to compare.
 *
 * For tests that give a feed to several synchronisers, whole and mangled. Memory is malloc's; what
 * fails aborts.
 */
#ifndef TRADEWIND_TEST_DEPTH_FEED_H
#define TRADEWIND_TEST_DEPTH_FEED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/book_sync.h"
#include "tradewind/tape_messages.h"

#define DEPTH_FEED_SYMBOLS 8

typedef struct depth_feed {
    tw_symbols *symbols;
    tw_tape_message *messages;
    size_t count;
    size_t capacity;
    tw_tape_message_counts counts;
} depth_feed;

static inline void *depth_feed_memory(void *old, size_t count, size_t size) {
    void *block = realloc(old, (count > 0 ? count : 1) * size);
    TW_ASSERT(block != NULL);
    return block;
}

static inline void depth_feed_push(depth_feed *feed, tw_tape_message message) {
    if (feed->count == feed->capacity) {
        feed->capacity = feed->capacity == 0 ? 1024 : 2 * feed->capacity;
        feed->messages = depth_feed_memory(feed->messages, feed->capacity, sizeof *feed->messages);
    }
    tw_depth_update *update = &message.depth;
    if (message.kind == TW_TAPE_MESSAGE_DEPTH) {
        tw_level *levels = depth_feed_memory(NULL, update->level_count, sizeof *levels);
        if (update->level_count > 0)
            memcpy(levels, update->levels, update->level_count * sizeof *levels);
        update->levels = levels;
    }
    feed->messages[feed->count++] = message;
}

/* Reads all of a file that must be good. */
static inline void depth_feed_read(depth_feed *feed, const char *path, tw_tape_format format) {
    *feed = (depth_feed){0};
    TW_ASSERT(tw_symbols_new(NULL, DEPTH_FEED_SYMBOLS, &feed->symbols) == TW_OK);
    tw_tape_config config = {.path = path, .symbols = feed->symbols, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    tw_tape_message message;
    while (status == TW_OK && (status = tw_tape_next_message(tape, &message, &error)) == TW_OK)
        depth_feed_push(feed, message);
    if (status != TW_EMPTY) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    feed->counts = tw_tape_message_counts_of(tape);
    tw_tape_close(tape);
}

static inline void depth_feed_free(depth_feed *feed) {
    for (size_t i = 0; i < feed->count; i++)
        free((void *)(uintptr_t)feed->messages[i].depth.levels);
    free(feed->messages);
    tw_symbols_free(feed->symbols);
}

/* A book and its synchroniser. */
typedef struct depth_desk {
    tw_book *book;
    tw_book_sync *sync;
} depth_desk;

static inline void depth_desk_open(depth_desk *desk, const tw_book_sync_config *config,
                                   uint32_t level_count_max) {
    const tw_book_config book = {.symbol_count_max = config->symbol_count_max,
                                 .level_count_max = level_count_max};
    TW_ASSERT(tw_book_new(NULL, &book, &desk->book) == TW_OK);
    TW_ASSERT(tw_book_sync_new(NULL, config, desk->book, &desk->sync) == TW_OK);
}

static inline void depth_desk_close(depth_desk *desk) {
    tw_book_sync_free(desk->sync);
    tw_book_free(desk->book);
}

/* How many levels from the best are the same on a side; UINT32_MAX: all of them. */
static inline uint32_t depth_desk_same_side(const depth_desk *a, const depth_desk *b,
                                            tw_symbol symbol, tw_side side) {
    tw_book_level_place at_a = tw_book_level_first(a->book, symbol, side);
    tw_book_level_place at_b = tw_book_level_first(b->book, symbol, side);
    for (uint32_t same = 0;; same++) {
        if (at_a == TW_BOOK_NO_PLACE && at_b == TW_BOOK_NO_PLACE)
            return UINT32_MAX;
        if (at_a == TW_BOOK_NO_PLACE || at_b == TW_BOOK_NO_PLACE)
            return same;
        tw_book_level_view view_a;
        tw_book_level_view view_b;
        tw_book_level_read(a->book, at_a, &view_a);
        tw_book_level_read(b->book, at_b, &view_b);
        if (view_a.price.nano != view_b.price.nano || view_a.quantity.nano != view_b.quantity.nano)
            return same;
        at_a = tw_book_level_next(a->book, at_a);
        at_b = tw_book_level_next(b->book, at_b);
    }
}

static inline uint32_t depth_desk_same(const depth_desk *a, const depth_desk *b, tw_symbol symbol) {
    uint32_t bids = depth_desk_same_side(a, b, symbol, TW_SIDE_BUY);
    uint32_t asks = depth_desk_same_side(a, b, symbol, TW_SIDE_SELL);
    return bids < asks ? bids : asks;
}

/* The book of a live symbol as a snapshot, in `levels` (room for `capacity`). */
static inline tw_depth_update depth_desk_snapshot(const depth_desk *desk, tw_symbol symbol,
                                                  uint64_t last_id, tw_level *levels,
                                                  size_t capacity) {
    size_t count = tw_book_depth(desk->book, symbol, TW_SIDE_BUY, levels, capacity);
    count += tw_book_depth(desk->book, symbol, TW_SIDE_SELL, levels + count, capacity - count);
    TW_ASSERT(count < capacity);
    return (tw_depth_update){.last_id = last_id,
                             .levels = levels,
                             .level_count = count,
                             .symbol = symbol,
                             .snapshot = 1};
}

#endif
