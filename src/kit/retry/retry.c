/*
 * retry.c - one call and its attempts. The states are drawn in retry.h.
 *
 * Invariants
 *   1. next_ns is a time in WAITING, INT64_MAX otherwise.
 *   2. `out` is 0 in WAITING and ENDED, 1 in TRYING, 2 in TRYING while a hedge is out beside it.
 *   3. `extra` says that the budget counts an extra attempt of this call: from the moment at which
 *      it is paid for until it has ended.
 */
#include "tradewind/retry.h"

#include "retry_budget.h"
#include "tradewind/time.h"

/* ---- words ---- */

const char *tw_retry_verdict_word(tw_retry_verdict verdict) {
    static const char *const words[TW_RETRY_VERDICT_COUNT] = {
        "again",      "pending",     "no_final",    "no_unsafe",
        "no_breaker", "no_attempts", "no_deadline", "no_budget"};
    return (unsigned)verdict < TW_RETRY_VERDICT_COUNT ? words[verdict] : "?";
}

const char *tw_retry_cause_word(tw_retry_cause cause) {
    static const char *const words[TW_RETRY_CAUSE_COUNT] = {"final", "transient", "timeout",
                                                            "reset", "throttled"};
    return (unsigned)cause < TW_RETRY_CAUSE_COUNT ? words[cause] : "?";
}

/* ---- policy ---- */

tw_retry_policy tw_retry_policy_default(void) {
    return (tw_retry_policy){.attempt_max = 3,
                             .pause_ns_min = 100 * TW_NS_PER_MS,
                             .pause_ns_max = 20 * TW_NS_PER_SECOND,
                             .retry_after_ns_max = 60 * TW_NS_PER_SECOND,
                             .attempt_ns_min = 50 * TW_NS_PER_MS,
                             .reset_at_once = true};
}

tw_status tw_retry_policy_check(const tw_retry_policy *policy, tw_error *error) {
    const int64_t spans[] = {policy->pause_ns_min, policy->pause_ns_max, policy->retry_after_ns_max,
                             policy->attempt_ns_min, policy->hedge_ns_min};
    if (policy->attempt_max < 1 || policy->attempt_max > TW_RETRY_ATTEMPT_MAX)
        return tw_error_set(error, TW_RANGE, "%u attempts of a call; expected 1 to %d",
                            policy->attempt_max, TW_RETRY_ATTEMPT_MAX);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        if (spans[i] < 0 || spans[i] > TW_RETRY_NS_MAX)
            return tw_error_set(error, TW_RANGE,
                                "a span of a retry policy is negative or above 36 years");
    }
    if (policy->pause_ns_min < 1 || policy->pause_ns_max < policy->pause_ns_min)
        return tw_error_set(error, TW_RANGE,
                            "pauses between attempts of at least 1 ns up to pause_ns_max");
    return TW_OK;
}

tw_retry_cause tw_retry_cause_of(tw_status status, uint32_t http_status) {
    static const uint16_t passing[] = {500, 502, 503, 504, 522, 524};
    if (status == TW_TIMEOUT || (status == TW_OK && http_status == 408))
        return TW_RETRY_TIMEOUT;
    if (status == TW_THROTTLED || (status == TW_OK && http_status == 429))
        return TW_RETRY_THROTTLED;
    if (status == TW_UNREACHABLE || status == TW_CLOSED)
        return TW_RETRY_RESET;
    if (status == TW_IO || status == TW_REMOTE || status == TW_PROTOCOL || status == TW_TRUNCATED)
        return TW_RETRY_TRANSIENT;
    for (size_t i = 0; status == TW_OK && i < sizeof passing / sizeof passing[0]; i++) {
        if (http_status == passing[i])
            return TW_RETRY_TRANSIENT;
    }
    return TW_RETRY_FINAL;
}

/* ---- a call ---- */

void tw_retry_begin(tw_retry *retry, tw_retry_budget *budget, const tw_retry_policy *policy,
                    const tw_retry_terms *terms, int64_t now_ns) {
    TW_ASSERT(budget != NULL && policy != NULL);
    *retry = (tw_retry){.budget = budget,
                        .policy = policy,
                        .terms = *terms,
                        .begun_ns = now_ns,
                        .next_ns = INT64_MAX,
                        .attempts = 1,
                        .out = 1,
                        .state = TW_RETRY_STATE_TRYING};
    budget_enter(budget);
}

static void end(tw_retry *retry, tw_retry_verdict verdict, bool by_hedge) {
    bool refunds = verdict == TW_RETRY_AGAIN && retry->extra;
    budget_leave(retry->budget, &(retry_end){.verdict = verdict,
                                             .attempts = retry->attempts,
                                             .refund = refunds ? retry->held : 0,
                                             .extra = retry->extra,
                                             .by_hedge = by_hedge});
    retry->state = TW_RETRY_STATE_ENDED;
    retry->next_ns = INT64_MAX;
    retry->out = 0;
    retry->extra = false;
}

static void end_extra(tw_retry *retry) {
    if (retry->extra)
        budget_end_extra(retry->budget);
    retry->extra = false;
}

static int64_t uniform_ns(int64_t from_ns, int64_t to_ns, uint64_t draw) {
    return from_ns + (int64_t)(draw % (uint64_t)(to_ns - from_ns + 1));
}

/* The pause before the next attempt. */
static int64_t pause_of(const tw_retry *retry, const tw_retry_failure *failure, uint64_t draw) {
    const tw_retry_policy *policy = retry->policy;
    if (failure->retry_after_ns > 0)
        return failure->retry_after_ns < policy->retry_after_ns_max ? failure->retry_after_ns
                                                                    : policy->retry_after_ns_max;
    if (failure->cause == TW_RETRY_RESET && policy->reset_at_once && retry->retries == 0)
        return 0;
    int64_t ceiling_ns = policy->pause_ns_min;
    if (policy->decorrelated) {
        int64_t last_ns = retry->pause_ns > ceiling_ns ? retry->pause_ns : ceiling_ns;
        ceiling_ns = last_ns > policy->pause_ns_max / 3 ? policy->pause_ns_max : last_ns * 3;
        return uniform_ns(policy->pause_ns_min, ceiling_ns, draw);
    }
    for (uint32_t i = 0; i < retry->retries && ceiling_ns < policy->pause_ns_max; i++)
        ceiling_ns = ceiling_ns > policy->pause_ns_max / 2 ? policy->pause_ns_max : ceiling_ns * 2;
    return uniform_ns(failure->cause == TW_RETRY_THROTTLED ? ceiling_ns / 2 : 0, ceiling_ns, draw);
}

/* What stands against another attempt, but for the budget. */
static tw_retry_verdict judge(const tw_retry *retry, const tw_retry_failure *failure,
                              int64_t next_ns) {
    const tw_retry_policy *policy = retry->policy;
    if (failure->cause == TW_RETRY_FINAL)
        return TW_RETRY_NO_FINAL;
    if (retry->terms.kind == TW_RETRY_ONCE)
        return TW_RETRY_NO_UNSAFE;
    if (failure->breaker_open)
        return TW_RETRY_NO_BREAKER;
    if (retry->attempts >= policy->attempt_max)
        return TW_RETRY_NO_ATTEMPTS;
    if (retry->terms.deadline_ns - policy->attempt_ns_min < next_ns)
        return TW_RETRY_NO_DEADLINE;
    return TW_RETRY_AGAIN;
}

tw_retry_verdict tw_retry_failed(tw_retry *retry, const tw_retry_failure *failure, int64_t now_ns,
                                 uint64_t draw) {
    TW_ASSERT(retry->state == TW_RETRY_STATE_TRYING && retry->out > 0);
    TW_ASSERT((unsigned)failure->cause < TW_RETRY_CAUSE_COUNT);
    if (--retry->out > 0) {
        end_extra(retry);
        return TW_RETRY_PENDING;
    }
    end_extra(retry);
    int64_t pause_ns = pause_of(retry, failure, draw);
    tw_retry_verdict verdict = judge(retry, failure, now_ns + pause_ns);
    if (verdict == TW_RETRY_AGAIN && !budget_pay_retry(retry->budget, failure->cause, &retry->held))
        verdict = TW_RETRY_NO_BUDGET;
    if (verdict != TW_RETRY_AGAIN) {
        end(retry, verdict, false);
        return verdict;
    }
    retry->extra = true;
    retry->retries++;
    retry->pause_ns = pause_ns;
    retry->next_ns = now_ns + pause_ns;
    retry->state = TW_RETRY_STATE_WAITING;
    return TW_RETRY_AGAIN;
}

int64_t tw_retry_next_ns(const tw_retry *retry) {
    return retry->state == TW_RETRY_STATE_WAITING ? retry->next_ns : INT64_MAX;
}

tw_status tw_retry_again(tw_retry *retry, int64_t now_ns) {
    if (retry->state != TW_RETRY_STATE_WAITING)
        return TW_STATE;
    if (now_ns < retry->next_ns)
        return TW_EMPTY;
    if (retry->terms.deadline_ns - retry->policy->attempt_ns_min < now_ns) {
        end(retry, TW_RETRY_NO_DEADLINE, false);
        return TW_TIMEOUT;
    }
    retry->attempts++;
    retry->out = 1;
    retry->begun_ns = now_ns;
    retry->next_ns = INT64_MAX;
    retry->state = TW_RETRY_STATE_TRYING;
    return TW_OK;
}

/* ---- hedges ---- */

/* The first attempt of a read that is out alone, of a call that may have one more. */
static bool may_hedge(const tw_retry *retry) {
    return retry->state == TW_RETRY_STATE_TRYING && retry->policy->hedge_ns_min > 0 &&
           retry->terms.kind == TW_RETRY_READ && !retry->hedged && !retry->extra &&
           retry->attempts < retry->policy->attempt_max;
}

int64_t tw_retry_hedge_ns(const tw_retry *retry, int64_t usual_ns) {
    if (!may_hedge(retry))
        return INT64_MAX;
    int64_t least_ns = retry->policy->hedge_ns_min;
    int64_t due_ns = retry->begun_ns + (usual_ns > least_ns ? usual_ns : least_ns);
    bool in_time = due_ns <= retry->terms.deadline_ns - retry->policy->attempt_ns_min;
    return in_time ? due_ns : INT64_MAX;
}

tw_status tw_retry_hedge(tw_retry *retry, int64_t now_ns) {
    if (!may_hedge(retry) || retry->terms.deadline_ns - retry->policy->attempt_ns_min < now_ns)
        return TW_STATE;
    if (!budget_pay_hedge(retry->budget, &retry->held))
        return TW_LIMIT;
    retry->extra = true;
    retry->hedged = true;
    retry->attempts++;
    retry->out = 2;
    return TW_OK;
}

/* ---- the end ---- */

void tw_retry_succeeded(tw_retry *retry, bool by_hedge) {
    TW_ASSERT(retry->state == TW_RETRY_STATE_TRYING);
    TW_ASSERT(!by_hedge || retry->hedged);
    end(retry, TW_RETRY_AGAIN, by_hedge);
}

void tw_retry_cancelled(tw_retry *retry) {
    if (retry->state == TW_RETRY_STATE_TRYING || retry->state == TW_RETRY_STATE_WAITING)
        end(retry, TW_RETRY_PENDING, false);
}

tw_retry_state tw_retry_state_of(const tw_retry *retry) {
    return (tw_retry_state)retry->state;
}

uint32_t tw_retry_attempt_count(const tw_retry *retry) {
    return retry->attempts;
}

void tw_retry_check(const tw_retry *retry) {
    bool trying = retry->state == TW_RETRY_STATE_TRYING;
    TW_ASSERT(retry->state <= TW_RETRY_STATE_ENDED);
    TW_ASSERT(trying ? retry->out >= 1 && retry->out <= 2 : retry->out == 0);
    TW_ASSERT(retry->state == TW_RETRY_STATE_WAITING || retry->state == TW_RETRY_STATE_NONE ||
              retry->next_ns == INT64_MAX);
    TW_ASSERT(retry->state != TW_RETRY_STATE_WAITING || retry->extra);
    TW_ASSERT(retry->state != TW_RETRY_STATE_ENDED || !retry->extra);
    TW_ASSERT(retry->out < 2 || (retry->hedged && retry->extra));
    TW_ASSERT(retry->state == TW_RETRY_STATE_NONE ||
              (retry->attempts >= 1 && retry->attempts <= retry->policy->attempt_max));
}
