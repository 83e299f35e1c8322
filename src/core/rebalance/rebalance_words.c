/*
 * rebalance_words.c - what is at fault, in figures and in sentences, and the names of things.
 *
 * A position is told by its symbol and a group by its name where the caller gave tables of them,
 * else by their numbers.
 */
#include "rebalance_priv.h"

#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/text.h"

/* --- who ------------------------------------------------------------------------------------- */

static const char *name_in(const tw_symbols *names, size_t number) {
    return names != NULL && number < tw_symbols_count(names)
               ? tw_symbols_name(names, (tw_symbol)number)
               : NULL;
}

rebalance_label rebalance_label_of(const problem *p, size_t index) {
    rebalance_label label;
    tw_text text = tw_text_over(label.text, sizeof label.text);
    const char *name = name_in(p->config->symbols, rebalance_symbol_of(p, index));
    const char *what = p->positions != NULL ? "position" : "range";
    if (name != NULL)
        tw_text_append_format(&text, "%s %s", what, name);
    else
        tw_text_append_format(&text, "%s %zu", what, index);
    return label;
}

rebalance_label rebalance_group_label(const problem *p, size_t group) {
    TW_ASSERT(group > 0);
    rebalance_label label;
    tw_text text = tw_text_over(label.text, sizeof label.text);
    const char *name = name_in(p->config->group_names, group - 1);
    if (name != NULL)
        tw_text_append_format(&text, "group %s", name);
    else
        tw_text_append_format(&text, "group %zu", group);
    return label;
}

/* --- what is at fault ------------------------------------------------------------------------ */

static void append_money(tw_text *text, int64_t nano) {
    char buffer[TW_DECIMAL_TEXT_SIZE];
    size_t size = tw_decimal_format(nano, buffer);
    tw_text_append(text, (tw_slice){buffer, size});
}

/* The limit that a node could not keep. */
static tw_rebalance_fault fault_of(const problem *p) {
    bool down = p->fault_down;
    if (p->fault == 0)
        return down ? TW_REBALANCE_FAULT_CASH_MIN : TW_REBALANCE_FAULT_CASH_MAX;
    if (p->work->nodes[p->fault].fault != 0)
        return down ? TW_REBALANCE_FAULT_GROUP_MAX : TW_REBALANCE_FAULT_GROUP_MIN;
    return down ? TW_REBALANCE_FAULT_NET_MAX : TW_REBALANCE_FAULT_NET_MIN;
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
        tw_text_append_format(text, "the %s of %s", what, rebalance_group_label(p, group).text);
    else
        tw_text_append_format(text, "the net %s", what);
}

void rebalance_say_infeasible(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    plan->proven = true;
    if (p->sides != 0 && p->fault == p->sides) {
        plan->fault = TW_REBALANCE_FAULT_GROSS_MAX;
        tw_text_append_string(&text, "No plan exists: no trades that the bands allow bring the "
                                     "cash, the net and the gross value into their limits "
                                     "together.");
        return;
    }
    /* Selling raises the cash and lowers what a group is worth. */
    bool sells = p->fault_down;
    bool short_of = sells == (p->fault == 0);
    wide limit = limit_at_fault(p);
    plan->fault = (uint8_t)fault_of(p);
    plan->limit.nano = narrow(limit);
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

/* Amounts lead into every window, but none of the lots that were tried: the last window that was
 * not reached is told. */
static void say_lots(const problem *p, tw_text *text) {
    tw_rebalance_plan *plan = p->plan;
    plan->fault = TW_REBALANCE_FAULT_LOTS;
    plan->group_at_fault = p->work->nodes[p->fault].fault;
    tw_text_append_string(text, "step over the limits of ");
    if (p->sides != 0 && (p->fault == p->sides || p->fault == p->sides + 1))
        tw_text_append_string(text, "the gross value");
    else
        append_subject(p, text);
}

void rebalance_say_not_found(const problem *p) {
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    p->plan->proven = false;
    tw_text_append_string(&text, "No plan was found: whole lots, minimum trades or fixed costs ");
    say_lots(p, &text);
    tw_text_append_string(&text, ". This is not a proof; limits as wide as one lot of the dearest "
                                 "name remove the difficulty.");
}

/* Every window can be reached by amounts, but by no whole lots. */
void rebalance_say_none_fits(const problem *p) {
    tw_text text = tw_text_over(p->plan->reason, sizeof p->plan->reason);
    p->plan->proven = true;
    tw_text_append_string(&text, "No plan exists: every combination of whole lots was looked "
                                 "through, and all ");
    say_lots(p, &text);
    tw_text_append_string(&text, " or another limit. Limits as wide as one lot of the dearest name "
                                 "remove the difficulty.");
}

void rebalance_say_gross(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    plan->feasible = plan->proven = false;
    plan->count = 0;
    plan->fault = TW_REBALANCE_FAULT_GROSS_MAX;
    tw_text_append_string(&text, "No plan was found within the gross limit: a position that stands "
                                 "on the other side of its target keeps less than a lot there. "
                                 "This is not a proof; smaller lots or a wider limit help.");
}

/* Behind the sentence that is there. */
void rebalance_say_order_max(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    char before[sizeof plan->reason];
    memcpy(before, plan->reason, sizeof before);
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    plan->order_max_at_fault = true;
    tw_text_append_string(&text, before);
    tw_text_append_string(&text, " Without the most of an order there is a plan.");
}

void rebalance_say_home(const problem *p) {
    tw_rebalance_plan *plan = p->plan;
    char before[sizeof plan->reason];
    memcpy(before, plan->reason, sizeof before);
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    tw_text_append_string(&text, before);
    if (plan->mandatory == plan->home_bound)
        tw_text_append_string(&text, " No plan within the cap brings more home.");
    else
        tw_text_append_format(&text, " No plan within the cap brings more than %zu home.",
                              plan->home_bound);
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
        plan->fault = plan->count > p->config->trades_max ? TW_REBALANCE_FAULT_TRADES_MAX
                                                          : TW_REBALANCE_FAULT_TURNOVER_MAX;
        plan->trades_needed = plan->count;
        plan->turnover_needed = plan->turnover;
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
    static const char *const names[] = {"inside band", "above band",         "below band",
                                        "raise cash",  "use cash",           "cut group",
                                        "fill group",  "restricted",         "below minimum",
                                        "cap",         "above order maximum"};
    return outcome <= TW_OUTCOME_LEFT_ORDER_MAX ? names[outcome] : "unknown";
}

const char *tw_trade_reason_name(tw_trade_reason reason) {
    if (reason > TW_TRADE_FILL_GROUP)
        return "unknown";
    return tw_rebalance_outcome_name((tw_rebalance_outcome)(reason + 1));
}

const char *tw_rebalance_fault_name(tw_rebalance_fault fault) {
    static const char *const names[] = {"none",      "cash_min",   "cash_max",    "group_min",
                                        "group_max", "net_min",    "net_max",     "gross_max",
                                        "lots",      "trades_max", "turnover_max"};
    return fault <= TW_REBALANCE_FAULT_TURNOVER_MAX ? names[fault] : "unknown";
}
