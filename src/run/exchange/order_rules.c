/*
 * order_rules.c - what an order must be, whoever sends it: its words and prices.
 *
 * Source: Alpaca's page "Orders at Alpaca" and its recorded refusals.
 */
#include <string.h>

#include "ledger_priv.h"

static bool has(const tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    return (request->present & TW_ALPACA_BIT(field)) != 0;
}

static bool may_rest(const tw_alpaca_order_request *request) {
    return request->time_in_force == TW_DAY || request->time_in_force == TW_GOOD_TILL_CANCELED;
}

static tw_status check_words(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    if (!has(request, TW_ALPACA_REQUEST_SIDE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid side: \"%s\"", request->side_word);
    if (!has(request, TW_ALPACA_REQUEST_TYPE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid type: \"%s\"", request->type_word);
    if (!has(request, TW_ALPACA_REQUEST_TIME_IN_FORCE))
        return refuse(refusal, 422, CODE_REQUEST, "invalid time_in_force: \"%s\"",
                      request->time_in_force_word);
    bool instant = request->type == TW_ORDER_MARKET || request->type == TW_ORDER_LIMIT;
    if (!instant && !may_rest(request))
        return refuse(refusal, 422, CODE_RULE, "%s orders must be DAY or GTC orders",
                      tw_order_type_name((tw_order_type)request->type));
    if (request->extended_hours && (request->type != TW_ORDER_LIMIT || !may_rest(request)))
        return refuse(refusal, 422, CODE_RULE, "extended hours order must be DAY limit orders");
    return TW_OK;
}

/* ---- prices -------------------------------------------------------------------------------- */

tw_status order_rules_price(const char *name, tw_price price, ledger_refusal *ret_refusal) {
    int64_t nano = price.nano;
    if (nano <= 0)
        return refuse(ret_refusal, 422, CODE_REQUEST, "%s must be > 0", name);
    int64_t increment = nano >= TW_NANO ? TW_NANO / 100 : TW_NANO / 10000;
    if (nano % increment == 0)
        return TW_OK;
    char text[TW_DECIMAL_TEXT_SIZE];
    char word[32];
    size_t size = 0;
    for (; name[size] != '\0' && size + 1 < sizeof word; size++)
        word[size] = name[size] == ' ' ? '_' : name[size];
    word[size] = '\0';
    tw_decimal_format(nano, text);
    return refuse(ret_refusal, 422, CODE_RULE,
                  "invalid %s %s. sub-penny increment does not fulfill minimum pricing criteria",
                  word, text);
}

/* Which prices each type takes, and the sentence for any others. */
typedef struct price_rule {
    bool limit;
    bool stop;
    const char *sentence;
} price_rule;

static const price_rule price_rules[] = {
    [TW_ORDER_MARKET] = {false, false, "market orders require no stop or limit price"},
    [TW_ORDER_LIMIT] = {true, false, "limit orders require only limit price"},
    [TW_ORDER_STOP] = {false, true, "stop orders require only stop price"},
    [TW_ORDER_STOP_LIMIT] = {true, true, "stop limit orders require both stop and limit price"},
    [TW_ORDER_TRAILING_STOP] = {false, false,
                                "trailing stop orders require no stop or limit price"},
};

static tw_status check_prices(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    const price_rule *rule = &price_rules[request->type];
    if (has(request, TW_ALPACA_REQUEST_LIMIT_PRICE) != rule->limit ||
        has(request, TW_ALPACA_REQUEST_STOP_PRICE) != rule->stop)
        return refuse(refusal, 422, CODE_REQUEST, "%s", rule->sentence);
    tw_status status = TW_OK;
    if (rule->limit)
        status = order_rules_price("limit price", request->limit_price, refusal);
    if (status == TW_OK && rule->stop)
        status = order_rules_price("stop price", request->stop_price, refusal);
    return status;
}

static tw_status check_trail(const tw_alpaca_order_request *request, ledger_refusal *refusal) {
    bool by_price = has(request, TW_ALPACA_REQUEST_TRAIL_PRICE);
    bool by_percent = has(request, TW_ALPACA_REQUEST_TRAIL_PERCENT);
    bool trailing = request->type == TW_ORDER_TRAILING_STOP;
    if (!trailing && (by_price || by_percent))
        return refuse(refusal, 422, CODE_REQUEST,
                      "only trailing stop orders take trail_price or trail_percent");
    if (!trailing)
        return TW_OK;
    if (by_price == by_percent)
        return refuse(refusal, 422, CODE_REQUEST,
                      "trailing stop orders require one of trail_price or trail_percent");
    if (by_price)
        return order_rules_price("trail price", request->trail_price, refusal);
    if (request->trail_percent_nano <= 0 || request->trail_percent_nano >= 100 * TW_NANO)
        return refuse(refusal, 422, CODE_REQUEST, "trail_percent must be > 0 and < 100");
    return TW_OK;
}

bool order_rules_place_trail(ledger_order *order) {
    int64_t mark = order->high_water_mark.nano;
    int64_t distance = order->trail_price.nano;
    if (order->trail_percent_nano != 0 && tw_decimal_multiply(mark, order->trail_percent_nano / 100,
                                                              TW_ROUND_DOWN, &distance) != TW_OK)
        return false;
    bool sells = order->order.side == TW_SIDE_SELL;
    if (mark <= 0 || distance <= 0 || (sells ? distance >= mark : distance >= INT64_MAX - mark))
        return false;
    order->order.stop_price.nano = sells ? mark - distance : mark + distance;
    return true;
}

tw_status order_rules_check(const tw_alpaca_order_request *request, ledger_refusal *ret_refusal) {
    tw_status status = check_words(request, ret_refusal);
    if (status == TW_OK)
        status = check_prices(request, ret_refusal);
    return status == TW_OK ? check_trail(request, ret_refusal) : status;
}
