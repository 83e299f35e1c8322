/*
 * rebalance_limits.h - limits that overlap: a CSV
 * limit,symbol,factor,min,max,min_amount,max_amount.
 *
 * A row without a symbol states a limit: what its members are worth after trading, each times its
 * factor, is at least and at most so much: shares of everything (min, max), amounts of money
 * (min_amount, max_amount), or both; then the tighter holds. A row with a symbol, behind that one,
 * makes the position a member, with the factor 1 unless told; the symbol "*" stands for every
 * position that has no row of its own in the limit. A position may be in any number of limits.
 */
#ifndef TRADEWIND_CLI_REBALANCE_LIMITS_H
#define TRADEWIND_CLI_REBALANCE_LIMITS_H

#include "rebalance_input.h"
#include "tradewind/overlap.h"

enum { REBALANCE_LIMIT_MAX = 256 };

/* Factors of all limits together: what memory is taken for at most. */
#define REBALANCE_FACTOR_COUNT_MAX (1 << 26)

/* One limit. INT64_MIN and INT64_MAX where there is none. */
typedef struct rebalance_limit {
    int64_t least_share_nano;
    int64_t most_share_nano;
    int64_t least_nano;
    int64_t most_nano;
    int64_t *factors_nano; /* [positions] */
    int64_t others_nano;   /* of "*" */
    size_t members;
} rebalance_limit;

/* Zeroed, it is empty. */
typedef struct rebalance_limits {
    tw_symbols *names; /* symbol i is limits[i] */
    rebalance_limit *limits;
    tw_overlap_row *rows; /* [REBALANCE_LIMIT_MAX]: of trades, after rebalance_limits_bind */
    size_t count;
    size_t position_count;
} rebalance_limits;

/* After the positions. TW_PARSE, TW_RANGE, TW_EMPTY, TW_FULL with the place. Close it in any case.
 */
tw_status rebalance_limits_read(rebalance_limits *limits, const rebalance_input *input,
                                const char *path, tw_error *error) TW_MUST_CHECK;

/* Makes of them rows: what the trades may come to, given what is held and the equity. */
tw_status rebalance_limits_bind(rebalance_limits *limits, const rebalance_input *input,
                                tw_money equity, tw_error *error) TW_MUST_CHECK;

void rebalance_limits_close(rebalance_limits *limits);

const char *rebalance_limits_name(const rebalance_limits *limits, size_t index);

/* What a limit's members are worth, at 1e-9, with the trades of a plan or (NULL) without any. */
int64_t rebalance_limits_worth(const rebalance_limits *limits, size_t index,
                               const rebalance_input *input, const tw_rebalance_plan *plan);

/* The tighter of share and amount, in money at 1e-9; INT64_MIN and INT64_MAX where there is none.
 */
int64_t rebalance_limits_least(const rebalance_limits *limits, size_t index, tw_money equity);
int64_t rebalance_limits_most(const rebalance_limits *limits, size_t index, tw_money equity);

#endif
