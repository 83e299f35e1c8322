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

enum { COUNT_MAX = 20, SIZE_MAX_OF_LOG = 1000, PUTS = 2000, TEXT_MAX = 300 };

typedef struct told {
    update_entry entry;
    char text[TEXT_MAX];
} told;

static told all[PUTS];

/* Texts are of one letter, of every length up to a third of the room. */
static void put(update_log *log, uint32_t n, tw_random *random, int64_t time_ns) {
    told *kept = &all[n];
    size_t size = (size_t)tw_random_below(random, TEXT_MAX) + 1;
    memset(kept->text, 'a' + (int)(n % 26), size);
    kept->entry = (update_entry){.time_ns = time_ns, .account = n % 3, .text = {kept->text, size}};
    update_log_next_id(log, time_ns, kept->entry.id);
    update_log_put(log, &kept->entry);
}

static void check_entries(const update_log *log, uint64_t first, uint64_t end) {
    size_t bytes = 0;
    for (uint64_t n = first; n < end; n++) {
        update_entry entry = update_log_at(log, n);
        const update_entry *wanted = &all[n - 1].entry;
        assert_string_equal(entry.id, wanted->id);
        assert_int_equal(entry.account, wanted->account);
        assert_true(entry.time_ns == wanted->time_ns);
        assert_int_equal(entry.text.size, wanted->text.size);
        assert_memory_equal(entry.text.data, wanted->text.data, entry.text.size);
        bytes += entry.text.size;
    }
    assert_true(bytes <= SIZE_MAX_OF_LOG && end - first <= COUNT_MAX);
}

/* The obvious way. */
static uint64_t slow_find(uint64_t first, uint64_t end, int64_t time_ns, const char *id) {
    for (uint64_t n = first; n < end; n++) {
        const update_entry *entry = &all[n - 1].entry;
        if (id == NULL ? entry->time_ns >= time_ns : strcmp(entry->id, id) >= 0)
            return n;
    }
    return end;
}

static void it_keeps_the_newest_and_finds_them(void **state) {
    (void)state;
    update_log *log = NULL;
    tw_random random;
    uint64_t first = 0;
    uint64_t end = 0;
    int64_t time_ns = INT64_C(1767623400000000000);
    tw_random_init(&random, 5, 1);
    assert_int_equal(update_log_new(tw_allocator_system(), COUNT_MAX, SIZE_MAX_OF_LOG, &log),
                     TW_OK);
    for (uint32_t n = 0; n < PUTS; n++) {
        time_ns += (int64_t)tw_random_below(&random, 3) * TW_NS_PER_MS / 2;
        put(log, n, &random, time_ns);
        update_log_range(log, &first, &end);
        assert_int_equal(end, n + 2);
        assert_true(first < end);
        assert_true(n == 0 || strcmp(all[n - 1].entry.id, all[n].entry.id) < 0);
        check_entries(log, first, end);
        const update_entry *sought = &all[n < 30 ? 0 : n - tw_random_below(&random, 30)].entry;
        assert_int_equal(update_log_find_time(log, sought->time_ns),
                         slow_find(first, end, sought->time_ns, NULL));
        assert_int_equal(update_log_find_id(log, tw_slice_of(sought->id)),
                         slow_find(first, end, 0, sought->id));
    }
    assert_int_equal(update_log_find_time(log, INT64_MAX), end);
    update_log_free(log);
}

static tw_status make_one(const tw_allocator *allocator, void *context) {
    update_log *log = NULL;
    tw_status status = update_log_new(allocator, 2, 10, &log);
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
