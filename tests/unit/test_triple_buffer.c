/* test_triple_buffer.c - the newest state is given, whole, and neither side waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "failing_heap.h"
#include "tradewind/triple_buffer.h"

enum { WORD_COUNT = 512, ROUND_COUNT = 20000 };

static void put(tw_triple_buffer *buffer, uint64_t value) {
    uint64_t *words = tw_triple_buffer_begin(buffer);
    for (size_t i = 0; i < WORD_COUNT; i++)
        words[i] = value;
    tw_triple_buffer_publish(buffer);
}

/* The value of a state, all of whose words must be the same. */
static uint64_t value_of(const void *state) {
    const uint64_t *words = state;
    for (size_t i = 1; i < WORD_COUNT; i++)
        assert_true(words[i] == words[0]);
    return words[0];
}

static tw_triple_buffer *make(void) {
    tw_triple_buffer *buffer = NULL;
    assert_int_equal(tw_triple_buffer_new(NULL, WORD_COUNT * sizeof(uint64_t), &buffer), TW_OK);
    return buffer;
}

static void test_nothing_is_read_before_it_was_published(void **state) {
    (void)state;
    TW_AUTO(tw_triple_buffer) *buffer = make();
    bool fresh = true;
    tw_triple_buffer_begin(buffer);
    assert_null(tw_triple_buffer_read(buffer, &fresh));
    assert_false(fresh);
}

static void test_only_the_newest_state_is_given(void **state) {
    (void)state;
    TW_AUTO(tw_triple_buffer) *buffer = make();
    bool fresh = false;
    for (uint64_t i = 1; i <= 5; i++)
        put(buffer, i);
    assert_int_equal(value_of(tw_triple_buffer_read(buffer, &fresh)), 5);
    assert_true(fresh);
    assert_int_equal(value_of(tw_triple_buffer_read(buffer, &fresh)), 5);
    assert_false(fresh);
}

static void test_what_was_read_stays_while_others_are_published(void **state) {
    (void)state;
    TW_AUTO(tw_triple_buffer) *buffer = make();
    put(buffer, 1);
    const void *held = tw_triple_buffer_read(buffer, NULL);
    for (uint64_t i = 2; i < 100; i++) {
        put(buffer, i);
        assert_int_equal(value_of(held), 1);
    }
    assert_int_equal(value_of(tw_triple_buffer_read(buffer, NULL)), 99);
}

static void test_sizes_have_bounds(void **state) {
    (void)state;
    tw_triple_buffer *buffer = NULL;
    assert_int_equal(tw_triple_buffer_new(NULL, 0, &buffer), TW_RANGE);
    assert_int_equal(tw_triple_buffer_new(NULL, TW_TRIPLE_BUFFER_SIZE_MAX + 1, &buffer), TW_RANGE);
    assert_null(buffer);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_triple_buffer) *buffer = NULL;
    return tw_triple_buffer_new(allocator, 64, &buffer);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

/* ---- two threads --------------------------------------------------------------------------- */

typedef struct writing {
    tw_triple_buffer *buffer;
    atomic_bool read_once;
} writing;

/* Publishes until the reader has had enough; every word of a state is its number. */
static void *write_states(void *context) {
    writing *shared = context;
    for (uint64_t i = 1; i <= ROUND_COUNT || !atomic_load(&shared->read_once); i++)
        put(shared->buffer, i);
    put(shared->buffer, UINT64_MAX);
    return NULL;
}

static void test_no_state_is_torn_and_none_comes_back(void **state) {
    (void)state;
    TW_AUTO(tw_triple_buffer) *buffer = make();
    writing shared = {.buffer = buffer};
    pthread_t thread;
    uint64_t newest = 0;
    assert_int_equal(pthread_create(&thread, NULL, write_states, &shared), 0);
    while (newest != UINT64_MAX) {
        bool fresh = false;
        const void *seen = tw_triple_buffer_read(buffer, &fresh);
        if (seen == NULL)
            continue;
        atomic_store(&shared.read_once, true);
        uint64_t value = value_of(seen);
        assert_true(fresh ? value > newest : value == newest);
        newest = value;
    }
    pthread_join(thread, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_read_before_it_was_published),
        cmocka_unit_test(test_only_the_newest_state_is_given),
        cmocka_unit_test(test_what_was_read_stays_while_others_are_published),
        cmocka_unit_test(test_sizes_have_bounds),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
        cmocka_unit_test(test_no_state_is_torn_and_none_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
