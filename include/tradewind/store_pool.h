/*
 * store_pool.h - reading handles of one store, lent to many threads.
 *
 * A store has one writing handle and as many reading ones as are useful: about as many as there are
 * cores for a file, a few more for a server. A handle belongs to one thread at a time, so threads
 * that come and go lease theirs from a pool (pool.h), which opens, lends, validates and closes
 * them.
 *
 *     tw_lock lock = {0};
 *     tw_store_config store = {.path = "ticks.db", .symbols = symbols, .symbols_lock = &lock};
 *     tw_pool_config config = {.resource = tw_store_resource(&store), .size_max = 4,
 *                              .caller_opens = true};
 *     status = tw_pool_new(NULL, &config, &pool, &error);
 *     ...
 *     tw_pool_lease lease;
 *     status = tw_pool_acquire(pool, deadline_ns, &affinity, &lease, &error);
 *     status = tw_store_symbol_stats(lease.resource, ...);
 *     tw_pool_release(pool, &lease);
 *
 * The lease's resource is the tw_store. Handles of one pool share the table of symbols, and may
 * share a cache of statistics, so `symbols_lock` must be there: a handle that meets a new name adds
 * it under the lock. Whoever else adds names to the table takes it too.
 *
 * Threads: any; see pool.h.
 */
#ifndef TRADEWIND_STORE_POOL_H
#define TRADEWIND_STORE_POOL_H

#include "tradewind/api.h"
#include "tradewind/pool.h"
#include "tradewind/store.h"

TW_BEGIN_DECLS

/*
 * How a pool opens, closes and validates reading handles. The configuration is borrowed until the
 * pool is freed; its mode must be TW_STORE_READ and its symbols_lock there (programmer errors).
 * Opening fails as tw_store_open does. A handle is valid when it can read: a server that went away,
 * or a file that was damaged, retires it.
 */
TW_API tw_pool_resource tw_store_resource(const tw_store_config *config);

TW_END_DECLS

#endif
