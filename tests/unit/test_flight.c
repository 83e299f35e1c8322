/* test_flight.c - the rules of tradewind/flight.h. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/flight.h"

static tw_flight *flight_of(uint32_t count) {
    tw_flight *flight = NULL;
    assert_int_equal(tw_flight_new(NULL, count, &flight), TW_OK);
    return flight;
}

static void test_counts_outside_the_limits_are_refused(void **state) {
    (void)state;
    tw_flight *flight = NULL;
    assert_int_equal(tw_flight_new(NULL, 0, &flight), TW_RANGE);
    assert_int_equal(tw_flight_new(NULL, TW_FLIGHT_COUNT_MAX + 1, &flight), TW_RANGE);
    assert_null(flight);
    tw_flight_free(NULL);
    tw_flight_note(NULL, 1, "x", 0, 0, tw_slice_of(""));
}

static void test_what_was_noted_is_read_back(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = flight_of(5);
    tw_flight_event event;
    assert_int_equal(tw_flight_capacity(flight), 8);
    assert_int_equal(tw_flight_newest(flight), 0);
    assert_false(tw_flight_get(flight, 0, &event));
    assert_false(tw_flight_get(flight, 1, &event));
    tw_flight_note(flight, 1234, "order", -7, INT64_MAX, tw_slice_of("tradewind-1-2"));
    assert_int_equal(tw_flight_newest(flight), 1);
    assert_true(tw_flight_get(flight, 1, &event));
    assert_int_equal(event.sequence, 1);
    assert_int_equal(event.time_ns, 1234);
    assert_int_equal(event.values[0], -7);
    assert_true(event.values[1] == INT64_MAX);
    assert_string_equal(event.name, "order");
    assert_string_equal(event.text, "tradewind-1-2");
}

static void test_the_oldest_are_forgotten(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = flight_of(4);
    tw_flight_event event;
    for (int64_t i = 1; i <= 11; i++)
        tw_flight_note(flight, i, "n", i, 0, tw_slice_of(""));
    assert_int_equal(tw_flight_newest(flight), 11);
    assert_int_equal(tw_flight_oldest(flight), 8);
    assert_false(tw_flight_get(flight, 7, &event));
    for (uint64_t i = 8; i <= 11; i++) {
        assert_true(tw_flight_get(flight, i, &event));
        assert_int_equal(event.values[0], i);
    }
    assert_int_equal(tw_flight_dropped(flight), 0);
}

static void test_text_is_cut_and_stays_on_one_line(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = flight_of(1);
    tw_flight_event event;
    char text[200];
    memset(text, 'x', sizeof text);
    text[3] = '\n';
    text[5] = '\0';
    tw_flight_note(flight, 0, "a name of too many bytes", 0, 0, (tw_slice){text, sizeof text});
    assert_true(tw_flight_get(flight, 1, &event));
    assert_string_equal(event.name, "a name of too m");
    assert_int_equal(strlen(event.text), TW_FLIGHT_TEXT_SIZE - 1);
    assert_memory_equal(event.text, "xxx x xxx", 9);
}

enum { WRITER_COUNT = 4, NOTE_COUNT = 300000 };

/* An event of writer w, note i: all of it can be told from its first value. */
static void *write_notes(void *context) {
    tw_flight *flight = context;
    static _Atomic int64_t next_writer = 0;
    int64_t writer = next_writer++ % WRITER_COUNT;
    for (int64_t i = 0; i < NOTE_COUNT; i++) {
        int64_t value = writer * NOTE_COUNT + i;
        char text[TW_FLIGHT_TEXT_SIZE];
        memset(text, 'a' + (int)(value % 26), sizeof text);
        tw_flight_note(flight, value * 3, "thread", value, ~value, (tw_slice){text, sizeof text});
    }
    return NULL;
}

static void assert_whole(const tw_flight_event *event) {
    int64_t value = event->values[0];
    char text[TW_FLIGHT_TEXT_SIZE] = {0};
    memset(text, 'a' + (int)(value % 26), sizeof text - 1);
    assert_true(event->values[1] == ~value && event->time_ns == value * 3);
    assert_string_equal(event->text, text);
}

static void test_events_of_many_threads_are_whole_or_not_there(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = flight_of(2); /* few places: all meet in them */
    pthread_t writers[WRITER_COUNT];
    for (size_t i = 0; i < WRITER_COUNT; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_notes, flight), 0);
    tw_flight_event event;
    while (tw_flight_newest(flight) < WRITER_COUNT * NOTE_COUNT) {
        uint64_t newest = tw_flight_newest(flight);
        for (uint64_t i = tw_flight_oldest(flight); i <= newest; i++) {
            if (tw_flight_get(flight, i, &event))
                assert_whole(&event);
        }
    }
    for (size_t i = 0; i < WRITER_COUNT; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    uint64_t kept = 0;
    for (uint64_t i = tw_flight_oldest(flight); i <= tw_flight_newest(flight); i++) {
        if (!tw_flight_get(flight, i, &event))
            continue;
        assert_whole(&event);
        kept++;
    }
    assert_int_equal(tw_flight_newest(flight), WRITER_COUNT * NOTE_COUNT);
    assert_true(kept > 0 && kept + tw_flight_dropped(flight) >= 2);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    TW_AUTO(tw_flight) *flight = NULL;
    return tw_flight_new(allocator, 16, &flight);
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_outside_the_limits_are_refused),
        cmocka_unit_test(test_what_was_noted_is_read_back),
        cmocka_unit_test(test_the_oldest_are_forgotten),
        cmocka_unit_test(test_text_is_cut_and_stays_on_one_line),
        cmocka_unit_test(test_events_of_many_threads_are_whole_or_not_there),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
