/*
 * test_tape_itch.c - ITCH through the tape: events, names, day files, packed files, memory.
 * Captures are in test_tape_capture.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "failing_heap.h"
#include "itch_reader.h"
#include "tradewind/time.h"

/* ---- events -------------------------------------------------------------------------------- */

static tw_itch_message message_of(char type, uint16_t locate) {
    tw_itch_message m;
    memset(&m, 0, sizeof m);
    m.type = type;
    m.stock_locate = locate;
    m.time_ns = 5;
    return m;
}

static void put_orders(void) {
    tw_itch_message m = itch_add(1, "AAPL", 10);
    m.time_ns = 5;
    m.add_order.price.nano = INT64_C(1234500000);
    put(m);
    m.type = 'F';
    m.add_order.side = TW_SIDE_SELL;
    strcpy(m.add_order.attribution, "NITE");
    put(m);
    m = message_of('E', 1);
    m.execution.order_reference_number = 10;
    m.execution.match_number = 99;
    m.execution.shares.nano = 3 * TW_NANO;
    put(m);
    m.type = 'C';
    m.execution.price.nano = 7 * TW_NANO;
    m.execution.printable = 'N';
    put(m);
    m = message_of('X', 1);
    m.cancel.order_reference_number = 10;
    m.cancel.shares.nano = 2 * TW_NANO;
    put(m);
    m = message_of('U', 1);
    m.replace.order_reference_number = 10;
    m.replace.new_order_reference_number = 11;
    m.replace.shares.nano = 4 * TW_NANO;
    m.replace.price.nano = 8 * TW_NANO;
    put(m);
    put(itch_drop(1, 11));
    m = message_of('P', 1);
    m.trade.match_number = 100;
    m.trade.shares.nano = TW_NANO;
    m.trade.price.nano = 9 * TW_NANO;
    m.trade.side = TW_SIDE_BUY;
    strcpy(m.trade.stock, "AAPL");
    put(m);
    m = message_of('Q', 1);
    m.cross_trade.match_number = 101;
    m.cross_trade.shares.nano = INT64_C(5000000000) * TW_NANO;
    m.cross_trade.price.nano = TW_NANO;
    m.cross_trade.cross_type = 'O';
    strcpy(m.cross_trade.stock, "AAPL");
    put(m);
}

#define FULL_EVENT(event_kind, ...)                                     \
    (tw_order_event) {                                                  \
        .time_ns = 1005, .kind = (event_kind), .symbol = 0, __VA_ARGS__ \
    }

static void test_messages_about_orders_become_events(void **state) {
    (void)state;
    row.size = 0;
    put_orders();
    const tw_order_event wanted[] = {
        FULL_EVENT(TW_EVENT_ADD, .id = 10, .price = {INT64_C(1234500000)},
                   .quantity = {100 * TW_NANO}, .side = TW_SIDE_BUY),
        FULL_EVENT(TW_EVENT_ADD, .id = 10, .price = {INT64_C(1234500000)},
                   .quantity = {100 * TW_NANO}, .side = TW_SIDE_SELL),
        FULL_EVENT(TW_EVENT_EXECUTE, .id = 10, .new_id = 99, .quantity = {3 * TW_NANO}),
        FULL_EVENT(TW_EVENT_EXECUTE, .id = 10, .new_id = 99, .quantity = {3 * TW_NANO},
                   .price = {7 * TW_NANO}),
        FULL_EVENT(TW_EVENT_REDUCE, .id = 10, .quantity = {2 * TW_NANO}),
        FULL_EVENT(TW_EVENT_REPLACE, .id = 10, .new_id = 11, .quantity = {4 * TW_NANO},
                   .price = {8 * TW_NANO}),
        {.time_ns = 1011, .kind = TW_EVENT_DELETE, .id = 11},
        FULL_EVENT(TW_EVENT_HIDDEN, .new_id = 100, .quantity = {TW_NANO}, .price = {9 * TW_NANO},
                   .side = TW_SIDE_BUY),
        FULL_EVENT(TW_EVENT_CROSS, .new_id = 101, .quantity = {INT64_C(5000000000) * TW_NANO},
                   .price = {TW_NANO}),
    };
    reader r = open_with((tw_tape_config){.midnight_ns = 1000}, NULL, 0);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        tw_order_event event = next_event(&r);
        if (memcmp(&event, &wanted[i], sizeof event) != 0)
            fail_msg("event %zu is another", i);
    }
    expect_status(&r, TW_EMPTY, NULL);
    assert_string_equal(tw_symbols_name(r.symbols, 0), "AAPL");
    close_reader(&r);
}

static void test_halts_and_all_other_messages_become_events(void **state) {
    (void)state;
    static const char states[] = "HPQT";
    static const tw_trading_phase phases[] = {TW_PHASE_HALTED, TW_PHASE_HALTED, TW_PHASE_QUOTING,
                                              TW_PHASE_TRADING};
    row.size = 0;
    put(itch_system('O'));
    put(itch_directory(3, "BRK.B"));
    for (int i = 0; i < 4; i++) {
        tw_itch_message m = message_of('H', 3);
        strcpy(m.trading_action.stock, "BRK.B");
        m.trading_action.trading_state = states[i];
        m.trading_action.reserved = ' ';
        put(m);
    }
    put(message_of('B', 3));
    reader r = open_row();
    tw_order_event event = next_event(&r);
    assert_int_equal(event.kind, TW_EVENT_OTHER);
    assert_int_equal(event.detail, 'S');
    assert_int_equal(event.symbol, TW_SYMBOL_NONE);
    event = next_event(&r);
    assert_int_equal(event.kind, TW_EVENT_OTHER);
    assert_int_equal(event.detail, 'R');
    assert_int_equal(event.symbol, 0);
    for (int i = 0; i < 4; i++) {
        event = next_event(&r);
        assert_int_equal(event.kind, TW_EVENT_HALT);
        assert_int_equal(event.detail, phases[i]);
        assert_int_equal(event.symbol, 0);
        assert_int_equal(event.side, TW_SIDE_NONE);
    }
    event = next_event(&r);
    assert_int_equal(event.kind, TW_EVENT_OTHER);
    assert_int_equal(event.detail, 'B');
    assert_int_equal(event.id, 0);
    expect_status(&r, TW_EMPTY, NULL);
    assert_int_equal(tw_tape_gaps_of(r.tape).unnamed_count, 0);
    close_reader(&r);
}

static void test_whole_messages_and_events_may_be_mixed(void **state) {
    (void)state;
    row.size = 0;
    put(itch_directory(3, "MSFT"));
    put(itch_add(3, "MSFT", 8));
    put(itch_drop(3, 8));
    reader r = open_row();
    tw_itch_message m;
    assert_int_equal(tw_tape_next_itch(r.tape, &m, &r.error), TW_OK);
    assert_int_equal(m.type, 'R');
    assert_string_equal(m.stock_directory.stock, "MSFT");
    tw_order_event event = next_event(&r);
    assert_int_equal(event.id, 8);
    assert_string_equal(tw_symbols_name(r.symbols, event.symbol), "MSFT");
    assert_int_equal(tw_tape_next_itch(r.tape, &m, &r.error), TW_OK);
    assert_int_equal(m.type, 'D');
    assert_int_equal(m.delete_order.order_reference_number, 8);
    assert_int_equal(tw_tape_next_itch(r.tape, &m, &r.error), TW_EMPTY);
    close_reader(&r);
}

/* ---- names --------------------------------------------------------------------------------- */

static void test_a_locate_has_the_name_that_was_told_last(void **state) {
    (void)state;
    row.size = 0;
    put(itch_drop(9, 1));
    put(itch_add(9, "AAC+", 2));
    put(itch_drop(9, 3));
    put(itch_directory(9, "OTHER"));
    put(itch_drop(9, 4));
    reader r = open_row();
    assert_int_equal(next_event(&r).symbol, TW_SYMBOL_NONE);
    assert_int_equal(tw_tape_gaps_of(r.tape).unnamed_count, 1);
    (void)next_event(&r);
    assert_string_equal(tw_symbols_name(r.symbols, next_event(&r).symbol), "AAC+");
    (void)next_event(&r);
    assert_string_equal(tw_symbols_name(r.symbols, next_event(&r).symbol), "OTHER");
    assert_int_equal(tw_tape_gaps_of(r.tape).unnamed_count, 1);
    close_reader(&r);
}

static void test_locate_zero_is_no_stock(void **state) {
    (void)state;
    row.size = 0;
    put(itch_add(0, "AAPL", 1));
    put(itch_drop(0, 1));
    put(itch_add(0, "MSFT", 2));
    reader r = open_row();
    assert_string_equal(tw_symbols_name(r.symbols, next_event(&r).symbol), "AAPL");
    assert_int_equal(next_event(&r).symbol, TW_SYMBOL_NONE);
    assert_string_equal(tw_symbols_name(r.symbols, next_event(&r).symbol), "MSFT");
    close_reader(&r);
}

static void test_sessions_have_locates_of_their_own(void **state) {
    (void)state;
    itch_wrap wrap = {.port = 5};
    row.size = blocks.size = 0;
    row_begin(&row, &wrap);
    tw_itch_message m = itch_add(1, "AAPL", 1);
    row_message(&blocks, &m);
    row_packet(&row, &wrap, "A", 1, 1, &blocks);
    blocks.size = 0;
    m = itch_add(1, "MSFT", 2);
    row_message(&blocks, &m);
    row_packet(&row, &wrap, "B", 1, 1, &blocks);
    blocks.size = 0;
    m = itch_drop(1, 3);
    row_message(&blocks, &m);
    row_packet(&row, &wrap, "A", 2, 1, &blocks);
    wrap.port = 6;
    row_packet(&row, &wrap, "A", 2, 1, &blocks);
    reader r = open_row();
    (void)next_event(&r);
    (void)next_event(&r);
    assert_string_equal(tw_symbols_name(r.symbols, next_event(&r).symbol), "AAPL");
    assert_int_equal(next_event(&r).symbol, TW_SYMBOL_NONE); /* another port, another feed */
    close_reader(&r);
}

static void test_only_known_symbols_are_given_if_so_wanted(void **state) {
    (void)state;
    static const char *const known[] = {"MSFT"};
    row.size = 0;
    put(itch_system('O'));
    put(itch_directory(1, "AAPL"));
    put(itch_directory(2, "MSFT"));
    put(itch_drop(3, 30)); /* nobody said which */
    for (uint64_t i = 0; i < 100; i++) {
        put(itch_add(1, "AAPL", 1 + i));
        put(itch_add(2, "MSFT", 1000 + i));
        put(itch_drop(1, 1 + i));
    }
    reader r = open_with((tw_tape_config){.known_symbols_only = true}, known, 1);
    assert_int_equal(next_event(&r).detail, 'S');
    assert_int_equal(next_event(&r).detail, 'R');
    for (uint64_t i = 0; i < 100; i++) {
        tw_order_event event = next_event(&r);
        assert_int_equal(event.id, 1000 + i);
        assert_int_equal(event.symbol, 0);
    }
    assert_int_equal(tw_tape_gaps_of(r.tape).passed_count, 2 + 199);
    expect_status(&r, TW_EMPTY, NULL);
    tw_tape_gaps gaps = tw_tape_gaps_of(r.tape);
    assert_int_equal(gaps.passed_count, 2 + 200);
    assert_int_equal(gaps.unnamed_count, 1);
    assert_int_equal(tw_symbols_count(r.symbols), 1);
    assert_int_equal(tw_tape_tell(r.tape).line, 304);
    close_reader(&r);
    r = open_with((tw_tape_config){.known_symbols_only = true}, known, 1);
    tw_itch_message m;
    size_t count = 0;
    while (tw_tape_next_itch(r.tape, &m, NULL) == TW_OK)
        count++;
    assert_int_equal(count, 102);
    close_reader(&r);
}

static void test_a_full_table_of_symbols_is_told_and_reading_goes_on(void **state) {
    (void)state;
    row.size = 0;
    for (uint16_t i = 1; i <= 66; i++) {
        char name[16];
        snprintf(name, sizeof name, "S%d", i);
        put(itch_add(i, name, i));
    }
    put(itch_drop(1, 1));
    reader r = open_row();
    expect_orders(&r, 1, 64);
    expect_status(&r, TW_FULL, "S65");
    expect_status(&r, TW_FULL, "S66");
    assert_int_equal(next_event(&r).id, 1);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

/* ---- day files ----------------------------------------------------------------------------- */

static void test_a_day_ends_with_a_length_of_zero_or_with_the_file(void **state) {
    (void)state;
    for (int zeros = 0; zeros < 12; zeros++) {
        row.size = 0;
        put(itch_add(1, "AAPL", 1));
        row_fill(&row, 0, (size_t)zeros);
        reader r = open_row();
        expect_orders(&r, 1, 1);
        if (zeros == 1)
            expect_status(&r, TW_TRUNCATED, "at byte 38: the file ends in the length");
        else
            expect_status(&r, TW_EMPTY, NULL);
        expect_status(&r, zeros == 1 ? TW_TRUNCATED : TW_EMPTY, NULL); /* again */
        assert_int_equal(tw_tape_gaps_of(r.tape).ended, zeros >= 2);
        close_reader(&r);
    }
    row.size = 0;
    put(itch_system('C'));
    reader r = open_row();
    assert_int_equal(next_event(&r).detail, 'S');
    assert_true(tw_tape_gaps_of(r.tape).ended);
    expect_status(&r, TW_EMPTY, NULL);
    close_reader(&r);
}

static void test_something_behind_the_end_is_damage(void **state) {
    (void)state;
    row.size = 0;
    put(itch_add(1, "AAPL", 1));
    row_fill(&row, 0, 5);
    put(itch_add(1, "AAPL", 2));
    reader r = open_row();
    expect_orders(&r, 1, 1);
    expect_status(&r, TW_CORRUPT, "at byte 44: something follows");
    expect_status(&r, TW_CORRUPT, "at byte 44: something follows");
    close_reader(&r);
}

static void test_a_file_cut_anywhere_gives_all_before_the_cut(void **state) {
    (void)state;
    row.size = 0;
    put(itch_system('O'));
    put(itch_add(1, "AAPL", 1));
    put(itch_drop(1, 1));
    size_t whole = row.size;
    static const size_t ends[] = {0, 14, 52, 73};
    for (size_t size = 1; size <= whole; size++) {
        row.size = size;
        size_t messages = 0;
        while (messages < 3 && ends[messages + 1] <= size)
            messages++;
        reader r = open_row();
        for (size_t i = 0; i < messages; i++)
            (void)next_event(&r);
        char words[32];
        snprintf(words, sizeof words, "at byte %zu: ", ends[messages]);
        if (ends[messages] == size)
            expect_status(&r, TW_EMPTY, NULL);
        else
            expect_status(&r, TW_TRUNCATED, words);
        assert_int_equal(tw_tape_tell(r.tape).next.offset, ends[messages]);
        close_reader(&r);
    }
}

static void test_bad_messages_are_named_by_their_byte_and_reading_goes_on(void **state) {
    (void)state;
    row.size = 0;
    put(itch_add(1, "AAPL", 1));
    size_t bad = row.size;
    put(itch_add(1, "AAPL", 2));
    row.data[bad + 2 + 19] = 'X';
    row_big(&row, 3, 2);
    row_put(&row, "Zab", 3);
    row_big(&row, 20, 2);
    row_put(&row, "Dabcdefghijklmnopqrs", 20);
    row_big(&row, 65535, 2);
    row_fill(&row, 'D', 65535);
    put(itch_add(1, "AAPL", 3));
    for (int whole = 0; whole < 2; whole++) {
        reader r = open_with((tw_tape_config){.line_size_max = 1}, NULL, 0);
        expect_orders(&r, 1, 1);
        tw_itch_message m;
        if (whole == 1)
            assert_int_equal(tw_tape_next_itch(r.tape, &m, &r.error), TW_RANGE);
        else
            expect_status(&r, TW_RANGE, NULL);
        assert_non_null(strstr(r.error.message,
                               ": at byte 38: byte 19 of the message (type A): expected B or S"));
        assert_int_equal(tw_tape_line(r.tape).size, 36);
        expect_status(&r, TW_PARSE, "at byte 76: ITCH 5.0 has no message of type Z");
        assert_true(tw_slice_equal_string(tw_tape_line(r.tape), "Zab"));
        expect_status(&r, TW_PARSE, "at byte 81: a message of type D has 19 bytes, found 20");
        expect_status(&r, TW_PARSE, "at byte 103: a message of type D has 19 bytes, found 65535");
        expect_orders(&r, 3, 3);
        expect_status(&r, TW_EMPTY, NULL);
        close_reader(&r);
    }
}

/* Fields that an event takes from a message, made bad in turn: the same sentence either way. */
static void test_events_refuse_what_whole_messages_refuse(void **state) {
    (void)state;
    static const struct {
        size_t message; /* of put_orders */
        size_t at;
        size_t size;
        char byte;
    } bad[] = {{0, 5, 6, '\xff'}, {0, 11, 8, 0}, {0, 19, 1, 'b'}, {0, 20, 4, 0},    {0, 32, 4, 0},
               {1, 5, 6, '\x4f'}, {1, 11, 8, 0}, {1, 19, 1, 'A'}, {1, 20, 4, 0},    {1, 32, 4, 0},
               {2, 5, 6, '\x4f'}, {2, 11, 8, 0}, {2, 19, 4, 0},   {3, 11, 8, 0},    {3, 19, 4, 0},
               {3, 32, 4, 0},     {4, 11, 8, 0}, {4, 19, 4, 0},   {5, 11, 8, 0},    {5, 19, 8, 0},
               {5, 27, 4, 0},     {5, 31, 4, 0}, {6, 11, 8, 0},   {6, 5, 6, 'O'},   {7, 19, 1, 'N'},
               {7, 20, 4, 0},     {7, 32, 4, 0}, {8, 11, 8, 1},   {8, 5, 6, '\xff'}};
    static const size_t places[] = {0, 38, 80, 113, 151, 176, 213, 234, 280};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        row.size = 0;
        put_orders();
        memset(row.data + places[bad[i].message] + 2 + bad[i].at, bad[i].byte, bad[i].size);
        reader events = open_row();
        reader whole = open_row();
        tw_itch_message message;
        for (size_t j = 0; j < bad[i].message; j++) {
            (void)next_event(&events);
            assert_int_equal(tw_tape_next_itch(whole.tape, &message, &whole.error), TW_OK);
        }
        expect_status(&events, TW_RANGE, "of the message (type");
        assert_int_equal(tw_tape_next_itch(whole.tape, &message, &whole.error), TW_RANGE);
        assert_string_equal(strstr(events.error.message, ": at byte"),
                            strstr(whole.error.message, ": at byte"));
        close_reader(&events);
        close_reader(&whole);
    }
}

static void test_what_is_no_itch_is_refused_at_once(void **state) {
    (void)state;
    row.size = 0;
    assert_int_equal(refused("the file is empty"), TW_EMPTY);
    row_put(&row, "ts_ns,symbol,price,size,side\n", 29);
    assert_int_equal(refused("expected a message of ITCH 5.0"), TW_PARSE);
    row.size = 0;
    row_big(&row, 37, 2); /* SoupBinTCP: sequenced data */
    row_put(&row, "S", 1);
    tw_itch_message m = itch_add(1, "AAPL", 1);
    row_message(&row, &m);
    memmove(row.data + 3, row.data + 5, row.size - 5);
    assert_int_equal(refused("SoupBinTCP"), TW_UNSUPPORTED);
    row.size = 0;
    row_put(&row,
            "\0\x1f"
            "A0000000001                   1",
            33);
    assert_int_equal(refused("SoupBinTCP"), TW_UNSUPPORTED);
}

static void test_reading_goes_on_at_a_place(void **state) {
    (void)state;
    row.size = 0;
    put(itch_directory(1, "AAPL"));
    for (uint64_t i = 1; i <= 50; i++)
        put(itch_add(1, "AAPL", i));
    reader r = open_row();
    (void)next_event(&r);
    expect_orders(&r, 1, 20);
    tw_tape_place place = tw_tape_tell(r.tape).next;
    close_reader(&r);
    assert_int_equal(place.line_count, 21);
    r = open_with((tw_tape_config){.start = place}, NULL, 0);
    assert_int_equal(tw_tape_tell(r.tape).next.offset, place.offset);
    tw_order_event event = next_event(&r);
    assert_int_equal(event.id, 21);
    assert_string_equal(tw_symbols_name(r.symbols, event.symbol), "AAPL");
    close_reader(&r);
    tw_tape_place bad[] = {{place.offset + 1, place.line_count},
                           {place.offset, place.line_count + 1},
                           {row.size + 1, 51}};
    for (size_t i = 0; i < 3; i++) {
        itch_file file = itch_file_of(row.data, row.size);
        tw_symbols *symbols = NULL;
        assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
        tw_tape_config config = {
            .path = file.path, .symbols = symbols, .format = TW_TAPE_ITCH, .start = bad[i]};
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_RANGE);
        assert_null(tape);
        tw_symbols_free(symbols);
        assert_int_equal(close(file.fd), 0);
    }
}

/* ---- packing ------------------------------------------------------------------------------- */

static void pack_row(int packing) {
    static byte_row packed;
    packed.size = 0;
    if (packing == TW_TAPE_GZIP) {
        z_stream stream = {0};
        assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        stream.next_in = (Bytef *)row.data;
        stream.avail_in = (uInt)row.size;
        stream.next_out = (Bytef *)packed.data;
        stream.avail_out = sizeof packed.data;
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        packed.size = sizeof packed.data - stream.avail_out;
        assert_int_equal(deflateEnd(&stream), Z_OK);
    } else if (packing == TW_TAPE_ZSTD) {
        packed.size = ZSTD_compress(packed.data, sizeof packed.data, row.data, row.size, 3);
        assert_false(ZSTD_isError(packed.size));
    } else {
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)row.data, row.size,
                                    (uint8_t *)packed.data, &packed.size, sizeof packed.data),
            LZMA_OK);
    }
    row.size = 0;
    row_put(&row, packed.data, packed.size);
}

/* What opening or reading the row ends with. */
static tw_status read_to_end(void) {
    itch_file file = itch_file_of(row.data, row.size);
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    tw_tape_config config = {.path = file.path, .symbols = symbols, .format = TW_TAPE_ITCH};
    tw_tape *tape = NULL;
    tw_order_event event;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    while (status == TW_OK)
        status = tw_tape_next_event(tape, &event, NULL);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    assert_int_equal(close(file.fd), 0);
    return status;
}

static void test_packed_files_read_as_plain_ones(void **state) {
    (void)state;
    for (int packing = TW_TAPE_GZIP; packing <= TW_TAPE_XZ; packing++) {
        for (int capture = 0; capture < 2; capture++) {
            itch_wrap wrap = {0};
            row.size = 0;
            if (capture == 1) {
                row_begin(&row, &wrap);
                for (uint64_t q = 1; q <= 500; q += 5)
                    put_packet(&wrap, q, 5);
            } else {
                for (uint64_t q = 1; q <= 500; q++)
                    put(itch_add(1, "AAPL", q));
            }
            pack_row(packing);
            reader r = open_row();
            assert_int_equal(tw_tape_compression_of(r.tape), packing);
            expect_orders(&r, 1, 500);
            expect_status(&r, TW_EMPTY, NULL);
            close_reader(&r);
            row.size -= 12; /* the end of the pack is missing */
            assert_int_equal(read_to_end(), TW_TRUNCATED);
        }
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

static tw_status read_all(const tw_allocator *allocator, void *context) {
    const itch_file *file = context;
    tw_symbols *symbols = NULL;
    tw_tape *tape = NULL;
    tw_status status = tw_symbols_new(allocator, 8, &symbols);
    tw_tape_config config = {
        .path = file->path, .symbols = symbols, .allocator = allocator, .format = TW_TAPE_ITCH};
    if (status == TW_OK)
        status = tw_tape_open(&config, &tape, NULL);
    tw_order_event event;
    while (status == TW_OK)
        status = tw_tape_next_event(tape, &event, NULL);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    return status == TW_EMPTY ? TW_OK : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    for (int capture = 0; capture < 2; capture++) {
        itch_wrap wrap = {0};
        row.size = 0;
        if (capture == 1) {
            row_begin(&row, &wrap);
            put_packet(&wrap, 1, 3);
        } else {
            put(itch_add(1, "AAPL", 1));
        }
        itch_file file = itch_file_of(row.data, row.size);
        assert_survives_failed_allocations(read_all, &file);
        assert_int_equal(close(file.fd), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_about_orders_become_events),
        cmocka_unit_test(test_halts_and_all_other_messages_become_events),
        cmocka_unit_test(test_whole_messages_and_events_may_be_mixed),
        cmocka_unit_test(test_a_locate_has_the_name_that_was_told_last),
        cmocka_unit_test(test_sessions_have_locates_of_their_own),
        cmocka_unit_test(test_only_known_symbols_are_given_if_so_wanted),
        cmocka_unit_test(test_a_full_table_of_symbols_is_told_and_reading_goes_on),
        cmocka_unit_test(test_a_day_ends_with_a_length_of_zero_or_with_the_file),
        cmocka_unit_test(test_something_behind_the_end_is_damage),
        cmocka_unit_test(test_a_file_cut_anywhere_gives_all_before_the_cut),
        cmocka_unit_test(test_bad_messages_are_named_by_their_byte_and_reading_goes_on),
        cmocka_unit_test(test_what_is_no_itch_is_refused_at_once),
        cmocka_unit_test(test_reading_goes_on_at_a_place),
        cmocka_unit_test(test_packed_files_read_as_plain_ones),
        cmocka_unit_test(test_locate_zero_is_no_stock),
        cmocka_unit_test(test_events_refuse_what_whole_messages_refuse),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
