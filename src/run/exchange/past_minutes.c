/* past_minutes.c - minutes out of a daily bar, and hours out of minutes, unless they are there. */
#include "past_minutes.h"

#include "made_days.h"
#include "session.h"
#include "tradewind/time.h"

struct past_minutes {
    const tw_allocator *allocator;
    made_days *minutes; /* of minutes_of_day */
    made_days *hours;   /* of hours_of_day */
    uint64_t seed;
};

tw_status past_minutes_new(const tw_allocator *allocator, uint64_t seed, past_minutes **ret_past) {
    past_minutes *past = TW_NEW(allocator, 1, past_minutes);
    if (past == NULL)
        return TW_NO_MEMORY;
    past->allocator = allocator;
    past->seed = seed;
    tw_status status =
        made_days_new(allocator, PAST_MINUTE_DAY_MAX, sizeof(minutes_of_day), &past->minutes);
    if (status == TW_OK)
        status = made_days_new(allocator, PAST_HOUR_DAY_MAX, sizeof(hours_of_day), &past->hours);
    if (status != TW_OK) {
        past_minutes_free(past);
        return status;
    }
    *ret_past = past;
    return TW_OK;
}

void past_minutes_free(past_minutes *past) {
    if (past == NULL)
        return;
    made_days_free(past->minutes);
    made_days_free(past->hours);
    TW_DELETE(past->allocator, past, 1, past_minutes);
}

const minutes_of_day *past_minutes_of(past_minutes *past, const tw_bar *day) {
    bool made = false;
    minutes_of_day *minutes =
        made_days_get(past->minutes, day->symbol, session_day_of(day->time_ns), &made);
    if (!made)
        minutes->count = intraday_minutes(day, past->seed, minutes->bars);
    return minutes;
}

static bool take_hour(void *context, const bar_part *hour) {
    hours_of_day *hours = context;
    TW_ASSERT(hours->count < PAST_HOUR_COUNT_MAX);
    hours->parts[hours->count++] = *hour;
    return true;
}

/* The minutes of hours that are not there are not worth being remembered. */
static void make_hours(const past_minutes *past, const tw_bar *day, hours_of_day *ret_hours) {
    const bar_range range = {
        .frame = {BAR_HOUR, 1}, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .descending = false};
    tw_bar minutes[INTRADAY_MINUTE_COUNT];
    uint32_t count = intraday_minutes(day, past->seed, minutes);
    bar_fold fold = {.range = &range, .part_sink = take_hour, .context = ret_hours};
    ret_hours->count = 0;
    for (uint32_t k = 0; k < count; k++)
        bar_fold_take(&fold, &minutes[k]);
    bar_fold_end(&fold);
}

const hours_of_day *past_hours_of(past_minutes *past, const tw_bar *day) {
    bool made = false;
    hours_of_day *hours =
        made_days_get(past->hours, day->symbol, session_day_of(day->time_ns), &made);
    if (!made)
        make_hours(past, day, hours);
    return hours;
}
