/*
 * pretrade_counts.c - what counts against the limits, kept by differences.
 *
 * Values are exact products of 1e-9 and 1e-9, so what is taken off a sum is what was put on, and
 * sums never drift.
 *
 * Invariants
 *  1. value, worst, intended and reserved of the gate are the sums over its symbols and orders.
 *  2. buys, sells and open_count of a symbol are those of the orders in its list.
 */
#include <math.h>
#include <string.h>

#include "pretrade_priv.h"
#include "tradewind/time.h"

static const pretrade_wide VALUE_MAX = (pretrade_wide)1 << 106;

static pretrade_wide magnitude(pretrade_wide value) {
    return value < 0 ? -value : value;
}

pretrade_wide pretrade_product(pretrade_wide quantity, int64_t price) {
    if (magnitude(quantity) > INT64_MAX)
        return quantity < 0 ? -VALUE_MAX : VALUE_MAX;
    pretrade_wide product = quantity * price;
    if (magnitude(product) > VALUE_MAX)
        return product < 0 ? -VALUE_MAX : VALUE_MAX;
    return product;
}

pretrade_wide pretrade_worst(pretrade_wide quantity, pretrade_wide buys, pretrade_wide sells) {
    pretrade_wide longest = magnitude(quantity + buys);
    pretrade_wide shortest = magnitude(quantity - sells);
    return longest > shortest ? longest : shortest;
}

pretrade_wide pretrade_equity(const tw_pretrade *gate) {
    return (pretrade_wide)gate->cash * TW_NANO + gate->value;
}

pretrade_wide pretrade_nano(pretrade_wide value) {
    return value / TW_NANO;
}

void pretrade_revalue(tw_pretrade *gate, tw_symbol symbol) {
    pretrade_symbol *state = &gate->symbols[symbol];
    pretrade_wide worst = pretrade_worst(state->quantity, state->buys, state->sells);
    pretrade_wide value = pretrade_product(state->quantity, state->mark);
    pretrade_wide exposed = pretrade_product(worst, state->mark);
    pretrade_wide intended =
        pretrade_product(state->quantity + state->buys - state->sells, state->mark);
    gate->value += value - state->value;
    gate->worst += exposed - state->worst;
    gate->intended += intended - state->intended;
    state->value = value;
    state->worst = exposed;
    state->intended = intended;
}

bool pretrade_watch(tw_pretrade *gate) {
    if (!gate->day_begun)
        return false;
    const tw_pretrade_config *config = &gate->config;
    pretrade_wide equity = pretrade_equity(gate);
    bool rises = equity > gate->peak_equity;
    if (rises)
        gate->peak_equity = equity;
    pretrade_wide loss = gate->day_equity - equity;
    bool lost = (config->day_loss_max.nano > 0 &&
                 loss > (pretrade_wide)config->day_loss_max.nano * TW_NANO) ||
                (config->day_loss_share_max_nano > 0 &&
                 loss > pretrade_nano(gate->day_equity) * config->day_loss_share_max_nano);
    bool drawn = config->drawdown_share_max_nano > 0 &&
                 gate->peak_equity - equity >
                     pretrade_nano(gate->peak_equity) * config->drawdown_share_max_nano;
    bool trips = (lost && !gate->day_loss_tripped) || (drawn && !gate->drawdown_tripped);
    gate->day_loss_tripped |= lost;
    gate->drawdown_tripped |= drawn;
    return rises || trips;
}

/* ---- told ---------------------------------------------------------------------------------- */

void tw_pretrade_mark(tw_pretrade *gate, tw_symbol symbol, tw_price price, int64_t time_ns) {
    TW_ASSERT(symbol < gate->config.symbol_count && price.nano >= 0);
    pretrade_symbol *state = &gate->symbols[symbol];
    state->mark_ns = price.nano > 0 ? time_ns : 0;
    if (price.nano == 0 || price.nano == state->mark)
        return; /* what is held is still valued at the newest that there was */
    state->mark = price.nano;
    pretrade_revalue(gate, symbol);
    pretrade_exposure_moved(gate, symbol);
    pretrade_watch(gate);
}

void tw_pretrade_set_position(tw_pretrade *gate, tw_symbol symbol, tw_quantity quantity,
                              tw_price average_price) {
    TW_ASSERT(symbol < gate->config.symbol_count);
    gate->symbols[symbol].quantity = quantity.nano;
    gate->symbols[symbol].average = average_price.nano;
    pretrade_revalue(gate, symbol);
    pretrade_exposure_moved(gate, symbol);
}

void tw_pretrade_set_cash(tw_pretrade *gate, tw_money cash) {
    gate->cash = cash.nano;
}

/* ---- open orders --------------------------------------------------------------------------- */

int64_t pretrade_reserve(uint8_t side, int64_t quantity, int64_t price) {
    int64_t value = 0;
    if (side != TW_SIDE_BUY)
        return 0;
    return tw_decimal_multiply(quantity, price, TW_ROUND_CEILING, &value) == TW_OK ? value
                                                                                   : INT64_MAX;
}

/* Lets the open quantity and the reserved cash of an order count, or (-1) count no longer. */
static void count_open(tw_pretrade *gate, const pretrade_open *order, int sign) {
    pretrade_symbol *symbol = &gate->symbols[order->symbol];
    pretrade_wide *open = order->side == TW_SIDE_BUY ? &symbol->buys : &symbol->sells;
    *open += (pretrade_wide)sign * order->quantity;
    gate->reserved += (pretrade_wide)sign * order->reserved;
}

uint32_t pretrade_attach(tw_pretrade *gate, const pretrade_open *order) {
    uint32_t ticket = gate->free_first;
    TW_ASSERT(ticket != TW_PRETRADE_NO_TICKET && order->side != TW_SIDE_NONE);
    pretrade_open *place = &gate->orders[ticket];
    gate->free_first = place->next;
    *place = *order;
    pretrade_symbol *symbol = &gate->symbols[order->symbol];
    place->previous = TW_PRETRADE_NO_TICKET;
    place->next = symbol->first;
    if (symbol->first != TW_PRETRADE_NO_TICKET)
        gate->orders[symbol->first].previous = ticket;
    symbol->first = ticket;
    symbol->open_count++;
    gate->open_count++;
    count_open(gate, place, 1);
    pretrade_revalue(gate, order->symbol);
    pretrade_exposure_moved(gate, order->symbol);
    return ticket;
}

void pretrade_detach(tw_pretrade *gate, uint32_t ticket) {
    pretrade_open *place = &gate->orders[ticket];
    pretrade_symbol *symbol = &gate->symbols[place->symbol];
    count_open(gate, place, -1);
    if (place->previous == TW_PRETRADE_NO_TICKET)
        symbol->first = place->next;
    else
        gate->orders[place->previous].next = place->next;
    if (place->next != TW_PRETRADE_NO_TICKET)
        gate->orders[place->next].previous = place->previous;
    symbol->open_count--;
    gate->open_count--;
    pretrade_revalue(gate, place->symbol);
    pretrade_exposure_moved(gate, place->symbol);
    place->side = TW_SIDE_NONE;
    place->next = gate->free_first;
    gate->free_first = ticket;
}

/* The part of a fill that closes what is held wins or loses against its average price; the rest
 * opens. */
static void move_position(pretrade_symbol *symbol, pretrade_open *order, int64_t signed_quantity,
                          int64_t price) {
    pretrade_wide before = symbol->quantity;
    pretrade_wide after = before + signed_quantity;
    bool opens = before == 0 || (before > 0) == (signed_quantity > 0);
    if (opens) {
        pretrade_wide cost =
            magnitude(before) * symbol->average + magnitude((pretrade_wide)signed_quantity) * price;
        symbol->average = after == 0 ? 0 : (int64_t)(cost / magnitude(after));
    } else {
        pretrade_wide closed = magnitude(signed_quantity) < magnitude(before)
                                   ? magnitude(signed_quantity)
                                   : magnitude(before);
        pretrade_wide gain = pretrade_product(closed, price - symbol->average);
        order->realized += before > 0 ? gain : -gain;
        if (after == 0)
            symbol->average = 0;
        else if ((after > 0) != (before > 0))
            symbol->average = price;
    }
    symbol->quantity = (int64_t)after;
}

tw_status tw_pretrade_fill(tw_pretrade *gate, uint32_t ticket, tw_quantity quantity,
                           tw_price price) {
    TW_ASSERT(ticket < gate->config.order_count_max);
    pretrade_open *order = &gate->orders[ticket];
    TW_ASSERT(order->side != TW_SIDE_NONE && quantity.nano > 0 && price.nano > 0);
    pretrade_symbol *symbol = &gate->symbols[order->symbol];
    int64_t sign = order->side == TW_SIDE_BUY ? 1 : -1;
    int64_t paid = 0;
    int64_t cash = 0;
    if (tw_decimal_multiply(price.nano, quantity.nano, TW_ROUND_HALF_EVEN, &paid) != TW_OK ||
        tw_decimal_subtract(gate->cash, sign * paid, &cash) != TW_OK ||
        magnitude((pretrade_wide)symbol->quantity + sign * quantity.nano) > INT64_MAX)
        return TW_OVERFLOW;
    count_open(gate, order, -1);
    order->quantity = quantity.nano < order->quantity ? order->quantity - quantity.nano : 0;
    order->reserved = pretrade_reserve(order->side, order->quantity, order->price);
    count_open(gate, order, 1);
    move_position(symbol, order, sign * quantity.nano, price.nano);
    gate->cash = cash;
    pretrade_revalue(gate, order->symbol);
    pretrade_exposure_moved(gate, order->symbol);
    pretrade_watch(gate);
    return TW_OK;
}

void tw_pretrade_end(tw_pretrade *gate, uint32_t ticket, tw_pretrade_outcome outcome,
                     int64_t now_ns) {
    TW_ASSERT(ticket < gate->config.order_count_max);
    const pretrade_open *order = &gate->orders[ticket];
    TW_ASSERT(order->side != TW_SIDE_NONE);
    const tw_pretrade_config *config = &gate->config;
    if (order->realized != 0)
        gate->losses = order->realized < 0 ? gate->losses + 1 : 0;
    if (config->losses_max > 0 && gate->losses >= config->losses_max)
        gate->losses_tripped = true;
    if (outcome == TW_PRETRADE_REJECTED)
        pretrade_tally_count(&gate->errors, now_ns, config->error_max, config->error_span_ns);
    pretrade_detach(gate, ticket);
}

/* ---- counted in time ----------------------------------------------------------------------- */

/* Times are in order from the oldest: those within a second are the ones from a place on. */
uint32_t pretrade_message_recent(const pretrade_messages *messages, int64_t now_ns) {
    uint32_t low = 0;
    uint32_t high = messages->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t place = (messages->oldest + middle) % messages->capacity;
        if (now_ns - messages->times[place] >= TW_NS_PER_SECOND)
            low = middle + 1;
        else
            high = middle;
    }
    return messages->count - low;
}

void pretrade_message_count(pretrade_messages *messages, int64_t now_ns) {
    messages->today++;
    if (messages->capacity == 0)
        return; /* no limit a second */
    if (messages->count < messages->capacity) {
        messages->times[messages->count++] = now_ns;
        return;
    }
    messages->times[messages->oldest] = now_ns;
    messages->oldest = messages->oldest + 1 == messages->capacity ? 0 : messages->oldest + 1;
}

bool pretrade_tally_count(pretrade_tally *tally, int64_t now_ns, uint32_t max, int64_t span_ns) {
    if (tally->count == 0 || (span_ns > 0 && now_ns - tally->from_ns >= span_ns)) {
        tally->from_ns = now_ns;
        tally->count = 0;
    }
    tally->count++;
    bool trips = max > 0 && tally->count >= max && !tally->tripped;
    tally->tripped |= trips;
    return trips;
}

void pretrade_remember(pretrade_symbol *symbol, const tw_order *order, int64_t now_ns) {
    symbol->recent[symbol->recent_next] = (pretrade_recent){
        .time_ns = now_ns,
        .quantity = order->quantity.nano,
        .price = order->limit_price.nano,
        .side = order->side,
    };
    symbol->recent_next = (symbol->recent_next + 1) % TW_PRETRADE_RECENT;
}
