/*
 * breaker_state.c - how a breaker changes its state. The states are drawn in breaker_priv.h; all of
 * this happens under the lock.
 */
#include "breaker_priv.h"

#include "splitmix.h"

/* ---- changes ---- */

/* The open time to come: doubled for each since it was healthy, less jitter, or what was asked. */
static int64_t open_time_ns(tw_breaker *breaker, int64_t retry_after_ns) {
    const tw_breaker_config *config = &breaker->config;
    int64_t open_ns = config->open_ns_min;
    for (uint32_t i = 0; i < breaker->reopened && open_ns < config->open_ns_max; i++)
        open_ns = open_ns > config->open_ns_max / 2 ? config->open_ns_max : open_ns * 2;
    int64_t jitter_ns = open_ns / 100 * config->jitter_percent;
    open_ns -= splitmix_span_ns(config->seed, breaker->openings++, jitter_ns);
    int64_t wish_ns =
        retry_after_ns < config->retry_after_ns_max ? retry_after_ns : config->retry_after_ns_max;
    return wish_ns > open_ns ? wish_ns : open_ns;
}

void breaker_move(tw_breaker *breaker, tw_breaker_state to, tw_breaker_reason reason, int64_t at_ns,
                  struct news *news) {
    tw_breaker_figures *figures = &breaker->figures;
    tw_breaker_state from = figures->state;
    if (from == TW_BREAKER_OPEN)
        figures->open_ns += at_ns - figures->since_ns;
    figures->changes[from][to]++;
    figures->reasons[reason]++;
    figures->state = to;
    figures->since_ns = at_ns;
    figures->generation++;
    breaker_window_clear(&breaker->window);
    breaker->consecutive = 0;
    breaker->probe_successes = 0;
    breaker->probe_slow = 0;
    breaker->probes_out = 0;
    TW_ASSERT(news->count < CHANGE_MAX);
    news->changes[news->count++] = (tw_breaker_change){.from = from,
                                                       .to = to,
                                                       .reason = reason,
                                                       .generation = figures->generation,
                                                       .at_ns = at_ns};
    __atomic_store_n(&breaker->word, figures->generation << STATE_BITS | (uint64_t)to,
                     __ATOMIC_RELEASE);
}

static void open_from(tw_breaker *breaker, tw_breaker_reason reason, int64_t at_ns,
                      int64_t retry_after_ns, struct news *news) {
    if (breaker->figures.state == TW_BREAKER_CLOSED &&
        at_ns - breaker->figures.since_ns >= breaker->config.healthy_ns)
        breaker->reopened = 0;
    int64_t open_ns = open_time_ns(breaker, retry_after_ns);
    if (breaker->reopened < UINT32_MAX)
        breaker->reopened++;
    __atomic_store_n(&breaker->open_until_ns, at_ns + open_ns, __ATOMIC_RELEASE);
    breaker_move(breaker, TW_BREAKER_OPEN, reason, at_ns, news);
}

/* ---- leases of probes ---- */

/* The end of the first lease; INT64_MAX without one. */
int64_t breaker_first_end_ns(const tw_breaker *breaker) {
    int64_t first_ns = INT64_MAX;
    for (uint64_t left = breaker->probes_out; left != 0; left &= left - 1) {
        int64_t end_ns = breaker->probe_ends_ns[__builtin_ctzll(left)];
        first_ns = end_ns < first_ns ? end_ns : first_ns;
    }
    return first_ns;
}

static uint32_t expired_count(const tw_breaker *breaker) {
    uint32_t count = 0;
    for (uint64_t left = breaker->probes_out; left != 0; left &= left - 1)
        count += breaker->probe_ends_ns[__builtin_ctzll(left)] <= breaker->clock_ns;
    return count;
}

void breaker_advance(tw_breaker *breaker, int64_t now_ns, struct news *news) {
    TW_ASSERT(now_ns >= 0);
    if (now_ns > breaker->clock_ns)
        breaker->clock_ns = now_ns;
    breaker_window_advance(&breaker->window, breaker->clock_ns);
    if (breaker->figures.state == TW_BREAKER_HALF_OPEN) {
        uint32_t expired = expired_count(breaker);
        breaker->figures.expired += expired;
        if (expired > 0)
            open_from(breaker, TW_BREAKER_PROBE_EXPIRED, breaker_first_end_ns(breaker), 0, news);
    }
    if (breaker->figures.state == TW_BREAKER_OPEN && breaker->clock_ns >= breaker->open_until_ns)
        breaker_move(breaker, TW_BREAKER_HALF_OPEN, TW_BREAKER_ELAPSED, breaker->open_until_ns,
                     news);
}

/* False: all leases are out, or what is out is enough to close it. */
bool breaker_lend_probe(tw_breaker *breaker, tw_breaker_permit *ret_permit) {
    TW_ASSERT(breaker->figures.state == TW_BREAKER_HALF_OPEN);
    uint32_t out = (uint32_t)__builtin_popcountll(breaker->probes_out);
    if (out >= breaker->config.probe_parallel_max ||
        out + breaker->probe_successes >= breaker->config.probe_success_min)
        return false;
    uint32_t probe = (uint32_t)__builtin_ctzll(~breaker->probes_out);
    breaker->probes_out |= UINT64_C(1) << probe;
    breaker->probe_ends_ns[probe] = breaker->clock_ns + breaker->config.probe_ns_max;
    *ret_permit = (tw_breaker_permit){
        .generation = breaker->figures.generation, .begin_ns = breaker->clock_ns, .probe = probe};
    return true;
}

/* ---- outcomes ---- */

static bool reaches(uint32_t part, uint32_t whole, uint32_t percent) {
    return (uint64_t)part * 100 >= (uint64_t)whole * percent;
}

/* Whether the window or the run of failures opens a closed breaker. */
static bool trips(const tw_breaker *breaker, tw_breaker_reason *ret_reason) {
    const tw_breaker_config *config = &breaker->config;
    const struct window *window = &breaker->window;
    bool enough = window->calls >= config->call_min;
    if (config->consecutive_max > 0 && breaker->consecutive >= config->consecutive_max)
        *ret_reason = TW_BREAKER_CONSECUTIVE;
    else if (enough && reaches(window->failures, window->calls, config->failure_percent))
        *ret_reason = TW_BREAKER_FAILURE_RATE;
    else if (enough && reaches(window->slow, window->calls, config->slow_percent))
        *ret_reason = TW_BREAKER_SLOW_RATE;
    else
        return false;
    return true;
}

static void call_ends(tw_breaker *breaker, bool failed, bool slow, int64_t retry_after_ns,
                      struct news *news) {
    tw_breaker_reason reason = TW_BREAKER_FAILURE_RATE;
    if (breaker->figures.state == TW_BREAKER_FORCED_CLOSED)
        return;
    breaker_window_push(&breaker->window, failed, slow);
    breaker->consecutive = failed ? breaker->consecutive + 1 : 0;
    if (!trips(breaker, &reason))
        return;
    if (breaker->figures.state == TW_BREAKER_CLOSED) {
        open_from(breaker, reason, breaker->clock_ns, retry_after_ns, news);
        return;
    }
    breaker->figures.shadow++;
    breaker_window_clear(&breaker->window);
    breaker->consecutive = 0;
}

static void probe_ends(tw_breaker *breaker, bool failed, bool slow, int64_t retry_after_ns,
                       struct news *news) {
    const tw_breaker_config *config = &breaker->config;
    if (failed) {
        open_from(breaker, TW_BREAKER_PROBE_FAILED, breaker->clock_ns, retry_after_ns, news);
        return;
    }
    breaker->probe_successes++;
    breaker->probe_slow += slow;
    if (breaker->probe_successes < config->probe_success_min)
        return;
    if (reaches(breaker->probe_slow, breaker->probe_successes, config->slow_percent))
        open_from(breaker, TW_BREAKER_PROBE_SLOW, breaker->clock_ns, retry_after_ns, news);
    else
        breaker_move(breaker, TW_BREAKER_CLOSED, TW_BREAKER_RECOVERED, breaker->clock_ns, news);
}

void breaker_count(tw_breaker *breaker, const tw_breaker_permit *permit, tw_breaker_outcome outcome,
                   const tw_breaker_answer *answer, struct news *news) {
    bool half_open = breaker->figures.state == TW_BREAKER_HALF_OPEN;
    bool failed = outcome == TW_BREAKER_FAILURE;
    bool slow = outcome == TW_BREAKER_SLOW || (failed && breaker->config.slow_ns > 0 &&
                                               answer->elapsed_ns >= breaker->config.slow_ns);
    breaker->figures.outcomes[outcome]++;
    if (half_open) {
        uint64_t lease = UINT64_C(1) << permit->probe;
        TW_ASSERT((breaker->probes_out & lease) != 0);
        breaker->probes_out &= ~lease;
    }
    if (outcome == TW_BREAKER_IGNORED || outcome == TW_BREAKER_THROTTLED)
        return;
    if (half_open)
        probe_ends(breaker, failed, slow, answer->retry_after_ns, news);
    else
        call_ends(breaker, failed, slow, answer->retry_after_ns, news);
}
