/*
 * alpaca_stream.c - Alpaca's market data and trading streams over tw_socket.
 *
 *   CLOSED -- tw_alpaca_stream_open --> CONNECTING
 *
 *   CONNECTING -- on_open, market data --> WELCOMING
 *              -- on_open, trading (send_credentials) --> AUTHENTICATING
 *   WELCOMING -- "connected" (send_credentials) --> AUTHENTICATING
 *   AUTHENTICATING -- "authenticated" / authorized (send_interest) --> SUBSCRIBING
 *   SUBSCRIBING -- confirmed, names left (send_interest) --> SUBSCRIBING
 *               -- confirmed, all said (become_ready) --> READY
 *
 *   any but CLOSED -- go_down: socket closed, error message, unreadable frame, no ready in time
 *                     --> CLOSED, then on_down
 *   any but CLOSED -- tw_alpaca_stream_close --> CLOSED, nobody is told
 *
 * Invariants
 * 1. A socket exists exactly while the state is not CLOSED; before READY the timer is the
 *    handshake's, in READY that of the next channel to go stale, if one is watched.
 * 2. on_down is called at most once an open, last, with the state CLOSED; so it may open again.
 * 3. The user may close (and open again) in any callback. `generation` changes with every close:
 *    whoever called the user looks whether it is still the same before touching the socket.
 * 4. A market data frame is decoded to its end even if the user closes meanwhile; records after
 *    the close are dropped by the same rule.
 */
#include <stdio.h>
#include <string.h>

#include "tradewind/alpaca_records.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/staleness.h"
#include "tradewind/time.h"

#define NAMES_PER_MESSAGE 200
#define URL_SIZE 512
#define MESSAGE_SIZE 65536
/* Places of the watch: one a channel, in the order of their bits, and one for whatever comes. */
#define ANY_CHANNEL TW_ALPACA_CHANNEL_COUNT

struct tw_alpaca_stream {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_alpaca_stream_callbacks callbacks;
    tw_alpaca_reader *reader;
    tw_socket *socket;
    tw_loop_timer *timer;
    tw_staleness watch;
    char *outgoing; /* MESSAGE_SIZE bytes for what we say */
    char (*names)[TW_SYMBOL_NAME_SIZE];
    const char **name_list; /* pointers into `names`, as the encoder wants them */
    size_t name_count;
    size_t name_next; /* first name not yet subscribed */
    uint32_t names_per_message;
    tw_alpaca_stream_kind kind;
    tw_alpaca_stream_state state;
    uint64_t generation;
    uint64_t frame_generation; /* of the frame being decoded */
    int64_t handshake_timeout_ns;
    int64_t received_ns; /* of the frame being decoded */
    size_t frame_size_max;
    uint16_t channels;
    bool deflate;
    bool msgpack;
    tw_alpaca_stream_counts counts;
    tw_status down_status; /* set by an error message while its frame is decoded */
    char down_reason[TW_ALPACA_MESSAGE_SIZE];
    char url[URL_SIZE];
    char key_id[TW_ALPACA_KEY_SIZE];
    char secret[TW_ALPACA_KEY_SIZE];
};

/* ---- going down ---- */

static void close_quietly(tw_alpaca_stream *stream) {
    if (stream->state == TW_ALPACA_STREAM_CLOSED)
        return;
    stream->state = TW_ALPACA_STREAM_CLOSED;
    stream->generation++;
    tw_loop_timer_stop(stream->timer);
    stream->timer = NULL;
    tw_socket_free(stream->socket);
    stream->socket = NULL;
}

static void go_down(tw_alpaca_stream *stream, tw_status status, const char *reason) {
    TW_ASSERT(stream->state != TW_ALPACA_STREAM_CLOSED && status != TW_OK);
    close_quietly(stream);
    if (stream->callbacks.on_down != NULL)
        stream->callbacks.on_down(stream->callbacks.context, status, reason);
}

static void on_timeout(void *context) {
    tw_alpaca_stream *stream = context;
    char reason[128];
    stream->timer = NULL;
    snprintf(reason, sizeof reason, "the stream was not ready in time (it was %s)",
             tw_alpaca_stream_state_name(stream->state));
    go_down(stream, TW_TIMEOUT, reason);
}

/* ---- channels that go quiet ---- */

static void on_stale_timer(void *context);

/* Plans the look at the next channel that may go stale. */
static tw_status plan_look(tw_alpaca_stream *stream) {
    int64_t due_ns = tw_staleness_next_ns(&stream->watch);
    tw_loop_timer_stop(stream->timer);
    stream->timer = NULL;
    if (due_ns == INT64_MAX)
        return TW_OK;
    int64_t delay_ns = due_ns - tw_time_monotonic_ns();
    return tw_loop_timer_start(stream->loop, delay_ns > 0 ? delay_ns : 0, 0, on_stale_timer, stream,
                               &stream->timer);
}

static void go_stale(tw_alpaca_stream *stream, uint32_t place, int64_t quiet_ns) {
    const char *name = place == ANY_CHANNEL
                           ? "any channel"
                           : tw_alpaca_channel_name((tw_alpaca_channel)(1u << place));
    char reason[128];
    snprintf(reason, sizeof reason, "nothing came on %s for %.1f s though the connection is alive",
             name, (double)quiet_ns / 1e9);
    stream->counts.stale++;
    go_down(stream, TW_TIMEOUT, reason);
}

static void on_stale_timer(void *context) {
    tw_alpaca_stream *stream = context;
    uint32_t place = 0;
    int64_t quiet_ns = 0;
    stream->timer = NULL;
    /* What has been read in this turn was heard before; a late turn is nobody's silence. */
    if (tw_staleness_find(&stream->watch, tw_loop_now_ns(stream->loop), &place, &quiet_ns) == TW_OK)
        go_stale(stream, place, quiet_ns);
    else if (plan_look(stream) != TW_OK)
        go_down(stream, TW_FULL, "the loop has no timer left");
}

static void hear(tw_alpaca_stream *stream, uint32_t place) {
    stream->counts.records++;
    tw_staleness_heard(&stream->watch, place, stream->received_ns);
    tw_staleness_heard(&stream->watch, ANY_CHANNEL, stream->received_ns);
}

tw_status tw_alpaca_stream_expect(tw_alpaca_stream *stream, uint16_t channel, int64_t span_ns) {
    TW_ASSERT((channel & (channel - 1u)) == 0 && channel <= TW_ALPACA_CHANNEL_ALL);
    uint32_t place = channel == 0 ? ANY_CHANNEL : (uint32_t)__builtin_ctz(channel);
    tw_staleness_expect(&stream->watch, place, span_ns, tw_time_monotonic_ns());
    return stream->state == TW_ALPACA_STREAM_READY ? plan_look(stream) : TW_OK;
}

/* ---- what we say ---- */

/* Sends a message; a failure takes the stream down. */
static void say(tw_alpaca_stream *stream, const tw_text *text) {
    if (text->truncated) {
        go_down(stream, TW_FULL, "a message to the venue is too long");
        return;
    }
    tw_socket_kind kind = stream->msgpack ? TW_SOCKET_BINARY : TW_SOCKET_TEXT;
    tw_status status = tw_socket_send(stream->socket, kind, tw_text_slice(text));
    if (status != TW_OK)
        go_down(stream, status, "the socket did not take a message");
}

static void send_credentials(tw_alpaca_stream *stream) {
    tw_text text = tw_text_over(stream->outgoing, MESSAGE_SIZE);
    stream->state = TW_ALPACA_STREAM_AUTHENTICATING;
    if (stream->kind == TW_ALPACA_STREAM_TRADING)
        tw_alpaca_encode_authenticate(&text, stream->key_id, stream->secret);
    else if (stream->msgpack)
        tw_alpaca_encode_auth_msgpack(&text, stream->key_id, stream->secret);
    else
        tw_alpaca_encode_auth(&text, stream->key_id, stream->secret);
    say(stream, &text);
    explicit_bzero(stream->outgoing, MESSAGE_SIZE);
}

static void become_ready(tw_alpaca_stream *stream) {
    stream->state = TW_ALPACA_STREAM_READY;
    stream->counts.opens++;
    tw_staleness_restart(&stream->watch, tw_loop_now_ns(stream->loop));
    if (plan_look(stream) != TW_OK) {
        go_down(stream, TW_FULL, "the loop has no timer left");
        return;
    }
    if (stream->callbacks.on_ready != NULL)
        stream->callbacks.on_ready(stream->callbacks.context);
}

/* Says what we want to hear: "listen", or the next chunk of names. Ready when all is said. */
static void send_interest(tw_alpaca_stream *stream) {
    tw_text text = tw_text_over(stream->outgoing, MESSAGE_SIZE);
    bool trading = stream->kind == TW_ALPACA_STREAM_TRADING;
    size_t left = stream->name_count - stream->name_next;
    bool listening = trading && stream->state == TW_ALPACA_STREAM_SUBSCRIBING;
    if (listening || (!trading && left == 0)) {
        become_ready(stream);
        return;
    }
    stream->state = TW_ALPACA_STREAM_SUBSCRIBING;
    if (trading) {
        tw_alpaca_encode_listen(&text, true);
    } else {
        size_t count = left < stream->names_per_message ? left : stream->names_per_message;
        (stream->msgpack ? tw_alpaca_encode_subscribe_msgpack : tw_alpaca_encode_subscribe)(
            &text, true, stream->channels, stream->name_list + stream->name_next, count);
        stream->name_next += count;
    }
    say(stream, &text);
}

/* ---- market data ---- */

static bool live(const tw_alpaca_stream *stream) {
    return stream->generation == stream->frame_generation && stream->down_status == TW_OK;
}

static void on_trade(void *context, const tw_trade *trade) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    hear(stream, 0);
    if (stream->callbacks.on_trade != NULL)
        stream->callbacks.on_trade(stream->callbacks.context, trade, stream->received_ns);
}

static void on_quote(void *context, const tw_quote *quote) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    hear(stream, 1);
    if (stream->callbacks.on_quote != NULL)
        stream->callbacks.on_quote(stream->callbacks.context, quote, stream->received_ns);
}

/* The decoder does not tell an updated bar from a first one, and neither is late for the other. */
static uint32_t place_of_bar(const tw_alpaca_stream *stream, const tw_bar *bar) {
    if (bar->timeframe_ns >= TW_NS_PER_DAY)
        return 4;
    return (stream->channels & TW_ALPACA_CHANNEL_BARS) != 0 ? 2 : 3;
}

static void on_bar(void *context, const tw_bar *bar) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    hear(stream, place_of_bar(stream, bar));
    if (stream->callbacks.on_bar != NULL)
        stream->callbacks.on_bar(stream->callbacks.context, bar, stream->received_ns);
}

static void on_level(void *context, const tw_level *level) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    hear(stream, (uint32_t)__builtin_ctz(TW_ALPACA_CHANNEL_BOOKS));
    if (stream->callbacks.on_level != NULL)
        stream->callbacks.on_level(stream->callbacks.context, level, stream->received_ns);
}

/* Corrections and cancels follow the trades, but are no sign that trades still come. */
static uint32_t place_of_record(tw_alpaca_record_kind kind) {
    switch ((unsigned)kind) {
    case TW_ALPACA_RECORD_TRADING_STATUS:
        return (uint32_t)__builtin_ctz(TW_ALPACA_CHANNEL_STATUSES);
    case TW_ALPACA_RECORD_BAND:
        return (uint32_t)__builtin_ctz(TW_ALPACA_CHANNEL_LULDS);
    case TW_ALPACA_RECORD_IMBALANCE:
        return (uint32_t)__builtin_ctz(TW_ALPACA_CHANNEL_IMBALANCES);
    case TW_ALPACA_RECORD_ARTICLE:
        return (uint32_t)__builtin_ctz(TW_ALPACA_CHANNEL_NEWS);
    default:
        return ANY_CHANNEL;
    }
}

static void on_record(void *context, const tw_alpaca_record *record) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    hear(stream, place_of_record((tw_alpaca_record_kind)record->kind));
    stream->callbacks.on_record(stream->callbacks.context, record, stream->received_ns);
}

static void on_other(void *context, tw_slice kind) {
    (void)kind;
    ((tw_alpaca_stream *)context)->counts.others++;
}

static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)status;
    (void)kind;
    ((tw_alpaca_stream *)context)->counts.bad++;
}

/* What an error of the stream means to a caller who thinks of opening it again. */
static tw_status status_of_error(int64_t code) {
    switch (code) {
    case 401:
    case 402:
    case 404:
    case 409:
    case 411:
        return TW_AUTH;
    case 406:
        return TW_BUSY;
    case 407:
        return TW_THROTTLED;
    case 405:
        return TW_LIMIT;
    case 500:
        return TW_REMOTE;
    default:
        return TW_REFUSED;
    }
}

static void note_error(tw_alpaca_stream *stream, const tw_alpaca_control *control) {
    if (control->code == 403 && stream->state > TW_ALPACA_STREAM_AUTHENTICATING)
        return; /* "already authenticated" changes nothing */
    stream->down_status = status_of_error(control->code);
    snprintf(stream->down_reason, sizeof stream->down_reason, "the venue said: error %lld, %.200s",
             (long long)control->code, control->message);
}

static void on_control(void *context, const tw_alpaca_control *control) {
    tw_alpaca_stream *stream = context;
    if (!live(stream))
        return;
    switch ((tw_alpaca_control_kind)control->kind) {
    case TW_ALPACA_CONTROL_CONNECTED:
        if (stream->state == TW_ALPACA_STREAM_WELCOMING)
            send_credentials(stream);
        break;
    case TW_ALPACA_CONTROL_AUTHENTICATED:
        if (stream->state == TW_ALPACA_STREAM_AUTHENTICATING)
            send_interest(stream);
        break;
    case TW_ALPACA_CONTROL_SUBSCRIPTION:
        if (stream->state == TW_ALPACA_STREAM_SUBSCRIBING)
            send_interest(stream);
        break;
    case TW_ALPACA_CONTROL_ERROR:
        note_error(stream, control);
        break;
    case TW_ALPACA_CONTROL_SUCCESS:
        stream->counts.others++;
        break;
    }
}

/* A venue that was asked for MessagePack sends it in binary frames, and may still answer in text.
 */
static void on_market_frame(tw_alpaca_stream *stream, tw_slice data, bool binary) {
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = stream;
    events.on_trade = on_trade;
    events.on_quote = on_quote;
    events.on_bar = on_bar;
    events.on_level = on_level;
    events.on_control = on_control;
    events.on_other = on_other;
    if (stream->callbacks.on_record != NULL)
        events.on_record = on_record;
    events.on_bad = on_bad;
    tw_error error = {0};
    stream->frame_generation = stream->generation;
    stream->down_status = TW_OK;
    tw_status status = (stream->msgpack && binary
                            ? tw_alpaca_decode_stream_msgpack
                            : tw_alpaca_decode_stream)(stream->reader, data, &events, &error);
    if (stream->frame_generation != stream->generation)
        return;
    if (stream->down_status != TW_OK)
        go_down(stream, stream->down_status, stream->down_reason);
    else if (status != TW_OK)
        go_down(stream, status, error.message);
}

/* ---- trading ---- */

static void on_update(tw_alpaca_stream *stream, const tw_alpaca_order_update *update) {
    hear(stream, ANY_CHANNEL);
    if (stream->callbacks.on_order_update != NULL)
        stream->callbacks.on_order_update(stream->callbacks.context, update, stream->received_ns);
}

static void on_trading_frame(tw_alpaca_stream *stream, tw_slice data) {
    tw_alpaca_trading_message message;
    tw_error error = {0};
    if (data.size <= 1) { /* the one-byte heartbeat */
        stream->counts.others++;
        return;
    }
    tw_status status = tw_alpaca_decode_trading(stream->reader, data, &message, &error);
    if (status != TW_OK) {
        go_down(stream, status, error.message);
        return;
    }
    switch ((tw_alpaca_trading_kind)message.kind) {
    case TW_ALPACA_TRADING_AUTHORIZED:
        if (stream->state == TW_ALPACA_STREAM_AUTHENTICATING)
            send_interest(stream);
        break;
    case TW_ALPACA_TRADING_UNAUTHORIZED:
        go_down(stream, TW_AUTH, "the venue did not accept the credentials");
        break;
    case TW_ALPACA_TRADING_LISTENING:
        if (stream->state == TW_ALPACA_STREAM_SUBSCRIBING && message.trade_updates)
            send_interest(stream);
        break;
    case TW_ALPACA_TRADING_UPDATE:
        on_update(stream, &message.update);
        break;
    case TW_ALPACA_TRADING_OTHER:
        stream->counts.others++;
        break;
    }
}

/* ---- the socket ---- */

static void on_open(void *context, tw_socket *socket) {
    tw_alpaca_stream *stream = context;
    (void)socket;
    if (stream->kind == TW_ALPACA_STREAM_TRADING)
        send_credentials(stream);
    else
        stream->state = TW_ALPACA_STREAM_WELCOMING;
}

static void on_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    tw_alpaca_stream *stream = context;
    (void)socket;
    stream->counts.frames++;
    stream->received_ns = message->time_ns;
    if (stream->kind == TW_ALPACA_STREAM_TRADING)
        on_trading_frame(stream, message->data);
    else
        on_market_frame(stream, message->data, message->kind == TW_SOCKET_BINARY);
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    tw_alpaca_stream *stream = context;
    (void)socket;
    char reason[TW_ERROR_MESSAGE_SIZE];
    snprintf(reason, sizeof reason, "%s", ending->message != NULL ? ending->message : "");
    go_down(stream, ending->status == TW_OK ? TW_CLOSED : ending->status, reason);
}

tw_status tw_alpaca_stream_open(tw_alpaca_stream *stream, tw_error *error) {
    if (stream->state != TW_ALPACA_STREAM_CLOSED)
        return tw_error_set(error, TW_STATE, "the stream is open already");
    tw_socket_config config;
    memset(&config, 0, sizeof config);
    config.allocator = stream->allocator;
    config.message_size_max = (uint32_t)stream->frame_size_max;
    config.on_open = on_open;
    config.on_message = on_message;
    config.on_close = on_close;
    config.context = stream;
    config.connect_timeout_ns = stream->handshake_timeout_ns;
    config.deflate.on = stream->deflate;
    tw_socket_call call;
    memset(&call, 0, sizeof call);
    call.url = stream->url;
    call.authenticated = true; /* the first messages carry the secret */
    const tw_socket_header codec = {tw_slice_of("Content-Type"),
                                    tw_slice_of("application/msgpack")};
    call.headers = stream->msgpack ? &codec : NULL;
    call.header_count = stream->msgpack ? 1 : 0;
    tw_status status = tw_loop_timer_start(stream->loop, stream->handshake_timeout_ns, 0,
                                           on_timeout, stream, &stream->timer);
    if (status != TW_OK)
        return tw_error_set(error, status, "the loop has no timer left");
    status = tw_socket_connect(stream->loop, &call, &config, &stream->socket, error);
    if (status != TW_OK) {
        tw_loop_timer_stop(stream->timer);
        stream->timer = NULL;
        return status;
    }
    stream->state = TW_ALPACA_STREAM_CONNECTING;
    stream->name_next = 0;
    return TW_OK;
}

void tw_alpaca_stream_close(tw_alpaca_stream *stream) {
    close_quietly(stream);
}

/* ---- the stream ---- */

static tw_status copy_names(tw_alpaca_stream *stream, const tw_alpaca_stream_config *config) {
    if (config->name_count == 0)
        return TW_OK;
    stream->name_count = config->name_count;
    stream->names = tw_allocate(stream->allocator, config->name_count, TW_SYMBOL_NAME_SIZE, 8);
    stream->name_list = TW_NEW(stream->allocator, config->name_count, const char *);
    if (stream->names == NULL || stream->name_list == NULL)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < config->name_count; i++) {
        if (tw_slice_copy(tw_slice_of(config->names[i]), stream->names[i], TW_SYMBOL_NAME_SIZE) !=
            TW_OK)
            return TW_INVALID;
        stream->name_list[i] = stream->names[i];
    }
    return TW_OK;
}

static tw_status copy_config(tw_alpaca_stream *stream, const tw_alpaca_stream_config *config) {
    const char *key = config->key_id != NULL ? config->key_id : "";
    const char *secret = config->secret != NULL ? config->secret : "";
    if (config->url == NULL || config->frame_size_max > (1u << 30) ||
        tw_slice_copy(tw_slice_of(config->url), stream->url, sizeof stream->url) != TW_OK ||
        tw_slice_copy(tw_slice_of(key), stream->key_id, sizeof stream->key_id) != TW_OK ||
        tw_slice_copy(tw_slice_of(secret), stream->secret, sizeof stream->secret) != TW_OK)
        return TW_INVALID;
    if (config->kind == TW_ALPACA_STREAM_MARKET_DATA && config->name_count > 0 &&
        (config->channels & TW_ALPACA_CHANNEL_ALL) == 0)
        return TW_INVALID;
    stream->kind = config->kind;
    stream->channels = config->channels;
    stream->deflate = config->deflate;
    stream->msgpack = config->msgpack && config->kind == TW_ALPACA_STREAM_MARKET_DATA;
    stream->names_per_message =
        config->names_per_message > 0 ? config->names_per_message : NAMES_PER_MESSAGE;
    stream->handshake_timeout_ns =
        config->handshake_timeout_ns > 0 ? config->handshake_timeout_ns : 15 * TW_NS_PER_SECOND;
    stream->frame_size_max = config->frame_size_max > 0 ? config->frame_size_max : 4u << 20;
    return TW_OK;
}

tw_status tw_alpaca_stream_new(const tw_allocator *allocator, tw_loop *loop,
                               const tw_alpaca_stream_config *config,
                               const tw_alpaca_stream_callbacks *callbacks, tw_symbols *symbols,
                               tw_alpaca_stream **ret_stream) {
    tw_alpaca_stream *stream = TW_NEW(allocator, 1, tw_alpaca_stream);
    if (stream == NULL)
        return TW_NO_MEMORY;
    stream->allocator = allocator;
    stream->loop = loop;
    stream->callbacks = *callbacks;
    tw_status status = copy_config(stream, config);
    if (status == TW_OK)
        status = copy_names(stream, config);
    if (status == TW_OK) {
        stream->outgoing = TW_NEW(allocator, MESSAGE_SIZE, char);
        if (stream->outgoing == NULL)
            status = TW_NO_MEMORY;
    }
    if (status == TW_OK)
        status = tw_alpaca_reader_new(allocator, stream->frame_size_max,
                                      config->level_count_max > 0 ? config->level_count_max : 4096,
                                      symbols, &stream->reader);
    if (status == TW_OK && stream->msgpack)
        status = tw_alpaca_reader_add_msgpack(stream->reader);
    if (status != TW_OK) {
        tw_alpaca_stream_free(stream);
        return status;
    }
    *ret_stream = stream;
    return TW_OK;
}

void tw_alpaca_stream_free(tw_alpaca_stream *stream) {
    if (stream == NULL)
        return;
    close_quietly(stream);
    const tw_allocator *allocator = stream->allocator;
    tw_alpaca_reader_free(stream->reader);
    tw_release(allocator, stream->names, stream->name_count, TW_SYMBOL_NAME_SIZE, 8);
    tw_release(allocator, (void *)stream->name_list, stream->name_count, sizeof(const char *),
               _Alignof(const char *));
    tw_release(allocator, stream->outgoing, MESSAGE_SIZE, 1, 8);
    explicit_bzero(stream->secret, sizeof stream->secret);
    TW_DELETE(allocator, stream, 1, tw_alpaca_stream);
}

tw_alpaca_stream_state tw_alpaca_stream_state_of(const tw_alpaca_stream *stream) {
    return stream->state;
}

tw_alpaca_stream_counts tw_alpaca_stream_counts_of(const tw_alpaca_stream *stream) {
    return stream->counts;
}

const char *tw_alpaca_stream_state_name(tw_alpaca_stream_state state) {
    static const char *const names[] = {"closed",         "connecting",  "welcoming",
                                        "authenticating", "subscribing", "ready"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "?";
}
