/*
 * alpaca_order.c - orders and order requests, both directions.
 *
 * Four words (type, side, time in force, status) are kept as text and translated into the
 * field's enumerators; unknown ones stay text. Everything else is rows of a table but for legs,
 * take_profit and stop_loss.
 *
 * Invariants
 * 1. An order with a status that is not understood is never taken for a final one.
 * 2. A side or type that is not understood is never taken for another: its bit stays clear.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "alpaca_word.h"
#include "tradewind/alpaca.h"

#define ORDER(key, member, form, absent) WORD_ROW(tw_alpaca_order, key, member, form, absent)
#define REQUEST(key, member, form) WORD_ROW(tw_alpaca_order_request, key, member, form, WORD_OMIT)

static const word_field order_fields[TW_ALPACA_ORDER_FIELD_COUNT] = {
    [TW_ALPACA_ORDER_ID] = ORDER("id", order.venue_order_id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_CLIENT_ORDER_ID] =
        ORDER("client_order_id", order.client_order_id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_CREATED_AT] = ORDER("created_at", order.created_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_UPDATED_AT] = ORDER("updated_at", order.updated_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_SUBMITTED_AT] = ORDER("submitted_at", submitted_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_FILLED_AT] = ORDER("filled_at", filled_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_EXPIRED_AT] = ORDER("expired_at", expired_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_EXPIRES_AT] = ORDER("expires_at", expires_ns, WORD_TIME, WORD_OMIT),
    [TW_ALPACA_ORDER_CANCELED_AT] = ORDER("canceled_at", canceled_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_FAILED_AT] = ORDER("failed_at", failed_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_REPLACED_AT] = ORDER("replaced_at", replaced_ns, WORD_TIME, WORD_NULL),
    [TW_ALPACA_ORDER_REPLACED_BY] = ORDER("replaced_by", replaced_by, WORD_TEXT, WORD_NULL),
    [TW_ALPACA_ORDER_REPLACES] = ORDER("replaces", replaces, WORD_TEXT, WORD_NULL),
    [TW_ALPACA_ORDER_ASSET_ID] = ORDER("asset_id", asset_id, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_SYMBOL] = ORDER("symbol", symbol, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_ASSET_CLASS] = ORDER("asset_class", asset_class, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_NOTIONAL] = ORDER("notional", notional.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_QTY] = ORDER("qty", order.quantity.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_FILLED_QTY] = ORDER("filled_qty", order.filled.nano, WORD_DECIMAL, WORD_ZERO),
    [TW_ALPACA_ORDER_FILLED_AVG_PRICE] =
        ORDER("filled_avg_price", order.average_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_CLASS] = ORDER("order_class", order_class, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_ORDER_TYPE] = ORDER("order_type", type, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_TYPE] = ORDER("type", type, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_SIDE] = ORDER("side", side, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_POSITION_INTENT] =
        ORDER("position_intent", position_intent, WORD_TEXT, WORD_OMIT),
    [TW_ALPACA_ORDER_TIME_IN_FORCE] = ORDER("time_in_force", time_in_force, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_LIMIT_PRICE] =
        ORDER("limit_price", order.limit_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_STOP_PRICE] =
        ORDER("stop_price", order.stop_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_STATUS] = ORDER("status", status, WORD_TEXT, WORD_ZERO),
    [TW_ALPACA_ORDER_EXTENDED_HOURS] =
        ORDER("extended_hours", order.extended_hours, WORD_BOOLEAN, WORD_ZERO),
    [TW_ALPACA_ORDER_LEGS] = WORD_CUSTOM_ROW("legs", WORD_NULL),
    [TW_ALPACA_ORDER_TRAIL_PERCENT] =
        ORDER("trail_percent", trail_percent_nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_TRAIL_PRICE] = ORDER("trail_price", trail_price.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_HWM] = ORDER("hwm", high_water_mark.nano, WORD_DECIMAL, WORD_NULL),
    [TW_ALPACA_ORDER_SUBTAG] = ORDER("subtag", subtag, WORD_TEXT, WORD_NULL),
    [TW_ALPACA_ORDER_SOURCE] = ORDER("source", source, WORD_TEXT, WORD_NULL),
    [TW_ALPACA_ORDER_RATIO_QTY] = ORDER("ratio_qty", ratio_quantity.nano, WORD_DECIMAL, WORD_OMIT),
};
static const word_table order_table = {order_fields, TW_ALPACA_ORDER_FIELD_COUNT};

/* ---- reading an order ---- */

typedef struct order_context {
    tw_alpaca_reader *reader;
    tw_alpaca_order *order;
    tw_alpaca_order *legs; /* NULL inside a leg */
    uint32_t leg_max;
    uint32_t hint;
} order_context;

static tw_status read_leg(void *context, tw_json_value *value) {
    order_context *c = context;
    uint32_t index = c->order->leg_count++;
    if (c->legs == NULL || index >= c->leg_max)
        return TW_OK;
    tw_status status = tw_alpaca_read_order(c->reader, value, &c->legs[index], NULL, 0);
    if (status == TW_OK)
        c->legs[index].is_leg = true;
    return status;
}

static tw_status on_order_field(void *context, tw_slice key, tw_json_value *value) {
    order_context *c = context;
    uint32_t row = tw_word_find(&order_table, key, &c->hint);
    if (row == order_table.count)
        return TW_OK;
    if (row != TW_ALPACA_ORDER_LEGS)
        return tw_word_decode(&order_table, row, value, c->order, &c->order->present);
    if (tw_json_kind_of(value) != TW_JSON_ARRAY)
        return TW_OK;
    c->order->present |= TW_ALPACA_BIT(TW_ALPACA_ORDER_LEGS);
    return tw_json_each_item(value, read_leg, c);
}

static tw_order_status status_of(tw_slice word) {
    tw_order_status status = TW_ORDER_UNKNOWN;
    if (tw_slice_equal_string(word, "accepted") ||
        tw_slice_equal_string(word, "accepted_for_bidding") ||
        tw_slice_equal_string(word, "stopped"))
        return TW_ORDER_NEW;
    if (tw_slice_equal_string(word, "calculated"))
        return TW_ORDER_DONE_FOR_DAY;
    if (tw_order_status_parse(word, &status) != TW_OK)
        return TW_ORDER_UNKNOWN;
    return status;
}

static void clear_bit(uint64_t *present, unsigned field) {
    *present &= ~TW_ALPACA_BIT(field);
}

/* Translates the four words (invariants 1 and 2). */
static void translate_words(tw_alpaca_order *order) {
    tw_side side = TW_SIDE_NONE;
    tw_order_type type = TW_ORDER_MARKET;
    tw_time_in_force time_in_force = TW_DAY;
    if (tw_side_parse(tw_slice_of(order->side), &side) == TW_OK)
        order->order.side = (uint8_t)side;
    else
        clear_bit(&order->present, TW_ALPACA_ORDER_SIDE);
    if (tw_order_type_parse(tw_slice_of(order->type), &type) == TW_OK) {
        order->order.type = (uint8_t)type;
    } else {
        clear_bit(&order->present, TW_ALPACA_ORDER_TYPE);
        clear_bit(&order->present, TW_ALPACA_ORDER_ORDER_TYPE);
    }
    if (tw_time_in_force_parse(tw_slice_of(order->time_in_force), &time_in_force) == TW_OK)
        order->order.time_in_force = (uint8_t)time_in_force;
    else
        clear_bit(&order->present, TW_ALPACA_ORDER_TIME_IN_FORCE);
    order->order.status = (uint8_t)status_of(tw_slice_of(order->status));
    if (order->order.status == TW_ORDER_UNKNOWN)
        clear_bit(&order->present, TW_ALPACA_ORDER_STATUS);
}

static void complete_order(tw_alpaca_reader *reader, tw_alpaca_order *order) {
    translate_words(order);
    order->order.symbol = TW_SYMBOL_NONE;
    if (reader->symbols != NULL && (order->present & TW_ALPACA_BIT(TW_ALPACA_ORDER_SYMBOL)) != 0 &&
        tw_symbols_intern(reader->symbols, tw_slice_of(order->symbol), &order->order.symbol) !=
            TW_OK)
        order->order.symbol = TW_SYMBOL_NONE;
}

tw_status tw_alpaca_read_order(tw_alpaca_reader *reader, tw_json_value *value,
                               tw_alpaca_order *ret_order, tw_alpaca_order *legs,
                               uint32_t leg_max) {
    memset(ret_order, 0, sizeof *ret_order);
    order_context c = {reader, ret_order, legs, leg_max, 0};
    tw_status status = tw_json_each_field(value, on_order_field, &c);
    if (status == TW_OK)
        complete_order(reader, ret_order);
    return status;
}

/* ---- a body that is an order or says why there is none ---- */

typedef struct body_context {
    order_context order;
    tw_alpaca_error *problem;
} body_context;

static tw_status on_body_field(void *context, tw_slice key, tw_json_value *value) {
    body_context *c = context;
    uint32_t hint = c->order.hint;
    if (tw_word_find(&order_table, key, &hint) < order_table.count)
        return on_order_field(&c->order, key, value);
    return tw_alpaca_read_error_field(c->problem, key, value);
}

tw_status tw_alpaca_read_body(tw_alpaca_reader *reader, tw_json_value *value,
                              tw_alpaca_order *ret_order, tw_alpaca_error *ret_problem) {
    memset(ret_order, 0, sizeof *ret_order);
    memset(ret_problem, 0, sizeof *ret_problem);
    body_context c = {{reader, ret_order, NULL, 0, 0}, ret_problem};
    tw_status status = tw_json_each_field(value, on_body_field, &c);
    if (status == TW_OK)
        complete_order(reader, ret_order);
    return status;
}

typedef struct orders_context {
    tw_alpaca_reader *reader;
    tw_alpaca_on_order on_order;
    void *context;
    tw_alpaca_order order;
    tw_alpaca_order legs[TW_ALPACA_LEG_COUNT_MAX];
} orders_context;

static tw_status on_order_object(void *context, tw_json_value *value) {
    orders_context *c = context;
    tw_status status =
        tw_alpaca_read_order(c->reader, value, &c->order, c->legs, TW_ALPACA_LEG_COUNT_MAX);
    if (status != TW_OK)
        return status;
    c->on_order(c->context, &c->order);
    for (uint32_t i = 0; i < c->order.leg_count && i < TW_ALPACA_LEG_COUNT_MAX; i++)
        c->on_order(c->context, &c->legs[i]);
    return TW_OK;
}

static tw_status on_orders(void *context, tw_json_value *root) {
    if (tw_json_kind_of(root) == TW_JSON_ARRAY)
        return tw_json_each_item(root, on_order_object, context);
    return on_order_object(context, root);
}

tw_status tw_alpaca_decode_orders(tw_alpaca_reader *reader, tw_slice json,
                                  tw_alpaca_on_order on_order, void *context, tw_error *error) {
    orders_context c;
    c.reader = reader;
    c.on_order = on_order;
    c.context = context;
    return tw_json_read(reader->json, json, on_orders, &c, error);
}

/* ---- writing an order ---- */

static void fill_word(char *word, const char *name) {
    if (word[0] == '\0')
        (void)tw_word_copy(tw_slice_of(name), word, TW_ALPACA_WORD_SIZE);
}

/* Gives each empty word the name of its enumerator. A side of TW_SIDE_NONE stays empty: that is
 * how an order of several legs is written. */
static void fill_words(tw_alpaca_order *order) {
    if (order->order.side != TW_SIDE_NONE)
        fill_word(order->side, tw_side_name((tw_side)order->order.side));
    fill_word(order->type, tw_order_type_name((tw_order_type)order->order.type));
    fill_word(order->time_in_force,
              tw_time_in_force_name((tw_time_in_force)order->order.time_in_force));
    fill_word(order->status, tw_order_status_name((tw_order_status)order->order.status));
}

static void encode_flat(tw_text *text, const tw_alpaca_order *order, const tw_alpaca_order *legs,
                        size_t leg_count);

static void encode_legs(tw_text *text, const tw_alpaca_order *order, const tw_alpaca_order *legs,
                        size_t leg_count) {
    if (leg_count == 0) {
        bool empty = (order->present & TW_ALPACA_BIT(TW_ALPACA_ORDER_LEGS)) != 0;
        tw_text_append_string(text, empty ? "[]" : "null");
        return;
    }
    tw_text_append_char(text, '[');
    for (size_t i = 0; i < leg_count; i++) {
        if (i > 0)
            tw_text_append_char(text, ',');
        encode_flat(text, &legs[i], NULL, 0);
    }
    tw_text_append_char(text, ']');
}

static void encode_flat(tw_text *text, const tw_alpaca_order *order, const tw_alpaca_order *legs,
                        size_t leg_count) {
    tw_alpaca_order copy = *order;
    fill_words(&copy);
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < order_table.count; row++) {
        if (row == TW_ALPACA_ORDER_LEGS) {
            tw_word_key(text, "legs", &first);
            encode_legs(text, order, legs, leg_count);
        } else {
            tw_word_encode(&order_table, row, &copy, copy.present, text, &first);
        }
    }
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_order(tw_text *text, const tw_alpaca_order *order,
                            const tw_alpaca_order *legs, size_t leg_count) {
    TW_ASSERT(leg_count == 0 || legs != NULL);
    encode_flat(text, order, legs, leg_count);
}

void tw_alpaca_order_from(const tw_order *order, const tw_symbols *symbols,
                          tw_alpaca_order *ret_order) {
    memset(ret_order, 0, sizeof *ret_order);
    ret_order->order = *order;
    if (order->symbol != TW_SYMBOL_NONE)
        (void)tw_word_copy(tw_slice_of(tw_symbols_name(symbols, order->symbol)), ret_order->symbol,
                           sizeof ret_order->symbol);
    ret_order->submitted_ns = order->created_ns;
    if (order->status == TW_ORDER_FILLED)
        ret_order->filled_ns = order->updated_ns;
    else if (order->status == TW_ORDER_CANCELED)
        ret_order->canceled_ns = order->updated_ns;
    else if (order->status == TW_ORDER_EXPIRED)
        ret_order->expired_ns = order->updated_ns;
    else if (order->status == TW_ORDER_REJECTED)
        ret_order->failed_ns = order->updated_ns;
    else if (order->status == TW_ORDER_REPLACED)
        ret_order->replaced_ns = order->updated_ns;
    fill_words(ret_order);
}

/* ---- order requests ---- */

static const word_field request_fields[TW_ALPACA_REQUEST_FIELD_COUNT] = {
    [TW_ALPACA_REQUEST_SYMBOL] = REQUEST("symbol", symbol, WORD_TEXT),
    [TW_ALPACA_REQUEST_QTY] = REQUEST("qty", quantity.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_NOTIONAL] = REQUEST("notional", notional.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_SIDE] = REQUEST("side", side_word, WORD_TEXT),
    [TW_ALPACA_REQUEST_TYPE] = REQUEST("type", type_word, WORD_TEXT),
    [TW_ALPACA_REQUEST_TIME_IN_FORCE] = REQUEST("time_in_force", time_in_force_word, WORD_TEXT),
    [TW_ALPACA_REQUEST_LIMIT_PRICE] = REQUEST("limit_price", limit_price.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_STOP_PRICE] = REQUEST("stop_price", stop_price.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_TRAIL_PRICE] = REQUEST("trail_price", trail_price.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_TRAIL_PERCENT] = REQUEST("trail_percent", trail_percent_nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_TRAIL] = REQUEST("trail", trail.nano, WORD_DECIMAL),
    [TW_ALPACA_REQUEST_EXTENDED_HOURS] = REQUEST("extended_hours", extended_hours, WORD_BOOLEAN),
    [TW_ALPACA_REQUEST_CLIENT_ORDER_ID] = REQUEST("client_order_id", client_order_id, WORD_TEXT),
    [TW_ALPACA_REQUEST_ORDER_CLASS] = REQUEST("order_class", order_class, WORD_TEXT),
    [TW_ALPACA_REQUEST_POSITION_INTENT] = REQUEST("position_intent", position_intent, WORD_TEXT),
    [TW_ALPACA_REQUEST_TAKE_PROFIT] = WORD_CUSTOM_ROW("take_profit", WORD_OMIT),
    [TW_ALPACA_REQUEST_STOP_LOSS] = WORD_CUSTOM_ROW("stop_loss", WORD_OMIT),
    [TW_ALPACA_REQUEST_LEGS] = WORD_CUSTOM_ROW("legs", WORD_OMIT),
};
static const word_table request_table = {request_fields, TW_ALPACA_REQUEST_FIELD_COUNT};

#define LEG(key, member, form) WORD_ROW(tw_alpaca_request_leg, key, member, form, WORD_OMIT)
static const word_field leg_fields[] = {
    LEG("symbol", symbol, WORD_TEXT),
    LEG("ratio_qty", ratio_quantity.nano, WORD_DECIMAL),
    LEG("side", side_word, WORD_TEXT),
    LEG("position_intent", position_intent, WORD_TEXT),
};
static const word_table leg_table = {leg_fields, sizeof leg_fields / sizeof leg_fields[0]};

static tw_status on_request_leg(void *context, tw_json_value *value) {
    tw_alpaca_order_request *request = context;
    uint32_t index = request->leg_count++;
    if (index >= TW_ALPACA_LEG_COUNT_MAX)
        return TW_OK;
    tw_alpaca_request_leg *leg = &request->legs[index];
    return tw_word_decode_all(&leg_table, value, leg, &leg->present);
}

static void put_legs(tw_text *text, const tw_alpaca_order_request *request, bool *first) {
    if (request->leg_count == 0)
        return;
    tw_word_key(text, "legs", first);
    for (uint32_t i = 0; i < request->leg_count && i < TW_ALPACA_LEG_COUNT_MAX; i++) {
        tw_text_append_char(text, i == 0 ? '[' : ',');
        tw_word_encode_all(&leg_table, &request->legs[i], request->legs[i].present, text);
    }
    tw_text_append_char(text, ']');
}

typedef struct request_context {
    tw_alpaca_order_request request;
    uint32_t hint;
} request_context;

/* An explicit price of a bracket's leg; null is none. */
static tw_status read_price(tw_json_value *value, const char *name, tw_price *ret_price) {
    tw_status status = tw_word_decimal(value, name, &ret_price->nano);
    return status == TW_EMPTY ? TW_OK : status;
}

static tw_status on_take_profit(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_order_request *request = context;
    if (!tw_slice_equal_string(key, "limit_price"))
        return TW_OK;
    return read_price(value, "take_profit.limit_price", &request->take_profit_limit_price);
}

static tw_status on_stop_loss(void *context, tw_slice key, tw_json_value *value) {
    tw_alpaca_order_request *request = context;
    if (tw_slice_equal_string(key, "stop_price"))
        return read_price(value, "stop_loss.stop_price", &request->stop_loss_stop_price);
    if (tw_slice_equal_string(key, "limit_price"))
        return read_price(value, "stop_loss.limit_price", &request->stop_loss_limit_price);
    return TW_OK;
}

/* A number that is one but does not fit is the largest that does, in whole shares or dollars: it is
 * for an exchange to say that nobody has so much. */
static tw_status on_amount(request_context *c, uint32_t row, tw_json_value *value) {
    tw_slice text;
    int64_t nano = 0;
    if (tw_json_kind_of(value) == TW_JSON_NULL)
        return TW_OK;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (tw_decimal_parse_rounded(text, &nano) == TW_RANGE)
        text = tw_slice_of(text.data[0] == '-' ? "-9223372036" : "9223372036");
    return tw_word_put(&request_table, row, value, text, &c->request, &c->request.present);
}

static tw_status on_request_field(void *context, tw_slice key, tw_json_value *value) {
    request_context *c = context;
    uint32_t row = tw_word_find(&request_table, key, &c->hint);
    if (row == request_table.count)
        return TW_OK;
    if (row == TW_ALPACA_REQUEST_LEGS) {
        if (tw_json_kind_of(value) != TW_JSON_ARRAY)
            return TW_OK;
        c->request.present |= TW_ALPACA_BIT(row);
        return tw_json_each_item(value, on_request_leg, &c->request);
    }
    if (row == TW_ALPACA_REQUEST_QTY || row == TW_ALPACA_REQUEST_NOTIONAL)
        return on_amount(c, row, value);
    if (row != TW_ALPACA_REQUEST_TAKE_PROFIT && row != TW_ALPACA_REQUEST_STOP_LOSS)
        return tw_word_decode(&request_table, row, value, &c->request, &c->request.present);
    if (tw_json_kind_of(value) != TW_JSON_OBJECT)
        return TW_OK;
    c->request.present |= TW_ALPACA_BIT(row);
    return tw_json_each_field(
        value, row == TW_ALPACA_REQUEST_TAKE_PROFIT ? on_take_profit : on_stop_loss, &c->request);
}

static tw_status on_request(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_request_field, context);
}

static void translate_request(tw_alpaca_order_request *request) {
    tw_side side = TW_SIDE_NONE;
    tw_order_type type = TW_ORDER_MARKET;
    tw_time_in_force time_in_force = TW_DAY;
    if (tw_side_parse(tw_slice_of(request->side_word), &side) == TW_OK)
        request->side = (uint8_t)side;
    else
        clear_bit(&request->present, TW_ALPACA_REQUEST_SIDE);
    if (tw_order_type_parse(tw_slice_of(request->type_word), &type) == TW_OK)
        request->type = (uint8_t)type;
    else
        clear_bit(&request->present, TW_ALPACA_REQUEST_TYPE);
    if (tw_time_in_force_parse(tw_slice_of(request->time_in_force_word), &time_in_force) == TW_OK)
        request->time_in_force = (uint8_t)time_in_force;
    else
        clear_bit(&request->present, TW_ALPACA_REQUEST_TIME_IN_FORCE);
}

tw_status tw_alpaca_decode_order_request(tw_alpaca_reader *reader, tw_slice json,
                                         tw_alpaca_order_request *ret_request, tw_error *error) {
    request_context c;
    memset(&c, 0, sizeof c);
    tw_status status = tw_json_read(reader->json, json, on_request, &c, error);
    if (status != TW_OK)
        return status;
    translate_request(&c.request);
    *ret_request = c.request;
    return TW_OK;
}

static void put_price(tw_text *text, const char *name, tw_price price, bool *first) {
    if (price.nano == 0)
        return;
    tw_word_key(text, name, first);
    tw_text_append_char(text, '"');
    tw_word_put_decimal(text, price.nano);
    tw_text_append_char(text, '"');
}

static void put_bracket(tw_text *text, const tw_alpaca_order_request *request, bool *first) {
    bool inner = true;
    if ((request->present & TW_ALPACA_BIT(TW_ALPACA_REQUEST_TAKE_PROFIT)) != 0 ||
        request->take_profit_limit_price.nano != 0) {
        tw_word_key(text, "take_profit", first);
        tw_text_append_char(text, '{');
        put_price(text, "limit_price", request->take_profit_limit_price, &inner);
        tw_text_append_char(text, '}');
    }
    inner = true;
    if ((request->present & TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_LOSS)) != 0 ||
        request->stop_loss_stop_price.nano != 0 || request->stop_loss_limit_price.nano != 0) {
        tw_word_key(text, "stop_loss", first);
        tw_text_append_char(text, '{');
        put_price(text, "stop_price", request->stop_loss_stop_price, &inner);
        put_price(text, "limit_price", request->stop_loss_limit_price, &inner);
        tw_text_append_char(text, '}');
    }
}

/* A whole request (it has a symbol) states side, type and time in force even where they are the
 * enumerators' zero; a replacement states only what changes. */
void tw_alpaca_encode_order_request(tw_text *text, const tw_alpaca_order_request *request) {
    tw_alpaca_order_request copy = *request;
    if (copy.symbol[0] != '\0') {
        if (copy.side != TW_SIDE_NONE)
            fill_word(copy.side_word, tw_side_name((tw_side)copy.side));
        fill_word(copy.type_word, tw_order_type_name((tw_order_type)copy.type));
        fill_word(copy.time_in_force_word,
                  tw_time_in_force_name((tw_time_in_force)copy.time_in_force));
    }
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < TW_ALPACA_REQUEST_TAKE_PROFIT; row++)
        tw_word_encode(&request_table, row, &copy, copy.present, text, &first);
    put_bracket(text, &copy, &first);
    put_legs(text, &copy, &first);
    tw_text_append_char(text, '}');
}

void tw_alpaca_request_from(const tw_order *order, const tw_symbols *symbols,
                            tw_alpaca_order_request *ret_request) {
    memset(ret_request, 0, sizeof *ret_request);
    (void)tw_word_copy(tw_slice_of(tw_symbols_name(symbols, order->symbol)), ret_request->symbol,
                       sizeof ret_request->symbol);
    (void)tw_word_copy(tw_slice_of(order->client_order_id), ret_request->client_order_id,
                       sizeof ret_request->client_order_id);
    ret_request->quantity = order->quantity;
    ret_request->limit_price = order->limit_price;
    ret_request->stop_price = order->stop_price;
    ret_request->side = order->side;
    ret_request->type = order->type;
    ret_request->time_in_force = order->time_in_force;
    ret_request->extended_hours = order->extended_hours != 0;
}
