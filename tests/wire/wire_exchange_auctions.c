/* wire_exchange_auctions.c - the auctions of a day over HTTP: what they print, and the day's bar.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

#define NOON_NS INT64_C(1767632400000000000) /* 2026-01-05T17:00:00Z, noon in New York */
#define OPEN_NS (NOON_NS - 150 * TW_NS_PER_MINUTE)
#define CLOSE_NS (NOON_NS + 4 * TW_NS_PER_HOUR)

static uint32_t differences;

static void open_at(int64_t start_ns) {
    tw_exchange_config config = configuration();
    config.start_ns = start_ns;
    open_world(&config);
}

/* The number behind "name": as text. */
static void figure_in(const char *text, const char *name, char figure[32]) {
    char key[16];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = text == NULL ? NULL : strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in %.500s", name, text);
    at += strlen(key);
    snprintf(figure, 32, "%.*s", (int)strspn(at, "0123456789.-"), at);
}

static void assert_figure(const char *text, const char *name, const char *expected) {
    char figure[32];
    figure_in(text, name, figure);
    assert_string_equal(figure, expected);
}

/* The same with the extreme and the sum of all bars of a body. */
static void fold(const char *bars, double *high, double *low, double *volume) {
    char figure[32];
    *high = 0.0;
    *low = 1e12;
    *volume = 0.0;
    for (const char *at = strstr(bars, "{\"t\""); at != NULL; at = strstr(at + 1, "{\"t\"")) {
        figure_in(at, "h", figure);
        *high = fmax(*high, strtod(figure, NULL));
        figure_in(at, "l", figure);
        *low = fmin(*low, strtod(figure, NULL));
        figure_in(at, "v", figure);
        *volume += strtod(figure, NULL);
    }
}

static double value_in(const char *text, const char *name) {
    char figure[32];
    figure_in(text, name, figure);
    return strtod(figure, NULL);
}

static void the_close_is_that_of_its_auction(void **state) {
    (void)state;
    char price[32];
    char size[32];
    double high;
    double low;
    double volume;
    double rest;
    open_at(CLOSE_NS - 12 * TW_NS_PER_MINUTE);
    step("25m");
    get("/v2/stocks/AAPL/trades?start=2026-01-05T21:00:00Z&limit=1");
    assert_has(w.body, "\"t\":\"2026-01-05T21:00:00Z\",\"x\":\"Q\"");
    assert_has(w.body, "\"c\":[\"@\",\"6\",\"X\"]");
    figure_in(w.body, "p", price);
    figure_in(w.body, "s", size);
    get("/v2/stocks/AAPL/auctions");
    const char *closing = strstr(w.body, "\"c\":[{");
    assert_figure(closing, "p", price);
    assert_figure(closing, "s", size);
    assert_has(closing, "\"c\":\"6\"}");
    assert_has(closing, "\"c\":\"M\"}");
    get("/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05T21:00:00Z");
    assert_figure(w.body, "o", price);
    fold(w.body, &high, &low, &rest);
    get("/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05T14:30:00Z&end=2026-01-05T20:59:00Z");
    fold(w.body, &high, &low, &volume);
    get("/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-01-05");
    assert_figure(w.body, "c", price);
    assert_true(value_in(w.body, "v") == volume + rest);
    assert_true(value_in(w.body, "h") == fmax(high, strtod(price, NULL)));
    assert_true(value_in(w.body, "l") == fmin(low, strtod(price, NULL)));
    get("/v2/stocks/AAPL/bars?timeframe=1Day&start=2026-01-05&sort=desc&limit=1");
    assert_figure(w.body, "c", price);
    get("/v2/stocks/AAPL/snapshot");
    assert_figure(strstr(w.body, "\"dailyBar\""), "c", price);
    close_world();
}

static const char *path_of(const char *symbol, const char *rest) {
    static char path[128];
    snprintf(path, sizeof path, "/v2/stocks/%s/%s", symbol, rest);
    return path;
}

/* The day has the prices of the session's minutes, and the volume of all. */
static void check_open(const char *symbol) {
    char price[32];
    double high;
    double low;
    double volume;
    double all;
    get(path_of(symbol, "auctions"));
    const char *opening = strstr(w.body, "\"o\":[{");
    figure_in(opening, "p", price);
    assert_has(opening, "\"c\":\"O\"}");
    assert_has(opening, "\"c\":\"Q\"}");
    get(path_of(symbol, "bars?timeframe=1Min&start=2026-01-05T14:30:00Z"));
    assert_figure(w.body, "o", price);
    fold(w.body, &high, &low, &volume);
    get(path_of(symbol, "bars?timeframe=1Min&start=2026-01-05T09:00:00Z"));
    double early_high;
    double early_low;
    fold(w.body, &early_high, &early_low, &all);
    assert_true(all > volume);
    get(path_of(symbol, "bars?timeframe=1Day&start=2026-01-05"));
    assert_figure(w.body, "o", price);
    assert_true(value_in(w.body, "h") == high && value_in(w.body, "l") == low);
    assert_true(value_in(w.body, "v") == all);
    differences += early_high != high || early_low != low;
}

static void the_open_is_that_of_its_auction(void **state) {
    static const char *const symbols[] = {"AAPL", "MSFT", "BRK.B"};
    (void)state;
    open_at(OPEN_NS - 20 * TW_NS_PER_MINUTE);
    step("1190s");
    step("15s"); /* its first minute is not over */
    for (size_t i = 0; i < 3; i++)
        check_open(symbols[i]);
    step("1m");
    for (size_t i = 0; i < 3; i++)
        check_open(symbols[i]);
    assert_true(differences > 0); /* the morning had other prices */
    close_world();
}

static void orders_for_an_auction_are_told_of(void **state) {
    (void)state;
    listener l;
    open_at(CLOSE_NS - 12 * TW_NS_PER_MINUTE);
    listen_to_updates(&l);
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"5\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"cls\"}");
    assert_has(w.body, "\"status\":\"accepted\"");
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"5\",\"side\":\"buy\",\"type\":\"limit\","
         "\"limit_price\":\"1\",\"time_in_force\":\"cls\"}");
    step("13m");
    TURN_UNTIL(count_of(l.log, "\"event\":\"canceled\"") == 1);
    TURN_UNTIL(count_of(l.log, "\"event\":\"fill\"") == 1);
    assert_int_equal(count_of(l.log, "\"event\":\"accepted\""), 2);
    assert_int_equal(count_of(l.log, "\"event\":\"new\""), 2);
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"5\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"cls\"}");
    assert_int_equal(w.http_status, 422);
    hang_up(&l);
    close_world();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_close_is_that_of_its_auction),
        cmocka_unit_test(the_open_is_that_of_its_auction),
        cmocka_unit_test(orders_for_an_auction_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
