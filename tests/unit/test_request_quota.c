/* test_request_quota.c - requests a minute: counted, refused, and counted anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "request_quota.h"
#include "tradewind/time.h"

static const int64_t BEGIN_NS = INT64_C(1767623400500000000);
static const int accounts[REQUEST_QUOTA_COUNT_MAX + 1];

static void requests_are_counted_down_and_then_refused(void **state) {
    (void)state;
    request_quota quota;
    request_quota_init(&quota, 3);
    for (uint32_t left = 3; left-- > 0;) {
        quota_verdict verdict = request_quota_take(&quota, &accounts[0], false, BEGIN_NS);
        assert_false(verdict.refused);
        assert_int_equal(verdict.limit, 3);
        assert_int_equal(verdict.remaining, left);
        assert_int_equal(verdict.reset_s, 1767623461);
    }
    quota_verdict verdict = request_quota_take(&quota, &accounts[0], false, BEGIN_NS);
    assert_true(verdict.refused);
    assert_int_equal(verdict.remaining, 0);
}

static void trading_data_and_accounts_are_counted_apart(void **state) {
    (void)state;
    request_quota quota;
    request_quota_init(&quota, 1);
    assert_false(request_quota_take(&quota, &accounts[0], false, BEGIN_NS).refused);
    assert_false(request_quota_take(&quota, &accounts[0], true, BEGIN_NS).refused);
    assert_false(request_quota_take(&quota, &accounts[1], false, BEGIN_NS).refused);
    assert_true(request_quota_take(&quota, &accounts[0], false, BEGIN_NS).refused);
    assert_true(request_quota_take(&quota, &accounts[0], true, BEGIN_NS).refused);
}

static void a_minute_ends_the_refusals(void **state) {
    (void)state;
    request_quota quota;
    request_quota_init(&quota, 1);
    int64_t end_ns = BEGIN_NS + TW_NS_PER_MINUTE;
    assert_false(request_quota_take(&quota, &accounts[0], false, BEGIN_NS).refused);
    assert_true(request_quota_take(&quota, &accounts[0], false, end_ns - 1).refused);
    assert_false(request_quota_take(&quota, &accounts[0], false, end_ns).refused);
    assert_true(request_quota_take(&quota, &accounts[0], false, end_ns + 1).refused);
    assert_false(request_quota_take(&quota, &accounts[0], false, BEGIN_NS - 1).refused);
}

static void the_oldest_counter_makes_room(void **state) {
    (void)state;
    request_quota quota;
    request_quota_init(&quota, 1);
    for (int i = 0; i <= REQUEST_QUOTA_COUNT_MAX; i++)
        assert_false(request_quota_take(&quota, &accounts[i], false, BEGIN_NS + i).refused);
    int64_t later_ns = BEGIN_NS + TW_NS_PER_SECOND;
    assert_true(request_quota_take(&quota, &accounts[1], false, later_ns).refused);
    assert_false(request_quota_take(&quota, &accounts[0], false, later_ns).refused);
}

static void off_refuses_nothing(void **state) {
    (void)state;
    request_quota quota;
    request_quota_init(&quota, 0);
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(request_quota_take(&quota, &accounts[0], false, BEGIN_NS).remaining,
                         REQUEST_QUOTA_OFF - (uint32_t)i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_down_and_then_refused),
        cmocka_unit_test(trading_data_and_accounts_are_counted_apart),
        cmocka_unit_test(a_minute_ends_the_refusals),
        cmocka_unit_test(the_oldest_counter_makes_room),
        cmocka_unit_test(off_refuses_nothing),
    };
    return cmocka_run_group_tests_name("requests a minute", tests, NULL, NULL);
}
