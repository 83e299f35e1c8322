/* test_cache.c - the rules of tradewind/cache.h about entries, one test a rule; loads and threads
 * have test_cache_load, bounds and policies test_cache_policy. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/cache.h"

#define TTL_NS 1000

/* What the removal function was told, in order. */
typedef struct told {
    size_t count;
    tw_cache_cause causes[256];
    uint64_t keys[256];
    uint64_t values[256];
} told;

static void remember(void *context, const tw_cache_removal *removal) {
    told *log = context;
    assert_true(log->count < 256);
    log->causes[log->count] = removal->cause;
    log->keys[log->count] = removal->key.bytes == NULL ? removal->key.number : UINT64_MAX;
    log->values[log->count] = 0;
    if (removal->size > 0)
        memcpy(&log->values[log->count], removal->bytes, removal->size);
    log->count++;
}

static tw_cache_config plain_config(void) {
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = 100;
    config.ttl_ns = TTL_NS;
    config.missing_ttl_ns = TTL_NS / 10;
    config.jitter_percent = 0;
    return config;
}

static tw_cache *cache_of(const tw_cache_config *config) {
    tw_cache *cache = NULL;
    assert_int_equal(tw_cache_new(NULL, config, NULL, &cache), TW_OK);
    return cache;
}

static void put(tw_cache *cache, tw_cache_key key, int64_t now_ns, uint64_t value,
                const tw_cache_options *options) {
    assert_int_equal(tw_cache_put(cache, key, now_ns, &value, sizeof(value), options), TW_OK);
}

static void put_number(tw_cache *cache, uint64_t key, int64_t now_ns, uint64_t value) {
    put(cache, tw_cache_key_number(key), now_ns, value, NULL);
}

static tw_status get(tw_cache *cache, tw_cache_key key, int64_t now_ns, uint64_t *ret_number) {
    tw_cache_value value = {.bytes = ret_number, .capacity = sizeof(*ret_number)};
    return tw_cache_get(cache, key, now_ns, &value);
}

static bool knows(tw_cache *cache, tw_cache_key key, int64_t now_ns, uint64_t expected) {
    uint64_t number = ~expected;
    tw_status status = get(cache, key, now_ns, &number);
    assert_true(status == TW_OK || status == TW_EMPTY);
    return status == TW_OK && number == expected;
}

static tw_cache_key text(const char *string) {
    return tw_cache_key_bytes(string, strlen(string));
}

static tw_cache_statistics counts_of(tw_cache *cache) {
    tw_cache_statistics counts;
    tw_cache_read_statistics(cache, &counts);
    return counts;
}

static void a_configuration_outside_the_limits_is_refused(void **state) {
    (void)state;
    tw_cache_config bad[22];
    for (size_t i = 0; i < 22; i++)
        bad[i] = plain_config();
    bad[0].entry_max = 0;
    bad[1].entry_max = TW_CACHE_ENTRY_MAX + 1;
    bad[2].key_size_max = TW_CACHE_KEY_SIZE_MAX + 1;
    bad[3].value_size_max = 0;
    bad[4].value_size_max = TW_CACHE_VALUE_SIZE_MAX + 1;
    bad[5].shard_count = 3;
    bad[6].shard_count = TW_CACHE_SHARD_MAX * 2;
    bad[7].shard_count = 128; /* more than entries */
    bad[8].load_max = 0;
    bad[9].load_max = TW_CACHE_LOAD_MAX + 1;
    bad[10].ttl_ns = 0;
    bad[11].ttl_ns = -1;
    bad[12].missing_ttl_ns = -1;
    bad[13].error_ttl_ns = -1;
    bad[14].grace_ns = -1;
    bad[15].jitter_percent = 51;
    bad[16].refresh_percent = 100;
    bad[17].shard_count = 4;
    bad[17].weight_max = 3;
    tw_cache *cache = NULL;
    for (size_t i = 0; i < 18; i++)
        assert_int_equal(tw_cache_new(NULL, &bad[i], NULL, &cache), TW_RANGE);
    assert_null(cache);
}

static void what_was_put_is_got_until_its_ttl(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    uint64_t number = 0;
    assert_int_equal(get(cache, tw_cache_key_number(7), 0, &number), TW_EMPTY);
    put_number(cache, 7, 50, 70);
    assert_true(knows(cache, tw_cache_key_number(7), 50, 70));
    assert_true(knows(cache, tw_cache_key_number(7), 50 + TTL_NS - 1, 70));
    assert_false(knows(cache, tw_cache_key_number(7), 50 + TTL_NS, 70));
    tw_cache_options options = {.ttl_ns = 5};
    put(cache, tw_cache_key_number(8), 0, 80, &options);
    assert_true(knows(cache, tw_cache_key_number(8), 4, 80));
    assert_false(knows(cache, tw_cache_key_number(8), 5, 80));
    options.ttl_ns = TW_CACHE_FOREVER;
    put(cache, tw_cache_key_number(9), 0, 90, &options);
    assert_true(knows(cache, tw_cache_key_number(9), INT64_MAX - 1, 90));
    tw_cache_check(cache);
}

static void numbers_and_bytes_are_never_equal(void **state) {
    (void)state;
    static const char *const texts[] = {"",         "a",        "b",
                                        "aa",       "aaaaaaaa", "aaaaaaaaa",
                                        "aaaaaaab", "\1\1\1\1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (size_t i = 0; i < 9; i++)
        put(cache, text(texts[i]), 0, 100 + i, NULL);
    put_number(cache, 0x61, 0, 1); /* "a", were it bytes */
    put_number(cache, 0, 0, 2);
    put_number(cache, UINT64_MAX, 0, 3);
    put(cache, tw_cache_key_bytes("a\0", 2), 0, 4, NULL);
    for (size_t i = 0; i < 9; i++)
        assert_true(knows(cache, text(texts[i]), 0, 100 + i));
    assert_true(knows(cache, tw_cache_key_number(0x61), 0, 1));
    assert_true(knows(cache, tw_cache_key_number(0), 0, 2));
    assert_true(knows(cache, tw_cache_key_number(UINT64_MAX), 0, 3));
    assert_true(knows(cache, tw_cache_key_bytes("a\0", 2), 0, 4));
    tw_cache_check(cache);
}

static void a_key_that_is_too_long_is_nowhere(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.key_size_max = 4;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    uint64_t number = 1;
    put(cache, text("abcd"), 0, 5, NULL);
    assert_int_equal(tw_cache_put(cache, text("abcde"), 0, &number, 8, NULL), TW_RANGE);
    assert_int_equal(tw_cache_put_missing(cache, text("abcde"), 0, TW_NOT_FOUND, NULL), TW_RANGE);
    assert_int_equal(get(cache, text("abcde"), 0, &number), TW_EMPTY);
    assert_false(tw_cache_drop(cache, text("abcde")));
    assert_int_equal(tw_cache_drop_prefix(cache, "abcde", 5), 0);
    assert_int_equal(counts_of(cache).misses, 1);
    assert_true(knows(cache, text("abcd"), 0, 5));
}

static void values_of_any_size_come_back_and_too_small_a_buffer_says_so(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.value_size_max = 33;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    unsigned char bytes[33];
    unsigned char back[33];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i + 1);
    for (size_t size = 0; size <= 33; size++) {
        assert_int_equal(tw_cache_put(cache, tw_cache_key_number(1), 0, bytes, size, NULL), TW_OK);
        tw_cache_value value = {.bytes = back, .capacity = size};
        memset(back, 0, sizeof(back));
        assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 0, &value), TW_OK);
        assert_int_equal(value.size, size);
        assert_memory_equal(back, bytes, size);
        assert_true(size == 33 || back[size] == 0);
        if (size == 0)
            continue;
        value.capacity = size - 1;
        assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 0, &value), TW_OVERFLOW);
        assert_int_equal(value.size, size);
    }
}

static void a_negative_entry_remembers_its_status_for_its_own_ttl(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    tw_cache_key key = tw_cache_key_number(4);
    uint64_t number = 0;
    put_number(cache, 4, 0, 40);
    assert_int_equal(tw_cache_put_missing(cache, key, 0, TW_NOT_FOUND, NULL), TW_OK);
    assert_int_equal(get(cache, key, TTL_NS / 10 - 1, &number), TW_NOT_FOUND);
    assert_int_equal(get(cache, key, TTL_NS / 10, &number), TW_EMPTY);
    tw_cache_options options = {.ttl_ns = 500};
    assert_int_equal(tw_cache_put_missing(cache, key, 0, TW_BUSY, &options), TW_OK);
    assert_int_equal(get(cache, key, 499, &number), TW_BUSY);
    assert_int_equal(counts_of(cache).negative_hits, 2);
    assert_int_equal(counts_of(cache).misses, 1);
}

static void with_no_ttl_for_the_missing_putting_it_drops_the_key(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.missing_ttl_ns = 0;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    put_number(cache, 4, 0, 40);
    assert_int_equal(tw_cache_put_missing(cache, tw_cache_key_number(4), 0, TW_NOT_FOUND, NULL),
                     TW_OK);
    assert_false(knows(cache, tw_cache_key_number(4), 0, 40));
    assert_int_equal(counts_of(cache).entry_count, 0);
    tw_cache_key long_key = text("a key of more than thirty-two bytes");
    assert_int_equal(tw_cache_put_missing(cache, long_key, 0, TW_NOT_FOUND, NULL), TW_RANGE);
}

static void one_caller_is_told_to_refresh(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.refresh_percent = 75;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    uint64_t number = 0;
    tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
    put_number(cache, 1, 0, 10);
    assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 749, &value), TW_OK);
    assert_false(value.refresh);
    assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 750, &value), TW_OK);
    assert_true(value.refresh);
    assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 999, &value), TW_OK);
    assert_false(value.refresh);
    put_number(cache, 1, 800, 11);
    assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 1549, &value), TW_OK);
    assert_false(value.refresh);
    assert_int_equal(tw_cache_get(cache, tw_cache_key_number(1), 1550, &value), TW_OK);
    assert_true(value.refresh && number == 11);
}

static void an_expired_value_is_shown_as_stale_within_its_grace(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.grace_ns = 300;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    uint64_t number = 0;
    tw_cache_value value = {.bytes = &number, .capacity = sizeof(number)};
    tw_cache_key key = tw_cache_key_number(1);
    put_number(cache, 1, 0, 10);
    assert_int_equal(tw_cache_get_stale(cache, key, 999, &value), TW_OK);
    assert_false(value.stale);
    assert_int_equal(tw_cache_get(cache, key, 1000, &value), TW_EMPTY);
    assert_int_equal(tw_cache_get_stale(cache, key, 1299, &value), TW_OK);
    assert_true(value.stale && number == 10);
    assert_int_equal(tw_cache_get_stale(cache, key, 1300, &value), TW_EMPTY);
    tw_cache_statistics counts = counts_of(cache);
    assert_int_equal(counts.stale_hits, 1);
    assert_int_equal(counts.removed[TW_CACHE_EXPIRED], 1);
}

/* The jitter is +- 10 % of a TTL of 1,000,000, from the key alone. */
static void jitter_spreads_ten_thousand_expiries(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.entry_max = 16384;
    config.shard_count = 1;
    config.ttl_ns = 1000000;
    config.jitter_percent = 10;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 10000; key++)
        put_number(cache, key, 0, key);
    size_t before = 10000;
    assert_int_equal(tw_cache_turn(cache, 899999, SIZE_MAX), 0);
    for (int64_t now_ns = 900000; now_ns < 1100000; now_ns += 10000) {
        size_t gone = tw_cache_turn(cache, now_ns + 9999, SIZE_MAX);
        assert_in_range(gone, 350, 650); /* 500 are expected in each twentieth */
        before -= gone;
    }
    assert_int_equal(before, 0);
}

static void jitter_is_the_same_for_the_same_key_and_seed(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.ttl_ns = 1000000;
    config.jitter_percent = 50;
    size_t outliving = 0;
    for (uint64_t key = 0; key < 50; key++) {
        TW_AUTO(tw_cache) *first = cache_of(&config);
        TW_AUTO(tw_cache) *second = cache_of(&config);
        put_number(first, key, 0, 1);
        put_number(second, key, 5000000, 1);
        for (int64_t age_ns = 500000; age_ns <= 1500000; age_ns += 50000) {
            bool alive = knows(first, tw_cache_key_number(key), age_ns, 1);
            assert_int_equal(alive, knows(second, tw_cache_key_number(key), 5000000 + age_ns, 1));
            outliving += alive && age_ns == 1000000;
        }
    }
    assert_in_range(outliving, 15, 35); /* about half of them live longer than the TTL */
}

static void the_removal_function_hears_of_each_cause(void **state) {
    (void)state;
    told log = {0};
    tw_cache_config config = plain_config();
    config.removed = remember;
    config.removed_context = &log;
    config.entry_max = 2;
    config.weight_max = 10;
    config.policy = TW_CACHE_LRU;
    tw_cache *cache = cache_of(&config);
    put_number(cache, 1, 0, 10);
    put_number(cache, 1, 0, 11); /* replaced */
    put_number(cache, 2, 0, 20);
    put_number(cache, 3, 0, 30); /* evicts 1 by count */
    tw_cache_options heavy = {.weight = 10};
    put(cache, tw_cache_key_number(2), 0, 21, &heavy); /* replaced; evicts 3 by weight */
    assert_true(tw_cache_drop(cache, tw_cache_key_number(2)));
    put_number(cache, 4, 0, 40);
    assert_int_equal(tw_cache_turn(cache, TTL_NS, 1000), 1);
    put_number(cache, 5, 0, 50);
    tw_cache_clear(cache);
    put_number(cache, 6, 0, 60);
    tw_cache_check(cache);
    tw_cache_free(cache);
    const tw_cache_cause causes[] = {
        TW_CACHE_REPLACED,    TW_CACHE_EVICTED_COUNT, TW_CACHE_REPLACED, TW_CACHE_EVICTED_WEIGHT,
        TW_CACHE_INVALIDATED, TW_CACHE_EXPIRED,       TW_CACHE_CLEARED,  TW_CACHE_CLEARED};
    const uint64_t keys[] = {1, 1, 2, 3, 2, 4, 5, 6};
    const uint64_t values[] = {10, 11, 20, 30, 21, 40, 50, 60};
    assert_int_equal(log.count, 8);
    size_t at[] = {0, 1, 3, 2, 4, 5, 6, 7}; /* of one call, the last removed is told first */
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(log.causes[at[i]], causes[i]);
        assert_int_equal(log.keys[at[i]], keys[i]);
        assert_int_equal(log.values[at[i]], values[i]);
    }
}

/* It puts the key again, and takes the lock for it. */
static void put_again(void *context, const tw_cache_removal *removal) {
    tw_cache **cache = context;
    uint64_t value = removal->key.number + 1000;
    if (removal->cause != TW_CACHE_INVALIDATED)
        return;
    assert_int_equal(tw_cache_put(*cache, removal->key, 0, &value, sizeof(value), NULL), TW_OK);
}

static void the_removal_function_may_call_the_cache(void **state) {
    (void)state;
    tw_cache *cache = NULL;
    tw_cache_config config = plain_config();
    config.removed = put_again;
    config.removed_context = &cache;
    assert_int_equal(tw_cache_new(NULL, &config, NULL, &cache), TW_OK);
    put_number(cache, 1, 0, 10);
    assert_true(tw_cache_drop(cache, tw_cache_key_number(1)));
    assert_true(knows(cache, tw_cache_key_number(1), 0, 1001));
    tw_cache_free(cache);
}

/* While the removal function has not returned its place is not free: here it puts and puts. */
static void put_until_full(void *context, const tw_cache_removal *removal) {
    tw_cache **cache = context;
    uint64_t value = 1;
    tw_status status = TW_OK;
    if (removal->cause != TW_CACHE_INVALIDATED)
        return;
    for (uint64_t i = 0; i < 100 && status == TW_OK; i++) {
        uint64_t key = removal->key.number + 1; /* a level deeper with each drop */
        status = tw_cache_put(*cache, tw_cache_key_number(key), 0, &value, sizeof(value), NULL);
        if (status == TW_OK)
            assert_true(tw_cache_drop(*cache, tw_cache_key_number(key)));
        status = TW_FULL;
    }
}

static void without_a_spare_place_a_put_is_refused(void **state) {
    (void)state;
    tw_cache *cache = NULL;
    tw_cache_config config = plain_config();
    config.entry_max = 1;
    config.removed = put_until_full;
    config.removed_context = &cache;
    assert_int_equal(tw_cache_new(NULL, &config, NULL, &cache), TW_OK);
    put_number(cache, 1, 0, 10);
    assert_true(tw_cache_drop(cache, tw_cache_key_number(1)));
    tw_cache_statistics counts = counts_of(cache);
    assert_int_equal(counts.refused, 1); /* at the bottom of all the drops */
    assert_in_range(counts.removed[TW_CACHE_INVALIDATED], 10, 100);
    put_number(cache, 1, 0, 10); /* all places are back */
    tw_cache_check(cache);
    tw_cache_free(cache);
}

static void a_prefix_drops_the_byte_keys_that_begin_with_it(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.shard_count = 4;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    static const char *const texts[] = {"AAPL:1d", "AAPL:1h", "AAPL", "AAP", "MSFT:1d", ""};
    for (size_t i = 0; i < 6; i++)
        put(cache, text(texts[i]), 0, i, NULL);
    put_number(cache, 0x4c504141, 0, 9); /* "AAPL", were it bytes */
    assert_int_equal(tw_cache_drop_prefix(cache, "AAPL", 4), 3);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(knows(cache, text(texts[i]), 0, i), i >= 3);
    assert_true(knows(cache, tw_cache_key_number(0x4c504141), 0, 9));
    assert_int_equal(tw_cache_drop_prefix(cache, "AAPL", 4), 0);
    assert_int_equal(tw_cache_drop_prefix(cache, NULL, 0), 3); /* all byte keys, no numbers */
    assert_true(knows(cache, tw_cache_key_number(0x4c504141), 0, 9));
    tw_cache_check(cache);
}

static void a_tag_drops_what_was_put_with_it(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.entry_max = 2000;
    config.shard_count = 2;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 900; key++) {
        tw_cache_options options = {.tag = key % 3};
        put(cache, tw_cache_key_number(key), 0, key, &options);
    }
    put_number(cache, 1, 0, 1); /* put again without: it has no tag any more */
    assert_int_equal(tw_cache_drop_tag(cache, 1), 299);
    assert_int_equal(tw_cache_drop_tag(cache, 1), 0);
    for (uint64_t key = 0; key < 900; key++)
        assert_int_equal(knows(cache, tw_cache_key_number(key), 0, key), key % 3 != 1 || key == 1);
    tw_cache_check(cache);
}

static void a_tag_drops_no_other_tag(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 90; key++) { /* some of them share a chain */
        tw_cache_options options = {.tag = key + 1};
        put(cache, tw_cache_key_number(key), 0, key, &options);
    }
    for (uint64_t tag = 90; tag > 0; tag--) {
        assert_int_equal(tw_cache_drop_tag(cache, tag), 1);
        assert_int_equal(counts_of(cache).entry_count, tag - 1);
        assert_false(knows(cache, tw_cache_key_number(tag - 1), 0, tag - 1));
    }
}

static void clearing_drops_all(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    config.entry_max = 1000;
    config.shard_count = 4;
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 500; key++)
        put_number(cache, key, 0, key);
    tw_cache_clear(cache);
    for (uint64_t key = 0; key < 500; key++)
        assert_false(knows(cache, tw_cache_key_number(key), 0, key));
    tw_cache_statistics counts = counts_of(cache);
    assert_int_equal(counts.removed[TW_CACHE_CLEARED], 500);
    assert_true(counts.entry_count == 0 && counts.weight == 0);
    tw_cache_check(cache);
}

static void puts_sweep_what_has_expired(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 50; key++)
        put_number(cache, key, 0, key);
    for (int i = 0; i < 60; i++) /* of 101 places, two are looked at each time */
        put_number(cache, 99, TTL_NS + 1, 1);
    tw_cache_statistics counts = counts_of(cache);
    assert_int_equal(counts.removed[TW_CACHE_EXPIRED], 50);
    assert_int_equal(counts.entry_count, 1);
}

static void a_turn_looks_at_no_more_places_than_it_is_told(void **state) {
    (void)state;
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    for (uint64_t key = 0; key < 100; key++)
        put_number(cache, key, 0, key);
    size_t first = tw_cache_turn(cache, TTL_NS, 70);
    assert_in_range(first, 69, 70); /* one place is free */
    assert_int_equal(first + tw_cache_turn(cache, TTL_NS, 31), 100);
    assert_int_equal(tw_cache_turn(cache, TTL_NS, SIZE_MAX), 0);
}

static void put_too_much(tw_cache *cache) {
    unsigned char bytes[65] = {0};
    (void)!tw_cache_put(cache, tw_cache_key_number(1), 0, bytes, sizeof(bytes), NULL);
}

static void put_nothing_as_missing(tw_cache *cache) {
    (void)!tw_cache_put_missing(cache, tw_cache_key_number(1), 0, TW_OK, NULL);
}

static void drop_no_tag(tw_cache *cache) {
    (void)tw_cache_drop_tag(cache, 0);
}

static bool stops_the_program(void (*misuse)(tw_cache *cache)) {
    tw_cache_config config = plain_config();
    TW_AUTO(tw_cache) *cache = cache_of(&config);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        misuse(cache);
        _exit(0);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    return WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT;
}

static void misuse_stops_the_program(void **state) {
    (void)state;
    assert_true(stops_the_program(put_too_much));
    assert_true(stops_the_program(put_nothing_as_missing));
    assert_true(stops_the_program(drop_no_tag));
}

static tw_status make_use_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_cache) *cache = NULL;
    tw_cache_config config = plain_config();
    uint64_t value = 1;
    tw_status status = tw_cache_new(allocator, &config, NULL, &cache);
    if (status == TW_OK)
        status = tw_cache_put(cache, tw_cache_key_number(1), 0, &value, sizeof(value), NULL);
    return status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_use_and_free, NULL);
    tw_cache_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_outside_the_limits_is_refused),
        cmocka_unit_test(what_was_put_is_got_until_its_ttl),
        cmocka_unit_test(numbers_and_bytes_are_never_equal),
        cmocka_unit_test(a_key_that_is_too_long_is_nowhere),
        cmocka_unit_test(values_of_any_size_come_back_and_too_small_a_buffer_says_so),
        cmocka_unit_test(a_negative_entry_remembers_its_status_for_its_own_ttl),
        cmocka_unit_test(with_no_ttl_for_the_missing_putting_it_drops_the_key),
        cmocka_unit_test(one_caller_is_told_to_refresh),
        cmocka_unit_test(an_expired_value_is_shown_as_stale_within_its_grace),
        cmocka_unit_test(jitter_spreads_ten_thousand_expiries),
        cmocka_unit_test(jitter_is_the_same_for_the_same_key_and_seed),
        cmocka_unit_test(the_removal_function_hears_of_each_cause),
        cmocka_unit_test(the_removal_function_may_call_the_cache),
        cmocka_unit_test(without_a_spare_place_a_put_is_refused),
        cmocka_unit_test(a_prefix_drops_the_byte_keys_that_begin_with_it),
        cmocka_unit_test(a_tag_drops_what_was_put_with_it),
        cmocka_unit_test(a_tag_drops_no_other_tag),
        cmocka_unit_test(clearing_drops_all),
        cmocka_unit_test(puts_sweep_what_has_expired),
        cmocka_unit_test(a_turn_looks_at_no_more_places_than_it_is_told),
        cmocka_unit_test(misuse_stops_the_program),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
