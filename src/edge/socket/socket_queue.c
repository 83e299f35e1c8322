/*
 * socket_queue.c - what one WebSocket has yet to write: its queue, and the writing of it.
 *
 * Idea: our own encoded messages and the pings, pongs and close frames that wslay wants to send
 * stand in one queue, so that frames never mix and one sendmsg carries all that a turn has
 * gathered. The numbered invariants are those of socket.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "socket_priv.h"

#define WRITE_PIECES 64

/* ---- the queue ------------------------------------------------------------------------ */

bool socket_has_control_place(const tw_socket *socket) {
    return socket->count - socket->stats.queue_count < CONTROL_PLACES;
}

static void update_watch(tw_socket *socket) {
    if (socket->watch == NULL)
        return;
    bool room = socket_has_control_place(socket); /* invariant 2 */
    /* What waits for the flush of this turn is not blocked yet. */
    bool blocked = socket->count > 0 && !socket->flush_task.deferred;
    tw_loop_watch_set(socket->watch,
                      (room ? TW_LOOP_READABLE : 0) | (blocked ? TW_LOOP_WRITABLE : 0));
}

void socket_go_on(tw_socket *socket) {
    update_watch(socket);
    if (!socket->stalled || !socket_has_control_place(socket))
        return;
    socket->stalled = false;
    tw_loop_defer(socket->loop, &socket->read_task);
}

bool socket_make_place(tw_socket *socket) {
    if (socket->stats.queue_count + CONTROL_PLACES < socket->places)
        return true;
    uint32_t most = socket->config.queue_count_max + CONTROL_PLACES;
    uint32_t places = socket->places > most / 2 ? most : 2 * socket->places;
    tw_socket_frame **queue = TW_NEW(socket->allocator, places, tw_socket_frame *);
    if (queue == NULL)
        return false;
    for (uint32_t i = 0; i < socket->count; i++)
        queue[i] = socket->queue[(socket->first + i) % socket->places];
    TW_DELETE(socket->allocator, socket->queue, socket->places, tw_socket_frame *);
    socket->queue = queue;
    socket->places = places;
    socket->first = 0;
    return true;
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
    if (dropped > 0 && socket->deflater != NULL)
        socket_deflater_forget(socket->deflater);
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

ssize_t socket_take_control(wslay_event_context_ptr events, const uint8_t *data, size_t size,
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
tw_status socket_queue_control(tw_socket *socket) {
    while (wslay_event_want_write(socket->events) && socket_has_control_place(socket)) {
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
bool socket_is_over(const tw_socket *socket) {
    if (socket->state != TW_SOCKET_CLOSING || socket->count > 0)
        return false;
    return wslay_event_get_close_received(socket->events) != 0;
}

void socket_finish_closing(tw_socket *socket) {
    const char *text = socket->failure == TW_OK ? "closed" : socket->failure_text;
    socket_finish(socket, socket->failure, text, 0);
}

void socket_lost(tw_socket *socket, const char *text) {
    if (socket->state == TW_SOCKET_CLOSING &&
        (socket->failure != TW_OK || wslay_event_get_close_received(socket->events) != 0))
        socket_finish_closing(socket);
    else
        socket_finish(socket, TW_CLOSED, text, 0);
}

void socket_write(tw_socket *socket) {
    if (socket->state == TW_SOCKET_CLOSED || socket->fd < 0)
        return;
    bool whole = write_some(socket);
    if (whole && socket->state != TW_SOCKET_CONNECTING && socket_queue_control(socket) != TW_OK)
        socket_finish(socket, TW_NO_MEMORY, "no memory for a control frame", 0);
    else if (!whole)
        socket_lost(socket, "the connection broke while writing");
    else if (socket_is_over(socket))
        socket_finish_closing(socket);
    else
        socket_go_on(socket);
}
