/*
 * pool.h - leases of resources that are slow to make: connections, sessions, sockets, files.
 *
 * The pool knows no database. It is given callbacks that open, close, validate and reset one
 * resource, and lends each resource to one caller at a time.
 *
 *     tw_pool_affinity mine = {0};                  one a thread, kept between acquisitions
 *     tw_pool_lease lease;
 *     if (tw_pool_acquire(pool, now_ns + TW_NS_PER_SECOND, &mine, &lease, &error) != TW_OK) ...
 *     query(lease.resource);
 *     lease.dirty |= CHANGED_SCHEMA;                what `reset` has to put right
 *     tw_pool_release(pool, &lease);
 *
 * Growth. A caller who finds nothing idle waits; he does not open. Resources are opened in
 * tw_pool_turn, one a turn, by whoever owns the pool, and a resource that comes back meanwhile
 * serves the oldest waiter. Whether there is still somebody to serve is looked at again before each
 * opening, so a spike of short uses is served by what is there. The owner's thread:
 *
 *     for (;;) {
 *         tw_pool_turn(pool, tw_waiter_now_ns(NULL));
 *         (sleep until tw_pool_next_ns(pool), or until the hook on_work has been called)
 *     }
 *
 * The owner asks for tw_pool_next_ns after the turn: work that this already tells of is not
 * announced by on_work again. An owner without such a thread sets `caller_opens`: a caller who
 * waits and finds room then opens by himself (and may be away in open() while a resource that could
 * have served him comes back; it is kept for him), and who retires a resource closes it. Without
 * any turn, idle times, keep-alive and leak reports rest, and asynchronous requests are not
 * answered.
 *
 * Fairness. Waiters, synchronous or not, stand in one queue and are served in the order in which
 * they came. Without waiters a caller takes the resource that `affinity` remembers, else the idle
 * one of the lowest number, without a lock. With waiters nobody takes anything past them: of those
 * who ask after a waiter has queued, none is served before him. A resource that has come back and
 * turns out to be dead puts its waiter back to his old place.
 *
 * Ageing. A resource that lay idle for `validate_after_ns`, or is past its lifetime, is validated
 * before it is lent; if that fails, it is closed and the next is tried. Lifetimes end when a
 * resource comes back or in a sweep of the turn, never in use. Sweeps come each `sweep_ns`. To
 * avoid storms, at most an eighth of size_max (at least one) is closed for idleness or lifetime in
 * one `sweep_ns`; the rest goes on being validated and follows later.
 *
 * Clock jumps. A turn that comes TW_POOL_JUMP_NS later than the next sweep was due is taken for a
 * jump (the machine stood still): for leak reports only one `sweep_ns` of it counts. What lay idle
 * is validated before use, and what is past its time goes at the pace above. An owner who turns
 * more rarely than that sees leaks reported later, and nothing else.
 *
 * Forking. A child has the same descriptors as its parent and none of its threads. The pool cannot
 * notice a fork: a child must neither use nor free the pool, but make its own.
 *
 * Memory: all at creation: 128 bytes a resource, about 100 bytes a waiter.
 * Cost: acquire and release without waiters: one locked instruction and one reading of the clock
 * each, no lock, no system call; a search over size_max words if the remembered resource is taken.
 * With waiters: a short lock, and a wake-up per hand-over.
 * Threads: every function may be called from any thread, but tw_pool_new and tw_pool_free. All
 * callbacks and hooks are called without any lock of the pool, so they may call the pool again
 * (except that on_lease may not drain).
 * Source: the behaviours are those that HikariCP made standard (its documents "Down the Rabbit
 * Hole" and "Welcome to the Jungle"), with first-come-first-served added.
 */
#ifndef TRADEWIND_POOL_H
#define TRADEWIND_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/wait.h"

#define TW_POOL_SIZE_MAX 4096
#define TW_POOL_WAITER_MAX 65536
#define TW_POOL_NS_MAX (INT64_C(1) << 60) /* the longest span of a configuration, 36 years */
#define TW_POOL_JUMP_NS INT64_C(10000000000)

typedef struct tw_pool tw_pool;

/* Why a resource was closed. */
typedef enum tw_pool_cause {
    TW_POOL_IDLE,     /* idle for idle_ns_max */
    TW_POOL_LIFETIME, /* lifetime_ns_max ended */
    TW_POOL_INVALID,  /* validate said no */
    TW_POOL_UNRESET,  /* reset said no, or there is none and it came back dirty */
    TW_POOL_BROKEN,   /* tw_pool_discard */
    TW_POOL_EVICTED,  /* tw_pool_evict */
    TW_POOL_DRAINED,  /* tw_pool_drain or tw_pool_free */
    TW_POOL_CAUSE_COUNT
} tw_pool_cause;

/* What tw_pool_new does about the first `size_min` resources. */
typedef enum tw_pool_start {
    TW_POOL_START_LATER, /* opens none: the turn does */
    TW_POOL_START_TRY,   /* opens them; after a failure goes on without the rest */
    TW_POOL_START_MUST   /* opens them; a failure is the failure of tw_pool_new */
} tw_pool_start;

/* One lease as reports show it. `site` is where it was acquired, "file:line". */
typedef struct tw_pool_lease_info {
    void *resource;
    const char *site;
    int64_t age_ns;
    bool returned; /* on_leak only: it came back after all */
} tw_pool_lease_info;

/* The resource. `open` may block until the deadline (monotonic) and should not much longer; its
 * resource may be any pointer. `close` may block too. `validate` and `reset` say whether the
 * resource may be lent (again); NULL: it always may, and a dirty one is closed. */
typedef struct tw_pool_resource {
    tw_status (*open)(void *context, int64_t deadline_ns, void **ret_resource, tw_error *error);
    void (*close)(void *context, void *resource);
    bool (*validate)(void *context, void *resource, int64_t deadline_ns);
    bool (*reset)(void *context, void *resource, uint32_t dirty);
    void *context;
} tw_pool_resource;

/* What the owner may want to hear; each may be NULL. Spans go into whatever histogram he keeps. */
typedef struct tw_pool_hooks {
    void (*on_work)(void *context);                      /* a turn is wanted now */
    void (*on_acquired)(void *context, int64_t wait_ns); /* 0: there was no waiting */
    void (*on_released)(void *context, int64_t use_ns);
    void (*on_opened)(void *context, int64_t open_ns, tw_status status);
    void (*on_closed)(void *context, tw_pool_cause cause);
    /* Once for a lease that is older than leak_after_ns, from the turn; once more, `returned`,
     * when it comes back, from there. The two may overlap if that happens just then. */
    void (*on_leak)(void *context, const tw_pool_lease_info *info);
    void *context;
} tw_pool_hooks;

/* Spans are nanoseconds, 0 to TW_POOL_NS_MAX; 0 means the default. */
typedef struct tw_pool_config {
    tw_pool_resource resource; /* open and close must be there */
    tw_pool_hooks hooks;
    const tw_waiter *waiter;   /* NULL: the system's. Borrowed */
    uint32_t size_min;         /* kept open; equal to size_max: a pool of fixed size */
    uint32_t size_max;         /* 1 to TW_POOL_SIZE_MAX */
    uint32_t waiter_max;       /* 1 to TW_POOL_WAITER_MAX; 0: 1024 */
    uint32_t opening_max;      /* opened at once; 0: one, or size_max with caller_opens */
    tw_pool_start start;       /* default: later */
    bool caller_opens;         /* see above */
    uint64_t seed;             /* of all jitter */
    int64_t idle_ns_max;       /* closed when idle so long, down to size_min; 0: never */
    int64_t lifetime_ns_max;   /* less up to 2.5 % by jitter; 0: for ever */
    int64_t validate_after_ns; /* 0: 500 ms; 1: always */
    int64_t keepalive_ns;      /* validated by the turn when idle so long, +-10 %; 0: never */
    int64_t leak_after_ns;     /* 0: nothing is a leak */
    int64_t open_ns_max;       /* given to open and validate as deadline; 0: 5 s */
    int64_t backoff_ns_min;    /* after a failed open, doubling; 0: 100 ms */
    int64_t backoff_ns_max;    /* 0: 5 s, or backoff_ns_min if that is more */
    int64_t sweep_ns;          /* 0: 1 s */
} tw_pool_config;

/* Remembers the resource that its owner, usually a thread, had last. Zero it to make it. */
typedef struct tw_pool_affinity {
    uint32_t place;
} tw_pool_affinity;

/* One lease. `dirty` is yours to set; a copy is the same lease and goes back only once. */
typedef struct tw_pool_lease {
    void *resource;
    tw_pool *pool;
    uint64_t ticket;
    uint32_t slot;
    uint32_t dirty;
} tw_pool_lease;

/* An asynchronous request. A number is never used for two in 2^32 uses of its place. */
typedef struct tw_pool_request {
    uint64_t number;
} tw_pool_request;

/* The answer to a request: TW_OK and a lease, which is now yours; else no lease (NULL) and an
 * error: TW_TIMEOUT or TW_CLOSED. */
typedef void (*tw_pool_on_lease)(void *context, tw_status status, const tw_pool_lease *lease,
                                 const tw_error *error);

/* Figures. Counts since creation; spans are sums and maxima in nanoseconds. */
typedef struct tw_pool_figures {
    uint32_t idle;
    uint32_t leased; /* lent, or about to be: being validated or handed over */
    uint32_t opening;
    uint32_t closing; /* to be closed, or being closed */
    uint32_t pending; /* waiters in the queue */
    uint32_t size_max;
    uint64_t acquired;
    uint64_t waited; /* of these, after standing in the queue */
    int64_t wait_ns_sum;
    int64_t wait_ns_max;
    int64_t use_ns_sum; /* of leases that ended */
    int64_t use_ns_max;
    uint64_t timeouts;
    uint64_t cancelled;
    uint64_t refused; /* the queue was full */
    uint64_t opened;
    uint64_t open_failures;
    int64_t open_ns_sum; /* of openings that succeeded */
    int64_t open_ns_max;
    uint64_t closed[TW_POOL_CAUSE_COUNT];
    uint64_t validations;
    uint64_t validation_failures;
    uint64_t leaks;
    uint64_t leaks_returned;
    uint64_t clock_jumps;
} tw_pool_figures;

TW_BEGIN_DECLS

/*
 * Makes a pool, and opens resources as `start` says. A NULL allocator is the system's. TW_RANGE
 * for a size or span outside of its limits, TW_INVALID without open or close, TW_NO_MEMORY; with
 * TW_POOL_START_MUST also what `open` returned. All that was opened is closed again on failure.
 */
TW_API tw_status tw_pool_new(const tw_allocator *allocator, const tw_pool_config *config,
                             tw_pool **ret_pool, tw_error *error) TW_MUST_CHECK;

/* Closes what is idle and gives everything back. NULL is ignored. A lease that is still out, a
 * waiter or an unanswered request is a programmer error: drain first, cancel or turn. */
TW_API void tw_pool_free(tw_pool *pool);

/*
 * Leases a resource, waiting until `deadline_ns` of the waiter's clock (TW_WAIT_FOREVER is refused
 * as a programmer error: every wait has an end; a deadline that has passed takes what is there).
 * `affinity` may be NULL. `site` is kept as a pointer: a literal. TW_TIMEOUT, with the last failure
 * of `open` in the sentence, if there was one since the last success; TW_FULL when waiter_max
 * callers wait; TW_CLOSED once the pool drains.
 */
TW_API tw_status tw_pool_acquire_at(tw_pool *pool, const char *site, int64_t deadline_ns,
                                    tw_pool_affinity *affinity, tw_pool_lease *ret_lease,
                                    tw_error *error) TW_MUST_CHECK;

/* Leases a resource if one is idle and nobody waits. May validate, never opens, never queues.
 * TW_EMPTY, also while suspended; TW_CLOSED once the pool drains. */
TW_API tw_status tw_pool_try_at(tw_pool *pool, const char *site, tw_pool_affinity *affinity,
                                tw_pool_lease *ret_lease) TW_MUST_CHECK;

/*
 * Asks for a lease. `on_lease` is called exactly once, from tw_pool_turn or tw_pool_drain, never
 * from here, unless the request is cancelled before. The deadline is kept to the turn's precision.
 * TW_FULL, TW_CLOSED: nothing will be called.
 */
TW_API tw_status tw_pool_ask_at(tw_pool *pool, const char *site, int64_t deadline_ns,
                                tw_pool_on_lease on_lease, void *context,
                                tw_pool_request *ret_request) TW_MUST_CHECK;

/* The three with the caller's place as site. */
#define tw_pool_acquire(pool, deadline_ns, affinity, ret_lease, error) \
    tw_pool_acquire_at((pool), TW_POOL_SITE, (deadline_ns), (affinity), (ret_lease), (error))
#define tw_pool_try(pool, affinity, ret_lease) \
    tw_pool_try_at((pool), TW_POOL_SITE, (affinity), (ret_lease))
#define tw_pool_ask(pool, deadline_ns, on_lease, context, ret_request) \
    tw_pool_ask_at((pool), TW_POOL_SITE, (deadline_ns), (on_lease), (context), (ret_request))
#define TW_POOL_SITE __FILE__ ":" TW_POOL_TEXT(__LINE__)
#define TW_POOL_TEXT(number) TW_POOL_TEXT_OF(number)
#define TW_POOL_TEXT_OF(number) #number

/* Takes a request back. TW_OK: its callback will not be called. TW_NOT_FOUND: it is answered, or
 * just being answered. */
TW_API tw_status tw_pool_cancel(tw_pool *pool, tw_pool_request request) TW_MUST_CHECK;

/* Gives a lease back; resets the resource first if it is dirty. The lease is empty afterwards. A
 * lease that is not out, or is of another pool, is a programmer error. */
TW_API void tw_pool_release(tw_pool *pool, tw_pool_lease *lease);

/* Gives a lease back whose resource is known to be broken: it is closed, not lent again. */
TW_API void tw_pool_discard(tw_pool *pool, tw_pool_lease *lease);

/*
 * One turn of the house-keeping: the sweep if it is due, what has to be closed, keep-alive, answers
 * to requests, and at most one opening; the resource's functions may block. `now_ns` is of the
 * pool's waiter. Returns how many things were done. Several threads may turn: while one opens,
 * another keeps house or opens too; while one keeps house, another's call returns 0 at once.
 */
TW_API uint32_t tw_pool_turn(tw_pool *pool, int64_t now_ns);

/* When the next turn is due; 0 (long past) when there is work now. */
TW_API int64_t tw_pool_next_ns(tw_pool *pool);

/* From now on callers wait (until resumed, or their deadline), and tw_pool_try says TW_EMPTY. What
 * is leased stays leased. Suspending twice is harmless, and so is resuming what is not suspended.
 */
TW_API void tw_pool_suspend(tw_pool *pool);
TW_API void tw_pool_resume(tw_pool *pool);

/* Soft: what is idle will be closed now (by the next turn, or here with caller_opens), what is
 * leased or being opened, when it comes back. Who asks afterwards gets a new resource. Returns how
 * many were idle. */
TW_API uint32_t tw_pool_evict(tw_pool *pool);

/*
 * The end: no new lease; waiters get TW_CLOSED; what comes back is closed. Turns the pool by itself
 * and waits until all is closed or the deadline (not TW_WAIT_FOREVER) has passed: then TW_TIMEOUT
 * and, in `*ret_out` (may be NULL), how many leases are still out. May be called again.
 */
TW_API tw_status tw_pool_drain(tw_pool *pool, int64_t deadline_ns, uint32_t *ret_out) TW_MUST_CHECK;

/* Shows each lease that is out, in no order. Leases may come and go meanwhile. */
TW_API void tw_pool_each_lease(tw_pool *pool,
                               void (*visit)(void *context, const tw_pool_lease_info *info),
                               void *context);

/* The figures. Those of threads that work meanwhile may be a little older than others. */
TW_API void tw_pool_figures_of(tw_pool *pool, tw_pool_figures *ret_figures);

/* Asserts the invariants. Other threads may work meanwhile. */
TW_API void tw_pool_check(tw_pool *pool);

TW_END_DECLS

TW_DEFINE_AUTO(tw_pool, tw_pool_free)

#endif
