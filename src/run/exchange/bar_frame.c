/* bar_frame.c - one table of units; what is longer than an hour goes by New York's calendar. */
#include "bar_frame.h"

#include <stddef.h>

#include "session.h"

typedef struct unit_row {
    const char *word;
    const char *letter;
    int64_t span_ns;
    int32_t count_max;
} unit_row;

static const unit_row units[] = {
    [BAR_MINUTE] = {"Min", "T", TW_NS_PER_MINUTE, 59},
    [BAR_HOUR] = {"Hour", "H", TW_NS_PER_HOUR, 23},
    [BAR_DAY] = {"Day", "D", TW_NS_PER_DAY, 1},
    [BAR_WEEK] = {"Week", "W", 7 * TW_NS_PER_DAY, 1},
    [BAR_MONTH] = {"Month", "M", 30 * TW_NS_PER_DAY, 12},
};

bool bar_frame_read(tw_slice text, bar_frame *ret_frame) {
    size_t digits = 0;
    uint64_t count = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    tw_slice word = {text.data + digits, text.size - digits};
    if (digits == 0 || tw_parse_u64((tw_slice){text.data, digits}, &count) != TW_OK || count == 0)
        return false;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (!tw_slice_equal_string(word, units[u].word) &&
            !tw_slice_equal_string(word, units[u].letter))
            continue;
        if (count > (uint64_t)units[u].count_max || (u == BAR_MONTH && 12 % count != 0))
            return false;
        *ret_frame = (bar_frame){(bar_unit)u, (int32_t)count};
        return true;
    }
    return false;
}

bool bar_frame_is_intraday(bar_frame frame) {
    return frame.unit <= BAR_HOUR;
}

int64_t bar_frame_span(bar_frame frame) {
    return frame.count * units[frame.unit].span_ns;
}

char bar_frame_letter(bar_frame frame) {
    static const char letters[] = "MHDWN";
    return letters[frame.unit];
}

/* The first day of a month, counted from the year 0. */
static int64_t month_start_ns(int32_t months) {
    int64_t day = 0;
    tw_status status = tw_date_to_days((tw_date){months / 12, months % 12 + 1, 1}, &day);
    TW_ASSERT(status == TW_OK);
    return session_time_of(day, 0, 0);
}

int64_t bar_frame_start(bar_frame frame, int64_t time_ns) {
    if (bar_frame_is_intraday(frame))
        return tw_time_floor(time_ns, bar_frame_span(frame));
    int64_t day = session_day_of(time_ns);
    if (frame.unit == BAR_WEEK)
        day -= (tw_weekday_of_days(day) + 6) % 7;
    if (frame.unit != BAR_MONTH)
        return session_time_of(day, 0, 0);
    tw_date date = tw_date_from_days(day);
    int32_t months = date.year * 12 + date.month - 1;
    return month_start_ns(months - months % frame.count);
}

int64_t bar_frame_next(bar_frame frame, int64_t start_ns) {
    if (bar_frame_is_intraday(frame))
        return start_ns + bar_frame_span(frame);
    int64_t day = session_day_of(start_ns);
    if (frame.unit != BAR_MONTH)
        return session_time_of(day + (frame.unit == BAR_WEEK ? 7 : 1), 0, 0);
    tw_date date = tw_date_from_days(day);
    return month_start_ns(date.year * 12 + date.month - 1 + frame.count);
}
