/*
 * rebalance_report.c - the answer: trades in the order of the positions, sums, and sentences.
 */
#include "rebalance_priv.h"

#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/text.h"

/* --- trades ---------------------------------------------------------------------------------- */

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
        tw_text_append_format(&text, "%zu trade%s: %zu outside the band, %zu more for the %s; ",
                              plan->count, plan->count == 1 ? "" : "s", plan->mandatory,
                              plan->count - plan->mandatory,
                              p->by_value ? "limits" : "cash window");
        if (plan->count == plan->lower_bound)
            tw_text_append_string(&text, plan->capped_outside > 0 ? "no plan for these has fewer."
                                                                  : "no plan has fewer.");
        else
            tw_text_append_format(&text, "at least %zu are needed.", plan->lower_bound);
    }
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

static void say_gross(problem *p) {
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    p->plan->feasible = p->plan->proven = false;
    p->plan->count = 0;
    tw_text_append_string(&text, "No plan was found within the gross limit: a position that stands "
                                 "on the other side of its target keeps less than a lot there. "
                                 "This is not a proof; smaller lots or a wider limit help.");
}

tw_status rebalance_write_plan(problem *p, tw_error *error) {
    uint32_t *slots = p->work->seats;
    tw_rebalance_trade *trades = p->work->trades;
    size_t count = 0;
    wide turnover = 0;
    wide cost = 0;
    for (size_t i = 0; i < p->member_count; i++)
        slots[p->work->members[i].index] = (uint32_t)i;
    for (size_t i = 0; i < p->count && count < p->member_count; i++) {
        if (!is_trade(p->work->outcomes[i]))
            continue;
        tw_rebalance_trade *trade = &trades[count++];
        write_trade(p, &p->work->members[slots[i]], trade);
        turnover += trade->value.nano;
        cost += trade->cost.nano;
    }
    TW_ASSERT(count == p->member_count);
    if (exceeds_gross(p, count)) {
        say_gross(p);
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

/* --- sentences ------------------------------------------------------------------------------- */

static void append_money(tw_text *text, int64_t nano) {
    char buffer[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_decimal_format(nano, buffer);
    tw_text_append(text, (tw_slice){buffer, size});
}

/* The limit at fault as the caller knows it. */
static wide limit_at_fault(const problem *p) {
    bool down = p->fault_down;
    if (p->fault == 0)
        return down ? p->config->cash_min.nano : p->config->cash_max.nano;
    int64_t limit = down ? p->config->net_max_nano : p->config->net_min_nano;
    uint32_t group = p->work->nodes[p->fault].fault;
    if (group != 0)
        limit =
            down ? p->config->groups[group - 1].most_nano : p->config->groups[group - 1].least_nano;
    if (p->positions == NULL)
        return limit;
    wide value = (wide)limit * p->equity;
    return down ? floor_divide(value, TW_NANO) : ceiling_divide(value, TW_NANO);
}

static void append_subject(const problem *p, tw_text *text) {
    const char *what = p->positions != NULL ? "value" : "purchases less sales";
    uint32_t group = p->work->nodes[p->fault].fault;
    if (p->fault == 0)
        tw_text_append_string(text, "the cash");
    else if (group != 0)
        tw_text_append_format(text, "the %s of group %u", what, group);
    else
        tw_text_append_format(text, "the net %s", what);
}

void rebalance_say_infeasible(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    plan->proven = true;
    if (p->sides != 0 && p->fault == p->sides) {
        tw_text_append_string(&text, "No plan exists: no trades that the bands allow bring the "
                                     "cash, the net and the gross value into their limits "
                                     "together.");
        return;
    }
    /* Selling raises the cash and lowers what a group is worth. */
    bool sells = p->fault_down;
    bool short_of = sells == (p->fault == 0);
    wide limit = limit_at_fault(p);
    plan->deficit.nano = narrow(p->fault_gap);
    plan->reachable.nano = narrow(short_of ? limit - p->fault_gap : limit + p->fault_gap);
    plan->group_at_fault = p->work->nodes[p->fault].fault;
    tw_text_append_format(&text, "No plan exists: after every allowed %s ",
                          sells ? "sale" : "purchase");
    append_subject(p, &text);
    tw_text_append_string(&text, sells == (p->fault == 0) && sells ? " is " : " is still ");
    append_money(&text, plan->reachable.nano);
    tw_text_append_string(&text, ", which is ");
    append_money(&text, plan->deficit.nano);
    tw_text_append_string(&text,
                          short_of ? " short of the least allowed, " : " above the most allowed, ");
    append_money(&text, narrow(limit));
    tw_text_append_string(&text, ".");
}

void rebalance_say_not_found(const problem *p) {
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    p->plan->proven = false;
    tw_text_append_string(&text,
                          "No plan was found: a window is narrower than a lot, or a minimum trade "
                          "or a fixed cost steps over it. This is not a proof; windows as wide as "
                          "one lot of the dearest name remove the difficulty.");
}

/* Every window can be reached by amounts, but by no whole lots. */
void rebalance_say_none_fits(const problem *p) {
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    p->plan->proven = true;
    tw_text_append_string(&text,
                          "No plan exists: every combination of whole lots was looked through, and "
                          "each steps over a window. Windows as wide as one lot of the dearest "
                          "name remove the difficulty.");
}

void rebalance_say_capped(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    bool was_feasible = plan->feasible;
    char without[sizeof plan->reason];
    memcpy(without, plan->reason, sizeof without);
    tw_text_append_string(&text, "No plan was found within the caps, whoever is left outside. With "
                                 "nobody left outside: ");
    if (was_feasible) {
        tw_text_append_format(&text, "%zu trades, and a turnover of ", plan->count);
        append_money(&text, plan->turnover.nano);
        tw_text_append_char(&text, '.');
    } else {
        tw_text_append_string(&text, without);
    }
    plan->feasible = plan->proven = false;
    plan->count = 0;
    plan->turnover.nano = plan->cost.nano = plan->cash_after.nano = 0;
}

/* --- names ----------------------------------------------------------------------------------- */

const char *tw_rebalance_outcome_name(tw_rebalance_outcome outcome) {
    static const char *const names[] = {"inside band",   "above band", "below band", "raise cash",
                                        "use cash",      "cut group",  "fill group", "restricted",
                                        "below minimum", "cap"};
    return outcome <= TW_OUTCOME_LEFT_CAP ? names[outcome] : "unknown";
}

const char *tw_trade_reason_name(tw_trade_reason reason) {
    if (reason > TW_TRADE_FILL_GROUP)
        return "unknown";
    return tw_rebalance_outcome_name((tw_rebalance_outcome)(reason + 1));
}
