/*
 * floor_tape.h - a file of real orders played into the matching engine, for users to trade with.
 *
 * Every format by order that edge/tape reads: LOBSTER and Bitstamp (of one symbol), NASDAQ ITCH and
 * Databento's mbo (of many, of which the tape's symbols are taken). Each event does in the engine
 * what it did at its venue; an execution fills the orders of users that stand before the one that
 * it names (tw_match_execute). An order that crosses the book trades at once: a file from before an
 * opening has no auction here.
 *
 * What a venue tells of orders that the file never brought, or that users have traded away, is
 * unknown to the engine; the book counts it, and the replay goes on.
 *
 * Memory: that of the tape's reader. Threads: the floor's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FLOOR_TAPE_H
#define TRADEWIND_RUN_EXCHANGE_FLOOR_TAPE_H

#include "floor.h"

/* What Databento tells of a fill before it tells the cancellation that takes it from the book. */
typedef struct tape_fill {
    uint64_t id;
    int64_t quantity_nano;
} tape_fill;

#define TAPE_FILL_COUNT_MAX 64

typedef struct tape_replay {
    tw_tape *tape;       /* NULL without one, or after its end */
    tw_symbols *symbols; /* its own, numbered as the floor's */
    tw_order_event next;
    bool waiting;      /* `next` holds an event */
    uint64_t first_id; /* of the first order that the tape brings; 0: none yet */
    tape_fill fills[TAPE_FILL_COUNT_MAX];
    uint32_t fill_count;
} tape_replay;

/* What must be known of a tape before there is a floor. */
typedef struct tape_survey {
    int64_t first_ns; /* the first event of the market: after midnight, or since 1970 if dated */
    uint8_t format;   /* tw_tape_format */
    bool dated;
} tape_survey;

/* Reads up to the first event of the first `symbol_count` symbols. TW_UNSUPPORTED: no file of
 * orders; TW_PARSE: it has no event of them; else the statuses of its reader. */
tw_status floor_tape_survey(const tw_allocator *allocator, const char *path,
                            const tw_symbols *symbols, uint32_t symbol_count,
                            tape_survey *ret_survey, tw_error *error) TW_MUST_CHECK;

/* Opens the floor's tape, if it has one, and enters what stood before its first event. */
tw_status floor_tape_open(trading_floor *floor, tw_error *error) TW_MUST_CHECK;
void floor_tape_close(trading_floor *floor);

/* True for a symbol that is the tape's. */
bool floor_tape_has(const trading_floor *floor, tw_symbol symbol);

/* When its next event is due; INT64_MAX: it has none left. */
int64_t floor_tape_due(const trading_floor *floor);

/* Plays it. Statuses of the reader, and then the tape has ended. */
tw_status floor_tape_next(trading_floor *floor, tw_error *error) TW_MUST_CHECK;

#endif
