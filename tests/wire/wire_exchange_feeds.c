/*
 * wire_exchange_feeds.c - who sees the market when: the feed that is 15 minutes late, quotes that
 * stand still, feeds on which nothing trades, and what a basic plan has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history_pages.h"

enum { OBJECT_MAX = 60000 };

static const int64_t OPEN_NS = INT64_C(1767623400000000000);
static const int64_t DELAY_NS = 15 * TW_NS_PER_MINUTE;

/* The objects of one type in a log, in the order in which they came. */
typedef struct object_list {
    const char *at[OBJECT_MAX];
    size_t sizes[OBJECT_MAX];
    uint32_t count;
} object_list;

static object_list prompt, late;

static void take_objects(object_list *list, const char *log, char type) {
    char head[16];
    list->count = 0;
    snprintf(head, sizeof head, "{\"T\":\"%c\",", type);
    for (const char *at = strstr(log, head); at != NULL; at = strstr(at + 1, head)) {
        assert_true(list->count < OBJECT_MAX);
        list->sizes[list->count] = strcspn(at, "}") + 1;
        list->at[list->count++] = at;
    }
}

static int64_t time_of(const object_list *list, uint32_t i) {
    char object[512];
    snprintf(object, sizeof object, "%.*s", (int)list->sizes[i], list->at[i]);
    return record_time(object);
}

/* What is told late is what was told 15 minutes before, and all of it. */
static void assert_late(const listener *now, const listener *then, char type, int64_t span_ns) {
    take_objects(&prompt, now->log, type);
    take_objects(&late, then->log, type);
    int64_t until_ns = floor_now(w.exchange->floor) - DELAY_NS;
    uint32_t due = 0;
    for (uint32_t i = 0; i < prompt.count; i++)
        due += time_of(&prompt, i) + span_ns < until_ns + (span_ns > 0);
    uint32_t first = 0; /* behind what was before anybody could listen */
    while (first < late.count && time_of(&late, first) == OPEN_NS && type == 'q')
        first++;
    assert_true(due > 0);
    assert_int_equal(late.count - first, due);
    for (uint32_t i = 0; i < due; i++) {
        assert_int_equal(late.sizes[first + i], prompt.sizes[i]);
        assert_memory_equal(late.at[first + i], prompt.at[i], prompt.sizes[i]);
    }
}

static void listen_on(listener *l, const char *path, const char *subscribe) {
    listen_to(l, path);
    TURN_UNTIL(l->frame_count == 1);
    assert_has(ask(l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "authenticated");
    assert_has(ask(l, subscribe), "\"T\":\"subscription\"");
}

static uint64_t objects_of(const listener *l) {
    uint64_t count = 0;
    for (const char *types = "tqbd"; *types != '\0'; types++) {
        take_objects(&late, l->log, *types);
        count += late.count;
    }
    return count;
}

static void the_delayed_feed_is_the_market_15_minutes_ago(void **state) {
    (void)state;
    static const char subscribe[] =
        "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"],\"quotes\":[\"AAPL\"],"
        "\"bars\":[\"AAPL\"],\"dailyBars\":[\"AAPL\"]}";
    listener now, then;
    listen_on(&now, "/v2/sip", subscribe);
    listen_on(&then, "/v2/delayed_sip", subscribe);
    assert_has(ask(&then, "{\"action\":\"subscribe\",\"orderbooks\":[\"AAPL\"]}"), "\"code\":410");
    step("14m59s");
    settle();
    assert_int_equal(objects_of(&then), 0);
    step("1m");
    uint64_t sent = number_in(step("1m2s"), "data_messages");
    TURN_UNTIL(objects_of(&now) + objects_of(&then) == sent);
    assert_late(&now, &then, 't', 0);
    assert_late(&now, &then, 'q', 0);
    take_objects(&late, then.log, 'd');
    assert_int_equal(late.count, 2);
    take_objects(&prompt, now.log, 'd');
    for (uint32_t i = 0; i < 2; i++)
        assert_memory_equal(late.at[i], prompt.at[i], late.sizes[i]);
    assert_late(&now, &then, 'b', TW_NS_PER_MINUTE);
    hang_up(&now);
    hang_up(&then);
}

static void what_was_taken_back_meanwhile_is_not_told_late(void **state) {
    (void)state;
    listener then;
    static record_list list;
    listen_on(&then, "/v2/delayed_sip", "{\"action\":\"subscribe\",\"trades\":[\"MSFT\"]}");
    call("POST", "/sim/faults", "trades cancel 5s 20%\ntrades correct 1m 20%\ntrades late 30s 20%");
    step("3m");
    call("DELETE", "/sim/faults", NULL);
    uint64_t sent = number_in(step("14m"), "data_messages");
    take_objects(&late, then.log, 't');
    TURN_UNTIL((take_objects(&late, then.log, 't'), late.count == sent));
    records_read(&list, "/v2/stocks/MSFT/trades?end=2026-01-05T14:31:59.999999999Z&limit=10000&"
                        "start=2026-01-05T14:30:00Z");
    uint32_t at = 0, left_out = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        char price[64], object[512];
        const char *record = list.records[i];
        if (strstr(record, "\"u\":\"canceled\"") != NULL ||
            strstr(record, "\"u\":\"incorrect\"") != NULL) {
            left_out++;
            continue;
        }
        assert_true(at < late.count);
        assert_int_equal(time_of(&late, at), record_time(record));
        snprintf(price, sizeof price, "\"p\":%.*s,",
                 (int)strcspn(strstr(record, "\"p\":") + 4, ","), strstr(record, "\"p\":") + 4);
        snprintf(object, sizeof object, "%.*s", (int)late.sizes[at], late.at[at]);
        assert_has(object, price);
        assert_null(strstr(object, "\"u\""));
        at++;
    }
    assert_int_equal(at, late.count);
    assert_true(left_out > 10);
    hang_up(&then);
}

static void the_latest_of_the_delayed_feed_is_of_then(void **state) {
    (void)state;
    char trade[1024], quote[1024], expected[2048];
    step("3m30s");
    snprintf(trade, sizeof trade, "%s", get("/v2/stocks/AAPL/trades/latest?feed=iex"));
    get("/v2/stocks/AAPL/quotes?sort=desc&limit=1");
    snprintf(quote, sizeof quote, "%.*s", (int)strcspn(strchr(w.body, '[') + 1, "}") + 1,
             strchr(w.body, '[') + 1);
    step("15m");
    assert_string_equal(get("/v2/stocks/AAPL/trades/latest?feed=delayed_sip"), trade);
    snprintf(expected, sizeof expected, "{\"symbol\":\"AAPL\",\"quote\":%s}", quote);
    assert_string_equal(get("/v2/stocks/AAPL/quotes/latest?feed=delayed_sip"), expected);
    get("/v2/stocks/AAPL/bars/latest?feed=delayed_sip");
    assert_has(w.body, "\"t\":\"2026-01-05T14:32:00Z\"");
    get("/v2/stocks/AAPL/snapshot?feed=delayed_sip");
    assert_has(w.body, "\"minuteBar\":{\"t\":\"2026-01-05T14:32:00Z\"");
    assert_has(w.body, "\"dailyBar\":{\"t\":\"2026-01-05T05:00:00Z\"");
    assert_has(w.body, "\"prevDailyBar\":{\"t\":\"2026-01-02T05:00:00Z\"");
    /* The day is the three minutes that were over then. */
    char bars[1024];
    snprintf(bars, sizeof bars, "%s", strstr(w.body, "\"dailyBar\""));
    int64_t volume = record_number(bars, "v");
    static record_list list;
    records_read(&list, "/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05&"
                        "end=2026-01-05T14:32:00Z");
    assert_int_equal(list.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        volume -= record_number(list.records[i], "v");
    assert_int_equal(volume, 0);
}

static void quotes_that_stand_still_do_so_in_every_answer(void **state) {
    (void)state;
    char before[1024], newest[1024];
    call("POST", "/sim/faults", "stale 30s at 10s");
    step("12s");
    snprintf(before, sizeof before, "%s", get("/v2/stocks/AAPL/quotes/latest"));
    step("20s");
    assert_string_equal(get("/v2/stocks/AAPL/quotes/latest"), before);
    assert_true(record_time(before) <= INT64_C(1767623410000000000));
    get("/v2/stocks/AAPL/quotes?sort=desc&limit=1");
    snprintf(newest, sizeof newest, "%.*s", (int)strcspn(strchr(w.body, '[') + 1, "}"),
             strchr(w.body, '[') + 1);
    assert_has(before, newest);
    get("/v2/stocks/AAPL/snapshot");
    assert_has(w.body, newest);
    step("10s");
    assert_string_not_equal(get("/v2/stocks/AAPL/quotes/latest"), before);
    get("/v2/stocks/AAPL/quotes?start=2026-01-05T14:30:15Z&end=2026-01-05T14:30:35Z");
    assert_true(count_of(w.body, "\"t\"") > 10);
}

static void nothing_trades_overnight_or_over_the_counter(void **state) {
    (void)state;
    step("2m");
    assert_string_equal(get("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2020-01-01&"
                            "feed=boats"),
                        "{\"bars\":{},\"next_page_token\":null}");
    assert_string_equal(get("/v2/stocks/trades?symbols=AAPL&feed=otc"),
                        "{\"trades\":{},\"next_page_token\":null}");
    assert_string_equal(get("/v2/stocks/quotes/latest?symbols=AAPL&feed=overnight"),
                        "{\"quotes\":{}}");
    assert_answer("GET", "/v2/stocks/AAPL/trades/latest?feed=overnight", NULL, 404,
                  "{\"message\":\"no trade found for AAPL\"}");
}

static int basic_set_up(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.plan = TW_EXCHANGE_PLAN_BASIC;
    open_world(&config);
    return 0;
}

static void a_basic_plan_has_no_recent_sip_data(void **state) {
    (void)state;
    static const char *const refused[] = {
        "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&feed=sip&end=2026-01-05T14:35:00.000000001Z",
        "/v2/stocks/AAPL/trades?start=2026-01-05&end=2026-01-06", /* sip without a name */
        "/v2/stocks/AAPL/quotes?feed=sip&end=2026-01-05T14:50:00Z",
        "/v2/stocks/auctions?symbols=AAPL&end=2026-01-06",
        "/v2/stocks/AAPL/trades/latest?feed=sip",
        "/v2/stocks/quotes/latest?symbols=AAPL&feed=sip",
        "/v2/stocks/snapshots?symbols=AAPL&feed=sip",
    };
    step("20m");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_answer("GET", refused[i], NULL, 403,
                      "{\"message\":\"subscription does not permit querying recent SIP data\"}");
    /* As far as it is 15 minutes old, it is had; and where no end is named that is the end. */
    static record_list list;
    records_read(&list, "/v2/stocks/AAPL/trades?feed=sip&start=2026-01-05T14:30:00Z");
    assert_true(list.count > 100);
    assert_true(record_time(list.records[list.count - 1]) <= INT64_C(1767623700000000000));
    get("/v2/stocks/bars?symbols=AAPL&timeframe=1Min&feed=sip&end=2026-01-05T14:35:00Z");
    get("/v2/stocks/AAPL/bars?timeframe=1Min");
    assert_has(w.body, "\"t\":\"2026-01-05T14:34:00Z\"");
    assert_null(strstr(w.body, "\"t\":\"2026-01-05T14:36:00Z\""));
    /* Of iex all is had, and it is what the newest are of without a name. */
    get("/v2/stocks/AAPL/bars?timeframe=1Min&feed=iex");
    assert_has(w.body, "\"t\":\"2026-01-05T14:49:00Z\"");
    get("/v2/stocks/snapshots?symbols=AAPL&feed=delayed_sip");
    get("/v2/stocks/AAPL/quotes/latest");
    assert_non_null(strcasestr(w.head, "X-RateLimit-Limit: 200\r\n"));
}

static void a_basic_plan_has_one_stream_of_iex(void **state) {
    (void)state;
    listener l, other;
    listen_to(&l, "/v2/sip");
    TURN_UNTIL(l.frame_count == 1);
    assert_has(ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "[{\"T\":\"error\",\"code\":409,\"msg\":\"insufficient subscription\"}]");
    TURN_UNTIL(l.closed);
    hang_up(&l);
    listen_to_data(&l, "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\"]}");
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"*\"]}"), "\"code\":405");
    listen_to(&other, "/v2/iex");
    TURN_UNTIL(other.frame_count == 1);
    assert_has(ask(&other, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "\"code\":406");
    hang_up(&other);
    hang_up(&l);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_delayed_feed_is_the_market_15_minutes_ago),
        CASE(what_was_taken_back_meanwhile_is_not_told_late),
        CASE(the_latest_of_the_delayed_feed_is_of_then),
        CASE(quotes_that_stand_still_do_so_in_every_answer),
        CASE(nothing_trades_overnight_or_over_the_counter),
        cmocka_unit_test_setup_teardown(a_basic_plan_has_no_recent_sip_data, basic_set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_basic_plan_has_one_stream_of_iex, basic_set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
