/* wire_exchange_portfolio.c - the history of an account: what it was worth, and its profit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

#define HISTORY "/v2/account/portfolio/history"

enum { POINTS_MAX = 65536 };

static tw_alpaca_portfolio_point points[POINTS_MAX];
static tw_alpaca_portfolio told;

/* Asks for a history and reads it. */
static const tw_alpaca_portfolio *history(const char *query) {
    char path[256];
    tw_error error = {0};
    snprintf(path, sizeof path, HISTORY "%s", query);
    get(path);
    told = (tw_alpaca_portfolio){.points = points, .point_max = POINTS_MAX};
    if (tw_alpaca_decode_portfolio(w.reader, tw_slice_of(w.body), &told, &error) != TW_OK)
        fail_msg("%s", error.message);
    return &told;
}

static int64_t time_of(const char *text) {
    int64_t time_ns = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &time_ns), TW_OK);
    return time_ns;
}

/* The account's equity at this moment, in whole cents. */
static int64_t equity_now(void) {
    char text[64];
    int64_t equity = 0;
    word_in(get("/v2/account"), "equity", text);
    assert_int_equal(tw_decimal_parse(tw_slice_of(text), &equity), TW_OK);
    return (equity + TW_NANO / 200) / (TW_NANO / 100) * (TW_NANO / 100);
}

static void buy(const char *quantity) {
    char body[256];
    snprintf(body, sizeof body,
             "{\"symbol\":\"AAPL\",\"qty\":\"%s\",\"side\":\"buy\",\"type\":\"market\","
             "\"time_in_force\":\"day\"}",
             quantity);
    call("POST", "/v2/orders", body);
    assert_int_equal(w.http_status, 200);
}

/* ---- what it was worth ---- */

static void before_it_was_there_an_account_was_worth_nothing(void **state) {
    (void)state;
    assert_answer("GET", HISTORY "?period=3D&timeframe=1D&cashflow_types=ALL", NULL, 200,
                  "{\"timestamp\":[1767157200,1767330000,1767589200],\"equity\":[0,0,100000],"
                  "\"profit_loss\":[0,0,0],\"profit_loss_pct\":[0,0,0],\"base_value\":100000,"
                  "\"base_value_asof\":\"2026-01-05\",\"timeframe\":\"1D\","
                  "\"cashflow\":{\"CSD\":[0,0,100000]}}");
}

/* Each minute as somebody would have written it down who looked at the account as it ended. */
static void each_minute_tells_what_the_account_was_worth_at_its_end(void **state) {
    (void)state;
    enum { MINUTES = 12 };
    int64_t seen[MINUTES];
    buy("100");
    for (int i = 0; i < MINUTES; i++) {
        step("60s");
        seen[i] = equity_now();
    }
    step("30s");
    history("?period=1D");
    assert_string_equal(told.timeframe, "1Min");
    assert_int_equal(told.point_count, MINUTES + 1);
    int changes = 0;
    for (int i = 0; i < MINUTES; i++) {
        assert_int_equal(points[i].time_ns, time_of("2026-01-05T14:30:00Z") + i * TW_NS_PER_MINUTE);
        assert_int_equal(points[i].equity.nano, seen[i]);
        changes += i > 0 && seen[i] != seen[i - 1];
    }
    assert_int_equal(points[MINUTES].equity.nano, equity_now()); /* its minute is not over */
    assert_true(changes > MINUTES / 2);
    history("?period=1D&timeframe=5Min");
    assert_int_equal(told.point_count, 3);
    assert_int_equal(points[0].equity.nano, seen[4]);
    assert_int_equal(points[1].equity.nano, seen[9]);
    assert_int_equal(points[2].equity.nano, equity_now());
}

static void days_end_with_their_close(void **state) {
    (void)state;
    buy("100");
    jump_world("2026-01-05T20:58:00Z");
    step("120s");
    int64_t close = equity_now();
    step("600s");
    assert_int_not_equal(equity_now(), close); /* the evening moves it */
    history("?period=1D&timeframe=1D");
    assert_int_equal(told.point_count, 1);
    assert_int_equal(points[0].equity.nano, close);
    history("?period=1D&timeframe=1Min");
    assert_int_equal(told.point_count, 391);
    assert_int_equal(points[390].time_ns, time_of("2026-01-05T21:00:00Z"));
    assert_int_equal(points[390].equity.nano, close);
    jump_world("2026-01-07T14:00:00Z"); /* before the opening of the day after the next */
    history("?period=1W&timeframe=1D");
    assert_int_equal(points[told.point_count - 1].time_ns, time_of("2026-01-06T05:00:00Z"));
    history("?period=1W&timeframe=1D&intraday_reporting=extended_hours");
    assert_int_equal(points[told.point_count - 1].time_ns, time_of("2026-01-07T05:00:00Z"));
    assert_int_equal(points[told.point_count - 1].equity.nano, equity_now());
}

/* ---- profit ---- */

static void assert_profits(uint32_t from, uint32_t to, int64_t base) {
    for (uint32_t i = from; i < to; i++) {
        assert_int_equal(points[i].profit_loss.nano, points[i].equity.nano - base);
        double fraction = (double)points[i].profit_loss.nano / (double)base;
        assert_true(points[i].profit_loss_fraction == fraction);
    }
}

static void profit_begins_anew_each_day_unless_told_otherwise(void **state) {
    (void)state;
    int64_t closes[3] = {0};
    buy("200");
    for (int day = 0; day < 3; day++) {
        char time[32];
        snprintf(time, sizeof time, "2026-01-%02dT20:58:00Z", 5 + day);
        jump_world(time);
        step("120s");
        closes[day] = equity_now();
    }
    assert_true(closes[0] != closes[1] && closes[1] != closes[2]);
    history("?start=2026-01-06&end=2026-01-07&timeframe=1H");
    assert_int_equal(told.point_count, 14);
    assert_int_equal(told.base_value.nano, closes[0]);
    assert_string_equal(told.base_value_asof, "2026-01-05");
    assert_profits(0, 7, closes[0]);
    assert_profits(7, 14, closes[1]);
    history("?start=2026-01-06&end=2026-01-07&timeframe=1H&pnl_reset=no_reset");
    assert_profits(0, 14, closes[0]);
    history("?start=2026-01-05&end=2026-01-07&timeframe=1D");
    assert_int_equal(told.point_count, 3);
    assert_int_equal(told.base_value.nano, closes[0]);
    assert_profits(0, 3, closes[0]);
    /* Of the first day there is no close before it. */
    history("?start=2026-01-05&end=2026-01-05&timeframe=1H");
    assert_int_equal(told.point_count, 7);
    assert_string_equal(told.base_value_asof, "");
    assert_int_equal(told.base_value.nano, points[0].equity.nano);
}

/* ---- which times ---- */

static void the_frame_follows_the_length(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"", "1D"},
                                           {"?period=1D", "1Min"},
                                           {"?period=6D", "1Min"},
                                           {"?period=1W", "15Min"},
                                           {"?period=29D", "15Min"},
                                           {"?period=1M", "1D"},
                                           {"?period=1A", "1D"},
                                           {"?start=2026-01-02&end=2026-01-05", "1Min"},
                                           {"?date_end=2026-01-05&period=1W", "15Min"},
                                           {"?date_start=2026-01-02&period=2M", "1D"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(history(cases[i][0])->timeframe, cases[i][1]);
}

/* 2026-01-05 is a Monday, 2025-12-24 closed early, and the exchange is in the middle of the 9th. */
static void points_stand_where_the_hours_have_them(void **state) {
    (void)state;
    static const struct {
        const char *query;
        uint32_t count;
        const char *first;
        const char *last;
    } cases[] = {
        {"?period=1D&timeframe=1Min", 151, "2026-01-09T14:30:00Z", "2026-01-09T17:00:00Z"},
        {"?period=1D&timeframe=15Min", 11, "2026-01-09T14:30:00Z", "2026-01-09T17:00:00Z"},
        {"?period=1D&timeframe=1H&extended_hours=true", 9, "2026-01-09T09:00:00Z",
         "2026-01-09T17:00:00Z"},
        {"?period=2D&timeframe=1H", 10, "2026-01-08T14:30:00Z", "2026-01-09T16:30:00Z"},
        {"?start=2025-12-24T23:00:00-05:00&period=1D&timeframe=1H", 7, "2025-12-26T14:30:00Z",
         "2025-12-26T20:30:00Z"},
        {"?start=2025-12-24&end=2025-12-25&timeframe=15Min", 15, "2025-12-24T14:30:00Z",
         "2025-12-24T18:00:00Z"},
        {"?start=2026-01-03T12:07:30Z&end=2026-01-03T13:00:00Z&timeframe=5Min"
         "&intraday_reporting=continuous",
         12, "2026-01-03T12:05:00Z", "2026-01-03T13:00:00Z"},
        {"?start=2026-01-03T12:07:30Z&end=2026-01-03T13:00:00Z&timeframe=5Min", 0, NULL, NULL},
        {"?period=1W&timeframe=1D", 6, "2026-01-02T05:00:00Z", "2026-01-09T05:00:00Z"},
        {"?period=1M", 22, "2025-12-09T05:00:00Z", "2026-01-09T05:00:00Z"},
        {"?start=2026-01-08&period=1W&timeframe=1D", 2, "2026-01-08T05:00:00Z",
         "2026-01-09T05:00:00Z"},
        {"?start=2026-02-01&timeframe=1D", 0, NULL, NULL},
        {"?start=2199-12-31&period=100A&timeframe=1D", 0, NULL, NULL},
        {"?end=1970-01-01&period=100A", 1, "1969-12-31T05:00:00Z", "1969-12-31T05:00:00Z"},
    };
    jump_world("2026-01-09T17:00:30Z");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        history(cases[i].query);
        if (told.point_count != cases[i].count)
            fail_msg("%s has %u points", cases[i].query, told.point_count);
        if (told.point_count == 0)
            continue;
        assert_int_equal(points[0].time_ns, time_of(cases[i].first));
        assert_int_equal(points[told.point_count - 1].time_ns, time_of(cases[i].last));
    }
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"period=x", "invalid period: x"},
        {"period=0D", "invalid period: 0D"},
        {"period=1Y", "invalid period: 1Y"},
        {"period=101A", "invalid period: 101A"},
        {"timeframe=2Min", "invalid timeframe: 2Min"},
        {"period=2M&timeframe=1H", "only the timeframe 1D can be specified for more than 30 days"},
        {"start=2026-01-01&end=2026-02-02&timeframe=1Min",
         "only the timeframe 1D can be specified for more than 30 days"},
        {"start=2026-01-05&end=2026-01-06&period=1D",
         "only two of start, end and period can be specified at the same time"},
        {"start=2026-01-07&end=2026-01-05", "end should not be before start"},
        {"pnl_reset=never", "invalid pnl_reset: never"},
        {"intraday_reporting=never", "invalid intraday_reporting: never"},
        {"cashflow_types=FILL", "invalid activity type: FILL"},
        {"cashflow_types=CSD,", "invalid activity type: "},
        {"start=x", "invalid start: x"},
        {"date_end=x", "invalid date_end: x"},
        {"extended_hours=maybe", "invalid extended_hours: maybe"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[256];
        char expected[256];
        snprintf(path, sizeof path, HISTORY "?%s", cases[i][0]);
        snprintf(expected, sizeof expected, "{\"code\":40010001,\"message\":\"%s\"}", cases[i][1]);
        assert_answer("GET", path, NULL, 422, expected);
    }
}

static void cash_is_told_by_its_kind(void **state) {
    (void)state;
    assert_has(get(HISTORY "?period=2D&timeframe=1D"), "\"cashflow\":{}}");
    assert_has(get(HISTORY "?period=2D&timeframe=1D&cashflow_types=NONE"), "\"cashflow\":{}}");
    assert_has(get(HISTORY "?period=2D&timeframe=1D&cashflow_types=FEE,CSD,FEE"),
               "\"cashflow\":{\"FEE\":[0,0],\"CSD\":[0,100000]}}");
    jump_world("2026-01-07T15:00:00Z");
    assert_has(get(HISTORY "?period=2D&timeframe=1D&cashflow_types=CSD"),
               "\"cashflow\":{\"CSD\":[0,0]}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(before_it_was_there_an_account_was_worth_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_minute_tells_what_the_account_was_worth_at_its_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(days_end_with_their_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(profit_begins_anew_each_day_unless_told_otherwise, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_frame_follows_the_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(points_stand_where_the_hours_have_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cash_is_told_by_its_kind, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
