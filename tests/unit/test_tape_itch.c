/*
 * test_tape_itch.c - ITCH day files and captures through the tape: what is given, named, counted,
 * and what is said when something is missing or wrong.
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
#include "itch_files.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

static byte_row row; /* the file of the test that runs */
static byte_row blocks;

/* A tape on the row, and what it said last. */
typedef struct reader {
    itch_file file;
    tw_symbols *symbols;
    tw_tape *tape;
    tw_error error;
} reader;

static reader open_with(tw_tape_config config, const char *const *names, size_t name_count) {
    reader r = {.file = itch_file_of(row.data, row.size)};
    assert_int_equal(tw_symbols_new(NULL, 64, &r.symbols), TW_OK);
    for (size_t i = 0; i < name_count; i++) {
        tw_symbol symbol;
        assert_int_equal(tw_symbols_intern(r.symbols, tw_slice_of(names[i]), &symbol), TW_OK);
    }
    config.path = r.file.path;
    config.symbols = r.symbols;
    config.format = TW_TAPE_ITCH;
    if (tw_tape_open(&config, &r.tape, &r.error) != TW_OK)
        fail_msg("%s", r.error.message);
    return r;
}

static reader open_row(void) {
    return open_with((tw_tape_config){0}, NULL, 0);
}

static void close_reader(reader *r) {
    tw_tape_close(r->tape);
    tw_symbols_free(r->symbols);
    assert_int_equal(close(r->file.fd), 0);
}

static tw_order_event next_event(reader *r) {
    tw_order_event event;
    memset(&event, 0x55, sizeof event);
    if (tw_tape_next_event(r->tape, &event, &r->error) != TW_OK)
        fail_msg("%s", r->error.message);
    return event;
}

static void expect_status(reader *r, tw_status status, const char *words) {
    tw_order_event event;
    tw_status found = tw_tape_next_event(r->tape, &event, &r->error);
    if (found != status)
        fail_msg("%s, not %s: %s", tw_status_name(found), tw_status_name(status), r->error.message);
    if (words != NULL && strstr(r->error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", r->error.message, words);
}

static tw_status refused(const char *words) {
    itch_file file = itch_file_of(row.data, row.size);
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    tw_tape_config config = {.path = file.path, .symbols = symbols, .format = TW_TAPE_ITCH};
    tw_tape *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    assert_null(tape);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    tw_symbols_free(symbols);
    assert_int_equal(close(file.fd), 0);
    return status;
}

static void put(tw_itch_message message) {
    row_message(&row, &message);
}

/* Messages from `sequence` on: orders of AAPL whose number is that of the message. */
static const byte_row *some_messages(uint64_t sequence, uint16_t count) {
    blocks.size = 0;
    for (uint64_t i = 0; i < count; i++) {
        tw_itch_message message = itch_add(7, "AAPL", sequence + i);
        row_message(&blocks, &message);
    }
    return &blocks;
}

static void put_packet(const itch_wrap *wrap, uint64_t sequence, uint16_t count) {
    row_packet(&row, wrap, "S1", sequence, count, some_messages(sequence, count));
}

static void expect_orders(reader *r, uint64_t first, uint64_t last) {
    for (uint64_t id = first; id <= last; id++)
        assert_int_equal(next_event(r).id, id);
}

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
    reader r = open_row();
    expect_status(&r, TW_FULL, "more than 64 interfaces");
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
        cmocka_unit_test(test_locate_zero_is_no_stock),
        cmocka_unit_test(test_events_refuse_what_whole_messages_refuse),
        cmocka_unit_test(test_more_sessions_than_are_read_are_told),
        cmocka_unit_test(test_sections_and_interfaces_change_what_packets_are),
        cmocka_unit_test(test_blocks_of_any_size_are_passed_over),
        cmocka_unit_test(test_records_that_cannot_be_are_damage),
        cmocka_unit_test(test_captures_that_are_not_read_are_refused_at_once),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
