/*
 * floor_priv.h - what the files of the trading floor share: its state, and how a request to the
 * matching engine is told.
 *
 *     floor.c         requests and what they change
 *     floor_time.c    phases and time
 *     floor_agents.c  who acts next, how busy they are, when they rest
 *     floor_tape.c    the replay of a file of orders
 */
#ifndef TRADEWIND_RUN_EXCHANGE_FLOOR_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_FLOOR_PRIV_H

#include "floor.h"
#include "floor_tape.h"
#include "flow.h"
#include "tradewind/bars.h"

enum { FLOOR_TOUCHED_MAX = 256, FLOOR_SNAPSHOT_MAX = 4096 };

/* The next act of a symbol's agents; beside one another, so that the heap stays in the cache. */
typedef struct agent_due {
    int64_t at_ns;
    tw_symbol symbol;
} agent_due;

typedef struct minute_ring {
    uint32_t first;
    uint32_t count;
} minute_ring;

struct trading_floor {
    const tw_allocator *allocator;
    floor_config config;
    floor_sink sink;
    tw_match *match;
    tw_bars *bars;
    int64_t now_ns;
    session_phase phase;
    int64_t phase_until_ns;
    int64_t rates_until_ns; /* at most phase_until_ns */
    double shares;          /* of activity_share */
    bool jumping;           /* in floor_jump */
    int64_t alarm_ns;       /* floor_advance stops there */
    int64_t resting_ns;     /* since when the agents rest; 0: they act */
    uint64_t event_count;
    uint32_t symbol_count;

    order_flow *flows; /* one a symbol; unused for the symbol of the tape */
    agent_due *heap;   /* by (at_ns, symbol) */
    uint32_t heap_count;

    tape_replay tape;

    tw_trade *last_trades; /* quantity 0: none yet */
    tw_bar *minutes;       /* [symbol][minute_count_max] */
    minute_ring *rings;

    tw_level touched[FLOOR_TOUCHED_MAX];
    uint32_t touched_count;
    bool touched_overflow;
    bool best_changed;
    tw_level snapshot[FLOOR_SNAPSHOT_MAX];
};

/* Around each request to `match` about one symbol, whose sink is floor_on_match. */
void floor_request_begin(trading_floor *floor);
void floor_request_end(trading_floor *floor, tw_symbol symbol);
void floor_on_match(void *context, const tw_match_event *event);

/* Tells a trade that the matching engine did not make. */
void floor_tell_trade(trading_floor *floor, const tw_match_event *event);

/* A new order of anybody, and its cancellation. */
tw_status floor_enter(trading_floor *floor, const tw_match_order *order);
tw_status floor_remove(trading_floor *floor, tw_symbol symbol, uint64_t id);

/* Takes a minute that is over. */
void floor_on_minute(void *context, const tw_bar *bar, const tw_bars_detail *detail);

/* Where a symbol's price begins. */
tw_price floor_opening_price(const trading_floor *floor, tw_symbol symbol);

/* ---- floor_agents.c ------------------------------------------------------------------------- */

/* Places the orders that the book opens with. */
void floor_agents_start(trading_floor *floor);

/* Whether they act at this hour. */
bool floor_agents_may_act(const trading_floor *floor);

/* When the next of them acts; INT64_MAX: nobody does. */
int64_t floor_agents_due(const trading_floor *floor);
void floor_agents_next(trading_floor *floor);

/* Their rates are those of now, until rates_until_ns. */
void floor_agents_pace(trading_floor *floor);

/* They come back from their rest, with prices that have moved meanwhile. */
void floor_agents_wake(trading_floor *floor);

#endif
