/* equity_past.c - see equity_past.h. */
#include "equity_past.h"

static const uint32_t capacities[EQUITY_KIND_COUNT] = {32768, 4096};

tw_status equity_past_init(equity_past *past, const tw_allocator *allocator) {
    *past = (equity_past){.allocator = allocator};
    for (int kind = 0; kind < EQUITY_KIND_COUNT; kind++) {
        equity_series *series = &past->series[kind];
        *series = (equity_series){.capacity = capacities[kind], .first = 1, .end = 1};
        series->ring = TW_NEW(allocator, series->capacity, equity_point);
        if (series->ring == NULL) {
            equity_past_done(past);
            return TW_NO_MEMORY;
        }
    }
    return TW_OK;
}

void equity_past_done(equity_past *past) {
    for (int kind = 0; kind < EQUITY_KIND_COUNT; kind++) {
        equity_series *series = &past->series[kind];
        TW_DELETE(past->allocator, series->ring, series->capacity, equity_point);
        series->ring = NULL;
    }
}

void equity_past_clear(equity_past *past) {
    for (int kind = 0; kind < EQUITY_KIND_COUNT; kind++) {
        past->series[kind].first = 1;
        past->series[kind].end = 1;
    }
}

static equity_point *at(const equity_series *series, uint64_t number) {
    return &series->ring[(number - 1) % series->capacity];
}

static void push(equity_series *series, equity_point point) {
    *at(series, series->end++) = point;
    if (series->end - series->first > series->capacity)
        series->first++;
}

void equity_past_put(equity_past *past, equity_kind kind, equity_point point) {
    equity_series *series = &past->series[kind];
    if (series->end > series->first) {
        const equity_point *last = at(series, series->end - 1);
        if (point.time_ns < last->time_ns)
            point.time_ns = last->time_ns;
        if (kind == EQUITY_MINUTES && point.equity_nano == last->equity_nano)
            return;
    }
    push(series, point);
}

void equity_past_restore(equity_past *past, equity_kind kind, uint64_t number, equity_point point) {
    equity_series *series = &past->series[kind];
    TW_ASSERT(number > 0 && (number >= series->end || series->first == series->end));
    if (number != series->end) {
        series->first = number;
        series->end = number;
    }
    push(series, point);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The last record at or before a time. */
static bool find(const equity_series *series, int64_t time_ns, int64_t *ret_nano) {
    uint64_t low = series->first; /* all before `low` are at or before the time ... */
    uint64_t high = series->end;  /* ... and none from `high` on */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (at(series, middle)->time_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == series->first)
        return false;
    *ret_nano = at(series, low - 1)->equity_nano;
    return true;
}

bool equity_past_at(const equity_past *past, int64_t time_ns, int64_t *ret_nano) {
    return find(&past->series[EQUITY_MINUTES], time_ns, ret_nano) ||
           find(&past->series[EQUITY_CLOSES], time_ns, ret_nano);
}

bool equity_past_close(const equity_past *past, int64_t time_ns, int64_t *ret_nano) {
    return find(&past->series[EQUITY_CLOSES], time_ns, ret_nano);
}
