/*
 * wire_alpaca_session.c - sessions against a venue in this program that goes mute, breaks
 * connections, repeats, swaps and loses what it says, over real sockets.
 *
 * The venue keeps the truth: every trade, bar and fill that ever happened. After a story of losses
 * the session must have passed on all of it, each once, and told what it could not fill.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alpaca_session.h"
#include "tradewind/http.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

#define PATIENCE_NS (20 * TW_NS_PER_SECOND)
#define EVENT_MAX 4000
#define ORDER_MAX 40
#define START_NS (INT64_C(1767623400) * TW_NS_PER_SECOND) /* 2026-01-05T14:30:00Z */

/* ---- the venue ---------------------------------------------------------------------------- */

typedef struct true_order {
    int64_t filled;
    int64_t quantity;
    int64_t submitted_ns;
} true_order;

typedef struct true_fill {
    uint32_t order;
    int64_t quantity;
    int64_t filled; /* of the order then */
} true_fill;

typedef struct world {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_alpaca_client *client;
    tw_alpaca_session *session;
    tw_socket *wire; /* the venue's end of the stream */
    bool ready;      /* it has been subscribed to */
    bool market;     /* which stream it is */
    uint32_t connects;
    /* what the venue does wrong */
    uint32_t error_code;    /* instead of "authenticated" */
    uint32_t history_fails; /* so many answers are 500 */
    bool history_hangs;
    tw_http_reply *held_reply;
    /* the truth */
    int64_t now_ns;
    uint32_t trade_count; /* trade i: id i + 1 at trade_ns[i] */
    int64_t trade_ns[EVENT_MAX];
    uint32_t bar_count; /* bar i: minute i */
    true_order orders[ORDER_MAX];
    uint32_t order_count;
    true_fill fills[EVENT_MAX];
    uint32_t fill_count;
    /* what the session passed on */
    uint8_t trade_seen[EVENT_MAX];
    uint8_t bar_seen[EVENT_MAX];
    uint64_t last_trade_id;
    bool disordered;
    int64_t passed[ORDER_MAX]; /* quantity */
    uint32_t order_told[ORDER_MAX];
    uint32_t ups;
    uint32_t downs;
    uint32_t failures;
    uint32_t gaps;
    tw_alpaca_gap gap;
    char gap_message[128];
    tw_status status;
    char reason[200];
} world;

static void say(world *w, const char *text) {
    if (w->wire != NULL)
        (void)!tw_socket_send(w->wire, TW_SOCKET_TEXT, tw_slice_of(text));
}

static size_t put_time(char *buffer, size_t size, int64_t time_ns) {
    tw_text text = tw_text_over(buffer, size);
    int64_t second = time_ns / TW_NS_PER_SECOND % 86400;
    tw_text_append_format(&text, "2026-01-05T%02ld:%02ld:%02ld.%09ldZ", (long)(second / 3600),
                          (long)(second / 60 % 60), (long)(second % 60),
                          (long)(time_ns % TW_NS_PER_SECOND));
    return text.size;
}

static void put_trade(tw_text *text, const world *w, uint32_t index, bool streamed) {
    char when[40];
    put_time(when, sizeof when, w->trade_ns[index]);
    tw_text_append_format(text,
                          "{%s\"i\":%u,\"x\":\"V\",\"p\":%u.25,\"s\":%u,\"t\":\"%s\",\"z\":\"A\"}",
                          streamed ? "\"T\":\"t\",\"S\":\"AAPL\"," : "", index + 1, 100 + index % 7,
                          1 + index % 5, when);
}

static void put_bar(tw_text *text, uint32_t index, bool streamed) {
    char when[40];
    put_time(when, sizeof when, START_NS + index * 60 * TW_NS_PER_SECOND);
    tw_text_append_format(text,
                          "{%s\"o\":%u,\"h\":%u,\"l\":%u,\"c\":%u,\"v\":10,\"n\":1,\"vw\":5,"
                          "\"t\":\"%s\"}",
                          streamed ? "\"T\":\"b\",\"S\":\"AAPL\"," : "", 10 + index, 20 + index,
                          5 + index, 15 + index, when);
}

static void put_order(tw_text *text, const world *w, uint32_t index, int64_t filled) {
    char when[40];
    const true_order *order = &w->orders[index];
    put_time(when, sizeof when, order->submitted_ns);
    tw_text_append_format(
        text,
        "{\"id\":\"order-%u\",\"client_order_id\":\"mine-%u\",\"symbol\":\"AAPL\","
        "\"qty\":\"%ld\",\"filled_qty\":\"%ld\",\"filled_avg_price\":\"10\","
        "\"side\":\"buy\",\"type\":\"market\",\"status\":\"%s\","
        "\"submitted_at\":\"%s\",\"created_at\":\"%s\"}",
        index, index, (long)order->quantity, (long)filled,
        filled == order->quantity ? "filled"
        : filled > 0              ? "partially_filled"
                                  : "new",
        when, when);
}

/* A trade happens; it is said or not. */
static void trade(world *w, bool said) {
    char buffer[512];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    assert_true(w->trade_count < EVENT_MAX);
    w->now_ns += 10 * TW_NS_PER_MS;
    w->trade_ns[w->trade_count++] = w->now_ns;
    tw_text_append_char(&text, '[');
    put_trade(&text, w, w->trade_count - 1, true);
    tw_text_append_char(&text, ']');
    if (said)
        say(w, buffer);
}

static void bar(world *w, bool said) {
    char buffer[512];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_text_append_char(&text, '[');
    put_bar(&text, w->bar_count++, true);
    tw_text_append_char(&text, ']');
    if (said)
        say(w, buffer);
}

static void say_fill(world *w, uint32_t index) {
    char buffer[1024];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    const true_fill *fill = &w->fills[index];
    bool whole = fill->filled == w->orders[fill->order].quantity;
    tw_text_append_format(&text,
                          "{\"stream\":\"trade_updates\",\"data\":{\"event\":\"%s\","
                          "\"execution_id\":\"execution-%u\",\"price\":\"10\",\"qty\":\"%ld\","
                          "\"timestamp\":\"2026-01-05T14:30:00Z\",\"order\":",
                          whole ? "fill" : "partial_fill", index, (long)fill->quantity);
    put_order(&text, w, fill->order, fill->filled);
    tw_text_append_string(&text, "}}");
    assert_false(text.truncated);
    say(w, buffer);
}

static uint32_t submit(world *w, int64_t quantity) {
    w->now_ns += TW_NS_PER_SECOND;
    w->orders[w->order_count] = (true_order){.quantity = quantity, .submitted_ns = w->now_ns};
    return w->order_count++;
}

static uint32_t fill(world *w, uint32_t order, int64_t quantity) {
    w->orders[order].filled += quantity;
    w->fills[w->fill_count] = (true_fill){order, quantity, w->orders[order].filled};
    return w->fill_count++;
}

/* ---- its answers -------------------------------------------------------------------------- */

static void answer(tw_http_reply *reply, uint32_t status, tw_slice body) {
    tw_http_answer out = {.status = status, .content_type = "application/json", .body = body};
    assert_int_equal(tw_http_reply_send(reply, &out, NULL), TW_OK);
}

static int64_t time_of(const tw_http_request *request, const char *name) {
    tw_slice value = {0};
    int64_t time_ns = 0;
    if (tw_http_request_query(request, name, &value))
        assert_int_equal(tw_time_parse(value, &time_ns), TW_OK);
    return time_ns;
}

static void answer_history(world *w, const tw_http_request *request, tw_http_reply *reply,
                           bool bars) {
    static char buffer[1 << 20];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    int64_t from_ns = time_of(request, "start");
    const char *separator = "";
    tw_text_append_format(&text, "{\"%s\":{\"AAPL\":[", bars ? "bars" : "trades");
    for (uint32_t i = 0; i < (bars ? w->bar_count : w->trade_count); i++) {
        if ((bars ? START_NS + i * 60 * TW_NS_PER_SECOND : w->trade_ns[i]) < from_ns)
            continue;
        tw_text_append_string(&text, separator);
        separator = ",";
        if (bars)
            put_bar(&text, i, false);
        else
            put_trade(&text, w, i, false);
    }
    tw_text_append_string(&text, "]},\"next_page_token\":null}");
    assert_false(text.truncated);
    answer(reply, 200, tw_text_slice(&text));
}

static void answer_orders(world *w, const tw_http_request *request, tw_http_reply *reply) {
    static char buffer[1 << 16];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    int64_t after_ns = time_of(request, "after");
    tw_slice status = {0};
    bool only_open =
        tw_http_request_query(request, "status", &status) && tw_slice_equal_string(status, "open");
    const char *separator = "";
    tw_text_append_char(&text, '[');
    for (uint32_t i = 0; i < w->order_count; i++) {
        const true_order *order = &w->orders[i];
        if (order->submitted_ns <= after_ns || (only_open && order->filled == order->quantity))
            continue;
        tw_text_append_string(&text, separator);
        separator = ",";
        put_order(&text, w, i, order->filled);
    }
    tw_text_append_char(&text, ']');
    answer(reply, 200, tw_text_slice(&text));
}

static void wire_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    world *w = context;
    (void)socket;
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)(message->data.size < 255 ? message->data.size : 255),
             message->data.data);
    if (strstr(text, "\"authenticate\"") != NULL) {
        say(w, "{\"stream\":\"authorization\",\"data\":{\"status\":\"authorized\","
               "\"action\":\"authenticate\"}}");
    } else if (strstr(text, "\"listen\"") != NULL) {
        say(w, "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
        w->ready = true;
    } else if (strstr(text, "\"auth\"") != NULL && w->error_code != 0) {
        snprintf(text, sizeof text, "[{\"T\":\"error\",\"code\":%u,\"msg\":\"no\"}]",
                 w->error_code);
        say(w, text);
    } else if (strstr(text, "\"auth\"") != NULL) {
        say(w, "[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
    } else if (strstr(text, "\"subscribe\"") != NULL) {
        say(w, "[{\"T\":\"subscription\",\"trades\":[\"AAPL\"],\"bars\":[\"AAPL\"]}]");
        w->ready = true;
    }
}

static void wire_open(void *context, tw_socket *socket) {
    world *w = context;
    (void)socket;
    if (w->market)
        say(w, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
}

static void wire_closed(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    world *w = context;
    (void)ending;
    if (w->wire == socket)
        w->wire = NULL;
    tw_socket_free(socket);
}

static void wire_upgraded(void *context, int fd, tw_slice early) {
    world *w = context;
    tw_socket_config config = {
        .on_open = wire_open, .on_message = wire_message, .on_close = wire_closed, .context = w};
    if (fd < 0)
        return;
    tw_socket_free(w->wire);
    w->wire = NULL;
    w->ready = false;
    w->connects++;
    assert_int_equal(tw_socket_accept(w->loop, fd, early, &config, &w->wire, NULL), TW_OK);
}

static void serve(void *context, const tw_http_request *request, tw_http_reply *reply) {
    world *w = context;
    tw_slice path = tw_http_request_path(request);
    if (tw_slice_equal_string(path, "/v2/iex") || tw_slice_equal_string(path, "/stream"))
        assert_int_equal(tw_http_reply_upgrade(reply, wire_upgraded, w, NULL), TW_OK);
    else if (w->history_hangs)
        w->held_reply = reply;
    else if (w->history_fails > 0 && w->history_fails-- > 0)
        answer(reply, 500, tw_slice_of("{\"message\":\"no\"}"));
    else if (tw_slice_equal_string(path, "/v2/orders"))
        answer_orders(w, request, reply);
    else
        answer_history(w, request, reply, tw_slice_equal_string(path, "/v2/stocks/bars"));
}

/* ---- what the session says ---------------------------------------------------------------- */

static void on_up(void *context) {
    ((world *)context)->ups++;
}

static void on_down(void *context, tw_status status, const char *reason, int64_t pause_ns) {
    world *w = context;
    assert_true(pause_ns >= 0);
    w->downs++;
    w->status = status;
    snprintf(w->reason, sizeof w->reason, "%s", reason);
}

static void on_failed(void *context, tw_status status, const char *reason) {
    world *w = context;
    w->failures++;
    w->status = status;
    snprintf(w->reason, sizeof w->reason, "%s", reason);
}

static void on_gap(void *context, const tw_alpaca_gap *gap) {
    world *w = context;
    w->gaps++;
    w->gap = *gap;
    snprintf(w->gap_message, sizeof w->gap_message, "%s", gap->message);
}

static void on_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    world *w = context;
    (void)received_ns;
    assert_true(trade->id >= 1 && trade->id <= w->trade_count);
    w->disordered = w->disordered || trade->id < w->last_trade_id;
    w->last_trade_id = trade->id;
    w->trade_seen[trade->id - 1]++;
}

static void on_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    world *w = context;
    (void)received_ns;
    w->bar_seen[(bar->time_ns - START_NS) / (60 * TW_NS_PER_SECOND)]++;
}

static uint32_t order_of(const tw_alpaca_order *order) {
    uint64_t index = 0;
    tw_slice name = tw_slice_of(order->order.venue_order_id);
    assert_true(tw_slice_starts_with(name, "order-"));
    assert_int_equal(tw_parse_u64((tw_slice){name.data + 6, name.size - 6}, &index), TW_OK);
    assert_true(index < ORDER_MAX);
    return (uint32_t)index;
}

static void on_order(void *context, const tw_alpaca_order *order) {
    world *w = context;
    uint32_t index = order_of(order);
    w->order_told[index]++;
    w->passed[index] = order->order.filled.nano / TW_NS_PER_SECOND;
}

static void on_order_update(void *context, const tw_alpaca_order_update *update,
                            int64_t received_ns) {
    world *w = context;
    assert_int_equal(update->execution_id[0] == '\0', received_ns == 0);
    w->passed[order_of(&update->order)] += update->quantity.nano / TW_NS_PER_SECOND;
}

/* ---- the fixture -------------------------------------------------------------------------- */

static tw_alpaca_session_config config_of(const world *w, bool market, char *url, size_t size) {
    static const char *const names[] = {"AAPL"};
    snprintf(url, size, "ws://127.0.0.1:%u%s", tw_http_server_port(w->server),
             market ? "/v2/iex" : "/stream");
    return (tw_alpaca_session_config){
        .stream = {.kind = market ? TW_ALPACA_STREAM_MARKET_DATA : TW_ALPACA_STREAM_TRADING,
                   .url = url,
                   .key_id = "KEY",
                   .secret = "SECRET",
                   .channels = market ? TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_BARS : 0,
                   .names = market ? names : NULL,
                   .name_count = market ? 1 : 0,
                   .handshake_timeout_ns = 5 * TW_NS_PER_SECOND},
        .reconnect = {.pause_ns_min = TW_NS_PER_MS,
                      .pause_ns_max = 4 * TW_NS_PER_MS,
                      .throttled_ns_min = 2 * TW_NS_PER_MS,
                      .storm_count_max = 32,
                      .storm_ns = 1},
        .client = w->client,
        .gap_patience_ns = 50 * TW_NS_PER_MS};
}

static const tw_alpaca_session_callbacks all_callbacks = {.on_up = on_up,
                                                          .on_down = on_down,
                                                          .on_failed = on_failed,
                                                          .on_gap = on_gap,
                                                          .on_trade = on_trade,
                                                          .on_bar = on_bar,
                                                          .on_order = on_order,
                                                          .on_order_update = on_order_update};

static void start_server(world *w, uint16_t port) {
    tw_http_server_config server = {.port = port, .handler = serve, .context = w};
    tw_error error = {0};
    if (tw_http_server_start(w->loop, &server, &w->server, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static void open_world(world *w, bool market) {
    char url[64];
    memset(w, 0, sizeof *w);
    w->market = market;
    w->now_ns = START_NS + 5 * TW_NS_PER_SECOND;
    assert_int_equal(tw_loop_new(NULL, &w->loop, NULL), TW_OK);
    start_server(w, 0);
    assert_int_equal(tw_http_client_new(w->loop, NULL, &w->http, NULL), TW_OK);
    assert_int_equal(tw_symbols_new(NULL, 16, &w->symbols), TW_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", tw_http_server_port(w->server));
    tw_alpaca_client_config config = {.trading_url = url,
                                      .data_url = url,
                                      .key_id = "KEY",
                                      .secret = "SECRET",
                                      .retry_delay_ns = TW_NS_PER_MS};
    assert_int_equal(tw_alpaca_client_new(NULL, w->loop, w->http, &config, w->symbols, &w->client),
                     TW_OK);
}

static void begin(world *w, const tw_alpaca_session_config *config) {
    tw_alpaca_session_callbacks callbacks = all_callbacks;
    callbacks.context = w;
    assert_int_equal(
        tw_alpaca_session_new(NULL, w->loop, config, &callbacks, w->symbols, &w->session), TW_OK);
    assert_int_equal(tw_alpaca_session_start(w->session), TW_OK);
    assert_int_equal(tw_alpaca_session_start(w->session), TW_STATE);
}

static void close_world(world *w) {
    tw_alpaca_session_free(w->session);
    tw_alpaca_client_free(w->client);
    tw_http_client_free(w->http);
    tw_socket_free(w->wire);
    tw_http_server_free(w->server);
    tw_symbols_free(w->symbols);
    tw_loop_free(w->loop);
}

static void turn(world *w) {
    assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
}

static void turn_until(world *w, const uint32_t *count, uint32_t wanted) {
    int64_t end_ns = tw_time_monotonic_ns() + PATIENCE_NS;
    while (*count < wanted) {
        if (tw_time_monotonic_ns() > end_ns)
            fail_msg("nothing came in time; the last word was \"%s\"", w->reason);
        turn(w);
    }
}

/* Until the session has taken everything that the venue has said. */
static void settle(world *w) {
    for (int quiet = 0; quiet < 3;) {
        uint32_t done = 0;
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_MS, &done, NULL), TW_OK);
        quiet = done == 0 ? quiet + 1 : 0;
    }
}

/* The connection breaks without a word, as a reset does. */
static void cut(world *w) {
    tw_socket_free(w->wire);
    w->wire = NULL;
}

static void assert_all_trades_came_once(const world *w) {
    for (uint32_t i = 0; i < w->trade_count; i++)
        if (w->trade_seen[i] != 1)
            fail_msg("trade %u of %u came %u times", i + 1, w->trade_count, w->trade_seen[i]);
    assert_false(w->disordered);
    for (uint32_t i = 0; i < w->bar_count; i++)
        if (w->bar_seen[i] != 1)
            fail_msg("bar %u of %u came %u times", i, w->bar_count, w->bar_seen[i]);
}

static void assert_all_fills_came_once(const world *w) {
    for (uint32_t i = 0; i < w->order_count; i++)
        if (w->passed[i] != w->orders[i].filled)
            fail_msg("of order %u %ld are filled, %ld were passed on", i, (long)w->orders[i].filled,
                     (long)w->passed[i]);
}

/* ---- market data -------------------------------------------------------------------------- */

static void a_gap_after_a_reset_is_filled_in_order_and_once(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    begin(&w, &config);
    turn_until(&w, &w.ups, 1);
    assert_int_equal(w.gaps, 0); /* nothing was missed at the start */
    for (uint32_t round = 1; round <= 5; round++) {
        for (int i = 0; i < 20; i++)
            trade(&w, true);
        bar(&w, true);
        settle(&w);
        cut(&w);
        for (int i = 0; i < 30; i++)
            trade(&w, false);
        bar(&w, false);
        turn_until(&w, &w.ups, 1 + round);
        assert_int_equal(w.gaps, 2 * round);
        assert_true(w.gap.filled);
        assert_int_equal(w.gap.channel, TW_ALPACA_CHANNEL_TRADES); /* bars come first */
        assert_int_equal(w.gap.row_count, 30);
    }
    assert_all_trades_came_once(&w);
    tw_alpaca_session_stats stats = tw_alpaca_session_stats_of(w.session);
    assert_int_equal(stats.gap_row_count, 5 * 31);
    assert_true(stats.gap_repeated_count > 0); /* the overlap */
    assert_int_equal(stats.gap_unfilled_count, 0);
    assert_int_equal(stats.reconnect.open_count, 6);
    assert_true(stats.gap_ns > 0);
    close_world(&w);
}

static void live_records_wait_behind_the_gap_that_is_being_filled(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    config.gap_patience_ns = 5 * TW_NS_PER_SECOND;
    begin(&w, &config);
    turn_until(&w, &w.ups, 1);
    trade(&w, true);
    settle(&w);
    cut(&w);
    trade(&w, false);
    w.history_fails = 3; /* asked for again and again, with patience */
    while (!w.ready || w.connects < 2)
        turn(&w);
    for (int i = 0; i < 10; i++)
        trade(&w, true);
    turn_until(&w, &w.ups, 2);
    assert_all_trades_came_once(&w);
    assert_int_equal(w.gap.status, TW_OK);
    close_world(&w);
}

static void a_mute_stream_is_left_and_its_gap_filled(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    begin(&w, &config);
    turn_until(&w, &w.ups, 1);
    for (int i = 0; i < 5; i++)
        trade(&w, true);
    settle(&w);
    /* The venue's end answers pings and says nothing more. */
    for (int i = 0; i < 5; i++)
        trade(&w, false);
    assert_int_equal(
        tw_alpaca_session_expect(w.session, TW_ALPACA_CHANNEL_TRADES, 20 * TW_NS_PER_MS), TW_OK);
    turn_until(&w, &w.downs, 1);
    assert_int_equal(w.status, TW_TIMEOUT);
    assert_non_null(strstr(w.reason, "nothing came on trades"));
    /* The session of the market is over: silence is normal. */
    assert_int_equal(tw_alpaca_session_expect(w.session, TW_ALPACA_CHANNEL_TRADES, 0), TW_OK);
    turn_until(&w, &w.ups, 2);
    assert_all_trades_came_once(&w);
    assert_true(tw_alpaca_session_stats_of(w.session).stream.stale >= 1);
    close_world(&w);
}

static void the_venue_stops_and_starts_again(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    uint16_t port = tw_http_server_port(w.server);
    begin(&w, &config);
    turn_until(&w, &w.ups, 1);
    trade(&w, true);
    settle(&w);
    cut(&w);
    tw_http_server_free(w.server);
    turn_until(&w, &w.downs, 4);
    assert_int_equal(w.status, TW_UNREACHABLE);
    for (int i = 0; i < 10; i++)
        trade(&w, false);
    start_server(&w, port);
    turn_until(&w, &w.ups, 2);
    trade(&w, true);
    settle(&w);
    assert_all_trades_came_once(&w);
    close_world(&w);
}

static void gaps_that_cannot_be_filled_are_told(void **state) {
    (void)state;
    static const struct {
        const char *word;
        tw_status status;
    } cases[] = {{"no client", TW_UNSUPPORTED},
                 {"longer", TW_LIMIT},
                 {"not known from when", TW_UNKNOWN},
                 {"too many live records", TW_FULL},
                 {"no", TW_REMOTE}};
    static world w;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[64];
        open_world(&w, true);
        tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
        config.stream.channels = TW_ALPACA_CHANNEL_TRADES;
        config.client = i == 0 ? NULL : w.client;
        config.gap_ns_max = i == 1 ? 1 : 0;
        config.waiting_count_max = 4;
        begin(&w, &config);
        turn_until(&w, &w.ups, 1);
        if (i != 2)
            trade(&w, true);
        settle(&w);
        cut(&w);
        w.history_hangs = i == 3;
        w.history_fails = i == 4 ? UINT32_MAX : 0;
        while (!w.ready || w.connects < 2)
            turn(&w);
        for (int n = 0; n < 8 && i == 3; n++)
            trade(&w, true);
        turn_until(&w, &w.ups, 2);
        settle(&w);
        assert_int_equal(w.gaps, 1);
        assert_false(w.gap.filled);
        if (i < 4 &&
            (w.gap.status != cases[i].status || strstr(w.gap_message, cases[i].word) == NULL))
            fail_msg("case %zu: %d, \"%s\"", i, w.gap.status, w.gap_message);
        assert_int_not_equal(w.gap.status, TW_OK);
        assert_all_trades_came_once(&w); /* nothing that came live was lost with it */
        assert_int_equal(tw_alpaca_session_stats_of(w.session).gap_unfilled_count, 1);
        if (w.held_reply != NULL)
            tw_http_reply_reset(w.held_reply);
        close_world(&w);
    }
}

/* ---- ends --------------------------------------------------------------------------------- */

static void refusals_for_good_are_not_tried_again(void **state) {
    (void)state;
    static const struct {
        uint32_t code;
        tw_status status;
        bool final;
    } cases[] = {{402, TW_AUTH, true},   {409, TW_AUTH, true},  {411, TW_AUTH, true},
                 {405, TW_LIMIT, true},  {406, TW_BUSY, false}, {407, TW_THROTTLED, false},
                 {500, TW_REMOTE, false}};
    static world w;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[64];
        open_world(&w, true);
        tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
        w.error_code = cases[i].code;
        begin(&w, &config);
        turn_until(&w, cases[i].final ? &w.failures : &w.downs, 1);
        assert_int_equal(w.status, cases[i].status);
        assert_null(strstr(w.reason, "SECRET"));
        w.error_code = 0;
        if (cases[i].final) {
            settle(&w);
            assert_int_equal(w.connects, 1);
            assert_int_equal(tw_alpaca_session_state_of(w.session), TW_ALPACA_SESSION_FAILED);
            assert_int_equal(tw_alpaca_session_start(w.session), TW_OK);
        }
        turn_until(&w, &w.ups, 1);
        assert_int_equal(tw_alpaca_session_state_of(w.session), TW_ALPACA_SESSION_UP);
        close_world(&w);
    }
}

static void attempts_are_bounded(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    config.reconnect.attempt_count_max = 4;
    w.error_code = 500;
    begin(&w, &config);
    turn_until(&w, &w.failures, 1);
    assert_int_equal(w.connects, 4);
    assert_int_equal(w.downs, 3);
    close_world(&w);
}

static void a_stopped_session_says_nothing_and_goes_on_where_it_was(void **state) {
    (void)state;
    static world w;
    char url[64];
    open_world(&w, true);
    tw_alpaca_session_config config = config_of(&w, true, url, sizeof url);
    begin(&w, &config);
    turn_until(&w, &w.ups, 1);
    trade(&w, true);
    settle(&w);
    tw_alpaca_session_stop(w.session);
    trade(&w, true);
    settle(&w);
    assert_int_equal(w.downs + w.failures, 0);
    assert_int_equal(tw_alpaca_session_start(w.session), TW_OK);
    turn_until(&w, &w.ups, 2);
    assert_all_trades_came_once(&w);
    close_world(&w);
}

/* ---- trading ------------------------------------------------------------------------------ */

static void begin_trading(world *w) {
    char url[64];
    open_world(w, false);
    uint32_t old = submit(w, 10); /* before the start: part of it is filled */
    fill(w, old, 4);
    tw_alpaca_session_config config = config_of(w, false, url, sizeof url);
    begin(w, &config);
    turn_until(w, &w->ups, 1);
    assert_int_equal(w->order_told[old], 1);
    assert_int_equal(w->passed[old], 4);
    assert_int_equal(w->gaps, 0);
}

static void fills_of_the_time_away_are_made_up_for(void **state) {
    (void)state;
    static world w;
    begin_trading(&w);
    say_fill(&w, fill(&w, 0, 2));
    settle(&w);
    assert_int_equal(w.passed[0], 6);
    cut(&w);
    fill(&w, 0, 3);
    uint32_t unheard = submit(&w, 50); /* neither its submit nor its fill was heard */
    fill(&w, unheard, 20);
    turn_until(&w, &w.ups, 2);
    assert_all_fills_came_once(&w);
    assert_true(w.gap.filled);
    assert_int_equal(w.gap.row_count, 2);
    /* What was lost comes after all, and what follows is new. */
    for (uint32_t i = 0; i < w.fill_count; i++)
        say_fill(&w, i);
    say_fill(&w, fill(&w, 0, 1));
    settle(&w);
    assert_all_fills_came_once(&w);
    tw_alpaca_session_stats stats = tw_alpaca_session_stats_of(w.session);
    assert_int_equal(stats.fills.recovered_count, 2);
    assert_true(stats.fills.covered_count >= 2);
    close_world(&w);
}

static void no_orders_no_connection(void **state) {
    (void)state;
    static world w;
    begin_trading(&w);
    cut(&w);
    fill(&w, 0, 6);
    w.history_fails = 4; /* the client asks twice */
    turn_until(&w, &w.downs, 2);
    assert_int_equal(w.ups, 1); /* not up while fills may be missing */
    turn_until(&w, &w.ups, 2);
    assert_all_fills_came_once(&w);
    close_world(&w);
}

static void a_question_outlives_its_connection_and_its_session(void **state) {
    (void)state;
    static world w;
    begin_trading(&w);
    cut(&w);
    w.history_hangs = true;
    while (w.held_reply == NULL)
        turn(&w);
    fill(&w, 0, 1);
    cut(&w); /* while the orders are being asked for */
    turn_until(&w, &w.downs, 2);
    w.history_hangs = false;
    answer(w.held_reply, 200, tw_slice_of("[]")); /* to a connection that has ended */
    w.held_reply = NULL;
    turn_until(&w, &w.ups, 2);
    assert_all_fills_came_once(&w);
    cut(&w);
    w.history_hangs = true;
    while (w.held_reply == NULL)
        turn(&w);
    tw_alpaca_session_free(w.session);
    w.session = NULL;
    answer(w.held_reply, 200, tw_slice_of("[]"));
    settle(&w);
    close_world(&w);
}

/* Any order of fills, repetitions, swaps, losses and resets. */
static void no_fill_is_lost_and_none_comes_twice(void **state) {
    (void)state;
    static world w;
    uint64_t recovered = 0;
    uint64_t repeated = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        tw_random random;
        uint32_t late[8];
        uint32_t late_count = 0;
        tw_random_init(&random, seed, 0);
        begin_trading(&w);
        uint32_t cuts = 0;
        for (int step = 0; step < 120; step++) {
            uint64_t what = tw_random_below(&random, 100);
            uint32_t order = (uint32_t)tw_random_below(&random, w.order_count);
            if (what < 10 && w.order_count < ORDER_MAX) {
                submit(&w, 30);
            } else if (what < 70 && w.orders[order].filled < w.orders[order].quantity) {
                uint32_t index = fill(&w, order, 1);
                if (tw_random_below(&random, 3) == 0 && late_count < 8)
                    late[late_count++] = index;
                else if (tw_random_below(&random, 5) > 0)
                    say_fill(&w, index);
            } else if (what < 85 && late_count > 0) {
                say_fill(&w, late[--late_count]); /* swapped with those after it */
            } else if (what < 95 && w.fill_count > 0) {
                say_fill(&w, (uint32_t)tw_random_below(&random, w.fill_count)); /* repeated */
            } else if (what >= 97 && cuts < 6) {
                cut(&w);
                turn_until(&w, &w.ups, 2 + cuts++);
            }
            if (tw_random_below(&random, 4) == 0)
                turn(&w);
        }
        cut(&w);
        turn_until(&w, &w.ups, 2 + cuts);
        while (late_count > 0)
            say_fill(&w, late[--late_count]);
        settle(&w);
        assert_all_fills_came_once(&w);
        tw_alpaca_session_stats stats = tw_alpaca_session_stats_of(w.session);
        recovered += stats.fills.recovered_count;
        repeated += stats.fills.repeated_count + stats.fills.covered_count;
        close_world(&w);
    }
    print_message("%lu recovered, %lu repeated or late\n", (unsigned long)recovered,
                  (unsigned long)repeated);
    assert_true(recovered > 0 && repeated > 0);
}

/* ---- making ------------------------------------------------------------------------------- */

static void configurations_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static world w;
    char url[64];
    tw_alpaca_session *session = NULL;
    open_world(&w, false);
    tw_alpaca_session_config config = config_of(&w, false, url, sizeof url);
    config.client = NULL;
    assert_int_equal(
        tw_alpaca_session_new(NULL, w.loop, &config, &all_callbacks, w.symbols, &session),
        TW_INVALID);
    config = config_of(&w, true, url, sizeof url);
    config.reconnect.pause_ns_max = 1;
    assert_int_equal(
        tw_alpaca_session_new(NULL, w.loop, &config, &all_callbacks, w.symbols, &session),
        TW_RANGE);
    close_world(&w);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    world *w = context;
    char url[64];
    tw_alpaca_session_config config = config_of(w, w->market, url, sizeof url);
    TW_AUTO(tw_alpaca_session) *session = NULL;
    tw_status status =
        tw_alpaca_session_new(allocator, w->loop, &config, &all_callbacks, w->symbols, &session);
    return status == TW_OK ? tw_alpaca_session_start(session) : status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    static world w;
    for (int market = 0; market < 2; market++) {
        open_world(&w, market == 1);
        assert_survives_failed_allocations(make_and_free, &w);
        close_world(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_after_a_reset_is_filled_in_order_and_once),
        cmocka_unit_test(live_records_wait_behind_the_gap_that_is_being_filled),
        cmocka_unit_test(a_mute_stream_is_left_and_its_gap_filled),
        cmocka_unit_test(the_venue_stops_and_starts_again),
        cmocka_unit_test(gaps_that_cannot_be_filled_are_told),
        cmocka_unit_test(refusals_for_good_are_not_tried_again),
        cmocka_unit_test(attempts_are_bounded),
        cmocka_unit_test(a_stopped_session_says_nothing_and_goes_on_where_it_was),
        cmocka_unit_test(fills_of_the_time_away_are_made_up_for),
        cmocka_unit_test(no_orders_no_connection),
        cmocka_unit_test(a_question_outlives_its_connection_and_its_session),
        cmocka_unit_test(no_fill_is_lost_and_none_comes_twice),
        cmocka_unit_test(configurations_that_make_no_sense_are_refused),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
