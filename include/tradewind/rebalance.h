/*
 * rebalance.h - the fewest trades that bring every position home, with proof.
 *
 *     tw_rebalance_config config;
 *     tw_rebalance_config_init(&config);
 *     config.cash = ...; config.cost_rate_nano = 5 * TW_REBALANCE_BASIS_POINT;
 *     status = tw_rebalance_new(NULL, count, &rebalance);
 *     status = tw_rebalance_compute(rebalance, &config, positions, count, &plan, &error);
 *
 * Every position has a target weight of the equity (positions and cash before trading) and a band
 * about it. A position outside its band must trade: to the nearest edge, or to its target if so
 * configured. If the cash left would then be outside [cash_min, cash_max], amounts move inside
 * the bands, and only when that cannot do, positions inside their bands trade as well: the least
 * number of them, and that number is proven (theorem 1 below). Among plans with the fewest trades
 * the turnover is least (theorem 2).
 *
 * Theorem 1. Let A be the least cash that the mandatory trades can use and Thi the most that may
 * be used. If A > Thi, the least number of further sellers is the least k whose k largest
 * possible proceeds cover A - Thi. Symmetric for buyers. It is exact whenever the cash window is
 * at least as wide as one lot of the dearest traded name and no minimum trade binds; outside of
 * that `lower_bound` still holds, and count - lower_bound is the gap.
 *
 * Theorem 2. Every plan has a turnover of at least the mandatory moves to the nearest edge plus
 * the distance of their cash use from the window (less the cost rate): `turnover_bound`.
 *
 * Positions are long only: no plan sells more than is held, and lower edges are at least 0.
 *
 * All money is whole: the value of a buy is rounded up to 1e-9, of a sale down, costs up, so
 * cash_after is exact and never too high. Ties go to the lower symbol, then the lower index. When
 * several trades could give way to the cash window, those with the dearest lots do so first.
 *
 * Memory: all at tw_rebalance_new, about 230 bytes a position. Cost: O(n + k log n), k trades
 * among the optional ones. Threads: a tw_rebalance belongs to one thread at a time.
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
#define TW_REBALANCE_REASON_SIZE 320

typedef struct tw_rebalance tw_rebalance;

typedef enum tw_band_kind {
    TW_BAND_ABSOLUTE = 0, /* weight - band to weight + band */
    TW_BAND_RELATIVE = 1  /* weight x (1 - band) to weight x (1 + band) */
} tw_band_kind;

typedef enum tw_rebalance_aim {
    TW_REBALANCE_TO_EDGE = 0, /* the nearest edge of the band: least turnover */
    TW_REBALANCE_TO_TARGET = 1
} tw_rebalance_aim;

typedef struct tw_rebalance_position {
    tw_quantity quantity; /* held, at least 0 */
    tw_price price;       /* above 0 */
    int64_t weight_nano;  /* target as a fraction of the equity at 1e-9, 0 to 1 */
    int64_t band_nano;    /* at 1e-9, at least 0 */
    tw_quantity lot;      /* trades are whole multiples of it; 0 is fractional (1e-9) */
    tw_money min_trade;   /* no trade is worth less; 0 for none */
    tw_symbol symbol;
    uint8_t band_kind;  /* tw_band_kind */
    uint8_t restricted; /* 1: never traded */
    uint8_t reserved[2];
} tw_rebalance_position;

typedef struct tw_rebalance_config {
    tw_money cash;          /* before trading; may be negative */
    tw_money cash_min;      /* after trading */
    tw_money cash_max;      /* INT64_MAX nano for no limit */
    int64_t cost_rate_nano; /* of the value of each trade, at 1e-9; 0 to 0.5 */
    uint8_t aim;            /* tw_rebalance_aim */
    uint8_t reserved[7];
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
    int64_t lots_wanted; /* where a mandatory trade goes when cash leaves the choice */
    int64_t lots_least;  /* the smallest trade in lots (minimum trade), at least 1 */
    tw_symbol symbol;
    uint32_t reserved;
} tw_rebalance_range;

typedef enum tw_trade_reason {
    TW_TRADE_ABOVE_BAND = 0, /* it was above its band */
    TW_TRADE_BELOW_BAND = 1,
    TW_TRADE_RAISE_CASH = 2, /* inside its band; sold because the cash fell short */
    TW_TRADE_USE_CASH = 3    /* inside its band; bought because there was too much cash */
} tw_trade_reason;

typedef struct tw_rebalance_trade {
    size_t index;         /* of the position */
    tw_quantity quantity; /* above 0 */
    tw_price price;
    tw_money value; /* price x quantity, above 0 or 0 when below 1e-9 */
    tw_money cost;
    tw_symbol symbol;
    uint8_t side;   /* tw_side */
    uint8_t reason; /* tw_trade_reason */
    uint8_t reserved[2];
} tw_rebalance_trade;

typedef struct tw_rebalance_plan {
    bool feasible;
    bool proven;                      /* count equals lower_bound, or infeasibility is proven */
    size_t count;                     /* trades; 0 when not feasible */
    size_t lower_bound;               /* no feasible plan has fewer trades */
    const tw_rebalance_trade *trades; /* [count], by index; borrowed until the next call */
    tw_money turnover;                /* sum of the values */
    tw_money turnover_bound;          /* no feasible plan has less */
    tw_money cash_before;
    tw_money cash_after;
    tw_money cost;
    tw_money equity; /* positions and cash before trading; 0 from tw_rebalance_solve */
    /* When infeasible: what is missing after every allowed trade. Else 0. */
    tw_money deficit;
    tw_money reachable;        /* cash nearest to the window that can be reached */
    size_t mandatory;          /* positions that had to trade */
    size_t restricted_outside; /* outside their band, left alone as restricted */
    size_t minimum_outside;    /* outside, but crossing the whole band is below min_trade */
    size_t widened; /* bands without a whole lot, widened to the lot nearest to the target */
    char reason[TW_REBALANCE_REASON_SIZE]; /* one sentence: the proof, or what was done */
} tw_rebalance_plan;

TW_BEGIN_DECLS

/* No cash, a cash window of 0 to no limit, no cost, to the nearest edge. */
TW_API void tw_rebalance_config_init(tw_rebalance_config *config);

/* Takes the memory for `position_count_max` (at least 1). TW_RANGE, TW_NO_MEMORY. */
TW_API tw_status tw_rebalance_new(const tw_allocator *allocator, size_t position_count_max,
                                  tw_rebalance **ret_rebalance) TW_MUST_CHECK;
TW_API void tw_rebalance_free(tw_rebalance *rebalance);

/*
 * Plans. TW_OK with plan.feasible false is an answer, not an error: the reason is a proof, or
 * says that none was found because the window is narrower than a lot (proven is false).
 * TW_FULL: more positions than the maximum. TW_INVALID: a price that is not positive, a negative
 * quantity, lot, band or minimum, a weight outside 0 to 1, an empty cash window, a cost rate
 * out of range, or an equity that is not positive; TW_OVERFLOW: a value or sum beyond tw_money.
 * `error` (may be NULL) names the position. `ret_plan` is written only with TW_OK.
 */
TW_API tw_status tw_rebalance_compute(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                      const tw_rebalance_position *positions, size_t count,
                                      tw_rebalance_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

/* The same from ranges of lots: the core of the algorithm without weights and bands.
 * TW_INVALID also for lots_min > lots_max or lots_wanted outside. */
TW_API tw_status tw_rebalance_solve(tw_rebalance *rebalance, const tw_rebalance_config *config,
                                    const tw_rebalance_range *ranges, size_t count,
                                    tw_rebalance_plan *ret_plan, tw_error *error) TW_MUST_CHECK;

/* "above band", "below band", "raise cash", "use cash". Never NULL. */
TW_API const char *tw_trade_reason_name(tw_trade_reason reason);

TW_END_DECLS

TW_DEFINE_AUTO(tw_rebalance, tw_rebalance_free)

#endif
