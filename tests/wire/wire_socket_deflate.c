/* wire_socket_deflate.c - permessage-deflate (RFC 7692) over real sockets: both ends of ours, and
 * against a peer that uses zlib by itself and breaks the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "failing_heap.h"
#include "frame_script.h"
#include "tradewind/random.h"

/* ---- a peer with a zlib of its own -------------------------------------------------------- */

static script_house house;
static script_ear ear;
static frame_script script;
static z_stream packer;

static void packer_begin(int bits) {
    memset(&packer, 0, sizeof packer);
    assert_int_equal(deflateInit2(&packer, 9, Z_DEFLATED, -bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

/* Deflates as a message, or as one with a last block (`flush` Z_FINISH and a zero byte). */
static size_t pack(const void *data, size_t size, int flush, char *buffer, size_t capacity) {
    packer.next_in = (z_const Bytef *)(uintptr_t)data;
    packer.avail_in = (uInt)size;
    packer.next_out = (Bytef *)buffer;
    packer.avail_out = (uInt)capacity;
    assert_true(deflate(&packer, flush) >= 0);
    assert_true(packer.avail_in == 0 && packer.avail_out > 0);
    size_t packed = capacity - packer.avail_out;
    if (flush == Z_SYNC_FLUSH)
        return packed - 4;
    buffer[packed] = '\0';
    return packed + 1;
}

typedef bool (*case_maker)(frame_script *to, uint32_t index);

static const char sentence[] = "the quick brown fox jumps over the lazy dog, and over and over, "
                               "and over the lazy dog again";

/* The tw_socket does not deflate its echoes here (size_min), so that they are easy to compare. */
static void play_all(case_maker make, const char *extensions, const tw_socket_deflate *agreed) {
    uint32_t index = 0;
    house.extensions = extensions;
    house.config.deflate = *agreed;
    house.config.deflate.size_min = UINT32_MAX;
    house.config.close_timeout_ns = TW_NS_PER_SECOND;
    for (;; index++) {
        for (uint32_t way = 0; way < 4; way++) {
            script_begin(&script, way % 2 == 0);
            packer_begin(15);
            bool made = make(&script, index);
            deflateEnd(&packer);
            if (!made) {
                print_message("%u cases, four times each\n", index);
                return;
            }
            if (!script.ends_itself) {
                script_send(&script, FIN | OP_CLOSE, "\x03\xe8", 2);
                script_expect(&script, FIN | OP_CLOSE, "\x03\xe8", 2);
            }
            script_open(&house, way % 2 == 1);
            assert_true(house.opened);
            assert_int_equal(tw_socket_get_deflate(house.socket).on, 1);
            script_play(&house, &script, &ear, way < 2 ? 0 : 61);
            script_await_end(&house, &script);
            script_leave(&house);
        }
    }
}

static void say_packed(frame_script *to, uint8_t first, const void *data, size_t size) {
    static char buffer[1 << 20];
    size_t packed = pack(data, size, Z_SYNC_FLUSH, buffer, sizeof buffer);
    script_send(to, first, buffer, packed);
}

static bool good_messages(frame_script *to, uint32_t index) {
    char buffer[512];
    size_t size = 0;
    static char big[SCRIPT_MESSAGE_SIZE_MAX];
    switch (index) {
    case 0: /* the past of one message helps the next */
        for (int i = 0; i < 5; i++) {
            say_packed(to, FIN | RSV1 | OP_TEXT, sentence, strlen(sentence));
            script_hear(to, FIN | OP_TEXT, sentence);
        }
        return true;
    case 1: /* a message as it is in between */
        say_packed(to, FIN | RSV1 | OP_TEXT, sentence, 40);
        script_say(to, FIN | OP_TEXT, "as it is");
        say_packed(to, FIN | RSV1 | OP_BINARY, sentence, 40);
        script_expect(to, FIN | OP_TEXT, sentence, 40);
        script_hear(to, FIN | OP_TEXT, "as it is");
        script_expect(to, FIN | OP_BINARY, sentence, 40);
        return true;
    case 2: /* in pieces, with a ping between: only the first has the bit */
        size = pack(sentence, strlen(sentence), Z_SYNC_FLUSH, buffer, sizeof buffer);
        script_send(to, RSV1 | OP_TEXT, buffer, 7);
        script_say(to, FIN | OP_PING, "now");
        script_send(to, OP_MORE, buffer + 7, 0);
        script_send(to, FIN | OP_MORE, buffer + 7, size - 7);
        script_hear(to, FIN | OP_PONG, "now");
        script_hear(to, FIN | OP_TEXT, sentence);
        return true;
    case 3: /* the empty message of the RFC, section 7.2.3.6 */
        script_send(to, FIN | RSV1 | OP_TEXT, "\0", 1);
        script_hear(to, FIN | OP_TEXT, "");
        return true;
    case 4: /* "Hello" of section 7.2.3.1, and once more by its past, of 7.2.3.2 */
        script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
        script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x00\x11\x00\x00", 5);
        script_hear(to, FIN | OP_TEXT, "Hello");
        script_hear(to, FIN | OP_TEXT, "Hello");
        return true;
    case 5: /* without compression, of 7.2.3.3 */
        script_send(to, FIN | RSV1 | OP_TEXT, "\x00\x05\x00\xfa\xffHello\x00", 11);
        script_hear(to, FIN | OP_TEXT, "Hello");
        return true;
    case 6: /* a last block, of 7.2.3.4, and the past goes on behind it */
        script_send(to, FIN | RSV1 | OP_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
        script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x00\x11\x00\x00", 5);
        script_hear(to, FIN | OP_TEXT, "Hello");
        script_hear(to, FIN | OP_TEXT, "Hello");
        return true;
    case 7: /* two blocks, of 7.2.3.5 */
        script_send(to, FIN | RSV1 | OP_TEXT,
                    "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13);
        script_hear(to, FIN | OP_TEXT, "Hello");
        return true;
    case 8: /* as much as there may be */
        memset(big, 'x', sizeof big);
        say_packed(to, FIN | RSV1 | OP_BINARY, big, sizeof big);
        script_expect(to, FIN | OP_BINARY, big, sizeof big);
        return true;
    default:
        return false;
    }
}

static bool bad_messages(frame_script *to, uint32_t index) {
    static char big[SCRIPT_MESSAGE_SIZE_MAX + 1];
    char buffer[512];
    size_t size = 0;
    script_say(to, FIN | OP_TEXT, "well");
    script_hear(to, FIN | OP_TEXT, "well");
    switch (index) {
    case 0: /* the bit on a piece that is not the first */
        say_packed(to, RSV1 | OP_TEXT, sentence, 50);
        script_say(to, FIN | RSV1 | OP_MORE, "x");
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 1: /* on a control frame */
        script_say(to, FIN | RSV1 | OP_PING, "x");
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 2: /* a bit that nobody agreed on */
        script_say(to, FIN | RSV2 | OP_TEXT, "x");
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 3: /* a byte over the bound, once inflated */
        say_packed(to, FIN | RSV1 | OP_BINARY, big, sizeof big);
        script_fault(to, TW_SOCKET_TOO_BIG, TW_FULL);
        return true;
    case 4: /* the same as it is */
        script_send(to, FIN | OP_BINARY, big, sizeof big);
        script_fault(to, TW_SOCKET_TOO_BIG, TW_FULL);
        return true;
    case 5: /* no deflate at all */
        script_say(to, FIN | RSV1 | OP_BINARY, "\xff\xff\xff\xff");
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    case 6: /* cut in the middle of a block */
        size = pack(sentence, strlen(sentence), Z_SYNC_FLUSH, buffer, sizeof buffer);
        script_send(to, FIN | RSV1 | OP_BINARY, buffer, size / 2);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    case 7: /* nothing is no message either */
        script_send(to, FIN | RSV1 | OP_BINARY, "", 0);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    case 8: /* text that is none, once inflated */
        say_packed(to, FIN | RSV1 | OP_TEXT, "caf\xe9", 4);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    case 9: /* refers to a past that there is not */
        script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x00\x11\x00\x00", 5);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    default:
        return false;
    }
}

static void a_peer_with_another_zlib_is_understood(void **state) {
    (void)state;
    tw_socket_deflate agreed = {.on = true};
    script_house_open(&house);
    play_all(good_messages, "permessage-deflate", &agreed);
    script_house_close(&house);
}

static void broken_messages_close_with_their_code(void **state) {
    (void)state;
    tw_socket_deflate agreed = {.on = true};
    script_house_open(&house);
    play_all(bad_messages, "permessage-deflate", &agreed);
    script_house_close(&house);
}

static bool past_messages(frame_script *to, uint32_t index) {
    if (index > 0)
        return false;
    script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    script_hear(to, FIN | OP_TEXT, "Hello");
    script_send(to, FIN | RSV1 | OP_TEXT, "\xf2\x00\x11\x00\x00", 5);
    script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
    return true;
}

static void without_takeover_there_is_no_past(void **state) {
    (void)state;
    tw_socket_deflate agreed = {.on = true, .server_no_takeover = true, .client_no_takeover = true};
    script_house_open(&house);
    play_all(past_messages,
             "permessage-deflate; server_no_context_takeover; client_no_context_takeover", &agreed);
    script_house_close(&house);
}

static void a_bomb_costs_no_more_than_the_bound(void **state) {
    (void)state;
    static char zeros[1 << 20];
    static char bomb[1 << 18];
    failing_heap heap;
    tw_socket_deflate agreed = {.on = true};
    failing_heap_init(&heap);
    script_house_open(&house);
    house.config.allocator = &heap.allocator;
    house.config.deflate = agreed;
    house.config.close_timeout_ns = TW_NS_PER_SECOND;
    script_open(&house, false);
    uint64_t before = heap.bytes_out;
    packer_begin(15);
    size_t size = 0;
    for (int i = 0; i < 64; i++) /* 64 MiB in some 64 kB */
        size += pack(zeros, sizeof zeros, Z_SYNC_FLUSH, bomb + size, sizeof bomb - size) +
                (i < 63 ? 4u : 0u);
    deflateEnd(&packer);
    assert_true(size < SCRIPT_MESSAGE_SIZE_MAX);
    script_begin(&script, true);
    script_send(&script, FIN | RSV1 | OP_BINARY, bomb, size);
    script_fault(&script, TW_SOCKET_TOO_BIG, TW_FULL);
    script_play(&house, &script, &ear, 0);
    assert_true(heap.bytes_out < before + 4 * SCRIPT_MESSAGE_SIZE_MAX);
    script_await_end(&house, &script);
    assert_int_equal(house.message_count, 0);
    script_leave(&house);
    script_house_close(&house);
    assert_int_equal(heap.bytes_out, 0);
}

static void an_answer_that_was_not_offered_fails_the_handshake(void **state) {
    (void)state;
    static const struct {
        bool offers;
        const char *answer;
    } cases[] = {{false, "permessage-deflate"},
                 {true, "permessage-bzip2"},
                 {true, "permessage-deflate, permessage-deflate"},
                 {true, "permessage-deflate; server_max_window_bits=40"}};
    script_house_open(&house);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house.extensions = cases[i].answer;
        house.config.deflate = (tw_socket_deflate){.on = cases[i].offers};
        script_open(&house, true);
        assert_false(house.opened);
        assert_int_equal(house.status, TW_PROTOCOL);
        script_leave(&house);
    }
    house.extensions = NULL; /* declined: messages go as they are */
    script_open(&house, true);
    assert_true(house.opened);
    assert_int_equal(tw_socket_get_deflate(house.socket).on, 0);
    script_leave(&house);
    script_house_close(&house);
}

/* ---- both ends of ours -------------------------------------------------------------------- */

typedef struct deflate_end {
    tw_socket *socket;
    uint64_t sum; /* of all messages, their order included */
    uint32_t count;
    bool opened;
    bool closed;
} deflate_end;

typedef struct deflate_pair {
    tw_loop *loop;
    tw_http_server *server;
    const tw_allocator *allocator;
    tw_socket_deflate wish[2]; /* of the client, of the server */
    tw_socket_deflate agreed;
    deflate_end ends[2];
    tw_status failure;
} deflate_pair;

static uint64_t add_to_sum(uint64_t sum, uint8_t kind, tw_slice data) {
    sum = (sum ^ kind ^ data.size) * 1099511628211u;
    for (size_t i = 0; i < data.size; i++)
        sum = (sum ^ (unsigned char)data.data[i]) * 1099511628211u;
    return sum;
}

static void end_opened(void *context, tw_socket *socket) {
    (void)socket;
    ((deflate_end *)context)->opened = true;
}

static void end_message(void *context, tw_socket *socket, const tw_socket_message *message) {
    deflate_end *end = context;
    (void)socket;
    end->sum = add_to_sum(end->sum, message->kind, message->data);
    end->count++;
}

static void end_closed(void *context, tw_socket *socket, const tw_socket_ending *ending) {
    (void)socket;
    (void)ending;
    ((deflate_end *)context)->closed = true;
}

static tw_socket_config end_config(const deflate_pair *pair, deflate_end *end) {
    return (tw_socket_config){.allocator = pair->allocator,
                              .queue_size_max = 8u << 20,
                              .on_open = end_opened,
                              .on_message = end_message,
                              .on_close = end_closed,
                              .context = end};
}

static void pair_upgraded(void *context, int fd, tw_slice early) {
    deflate_pair *pair = context;
    tw_socket_config config = end_config(pair, &pair->ends[1]);
    config.deflate = pair->agreed;
    if (fd < 0)
        return;
    tw_status status =
        tw_socket_accept(pair->loop, fd, early, &config, &pair->ends[1].socket, NULL);
    if (status == TW_OK)
        return;
    close(fd);
    pair->failure = status;
}

static void pair_handle(void *context, const tw_http_request *request, tw_http_reply *reply) {
    deflate_pair *pair = context;
    char buffer[256];
    tw_text answer = tw_text_over(buffer, sizeof buffer);
    tw_slice offers = {0};
    pair->agreed = (tw_socket_deflate){0};
    bool agreed = tw_http_request_header(request, "Sec-WebSocket-Extensions", &offers) &&
                  tw_socket_deflate_choose(offers, &pair->wish[1], &pair->agreed, &answer);
    if (tw_http_reply_upgrade_with(reply, agreed ? buffer : NULL, pair_upgraded, pair, NULL) !=
        TW_OK)
        tw_http_reply_reset(reply);
}

static tw_status pair_open(deflate_pair *pair) {
    tw_http_server_config server = {.handler = pair_handle, .context = pair};
    tw_status status = tw_loop_new(NULL, &pair->loop, NULL);
    if (status == TW_OK)
        status = tw_http_server_start(pair->loop, &server, &pair->server, NULL);
    if (status != TW_OK)
        return status;
    char url[64];
    tw_socket_config config = end_config(pair, &pair->ends[0]);
    config.deflate = pair->wish[0];
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", tw_http_server_port(pair->server));
    tw_socket_call call = {.url = url};
    return tw_socket_connect(pair->loop, &call, &config, &pair->ends[0].socket, NULL);
}

static void pair_close(deflate_pair *pair) {
    tw_socket_free(pair->ends[0].socket);
    tw_socket_free(pair->ends[1].socket);
    tw_http_server_free(pair->server);
    tw_loop_free(pair->loop);
}

/* Turns until both ends are open and each has so many messages, or something ends. */
static tw_status pair_turn(deflate_pair *pair, uint32_t count) {
    int64_t end_ns = tw_time_monotonic_ns() + SCRIPT_PATIENCE_NS;
    for (;;) {
        const deflate_end *ends = pair->ends;
        if (pair->failure != TW_OK || ends[0].closed || ends[1].closed)
            return TW_NO_MEMORY; /* only a lack of memory ends these connections */
        if (ends[0].opened && ends[1].opened && ends[0].count >= count && ends[1].count >= count)
            return TW_OK;
        tw_status status = tw_loop_turn(pair->loop, TW_NS_PER_SECOND, NULL, NULL);
        if (status != TW_OK || tw_time_monotonic_ns() > end_ns)
            return status != TW_OK ? status : TW_TIMEOUT;
    }
}

/* Something that looks like a feed, of any size, sometimes noise. */
static tw_slice draw_message(tw_random *random, char *buffer, size_t capacity) {
    static const char piece[] = "{\"T\":\"t\",\"S\":\"AAPL\",\"p\":187.21,\"s\":100,\"i\":";
    size_t wanted =
        (size_t)tw_random_below(random, tw_random_below(random, 4) == 0 ? capacity : 700);
    bool noise = tw_random_below(random, 5) == 0;
    for (size_t i = 0; i < wanted; i++)
        buffer[i] = noise || i % 60 > 50 ? (char)('0' + tw_random_below(random, 75))
                                         : piece[i % (sizeof piece - 1)];
    return (tw_slice){buffer, wanted};
}

static void talk(deflate_pair *pair, uint64_t seed) {
    static char buffer[60000];
    tw_random random;
    uint64_t sums[2] = {0};
    tw_random_init(&random, seed, 0);
    for (uint32_t round = 1; round <= 60; round++) {
        for (int from = 0; from < 2; from++) {
            tw_slice data = draw_message(&random, buffer, sizeof buffer);
            tw_socket_kind kind =
                tw_random_below(&random, 2) == 0 ? TW_SOCKET_TEXT : TW_SOCKET_BINARY;
            /* Thrown away before it is sent: what follows must not refer to it. */
            if (tw_random_below(&random, 8) == 0) {
                assert_int_equal(tw_socket_send(pair->ends[from].socket, kind, data), TW_OK);
                assert_int_equal(tw_socket_discard(pair->ends[from].socket), 1);
            }
            assert_int_equal(tw_socket_send(pair->ends[from].socket, kind, data), TW_OK);
            sums[1 - from] = add_to_sum(sums[1 - from], (uint8_t)kind, data);
        }
        assert_int_equal(pair_turn(pair, round), TW_OK);
        assert_true(pair->ends[0].sum == sums[0]);
        assert_true(pair->ends[1].sum == sums[1]);
    }
}

static void all_that_was_sent_arrives_whatever_was_agreed(void **state) {
    (void)state;
    static const uint8_t bits[] = {0, 8, 9, 12, 15};
    uint64_t sizes[2] = {0};
    for (uint32_t n = 0; n < 20; n++) {
        deflate_pair pair = {.wish = {{.on = true,
                                       .client_no_takeover = n % 2 == 1,
                                       .server_no_takeover = n / 2 % 2 == 1,
                                       .client_bits = bits[n % 5],
                                       .server_bits = bits[n / 4 % 5],
                                       .size_min = n % 3 == 0 ? 1 : 0},
                                      {.on = true, .client_bits = bits[n * 7 % 5]}}};
        assert_int_equal(pair_open(&pair), TW_OK);
        assert_int_equal(pair_turn(&pair, 0), TW_OK);
        tw_socket_deflate agreed = tw_socket_get_deflate(pair.ends[0].socket);
        assert_true(agreed.on && pair.agreed.on);
        assert_int_equal(agreed.client_no_takeover, pair.agreed.client_no_takeover);
        assert_int_equal(agreed.server_no_takeover, pair.agreed.server_no_takeover);
        talk(&pair, n);
        tw_socket_stats stats = tw_socket_get_stats(pair.ends[0].socket);
        sizes[0] += stats.payload_out_size;
        sizes[1] += stats.byte_out_count;
        /* A window of 256 bytes cannot be deflated with; all others are used. */
        assert_true((stats.deflated_out_count > 0) == (agreed.client_bits > 8));
        assert_true((stats.deflated_in_count > 0) == (agreed.server_bits > 8));
        pair_close(&pair);
    }
    print_message("%lu bytes of messages were %lu on the wire\n", (unsigned long)sizes[0],
                  (unsigned long)sizes[1]);
    assert_true(sizes[1] < sizes[0]);
}

static tw_status open_and_talk(const tw_allocator *allocator, void *context) {
    (void)context;
    deflate_pair pair = {
        .allocator = allocator,
        .wish = {{.on = true, .client_bits = 9, .server_bits = 9, .size_min = 1}, {.on = true}}};
    tw_status status = pair_open(&pair);
    if (status == TW_OK)
        status = pair_turn(&pair, 0);
    for (int from = 0; from < 2 && status == TW_OK; from++)
        status = tw_socket_send(pair.ends[from].socket, TW_SOCKET_TEXT, tw_slice_of(sentence));
    if (status == TW_OK)
        status = pair_turn(&pair, 1);
    pair_close(&pair);
    return status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(open_and_talk, NULL);
}

int main(void) {
    ear.bytes = malloc(SCRIPT_SIZE_MAX);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_with_another_zlib_is_understood),
        cmocka_unit_test(broken_messages_close_with_their_code),
        cmocka_unit_test(without_takeover_there_is_no_past),
        cmocka_unit_test(a_bomb_costs_no_more_than_the_bound),
        cmocka_unit_test(an_answer_that_was_not_offered_fails_the_handshake),
        cmocka_unit_test(all_that_was_sent_arrives_whatever_was_agreed),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(ear.bytes);
    script_done(&script);
    return failed;
}
