/*
 * pool_model.h - bytes become uses of a tw_pool and of an obvious slow pool beside it.
 *
 * The slow pool is one array of places and one array of waiters, searched from the front; it writes
 * down what it expects to happen (openings, closings, validations, answers, leaks) in the order in
 * which it should. The real pool's callbacks write down what does. After each step both records,
 * all figures and the next due time must be equal. Spans are a few nanoseconds of virtual time, so
 * short that jitter rounds to nothing. Used by model_pool (random bytes) and fuzz_pool (the
 * fuzzer's). Any difference aborts.
 */
#ifndef TRADEWIND_TEST_POOL_MODEL_H
#define TRADEWIND_TEST_POOL_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "tradewind/pool.h"

#define MODEL_SIZE_MAX 6
#define MODEL_WAITER_MAX 5
#define MODEL_ASK_COUNT 16 /* requests whose answers are kept */
#define MODEL_LEASE_COUNT MODEL_SIZE_MAX
#define MODEL_RESOURCE_COUNT 8192
#define MODEL_EVENT_COUNT 512
#define MODEL_THREAD UINT32_MAX /* a waiter that is a thread, not a request */
#define MODEL_BACKOFF_MIN 2
#define MODEL_BACKOFF_MAX 7

typedef enum model_what {
    MODEL_OPENED,
    MODEL_NOT_OPENED,
    MODEL_CLOSED,
    MODEL_VALIDATED,
    MODEL_RESET,
    MODEL_ANSWERED,
    MODEL_LEAKED,
    MODEL_LEAK_RETURNED
} model_what;

typedef struct model_event {
    model_what what;
    int32_t status; /* of an answer, or the cause of a closing */
    uint32_t ask;
    uint32_t resource;
} model_event;

typedef struct model_record {
    model_event events[MODEL_EVENT_COUNT];
    uint32_t count;
} model_record;

typedef enum slow_state {
    SLOW_EMPTY,
    SLOW_IDLE,
    SLOW_CLAIMED,
    SLOW_LEASED,
    SLOW_RETIRED
} slow_state;

typedef struct slow_slot {
    slow_state state;
    tw_pool_cause cause;
    uint32_t resource;
    int64_t since_ns;
    int64_t expires_ns;
    int64_t trusted_until_ns;
    int64_t kept_ns;
    int64_t swept_age_ns;
    bool swept;
    bool told;
    bool evicted; /* on return */
} slow_slot;

typedef struct slow_waiter {
    uint64_t sequence;
    uint32_t ask; /* or MODEL_THREAD */
    uint32_t slot;
    tw_status status;
    int64_t asked_ns;
    int64_t deadline_ns;
} slow_waiter;

typedef struct slow_pool {
    tw_pool_config config;
    slow_slot slots[MODEL_SIZE_MAX];
    slow_waiter queue[MODEL_WAITER_MAX + 1]; /* oldest first */
    uint32_t queue_count;
    slow_waiter settled[MODEL_WAITER_MAX + 1]; /* requests not yet answered */
    uint32_t settled_count;
    slow_waiter thread; /* the thread that waits, once it is settled */
    bool thread_settled;
    bool suspended;
    bool draining;
    uint64_t sequence;
    uint32_t aged;
    int64_t aged_from_ns;
    int64_t swept_ns;
    int64_t sweep_at_ns;
    int64_t backoff_ns;
    int64_t open_not_before;
    tw_pool_figures figures;
} slow_pool;

typedef struct pool_model {
    tw_pool *pool;
    slow_pool slow;
    tw_waiter waiter;
    int64_t now_ns;
    bool dead[MODEL_RESOURCE_COUNT];
    uint32_t opened; /* by the real pool */
    uint32_t slow_opened;
    uint32_t open_failures_left;
    uint32_t slow_open_failures_left;
    bool reset_fails;
    model_record real_record;
    model_record slow_record;
    tw_pool_request asks[MODEL_ASK_COUNT];
    struct model_ask {
        struct pool_model *model;
        uint32_t number;
    } ask_contexts[MODEL_ASK_COUNT];
    bool ask_open[MODEL_ASK_COUNT];
    tw_pool_lease leases[MODEL_LEASE_COUNT]; /* pool NULL: none */
    tw_pool_affinity affinity;
    uint8_t wait_step_ns;
    uint32_t op_count;
} pool_model;

static inline void record_event(model_record *record, model_what what, int32_t status, uint32_t ask,
                                uint32_t resource) {
    TW_ASSERT(record->count < MODEL_EVENT_COUNT);
    record->events[record->count++] =
        (model_event){.what = what, .status = status, .ask = ask, .resource = resource};
}

/* ---- The slow pool ------------------------------------------------------------------------ */

static inline uint32_t slow_count(const slow_pool *slow, slow_state state) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < slow->config.size_max; i++)
        count += slow->slots[i].state == state;
    return count;
}

/* The lowest slot in a state, or size_max. */
static inline uint32_t slow_first(const slow_pool *slow, slow_state state) {
    uint32_t i = 0;
    while (i < slow->config.size_max && slow->slots[i].state != state)
        i++;
    return i;
}

static inline void slow_retire(slow_pool *slow, uint32_t slot, tw_pool_cause cause) {
    slow->slots[slot].state = SLOW_RETIRED;
    slow->slots[slot].cause = cause;
}

static inline void slow_insert(slow_pool *slow, slow_waiter waiter) {
    uint32_t at = slow->queue_count++;
    for (; at > 0 && slow->queue[at - 1].sequence > waiter.sequence; at--)
        slow->queue[at] = slow->queue[at - 1];
    slow->queue[at] = waiter;
}

static inline slow_waiter slow_unqueue(slow_pool *slow, uint32_t at) {
    slow_waiter waiter = slow->queue[at];
    slow->queue_count--;
    memmove(&slow->queue[at], &slow->queue[at + 1], (slow->queue_count - at) * sizeof waiter);
    return waiter;
}

static inline void slow_settle(slow_pool *slow, uint32_t at, tw_status status, uint32_t slot) {
    slow_waiter waiter = slow_unqueue(slow, at);
    waiter.status = status;
    waiter.slot = slot;
    if (waiter.ask == MODEL_THREAD) {
        slow->thread = waiter;
        slow->thread_settled = true;
    } else {
        slow->settled[slow->settled_count++] = waiter;
    }
}

static inline void slow_serve(slow_pool *slow) {
    while (slow->queue_count > 0) {
        uint32_t slot = slow_first(slow, SLOW_IDLE);
        if (slow->draining) {
            slow_settle(slow, 0, TW_CLOSED, 0);
        } else if (!slow->suspended && slot < slow->config.size_max) {
            slow->slots[slot].state = SLOW_CLAIMED;
            slow_settle(slow, 0, TW_OK, slot);
        } else {
            return;
        }
    }
}

static inline bool slow_validate(pool_model *model, uint32_t slot) {
    uint32_t resource = model->slow.slots[slot].resource;
    record_event(&model->slow_record, MODEL_VALIDATED, 0, 0, resource);
    model->slow.figures.validations++;
    model->slow.figures.validation_failures += model->dead[resource];
    return !model->dead[resource];
}

static inline bool slow_vet(pool_model *model, uint32_t slot) {
    return model->now_ns < model->slow.slots[slot].trusted_until_ns || slow_validate(model, slot);
}

static inline void slow_trust(pool_model *model, uint32_t slot) {
    slow_slot *at = &model->slow.slots[slot];
    int64_t until_ns = model->now_ns + model->slow.config.validate_after_ns;
    at->trusted_until_ns = until_ns < at->expires_ns ? until_ns : at->expires_ns;
}

static inline void slow_lend(pool_model *model, uint32_t slot) {
    slow_slot *at = &model->slow.slots[slot];
    at->state = SLOW_LEASED;
    at->since_ns = model->now_ns;
    at->swept = false;
    at->told = false;
    model->slow.figures.acquired++;
}

static inline void slow_count_wait(slow_pool *slow, int64_t wait_ns) {
    slow->figures.waited++;
    slow->figures.wait_ns_sum += wait_ns;
    if (wait_ns > slow->figures.wait_ns_max)
        slow->figures.wait_ns_max = wait_ns;
}

/* Without waiting: the slot, or size_max. */
static inline uint32_t slow_take(pool_model *model, const tw_pool_affinity *affinity) {
    slow_pool *slow = &model->slow;
    for (;;) {
        uint32_t slot = slow_first(slow, SLOW_IDLE);
        if (slow->queue_count > 0 || slow->suspended || slow->draining)
            return slow->config.size_max;
        if (affinity != NULL && affinity->place > 0 &&
            slow->slots[affinity->place - 1].state == SLOW_IDLE)
            slot = affinity->place - 1;
        if (slot == slow->config.size_max)
            return slot;
        slow->slots[slot].state = SLOW_CLAIMED;
        if (slow_vet(model, slot))
            return slot;
        slow_retire(slow, slot, TW_POOL_INVALID);
    }
}

static inline uint32_t slow_nodes_used(const slow_pool *slow) {
    return slow->queue_count + slow->settled_count + slow->thread_settled;
}

static inline tw_status slow_enqueue(pool_model *model, uint32_t ask, int64_t deadline_ns) {
    slow_pool *slow = &model->slow;
    if (slow->draining)
        return TW_CLOSED;
    if (slow_nodes_used(slow) == slow->config.waiter_max) {
        slow->figures.refused++;
        return TW_FULL;
    }
    slow_insert(slow, (slow_waiter){.sequence = slow->sequence++,
                                    .ask = ask,
                                    .asked_ns = model->now_ns,
                                    .deadline_ns = deadline_ns});
    slow_serve(slow);
    return TW_OK;
}

/* What the waiting thread does when it looks up. True: it is done, and `thread` says how. */
static inline bool slow_thread_looks(pool_model *model) {
    slow_pool *slow = &model->slow;
    while (slow->thread_settled) {
        slow->thread_settled = false;
        if (slow->thread.status != TW_OK)
            return true;
        if (slow_vet(model, slow->thread.slot)) {
            slow_count_wait(slow, model->now_ns - slow->thread.asked_ns);
            return true;
        }
        slow_retire(slow, slow->thread.slot, TW_POOL_INVALID);
        slow_insert(slow, slow->thread);
        slow_serve(slow);
    }
    uint32_t at = 0;
    while (slow->queue[at].ask != MODEL_THREAD)
        at++;
    if (model->now_ns < slow->queue[at].deadline_ns)
        return false;
    slow->thread = slow_unqueue(slow, at);
    slow->thread.status = TW_TIMEOUT;
    slow->figures.timeouts++;
    slow_serve(slow);
    return true;
}

static inline bool slow_may_age(pool_model *model) {
    slow_pool *slow = &model->slow;
    if (model->now_ns - slow->aged_from_ns >= slow->config.sweep_ns) {
        slow->aged_from_ns = model->now_ns;
        slow->aged = 0;
    }
    if (slow->aged == 1) /* an eighth of at most six: one */
        return false;
    slow->aged++;
    return true;
}

static inline uint32_t slow_live(const slow_pool *slow) {
    return slow_count(slow, SLOW_IDLE) + slow_count(slow, SLOW_CLAIMED) +
           slow_count(slow, SLOW_LEASED);
}

/* Back: to whoever waits, or to be closed. */
static inline void slow_return(pool_model *model, uint32_t slot, bool broken, bool clean) {
    slow_pool *slow = &model->slow;
    slow_slot *at = &slow->slots[slot];
    int64_t use_ns = model->now_ns - at->since_ns;
    slow->figures.use_ns_sum += use_ns;
    if (use_ns > slow->figures.use_ns_max)
        slow->figures.use_ns_max = use_ns;
    if (broken || !clean) {
        slow_retire(slow, slot, broken ? TW_POOL_BROKEN : TW_POOL_UNRESET);
    } else if (model->now_ns >= at->expires_ns && slow_may_age(model)) {
        slow_retire(slow, slot, TW_POOL_LIFETIME);
    } else {
        at->state = SLOW_IDLE;
        at->since_ns = model->now_ns;
        slow_trust(model, slot);
        if (slow->draining || at->evicted)
            slow_retire(slow, slot, slow->draining ? TW_POOL_DRAINED : TW_POOL_EVICTED);
    }
    if (at->told) {
        record_event(&model->slow_record, MODEL_LEAK_RETURNED, 0, 0, at->resource);
        slow->figures.leaks_returned++;
    }
    slow_serve(slow);
}

static inline void slow_sweep_ages(pool_model *model) {
    slow_pool *slow = &model->slow;
    for (uint32_t i = slow->config.size_max; i-- > 0;) {
        slow_slot *at = &slow->slots[i];
        bool expired = model->now_ns >= at->expires_ns;
        bool idle = slow->config.idle_ns_max > 0 &&
                    model->now_ns - at->since_ns >= slow->config.idle_ns_max &&
                    slow_live(slow) > slow->config.size_min;
        if (at->state == SLOW_IDLE && (expired || idle) && slow_may_age(model))
            slow_retire(slow, i, expired ? TW_POOL_LIFETIME : TW_POOL_IDLE);
    }
}

static inline void slow_sweep_keepalive(pool_model *model) {
    slow_pool *slow = &model->slow;
    for (uint32_t i = 0; slow->config.keepalive_ns > 0 && i < slow->config.size_max; i++) {
        slow_slot *at = &slow->slots[i];
        int64_t last_ns = at->since_ns > at->kept_ns ? at->since_ns : at->kept_ns;
        if (at->state != SLOW_IDLE || model->now_ns - last_ns < slow->config.keepalive_ns)
            continue;
        at->kept_ns = model->now_ns;
        if (slow_validate(model, i))
            slow_trust(model, i);
        else
            slow_retire(slow, i, TW_POOL_INVALID);
    }
}

static inline void slow_sweep_leaks(pool_model *model, int64_t gap_ns) {
    slow_pool *slow = &model->slow;
    for (uint32_t i = 0; slow->config.leak_after_ns > 0 && i < slow->config.size_max; i++) {
        slow_slot *at = &slow->slots[i];
        if (at->state != SLOW_LEASED)
            continue;
        int64_t held_ns = model->now_ns - at->since_ns;
        at->swept_age_ns =
            at->swept ? at->swept_age_ns + gap_ns : (held_ns < gap_ns ? held_ns : gap_ns);
        at->swept = true;
        if (at->swept_age_ns < slow->config.leak_after_ns || at->told)
            continue;
        at->told = true;
        slow->figures.leaks++;
        record_event(&model->slow_record, MODEL_LEAKED, 0, 0, at->resource);
    }
}

static inline void slow_sweep(pool_model *model) {
    slow_pool *slow = &model->slow;
    int64_t gap_ns = model->now_ns - slow->swept_ns;
    if (gap_ns > slow->config.sweep_ns + TW_POOL_JUMP_NS) {
        gap_ns = slow->config.sweep_ns;
        slow->figures.clock_jumps++;
    }
    slow->swept_ns = model->now_ns;
    slow->sweep_at_ns = model->now_ns + slow->config.sweep_ns;
    slow_sweep_ages(model);
    slow_sweep_keepalive(model);
    slow_sweep_leaks(model, gap_ns);
}

static inline void slow_close_all(pool_model *model) {
    slow_pool *slow = &model->slow;
    for (uint32_t i = 0; i < slow->config.size_max; i++) {
        slow_slot *at = &slow->slots[i];
        if (at->state != SLOW_RETIRED)
            continue;
        record_event(&model->slow_record, MODEL_CLOSED, (int32_t)at->cause, 0, at->resource);
        slow->figures.closed[at->cause]++;
        *at = (slow_slot){.kept_ns = at->kept_ns};
    }
}

static inline void slow_expire(pool_model *model) {
    slow_pool *slow = &model->slow;
    for (uint32_t i = 0; i < slow->queue_count;) {
        bool late = model->now_ns >= slow->queue[i].deadline_ns;
        if (slow->queue[i].ask != MODEL_THREAD && late) {
            slow_settle(slow, i, TW_TIMEOUT, 0);
            slow->figures.timeouts++;
        } else {
            i++;
        }
    }
}

static inline void slow_answer(pool_model *model) {
    slow_pool *slow = &model->slow;
    for (uint32_t left = slow->settled_count; left > 0; left--) {
        slow_waiter waiter = slow->settled[0];
        memmove(slow->settled, slow->settled + 1, --slow->settled_count * sizeof waiter);
        if (waiter.status == TW_OK && !slow_vet(model, waiter.slot)) {
            slow_retire(slow, waiter.slot, TW_POOL_INVALID);
            slow_insert(slow, waiter);
            slow_serve(slow);
            continue;
        }
        uint32_t resource = 0;
        if (waiter.status == TW_OK) {
            slow_count_wait(slow, model->now_ns - waiter.asked_ns);
            slow_lend(model, waiter.slot);
            resource = slow->slots[waiter.slot].resource;
        }
        record_event(&model->slow_record, MODEL_ANSWERED, waiter.status, waiter.ask, resource);
    }
}

static inline bool slow_wants_open(const slow_pool *slow) {
    uint32_t live = slow_live(slow);
    return !slow->draining && !slow->suspended &&
           live + slow_count(slow, SLOW_RETIRED) < slow->config.size_max &&
           (live < slow->config.size_min || slow->queue_count > 0);
}

static inline void slow_open(pool_model *model) {
    slow_pool *slow = &model->slow;
    if (!slow_wants_open(slow) || model->now_ns < slow->open_not_before)
        return;
    if (model->slow_open_failures_left > 0) {
        model->slow_open_failures_left--;
        slow->backoff_ns = slow->backoff_ns == 0 ? MODEL_BACKOFF_MIN : slow->backoff_ns * 2;
        if (slow->backoff_ns > MODEL_BACKOFF_MAX)
            slow->backoff_ns = MODEL_BACKOFF_MAX;
        slow->open_not_before = model->now_ns + slow->backoff_ns;
        slow->figures.open_failures++;
        record_event(&model->slow_record, MODEL_NOT_OPENED, 0, 0, 0);
        return;
    }
    uint32_t slot = slow_first(slow, SLOW_EMPTY);
    slow_slot *at = &slow->slots[slot];
    int64_t lifetime_ns = slow->config.lifetime_ns_max;
    at->state = SLOW_IDLE;
    at->resource = ++model->slow_opened;
    at->since_ns = model->now_ns;
    at->expires_ns = lifetime_ns == 0 ? INT64_MAX : model->now_ns + lifetime_ns;
    slow_trust(model, slot);
    slow->backoff_ns = 0;
    slow->figures.opened++;
    record_event(&model->slow_record, MODEL_OPENED, 0, 0, at->resource);
    slow_serve(slow);
}

static inline void slow_turn(pool_model *model) {
    if (model->now_ns >= model->slow.sweep_at_ns)
        slow_sweep(model);
    slow_close_all(model);
    slow_expire(model);
    slow_answer(model);
    slow_open(model);
}

static inline int64_t slow_next_ns(const slow_pool *slow) {
    int64_t next_ns = slow->sweep_at_ns;
    if (slow_wants_open(slow) && slow->open_not_before < next_ns)
        next_ns = slow->open_not_before;
    for (uint32_t i = 0; i < slow->queue_count; i++) {
        if (slow->queue[i].ask != MODEL_THREAD && slow->queue[i].deadline_ns < next_ns)
            next_ns = slow->queue[i].deadline_ns;
    }
    return slow->settled_count > 0 || slow_count(slow, SLOW_RETIRED) > 0 ? 0 : next_ns;
}

static inline uint32_t slow_evict(slow_pool *slow) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < slow->config.size_max; i++) {
        slow->slots[i].evicted = slow->slots[i].state != SLOW_EMPTY;
        if (slow->slots[i].state != SLOW_IDLE)
            continue;
        slow_retire(slow, i, TW_POOL_EVICTED);
        count++;
    }
    return count;
}

static inline tw_status slow_cancel(slow_pool *slow, uint32_t ask) {
    for (uint32_t i = 0; i < slow->queue_count; i++) {
        if (slow->queue[i].ask != ask)
            continue;
        (void)slow_unqueue(slow, i);
        slow->figures.cancelled++;
        slow_serve(slow);
        return TW_OK;
    }
    for (uint32_t i = 0; i < slow->settled_count; i++) {
        slow_waiter waiter = slow->settled[i];
        if (waiter.ask != ask)
            continue;
        slow->settled_count--;
        memmove(&slow->settled[i], &slow->settled[i + 1],
                (slow->settled_count - i) * sizeof waiter);
        slow->figures.cancelled++;
        slow_slot *at = &slow->slots[waiter.slot];
        if (waiter.status == TW_OK) {
            at->state = SLOW_IDLE;
            if (slow->draining || at->evicted)
                slow_retire(slow, waiter.slot, slow->draining ? TW_POOL_DRAINED : TW_POOL_EVICTED);
        }
        slow_serve(slow);
        return TW_OK;
    }
    return TW_NOT_FOUND;
}

/* ---- The real pool's callbacks ------------------------------------------------------------ */

static inline uint32_t model_number(const void *resource) {
    return (uint32_t)(uintptr_t)resource;
}

static inline int64_t model_now_ns(void *context) {
    return ((pool_model *)context)->now_ns;
}

static inline tw_status model_open(void *context, int64_t deadline_ns, void **ret_resource,
                                   tw_error *error) {
    pool_model *model = context;
    TW_ASSERT(deadline_ns > model->now_ns);
    if (model->open_failures_left > 0) {
        model->open_failures_left--;
        record_event(&model->real_record, MODEL_NOT_OPENED, 0, 0, 0);
        return tw_error_set(error, TW_REFUSED, "not today");
    }
    *ret_resource = (void *)(uintptr_t)++model->opened;
    record_event(&model->real_record, MODEL_OPENED, 0, 0, model->opened);
    return TW_OK;
}

static inline void model_close(void *context, void *resource) {
    pool_model *model = context;
    record_event(&model->real_record, MODEL_CLOSED, 0, 0, model_number(resource));
}

static inline void model_on_closed(void *context, tw_pool_cause cause) {
    pool_model *model = context; /* the closing it belongs to was the last event */
    model->real_record.events[model->real_record.count - 1].status = (int32_t)cause;
}

static inline bool model_validate(void *context, void *resource, int64_t deadline_ns) {
    pool_model *model = context;
    (void)deadline_ns;
    record_event(&model->real_record, MODEL_VALIDATED, 0, 0, model_number(resource));
    return !model->dead[model_number(resource)];
}

static inline bool model_reset(void *context, void *resource, uint32_t dirty) {
    pool_model *model = context;
    record_event(&model->real_record, MODEL_RESET, (int32_t)dirty, 0, model_number(resource));
    return !model->reset_fails;
}

static inline void model_on_leak(void *context, const tw_pool_lease_info *info) {
    pool_model *model = context;
    record_event(&model->real_record, info->returned ? MODEL_LEAK_RETURNED : MODEL_LEAKED, 0, 0,
                 model_number(info->resource));
}

static inline void model_keep_lease(pool_model *model, const tw_pool_lease *lease) {
    uint32_t at = 0;
    while (model->leases[at].pool != NULL)
        at++;
    model->leases[at] = *lease;
}

static inline void model_on_lease(void *context, tw_status status, const tw_pool_lease *lease,
                                  const tw_error *error) {
    struct model_ask *ask = context;
    pool_model *model = ask->model;
    TW_ASSERT((lease == NULL) == (status != TW_OK) && (error == NULL) == (status == TW_OK));
    record_event(&model->real_record, MODEL_ANSWERED, status, ask->number,
                 lease == NULL ? 0 : model_number(lease->resource));
    model->ask_open[ask->number] = false;
    if (lease != NULL)
        model_keep_lease(model, lease);
}

/* The thread sleeps: time passes and the owner turns; then it looks up. */
static inline void model_wait(void *context, uint32_t *word, uint32_t expected,
                              int64_t deadline_ns) {
    pool_model *model = context;
    TW_ASSERT(*word == expected && deadline_ns != TW_WAIT_FOREVER);
    model->now_ns += 1 + model->wait_step_ns;
    (void)tw_pool_turn(model->pool, model->now_ns);
    slow_turn(model);
    (void)slow_thread_looks(model);
}

static inline void model_wake(void *context, uint32_t *word, uint32_t count) {
    (void)context;
    (void)word;
    (void)count;
}

/* ---- Bytes to uses ------------------------------------------------------------------------ */

typedef struct model_bytes {
    const uint8_t *bytes;
    size_t size;
    size_t used;
} model_bytes;

static inline uint8_t model_byte(model_bytes *bytes) {
    return bytes->used < bytes->size ? bytes->bytes[bytes->used++] : 0;
}

static inline void model_acquire(pool_model *model, int64_t wait_ns, bool with_affinity) {
    slow_pool *slow = &model->slow;
    tw_pool_affinity *affinity = with_affinity ? &model->affinity : NULL;
    tw_pool_lease lease = {0};
    int64_t deadline_ns = model->now_ns + wait_ns;
    uint32_t slot = slow_take(model, affinity);
    tw_status wanted = TW_OK;
    slow->thread = (slow_waiter){.status = TW_OK, .slot = slot};
    if (slot == slow->config.size_max) {
        wanted = slow_enqueue(model, MODEL_THREAD, deadline_ns);
        if (wanted == TW_OK)
            (void)slow_thread_looks(model);
    }
    tw_status status = tw_pool_acquire(model->pool, deadline_ns, affinity, &lease, NULL);
    if (wanted == TW_OK)
        wanted = slow->thread.status;
    TW_ASSERT(status == wanted);
    if (status != TW_OK)
        return;
    slow_lend(model, slow->thread.slot);
    TW_ASSERT(lease.slot == slow->thread.slot);
    TW_ASSERT(model_number(lease.resource) == slow->slots[lease.slot].resource);
    model_keep_lease(model, &lease);
}

static inline void model_try(pool_model *model) {
    slow_pool *slow = &model->slow;
    tw_pool_lease lease = {0};
    uint32_t slot = slow_take(model, &model->affinity);
    tw_status wanted =
        slot < slow->config.size_max ? TW_OK : (slow->draining ? TW_CLOSED : TW_EMPTY);
    TW_ASSERT(tw_pool_try(model->pool, &model->affinity, &lease) == wanted);
    if (wanted != TW_OK)
        return;
    slow_lend(model, slot);
    TW_ASSERT(lease.slot == slot);
    model_keep_lease(model, &lease);
}

static inline void model_ask_for(pool_model *model, uint32_t number, int64_t wait_ns) {
    if (model->ask_open[number])
        return;
    int64_t deadline_ns = model->now_ns + wait_ns;
    tw_status wanted = slow_enqueue(model, number, deadline_ns);
    tw_status status = tw_pool_ask(model->pool, deadline_ns, model_on_lease,
                                   &model->ask_contexts[number], &model->asks[number]);
    TW_ASSERT(status == wanted);
    model->ask_open[number] = status == TW_OK;
}

/* Cancels one that is open, or one that is long over. */
static inline void model_cancel(pool_model *model, uint32_t number) {
    if (model->asks[number].number == 0)
        return;
    tw_status wanted = model->ask_open[number] ? slow_cancel(&model->slow, number) : TW_NOT_FOUND;
    TW_ASSERT(tw_pool_cancel(model->pool, model->asks[number]) == wanted);
    model->ask_open[number] = false;
}

static inline void model_return(pool_model *model, uint32_t choice, uint32_t dirty, bool broken) {
    for (uint32_t i = 0; i < MODEL_LEASE_COUNT; i++) {
        tw_pool_lease *lease = &model->leases[(choice + i) % MODEL_LEASE_COUNT];
        if (lease->pool == NULL)
            continue;
        lease->dirty = dirty;
        if (dirty != 0 && !broken)
            record_event(&model->slow_record, MODEL_RESET, (int32_t)dirty, 0,
                         model->slow.slots[lease->slot].resource);
        slow_return(model, lease->slot, broken, dirty == 0 || !model->reset_fails);
        if (broken)
            tw_pool_discard(model->pool, lease);
        else
            tw_pool_release(model->pool, lease);
        TW_ASSERT(lease->pool == NULL);
        return;
    }
}

static inline void model_drain(pool_model *model) {
    slow_pool *slow = &model->slow;
    slow->draining = true;
    for (uint32_t i = 0; i < slow->config.size_max; i++) {
        if (slow->slots[i].state == SLOW_IDLE)
            slow_retire(slow, i, TW_POOL_DRAINED);
    }
    slow_serve(slow);
    do {
        slow_turn(model);
    } while (slow_next_ns(slow) == 0);
    uint32_t out = 0;
    tw_status status = tw_pool_drain(model->pool, 0, &out);
    TW_ASSERT(out == slow_count(slow, SLOW_LEASED));
    TW_ASSERT(status == (out == 0 ? TW_OK : TW_TIMEOUT));
}

static inline void model_suspend(pool_model *model, bool suspends) {
    model->slow.suspended = suspends;
    slow_serve(&model->slow);
    (suspends ? tw_pool_suspend : tw_pool_resume)(model->pool);
}

static inline void model_turn(pool_model *model) {
    slow_turn(model);
    (void)tw_pool_turn(model->pool, model->now_ns);
}

/* What happens from outside: time, and the fate of resources. */
static inline void model_fate(pool_model *model, uint8_t kind, uint8_t value) {
    switch (kind % 8) {
    case 0:
        model->now_ns += value > 250 ? TW_POOL_JUMP_NS + 100 : 50;
        break;
    case 1:
    case 2:
        if (model->opened > 0)
            model->dead[1 + model->opened - (1 + value % 4) % model->opened] = true;
        model->dead[0] = false;
        break;
    case 3:
        model->open_failures_left += value % 4;
        model->slow_open_failures_left = model->open_failures_left;
        break;
    case 4:
        model->reset_fails = value % 4 == 0;
        break;
    case 5:
        TW_ASSERT(tw_pool_evict(model->pool) == slow_evict(&model->slow));
        break;
    case 6:
        model_suspend(model, value % 3 == 0);
        break;
    default:
        if (value == 255)
            model_drain(model);
        break;
    }
}

static inline void model_act(pool_model *model, uint8_t kind, uint8_t value) {
    switch (kind % 16) {
    case 0:
    case 1:
    case 2:
        model_acquire(model, 0, value % 2 == 0);
        break;
    case 3:
        model->wait_step_ns = value % 5;
        model_acquire(model, value % 16, value % 2 == 0);
        break;
    case 4:
    case 5:
        model_ask_for(model, value % MODEL_ASK_COUNT, value / 8);
        break;
    case 6:
    case 7:
    case 8:
        model_return(model, value, 0, false);
        break;
    case 9:
        model_return(model, value, value / 16, value % 4 == 0);
        break;
    case 10:
        model_cancel(model, value % MODEL_ASK_COUNT);
        break;
    case 11:
    case 12:
        model_turn(model);
        break;
    case 13:
        model->now_ns += value % 8;
        break;
    case 14:
        model_try(model);
        break;
    default:
        model_fate(model, value, kind);
        break;
    }
}

static inline void model_compare(pool_model *model) {
    slow_pool *slow = &model->slow;
    TW_ASSERT(model->real_record.count == model->slow_record.count);
    for (uint32_t i = 0; i < model->real_record.count; i++) {
        const model_event *real = &model->real_record.events[i];
        const model_event *wanted = &model->slow_record.events[i];
        TW_ASSERT(real->what == wanted->what && real->status == wanted->status);
        TW_ASSERT(real->ask == wanted->ask && real->resource == wanted->resource);
    }
    model->real_record.count = model->slow_record.count = 0;
    tw_pool_figures figures;
    tw_pool_figures_of(model->pool, &figures);
    slow->figures.idle = slow_count(slow, SLOW_IDLE);
    slow->figures.leased = slow_count(slow, SLOW_LEASED) + slow_count(slow, SLOW_CLAIMED);
    slow->figures.closing = slow_count(slow, SLOW_RETIRED);
    slow->figures.pending = slow->queue_count;
    slow->figures.size_max = slow->config.size_max;
    TW_ASSERT(memcmp(&figures, &slow->figures, sizeof figures) == 0);
    TW_ASSERT(tw_pool_next_ns(model->pool) == slow_next_ns(slow));
    tw_pool_check(model->pool);
}

static inline void model_begin(pool_model *model, uint8_t choice) {
    memset(model, 0, sizeof *model);
    model->now_ns = 1000;
    model->waiter = (tw_waiter){model_now_ns, model_wait, model_wake, model};
    for (uint32_t i = 0; i < MODEL_ASK_COUNT; i++) {
        model->ask_contexts[i].model = model;
        model->ask_contexts[i].number = i;
    }
    tw_pool_config config = {
        .resource = {model_open, model_close, model_validate, model_reset, model},
        .hooks = {.on_closed = model_on_closed, .on_leak = model_on_leak, .context = model},
        .waiter = &model->waiter,
        .size_min = choice % 4,
        .size_max = choice % 4 + choice / 4 % 4,
        .waiter_max = MODEL_WAITER_MAX,
        .seed = choice,
        .idle_ns_max = choice & 16 ? 20 : 0,
        .lifetime_ns_max = choice & 32 ? 39 : 0, /* a fortieth is nothing */
        .validate_after_ns = 5,
        .keepalive_ns = choice & 64 ? 9 : 0, /* a tenth is nothing */
        .leak_after_ns = choice & 128 ? 12 : 0,
        .open_ns_max = 100,
        .backoff_ns_min = MODEL_BACKOFF_MIN,
        .backoff_ns_max = MODEL_BACKOFF_MAX,
        .sweep_ns = 4};
    if (config.size_max == 0)
        config.size_max = 1;
    tw_status status = tw_pool_new(NULL, &config, &model->pool, NULL);
    TW_ASSERT(status == TW_OK);
    model->slow.config = config;
    model->slow.swept_ns = model->now_ns;
    model->slow.sweep_at_ns = model->now_ns + config.sweep_ns;
}

/* Runs the bytes on a fresh pool; the first chooses the configuration. Returns how many uses they
 * were. `model` is scratch memory. */
static inline uint32_t pool_model_run(pool_model *model, const uint8_t *data, size_t size) {
    model_bytes bytes = {data, size, 0};
    model_begin(model, model_byte(&bytes));
    while (bytes.used < size && model->opened < MODEL_RESOURCE_COUNT - 16) {
        uint8_t kind = model_byte(&bytes);
        model_act(model, kind, model_byte(&bytes));
        model_compare(model);
        model->op_count++;
    }
    for (uint32_t i = 0; i < MODEL_LEASE_COUNT; i++)
        model_return(model, i, 0, false);
    model_drain(model); /* answers that were granted may still bring a lease */
    for (uint32_t i = 0; i < MODEL_LEASE_COUNT; i++)
        model_return(model, i, 0, false);
    model_drain(model);
    model_compare(model);
    TW_ASSERT(slow_count(&model->slow, SLOW_EMPTY) == model->slow.config.size_max);
    tw_pool_free(model->pool);
    return model->op_count;
}

#endif
