/* overlap_priv.h - what the files of overlap share. */
#ifndef TRADEWIND_OVERLAP_PRIV_H
#define TRADEWIND_OVERLAP_PRIV_H

#include "tradewind/overlap.h"

__extension__ typedef __int128 overlap_wide;

/* The range of lots of a trade on one side; sold lots are below 0. */
typedef struct overlap_side {
    int64_t low;
    int64_t high;
} overlap_side;

/* What a position can give a row at most, for choosing the most. */
typedef struct overlap_offer {
    overlap_wide amount;
    size_t index;
} overlap_offer;

/* A limit of the problem. Row 0 is the cash, at 1e-9 of money; the others are at 1e-27. */
typedef struct overlap_limit {
    overlap_wide least;
    overlap_wide most;
    bool has_least;
    bool has_most;
} overlap_limit;

struct tw_overlap {
    tw_allocator allocator;
    size_t count_max;
    size_t limit_count_max; /* rows and the cash */
    int64_t *lots;          /* the plan: of each position */
    overlap_limit *limits;
    overlap_wide *sums; /* of each limit, over the plan */
    double *scales;     /* what a violation of each limit is divided by */
    overlap_offer *offers;
    tw_rebalance_trade *trades;
};

/* Allowed lots below 0 (`sells`) or above; false when there are none. */
bool overlap_side_of(const tw_rebalance_range *range, bool sells, overlap_side *ret_side);

/* Zero is not allowed. */
bool overlap_is_mandatory(const tw_rebalance_range *range);

/* The lots are allowed. */
bool overlap_allows(const tw_rebalance_range *range, int64_t lots);

/* The cash that a trade uses, at 1e-9: values of buys up, of sales down, costs up. */
overlap_wide overlap_cash_use(const tw_overlap_problem *problem, size_t index, int64_t lots);

/* What a trade adds to a limit, in the unit of that limit. */
overlap_wide overlap_part(const tw_overlap_problem *problem, size_t limit, size_t index,
                          int64_t lots);

/* The plan's sums, from its lots. */
void overlap_add_up(tw_overlap *overlap, const tw_overlap_problem *problem);

/* Every sum is inside its limit. */
bool overlap_holds(const tw_overlap *overlap, const tw_overlap_problem *problem);

/* The greatest value that a trade of each position can have, added up, at 1e-9; above 0. */
overlap_wide overlap_value_most(const tw_overlap_problem *problem);

/* Mandatory trades at their smallest, nothing else. */
void overlap_begin_lots(tw_overlap *overlap, const tw_overlap_problem *problem);

/* Moves lots until the limits hold; true when they do. With `only_trading`, positions that do not
 * trade stay so. */
bool overlap_mend(tw_overlap *overlap, const tw_overlap_problem *problem, bool only_trading);

/* Takes out the trades that the limits can do without. */
void overlap_thin(tw_overlap *overlap, const tw_overlap_problem *problem);

/* Checks the problem and makes its limits. */
tw_status overlap_begin(tw_overlap *overlap, const tw_overlap_problem *problem, tw_error *error);

/* Bounds, then the plan that the lots are, if they are `found`; the reason is left to the caller
 * unless no plan exists. */
tw_status overlap_report(tw_overlap *overlap, const tw_overlap_problem *problem, bool found,
                         tw_overlap_plan *plan, tw_error *error);

#endif
