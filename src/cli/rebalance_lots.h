/*
 * rebalance_lots.h - which tax lots the sales of a plan close: a CSV symbol,quantity,price,date of
 * what was bought when, and for what.
 */
#ifndef TRADEWIND_CLI_REBALANCE_LOTS_H
#define TRADEWIND_CLI_REBALANCE_LOTS_H

#include "json_writer.h"
#include "rebalance_input.h"
#include "tradewind/tax_lots.h"

/* What one sale closes. */
typedef struct lot_sale {
    size_t position;
    const tw_tax_closing *closings; /* [result.count], within the memory of all sales */
    tw_tax_lots_result result;
} lot_sale;

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
} rebalance_lots;

/* Reads the lots. TW_PARSE, TW_RANGE, TW_EMPTY with the place. Close it in any case. */
tw_status rebalance_lots_read(rebalance_lots *lots, const rebalance_input *input,
                              tw_error *error) TW_MUST_CHECK;

/* Chooses for every sale of the plan. TW_RANGE: the lots of a symbol are fewer than its position;
 * TW_NOT_FOUND: it has none. */
tw_status rebalance_lots_choose(rebalance_lots *lots, const rebalance_input *input,
                                const tw_rebalance_plan *plan, tw_error *error) TW_MUST_CHECK;

void rebalance_lots_close(rebalance_lots *lots);

/* A table after an empty line, and a member of a document. */
tw_status rebalance_lots_print(const rebalance_lots *lots, const rebalance_input *input,
                               tw_error *error) TW_MUST_CHECK;
void rebalance_lots_put(const rebalance_lots *lots, const rebalance_input *input,
                        json_writer *writer);

#endif
