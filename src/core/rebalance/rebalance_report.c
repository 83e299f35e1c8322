/*
 * rebalance_report.c - the answer: trades in the order of the positions, and their sums.
 */
#include "rebalance_priv.h"

#include <string.h>

#include "tradewind/text.h"

/* --- trades ---------------------------------------------------------------------------------- */

/* Does the most of an order keep this one outside its band? */
static bool is_shortened(const problem *p, size_t index) {
    tw_rebalance_range range;
    range_notes notes;
    return p->has_order_max && rebalance_range_at(p, index, &range, &notes, NULL) == TW_OK &&
           notes.shortened;
}

static void write_trade(const problem *p, const member *m, tw_rebalance_trade *trade) {
    bool buys = m->at > 0;
    int64_t quantity = (buys ? m->at : -m->at) * m->lot;
    wide value = value_of(quantity, m->price, buys);
    *trade = (tw_rebalance_trade){
        .index = m->index,
        .quantity = {quantity},
        .price = {m->price},
        .value = {(int64_t)value},
        .cost = {(int64_t)cost_of(value, buys, m->cost)},
        .symbol = rebalance_symbol_of(p, m->index),
        .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL,
        .shortened = is_shortened(p, m->index),
        .reason = (uint8_t)(p->work->outcomes[m->index] - TW_OUTCOME_ABOVE_BAND)};
}

static void say_feasible(const problem *p) {
    const tw_rebalance_plan *plan = p->plan;
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    if (plan->count == 0 && plan->capped_outside > 0) {
        tw_text_append_string(&text, "No trade: the cash is inside its window.");
    } else if (plan->count == 0) {
        tw_text_append_string(&text, "No trade is needed: every position that may trade is inside "
                                     "its band and the cash is inside its window.");
    } else {
        tw_text_append_u64(&text, plan->count);
        tw_text_append_string(&text, plan->count == 1 ? " trade: " : " trades: ");
        tw_text_append_u64(&text, plan->mandatory);
        tw_text_append_string(&text, " outside the band, ");
        tw_text_append_u64(&text, plan->count - plan->mandatory);
        tw_text_append_string(&text, p->by_value ? " more for the limits; "
                                                 : " more for the cash window; ");
        if (plan->count == plan->lower_bound)
            tw_text_append_string(&text, plan->capped_outside > 0 ? "no plan for these has fewer."
                                                                  : "no plan has fewer.");
        else
            tw_text_append_format(&text, "at least %zu are needed.", plan->lower_bound);
    }
    size_t limited = plan->shortened + plan->order_max_outside;
    if (limited > 0)
        tw_text_append_format(&text, " The most of an order keeps %zu position%s outside.", limited,
                              limited == 1 ? "" : "s");
    if (plan->capped_outside > 0)
        tw_text_append_format(&text, " %zu position%s outside, because the cap is spent.",
                              plan->capped_outside,
                              plan->capped_outside == 1 ? " stays" : "s stay");
}

/* What long and short values come to together after the trades, over the limit: measured from the
 * finished plan, so that no way to it has to be trusted. */
static bool exceeds_gross(const problem *p, size_t count) {
    if (p->sides == 0 || p->positions == NULL)
        return false;
    wide gross = 0;
    size_t next = 0;
    for (size_t i = 0; i < p->count; i++) {
        wide quantity = p->positions[i].quantity.nano;
        if (next < count && p->work->trades[next].index == i) {
            const tw_rebalance_trade *trade = &p->work->trades[next++];
            quantity += trade->side == TW_SIDE_BUY ? trade->quantity.nano : -trade->quantity.nano;
        }
        wide value = quantity * p->positions[i].price.nano;
        gross += value < 0 ? -value : value;
    }
    return gross > p->gross_limit;
}

tw_status rebalance_write_plan(problem *p, tw_error *error) {
    uint32_t *slots = p->work->seats;
    tw_rebalance_trade *trades = p->work->trades;
    size_t count = 0;
    wide turnover = 0;
    wide cost = 0;
    for (size_t i = 0; i < p->member_count; i++)
        slots[p->work->members[i].index] = (uint32_t)i;
    for (size_t i = 0; count < p->member_count; i++) {
        i = next_not_inside(p->work->outcomes, i, p->count);
        TW_ASSERT(i < p->count);
        if (!is_trade(p->work->outcomes[i]))
            continue;
        tw_rebalance_trade *trade = &trades[count++];
        write_trade(p, &p->work->members[slots[i]], trade);
        turnover += trade->value.nano;
        cost += trade->cost.nano;
    }
    TW_ASSERT(count == p->member_count);
    if (exceeds_gross(p, count)) {
        rebalance_say_gross(p);
        return TW_OK;
    }
    wide cash_after = p->config->cash.nano - p->work->nodes[0].total;
    if (turnover > INT64_MAX || cost > INT64_MAX || cash_after > INT64_MAX ||
        cash_after < INT64_MIN)
        return tw_error_set(error, TW_OVERFLOW, "the plan's turnover or cash does not fit");
    tw_rebalance_plan *plan = p->plan;
    plan->feasible = true;
    plan->trades = trades;
    plan->count = count;
    plan->proven = count == plan->lower_bound;
    plan->turnover.nano = (int64_t)turnover;
    plan->cost.nano = (int64_t)cost;
    plan->cash_after.nano = (int64_t)cash_after;
    say_feasible(p);
    return TW_OK;
}
