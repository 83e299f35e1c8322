/*
 * pool_priv.h - what the files of the pool share: slots, waiters, the gate.
 *
 * A slot is the place of one resource. Its word holds a state and a ticket that grows with each
 * claim, so a word that is seen twice unchanged means that nothing happened in between, and a lease
 * (which knows its ticket) can only go back once.
 *
 *              open_begin         open_end                   claim
 *      EMPTY ------------> OPENING --------> IDLE ----------------------> CLAIMED
 *        ^                  |  |              | ^                          |  |  |
 *        +--open_end failed-+  |  retire_idle | |  put_back (kept alive,   |  |  | lend
 *        |                     |  (sweep,     | |  or an answer cancelled) |  |  v
 *        |     open_end:       |   evict,     | +--------------------------+  | LEASED
 *        |     evicted or      |   drain)     | ^                             |  | |
 *        |     draining        v              v |  give_back (release)        |  | |
 *        |                    RETIRED <-------- | <---------------------------+  | |
 *        |  close_one           |    ^          | retire (failed validation)     | |
 *        +------- CLOSING <-----+    |          +--------------------------------+ |
 *                      close_one     +------------ retire (release, discard) ------+
 *
 *      RUNNING <--tw_pool_suspend, tw_pool_resume--> SUSPENDED
 *         |                                              |
 *         +---------------- tw_pool_drain ---------------+--> DRAINING --(last close_one)-->
 * drained
 *
 * Invariants
 *   1. Whoever moved a slot to OPENING, CLAIMED, LEASED or CLOSING owns its fields until he moves
 *      it on. Fields that the sweep reads beside the owner are atomic, and are believed only if
 *      the word is the same before and after.
 *   2. Only IDLE -> CLAIMED and LEASED -> IDLE happen without the lock.
 *   3. The gate is the epoch of evictions (high half), two flags and the number of waiters. It is
 *      written under the lock. A slot's `pass` is the gate with the epoch of its resource and
 *      nothing else: gate == pass says at once that nobody waits, that the pool is running, and
 *      that the resource was not evicted.
 *   4. Who makes a slot IDLE without the lock looks at the gate afterwards; who changes the gate
 *      looks for idle slots afterwards; all four accesses are sequentially consistent. So one of
 *      the two sees the other, and no waiter sleeps beside an idle resource.
 *   5. Who claims without the lock has read a gate without waiters before. So he had asked before
 *      any waiter whom he passes had queued.
 *   6. No callback, hook or wake-up happens under the lock.
 */
#ifndef TRADEWIND_POOL_PRIV_H
#define TRADEWIND_POOL_PRIV_H

#include "tradewind/pool.h"

#define LINE_PAIR 128

enum slot_state {
    SLOT_EMPTY,
    SLOT_OPENING,
    SLOT_IDLE,
    SLOT_CLAIMED,
    SLOT_LEASED,
    SLOT_RETIRED,
    SLOT_CLOSING
};

#define STATE_BITS 3
#define STATE_MASK ((UINT64_C(1) << STATE_BITS) - 1)

#define GATE_SUSPENDED (UINT64_C(1) << 31)
#define GATE_DRAINING (UINT64_C(1) << 30)
#define GATE_EPOCH_SHIFT 32
#define GATE_SHUT_MASK ((UINT64_C(1) << GATE_EPOCH_SHIFT) - 1) /* flags and waiters */

struct slot {
    _Alignas(LINE_PAIR) uint64_t word; /* ticket and state */
    uint64_t pass;                     /* invariant 3 */
    void *resource;                    /* atomic: the sweep and reports */
    int64_t since_ns;                  /* atomic: idle, or leased, since */
    int64_t expires_ns;                /* atomic: end of the lifetime */
    const char *site;                  /* atomic: of the lease */
    uint64_t leak_ticket;              /* atomic: the lease that was reported, else 0 */
    int64_t trusted_until_ns;          /* to be validated from then on */
    uint64_t lease_count;              /* atomic, of the owner */
    int64_t use_ns_sum;
    int64_t use_ns_max;
    /* Of the turn. */
    uint64_t swept_ticket; /* the lease that the last sweep saw, and how old it was then */
    int64_t swept_age_ns;
    uint64_t told_ticket; /* the last lease that was reported */
    int64_t kept_ns;      /* last kept alive */
    /* Of the owner. */
    tw_pool_cause cause;
};

enum node_state { NODE_FREE, NODE_QUEUED, NODE_SETTLED, NODE_ANSWERING };

/* What a synchronous waiter's word says. */
enum { WORD_WAITING = 0, WORD_SETTLED = 1, WORD_NUDGED = 2 };

/* One waiter. A list is doubly linked; free ones are chained by `next`. */
struct node {
    struct node *next;
    struct node *previous;
    uint64_t sequence; /* order of arrival */
    uint32_t word;
    uint32_t generation;
    enum node_state state;
    tw_status status;
    struct slot *slot;
    const char *site;
    int64_t asked_ns;
    int64_t deadline_ns;
    tw_pool_on_lease on_lease; /* NULL: synchronous */
    void *context;
};

struct list {
    struct node *first;
    struct node *last;
    uint32_t count;
};

struct tw_pool {
    /* Read by all, written seldom. */
    _Alignas(LINE_PAIR) uint64_t gate;
    struct slot *slots;
    struct node *nodes;
    const tw_waiter *waiter;
    tw_pool_config config; /* with the defaults filled in */
    const tw_allocator *allocator;

    /* Under the lock. */
    _Alignas(LINE_PAIR) tw_lock lock;
    struct list queue;   /* by sequence */
    struct list settled; /* asynchronous, not yet answered */
    struct node *free_nodes;
    uint64_t sequence;
    uint32_t epoch;
    bool suspended;
    bool draining;
    bool turning;     /* a thread is in tw_pool_turn */
    bool answering;   /* and has taken requests out of `settled` to answer them */
    bool told_work;   /* the owner knows that something is to be closed or answered */
    bool told_growth; /* and that something is to be opened */
    uint32_t live;    /* slots OPENING to LEASED */
    uint32_t opening; /* of these */
    uint32_t retired; /* slots RETIRED */
    uint32_t closing; /* slots CLOSING */
    uint32_t aged;    /* closed for age since aged_from_ns */
    int64_t aged_from_ns;
    int64_t swept_ns;        /* of the turn */
    int64_t sweep_at_ns;     /* atomic, written by the turn */
    int64_t backoff_ns;      /* 0: the last opening succeeded */
    int64_t open_not_before; /* monotonic */
    uint64_t open_number;
    tw_error last_error;     /* of open; status TW_OK: none since the last success */
    tw_pool_figures figures; /* those that are counted under the lock */
    bool asked;              /* a request has come: the owner's next_ns may be too late */
    bool drain_moved;        /* drain has something to look at */

    /* Atomic. */
    uint32_t drain_word; /* waited on by drain */
    uint64_t validations;
    uint64_t validation_failures;
    uint64_t leaks;
    uint64_t leaks_returned;
    uint64_t clock_jumps;
};

/* What a caller brings into the queue. */
struct ask {
    const char *site;
    int64_t now_ns;
    int64_t deadline_ns;
    tw_pool_on_lease on_lease;
    void *context;
};

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

static inline enum slot_state word_state(uint64_t word) {
    return (enum slot_state)(word & STATE_MASK);
}

static inline uint64_t word_with(uint64_t word, enum slot_state state) {
    return (word & ~STATE_MASK) | (uint64_t)state;
}

static inline enum slot_state slot_state(const struct slot *slot) {
    return word_state(LOAD(slot->word));
}

/* The owner moves his slot on. */
static inline void slot_move(struct slot *slot, enum slot_state state) {
    STORE(slot->word, word_with(LOAD(slot->word), state));
}

static inline int64_t earlier_ns(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* pool.c */
bool pool_claim(struct slot *slot);
bool pool_claim_seen(struct slot *slot, uint64_t word);
bool pool_vet(tw_pool *pool, struct slot *slot, int64_t now_ns, int64_t deadline_ns);
bool pool_validate(tw_pool *pool, struct slot *slot, int64_t deadline_ns);
void pool_trust(tw_pool *pool, struct slot *slot, int64_t now_ns);
void pool_lend(struct slot *slot, const char *site, int64_t now_ns);
tw_pool_lease pool_lease_of(tw_pool *pool, struct slot *slot);

/* pool_slots.c. `locked`: the lock is held. */
void pool_retire_locked(tw_pool *pool, struct slot *slot, tw_pool_cause cause);
void pool_put_back_locked(tw_pool *pool, struct slot *slot);
void pool_tidy_locked(tw_pool *pool, struct slot *slot);
uint32_t pool_retire_idle_locked(tw_pool *pool, tw_pool_cause cause);
bool pool_may_age_locked(tw_pool *pool, int64_t now_ns);
bool pool_wants_open_locked(const tw_pool *pool);
int64_t pool_open_due_ns(tw_pool *pool);
void pool_retire(tw_pool *pool, struct slot *slot, tw_pool_cause cause);
tw_status pool_open_one(tw_pool *pool, int64_t deadline_ns, bool *ret_tried);
bool pool_close_one(tw_pool *pool);
int64_t pool_jitter_ns(const tw_pool *pool, uint64_t number, int64_t span_ns);

/* pool_queue.c. To leave is to serve who can be served, to let the lock go, and then to wake and
 * tell; with caller_opens pool_leave also closes what was retired, pool_leave_only does not. */
void pool_enter(tw_pool *pool);
void pool_leave(tw_pool *pool);
void pool_leave_only(tw_pool *pool);
void pool_publish_locked(tw_pool *pool);
void pool_settle_locked(tw_pool *pool, struct node *node, tw_status status);
void pool_requeue_locked(tw_pool *pool, struct node *node);
void pool_free_node_locked(tw_pool *pool, struct node *node);
void pool_unlink(struct list *list, struct node *node);
tw_status pool_wait(tw_pool *pool, struct ask *ask, struct slot **ret_slot, tw_error *error);
void pool_count_wait_locked(tw_pool *pool, int64_t wait_ns);
void pool_explain(tw_pool *pool, tw_status status, tw_error *error);

#endif
