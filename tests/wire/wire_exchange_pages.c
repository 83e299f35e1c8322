/*
 * wire_exchange_pages.c - random questions for bars, trades and quotes, beside an obvious slow way
 * to answer them.
 *
 * The slow way knows the minutes and the days alone: it walks over all of them, puts each into the
 * bar that begins where the calendar says, and cuts what is left into pages. Minutes are held to
 * the days, so that all frames agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history_pages.h"
#include "session.h"
#include "tradewind/random.h"

enum { SYMBOLS = 3, QUESTIONS = 120, BAR_MAX = 16000, PAGE_MAX = 12 };

static const char *const NAMES[SYMBOLS] = {"AAPL", "BRK.B", "MSFT"};

typedef struct slow_bars {
    tw_bar bars[SYMBOLS][BAR_MAX];
    uint32_t counts[SYMBOLS];
} slow_bars;

static slow_bars minutes, days;
static record_list list;

static tw_bar bar_of(const char *record) {
    return (tw_bar){.time_ns = record_time(record),
                    .open = {record_number(record, "o")},
                    .high = {record_number(record, "h")},
                    .low = {record_number(record, "l")},
                    .close = {record_number(record, "c")},
                    .vwap = {record_number(record, "vw")},
                    .volume = {record_number(record, "v")},
                    .count = (uint64_t)(record_number(record, "n") / TW_NANO)};
}

static void read_all(slow_bars *all, const char *frame) {
    for (uint32_t s = 0; s < SYMBOLS; s++) {
        char path[256];
        snprintf(path, sizeof path, "/v2/stocks/%s/bars?timeframe=%s&start=2020-01-01&limit=10000",
                 NAMES[s], frame);
        records_read(&list, path);
        assert_true(list.count <= BAR_MAX);
        for (uint32_t i = 0; i < list.count; i++)
            all->bars[s][i] = bar_of(list.records[i]);
        all->counts[s] = list.count;
    }
}

/* ---- the slow way -------------------------------------------------------------------------- */

typedef struct question {
    char word[16]; /* the timeframe */
    char unit;     /* T H D W M */
    int32_t count;
    int64_t from_ns;
    int64_t to_ns;
    bool wanted[SYMBOLS];
    bool descending;
    uint32_t limit;
} question;

/* When the bar of a point in time begins: by steps backwards from it. */
static int64_t slow_start(const question *q, int64_t time_ns) {
    int64_t unit_ns = q->unit == 'T' ? TW_NS_PER_MINUTE : TW_NS_PER_HOUR;
    if (q->unit == 'T' || q->unit == 'H')
        return time_ns - time_ns % (q->count * unit_ns);
    int64_t day = session_day_of(time_ns);
    while (q->unit == 'W' && tw_weekday_of_days(day) != 1)
        day--;
    while (q->unit == 'M' &&
           (tw_date_from_days(day).day != 1 || (tw_date_from_days(day).month - 1) % q->count != 0))
        day--;
    return session_time_of(day, 0, 0);
}

__extension__ typedef __int128 wide;

/* All of a source that begin their group at one time. */
static tw_bar slow_group(const tw_bar *source, uint32_t count, int64_t start_ns) {
    wide turnover = 0;
    tw_bar bar = source[0];
    bar.volume.nano = 0;
    bar.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        bar.high.nano = source[i].high.nano > bar.high.nano ? source[i].high.nano : bar.high.nano;
        bar.low.nano = source[i].low.nano < bar.low.nano ? source[i].low.nano : bar.low.nano;
        bar.volume.nano += source[i].volume.nano;
        bar.count += source[i].count;
        turnover += (wide)source[i].vwap.nano * source[i].volume.nano;
    }
    bar.close = source[count - 1].close;
    bar.time_ns = start_ns;
    if (count > 1)
        bar.vwap.nano = (int64_t)((turnover + bar.volume.nano / 2) / bar.volume.nano);
    return bar;
}

static uint32_t slow_bars_of(const question *q, uint32_t s, tw_bar *out) {
    const slow_bars *source = q->unit == 'T' || q->unit == 'H' ? &minutes : &days;
    const tw_bar *bars = source->bars[s];
    uint32_t made = 0;
    for (uint32_t i = 0, next = 0; i < source->counts[s]; i = next) {
        int64_t start_ns = slow_start(q, bars[i].time_ns);
        for (next = i; next < source->counts[s]; next++)
            if (slow_start(q, bars[next].time_ns) != start_ns)
                break;
        if (start_ns >= q->from_ns && start_ns <= q->to_ns)
            out[made++] = slow_group(&bars[i], next - i, start_ns);
    }
    return made;
}

/* ---- questions ----------------------------------------------------------------------------- */

static int64_t draw_time(tw_random *random) {
    int64_t first_ns = days.bars[0][0].time_ns - 2 * TW_NS_PER_DAY;
    int64_t span_s = 50 * 24 * 3600;
    return first_ns + (int64_t)tw_random_below(random, (uint64_t)span_s) * TW_NS_PER_SECOND;
}

static question draw_question(tw_random *random) {
    static const char units[] = "TTTHHHDWM";
    static const int32_t months[] = {1, 2, 3, 4, 6, 12};
    static const uint32_t limits[] = {1, 2, 10, 100, 1000, 10000};
    question q = {.unit = units[tw_random_below(random, 9)], .count = 1};
    if (q.unit == 'T')
        q.count = 1 + (int32_t)tw_random_below(random, 59);
    else if (q.unit == 'H')
        q.count = 1 + (int32_t)tw_random_below(random, 23);
    else if (q.unit == 'M')
        q.count = months[tw_random_below(random, 6)];
    snprintf(q.word, sizeof q.word, "%d%c", q.count, q.unit);
    q.from_ns = draw_time(random);
    q.to_ns = draw_time(random);
    if (q.from_ns > q.to_ns) {
        int64_t from_ns = q.to_ns;
        q.to_ns = q.from_ns;
        q.from_ns = from_ns;
    }
    for (uint32_t s = 0; s < SYMBOLS; s++)
        q.wanted[s] = tw_random_below(random, 3) != 0;
    q.descending = tw_random_below(random, 2) == 0;
    q.limit = limits[tw_random_below(random, 6)];
    return q;
}

static void write_question(const question *q, tw_random *random, char path[512]) {
    static const char *const adjustments[] = {"raw", "split", "all", "dividend,spin-off"};
    static const char *const feeds[] = {"sip", "iex"};
    char from[TW_TIME_TEXT_SIZE], to[TW_TIME_TEXT_SIZE];
    tw_time_format(q->from_ns, -1, from);
    tw_time_format(q->to_ns, -1, to);
    int size = snprintf(path, 512, "/v2/stocks/bars?symbols=NONE");
    for (uint32_t s = SYMBOLS; s-- > 0;) /* not in their order, and some twice */
        if (q->wanted[s])
            size += snprintf(path + size, 512 - (size_t)size, ",%s,%s", NAMES[s], NAMES[s]);
    snprintf(path + size, 512 - (size_t)size,
             "&timeframe=%s&start=%s&end=%s&sort=%s&limit=%u&adjustment=%s&feed=%s", q->word, from,
             to, q->descending ? "desc" : "asc", q->limit, adjustments[tw_random_below(random, 4)],
             feeds[tw_random_below(random, 2)]);
}

static void assert_record(const char *record, const char *name, const tw_bar *bar,
                          const char *path) {
    tw_bar told = bar_of(record);
    bool same = strncmp(record, name, strlen(name)) == 0 && told.time_ns == bar->time_ns &&
                told.open.nano == bar->open.nano && told.high.nano == bar->high.nano &&
                told.low.nano == bar->low.nano && told.close.nano == bar->close.nano &&
                told.vwap.nano == bar->vwap.nano && told.volume.nano == bar->volume.nano &&
                told.count == bar->count;
    if (!same)
        fail_msg("%s is not what it should be in %s (vw %lld)", record, path,
                 (long long)bar->vwap.nano);
}

/* A limit that would make too many pages is raised. */
static void check_question(question *q, tw_random *random) {
    static tw_bar expected[SYMBOLS][BAR_MAX];
    uint32_t counts[SYMBOLS] = {0};
    uint32_t total = 0;
    char path[512];
    for (uint32_t s = 0; s < SYMBOLS; s++) {
        counts[s] = q->wanted[s] ? slow_bars_of(q, s, expected[s]) : 0;
        total += counts[s];
    }
    if (total / q->limit >= PAGE_MAX)
        q->limit = total / PAGE_MAX + 1 > 10000 ? 10000 : total / PAGE_MAX + 1;
    write_question(q, random, path);
    records_read(&list, path);
    if (list.count != total)
        fail_msg("%u bars instead of %u of %s", list.count, total, path);
    assert_int_equal(list.pages, total == 0 ? 1 : (total + q->limit - 1) / q->limit);
    uint32_t at = 0;
    for (uint32_t s = 0; s < SYMBOLS; s++)
        for (uint32_t i = 0; i < counts[s]; i++, at++)
            assert_record(list.records[at], NAMES[s],
                          &expected[s][q->descending ? counts[s] - 1 - i : i], path);
}

static void every_question_is_answered_as_the_slow_way_does(void **state) {
    (void)state;
    tw_random random;
    step("41m20s");
    read_all(&minutes, "1Min");
    read_all(&days, "1Day");
    tw_random_init(&random, 20260105, 4);
    for (int i = 0; i < QUESTIONS; i++) {
        question q = draw_question(&random);
        check_question(&q, &random);
    }
}

/* ---- trades and quotes --------------------------------------------------------------------- */

/* Records of one symbol around the market's beginning: of the history's last hour, and its own. */
static void read_ticks(record_list *all, const char *kind, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "/v2/stocks/%s?symbols=%s&start=2026-01-02T20:00:00Z&limit=10000",
             kind, name);
    records_read(all, path);
}

static void check_ticks(const record_list *all, const char *kind, const char *name,
                        tw_random *random) {
    static const uint32_t limits[] = {3, 50, 400, 10000};
    uint32_t ends[2];
    int64_t times[2];
    char path[512], texts[2][TW_TIME_TEXT_SIZE];
    bool descending = tw_random_below(random, 2) == 0;
    for (int e = 0; e < 2; e++)
        ends[e] = (uint32_t)tw_random_below(random, all->count);
    for (int e = 0; e < 2; e++) {
        times[e] = record_time(all->records[ends[(ends[0] > ends[1]) ^ e]]);
        times[e] += (int64_t)tw_random_below(random, 3) - 1; /* at, just before or just after */
    }
    if (times[0] > times[1])
        return;
    uint32_t count = 0, first = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        int64_t time_ns = record_time(all->records[i]);
        first += time_ns < times[0];
        count += time_ns >= times[0] && time_ns <= times[1];
    }
    uint32_t limit = limits[tw_random_below(random, 4)];
    limit = count / limit < PAGE_MAX ? limit : count / PAGE_MAX + 1;
    for (int e = 0; e < 2; e++)
        tw_time_format(times[e], -1, texts[e]);
    snprintf(path, sizeof path, "/v2/stocks/%s?symbols=NONE,%s&start=%s&end=%s&limit=%u&sort=%s",
             kind, name, texts[0], texts[1], limit, descending ? "desc" : "asc");
    records_read(&list, path);
    if (list.count != count || list.pages != (count == 0 ? 1 : (count + limit - 1) / limit))
        fail_msg("%u of %u in %u pages: %s", list.count, count, list.pages, path);
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(list.records[i],
                            all->records[descending ? first + count - 1 - i : first + i]);
}

static void ticks_of_any_range_are_a_part_of_all(void **state) {
    (void)state;
    static const char *const kinds[] = {"trades", "quotes"};
    static record_list all;
    tw_random random;
    call("POST", "/sim/faults", "trades cancel 5s 10%\ntrades correct 5s 10%\ntrades late 9s 10%");
    step("6m");
    tw_random_init(&random, 20260105, 5);
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t s = 0; s < SYMBOLS; s++) {
            read_ticks(&all, kinds[k], NAMES[s]);
            assert_true(all.count > 500);
            for (int i = 0; i < 15; i++)
                check_ticks(&all, kinds[k], NAMES[s], &random);
        }
    }
}

static void minutes_add_up_to_their_days(void **state) {
    (void)state;
    step("41m20s");
    read_all(&minutes, "1Min");
    read_all(&days, "1Day");
    for (uint32_t s = 0; s < SYMBOLS; s++) {
        question q = {.unit = 'D', .count = 1};
        uint32_t at = 0;
        assert_int_equal(days.counts[s], 31);
        for (uint32_t d = 0; d < days.counts[s]; d++) {
            const tw_bar *day = &days.bars[s][d];
            uint32_t first = at;
            while (at < minutes.counts[s] &&
                   slow_start(&q, minutes.bars[s][at].time_ns) == day->time_ns)
                at++;
            assert_true(at > first);
            tw_bar sum = slow_group(&minutes.bars[s][first], at - first, day->time_ns);
            assert_int_equal(sum.open.nano, day->open.nano);
            assert_int_equal(sum.high.nano, day->high.nano);
            assert_int_equal(sum.low.nano, day->low.nano);
            assert_int_equal(sum.close.nano, day->close.nano);
            assert_int_equal(sum.volume.nano, day->volume.nano);
            assert_int_equal(sum.count, day->count);
            if (d + 1 == days.counts[s]) /* of its own market also the mean price */
                assert_int_equal(sum.vwap.nano, day->vwap.nano);
        }
        assert_int_equal(at, minutes.counts[s]);
    }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(every_question_is_answered_as_the_slow_way_does),
        CASE(ticks_of_any_range_are_a_part_of_all),
        CASE(minutes_add_up_to_their_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
