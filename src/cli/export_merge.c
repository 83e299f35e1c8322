/*
 * export_merge.c - a page a symbol, a heap over the pages.
 *
 * Invariants:
 *   1. A stream's next trade is page[at]; an ended stream is not in the heap.
 *   2. `from_ns` is the time of the last trade that a page had, and `used` how many trades of that
 *      time have been in pages: a new page begins behind them, however many share a time.
 */
#include "export_merge.h"

#include <string.h>

enum { PAGE_ROWS_MAX = 65536, PAGE_ROWS_MIN = 64 };

typedef struct stream {
    tw_trade *page;
    uint32_t at;
    uint32_t count;
    uint32_t rank; /* among the symbols; breaks ties */
    tw_symbol symbol;
    int64_t from_ns;
    uint64_t used;
    bool ended; /* the store has no more behind the page */
} stream;

typedef struct merge {
    tw_store *store;
    const export_range *range;
    uint32_t page_rows;
    tw_trade *pages;
    stream *streams;
    stream **heap;
    uint32_t heap_count;
} merge;

/* ---- pages ---- */

typedef struct page_read {
    stream *into;
    uint32_t capacity;
    uint64_t skip;
} page_read;

/* Full is told by TW_FULL, which only this callback can give. */
static tw_status take_trade(void *context, const tw_trade *trade) {
    page_read *read = context;
    stream *into = read->into;
    if (trade->time_ns == into->from_ns && read->skip > 0) {
        read->skip--;
        return TW_OK;
    }
    if (into->count == read->capacity)
        return TW_FULL;
    into->page[into->count++] = *trade;
    return TW_OK;
}

static void note_end(stream *into) {
    if (into->count == 0)
        return;
    int64_t last_ns = into->page[into->count - 1].time_ns;
    uint64_t same = 0;
    while (same < into->count && into->page[into->count - 1 - same].time_ns == last_ns)
        same++;
    bool whole = same == into->count && last_ns == into->from_ns;
    into->used = whole ? into->used + same : same; /* invariant 2 */
    into->from_ns = last_ns;
}

static tw_status turn_page(merge *all, stream *into, tw_error *error) {
    into->at = into->count = 0;
    if (into->ended)
        return TW_OK;
    page_read read = {.into = into, .capacity = all->page_rows, .skip = into->used};
    const tw_store_range range = {
        .from_ns = into->from_ns, .to_ns = all->range->to_ns, .symbol = into->symbol};
    tw_status status = tw_store_read_trades(all->store, &range, take_trade, &read, error);
    if (status != TW_OK && status != TW_FULL)
        return status;
    into->ended = status == TW_OK;
    note_end(into);
    return TW_OK;
}

/* ---- the heap ---- */

static bool is_before(const stream *a, const stream *b) {
    int64_t left = a->page[a->at].time_ns;
    int64_t right = b->page[b->at].time_ns;
    return left != right ? left < right : a->rank < b->rank;
}

static void sift_down(merge *all, uint32_t at) {
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < all->heap_count; child++) {
            if (is_before(all->heap[child], all->heap[least]))
                least = child;
        }
        if (least == at)
            return;
        stream *moved = all->heap[at];
        all->heap[at] = all->heap[least];
        all->heap[least] = moved;
        at = least;
    }
}

static tw_status fill_heap(merge *all, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < all->range->symbol_count && status == TW_OK; i++) {
        stream *next = &all->streams[i];
        *next = (stream){.page = all->pages + (size_t)i * all->page_rows,
                         .rank = i,
                         .symbol = all->range->symbols[i],
                         .from_ns = all->range->from_ns};
        status = turn_page(all, next, error);
        if (status == TW_OK && next->count > 0)
            all->heap[all->heap_count++] = next;
    }
    for (uint32_t i = all->heap_count / 2; i-- > 0;)
        sift_down(all, i);
    return status;
}

static tw_status drain_heap(merge *all, tw_store_on_trade callback, void *context,
                            tw_error *error) {
    tw_status status = TW_OK;
    while (all->heap_count > 0 && status == TW_OK) {
        stream *first = all->heap[0];
        status = callback(context, &first->page[first->at++]);
        if (status == TW_OK && first->at == first->count)
            status = turn_page(all, first, error);
        if (first->at == first->count)
            all->heap[0] = all->heap[--all->heap_count];
        sift_down(all, 0);
    }
    return status;
}

tw_status export_by_time(tw_store *store, const export_range *range, tw_store_on_trade callback,
                         void *context, tw_error *error) {
    uint32_t count = range->symbol_count;
    if (count == 0)
        return TW_OK;
    size_t rows = EXPORT_PAGE_BYTES_MAX / sizeof(tw_trade) / count;
    rows = rows > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : rows < PAGE_ROWS_MIN ? PAGE_ROWS_MIN : rows;
    merge all = {.store = store, .range = range, .page_rows = (uint32_t)rows};
    all.pages = TW_NEW(NULL, rows * count, tw_trade);
    all.streams = TW_NEW(NULL, count, stream);
    all.heap = TW_NEW(NULL, count, stream *);
    tw_status status = TW_OK;
    if (all.pages == NULL || all.streams == NULL || all.heap == NULL)
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory to put %lu symbols in order",
                              (unsigned long)count);
    if (status == TW_OK)
        status = fill_heap(&all, error);
    if (status == TW_OK)
        status = drain_heap(&all, callback, context, error);
    TW_DELETE(NULL, all.heap, count, stream *);
    TW_DELETE(NULL, all.streams, count, stream);
    TW_DELETE(NULL, all.pages, rows * count, tw_trade);
    return status;
}
