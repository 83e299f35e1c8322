/*
 * rebalance_priv.h - what the files of core/rebalance share.
 *
 *     positions --rebalance_offers--> outcomes, offers --rebalance_ranges--> who must trade
 *         --rebalance_tree--> who trades as well, the bound
 *         --rebalance_steer--> how much each trades --rebalance_report--> the plan
 *
 * Invariants:
 * 1. outcomes[i] says what is known of position i; it is a trade exactly for the members.
 * 2. low <= at <= high for every member, and its range does not contain 0: a member is a trade. Its
 *    values fit int64_t with their costs.
 * 3. nodes[g].total is the sum of the values of the members below g, bought less sold; that of
 *    node 0 is the cash they use.
 * 4. A parent has a lower number than its children; what is below a node stands together in
 *    work->seats, and in the offers.
 */
#ifndef TRADEWIND_REBALANCE_PRIV_H
#define TRADEWIND_REBALANCE_PRIV_H

#include <string.h>

#include "rebalance_money.h"

/* No limit: beyond every sum of 2^32 amounts of int64_t. */
#define LIMIT_NONE ((wide)1 << 110)

/* What a position inside its band can give, in one direction. */
typedef struct offer {
    int64_t amount;
    uint32_t index;
    uint32_t rank;
} offer;

/* A position that trades: its one-sided range of lots and where it stands in it. */
typedef struct member {
    int64_t low;
    int64_t high;
    int64_t at;
    int64_t wanted;
    int64_t value; /* of `at`, signed, while steering ... */
    int64_t cash;  /* ... and the cash it uses */
    int64_t lot;
    int64_t price;
    const tw_trade_cost *cost;
    uint32_t index;
    uint32_t node;
} member;

/* Node 0 is everything, in cash; the others are sets of positions, in value. */
typedef struct node {
    wide least; /* the window */
    wide most;
    wide total; /* invariant 3 */
    wide low;   /* while choosing: what the trades so far reach */
    wide high;
    wide nearest;     /* for the turnover bound: where the least turnover leads */
    size_t begin;     /* of what is below it, in the order at hand ... */
    size_t own;       /* ... first its own, then its children's */
    size_t below;     /* how many, its own included */
    size_t counts[2]; /* of offers left below it, by direction */
    uint32_t parent;
    uint32_t child;   /* the last one, 0 for none */
    uint32_t sibling; /* the one before, 0 for none */
    uint32_t fault;   /* the number it has for the caller: of a group, 0 for others */
    bool has_least;   /* limits the caller gave */
    bool has_most;
} node;

/* Directions: fewer (sell, towards `least`) and more (buy). */
enum { DOWN = 0, UP = 1, NO_OFFERS = -1 };

/* net, long and short above the groups, and everything. */
#define NODES_EXTRA 4

struct tw_rebalance {
    tw_allocator allocator;
    size_t count_max;
    size_t node_max;
    uint8_t *outcomes; /* tw_rebalance_outcome, by position */
    offer *offers[2];  /* by direction */
    offer *breaches;   /* in the order in which they come home under a cap */
    member *members;
    uint32_t *seats; /* members in the order of invariant 4; also members by position */
    tw_rebalance_trade *trades;
    node *nodes;
};

typedef struct problem {
    tw_rebalance *work;
    const tw_rebalance_config *config;
    const tw_rebalance_position *positions; /* NULL: ranges are given */
    const struct tw_standing *standing;     /* that these stand in, all plain; or NULL */
    const tw_rebalance_range *ranges;
    size_t count;
    size_t part_count; /* how many of them take part, for bounds */
    int64_t equity;
    bool by_value; /* there are nodes below 0: offers are values, not cash */
    bool has_costs;
    bool within_caps_only; /* what cannot keep the caps need not be finished */
    int64_t rate_most;     /* of all costs */
    int64_t fixed_most;
    bool in_symbol_order; /* a higher index never has a lower symbol */
    bool has_order_max;   /* orders are limited, and it is looked at */
    uint32_t top;         /* the node of positions without a group */
    uint32_t sides; /* of the long positions, and one more of the short ones; 0: no gross limit */
    uint32_t group_first;
    uint32_t node_count;
    wide gross_limit; /* of long less short values at 1e-18; of purchases where there are ranges */
    wide gross_max;   /* of long less short purchases */
    int offered;      /* the direction of the offers that stand in work, or NO_OFFERS ... */
    size_t offered_count;
    size_t member_count;
    size_t mandatory;
    size_t chosen;       /* optional members */
    size_t bound_chosen; /* the least number of these */
    int direction;       /* of the offers that node 0 took last ... */
    wide last_need;      /* ... what the last of them had to cover ... */
    size_t left;         /* ... and how many it left */
    uint32_t fault;      /* a node that cannot be brought into its window ... */
    wide fault_gap;      /* ... by this much ... */
    bool fault_down;     /* ... although it went as far down, or up, as it can */
    tw_rebalance_plan *plan;
} problem;

/* --- rebalance_check.c: what the caller gave ------------------------------------------------- */

/* Checks the input and finds the equity. */
tw_status rebalance_check(problem *p, tw_error *error);

/* What a configuration does not allow of a position, or NULL. */
const char *rebalance_position_fault(const tw_rebalance_config *config,
                                     const tw_rebalance_position *at);

/* --- rebalance_ranges.c: positions to ranges ------------------------------------------------ */

/* What a range does not tell. */
typedef struct range_notes {
    bool widened;   /* the band holds no whole lot, and was widened to the nearest */
    bool shortened; /* the most of an order ends before the band */
} range_notes;

/* The range of position `index`; TW_OVERFLOW when its trades do not fit. */
tw_status rebalance_range_at(const problem *p, size_t index, tw_rebalance_range *ret_range,
                             range_notes *ret_notes, tw_error *error);

/* The one-sided range in which position `index` trades. False when there is none. */
bool rebalance_member_of(const problem *p, size_t index, const tw_rebalance_range *range,
                         bool sells, member *ret_member);

/* Takes the sales away that cost more than they bring. False when these are all. */
bool rebalance_keep_useful_sales(member *m);

uint32_t rebalance_node_of(const problem *p, size_t index);
bool rebalance_is_short(const problem *p, size_t index);
tw_symbol rebalance_symbol_of(const problem *p, size_t index);

static inline const tw_trade_cost *cost_class_of(const tw_rebalance_config *config,
                                                 uint16_t cost_class) {
    return cost_class == 0 ? &config->cost : &config->costs[cost_class - 1];
}

static inline bool rebalance_is_free(const tw_trade_cost *cost) {
    return cost->buy_rate_nano == 0 && cost->sell_rate_nano == 0 && cost->buy_fixed.nano == 0 &&
           cost->sell_fixed.nano == 0;
}

/* The first position from `index` on that is not inside its band, or `count`. Eight at a time,
 * since nearly all are. */
static inline size_t next_not_inside(const uint8_t *outcomes, size_t index, size_t count) {
    while (index < count && index % 8 != 0 && outcomes[index] == TW_OUTCOME_INSIDE)
        index++;
    uint64_t eight = 0;
    while (index + 8 <= count && index % 8 == 0) {
        memcpy(&eight, outcomes + index, sizeof eight);
        if (eight != 0)
            break;
        index += 8;
    }
    while (index < count && outcomes[index] == TW_OUTCOME_INSIDE)
        index++;
    return index;
}

static inline bool is_trade(uint8_t outcome) {
    return outcome >= TW_OUTCOME_ABOVE_BAND && outcome <= TW_OUTCOME_FILL_GROUP;
}

/* What `lots` of a member are worth, signed, and the cash that they use. */
static inline wide member_value(const member *m, int64_t lots) {
    return lots < 0 ? -value_of(-lots * m->lot, m->price, false)
                    : value_of(lots * m->lot, m->price, true);
}

/* Of a value as member_value gives it. */
static inline wide member_cash_of(const member *m, wide value) {
    return value + cost_of(value < 0 ? -value : value, m->low > 0, m->cost);
}

static inline wide member_cash(const member *m, int64_t lots) {
    return member_cash_of(m, member_value(m, lots));
}

static inline wide member_lot_value(const member *m) {
    return (wide)m->lot * m->price;
}

/* --- rebalance_offers.c: who is inside, and what he can give ---------------------------------- */

/* Writes for every position whether it is above, below or inside its band. */
void rebalance_classify(problem *p);
uint8_t rebalance_exact_outcome(const problem *p, const tw_rebalance_position *at);

/* What all positions that are inside their bands offer in one direction: cash, one after the other,
 * or values, each at the places of its node. `ret_cost` is the most that all together may cost. */
tw_status rebalance_offers(problem *p, int direction, bool in_cash, size_t *ret_count,
                           wide *ret_cost, tw_error *error);

/* rebalance_member_of a position that is inside its band, found quickly. */
bool rebalance_member_inside(const problem *p, size_t index, bool sells, member *ret_member);

/* --- rebalance_select.c: the largest of many ------------------------------------------------- */

/* Greater amounts first, then the lower rank, symbol and index. */
bool offer_goes_first(const problem *p, const offer *a, const offer *b);

/* Moves the least number of offers that add up to `need` to the front, the smallest of them last,
 * and returns it; count + 1 when all together do not. O(count) expected. */
size_t offers_cover(const problem *p, offer *offers, size_t count, wide need);

/* In the order of offer_goes_first. O(count log count). */
void offers_sort(const problem *p, offer *offers, size_t count);

/* A heap whose first offer goes first; taking moves that behind the heap of `count` - 1. */
void offers_heap(const problem *p, offer *offers, size_t count);
offer offers_take(const problem *p, offer *offers, size_t count);

/* --- rebalance_tree.c: who trades ---------------------------------------------------------------
 */

/* Makes the nodes of groups and limits. */
tw_status rebalance_nodes(problem *p, tw_error *error);

/* Marks in the outcomes which optional positions trade, as few as can be. False when it is proven
 * that nothing is enough: p->fault then. `ret_lower_bound` counts optional trades. */
tw_status rebalance_choose(problem *p, bool *ret_feasible, tw_error *error);

/* The least turnover of any plan with these mandatory members. */
wide rebalance_turnover_bound(problem *p);

/* The least that has to be turned over to lead the cash that is used into its window; `moved` has
 * been turned over by amounts that were not counted with their costs. */
wide rebalance_turnover_to_window(const problem *p, wide cash, wide moved);

/* Gives each node its place: `counts` are its own things. Invariant 4. */
void rebalance_places(const problem *p);

/* --- rebalance_sides.c: a limit on long less short
 * ------------------------------------------------ */

/* The nodes of the sides have windows only while steering: this takes them away. */
void rebalance_open_sides(problem *p);
bool rebalance_choose_sides(problem *p, wide least, wide most);
bool rebalance_settle_sides(problem *p, bool by_lots);

/* --- rebalance_steer.c: how much ----------------------------------------------------------------
 */

void rebalance_push(problem *p, const member *m);
void rebalance_pop(problem *p);

/* Amounts within the members' ranges that bring all nodes into their windows. */
bool rebalance_steer(problem *p);

/* Brings one node into its window; those below it stay in theirs. */
bool rebalance_settle(problem *p, uint32_t g, bool by_lots);

/* The totals of the nodes from where the members stand. */
void rebalance_add_up(const problem *p);

/* --- rebalance_search.c: small instances exactly --------------------------------------------- */

/* After steering, which `found` a plan or none: looks through all combinations for one with fewer
 * trades, and raises the plan's lower bound to what is proven. True when there is a plan now.
 * `ret_complete` tells that all were looked through: without a plan there is none. */
bool rebalance_search(problem *p, bool found, bool *ret_complete);

/* --- rebalance_report.c: the answer -------------------------------------------------------------
 */

/* Fills the plan from members that are all in their windows, its sentence included. */
tw_status rebalance_write_plan(problem *p, tw_error *error);

/* --- rebalance_words.c: what is at fault, in sentences -----------------------------------------
 */

/* "position AAPL", or "position 3" without a table of names; "group tech" likewise. */
typedef struct rebalance_label {
    char text[80];
} rebalance_label;

rebalance_label rebalance_label_of(const problem *p, size_t index);
rebalance_label rebalance_group_label(const problem *p, size_t group);

void rebalance_say_infeasible(const problem *p);
void rebalance_say_gross(const problem *p);
void rebalance_say_order_max(const problem *p);
void rebalance_say_home(const problem *p);
void rebalance_say_not_found(const problem *p);
void rebalance_say_none_fits(const problem *p);
void rebalance_say_capped(const problem *p);

/* --- rebalance.c: from the input to the plan ---------------------------------------------------
 */

tw_status rebalance_run(problem *p, tw_rebalance_plan *ret_plan, tw_error *error);

/* --- rebalance_solve.c: all of it, without caps
 * --------------------------------------------------- */

/* The positions outside their bands that can trade, as members. */
tw_status rebalance_take_mandatory(problem *p, tw_error *error);

/* Solves for the outcomes at hand: those above and below their bands come home. */
tw_status rebalance_solve_once(problem *p, tw_error *error);

/* --- rebalance_caps.c: as many as the caps allow
 * --------------------------------------------------- */

tw_status rebalance_solve_capped(problem *p, tw_error *error);

#endif
