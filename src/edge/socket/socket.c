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
#include <string.h>
#include <unistd.h>

#include "socket_priv.h"
#include "tradewind/time.h"

#define MESSAGE_SIZE_DEFAULT (4u << 20)
#define QUEUE_SIZE_DEFAULT (4u << 20)
#define QUEUE_COUNT_DEFAULT 1024
#define QUEUE_COUNT_FIRST 8
#define PING_INTERVAL_DEFAULT_NS (10 * TW_NS_PER_SECOND)
#define PONG_TIMEOUT_DEFAULT_NS (10 * TW_NS_PER_SECOND)
#define CLOSE_TIMEOUT_DEFAULT_NS (2 * TW_NS_PER_SECOND)
#define CONNECT_TIMEOUT_DEFAULT_NS (10 * TW_NS_PER_SECOND)

/* ---- life ----------------------------------------------------------------------------- */

static void destroy(tw_socket *socket) {
    for (uint32_t i = 0; i < socket->count; i++)
        socket_frame_release(socket->queue[(socket->first + i) % socket->places]);
    socket_connector_done(socket);
    if (socket->events != NULL)
        wslay_event_context_free(socket->events);
    if (socket->encoder != NULL)
        wslay_frame_context_free(socket->encoder);
    socket_deflater_free(socket->deflater);
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

/* ---- what the loop calls -------------------------------------------------------------- */

static void flush(void *context) {
    tw_socket *socket = context;
    socket_enter(socket);
    socket_write(socket);
    socket_leave(socket);
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

void socket_begin_closing(tw_socket *socket) {
    if (socket->state == TW_SOCKET_CLOSING)
        return;
    socket->state = TW_SOCKET_CLOSING;
    socket->deadline_ns = tw_time_monotonic_ns() + socket->config.close_timeout_ns;
    socket_plan_timer(socket);
}

bool socket_is_waiting_for_pong(const tw_socket *socket) {
    return socket->pinged_ns > 0 && socket->heard_ns < socket->pinged_ns;
}

static void ping(tw_socket *socket, int64_t now_ns) {
    struct wslay_event_msg message = {.opcode = WSLAY_PING};
    socket->pinged_ns = now_ns;
    /* No place: the peer is not reading, and the silence will be noticed all the same. */
    if (socket_has_control_place(socket) && (wslay_event_queue_msg(socket->events, &message) != 0 ||
                                             socket_queue_control(socket) != TW_OK))
        socket_finish(socket, TW_NO_MEMORY, "no memory for a ping", 0);
}

static int64_t quiet_deadline_ns(const tw_socket *socket) {
    int64_t span_ns = socket->config.quiet_timeout_ns;
    bool ever = span_ns > 0 && socket->quiet_ns <= INT64_MAX - span_ns;
    return ever ? socket->quiet_ns + span_ns : INT64_MAX;
}

static void check_peer(tw_socket *socket, int64_t now_ns) {
    if (now_ns >= quiet_deadline_ns(socket)) {
        socket_finish(socket, TW_TIMEOUT, "the connection is open but no message came in time", 0);
        return;
    }
    if (socket_is_waiting_for_pong(socket)) {
        if (now_ns - socket->pinged_ns >= socket->config.pong_timeout_ns) {
            socket_finish(socket, TW_TIMEOUT, "the peer did not answer a ping in time", 0);
            return;
        }
    } else if (socket->config.ping_interval_ns > 0 &&
               now_ns - socket->pinged_ns >= socket->config.ping_interval_ns) {
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
        socket_finish_closing(socket);
    else
        socket_finish(socket, TW_TIMEOUT, "the peer did not close in time", 0);
    socket_leave(socket);
}

static int64_t next_deadline_ns(const tw_socket *socket) {
    if (socket->state != TW_SOCKET_OPEN)
        return socket->deadline_ns;
    int64_t due_ns = quiet_deadline_ns(socket);
    if (socket->config.ping_interval_ns < 0)
        return due_ns;
    int64_t span_ns = socket_is_waiting_for_pong(socket) ? socket->config.pong_timeout_ns
                                                         : socket->config.ping_interval_ns;
    int64_t ping_ns = socket->pinged_ns + span_ns;
    return ping_ns < due_ns ? ping_ns : due_ns;
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

static int mask_control(wslay_event_context_ptr events, uint8_t *buffer, size_t size,
                        void *context) {
    (void)events;
    (void)context;
    return socket_random(buffer, size);
}

static tw_status make_wslay(tw_socket *socket) {
    struct wslay_event_callbacks callbacks = {
        .recv_callback = socket_feed_wslay,
        .send_callback = socket_take_control,
        .genmask_callback = mask_control,
        .on_msg_recv_callback = socket_message_arrived,
    };
    int failed = socket->client
                     ? wslay_event_context_client_init(&socket->events, &callbacks, socket)
                     : wslay_event_context_server_init(&socket->events, &callbacks, socket);
    if (failed != 0)
        return TW_NO_MEMORY;
    wslay_event_config_set_max_recv_msg_length(socket->events, socket->config.message_size_max);
    return socket_encoder_init(socket);
}

/* What cannot be made smaller grows a little by being deflated: five bytes for 16 kB and some at
 * the end. */
static uint64_t packed_size_max(uint32_t size_max) {
    return (uint64_t)size_max + (size_max >> 10) + 64;
}

tw_status socket_start_deflate(tw_socket *socket) {
    uint32_t size_max = socket->config.message_size_max;
    if (!socket->agreed.on)
        return TW_OK;
    wslay_event_config_set_allowed_rsv_bits(socket->events, WSLAY_RSV1_BIT);
    wslay_event_config_set_max_recv_msg_length(socket->events, packed_size_max(size_max));
    return socket_deflater_new(socket->allocator, &socket->agreed, socket->client, size_max,
                               &socket->deflater);
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

static bool are_bits(uint8_t bits) {
    return bits == 0 || (bits >= 8 && bits <= 15);
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

/* The queue grows when it has to: most never do. */
static uint32_t first_places(const tw_socket_config *config) {
    return (config->queue_count_max < QUEUE_COUNT_FIRST ? config->queue_count_max
                                                        : QUEUE_COUNT_FIRST) +
           CONTROL_PLACES;
}

tw_status socket_make(tw_loop *loop, const tw_socket_config *config, bool client,
                      tw_socket **ret_socket, tw_error *error) {
    const tw_allocator *allocator =
        config->allocator != NULL ? config->allocator : tw_allocator_system();
    if (!are_bits(config->deflate.server_bits) || !are_bits(config->deflate.client_bits))
        return tw_error_set(error, TW_INVALID, "a window of deflate has 8 to 15 bits");
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
    socket->places = first_places(&socket->config);
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
    socket->quiet_ns = socket->heard_ns;
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
    socket->agreed = config->deflate;
    status = socket_take_early(socket, early);
    if (status == TW_OK)
        status = socket_start_deflate(socket);
    if (status == TW_OK)
        status = socket_attach(socket, fd);
    if (status != TW_OK) {
        tw_socket_free(socket);
        return tw_error_set(error, status, "a WebSocket cannot be opened: %s",
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

tw_socket_deflate tw_socket_get_deflate(const tw_socket *socket) {
    return socket->agreed;
}

void tw_socket_set_quiet_timeout(tw_socket *socket, int64_t quiet_timeout_ns) {
    socket->config.quiet_timeout_ns = quiet_timeout_ns;
    socket->quiet_ns = tw_loop_now_ns(socket->loop);
    if (socket->state == TW_SOCKET_OPEN)
        socket_plan_timer(socket);
}

void tw_socket_set_message_size_max(tw_socket *socket, uint32_t message_size_max) {
    TW_ASSERT(message_size_max > 0);
    socket->config.message_size_max = message_size_max;
    uint64_t size_max =
        socket->deflater != NULL ? packed_size_max(message_size_max) : message_size_max;
    wslay_event_config_set_max_recv_msg_length(socket->events, size_max);
    if (socket->deflater != NULL)
        socket_deflater_set_size_max(socket->deflater, message_size_max);
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
    if (kind == TW_SOCKET_TEXT && !tw_slice_is_utf8(data))
        return TW_INVALID;
    if (!has_room(socket, data.size))
        return refuse(socket);
    if (!socket_make_place(socket))
        return TW_NO_MEMORY;
    tw_socket_frame *frame = socket_frame_encode(socket, kind, data);
    if (frame == NULL)
        return TW_NO_MEMORY;
    socket->stats.payload_out_size += data.size;
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
    if (!socket_make_place(socket))
        return TW_NO_MEMORY;
    frame->references++;
    socket->stats.payload_out_size += frame->payload_size;
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
    socket_begin_closing(socket);
    /* Without memory there is no close frame; the deadline ends it then. */
    if (failed == 0 && socket_queue_control(socket) == TW_OK)
        tw_loop_defer(socket->loop, &socket->flush_task);
}
