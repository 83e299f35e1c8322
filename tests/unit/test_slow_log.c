/* test_slow_log.c - what is told of what was slow, and where a command listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "listen_address.h"
#include "slow_log.h"

static const int64_t SECOND = INT64_C(1000000000);

static void what_takes_the_threshold_or_more_is_slow(void **state) {
    (void)state;
    slow_log log = {.threshold_ns = 100};
    uint64_t left_out = 7;
    assert_false(slow_log_takes(&log, 99, 5, &left_out));
    assert_true(slow_log_takes(&log, 100, 5, &left_out));
    assert_int_equal(left_out, 0);
}

static void without_a_threshold_nothing_is_slow(void **state) {
    (void)state;
    slow_log log = {0};
    uint64_t left_out = 0;
    assert_false(slow_log_takes(&log, INT64_MAX, 5, &left_out));
}

static void a_line_a_second_tells_how_many_had_none(void **state) {
    (void)state;
    slow_log log = {.threshold_ns = 1};
    uint64_t left_out = 0;
    assert_true(slow_log_takes(&log, 1, 10, &left_out));
    for (int64_t i = 1; i <= 5; i++)
        assert_false(slow_log_takes(&log, 1, 10 + i * SECOND / 6, &left_out));
    assert_false(slow_log_takes(&log, 1, 9 + SECOND, &left_out));
    assert_true(slow_log_takes(&log, 1, 10 + SECOND, &left_out));
    assert_int_equal(left_out, 6);
    assert_true(slow_log_takes(&log, 1, 10 + 2 * SECOND, &left_out));
    assert_int_equal(left_out, 0);
}

static void addresses_are_cut_into_host_and_port(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *address;
        uint16_t port;
        const char *host;
    } good[] = {{"127.0.0.1:8765", "127.0.0.1", 8765, "127.0.0.1:8765"},
                {"9464", "127.0.0.1", 9464, "127.0.0.1:9464"},
                {"0", "127.0.0.1", 0, "127.0.0.1:0"},
                {"[::1]:65535", "::1", 65535, "[::1]:65535"},
                {"0.0.0.0:1", "0.0.0.0", 1, "0.0.0.0:1"}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char host[64];
        listen_address read = {.port = 1234};
        assert_int_equal(listen_address_read(good[i].text, "--x", &read, NULL), TW_OK);
        assert_string_equal(read.host, good[i].address);
        assert_int_equal(read.port, good[i].port);
        assert_string_equal(listen_address_host(read.host, read.port, host, sizeof host),
                            good[i].host);
    }
}

static void an_address_that_is_none_is_named_with_its_option(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "here", "127.0.0.1", "127.0.0.1:", "1:65536", ":", "-1", "127.0.0.1:80x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char wanted[96];
        listen_address read;
        tw_error error = {0};
        snprintf(wanted, sizeof wanted, "--x %s: write an address and a port", bad[i]);
        assert_int_equal(listen_address_read(bad[i], "--x", &read, &error), TW_USAGE);
        assert_non_null(strstr(error.message, wanted));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_the_threshold_or_more_is_slow),
        cmocka_unit_test(without_a_threshold_nothing_is_slow),
        cmocka_unit_test(a_line_a_second_tells_how_many_had_none),
        cmocka_unit_test(addresses_are_cut_into_host_and_port),
        cmocka_unit_test(an_address_that_is_none_is_named_with_its_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
