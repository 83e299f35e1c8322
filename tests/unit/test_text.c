/* test_text.c - slices, the writer that never overruns, and numbers in every locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/text.h"

static void test_slices_compare_by_bytes(void **state) {
    (void)state;
    assert_true(tw_slice_equal(tw_slice_of("ab"), (tw_slice){"abc", 2}));
    assert_false(tw_slice_equal(tw_slice_of("ab"), tw_slice_of("ac")));
    assert_true(tw_slice_equal((tw_slice){NULL, 0}, tw_slice_of("")));
    assert_true(tw_slice_equal_string(tw_slice_of(NULL), ""));
    assert_true(tw_slice_starts_with(tw_slice_of("trade"), "tra"));
    assert_true(tw_slice_starts_with(tw_slice_of(NULL), ""));
    assert_false(tw_slice_starts_with(tw_slice_of("tr"), "tra"));
}

static void test_trim_takes_blanks_off_both_ends_only(void **state) {
    (void)state;
    assert_true(tw_slice_equal_string(tw_slice_trim(tw_slice_of(" \t a b\r\n")), "a b"));
    assert_int_equal(tw_slice_trim(tw_slice_of(" \n ")).size, 0);
    assert_int_equal(tw_slice_trim(tw_slice_of(NULL)).size, 0);
}

static void test_split_gives_every_field_and_then_a_null_rest(void **state) {
    (void)state;
    tw_slice rest = tw_slice_of("a,,b,");
    const char *const expected[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(rest.data);
        assert_true(tw_slice_equal_string(tw_slice_split(&rest, ','), expected[i]));
    }
    assert_null(rest.data);
    assert_int_equal(tw_slice_split(&rest, ',').size, 0);
}

static void test_copy_writes_all_or_nothing(void **state) {
    (void)state;
    char buffer[4] = "zzz";
    assert_int_equal(tw_slice_copy(tw_slice_of("abcd"), buffer, 4), TW_FULL);
    assert_string_equal(buffer, "zzz");
    assert_int_equal(tw_slice_copy(tw_slice_of("abc"), buffer, 4), TW_OK);
    assert_string_equal(buffer, "abc");
    assert_int_equal(tw_slice_copy(tw_slice_of(""), buffer, 0), TW_FULL);
}

static void test_distance_counts_slips(void **state) {
    (void)state;
    const struct {
        const char *a;
        const char *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},          {"", "abc", 3},           {"rate", "rate", 0},
        {"rate", "rates", 1}, {"rate", "rtae", 1},      {"rate", "rite", 1},
        {"rate", "ate", 1},   {"kitten", "sitting", 3}, {"import", "ipmrot", 2},
        {"a", "b", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_slice a = tw_slice_of(cases[i].a);
        tw_slice b = tw_slice_of(cases[i].b);
        assert_int_equal(tw_slice_distance(a, b), cases[i].distance);
        assert_int_equal(tw_slice_distance(b, a), cases[i].distance);
    }
}

static void test_whole_numbers_are_strict_and_know_their_range(void **state) {
    (void)state;
    uint64_t u = 7;
    int64_t i = 7;
    assert_int_equal(tw_parse_u64(tw_slice_of("18446744073709551615"), &u), TW_OK);
    assert_true(u == UINT64_MAX);
    u = 7;
    assert_int_equal(tw_parse_u64(tw_slice_of("18446744073709551616"), &u), TW_RANGE);
    assert_int_equal(tw_parse_i64(tw_slice_of("9223372036854775807"), &i), TW_OK);
    assert_true(i == INT64_MAX);
    assert_int_equal(tw_parse_i64(tw_slice_of("-9223372036854775808"), &i), TW_OK);
    assert_true(i == INT64_MIN);
    i = 7;
    assert_int_equal(tw_parse_i64(tw_slice_of("9223372036854775808"), &i), TW_RANGE);
    assert_int_equal(tw_parse_i64(tw_slice_of("-9223372036854775809"), &i), TW_RANGE);
    const char *const bad[] = {"", "-", "+1", " 1", "1 ", "0x1", "1.0", "--1", "1e3", "１"};
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        assert_int_equal(tw_parse_u64(tw_slice_of(bad[n]), &u), TW_PARSE);
        assert_int_equal(tw_parse_i64(tw_slice_of(bad[n]), &i), TW_PARSE);
    }
    assert_int_equal(tw_parse_u64(tw_slice_of("-1"), &u), TW_PARSE);
    assert_int_equal(u, 7); /* a failed call writes nothing */
    assert_int_equal(i, 7);
}

static const char *const doubles[] = {
    "0",
    "-0",
    "1",
    "0.1",
    "-2.5",
    ".5",
    "123456.789",
    "1e3",
    "1E+3",
    "1e-3",
    "4.9e-324",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "9007199254740993",
    "9007199254740992.99999999999999999999999999999",
    "0.000000000000000000000000000000000000000000000000000000000000000000000000000001e70",
    "3."
    "1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421"
    "1706798214808651",
    "1e-400",
    "00012.5",
    "5e-324",
    "2e-324",
    "123456789012345678901234567890",
};

static void test_doubles_read_as_strtod_reads_them(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        double value = NAN;
        assert_int_equal(tw_parse_double(tw_slice_of(doubles[i]), &value), TW_OK);
        double expected = strtod(doubles[i], NULL);
        assert_memory_equal(&value, &expected, sizeof value);
    }
    /* 800 digits that decide only in the last: just above and exactly at a tie. */
    char text[1100];
    snprintf(text, sizeof text, "9007199254740993.%0900d1", 0);
    double value = 0;
    assert_int_equal(tw_parse_double(tw_slice_of(text), &value), TW_OK);
    assert_true(value == 9007199254740994.0);
    text[strlen(text) - 1] = '0';
    assert_int_equal(tw_parse_double(tw_slice_of(text), &value), TW_OK);
    assert_true(value == 9007199254740992.0);
}

static void test_other_texts_are_no_doubles(void **state) {
    (void)state;
    double value = 7;
    const char *const bad[] = {"",    "-",   ".",  "1.",  "+1", " 1",   "1 ",       "1,5",  "nan",
                               "inf", "0x1", "1e", "1e+", "e5", "1e5x", "infinity", "1.e5", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_parse_double(tw_slice_of(bad[i]), &value), TW_PARSE);
    assert_int_equal(tw_parse_double(tw_slice_of("1e309"), &value), TW_RANGE);
    assert_int_equal(tw_parse_double(tw_slice_of("-1e99999999999999999999"), &value), TW_RANGE);
    assert_true(value == 7);
}

static const char *print(double value, char buffer[64]) {
    tw_text text = tw_text_over(buffer, 64);
    tw_text_append_double(&text, value);
    assert_false(text.truncated);
    return buffer;
}

static void test_doubles_print_as_short_as_they_can(void **state) {
    (void)state;
    const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1000000000000000"},
        {123456789012345680.0, "123456789012345680"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {0.000001, "0.000001"},
        {1e-7, "1e-7"},
        {1.25e-9, "1.25e-9"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {9007199254740993.0, "9007199254740992"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
        {0x1p-1074 * 3, "1.5e-323"},
        {100.25, "100.25"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {9.5367431640625e-07, "9.5367431640625e-7"},
    };
    char buffer[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(print(cases[i].value, buffer), cases[i].text);
}

/* The number of digits between sign and exponent, without the zeros that only fill. */
static int digits_in(const char *text) {
    char digits[64];
    int count = 0;
    for (; *text != 0 && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0'))
            digits[count++] = *text;
    }
    while (count > 0 && digits[count - 1] == '0')
        count--;
    return count;
}

/* Significant digits of printf's text. */
static void expect_digits(const char *text, const char *other, double value) {
    char digits[2][64];
    const char *texts[2] = {text, other};
    for (int t = 0; t < 2; t++) {
        size_t count = 0;
        for (const char *c = texts[t]; *c != 0 && *c != 'e'; c++)
            if (*c >= '0' && *c <= '9' && (count > 0 || *c != '0'))
                digits[t][count++] = *c;
        while (count > 0 && digits[t][count - 1] == '0')
            count--;
        digits[t][count] = 0;
    }
    if (strcmp(digits[0], digits[1]) != 0)
        fail_msg("%a is printed as %s, but %s is nearer", value, text, other);
}

/* It reads back; one digit less would not; and no other text of so many digits is nearer. */
static void expect_shortest(double value) {
    char buffer[64];
    double again = 0;
    assert_int_equal(tw_parse_double(tw_slice_of(print(value, buffer)), &again), TW_OK);
    assert_memory_equal(&again, &value, sizeof value);
    int count = digits_in(buffer);
    char other[64];
    snprintf(other, sizeof other, "%.*e", count > 1 ? count - 2 : 0, value);
    assert_true(count <= 1 || strtod(other, NULL) != value);
    snprintf(other, sizeof other, "%.*e", count > 0 ? count - 1 : 0, value);
    if (strtod(other, NULL) == value) /* below a power of two the nearest may not */
        expect_digits(buffer, other, value);
}

static void test_any_double_survives_and_no_shorter_text_does(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t bits = seed ^ (seed >> 29);
        if (i % 8 == 0)
            bits &= UINT64_C(0x000FFFFFFFFFFFFF) >> (seed >> 58); /* subnormal */
        double value = 0;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && value != 0)
            expect_shortest(value);
    }
}

static void test_powers_of_two_and_their_neighbours_print_as_short_as_they_can(void **state) {
    (void)state;
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double power = ldexp(1, exponent);
        expect_shortest(power);
        expect_shortest(nextafter(power, INFINITY));
        if (exponent > -1074)
            expect_shortest(-nextafter(power, 0));
    }
}

/* Prices, sizes and means of them: what rows are full of. */
static void test_decimals_print_as_they_were_written(void **state) {
    (void)state;
    const double scales[] = {1, 10, 100, 1e4, 1e6, 1e9};
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double value = (double)(seed >> 24 & 0xFFFFFFFFFF) / scales[(seed >> 8) % 6];
        if (value > 0)
            expect_shortest(value);
    }
}

static void expect_all_digits_of(uint64_t value) {
    char buffer[64];
    char expected[64];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_text_append_i64(&text, (int64_t)value);
    snprintf(expected, sizeof expected, "%" PRId64, (int64_t)value);
    assert_string_equal(buffer, expected);
    tw_text_clear(&text);
    tw_text_append_u64(&text, value);
    snprintf(expected, sizeof expected, "%" PRIu64, value);
    assert_string_equal(buffer, expected);
}

static void test_integers_print_all_their_digits(void **state) {
    (void)state;
    const int64_t values[] = {0,   11,   101, 12345,     -1,        -10,
                              -99, -100, -7,  INT64_MAX, INT64_MIN, 1000000007};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        expect_all_digits_of((uint64_t)values[i]);
    uint64_t power = 1;
    for (int digits = 1; digits <= 20; digits++) { /* the last of each length and the first */
        expect_all_digits_of(power - 1);
        expect_all_digits_of(power);
        expect_all_digits_of(power + 1);
        power *= 10;
    }
    for (int bits = 1; bits < 64; bits++)
        expect_all_digits_of(UINT64_C(1) << bits);
}

/* Makes a locale that writes 0,5 in a directory of ours and sets it: few machines have one. */
static bool set_comma_locale(void) {
    char directory[] = "/tmp/tradewind-locale-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char path[128];
    snprintf(path, sizeof path, "%s/source", directory);
    FILE *source = fopen(path, "w");
    assert_non_null(source);
    fputs("comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \",\"\n"
          "thousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n",
          source);
    fclose(source);
    char command[256];
    snprintf(command, sizeof command,
             "cd %s && localedef -c -i ./source -f ANSI_X3.4-1968 ./comma >/dev/null 2>&1",
             directory);
    int made = system(command); /* warns of the categories that it lacks */
    bool set = made != -1 && setenv("LOCPATH", directory, 1) == 0 &&
               setlocale(LC_NUMERIC, "comma") != NULL;
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
    return set;
}

static void test_a_locale_with_a_comma_changes_nothing(void **state) {
    (void)state;
    if (!set_comma_locale())
        skip(); /* no localedef here */
    char wrong[16];
    snprintf(wrong, sizeof wrong, "%.1f", 0.5);
    assert_string_equal(wrong, "0,5");
    test_any_double_survives_and_no_shorter_text_does(state);
    char buffer[64];
    assert_string_equal(print(1234.5, buffer), "1234.5");
    double value = 0;
    assert_int_equal(tw_parse_double(tw_slice_of("1234.5"), &value), TW_OK);
    assert_true(value == 1234.5);
    assert_int_equal(tw_parse_double(tw_slice_of("1234,5"), &value), TW_PARSE);
    setlocale(LC_NUMERIC, "C");
}

static void test_a_full_writer_stops_and_remembers(void **state) {
    (void)state;
    char buffer[8];
    memset(buffer, 'x', sizeof buffer);
    tw_text text = tw_text_over(buffer, 6); /* two bytes behind it must stay */
    tw_text_append_string(&text, "abcd");
    tw_text_append_string(&text, "ef"); /* needs 6 bytes and the NUL */
    assert_true(text.truncated);
    assert_string_equal(buffer, "abcd");
    tw_text_append_char(&text, 'e'); /* would fit, but would leave a hole */
    assert_string_equal(buffer, "abcd");
    assert_memory_equal(buffer + 6, "xx", 2);
    tw_text_clear(&text);
    assert_false(text.truncated);
    tw_text_append_string(&text, "12345");
    assert_string_equal(buffer, "12345");
    tw_text_append_string(&text, "");
    assert_false(text.truncated);
    assert_int_equal(tw_text_slice(&text).size, 5);
}

static void test_every_piece_is_written_whole_or_not_at_all(void **state) {
    (void)state;
    for (size_t capacity = 1; capacity < 40; capacity++) {
        char buffer[64];
        memset(buffer, 'x', sizeof buffer);
        tw_text text = tw_text_over(buffer, capacity);
        tw_text_append_u64(&text, UINT64_MAX);
        assert_int_equal(text.size, capacity > 20 ? 20 : 0);
        tw_text_clear(&text);
        tw_text_append_i64(&text, INT64_MIN);
        assert_int_equal(text.size, capacity > 20 ? 20 : 0);
        tw_text_clear(&text);
        tw_text_append_format(&text, "%s=%d", "key", 12345);
        assert_int_equal(text.size, capacity > 9 ? 9 : 0);
        tw_text_clear(&text);
        tw_text_append_double(&text, -0.30000000000000004);
        assert_int_equal(text.size, capacity > 20 ? 20 : 0);
        tw_text_clear(&text);
        tw_text_append_json(&text, tw_slice_of("a\n\x01"));
        assert_int_equal(text.size, capacity > 11 ? 11 : 0);
        assert_int_equal(strlen(buffer), text.size);
        for (size_t i = capacity; i < sizeof buffer; i++)
            assert_int_equal(buffer[i], 'x');
    }
}

static void test_json_strings_are_always_valid(void **state) {
    (void)state;
    const struct {
        tw_slice piece;
        const char *text;
    } cases[] = {
        {{"", 0}, "\"\""},
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {{"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\x7f\""},
        {{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xB0", 9}, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xB0\""},
        {{"\xFF", 1}, "\"\xEF\xBF\xBD\""},
        {{"\xC0\x80", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* surrogate */
        {{"\xE2\x82", 2}, "\"\xEF\xBF\xBD\""}, /* cut off: one for all */
        {{"\xE2\x82x", 3}, "\"\xEF\xBF\xBDx\""},
        {{"\xF4\x90\x80\x80", 4}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[64];
        tw_text text = tw_text_over(buffer, sizeof buffer);
        tw_text_append_json(&text, cases[i].piece);
        assert_string_equal(buffer, cases[i].text);
    }
}

/* Bytes that stand for themselves are written by eights: no other may hide among them, at any
 * place. */
static void test_json_strings_escape_a_byte_wherever_it_stands(void **state) {
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t place = 0; place < 20; place++) {
            char piece[20];
            char buffer[64];
            char expected[64];
            char escaped[2] = {(char)c, 0};
            memset(piece, 'x', sizeof piece);
            piece[place] = (char)c;
            tw_text one = tw_text_over(buffer, sizeof buffer);
            tw_text_append_json(&one, (tw_slice){escaped, 1});
            bool itself = c >= 0x20 && c != '"' && c != '\\';
            assert_int_equal(one.size == 3, itself);
            snprintf(expected, sizeof expected, "\"%.*s%.*s%.*s\"", (int)place,
                     "xxxxxxxxxxxxxxxxxxxx", (int)one.size - 2, one.data + 1, (int)(19 - place),
                     "xxxxxxxxxxxxxxxxxxxx");
            char whole[64];
            tw_text text = tw_text_over(whole, sizeof whole);
            tw_text_append_json(&text, (tw_slice){piece, sizeof piece});
            assert_string_equal(whole, expected);
        }
    }
}

static void test_words_equal_only_as_a_whole(void **state) {
    (void)state;
    assert_true(tw_slice_equal_string((tw_slice){"limits", 5}, "limit"));
    assert_false(tw_slice_equal_string(tw_slice_of("limit"), "limi"));
    assert_false(tw_slice_equal_string(tw_slice_of("limit"), "limits"));
    assert_false(tw_slice_equal_string((tw_slice){"a\0b", 3}, "a"));
    assert_false(tw_slice_equal_string(tw_slice_of("a"), NULL));
}

/* Every sequence of up to three bytes, and four by their borders, beside the definition: the
 * shortest form of a code point that is no surrogate and at most U+10FFFF. */
static bool slow_is_character(const unsigned char *c, size_t size) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (size == 1)
        return c[0] < 0x80;
    unsigned char kept = (unsigned char)(0x7F >> size);
    if ((c[0] & (unsigned char)~kept) != leads[size])
        return false;
    uint32_t point = c[0] & kept;
    for (size_t i = 1; i < size; i++) {
        if ((c[i] & 0xC0) != 0x80)
            return false;
        point = point << 6 | (c[i] & 0x3F);
    }
    return point >= least[size] && point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
}

static bool slow_is_utf8(const unsigned char *c, size_t size) {
    if (size == 0)
        return true;
    for (size_t first = 1; first <= size && first <= 4; first++)
        if (slow_is_character(c, first) && slow_is_utf8(c + first, size - first))
            return true;
    return false;
}

static void test_utf8_is_what_unicode_says(void **state) {
    (void)state;
    static const unsigned char borders[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                            0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEE, 0xEF,
                                            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF};
    uint32_t count = sizeof borders;
    for (uint32_t n = 0; n < count * count * count * count; n++) {
        unsigned char text[24];
        memset(text, 'x', sizeof text);
        unsigned char four[4] = {borders[n % count], borders[n / count % count],
                                 borders[n / count / count % count],
                                 borders[n / count / count / count]};
        bool wanted = slow_is_utf8(four, 4);
        size_t at = n % 21; /* anywhere against the eights of the quick way */
        memcpy(text + at, four, 4);
        if (tw_slice_is_utf8((tw_slice){(const char *)text, at + 4}) != wanted ||
            tw_slice_is_utf8((tw_slice){(const char *)text, sizeof text}) != wanted)
            fail_msg("%02x %02x %02x %02x", four[0], four[1], four[2], four[3]);
    }
    assert_true(tw_slice_is_utf8((tw_slice){0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_compare_by_bytes),
        cmocka_unit_test(test_trim_takes_blanks_off_both_ends_only),
        cmocka_unit_test(test_split_gives_every_field_and_then_a_null_rest),
        cmocka_unit_test(test_copy_writes_all_or_nothing),
        cmocka_unit_test(test_distance_counts_slips),
        cmocka_unit_test(test_whole_numbers_are_strict_and_know_their_range),
        cmocka_unit_test(test_doubles_read_as_strtod_reads_them),
        cmocka_unit_test(test_other_texts_are_no_doubles),
        cmocka_unit_test(test_doubles_print_as_short_as_they_can),
        cmocka_unit_test(test_any_double_survives_and_no_shorter_text_does),
        cmocka_unit_test(test_powers_of_two_and_their_neighbours_print_as_short_as_they_can),
        cmocka_unit_test(test_decimals_print_as_they_were_written),
        cmocka_unit_test(test_integers_print_all_their_digits),
        cmocka_unit_test(test_a_locale_with_a_comma_changes_nothing),
        cmocka_unit_test(test_a_full_writer_stops_and_remembers),
        cmocka_unit_test(test_every_piece_is_written_whole_or_not_at_all),
        cmocka_unit_test(test_json_strings_are_always_valid),
        cmocka_unit_test(test_json_strings_escape_a_byte_wherever_it_stands),
        cmocka_unit_test(test_words_equal_only_as_a_whole),
        cmocka_unit_test(test_utf8_is_what_unicode_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
