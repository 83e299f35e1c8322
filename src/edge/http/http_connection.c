/*
 * http_connection.c - one connection: bytes become requests, requests go to the handler.
 *
 * Idea: `go_on` does what the phase asks for until something is missing (bytes, the reply, room in
 * the kernel) or one request is done, and then `settle` waits for that. Everything that happens to
 * a connection ends there, so no phase calls another one. The phases are drawn in
 * http_server_priv.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server_priv.h"

/* Of what a refused client still sends, so much is taken and forgotten: it gets to see why. */
#define LINGER_SIZE_MAX (16u << 20)

/* ---- reading a head ----------------------------------------------------------------------- */

static tw_status decode_in_place(tw_http_request *request, tw_slice *piece) {
    char *place = request->head_bytes.data + (piece->data - request->head_bytes.data);
    return tw_http_decode(*piece, true, place, piece->size, &piece->size);
}

static http_fault read_query(tw_http_request *request) {
    static const http_fault bad = {400, "the query has a \"%\" without two hex digits"};
    tw_slice rest = request->head.query;
    tw_http_header pair = {0};
    request->query_count = 0;
    while (tw_http_query_next(&rest, &pair.name, &pair.value)) {
        if (request->query_count == TW_HTTP_QUERY_COUNT_MAX)
            return (http_fault){400, "the query has too many parameters"};
        if (decode_in_place(request, &pair.name) != TW_OK ||
            decode_in_place(request, &pair.value) != TW_OK)
            return bad;
        request->query[request->query_count++] = pair;
    }
    return (http_fault){0};
}

/* Whoever waits to be asked for the body is. */
static bool ask_for_body(const http_connection *connection) {
    static const char words[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t size = sizeof words - 1;
    return send(connection->fd, words, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void begin_body(http_connection *connection) {
    tw_http_request *request = connection->request;
    const http_head *head = &request->head;
    connection->phase = HTTP_BODY;
    connection->unread = true;
    memset(&request->chunks, 0, sizeof request->chunks);
    if (head->body_size > connection->server->config.body_size_max)
        http_connection_refuse(connection, (http_fault){413, "the request body is too large"});
    else if (head->expects_continue && !ask_for_body(connection))
        http_connection_free(connection);
}

static void read_head(http_connection *connection) {
    tw_http_request *request = connection->request;
    tw_slice text = {request->head_bytes.data, request->head_bytes.size};
    http_fault fault = http_head_read(text, &request->head);
    if (fault.status == 0)
        fault = read_query(request);
    connection->unread = fault.status != 0;
    connection->closing = !request->head.keeps_alive;
    if (fault.status != 0)
        http_connection_refuse(connection, fault);
    else if (request->head.chunked || request->head.body_size > 0)
        begin_body(connection);
    else
        connection->phase = HTTP_READY;
}

static http_fault head_too_large(tw_slice head) {
    bool line_ended = memchr(head.data, '\n', head.size) != NULL;
    return line_ended ? (http_fault){431, "the headers of the request are too large"}
                      : (http_fault){414, "the request target is too long"};
}

/* Empty lines before a request are passed over (RFC 9112, section 2.2). */
static size_t blank_size(tw_slice bytes) {
    size_t size = 0;
    while (size < bytes.size && (bytes.data[size] == '\r' || bytes.data[size] == '\n'))
        size++;
    return size;
}

/* Not all that belongs to the request has been read. */
static void refuse_unread(http_connection *connection, http_fault fault) {
    connection->unread = true;
    http_connection_refuse(connection, fault);
}

/* Takes bytes of a head; returns how many. */
static size_t take_head(http_connection *connection, tw_slice bytes) {
    static const http_fault not_http = {400, "this is no request of HTTP (TLS is not spoken here)"};
    tw_http_server *server = connection->server;
    http_bytes *head = &connection->request->head_bytes;
    if (head->size == 0 && blank_size(bytes) > 0)
        return blank_size(bytes);
    if (head->size == 0 && !http_head_may_begin(bytes.data[0])) {
        refuse_unread(connection, not_http);
        return 0;
    }
    size_t known = head->size;
    size_t room = server->config.header_size_max - known;
    size_t size = bytes.size < room ? bytes.size : room;
    if (http_bytes_put(server, head, bytes.data, size) != TW_OK) {
        http_connection_free(connection);
        return bytes.size;
    }
    size_t end = http_head_find_end((tw_slice){head->data, head->size}, known);
    if (end > 0) {
        head->size = end;
        read_head(connection);
        return end - known;
    }
    if (head->size == server->config.header_size_max)
        refuse_unread(connection, head_too_large((tw_slice){head->data, head->size}));
    return size;
}

/* ---- reading a body ----------------------------------------------------------------------- */

static bool keep_piece(http_connection *connection, tw_slice piece) {
    tw_http_server *server = connection->server;
    http_bytes *body = &connection->request->body;
    if (body->size + piece.size > server->config.body_size_max) {
        http_connection_refuse(connection, (http_fault){413, "the request body is too large"});
        return false;
    }
    if (http_bytes_put(server, body, piece.data, piece.size) == TW_OK)
        return true;
    http_connection_free(connection);
    return false;
}

static void body_is_whole(http_connection *connection) {
    connection->phase = HTTP_READY;
    connection->unread = false;
}

static size_t take_sized(http_connection *connection, tw_slice bytes) {
    uint64_t missing = connection->request->head.body_size - connection->request->body.size;
    size_t size = bytes.size < missing ? bytes.size : (size_t)missing;
    if (keep_piece(connection, (tw_slice){bytes.data, size}) && size == missing)
        body_is_whole(connection);
    return size;
}

static size_t take_chunked(http_connection *connection, tw_slice bytes) {
    http_chunks *chunks = &connection->request->chunks;
    size_t used = 0;
    while (used < bytes.size && !http_chunks_ended(chunks) && !http_chunks_broken(chunks)) {
        tw_slice piece = {0};
        used += http_chunks_take(chunks, (tw_slice){bytes.data + used, bytes.size - used}, &piece);
        if (!keep_piece(connection, piece))
            return used;
    }
    if (http_chunks_broken(chunks))
        http_connection_refuse(connection, (http_fault){400, "the chunks of the body are broken"});
    else if (http_chunks_ended(chunks))
        body_is_whole(connection);
    return used;
}

static size_t take_body(http_connection *connection, tw_slice bytes) {
    return connection->request->head.chunked ? take_chunked(connection, bytes)
                                             : take_sized(connection, bytes);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static bool is_reading(const http_connection *connection) {
    return connection->phase == HTTP_HEAD || connection->phase == HTTP_BODY;
}

/* Takes bytes until a request is whole or refused; returns how many. */
static size_t take(http_connection *connection, tw_slice bytes) {
    size_t used = 0;
    while (used < bytes.size && is_reading(connection)) {
        tw_slice rest = {bytes.data + used, bytes.size - used};
        used += connection->phase == HTTP_HEAD ? take_head(connection, rest)
                                               : take_body(connection, rest);
    }
    return used;
}

/* What came behind a request waits until that is answered (invariant 3). */
static void received(http_connection *connection, tw_slice bytes) {
    if (connection->request == NULL && !http_request_take(connection)) {
        http_connection_free(connection);
        return;
    }
    size_t used = take(connection, bytes);
    if (used == bytes.size || connection->phase == HTTP_FREE)
        return;
    if (connection->closing) /* nobody will read it */
        connection->unread = true;
    else if (http_bytes_put(connection->server, &connection->request->later, bytes.data + used,
                            bytes.size - used) != TW_OK)
        http_connection_free(connection);
}

/* Goes on with what came behind the last request; false if there is nothing. */
static bool take_later(http_connection *connection) {
    http_bytes *later = connection->request == NULL ? NULL : &connection->request->later;
    if (later == NULL || later->at == later->size)
        return false;
    size_t used = take(connection, (tw_slice){later->data + later->at, later->size - later->at});
    if (connection->phase == HTTP_FREE)
        return true;
    later->at += used;
    if (later->at == later->size)
        later->at = later->size = 0;
    else if (connection->closing) /* nobody will read it */
        connection->unread = true;
    return true;
}

static void read_some(http_connection *connection) {
    char *scratch = connection->server->scratch;
    ssize_t got = recv(connection->fd, scratch, HTTP_SCRATCH_SIZE, 0);
    if (got > 0)
        received(connection, (tw_slice){scratch, (size_t)got});
    else if (got == 0 && connection->request != NULL)
        http_connection_refuse(connection,
                               (http_fault){400, "the request ended before it was whole"});
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        http_connection_free(connection);
}

/* A close while bytes are unread would reset the connection, and the answer be lost with it. */
static void linger(http_connection *connection) {
    char *scratch = connection->server->scratch;
    ssize_t got = recv(connection->fd, scratch, HTTP_SCRATCH_SIZE, 0);
    if (got > 0)
        connection->lingered_size += (size_t)got;
    bool over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (over || connection->lingered_size > LINGER_SIZE_MAX)
        http_connection_free(connection);
}

/* ---- answering ---------------------------------------------------------------------------- */

void http_connection_refuse(http_connection *connection, http_fault fault) {
    tw_http_server *server = connection->server;
    tw_http_reply *reply = (tw_http_reply *)connection->request;
    connection->closing = true;
    connection->phase = HTTP_WAITING;
    connection->handling = true;
    if (server->config.refuse != NULL) {
        server->config.refuse(server->config.owner, fault.status, fault.sentence, reply);
    } else {
        tw_http_answer answer = {.status = fault.status,
                                 .content_type = "text/plain",
                                 .body = tw_slice_of(fault.sentence)};
        if (tw_http_reply_send(reply, &answer, NULL) != TW_OK)
            tw_http_reply_reset(reply);
    }
    connection->handling = false;
    TW_ASSERT(connection->phase == HTTP_ENDED); /* refusals do not come later */
}

static void call_handler(http_connection *connection) {
    tw_http_server *server = connection->server;
    tw_http_request *request = connection->request;
    connection->phase = HTTP_WAITING;
    connection->served = true;
    request->time_ns = tw_loop_now_ns(server->loop);
    request->counted = true;
    server->request_count++;
    connection->handling = true;
    server->config.handler(server->config.context, request, (tw_http_reply *)request);
    connection->handling = false;
}

void http_connection_break(http_connection *connection) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)!setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    http_connection_free(connection);
}

/* The connection is kept alive: it is idle now, or the next request is here already. */
static void begin_next(http_connection *connection) {
    http_bytes *later = &connection->request->later;
    connection->phase = HTTP_HEAD;
    http_wait_for(connection, HTTP_WAIT_NOTHING, false);
    if (later->at == later->size)
        http_request_give_back(connection);
    else
        http_request_begin(connection);
}

/* The answer is written. */
static void answered(http_connection *connection) {
    tw_http_request *request = connection->request;
    if (request->on_upgrade != NULL) {
        http_handshake_finish(connection);
    } else if (!connection->closing && !request->cut) {
        begin_next(connection);
    } else if (connection->unread && !request->cut) {
        http_request_give_back(connection);
        connection->phase = HTTP_LINGERING;
        (void)!shutdown(connection->fd, SHUT_WR);
    } else {
        http_connection_free(connection);
    }
}

static void deliver(http_connection *connection) {
    if (connection->request->reset) {
        http_connection_break(connection);
        return;
    }
    size_t before = connection->request->output.at;
    connection->phase = HTTP_WRITING;
    http_written written = http_reply_write(connection);
    bool moved = connection->request->output.at > before;
    while (written == HTTP_WRITTEN && http_feed_fill(connection)) {
        moved = true;
        written = http_reply_write(connection);
    }
    if (connection->request->reset) {
        http_connection_break(connection);
        return;
    }
    switch (written) {
    case HTTP_WRITTEN:
        if (http_feed_is_open(connection))
            http_wait_for(connection, HTTP_WAIT_NOTHING, false);
        else
            answered(connection);
        break;
    case HTTP_BROKEN:
        http_connection_free(connection);
        break;
    case HTTP_PACED:
        http_wait_for(connection, HTTP_WAIT_NOTHING, false);
        break;
    case HTTP_BLOCKED: /* its time begins anew when some of it was taken */
        http_wait_for(connection, HTTP_WAIT_PEER, moved);
        break;
    }
}

/* ---- going on ----------------------------------------------------------------------------- */

/* Empty lines are passed over, and no request: whoever sends them is as idle as before. */
static bool has_begun_nothing(const http_connection *connection) {
    const tw_http_request *request = connection->request;
    return connection->phase == HTTP_HEAD && request != NULL && request->head_bytes.size == 0;
}

/* Waits for what the phase is missing. */
static void settle(http_connection *connection) {
    uint32_t events = 0;
    if (has_begun_nothing(connection))
        http_request_give_back(connection);
    switch ((http_phase)connection->phase) {
    case HTTP_HEAD:
    case HTTP_BODY:
        events = TW_LOOP_READABLE;
        http_wait_for(connection, connection->request == NULL ? HTTP_WAIT_IDLE : HTTP_WAIT_REQUEST,
                      false);
        break;
    case HTTP_LINGERING:
        events = TW_LOOP_READABLE;
        http_wait_for(connection, HTTP_WAIT_LINGER, false);
        break;
    case HTTP_WRITING:
        events = connection->wait == HTTP_WAIT_PEER ? TW_LOOP_WRITABLE : 0;
        if (http_feed_waits(connection))
            events = TW_LOOP_READABLE;
        break;
    case HTTP_FREE:
        return;
    case HTTP_READY:
    case HTTP_WAITING:
    case HTTP_ENDED:
        http_wait_for(connection, HTTP_WAIT_NOTHING, false);
        break;
    }
    tw_loop_watch_set(connection->watch, events);
}

void http_connection_go_on(http_connection *connection) {
    tw_http_server *server = connection->server;
    bool handled = false;
    bool more = true;
    while (more) {
        if (connection->phase == HTTP_READY && handled) {
            tw_loop_defer(server->loop, &connection->task); /* others have their turn between */
            break;
        }
        handled = handled || connection->phase == HTTP_READY;
        if (connection->phase == HTTP_READY)
            call_handler(connection);
        else if (connection->phase == HTTP_ENDED)
            deliver(connection);
        else
            more = is_reading(connection) && take_later(connection);
    }
    settle(connection);
    http_make_room(server);
}

void http_connection_ready(void *context, int fd, uint32_t events) {
    http_connection *connection = context;
    (void)fd;
    (void)events;
    if (http_feed_waits(connection))
        http_feed_peer(connection);
    else if (connection->phase == HTTP_WRITING)
        deliver(connection);
    else if (connection->phase == HTTP_LINGERING)
        linger(connection);
    else if (is_reading(connection))
        read_some(connection);
    http_connection_go_on(connection);
}

void http_connection_begin(http_connection *connection) {
    connection->phase = HTTP_HEAD;
    if (connection->surplus && !http_request_take(connection)) {
        http_connection_free(connection);
        return;
    }
    if (connection->surplus) {
        connection->unread = true;
        http_connection_refuse(connection, (http_fault){503, "too many connections; try later"});
    }
    http_connection_go_on(connection);
}
