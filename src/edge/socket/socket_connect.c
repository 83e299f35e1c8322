/*
 * socket_connect.c - the client's way to an open WebSocket.
 *
 *   tw_socket_connect            curl_done               socket_connector_read_answer
 *        -----> (libcurl: name, TCP, proxy, TLS) ----> (request sent) ----> socket_opened
 *                        |                                   |
 *                        +-- socket_finish: UNREACHABLE      +-- AUTH, THROTTLED, REFUSED,
 *                                                                PROTOCOL
 *
 * Idea: libcurl in its connect-only mode makes the connection and checks certificates; then the
 * descriptor is ours, and TLS records go through curl_easy_send and _recv. Each connecting
 * socket has a multi handle of its own, driven by the loop, so that none depends on an HTTP
 * client being there.
 *
 * Invariants
 *   1. libcurl's callbacks only start and stop watches and the timer; what they could not get is
 *      remembered in `failed` and looked at when libcurl has returned.
 *   2. The request with its secrets is in one block that is freed when it has been written; no
 *      sentence is made from it.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "socket_priv.h"
#include "tradewind/time.h"

#define KEY_SIZE 25 /* base64 of 16 bytes, and a NUL */

/* ---- libcurl on the loop -------------------------------------------------------------- */

static void drive(tw_socket *socket, curl_socket_t fd, int mask);

static void curl_ready(void *context, int fd, uint32_t events) {
    const connect_watch *place = context;
    int mask = ((events & TW_LOOP_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & TW_LOOP_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    drive(place->socket, fd, mask);
}

static void curl_timer_fired(void *context) {
    tw_socket *socket = context;
    socket->connector.timer = NULL;
    drive(socket, CURL_SOCKET_TIMEOUT, 0);
}

static connect_watch *find_watch(socket_connector *connector, curl_socket_t fd) {
    for (int i = 0; i < CONNECT_WATCH_COUNT_MAX; i++)
        if (connector->watches[i].watch != NULL && connector->watches[i].fd == fd)
            return &connector->watches[i];
    return NULL;
}

static connect_watch *find_place(socket_connector *connector) {
    for (int i = 0; i < CONNECT_WATCH_COUNT_MAX; i++)
        if (connector->watches[i].watch == NULL)
            return &connector->watches[i];
    return NULL;
}

static int watch_for_curl(CURL *easy, curl_socket_t fd, int what, void *context, void *fd_context) {
    (void)easy;
    (void)fd_context;
    tw_socket *socket = context;
    socket_connector *connector = &socket->connector;
    connect_watch *place = find_watch(connector, fd);
    if (what == CURL_POLL_REMOVE) {
        if (place != NULL)
            tw_loop_watch_stop(place->watch);
        if (place != NULL)
            place->watch = NULL;
        return 0;
    }
    uint32_t events = ((what & CURL_POLL_IN) != 0 ? TW_LOOP_READABLE : 0) |
                      ((what & CURL_POLL_OUT) != 0 ? TW_LOOP_WRITABLE : 0);
    if (place != NULL) {
        tw_loop_watch_set(place->watch, events);
        return 0;
    }
    place = find_place(connector);
    if (place == NULL ||
        tw_loop_watch_start(socket->loop, fd, events, curl_ready, place, &place->watch) != TW_OK) {
        connector->failed = true;
        return 0;
    }
    place->socket = socket;
    place->fd = fd;
    return 0;
}

static int time_for_curl(CURLM *multi, long timeout_ms, void *context) {
    (void)multi;
    tw_socket *socket = context;
    socket_connector *connector = &socket->connector;
    tw_loop_timer_stop(connector->timer);
    connector->timer = NULL;
    if (timeout_ms < 0)
        return 0;
    if (tw_loop_timer_start(socket->loop, (int64_t)timeout_ms * TW_NS_PER_MS, 0, curl_timer_fired,
                            socket, &connector->timer) != TW_OK)
        connector->failed = true;
    return 0;
}

static void stop_watching(socket_connector *connector) {
    for (int i = 0; i < CONNECT_WATCH_COUNT_MAX; i++) {
        tw_loop_watch_stop(connector->watches[i].watch);
        connector->watches[i].watch = NULL;
    }
    tw_loop_timer_stop(connector->timer);
    connector->timer = NULL;
}

void socket_connector_done(tw_socket *socket) {
    socket_connector *connector = &socket->connector;
    stop_watching(connector);
    if (connector->request != NULL)
        socket_frame_release(connector->request);
    if (connector->answer != NULL)
        TW_DELETE(socket->allocator, connector->answer, HANDSHAKE_SIZE_MAX, char);
    connector->request = NULL;
    connector->answer = NULL;
    if (connector->multi != NULL) {
        curl_multi_setopt(connector->multi, CURLMOPT_SOCKETFUNCTION, NULL);
        curl_multi_setopt(connector->multi, CURLMOPT_TIMERFUNCTION, NULL);
        if (connector->easy != NULL)
            curl_multi_remove_handle(connector->multi, connector->easy);
    }
    if (connector->easy != NULL)
        curl_easy_cleanup(connector->easy);
    if (connector->multi != NULL)
        curl_multi_cleanup(connector->multi);
    if (connector->curl_ready)
        curl_global_cleanup();
    connector->easy = NULL;
    connector->multi = NULL;
    connector->curl_ready = false;
}

/* The connection stands: send the handshake. */
static void send_request(tw_socket *socket) {
    socket_connector *connector = &socket->connector;
    curl_socket_t fd = CURL_SOCKET_BAD;
    stop_watching(connector);
    if (curl_easy_getinfo(connector->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD) {
        socket_finish(socket, TW_CLOSED, "the connection broke before the handshake", 0);
        return;
    }
    if (socket_attach(socket, fd) != TW_OK) {
        socket_finish(socket, TW_FULL, "the event loop has no watch left for a WebSocket", 0);
        return;
    }
    socket_push(socket, connector->request);
    connector->request = NULL;
}

static void curl_done(tw_socket *socket, CURLcode code) {
    socket_connector *connector = &socket->connector;
    if (code == CURLE_OK) {
        send_request(socket);
        return;
    }
    tw_status status = code == CURLE_OPERATION_TIMEDOUT ? TW_TIMEOUT
                       : code == CURLE_OUT_OF_MEMORY    ? TW_NO_MEMORY
                                                        : TW_UNREACHABLE;
    /* libcurl's words about names, connections and certificates; it knows no secrets. */
    if (connector->words[0] == '\0')
        snprintf(connector->words, sizeof connector->words, "%s", curl_easy_strerror(code));
    socket_finish(socket, status, connector->words, 0);
}

static void drive(tw_socket *socket, curl_socket_t fd, int mask) {
    socket_connector *connector = &socket->connector;
    int running = 0;
    int left = 0;
    socket_enter(socket);
    CURLMcode failed = curl_multi_socket_action(connector->multi, fd, mask, &running);
    const CURLMsg *message = curl_multi_info_read(connector->multi, &left);
    if (failed != CURLM_OK || connector->failed) /* invariant 1 */
        socket_finish(socket, TW_FULL, "the event loop has no watch or timer left to connect", 0);
    else if (message != NULL && message->msg == CURLMSG_DONE)
        curl_done(socket, message->data.result);
    socket_leave(socket);
}

/* ---- the answer ----------------------------------------------------------------------- */

static bool find_header(tw_slice head, const char *name, tw_slice *ret_value) {
    size_t name_size = strlen(name);
    while (head.size > 0 && head.data != NULL) {
        tw_slice line = tw_slice_split(&head, '\n');
        if (line.size <= name_size || line.data[name_size] != ':' ||
            strncasecmp(line.data, name, name_size) != 0)
            continue;
        tw_slice value = {line.data + name_size + 1, line.size - name_size - 1};
        *ret_value = tw_slice_trim(value);
        return true;
    }
    return false;
}

static bool equal_ignoring_case(tw_slice text, const char *word) {
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static bool has_word(tw_slice list, const char *word) {
    while (list.data != NULL)
        if (equal_ignoring_case(tw_slice_trim(tw_slice_split(&list, ',')), word))
            return true;
    return false;
}

/* The status of the first line ("HTTP/1.1 101 ..."), or 0 if it is none. */
static uint32_t status_of(tw_slice head) {
    uint64_t status = 0;
    if (head.size < 12 || memcmp(head.data, "HTTP/1.", 7) != 0 || head.data[8] != ' ')
        return 0;
    if (tw_parse_u64((tw_slice){head.data + 9, 3}, &status) != TW_OK)
        return 0;
    return (uint32_t)status;
}

static void refuse_answer(tw_socket *socket, uint32_t http_status) {
    if (http_status == 0)
        socket_finish(socket, TW_PROTOCOL, "the answer to the handshake is not HTTP/1.1", 0);
    else if (http_status == 401 || http_status == 403)
        socket_finish(socket, TW_AUTH, "the credentials of the handshake were not accepted",
                      http_status);
    else if (http_status == 429)
        socket_finish(socket, TW_THROTTLED, "the server asks to connect less often", http_status);
    else if (http_status == 408 || http_status >= 500)
        socket_finish(socket, TW_REMOTE, "the server failed at the handshake", http_status);
    else
        socket_finish(socket, TW_REFUSED, "the server did not switch to WebSocket", http_status);
}

/* RFC 6455, section 4.1: what a client must check. */
static bool is_proper(const socket_connector *connector, tw_slice head) {
    tw_slice value = {0};
    return find_header(head, "Upgrade", &value) && equal_ignoring_case(value, "websocket") &&
           find_header(head, "Connection", &value) && has_word(value, "upgrade") &&
           find_header(head, "Sec-WebSocket-Accept", &value) &&
           tw_slice_equal_string(value, connector->accept);
}

/* Nothing, or permessage-deflate as it was offered, once; anything else spoils the handshake. */
static bool agree_on_extensions(tw_socket *socket, tw_slice head) {
    tw_slice value = {0};
    tw_slice second = {0};
    if (!find_header(head, "Sec-WebSocket-Extensions", &value))
        return true;
    const char *behind = value.data + value.size;
    tw_slice rest = {behind, (size_t)(head.data + head.size - behind)};
    return !find_header(rest, "Sec-WebSocket-Extensions", &second) &&
           tw_socket_deflate_accept(value, &socket->config.deflate, &socket->agreed);
}

static void take_answer(tw_socket *socket, size_t head_size) {
    socket_connector *connector = &socket->connector;
    tw_slice head = {connector->answer, head_size};
    tw_slice rest = {connector->answer + head_size, connector->answer_size - head_size};
    uint32_t http_status = status_of(head);
    if (http_status != 101) {
        refuse_answer(socket, http_status);
        return;
    }
    if (!is_proper(connector, head) || !agree_on_extensions(socket, head)) {
        socket_finish(socket, TW_PROTOCOL, "the server's handshake is not one of WebSocket",
                      http_status);
        return;
    }
    if (socket_take_early(socket, rest) != TW_OK || socket_start_deflate(socket) != TW_OK) {
        socket_finish(socket, TW_NO_MEMORY, "no memory for a WebSocket", 0);
        return;
    }
    TW_DELETE(socket->allocator, connector->answer, HANDSHAKE_SIZE_MAX, char);
    connector->answer = NULL;
    socket_opened(socket);
}

void socket_connector_read_answer(tw_socket *socket) {
    socket_connector *connector = &socket->connector;
    for (;;) {
        ssize_t got = socket_read(socket, connector->answer + connector->answer_size,
                                  HANDSHAKE_SIZE_MAX - connector->answer_size);
        if (got < 0)
            socket_finish(socket, TW_CLOSED, "the server closed during the handshake", 0);
        if (got <= 0)
            return;
        connector->answer_size += (size_t)got;
        const char *end = memmem(connector->answer, connector->answer_size, "\r\n\r\n", 4);
        if (end != NULL) {
            take_answer(socket, (size_t)(end - connector->answer) + 4);
            return;
        }
        if (connector->answer_size == HANDSHAKE_SIZE_MAX) {
            socket_finish(socket, TW_PROTOCOL, "the answer to the handshake is too long", 0);
            return;
        }
    }
}

/* ---- the request ---------------------------------------------------------------------- */

/* The parts of a ws:// or wss:// URL, as libcurl's parser gives them. */
typedef struct url_target {
    char *scheme;
    char *host;
    char *port;
    char *path;
    char *query;
    bool tls;
    bool loopback;
} url_target;

static bool is_loopback(const char *host) {
    struct in_addr v4 = {0};
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static void target_done(url_target *target) {
    curl_free(target->scheme);
    curl_free(target->host);
    curl_free(target->port);
    curl_free(target->path);
    curl_free(target->query);
}

static tw_status read_parts(CURLU *parts, const char *url, url_target *target, tw_error *error) {
    char *user = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &target->scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &target->host, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_PATH, &target->path, 0) != CURLUE_OK ||
        (strcmp(target->scheme, "ws") != 0 && strcmp(target->scheme, "wss") != 0))
        return tw_error_set(error, TW_INVALID, "not a URL that begins with ws:// or wss://");
    if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        curl_free(user);
        return tw_error_set(error, TW_INVALID,
                            "the URL of %s has a user name in it; send credentials as headers",
                            target->host);
    }
    if (curl_url_get(parts, CURLUPART_PORT, &target->port, 0) != CURLUE_OK)
        target->port = NULL;
    if (curl_url_get(parts, CURLUPART_QUERY, &target->query, 0) != CURLUE_OK)
        target->query = NULL;
    target->tls = strcmp(target->scheme, "wss") == 0;
    target->loopback = is_loopback(target->host);
    return TW_OK;
}

static tw_status read_target(const tw_socket_call *call, url_target *target, tw_error *error) {
    CURLU *parts = curl_url();
    if (parts == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to read a URL");
    tw_status status = read_parts(parts, call->url, target, error);
    curl_url_cleanup(parts);
    if (status == TW_OK && call->authenticated && !target->tls && !target->loopback)
        return tw_error_set(error, TW_REFUSED,
                            "credentials are not sent over plain ws to %s; use wss", target->host);
    return status;
}

static bool is_clean(tw_slice text, const char *forbidden) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || strchr(forbidden, text.data[i]) != NULL)
            return false;
    return true;
}

static tw_status check_headers(const tw_socket_call *call, tw_error *error) {
    if (call->header_count > TW_SOCKET_HEADER_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "a handshake has at most %d further headers",
                            TW_SOCKET_HEADER_COUNT_MAX);
    for (size_t i = 0; i < call->header_count; i++)
        if (call->headers[i].name.size == 0 || !is_clean(call->headers[i].name, " \t\r\n:") ||
            !is_clean(call->headers[i].value, "\r\n"))
            return tw_error_set(error, TW_INVALID, "header %zu of a handshake has forbidden bytes",
                                i + 1);
    return TW_OK;
}

/* A fresh key, and what a server must make of it (RFC 6455, section 4.2.2). */
static tw_status make_key(char key[static KEY_SIZE], char accept[static 32]) {
    static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_SIZE + sizeof fixed];
    unsigned char nonce[16];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (socket_random(nonce, sizeof nonce) != 0)
        return TW_IO;
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    int size = snprintf(text, sizeof text, "%s%s", key, fixed);
    if (EVP_Digest(text, (size_t)size, digest, &digest_size, EVP_sha1(), NULL) != 1)
        return TW_NO_MEMORY;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)digest_size);
    return TW_OK;
}

static tw_status write_request(tw_socket *socket, const url_target *target,
                               const tw_socket_call *call) {
    char key[KEY_SIZE] = {0};
    tw_status status = make_key(key, socket->connector.accept);
    tw_socket_frame *frame = socket_frame_make(socket->allocator, HANDSHAKE_SIZE_MAX);
    if (status != TW_OK || frame == NULL) {
        if (frame != NULL)
            socket_frame_release(frame);
        return status != TW_OK ? status : TW_NO_MEMORY;
    }
    socket->connector.request = frame;
    tw_text text = tw_text_over(frame->data, frame->capacity);
    tw_text_append_format(
        &text, "GET %s%s%s HTTP/1.1\r\nHost: %s%s%s\r\n", target->path,
        target->query != NULL ? "?" : "", target->query != NULL ? target->query : "", target->host,
        target->port != NULL ? ":" : "", target->port != NULL ? target->port : "");
    tw_text_append_format(&text,
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
                          "User-Agent: tradewind\r\n",
                          key);
    if (socket->config.deflate.on) {
        tw_text_append_string(&text, "Sec-WebSocket-Extensions: ");
        tw_socket_deflate_offer(&socket->config.deflate, &text);
        tw_text_append_string(&text, "\r\n");
    }
    for (size_t i = 0; i < call->header_count; i++) {
        tw_text_append(&text, call->headers[i].name);
        tw_text_append_string(&text, ": ");
        tw_text_append(&text, call->headers[i].value);
        tw_text_append_string(&text, "\r\n");
    }
    tw_text_append_string(&text, "\r\n");
    frame->size = text.size;
    return text.truncated ? TW_INVALID : TW_OK;
}

/* ---- beginning ------------------------------------------------------------------------ */

static tw_status open_curl(tw_socket *socket) {
    socket_connector *connector = &socket->connector;
    connector->curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!connector->curl_ready)
        return TW_NO_MEMORY;
    connector->multi = curl_multi_init();
    connector->easy = curl_easy_init();
    connector->answer = TW_NEW(socket->allocator, HANDSHAKE_SIZE_MAX, char);
    if (connector->multi == NULL || connector->easy == NULL || connector->answer == NULL)
        return TW_NO_MEMORY;
    return TW_OK;
}

static tw_status begin_connecting(tw_socket *socket, const url_target *target) {
    socket_connector *connector = &socket->connector;
    CURL *easy = connector->easy;
    char url[TW_ERROR_MESSAGE_SIZE];
    int size =
        snprintf(url, sizeof url, "%s://%s:%s/", target->tls ? "https" : "http", target->host,
                 target->port != NULL ? target->port
                 : target->tls        ? "443"
                                      : "80");
    if (size < 0 || (size_t)size >= sizeof url)
        return TW_INVALID;
    connector->tls = target->tls;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, connector->words);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    if (socket->config.certificate_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, socket->config.certificate_file);
    if (target->loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_multi_setopt(connector->multi, CURLMOPT_SOCKETFUNCTION, watch_for_curl);
    curl_multi_setopt(connector->multi, CURLMOPT_SOCKETDATA, socket);
    curl_multi_setopt(connector->multi, CURLMOPT_TIMERFUNCTION, time_for_curl);
    curl_multi_setopt(connector->multi, CURLMOPT_TIMERDATA, socket);
    if (curl_multi_add_handle(connector->multi, easy) != CURLM_OK)
        return TW_NO_MEMORY;
    return connector->failed ? TW_FULL : TW_OK;
}

tw_status tw_socket_connect(tw_loop *loop, const tw_socket_call *call,
                            const tw_socket_config *config, tw_socket **ret_socket,
                            tw_error *error) {
    TW_ASSERT(loop != NULL && config != NULL && ret_socket != NULL);
    TW_ASSERT(call != NULL && call->url != NULL);
    url_target target = {0};
    tw_socket *socket = NULL;
    tw_status status = check_headers(call, error);
    if (status == TW_OK)
        status = read_target(call, &target, error);
    if (status == TW_OK)
        status = socket_make(loop, config, true, &socket, error);
    if (status != TW_OK) {
        target_done(&target);
        return status;
    }
    status = open_curl(socket);
    if (status == TW_OK)
        status = write_request(socket, &target, call);
    if (status == TW_OK)
        status = begin_connecting(socket, &target);
    target_done(&target);
    if (status != TW_OK) {
        tw_socket_free(socket);
        return tw_error_set(error, status, "a WebSocket connection could not be begun: %s",
                            tw_status_sentence(status));
    }
    *ret_socket = socket;
    return TW_OK;
}
