/*
 * alpaca_portfolio.c - portfolio history: four columns of an answer as points of the caller's.
 *
 * The columns stand one after the other in the input, so each is written down the points that are
 * there; the longest makes the count.
 */
#include <string.h>

#include "alpaca_record.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

/* From here on a timestamp is in milliseconds: in seconds it would lie in the year 5138. */
#define MILLISECONDS_FROM INT64_C(100000000000)

enum column { COLUMN_TIMESTAMP, COLUMN_EQUITY, COLUMN_PROFIT_LOSS, COLUMN_FRACTION, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"timestamp", "equity", "profit_loss",
                                                       "profit_loss_pct"};

typedef struct history_context {
    tw_alpaca_portfolio *history;
    unsigned column;
    uint32_t index;
} history_context;

static tw_status put_timestamp(tw_alpaca_portfolio_point *point, tw_slice text) {
    tw_status status = tw_parse_i64(text, &point->timestamp);
    int64_t unit_ns = point->timestamp >= MILLISECONDS_FROM ? TW_NS_PER_MS : TW_NS_PER_SECOND;
    if (status == TW_OK && __builtin_mul_overflow(point->timestamp, unit_ns, &point->time_ns))
        status = TW_RANGE;
    return status;
}

static tw_status put_value(tw_alpaca_portfolio_point *point, unsigned column, tw_slice text) {
    switch (column) {
    case COLUMN_TIMESTAMP:
        return put_timestamp(point, text);
    case COLUMN_EQUITY:
        return tw_decimal_parse_rounded(text, &point->equity.nano);
    case COLUMN_PROFIT_LOSS:
        return tw_decimal_parse_rounded(text, &point->profit_loss.nano);
    default:
        return tw_parse_double(text, &point->profit_loss_fraction);
    }
}

static tw_status on_value(void *context, tw_json_value *value) {
    history_context *c = context;
    tw_alpaca_portfolio *history = c->history;
    uint32_t index = c->index++;
    if (index >= history->point_max)
        return tw_json_fail(value, TW_FULL, "the history has more than %u points",
                            history->point_max);
    tw_alpaca_portfolio_point *point = &history->points[index];
    if (index >= history->point_count) {
        memset(point, 0, sizeof *point);
        history->point_count = index + 1;
    }
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK || text.size == 0)
        return status;
    status = put_value(point, c->column, text);
    if (status != TW_OK)
        return tw_json_fail(value, status == TW_PARSE ? TW_PARSE : TW_RANGE,
                            "item %u of \"%s\" is not a number that fits", index,
                            column_names[c->column]);
    point->present |= 1u << c->column;
    return TW_OK;
}

#define HISTORY(key, member, form) WORD_ROW(tw_alpaca_portfolio, key, member, form, WORD_OMIT)

static const word_field history_fields[] = {
    HISTORY("base_value", base_value.nano, WORD_NUMBER),
    HISTORY("base_value_asof", base_value_asof, WORD_TEXT),
    HISTORY("timeframe", timeframe, WORD_TEXT),
};
static const word_table history_table = RECORD_ROWS(history_fields);

static tw_status on_history_field(void *context, tw_slice key, tw_json_value *value) {
    history_context *c = context;
    uint32_t hint = 0;
    uint32_t row = tw_word_find(&history_table, key, &hint);
    if (row < history_table.count)
        return tw_word_decode(&history_table, row, value, c->history, &c->history->present);
    if (tw_json_kind_of(value) != TW_JSON_ARRAY)
        return TW_OK;
    for (c->column = 0; c->column < COLUMN_COUNT; c->column++) {
        if (!tw_slice_equal_string(key, column_names[c->column]))
            continue;
        c->index = 0;
        return tw_json_each_item(value, on_value, c);
    }
    return TW_OK;
}

static tw_status on_history(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_history_field, context);
}

tw_status tw_alpaca_decode_portfolio(tw_alpaca_reader *reader, tw_slice json,
                                     tw_alpaca_portfolio *history, tw_error *error) {
    TW_ASSERT(history->point_max == 0 || history->points != NULL);
    tw_alpaca_portfolio_point *points = history->points;
    uint32_t point_max = history->point_max;
    memset(history, 0, sizeof *history);
    history->points = points;
    history->point_max = point_max;
    history_context c = {history, 0, 0};
    tw_status status = tw_json_read(reader->json, json, on_history, &c, error);
    if (status != TW_OK)
        history->point_count = 0;
    return status;
}

static void put_point(tw_text *text, const tw_alpaca_portfolio_point *point, unsigned column) {
    if ((point->present >> column & 1) == 0)
        tw_text_append_string(text, "null");
    else if (column == COLUMN_TIMESTAMP)
        tw_text_append_i64(text, point->timestamp);
    else if (column == COLUMN_EQUITY)
        tw_word_put_decimal(text, point->equity.nano);
    else if (column == COLUMN_PROFIT_LOSS)
        tw_word_put_decimal(text, point->profit_loss.nano);
    else
        tw_text_append_double(text, point->profit_loss_fraction);
}

static void put_cashflows(tw_text *text, const tw_alpaca_portfolio *history) {
    tw_text_append_char(text, '{');
    for (uint32_t c = 0; c < history->cashflow_count; c++) {
        const tw_alpaca_cashflow *flow = &history->cashflows[c];
        bool first = c == 0;
        tw_word_key(text, flow->activity_type, &first);
        tw_text_append_char(text, '[');
        for (uint32_t i = 0; i < history->point_count; i++) {
            if (i > 0)
                tw_text_append_char(text, ',');
            tw_word_put_decimal(text, flow->amounts == NULL ? 0 : flow->amounts[i].nano);
        }
        tw_text_append_char(text, ']');
    }
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_portfolio(tw_text *text, const tw_alpaca_portfolio *history) {
    bool first = true;
    tw_text_append_char(text, '{');
    for (unsigned column = 0; column < COLUMN_COUNT; column++) {
        tw_word_key(text, column_names[column], &first);
        tw_text_append_char(text, '[');
        for (uint32_t i = 0; i < history->point_count; i++) {
            if (i > 0)
                tw_text_append_char(text, ',');
            put_point(text, &history->points[i], column);
        }
        tw_text_append_char(text, ']');
    }
    for (uint32_t row = 0; row < history_table.count; row++)
        tw_word_encode(&history_table, row, history, history->present, text, &first);
    if (history->cashflows != NULL) {
        tw_word_key(text, "cashflow", &first);
        put_cashflows(text, history);
    }
    tw_text_append_char(text, '}');
}
