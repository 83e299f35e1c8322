/*
 * book_sync_read.c - what a synchroniser tells: states, counts, names; and that it is whole.
 */
#include "book_sync_priv.h"

/* ---- reading --------------------------------------------------------------------------------- */

static const sync_symbol *symbol_of(const tw_book_sync *sync, tw_symbol symbol) {
    TW_ASSERT(sync != NULL && symbol < sync->config.symbol_count_max);
    return &sync->symbols[symbol];
}

tw_book_sync_state tw_book_sync_state_of(const tw_book_sync *sync, tw_symbol symbol) {
    return (tw_book_sync_state)symbol_of(sync, symbol)->state;
}

tw_status tw_book_sync_book(const tw_book_sync *sync, tw_symbol symbol, const tw_book **ret_book) {
    const sync_symbol *entry = symbol_of(sync, symbol);
    if (entry->state != TW_BOOK_SYNC_LIVE)
        return entry->state == TW_BOOK_SYNC_STALE ? TW_STATE : TW_EMPTY;
    *ret_book = sync->book;
    return TW_OK;
}

static void add_counts(tw_book_sync_counts *sum, const tw_book_sync_counts *counts) {
    uint64_t *into = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)counts;
    for (size_t i = 0; i < sizeof *sum / sizeof *into; i++)
        into[i] += from[i];
}

_Static_assert(sizeof(tw_book_sync_counts) == 18 * sizeof(uint64_t), "counts are numbers only");

void tw_book_sync_counts_of(const tw_book_sync *sync, tw_symbol symbol,
                            tw_book_sync_counts *ret_counts) {
    TW_ASSERT(sync != NULL && ret_counts != NULL);
    if (symbol != TW_SYMBOL_NONE) {
        *ret_counts = symbol_of(sync, symbol)->counts;
        return;
    }
    *ret_counts = (tw_book_sync_counts){.updates = sync->bad_symbols, .refused = sync->bad_symbols};
    for (uint32_t i = 0; i < sync->config.symbol_count_max; i++)
        add_counts(ret_counts, &sync->symbols[i].counts);
}

void tw_book_sync_waiting(const tw_book_sync *sync, uint32_t *ret_update_count,
                          uint32_t *ret_level_count) {
    TW_ASSERT(sync != NULL);
    if (ret_update_count != NULL)
        *ret_update_count = sync->room.update_count;
    if (ret_level_count != NULL)
        *ret_level_count = sync->room.level_count;
}

static const char *name_of(const char *const *names, size_t count, unsigned index) {
    return index < count ? names[index] : "?";
}

#define NAME_OF(names, index) name_of((names), sizeof(names) / sizeof *(names), (unsigned)(index))

const char *tw_book_sync_state_name(tw_book_sync_state state) {
    static const char *const names[] = {"unsynced", "buffering", "live", "stale"};
    return NAME_OF(names, state);
}

const char *tw_book_sync_outcome_name(tw_book_sync_outcome outcome) {
    static const char *const names[] = {"applied",  "loaded",     "old",     "duplicate",    "late",
                                        "buffered", "overflowed", "early",   "snapshot_old", "gap",
                                        "disorder", "mismatch",   "no_room", "refused"};
    return NAME_OF(names, outcome);
}

const char *tw_book_sync_reason_name(tw_book_sync_reason reason) {
    static const char *const names[] = {"fine",      "bad_symbol", "bad_numbers", "bad_numbering",
                                        "bad_level", "bad_digits", "bad_book"};
    return NAME_OF(names, reason);
}

/* ---- checking -------------------------------------------------------------------------------- */

static void check_symbol(const tw_book_sync *sync, tw_symbol symbol) {
    const sync_symbol *entry = &sync->symbols[symbol];
    TW_ASSERT(entry->state <= TW_BOOK_SYNC_STALE);
    if (entry->state == TW_BOOK_SYNC_LIVE) {
        TW_ASSERT(entry->waiting.count == 0 && !entry->asked); /* S3 */
        TW_ASSERT(entry->idle_count <= TW_BOOK_SYNC_IDLE_MAX);
        return;
    }
    bool may_wait = sync_is_numbered(entry) || entry->numbering == TW_BOOK_SYNC_AUTO;
    TW_ASSERT(entry->waiting.count == 0 || may_wait);
    bool claimed = entry->state != TW_BOOK_SYNC_UNSYNCED;
    if (!claimed || (entry->state == TW_BOOK_SYNC_STALE && sync->config.keep_stale))
        return;
    tw_book_counts counts;
    tw_book_counts_of(sync->book, symbol, &counts);
    TW_ASSERT(counts.bid_level_count == 0 && counts.ask_level_count == 0); /* S2 */
}

void tw_book_sync_check(const tw_book_sync *sync) {
    TW_ASSERT(sync != NULL);
    size_t waiting = 0;
    for (uint32_t i = 0; i < sync->config.symbol_count_max; i++) {
        waiting += waiting_check_queue(&sync->room, &sync->symbols[i].waiting, i);
        check_symbol(sync, i);
    }
    TW_ASSERT(waiting == sync->room.update_count);
    waiting_check(&sync->room);
}
