/*
 * bar_frame.h - the timeframes that the venue knows, and when their bars begin.
 *
 * Minutes and hours are aligned to the UTC epoch, as core/bars does; days, weeks (from Monday) and
 * months (1, 2, 3, 4, 6, 12 of them, from January) are New York's.
 *
 * Threads: pure.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_BAR_FRAME_H
#define TRADEWIND_RUN_EXCHANGE_BAR_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/text.h"
#include "tradewind/time.h"

typedef enum bar_unit { BAR_MINUTE, BAR_HOUR, BAR_DAY, BAR_WEEK, BAR_MONTH } bar_unit;

typedef struct bar_frame {
    bar_unit unit;
    int32_t count;
} bar_frame;

/* Reads "5Min" or "5T", "2Hour" "2H", "1Day" "1D", "1Week" "1W", "3Month" "3M": 1 to 59 minutes, 1
 * to 23 hours, one day, one week, 1, 2, 3, 4, 6 or 12 months. False for all else. */
bool bar_frame_read(tw_slice text, bar_frame *ret_frame);

/* True for minutes and hours, which are made of minutes; all others are made of days. */
bool bar_frame_is_intraday(bar_frame frame);

/* When the bar begins that a point in time falls into, and the one after it. */
int64_t bar_frame_start(bar_frame frame, int64_t time_ns);
int64_t bar_frame_next(bar_frame frame, int64_t start_ns);

/* The length of a bar of minutes, hours, days or weeks; a month has that of 30 days. */
int64_t bar_frame_span(bar_frame frame);

/* The unit's letter in a page token. */
char bar_frame_letter(bar_frame frame);

#endif
