/* test_cache_load.c - the rules of tradewind/cache.h about loading, alone and in a crowd. No test
 * sleeps: a gate holds a loader until the statistics show that the others have joined it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/cache.h"
#include "tradewind/time.h"

#define CROWD_COUNT 1000
#define STACK_SIZE ((size_t)65536)
#define LONG_NS (600 * TW_NS_PER_SECOND) /* never reached */

/* A loader that counts, does something in the middle, and returns what it is told to. */
typedef struct source {
    tw_cache *cache;
    uint64_t calls;
    uint64_t number;
    tw_status status;
    int64_t ttl_ns;
    uint32_t weight;
    void (*middle)(struct source *source, tw_cache_key key);
    uint32_t wanted; /* of those who wait: the gate opens */
    tw_status inner_status;
} source;

static tw_status load_number(void *context, tw_cache_key key, tw_cache_load *load) {
    source *from = context;
    (void)__atomic_add_fetch(&from->calls, 1, __ATOMIC_RELAXED);
    uint64_t number = from->number;
    if (from->middle != NULL)
        from->middle(from, key);
    memcpy(load->bytes, &number, sizeof(number));
    load->size = from->status == TW_OK ? sizeof(number) : 0;
    if (from->ttl_ns > 0)
        load->ttl_ns = from->ttl_ns;
    if (from->weight > 0)
        load->weight = from->weight;
    return from->status;
}

static tw_cache_config plain_config(void) {
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = 100;
    config.ttl_ns = 1000;
    config.missing_ttl_ns = 100;
    config.jitter_percent = 0;
    return config;
}

static tw_cache *cache_of(const tw_cache_config *config, source *from) {
    tw_cache *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, config, NULL, &cache), TW_OK);
    from->cache = cache;
    return cache;
}

static const tw_cache_key the_key = {NULL, 5};

typedef struct answer {
    tw_status status;
    uint64_t number;
    bool stale;
} answer;

static answer ask_tagged(source *from, int64_t now_ns, int64_t wait_ns, uint64_t tag) {
    answer got = {.number = 0};
    tw_cache_value value = {.bytes = &got.number, .capacity = sizeof(got.number)};
    tw_cache_loader loader = {load_number, from, wait_ns, tag};
    got.status = tw_cache_memoize(from->cache, the_key, now_ns, &loader, &value);
    got.stale = value.stale;
    return got;
}

static answer ask(source *from, int64_t now_ns) {
    return ask_tagged(from, now_ns, 0, 0);
}

static tw_cache_statistics counts_of(tw_cache *cache) {
    tw_cache_statistics counts;
    tw_cache_read_statistics(cache, &counts);
    return counts;
}

static void what_was_loaded_is_known_until_its_ttl(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).number, 50);
    from.number = 51;
    assert_int_equal(ask(&from, 999).number, 50);
    from.ttl_ns = 10;
    assert_int_equal(ask(&from, 1000).number, 51);
    from.number = 52;
    assert_int_equal(ask(&from, 1009).number, 51);
    assert_int_equal(ask(&from, 1010).number, 52);
    assert_int_equal(from.calls, 3);
    tw_cache_statistics counts = counts_of(cache);
    assert_true(counts.hits == 2 && counts.misses == 3 && counts.loads_ok == 3);
}

static void what_is_missing_is_remembered_and_takes_the_place_of_a_value(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.grace_ns = 1000;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).status, TW_OK);
    from.status = TW_NOT_FOUND;
    assert_int_equal(ask(&from, 1000).status, TW_NOT_FOUND); /* not the old value: it is gone */
    assert_int_equal(ask(&from, 1099).status, TW_NOT_FOUND);
    assert_int_equal(from.calls, 2);
    assert_int_equal(ask(&from, 1100).status, TW_NOT_FOUND);
    assert_int_equal(from.calls, 3);
    assert_int_equal(counts_of(cache).negative_hits, 1);
}

static void without_a_memory_of_the_missing_each_call_loads(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.missing_ttl_ns = 0;
    config.grace_ns = 500; /* the old value would still serve if loading failed */
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).status, TW_OK);
    from.status = TW_NOT_FOUND;
    assert_int_equal(ask(&from, 1000).status, TW_NOT_FOUND);
    assert_int_equal(ask(&from, 1000).status, TW_NOT_FOUND);
    assert_int_equal(from.calls, 3);
    assert_int_equal(counts_of(cache).entry_count, 0);
}

static void a_failed_load_is_returned_and_the_next_caller_loads_anew(void **state) {
    (void)state;
    source from = {.number = 50, .status = TW_REMOTE};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).status, TW_REMOTE);
    from.status = TW_OK;
    assert_int_equal(ask(&from, 0).number, 50);
    assert_int_equal(counts_of(cache).loads_failed, 1);
}

static void an_error_with_a_ttl_is_not_tried_again_before(void **state) {
    (void)state;
    source from = {.number = 50, .status = TW_REMOTE};
    tw_cache_config config = plain_config();
    config.error_ttl_ns = 10;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).status, TW_REMOTE);
    assert_int_equal(ask(&from, 9).status, TW_REMOTE);
    assert_int_equal(from.calls, 1);
    assert_int_equal(ask(&from, 10).status, TW_REMOTE);
    assert_int_equal(from.calls, 2);
    assert_int_equal(counts_of(cache).negative_hits, 1);
}

static void a_failed_load_serves_the_old_value_within_its_grace(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.grace_ns = 500;
    config.error_ttl_ns = 20;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_false(ask(&from, 0).stale);
    from.status = TW_REMOTE;
    answer old = ask(&from, 1000);
    assert_true(old.status == TW_OK && old.stale && old.number == 50);
    assert_true(ask(&from, 1019).stale); /* not tried again */
    assert_int_equal(from.calls, 2);
    assert_true(ask(&from, 1020).stale);
    assert_int_equal(from.calls, 3);
    assert_int_equal(ask(&from, 1500).status, TW_REMOTE); /* the grace is over */
    tw_cache_statistics counts = counts_of(cache);
    assert_true(counts.stale_hits == 3 && counts.loads_failed == 3);
}

static void one_caller_refreshes_ahead_and_keeps_the_old_value_if_that_fails(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.refresh_percent = 80;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).number, 50);
    from.number = 51;
    assert_int_equal(ask(&from, 799).number, 50);
    assert_int_equal(ask(&from, 800).number, 51);
    from.status = TW_REMOTE;
    answer old = ask(&from, 1600); /* due again */
    assert_true(old.status == TW_OK && !old.stale && old.number == 51);
    assert_int_equal(from.calls, 3);
    assert_int_equal(ask(&from, 1799).number, 51); /* nobody tries again before it expires */
    assert_int_equal(from.calls, 3);
    assert_int_equal(ask(&from, 1800).status, TW_REMOTE);
    tw_cache_check(cache);
}

/* Others come while one refreshes: here from inside of his loader. */
static void ask_meanwhile(source *from, tw_cache_key key) {
    (void)key;
    from->middle = NULL;
    answer old = ask(from, 900);
    assert_true(old.status == TW_OK && old.number == 50);
}

static void others_have_the_old_value_while_one_refreshes(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.refresh_percent = 80;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).number, 50);
    from.number = 51;
    from.middle = ask_meanwhile;
    assert_int_equal(ask(&from, 900).number, 51);
    assert_int_equal(from.calls, 2);
    tw_cache_check(cache);
}

static void a_value_that_cannot_be_stored_is_returned(void **state) {
    (void)state;
    source from = {.number = 50, .weight = 11};
    tw_cache_config config = plain_config();
    config.weight_max = 10;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).number, 50);
    assert_int_equal(ask(&from, 0).number, 50);
    assert_int_equal(from.calls, 2);
    assert_int_equal(counts_of(cache).loads_unstored, 2);
}

/* ---- changes while a load runs ---- */

static void drop_key(source *from, tw_cache_key key) {
    assert_false(tw_cache_drop(from->cache, key));
}

static void drop_tag(source *from, tw_cache_key key) {
    (void)key;
    assert_int_equal(tw_cache_drop_tag(from->cache, 7), 0);
}

static void clear_all(source *from, tw_cache_key key) {
    (void)key;
    tw_cache_clear(from->cache);
}

static void put_newer(source *from, tw_cache_key key) {
    uint64_t newer = 60;
    assert_int_equal(tw_cache_put(from->cache, key, 0, &newer, sizeof(newer), NULL), TW_OK);
}

static void drop_other_tag(source *from, tw_cache_key key) {
    (void)key;
    tw_cache_check(from->cache);
    assert_int_equal(tw_cache_drop_tag(from->cache, 8), 0);
}

static void drop_other_key(source *from, tw_cache_key key) {
    (void)tw_cache_drop(from->cache, tw_cache_key_number(key.number + 1));
    assert_int_equal(tw_cache_drop_prefix(from->cache, "", 0), 0); /* this key is a number */
}

static void a_load_begun_before_a_change_of_its_key_is_not_stored(void **state) {
    (void)state;
    static const struct {
        void (*middle)(source *from, tw_cache_key key);
        uint64_t next; /* what the next caller gets */
    } rows[] = {{drop_key, 51},  {drop_tag, 51},       {clear_all, 51},
                {put_newer, 60}, {drop_other_tag, 50}, {drop_other_key, 50}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        source from = {.number = 50, .middle = rows[i].middle};
        tw_cache_config config = plain_config();
        TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
        assert_int_equal(ask_tagged(&from, 0, 0, 7).number, 50); /* asked before the change */
        from.middle = NULL;
        from.number = 51;
        assert_int_equal(ask_tagged(&from, 0, 0, 7).number, rows[i].next);
        assert_int_equal(counts_of(cache).loads_unstored, rows[i].next != 50);
        tw_cache_check(cache);
    }
}

static tw_status drop_prefix_and_load(void *context, tw_cache_key key, tw_cache_load *load) {
    source *from = context;
    if (from->calls == 0)
        assert_int_equal(tw_cache_drop_prefix(from->cache, "AAPL", 4), 0);
    return load_number(context, key, load);
}

static void a_load_begun_before_its_prefix_was_dropped_is_not_stored(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    tw_cache_loader loader = {.load = drop_prefix_and_load, .context = &from};
    uint64_t number = 0;
    tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            tw_cache_memoize(cache, tw_cache_key_bytes("AAPL:1d", 7), 0, &loader, &value), TW_OK);
    assert_int_equal(from.calls, 2);
    assert_int_equal(counts_of(cache).loads_unstored, 1);
}

/* Who comes after the change loads for himself, though the old load still runs. */
static void drop_and_ask(source *from, tw_cache_key key) {
    from->middle = NULL;
    assert_false(tw_cache_drop(from->cache, key));
    from->number = 51;
    assert_int_equal(ask(from, 0).number, 51);
}

static void who_calls_after_a_change_does_not_join_the_load_of_before(void **state) {
    (void)state;
    source from = {.number = 50, .middle = drop_and_ask};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    assert_int_equal(ask(&from, 0).number, 50);
    from.number = 99;
    assert_int_equal(ask(&from, 0).number, 51); /* the later load stayed */
    tw_cache_statistics counts = counts_of(cache);
    assert_true(from.calls == 2 && counts.coalesced == 0 && counts.loads_unstored == 1);
}

/* ---- bounds ---- */

static void ask_for_another(source *from, tw_cache_key key) {
    uint64_t number = 0;
    tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
    tw_cache_loader loader = {.load = load_number, .context = from};
    from->middle = NULL;
    from->inner_status =
        tw_cache_memoize(from->cache, tw_cache_key_number(key.number + 1), 0, &loader, &value);
}

static void more_loads_than_load_max_are_refused(void **state) {
    (void)state;
    for (size_t load_max = 1; load_max <= 2; load_max++) {
        source from = {.number = 50, .middle = ask_for_another};
        tw_cache_config config = plain_config();
        config.load_max = load_max;
        TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
        assert_int_equal(ask(&from, 0).status, TW_OK);
        assert_int_equal(from.inner_status, load_max == 1 ? TW_FULL : TW_OK);
        assert_int_equal(counts_of(cache).refused, load_max == 1);
        assert_int_equal(from.calls, load_max);
    }
}

static void a_key_or_a_buffer_that_does_not_fit_says_so(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.key_size_max = 3;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    uint64_t number = 0;
    tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
    tw_cache_loader loader = {.load = load_number, .context = &from};
    assert_int_equal(tw_cache_memoize(cache, tw_cache_key_bytes("AAPL", 4), 0, &loader, &value),
                     TW_RANGE);
    assert_int_equal(from.calls, 0);
    value.capacity = 7;
    assert_int_equal(tw_cache_memoize(cache, the_key, 0, &loader, &value), TW_OVERFLOW);
    assert_int_equal(tw_cache_memoize(cache, the_key, 0, &loader, &value), TW_OVERFLOW);
    assert_true(from.calls == 1 && value.size == 8);
}

/* ---- waiting, in virtual time ---- */

typedef struct virtual_time {
    int64_t now_ns;
    uint64_t waits;
} virtual_time;

static int64_t virtual_now_ns(void *context) {
    return ((virtual_time *)context)->now_ns;
}

static void virtual_wait(void *context, uint32_t *word, uint32_t expected, int64_t deadline_ns) {
    virtual_time *time = context;
    assert_int_equal(*word, expected);
    assert_true(deadline_ns < TW_WAIT_FOREVER);
    time->waits++;
    time->now_ns += deadline_ns - time->now_ns > 3 ? 3 : 1; /* woken for nothing, again and again */
}

static void virtual_wake(void *context, uint32_t *word, uint32_t count) {
    (void)context;
    (void)word;
    (void)count;
}

/* The one who waits is called from inside the loader: nobody will end that load before. */
static void wait_for_oneself(source *from, tw_cache_key key) {
    (void)key;
    from->middle = NULL;
    from->inner_status = ask_tagged(from, 100, 40, 0).status;
}

static void a_follower_gives_up_at_his_deadline(void **state) {
    (void)state;
    virtual_time time = {.now_ns = 100};
    const tw_waiter waiter = {virtual_now_ns, virtual_wait, virtual_wake, &time};
    source from = {.number = 50, .middle = wait_for_oneself};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &config, &waiter, &cache), TW_OK);
    from.cache = cache;
    assert_int_equal(ask(&from, 100).number, 50);
    assert_int_equal(from.inner_status, TW_TIMEOUT);
    assert_int_equal(time.now_ns, 140);
    assert_true(time.waits > 10);
    tw_cache_statistics counts = counts_of(cache);
    assert_true(from.calls == 1 && counts.coalesced == 1 && counts.load_ns == 40);
    assert_int_equal(ask(&from, 100).number, 50);
    tw_cache_check(cache);
}

static void who_does_not_wait_times_out_at_once(void **state) {
    (void)state;
    virtual_time time = {.now_ns = 100};
    const tw_waiter waiter = {virtual_now_ns, virtual_wait, virtual_wake, &time};
    source from = {.number = 50, .middle = ask_meanwhile};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, &config, &waiter, &cache), TW_OK);
    from.cache = cache;
    from.middle = wait_for_oneself;
    time.now_ns = 140;
    assert_int_equal(ask(&from, 100).number, 50);
    assert_int_equal(from.inner_status, TW_TIMEOUT);
    assert_int_equal(time.waits, 0);
}

/* ---- in a crowd ---- */

typedef struct crowd_member {
    pthread_t thread;
    source *from;
    int64_t now_ns;
    answer got;
} crowd_member;

static void *crowd_thread(void *context) {
    crowd_member *member = context;
    member->got = ask_tagged(member->from, member->now_ns, LONG_NS, 0);
    return NULL;
}

/* Holds the loader until all others have joined. The followers' calls make the progress. */
static void wait_for_the_crowd(source *from, tw_cache_key key) {
    (void)key;
    while (counts_of(from->cache).coalesced < from->wanted) {
        uint32_t word = 0;
        tw_waiter_wait(NULL, &word, 0, tw_waiter_now_ns(NULL) + TW_NS_PER_MS);
    }
}

/* A thousand threads ask for one key that is not there. */
static void stampede(source *from, tw_cache *cache) {
    static crowd_member members[CROWD_COUNT];
    pthread_attr_t attributes;
    from->middle = wait_for_the_crowd;
    from->wanted = (uint32_t)counts_of(cache).coalesced + CROWD_COUNT - 1;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_SIZE), 0);
    int64_t now_ns = tw_time_monotonic_ns();
    for (size_t i = 0; i < CROWD_COUNT; i++) {
        members[i] = (crowd_member){.from = from, .now_ns = now_ns};
        assert_int_equal(pthread_create(&members[i].thread, &attributes, crowd_thread, &members[i]),
                         0);
    }
    for (size_t i = 0; i < CROWD_COUNT; i++)
        assert_int_equal(pthread_join(members[i].thread, NULL), 0);
    (void)pthread_attr_destroy(&attributes);
    for (size_t i = 0; i < CROWD_COUNT; i++) {
        assert_int_equal(members[i].got.status, from->status);
        assert_true(members[i].got.number == (from->status == TW_OK ? from->number : 0));
    }
    from->middle = NULL;
}

static void a_stampede_of_a_thousand_makes_one_load(void **state) {
    (void)state;
    source from = {.number = 50};
    tw_cache_config config = plain_config();
    config.ttl_ns = TW_CACHE_FOREVER;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    stampede(&from, cache);
    assert_int_equal(from.calls, 1);
    tw_cache_statistics counts = counts_of(cache);
    assert_true(counts.misses == CROWD_COUNT && counts.coalesced == CROWD_COUNT - 1);
    tw_cache_check(cache);
}

static void a_failure_is_shared_by_the_crowd_and_then_tried_anew(void **state) {
    (void)state;
    source from = {.number = 50, .status = TW_REMOTE};
    tw_cache_config config = plain_config();
    config.load_max = 1;
    TW_AUTO(tw_cache) *cache = cache_of(&config, &from);
    stampede(&from, cache);
    assert_int_equal(from.calls, 1);
    stampede(&from, cache); /* with the same flight */
    assert_int_equal(from.calls, 2);
    from.status = TW_OK;
    assert_int_equal(ask(&from, tw_time_monotonic_ns()).number, 50);
    assert_int_equal(counts_of(cache).loads_failed, 2);
}

static void test_one_line_remembers(void **state) {
    (void)state;
    source from = {.number = 42};
    tw_cache_config config = plain_config();
    tw_cache *cache = cache_of(&config, &from);
    for (int64_t now_ns = 0; now_ns < 10; now_ns++) {
        uint64_t number = 0;
        tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
        assert_int_equal(tw_memoize(cache, the_key, now_ns, load_number, &from, &value), TW_OK);
        assert_int_equal(number, 42);
    }
    assert_int_equal(from.calls, 1);
    tw_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line_remembers),
        cmocka_unit_test(what_was_loaded_is_known_until_its_ttl),
        cmocka_unit_test(what_is_missing_is_remembered_and_takes_the_place_of_a_value),
        cmocka_unit_test(without_a_memory_of_the_missing_each_call_loads),
        cmocka_unit_test(a_failed_load_is_returned_and_the_next_caller_loads_anew),
        cmocka_unit_test(an_error_with_a_ttl_is_not_tried_again_before),
        cmocka_unit_test(a_failed_load_serves_the_old_value_within_its_grace),
        cmocka_unit_test(one_caller_refreshes_ahead_and_keeps_the_old_value_if_that_fails),
        cmocka_unit_test(others_have_the_old_value_while_one_refreshes),
        cmocka_unit_test(a_value_that_cannot_be_stored_is_returned),
        cmocka_unit_test(a_load_begun_before_a_change_of_its_key_is_not_stored),
        cmocka_unit_test(a_load_begun_before_its_prefix_was_dropped_is_not_stored),
        cmocka_unit_test(who_calls_after_a_change_does_not_join_the_load_of_before),
        cmocka_unit_test(more_loads_than_load_max_are_refused),
        cmocka_unit_test(a_key_or_a_buffer_that_does_not_fit_says_so),
        cmocka_unit_test(a_follower_gives_up_at_his_deadline),
        cmocka_unit_test(who_does_not_wait_times_out_at_once),
        cmocka_unit_test(a_stampede_of_a_thousand_makes_one_load),
        cmocka_unit_test(a_failure_is_shared_by_the_crowd_and_then_tried_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
