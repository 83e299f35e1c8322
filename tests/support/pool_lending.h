/*
 * pool_lending.h - how tests of a pool lend, ask and look, in the virtual time of pool_world.h.
 */
#ifndef TRADEWIND_TESTS_POOL_LENDING_H
#define TRADEWIND_TESTS_POOL_LENDING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pool_world.h"

#define MS TW_NS_PER_MS
#define SECOND TW_NS_PER_SECOND

static inline tw_pool_lease lease_now(pool_world *world) {
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(world->pool, world->now_ns, NULL, &lease, NULL), TW_OK);
    return lease;
}

static inline void give_back(pool_world *world, tw_pool_lease *lease) {
    tw_pool_release(world->pool, lease);
    assert_null(lease->pool);
}

static inline tw_pool_figures figures_of(pool_world *world) {
    tw_pool_figures figures;
    tw_pool_check(world->pool);
    tw_pool_figures_of(world->pool, &figures);
    return figures;
}

/* A request and what came of it. */
typedef struct asked {
    pool_world *world;
    tw_pool_request request;
    tw_pool_lease lease;
    tw_error error;
    tw_status status;
    uint32_t answers;
    uint32_t order; /* the how-manieth answer of the world it was */
} asked;

static uint32_t answer_count;

static inline void on_lease(void *context, tw_status status, const tw_pool_lease *lease,
                            const tw_error *error) {
    asked *ask = context;
    ask->answers++;
    ask->order = answer_count++;
    ask->status = status;
    assert_int_equal(lease != NULL, status == TW_OK);
    assert_int_equal(error != NULL, status != TW_OK);
    world_look(ask->world);
    if (lease != NULL)
        ask->lease = *lease;
    else
        ask->error = *error;
}

static inline void ask_for(pool_world *world, int64_t deadline_ns, asked *ask) {
    *ask = (asked){.world = world};
    assert_int_equal(tw_pool_ask(world->pool, deadline_ns, on_lease, ask, &ask->request), TW_OK);
    assert_int_equal(ask->answers, 0); /* never from there */
}

static inline pool_world *fixed(uint32_t size) {
    pool_world *world = world_new();
    (void)world_pool(world, (tw_pool_config){.size_min = size, .size_max = size});
    return world;
}

#endif
