/*
 * book_replay.h - a file of market data through a book, one message at a time.
 *
 * Whatever the format is, each message becomes a step: the book is brought up to date and the
 * observer called. A feed by order goes into the book as it is; a feed by level goes through a
 * tw_book_sync, and a step of it is one after which the book is vouched for.
 *
 * A LOBSTER file begins in the middle of a day: orders that stood before are not in it. With an
 * initial book one order stands for each of its levels, and a change of an order that the file
 * never announced takes from that.
 */
#ifndef TRADEWIND_CLI_BOOK_REPLAY_H
#define TRADEWIND_CLI_BOOK_REPLAY_H

#include "progress.h"
#include "tradewind/book.h"
#include "tradewind/book_sync.h"
#include "tradewind/tape.h"
#include "tradewind/tape_itch.h"

typedef struct book_replay_config {
    const char *path;
    const char *initial; /* LOBSTER: a book file, whose first row is the book after the first
                          * message; empty: none */
    const char *symbol;  /* only this one; of a file without symbols its name. Empty: all */
    tw_tape_format format;
    uint32_t order_count_max;
} book_replay_config;

/* What one message did. */
typedef struct book_step {
    int64_t time_ns;
    tw_symbol symbol;
    bool whole;             /* the book may be shown: no other message belongs to this one */
    tw_price trade_price;   /* of a trade that came with it; a quantity of 0: none */
    tw_quantity trade_size; /* shares, contracts, coins */
    uint8_t trade_side;     /* tw_side of the resting order, TW_SIDE_NONE if unknown */
} book_step;

typedef tw_status (*book_on_step)(void *context, const book_step *step, tw_error *error);

/* Messages by what they did. */
typedef struct book_totals {
    uint64_t messages;
    uint64_t adds;
    uint64_t cancels; /* parts of orders */
    uint64_t deletes;
    uint64_t replaces; /* and modifications */
    uint64_t executions;
    uint64_t hidden; /* and crosses: trades that leave the book alone */
    uint64_t halts;
    uint64_t clears;
    uint64_t others;
    uint64_t snapshots; /* of a feed by level */
    uint64_t changes;
    uint64_t quotes;
    uint64_t trades;
    uint64_t old_orders; /* changes of orders from before the file that its initial book absorbed */
    uint64_t announced;  /* unknown orders that a modification brought in */
    uint64_t locked;     /* times that the best prices of a whole book came to be equal */
    uint64_t crossed;    /* and to have passed each other */
    uint64_t gap_warnings;
    int64_t first_ns; /* times of the first and the last message; 0: none */
    int64_t last_ns;
    double seconds; /* of reading, decoding, applying and of what the observer did */
} book_totals;

typedef struct book_replay {
    book_replay_config config;
    tw_symbols *symbols;
    tw_tape *tape;
    tw_book *book;
    tw_book_sync *sync; /* feeds by level only */
    tw_symbol only;     /* TW_SYMBOL_NONE: all */
    tw_order_event *events;
    uint8_t *crossings; /* by symbol: tw_book_crossing when its book was whole last */
    book_totals totals;
    progress bar;
    book_on_step on_step;
    void *context;
} book_replay;

/* Opens the file and makes an empty book. TW_PARSE: the file has no book in it. TW_USAGE: an option
 * does not fit its format. Others as tw_tape_open. Close it in any case. */
tw_status book_replay_open(book_replay *replay, const book_replay_config *config,
                           tw_error *error) TW_MUST_CHECK;

/* Replays everything. `on_step` may be NULL: then blocks of messages are applied at once. A record
 * that is bad or a file that ends too early ends the replay with the status and place; the book and
 * the totals are what they were there. Other statuses: the first of the observer. */
tw_status book_replay_run(book_replay *replay, book_on_step on_step, void *context,
                          tw_error *error) TW_MUST_CHECK;

void book_replay_close(book_replay *replay);

#endif
