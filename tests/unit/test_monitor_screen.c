/* test_monitor_screen.c - of many positions the furthest are shown, and how many are not is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "monitor_screen.h"

enum { SCREEN_SIZE = 96 * 1024 };

static monitor_state state;
static char screen_bytes[SCREEN_SIZE];

/* Positions S0, S1, ..., each further from its target than the one before. */
static void hold(uint32_t count) {
    uint32_t told = count < MONITOR_POSITION_COUNT_MAX ? count : MONITOR_POSITION_COUNT_MAX;
    state = (monitor_state){.position_count = count};
    for (uint32_t i = 0; i < told; i++) {
        monitor_position *position = &state.positions[i];
        snprintf(position->symbol, sizeof position->symbol, "S%u", i);
        position->weight = (i + 1) * 1e-6;
        position->high = 1.0;
    }
}

/* Rows of positions on a screen of so many lines. */
static uint32_t show(uint32_t height) {
    monitor_screen screen = {.width = MONITOR_WIDTH_MAX, .height = height, .note = "", .name = "s"};
    tw_text text = tw_text_over(screen_bytes, sizeof screen_bytes);
    monitor_screen_write(&screen, &state, "\n", &text);
    assert_false(text.truncated);
    uint32_t rows = 0;
    for (const char *at = screen_bytes; (at = strstr(at, "\nS")) != NULL; at++)
        rows += at[2] >= '0' && at[2] <= '9' ? 1 : 0;
    return rows;
}

static void assert_shows(const char *text) {
    if (strstr(screen_bytes, text) == NULL)
        fail_msg("the screen does not have \"%s\":\n%.600s", text, screen_bytes);
}

static void a_few_are_all_shown(void **test_state) {
    (void)test_state;
    hold(3);
    assert_int_equal(show(0), 3);
    assert_shows("in its band\nS2 ");
}

static void the_furthest_of_many_are_shown_and_the_rest_is_counted(void **test_state) {
    (void)test_state;
    hold(600);
    assert_int_equal(show(0), 512);
    assert_shows("in its band, 512 of 600\nS599 ");
    uint32_t rows = show(40);
    char told[64];
    snprintf(told, sizeof told, "in its band, %u of 600\nS599 ", rows);
    assert_true(rows > 0 && rows < 40);
    assert_shows(told);
}

static void what_is_beyond_every_bound_is_counted(void **test_state) {
    (void)test_state;
    hold(100000);
    assert_int_equal(show(0), 512);
    assert_shows("in its band, 512 of 100000\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_all_shown),
        cmocka_unit_test(the_furthest_of_many_are_shown_and_the_rest_is_counted),
        cmocka_unit_test(what_is_beyond_every_bound_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
