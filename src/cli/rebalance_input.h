/*
 * rebalance_input.h - what `tradewind rebalance` reads: positions and targets.
 *
 * Positions CSV: symbol,quantity,price[,lot][,min_trade][,restricted][,rank][,max_order]
 * [,max_shares]. Targets CSV: symbol,weight[,band]. A position without a target has the target 0
 * and no band: it is to be sold whole. A target without a position has no price, and is refused: a
 * row with the quantity 0 gives it one.
 *
 * Groups CSV: group[,symbol][,parent][,min][,max]. A row with a symbol puts it into the group; a
 * row without one states the group's limits, as weights, and the group that it is a part of. A
 * group stands before its symbols and its parts.
 */
#ifndef TRADEWIND_CLI_REBALANCE_INPUT_H
#define TRADEWIND_CLI_REBALANCE_INPUT_H

#include <stdbool.h>

#include "tradewind/market.h"
#include "tradewind/rebalance.h"

enum { REBALANCE_POSITION_MAX = 1000000 };

/* What holds where a file says nothing. */
typedef struct rebalance_defaults {
    int64_t lot_nano; /* 0: fractional */
    int64_t min_trade_nano;
    int64_t band_nano;
    int64_t band_floor_nano;
    uint8_t band_kind; /* tw_band_kind */
    bool shorts;       /* quantities and weights may be below 0 */
} rebalance_defaults;

/* What the weight of a position may be when it is made (--weigh); -1: nothing is said. */
typedef struct weight_bounds {
    int64_t least_nano;
    int64_t most_nano;
} weight_bounds;

/* Zeroed, it is empty. */
typedef struct rebalance_input {
    tw_symbols *symbols;
    tw_rebalance_position *positions;
    tw_rebalance_order_max *order_maxima; /* [capacity] */
    uint8_t *targeted;                    /* [capacity]: a row of the targets names it */
    weight_bounds *bounds;                /* [capacity] */
    size_t count;
    size_t capacity;
    tw_symbols *group_names;    /* symbol i is groups[i] */
    tw_rebalance_group *groups; /* [TW_REBALANCE_GROUPS_MAX], NULL without a file */
    uint64_t *group_lines;      /* of the file, where each is stated */
    size_t group_count;
} rebalance_input;

/* TW_PARSE, TW_RANGE, TW_EMPTY with file, line and column. Close it in any case. */
tw_status rebalance_positions_read(rebalance_input *input, const char *path,
                                   const rebalance_defaults *defaults,
                                   tw_error *error) TW_MUST_CHECK;

/* After the positions. */
tw_status rebalance_targets_read(rebalance_input *input, const char *path,
                                 const rebalance_defaults *defaults, tw_error *error) TW_MUST_CHECK;

/* After the positions. */
tw_status rebalance_groups_read(rebalance_input *input, const char *path,
                                tw_error *error) TW_MUST_CHECK;

void rebalance_input_close(rebalance_input *input);

/* The position of a name, or `count`. */
size_t rebalance_input_find(const rebalance_input *input, tw_slice name);

#endif
