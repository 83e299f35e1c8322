/*
 * dashboard_streams.c - WebSocket clients: who they are, what they look at, what is due to them.
 *
 *     FREE --handshake--> TAKEN --on_upgrade--> OPEN --token in time  --> KNOWN
 *                           |                    |                          |
 *                           +--- client gone ----+---- wrong, late (4401) --+--> FREE
 *                                                +-- another wants the place -----^
 *
 * Invariants
 *  1. Nothing but a close frame goes to a client that is not KNOWN.
 *  2. A state or bar is queued only when the queue is empty: what a client holds up is at most one
 *     round of messages, and what it misses is made up by the next state, or by telling all bars.
 *  3. The n-th place has the n-th selection of the engine's viewer, which shows what its client
 *     selected, or nothing.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dashboard_priv.h"

static const int64_t QUIET_NS = TW_NS_PER_SECOND; /* a state comes so often if nothing changes */
/* By then the recorder has committed what it had when a selection was heard of. */
static const int64_t AGAIN_NS = TW_NS_PER_SECOND;

enum { NOT_KNOWN = 4401, QUEUE_COUNT_MAX = 256, KERNEL_BUFFER_SIZE = 64 * 1024 };

static uint32_t place_of(const dashboard_stream *stream) {
    return (uint32_t)(stream - stream->owner->streams);
}

static void release_place(dashboard_stream *stream) {
    tw_dashboard *owner = stream->owner;
    tw_engine_viewer_deselect(owner->viewer, place_of(stream));
    tw_socket_free(stream->socket);
    *stream = (dashboard_stream){.owner = owner};
}

/* What cannot be sent was dropped and counted; a client that is closing does not need it. */
static tw_status tell(dashboard_stream *stream, const tw_text *text) {
    TW_ASSERT(!text->truncated);
    return tw_socket_send(stream->socket, TW_SOCKET_TEXT, tw_text_slice(text));
}

/* ---- what a client says -------------------------------------------------------------------- */

/* A message of one of two kinds: a token, or a selection. */
typedef struct message {
    tw_slice token;
    tw_slice select;
    tw_slice timeframe;
} message;

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    message *read = context;
    tw_slice *field = tw_slice_equal_string(key, "token")       ? &read->token
                      : tw_slice_equal_string(key, "select")    ? &read->select
                      : tw_slice_equal_string(key, "timeframe") ? &read->timeframe
                                                                : NULL;
    return field == NULL ? TW_OK : tw_json_scalar(value, field);
}

static tw_status on_root(void *context, tw_json_value *value) {
    return tw_json_each_field(value, on_field, context);
}

static bool find_frame(const tw_dashboard *dashboard, tw_slice word, uint32_t *ret_frame) {
    int64_t span_ns = 0;
    if (tw_timeframe_parse(word, &span_ns) != TW_OK)
        return false;
    for (uint32_t i = 0; i < dashboard->config.timeframe_count; i++) {
        if (dashboard->config.timeframes_ns[i] == span_ns) {
            *ret_frame = i;
            return true;
        }
    }
    return false;
}

static void select_symbol(dashboard_stream *stream, const message *read) {
    tw_dashboard *owner = stream->owner;
    tw_symbol symbol = tw_symbols_find(owner->config.symbols, read->select);
    uint32_t frame = 0;
    if (symbol >= owner->config.symbol_count || !find_frame(owner, read->timeframe, &frame) ||
        tw_engine_viewer_select(owner->viewer, place_of(stream), symbol,
                                owner->config.timeframes_ns[frame]) != TW_OK) {
        tw_socket_close(stream->socket, TW_SOCKET_POLICY, "there is no such symbol or timeframe");
        return;
    }
    stream->selected = true;
    stream->symbol = symbol;
    stream->frame = frame;
    stream->bars_told = false;
    stream->again_ns = 0;
}

static void greet(dashboard_stream *stream) {
    tw_dashboard *owner = stream->owner;
    tw_text text = tw_text_over(owner->memory, owner->capacity);
    stream->known = true;
    dashboard_state_write_hello(owner, &text);
    (void)tell(stream, &text);
}

static void on_message(void *context, tw_socket *socket, const tw_socket_message *told) {
    dashboard_stream *stream = context;
    message read = {0};
    tw_error error = {0};
    tw_status status = tw_json_read(stream->owner->reader, told->data, on_root, &read, &error);
    if (!stream->known) {
        if (status == TW_OK && dashboard_access_is_token(stream->owner, read.token))
            greet(stream);
        else
            tw_socket_close(socket, NOT_KNOWN, "the token is not the one of this run");
    } else if (status == TW_OK && read.select.size > 0) {
        select_symbol(stream, &read);
    } else {
        tw_socket_close(socket, TW_SOCKET_POLICY, "a selection was expected: select, timeframe");
    }
}

static void on_close(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    (void)socket;
    (void)ending;
    release_place(context);
}

/* ---- coming in ----------------------------------------------------------------------------- */

/* The system's own buffer would let a slow client fall megabytes behind; where it cannot be made
 * smaller it only falls further behind. */
static void bound_buffer(int fd) {
    const int size = KERNEL_BUFFER_SIZE;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static void on_upgrade(void *context, int fd, tw_slice early) {
    dashboard_stream *stream = context;
    tw_dashboard *owner = stream->owner;
    const tw_socket_config config = {
        .allocator = owner->allocator,
        .message_size_max = DASHBOARD_MESSAGE_SIZE_MAX,
        .queue_size_max = (uint32_t)(2 * owner->capacity),
        .queue_count_max = QUEUE_COUNT_MAX,
        .policy = TW_SOCKET_DROP,
        .on_message = on_message,
        .on_close = on_close,
        .context = stream,
    };
    if (fd < 0) {
        release_place(stream);
        return;
    }
    bound_buffer(fd);
    stream->accepted_ns = tw_loop_now_ns(owner->config.loop);
    if (tw_socket_accept(owner->config.loop, fd, early, &config, &stream->socket, NULL) != TW_OK) {
        close(fd);
        release_place(stream);
        return;
    }
    dashboard_want(owner);
}

/* The one that has been there longest without showing the token, or NULL. */
static dashboard_stream *oldest_silent(tw_dashboard *dashboard) {
    dashboard_stream *oldest = NULL;
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++) {
        dashboard_stream *one = &dashboard->streams[i];
        if (one->socket != NULL && !one->known &&
            (oldest == NULL || one->accepted_ns < oldest->accepted_ns))
            oldest = one;
    }
    return oldest;
}

/* A free place, or that of somebody who has not said who he is; else NULL. */
static dashboard_stream *find_place(tw_dashboard *dashboard) {
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++) {
        if (!dashboard->streams[i].taken)
            return &dashboard->streams[i];
    }
    dashboard_stream *oldest = oldest_silent(dashboard);
    if (oldest != NULL)
        release_place(oldest);
    return oldest;
}

tw_status dashboard_streams_begin(tw_dashboard *dashboard, tw_http_reply *reply) {
    dashboard_stream *stream = find_place(dashboard);
    if (stream == NULL)
        return TW_FULL;
    *stream = (dashboard_stream){.owner = dashboard, .taken = true};
    tw_status status = tw_http_reply_upgrade(reply, on_upgrade, stream, NULL);
    if (status != TW_OK)
        stream->taken = false;
    return status;
}

/* ---- what is due --------------------------------------------------------------------------- */

/* Tells all bars of a selection anew. */
static void tell_all_bars(dashboard_stream *stream, const tw_engine_view_selection *selection,
                          int64_t now_ns) {
    tw_dashboard *owner = stream->owner;
    char *memory = owner->memory + owner->common;
    tw_text text = tw_text_over(memory, owner->capacity - owner->common);
    dashboard_bars_write_all(owner, stream, selection, &text);
    if (tell(stream, &text) != TW_OK)
        return;
    if (!stream->bars_told)
        stream->again_ns = now_ns + AGAIN_NS;
    else if (now_ns >= stream->again_ns)
        stream->again_ns = 0;
    stream->bars_told = true;
    stream->bars_ended = selection->bars_ended;
    stream->newest = selection->current;
}

static void tell_bar(dashboard_stream *stream, const tw_bar *bar) {
    tw_dashboard *owner = stream->owner;
    char *memory = owner->memory + owner->common;
    tw_text text = tw_text_over(memory, owner->capacity - owner->common);
    dashboard_bars_write_one(owner, stream, bar, &text);
    if (tell(stream, &text) != TW_OK)
        stream->bars_told = false; /* invariant 2: all of them, when there is room */
}

static bool is_same_bar(const tw_bar *a, const tw_bar *b) {
    return a->time_ns == b->time_ns && a->count == b->count && a->close.nano == b->close.nano &&
           a->volume.nano == b->volume.nano;
}

static void tell_bars(dashboard_stream *stream, int64_t now_ns) {
    const tw_dashboard *owner = stream->owner;
    const tw_engine_view_selection *selection = &owner->view->selections[place_of(stream)];
    if (!stream->selected || !selection->on || selection->symbol != stream->symbol ||
        selection->timeframe_ns != owner->config.timeframes_ns[stream->frame])
        return; /* no view has it yet */
    uint64_t ended = selection->bars_ended - stream->bars_ended;
    if (!stream->bars_told || selection->bars_ended < stream->bars_ended ||
        ended > selection->bar_count || (stream->again_ns != 0 && now_ns >= stream->again_ns)) {
        tell_all_bars(stream, selection, now_ns);
        return;
    }
    for (uint64_t i = selection->bar_count - ended; i < selection->bar_count; i++)
        tell_bar(stream, &selection->bars[i]);
    stream->bars_ended = selection->bars_ended;
    if (selection->has_current && !is_same_bar(&selection->current, &stream->newest)) {
        tell_bar(stream, &selection->current);
        stream->newest = selection->current;
    }
}

/* The state's common part stands in memory; the client's own is written behind it. */
static void tell_state(dashboard_stream *stream, int64_t now_ns) {
    tw_dashboard *owner = stream->owner;
    tw_text text = {.data = owner->memory, .size = owner->common, .capacity = owner->capacity};
    dashboard_state_write_selection(owner, stream, &text);
    if (tell(stream, &text) != TW_OK)
        return;
    stream->told = owner->view->sequence;
    stream->told_ns = now_ns;
}

static bool is_due(const dashboard_stream *stream, int64_t now_ns) {
    if (!stream->known || tw_socket_get_state(stream->socket) != TW_SOCKET_OPEN ||
        tw_socket_get_stats(stream->socket).queue_count > 0) /* invariant 2 */
        return false;
    return stream->told != stream->owner->view->sequence || now_ns - stream->told_ns >= QUIET_NS;
}

static void drop_silent(dashboard_stream *stream, int64_t now_ns) {
    if (stream->socket != NULL && !stream->known &&
        now_ns - stream->accepted_ns >= stream->owner->config.token_patience_ns)
        tw_socket_close(stream->socket, NOT_KNOWN, "no token came");
}

void dashboard_streams_tick(tw_dashboard *dashboard) {
    int64_t now_ns = tw_loop_now_ns(dashboard->config.loop);
    dashboard->common = 0;
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++) {
        dashboard_stream *stream = &dashboard->streams[i];
        drop_silent(stream, now_ns);
        if (stream->socket == NULL || dashboard->view == NULL || !is_due(stream, now_ns))
            continue;
        if (dashboard->common == 0) {
            tw_text text = tw_text_over(dashboard->memory, dashboard->capacity);
            dashboard_state_write(dashboard, &text);
            TW_ASSERT(!text.truncated);
            dashboard->common = text.size;
        }
        tell_state(stream, now_ns);
        tell_bars(stream, now_ns);
    }
    dashboard->common = 0;
}

/* ---- end ----------------------------------------------------------------------------------- */

void dashboard_streams_stop(tw_dashboard *dashboard) {
    char memory[64];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_engine_phase phase =
        dashboard->view != NULL ? dashboard->view->report.phase : TW_ENGINE_DONE;
    tw_text_append_format(&text, "{\"type\":\"end\",\"phase\":\"%s\"}",
                          tw_engine_phase_name(phase));
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++) {
        dashboard_stream *stream = &dashboard->streams[i];
        if (stream->socket == NULL)
            continue;
        tw_socket_discard(stream->socket);
        if (stream->known && tell(stream, &text) != TW_OK)
            continue; /* it is closing already */
        tw_socket_close(stream->socket, TW_SOCKET_GOING_AWAY, "the run has ended");
    }
}

void dashboard_streams_free(tw_dashboard *dashboard) {
    for (size_t i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++) {
        tw_socket_free(dashboard->streams[i].socket);
        dashboard->streams[i].socket = NULL;
    }
}
