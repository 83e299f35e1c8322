/*
 * exchange.h - a simulated exchange that speaks Alpaca's words on this machine.
 *
 * One object serves the trading and data REST calls and both WebSocket streams from one port:
 *
 *     GET  /v2/account /v2/clock /v2/assets[/S] /v2/positions[/S]
 *     GET PATCH /v2/account/configurations, GET /v2/account/activities[/TYPE]
 *     GET POST PUT DELETE /v2/watchlists[/ID[/S]], /v2/watchlists:by_name
 *     GET POST DELETE /v2/orders, GET DELETE /v2/orders/ID, GET /v2/orders:by_client_order_id
 *     GET  /v2/calendar, /v3/clock, /v3/calendar/MARKET
 *     GET  /v2/stocks[/S]/{bars,trades,quotes,auctions}, /v2/stocks[/S]/{trades,quotes,bars}/latest
 *     GET  /v2/stocks/snapshots, /v2/stocks/S/snapshot, /v2/stocks/meta/..., /v1beta1/screener/...
 *     WS   /v2/iex (market data: trades, quotes, bars, orderbooks)   WS /stream (trade_updates)
 *     GET  /metrics (OpenMetrics text: connections, requests, orders, streams, faults, clock)
 *     GET POST DELETE /sim/faults
 *     GET  /sim/accounts, POST /sim/accounts/KEY/cash?amount=-250
 *     GET  /sim/clock, POST /sim/clock/{step?span=1s,jump?to=open,speed?times=60}
 *
 * Orders are matched by price and time against a book kept alive by seeded agents, or against a
 * real order-level file. The `orderbooks` channel carries stock books in the wire form that the
 * venue uses for crypto: an extension, offered on this server only.
 *
 * Clock: real time (times a speed), or stepped: then time stands still between POSTs to
 * /sim/clock/step, whose answer says how many stream messages the step and all before it sent, so
 * that a client can wait for them. The same seed, files, steps and orders give the same messages.
 * A jump (/sim/clock/jump) moves either clock on: agents rest on the way, as on a night.
 * Nothing is sent while a step is played: a step that tells a client more than 64 MiB (some hundred
 * thousand messages) closes it as too slow.
 *
 * Memory: floor, accounts and buffers at creation; connections up to a bound.
 * Threads: one thread turns it; tw_exchange_stop may be called from any.
 */
#ifndef TRADEWIND_EXCHANGE_H
#define TRADEWIND_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/error.h"
#include "tradewind/market.h"

typedef enum tw_exchange_clock { TW_EXCHANGE_REAL = 0, TW_EXCHANGE_STEP = 1 } tw_exchange_clock;

/* What the account's plan of market data has. BASIC: iex alone in real time, sip 15 minutes late;
 * and where no limit is configured one stream, 30 symbols on it and 200 requests a minute. */
typedef enum tw_exchange_plan {
    TW_EXCHANGE_PLAN_PLUS = 0,
    TW_EXCHANGE_PLAN_BASIC = 1
} tw_exchange_plan;

typedef struct tw_exchange_config {
    const char *address; /* NULL: 127.0.0.1 */
    uint16_t port;       /* 0: any that is free */
    uint64_t seed;       /* of agents, history and ids */
    const char *symbols; /* "AAPL,MSFT"; NULL or empty: those of the prices, or a built-in list */
    const char *symbols_file;   /* instead: a text file of names; or NULL */
    const char *hard_to_borrow; /* "GME,AMC": cannot be sold short; or NULL */
    uint32_t
        symbol_count;    /* made-up names are added up to so many, at most 8192; not with prices */
    const char *prices;  /* wide CSV of daily closes, or NULL: generated history */
    const char *tape;    /* orders to replay: LOBSTER, Bitstamp, ITCH or DBN; or NULL */
    const char *initial; /* LOBSTER order book of the tape's first moment, or NULL */
    const char *faults;  /* a plan of what goes wrong (docs/guide/exchange.md), or NULL */
    const char *fault_text;  /* instead: the text of one, or NULL */
    const char *tape_symbol; /* "AAPL,MSFT"; NULL: the tape's file name up to its first "_" */
    bool always_open;        /* the market never closes; else agents rest while it is closed */
    tw_exchange_clock clock;
    double speed;             /* of the real clock; 1 is real time */
    int64_t start_ns;         /* 0: see tw_exchange_start_ns */
    double events_per_second; /* of the agents, a symbol; 0.001 to 1000000 */
    double events_total; /* if above 0: of all symbols, more of the first than of the last; of more
                          * than 1024 symbols 0 is 2000 */
    uint32_t history_days;    /* of the generated history */
    uint32_t order_count_max; /* user orders, and resting orders of all kinds; 1 to 131072 */
    tw_money cash;            /* of an account; at most 1,000,000,000 */
    double invested;          /* share of it held in equal parts of all symbols, 0 to 1 */
    uint32_t
        connection_count_max; /* clients at once, of HTTP and streams; the next is answered 503.
                               * At most 100000; 0: 10000, or as the limit of open files has it */
    uint32_t
        stream_connection_max;  /* streams of an account at an endpoint, else error 406; 0: any */
    uint32_t stream_symbol_max; /* of trades and quotes, a stream, else error 405; 0: any */
    const char *key;            /* of the one account: key and secret, 1 to 63 characters */
    const char *secret;
    const char *accounts; /* instead: a file of accounts (docs/guide/exchange.md) that nobody but
                           * its owner may read; or NULL */
    const char *state;    /* a file that keeps accounts, orders and lists over restarts, or NULL */
    uint32_t
        multiplier_max; /* an account's margin: 1 (none), 2 or 4, as far as its equity allows */
    tw_exchange_plan plan;
    uint32_t rate_limit; /* requests a minute, of trading and of market data each; 0: any number */
} tw_exchange_config;

typedef struct tw_exchange tw_exchange;

TW_BEGIN_DECLS

/* Port 0, seed 1, generated history of 756 days, real clock at speed 1, 20 events a second and
 * symbol, 100,000 dollars, key and secret "demo", multiplier up to 4. */
TW_API void tw_exchange_config_init(tw_exchange_config *config);

/* Reads the files, opens the books and listens. TW_BUSY: the port is in use. The statuses of the
 * tape's reader for its files. TW_INVALID for a symbol that is none, TW_RANGE for a price or a
 * number of the configuration out of its bounds, TW_NO_MEMORY. The files and names of the
 * configuration are read during the call only. */
TW_API tw_status tw_exchange_open(const tw_allocator *allocator, const tw_exchange_config *config,
                                  tw_exchange **ret_exchange, tw_error *error) TW_MUST_CHECK;
TW_API void tw_exchange_close(tw_exchange *exchange);

/* One cycle: serves what waits and, with the real clock, lets time pass; waits at most `wait_ns`.
 * TW_CLOSED after tw_exchange_stop; a malformed line of the tape ends it with TW_PARSE. */
TW_API tw_status tw_exchange_turn(tw_exchange *exchange, int64_t wait_ns,
                                  tw_error *error) TW_MUST_CHECK;

/* Ends the turns, from any thread or a signal handler. */
TW_API void tw_exchange_stop(tw_exchange *exchange);

/* An account, without its secret. */
typedef struct tw_exchange_account {
    char key[64];
    char name[64]; /* or empty */
    tw_money cash;
    uint32_t multiplier_max;
    bool kept;   /* it was there in a former run of the same state */
    bool closed; /* it was, and is not configured any more: nobody can use it */
} tw_exchange_account;

/* The accounts there are, in an order that stays the same over restarts. */
TW_API uint32_t tw_exchange_account_count(const tw_exchange *exchange);
TW_API void tw_exchange_account_at(const tw_exchange *exchange, uint32_t index,
                                   tw_exchange_account *ret_account);

TW_API uint16_t tw_exchange_port(const tw_exchange *exchange);
TW_API uint32_t tw_exchange_symbol_count(const tw_exchange *exchange);
TW_API const char *tw_exchange_symbol_name(const tw_exchange *exchange, uint32_t index);

/* When its clock began: as configured; else 09:30 in New York on the trading day after the
 * newest price; for a tape its first message; else, stepped, 2026-01-05T14:30:00Z; else now, or the
 * next opening if the market is closed now and closes at all. */
TW_API int64_t tw_exchange_start_ns(const tw_exchange *exchange);

/* What became of the exchange's orders and of its plan of faults, for whoever has it in his own
 * process: between two turns, from their thread. Orders are those of all accounts, as they stand,
 * in the order of their submission; those of former runs of the same state are among them. */
TW_API uint32_t tw_exchange_order_count(const tw_exchange *exchange);
TW_API void tw_exchange_order_at(const tw_exchange *exchange, uint32_t index, tw_order *ret_order);

/* A line of the plan, and how often it has struck. */
typedef struct tw_exchange_fault {
    char line[96];
    uint64_t count;
} tw_exchange_fault;

TW_API uint32_t tw_exchange_fault_count(const tw_exchange *exchange);
TW_API void tw_exchange_fault_at(const tw_exchange *exchange, uint32_t index,
                                 tw_exchange_fault *ret_fault);

/* True once the tape has been played to its end. From any thread. */
TW_API bool tw_exchange_tape_ended(const tw_exchange *exchange);

TW_END_DECLS

TW_DEFINE_AUTO(tw_exchange, tw_exchange_close)

#endif
