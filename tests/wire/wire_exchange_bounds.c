/* wire_exchange_bounds.c - what the streams hold: of strangers, of slow readers, of subscriptions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "streams_priv.h"

/* ---- clients that do not read ------------------------------------------------------------- */

/* The far end of a connection that a stream of market data was accepted on. */
static int accept_client(bool known) {
    int ends[2];
    stream_handshake handshake = {.presented = known};
    if (known)
        handshake.account = ledger_account_at(w.exchange->ledger, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(client_accept(w.exchange->streams, &handshake, ends[0], (tw_slice){0}), TW_OK);
    return ends[1];
}

/* A text frame whose mask leaves the bytes as they are. */
static void say(int fd, const char *text) {
    uint8_t frame[256] = {0x81};
    size_t size = strlen(text);
    assert_true(size < 126);
    frame[1] = (uint8_t)(0x80 | size);
    memcpy(frame + 6, text, size);
    assert_int_equal(send(fd, frame, size + 6, MSG_NOSIGNAL), (ssize_t)size + 6);
}

/* True when the text is among what has come now. */
static bool hears(int fd, const char *text) {
    char heard[4096];
    ssize_t got = recv(fd, heard, sizeof heard, 0);
    return got > 0 && memmem(heard, (size_t)got, text, strlen(text)) != NULL;
}

static void tell_quotes(uint32_t count) {
    tw_quote quote = {.bid_price = {TW_NANO}, .ask_price = {2 * TW_NANO}, .symbol = 1};
    for (uint32_t i = 0; i < count; i++) {
        quote.time_ns = (int64_t)i;
        streams_on_quote(w.exchange->streams, &quote);
    }
    streams_flush(w.exchange->streams);
}

static void what_waits_for_all_has_one_bound_and_the_slowest_are_closed(void **state) {
    (void)state;
    enum { LAZY = 4, BOUND = 2 << 20, ROUNDS = 1000 };
    streams *set = w.exchange->streams;
    listener prompt;
    int lazy[LAZY];
    listen_to_data(&prompt, "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\"]}");
    for (int i = 0; i < LAZY; i++) { /* each with frames of its own */
        static const char *const channels[LAZY] = {"trades", "bars", "lulds", "statuses"};
        char words[100];
        lazy[i] = accept_client(true);
        snprintf(words, sizeof words,
                 "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\"],\"%s\":[\"AAPL\"]}", channels[i]);
        say(lazy[i], words);
    }
    TURN_UNTIL(set->market.audience_count == LAZY + 1);
    set->memory_size_max = set->memory.used + BOUND;
    size_t most = 0;
    for (int i = 0; i < ROUNDS && streams_dropped_count(set) < LAZY; i++) {
        tell_quotes(100);
        turn();
        most = set->memory.used > most ? set->memory.used : most;
    }
    assert_int_equal(streams_dropped_count(set), LAZY);
    assert_true(most <= set->memory_size_max + STREAM_BUFFER_SIZE);
    for (int i = 0; i < LAZY; i++)
        close(lazy[i]);
    TURN_UNTIL(streams_client_count(set) == 1 || prompt.closed);
    assert_false(prompt.closed);
    hang_up(&prompt);
}

static void when_memory_is_scarce_nobody_new_is_deflated(void **state) {
    (void)state;
    streams *set = w.exchange->streams;
    listener l;
    listen_with(&l, "/v2/iex", NULL, 0, true);
    assert_true(tw_socket_get_deflate(l.socket).on);
    hang_up(&l);
    set->memory_size_max = 1;
    int other = accept_client(false);
    listen_with(&l, "/v2/iex", NULL, 0, true);
    assert_false(tw_socket_get_deflate(l.socket).on);
    hang_up(&l);
    close(other);
}

/* ---- strangers ---------------------------------------------------------------------------- */

static void whoever_has_not_authenticated_may_send_little(void **state) {
    (void)state;
    static char large[STREAM_GREETING_SIZE_MAX + 1];
    memset(large, ' ', sizeof large);
    for (int deflated = 0; deflated < 2; deflated++) {
        listener l;
        listen_with(&l, "/v2/iex", NULL, 0, deflated == 1);
        TURN_UNTIL(l.frame_count == 1);
        assert_int_equal(tw_socket_send(l.socket, TW_SOCKET_TEXT, (tw_slice){large, sizeof large}),
                         TW_OK);
        TURN_UNTIL(l.closed);
        assert_int_equal(l.close_code, TW_SOCKET_TOO_BIG);
        hang_up(&l);
    }
    listener known;
    listen_to_data(&known, NULL);
    uint32_t frames = known.frame_count;
    assert_int_equal(tw_socket_send(known.socket, TW_SOCKET_TEXT, (tw_slice){large, sizeof large}),
                     TW_OK);
    TURN_UNTIL(known.frame_count > frames || known.closed);
    assert_has(known.log, "\"code\":400");
    hang_up(&known);
    listener trading;
    listen_to_updates(&trading);
    large[0] = '{';
    memcpy(large + sizeof large - 20, "\"action\":\"listen\"}  ", 20);
    assert_int_equal(
        tw_socket_send(trading.socket, TW_SOCKET_TEXT, (tw_slice){large, sizeof large}), TW_OK);
    frames = trading.frame_count;
    TURN_UNTIL(trading.frame_count > frames || trading.closed);
    assert_false(trading.closed);
    hang_up(&trading);
}

/* ---- subscriptions ------------------------------------------------------------------------ */

static bool raise_limit(rlim_t files) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < files)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void one_subscription_too_many_is_an_internal_error(void **state) {
    (void)state;
    enum { CLIENTS = STREAM_AUDIENCE_COUNT_MAX + 1 };
    if (!raise_limit(2 * CLIENTS + 200))
        skip();
    tw_exchange_config config = configuration();
    close_world();
    config.connection_count_max = CLIENTS;
    open_world(&config);
    streams *set = w.exchange->streams;
    static int fds[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        stream_interest *draft = &set->draft;
        fds[i] = accept_client(true);
        memset(draft->wanted, 0, interest_words(&set->market) * sizeof(uint64_t));
        draft->all = 0;
        for (uint32_t bit = 0; bit < 11; bit++) /* three symbols of some channels */
            if (((uint32_t)(i + 1) >> bit & 1) != 0)
                draft->wanted[bit / 3] |= UINT64_C(1) << bit % 3;
        tw_status status = audience_join(set->clients[set->client_count - 1], draft);
        assert_int_equal(status, i < STREAM_AUDIENCE_COUNT_MAX ? TW_OK : TW_FULL);
    }
    feed_check(&set->market);
    say(fds[CLIENTS - 1], "{\"action\":\"subscribe\",\"quotes\":[\"*\"]}");
    TURN_UNTIL(hears(fds[CLIENTS - 1], "\"code\":500"));
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    TURN_UNTIL(streams_client_count(set) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_for_all_has_one_bound_and_the_slowest_are_closed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_memory_is_scarce_nobody_new_is_deflated, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whoever_has_not_authenticated_may_send_little, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_subscription_too_many_is_an_internal_error, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
