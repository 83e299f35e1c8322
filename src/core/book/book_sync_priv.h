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

static inline bool sync_is_numbered(const sync_symbol *symbol) {
    return symbol->numbering == TW_BOOK_SYNC_RANGE || symbol->numbering == TW_BOOK_SYNC_PREVIOUS;
}

#endif
