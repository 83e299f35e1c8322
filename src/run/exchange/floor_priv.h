/*
 * floor_priv.h - what the files of the trading floor share: its state, and how a request to the
 * matching engine is told.
 *
 *     floor.c         requests and what they change
 *     floor_time.c    phases and time
 *     floor_agents.c  who acts next, how busy they are, when they rest
 *     floor_auction.c the auctions that open and close the session
 *     floor_halt.c    a symbol stops trading and opens again
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
    int64_t minute_end_ns;  /* of the one in which something traded; INT64_MAX: none is open */
    double shares;          /* of activity_share */
    bool jumping;           /* in floor_jump */
    int64_t alarm_ns;       /* floor_advance stops there */
    int64_t resting_ns;     /* since when the agents rest; 0: they act */
    uint64_t event_count;
    uint32_t symbol_count;

    bool gathering;        /* for the auction that ends this phase */
    uint32_t gathered;     /* orders of each symbol's agents that have come for it */
    int64_t gather_ns;     /* when the next of them come; INT64_MAX: none do */
    bool *asked;           /* a symbol: a user has an order for that auction */
    tw_quote *halt_quotes; /* a symbol: that of before its halt */
    int halt_news;         /* what the request that runs told of a halt of its symbol; 0: nothing */
    int auction_kind;      /* of the auction that began last; what it has traded last */
    uint64_t auction_trade_id;

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

/* Whether they come to auctions, and whether a symbol has any. */
bool floor_agents_attend(const trading_floor *floor);
bool floor_agents_has(const trading_floor *floor, tw_symbol symbol);

/* Orders of a symbol's agents for an auction: those from `first` up to `end`; all that are missing,
 * after a rest at prices of now; none any more. */
void floor_agents_gather(trading_floor *floor, tw_symbol symbol, tw_match_auction kind,
                         uint32_t first, uint32_t end);
void floor_agents_complete(trading_floor *floor, tw_symbol symbol, tw_match_auction kind);
void floor_agents_scatter(trading_floor *floor, tw_symbol symbol);

/* Takes back what a symbol's agents have in the book. */
void floor_agents_leave(trading_floor *floor, tw_symbol symbol);

/* They come back from their rest, with prices that have moved meanwhile. */
void floor_agents_wake(trading_floor *floor);

/* ---- floor_halt.c --------------------------------------------------------------------------- */

/* True while a symbol is halted and orders gather. */
bool floor_gathers_for_reopening(const trading_floor *floor, tw_symbol symbol);
void floor_tell_halt(trading_floor *floor, tw_symbol symbol, floor_halt_step step);

/* ---- floor_auction.c ------------------------------------------------------------------------ */

/* A phase has begun: finds when the gathering for the auction at its end begins. */
void floor_auction_plan(trading_floor *floor);

void floor_auction_next(trading_floor *floor);

/* The border has come: holds the auctions of all symbols. */
void floor_auction_hold(trading_floor *floor);

#endif
