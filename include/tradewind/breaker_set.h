/*
 * breaker_set.h - breakers by host and by what is asked of it, so that one that fails does not shut
 * the others.
 *
 *     tw_breaker_host *host = NULL;
 *     status = tw_breaker_set_host(set, tw_slice_of("api.example.com"), 443, 0, &host);
 *     ...
 *     if (tw_breaker_host_acquire(host, TW_ROUTE_QUERY, now_ns, &permit) == TW_OK) {
 *         call ...
 *         (void)tw_breaker_host_release(host, TW_ROUTE_QUERY, &permit, &answer, now_ns);
 *     }
 *
 * Each host and port has four breakers, one a class of routes. A venue that does not take orders
 * may still take cancels, so a cancel asks a breaker of its own, and an open one of submits does
 * not matter to it. By default the breaker of cancels only counts (TW_BREAKER_METRICS_ONLY): a
 * cancel makes a risk smaller, and refusing it here could at most make it later.
 *
 * Pools. Hosts that can stand in for each other share the number of a pool. When all of a pool are
 * open for a route, nobody would ask any more until the first open time ends; then one of
 * `panic_one_in` requests that are rejected is let through as a probe after all.
 *
 * Memory: all at creation: four breakers and about 400 bytes a host. Hosts are never forgotten; at
 * host_max a new one is refused.
 * Cost: finding a host: a hash of its name and one comparison, without a lock. Keep the handle. The
 * rest is that of a breaker.
 * Threads: every function may be called from any thread, but tw_breaker_set_new and _free.
 * on_change is called without a lock. Source: classes and panic as in Envoy (outlier detection,
 * panic threshold), by its documentation.
 */
#ifndef TRADEWIND_BREAKER_SET_H
#define TRADEWIND_BREAKER_SET_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/breaker.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_BREAKER_SET_HOST_MAX 4096
#define TW_BREAKER_SET_NAME_SIZE 256 /* with the NUL */

typedef struct tw_breaker_set tw_breaker_set;
typedef struct tw_breaker_host tw_breaker_host;

/* What is asked of a host, the most urgent first. */
typedef enum tw_route_class {
    TW_ROUTE_CANCEL,
    TW_ROUTE_SUBMIT,
    TW_ROUTE_QUERY,
    TW_ROUTE_DATA,
    TW_ROUTE_CLASS_COUNT
} tw_route_class;

/* Where a breaker stands. */
typedef struct tw_breaker_place {
    const char *host; /* in small letters; lives as long as the set */
    uint16_t port;
    tw_route_class route;
    uint32_t pool;
} tw_breaker_place;

/* Begin with tw_breaker_set_config_default. */
typedef struct tw_breaker_set_config {
    uint32_t host_max;     /* 1 to TW_BREAKER_SET_HOST_MAX */
    uint32_t panic_one_in; /* 0: no panic rule */
    /* By class. Their own hooks.on_change must be NULL: the one below hears all. */
    tw_breaker_config routes[TW_ROUTE_CLASS_COUNT];
    void (*on_change)(void *context, const tw_breaker_place *place,
                      const tw_breaker_change *change); /* may be NULL */
    void *context;
} tw_breaker_set_config;

/* Shows one breaker; false ends the walk. */
typedef bool (*tw_breaker_set_visitor)(void *context, const tw_breaker_place *place,
                                       tw_breaker *breaker);

typedef struct tw_breaker_set_figures {
    uint32_t hosts;
    uint32_t shut[TW_ROUTE_CLASS_COUNT]; /* hosts that are open or forced open, by class */
    uint64_t panics;                     /* requests that the panic rule let through */
} tw_breaker_set_figures;

TW_BEGIN_DECLS

/* 64 hosts, one in 20 in a panic, four breakers as by tw_breaker_config_default, that of cancels in
 * TW_BREAKER_METRICS_ONLY. */
TW_API tw_breaker_set_config tw_breaker_set_config_default(void);

/* Makes an empty set. A NULL allocator is the system's. TW_RANGE for a host_max or a breaker
 * outside of its limits, TW_INVALID for a breaker with an on_change of its own, TW_NO_MEMORY. */
TW_API tw_status tw_breaker_set_new(const tw_allocator *allocator,
                                    const tw_breaker_set_config *config, tw_breaker_set **ret_set,
                                    tw_error *error) TW_MUST_CHECK;

/* NULL is ignored. No thread may still use the set or its breakers. */
TW_API void tw_breaker_set_free(tw_breaker_set *set);

/*
 * The breakers of a host, made if it is new; whether letters are small makes no difference. `pool`
 * is 0 for a host that stands alone, or 1 to host_max; that of a known host stays as it is.
 * Borrowed, and good as long as the set. TW_INVALID for a name that is empty, too long or holds a
 * NUL, TW_RANGE for a pool above host_max, TW_FULL.
 */
TW_API tw_status tw_breaker_set_host(tw_breaker_set *set, tw_slice host, uint16_t port,
                                     uint32_t pool, tw_breaker_host **ret_host) TW_MUST_CHECK;

/* The breakers of a host that was asked for before, or NULL. */
TW_API tw_breaker_host *tw_breaker_set_find(tw_breaker_set *set, tw_slice host,
                                            uint16_t port) TW_MUST_CHECK;

/* As tw_breaker_acquire, and the panic rule. */
TW_API tw_status tw_breaker_host_acquire(tw_breaker_host *host, tw_route_class route,
                                         int64_t now_ns,
                                         tw_breaker_permit *ret_permit) TW_MUST_CHECK;

/* As tw_breaker_release, of the class that the permit was for. */
TW_API tw_breaker_outcome tw_breaker_host_release(tw_breaker_host *host, tw_route_class route,
                                                  tw_breaker_permit *permit,
                                                  const tw_breaker_answer *answer, int64_t now_ns);

/* One breaker, to look at, force or reset. */
TW_API tw_breaker *tw_breaker_host_breaker(tw_breaker_host *host, tw_route_class route);

/* Shows every breaker, hosts in the order in which they were made. */
TW_API void tw_breaker_set_each(tw_breaker_set *set, tw_breaker_set_visitor visitor, void *context);

/* Moves on what time has brought to any of them; returns how many changed. */
TW_API uint32_t tw_breaker_set_turn(tw_breaker_set *set, int64_t now_ns);

TW_API void tw_breaker_set_figures_of(const tw_breaker_set *set,
                                      tw_breaker_set_figures *ret_figures);

/* "cancel", "submit", "query", "data". Never NULL. */
TW_API const char *tw_route_class_word(tw_route_class route);

TW_END_DECLS

TW_DEFINE_AUTO(tw_breaker_set, tw_breaker_set_free)

#endif
