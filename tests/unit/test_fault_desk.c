/* test_fault_desk.c - what a plan decides: by chance, by path and by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_desk.h"
#include "tradewind/time.h"

static const int64_t BEGIN_NS = INT64_C(1767623400000000000);

static fault_desk desk;

static void begin(const char *text) {
    fault_plan plan;
    tw_error error = {0};
    if (fault_plan_parse("plan", tw_slice_of(text), &plan, &error) != TW_OK)
        fail_msg("%s", error.message);
    fault_desk_begin(&desk, &plan, BEGIN_NS);
}

static fault_verdict draw(const char *path) {
    return fault_desk_request(&desk, tw_slice_of(path));
}

static int64_t at(int64_t seconds) {
    return BEGIN_NS + seconds * TW_NS_PER_SECOND;
}

static void shares_are_kept_and_counted(void **state) {
    (void)state;
    begin("status 503 10%\nreset before 10%\n");
    uint32_t statuses = 0, resets = 0;
    for (int i = 0; i < 10000; i++) {
        const fault_rule *rule = draw("/v2/account").rule;
        statuses += rule != NULL && rule->kind == FAULT_STATUS;
        resets += rule != NULL && rule->kind == FAULT_RESET_BEFORE;
    }
    assert_in_range(statuses, 900, 1100);
    assert_in_range(resets, 800, 1000); /* of those that the first line left */
    assert_int_equal(desk.counts[0], statuses);
    assert_int_equal(desk.counts[1], resets);
}

static void trades_are_late_cancelled_or_corrected_by_share(void **state) {
    (void)state;
    uint32_t counts[3] = {0};
    int64_t longest_ns = 0;
    begin("trades late 20s 10%\ntrades cancel 5s 10%\ntrades correct 1m 10%\n");
    for (int i = 0; i < 10000; i++) {
        fault_trade_verdict verdict = fault_desk_trade(&desk);
        if (verdict.rule == NULL)
            continue;
        counts[verdict.rule->kind - FAULT_TRADE_LATE]++;
        assert_true(verdict.delay_ns > 0 && verdict.delay_ns <= verdict.rule->span_ns);
        if (verdict.rule->kind == FAULT_TRADE_LATE)
            longest_ns = verdict.delay_ns > longest_ns ? verdict.delay_ns : longest_ns;
        else
            assert_int_equal(verdict.delay_ns, verdict.rule->span_ns);
    }
    assert_in_range(counts[0], 900, 1100);
    assert_in_range(counts[1], 800, 1000);
    assert_in_range(counts[2], 720, 900);
    assert_true(longest_ns > 19 * TW_NS_PER_SECOND);
    begin("updates drop");
    assert_null(fault_desk_trade(&desk).rule);
}

static void the_same_seed_draws_the_same(void **state) {
    (void)state;
    bool struck[200];
    begin("seed 9\nlatency 20ms 5ms\ntruncate 30%");
    for (int i = 0; i < 200; i++)
        struck[i] = draw("/").rule != NULL;
    begin("seed 9\nlatency 1ms\ntruncate 30%");
    for (int i = 0; i < 200; i++)
        assert_int_equal(draw("/").rule != NULL, struck[i]);
    begin("seed 10\nlatency 1ms\ntruncate 30%");
    uint32_t different = 0;
    for (int i = 0; i < 200; i++)
        different += (draw("/").rule != NULL) != struck[i];
    assert_true(different > 20);
}

static void a_path_limits_a_line(void **state) {
    (void)state;
    begin("status 429 100% /v2/orders");
    assert_null(draw("/v2/account").rule);
    assert_null(draw("/v2/order").rule);
    assert_non_null(draw("/v2/orders").rule);
    assert_non_null(draw("/v2/orders/1").rule);
}

static void latencies_lie_in_their_range_and_add_up(void **state) {
    (void)state;
    begin("latency 20ms 5ms\nlatency 10ms /slow\ntail 100% 1s /slow\nlatency 60s /far\nlatency 60s "
          "/far");
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t latency_ns = draw("/").latency_ns;
        least = latency_ns < least ? latency_ns : least;
        most = latency_ns > most ? latency_ns : most;
    }
    assert_in_range(least, 15 * TW_NS_PER_MS, 16 * TW_NS_PER_MS);
    assert_in_range(most, 24 * TW_NS_PER_MS, 25 * TW_NS_PER_MS);
    assert_in_range(draw("/slow").latency_ns, 1025 * TW_NS_PER_MS, 1035 * TW_NS_PER_MS);
    assert_int_equal(draw("/far").latency_ns, FAULT_LATENCY_NS_MAX);
}

static void updates_draw_their_own_lines(void **state) {
    (void)state;
    begin("status 500 100%\nupdates drop 50%\nupdates delay 1s");
    uint32_t dropped = 0;
    for (int i = 0; i < 1000; i++) {
        const fault_rule *rule = fault_desk_update(&desk);
        assert_non_null(rule);
        dropped += rule->kind == FAULT_UPDATE_DROP;
    }
    assert_in_range(dropped, 440, 560);
    begin("status 500 100%");
    assert_null(fault_desk_update(&desk));
}

static void what_lasts_begins_and_ends_in_time(void **state) {
    (void)state;
    begin("mute 30s at 120s\nhalt AAPL 60s at 90s\nclock jump -2s at 100s\nclock jump 5s at 200s");
    assert_false(fault_desk_lasts(&desk, FAULT_MUTE, at(120) - 1));
    assert_true(fault_desk_lasts(&desk, FAULT_MUTE, at(120)));
    assert_true(fault_desk_lasts(&desk, FAULT_MUTE, at(150) - 1));
    assert_false(fault_desk_lasts(&desk, FAULT_MUTE, at(150)));
    assert_false(fault_desk_lasts(&desk, FAULT_STALE, at(130)));
    assert_true(fault_desk_halted(&desk, "AAPL", at(90)));
    assert_false(fault_desk_halted(&desk, "MSFT", at(90)));
    assert_false(fault_desk_halted(&desk, "AAPL", at(150)));
    assert_int_equal(fault_desk_clock_error(&desk, at(100) - 1), 0);
    assert_int_equal(fault_desk_clock_error(&desk, at(100)), -2 * TW_NS_PER_SECOND);
    assert_int_equal(fault_desk_clock_error(&desk, at(200)), 3 * TW_NS_PER_SECOND);
}

static void the_next_moment_is_the_earliest_to_come(void **state) {
    (void)state;
    begin("latency 1ms\nmute 30s at 120s\nrestart at 60s\nclock jump 9s at 130s");
    static const int64_t moments[] = {60, 120, 130, 150};
    int64_t now_ns = BEGIN_NS;
    for (int i = 0; i < 4; i++) {
        now_ns = fault_desk_next(&desk, now_ns);
        assert_int_equal(now_ns, at(moments[i]));
    }
    assert_int_equal(fault_desk_next(&desk, now_ns), INT64_MAX);
}

static void what_strikes_once_strikes_once(void **state) {
    (void)state;
    begin("close streams at 10s\nslow clients at 5s\nrestart at 10s");
    assert_null(fault_desk_due(&desk, at(5) - 1));
    assert_int_equal(fault_desk_due(&desk, at(5))->kind, FAULT_SLOW);
    assert_null(fault_desk_due(&desk, at(5)));
    assert_int_equal(fault_desk_due(&desk, at(60))->kind, FAULT_CLOSE);
    assert_int_equal(fault_desk_due(&desk, at(60))->kind, FAULT_RESTART);
    assert_null(fault_desk_due(&desk, at(60)));
}

static void what_lasts_is_counted_as_it_begins(void **state) {
    (void)state;
    begin(
        "mute 30s at 10s\nstale 5s at 20s\nhalt AAPL 5s at 20s\nclock jump 9s at 30s\nlatency 1ms");
    static const int64_t moments[] = {9, 10, 15, 20, 29, 30, 100};
    static const uint64_t begun[][5] = {{0},       {1},          {1},         {1, 1, 1},
                                        {1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}};
    for (int i = 0; i < 7; i++) {
        assert_null(fault_desk_due(&desk, at(moments[i])));
        for (int rule = 0; rule < 5; rule++)
            assert_int_equal(desk.counts[rule], begun[i][rule]);
    }
}

static void connections_are_limited_by_the_last_word(void **state) {
    (void)state;
    begin("latency 1ms");
    assert_int_equal(fault_desk_connections(&desk), 0);
    begin("limit connections 3\nlimit connections 1");
    assert_int_equal(fault_desk_connections(&desk), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_kept_and_counted),
        cmocka_unit_test(trades_are_late_cancelled_or_corrected_by_share),
        cmocka_unit_test(the_same_seed_draws_the_same),
        cmocka_unit_test(a_path_limits_a_line),
        cmocka_unit_test(latencies_lie_in_their_range_and_add_up),
        cmocka_unit_test(updates_draw_their_own_lines),
        cmocka_unit_test(what_lasts_begins_and_ends_in_time),
        cmocka_unit_test(the_next_moment_is_the_earliest_to_come),
        cmocka_unit_test(what_strikes_once_strikes_once),
        cmocka_unit_test(what_lasts_is_counted_as_it_begins),
        cmocka_unit_test(connections_are_limited_by_the_last_word),
    };
    return cmocka_run_group_tests_name("what a plan decides", tests, NULL, NULL);
}
