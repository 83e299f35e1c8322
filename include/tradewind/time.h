/*
 * time.h - points in time and spans of time, as int64_t nanoseconds.
 *
 * A point is nanoseconds since 1970-01-01T00:00:00Z (years 1677 to 2262); a span is nanoseconds.
 * Leap seconds do not exist, as in POSIX. The pure part of the library takes time as an
 * argument; only programs and tests of the edge call the two clocks here.
 *
 * Threads: all functions are pure but the clocks, which may be read from any thread.
 */
#ifndef TRADEWIND_TIME_H
#define TRADEWIND_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_NS_PER_US INT64_C(1000)
#define TW_NS_PER_MS INT64_C(1000000)
#define TW_NS_PER_SECOND INT64_C(1000000000)
#define TW_NS_PER_MINUTE (60 * TW_NS_PER_SECOND)
#define TW_NS_PER_HOUR (60 * TW_NS_PER_MINUTE)
#define TW_NS_PER_DAY (24 * TW_NS_PER_HOUR)

/* Enough for any text that tw_time_format or tw_duration_format writes, with its NUL. */
#define TW_TIME_TEXT_SIZE 40

/* A day of the proleptic Gregorian calendar. */
typedef struct tw_date {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
} tw_date;

/* Where a turn of the edge reads the time: real, accelerated or stepped. */
typedef struct tw_clock {
    int64_t (*now_ns)(void *context);
    void *context;
} tw_clock;

TW_BEGIN_DECLS

/* The wall clock and the monotonic clock of this machine. About 25 ns each. */
TW_API int64_t tw_time_wall_ns(void);
TW_API int64_t tw_time_monotonic_ns(void);

/*
 * Reads RFC 3339 ("2024-01-02T14:30:00.123456789Z", "...+05:30", a space for the T) or a bare
 * date, which means midnight UTC. Up to nine fractional digits are exact; more are an error.
 * TW_PARSE for other text, TW_RANGE for a date that does not exist or does not fit.
 */
TW_API tw_status tw_time_parse(tw_slice text, int64_t *ret_time_ns) TW_MUST_CHECK;

/*
 * Writes RFC 3339 in UTC into `buffer` of at least TW_TIME_TEXT_SIZE bytes; returns its length.
 * `digits` is the number of fractional digits, 0 to 9 (the rest is cut off), or -1 for as many as
 * needed (trailing zeros dropped). Every int64_t has a text.
 */
TW_API size_t tw_time_format(int64_t time_ns, int digits, char *buffer);

/* The same at a fixed offset from UTC in seconds (less than a day; RFC 3339 has no seconds in it,
 * they are dropped from offset and text alike): "2024-01-02T09:30:00-05:00", "Z" for zero. */
TW_API size_t tw_time_format_offset(int64_t time_ns, int32_t offset_seconds, int digits,
                                    char *buffer);

/*
 * Reads a span: a decimal number with a unit ns us ms s m h d w, or several joined, longest unit
 * first ("1m30s"). A bare number is an error (its unit is unknown), "0" is not. TW_PARSE; TW_RANGE
 * for negative spans, fractions of a nanosecond and what does not fit.
 */
TW_API tw_status tw_duration_parse(tw_slice text, int64_t *ret_duration_ns) TW_MUST_CHECK;

/* Writes a span as tw_duration_parse reads it ("1m30s"); returns its length. */
TW_API size_t tw_duration_format(int64_t duration_ns, char *buffer);

/* Days since 1970-01-01 of a date, and back. TW_RANGE for a date that does not exist. */
TW_API tw_status tw_date_to_days(tw_date date, int64_t *ret_days) TW_MUST_CHECK;
TW_API tw_date tw_date_from_days(int64_t days);

/* The UTC date of a point in time. */
TW_API tw_date tw_date_of(int64_t time_ns);

/* The last multiple of `span_ns` (> 0) that is not after the point: with TW_NS_PER_DAY midnight
 * UTC. INT64_MIN where that multiple lies before the range. */
TW_API int64_t tw_time_floor(int64_t time_ns, int64_t span_ns);

/* 0 Sunday to 6 Saturday, of a count of days since 1970-01-01. */
TW_API int32_t tw_weekday_of_days(int64_t days);

TW_END_DECLS

#endif
