/* holding.h - how a trade moves a position: quantity and what it cost, long and short. */
#ifndef TRADEWIND_RUN_EXCHANGE_HOLDING_H
#define TRADEWIND_RUN_EXCHANGE_HOLDING_H

#include "ledger.h"

/* Moves a position by `quantity_nano` (bought: positive) that were worth `value_nano` (0 or more).
 * What enlarges it adds to its cost; what takes from it takes the same share of its cost; what goes
 * through zero begins anew on the other side with its part of the value. */
void holding_move(ledger_holding *holding, int64_t quantity_nano, int64_t value_nano);

/* What such a move opens of `value_nano`, less what it closes. */
int64_t holding_opened(const ledger_holding *holding, int64_t quantity_nano, int64_t value_nano);

#endif
