/*
 * model_made_days.c - the memory of made days beside a list in which the newest stands last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "made_days.h"
#include "tradewind/random.h"

enum { DAY_MAX = 7, STEPS = 20000 };

typedef struct entry {
    tw_symbol symbol;
    int64_t day;
} entry;

/* Moves a day to the list's end; false: it was not there, and the first has gone for it if the list
 * was full. */
static bool slow_get(entry *entries, uint32_t *count, entry wanted) {
    uint32_t at = 0;
    while (at < *count && (entries[at].symbol != wanted.symbol || entries[at].day != wanted.day))
        at++;
    bool there = at < *count;
    if (!there && *count < DAY_MAX)
        at = (*count)++;
    else if (!there)
        at = 0;
    memmove(&entries[at], &entries[at + 1], (*count - 1 - at) * sizeof entries[0]);
    entries[*count - 1] = wanted;
    return there;
}

static void the_days_asked_for_last_are_remembered(void **state) {
    (void)state;
    tw_random random;
    made_days *days = NULL;
    entry entries[DAY_MAX + 1];
    uint32_t count = 0, hits = 0;
    assert_int_equal(made_days_new(NULL, DAY_MAX, sizeof(entry), &days), TW_OK);
    tw_random_init(&random, 11, 1);
    for (int i = 0; i < STEPS; i++) {
        bool made = false;
        entry wanted = {(tw_symbol)tw_random_below(&random, 3),
                        (int64_t)tw_random_below(&random, 5) - 2};
        entry *got = made_days_get(days, wanted.symbol, wanted.day, &made);
        assert_int_equal(made, slow_get(entries, &count, wanted));
        if (made) {
            assert_int_equal(got->symbol, wanted.symbol);
            assert_int_equal(got->day, wanted.day);
        }
        *got = wanted;
        hits += made;
    }
    assert_in_range(hits, STEPS / 4, STEPS * 3 / 4);
    made_days_free(days);
}

static tw_status make_and_use(const tw_allocator *allocator, void *context) {
    made_days *days = NULL;
    bool made = false;
    (void)context;
    tw_status status = made_days_new(allocator, DAY_MAX, 100, &days);
    if (status == TW_OK)
        memset(made_days_get(days, 1, 20000, &made), 1, 100);
    made_days_free(days);
    return status;
}

static void without_memory_nothing_is_left(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_use, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_days_asked_for_last_are_remembered),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
