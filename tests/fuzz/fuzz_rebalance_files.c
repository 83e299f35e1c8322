/*
 * fuzz_rebalance_files.c - any bytes as a file of `tradewind rebalance`.
 *
 * The first byte chooses which file the rest is: positions, targets, groups, limits that overlap or
 * tax lots; the others are fixed, given through memory files so that the command's own readers are
 * what runs. What is refused has a sentence. What is read keeps what its header says; a plan under
 * limits that were read keeps each of them and the cash; lots that were chosen add up to what the
 * trade closes.
 */
#include <string.h>

#include "memory_file.h"
#include "rebalance_input.h"
#include "rebalance_limits.h"
#include "rebalance_lots.h"
#include "tradewind/overlap.h"

enum { PLAN_POSITIONS_MAX = 64, DAY = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char positions_text[] = "symbol,quantity,price,restricted\nA,30,100,\nB,10,50.5,\n"
                                     "C,0,20,buy-only\nS,-8,40,\n";

static const rebalance_defaults defaults = {
    .lot_nano = TW_NANO, .band_nano = TW_NANO / 10, .shorts = true};

static void check_refused(tw_status status, const tw_error *error) {
    TW_ASSERT(status == TW_OK || (error->status == status && error->message[0] != 0));
}

static tw_status read_positions(rebalance_input *input, const memory_file *file) {
    tw_error error = {0};
    tw_status status = rebalance_positions_read(input, file->path, &defaults, &error);
    check_refused(status, &error);
    for (size_t i = 0; status == TW_OK && i < input->count; i++) {
        const tw_rebalance_position *at = &input->positions[i];
        TW_ASSERT(at->price.nano > 0 && at->lot.nano >= 0 && at->min_trade.nano >= 0);
        TW_ASSERT(at->restricted <= TW_RESTRICTION_SELL_ONLY && at->symbol == i);
        TW_ASSERT(input->bounds[i].least_nano >= -1 && input->bounds[i].most_nano <= TW_NANO);
    }
    return status;
}

static void read_targets(rebalance_input *input, const memory_file *file) {
    tw_error error = {0};
    tw_status status = rebalance_targets_read(input, file->path, &defaults, &error);
    check_refused(status, &error);
    int64_t sum = 0;
    for (size_t i = 0; status == TW_OK && i < input->count; i++)
        sum += input->positions[i].weight_nano;
    TW_ASSERT(sum <= TW_NANO + TW_NANO / 1000000);
}

static void read_groups(rebalance_input *input, const memory_file *file) {
    tw_error error = {0};
    tw_status status = rebalance_groups_read(input, file->path, &error);
    check_refused(status, &error);
    for (size_t g = 0; status == TW_OK && g < input->group_count; g++) {
        TW_ASSERT(input->groups[g].parent <= g);
        TW_ASSERT(input->groups[g].least_nano <= input->groups[g].most_nano);
    }
}

/* ---- Limits -------------------------------------------------------------------------------- */

/* The plan's trades, measured against the limits as the file has them. */
static void check_limits(const rebalance_limits *limits, const rebalance_input *input,
                         const tw_overlap_plan *found, tw_money equity) {
    const tw_rebalance_plan plan = {.trades = found->trades, .count = found->count};
    for (size_t k = 0; k < limits->count; k++) {
        int64_t worth = rebalance_limits_worth(limits, k, input, &plan);
        int64_t least = rebalance_limits_least(limits, k, equity);
        int64_t most = rebalance_limits_most(limits, k, equity);
        TW_ASSERT(least == INT64_MIN || worth >= least - 1); /* `worth` is rounded down */
        TW_ASSERT(most == INT64_MAX || worth <= most);
    }
}

static void plan_under(rebalance_limits *limits, const rebalance_input *input) {
    tw_rebalance_range ranges[PLAN_POSITIONS_MAX];
    tw_rebalance_outlook outlook = {.ranges = ranges};
    tw_rebalance_config config;
    tw_rebalance *rebalance = NULL;
    tw_overlap *overlap = NULL;
    tw_overlap_plan plan;
    tw_error error = {0};
    tw_rebalance_config_init(&config);
    config.shorts_allowed = 1;
    if (tw_rebalance_new(NULL, input->count, &rebalance) != TW_OK ||
        tw_overlap_new(NULL, input->count, limits->count, &overlap) != TW_OK)
        abort();
    tw_status status = tw_rebalance_look_ahead(rebalance, &config, input->positions, input->count,
                                               &outlook, &error);
    TW_ASSERT(status == TW_OK);
    status = rebalance_limits_bind(limits, input, outlook.equity, &error);
    check_refused(status, &error);
    const tw_overlap_problem problem = {.ranges = ranges,
                                        .count = input->count,
                                        .rows = limits->rows,
                                        .row_count = limits->count,
                                        .cash_min = {-1000 * TW_NANO},
                                        .cash_max = {1000 * TW_NANO}};
    if (status == TW_OK) {
        status = tw_overlap_solve(overlap, &problem, &plan, &error);
        TW_ASSERT(status == TW_OK); /* what was read is a problem */
        if (plan.feasible)
            check_limits(limits, input, &plan, outlook.equity);
    }
    tw_overlap_free(overlap);
    tw_rebalance_free(rebalance);
}

static void read_limits(const rebalance_input *input, const memory_file *file) {
    rebalance_limits limits = {0};
    tw_error error = {0};
    tw_status status = rebalance_limits_read(&limits, input, file->path, &error);
    check_refused(status, &error);
    if (status == TW_OK)
        plan_under(&limits, input);
    rebalance_limits_close(&limits);
}

/* ---- Lots ---------------------------------------------------------------------------------- */

static void check_lots(const rebalance_lots *lots, const tw_rebalance_plan *plan) {
    for (size_t s = 0; s < lots->sale_count; s++) {
        const lot_sale *sale = &lots->sales[s];
        int64_t closed = 0;
        for (size_t k = 0; k < sale->result.count; k++) {
            const tw_tax_closing *closing = &sale->closings[k];
            closed += closing->quantity.nano;
            TW_ASSERT(closing->lot < lots->count);
            TW_ASSERT((lots->lots[closing->lot].is_short != 0) == sale->is_short);
            TW_ASSERT(closing->gain.nano == closing->proceeds.nano - closing->cost.nano);
            TW_ASSERT(closing->disallowed_loss.nano >= 0);
        }
        TW_ASSERT(closed == plan->trades[s].quantity.nano);
    }
}

/* A sale of a part of A, and a purchase of all that is short of S. */
static void read_lots(const rebalance_input *input, const memory_file *file, uint8_t choice) {
    const tw_rebalance_trade trades[] = {{.index = 0,
                                          .quantity = {7 * TW_NANO},
                                          .price = {100 * TW_NANO},
                                          .cost = {TW_NANO / 3},
                                          .symbol = 0,
                                          .side = TW_SIDE_SELL},
                                         {.index = 3,
                                          .quantity = {8 * TW_NANO},
                                          .price = {40 * TW_NANO},
                                          .symbol = 3,
                                          .side = TW_SIDE_BUY}};
    const tw_rebalance_plan plan = {.feasible = true, .count = 2, .trades = trades};
    rebalance_lots lots = {.path = file->path, .day = DAY};
    tw_error error = {0};
    tw_tax_lots_config_init(&lots.config);
    lots.config.order = choice % (TW_LOTS_LEAST_TAX + 1);
    tw_status status = rebalance_lots_read(&lots, input, &error);
    if (status == TW_OK)
        status = rebalance_lots_choose(&lots, input, &plan, &error);
    check_refused(status, &error);
    if (status == TW_OK)
        check_lots(&lots, &plan);
    rebalance_lots_close(&lots);
}

/* The fixed positions, read once for all that only look at them. */
static const rebalance_input *fixed_positions(void) {
    static rebalance_input input;
    if (input.count > 0)
        return &input;
    memory_file file = memory_file_make(positions_text, sizeof positions_text - 1);
    tw_status status = read_positions(&input, &file);
    TW_ASSERT(status == TW_OK);
    memory_file_close(&file);
    return &input;
}

/* Targets and groups are written into the positions: they need their own. */
static void read_into_positions(unsigned kind, const memory_file *file) {
    memory_file fixed = memory_file_make(positions_text, sizeof positions_text - 1);
    rebalance_input input = {0};
    tw_status status = read_positions(&input, kind == 0 ? file : &fixed);
    TW_ASSERT(kind == 0 || status == TW_OK);
    if (kind == 1)
        read_targets(&input, file);
    if (kind == 2)
        read_groups(&input, file);
    rebalance_input_close(&input);
    memory_file_close(&fixed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    memory_file file = memory_file_make(data + 1, size - 1);
    unsigned kind = data[0] % 5;
    if (kind == 3)
        read_limits(fixed_positions(), &file);
    else if (kind == 4)
        read_lots(fixed_positions(), &file, data[0] / 5);
    else
        read_into_positions(kind, &file);
    memory_file_close(&file);
    return 0;
}
