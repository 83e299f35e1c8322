/*
 * model_equity_past.c - what an account was worth, beside a list of all that was ever put.
 *
 * The list is asked by walking it. What the rings have forgotten the list has, too: the model knows
 * from which record on a ring is whole, and that before it the closes speak.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "equity_past.h"
#include "failing_heap.h"
#include "tradewind/random.h"

enum { STEPS = 60000 };

typedef struct obvious_list {
    equity_point points[STEPS];
    uint32_t count;
} obvious_list;

static obvious_list lists[EQUITY_KIND_COUNT];
static equity_past past;
static tw_random chance;

static uint64_t below(uint64_t limit) {
    return tw_random_below(&chance, limit);
}

static void put(equity_kind kind, int64_t time_ns, int64_t equity_nano) {
    obvious_list *list = &lists[kind];
    equity_past_put(&past, kind, (equity_point){time_ns, equity_nano});
    bool same = list->count > 0 && list->points[list->count - 1].equity_nano == equity_nano;
    if (kind == EQUITY_MINUTES && same)
        return;
    list->points[list->count++] = (equity_point){time_ns, equity_nano};
}

/* The last at or before a time of those that the ring still has. */
static bool slow_find(equity_kind kind, int64_t time_ns, int64_t *ret_nano) {
    const obvious_list *list = &lists[kind];
    uint32_t capacity = past.series[kind].capacity;
    uint32_t first = list->count > capacity ? list->count - capacity : 0;
    bool found = false;
    for (uint32_t i = first; i < list->count && list->points[i].time_ns <= time_ns; i++) {
        *ret_nano = list->points[i].equity_nano;
        found = true;
    }
    return found;
}

static void compare_at(int64_t time_ns) {
    int64_t slow = 0;
    int64_t quick = 0;
    bool is_slow =
        slow_find(EQUITY_MINUTES, time_ns, &slow) || slow_find(EQUITY_CLOSES, time_ns, &slow);
    assert_int_equal(equity_past_at(&past, time_ns, &quick), is_slow);
    if (is_slow)
        assert_int_equal(quick, slow);
    is_slow = slow_find(EQUITY_CLOSES, time_ns, &slow);
    assert_int_equal(equity_past_close(&past, time_ns, &quick), is_slow);
    if (is_slow)
        assert_int_equal(quick, slow);
}

/* Around the oldest that the ring still has. */
static void compare_at_the_oldest(equity_kind kind) {
    uint32_t capacity = past.series[kind].capacity;
    if (lists[kind].count <= capacity)
        return;
    int64_t time_ns = lists[kind].points[lists[kind].count - capacity].time_ns;
    for (int64_t at = time_ns - 3; at <= time_ns + 3; at++)
        compare_at(at);
}

/* Takes all records out and puts them back, as a file would. */
static void keep_and_restore(void) {
    equity_past other;
    assert_int_equal(equity_past_init(&other, NULL), TW_OK);
    for (int kind = 0; kind < EQUITY_KIND_COUNT; kind++) {
        const equity_series *series = &past.series[kind];
        for (uint64_t n = series->first; n < series->end; n++)
            equity_past_restore(&other, (equity_kind)kind, n,
                                series->ring[(n - 1) % series->capacity]);
        assert_int_equal(other.series[kind].first, series->first);
        assert_int_equal(other.series[kind].end, series->end);
    }
    equity_past_done(&past);
    past = other;
}

static void any_time_is_told_as_by_a_list(void **state) {
    (void)state;
    int64_t now = 1000;
    int64_t equity = 100;
    tw_random_init(&chance, 11, 0);
    assert_int_equal(equity_past_init(&past, NULL), TW_OK);
    for (uint32_t i = 0; i < STEPS; i++) {
        now += (int64_t)below(3);
        equity += (int64_t)below(3) - 1;
        put(below(8) == 0 ? EQUITY_CLOSES : EQUITY_MINUTES, now, equity);
        if (i % 64 == 0)
            compare_at((int64_t)below((uint64_t)now + 100));
        if (i % 256 == 0) {
            compare_at_the_oldest(EQUITY_MINUTES);
            compare_at_the_oldest(EQUITY_CLOSES);
        }
        if (i % 20000 == 19999)
            keep_and_restore();
    }
    for (int kind = 0; kind < EQUITY_KIND_COUNT; kind++) /* both have forgotten */
        assert_true(past.series[kind].first > 1);
    equity_past_clear(&past);
    int64_t nothing = 0;
    assert_false(equity_past_at(&past, now, &nothing));
    equity_past_done(&past);
}

static void a_gap_forgets_what_stood_before_it(void **state) {
    (void)state;
    int64_t equity = 0;
    assert_int_equal(equity_past_init(&past, NULL), TW_OK);
    equity_past_restore(&past, EQUITY_CLOSES, 5, (equity_point){50, 1});
    equity_past_restore(&past, EQUITY_CLOSES, 6, (equity_point){60, 2});
    equity_past_restore(&past, EQUITY_CLOSES, 9, (equity_point){90, 3});
    assert_false(equity_past_close(&past, 89, &equity));
    assert_true(equity_past_close(&past, 90, &equity));
    assert_int_equal(equity, 3);
    equity_past_put(&past, EQUITY_CLOSES, (equity_point){80, 4}); /* late: taken for 90 */
    assert_int_equal(past.series[EQUITY_CLOSES].end, 11);
    assert_false(equity_past_close(&past, 89, &equity));
    assert_true(equity_past_close(&past, 90, &equity));
    assert_int_equal(equity, 4);
    equity_past_done(&past);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    equity_past made;
    (void)context;
    tw_status status = equity_past_init(&made, allocator);
    if (status == TW_OK)
        equity_past_done(&made);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_time_is_told_as_by_a_list),
        cmocka_unit_test(a_gap_forgets_what_stood_before_it),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
