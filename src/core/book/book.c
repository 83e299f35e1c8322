/*
 * book.c - the life of a book, and what changes of all ways share. The invariants are in
 * book_priv.h.
 */
#include "book_ids.h"
#include "book_levels.h"

#define CACHE_LINE 64
#define BUCKET_COUNT_MIN UINT32_C(128)
#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15) /* less one, of 2^64; odd */

/* ---- Life ------------------------------------------------------------------------------- */

/* The smallest power of two of buckets that so many orders fill by two thirds at most. */
static uint32_t buckets_for(uint32_t order_count) {
    uint32_t bucket_count = 2;
    while (bucket_count * UINT64_C(BOOK_BUCKET_SIZE * 2 / 3) < order_count)
        bucket_count *= 2;
    return bucket_count;
}

static bool config_is_valid(const tw_book_config *config) {
    return config->symbol_count_max >= 1 && config->symbol_count_max <= TW_BOOK_COUNT_MAX &&
           config->order_count_max <= TW_BOOK_COUNT_MAX && config->level_count_max >= 1 &&
           config->level_count_max <= TW_BOOK_LEVEL_COUNT_MAX &&
           config->order_count_expected <= config->order_count_max;
}

/* Of tags. There is one at least, as nothing of no size can be taken. */
static size_t tag_count(const tw_book_config *config) {
    return (size_t)config->order_count_max + 1;
}

/* Zeroed, and beginning with a cache line. */
static void *take_lines(tw_book *book, size_t count, size_t size) {
    return tw_allocate(&book->allocator, count, size, CACHE_LINE);
}

static void give_lines(tw_book *book, void *lines, size_t count, size_t size) {
    tw_release(&book->allocator, lines, count, size, CACHE_LINE);
}

tw_status tw_book_new(const tw_allocator *allocator, const tw_book_config *config,
                      tw_book **ret_book) {
    TW_ASSERT(config != NULL && ret_book != NULL);
    if (!config_is_valid(config))
        return TW_INVALID;
    tw_book *book = TW_NEW(allocator, 1, tw_book);
    if (book == NULL)
        return TW_NO_MEMORY;
    book->allocator = allocator != NULL ? *allocator : *tw_allocator_system();
    book->config = *config;
    size_t page_slots = book_page_slots(config);
    book->bucket_count_max = buckets_for(config->order_count_max);
    uint32_t bucket_count = buckets_for(config->order_count_expected);
    if (bucket_count < BUCKET_COUNT_MIN)
        bucket_count = BUCKET_COUNT_MIN;
    if (bucket_count > book->bucket_count_max)
        bucket_count = book->bucket_count_max;
    book->id_factor = GOLDEN_RATIO;
    book_ids_set_bucket_count(book, bucket_count);
    book->order_first = (uint32_t)(page_slots * BOOK_PAGE_SIZE);
    book->order_high = book->order_first;
    book->slots = take_lines(book, book_slot_count(config), sizeof *book->slots);
    book->pages = take_lines(book, page_slots, sizeof *book->pages);
    book->buckets = take_lines(book, book->bucket_count_max, sizeof *book->buckets);
    book->symbols = take_lines(book, config->symbol_count_max, sizeof *book->symbols);
    if (config->keep_tags)
        book->tags = TW_NEW(allocator, tag_count(config), uint64_t);
    if (book->slots == NULL || book->pages == NULL || book->buckets == NULL ||
        book->symbols == NULL || (config->keep_tags && book->tags == NULL)) {
        tw_book_free(book);
        return TW_NO_MEMORY;
    }
    book->pages[BOOK_NONE].number = INT64_MIN; /* B8 */
    *ret_book = book;
    return TW_OK;
}

void tw_book_free(tw_book *book) {
    if (book == NULL)
        return;
    size_t page_slots = book_page_slots(&book->config);
    give_lines(book, book->slots, book_slot_count(&book->config), sizeof *book->slots);
    give_lines(book, book->pages, page_slots, sizeof *book->pages);
    give_lines(book, book->buckets, book->bucket_count_max, sizeof *book->buckets);
    give_lines(book, book->symbols, book->config.symbol_count_max, sizeof *book->symbols);
    tw_allocator allocator = book->allocator;
    TW_DELETE(&allocator, book->tags, tag_count(&book->config), uint64_t);
    TW_DELETE(&allocator, book, 1, tw_book);
}

/* ---- What all ways share ----------------------------------------------------------------- */

static tw_book_crossing crossing_of(const book_symbol *symbol) {
    if (symbol->sides[0].best == BOOK_NONE || symbol->sides[1].best == BOOK_NONE)
        return TW_BOOK_UNCROSSED;
    uint64_t bid = book_turn(TW_SIDE_BUY, (uint64_t)symbol->sides[0].best_key);
    uint64_t ask = book_turn(TW_SIDE_SELL, (uint64_t)symbol->sides[1].best_key);
    if (bid < ask)
        return TW_BOOK_UNCROSSED;
    return bid == ask ? TW_BOOK_LOCKED : TW_BOOK_CROSSED;
}

void book_settle_crossing(tw_book *book, book_symbol *symbol) {
    tw_book_crossing crossing = crossing_of(symbol);
    if (crossing == symbol->crossing)
        return;
    symbol->crossing = crossing;
    book->anomalies.became_locked += crossing == TW_BOOK_LOCKED;
    book->anomalies.became_crossed += crossing == TW_BOOK_CROSSED;
}

book_change book_forgive(book_change change, const tw_quote *before, const tw_quote *after) {
    if (before->bid_price.nano == after->bid_price.nano &&
        before->bid_size.nano == after->bid_size.nano)
        change &= ~(book_change)TW_BOOK_BEST_BID;
    if (before->ask_price.nano == after->ask_price.nano &&
        before->ask_size.nano == after->ask_size.nano)
        change &= ~(book_change)TW_BOOK_BEST_ASK;
    return change;
}

static void empty_level(tw_book *book, uint32_t level) {
    uint32_t order = book_link_of(book, level)->next;
    while (order != level) {
        const book_order *one = book_order_at(book, order);
        uint32_t next = one->link.next;
        book_spot spot = book_ids_seek(book, one->symbol, one->id);
        book_ids_unpass(book, spot);
        book_ids_drop(spot);
        book_order_release(book, order);
        order = next;
    }
    *book_level_at(book, level) = (book_level){.link = {level, level}};
}

book_change book_empty(tw_book *book, book_symbol *symbol) {
    book_change change = 0;
    for (uint32_t side_name = TW_SIDE_BUY; side_name <= TW_SIDE_SELL; side_name++) {
        book_side *side = book_side_of(symbol, side_name);
        while (side->best != BOOK_NONE) {
            uint32_t level = side->best;
            empty_level(book, level);
            (void)book_level_yield(book, side, level, true); /* it is the best, so: */
            change |= side_name | book_level_gone(book, side, level);
        }
        while (symbol->roots[side_name - 1] != BOOK_NONE)
            book_page_remove(book, symbol->roots[side_name - 1]);
    }
    symbol->tick = (book_tick){0};
    return change;
}

tw_status tw_book_clear(tw_book *book, tw_symbol symbol) {
    TW_ASSERT(book != NULL);
    tw_status status = book_check_symbol(book, symbol);
    if (status != TW_OK)
        return status;
    book->symbols[symbol].way = BOOK_UNDECIDED;
    book_settle(book, &book->symbols[symbol], book_empty(book, &book->symbols[symbol]));
    return TW_OK;
}
