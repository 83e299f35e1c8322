/*
 * rebalance_lots.h - which tax lots the trades of a plan close: a CSV symbol,quantity,price,date of
 * what was bought when, and for what; or sold short, with a quantity below 0.
 *
 * A sale closes what is held long, a purchase what is short; what goes beyond the position opens a
 * new one and closes nothing. What a trade costs is a part of its gains.
 */
#ifndef TRADEWIND_CLI_REBALANCE_LOTS_H
#define TRADEWIND_CLI_REBALANCE_LOTS_H

#include "json_writer.h"
#include "rebalance_input.h"
#include "tradewind/tax_lots.h"

/* What one trade closes. */
typedef struct lot_sale {
    size_t position;
    bool is_short;
    const tw_tax_closing *closings; /* [result.count], within the memory of all sales */
    tw_tax_lots_result result;
} lot_sale;

/* What the lots of a position add up to; below 0 is short. */
typedef struct lot_sum {
    int64_t quantity_nano;
    bool any; /* it has lots */
} lot_sum;

/* Zeroed, it is empty. */
typedef struct rebalance_lots {
    const char *path;
    int64_t day; /* of the trades, from 1970-01-01 */
    tw_tax_lots_config config;
    tw_tax_lot *lots; /* in the order of the file */
    size_t count;
    size_t capacity;
    tw_tax_closing *closings; /* [2 x capacity] */
    size_t closing_count;
    lot_sale *sales; /* [sale_capacity] */
    size_t sale_count;
    size_t sale_capacity;
    lot_sum *sums; /* [position_count] */
    size_t position_count;
    tw_tax_lots_result total; /* of all sales; `count` is that of the closings */
} rebalance_lots;

/* Reads the lots. TW_PARSE, TW_RANGE, TW_EMPTY with the place. Close it in any case. */
tw_status rebalance_lots_read(rebalance_lots *lots, const rebalance_input *input,
                              tw_error *error) TW_MUST_CHECK;

/* Chooses for every trade of the plan that closes something. TW_RANGE: the lots of a symbol are
 * fewer than it closes; TW_OVERFLOW: the sums do not fit. */
tw_status rebalance_lots_choose(rebalance_lots *lots, const rebalance_input *input,
                                const tw_rebalance_plan *plan, tw_error *error) TW_MUST_CHECK;

void rebalance_lots_close(rebalance_lots *lots);

/* A table after an empty line with what it comes to in the year, and which lots do not add up to
 * their position; and the same as members of a document. */
tw_status rebalance_lots_print(const rebalance_lots *lots, const rebalance_input *input,
                               tw_error *error) TW_MUST_CHECK;
void rebalance_lots_put(const rebalance_lots *lots, const rebalance_input *input,
                        json_writer *writer);

#endif
