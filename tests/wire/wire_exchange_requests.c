/* wire_exchange_requests.c - requests from anybody: whatever comes is answered in the venue's
 * shape, with an id, and never with a failure of the exchange's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "exchange_world.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEYS "APCA-API-KEY-ID: demo\r\nAPCA-API-SECRET-KEY: demo\r\n"
#define HOST "Host: desk\r\n"

/* ---- raw requests ------------------------------------------------------------------------- */

static char heard[1 << 16];

static int dial(void) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(tw_exchange_port(w.exchange))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* True when all is sent, or the exchange has hung up. */
static bool send_more(int fd, const char *text, size_t size, size_t *sent) {
    ssize_t more = send(fd, text + *sent, size - *sent, MSG_NOSIGNAL);
    *sent += more > 0 ? (size_t)more : 0;
    return *sent == size || (more < 0 && errno != EAGAIN);
}

/* True at the end of what is answered. */
static bool hear_more(int fd, size_t *got) {
    ssize_t more = recv(fd, heard + *got, sizeof heard - 1 - *got, 0);
    *got += more > 0 ? (size_t)more : 0;
    return more == 0 || (more < 0 && errno != EAGAIN);
}

/* Sends the text as it is; what was answered, until the exchange closed. */
static const char *say(const char *text, size_t size) {
    int fd = dial();
    size_t sent = 0;
    size_t got = 0;
    TURN_UNTIL(send_more(fd, text, size, &sent));
    (void)!shutdown(fd, SHUT_WR);
    TURN_UNTIL(hear_more(fd, &got));
    heard[got] = '\0';
    close(fd);
    return heard;
}

static void assert_shape(const char *answer, uint32_t status, const char *what) {
    char line[32];
    char code[32];
    snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
    snprintf(code, sizeof code, "\r\n\r\n{\"code\":%u", status);
    const char *body = strstr(answer, "\r\n\r\n{\"code\":");
    if (strncmp(answer, line, strlen(line)) != 0 || body == NULL ||
        strstr(body, ",\"message\":\"") == NULL || strstr(answer, code) == NULL ||
        strstr(answer, "\r\nX-Request-ID: ") == NULL ||
        strstr(answer, "\r\nContent-Type: application/json; charset=UTF-8\r\n") == NULL)
        fail_msg("not %u in the venue's shape for %.80s: %s", status, what, answer);
}

static void what_is_no_request_is_refused_in_the_venues_shape(void **state) {
    (void)state;
    static const struct {
        uint32_t status;
        const char *text;
    } cases[] = {
        {400, "quack\r\n\r\n"},
        {400, "\x16\x03\x01\x02"},
        {400, "GET /v2/clock HTTP/1.1\r\n\r\n"},
        {400, "GET /v2/clock HTTP/1.1\r\n" HOST "bad header\r\n\r\n"},
        {400, "GET /v2/clock HTTP/1.1\r\n" HOST "X: a\r\n folded\r\n\r\n"},
        {505, "GET /v2/clock HTTP/3.0\r\n" HOST "\r\n"},
        {400, "GET /v2/orders?status=%zz HTTP/1.1\r\n" HOST KEYS "\r\n"},
        {400, "GET /v2/orders?status=%00 HTTP/1.1\r\n" HOST KEYS "\r\n"},
        {413, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Content-Length: 300000\r\n\r\n"},
        {413, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS
              "Content-Length: 99999999999999999999999\r\n\r\n"},
        {400, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Content-Length: ten\r\n\r\n"},
        {400, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS
              "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"},
        {400, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Transfer-Encoding: chunked\r\n\r\nx\r\n"},
        {501, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Transfer-Encoding: gzip\r\n\r\n"},
        {417, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Expect: mercy\r\n\r\n"},
        {404, "GET /v2/%00 HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n"},
        {404, "GET /v2/\xff\xfe HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n"},
        {404, "GET /v2/orders/%ff%fe HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n"},
        {404, "GET /v2/orders/../account HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n"},
        {401, "GET /v2/account HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"},
        {401, "GET /v2/account HTTP/1.1\r\n" HOST "APCA-API-KEY-ID: demo\r\nAPCA-API-SECRET-KEY: "
              "\xff\r\nConnection: close\r\n\r\n"},
        {405, "BREW /v2/account HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_shape(say(cases[i].text, strlen(cases[i].text)), cases[i].status, cases[i].text);
}

static void what_is_too_large_is_refused_in_the_venues_shape(void **state) {
    (void)state;
    static char text[400000];
    static const struct {
        uint32_t status;
        const char *begin;
    } cases[] = {
        {414, "GET /v2/orders/"},
        {431, "GET /v2/orders HTTP/1.1\r\n" HOST "X-Long: "},
        {413, "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Content-Length: 390000\r\n\r\n"},
        {413,
         "POST /v2/orders HTTP/1.1\r\n" HOST KEYS "Transfer-Encoding: chunked\r\n\r\n50000\r\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(text, 'x', sizeof text);
        memcpy(text, cases[i].begin, strlen(cases[i].begin));
        assert_shape(say(text, sizeof text), cases[i].status, cases[i].begin);
    }
}

/* ---- methods and paths -------------------------------------------------------------------- */

static void a_method_that_a_path_does_not_have_is_told_which_it_has(void **state) {
    (void)state;
    assert_answer("PUT", "/v2/orders", "{}", 405,
                  "{\"code\":40510000,\"message\":\"method not allowed\"}");
    assert_has(w.head, "\r\nAllow: GET, HEAD, POST, DELETE, OPTIONS\r\n");
    call("GET", "/sim/clock/step", NULL);
    assert_int_equal(w.http_status, 405);
    assert_has(w.head, "\r\nAllow: POST, OPTIONS\r\n");
    call("OPTIONS", "/v2/account", NULL);
    assert_int_equal(w.http_status, 204);
    assert_has(w.head, "\r\nAllow: GET, HEAD, OPTIONS\r\n");
    assert_int_equal(strlen(w.request_id), 36);
    call("OPTIONS", "/v2/nothing", NULL);
    assert_int_equal(w.http_status, 404);
    static const char of_all[] = "OPTIONS * HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    assert_has(say(of_all, sizeof of_all - 1), " 204 ");
}

/* The page's own requests say where they come from; so do those of a page of another site. */
static void controls_are_not_for_pages_of_other_sites(void **state) {
    (void)state;
    static const struct {
        const char *origin;
        const char *status;
    } rows[] = {{"Origin: http://desk\r\n", " 200 "},
                {"Origin: http://elsewhere.example\r\n", " 403 "},
                {"Origin: https://desk\r\n", " 403 "},
                {"Origin: null\r\n", " 403 "},
                {"", " 200 "}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        int size = snprintf(text, sizeof text,
                            "POST /sim/clock/step?span=1s HTTP/1.1\r\n" HOST "%s"
                            "Content-Length: 0\r\nConnection: close\r\n\r\n",
                            rows[i].origin);
        assert_has(say(text, (size_t)size), rows[i].status);
    }
}

static void head_is_get_without_a_body(void **state) {
    (void)state;
    char length[64];
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(get("/v2/clock")));
    call("HEAD", "/v2/clock", NULL);
    assert_int_equal(w.http_status, 200);
    assert_string_equal(w.body, "");
    assert_has(w.head, length);
    call("HEAD", "/v2/nothing", NULL);
    assert_int_equal(w.http_status, 404);
}

static void a_path_means_the_same_however_it_is_written(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/v2/orders%3Aby_client_order_id?client_order_id=none", "/%76%32/orders/none",
        "/v2/orders/n%6Fne",
        "/v2/orders:by_client_order_id?client_order_id=none&client_order_id=x"};
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_answer("GET", paths[i], NULL, 404,
                      "{\"code\":40410000,\"message\":\"order not found for none\"}");
    call("GET", "/v2%2Forders/none", NULL); /* an escaped slash separates nothing */
    assert_has(w.body, "endpoint not found");
    static const char absolute[] =
        "GET http://desk:1/v2/account HTTP/1.1\r\n" HOST KEYS "Connection: close\r\n\r\n";
    assert_has(say(absolute, sizeof absolute - 1), "HTTP/1.1 200 OK");
    static const char old[] = "GET /v2/account HTTP/1.0\r\n" KEYS "\r\n";
    assert_has(say(old, sizeof old - 1), "\"account_number\":");
}

/* ---- bodies ------------------------------------------------------------------------------- */

static const char *const values[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e2",
    "1e-10",
    "0.0000000001",
    "1e400",
    "-1e400",
    "9223372036854775807",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e999999999",
    "\"\"",
    "\" \"",
    "\"1\"",
    "\"-1\"",
    "\"1e400\"",
    "\"1e-10\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"0x10\"",
    "\"1 \"",
    "\"AAPL\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"%s%n\"",
    "[]",
    "[1]",
    "[\"AAPL\"]",
    "[null,{}]",
    "{}",
    "{\"limit_price\":\"1\"}",
    "{\"stop_price\":{\"a\":[]}}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

static void check_sane(const char *path, const char *body) {
    bool is_control = strncmp(path, "/sim/", 5) == 0; /* these have no codes */
    bool failed = w.http_status >= 500 || w.http_status < 200;
    bool error = w.http_status >= 400;
    const char *begin = is_control ? "{\"message\":" : "{\"code\":4";
    if (failed || (error && (strncmp(w.body, begin, strlen(begin)) != 0 ||
                             strstr(w.body, "\"message\":\"") == NULL)))
        fail_msg("%u %.300s for %.300s", w.http_status, w.body, body);
}

/* Each field of the list in turn with each value, the others as they should be. */
static void try_fields(const char *method, const char *path, const char *const *fields,
                       size_t field_count) {
    char body[1024];
    for (size_t f = 0; f < field_count; f++) {
        for (size_t v = 0; v < COUNT(values); v++) {
            tw_text text = tw_text_over(body, sizeof body);
            tw_text_append_char(&text, '{');
            for (size_t i = 0; i < field_count; i++) {
                const char *colon = strchr(fields[i], ':');
                bool tried = i == f;
                if (!tried && colon[1] == '\0')
                    continue;
                tw_text_append_string(&text, text.size > 1 ? ",\"" : "\"");
                tw_text_append(&text, (tw_slice){fields[i], (size_t)(colon - fields[i])});
                tw_text_append_string(&text, "\":");
                tw_text_append_string(&text, tried ? values[v] : colon + 1);
            }
            tw_text_append_char(&text, '}');
            assert_false(text.truncated);
            call(method, path, body);
            check_sane(path, body);
        }
    }
}

static void each_field_of_an_order_may_be_anything(void **state) {
    (void)state;
    static const char *const fields[] = {"symbol:\"AAPL\"",
                                         "qty:\"1\"",
                                         "side:\"buy\"",
                                         "type:\"limit\"",
                                         "time_in_force:\"day\"",
                                         "limit_price:\"1\"",
                                         "notional:",
                                         "stop_price:",
                                         "trail_price:",
                                         "trail_percent:",
                                         "extended_hours:",
                                         "client_order_id:",
                                         "order_class:",
                                         "take_profit:",
                                         "stop_loss:",
                                         "position_intent:",
                                         "legs:",
                                         "unknown:",
                                         "advanced_instructions:"};
    try_fields("POST", "/v2/orders", fields, COUNT(fields));
    ledger_check(w.exchange->ledger);
}

static void each_change_of_an_order_may_be_anything(void **state) {
    (void)state;
    static const char *const fields[] = {
        "qty:\"2\"",      "limit_price:\"2\"", "stop_price:", "trail:",
        "time_in_force:", "client_order_id:",  "unknown:"};
    for (int i = 0; i < 3; i++) {
        char path[128];
        char id[64];
        call("POST", "/v2/orders", LIMIT_BUY("", "1"));
        word_in(w.body, "id", id);
        snprintf(path, sizeof path, "/v2/orders/%s", id);
        try_fields("PATCH", path, fields, COUNT(fields));
    }
    ledger_check(w.exchange->ledger);
}

static void settings_and_watchlists_may_be_anything(void **state) {
    (void)state;
    static const char *const settings[] = {
        "dtbp_check:\"both\"",          "trade_confirm_email:\"all\"",
        "suspend_trade:false",          "no_shorting:false",
        "fractional_trading:true",      "max_margin_multiplier:\"4\"",
        "max_options_trading_level:0",  "pdt_check:\"entry\"",
        "ptp_no_exception_entry:false", "disable_overnight_trading:false"};
    static const char *const lists[] = {"name:\"mine\"", "symbols:[\"AAPL\"]", "symbol:\"MSFT\""};
    char path[128];
    char id[64];
    try_fields("PATCH", "/v2/account/configurations", settings, COUNT(settings));
    try_fields("POST", "/v2/watchlists", lists, COUNT(lists));
    call("POST", "/v2/watchlists", "{\"name\":\"kept\",\"symbols\":[\"AAPL\"]}");
    word_in(w.body, "id", id);
    snprintf(path, sizeof path, "/v2/watchlists/%s", id);
    try_fields("PUT", path, lists, COUNT(lists));
    try_fields("POST", path, lists, COUNT(lists));
}

static const char *const routes[][2] = {{"POST", "/v2/orders"},
                                        {"PATCH", "/v2/account/configurations"},
                                        {"POST", "/v2/watchlists"},
                                        {"PUT", "/v2/watchlists:by_name?name=kept"},
                                        {"POST", "/v2/watchlists:by_name?name=kept"},
                                        {"POST", "/sim/faults"}};

static void a_body_that_is_no_object_is_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {"{",
                                         "}",
                                         "[",
                                         "[]",
                                         "[{}]",
                                         "null",
                                         "true",
                                         "1",
                                         "\"x\"",
                                         "{}{}",
                                         "{\"a\":1,}",
                                         "{'a':1}",
                                         "{a:1}",
                                         "{\"a\" 1}",
                                         "{\"a\":}",
                                         "nul",
                                         "{\"a\":01}",
                                         "{\"a\":1e}",
                                         "{\"a\":+1}",
                                         "{\"a\":.5}",
                                         "{\"a\":NaN}",
                                         "{\"a\":\"\\x\"}",
                                         "{\"a\":\"\\ud800\"}",
                                         "{\"a\":\"\x01\"}",
                                         "{\"a\":\"\xff\"}",
                                         "\xef\xbb\xbf[]",
                                         " ",
                                         "\n"};
    call("POST", "/v2/watchlists", "{\"name\":\"kept\",\"symbols\":[\"AAPL\"]}");
    for (size_t r = 0; r < COUNT(routes); r++) {
        for (size_t i = 0; i < COUNT(bodies); i++) {
            call(routes[r][0], routes[r][1], bodies[i]);
            check_sane(routes[r][1], bodies[i]);
            bool plan = strncmp(routes[r][1], "/sim", 4) == 0; /* a plan is no JSON */
            if (!plan && w.http_status < 400)
                fail_msg("%s %s takes %s", routes[r][0], routes[r][1], bodies[i]);
        }
    }
}

static void a_body_may_be_deep_or_hold_zero_bytes(void **state) {
    (void)state;
    static char deep[200000];
    memset(deep, '[', sizeof deep);
    static const char zeros[] = "{\"symbol\":\"AA\0PL\",\"qty\":\"1\"}\0";
    for (size_t r = 0; r < COUNT(routes); r++) {
        send_call(routes[r][0], routes[r][1], (tw_slice){deep, sizeof deep});
        check_sane(routes[r][1], "deep");
        send_call(routes[r][0], routes[r][1], (tw_slice){zeros, sizeof zeros - 1});
        check_sane(routes[r][1], "zeros");
    }
}

/* What the official SDKs rely on. */
static void numbers_may_be_strings_and_strings_numbers(void **state) {
    (void)state;
    static const char *const taken[] = {
        "{\"symbol\":\"AAPL\",\"qty\":1,\"side\":\"buy\",\"type\":\"limit\",\"limit_price\":1.5,"
        "\"time_in_force\":\"day\"}",
        "{\"symbol\":\"AAPL\",\"qty\":1.0,\"side\":\"buy\",\"type\":\"limit\",\"limit_price\":\"1."
        "50\",\"time_in_force\":\"day\",\"extended_hours\":null,\"stop_price\":null,\"legs\":null,"
        "\"take_profit\":null,\"client_order_id\":null,\"order_class\":null}",
        "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\","
        "\"limit_price\":\"1\",\"time_in_force\":\"day\",\"never_heard_of\":[{}]}"};
    for (size_t i = 0; i < COUNT(taken); i++) {
        call("POST", "/v2/orders", taken[i]);
        if (w.http_status != 200)
            fail_msg("%s for %s", w.body, taken[i]);
    }
    assert_has(w.body, "\"qty\":\"2\""); /* of two the last */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_request_is_refused_in_the_venues_shape),
        cmocka_unit_test(what_is_too_large_is_refused_in_the_venues_shape),
        cmocka_unit_test(a_method_that_a_path_does_not_have_is_told_which_it_has),
        cmocka_unit_test(controls_are_not_for_pages_of_other_sites),
        cmocka_unit_test(head_is_get_without_a_body),
        cmocka_unit_test(a_path_means_the_same_however_it_is_written),
        cmocka_unit_test(each_field_of_an_order_may_be_anything),
        cmocka_unit_test(each_change_of_an_order_may_be_anything),
        cmocka_unit_test(settings_and_watchlists_may_be_anything),
        cmocka_unit_test(a_body_that_is_no_object_is_refused),
        cmocka_unit_test(a_body_may_be_deep_or_hold_zero_bytes),
        cmocka_unit_test(numbers_may_be_strings_and_strings_numbers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
