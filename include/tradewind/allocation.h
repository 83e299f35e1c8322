/*
 * allocation.h - whole shares from weights: by greedy purchase, to weights, from new cash.
 *
 * Plain rules without bands or proofs, for a first allocation and for systems that live by them;
 * rebalance.h plans from existing holdings with the fewest trades.
 *
 *   tw_allocation_greedy      weights and an amount to shares: first what the weights pay for, then
 *                             one share at a time of what lacks most (PyPortfolioOpt)
 *   tw_allocation_error       how far shares are from the weights
 *   tw_allocation_to_weights  holdings to weights in whole shares, with commissions (bt)
 *   tw_allocation_invest      cash into the holdings that lack most, buying only (water-filling)
 *
 * Money and shares are whole numbers and ties go to the greater weight, then the lower index: the
 * same answer on every machine. A share is one unit of `price`.
 *
 * Memory: the caller's. Threads: all functions are pure.
 */
#ifndef TRADEWIND_ALLOCATION_H
#define TRADEWIND_ALLOCATION_H

#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/status.h"

/* So many single purchases are made at most by one call of tw_allocation_greedy (on each side) or
 * tw_allocation_invest; what is left then stays in cash. */
#define TW_ALLOCATION_PURCHASES_MAX 1000000

typedef struct tw_allocation_holding {
    tw_price price;      /* above 0 */
    int64_t weight_nano; /* target at 1e-9, -1 to 1 */
    int64_t shares;      /* held; not looked at by tw_allocation_greedy */
} tw_allocation_holding;

typedef struct tw_allocation_config {
    tw_money amount;          /* greedy: to invest, above 0; others: the cash at hand */
    int64_t short_ratio_nano; /* greedy: the short side is this part of the amount (0.3: 130/30);
                               * below 0: what the negative weights add up to */
    int64_t cash_nano;        /* to_weights: this part of the equity stays in cash, 0 to 1 */
    tw_money commission;      /* to_weights: of each trade, at least 0 */
    uint32_t tries_max;       /* greedy: how many are tried that the rest of the cash cannot pay */
    uint8_t reinvest;         /* greedy: what is sold short is invested in the long side */
    uint8_t reserved[3];
} tw_allocation_config;

TW_BEGIN_DECLS

/* Nothing to invest; the short side by its weights, no commission, ten tries. */
TW_API void tw_allocation_config_init(tw_allocation_config *config);

/*
 * `ret_shares` [count], negative for shorts; `ret_left` what is not invested, of both sides. With
 * a negative weight, each side is scaled to add up to 1 and allocated for itself; without, weights
 * are taken as they are. O(count x tries) for each single purchase.
 * Source: PyPortfolioOpt, DiscreteAllocation.greedy_portfolio.
 * TW_INVALID: an amount or a price that is not above 0, a weight outside -1 to 1, or weights that
 * add up to more than 1 (and a part in 10,000, for rounding) without shorts; TW_OVERFLOW: an amount
 * beyond its type.
 */
TW_API tw_status tw_allocation_greedy(const tw_allocation_config *config,
                                      const tw_allocation_holding *holdings, size_t count,
                                      int64_t *ret_shares, tw_money *ret_left,
                                      tw_error *error) TW_MUST_CHECK;

/* The root of the mean squared difference between the weights and those of `shares`, in the value
 * of all shares together. NaN when that is 0 or there are none. */
TW_API double tw_allocation_error(const tw_allocation_holding *holdings, size_t count,
                                  const int64_t *shares);

/*
 * Every holding to its weight of the equity (cash and holdings) less the part that stays in cash:
 * first those without a weight are closed, then each trades the greatest whole number whose
 * value and commission the difference pays for, so cash is left rather than missing; a holding
 * already within less than a share and its commission still trades as that says. No more is sold
 * than held of a weight that is not negative. `ret_shares` [count] is what is held then.
 * Source: bt, algos.Rebalance with integer positions.
 * TW_INVALID: a price or an equity that is not above 0, a weight, part or commission out of range;
 * TW_OVERFLOW.
 */
TW_API tw_status tw_allocation_to_weights(const tw_allocation_config *config,
                                          const tw_allocation_holding *holdings, size_t count,
                                          int64_t *ret_shares, tw_money *ret_cash,
                                          tw_error *error) TW_MUST_CHECK;

/*
 * Buys only: the purchases d >= 0 within the cash that leave the least sum of squared distances
 * from the targets are d = max(0, target - value - level), the level found by halving; then whole
 * shares, and one share at a time of what lacks most while the cash pays for it. Targets are
 * weights of the equity, the cash included. `ret_bought` [count]; O(count x 64), and O(count) a
 * single purchase. The same statuses as tw_allocation_greedy.
 */
TW_API tw_status tw_allocation_invest(const tw_allocation_config *config,
                                      const tw_allocation_holding *holdings, size_t count,
                                      int64_t *ret_bought, tw_money *ret_left,
                                      tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
