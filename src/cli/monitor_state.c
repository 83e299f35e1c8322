/*
 * monitor_state.c - see monitor_state.h.
 *
 * Each object has a table of its fields: the key, what its text is, and where it goes. Keys that
 * are not in a table are passed over, so that an older monitor reads a newer run.
 */
#include "monitor_state.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "tradewind/decimal.h"

typedef enum field_kind { WORD, MONEY, REAL, COUNT, FLAG, OBJECT, LIST } field_kind;

typedef struct field field;

struct field {
    const char *key;
    field_kind kind;
    size_t offset;
    const field *inner; /* of OBJECT and LIST: up to one without a key */
    /* Of a LIST: the count, and the rows. Of an OBJECT: a flag that it was there, or 0. */
    size_t count_offset;
    size_t row_size;
    uint32_t row_max;
};

#define AT(type, member) offsetof(type, member)

static const field POSITION_FIELDS[] = {
    {.key = "symbol", .kind = WORD, .offset = AT(monitor_position, symbol)},
    {.key = "quantity", .kind = MONEY, .offset = AT(monitor_position, quantity_nano)},
    {.key = "value", .kind = MONEY, .offset = AT(monitor_position, value_nano)},
    {.key = "profit", .kind = MONEY, .offset = AT(monitor_position, profit_nano)},
    {.key = "weight", .kind = REAL, .offset = AT(monitor_position, weight)},
    {.key = "target", .kind = REAL, .offset = AT(monitor_position, target)},
    {.key = "low", .kind = REAL, .offset = AT(monitor_position, low)},
    {.key = "high", .kind = REAL, .offset = AT(monitor_position, high)},
    {.key = "outside", .kind = FLAG, .offset = AT(monitor_position, outside)},
    {0},
};

static const field ORDER_FIELDS[] = {
    {.key = "id", .kind = WORD, .offset = AT(monitor_order, id)},
    {.key = "symbol", .kind = WORD, .offset = AT(monitor_order, symbol)},
    {.key = "side", .kind = WORD, .offset = AT(monitor_order, side)},
    {.key = "status", .kind = WORD, .offset = AT(monitor_order, status)},
    {.key = "why", .kind = WORD, .offset = AT(monitor_order, why)},
    {.key = "quantity", .kind = MONEY, .offset = AT(monitor_order, quantity_nano)},
    {.key = "filled", .kind = MONEY, .offset = AT(monitor_order, filled_nano)},
    {.key = "limit", .kind = MONEY, .offset = AT(monitor_order, limit_nano)},
    {0},
};

static const field STAGE_FIELDS[] = {
    {.key = "stage", .kind = WORD, .offset = AT(monitor_stage, stage)},
    {.key = "count", .kind = COUNT, .offset = AT(monitor_stage, count)},
    {.key = "p50", .kind = REAL, .offset = AT(monitor_stage, p50)},
    {.key = "p99", .kind = REAL, .offset = AT(monitor_stage, p99)},
    {0},
};

static const field BREAKER_FIELDS[] = {
    {.key = "route", .kind = WORD, .offset = AT(monitor_breaker, route)},
    {.key = "state", .kind = WORD, .offset = AT(monitor_breaker, state)},
    {0},
};

static const field LIMIT_FIELDS[] = {
    {.key = "reason", .kind = WORD, .offset = AT(monitor_limit, reason)},
    {.key = "used", .kind = REAL, .offset = AT(monitor_limit, used)},
    {.key = "stopped", .kind = FLAG, .offset = AT(monitor_limit, stopped)},
    {0},
};

static const field ACCOUNT_FIELDS[] = {
    {.key = "cash", .kind = MONEY, .offset = AT(monitor_state, account.cash_nano)},
    {.key = "equity", .kind = MONEY, .offset = AT(monitor_state, account.equity_nano)},
    {.key = "equity_begin", .kind = MONEY, .offset = AT(monitor_state, account.equity_begin_nano)},
    {.key = "gross", .kind = MONEY, .offset = AT(monitor_state, account.gross_nano)},
    {.key = "turnover", .kind = MONEY, .offset = AT(monitor_state, account.turnover_nano)},
    {0},
};

static const field COUNT_FIELDS[] = {
    {.key = "orders", .kind = COUNT, .offset = AT(monitor_state, counts.orders)},
    {.key = "filled", .kind = COUNT, .offset = AT(monitor_state, counts.filled)},
    {.key = "open", .kind = COUNT, .offset = AT(monitor_state, counts.open)},
    {.key = "canceled", .kind = COUNT, .offset = AT(monitor_state, counts.canceled)},
    {.key = "rejected", .kind = COUNT, .offset = AT(monitor_state, counts.rejected)},
    {.key = "denied", .kind = COUNT, .offset = AT(monitor_state, counts.denied)},
    {.key = "unknown", .kind = COUNT, .offset = AT(monitor_state, counts.unknown)},
    {0},
};

static const field RISK_FIELDS[] = {
    {.key = "var95", .kind = REAL, .offset = AT(monitor_state, risk.var95)},
    {.key = "es95", .kind = REAL, .offset = AT(monitor_state, risk.es95)},
    {.key = "drawdown", .kind = REAL, .offset = AT(monitor_state, risk.drawdown)},
    {.key = "day_loss", .kind = REAL, .offset = AT(monitor_state, risk.day_loss)},
    {0},
};

static const field VENUE_FIELDS[] = {
    {.key = "up", .kind = FLAG, .offset = AT(monitor_state, venue.up)},
    {.key = "heard_ms", .kind = REAL, .offset = AT(monitor_state, venue.heard_ms)},
    {.key = "losses", .kind = COUNT, .offset = AT(monitor_state, venue.losses)},
    {.key = "dropped", .kind = COUNT, .offset = AT(monitor_state, venue.dropped)},
    {.key = "requests", .kind = COUNT, .offset = AT(monitor_state, venue.requests)},
    {.key = "timeouts", .kind = COUNT, .offset = AT(monitor_state, venue.timeouts)},
    {.key = "failures", .kind = COUNT, .offset = AT(monitor_state, venue.failures)},
    {.key = "retries", .kind = COUNT, .offset = AT(monitor_state, venue.retries)},
    {.key = "breakers",
     .kind = LIST,
     .offset = AT(monitor_state, breakers),
     .inner = BREAKER_FIELDS,
     .count_offset = AT(monitor_state, breaker_count),
     .row_size = sizeof(monitor_breaker),
     .row_max = MONITOR_BREAKER_COUNT_MAX},
    {0},
};

static const field RECONCILIATION_FIELDS[] = {
    {.key = "age", .kind = REAL, .offset = AT(monitor_state, reconciliation.age)},
    {.key = "count", .kind = COUNT, .offset = AT(monitor_state, reconciliation.count)},
    {.key = "differences", .kind = COUNT, .offset = AT(monitor_state, reconciliation.differences)},
    {0},
};

static const field STORE_FIELDS[] = {
    {.key = "rows", .kind = COUNT, .offset = AT(monitor_state, store.rows)},
    {.key = "waiting", .kind = COUNT, .offset = AT(monitor_state, store.waiting)},
    {.key = "syncs", .kind = COUNT, .offset = AT(monitor_state, store.syncs)},
    {0},
};

static const field STATE_FIELDS[] = {
    {.key = "time", .kind = WORD, .offset = AT(monitor_state, time)},
    {.key = "phase", .kind = WORD, .offset = AT(monitor_state, phase)},
    {.key = "killed", .kind = WORD, .offset = AT(monitor_state, killed)},
    {.key = "killed_by", .kind = WORD, .offset = AT(monitor_state, killed_by)},
    {.key = "age", .kind = REAL, .offset = AT(monitor_state, age)},
    {.key = "seconds", .kind = REAL, .offset = AT(monitor_state, seconds)},
    {.key = "events_per_second", .kind = REAL, .offset = AT(monitor_state, events_per_second)},
    {.key = "account", .kind = OBJECT, .inner = ACCOUNT_FIELDS},
    {.key = "counts", .kind = OBJECT, .inner = COUNT_FIELDS},
    {.key = "risk", .kind = OBJECT, .inner = RISK_FIELDS},
    {.key = "venue",
     .kind = OBJECT,
     .inner = VENUE_FIELDS,
     .count_offset = AT(monitor_state, venue.told)},
    {.key = "reconciliation",
     .kind = OBJECT,
     .inner = RECONCILIATION_FIELDS,
     .count_offset = AT(monitor_state, reconciliation.told)},
    {.key = "store",
     .kind = OBJECT,
     .inner = STORE_FIELDS,
     .count_offset = AT(monitor_state, store.told)},
    {.key = "positions",
     .kind = LIST,
     .offset = AT(monitor_state, positions),
     .inner = POSITION_FIELDS,
     .count_offset = AT(monitor_state, position_count),
     .row_size = sizeof(monitor_position),
     .row_max = MONITOR_POSITION_COUNT_MAX},
    {.key = "orders",
     .kind = LIST,
     .offset = AT(monitor_state, orders),
     .inner = ORDER_FIELDS,
     .count_offset = AT(monitor_state, order_count),
     .row_size = sizeof(monitor_order),
     .row_max = MONITOR_ORDER_COUNT_MAX},
    {.key = "latency",
     .kind = LIST,
     .offset = AT(monitor_state, stages),
     .inner = STAGE_FIELDS,
     .count_offset = AT(monitor_state, stage_count),
     .row_size = sizeof(monitor_stage),
     .row_max = MONITOR_STAGE_COUNT_MAX},
    {.key = "limits",
     .kind = LIST,
     .offset = AT(monitor_state, limits),
     .inner = LIMIT_FIELDS,
     .count_offset = AT(monitor_state, limit_count),
     .row_size = sizeof(monitor_limit),
     .row_max = MONITOR_LIMIT_COUNT_MAX},
    {0},
};

/* ---- reading ------------------------------------------------------------------------------- */

/* An object being read: its table, and where its fields go. */
typedef struct place {
    const field *fields;
    char *base;
} place;

/* A list being read. */
typedef struct row_walk {
    const field *list;
    char *base;
} row_walk;

/* What does not fit is cut: it is for show. */
static void take_word(tw_slice text, char *to) {
    size_t size = text.size < MONITOR_WORD_SIZE - 1 ? text.size : MONITOR_WORD_SIZE - 1;
    memcpy(to, text.data, size);
    to[size] = '\0';
}

static tw_status take_scalar(const field *at, tw_json_value *value, char *base) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    switch (at->kind) {
    case WORD:
        if (text.size > 0)
            take_word(text, base + at->offset);
        return TW_OK;
    case MONEY:
        return text.size > 0 ? tw_decimal_parse(text, (int64_t *)(void *)(base + at->offset))
                             : TW_OK;
    case REAL: {
        double real = NAN;
        if (text.size > 0)
            status = tw_parse_double(text, &real);
        memcpy(base + at->offset, &real, sizeof real);
        return status;
    }
    case COUNT:
        return text.size > 0 ? tw_parse_u64(text, (uint64_t *)(void *)(base + at->offset)) : TW_OK;
    case FLAG:
        *(bool *)(base + at->offset) = tw_slice_equal_string(text, "true");
        return TW_OK;
    case OBJECT:
    case LIST:
        break;
    }
    return TW_OK;
}

static tw_status on_field(void *context, tw_slice key, tw_json_value *value);

static tw_status on_row(void *context, tw_json_value *value) {
    const row_walk *walk = context;
    uint32_t *count = (uint32_t *)(void *)(walk->base + walk->list->count_offset);
    uint32_t row = (*count)++;
    if (row >= walk->list->row_max)
        return TW_OK;
    place inner = {walk->list->inner, walk->base + walk->list->offset + row * walk->list->row_size};
    return tw_json_each_field(value, on_field, &inner);
}

static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
    const place *here = context;
    for (const field *at = here->fields; at->key != NULL; at++) {
        if (!tw_slice_equal_string(key, at->key))
            continue;
        if (at->kind == LIST)
            return tw_json_each_item(value, on_row, &(row_walk){at, here->base});
        if (at->kind != OBJECT)
            return take_scalar(at, value, here->base);
        if (tw_json_kind_of(value) == TW_JSON_NULL)
            return TW_OK;
        if (at->count_offset != 0)
            *(bool *)(here->base + at->count_offset) = true;
        return tw_json_each_field(value, on_field, &(place){at->inner, here->base});
    }
    return TW_OK;
}

static tw_status on_root(void *context, tw_json_value *value) {
    return tw_json_each_field(value, on_field, &(place){STATE_FIELDS, context});
}

tw_status monitor_state_read(tw_json_reader *reader, tw_slice document, monitor_state *ret_state,
                             tw_error *error) {
    memset(ret_state, 0, sizeof *ret_state);
    tw_status status = tw_json_read(reader, document, on_root, ret_state, error);
    if (status == TW_OK && ret_state->phase[0] == '\0')
        status = TW_PARSE;
    if (status != TW_OK)
        return tw_error_set(error, status == TW_NO_MEMORY ? status : TW_PARSE,
                            "what came is not the state of a run");
    return TW_OK;
}
