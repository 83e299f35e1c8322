/*
 * test_zone.c - the rules of tradewind/zone.h, one a test.
 *
 * Small zones are written here byte by byte; New York comes from the system where it has zone data,
 * and is held against the dates that the Energy Policy Act of 2005 and the laws before it fixed,
 * and against the C library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/time.h"
#include "tradewind/zone.h"

typedef struct zone_bytes {
    char data[8192];
    size_t size;
} zone_bytes;

/* ---- Zones --------------------------------------------------------------------------------- */

static void put(zone_bytes *bytes, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        bytes->data[bytes->size++] = (char)(value >> (8 * (size - 1 - i)));
}

static void put_header(zone_bytes *bytes, char version, uint32_t times, uint32_t types) {
    memcpy(bytes->data + bytes->size, "TZif", 4);
    bytes->size += 4;
    put(bytes, (uint8_t)version, 1);
    bytes->size += 15;
    put(bytes, 0, 4);
    put(bytes, 0, 4);
    put(bytes, 0, 4);
    put(bytes, times, 4);
    put(bytes, types, 4);
    put(bytes, 4, 4);
}

/* Two types, -5 and -4 hours, and transitions that go from one to the other by turns. */
static zone_bytes small_zone(const int64_t *times, uint32_t count, const char *footer) {
    zone_bytes bytes = {.size = 0};
    put_header(&bytes, '2', 0, 0);
    put(&bytes, 0, 4); /* the names of version 1 */
    put_header(&bytes, '2', count, 2);
    for (uint32_t i = 0; i < count; i++)
        put(&bytes, (uint64_t)times[i], 8);
    for (uint32_t i = 0; i < count; i++)
        put(&bytes, (i + 1) % 2, 1);
    put(&bytes, (uint32_t)-18000, 4);
    put(&bytes, 0, 2);
    put(&bytes, (uint32_t)-14400, 4);
    put(&bytes, 1, 2);
    put(&bytes, 0, 4);
    bytes.size += (size_t)snprintf(bytes.data + bytes.size, 64, "\n%s\n", footer);
    return bytes;
}

static tw_status zone_from(const zone_bytes *bytes, tw_zone **ret_zone) {
    return tw_zone_new(NULL, (tw_slice){bytes->data, bytes->size}, ret_zone, NULL);
}

static tw_zone *zone_with_rule(const char *footer) {
    zone_bytes bytes = small_zone(NULL, 0, footer);
    tw_zone *zone = NULL;
    assert_int_equal(zone_from(&bytes, &zone), TW_OK);
    return zone;
}

static tw_zone *system_zone(const char *name) {
    char path[256];
    static zone_bytes bytes;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        skip(); /* this machine has no zone data */
    bytes.size = fread(bytes.data, 1, sizeof bytes.data, file);
    fclose(file);
    tw_zone *zone = NULL;
    assert_int_equal(zone_from(&bytes, &zone), TW_OK);
    return zone;
}

static int64_t at(const char *text) {
    int64_t time_ns = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &time_ns), TW_OK);
    return time_ns;
}

static void assert_day(const tw_zone *zone, const char *moment, const char *start,
                       const char *end) {
    tw_zone_day_span span = tw_zone_day(zone, at(moment), 0);
    assert_int_equal(span.start_ns, at(start));
    assert_int_equal(span.end_ns, at(end));
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void the_table_holds_up_to_its_last_transition(void **state) {
    (void)state;
    const int64_t times[] = {1000, 2000};
    zone_bytes bytes = small_zone(times, 2, "");
    TW_AUTO(tw_zone) *zone = NULL;
    assert_int_equal(zone_from(&bytes, &zone), TW_OK);
    assert_int_equal(tw_zone_offset(zone, 0), -18000);
    assert_int_equal(tw_zone_offset(zone, 1000 * TW_NS_PER_SECOND - 1), -18000);
    assert_int_equal(tw_zone_offset(zone, 1000 * TW_NS_PER_SECOND), -14400);
    assert_int_equal(tw_zone_offset(zone, 2000 * TW_NS_PER_SECOND), -18000);
    assert_int_equal(tw_zone_offset(zone, at("2200-07-01")), -18000);
}

static void the_footer_holds_behind_the_table(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = zone_with_rule("EST5EDT,M3.2.0,M11.1.0");
    assert_int_equal(tw_zone_offset(zone, at("2024-03-10T06:59:59Z")), -18000);
    assert_int_equal(tw_zone_offset(zone, at("2024-03-10T07:00:00Z")), -14400);
    assert_int_equal(tw_zone_offset(zone, at("2024-11-03T05:59:59Z")), -14400);
    assert_int_equal(tw_zone_offset(zone, at("2024-11-03T06:00:00Z")), -18000);
    assert_int_equal(tw_zone_offset(zone, at("2199-07-01")), -14400);
    assert_int_equal(tw_zone_offset(zone, at("2025-12-31T23:59:59Z")), -18000);
}

static void every_form_of_a_rule_is_read(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        const char *moment;
        int32_t offset;
    } forms[] = {
        {"UTC0", "2024-07-01", 0},
        {"<+0545>-5:45", "2024-07-01", 20700},
        {"LMT4:56:02", "2024-07-01", -17762},
        {"AAA-1BBB,J60/0,J300/0", "2024-02-29T12:00:00Z", 3600}, /* J60 is 1 March ... */
        {"AAA-1BBB,J60/0,J300/0", "2024-03-01T12:00:00Z", 7200}, /* ... leap year or not */
        {"AAA-1BBB,59/0,299/0", "2024-02-29T12:00:00Z", 7200},   /* 59 is 29 February */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-01-01", 39600},   /* the southern summer */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2024-06-01", 36000},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2024-03-31T01:00:00Z", -3600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2024-07-01", 3600}, /* Dublin: saving is in winter */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2024-01-01", 0},
        {"WWW3WWS,0/0,J365/25", "2024-07-01", -7200}, /* saving all the year */
        {"WWW3WWS,0/0,J365/25", "2024-12-31T23:30:00Z", -7200},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        TW_AUTO(tw_zone) *zone = zone_with_rule(forms[i].rule);
        assert_int_equal(tw_zone_offset(zone, at(forms[i].moment)), forms[i].offset);
    }
}

static void what_is_no_rule_is_refused(void **state) {
    (void)state;
    static const char *const rules[] = {"E5",
                                        "EST",
                                        "EST25",
                                        "EST5EDT",
                                        "EST5EDT,M3.2.0",
                                        "EST5EDT,M13.2.0,M11.1.0",
                                        "EST5EDT,M3.6.0,M11.1.0",
                                        "EST5EDT,M3.2.7,M11.1.0",
                                        "EST5EDT,J0,J300",
                                        "EST5EDT,366,300",
                                        "EST5EDT,M3.2.0/168,M11.1.0",
                                        "EST5:60",
                                        "<+3>3",
                                        "<+03-3",
                                        "EST5EDT,M3.2.0,M11.1.0 "};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        zone_bytes bytes = small_zone(NULL, 0, rules[i]);
        tw_zone *zone = NULL;
        assert_int_equal(zone_from(&bytes, &zone), TW_PARSE);
        assert_null(zone);
    }
}

static void a_file_that_ends_too_early_is_refused_at_every_byte(void **state) {
    (void)state;
    const int64_t times[] = {1000, 2000};
    zone_bytes whole = small_zone(times, 2, "EST5EDT,M3.2.0,M11.1.0");
    for (size_t size = 0; size < whole.size; size++) {
        tw_zone *zone = NULL;
        tw_error error = {0};
        tw_status status = tw_zone_new(NULL, (tw_slice){whole.data, size}, &zone, &error);
        assert_int_equal(status, TW_TRUNCATED);
        assert_null(zone);
        assert_non_null(strstr(error.message, "byte"));
    }
}

static void damage_is_told_with_its_byte(void **state) {
    (void)state;
    const int64_t times[] = {1000, 2000};
    const zone_bytes whole = small_zone(times, 2, "");
    static const struct {
        size_t byte;
        char value;
        tw_status status;
    } damages[] = {
        {0, 'X', TW_PARSE},        {4, '\0', TW_UNSUPPORTED},
        {48, 'X', TW_PARSE},       {48 + 31, 1, TW_UNSUPPORTED}, /* leap seconds */
        {48 + 32, 1, TW_RANGE},                                  /* 16 million transitions */
        {48 + 39, 0, TW_PARSE},                                  /* no types */
        {92 + 14, 0, TW_PARSE},    /* the second time is before the first */
        {92 + 16, 2, TW_PARSE},    /* a third type */
        {92 + 18, 0x7f, TW_PARSE}, /* an offset of years */
    };
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        zone_bytes bytes = whole;
        bytes.data[damages[i].byte] = damages[i].value;
        tw_zone *zone = NULL;
        tw_error error = {0};
        tw_status status = tw_zone_new(NULL, (tw_slice){bytes.data, bytes.size}, &zone, &error);
        assert_int_equal(status, damages[i].status);
        assert_null(zone);
        assert_non_null(strstr(error.message, "byte"));
    }
}

static void new_york_days_are_23_and_25_hours_long_when_clocks_change(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = system_zone("America/New_York");
    assert_day(zone, "2024-03-09T12:00:00Z", "2024-03-09T05:00:00Z", "2024-03-10T05:00:00Z");
    assert_day(zone, "2024-03-10T12:00:00Z", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z");
    assert_day(zone, "2024-11-03T04:00:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z");
    assert_day(zone, "2024-11-04T04:59:59.999999999Z", "2024-11-03T04:00:00Z",
               "2024-11-04T05:00:00Z");
    assert_day(zone, "2006-04-02T20:00:00Z", "2006-04-02T05:00:00Z", "2006-04-03T04:00:00Z");
    assert_day(zone, "1974-01-06T20:00:00Z", "1974-01-06T05:00:00Z", "1974-01-07T04:00:00Z");
    assert_day(zone, "2100-03-14T20:00:00Z", "2100-03-14T05:00:00Z", "2100-03-15T04:00:00Z");
}

static void years_end_at_local_midnight(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = system_zone("America/New_York");
    assert_day(zone, "2024-12-31T23:59:59Z", "2024-12-31T05:00:00Z", "2025-01-01T05:00:00Z");
    assert_day(zone, "2025-01-01T04:59:59Z", "2024-12-31T05:00:00Z", "2025-01-01T05:00:00Z");
    assert_day(zone, "2025-01-01T05:00:00Z", "2025-01-01T05:00:00Z", "2025-01-02T05:00:00Z");
    assert_int_equal(tw_zone_day(zone, at("2025-01-01T05:00:00Z"), 0).day, 20089);
    assert_int_equal(tw_zone_day(zone, at("1970-01-01T00:00:00Z"), 0).day, -1);
}

static void a_day_may_open_at_another_hour(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *zone = system_zone("America/New_York");
    tw_zone_day_span span = tw_zone_day(zone, at("2024-03-11T12:00:00Z"), -21600);
    assert_int_equal(span.start_ns, at("2024-03-10T22:00:00Z")); /* 18:00 of the evening before */
    assert_int_equal(span.end_ns, at("2024-03-11T22:00:00Z"));
    span = tw_zone_day(zone, at("2024-03-08T13:00:00Z"), 34200);
    assert_int_equal(span.start_ns, at("2024-03-07T14:30:00Z"));
    span = tw_zone_day(zone, at("2024-03-11T13:30:00Z"), 34200);
    assert_int_equal(span.start_ns, at("2024-03-11T13:30:00Z"));
}

static void a_midnight_that_is_skipped_begins_at_the_change(void **state) {
    (void)state;
    /* Until 2018 Brazil put its clocks forward at midnight. */
    TW_AUTO(tw_zone) *zone = system_zone("America/Sao_Paulo");
    assert_day(zone, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    /* Havana puts them back at one: midnight comes twice, and the day begins at the first. */
    TW_AUTO(tw_zone) *havana = system_zone("America/Havana");
    assert_day(havana, "2023-11-05T12:00:00Z", "2023-11-05T04:00:00Z", "2023-11-06T05:00:00Z");
    /* Samoa had no 30 December 2011. */
    TW_AUTO(tw_zone) *apia = system_zone("Pacific/Apia");
    assert_day(apia, "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    assert_day(apia, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
}

static void offsets_are_those_of_the_c_library(void **state) {
    (void)state;
    static const char *const names[] = {"America/New_York",  "Europe/Dublin", "Australia/Lord_Howe",
                                        "Africa/Casablanca", "America/Nuuk",  "Asia/Kathmandu"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TW_AUTO(tw_zone) *zone = system_zone(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t time = -INT64_C(2200000000); time < INT64_C(4200000000); time += 77777) {
            time_t moment = (time_t)time;
            struct tm local;
            assert_non_null(localtime_r(&moment, &local));
            assert_int_equal(tw_zone_offset(zone, time * TW_NS_PER_SECOND), local.tm_gmtoff);
        }
    }
    unsetenv("TZ");
    tzset();
}

static void the_step_divides_every_offset_since_1901(void **state) {
    (void)state;
    TW_AUTO(tw_zone) *new_york = system_zone("America/New_York");
    assert_int_equal(tw_zone_offset_step(new_york), 3600);
    TW_AUTO(tw_zone) *kathmandu = system_zone("Asia/Kathmandu");
    assert_int_equal(3600 % tw_zone_offset_step(kathmandu), 0);
    TW_AUTO(tw_zone) *utc = zone_with_rule("UTC0");
    TW_AUTO(tw_zone) *half = zone_with_rule("ACST-9:30ACDT,M10.1.0,M4.1.0/3");
    assert_int_equal(tw_zone_offset_step(half), 1800);
    assert_true(tw_zone_offset_step(utc) > 0);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    const int64_t times[] = {1000, 2000};
    zone_bytes bytes = small_zone(times, 2, "EST5EDT,M3.2.0,M11.1.0");
    TW_AUTO(tw_zone) *zone = NULL;
    return tw_zone_new(allocator, (tw_slice){bytes.data, bytes.size}, &zone, NULL);
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds_up_to_its_last_transition),
        cmocka_unit_test(the_footer_holds_behind_the_table),
        cmocka_unit_test(every_form_of_a_rule_is_read),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(a_file_that_ends_too_early_is_refused_at_every_byte),
        cmocka_unit_test(damage_is_told_with_its_byte),
        cmocka_unit_test(new_york_days_are_23_and_25_hours_long_when_clocks_change),
        cmocka_unit_test(years_end_at_local_midnight),
        cmocka_unit_test(a_day_may_open_at_another_hour),
        cmocka_unit_test(a_midnight_that_is_skipped_begins_at_the_change),
        cmocka_unit_test(offsets_are_those_of_the_c_library),
        cmocka_unit_test(the_step_divides_every_offset_since_1901),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
