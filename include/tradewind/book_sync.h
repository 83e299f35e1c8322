/*
 * book_sync.h - keeps books by level right, from feeds that lose, repeat and swap messages.
 *
 * A venue that tells its book by level sends changes, and on request (or at the start) a snapshot.
 * A tw_book_sync stands between such a feed (tw_depth_update of market.h, of any number of symbols)
 * and the tw_book that it keeps: it holds changes back until a snapshot is there, loads that, lets
 * go of what the snapshot already has, applies the rest, and from then on watches the numbers and
 * checksums of the venue. A symbol whose book cannot be vouched for is STALE until a newer snapshot
 * made it whole.
 *
 *     tw_book_sync_config config = {
 *         .symbol_count_max = 8, .update_count_max = 4096, .level_count_max = 200000};
 *     tw_book_sync *sync = NULL;
 *     if (tw_book_sync_new(NULL, &config, book, &sync) != TW_OK) ...
 *     switch (tw_book_sync_apply(sync, &update, &result)) {
 *     case TW_OK:    break;                the book is right
 *     case TW_EMPTY: break;                kept until the snapshot comes that was asked for
 *     case TW_STATE: ask_for_snapshot();   the book is not right, and only a snapshot helps
 *     case TW_FULL:  ...                   as TW_STATE; the book had no room
 *     case TW_INVALID: ...                 as TW_STATE; the update makes no sense (result.reason)
 *     }
 *     const tw_book *readable;
 *     if (tw_book_sync_book(sync, symbol, &readable) == TW_OK)
 *         tw_book_best(readable, symbol, &best);
 *
 * How updates are numbered (tw_book_sync_numbering) decides what follows what; L is the last_id of
 * the snapshot, `last` that of the update applied before, U, u and pu first_id, last_id and
 * previous_id of this one:
 *
 *     RANGE       first after the snapshot: U <= L + 1 <= u; then U == last + 1.
 *                 Binance spot ("How to manage a local order book correctly"), and any feed
 *                 that counts its messages (U == u).
 *     PREVIOUS    first after the snapshot: pu <= L < u; then pu == last.
 *                 Binance futures, OKX (prevSeqId, seqId). Binance's page asks for U <= L <= u of
 *                 the first. Its numbers are shared by all symbols, so U lies far above pu when a
 *                 symbol is quiet; as nothing of the symbol happened between pu and U, pu <= L is
 *                 as safe, and also holds for a snapshot taken in between.
 *     UNNUMBERED  Kraken: a snapshot comes in the stream itself, what follows it follows it.
 *                 Only the checksum tells a loss.
 *
 * An update below what the book has is dropped (OLD, DUPLICATE, LATE), one above leaves a GAP, one
 * that begins below and ends above is DISORDER. Numbers that stay below for TW_BOOK_SYNC_IDLE_MAX
 * updates in a row have begun anew or are of another symbol: that is DISORDER too, so that a book
 * cannot stand still and be taken for a quiet one.
 *
 * What cannot be known: an unnumbered change that was lost below the levels a checksum covers
 * shows only when it rises among them; and a snapshot that a venue cuts (Binance: 1,000 or 5,000
 * levels) says nothing of the levels beyond, which appear when they next change.
 *
 * Memory: all of it at creation: 240 bytes a symbol, 80 bytes an update and 32 bytes a level that
 * can wait at once (all symbols together). At the limit the oldest waiting updates are dropped,
 * whosever they are; their symbols then need a snapshot that is newer than those.
 * Cost: what tw_book_set_level costs a level, and 10 ns; about 0.6 us for a checksum of Kraken, 2
 * us for one of OKX. A side that has grown beyond depth_max is walked to its end: 0.3 us with 100
 * levels, 4 us with 1,000.
 * Threads: none of its own; a sync belongs with its book to one thread at a time. No clock is read.
 */
#ifndef TRADEWIND_BOOK_SYNC_H
#define TRADEWIND_BOOK_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/book.h"
#include "tradewind/market.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_BOOK_SYNC_IDLE_MAX 1024 /* updates in a row that a live book may find to be too old */

typedef enum tw_book_sync_state {
    TW_BOOK_SYNC_UNSYNCED = 0,  /* nothing came yet that could be used */
    TW_BOOK_SYNC_BUFFERING = 1, /* changes wait for the first snapshot */
    TW_BOOK_SYNC_LIVE = 2,      /* the book is the venue's, as of last_id */
    TW_BOOK_SYNC_STALE = 3      /* it was live and is not any more; changes wait for a snapshot */
} tw_book_sync_state;

typedef enum tw_book_sync_numbering {
    TW_BOOK_SYNC_AUTO = 0, /* each symbol's first change decides, and all others must be alike:
                            * previous_id is PREVIOUS, first_id is RANGE, neither is UNNUMBERED */
    TW_BOOK_SYNC_RANGE = 1,
    TW_BOOK_SYNC_PREVIOUS = 2,
    TW_BOOK_SYNC_UNNUMBERED = 3
} tw_book_sync_numbering;

/* What a checksum is made of; always CRC-32. */
typedef enum tw_book_checksum_kind {
    /* Kraken, "Book checksum": 10 asks, then 10 bids, best first; of each the price and the
     * quantity as the venue writes them (with price_digits and quantity_digits), without the point
     * and without leading zeros. */
    TW_BOOK_CHECKSUM_KRAKEN = 0,
    /* OKX, "books channel, checksum" (always 0 there since June 2026, so for recordings): 25 best
     * bids and asks in turn, price:quantity, in shortest form, all joined by ':'. */
    TW_BOOK_CHECKSUM_OKX = 1,
    TW_BOOK_CHECKSUM_IGNORED = 2 /* not looked at */
} tw_book_checksum_kind;

/* What became of an update. */
typedef enum tw_book_sync_outcome {
    TW_BOOK_SYNC_APPLIED = 0,      /* TW_OK: the changes are in the book */
    TW_BOOK_SYNC_LOADED = 1,       /* TW_OK: the snapshot is, and what waited for it */
    TW_BOOK_SYNC_OLD = 2,          /* TW_OK: dropped, the snapshot holds it */
    TW_BOOK_SYNC_DUPLICATE = 3,    /* TW_OK: dropped, it is the last one again */
    TW_BOOK_SYNC_LATE = 4,         /* TW_OK: dropped, later ones are in the book already */
    TW_BOOK_SYNC_BUFFERED = 5,     /* TW_STATE the first time, then TW_EMPTY: it waits */
    TW_BOOK_SYNC_OVERFLOWED = 6,   /* the same: larger than all there is to wait in; dropped */
    TW_BOOK_SYNC_EARLY = 7,        /* the same: without numbers nothing can wait; dropped */
    TW_BOOK_SYNC_SNAPSHOT_OLD = 8, /* ignored. TW_OK: a live book is newer. TW_STATE: changes
                                    * after it are lost, a newer one is needed */
    TW_BOOK_SYNC_GAP = 9,          /* TW_STATE: changes are missing. STALE; this one waits */
    TW_BOOK_SYNC_DISORDER = 10,    /* TW_STATE: it overlaps what is there, or the numbers began
                                    * anew. STALE; this one waits */
    TW_BOOK_SYNC_MISMATCH = 11,    /* TW_STATE: the checksum is another. STALE */
    TW_BOOK_SYNC_NO_ROOM = 12,     /* TW_FULL: the pool of levels is used up. STALE and empty */
    TW_BOOK_SYNC_REFUSED = 13      /* TW_INVALID: see tw_book_sync_reason. If LIVE, STALE */
} tw_book_sync_outcome;

/* Why an update was refused. */
typedef enum tw_book_sync_reason {
    TW_BOOK_SYNC_FINE = 0,
    TW_BOOK_SYNC_BAD_SYMBOL = 1,    /* outside of the configured count, or not the levels' */
    TW_BOOK_SYNC_BAD_NUMBERS = 2,   /* missing, or the first above the last */
    TW_BOOK_SYNC_BAD_NUMBERING = 3, /* not as the symbol's (or the configured) numbering is */
    TW_BOOK_SYNC_BAD_LEVEL = 4,     /* a side, price or quantity that no level has */
    TW_BOOK_SYNC_BAD_DIGITS = 5,    /* other digits than the symbol's, which checksums are of */
    TW_BOOK_SYNC_BAD_BOOK = 6       /* the book keeps this symbol in another way, or not at all */
} tw_book_sync_reason;

/* Zero means the default; symbol_count_max must be set, and the two others for feeds with numbers.
 */
typedef struct tw_book_sync_config {
    uint32_t symbol_count_max; /* symbols are 0 to this - 1; at most the book's */
    uint32_t update_count_max; /* that wait at once, all symbols together */
    uint32_t level_count_max;  /* in those */
    uint8_t numbering;         /* tw_book_sync_numbering */
    uint8_t checksum;          /* tw_book_checksum_kind, of updates that carry one */
    bool keep_stale;           /* a stale book keeps its levels, for who wants to show them in grey;
                                * otherwise it is emptied, so that nobody can trade on it */
    uint8_t reserved;
} tw_book_sync_config;

typedef struct tw_book_sync_result {
    uint64_t last_id;        /* the book holds the changes up to here; 0: no numbers, not LIVE */
    uint64_t missing_first;  /* GAP: what was not received. With PREVIOUS the numbers between are */
    uint64_t missing_last;   /* not all of this symbol */
    uint32_t checksum;       /* MISMATCH: that of our book */
    uint32_t replayed_count; /* of updates that waited, put into the book by this snapshot */
    uint32_t dropped_count;  /* of updates that waited, let go: held by the snapshot, or no room */
    uint8_t outcome;         /* tw_book_sync_outcome */
    uint8_t reason;          /* tw_book_sync_reason */
    uint8_t state;           /* tw_book_sync_state of the symbol now */
    uint8_t reserved;
} tw_book_sync_result;

/* What happened, counted since creation. */
typedef struct tw_book_sync_counts {
    uint64_t updates;       /* given to tw_book_sync_apply */
    uint64_t applied;       /* changes put into the book, at once or after waiting */
    uint64_t snapshots;     /* loaded */
    uint64_t snapshots_old; /* ignored */
    uint64_t buffered;      /* had to wait */
    uint64_t overflowed;    /* dropped for want of room to wait in */
    uint64_t early;         /* without numbers, before a snapshot */
    uint64_t old;           /* held by the snapshot */
    uint64_t duplicates;
    uint64_t late;
    uint64_t gaps;
    uint64_t disorders;
    uint64_t checksums;  /* compared */
    uint64_t mismatches; /* of those, different */
    uint64_t no_room;
    uint64_t refused;
    uint64_t cut_levels; /* beyond depth_max */
    uint64_t crossed;    /* updates after which the best bid was above the best ask */
} tw_book_sync_counts;

typedef struct tw_book_sync tw_book_sync;

TW_BEGIN_DECLS

/*
 * Makes a synchroniser for `book`, which is borrowed until the sync is freed; the caller reads it
 * and changes none of the symbols that are given to the sync. Several syncs may share a book if
 * none of their symbols are the same (one sync a venue). TW_INVALID for counts or kinds outside
 * their range, TW_NO_MEMORY.
 */
TW_API tw_status tw_book_sync_new(const tw_allocator *allocator, const tw_book_sync_config *config,
                                  tw_book *book, tw_book_sync **ret_sync) TW_MUST_CHECK;
/* The book stays as it is. NULL is accepted. */
TW_API void tw_book_sync_free(tw_book_sync *sync);

/*
 * Takes the next update of a feed. Its levels are not needed afterwards; their `clear`, `last` and
 * time are the update's business (`clear` is ignored, a time is kept). `ret_result` may be NULL.
 *     TW_OK       the book is right (result.outcome: why nothing had to be done)
 *     TW_EMPTY    the update waits, or is gone; the snapshot was asked for already
 *     TW_STATE    ask for a snapshot now: said once when it becomes necessary, and again when one
 *                 came that was too old. Time out and ask again if none comes
 *     TW_FULL     the book has no room for the levels; a snapshot is needed once there is
 *     TW_INVALID  refused; if the symbol was LIVE, a snapshot is needed
 */
TW_API tw_status tw_book_sync_apply(tw_book_sync *sync, const tw_depth_update *update,
                                    tw_book_sync_result *ret_result) TW_MUST_CHECK;

/* Begins anew with a symbol, after a connection was lost or a message could not be read: its book
 * is emptied, what waits is dropped, it is UNSYNCED. Counts stay. A symbol outside of the count is
 * a programmer error, here and below. */
TW_API void tw_book_sync_reset(tw_book_sync *sync, tw_symbol symbol);

TW_API tw_book_sync_state tw_book_sync_state_of(const tw_book_sync *sync, tw_symbol symbol);

/* The book, if that of the symbol is right: the one gate for readers. TW_EMPTY: UNSYNCED or
 * BUFFERING, TW_STATE: STALE. */
TW_API tw_status tw_book_sync_book(const tw_book_sync *sync, tw_symbol symbol,
                                   const tw_book **ret_book) TW_MUST_CHECK;

/* The counts of a symbol, or of all with TW_SYMBOL_NONE (updates with a bad symbol are only in
 * those). */
TW_API void tw_book_sync_counts_of(const tw_book_sync *sync, tw_symbol symbol,
                                   tw_book_sync_counts *ret_counts);

/* Updates, and levels in them, that wait now; NULL where it does not matter. */
TW_API void tw_book_sync_waiting(const tw_book_sync *sync, uint32_t *ret_update_count,
                                 uint32_t *ret_level_count);

/* "live", "gap", "bad_digits" ...; "?" for a number that is none. Never NULL. */
TW_API const char *tw_book_sync_state_name(tw_book_sync_state state);
TW_API const char *tw_book_sync_outcome_name(tw_book_sync_outcome outcome);
TW_API const char *tw_book_sync_reason_name(tw_book_sync_reason reason);

/* Walks every structure and asserts its invariants. O(everything); for tests and fuzzing. */
TW_API void tw_book_sync_check(const tw_book_sync *sync);

/*
 * The checksum of a symbol's best levels. The digits (0 to 18) are those of the venue's text
 * behind the point; OKX's kind needs none. TW_RANGE: a level has more digits than that, so its text
 * is not known. The kind must be one that is made of something.
 */
TW_API tw_status tw_book_checksum(const tw_book *book, tw_symbol symbol, tw_book_checksum_kind kind,
                                  uint8_t price_digits, uint8_t quantity_digits,
                                  uint32_t *ret_checksum) TW_MUST_CHECK;

/* CRC-32 as in zlib, gzip and Ethernet (IEEE 802.3, reflected). About 2.5 bytes a nanosecond. */
TW_API uint32_t tw_book_crc32(tw_slice bytes);

TW_END_DECLS

TW_DEFINE_AUTO(tw_book_sync, tw_book_sync_free)

#endif
