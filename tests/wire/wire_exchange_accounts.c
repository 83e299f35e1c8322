/* wire_exchange_accounts.c - what the exchange keeps for an account: settings, activities, lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

/* ---- settings ---- */

static void settings_are_changed_whole_or_not_at_all(void **state) {
    (void)state;
    static const char before[] =
        "{\"dtbp_check\":\"entry\",\"trade_confirm_email\":\"all\",\"suspend_trade\":false,"
        "\"no_shorting\":false,\"fractional_trading\":true,\"max_margin_multiplier\":\"4\","
        "\"max_options_trading_level\":0,\"pdt_check\":\"entry\",\"ptp_no_exception_entry\":false,"
        "\"disable_overnight_trading\":false}";
    assert_string_equal(get("/v2/account/configurations"), before);
    assert_answer("PATCH", "/v2/account/configurations",
                  "{\"suspend_trade\":true,\"pdt_check\":\"never\"}", 422,
                  "{\"code\":40010001,\"message\":\"invalid pdt_check\"}");
    assert_answer("PATCH", "/v2/account/configurations", "{\"max_margin_multiplier\":\"3\"}", 422,
                  "{\"code\":40010001,\"message\":\"invalid max_margin_multiplier\"}");
    call("PATCH", "/v2/account/configurations", "{\"suspend_trade\":");
    assert_int_equal(w.http_status, 422);
    assert_string_equal(get("/v2/account/configurations"), before);
    call("PATCH", "/v2/account/configurations",
         "{\"suspend_trade\":true,\"pdt_check\":\"both\",\"max_margin_multiplier\":\"1\"}");
    assert_int_equal(w.http_status, 200);
    assert_has(w.body, "\"suspend_trade\":true");
    assert_has(w.body, "\"pdt_check\":\"both\"");
    char patched[1024];
    snprintf(patched, sizeof patched, "%s", w.body);
    assert_string_equal(get("/v2/account/configurations"), patched);
    assert_has(get("/v2/account"), "\"trade_suspended_by_user\":true");
    assert_has(w.body, "\"multiplier\":\"1\"");
    assert_has(w.body, "\"shorting_enabled\":false");
}

static void settings_hold_for_the_next_order(void **state) {
    (void)state;
    call("PATCH", "/v2/account/configurations", "{\"suspend_trade\":true}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "1"), 403,
                  "{\"code\":40310000,\"message\":\"new orders are rejected by user request\"}");
    call("PATCH", "/v2/account/configurations",
         "{\"suspend_trade\":false,\"fractional_trading\":false,\"no_shorting\":true}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "1.5"), 403,
                  "{\"code\":40310000,\"message\":\"account is not allowed to trade fractional "
                  "quantities\"}");
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "1"), 403,
                  "{\"code\":40310000,\"message\":\"account is not allowed to short\"}");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    assert_int_equal(w.http_status, 200);
}

/* ---- short positions ---- */

static void a_short_sale_becomes_a_negative_position(void **state) {
    (void)state;
    call("POST", "/v2/orders", MARKET("sell", "AAPL", "10"));
    assert_int_equal(w.http_status, 200);
    get("/v2/positions/AAPL");
    assert_has(w.body, "\"qty\":\"-10\"");
    assert_has(w.body, "\"side\":\"short\"");
    assert_has(w.body, "\"cost_basis\":\"-");
    assert_has(w.body, "\"market_value\":\"-");
    assert_has(w.body, "\"qty_available\":\"-10\"");
    assert_has(get("/v2/account"), "\"short_market_value\":\"-");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "11"));
    assert_int_equal(w.http_status, 403);
    assert_has(w.body, "\"existing_qty\":\"10\"");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "10"));
    assert_int_equal(w.http_status, 200);
    assert_string_equal(get("/v2/positions"), "[]");
}

/* ---- activities ---- */

static void every_fill_is_an_activity(void **state) {
    (void)state;
    char order[64];
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "2"));
    word_in(w.body, "id", order);
    get("/v2/account/activities/FILL");
    assert_int_equal(count_of(w.body, "\"activity_type\":\"FILL\""), 1);
    char piece[128];
    snprintf(piece, sizeof piece, "\"order_id\":\"%s\"", order);
    assert_has(w.body, piece);
    assert_has(w.body, "[{\"id\":\"20260105093000000::");
    assert_has(w.body, "\"type\":\"fill\"");
    assert_has(w.body, "\"transaction_time\":\"2026-01-05T14:30:00Z\"");
    assert_has(w.body, "\"qty\":\"2\",\"cum_qty\":\"2\",\"leaves_qty\":\"0\"");
    assert_has(get("/v2/account/activities?category=non_trade_activity"),
               "\"activity_type\":\"CSD\",\"date\":\"2026-01-05\"");
    assert_has(w.body, "\"net_amount\":\"100000\"");
    assert_string_equal(get("/v2/account/activities/DIV"), "[]");
    assert_answer("GET", "/v2/account/activities/INVALID", NULL, 422,
                  "{\"code\":40010001,\"message\":\"invalid activity type: INVALID\"}");
    assert_answer("GET", "/v2/account/activities?page_size=101", NULL, 422,
                  "{\"code\":40010001,\"message\":\"page_size must be 1 to 100\"}");
}

/* Reads all pages; returns how many activities there were, and appends their ids to `ids`. */
static uint32_t read_activities(const char *query, uint32_t page_size, char *ids, size_t size) {
    char token[64] = "";
    uint32_t count = 0;
    ids[0] = '\0';
    for (;;) {
        char path[256];
        snprintf(path, sizeof path, "/v2/account/activities?page_size=%u%s%s%s", page_size, query,
                 token[0] == '\0' ? "" : "&page_token=", token);
        get(path);
        const char *at = w.body;
        uint32_t here = 0;
        while ((at = strstr(at, "{\"id\":\"")) != NULL) {
            word_in(at, "id", token);
            size_t used = strlen(ids);
            snprintf(ids + used, size - used, "%s ", token);
            here++;
            at++;
        }
        count += here;
        if (here < page_size)
            return count;
    }
}

static void pages_of_activities_are_the_whole(void **state) {
    (void)state;
    static char whole[16384];
    static char parts[16384];
    for (int i = 0; i < 11; i++) {
        call("POST", "/v2/orders", MARKET("buy", "MSFT", "1"));
        step("1s");
    }
    static const char *const queries[] = {"", "&direction=asc", "&activity_types=FILL",
                                          "&date=2026-01-05",
                                          "&after=2026-01-05T14:30:02Z&direction=asc"};
    static const uint32_t counts[] = {12, 12, 11, 12, 8};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(read_activities(queries[i], 100, whole, sizeof whole), counts[i]);
        for (uint32_t page = 1; page < 5; page++) {
            assert_int_equal(read_activities(queries[i], page, parts, sizeof parts), counts[i]);
            assert_string_equal(parts, whole);
        }
    }
    assert_string_equal(get("/v2/account/activities?page_token=none"), "[]");
    assert_string_equal(get("/v2/account/activities?date=2026-01-06"), "[]");
}

/* ---- day trades ---- */

static void day_trades_are_told_and_the_fourth_is_denied(void **state) {
    (void)state;
    static const char denied[] =
        "{\"code\":40310100,\"message\":\"trade denied due to pattern day trading protection\"}";
    tw_exchange_config config = configuration();
    config.cash.nano = 20000 * TW_NANO;
    close_world();
    open_world(&config);
    for (int i = 0; i < 3; i++) {
        call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
        call("POST", "/v2/orders", MARKET("sell", "AAPL", "1"));
        assert_int_equal(w.http_status, 200);
    }
    assert_has(get("/v2/account"), "\"daytrade_count\":3");
    assert_has(w.body, "\"pattern_day_trader\":false");
    assert_has(w.body, "\"multiplier\":\"2\"");
    assert_has(w.body, "\"sma\":\"");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "1"), 403, denied);
    call("PATCH", "/v2/account/configurations", "{\"pdt_check\":\"exit\"}");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    assert_int_equal(w.http_status, 200);
    assert_answer("DELETE", "/v2/positions/AAPL", NULL, 403, denied);
    call("PATCH", "/v2/account/configurations", "{\"pdt_check\":\"entry\"}");
    call("DELETE", "/v2/positions/AAPL", NULL);
    assert_int_equal(w.http_status, 200);
    assert_has(get("/v2/account"), "\"daytrade_count\":4");
    assert_has(w.body, "\"pattern_day_trader\":true");
}

/* ---- days ---- */

/* Before the night and after it: what was the present is the day before. */
static void a_night_makes_the_close_the_day_before(void **state) {
    (void)state;
    char equity[64];
    char price[64];
    char piece[320];
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "20"));
    assert_has(get("/v2/account"), "\"balance_asof\":\"2026-01-02\"");
    assert_has(w.body, "\"last_equity\":\"100000\"");
    jump_world("close");
    word_in(get("/v2/account"), "equity", equity);
    word_in(get("/v2/positions/AAPL"), "current_price", price);
    jump_world("2026-01-06T05:00:00Z");
    snprintf(piece, sizeof piece, "\"last_equity\":\"%s\"", equity);
    assert_has(get("/v2/account"), piece);
    assert_has(w.body, "\"balance_asof\":\"2026-01-05\"");
    snprintf(piece, sizeof piece,
             "\"unrealized_intraday_pl\":\"0\",\"unrealized_intraday_plpc\":\"0\","
             "\"current_price\":\"%s\",\"lastday_price\":\"%s\",\"change_today\":\"0\"",
             price, price);
    assert_has(get("/v2/positions/AAPL"), piece);
}

/* ---- watchlists ---- */

static void watchlists_are_made_changed_and_deleted(void **state) {
    (void)state;
    char id[64];
    char path[128];
    assert_string_equal(get("/v2/watchlists"), "[]");
    call("POST", "/v2/watchlists", "{\"name\":\"Monday List\",\"symbols\":[\"AAPL\",\"MSFT\"]}");
    assert_int_equal(w.http_status, 200);
    word_in(w.body, "id", id);
    assert_int_equal(count_of(w.body, "\"symbol\":"), 2);
    assert_has(w.body, "\"created_at\":\"2026-01-05T14:30:00Z\"");
    assert_answer("POST", "/v2/watchlists", "{\"name\":\"Monday List\"}", 422,
                  "{\"code\":40010001,\"message\":\"watchlist name must be unique\"}");
    assert_answer("POST", "/v2/watchlists", "{\"symbols\":[\"AAPL\"]}", 422,
                  "{\"code\":40010001,\"message\":\"watchlist name is required\"}");
    assert_answer("POST", "/v2/watchlists", "{\"name\":\"x\",\"symbols\":[\"NONE\"]}", 422,
                  "{\"code\":42210000,\"message\":\"asset \\\"NONE\\\" not found\"}");
    get("/v2/watchlists");
    assert_int_equal(count_of(w.body, "\"name\":\"Monday List\""), 1);
    snprintf(path, sizeof path, "/v2/watchlists/%s", id);
    call("POST", path, "{\"symbol\":\"BRK.B\"}");
    assert_int_equal(count_of(w.body, "\"symbol\":"), 3);
    snprintf(path, sizeof path, "/v2/watchlists/%s/MSFT", id);
    call("DELETE", path, NULL);
    assert_int_equal(w.http_status, 200);
    assert_null(strstr(w.body, "MSFT"));
    assert_answer("DELETE", path, NULL, 404,
                  "{\"code\":40410000,\"message\":\"symbol not found in the watchlist\"}");
    call("PUT", "/v2/watchlists:by_name?name=Monday%20List",
         "{\"name\":\"Tuesday\",\"symbols\":[\"MSFT\"]}");
    assert_int_equal(w.http_status, 200);
    assert_has(get("/v2/watchlists:by_name?name=Tuesday"), id);
    assert_int_equal(count_of(w.body, "\"symbol\":"), 1);
    snprintf(path, sizeof path, "/v2/watchlists/%s", id);
    assert_answer("DELETE", path, NULL, 204, "");
    assert_answer("GET", path, NULL, 404,
                  "{\"code\":40410000,\"message\":\"watchlist not found\"}");
    assert_answer("GET", "/v2/watchlists:by_name?name=Tuesday", NULL, 404,
                  "{\"code\":40410000,\"message\":\"watchlist not found\"}");
}

static void the_number_of_watchlists_is_bounded(void **state) {
    (void)state;
    for (int i = 0; i < WATCHLIST_COUNT_MAX; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"name\":\"%d\"}", i);
        call("POST", "/v2/watchlists", body);
        assert_int_equal(w.http_status, 200);
    }
    assert_answer("POST", "/v2/watchlists", "{\"name\":\"more\"}", 403,
                  "{\"code\":40310000,\"message\":\"the exchange keeps no more than 256 "
                  "watchlists\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_are_changed_whole_or_not_at_all, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(settings_hold_for_the_next_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_sale_becomes_a_negative_position, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_fill_is_an_activity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_of_activities_are_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(day_trades_are_told_and_the_fourth_is_denied, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_night_makes_the_close_the_day_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(watchlists_are_made_changed_and_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_watchlists_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
