/* test_newest_rows.c - the newest rows of a read, the oldest of them first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "newest_rows.h"

enum { CAPACITY = 5 };

typedef struct row {
    uint32_t number;
    char sign;
} row;

static void the_newest_stand_in_their_order(void **state) {
    (void)state;
    for (uint32_t total = 0; total <= 3 * CAPACITY; total++) {
        row rows[CAPACITY] = {{0}};
        for (uint32_t i = 0; i < total; i++)
            rows[i % CAPACITY] = (row){i, (char)('a' + i)};
        size_t count = newest_rows_lay_out(rows, sizeof rows[0], total, CAPACITY);
        assert_int_equal(count, total < CAPACITY ? total : CAPACITY);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(rows[i].number, total - count + i);
            assert_int_equal(rows[i].sign, (char)('a' + rows[i].number));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_newest_stand_in_their_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
