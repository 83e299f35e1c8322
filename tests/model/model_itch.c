/*
 * model_itch.c - ITCH files of all kinds, good and damaged, read in several ways side by side; and
 * sequences of packets that were lost, repeated and swapped, against an obvious reader of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <zlib.h>

#include "itch_files.h"
#include "itch_model.h"
#include "tradewind/time.h"

enum { FILE_COUNT = 1200, SEQUENCE_COUNT = 500, STOCK_COUNT = 20 };

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- any files ----------------------------------------------------------------------------- */

/* A message of any type with values that are mostly good: bytes of its length, some of them set. */
static void put_any_message(byte_row *row, uint64_t *seed) {
    static const char types[] = "AAAAAAFDDDDDDDEECXXUUPQBIRHSYLVWKJhNO";
    static const uint8_t stock_at[128] = {
        ['R'] = 11, ['H'] = 11, ['Y'] = 11, ['L'] = 15, ['K'] = 11, ['J'] = 11, ['h'] = 11,
        ['A'] = 24, ['F'] = 24, ['P'] = 24, ['Q'] = 19, ['I'] = 28, ['N'] = 11, ['O'] = 11};
    char type = types[next_random(seed) % (sizeof types - 1)];
    char bytes[TW_ITCH_SIZE_MAX];
    memset(bytes, next_random(seed) % 8 == 0 ? 'Y' : '\x01', sizeof bytes);
    unsigned locate = (unsigned)(next_random(seed) % STOCK_COUNT);
    bytes[0] = type;
    bytes[1] = 0;
    bytes[2] = (char)locate;
    memcpy(bytes + 5, "\x1f\x1a", 2);
    for (int i = 11; type != 'R' && i < 50; i++)
        bytes[i] = (char)(next_random(seed) % 6 == 0 ? next_random(seed) : 1);
    if (type == 'R' || type == 'L' || type == 'I' || type == 'N' || type == 'Y')
        memset(bytes + 11, 'Y', sizeof bytes - 11);
    bytes[19] = type == 'R' ? 'N' : "BS"[next_random(seed) % 2];
    if (type == 'H')
        bytes[19] = "HPQT"[next_random(seed) % 4];
    if (type == 'S')
        bytes[11] = "OSQMEC"[next_random(seed) % 6];
    if (type == 'Q')
        memset(bytes + 11, 0, 6);
    unsigned at = stock_at[(unsigned char)type];
    if (at != 0) {
        char name[16];
        memset(bytes + at, ' ', 8);
        snprintf(name, sizeof name, locate == 0 ? "AAPL" : "S%u", locate);
        memcpy(bytes + at, name, strlen(name));
    }
    size_t size = tw_itch_size(type);
    row_big(row, size, 2);
    row_put(row, bytes, size);
}

static itch_wrap any_wrap(uint64_t *seed) {
    static const uint16_t links[] = {0, 0, 0, 0, 113, 276, 101};
    static const int blocks[] = {0, 0, 6, 6, 3, 2};
    return (itch_wrap){.link = links[next_random(seed) % 7],
                       .vlan_count = (int)(next_random(seed) % 3),
                       .version_6 = next_random(seed) % 3 == 0,
                       .extended = next_random(seed) % 3 == 0,
                       .big_endian = next_random(seed) % 2 == 0,
                       .nano = next_random(seed) % 2 == 0,
                       .blocks = blocks[next_random(seed) % 6],
                       .trailer = (int)(next_random(seed) % 7)};
}

/* A record once more, as if less of its packet had been kept. */
static void put_cut(byte_row *row, const itch_wrap *wrap, const byte_row *record, uint64_t *seed) {
    static byte_row frame;
    size_t head = wrap->blocks == 0 ? 16 : wrap->blocks == 3 ? 12 : 28;
    size_t tail = wrap->blocks == 0 ? 0 : 4;
    frame.size = 0;
    row_put(&frame, record->data + head, record->size - head - tail);
    if (wrap->blocks != 3) /* such a block does not say how much was kept */
        row_record(row, wrap, &frame, next_random(seed) % (frame.size + 1));
}

/* Packets of a few sessions, some lost, repeated, overlapping, cut or not ITCH at all. */
static void put_capture(byte_row *row, uint64_t *seed, size_t packet_count) {
    static byte_row blocks;
    static byte_row frame;
    static const char *const sessions[] = {"000010059B", "A", "B"};
    uint64_t sequences[3] = {1, 1000, 77};
    itch_wrap wrap = any_wrap(seed);
    row_begin(row, &wrap);
    for (size_t i = 0; i < packet_count; i++) {
        uint64_t s = next_random(seed) % 3;
        uint64_t kind = next_random(seed) % 40;
        uint16_t count = (uint16_t)(next_random(seed) % 6);
        blocks.size = 0;
        for (int j = 0; j < count; j++)
            put_any_message(&blocks, seed);
        if (kind == 0)
            sequences[s] += next_random(seed) % 9;
        if (kind == 1 && sequences[s] > 8)
            sequences[s] -= next_random(seed) % 9;
        wrap.port = kind == 2 ? 5 : (uint16_t)(100 + s);
        wrap.fragment = kind == 3 ? 0x2000 : 0;
        wrap.protocol = kind == 4 ? 6 : 0;
        if (kind == 5)
            count++; /* torn */
        if (kind == 6)
            row_packet(row, &wrap, sessions[s], sequences[s], 0xffff, NULL);
        size_t record = row->size;
        row_packet(row, &wrap, sessions[s], sequences[s], count, &blocks);
        sequences[s] += kind == 5 ? 0 : count;
        if (kind == 7)
            row_put(row, row->data + record, row->size - record);
        if (kind == 8 || kind == 9) { /* 9: instead of it */
            frame.size = 0;
            row_put(&frame, row->data + record, row->size - record);
            row->size = kind == 9 ? record : row->size;
            put_cut(row, &wrap, &frame, seed);
        }
    }
}

static void put_day(byte_row *row, uint64_t *seed, size_t message_count) {
    for (size_t i = 0; i < message_count; i++)
        put_any_message(row, seed);
    if (next_random(seed) % 2 == 0)
        row_fill(row, 0, 2 + next_random(seed) % 9);
}

static void mutate(byte_row *row, uint64_t *seed) {
    for (uint64_t i = next_random(seed) % 12; i > 0; i--)
        row->data[next_random(seed) % row->size] =
            next_random(seed) % 2 == 0 ? (char)next_random(seed) : "\x00\x01\xff"[i % 3];
    if (next_random(seed) % 3 == 0)
        row->size = 1 + next_random(seed) % row->size;
}

static itch_file pack(const byte_row *row) {
    static byte_row packed;
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)row->data;
    stream.avail_in = (uInt)row->size;
    stream.next_out = (Bytef *)packed.data;
    stream.avail_out = sizeof packed.data;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = sizeof packed.data - stream.avail_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return itch_file_of(packed.data, packed.size);
}

static void test_batches_places_and_messages_agree_on_any_bytes(void **state) {
    (void)state;
    static byte_row row;
    uint64_t answers = 0;
    for (uint64_t seed = 1; seed <= FILE_COUNT; seed++) {
        uint64_t draw = seed;
        bool capture = next_random(&draw) % 2 == 0;
        size_t scale = seed % 100 == 0 ? 40 : 1; /* some are longer than the buffer */
        size_t count = scale * (1 + next_random(&draw) % 120);
        row.size = 0;
        if (capture)
            put_capture(&row, &draw, count);
        else
            put_day(&row, &draw, count);
        if (seed % 2 == 0)
            mutate(&row, &draw);
        itch_file file = seed % 7 == 0 ? pack(&row) : itch_file_of(row.data, row.size);
        tw_tape_config config = {.path = file.path,
                                 .line_size_max = seed % 5 == 0 ? 0 : 1,
                                 .midnight_ns = (int64_t)seed,
                                 .format = TW_TAPE_ITCH,
                                 .known_symbols_only = next_random(&draw) % 3 == 0,
                                 .port = next_random(&draw) % 6 == 0 ? 101 : 0};
        answers += itch_model_run(&config, seed);
        assert_int_equal(close(file.fd), 0);
    }
    assert_true(answers > 3 * FILE_COUNT);
}

/* ---- sequences ----------------------------------------------------------------------------- */

enum { MESSAGE_MAX = 600, PACKET_MAX = 900, GIVEN_MAX = 4 * MESSAGE_MAX };

typedef struct sent_packet {
    uint64_t sequence;
    uint16_t count;
    uint16_t port;
} sent_packet;

/* What an obvious reader of one session makes of the packets. */
typedef struct expected {
    bool missing[MESSAGE_MAX + 1];
    uint64_t next;
    uint64_t gap_count;
    uint64_t late_count;
    uint64_t duplicate_count;
} expected;

/* What a reader must say, one after the other: the number of a message, or of the first one missing
 * with its sign turned. */
typedef struct answers {
    size_t count;
    int64_t said[GIVEN_MAX];
} answers;

static void expect_packet(expected *e, const sent_packet *packet, answers *a) {
    if (e->next == 0)
        e->next = packet->sequence;
    if (packet->sequence > e->next) {
        a->said[a->count++] = -(int64_t)e->next;
        e->gap_count++;
        for (; e->next < packet->sequence; e->next++)
            e->missing[e->next] = true;
    }
    for (uint64_t q = packet->sequence; q < packet->sequence + packet->count; q++) {
        bool late = q < e->next && e->missing[q];
        e->late_count += late;
        e->duplicate_count += q < e->next && !late;
        if (q == e->next || late)
            a->said[a->count++] = (int64_t)q;
        if (q == e->next)
            e->next++;
        e->missing[q] = false;
    }
}

static uint64_t missing_of(const expected *e) {
    uint64_t count = 0;
    for (size_t i = 0; i <= MESSAGE_MAX; i++)
        count += e->missing[i];
    return count;
}

/* All messages in packets, then some packets lost, some again, some swapped, some cut anew. */
static size_t make_packets(sent_packet *packets, uint64_t *seed, uint16_t port) {
    size_t count = 0;
    for (uint64_t q = 1 + next_random(seed) % 5; q <= MESSAGE_MAX && count < PACKET_MAX / 2;) {
        uint16_t size = (uint16_t)(next_random(seed) % 5);
        if (q + size > MESSAGE_MAX + 1)
            size = (uint16_t)(MESSAGE_MAX + 1 - q);
        packets[count++] = (sent_packet){q, size, port};
        q += size == 0 && q == MESSAGE_MAX + 1 ? 1 : size;
    }
    for (uint64_t i = next_random(seed) % 30; i > 0; i--) {
        size_t at = next_random(seed) % count;
        size_t to = at + next_random(seed) % 6;
        uint64_t what = next_random(seed) % 4;
        if (what == 0 && count > 2)
            memmove(&packets[at], &packets[at + 1], (--count - at) * sizeof *packets);
        else if (what == 1 && to < count) {
            sent_packet kept = packets[at];
            packets[at] = packets[to];
            packets[to] = kept;
        } else if (what == 2 && count < PACKET_MAX && to < count) {
            memmove(&packets[to + 1], &packets[to], (count++ - to) * sizeof *packets);
            packets[to] = packets[at];
        } else if (packets[at].sequence + packets[at].count + 2 <= MESSAGE_MAX) {
            packets[at].count = (uint16_t)(packets[at].count + 2); /* of the next one too */
        }
    }
    return count;
}

static void put_packet(byte_row *row, const sent_packet *packet) {
    static byte_row blocks;
    itch_wrap wrap = {.port = packet->port};
    blocks.size = 0;
    for (uint64_t q = packet->sequence; q < packet->sequence + packet->count; q++) {
        tw_itch_message message = itch_add(packet->port, "AAPL", q);
        row_message(&blocks, &message);
    }
    row_packet(row, &wrap, "SESSION", packet->sequence, packet->count, &blocks);
}

/* Two sessions at two ports, packets of both in turn. */
static void check_sequences(uint64_t seed) {
    static byte_row row;
    static sent_packet packets[2][PACKET_MAX];
    static expected expects[2];
    static answers all;
    itch_wrap wrap = {0};
    size_t counts[2];
    size_t at[2] = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    memset(expects, 0, sizeof expects);
    all.count = 0;
    for (uint16_t s = 0; s < 2; s++)
        counts[s] = make_packets(packets[s], &seed, (uint16_t)(7 + s));
    while (at[0] < counts[0] || at[1] < counts[1]) {
        size_t s = next_random(&seed) % 2;
        if (at[s] == counts[s])
            s = 1 - s;
        put_packet(&row, &packets[s][at[s]]);
        expect_packet(&expects[s], &packets[s][at[s]++], &all);
    }
    itch_file file = itch_file_of(row.data, row.size);
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    tw_tape_config config = {.path = file.path, .symbols = symbols, .format = TW_TAPE_ITCH};
    tw_tape *tape = NULL;
    tw_error error = {0};
    assert_int_equal(tw_tape_open(&config, &tape, &error), TW_OK);
    for (size_t i = 0; i < all.count; i++) {
        tw_order_event event;
        tw_status status = tw_tape_next_event(tape, &event, &error);
        tw_tape_gaps gaps = tw_tape_gaps_of(tape);
        if (all.said[i] > 0) {
            assert_int_equal(status, TW_OK);
            assert_int_equal(event.id, all.said[i]);
        } else {
            char words[64];
            assert_int_equal(status, TW_UNKNOWN);
            assert_int_equal(gaps.first_missing, -all.said[i]);
            snprintf(words, sizeof words, "messages %llu to %llu of session SESSION",
                     (unsigned long long)gaps.first_missing, (unsigned long long)gaps.last_missing);
            assert_non_null(strstr(error.message, words));
        }
    }
    tw_order_event event;
    assert_int_equal(tw_tape_next_event(tape, &event, &error), TW_EMPTY);
    tw_tape_gaps gaps = tw_tape_gaps_of(tape);
    assert_int_equal(gaps.gap_count, expects[0].gap_count + expects[1].gap_count);
    assert_int_equal(gaps.late_count, expects[0].late_count + expects[1].late_count);
    assert_int_equal(gaps.duplicate_count, expects[0].duplicate_count + expects[1].duplicate_count);
    assert_int_equal(gaps.missing_count, missing_of(&expects[0]) + missing_of(&expects[1]));
    assert_int_equal(gaps.packet_count, counts[0] + counts[1]);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    assert_int_equal(close(file.fd), 0);
}

static void test_lost_repeated_and_swapped_packets_are_all_noticed(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEQUENCE_COUNT; seed++)
        check_sequences(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_places_and_messages_agree_on_any_bytes),
        cmocka_unit_test(test_lost_repeated_and_swapped_packets_are_all_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
