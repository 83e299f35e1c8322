/* wire_exchange_quota.c - the quota of requests as clients see it: headers, and 429. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

static const char exceeded[] = "{\"code\":42910000,\"message\":\"rate limit exceeded\"}";

static int set_up_of_three(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.rate_limit = 3;
    open_world(&config);
    return 0;
}

static uint64_t header(const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\r\n%s: ", name);
    const char *at = strcasestr(w.head, key);
    if (at == NULL)
        fail_msg("no %s in %s", name, w.head);
    return strtoull(at + strlen(key), NULL, 10);
}

static void answers_tell_what_is_left(void **state) {
    (void)state;
    int64_t before_s = tw_time_wall_ns() / TW_NS_PER_SECOND;
    for (uint32_t left = 3; left-- > 0;) {
        get("/v2/account");
        assert_int_equal(header("X-RateLimit-Limit"), 3);
        assert_int_equal(header("X-RateLimit-Remaining"), left);
        assert_in_range(header("X-RateLimit-Reset"), before_s + 60, before_s + 90);
    }
    assert_answer("GET", "/v2/account", NULL, 429, exceeded);
    assert_int_equal(header("X-RateLimit-Remaining"), 0);
    assert_int_equal(strlen(w.request_id), 36);
}

static void an_order_beyond_the_limit_is_not_made(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        call("GET", i == 0 ? "/v2/nothing" : "/v2/orders/none", NULL);
    assert_int_equal(header("X-RateLimit-Remaining"), 1);
    get("/v2/account");
    assert_answer("POST", "/v2/orders",
                  "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"market\","
                  "\"time_in_force\":\"day\"}",
                  429, exceeded);
    uint32_t count = 0;
    ledger_orders(w.exchange->ledger, &count);
    assert_int_equal(count, 0);
}

static void data_is_counted_apart_and_controls_not_at_all(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        get("/v2/account");
    for (int i = 0; i < 3; i++)
        get("/v2/stocks/quotes/latest?symbols=AAPL");
    assert_answer("GET", "/v2/stocks/quotes/latest?symbols=AAPL", NULL, 429, exceeded);
    for (int i = 0; i < 5; i++)
        get("/sim/clock");
    assert_null(strcasestr(w.head, "x-ratelimit"));
}

static void a_stranger_is_not_counted(void **state) {
    (void)state;
    w.with_key = false;
    for (int i = 0; i < 5; i++) {
        call("GET", "/v2/account", NULL);
        assert_int_equal(w.http_status, 401);
    }
    assert_null(strcasestr(w.head, "x-ratelimit"));
    w.with_key = true;
    get("/v2/account");
    assert_int_equal(header("X-RateLimit-Remaining"), 2);
}

static void without_a_limit_a_billion_is_told(void **state) {
    (void)state;
    get("/v2/account");
    assert_int_equal(header("X-RateLimit-Limit"), REQUEST_QUOTA_OFF);
    assert_int_equal(header("X-RateLimit-Remaining"), REQUEST_QUOTA_OFF - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_tell_what_is_left, set_up_of_three, tear_down),
        cmocka_unit_test_setup_teardown(an_order_beyond_the_limit_is_not_made, set_up_of_three,
                                        tear_down),
        cmocka_unit_test_setup_teardown(data_is_counted_apart_and_controls_not_at_all,
                                        set_up_of_three, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_is_not_counted, set_up_of_three, tear_down),
        cmocka_unit_test_setup_teardown(without_a_limit_a_billion_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("requests a minute over the wire", tests, NULL, NULL);
}
