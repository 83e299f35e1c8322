/* test_cpu.c - the levels of vector instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/cpu.h"

static void the_best_level_and_all_below_are_had(void **state) {
    (void)state;
    for (tw_cpu_level level = TW_CPU_BASELINE; level <= tw_cpu_best(); level++)
        assert_true(tw_cpu_has(level));
    for (int level = (int)tw_cpu_best() + 1; level <= TW_CPU_LEVEL_COUNT; level++)
        assert_false(tw_cpu_has((tw_cpu_level)level));
    assert_false(tw_cpu_has((tw_cpu_level)-1));
}

static void levels_have_names_and_nothing_else_has(void **state) {
    (void)state;
    assert_string_equal(tw_cpu_name(TW_CPU_BASELINE), "baseline");
    assert_string_equal(tw_cpu_name(TW_CPU_AVX2), "avx2");
    assert_string_equal(tw_cpu_name(TW_CPU_AVX512), "avx512");
    assert_null(tw_cpu_name((tw_cpu_level)TW_CPU_LEVEL_COUNT));
    assert_null(tw_cpu_name((tw_cpu_level)-1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_level_and_all_below_are_had),
        cmocka_unit_test(levels_have_names_and_nothing_else_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
