/*
 * http_call.c - what a caller asks for, checked and copied into the call's place.
 *
 * Everything is checked before anything is copied: a header cannot carry a line break, a URL no
 * password, and secrets leave this machine only inside TLS.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http_client_priv.h"
#include "tradewind/time.h"

#define RESPONSE_SIZE_DEFAULT ((size_t)16 << 20)
#define CONNECT_TIMEOUT_DEFAULT_NS (5 * TW_NS_PER_SECOND)
#define TOTAL_TIMEOUT_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define SLOW_DEFAULT_NS (5 * TW_NS_PER_SECOND)
#define HEADER_LINE_SIZE 8192

/* ---- bytes ---------------------------------------------------------------------------- */

tw_status http_bytes_append(const tw_allocator *allocator, byte_buffer *bytes, const char *data,
                            size_t size) {
    if (size == 0)
        return TW_OK;
    size_t needed = bytes->size + size;
    if (needed > bytes->capacity) {
        size_t capacity = bytes->capacity < 256 ? 256 : bytes->capacity * 2;
        if (capacity < needed)
            capacity = needed;
        char *grown = TW_NEW(allocator, capacity, char);
        if (grown == NULL)
            return TW_NO_MEMORY;
        if (bytes->size > 0)
            memcpy(grown, bytes->data, bytes->size);
        if (bytes->data != NULL)
            TW_DELETE(allocator, bytes->data, bytes->capacity, char);
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size = needed;
    return TW_OK;
}

void http_bytes_release(const tw_allocator *allocator, byte_buffer *bytes) {
    if (bytes->data != NULL)
        TW_DELETE(allocator, bytes->data, bytes->capacity, char);
    memset(bytes, 0, sizeof *bytes);
}

/* ---- checking ------------------------------------------------------------------------- */

/* This machine itself: "localhost" (libcurl never asks a name server for it), 127/8, ::1. */
static bool is_loopback(const char *host) {
    struct in_addr v4 = {0};
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static tw_status check_parts(CURLU *parts, const tw_http_call *call, url_traits *ret_traits,
                             tw_error *error) {
    char *scheme = NULL;
    char *host = NULL;
    char *user = NULL;
    tw_status status = TW_OK;
    if (curl_url_set(parts, CURLUPART_URL, call->url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        status = tw_error_set(error, TW_INVALID, "not a URL that begins with http:// or https://");
    } else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        status =
            tw_error_set(error, TW_INVALID,
                         "the URL of %s has a user name in it; send credentials as headers", host);
    } else {
        ret_traits->loopback = is_loopback(host);
        ret_traits->secure = strcmp(scheme, "https") == 0;
        if (call->authenticated && !ret_traits->secure && !ret_traits->loopback)
            status =
                tw_error_set(error, TW_REFUSED,
                             "credentials are not sent over plain http to %s; use https", host);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return status;
}

/* The size of "http://host:port/" or "https://host:port/" at the URL's begin; 0 if it has not
 * exactly that form, or bytes that libcurl has to judge. */
static size_t origin_size(const char *url) {
    size_t host_at = strncmp(url, "http://", 7) == 0 ? 7 : 8;
    size_t size = 0;
    if (host_at == 8 && strncmp(url, "https://", 8) != 0)
        return 0;
    for (size_t i = host_at; url[i] != '\0'; i++) {
        unsigned char c = (unsigned char)url[i];
        if (c <= ' ' || c >= 127 || c == '\\')
            return 0;
        if (c == '/' && size == 0)
            size = i + 1;
    }
    return size > host_at + 1 && size < ORIGIN_SIZE ? size : 0;
}

/* Taking a URL apart costs more than all else that is checked, and most calls go where the last one
 * went: what is in front of the path decides, so it is remembered. */
static tw_status check_url(tw_http_client *client, const tw_http_call *call, url_traits *ret_traits,
                           tw_error *error) {
    size_t size = origin_size(call->url);
    bool known =
        size > 0 && size == client->origin_size && memcmp(client->origin, call->url, size) == 0;
    if (known &&
        (client->origin_traits.secure || !call->authenticated || client->origin_traits.loopback)) {
        *ret_traits = client->origin_traits;
        return TW_OK;
    }
    CURLU *parts = curl_url();
    if (parts == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to read a URL");
    tw_status status = check_parts(parts, call, ret_traits, error);
    curl_url_cleanup(parts);
    if (status == TW_OK && size > 0) {
        memcpy(client->origin, call->url, size);
        client->origin_size = size;
        client->origin_traits = *ret_traits;
    }
    return status;
}

static bool is_token(tw_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c >= 127 || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    return text.size > 0;
}

static bool is_header_value(tw_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\0')
            return false;
    return true;
}

static size_t size_of_call(const tw_http_call *call) {
    size_t size = strlen(call->url) + call->body.size;
    for (size_t i = 0; i < call->header_count; i++)
        size += call->headers[i].name.size + call->headers[i].value.size;
    return size;
}

tw_status http_call_check(tw_http_client *client, const tw_http_call *call, url_traits *ret_traits,
                          tw_error *error) {
    tw_slice method = tw_slice_of(call->method);
    if (!is_token(method) || method.size >= METHOD_SIZE)
        return tw_error_set(error, TW_INVALID, "not an HTTP method");
    if (call->priority > TW_HTTP_CANCEL)
        return tw_error_set(error, TW_INVALID, "%d is no priority of a call", (int)call->priority);
    if (call->url == NULL || call->header_count > TW_HTTP_CALL_HEADER_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "a call has one URL and at most %d headers",
                            TW_HTTP_CALL_HEADER_COUNT_MAX);
    for (size_t i = 0; i < call->header_count; i++) {
        const tw_http_header *header = &call->headers[i];
        if (!is_token(header->name) || !is_header_value(header->value) ||
            header->name.size + header->value.size + 3 > HEADER_LINE_SIZE)
            return tw_error_set(error, TW_INVALID,
                                "header %zu of a call has forbidden bytes or is too long", i + 1);
    }
    if (size_of_call(call) > client->request_size_max)
        return tw_error_set(error, TW_FULL, "a request of %zu bytes is larger than allowed (%u)",
                            size_of_call(call), client->request_size_max);
    return check_url(client, call, ret_traits, error);
}

static tw_status add_line(call_slot *slot, const char *line) {
    struct curl_slist *longer = curl_slist_append(slot->header_lines, line);
    if (longer == NULL)
        return TW_NO_MEMORY;
    slot->header_lines = longer;
    return TW_OK;
}

bool http_call_has_body(const char *method, size_t body_size) {
    return body_size > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static tw_status copy_headers(call_slot *slot, const tw_http_call *call) {
    char line[HEADER_LINE_SIZE];
    bool has_type = false;
    for (size_t i = 0; i < call->header_count; i++) {
        const tw_http_header *header = &call->headers[i];
        /* "Name;" is libcurl's way to send a header without a value. */
        int size =
            header->value.size == 0
                ? snprintf(line, sizeof line, "%.*s;", (int)header->name.size, header->name.data)
                : snprintf(line, sizeof line, "%.*s: %.*s", (int)header->name.size,
                           header->name.data, (int)header->value.size, header->value.data);
        TW_ASSERT(size > 0 && (size_t)size < sizeof line);
        if (add_line(slot, line) != TW_OK)
            return TW_NO_MEMORY;
        has_type = has_type || strncasecmp(line, "content-type:", 13) == 0;
    }
    if (!http_call_has_body(slot->method, slot->request_body.size))
        return TW_OK;
    /* libcurl would claim that a body is a form, and wait a second for "100 Continue". */
    if (!has_type && add_line(slot, "Content-Type:") != TW_OK)
        return TW_NO_MEMORY;
    return add_line(slot, "Expect:");
}

static int64_t span_or(int64_t span_ns, int64_t fallback_ns) {
    return span_ns > 0 ? span_ns : fallback_ns;
}

/* Forgets the call that had this place before. */
static void clear(call_slot *slot) {
    slot->url.size = slot->request_body.size = slot->head.size = slot->body.size = 0;
    slot->status = TW_OK;
    slot->code = CURLE_OK;
    slot->http_status = 0;
    slot->connection_count = 0;
    slot->send_count = 0;
    slot->resend_refused = slot->paused = slot->stalled = false;
    slot->body_size = 0;
    slot->http_version = 0;
    slot->started_ns = slot->sent_ns = 0;
    slot->sent_size = slot->received_size = 0;
    memset(slot->stage_ns, 0, sizeof slot->stage_ns);
}

tw_status http_call_copy(call_slot *slot, const tw_http_call *call, url_traits traits) {
    const tw_allocator *allocator = slot->client->allocator;
    clear(slot);
    slot->begun_ns = tw_time_monotonic_ns();
    slot->deadline_ns = slot->begun_ns + span_or(call->total_timeout_ns, TOTAL_TIMEOUT_DEFAULT_NS);
    slot->connect_timeout_ns = span_or(call->connect_timeout_ns, CONNECT_TIMEOUT_DEFAULT_NS);
    slot->first_byte_timeout_ns = span_or(call->first_byte_timeout_ns, 0);
    slot->speed_min = call->speed_min;
    slot->slow_ns_max = span_or(call->slow_ns_max, SLOW_DEFAULT_NS);
    slot->on_body = call->on_body;
    slot->response_size_max = call->on_body != NULL ? SIZE_MAX : RESPONSE_SIZE_DEFAULT;
    if (call->response_size_max > 0)
        slot->response_size_max = call->response_size_max;
    slot->priority = call->priority;
    slot->single_use = call->single_use_connection;
    slot->at_most_once = call->at_most_once || call->single_use_connection;
    slot->loopback = traits.loopback;
    slot->secure = traits.secure;
    snprintf(slot->method, sizeof slot->method, "%s", call->method);
    if (http_bytes_append(allocator, &slot->url, call->url, strlen(call->url) + 1) != TW_OK ||
        http_bytes_append(allocator, &slot->request_body, call->body.data, call->body.size) !=
            TW_OK)
        return TW_NO_MEMORY;
    return copy_headers(slot, call);
}
