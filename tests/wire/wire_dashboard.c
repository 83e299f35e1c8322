/*
 * wire_dashboard.c - who may look and what they are told, over real sockets, with a real engine
 * before a fake venue. World, engine, loop and clients take turns in one thread: nothing here waits
 * for a clock but the dashboard's own periods and deadlines.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay_desk.h"
#include "tradewind/dashboard.h"
#include "tradewind/time.h"

enum { ANSWER_SIZE = 1 << 20, REQUEST_SIZE = 2048, CONTROL_COUNT_MAX = 16 };

static const int64_t PERIOD_NS = 20 * TW_NS_PER_MS;
static const int64_t TOKEN_PATIENCE_NS = 300 * TW_NS_PER_MS;
static const int64_t PATIENCE_NS = 20 * TW_NS_PER_SECOND;
static const fake_options OPTIONS = {.seed = 3, .symbol_count = 4, .history_days = 40, .fill = 400};
static const int64_t FRAMES_NS[] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE};

typedef struct house {
    tw_engine *engine;
    tw_loop *loop;
    tw_dashboard *dashboard;
    bool engine_rests; /* its thread stands still: it shows nothing */
    uint16_t port;
    tw_kill_level controls[CONTROL_COUNT_MAX];
    uint32_t control_count;
    tw_bar past[TW_DASHBOARD_BAR_COUNT_MAX]; /* what the store has */
    uint32_t past_count;
} house;

/* ---- the house ----------------------------------------------------------------------------- */

static void on_control(void *context, tw_kill_level level) {
    house *to = context;
    assert_true(to->control_count < CONTROL_COUNT_MAX);
    to->controls[to->control_count++] = level;
}

static size_t read_bars(void *context, tw_symbol symbol, int64_t timeframe_ns, tw_bar *ret_bars,
                        size_t capacity) {
    house *to = context;
    assert_int_equal(capacity, TW_DASHBOARD_BAR_COUNT_MAX);
    if (symbol != 1 || timeframe_ns != TW_NS_PER_SECOND)
        return 0;
    memcpy(ret_bars, to->past, to->past_count * sizeof to->past[0]);
    return to->past_count;
}

static tw_engine_config engine_config_of(void) {
    tw_engine_config config = fake_config("page", OPTIONS.symbol_count);
    config.epoch = 7;
    config.order_count_max = 4096;
    config.timeframes_ns[0] = FRAMES_NS[0];
    config.timeframes_ns[1] = FRAMES_NS[1];
    config.timeframe_count = 2;
    config.band = 0.05;
    config.monotonic_ns = tw_time_monotonic_ns;
    return config;
}

static void open_house(house *to) {
    tw_engine_config config = engine_config_of();
    tw_error error = {0};
    *to = (house){.engine = start(&OPTIONS, &config)};
    assert_int_equal(tw_loop_new(NULL, &to->loop, &error), TW_OK);
    const tw_dashboard_config parts = {
        .loop = to->loop,
        .engine = to->engine,
        .symbols = desk.symbols,
        .symbol_count = OPTIONS.symbol_count,
        .timeframes_ns = FRAMES_NS,
        .timeframe_count = 2,
        .venue_name = "demo",
        .strategy = "equal",
        .store = "/tmp/a \"store\".db",
        .backend = "sqlite",
        .run = 4,
        .speed = 2.5,
        .period_ns = PERIOD_NS,
        .token_patience_ns = TOKEN_PATIENCE_NS,
        .on_control = on_control,
        .read_bars = read_bars,
        .context = to,
        .read_context = to,
    };
    if (tw_dashboard_start(NULL, &parts, &to->dashboard, &error) != TW_OK)
        fail_msg("%s", error.message);
    to->port = tw_dashboard_port(to->dashboard);
}

static void close_house(house *to) {
    tw_dashboard_free(to->dashboard);
    tw_loop_free(to->loop);
    end(to->engine);
}

static void turn_engine(house *to) {
    uint64_t work = 0;
    fake_turn(&desk);
    assert_int_equal(tw_engine_turn(to->engine, 32, &work, NULL), TW_OK);
    tw_dashboard_turn_engine(to->dashboard, tw_time_monotonic_ns());
}

/* Everybody does what there is to do. The fake desk has room for so many orders, and time in it
 * passes by turns, so it takes one a millisecond. */
static void turn(house *to) {
    tw_error error = {0};
    if (!to->engine_rests && desk.order_count < FAKE_ORDERS / 2)
        turn_engine(to);
    assert_int_equal(tw_loop_turn(to->loop, TW_NS_PER_MS, NULL, &error), TW_OK);
}

static void until_trading(house *to) {
    while (tw_engine_phase_now(to->engine) != TW_ENGINE_TRADING ||
           report_of(to->engine).orders_filled == 0)
        turn_engine(to);
}

/* ---- clients ------------------------------------------------------------------------------- */

static int own_buffer; /* of a client's socket; 0: as the system has it */

static int call_up(const house *to) {
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(to->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (own_buffer > 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &own_buffer, sizeof own_buffer), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&place, sizeof place), 0);
    return fd;
}

static void say(int fd, const char *words) {
    assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
}

/* Turns the house until `size` bytes of the answer are there, or the other side has closed; returns
 * how many there are. */
static size_t hear(house *to, int fd, char *buffer, size_t have, size_t size) {
    int64_t until_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (have < size) {
        ssize_t got = recv(fd, buffer + have, size - have, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return have;
        assert_true(got > 0 || errno == EAGAIN);
        have += got > 0 ? (size_t)got : 0;
        if (got < 0)
            turn(to);
        assert_true(tw_time_monotonic_ns() < until_ns);
    }
    return have;
}

/* An answer, read to the end of its connection. */
typedef struct answer {
    int status;
    char text[ANSWER_SIZE];
    const char *body;
} answer;

static answer heard;

static const answer *ask_raw(house *to, const char *request) {
    int fd = call_up(to);
    say(fd, request);
    size_t size = hear(to, fd, heard.text, 0, sizeof heard.text - 1);
    heard.text[size] = '\0';
    close(fd);
    assert_int_equal(sscanf(heard.text, "HTTP/1.1 %d", &heard.status), 1);
    heard.body = strstr(heard.text, "\r\n\r\n");
    assert_non_null(heard.body);
    heard.body += 4;
    return &heard;
}

/* `headers` are whole lines, beside Host and the token (if it is not NULL). */
static const answer *ask(house *to, const char *method, const char *path, const char *token,
                         const char *headers, const char *body) {
    char request[REQUEST_SIZE];
    char bearer[128] = "";
    if (token != NULL)
        snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n", token);
    int size = snprintf(request, sizeof request,
                        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
                        "%s%sContent-Length: %zu\r\n\r\n%s",
                        method, path, to->port, bearer, headers, strlen(body), body);
    assert_true(size > 0 && (size_t)size < sizeof request);
    return ask_raw(to, request);
}

static const char *token_of(const house *to) {
    return tw_dashboard_token(to->dashboard);
}

static bool has(const answer *told, const char *words) {
    return strstr(told->text, words) != NULL;
}

/* ---- WebSocket clients --------------------------------------------------------------------- */

/* A message that the server sent: its opcode, and its payload as text. */
typedef struct frame {
    int opcode;
    size_t size;
    char text[ANSWER_SIZE];
} frame;

static frame got;

enum { TEXT = 1, CLOSE = 8, PING = 9 };

/* Begins a stream; its status, of which 101 is success. */
static int open_stream(house *to, int *ret_fd, const char *headers) {
    char request[REQUEST_SIZE];
    char line[ANSWER_SIZE / 64] = "";
    int status = 0;
    int fd = call_up(to);
    snprintf(request, sizeof request,
             "GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
             to->port, headers);
    say(fd, request);
    size_t size = 0;
    while (strstr(line, "\r\n\r\n") == NULL) {
        size_t now = hear(to, fd, line, size, size + 1);
        assert_true(now == size + 1 && now < sizeof line - 1);
        size = now;
        line[size] = '\0';
    }
    assert_int_equal(sscanf(line, "HTTP/1.1 %d", &status), 1);
    *ret_fd = fd;
    return status;
}

/* A short masked text frame; the mask is zero, which is a mask as well. */
static void tell(int fd, const char *text) {
    char bytes[256] = {(char)0x81};
    size_t size = strlen(text);
    assert_true(size < 126);
    bytes[1] = (char)(0x80 | size);
    memcpy(bytes + 6, text, size);
    assert_int_equal(send(fd, bytes, size + 6, MSG_NOSIGNAL), (ssize_t)(size + 6));
}

static void tell_token(int fd, const char *token) {
    char text[128];
    snprintf(text, sizeof text, "{\"token\":\"%s\"}", token);
    tell(fd, text);
}

/* The next message; opcode 0 when the other side closed without one. */
static const frame *listen_to(house *to, int fd) {
    unsigned char head[10];
    got = (frame){0};
    if (hear(to, fd, (char *)head, 0, 2) < 2)
        return &got;
    uint64_t size = head[1];
    size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
    assert_int_equal(hear(to, fd, (char *)head, 2, 2 + more), 2 + more);
    if (more > 0)
        size = 0;
    for (size_t i = 0; i < more; i++)
        size = size << 8 | head[2 + i];
    assert_true(size < sizeof got.text);
    got.opcode = head[0] & 15;
    got.size = hear(to, fd, got.text, 0, size);
    got.text[got.size] = '\0';
    return &got;
}

/* The next message that begins so, others passed over. */
static const frame *await(house *to, int fd, const char *type) {
    char begin[64];
    snprintf(begin, sizeof begin, "{\"type\":\"%s\"", type);
    do {
        const frame *heard_now = listen_to(to, fd);
        assert_int_not_equal(heard_now->opcode, 0);
        assert_int_not_equal(heard_now->opcode, CLOSE);
    } while (strncmp(got.text, begin, strlen(begin)) != 0);
    return &got;
}

static int close_code(const frame *last) {
    assert_int_equal(last->opcode, CLOSE);
    assert_true(last->size >= 2);
    return (unsigned char)last->text[0] << 8 | (unsigned char)last->text[1];
}

static int known_stream(house *to) {
    int fd = -1;
    assert_int_equal(open_stream(to, &fd, ""), 101);
    tell_token(fd, token_of(to));
    await(to, fd, "hello");
    return fd;
}

/* ---- the token ----------------------------------------------------------------------------- */

static void test_a_token_is_128_random_bits(void **state) {
    (void)state;
    house a;
    open_house(&a);
    char first[TW_DASHBOARD_TOKEN_SIZE];
    memcpy(first, token_of(&a), sizeof first);
    assert_int_equal(strlen(first), 32);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    close_house(&a);
    open_house(&a);
    assert_string_not_equal(first, token_of(&a));
    close_house(&a);
}

static void test_nothing_is_told_or_done_without_the_token(void **state) {
    (void)state;
    house to;
    open_house(&to);
    char wrong[TW_DASHBOARD_TOKEN_SIZE];
    memcpy(wrong, token_of(&to), sizeof wrong);
    wrong[31] = wrong[31] == '0' ? '1' : '0';
    const char *const tokens[] = {NULL, "", wrong, "0", "00000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        assert_int_equal(ask(&to, "GET", "/api/state", tokens[i], "", "")->status, 401);
        assert_true(has(&heard, "WWW-Authenticate: Bearer") && has(&heard, "\"message\":"));
        assert_int_equal(
            ask(&to, "POST", "/api/kill", tokens[i], "", "{\"level\":\"new\"}")->status, 401);
        assert_int_equal(ask(&to, "POST", "/api/lift", tokens[i], "", "{}")->status, 401);
        assert_int_equal(ask(&to, "GET", "/api/other", tokens[i], "", "")->status, 401);
    }
    assert_int_equal(to.control_count, 0);
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_NONE);
    close_house(&to);
}

static void test_the_state_is_that_of_the_engine(void **state) {
    (void)state;
    house to;
    char words[256];
    char cash[TW_DECIMAL_TEXT_SIZE];
    open_house(&to);
    until_trading(&to);
    to.engine_rests = true; /* so that what is asked is what is told */
    tw_dashboard_end_engine(to.dashboard, tw_time_monotonic_ns());
    assert_int_equal(ask(&to, "GET", "/api/state", token_of(&to), "", "")->status, 200);
    tw_engine_report report = report_of(to.engine);
    tw_decimal_format(report.cash_after.nano, cash);
    snprintf(words, sizeof words, "\"phase\":\"trading\",\"killed\":\"none\",\"killed_by\":null");
    assert_true(has(&heard, words));
    snprintf(words, sizeof words, "\"account\":{\"cash\":\"%s\"", cash);
    assert_true(has(&heard, words));
    snprintf(words, sizeof words, "\"fills\":%llu,", (unsigned long long)report.fills);
    assert_true(has(&heard, words));
    assert_true(has(&heard, "\"positions\":[{\"symbol\":\"S0\","));
    snprintf(words, sizeof words, "\"count\":%llu,\"differences\":%llu},\"venue\":",
             (unsigned long long)report.reconciliations, (unsigned long long)report.differences);
    assert_true(report.reconciliations > 0 && has(&heard, words));
    assert_true(has(&heard, "\"reconciliation\":{\"age\":"));
    assert_false(has(&heard, "\"reconciliation\":{\"age\":null"));
    assert_true(has(&heard, "\"life\":[[\"intended\",\"2026-"));
    assert_true(has(&heard, "\"venue\":null,\"store\":null,\"selected\":null}"));
    assert_true(has(&heard, "Content-Type: application/json"));
    close_house(&to);
}

static void test_an_engine_that_shows_nothing_is_waited_for_and_told(void **state) {
    (void)state;
    house to;
    open_house(&to);
    to.engine_rests = true;
    assert_int_equal(ask(&to, "GET", "/api/state", token_of(&to), "", "")->status, 503);
    to.engine_rests = false;
    assert_int_equal(ask(&to, "GET", "/api/state", token_of(&to), "", "")->status, 200);
    close_house(&to);
}

/* ---- whom and from whom -------------------------------------------------------------------- */

static int status_for_host(house *to, const char *host) {
    char request[REQUEST_SIZE];
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
             host);
    return ask_raw(to, request)->status;
}

static void test_only_our_host_is_answered(void **state) {
    (void)state;
    house to;
    char host[64];
    open_house(&to);
    static const char *const ours[] = {"127.0.0.1", "localhost", "LocalHost", "[::1]", "127.1.2.3"};
    static const char *const others[] = {"evil.example", "127.0.0.1.evil.example",
                                         "10.0.0.1",     "127.evil",
                                         "[::2]",        "localhost.evil"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        snprintf(host, sizeof host, "%s:%u", ours[i], to.port);
        assert_int_equal(status_for_host(&to, host), 200);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        snprintf(host, sizeof host, "%s:%u", others[i], to.port);
        assert_int_equal(status_for_host(&to, host), 403);
    }
    assert_int_equal(status_for_host(&to, "127.0.0.1"), 403); /* that is port 80 */
    snprintf(host, sizeof host, "127.0.0.1:%u", to.port + 1u);
    assert_int_equal(status_for_host(&to, host), 403);
    close_house(&to);
}

static void test_another_origin_is_refused_everywhere(void **state) {
    (void)state;
    house to;
    char ours[128];
    int fd = -1;
    open_house(&to);
    snprintf(ours, sizeof ours, "Origin: http://127.0.0.1:%u\r\n", to.port);
    static const char *const others[] = {"Origin: http://evil.example\r\n", "Origin: null\r\n",
                                         "Origin: http://127.0.0.1:1\r\n",
                                         "Origin: https://127.0.0.1\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(
            ask(&to, "POST", "/api/kill", token_of(&to), others[i], "{\"level\":\"new\"}")->status,
            403);
        assert_int_equal(ask(&to, "GET", "/", NULL, others[i], "")->status, 403);
        assert_int_equal(open_stream(&to, &fd, others[i]), 403);
        close(fd);
    }
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_NONE);
    assert_int_equal(ask(&to, "GET", "/", NULL, ours, "")->status, 200);
    assert_int_equal(open_stream(&to, &fd, ours), 101);
    close(fd);
    close_house(&to);
}

static void test_the_page_comes_with_its_policy_and_without_a_token(void **state) {
    (void)state;
    house to;
    open_house(&to);
    static const char *const names[] = {"/", "/index.html", "/app.js", "/app.css", "/notices.txt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(ask(&to, "GET", names[i], NULL, "", "")->status, 200);
        assert_true(has(&heard, "Content-Security-Policy: default-src 'self';"));
        assert_true(has(&heard, "frame-ancestors 'none'"));
        assert_true(has(&heard, "X-Content-Type-Options: nosniff"));
        assert_true(has(&heard, "Cache-Control: no-store"));
        assert_false(has(&heard, "Access-Control-Allow-Origin"));
        assert_false(has(&heard, token_of(&to)));
    }
    assert_int_equal(ask(&to, "GET", "/", NULL, "", "")->status, 200);
    assert_true(has(&heard, "Content-Type: text/html; charset=utf-8"));
    assert_int_equal(ask(&to, "GET", "/../app.js", NULL, "", "")->status, 404);
    assert_int_equal(ask(&to, "GET", "/other", NULL, "", "")->status, 404);
    assert_int_equal(ask(&to, "POST", "/", NULL, "", "")->status, 405);
    assert_int_equal(ask(&to, "DELETE", "/api/kill", token_of(&to), "", "")->status, 405);
    assert_true(has(&heard, "Allow: POST"));
    close_house(&to);
}

/* ---- the kill switch ----------------------------------------------------------------------- */

static void test_a_kill_is_journaled_as_the_page_and_lifted(void **state) {
    (void)state;
    house to;
    open_house(&to);
    until_trading(&to);
    const char *token = token_of(&to);
    assert_int_equal(ask(&to, "POST", "/api/kill", token, "", "{\"level\":\"cancel\"}")->status,
                     200);
    assert_string_equal(heard.body, "{\"level\":\"cancel\"}");
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_CANCEL);
    turn_engine(&to);
    assert_int_equal(fake_count(&desk, "kill", "\"level\":\"cancel\",\"by\":\"page\""), 1);
    /* A lower one changes nothing, and says what is in force. */
    assert_int_equal(ask(&to, "POST", "/api/kill", token, "", "{\"level\":\"new\"}")->status, 200);
    assert_string_equal(heard.body, "{\"level\":\"cancel\"}");
    assert_int_equal(ask(&to, "POST", "/api/lift", token, "", "{}")->status, 200);
    turn_engine(&to);
    assert_int_equal(fake_count(&desk, "lift", NULL), 1);
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_NONE);
    assert_int_equal(to.control_count, 3);
    assert_int_equal(to.controls[0], TW_KILL_CANCEL);
    assert_int_equal(to.controls[2], TW_KILL_NONE);
    close_house(&to);
}

static void test_what_is_no_level_is_refused(void **state) {
    (void)state;
    house to;
    open_house(&to);
    static const char *const bodies[] = {"",   "{}",           "{\"level\":\"none\"}",
                                         "[]", "{\"level\":1", "{\"level\":\"Cancel\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(ask(&to, "POST", "/api/kill", token_of(&to), "", bodies[i])->status, 400);
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_NONE);
    char large[1024];
    memset(large, ' ', sizeof large);
    large[sizeof large - 1] = '\0';
    assert_int_equal(ask(&to, "POST", "/api/kill", token_of(&to), "", large)->status, 413);
    close_house(&to);
}

static void test_controls_are_limited_for_those_who_have_the_token(void **state) {
    (void)state;
    house to;
    open_house(&to);
    const char *token = token_of(&to);
    for (int i = 0; i < 20; i++) /* these do not count */
        assert_int_equal(ask(&to, "POST", "/api/kill", "x", "", "{\"level\":\"new\"}")->status,
                         401);
    for (int i = 0; i < TW_DASHBOARD_CONTROLS_A_MINUTE; i++)
        assert_int_equal(ask(&to, "POST", i % 2 == 0 ? "/api/kill" : "/api/lift", token, "",
                             "{\"level\":\"new\"}")
                             ->status,
                         200);
    assert_int_equal(ask(&to, "POST", "/api/lift", token, "", "{}")->status, 429);
    assert_true(has(&heard, "Retry-After: "));
    assert_int_equal(tw_engine_killed(to.engine), TW_KILL_NEW);
    assert_int_equal(to.control_count, TW_DASHBOARD_CONTROLS_A_MINUTE);
    close_house(&to);
}

/* ---- streams ------------------------------------------------------------------------------- */

static void test_a_stream_greets_and_tells_the_state(void **state) {
    (void)state;
    house to;
    open_house(&to);
    until_trading(&to);
    int fd = known_stream(&to);
    assert_non_null(strstr(got.text, "\"run\":4,\"venue\":\"demo\",\"strategy\":\"equal\","
                                     "\"store\":\"/tmp/a \\\"store\\\".db\","
                                     "\"symbols\":[\"S0\",\"S1\",\"S2\",\"S3\"],"
                                     "\"timeframes\":[\"1s\",\"1m\"],\"speed\":2.5}"));
    await(&to, fd, "state");
    assert_non_null(strstr(got.text, "\"selected\":null}"));
    await(&to, fd, "state");
    close(fd);
    close_house(&to);
}

static void test_a_wrong_token_closes_the_stream(void **state) {
    (void)state;
    static const char *const words[] = {"{\"token\":\"00\"}", "{}", "no",
                                        "{\"select\":\"S1\",\"timeframe\":\"1s\"}"};
    house to;
    open_house(&to);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int fd = -1;
        assert_int_equal(open_stream(&to, &fd, ""), 101);
        tell(fd, words[i]);
        assert_int_equal(close_code(listen_to(&to, fd)), 4401);
        close(fd);
    }
    close_house(&to);
}

static void test_a_stream_without_a_token_is_closed_in_time(void **state) {
    (void)state;
    house to;
    int fd = -1;
    open_house(&to);
    int64_t began_ns = tw_time_monotonic_ns();
    assert_int_equal(open_stream(&to, &fd, ""), 101);
    assert_int_equal(close_code(listen_to(&to, fd)), 4401);
    assert_true(tw_time_monotonic_ns() - began_ns >= TOKEN_PATIENCE_NS);
    close(fd);
    close_house(&to);
}

static void fill_store(house *to, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        to->past[i] = (tw_bar){.time_ns = (1000 + (int64_t)i) * TW_NS_PER_SECOND,
                               .open = {10 * TW_NANO},
                               .high = {12 * TW_NANO},
                               .low = {9 * TW_NANO},
                               .close = {11 * TW_NANO + TW_NANO / 4},
                               .volume = {7 * TW_NANO}};
    to->past_count = count;
}

static void test_a_selection_has_depth_and_bars(void **state) {
    (void)state;
    house to;
    open_house(&to);
    until_trading(&to);
    fill_store(&to, 3);
    int fd = known_stream(&to);
    tell(fd, "{\"select\":\"S1\",\"timeframe\":\"1s\"}");
    await(&to, fd, "bars");
    assert_non_null(strstr(got.text, "\"symbol\":\"S1\",\"timeframe\":\"1s\",\"bars\":["
                                     "[1000,10,12,9,11.25,7],[1001,10,12,9,11.25,7],"
                                     "[1002,10,12,9,11.25,7],["));
    await(&to, fd, "state");
    const char *selected = strstr(got.text, "\"selected\":{\"symbol\":\"S1\",\"timeframe\":\"1s\"");
    assert_non_null(selected);
    assert_non_null(strstr(selected, "\"bids\":[[\""));
    await(&to, fd, "bar");
    assert_non_null(strstr(got.text, "\"symbol\":\"S1\",\"timeframe\":\"1s\",\"bar\":["));
    await(&to, fd, "bars"); /* once more, when the recorder must have caught up */
    close(fd);
    close_house(&to);
}

static void test_each_stream_has_a_selection_of_its_own(void **state) {
    (void)state;
    house to;
    open_house(&to);
    until_trading(&to);
    int one = known_stream(&to);
    int other = known_stream(&to);
    tell(one, "{\"select\":\"S1\",\"timeframe\":\"1s\"}");
    await(&to, one, "bars");
    await(&to, one, "state");
    assert_non_null(strstr(got.text, "\"selected\":{\"symbol\":\"S1\""));
    for (int i = 0; i < 3; i++)
        await(&to, other, "state");
    assert_non_null(strstr(got.text, "\"selected\":null}"));
    close(one);
    close(other);
    close_house(&to);
}

/* Until the engine has shown it, there is nothing of it to tell, and nothing of the old one. */
static void test_a_new_selection_is_told_when_the_engine_shows_it(void **state) {
    (void)state;
    house to;
    open_house(&to);
    until_trading(&to);
    int fd = known_stream(&to);
    tell(fd, "{\"select\":\"S1\",\"timeframe\":\"1s\"}");
    await(&to, fd, "bars");
    to.engine_rests = true;
    tell(fd, "{\"select\":\"S2\",\"timeframe\":\"1s\"}");
    for (uint32_t states = 0; states < 2;) { /* bars would come behind the first */
        listen_to(&to, fd);
        assert_null(strstr(got.text, "\"S2\",\"timeframe\":\"1s\",\"bar"));
        states += strstr(got.text, "\"selected\":null}") != NULL;
    }
    to.engine_rests = false;
    do {
        await(&to, fd, "state");
    } while (strstr(got.text, "\"selected\":null}") != NULL);
    assert_non_null(strstr(got.text, "\"selected\":{\"symbol\":\"S2\",\"timeframe\":\"1s\""));
    close(fd);
    close_house(&to);
}

static void test_a_selection_that_is_not_there_closes(void **state) {
    (void)state;
    static const char *const words[] = {"{\"select\":\"S9\",\"timeframe\":\"1s\"}",
                                        "{\"select\":\"S1\",\"timeframe\":\"1h\"}",
                                        "{\"select\":\"S1\"}", "{\"token\":\"x\"}", "["};
    house to;
    open_house(&to);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int fd = known_stream(&to);
        tell(fd, words[i]);
        while (listen_to(&to, fd)->opcode == TEXT) {
        }
        assert_int_equal(close_code(&got), 1008);
        close(fd);
    }
    close_house(&to);
}

static void test_the_seventeenth_stream_is_refused(void **state) {
    (void)state;
    house to;
    int fds[TW_DASHBOARD_STREAM_COUNT_MAX + 1];
    open_house(&to);
    for (int i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        fds[i] = known_stream(&to);
    assert_int_equal(tw_dashboard_stream_count(to.dashboard), TW_DASHBOARD_STREAM_COUNT_MAX);
    assert_int_equal(open_stream(&to, &fds[TW_DASHBOARD_STREAM_COUNT_MAX], ""), 503);
    close(fds[TW_DASHBOARD_STREAM_COUNT_MAX]);
    close(fds[0]); /* and its place is free again */
    while (tw_dashboard_stream_count(to.dashboard) == TW_DASHBOARD_STREAM_COUNT_MAX)
        turn(&to);
    fds[0] = known_stream(&to);
    await(&to, fds[0], "state");
    for (int i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        close(fds[i]);
    close_house(&to);
}

/* Strangers who open streams and say nothing keep nobody out: the oldest of them gives way. */
static void test_a_stream_without_a_token_gives_way(void **state) {
    (void)state;
    house to;
    int fds[TW_DASHBOARD_STREAM_COUNT_MAX];
    open_house(&to);
    until_trading(&to);
    fds[0] = known_stream(&to);
    for (int i = 1; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        assert_int_equal(open_stream(&to, &fds[i], ""), 101);
    int owner = known_stream(&to);
    assert_int_equal(tw_dashboard_stream_count(to.dashboard), TW_DASHBOARD_STREAM_COUNT_MAX);
    assert_int_equal(listen_to(&to, fds[1])->opcode, 0); /* the oldest of the silent has gone */
    tell_token(fds[2], token_of(&to));                   /* the others are there */
    await(&to, fds[2], "state");
    await(&to, owner, "state");
    await(&to, fds[0], "state");
    close(owner);
    for (int i = 0; i < TW_DASHBOARD_STREAM_COUNT_MAX; i++)
        close(fds[i]);
    close_house(&to);
}

/* More silent connections than there are places for any. */
static void test_silent_connections_keep_nobody_out(void **state) {
    (void)state;
    enum { CROWD = 100 };
    house to;
    int fds[CROWD];
    open_house(&to);
    until_trading(&to);
    for (int i = 0; i < CROWD; i++) {
        fds[i] = call_up(&to);
        turn(&to);
    }
    assert_int_equal(ask(&to, "GET", "/api/state", token_of(&to), "", "")->status, 200);
    assert_int_equal(
        ask(&to, "POST", "/api/kill", token_of(&to), "", "{\"level\":\"new\"}")->status, 200);
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    close_house(&to);
}

/* The sequence that a state tells. */
static unsigned long long sequence_of(const frame *told) {
    unsigned long long number = 0;
    const char *at = strstr(told->text, "\"sequence\":");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"sequence\":%llu", &number), 1);
    return number;
}

/* A stream whose own buffer is small, so that what it does not read stays with the server. */
static int slow_stream(house *to) {
    own_buffer = 4096;
    int fd = known_stream(to);
    own_buffer = 0;
    return fd;
}

/* It selects again and again, of which each costs 500 bars, and reads nothing. What it reads later
 * is whole, ends with the newest state, and lacks most of what another was told meanwhile. */
static void test_a_slow_client_misses_states_and_nothing_else(void **state) {
    (void)state;
    enum { ROUNDS = 12 };
    house to;
    open_house(&to);
    until_trading(&to);
    fill_store(&to, TW_DASHBOARD_BAR_COUNT_MAX);
    int slow = slow_stream(&to);
    int quick = known_stream(&to);
    for (int i = 0; i < ROUNDS; i++) {
        tell(slow, "{\"select\":\"S1\",\"timeframe\":\"1s\"}");
        await(&to, quick, "state");
        await(&to, quick, "state");
    }
    unsigned long long newest = sequence_of(&got);
    uint32_t bars = 0;
    uint32_t states = 0;
    unsigned long long told = 0;
    while (told < newest) {
        assert_int_equal(listen_to(&to, slow)->opcode, TEXT);
        bars += strncmp(got.text, "{\"type\":\"bars\"", 14) == 0;
        if (strncmp(got.text, "{\"type\":\"state\"", 15) != 0)
            continue;
        told = sequence_of(&got);
        states++;
    }
    assert_true(bars >= 1 && bars < ROUNDS);
    assert_true(states < 2 * ROUNDS);
    close(slow);
    close(quick);
    close_house(&to);
}

static void test_the_end_is_told(void **state) {
    (void)state;
    house to;
    open_house(&to);
    int fd = known_stream(&to);
    await(&to, fd, "state");
    to.engine_rests = true;
    tw_dashboard_stop(to.dashboard);
    while (listen_to(&to, fd)->opcode == TEXT && strstr(got.text, "\"type\":\"end\"") == NULL) {
    }
    assert_non_null(strstr(got.text, "{\"type\":\"end\",\"phase\":\""));
    assert_int_equal(close_code(listen_to(&to, fd)), 1001);
    close(fd);
    while (tw_dashboard_stream_count(to.dashboard) > 0)
        turn(&to);
    close_house(&to);
}

/* ---- starting ------------------------------------------------------------------------------ */

static void test_a_port_that_is_taken_is_told(void **state) {
    (void)state;
    house to;
    tw_error error = {0};
    open_house(&to);
    tw_engine_config config = engine_config_of();
    tw_engine_ports ports = fake_ports(&desk);
    TW_AUTO(tw_engine) *engine = NULL;
    assert_int_equal(tw_engine_new(NULL, &config, desk.symbols, &ports, &engine, &error), TW_OK);
    const tw_dashboard_config second = {.loop = to.loop,
                                        .port = to.port,
                                        .engine = engine,
                                        .symbols = desk.symbols,
                                        .symbol_count = OPTIONS.symbol_count,
                                        .timeframes_ns = FRAMES_NS,
                                        .timeframe_count = 2,
                                        .venue_name = "",
                                        .strategy = "",
                                        .store = "",
                                        .backend = ""};
    tw_dashboard *dashboard = NULL;
    assert_int_equal(tw_dashboard_start(NULL, &second, &dashboard, &error), TW_BUSY);
    assert_null(dashboard);
    tw_dashboard_free(NULL);
    close_house(&to);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_128_random_bits),
        cmocka_unit_test(test_nothing_is_told_or_done_without_the_token),
        cmocka_unit_test(test_the_state_is_that_of_the_engine),
        cmocka_unit_test(test_an_engine_that_shows_nothing_is_waited_for_and_told),
        cmocka_unit_test(test_only_our_host_is_answered),
        cmocka_unit_test(test_another_origin_is_refused_everywhere),
        cmocka_unit_test(test_the_page_comes_with_its_policy_and_without_a_token),
        cmocka_unit_test(test_a_kill_is_journaled_as_the_page_and_lifted),
        cmocka_unit_test(test_what_is_no_level_is_refused),
        cmocka_unit_test(test_controls_are_limited_for_those_who_have_the_token),
        cmocka_unit_test(test_a_stream_greets_and_tells_the_state),
        cmocka_unit_test(test_a_wrong_token_closes_the_stream),
        cmocka_unit_test(test_a_stream_without_a_token_is_closed_in_time),
        cmocka_unit_test(test_a_selection_has_depth_and_bars),
        cmocka_unit_test(test_each_stream_has_a_selection_of_its_own),
        cmocka_unit_test(test_a_new_selection_is_told_when_the_engine_shows_it),
        cmocka_unit_test(test_a_selection_that_is_not_there_closes),
        cmocka_unit_test(test_the_seventeenth_stream_is_refused),
        cmocka_unit_test(test_a_stream_without_a_token_gives_way),
        cmocka_unit_test(test_silent_connections_keep_nobody_out),
        cmocka_unit_test(test_a_slow_client_misses_states_and_nothing_else),
        cmocka_unit_test(test_the_end_is_told),
        cmocka_unit_test(test_a_port_that_is_taken_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
