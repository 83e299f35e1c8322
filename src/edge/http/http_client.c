/*
 * http_client.c - one libcurl multi handle that does the waiting for its loop.
 *
 * Idea: libcurl's multi_poll is faster than its multi_socket interface below some thousand
 * connections, so the client takes the waiter's seat of the loop and polls libcurl's sockets
 * and the loop's descriptor together.
 *
 *                 place free                   libcurl is done
 *   send --------------------------> RUNNING -------------------> finish --> (free)
 *     |                               ^  |                          ^
 *     | no place                      |  +- paused -> LANDED -------+ http_client_land
 *     |                               |                             |
 *     +--------> QUEUED -- start_queued                             |
 *                                                                   |
 *   any of the three -- cancel, deadline_passed --> ENDING ---------+ finish_ended
 *
 * Invariants
 *   1. A call's callback is made exactly once, by finish, with no lock of libcurl's held: never
 *      from within libcurl, a send or a cancel.
 *   2. RUNNING slots, and only they, own an easy handle that is in the multi handle.
 *
 * What is asked is checked and copied in http_call.c; what libcurl is told and says is in
 * http_transfer.c; streamed bodies are in http_stream.c.
 */
#include <string.h>

#include "http_client_priv.h"
#include "tradewind/time.h"

#define IN_FLIGHT_DEFAULT 64
#define QUEUED_DEFAULT 1024
#define REQUEST_SIZE_DEFAULT (1u << 20)
#define STREAM_WINDOW_DEFAULT (256u << 10)
#define IDLE_AGE_DEFAULT_NS (30 * TW_NS_PER_SECOND)
#define CONNECTION_AGE_DEFAULT_NS (600 * TW_NS_PER_SECOND)
/* A wait without end is cut to this; an empty turn more or less does not matter. */
#define WAIT_MS_MAX 60000

/* ---- lists ---------------------------------------------------------------------------- */

static void append(slot_list *list, call_slot *slot) {
    slot->next = NULL;
    slot->previous = list->last;
    if (list->last != NULL)
        list->last->next = slot;
    else
        list->first = slot;
    list->last = slot;
}

static void prepend(slot_list *list, call_slot *slot) {
    slot->previous = NULL;
    slot->next = list->first;
    if (list->first != NULL)
        list->first->previous = slot;
    else
        list->last = slot;
    list->first = slot;
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

/* ---- the begin of a call --------------------------------------------------------------- */

static tw_status plan_deadline(tw_http_client *client, int64_t deadline_ns);

/* When a call ends if nothing more happens; a deadline of its own stands behind the total one. */
static int64_t next_deadline_ns(const call_slot *slot) {
    if (slot->state != RUNNING || slot->first_byte_timeout_ns == 0 || slot->head.size > 0)
        return slot->deadline_ns;
    /* Not sent yet: it cannot be over before now and that much. */
    int64_t from_ns = slot->sent_ns > 0 ? slot->sent_ns : tw_time_monotonic_ns();
    int64_t first_ns = from_ns + slot->first_byte_timeout_ns;
    return first_ns < slot->deadline_ns ? first_ns : slot->deadline_ns;
}

static void start(call_slot *slot) {
    tw_http_client *client = slot->client;
    slot->state = RUNNING;
    slot->started_ns = tw_time_monotonic_ns();
    client->stats.in_flight_count++;
    client->stats.sent_count++;
    tw_status status = plan_deadline(client, next_deadline_ns(slot));
    if (status == TW_OK && http_transfer_start(slot)) {
        append(&client->running, slot);
        return;
    }
    client->stats.in_flight_count--;
    slot->state = ENDING;
    slot->status = status != TW_OK ? status : TW_NO_MEMORY;
    append(&client->ending, slot);
    tw_loop_defer(client->loop, &client->finish_ended);
}

/* The call whose turn it is, or NULL. */
static call_slot *first_queued(const tw_http_client *client) {
    static const tw_http_priority order[PRIORITY_COUNT] = {TW_HTTP_CANCEL, TW_HTTP_SUBMIT,
                                                           TW_HTTP_QUERY, TW_HTTP_DATA};
    for (size_t i = 0; i < PRIORITY_COUNT; i++)
        if (client->queued[order[i]].first != NULL)
            return client->queued[order[i]].first;
    return NULL;
}

static void leave_queue(call_slot *slot) {
    take(&slot->client->queued[slot->priority], slot);
    slot->client->stats.queued_count--;
}

static void start_queued(tw_http_client *client) {
    call_slot *slot = NULL;
    while (client->easy_count > 0 && (slot = first_queued(client)) != NULL) {
        leave_queue(slot);
        start(slot);
    }
}

/* ---- the end of a call ---------------------------------------------------------------- */

/* ---- the end of a call ---------------------------------------------------------------- */

static void detach(call_slot *slot) {
    tw_http_client_stats *stats = &slot->client->stats;
    take(&slot->client->running, slot);
    http_transfer_stop(slot);
    stats->in_flight_count--;
    stats->connection_count += slot->connection_count;
    if (slot->connection_count == 0 && slot->send_count > 0)
        stats->reused_count++;
    if (slot->send_count > 1)
        stats->resend_count++;
    if (slot->resend_refused)
        stats->resend_refused_count++;
    stats->sent_size += slot->sent_size;
    stats->received_size += slot->received_size;
}

/* The slot last used is taken first: its buffers are there, and in the processor's caches. */
static void give_slot_back(call_slot *slot) {
    tw_http_client *client = slot->client;
    curl_slist_free_all(slot->header_lines);
    slot->header_lines = NULL;
    slot->state = FREE;
    slot->generation++;
    prepend(&client->free, slot);
}

static void count_outcome(tw_http_client_stats *stats, const call_slot *slot) {
    uint32_t class = slot->http_status / 100;
    stats->done_count++;
    if (slot->status == TW_OK)
        stats->class_counts[class < 6 ? class : 0]++;
    else if (slot->status == TW_TIMEOUT)
        stats->timeout_count++;
    else if (slot->status == TW_CANCELLED)
        stats->cancelled_count++;
    else
        stats->failed_count++;
}

static void record_stages(tw_http_client *client, call_slot *slot) {
    int64_t now_ns = tw_time_monotonic_ns();
    int64_t left_ns = slot->started_ns > 0 ? slot->started_ns : now_ns;
    slot->stage_ns[TW_HTTP_STAGE_QUEUE] = left_ns - slot->begun_ns;
    slot->stage_ns[TW_HTTP_STAGE_TOTAL] = now_ns - slot->begun_ns;
    for (int i = 0; i < TW_HTTP_STAGE_COUNT; i++)
        if (slot->stage_ns[i] > 0)
            tw_histogram_record(&client->stages[i], slot->stage_ns[i]);
}

/* Makes the callback (invariant 1). The slot is in no list and not in libcurl. */
static void finish(call_slot *slot) {
    tw_http_client *client = slot->client;
    slot->message[0] = '\0';
    if (slot->status != TW_OK)
        http_transfer_explain(slot);
    count_outcome(&client->stats, slot);
    record_stages(client, slot);
    tw_http_result result = {
        .status = slot->status,
        .http_status = slot->http_status,
        .sent = slot->send_count > 0,
        .send_count = slot->send_count,
        .connection_count = slot->connection_count,
        .http_version = slot->http_version,
        .elapsed_ns = slot->stage_ns[TW_HTTP_STAGE_TOTAL],
        .sent_size = slot->sent_size,
        .received_size = slot->received_size,
        .body = {slot->body.data, slot->on_body == NULL ? slot->body.size : 0},
        .head = {slot->head.data, slot->head.size},
        .message = slot->message,
    };
    memcpy(result.stage_ns, slot->stage_ns, sizeof result.stage_ns);
    slot->state = ENDING;
    client->in_callback = true;
    slot->on_done(slot->context, &result);
    client->in_callback = false;
    give_slot_back(slot);
}

void http_client_end_early(call_slot *slot, tw_status status) {
    tw_http_client *client = slot->client;
    if (slot->state == RUNNING) {
        detach(slot);
    } else if (slot->state == LANDED) {
        take(&client->landed, slot);
    } else {
        TW_ASSERT(slot->state == QUEUED);
        leave_queue(slot);
    }
    slot->state = ENDING;
    slot->status = status;
    append(&client->ending, slot);
    tw_loop_defer(client->loop, &client->finish_ended);
}

void http_client_land(call_slot *slot) {
    take(&slot->client->landed, slot);
    finish(slot);
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
            slot->status = http_transfer_status(slot);
        count++;
        if (!slot->paused) {
            finish(slot);
            continue;
        }
        slot->state = LANDED;
        append(&client->landed, slot);
    }
    if (count > 0)
        start_queued(client);
    return count;
}

static void deliver(void *context) {
    http_stream_deliver(context);
}

/* ---- waiting -------------------------------------------------------------------------- */

static void wait_for_curl(void *context, int backend_fd, int64_t timeout_ns) {
    tw_http_client *client = context;
    struct curl_waitfd backend = {.fd = backend_fd, .events = CURL_WAIT_POLLIN};
    bool cut = timeout_ns < 0 || timeout_ns > (int64_t)WAIT_MS_MAX * TW_NS_PER_MS;
    int timeout_ms = cut ? WAIT_MS_MAX : (int)((timeout_ns + TW_NS_PER_MS - 1) / TW_NS_PER_MS);
    CURLMcode failed = curl_multi_poll(client->multi, &backend, 1, timeout_ms, NULL);
    TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
}

/* What a finished call makes room for is begun at once: libcurl sends only when it performs, and
 * another look at all sockets before that would be for nothing. */
static uint32_t handle_curl(void *context) {
    tw_http_client *client = context;
    uint32_t count = 0;
    uint64_t sent_before = 0;
    for (int round = 0; round < 2; round++) {
        int running = 0;
        CURLMcode failed = curl_multi_perform(client->multi, &running);
        TW_ASSERT(failed == CURLM_OK || failed == CURLM_OUT_OF_MEMORY);
        count += http_stream_deliver(client);
        sent_before = client->stats.sent_count;
        count += finish_done(client);
        if (client->stats.sent_count == sent_before)
            break;
    }
    return count;
}

static void deadline_passed(void *context);

/* Sees to it that the calls are looked at when the earliest deadline is over. */
static tw_status plan_deadline(tw_http_client *client, int64_t deadline_ns) {
    if (client->deadline_timer != NULL && client->deadline_timer_ns <= deadline_ns)
        return TW_OK;
    tw_loop_timer_stop(client->deadline_timer);
    client->deadline_timer = NULL;
    client->deadline_timer_ns = deadline_ns;
    int64_t delay_ns = deadline_ns - tw_time_monotonic_ns();
    return tw_loop_timer_start(client->loop, delay_ns > 0 ? delay_ns : 0, 0, deadline_passed,
                               client, &client->deadline_timer);
}

/* Ends what is over in a list; returns the earliest deadline of the others. */
static int64_t end_late(slot_list *list, int64_t now_ns) {
    int64_t earliest_ns = INT64_MAX;
    for (call_slot *slot = list->first, *next = NULL; slot != NULL; slot = next) {
        next = slot->next;
        int64_t deadline_ns = next_deadline_ns(slot);
        if (deadline_ns <= now_ns)
            http_client_end_early(slot, TW_TIMEOUT);
        else if (deadline_ns < earliest_ns)
            earliest_ns = deadline_ns;
    }
    return earliest_ns;
}

static void deadline_passed(void *context) {
    tw_http_client *client = context;
    int64_t now_ns = tw_time_monotonic_ns();
    client->deadline_timer = NULL;
    int64_t next_ns = end_late(&client->running, now_ns);
    int64_t landed_ns = end_late(&client->landed, now_ns);
    next_ns = landed_ns < next_ns ? landed_ns : next_ns;
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        int64_t queued_ns = end_late(&client->queued[i], now_ns);
        next_ns = queued_ns < next_ns ? queued_ns : next_ns;
    }
    if (next_ns == INT64_MAX)
        return;
    /* It was running a moment ago, so there is a timer to be had. */
    tw_status planned = plan_deadline(client, next_ns);
    TW_ASSERT(planned == TW_OK);
}

/* ---- new and free --------------------------------------------------------------------- */

static tw_status make_tables(tw_http_client *client) {
    client->slots = TW_NEW(client->allocator, client->slot_count, call_slot);
    client->easy_pool = TW_NEW(client->allocator, client->in_flight_count_max, pooled_easy);
    if (client->slots == NULL || client->easy_pool == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        client->slots[i].client = client;
        client->slots[i].generation = 1;
        append(&client->free, &client->slots[i]);
    }
    client->curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    client->multi = client->curl_ready ? curl_multi_init() : NULL;
    client->share = client->curl_ready ? curl_share_init() : NULL;
    if (client->multi == NULL || client->share == NULL)
        return TW_NO_MEMORY;
    curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    while (client->easy_count < client->in_flight_count_max) {
        CURL *easy = curl_easy_init();
        if (easy == NULL)
            return TW_NO_MEMORY;
        client->easy_pool[client->easy_count++] = (pooled_easy){.easy = easy, .worn = true};
    }
    return TW_OK;
}

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value > 0 ? value : fallback;
}

/* libcurl counts ages in whole seconds; rounded up. */
static long whole_seconds(int64_t span_ns, int64_t fallback_ns) {
    int64_t span = span_ns > 0 ? span_ns : fallback_ns;
    return (long)((span + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND);
}

static tw_status copy_names(tw_http_client *client, const tw_http_client_config *config,
                            tw_error *error) {
    const char *agent = config->user_agent != NULL ? config->user_agent : "tradewind";
    if (tw_slice_copy(tw_slice_of(agent), client->user_agent, sizeof client->user_agent) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the user agent of an HTTP client is too long");
    if (tw_slice_copy(tw_slice_of(config->certificate_file), client->certificate_file,
                      sizeof client->certificate_file) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the path of the certificate file is too long");
    client->proxy_named = config->proxy != NULL;
    if (tw_slice_copy(tw_slice_of(config->proxy), client->proxy, sizeof client->proxy) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the address of the proxy is too long");
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
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)config->connection_count_max);
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
    client->deliver = (tw_loop_task){.run = deliver, .context = client};
    client->stream_window_size = or_default(config->stream_window_size, STREAM_WINDOW_DEFAULT);
    client->in_flight_count_max = or_default(config->in_flight_count_max, IN_FLIGHT_DEFAULT);
    client->slot_count =
        client->in_flight_count_max + or_default(config->queued_count_max, QUEUED_DEFAULT);
    client->request_size_max = or_default(config->request_size_max, REQUEST_SIZE_DEFAULT);
    client->idle_age_s = whole_seconds(config->idle_age_ns_max, IDLE_AGE_DEFAULT_NS);
    client->connection_age_s =
        whole_seconds(config->connection_age_ns_max, CONNECTION_AGE_DEFAULT_NS);
    client->http1_only = config->http1_only;
    for (int i = 0; i < TW_HTTP_STAGE_COUNT; i++)
        tw_histogram_init(&client->stages[i]);
    tw_status status = open_client(client, config, error);
    if (status != TW_OK) {
        tw_http_client_free(client);
        return status;
    }
    *ret_client = client;
    return TW_OK;
}

static bool is_live(const call_slot *slot) {
    return slot->state == QUEUED || slot->state == RUNNING || slot->state == LANDED;
}

/* Ends all calls that are still on their way, in the order of their slots. */
static void cancel_all(tw_http_client *client) {
    for (uint32_t i = 0; i < client->slot_count; i++)
        if (is_live(&client->slots[i]))
            http_client_end_early(&client->slots[i], TW_CANCELLED);
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
        http_bytes_release(client->allocator, &slot->url);
        http_bytes_release(client->allocator, &slot->request_body);
        http_bytes_release(client->allocator, &slot->head);
        http_bytes_release(client->allocator, &slot->body);
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
    tw_loop_defer_drop(client->loop, &client->deliver);
    tw_loop_timer_stop(client->deadline_timer);
    if (client->seated) {
        tw_status left = tw_loop_set_waiter(client->loop, NULL);
        TW_ASSERT(left == TW_OK);
    }
    while (client->easy_count > 0)
        curl_easy_cleanup(client->easy_pool[--client->easy_count].easy);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    if (client->share != NULL)
        curl_share_cleanup(client->share);
    if (client->curl_ready)
        curl_global_cleanup();
    if (client->easy_pool != NULL)
        TW_DELETE(client->allocator, client->easy_pool, client->in_flight_count_max, pooled_easy);
    TW_DELETE(client->allocator, client, 1, tw_http_client);
}

/* ---- send and cancel ------------------------------------------------------------------ */

/* Starts a copied call, or queues it behind the others. */
static tw_status admit(tw_http_client *client, call_slot *slot) {
    if (client->easy_count > 0 && client->stats.queued_count == 0) {
        start(slot);
        return TW_OK;
    }
    tw_status status = plan_deadline(client, slot->deadline_ns);
    if (status != TW_OK)
        return status;
    slot->state = QUEUED;
    client->stats.queued_count++;
    append(&client->queued[slot->priority], slot);
    return TW_OK;
}

tw_status tw_http_client_send(tw_http_client *client, const tw_http_call *call,
                              tw_http_on_done on_done, void *context, uint64_t *ret_id,
                              tw_error *error) {
    TW_ASSERT(client != NULL && call != NULL && on_done != NULL);
    url_traits traits = {0};
    tw_status status = http_call_check(client, call, &traits, error);
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
    status = http_call_copy(slot, call, traits);
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

/* The call of this id if it has not ended, or NULL. */
static call_slot *find_live(tw_http_client *client, uint64_t id) {
    uint64_t index = id & UINT32_MAX;
    if (index >= client->slot_count)
        return NULL;
    call_slot *slot = &client->slots[index];
    return slot->generation == id >> 32 && is_live(slot) ? slot : NULL;
}

void tw_http_client_cancel(tw_http_client *client, uint64_t id) {
    call_slot *slot = find_live(client, id);
    if (slot != NULL)
        http_client_end_early(slot, TW_CANCELLED);
}

void tw_http_client_resume(tw_http_client *client, uint64_t id) {
    call_slot *slot = find_live(client, id);
    if (slot != NULL)
        http_stream_resume(slot);
}

static void forget(void *context, const tw_http_result *result) {
    (void)context;
    (void)result;
}

tw_status tw_http_client_warm(tw_http_client *client, const char *url, uint32_t count,
                              tw_error *error) {
    tw_http_call call = {.method = "HEAD", .url = url, .priority = TW_HTTP_DATA};
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < count && status == TW_OK; i++)
        status = tw_http_client_send(client, &call, forget, NULL, NULL, error);
    return status;
}

/* ---- what is known --------------------------------------------------------------------- */

tw_http_client_stats tw_http_client_get_stats(const tw_http_client *client) {
    return client->stats;
}

const tw_histogram *tw_http_client_histogram(const tw_http_client *client, tw_http_stage stage) {
    TW_ASSERT(stage < TW_HTTP_STAGE_COUNT);
    return &client->stages[stage];
}
