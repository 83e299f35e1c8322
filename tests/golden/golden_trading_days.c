/*
 * golden_trading_days.c - the calendar beside what really happened.
 *
 * The rows of $TRADEWIND_DATA/vectors/data/pypfopt_stock_prices.csv are the trading days of twenty
 * US stocks from 1989-12-29 to 2018-04-11: each of them must be one here, and no other. New York's
 * offset is compared with the machine's own zone file, hour by hour.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"
#include "tradewind/text.h"
#include "tradewind/zone.h"

static void the_days_of_three_decades_are_those_that_were_traded(void **state) {
    (void)state;
    const char *root = getenv("TRADEWIND_DATA");
    char path[1024];
    if (root == NULL)
        skip();
    snprintf(path, sizeof path, "%s/vectors/data/pypfopt_stock_prices.csv", root);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        skip();
    char line[4096];
    int64_t day = 0;
    int64_t rows = 0;
    assert_non_null(fgets(line, sizeof line, file)); /* the names */
    while (fgets(line, sizeof line, file) != NULL) {
        int64_t time_ns = 0;
        assert_int_equal(tw_time_parse((tw_slice){line, 10}, &time_ns), TW_OK);
        if (rows++ == 0)
            day = session_previous_trading_day(time_ns / TW_NS_PER_DAY);
        day = session_next_trading_day(day);
        assert_int_equal(day, time_ns / TW_NS_PER_DAY);
    }
    fclose(file);
    assert_int_equal(rows, 7126);
}

static void new_yorks_offset_is_the_zone_files(void **state) {
    (void)state;
    static char bytes[65536];
    FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rb");
    if (file == NULL)
        skip();
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    tw_zone *zone = NULL;
    assert_int_equal(tw_zone_new(NULL, (tw_slice){bytes, size}, &zone, NULL), TW_OK);
    int64_t end_ns = INT64_C(4102444800) * TW_NS_PER_SECOND; /* 2100-01-01 */
    for (int64_t t = -10 * 365 * TW_NS_PER_DAY; t < end_ns; t += TW_NS_PER_HOUR) {
        if (session_offset_seconds(t) != tw_zone_offset(zone, t))
            fail_msg("at %lld", (long long)t);
    }
    tw_zone_free(zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_days_of_three_decades_are_those_that_were_traded),
        cmocka_unit_test(new_yorks_offset_is_the_zone_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
