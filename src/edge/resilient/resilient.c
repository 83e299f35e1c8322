/*
 * resilient.c - creation, calls from their send to their end, and figures. States and invariants
 * are drawn in resilient_priv.h.
 */
#include "resilient_priv.h"

#include <string.h>

#include "tradewind/time.h"

#define TIMEOUT_DEFAULT_NS (30 * TW_NS_PER_SECOND) /* that of tw_http_call */

const char *tw_resilient_layer_word(tw_resilient_layer layer) {
    static const char *const words[TW_RESILIENT_LAYER_COUNT] = {"answered", "limiter", "breaker",
                                                                "retry",    "client",  "ended"};
    return (unsigned)layer < TW_RESILIENT_LAYER_COUNT ? words[layer] : "?";
}

/* ---- creation ---- */

tw_resilient_config tw_resilient_config_default(void) {
    tw_resilient_config config = {.call_max = 1024,
                                  .host_max = 8,
                                  .places = 64,
                                  .breakers = tw_breaker_set_config_default(),
                                  .budget = tw_retry_budget_config_default(),
                                  .hedge_percent = 95,
                                  .hedge_after = 100};
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        config.routes[i].policy = tw_retry_policy_default();
        config.routes[i].attempt_ns_max = 10 * TW_NS_PER_SECOND;
    }
    config.routes[TW_ROUTE_CANCEL].policy.attempt_max = 5;
    config.routes[TW_ROUTE_CANCEL].attempt_ns_max = 2 * TW_NS_PER_SECOND;
    config.routes[TW_ROUTE_QUERY].policy.hedge_ns_min = TW_NS_PER_MS;
    config.routes[TW_ROUTE_DATA].policy.hedge_ns_min = TW_NS_PER_MS;
    return config;
}

static tw_status check_config(const tw_resilient_config *config, tw_error *error) {
    if (config->loop == NULL || config->client == NULL)
        return tw_error_set(error, TW_INVALID, "resilient calls need a loop and a client");
    if (config->call_max < 1 || config->call_max > TW_RESILIENT_CALL_MAX || config->host_max < 1 ||
        config->host_max > TW_RESILIENT_HOST_MAX || config->places < 1)
        return tw_error_set(error, TW_RANGE,
                            "%u calls to %u hosts with %u places; expected 1 to %d, 1 to %d and at "
                            "least 1",
                            config->call_max, config->host_max, config->places,
                            TW_RESILIENT_CALL_MAX, TW_RESILIENT_HOST_MAX);
    if (config->hedge_percent < 1 || config->hedge_percent > 99)
        return tw_error_set(error, TW_RANGE, "hedges after %u percent; expected 1 to 99",
                            config->hedge_percent);
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        tw_status status = tw_retry_policy_check(&config->routes[i].policy, error);
        if (status != TW_OK)
            return status;
        if (config->routes[i].attempt_ns_max < 1)
            return tw_error_set(error, TW_RANGE, "an attempt of %s takes at least 1 ns",
                                tw_route_class_word((tw_route_class)i));
    }
    return TW_OK;
}

/* The limiter refuses a bad rate only when a host is added; so it is tried once before. */
static tw_status check_rate(tw_resilient *resilient, tw_error *error) {
    tw_limiter_config sizes = {.bucket_max = 1};
    tw_limiter_bucket_config rate = resilient->config.rate;
    TW_AUTO(tw_limiter) *limiter = NULL;
    uint32_t bucket = 0;
    if (rate.tokens == 0)
        return TW_OK;
    rate.name = "rate";
    tw_status status = tw_limiter_new(resilient->allocator, &sizes, &limiter, error);
    return status != TW_OK ? status : tw_limiter_define(limiter, &rate, 0, &bucket, error);
}

static tw_status make_machines(tw_resilient *resilient, tw_error *error) {
    const tw_resilient_config *config = &resilient->config;
    tw_limiter_config limiter = {.bucket_max = 2 * config->host_max,
                                 .waiter_max = config->call_max,
                                 .on_work = resilient_on_work,
                                 .context = resilient};
    tw_status status =
        tw_breaker_set_new(resilient->allocator, &config->breakers, &resilient->breakers, error);
    if (status == TW_OK)
        status = tw_limiter_new(resilient->allocator, &limiter, &resilient->limiter, error);
    for (uint32_t i = 0; status == TW_OK && i < config->host_max; i++)
        status = tw_retry_budget_new(resilient->allocator, &config->budget,
                                     &resilient->hosts[i].budget, error);
    return status == TW_OK ? check_rate(resilient, error) : status;
}

static tw_status fill(tw_resilient *resilient, tw_error *error) {
    const tw_resilient_config *config = &resilient->config;
    uint32_t attempt_max = 4 * config->call_max; /* those of calls, and those that lost theirs */
    resilient->hosts = TW_NEW(resilient->allocator, config->host_max, struct host);
    resilient->calls = TW_NEW(resilient->allocator, config->call_max, struct call);
    resilient->attempts = TW_NEW(resilient->allocator, attempt_max, struct attempt);
    if (resilient->hosts == NULL || resilient->calls == NULL || resilient->attempts == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for %u calls", config->call_max);
    for (uint32_t i = config->call_max; i-- > 0;) {
        resilient->calls[i] = (struct call){.next = resilient->free_calls, .resilient = resilient};
        resilient->free_calls = &resilient->calls[i];
    }
    for (uint32_t i = attempt_max; i-- > 0;) {
        resilient->attempts[i].next = resilient->free_attempts;
        resilient->free_attempts = &resilient->attempts[i];
    }
    return make_machines(resilient, error);
}

tw_status tw_resilient_new(const tw_allocator *allocator, const tw_resilient_config *config,
                           tw_resilient **ret_resilient, tw_error *error) {
    TW_ASSERT(config != NULL && ret_resilient != NULL);
    tw_status status = check_config(config, error);
    if (status != TW_OK)
        return status;
    tw_resilient *resilient = TW_NEW(allocator, 1, tw_resilient);
    if (resilient == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for resilient calls");
    resilient->allocator = allocator;
    resilient->config = *config;
    resilient->config.breakers.host_max = config->host_max;
    resilient->limiter_task = (tw_loop_task){.run = resilient_turn_limiter, .context = resilient};
    status = fill(resilient, error);
    if (status != TW_OK) {
        tw_resilient_free(resilient);
        return status;
    }
    *ret_resilient = resilient;
    return TW_OK;
}

static void end_paused(tw_resilient *resilient) {
    for (uint32_t i = 0; resilient->calls != NULL && i < resilient->config.call_max; i++) {
        struct call *call = &resilient->calls[i];
        if (call->state != CALL_PAUSED)
            continue;
        tw_retry_cancelled(&call->retry);
        resilient_finish(call, &(struct ending){.status = TW_CANCELLED,
                                                .layer = TW_RESILIENT_ENDED,
                                                .message = "the end came before the call"});
    }
}

void tw_resilient_free(tw_resilient *resilient) {
    if (resilient == NULL)
        return;
    TW_ASSERT(resilient->figures.out == 0); /* the client was freed before */
    const tw_resilient_config *config = &resilient->config;
    resilient->ending = true;
    if (resilient->limiter != NULL)
        tw_limiter_close(resilient->limiter);
    end_paused(resilient);
    TW_ASSERT(resilient->figures.calls == 0);
    tw_loop_timer_stop(resilient->limiter_timer);
    tw_loop_defer_drop(config->loop, &resilient->limiter_task);
    for (uint32_t i = 0; resilient->hosts != NULL && i < config->host_max; i++)
        tw_retry_budget_free(resilient->hosts[i].budget);
    tw_limiter_free(resilient->limiter);
    tw_breaker_set_free(resilient->breakers);
    TW_DELETE(resilient->allocator, resilient->hosts, config->host_max, struct host);
    TW_DELETE(resilient->allocator, resilient->calls, config->call_max, struct call);
    TW_DELETE(resilient->allocator, resilient->attempts, 4 * config->call_max, struct attempt);
    TW_DELETE(resilient->allocator, resilient, 1, tw_resilient);
}

/* ---- the copy of a call ---- */

static size_t copy_size_of(const tw_http_call *http) {
    size_t size = strlen(http->method) + strlen(http->url) + 2 + http->body.size;
    for (size_t i = 0; i < http->header_count; i++)
        size += http->headers[i].name.size + http->headers[i].value.size;
    return size;
}

static tw_slice copy_slice(char **place, tw_slice slice) {
    tw_slice copied = {*place, slice.size};
    if (slice.size > 0)
        memcpy(*place, slice.data, slice.size);
    *place += slice.size;
    return copied;
}

static const char *copy_text(char **place, const char *text) {
    const char *copied = *place;
    size_t size = strlen(text) + 1;
    memcpy(*place, text, size);
    *place += size;
    return copied;
}

static tw_status copy_call(struct call *call, const tw_resilient_call *from) {
    static const tw_http_priority priorities[TW_ROUTE_CLASS_COUNT] = {
        TW_HTTP_CANCEL, TW_HTTP_SUBMIT, TW_HTTP_QUERY, TW_HTTP_DATA};
    tw_http_call *http = &call->call.http;
    call->copy_size = copy_size_of(&from->http);
    call->copy = TW_NEW(call->resilient->allocator, call->copy_size, char);
    if (call->copy == NULL)
        return TW_NO_MEMORY;
    char *place = call->copy;
    call->call = *from;
    http->method = copy_text(&place, from->http.method);
    http->url = copy_text(&place, from->http.url);
    http->body = copy_slice(&place, from->http.body);
    http->headers = call->headers;
    for (size_t i = 0; i < from->http.header_count; i++)
        call->headers[i] = (tw_http_header){copy_slice(&place, from->http.headers[i].name),
                                            copy_slice(&place, from->http.headers[i].value)};
    TW_ASSERT(place == call->copy + call->copy_size);
    http->priority = priorities[from->route];
    http->at_most_once = true; /* trying again is decided here, counted, and paid for */
    return TW_OK;
}

/* ---- calls ---- */

static void free_call(struct call *call) {
    tw_resilient *resilient = call->resilient;
    tw_loop_timer_stop(call->timer);
    TW_DELETE(resilient->allocator, call->copy, call->copy_size, char);
    *call = (struct call){
        .next = resilient->free_calls, .resilient = resilient, .generation = call->generation + 1};
    resilient->free_calls = call;
    resilient->figures.calls--;
}

void resilient_finish(struct call *call, const struct ending *ending) {
    tw_resilient *resilient = call->resilient;
    tw_resilient_on_done on_done = call->on_done;
    void *context = call->context;
    tw_resilient_result result = {.status = ending->status,
                                  .layer = ending->layer,
                                  .verdict = ending->verdict,
                                  .http = ending->http,
                                  .attempts = tw_retry_attempt_count(&call->retry),
                                  .by_hedge = ending->by_hedge,
                                  .elapsed_ns = tw_time_monotonic_ns() - call->begun_ns,
                                  .limited_ns = call->limited_ns,
                                  .message = ending->message};
    TW_ASSERT(tw_retry_state_of(&call->retry) == TW_RETRY_STATE_ENDED);
    resilient->figures.done[ending->layer]++;
    resilient_drop_attempts(call);
    free_call(call); /* invariant 2 */
    on_done(context, &result);
}

static tw_status check_call(const tw_resilient_call *call, tw_error *error) {
    TW_ASSERT((unsigned)call->route < TW_ROUTE_CLASS_COUNT &&
              (unsigned)call->kind <= TW_RETRY_KEYED);
    if (call->http.method == NULL || call->http.url == NULL ||
        call->http.header_count > TW_HTTP_CALL_HEADER_COUNT_MAX)
        return tw_error_set(error, TW_INVALID, "a call has a method, a URL and at most %d headers",
                            TW_HTTP_CALL_HEADER_COUNT_MAX);
    if (call->http.on_body != NULL)
        return tw_error_set(error, TW_INVALID,
                            "a streamed body cannot be tried again; send it by the client");
    return TW_OK;
}

static void set_want(struct call *call) {
    uint32_t weight = call->call.weight == 0 ? 1 : call->call.weight;
    call->want = (tw_limiter_want){.parts = {{call->host->places, 1}, {call->host->rate, weight}},
                                   .part_count = call->host->rate == UINT32_MAX ? 1 : 2,
                                   .priority = (uint32_t)call->call.route};
}

static tw_status begin(struct call *call, const tw_resilient_call *from, tw_error *error) {
    tw_resilient *resilient = call->resilient;
    tw_status status = resilient_host(resilient, from->http.url, &call->host, error);
    if (status != TW_OK)
        return status;
    if (copy_call(call, from) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the copy of a call");
    int64_t timeout_ns = from->http.total_timeout_ns;
    call->begun_ns = tw_time_monotonic_ns();
    call->deadline_ns = call->begun_ns + (timeout_ns > 0 ? timeout_ns : TIMEOUT_DEFAULT_NS);
    set_want(call);
    tw_retry_terms terms = {.kind = from->kind, .deadline_ns = call->deadline_ns};
    tw_retry_begin(&call->retry, call->host->budget, &resilient->config.routes[from->route].policy,
                   &terms, call->begun_ns);
    tw_resilient_layer layer = TW_RESILIENT_CLIENT;
    status = resilient_begin_attempt(call, &layer, error);
    if (status != TW_OK)
        tw_retry_cancelled(&call->retry);
    return status;
}

static uint64_t id_of(const struct call *call) {
    return ((uint64_t)call->generation << 32) | (uint64_t)(call - call->resilient->calls + 1);
}

tw_status tw_resilient_send(tw_resilient *resilient, const tw_resilient_call *call,
                            tw_resilient_on_done on_done, void *context, uint64_t *ret_id,
                            tw_error *error) {
    TW_ASSERT(on_done != NULL);
    tw_status status = check_call(call, error);
    struct call *place = resilient->free_calls;
    if (resilient->ending)
        status = tw_error_set(error, TW_CLOSED, "no call begins at the end");
    if (status == TW_OK && place == NULL)
        status = tw_error_set(error, TW_FULL, "%u calls are going on; that is all there may be",
                              resilient->config.call_max);
    if (status == TW_OK) {
        resilient->free_calls = place->next;
        resilient->figures.calls++;
        place->on_done = on_done;
        place->context = context;
        status = begin(place, call, error);
        if (status != TW_OK)
            free_call(place);
    }
    if (status != TW_OK) {
        resilient->figures.refused++;
        return status;
    }
    resilient->figures.sent++;
    if (ret_id != NULL)
        *ret_id = id_of(place);
    return TW_OK;
}

tw_status tw_resilient_cancel(tw_resilient *resilient, uint64_t id) {
    uint64_t number = id & UINT32_MAX;
    if (number < 1 || number > resilient->config.call_max)
        return TW_NOT_FOUND;
    struct call *call = &resilient->calls[number - 1];
    if (call->state == CALL_FREE || id_of(call) != id)
        return TW_NOT_FOUND;
    if (call->state == CALL_LIMITED &&
        tw_limiter_cancel(resilient->limiter, call->request) != TW_OK)
        return TW_NOT_FOUND; /* just being answered */
    tw_retry_cancelled(&call->retry);
    resilient_drop_attempts(call);
    free_call(call);
    resilient->figures.cancelled++;
    return TW_OK;
}

/* ---- figures ---- */

void tw_resilient_figures_of(const tw_resilient *resilient, tw_resilient_figures *ret_figures) {
    *ret_figures = resilient->figures;
}

tw_status tw_resilient_host_figures_of(tw_resilient *resilient, tw_slice host, uint16_t port,
                                       tw_resilient_host_figures *ret_figures) {
    struct host *of = resilient_find_host(resilient, host, port);
    int64_t now_ns = tw_time_monotonic_ns();
    if (of == NULL)
        return TW_NOT_FOUND;
    *ret_figures = (tw_resilient_host_figures){0};
    if (of->rate != UINT32_MAX)
        tw_limiter_bucket_figures_of(resilient->limiter, of->rate, now_ns, &ret_figures->rate);
    tw_limiter_bucket_figures_of(resilient->limiter, of->places, now_ns, &ret_figures->places);
    tw_retry_figures_of(of->budget, &ret_figures->retry);
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++)
        tw_breaker_figures_of(tw_breaker_host_breaker(of->breakers, (tw_route_class)i), now_ns,
                              &ret_figures->breakers[i]);
    return TW_OK;
}

const tw_histogram *tw_resilient_histogram(tw_resilient *resilient, tw_slice host, uint16_t port,
                                           tw_route_class route) {
    TW_ASSERT((unsigned)route < TW_ROUTE_CLASS_COUNT);
    struct host *of = resilient_find_host(resilient, host, port);
    return of == NULL ? NULL : &of->times[route];
}

tw_breaker_set *tw_resilient_breakers(tw_resilient *resilient) {
    return resilient->breakers;
}
