/*
 * quiet_venue.h - the world around an engine in a bench: an account, a history, a venue that fills
 * at once, and a store that is durable at once.
 *
 * Market events come through a ring, as in a run; rows and journal entries go into rings, which
 * whoever measures empties between his measurements. Nothing is random, and no clock is read.
 */
#ifndef QUIET_VENUE_H
#define QUIET_VENUE_H

#include "quiet_account.h"
#include "tradewind/engine.h"
#include "tradewind/ring.h"

typedef struct quiet_venue {
    tw_symbols *symbols;
    uint32_t symbol_count;
    int64_t begin_ns; /* the first moment: a midnight */
    int64_t now_ns;   /* venue time, which its events bear */
    int64_t cash_nano;
    int64_t *quantity_nano; /* [symbols] */
    int64_t *price_nano;    /* [symbols]: orders are filled at it */
    const quiet_account *account;

    tw_ring *market;
    tw_ring *rows;
    tw_ring *entries;
    uint64_t told;    /* events of the opening told so far */
    tw_order filling; /* submitted, and not yet told of */
    bool is_filling;
    uint64_t fills;
    uint64_t sequence; /* newest journal entry */
    uint64_t hash;     /* of all entries */
    bool hashes;       /* entries are hashed when they are emptied */

    void (*on_submit)(void *context, const tw_order *order);
    void *context;
} quiet_venue;

/* Symbols S0 ..., positions, prices; all memory. Ends the program when there is none. */
void quiet_venue_init(quiet_venue *venue, uint32_t symbol_count, size_t market_events);
void quiet_venue_done(quiet_venue *venue);

/* Account, history and store as at first, with nothing told. The account is borrowed. */
void quiet_venue_begin(quiet_venue *venue, const quiet_account *account);

/* Ports that end here. */
void quiet_venue_ports(quiet_venue *venue, tw_engine_ports *ret_ports);

/* What the recorder's thread would do. */
void quiet_venue_empty(quiet_venue *venue);

#endif
