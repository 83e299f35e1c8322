/*
 * http_client.c - one libcurl multi handle that does the waiting for its loop.
 *
 * Idea: libcurl's multi_poll is faster than its multi_socket interface below some thousand
 * connections, so the client takes the waiter's seat of the loop and polls libcurl's sockets
 * and the loop's descriptor together.
 *
 *                 place free                     libcurl is done
 *   send --------------------------> RUNNING ---------------------> finish --> (free)
 *     |                                 ^  |                           ^
 *     | no place                        |  +-- cancel ---> ENDING -----+ in finish_ended
 *     +--------> QUEUED -- start_queued +                    ^
 *                   +-- cancel, queue_timer_fired -----------+
 *
 * Invariants
 *   1. A call's callback is made exactly once, by finish, with no lock of libcurl's held: never
 *      from within libcurl, a send or a cancel.
 *   2. RUNNING slots, and only they, own an easy handle that is in the multi handle.
 *   3. A call with single_use_connection never runs on a connection that existed before it, and
 *      never over HTTP/2: libcurl re-sends only on reused connections and refused streams.
 *   4. The text of an error is made of method, URL up to its query and libcurl's words about
 *      names, connections and certificates. Headers and bodies never get into it.
 */
#include "tradewind/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tradewind/time.h"

#define IN_FLIGHT_DEFAULT 64
#define QUEUED_DEFAULT 1024
#define REQUEST_SIZE_DEFAULT (1u << 20)
#define RESPONSE_SIZE_DEFAULT ((size_t)16 << 20)
#define HEAD_SIZE_MAX ((size_t)64 << 10)
#define IDLE_AGE_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define CONNECT_TIMEOUT_DEFAULT_NS (5 * TW_NS_PER_SECOND)
#define TOTAL_TIMEOUT_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define METHOD_SIZE 16
#define HEADER_LINE_SIZE 8192
/* A wait without end is cut to this; an empty turn more or less does not matter. */
#define WAIT_MS_MAX 60000

typedef enum slot_state { FREE = 0, QUEUED, RUNNING, ENDING } slot_state;

typedef struct byte_buffer {
    char *data;
    size_t size;
    size_t capacity;
} byte_buffer;

typedef struct call_slot {
    tw_http_client *client;
    struct call_slot *next; /* in the free, queued or ending list */
    struct call_slot *previous;
    CURL *easy; /* invariant 2 */
    struct curl_slist *header_lines;
    tw_http_on_done on_done;
    void *context;
    int64_t begun_ns;
    int64_t deadline_ns;
    int64_t connect_timeout_ns;
    size_t response_size_max;
    byte_buffer url; /* with its NUL */
    byte_buffer request_body;
    byte_buffer head;
    byte_buffer body;
    tw_status status; /* set before libcurl is told to give up */
    CURLcode code;
    uint32_t generation;
    uint32_t http_status;
    uint32_t connection_count;
    slot_state state;
    bool single_use;
    bool loopback;
    bool sent;
    char method[METHOD_SIZE];
    char message[TW_ERROR_MESSAGE_SIZE];
    char curl_words[CURL_ERROR_SIZE];
} call_slot;

typedef struct slot_list {
    call_slot *first;
    call_slot *last;
} slot_list;

struct tw_http_client {
    const tw_allocator *allocator;
    tw_loop *loop;
    CURLM *multi;
    CURL **easy_pool; /* idle easy handles */
    uint32_t easy_count;
    uint32_t in_flight_count_max;
    uint32_t slot_count;
    uint32_t request_size_max;
    long idle_age_s;
    call_slot *slots;
    slot_list free;
    slot_list queued;
    slot_list ending;
    tw_loop_task finish_ended;
    tw_loop_timer *queue_timer;
    int64_t queue_timer_ns;
    tw_http_client_stats stats;
    bool curl_ready;
    bool seated;
    bool in_callback;
    char user_agent[128];
    char certificate_file[512];
};

/* ---- lists and bytes ------------------------------------------------------------------ */

static void append(slot_list *list, call_slot *slot) {
    slot->next = NULL;
    slot->previous = list->last;
    if (list->last != NULL)
        list->last->next = slot;
    else
        list->first = slot;
    list->last = slot;
}

static void take(slot_list *list, call_slot *slot) {
    if (slot->previous != NULL)
        slot->previous->next = slot->next;
    else
        list->first = slot->next;
    if (slot->next != NULL)
        slot->next->previous = slot->previous;
    else
        list->last = slot->previous;
    slot->next = slot->previous = NULL;
}

static tw_status append_bytes(const tw_allocator *allocator, byte_buffer *bytes, const char *data,
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

static void release_bytes(const tw_allocator *allocator, byte_buffer *bytes) {
    if (bytes->data != NULL)
        TW_DELETE(allocator, bytes->data, bytes->capacity, char);
    memset(bytes, 0, sizeof *bytes);
}

/* ---- what libcurl calls --------------------------------------------------------------- */

static size_t body_arrived(char *data, size_t unit, size_t count, void *context) {
    call_slot *slot = context;
    size_t size = unit * count;
    if (size > slot->response_size_max - slot->body.size) {
        slot->status = TW_FULL;
        return CURL_WRITEFUNC_ERROR;
    }
    slot->status = append_bytes(slot->client->allocator, &slot->body, data, size);
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
    slot->status = append_bytes(slot->client->allocator, &slot->head, data, size);
    return slot->status == TW_OK ? size : CURL_WRITEFUNC_ERROR;
}

/* ---- giving a call to libcurl --------------------------------------------------------- */

/* Milliseconds, rounded up, at least 1: zero would mean "no limit" to libcurl. */
static long to_ms(int64_t span_ns) {
    if (span_ns <= TW_NS_PER_MS)
        return 1;
    return (long)((span_ns + TW_NS_PER_MS - 1) / TW_NS_PER_MS);
}

static bool has_body(const call_slot *slot) {
    return slot->request_body.size > 0 || strcmp(slot->method, "POST") == 0 ||
           strcmp(slot->method, "PUT") == 0 || strcmp(slot->method, "PATCH") == 0;
}

/* Only long, pointer and function options that this version knows: setting one cannot fail but
 * for memory, and then the transfer fails for lack of it. */
static void set_method(call_slot *slot) {
    CURL *easy = slot->easy;
    if (has_body(slot)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request_body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         slot->request_body.size > 0 ? slot->request_body.data : "");
    } else if (strcmp(slot->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, slot->method);
}

static void set_connection(call_slot *slot) {
    CURL *easy = slot->easy;
    const tw_http_client *client = slot->client;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, client->idle_age_s);
    if (client->certificate_file[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->certificate_file);
    if (slot->loopback) /* a proxy cannot reach this machine under that name */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     slot->single_use ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    if (slot->single_use) { /* invariant 3 */
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, to_ms(slot->connect_timeout_ns));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, to_ms(slot->deadline_ns - tw_time_monotonic_ns()));
}

static void start(call_slot *slot) {
    tw_http_client *client = slot->client;
    TW_ASSERT(client->easy_count > 0);
    slot->easy = client->easy_pool[--client->easy_count];
    slot->state = RUNNING;
    slot->curl_words[0] = '\0';
    CURL *easy = slot->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, slot->url.data);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->curl_words);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->header_lines);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_arrived);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)slot->response_size_max);
    set_method(slot);
    set_connection(slot);
    client->stats.in_flight_count++;
    client->stats.sent_count++;
    CURLMcode failed = curl_multi_add_handle(client->multi, easy);
    TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
    if (failed == CURLM_OK)
        return;
    client->stats.in_flight_count--;
    client->easy_pool[client->easy_count++] = easy;
    slot->easy = NULL;
    slot->state = ENDING;
    slot->status = TW_NO_MEMORY;
    append(&client->ending, slot);
    tw_loop_defer(client->loop, &client->finish_ended);
}

static void start_queued(tw_http_client *client) {
    while (client->queued.first != NULL && client->easy_count > 0) {
        call_slot *slot = client->queued.first;
        take(&client->queued, slot);
        client->stats.queued_count--;
        start(slot);
    }
}

/* ---- the end of a call ---------------------------------------------------------------- */

/* Takes a running call out of libcurl and keeps what libcurl knows about it. */
static void detach(call_slot *slot) {
    tw_http_client *client = slot->client;
    long http_status = 0;
    long connections = 0;
    long request_size = 0;
    curl_off_t before_us = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &http_status);
    curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connections);
    curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &request_size);
    curl_easy_getinfo(slot->easy, CURLINFO_PRETRANSFER_TIME_T, &before_us);
    slot->http_status = (uint32_t)http_status;
    slot->connection_count = (uint32_t)connections;
    slot->sent = request_size > 0 || before_us > 0 || http_status > 0;
    client->stats.connection_count += slot->connection_count;
    if (slot->connection_count > 1)
        client->stats.resend_count++;
    curl_multi_remove_handle(client->multi, slot->easy);
    client->easy_pool[client->easy_count++] = slot->easy;
    client->stats.in_flight_count--;
    slot->easy = NULL;
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

/* The sentence of invariant 4. */
static void explain(call_slot *slot) {
    const char *why = tw_status_sentence(slot->status);
    if (slot->status == TW_FULL)
        why = "the answer is longer than allowed";
    else if (slot->status == TW_UNREACHABLE && slot->curl_words[0] != '\0')
        why = slot->curl_words;
    else if (slot->code != CURLE_OK && slot->status != TW_NO_MEMORY)
        why = curl_easy_strerror(slot->code);
    int shown = (int)strcspn(slot->url.data, "?#");
    snprintf(slot->message, sizeof slot->message, "%s %.*s: %s", slot->method, shown,
             slot->url.data, why);
}

static void give_slot_back(call_slot *slot) {
    tw_http_client *client = slot->client;
    curl_slist_free_all(slot->header_lines);
    slot->header_lines = NULL;
    slot->state = FREE;
    slot->generation++;
    append(&client->free, slot);
}

/* Makes the callback (invariant 1). The slot is in no list and not in libcurl. */
static void finish(call_slot *slot) {
    tw_http_client *client = slot->client;
    slot->message[0] = '\0';
    if (slot->status != TW_OK)
        explain(slot);
    tw_http_result result = {
        .status = slot->status,
        .http_status = slot->http_status,
        .sent = slot->sent,
        .connection_count = slot->connection_count,
        .elapsed_ns = tw_time_monotonic_ns() - slot->begun_ns,
        .body = {slot->body.data, slot->body.size},
        .head = {slot->head.data, slot->head.size},
        .message = slot->message,
    };
    client->stats.done_count++;
    client->in_callback = true;
    slot->on_done(slot->context, &result);
    client->in_callback = false;
    give_slot_back(slot);
}

/* Ends a call early; its callback comes from finish_ended. */
static void end_early(call_slot *slot, tw_status status) {
    tw_http_client *client = slot->client;
    if (slot->state == RUNNING) {
        detach(slot);
    } else {
        TW_ASSERT(slot->state == QUEUED);
        take(&client->queued, slot);
        client->stats.queued_count--;
    }
    slot->state = ENDING;
    slot->status = status;
    append(&client->ending, slot);
    tw_loop_defer(client->loop, &client->finish_ended);
}

static void finish_ended(void *context) {
    tw_http_client *client = context;
    while (client->ending.first != NULL) {
        call_slot *slot = client->ending.first;
        take(&client->ending, slot);
        finish(slot);
    }
    start_queued(client);
}

static uint32_t finish_done(tw_http_client *client) {
    uint32_t count = 0;
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        call_slot *slot = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        slot->code = message->data.result;
        detach(slot);
        if (slot->status == TW_OK) /* else a limit of ours ended it */
            slot->status = status_of(slot->code);
        finish(slot);
        count++;
    }
    if (count > 0)
        start_queued(client);
    return count;
}

/* ---- waiting -------------------------------------------------------------------------- */

static void wait_for_curl(void *context, int backend_fd, int64_t timeout_ns) {
    tw_http_client *client = context;
    struct curl_waitfd backend = {.fd = backend_fd, .events = CURL_WAIT_POLLIN};
    bool cut = timeout_ns < 0 || timeout_ns > (int64_t)WAIT_MS_MAX * TW_NS_PER_MS;
    int timeout_ms = cut ? WAIT_MS_MAX : (int)to_ms(timeout_ns);
    CURLMcode failed = curl_multi_poll(client->multi, &backend, 1, timeout_ms, NULL);
    TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
}

static uint32_t handle_curl(void *context) {
    tw_http_client *client = context;
    int running = 0;
    CURLMcode failed = curl_multi_perform(client->multi, &running);
    TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
    return finish_done(client);
}

static void queue_timer_fired(void *context);

/* Sees to it that the queue is looked at when its earliest deadline is over. */
static tw_status plan_queue_timer(tw_http_client *client, int64_t deadline_ns) {
    if (client->queue_timer != NULL && client->queue_timer_ns <= deadline_ns)
        return TW_OK;
    tw_loop_timer_stop(client->queue_timer);
    client->queue_timer = NULL;
    client->queue_timer_ns = deadline_ns;
    int64_t delay_ns = deadline_ns - tw_time_monotonic_ns();
    return tw_loop_timer_start(client->loop, delay_ns > 0 ? delay_ns : 0, 0, queue_timer_fired,
                               client, &client->queue_timer);
}

static void queue_timer_fired(void *context) {
    tw_http_client *client = context;
    int64_t now_ns = tw_time_monotonic_ns();
    int64_t next_ns = INT64_MAX;
    client->queue_timer = NULL;
    for (call_slot *slot = client->queued.first, *next = NULL; slot != NULL; slot = next) {
        next = slot->next;
        if (slot->deadline_ns <= now_ns)
            end_early(slot, TW_TIMEOUT);
        else if (slot->deadline_ns < next_ns)
            next_ns = slot->deadline_ns;
    }
    /* It was running a moment ago, so there is a timer to be had. */
    if (next_ns != INT64_MAX && plan_queue_timer(client, next_ns) != TW_OK)
        tw_loop_defer(client->loop, &client->finish_ended);
}

/* ---- new and free --------------------------------------------------------------------- */

static tw_status make_tables(tw_http_client *client) {
    client->slots = TW_NEW(client->allocator, client->slot_count, call_slot);
    client->easy_pool = TW_NEW(client->allocator, client->in_flight_count_max, CURL *);
    if (client->slots == NULL || client->easy_pool == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        client->slots[i].client = client;
        client->slots[i].generation = 1;
        append(&client->free, &client->slots[i]);
    }
    client->curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    client->multi = client->curl_ready ? curl_multi_init() : NULL;
    if (client->multi == NULL)
        return TW_NO_MEMORY;
    while (client->easy_count < client->in_flight_count_max) {
        CURL *easy = curl_easy_init();
        if (easy == NULL)
            return TW_NO_MEMORY;
        client->easy_pool[client->easy_count++] = easy;
    }
    return TW_OK;
}

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value > 0 ? value : fallback;
}

static tw_status copy_names(tw_http_client *client, const tw_http_client_config *config,
                            tw_error *error) {
    const char *agent = config->user_agent != NULL ? config->user_agent : "tradewind";
    if (tw_slice_copy(tw_slice_of(agent), client->user_agent, sizeof client->user_agent) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the user agent of an HTTP client is too long");
    if (tw_slice_copy(tw_slice_of(config->certificate_file), client->certificate_file,
                      sizeof client->certificate_file) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the path of the certificate file is too long");
    return TW_OK;
}

static tw_status open_client(tw_http_client *client, const tw_http_client_config *config,
                             tw_error *error) {
    tw_status status = copy_names(client, config, error);
    if (status != TW_OK)
        return status;
    if (make_tables(client) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an HTTP client");
    long idle_max =
        (long)or_default(config->idle_connection_count_max, client->in_flight_count_max);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, idle_max);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      (long)config->connection_per_host_max);
    tw_loop_waiter waiter = {wait_for_curl, handle_curl, client};
    status = tw_loop_set_waiter(client->loop, &waiter);
    if (status == TW_BUSY)
        return tw_error_set(error, status, "the event loop has an HTTP client already");
    if (status != TW_OK)
        return tw_error_set(error, status, "the event loop cannot wait for an HTTP client: %s",
                            tw_status_sentence(status));
    client->seated = true;
    return TW_OK;
}

tw_status tw_http_client_new(tw_loop *loop, const tw_http_client_config *config,
                             tw_http_client **ret_client, tw_error *error) {
    TW_ASSERT(loop != NULL && ret_client != NULL);
    static const tw_http_client_config defaults = {0};
    if (config == NULL)
        config = &defaults;
    const tw_allocator *allocator =
        config->allocator != NULL ? config->allocator : tw_allocator_system();
    tw_http_client *client = TW_NEW(allocator, 1, tw_http_client);
    if (client == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for an HTTP client");
    client->allocator = allocator;
    client->loop = loop;
    client->finish_ended = (tw_loop_task){.run = finish_ended, .context = client};
    client->in_flight_count_max = or_default(config->in_flight_count_max, IN_FLIGHT_DEFAULT);
    client->slot_count =
        client->in_flight_count_max + or_default(config->queued_count_max, QUEUED_DEFAULT);
    client->request_size_max = or_default(config->request_size_max, REQUEST_SIZE_DEFAULT);
    int64_t age_ns = config->idle_age_ns_max > 0 ? config->idle_age_ns_max : IDLE_AGE_DEFAULT_NS;
    client->idle_age_s = (long)((age_ns + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND);
    tw_status status = open_client(client, config, error);
    if (status != TW_OK) {
        tw_http_client_free(client);
        return status;
    }
    *ret_client = client;
    return TW_OK;
}

/* Ends all calls that are still on their way, in the order of their slots. */
static void cancel_all(tw_http_client *client) {
    for (uint32_t i = 0; i < client->slot_count; i++)
        if (client->slots[i].state == QUEUED || client->slots[i].state == RUNNING)
            end_early(&client->slots[i], TW_CANCELLED);
    while (client->ending.first != NULL) {
        call_slot *slot = client->ending.first;
        take(&client->ending, slot);
        finish(slot);
    }
}

static void free_slots(tw_http_client *client) {
    for (uint32_t i = 0; i < client->slot_count; i++) {
        call_slot *slot = &client->slots[i];
        TW_ASSERT(slot->state == FREE);
        release_bytes(client->allocator, &slot->url);
        release_bytes(client->allocator, &slot->request_body);
        release_bytes(client->allocator, &slot->head);
        release_bytes(client->allocator, &slot->body);
    }
    TW_DELETE(client->allocator, client->slots, client->slot_count, call_slot);
}

void tw_http_client_free(tw_http_client *client) {
    if (client == NULL)
        return;
    TW_ASSERT(!client->in_callback);
    if (client->slots != NULL) {
        cancel_all(client);
        free_slots(client);
    }
    tw_loop_defer_drop(client->loop, &client->finish_ended);
    tw_loop_timer_stop(client->queue_timer);
    if (client->seated) {
        tw_status left = tw_loop_set_waiter(client->loop, NULL);
        TW_ASSERT(left == TW_OK);
    }
    while (client->easy_count > 0)
        curl_easy_cleanup(client->easy_pool[--client->easy_count]);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    if (client->curl_ready)
        curl_global_cleanup();
    if (client->easy_pool != NULL)
        TW_DELETE(client->allocator, client->easy_pool, client->in_flight_count_max, CURL *);
    TW_DELETE(client->allocator, client, 1, tw_http_client);
}

/* ---- send and cancel ------------------------------------------------------------------ */

/* This machine itself: "localhost" (libcurl never asks a name server for it), 127/8, ::1. */
static bool is_loopback(const char *host) {
    struct in_addr v4 = {0};
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static tw_status check_parts(CURLU *parts, const tw_http_call *call, bool *ret_loopback,
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
        *ret_loopback = is_loopback(host);
        if (call->authenticated && strcmp(scheme, "http") == 0 && !*ret_loopback)
            status =
                tw_error_set(error, TW_REFUSED,
                             "credentials are not sent over plain http to %s; use https", host);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return status;
}

static tw_status check_url(const tw_http_call *call, bool *ret_loopback, tw_error *error) {
    CURLU *parts = curl_url();
    if (parts == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to read a URL");
    tw_status status = check_parts(parts, call, ret_loopback, error);
    curl_url_cleanup(parts);
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

static tw_status check_call(const tw_http_client *client, const tw_http_call *call,
                            bool *ret_loopback, tw_error *error) {
    tw_slice method = tw_slice_of(call->method);
    if (!is_token(method) || method.size >= METHOD_SIZE)
        return tw_error_set(error, TW_INVALID, "not an HTTP method");
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
    return check_url(call, ret_loopback, error);
}

static tw_status add_line(call_slot *slot, const char *line) {
    struct curl_slist *longer = curl_slist_append(slot->header_lines, line);
    if (longer == NULL)
        return TW_NO_MEMORY;
    slot->header_lines = longer;
    return TW_OK;
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
    /* libcurl would claim that a body is a form, and wait a second for "100 Continue". */
    if (!has_type && add_line(slot, "Content-Type:") != TW_OK)
        return TW_NO_MEMORY;
    return add_line(slot, "Expect:");
}

static tw_status copy_call(call_slot *slot, const tw_http_call *call) {
    const tw_allocator *allocator = slot->client->allocator;
    slot->url.size = slot->request_body.size = slot->head.size = slot->body.size = 0;
    slot->status = TW_OK;
    slot->code = CURLE_OK;
    slot->http_status = 0;
    slot->connection_count = 0;
    slot->sent = false;
    slot->begun_ns = tw_time_monotonic_ns();
    int64_t total_ns =
        call->total_timeout_ns > 0 ? call->total_timeout_ns : TOTAL_TIMEOUT_DEFAULT_NS;
    slot->deadline_ns = slot->begun_ns + total_ns;
    slot->connect_timeout_ns =
        call->connect_timeout_ns > 0 ? call->connect_timeout_ns : CONNECT_TIMEOUT_DEFAULT_NS;
    slot->response_size_max =
        call->response_size_max > 0 ? call->response_size_max : RESPONSE_SIZE_DEFAULT;
    slot->single_use = call->single_use_connection;
    snprintf(slot->method, sizeof slot->method, "%s", call->method);
    if (append_bytes(allocator, &slot->url, call->url, strlen(call->url) + 1) != TW_OK ||
        append_bytes(allocator, &slot->request_body, call->body.data, call->body.size) != TW_OK)
        return TW_NO_MEMORY;
    return copy_headers(slot, call);
}

/* Starts a copied call, or queues it behind the others. */
static tw_status admit(tw_http_client *client, call_slot *slot) {
    if (client->easy_count > 0 && client->queued.first == NULL) {
        start(slot);
        return TW_OK;
    }
    tw_status status = plan_queue_timer(client, slot->deadline_ns);
    if (status != TW_OK)
        return status;
    slot->state = QUEUED;
    client->stats.queued_count++;
    append(&client->queued, slot);
    return TW_OK;
}

tw_status tw_http_client_send(tw_http_client *client, const tw_http_call *call,
                              tw_http_on_done on_done, void *context, uint64_t *ret_id,
                              tw_error *error) {
    TW_ASSERT(client != NULL && call != NULL && on_done != NULL);
    bool loopback = false;
    tw_status status = check_call(client, call, &loopback, error);
    if (status != TW_OK)
        return status;
    call_slot *slot = client->free.first;
    if (slot == NULL) {
        client->stats.refused_count++;
        return tw_error_set(error, TW_FULL, "%u HTTP calls are under way or waiting already",
                            client->slot_count);
    }
    take(&client->free, slot);
    slot->on_done = on_done;
    slot->context = context;
    slot->loopback = loopback;
    status = copy_call(slot, call);
    if (status == TW_OK)
        status = admit(client, slot);
    if (status != TW_OK) {
        give_slot_back(slot);
        return tw_error_set(error, status, "an HTTP call could not be begun: %s",
                            tw_status_sentence(status));
    }
    if (ret_id != NULL)
        *ret_id = (uint64_t)slot->generation << 32 | (uint64_t)(slot - client->slots);
    return TW_OK;
}

void tw_http_client_cancel(tw_http_client *client, uint64_t id) {
    uint64_t index = id & UINT32_MAX;
    if (index >= client->slot_count)
        return;
    call_slot *slot = &client->slots[index];
    if (slot->generation != id >> 32 || (slot->state != QUEUED && slot->state != RUNNING))
        return;
    if (slot->state == RUNNING && slot->easy == NULL)
        return; /* its callback is being made at this moment */
    end_early(slot, TW_CANCELLED);
}

/* ---- what came ------------------------------------------------------------------------ */

bool tw_http_result_header(const tw_http_result *result, const char *name, tw_slice *ret_value) {
    size_t name_size = strlen(name);
    tw_slice rest = result->head;
    while (rest.size > 0 && rest.data != NULL) {
        tw_slice line = tw_slice_split(&rest, '\n');
        if (line.size <= name_size || line.data[name_size] != ':' ||
            strncasecmp(line.data, name, name_size) != 0)
            continue;
        *ret_value =
            tw_slice_trim((tw_slice){line.data + name_size + 1, line.size - name_size - 1});
        return true;
    }
    return false;
}

tw_http_client_stats tw_http_client_get_stats(const tw_http_client *client) {
    return client->stats;
}
