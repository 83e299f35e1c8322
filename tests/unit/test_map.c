/* test_map.c - the rules of tradewind/map.h, one test a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/map.h"

static tw_map *map_of(const tw_allocator *allocator, size_t initial, size_t max) {
    tw_map *map = NULL;
    tw_map_config config = {.entry_initial = initial, .entry_max = max};
    assert_int_equal(tw_map_new(allocator, &config, &map), TW_OK);
    return map;
}

static void test_sizes_outside_the_limits_are_refused(void **state) {
    (void)state;
    const tw_map_config bad[] = {{0, 10, 0}, {11, 10, 0}, {0, 0, 0}, {1, TW_MAP_ENTRY_MAX + 1, 0}};
    tw_map *map = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(tw_map_new(NULL, &bad[i], &map), TW_RANGE);
    assert_null(map);
}

static void test_every_key_is_legal(void **state) {
    (void)state;
    TW_AUTO(tw_map) *map = map_of(NULL, 4, 4);
    const uint64_t keys[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63};
    uint64_t value = 5;
    for (size_t i = 0; i < 4; i++) {
        assert_false(tw_map_get(map, keys[i], &value));
        assert_int_equal(value, 5);
        assert_null(tw_map_find(map, keys[i]));
        assert_false(tw_map_drop(map, keys[i], NULL));
        assert_int_equal(tw_map_put(map, keys[i], 0), TW_OK);
        assert_int_equal(tw_map_put(map, keys[i], UINT64_MAX - i), TW_OK);
        tw_map_check(map);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(tw_map_get(map, keys[i], &value));
        assert_true(value == UINT64_MAX - i);
        assert_true(tw_map_drop(map, keys[i], &value));
        assert_true(value == UINT64_MAX - i);
        assert_false(tw_map_get(map, keys[i], &value));
        value = 5;
        tw_map_check(map);
    }
    assert_int_equal(tw_map_count(map), 0);
}

/* The limit counts entries, whether or not one of them is the key 0. */
static void check_limit(uint64_t first_key) {
    TW_AUTO(tw_map) *map = map_of(NULL, 1, 10);
    for (uint64_t key = first_key; key < first_key + 10; key++)
        assert_int_equal(tw_map_put(map, key, key), TW_OK);
    uint64_t *value = NULL;
    assert_int_equal(tw_map_put(map, 777, 1), TW_FULL);
    assert_int_equal(tw_map_ensure(map, 777, &value, NULL), TW_FULL);
    assert_null(value);
    if (first_key > 0)
        assert_int_equal(tw_map_put(map, 0, 1), TW_FULL);
    assert_int_equal(tw_map_put(map, first_key, 1), TW_OK);
    assert_int_equal(tw_map_count(map), 10);
    assert_int_equal(tw_map_capacity(map), 10);
    assert_int_equal(tw_map_entry_max(map), 10);
    assert_true(tw_map_drop(map, first_key + 3, NULL));
    assert_int_equal(tw_map_put(map, 777, 1), TW_OK);
    tw_map_check(map);
}

static void test_a_new_key_is_refused_at_the_limit(void **state) {
    (void)state;
    check_limit(0);
    check_limit(1);
}

static void test_a_map_of_fixed_size_never_allocates_again(void **state) {
    (void)state;
    for (size_t max = 1; max <= 40; max++) {
        failing_heap heap;
        failing_heap_init(&heap);
        TW_AUTO(tw_map) *map = map_of(&heap.allocator, max, max);
        uint64_t attempts = heap.attempts;
        failing_heap_fail_at(&heap, 0, true);
        for (uint64_t round = 0; round < 3; round++) {
            for (uint64_t key = 0; key < max; key++)
                assert_int_equal(tw_map_put(map, key + round * 100, key), TW_OK);
            assert_int_equal(tw_map_put(map, 9999, 0), TW_FULL);
            tw_map_check(map);
            tw_map_clear(map);
        }
        assert_int_equal(heap.attempts, attempts);
    }
}

static void test_growing_doubles_the_capacity_and_keeps_all(void **state) {
    (void)state;
    TW_AUTO(tw_map) *map = map_of(NULL, 1, 5000);
    size_t capacity = tw_map_capacity(map);
    for (uint64_t key = 1; key <= 5000; key++) {
        assert_int_equal(tw_map_put(map, key, key * 3), TW_OK);
        if (tw_map_capacity(map) != capacity)
            assert_int_equal(tw_map_capacity(map), capacity * 2 < 5000 ? capacity * 2 : 5000);
        capacity = tw_map_capacity(map);
    }
    tw_map_check(map);
    for (uint64_t key = 1; key <= 5000; key++) {
        uint64_t value = 0;
        assert_true(tw_map_get(map, key, &value));
        assert_int_equal(value, key * 3);
    }
}

static void test_a_map_that_could_not_grow_is_unchanged(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    TW_AUTO(tw_map) *map = map_of(&heap.allocator, 4, 100);
    for (uint64_t key = 1; key <= 4; key++)
        assert_int_equal(tw_map_put(map, key, key), TW_OK);
    failing_heap_fail_at(&heap, 0, false);
    assert_int_equal(tw_map_put(map, 5, 5), TW_NO_MEMORY);
    assert_int_equal(tw_map_count(map), 4);
    tw_map_check(map);
    assert_int_equal(tw_map_put(map, 5, 5), TW_OK);
    assert_int_equal(tw_map_count(map), 5);
    tw_map_check(map);
}

static void test_ensure_makes_a_zero_or_finds_what_is_there(void **state) {
    (void)state;
    TW_AUTO(tw_map) *map = map_of(NULL, 8, 8);
    const uint64_t keys[] = {0, 42};
    for (size_t i = 0; i < 2; i++) {
        uint64_t *value = NULL;
        bool is_new = false;
        assert_int_equal(tw_map_ensure(map, keys[i], &value, &is_new), TW_OK);
        assert_true(is_new);
        assert_int_equal(*value, 0);
        *value += 3;
        assert_int_equal(tw_map_ensure(map, keys[i], &value, &is_new), TW_OK);
        assert_false(is_new);
        assert_int_equal(*value, 3);
        assert_ptr_equal(tw_map_find(map, keys[i]), value);
        assert_true(tw_map_drop(map, keys[i], NULL));
        assert_int_equal(tw_map_ensure(map, keys[i], &value, NULL), TW_OK);
        assert_int_equal(*value, 0);
    }
}

static void test_the_sorted_copy_does_not_depend_on_the_history(void **state) {
    (void)state;
    TW_AUTO(tw_map) *up = map_of(NULL, 1, 1000);
    TW_AUTO(tw_map) *down = map_of(NULL, 1000, 1000);
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(tw_map_put(up, i * i, i), TW_OK);
        assert_int_equal(tw_map_put(down, (299 - i) * (299 - i), 299 - i), TW_OK);
        assert_int_equal(tw_map_put(down, i * i + 1000000, 0), TW_OK);
    }
    for (uint64_t i = 0; i < 300; i++)
        assert_true(tw_map_drop(down, i * i + 1000000, NULL));
    tw_map_entry a[300];
    tw_map_entry b[300];
    assert_int_equal(tw_map_sorted(up, a, 300), 300);
    assert_int_equal(tw_map_sorted(down, b, 300), 300);
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(a[i].key, i * i);
        assert_int_equal(a[i].value, i);
    }
    assert_memory_equal(a, b, sizeof(a));
}

static void test_clear_forgets_all_and_keeps_the_capacity(void **state) {
    (void)state;
    TW_AUTO(tw_map) *map = map_of(NULL, 1, 1000);
    for (uint64_t key = 0; key < 1000; key++)
        assert_int_equal(tw_map_put(map, key, key), TW_OK);
    tw_map_clear(map);
    assert_int_equal(tw_map_count(map), 0);
    assert_int_equal(tw_map_capacity(map), 1000);
    uint64_t value = 0;
    for (uint64_t key = 0; key < 1000; key++)
        assert_false(tw_map_get(map, key, &value));
    assert_int_equal(tw_map_sorted(map, NULL, 0), 0);
    tw_map_check(map);
}

static tw_status make_grow_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_map) *map = NULL;
    tw_map_config config = {.entry_initial = 2, .entry_max = 64};
    tw_status status = tw_map_new(allocator, &config, &map);
    for (uint64_t key = 0; key < 64 && status == TW_OK; key++)
        status = tw_map_put(map, key, key);
    return status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_grow_and_free, NULL);
    tw_map_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_outside_the_limits_are_refused),
        cmocka_unit_test(test_every_key_is_legal),
        cmocka_unit_test(test_a_new_key_is_refused_at_the_limit),
        cmocka_unit_test(test_a_map_of_fixed_size_never_allocates_again),
        cmocka_unit_test(test_growing_doubles_the_capacity_and_keeps_all),
        cmocka_unit_test(test_a_map_that_could_not_grow_is_unchanged),
        cmocka_unit_test(test_ensure_makes_a_zero_or_finds_what_is_there),
        cmocka_unit_test(test_the_sorted_copy_does_not_depend_on_the_history),
        cmocka_unit_test(test_clear_forgets_all_and_keeps_the_capacity),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
