/*
 * streams.h - the two WebSocket streams: market data to many, trade updates to an account.
 *
 *     market data   accept -> "connected" -> auth -> "authenticated" -> subscribe -> arrays of
 *                   t q b o
 *     trading       accept -> authenticate -> "authorization" -> listen -> "listening" ->
 *                   trade_updates
 *
 * What a client is told in one turn is gathered in its buffer and sent as one array. A client that
 * does not authenticate in time, reads too slowly or breaks the protocol is told so and closed.
 * What waits for a client is bounded by 64 MiB; a step of the clock that tells it more than that
 * makes it a slow one, because nothing is sent while the step is played.
 *
 * Memory: STREAM_CLIENT_COUNT_MAX places; a buffer a connected client. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_STREAMS_H
#define TRADEWIND_RUN_EXCHANGE_STREAMS_H

#include "floor.h"
#include "ledger.h"
#include "tradewind/loop.h"

#define STREAM_CLIENT_COUNT_MAX 256

typedef enum stream_kind { STREAM_DATA = 0, STREAM_TRADING = 1 } stream_kind;

typedef struct streams streams;

/* All are borrowed; the floor may be set later. */
tw_status streams_new(const tw_allocator *allocator, tw_loop *loop, const tw_symbols *symbols,
                      account_ledger *ledger, streams **ret_streams) TW_MUST_CHECK;
void streams_free(streams *streams);
void streams_set_floor(streams *streams, const trading_floor *floor);

/* Takes over an upgraded connection. TW_FULL when all places are taken; the descriptor is the
 * caller's to close then. */
tw_status streams_accept(streams *streams, stream_kind kind, int fd, tw_slice early) TW_MUST_CHECK;

void streams_on_trade(streams *streams, const tw_trade *trade);
void streams_on_levels(streams *streams, const tw_level *levels, size_t count);
void streams_on_quote(streams *streams, const tw_quote *quote);
void streams_on_bar(streams *streams, const tw_bar *bar);
void streams_on_update(streams *streams, const ledger_update *update);

/* Sends what has been gathered. */
void streams_flush(streams *streams);

/* Closes clients that have not authenticated in time. Call it about once a second, with the
 * loop's time. */
void streams_tick(streams *streams, int64_t now_ns);

/* Objects sent so far on all data streams, and on all trading streams. */
void streams_counts(const streams *streams, uint64_t *ret_data, uint64_t *ret_trading);

uint32_t streams_client_count(const streams *streams);

/* Clients closed so far because they read too slowly. */
uint64_t streams_dropped_count(const streams *streams);

#endif
