/*
 * market.c - the words of the market, as words, and money out of price and quantity.
 *
 * Idea: each enumeration has one table from which names and parses are read; a timeframe is a
 * count of one unit, and its texts are that count beside the unit's name.
 */
#include "tradewind/market.h"

#include "tradewind/time.h"

/* Records are compared with memcmp: every byte of them has a name. */
_Static_assert(sizeof(tw_trade) == 4 * 8 + 4 + 3 + 5 + 1 + 3, "a trade without hidden padding");
_Static_assert(sizeof(tw_quote) == 5 * 8 + 4 + 3 + 5 + 4, "a quote without hidden padding");
_Static_assert(sizeof(tw_bar) == 9 * 8 + 4 + 4, "a bar without hidden padding");
_Static_assert(sizeof(tw_level) == 3 * 8 + 4 + 3 + 9, "a level without hidden padding");
_Static_assert(sizeof(tw_order) ==
                   TW_CLIENT_ORDER_ID_SIZE + TW_VENUE_ORDER_ID_SIZE + 7 * 8 + 4 + 5 + 7,
               "an order without hidden padding");
_Static_assert(sizeof(tw_fill) == TW_CLIENT_ORDER_ID_SIZE + TW_EXECUTION_ID_SIZE + 3 * 8 + 4 + 4,
               "a fill without hidden padding");
_Static_assert(sizeof(tw_position) == 3 * 8 + 4 + 4, "a position without hidden padding");

/* ---- words ----------------------------------------------------------------------------- */

static const char *const side_names[] = {
    [TW_SIDE_NONE] = "none",
    [TW_SIDE_BUY] = "buy",
    [TW_SIDE_SELL] = "sell",
};

static const char *const order_type_names[] = {
    [TW_ORDER_MARKET] = "market",
    [TW_ORDER_LIMIT] = "limit",
    [TW_ORDER_STOP] = "stop",
    [TW_ORDER_STOP_LIMIT] = "stop_limit",
    [TW_ORDER_TRAILING_STOP] = "trailing_stop",
};

static const char *const time_in_force_names[] = {
    [TW_DAY] = "day",
    [TW_GOOD_TILL_CANCELED] = "gtc",
    [TW_IMMEDIATE_OR_CANCEL] = "ioc",
    [TW_FILL_OR_KILL] = "fok",
    [TW_AT_OPEN] = "opg",
    [TW_AT_CLOSE] = "cls",
};

static const char *const order_status_names[] = {
    [TW_ORDER_PENDING_NEW] = "pending_new",
    [TW_ORDER_NEW] = "new",
    [TW_ORDER_PARTIALLY_FILLED] = "partially_filled",
    [TW_ORDER_PENDING_CANCEL] = "pending_cancel",
    [TW_ORDER_PENDING_REPLACE] = "pending_replace",
    [TW_ORDER_HELD] = "held",
    [TW_ORDER_SUSPENDED] = "suspended",
    [TW_ORDER_UNKNOWN] = "unknown",
    [TW_ORDER_FILLED] = "filled",
    [TW_ORDER_CANCELED] = "canceled",
    [TW_ORDER_EXPIRED] = "expired",
    [TW_ORDER_REJECTED] = "rejected",
    [TW_ORDER_REPLACED] = "replaced",
    [TW_ORDER_DONE_FOR_DAY] = "done_for_day",
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *name_of(const char *const *names, size_t count, unsigned value) {
    return value < count ? names[value] : "?";
}

/* The index of a word, or `count`. */
static size_t index_of(const char *const *names, size_t count, tw_slice text) {
    size_t index = 0;
    while (index < count && !tw_slice_equal_string(text, names[index]))
        index++;
    return index;
}

const char *tw_side_name(tw_side side) {
    return name_of(side_names, COUNT(side_names), (unsigned)side);
}

const char *tw_order_type_name(tw_order_type type) {
    return name_of(order_type_names, COUNT(order_type_names), (unsigned)type);
}

const char *tw_time_in_force_name(tw_time_in_force time_in_force) {
    return name_of(time_in_force_names, COUNT(time_in_force_names), (unsigned)time_in_force);
}

const char *tw_order_status_name(tw_order_status status) {
    return name_of(order_status_names, COUNT(order_status_names), (unsigned)status);
}

tw_status tw_side_parse(tw_slice text, tw_side *ret_side) {
    size_t index = index_of(side_names, COUNT(side_names), text);
    /* "none" is how we print a missing side; nobody may order one. */
    if (index == COUNT(side_names) || index == TW_SIDE_NONE)
        return TW_PARSE;
    *ret_side = (tw_side)index;
    return TW_OK;
}

tw_status tw_order_type_parse(tw_slice text, tw_order_type *ret_type) {
    size_t index = index_of(order_type_names, COUNT(order_type_names), text);
    if (index == COUNT(order_type_names))
        return TW_PARSE;
    *ret_type = (tw_order_type)index;
    return TW_OK;
}

tw_status tw_time_in_force_parse(tw_slice text, tw_time_in_force *ret_time_in_force) {
    size_t index = index_of(time_in_force_names, COUNT(time_in_force_names), text);
    if (index == COUNT(time_in_force_names))
        return TW_PARSE;
    *ret_time_in_force = (tw_time_in_force)index;
    return TW_OK;
}

tw_status tw_order_status_parse(tw_slice text, tw_order_status *ret_status) {
    size_t index = index_of(order_status_names, COUNT(order_status_names), text);
    if (index == COUNT(order_status_names))
        return TW_PARSE;
    *ret_status = (tw_order_status)index;
    return TW_OK;
}

bool tw_order_status_is_final(tw_order_status status) {
    return status >= TW_ORDER_FILLED && status <= TW_ORDER_DONE_FOR_DAY;
}

/* ---- timeframes ------------------------------------------------------------------------ */

typedef struct timeframe_unit {
    int64_t ns;
    uint64_t count_max;
    const char *name;        /* as we write it */
    const char *alpaca_name; /* as Alpaca does; NULL: Alpaca has no such bars */
    const char *words[5];    /* as either may be read */
} timeframe_unit;

/* Longest first. "M" alone is a month at Alpaca, which is no fixed span: it is not read. */
static const timeframe_unit timeframe_units[] = {
    {7 * TW_NS_PER_DAY, 1, "w", "Week", {"w", "W", "Week"}},
    {TW_NS_PER_DAY, 1, "d", "Day", {"d", "D", "Day"}},
    {TW_NS_PER_HOUR, 23, "h", "Hour", {"h", "H", "Hour"}},
    {TW_NS_PER_MINUTE, 59, "m", "Min", {"m", "T", "Min"}},
    {TW_NS_PER_SECOND, 59, "s", NULL, {"s", "S", "Sec"}},
};

static const timeframe_unit *timeframe_unit_of(tw_slice word) {
    for (size_t i = 0; i < COUNT(timeframe_units); i++) {
        const timeframe_unit *unit = &timeframe_units[i];
        if (index_of(unit->words, 3, word) < 3)
            return unit;
    }
    return NULL;
}

tw_status tw_timeframe_parse(tw_slice text, int64_t *ret_timeframe_ns) {
    if (text.size == 0)
        return TW_PARSE;
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    uint64_t count = 0;
    const timeframe_unit *unit =
        timeframe_unit_of((tw_slice){text.data + digits, text.size - digits});
    tw_status status = tw_parse_u64((tw_slice){text.data, digits}, &count);
    if (status == TW_PARSE || unit == NULL)
        return TW_PARSE;
    if (status != TW_OK || count == 0 || count > unit->count_max)
        return TW_RANGE;
    *ret_timeframe_ns = (int64_t)count * unit->ns;
    return TW_OK;
}

/* The longest unit of which the timeframe is a whole number. */
static const timeframe_unit *longest_unit(int64_t timeframe_ns) {
    TW_ASSERT(timeframe_ns > 0 && timeframe_ns % TW_NS_PER_SECOND == 0);
    const timeframe_unit *unit = timeframe_units;
    while (timeframe_ns % unit->ns != 0)
        unit++;
    return unit;
}

#define TIMEFRAME_TEXT_SIZE 16

static size_t write_timeframe(int64_t timeframe_ns, const timeframe_unit *unit, const char *name,
                              char *buffer) {
    tw_text text = tw_text_over(buffer, TIMEFRAME_TEXT_SIZE);
    tw_text_append_i64(&text, timeframe_ns / unit->ns);
    tw_text_append_string(&text, name);
    TW_ASSERT(!text.truncated);
    return text.size;
}

size_t tw_timeframe_format(int64_t timeframe_ns, char *buffer) {
    const timeframe_unit *unit = longest_unit(timeframe_ns);
    return write_timeframe(timeframe_ns, unit, unit->name, buffer);
}

size_t tw_timeframe_format_alpaca(int64_t timeframe_ns, char *buffer) {
    const timeframe_unit *unit = longest_unit(timeframe_ns);
    if (unit->alpaca_name == NULL) {
        buffer[0] = 0;
        return 0;
    }
    return write_timeframe(timeframe_ns, unit, unit->alpaca_name, buffer);
}

/* ---- money ----------------------------------------------------------------------------- */

tw_status tw_notional(tw_price price, tw_quantity quantity, tw_money *ret_money) {
    return tw_decimal_multiply(price.nano, quantity.nano, TW_ROUND_HALF_EVEN, &ret_money->nano);
}
