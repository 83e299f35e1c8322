/*
 * test_tape_capture.c - ITCH in captures: every kind of them gives its messages, and what is
 * missing, repeated, cut, torn, or something else is told or counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "itch_reader.h"

/* ---- captures ------------------------------------------------------------------------------ */

static void check_wrap(const itch_wrap *wrap) {
    row.size = 0;
    row_begin(&row, wrap);
    put_packet(wrap, 100, 3);
    put_packet(wrap, 103, 0); /* a heartbeat */
    put_packet(wrap, 103, 1);
    row_packet(&row, wrap, "S1", 104, 0xffff, NULL); /* the end of the session */
    reader r = open_row();
    expect_orders(&r, 100, 103);
    assert_false(tw_tape_gaps_of(r.tape).ended);
    expect_status(&r, TW_EMPTY, NULL);
    tw_tape_gaps gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.packet_count, 4);
    assert_int_equal(gaps.other_count + gaps.gap_count + gaps.cut_count + gaps.fragment_count, 0);
    assert_true(gaps.ended);
    assert_int_equal(tw_tape_tell(r.tape).line, 4);
    close_reader(&r);
}

static void test_captures_of_every_kind_give_their_messages(void **state) {
    (void)state;
    static const uint16_t links[] = {0, 113, 276, 101, 12, 14};
    static const int kinds[] = {0, 6, 3, 2};
    size_t checked = 0;
    for (size_t link = 0; link < 6; link++) {
        for (size_t kind = 0; kind < 4; kind++) {
            for (unsigned bits = 0; bits < 64; bits++) {
                itch_wrap wrap = {.link = links[link],
                                  .blocks = kinds[kind],
                                  .version_6 = (bits & 1) != 0,
                                  .extended = (bits & 2) != 0,
                                  .big_endian = (bits & 4) != 0,
                                  .nano = (bits & 8) != 0,
                                  .trailer = (bits & 16) != 0 ? 7 : 0,
                                  .vlan_count = (bits & 32) != 0 ? 2 : (int)(bits & 1)};
                check_wrap(&wrap);
                checked++;
            }
        }
    }
    itch_wrap ipv4 = {.link = 228};
    itch_wrap ipv6 = {.link = 229, .version_6 = true};
    check_wrap(&ipv4);
    check_wrap(&ipv6);
    assert_int_equal(checked, 1536);
}

static void test_a_capture_cut_anywhere_gives_all_before_the_cut(void **state) {
    (void)state;
    for (int blocks_kind = 0; blocks_kind <= 6; blocks_kind += 6) {
        itch_wrap wrap = {.blocks = blocks_kind};
        row.size = 0;
        row_begin(&row, &wrap);
        size_t begin = row.size;
        put_packet(&wrap, 1, 2);
        size_t first = row.size;
        put_packet(&wrap, 3, 1);
        size_t whole = row.size;
        for (size_t size = begin; size <= whole; size++) {
            row.size = size;
            reader r = open_row();
            uint64_t last = size == whole ? 3 : size >= first ? 2 : 0;
            expect_orders(&r, 1, last);
            bool clean = size == begin || size == first || size == whole;
            char words[32];
            snprintf(words, sizeof words, "at byte %zu: ", size >= first ? first : begin);
            expect_status(&r, clean ? TW_EMPTY : TW_TRUNCATED, clean ? NULL : words);
            expect_status(&r, clean ? TW_EMPTY : TW_TRUNCATED, clean ? NULL : words);
            close_reader(&r);
        }
    }
    itch_wrap wrap = {0};
    for (size_t size = 4; size < 24; size++) {
        row.size = 0;
        row_begin(&row, &wrap);
        row.size = size;
        assert_int_equal(refused("in the header of a pcap"), TW_TRUNCATED);
    }
}

static void test_missing_messages_are_told_with_their_range(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    put_packet(&wrap, 1000, 2); /* it begins somewhere: nothing is missing before */
    put_packet(&wrap, 1005, 1);
    put_packet(&wrap, 1009, 0); /* a heartbeat tells of a loss too */
    put_packet(&wrap, 1003, 3); /* 1003 and 1004 are late, 1005 came before */
    put_packet(&wrap, 1009, 1);
    row_packet(&row, &wrap, "S1", 1012, 0xffff, NULL); /* and so does the end */
    reader r = open_row();
    expect_orders(&r, 1000, 1001);
    expect_status(&r, TW_UNKNOWN,
                  "messages 1002 to 1004 of session S1         at port 26477 are missing (3 of "
                  "them)");
    tw_tape_gaps gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.gap_count, 1);
    assert_int_equal(gaps.missing_count, 3);
    assert_int_equal(gaps.first_missing, 1002);
    assert_int_equal(gaps.last_missing, 1004);
    assert_int_equal(gaps.port, 26477);
    assert_string_equal(gaps.session, "S1        ");
    expect_orders(&r, 1005, 1005);
    expect_status(&r, TW_UNKNOWN, "messages 1006 to 1008");
    expect_orders(&r, 1003, 1004);
    gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.late_count, 2);
    assert_int_equal(gaps.missing_count, 4);
    expect_orders(&r, 1009, 1009);
    assert_int_equal(tw_tape_gaps_of(r.tape).duplicate_count, 1);
    expect_status(&r, TW_UNKNOWN, "messages 1010 to 1011");
    expect_status(&r, TW_EMPTY, NULL);
    gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.gap_count, 3);
    assert_int_equal(gaps.missing_count, 6);
    close_reader(&r);
}

static void test_a_gap_does_not_hide_behind_a_batch(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    for (uint64_t q = 1; q <= 50; q++)
        put_packet(&wrap, q == 50 ? 60 : q, 1);
    reader r = open_row();
    tw_order_event events[100];
    size_t count = 0;
    assert_int_equal(tw_tape_next_events(r.tape, events, 100, &count, &r.error), TW_OK);
    assert_int_equal(count, 49); /* over many packets */
    assert_int_equal(tw_tape_gaps_of(r.tape).packet_count, 49);
    assert_int_equal(tw_tape_gaps_of(r.tape).gap_count, 0);
    assert_int_equal(tw_tape_next_events(r.tape, events, 100, &count, &r.error), TW_UNKNOWN);
    assert_int_equal(tw_tape_next_events(r.tape, events, 100, &count, &r.error), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].id, 60);
    close_reader(&r);
}

static void test_only_the_last_gaps_are_remembered(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    for (uint64_t q = 0; q <= 1030; q++)
        put_packet(&wrap, 1 + 2 * q, 1); /* 1030 gaps of one message */
    put_packet(&wrap, 2 * 6, 1);         /* the sixth was forgotten */
    put_packet(&wrap, 2 * 7, 1);         /* the seventh was not */
    reader r = open_row();
    for (uint64_t q = 0; q <= 1030; q++) {
        if (q > 0)
            expect_status(&r, TW_UNKNOWN, "missing");
        expect_orders(&r, 1 + 2 * q, 1 + 2 * q);
    }
    expect_orders(&r, 14, 14);
    expect_status(&r, TW_EMPTY, NULL);
    tw_tape_gaps gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.duplicate_count, 1);
    assert_int_equal(gaps.late_count, 1);
    assert_int_equal(gaps.missing_count, 1029);
    close_reader(&r);
}

static void test_two_lines_of_a_feed_are_one(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    for (uint64_t q = 1; q <= 30; q++) {
        if (q % 3 != 0)
            put_packet(&wrap, q, 1); /* line A loses every third */
        put_packet(&wrap, q, 1);
    }
    reader r = open_row();
    expect_orders(&r, 1, 30);
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).gap_count, 0);
    assert_int_equal(tw_tape_gaps_of(r.tape).duplicate_count, 20);
    close_reader(&r);
}

static void test_only_a_port_is_read_if_so_wanted(void **state) {
    (void)state;
    itch_wrap wrap = {.port = 1};
    row.size = 0;
    row_begin(&row, &wrap);
    for (uint64_t q = 1; q <= 20; q++) {
        wrap.port = (uint16_t)(1 + q % 2);
        put_packet(&wrap, q, 1);
    }
    reader r = open_with((tw_tape_config){.port = 2}, NULL, 0);
    for (uint64_t q = 1; q <= 19; q += 2) {
        if (q > 1)
            expect_status(&r, TW_UNKNOWN, "missing");
        expect_orders(&r, q, q);
    }
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).other_count, 10);
    close_reader(&r);
}

/* A packet of some other protocol inside of UDP or TCP. */
static void put_foreign(const itch_wrap *wrap, const void *bytes, size_t size) {
    static byte_row payload;
    static byte_row transport;
    static byte_row frame;
    payload.size = transport.size = frame.size = 0;
    row_put(&payload, bytes, size);
    if (wrap->protocol == 6) {
        row_fill(&transport, 0, 12);
        row_big(&transport, 0x50, 1);
        row_fill(&transport, 0, 7);
        row_put(&transport, payload.data, payload.size);
    } else {
        row_udp(&transport, wrap, &payload);
    }
    row_frame(&frame, wrap, &transport);
    row_record(&row, wrap, &frame, frame.size);
}

static void test_other_packets_are_passed_over_and_counted(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    itch_wrap tcp = {.protocol = 6};
    itch_wrap arp = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    put_packet(&wrap, 1, 1);
    put_foreign(&wrap, "short", 5);
    put_foreign(&wrap, "twenty-two bytes of it", 22);
    put_foreign(&wrap, "S1        \0\0\0\0\0\0\0\x05\0\x03", 20); /* a request for messages */
    put_foreign(&wrap, "\x00\x01\x02garbage\0\0\0\0\0\0\0\x05\0\0", 20);
    put_foreign(&tcp, "GET / HTTP/1.1\r\n", 16);
    size_t record = row.size;
    put_packet(&arp, 9, 1);
    row.data[record + 16 + 12] = 0x08;
    row.data[record + 16 + 13] = 0x06;
    put_packet(&wrap, 2, 1);
    reader r = open_row();
    expect_orders(&r, 1, 2);
    expect_status(&r, TW_EMPTY, NULL);
    tw_tape_gaps gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.other_count, 6);
    assert_int_equal(gaps.packet_count, 2);
    assert_int_equal(gaps.gap_count, 0);
    close_reader(&r);
}

static void test_itch_over_tcp_is_refused_once_with_a_word(void **state) {
    (void)state;
    itch_wrap wrap = {.protocol = 6};
    tw_itch_message m = itch_add(1, "AAPL", 1);
    row.size = blocks.size = 0;
    row_message(&blocks, &m);
    blocks.data[1] = 37;
    memmove(blocks.data + 3, blocks.data + 2, blocks.size++ - 2);
    blocks.data[2] = 'S';
    row_begin(&row, &wrap);
    put_foreign(&wrap, blocks.data, blocks.size);
    put_foreign(&wrap, blocks.data, blocks.size);
    reader r = open_row();
    expect_status(&r, TW_UNSUPPORTED, "at byte 24: ITCH in SoupBinTCP");
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).other_count, 2);
    close_reader(&r);
}

static void test_fragments_are_passed_over_told_once_and_counted(void **state) {
    (void)state;
    static const uint16_t pieces[] = {0x2000, 0x0005, 0x2005, 0x4000};
    for (int version_6 = 0; version_6 < 2; version_6++) {
        itch_wrap wrap = {.version_6 = version_6 == 1};
        row.size = 0;
        row_begin(&row, &wrap);
        put_packet(&wrap, 1, 1);
        for (uint64_t i = 0; i < 3; i++) {
            wrap.fragment = version_6 == 1 ? (uint16_t)(8 * i | (i < 2)) : pieces[i];
            put_packet(&wrap, 2 + i, 1);
        }
        wrap.fragment = version_6 == 1 ? 0 : pieces[3]; /* "do not fragment" is none */
        put_packet(&wrap, 5, 1);
        reader r = open_row();
        expect_orders(&r, 1, 1);
        expect_status(&r, TW_UNKNOWN, "fragment");
        expect_status(&r, TW_UNKNOWN, "messages 2 to 4");
        expect_orders(&r, 5, 5);
        expect_status(&r, TW_EMPTY, NULL);
        assert_int_equal(tw_tape_gaps_of(r.tape).fragment_count, 3);
        close_reader(&r);
    }
}

/* A frame of 4 messages of which only a part was kept, and nothing behind it. */
static void put_cut(const itch_wrap *wrap, size_t kept) {
    static byte_row payload;
    static byte_row udp;
    static byte_row frame;
    payload.size = udp.size = frame.size = 0;
    row_mold(&payload, "S1", 5, 4, some_messages(5, 4));
    row_udp(&udp, wrap, &payload);
    row_frame(&frame, wrap, &udp);
    row_record(&row, wrap, &frame, kept == 0 ? frame.size : kept);
}

static void test_messages_that_a_capture_did_not_keep_are_told(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    const size_t header = 14 + 20 + 8 + 20;
    for (size_t kept = 14; kept < header + 4 * 38; kept++) {
        row.size = 0;
        row_begin(&row, &wrap);
        put_packet(&wrap, 4, 1);
        put_cut(&wrap, kept);
        reader r = open_row();
        uint64_t whole = kept < header ? 0 : (kept - header) / 38;
        char words[64];
        snprintf(words, sizeof words, "messages %llu to 8 ", (unsigned long long)(5 + whole));
        expect_orders(&r, 4, 4 + whole);
        expect_status(&r, TW_UNKNOWN, kept < header ? "cut this packet" : words);
        expect_status(&r, TW_EMPTY, NULL);
        assert_int_equal(tw_tape_gaps_of(r.tape).cut_count, 1);
        close_reader(&r);
    }
    wrap.trailer = 9; /* only of the trailer something was not kept */
    row.size = 0;
    row_begin(&row, &wrap);
    put_cut(&wrap, header + 4 * 38);
    reader r = open_row();
    expect_orders(&r, 5, 8);
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).cut_count, 0);
    close_reader(&r);
}

/* Another session follows, so that a batch could go on. */
static void test_what_a_cut_packet_lost_is_told_in_a_batch_too(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    itch_wrap other = {.port = 9};
    row.size = 0;
    row_begin(&row, &wrap);
    put_packet(&other, 1, 1);
    put_packet(&wrap, 4, 1);
    put_cut(&wrap, 14 + 20 + 8 + 20 + 2 * 38);
    put_packet(&other, 2, 1);
    reader r = open_row();
    expect_orders(&r, 1, 1);
    tw_order_event events[10];
    size_t count = 0;
    size_t total = 0;
    while (tw_tape_next_events(r.tape, events, 10, &count, &r.error) == TW_OK)
        total += count;
    assert_int_equal(total, 3);
    assert_non_null(strstr(r.error.message, "messages 7 to 8 "));
    assert_int_equal(next_event(&r).id, 2);
    close_reader(&r);
}

static void test_gaps_that_touch_are_one(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    put_packet(&wrap, 1, 1);
    for (uint64_t q = 3; q < 3 + 1500; q++)
        put_packet(&wrap, q, 0); /* each heartbeat tells of another one lost */
    put_packet(&wrap, 2, 1);
    reader r = open_row();
    expect_orders(&r, 1, 1);
    for (uint64_t q = 3; q < 3 + 1500; q++)
        expect_status(&r, TW_UNKNOWN, "missing (1 of them)");
    expect_orders(&r, 2, 2);
    assert_int_equal(tw_tape_gaps_of(r.tape).missing_count, 1499);
    close_reader(&r);
}

static void test_a_simple_packet_is_as_long_as_its_interface_keeps(void **state) {
    (void)state;
    itch_wrap wrap = {.blocks = 3};
    row.size = 0;
    row_begin(&row, &wrap);
    memcpy(row.data + 28 + 12, "\x64\0\0", 4); /* the interface keeps 100 bytes */
    put_cut(&wrap, 100);
    reader r = open_row();
    expect_orders(&r, 5, 5);
    expect_status(&r, TW_UNKNOWN, "messages 6 to 8");
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

static void test_a_torn_packet_of_a_session_is_malformed(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    put_packet(&wrap, 1, 1);
    size_t at = row.size;
    put_packet(&wrap, 2, 1);
    row.data[at + 16 + 62 + 1]++; /* the message is said to be longer than its packet */
    (void)some_messages(3, 1);
    row_fill(&blocks, 0, 1); /* something stands behind the message */
    row_packet(&row, &wrap, "S1", 3, 1, &blocks);
    put_packet(&wrap, 4, 1);
    reader r = open_row();
    expect_orders(&r, 1, 1);
    expect_status(&r, TW_PARSE, "do not fill it");
    expect_status(&r, TW_PARSE, "do not fill it");
    expect_status(&r, TW_UNKNOWN, "messages 2 to 3");
    expect_orders(&r, 4, 4);
    close_reader(&r);
}

static void test_a_message_of_no_bytes_is_malformed(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = blocks.size = 0;
    row_begin(&row, &wrap);
    row_fill(&blocks, 0, 2);
    row_packet(&row, &wrap, "S1", 1, 1, &blocks);
    put_packet(&wrap, 2, 1);
    reader r = open_row();
    expect_status(&r, TW_PARSE, "the message is empty");
    expect_orders(&r, 2, 2);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

static void test_a_datagram_longer_than_its_packet_is_none(void **state) {
    (void)state;
    itch_wrap wrap = {.trailer = 40};
    row.size = 0;
    row_begin(&row, &wrap);
    size_t at = row.size;
    put_packet(&wrap, 1, 1);
    char *datagram = row.data + at + 16 + 14 + 20;
    datagram[5] += 38; /* so that it would reach into the trailer, where a message lies */
    datagram[8 + 19] = 2;
    memcpy(datagram + 28 + 38, datagram + 28, 38);
    reader r = open_row();
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).other_count, 1);
    close_reader(&r);
}

static void test_more_sessions_than_are_read_are_told(void **state) {
    (void)state;
    itch_wrap wrap = {0};
    row.size = 0;
    row_begin(&row, &wrap);
    for (uint16_t i = 1; i <= 17; i++) {
        wrap.port = i;
        put_packet(&wrap, i, 1);
    }
    wrap.port = 1;
    put_packet(&wrap, 2, 1);
    reader r = open_row();
    expect_orders(&r, 1, 16);
    expect_status(&r, TW_FULL, "at port 17 is one too many");
    expect_orders(&r, 2, 2);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

static void test_sections_and_interfaces_change_what_packets_are(void **state) {
    (void)state;
    itch_wrap ethernet = {.blocks = 6};
    itch_wrap cooked = {.blocks = 6, .link = 113, .big_endian = true};
    row.size = 0;
    row_begin(&row, &ethernet);
    put_packet(&ethernet, 1, 1);
    row_interface(&row, &ethernet, 147, 0); /* of a link that nobody knows */
    size_t at = row.size;
    put_packet(&ethernet, 2, 1);
    row.data[at + 8] = 1;     /* on the second interface */
    row_begin(&row, &cooked); /* another section, in the other byte order */
    put_packet(&cooked, 2, 1);
    reader r = open_row();
    expect_orders(&r, 1, 2);
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).other_count, 1);
    close_reader(&r);
}

static void test_blocks_of_any_size_are_passed_over(void **state) {
    (void)state;
    static byte_row large;
    itch_wrap wrap = {.blocks = 6};
    row.size = large.size = 0;
    row_fill(&large, 7, 700000);
    row_begin(&row, &wrap);
    put_packet(&wrap, 1, 1);
    row_block(&row, &wrap, 10, &large);
    put_packet(&wrap, 2, 1);
    reader r = open_with((tw_tape_config){.line_size_max = 1}, NULL, 0);
    expect_orders(&r, 1, 2);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
    row.size = 0;
    row_begin(&row, &wrap);
    large.size = 100000;
    row_record(&row, &wrap, &large, 100000);
    put_packet(&wrap, 1, 1);
    r = open_with((tw_tape_config){.line_size_max = 1}, NULL, 0);
    expect_status(&r, TW_FULL, "at most 66048 are read (line_size_max)");
    expect_orders(&r, 1, 1);
    close_reader(&r);
}

static void expect_corrupt(const char *words) {
    reader r = open_row();
    expect_status(&r, TW_CORRUPT, words);
    expect_status(&r, TW_CORRUPT, words);
    close_reader(&r);
}

static void test_records_that_cannot_be_are_damage(void **state) {
    (void)state;
    itch_wrap pcap = {0};
    itch_wrap ng = {.blocks = 6};
    row.size = 0;
    row_begin(&row, &pcap);
    row_fill(&row, (char)0xff, 16);
    expect_corrupt("at byte 24: a packet of 4294967295 bytes");
    row.size = 0;
    row_begin(&row, &ng);
    size_t at = row.size;
    put_packet(&ng, 1, 1);
    size_t size = row.size;
    static const struct {
        size_t at;
        const char *byte;
        const char *words;
    } damages[] = {
        {4, "\x85", "a multiple of four"},
        {4, "\x08", "at least 12"},
        {7, "\x01", "at most"},
        {8, "\x01", "interface 1, of which the section has 1"},
        {20, "\xff", "a packet of 255 bytes"},
    };
    char before;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        before = row.data[at + damages[i].at];
        char next = row.data[at + 5];
        row.data[at + damages[i].at] = damages[i].byte[0];
        expect_corrupt(damages[i].words);
        row.data[at + damages[i].at] = before;
        row.data[at + 5] = next;
    }
    row.data[size - 4]++;
    expect_corrupt("at its end");
    row.size = 0;
    row_begin(&row, &ng);
    row.data[8] = 0; /* the mark of the byte order */
    expect_corrupt("at byte 0: the section header");
    row.size = 0;
    row_begin(&row, &ng);
    for (int i = 0; i < 64; i++)
        row_interface(&row, &ng, 1, 0);
    put_packet(&ng, 1, 1); /* of the first one */
    reader r = open_row();
    expect_status(&r, TW_FULL, "more than 64 interfaces");
    expect_orders(&r, 1, 1);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

static void test_captures_that_are_not_read_are_refused_at_once(void **state) {
    (void)state;
    itch_wrap wrap = {.link = 147};
    row.size = 0;
    row_begin(&row, &wrap);
    assert_int_equal(refused("link type 147"), TW_UNSUPPORTED);
    wrap.link = 1;
    row.size = 0;
    row_begin(&row, &wrap);
    row.data[4] = 3;
    assert_int_equal(refused("version 3"), TW_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captures_of_every_kind_give_their_messages),
        cmocka_unit_test(test_a_capture_cut_anywhere_gives_all_before_the_cut),
        cmocka_unit_test(test_missing_messages_are_told_with_their_range),
        cmocka_unit_test(test_a_gap_does_not_hide_behind_a_batch),
        cmocka_unit_test(test_only_the_last_gaps_are_remembered),
        cmocka_unit_test(test_two_lines_of_a_feed_are_one),
        cmocka_unit_test(test_only_a_port_is_read_if_so_wanted),
        cmocka_unit_test(test_other_packets_are_passed_over_and_counted),
        cmocka_unit_test(test_itch_over_tcp_is_refused_once_with_a_word),
        cmocka_unit_test(test_fragments_are_passed_over_told_once_and_counted),
        cmocka_unit_test(test_messages_that_a_capture_did_not_keep_are_told),
        cmocka_unit_test(test_a_simple_packet_is_as_long_as_its_interface_keeps),
        cmocka_unit_test(test_a_torn_packet_of_a_session_is_malformed),
        cmocka_unit_test(test_a_message_of_no_bytes_is_malformed),
        cmocka_unit_test(test_a_datagram_longer_than_its_packet_is_none),
        cmocka_unit_test(test_what_a_cut_packet_lost_is_told_in_a_batch_too),
        cmocka_unit_test(test_gaps_that_touch_are_one),
        cmocka_unit_test(test_more_sessions_than_are_read_are_told),
        cmocka_unit_test(test_sections_and_interfaces_change_what_packets_are),
        cmocka_unit_test(test_blocks_of_any_size_are_passed_over),
        cmocka_unit_test(test_records_that_cannot_be_are_damage),
        cmocka_unit_test(test_captures_that_are_not_read_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
