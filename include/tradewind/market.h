/*
 * market.h - the words of the market: symbol, price, quantity, trade, quote, bar, order, fill.
 *
 * All records are plain data without pointers: they travel through rings, are compared with
 * memcmp in tests and are written to the store as they are. Times are nanoseconds since the
 * epoch, prices, quantities and money are int64_t at 1e-9 in structs of their own so that they
 * cannot be mixed. A symbol is a small index into a table (tw_symbols); its name appears only
 * at the edges.
 *
 * Memory: only tw_symbols owns any, all of it taken at creation.
 * Threads: records are values. A tw_symbols may be read from many threads while one adds.
 */
#ifndef TRADEWIND_MARKET_H
#define TRADEWIND_MARKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/decimal.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

typedef struct tw_price {
    int64_t nano;
} tw_price;

typedef struct tw_quantity {
    int64_t nano;
} tw_quantity;

typedef struct tw_money {
    int64_t nano;
} tw_money;

/* Index of a symbol in its table, from 0. */
typedef uint32_t tw_symbol;
#define TW_SYMBOL_NONE UINT32_MAX
#define TW_SYMBOL_NAME_SIZE 32 /* with the NUL */

typedef enum tw_side { TW_SIDE_NONE = 0, TW_SIDE_BUY = 1, TW_SIDE_SELL = 2 } tw_side;

typedef enum tw_order_type {
    TW_ORDER_MARKET = 0,
    TW_ORDER_LIMIT = 1,
    TW_ORDER_STOP = 2,
    TW_ORDER_STOP_LIMIT = 3,
    TW_ORDER_TRAILING_STOP = 4
} tw_order_type;

typedef enum tw_time_in_force {
    TW_DAY = 0,
    TW_GOOD_TILL_CANCELED = 1,
    TW_IMMEDIATE_OR_CANCEL = 2,
    TW_FILL_OR_KILL = 3,
    TW_AT_OPEN = 4,
    TW_AT_CLOSE = 5
} tw_time_in_force;

/* The life of an order as a venue tells it. The last six never change again. */
typedef enum tw_order_status {
    TW_ORDER_PENDING_NEW = 0, /* intended or sent, not yet acknowledged */
    TW_ORDER_NEW = 1,
    TW_ORDER_PARTIALLY_FILLED = 2,
    TW_ORDER_PENDING_CANCEL = 3,
    TW_ORDER_PENDING_REPLACE = 4,
    TW_ORDER_HELD = 5,
    TW_ORDER_SUSPENDED = 6,
    TW_ORDER_UNKNOWN = 7, /* sent; whether the venue has it is not known */
    TW_ORDER_FILLED = 8,
    TW_ORDER_CANCELED = 9,
    TW_ORDER_EXPIRED = 10,
    TW_ORDER_REJECTED = 11,
    TW_ORDER_REPLACED = 12,
    TW_ORDER_DONE_FOR_DAY = 13
} tw_order_status;

/* What a history says of a trade afterwards. */
typedef enum tw_trade_mark {
    TW_TRADE_STANDS = 0,
    TW_TRADE_CANCELED = 1,
    TW_TRADE_CORRECTED = 2, /* it replaces an incorrect one */
    TW_TRADE_INCORRECT = 3, /* it does not stand: another replaces it */
    TW_TRADE_MARKED = 4     /* by a word that is not known */
} tw_trade_mark;

/* One execution on the tape. */
typedef struct tw_trade {
    int64_t time_ns;
    tw_price price;
    tw_quantity quantity;
    uint64_t id; /* the venue's; 0 when it has none */
    tw_symbol symbol;
    uint8_t side;       /* tw_side of the aggressor, TW_SIDE_NONE when unknown */
    char exchange;      /* venue code, 0 when unknown */
    char tape;          /* 'A' 'B' 'C', 0 when unknown */
    char conditions[5]; /* condition codes, NUL-filled */
    uint8_t mark;       /* tw_trade_mark */
    uint8_t reserved[3];
} tw_trade;

/* The best bid and ask. A size of zero means that the side is empty. */
typedef struct tw_quote {
    int64_t time_ns;
    tw_price bid_price;
    tw_price ask_price;
    tw_quantity bid_size;
    tw_quantity ask_size;
    tw_symbol symbol;
    char bid_exchange;
    char ask_exchange;
    char tape;
    char conditions[5];
    uint8_t reserved[4];
} tw_quote;

/* One timeframe of one symbol; time_ns is its start (inclusive). */
typedef struct tw_bar {
    int64_t time_ns;
    int64_t timeframe_ns; /* 1s = 1e9, ...; TW_NS_PER_DAY is a session day */
    tw_price open;
    tw_price high;
    tw_price low;
    tw_price close;
    tw_price vwap;
    tw_quantity volume;
    uint64_t count; /* trades in it */
    tw_symbol symbol;
    uint32_t revision; /* 0 first, +1 each time it is corrected */
} tw_bar;

/* The total at one price of a book. A quantity of zero removes the level. */
typedef struct tw_level {
    int64_t time_ns;
    tw_price price;
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t side;
    uint8_t clear; /* 1: empty the whole book of the symbol first (start of a snapshot) */
    uint8_t last;  /* 1: the book is whole again after this level (end of a message) */
    uint8_t reserved[9];
} tw_level;

/* What one message of a feed by order does. The first seven have the numbers of LOBSTER's types. */
typedef enum tw_event_kind {
    TW_EVENT_ADD = 1,     /* a new order, behind all others of its side and price */
    TW_EVENT_REDUCE = 2,  /* `quantity` of an order is cancelled; it keeps its place */
    TW_EVENT_DELETE = 3,  /* all that is left of an order is cancelled */
    TW_EVENT_EXECUTE = 4, /* `quantity` of an order trades, at `price` where the feed tells it */
    TW_EVENT_HIDDEN = 5,  /* an order trades that the book does not show */
    TW_EVENT_CROSS = 6,   /* an auction trades; the book does not change */
    TW_EVENT_HALT = 7,    /* trading stops or goes on, see tw_trading_phase */
    TW_EVENT_REPLACE = 8, /* `id` leaves; `new_id` enters with price and quantity behind all others,
                           * on the same side if `side` is TW_SIDE_NONE */
    TW_EVENT_MODIFY = 9,  /* `id` has this price and quantity now; it keeps its place unless the
                           * price is another or the quantity grew */
    TW_EVENT_CLEAR = 10,  /* the book of the symbol is empty now */
    TW_EVENT_OTHER = 11   /* anything else a feed says; the book does not change */
} tw_event_kind;

typedef enum tw_trading_phase {
    TW_PHASE_NONE = 0, /* not a HALT */
    TW_PHASE_HALTED = 1,
    TW_PHASE_QUOTING = 2, /* orders are taken again */
    TW_PHASE_TRADING = 3  /* trading goes on */
} tw_trading_phase;

#define TW_EVENT_LAST UINT8_C(1)     /* the book is whole after this one */
#define TW_EVENT_SNAPSHOT UINT8_C(2) /* it repeats what stood before, from a snapshot */

/* One message of a feed by order. What a kind does not name above is zero. */
typedef struct tw_order_event {
    int64_t time_ns; /* since the epoch, or since midnight where the feed knows no date */
    uint64_t id;     /* of the order; 0 when it has none */
    uint64_t new_id; /* REPLACE; of a trade the venue's number for it, or 0 */
    tw_price price;
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t kind;   /* tw_event_kind */
    uint8_t side;   /* tw_side of the resting order */
    uint8_t flags;  /* TW_EVENT_LAST, TW_EVENT_SNAPSHOT */
    uint8_t detail; /* HALT: tw_trading_phase; OTHER: the feed's own letter for its type */
} tw_order_event;

/* One message of a feed by level: a snapshot, or changes. Its numbers are what gaps are found by.
 */
typedef struct tw_depth_update {
    int64_t time_ns;
    uint64_t first_id;      /* of the changes in it; 0: the feed does not number them */
    uint64_t last_id;       /* of a snapshot: up to which changes it holds */
    uint64_t previous_id;   /* last_id of the message before, where the feed tells it, else 0 */
    const tw_level *levels; /* their totals; zero removes. Borrowed from whoever gave the update */
    size_t level_count;
    tw_symbol symbol;
    uint32_t checksum;    /* of the book after it, if has_checksum */
    uint8_t has_checksum; /* 0 or 1 */
    uint8_t snapshot;     /* 1: this is the whole book, nothing of before stays */
    uint8_t price_digits; /* decimals of the feed's text, which a checksum is made from */
    uint8_t quantity_digits;
    uint32_t depth_max; /* levels a side that the venue keeps and checks; 0: all */
} tw_depth_update;

#define TW_CLIENT_ORDER_ID_SIZE 136 /* a venue's 128 bytes with the NUL */
#define TW_VENUE_ORDER_ID_SIZE 40   /* a UUID with the NUL */
#define TW_EXECUTION_ID_SIZE 40

/* An order, whole. Both ends use it: what a client sends, what a venue answers. */
typedef struct tw_order {
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE];
    char venue_order_id[TW_VENUE_ORDER_ID_SIZE]; /* empty until the venue names it */
    int64_t created_ns;
    int64_t updated_ns;
    tw_quantity quantity;
    tw_quantity filled;
    tw_price limit_price;   /* zero when it has none */
    tw_price stop_price;    /* zero when it has none */
    tw_price average_price; /* of the filled part; zero when none */
    tw_symbol symbol;
    uint8_t side;          /* tw_side */
    uint8_t type;          /* tw_order_type */
    uint8_t time_in_force; /* tw_time_in_force */
    uint8_t status;        /* tw_order_status */
    uint8_t extended_hours;
    uint8_t reserved[7];
} tw_order;

/* One execution of one of our orders. */
typedef struct tw_fill {
    char client_order_id[TW_CLIENT_ORDER_ID_SIZE];
    char execution_id[TW_EXECUTION_ID_SIZE];
    int64_t time_ns;
    tw_price price;
    tw_quantity quantity;
    tw_symbol symbol;
    uint8_t side;
    uint8_t reserved[3];
} tw_fill;

/* What is held of one symbol. */
typedef struct tw_position {
    tw_quantity quantity;   /* negative when short */
    tw_price average_price; /* entry, zero when flat */
    tw_price current_price; /* zero when unknown */
    tw_symbol symbol;
    uint32_t reserved;
} tw_position;

/* The table of symbol names. */
typedef struct tw_symbols tw_symbols;

TW_BEGIN_DECLS

/* Makes a table for at most `count_max` symbols. TW_NO_MEMORY. */
TW_API tw_status tw_symbols_new(const tw_allocator *allocator, uint32_t count_max,
                                tw_symbols **ret_symbols) TW_MUST_CHECK;
TW_API void tw_symbols_free(tw_symbols *symbols);

/* The index of a name, added if it is new. Names are 1 to 31 of A-Z a-z 0-9 . / - _ = ^ and of
 * NASDAQ's suffixes + # * $ % ! @ ~.
 * TW_INVALID for other names, TW_FULL at the limit. O(1). */
TW_API tw_status tw_symbols_intern(tw_symbols *symbols, tw_slice name,
                                   tw_symbol *ret_symbol) TW_MUST_CHECK;

/* The index of a known name, or TW_SYMBOL_NONE. O(1). */
TW_API tw_symbol tw_symbols_find(const tw_symbols *symbols, tw_slice name);

/* The name of an index that is in the table; anything else is a programmer error. Borrowed. */
TW_API const char *tw_symbols_name(const tw_symbols *symbols, tw_symbol symbol);
TW_API uint32_t tw_symbols_count(const tw_symbols *symbols);

/* "buy" "sell", "market" ..., "day" ..., "new" ...: the field's words (Alpaca's spelling), both
 * ways. Names are never NULL; a parse of another word is TW_PARSE. The name of TW_SIDE_NONE is
 * "none", which is not read. */
TW_API const char *tw_side_name(tw_side side);
TW_API const char *tw_order_type_name(tw_order_type type);
TW_API const char *tw_time_in_force_name(tw_time_in_force time_in_force);
TW_API const char *tw_order_status_name(tw_order_status status);
TW_API tw_status tw_side_parse(tw_slice text, tw_side *ret_side) TW_MUST_CHECK;
TW_API tw_status tw_order_type_parse(tw_slice text, tw_order_type *ret_type) TW_MUST_CHECK;
TW_API tw_status tw_time_in_force_parse(tw_slice text,
                                        tw_time_in_force *ret_time_in_force) TW_MUST_CHECK;
TW_API tw_status tw_order_status_parse(tw_slice text, tw_order_status *ret_status) TW_MUST_CHECK;

/* True for the statuses that never change again. */
TW_API bool tw_order_status_is_final(tw_order_status status);

/* Reads "1s 5s 1m 5m 15m 1h 4h 1d 1w" and Alpaca's "1Min 5T 1Hour 1D 1Day 1Week"; writes the
 * short and Alpaca's form. TW_PARSE, TW_RANGE (0, or more than 59 seconds, 59 minutes, 23 hours,
 * 1 day, 1 week). Writing takes whole seconds above zero and returns the text's length; the buffer
 * holds 16 bytes. Alpaca has no bars of seconds: their text is empty. */
TW_API tw_status tw_timeframe_parse(tw_slice text, int64_t *ret_timeframe_ns) TW_MUST_CHECK;
TW_API size_t tw_timeframe_format(int64_t timeframe_ns, char *buffer);
TW_API size_t tw_timeframe_format_alpaca(int64_t timeframe_ns, char *buffer);

/* price x quantity, to nearest, ties to even. TW_OVERFLOW beyond 9.2e9. */
TW_API tw_status tw_notional(tw_price price, tw_quantity quantity,
                             tw_money *ret_money) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_symbols, tw_symbols_free)

#endif
