/*
 * alpaca_stream.h - Alpaca's two streams: market data, and updates of our orders.
 *
 * A stream connects, authenticates, subscribes (in chunks, each confirmed before the next) or
 * listens, and then hands out decoded records as they come. It never reconnects by itself: when
 * the connection ends, `on_down` says why, and the caller decides when to open it again; the
 * stream remembers what was subscribed.
 *
 *     market data   ws open -> welcome -> auth -> subscribe ... -> ready -> records
 *     trading       ws open -> authenticate -> listen -> ready -> updates
 *
 * The trading stream has no replay: after each on_ready, reconcile orders and positions by REST.
 * alpaca_session.h does that, reconnects, and fills gaps.
 *
 * Mute. A stream can be alive and carry nothing. Whoever knows the hours says with
 * tw_alpaca_stream_expect how long each channel may be quiet, and on_down comes with TW_TIMEOUT
 * when one is quiet for longer.
 *
 * Memory: all at creation (one reader of `frame_size_max`), except what the socket takes.
 * Threads: everything belongs to the loop's thread; callbacks come from the loop.
 */
#ifndef TRADEWIND_ALPACA_STREAM_H
#define TRADEWIND_ALPACA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/alpaca.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/loop.h"
#include "tradewind/market.h"
#include "tradewind/socket.h"
#include "tradewind/status.h"

typedef enum tw_alpaca_stream_kind {
    TW_ALPACA_STREAM_MARKET_DATA = 0,
    TW_ALPACA_STREAM_TRADING = 1
} tw_alpaca_stream_kind;

typedef enum tw_alpaca_stream_state {
    TW_ALPACA_STREAM_CLOSED = 0,
    TW_ALPACA_STREAM_CONNECTING,     /* the socket is being opened */
    TW_ALPACA_STREAM_WELCOMING,      /* market data: waiting for "connected" */
    TW_ALPACA_STREAM_AUTHENTICATING, /* credentials are sent */
    TW_ALPACA_STREAM_SUBSCRIBING,    /* a chunk, or "listen", is sent */
    TW_ALPACA_STREAM_READY
} tw_alpaca_stream_state;

typedef struct tw_alpaca_stream_config {
    tw_alpaca_stream_kind kind;
    const char *url;          /* "wss://stream.data.alpaca.markets/v2/iex"; ".../stream"; copied */
    const char *key_id;       /* copied */
    const char *secret;       /* copied; appears in no message */
    uint16_t channels;        /* market data: bits of tw_alpaca_channel */
    const char *const *names; /* market data: symbols, or one "*"; copied */
    size_t name_count;
    uint32_t names_per_message;   /* 0: 200 */
    int64_t handshake_timeout_ns; /* from open to ready; 0: 15 s */
    size_t frame_size_max;        /* 0: 4 MiB */
    uint32_t level_count_max;     /* levels of one book message; 0: 4096 */
    bool deflate;                 /* offer permessage-deflate */
    bool msgpack;                 /* market data: ask for MessagePack instead of JSON */
} tw_alpaca_stream_config;

/* `received_ns` is when the socket read the frame, by the loop's (monotonic) clock. Records are
 * borrowed for the call. Each may be NULL. */
typedef struct tw_alpaca_stream_callbacks {
    void *context;
    void (*on_ready)(void *context);
    void (*on_trade)(void *context, const tw_trade *trade, int64_t received_ns);
    void (*on_quote)(void *context, const tw_quote *quote, int64_t received_ns);
    void (*on_bar)(void *context, const tw_bar *bar, int64_t received_ns);
    void (*on_level)(void *context, const tw_level *level, int64_t received_ns);
    void (*on_order_update)(void *context, const tw_alpaca_order_update *update,
                            int64_t received_ns);
    /* The stream is closed; it may be opened again, also from here. TW_AUTH: the credentials or
     * the plan do not allow it, trying again is no use. TW_BUSY: connection limit. TW_THROTTLED:
     * we were too slow. TW_LIMIT: too many symbols for the plan. TW_TIMEOUT: no ready in time.
     * TW_CLOSED, TW_UNREACHABLE, TW_PROTOCOL, TW_PARSE, TW_FULL ... Not called after
     * tw_alpaca_stream_close. */
    void (*on_down)(void *context, tw_status status, const char *reason);
    /* A correction, cancel or error (they follow trades unasked), a status, price band, imbalance
     * or article: see alpaca_records.h. Without it they are counted as others. */
    void (*on_record)(void *context, const tw_alpaca_record *record, int64_t received_ns);
} tw_alpaca_stream_callbacks;

typedef struct tw_alpaca_stream_counts {
    uint64_t frames;
    uint64_t records; /* trades, quotes, bars, levels, updates, and words of on_record */
    uint64_t others;  /* messages without a record of ours */
    uint64_t bad;     /* messages that could not be understood and were passed over */
    uint64_t opens;   /* times it became ready */
    uint64_t stale;   /* times a quiet channel ended it */
} tw_alpaca_stream_counts;

typedef struct tw_alpaca_stream tw_alpaca_stream;

TW_BEGIN_DECLS

/* Makes a closed stream. `loop` and `symbols` are borrowed. TW_INVALID, TW_NO_MEMORY. */
TW_API tw_status tw_alpaca_stream_new(const tw_allocator *allocator, tw_loop *loop,
                                      const tw_alpaca_stream_config *config,
                                      const tw_alpaca_stream_callbacks *callbacks,
                                      tw_symbols *symbols,
                                      tw_alpaca_stream **ret_stream) TW_MUST_CHECK;

/* Closes and ends it. Not from inside one of its callbacks. */
TW_API void tw_alpaca_stream_free(tw_alpaca_stream *stream);

/* Starts to connect. TW_STATE unless it is closed; what the socket refuses at once. Later
 * failures come as on_down. */
TW_API tw_status tw_alpaca_stream_open(tw_alpaca_stream *stream, tw_error *error) TW_MUST_CHECK;

/* Closes at once; no callback follows. Harmless when closed. Allowed from a callback. */
TW_API void tw_alpaca_stream_close(tw_alpaca_stream *stream);

/* From now on `channel` (one bit of tw_alpaca_channel, or 0 for records of any kind, the updates of
 * a trading stream too) may be quiet for `span_ns` while the stream is ready; 0: for ever. What is
 * said holds over closing and opening. TW_FULL: the loop has no timer left; nothing is watched. */
TW_API tw_status tw_alpaca_stream_expect(tw_alpaca_stream *stream, uint16_t channel,
                                         int64_t span_ns) TW_MUST_CHECK;

TW_API tw_alpaca_stream_state tw_alpaca_stream_state_of(const tw_alpaca_stream *stream);
TW_API tw_alpaca_stream_counts tw_alpaca_stream_counts_of(const tw_alpaca_stream *stream);
/* "closed", "connecting", ... Never NULL. */
TW_API const char *tw_alpaca_stream_state_name(tw_alpaca_stream_state state);

TW_END_DECLS

TW_DEFINE_AUTO(tw_alpaca_stream, tw_alpaca_stream_free)

#endif
