/*
 * http_reply.c - answers: what they look like, how they are written, and those that come slowly.
 *
 * Idea: an answer goes to the kernel at once, head and body in one call, straight from where its
 * owner has it. Only what the kernel does not take is copied and waits for the peer.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "http_server_priv.h"
#include "tradewind/time.h"

#define HEADER_NAME_SIZE 128
#define HEADER_VALUE_SIZE 4096
#define STATUS_UNCHANGED 304

/* ---- the head ----------------------------------------------------------------------------- */

static const char *reason_of(uint32_t status) {
    static const struct {
        uint32_t status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {207, "Multi-Status"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

/* The time of day as RFC 9110 writes it, made anew each second. */
static const char *date_of(tw_http_server *server) {
    time_t now = (time_t)(tw_time_wall_ns() / TW_NS_PER_SECOND);
    struct tm parts;
    if ((int64_t)now != server->date_s && gmtime_r(&now, &parts) != NULL) {
        strftime(server->date, sizeof server->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        server->date_s = now;
    }
    return server->date;
}

static bool is_proper(tw_http_header header) {
    for (size_t i = 0; i < header.name.size; i++)
        if ((unsigned char)header.name.data[i] <= ' ' || header.name.data[i] == ':')
            return false;
    for (size_t i = 0; i < header.value.size; i++)
        if (header.value.data[i] == '\r' || header.value.data[i] == '\n' ||
            header.value.data[i] == '\0')
            return false;
    return true;
}

static tw_status put_header(tw_text *text, tw_http_header header, tw_error *error) {
    if (header.name.size == 0 || header.name.size >= HEADER_NAME_SIZE ||
        header.value.size >= HEADER_VALUE_SIZE)
        return tw_error_set(error, TW_INVALID, "a header of an answer is empty or too long");
    if (!is_proper(header))
        return tw_error_set(error, TW_INVALID,
                            "a header of an answer has a line break or a blank in it");
    tw_text_append(text, header.name);
    tw_text_append_string(text, ": ");
    tw_text_append(text, header.value);
    tw_text_append_string(text, "\r\n");
    return TW_OK;
}

static tw_status put_headers(tw_text *text, const tw_http_answer *answer, tw_error *error) {
    tw_status status = TW_OK;
    if (answer->content_type != NULL) {
        tw_http_header type = {tw_slice_of("Content-Type"), tw_slice_of(answer->content_type)};
        status = put_header(text, type, error);
    }
    for (size_t i = 0; i < answer->header_count && status == TW_OK; i++)
        status = put_header(text, answer->headers[i], error);
    return status;
}

/* What the server says about the connection, the length and the time. */
static void put_frame(http_connection *connection, const tw_http_answer *answer, tw_text *text) {
    tw_text_append_string(text, "HTTP/1.1 ");
    tw_text_append_u64(text, answer->status);
    tw_text_append_char(text, ' ');
    tw_text_append_string(text, reason_of(answer->status));
    tw_text_append_string(text, "\r\nDate: ");
    tw_text_append_string(text, date_of(connection->server));
    tw_text_append_string(text, "\r\n");
    const tw_http_feed *feed = &connection->request->feed;
    bool chunked = feed->source.read != NULL && !feed->plain;
    if (chunked) {
        tw_text_append_string(text, "Transfer-Encoding: chunked\r\n");
    } else if (feed->source.read == NULL && answer->status != 204 &&
               answer->status != STATUS_UNCHANGED) {
        tw_text_append_string(text, "Content-Length: ");
        tw_text_append_u64(text, answer->body.size);
        tw_text_append_string(text, "\r\n");
    }
    if (connection->closing)
        tw_text_append_string(text, "Connection: close\r\n");
    else if (connection->request->head.old)
        tw_text_append_string(text, "Connection: keep-alive\r\n");
}

/* ---- writing ------------------------------------------------------------------------------ */

static void on_pace(void *context) {
    http_connection *connection = context;
    tw_http_request *request = connection->request;
    request->pace = NULL;
    request->allowed += request->piece_size;
    connection->phase = HTTP_ENDED;
    http_connection_go_on(connection);
}

/* Without a timer the rest goes at once: a fault that cannot be carried out is none. */
static http_written wait_for_pace(http_connection *connection) {
    tw_http_request *request = connection->request;
    if (tw_loop_timer_start(connection->server->loop, request->piece_ns, 0, on_pace, connection,
                            &request->pace) == TW_OK)
        return HTTP_PACED;
    request->allowed = SIZE_MAX;
    return http_reply_write(connection);
}

http_written http_reply_write(http_connection *connection) {
    tw_http_request *request = connection->request;
    http_bytes *output = &request->output;
    size_t end = output->size < request->allowed ? output->size : request->allowed;
    while (output->at < end) {
        ssize_t sent =
            send(connection->fd, output->data + output->at, end - output->at, MSG_NOSIGNAL);
        if (sent >= 0)
            output->at += (size_t)sent;
        else if (errno == EAGAIN)
            return HTTP_BLOCKED;
        else if (errno != EINTR)
            return HTTP_BROKEN;
    }
    return end == output->size ? HTTP_WRITTEN : wait_for_pace(connection);
}

/* Keeps what is behind the first `done` bytes. */
static tw_status keep_rest(tw_http_server *server, http_bytes *output, tw_slice piece,
                           size_t done) {
    if (done == piece.size)
        return TW_OK;
    return http_bytes_put(server, output, piece.data + done, piece.size - done);
}

/* A connection that is broken, or for whose answer there is no memory, is reset. */
void http_reply_send_now(http_connection *connection, tw_slice head, tw_slice body) {
    tw_http_request *request = connection->request;
    tw_http_server *server = connection->server;
    struct iovec pieces[2] = {{(void *)(uintptr_t)head.data, head.size},
                              {(void *)(uintptr_t)body.data, body.size}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = body.size > 0 ? 2 : 1};
    ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    size_t done = sent > 0 ? (size_t)sent : 0;
    size_t of_head = done < head.size ? done : head.size;
    size_t of_body = done - of_head;
    request->reset = broken || keep_rest(server, &request->output, head, of_head) != TW_OK ||
                     keep_rest(server, &request->output, body, of_body) != TW_OK;
}

/* A body that comes slowly or not wholly is kept first and goes piece by piece. */
static tw_status keep_paced(http_connection *connection, tw_slice head,
                            const tw_http_answer *answer) {
    tw_http_request *request = connection->request;
    tw_slice body = answer->body;
    request->cut = answer->cut_size > 0 && answer->cut_size < body.size;
    if (request->cut)
        body.size = answer->cut_size;
    tw_status status =
        http_bytes_reserve(connection->server, &request->output, head.size + body.size);
    if (status != TW_OK)
        return status;
    memcpy(request->output.data, head.data, head.size);
    memcpy(request->output.data + head.size, body.data, body.size);
    request->output.size = head.size + body.size;
    uint32_t rate = answer->bytes_per_second;
    if (rate == 0)
        return TW_OK;
    request->piece_size = rate < 10 ? 1 : rate / 10;
    request->piece_ns = (int64_t)request->piece_size * TW_NS_PER_SECOND / rate;
    request->allowed = head.size + request->piece_size;
    return TW_OK;
}

/* ---- ending a reply ----------------------------------------------------------------------- */

void http_reply_end(tw_http_request *request) {
    http_connection *connection = request->connection;
    TW_ASSERT(connection->phase == HTTP_WAITING);
    connection->phase = HTTP_ENDED;
    if (!connection->handling)
        tw_loop_defer(connection->server->loop, &connection->task);
}

tw_status http_reply_head(http_connection *connection, const tw_http_answer *answer,
                          tw_slice *ret_head, tw_error *error) {
    TW_ASSERT(connection->phase == HTTP_WAITING);
    if (answer->status < 200 || answer->status > 599)
        return tw_error_set(error, TW_INVALID, "%u is not the status of an answer", answer->status);
    if (answer->header_count > TW_HTTP_ANSWER_HEADER_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "an answer has at most %d further headers",
                            TW_HTTP_ANSWER_HEADER_COUNT_MAX);
    tw_text text =
        tw_text_over(connection->server->scratch + HTTP_SCRATCH_SIZE, HTTP_ANSWER_HEAD_SIZE);
    put_frame(connection, answer, &text);
    tw_status status = put_headers(&text, answer, error);
    if (status != TW_OK)
        return status;
    tw_text_append_string(&text, "\r\n");
    TW_ASSERT(!text.truncated);
    *ret_head = tw_text_slice(&text);
    return TW_OK;
}

tw_status tw_http_reply_send(tw_http_reply *reply, const tw_http_answer *answer, tw_error *error) {
    TW_ASSERT(reply != NULL && answer != NULL);
    http_connection *connection = reply->request.connection;
    tw_slice head;
    tw_status status = http_reply_head(connection, answer, &head, error);
    if (status != TW_OK)
        return status;
    bool no_body = answer->status == 204 || answer->status == STATUS_UNCHANGED ||
                   tw_slice_equal_string(reply->request.head.method, "HEAD");
    bool paced = answer->cut_size > 0 || answer->bytes_per_second > 0;
    if (no_body || !paced || answer->body.size == 0)
        http_reply_send_now(connection, head, no_body ? (tw_slice){0} : answer->body);
    else if (keep_paced(connection, head, answer) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an answer of %zu bytes",
                            answer->body.size);
    http_reply_end(&reply->request);
    return TW_OK;
}

void tw_http_reply_reset(tw_http_reply *reply) {
    reply->request.reset = true;
    http_reply_end(&reply->request);
}
