/* test_http_words.c - percent-encoding and query strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/http.h"

static void assert_decodes(const char *text, bool plus_is_space, const char *wanted) {
    char buffer[64];
    size_t size = 0;
    assert_int_equal(tw_http_decode(tw_slice_of(text), plus_is_space, buffer, sizeof buffer, &size),
                     TW_OK);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(buffer, wanted, size);
}

static void assert_refused(const char *text, size_t capacity, tw_status wanted) {
    char buffer[64];
    size_t size = 77;
    assert_int_equal(tw_http_decode(tw_slice_of(text), true, buffer, capacity, &size), wanted);
    assert_int_equal(size, 77);
}

static void decoding_undoes_percent_and_plus(void **state) {
    (void)state;
    assert_decodes("", true, "");
    assert_decodes("BTC%2FUSD", true, "BTC/USD");
    assert_decodes("%41%2c%2C%c3%A9", true, "A,,\xc3\xa9");
    assert_decodes("a+b%2B", true, "a b+");
    assert_decodes("a+b", false, "a+b");
}

static void bad_escapes_are_refused(void **state) {
    (void)state;
    assert_refused("%", 64, TW_PARSE);
    assert_refused("a%4", 64, TW_PARSE);
    assert_refused("%4g", 64, TW_PARSE);
    assert_refused("%zz", 64, TW_PARSE);
    assert_refused("x%00y", 64, TW_PARSE);
    assert_refused("abcd", 3, TW_FULL);
    assert_refused("%41%41", 1, TW_FULL);
}

static void decoding_in_place_is_allowed(void **state) {
    (void)state;
    char text[] = "%41+%42";
    size_t size = 0;
    assert_int_equal(tw_http_decode(tw_slice_of(text), true, text, sizeof text, &size), TW_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "A B", 3);
}

static void every_byte_but_nul_survives_the_round_trip(void **state) {
    (void)state;
    char all[255];
    char encoded[800];
    char decoded[255];
    size_t size = 0;
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    tw_text text = tw_text_over(encoded, sizeof encoded);
    tw_http_encode((tw_slice){all, sizeof all}, &text);
    assert_false(text.truncated);
    assert_int_equal(tw_http_decode(tw_text_slice(&text), true, decoded, sizeof decoded, &size),
                     TW_OK);
    assert_int_equal(size, sizeof all);
    assert_memory_equal(decoded, all, sizeof all);
}

static void a_query_is_cut_into_names_and_values(void **state) {
    (void)state;
    static const char *const wanted[][2] = {{"a", "1"}, {"b", ""}, {"c", "x=y"}, {"", "z"}};
    tw_slice rest = tw_slice_of("&a=1&&b&c=x=y&=z&");
    tw_slice name = {0};
    tw_slice value = {0};
    for (size_t i = 0; i < 4; i++) {
        assert_true(tw_http_query_next(&rest, &name, &value));
        assert_true(tw_slice_equal_string(name, wanted[i][0]));
        assert_true(tw_slice_equal_string(value, wanted[i][1]));
    }
    assert_false(tw_http_query_next(&rest, &name, &value));
    rest = (tw_slice){0};
    assert_false(tw_http_query_next(&rest, &name, &value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_undoes_percent_and_plus),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(decoding_in_place_is_allowed),
        cmocka_unit_test(every_byte_but_nul_survives_the_round_trip),
        cmocka_unit_test(a_query_is_cut_into_names_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
