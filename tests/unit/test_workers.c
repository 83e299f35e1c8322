/* test_workers.c - every part is run once, by whoever is free, and nothing is lost between jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/workers.h"

#define PART_COUNT 1000

typedef struct job {
    uint32_t runs[PART_COUNT];
    uint64_t sums[PART_COUNT];
} job;

static void count_part(void *argument, size_t index) {
    job *mine = argument;
    mine->runs[index]++;
    uint64_t sum = 0;
    for (uint64_t i = 0; i <= index; i++)
        sum += i;
    mine->sums[index] = sum;
}

static void expect_done(const job *done, size_t count, uint32_t times) {
    for (size_t i = 0; i < PART_COUNT; i++) {
        assert_int_equal(done->runs[i], i < count ? times : 0);
        assert_int_equal(done->sums[i], i < count ? i * (i + 1) / 2 : 0);
    }
}

static void every_part_runs_once(void **state) {
    (void)state;
    for (uint32_t count = 1; count <= 5; count++) {
        TW_AUTO(tw_workers) *workers = NULL;
        assert_int_equal(tw_workers_new(NULL, count, &workers, NULL), TW_OK);
        assert_int_equal(tw_workers_count(workers), count);
        for (size_t parts = 0; parts <= PART_COUNT; parts = parts * 3 + 1) {
            job done = {0};
            tw_task_run(tw_workers_runner(workers), parts, count_part, &done);
            expect_done(&done, parts, 1);
        }
    }
}

static void jobs_follow_one_another_without_a_pause(void **state) {
    (void)state;
    TW_AUTO(tw_workers) *workers = NULL;
    assert_int_equal(tw_workers_new(NULL, 3, &workers, NULL), TW_OK);
    job done = {0};
    for (int i = 0; i < 2000; i++)
        tw_task_run(tw_workers_runner(workers), 7, count_part, &done);
    expect_done(&done, 7, 2000);
}

static void without_a_runner_the_caller_does_it(void **state) {
    (void)state;
    job done = {0};
    tw_task_run(NULL, PART_COUNT, count_part, &done);
    expect_done(&done, PART_COUNT, 1);
}

static void counts_outside_their_range_are_refused(void **state) {
    (void)state;
    tw_workers *workers = NULL;
    tw_error error;
    assert_int_equal(tw_workers_new(NULL, TW_WORKERS_COUNT_MAX + 1, &workers, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "257"));
    assert_null(workers);
    assert_int_equal(tw_workers_new(NULL, 0, &workers, &error), TW_OK);
    assert_in_range(tw_workers_count(workers), 1, TW_WORKERS_COUNT_MAX);
    tw_workers_free(workers);
    tw_workers_free(NULL);
}

static tw_status make_use_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_workers) *workers = NULL;
    tw_status status = tw_workers_new(allocator, 2, &workers, NULL);
    if (status != TW_OK)
        return status;
    job done = {0};
    tw_task_run(tw_workers_runner(workers), PART_COUNT, count_part, &done);
    expect_done(&done, PART_COUNT, 1);
    return TW_OK;
}

static void every_failed_allocation_leaves_nothing(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_use_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_runs_once),
        cmocka_unit_test(jobs_follow_one_another_without_a_pause),
        cmocka_unit_test(without_a_runner_the_caller_does_it),
        cmocka_unit_test(counts_outside_their_range_are_refused),
        cmocka_unit_test(every_failed_allocation_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
