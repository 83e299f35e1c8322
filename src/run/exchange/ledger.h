/*
 * ledger.h - accounts, their orders, cash and positions.
 *
 * The ledger takes order requests in Alpaca's words, refuses what Alpaca refuses (with its codes
 * and sentences), reserves money or shares for the rest, and hands them to the floor. What the
 * floor says about them comes back through ledger_on_match and moves cash, positions and the
 * status of the order; each such change is told through on_update, which becomes a message of
 * the trade_updates stream.
 *
 *     ledger_submit --> PENDING_NEW --ACCEPTED--> NEW --TRADE--> PARTIALLY_FILLED --TRADE--> FILLED
 *            |               |                     |                   |
 *            |               |                     +--- CANCELLED -----+--> CANCELED
 *            |               |                     +--- expiry --------+--> EXPIRED
 *            |               |                     +-- ledger_replace -+--> REPLACED
 *            |               +--REJECTED--> REJECTED
 *            +--> HELD (a leg) --RELEASED, TRIGGERED--> NEW
 *
 * Where a live order is: on its way to the floor (order_transit.c), with the ledger while it may
 * not trade (order_session.c: the market is closed; Alpaca calls such an order "accepted" until it
 * has been on the floor), else on the floor.
 *
 * Invariants
 *  1. Over all accounts and the floor, money and shares only change hands: each trade of an
 *     account moves cash by exactly price x quantity, rounded down to 1e-9. (Rounded to nearest,
 *     the parts of an order could cost more than what was held for the whole.)
 *  2. An open order holds either shares (it closes a position) or money (it opens one; see
 *     account_power.h): reserved money of an account = sum over its orders of the price they are
 *     held at x open quantity, rounded up; reserved shares of a symbol = sum of open quantities.
 *  3. An account without margin (multiplier_max 1) holds no short positions, and there
 *     cash - reserved >= 0 at any time. A market buy never pays more than the price it was held at.
 *  4. open_sells and open_buys of a holding count every open order of its symbol that holds
 *     something. While shares of a position are held, all open orders against it together want no
 *     more than it has.
 *  5. A client order id is taken for ever, whatever became of its order.
 *  6. Of two orders of which only one can be filled (the legs of a bracket, an OCO) the first holds
 *     for both; the other is passive and holds nothing. A leg that waits for its entry holds what
 *     the entry has bought so far.
 *  7. The floor knows an order by its match_id. One that replaces another takes over its match_id;
 *     `holder` of the order that brought the id says whose it is now.
 *
 * Memory: all at creation. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_LEDGER_H
#define TRADEWIND_RUN_EXCHANGE_LEDGER_H

#include "activity_log.h"
#include "floor.h"
#include "refusal.h"
#include "tradewind/alpaca.h"
#include "tradewind/map.h"
#include "tradewind/random.h"

#define LEDGER_KEY_SIZE 64
#define LEDGER_EVENT_ID_SIZE 27 /* 26 characters and the NUL */
#define LEDGER_ACCOUNT_COUNT_MAX 64

enum { LEDGER_LEG_COUNT_MAX = 2 };

/* Where a live order is. */
typedef enum order_place { ORDER_WAITS = 0, ORDER_ON_FLOOR = 1, ORDER_ON_ITS_WAY = 2 } order_place;

typedef enum order_class {
    ORDER_SIMPLE = 0,
    ORDER_BRACKET = 1, /* an entry and two legs */
    ORDER_OCO = 2,     /* two exits of which one is filled */
    ORDER_OTO = 3      /* an entry and one leg */
} order_class;

typedef struct ledger_order {
    tw_order order; /* venue_order_id is its UUID */
    uint64_t match_id;
    uint32_t holder; /* index of the order that has the match_id which this one brought */
    uint32_t account;
    uint32_t parent;                     /* index + 1 of what it is a leg of; 0: none */
    uint32_t legs[LEDGER_LEG_COUNT_MAX]; /* index + 1 each, 0: none */
    uint32_t replaces;                   /* index + 1 */
    uint32_t replaced_by;                /* index + 1 */
    uint8_t place;                       /* order_place */
    uint8_t group;                       /* order_class */
    bool passive;                        /* invariant 6 */
    int64_t covered_nano;                /* of a leg: what its entry has bought for it */
    int64_t expires_ns;                  /* 0: not by itself */
    int64_t expired_ns;
    int64_t replaced_ns;
    int64_t failed_ns;
    tw_price trail_price;
    int64_t trail_percent_nano;
    tw_price high_water_mark;  /* of a trailing stop as it was last seen */
    uint32_t next_same_uuid;   /* index + 1 of the next with the same hash; 0: none */
    uint32_t next_same_client; /* the same for the client order id */
    int64_t reserved_nano;     /* money or shares still held for it */
    int64_t reserve_price_nano;
    int64_t counted_nano; /* its part of open_sells or open_buys */
    bool holds_shares;    /* else money */
    int64_t notional_filled_nano;
    int64_t filled_ns;
    int64_t filled_day; /* the accounts' day of its newest trade */
    int64_t canceled_ns;
    tw_money notional; /* as requested, or 0 */
} ledger_order;

/* Quantity, cost and day cost are negative for a short position. */
typedef struct ledger_holding {
    tw_quantity quantity;
    tw_quantity reserved; /* shares held by orders that close */
    tw_quantity open_sells;
    tw_quantity open_buys;
    tw_money cost;
    tw_money day_cost; /* the same with what was there as the day began at yesterday's close */
    bool opened_today; /* and nothing of it was closed since (day_trades.h) */
    uint8_t unused[7]; /* zero: holdings are compared and kept as bytes */
} ledger_holding;

enum { DAY_TRADE_DAYS = 5 };

/* What was done on one trading day. */
typedef struct day_trade_tally {
    int64_t day;
    uint32_t day_trades;
    uint32_t trades; /* orders that traded */
} day_trade_tally;

/* When a rule of day trading is looked at: as an order opens a position, closes one, or both. */
typedef enum account_check {
    ACCOUNT_CHECK_ENTRY = 0,
    ACCOUNT_CHECK_EXIT = 1,
    ACCOUNT_CHECK_BOTH = 2,
    ACCOUNT_CHECK_COUNT = 3
} account_check;

/* What the user has set for his account; see PATCH /v2/account/configurations. */
typedef struct account_settings {
    int64_t multiplier_max; /* 1, 2 or 4 */
    int64_t options_level_max;
    uint8_t dtbp_check; /* account_check */
    uint8_t pdt_check;
    bool no_email;
    bool ptp_no_exception_entry;
    bool disable_overnight_trading;
    bool no_shorting;
    bool suspend_trade;
    bool fractional_trading;
} account_settings;

typedef struct ledger_account {
    char key[LEDGER_KEY_SIZE];
    char secret[LEDGER_KEY_SIZE];
    char name[LEDGER_KEY_SIZE]; /* what its owner calls it, or empty */
    bool closed;                /* nobody comes in, and it has no open orders */
    bool no_shorting;           /* whatever its settings say */
    char id[TW_VENUE_ORDER_ID_SIZE];
    uint32_t index;
    int64_t created_ns;
    int64_t multiplier_max; /* 1: no margin; 2, 4 */
    account_settings settings;
    tw_money cash;
    tw_money cash_start;
    tw_money reserved;
    /* As the day before closed (account_day.h). */
    tw_money last_equity;
    tw_money last_maintenance_margin;
    tw_money day_start_value; /* of all positions, without signs */
    tw_money last_memo;       /* what "sma" was (account_power.h) */
    /* As this day closed; nothing before that. */
    tw_money close_equity;
    tw_money close_maintenance_margin;
    tw_money close_memo;
    /* What was opened less what was closed since the day before closed, as it traded. */
    tw_money traded;
    tw_money close_traded;
    day_trade_tally tallies[DAY_TRADE_DAYS];
    bool pattern_day_trader;
    ledger_holding *holdings; /* one a symbol */
} ledger_account;

/* One change of an order. */
typedef struct ledger_update {
    const ledger_account *account;
    const ledger_order *order;
    tw_alpaca_event event;
    char execution_id[TW_EXECUTION_ID_SIZE];
    char event_id[LEDGER_EVENT_ID_SIZE]; /* empty until the update is kept */
    tw_price price;                      /* of a fill */
    tw_quantity quantity;                /* of a fill */
    tw_quantity position;                /* after a fill */
    int64_t time_ns;
} ledger_update;

typedef void (*ledger_on_update)(void *context, const ledger_update *update);

/* One account as it begins. */
typedef struct ledger_opening {
    const char *key; /* 1 to LEDGER_KEY_SIZE - 1 characters */
    const char *secret;
    tw_money cash;
    int64_t multiplier_max; /* 1, 2, 4; 0: 1 */
    const char *name;       /* or NULL */
    bool no_shorting;
    bool closed; /* its secret is not looked at, and may be NULL */
} ledger_opening;

typedef struct ledger_config {
    uint64_t seed;
    uint32_t order_count_max;
    int64_t created_ns;
    const ledger_opening *openings; /* of different keys */
    uint32_t account_count;         /* 1 to LEDGER_ACCOUNT_COUNT_MAX */
} ledger_config;

typedef struct account_ledger account_ledger;

/* Accounts as configured, in their order. The symbols are borrowed. */
tw_status ledger_new(const tw_allocator *allocator, const ledger_config *config,
                     const tw_symbols *symbols, ledger_on_update on_update, void *context,
                     account_ledger **ret_ledger) TW_MUST_CHECK;
void ledger_free(account_ledger *ledger);

/* The floor to trade on; borrowed. Before the first submit. */
void ledger_set_floor(account_ledger *ledger, trading_floor *floor);

/* Shares of a symbol that are hard to borrow cannot be sold short, and only orders of the day are
 * taken for it. */
void ledger_set_hard_to_borrow(account_ledger *ledger, tw_symbol symbol);
bool ledger_is_hard_to_borrow(const account_ledger *ledger, tw_symbol symbol);

/* The accounts, in the order of the configuration. */
uint32_t ledger_account_count(const account_ledger *ledger);
ledger_account *ledger_account_at(account_ledger *ledger, uint32_t index);

/* Turns cash of an account into a holding at a price, before trading begins: as if it had been
 * there on the day before. TW_LIMIT when it has not so much cash, TW_OVERFLOW. */
tw_status ledger_endow(account_ledger *ledger, ledger_account *account, tw_symbol symbol,
                       tw_quantity quantity, tw_price price) TW_MUST_CHECK;

/* At most so much cash to begin with or to be paid in: that leaves room for what it may become. */
#define ACCOUNT_CASH_NANO_MAX (INT64_C(1000000000) * TW_NANO)

/* Pays cash in, or out where it is below zero: at most what is neither held nor needed for
 * positions. TW_REFUSED with the refusal filled. */
tw_status ledger_move_cash(account_ledger *ledger, ledger_account *account, tw_money amount,
                           ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* The account that has this key and secret, or NULL. Takes the same time whatever differs. */
ledger_account *ledger_authenticate(account_ledger *ledger, tw_slice key, tw_slice secret);

/* Takes an order. `*ret_order` is as it stood when the floor accepted it; its trades have been
 * told through on_update by then. TW_REFUSED with the refusal filled. */
tw_status ledger_submit(account_ledger *ledger, ledger_account *account,
                        const tw_alpaca_order_request *request, ledger_order *ret_order,
                        ledger_refusal *ret_refusal) TW_MUST_CHECK;
/* Orders of all accounts that were taken so far, and that were refused. */
void ledger_counts(const account_ledger *ledger, uint64_t *ret_accepted, uint64_t *ret_refused);

/* Cancels an open order, and with it those of its group. TW_REFUSED when it is final already. */
tw_status ledger_cancel(account_ledger *ledger, const ledger_order *order,
                        ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Replaces an open order by one with other figures; `*ret_order` is the new one as it stood when
 * the floor took it. TW_REFUSED with the refusal filled: the old order is as it was. */
tw_status ledger_replace(account_ledger *ledger, const ledger_order *order,
                         const tw_alpaca_order_request *changes, ledger_order *ret_order,
                         ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* What of a position is to be closed: a quantity, a percentage, or all of it. */
typedef struct ledger_closing {
    tw_quantity quantity;    /* 0: not given */
    int64_t percentage_nano; /* 0: not given; 100e9 is all of it */
} ledger_closing;

/* Sends a market order of the day that closes a position (or part of it). As ledger_submit. */
tw_status ledger_close(account_ledger *ledger, ledger_account *account, tw_symbol symbol,
                       const ledger_closing *closing, ledger_order *ret_order,
                       ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* How long what is asked of an order takes to the floor, in nanoseconds, 0: no time; called with
 * the context of on_update. NULL: never any. */
typedef int64_t (*ledger_delay)(void *context);
void ledger_set_delay(account_ledger *ledger, ledger_delay delay);

/* When the next of what is on its way arrives (INT64_MAX: nothing is), and lets arrive what is due.
 * The floor's alarm is set to it. */
int64_t ledger_transit_next(const account_ledger *ledger);
void ledger_transit_arrive(account_ledger *ledger, int64_t now_ns);

/* A phase of the day has begun: orders come and go (order_session.c). */
void ledger_on_phase(account_ledger *ledger, session_phase phase);

/* A minute in which something traded is over: what the accounts are worth is written down. */
void ledger_on_minute(account_ledger *ledger);

/* What an account was worth at a time up to now; 0 before it was there. */
tw_money ledger_equity_at(const account_ledger *ledger, const ledger_account *account,
                          int64_t time_ns);

/* What it was worth as the market closed on a trading day, or on the last day before that of which
 * this is known. False when it has seen no close by then. */
bool ledger_equity_at_close(const account_ledger *ledger, const ledger_account *account,
                            int64_t day, tw_money *ret_equity);

/* Ends the accounts' day if midnight has passed (account_day.h); before anything is read of them.
 * What changes them does it by itself. */
void ledger_turn_day(account_ledger *ledger);

/* The trading day that the accounts are in, days since 1970, and what a symbol closed at on the day
 * before: 0 on the first day. */
int64_t ledger_day(const account_ledger *ledger);
tw_price ledger_last_close(const account_ledger *ledger, tw_symbol symbol);

/* A symbol reopens after a halt, or has resumed: those that wait are sent (order_session.c). */
void ledger_on_halt(account_ledger *ledger, tw_symbol symbol, floor_halt_step step);

/* Orders gather for an auction: those that wait for it are sent (order_session.c). */
void ledger_on_gathering(account_ledger *ledger, tw_match_auction kind);

/* An order by index + 1 (of parent, legs, replaces, replaced_by); NULL for 0. */
const ledger_order *ledger_order_at(const account_ledger *ledger, uint32_t number);

/* A copy of an order with the stop and mark that it has at this moment. */
void ledger_look(const account_ledger *ledger, const ledger_order *order, ledger_order *ret_order);

/* An order of an account by its UUID or client order id; NULL when there is none. */
const ledger_order *ledger_find(const account_ledger *ledger, const ledger_account *account,
                                tw_slice uuid);
const ledger_order *ledger_find_client(const account_ledger *ledger, const ledger_account *account,
                                       tw_slice client_order_id);

/* All orders in the order of their submission. */
const ledger_order *ledger_orders(const account_ledger *ledger, uint32_t *ret_count);
bool ledger_owns(const account_ledger *ledger, const ledger_account *account,
                 const ledger_order *order);

/* What happened to the accounts. */
const activity_log *ledger_activities(const account_ledger *ledger);

/* "entry", "exit", "both". */
const char *account_check_name(uint8_t check);

/* What the floor did with an order of a user. */
void ledger_on_match(account_ledger *ledger, const tw_match_event *event);

/* FNV-1a, for our own ids and names; equal hashes must still be compared. */
uint64_t text_hash(tw_slice text, uint64_t salt);

/* Writes a UUID (version 4 in form) from random bits: 36 characters and a NUL. */
void uuid_write(tw_random *random, char *buffer);

/* Asserts the invariants of every account. */
void ledger_check(const account_ledger *ledger);

#endif
