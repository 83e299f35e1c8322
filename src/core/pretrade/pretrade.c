/*
 * pretrade.c - a gate's life, its settings and stops, and judging an order.
 *
 * Judging makes a candidate - the figures as they would be with the order out - and asks the table
 * of controls in its order. What passes is attached: from then on it is one of those that count.
 *
 * Invariants
 *  1. A denied order leaves all figures as they were but for `denied`.
 *  2. now_ns never falls.
 *  3. A place of `orders` is either in its symbol's list or in the free list.
 */
#include <math.h>
#include <string.h>

#include "pretrade_priv.h"

/* ---- life ---------------------------------------------------------------------------------- */

void tw_pretrade_config_init(tw_pretrade_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->symbol_count = 1;
    config->order_count_max = 1024;
}

static tw_status check_limits(const tw_pretrade_limits *limits, tw_error *error) {
    const int64_t values[] = {
        limits->quantity_max.nano,       limits->value_max.nano,    limits->collar_nano,
        limits->price_age_ns_max,        limits->position_max.nano, limits->position_value_max.nano,
        limits->position_share_max_nano, limits->repeat_span_ns};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i] < 0)
            return tw_error_set(error, TW_INVALID, "a limit of a symbol is below zero");
    }
    return TW_OK;
}

static tw_status check_config(const tw_pretrade_config *config, tw_error *error) {
    const int64_t values[] = {config->cash_min.nano,
                              config->gross_share_max_nano,
                              config->net_share_max_nano,
                              config->value_at_risk_share_max_nano,
                              config->duplicate_span_ns,
                              config->day_loss_max.nano,
                              config->day_loss_share_max_nano,
                              config->drawdown_share_max_nano,
                              config->error_span_ns};
    if (config->symbol_count == 0 || config->symbol_count > TW_PRETRADE_SYMBOL_MAX)
        return tw_error_set(error, TW_INVALID, "symbols must be 1 to %d, not %u",
                            TW_PRETRADE_SYMBOL_MAX, config->symbol_count);
    if (config->order_count_max == 0 || config->order_count_max > TW_PRETRADE_ORDER_MAX)
        return tw_error_set(error, TW_INVALID, "open orders must be 1 to %u, not %u",
                            TW_PRETRADE_ORDER_MAX, config->order_count_max);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (values[i] < 0)
            return tw_error_set(error, TW_INVALID, "a limit is below zero");
    }
    for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++) {
        if (config->message_max[i] > TW_PRETRADE_MESSAGE_MAX)
            return tw_error_set(error, TW_INVALID, "messages a second must be at most %d, not %u",
                                TW_PRETRADE_MESSAGE_MAX, config->message_max[i]);
    }
    return check_limits(&config->limits, error);
}

static tw_status take_memory(tw_pretrade *gate) {
    const tw_allocator *allocator = gate->allocator;
    const tw_pretrade_config *config = &gate->config;
    gate->symbols = TW_NEW(allocator, config->symbol_count, pretrade_symbol);
    gate->orders = TW_NEW(allocator, config->order_count_max, pretrade_open);
    gate->exposure = TW_NEW(allocator, config->symbol_count, double);
    gate->product = TW_NEW(allocator, config->symbol_count, double);
    bool complete = gate->symbols != NULL && gate->orders != NULL && gate->exposure != NULL &&
                    gate->product != NULL;
    for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++) {
        if (config->message_max[i] == 0)
            continue;
        gate->messages[i].capacity = config->message_max[i];
        gate->messages[i].times = TW_NEW(allocator, config->message_max[i], int64_t);
        complete = complete && gate->messages[i].times != NULL;
    }
    return complete ? TW_OK : TW_NO_MEMORY;
}

tw_status tw_pretrade_new(const tw_allocator *allocator, const tw_pretrade_config *config,
                          tw_pretrade **ret_gate, tw_error *error) {
    tw_status status = check_config(config, error);
    if (status != TW_OK)
        return status;
    tw_pretrade *gate = TW_NEW(allocator, 1, tw_pretrade);
    if (gate == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the controls of orders");
    gate->allocator = allocator;
    gate->config = *config;
    status = take_memory(gate);
    if (status != TW_OK) {
        tw_pretrade_free(gate);
        return tw_error_set(error, status, "no memory for the controls of orders");
    }
    for (uint32_t i = 0; i < config->order_count_max; i++)
        gate->orders[i].next = i + 1 < config->order_count_max ? i + 1 : TW_PRETRADE_NO_TICKET;
    for (uint32_t s = 0; s < config->symbol_count; s++) {
        gate->symbols[s].limits = config->limits;
        gate->symbols[s].first = TW_PRETRADE_NO_TICKET;
    }
    *ret_gate = gate;
    return TW_OK;
}

void tw_pretrade_free(tw_pretrade *gate) {
    if (gate == NULL)
        return;
    const tw_allocator *allocator = gate->allocator;
    uint32_t n = gate->config.symbol_count;
    for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++)
        TW_DELETE(allocator, gate->messages[i].times, gate->config.message_max[i], int64_t);
    TW_DELETE(allocator, gate->symbols, n, pretrade_symbol);
    TW_DELETE(allocator, gate->orders, gate->config.order_count_max, pretrade_open);
    TW_DELETE(allocator, gate->exposure, n, double);
    TW_DELETE(allocator, gate->product, n, double);
    TW_DELETE(allocator, gate, 1, tw_pretrade);
}

tw_status tw_pretrade_set_limits(tw_pretrade *gate, tw_symbol symbol,
                                 const tw_pretrade_limits *limits, tw_error *error) {
    TW_ASSERT(symbol < gate->config.symbol_count);
    tw_status status = check_limits(limits, error);
    if (status == TW_OK)
        gate->symbols[symbol].limits = *limits;
    return status;
}

/* ---- settings and stops -------------------------------------------------------------------- */

void tw_pretrade_begin_day(tw_pretrade *gate) {
    gate->day_equity = pretrade_equity(gate);
    gate->day_loss_tripped = false;
    if (!gate->day_begun || gate->day_equity > gate->peak_equity)
        gate->peak_equity = gate->day_equity;
    gate->day_begun = true;
    for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++)
        gate->messages[i].today = 0;
}

void tw_pretrade_set_state(tw_pretrade *gate, tw_pretrade_state state) {
    gate->state = state;
}

void tw_pretrade_set_symbol_state(tw_pretrade *gate, tw_symbol symbol, tw_pretrade_state state) {
    TW_ASSERT(symbol < gate->config.symbol_count);
    gate->symbols[symbol].state = state;
}

void tw_pretrade_override(tw_pretrade *gate, tw_pretrade_reason reason, int64_t until_ns) {
    TW_ASSERT(reason > TW_PRETRADE_PASSED && reason < TW_PRETRADE_REASON_COUNT);
    TW_ASSERT(reason != TW_PRETRADE_ORDER_INVALID && reason != TW_PRETRADE_TABLE_FULL);
    gate->override_until_ns[reason] = until_ns;
}

static void reset_repeats(tw_pretrade *gate) {
    for (uint32_t s = 0; s < gate->config.symbol_count; s++)
        memset(gate->symbols[s].repeats, 0, sizeof gate->symbols[s].repeats);
    gate->repeats_tripped = 0;
}

void tw_pretrade_reset(tw_pretrade *gate, tw_pretrade_stop stop) {
    switch (stop) {
    case TW_PRETRADE_STOP_REPEATS:
        reset_repeats(gate);
        break;
    case TW_PRETRADE_STOP_ERRORS:
        gate->errors = (pretrade_tally){0};
        break;
    case TW_PRETRADE_STOP_DAY_LOSS:
        gate->day_equity = pretrade_equity(gate);
        gate->day_loss_tripped = false;
        break;
    case TW_PRETRADE_STOP_DRAWDOWN:
        gate->peak_equity = pretrade_equity(gate);
        gate->drawdown_tripped = false;
        break;
    case TW_PRETRADE_STOP_LOSSES:
        gate->losses = 0;
        gate->losses_tripped = false;
        break;
    }
}

/* ---- judging ------------------------------------------------------------------------------- */

static int64_t see_time(tw_pretrade *gate, int64_t now_ns) {
    if (now_ns > gate->now_ns)
        gate->now_ns = now_ns;
    return gate->now_ns;
}

static bool is_valid(const tw_pretrade *gate, const tw_order *order) {
    return order->symbol < gate->config.symbol_count && order->quantity.nano > 0 &&
           order->limit_price.nano >= 0 &&
           (order->side == TW_SIDE_BUY || order->side == TW_SIDE_SELL);
}

/* A market order is valued as far from the mark as the collar allows. */
static int64_t valued_at(const pretrade_symbol *symbol, const tw_order *order) {
    if (order->limit_price.nano > 0)
        return order->limit_price.nano;
    pretrade_wide room = (pretrade_wide)symbol->mark * symbol->limits.collar_nano / TW_NANO;
    pretrade_wide price = symbol->mark + (order->side == TW_SIDE_BUY ? room : -room);
    if (price > INT64_MAX)
        return INT64_MAX;
    return price > 0 ? (int64_t)price : 0;
}

static void see_variance(const tw_pretrade *gate, pretrade_candidate *candidate,
                         pretrade_wide signed_quantity) {
    if (gate->covariance == NULL)
        return;
    double change = (double)pretrade_product(signed_quantity, candidate->symbol->mark) /
                    ((double)TW_NANO * (double)TW_NANO);
    pretrade_variance now = pretrade_variance_now(gate, candidate->order->symbol);
    candidate->variance_before = now.whole;
    candidate->variance = now.whole + change * (2.0 * now.product + change * now.own);
}

static pretrade_candidate make_candidate(const tw_pretrade *gate, const tw_order *order,
                                         tw_pretrade_message message) {
    const pretrade_symbol *symbol = &gate->symbols[order->symbol];
    bool buys = order->side == TW_SIDE_BUY;
    pretrade_wide quantity = order->quantity.nano;
    pretrade_wide signed_quantity = buys ? quantity : -quantity;
    pretrade_wide worst_before = pretrade_worst(symbol->quantity, symbol->buys, symbol->sells);
    pretrade_wide worst = pretrade_worst(symbol->quantity, symbol->buys + (buys ? quantity : 0),
                                         symbol->sells + (buys ? 0 : quantity));
    pretrade_wide exposed = pretrade_product(worst, symbol->mark);
    pretrade_wide held = buys ? -(pretrade_wide)symbol->quantity : symbol->quantity;
    int64_t price = valued_at(symbol, order);
    pretrade_wide value = (pretrade_wide)order->quantity.nano * price;
    pretrade_candidate candidate = {
        .order = order,
        .symbol = symbol,
        .now_ns = gate->now_ns,
        .price = price,
        .value = value / TW_NANO + (value % TW_NANO != 0),
        .worst_quantity = worst,
        .worst = pretrade_nano(exposed),
        .gross = pretrade_nano(gate->worst - symbol->worst + exposed),
        .net_before = pretrade_nano(gate->intended),
        .net = pretrade_nano(gate->intended + pretrade_product(signed_quantity, symbol->mark)),
        .equity = pretrade_nano(pretrade_equity(gate)),
        .message = message,
        .closes = (buys ? symbol->buys : symbol->sells) + quantity <= held,
        .no_worse = worst <= worst_before,
    };
    see_variance(gate, &candidate, signed_quantity);
    return candidate;
}

static tw_status deny(tw_pretrade *gate, tw_pretrade_verdict verdict,
                      tw_pretrade_verdict *ret_verdict) {
    gate->denied[verdict.reason]++;
    *ret_verdict = verdict;
    return TW_REFUSED;
}

/* TW_OK, or the first control that denies. */
static tw_status judge_as(tw_pretrade *gate, const tw_order *order, tw_pretrade_message message,
                          bool again, tw_pretrade_verdict *ret_verdict) {
    tw_pretrade_verdict verdict = {.reason = TW_PRETRADE_ORDER_INVALID,
                                   .ticket = TW_PRETRADE_NO_TICKET};
    if (!is_valid(gate, order))
        return deny(gate, verdict, ret_verdict);
    pretrade_candidate candidate = make_candidate(gate, order, message);
    candidate.again = again;
    for (int reason = TW_PRETRADE_PASSED + 1; reason < TW_PRETRADE_REASON_COUNT; reason++) {
        if (pretrade_ask(gate, &candidate, (tw_pretrade_reason)reason, &verdict))
            return deny(gate, verdict, ret_verdict);
    }
    return TW_OK;
}

static tw_status judge(tw_pretrade *gate, const tw_order *order, tw_pretrade_verdict *ret_verdict) {
    return judge_as(gate, order, TW_PRETRADE_SUBMIT, false, ret_verdict);
}

static pretrade_open open_of(const tw_pretrade *gate, const tw_order *order) {
    int64_t price = valued_at(&gate->symbols[order->symbol], order);
    return (pretrade_open){
        .quantity = order->quantity.nano,
        .price = order->limit_price.nano,
        .reserved = pretrade_reserve(order->side, order->quantity.nano, price),
        .symbol = order->symbol,
        .side = order->side,
    };
}

static void pass(tw_pretrade *gate, uint32_t ticket, tw_pretrade_verdict *ret_verdict) {
    gate->passed++;
    *ret_verdict = (tw_pretrade_verdict){.reason = TW_PRETRADE_PASSED, .ticket = ticket};
}

/* What passed counts from now on. */
static void count_entry(tw_pretrade *gate, const tw_order *order,
                        tw_pretrade_verdict *ret_verdict) {
    pretrade_symbol *symbol = &gate->symbols[order->symbol];
    pretrade_open open = open_of(gate, order);
    pretrade_message_count(&gate->messages[TW_PRETRADE_SUBMIT], gate->now_ns);
    gate->repeats_tripped +=
        pretrade_tally_count(&symbol->repeats[order->side == TW_SIDE_SELL], gate->now_ns,
                             symbol->limits.repeat_max, symbol->limits.repeat_span_ns);
    pretrade_remember(symbol, order, gate->now_ns);
    pass(gate, pretrade_attach(gate, &open), ret_verdict);
}

tw_status tw_pretrade_enter(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                            tw_pretrade_verdict *ret_verdict) {
    see_time(gate, now_ns);
    pretrade_watch(gate);
    tw_status status = judge(gate, order, ret_verdict);
    if (status == TW_OK)
        count_entry(gate, order, ret_verdict);
    return status;
}

/* The verdict that follows from what each control has said. */
static tw_status judge_told(tw_pretrade *gate,
                            const tw_pretrade_verdict verdicts[TW_PRETRADE_REASON_COUNT],
                            tw_pretrade_verdict *ret_verdict) {
    for (int reason = TW_PRETRADE_PASSED + 1; reason < TW_PRETRADE_REASON_COUNT; reason++) {
        if (verdicts[reason].reason != TW_PRETRADE_PASSED)
            return deny(gate, verdicts[reason], ret_verdict);
    }
    return TW_OK;
}

tw_status tw_pretrade_enter_explained(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                                      tw_pretrade_verdict ret_verdicts[TW_PRETRADE_REASON_COUNT],
                                      tw_pretrade_verdict *ret_verdict) {
    tw_pretrade_explain(gate, order, now_ns, ret_verdicts);
    /* What the controls have said holds, unless a stop trips at this very moment. */
    tw_status status = pretrade_watch(gate) || !is_valid(gate, order)
                           ? judge(gate, order, ret_verdict)
                           : judge_told(gate, ret_verdicts, ret_verdict);
    if (status == TW_OK)
        count_entry(gate, order, ret_verdict);
    return status;
}

/* The place that detach frees is the first that attach takes: the ticket stays what it was. */
static void attach_again(tw_pretrade *gate, uint32_t ticket, const pretrade_open *order) {
    TW_ASSERT(gate->free_first == ticket);
    uint32_t again = pretrade_attach(gate, order);
    TW_ASSERT(again == ticket);
}

/* Judges an order in the place of the one that has the ticket; it counts as one more message. */
static tw_status enter_again(tw_pretrade *gate, uint32_t ticket, const tw_order *order,
                             tw_pretrade_message message, tw_pretrade_verdict *ret_verdict) {
    TW_ASSERT(ticket < gate->config.order_count_max);
    pretrade_open before = gate->orders[ticket];
    TW_ASSERT(before.side == order->side && before.symbol == order->symbol);
    pretrade_watch(gate);
    pretrade_detach(gate, ticket);
    tw_status status = judge_as(gate, order, message, true, ret_verdict);
    if (status != TW_OK) {
        attach_again(gate, ticket, &before);
        return status;
    }
    pretrade_open after = open_of(gate, order);
    after.realized = before.realized;
    attach_again(gate, ticket, &after);
    pretrade_message_count(&gate->messages[message], gate->now_ns);
    pass(gate, ticket, ret_verdict);
    return TW_OK;
}

tw_status tw_pretrade_change(tw_pretrade *gate, uint32_t ticket, const tw_order *order,
                             int64_t now_ns, tw_pretrade_verdict *ret_verdict) {
    (void)see_time(gate, now_ns);
    return enter_again(gate, ticket, order, TW_PRETRADE_REPLACE, ret_verdict);
}

tw_status tw_pretrade_resend(tw_pretrade *gate, uint32_t ticket, const tw_order *order,
                             int64_t now_ns, tw_pretrade_verdict *ret_verdict) {
    (void)see_time(gate, now_ns);
    return enter_again(gate, ticket, order, TW_PRETRADE_SUBMIT, ret_verdict);
}

tw_status tw_pretrade_ask_cancel(tw_pretrade *gate, int64_t now_ns,
                                 tw_pretrade_verdict *ret_verdict) {
    static const tw_pretrade_reason asked[] = {TW_PRETRADE_CANCEL_RATE, TW_PRETRADE_MESSAGE_DAY};
    pretrade_candidate candidate = {.now_ns = see_time(gate, now_ns),
                                    .message = TW_PRETRADE_CANCEL};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        tw_pretrade_verdict verdict;
        if (pretrade_ask(gate, &candidate, asked[i], &verdict))
            return deny(gate, verdict, ret_verdict);
    }
    *ret_verdict =
        (tw_pretrade_verdict){.reason = TW_PRETRADE_PASSED, .ticket = TW_PRETRADE_NO_TICKET};
    return TW_OK;
}

tw_status tw_pretrade_cancel(tw_pretrade *gate, int64_t now_ns, tw_pretrade_verdict *ret_verdict) {
    tw_status status = tw_pretrade_ask_cancel(gate, now_ns, ret_verdict);
    if (status != TW_OK)
        return status;
    pretrade_message_count(&gate->messages[TW_PRETRADE_CANCEL], gate->now_ns);
    pass(gate, TW_PRETRADE_NO_TICKET, ret_verdict);
    return TW_OK;
}

void tw_pretrade_cancel_anyway(tw_pretrade *gate, int64_t now_ns) {
    pretrade_message_count(&gate->messages[TW_PRETRADE_CANCEL], see_time(gate, now_ns));
}

tw_status tw_pretrade_adopt(tw_pretrade *gate, const tw_order *order, uint32_t *ret_ticket) {
    TW_ASSERT(is_valid(gate, order));
    if (gate->free_first == TW_PRETRADE_NO_TICKET)
        return TW_FULL;
    pretrade_open open = open_of(gate, order);
    *ret_ticket = pretrade_attach(gate, &open);
    return TW_OK;
}

void tw_pretrade_explain(tw_pretrade *gate, const tw_order *order, int64_t now_ns,
                         tw_pretrade_verdict ret_verdicts[TW_PRETRADE_REASON_COUNT]) {
    see_time(gate, now_ns);
    memset(ret_verdicts, 0, TW_PRETRADE_REASON_COUNT * sizeof ret_verdicts[0]);
    if (!is_valid(gate, order)) {
        ret_verdicts[TW_PRETRADE_ORDER_INVALID].reason = TW_PRETRADE_ORDER_INVALID;
        return;
    }
    pretrade_candidate candidate = make_candidate(gate, order, TW_PRETRADE_SUBMIT);
    for (int reason = TW_PRETRADE_PASSED + 1; reason < TW_PRETRADE_REASON_COUNT; reason++)
        (void)pretrade_ask(gate, &candidate, (tw_pretrade_reason)reason, &ret_verdicts[reason]);
}

/* ---- figures ------------------------------------------------------------------------------- */

static tw_money money_of(pretrade_wide nano) {
    if (nano > INT64_MAX)
        return (tw_money){INT64_MAX};
    return (tw_money){nano < INT64_MIN ? INT64_MIN : (int64_t)nano};
}

tw_pretrade_reason tw_pretrade_stop_reason(tw_pretrade_stop stop) {
    static const tw_pretrade_reason reasons[TW_PRETRADE_STOP_COUNT] = {
        [TW_PRETRADE_STOP_REPEATS] = TW_PRETRADE_REPEATED_EXECUTION,
        [TW_PRETRADE_STOP_ERRORS] = TW_PRETRADE_ORDER_ERRORS,
        [TW_PRETRADE_STOP_DAY_LOSS] = TW_PRETRADE_DAY_LOSS,
        [TW_PRETRADE_STOP_DRAWDOWN] = TW_PRETRADE_DRAWDOWN,
        [TW_PRETRADE_STOP_LOSSES] = TW_PRETRADE_LOSSES_IN_A_ROW};
    TW_ASSERT((uint32_t)stop < TW_PRETRADE_STOP_COUNT);
    return reasons[stop];
}

uint32_t tw_pretrade_stops(const tw_pretrade *gate) {
    return (uint32_t)(gate->repeats_tripped > 0) << TW_PRETRADE_STOP_REPEATS |
           (uint32_t)gate->errors.tripped << TW_PRETRADE_STOP_ERRORS |
           (uint32_t)gate->day_loss_tripped << TW_PRETRADE_STOP_DAY_LOSS |
           (uint32_t)gate->drawdown_tripped << TW_PRETRADE_STOP_DRAWDOWN |
           (uint32_t)gate->losses_tripped << TW_PRETRADE_STOP_LOSSES;
}

static double value_at_risk(const tw_pretrade *gate) {
    if (gate->covariance == NULL)
        return NAN;
    return gate->factor * sqrt(fmax(pretrade_variance_now(gate, 0).whole, 0.0));
}

void tw_pretrade_get_figures(const tw_pretrade *gate, tw_pretrade_figures *ret_figures) {
    *ret_figures = (tw_pretrade_figures){
        .cash = {gate->cash},
        .equity = money_of(pretrade_nano(pretrade_equity(gate))),
        .day_equity = money_of(pretrade_nano(gate->day_equity)),
        .peak_equity = money_of(pretrade_nano(gate->peak_equity)),
        .gross = money_of(pretrade_nano(gate->worst)),
        .net = money_of(pretrade_nano(gate->intended)),
        .open_buys = money_of(gate->reserved),
        .value_at_risk = value_at_risk(gate),
        .open_count = gate->open_count,
        .losses = gate->losses,
        .stops = tw_pretrade_stops(gate),
        .passed = gate->passed,
    };
    memcpy(ret_figures->denied, gate->denied, sizeof gate->denied);
}

void tw_pretrade_get_past(const tw_pretrade *gate, tw_pretrade_past *ret_past) {
    *ret_past = (tw_pretrade_past){.day_equity = money_of(pretrade_nano(gate->day_equity)),
                                   .peak_equity = money_of(pretrade_nano(gate->peak_equity)),
                                   .losses = gate->losses,
                                   .stops = tw_pretrade_stops(gate)};
    for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++)
        ret_past->messages[i] = gate->messages[i].today;
}

void tw_pretrade_resume(tw_pretrade *gate, const tw_pretrade_past *past, bool same_day) {
    TW_ASSERT(gate->day_begun);
    pretrade_wide peak = (pretrade_wide)past->peak_equity.nano * TW_NANO;
    if (peak > gate->peak_equity)
        gate->peak_equity = peak;
    gate->losses = past->losses;
    gate->errors.tripped = (past->stops & 1u << TW_PRETRADE_STOP_ERRORS) != 0;
    gate->drawdown_tripped = (past->stops & 1u << TW_PRETRADE_STOP_DRAWDOWN) != 0;
    gate->losses_tripped = (past->stops & 1u << TW_PRETRADE_STOP_LOSSES) != 0;
    if (same_day) {
        gate->day_equity = (pretrade_wide)past->day_equity.nano * TW_NANO;
        gate->day_loss_tripped = (past->stops & 1u << TW_PRETRADE_STOP_DAY_LOSS) != 0;
        for (size_t i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++)
            gate->messages[i].today += past->messages[i];
    }
    pretrade_watch(gate);
}

static void check_symbol(const tw_pretrade *gate, tw_symbol s, pretrade_wide *reserved) {
    const pretrade_symbol *symbol = &gate->symbols[s];
    pretrade_wide open[2] = {0};
    uint32_t count = 0;
    uint32_t previous = TW_PRETRADE_NO_TICKET;
    for (uint32_t i = symbol->first; i != TW_PRETRADE_NO_TICKET; i = gate->orders[i].next) {
        const pretrade_open *order = &gate->orders[i];
        TW_ASSERT(order->symbol == s && order->side != TW_SIDE_NONE);
        TW_ASSERT(order->previous == previous && order->quantity >= 0);
        open[order->side == TW_SIDE_SELL] += order->quantity;
        *reserved += order->reserved;
        previous = i;
        count++;
    }
    TW_ASSERT(count == symbol->open_count);
    TW_ASSERT(open[0] == symbol->buys && open[1] == symbol->sells);
    TW_ASSERT(symbol->value == pretrade_product(symbol->quantity, symbol->mark));
    TW_ASSERT(symbol->worst ==
              pretrade_product(pretrade_worst(symbol->quantity, open[0], open[1]), symbol->mark));
}

void tw_pretrade_check(const tw_pretrade *gate) {
    pretrade_wide value = 0;
    pretrade_wide worst = 0;
    pretrade_wide intended = 0;
    pretrade_wide reserved = 0;
    uint32_t open = 0;
    uint32_t tripped = 0;
    uint32_t moved = 0;
    for (uint32_t s = 0; s < gate->config.symbol_count; s++) {
        check_symbol(gate, s, &reserved);
        value += gate->symbols[s].value;
        worst += gate->symbols[s].worst;
        intended += gate->symbols[s].intended;
        open += gate->symbols[s].open_count;
        tripped += gate->symbols[s].repeats[0].tripped + gate->symbols[s].repeats[1].tripped;
        moved += gate->symbols[s].has_moved;
    }
    TW_ASSERT(tripped == gate->repeats_tripped);
    TW_ASSERT(moved == gate->moved_count && moved < PRETRADE_MOVED_MAX);
    TW_ASSERT(value == gate->value && worst == gate->worst && intended == gate->intended);
    TW_ASSERT(reserved == gate->reserved && open == gate->open_count);
    uint32_t free = 0;
    for (uint32_t i = gate->free_first; i != TW_PRETRADE_NO_TICKET; i = gate->orders[i].next)
        free++;
    TW_ASSERT(free + open == gate->config.order_count_max);
}
