/*
 * routes_activities.c - GET /v2/account/activities and /v2/account/activities/{type}.
 *
 * The token of a page is the id of the last activity of the one before: the walk goes on behind
 * it. An id that is not (or no longer) there ends the list, as after its last page.
 */
#include <string.h>

#include "exchange_priv.h"
#include "query.h"
#include "session.h"

enum { PAGE_SIZE_MAX = 100 };

typedef struct activity_filter {
    bool kinds[ACTIVITY_KIND_COUNT];
    bool ascending;
    uint64_t page_size;
    int64_t after_ns;
    int64_t until_ns;
    int64_t day; /* of New York, or INT64_MIN */
    tw_slice token;
} activity_filter;

static bool read_type(exchange_call *call, tw_slice word, activity_filter *filter) {
    const char *type = activity_type_named(word);
    if (type == NULL)
        return query_invalid(call, "activity type", word);
    for (uint32_t kind = 0; kind < ACTIVITY_KIND_COUNT; kind++)
        if (type == activity_type((activity_kind)kind))
            filter->kinds[kind] = true;
    return true;
}

static bool read_category(exchange_call *call, activity_filter *filter) {
    tw_slice text = query_text(call, "category");
    bool trades = tw_slice_equal_string(text, "trade_activity");
    bool others = tw_slice_equal_string(text, "non_trade_activity");
    if (text.size > 0 && !trades && !others)
        return query_invalid(call, "category", text);
    for (uint32_t kind = 0; kind < ACTIVITY_KIND_COUNT; kind++)
        filter->kinds[kind] = text.size == 0 || (kind == ACTIVITY_FILL ? trades : others);
    return true;
}

static bool read_types(exchange_call *call, activity_filter *filter) {
    tw_slice list = query_text(call, "activity_types");
    if (call->names[0][0] != '\0')
        return read_type(call, tw_slice_of(call->names[0]), filter);
    if (list.size == 0)
        return read_category(call, filter);
    if (query_text(call, "category").size > 0) {
        answer_error(call, 422, CODE_REQUEST,
                     "only one of activity_types and category can be given");
        return false;
    }
    bool good = true;
    while (good && list.data != NULL)
        good = read_type(call, tw_slice_trim(tw_slice_split(&list, ',')), filter);
    return good;
}

static bool read_filter(exchange_call *call, activity_filter *filter) {
    *filter = (activity_filter){.page_size = PAGE_SIZE_MAX,
                                .after_ns = INT64_MIN,
                                .until_ns = INT64_MAX,
                                .day = INT64_MIN,
                                .token = query_text(call, "page_token")};
    filter->ascending = tw_slice_equal_string(query_text(call, "direction"), "asc");
    int64_t date_ns = INT64_MIN;
    if (!read_types(call, filter) || !query_time(call, "after", &filter->after_ns) ||
        !query_time(call, "until", &filter->until_ns) || !query_time(call, "date", &date_ns) ||
        !query_count(call, "page_size", PAGE_SIZE_MAX, &filter->page_size))
        return false;
    if (date_ns != INT64_MIN)
        filter->day = date_ns / TW_NS_PER_DAY;
    return true;
}

static bool passes(const exchange_call *call, const activity_filter *filter,
                   const account_activity *activity) {
    if (!filter->kinds[activity->kind] || activity->account != call->account->index)
        return false;
    if (activity->time_ns <= filter->after_ns || activity->time_ns >= filter->until_ns)
        return false;
    return filter->day == INT64_MIN || session_day_of(activity->time_ns) == filter->day;
}

static void write_fill(const exchange_call *call, const account_activity *activity,
                       tw_alpaca_activity *words) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(call->exchange->ledger, &count);
    TW_ASSERT(activity->order_index < count);
    words->activity_type = tw_slice_of("FILL");
    words->type = tw_slice_of(activity->leaves_nano == 0 ? "fill" : "partial_fill");
    words->order_status = tw_slice_of(activity->leaves_nano == 0 ? "filled" : "partially_filled");
    words->transaction_ns = activity->time_ns;
    words->symbol = tw_slice_of(tw_symbols_name(call->exchange->symbols, activity->symbol));
    words->side = tw_slice_of(tw_side_name((tw_side)activity->side));
    words->order_id = tw_slice_of(orders[activity->order_index].order.venue_order_id);
    words->price.nano = activity->price_nano;
    words->quantity.nano = activity->quantity_nano;
    words->cumulative_quantity.nano = activity->cumulative_nano;
    words->leaves_quantity.nano = activity->leaves_nano;
    words->present = TW_ALPACA_BIT(TW_ALPACA_ACTIVITY_LEAVES_QTY);
}

static void write_activity(exchange_call *call, const account_activity *activity) {
    char id[ACTIVITY_ID_SIZE];
    char date[16];
    tw_alpaca_activity words = {0};
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_ACTIVITY, .as.activity = &words};
    activity_id(activity, id);
    words.id = tw_slice_of(id);
    if (activity->kind == ACTIVITY_FILL) {
        write_fill(call, activity, &words);
    } else {
        query_write_day(session_day_of(activity->time_ns), date);
        words.activity_type = tw_slice_of(activity_type((activity_kind)activity->kind));
        words.date = tw_slice_of(date);
        words.created_ns = activity->time_ns;
        words.net_amount.nano = activity->amount_nano;
        words.status = tw_slice_of("executed");
        words.description = tw_slice_of("");
        words.present = TW_ALPACA_BIT(TW_ALPACA_ACTIVITY_NET_AMOUNT) |
                        TW_ALPACA_BIT(TW_ALPACA_ACTIVITY_DESCRIPTION);
    }
    tw_alpaca_encode_record(&call->exchange->body, &record);
}

/* The activity at `step` of the walk: the newest first unless the list ascends. */
static const account_activity *at_step(const activity_log *log, bool ascending, uint64_t step) {
    uint64_t first = 0;
    uint64_t end = 0;
    activity_log_range(log, &first, &end);
    return step >= end - first ? NULL
                               : activity_log_at(log, ascending ? first + step : end - 1 - step);
}

/* The step behind the token. */
static uint64_t after_token(const exchange_call *call, const activity_log *log,
                            const activity_filter *filter) {
    char id[ACTIVITY_ID_SIZE];
    const account_activity *activity = NULL;
    uint64_t step = 0;
    if (filter->token.size == 0)
        return 0;
    while ((activity = at_step(log, filter->ascending, step++)) != NULL) {
        activity_id(activity, id);
        if (activity->account == call->account->index && tw_slice_equal_string(filter->token, id))
            break;
    }
    return step;
}

void route_activities(exchange_call *call) {
    activity_filter filter;
    if (!read_filter(call, &filter))
        return;
    const activity_log *log = ledger_activities(call->exchange->ledger);
    const account_activity *activity = NULL;
    uint64_t step = after_token(call, log, &filter);
    uint64_t written = 0;
    tw_text *body = &call->exchange->body;
    tw_text_append_char(body, '[');
    while (written < filter.page_size &&
           (activity = at_step(log, filter.ascending, step++)) != NULL) {
        if (!passes(call, &filter, activity))
            continue;
        if (written++ > 0)
            tw_text_append_char(body, ',');
        write_activity(call, activity);
    }
    tw_text_append_char(body, ']');
    answer_body(call, 200);
}
