/*
 * cache.h - remembers answers for a while: a bounded, sharded cache with one loader a key.
 *
 * The whole of it in one call: the value if it is known, else whatever the loader says, which is
 * then known to everybody.
 *
 *     tw_cache_config config = tw_cache_config_default();
 *     config.ttl_ns = 300 * TW_NS_PER_SECOND;
 *     tw_cache *cache = NULL;
 *     tw_status status = tw_cache_new(NULL, &config, NULL, &cache);
 *     ...
 *     tw_cache_loader loader = {.load = ask_venue, .context = venue, .wait_ns = TW_NS_PER_SECOND};
 *     double beta = 0;
 *     tw_cache_value value = {.bytes = &beta, .capacity = sizeof(beta)};
 *     status = tw_cache_memoize(cache, tw_cache_key_number(symbol), now_ns, &loader, &value);
 *
 * What one entry goes through:
 *
 *     FRESH --refresh_percent of the TTL--> DUE --TTL +- jitter--> EXPIRED --grace_ns--> gone
 *
 *     FRESH    a hit
 *     DUE      a hit; one caller is told to refresh (get) or does it (memoize), once
 *     EXPIRED  a miss, but the old value is there for the case that loading fails
 *
 * A negative entry remembers that a key is missing, or that loading failed. It has a TTL of its
 * own, is never due and has no grace.
 *
 * The jitter of a key is always the same, and differs between keys: what was put at once does not
 * expire at once.
 *
 * One load a key: callers who miss a key while it is being loaded wait for that load, each with a
 * deadline of his own, and share its outcome, be it a failure. The next caller after a failure
 * loads anew.
 *
 * Never a stale answer after an acknowledged change: put and all functions of dropping end what is
 * being loaded for the keys that they name. Such a load is not stored, and whoever calls after them
 * does not join it; its callers of before still get its outcome. (Who loads by himself and then
 * puts says by that how new his value is: only memoize knows when a load began.)
 *
 * Bounds: a count of entries and, if wanted, a sum of weights. At either, an entry is evicted as
 * the policy says; under W-TinyLFU that can be the new one, if it is asked for less often than the
 * one it would displace. Each shard has an equal part of both bounds, and keys fall on shards by
 * their hash: with many shards leave some per cent of room. Sources of W-TinyLFU: Einziger,
 * Friedman, Manes, TinyLFU: A Highly Efficient Cache Admission Policy (ACM Transactions on Storage
 * 13(4), 2017).
 *
 * Time: `now_ns` is monotonic, given by the caller, and never read here on a hit. A call that loads
 * reads the waiter's clock, to count the time of the load and to end waits; `now_ns` comes from
 * the same clock. A loaded value lives from the `now_ns` of its call, before it was loaded.
 *
 * Memory: all at tw_cache_new. An entry takes 24 bytes and the sizes of key and value, rounded up
 * to 64, and 70 to 100 bytes beside; a load as much as an entry; a shard 1.5 KB.
 *
 * Cost: a hit takes no lock: hash, one or two probes, the copy, one atomic addition. If a writer
 * changes the same shard meanwhile it is tried again, and after four times under the lock. Hits are
 * told to the policy in batches of 16, lossy: each hit, but only one in 64 once nothing was evicted
 * for ten hits an entry. Put and drop O(1) and one lock; drop_tag O(entries of the
 * tag); drop_prefix and clear O(capacity). Expired entries are swept away by puts, two places each,
 * or by tw_cache_turn.
 *
 * Threads: all functions but new and free from any thread. The loader and the removal function are
 * called without a lock and may call the cache; a loader that asks for its own key waits for itself
 * until its deadline. When threads change one key at once, its removals may be told in another
 * order than that in which they happened.
 */
#ifndef TRADEWIND_CACHE_H
#define TRADEWIND_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"
#include "tradewind/wait.h"

#define TW_CACHE_ENTRY_MAX ((size_t)1 << 26)
#define TW_CACHE_KEY_SIZE_MAX ((size_t)1024)
#define TW_CACHE_VALUE_SIZE_MAX ((size_t)1 << 20)
#define TW_CACHE_SHARD_MAX ((size_t)256)
#define TW_CACHE_LOAD_MAX ((size_t)4096)
#define TW_CACHE_FOREVER INT64_MAX /* a TTL that does not end */

typedef struct tw_cache tw_cache;

/* A number (bytes NULL) or a string of bytes; they never equal each other. */
typedef struct tw_cache_key {
    const void *bytes;
    uint64_t number; /* or the count of bytes */
} tw_cache_key;

static inline tw_cache_key tw_cache_key_number(uint64_t number) {
    tw_cache_key key = {NULL, number};
    return key;
}

/* `bytes` is not NULL, even if `size` is 0. Borrowed for the call. */
static inline tw_cache_key tw_cache_key_bytes(const void *bytes, size_t size) {
    tw_cache_key key = {bytes, size};
    return key;
}

/* Where a value goes: `bytes` and `capacity` are the caller's, the rest is filled. */
typedef struct tw_cache_value {
    void *bytes;
    size_t capacity;
    size_t size;
    bool stale;   /* expired, but loading has failed */
    bool refresh; /* tw_cache_get: this caller should load it and put it */
} tw_cache_value;

/* What comes with a put; all zero, and a NULL pointer to it, are the defaults. */
typedef struct tw_cache_options {
    int64_t ttl_ns;  /* 0: the cache's; TW_CACHE_FOREVER */
    uint32_t weight; /* 0 means 1 */
    uint64_t tag;    /* for tw_cache_drop_tag; 0: none */
} tw_cache_options;

/* What a loader fills. */
typedef struct tw_cache_load {
    void *bytes;     /* the value goes here, */
    size_t capacity; /* the cache's value_size_max bytes at most, */
    size_t size;     /* so many were written (0 at first) */
    int64_t ttl_ns;  /* 0 at first: the cache's for this outcome */
    uint32_t weight; /* 1 at first */
} tw_cache_load;

typedef struct tw_cache_loader {
    /* TW_OK: the value. TW_NOT_FOUND: known to be missing. Any other: loading failed. */
    tw_status (*load)(void *context, tw_cache_key key, tw_cache_load *load);
    void *context;
    int64_t wait_ns; /* how long this caller waits for a load of another; TW_WAIT_FOREVER */
    uint64_t tag;    /* of what is loaded; for one key always the same */
} tw_cache_loader;

/* Why an entry went. */
typedef enum tw_cache_cause {
    TW_CACHE_REPLACED,       /* by a newer value of its key */
    TW_CACHE_EXPIRED,        /* and the grace is over */
    TW_CACHE_EVICTED_COUNT,  /* entry_max */
    TW_CACHE_EVICTED_WEIGHT, /* weight_max */
    TW_CACHE_INVALIDATED,    /* dropped, by key, prefix or tag, or found missing by a load */
    TW_CACHE_CLEARED,        /* by tw_cache_clear or tw_cache_free */
    TW_CACHE_CAUSE_COUNT
} tw_cache_cause;

typedef struct tw_cache_removal {
    tw_cache_key key; /* borrowed, as is `bytes`, until the function returns */
    const void *bytes;
    size_t size;
    tw_status status; /* TW_OK, or what a negative entry remembered */
    tw_cache_cause cause;
} tw_cache_removal;

typedef enum tw_cache_policy { TW_CACHE_TINYLFU, TW_CACHE_LRU, TW_CACHE_FIFO } tw_cache_policy;

typedef struct tw_cache_config {
    size_t entry_max;      /* 1 to TW_CACHE_ENTRY_MAX */
    uint64_t weight_max;   /* 0: weights have no bound */
    size_t key_size_max;   /* 0: numbers only; to TW_CACHE_KEY_SIZE_MAX */
    size_t value_size_max; /* 1 to TW_CACHE_VALUE_SIZE_MAX */
    size_t shard_count;    /* a power of two, to TW_CACHE_SHARD_MAX and entry_max; 0: one for each
                            * 4096 entries, 16 at most */
    size_t load_max;       /* loads that may run at once in a shard; 1 to TW_CACHE_LOAD_MAX */
    tw_cache_policy policy;
    int64_t ttl_ns;           /* above 0; TW_CACHE_FOREVER */
    int64_t missing_ttl_ns;   /* of "known to be missing" (TW_NOT_FOUND); 0: not remembered */
    int64_t error_ttl_ns;     /* of any other failed load: how long it is not tried again; 0 */
    int64_t grace_ns;         /* how long after expiry a value serves if loading fails; 0: not */
    uint32_t jitter_percent;  /* of the TTL, up and down; 0 to 50 */
    uint32_t refresh_percent; /* of the TTL, after which one caller refreshes; 0: off; to 99 */
    uint64_t seed;            /* of hashes and jitter; a secret one when strangers choose keys */
    void (*removed)(void *context, const tw_cache_removal *removal); /* may be NULL */
    void *removed_context;
} tw_cache_config;

typedef struct tw_cache_statistics {
    uint64_t hits;          /* fresh values */
    uint64_t negative_hits; /* remembered failures */
    uint64_t stale_hits;    /* old values, because loading failed */
    uint64_t misses;        /* neither of these three at first sight */
    uint64_t coalesced;     /* of these, those who joined a load of another */
    uint64_t loads_ok;      /* TW_NOT_FOUND is an answer, too */
    uint64_t loads_failed;
    uint64_t loads_unstored; /* ended by a put or a drop of their key, or without room */
    uint64_t load_ns;        /* sum over all loads */
    uint64_t refused;        /* entries too heavy or without a place; loads beyond load_max */
    uint64_t removed[TW_CACHE_CAUSE_COUNT];
    uint64_t entry_count; /* now, expired ones included */
    uint64_t weight;      /* now */
} tw_cache_statistics;

TW_BEGIN_DECLS

/* 10,000 entries, keys of 32 and values of 64 bytes at most, 16 loads a shard, W-TinyLFU, TTL 60 s
 * +- 10 %, missing 5 s, no memory of errors, no grace, no refreshing ahead. */
TW_API tw_cache_config tw_cache_config_default(void);

/* Makes an empty cache. A NULL allocator or waiter is the system's. TW_RANGE for a configuration
 * outside of the limits above, TW_NO_MEMORY. */
TW_API tw_status tw_cache_new(const tw_allocator *allocator, const tw_cache_config *config,
                              const tw_waiter *waiter, tw_cache **ret_cache) TW_MUST_CHECK;

/* Clears it and gives everything back. NULL is ignored. All other threads must have let go. What
 * the removal function puts meanwhile goes without being told. */
TW_API void tw_cache_free(tw_cache *cache);

/*
 * The value of a key. TW_OK; TW_EMPTY when nothing is known; the remembered status of a negative
 * entry (TW_NOT_FOUND, or what was put); TW_OVERFLOW when the value is larger than `capacity`, and
 * `size` says how large. Unless it is TW_OK, what the buffer holds is not defined.
 * A byte key longer than key_size_max is nowhere: TW_EMPTY.
 */
TW_API tw_status tw_cache_get(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                              tw_cache_value *ret_value) TW_MUST_CHECK;

/* As tw_cache_get, but an expired value within its grace is returned, too, marked `stale`. */
TW_API tw_status tw_cache_get_stale(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                                    tw_cache_value *ret_value) TW_MUST_CHECK;

/*
 * Puts `size` bytes (at most value_size_max: programmer error), new or in place of what is known.
 * TW_RANGE: the key is longer than key_size_max. TW_FULL: heavier than weight_max divided by the
 * shards, or every spare place is with a removal function that has not returned; nothing has
 * changed then. Under W-TinyLFU TW_OK does not promise that the entry is still there.
 */
TW_API tw_status tw_cache_put(tw_cache *cache, tw_cache_key key, int64_t now_ns, const void *bytes,
                              size_t size, const tw_cache_options *options) TW_MUST_CHECK;

/* Puts a negative entry: `status`, not TW_OK and not TW_EMPTY, is what get and memoize then say. A
 * ttl_ns of 0 is the cache's missing_ttl_ns; if that is 0 too, the key is only dropped. Returns as
 * tw_cache_put. */
TW_API tw_status tw_cache_put_missing(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                                      tw_status status,
                                      const tw_cache_options *options) TW_MUST_CHECK;

/*
 * The value of a key, loaded if it is not known. TW_OK; the status of a negative entry; what the
 * loader returned; TW_TIMEOUT when another's load did not end within wait_ns; TW_FULL when load_max
 * loads are running in the shard; TW_OVERFLOW as above; TW_RANGE as in put (nothing is loaded
 * then). A load that fails, but not with TW_NOT_FOUND, gives the old value while that is within its
 * grace. A value that cannot be stored is returned all the same.
 */
TW_API tw_status tw_cache_memoize(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                                  const tw_cache_loader *loader,
                                  tw_cache_value *ret_value) TW_MUST_CHECK;

#define TW_MEMOIZE_WAIT_NS INT64_C(30000000000) /* for another who loads the same key */

/* The same in one line: tw_memoize(cache, key, now_ns, load, context, &value). */
static inline tw_status tw_memoize(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                                   tw_status (*load)(void *context, tw_cache_key key,
                                                     tw_cache_load *load),
                                   void *context, tw_cache_value *ret_value) TW_MUST_CHECK;
static inline tw_status tw_memoize(tw_cache *cache, tw_cache_key key, int64_t now_ns,
                                   tw_status (*load)(void *context, tw_cache_key key,
                                                     tw_cache_load *load),
                                   void *context, tw_cache_value *ret_value) {
    tw_cache_loader loader = {load, context, TW_MEMOIZE_WAIT_NS, 0};
    return tw_cache_memoize(cache, key, now_ns, &loader, ret_value);
}

/* The most bytes of a value, as configured. */
TW_API size_t tw_cache_value_size_max(const tw_cache *cache);

/* Drops a key. Whether it was there (expired or not). */
TW_API bool tw_cache_drop(tw_cache *cache, tw_cache_key key);

/* Drops all byte keys that begin with `prefix` (all of them if `size` is 0), or all entries of a
 * tag (not 0). Returns how many. What is put meanwhile by others may stay or go. */
TW_API size_t tw_cache_drop_prefix(tw_cache *cache, const void *prefix, size_t size);
TW_API size_t tw_cache_drop_tag(tw_cache *cache, uint64_t tag);

/* Drops all. */
TW_API void tw_cache_clear(tw_cache *cache);

/* Looks at the next `place_count` places of each shard and removes what has expired, grace
 * included. Returns how many were removed. */
TW_API size_t tw_cache_turn(tw_cache *cache, int64_t now_ns, size_t place_count);

/* All counters, summed over the shards; each is exact, but not all are of one moment. */
TW_API void tw_cache_read_statistics(tw_cache *cache, tw_cache_statistics *ret_statistics);

/* Asserts the invariants, shard by shard. O(capacity). */
TW_API void tw_cache_check(tw_cache *cache);

TW_END_DECLS

TW_DEFINE_AUTO(tw_cache, tw_cache_free)

#endif
