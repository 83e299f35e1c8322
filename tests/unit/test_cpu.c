/* test_cpu.c - the levels of vector instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/cpu.h"

static void the_level_chosen_is_had_and_the_highest(void **state) {
    (void)state;
    tw_cpu_level best = tw_cpu_choose(TW_CPU_BEST);
    assert_in_range(best, TW_CPU_BASELINE, TW_CPU_AVX512);
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
        assert_int_equal(tw_cpu_has((tw_cpu_level)level), level <= (int)best);
        tw_cpu_level chosen = tw_cpu_choose((tw_cpu_level)level);
        assert_int_equal(chosen, level <= (int)best ? level : (int)best);
    }
}

static void levels_have_names_and_nothing_else_has(void **state) {
    (void)state;
    assert_string_equal(tw_cpu_name(TW_CPU_BEST), "best");
    assert_string_equal(tw_cpu_name(TW_CPU_BASELINE), "baseline");
    assert_string_equal(tw_cpu_name(TW_CPU_AVX2), "avx2");
    assert_string_equal(tw_cpu_name(TW_CPU_AVX512), "avx512");
    assert_null(tw_cpu_name((tw_cpu_level)TW_CPU_LEVEL_COUNT));
    assert_null(tw_cpu_name((tw_cpu_level)-1));
    assert_true(tw_cpu_has(TW_CPU_BEST));
    assert_false(tw_cpu_has((tw_cpu_level)TW_CPU_LEVEL_COUNT));
    assert_false(tw_cpu_has((tw_cpu_level)-1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_chosen_is_had_and_the_highest),
        cmocka_unit_test(levels_have_names_and_nothing_else_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
