/*
 * rebalance_input.h - what `tradewind rebalance` reads: positions and targets.
 *
 * Positions CSV: symbol,quantity,price[,lot][,min_trade][,restricted]. Targets CSV:
 * symbol,weight[,band]. A position without a target has the target 0. A target without a position
 * has no price, and is refused: a row with the quantity 0 gives it one.
 */
#ifndef TRADEWIND_CLI_REBALANCE_INPUT_H
#define TRADEWIND_CLI_REBALANCE_INPUT_H

#include "tradewind/market.h"
#include "tradewind/rebalance.h"

enum { REBALANCE_POSITION_MAX = 1000000 };

/* What holds where a file says nothing. */
typedef struct rebalance_defaults {
    int64_t lot_nano; /* 0: fractional */
    int64_t min_trade_nano;
    int64_t band_nano;
    uint8_t band_kind; /* tw_band_kind */
} rebalance_defaults;

/* Zeroed, it is empty. */
typedef struct rebalance_input {
    tw_symbols *symbols;
    tw_rebalance_position *positions;
    uint8_t *targeted; /* [capacity]: a row of the targets names it */
    size_t count;
    size_t capacity;
} rebalance_input;

/* TW_PARSE, TW_RANGE, TW_EMPTY with file, line and column. Close it in any case. */
tw_status rebalance_positions_read(rebalance_input *input, const char *path,
                                   const rebalance_defaults *defaults,
                                   tw_error *error) TW_MUST_CHECK;

/* After the positions. */
tw_status rebalance_targets_read(rebalance_input *input, const char *path,
                                 tw_error *error) TW_MUST_CHECK;

void rebalance_input_close(rebalance_input *input);

/* The position of a name, or `count`. */
size_t rebalance_input_find(const rebalance_input *input, tw_slice name);

#endif
