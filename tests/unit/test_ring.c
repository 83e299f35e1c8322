/* test_ring.c - the rules of tradewind/ring.h, one test a rule. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/ring.h"

static tw_ring *ring_of(size_t capacity, size_t record_size) {
    tw_ring *ring = NULL;
    assert_int_equal(tw_ring_new(NULL, capacity, record_size, &ring), TW_OK);
    return ring;
}

static void push_number(tw_ring *ring, uint64_t number) {
    assert_int_equal(tw_ring_push(ring, &number), TW_OK);
}

static uint64_t pop_number(tw_ring *ring) {
    uint64_t number = 0;
    assert_int_equal(tw_ring_pop(ring, &number), TW_OK);
    return number;
}

static void test_capacity_is_rounded_up_to_a_power_of_two(void **state) {
    (void)state;
    const size_t wanted[] = {1, 2, 3, 4, 5, 1000, 1024};
    const size_t given[] = {1, 2, 4, 4, 8, 1024, 1024};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        TW_AUTO(tw_ring) *ring = ring_of(wanted[i], 24);
        assert_int_equal(tw_ring_capacity(ring), given[i]);
        assert_int_equal(tw_ring_record_size(ring), 24);
        assert_int_equal(tw_ring_count(ring), 0);
    }
}

static void test_sizes_outside_the_limits_are_refused(void **state) {
    (void)state;
    tw_ring *ring = NULL;
    assert_int_equal(tw_ring_new(NULL, 0, 8, &ring), TW_RANGE);
    assert_int_equal(tw_ring_new(NULL, TW_RING_CAPACITY_MAX + 1, 8, &ring), TW_RANGE);
    assert_int_equal(tw_ring_new(NULL, 8, 0, &ring), TW_RANGE);
    assert_int_equal(tw_ring_new(NULL, 8, TW_RING_RECORD_SIZE_MAX + 1, &ring), TW_RANGE);
    assert_null(ring);
}

static void test_a_full_ring_refuses_and_keeps_what_it_has(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(4, sizeof(uint64_t));
    for (uint64_t i = 0; i < 4; i++)
        push_number(ring, i);
    uint64_t fifth = 99;
    assert_int_equal(tw_ring_push(ring, &fifth), TW_FULL);
    void *records = &fifth;
    assert_int_equal(tw_ring_claim(ring, 1, &records), 0);
    assert_ptr_equal(records, &fifth);
    assert_int_equal(tw_ring_count(ring), 4);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(pop_number(ring), i);
}

static void test_an_empty_ring_says_so_and_writes_nothing(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(4, sizeof(uint64_t));
    uint64_t number = 7;
    const void *records = &number;
    assert_int_equal(tw_ring_pop(ring, &number), TW_EMPTY);
    assert_int_equal(number, 7);
    assert_int_equal(tw_ring_peek(ring, 4, &records), 0);
    assert_ptr_equal(records, &number);
    assert_false(tw_ring_drained(ring));
}

static void test_records_of_any_size_come_back_unchanged(void **state) {
    (void)state;
    const size_t sizes[] = {1, 3, 8, 16, 24, 32, 64, 100, 4096};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        TW_AUTO(tw_ring) *ring = ring_of(8, sizes[s]);
        unsigned char record[4096];
        unsigned char back[4096];
        for (unsigned round = 0; round < 20; round++) {
            for (unsigned i = 0; i < 5; i++) {
                memset(record, (int)(round * 5 + i), sizes[s]);
                assert_int_equal(tw_ring_push(ring, record), TW_OK);
            }
            for (unsigned i = 0; i < 5; i++) {
                memset(record, (int)(round * 5 + i), sizes[s]);
                assert_int_equal(tw_ring_pop(ring, back), TW_OK);
                assert_memory_equal(back, record, sizes[s]);
            }
            tw_ring_check(ring);
        }
    }
}

static void test_a_claim_ends_at_the_end_of_the_array(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(8, sizeof(uint64_t));
    for (uint64_t i = 0; i < 6; i++)
        push_number(ring, i);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal(pop_number(ring), i);
    void *claimed = NULL;
    assert_int_equal(tw_ring_claim(ring, 8, &claimed), 2);
    uint64_t *numbers = claimed;
    numbers[0] = 100;
    numbers[1] = 101;
    tw_ring_commit(ring, 2);
    assert_int_equal(tw_ring_claim(ring, 8, &claimed), 6);
    assert_int_equal((uintptr_t)claimed % 64, 0);
    numbers = claimed;
    numbers[0] = 102;
    tw_ring_commit(ring, 1);
    const void *shown = NULL;
    assert_int_equal(tw_ring_peek(ring, 8, &shown), 2);
    assert_int_equal(((const uint64_t *)shown)[1], 101);
    tw_ring_consume(ring, 2);
    assert_int_equal(pop_number(ring), 102);
    tw_ring_check(ring);
}

static void test_nothing_claimed_is_seen_before_the_commit(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(8, sizeof(uint64_t));
    void *claimed = NULL;
    assert_int_equal(tw_ring_claim(ring, 3, &claimed), 3);
    assert_int_equal(tw_ring_count(ring), 0);
    tw_ring_commit(ring, 0);
    const void *shown = NULL;
    assert_int_equal(tw_ring_peek(ring, 8, &shown), 0);
    push_number(ring, 5);
    assert_int_equal(pop_number(ring), 5);
}

static void test_peeking_again_shows_the_same_records(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(8, sizeof(uint64_t));
    for (uint64_t i = 0; i < 5; i++)
        push_number(ring, i);
    const void *first = NULL;
    const void *second = NULL;
    assert_int_equal(tw_ring_peek(ring, 3, &first), 3);
    assert_int_equal(tw_ring_peek(ring, 100, &second), 5);
    assert_ptr_equal(first, second);
    tw_ring_consume(ring, 2);
    assert_int_equal(pop_number(ring), 2);
}

static void test_a_closed_ring_is_drained_before_it_says_closed(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(4, sizeof(uint64_t));
    push_number(ring, 1);
    push_number(ring, 2);
    tw_ring_close(ring);
    tw_ring_close(ring);
    assert_int_equal(tw_ring_count(ring), 2);
    assert_false(tw_ring_drained(ring));
    assert_int_equal(pop_number(ring), 1);
    assert_false(tw_ring_drained(ring));
    assert_int_equal(pop_number(ring), 2);
    assert_true(tw_ring_drained(ring));
    uint64_t number = 7;
    assert_int_equal(tw_ring_pop(ring, &number), TW_CLOSED);
    assert_int_equal(number, 7);
    tw_ring_check(ring);
}

/* Whether a misuse stops the program, tried in a child. */
static bool stops_the_program(void (*misuse)(tw_ring *ring)) {
    TW_AUTO(tw_ring) *ring = ring_of(4, sizeof(uint64_t));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        misuse(ring);
        _exit(0);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    return WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT;
}

static void push_after_close(tw_ring *ring) {
    uint64_t number = 0;
    tw_ring_close(ring);
    (void)!tw_ring_push(ring, &number);
}

static void commit_more_than_claimed(tw_ring *ring) {
    void *claimed = NULL;
    (void)!tw_ring_claim(ring, 2, &claimed);
    tw_ring_commit(ring, 3);
}

static void commit_twice(tw_ring *ring) {
    void *claimed = NULL;
    (void)!tw_ring_claim(ring, 2, &claimed);
    tw_ring_commit(ring, 1);
    tw_ring_commit(ring, 1);
}

static void consume_without_peek(tw_ring *ring) {
    push_number(ring, 1);
    tw_ring_consume(ring, 1);
}

static void test_misuse_stops_the_program(void **state) {
    (void)state;
    assert_true(stops_the_program(push_after_close));
    assert_true(stops_the_program(commit_more_than_claimed));
    assert_true(stops_the_program(commit_twice));
    assert_true(stops_the_program(consume_without_peek));
}

#define STREAM_COUNT UINT64_C(3000000)

struct record {
    uint64_t sequence;
    uint64_t square;
    uint64_t filler[2];
};

static struct record record_of(uint64_t sequence) {
    return (struct record){sequence, sequence * sequence, {~sequence, sequence + 1}};
}

/* Pushes one by one and in batches by turns, long enough that the consumer, who changes twice as
 * often, meets each way with each of its own. */
static void *produce(void *argument) {
    tw_ring *ring = argument;
    for (uint64_t next = 0; next < STREAM_COUNT;) {
        struct record record = record_of(next);
        void *claimed = NULL;
        size_t count = 0;
        if ((next >> 16) % 2 == 0) {
            count = tw_ring_push(ring, &record) == TW_OK;
        } else {
            uint64_t left = STREAM_COUNT - next;
            count = tw_ring_claim(ring, left < 50 ? left : 50, &claimed);
            struct record *records = claimed;
            for (size_t i = 0; i < count; i++)
                records[i] = record_of(next + i);
            tw_ring_commit(ring, count);
        }
        next += count;
        if (count == 0)
            sched_yield();
    }
    tw_ring_close(ring);
    return NULL;
}

static bool is_record(const struct record *record, uint64_t sequence) {
    struct record wanted = record_of(sequence);
    return memcmp(record, &wanted, sizeof(wanted)) == 0;
}

static void test_two_threads_see_every_record_once_and_in_order(void **state) {
    (void)state;
    TW_AUTO(tw_ring) *ring = ring_of(256, sizeof(struct record));
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    uint64_t next = 0;
    uint64_t wrong = 0;
    while (!tw_ring_drained(ring)) {
        struct record record;
        const void *shown = NULL;
        size_t count = 0;
        if ((next >> 15) % 2 == 0) {
            count = tw_ring_pop(ring, &record) == TW_OK;
            wrong += count == 1 && !is_record(&record, next);
        } else {
            count = tw_ring_peek(ring, 64, &shown);
            const struct record *records = shown;
            for (size_t i = 0; i < count; i++)
                wrong += !is_record(&records[i], next + i);
            tw_ring_consume(ring, count);
        }
        wrong += tw_ring_count(ring) > tw_ring_capacity(ring);
        next += count;
        if (count == 0)
            sched_yield();
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(next, STREAM_COUNT);
    assert_int_equal(wrong, 0);
    tw_ring_check(ring);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_ring) *ring = NULL;
    return tw_ring_new(allocator, 100, 40, &ring);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
    tw_ring_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity_is_rounded_up_to_a_power_of_two),
        cmocka_unit_test(test_sizes_outside_the_limits_are_refused),
        cmocka_unit_test(test_a_full_ring_refuses_and_keeps_what_it_has),
        cmocka_unit_test(test_an_empty_ring_says_so_and_writes_nothing),
        cmocka_unit_test(test_records_of_any_size_come_back_unchanged),
        cmocka_unit_test(test_a_claim_ends_at_the_end_of_the_array),
        cmocka_unit_test(test_nothing_claimed_is_seen_before_the_commit),
        cmocka_unit_test(test_peeking_again_shows_the_same_records),
        cmocka_unit_test(test_a_closed_ring_is_drained_before_it_says_closed),
        cmocka_unit_test(test_misuse_stops_the_program),
        cmocka_unit_test(test_two_threads_see_every_record_once_and_in_order),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
