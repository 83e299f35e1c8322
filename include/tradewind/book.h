/*
 * book.h - the limit order books of many symbols.
 *
 * One tw_book holds the books of all symbols over shared pools of orders and price levels. A
 * symbol is kept in one of three ways, decided by the first call that names it and forgotten by
 * tw_book_clear; a call of another way is TW_STATE:
 *
 *     by order   tw_book_add, reduce, delete, execute, replace: every order, in price-time order
 *     by level   tw_book_set_level: the total at each price
 *     by top     tw_book_set_top: only the best bid and ask
 *
 * All three are read alike. The usual way of a feed by order:
 *
 *     tw_book_config config = {0};
 *     config.symbol_count_max = 500;
 *     config.order_count_max = 2000000;
 *     config.level_count_max = 200000;
 *     TW_AUTO(tw_book) *book = NULL;
 *     if (tw_book_new(NULL, &config, &book) != TW_OK) ...
 *     tw_book_order order = {0};
 *     order.id = 7; order.side = TW_SIDE_BUY; order.price.nano = ...; order.quantity.nano = ...;
 *     if (tw_book_add(book, symbol, &order) != TW_OK) ...
 *     tw_quote best;
 *     tw_book_best(book, symbol, &best);
 *
 * Feeds are not to be trusted, so no input can damage a book: what makes no sense is counted in
 * tw_book_anomalies and answered with a status. Every failed call leaves the book as it was, with
 * one stated exception: a reduction or execution of more than an order holds (TW_RANGE) removes
 * the order, which is the nearest that is possible. Crossed and locked books are kept as they
 * come (they are ordinary before an opening); each time a book becomes one is counted.
 *
 * Prices may be any multiples of anything: a symbol's tick is learned as the greatest common
 * divisor of its prices, and forgotten with tw_book_clear. Prices that share a useful tick (64 of
 * which make a page) are what is fast; a single odd price makes a symbol slower, not wrong.
 *
 * Memory: all of it is taken by tw_book_new: an order takes 32 bytes (40 with its tag) and 8 to 16
 * in the id table, a page of 64 neighbouring prices 2,112 (one at most for each level, and 64 that
 * wait for their prices to come back), a symbol 256. Pages of the system are first touched
 * when used, so a generous maximum costs address space only. At a limit a call is TW_FULL.
 * Cost: finding, adding, changing and removing orders and levels, and the best price, are O(1);
 * O(log pages) where a page is met that was not met lately. The id table grows by doubling inside
 * its reserve, which is one pause that visits every order then alive; order_count_expected avoids
 * it. Should ids be in step with how they are spread, the table is filled anew with another factor,
 * which is such a pause as well. Threads: none of its own; a book belongs to one thread at a time.
 */
#ifndef TRADEWIND_BOOK_H
#define TRADEWIND_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

#define TW_BOOK_COUNT_MAX (UINT32_C(1) << 30)       /* of symbols, of orders */
#define TW_BOOK_LEVEL_COUNT_MAX (UINT32_C(1) << 25) /* of levels */

typedef struct tw_book tw_book;

typedef struct tw_book_config {
    uint32_t symbol_count_max;     /* symbols are 0 to this - 1; 1 to TW_BOOK_COUNT_MAX */
    uint32_t order_count_max;      /* alive at once, all symbols; 0 when nothing is by order */
    uint32_t level_count_max;      /* alive at once, all symbols, both sides; 1 to
                                    * TW_BOOK_LEVEL_COUNT_MAX */
    uint32_t order_count_expected; /* the id table is made for so many; 0: starts small */
    bool allow_nonpositive_prices; /* spreads and some futures trade at zero and below */
    bool keep_tags;                /* orders carry the caller's tag */
} tw_book_config;

/* An order as it enters a book. */
typedef struct tw_book_order {
    uint64_t id;  /* 1 to 2^64 - 1, unique among the live orders of its symbol */
    uint64_t tag; /* the caller's (an owner, a slot number), given back untouched if keep_tags */
    tw_price price;
    tw_quantity quantity; /* > 0 */
    uint8_t side;         /* tw_side */
    uint8_t reserved[7];
} tw_book_order;

/* An order as it stands in a book; quantity is what is left of it. */
typedef struct tw_book_view {
    uint64_t id;
    uint64_t tag;
    tw_price price;
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t side;
    uint8_t reserved[3];
} tw_book_view;

/* A price level as it stands in a book. */
typedef struct tw_book_level_view {
    tw_price price;
    tw_quantity quantity;
    uint32_t order_count; /* 0 unless the symbol is kept by order */
    tw_symbol symbol;
    uint8_t side;
    uint8_t reserved[7];
} tw_book_level_view;

/* Places inside a book, for walking it. A place is good until its own order or level is removed,
 * or something is added; removing others does not move it, so a walk may remove what it has
 * passed. */
typedef uint32_t tw_book_level_place;
typedef uint32_t tw_book_order_place;
#define TW_BOOK_NO_PLACE UINT32_C(0)

#define TW_BOOK_BEST_BID UINT8_C(1)
#define TW_BOOK_BEST_ASK UINT8_C(2)

/* What became of one event. */
typedef struct tw_book_result {
    int32_t status;       /* tw_status of the single call */
    uint8_t best_changed; /* TW_BOOK_BEST_BID and _ASK: price or size of the best is another */
    uint8_t reserved[3];
} tw_book_result;

/* What a feed did that makes no sense, counted since the book was made. */
typedef struct tw_book_anomalies {
    uint64_t bad_symbol;     /* outside the configured count (TW_INVALID) */
    uint64_t bad_id;         /* id 0 (TW_INVALID) */
    uint64_t bad_side;       /* neither buy nor sell (TW_INVALID) */
    uint64_t bad_price;      /* zero or below without leave (TW_INVALID) */
    uint64_t bad_quantity;   /* zero or below, or a sum beyond 9.2e9 (TW_INVALID, TW_OVERFLOW) */
    uint64_t bad_kind;       /* an event of no known kind (TW_INVALID) */
    uint64_t wrong_way;      /* by order, by level and by top mixed (TW_STATE) */
    uint64_t unknown_id;     /* change of an order that is not there (TW_NOT_FOUND) */
    uint64_t unknown_level;  /* removal of a level that is not there (TW_NOT_FOUND) */
    uint64_t duplicate_id;   /* add of an order that is there (TW_EXISTS) */
    uint64_t over_reduced;   /* reduction by more than was left; order removed (TW_RANGE) */
    uint64_t over_executed;  /* execution of more than was left; order removed (TW_RANGE) */
    uint64_t orders_full;    /* (TW_FULL) */
    uint64_t levels_full;    /* (TW_FULL) */
    uint64_t became_locked;  /* best bid = best ask; no status */
    uint64_t became_crossed; /* best bid > best ask; no status */
} tw_book_anomalies;

typedef enum tw_book_crossing {
    TW_BOOK_UNCROSSED = 0,
    TW_BOOK_LOCKED = 1,
    TW_BOOK_CROSSED = 2
} tw_book_crossing;

/* How much is in the book of one symbol. */
typedef struct tw_book_counts {
    uint32_t bid_level_count;
    uint32_t ask_level_count;
    uint32_t bid_order_count;
    uint32_t ask_order_count;
} tw_book_counts;

/* How much of the pools is in use, all symbols together. */
typedef struct tw_book_usage {
    uint32_t order_count;
    uint32_t order_count_max;
    uint32_t level_count;
    uint32_t level_count_max;
} tw_book_usage;

/* What stands before an order at its own price. */
typedef struct tw_book_ahead {
    tw_quantity quantity;
    uint32_t order_count;
    uint32_t reserved;
} tw_book_ahead;

/* What taking a quantity from one side would give. */
typedef struct tw_book_cost {
    tw_quantity filled;     /* less than was asked for when the side has no more */
    tw_price average_price; /* to nearest, ties to even; 0 when nothing is filled */
    tw_price worst_price;   /* of the last level touched; 0 when nothing is filled */
    uint32_t level_count;   /* levels touched */
    uint32_t reserved;
} tw_book_cost;

TW_BEGIN_DECLS

/* Makes empty books. The handle is the caller's to free. TW_INVALID for counts outside their
 * range, TW_NO_MEMORY. */
TW_API tw_status tw_book_new(const tw_allocator *allocator, const tw_book_config *config,
                             tw_book **ret_book) TW_MUST_CHECK;
TW_API void tw_book_free(tw_book *book);

/* ---- By order --------------------------------------------------------------------------- */

/* Puts an order behind all others of its side and price. TW_INVALID (symbol, id, side, price,
 * quantity), TW_STATE, TW_EXISTS, TW_FULL, TW_OVERFLOW (the level would exceed an int64). */
TW_API tw_status tw_book_add(tw_book *book, tw_symbol symbol,
                             const tw_book_order *order) TW_MUST_CHECK;

/* Takes `quantity` (> 0) off an order, which keeps its place; all of it removes the order.
 * TW_INVALID, TW_STATE, TW_NOT_FOUND; TW_RANGE when it held less: it is removed. */
TW_API tw_status tw_book_reduce(tw_book *book, tw_symbol symbol, uint64_t id,
                                tw_quantity quantity) TW_MUST_CHECK;

/* Removes an order. TW_INVALID, TW_STATE, TW_NOT_FOUND. */
TW_API tw_status tw_book_delete(tw_book *book, tw_symbol symbol, uint64_t id) TW_MUST_CHECK;

/* As tw_book_reduce, for a quantity that traded: only the anomaly is counted elsewhere. */
TW_API tw_status tw_book_execute(tw_book *book, tw_symbol symbol, uint64_t id,
                                 tw_quantity quantity) TW_MUST_CHECK;

/* Takes at most `quantity` (> 0) off an order as tw_book_reduce, and tells how it stood before: for
 * who would have to find it first. TW_INVALID, TW_STATE, TW_NOT_FOUND. */
TW_API tw_status tw_book_take(tw_book *book, tw_symbol symbol, uint64_t id, tw_quantity quantity,
                              tw_book_view *ret_before) TW_MUST_CHECK;

/* Executes at most `quantity` (> 0) of the order that is first to trade on a side, if it stands at
 * `limit` or better, and tells how it stood before. TW_EMPTY when there is none; a symbol outside
 * of the configured count, another side or quantity is a programmer error. */
TW_API tw_status tw_book_execute_first(tw_book *book, tw_symbol symbol, tw_side side,
                                       tw_price limit, tw_quantity quantity,
                                       tw_book_view *ret_before) TW_MUST_CHECK;

/* Removes order `id` and adds `order` behind all others of its price, in one step: either both
 * happen or nothing. order->id may be `id` or new; a side of TW_SIDE_NONE keeps the old one.
 * TW_INVALID, TW_STATE, TW_NOT_FOUND, TW_EXISTS (another order has the new id), TW_FULL,
 * TW_OVERFLOW. */
TW_API tw_status tw_book_replace(tw_book *book, tw_symbol symbol, uint64_t id,
                                 const tw_book_order *order) TW_MUST_CHECK;

/* Gives order `id` this price and this quantity in all. It keeps its place unless the price is
 * another or the quantity grew; then it goes behind all others, in one step as tw_book_replace.
 * TW_INVALID, TW_STATE, TW_NOT_FOUND, TW_FULL, TW_OVERFLOW. */
TW_API tw_status tw_book_modify(tw_book *book, tw_symbol symbol, uint64_t id, tw_price price,
                                tw_quantity quantity) TW_MUST_CHECK;

/* Empties the book of a symbol, which may then be kept in another way. O(what was in it).
 * TW_INVALID (symbol). */
TW_API tw_status tw_book_clear(tw_book *book, tw_symbol symbol) TW_MUST_CHECK;

/* Applies an event of a feed as the call for its kind would. A time_ns other than 0 is that of
 * tw_book_set_time. Kinds that leave the book alone are TW_OK. */
TW_API tw_status tw_book_apply_event(tw_book *book, const tw_order_event *event) TW_MUST_CHECK;

/* The same for many, one after another, whatever became of those before; returns how many were
 * TW_OK. `ret_results` holds `count` results or is NULL. The memory of later events is fetched
 * while earlier ones are applied. */
TW_API size_t tw_book_apply(tw_book *book, const tw_order_event *events, size_t count,
                            tw_book_result *ret_results);

/* ---- By level and by top ---------------------------------------------------------------- */

/* Sets the total at one price; zero removes the level. level->clear empties the book of the
 * symbol first, and with a quantity of zero does only that (side and price are not read then).
 * TW_INVALID (symbol, side, price, negative quantity), TW_STATE, TW_FULL, and TW_NOT_FOUND for the
 * removal of a level that is not there, which many venues send and a caller may ignore. */
TW_API tw_status tw_book_set_level(tw_book *book, const tw_level *level) TW_MUST_CHECK;

/* Sets the one bid and the one ask of a symbol; a size of zero empties that side. TW_INVALID
 * (symbol, price, negative size), TW_STATE, TW_FULL. */
TW_API tw_status tw_book_set_top(tw_book *book, const tw_quote *quote) TW_MUST_CHECK;

/* ---- Reading: a symbol outside the configured count is a programmer error ---------------- */

/* The time that the next changes of a symbol happen at, for time_ns of tw_book_best and
 * tw_book_depth. By level and by top it comes with the change itself. */
TW_API void tw_book_set_time(tw_book *book, tw_symbol symbol, int64_t time_ns);

/* The best bid and ask with their total sizes; price and size are zero on an empty side. The
 * time is the latest one known to the symbol; venue fields are zero. O(1). */
TW_API void tw_book_best(const tw_book *book, tw_symbol symbol, tw_quote *ret_quote);

/* Brings a quote up to date that tw_book_best has filled for this symbol (one of zeros is that of
 * an empty book); true if a price or size of it is another now. O(1). */
TW_API bool tw_book_best_follow(const tw_book *book, tw_symbol symbol, tw_quote *quote);

/* The best price of a side; false when the side is empty. O(1). */
TW_API bool tw_book_best_price(const tw_book *book, tw_symbol symbol, tw_side side,
                               tw_price *ret_price);

/* A number that grows whenever price or size of the best bid or ask changes: compare it with the
 * last one seen instead of comparing quotes. O(1). */
TW_API uint64_t tw_book_revision(const tw_book *book, tw_symbol symbol);

/* The levels of one side from the best outwards, at most `capacity`; returns how many. Each
 * time_ns is that of the level's last change. */
TW_API size_t tw_book_depth(const tw_book *book, tw_symbol symbol, tw_side side,
                            tw_level *ret_levels, size_t capacity);

/* The best level of a side, and the next one outwards; TW_BOOK_NO_PLACE at the end. O(1). */
TW_API tw_book_level_place tw_book_level_first(const tw_book *book, tw_symbol symbol, tw_side side);
TW_API tw_book_level_place tw_book_level_next(const tw_book *book, tw_book_level_place level);
TW_API void tw_book_level_read(const tw_book *book, tw_book_level_place level,
                               tw_book_level_view *ret_view);

/* The first order in the queue of a level (the next to trade), and the one behind an order;
 * TW_BOOK_NO_PLACE at the end. O(1). */
TW_API tw_book_order_place tw_book_order_first(const tw_book *book, tw_book_level_place level);
TW_API tw_book_order_place tw_book_order_next(const tw_book *book, tw_book_order_place order);
TW_API void tw_book_order_read(const tw_book *book, tw_book_order_place order,
                               tw_book_view *ret_view);

/* An order by its id. TW_NOT_FOUND. O(1). */
TW_API tw_status tw_book_find(const tw_book *book, tw_symbol symbol, uint64_t id,
                              tw_book_view *ret_view) TW_MUST_CHECK;

/* What must trade at the order's own price before it does. TW_NOT_FOUND. O(orders ahead). */
TW_API tw_status tw_book_queue(const tw_book *book, tw_symbol symbol, uint64_t id,
                               tw_book_ahead *ret_ahead) TW_MUST_CHECK;

/* The total at one price, zero when there is no such level. O(log levels). */
TW_API tw_quantity tw_book_quantity_at(const tw_book *book, tw_symbol symbol, tw_side side,
                                       tw_price price);

/* The total of a side at `price` and all better prices. TW_OVERFLOW. O(levels passed). */
TW_API tw_status tw_book_quantity_through(const tw_book *book, tw_symbol symbol, tw_side side,
                                          tw_price price, tw_quantity *ret_quantity) TW_MUST_CHECK;

/* What it costs to take `quantity` (> 0) from `side` of the book: a buyer takes from
 * TW_SIDE_SELL. TW_INVALID (quantity), TW_EMPTY (nothing on that side). O(levels touched). */
TW_API tw_status tw_book_average_price(const tw_book *book, tw_symbol symbol, tw_side side,
                                       tw_quantity quantity, tw_book_cost *ret_cost) TW_MUST_CHECK;

/* Ask minus bid; negative when crossed. TW_EMPTY unless both sides have a price, TW_OVERFLOW. */
TW_API tw_status tw_book_spread(const tw_book *book, tw_symbol symbol,
                                tw_price *ret_spread) TW_MUST_CHECK;

/* The best prices weighted by each other's size, (bid x ask size + ask x bid size) / (bid size +
 * ask size), to nearest, ties to even (Gatheral and Oomen's weighted mid). TW_EMPTY unless both
 * sides have a price. */
TW_API tw_status tw_book_microprice(const tw_book *book, tw_symbol symbol,
                                    tw_price *ret_price) TW_MUST_CHECK;

/* (bids - asks) / (bids + asks) over the best `level_count` levels of each side: -1 is asks only,
 * 1 bids only. TW_INVALID (level_count 0), TW_EMPTY (no level at all). */
TW_API tw_status tw_book_imbalance(const tw_book *book, tw_symbol symbol, uint32_t level_count,
                                   double *ret_imbalance) TW_MUST_CHECK;

/* Whether best bid and best ask stand the right way round. O(1). */
TW_API tw_book_crossing tw_book_crossed(const tw_book *book, tw_symbol symbol);

/* O(levels). */
TW_API void tw_book_counts_of(const tw_book *book, tw_symbol symbol, tw_book_counts *ret_counts);
TW_API void tw_book_usage_of(const tw_book *book, tw_book_usage *ret_usage);
TW_API void tw_book_anomalies_of(const tw_book *book, tw_book_anomalies *ret_anomalies);

/* Walks every structure and asserts its invariants. O(everything); for tests and fuzzing. */
TW_API void tw_book_check(const tw_book *book);

TW_END_DECLS

TW_DEFINE_AUTO(tw_book, tw_book_free)

#endif
