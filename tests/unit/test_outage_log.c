/* test_outage_log.c - an outage has few lines, however often it is attempted to end it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "outage_log.h"
#include "tradewind/time.h"

static char lines[4096]; /* without their times */

static int64_t at_nought(void) {
    return 0;
}

static void keep(void *context, const char *line, size_t size) {
    (void)context;
    const char *word = memchr(line, ' ', size);
    assert_non_null(word);
    size_t have = strlen(lines);
    snprintf(lines + have, sizeof lines - have, "%.*s", (int)(size - (size_t)(word + 1 - line)),
             word + 1);
}

static outage_log fresh(void) {
    lines[0] = '\0';
    return (outage_log){.to = {.level = TW_LOG_INFO, .sink = keep, .now_ns = at_nought}};
}

/* An attempt each two seconds fails for that long, then one succeeds. */
static void play(outage_log *log, int64_t began_ns, int64_t span_ns) {
    tw_venue_news news = {.reason = "it broke"};
    outage_log_take(log, &news, began_ns);
    for (int64_t t = 2 * TW_NS_PER_SECOND; t <= span_ns; t += 2 * TW_NS_PER_SECOND) {
        news = (tw_venue_news){
            .attempts = news.attempts + 1, .away_ns = t, .reason = "connection refused"};
        outage_log_take(log, &news, began_ns + t);
    }
    news = (tw_venue_news){.up = true,
                           .attempts = news.attempts + 1,
                           .away_ns = span_ns + TW_NS_PER_SECOND / 4,
                           .reason = ""};
    outage_log_take(log, &news, began_ns + news.away_ns);
}

static void a_short_outage_has_two_lines(void **state) {
    (void)state;
    outage_log log = fresh();
    play(&log, 0, 10 * TW_NS_PER_SECOND);
    assert_string_equal(lines, "warning venue.lost reason=\"it broke\"\n"
                               "info venue.back away=10s attempts=6\n");
}

static void a_long_one_has_another_each_minute(void **state) {
    (void)state;
    outage_log log = fresh();
    play(&log, 5, 150 * TW_NS_PER_SECOND);
    assert_string_equal(lines,
                        "warning venue.lost reason=\"it broke\"\n"
                        "warning venue.away away=1m attempts=30 reason=\"connection refused\"\n"
                        "warning venue.away away=2m attempts=60 reason=\"connection refused\"\n"
                        "info venue.back away=2m30s attempts=76\n");
}

static void each_loss_is_told_however_soon_it_comes(void **state) {
    (void)state;
    outage_log log = fresh();
    play(&log, 0, 0);
    play(&log, TW_NS_PER_SECOND, 0);
    assert_string_equal(lines, "warning venue.lost reason=\"it broke\"\n"
                               "info venue.back away=0s attempts=1\n"
                               "warning venue.lost reason=\"it broke\"\n"
                               "info venue.back away=0s attempts=1\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_outage_has_two_lines),
        cmocka_unit_test(a_long_one_has_another_each_minute),
        cmocka_unit_test(each_loss_is_told_however_soon_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
