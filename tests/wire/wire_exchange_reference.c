/* wire_exchange_reference.c - calendars, clocks and assets, as JSON and through the client. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "tradewind/alpaca_records.h"

/* ---- calendar ---- */

static void the_calendar_has_the_hours_of_each_day(void **state) {
    (void)state;
    assert_answer("GET", "/v2/calendar?start=2025-11-26&end=2025-12-01", NULL, 200,
                  "[{\"date\":\"2025-11-26\",\"open\":\"09:30\",\"close\":\"16:00\","
                  "\"session_open\":\"0400\",\"session_close\":\"2000\","
                  "\"settlement_date\":\"2025-11-28\"},"
                  "{\"date\":\"2025-11-28\",\"open\":\"09:30\",\"close\":\"13:00\","
                  "\"session_open\":\"0400\",\"session_close\":\"1700\","
                  "\"settlement_date\":\"2025-12-01\"},"
                  "{\"date\":\"2025-12-01\",\"open\":\"09:30\",\"close\":\"16:00\","
                  "\"session_open\":\"0400\",\"session_close\":\"2000\","
                  "\"settlement_date\":\"2025-12-02\"}]");
    assert_string_equal(get("/v2/calendar?start=2025-11-29&end=2025-11-30"), "[]");
    assert_string_equal(get("/v2/calendar?start=2025-12-02&end=2025-12-01"), "[]");
    /* A point in time stands for its day in New York. */
    get("/v2/calendar?start=2025-12-02T04:59:59Z&end=2025-12-02T05:00:00Z");
    assert_int_equal(count_of(w.body, "\"date\""), 2);
}

static void the_calendar_reaches_from_1970_to_2029_unless_asked(void **state) {
    (void)state;
    get("/v2/calendar");
    assert_true(strncmp(w.body, "[{\"date\":\"1970-01-02\"", 21) == 0);
    assert_has(w.body, "\"date\":\"2029-12-31\"");
    assert_null(strstr(w.body, "\"date\":\"2030"));
    get("/v2/calendar?start=2100-12-30&end=2200-01-01");
    assert_int_equal(count_of(w.body, "\"date\""), 2);
    assert_string_equal(get("/v2/calendar?start=1900-01-01&end=1970-01-01"), "[]");
}

static void the_calendar_is_asked_by_settlement_too(void **state) {
    (void)state;
    get("/v2/calendar?start=2025-12-01&end=2025-12-02&date_type=SETTLEMENT");
    assert_int_equal(count_of(w.body, "\"date\""), 2);
    assert_has(w.body, "{\"date\":\"2025-11-28\"");
    assert_has(w.body, "{\"date\":\"2025-12-01\"");
    get("/v2/calendar?start=2025-12-01&end=2025-12-02&date_type=TRADING");
    assert_has(w.body, "{\"date\":\"2025-12-02\"");
    /* Friday and Columbus Day settle on the same day. */
    get("/v2/calendar?start=2025-10-14&end=2025-10-14&date_type=SETTLEMENT");
    assert_int_equal(count_of(w.body, "\"date\""), 2);
}

static void what_is_no_date_is_refused(void **state) {
    (void)state;
    assert_answer("GET", "/v2/calendar?start=today", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid start: today\"}");
    assert_answer("GET", "/v2/calendar?end=2025-02-30", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid end: 2025-02-30\"}");
    assert_answer("GET", "/v2/calendar?date_type=x", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid date_type: x\"}");
}

static void a_market_has_a_calendar_in_its_own_time(void **state) {
    (void)state;
    assert_answer(
        "GET", "/v3/calendar/XNAS?start=2025-07-03&end=2025-07-06", NULL, 200,
        "{\"calendar\":[{\"date\":\"2025-07-03\",\"pre_start\":\"2025-07-03T04:00:00-04:00\","
        "\"pre_end\":\"2025-07-03T09:30:00-04:00\",\"core_start\":\"2025-07-03T09:30:00-04:00\","
        "\"core_end\":\"2025-07-03T13:00:00-04:00\",\"post_start\":\"2025-07-03T13:00:00-04:00\","
        "\"post_end\":\"2025-07-03T17:00:00-04:00\",\"settlement_date\":\"2025-07-07\"}],"
        "\"market\":{\"acronym\":\"NASDAQ\",\"mic\":\"XNAS\",\"name\":\"Nasdaq Stock Market\","
        "\"timezone\":\"America/New_York\"}}");
    get("/v3/calendar/NYSE"); /* from today, 2026-01-05, for a week */
    assert_int_equal(count_of(w.body, "\"date\""), 6);
    get("/v3/calendar/NYSE?timezone=UTC");
    assert_has(w.body, "\"core_start\":\"2026-01-05T14:30:00Z\"");
    assert_answer("GET", "/v3/calendar/XHKG", NULL, 400, "{\"message\":\"invalid market: XHKG\"}");
    assert_answer("GET", "/v3/calendar/NYSE?timezone=CET", NULL, 400,
                  "{\"message\":\"invalid timezone: CET\"}");
}

/* ---- clock ---- */

static void a_market_has_a_clock_with_phases(void **state) {
    (void)state;
    assert_answer("GET", "/v3/clock?markets=NYSE&time=2025-11-28T13:00:00-05:00", NULL, 200,
                  "{\"clocks\":[{\"market\":{\"acronym\":\"NYSE\",\"mic\":\"XNYS\","
                  "\"name\":\"New York Stock Exchange\",\"timezone\":\"America/New_York\"},"
                  "\"timestamp\":\"2025-11-28T13:00:00-05:00\",\"is_market_day\":true,"
                  "\"next_market_open\":\"2025-12-01T09:30:00-05:00\","
                  "\"next_market_close\":\"2025-12-01T16:00:00-05:00\",\"phase\":\"post\","
                  "\"phase_until\":\"2025-11-28T17:00:00-05:00\"}]}");
    get("/v3/clock?markets=NASDAQ,IEX");
    assert_int_equal(count_of(w.body, "\"phase\":\"core\""), 2);
    assert_has(get("/v3/clock?time=2025-07-04T12:00:00Z"), "\"is_market_day\":false");
    assert_has(w.body, "\"phase\":\"closed\",\"phase_until\":\"2025-07-07T04:00:00-04:00\"");
    assert_has(get("/v3/clock?time=2025-07-03T08:00:00Z"), "\"phase\":\"pre\"");
    assert_answer("GET", "/v3/clock?markets=NYSE,LSE", NULL, 400,
                  "{\"message\":\"invalid market: LSE\"}");
    assert_answer("GET", "/v3/clock?time=noon", NULL, 400, "{\"message\":\"invalid time: noon\"}");
    call("GET", "/v3/clock?time=1677-09-21T00:12:44Z", NULL);
    assert_int_equal(w.http_status, 400);
}

/* ---- assets ---- */

static void an_asset_is_found_by_name_id_and_cusip(void **state) {
    (void)state;
    char path[128];
    char id[64];
    char cusip[64];
    char whole[2048];
    snprintf(whole, sizeof whole, "%s", get("/v2/assets/AAPL"));
    word_in(whole, "id", id);
    word_in(whole, "cusip", cusip);
    assert_int_equal(strlen(cusip), 9);
    assert_true(strncmp(cusip, "99", 2) == 0);
    snprintf(path, sizeof path, "/v2/assets/%s", id);
    assert_string_equal(get(path), whole);
    snprintf(path, sizeof path, "/v2/assets/%s", cusip);
    assert_string_equal(get(path), whole);
    static const char *const words[] = {"\"class\":\"us_equity\"",
                                        "\"exchange\":\"NASDAQ\"",
                                        "\"symbol\":\"AAPL\"",
                                        "\"name\":\"Apple Inc. Common Stock\"",
                                        "\"status\":\"active\"",
                                        "\"tradable\":true",
                                        "\"fractionable\":true",
                                        "\"maintenance_margin_requirement\":30,",
                                        "\"attributes\":[]",
                                        "\"margin_requirement_long\":\"30\"",
                                        "\"margin_requirement_short\":\"30\"",
                                        "\"easy_to_borrow\":true"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_has(whole, words[i]);
    assert_answer("GET", "/v2/assets/990000000", NULL, 404,
                  "{\"code\":40410000,\"message\":\"asset not found for 990000000\"}");
}

static void what_is_hard_to_borrow_is_told(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    close_world();
    config.hard_to_borrow = "AAPL, BRK.B";
    open_world(&config);
    assert_has(get("/v2/assets/AAPL"), "\"easy_to_borrow\":false");
    assert_has(w.body, "\"borrow_status\":\"hard_to_borrow\"");
    get("/v2/assets");
    assert_int_equal(count_of(w.body, "\"borrow_status\":\"hard_to_borrow\""), 2);
    assert_int_equal(count_of(w.body, "\"easy_to_borrow\":true"), 1);
    call("POST", "/v2/watchlists", "{\"name\":\"mine\",\"symbols\":[\"AAPL\"]}");
    assert_has(w.body, "\"easy_to_borrow\":false");
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "1"), 422,
                  "{\"code\":42210000,\"message\":\"asset \\\"AAPL\\\" cannot be sold short\"}");
    config.hard_to_borrow = "AAPL,GME";
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_INVALID);
    assert_string_equal(error.message, "\"GME\" cannot be hard to borrow: it is not traded here");
}

static void assets_are_filtered_and_sorted(void **state) {
    (void)state;
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"", 3},
        {"?status=active", 3},
        {"?status=inactive", 0},
        {"?status=", 3},
        {"?asset_class=us_equity", 3},
        {"?asset_class=crypto", 0},
        {"?exchange=NASDAQ", 3},
        {"?exchange=NYSE", 0},
        {"?attributes=has_options", 0},
        {"?attributes=,", 0},
        {"?status=active&asset_class=us_equity&exchange=NASDAQ", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/v2/assets%s", rows[i].query);
        get(path);
        assert_int_equal(count_of(w.body, "\"symbol\""), rows[i].count);
    }
    const char *apple = strstr(get("/v2/assets"), "\"AAPL\"");
    const char *berkshire = strstr(w.body, "\"BRK.B\"");
    assert_true(apple != NULL && apple < berkshire && berkshire < strstr(w.body, "\"MSFT\""));
}

static void count_days(void *context, const tw_alpaca_record *record) {
    assert_int_equal(record->kind, TW_ALPACA_RECORD_CALENDAR_DAY);
    assert_true(tw_slice_equal_string(record->as.calendar_day->open, "09:30"));
    ++*(uint32_t *)context;
}

static void the_clients_words_read_the_calendar(void **state) {
    (void)state;
    uint32_t count = 0;
    tw_alpaca_record_sink sink = {.context = &count, .on_record = count_days};
    get("/v2/calendar?start=2025-01-01&end=2025-12-31");
    assert_int_equal(tw_alpaca_decode_records(w.reader, TW_ALPACA_RECORD_CALENDAR_DAY,
                                              tw_slice_of(w.body), &sink, NULL),
                     TW_OK);
    assert_int_equal(count, 250);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_calendar_has_the_hours_of_each_day),
        CASE(the_calendar_reaches_from_1970_to_2029_unless_asked),
        CASE(the_calendar_is_asked_by_settlement_too),
        CASE(what_is_no_date_is_refused),
        CASE(a_market_has_a_calendar_in_its_own_time),
        CASE(a_market_has_a_clock_with_phases),
        CASE(an_asset_is_found_by_name_id_and_cusip),
        CASE(what_is_hard_to_borrow_is_told),
        CASE(assets_are_filtered_and_sorted),
        CASE(the_clients_words_read_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
