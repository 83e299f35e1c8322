/*
 * breaker.c - creation, the way of a call through a breaker, and what its owner can see and force.
 *
 * The states and the invariants are drawn in breaker_priv.h. A permit of a closed breaker is a copy
 * of its word: whoever brings it back shows by the generation in it whether he is still heard.
 */
#include "breaker_priv.h"

#include "tradewind/time.h"

/* ---- words ---- */

const char *tw_breaker_state_word(tw_breaker_state state) {
    static const char *const words[TW_BREAKER_STATE_COUNT] = {
        "closed", "open", "half_open", "forced_open", "forced_closed", "metrics_only"};
    return (unsigned)state < TW_BREAKER_STATE_COUNT ? words[state] : "?";
}

const char *tw_breaker_reason_word(tw_breaker_reason reason) {
    static const char *const words[TW_BREAKER_REASON_COUNT] = {
        "failure_rate",  "slow_rate", "consecutive", "elapsed", "probe_failed", "probe_slow",
        "probe_expired", "recovered", "panic",       "forced",  "reset"};
    return (unsigned)reason < TW_BREAKER_REASON_COUNT ? words[reason] : "?";
}

const char *tw_breaker_outcome_word(tw_breaker_outcome outcome) {
    static const char *const words[TW_BREAKER_OUTCOME_COUNT] = {"success", "failure", "slow",
                                                                "ignored", "throttled"};
    return (unsigned)outcome < TW_BREAKER_OUTCOME_COUNT ? words[outcome] : "?";
}

/* ---- creation ---- */

tw_breaker_config tw_breaker_config_default(void) {
    return (tw_breaker_config){.start = TW_BREAKER_CLOSED,
                               .window_count = 100,
                               .call_min = 100,
                               .failure_percent = 50,
                               .slow_percent = 100,
                               .open_ns_min = 5 * TW_NS_PER_SECOND,
                               .open_ns_max = 60 * TW_NS_PER_SECOND,
                               .jitter_percent = 10,
                               .healthy_ns = 60 * TW_NS_PER_SECOND,
                               .retry_after_ns_max = 300 * TW_NS_PER_SECOND,
                               .probe_success_min = 3,
                               .probe_parallel_max = 1,
                               .probe_ns_max = 30 * TW_NS_PER_SECOND};
}

static tw_status check_window(const tw_breaker_config *config, tw_error *error) {
    if (config->window_count > TW_BREAKER_WINDOW_MAX)
        return tw_error_set(error, TW_RANGE, "a window of %u outcomes; at most %d",
                            config->window_count, TW_BREAKER_WINDOW_MAX);
    if ((config->window_count > 0) == (config->window_ns > 0))
        return tw_error_set(error, TW_RANGE, "a window is by count or by time, and not by both");
    if (config->window_count == 0 &&
        (config->bucket_count < 1 || config->bucket_count > TW_BREAKER_BUCKET_MAX ||
         config->window_ns < config->bucket_count))
        return tw_error_set(error, TW_RANGE,
                            "%u buckets of a window by time; expected 1 to %d, of "
                            "a nanosecond at least",
                            config->bucket_count, TW_BREAKER_BUCKET_MAX);
    return TW_OK;
}

static bool is_percent(uint32_t percent) {
    return percent >= 1 && percent <= TW_BREAKER_PERCENT_NEVER;
}

static tw_status check_rules(const tw_breaker_config *config, tw_error *error) {
    if (config->call_min < 1 || !is_percent(config->failure_percent) ||
        !is_percent(config->slow_percent) || config->jitter_percent > 100)
        return tw_error_set(error, TW_RANGE,
                            "shares of a breaker are 1 to 101 percent, of one call at least, its "
                            "jitter 0 to 100 percent");
    if (config->probe_success_min < 1 || config->probe_parallel_max < 1 ||
        config->probe_parallel_max > TW_BREAKER_PROBE_MAX)
        return tw_error_set(
            error, TW_RANGE, "%u successes of %u probes at once; expected at least 1, of 1 to %d",
            config->probe_success_min, config->probe_parallel_max, TW_BREAKER_PROBE_MAX);
    if (config->start == TW_BREAKER_OPEN || config->start == TW_BREAKER_HALF_OPEN ||
        (unsigned)config->start >= TW_BREAKER_STATE_COUNT)
        return tw_error_set(error, TW_RANGE, "a breaker cannot begin %s",
                            tw_breaker_state_word(config->start));
    return TW_OK;
}

static tw_status check_spans(const tw_breaker_config *config, tw_error *error) {
    const int64_t spans[] = {config->window_ns,   config->slow_ns,    config->open_ns_min,
                             config->open_ns_max, config->healthy_ns, config->retry_after_ns_max,
                             config->probe_ns_max};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        if (spans[i] < 0 || spans[i] > TW_BREAKER_NS_MAX)
            return tw_error_set(error, TW_RANGE,
                                "a span of a breaker is negative or above 36 years");
    }
    if (config->open_ns_min < 1 || config->open_ns_max < config->open_ns_min ||
        config->probe_ns_max < 1)
        return tw_error_set(error, TW_RANGE,
                            "a breaker opens for at least 1 ns and at most open_ns_max, and a "
                            "probe takes at least 1 ns");
    return TW_OK;
}

tw_status tw_breaker_new(const tw_allocator *allocator, const tw_breaker_config *config,
                         tw_breaker **ret_breaker, tw_error *error) {
    TW_ASSERT(config != NULL && ret_breaker != NULL);
    tw_status status = check_spans(config, error);
    if (status == TW_OK)
        status = check_window(config, error);
    if (status == TW_OK)
        status = check_rules(config, error);
    if (status != TW_OK)
        return status;
    tw_breaker *breaker = TW_NEW(allocator, 1, tw_breaker);
    if (breaker == NULL || breaker_window_init(&breaker->window, allocator, config) != TW_OK) {
        TW_DELETE(allocator, breaker, 1, tw_breaker);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a breaker");
    }
    breaker->allocator = allocator;
    breaker->config = *config;
    if (config->window_count > 0 && config->call_min > config->window_count)
        breaker->config.call_min = config->window_count;
    breaker->figures.state = config->start;
    breaker->figures.generation = 1;
    breaker->word = UINT64_C(1) << STATE_BITS | (uint64_t)config->start;
    *ret_breaker = breaker;
    return TW_OK;
}

void tw_breaker_free(tw_breaker *breaker) {
    if (breaker == NULL)
        return;
    breaker_window_done(&breaker->window, breaker->allocator);
    TW_DELETE(breaker->allocator, breaker, 1, tw_breaker);
}

/* ---- the lock ---- */

static void enter(tw_breaker *breaker, int64_t now_ns, struct news *news) {
    news->count = 0;
    tw_lock_acquire(&breaker->lock, breaker->config.waiter);
    breaker_advance(breaker, now_ns, news);
}

static void leave(tw_breaker *breaker, const struct news *news) {
    const tw_breaker_hooks *hooks = &breaker->config.hooks;
    tw_lock_release(&breaker->lock, breaker->config.waiter);
    for (uint32_t i = 0; hooks->on_change != NULL && i < news->count; i++)
        hooks->on_change(hooks->context, &news->changes[i]);
}

/* ---- calls ---- */

static tw_status reject(tw_breaker *breaker) {
    (void)__atomic_fetch_add(&breaker->rejected, 1, __ATOMIC_RELAXED);
    return TW_STATE;
}

static void pass(uint64_t word, int64_t now_ns, tw_breaker_permit *ret_permit) {
    *ret_permit = (tw_breaker_permit){.generation = word_generation(word), .begin_ns = now_ns};
}

static bool passes(tw_breaker_state state) {
    return state == TW_BREAKER_CLOSED || state == TW_BREAKER_FORCED_CLOSED ||
           state == TW_BREAKER_METRICS_ONLY;
}

/* What the word alone does not decide: time may have passed, or there may be a probe. */
static tw_status acquire_slowly(tw_breaker *breaker, int64_t now_ns, bool insists,
                                tw_breaker_permit *ret_permit) {
    struct news news;
    bool passed = true;
    enter(breaker, now_ns, &news);
    if (insists && breaker->figures.state == TW_BREAKER_OPEN)
        breaker_move(breaker, TW_BREAKER_HALF_OPEN, TW_BREAKER_PANIC, breaker->clock_ns, &news);
    if (passes(breaker->figures.state))
        pass(breaker->word, now_ns, ret_permit);
    else
        passed = breaker->figures.state == TW_BREAKER_HALF_OPEN &&
                 breaker_lend_probe(breaker, ret_permit);
    leave(breaker, &news);
    return passed ? TW_OK : reject(breaker);
}

tw_status tw_breaker_acquire(tw_breaker *breaker, int64_t now_ns, tw_breaker_permit *ret_permit) {
    uint64_t word = __atomic_load_n(&breaker->word, __ATOMIC_ACQUIRE);
    tw_breaker_state state = word_state(word);
    if (passes(state)) {
        pass(word, now_ns, ret_permit);
        return TW_OK;
    }
    if (state == TW_BREAKER_FORCED_OPEN ||
        (state == TW_BREAKER_OPEN &&
         now_ns < __atomic_load_n(&breaker->open_until_ns, __ATOMIC_ACQUIRE)))
        return reject(breaker);
    return acquire_slowly(breaker, now_ns, false, ret_permit);
}

tw_status tw_breaker_probe(tw_breaker *breaker, int64_t now_ns, tw_breaker_permit *ret_permit) {
    return acquire_slowly(breaker, now_ns, true, ret_permit);
}

static tw_breaker_outcome class_of(const tw_breaker *breaker, const tw_breaker_answer *answer) {
    const tw_breaker_hooks *hooks = &breaker->config.hooks;
    tw_breaker_outcome outcome = hooks->classify == NULL ? tw_breaker_classify(answer)
                                                         : hooks->classify(hooks->context, answer);
    TW_ASSERT((unsigned)outcome < TW_BREAKER_OUTCOME_COUNT);
    bool slow = breaker->config.slow_ns > 0 && answer->elapsed_ns >= breaker->config.slow_ns;
    return outcome == TW_BREAKER_SUCCESS && slow ? TW_BREAKER_SLOW : outcome;
}

tw_breaker_outcome tw_breaker_release(tw_breaker *breaker, tw_breaker_permit *permit,
                                      const tw_breaker_answer *answer, int64_t now_ns) {
    struct news news;
    TW_ASSERT(permit->generation > 0);
    tw_breaker_answer full = *answer;
    full.elapsed_ns = now_ns > permit->begin_ns ? now_ns - permit->begin_ns : 0;
    tw_breaker_outcome outcome = class_of(breaker, &full);
    enter(breaker, now_ns, &news);
    TW_ASSERT(permit->generation <= breaker->figures.generation);
    if (permit->generation == breaker->figures.generation)
        breaker_count(breaker, permit, outcome, &full, &news);
    else
        breaker->figures.stale++;
    leave(breaker, &news);
    *permit = (tw_breaker_permit){0};
    return outcome;
}

static tw_breaker_outcome classify_http(uint32_t http_status) {
    if (http_status == 429)
        return TW_BREAKER_THROTTLED;
    if (http_status == 408 || http_status >= 500)
        return TW_BREAKER_FAILURE;
    return http_status >= 400 ? TW_BREAKER_IGNORED : TW_BREAKER_SUCCESS;
}

tw_breaker_outcome tw_breaker_classify(const tw_breaker_answer *answer) {
    static const tw_status failures[] = {TW_TIMEOUT,  TW_UNREACHABLE, TW_CLOSED,
                                         TW_IO,       TW_CORRUPT,     TW_TRUNCATED,
                                         TW_PROTOCOL, TW_REMOTE,      TW_UNKNOWN};
    if (answer->status == TW_OK)
        return classify_http(answer->http_status);
    if (answer->status == TW_THROTTLED)
        return TW_BREAKER_THROTTLED;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (answer->status == failures[i])
            return TW_BREAKER_FAILURE;
    }
    return TW_BREAKER_IGNORED;
}

/* ---- what the owner sees and forces ---- */

uint32_t tw_breaker_turn(tw_breaker *breaker, int64_t now_ns) {
    struct news news;
    enter(breaker, now_ns, &news);
    leave(breaker, &news);
    return news.count > 0 ? 1 : 0;
}

int64_t tw_breaker_next_ns(tw_breaker *breaker) {
    int64_t next_ns = INT64_MAX;
    tw_lock_acquire(&breaker->lock, breaker->config.waiter);
    if (breaker->figures.state == TW_BREAKER_OPEN)
        next_ns = breaker->open_until_ns;
    else if (breaker->figures.state == TW_BREAKER_HALF_OPEN)
        next_ns = breaker_first_end_ns(breaker);
    tw_lock_release(&breaker->lock, breaker->config.waiter);
    return next_ns;
}

tw_breaker_state tw_breaker_state_of(const tw_breaker *breaker) {
    return word_state(__atomic_load_n(&breaker->word, __ATOMIC_ACQUIRE));
}

void tw_breaker_force(tw_breaker *breaker, tw_breaker_state state, int64_t now_ns) {
    struct news news;
    TW_ASSERT(state == TW_BREAKER_FORCED_OPEN || state == TW_BREAKER_FORCED_CLOSED ||
              state == TW_BREAKER_METRICS_ONLY);
    enter(breaker, now_ns, &news);
    if (breaker->figures.state != state)
        breaker_move(breaker, state, TW_BREAKER_FORCED, breaker->clock_ns, &news);
    leave(breaker, &news);
}

void tw_breaker_reset(tw_breaker *breaker, int64_t now_ns) {
    struct news news;
    enter(breaker, now_ns, &news);
    breaker->reopened = 0;
    breaker_move(breaker, TW_BREAKER_CLOSED, TW_BREAKER_RESET, breaker->clock_ns, &news);
    leave(breaker, &news);
}

void tw_breaker_figures_of(tw_breaker *breaker, int64_t now_ns, tw_breaker_figures *ret_figures) {
    struct news news;
    enter(breaker, now_ns, &news);
    *ret_figures = breaker->figures;
    ret_figures->window_calls = breaker->window.calls;
    ret_figures->window_failures = breaker->window.failures;
    ret_figures->window_slow = breaker->window.slow;
    ret_figures->consecutive = breaker->consecutive;
    ret_figures->probes = (uint32_t)__builtin_popcountll(breaker->probes_out);
    ret_figures->rejected = __atomic_load_n(&breaker->rejected, __ATOMIC_RELAXED);
    if (breaker->figures.state == TW_BREAKER_OPEN) {
        ret_figures->open_until_ns = breaker->open_until_ns;
        ret_figures->open_ns += breaker->clock_ns - breaker->figures.since_ns;
    }
    leave(breaker, &news);
}

void tw_breaker_describe(tw_breaker *breaker, int64_t now_ns, tw_text *text) {
    tw_breaker_figures figures;
    tw_breaker_figures_of(breaker, now_ns, &figures);
    tw_text_append_format(text, "state=%s generation=%llu calls=%u failures=%u slow=%u probes=%u",
                          tw_breaker_state_word(figures.state),
                          (unsigned long long)figures.generation, figures.window_calls,
                          figures.window_failures, figures.window_slow, figures.probes);
    for (int i = 0; i < TW_BREAKER_OUTCOME_COUNT; i++)
        tw_text_append_format(text, " %s=%llu", tw_breaker_outcome_word((tw_breaker_outcome)i),
                              (unsigned long long)figures.outcomes[i]);
    tw_text_append_format(text, " rejected=%llu stale=%llu expired=%llu open_ns=%lld",
                          (unsigned long long)figures.rejected, (unsigned long long)figures.stale,
                          (unsigned long long)figures.expired, (long long)figures.open_ns);
}

void tw_breaker_check(tw_breaker *breaker) {
    tw_lock_acquire(&breaker->lock, breaker->config.waiter);
    TW_ASSERT(word_state(breaker->word) == breaker->figures.state);
    TW_ASSERT(word_generation(breaker->word) == breaker->figures.generation);
    TW_ASSERT(breaker->probes_out == 0 || breaker->figures.state == TW_BREAKER_HALF_OPEN);
    TW_ASSERT(breaker->probe_successes < breaker->config.probe_success_min);
    breaker_window_check(&breaker->window);
    tw_lock_release(&breaker->lock, breaker->config.waiter);
}
