/*
 * pretrade_controls.c - the controls: one short function each, in one table.
 *
 * A control tells its limit and the figure it compares, in the unit of its reason, and whether it
 * denies. A limit of 0 is none: the figure is told all the same. Nothing here changes the gate.
 */
#include <math.h>

#include "pretrade_priv.h"

typedef const struct tw_pretrade gate_view;
typedef const pretrade_candidate order_view;

static int64_t told(pretrade_wide value) {
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* Fills a verdict; true if there is a limit and the figure is above it. */
static bool above(pretrade_wide actual, pretrade_wide limit, tw_pretrade_verdict *verdict) {
    verdict->limit = told(limit);
    verdict->actual = told(actual);
    return limit > 0 && actual > limit;
}

/* `part` of `whole` in billionths, away from zero: a share is never told smaller than it is. */
static pretrade_wide share(pretrade_wide part, pretrade_wide whole) {
    if (part == 0)
        return 0;
    if (whole <= 0)
        return INT64_MAX;
    pretrade_wide scaled = part * TW_NANO;
    return scaled / whole + (scaled % whole != 0);
}

static pretrade_wide magnitude(pretrade_wide value) {
    return value < 0 ? -value : value;
}

static bool is_stopped(tw_pretrade_state state) {
    return state == TW_PRETRADE_STOPPED;
}

static bool halted(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)verdict;
    return is_stopped(gate->state) || is_stopped(order->symbol->state);
}

static bool reducing_only(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)verdict;
    bool reducing =
        gate->state == TW_PRETRADE_REDUCING || order->symbol->state == TW_PRETRADE_REDUCING;
    return reducing && !order->closes;
}

/* An order that is invalid is denied before it is made a candidate. */
static bool order_invalid(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate, (void)order, (void)verdict;
    return false;
}

static bool market_order(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)verdict;
    return !gate->config.market_orders && order->order->limit_price.nano == 0;
}

static bool stale_price(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    verdict->limit = order->symbol->limits.price_age_ns_max;
    verdict->actual = INT64_MAX;
    if (order->symbol->mark_ns == 0)
        return true;
    return above(order->now_ns - order->symbol->mark_ns, verdict->limit, verdict);
}

/* A limit price is in whole ticks: half a cent of grace keeps a collar from denying its own edge.
 */
static bool price_collar(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    int64_t mark = order->symbol->mark;
    pretrade_wide distance = magnitude((pretrade_wide)order->price - mark);
    pretrade_wide grace = mark >= TW_NANO ? TW_NANO / 200 : TW_NANO / 20000;
    distance = distance > grace ? distance - grace : 0;
    return above(share(distance, mark), order->symbol->limits.collar_nano, verdict);
}

static bool order_quantity(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above(order->order->quantity.nano, order->symbol->limits.quantity_max.nano, verdict);
}

static bool order_value(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above(order->value, order->symbol->limits.value_max.nano, verdict);
}

static bool short_sale(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    const pretrade_symbol *symbol = order->symbol;
    if (order->order->side != TW_SIDE_SELL)
        return false;
    pretrade_wide free = symbol->quantity - symbol->sells;
    verdict->limit = told(free > 0 ? free : 0);
    verdict->actual = order->order->quantity.nano;
    return !symbol->limits.may_short && order->order->quantity.nano > free;
}

static bool cash(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    if (order->order->side != TW_SIDE_BUY)
        return false;
    pretrade_wide there = (pretrade_wide)gate->cash - gate->reserved - gate->config.cash_min.nano;
    verdict->limit = told(there);
    verdict->actual = told(order->value);
    return !gate->config.on_margin && order->value > there;
}

static bool position_quantity(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above(order->worst_quantity, order->symbol->limits.position_max.nano, verdict) &&
           !order->no_worse;
}

static bool position_value(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above(order->worst, order->symbol->limits.position_value_max.nano, verdict) &&
           !order->no_worse;
}

static bool position_weight(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above(share(order->worst, order->equity), order->symbol->limits.position_share_max_nano,
                 verdict) &&
           !order->no_worse;
}

static bool gross_exposure(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    return above(share(order->gross, order->equity), gate->config.gross_share_max_nano, verdict) &&
           !order->no_worse;
}

static bool net_exposure(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    return above(share(magnitude(order->net), order->equity), gate->config.net_share_max_nano,
                 verdict) &&
           magnitude(order->net) > magnitude(order->net_before);
}

/* What is unknown (no covariance, or one with holes) is not below any limit. */
static bool value_at_risk(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    pretrade_wide limit = gate->config.value_at_risk_share_max_nano;
    if (gate->covariance == NULL || !isfinite(order->variance))
        return above(INT64_MAX, limit, verdict) && !order->closes;
    double money = gate->factor * sqrt(fmax(order->variance, 0.0)) * (double)TW_NANO;
    pretrade_wide nano = money < 0x1p62 ? (pretrade_wide)money : (pretrade_wide)1 << 62;
    return above(share(nano, order->equity), limit, verdict) &&
           order->variance > order->variance_before;
}

/* One more than there are: `limit` is how many there may be. */
static bool open_orders(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)order;
    return above((pretrade_wide)gate->open_count + 1, gate->config.open_max, verdict);
}

static bool open_orders_symbol(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    return above((pretrade_wide)order->symbol->open_count + 1, order->symbol->limits.open_max,
                 verdict);
}

/* A change is no second order, and the same one again is none either. */
static bool duplicate_order(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    const tw_order *asked = order->order;
    verdict->limit = gate->config.duplicate_span_ns;
    verdict->actual = INT64_MAX;
    for (uint32_t i = 0; i < TW_PRETRADE_RECENT; i++) {
        const pretrade_recent *recent = &order->symbol->recent[i];
        int64_t age_ns = order->now_ns - recent->time_ns;
        if (recent->side == asked->side && recent->quantity == asked->quantity.nano &&
            recent->price == asked->limit_price.nano && age_ns < verdict->actual)
            verdict->actual = age_ns;
    }
    return !order->again && verdict->actual < verdict->limit;
}

/* Tells the own price that it would meet. */
static bool self_trade(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    const tw_order *asked = order->order;
    int64_t price = asked->limit_price.nano;
    verdict->actual = price;
    if ((asked->side == TW_SIDE_BUY ? order->symbol->sells : order->symbol->buys) == 0)
        return false; /* nobody is there to meet: the usual case */
    for (uint32_t i = order->symbol->first; i != TW_PRETRADE_NO_TICKET; i = gate->orders[i].next) {
        const pretrade_open *open = &gate->orders[i];
        bool meets = price == 0 || open->price == 0 ||
                     (asked->side == TW_SIDE_BUY ? price >= open->price : price <= open->price);
        if (open->side != asked->side && open->quantity > 0 && meets) {
            verdict->limit = open->price;
            return true;
        }
    }
    return false;
}

static bool is_too_often(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    const pretrade_messages *messages = &gate->messages[order->message];
    return above((pretrade_wide)pretrade_message_recent(messages, order->now_ns) + 1,
                 messages->capacity, verdict);
}

static bool message_rate(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    return order->message != TW_PRETRADE_CANCEL && is_too_often(gate, order, verdict);
}

static bool cancel_rate(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    return order->message == TW_PRETRADE_CANCEL && is_too_often(gate, order, verdict);
}

/* What closes a position is never too much for a day. */
static bool message_day(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    return above((pretrade_wide)gate->messages[order->message].today + 1,
                 gate->config.message_day_max[order->message], verdict) &&
           !order->closes;
}

static bool repeated_execution(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)gate;
    const pretrade_tally *tally = &order->symbol->repeats[order->order->side == TW_SIDE_SELL];
    verdict->limit = order->symbol->limits.repeat_max;
    verdict->actual = (int64_t)tally->count + 1;
    return tally->tripped && !order->closes;
}

static bool order_errors(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    verdict->limit = gate->config.error_max;
    verdict->actual = gate->errors.count;
    return gate->errors.tripped && !order->closes;
}

static bool day_loss(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    pretrade_wide limit = gate->config.day_loss_max.nano;
    if (gate->config.day_loss_share_max_nano > 0) {
        pretrade_wide part =
            pretrade_nano(pretrade_nano(gate->day_equity) * gate->config.day_loss_share_max_nano);
        limit = limit == 0 || part < limit ? part : limit;
    }
    verdict->limit = told(limit);
    verdict->actual = gate->day_begun ? told(pretrade_nano(gate->day_equity) - order->equity) : 0;
    return gate->day_loss_tripped && !order->closes;
}

static bool drawdown(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    pretrade_wide peak = pretrade_nano(gate->peak_equity);
    verdict->limit = gate->config.drawdown_share_max_nano;
    verdict->actual = gate->day_begun ? told(share(peak - order->equity, peak)) : 0;
    return gate->drawdown_tripped && !order->closes;
}

static bool losses_in_a_row(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    verdict->limit = gate->config.losses_max;
    verdict->actual = gate->losses;
    return gate->losses_tripped && !order->closes;
}

static bool table_full(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict) {
    (void)order;
    return above((pretrade_wide)gate->open_count + 1, gate->config.order_count_max, verdict);
}

static const struct {
    const char *name;
    tw_pretrade_unit unit;
    bool (*denies)(gate_view *gate, order_view *order, tw_pretrade_verdict *verdict);
} controls[] = {
    [TW_PRETRADE_PASSED] = {"passed", TW_PRETRADE_UNIT_NONE, NULL},
    [TW_PRETRADE_HALTED] = {"halted", TW_PRETRADE_UNIT_NONE, halted},
    [TW_PRETRADE_REDUCING_ONLY] = {"reducing_only", TW_PRETRADE_UNIT_NONE, reducing_only},
    [TW_PRETRADE_ORDER_INVALID] = {"order_invalid", TW_PRETRADE_UNIT_NONE, order_invalid},
    [TW_PRETRADE_MARKET_ORDER] = {"market_order", TW_PRETRADE_UNIT_NONE, market_order},
    [TW_PRETRADE_STALE_PRICE] = {"stale_price", TW_PRETRADE_UNIT_TIME, stale_price},
    [TW_PRETRADE_PRICE_COLLAR] = {"price_collar", TW_PRETRADE_UNIT_SHARE, price_collar},
    [TW_PRETRADE_ORDER_QUANTITY] = {"order_quantity", TW_PRETRADE_UNIT_QUANTITY, order_quantity},
    [TW_PRETRADE_ORDER_VALUE] = {"order_value", TW_PRETRADE_UNIT_MONEY, order_value},
    [TW_PRETRADE_SHORT_SALE] = {"short_sale", TW_PRETRADE_UNIT_QUANTITY, short_sale},
    [TW_PRETRADE_CASH] = {"cash", TW_PRETRADE_UNIT_MONEY, cash},
    [TW_PRETRADE_POSITION_QUANTITY] = {"position_quantity", TW_PRETRADE_UNIT_QUANTITY,
                                       position_quantity},
    [TW_PRETRADE_POSITION_VALUE] = {"position_value", TW_PRETRADE_UNIT_MONEY, position_value},
    [TW_PRETRADE_POSITION_WEIGHT] = {"position_weight", TW_PRETRADE_UNIT_SHARE, position_weight},
    [TW_PRETRADE_GROSS_EXPOSURE] = {"gross_exposure", TW_PRETRADE_UNIT_SHARE, gross_exposure},
    [TW_PRETRADE_NET_EXPOSURE] = {"net_exposure", TW_PRETRADE_UNIT_SHARE, net_exposure},
    [TW_PRETRADE_VALUE_AT_RISK] = {"value_at_risk", TW_PRETRADE_UNIT_SHARE, value_at_risk},
    [TW_PRETRADE_OPEN_ORDERS] = {"open_orders", TW_PRETRADE_UNIT_COUNT, open_orders},
    [TW_PRETRADE_OPEN_ORDERS_SYMBOL] = {"open_orders_symbol", TW_PRETRADE_UNIT_COUNT,
                                        open_orders_symbol},
    [TW_PRETRADE_DUPLICATE_ORDER] = {"duplicate_order", TW_PRETRADE_UNIT_TIME, duplicate_order},
    [TW_PRETRADE_SELF_TRADE] = {"self_trade", TW_PRETRADE_UNIT_PRICE, self_trade},
    [TW_PRETRADE_MESSAGE_RATE] = {"message_rate", TW_PRETRADE_UNIT_COUNT, message_rate},
    [TW_PRETRADE_CANCEL_RATE] = {"cancel_rate", TW_PRETRADE_UNIT_COUNT, cancel_rate},
    [TW_PRETRADE_MESSAGE_DAY] = {"message_day", TW_PRETRADE_UNIT_COUNT, message_day},
    [TW_PRETRADE_REPEATED_EXECUTION] = {"repeated_execution", TW_PRETRADE_UNIT_COUNT,
                                        repeated_execution},
    [TW_PRETRADE_ORDER_ERRORS] = {"order_errors", TW_PRETRADE_UNIT_COUNT, order_errors},
    [TW_PRETRADE_DAY_LOSS] = {"day_loss", TW_PRETRADE_UNIT_MONEY, day_loss},
    [TW_PRETRADE_DRAWDOWN] = {"drawdown", TW_PRETRADE_UNIT_SHARE, drawdown},
    [TW_PRETRADE_LOSSES_IN_A_ROW] = {"losses_in_a_row", TW_PRETRADE_UNIT_COUNT, losses_in_a_row},
    [TW_PRETRADE_TABLE_FULL] = {"order_table_full", TW_PRETRADE_UNIT_COUNT, table_full},
};

_Static_assert(sizeof controls / sizeof controls[0] == TW_PRETRADE_REASON_COUNT,
               "every reason has its control");

const char *tw_pretrade_reason_name(tw_pretrade_reason reason) {
    return (size_t)reason < TW_PRETRADE_REASON_COUNT ? controls[reason].name : "?";
}

tw_pretrade_unit tw_pretrade_reason_unit(tw_pretrade_reason reason) {
    return (size_t)reason < TW_PRETRADE_REASON_COUNT ? controls[reason].unit
                                                     : TW_PRETRADE_UNIT_NONE;
}

size_t tw_pretrade_value_format(tw_pretrade_reason reason, int64_t value, char *ret_text) {
    tw_pretrade_unit unit = tw_pretrade_reason_unit(reason);
    if (unit != TW_PRETRADE_UNIT_COUNT && unit != TW_PRETRADE_UNIT_NONE)
        return tw_decimal_format(value, ret_text); /* nanoseconds are seconds at 1e-9 */
    tw_text text = tw_text_over(ret_text, TW_DECIMAL_TEXT_SIZE);
    tw_text_append_i64(&text, value);
    return text.size;
}

bool pretrade_ask(const tw_pretrade *gate, const pretrade_candidate *candidate,
                  tw_pretrade_reason reason, tw_pretrade_verdict *ret_verdict) {
    TW_ASSERT(reason > TW_PRETRADE_PASSED && reason < TW_PRETRADE_REASON_COUNT);
    *ret_verdict = (tw_pretrade_verdict){.ticket = TW_PRETRADE_NO_TICKET};
    bool denies = controls[reason].denies(gate, candidate, ret_verdict) &&
                  gate->override_until_ns[reason] <= candidate->now_ns;
    ret_verdict->reason = denies ? reason : TW_PRETRADE_PASSED;
    return denies;
}
