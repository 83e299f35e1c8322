/*
 * routes_calendar.c - the days and hours of the market: /v2/calendar, and the newer /v3/calendar
 * and /v3/clock, which name a market and give points in time at its offset.
 *
 * All markets that can be named are those of US stocks, which keep the same hours.
 */
#include <stdio.h>

#include "exchange_priv.h"
#include "holidays.h"
#include "query.h"
#include "session.h"
#include "tradewind/alpaca_records.h"

#define CODE_INVALID 40010001 /* with HTTP 422 */

/* From 1970-01-01 to 2100-12-31: what is told. The venue's own default ends with 2029. */
enum { FIRST_DAY = 0, LAST_DAY = 47846, DEFAULT_LAST_DAY = 21914, WEEK = 7 };

typedef struct day_range {
    int64_t first;
    int64_t last; /* inclusive */
} day_range;

/* Reads a date, or the New York day of a point in time. True also when there is none. */
static bool read_day(exchange_call *call, const char *name, int64_t *ret_day) {
    tw_slice text = query_text(call, name);
    int64_t time_ns = 0;
    if (text.size == 0)
        return true;
    if (tw_time_parse(text, &time_ns) != TW_OK) {
        answer_error(call, 422, CODE_INVALID, "invalid %s: %.*s", name, (int)text.size, text.data);
        return false;
    }
    bool date = text.size == sizeof "2026-01-05" - 1;
    *ret_day =
        date ? tw_time_floor(time_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY : session_day_of(time_ns);
    return true;
}

static void clamp(day_range *range) {
    if (range->first < FIRST_DAY)
        range->first = FIRST_DAY;
    if (range->last > LAST_DAY)
        range->last = LAST_DAY;
}

static tw_slice date_text(int64_t day, char *buffer) {
    tw_time_format(day * TW_NS_PER_DAY, 0, buffer);
    return (tw_slice){buffer, sizeof "2026-01-05" - 1};
}

static void put_comma(tw_text *text) {
    if (text->data[text->size - 1] != '[')
        tw_text_append_char(text, ',');
}

/* ---- /v2 ----------------------------------------------------------------------------------- */

static void put_day(tw_text *text, int64_t day) {
    char date[TW_TIME_TEXT_SIZE];
    char settled[TW_TIME_TEXT_SIZE];
    char close[16];
    char end[16];
    int32_t minute = holidays_close_minute(day);
    snprintf(close, sizeof close, "%02d:%02d", (int)(minute / 60), (int)(minute % 60));
    snprintf(end, sizeof end, "%02d%02d", (int)(minute / 60 + 4), (int)(minute % 60));
    tw_alpaca_calendar_day word = {
        .date = date_text(day, date),
        .open = tw_slice_of("09:30"),
        .close = tw_slice_of(close),
        .session_open = tw_slice_of("0400"),
        .session_close = tw_slice_of(end),
        .settlement_date = date_text(session_settlement_day(day), settled),
        .present = ~UINT64_C(0),
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_CALENDAR_DAY, .as.calendar_day = &word};
    put_comma(text);
    tw_alpaca_encode_record(text, &record);
}

void route_calendar(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    day_range range = {FIRST_DAY, DEFAULT_LAST_DAY};
    tw_slice type = query_text(call, "date_type");
    if (!read_day(call, "start", &range.first) || !read_day(call, "end", &range.last))
        return;
    bool typed = type.size > 0;
    bool settlement = typed && tw_slice_equal_string(type, "SETTLEMENT");
    if (typed && !settlement && !tw_slice_equal_string(type, "TRADING")) {
        answer_error(call, 422, CODE_INVALID, "invalid date_type: %.*s", (int)type.size, type.data);
        return;
    }
    clamp(&range);
    tw_text_append_char(body, '[');
    /* A trade settles within two weeks. */
    for (int64_t day = range.first - (settlement ? 2 * WEEK : 0); day <= range.last; day++) {
        if (!session_is_trading_day(day))
            continue;
        int64_t counted = settlement ? session_settlement_day(day) : day;
        if (counted >= range.first && counted <= range.last)
            put_day(body, day);
    }
    tw_text_append_char(body, ']');
    answer_body(call, 200);
}

/* ---- /v3 ----------------------------------------------------------------------------------- */

typedef struct market {
    const char *acronym;
    const char *mic;
    const char *name;
} market;

static const market markets[] = {
    {"NYSE", "XNYS", "New York Stock Exchange"}, {"NASDAQ", "XNAS", "Nasdaq Stock Market"},
    {"AMEX", "XASE", "NYSE American"},           {"ARCA", "ARCX", "NYSE Arca"},
    {"BATS", "BATS", "Cboe BZX Exchange"},       {"IEX", "IEXG", "Investors Exchange"},
};

static const market *find_market(exchange_call *call, tw_slice name) {
    for (size_t i = 0; i < sizeof markets / sizeof markets[0]; i++)
        if (tw_slice_equal_string(name, markets[i].acronym) ||
            tw_slice_equal_string(name, markets[i].mic))
            return &markets[i];
    answer_error(call, 400, 0, "invalid market: %.*s", (int)name.size, name.data);
    return NULL;
}

static void put_market(tw_text *text, const market *of) {
    tw_text_append_format(text,
                          "\"market\":{\"acronym\":\"%s\",\"mic\":\"%s\",\"name\":\"%s\","
                          "\"timezone\":\"America/New_York\"}",
                          of->acronym, of->mic, of->name);
}

/* `,"key":"2025-01-02T09:30:00-05:00"`, or at UTC. */
static void put_time(tw_text *text, const char *key, int64_t time_ns, bool utc) {
    char buffer[TW_TIME_TEXT_SIZE];
    tw_time_format_offset(time_ns, utc ? 0 : session_offset_seconds(time_ns), -1, buffer);
    tw_text_append_format(text, ",\"%s\":\"%s\"", key, buffer);
}

static void put_clock(tw_text *text, const market *of, int64_t now_ns) {
    static const char *const phases[] = {"closed", "pre", "core", "post"};
    int64_t until_ns = 0;
    session_phase phase = session_phase_at(now_ns, &until_ns);
    put_comma(text);
    tw_text_append_char(text, '{');
    put_market(text, of);
    put_time(text, "timestamp", now_ns, false);
    bool trades = session_is_trading_day(session_day_of(now_ns));
    tw_text_append_format(text, ",\"is_market_day\":%s", trades ? "true" : "false");
    put_time(text, "next_market_open", session_next_open(now_ns), false);
    put_time(text, "next_market_close", session_next_close(now_ns), false);
    tw_text_append_format(text, ",\"phase\":\"%s\"", phases[phase]);
    put_time(text, "phase_until", until_ns, false);
    tw_text_append_char(text, '}');
}

void route_market_clock(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    tw_slice names = query_text(call, "markets");
    tw_slice time = query_text(call, "time");
    int64_t now_ns = floor_now(call->exchange->floor);
    if (time.size > 0 &&
        (tw_time_parse(time, &now_ns) != TW_OK || now_ns < 0 || now_ns >= EXCHANGE_END_NS)) {
        answer_error(call, 400, 0, "invalid time: %.*s", (int)time.size, time.data);
        return;
    }
    if (names.size == 0)
        names = tw_slice_of("NYSE");
    tw_text_append_string(body, "{\"clocks\":[");
    while (names.data != NULL) {
        const market *of = find_market(call, tw_slice_trim(tw_slice_split(&names, ',')));
        if (of == NULL)
            return;
        put_clock(body, of, now_ns);
    }
    tw_text_append_string(body, "]}");
    answer_body(call, 200);
}

static void put_market_day(tw_text *text, int64_t day, bool utc) {
    char date[TW_TIME_TEXT_SIZE];
    char settled[TW_TIME_TEXT_SIZE];
    session_hours hours;
    if (!session_hours_of(day, &hours))
        return;
    put_comma(text);
    tw_text_append_format(text, "{\"date\":\"%.10s\"", date_text(day, date).data);
    put_time(text, "pre_start", hours.pre_market_ns, utc);
    put_time(text, "pre_end", hours.open_ns, utc);
    put_time(text, "core_start", hours.open_ns, utc);
    put_time(text, "core_end", hours.close_ns, utc);
    put_time(text, "post_start", hours.close_ns, utc);
    put_time(text, "post_end", hours.end_ns, utc);
    tw_text_append_format(text, ",\"settlement_date\":\"%.10s\"}",
                          date_text(session_settlement_day(day), settled).data);
}

void route_market_calendar(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    tw_slice zone = query_text(call, "timezone");
    day_range range = {.first = session_day_of(floor_now(call->exchange->floor))};
    const market *of = find_market(call, tw_slice_of(call->names[0]));
    if (of == NULL || !read_day(call, "start", &range.first))
        return;
    range.last = range.first + WEEK;
    if (!read_day(call, "end", &range.last))
        return;
    bool utc = zone.size > 0;
    if (utc && !tw_slice_equal_string(zone, "UTC")) {
        answer_error(call, 400, 0, "invalid timezone: %.*s", (int)zone.size, zone.data);
        return;
    }
    clamp(&range);
    tw_text_append_string(body, "{\"calendar\":[");
    for (int64_t day = range.first; day <= range.last; day++)
        put_market_day(body, day, utc);
    tw_text_append_string(body, "],");
    put_market(body, of);
    tw_text_append_char(body, '}');
    answer_body(call, 200);
}
