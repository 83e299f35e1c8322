/*
 * overlap.c - the problem in whole numbers: checks, sums, the bound of each limit, the report.
 *
 * The cash of a trade is rounded by trade and so counted at 1e-9; the other sums are products of
 * lots, lot, price and coefficient without rounding, at 1e-27. Values together are at most
 * INT64_MAX nano and coefficients at most 10, so that a sum is below 9.3e37 and fits 128 bits.
 *
 * Invariants:
 * 1. limits[0] is the cash that may be used; limits[1 + r] is row r.
 * 2. sums[] are those of lots[] whenever overlap_holds is asked.
 * 3. A part of a limit does not change direction in the lots: its extremes stand at the ends of a
 *    side.
 */
#include <string.h>

#include "overlap_priv.h"
#include "tradewind/decimal.h"

#define UNIT_OF_ROW ((overlap_wide)TW_NANO * TW_NANO) /* from money at 1e-9 to a row's 1e-27 */

tw_status tw_overlap_new(const tw_allocator *allocator, size_t count_max, size_t row_count_max,
                         tw_overlap **ret_overlap) {
    TW_ASSERT(ret_overlap != NULL);
    if (count_max == 0 || row_count_max == SIZE_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_overlap *overlap = TW_NEW(allocator, 1, tw_overlap);
    if (overlap == NULL)
        return TW_NO_MEMORY;
    overlap->allocator = *allocator;
    overlap->count_max = count_max;
    overlap->limit_count_max = row_count_max + 1;
    overlap->lots = TW_NEW(allocator, count_max, int64_t);
    overlap->offers = TW_NEW(allocator, count_max, overlap_offer);
    overlap->trades = TW_NEW(allocator, count_max, tw_rebalance_trade);
    overlap->limits = TW_NEW(allocator, overlap->limit_count_max, overlap_limit);
    overlap->sums = TW_NEW(allocator, overlap->limit_count_max, overlap_wide);
    overlap->scales = TW_NEW(allocator, overlap->limit_count_max, double);
    if (overlap->lots == NULL || overlap->offers == NULL || overlap->trades == NULL ||
        overlap->limits == NULL || overlap->sums == NULL || overlap->scales == NULL) {
        tw_overlap_free(overlap);
        return TW_NO_MEMORY;
    }
    *ret_overlap = overlap;
    return TW_OK;
}

void tw_overlap_free(tw_overlap *overlap) {
    if (overlap == NULL)
        return;
    tw_allocator allocator = overlap->allocator;
    TW_DELETE(&allocator, overlap->lots, overlap->count_max, int64_t);
    TW_DELETE(&allocator, overlap->offers, overlap->count_max, overlap_offer);
    TW_DELETE(&allocator, overlap->trades, overlap->count_max, tw_rebalance_trade);
    TW_DELETE(&allocator, overlap->limits, overlap->limit_count_max, overlap_limit);
    TW_DELETE(&allocator, overlap->sums, overlap->limit_count_max, overlap_wide);
    TW_DELETE(&allocator, overlap->scales, overlap->limit_count_max, double);
    TW_DELETE(&allocator, overlap, 1, tw_overlap);
}

/* --- trades --------------------------------------------------------------------------------- */

bool overlap_is_mandatory(const tw_rebalance_range *range) {
    return range->lots_min > 0 || range->lots_max < 0;
}

bool overlap_side_of(const tw_rebalance_range *range, bool sells, overlap_side *ret_side) {
    int64_t least = range->lots_least;
    overlap_side side = {range->lots_min, range->lots_max};
    if (sells)
        side.high = side.high < -least ? side.high : -least;
    else
        side.low = side.low > least ? side.low : least;
    if (side.low > side.high)
        return false;
    *ret_side = side;
    return true;
}

bool overlap_allows(const tw_rebalance_range *range, int64_t lots) {
    if (lots == 0)
        return !overlap_is_mandatory(range);
    overlap_side side;
    return overlap_side_of(range, lots < 0, &side) && lots >= side.low && lots <= side.high;
}

static overlap_wide quotient_up(overlap_wide value, overlap_wide divisor) {
    return (value + divisor - 1) / divisor;
}

static overlap_wide value_of(const tw_rebalance_range *range, int64_t lots) {
    overlap_wide product =
        (overlap_wide)(lots < 0 ? -lots : lots) * range->lot.nano * range->price.nano;
    return lots > 0 ? quotient_up(product, TW_NANO) : product / TW_NANO;
}

static overlap_wide cost_of(const tw_overlap_problem *problem, overlap_wide value) {
    return quotient_up(value * problem->cost_rate_nano, TW_NANO);
}

overlap_wide overlap_cash_use(const tw_overlap_problem *problem, size_t index, int64_t lots) {
    overlap_wide value = value_of(&problem->ranges[index], lots);
    overlap_wide cost = cost_of(problem, value);
    return lots < 0 ? cost - value : value + cost;
}

overlap_wide overlap_part(const tw_overlap_problem *problem, size_t limit, size_t index,
                          int64_t lots) {
    if (limit == 0)
        return overlap_cash_use(problem, index, lots);
    const tw_rebalance_range *range = &problem->ranges[index];
    int64_t coefficient = problem->rows[limit - 1].coefficients_nano[index];
    return (overlap_wide)lots * range->lot.nano * range->price.nano * coefficient;
}

void overlap_add_up(tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t r = 0; r <= problem->row_count; r++) {
        overlap->sums[r] = 0;
        for (size_t i = 0; i < problem->count; i++)
            if (overlap->lots[i] != 0)
                overlap->sums[r] += overlap_part(problem, r, i, overlap->lots[i]);
    }
}

bool overlap_holds(const tw_overlap *overlap, const tw_overlap_problem *problem) {
    for (size_t r = 0; r <= problem->row_count; r++) {
        const overlap_limit *limit = &overlap->limits[r];
        if ((limit->has_least && overlap->sums[r] < limit->least) ||
            (limit->has_most && overlap->sums[r] > limit->most))
            return false;
    }
    return true;
}

static int64_t lots_most(const tw_rebalance_range *range) {
    return -range->lots_min > range->lots_max ? -range->lots_min : range->lots_max;
}

overlap_wide overlap_value_most(const tw_overlap_problem *problem) {
    overlap_wide sum = 1;
    for (size_t i = 0; i < problem->count; i++)
        sum += value_of(&problem->ranges[i], lots_most(&problem->ranges[i]));
    return sum;
}

/* --- checks --------------------------------------------------------------------------------- */

static tw_status check_ranges(const tw_overlap_problem *problem, tw_error *error) {
    overlap_wide sum = 0;
    for (size_t i = 0; i < problem->count; i++) {
        const tw_rebalance_range *range = &problem->ranges[i];
        if (range->price.nano <= 0 || range->lot.nano < 1 || range->lots_least < 1 ||
            range->lots_min > range->lots_max || range->lots_min == INT64_MIN)
            return tw_error_set(error, TW_INVALID, "range %zu is not a range of trades", i);
        overlap_side side;
        if (overlap_is_mandatory(range) && !overlap_side_of(range, range->lots_max < 0, &side))
            return tw_error_set(error, TW_INVALID,
                                "position %zu must trade, but all that it may trade is below its "
                                "least trade; leave it out",
                                i);
        overlap_wide quantity = (overlap_wide)lots_most(range) * range->lot.nano;
        if (quantity > INT64_MAX)
            return tw_error_set(error, TW_OVERFLOW, "the trade of position %zu does not fit", i);
        sum += quotient_up(quantity * range->price.nano, TW_NANO);
        if (sum > INT64_MAX / 2)
            return tw_error_set(error, TW_OVERFLOW, "the values of the trades together do not fit");
    }
    return TW_OK;
}

static tw_status check_row(const tw_overlap_problem *problem, size_t r, tw_error *error) {
    const tw_overlap_row *row = &problem->rows[r];
    TW_ASSERT(row->coefficients_nano != NULL || problem->count == 0);
    if (row->least.nano > row->most.nano)
        return tw_error_set(error, TW_INVALID, "row %zu has a least above its most", r);
    for (size_t i = 0; i < problem->count; i++) {
        int64_t coefficient = row->coefficients_nano[i];
        if (coefficient > TW_OVERLAP_COEFFICIENT_MAX || coefficient < -TW_OVERLAP_COEFFICIENT_MAX)
            return tw_error_set(error, TW_INVALID,
                                "the coefficient of position %zu in row %zu is beyond 10; scale "
                                "the row",
                                i, r);
    }
    return TW_OK;
}

/* The size of a limit's unit in money, for comparing violations of different limits. */
static double scale_of_row(const tw_overlap_problem *problem, size_t r) {
    int64_t greatest = 1;
    for (size_t i = 0; i < problem->count; i++) {
        int64_t coefficient = problem->rows[r].coefficients_nano[i];
        int64_t size = coefficient < 0 ? -coefficient : coefficient;
        greatest = size > greatest ? size : greatest;
    }
    return (double)greatest * (double)TW_NANO;
}

tw_status overlap_begin(tw_overlap *overlap, const tw_overlap_problem *problem, tw_error *error) {
    TW_ASSERT(problem->ranges != NULL || problem->count == 0);
    TW_ASSERT(problem->rows != NULL || problem->row_count == 0);
    if (problem->count > overlap->count_max || problem->row_count >= overlap->limit_count_max)
        return tw_error_set(
            error, TW_FULL, "%zu positions and %zu rows exceed the %zu and %zu made room for",
            problem->count, problem->row_count, overlap->count_max, overlap->limit_count_max - 1);
    if (problem->cash_min.nano > problem->cash_max.nano)
        return tw_error_set(error, TW_INVALID, "the least cash is above the most cash");
    if (problem->cost_rate_nano < 0 || problem->cost_rate_nano > TW_NANO / 2)
        return tw_error_set(error, TW_INVALID, "the cost rate must lie between 0 and 50%%");
    tw_status status = check_ranges(problem, error);
    for (size_t r = 0; r < problem->row_count && status == TW_OK; r++)
        status = check_row(problem, r, error);
    if (status != TW_OK)
        return status;
    overlap->limits[0] =
        (overlap_limit){.least = (overlap_wide)problem->cash.nano - problem->cash_max.nano,
                        .most = (overlap_wide)problem->cash.nano - problem->cash_min.nano,
                        .has_least = problem->cash_max.nano != TW_OVERLAP_NO_MOST,
                        .has_most = true};
    overlap->scales[0] = 1;
    for (size_t r = 0; r < problem->row_count; r++) {
        const tw_overlap_row *row = &problem->rows[r];
        overlap->limits[r + 1] =
            (overlap_limit){.least = row->least.nano * UNIT_OF_ROW,
                            .most = row->most.nano * UNIT_OF_ROW,
                            .has_least = row->least.nano != TW_OVERLAP_NO_LEAST,
                            .has_most = row->most.nano != TW_OVERLAP_NO_MOST};
        overlap->scales[r + 1] = scale_of_row(problem, r);
    }
    return TW_OK;
}

/* --- the bound ------------------------------------------------------------------------------ */

/* The greatest of sign x part over what the position may trade; 0 counts when it need not. */
static overlap_wide greatest_part(const tw_overlap_problem *problem, size_t limit, size_t index,
                                  int sign) {
    const tw_rebalance_range *range = &problem->ranges[index];
    overlap_wide greatest = 0;
    bool any = !overlap_is_mandatory(range);
    for (int side_index = 0; side_index < 2; side_index++) {
        overlap_side side;
        if (!overlap_side_of(range, side_index == 0, &side))
            continue;
        overlap_wide low = sign * overlap_part(problem, limit, index, side.low);
        overlap_wide high = sign * overlap_part(problem, limit, index, side.high);
        overlap_wide here = low > high ? low : high;
        greatest = !any || here > greatest ? here : greatest;
        any = true;
    }
    return greatest;
}

static void sift(overlap_offer *heap, size_t count, size_t at) {
    overlap_offer moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1].amount > heap[child].amount)
            child++;
        if (heap[child].amount <= moving.amount)
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* The least number of further trades that one side of one limit asks for; SIZE_MAX when all of
 * them are not enough. With sign 1 the sum must reach `wanted`, with -1 its negative must. */
static size_t least_further(tw_overlap *overlap, const tw_overlap_problem *problem, size_t limit,
                            int sign, overlap_wide wanted) {
    size_t count = 0;
    for (size_t i = 0; i < problem->count; i++) {
        overlap_wide part = greatest_part(problem, limit, i, sign);
        if (overlap_is_mandatory(&problem->ranges[i]))
            wanted -= part;
        else if (part > 0)
            overlap->offers[count++] = (overlap_offer){part, i};
    }
    for (size_t i = count / 2; i-- > 0;)
        sift(overlap->offers, count, i);
    size_t taken = 0;
    for (; wanted > 0 && taken < count; taken++) {
        wanted -= overlap->offers[0].amount;
        overlap->offers[0] = overlap->offers[count - taken - 1];
        sift(overlap->offers, count - taken - 1, 0);
    }
    return wanted > 0 ? SIZE_MAX : taken;
}

/* The greatest over all limits, SIZE_MAX when one cannot be met, and which limit it was. */
static size_t further_trades(tw_overlap *overlap, const tw_overlap_problem *problem,
                             size_t *ret_limit) {
    size_t most = 0;
    *ret_limit = 0;
    for (size_t r = 0; r <= problem->row_count; r++) {
        const overlap_limit *limit = &overlap->limits[r];
        for (int sign = -1; sign <= 1; sign += 2) {
            if (sign > 0 ? !limit->has_least : !limit->has_most)
                continue;
            overlap_wide wanted = sign > 0 ? limit->least : -limit->most;
            size_t further = least_further(overlap, problem, r, sign, wanted);
            if (further > most) {
                most = further;
                *ret_limit = r;
            }
        }
    }
    return most;
}

/* --- the report ----------------------------------------------------------------------------- */

/* The cash breaks its limit without this trade. */
static bool is_for_cash(const tw_overlap *overlap, const tw_overlap_problem *problem, size_t index,
                        int64_t lots) {
    const overlap_limit *cash = &overlap->limits[0];
    overlap_wide without = overlap->sums[0] - overlap_cash_use(problem, index, lots);
    return (cash->has_least && without < cash->least) || (cash->has_most && without > cash->most);
}

static tw_trade_reason reason_of(const tw_overlap *overlap, const tw_overlap_problem *problem,
                                 size_t index, int64_t lots) {
    if (overlap_is_mandatory(&problem->ranges[index]))
        return lots < 0 ? TW_TRADE_ABOVE_BAND : TW_TRADE_BELOW_BAND;
    if (is_for_cash(overlap, problem, index, lots))
        return lots < 0 ? TW_TRADE_RAISE_CASH : TW_TRADE_USE_CASH;
    return lots < 0 ? TW_TRADE_CUT_GROUP : TW_TRADE_FILL_GROUP;
}

static void write_trade(const tw_overlap *overlap, const tw_overlap_problem *problem, size_t index,
                        tw_rebalance_trade *ret_trade) {
    const tw_rebalance_range *range = &problem->ranges[index];
    int64_t lots = overlap->lots[index];
    overlap_wide value = value_of(range, lots);
    memset(ret_trade, 0, sizeof *ret_trade);
    ret_trade->index = index;
    ret_trade->quantity.nano = (lots < 0 ? -lots : lots) * range->lot.nano;
    ret_trade->price = range->price;
    ret_trade->value.nano = (int64_t)value;
    ret_trade->cost.nano = (int64_t)cost_of(problem, value);
    ret_trade->symbol = range->symbol;
    ret_trade->side = lots < 0 ? TW_SIDE_SELL : TW_SIDE_BUY;
    ret_trade->reason = (uint8_t)reason_of(overlap, problem, index, lots);
}

static tw_status write_trades(tw_overlap *overlap, const tw_overlap_problem *problem,
                              tw_overlap_plan *plan, tw_error *error) {
    overlap_wide cash_after = (overlap_wide)problem->cash.nano - overlap->sums[0];
    if (cash_after > INT64_MAX || cash_after < INT64_MIN)
        return tw_error_set(error, TW_OVERFLOW, "the cash after trading does not fit");
    plan->cash_after.nano = (int64_t)cash_after;
    for (size_t i = 0; i < problem->count; i++) {
        if (overlap->lots[i] == 0)
            continue;
        tw_rebalance_trade *trade = &overlap->trades[plan->count++];
        write_trade(overlap, problem, i, trade);
        plan->turnover.nano += trade->value.nano;
        plan->cost.nano += trade->cost.nano;
    }
    plan->trades = overlap->trades;
    plan->feasible = true;
    return TW_OK;
}

static void say_impossible(size_t limit, tw_overlap_plan *plan) {
    tw_text text = tw_text_over(plan->reason, sizeof plan->reason);
    tw_text_append_string(&text, "No plan exists: all allowed trades together cannot bring ");
    if (limit == 0)
        tw_text_append_string(&text, "the cash into its window.");
    else
        tw_text_append_format(&text, "row %zu into its limits.", limit - 1);
}

tw_status overlap_report(tw_overlap *overlap, const tw_overlap_problem *problem, bool found,
                         tw_overlap_plan *plan, tw_error *error) {
    plan->fault = TW_OVERLAP_NO_FAULT;
    for (size_t i = 0; i < problem->count; i++)
        plan->mandatory += overlap_is_mandatory(&problem->ranges[i]);
    size_t limit;
    size_t further = further_trades(overlap, problem, &limit);
    if (further == SIZE_MAX) {
        plan->proof = TW_OVERLAP_EXACT;
        plan->fault = limit;
        say_impossible(limit, plan);
        return TW_OK;
    }
    plan->bound = plan->mandatory + further;
    plan->solver_bound = plan->bound;
    if (!found)
        return TW_OK;
    TW_ASSERT(overlap_holds(overlap, problem));
    tw_status status = write_trades(overlap, problem, plan, error);
    if (status != TW_OK)
        return status;
    TW_ASSERT(plan->count >= plan->bound);
    plan->gap = plan->count - plan->bound;
    plan->proof = plan->gap == 0 ? TW_OVERLAP_EXACT : TW_OVERLAP_UNPROVEN;
    return TW_OK;
}
