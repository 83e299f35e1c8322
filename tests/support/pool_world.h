/*
 * pool_world.h - virtual time and resources of paper for the tests of pools.
 *
 * A world's waiter does not sleep: it calls `on_wait`, which may let others act, or else moves
 * the time to the deadline. Resources are numbers from 1 on, in the order of their opening. Every
 * callback looks at the pool's figures: were the pool's lock held, that would hang, and the waiter
 * stops the program instead.
 */
#ifndef TRADEWIND_TEST_POOL_WORLD_H
#define TRADEWIND_TEST_POOL_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "tradewind/pool.h"
#include "tradewind/time.h"

#define WORLD_RESOURCE_MAX 65536

typedef struct pool_world {
    tw_pool *pool; /* set when the pool is made */
    tw_waiter waiter;
    int64_t now_ns;
    void (*on_wait)(struct pool_world *world, int64_t deadline_ns);
    void (*on_open)(struct pool_world *world); /* time passes while opening */
    uint32_t open_failures_left;               /* that many openings fail */
    uint32_t opened;                           /* the number of the last resource */
    uint32_t closed;
    uint32_t validated;
    uint32_t reset;
    uint32_t last_dirty;
    bool reset_fails;
    uint32_t work;  /* calls of on_work */
    uint32_t wakes; /* of waiters */
    uint32_t acquired;
    uint32_t released;
    int64_t last_wait_ns;
    int64_t last_use_ns;
    uint32_t leaks;
    uint32_t leaks_returned;
    tw_pool_lease_info last_leak;
    bool open[WORLD_RESOURCE_MAX];
    bool dead[WORLD_RESOURCE_MAX];
    void *more; /* the test's own */
} pool_world;

static inline uint32_t world_number(const void *resource) {
    return (uint32_t)(uintptr_t)resource;
}

static inline void world_look(pool_world *world) {
    tw_pool_figures figures;
    if (world->pool != NULL)
        tw_pool_figures_of(world->pool, &figures);
}

static inline int64_t world_now_ns(void *context) {
    return ((pool_world *)context)->now_ns;
}

static inline void world_wait(void *context, uint32_t *word, uint32_t expected,
                              int64_t deadline_ns) {
    pool_world *world = context;
    TW_ASSERT(deadline_ns != TW_WAIT_FOREVER); /* somebody called out with the lock held */
    if (*word != expected)
        return;
    if (world->on_wait != NULL)
        world->on_wait(world, deadline_ns);
    else if (world->now_ns < deadline_ns)
        world->now_ns = deadline_ns;
}

static inline void world_wake(void *context, uint32_t *word, uint32_t count) {
    (void)word;
    (void)count;
    world_look(context); /* nobody is woken under the lock */
    ((pool_world *)context)->wakes++;
}

static inline tw_status world_open(void *context, int64_t deadline_ns, void **ret_resource,
                                   tw_error *error) {
    pool_world *world = context;
    world_look(world);
    TW_ASSERT(deadline_ns > world->now_ns);
    if (world->on_open != NULL)
        world->on_open(world);
    if (world->open_failures_left > 0) {
        world->open_failures_left--;
        return tw_error_set_errno(error, 111, "cannot reach the paper mill");
    }
    TW_ASSERT(world->opened + 1 < WORLD_RESOURCE_MAX);
    world->open[++world->opened] = true;
    *ret_resource = (void *)(uintptr_t)world->opened;
    return TW_OK;
}

static inline void world_close(void *context, void *resource) {
    pool_world *world = context;
    world_look(world);
    TW_ASSERT(world->open[world_number(resource)]);
    world->open[world_number(resource)] = false;
    world->closed++;
}

static inline bool world_validate(void *context, void *resource, int64_t deadline_ns) {
    pool_world *world = context;
    world_look(world);
    TW_ASSERT(world->open[world_number(resource)] && deadline_ns >= 0);
    world->validated++;
    return !world->dead[world_number(resource)];
}

static inline bool world_reset(void *context, void *resource, uint32_t dirty) {
    pool_world *world = context;
    world_look(world);
    TW_ASSERT(world->open[world_number(resource)] && dirty != 0);
    world->reset++;
    world->last_dirty = dirty;
    return !world->reset_fails;
}

static inline void world_on_work(void *context) {
    world_look(context);
    ((pool_world *)context)->work++;
}

static inline void world_on_acquired(void *context, int64_t wait_ns) {
    pool_world *world = context;
    world_look(world);
    world->acquired++;
    world->last_wait_ns = wait_ns;
}

static inline void world_on_released(void *context, int64_t use_ns) {
    pool_world *world = context;
    world_look(world);
    world->released++;
    world->last_use_ns = use_ns;
}

static inline void world_on_opened(void *context, int64_t open_ns, tw_status status) {
    (void)open_ns;
    (void)status;
    world_look(context);
}

static inline void world_on_closed(void *context, tw_pool_cause cause) {
    TW_ASSERT(cause < TW_POOL_CAUSE_COUNT);
    world_look(context);
}

static inline void world_on_leak(void *context, const tw_pool_lease_info *info) {
    pool_world *world = context;
    world_look(world);
    world->leaks += !info->returned;
    world->leaks_returned += info->returned;
    world->last_leak = *info;
}

/* A world at a time that is not zero. */
static inline pool_world *world_new(void) {
    pool_world *world = calloc(1, sizeof *world);
    TW_ASSERT(world != NULL);
    world->now_ns = 1000 * TW_NS_PER_SECOND;
    world->waiter = (tw_waiter){world_now_ns, world_wait, world_wake, world};
    return world;
}

/* Fills in the callbacks of a world. */
static inline void world_fill(pool_world *world, tw_pool_config *config) {
    config->resource =
        (tw_pool_resource){world_open, world_close, world_validate, world_reset, world};
    config->hooks = (tw_pool_hooks){world_on_work,
                                    world_on_acquired,
                                    world_on_released,
                                    world_on_opened,
                                    world_on_closed,
                                    world_on_leak,
                                    world};
    config->waiter = &world->waiter;
}

/* The world's pool, its size_min opened unless the configuration says otherwise. */
static inline tw_pool *world_pool(pool_world *world, tw_pool_config config) {
    world_fill(world, &config);
    if (config.start == TW_POOL_START_LATER)
        config.start = TW_POOL_START_MUST;
    tw_status status = tw_pool_new(NULL, &config, &world->pool, NULL);
    TW_ASSERT(status == TW_OK);
    return world->pool;
}

/* Turns until there is no work now. */
static inline void world_turn(pool_world *world) {
    do {
        (void)tw_pool_turn(world->pool, world->now_ns);
    } while (tw_pool_next_ns(world->pool) <= world->now_ns);
    tw_pool_check(world->pool);
}

static inline void world_free(pool_world *world) {
    tw_pool_free(world->pool);
    TW_ASSERT(world->opened == world->closed);
    free(world);
}

#endif
