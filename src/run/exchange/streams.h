/*
 * streams.h - the two WebSocket streams: market data to many, trade updates to an account.
 *
 *     market data   upgrade -> "connected" -> auth -> "authenticated" -> subscribe -> arrays of
 *                   t q b u d s l i c x o n
 *     trading       upgrade -> authenticate -> "authorization" -> listen -> "listening" ->
 *                   trade_updates
 *
 * The handshake decides: its path which feed, its Content-Type whether a client is spoken to in
 * JSON or in MessagePack, its APCA headers whether it need not authenticate any more, and what it
 * offers whether messages are deflated.
 *
 * What the clients are told in one turn is gathered and sent as one array. Clients that subscribe
 * to the same in the same encoding are one audience: each message is encoded once an encoding,
 * gathered once an audience, and the bytes of an array are shared by all of its members. A client
 * that does not authenticate in time, reads too slowly or breaks the protocol is told so and
 * closed. What waits for a client is bounded by 64 MiB; a step of the clock that tells it more
 * than that makes it a slow one, because nothing is sent while the step is played.
 *
 * Memory: a place a client; an index of 1.3 kB a symbol; a buffer of 256 KiB and a bit a symbol and
 * channel for each different subscription; what waits for clients, up to STREAM_MEMORY_MAX. A
 * client that nobody knows yet may send messages of 16 KiB only. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_STREAMS_H
#define TRADEWIND_RUN_EXCHANGE_STREAMS_H

#include "floor.h"
#include "ledger.h"
#include "tradewind/http.h"
#include "tradewind/loop.h"

/* Different subscriptions at once; one more is told "internal error". */
#define STREAM_AUDIENCE_COUNT_MAX 1024

/* What all streams together may hold: queues, buffers, windows. Beyond it the slowest are closed;
 * beyond half of it nobody new is deflated. */
#define STREAM_MEMORY_MAX ((size_t)1 << 30)

typedef struct streams streams;

/* What an account's plan allows; 0: no limit. */
typedef struct stream_limits {
    uint32_t connection_count_max; /* at once, an account and endpoint: else error 406 */
    uint32_t symbol_count_max;     /* of trades and quotes together, a connection: else 405 */
    bool no_sip;                   /* sip is another plan's: error 409 */
} stream_limits;

/* All are borrowed; the floor may be set later. There are places for `client_count_max` clients. */
tw_status streams_new(const tw_allocator *allocator, tw_loop *loop, const tw_symbols *symbols,
                      account_ledger *ledger, uint32_t client_count_max,
                      streams **ret_streams) TW_MUST_CHECK;
void streams_free(streams *streams);
void streams_set_floor(streams *streams, const trading_floor *floor);
void streams_set_limits(streams *streams, stream_limits limits);

/* True if the request is for a stream's path; it has been answered then, unless `*ret_status` is
 * not TW_OK: TW_PROTOCOL (it does not ask for an upgrade), TW_FULL (all places are taken),
 * TW_NO_MEMORY. */
bool streams_upgrade(streams *streams, const tw_http_request *request, tw_http_reply *reply,
                     tw_status *ret_status);

void streams_on_trade(streams *streams, const tw_trade *trade);
/* A trade that did not happen after all (an error, or cancelled), and one that was told wrongly: to
 * those who want trades. */
void streams_on_cancel(streams *streams, const tw_trade *trade, int64_t time_ns, bool error);
void streams_on_correction(streams *streams, const tw_trade *wrong, const tw_trade *right,
                           int64_t time_ns);
void streams_on_levels(streams *streams, const tw_level *levels, size_t count);
void streams_on_quote(streams *streams, const tw_quote *quote);
void streams_on_bar(streams *streams, const tw_bar *minute, const tw_bar *day);
/* A minute that was told before and is another now. */
void streams_on_updated_bar(streams *streams, const tw_bar *minute);
void streams_on_halt(streams *streams, tw_symbol symbol, int64_t time_ns, bool halted);
/* Tells what the auction that orders gather for would come to now, to those who want to know. */
void streams_on_outlook(streams *streams, tw_match_auction kind);
void streams_on_update(streams *streams, const ledger_update *update);

/* The feed that is told late: whether anybody is on it, which of its channels are wanted of a
 * symbol, and what they are told. */
bool streams_delayed_listened(const streams *streams);
uint32_t streams_delayed_wanted(const streams *streams, tw_symbol symbol);
void streams_on_delayed_trade(streams *streams, const tw_trade *trade);
void streams_on_delayed_quote(streams *streams, const tw_quote *quote);
/* `day` as it is after the minute; NULL: nobody wants it. */
void streams_on_delayed_bar(streams *streams, const tw_bar *minute, const tw_bar *day);

/* Sends what has been gathered. */
void streams_flush(streams *streams);

/* Closes clients that have not authenticated in time, and tells what the test feed has to tell.
 * Call it about once a second, with the loop's time. */
void streams_tick(streams *streams, int64_t now_ns);

/* While muted, streams stay open and nothing is told on them: for faults. */
void streams_mute(streams *streams, bool muted);

/* Closes every client: for faults. */
void streams_close_all(streams *streams, uint16_t code, const char *reason);

/* The same as of clients that read too slowly: they are told so. */
void streams_close_slow(streams *streams);

/* Objects sent so far on all data streams, and on all trading streams. */
void streams_counts(const streams *streams, uint64_t *ret_data, uint64_t *ret_trading);

uint32_t streams_client_count(const streams *streams);

/* Of them, those of the stream of updates. */
uint32_t streams_trading_client_count(const streams *streams);

/* Clients closed so far because they read too slowly. */
uint64_t streams_dropped_count(const streams *streams);

#endif
