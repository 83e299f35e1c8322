/* test_cache_threads.c - real threads on one cache: values are whole and never older than what was
 * acknowledged before they were asked for. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/cache.h"

#define THREAD_COUNT 4
#define KEY_COUNT 64 /* each is changed by one thread only: key modulo THREAD_COUNT */
#define ROUND_COUNT 100000
#define WORD_COUNT 5

/* What the world knows, what was acknowledged, and the cache between. */
typedef struct world {
    tw_cache *cache;
    uint64_t truth[KEY_COUNT];        /* what a loader reads */
    uint64_t acknowledged[KEY_COUNT]; /* the change of the cache has returned */
    uint64_t told;                    /* removals heard of */
    int64_t now_ns;                   /* as all threads have moved it */
    int64_t step_ns;                  /* by this with each call */
    bool by_drop;                     /* changes drop keys; else they put them */
} world;

typedef struct worker {
    pthread_t thread;
    world *shared;
    uint64_t number;
    uint64_t wrong;
    uint64_t answers;
} worker;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void make_words(uint64_t key, uint64_t version, uint64_t words[WORD_COUNT]) {
    words[0] = version;
    for (size_t i = 1; i < WORD_COUNT; i++)
        words[i] = (version * 1000 + key) * (i + UINT64_C(0x9e3779b97f4a7c15));
}

static bool are_whole(uint64_t key, const uint64_t words[WORD_COUNT]) {
    uint64_t expected[WORD_COUNT];
    make_words(key, words[0], expected);
    return memcmp(words, expected, sizeof(expected)) == 0;
}

static int64_t time_of(world *shared) {
    return __atomic_add_fetch(&shared->now_ns, shared->step_ns, __ATOMIC_RELAXED);
}

/* Half of the keys are numbers, half texts that hold the number. */
static tw_cache_key key_of(const uint64_t *key) {
    return *key % 2 == 0 ? tw_cache_key_number(*key) : tw_cache_key_bytes(key, sizeof(*key));
}

static uint64_t number_of(tw_cache_key key) {
    uint64_t number = key.number;
    if (key.bytes != NULL)
        memcpy(&number, key.bytes, sizeof(number));
    return number;
}

static tw_status load_truth(void *context, tw_cache_key key, tw_cache_load *load) {
    world *shared = context;
    uint64_t number = number_of(key);
    uint64_t words[WORD_COUNT];
    make_words(number, __atomic_load_n(&shared->truth[number], __ATOMIC_ACQUIRE), words);
    memcpy(load->bytes, words, sizeof(words));
    load->size = sizeof(words);
    return TW_OK;
}

static void hear(void *context, const tw_cache_removal *removal) {
    world *shared = context;
    uint64_t words[WORD_COUNT];
    uint64_t bad = removal->size != sizeof(words);
    if (bad == 0) {
        memcpy(words, removal->bytes, sizeof(words));
        bad = !are_whole(number_of(removal->key), words);
    }
    /* A broken one would make the sum at the end differ by far. */
    (void)__atomic_add_fetch(&shared->told, bad == 0 ? 1 : 1000000000, __ATOMIC_RELAXED);
}

static void change(worker *self, uint64_t round, uint64_t key) {
    world *shared = self->shared;
    uint64_t words[WORD_COUNT];
    uint64_t version = __atomic_load_n(&shared->truth[key], __ATOMIC_RELAXED) + 1;
    make_words(key, version, words);
    __atomic_store_n(&shared->truth[key], version, __ATOMIC_RELEASE);
    if (shared->by_drop) {
        uint64_t way = round % 64;
        if (way == 0)
            (void)tw_cache_drop_tag(shared->cache, 1 + key % 4);
        else if (way == 1)
            tw_cache_clear(shared->cache);
        else if (way == 2 && key % 2 == 1)
            (void)tw_cache_drop_prefix(shared->cache, &key, 1);
        else
            (void)tw_cache_drop(shared->cache, key_of(&key));
    } else {
        tw_cache_options options = {.tag = 1 + key % 4};
        tw_status status = tw_cache_put(shared->cache, key_of(&key), time_of(shared), words,
                                        sizeof(words), &options);
        if (status == TW_FULL) /* all spare places are being told about: drop it instead */
            (void)tw_cache_drop(shared->cache, key_of(&key));
        else
            self->wrong += status != TW_OK;
    }
    __atomic_store_n(&shared->acknowledged[key], version, __ATOMIC_RELEASE);
}

static void ask(worker *self, uint64_t key, bool memoize) {
    world *shared = self->shared;
    uint64_t words[WORD_COUNT] = {0};
    tw_cache_value value = {.bytes = words, .capacity = sizeof(words)};
    tw_cache_loader loader = {load_truth, shared, TW_WAIT_FOREVER, 1 + key % 4};
    uint64_t least = __atomic_load_n(&shared->acknowledged[key], __ATOMIC_ACQUIRE);
    tw_status status =
        memoize ? tw_cache_memoize(shared->cache, key_of(&key), time_of(shared), &loader, &value)
                : tw_cache_get(shared->cache, key_of(&key), time_of(shared), &value);
    if (!memoize && status == TW_EMPTY)
        return;
    self->answers++;
    self->wrong += status != TW_OK || value.size != sizeof(words);
    self->wrong += !are_whole(key, words) || words[0] < least;
}

static void *work(void *context) {
    worker *self = context;
    uint64_t seed = self->number;
    for (uint64_t round = 0; round < ROUND_COUNT; round++) {
        uint64_t random = next_random(&seed);
        uint64_t key = random % KEY_COUNT;
        if (random >> 60 == 0)
            change(self, round, key - key % THREAD_COUNT + self->number);
        else
            ask(self, key, (random >> 58 & 3) != 0);
    }
    return NULL;
}

static void run(bool by_drop, size_t entry_max, tw_cache_policy policy, int64_t step_ns) {
    world shared = {.by_drop = by_drop, .now_ns = 1, .step_ns = step_ns};
    worker workers[THREAD_COUNT];
    tw_cache_config config = tw_cache_config_default();
    config.entry_max = entry_max;
    config.shard_count = 2;
    config.policy = policy;
    config.ttl_ns = 1000;
    config.grace_ns = 500;
    config.refresh_percent = 50;
    config.removed = hear;
    config.removed_context = &shared;
    assert_int_equal(tw_cache_new(NULL, &config, NULL, &shared.cache), TW_OK);
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        workers[i] = (worker){.shared = &shared, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    uint64_t answers = 0;
    uint64_t wrong = 0;
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        wrong += workers[i].wrong;
        answers += workers[i].answers;
    }
    assert_int_equal(wrong, 0);
    tw_cache_check(shared.cache);
    tw_cache_statistics counts;
    tw_cache_read_statistics(shared.cache, &counts);
    uint64_t removed = 0;
    for (size_t i = 0; i < TW_CACHE_CAUSE_COUNT; i++)
        removed += counts.removed[i];
    assert_int_equal(removed, shared.told);
    assert_true(counts.hits > 0 && counts.loads_ok > 0);
    /* Each answer was a hit, or a miss of memoize, which leads or joins. Who refreshes is both. */
    uint64_t explained = counts.hits + counts.loads_ok + counts.coalesced;
    assert_true(step_ns == 0 ? answers == explained : answers <= explained);
    assert_true(step_ns > 0 || counts.removed[TW_CACHE_EXPIRED] == 0);
    tw_cache_free(shared.cache);
}

static void an_answer_is_whole_and_no_older_than_a_drop_that_has_returned(void **state) {
    (void)state;
    run(true, 100, TW_CACHE_TINYLFU, 0);
    run(true, 30, TW_CACHE_LRU, 0);
}

static void an_answer_is_whole_and_no_older_than_a_put_that_has_returned(void **state) {
    (void)state;
    run(false, 100, TW_CACHE_TINYLFU, 0);
    run(false, 20, TW_CACHE_TINYLFU, 0);
}

static void an_answer_is_whole_and_in_date_while_entries_expire_and_are_refreshed(void **state) {
    (void)state;
    run(true, 100, TW_CACHE_TINYLFU, 2);
    run(false, 100, TW_CACHE_FIFO, 4);
}

/* ---- many readers ---- */

#define READER_COUNT 24 /* more than a shard has stripes for */
#define READ_COUNT 5000

static void *read_one(void *context) {
    worker *self = context;
    for (uint64_t i = 0; i < READ_COUNT; i++)
        ask(self, (self->number + i) % 4, false);
    return NULL;
}

static void each_hit_of_many_threads_is_counted(void **state) {
    (void)state;
    world shared = {.now_ns = 1};
    static worker readers[READER_COUNT];
    tw_cache_config config = tw_cache_config_default();
    config.shard_count = 1;
    assert_int_equal(tw_cache_new(NULL, &config, NULL, &shared.cache), TW_OK);
    worker writer = {.shared = &shared};
    for (uint64_t key = 0; key < 4; key++)
        change(&writer, 0, key);
    for (size_t round = 0; round < 2; round++) { /* the second find the stripes taken */
        for (size_t i = 0; i < READER_COUNT; i++) {
            readers[i] = (worker){.shared = &shared, .number = i};
            assert_int_equal(pthread_create(&readers[i].thread, NULL, read_one, &readers[i]), 0);
        }
        for (size_t i = 0; i < READER_COUNT; i++)
            assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        for (size_t i = 0; i < READER_COUNT; i++)
            assert_true(readers[i].wrong == 0 && readers[i].answers == READ_COUNT);
    }
    tw_cache_statistics counts;
    tw_cache_read_statistics(shared.cache, &counts);
    assert_int_equal(counts.hits, 2 * READER_COUNT * READ_COUNT);
    assert_int_equal(counts.misses, 0);
    tw_cache_check(shared.cache);
    tw_cache_free(shared.cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_whole_and_no_older_than_a_drop_that_has_returned),
        cmocka_unit_test(an_answer_is_whole_and_no_older_than_a_put_that_has_returned),
        cmocka_unit_test(an_answer_is_whole_and_in_date_while_entries_expire_and_are_refreshed),
        cmocka_unit_test(each_hit_of_many_threads_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
