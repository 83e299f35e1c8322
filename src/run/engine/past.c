/*
 * past.c - the daily closes that strategies look at, kept current with the marks of now.
 *
 *     history_end --> finished days        a day ends --> its marks are one more finished day
 *                                          a decision --> the marks of now are the row above them
 *
 * A day is one of the exchange's calendar (tw_engine_config.zone). The newest mark of a day stands
 * for its close; a day on which no symbol had a mark is none. In the history a price stands still
 * over a few missing ones (decision.c), then it is missing.
 *
 * Invariants
 *  1. days is strictly ascending, and days[count - 1] < today.day once today is known.
 *  2. Rows 0 to count - 1 never change, but that the oldest leaves when there is no more room.
 */
#include <math.h>
#include <string.h>

#include "engine_priv.h"

static const int64_t MARK_AGE_NS_MAX = 7 * TW_NS_PER_DAY; /* five sessions */

static bool is_wanted(const tw_engine *engine) {
    switch (engine->config.strategy) {
    case TW_STRATEGY_RISK_PARITY:
    case TW_STRATEGY_MINIMUM_VARIANCE:
    case TW_STRATEGY_MOMENTUM:
    case TW_STRATEGY_PORT:
        return true;
    case TW_STRATEGY_EQUAL:
    case TW_STRATEGY_INVERSE_VOLATILITY:
    case TW_STRATEGY_TARGETS:
        break;
    }
    return false;
}

tw_status past_take(tw_engine *engine) {
    engine_past *past = &engine->past;
    size_t n = engine->config.symbol_count;
    if (!is_wanted(engine))
        return TW_OK;
    past->capacity = engine->config.history_days_max;
    past->closes = TW_NEW(engine->allocator, ((size_t)past->capacity + 1) * n, double);
    past->days = TW_NEW(engine->allocator, (size_t)past->capacity + 1, int64_t);
    return past->closes == NULL || past->days == NULL ? TW_NO_MEMORY : TW_OK;
}

void past_done(tw_engine *engine) {
    engine_past *past = &engine->past;
    size_t n = engine->config.symbol_count;
    TW_DELETE(engine->allocator, past->closes, ((size_t)past->capacity + 1) * n, double);
    TW_DELETE(engine->allocator, past->days, (size_t)past->capacity + 1, int64_t);
}

/* The distinct days of the closes, which are in their order; the newest `count` of them. */
static void list_days(tw_engine *engine) {
    engine_past *past = &engine->past;
    uint32_t left = past->count;
    for (size_t i = engine->close_count; i > 0 && left > 0; i--) {
        int64_t day = engine->closes[i - 1].day;
        if (left == past->count || day != past->days[left])
            past->days[--left] = day;
    }
    TW_ASSERT(left == 0);
}

void past_fill(tw_engine *engine) {
    engine_past *past = &engine->past;
    size_t n = engine->config.symbol_count;
    if (past->closes == NULL)
        return;
    past->count = (uint32_t)engine->day_count;
    memcpy(past->closes, engine->prices, past->count * n * sizeof(double));
    list_days(engine);
}

static bool was_traded(const tw_engine *engine) {
    for (uint32_t s = 0; s < engine->config.symbol_count; s++) {
        if (engine->symbols[s].mark_ns >= engine->past.today.start_ns)
            return true;
    }
    return false;
}

static double mark_of(const engine_symbol *state) {
    return state->mark.nano > 0 && state->mark_ns != 0 ? tw_decimal_to_double(state->mark.nano)
                                                       : NAN;
}

/* The marks are those of the day that is over: the event that ended it is not taken yet. */
static void finish_day(tw_engine *engine) {
    engine_past *past = &engine->past;
    size_t n = engine->config.symbol_count;
    if (past->count == past->capacity) {
        memmove(past->closes, past->closes + n, (past->count - 1) * n * sizeof(double));
        memmove(past->days, past->days + 1, (past->count - 1) * sizeof(int64_t));
        past->count--;
    }
    double *row = past->closes + past->count * n;
    for (uint32_t s = 0; s < n; s++) {
        const engine_symbol *state = &engine->symbols[s];
        bool old = past->today.end_ns - state->mark_ns > MARK_AGE_NS_MAX;
        row[s] = old ? NAN : mark_of(state);
    }
    past->days[past->count++] = past->today.day;
}

void past_end_day(tw_engine *engine, int64_t time_ns) {
    if (was_traded(engine))
        finish_day(engine);
    engine->past.today = schedule_day(engine, time_ns, 0);
}

uint32_t past_refresh(tw_engine *engine) {
    engine_past *past = &engine->past;
    size_t n = engine->config.symbol_count;
    if (past->today.end_ns == 0)
        past->today = schedule_day(engine, engine->now_ns, 0);
    while (past->count > 0 && past->days[past->count - 1] >= past->today.day)
        past->count--; /* the history had a part of this day */
    double *row = past->closes + past->count * n;
    for (uint32_t s = 0; s < n; s++) {
        row[s] = mark_of(&engine->symbols[s]);
        if (isnan(row[s]) && past->count > 0)
            row[s] = past->closes[(past->count - 1) * n + s];
    }
    past->days[past->count] = past->today.day;
    return past->count + 1;
}
