/*
 * wire_exchange.c - the whole exchange over real sockets: what clients see.
 *
 * Exchange and clients are turned by one thread, each with a loop of its own. The clock is stepped
 * unless a test says otherwise, so that every test is deterministic.
 */
#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
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

#include "exchange_priv.h"
#include "failing_heap.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/book.h"
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
    uint32_t http_status;
    char *body; /* of the last answer, NUL-ended */
    char request_id[64];
} world;

static world w;

/* ---- turning ---- */

static void turn(void) {
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

static void settle(void) {
    for (int i = 0; i < 20; i++)
        turn();
}

/* ---- calls ---- */

static void on_answer(void *context, const tw_http_result *result) {
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
    w.done = true;
}

static void send_call(const char *method, const char *path, tw_slice body) {
    char url[4096];
    snprintf(url, sizeof url, "%s%s", w.base, path);
    tw_http_header headers[] = {{tw_slice_of("APCA-API-KEY-ID"), tw_slice_of("demo")},
                                {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("demo")}};
    tw_http_call call = {
        .method = method,
        .url = url,
        .headers = headers,
        .header_count = w.with_key ? 2 : 0,
        .body = body,
    };
    w.done = false;
    assert_int_equal(tw_http_client_send(w.http, &call, on_answer, NULL, NULL, NULL), TW_OK);
    TURN_UNTIL(w.done);
}

static const char *call(const char *method, const char *path, const char *body) {
    send_call(method, path, body == NULL ? (tw_slice){0} : tw_slice_of(body));
    return w.body;
}

static void assert_answer(const char *method, const char *path, const char *body, uint32_t status,
                          const char *expected) {
    call(method, path, body);
    assert_string_equal(w.body, expected);
    assert_int_equal(w.http_status, status);
}

static const char *get(const char *path) {
    call("GET", path, NULL);
    assert_int_equal(w.http_status, 200);
    return w.body;
}

static void assert_has(const char *text, const char *piece) {
    if (strstr(text, piece) == NULL)
        fail_msg("%s is not in %.2000s", piece, text);
}

static uint32_t count_of(const char *text, const char *piece) {
    uint32_t count = 0;
    for (const char *at = strstr(text, piece); at != NULL; at = strstr(at + 1, piece))
        count++;
    return count;
}

static uint64_t number_in(const char *text, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in %.500s", name, text);
    return strtoull(at + strlen(key), NULL, 10);
}

/* Writes the text after "name":" into a buffer of 64. */
static void word_in(const char *text, const char *name, char *buffer) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(text, key);
    if (at == NULL)
        fail_msg("no %s in %.500s", name, text);
    at += strlen(key);
    snprintf(buffer, 64, "%.*s", (int)strcspn(at, "\""), at);
}

static const char *step(const char *span) {
    char path[64];
    snprintf(path, sizeof path, "/sim/clock/step?span=%s", span);
    call("POST", path, "");
    assert_int_equal(w.http_status, 200);
    return w.body;
}

/* ---- fixture ---- */

static tw_exchange_config configuration(void) {
    tw_exchange_config config;
    tw_exchange_config_init(&config);
    config.symbols = "MSFT,AAPL,BRK.B";
    config.clock = TW_EXCHANGE_STEP;
    config.history_days = 30;
    config.order_count_max = 4096;
    return config;
}

static void open_world(const tw_exchange_config *config) {
    memset(&w, 0, sizeof w);
    w.with_key = true;
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

static void close_world(void) {
    tw_http_client_free(w.http);
    tw_alpaca_reader_free(w.reader);
    tw_symbols_free(w.symbols);
    tw_loop_free(w.loop);
    tw_exchange_close(w.exchange);
    free(w.body);
    memset(&w, 0, sizeof w);
}

static int set_up(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    open_world(&config);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    close_world();
    return 0;
}

/* ---- listeners ---- */

static uint32_t count_records(tw_slice frame) {
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

static void on_frame(void *context, tw_socket *socket, const tw_socket_message *message) {
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

static void on_closed(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    listener *l = context;
    (void)socket;
    l->closed = true;
    l->close_code = ending->code;
    snprintf(l->close_reason, sizeof l->close_reason, "%.*s", (int)ending->reason.size,
             ending->reason.data);
}

static void listen_to(listener *l, const char *path) {
    char url[128];
    memset(l, 0, sizeof *l);
    l->log = calloc(1, LOG_SIZE);
    assert_non_null(l->log);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u%s", tw_exchange_port(w.exchange), path);
    tw_socket_config config = {
        .message_size_max = 16u << 20, .on_message = on_frame, .on_close = on_closed, .context = l};
    tw_socket_call request = {.url = url};
    assert_int_equal(tw_socket_connect(w.loop, &request, &config, &l->socket, NULL), TW_OK);
    TURN_UNTIL(tw_socket_get_state(l->socket) == TW_SOCKET_OPEN);
}

static void hang_up(listener *l) {
    tw_socket_free(l->socket);
    free(l->log);
    memset(l, 0, sizeof *l);
}

/* Says a line and returns the next frame that comes back. */
static const char *ask(listener *l, const char *line) {
    size_t before = l->log_size;
    uint32_t frames = l->frame_count;
    assert_int_equal(tw_socket_send(l->socket, TW_SOCKET_TEXT, tw_slice_of(line)), TW_OK);
    TURN_UNTIL(l->frame_count > frames || l->closed);
    return l->log + before;
}

static void listen_to_data(listener *l, const char *subscribe) {
    listen_to(l, "/v2/iex");
    TURN_UNTIL(l->frame_count == 1);
    assert_string_equal(l->log, "[{\"T\":\"success\",\"msg\":\"connected\"}]\n");
    assert_string_equal(ask(l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
                        "[{\"T\":\"success\",\"msg\":\"authenticated\"}]\n");
    if (subscribe != NULL)
        assert_has(ask(l, subscribe), "\"T\":\"subscription\"");
}

static void listen_to_updates(listener *l) {
    listen_to(l, "/stream");
    assert_has(ask(l, "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"demo\","
                      "\"secret_key\":\"demo\"}}"),
               "\"status\":\"authorized\"");
    assert_has(ask(l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}"),
               "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
}

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
    assert_int_equal(account.buying_power.nano, 100000 * TW_NANO);
    assert_has(w.body, "\"status\":\"ACTIVE\"");
    assert_has(w.body, "\"multiplier\":\"1\"");
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

#define LIMIT_BUY(id, price)                                                                  \
    "{\"symbol\":\"AAPL\",\"qty\":\"2\",\"side\":\"buy\",\"type\":\"limit\",\"limit_price\":" \
    "\"" price "\",\"time_in_force\":\"gtc\",\"client_order_id\":\"" id "\"}"
#define MARKET(side, symbol, qty)                                     \
    "{\"symbol\":\"" symbol "\",\"qty\":\"" qty "\",\"side\":\"" side \
    "\",\"type\":\"market\",\"time_in_force\":\"day\"}"

static void wrong_orders_are_refused_in_the_venues_words(void **state) {
    (void)state;
    assert_answer("POST", "/v2/orders", MARKET("buy", "NONE", "1"), 422,
                  "{\"code\":42210000,\"message\":\"asset \\\"NONE\\\" not found\"}");
    assert_answer("POST", "/v2/orders", MARKET("hold", "AAPL", "1"), 422,
                  "{\"code\":40010001,\"message\":\"invalid side: \\\"hold\\\"\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "0"), 422,
                  "{\"code\":40010001,\"message\":\"qty must be > 0\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "9000000000"), 422,
                  "{\"code\":40010001,\"message\":\"qty is out of range\"}");
    assert_answer("POST", "/v2/orders", MARKET("buy", "AAPL", "90000"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient buying power\"}");
    assert_answer("POST", "/v2/orders", MARKET("sell", "AAPL", "1.5"), 403,
                  "{\"code\":40310000,\"message\":\"insufficient qty available for order "
                  "(requested: 1.5, available: 0)\"}");
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
    assert_has(w.body, "\"buying_power\":\"99997\"");
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

static void wrong_bar_queries_are_refused(void **state) {
    (void)state;
    assert_answer("GET", "/v2/stocks/bars?timeframe=1Day", NULL, 400,
                  "{\"message\":\"symbols is required\"}");
    assert_answer("GET", "/v2/stocks/bars?symbols=AAPL", NULL, 400,
                  "{\"message\":\"invalid timeframe: \"}");
    assert_answer("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Week", NULL, 400,
                  "{\"message\":\"timeframes above 1Day are not served here\"}");
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
    assert_answer("GET", "/v2/stocks/AAPL/trades/latest", NULL, 404,
                  "{\"message\":\"no trade found for AAPL\"}");
    assert_answer("GET", "/v2/stocks/trades/latest?symbols=AAPL,MSFT", NULL, 200,
                  "{\"trades\":{}}");
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

/* ---- market data stream ---- */

static void the_data_stream_guards_its_door(void **state) {
    (void)state;
    listener l;
    listen_to(&l, "/v2/sip");
    TURN_UNTIL(l.frame_count == 1);
    assert_string_equal(ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"*\"]}"),
                        "[{\"T\":\"error\",\"code\":401,\"msg\":\"not authenticated\"}]\n");
    assert_string_equal(ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"wrong\"}"),
                        "[{\"T\":\"error\",\"code\":402,\"msg\":\"auth failed\"}]\n");
    assert_string_equal(ask(&l, "{\"action\":"),
                        "[{\"T\":\"error\",\"code\":400,\"msg\":\"invalid syntax\"}]\n");
    assert_string_equal(ask(&l, "{\"action\":\"dance\"}"),
                        "[{\"T\":\"error\",\"code\":400,\"msg\":\"invalid syntax\"}]\n");
    step("1s");
    settle();
    assert_int_equal(l.frame_count, 5); /* the welcome and four errors, no data */
    assert_string_equal(ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
                        "[{\"T\":\"success\",\"msg\":\"authenticated\"}]\n");
    assert_string_equal(ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
                        "[{\"T\":\"error\",\"code\":403,\"msg\":\"already authenticated\"}]\n");
    hang_up(&l);
    settle();
    assert_int_equal(streams_client_count(w.exchange->streams), 0);
}

static void a_client_that_does_not_authenticate_is_closed(void **state) {
    (void)state;
    listener data;
    listener trading;
    listener good;
    listen_to(&data, "/v2/iex");
    listen_to(&trading, "/stream");
    listen_to_data(&good, NULL);
    TURN_UNTIL(data.frame_count == 1);
    int64_t now_ns = tw_loop_now_ns(w.exchange->loop);
    streams_tick(w.exchange->streams, now_ns + 9 * TW_NS_PER_SECOND);
    settle();
    assert_false(data.closed || trading.closed);
    streams_tick(w.exchange->streams, now_ns + 11 * TW_NS_PER_SECOND);
    streams_tick(w.exchange->streams, now_ns + 12 * TW_NS_PER_SECOND); /* says it once only */
    TURN_UNTIL(data.closed && trading.closed);
    assert_string_equal(data.log, "[{\"T\":\"success\",\"msg\":\"connected\"}]\n"
                                  "[{\"T\":\"error\",\"code\":404,\"msg\":\"auth timeout\"}]\n");
    assert_int_equal(data.close_code, TW_SOCKET_POLICY);
    assert_string_equal(trading.close_reason, "auth timeout");
    assert_false(good.closed);
    hang_up(&data);
    hang_up(&trading);
    hang_up(&good);
}

static void subscriptions_are_answered_whole(void **state) {
    (void)state;
    listener l;
    listen_to_data(&l, NULL);
    assert_string_equal(
        ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\",\"NONE\"],\"bars\":[\"*\"]}"),
        "[{\"T\":\"subscription\",\"trades\":[\"AAPL\"],\"quotes\":[],\"bars\":[\"*\"],"
        "\"updatedBars\":[],\"dailyBars\":[],\"orderbooks\":[]}]\n");
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"quotes\":[\"MSFT\",\"AAPL\"]}"),
               "\"trades\":[\"AAPL\"],\"quotes\":[\"MSFT\",\"AAPL\"],\"bars\":[\"*\"]");
    assert_has(ask(&l, "{\"action\":\"unsubscribe\",\"quotes\":[\"MSFT\"],\"bars\":[\"*\"]}"),
               "\"trades\":[\"AAPL\"],\"quotes\":[\"AAPL\"],\"bars\":[]");
    size_t before = l.log_size;
    uint64_t told = number_in(step("10s"), "data_messages");
    TURN_UNTIL(l.record_count == told);
    settle();
    assert_int_equal(count_of(l.log + before, "\"T\":"), told);
    assert_true(count_of(l.log + before, "\"T\":\"t\"") > 5);
    assert_true(count_of(l.log + before, "\"T\":\"q\"") > 20);
    assert_int_equal(count_of(l.log + before, "\"MSFT\""), 0);
    assert_int_equal(count_of(l.log + before, "\"T\":\"b\""), 0);
    hang_up(&l);
}

typedef struct book_follower {
    tw_book *book;
    uint32_t snapshots;
    uint32_t levels;
    tw_status status; /* the first that was not TW_OK */
} book_follower;

static void follow_level(void *context, const tw_level *level) {
    book_follower *follower = context;
    follower->snapshots += level->clear;
    follower->levels++;
    tw_status status = tw_book_set_level(follower->book, level);
    if (follower->status == TW_OK)
        follower->status = status;
}

static void follow_frame(void *context, tw_slice frame) {
    book_follower *follower = context;
    tw_alpaca_events events = {.context = context, .on_level = follow_level};
    tw_status status = tw_alpaca_decode_stream(w.reader, frame, &events, NULL);
    if (follower->status == TW_OK)
        follower->status = status;
}

typedef struct quote_seen {
    tw_quote quote;
    uint32_t count;
} quote_seen;

static void keep_quote(void *context, const tw_quote *quote) {
    quote_seen *seen = context;
    seen->quote = *quote;
    seen->count++;
}

static void assert_best_is_the_latest_quote(const book_follower *follower) {
    assert_int_equal(follower->status, TW_OK);
    for (tw_symbol s = 0; s < tw_symbols_count(w.symbols); s++) {
        char path[128];
        quote_seen seen = {0};
        snprintf(path, sizeof path, "/v2/stocks/%s/quotes/latest", tw_symbols_name(w.symbols, s));
        get(path);
        tw_alpaca_events events = {.context = &seen, .on_quote = keep_quote};
        tw_alpaca_page_options options = {0};
        assert_int_equal(
            tw_alpaca_decode_page(w.reader, tw_slice_of(w.body), &options, &events, NULL, NULL),
            TW_OK);
        assert_int_equal(seen.count, 1);
        tw_quote best;
        tw_book_best(follower->book, s, &best);
        assert_int_equal(best.bid_price.nano, seen.quote.bid_price.nano);
        assert_int_equal(best.ask_price.nano, seen.quote.ask_price.nano);
        assert_int_equal(best.bid_size.nano, seen.quote.bid_size.nano);
        assert_int_equal(best.ask_size.nano, seen.quote.ask_size.nano);
    }
}

static void a_followed_book_is_the_exchanges_own(void **state) {
    (void)state;
    const tw_book_config config = {
        .symbol_count_max = 3, .order_count_max = 1, .level_count_max = 4096};
    book_follower follower = {0};
    assert_int_equal(tw_book_new(NULL, &config, &follower.book), TW_OK);
    listener l;
    listen_to_data(&l, NULL);
    l.on_frame = follow_frame;
    l.context = &follower;
    ask(&l, "{\"action\":\"subscribe\",\"orderbooks\":[\"*\"]}");
    TURN_UNTIL(follower.snapshots == 3 || follower.status != TW_OK);
    assert_best_is_the_latest_quote(&follower);
    for (int i = 0; i < 30; i++) {
        if (i % 3 == 0)
            call("POST", "/v2/orders", MARKET("buy", "AAPL", "20"));
        if (i % 5 == 0)
            call("POST", "/v2/orders", MARKET("sell", "AAPL", "7.5"));
        uint64_t told = number_in(step("1s"), "data_messages");
        TURN_UNTIL(l.record_count == told);
        assert_best_is_the_latest_quote(&follower);
        tw_level levels[4096];
        size_t count = floor_snapshot(w.exchange->floor, 1, levels, 4096);
        for (size_t k = 0; k < count; k++)
            assert_int_equal(
                tw_book_quantity_at(follower.book, 1, (tw_side)levels[k].side, levels[k].price)
                    .nano,
                levels[k].quantity.nano);
    }
    assert_int_equal(follower.snapshots, 3);
    tw_book_free(follower.book);
    hang_up(&l);
}

/* ---- trading stream ---- */

static void the_trading_stream_guards_its_door(void **state) {
    (void)state;
    listener l;
    listen_to(&l, "/stream");
    assert_has(ask(&l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}"),
               "{\"stream\":\"authorization\",\"data\":{\"status\":\"unauthorized\",\"action\":"
               "\"listen\"}}");
    assert_has(ask(&l, "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"demo\","
                       "\"secret_key\":\"no\"}}"),
               "{\"stream\":\"authorization\",\"data\":{\"status\":\"unauthorized\",\"action\":"
               "\"authenticate\"}}");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    assert_has(ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"),
               "\"status\":\"authorized\"");
    assert_has(ask(&l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"wishes\"]}}"),
               "{\"stream\":\"listening\",\"data\":{\"streams\":[]}}");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    settle();
    assert_int_equal(l.frame_count, 4);
    ask(&l, "{\"action\":");
    TURN_UNTIL(l.closed);
    assert_int_equal(l.close_code, TW_SOCKET_POLICY);
    hang_up(&l);
}

typedef struct updates_seen {
    tw_alpaca_order_update last;
    char words[4096];
    int64_t filled_nano;
    uint32_t count;
} updates_seen;

static void keep_update(updates_seen *seen, const tw_alpaca_order_update *update) {
    size_t used = strlen(seen->words);
    snprintf(seen->words + used, sizeof seen->words - used, "%s ", update->event_word);
    if (update->event == TW_ALPACA_EVENT_FILL || update->event == TW_ALPACA_EVENT_PARTIAL_FILL) {
        seen->filled_nano += update->quantity.nano;
        assert_int_equal(update->order.order.filled.nano, seen->filled_nano);
        assert_int_equal(update->position.nano, seen->filled_nano);
        assert_true(update->price.nano > 0);
        assert_int_equal(strlen(update->execution_id), 36);
    }
    seen->last = *update;
    seen->count++;
}

static void keep_update_frame(void *context, tw_slice frame) {
    tw_alpaca_trading_message message;
    assert_int_equal(tw_alpaca_decode_trading(w.reader, frame, &message, NULL), TW_OK);
    assert_int_equal(message.kind, TW_ALPACA_TRADING_UPDATE);
    keep_update(context, &message.update);
}

static void fills_are_told_in_order_and_add_up(void **state) {
    (void)state;
    listener l;
    updates_seen seen = {0};
    listen_to_updates(&l);
    l.on_frame = keep_update_frame;
    l.context = &seen;
    step("2s");
    /* More than stands at the best ask, and less than the account's money. */
    call("POST", "/v2/orders",
         "{\"symbol\":\"BRK.B\",\"notional\":\"90000\",\"side\":\"buy\",\"type\":\"market\","
         "\"time_in_force\":\"day\",\"client_order_id\":\"big\"}");
    assert_int_equal(w.http_status, 200);
    uint64_t told = number_in(get("/sim/clock"), "trading_messages");
    TURN_UNTIL(seen.count == told);
    assert_int_equal(l.last_kind, TW_SOCKET_BINARY);
    assert_true(told >= 2);
    assert_memory_equal(seen.words, "new ", 4);
    for (uint64_t i = 1; i + 1 < told; i++)
        assert_memory_equal(seen.words + 4 + (i - 1) * 13, "partial_fill ", 13);
    assert_string_equal(seen.words + 4 + (told - 2) * 13, "fill ");
    assert_int_equal(seen.last.order.order.filled.nano, seen.last.order.order.quantity.nano);
    assert_int_equal(seen.last.order.order.status, TW_ORDER_FILLED);
    assert_string_equal(seen.last.order.order.client_order_id, "big");
    /* A resting order, cancelled. */
    seen.words[0] = '\0';
    call("POST", "/v2/orders", LIMIT_BUY("rest", "1.5"));
    call("DELETE", "/v2/orders", NULL);
    TURN_UNTIL(seen.count == told + 2);
    assert_string_equal(seen.words, "new canceled ");
    hang_up(&l);
}

/* ---- our own client ---- */

typedef struct client_view {
    bool ready;
    bool done;
    int64_t cash_nano;
    char status[32];
    uint32_t updates;
    tw_status submit_status;
} client_view;

static void view_ready(void *context) {
    ((client_view *)context)->ready = true;
}

static void view_update(void *context, const tw_alpaca_order_update *update, int64_t received_ns) {
    client_view *view = context;
    (void)received_ns;
    view->updates++;
    snprintf(view->status, sizeof view->status, "%s", update->event_word);
}

static void view_account(void *context, const tw_alpaca_result *result,
                         const tw_alpaca_account *account) {
    client_view *view = context;
    assert_int_equal(result->status, TW_OK);
    view->cash_nano = account->cash.nano;
    view->done = true;
}

static void view_order(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_order *order) {
    client_view *view = context;
    view->submit_status = result->status;
    assert_true((order != NULL) == (result->status == TW_OK));
    view->done = true;
}

static void our_own_client_trades_here(void **state) {
    (void)state;
    client_view view = {0};
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/stream", tw_exchange_port(w.exchange));
    tw_alpaca_stream_config stream_config = {
        .kind = TW_ALPACA_STREAM_TRADING, .url = url, .key_id = "demo", .secret = "demo"};
    tw_alpaca_stream_callbacks callbacks = {
        .context = &view, .on_ready = view_ready, .on_order_update = view_update};
    tw_alpaca_stream *stream = NULL;
    assert_int_equal(
        tw_alpaca_stream_new(NULL, w.loop, &stream_config, &callbacks, w.symbols, &stream), TW_OK);
    assert_int_equal(tw_alpaca_stream_open(stream, NULL), TW_OK);
    TURN_UNTIL(view.ready);
    tw_alpaca_client_config config = {
        .trading_url = w.base, .data_url = w.base, .key_id = "demo", .secret = "demo"};
    tw_alpaca_client *client = NULL;
    assert_int_equal(tw_alpaca_client_new(NULL, w.loop, w.http, &config, w.symbols, &client),
                     TW_OK);
    tw_order order = {.client_order_id = "ours",
                      .quantity = {TW_NANO},
                      .symbol = 1,
                      .side = TW_SIDE_BUY,
                      .type = TW_ORDER_MARKET,
                      .time_in_force = TW_DAY};
    tw_alpaca_order_request request;
    tw_alpaca_request_from(&order, w.symbols, &request);
    assert_int_equal(tw_alpaca_client_submit(client, &request, view_order, &view), TW_OK);
    TURN_UNTIL(view.done && view.updates == 2);
    assert_int_equal(view.submit_status, TW_OK);
    assert_string_equal(view.status, "fill");
    view.done = false;
    assert_int_equal(tw_alpaca_client_submit(client, &request, view_order, &view), TW_OK);
    TURN_UNTIL(view.done);
    assert_int_equal(view.submit_status, TW_REFUSED); /* the id is taken for ever */
    view.done = false;
    assert_int_equal(tw_alpaca_client_account(client, view_account, &view), TW_OK);
    TURN_UNTIL(view.done);
    assert_true(view.cash_nano > 0 && view.cash_nano < 100000 * TW_NANO);
    tw_alpaca_client_free(client);
    tw_alpaca_stream_free(stream);
}

/* ---- the clock ---- */

/* What a client sees of a session with orders, as one hash of all bytes. */
static uint64_t transcript(uint64_t seed) {
    tw_exchange_config config = configuration();
    config.seed = seed;
    open_world(&config);
    listener data;
    listener trading;
    listen_to_data(&data, "{\"action\":\"subscribe\",\"trades\":[\"*\"],\"quotes\":[\"*\"],"
                          "\"bars\":[\"*\"],\"orderbooks\":[\"*\"]}");
    listen_to_updates(&trading);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 70; i++) {
        if (i % 10 == 0)
            call("POST", "/v2/orders", MARKET("buy", "MSFT", "3"));
        if (i % 10 == 5)
            call("POST", "/v2/orders", MARKET("sell", "MSFT", "3"));
        step("1s");
        uint64_t told = number_in(w.body, "data_messages");
        uint64_t updates = number_in(w.body, "trading_messages");
        TURN_UNTIL(data.record_count == told && trading.frame_count == 2 + updates);
        for (const char *p = w.body; *p != '\0'; p++)
            hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    }
    assert_true(data.log_size < LOG_SIZE - 65536);
    assert_true(count_of(data.log, "\"T\":\"b\"") >= 3);
    for (size_t i = 0; i < data.log_size; i++)
        hash = (hash ^ (uint8_t)data.log[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < trading.log_size; i++)
        hash = (hash ^ (uint8_t)trading.log[i]) * UINT64_C(0x100000001b3);
    hang_up(&data);
    hang_up(&trading);
    close_world();
    return hash;
}

static void the_same_seed_and_steps_give_the_same_bytes(void **state) {
    (void)state;
    uint64_t first = transcript(4);
    assert_true(first == transcript(4));
    assert_true(first != transcript(5));
}

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

static void write_file(char path[64], const char *text) {
    snprintf(path, 64, "/tmp/tradewind-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
}

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

/* ---- bad company ---- */

static int connect_raw(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tw_exchange_port(w.exchange)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)!connect(fd, (struct sockaddr *)&address, sizeof address);
    settle();
    return fd;
}

static void random_bytes_break_nothing(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 99, 0);
    static const char *const starts[] = {"", "GET /v2/orders", "POST /v2/orders HTTP/1.1\r\n",
                                         "GET /stream HTTP/1.1\r\nUpgrade: websocket\r\n"};
    for (int i = 0; i < 40; i++) {
        char bytes[512];
        const char *start = starts[tw_random_below(&random, 4)];
        size_t size = strlen(start);
        memcpy(bytes, start, size);
        size_t end = size + tw_random_below(&random, sizeof bytes - size);
        while (size < end)
            bytes[size++] = (char)tw_random_next(&random);
        int fd = connect_raw();
        (void)!send(fd, bytes, size, MSG_NOSIGNAL);
        turn();
        close(fd);
        turn();
    }
    get("/v2/account");
}

/* A piece of JSON-like text made of words that the exchange knows. */
static size_t random_json(tw_random *random, char *buffer, size_t capacity) {
    static const char *const words[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        ",",
                                        "\"action\"",
                                        "\"subscribe\"",
                                        "\"auth\"",
                                        "\"key\"",
                                        "\"secret\"",
                                        "\"demo\"",
                                        "\"trades\"",
                                        "\"orderbooks\"",
                                        "\"*\"",
                                        "\"AAPL\"",
                                        "\"symbol\"",
                                        "\"qty\"",
                                        "\"1\"",
                                        "-1",
                                        "1e308",
                                        "99999999999999999999",
                                        "\"side\"",
                                        "\"buy\"",
                                        "\"type\"",
                                        "\"market\"",
                                        "\"limit\"",
                                        "\"limit_price\"",
                                        "\"time_in_force\"",
                                        "\"day\"",
                                        "null",
                                        "true",
                                        "\"data\"",
                                        "\"streams\"",
                                        "\"listen\"",
                                        "\"\\ud800\"",
                                        "\"notional\"",
                                        "\"0.000000001\"",
                                        "\"unsubscribe\"",
                                        "\"order_class\"",
                                        "\"client_order_id\"",
                                        "\"\""};
    size_t size = 0;
    uint64_t count = 1 + tw_random_below(random, 24);
    for (uint64_t i = 0; i < count; i++) {
        const char *word = words[tw_random_below(random, sizeof words / sizeof words[0])];
        size_t length = strlen(word);
        if (size + length > capacity)
            break;
        memcpy(buffer + size, word, length);
        size += length;
    }
    return size;
}

/* A request for an order with good names and random values. */
static size_t random_request(tw_random *random, char *buffer, size_t capacity) {
    static const char *const values[] = {"1",    "0.5",   "2",     "1e18", "9223372036.854775807",
                                         "0",    "",      "100",   "abc",  "0.000000001",
                                         "1.01", "0.001", "99999", "3.33"};
    static const char *const types[] = {"market", "market", "market", "limit",
                                        "limit",  "limit",  "stop",   ""};
    static const char *const times[] = {"day", "day", "day", "gtc", "ioc", "fok", "opg", "x"};
    int size = snprintf(
        buffer, capacity,
        "{\"symbol\":\"%s\",\"%s\":\"%s\",\"side\":\"%s\",\"type\":\"%s\",\"time_in_force\":\"%s\"",
        tw_random_below(random, 4) == 0 ? "NONE" : "AAPL",
        tw_random_below(random, 4) == 0 ? "notional" : "qty", values[tw_random_below(random, 14)],
        tw_random_below(random, 2) == 0 ? "buy" : "sell", types[tw_random_below(random, 5)],
        times[tw_random_below(random, 6)]);
    if (tw_random_below(random, 2) == 0)
        size += snprintf(buffer + size, capacity - (size_t)size, ",\"limit_price\":\"%s\"",
                         values[tw_random_below(random, 14)]);
    size += snprintf(buffer + size, capacity - (size_t)size, "}");
    return (size_t)size;
}

static void random_orders_break_nothing(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 7, 0);
    uint32_t accepted = 0;
    for (int i = 0; i < 1500; i++) {
        char body[512];
        size_t size = i % 3 == 0 ? random_json(&random, body, sizeof body)
                                 : random_request(&random, body, sizeof body);
        send_call("POST", "/v2/orders", (tw_slice){body, size});
        if (w.http_status != 200 && w.http_status != 403 && w.http_status != 422)
            fail_msg("%u: %s", w.http_status, w.body);
        accepted += w.http_status == 200;
        if (i % 50 == 0)
            step("200ms");
    }
    if (accepted < 20)
        fail_msg("only %u orders were accepted", accepted);
    ledger_check(w.exchange->ledger);
    tw_match_check(floor_match(w.exchange->floor));
}

static void random_commands_break_nothing(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 8, 0);
    for (int round = 0; round < 12; round++) {
        listener l;
        listen_to(&l, round % 2 == 0 ? "/v2/iex" : "/stream");
        if (round % 4 == 0)
            ask(&l, "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}");
        for (int i = 0; i < 40 && !l.closed; i++) {
            char body[512];
            size_t size = random_json(&random, body, sizeof body);
            if (tw_socket_send(l.socket, i % 2 == 0 ? TW_SOCKET_TEXT : TW_SOCKET_BINARY,
                               (tw_slice){body, size}) != TW_OK)
                break;
            turn();
        }
        hang_up(&l);
    }
    settle();
    assert_int_equal(streams_client_count(w.exchange->streams), 0);
    get("/v2/account");
}

/* A client that subscribes to everything and never reads loses its place, not the exchange. */
static void a_slow_client_is_told_and_closed(void **state) {
    (void)state;
    listener slow;
    listener quick;
    listen_to_data(&slow, "{\"action\":\"subscribe\",\"orderbooks\":[\"*\"],\"trades\":[\"*\"],"
                          "\"quotes\":[\"*\"]}");
    listen_to_data(&quick, "{\"action\":\"subscribe\",\"bars\":[\"AAPL\"]}");
    slow.log_size = LOG_SIZE; /* keep nothing of it */
    assert_int_equal(streams_client_count(w.exchange->streams), 2);
    for (int i = 0; i < 200 && !slow.closed; i++) {
        /* The exchange alone is turned: nobody reads. */
        assert_int_equal(floor_advance(w.exchange->floor,
                                       floor_now(w.exchange->floor) + 60 * TW_NS_PER_SECOND,
                                       UINT64_MAX, NULL),
                         TW_OK);
        streams_flush(w.exchange->streams);
        assert_int_equal(tw_exchange_turn(w.exchange, 0, NULL), TW_OK);
        if (streams_dropped_count(w.exchange->streams) > 0)
            break;
    }
    assert_int_equal(streams_dropped_count(w.exchange->streams), 1);
    TURN_UNTIL(slow.closed);
    assert_int_equal(slow.close_code, TW_SOCKET_POLICY);
    assert_string_equal(slow.close_reason, "slow client");
    assert_false(quick.closed);
    get("/v2/account");
    hang_up(&slow);
    hang_up(&quick);
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
        cmocka_unit_test_setup_teardown(wrong_bar_queries_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_is_told_of_one_and_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_data_stream_guards_its_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_authenticate_is_closed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(subscriptions_are_answered_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_followed_book_is_the_exchanges_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trading_stream_guards_its_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_are_told_in_order_and_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(our_own_client_trades_here, set_up, tear_down),
        cmocka_unit_test(the_same_seed_and_steps_give_the_same_bytes),
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
        cmocka_unit_test_setup_teardown(random_bytes_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_orders_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_commands_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_client_is_told_and_closed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
