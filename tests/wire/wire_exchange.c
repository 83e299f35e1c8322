/* wire_exchange.c - the exchange's HTTP calls, its clock, its opening and its end. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "failing_heap.h"

/* ---- account, clock, assets, positions ---- */

static void keys_and_paths_are_checked(void **state) {
    (void)state;
    w.with_key = false;
    static const char *const closed[] = {"/v2/account", "/v2/orders", "/v2/stocks/bars"};
    for (size_t i = 0; i < 3; i++)
        assert_answer("GET", closed[i], NULL, 401,
                      "{\"code\":40110000,\"message\":\"request is not authorized\"}");
    assert_int_equal(strlen(w.request_id), 36);
    assert_has(get("/"), "\"name\":\"tradewind exchange\",\"symbols\":3");
    get("/sim/clock");
    w.with_key = true;
    assert_answer("DELETE", "/v2/account", NULL, 405,
                  "{\"code\":40510000,\"message\":\"method not allowed\"}");
    static const char *const unknown[] = {"/v2", "/v2/accounts", "/v2/account/", "/v2/orders/a/b",
                                          "/v2/stocks/wishes/latest?symbols=AAPL"};
    for (size_t i = 0; i < 5; i++)
        assert_answer("GET", unknown[i], NULL, 404,
                      "{\"code\":40410000,\"message\":\"endpoint not found.\"}");
    call("GET", "/stream", NULL);
    assert_int_equal(w.http_status, 426);
}

static void account_clock_and_assets_are_told(void **state) {
    (void)state;
    tw_alpaca_account account;
    get("/v2/account");
    assert_int_equal(tw_alpaca_decode_account(w.reader, tw_slice_of(w.body), &account, NULL),
                     TW_OK);
    assert_int_equal(account.cash.nano, 100000 * TW_NANO);
    assert_int_equal(account.buying_power.nano, 400000 * TW_NANO);
    assert_has(w.body, "\"status\":\"ACTIVE\"");
    assert_has(w.body, "\"multiplier\":\"4\"");
    assert_answer("GET", "/v2/clock", NULL, 200,
                  "{\"timestamp\":\"2026-01-05T09:30:00-05:00\",\"is_open\":true,"
                  "\"next_open\":\"2026-01-06T09:30:00-05:00\","
                  "\"next_close\":\"2026-01-05T16:00:00-05:00\"}");
    get("/v2/assets");
    assert_int_equal(count_of(w.body, "\"symbol\":"), 3);
    assert_string_equal(get("/v2/assets?status=inactive"), "[]");
    char id[64];
    get("/v2/assets/BRK.B");
    word_in(w.body, "id", id);
    char path[128];
    snprintf(path, sizeof path, "/v2/assets/%s", id);
    assert_has(get(path), "\"symbol\":\"BRK.B\"");
    assert_answer("GET", "/v2/assets/NONE", NULL, 404,
                  "{\"code\":40410000,\"message\":\"asset not found for NONE\"}");
}

static void names_from_outside_come_back_escaped(void **state) {
    (void)state;
    assert_answer(
        "GET", "/v2/assets/%22%01%ff", NULL, 404,
        "{\"code\":40410000,\"message\":\"asset not found for \\\"\\u0001\xEF\xBF\xBD\"}");
    char path[512] = "/v2/orders/";
    for (int i = 0; i < 120; i++)
        strcat(path, "%01");
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 404);
    assert_int_equal(count_of(w.body, "\\u0001"), 120);
    assert_string_equal(w.body + strlen(w.body) - 2, "\"}");
    call("GET", "/v2/assets/AAPL%00X", NULL);
    assert_int_equal(w.http_status, 404);
}

/* ---- orders ---- */

static void wrong_orders_are_refused_in_the_venues_words(void **state) {
    (void)state;
    assert_answer("POST", "/v2/orders", MARKET("buy", "NONE", "1"), 422,
                  "{\"code\":42210000,\"message\":\"asset \\\"NONE\\\" not found\"}");
    assert_answer("POST", "/v2/orders", MARKET("hold", "AAPL", "1"), 422,
                  "{\"code\":40010001,\"message\":\"invalid side: \\\"hold\\\"\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "0"), 422,
                  "{\"code\":40010001,\"message\":\"qty must be > 0\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "9000000000"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient buying power\","
                  "\"buying_power\":\"400000\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "1e99"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient buying power\","
                  "\"buying_power\":\"400000\"}");
    assert_answer("POST", "/v2/orders",
                  "{\"symbol\":\"AAPL\",\"qty\":\"90000\",\"side\":\"buy\",\"type\":\"limit\","
                  "\"limit_price\":\"100.01\",\"time_in_force\":\"day\"}",
                  403,
                  "{\"code\":40310000,\"message\":\"insufficient buying power\","
                  "\"buying_power\":\"400000\",\"cost_basis\":\"9000900\"}");
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "1.5"), 422,
                  "{\"code\":42210000,\"message\":\"fractional orders cannot be sold short\"}");
    assert_answer("POST", "/v2/orders", LIMIT_BUY("x", "1.001"), 422,
                  "{\"code\":42210000,\"message\":\"invalid limit_price 1.001. sub-penny increment "
                  "does not fulfill minimum pricing criteria\"}");
    static const char *const bodies[] = {
        "", "{", "[]", "null", "\"AAPL\"", "{\"qty\":[]}", "{\"qty\":\"1e999\"}", "\xff\xfe"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        call("POST", "/v2/orders", bodies[i]);
        assert_int_equal(w.http_status, 422);
    }
    assert_string_equal(get("/v2/orders?status=all"), "[]");
}

static void orders_rest_are_listed_and_cancelled(void **state) {
    (void)state;
    char id[64];
    char path[128];
    call("POST", "/v2/orders", LIMIT_BUY("first", "1.5"));
    assert_int_equal(w.http_status, 200);
    assert_has(w.body, "\"status\":\"pending_new\"");
    assert_has(w.body, "\"limit_price\":\"1.5\"");
    word_in(w.body, "id", id);
    assert_answer("POST", "/v2/orders", LIMIT_BUY("first", "1.5"), 422,
                  "{\"code\":40010001,\"message\":\"client_order_id must be unique\"}");
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=first"), id);
    snprintf(path, sizeof path, "/v2/orders/%s", id);
    assert_has(get(path), "\"status\":\"new\"");
    get("/v2/account");
    assert_has(w.body, "\"buying_power\":\"399997\"");
    assert_answer("DELETE", path, NULL, 204, "");
    assert_answer("DELETE", path, NULL, 422,
                  "{\"code\":42210000,\"message\":\"order is already in \\\"canceled\\\" state\"}");
    assert_has(get(path), "\"canceled_at\":\"2026-01-05T14:30:00Z\"");
    assert_answer("GET", "/v2/orders/nothing", NULL, 404,
                  "{\"code\":40410000,\"message\":\"order not found for nothing\"}");
    assert_answer("DELETE", "/v2/orders/nothing", NULL, 404,
                  "{\"code\":40410000,\"message\":\"order not found for nothing\"}");
    assert_answer("GET", "/v2/orders:by_client_order_id?client_order_id=none", NULL, 404,
                  "{\"code\":40410000,\"message\":\"order not found for none\"}");
    assert_answer("GET", "/v2/orders:by_client_order_id", NULL, 404,
                  "{\"code\":40410000,\"message\":\"order not found for \"}");
}

static void lists_are_filtered_and_ordered(void **state) {
    (void)state;
    call("POST", "/v2/orders", LIMIT_BUY("a", "1.5"));
    step("1s");
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "1"));
    step("1s");
    call("POST", "/v2/orders", LIMIT_BUY("b", "1.6"));
    call("POST", "/v2/orders", MARKET("sell", "MSFT", "1"));
    static const struct {
        const char *query;
        uint32_t count;
    } rows[] = {
        {"", 2},
        {"?status=open", 2},
        {"?status=closed", 2},
        {"?status=all", 4},
        {"?status=all&limit=3", 3},
        {"?status=all&symbols=MSFT", 2},
        {"?status=all&symbols=NONE,MSFT,AAPL", 4},
        {"?status=all&symbols=NONE", 0},
        {"?status=all&side=sell", 1},
        {"?status=all&after=2026-01-05T14:30:00Z", 3},
        {"?status=all&until=2026-01-05T14:30:01Z", 1},
        {"?status=all&after=2026-01-05T14:30:00Z&until=2026-01-05T14:30:02Z", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "/v2/orders%s", rows[i].query);
        get(path);
        if (count_of(w.body, "\"client_order_id\":") != rows[i].count)
            fail_msg("%s: %.400s", rows[i].query, w.body);
    }
    get("/v2/orders");
    assert_true(strstr(w.body, "\"b\"") < strstr(w.body, "\"a\"")); /* newest first */
    get("/v2/orders?direction=asc");
    assert_true(strstr(w.body, "\"a\"") < strstr(w.body, "\"b\""));
    assert_answer("GET", "/v2/orders?status=some", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid status: some\"}");
    assert_answer("GET", "/v2/orders?limit=501", NULL, 422,
                  "{\"code\":40010001,\"message\":\"limit must be 1 to 500\"}");
    assert_answer("GET", "/v2/orders?after=today", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid after: today\"}");
    call("DELETE", "/v2/orders", NULL);
    assert_int_equal(w.http_status, 207);
    assert_int_equal(count_of(w.body, "\"status\":200,\"body\":{"), 2);
    assert_answer("DELETE", "/v2/orders", NULL, 207, "[]");
}

static void a_purchase_becomes_a_position(void **state) {
    (void)state;
    assert_string_equal(get("/v2/positions"), "[]");
    assert_answer("GET", "/v2/positions/AAPL", NULL, 404,
                  "{\"code\":40410000,\"message\":\"position does not exist\"}");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "3.25"));
    assert_has(get("/v2/orders?status=closed"), "\"filled_qty\":\"3.25\"");
    char price[64];
    char cash[64];
    word_in(w.body, "filled_avg_price", price);
    get("/v2/positions/AAPL");
    assert_has(w.body, "\"qty\":\"3.25\"");
    assert_has(w.body, "\"side\":\"long\"");
    char entry[64];
    word_in(w.body, "avg_entry_price", entry);
    assert_string_equal(entry, price);
    char basis[64];
    word_in(w.body, "cost_basis", basis);
    int64_t basis_nano = 0;
    int64_t cash_nano = 0;
    assert_int_equal(tw_decimal_parse(tw_slice_of(basis), &basis_nano), TW_OK);
    get("/v2/account");
    word_in(w.body, "cash", cash);
    assert_int_equal(tw_decimal_parse(tw_slice_of(cash), &cash_nano), TW_OK);
    assert_int_equal(cash_nano + basis_nano, 100000 * TW_NANO);
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "3.5"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient qty available for order "
                  "(requested: 3.5, available: 3.25)\",\"available\":\"3.25\","
                  "\"existing_qty\":\"3.25\",\"held_for_orders\":\"0\"}");
    call("POST", "/v2/orders", MARKET("sell", "AAPL", "3.25"));
    assert_string_equal(get("/v2/positions"), "[]");
}

/* ---- market data by REST ---- */

typedef struct bar_list {
    tw_bar bars[4096];
    size_t count;
} bar_list;

static void keep_bar(void *context, const tw_bar *bar) {
    bar_list *list = context;
    assert_true(list->count < 4096);
    list->bars[list->count++] = *bar;
}

/* Reads all pages of a query; returns how many there were. */
static uint32_t read_pages(const char *query, bar_list *list) {
    char token[TW_ALPACA_TOKEN_SIZE] = "";
    uint32_t pages = 0;
    list->count = 0;
    do {
        char path[512];
        snprintf(path, sizeof path, "%s%s%s", query, token[0] == '\0' ? "" : "&page_token=", token);
        get(path);
        tw_alpaca_events events = {.context = list, .on_bar = keep_bar};
        tw_alpaca_page_options options = {.timeframe_ns = TW_NS_PER_DAY};
        assert_int_equal(
            tw_alpaca_decode_page(w.reader, tw_slice_of(w.body), &options, &events, token, NULL),
            TW_OK);
        pages++;
    } while (token[0] != '\0');
    return pages;
}

static void assert_pages_equal_one(const char *query) {
    static bar_list whole;
    static bar_list parts;
    char path[512];
    snprintf(path, sizeof path, "%s&limit=10000", query);
    assert_int_equal(read_pages(path, &whole), 1);
    assert_true(whole.count > 20);
    static const uint32_t limits[] = {1, 7, 30};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s&limit=%u", query, limits[i]);
        uint32_t pages = read_pages(path, &parts);
        assert_int_equal(pages, (whole.count + limits[i] - 1) / limits[i]);
        assert_int_equal(parts.count, whole.count);
        assert_memory_equal(parts.bars, whole.bars, whole.count * sizeof whole.bars[0]);
    }
}

static void pages_together_are_the_whole(void **state) {
    (void)state;
    assert_pages_equal_one(
        "/v2/stocks/bars?symbols=MSFT,AAPL,NONE,BRK.B,AAPL&timeframe=1Day&start=2020-01-01");
    assert_pages_equal_one("/v2/stocks/AAPL/bars?timeframe=1Day&start=2020-01-01");
    step("25m30s");
    assert_pages_equal_one("/v2/stocks/bars?symbols=MSFT,AAPL&timeframe=1Min");
    static bar_list minutes;
    static bar_list fives;
    read_pages("/v2/stocks/bars?symbols=AAPL&timeframe=1Min", &minutes);
    read_pages("/v2/stocks/bars?symbols=AAPL&timeframe=5Min&limit=4", &fives);
    assert_int_equal(minutes.count, 26);
    assert_int_equal(fives.count, 6);
    int64_t volumes[2] = {0};
    for (size_t i = 0; i < minutes.count; i++)
        volumes[0] += minutes.bars[i].volume.nano;
    for (size_t i = 0; i < fives.count; i++)
        volumes[1] += fives.bars[i].volume.nano;
    assert_int_equal(volumes[0], volumes[1]);
    assert_int_equal(fives.bars[1].open.nano, minutes.bars[5].open.nano);
    assert_int_equal(fives.bars[1].close.nano, minutes.bars[9].close.nano);
}

static void minutes_of_the_past_add_up_to_days(void **state) {
    (void)state;
    static bar_list minutes;
    static bar_list days;
    static const char span[] = "start=2025-12-29&end=2025-12-30T23:59:59Z";
    char path[160];
    snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&limit=100&%s", span);
    read_pages(path, &minutes);
    snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&%s", span);
    read_pages(path, &days);
    assert_int_equal(days.count, 2);
    assert_int_equal(minutes.count, 2 * 390);
    for (size_t d = 0; d < 2; d++) {
        int64_t volume = 0;
        for (size_t k = 0; k < 390; k++)
            volume += minutes.bars[d * 390 + k].volume.nano;
        assert_int_equal(volume, days.bars[d].volume.nano);
        assert_int_equal(minutes.bars[d * 390].open.nano, days.bars[d].open.nano);
        assert_int_equal(minutes.bars[d * 390 + 389].close.nano, days.bars[d].close.nano);
    }
    snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL,MSFT&timeframe=15Min&%s", span);
    assert_pages_equal_one(path);
}

static void on_no_answer(void *context, const tw_http_result *result) {
    (void)context;
    assert_int_equal(result->status, TW_CANCELLED);
}

static void a_latency_delays_every_answer(void **state) {
    (void)state;
    char path[] = "/tmp/tradewind-plan-XXXXXX";
    static const char plan[] = "latency 700ms\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, plan, sizeof plan - 1), sizeof plan - 1);
    close(fd);
    tw_exchange_config config = configuration();
    config.faults = path;
    open_world(&config);
    int64_t begun_ns = tw_time_monotonic_ns();
    get("/v2/clock");
    assert_true(tw_time_monotonic_ns() - begun_ns >= 700 * TW_NS_PER_MS);
    char url[128];
    snprintf(url, sizeof url, "%s/v2/clock", w.base);
    tw_http_call call = {.method = "GET", .url = url};
    assert_int_equal(tw_http_client_send(w.http, &call, on_no_answer, NULL, NULL, NULL), TW_OK);
    settle(); /* it waits when the exchange ends */
    close_world();
    unlink(path);
}

static void wrong_bar_queries_are_refused(void **state) {
    (void)state;
    assert_answer("GET", "/v2/stocks/bars?timeframe=1Day", NULL, 400,
                  "{\"message\":\"symbols is required\"}");
    assert_answer("GET", "/v2/stocks/bars?symbols=AAPL", NULL, 400,
                  "{\"message\":\"invalid timeframe: \"}");
    static const char *const frames[] = {"0Min", "60Min", "24Hour", "2Day", "2Week", "5Month",
                                         "1m",   "Min",   "1",      "-1T",  "1MinX", "1min",
                                         "13M",  "1S",    "01",     "D"};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL&timeframe=%s", frames[i]);
        call("GET", path, NULL);
        assert_int_equal(w.http_status, 400);
        assert_has(w.body, "{\"message\":\"invalid timeframe: ");
    }
    assert_answer("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&limit=0", NULL, 400,
                  "{\"message\":\"invalid limit: it must be 1 to 10000\"}");
    assert_answer("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=x", NULL, 400,
                  "{\"message\":\"invalid start: x\"}");
    static const char *const tokens[] = {"x", "-", "1", "1-NONE", "99999999999999999999-AAPL"};
    for (size_t i = 0; i < 5; i++) {
        char path[160];
        snprintf(path, sizeof path, "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&page_token=%s",
                 tokens[i]);
        assert_answer("GET", path, NULL, 400, "{\"message\":\"invalid page_token\"}");
    }
    assert_answer("GET", "/v2/stocks/NONE/bars?timeframe=1Day", NULL, 200,
                  "{\"bars\":[],\"symbol\":\"NONE\",\"next_page_token\":null}");
    assert_answer("GET", "/v2/stocks/AAPL,MSFT/bars?timeframe=1Day&start=2020-01-01", NULL, 200,
                  "{\"bars\":[],\"symbol\":\"AAPL,MSFT\",\"next_page_token\":null}");
}

static void the_newest_is_told_of_one_and_of_many(void **state) {
    (void)state;
    assert_has(get("/v2/stocks/AAPL/trades/latest"),
               "\"t\":\"2026-01-02T20:59:"); /* the history's */
    assert_has(get("/v2/stocks/trades/latest?symbols=AAPL,MSFT"),
               "\"MSFT\":{\"t\":\"2026-01-02T20:");
    assert_answer("GET", "/v2/stocks/NONE/trades/latest", NULL, 404,
                  "{\"message\":\"no trade found for NONE\"}");
    assert_answer("GET", "/v2/stocks/trades/latest?symbols=NONE", NULL, 200, "{\"trades\":{}}");
    step("2m");
    static const char *const kinds[][2] = {
        {"trades", "trade"}, {"quotes", "quote"}, {"bars", "bar"}};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        char one[4096];
        snprintf(path, sizeof path, "/v2/stocks/AAPL/%s/latest", kinds[i][0]);
        get(path);
        char head[64];
        snprintf(head, sizeof head, "{\"symbol\":\"AAPL\",\"%s\":", kinds[i][1]);
        assert_memory_equal(w.body, head, strlen(head));
        snprintf(one, sizeof one, "{\"%s\":{\"AAPL\":%s", kinds[i][0], w.body + strlen(head));
        one[strlen(one) - 1] = '\0';
        snprintf(path, sizeof path, "/v2/stocks/%s/latest?symbols=MSFT,AAPL,NONE", kinds[i][0]);
        get(path);
        assert_memory_equal(w.body, one, strlen(one)); /* the same record, sorted first */
        assert_has(w.body, ",\"MSFT\":{");
        assert_null(strstr(w.body, "NONE"));
    }
    assert_answer("GET", "/v2/stocks/NONE/quotes/latest", NULL, 404,
                  "{\"message\":\"no quote found for NONE\"}");
    assert_answer("GET", "/v2/stocks/quotes/latest", NULL, 400,
                  "{\"message\":\"symbols is required\"}");
}

/* ---- the clock ---- */

static void the_stepped_clock_moves_on_request_only(void **state) {
    (void)state;
    get("/sim/clock");
    char before[512];
    snprintf(before, sizeof before, "%s", w.body);
    assert_has(before, "{\"now\":\"2026-01-05T14:30:00.000000000Z\"");
    assert_has(before, "\"clock\":\"step\"");
    settle();
    assert_string_equal(get("/sim/clock"), before);
    assert_has(step("1.5s"), "\"now_ns\":1767623401500000000,");
    assert_string_equal(get("/sim/clock"), get("/sim/clock"));
    assert_has(step("0"), "\"now_ns\":1767623401500000000,");
    static const char *const spans[] = {"",          "?span=",    "?span=5",
                                        "?span=-1s", "?span=25h", "?span=1e99s"};
    for (size_t i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "/sim/clock/step%s", spans[i]);
        assert_answer("POST", path, "", 400,
                      "{\"message\":\"span must be a duration of at most a day, like 250ms or "
                      "1s\"}");
    }
}

static void the_clock_stops_at_the_end_of_time(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.start_ns = EXCHANGE_END_NS - TW_NS_PER_SECOND;
    open_world(&config);
    step("1s");
    assert_answer("POST", "/sim/clock/step?span=1ns", "", 400,
                  "{\"message\":\"the clock ends with the year 2199\"}");
    get("/v2/clock");
    close_world();
}

static void the_real_clock_runs_by_itself(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.clock = TW_EXCHANGE_REAL;
    config.speed = 1000.0;
    config.start_ns = INT64_C(1767623400000000000);
    open_world(&config);
    assert_answer("POST", "/sim/clock/step?span=1s", "", 409,
                  "{\"message\":\"this exchange's clock runs by itself; start it with --clock "
                  "step\"}");
    listener l;
    listen_to_data(&l, "{\"action\":\"subscribe\",\"bars\":[\"AAPL\"]}");
    TURN_UNTIL(count_of(l.log, "\"T\":\"b\"") >= 2);
    hang_up(&l);
    close_world();
}

/* ---- opening and ending ---- */

static void a_taken_port_is_busy(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.port = tw_exchange_port(w.exchange);
    tw_exchange *second = NULL;
    tw_error error = {0};
    assert_int_equal(tw_exchange_open(NULL, &config, &second, &error), TW_BUSY);
    assert_null(second);
    assert_true(error.message[0] != '\0');
}

static void configurations_out_of_bounds_are_refused(void **state) {
    (void)state;
    char long_key[80];
    memset(long_key, 'k', sizeof long_key);
    long_key[64] = '\0';
    for (int i = 0; i < 14; i++) {
        tw_exchange_config config = configuration();
        tw_status expected = i < 5 ? TW_INVALID : TW_RANGE;
        switch (i) {
        case 0:
            config.key = NULL;
            break;
        case 1:
            config.secret = "";
            break;
        case 2:
            config.key = long_key;
            break;
        case 3:
            config.symbols = "AAPL,no good";
            break;
        case 4:
            config.initial = "x";
            break;
        case 5:
            config.speed = 0.0;
            break;
        case 6:
            config.speed = (double)NAN;
            break;
        case 7:
            config.events_per_second = 1e-9;
            break;
        case 8:
            config.history_days = 1;
            break;
        case 9:
            config.cash.nano = -1;
            break;
        case 10:
            config.cash.nano = INT64_MAX;
            break;
        case 11:
            config.start_ns = -1;
            break;
        case 12:
            config.order_count_max = 0;
            break;
        default:
            config.order_count_max = UINT32_MAX;
            break;
        }
        tw_exchange *exchange = NULL;
        tw_error error = {0};
        if (tw_exchange_open(NULL, &config, &exchange, &error) != expected)
            fail_msg("configuration %d", i);
        assert_null(exchange);
        assert_true(error.message[0] != '\0');
    }
}

static void prices_from_a_file_decide_symbols_and_start(void **state) {
    (void)state;
    char path[64];
    write_file(path, "date,AAA,GONE,BBB\n2025-01-02,10,5,\n2025-01-03,11,,20\n");
    tw_exchange_config config = configuration();
    config.symbols = NULL;
    config.prices = path;
    open_world(&config);
    assert_int_equal(tw_exchange_symbol_count(w.exchange), 2);
    assert_string_equal(tw_exchange_symbol_name(w.exchange, 1), "BBB");
    assert_has(get("/sim/clock"), "\"now\":\"2025-01-06T14:30:00.000000000Z\"");
    assert_has(get("/v2/stocks/AAA/bars?timeframe=1Day&start=2025-01-01"), "\"c\":11,");
    close_world();
    unlink(path);
    /* Holdings are bought at the opening's mid, which is never below five cents. */
    write_file(path, "date,AAA\n2025-01-02,0.000000001\n");
    tw_exchange_config rich = config;
    rich.invested = 1.0;
    open_world(&rich);
    assert_has(get("/v2/account"), "\"cash\":\"0\"");
    close_world();
    unlink(path);
    write_file(path, "date,AAA\n2025-01-02,10\n2025-01-03,\n");
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_INVALID);
    assert_non_null(strstr(error.message, path));
    unlink(path);
}

static void on_any_answer(void *context, const tw_http_result *result) {
    (void)context;
    (void)result;
}

static void a_malformed_tape_ends_the_turns(void **state) {
    (void)state;
    char path[64];
    write_file(path, "34200.1,1,1,10,1000000,1\n34200.2,1,2,10,1000000,1\nnonsense\n");
    tw_exchange_config config = configuration();
    config.symbols = NULL;
    config.tape = path;
    config.tape_symbol = "AAPL";
    open_world(&config);
    assert_false(tw_exchange_tape_ended(w.exchange));
    char url[128];
    snprintf(url, sizeof url, "%s/sim/clock/step?span=1s", w.base);
    tw_http_call step_call = {.method = "POST", .url = url};
    assert_int_equal(tw_http_client_send(w.http, &step_call, on_any_answer, NULL, NULL, NULL),
                     TW_OK);
    tw_error error = {0};
    tw_status status = TW_OK;
    for (int i = 0; i < 10000 && status == TW_OK; i++) {
        assert_int_equal(tw_loop_turn(w.loop, TW_NS_PER_MS / 4, NULL, NULL), TW_OK);
        status = tw_exchange_turn(w.exchange, 0, &error);
    }
    assert_int_equal(status, TW_PARSE);
    char where[80];
    snprintf(where, sizeof where, "%s:3", path);
    assert_has(error.message, where);
    assert_false(tw_exchange_tape_ended(w.exchange));
    close_world();
    unlink(path);
}

static void *turn_until_closed(void *context) {
    tw_status status = TW_OK;
    while (status == TW_OK)
        status = tw_exchange_turn(context, TW_NS_PER_SECOND * 60, NULL);
    return status == TW_CLOSED ? context : NULL;
}

static void a_stop_from_another_thread_ends_the_turns(void **state) {
    (void)state;
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, turn_until_closed, w.exchange), 0);
    tw_exchange_stop(w.exchange);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, w.exchange);
}

static tw_status open_and_close(const tw_allocator *allocator, void *context) {
    tw_exchange *exchange = NULL;
    tw_status status = tw_exchange_open(allocator, context, &exchange, NULL);
    tw_exchange_close(exchange);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.symbols = "AAA";
    config.order_count_max = 64;
    assert_survives_failed_allocations(open_and_close, &config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_and_paths_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(account_clock_and_assets_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_from_outside_come_back_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_orders_are_refused_in_the_venues_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(orders_rest_are_listed_and_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_are_filtered_and_ordered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_purchase_becomes_a_position, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_together_are_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(minutes_of_the_past_add_up_to_days, set_up, tear_down),
        cmocka_unit_test(a_latency_delays_every_answer),
        cmocka_unit_test_setup_teardown(wrong_bar_queries_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_is_told_of_one_and_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_stepped_clock_moves_on_request_only, set_up, tear_down),
        cmocka_unit_test(the_clock_stops_at_the_end_of_time),
        cmocka_unit_test(the_real_clock_runs_by_itself),
        cmocka_unit_test_setup_teardown(a_taken_port_is_busy, set_up, tear_down),
        cmocka_unit_test(configurations_out_of_bounds_are_refused),
        cmocka_unit_test(prices_from_a_file_decide_symbols_and_start),
        cmocka_unit_test(a_malformed_tape_ends_the_turns),
        cmocka_unit_test_setup_teardown(a_stop_from_another_thread_ends_the_turns, set_up,
                                        tear_down),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
