/*
 * http_transfer.c - a call in libcurl's hands: its options, what libcurl calls back, what it says
 * at the end.
 *
 * libcurl sends a request again on its own, POST included, when a kept connection dies before the
 * first byte of the answer, or when an HTTP/2 server refuses the stream (Curl_retry_request in
 * its transfer.c). Nothing of libcurl 7.88 turns that off, but every sending passes one callback
 * first (CURLOPT_PREREQFUNCTION, called in its state MSTATE_DO, the only one that sends). So:
 *
 * Invariants
 *   1. Between two calls of about_to_send for the same slot at most one request leaves. For a call
 *      that is sent at most once the second is refused, and so no second request can leave.
 *   2. `send_count` 0 means that no byte of the request has left. Anything else means that some
 *      may have.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_client_priv.h"
#include "tradewind/time.h"

#define HEAD_SIZE_MAX ((size_t)64 << 10)

/* ---- what libcurl calls --------------------------------------------------------------- */

static size_t body_arrived(char *data, size_t unit, size_t count, void *context) {
    call_slot *slot = context;
    size_t size = unit * count;
    if (size > slot->response_size_max - slot->body_size) {
        slot->status = TW_FULL;
        return CURL_WRITEFUNC_ERROR;
    }
    if (slot->on_body != NULL)
        return http_stream_keep(slot, data, size);
    slot->status = http_bytes_append(slot->client->allocator, &slot->body, data, size);
    slot->body_size += size;
    return slot->status == TW_OK ? size : CURL_WRITEFUNC_ERROR;
}

static size_t header_arrived(char *data, size_t unit, size_t count, void *context) {
    call_slot *slot = context;
    size_t size = unit * count;
    /* An interim answer (100) is followed by another status line; keep the last. */
    if (size > 5 && memcmp(data, "HTTP/", 5) == 0)
        slot->head.size = 0;
    if (size > HEAD_SIZE_MAX - slot->head.size) {
        slot->status = TW_FULL;
        return CURL_WRITEFUNC_ERROR;
    }
    slot->status = http_bytes_append(slot->client->allocator, &slot->head, data, size);
    return slot->status == TW_OK ? size : CURL_WRITEFUNC_ERROR;
}

/* The connection stands, and libcurl is about to send the request on it (invariant 1). */
static int about_to_send(void *context, char *primary_ip, char *local_ip, int primary_port,
                         int local_port) {
    call_slot *slot = context;
    (void)primary_ip;
    (void)local_ip;
    (void)primary_port;
    (void)local_port;
    if (slot->at_most_once && slot->send_count > 0) {
        slot->resend_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    slot->send_count++;
    slot->sent_ns = tw_time_monotonic_ns();
    return CURL_PREREQFUNC_OK;
}

/* No connection is made for a second sending that would be refused anyway. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
    call_slot *slot = context;
    (void)purpose;
    if (slot->at_most_once && slot->send_count > 0) {
        slot->resend_refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    slot->client->stats.open_connection_count++;
    return fd;
}

static int close_socket(void *context, curl_socket_t fd) {
    tw_http_client *client = context;
    TW_ASSERT(client->stats.open_connection_count > 0);
    client->stats.open_connection_count--;
    return close(fd);
}

/* ---- giving a call to libcurl --------------------------------------------------------- */

/* Milliseconds, rounded up, at least 1: zero would mean "no limit" to libcurl. */
static long to_ms(int64_t span_ns) {
    if (span_ns <= TW_NS_PER_MS)
        return 1;
    return (long)((span_ns + TW_NS_PER_MS - 1) / TW_NS_PER_MS);
}

static void give_easy_back(call_slot *slot, bool worn) {
    tw_http_client *client = slot->client;
    client->easy_pool[client->easy_count++] = (pooled_easy){.easy = slot->easy, .worn = worn};
    slot->easy = NULL;
}

/* What is the same for all calls. Options of numbers, pointers and functions that this version
 * knows cannot fail; those of text can, for lack of memory. */
static bool prepare(tw_http_client *client, CURL *easy) {
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_SHARE, client->share);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never waits for a name's look-up to end */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, client->idle_age_s);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, client->connection_age_s);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_arrived);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_send);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, client);
    const char *authorities = client->certificate_file[0] != '\0' ? client->certificate_file : NULL;
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent) == CURLE_OK &&
           (authorities == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, authorities) == CURLE_OK);
}

/* Every kind of call sets what another kind may have left behind. */
static bool set_method(call_slot *slot) {
    CURL *easy = slot->easy;
    const char *implied = "GET";
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (http_call_has_body(slot->method, slot->request_body.size)) {
        implied = "POST";
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request_body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         slot->request_body.size > 0 ? slot->request_body.data : "");
    } else if (strcmp(slot->method, "HEAD") == 0) {
        implied = "HEAD";
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    const char *named = strcmp(slot->method, implied) == 0 ? NULL : slot->method;
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, named) == CURLE_OK;
}

static void set_limits(call_slot *slot) {
    CURL *easy = slot->easy;
    bool bounded = slot->response_size_max <= INT64_MAX;
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                     bounded ? (curl_off_t)slot->response_size_max : (curl_off_t)0);
    /* The other deadlines are the client's: libcurl does not look at those of transfers that it has
     * waiting for a connection. */
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, to_ms(slot->connect_timeout_ns));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)slot->speed_min);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     (long)((slot->slow_ns_max + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND));
}

static bool set_connection(call_slot *slot) {
    CURL *easy = slot->easy;
    const tw_http_client *client = slot->client;
    /* Plain HTTP is always 1.1: this libcurl's HTTP/2 without TLS fails on kept connections. Over
     * TLS a call rather waits to share a connection than makes one, as soon as that is known to
     * work. */
    bool may_share = slot->secure && !slot->single_use && !client->http1_only;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     may_share ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, may_share ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, slot->single_use ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, slot->single_use ? 1L : 0L);
    const char *proxy = client->proxy_named ? client->proxy : NULL;
    if (slot->loopback) /* a proxy cannot reach this machine under that name */
        proxy = "";
    return curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK;
}

static bool set_call(call_slot *slot) {
    CURL *easy = slot->easy;
    slot->curl_words[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->curl_words);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->header_lines);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
    set_limits(slot);
    return curl_easy_setopt(easy, CURLOPT_URL, slot->url.data) == CURLE_OK && set_method(slot) &&
           set_connection(slot);
}

bool http_transfer_start(call_slot *slot) {
    tw_http_client *client = slot->client;
    TW_ASSERT(client->easy_count > 0);
    pooled_easy pooled = client->easy_pool[--client->easy_count];
    slot->easy = pooled.easy;
    pooled.worn = pooled.worn && !prepare(client, slot->easy);
    if (!pooled.worn && set_call(slot)) {
        CURLMcode failed = curl_multi_add_handle(client->multi, slot->easy);
        TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
        if (failed == CURLM_OK)
            return true;
    }
    give_easy_back(slot, true);
    return false;
}

/* ---- the end of a call ---------------------------------------------------------------- */

static long known_number(CURL *easy, CURLINFO which) {
    long value = 0;
    curl_easy_getinfo(easy, which, &value);
    return value;
}

static int64_t known_offset(CURL *easy, CURLINFO which) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy, which, &value);
    return value;
}

/* The span between two of libcurl's points in time (microseconds; 0 if not reached). */
static int64_t span_ns(int64_t from_us, int64_t to_us) {
    return to_us > from_us ? (to_us - from_us) * 1000 : 0;
}

static void keep_stages(call_slot *slot) {
    CURL *easy = slot->easy;
    int64_t left_us = known_offset(easy, CURLINFO_PRETRANSFER_TIME_T);
    if (slot->connection_count > 0) {
        int64_t name_us = known_offset(easy, CURLINFO_NAMELOOKUP_TIME_T);
        int64_t connect_us = known_offset(easy, CURLINFO_CONNECT_TIME_T);
        slot->stage_ns[TW_HTTP_STAGE_NAME] = span_ns(0, name_us);
        slot->stage_ns[TW_HTTP_STAGE_CONNECT] = span_ns(name_us, connect_us);
        slot->stage_ns[TW_HTTP_STAGE_TLS] =
            span_ns(connect_us, known_offset(easy, CURLINFO_APPCONNECT_TIME_T));
    }
    slot->stage_ns[TW_HTTP_STAGE_FIRST_BYTE] =
        span_ns(left_us, known_offset(easy, CURLINFO_STARTTRANSFER_TIME_T));
}

static uint32_t version_of(long version) {
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    default:
        return 0;
    }
}

void http_transfer_stop(call_slot *slot) {
    tw_http_client *client = slot->client;
    CURL *easy = slot->easy;
    slot->http_status = (uint32_t)known_number(easy, CURLINFO_RESPONSE_CODE);
    slot->http_version = version_of(known_number(easy, CURLINFO_HTTP_VERSION));
    slot->connection_count = (uint32_t)known_number(easy, CURLINFO_NUM_CONNECTS);
    slot->sent_size = (uint64_t)(known_number(easy, CURLINFO_REQUEST_SIZE) +
                                 known_offset(easy, CURLINFO_SIZE_UPLOAD_T));
    slot->received_size = (uint64_t)(known_number(easy, CURLINFO_HEADER_SIZE) +
                                     known_offset(easy, CURLINFO_SIZE_DOWNLOAD_T));
    keep_stages(slot);
    curl_multi_remove_handle(client->multi, easy);
    /* libcurl counts how often it tried again by the handle, not by the call, and gives up at five;
     * only a reset begins anew. It costs as much as all options. */
    bool may_have_tried_again = slot->send_count != 1 || slot->http_status == 0;
    give_easy_back(slot, may_have_tried_again);
}

static tw_status status_of(CURLcode code) {
    /* libcurl has some hundred codes; those that are not named here are transport trouble. */
    switch ((int)code) {
    case CURLE_OK:
        return TW_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return TW_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
        return TW_UNREACHABLE;
    case CURLE_OUT_OF_MEMORY:
        return TW_NO_MEMORY;
    case CURLE_FILESIZE_EXCEEDED:
        return TW_FULL;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer in HTTP/0.9 */
        return TW_PROTOCOL;
    default:
        return TW_CLOSED;
    }
}

tw_status http_transfer_status(const call_slot *slot) {
    tw_status status = status_of(slot->code);
    /* It had been sent before the connection that could not be made: not a call that never left. */
    bool was_sent = slot->send_count > 0;
    return status == TW_UNREACHABLE && was_sent ? TW_CLOSED : status;
}

void http_transfer_explain(call_slot *slot) {
    const char *why = tw_status_sentence(slot->status);
    if (slot->status == TW_FULL)
        why = "the answer is longer than allowed";
    else if (slot->status == TW_CLOSED && slot->resend_refused)
        why = "the connection broke before an answer came, and it is not sent twice";
    else if (slot->status == TW_UNREACHABLE && slot->curl_words[0] != '\0')
        why = slot->curl_words;
    else if (slot->code != CURLE_OK && slot->status != TW_NO_MEMORY)
        why = curl_easy_strerror(slot->code);
    int shown = (int)strcspn(slot->url.data, "?#");
    snprintf(slot->message, sizeof slot->message, "%s %.*s: %s", slot->method, shown,
             slot->url.data, why);
}
