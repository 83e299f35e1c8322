/*
 * drift.h - how far holdings have drifted from their weights, and plain orders that follow.
 *
 * The rule of threshold rebalancing as it is widely run: measure every drift, do nothing while
 * none is beyond the threshold, else trade every drifted holding to its target, sells before buys,
 * the largest drift first, at a limit price with some slippage, rounding the quantity down. It
 * knows no cash window, no costs in its choice and no fewest trades; for these see rebalance.h. It
 * is here so that a system that lives by that rule can be followed exactly.
 *
 * Conventions (those of lumibot's DriftRebalancerLogic): a positive drift is to be bought. Cash
 * never drifts. A holding without a target has drift -1 (1 when short), a target without a
 * holding 1 (-1 for a short target), whatever the kind; otherwise the drift is
 * target - weight, over the size of the target when relative.
 *
 * Memory: the caller's. Cost: O(n), orders O(n log n). Threads: all functions are pure.
 */
#ifndef TRADEWIND_DRIFT_H
#define TRADEWIND_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

typedef enum tw_drift_kind { TW_DRIFT_ABSOLUTE = 0, TW_DRIFT_RELATIVE = 1 } tw_drift_kind;

typedef struct tw_drift_row {
    tw_quantity quantity;  /* held; negative when short */
    tw_money value;        /* of it */
    tw_price price;        /* for orders; above 0 there */
    int64_t target_nano;   /* weight wanted, -1 to 1 at 1e-9 */
    int64_t weight_nano;   /* measured: value over equity, to nearest */
    tw_money target_value; /* measured: target of the equity, to nearest */
    int64_t drift_nano;    /* measured, to nearest; at the end of the range when beyond it */
    tw_symbol symbol;
    uint8_t is_cash;
    uint8_t reserved[3];
} tw_drift_row;

typedef struct tw_drift_order_config {
    int64_t threshold_nano; /* nothing is done while no drift is above it */
    int64_t
        slippage_nano;   /* of the price: buys are priced higher by it, sells lower; 0 to below 1 */
    tw_price price_step; /* limit prices are multiples of it: buys rounded down, sells up;
                          * 0 for 1e-9 */
    tw_quantity lot;     /* quantities are multiples of it, rounded down; above 0 */
    tw_money cash;       /* that purchases may spend */
    tw_money fee_fixed;  /* of a purchase, at least 0 */
    int64_t fee_rate_nano;  /* of its value, 0 to 0.5 */
    uint8_t shorts_allowed; /* else no more is sold than held */
    uint8_t only_drifted;   /* holdings with a drift below the threshold stay */
    uint8_t reserved[6];
} tw_drift_order_config;

typedef struct tw_drift_order {
    size_t index; /* of the row */
    tw_quantity quantity;
    tw_price limit_price;
    tw_symbol symbol;
    uint8_t side; /* tw_side */
    uint8_t reserved[3];
} tw_drift_order;

TW_BEGIN_DECLS

/*
 * Fills weight_nano, target_value and drift_nano of every row. `equity` is what weights are of;
 * 0: the sum of the values. TW_INVALID: an equity that is not above 0, a target outside -1 to 1;
 * TW_OVERFLOW: a sum beyond tw_money. `rows` are changed only with TW_OK.
 */
TW_API tw_status tw_drift_measure(tw_drift_kind kind, tw_money equity, tw_drift_row *rows,
                                  size_t count, tw_error *error) TW_MUST_CHECK;

/* Is any drift, in size, above the threshold? */
TW_API bool tw_drift_exceeds(const tw_drift_row *rows, size_t count, int64_t threshold_nano);

/* Threshold 5%, slippage 0.5%, cents, whole shares, no cash, no fees, no shorts. */
TW_API void tw_drift_order_config_init(tw_drift_order_config *config);

/*
 * Orders for measured rows (or rows measured elsewhere). Sells first, then buys, each by the size
 * of the drift, then by index. A drift of exactly -1 sells all that is held, or opens the short
 * target; 1 covers a short holding. Purchases spend the cash in their order, each no more than is
 * left of it with its fee. `ret_orders` has room for `count`.
 * TW_INVALID: a price, lot, slippage or fee out of range; TW_OVERFLOW: a quantity beyond its type.
 */
TW_API tw_status tw_drift_orders(const tw_drift_order_config *config, const tw_drift_row *rows,
                                 size_t count, tw_drift_order *ret_orders, size_t *ret_count,
                                 tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
