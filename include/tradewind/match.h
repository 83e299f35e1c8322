/*
 * match.h - price-time matching of many symbols.
 *
 * A tw_match takes requests (submit, cancel, reduce, replace) one at a time, changes its book and
 * tells what happened, in order, through a sink. An order that crosses the book trades with the
 * best price first, within a price with the oldest order first, always at the price of the
 * resting order (the maker); what is left rests or is cancelled:
 *
 *     type    time in force   what is left after trading
 *     limit   day, gtc        rests behind all others of its price
 *     limit   ioc             is cancelled
 *     market  day, gtc, ioc   is cancelled
 *     any     fok             nothing: it trades whole or is cancelled whole
 *
 * The life of an order, with the events on each edge:
 *
 *     tw_match_submit -+- REJECTED                                            -> never was
 *                      +- ACCEPTED -+- TRADE ... last one                     -> filled
 *                                   +- [TRADE ...] RESTED                     -> in the book
 *                                   +- [TRADE ...] CANCELLED                  -> gone
 *     in the book: TRADE as the maker, its maker_remaining 0                  -> filled
 *                  tw_match_reduce: REDUCED                                   -> in the book
 *                  tw_match_cancel, reduce to nothing: CANCELLED              -> gone
 *                  tw_match_replace: REPLACED, smaller at the same price      -> in the book
 *                  tw_match_replace: REPLACED, then as after ACCEPTED
 *
 * The request's last event is BEST_CHANGED when price or size of the symbol's best is another
 * than before it. Every call also returns its verdict as a status, so that a caller who wants only
 * that needs no events: TW_OK, or what the REJECTED event's reason stands for.
 *
 * The tape: real orders can be replayed into a tw_match as orders of owner 0, their executions by
 * tw_match_execute, so that orders of other owners trade against a real day.
 *
 * Memory: all of it is taken by tw_match_new: that of a tw_book and a byte a symbol.
 * Cost: O(1) a trade, and what the book costs a resting order.
 * Threads: none of its own; a tw_match belongs to one thread at a time. The sink is called inside
 * the request; it may read the book but make no request.
 */
#ifndef TRADEWIND_MATCH_H
#define TRADEWIND_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/book.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

typedef struct tw_match tw_match;

/* What happens when an order would trade with a resting order of the same owner. Owner 0 is
 * nobody in particular and may always trade with itself. */
typedef enum tw_match_self_trade {
    TW_MATCH_SELF_TRADE_ALLOW = 0,
    TW_MATCH_SELF_TRADE_CANCEL_NEWEST = 1 /* the incoming order's rest is cancelled */
} tw_match_self_trade;

typedef struct tw_match_config {
    tw_book_config book;
    uint8_t self_trade; /* tw_match_self_trade */
    uint8_t reserved[7];
} tw_match_config;

typedef struct tw_match_order {
    uint64_t id;    /* 1 to 2^64 - 1, unique among the resting orders of its symbol */
    uint64_t owner; /* 0: the tape, or nobody in particular */
    tw_price price; /* limit orders; not read for market orders */
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t side;          /* tw_side */
    uint8_t type;          /* TW_ORDER_LIMIT or TW_ORDER_MARKET */
    uint8_t time_in_force; /* TW_DAY, TW_GOOD_TILL_CANCELED, TW_IMMEDIATE_OR_CANCEL,
                              TW_FILL_OR_KILL */
    uint8_t post_only;     /* 1: rejected if it would trade at once; day and gtc limit orders */
} tw_match_order;

typedef struct tw_match_replacement {
    uint64_t id; /* the order's new id; 0 keeps the old one */
    tw_price price;
    tw_quantity quantity; /* what shall be open from now on */
    uint8_t post_only;    /* 1: rejected, and the old order kept, if it would trade at once */
    uint8_t reserved[7];
} tw_match_replacement;

typedef enum tw_match_event_kind {
    TW_MATCH_ACCEPTED = 1,
    TW_MATCH_REJECTED = 2,
    TW_MATCH_TRADE = 3,
    TW_MATCH_RESTED = 4,
    TW_MATCH_REDUCED = 5,
    TW_MATCH_REPLACED = 6,
    TW_MATCH_CANCELLED = 7,
    TW_MATCH_BEST_CHANGED = 8,
    TW_MATCH_HALTED = 9,
    TW_MATCH_RESUMED = 10
} tw_match_event_kind;

typedef enum tw_match_reason {
    TW_MATCH_NO_REASON = 0,
    /* of REJECTED, with the status returned */
    TW_MATCH_BAD_SYMBOL = 1,    /* TW_INVALID */
    TW_MATCH_BAD_ID = 2,        /* TW_INVALID: zero */
    TW_MATCH_BAD_SIDE = 3,      /* TW_INVALID */
    TW_MATCH_BAD_TYPE = 4,      /* TW_UNSUPPORTED: a type, time in force or mix not taken here */
    TW_MATCH_BAD_PRICE = 5,     /* TW_INVALID */
    TW_MATCH_BAD_QUANTITY = 6,  /* TW_INVALID */
    TW_MATCH_DUPLICATE_ID = 7,  /* TW_EXISTS */
    TW_MATCH_UNKNOWN_ID = 8,    /* TW_NOT_FOUND */
    TW_MATCH_SYMBOL_HALTED = 9, /* TW_STATE */
    TW_MATCH_WOULD_TRADE = 10,  /* TW_LIMIT: a post-only order */
    /* of CANCELLED and REDUCED */
    TW_MATCH_REQUESTED = 20,
    TW_MATCH_IMMEDIATE = 21,    /* the rest of an immediate-or-cancel order */
    TW_MATCH_KILLED = 22,       /* a fill-or-kill order that could not fill whole */
    TW_MATCH_NO_LIQUIDITY = 23, /* the rest of a market order */
    TW_MATCH_SELF_TRADE = 24,
    TW_MATCH_CAPACITY = 25, /* the book had no room for what was to rest */
    TW_MATCH_DISPLACED = 26 /* see tw_match_execute */
} tw_match_reason;

/* One thing that happened. The book already shows it when the sink is called. */
typedef struct tw_match_event {
    uint64_t sequence; /* 1, 2, 3 ... over all symbols, without a gap */
    uint64_t trade_id; /* TRADE: 1, 2, 3 ... over all symbols; else 0 */
    uint64_t id;       /* the order; of a TRADE the taker, 0 when it is unseen */
    uint64_t owner;    /* of `id` */
    uint64_t maker_id; /* TRADE; else 0 */
    uint64_t maker_owner;
    uint64_t previous_id; /* REPLACED: id and price it had until now; else 0 */
    tw_price previous_price;
    tw_price price;        /* TRADE: the maker's; else the order's limit, 0 when it has none */
    tw_quantity quantity;  /* traded, accepted, rested, taken off; REPLACED: now open */
    tw_quantity remaining; /* of `id` after this event */
    tw_quantity maker_remaining; /* TRADE */
    tw_symbol symbol;
    uint8_t kind;   /* tw_match_event_kind */
    uint8_t reason; /* tw_match_reason */
    uint8_t side;   /* of `id`; of a TRADE the taker's */
    uint8_t reserved;
} tw_match_event;

typedef struct tw_match_sink {
    void (*event)(void *context, const tw_match_event *event); /* the event is borrowed */
    void *context;
} tw_match_sink;

/* Counts since creation. Quantities are nano units modulo 2^64, so that
 *     entered = bought + sold + withdrawn + what rests now
 * holds for ever; tw_match_check asserts it. */
typedef struct tw_match_counters {
    uint64_t accepted;
    uint64_t rejected; /* requests of every kind */
    uint64_t trades;
    uint64_t rested;
    uint64_t cancelled;
    uint64_t quantity_entered;   /* by accepted orders, replacements and unseen takers */
    uint64_t quantity_bought;    /* in every trade one side buys ... */
    uint64_t quantity_sold;      /* ... what the other sells */
    uint64_t quantity_withdrawn; /* cancelled, reduced and replaced */
} tw_match_counters;

TW_BEGIN_DECLS

/* Makes an empty matching engine. TW_INVALID (a count, or self_trade), TW_NO_MEMORY. */
TW_API tw_status tw_match_new(const tw_allocator *allocator, const tw_match_config *config,
                              tw_match **ret_match) TW_MUST_CHECK;
TW_API void tw_match_free(tw_match *match);

/* The book, to read. An order's tag is its owner. Borrowed. */
TW_API const tw_book *tw_match_book(const tw_match *match);

/* Takes a new order. TW_OK once it is accepted, whatever comes of it then; else the status of the
 * rejection's reason. */
TW_API tw_status tw_match_submit(tw_match *match, const tw_match_order *order,
                                 const tw_match_sink *sink);

/* Removes a resting order. TW_NOT_FOUND, TW_INVALID (symbol). */
TW_API tw_status tw_match_cancel(tw_match *match, tw_symbol symbol, uint64_t id,
                                 const tw_match_sink *sink);

/* Takes `quantity` off a resting order, which keeps its place; all of it cancels the order.
 * TW_INVALID, TW_NOT_FOUND; TW_RANGE when it held less: it is cancelled. */
TW_API tw_status tw_match_reduce(tw_match *match, tw_symbol symbol, uint64_t id,
                                 tw_quantity quantity, const tw_match_sink *sink);

/* Changes price, open quantity and id of a resting order. At the same price, no larger and under
 * the same id it keeps its place; otherwise it is taken out and comes in like a new day limit
 * order of its owner and side, trading at once if it crosses. The statuses of tw_match_submit, and
 * TW_NOT_FOUND. */
TW_API tw_status tw_match_replace(tw_match *match, tw_symbol symbol, uint64_t id,
                                  const tw_match_replacement *replacement,
                                  const tw_match_sink *sink);

/*
 * Executes `quantity` of a resting order as the tape tells it: an unseen taker (id 0, owner 0)
 * comes for it. Orders of owners other than 0 that stand before it, by price and then time, are
 * filled first, each at its own price; orders of owner 0 are left alone, because the tape says that
 * they did not trade. What they took is missing to an order of owner 0: that part of it is
 * withdrawn as TW_MATCH_DISPLACED, so that the order has left what the tape believes. A halt does
 * not stop the tape. TW_INVALID, TW_NOT_FOUND; TW_RANGE when the order held less: all of it is
 * executed.
 */
TW_API tw_status tw_match_execute(tw_match *match, tw_symbol symbol, uint64_t id,
                                  tw_quantity quantity, const tw_match_sink *sink);

/* Stops and restarts a symbol. While halted, submit and replace are rejected; cancel and reduce
 * are not. TW_STATE when it is so already, TW_INVALID (symbol); no REJECTED event for either. */
TW_API tw_status tw_match_halt(tw_match *match, tw_symbol symbol, const tw_match_sink *sink);
TW_API tw_status tw_match_resume(tw_match *match, tw_symbol symbol, const tw_match_sink *sink);
TW_API bool tw_match_is_halted(const tw_match *match, tw_symbol symbol);

TW_API void tw_match_counters_of(const tw_match *match, tw_match_counters *ret_counters);

/* Walks everything and asserts its invariants, conservation of quantity among them. */
TW_API void tw_match_check(const tw_match *match);

TW_END_DECLS

TW_DEFINE_AUTO(tw_match, tw_match_free)

#endif
