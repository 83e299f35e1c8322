/* test_update_log.c - the log of updates beside an array that forgets nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "update_log.h"

enum { COUNT_MAX = 20, PUTS = 2000 };

static ledger_update all[PUTS];
static ledger_account accounts[3];

static void check_entries(const update_log *log, uint64_t first, uint64_t end) {
    assert_true(end - first <= COUNT_MAX);
    for (uint64_t n = first; n < end; n++) {
        const ledger_update *kept = update_log_at(log, n);
        const ledger_update *told = &all[n - 1];
        assert_string_equal(kept->event_id, told->event_id);
        assert_ptr_equal(kept->account, told->account);
        assert_true(kept->time_ns == told->time_ns);
        assert_int_equal(kept->order->order.quantity.nano, n);
    }
}

/* The obvious way. */
static uint64_t slow_find(uint64_t first, uint64_t end, int64_t time_ns, const char *id) {
    for (uint64_t n = first; n < end; n++) {
        const ledger_update *told = &all[n - 1];
        if (id == NULL ? told->time_ns >= time_ns : strcmp(told->event_id, id) >= 0)
            return n;
    }
    return end;
}

static void it_keeps_the_newest_and_finds_them(void **state) {
    (void)state;
    update_log *log = NULL;
    tw_random random;
    ledger_order order = {0}; /* goes on while the log has it as it was */
    uint64_t first = 0;
    uint64_t end = 0;
    int64_t time_ns = INT64_C(1767623400000000000);
    tw_random_init(&random, 5, 1);
    assert_int_equal(update_log_new(tw_allocator_system(), COUNT_MAX, &log), TW_OK);
    for (uint32_t n = 0; n < PUTS; n++) {
        time_ns += (int64_t)tw_random_below(&random, 3) * TW_NS_PER_MS / 2;
        order.order.quantity.nano = n + 1;
        all[n] = (ledger_update){.account = &accounts[n % 3], .order = &order, .time_ns = time_ns};
        update_log_put(log, &all[n]);
        update_log_range(log, &first, &end);
        assert_int_equal(end, n + 2);
        assert_int_equal(end - first, n < COUNT_MAX ? n + 1 : COUNT_MAX);
        assert_int_equal(strlen(all[n].event_id), LEDGER_EVENT_ID_SIZE - 1);
        assert_true(n == 0 || strcmp(all[n - 1].event_id, all[n].event_id) < 0);
        check_entries(log, first, end);
        const ledger_update *sought = &all[n < 30 ? 0 : n - tw_random_below(&random, 30)];
        assert_int_equal(update_log_find_time(log, sought->time_ns),
                         slow_find(first, end, sought->time_ns, NULL));
        assert_int_equal(update_log_find_id(log, tw_slice_of(sought->event_id)),
                         slow_find(first, end, 0, sought->event_id));
    }
    assert_int_equal(update_log_find_time(log, INT64_MAX), end);
    update_log_free(log);
}

static tw_status make_one(const tw_allocator *allocator, void *context) {
    update_log *log = NULL;
    tw_status status = update_log_new(allocator, 2, &log);
    (void)context;
    update_log_free(log);
    return status;
}

static void without_memory_nothing_is_left(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_one, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_the_newest_and_finds_them),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
