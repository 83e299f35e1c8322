/*
 * model_decimal.c - decimals beside numbers of unlimited size worked out digit by digit.
 *
 * The obvious numbers are rows of decimal digits with a sign. They are added, multiplied and
 * divided as at school, and rounded by looking at the remainder. Nothing is shared with the
 * module and nothing here is wider than an int, so no 128-bit or overflow mistake can hide twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/decimal.h"

#define DIGIT_COUNT 64

/* digits[0] counts ones. Zero is never negative. */
typedef struct big {
    bool negative;
    int digits[DIGIT_COUNT];
} big;

static bool is_zero(const big *number) {
    for (int i = 0; i < DIGIT_COUNT; i++) {
        if (number->digits[i] != 0)
            return false;
    }
    return true;
}

static int compare_magnitudes(const big *a, const big *b) {
    for (int i = DIGIT_COUNT - 1; i >= 0; i--) {
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    }
    return 0;
}

static big big_of(int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    big number = {.negative = text[0] == '-'};
    int size = (int)strlen(text);
    for (int i = 0; i < size - number.negative; i++)
        number.digits[i] = text[size - 1 - i] - '0';
    return number;
}

/* Magnitude a + sign x b, with a >= b for a subtraction. */
static big combine(const big *a, const big *b, int sign) {
    big result = {.negative = a->negative};
    int carry = 0;
    for (int i = 0; i < DIGIT_COUNT; i++) {
        int digit = a->digits[i] + sign * b->digits[i] + carry;
        carry = digit < 0 ? -1 : digit / 10;
        result.digits[i] = digit - carry * 10;
    }
    assert_int_equal(carry, 0);
    return result;
}

static big add(big a, big b) {
    if (a.negative == b.negative)
        return combine(&a, &b, 1);
    bool a_larger = compare_magnitudes(&a, &b) >= 0;
    big result = a_larger ? combine(&a, &b, -1) : combine(&b, &a, -1);
    result.negative = result.negative && !is_zero(&result);
    return result;
}

static big multiply(big a, big b) {
    big result = {.negative = false};
    for (int i = 0; i < DIGIT_COUNT / 2; i++) {
        int carry = 0;
        for (int j = 0; j < DIGIT_COUNT / 2; j++) {
            int digit = result.digits[i + j] + a.digits[i] * b.digits[j] + carry;
            result.digits[i + j] = digit % 10;
            carry = digit / 10;
        }
        for (int k = i + DIGIT_COUNT / 2; carry > 0 && k < DIGIT_COUNT; k++) {
            int digit = result.digits[k] + carry;
            result.digits[k] = digit % 10;
            carry = digit / 10;
        }
    }
    result.negative = a.negative != b.negative && !is_zero(&result);
    return result;
}

/* a / b as the rounding says, by long division of the magnitudes. */
static big divide(big a, big b, tw_rounding rounding) {
    bool negative = a.negative != b.negative;
    big quotient = {.negative = false};
    big rest = {.negative = false};
    a.negative = false;
    b.negative = false;
    for (int i = DIGIT_COUNT - 1; i >= 0; i--) {
        for (int j = DIGIT_COUNT - 1; j > 0; j--)
            rest.digits[j] = rest.digits[j - 1];
        rest.digits[0] = a.digits[i];
        while (compare_magnitudes(&rest, &b) >= 0) {
            rest = combine(&rest, &b, -1);
            quotient.digits[i]++;
        }
    }
    big twice = add(rest, rest);
    int half = compare_magnitudes(&twice, &b);
    bool away = false;
    if (!is_zero(&rest)) {
        bool odd = quotient.digits[0] % 2 == 1;
        away = (rounding == TW_ROUND_HALF_EVEN && (half > 0 || (half == 0 && odd))) ||
               (rounding == TW_ROUND_FLOOR && negative) ||
               (rounding == TW_ROUND_CEILING && !negative);
    }
    big one = big_of(1);
    if (away)
        quotient = add(quotient, one);
    quotient.negative = negative && !is_zero(&quotient);
    return quotient;
}

/* The number as an int64_t; false if it is none. */
static bool narrow(const big *number, int64_t *ret_value) {
    char text[DIGIT_COUNT + 2];
    int first = DIGIT_COUNT - 1;
    while (first > 0 && number->digits[first] == 0)
        first--;
    size_t size = 0;
    if (number->negative)
        text[size++] = '-';
    for (int i = first; i >= 0; i--)
        text[size++] = (char)('0' + number->digits[i]);
    text[size] = 0;
    big least = big_of(INT64_MIN);
    big most = big_of(INT64_MAX);
    if (compare_magnitudes(number, number->negative ? &least : &most) > 0)
        return false;
    *ret_value = strtoll(text, NULL, 10);
    return true;
}

static uint64_t next_random(uint64_t *seed) {
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Numbers of every size, often round ones, often at an end of the range. */
static int64_t random_nano(uint64_t *seed) {
    static const int64_t corners[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, TW_NANO, -TW_NANO, TW_NANO / 2, 5, 10};
    uint64_t kind = next_random(seed) % 8;
    if (kind == 0)
        return corners[next_random(seed) % (sizeof corners / sizeof corners[0])];
    int64_t value = (int64_t)next_random(seed) >> (next_random(seed) % 64);
    if (kind == 1)
        value = value / TW_NANO * TW_NANO;
    if (kind == 2)
        value = value / 5 * 5;
    return value;
}

static void check(tw_status status, int64_t got, const big *expected) {
    int64_t wanted = 0;
    if (!narrow(expected, &wanted)) {
        assert_int_equal(status, TW_OVERFLOW);
        assert_true(got == 77); /* a failed call writes nothing */
        return;
    }
    assert_int_equal(status, TW_OK);
    assert_true(got == wanted);
}

static void model_arithmetic_is_exact_and_rounded_once(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 4000; i++) {
        int64_t a = random_nano(&seed);
        int64_t b = random_nano(&seed);
        tw_rounding rounding = (tw_rounding)(next_random(&seed) % 4);
        big minus_b = big_of(b);
        minus_b.negative = !minus_b.negative && b != 0;
        int64_t got = 77;
        big expected = add(big_of(a), big_of(b));
        tw_status status = tw_decimal_add(a, b, &got);
        check(status, got, &expected);

        got = 77;
        expected = add(big_of(a), minus_b);
        status = tw_decimal_subtract(a, b, &got);
        check(status, got, &expected);

        got = 77;
        expected = divide(multiply(big_of(a), big_of(b)), big_of(TW_NANO), rounding);
        status = tw_decimal_multiply(a, b, rounding, &got);
        check(status, got, &expected);
        if (b == 0)
            continue;

        got = 77;
        expected = divide(multiply(big_of(a), big_of(TW_NANO)), big_of(b), rounding);
        status = tw_decimal_divide(a, b, rounding, &got);
        check(status, got, &expected);

        int64_t step = b == INT64_MIN ? INT64_MAX : llabs(b);
        got = 77;
        expected = multiply(divide(big_of(a), big_of(step), rounding), big_of(step));
        status = tw_decimal_quantize(a, step, rounding, &got);
        check(status, got, &expected);
    }
}

/* Random digits with a point somewhere: scaled by hand to nanos and rounded by divide(). */
static void model_texts_are_read_as_long_division_reads_them(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 5000; i++) {
        int whole = (int)(next_random(&seed) % 12);
        int fraction = (int)(next_random(&seed) % 20) + (whole == 0);
        int exponent = (int)(next_random(&seed) % 21) - 10;
        bool zeros = next_random(&seed) % 4 == 0;
        big number = {.negative = next_random(&seed) % 2 == 0};
        char text[64];
        size_t size = 0;
        if (number.negative)
            text[size++] = '-';
        for (int d = 0; d < whole + fraction; d++) {
            if (d == whole)
                text[size++] = '.';
            int digit = (int)(next_random(&seed) % 10);
            if (zeros && d > whole)
                digit = digit == 5 ? 5 : 0; /* ties and trailing zeros */
            text[size++] = (char)('0' + digit);
            number.digits[whole + fraction - 1 - d] = digit;
        }
        text[size] = 0;
        number.negative = number.negative && !is_zero(&number);
        for (int pass = 0; pass < 2; pass++) {
            /* The digits stand for digits x 10^(exponent - fraction). */
            int shift = 9 - fraction + (pass == 1 ? exponent : 0);
            big scaled = number;
            big ten = big_of(10);
            big scale = big_of(1);
            for (int s = 0; s < abs(shift); s++)
                scale = multiply(scale, ten);
            big exact = shift > 0 ? multiply(scaled, scale) : divide(scaled, scale, TW_ROUND_DOWN);
            big rounded = shift > 0 ? exact : divide(scaled, scale, TW_ROUND_HALF_EVEN);
            big back = shift > 0 ? scaled : multiply(exact, scale);
            bool lossless = compare_magnitudes(&back, &scaled) == 0;
            int64_t wanted = 0;
            int64_t got = 77;
            if (pass == 1)
                snprintf(text + size, sizeof text - size, "e%+d", exponent);
            tw_status status = tw_decimal_parse_rounded(tw_slice_of(text), &got);
            bool fits = narrow(&rounded, &wanted);
            assert_int_equal(status, fits ? TW_OK : TW_RANGE);
            assert_true(got == (fits ? wanted : 77));
            if (pass == 1)
                continue;
            got = 77;
            status = tw_decimal_parse(tw_slice_of(text), &got);
            fits = narrow(&exact, &wanted) && lossless;
            assert_int_equal(status, fits ? TW_OK : TW_RANGE);
            assert_true(got == (fits ? wanted : 77));
        }
    }
}

static void model_every_number_comes_back_from_its_text(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 200000; i++) {
        int64_t nano = random_nano(&seed);
        char buffer[TW_DECIMAL_TEXT_SIZE];
        int64_t again = 0;
        size_t size = tw_decimal_format_fixed(nano, (int)(next_random(&seed) % 10), buffer);
        assert_true(size == strlen(buffer) && size < TW_DECIMAL_TEXT_SIZE);
        assert_int_equal(tw_decimal_parse((tw_slice){buffer, size}, &again), TW_OK);
        assert_true(again == nano);
        /* Up to 2^53 nanos a double distinguishes all neighbours. */
        int64_t small = nano % (INT64_C(1) << 52);
        assert_int_equal(tw_decimal_from_double(tw_decimal_to_double(small), &again), TW_OK);
        assert_true(again == small);
    }
}

/* A double as others send it: of few decimals, of many, beside one of few, or any bits at all. */
static double random_double(uint64_t *seed) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e12};
    uint64_t bits = next_random(seed);
    double value = 0;
    if (next_random(seed) % 8 == 0) {
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    int64_t whole = (int64_t)(bits >> (1 + next_random(seed) % 63));
    value = (double)whole / powers[next_random(seed) % (sizeof powers / sizeof powers[0])];
    if (next_random(seed) % 4 == 0)
        value = nextafter(value, next_random(seed) % 2 == 0 ? INFINITY : 0);
    return next_random(seed) % 2 == 0 ? value : -value;
}

static void model_a_double_is_what_its_shortest_digits_write(void **state) {
    (void)state;
    uint64_t seed = 4;
    unsigned fitted = 0;
    for (int i = 0; i < 500000; i++) {
        double value = random_double(&seed);
        char buffer[32];
        tw_text text = tw_text_over(buffer, sizeof buffer);
        int64_t got = 77, wanted = 77;
        tw_text_append_double(&text, value);
        tw_status fits =
            isfinite(value) ? tw_decimal_parse_rounded(tw_text_slice(&text), &wanted) : TW_RANGE;
        assert_int_equal(tw_decimal_from_shortest(value, &got), fits);
        assert_true(got == wanted);
        fitted += fits == TW_OK;
    }
    assert_true(fitted > 250000 && fitted < 500000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_a_double_is_what_its_shortest_digits_write),
        cmocka_unit_test(model_arithmetic_is_exact_and_rounded_once),
        cmocka_unit_test(model_texts_are_read_as_long_division_reads_them),
        cmocka_unit_test(model_every_number_comes_back_from_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
