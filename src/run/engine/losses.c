/*
 * losses.c - days of the limits, and what counts against them when a process has ended.
 *
 * A loss does not become smaller because a process was started again. What the controls of losses
 * and of a day have counted is journaled: when a day begins, when a stop trips or ends, once a
 * minute while it changes, and at the end. The next run is told the newest of these (config.past)
 * and goes on from there: with all of it on the same day, with the peak, losses in a row and stops
 * on a later one.
 *
 * What a crash can take away is at most a minute: of a rise of the peak, or of cancels that count
 * against the day. Orders are counted from their intents and resends (recovery.h).
 */
#include <string.h>

#include "engine_priv.h"

/* 06:00 in UTC is the night of New York all the year: a day of the limits begins then. */
static const int64_t DAY_BEGIN_NS = 6 * TW_NS_PER_HOUR;

static int64_t day_of(int64_t time_ns) {
    return tw_time_floor(time_ns - DAY_BEGIN_NS, TW_NS_PER_DAY) / TW_NS_PER_DAY;
}

static void put_stops(tw_text *text, uint32_t stops) {
    for (int i = 0; i < TW_PRETRADE_STOP_COUNT; i++) {
        tw_pretrade_reason reason = tw_pretrade_stop_reason((tw_pretrade_stop)i);
        if ((stops & 1u << i) != 0)
            tw_text_append_format(text, "%s\"%s\"", text->data[text->size - 1] == '[' ? "" : ",",
                                  tw_pretrade_reason_name(reason));
    }
}

static void write_down(tw_engine *engine) {
    record_line line;
    const tw_pretrade_past *now = &engine->losses;
    tw_text *text = record_begin(engine, &line, "losses");
    RECORD_PUT(text, "{\"day_equity\":\"");
    record_decimal(text, now->day_equity.nano);
    RECORD_PUT(text, "\",\"peak_equity\":\"");
    record_decimal(text, now->peak_equity.nano);
    tw_text_append_format(text,
                          "\",\"losses\":%u,\"submits\":%llu,\"replaces\":%llu,\"cancels\":%llu",
                          now->losses, (unsigned long long)now->messages[TW_PRETRADE_SUBMIT],
                          (unsigned long long)now->messages[TW_PRETRADE_REPLACE],
                          (unsigned long long)now->messages[TW_PRETRADE_CANCEL]);
    RECORD_PUT(text, ",\"stops\":[");
    put_stops(text, now->stops);
    RECORD_PUT(text, "]}");
    record_end(engine, &line);
}

static void begin_day(tw_engine *engine, int64_t day) {
    const tw_engine_config *config = &engine->config;
    bool first = engine->limits_day == 0;
    engine->limits_day = day;
    engine->losses_ns = 0;
    tw_pretrade_begin_day(engine->gate);
    if (first && config->past_ns != 0)
        tw_pretrade_resume(engine->gate, &config->past, day == day_of(config->past_ns));
}

static bool is_due(const tw_engine *engine) {
    return engine->losses_ns == 0 || tw_pretrade_stops(engine->gate) != engine->losses.stops ||
           engine->now_ns - engine->losses_ns >= TW_NS_PER_MINUTE ||
           engine->phase == TW_ENGINE_STOPPING;
}

void losses_turn(tw_engine *engine) {
    if (!engine->account_known || engine->phase >= TW_ENGINE_DONE)
        return;
    int64_t day = day_of(engine->now_ns);
    if (day != engine->limits_day)
        begin_day(engine, day);
    if (!is_due(engine) || !record_drain(engine))
        return;
    tw_pretrade_past now;
    tw_pretrade_get_past(engine->gate, &now);
    bool first = engine->losses_ns == 0;
    engine->losses_ns = engine->now_ns;
    if (!first && memcmp(&now, &engine->losses, sizeof now) == 0)
        return;
    engine->losses = now;
    write_down(engine);
}
