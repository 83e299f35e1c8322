/* test_decimal.c - nothing is rounded in silence and nothing wraps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "tradewind/decimal.h"

static void test_exact_texts_are_read_and_written_alike(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t nano;
        const char *written;
    } cases[] = {
        {"0", 0, "0"},
        {"-0", 0, "0"},
        {"7", 7 * TW_NANO, "7"},
        {"-12.5", -12500000000, "-12.5"},
        {"0.000000001", 1, "0.000000001"},
        {"-0.000000001", -1, "-0.000000001"},
        {"12.50", 12500000000, "12.5"},
        {"1.0000000000000000", TW_NANO, "1"},
        {".5", 500000000, "0.5"},
        {"000000000000000000000000000001", TW_NANO, "1"},
        {"9223372036.854775807", INT64_MAX, "9223372036.854775807"},
        {"-9223372036.854775808", INT64_MIN, "-9223372036.854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t nano = 77;
        assert_int_equal(tw_decimal_parse(tw_slice_of(cases[i].text), &nano), TW_OK);
        assert_true(nano == cases[i].nano);
        assert_int_equal(tw_decimal_parse_rounded(tw_slice_of(cases[i].text), &nano), TW_OK);
        assert_true(nano == cases[i].nano);
        char buffer[TW_DECIMAL_TEXT_SIZE];
        assert_int_equal(tw_decimal_format(nano, buffer), strlen(cases[i].written));
        assert_string_equal(buffer, cases[i].written);
    }
}

static void test_malformed_and_unrepresentable_texts_are_told_apart(void **state) {
    (void)state;
    int64_t nano = 7;
    const char *const bad[] = {"",    "-",     ".",   "1.",  "+1",  " 1",  "1 ",
                               "1,5", "1.2.3", "nan", "0x1", "--1", "1.5x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tw_decimal_parse(tw_slice_of(bad[i]), &nano), TW_PARSE);
        assert_int_equal(tw_decimal_parse_rounded(tw_slice_of(bad[i]), &nano), TW_PARSE);
    }
    assert_int_equal(tw_decimal_parse(tw_slice_of("1e3"), &nano), TW_PARSE);
    const char *const beyond[] = {"9223372036.854775808", "-9223372036.854775809", "10000000000",
                                  "99999999999999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        assert_int_equal(tw_decimal_parse(tw_slice_of(beyond[i]), &nano), TW_RANGE);
        assert_int_equal(tw_decimal_parse_rounded(tw_slice_of(beyond[i]), &nano), TW_RANGE);
    }
    assert_int_equal(tw_decimal_parse(tw_slice_of("0.0000000001"), &nano), TW_RANGE);
    assert_int_equal(tw_decimal_parse(tw_slice_of("1.00000000000000000001"), &nano), TW_RANGE);
    const char *const exponents[] = {"1e", "1e+", "e5", "1e5.0", "1e--5"};
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++)
        assert_int_equal(tw_decimal_parse_rounded(tw_slice_of(exponents[i]), &nano), TW_PARSE);
    assert_int_equal(tw_decimal_parse_rounded(tw_slice_of("1e10"), &nano), TW_RANGE);
    assert_int_equal(tw_decimal_parse_rounded(tw_slice_of("1e99999999999999999999999"), &nano),
                     TW_RANGE);
    assert_int_equal(nano, 7);
}

static void test_the_rounded_form_rounds_half_to_even(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t nano;
    } cases[] = {
        {"0.0000000005", 0},
        {"0.0000000015", 2},
        {"0.0000000025", 2},
        {"0.00000000050000000001", 1},
        {"0.0000000004999999", 0},
        {"-0.0000000015", -2},
        {"1e3", 1000 * TW_NANO},
        {"1.5e-3", 1500000},
        {"1E+2", 100 * TW_NANO},
        {"0e999999999999999999999", 0},
        {"1e-99999999999999999999", 0},
        {"5e-10", 0},
        {"6e-10", 1},
        {"0.30000000000000004", 300000000},
        {"123e-11", 1},
        {"1e-10", 0},
        {"9223372036.8547758074", INT64_MAX},
        {"0.0000000000000000001e19", TW_NANO},
        {"-9223372036.8547758085", INT64_MIN},
        {"9.223372036854775807e9", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t nano = 77;
        assert_int_equal(tw_decimal_parse_rounded(tw_slice_of(cases[i].text), &nano), TW_OK);
        assert_true(nano == cases[i].nano);
    }
    int64_t nano = 0;
    assert_int_equal(tw_decimal_parse_rounded(tw_slice_of("9223372036.8547758075"), &nano),
                     TW_RANGE);
}

static void test_fixed_digits_are_a_minimum(void **state) {
    (void)state;
    char buffer[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format_fixed(12500000000, 2, buffer);
    assert_string_equal(buffer, "12.50");
    tw_decimal_format_fixed(-7 * TW_NANO, 2, buffer);
    assert_string_equal(buffer, "-7.00");
    tw_decimal_format_fixed(1, 2, buffer);
    assert_string_equal(buffer, "0.000000001");
    tw_decimal_format_fixed(INT64_MIN, 9, buffer);
    assert_string_equal(buffer, "-9223372036.854775808");
}

static void test_overflow_is_told_and_writes_nothing(void **state) {
    (void)state;
    int64_t nano = 7;
    assert_int_equal(tw_decimal_add(INT64_MAX, 1, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_subtract(INT64_MIN, 1, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_multiply(INT64_MAX, 2 * TW_NANO, TW_ROUND_DOWN, &nano),
                     TW_OVERFLOW);
    assert_int_equal(tw_decimal_multiply(INT64_MIN, INT64_MIN, TW_ROUND_DOWN, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_multiply(INT64_MIN, -TW_NANO, TW_ROUND_DOWN, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_divide(INT64_MAX, 1, TW_ROUND_DOWN, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_divide(INT64_MIN, -TW_NANO, TW_ROUND_DOWN, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_divide(1, 0, TW_ROUND_DOWN, &nano), TW_RANGE);
    assert_int_equal(tw_decimal_quantize(INT64_MAX, 10, TW_ROUND_CEILING, &nano), TW_OVERFLOW);
    assert_int_equal(tw_decimal_quantize(INT64_MIN, 10, TW_ROUND_FLOOR, &nano), TW_OVERFLOW);
    assert_int_equal(nano, 7);
}

static void test_each_rounding_goes_its_way(void **state) {
    (void)state;
    const int64_t values[] = {-25, -21, -15, -10, -5, -1, 0, 1, 5, 10, 15, 21, 25};
    const int64_t down[] = {-20, -20, -10, -10, 0, 0, 0, 0, 0, 10, 10, 20, 20};
    const int64_t even[] = {-20, -20, -20, -10, 0, 0, 0, 0, 0, 10, 20, 20, 20};
    const int64_t floors[] = {-30, -30, -20, -10, -10, -10, 0, 0, 0, 10, 10, 20, 20};
    const int64_t ceilings[] = {-20, -20, -10, -10, 0, 0, 0, 10, 10, 10, 20, 30, 30};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        int64_t nano = 0;
        assert_int_equal(tw_decimal_quantize(values[i], 10, TW_ROUND_DOWN, &nano), TW_OK);
        assert_int_equal(nano, down[i]);
        assert_int_equal(tw_decimal_quantize(values[i], 10, TW_ROUND_HALF_EVEN, &nano), TW_OK);
        assert_int_equal(nano, even[i]);
        assert_int_equal(tw_decimal_quantize(values[i], 10, TW_ROUND_FLOOR, &nano), TW_OK);
        assert_int_equal(nano, floors[i]);
        assert_int_equal(tw_decimal_quantize(values[i], 10, TW_ROUND_CEILING, &nano), TW_OK);
        assert_int_equal(nano, ceilings[i]);
    }
}

static void test_doubles_become_the_nearest_nano(void **state) {
    (void)state;
    const struct {
        double value;
        int64_t nano;
    } cases[] = {
        {0.1, 100000000},
        {-0.1, -100000000},
        {1234.56789, 1234567890000},
        {1e-10, 0},
        {-0.0, 0},
        {0x1p-10, 976562},
        /* 976562.5: a tie, to even */ {0x3p-10, 2929688},
        {5e-324, 0},
        {-9223372036.5, INT64_C(-9223372036500000000)},
        {1e-9, 1},
        {0.285, 285000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t nano = 77;
        assert_int_equal(tw_decimal_from_double(cases[i].value, &nano), TW_OK);
        assert_true(nano == cases[i].nano);
    }
    int64_t nano = 7;
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e10, -1e10, 1e300, 9223372036.8547763};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_decimal_from_double(bad[i], &nano), TW_RANGE);
    assert_int_equal(nano, 7);
    assert_true(tw_decimal_to_double(12500000000) == 12.5);
    assert_true(tw_decimal_to_double(-100000000) == -0.1);
}

static void test_doubles_become_what_their_shortest_digits_write(void **state) {
    (void)state;
    static const struct {
        double value;
        int64_t nano;
    } cases[] = {
        {126.55, INT64_C(126550000000)},
        {-0.1, -100000000},
        {0.285, 285000000},
        {-0.0, 0},
        {185.1234567, INT64_C(185123456700)},
        {123456.123456789, INT64_C(123456123456789)},
        {1234567.123456789, INT64_C(1234567123456789)},
        {0.30000000000000004, 300000000},
        {0.0000000025, 2}, /* a tie of its digits, to even, though the double is above it */
        {5e-324, 0},
        {9223372036.0, INT64_C(9223372036000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t nano = 77;
        assert_int_equal(tw_decimal_from_shortest(cases[i].value, &nano), TW_OK);
        assert_true(nano == cases[i].nano);
    }
    int64_t nano = 7;
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e10, -1e300, 9223372036.8547763};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_decimal_from_shortest(bad[i], &nano), TW_RANGE);
    assert_int_equal(nano, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_texts_are_read_and_written_alike),
        cmocka_unit_test(test_malformed_and_unrepresentable_texts_are_told_apart),
        cmocka_unit_test(test_the_rounded_form_rounds_half_to_even),
        cmocka_unit_test(test_fixed_digits_are_a_minimum),
        cmocka_unit_test(test_overflow_is_told_and_writes_nothing),
        cmocka_unit_test(test_each_rounding_goes_its_way),
        cmocka_unit_test(test_doubles_become_the_nearest_nano),
        cmocka_unit_test(test_doubles_become_what_their_shortest_digits_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
