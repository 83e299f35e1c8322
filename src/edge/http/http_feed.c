/*
 * http_feed.c - answers whose end is not known yet: server-sent events.
 *
 * Idea: the source is asked for a piece when the last one is with the kernel, so nothing piles up
 * here for a client that reads slowly, and a source can tell it what it missed. While there is
 * nothing to tell, the connection listens: a client that goes is noticed then, even one that has
 * said something before. That waits, as what comes behind any request does, but not much of it.
 *
 * A feed is part of its request, and open while it has a source; the source hears of the end once.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http_server_priv.h"

enum { PIECE_SIZE_MAX = 16 * 1024, LATER_SIZE_MAX = 16 * 1024 };

bool http_feed_is_open(const http_connection *connection) {
    return connection->request != NULL && connection->request->feed.source.read != NULL;
}

bool http_feed_waits(const http_connection *connection) {
    return connection->phase == HTTP_WRITING && connection->wait == HTTP_WAIT_NOTHING &&
           http_feed_is_open(connection) &&
           connection->request->output.at == connection->request->output.size;
}

tw_http_feed_source http_feed_take(tw_http_request *request) {
    tw_http_feed_source source = request->feed.source;
    request->feed = (tw_http_feed){0};
    return source;
}

/* The body is complete. */
static tw_status put_end(http_connection *connection) {
    static const char last[] = "0\r\n\r\n";
    tw_http_request *request = connection->request;
    bool plain = request->feed.plain;
    tw_http_feed_source source = http_feed_take(request);
    source.on_end(source.context);
    return plain ? TW_OK
                 : http_bytes_put(connection->server, &request->output, last, sizeof last - 1);
}

static tw_status put_piece(http_connection *connection, const char *piece, size_t size) {
    tw_http_request *request = connection->request;
    char head[16];
    if (request->feed.plain)
        return http_bytes_put(connection->server, &request->output, piece, size);
    int head_size = snprintf(head, sizeof head, "%zx\r\n", size);
    tw_status status =
        http_bytes_put(connection->server, &request->output, head, (size_t)head_size);
    if (status == TW_OK)
        status = http_bytes_put(connection->server, &request->output, piece, size);
    if (status == TW_OK)
        status = http_bytes_put(connection->server, &request->output, "\r\n", 2);
    return status;
}

bool http_feed_fill(http_connection *connection) {
    if (!http_feed_is_open(connection))
        return false;
    tw_http_request *request = connection->request;
    const tw_http_feed_source *source = &request->feed.source;
    char *scratch = connection->server->scratch;
    request->output.at = request->output.size = 0;
    size_t size = source->read(source->context, scratch, PIECE_SIZE_MAX);
    if (size == 0)
        return false;
    TW_ASSERT(size <= PIECE_SIZE_MAX || size == TW_HTTP_FEED_END);
    tw_status status =
        size == TW_HTTP_FEED_END ? put_end(connection) : put_piece(connection, scratch, size);
    request->reset = status != TW_OK; /* what is missing shows as a broken connection */
    return !request->reset;
}

/* False: it is more than is kept for a client of a feed. */
static bool keep_for_later(http_connection *connection, tw_slice bytes) {
    http_bytes *later = &connection->request->later;
    return later->size + bytes.size <= LATER_SIZE_MAX &&
           http_bytes_put(connection->server, later, bytes.data, bytes.size) == TW_OK;
}

void http_feed_peer(http_connection *connection) {
    char *scratch = connection->server->scratch;
    ssize_t got = recv(connection->fd, scratch, LATER_SIZE_MAX, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        http_connection_free(connection);
    else if (got > 0 && !keep_for_later(connection, (tw_slice){scratch, (size_t)got}))
        http_connection_break(connection);
}

void tw_http_feed_wake(tw_http_feed *feed) {
    http_connection *connection = feed->request->connection;
    if (!http_feed_waits(connection))
        return; /* it is asked again by itself */
    connection->phase = HTTP_ENDED;
    tw_loop_defer(connection->server->loop, &connection->task);
}

tw_status tw_http_reply_feed(tw_http_reply *reply, const tw_http_answer *answer,
                             const tw_http_feed_source *source, tw_http_feed **ret_feed,
                             tw_error *error) {
    TW_ASSERT(source->read != NULL && source->on_end != NULL && ret_feed != NULL);
    tw_http_request *request = &reply->request;
    http_connection *connection = request->connection;
    tw_slice head;
    bool closing = connection->closing;
    request->feed =
        (tw_http_feed){.source = *source, .request = request, .plain = request->head.old};
    connection->closing = closing || request->feed.plain;
    tw_status status = http_reply_head(connection, answer, &head, error);
    if (status != TW_OK) {
        (void)http_feed_take(request);
        connection->closing = closing;
        return status;
    }
    if (request->counted)
        connection->server->request_count--;
    request->counted = false;
    http_reply_send_now(connection, head, (tw_slice){0});
    http_reply_end(request);
    *ret_feed = &request->feed;
    return TW_OK;
}
