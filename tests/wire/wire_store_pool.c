/*
 * wire_store_pool.c - reading handles of a real file, lent to many threads.
 *
 *     TRADEWIND_STRESS_SECONDS=60 wire_store_pool     64 threads on 8 handles for a minute
 */
#include "store_place.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tradewind/store_pool.h"

enum { THREAD_COUNT_MAX = 64, ROUND_COUNT = 60, NAME_COUNT = 40 };

/* The sizes of a run in the suite, and of one that a variable asks for. */
typedef struct crowd {
    int thread_count;
    uint32_t handle_count;
    int64_t seconds; /* 0: ROUND_COUNT rounds each */
} crowd;

static crowd crowd_wanted(void) {
    const char *seconds = getenv("TRADEWIND_STRESS_SECONDS");
    if (seconds == NULL)
        return (crowd){.thread_count = 16, .handle_count = 4};
    return (crowd){
        .thread_count = THREAD_COUNT_MAX, .handle_count = 8, .seconds = strtoll(seconds, NULL, 10)};
}

typedef struct library {
    crowd crowd;
    int64_t until_ns; /* of the monotonic clock; 0: by rounds */
    uint64_t rounds;  /* of all threads together */
    uint64_t rounds_least;
    const test_place *place;
    atomic_uint_fast64_t acknowledged; /* rounds whose commit the writer was told of */
    tw_symbols *symbols;               /* of the readers; empty at first */
    tw_lock symbols_lock;
    tw_cache *statistics;
    tw_store_config store;
    tw_pool *pool;
} library;

static int64_t in_a_minute_ns(void) {
    return tw_waiter_now_ns(NULL) + TW_NS_PER_MINUTE;
}

static void open_library(library *at, const test_place *place, tw_pool_config config) {
    *at = (library){.place = place, .crowd = crowd_wanted(), .rounds_least = UINT64_MAX};
    if (at->crowd.seconds > 0)
        at->until_ns = tw_waiter_now_ns(NULL) + at->crowd.seconds * TW_NS_PER_SECOND;
    assert_int_equal(tw_symbols_new(NULL, 64, &at->symbols), TW_OK);
    assert_int_equal(tw_store_statistics_cache(NULL, 1000, 0, &at->statistics), TW_OK);
    at->store = (tw_store_config){.path = place->path,
                                  .symbols = at->symbols,
                                  .symbols_lock = &at->symbols_lock,
                                  .statistics = at->statistics,
                                  .symbol_count_max = 64};
    config.resource = tw_store_resource(&at->store);
    config.size_max = at->crowd.handle_count;
    config.caller_opens = true;
    tw_error error = {0};
    if (tw_pool_new(NULL, &config, &at->pool, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void close_library(library *at) {
    uint32_t out = 1;
    assert_int_equal(tw_pool_drain(at->pool, in_a_minute_ns(), &out), TW_OK);
    assert_int_equal(out, 0);
    tw_pool_free(at->pool);
    tw_cache_free(at->statistics);
    tw_symbols_free(at->symbols);
}

/* `each` trades of NAME_COUNT symbols, one commit. */
static void put_round(tw_store *writer, const test_place *place, uint64_t round, uint64_t each) {
    char name[8];
    for (uint64_t i = 0; i < NAME_COUNT; i++) {
        snprintf(name, sizeof name, "N%llu", (unsigned long long)i);
        tw_symbol symbol = intern(place->symbols, name);
        for (uint64_t j = 0; j < each; j++) {
            tw_trade trade = trade_at(place, (int64_t)(round * each + j), round * each + j + 1);
            trade.symbol = symbol;
            assert_int_equal(tw_store_put_trades(writer, &trade, 1, NULL), TW_OK);
        }
    }
    commit(writer, TW_STORE_NORMAL);
}

/* Every commit adds the same number of trades to every symbol, so that half of one shows. */
typedef struct seen {
    uint64_t count;
    tw_symbol symbol;
    bool torn;
    library *at;
} seen;

static tw_status count_by_symbol(void *context, const tw_trade *trade) {
    seen *own = context;
    const char *name = tw_symbols_name(own->at->symbols, trade->symbol);
    if (own->symbol != trade->symbol && own->count % 10 != 0)
        own->torn = true;
    own->symbol = trade->symbol;
    own->torn |= name[0] != 'N';
    own->count++;
    return TW_OK;
}

static void *read_again_and_again(void *context) {
    library *at = context;
    tw_pool_affinity mine = {0};
    uint64_t round = 0;
    for (; at->until_ns > 0 ? tw_waiter_now_ns(NULL) < at->until_ns : round < ROUND_COUNT;
         round++) {
        tw_pool_lease lease;
        if (tw_pool_acquire(at->pool, in_a_minute_ns(), &mine, &lease, NULL) != TW_OK)
            return at;
        seen own = {.at = at, .symbol = TW_SYMBOL_NONE};
        uint64_t least = atomic_load(&at->acknowledged) * 10;
        tw_status status =
            tw_store_read_trades(lease.resource, &everything, count_by_symbol, &own, NULL);
        tw_store_stats stats = {0};
        if (status == TW_OK)
            status = tw_store_symbol_stats(lease.resource, own.symbol, 0, INT64_MAX, &stats, NULL);
        tw_pool_release(at->pool, &lease);
        bool whole = own.count % (10 * NAME_COUNT) == 0 && stats.count % 10 == 0;
        bool fresh = own.count >= least * NAME_COUNT && stats.count >= least;
        if (status != TW_OK || own.torn || !whole || !fresh)
            return at; /* seen by who joins */
    }
    tw_lock_acquire(&at->symbols_lock, NULL);
    at->rounds += round;
    at->rounds_least = round < at->rounds_least ? round : at->rounds_least;
    tw_lock_release(&at->symbols_lock, NULL);
    return NULL;
}

static void test_many_threads_read_whole_commits_through_a_few_handles(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    put_round(writer, place, 0, 10);
    library at;
    open_library(&at, place, (tw_pool_config){.validate_after_ns = 1});
    pthread_t threads[THREAD_COUNT_MAX];
    for (int i = 0; i < at.crowd.thread_count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_again_and_again, &at), 0);
    for (uint64_t round = 1; round < 20; round++) {
        atomic_store(&at.acknowledged, round);
        put_round(writer, place, round, 10);
    }
    for (int i = 0; i < at.crowd.thread_count; i++) {
        void *trouble = NULL;
        assert_int_equal(pthread_join(threads[i], &trouble), 0);
        assert_null(trouble);
    }
    tw_pool_figures figures;
    tw_pool_figures_of(at.pool, &figures);
    assert_int_equal(figures.acquired, at.rounds);
    assert_in_range(figures.opened, 1, at.crowd.handle_count);
    print_message("%d threads on %u handles: %llu leases, the least of a thread %llu\n",
                  at.crowd.thread_count, at.crowd.handle_count, (unsigned long long)at.rounds,
                  (unsigned long long)at.rounds_least);
    /* First come, first served: nobody gets less than half of his share. */
    assert_true(at.rounds_least >= at.rounds / (uint64_t)at.crowd.thread_count / 2);
    assert_int_equal(figures.leased, 0);
    assert_int_equal(tw_symbols_count(at.symbols), NAME_COUNT);
    close_library(&at);
    close_store(writer);
}

static void test_a_store_that_cannot_be_opened_is_told_to_who_asks(void **state) {
    library at;
    open_library(&at, *state, (tw_pool_config){0});
    tw_pool_lease lease;
    tw_error error = {0};
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + 20 * TW_NS_PER_MS;
    assert_int_equal(tw_pool_acquire(at.pool, deadline_ns, NULL, &lease, &error), TW_TIMEOUT);
    assert_non_null(strstr(error.message, "does not exist"));
    close_library(&at);
}

static void test_a_handle_that_cannot_read_is_replaced(void **state) {
    const test_place *place = *state;
    tw_store *writer = open_writer(place);
    put_round(writer, place, 0, 10);
    close_store(writer);
    library at;
    open_library(&at, place, (tw_pool_config){.validate_after_ns = 1});
    tw_pool_lease lease;
    assert_int_equal(tw_pool_acquire(at.pool, in_a_minute_ns(), NULL, &lease, NULL), TW_OK);
    tw_pool_release(at.pool, &lease);
    tamper(place->path, "DROP TABLE journal");
    tw_error error = {0};
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + 20 * TW_NS_PER_MS;
    assert_int_equal(tw_pool_acquire(at.pool, deadline_ns, NULL, &lease, &error), TW_TIMEOUT);
    tw_pool_figures figures;
    tw_pool_figures_of(at.pool, &figures);
    assert_true(figures.closed[TW_POOL_INVALID] >= 1);
    close_library(&at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_many_threads_read_whole_commits_through_a_few_handles),
        IN_PLACE(test_a_store_that_cannot_be_opened_is_told_to_who_asks),
        IN_PLACE(test_a_handle_that_cannot_read_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
