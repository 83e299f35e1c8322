/*
 * monitor.c - the listener: which requests are answered, and the text of a scrape.
 *
 * Invariants
 *   1. `text` has room for tw_metrics_expose_size bytes when the text is made; more series may come
 *      between the two looks, so a text that did not fit is made once more with more room.
 *   2. On a loopback address nothing is answered to a request whose Host is not this machine.
 */
#include "monitor_priv.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "tradewind/time.h"

#define CONNECTION_COUNT_MAX 16
#define HEADER_SIZE_MAX 8192
#define BODY_SIZE_MAX 1024
#define ATTEMPT_COUNT_MAX 4

static const char *const DEFAULT_ADDRESS = "127.0.0.1";

/* ---- who may ask --------------------------------------------------------------------------- */

static bool is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* "127.0.0.1:9464" without the port; of "[::1]:9464" what is in the brackets. */
static tw_slice host_without_port(tw_slice host) {
    const char *end =
        memchr(host.data, host.size > 0 && host.data[0] == '[' ? ']' : ':', host.size);
    if (end == NULL)
        return host;
    if (*end == ']')
        return (tw_slice){host.data + 1, (size_t)(end - host.data) - 1};
    return (tw_slice){host.data, (size_t)(end - host.data)};
}

static bool is_this_machine(tw_slice host) {
    tw_slice name = host_without_port(host);
    char address[INET_ADDRSTRLEN];
    struct in_addr number;
    if (tw_slice_equal_string(name, "::1") ||
        (name.size == 9 && strncasecmp(name.data, "localhost", 9) == 0))
        return true;
    return tw_slice_starts_with(name, "127.") &&
           tw_slice_copy(name, address, sizeof address) == TW_OK &&
           inet_pton(AF_INET, address, &number) == 1; /* and no name that begins so */
}

static bool may_ask(const tw_monitor *monitor, const tw_http_request *request) {
    tw_slice host;
    return !monitor->loopback ||
           (tw_http_request_header(request, "Host", &host) && is_this_machine(host));
}

/* ---- answers ------------------------------------------------------------------------------- */

static void answer_with(tw_http_reply *reply, const tw_http_answer *answer) {
    if (tw_http_reply_send(reply, answer, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static void say(tw_http_reply *reply, uint32_t status, const char *sentence) {
    static const tw_http_header allow = {{"Allow", 5}, {"GET, HEAD", 9}};
    answer_with(reply, &(tw_http_answer){.status = status,
                                         .content_type = "text/plain; charset=utf-8",
                                         .body = tw_slice_of(sentence),
                                         .headers = &allow,
                                         .header_count = status == 405 ? 1 : 0});
}

static void refuse(tw_monitor *monitor, tw_http_reply *reply, uint32_t status,
                   const char *sentence) {
    tw_metrics_counter_add(monitor->shard, monitor->families.refused, 1);
    say(reply, status, sentence);
}

static tw_status make_room(tw_monitor *monitor) {
    size_t size = tw_metrics_expose_size(monitor->metrics);
    if (size <= monitor->capacity)
        return TW_OK;
    size += size / 4;
    char *text = TW_NEW(monitor->allocator, size, char);
    if (text == NULL)
        return TW_NO_MEMORY;
    TW_DELETE(monitor->allocator, monitor->text, monitor->capacity, char);
    monitor->text = text;
    monitor->capacity = size;
    return TW_OK;
}

/* Invariant 1. */
static tw_status make_text(tw_monitor *monitor, tw_slice *ret_text) {
    tw_status status = TW_FULL;
    for (int i = 0; status == TW_FULL && i < ATTEMPT_COUNT_MAX; i++) {
        status = make_room(monitor);
        if (status != TW_OK)
            return status;
        tw_text text = tw_text_over(monitor->text, monitor->capacity);
        status = tw_metrics_expose(monitor->metrics, &text);
        *ret_text = tw_text_slice(&text);
    }
    return status;
}

static void scrape(tw_monitor *monitor, tw_http_reply *reply) {
    TW_METRICS_TIMED timer =
        tw_metrics_timer_start(monitor->shard, monitor->families.scrape, tw_time_monotonic_ns);
    tw_slice text;
    monitor_fill(monitor);
    if (make_text(monitor, &text) != TW_OK) {
        refuse(monitor, reply, 503, "there is no memory for the figures\n");
        return;
    }
    tw_metrics_gauge_set(monitor->shard, monitor->families.scrape_size, (double)text.size);
    answer_with(reply, &(tw_http_answer){
                           .status = 200, .content_type = TW_METRICS_CONTENT_TYPE, .body = text});
}

static void handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    tw_monitor *monitor = context;
    tw_slice method = tw_http_request_method(request);
    tw_slice path = tw_http_request_path(request);
    if (!may_ask(monitor, request))
        refuse(monitor, reply, 403, "this is answered only to requests for this machine\n");
    else if (!tw_slice_equal_string(method, "GET") && !tw_slice_equal_string(method, "HEAD"))
        refuse(monitor, reply, 405, "GET only\n");
    else if (tw_slice_equal_string(path, "/metrics"))
        scrape(monitor, reply);
    else if (tw_slice_equal_string(path, "/"))
        say(reply, 200, "Tradewind. The figures are at /metrics.\n");
    else
        refuse(monitor, reply, 404, "there are only / and /metrics\n");
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status listen_to(tw_monitor *monitor, const tw_monitor_config *config, tw_error *error) {
    tw_http_server_config server = {.allocator = monitor->allocator,
                                    .address = config->address,
                                    .port = config->port,
                                    .connection_count_max = CONNECTION_COUNT_MAX,
                                    .header_size_max = HEADER_SIZE_MAX,
                                    .body_size_max = BODY_SIZE_MAX,
                                    .silent_give_way = true,
                                    .handler = handle,
                                    .context = monitor};
    return tw_http_server_start(config->loop, &server, &monitor->server, error);
}

tw_status tw_monitor_start(const tw_allocator *allocator, const tw_monitor_config *config,
                           tw_monitor **ret_monitor, tw_error *error) {
    TW_ASSERT(config->loop != NULL && config->metrics != NULL);
    tw_monitor *monitor = TW_NEW(allocator, 1, tw_monitor);
    if (monitor == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the monitor");
    monitor->allocator = allocator;
    monitor->metrics = config->metrics;
    monitor->loopback = is_loopback(config->address != NULL ? config->address : DEFAULT_ADDRESS);
    tw_status status = listen_to(monitor, config, error);
    if (status == TW_OK)
        status = monitor_define(config->metrics, &monitor->families, error);
    if (status == TW_OK && tw_metrics_shard_acquire(config->metrics, &monitor->shard) != TW_OK)
        status = tw_error_set(error, TW_FULL, "the metrics have no shard left for the monitor");
    if (status == TW_OK && make_room(monitor) != TW_OK)
        status = tw_error_set(error, TW_NO_MEMORY, "no memory for the text of a scrape");
    if (status != TW_OK) {
        tw_monitor_free(monitor);
        return status;
    }
    *ret_monitor = monitor;
    return TW_OK;
}

void tw_monitor_free(tw_monitor *monitor) {
    if (monitor == NULL)
        return;
    tw_http_server_free(monitor->server);
    tw_metrics_shard_release(monitor->shard);
    TW_DELETE(monitor->allocator, monitor->text, monitor->capacity, char);
    TW_DELETE(monitor->allocator, monitor, 1, tw_monitor);
}

uint16_t tw_monitor_port(const tw_monitor *monitor) {
    return tw_http_server_port(monitor->server);
}
