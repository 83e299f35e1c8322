/*
 * wire_store_growth.c - how fast a store grows by its own rows, and how long the disk lasts by
 * that.
 */
#include <math.h>

#include "doctor.h"
#include "store_growth.h"
#include "store_place.h"

static const int64_t BEGAN_NS = INT64_C(1767571200) * TW_NANO; /* 2026-01-05 */
static const int64_t DAY_NS = TW_NS_PER_DAY;

/* A run that decides each hour and sees a trade a minute, in [from, to] of hours since BEGAN_NS. */
static void put_hours(tw_store *store, const test_place *place, int64_t from, int64_t to) {
    static uint64_t id;
    uint64_t sequence = 0;
    tw_store_record record = {.kind = tw_slice_of("decision"), .payload = tw_slice_of("{}")};
    assert_int_equal(tw_store_last_sequence(store, &sequence, NULL), TW_OK);
    for (int64_t hour = from; hour <= to; hour++) {
        record.sequence = ++sequence;
        record.time_ns = BEGAN_NS + hour * TW_NS_PER_HOUR;
        assert_int_equal(tw_store_append_journal(store, &record, 1, NULL), TW_OK);
        for (int minute = 0; hour < to && minute < 60; minute++) {
            tw_trade trade = trade_at(place, record.time_ns + minute * TW_NS_PER_MINUTE, ++id);
            assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
        }
        commit(store, TW_STORE_NORMAL);
    }
}

static store_growth growth_of(tw_store *store) {
    store_growth growth = {.span_ns = -1};
    tw_error error = {0};
    if (store_growth_measure(store, &growth, &error) != TW_OK)
        fail_msg("%s", error.message);
    return growth;
}

static void test_nothing_is_made_of_a_store_without_a_run(void **state) {
    tw_store *store = open_writer(*state);
    assert_int_equal(growth_of(store).span_ns, 0);
    commit_trade(store, *state, 1);
    assert_int_equal(growth_of(store).span_ns, 0);
    close_store(store);
}

static void test_a_part_of_a_day_is_a_share_of_one(void **state) {
    tw_store *store = open_writer(*state);
    put_hours(store, *state, 0, 3);
    store_growth growth = growth_of(store);
    assert_int_equal(growth.span_ns, 3 * TW_NS_PER_HOUR);
    assert_int_equal(growth.rows, 3 * 60 + 4);
    assert_true(store_growth_rows_a_day(&growth) == 8.0 * (3 * 60 + 4));
    tw_store_description description;
    assert_int_equal(tw_store_describe(store, &description, NULL), TW_OK);
    assert_true(fabs(growth.bytes_a_row * (3 * 60 + 4) - (double)description.size) < 1.0);
    close_store(store);
}

static void test_of_many_days_the_newest_counts(void **state) {
    tw_store *store = open_writer(*state);
    put_hours(store, *state, 0, 72);
    store_growth growth = growth_of(store);
    assert_int_equal(growth.span_ns, DAY_NS);
    assert_int_equal(growth.rows, 24 * 60 + 25);
    close_store(store);
}

/* Yesterday's session and today's are a day apart: what is written in a day is one of them. */
static void test_sessions_of_each_day_are_not_taken_for_a_part_of_a_day(void **state) {
    tw_store *store = open_writer(*state);
    put_hours(store, *state, 0, 6);
    put_hours(store, *state, 24, 29);
    store_growth growth = growth_of(store);
    assert_int_equal(growth.span_ns, DAY_NS);
    assert_int_equal(growth.rows, 5 * 60 + 6 + 60 + 2); /* and the last hour of yesterday's */
    close_store(store);
}

static void test_before_a_long_pause_nothing_counts(void **state) {
    tw_store *store = open_writer(*state);
    put_hours(store, *state, 0, 30);
    put_hours(store, *state, 700, 702);
    store_growth growth = growth_of(store);
    assert_int_equal(growth.span_ns, 2 * TW_NS_PER_HOUR);
    assert_int_equal(growth.rows, 2 * 60 + 3);
    close_store(store);
}

/* 1,000 rows of 1,000 bytes a day. */
static const store_growth MEGABYTE = {.rows = 1000, .span_ns = TW_NS_PER_DAY, .bytes_a_row = 1000};

static doctor_finding say(store_growth growth, double free_bytes) {
    static doctor_list list;
    list = (doctor_list){0};
    doctor_say_room(&list, &growth, free_bytes);
    assert_int_equal(list.count, 1);
    return list.findings[0];
}

static void test_the_verdict_changes_at_seven_days_and_at_one(void **state) {
    (void)state;
    static const struct {
        double days;
        doctor_verdict verdict;
    } cases[] = {{400.0, DOCTOR_GOOD}, {7.0, DOCTOR_GOOD},  {6.999, DOCTOR_NOTE},
                 {1.0, DOCTOR_NOTE},   {0.999, DOCTOR_BAD}, {0.0, DOCTOR_BAD}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        doctor_finding finding = say(MEGABYTE, cases[i].days * 1e6);
        assert_int_equal(finding.verdict, cases[i].verdict);
        assert_int_equal(finding.advice[0] != '\0', cases[i].verdict != DOCTOR_GOOD);
        assert_true(finding.figures.known && finding.figures.days == cases[i].days);
    }
}

static void test_the_figures_are_in_the_message(void **state) {
    (void)state;
    doctor_finding finding = say(MEGABYTE, 2.5e6);
    assert_string_equal(finding.found, "2.5 days: 2.50 MB free, the store grows by 1.00 MB "
                                       "(1,000 rows) a day of a run");
    assert_true(finding.figures.free_bytes == 2.5e6 && finding.figures.bytes_a_day == 1e6);
    assert_true(finding.figures.rows_a_day == 1000.0);
}

static void test_less_than_an_hour_tells_nothing(void **state) {
    (void)state;
    store_growth growth = MEGABYTE;
    growth.span_ns = TW_NS_PER_HOUR - 1;
    doctor_finding finding = say(growth, 0.0);
    assert_int_equal(finding.verdict, DOCTOR_GOOD);
    assert_false(finding.figures.known);
    growth.span_ns = TW_NS_PER_HOUR;
    assert_int_equal(say(growth, 0.0).verdict, DOCTOR_BAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_nothing_is_made_of_a_store_without_a_run),
        IN_PLACE(test_a_part_of_a_day_is_a_share_of_one),
        IN_PLACE(test_of_many_days_the_newest_counts),
        IN_PLACE(test_sessions_of_each_day_are_not_taken_for_a_part_of_a_day),
        IN_PLACE(test_before_a_long_pause_nothing_counts),
        cmocka_unit_test(test_the_verdict_changes_at_seven_days_and_at_one),
        cmocka_unit_test(test_the_figures_are_in_the_message),
        cmocka_unit_test(test_less_than_an_hour_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
