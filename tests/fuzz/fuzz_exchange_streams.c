/*
 * fuzz_exchange_streams.c - what clients say to the exchange's streams.
 *
 * The first byte chooses the address, the encoding and whether the handshake had credentials. Then
 * come messages: a byte whose highest bit asks for a binary frame and whose others are half of the
 * length, and so many bytes. After each the market has something to tell.
 *
 * Whatever comes: what is answered can be read by our own client's decoder, the index of who wants
 * what is right, and when the connection is gone nothing of it is left.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange_desk.h"
#include "streams_priv.h"

enum { ENDPOINTS = 6, TRADING = 5, PACKED = 8, KNOWN = 16, INPUT_SIZE_MAX = 4096 };
enum { HEARD_SIZE = 1 << 20, TURNS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct stage {
    trading_desk desk;
    tw_loop *loop;
    streams *streams;
    tw_alpaca_reader *reader;
    tw_symbols *symbols; /* of the reader: it may learn */
    uint8_t heard[HEARD_SIZE];
    size_t heard_size;
} stage;

static stage *the_stage(void) {
    static stage s;
    if (s.streams != NULL)
        return &s;
    const desk_config config = {.symbols = "AAA,BBB", .seed = 1, .cash = {100000 * TW_NANO}};
    tw_status status = desk_open(&s.desk, NULL, &config, NULL);
    if (status == TW_OK)
        status = tw_loop_new(NULL, &s.loop, NULL);
    if (status == TW_OK)
        status = streams_new(NULL, s.loop, s.desk.symbols, s.desk.ledger, 16, &s.streams);
    if (status == TW_OK)
        status = tw_symbols_new(NULL, 16, &s.symbols);
    if (status == TW_OK)
        status = tw_alpaca_reader_new(NULL, HEARD_SIZE, 4096, s.symbols, &s.reader);
    if (status == TW_OK)
        status = tw_alpaca_reader_add_msgpack(s.reader);
    TW_ASSERT(status == TW_OK);
    streams_set_floor(s.streams, s.desk.floor);
    streams_set_limits(s.streams, (stream_limits){1, 2});
    return &s;
}

static void turn(stage *s, int fd) {
    for (int i = 0; i < TURNS; i++) {
        TW_ASSERT(tw_loop_turn(s->loop, 0, NULL, NULL) == TW_OK);
        ssize_t got = recv(fd, s->heard + s->heard_size, HEARD_SIZE - s->heard_size, MSG_DONTWAIT);
        s->heard_size += got > 0 ? (size_t)got : 0;
    }
}

static void tell_market(stage *s) {
    static const tw_trade trade = {.time_ns = DESK_START_NS + 1,
                                   .price = {TW_NANO},
                                   .quantity = {TW_NANO / 2},
                                   .id = 7,
                                   .symbol = 1,
                                   .exchange = 'V',
                                   .tape = 'C',
                                   .conditions = "@"};
    tw_bar bar = {.time_ns = DESK_START_NS,
                  .timeframe_ns = TW_NS_PER_MINUTE,
                  .open = {TW_NANO},
                  .high = {TW_NANO},
                  .low = {TW_NANO},
                  .close = {TW_NANO},
                  .vwap = {TW_NANO},
                  .volume = {TW_NANO},
                  .count = 1};
    streams_on_trade(s->streams, &trade);
    streams_on_bar(s->streams, &bar, &bar);
    streams_on_halt(s->streams, 0, DESK_START_NS, true);
    test_market_tell(s->streams, DESK_START_NS);
    streams_flush(s->streams);
    feed_check(&s->streams->market);
    feed_check(&s->streams->test);
}

/* One masked frame; a mask of zeros leaves the bytes as they are. */
static void send_message(int fd, bool binary, const uint8_t *data, size_t size) {
    uint8_t frame[300] = {(uint8_t)(binary ? 0x82 : 0x81), 0xFE, (uint8_t)(size >> 8),
                          (uint8_t)(size & 0xFF)};
    memcpy(frame + 8, data, size);
    if (size < 126) {
        frame[1] = (uint8_t)(0x80 | size);
        memmove(frame + 6, frame + 8, size);
        memset(frame + 2, 0, 4);
    }
    ssize_t sent = send(fd, frame, size + (size < 126 ? 6 : 8), MSG_NOSIGNAL);
    (void)sent; /* the other end may be gone */
}

static void check_message(stage *s, uint8_t choice, uint8_t opcode, tw_slice payload) {
    static const tw_alpaca_events events = {0};
    tw_alpaca_trading_message message;
    tw_status status = TW_OK;
    bool packed = (choice & PACKED) != 0;
    if (choice % 8 % ENDPOINTS == TRADING) {
        TW_ASSERT(opcode == 2);
        if (!packed)
            status = tw_alpaca_decode_trading(s->reader, payload, &message, NULL);
    } else {
        TW_ASSERT(opcode == (packed ? 2 : 1));
        status = (packed ? tw_alpaca_decode_stream_msgpack
                         : tw_alpaca_decode_stream)(s->reader, payload, &events, NULL);
    }
    TW_ASSERT(status == TW_OK);
}

/* Whole frames of the server, but for the last when the connection broke. */
static void check_answers(stage *s, uint8_t choice) {
    const uint8_t *from = s->heard;
    size_t left = s->heard_size;
    while (left >= 2) {
        size_t head = from[1] < 126 ? 2 : from[1] == 126 ? 4 : 10;
        size_t size = head == 2 ? from[1] : 0;
        for (size_t i = 2; i < head && i < left; i++)
            size = size << 8 | from[i];
        if (left < head || left - head < size)
            return;
        if ((from[0] & 0x0F) <= 2)
            check_message(s, choice, from[0] & 0x0F, (tw_slice){(const char *)from + head, size});
        from += head + size;
        left -= head + size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    stage *s = the_stage();
    int ends[2];
    if (size == 0 || size > INPUT_SIZE_MAX)
        return 0;
    uint8_t choice = *data++;
    size--;
    stream_handshake handshake = {.endpoint = (uint8_t)(choice % 8 % ENDPOINTS),
                                  .codec = (choice & PACKED) != 0 ? STREAM_MSGPACK : STREAM_JSON,
                                  .presented = (choice & KNOWN) != 0,
                                  .account = (choice & KNOWN) != 0 ? s->desk.account : NULL};
    s->heard_size = 0;
    TW_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    TW_ASSERT(client_accept(s->streams, &handshake, ends[0], (tw_slice){0}) == TW_OK);
    turn(s, ends[1]);
    while (size > 1) {
        size_t length = 2u * (data[0] & 0x7F);
        length = length < size - 1 ? length : size - 1;
        send_message(ends[1], (data[0] & 0x80) != 0, data + 1, length);
        turn(s, ends[1]);
        tell_market(s);
        data += 1 + length;
        size -= 1 + length;
    }
    turn(s, ends[1]);
    check_answers(s, choice);
    close(ends[1]);
    for (int i = 0; i < 100 && streams_client_count(s->streams) > 0; i++)
        TW_ASSERT(tw_loop_turn(s->loop, 0, NULL, NULL) == TW_OK);
    TW_ASSERT(streams_client_count(s->streams) == 0);
    TW_ASSERT(s->streams->market.audience_count == 0 && s->streams->test.audience_count == 0);
    return 0;
}
