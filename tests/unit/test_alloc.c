/* test_alloc.c - memory is zeroed, aligned, counted, and refused in an orderly way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alloc.h"

static void check_zeroed_and_aligned(const tw_allocator *allocator) {
    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        for (size_t size = 1; size <= 300; size += 37) {
            unsigned char *block = tw_allocate(allocator, 3, size, alignment);
            assert_non_null(block);
            assert_int_equal((uintptr_t)block % alignment, 0);
            for (size_t i = 0; i < 3 * size; i++)
                assert_int_equal(block[i], 0);
            for (size_t i = 0; i < 3 * size; i++)
                block[i] = 0xFF;
            tw_release(allocator, block, 3, size, alignment);
        }
    }
}

static void test_blocks_are_zeroed_and_aligned(void **state) {
    (void)state;
    check_zeroed_and_aligned(NULL);
    check_zeroed_and_aligned(tw_allocator_system());
    failing_heap heap;
    failing_heap_init(&heap);
    check_zeroed_and_aligned(&heap.allocator);
    assert_int_equal(heap.bytes_out, 0);
    assert_true(heap.attempts > 0);
}

static void test_a_size_that_overflows_is_refused(void **state) {
    (void)state;
    assert_null(tw_allocate(NULL, SIZE_MAX / 2, 3, 8));
    assert_null(tw_allocate(NULL, SIZE_MAX, SIZE_MAX, 8));
    assert_null(tw_allocate(NULL, SIZE_MAX - 8, 1, 64));
}

static void test_null_is_released_in_silence(void **state) {
    (void)state;
    tw_release(NULL, NULL, 1, 1, 8);
    TW_DELETE(NULL, (uint64_t *)NULL, 4, uint64_t);
}

static void test_the_failing_heap_counts_and_fails(void **state) {
    (void)state;
    failing_heap heap;
    failing_heap_init(&heap);
    failing_heap_fail_at(&heap, 1, false);
    uint64_t *first = TW_NEW(&heap.allocator, 2, uint64_t);
    uint64_t *second = TW_NEW(&heap.allocator, 2, uint64_t);
    uint64_t *third = TW_NEW(&heap.allocator, 1, uint64_t);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_int_equal(heap.bytes_out, 24);
    assert_int_equal(heap.blocks_out, 2);
    assert_int_equal(heap.failures, 1);
    TW_DELETE(&heap.allocator, first, 2, uint64_t);
    TW_DELETE(&heap.allocator, third, 1, uint64_t);
    assert_int_equal(heap.bytes_out, 0);
    assert_int_equal(heap.blocks_out, 0);

    failing_heap_fail_at(&heap, 0, true);
    assert_null(TW_NEW(&heap.allocator, 1, uint64_t));
    assert_null(TW_NEW(&heap.allocator, 1, uint64_t));
}

static tw_status two_blocks(const tw_allocator *allocator, void *context) {
    const bool *swallows = context;
    uint64_t *first = TW_NEW(allocator, 1, uint64_t);
    if (first == NULL)
        return TW_NO_MEMORY;
    uint64_t *second = TW_NEW(allocator, 1, uint64_t);
    TW_DELETE(allocator, second, 1, uint64_t);
    TW_DELETE(allocator, first, 1, uint64_t);
    return second == NULL && (swallows == NULL || !*swallows) ? TW_NO_MEMORY : TW_OK;
}

static tw_status leaks_when_it_fails(const tw_allocator *allocator, void *context) {
    (void)context;
    static uint64_t *kept;
    kept = TW_NEW(allocator, 1, uint64_t);
    if (kept == NULL)
        return TW_NO_MEMORY;
    uint64_t *second = TW_NEW(allocator, 1, uint64_t);
    if (second == NULL)
        return TW_NO_MEMORY;
    TW_DELETE(allocator, second, 1, uint64_t);
    TW_DELETE(allocator, kept, 1, uint64_t);
    return TW_OK;
}

static void test_the_sweep_sees_leaks_and_swallowed_failures(void **state) {
    (void)state;
    char reason[FAILING_HEAP_REASON_SIZE];
    assert_survives_failed_allocations(two_blocks, NULL);
    bool swallows = true;
    assert_false(failing_heap_sweep(two_blocks, &swallows, reason));
    assert_string_equal(reason,
                        "with allocation 1 failing (met): status is TW_OK, not TW_NO_MEMORY");
    assert_false(failing_heap_sweep(leaks_when_it_fails, NULL, reason));
    assert_string_equal(reason,
                        "with allocation 1 failing: 8 bytes in 1 blocks were not given back");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_zeroed_and_aligned),
        cmocka_unit_test(test_a_size_that_overflows_is_refused),
        cmocka_unit_test(test_null_is_released_in_silence),
        cmocka_unit_test(test_the_failing_heap_counts_and_fails),
        cmocka_unit_test(test_the_sweep_sees_leaks_and_swallowed_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
