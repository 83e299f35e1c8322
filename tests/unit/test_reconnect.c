/* test_reconnect.c - the rules of reconnect.h, one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tradewind/reconnect.h"
#include "tradewind/time.h"

static const tw_reconnect_config calm = {.pause_ns_min = 100,
                                         .pause_ns_max = 1600,
                                         .throttled_ns_min = 5000,
                                         .healthy_ns = 1000,
                                         .storm_count_max = 32,
                                         .storm_ns = 1};

static void begin(tw_reconnect *machine, const tw_reconnect_config *config) {
    assert_int_equal(tw_reconnect_init(machine, config), TW_OK);
    tw_reconnect_start(machine, 0);
}

/* An attempt when it is due, up for `up_ns`, lost; returns the pause that follows. */
static int64_t once(tw_reconnect *machine, int64_t up_ns, uint64_t draw) {
    int64_t now_ns = tw_reconnect_next_ns(machine);
    assert_int_equal(tw_reconnect_try(machine, now_ns), TW_OK);
    tw_reconnect_opened(machine, now_ns);
    now_ns += up_ns;
    tw_reconnect_lost(machine, now_ns, TW_RECONNECT_BROKEN, 0, draw);
    int64_t next_ns = tw_reconnect_next_ns(machine);
    return next_ns == INT64_MAX ? INT64_MAX : next_ns - now_ns;
}

static void pauses_double_up_to_the_cap_between_half_and_whole(void **state) {
    (void)state;
    static const int64_t ceilings[] = {100, 200, 400, 800, 1600, 1600, 1600};
    tw_reconnect low;
    tw_reconnect high;
    begin(&low, &calm);
    begin(&high, &calm);
    for (size_t i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
        assert_int_equal(once(&low, 0, 0), ceilings[i] / 2);
        /* The largest draw of this remainder gives the whole ceiling. */
        assert_int_equal(once(&high, 0, (uint64_t)ceilings[i] / 2), ceilings[i]);
    }
}

static void only_a_healthy_span_ends_the_row(void **state) {
    (void)state;
    tw_reconnect machine;
    begin(&machine, &calm);
    assert_int_equal(once(&machine, 0, 0), 50);
    assert_int_equal(once(&machine, 999, 0), 100); /* up, but not for long enough */
    assert_int_equal(once(&machine, 1000, 0), 50);
}

static void a_final_loss_is_not_tried_again(void **state) {
    (void)state;
    tw_reconnect machine;
    begin(&machine, &calm);
    assert_int_equal(tw_reconnect_try(&machine, 0), TW_OK);
    assert_int_equal(tw_reconnect_lost(&machine, 1, TW_RECONNECT_FINAL, 0, 0), TW_RECONNECT_FAILED);
    assert_int_equal(tw_reconnect_get_end(&machine), TW_RECONNECT_END_FINAL);
    assert_int_equal(tw_reconnect_try(&machine, INT64_MAX), TW_STATE);
    tw_reconnect_start(&machine, 2);
    assert_int_equal(tw_reconnect_try(&machine, 2), TW_OK);
    tw_reconnect_check(&machine);
}

static void a_throttled_loss_waits_for_what_was_asked(void **state) {
    (void)state;
    tw_reconnect machine;
    begin(&machine, &calm);
    assert_int_equal(tw_reconnect_try(&machine, 0), TW_OK);
    tw_reconnect_lost(&machine, 0, TW_RECONNECT_THROTTLED, 0, 0);
    assert_int_equal(tw_reconnect_next_ns(&machine), 5000);
    assert_int_equal(tw_reconnect_try(&machine, 4999), TW_EMPTY);
    assert_int_equal(tw_reconnect_try(&machine, 5000), TW_OK);
    tw_reconnect_lost(&machine, 5000, TW_RECONNECT_THROTTLED, 7000, 0);
    assert_int_equal(tw_reconnect_next_ns(&machine), 12000);
    assert_int_equal(tw_reconnect_get_stats(&machine).throttled_count, 2);
}

static void attempts_and_patience_end(void **state) {
    (void)state;
    tw_reconnect_config config = calm;
    tw_reconnect machine;
    config.attempt_count_max = 3;
    begin(&machine, &config);
    once(&machine, 0, 0);
    once(&machine, 0, 0);
    assert_true(once(&machine, 0, 0) == INT64_MAX);
    assert_int_equal(tw_reconnect_get_end(&machine), TW_RECONNECT_END_ATTEMPTS);
    config.attempt_count_max = 0;
    config.patience_ns = 400;
    begin(&machine, &config);
    while (tw_reconnect_get_state(&machine) != TW_RECONNECT_FAILED)
        once(&machine, 0, 0);
    assert_int_equal(tw_reconnect_get_end(&machine), TW_RECONNECT_END_PATIENCE);
    assert_true(machine.now_ns >= 400 && machine.now_ns <= 1200);
}

static void a_storm_is_held_even_when_connections_were_healthy(void **state) {
    (void)state;
    tw_reconnect_config config = calm;
    tw_reconnect machine;
    config.healthy_ns = 1;
    config.storm_count_max = 3;
    config.storm_ns = 10000;
    begin(&machine, &config);
    once(&machine, 10, 0);
    once(&machine, 10, 0);
    once(&machine, 10, 0);
    assert_int_equal(tw_reconnect_next_ns(&machine), 10000); /* from the first attempt */
    assert_int_equal(tw_reconnect_get_stats(&machine).held_count, 1);
    tw_reconnect_stop(&machine, 200);
    tw_reconnect_start(&machine, 200); /* starting anew does not pass by it */
    assert_int_equal(tw_reconnect_next_ns(&machine), 10000);
}

static void time_up_and_away_is_told_apart(void **state) {
    (void)state;
    tw_reconnect machine;
    begin(&machine, &calm);
    assert_int_equal(tw_reconnect_try(&machine, 7), TW_OK);
    tw_reconnect_opened(&machine, 10);
    tw_reconnect_lost(&machine, 110, TW_RECONNECT_BROKEN, 0, 0);
    tw_reconnect_stop(&machine, 120);
    tw_reconnect_start(&machine, 900);
    assert_int_equal(tw_reconnect_get_stats(&machine).up_ns, 100);
    assert_int_equal(tw_reconnect_get_stats(&machine).away_ns, 20);
}

static void statuses_say_whether_to_try_again(void **state) {
    (void)state;
    assert_int_equal(tw_reconnect_loss_of(TW_AUTH), TW_RECONNECT_FINAL);
    assert_int_equal(tw_reconnect_loss_of(TW_LIMIT), TW_RECONNECT_FINAL);
    assert_int_equal(tw_reconnect_loss_of(TW_BUSY), TW_RECONNECT_THROTTLED);
    assert_int_equal(tw_reconnect_loss_of(TW_THROTTLED), TW_RECONNECT_THROTTLED);
    assert_int_equal(tw_reconnect_loss_of(TW_CLOSED), TW_RECONNECT_BROKEN);
    assert_int_equal(tw_reconnect_loss_of(TW_TIMEOUT), TW_RECONNECT_BROKEN);
    assert_string_equal(tw_reconnect_state_name(TW_RECONNECT_WAITING), "waiting");
    assert_string_equal(tw_reconnect_state_name((tw_reconnect_state)99), "?");
}

static void configurations_out_of_range_are_refused(void **state) {
    (void)state;
    tw_reconnect machine;
    tw_reconnect_config config = {0};
    assert_int_equal(tw_reconnect_init(&machine, &config), TW_OK);
    config.pause_ns_min = 60 * TW_NS_PER_SECOND; /* above the default of the longest */
    assert_int_equal(tw_reconnect_init(&machine, &config), TW_RANGE);
    config = (tw_reconnect_config){.healthy_ns = -1};
    assert_int_equal(tw_reconnect_init(&machine, &config), TW_RANGE);
    config = (tw_reconnect_config){.storm_count_max = TW_RECONNECT_STORM_COUNT_MAX + 1};
    assert_int_equal(tw_reconnect_init(&machine, &config), TW_RANGE);
    config = (tw_reconnect_config){.patience_ns = INT64_MAX};
    assert_int_equal(tw_reconnect_init(&machine, &config), TW_RANGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_cap_between_half_and_whole),
        cmocka_unit_test(only_a_healthy_span_ends_the_row),
        cmocka_unit_test(a_final_loss_is_not_tried_again),
        cmocka_unit_test(a_throttled_loss_waits_for_what_was_asked),
        cmocka_unit_test(attempts_and_patience_end),
        cmocka_unit_test(a_storm_is_held_even_when_connections_were_healthy),
        cmocka_unit_test(time_up_and_away_is_told_apart),
        cmocka_unit_test(statuses_say_whether_to_try_again),
        cmocka_unit_test(configurations_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
