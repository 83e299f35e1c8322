/*
 * test_tape_orders.c - order events one by one and many a call, Bitstamp's files, and books of
 * LOBSTER read and written. That batches are what single calls give is proved by model_tape; here
 * stand the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "failing_heap.h"
#include "tape_place.h"
#include "tradewind/time.h"

static void assert_says(const tw_error *error, const char *words) {
    if (strstr(error->message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

/* ---- LOBSTER messages, one by one ---- */

static void test_a_lobster_message_is_read_exactly(void **state) {
    const test_place *place = *state;
    write_text(place, "34200.004241176,1,16113575,18,5853300,1\n"
                      "34200.004241176,2,16113575,8,5853300,1\r\n"
                      "34200.1,4,16113575,10,5853300,-1\n"
                      "34201,5,0,3,5853250,1\n"
                      "34202.5,6,-1,400,5850000,-1\n"
                      "34203.5,7,0,0,-1,-1\n"
                      "34204.5,7,0,0,0,-1\n"
                      "34205.000000001,7,0,0,1,-1"); /* no line end at the end */
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    tw_order_event e;
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
    assert_true(e.time_ns == INT64_C(34200004241176));
    assert_int_equal(e.kind, TW_EVENT_ADD);
    assert_int_equal(e.id, 16113575);
    assert_true(e.quantity.nano == 18 * TW_NANO);
    assert_true(e.price.nano == INT64_C(585330000000));
    assert_int_equal(e.side, TW_SIDE_BUY);
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
    assert_int_equal(e.kind, TW_EVENT_REDUCE);
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
    assert_true(e.time_ns == INT64_C(34200100000000));
    assert_int_equal(e.side, TW_SIDE_SELL);
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
    assert_true(e.time_ns == INT64_C(34201000000000));
    assert_int_equal(e.id, 0);
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
    assert_int_equal(e.kind, TW_EVENT_CROSS);
    assert_int_equal(e.id, 0);
    static const tw_trading_phase phases[] = {TW_PHASE_HALTED, TW_PHASE_QUOTING, TW_PHASE_TRADING};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_OK);
        assert_int_equal(e.kind, TW_EVENT_HALT);
        assert_int_equal(e.detail, phases[i]);
        assert_int_equal(e.side, TW_SIDE_NONE);
    }
    assert_true(e.time_ns == INT64_C(34205000000001));
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_EMPTY);
    assert_int_equal(tw_tape_next_event(tape, &e, NULL), TW_EMPTY);
    assert_int_equal(tw_tape_tell(tape).line, 8);
    tw_tape_close(tape);
}

static void test_times_are_exact_to_the_nanosecond(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } cases[] = {
        {"0", 0},
        {"0.000000001", 1},
        {"35821.088778456004", INT64_C(35821088778456)}, /* as floating point printed it */
        {"35821.0887784565", INT64_C(35821088778456)},   /* a tie, to even */
        {"35821.08877845650001", INT64_C(35821088778457)},
        {"35821.0887784575", INT64_C(35821088778458)},
        {"35821.9999999999", INT64_C(35822000000000)},
        {"86400.000", INT64_C(86400000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s,1,5,18,5853300,1\n", cases[i].text);
        write_text(place, text);
        tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
        tw_order_event event;
        assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
        assert_int_equal(event.time_ns, cases[i].nanoseconds);
        tw_tape_close(tape);
    }
}

static void test_each_bad_field_of_a_message_is_named(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *line;
        tw_status status;
        uint64_t field;
    } cases[] = {
        {"x,1,5,18,5853300,1", TW_PARSE, 1},
        {"34200.0000000000000000001,1,5,18,5853300,1", TW_PARSE, 1},
        {"34200.00x,1,5,18,5853300,1", TW_PARSE, 1},
        {"34200.,1,5,18,5853300,1", TW_PARSE, 1},
        {"-1,1,5,18,5853300,1", TW_PARSE, 1},
        {"86400.000000001,1,5,18,5853300,1", TW_PARSE, 1},
        {"99999999,1,5,18,5853300,1", TW_PARSE, 1},
        {"34199,1,5,18,5853300,1", TW_RANGE, 1}, /* backwards */
        {"34200,0,5,18,5853300,1", TW_PARSE, 2},
        {"34200,8,5,18,5853300,1", TW_PARSE, 2},
        {"34200,11,5,18,5853300,1", TW_PARSE, 2},
        {"34200,1,-5,18,5853300,1", TW_PARSE, 3},
        {"34200,1,0,18,5853300,1", TW_RANGE, 3},
        {"34200,1,-1,18,5853300,1", TW_PARSE, 3},
        {"34200,1,5,,5853300,1", TW_PARSE, 4},
        {"34200,1,5,0,5853300,1", TW_RANGE, 4},
        {"34200,1,5,-18,5853300,1", TW_RANGE, 4},
        {"34200,1,5,9223372037,5853300,1", TW_RANGE, 4},
        {"34200,1,5,18,58.5,1", TW_PARSE, 5},
        {"34200,1,5,18,0,1", TW_RANGE, 5},
        {"34200,1,5,18,99999999999999,1", TW_RANGE, 5},
        {"34200,7,0,0,2,-1", TW_RANGE, 5},
        {"34200,1,5,18,5853300,0", TW_PARSE, 6},
        {"34200,1,5,18,5853300,+1", TW_PARSE, 6},
        {"34200,1,5,18,5853300", TW_PARSE, 5},
        {"34200,1,5,18,5853300,1,9", TW_PARSE, 7},
        {"", TW_PARSE, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "34200,1,5,18,5853300,1\n%s\n34200.5,3,5,18,5853300,1\n",
                 cases[i].line);
        write_text(place, text);
        tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
        tw_order_event event = {0};
        assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
        tw_order_event before = event;
        tw_error error = {0};
        tw_status status = tw_tape_next_event(tape, &event, &error);
        char where[128];
        snprintf(where, sizeof where, "%s:2:%llu: ", place->path,
                 (unsigned long long)cases[i].field);
        if (status != cases[i].status || strncmp(error.message, where, strlen(where)) != 0)
            fail_msg("\"%s\" gave %s: %s", cases[i].line, tw_status_name(status), error.message);
        assert_memory_equal(&event, &before, sizeof event); /* a failed call writes nothing */
        assert_true(tw_slice_equal_string(tw_tape_line(tape), cases[i].line));
        assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK); /* and goes on */
        assert_int_equal(event.kind, TW_EVENT_DELETE);
        tw_tape_close(tape);
    }
}

/* ---- LOBSTER messages, many a call ---- */

static void test_a_batch_holds_the_first_line_and_all_kinds(void **state) {
    const test_place *place = *state;
    write_text(place, "34200.004241176,1,16113575,18,5853300,1\n"
                      "34200.004241176,2,16113575,8,5853300,1\r\n"
                      "34200.1,4,16113575,10,5853300,-1\n"
                      "34201,5,0,3,5853250,1\n"
                      "34202.5,6,-1,400,5850000,-1\n"
                      "34203.5,7,0,0,-1,-1\n"
                      "34204.00000000050000001,3,18446744073709551615,1,1,-1\n"
                      "34205.000000001,1,7,2,3,-1"); /* no line end at the end */
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    tw_order_event e[9];
    size_t count = 0;
    assert_int_equal(tw_tape_next_events(tape, e, 9, &count, NULL), TW_OK);
    /* The line without an end must be waited for, so it comes with the next call. */
    assert_int_equal(count, 7);
    assert_int_equal(e[0].time_ns, INT64_C(34200004241176));
    assert_int_equal(e[0].id, 16113575);
    assert_int_equal(e[0].quantity.nano, 18 * TW_NANO);
    assert_int_equal(e[0].price.nano, INT64_C(585330000000));
    static const uint8_t kinds[] = {TW_EVENT_ADD,    TW_EVENT_REDUCE, TW_EVENT_EXECUTE,
                                    TW_EVENT_HIDDEN, TW_EVENT_CROSS,  TW_EVENT_HALT,
                                    TW_EVENT_DELETE};
    static const uint8_t sides[] = {TW_SIDE_BUY,  TW_SIDE_BUY,  TW_SIDE_SELL, TW_SIDE_BUY,
                                    TW_SIDE_SELL, TW_SIDE_NONE, TW_SIDE_SELL};
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(e[i].kind, kinds[i]);
        assert_int_equal(e[i].side, sides[i]);
        assert_int_equal(e[i].symbol, 0);
    }
    assert_int_equal(e[5].detail, TW_PHASE_HALTED);
    assert_int_equal(e[6].time_ns, INT64_C(34204000000001)); /* above a half */
    assert_true(e[6].id == UINT64_MAX);
    assert_int_equal(tw_tape_tell(tape).line, 7);
    assert_int_equal(tw_tape_next_events(tape, e, 9, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(e[0].time_ns, INT64_C(34205000000001));
    assert_int_equal(tw_tape_next_events(tape, e, 9, &count, NULL), TW_EMPTY);
    assert_int_equal(tw_tape_next_event(tape, e, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_times_of_a_batch_are_rounded_half_to_even(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } cases[] = {
        {"0", 0},
        {"0.1", 100000000},
        {"1.00000001", 1000000010},
        {"35821.088778456", INT64_C(35821088778456)},
        {"35821.088778456004", INT64_C(35821088778456)},
        {"35821.0887784565", INT64_C(35821088778456)}, /* ties */
        {"35821.088778456500000000", INT64_C(35821088778456)},
        {"35821.0887784575", INT64_C(35821088778458)},
        {"35821.088778456500000001", INT64_C(35821088778457)},
        {"35821.08877845651", INT64_C(35821088778457)},
        {"35821.0887784566", INT64_C(35821088778457)},
        {"35821.9999999999", INT64_C(35822000000000)},
        {"86400.000", INT64_C(86400000000000)},
        {"86399.9999999999", INT64_C(86400000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s,1,5,18,5853300,1\n", cases[i].text);
        write_text(place, text);
        tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
        tw_order_event event;
        size_t count = 0;
        assert_int_equal(tw_tape_next_events(tape, &event, 1, &count, NULL), TW_OK);
        assert_int_equal(event.time_ns, cases[i].nanoseconds);
        tw_tape_close(tape);
    }
}

static void test_events_before_a_bad_line_come_first(void **state) {
    const test_place *place = *state;
    write_text(place, "34200.5,1,5,18,5853300,1\n34201.5,3,5,18,5853300,1\n"
                      "34201.4,1,6,18,5853300,1\n\n34201.5,1,7,18,5853300,-1\n");
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    tw_order_event events[8];
    size_t count = 99;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, &error), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(error.status, TW_OK);
    assert_true(tw_slice_equal_string(tw_tape_line(tape), "34201.5,3,5,18,5853300,1"));
    tw_order_event before = events[0];
    count = 99;
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, &error), TW_RANGE);
    assert_says(&error, ":3:1: time runs backwards");
    assert_int_equal(count, 99); /* a failed call writes nothing */
    assert_memory_equal(&events[0], &before, sizeof before);
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, &error), TW_PARSE);
    assert_says(&error, ":4:1: expected 6 fields, found an empty line");
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, &error), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].id, 7);
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, &error), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_a_batch_of_events_does_not_wait_for_more(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    static const char text[] = "34200.5,1,5,18,5853300,1\n34201.5,3,5,18,5853300,1\n34202.";
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    tw_tape_config config = {.path = path, .format = TW_TAPE_LOBSTER_MESSAGES};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_order_event events[8];
    size_t count = 0;
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(write(ends[1], "5,1,6,1,1,1\n", 12), 12);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].time_ns, INT64_C(34202500000000));
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, NULL), TW_EMPTY);
    tw_tape_close(tape);
    assert_int_equal(close(ends[0]), 0);
}

/* A line may end with CRLF, in the usual form too, and is shown without. */
static void test_lines_that_end_with_crlf_are_shown_without(void **state) {
    const test_place *place = *state;
    write_text(place, "34200.5,1,5,18,5853300,1\r\n34201.5,3,5,18,5853300,-1\r\n"
                      "34201.5,3,6,18,5853300,-1\r\r\n");
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_MESSAGES);
    tw_order_event events[2];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_events(tape, events, 2, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_true(tw_slice_equal_string(tw_tape_line(tape), "34201.5,3,5,18,5853300,-1"));
    assert_int_equal(tw_tape_tell(tape).next.offset, 53);
    assert_int_equal(tw_tape_next_events(tape, events, 2, &count, &error), TW_PARSE);
    assert_says(&error, ":3:6: expected a direction of 1 (buy) or -1 (sell), found \"-1?\"");
    tw_tape_close(tape);
}

static void test_events_and_levels_carry_the_symbol_and_the_day(void **state) {
    const test_place *place = *state;
    write_text(place, "34200.5,1,5,18,5853300,1\n34201.5,3,5,18,5853300,1\n");
    tw_tape_config config = {.path = place->path,
                             .midnight_ns = 1000 * TW_NS_PER_DAY,
                             .format = TW_TAPE_LOBSTER_MESSAGES,
                             .symbol = 41};
    tw_tape *tape = NULL;
    tw_order_event event;
    size_t count = 0;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    assert_int_equal(event.symbol, 41);
    assert_int_equal(event.time_ns, 1000 * TW_NS_PER_DAY + INT64_C(34200500000000));
    assert_int_equal(tw_tape_next_events(tape, &event, 1, &count, NULL), TW_OK);
    assert_int_equal(event.symbol, 41);
    assert_int_equal(event.time_ns, 1000 * TW_NS_PER_DAY + INT64_C(34201500000000));
    tw_tape_close(tape);
    write_text(place, "20,1,10,1\n20 ,1,10,1\n20,1,10,02\n");
    config.format = TW_TAPE_LOBSTER_BOOK;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_level levels[2];
    assert_int_equal(tw_tape_next_levels(tape, levels, 2, &count, NULL), TW_OK);
    assert_int_equal(levels[0].symbol, 41);
    assert_int_equal(levels[1].symbol, 41);
    assert_int_equal(tw_tape_next_levels(tape, levels, 2, &count, NULL), TW_PARSE);
    assert_int_equal(tw_tape_next_levels(tape, levels, 2, &count, NULL), TW_OK);
    assert_int_equal(levels[1].quantity.nano, 2 * TW_NANO);
    tw_tape_close(tape);
}

/* ---- books ---- */

static void test_a_book_row_becomes_levels(void **state) {
    const test_place *place = *state;
    write_text(place, "5859400,200,5853300,18,5859800,7,5853000,150,9999999999,0,5851000,5\n"
                      "9999999999,0,-9999999999,0,9999999999,0,-9999999999,0,9999999999,0,"
                      "-9999999999,0\n");
    tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_BOOK);
    assert_int_equal(tw_tape_depth(tape), 3);
    tw_level levels[6];
    size_t count = 99;
    assert_int_equal(tw_tape_next_levels(tape, levels, 5, &count, NULL), TW_FULL);
    assert_int_equal(count, 99);
    assert_int_equal(tw_tape_next_levels(tape, levels, 6, &count, NULL), TW_OK);
    assert_int_equal(count, 5);
    assert_int_equal(levels[0].side, TW_SIDE_SELL);
    assert_int_equal(levels[0].clear, 1);
    assert_int_equal(levels[0].last, 0);
    assert_true(levels[0].price.nano == INT64_C(585940000000));
    assert_true(levels[0].quantity.nano == 200 * TW_NANO);
    assert_int_equal(levels[1].side, TW_SIDE_BUY);
    assert_int_equal(levels[1].clear, 0);
    assert_int_equal(levels[4].side, TW_SIDE_BUY);
    assert_true(levels[4].price.nano == INT64_C(585100000000));
    assert_int_equal(levels[4].last, 1);
    assert_int_equal(tw_tape_next_levels(tape, levels, 6, &count, NULL), TW_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tw_tape_next_levels(tape, levels, 6, &count, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_each_bad_place_of_a_book_is_named(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *line;
        tw_status status;
        uint64_t field;
    } cases[] = {
        {"20,1,10,1,x,1,9,1", TW_PARSE, 5},          {"20,1,10,1,21,1.5,9,1", TW_PARSE, 6},
        {"20,0,10,1,21,1,9,1", TW_RANGE, 2},         {"20,1,-9999999999,5,21,1,9,1", TW_RANGE, 3},
        {"20,1,10,1,20,1,9,1", TW_RANGE, 5},         {"20,1,10,1,21,1,11,1", TW_RANGE, 7},
        {"9999999999,0,10,1,21,1,9,1", TW_RANGE, 5}, {"20,-1,10,1,21,1,9,1", TW_RANGE, 2},
        {"20,1,10,1,21,1,9", TW_PARSE, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "20,1,10,1,21,1,9,1\n%s\n", cases[i].line);
        write_text(place, text);
        tw_tape *tape = open_tape(place, TW_TAPE_LOBSTER_BOOK);
        tw_level levels[4];
        size_t count;
        assert_int_equal(tw_tape_next_levels(tape, levels, 4, &count, NULL), TW_OK);
        tw_level before[4];
        memcpy(before, levels, sizeof before);
        tw_error error = {0};
        tw_status status = tw_tape_next_levels(tape, levels, 4, &count, &error);
        if (status != cases[i].status || error.line != 2 || error.column != cases[i].field)
            fail_msg("\"%s\" gave %s: %s", cases[i].line, tw_status_name(status), error.message);
        assert_memory_equal(levels, before, sizeof before);
        tw_tape_close(tape);
    }
    write_text(place, "20,1,10,1,21,1\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_LOBSTER_BOOK, "multiple of four"),
                     TW_PARSE);
}

static void test_rows_longer_than_the_slack_are_read(void **state) {
    const test_place *place = *state;
    enum { DEPTH = 60 };
    static char text[3 * DEPTH * 64];
    size_t size = 0;
    for (int row = 0; row < 3; row++)
        for (int i = 0; i < DEPTH; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%d,%d,%d,%d%s",
                                     5860000 + 100 * i, row + 1, 5850000 - 100 * i, i + 1,
                                     i + 1 < DEPTH ? ","
                                     : row == 2    ? ""
                                                   : "\n");
    write_bytes(place, text, size);
    tw_tape_config config = {
        .path = place->path, .line_size_max = size / 3 + 10, .format = TW_TAPE_LOBSTER_BOOK};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_level levels[2 * DEPTH];
    size_t count = 0;
    for (int row = 0; row < 3; row++) {
        assert_int_equal(tw_tape_next_levels(tape, levels, 2 * DEPTH, &count, NULL), TW_OK);
        assert_int_equal(count, 2 * DEPTH);
        assert_int_equal(levels[0].quantity.nano, (row + 1) * TW_NANO);
        assert_int_equal(levels[2 * DEPTH - 1].price.nano,
                         (INT64_C(5850000) - 100 * (DEPTH - 1)) * 100000);
        assert_int_equal(levels[2 * DEPTH - 1].last, 1);
        assert_int_equal(tw_tape_tell(tape).line, row + 1);
    }
    assert_int_equal(tw_tape_next_levels(tape, levels, 2 * DEPTH, &count, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static tw_tape_writer *open_book_writer(test_sink *sink, uint32_t depth) {
    tw_tape_writer_config config = {.sink = into_sink,
                                    .context = sink,
                                    .buffer_size = TW_TAPE_BUFFER_SIZE_MIN,
                                    .format = TW_TAPE_LOBSTER_BOOK,
                                    .depth = depth};
    tw_tape_writer *writer = NULL;
    *sink = (test_sink){.size_max = sizeof sink->text};
    assert_int_equal(tw_tape_writer_new(&config, &writer, NULL), TW_OK);
    return writer;
}

static tw_level level_of(int64_t units, int64_t shares) {
    return (tw_level){.price.nano = units * 100000, .quantity.nano = shares * TW_NANO};
}

static void test_a_book_is_written_as_lobster_writes_it(void **state) {
    (void)state;
    static test_sink sink;
    tw_level asks[3] = {level_of(5859400, 200), level_of(5859800, 7), level_of(5860000, 1)};
    tw_level bids[3] = {level_of(5853300, 18), level_of(5853000, 9223372036), level_of(1, 1)};
    asks[2] = (tw_level){.price.nano = INT64_MAX / 100000 * 100000, .quantity.nano = TW_NANO};
    tw_tape_writer *writer = open_book_writer(&sink, 2);
    assert_int_equal(tw_tape_writer_put_book(writer, asks, 3, bids, 2, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_put_book(writer, asks + 2, 1, NULL, 0, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_put_book(writer, NULL, 0, bids + 2, 1, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_put_book(writer, NULL, 0, NULL, 0, NULL), TW_OK);
    assert_int_equal(sink.calls, 0);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, "5859400,200,5853300,18,5859800,7,5853000,9223372036\n"
                      "92233720368547,1,-9999999999,0,9999999999,0,-9999999999,0\n"
                      "9999999999,0,1,1,9999999999,0,-9999999999,0\n"
                      "9999999999,0,-9999999999,0,9999999999,0,-9999999999,0\n");
    tw_tape_writer_free(writer);
}

static void test_numbers_that_a_lobster_book_cannot_hold_are_refused(void **state) {
    (void)state;
    static test_sink sink;
    const tw_level good = level_of(5859400, 200);
    const tw_level bad[] = {
        {.price.nano = 585940000001, .quantity.nano = TW_NANO},
        {.price.nano = 585940050000, .quantity.nano = TW_NANO},
        {.price.nano = 0, .quantity.nano = TW_NANO},
        {.price.nano = -585940000000, .quantity.nano = TW_NANO},
        {.price.nano = INT64_MIN, .quantity.nano = INT64_MIN},
        {.price.nano = 585940000000, .quantity.nano = TW_NANO / 2},
        {.price.nano = 585940000000, .quantity.nano = 3 * TW_NANO + 1},
        {.price.nano = 585940000000, .quantity.nano = 0},
        {.price.nano = 585940000000, .quantity.nano = -TW_NANO},
    };
    tw_tape_writer *writer = open_book_writer(&sink, 1);
    assert_int_equal(tw_tape_writer_put_book(writer, &good, 1, &good, 1, NULL), TW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_error error = {0};
        assert_int_equal(tw_tape_writer_put_book(writer, &bad[i], 1, &good, 1, &error), TW_INVALID);
        assert_says(&error, "row 2: a LOBSTER book has prices above zero in steps of 0.0001");
        assert_int_equal(tw_tape_writer_put_book(writer, &good, 1, &bad[i], 1, &error), TW_INVALID);
    }
    assert_int_equal(tw_tape_writer_put_book(writer, &good, 1, NULL, 0, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    sink_holds(&sink, "5859400,200,5859400,200\n5859400,200,-9999999999,0\n");
    tw_tape_writer_free(writer);
}

/* The deepest book does not fit into the smallest buffer, so it is made larger; and even a row of
 * the worst numbers stays inside. */
static void test_the_longest_book_row_fits(void **state) {
    (void)state;
    static test_sink sink;
    static tw_level levels[TW_TAPE_DEPTH_MAX];
    tw_tape_writer *writer = open_book_writer(&sink, TW_TAPE_DEPTH_MAX);
    for (size_t i = 0; i < TW_TAPE_DEPTH_MAX; i++)
        levels[i] = (tw_level){.price.nano = INT64_MIN, .quantity.nano = INT64_MIN};
    assert_int_equal(
        tw_tape_writer_put_book(writer, levels, TW_TAPE_DEPTH_MAX, levels, TW_TAPE_DEPTH_MAX, NULL),
        TW_INVALID);
    tw_tape_writer_free(writer);
    writer = open_book_writer(&sink, 100);
    for (size_t i = 0; i < 100; i++)
        levels[i] = level_of(INT64_MAX / 100000, INT64_MAX / TW_NANO);
    for (int row = 0; row < 10; row++)
        assert_int_equal(tw_tape_writer_put_book(writer, levels, 100, levels, 100, NULL), TW_OK);
    assert_int_equal(tw_tape_writer_flush(writer, NULL), TW_OK);
    assert_int_equal(sink.size, 10 * 200 * strlen("92233720368547,9223372036,"));
    assert_true(sink.calls > 5); /* no more than the buffer is gathered */
    sink.size_max = sink.size;
    tw_status status = TW_OK;
    for (int row = 0; row < 10 && status == TW_OK; row++)
        status = tw_tape_writer_put_book(writer, levels, 100, levels, 100, NULL);
    assert_int_equal(status, TW_NO_SPACE);
    assert_int_equal(tw_tape_writer_put_book(writer, NULL, 0, NULL, 0, NULL), TW_NO_SPACE);
    tw_tape_writer_free(writer);
}

/* ---- Bitstamp ---- */

#define BITSTAMP "id,timestamp,exchange.timestamp,price,volume,action,direction\n"

static void test_bitstamp_events_are_read_exactly(void **state) {
    const test_place *place = *state;
    static const char text[] = BITSTAMP
        "65595247,1430438404518,1430438404000,236.47,200000000,created,bid\n"
        "65595247,1430438404635,1430438404000,236.47,178855669,changed,bid\r\n"
        " 65595187 ,1430438404637, 0,236.5 ,0,deleted,ask\n"
        "18446744073709551615,9223372036854,9223372036854,0.000000001,922337203685477580,created,"
        "ask"; /* no line end at the end */
    write_text(place, text);
    for (int batch = 0; batch < 2; batch++) {
        tw_tape_config config = {
            .path = place->path, .format = TW_TAPE_BITSTAMP, .midnight_ns = 5, .symbol = 9};
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
        tw_order_event e[4] = {{0}};
        size_t count = 0;
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(batch ? tw_tape_next_events(tape, &e[i], 1, &count, NULL)
                                   : tw_tape_next_event(tape, &e[i], NULL),
                             TW_OK);
        assert_int_equal(e[0].time_ns, INT64_C(1430438404518000000)); /* midnight is not added */
        assert_int_equal(e[0].id, 65595247);
        assert_int_equal(e[0].kind, TW_EVENT_ADD);
        assert_int_equal(e[0].side, TW_SIDE_BUY);
        assert_int_equal(e[0].symbol, 9);
        assert_int_equal(e[0].price.nano, INT64_C(236470000000));
        assert_int_equal(e[0].quantity.nano, 2 * TW_NANO); /* 200000000 is two coins */
        assert_int_equal(e[1].kind, TW_EVENT_MODIFY);
        assert_int_equal(e[1].quantity.nano, INT64_C(1788556690));
        assert_int_equal(e[2].kind, TW_EVENT_DELETE);
        assert_int_equal(e[2].id, 65595187);
        assert_int_equal(e[2].side, TW_SIDE_SELL);
        assert_int_equal(e[2].quantity.nano, 0); /* it was filled */
        assert_int_equal(e[3].time_ns, INT64_C(9223372036854000000));
        assert_int_equal(e[3].price.nano, 1);
        assert_int_equal(e[3].quantity.nano, INT64_C(9223372036854775800));
        assert_int_equal(tw_tape_next_events(tape, e, 4, &count, NULL), TW_EMPTY);
        tw_tape_close(tape);
    }
}

static void test_each_bad_field_of_a_bitstamp_event_is_named(void **state) {
    const test_place *place = *state;
    static const struct {
        const char *line;
        tw_status status;
        const char *words;
    } cases[] = {
        {"x,200,100,10,1,created,bid", TW_PARSE,
         ":3:1: expected an order id (digits), found \"x\""},
        {"-1,200,100,10,1,created,bid", TW_PARSE, ":3:1: expected an order id"},
        {"18446744073709551616,200,100,10,1,created,bid", TW_PARSE, ":3:1: expected an order id"},
        {"0,200,100,10,1,created,bid", TW_RANGE, ":3:1: an event must name an order"},
        {"5,2.5,100,10,1,created,bid", TW_PARSE, ":3:2: expected milliseconds since 1970"},
        {"5,,100,10,1,created,bid", TW_PARSE, ":3:2: expected milliseconds since 1970"},
        {"5,9223372036855,100,10,1,created,bid", TW_RANGE, ":3:2: milliseconds must be at most"},
        {"5,99999999999999999999,1,10,1,created,bid", TW_RANGE, ":3:2: milliseconds must be"},
        {"5,199,100,10,1,created,bid", TW_RANGE, ":3:2: time runs backwards: 199 comes after 200"},
        {"5,200,-100,10,1,created,bid", TW_PARSE, ":3:3: expected milliseconds since 1970"},
        {"5,200,9223372036855,10,1,created,bid", TW_RANGE, ":3:3: milliseconds must be at most"},
        {"5,200,100,,1,created,bid", TW_PARSE, ":3:4: expected a price"},
        {"5,200,100,nan,1,created,bid", TW_PARSE, ":3:4: expected a price"},
        {"5,200,100,0,1,created,bid", TW_RANGE, ":3:4: a price must be at least 0.000000001"},
        {"5,200,100,-1,1,created,bid", TW_RANGE, ":3:4: a price must be at least"},
        {"5,200,100,9223372037,1,created,bid", TW_RANGE, ":3:4: a price must be below"},
        {"5,200,100,10,,created,bid", TW_PARSE, ":3:5: expected a volume x 1e8 (digits)"},
        {"5,200,100,10,1.5,created,bid", TW_PARSE, ":3:5: expected a volume x 1e8"},
        {"5,200,100,10,0,created,bid", TW_RANGE, ":3:5: a volume x 1e8 must be from 1 to"},
        {"5,200,100,10,0,changed,bid", TW_RANGE, ":3:5: a volume x 1e8 must be from 1 to"},
        {"5,200,100,10,922337203685477581,created,bid", TW_RANGE, ":3:5: a volume x 1e8 must"},
        {"5,200,100,10,99999999999999999999,deleted,bid", TW_RANGE, ":3:5: a volume x 1e8 must"},
        {"5,200,100,10,1,modified,bid", TW_PARSE,
         ":3:6: expected created, changed or deleted, found \"modified\""},
        {"5,200,100,10,1,,bid", TW_PARSE, ":3:6: expected created"},
        {"5,200,100,10,1,created,buy", TW_PARSE, ":3:7: expected bid or ask, found \"buy\""},
        {"5,200,100,10,1,created,", TW_PARSE, ":3:7: expected bid or ask, found \"\""},
        {"5,200,100,10,1,created", TW_PARSE, ":3:6: expected 7 fields, found 6"},
        {"5,200,100,10,1,created,bid,1", TW_PARSE, ":3:8: expected 7 fields, found 8"},
        {"", TW_PARSE, ":3:1: expected 7 fields, found an empty line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 BITSTAMP "5,200,100,10,1,created,bid\n%s\n5,200,100,10,1,deleted,bid\n",
                 cases[i].line);
        write_text(place, text);
        for (int batch = 0; batch < 2; batch++) {
            tw_tape *tape = open_tape(place, TW_TAPE_BITSTAMP);
            tw_order_event event[3] = {{0}};
            size_t count = 99;
            tw_error error = {0};
            assert_int_equal(batch ? tw_tape_next_events(tape, event, 3, &count, NULL)
                                   : tw_tape_next_event(tape, event, NULL),
                             TW_OK);
            assert_int_equal(batch ? count : 1, 1);
            tw_order_event before = event[0];
            tw_status status = batch ? tw_tape_next_events(tape, event, 3, &count, &error)
                                     : tw_tape_next_event(tape, event, &error);
            if (status != cases[i].status || strstr(error.message, cases[i].words) == NULL)
                fail_msg("\"%s\" gave %s: %s", cases[i].line, tw_status_name(status),
                         error.message);
            assert_memory_equal(&event[0], &before, sizeof before);
            assert_true(tw_slice_equal_string(tw_tape_line(tape), cases[i].line));
            assert_int_equal(batch ? tw_tape_next_events(tape, event, 3, &count, NULL)
                                   : tw_tape_next_event(tape, event, NULL),
                             TW_OK); /* and goes on */
            assert_int_equal(event[0].kind, TW_EVENT_DELETE);
            tw_tape_close(tape);
        }
    }
}

static void test_a_bitstamp_file_begins_with_its_header(void **state) {
    const test_place *place = *state;
    write_text(place, "65595247,1430438404518,1430438404000,236.47,200000000,created,bid\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_BITSTAMP,
                             ":1:1: expected the header \"id,timestamp,exchange.timestamp,price,"
                             "volume,action,direction\""),
                     TW_PARSE);
    write_text(place, "id,timestamp,exchange.timestamp,price,volume,action\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_BITSTAMP, "expected the header"),
                     TW_PARSE);
    write_text(place, "id,timestamp,exchange.timestamp,price,volume,kind,direction\n");
    assert_int_equal(refused(place, place->path, TW_TAPE_BITSTAMP, ":1:6: expected the header"),
                     TW_PARSE);
    write_text(place, BITSTAMP);
    tw_tape *tape = open_tape(place, TW_TAPE_BITSTAMP);
    tw_order_event event;
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_a_cut_bitstamp_pack_gives_all_before_the_fault(void **state) {
    const test_place *place = *state;
    enum { COUNT = 3000 };
    static char text[COUNT * 80];
    static uint8_t packed[COUNT * 80];
    size_t size = (size_t)snprintf(text, sizeof text, BITSTAMP);
    for (int i = 0; i < COUNT; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "%d,%lld,1430438404000,%d.%02d,%d,created,bid\n",
                                 i * 7919 % 90001 + 1, 1430438404000LL + i * i % 7 + i * 7,
                                 200 + i % 60, i % 100, i * 104729 % 900007 + 1);
    size_t packed_size = pack_gzip(text, size, packed, sizeof packed);
    write_bytes(place, packed, packed_size * 2 / 3);
    tw_tape *tape = open_tape(place, TW_TAPE_BITSTAMP);
    static tw_order_event events[512];
    size_t total = 0;
    size_t count = 0;
    tw_error error = {0};
    tw_status status;
    while ((status = tw_tape_next_events(tape, events, 512, &count, &error)) == TW_OK)
        total += count;
    assert_int_equal(status, TW_TRUNCATED);
    assert_in_range(total, COUNT / 2, COUNT - 1);
    char words[64];
    snprintf(words, sizeof words, "%zu whole lines came before", total + 1);
    assert_says(&error, words);
    assert_int_equal(tw_tape_next_events(tape, events, 512, &count, NULL), TW_TRUNCATED);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_TRUNCATED);
    tw_tape_close(tape);
}

static void test_a_line_without_end_is_refused_in_batches_too(void **state) {
    const test_place *place = *state;
    char text[400];
    memset(text, '1', sizeof text);
    memcpy(text, BITSTAMP, strlen(BITSTAMP));
    write_bytes(place, text, sizeof text);
    tw_tape_config config = {.path = place->path, .line_size_max = 128, .format = TW_TAPE_BITSTAMP};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_order_event event;
    size_t count = 0;
    for (int i = 0; i < 3; i++) { /* again and again, and never further */
        tw_error error = {0};
        assert_int_equal(tw_tape_next_events(tape, &event, 1, &count, &error), TW_PARSE);
        assert_says(&error, ":2: the line is longer than 128 bytes");
        assert_int_equal(tw_tape_tell(tape).line, 1);
    }
    tw_tape_close(tape);
}

/* ---- what ends a tape for good ---- */

/* A peer that goes away with unread data resets the connection: one read says so, and the next one
 * says that the data ended, which would be a lie. */
static void test_a_failed_read_ends_a_tape_for_good(void **state) {
    (void)state;
    for (int batch = 0; batch < 2; batch++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        int saved = dup(STDIN_FILENO);
        assert_true(saved >= 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
        static const char text[] = "34200.5,1,5,18,5853300,1\n34201.5,3,5,18,5853300,1\n3420";
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        assert_int_equal(write(ends[0], "unread", 6), 6);
        assert_int_equal(close(ends[1]), 0);
        assert_int_equal(close(ends[0]), 0);
        tw_tape_config config = {.path = "-", .format = TW_TAPE_LOBSTER_MESSAGES};
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
        assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
        assert_int_equal(close(saved), 0);
        tw_order_event events[4];
        size_t count = 0;
        size_t total = 0;
        tw_error error = {0};
        tw_status status;
        for (;;) {
            status = batch ? tw_tape_next_events(tape, events, 4, &count, &error)
                           : tw_tape_next_event(tape, events, &error);
            if (status != TW_OK)
                break;
            total += batch ? count : 1;
        }
        assert_int_equal(total, 2);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(status, TW_CLOSED);
            assert_says(&error, "standard input: reading failed after 54 bytes");
            error = (tw_error){0};
            status = batch ? tw_tape_next_events(tape, events, 4, &count, &error)
                           : tw_tape_next_event(tape, events, &error);
        }
        tw_tape_close(tape);
    }
}

static tw_status read_a_book_and_events(const tw_allocator *allocator, void *context) {
    const test_place *place = context;
    tw_tape_config config = {.path = place->path, .allocator = allocator};
    tw_status status = TW_OK;
    config.format = TW_TAPE_LOBSTER_BOOK;
    TW_AUTO(tw_tape) *book = NULL;
    status = tw_tape_open(&config, &book, NULL);
    tw_level levels[2];
    size_t count;
    while (status == TW_OK)
        status = tw_tape_next_levels(book, levels, 2, &count, NULL);
    return status == TW_EMPTY ? TW_OK : status;
}

static tw_status write_a_book(const tw_allocator *allocator, void *context) {
    tw_tape_writer_config config = {.sink = into_sink,
                                    .context = context,
                                    .allocator = allocator,
                                    .format = TW_TAPE_LOBSTER_BOOK,
                                    .depth = 10};
    TW_AUTO(tw_tape_writer) *writer = NULL;
    return tw_tape_writer_new(&config, &writer, NULL);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    test_place *place = *state;
    write_text(place, "20,1,10,1\n21,1,11,1\n");
    assert_survives_failed_allocations(read_a_book_and_events, place);
    assert_survives_failed_allocations(write_a_book, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_a_lobster_message_is_read_exactly),
        IN_PLACE(test_times_are_exact_to_the_nanosecond),
        IN_PLACE(test_each_bad_field_of_a_message_is_named),
        IN_PLACE(test_a_book_row_becomes_levels),
        IN_PLACE(test_each_bad_place_of_a_book_is_named),
        IN_PLACE(test_a_batch_holds_the_first_line_and_all_kinds),
        IN_PLACE(test_times_of_a_batch_are_rounded_half_to_even),
        IN_PLACE(test_events_before_a_bad_line_come_first),
        IN_PLACE(test_a_batch_of_events_does_not_wait_for_more),
        IN_PLACE(test_lines_that_end_with_crlf_are_shown_without),
        IN_PLACE(test_events_and_levels_carry_the_symbol_and_the_day),
        IN_PLACE(test_rows_longer_than_the_slack_are_read),
        IN_PLACE(test_a_book_is_written_as_lobster_writes_it),
        IN_PLACE(test_numbers_that_a_lobster_book_cannot_hold_are_refused),
        IN_PLACE(test_the_longest_book_row_fits),
        IN_PLACE(test_bitstamp_events_are_read_exactly),
        IN_PLACE(test_each_bad_field_of_a_bitstamp_event_is_named),
        IN_PLACE(test_a_bitstamp_file_begins_with_its_header),
        IN_PLACE(test_a_cut_bitstamp_pack_gives_all_before_the_fault),
        IN_PLACE(test_a_line_without_end_is_refused_in_batches_too),
        IN_PLACE(test_a_failed_read_ends_a_tape_for_good),
        IN_PLACE(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
