/*
 * socket_read.c - bytes of the connection to messages of the owner.
 *
 * Idea: wslay's event layer joins fragments, checks UTF-8, and answers pings and closes; what it
 * wants to send goes into the queue. The numbered invariants are those of socket.c.
 *
 * wslay 1.1.1 looks at a close frame's reason piece by piece as it is read, two bytes short of
 * each: one with characters of several bytes that TCP cuts in two may be taken for broken text.
 * Such a close is answered with 1007 and ends with TW_PROTOCOL instead of TW_OK; nothing else is
 * lost.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "socket_priv.h"

/* So much is read from one socket before others get their turn. */
#define READ_BUDGET ((size_t)256 << 10)
/* Answers that wslay may gather before it has to hand them over. */
#define WSLAY_QUEUE_MAX 64

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

ssize_t socket_feed_wslay(wslay_event_context_ptr events, uint8_t *buffer, size_t size, int flags,
                          void *context) {
    (void)flags;
    tw_socket *socket = context;
    if (size > socket->read_budget)
        size = socket->read_budget;
    socket->stalled = !socket_has_control_place(socket) ||
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

/* The peer did something wrong that wslay does not see, or has no code for; socket_read_frames
 * closes then, and wslay, which may have queued another close frame, is not asked any more. */
static void fault(tw_socket *socket, uint16_t code, tw_status status, const char *text) {
    socket->fault_code = code;
    socket->failure = status;
    socket->failure_text = text;
    wslay_event_shutdown_read(socket->events);
    wslay_event_shutdown_write(socket->events);
}

static void take_close(tw_socket *socket, const struct wslay_event_on_msg_recv_arg *message) {
    tw_slice reason = {0};
    if (message->msg_length > 2)
        reason = (tw_slice){(const char *)message->msg + 2, message->msg_length - 2};
    /* wslay lets half a code pass, and of a reason that comes in pieces not all is looked at. */
    if (message->msg_length == 1 || !tw_slice_is_utf8(reason)) {
        fault(socket, message->msg_length == 1 ? TW_SOCKET_PROTOCOL_ERROR : TW_SOCKET_BAD_TEXT,
              TW_PROTOCOL, "the peer sent a malformed close frame");
        return;
    }
    socket->peer_code = message->status_code != 0 ? message->status_code : TW_SOCKET_NO_CODE;
    /* 123 bytes are the most that a control frame has room for. */
    if (tw_slice_copy(reason, socket->reason, sizeof socket->reason) != TW_OK)
        socket->reason[0] = '\0';
}

static void refuse_packed(tw_socket *socket, tw_status status) {
    if (status == TW_FULL)
        fault(socket, TW_SOCKET_TOO_BIG, TW_FULL, "the peer sent a message over the limit");
    else if (status == TW_NO_MEMORY)
        fault(socket, TW_SOCKET_SERVER_ERROR, TW_NO_MEMORY, "no memory to inflate a message");
    else
        fault(socket, TW_SOCKET_BAD_TEXT, TW_PROTOCOL, "the peer sent what cannot be inflated");
}

/* Inflates a message that was deflated and looks at what wslay could not; false if it is at fault.
 */
static bool unpack(tw_socket *socket, const struct wslay_event_on_msg_recv_arg *arrived,
                   tw_slice *ret_data) {
    tw_slice data = {(const char *)arrived->msg, arrived->msg_length};
    if ((arrived->rsv & WSLAY_RSV1_BIT) != 0) {
        tw_status status = socket_deflater_unpack(socket->deflater, data, &data);
        if (status != TW_OK) {
            refuse_packed(socket, status);
            return false;
        }
        socket->stats.deflated_in_count++;
        if (arrived->opcode == WSLAY_TEXT_FRAME && !tw_slice_is_utf8(data)) {
            fault(socket, TW_SOCKET_BAD_TEXT, TW_PROTOCOL, "the peer sent text that is not UTF-8");
            return false;
        }
    } else if (data.size > socket->config.message_size_max) {
        refuse_packed(socket, TW_FULL);
        return false;
    }
    *ret_data = data;
    return true;
}

void socket_message_arrived(wslay_event_context_ptr events,
                            const struct wslay_event_on_msg_recv_arg *message, void *context) {
    (void)events;
    tw_socket *socket = context;
    if (message->opcode == WSLAY_CONNECTION_CLOSE) {
        take_close(socket, message);
        return;
    }
    /* At once: wslay forgets the pongs that wait when a close frame comes behind. */
    if (message->opcode == WSLAY_PING && socket_queue_control(socket) != TW_OK)
        fault(socket, TW_SOCKET_SERVER_ERROR, TW_NO_MEMORY, "no memory for a control frame");
    bool is_message = message->opcode == WSLAY_TEXT_FRAME || message->opcode == WSLAY_BINARY_FRAME;
    tw_slice data = {0};
    if (!is_message || socket->doomed || !unpack(socket, message, &data))
        return;
    socket->stats.message_in_count++;
    socket->stats.payload_in_size += data.size;
    socket->quiet_ns = tw_loop_now_ns(socket->loop);
    if (socket->config.on_message == NULL)
        return;
    tw_socket_message out = {
        .kind = message->opcode == WSLAY_TEXT_FRAME ? TW_SOCKET_TEXT : TW_SOCKET_BINARY,
        .data = data,
        .time_ns = tw_loop_now_ns(socket->loop),
    };
    socket->config.on_message(socket->config.context, socket, &out);
}

/* Says goodbye with a code of ours. Without room or memory there is no close frame; the deadline
 * ends it then. */
static void close_for_fault(tw_socket *socket) {
    bool said = socket->state == TW_SOCKET_CLOSING;
    socket->close_code = socket->fault_code;
    tw_socket_frame *frame = !said && socket_has_control_place(socket)
                                 ? socket_frame_close(socket, socket->fault_code)
                                 : NULL;
    if (frame != NULL)
        socket_push(socket, frame);
    socket_begin_closing(socket);
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
    socket_begin_closing(socket);
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

static void receive(tw_socket *socket) {
    int failed = wslay_event_recv(socket->events);
    if (failed == WSLAY_ERR_NOMEM)
        socket_finish(socket, TW_NO_MEMORY, "no memory for an incoming message", 0);
    else if (failed !=
             0) /* a control frame in pieces or too long, a length not in its shortest form */
        fault(socket, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL, "the peer sent a malformed frame");
}

static void look_for_the_end(tw_socket *socket) {
    if (socket->fault_code != 0)
        close_for_fault(socket);
    else if (wslay_event_get_close_received(socket->events) != 0)
        socket_begin_closing(socket);
    else if (wslay_event_get_read_enabled(socket->events) == 0)
        take_fault(socket);
}

void socket_read_frames(tw_socket *socket) {
    socket->read_budget = READ_BUDGET;
    bool was_waiting = socket_is_waiting_for_pong(socket);
    bool was_enabled = wslay_event_get_read_enabled(socket->events) != 0;
    if (was_enabled)
        receive(socket);
    if (socket->state == TW_SOCKET_CLOSED)
        return;
    if (was_waiting && !socket_is_waiting_for_pong(socket))
        socket_plan_timer(socket); /* for the next ping */
    if (!was_enabled)
        forget_input(socket);
    if (socket_queue_control(socket) != TW_OK) {
        socket_finish(socket, TW_NO_MEMORY, "no memory for a control frame", 0);
        return;
    }
    if (was_enabled)
        look_for_the_end(socket);
    if (socket->eof)
        socket_lost(socket, "the connection was closed without a close frame");
    else if (socket_is_over(socket))
        socket_finish_closing(socket);
    else
        socket_go_on(socket);
    /* TLS may hold bytes that the descriptor does not show any more. */
    if (socket->state != TW_SOCKET_CLOSED && socket->read_budget == 0)
        tw_loop_defer(socket->loop, &socket->read_task);
}
