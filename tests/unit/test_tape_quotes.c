/*
 * test_tape_quotes.c - quotes read and written, and a tape that had no memory for a symbol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tape_place.h"

#define QUOTES "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size\n"
#define TRADES "ts_ns,symbol,price,size,side\n"

static tw_status next_quote(tw_tape *tape, bool batch, tw_quote *ret_quote, tw_error *error) {
    size_t count = 0;
    tw_status status = batch ? tw_tape_next_quotes(tape, ret_quote, 1, &count, error)
                             : tw_tape_next_quote(tape, ret_quote, error);
    assert_true(!batch || (status == TW_OK) == (count == 1));
    return status;
}

static void test_quotes_are_read_exactly(void **state) {
    const test_place *place = *state;
    write_text(place, QUOTES "1704205800000000001,AAPL,187.15,100,187.160000001,0.5\n"
                             "1704205800000000001, AAPL ,187.17,1,187.16,2\r\n" /* crossed */
                             "-5,MSFT,,0,10.1234567895,3\n"
                             "-5,MSFT,10,3,0,0\n"
                             "-5,MSFT,,,0.00,0.0\n"
                             "-5,MSFT,1e2,5E-1,,0");
    for (int batch = 0; batch < 2; batch++) {
        tw_tape *tape = open_tape(place, TW_TAPE_QUOTES);
        tw_quote q = {0};
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK);
        assert_int_equal(q.time_ns, INT64_C(1704205800000000001));
        assert_string_equal(tw_symbols_name(place->symbols, q.symbol), "AAPL");
        assert_int_equal(q.bid_price.nano, INT64_C(187150000000));
        assert_int_equal(q.bid_size.nano, 100 * TW_NANO);
        assert_int_equal(q.ask_price.nano, INT64_C(187160000001));
        assert_int_equal(q.ask_size.nano, TW_NANO / 2);
        assert_int_equal(q.bid_exchange, 0);
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK);
        assert_true(q.bid_price.nano > q.ask_price.nano);
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK);
        assert_int_equal(q.time_ns, -5); /* another symbol has its own time */
        assert_true(q.bid_price.nano == 0 && q.bid_size.nano == 0);
        assert_int_equal(q.ask_price.nano, INT64_C(10123456790)); /* half to even */
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK);
        assert_true(q.bid_size.nano == 3 * TW_NANO && q.ask_size.nano == 0);
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK); /* both sides are empty */
        assert_true(q.bid_price.nano == 0 && q.bid_size.nano == 0);
        assert_true(q.ask_price.nano == 0 && q.ask_size.nano == 0);
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_OK);
        assert_true(q.bid_price.nano == 100 * TW_NANO && q.bid_size.nano == TW_NANO / 2);
        assert_int_equal(next_quote(tape, batch, &q, NULL), TW_EMPTY);
        tw_tape_close(tape);
    }
}

static void test_each_bad_field_of_a_quote_is_named(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *line;
        tw_status status;
        const char *words;
    } cases[] = {
        {"1.5,AAPL,10,1,11,1", TW_PARSE, ":3:1: expected nanoseconds since 1970"},
        {"99,AAPL,10,1,11,1", TW_RANGE, ":3:1: time runs backwards: 99 comes after 100 of AAPL"},
        {"9223372036854775808,AAPL,10,1,11,1", TW_RANGE, ":3:1: expected nanoseconds"},
        {"100,,10,1,11,1", TW_PARSE, ":3:2: expected a symbol"},
        {"100,AA PL,10,1,11,1", TW_PARSE, ":3:2: expected a symbol"},
        {"100,AAPL,x,1,11,1", TW_PARSE, ":3:3: expected a price (a finite number)"},
        {"100,AAPL,-10,1,11,1", TW_RANGE, ":3:3: a price must not be negative"},
        {"100,AAPL,9223372037,1,11,1", TW_RANGE, ":3:3: a price must be below"},
        {"100,AAPL,10,0,11,1", TW_RANGE, ":3:3: a side has a price and a size above zero"},
        {"100,AAPL,0,1,11,1", TW_RANGE, ":3:3: a side has a price and a size above zero"},
        {"100,AAPL,,1,11,1", TW_RANGE, ":3:3: a side has a price and a size above zero"},
        {"100,AAPL,10,,11,1", TW_PARSE, ":3:4: expected a size"},
        {"100,AAPL,10,-1,11,1", TW_RANGE, ":3:4: a size must not be negative"},
        {"100,AAPL,,-1,11,1", TW_RANGE, ":3:4: a size must not be negative"},
        {"100,AAPL,10,1,inf,1", TW_PARSE, ":3:5: expected a price (a finite number)"},
        {"100,AAPL,10,1,11,0", TW_RANGE, ":3:5: a side has a price and a size above zero"},
        {"100,AAPL,10,1,,2", TW_RANGE, ":3:5: a side has a price and a size above zero"},
        {"100,AAPL,10,1,11,-1", TW_RANGE, ":3:6: a size must not be negative"},
        {"100,AAPL,10,1,11,one", TW_PARSE, ":3:6: expected a size"},
        {"100,AAPL,10,1,11", TW_PARSE, ":3:5: expected 6 fields, found 5"},
        {"100,AAPL,10,1,11,1,1", TW_PARSE, ":3:7: expected 6 fields, found 7"},
        {"", TW_PARSE, ":3:1: expected 6 fields, found an empty line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, QUOTES "100,AAPL,10,1,11,1\n%s\n100,AAPL,10,1,12,1\n",
                 cases[i].line);
        write_text(place, text);
        for (int batch = 0; batch < 2; batch++) {
            tw_tape *tape = open_tape(place, TW_TAPE_QUOTES);
            tw_quote quote = {0};
            assert_int_equal(next_quote(tape, batch, &quote, NULL), TW_OK);
            tw_quote before = quote;
            uint32_t symbols = tw_symbols_count(place->symbols);
            tw_error error = {0};
            tw_status status = next_quote(tape, batch, &quote, &error);
            if (status != cases[i].status || strstr(error.message, cases[i].words) == NULL)
                fail_msg("\"%s\" gave %s: %s", cases[i].line, tw_status_name(status),
                         error.message);
            assert_memory_equal(&quote, &before, sizeof quote);
            assert_int_equal(tw_symbols_count(place->symbols), symbols);
            assert_int_equal(next_quote(tape, batch, &quote, NULL), TW_OK);
            assert_int_equal(quote.ask_price.nano, 12 * TW_NANO);
            tw_tape_close(tape);
        }
    }
}

static void test_a_file_of_quotes_begins_with_its_header(void **state) {
    const test_place *place = *state;
    write_text(place, TRADES);
    assert_int_equal(refused(place, place->path, TW_TAPE_QUOTES,
                             "expected the header \"ts_ns,symbol,bid_price,bid_size,ask_price,"
                             "ask_size\", found \"ts_ns,symbol,price,size,side\""),
                     TW_PARSE);
    write_text(place, "ts_ns,symbol,bid_price,bid_size,ask_price,ask_size,x\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_QUOTES, "expected the header"), TW_PARSE);
    write_text(place, "ts_ns,symbol,bid_price,bid_size,ask_size,ask_price\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_QUOTES, ":1:5: expected the header"),
                     TW_PARSE);
}

static tw_tape_writer *open_writer(test_sink *sink) {
    tw_tape_writer_config config = {.sink = into_sink,
                                    .context = sink,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = TW_TAPE_QUOTES};
    tw_tape_writer *writer = NULL;
    *sink = (test_sink){.size_max = sizeof sink->text};
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    return writer;
}

static void test_quotes_are_written_exactly(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    tw_quote quotes[3] = {{.time_ns = 100,
                           .bid_price.nano = 10500000000,
                           .bid_size.nano = 1,
                           .ask_price.nano = INT64_MAX,
                           .ask_size.nano = 3 * TW_NANO,
                           .bid_exchange = 'V'}, /* has no place in the file */
                          {.time_ns = INT64_MIN, .ask_price.nano = 1, .ask_size.nano = INT64_MAX},
                          {.time_ns = 0}};
    tw_symbol symbol = 0;
    assert_int_equal(tw_symbols_intern(place->symbols, tw_slice_of("AAPL"), &symbol), TW_OK);
    tw_tape_writer *writer = open_writer(&sink);
    assert_int_equal(tw_tape_writer_put_quotes(writer, place->symbols, quotes, 3, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, QUOTES "100,AAPL,10.5,0.000000001,9223372036.854775807,3\n"
                             "-9223372036854775808,AAPL,,0,0.000000001,9223372036.854775807\n"
                             "0,AAPL,,0,,0\n");
    tw_tape_writer_free(writer);
}

static void test_quotes_that_would_not_read_back_are_refused(void **state) {
    const test_place *place = *state;
    static test_sink sink;
    tw_quote good = {.time_ns = 1, .bid_price.nano = TW_NANO, .bid_size.nano = TW_NANO};
    tw_quote quotes[8];
    for (size_t i = 0; i < 8; i++)
        quotes[i] = good;
    quotes[0].bid_size.nano = 0;
    quotes[1].bid_price.nano = 0;
    quotes[2].ask_size.nano = 1;
    quotes[3].ask_price.nano = 1;
    quotes[4].bid_price.nano = -1;
    quotes[5].bid_size.nano = -1;
    quotes[6].ask_price.nano = quotes[6].ask_size.nano = -1;
    tw_symbol symbol = 0;
    assert_int_equal(tw_symbols_intern(place->symbols, tw_slice_of("AAPL"), &symbol), TW_OK);
    tw_tape_writer *writer = open_writer(&sink);
    assert_int_equal(tw_tape_writer_put_quotes(writer, place->symbols, &good, 1, NULL), TW_OK);
    for (size_t i = 0; i < 7; i++) {
        tw_error error = {0};
        assert_int_equal(
            tw_tape_writer_put_quotes(writer, place->symbols, &quotes[i], 8 - i, &error),
            TW_INVALID);
        assert_non_null(strstr(error.message, "row 2: a side has a price without a size"));
    }
    assert_int_equal(tw_tape_writer_put_quotes(writer, place->symbols, &quotes[7], 1, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, QUOTES "1,AAPL,1,1,,0\n1,AAPL,1,1,,0\n");
    tw_tape_writer_free(writer);
}

/* ---- memory that is not there ---- */

static tw_status read_quotes(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_tape_config config = {.path = place->path,
                             .symbols = place->symbols,
                             .allocator = allocator,
                             .format = TW_TAPE_QUOTES};
    TW_AUTO(tw_tape) *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    tw_quote quotes[2];
    size_t count = 0;
    while (status == TW_OK)
        status = tw_tape_next_quotes(tape, quotes, 2, &count, NULL);
    return status == TW_EMPTY ? TW_OK : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    test_place *place = *state;
    write_text(place, QUOTES "100,AAPL,10,1,11,1\n101,MSFT,10,1,11,1\n");
    assert_survives_failed_allocations(read_quotes, place);
}

/* Without a symbol's last time no line of it can be judged, so nothing more is read. */
static void test_a_tape_without_memory_for_a_symbol_stays_at_that(void **state) {
    const test_place *place = *state;
    write_text(place, QUOTES "100,AAPL,10,1,11,1\n101,AAPL,10,1,11,1\n");
    for (int batch = 0; batch < 2; batch++) {
        failing_heap heap;
        failing_heap_init(&heap);
        tw_tape_config config = {.path = place->path,
                                 .symbols = place->symbols,
                                 .allocator = &heap.allocator,
                                 .format = TW_TAPE_QUOTES};
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
        failing_heap_fail_at(&heap, 0, false);
        tw_quote quote;
        for (int i = 0; i < 3; i++) { /* though there is memory again */
            tw_error error = {0};
            assert_int_equal(next_quote(tape, batch, &quote, &error), TW_NO_MEMORY);
            assert_string_equal(error.message, "there is no memory for another symbol");
            assert_int_equal(tw_tape_tell(tape).line, 2);
        }
        assert_int_equal(next_quote(tape, !batch, &quote, NULL), TW_NO_MEMORY);
        tw_tape_close(tape);
        assert_int_equal(heap.bytes_out, 0);
    }
}

/* What came before is given; the line is met again by the next call, and then for good. */
static void test_rows_before_a_line_without_memory_come_first(void **state) {
    const test_place *place = *state;
    enum { KNOWN = 64 }; /* symbols that the first memory is for */
    static char text[100 * 32];
    size_t size = (size_t)snprintf(text, sizeof text, QUOTES);
    for (int i = 0; i < KNOWN + 1; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d,S%d,10,1,11,1\n", i, i);
    size +=
        (size_t)snprintf(text + size, sizeof text - size, "64,S0,10,1,11,1\n64,S99,10,1,11,1\n");
    write_bytes(place, text, size);
    for (int again = 0; again < 2; again++) {
        tw_symbols *symbols = NULL;
        failing_heap heap;
        failing_heap_init(&heap);
        assert_int_equal(tw_symbols_new(NULL, 2 * KNOWN, &symbols), TW_OK);
        tw_tape_config config = {.path = place->path,
                                 .symbols = symbols,
                                 .allocator = &heap.allocator,
                                 .format = TW_TAPE_QUOTES};
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
        tw_quote quotes[2 * KNOWN];
        size_t count = 0;
        failing_heap_fail_at(&heap, 1, again == 1);
        assert_int_equal(tw_tape_next_quotes(tape, quotes, 2 * KNOWN, &count, NULL), TW_OK);
        assert_int_equal(count, KNOWN);
        assert_int_equal(tw_tape_tell(tape).line, KNOWN + 1);
        tw_status status = tw_tape_next_quotes(tape, quotes, 2 * KNOWN, &count, NULL);
        assert_int_equal(status, again == 1 ? TW_NO_MEMORY : TW_OK);
        assert_int_equal(tw_tape_tell(tape).line, again == 1 ? KNOWN + 2 : KNOWN + 4);
        heap.fail_at = FAILING_HEAP_NEVER;
        heap.fail_after = false;
        assert_int_equal(tw_tape_next_quotes(tape, quotes, 2 * KNOWN, &count, NULL),
                         again == 1 ? TW_NO_MEMORY : TW_EMPTY);
        tw_tape_close(tape);
        assert_int_equal(heap.bytes_out, 0);
        tw_symbols_free(symbols);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_quotes_are_read_exactly),
        IN_PLACE(test_each_bad_field_of_a_quote_is_named),
        IN_PLACE(test_a_file_of_quotes_begins_with_its_header),
        IN_PLACE(test_quotes_are_written_exactly),
        IN_PLACE(test_quotes_that_would_not_read_back_are_refused),
        IN_PLACE(test_leaves_nothing_when_memory_runs_out),
        IN_PLACE(test_a_tape_without_memory_for_a_symbol_stays_at_that),
        IN_PLACE(test_rows_before_a_line_without_memory_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
