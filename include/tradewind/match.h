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
 *     both    opg, cls        takes part in the opening or closing auction only, see "Auctions"
 *
 * A stop, stop-limit or trailing stop (day, gtc) waits outside of the book until a trade reaches
 * its stop price; a stop becomes a market order then, a stop-limit a limit order, a trailing stop
 * a market order. See "Stops" below.
 *
 * The life of an order, with the events on each edge:
 *
 *     tw_match_submit -+- REJECTED                                            -> never was
 *                      +- ACCEPTED -+- (market, limit) enters, see below
 *                                   +- (stops, opg, cls) PARKED               -> waits
 *     tw_match_submit_group: as tw_match_submit, or HELD                      -> held
 *     held:        the entry is filled: RELEASED, then as after ACCEPTED
 *     waits:       a trade reaches its stop: TRIGGERED, then enters
 *     enters:      TRADE ... last one                                         -> filled
 *                  [TRADE ...] RESTED                                         -> in the book
 *                  [TRADE ...] CANCELLED                                      -> gone
 *     in the book: TRADE as the maker, its maker_remaining 0                  -> filled
 *                  tw_match_replace: REPLACED, smaller at the same price      -> in the book
 *                  tw_match_replace: REPLACED, then enters
 *     held, waits: tw_match_replace: REPLACED, then held, or PARKED again     -> as before
 *     any of them: tw_match_reduce, or a trade of its group: REDUCED          -> as before
 *                  tw_match_cancel, reduce to nothing, its group: CANCELLED   -> gone
 *
 * The request's last event is BEST_CHANGED when price or size of the symbol's best is another
 * than before it. Every call also returns its verdict as a status, so that a caller who wants only
 * that needs no events: TW_OK, or what the REJECTED event's reason stands for.
 *
 * Stops. Every trade of the symbol, and every price told by tw_match_see_price, is a price that
 * stops look at: first it moves the marks of trailing stops (the highest price since a sell came,
 * the lowest since a buy; the last trade before it came counts), then it reaches sells whose stop
 * is at or above it and buys whose stop is at or below it. Those it reaches line up: sells before
 * buys, on each side the stop first that is nearest to the market (the highest sell, the lowest
 * buy), among equals the oldest. (Two percentages of one mark may round to one stop: the smaller
 * one first.) The order that traded comes to its end first, then the line enters one after the
 * other; what their trades reach lines up behind. A stop that the last trade has reached already
 * when it comes is triggered at once. While the symbol is halted the line waits.
 *
 * Groups. See tw_match_submit_group.
 *
 * Auctions. From tw_match_auction_begin to tw_match_auction_end a symbol does not trade: limit
 * orders rest even where they cross, market orders wait (PARKED), ioc and fok are rejected, what
 * lines up waits, and so do orders of groups but for opg and cls entries. Orders that are for the
 * auction (opg for the opening, cls for the closing) may come at any time before; when it begins
 * their limit orders come into the book. At its end all that can trades at one price: the limit,
 * or the reference, at which the most is traded; of those the one that leaves the least over; of
 * those the nearest to the reference; of two as near, the higher. (The order of Nasdaq's Equity
 * Rules 4752(d)(2) and 4754(b)(2), opening and closing cross, without their step of the price at
 * which shares remain.) Market orders trade before limit orders, these by price, then by time.
 * Owners are not kept apart. What is left of market orders and of orders for the auction is
 * cancelled; then trading goes on, and the auction's price reaches stops.
 *
 * The tape: real orders can be replayed into a tw_match as orders of owner 0, their executions by
 * tw_match_execute, so that orders of other owners trade against a real day.
 *
 * Determinism: the same requests give the same events, bit for bit.
 *
 * Memory: all of it is taken by tw_match_new: that of a tw_book, 200 bytes a symbol, and about 200
 * bytes for each special order.
 * Cost: O(1) a trade, and what the book costs a resting order. A stop is O(1) to come and O(log n)
 * amortised to trigger or cancel, n being the stops of its side and symbol; a new mark moves all
 * trailing stops at once.
 * Threads: none of its own; a tw_match belongs to one thread at a time. The sink is called inside
 * the request; it may read the book but make no request.
 */
#ifndef TRADEWIND_MATCH_H
#define TRADEWIND_MATCH_H

#include <stdbool.h>
#include <stddef.h>
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
    TW_MATCH_SELF_TRADE_CANCEL_NEWEST = 1, /* the incoming order's rest is cancelled */
    TW_MATCH_SELF_TRADE_CANCEL_OLDEST = 2, /* the resting order is cancelled; matching goes on */
    TW_MATCH_SELF_TRADE_CANCEL_BOTH = 3,
    TW_MATCH_SELF_TRADE_DECREMENT = 4 /* both are reduced by what the smaller one had */
} tw_match_self_trade;

#define TW_MATCH_SPECIAL_COUNT_MAX (UINT32_C(1) << 28)

typedef struct tw_match_config {
    tw_book_config book;
    uint8_t self_trade; /* tw_match_self_trade */
    uint8_t reserved[3];
    uint32_t special_count_max; /* orders with a stop, for an auction, in a group, and market orders
                                   during an auction, alive at once; 0: none are taken; at most
                                   TW_MATCH_SPECIAL_COUNT_MAX */
} tw_match_config;

typedef struct tw_match_order {
    uint64_t id;    /* 1 to 2^64 - 1, unique among the live orders of its symbol */
    uint64_t owner; /* 0: the tape, or nobody in particular */
    tw_price price; /* limit and stop-limit orders; not read for others */
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t side;          /* tw_side */
    uint8_t type;          /* tw_order_type */
    uint8_t time_in_force; /* tw_time_in_force */
    uint8_t post_only;     /* 1: rejected if it would trade at once; day and gtc limit orders */
    tw_price stop_price;   /* stop and stop-limit orders; not read for others */
    tw_price trail_price;  /* trailing stops: how far the stop stands from the mark, > 0 ... */
    int64_t trail_percent_nano; /* ... or this part of the mark, in 1e-9 of a percent: above 0,
                                   below 100 percent; rounded down to a price. One of both. */
    tw_price
        mark; /* trailing stops: the highest price (buys: the lowest) that it has seen elsewhere,
                 for one that comes back; not read before the symbol's first trade; 0: none */
} tw_match_order;

typedef struct tw_match_replacement {
    uint64_t id;          /* the order's new id; 0 keeps the old one */
    tw_price price;       /* of limit and stop-limit orders */
    tw_quantity quantity; /* what shall be open from now on; of an order in a group: unchanged */
    uint8_t post_only;    /* 1: rejected, and the old order kept, if it would trade at once */
    uint8_t reserved[7];
    tw_price stop_price;        /* of waiting and held stops; 0 keeps the old one */
    tw_price trail_price;       /* of trailing stops, which keep their mark; 0 of both */
    int64_t trail_percent_nano; /* keeps the old trail */
} tw_match_replacement;

/* Orders that depend on each other; each has the symbol of the first. Those of an OCO have its
 * quantity, too; legs have one quantity, that of their entry or more: what it was filled for before
 * it came. */
typedef enum tw_match_group {
    TW_MATCH_OCO = 1,    /* 2 orders of one side: what one trades is taken off the other */
    TW_MATCH_OTO = 2,    /* an entry and a leg of the other side, held until the entry is filled */
    TW_MATCH_BRACKET = 3 /* an entry and two legs of the other side, which then are an OCO */
} tw_match_group;
#define TW_MATCH_GROUP_COUNT_MAX 3

typedef enum tw_match_auction {
    TW_MATCH_OPENING = 1,
    TW_MATCH_CLOSING = 2,
    TW_MATCH_REOPENING = 3 /* after a halt: neither opg nor cls orders take part */
} tw_match_auction;

typedef struct tw_match_outlook {
    tw_price price;
    tw_quantity quantity;  /* that trades */
    tw_quantity left_over; /* on `side`, at that price */
    uint8_t side;          /* TW_SIDE_NONE when nothing is left over */
    uint8_t reserved[7];
} tw_match_outlook;

/* Where a live order is. */
typedef enum tw_match_place {
    TW_MATCH_IN_BOOK = 1,
    TW_MATCH_WAITING = 2,   /* for a trade at its stop */
    TW_MATCH_HELD_BACK = 3, /* a leg, until its entry is filled */
    TW_MATCH_LINED_UP = 4,  /* triggered or released, until halt or auction are over */
    TW_MATCH_AT_AUCTION = 5 /* outside of the book, for an auction */
} tw_match_place;

/* A live order as it stands. */
typedef struct tw_match_view {
    uint64_t id;
    uint64_t owner;
    tw_price price;       /* its limit; 0 when it has none */
    tw_price stop_price;  /* 0 when it has none; of a trailing stop where it is now */
    tw_price mark;        /* of a waiting trailing stop; 0 before the first trade */
    tw_quantity quantity; /* open */
    tw_symbol symbol;
    uint8_t side;
    uint8_t type;  /* tw_order_type it came with */
    uint8_t place; /* tw_match_place */
    uint8_t reserved;
} tw_match_view;

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
    TW_MATCH_RESUMED = 10,
    TW_MATCH_PARKED = 11,    /* waits for its stop or for an auction */
    TW_MATCH_TRIGGERED = 12, /* its stop was reached */
    TW_MATCH_HELD = 13,      /* a leg of a group was taken; as ACCEPTED */
    TW_MATCH_RELEASED = 14,  /* the entry of its group was filled */
    TW_MATCH_AUCTION_BEGUN = 15,
    TW_MATCH_AUCTION_ENDED = 16 /* price and quantity traded, 0 when nothing was; `remaining` and
                                   `side`: what was left over at that price, and whose */
} tw_match_event_kind;

/* Flag of RESTED, REDUCED, CANCELLED and REPLACED: the order stands or stood in the book, at
 * `price` (REPLACED: stood, at `previous_price`). */
#define TW_MATCH_AT_LEVEL UINT8_C(1)
/* Flag of TRADE: in an auction. Its id is the buyer, its maker_id the seller; both may have left
 * levels of the book, at their own limits. */
#define TW_MATCH_IN_AUCTION UINT8_C(2)

typedef enum tw_match_reason {
    TW_MATCH_NO_REASON = 0,
    /* of REJECTED, with the status returned */
    TW_MATCH_BAD_SYMBOL = 1,      /* TW_INVALID */
    TW_MATCH_BAD_ID = 2,          /* TW_INVALID: zero */
    TW_MATCH_BAD_SIDE = 3,        /* TW_INVALID */
    TW_MATCH_BAD_TYPE = 4,        /* TW_UNSUPPORTED: a type, time in force or mix not taken here */
    TW_MATCH_BAD_PRICE = 5,       /* TW_INVALID */
    TW_MATCH_BAD_QUANTITY = 6,    /* TW_INVALID */
    TW_MATCH_DUPLICATE_ID = 7,    /* TW_EXISTS */
    TW_MATCH_UNKNOWN_ID = 8,      /* TW_NOT_FOUND */
    TW_MATCH_SYMBOL_HALTED = 9,   /* TW_STATE */
    TW_MATCH_WOULD_TRADE = 10,    /* TW_LIMIT: a post-only order */
    TW_MATCH_NO_ROOM = 11,        /* TW_FULL: special_count_max */
    TW_MATCH_BAD_TRAIL = 12,      /* TW_INVALID */
    TW_MATCH_BAD_GROUP = 13,      /* TW_INVALID: a mix of orders that is no such group */
    TW_MATCH_DURING_AUCTION = 14, /* TW_STATE: ioc, fok */
    /* of CANCELLED and REDUCED */
    TW_MATCH_REQUESTED = 20,
    TW_MATCH_IMMEDIATE = 21,    /* the rest of an immediate-or-cancel order */
    TW_MATCH_KILLED = 22,       /* a fill-or-kill order that could not fill whole */
    TW_MATCH_NO_LIQUIDITY = 23, /* the rest of a market order */
    TW_MATCH_SELF_TRADE = 24,
    TW_MATCH_CAPACITY = 25,  /* the book had no room for what was to rest */
    TW_MATCH_DISPLACED = 26, /* see tw_match_execute */
    TW_MATCH_GROUP = 27,     /* another order of its group traded, was reduced or cancelled */
    TW_MATCH_AUCTION_OVER = 28
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
    tw_price price; /* TRADE: the maker's; PARKED, TRIGGERED of a stop: where it is, 0 of a trailing
                       one before the first trade; else the order's limit, 0 when it has none */
    tw_quantity quantity;        /* traded, accepted, rested, taken off; REPLACED: now open */
    tw_quantity remaining;       /* of `id` after this event */
    tw_quantity maker_remaining; /* TRADE */
    tw_symbol symbol;
    uint8_t kind;   /* tw_match_event_kind */
    uint8_t reason; /* tw_match_reason */
    uint8_t side;   /* of `id`; of a TRADE the taker's */
    uint8_t flags;  /* TW_MATCH_AT_LEVEL, TW_MATCH_IN_AUCTION */
} tw_match_event;

typedef struct tw_match_sink {
    void (*event)(void *context, const tw_match_event *event); /* the event is borrowed */
    void *context;
} tw_match_sink;

/* Counts since creation. Quantities are nano units modulo 2^64, so that
 *     entered = bought + sold + withdrawn + what rests, waits or is held now
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

/*
 * Takes the orders of a group, all or none: 2 of an OCO or OTO, 3 of a bracket. The first of an
 * OTO or bracket is the entry, of any kind that tw_match_submit takes. Legs, and both orders of an
 * OCO, are day or gtc, and neither market nor post-only orders.
 *
 * An entry is ACCEPTED, its legs are HELD. Once it is filled whole they are RELEASED, and enter one
 * after the other in their order when the order that traded has come to its end (as stops that a
 * trade reached; see above). Of an OCO both are ACCEPTED, then enter.
 *
 * What one leg trades is taken off the other at once (REDUCED; CANCELLED when nothing is left of
 * it; reason TW_MATCH_GROUP), so both together never trade more than one of them was for. What
 * tw_match_reduce takes off an order is taken off the others that are alive. When one is cancelled,
 * for whatever reason, all are.
 *
 * A rejection names the order that is at fault. TW_INVALID (BAD_GROUP too), TW_FULL, and the
 * statuses of tw_match_submit.
 */
TW_API tw_status tw_match_submit_group(tw_match *match, tw_match_group kind,
                                       const tw_match_order *orders, size_t count,
                                       const tw_match_sink *sink);

/* A live order by its id, wherever it is. TW_NOT_FOUND. O(1); of a trailing stop O(trailing stops
 * of its mark). */
TW_API tw_status tw_match_find(const tw_match *match, tw_symbol symbol, uint64_t id,
                               tw_match_view *ret_view) TW_MUST_CHECK;

/* A trade of the symbol happened elsewhere at this price: stops look at it. TW_INVALID (symbol,
 * price), without an event. */
TW_API tw_status tw_match_see_price(tw_match *match, tw_symbol symbol, tw_price price,
                                    const tw_match_sink *sink);

/* Removes a live order. TW_NOT_FOUND, TW_INVALID (symbol). */
TW_API tw_status tw_match_cancel(tw_match *match, tw_symbol symbol, uint64_t id,
                                 const tw_match_sink *sink);

/* Takes `quantity` off a live order, which keeps its place; all of it cancels the order.
 * TW_INVALID, TW_NOT_FOUND; TW_RANGE when it held less: it is cancelled. */
TW_API tw_status tw_match_reduce(tw_match *match, tw_symbol symbol, uint64_t id,
                                 tw_quantity quantity, const tw_match_sink *sink);

/* Changes price, open quantity and id of a resting order. At the same price, no larger and under
 * the same id it keeps its place; otherwise it is taken out and comes in like a new day limit
 * order of its owner and side, trading at once if it crosses. A waiting stop comes again with its
 * new figures; a smaller quantity alone leaves it its age. The statuses of tw_match_submit, and
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
 * are not. Resuming lets in who lined up meanwhile. TW_STATE when it is so already, TW_INVALID
 * (symbol); no REJECTED event for either. */
TW_API tw_status tw_match_halt(tw_match *match, tw_symbol symbol, const tw_match_sink *sink);
TW_API tw_status tw_match_resume(tw_match *match, tw_symbol symbol, const tw_match_sink *sink);
TW_API bool tw_match_is_halted(const tw_match *match, tw_symbol symbol);

/* Begins and ends an auction, see above. A reference of 0 is the last trade, if there was one. An
 * auction may begin in a halt, but does not end in one. TW_STATE (already in one; in none; halted),
 * TW_INVALID (symbol, kind, reference); without an event. */
TW_API tw_status tw_match_auction_begin(tw_match *match, tw_symbol symbol, tw_match_auction kind,
                                        const tw_match_sink *sink);
TW_API tw_status tw_match_auction_end(tw_match *match, tw_symbol symbol, tw_price reference,
                                      const tw_match_sink *sink);
/* What would come of an auction if it ended now: of the one that the symbol is in, which must be of
 * this kind, or of one that began and ended at once. False when nothing would trade. Nothing is
 * changed or told. O(orders that cross, and limit orders that are for the auction). */
TW_API bool tw_match_auction_outlook(tw_match *match, tw_symbol symbol, tw_match_auction kind,
                                     tw_price reference, tw_match_outlook *ret_outlook);
/* Which auction a symbol is in; 0: none. */
TW_API int tw_match_auction_of(const tw_match *match, tw_symbol symbol);

TW_API void tw_match_counters_of(const tw_match *match, tw_match_counters *ret_counters);

/* Walks everything and asserts its invariants, conservation of quantity among them. */
TW_API void tw_match_check(const tw_match *match);

TW_END_DECLS

TW_DEFINE_AUTO(tw_match, tw_match_free)

#endif
