/* wire_exchange_audiences.c - handshakes of the exchange's streams, their limits, and many clients
 * who are told the same in every encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "failing_heap.h"
#include "streams_priv.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/alpaca_stream.h"

#define AUTH "{\"action\":\"auth\",\"key\":\"demo\",\"secret\":\"demo\"}"
#define ERROR_OF(code, text) "[{\"T\":\"error\",\"code\":" code ",\"msg\":\"" text "\"}]\n"
#define CONNECTED "[{\"T\":\"success\",\"msg\":\"connected\"}]\n"
#define AUTHENTICATED "[{\"T\":\"success\",\"msg\":\"authenticated\"}]\n"

/* To a stream that welcomes: the welcome has come. */
static void listen_welcomed(listener *l, const char *path) {
    listen_to(l, path);
    TURN_UNTIL(l->frame_count == 1);
}

/* ---- handshakes ----------------------------------------------------------------------------- */

static void listen_as(listener *l, const char *path, const char *secret) {
    const tw_socket_header headers[] = {
        {tw_slice_of("APCA-API-KEY-ID"), tw_slice_of("demo")},
        {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of(secret)},
    };
    listen_with(l, path, headers, 2, false);
}

static void credentials_in_the_handshake_are_enough(void **state) {
    (void)state;
    listener good;
    listener bad;
    listener trading;
    listen_as(&good, "/v2/sip", "demo");
    TURN_UNTIL(good.frame_count == 2);
    assert_string_equal(good.log, CONNECTED AUTHENTICATED);
    assert_has(ask(&good, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}"),
               "\"trades\":[\"AAPL\"]");
    listen_as(&bad, "/v2/sip", "wrong");
    TURN_UNTIL(bad.frame_count == 2);
    assert_string_equal(bad.log, CONNECTED ERROR_OF("402", "auth failed"));
    assert_string_equal(ask(&bad, AUTH), AUTHENTICATED); /* another try is allowed */
    listen_as(&trading, "/stream", "demo");
    assert_has(ask(&trading, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}"),
               "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}");
    hang_up(&good);
    hang_up(&bad);
    hang_up(&trading);
}

static void listen_packed(listener *l, const char *path) {
    const tw_socket_header header = {tw_slice_of("Content-Type"),
                                     tw_slice_of("application/msgpack")};
    listen_with(l, path, &header, 1, false);
}

static void ask_packed(listener *l, const tw_text *command) {
    uint32_t before = l->frame_count;
    assert_int_equal(tw_socket_send(l->socket, TW_SOCKET_BINARY, tw_text_slice(command)), TW_OK);
    TURN_UNTIL(l->frame_count > before || l->closed);
}

static void a_header_asks_for_messagepack_both_ways(void **state) {
    (void)state;
    listener l;
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    listen_packed(&l, "/v2/iex");
    TURN_UNTIL(l.frame_count == 1);
    assert_int_equal(l.last_kind, TW_SOCKET_BINARY);
    assert_string_equal(l.log, "\x91\x82\xa1T\xa7success\xa3msg\xa9"
                               "connected\n");
    tw_alpaca_encode_auth_msgpack(&text, "demo", "demo");
    size_t before = l.log_size;
    ask_packed(&l, &text);
    assert_string_equal(l.log + before, "\x91\x82\xa1T\xa7success\xa3msg\xad"
                                        "authenticated\n");
    before = l.log_size;
    assert_has(ask(&l, "{\"action\":\"dance\"}"), "\xa4"
                                                  "code\xcd\x01\x90"); /* text is read, too */
    text = tw_text_over(memory, sizeof memory);
    tw_text_append_string(&text, "\xc1");
    ask_packed(&l, &text);
    assert_int_equal(count_of(l.log + before, "\xa4"
                                              "code\xcd\x01\x90"),
                     2);
    hang_up(&l);
}

static void the_trading_stream_speaks_messagepack_too(void **state) {
    (void)state;
    listener l;
    listen_packed(&l, "/stream");
    ask(&l, "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"demo\",\"secret_key\":\"demo\"}}");
    assert_has(l.log, "\xa6stream\xad"
                      "authorization\xa4"
                      "data\x82\xa6status\xaa"
                      "authorized");
    ask(&l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}");
    step("2s");
    uint32_t frames = l.frame_count;
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    uint64_t told = number_in(get("/sim/clock"), "trading_messages");
    TURN_UNTIL(l.frame_count == frames + told);
    assert_int_equal(l.last_kind, TW_SOCKET_BINARY);
    static const char fill[] = "\xa5"
                               "event\xa4"
                               "fill";
    assert_non_null(memmem(l.log, l.log_size, fill, sizeof fill - 1));
    hang_up(&l);
}

static void deflate_is_agreed_on_when_it_is_offered(void **state) {
    (void)state;
    listener l;
    listen_with(&l, "/v2/iex", NULL, 0, true);
    assert_true(tw_socket_get_deflate(l.socket).on);
    TURN_UNTIL(l.frame_count == 1);
    ask(&l, AUTH);
    ask(&l, "{\"action\":\"subscribe\",\"quotes\":[\"*\"],\"trades\":[\"*\"]}");
    uint64_t told = number_in(step("5s"), "data_messages");
    TURN_UNTIL(l.record_count == told);
    tw_socket_stats stats = tw_socket_get_stats(l.socket);
    assert_true(stats.deflated_in_count > 0);
    assert_true(stats.byte_in_count * 3 < stats.payload_in_size);
    hang_up(&l);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void one_connection_an_endpoint_if_the_plan_says_so(void **state) {
    (void)state;
    listener first;
    listener second;
    listener other;
    streams_set_limits(w.exchange->streams, (stream_limits){.connection_count_max = 1});
    listen_to_data(&first, NULL);
    listen_welcomed(&second, "/v2/iex");
    assert_string_equal(ask(&second, AUTH), ERROR_OF("406", "connection limit exceeded"));
    TURN_UNTIL(second.closed);
    assert_string_equal(second.close_reason, "connection limit exceeded");
    listen_welcomed(&other, "/v2/sip"); /* an endpoint of its own */
    assert_string_equal(ask(&other, AUTH), AUTHENTICATED);
    hang_up(&second);
    hang_up(&first);
    settle();
    listen_to_data(&second, NULL); /* the place is free again */
    hang_up(&second);
    hang_up(&other);
}

static void a_plan_limits_symbols_of_trades_and_quotes(void **state) {
    (void)state;
    listener l;
    streams_set_limits(w.exchange->streams, (stream_limits){.symbol_count_max = 2});
    listen_to_data(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"],\"bars\":[\"*\"]}");
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\",\"MSFT\"]}"),
               ERROR_OF("405", "symbol limit exceeded"));
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"*\"]}"),
               ERROR_OF("405", "symbol limit exceeded"));
    /* What there was is as it was. */
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"quotes\":[\"MSFT\"]}"),
               "\"trades\":[\"AAPL\"],\"quotes\":[\"MSFT\"],\"bars\":[\"*\"]");
    hang_up(&l);
}

static void channels_of_other_feeds_are_refused(void **state) {
    (void)state;
    listener stocks;
    listener news;
    listen_to_data(&stocks, NULL);
    assert_string_equal(ask(&stocks, "{\"action\":\"subscribe\",\"news\":[\"*\"]}"),
                        ERROR_OF("410", "invalid subscribe action for this feed"));
    listen_welcomed(&news, "/v1beta1/news");
    assert_string_equal(ask(&news, AUTH), AUTHENTICATED);
    assert_has(ask(&news, "{\"action\":\"subscribe\",\"news\":[\"*\"]}"), "\"news\":[\"*\"]");
    assert_string_equal(ask(&news, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}"),
                        ERROR_OF("410", "invalid subscribe action for this feed"));
    hang_up(&stocks);
    hang_up(&news);
}

static void every_channel_can_be_had_and_left(void **state) {
    (void)state;
    listener l;
    listen_to_data(&l, NULL);
    assert_string_equal(
        ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"],\"quotes\":[\"AAPL\"],\"bars\":["
                "\"AAPL\"],\"updatedBars\":[\"AAPL\"],\"dailyBars\":[\"AAPL\"],\"statuses\":[\"*\"]"
                ",\"lulds\":[\"AAPL\"],\"imbalances\":[\"AAPL\"]}"),
        "[{\"T\":\"subscription\",\"trades\":[\"AAPL\"],\"quotes\":[\"AAPL\"],\"bars\":[\"AAPL\"],"
        "\"updatedBars\":[\"AAPL\"],\"dailyBars\":[\"AAPL\"],\"statuses\":[\"*\"],\"lulds\":["
        "\"AAPL\"],\"imbalances\":[\"AAPL\"],\"orderbooks\":[],\"news\":[],\"corrections\":["
        "\"AAPL\"],\"cancelErrors\":[\"AAPL\"]}]\n");
    assert_string_equal(
        ask(&l, "{\"action\":\"unsubscribe\",\"trades\":[\"AAPL\"],\"quotes\":[\"AAPL\"],\"bars\":["
                "\"AAPL\"],\"updatedBars\":[\"AAPL\"],\"dailyBars\":[\"AAPL\"],\"statuses\":[\"*\"]"
                ",\"lulds\":[\"AAPL\"],\"imbalances\":[\"AAPL\"]}"),
        "[{\"T\":\"subscription\",\"trades\":[],\"quotes\":[],\"bars\":[],\"updatedBars\":[],"
        "\"dailyBars\":[],\"statuses\":[],\"lulds\":[],\"imbalances\":[],\"orderbooks\":[],"
        "\"news\":[],\"corrections\":[],\"cancelErrors\":[]}]\n");
    assert_int_equal(number_in(step("2s"), "data_messages"), 0);
    hang_up(&l);
}

/* ---- the test feed -------------------------------------------------------------------------- */

static void the_test_feed_always_has_its_one_symbol(void **state) {
    (void)state;
    listener l;
    listen_welcomed(&l, "/v2/test");
    ask(&l, AUTH);
    assert_has(ask(&l, "{\"action\":\"subscribe\",\"trades\":[\"FAKEPACA\",\"AAPL\"],\"quotes\":["
                       "\"FAKEPACA\"],\"bars\":[\"*\"]}"),
               "\"trades\":[\"FAKEPACA\"],\"quotes\":[\"FAKEPACA\"],\"bars\":[\"*\"]");
    size_t before = l.log_size;
    int64_t now_ns = tw_loop_now_ns(w.exchange->loop);
    streams_tick(w.exchange->streams, now_ns);
    TURN_UNTIL(count_of(l.log + before, "\"T\":\"t\",\"S\":\"FAKEPACA\"") > 0);
    assert_true(count_of(l.log + before, "\"T\":\"q\",\"S\":\"FAKEPACA\"") > 0);
    assert_int_equal(count_of(l.log + before, "\"T\":\"b\""), 0);
    step("1m");
    streams_tick(w.exchange->streams, now_ns);
    TURN_UNTIL(count_of(l.log + before, "\"T\":\"b\",\"S\":\"FAKEPACA\"") == 1);
    assert_int_equal(count_of(l.log + before, "AAPL"), 0);
    hang_up(&l);
}

/* ---- many clients --------------------------------------------------------------------------- */

typedef struct follower {
    tw_alpaca_stream *stream;
    uint64_t hash;
    uint64_t count;
    bool ready;
    bool down;
} follower;

static void mix(follower *f, const void *record, size_t size) {
    const uint8_t *bytes = record;
    for (size_t i = 0; i < size; i++)
        f->hash = (f->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    f->count++;
}

static void follower_ready(void *context) {
    ((follower *)context)->ready = true;
}
static void follower_down(void *context, tw_status status, const char *reason) {
    (void)status;
    print_message("down: %s\n", reason);
    ((follower *)context)->down = true;
}
static void follow_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    (void)received_ns;
    mix(context, trade, sizeof *trade);
}
static void follow_quote(void *context, const tw_quote *quote, int64_t received_ns) {
    (void)received_ns;
    mix(context, quote, sizeof *quote);
}
static void follow_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    (void)received_ns;
    mix(context, bar, sizeof *bar);
}

static void follow(follower *f, bool msgpack, bool deflate, const char *const *names,
                   size_t name_count) {
    char url[64];
    memset(f, 0, sizeof *f);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v2/sip", tw_exchange_port(w.exchange));
    tw_alpaca_stream_config config = {
        .kind = TW_ALPACA_STREAM_MARKET_DATA,
        .url = url,
        .key_id = "demo",
        .secret = "demo",
        .channels = TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_QUOTES | TW_ALPACA_CHANNEL_BARS,
        .names = names,
        .name_count = name_count,
        .deflate = deflate,
        .msgpack = msgpack,
    };
    tw_alpaca_stream_callbacks callbacks = {
        .context = f,
        .on_ready = follower_ready,
        .on_down = follower_down,
        .on_trade = follow_trade,
        .on_quote = follow_quote,
        .on_bar = follow_bar,
    };
    assert_int_equal(tw_alpaca_stream_new(NULL, w.loop, &config, &callbacks, w.symbols, &f->stream),
                     TW_OK);
    assert_int_equal(tw_alpaca_stream_open(f->stream, NULL), TW_OK);
    TURN_UNTIL(f->ready || f->down);
    assert_true(f->ready);
}

static void both_encodings_say_the_same_deflated_or_not(void **state) {
    (void)state;
    static const char *const all[] = {"*"};
    static const char *const named[] = {"MSFT", "AAPL", "BRK.B"};
    follower f[8];
    for (int i = 0; i < 8; i++)
        follow(&f[i], (i & 1) != 0, (i & 2) != 0, (i & 4) != 0 ? named : all, (i & 4) != 0 ? 3 : 1);
    for (int s = 0; s < 20; s++) {
        uint64_t told = number_in(step("7s"), "data_messages");
        TURN_UNTIL(f[0].count + f[1].count + f[2].count + f[3].count + f[4].count + f[5].count +
                       f[6].count + f[7].count ==
                   told);
    }
    assert_true(f[0].count > 1000);
    for (int i = 1; i < 8; i++) {
        assert_int_equal(f[i].count, f[0].count);
        assert_true(f[i].hash == f[0].hash);
        assert_int_equal(tw_alpaca_stream_counts_of(f[i].stream).bad, 0);
    }
    for (int i = 0; i < 8; i++)
        tw_alpaca_stream_free(f[i].stream);
}

static uint64_t heard_by(const listener *l, int count) {
    uint64_t heard = 0;
    for (int i = 0; i < count; i++)
        heard += l[i].record_count;
    return heard;
}

/* Each client changes what it wants again and again; beside them stands what each should have been
 * told, counted from the frames of one who is told everything. */
static void changing_audiences_get_what_they_asked_for(void **state) {
    (void)state;
    static const char *const names[] = {"MSFT", "AAPL", "BRK.B"};
    enum { CLIENTS = 12, ROUNDS = 25 };
    listener all;
    listener l[CLIENTS];
    unsigned wants[CLIENTS] = {0};
    tw_random random;
    tw_random_init(&random, 5, 6);
    listen_to_data(&all, "{\"action\":\"subscribe\",\"quotes\":[\"*\"]}");
    for (int i = 0; i < CLIENTS; i++)
        listen_to_data(&l[i], NULL);
    for (int round = 0; round < ROUNDS; round++) {
        size_t before[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            char line[128];
            unsigned s = (unsigned)tw_random_below(&random, 3);
            bool on = tw_random_below(&random, 3) > 0;
            snprintf(line, sizeof line, "{\"action\":\"%s\",\"quotes\":[\"%s\"]}",
                     on ? "subscribe" : "unsubscribe", names[s]);
            wants[i] = on ? wants[i] | 1u << s : wants[i] & ~(1u << s);
            ask(&l[i], line);
            feed_check(&w.exchange->streams->market);
            before[i] = l[i].log_size;
        }
        size_t all_before = all.log_size;
        uint64_t told = number_in(step("1s"), "data_messages");
        TURN_UNTIL(all.record_count + heard_by(l, CLIENTS) == told);
        for (int i = 0; i < CLIENTS; i++)
            for (unsigned s = 0; s < 3; s++) {
                char head[64];
                snprintf(head, sizeof head, "\"T\":\"q\",\"S\":\"%s\"", names[s]);
                assert_int_equal(count_of(l[i].log + before[i], head),
                                 (wants[i] >> s & 1) != 0 ? count_of(all.log + all_before, head)
                                                          : 0);
            }
    }
    for (int i = 0; i < CLIENTS; i++)
        hang_up(&l[i]);
    hang_up(&all);
    settle();
    assert_int_equal(streams_client_count(w.exchange->streams), 0);
    assert_int_equal(number_in(step("1s"), "data_messages"),
                     number_in(get("/sim/clock"), "data_messages"));
}

static void note_http_status(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    (void)socket;
    *(uint16_t *)context = ending->http_status;
}

static void there_are_places_for_so_many_and_no_more(void **state) {
    (void)state;
    enum { CLIENTS = 200 };
    static tw_socket *sockets[CLIENTS];
    static uint64_t counts[CLIENTS];
    tw_exchange_config crowded = configuration();
    crowded.connection_count_max = CLIENTS + 1; /* and the one that makes calls */
    close_world();
    open_world(&crowded);
    get("/v2/clock");
    tw_loop *loop = NULL;
    const tw_loop_config config = {.watch_count_max = 2 * CLIENTS, .timer_count_max = 8 * CLIENTS};
    assert_int_equal(tw_loop_new(&config, &loop, NULL), TW_OK);
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v2/sip", tw_exchange_port(w.exchange));
    const tw_socket_header headers[] = {
        {tw_slice_of("APCA-API-KEY-ID"), tw_slice_of("demo")},
        {tw_slice_of("APCA-API-SECRET-KEY"), tw_slice_of("demo")},
    };
    for (int i = 0; i < CLIENTS; i++) {
        tw_socket_config socket = {.message_size_max = 1u << 20, .context = &counts[i]};
        tw_socket_call request = {.url = url, .headers = headers, .header_count = 2};
        assert_int_equal(tw_socket_connect(loop, &request, &socket, &sockets[i], NULL), TW_OK);
        TURN_UNTIL((assert_int_equal(tw_loop_turn(loop, 0, NULL, NULL), TW_OK),
                    tw_socket_get_state(sockets[i]) != TW_SOCKET_CONNECTING));
        assert_int_equal(tw_socket_get_state(sockets[i]), TW_SOCKET_OPEN);
    }
    TURN_UNTIL((assert_int_equal(tw_loop_turn(loop, 0, NULL, NULL), TW_OK),
                streams_client_count(w.exchange->streams) == CLIENTS));
    uint16_t refused = 0;
    tw_socket *one_more = NULL;
    tw_socket_config last = {.on_close = note_http_status, .context = &refused};
    tw_socket_call late = {.url = url, .headers = headers, .header_count = 2};
    assert_int_equal(tw_socket_connect(loop, &late, &last, &one_more, NULL), TW_OK);
    TURN_UNTIL((assert_int_equal(tw_loop_turn(loop, 0, NULL, NULL), TW_OK), refused != 0));
    assert_int_equal(refused, 503);
    tw_socket_free(one_more);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(tw_socket_send(sockets[i], TW_SOCKET_TEXT,
                                        tw_slice_of("{\"action\":\"subscribe\",\"trades\":[\"*\"],"
                                                    "\"quotes\":[\"AAPL\"]}")),
                         TW_OK);
    uint64_t told = 0;
    TURN_UNTIL((assert_int_equal(tw_loop_turn(loop, 0, NULL, NULL), TW_OK),
                w.exchange->streams->market.audience_count == 1 &&
                    w.exchange->streams->market.audiences[0] != NULL &&
                    w.exchange->streams->market.audiences[0]->member_count == CLIENTS));
    told = number_in(step("1s"), "data_messages");
    assert_true(told > 0 && told % CLIENTS == 0);
    for (int i = 0; i < CLIENTS; i++)
        tw_socket_free(sockets[i]);
    tw_loop_free(loop);
    TURN_UNTIL(streams_client_count(w.exchange->streams) == 0);
    get("/v2/account");
}

/* ---- faults to order, memory ---------------------------------------------------------------- */

static void a_mute_stream_is_open_and_silent(void **state) {
    (void)state;
    listener l;
    listen_to_data(&l, "{\"action\":\"subscribe\",\"quotes\":[\"*\"]}");
    streams_mute(w.exchange->streams, true);
    assert_int_equal(number_in(step("3s"), "data_messages"), 0);
    settle();
    assert_false(l.closed);
    streams_mute(w.exchange->streams, false);
    assert_true(number_in(step("3s"), "data_messages") > 0);
    streams_close_all(w.exchange->streams, TW_SOCKET_GOING_AWAY, "restart");
    TURN_UNTIL(l.closed);
    assert_int_equal(l.close_code, TW_SOCKET_GOING_AWAY);
    hang_up(&l);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    streams *set = NULL;
    tw_status status = streams_new(allocator, w.loop, w.symbols, w.exchange->ledger, 16, &set);
    if (status == TW_OK)
        streams_free(set);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(credentials_in_the_handshake_are_enough),
        CASE(a_header_asks_for_messagepack_both_ways),
        CASE(the_trading_stream_speaks_messagepack_too),
        CASE(deflate_is_agreed_on_when_it_is_offered),
        CASE(one_connection_an_endpoint_if_the_plan_says_so),
        CASE(a_plan_limits_symbols_of_trades_and_quotes),
        CASE(channels_of_other_feeds_are_refused),
        CASE(every_channel_can_be_had_and_left),
        CASE(the_test_feed_always_has_its_one_symbol),
        CASE(both_encodings_say_the_same_deflated_or_not),
        CASE(changing_audiences_get_what_they_asked_for),
        CASE(there_are_places_for_so_many_and_no_more),
        CASE(a_mute_stream_is_open_and_silent),
        CASE(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
