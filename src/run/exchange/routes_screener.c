/*
 * routes_screener.c - which symbols trade most, and which have moved most since the day before.
 *
 * Ties go by name, so that an answer does not depend on how it was sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "newest.h"
#include "query.h"
#include "tradewind/alpaca_records.h"

enum { TOP_DEFAULT = 10, ACTIVE_TOP_MAX = 100, MOVER_TOP_MAX = 50 };

typedef struct screened {
    const char *name;
    double key; /* the greatest first */
    newest_days days;
} screened;

typedef struct screen {
    screened *rows;
    uint32_t count;
    uint32_t capacity;
} screen;

static int compare(const void *a, const void *b) {
    const screened *one = a;
    const screened *other = b;
    if (one->key != other->key)
        return one->key > other->key ? -1 : 1;
    return strcmp(one->name, other->name);
}

static bool read_top(exchange_call *call, uint64_t most, uint64_t *ret_top) {
    tw_slice text = query_text(call, "top");
    *ret_top = TOP_DEFAULT;
    if (text.size == 0 ||
        (tw_parse_u64(text, ret_top) == TW_OK && *ret_top > 0 && *ret_top <= most))
        return true;
    answer_error(call, 400, 0, "invalid top: it must be 1 to %u", (unsigned)most);
    return false;
}

/* All symbols with at least so many days. */
static bool screen_read(exchange_call *call, uint32_t day_count, screen *ret_screen) {
    const tw_exchange *exchange = call->exchange;
    uint32_t capacity = tw_symbols_count(exchange->symbols);
    *ret_screen = (screen){TW_NEW(exchange->allocator, capacity, screened), 0, capacity};
    if (ret_screen->rows == NULL) {
        answer_error(call, 500, 0, "no memory for the list");
        return false;
    }
    for (tw_symbol s = 0; s < capacity; s++) {
        screened *row = &ret_screen->rows[ret_screen->count];
        newest_days_read(exchange, s, floor_now(exchange->floor), &row->days);
        row->name = tw_symbols_name(exchange->symbols, s);
        ret_screen->count += row->days.count >= day_count;
    }
    return true;
}

static void screen_done(exchange_call *call, screen *done) {
    TW_DELETE(call->exchange->allocator, done->rows, done->capacity, screened);
}

static void put_time(exchange_call *call, const char *key) {
    char now[TW_TIME_TEXT_SIZE];
    tw_time_format(floor_now(call->exchange->floor), 9, now);
    tw_text_append_format(&call->exchange->body, "\"%s\":\"%s\"", key, now);
}

/* ---- most actives -------------------------------------------------------------------------- */

static void put_active(tw_text *body, const screened *row) {
    tw_alpaca_active active = {
        .symbol = tw_slice_of(row->name),
        .trade_count = (int64_t)row->days.bars[0].count,
        .volume = row->days.bars[0].volume,
        .present = ~UINT64_C(0),
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_ACTIVE, .as.active = &active};
    tw_alpaca_encode_record(body, &record);
}

void route_most_actives(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    tw_slice by = query_text(call, "by");
    bool trades = tw_slice_equal_string(by, "trades");
    uint64_t top = 0;
    screen all;
    if (!trades && by.size > 0 && !tw_slice_equal_string(by, "volume")) {
        answer_error(call, 400, 0, "invalid by: %.*s", (int)by.size, by.data);
        return;
    }
    if (!read_top(call, ACTIVE_TOP_MAX, &top) || !screen_read(call, 1, &all))
        return;
    for (uint32_t i = 0; i < all.count; i++)
        all.rows[i].key = trades ? (double)all.rows[i].days.bars[0].count
                                 : (double)all.rows[i].days.bars[0].volume.nano;
    qsort(all.rows, all.count, sizeof all.rows[0], compare);
    tw_text_append_char(body, '{');
    put_time(call, "last_updated");
    tw_text_append_string(body, ",\"most_actives\":[");
    for (uint32_t i = 0; i < all.count && i < top; i++) {
        if (i > 0)
            tw_text_append_char(body, ',');
        put_active(body, &all.rows[i]);
    }
    tw_text_append_string(body, "]}");
    screen_done(call, &all);
    answer_body(call, 200);
}

/* ---- movers -------------------------------------------------------------------------------- */

static void put_mover(tw_text *body, const screened *row) {
    int64_t price = row->days.bars[0].close.nano;
    tw_alpaca_mover mover = {
        .symbol = tw_slice_of(row->name),
        .price = {price},
        .change = {price - row->days.bars[1].close.nano},
        .percent_change = row->key,
        .present = ~UINT64_C(0),
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_MOVER, .as.mover = &mover};
    tw_alpaca_encode_record(body, &record);
}

/* Those whose change has the sign, from the one that moved most. */
static void put_movers(tw_text *body, const screen *sorted, bool gainers, uint64_t top) {
    for (uint32_t i = 0; i < sorted->count && i < top; i++) {
        const screened *row = &sorted->rows[gainers ? i : sorted->count - 1 - i];
        if (gainers ? row->key <= 0.0 : row->key >= 0.0)
            return;
        if (i > 0)
            tw_text_append_char(body, ',');
        put_mover(body, row);
    }
}

void route_movers(exchange_call *call) {
    tw_text *body = &call->exchange->body;
    uint64_t top = 0;
    screen all;
    if (strcmp(call->names[0], "stocks") != 0) {
        answer_error(call, 400, 0, "invalid market type: %s", call->names[0]);
        return;
    }
    if (!read_top(call, MOVER_TOP_MAX, &top) || !screen_read(call, 2, &all))
        return;
    for (uint32_t i = 0; i < all.count; i++) {
        double now = (double)all.rows[i].days.bars[0].close.nano;
        all.rows[i].key = (now / (double)all.rows[i].days.bars[1].close.nano - 1.0) * 100.0;
    }
    qsort(all.rows, all.count, sizeof all.rows[0], compare);
    tw_text_append_string(body, "{\"gainers\":[");
    put_movers(body, &all, true, top);
    tw_text_append_string(body, "],\"losers\":[");
    put_movers(body, &all, false, top);
    tw_text_append_string(body, "],");
    put_time(call, "last_updated");
    tw_text_append_string(body, ",\"market_type\":\"stocks\"}");
    screen_done(call, &all);
    answer_body(call, 200);
}
