/*
 * socket.c - one WebSocket: its states, its queue, its clock.
 *
 * Idea: wslay's event layer reads (joins fragments, checks UTF-8, answers pings and closes); what
 * it wants to send comes into the same queue as our own encoded messages, so that frames never
 * mix and one sendmsg carries all that a turn has gathered.
 *
 * Invariants
 *   1. Queue entries are whole frames (or whole runs of control frames), in the order of sending;
 *      only the oldest may be partly written (`first_offset`).
 *   2. queue_size and queue_count of the statistics count the messages; control frames have
 *      CONTROL_PLACES of their own. When those are taken nothing is read until some are free, so
 *      a peer that only sends pings and never reads cannot make anything grow.
 *   3. The owner's callbacks are made between socket_enter and socket_leave only. tw_socket_free
 *      inside of them marks the socket; the last socket_leave frees it.
 *   4. socket_finish is called at the end of an entry point, never from within wslay. After it
 *      the state is CLOSED and there is no watch, timer, task or descriptor.
 *   5. After our close frame nothing is queued any more; wslay refuses and so do we (CLOSING).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "socket_priv.h"
#include "tradewind/time.h"

#define MESSAGE_SIZE_DEFAULT (4u << 20)
#define QUEUE_SIZE_DEFAULT (4u << 20)
#define QUEUE_COUNT_DEFAULT 1024
#define PING_INTERVAL_DEFAULT_NS (10 * TW_NS_PER_SECOND)
#define PONG_TIMEOUT_DEFAULT_NS (10 * TW_NS_PER_SECOND)
#define CLOSE_TIMEOUT_DEFAULT_NS (2 * TW_NS_PER_SECOND)
#define CONNECT_TIMEOUT_DEFAULT_NS (10 * TW_NS_PER_SECOND)
/* So much is read from one socket before others get their turn. */
#define READ_BUDGET ((size_t)256 << 10)
/* Answers that wslay may gather before it has to hand them over. */
#define WSLAY_QUEUE_MAX 64
#define WRITE_PIECES 64

/* ---- life ----------------------------------------------------------------------------- */

static void destroy(tw_socket *socket) {
    for (uint32_t i = 0; i < socket->count; i++)
        socket_frame_release(socket->queue[(socket->first + i) % socket->places]);
    socket_connector_done(socket);
    if (socket->events != NULL)
        wslay_event_context_free(socket->events);
    if (socket->encoder != NULL)
        wslay_frame_context_free(socket->encoder);
    if (socket->early != NULL)
        TW_DELETE(socket->allocator, socket->early, socket->early_size, char);
    if (socket->queue != NULL)
        TW_DELETE(socket->allocator, socket->queue, socket->places, tw_socket_frame *);
    TW_DELETE(socket->allocator, socket, 1, tw_socket);
}

/* Lets go of the loop and of the connection. */
static void disconnect(tw_socket *socket) {
    tw_loop_watch_stop(socket->watch);
    tw_loop_timer_stop(socket->timer);
    tw_loop_defer_drop(socket->loop, &socket->flush_task);
    tw_loop_defer_drop(socket->loop, &socket->open_task);
    tw_loop_defer_drop(socket->loop, &socket->read_task);
    socket->watch = NULL;
    socket->timer = NULL;
    if (socket->owns_fd)
        close(socket->fd);
    socket->owns_fd = false;
    socket->fd = -1;
    socket_connector_done(socket);
}

void socket_enter(tw_socket *socket) {
    socket->depth++;
}

void socket_leave(tw_socket *socket) {
    TW_ASSERT(socket->depth > 0);
    if (--socket->depth == 0 && socket->doomed)
        destroy(socket);
}

void tw_socket_free(tw_socket *socket) {
    if (socket == NULL)
        return;
    TW_ASSERT(!socket->doomed);
    socket->doomed = true;
    socket->state = TW_SOCKET_CLOSED;
    disconnect(socket);
    if (socket->depth == 0)
        destroy(socket);
}

void socket_finish(tw_socket *socket, tw_status status, const char *message, uint32_t http_status) {
    TW_ASSERT(socket->depth > 0);
    if (socket->state == TW_SOCKET_CLOSED)
        return;
    socket->state = TW_SOCKET_CLOSED;
    disconnect(socket);
    uint16_t code = socket->peer_code != 0    ? socket->peer_code
                    : socket->close_code != 0 ? socket->close_code
                                              : TW_SOCKET_ABNORMAL;
    tw_socket_ending ending = {
        .status = status,
        .code = code,
        .http_status = (uint16_t)http_status,
        .reason = tw_slice_of(socket->reason),
        .message = message,
    };
    if (socket->config.on_close != NULL)
        socket->config.on_close(socket->config.context, socket, &ending);
}

/* ---- the queue ------------------------------------------------------------------------ */

static bool has_control_place(const tw_socket *socket) {
    return socket->count - socket->stats.queue_count < CONTROL_PLACES;
}

static void update_watch(tw_socket *socket) {
    if (socket->watch == NULL)
        return;
    bool room = has_control_place(socket); /* invariant 2 */
    /* What waits for the flush of this turn is not blocked yet. */
    bool blocked = socket->count > 0 && !socket->flush_task.deferred;
    tw_loop_watch_set(socket->watch,
                      (room ? TW_LOOP_READABLE : 0) | (blocked ? TW_LOOP_WRITABLE : 0));
}

static void go_on(tw_socket *socket) {
    update_watch(socket);
    if (!socket->stalled || !has_control_place(socket))
        return;
    socket->stalled = false;
    tw_loop_defer(socket->loop, &socket->read_task);
}

/* Takes over one reference to `frame`. The caller has looked that there is a place. */
void socket_push(tw_socket *socket, tw_socket_frame *frame) {
    TW_ASSERT(socket->count < socket->places);
    socket->queue[(socket->first + socket->count) % socket->places] = frame;
    socket->count++;
    if (frame->counts) {
        socket->stats.queue_size += frame->size;
        socket->stats.queue_count++;
    }
    tw_loop_defer(socket->loop, &socket->flush_task);
}

static void drop_oldest(tw_socket *socket) {
    tw_socket_frame *frame = socket->queue[socket->first];
    socket->first = (socket->first + 1) % socket->places;
    socket->count--;
    socket->first_offset = 0;
    if (frame->counts) {
        socket->stats.queue_size -= frame->size;
        socket->stats.queue_count--;
    }
    socket_frame_release(frame);
}

/* The queue has taken `written` bytes less. */
static void advance(tw_socket *socket, size_t written) {
    socket->stats.byte_out_count += written;
    while (written > 0) {
        size_t left = socket->queue[socket->first]->size - socket->first_offset;
        if (written < left) {
            socket->first_offset += written;
            return;
        }
        written -= left;
        drop_oldest(socket);
    }
}

size_t tw_socket_discard(tw_socket *socket) {
    uint32_t kept = 0;
    size_t dropped = 0;
    for (uint32_t i = 0; i < socket->count; i++) {
        tw_socket_frame *frame = socket->queue[(socket->first + i) % socket->places];
        if (!frame->counts || (i == 0 && socket->first_offset > 0)) {
            socket->queue[(socket->first + kept++) % socket->places] = frame;
            continue;
        }
        socket->stats.queue_size -= frame->size;
        socket->stats.queue_count--;
        dropped++;
        socket_frame_release(frame);
    }
    socket->count = kept;
    return dropped;
}

/* ---- writing -------------------------------------------------------------------------- */

static ssize_t write_plain(tw_socket *socket) {
    struct iovec pieces[WRITE_PIECES];
    struct msghdr message = {.msg_iov = pieces};
    for (uint32_t i = 0; i < socket->count && i < WRITE_PIECES; i++) {
        tw_socket_frame *frame = socket->queue[(socket->first + i) % socket->places];
        size_t offset = i == 0 ? socket->first_offset : 0;
        pieces[i] = (struct iovec){frame->data + offset, frame->size - offset};
        message.msg_iovlen = i + 1;
    }
    ssize_t written = sendmsg(socket->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return written;
}

/* A retry must offer the same bytes again; the oldest frame does not change, so it does. */
static ssize_t write_tls(tw_socket *socket) {
    tw_socket_frame *frame = socket->queue[socket->first];
    size_t written = 0;
    CURLcode code = curl_easy_send(socket->connector.easy, frame->data + socket->first_offset,
                                   frame->size - socket->first_offset, &written);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK ? (ssize_t)written : -1;
}

/* Writes what the connection takes; false if it is broken. */
static bool write_some(tw_socket *socket) {
    while (socket->count > 0) {
        ssize_t written = socket->connector.tls ? write_tls(socket) : write_plain(socket);
        if (written < 0)
            return false;
        socket->stats.write_count++;
        if (written == 0)
            break;
        advance(socket, (size_t)written);
    }
    return true;
}

static ssize_t take_control(wslay_event_context_ptr events, const uint8_t *data, size_t size,
                            int flags, void *context) {
    (void)flags;
    tw_socket *socket = context;
    if (size > CONTROL_SIZE - socket->control_size) {
        wslay_event_set_error(events, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(socket->control + socket->control_size, data, size);
    socket->control_size += size;
    return (ssize_t)size;
}

/* Moves wslay's pings, pongs and close frames into the queue while there are places. */
static tw_status queue_control(tw_socket *socket) {
    while (wslay_event_want_write(socket->events) && has_control_place(socket)) {
        if (wslay_event_send(socket->events) != 0)
            return TW_NO_MEMORY;
        if (socket->control_size == 0)
            break;
        tw_socket_frame *frame = socket_frame_make(socket->allocator, socket->control_size);
        if (frame == NULL)
            return TW_NO_MEMORY;
        memcpy(frame->data, socket->control, socket->control_size);
        frame->size = socket->control_size;
        socket->control_size = 0;
        socket_push(socket, frame);
    }
    return TW_OK;
}

/* True when both close frames have gone their way, or ours has and the peer is at fault. */
static bool is_over(const tw_socket *socket) {
    if (socket->state != TW_SOCKET_CLOSING || socket->count > 0)
        return false;
    return wslay_event_get_close_received(socket->events) != 0;
}

static void finish_closing(tw_socket *socket) {
    const char *text = socket->failure == TW_OK ? "closed" : socket->failure_text;
    socket_finish(socket, socket->failure, text, 0);
}

static void lost(tw_socket *socket, const char *text) {
    if (socket->state == TW_SOCKET_CLOSING &&
        (socket->failure != TW_OK || wslay_event_get_close_received(socket->events) != 0))
        finish_closing(socket);
    else
        socket_finish(socket, TW_CLOSED, text, 0);
}

void socket_write(tw_socket *socket) {
    if (socket->state == TW_SOCKET_CLOSED || socket->fd < 0)
        return;
    bool whole = write_some(socket);
    if (whole && socket->state != TW_SOCKET_CONNECTING && queue_control(socket) != TW_OK)
        socket_finish(socket, TW_NO_MEMORY, "no memory for a control frame", 0);
    else if (!whole)
        lost(socket, "the connection broke while writing");
    else if (is_over(socket))
        finish_closing(socket);
    else
        go_on(socket);
}

static void flush(void *context) {
    tw_socket *socket = context;
    socket_enter(socket);
    socket_write(socket);
    socket_leave(socket);
}

/* ---- reading -------------------------------------------------------------------------- */

static ssize_t read_early(tw_socket *socket, char *buffer, size_t size) {
    size_t left = socket->early_size - socket->early_read;
    if (size > left)
        size = left;
    memcpy(buffer, socket->early + socket->early_read, size);
    socket->early_read += size;
    return (ssize_t)size;
}

static ssize_t read_plain(tw_socket *socket, char *buffer, size_t size) {
    ssize_t got = recv(socket->fd, buffer, size, MSG_DONTWAIT);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    socket->eof = true;
    return -1;
}

static ssize_t read_tls(tw_socket *socket, char *buffer, size_t size) {
    size_t got = 0;
    CURLcode code = curl_easy_recv(socket->connector.easy, buffer, size, &got);
    if (code == CURLE_AGAIN)
        return 0;
    if (code == CURLE_OK && got > 0)
        return (ssize_t)got;
    socket->eof = true;
    return -1;
}

ssize_t socket_read(tw_socket *socket, char *buffer, size_t size) {
    if (socket->early_read < socket->early_size)
        return read_early(socket, buffer, size);
    if (socket->fd < 0 || socket->eof)
        return 0;
    ssize_t got =
        socket->connector.tls ? read_tls(socket, buffer, size) : read_plain(socket, buffer, size);
    if (got > 0) {
        socket->stats.byte_in_count += (uint64_t)got;
        socket->heard_ns = tw_loop_now_ns(socket->loop);
    }
    return got;
}

static ssize_t feed_wslay(wslay_event_context_ptr events, uint8_t *buffer, size_t size, int flags,
                          void *context) {
    (void)flags;
    tw_socket *socket = context;
    if (size > socket->read_budget)
        size = socket->read_budget;
    socket->stalled = !has_control_place(socket) ||
                      wslay_event_get_queued_msg_count(socket->events) > WSLAY_QUEUE_MAX;
    ssize_t got = socket->state == TW_SOCKET_CLOSED || size == 0 || socket->stalled
                      ? 0
                      : socket_read(socket, (char *)buffer, size);
    if (got <= 0) {
        wslay_event_set_error(events, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    socket->read_budget -= (size_t)got;
    return got;
}

static int mask_control(wslay_event_context_ptr events, uint8_t *buffer, size_t size,
                        void *context) {
    (void)events;
    (void)context;
    return socket_random(buffer, size);
}

static void take_close(tw_socket *socket, const struct wslay_event_on_msg_recv_arg *message) {
    socket->peer_code = message->status_code != 0 ? message->status_code : TW_SOCKET_NO_CODE;
    size_t size = message->msg_length > 2 ? message->msg_length - 2 : 0;
    if (size >= REASON_SIZE)
        size = REASON_SIZE - 1;
    if (size > 0)
        memcpy(socket->reason, message->msg + 2, size);
    socket->reason[size] = '\0';
}

static void message_arrived(wslay_event_context_ptr events,
                            const struct wslay_event_on_msg_recv_arg *message, void *context) {
    (void)events;
    tw_socket *socket = context;
    if (message->opcode == WSLAY_CONNECTION_CLOSE) {
        take_close(socket, message);
        return;
    }
    bool is_message = message->opcode == WSLAY_TEXT_FRAME || message->opcode == WSLAY_BINARY_FRAME;
    if (!is_message || socket->doomed)
        return;
    socket->stats.message_in_count++;
    if (socket->config.on_message == NULL)
        return;
    tw_socket_message out = {
        .kind = message->opcode == WSLAY_TEXT_FRAME ? TW_SOCKET_TEXT : TW_SOCKET_BINARY,
        .data = {(const char *)message->msg, message->msg_length},
        .time_ns = tw_loop_now_ns(socket->loop),
    };
    socket->config.on_message(socket->config.context, socket, &out);
}

static void begin_closing(tw_socket *socket) {
    if (socket->state == TW_SOCKET_CLOSING)
        return;
    socket->state = TW_SOCKET_CLOSING;
    socket->deadline_ns = tw_time_monotonic_ns() + socket->config.close_timeout_ns;
    socket_plan_timer(socket);
}

/* wslay has queued a close frame of its own because the peer broke a rule. */
static void take_fault(tw_socket *socket) {
    socket->close_code = wslay_event_get_status_code_sent(socket->events);
    socket->failure = TW_PROTOCOL;
    socket->failure_text = "the peer sent a malformed frame";
    if (socket->close_code == TW_SOCKET_TOO_BIG) {
        socket->failure = TW_FULL;
        socket->failure_text = "the peer sent a message over the limit";
    } else if (socket->close_code == TW_SOCKET_BAD_TEXT) {
        socket->failure_text = "the peer sent text that is not UTF-8";
    }
    begin_closing(socket);
}

/* After a fault the peer may still be sending: read and forget until it has seen our close
 * frame, else the kernel would answer its bytes with a reset that overtakes the frame. */
static void forget_input(tw_socket *socket) {
    char nowhere[4096];
    while (socket->read_budget > 0 && !socket->eof) {
        ssize_t got = socket_read(socket, nowhere, sizeof nowhere);
        if (got <= 0)
            return;
        size_t size = (size_t)got;
        socket->read_budget -= size < socket->read_budget ? size : socket->read_budget;
    }
}

static bool is_waiting_for_pong(const tw_socket *socket) {
    return socket->pinged_ns > 0 && socket->heard_ns < socket->pinged_ns;
}

static void socket_read_frames(tw_socket *socket) {
    socket->read_budget = READ_BUDGET;
    bool was_waiting = is_waiting_for_pong(socket);
    bool was_enabled = wslay_event_get_read_enabled(socket->events) != 0;
    if (was_enabled && wslay_event_recv(socket->events) != 0) {
        socket_finish(socket, TW_NO_MEMORY, "no memory for an incoming message", 0);
        return;
    }
    if (socket->state == TW_SOCKET_CLOSED)
        return;
    if (was_waiting && !is_waiting_for_pong(socket))
        socket_plan_timer(socket); /* for the next ping */
    bool closed = wslay_event_get_close_received(socket->events) != 0;
    if (!was_enabled)
        forget_input(socket);
    if (queue_control(socket) != TW_OK) {
        socket_finish(socket, TW_NO_MEMORY, "no memory for a control frame", 0);
        return;
    }
    if (closed)
        begin_closing(socket);
    else if (was_enabled && wslay_event_get_read_enabled(socket->events) == 0)
        take_fault(socket);
    if (socket->eof)
        lost(socket, "the connection was closed without a close frame");
    else if (is_over(socket))
        finish_closing(socket);
    else
        go_on(socket);
    /* TLS may hold bytes that the descriptor does not show any more. */
    if (socket->state != TW_SOCKET_CLOSED && socket->read_budget == 0)
        tw_loop_defer(socket->loop, &socket->read_task);
}

static void ready(void *context, int fd, uint32_t events) {
    (void)fd;
    tw_socket *socket = context;
    socket_enter(socket);
    if ((events & TW_LOOP_WRITABLE) != 0)
        socket_write(socket);
    if ((events & TW_LOOP_READABLE) != 0 && socket->state == TW_SOCKET_CONNECTING)
        socket_connector_read_answer(socket);
    else if ((events & TW_LOOP_READABLE) != 0 && socket->state != TW_SOCKET_CLOSED)
        socket_read_frames(socket);
    socket_leave(socket);
}

static void read_again(void *context) {
    ready(context, -1, TW_LOOP_READABLE);
}

/* ---- the clock ------------------------------------------------------------------------ */

static void ping(tw_socket *socket, int64_t now_ns) {
    struct wslay_event_msg message = {.opcode = WSLAY_PING};
    socket->pinged_ns = now_ns;
    /* No place: the peer is not reading, and the silence will be noticed all the same. */
    if (has_control_place(socket) &&
        (wslay_event_queue_msg(socket->events, &message) != 0 || queue_control(socket) != TW_OK))
        socket_finish(socket, TW_NO_MEMORY, "no memory for a ping", 0);
}

static void check_peer(tw_socket *socket, int64_t now_ns) {
    if (is_waiting_for_pong(socket)) {
        if (now_ns - socket->pinged_ns >= socket->config.pong_timeout_ns) {
            socket_finish(socket, TW_TIMEOUT, "the peer did not answer a ping in time", 0);
            return;
        }
    } else if (now_ns - socket->pinged_ns >= socket->config.ping_interval_ns) {
        ping(socket, now_ns);
    }
    if (socket->state != TW_SOCKET_CLOSED)
        socket_plan_timer(socket);
}

static void timer_fired(void *context) {
    tw_socket *socket = context;
    int64_t now_ns = tw_loop_now_ns(socket->loop);
    socket->timer = NULL;
    socket_enter(socket);
    if (socket->state == TW_SOCKET_OPEN)
        check_peer(socket, now_ns);
    else if (now_ns < socket->deadline_ns)
        socket_plan_timer(socket);
    else if (socket->state == TW_SOCKET_CONNECTING)
        socket_finish(socket, TW_TIMEOUT, "the connection was not open in time", 0);
    else if (socket->failure != TW_OK)
        finish_closing(socket);
    else
        socket_finish(socket, TW_TIMEOUT, "the peer did not close in time", 0);
    socket_leave(socket);
}

static int64_t next_deadline_ns(const tw_socket *socket) {
    if (socket->state != TW_SOCKET_OPEN)
        return socket->deadline_ns;
    if (socket->config.ping_interval_ns < 0)
        return INT64_MAX;
    return socket->pinged_ns + (is_waiting_for_pong(socket) ? socket->config.pong_timeout_ns
                                                            : socket->config.ping_interval_ns);
}

void socket_plan_timer(tw_socket *socket) {
    int64_t due_ns = next_deadline_ns(socket);
    tw_loop_timer_stop(socket->timer);
    socket->timer = NULL;
    if (due_ns == INT64_MAX)
        return;
    int64_t delay_ns = due_ns - tw_time_monotonic_ns();
    tw_status status = tw_loop_timer_start(socket->loop, delay_ns > 0 ? delay_ns : 0, 0,
                                           timer_fired, socket, &socket->timer);
    /* The place that was just freed, or the one that creation made sure of. */
    if (status != TW_OK)
        socket->timer = NULL;
}

/* ---- opening -------------------------------------------------------------------------- */

static tw_status make_wslay(tw_socket *socket) {
    struct wslay_event_callbacks callbacks = {
        .recv_callback = feed_wslay,
        .send_callback = take_control,
        .genmask_callback = mask_control,
        .on_msg_recv_callback = message_arrived,
    };
    int failed = socket->client
                     ? wslay_event_context_client_init(&socket->events, &callbacks, socket)
                     : wslay_event_context_server_init(&socket->events, &callbacks, socket);
    if (failed != 0)
        return TW_NO_MEMORY;
    wslay_event_config_set_max_recv_msg_length(socket->events, socket->config.message_size_max);
    return socket_encoder_init(socket);
}

static void fill_defaults(tw_socket_config *config) {
    if (config->message_size_max == 0)
        config->message_size_max = MESSAGE_SIZE_DEFAULT;
    if (config->queue_size_max == 0)
        config->queue_size_max = QUEUE_SIZE_DEFAULT;
    if (config->queue_count_max == 0)
        config->queue_count_max = QUEUE_COUNT_DEFAULT;
    if (config->ping_interval_ns == 0)
        config->ping_interval_ns = PING_INTERVAL_DEFAULT_NS;
    if (config->pong_timeout_ns == 0)
        config->pong_timeout_ns = PONG_TIMEOUT_DEFAULT_NS;
    if (config->close_timeout_ns == 0)
        config->close_timeout_ns = CLOSE_TIMEOUT_DEFAULT_NS;
    if (config->connect_timeout_ns == 0)
        config->connect_timeout_ns = CONNECT_TIMEOUT_DEFAULT_NS;
}

static void open_now(void *context) {
    tw_socket *socket = context;
    socket_enter(socket);
    if (socket->give_up)
        socket_finish(socket, TW_CANCELLED, "given up while connecting", 0);
    else
        socket_opened(socket);
    socket_leave(socket);
}

tw_status socket_make(tw_loop *loop, const tw_socket_config *config, bool client,
                      tw_socket **ret_socket, tw_error *error) {
    const tw_allocator *allocator =
        config->allocator != NULL ? config->allocator : tw_allocator_system();
    tw_socket *socket = TW_NEW(allocator, 1, tw_socket);
    if (socket == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a WebSocket");
    socket->allocator = allocator;
    socket->loop = loop;
    socket->client = client;
    socket->config = *config;
    socket->fd = -1;
    fill_defaults(&socket->config);
    socket->flush_task = (tw_loop_task){.run = flush, .context = socket};
    socket->open_task = (tw_loop_task){.run = open_now, .context = socket};
    socket->read_task = (tw_loop_task){.run = read_again, .context = socket};
    socket->places = socket->config.queue_count_max + CONTROL_PLACES;
    socket->queue = TW_NEW(allocator, socket->places, tw_socket_frame *);
    if (socket->queue == NULL || make_wslay(socket) != TW_OK) {
        destroy(socket);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a WebSocket");
    }
    socket->deadline_ns = tw_time_monotonic_ns() + socket->config.connect_timeout_ns;
    socket_plan_timer(socket);
    if (socket->timer == NULL) {
        tw_socket_free(socket);
        return tw_error_set(error, TW_FULL, "the event loop has no timer left for a WebSocket");
    }
    *ret_socket = socket;
    return TW_OK;
}

tw_status socket_take_early(tw_socket *socket, tw_slice bytes) {
    if (bytes.size == 0)
        return TW_OK;
    socket->early = TW_NEW(socket->allocator, bytes.size, char);
    if (socket->early == NULL)
        return TW_NO_MEMORY;
    memcpy(socket->early, bytes.data, bytes.size);
    socket->early_size = bytes.size;
    return TW_OK;
}

tw_status socket_attach(tw_socket *socket, int fd) {
    tw_status status =
        tw_loop_watch_start(socket->loop, fd, TW_LOOP_READABLE, ready, socket, &socket->watch);
    if (status == TW_OK)
        socket->fd = fd;
    return status;
}

void socket_opened(tw_socket *socket) {
    socket->state = TW_SOCKET_OPEN;
    socket->heard_ns = tw_loop_now_ns(socket->loop);
    socket->pinged_ns = socket->heard_ns; /* the first ping is due one interval from now */
    socket_plan_timer(socket);
    if (socket->config.on_open != NULL)
        socket->config.on_open(socket->config.context, socket);
    if (socket->state != TW_SOCKET_CLOSED)
        socket_read_frames(socket);
}

tw_status tw_socket_accept(tw_loop *loop, int fd, tw_slice early, const tw_socket_config *config,
                           tw_socket **ret_socket, tw_error *error) {
    TW_ASSERT(loop != NULL && config != NULL && ret_socket != NULL && fd >= 0);
    tw_socket *socket = NULL;
    tw_status status = socket_make(loop, config, false, &socket, error);
    if (status != TW_OK)
        return status;
    status = socket_take_early(socket, early);
    if (status == TW_OK)
        status = socket_attach(socket, fd);
    if (status != TW_OK) {
        tw_socket_free(socket);
        return tw_error_set(error, status, "the event loop cannot watch a WebSocket: %s",
                            tw_status_sentence(status));
    }
    /* Nothing is read before on_open has been called. */
    tw_loop_watch_set(socket->watch, 0);
    socket->owns_fd = true;
    tw_loop_defer(loop, &socket->open_task);
    *ret_socket = socket;
    return TW_OK;
}

/* ---- sending and closing -------------------------------------------------------------- */

tw_socket_state tw_socket_get_state(const tw_socket *socket) {
    return socket->state;
}

tw_socket_stats tw_socket_get_stats(const tw_socket *socket) {
    return socket->stats;
}

static tw_status refuse(tw_socket *socket) {
    socket->stats.dropped_count++;
    if (socket->config.policy != TW_SOCKET_CLOSE_SLOW)
        return TW_FULL;
    tw_socket_discard(socket);
    tw_socket_close(socket, TW_SOCKET_POLICY, "too slow");
    socket->failure = TW_FULL;
    socket->failure_text = "the peer reads too slowly";
    return TW_FULL;
}

static bool has_room(const tw_socket *socket, size_t size) {
    const tw_socket_stats *stats = &socket->stats;
    return stats->queue_count < socket->config.queue_count_max &&
           size <= socket->config.queue_size_max &&
           stats->queue_size <= socket->config.queue_size_max - size;
}

tw_status tw_socket_send(tw_socket *socket, tw_socket_kind kind, tw_slice data) {
    TW_ASSERT(kind == TW_SOCKET_TEXT || kind == TW_SOCKET_BINARY);
    if (socket->state != TW_SOCKET_OPEN)
        return TW_STATE;
    if (!has_room(socket, data.size))
        return refuse(socket);
    tw_socket_frame *frame = socket_frame_encode(socket, kind, data);
    if (frame == NULL)
        return TW_NO_MEMORY;
    socket->stats.message_out_count++;
    socket_push(socket, frame);
    return TW_OK;
}

tw_status tw_socket_send_frame(tw_socket *socket, tw_socket_frame *frame) {
    TW_ASSERT(!socket->client);
    if (socket->state != TW_SOCKET_OPEN)
        return TW_STATE;
    if (!has_room(socket, frame->size))
        return refuse(socket);
    frame->references++;
    socket->stats.message_out_count++;
    socket_push(socket, frame);
    return TW_OK;
}

static size_t reason_size(const char *reason) {
    size_t size = reason != NULL ? strlen(reason) : 0;
    if (size <= REASON_SIZE - 1)
        return size;
    size = REASON_SIZE - 1;
    /* Not in the middle of a UTF-8 sequence. */
    while (size > 0 && ((unsigned char)reason[size] & 0xc0) == 0x80)
        size--;
    return size;
}

void tw_socket_close(tw_socket *socket, uint16_t code, const char *reason) {
    TW_ASSERT(code >= 1000 && code <= 4999);
    if (socket->state == TW_SOCKET_CONNECTING) {
        socket->give_up = true;
        tw_loop_defer(socket->loop, &socket->open_task);
        return;
    }
    if (socket->state != TW_SOCKET_OPEN)
        return;
    size_t size = reason_size(reason);
    int failed = wslay_event_queue_close(socket->events, code, (const uint8_t *)reason, size);
    socket->close_code = code;
    if (size > 0)
        memcpy(socket->reason, reason, size);
    socket->reason[size] = '\0';
    begin_closing(socket);
    /* Without memory there is no close frame; the deadline ends it then. */
    if (failed == 0 && queue_control(socket) == TW_OK)
        tw_loop_defer(socket->loop, &socket->flush_task);
}
