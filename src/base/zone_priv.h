/*
 * zone_priv.h - the inside of a zone: a table of transitions, and the rule behind it.
 *
 * All times here are seconds since 1970 in UTC, as TZif has them.
 */
#ifndef TRADEWIND_ZONE_PRIV_H
#define TRADEWIND_ZONE_PRIV_H

#include <stdbool.h>

#include "tradewind/zone.h"

#define DAY_SECONDS 86400
#define OFFSET_SECONDS_MIN (-89999) /* RFC 8536, 3.2: more than -25 hours ... */
#define OFFSET_SECONDS_MAX 93599    /* ... and less than 26 */

typedef struct zone_transition {
    int64_t at;
    int64_t offset; /* from there on */
} zone_transition;

typedef enum zone_date_kind {
    ZONE_DATE_MONTH,     /* Mm.w.d: weekday d of week w (5: the last) of month m */
    ZONE_DATE_JULIAN,    /* Jn: day n, 1 to 365, of a year without 29 February */
    ZONE_DATE_ZERO_BASED /* n: day 0 to 365 */
} zone_date_kind;

/* When in a year the clocks are changed. */
typedef struct zone_date {
    zone_date_kind kind;
    int32_t month;
    int32_t week;
    int32_t day;     /* of the week, or of the year */
    int32_t seconds; /* of the local clock that is left; may be negative or more than a day */
} zone_date;

/* The footer: standard time, and perhaps daylight saving between two dates. */
typedef struct zone_rule {
    bool known; /* false: the last offset of the table holds for ever */
    bool has_saving;
    int32_t standard; /* offsets east of Greenwich */
    int32_t saving;
    zone_date begin; /* of daylight saving */
    zone_date end;
} zone_rule;

struct tw_zone {
    tw_allocator allocator;
    zone_transition *transitions;
    size_t transition_count;
    size_t transition_capacity;
    int64_t first_offset; /* before the first transition */
    zone_rule rule;       /* from the last transition on */
};

/* Reads the text between the newlines of the footer; empty is no rule. False if it is none. */
bool zone_rule_parse(tw_slice text, zone_rule *ret_rule);

/* When a date of `year` is, for clocks that are `offset` ahead before it. */
int64_t zone_rule_at(const zone_date *date, int64_t year, int64_t offset);

#endif
