/* pool_control.c - what is done to a pool as a whole, and what it tells about itself. */
#include "pool_priv.h"

/* ---- suspend, resume, evict ---- */

static void set_suspended(tw_pool *pool, bool suspended) {
    TW_ASSERT(pool != NULL);
    pool_enter(pool);
    pool->suspended = suspended;
    pool_publish_locked(pool);
    pool_leave(pool);
}

void tw_pool_suspend(tw_pool *pool) {
    set_suspended(pool, true);
}

void tw_pool_resume(tw_pool *pool) {
    set_suspended(pool, false);
}

uint32_t tw_pool_evict(tw_pool *pool) {
    TW_ASSERT(pool != NULL);
    pool_enter(pool);
    pool->epoch++;
    pool_publish_locked(pool); /* before the search: invariant 4 */
    uint32_t count = pool_retire_idle_locked(pool, TW_POOL_EVICTED);
    pool_leave(pool);
    return count;
}

/* ---- drain ---- */

static uint32_t count_in(const tw_pool *pool, enum slot_state state) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->config.size_max; i++)
        count += slot_state(&pool->slots[i]) == state;
    return count;
}

static bool is_drained(tw_pool *pool) {
    pool_enter(pool);
    bool drained = pool->live + pool->retired + pool->closing == 0 && pool->settled.count == 0 &&
                   !pool->answering;
    tw_lock_release(&pool->lock, pool->waiter);
    return drained;
}

tw_status tw_pool_drain(tw_pool *pool, int64_t deadline_ns, uint32_t *ret_out) {
    TW_ASSERT(pool != NULL && deadline_ns != TW_WAIT_FOREVER);
    pool_enter(pool);
    pool->draining = true;
    pool_publish_locked(pool); /* before the search: invariant 4 */
    (void)pool_retire_idle_locked(pool, TW_POOL_DRAINED);
    pool_leave(pool);
    for (;;) {
        uint32_t word = LOAD(pool->drain_word);
        int64_t now_ns = tw_waiter_now_ns(pool->waiter);
        if (tw_pool_turn(pool, now_ns) > 0)
            continue; /* one thing may have led to another: a dead resource to an answer */
        bool drained = is_drained(pool);
        if (drained || now_ns >= deadline_ns) {
            if (ret_out != NULL)
                *ret_out = count_in(pool, SLOT_LEASED) + count_in(pool, SLOT_CLAIMED);
            return drained ? TW_OK : TW_TIMEOUT;
        }
        tw_waiter_wait(pool->waiter, &pool->drain_word, word, deadline_ns);
    }
}

/* ---- reports ---- */

void tw_pool_each_lease(tw_pool *pool, void (*visit)(void *context, const tw_pool_lease_info *info),
                        void *context) {
    TW_ASSERT(pool != NULL && visit != NULL);
    int64_t now_ns = tw_waiter_now_ns(pool->waiter);
    for (uint32_t i = 0; i < pool->config.size_max; i++) {
        struct slot *slot = &pool->slots[i];
        uint64_t word = LOAD(slot->word);
        if (word_state(word) != SLOT_LEASED)
            continue;
        tw_pool_lease_info info = {.resource = LOAD(slot->resource), .site = LOAD(slot->site)};
        int64_t age_ns = now_ns - LOAD(slot->since_ns);
        info.age_ns = age_ns > 0 ? age_ns : 0;
        if (LOAD(slot->word) == word) /* invariant 1 */
            visit(context, &info);
    }
}

static void add_slot(const struct slot *slot, tw_pool_figures *figures) {
    enum slot_state state = slot_state(slot);
    int64_t use_ns_max = LOAD(slot->use_ns_max);
    figures->idle += state == SLOT_IDLE;
    figures->leased += state == SLOT_LEASED || state == SLOT_CLAIMED;
    figures->acquired += LOAD(slot->lease_count);
    figures->use_ns_sum += LOAD(slot->use_ns_sum);
    if (use_ns_max > figures->use_ns_max)
        figures->use_ns_max = use_ns_max;
}

void tw_pool_figures_of(tw_pool *pool, tw_pool_figures *ret_figures) {
    TW_ASSERT(pool != NULL && ret_figures != NULL);
    pool_enter(pool);
    tw_pool_figures figures = pool->figures;
    figures.opening = pool->opening;
    figures.closing = pool->retired + pool->closing;
    figures.pending = pool->queue.count;
    figures.size_max = pool->config.size_max;
    for (uint32_t i = 0; i < pool->config.size_max; i++)
        add_slot(&pool->slots[i], &figures);
    tw_lock_release(&pool->lock, pool->waiter);
    figures.validations = LOAD(pool->validations);
    figures.validation_failures = LOAD(pool->validation_failures);
    figures.leaks = LOAD(pool->leaks);
    figures.leaks_returned = LOAD(pool->leaks_returned);
    figures.clock_jumps = LOAD(pool->clock_jumps);
    *ret_figures = figures;
}

/* ---- invariants ---- */

static void check_list(const struct list *list, enum node_state state, bool in_order) {
    uint32_t count = 0;
    const struct node *previous = NULL;
    for (const struct node *node = list->first; node != NULL; node = node->next) {
        TW_ASSERT(node->previous == previous && node->state == state);
        TW_ASSERT(!in_order || previous == NULL || previous->sequence < node->sequence);
        previous = node;
        count++;
    }
    TW_ASSERT(list->last == previous && list->count == count);
}

void tw_pool_check(tw_pool *pool) {
    TW_ASSERT(pool != NULL);
    pool_enter(pool);
    uint32_t empty = count_in(pool, SLOT_EMPTY);
    TW_ASSERT(count_in(pool, SLOT_OPENING) == pool->opening);
    TW_ASSERT(count_in(pool, SLOT_RETIRED) == pool->retired);
    TW_ASSERT(count_in(pool, SLOT_CLOSING) == pool->closing);
    TW_ASSERT(empty + pool->live + pool->retired + pool->closing == pool->config.size_max);
    check_list(&pool->queue, NODE_QUEUED, true); /* invariant 7 */
    check_list(&pool->settled, NODE_SETTLED, false);
    TW_ASSERT((pool->gate & (GATE_DRAINING - 1)) == pool->queue.count); /* invariant 3 */
    TW_ASSERT(pool->gate >> GATE_EPOCH_SHIFT == pool->epoch);
    tw_lock_release(&pool->lock, pool->waiter);
}
