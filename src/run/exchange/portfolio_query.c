/* portfolio_query.c - see portfolio_query.h. */
#include "portfolio_query.h"

#include <string.h>

#include "query.h"
#include "session.h"

enum { DATE_SIZE = 10, MONTH_DAYS = 30, WEEK_DAYS = 7, YEAR_DAYS = 365 };
enum { PERIOD_DAYS_MAX = 100 * YEAR_DAYS };

typedef struct portfolio_period {
    int64_t count;
    char unit; /* D, W, M, A */
} portfolio_period;

typedef struct portfolio_frame {
    const char *name;
    int64_t ns;
} portfolio_frame;

static const portfolio_frame frames[] = {{"1Min", TW_NS_PER_MINUTE},
                                         {"5Min", 5 * TW_NS_PER_MINUTE},
                                         {"15Min", 15 * TW_NS_PER_MINUTE},
                                         {"1H", TW_NS_PER_HOUR},
                                         {"1D", TW_NS_PER_DAY}};
enum { FRAME_MINUTE = 0, FRAME_QUARTER = 2, FRAME_DAY = 4, FRAME_COUNT = 5 };

/* ---- times --------------------------------------------------------------------------------- */

/* A time, or a day of New York: its begin, or as an end its last nanosecond. */
static bool read_time(exchange_call *call, const char *name, bool end, int64_t *ret_ns) {
    tw_slice text = query_text(call, name);
    int64_t time_ns = 0;
    if (text.size == 0)
        return true;
    if (tw_time_parse(text, &time_ns) != TW_OK || time_ns < 0 || time_ns > EXCHANGE_END_NS)
        return query_invalid(call, name, text);
    if (text.size == DATE_SIZE) {
        int64_t day = time_ns / TW_NS_PER_DAY;
        time_ns = end ? session_time_of(day + 1, 0, 0) - 1 : session_time_of(day, 0, 0);
    }
    *ret_ns = time_ns;
    return true;
}

/* As the limits of frames count them. */
static int64_t nominal_days(const portfolio_period *period) {
    int64_t unit = period->unit == 'W'   ? WEEK_DAYS
                   : period->unit == 'M' ? MONTH_DAYS
                   : period->unit == 'A' ? YEAR_DAYS
                                         : 1;
    return unit * period->count;
}

static bool read_period(exchange_call *call, portfolio_period *ret_period) {
    static const char units[] = {'D', 'W', 'M', 'A'};
    tw_slice text = query_text(call, "period");
    uint64_t count = 0;
    if (text.size == 0)
        return true;
    char unit = text.data[text.size - 1];
    if (tw_parse_u64((tw_slice){text.data, text.size - 1}, &count) != TW_OK || count == 0 ||
        count > PERIOD_DAYS_MAX || memchr(units, unit, sizeof units) == NULL)
        return query_invalid(call, "period", text);
    *ret_period = (portfolio_period){(int64_t)count, unit};
    return nominal_days(ret_period) <= PERIOD_DAYS_MAX || query_invalid(call, "period", text);
}

/* So many months after a day (before it: less than 0), or the last day of that month. */
static int64_t months_after(int64_t day, int64_t months) {
    tw_date date = tw_date_from_days(day);
    int64_t month = date.year * INT64_C(12) + date.month - 1 + months;
    int64_t result = 0;
    tw_date there = {(int32_t)(month / 12), (int32_t)(month % 12) + 1, date.day};
    while (tw_date_to_days(there, &result) != TW_OK) {
        TW_ASSERT(there.day > 28);
        there.day--;
    }
    return result;
}

static int64_t trading_days_after(int64_t day, int64_t count) {
    for (; count > 0; count--)
        day = session_next_trading_day(day);
    for (; count < 0; count++)
        day = session_previous_trading_day(day);
    return day;
}

/* The last day of a period that begins on `day` (sign 1), or the first of one that ends on it (-1).
 * Both belong to it. */
static int64_t other_end(const portfolio_period *period, int64_t day, int64_t sign) {
    switch (period->unit) {
    case 'W':
        return day + sign * WEEK_DAYS * period->count;
    case 'M':
        return months_after(day, sign * period->count);
    case 'A':
        return months_after(day, sign * 12 * period->count);
    default:
        if (!session_is_trading_day(day))
            day = sign > 0 ? session_next_trading_day(day) : session_previous_trading_day(day);
        return trading_days_after(day, sign * (period->count - 1));
    }
}

/* Nothing is told of what is before 1970 or after now. */
static int64_t within(int64_t time_ns, int64_t now_ns) {
    if (time_ns < 0)
        return 0;
    return time_ns < now_ns ? time_ns : now_ns;
}

/* The span as it was asked for. */
typedef struct asked_span {
    portfolio_period period; /* count 0: none is given, and none is needed */
    int64_t start_ns;        /* INT64_MIN: not given */
    int64_t end_ns;
} asked_span;

static bool read_span(exchange_call *call, asked_span *ret_span) {
    *ret_span = (asked_span){.start_ns = INT64_MIN, .end_ns = INT64_MIN};
    if (!read_period(call, &ret_span->period) ||
        !read_time(call, "date_start", false, &ret_span->start_ns) ||
        !read_time(call, "start", false, &ret_span->start_ns) ||
        !read_time(call, "date_end", true, &ret_span->end_ns) ||
        !read_time(call, "end", true, &ret_span->end_ns))
        return false;
    bool both = ret_span->start_ns != INT64_MIN && ret_span->end_ns != INT64_MIN;
    if (both && ret_span->period.count > 0) {
        answer_error(call, 422, CODE_REQUEST,
                     "only two of start, end and period can be specified at the same time");
        return false;
    }
    if (both && ret_span->start_ns > ret_span->end_ns) {
        answer_error(call, 422, CODE_REQUEST, "end should not be before start");
        return false;
    }
    if (!both && ret_span->period.count == 0)
        ret_span->period = (portfolio_period){1, 'M'};
    return true;
}

static int64_t days_of(const asked_span *span) {
    return span->period.count > 0 ? nominal_days(&span->period)
                                  : session_day_of(span->end_ns) - session_day_of(span->start_ns);
}

/* A start behind the hours of its day is for the next. */
static int64_t first_day(const portfolio_query *query, int64_t start_ns) {
    int64_t day = session_day_of(start_ns);
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
    bool by_sessions = query->frame_ns != TW_NS_PER_DAY && query->hours != PORTFOLIO_CONTINUOUS;
    if (by_sessions && session_is_trading_day(day)) {
        portfolio_hours_of(query, day, &begin_ns, &end_ns);
        return start_ns > end_ns ? session_next_trading_day(day) : day;
    }
    return day;
}

static void place_span(const asked_span *span, int64_t now_ns, portfolio_query *query) {
    bool starts = span->start_ns != INT64_MIN;
    query->start_ns = span->start_ns;
    query->end_ns = within(span->end_ns == INT64_MIN ? now_ns : span->end_ns, now_ns);
    if (!starts) {
        int64_t first = other_end(&span->period, session_day_of(query->end_ns), -1);
        query->start_ns = within(session_time_of(first, 0, 0), now_ns);
    } else if (span->end_ns == INT64_MIN) {
        int64_t last = other_end(&span->period, first_day(query, span->start_ns), 1);
        if (last < session_day_of(now_ns)) /* else the end is now, however far that is */
            query->end_ns = session_time_of(last + 1, 0, 0) - 1;
    }
    query->first_day = first_day(query, query->start_ns);
}

void portfolio_hours_of(const portfolio_query *query, int64_t day, int64_t *ret_begin_ns,
                        int64_t *ret_end_ns) {
    session_hours hours;
    bool trades = session_hours_of(day, &hours);
    TW_ASSERT(trades);
    bool extended = query->hours == PORTFOLIO_EXTENDED_HOURS;
    *ret_begin_ns = extended ? hours.pre_market_ns : hours.open_ns;
    *ret_end_ns = extended ? hours.end_ns : hours.close_ns;
}

/* ---- words --------------------------------------------------------------------------------- */

static bool read_frame(exchange_call *call, int64_t days, portfolio_query *query) {
    tw_slice text = query_text(call, "timeframe");
    size_t chosen = days < WEEK_DAYS ? FRAME_MINUTE : days < MONTH_DAYS ? FRAME_QUARTER : FRAME_DAY;
    if (text.size > 0) {
        for (chosen = 0; chosen < FRAME_COUNT; chosen++)
            if (tw_slice_equal_string(text, frames[chosen].name))
                break;
    }
    if (chosen == FRAME_COUNT)
        return query_invalid(call, "timeframe", text);
    if (chosen != FRAME_DAY && days > MONTH_DAYS) {
        answer_error(call, 422, CODE_REQUEST,
                     "only the timeframe 1D can be specified for more than 30 days");
        return false;
    }
    query->frame = frames[chosen].name;
    query->frame_ns = frames[chosen].ns;
    return true;
}

static bool read_hours(exchange_call *call, portfolio_query *query) {
    static const char *const names[] = {"market_hours", "extended_hours", "continuous"};
    tw_slice text = query_text(call, "intraday_reporting");
    bool extended = false;
    if (!query_flag(call, "extended_hours", &extended))
        return false;
    query->hours = extended ? PORTFOLIO_EXTENDED_HOURS : PORTFOLIO_MARKET_HOURS;
    if (text.size == 0)
        return true;
    for (int i = 0; i < 3; i++) {
        query->hours = (portfolio_hours)i;
        if (tw_slice_equal_string(text, names[i]))
            return true;
    }
    return query_invalid(call, "intraday_reporting", text);
}

static bool read_reset(exchange_call *call, portfolio_query *query) {
    tw_slice text = query_text(call, "pnl_reset");
    query->no_reset = tw_slice_equal_string(text, "no_reset");
    return text.size == 0 || query->no_reset || tw_slice_equal_string(text, "per_day") ||
           query_invalid(call, "pnl_reset", text);
}

static bool has_cashflow(const portfolio_query *query, const char *type) {
    for (uint32_t i = 0; i < query->cashflow_count; i++)
        if (query->cashflows[i] == type)
            return true;
    return false;
}

/* ALL, NONE, or types; a trade is none of them. */
static bool read_cashflows(exchange_call *call, portfolio_query *query) {
    tw_slice list = query_text(call, "cashflow_types");
    query->all_cashflows = tw_slice_equal_string(list, "ALL");
    if (list.size == 0 || query->all_cashflows || tw_slice_equal_string(list, "NONE"))
        return true;
    while (list.data != NULL) {
        tw_slice word = tw_slice_trim(tw_slice_split(&list, ','));
        const char *type = activity_type_named(word);
        if (type == NULL || type == activity_type(ACTIVITY_FILL))
            return query_invalid(call, "activity type", word);
        if (!has_cashflow(query, type))
            query->cashflows[query->cashflow_count++] = type;
    }
    return true;
}

bool portfolio_query_read(exchange_call *call, portfolio_query *ret_query) {
    asked_span span;
    *ret_query = (portfolio_query){0};
    if (!read_span(call, &span) || !read_frame(call, days_of(&span), ret_query) ||
        !read_hours(call, ret_query) || !read_reset(call, ret_query) ||
        !read_cashflows(call, ret_query))
        return false;
    place_span(&span, floor_now(call->exchange->floor), ret_query);
    return true;
}
