/*
 * breaker_set.c - breakers by host and class of route.
 *
 * Hosts lie in one array in the order in which they came; a table of open addressing, at most half
 * full, leads from a name to its number in it. Both only grow.
 *
 * Invariants
 *   1. A host is complete before its number is stored in the table, and never changes afterwards.
 *      So a reader needs no lock: what he finds is whole. Only who adds one holds the lock.
 *   2. `shut` counts the breakers of a pool that are OPEN or FORCED_OPEN. It is moved by changes
 *      that have happened, each of which is told once, so it may lag but never stays wrong.
 */
#include <string.h>

#include "fnv.h"
#include "tradewind/breaker_set.h"

/* The context of a breaker's hooks. */
struct member {
    struct tw_breaker_host *host;
    tw_route_class route;
    tw_breaker *breaker;
};

struct tw_breaker_host {
    tw_breaker_set *set;
    struct member members[TW_ROUTE_CLASS_COUNT];
    uint32_t pool;
    uint16_t port;
    char name[TW_BREAKER_SET_NAME_SIZE];
};

struct pool_count {
    uint32_t hosts;                       /* atomic */
    int32_t shut[TW_ROUTE_CLASS_COUNT];   /* atomic; invariant 2 */
    uint32_t ticks[TW_ROUTE_CLASS_COUNT]; /* atomic: rejections in a panic */
};

struct tw_breaker_set {
    tw_breaker_set_config config;
    const tw_allocator *allocator;
    tw_breaker_host *hosts;
    uint32_t *table; /* atomic: number of a host and one, or 0 */
    uint32_t table_size;
    struct pool_count *pools; /* by number; 0: those that stand alone */
    tw_lock lock;             /* of adding */
    uint32_t host_count;      /* atomic */
    uint64_t panics;          /* atomic */
};

const char *tw_route_class_word(tw_route_class route) {
    static const char *const words[TW_ROUTE_CLASS_COUNT] = {"cancel", "submit", "query", "data"};
    return (unsigned)route < TW_ROUTE_CLASS_COUNT ? words[route] : "?";
}

/* ---- hooks of the breakers ---- */

static bool is_shut(tw_breaker_state state) {
    return state == TW_BREAKER_OPEN || state == TW_BREAKER_FORCED_OPEN;
}

static tw_breaker_place place_of(const struct member *member) {
    return (tw_breaker_place){.host = member->host->name,
                              .port = member->host->port,
                              .route = member->route,
                              .pool = member->host->pool};
}

static void on_member_change(void *context, const tw_breaker_change *change) {
    struct member *member = context;
    tw_breaker_set *set = member->host->set;
    int32_t moved = is_shut(change->to) - is_shut(change->from);
    if (moved != 0)
        (void)__atomic_fetch_add(&set->pools[member->host->pool].shut[member->route], moved,
                                 __ATOMIC_RELAXED);
    if (set->config.on_change == NULL)
        return;
    tw_breaker_place place = place_of(member);
    set->config.on_change(set->config.context, &place, change);
}

static tw_breaker_outcome classify_member(void *context, const tw_breaker_answer *answer) {
    struct member *member = context;
    const tw_breaker_hooks *hooks = &member->host->set->config.routes[member->route].hooks;
    return hooks->classify == NULL ? tw_breaker_classify(answer)
                                   : hooks->classify(hooks->context, answer);
}

/* ---- creation ---- */

tw_breaker_set_config tw_breaker_set_config_default(void) {
    tw_breaker_set_config config = {.host_max = 64, .panic_one_in = 20};
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++)
        config.routes[i] = tw_breaker_config_default();
    config.routes[TW_ROUTE_CANCEL].start = TW_BREAKER_METRICS_ONLY;
    return config;
}

static tw_status make_breakers(tw_breaker_set *set, tw_breaker_host *host, tw_error *error) {
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        struct member *member = &host->members[i];
        tw_breaker_config config = set->config.routes[i];
        *member = (struct member){.host = host, .route = (tw_route_class)i};
        config.seed += (uint64_t)(host - set->hosts);
        config.hooks = (tw_breaker_hooks){
            .classify = classify_member, .on_change = on_member_change, .context = member};
        tw_status status = tw_breaker_new(set->allocator, &config, &member->breaker, error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

static tw_status fill(tw_breaker_set *set, tw_error *error) {
    uint32_t host_max = set->config.host_max;
    set->table_size = 2;
    while (set->table_size < 2 * host_max)
        set->table_size *= 2;
    set->hosts = TW_NEW(set->allocator, host_max, tw_breaker_host);
    set->table = TW_NEW(set->allocator, set->table_size, uint32_t);
    set->pools = TW_NEW(set->allocator, host_max + 1, struct pool_count);
    if (set->hosts == NULL || set->table == NULL || set->pools == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the breakers of %u hosts",
                            host_max);
    for (uint32_t i = 0; i < host_max; i++) {
        set->hosts[i].set = set;
        tw_status status = make_breakers(set, &set->hosts[i], error);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

tw_status tw_breaker_set_new(const tw_allocator *allocator, const tw_breaker_set_config *config,
                             tw_breaker_set **ret_set, tw_error *error) {
    TW_ASSERT(config != NULL && ret_set != NULL);
    if (config->host_max < 1 || config->host_max > TW_BREAKER_SET_HOST_MAX)
        return tw_error_set(error, TW_RANGE, "breakers of %u hosts; expected 1 to %d",
                            config->host_max, TW_BREAKER_SET_HOST_MAX);
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++) {
        if (config->routes[i].hooks.on_change != NULL)
            return tw_error_set(error, TW_INVALID,
                                "the breaker of %s has an on_change of its own; the set's hears "
                                "all",
                                tw_route_class_word((tw_route_class)i));
    }
    tw_breaker_set *set = TW_NEW(allocator, 1, tw_breaker_set);
    if (set == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a set of breakers");
    set->allocator = allocator;
    set->config = *config;
    tw_status status = fill(set, error);
    if (status != TW_OK) {
        tw_breaker_set_free(set);
        return status;
    }
    *ret_set = set;
    return TW_OK;
}

void tw_breaker_set_free(tw_breaker_set *set) {
    if (set == NULL)
        return;
    uint32_t host_max = set->config.host_max;
    for (uint32_t i = 0; set->hosts != NULL && i < host_max; i++) {
        for (int j = 0; j < TW_ROUTE_CLASS_COUNT; j++)
            tw_breaker_free(set->hosts[i].members[j].breaker);
    }
    TW_DELETE(set->allocator, set->hosts, host_max, tw_breaker_host);
    TW_DELETE(set->allocator, set->table, set->table_size, uint32_t);
    TW_DELETE(set->allocator, set->pools, host_max + 1, struct pool_count);
    TW_DELETE(set->allocator, set, 1, tw_breaker_set);
}

/* ---- hosts ---- */

static char small_letter(char letter) {
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* Of the name in small letters, and the port. */
static uint64_t hash_of(tw_slice name, uint16_t port) {
    uint64_t hash = FNV_BASIS ^ port;
    for (size_t i = 0; i < name.size; i++)
        hash = fnv_add(hash, (unsigned char)small_letter(name.data[i]));
    return hash ^ hash >> 32;
}

static bool is_host(const tw_breaker_host *host, tw_slice name, uint16_t port) {
    if (host->port != port || strlen(host->name) != name.size)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if (host->name[i] != small_letter(name.data[i]))
            return false;
    }
    return true;
}

/* The host, or NULL and the place in the table where it belongs. */
static tw_breaker_host *find(tw_breaker_set *set, tw_slice name, uint16_t port,
                             uint32_t *ret_place) {
    uint32_t place = (uint32_t)hash_of(name, port) & (set->table_size - 1);
    for (;; place = (place + 1) & (set->table_size - 1)) {
        uint32_t number = __atomic_load_n(&set->table[place], __ATOMIC_ACQUIRE);
        *ret_place = place;
        if (number == 0)
            return NULL;
        if (is_host(&set->hosts[number - 1], name, port))
            return &set->hosts[number - 1];
    }
}

static tw_status add_locked(tw_breaker_set *set, tw_slice name, uint16_t port, uint32_t pool,
                            tw_breaker_host **ret_host) {
    uint32_t place = 0;
    *ret_host = find(set, name, port, &place);
    if (*ret_host != NULL)
        return TW_OK;
    if (set->host_count == set->config.host_max)
        return TW_FULL;
    tw_breaker_host *host = &set->hosts[set->host_count];
    for (size_t i = 0; i < name.size; i++)
        host->name[i] = small_letter(name.data[i]);
    host->port = port;
    host->pool = pool;
    /* Whoever adds one that begins FORCED_OPEN adds one that is shut. */
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++)
        (void)__atomic_fetch_add(&set->pools[pool].shut[i],
                                 is_shut(tw_breaker_state_of(host->members[i].breaker)),
                                 __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&set->pools[pool].hosts, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&set->host_count, set->host_count + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&set->table[place], set->host_count, __ATOMIC_RELEASE); /* invariant 1 */
    *ret_host = host;
    return TW_OK;
}

tw_breaker_host *tw_breaker_set_find(tw_breaker_set *set, tw_slice host, uint16_t port) {
    uint32_t place = 0;
    return find(set, host, port, &place);
}

tw_status tw_breaker_set_host(tw_breaker_set *set, tw_slice host, uint16_t port, uint32_t pool,
                              tw_breaker_host **ret_host) {
    uint32_t place = 0;
    if (host.size == 0 || host.size >= TW_BREAKER_SET_NAME_SIZE ||
        memchr(host.data, '\0', host.size) != NULL)
        return TW_INVALID;
    if (pool > set->config.host_max)
        return TW_RANGE;
    tw_breaker_host *known = find(set, host, port, &place);
    tw_status status = TW_OK;
    if (known == NULL) {
        const tw_waiter *waiter = set->config.routes[0].waiter;
        tw_lock_acquire(&set->lock, waiter);
        status = add_locked(set, host, port, pool, &known);
        tw_lock_release(&set->lock, waiter);
    }
    if (status == TW_OK)
        *ret_host = known;
    return status;
}

/* ---- calls ---- */

tw_breaker *tw_breaker_host_breaker(tw_breaker_host *host, tw_route_class route) {
    TW_ASSERT((unsigned)route < TW_ROUTE_CLASS_COUNT);
    return host->members[route].breaker;
}

/* All hosts of the pool are shut for this route, and it is this request's turn to try. */
static bool panics(tw_breaker_host *host, tw_route_class route) {
    const tw_breaker_set *set = host->set;
    struct pool_count *pool = &set->pools[host->pool];
    if (host->pool == 0 || set->config.panic_one_in == 0)
        return false;
    int32_t shut = __atomic_load_n(&pool->shut[route], __ATOMIC_RELAXED);
    if (shut < (int32_t)__atomic_load_n(&pool->hosts, __ATOMIC_RELAXED))
        return false;
    uint32_t tick = __atomic_add_fetch(&pool->ticks[route], 1, __ATOMIC_RELAXED);
    return tick % set->config.panic_one_in == 0;
}

tw_status tw_breaker_host_acquire(tw_breaker_host *host, tw_route_class route, int64_t now_ns,
                                  tw_breaker_permit *ret_permit) {
    tw_breaker *breaker = tw_breaker_host_breaker(host, route);
    tw_status status = tw_breaker_acquire(breaker, now_ns, ret_permit);
    if (status == TW_OK || !panics(host, route))
        return status;
    status = tw_breaker_probe(breaker, now_ns, ret_permit);
    if (status == TW_OK)
        (void)__atomic_fetch_add(&host->set->panics, 1, __ATOMIC_RELAXED);
    return status;
}

tw_breaker_outcome tw_breaker_host_release(tw_breaker_host *host, tw_route_class route,
                                           tw_breaker_permit *permit,
                                           const tw_breaker_answer *answer, int64_t now_ns) {
    return tw_breaker_release(tw_breaker_host_breaker(host, route), permit, answer, now_ns);
}

/* ---- all of them ---- */

static uint32_t count_hosts(const tw_breaker_set *set) {
    return __atomic_load_n(&set->host_count, __ATOMIC_ACQUIRE);
}

void tw_breaker_set_each(tw_breaker_set *set, tw_breaker_set_visitor visitor, void *context) {
    uint32_t count = count_hosts(set) * TW_ROUTE_CLASS_COUNT;
    for (uint32_t i = 0; i < count; i++) {
        const struct member *member =
            &set->hosts[i / TW_ROUTE_CLASS_COUNT].members[i % TW_ROUTE_CLASS_COUNT];
        tw_breaker_place place = place_of(member);
        if (!visitor(context, &place, member->breaker))
            return;
    }
}

uint32_t tw_breaker_set_turn(tw_breaker_set *set, int64_t now_ns) {
    uint32_t changed = 0;
    uint32_t count = count_hosts(set);
    for (uint32_t i = 0; i < count; i++) {
        for (int j = 0; j < TW_ROUTE_CLASS_COUNT; j++)
            changed += tw_breaker_turn(set->hosts[i].members[j].breaker, now_ns);
    }
    return changed;
}

void tw_breaker_set_figures_of(const tw_breaker_set *set, tw_breaker_set_figures *ret_figures) {
    *ret_figures = (tw_breaker_set_figures){
        .hosts = count_hosts(set), .panics = __atomic_load_n(&set->panics, __ATOMIC_RELAXED)};
    for (uint32_t i = 0; i < ret_figures->hosts; i++) {
        for (int j = 0; j < TW_ROUTE_CLASS_COUNT; j++)
            ret_figures->shut[j] += is_shut(tw_breaker_state_of(set->hosts[i].members[j].breaker));
    }
}
