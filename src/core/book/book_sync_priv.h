/*
 * book_sync_priv.h - what the files of the synchroniser share. The invariants are in book_sync.c.
 */
#ifndef TRADEWIND_BOOK_SYNC_PRIV_H
#define TRADEWIND_BOOK_SYNC_PRIV_H

#include "book_waiting.h"
#include "tradewind/book_sync.h"

typedef struct sync_symbol {
    uint64_t last_id;
    uint64_t last_first_id; /* first_id of what was put into the book last */
    uint64_t snapshot_id;
    uint64_t lost_id;
    tw_book_sync_counts counts;
    waiting_queue waiting;
    uint32_t idle_count; /* changes in a row that were too old */
    uint8_t state;
    uint8_t numbering; /* tw_book_sync_numbering; AUTO: not known yet */
    bool asked;        /* the caller was told to ask for a snapshot */
    bool has_digits;   /* the next two are known */
    uint8_t price_digits;
    uint8_t quantity_digits;
    uint8_t reserved[2];
} sync_symbol;

_Static_assert(sizeof(sync_symbol) <= 240, "as book_sync.h states its memory");

struct tw_book_sync {
    tw_book *book;
    sync_symbol *symbols;
    waiting_room room;
    uint64_t bad_symbols; /* updates of symbols outside of the count */
    tw_book_sync_config config;
    tw_allocator allocator;
};

/* One update on its way into the book: its levels lie in an array, or wait in a list. */
typedef struct sync_incoming {
    const tw_depth_update *update;
    uint32_t waiting_level; /* the list's first, if it has one and update->levels is NULL */
} sync_incoming;

/* Empties the book of the update's symbol. */
void sync_empty_book(tw_book_sync *sync, const tw_depth_update *update);

/* Makes the update's symbol stale, for the reason that `outcome` names; returns TW_STATE. */
tw_status sync_go_stale(tw_book_sync *sync, const tw_depth_update *update,
                        tw_book_sync_outcome outcome, tw_book_sync_result *result);

/* Puts one update into the book, the whole of it, as its last_id. TW_STATE (the checksum is
 * another), TW_FULL, TW_INVALID: then the symbol is stale, and `result` says why. */
tw_status sync_absorb(tw_book_sync *sync, sync_incoming in, tw_book_sync_result *result);

static inline bool sync_is_numbered(const sync_symbol *symbol) {
    return symbol->numbering == TW_BOOK_SYNC_RANGE || symbol->numbering == TW_BOOK_SYNC_PREVIOUS;
}

#endif
