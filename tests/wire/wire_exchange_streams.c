/* wire_exchange_streams.c - the exchange's two streams, our client on them, and bad company. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "exchange_world.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/book.h"

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
        "\"updatedBars\":[],\"dailyBars\":[],\"statuses\":[],\"lulds\":[],\"imbalances\":[],"
        "\"orderbooks\":[],\"news\":[],\"corrections\":[\"AAPL\"],\"cancelErrors\":[\"AAPL\"]}]\n");
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

/* A quote's sizes are whole shares, and one for what is less; those of a book are what they are. */
static int64_t quoted(tw_quantity size) {
    int64_t shares = size.nano / TW_NANO;
    return size.nano > 0 && shares == 0 ? TW_NANO : shares * TW_NANO;
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
        assert_int_equal(quoted(best.bid_size), seen.quote.bid_size.nano);
        assert_int_equal(quoted(best.ask_size), seen.quote.ask_size.nano);
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
        if (i % 7 == 0) /* comes and goes, and was never in the book */
            call("POST", "/v2/orders",
                 "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"limit\","
                 "\"limit_price\":\"1.5\",\"time_in_force\":\"ioc\"}");
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
    assert_true(seen.last.order.order.filled.nano > 0);
    assert_int_equal(seen.last.order.order.quantity.nano, 0); /* sent for an amount: null */
    assert_int_equal(seen.last.order.notional.nano, 90000 * TW_NANO);
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
    assert_int_equal(view.submit_status, TW_EXISTS); /* the id is taken for ever */
    view.done = false;
    assert_int_equal(tw_alpaca_client_account(client, view_account, &view), TW_OK);
    TURN_UNTIL(view.done);
    assert_true(view.cash_nano > 0 && view.cash_nano < 100000 * TW_NANO);
    tw_alpaca_client_free(client);
    tw_alpaca_stream_free(stream);
}

/* ---- the same again ---- */

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
        tw_random_below(random, 2) == 0 ? "buy" : "sell", types[tw_random_below(random, 8)],
        times[tw_random_below(random, 8)]);
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
        cmocka_unit_test_setup_teardown(the_data_stream_guards_its_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_authenticate_is_closed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(subscriptions_are_answered_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_followed_book_is_the_exchanges_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trading_stream_guards_its_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_are_told_in_order_and_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(our_own_client_trades_here, set_up, tear_down),
        cmocka_unit_test(the_same_seed_and_steps_give_the_same_bytes),
        cmocka_unit_test_setup_teardown(random_bytes_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_orders_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_commands_break_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_client_is_told_and_closed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
