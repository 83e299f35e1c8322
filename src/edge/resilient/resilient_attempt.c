/*
 * resilient_attempt.c - the way of one attempt: tokens and place, breaker, send, end; and hedges.
 * States and invariants are drawn in resilient_priv.h.
 */
#include "resilient_priv.h"

#include "splitmix.h"
#include "tradewind/time.h"

static uint64_t draw(tw_resilient *resilient) {
    return splitmix_at(resilient->config.seed, resilient->draws++);
}

/* ---- what an attempt takes, and its giving back ---- */

static struct attempt *take_attempt(struct call *call, bool by_hedge) {
    tw_resilient *resilient = call->resilient;
    struct attempt *attempt = resilient->free_attempts;
    TW_ASSERT(attempt != NULL);
    resilient->free_attempts = attempt->next;
    *attempt = (struct attempt){.resilient = resilient,
                                .call = call,
                                .host = call->host,
                                .route = call->call.route,
                                .by_hedge = by_hedge};
    call->attempts[by_hedge] = attempt;
    call->host->out++;
    resilient->figures.out++;
    return attempt;
}

/* The place goes back, and the breaker hears. The record is free. */
static void end_attempt(struct attempt *attempt, const tw_breaker_answer *answer) {
    tw_resilient *resilient = attempt->resilient;
    struct host *host = attempt->host;
    int64_t now_ns = tw_time_monotonic_ns();
    const tw_limiter_part place = {host->places, 1};
    host->out--;
    resilient->figures.out--;
    if (attempt->call != NULL)
        attempt->call->attempts[attempt->by_hedge] = NULL;
    tw_limiter_give_back(resilient->limiter, &place, 1, now_ns);
    (void)tw_breaker_host_release(host->breakers, attempt->route, &attempt->permit, answer, now_ns);
    attempt->next = resilient->free_attempts;
    resilient->free_attempts = attempt;
}

/* ---- sending ---- */

static void on_attempt_done(void *context, const tw_http_result *result);

static tw_status send_attempt(struct call *call, struct attempt *attempt, tw_error *error) {
    tw_resilient *resilient = call->resilient;
    int64_t left_ns = call->deadline_ns - tw_time_monotonic_ns();
    int64_t most_ns = resilient->config.routes[call->call.route].attempt_ns_max;
    tw_http_call http = call->call.http;
    http.total_timeout_ns = left_ns < most_ns ? left_ns : most_ns;
    if (http.total_timeout_ns < 1)
        http.total_timeout_ns = 1;
    tw_status status = tw_http_client_send(resilient->config.client, &http, on_attempt_done,
                                           attempt, &attempt->id, error);
    if (status != TW_OK) { /* nothing was sent: all goes back */
        if (call->host->rate != UINT32_MAX)
            tw_limiter_give_back(resilient->limiter, &call->want.parts[1], 1,
                                 tw_time_monotonic_ns());
        end_attempt(attempt, &(tw_breaker_answer){.status = TW_CANCELLED});
        return status;
    }
    resilient->figures.attempts++;
    return TW_OK;
}

static void start_hedge_timer(struct call *call);

/* Tokens and place are there: the breaker, and out. */
static tw_status go_out(struct call *call, bool by_hedge, tw_resilient_layer *ret_layer,
                        tw_error *error) {
    tw_resilient *resilient = call->resilient;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_breaker_permit permit;
    if (resilient->free_attempts ==
        NULL) { /* many that were cancelled in this turn are still out */
        tw_limiter_give_back(resilient->limiter, call->want.parts, call->want.part_count, now_ns);
        *ret_layer = TW_RESILIENT_CLIENT;
        return tw_error_set(error, TW_FULL, "too many attempts are being cancelled");
    }
    tw_status status =
        tw_breaker_host_acquire(call->host->breakers, call->call.route, now_ns, &permit);
    if (status != TW_OK) {
        tw_limiter_give_back(resilient->limiter, call->want.parts, call->want.part_count, now_ns);
        *ret_layer = TW_RESILIENT_BREAKER;
        return tw_error_set(error, status, "the breaker of %s is open: too much failed there",
                            tw_route_class_word(call->call.route));
    }
    struct attempt *attempt = take_attempt(call, by_hedge);
    attempt->permit = permit;
    *ret_layer = TW_RESILIENT_CLIENT;
    status = send_attempt(call, attempt, error);
    if (status != TW_OK)
        return status;
    call->state = CALL_OUT;
    if (!by_hedge)
        start_hedge_timer(call);
    return TW_OK;
}

/* ---- tokens and places ---- */

/* Ends the call; the retry machine hears why first. */
static void fail_between(struct call *call, tw_status status, tw_resilient_layer layer,
                         const char *message) {
    tw_retry_verdict verdict = TW_RETRY_AGAIN;
    if (tw_retry_state_of(&call->retry) == TW_RETRY_STATE_TRYING) {
        tw_retry_failure failure = {.cause = layer == TW_RESILIENT_BREAKER ? TW_RETRY_TRANSIENT
                                                                           : TW_RETRY_FINAL,
                                    .breaker_open = layer == TW_RESILIENT_BREAKER};
        verdict = tw_retry_failed(&call->retry, &failure, tw_time_monotonic_ns(), 0);
        TW_ASSERT(verdict != TW_RETRY_AGAIN && verdict != TW_RETRY_PENDING);
    }
    resilient_finish(
        call,
        &(struct ending){.status = status, .layer = layer, .verdict = verdict, .message = message});
}

static void answer_limit(void *context, tw_status status, int64_t wait_ns) {
    struct call *call = context;
    call->request = (tw_limiter_request){0};
    call->limited_ns += wait_ns;
    if (status == TW_CLOSED) {
        fail_between(call, TW_CANCELLED, TW_RESILIENT_ENDED, "the end came before the call");
        return;
    }
    if (status != TW_OK) {
        fail_between(call, status, TW_RESILIENT_LIMITER,
                     "no tokens or no place came free before the deadline");
        return;
    }
    tw_resilient_layer layer = TW_RESILIENT_CLIENT;
    tw_error error = {0};
    status = go_out(call, false, &layer, &error);
    if (status != TW_OK)
        fail_between(call, status, layer, error.message);
}

static const char *limit_sentence(tw_status status) {
    if (status == TW_RANGE)
        return "the call weighs more than the host's rate can ever give";
    return status == TW_FULL ? "too many calls wait for tokens and places"
                             : "there will be no tokens or no place before the deadline";
}

/* Takes tokens and a place, now or later, and goes out. On failure nothing is taken and nothing
 * will be called; the retry machine has not heard of it. */
tw_status resilient_begin_attempt(struct call *call, tw_resilient_layer *ret_layer,
                                  tw_error *error) {
    tw_resilient *resilient = call->resilient;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_status status = tw_limiter_take(resilient->limiter, &call->want, now_ns, NULL);
    if (status == TW_OK)
        return go_out(call, false, ret_layer, error);
    *ret_layer = TW_RESILIENT_LIMITER;
    if (status == TW_THROTTLED) {
        tw_limiter_patience patience = {call->deadline_ns, answer_limit, call};
        call->state = CALL_LIMITED;
        status = tw_limiter_ask(resilient->limiter, &call->want, now_ns, &patience, &call->request);
    }
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "%s", limit_sentence(status));
}

/* ---- the limiter's turns ---- */

static void on_limiter_timer(void *context) {
    tw_resilient *resilient = context;
    resilient->limiter_timer = NULL;
    resilient_turn_limiter(resilient);
}

/* Turns the limiter, and has it turned again when that is due. Without a timer left it is turned at
 * the end of each turn of the loop. */
void resilient_turn_limiter(void *context) {
    tw_resilient *resilient = context;
    (void)tw_limiter_turn(resilient->limiter, tw_time_monotonic_ns());
    int64_t next_ns = tw_limiter_next_ns(resilient->limiter);
    if (resilient->limiter_timer != NULL && resilient->limiter_timer_ns == next_ns)
        return;
    tw_loop_timer_stop(resilient->limiter_timer);
    resilient->limiter_timer = NULL;
    if (next_ns == INT64_MAX)
        return;
    int64_t delay_ns = next_ns - tw_time_monotonic_ns();
    resilient->limiter_timer_ns = next_ns;
    if (tw_loop_timer_start(resilient->config.loop, delay_ns > 0 ? delay_ns : 0, 0,
                            on_limiter_timer, resilient, &resilient->limiter_timer) != TW_OK)
        resilient_on_work(resilient);
}

void resilient_on_work(void *context) {
    tw_resilient *resilient = context;
    tw_loop_defer(resilient->config.loop, &resilient->limiter_task);
}

/* ---- hedges ---- */

/* A histogram is read in some microseconds: again only when it has grown by a sixteenth. */
static int64_t usual_ns(struct call *call) {
    const tw_resilient_config *config = &call->resilient->config;
    const tw_histogram *times = &call->host->times[call->call.route];
    struct usual_time *usual = &call->host->usual[call->call.route];
    uint64_t count = tw_histogram_count(times);
    if (count < config->hedge_after)
        return -1;
    if (usual->count == 0 || count - usual->count > usual->count / 16)
        *usual =
            (struct usual_time){count, tw_histogram_quantile(times, config->hedge_percent / 100.0)};
    return usual->ns;
}

/* The hedge takes what any attempt takes, but does not wait for it. */
static void on_hedge_due(void *context) {
    struct call *call = context;
    tw_resilient *resilient = call->resilient;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_resilient_layer layer = TW_RESILIENT_CLIENT;
    tw_error error = {0};
    call->timer = NULL;
    if (tw_limiter_take(resilient->limiter, &call->want, now_ns, NULL) != TW_OK)
        return;
    if (tw_retry_hedge(&call->retry, now_ns) != TW_OK) {
        tw_limiter_give_back(resilient->limiter, call->want.parts, call->want.part_count, now_ns);
        return;
    }
    if (go_out(call, true, &layer, &error) == TW_OK)
        return;
    tw_retry_failure failure = {.cause = TW_RETRY_TRANSIENT};
    tw_retry_verdict verdict = tw_retry_failed(&call->retry, &failure, now_ns, 0);
    TW_ASSERT(verdict == TW_RETRY_PENDING); /* the first is out */
}

static void start_hedge_timer(struct call *call) {
    tw_resilient *resilient = call->resilient;
    int64_t usual = usual_ns(call);
    int64_t due_ns = usual < 0 ? INT64_MAX : tw_retry_hedge_ns(&call->retry, usual);
    if (due_ns == INT64_MAX)
        return;
    int64_t delay_ns = due_ns - tw_time_monotonic_ns();
    if (tw_loop_timer_start(resilient->config.loop, delay_ns > 0 ? delay_ns : 0, 0, on_hedge_due,
                            call, &call->timer) != TW_OK)
        call->timer = NULL; /* no timer left: no hedge */
}

/* ---- the end of an attempt ---- */

static void pause_call(struct call *call);

static void on_pause_over(void *context) {
    struct call *call = context;
    tw_resilient_layer layer = TW_RESILIENT_RETRY;
    tw_error error = {0};
    call->timer = NULL;
    tw_status status = tw_retry_again(&call->retry, tw_time_monotonic_ns());
    if (status == TW_EMPTY) { /* the loop counts from the beginning of its turn: a little early */
        pause_call(call);
        return;
    }
    if (status != TW_OK) {
        fail_between(call, TW_TIMEOUT, TW_RESILIENT_RETRY, "the deadline passed between attempts");
        return;
    }
    status = resilient_begin_attempt(call, &layer, &error);
    if (status != TW_OK)
        fail_between(call, status, layer, error.message);
}

static void pause_call(struct call *call) {
    int64_t delay_ns = tw_retry_next_ns(&call->retry) - tw_time_monotonic_ns();
    tw_loop_timer_stop(call->timer);
    call->timer = NULL;
    call->state = CALL_PAUSED;
    if (tw_loop_timer_start(call->resilient->config.loop, delay_ns > 0 ? delay_ns : 0, 0,
                            on_pause_over, call, &call->timer) == TW_OK)
        return;
    call->timer = NULL;
    tw_retry_cancelled(&call->retry);
    fail_between(call, TW_FULL, TW_RESILIENT_CLIENT, "the loop has no timer left for the pause");
}

/* Takes the call's attempts from it: they are cancelled, and give back what they took when they
 * end. */
void resilient_drop_attempts(struct call *call) {
    for (int i = 0; i < 2; i++) {
        struct attempt *attempt = call->attempts[i];
        if (attempt == NULL)
            continue;
        attempt->call = NULL;
        call->attempts[i] = NULL;
        tw_http_client_cancel(call->resilient->config.client, attempt->id);
    }
}

static void judge_failure(struct call *call, const tw_http_result *result, tw_retry_cause cause,
                          int64_t retry_after_ns) {
    tw_resilient *resilient = call->resilient;
    tw_retry_failure failure = {.cause = cause, .retry_after_ns = retry_after_ns};
    tw_retry_verdict verdict =
        tw_retry_failed(&call->retry, &failure, tw_time_monotonic_ns(), draw(resilient));
    if (verdict == TW_RETRY_PENDING)
        return;
    if (verdict == TW_RETRY_AGAIN) {
        pause_call(call);
        return;
    }
    /* An answer is an answer, whatever its status: what it says is for the caller. */
    bool ended = result->status == TW_CANCELLED;
    struct ending ending = {.status = result->status,
                            .layer = ended ? TW_RESILIENT_ENDED : TW_RESILIENT_RETRY,
                            .verdict = verdict,
                            .http = result,
                            .message = result->message};
    resilient_finish(call, &ending);
}

static void on_attempt_done(void *context, const tw_http_result *result) {
    struct attempt *attempt = context;
    tw_resilient *resilient = attempt->resilient;
    struct call *call = attempt->call;
    struct host *host = attempt->host;
    bool by_hedge = attempt->by_hedge;
    int64_t retry_after_ns = resilient_retry_after_ns(result);
    if (result->status == TW_OK)
        tw_histogram_record(&host->times[attempt->route], result->elapsed_ns);
    end_attempt(attempt, &(tw_breaker_answer){.status = result->status,
                                              .http_status = result->http_status,
                                              .retry_after_ns = retry_after_ns});
    resilient_learn(resilient, host, result);
    if (call == NULL) /* invariant 1 */
        return;
    tw_retry_cause cause = tw_retry_cause_of(result->status, result->http_status);
    if (result->status != TW_OK || cause != TW_RETRY_FINAL) {
        judge_failure(call, result, cause, retry_after_ns);
        return;
    }
    tw_retry_succeeded(&call->retry, by_hedge);
    resilient_finish(call, &(struct ending){.status = TW_OK,
                                            .layer = TW_RESILIENT_ANSWERED,
                                            .http = result,
                                            .by_hedge = by_hedge,
                                            .message = ""});
}
