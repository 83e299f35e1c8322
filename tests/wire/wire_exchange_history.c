/* wire_exchange_history.c - bars, trades and quotes of the past, page by page. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history_pages.h"

static record_list whole;
static record_list parts;

static void assert_same(const record_list *a, const record_list *b) {
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++)
        assert_string_equal(a->records[i], b->records[i]);
}

/* Pages of any limit, in both directions, are the whole. */
static void assert_pages(const char *query, uint32_t least) {
    static const uint32_t limits[] = {1, 7, 100, 1000};
    static const char *const sorts[] = {"asc", "desc"};
    char path[1024];
    for (size_t s = 0; s < 2; s++) {
        snprintf(path, sizeof path, "%s&sort=%s&limit=10000", query, sorts[s]);
        records_read(&whole, path);
        if (whole.count < least)
            fail_msg("%u records of %s", whole.count, path);
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            if (limits[i] == 1 && whole.count > 300)
                continue;
            snprintf(path, sizeof path, "%s&sort=%s&limit=%u", query, sorts[s], limits[i]);
            records_read(&parts, path);
            assert_same(&parts, &whole);
            assert_int_equal(parts.pages, (whole.count + limits[i] - 1) / limits[i]);
        }
    }
}

/* Descending is ascending from its end: of each symbol, for symbols stay in the order of names. */
static void assert_reversed(const char *query) {
    char path[1024];
    snprintf(path, sizeof path, "%s&limit=10000&sort=asc", query);
    records_read(&whole, path);
    snprintf(path, sizeof path, "%s&limit=10000&sort=desc", query);
    records_read(&parts, path);
    assert_int_equal(whole.count, parts.count);
    assert_true(whole.count > 1);
    for (uint32_t i = 0; i < whole.count; i++)
        assert_string_equal(whole.records[i], parts.records[whole.count - 1 - i]);
}

static void pages_of_bars_are_the_whole(void **state) {
    (void)state;
    step("25m30s");
    assert_pages("/v2/stocks/bars?symbols=MSFT,AAPL,NONE,BRK.B,AAPL&timeframe=1Day&"
                 "start=2020-01-01",
                 93);
    assert_pages("/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=1Min", 52);
    assert_pages("/v2/stocks/AAPL/bars?timeframe=30Min&start=2025-12-23&end=2026-01-06", 80);
    assert_pages("/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=1Week&start=2020-01-01", 12);
    assert_pages("/v2/stocks/AAPL/bars?timeframe=1Month&start=2020-01-01", 2);
}

static void pages_of_trades_and_quotes_are_the_whole(void **state) {
    (void)state;
    step("2m");
    assert_pages("/v2/stocks/trades?symbols=MSFT,AAPL,BRK.B", 100);
    assert_pages("/v2/stocks/AAPL/trades?start=2026-01-05T14:30:30Z&end=2026-01-05T14:31:30Z", 20);
    assert_pages("/v2/stocks/quotes?symbols=MSFT,AAPL,BRK.B", 300);
    assert_pages("/v2/stocks/MSFT/quotes?start=2026-01-05", 100);
}

static void descending_is_ascending_reversed(void **state) {
    (void)state;
    step("33m10s");
    assert_reversed("/v2/stocks/AAPL/trades?start=2026-01-05");
    assert_reversed("/v2/stocks/AAPL/quotes?start=2026-01-05T14:59:00Z");
    static const char *const frames[] = {"1Min", "7Min", "15T",    "1Hour",  "4H",
                                         "1Day", "1W",   "1Month", "3Month", "12M"};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        char path[256];
        bool fine = i < 3;
        snprintf(path, sizeof path, "/v2/stocks/MSFT/bars?timeframe=%s&start=%s", frames[i],
                 fine ? "2025-12-23" : "2020-01-01");
        if (i < 9)
            assert_reversed(path);
    }
}

/* ---- bars are what their trades make them ---- */

static void bars_equal_those_made_of_the_trades(void **state) {
    (void)state;
    static const char *const frames[] = {"1Min", "2Min", "7Min", "59Min", "1Hour", "1Day"};
    step("47m20s");
    records_read(&whole, "/v2/stocks/AAPL/trades?start=2026-01-05&limit=10000");
    assert_true(whole.count > 1000);
    for (size_t f = 0; f < sizeof frames / sizeof frames[0]; f++) {
        char path[256];
        snprintf(path, sizeof path, "/v2/stocks/AAPL/bars?timeframe=%s&start=2026-01-05T05:00:00Z",
                 frames[f]);
        records_read(&parts, path);
        uint32_t at = 0;
        for (uint32_t b = 0; b < parts.count; b++) {
            made_bar bar = {0};
            int64_t end_ns = b + 1 < parts.count ? record_time(parts.records[b + 1]) : INT64_MAX;
            for (; at < whole.count && record_time(whole.records[at]) < end_ns; at++) {
                assert_true(record_time(whole.records[at]) >= record_time(parts.records[b]));
                add_trade(&bar, whole.records[at]);
            }
            assert_bar(parts.records[b], &bar);
        }
        assert_int_equal(at, whole.count);
        assert_true(f > 2 || parts.count > 5);
    }
}

/* Before the exchange began too, and up to its first own trade. */
static void trades_of_the_past_make_their_bars(void **state) {
    (void)state;
    static const char *const hours[][2] = {
        {"2025-12-24T14:30:00Z", "2025-12-24T15:29:59.999999999Z"}, /* closes early */
        {"2025-12-24T17:00:00Z", "2025-12-24T23:00:00Z"},
        {"2026-01-02T20:30:00Z", "2026-01-05T14:33:59.999999999Z"}};
    step("5m");
    for (size_t h = 0; h < 3; h++) {
        char path[256];
        snprintf(path, sizeof path, "/v2/stocks/AAPL/trades?start=%s&end=%s&limit=10000",
                 hours[h][0], hours[h][1]);
        records_read(&whole, path);
        snprintf(path, sizeof path, "/v2/stocks/AAPL/bars?timeframe=1Min&start=%s&end=%s",
                 hours[h][0], hours[h][1]);
        records_read(&parts, path);
        assert_true(parts.count > 30);
        uint32_t at = 0;
        for (uint32_t b = 0; b < parts.count; b++) {
            made_bar bar = {0};
            int64_t start_ns = record_time(parts.records[b]);
            while (at < whole.count && record_time(whole.records[at]) < start_ns + TW_NS_PER_MINUTE)
                add_trade(&bar, whole.records[at++]);
            assert_bar(parts.records[b], &bar);
        }
        assert_int_equal(at, whole.count);
    }
}

static uint64_t id_of(const char *record) {
    return strtoull(strstr(record, "\"i\":") + 4, NULL, 10);
}

static void ids_of_trades_are_their_own(void **state) {
    (void)state;
    step("1m");
    records_read(&whole, "/v2/stocks/AAPL/trades?start=2026-01-02T20:30:00Z&limit=10000");
    for (uint32_t i = 1; i < whole.count; i++) {
        assert_true(record_time(whole.records[i]) >= record_time(whole.records[i - 1]));
        if (record_time(whole.records[i]) < INT64_C(1767589200000000000))
            assert_int_equal(id_of(whole.records[i]), id_of(whole.records[i - 1]) + 1);
    }
}

static void pages_of_trades_before_the_beginning_are_the_whole(void **state) {
    (void)state;
    step("20s");
    assert_pages("/v2/stocks/trades?symbols=MSFT,AAPL&start=2026-01-02T20:58:00Z", 100);
    assert_pages("/v2/stocks/AAPL/quotes?start=2026-01-02T20:59:30Z", 50);
    assert_reversed("/v2/stocks/AAPL/trades?start=2026-01-02T20:50:00Z");
    assert_reversed("/v2/stocks/MSFT/quotes?start=2026-01-02T20:50:00Z");
    assert_string_equal(get("/v2/stocks/trades?symbols=AAPL&start=2026-01-03&end=2026-01-04"),
                        "{\"trades\":{},\"next_page_token\":null}");
}

static void longer_frames_hold_the_days(void **state) {
    (void)state;
    static const char *const frames[] = {"1Week", "1Month"};
    step("3m");
    for (size_t f = 0; f < 2; f++) {
        char path[256];
        records_read(&whole, "/v2/stocks/AAPL/bars?timeframe=1Day&start=2020-01-01");
        snprintf(path, sizeof path, "/v2/stocks/AAPL/bars?timeframe=%s&start=2020-01-01",
                 frames[f]);
        records_read(&parts, path);
        int64_t volumes[2] = {0};
        for (uint32_t i = 0; i < whole.count; i++)
            volumes[0] += record_number(whole.records[i], "v");
        for (uint32_t i = 0; i < parts.count; i++)
            volumes[1] += record_number(parts.records[i], "v");
        /* The first group begins before the first day, but is whole. */
        assert_int_equal(volumes[0], volumes[1]);
        assert_int_equal(record_number(whole.records[whole.count - 1], "c"),
                         record_number(parts.records[parts.count - 1], "c"));
    }
    get("/v2/stocks/AAPL/bars?timeframe=1Week&start=2025-12-15&end=2026-01-05");
    assert_int_equal(count_of(w.body, "\"t\""), 4);
    assert_has(w.body, "\"t\":\"2025-12-15T05:00:00Z\"");
    assert_has(w.body, "\"t\":\"2026-01-05T05:00:00Z\"");
    get("/v2/stocks/AAPL/bars?timeframe=12Month&start=2026-01-01");
    assert_has(w.body, "{\"bars\":[{\"t\":\"2026-01-01T05:00:00Z\"");
}

/* ---- bounds ---- */

static void both_ends_are_inclusive(void **state) {
    (void)state;
    step("5m");
    get("/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05T14:31:00Z&end=2026-01-05T14:33:00Z");
    assert_int_equal(count_of(w.body, "\"t\""), 3);
    get("/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05T14:31:00.000000001Z&"
        "end=2026-01-05T14:32:59.999999999Z");
    assert_int_equal(count_of(w.body, "\"t\""), 1);
    /* A date is a whole day of New York. */
    get("/v2/stocks/AAPL/bars?timeframe=1Day&start=2025-12-23&end=2025-12-23");
    assert_int_equal(count_of(w.body, "\"t\""), 1);
    get("/v2/stocks/AAPL/bars?timeframe=1Hour&start=2025-12-23&end=2025-12-24");
    assert_int_equal(count_of(w.body, "\"t\""), 7 + 4);
    assert_string_equal(get("/v2/stocks/AAPL/bars?timeframe=1Day&start=2199-01-01"),
                        "{\"bars\":[],\"symbol\":\"AAPL\",\"next_page_token\":null}");
    assert_string_equal(get("/v2/stocks/trades?symbols=AAPL&start=2026-01-06"),
                        "{\"trades\":{},\"next_page_token\":null}");
}

static void what_is_asked_wrongly_is_named(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"limit=10001", "invalid limit: it must be 1 to 10000"},
        {"sort=up", "invalid sort: up"},
        {"feed=delayed_sip", "invalid feed: delayed_sip"},
        {"currency=MXN", "invalid currency: MXN"},
        {"asof=x", "invalid asof: x"},
        {"start=2026-01-05&end=2026-01-04", "end should not be before start"},
        {"page_token=QUFQTA==", "invalid page_token"},
        {"page_token=%2B%2B%2B", "invalid page_token"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const char *const kinds[] = {"bars", "trades", "quotes"};
        for (size_t k = 0; k < 3; k++) {
            char path[256];
            char expected[256];
            snprintf(path, sizeof path, "/v2/stocks/%s?symbols=AAPL&timeframe=1Day&%s", kinds[k],
                     rows[i][0]);
            snprintf(expected, sizeof expected, "{\"message\":\"%s\"}", rows[i][1]);
            assert_answer("GET", path, NULL, 400, expected);
        }
    }
    assert_answer("GET", "/v2/stocks/AAPL/bars?timeframe=1Day&adjustment=half", NULL, 400,
                  "{\"message\":\"invalid adjustment: half\"}");
    get("/v2/stocks/AAPL/bars?timeframe=1Day&adjustment=split,dividend,spin-off&asof=-&feed=sip&"
        "currency=USD&start=2025-12-23&end=2025-12-23");
    assert_has(w.body, "\"next_page_token\":null,\"currency\":\"USD\"}");
}

static void a_token_is_of_its_own_kind(void **state) {
    (void)state;
    char token[512];
    char path[1024];
    step("1m");
    get("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2020-01-01&limit=2");
    token_of(w.body, token, sizeof token);
    snprintf(path, sizeof path, "/v2/stocks/trades?symbols=AAPL&page_token=%s", token);
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 400);
    snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&page_token=%s", token);
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 400);
    /* It is taken with other symbols and another limit. */
    snprintf(path, sizeof path,
             "/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=1Day&start=2020-01-01&limit=10000&"
             "page_token=%s",
             token);
    assert_int_equal(count_of(get(path), "\"t\""), 2 * 31 - 2);
}

/* ---- snapshots ---- */

static void snapshots_have_all_parts(void **state) {
    (void)state;
    step("3m30s");
    get("/v2/stocks/snapshots?symbols=MSFT,AAPL,NONE");
    assert_true(strncmp(w.body, "{\"AAPL\":{\"latestTrade\":{\"t\":", 27) == 0);
    static const char *const names[] = {"\"latestTrade\":{", "\"latestQuote\":{", "\"minuteBar\":{",
                                        "\"dailyBar\":{", "\"prevDailyBar\":{"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(count_of(w.body, names[i]), 2);
    assert_has(w.body, "\"dailyBar\":{\"t\":\"2026-01-05T05:00:00Z\"");
    assert_has(w.body, "\"prevDailyBar\":{\"t\":\"2026-01-02T05:00:00Z\"");
    assert_has(w.body, "\"minuteBar\":{\"t\":\"2026-01-05T14:32:00Z\"");
    assert_null(strstr(w.body, "NONE"));
    get("/v2/stocks/AAPL/snapshot");
    assert_true(strncmp(w.body, "{\"symbol\":\"AAPL\",\"latestTrade\":{", 32) == 0);
    assert_answer("GET", "/v2/stocks/NONE/snapshot", NULL, 404,
                  "{\"message\":\"no snapshot found for NONE\"}");
    assert_string_equal(get("/v2/stocks/snapshots?symbols=NONE"), "{}");
    get("/v2/stocks/quotes/latest?symbols=AAPL&feed=delayed_sip&currency=USD");
    assert_has(w.body, "}},\"currency\":\"USD\"}");
}

static void before_the_first_trade_a_snapshot_is_of_the_day_before(void **state) {
    (void)state;
    get("/v2/stocks/AAPL/snapshot");
    assert_has(w.body, "\"latestTrade\":{\"t\":\"2026-01-02T20:59:");
    assert_has(w.body, "\"minuteBar\":{\"t\":\"2026-01-02T20:59:00Z\"");
    assert_has(w.body, "\"dailyBar\":{\"t\":\"2026-01-02T05:00:00Z\"");
    assert_has(w.body, "\"prevDailyBar\":{\"t\":\"2025-12-31T05:00:00Z\"");
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(pages_of_bars_are_the_whole),
        CASE(pages_of_trades_and_quotes_are_the_whole),
        CASE(descending_is_ascending_reversed),
        CASE(bars_equal_those_made_of_the_trades),
        CASE(trades_of_the_past_make_their_bars),
        CASE(ids_of_trades_are_their_own),
        CASE(pages_of_trades_before_the_beginning_are_the_whole),
        CASE(longer_frames_hold_the_days),
        CASE(both_ends_are_inclusive),
        CASE(what_is_asked_wrongly_is_named),
        CASE(a_token_is_of_its_own_kind),
        CASE(snapshots_have_all_parts),
        CASE(before_the_first_trade_a_snapshot_is_of_the_day_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
