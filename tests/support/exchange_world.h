/*
 * exchange_world.h - a whole tw_exchange and its clients in one thread, for tests over the wire.
 *
 * open_world opens an exchange on a free port and a client's loop; `call` makes one HTTP call,
 * listen_to a stream client. Both loops are turned by TURN_UNTIL. The clock is stepped unless the
 * configuration says otherwise, so that every test is deterministic. Include <cmocka.h> first.
 */
#ifndef TRADEWIND_TESTS_EXCHANGE_WORLD_H
#define TRADEWIND_TESTS_EXCHANGE_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exchange_priv.h"
#include "tradewind/socket.h"
#include "tradewind/time.h"

#define DEADLINE_NS (20 * TW_NS_PER_SECOND)
#define BODY_SIZE_MAX (8u << 20)
#define LOG_SIZE (4u << 20)

/* A stream client that writes down every frame, one a line. */
typedef struct listener {
    tw_socket *socket;
    char *log;
    size_t log_size;
    uint32_t frame_count;
    uint64_t record_count; /* trades, quotes, bars and books */
    uint8_t last_kind;
    bool closed;
    uint16_t close_code;
    char close_reason[128];
    void (*on_frame)(void *context, tw_slice frame);
    void *context;
} listener;

typedef struct world {
    tw_exchange *exchange;
    tw_loop *loop;
    tw_http_client *http;
    tw_symbols *symbols; /* the same names in the same order as the exchange's */
    tw_alpaca_reader *reader;
    char base[64];
    bool done;
    bool with_key;
    const char *key; /* of whom calls */
    const char *secret;
    uint32_t http_status;
    char *body; /* of the last answer, NUL-ended */
    char request_id[64];
    char head[4096]; /* status line and headers of the last answer, NUL-ended */
} world;

static world w;

/* ---- turning ---- */

static inline void turn(void) {
    tw_error error = {0};
    if (tw_exchange_turn(w.exchange, 0, &error) != TW_OK)
        fail_msg("the exchange ended: %s", error.message);
    assert_int_equal(tw_loop_turn(w.loop, TW_NS_PER_MS / 4, NULL, NULL), TW_OK);
}

#define TURN_UNTIL(condition)                                        \
    do {                                                             \
        int64_t until_end_ns = tw_time_monotonic_ns() + DEADLINE_NS; \
        while (!(condition)) {                                       \
            if (tw_time_monotonic_ns() > until_end_ns)               \
                fail_msg("%s did not come in time", #condition);     \
            turn();                                                  \
        }                                                            \
    } while (0)

static inline void settle(void) {
    for (int i = 0; i < 20; i++)
        turn();
}

/* ---- calls ---- */

static inline void on_answer(void *context, const tw_http_result *result) {
    (void)context;
    if (result->status != TW_OK)
        fail_msg("no answer: %s", result->message);
    assert_true(result->body.size < BODY_SIZE_MAX);
    if (result->body.size > 0)
        memcpy(w.body, result->body.data, result->body.size);
    w.body[result->body.size] = '\0';
    w.http_status = result->http_status;
    tw_slice id = {0};
    w.request_id[0] = '\0';
    if (tw_http_result_header(result, "X-Request-ID", &id))
        assert_int_equal(tw_slice_copy(id, w.request_id, sizeof w.request_id), TW_OK);
    assert_int_equal(tw_slice_copy(result->head, w.head, sizeof w.head), TW_OK);
    w.done = true;
}

static inline void send_with(const char *method, const char *path, const tw_http_header *headers,
                             size_t header_count, tw_slice body) {
    char url[4096];
    snprintf(url, sizeof url, "%s%s", w.base, path);
    tw_http_call call = {
        .method = method,
        .url = url,
        .headers = headers,
        .header_count = header_count,
        .body = body,
    };
    w.done = false;
    assert_int_equal(tw_http_client_send(w.http, &call, on_answer, NULL, NULL, NULL), TW_OK);
    TURN_UNTIL(w.done);
}

static inline void send_call(const char *method, const char *path, tw_slice body) {
    tw_http_header headers[] = {{tw_slice_of("APCA-API-KEY-ID"), tw_slice_of(w.key)},
                                {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of(w.secret)}};
    send_with(method, path, headers, w.with_key ? 2 : 0, body);
}

static inline const char *call(const char *method, const char *path, const char *body) {
    send_call(method, path, body == NULL ? (tw_slice){0} : tw_slice_of(body));
    return w.body;
}

static inline void assert_answer(const char *method, const char *path, const char *body,
                                 uint32_t status, const char *expected) {
    call(method, path, body);
    assert_string_equal(w.body, expected);
    assert_int_equal(w.http_status, status);
}

static inline const char *get(const char *path) {
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 200);
    return w.body;
}

/* A text that was looked for and not found is NULL: that fails, too. */
static inline void assert_has(const char *text, const char *piece) {
    assert_non_null(text);
    if (strstr(text, piece) == NULL)
        fail_msg("%s is not in %.2000s", piece, text);
}

static inline uint32_t count_of(const char *text, const char *piece) {
    uint32_t count = 0;
    for (const char *at = strstr(text, piece); at != NULL; at = strstr(at + 1, piece))
        count++;
    return count;
}

static inline uint64_t number_in(const char *text, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in %.500s", name, text);
    return strtoull(at + strlen(key), NULL, 10);
}

/* Writes the text after "name":" into a buffer of 64. */
static inline void word_in(const char *text, const char *name, char *buffer) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in %.500s", name, text);
    at += strlen(key);
    snprintf(buffer, 64, "%.*s", (int)strcspn(at, "\""), at);
}

static inline const char *step(const char *span) {
    char path[64];
    snprintf(path, sizeof path, "/sim/clock/step?span=%s", span);
    call("POST", path, "");
    assert_int_equal(w.http_status, 200);
    return w.body;
}

/* Moves the clock on at once; "open", "close" or a time. */
static inline void jump_world(const char *to) {
    char path[96];
    snprintf(path, sizeof path, "/sim/clock/jump?to=%s", to);
    call("POST", path, "");
    assert_int_equal(w.http_status, 200);
}

/* ---- fixture ---- */

static inline tw_exchange_config configuration(void) {
    tw_exchange_config config;
    tw_exchange_config_init(&config);
    config.symbols = "MSFT,AAPL,BRK.B";
    config.clock = TW_EXCHANGE_STEP;
    config.history_days = 30;
    config.order_count_max = 4096;
    return config;
}

static inline void open_world(const tw_exchange_config *config) {
    memset(&w, 0, sizeof w);
    w.with_key = true;
    w.key = "demo";
    w.secret = "demo";
    tw_error error = {0};
    if (tw_exchange_open(NULL, config, &w.exchange, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tw_loop_new(NULL, &w.loop, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(w.loop, NULL, &w.http, NULL), TW_OK);
    assert_int_equal(tw_symbols_new(NULL, 64, &w.symbols), TW_OK);
    for (uint32_t s = 0; s < tw_exchange_symbol_count(w.exchange); s++) {
        tw_symbol symbol;
        assert_int_equal(tw_symbols_intern(w.symbols,
                                           tw_slice_of(tw_exchange_symbol_name(w.exchange, s)),
                                           &symbol),
                         TW_OK);
    }
    assert_int_equal(tw_alpaca_reader_new(NULL, BODY_SIZE_MAX, 4096, w.symbols, &w.reader), TW_OK);
    w.body = malloc(BODY_SIZE_MAX);
    assert_non_null(w.body);
    snprintf(w.base, sizeof w.base, "http://127.0.0.1:%u", tw_exchange_port(w.exchange));
}

static inline void close_world(void) {
    tw_http_client_free(w.http);
    tw_alpaca_reader_free(w.reader);
    tw_symbols_free(w.symbols);
    tw_loop_free(w.loop);
    tw_exchange_close(w.exchange);
    free(w.body);
    memset(&w, 0, sizeof w);
}

static inline int set_up(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    open_world(&config);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    close_world();
    return 0;
}

/* ---- listeners ---- */

static inline uint32_t count_records(tw_slice frame) {
    static const char head[] = "\"T\":\"";
    uint32_t count = 0;
    const char *end = frame.data + frame.size;
    for (const char *at = frame.data;
         (at = memmem(at, (size_t)(end - at), head, sizeof head - 1)) != NULL;) {
        at += sizeof head - 1;
        count += end - at > 1 && at[1] == '"' && strchr("tqbo", at[0]) != NULL;
    }
    return count;
}

static inline void on_frame(void *context, tw_socket *socket, const tw_socket_message *message) {
    listener *l = context;
    (void)socket;
    l->frame_count++;
    l->record_count += count_records(message->data);
    l->last_kind = message->kind;
    if (l->on_frame != NULL)
        l->on_frame(l->context, message->data);
    if (l->log_size + message->data.size + 2 > LOG_SIZE)
        return;
    memcpy(l->log + l->log_size, message->data.data, message->data.size);
    l->log_size += message->data.size;
    l->log[l->log_size++] = '\n';
    l->log[l->log_size] = '\0';
}

static inline void on_closed(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    listener *l = context;
    (void)socket;
    l->closed = true;
    l->close_code = ending->code;
    snprintf(l->close_reason, sizeof l->close_reason, "%.*s", (int)ending->reason.size,
             ending->reason.data);
}

/* With headers of its own in the handshake, and an offer to deflate. */
static inline void listen_with(listener *l, const char *path, const tw_socket_header *headers,
                               size_t header_count, bool deflate) {
    char url[128];
    memset(l, 0, sizeof *l);
    l->log = calloc(1, LOG_SIZE);
    assert_non_null(l->log);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u%s", tw_exchange_port(w.exchange), path);
    tw_socket_config config = {
        .message_size_max = 16u << 20, .on_message = on_frame, .on_close = on_closed, .context = l};
    config.deflate.on = deflate;
    tw_socket_call request = {.url = url, .headers = headers, .header_count = header_count};
    assert_int_equal(tw_socket_connect(w.loop, &request, &config, &l->socket, NULL), TW_OK);
    TURN_UNTIL(tw_socket_get_state(l->socket) == TW_SOCKET_OPEN);
}

static inline void listen_to(listener *l, const char *path) {
    listen_with(l, path, NULL, 0, false);
}

static inline void hang_up(listener *l) {
    tw_socket_free(l->socket);
    free(l->log);
    memset(l, 0, sizeof *l);
}

/* Says a line and returns the next frame that comes back. */
static inline const char *ask(listener *l, const char *line) {
    size_t before = l->log_size;
    uint32_t frames = l->frame_count;
    assert_int_equal(tw_socket_send(l->socket, TW_SOCKET_TEXT, tw_slice_of(line)), TW_OK);
    TURN_UNTIL(l->frame_count > frames || l->closed);
    return l->log + before;
}

static inline void listen_to_data(listener *l, const char *subscribe) {
    listen_to(l, "/v2/iex");
    TURN_UNTIL(l->frame_count == 1);
    assert_string_equal(l->log, "[{\"T\":\"success\",\"msg\":\"connected\"}]\n");
    assert_string_equal(ask(l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
                        "[{\"T\":\"success\",\"msg\":\"authenticated\"}]\n");
    if (subscribe != NULL)
        assert_has(ask(l, subscribe), "\"T\":\"subscription\"");
}

static inline void listen_to_updates(listener *l) {
    listen_to(l, "/stream");
    assert_has(ask(l, "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"demo\","
                      "\"secret_key\":\"demo\"}}"),
               "\"status\":\"authorized\"");
    assert_has(ask(l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}"),
               "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
}

/* ---- orders and files ---- */

#define LIMIT_BUY(id, price)                                                                  \
    "{\"symbol\":\"AAPL\",\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\",\"limit_price\":" \
    "\"" price "\",\"time_in_force\":\"gtc\",\"client_order_id\":\"" id "\"}"
#define MARKET(side, symbol, qty)                                     \
    "{\"symbol\":\"" symbol "\",\"qty\":\"" qty "\",\"side\":\"" side \
    "\",\"type\":\"market\",\"time_in_force\":\"day\"}"

static inline void write_file(char path[64], const char *text) {
    snprintf(path, 64, "/tmp/tradewind-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
}

#endif
