/*
 * zone.c - a time zone out of TZif bytes (RFC 8536), and its local days.
 *
 * Idea: time is cut into spans of one offset. Inside the table they are found by bisection, behind
 * it by making the changes of the years around from the rule. What is asked of a zone, an offset or
 * the beginning of a local day, is a walk over one or two spans.
 *
 * Invariants:
 * 1. Transitions are strictly ascending in time, and every offset is within RFC 8536's bounds.
 * 2. The rule, if there is one, holds from the last transition on.
 * 3. Spans that follow one another leave no gap: the end of one is the begin of the next.
 */
#include "zone_priv.h"

#include <string.h>

#include "tradewind/time.h"

enum { HEADER_SIZE = 44, TYPE_SIZE = 6 };

/* ---- Bytes --------------------------------------------------------------------------------- */

static int64_t read_big_endian(const char *at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (uint8_t)at[i];
    if (size == 4)
        return (int32_t)(uint32_t)value;
    return (int64_t)value;
}

/* The six counts of a header. */
typedef struct zone_header {
    uint32_t ut_count;
    uint32_t standard_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t char_count;
} zone_header;

static tw_status bad(tw_error *error, tw_status status, size_t byte, const char *expected) {
    return tw_error_set(error, status, "a zone file (TZif): byte %zu: %s", byte, expected);
}

static tw_status read_header(tw_slice bytes, size_t at, zone_header *ret_header, tw_error *error) {
    if (bytes.size < at + HEADER_SIZE)
        return bad(error, TW_TRUNCATED, bytes.size, "expected a header of 44 bytes");
    const char *head = bytes.data + at;
    if (memcmp(head, "TZif", 4) != 0)
        return bad(error, TW_PARSE, at, "expected the letters TZif");
    if (head[4] != '2' && head[4] != '3' && head[4] != '4')
        return bad(error, TW_UNSUPPORTED, at + 4, "expected version 2, 3 or 4");
    uint32_t counts[6];
    for (size_t i = 0; i < 6; i++)
        counts[i] = (uint32_t)read_big_endian(head + 20 + 4 * i, 4);
    *ret_header = (zone_header){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return TW_OK;
}

static uint64_t block_size(const zone_header *header, uint64_t time_size) {
    return header->time_count * (time_size + 1) + (uint64_t)header->type_count * TYPE_SIZE +
           header->char_count + header->leap_count * (time_size + 4) + header->standard_count +
           header->ut_count;
}

/* Reads the 64-bit transitions, whose types and offsets stand behind them. */
static tw_status read_table(tw_slice bytes, size_t at, const zone_header *header, tw_zone *zone,
                            tw_error *error) {
    const char *times = bytes.data + at;
    const char *indexes = times + (size_t)header->time_count * 8;
    const char *types = indexes + header->time_count;
    for (size_t i = 0; i < header->type_count; i++) {
        int64_t offset = read_big_endian(types + i * TYPE_SIZE, 4);
        if (offset < OFFSET_SECONDS_MIN || offset > OFFSET_SECONDS_MAX)
            return bad(error, TW_PARSE, (size_t)(types - bytes.data) + i * TYPE_SIZE,
                       "expected an offset between -25 and 26 hours");
    }
    zone->first_offset = read_big_endian(types, 4);
    for (size_t i = 0; i < header->time_count; i++) {
        int64_t time = read_big_endian(times + i * 8, 8);
        uint8_t type = (uint8_t)indexes[i];
        if (i > 0 && time <= zone->transitions[i - 1].at)
            return bad(error, TW_PARSE, at + i * 8, "expected a later time than the one before");
        if (type >= header->type_count)
            return bad(error, TW_PARSE, (size_t)(indexes - bytes.data) + i,
                       "expected the number of a type that is there");
        zone->transitions[i] =
            (zone_transition){time, read_big_endian(types + (size_t)type * TYPE_SIZE, 4)};
    }
    return TW_OK;
}

static tw_status read_footer(tw_slice bytes, size_t at, tw_zone *zone, tw_error *error) {
    if (bytes.size < at + 2)
        return bad(error, TW_TRUNCATED, bytes.size, "expected a footer between two newlines");
    tw_slice rest = {bytes.data + at, bytes.size - at};
    if (rest.data[0] != '\n')
        return bad(error, TW_PARSE, at, "expected a newline before the footer");
    rest = (tw_slice){rest.data + 1, rest.size - 1};
    tw_slice text = tw_slice_split(&rest, '\n');
    if (rest.data == NULL)
        return bad(error, TW_TRUNCATED, bytes.size, "expected a newline behind the footer");
    if (!zone_rule_parse(text, &zone->rule))
        return bad(error, TW_PARSE, at + 1,
                   "expected a POSIX TZ rule such as EST5EDT,M3.2.0,M11.1.0");
    return TW_OK;
}

static tw_status check_counts(const zone_header *header, size_t at, tw_error *error) {
    if (header->leap_count != 0)
        return bad(error, TW_UNSUPPORTED, at, "expected no leap seconds: here they do not exist");
    if (header->time_count > TW_ZONE_TRANSITION_COUNT_MAX)
        return bad(error, TW_RANGE, at, "expected at most 8192 transitions");
    if (header->type_count == 0 || header->type_count > 256 || header->char_count == 0)
        return bad(error, TW_PARSE, at, "expected 1 to 256 types, with names");
    return TW_OK;
}

static tw_status read_zone(const tw_allocator *allocator, tw_slice bytes, tw_zone *zone,
                           tw_error *error) {
    zone_header header;
    tw_status status = read_header(bytes, 0, &header, error);
    if (status != TW_OK)
        return status;
    uint64_t skipped = HEADER_SIZE + block_size(&header, 4);
    if (skipped > bytes.size)
        return bad(error, TW_TRUNCATED, bytes.size, "expected the table of version 1");
    size_t at = (size_t)skipped;
    status = read_header(bytes, at, &header, error);
    if (status == TW_OK)
        status = check_counts(&header, at + 20, error);
    if (status != TW_OK)
        return status;
    at += HEADER_SIZE;
    if (block_size(&header, 8) > bytes.size - at)
        return bad(error, TW_TRUNCATED, bytes.size, "expected the table of version 2");
    zone->transition_count = header.time_count;
    zone->transition_capacity = header.time_count > 0 ? header.time_count : 1;
    zone->transitions = TW_NEW(allocator, zone->transition_capacity, zone_transition);
    if (zone->transitions == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a time zone");
    status = read_table(bytes, at, &header, zone, error);
    if (status == TW_OK)
        status = read_footer(bytes, at + (size_t)block_size(&header, 8), zone, error);
    return status;
}

tw_status tw_zone_new(const tw_allocator *allocator, tw_slice bytes, tw_zone **ret_zone,
                      tw_error *error) {
    TW_ASSERT(ret_zone != NULL && (bytes.data != NULL || bytes.size == 0));
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_zone *zone = TW_NEW(allocator, 1, tw_zone);
    if (zone == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a time zone");
    zone->allocator = *allocator;
    tw_status status = read_zone(allocator, bytes, zone, error);
    if (status == TW_OK)
        *ret_zone = zone;
    else
        tw_zone_free(zone);
    return status;
}

void tw_zone_free(tw_zone *zone) {
    if (zone == NULL)
        return;
    tw_allocator allocator = zone->allocator;
    TW_DELETE(&allocator, zone->transitions, zone->transition_capacity, zone_transition);
    TW_DELETE(&allocator, zone, 1, tw_zone);
}

/* ---- Spans of one offset ------------------------------------------------------------------- */

typedef struct zone_span {
    int64_t begin; /* INT64_MIN and INT64_MAX: without an end on that side */
    int64_t end;
    int64_t offset;
} zone_span;

/* How many transitions are at or before a time. */
static size_t count_until(const tw_zone *zone, int64_t time) {
    size_t low = 0;
    size_t high = zone->transition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle].at <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum { CHANGE_COUNT = 8 };

/* The changes that the rule makes in the years around one, in order. A date may lie a week outside
 * of its year (hours of -167 to 167), so the year after the next is among them. */
static void list_changes(const zone_rule *rule, int64_t year,
                         zone_transition ret_changes[CHANGE_COUNT]) {
    for (int64_t i = 0; i < CHANGE_COUNT; i++) {
        int64_t y = year - 1 + i / 2;
        zone_transition change =
            i % 2 == 0
                ? (zone_transition){zone_rule_at(&rule->begin, y, rule->standard), rule->saving}
                : (zone_transition){zone_rule_at(&rule->end, y, rule->saving), rule->standard};
        int64_t at = i;
        for (; at > 0 && ret_changes[at - 1].at > change.at; at--)
            ret_changes[at] = ret_changes[at - 1];
        ret_changes[at] = change;
    }
}

/* The span of the rule that holds `time`, cut at the last transition of the table. */
static zone_span rule_span(const tw_zone *zone, int64_t time, int64_t from) {
    const zone_rule *rule = &zone->rule;
    zone_span span = {from, INT64_MAX, rule->standard};
    if (!rule->has_saving)
        return span;
    zone_transition changes[CHANGE_COUNT];
    int64_t day = time / DAY_SECONDS - (time % DAY_SECONDS < 0);
    list_changes(rule, tw_date_from_days(day).year, changes);
    span.offset = changes[0].offset == rule->saving ? rule->standard : rule->saving;
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        if (changes[i].at > time) {
            span.end = changes[i].at;
            break;
        }
        span.offset = changes[i].offset;
        if (changes[i].at > span.begin)
            span.begin = changes[i].at;
    }
    return span;
}

static zone_span span_at(const tw_zone *zone, int64_t time) {
    size_t count = count_until(zone, time);
    if (count == zone->transition_count && zone->rule.known) /* invariant 2 */
        return rule_span(zone, time, count > 0 ? zone->transitions[count - 1].at : INT64_MIN);
    return (zone_span){
        .begin = count > 0 ? zone->transitions[count - 1].at : INT64_MIN,
        .end = count < zone->transition_count ? zone->transitions[count].at : INT64_MAX,
        .offset = count > 0 ? zone->transitions[count - 1].offset : zone->first_offset,
    };
}

static int64_t seconds_of(int64_t time_ns) {
    return time_ns / TW_NS_PER_SECOND - (time_ns % TW_NS_PER_SECOND < 0);
}

int32_t tw_zone_offset(const tw_zone *zone, int64_t time_ns) {
    TW_ASSERT(zone != NULL);
    return (int32_t)span_at(zone, seconds_of(time_ns)).offset;
}

/* ---- Days ---------------------------------------------------------------------------------- */

/* The first moment whose local clock is at or behind `local`. It lies within 26 hours of it. */
static int64_t first_at(const tw_zone *zone, int64_t local) {
    zone_span span = span_at(zone, local - OFFSET_SECONDS_MAX - 1);
    for (;;) {
        int64_t candidate = local - span.offset;
        if (candidate < span.begin)
            candidate = span.begin;
        if (candidate < span.end)
            return candidate;
        span = span_at(zone, span.end); /* invariant 3 */
    }
}

tw_zone_day_span tw_zone_day(const tw_zone *zone, int64_t time_ns, int32_t open_seconds) {
    const int64_t margin_ns = 731 * TW_NS_PER_DAY;
    TW_ASSERT(zone != NULL && open_seconds >= -DAY_SECONDS && open_seconds <= DAY_SECONDS);
    TW_ASSERT(time_ns > INT64_MIN + margin_ns && time_ns < INT64_MAX - margin_ns);
    int64_t time = seconds_of(time_ns);
    int64_t local = time + span_at(zone, time).offset - open_seconds;
    int64_t day = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
    int64_t start = first_at(zone, day * DAY_SECONDS + open_seconds);
    while (start > time)
        start = first_at(zone, --day * DAY_SECONDS + open_seconds);
    int64_t end = first_at(zone, (day + 1) * DAY_SECONDS + open_seconds);
    while (end <= time) {
        start = end;
        end = first_at(zone, (++day + 1) * DAY_SECONDS + open_seconds);
    }
    return (tw_zone_day_span){start * TW_NS_PER_SECOND, end * TW_NS_PER_SECOND, day};
}

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

int32_t tw_zone_offset_step(const tw_zone *zone) {
    const int64_t since = -INT64_C(25202) * DAY_SECONDS; /* 1901-01-01 */
    TW_ASSERT(zone != NULL);
    int64_t step = common_divisor(DAY_SECONDS, span_at(zone, since).offset);
    for (size_t i = count_until(zone, since); i < zone->transition_count; i++) {
        step = common_divisor(step, zone->transitions[i].offset);
        step = common_divisor(step, zone->transitions[i].at);
    }
    if (zone->rule.known)
        step = common_divisor(step, zone->rule.standard);
    if (zone->rule.has_saving) {
        step = common_divisor(step, zone->rule.saving);
        step = common_divisor(step, zone->rule.begin.seconds);
        step = common_divisor(step, zone->rule.end.seconds);
    }
    return (int32_t)step;
}
