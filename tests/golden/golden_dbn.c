/*
 * golden_dbn.c - a real file of Databento, held against what other eyes counted in it.
 *
 * The ES future of March 2024 at CME on 2023-12-25, schema mbo, DBN version 1, in two frames of
 * zstd (the metadata and the records). The numbers below were taken with zstd -dc and these lines:
 *
 *     at = 8 + struct.unpack_from('<I', b, 4)[0]
 *     while at < len(b):
 *         words, rtype, publisher, instrument, event = struct.unpack_from('<BBHIQ', b, at)
 *         order, price, size, flags, channel, action, side, received, delta, sequence = \
 *             struct.unpack_from('<QqIBBccQiI', b, at + 16)
 *         actions[action, side] += 1; all_flags[flags] += 1; at += 4 * words
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tradewind/tape_dbn.h"

#define RECORD_COUNT 68792
#define FILE_SIZE 3852558 /* unpacked */
#define FIRST_RECORD 206  /* byte */

static const char *data_directory;

static tw_tape *open_day(tw_symbols *symbols, tw_tape_place start) {
    char path[512];
    snprintf(path, sizeof path, "%s/orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
             data_directory);
    tw_tape_config config = {
        .path = path, .symbols = symbols, .format = TW_TAPE_DBN, .start = start};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static int make_symbols(void **state) {
    return tw_symbols_new(NULL, 4, (tw_symbols **)state) == TW_OK ? 0 : -1;
}

static int drop_symbols(void **state) {
    tw_symbols_free(*state);
    return 0;
}

static void test_the_metadata_says_what_was_asked_for(void **state) {
    tw_tape *tape = open_day(*state, (tw_tape_place){0});
    const tw_dbn_metadata *metadata = tw_tape_dbn_metadata(tape);
    assert_int_equal(tw_tape_compression_of(tape), TW_TAPE_ZSTD);
    assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_EVENTS);
    assert_int_equal(metadata->version, 1);
    assert_string_equal(metadata->dataset, "GLBX.MDP3");
    assert_int_equal(metadata->schema, TW_DBN_SCHEMA_MBO);
    assert_true(metadata->start_ns == UINT64_C(1703462400000000000));
    assert_true(metadata->end_ns == UINT64_C(1703548800000000000));
    assert_int_equal(metadata->limit, 0);
    assert_int_equal(metadata->symbology_in, TW_DBN_RAW_SYMBOL);
    assert_int_equal(metadata->symbology_out, TW_DBN_INSTRUMENT_ID);
    assert_false(metadata->has_sent_ns);
    tw_tape_close(tape);
}

/* By action, as it appears in an event: kind, or the letter of what changes no book. */
static unsigned slot_of(const tw_order_event *event) {
    return event->kind == TW_EVENT_OTHER ? event->detail : event->kind;
}

static void test_every_record_is_counted_as_others_counted_it(void **state) {
    static uint64_t counts[128][3]; /* by action and side: none, buy, sell */
    tw_tape *tape = open_day(*state, (tw_tape_place){0});
    tw_order_event event;
    tw_error error = {0};
    tw_status status;
    uint64_t total = 0;
    uint64_t last_count = 0;
    uint64_t snapshot_count = 0;
    while ((status = tw_tape_next_event(tape, &event, &error)) == TW_OK) {
        counts[slot_of(&event)][event.side]++;
        last_count += (event.flags & TW_EVENT_LAST) != 0;
        snapshot_count += (event.flags & TW_EVENT_SNAPSHOT) != 0;
        total++;
    }
    if (status != TW_EMPTY)
        fail_msg("%s", error.message);
    assert_int_equal(total, RECORD_COUNT);
    assert_int_equal(counts[TW_EVENT_ADD][TW_SIDE_BUY], 15927);
    assert_int_equal(counts[TW_EVENT_ADD][TW_SIDE_SELL], 13289);
    assert_int_equal(counts[TW_EVENT_REDUCE][TW_SIDE_BUY], 8992);
    assert_int_equal(counts[TW_EVENT_REDUCE][TW_SIDE_SELL], 9007);
    assert_int_equal(counts[TW_EVENT_MODIFY][TW_SIDE_BUY], 6792);
    assert_int_equal(counts[TW_EVENT_MODIFY][TW_SIDE_SELL], 5441);
    assert_int_equal(counts['T'][TW_SIDE_BUY], 1542);
    assert_int_equal(counts['T'][TW_SIDE_SELL], 1430);
    assert_int_equal(counts['T'][TW_SIDE_NONE], 1);
    assert_int_equal(counts['F'][TW_SIDE_BUY], 3105);
    assert_int_equal(counts['F'][TW_SIDE_SELL], 3231);
    assert_int_equal(counts['F'][TW_SIDE_NONE], 35);
    assert_int_equal(last_count, 47021 + 1);
    assert_int_equal(snapshot_count, 8725);
    tw_tape_position end = tw_tape_tell(tape);
    assert_int_equal(end.line, RECORD_COUNT);
    assert_int_equal(end.next.offset, FILE_SIZE);
    assert_int_equal(end.bytes_read, end.bytes);
    tw_tape_dbn_counts passed;
    tw_tape_dbn_counts_of(tape, &passed);
    assert_int_equal(passed.passed_over, 0);
    assert_int_equal(passed.maybe_bad_book, 0);
    tw_tape_close(tape);
}

static void assert_event(const tw_order_event *event, tw_order_event expected) {
    assert_memory_equal(event, &expected, sizeof expected);
}

static void test_the_first_and_the_last_event_are_exact(void **state) {
    static tw_order_event events[RECORD_COUNT];
    tw_tape *tape = open_day(*state, (tw_tape_place){0});
    size_t total = 0;
    size_t count = 0;
    while (total < RECORD_COUNT &&
           tw_tape_next_events(tape, events + total, RECORD_COUNT - total, &count, NULL) == TW_OK)
        total += count;
    assert_int_equal(total, RECORD_COUNT);
    assert_string_equal(tw_symbols_name(*state, events[0].symbol), "ESH4");
    assert_event(&events[0], (tw_order_event){.time_ns = INT64_C(1703462400000000000),
                                              .id = UINT64_C(6412777162812),
                                              .price.nano = INT64_C(4799000000000),
                                              .quantity.nano = 2 * TW_NANO,
                                              .kind = TW_EVENT_ADD,
                                              .side = TW_SIDE_BUY,
                                              .flags = TW_EVENT_SNAPSHOT});
    assert_event(&events[RECORD_COUNT - 1],
                 (tw_order_event){.time_ns = INT64_C(1703548799446821072),
                                  .id = UINT64_C(6412777285103),
                                  .price.nano = INT64_C(4810500000000),
                                  .quantity.nano = 1 * TW_NANO,
                                  .kind = TW_EVENT_MODIFY,
                                  .side = TW_SIDE_SELL,
                                  .flags = TW_EVENT_LAST});
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_reading_goes_on_at_the_place_that_was_told(void **state) {
    tw_tape *tape = open_day(*state, (tw_tape_place){0});
    tw_order_event event;
    assert_int_equal(tw_tape_tell(tape).next.offset, FIRST_RECORD);
    for (int i = 0; i < 50000; i++)
        assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    tw_tape_place place = tw_tape_tell(tape).next;
    assert_int_equal(place.offset, FIRST_RECORD + 50000 * 56);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    tw_tape_close(tape);

    tw_tape *again = open_day(*state, place);
    tw_order_event same;
    assert_int_equal(tw_tape_tell(again).line, 50000);
    assert_int_equal(tw_tape_next_event(again, &same, NULL), TW_OK);
    assert_memory_equal(&same, &event, sizeof event);
    tw_tape_close(again);
}

int main(void) {
    data_directory = getenv("TRADEWIND_DATA");
    struct stat facts;
    if (data_directory == NULL || stat(data_directory, &facts) != 0) {
        fprintf(stderr, "skipped: TRADEWIND_DATA names no directory with the data\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_metadata_says_what_was_asked_for, make_symbols,
                                        drop_symbols),
        cmocka_unit_test_setup_teardown(test_every_record_is_counted_as_others_counted_it,
                                        make_symbols, drop_symbols),
        cmocka_unit_test_setup_teardown(test_the_first_and_the_last_event_are_exact, make_symbols,
                                        drop_symbols),
        cmocka_unit_test_setup_teardown(test_reading_goes_on_at_the_place_that_was_told,
                                        make_symbols, drop_symbols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
