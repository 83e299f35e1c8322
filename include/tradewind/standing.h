/*
 * standing.h - a portfolio that stands, so that a plan costs what has changed and not what is held.
 *
 *     tw_standing_put(standing, &position);              once, and when its target changes
 *     tw_standing_move(standing, symbol, quantity, price);  with each fill and each price
 *     tw_standing_plan(standing, rebalance, &config, &plan, &error);
 *
 * The plan is that of tw_rebalance_compute over the same positions in the order of their symbols:
 * the same solver makes it. What is saved is to look at every position first. Their sum is kept by
 * differences, exactly; and who is outside its band is found by one pass of three numbers a
 * position, since equity moves all bands at once: only those near to an edge, or beyond it, are
 * looked at exactly.
 *
 * A position without a price takes no part. Positions that only some configurations allow (short
 * ones, groups, classes of cost) may stand here too; while there is one, a plan looks at all.
 *
 * Memory: all at creation, about 200 bytes a symbol. Cost: put, move and restrict O(1), a few
 * nanoseconds; a plan half a nanosecond a symbol (bench_rebalance), and then what the solver takes
 * for those outside. When the cash needs more trades than theirs, O(n) as compute. Threads: one
 * owner.
 */
#ifndef TRADEWIND_STANDING_H
#define TRADEWIND_STANDING_H

#include "tradewind/rebalance.h"

typedef struct tw_standing tw_standing;

TW_BEGIN_DECLS

/* Takes the memory for symbols 0 to symbol_count_max - 1; none stands yet. TW_RANGE (0, or
 * UINT32_MAX), TW_NO_MEMORY. */
TW_API tw_status tw_standing_new(const tw_allocator *allocator, uint32_t symbol_count_max,
                                 tw_standing **ret_standing) TW_MUST_CHECK;
TW_API void tw_standing_free(tw_standing *standing);

/* The position of its symbol from now on; a price that is not above 0 is none. What compute would
 * refuse is refused by the plan. */
TW_API void tw_standing_put(tw_standing *standing, const tw_rebalance_position *position);
/* What is held of a symbol, and at which price. */
TW_API void tw_standing_move(tw_standing *standing, tw_symbol symbol, tw_quantity quantity,
                             tw_price price);
TW_API void tw_standing_restrict(tw_standing *standing, tw_symbol symbol,
                                 tw_restriction restriction);

/* tw_rebalance_compute over what stands; indices of the plan are symbols. The statuses are its own;
 * TW_FULL also if `rebalance` was made for fewer positions. */
TW_API tw_status tw_standing_plan(const tw_standing *standing, tw_rebalance *rebalance,
                                  const tw_rebalance_config *config, tw_rebalance_plan *ret_plan,
                                  tw_error *error) TW_MUST_CHECK;

/* Adds everything up again and asserts that it is what is kept. */
TW_API void tw_standing_check(const tw_standing *standing);

TW_END_DECLS

TW_DEFINE_AUTO(tw_standing, tw_standing_free)

#endif
