/*
 * rebalance.h - the fewest trades that bring every position home, with proof.
 *
 *     tw_rebalance_config config;
 *     tw_rebalance_config_init(&config);
 *     config.cash = ...; config.cost.buy_rate_nano = 5 * TW_REBALANCE_BASIS_POINT;
 *     status = tw_rebalance_new(NULL, count, &rebalance);
 *     status = tw_rebalance_compute(rebalance, &config, positions, count, &plan, &error);
 *
 * Every position has a target weight of the equity (positions and cash before trading) and a band
 * about it. A position outside its band must trade, into the band or to its target. If the cash
 * left would then be outside [cash_min, cash_max], or a group of positions outside its limits,
 * amounts move inside the bands, and only when that cannot do, positions inside their bands trade
 * as well: the least number of them. That number has a certified lower bound; when the plan
 * reaches it the plan is proven. Among plans with the fewest trades the turnover is least where
 * amounts are continuous; whole lots are chosen near to that, and `turnover_bound` tells how near.
 *
 * Order of aims: fewest trades, then least turnover (TW_REBALANCE_TO_EDGE) or closeness to the
 * targets (TW_REBALANCE_CLOSEST), then the lower `rank` (of tax, cost or preference) among
 * positions that could give way alike, then the lower symbol, then the lower index.
 *
 * When it is exact. Groups must be nested or disjoint; then the lower bound is the optimum of the
 * problem without lots, minimum trades and fixed costs. Whole lots keep the plan on it when the
 * cash window is at least as wide as one lot, with its costs, of the dearest traded name. Where
 * that does not hold, and with groups and costs together, `lower_bound` still holds and
 * count - lower_bound is the gap. docs/rebalancing-proof.md has the theorems.
 *
 * Small instances are exact always. Where the above proves nothing, at most
 * TW_REBALANCE_SEARCH_POSITIONS positions can trade and there are no more than
 * TW_REBALANCE_SEARCH_GROUPS groups, combinations of lots are looked through. Let a position's
 * choices be the numbers of lots that it can trade, and not to trade unless it must; leave the
 * largest of these numbers out. When the product of the others is at most config.search_max (65,536
 * unless told: four positions with 40 choices each), the plan has the fewest trades, or it is
 * proven that there is none; among the plans that were looked through it is the one of least
 * turnover, or the closest. Beyond, so many steps are made (some milliseconds), and the answer is
 * as good as they are. With a gross limit nobody may stand on the side that is not his target's.
 *
 * A sale of a position inside its band is made only if it brings more than it costs.
 *
 * All money is whole: the value of a buy is rounded up to 1e-9, of a sale down, costs up, so
 * cash_after is exact and never too high.
 *
 * Memory: all at tw_rebalance_new, about 180 bytes a position, of which 17 are read or written for
 * a position that does not trade. Cost: O(n) expected without groups, O(n x depth) with them, and
 * O(n log n) with caps or a limit on the gross value (a cap takes as long as two to five plans).
 * Threads: a tw_rebalance belongs to one thread at a time.
 */
#ifndef TRADEWIND_REBALANCE_H
#define TRADEWIND_REBALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

/* 1 basis point as a rate at 1e-9. */
#define TW_REBALANCE_BASIS_POINT INT64_C(100000)
#define TW_REBALANCE_REASON_SIZE 400
#define TW_REBALANCE_GROUPS_MAX 4096
#define TW_REBALANCE_COSTS_MAX 65535
#define TW_REBALANCE_SEARCH_POSITIONS 32
#define TW_REBALANCE_SEARCH_GROUPS 256
#define TW_REBALANCE_SEARCH_DEFAULT 65536

typedef struct tw_rebalance tw_rebalance;

typedef enum tw_band_kind {
    TW_BAND_ABSOLUTE = 0, /* weight - band to weight + band */
    TW_BAND_RELATIVE = 1, /* weight x (1 - band) to weight x (1 + band) */
    TW_BAND_HYBRID = 2    /* the wider of the relative band and an absolute one of band_floor */
} tw_band_kind;

typedef enum tw_rebalance_aim {
    TW_REBALANCE_TO_EDGE = 0,   /* into the band, the nearest edge first: least turnover */
    TW_REBALANCE_TO_TARGET = 1, /* into the band, the target first */
    TW_REBALANCE_TO_INNER = 2,  /* a position outside its band trades into the inner part of it,
                                 * destination_nano of its width; half of it unless told */
    TW_REBALANCE_CLOSEST = 3    /* all that trade end as near to their targets as the cash lets
                                 * them: the sum of the squared distances in value is least where
                                 * amounts are continuous; whole lots are rounded from there */
} tw_rebalance_aim;

/* Which ways a position, or the whole plan, may trade. What may not trade home stays outside and
 * is counted. */
typedef enum tw_restriction {
    TW_RESTRICTION_NONE = 0,
    TW_RESTRICTION_ALL = 1, /* never traded */
    TW_RESTRICTION_BUY_ONLY = 2,
    TW_RESTRICTION_SELL_ONLY = 3
} tw_restriction;

/* Who stays outside when a cap does not let everybody come home. */
typedef enum tw_cap_priority {
    TW_CAP_MOST_POSITIONS = 0,  /* the smallest breaches of each side come home first: the most
                                 * positions do; a side that the cash needs goes on longer */
    TW_CAP_LARGEST_BREACHES = 1 /* the largest first: the worst that is left is smallest */
} tw_cap_priority;

/* What a trade costs: a part of its value at 1e-9 (0 to 0.5) and an amount (at least 0). */
typedef struct tw_trade_cost {
    int64_t buy_rate_nano;
    int64_t sell_rate_nano;
    tw_money buy_fixed;
    tw_money sell_fixed;
} tw_trade_cost;

/*
 * Limits on a set of positions together. In compute they are weights of the equity after trading
 * (the value of the group over the equity before it, at 1e-9); in solve they are net purchases,
 * money at 1e-9. INT64_MIN and INT64_MAX for no limit; weights are at most 100 in size.
 */
typedef struct tw_rebalance_group {
    int64_t least_nano;
    int64_t most_nano;
    uint32_t parent; /* 0: none; else the number of a group that stands before this one */
    uint32_t reserved;
} tw_rebalance_group;

/* The most of one order, as a broker's or a desk's check before the trade has it. INT64_MAX for no
 * limit; at least 0. A value is that of the trade at its price, without its costs. */
typedef struct tw_rebalance_order_max {
    tw_money value;
    tw_quantity quantity;
} tw_rebalance_order_max;

typedef struct tw_rebalance_position {
    tw_quantity quantity;    /* held; negative only with shorts_allowed */
    tw_price price;          /* above 0 */
    int64_t weight_nano;     /* target as a fraction of the equity at 1e-9: 0 to 1, from -1 with
                              * shorts_allowed. Its band ends at 0 and never crosses it */
    int64_t band_nano;       /* at 1e-9, 0 to 10 */
    int64_t band_floor_nano; /* TW_BAND_HYBRID: of weight, at 1e-9, 0 to 10 */
    tw_quantity lot;         /* trades are whole multiples of it; 0 is fractional (1e-9) */
    tw_money min_trade;      /* no trade is worth less; 0 for none */
    tw_symbol symbol;
    uint32_t group;      /* 0: none; else groups[group - 1], the innermost it is in */
    uint32_t rank;       /* of positions that could give way alike the lower goes first */
    uint16_t cost_class; /* 0: config.cost; else costs[cost_class - 1] */
    uint8_t band_kind;   /* tw_band_kind */
    uint8_t restricted;  /* tw_restriction */
} tw_rebalance_position;

typedef struct tw_rebalance_config {
    tw_money cash;      /* before trading; may be negative */
    tw_money cash_min;  /* after trading */
    tw_money cash_max;  /* INT64_MAX nano for no limit */
    tw_trade_cost cost; /* of a position without a class of its own */
    const tw_trade_cost *costs;
    size_t cost_count;
    const tw_rebalance_group *groups;
    size_t group_count;
    /* For sentences; NULL: numbers are told. The names of the positions' symbols, and of groups:
     * symbol i is groups[i]. */
    const tw_symbols *symbols;
    const tw_symbols *group_names;
    /* Limits on long plus short values (gross) and long less short values (net), as the limits of
     * groups are given. With a gross limit, a group holds positions of one side only. */
    int64_t gross_max_nano;
    int64_t net_min_nano;
    int64_t net_max_nano;
    /* Limits on each order, in compute: of all, and NULL or [positions] of each; the stricter
     * holds. What has to trade more than that trades the most of an order and stays outside its
     * band. */
    tw_rebalance_order_max order_max;
    const tw_rebalance_order_max *order_maxima;
    size_t trades_max;        /* SIZE_MAX for no cap */
    tw_money turnover_max;    /* INT64_MAX nano for no cap */
    int64_t destination_nano; /* TW_REBALANCE_TO_INNER: 0 (the target) to 1 (the whole band) */
    uint8_t aim;              /* tw_rebalance_aim */
    uint8_t side;             /* tw_restriction of the whole plan; not TW_RESTRICTION_ALL */
    uint8_t cap_priority;     /* tw_cap_priority */
    uint8_t shorts_allowed;
    uint32_t search_max; /* combinations of lots to look through where steering proves nothing; 0
                          * for none */
} tw_rebalance_config;

/*
 * The problem without weights: how many lots of each name may be traded. Zero is allowed when
 * lots_min <= 0 <= lots_max (an optional position); otherwise the position must trade.
 */
typedef struct tw_rebalance_range {
    tw_price price;
    tw_quantity lot;     /* at least 1e-9 */
    int64_t lots_min;    /* the most that may be sold (negative) ... */
    int64_t lots_max;    /* ... to the most that may be bought */
    int64_t lots_wanted; /* where its trade goes when cash leaves the choice */
    int64_t lots_least;  /* the smallest trade in lots (minimum trade), at least 1 */
    tw_symbol symbol;
    uint32_t group;
    uint32_t rank;
    uint16_t cost_class;
    uint8_t is_short; /* it counts as short for the gross limit */
    uint8_t reserved;
} tw_rebalance_range;

typedef enum tw_trade_reason {
    TW_TRADE_ABOVE_BAND = 0, /* it was above its band */
    TW_TRADE_BELOW_BAND = 1,
    TW_TRADE_RAISE_CASH = 2, /* inside its band; sold because the cash fell short */
    TW_TRADE_USE_CASH = 3,   /* inside its band; bought because there was too much cash */
    TW_TRADE_CUT_GROUP = 4,  /* inside its band; sold because its group (or the net or gross
                              * value) was above its limit */
    TW_TRADE_FILL_GROUP = 5  /* inside its band; bought because its group was below its limit */
} tw_trade_reason;

/* What became of a position. Up to TW_OUTCOME_FILL_GROUP they are trades: the reason and one. */
typedef enum tw_rebalance_outcome {
    TW_OUTCOME_INSIDE = 0, /* inside its band and not needed */
    TW_OUTCOME_ABOVE_BAND = 1,
    TW_OUTCOME_BELOW_BAND = 2,
    TW_OUTCOME_RAISE_CASH = 3,
    TW_OUTCOME_USE_CASH = 4,
    TW_OUTCOME_CUT_GROUP = 5,
    TW_OUTCOME_FILL_GROUP = 6,
    TW_OUTCOME_LEFT_RESTRICTED = 7, /* outside its band, and may not trade that way */
    TW_OUTCOME_LEFT_MINIMUM = 8,    /* outside, but all of its way is below its smallest trade */
    TW_OUTCOME_LEFT_CAP = 9,        /* outside, and a cap was spent on others */
    TW_OUTCOME_LEFT_ORDER_MAX = 10  /* outside, and one lot is more than the most of an order */
} tw_rebalance_outcome;

/* The limit that keeps a plan from being. */
typedef enum tw_rebalance_fault {
    TW_REBALANCE_FAULT_NONE = 0, /* there is a plan */
    TW_REBALANCE_FAULT_CASH_MIN = 1,
    TW_REBALANCE_FAULT_CASH_MAX = 2,
    TW_REBALANCE_FAULT_GROUP_MIN = 3, /* of groups[group_at_fault - 1] */
    TW_REBALANCE_FAULT_GROUP_MAX = 4,
    TW_REBALANCE_FAULT_NET_MIN = 5,
    TW_REBALANCE_FAULT_NET_MAX = 6,
    TW_REBALANCE_FAULT_GROSS_MAX = 7,  /* together with the cash and the net value */
    TW_REBALANCE_FAULT_LOTS = 8,       /* amounts reach every limit; whole lots step over some */
    TW_REBALANCE_FAULT_TRADES_MAX = 9, /* more trades are needed than the cap allows */
    TW_REBALANCE_FAULT_TURNOVER_MAX = 10
} tw_rebalance_fault;

typedef struct tw_rebalance_trade {
    size_t index;         /* of the position */
    tw_quantity quantity; /* above 0 */
    tw_price price;
    tw_money value; /* price x quantity, above 0 or 0 when below 1e-9 */
    tw_money cost;
    tw_symbol symbol;
    uint8_t side;   /* tw_side */
    uint8_t reason; /* tw_trade_reason */
    bool shortened; /* the most of an order: the position stays outside its band */
    uint8_t reserved;
} tw_rebalance_trade;

typedef struct tw_rebalance_plan {
    bool feasible;
    bool proven;  /* count equals lower_bound, or infeasibility is proven; under a cap also that no
                   * plan could bring more positions home */
    size_t count; /* trades; 0 when not feasible */
    size_t lower_bound;               /* no plan that brings the same ones home has fewer trades */
    const tw_rebalance_trade *trades; /* [count], by index; borrowed until the next call */
    const uint8_t *outcomes;          /* [positions] of tw_rebalance_outcome; borrowed likewise.
                                       * When not feasible: which would have to trade */
    tw_money turnover;                /* sum of the values */
    tw_money turnover_bound;          /* no plan that brings the same ones home has less */
    tw_money cash_before;
    tw_money cash_after;
    tw_money cost;
    tw_money equity; /* positions and cash before trading; 0 from tw_rebalance_solve */
    /* When infeasible: what is missing after every allowed trade. Else 0. */
    tw_money deficit;
    tw_money reachable;    /* what can be reached nearest to the limit at fault: cash; the
                            * value of the group; in solve its net purchases */
    tw_money limit;        /* the limit at fault, of those but lots, gross value and caps */
    size_t group_at_fault; /* infeasible because of groups[group_at_fault - 1]; else 0 */
    size_t trades_needed;  /* when a cap is at fault: what a plan without caps has */
    tw_money turnover_needed;
    uint8_t fault;             /* tw_rebalance_fault */
    bool order_max_at_fault;   /* without the limits on orders there is a plan */
    size_t mandatory;          /* positions outside their band that trade */
    size_t home_bound;         /* no plan within the caps lets more of these trade */
    size_t restricted_outside; /* outside their band, left alone as restricted */
    size_t minimum_outside;    /* outside, but crossing the whole band is below min_trade */
    size_t capped_outside;     /* outside, left alone because of a cap */
    size_t order_max_outside;  /* outside, left alone: one lot is more than the most of an order */
    size_t shortened;          /* outside, though they trade: the most of an order is not enough */
    size_t outside;            /* all that stay outside: the sum of the five */
    size_t widened; /* bands without a whole lot, widened to the lot nearest to the target */
    char reason[TW_REBALANCE_REASON_SIZE]; /* one or two sentences: the proof, or what was done */
} tw_rebalance_plan;

/* The problem that the positions make: ranges of lots, for another way of solving it (overlap.h).
 */
typedef struct tw_rebalance_outlook {
    tw_rebalance_range *ranges; /* [count], the caller's; who may not come home has only 0 */
    /* [count] of tw_rebalance_outcome before any choice: inside, above or below the band, left
     * restricted or below the minimum; borrowed until the next call. */
    const uint8_t *outcomes;
    tw_money equity;
    tw_money turnover_bound; /* what the least trades of those that must trade are worth */
    size_t mandatory;        /* ranges without 0 */
    size_t restricted_outside;
    size_t minimum_outside;
    size_t order_max_outside;
    size_t widened;
    size_t shortened;
} tw_rebalance_outlook;

TW_BEGIN_DECLS

/* No cash, a cash window of 0 to no limit, no costs, groups, limits or caps, to the nearest edge;
 * the inner part of a band is half of it. */
TW_API void tw_rebalance_config_init(tw_rebalance_config *config);

/* Takes the memory for `position_count_max` (1 to UINT32_MAX - 1) and as many groups, at most
 * TW_REBALANCE_GROUPS_MAX. TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_rebalance_new(const tw_allocator *allocator, size_t position_count_max,
                                  tw_rebalance **ret_rebalance) TW_MUST_CHECK;
TW_API void tw_rebalance_free(tw_rebalance *rebalance);

/*
 * Plans. TW_OK with plan.feasible false is an answer, not an error: the reason is a proof, or
 * says that none was found because the window is narrower than a lot (proven is false).
 * TW_FULL: more positions or groups than the maximum. TW_INVALID: a price that is not positive, a
 * negative quantity or weight without shorts_allowed, a negative lot, band or minimum, a weight
 * outside -1 to 1, an unknown group, class or enumerator, an empty window, a cost out of range,
 * a group with positions of both sides under a gross limit, or an equity that is not positive.
 * TW_OVERFLOW: a value or sum beyond tw_money.
 * `error` (may be NULL) names the position or the group. `ret_plan` is written only with TW_OK.
 */
TW_API tw_status tw_rebalance_compute(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                      const tw_rebalance_position *positions, size_t count,
                                      tw_rebalance_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

/* The same from ranges of lots: the core of the algorithm without weights and bands. `aim` is only
 * looked at for TW_REBALANCE_CLOSEST, `side` not at all.
 * TW_INVALID also for lots_min > lots_max or lots_wanted outside. */
TW_API tw_status tw_rebalance_solve(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                    const tw_rebalance_range *ranges, size_t count,
                                    tw_rebalance_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

/* The ranges that compute would plan with, and no plan. Groups, limits, caps and the cash window of
 * `config` are checked and not looked at further. `outlook->ranges` is given, the rest is written.
 * Statuses as compute. */
TW_API tw_status tw_rebalance_look_ahead(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                         const tw_rebalance_position *positions, size_t count,
                                         tw_rebalance_outlook *outlook,
                                         tw_error *error) TW_MUST_CHECK;

/* "above band", "below band", "raise cash", "use cash", "cut group", "fill group". Never NULL. */
TW_API const char *tw_trade_reason_name(tw_trade_reason reason);

/* "none", "cash_min", "cash_max", "group_min", "group_max", "net_min", "net_max", "gross_max",
 * "lots", "trades_max", "turnover_max". Never NULL. */
TW_API const char *tw_rebalance_fault_name(tw_rebalance_fault fault);

/* "inside band", the words of the reasons, "restricted", "below minimum", "cap",
 * "above order maximum". Never NULL. */
TW_API const char *tw_rebalance_outcome_name(tw_rebalance_outcome outcome);

TW_END_DECLS

TW_DEFINE_AUTO(tw_rebalance, tw_rebalance_free)

#endif
