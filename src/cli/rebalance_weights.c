/*
 * rebalance_weights.c - see rebalance_weights.h.
 *
 *     table of prices --> columns of the positions --> returns --> covariance --> weights
 *
 * Limits of the weights come from the options, from the columns of the positions and from what may
 * not trade. A method that looks for an optimum has them inside; the weights of the others are
 * brought into them afterwards, with their proportions kept.
 *
 * Groups are no part of this: the trades keep their limits, and targets that do not are told.
 */
#include "rebalance_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/batch.h"
#include "tradewind/decimal.h"
#include "tradewind/expected_returns.h"
#include "tradewind/tape.h"

enum { PERCENT = 100 };

/* Of shares of everything, which come from quotients of amounts. */
#define BUDGET_ROUNDING 1e-9

/* What one call holds; all of it is given back in one place. */
typedef struct weighing {
    const weight_wishes *wishes;
    rebalance_input *input;
    tw_tape_table table;
    size_t rows; /* of returns */
    size_t capacity;
    double *prices;     /* [capacity][count] */
    double *returns;    /* [capacity][count] */
    double *covariance; /* [count][count] */
    double *means;      /* [count] */
    double *limits;     /* [2][count] */
    double *weights;    /* [count] */
    tw_target_weights *targets;
} weighing;

static const char *name_at(const rebalance_input *input, size_t index) {
    return tw_symbols_name(input->symbols, input->positions[index].symbol);
}

static void give_back(weighing *w) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = w->input->count;
    TW_DELETE(system, w->prices, w->capacity * count, double);
    TW_DELETE(system, w->returns, w->capacity * count, double);
    TW_DELETE(system, w->covariance, count * count, double);
    TW_DELETE(system, w->means, count, double);
    TW_DELETE(system, w->limits, 2 * count, double);
    TW_DELETE(system, w->weights, count, double);
    tw_target_weights_free(w->targets);
    tw_tape_table_done(&w->table);
}

static tw_status take_memory(weighing *w, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = w->input->count;
    w->capacity = w->table.row_count;
    w->prices = TW_NEW(system, w->capacity * count, double);
    w->returns = TW_NEW(system, w->capacity * count, double);
    w->covariance = TW_NEW(system, count * count, double);
    w->means = TW_NEW(system, count, double);
    w->limits = TW_NEW(system, 2 * count, double);
    w->weights = TW_NEW(system, count, double);
    if (w->prices == NULL || w->returns == NULL || w->covariance == NULL || w->means == NULL ||
        w->limits == NULL || w->weights == NULL ||
        tw_target_weights_new(NULL, count, &w->targets) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to weigh %zu positions",
                            count);
    return TW_OK;
}

/* ---- Returns ------------------------------------------------------------------------------- */

static tw_status find_column(const weighing *w, size_t position, size_t *ret_column,
                             tw_error *error) {
    const char *name = tw_symbols_name(w->input->symbols, w->input->positions[position].symbol);
    size_t j = 0;
    while (j < w->table.column_count && strcmp(w->table.names[j], name) != 0)
        j++;
    if (j == w->table.column_count)
        return tw_error_set(error, TW_NOT_FOUND,
                            "%s has no column \"%s\": a weight needs the prices of every position",
                            w->wishes->prices, name);
    *ret_column = j;
    return TW_OK;
}

static tw_status copy_column(weighing *w, size_t position, tw_error *error) {
    size_t column = 0;
    size_t row = 0;
    tw_status status = find_column(w, position, &column, error);
    for (size_t i = 0; status == TW_OK && i < w->table.row_count; i++) {
        if (w->table.times_ns[i] < w->wishes->from_ns || w->table.times_ns[i] > w->wishes->to_ns)
            continue;
        w->prices[row++ * w->input->count + position] =
            w->table.values[i * w->table.column_count + column];
    }
    w->rows = row;
    return status;
}

static tw_status make_returns(weighing *w, tw_error *error) {
    const tw_tape_table_config config = {.path = w->wishes->prices, .positive = true};
    tw_status status = tw_tape_read_table(&config, &w->table, error);
    if (status == TW_INVALID)
        status =
            tw_error_set(error, TW_PARSE, "%s is not a file that can be read", w->wishes->prices);
    if (status == TW_OK)
        status = take_memory(w, error);
    for (size_t i = 0; status == TW_OK && i < w->input->count; i++)
        status = copy_column(w, i, error);
    if (status == TW_OK && w->rows < 2)
        return tw_error_set(error, TW_EMPTY, "%s: a return needs two rows of prices",
                            w->wishes->prices);
    if (status == TW_OK)
        tw_batch_returns(NULL, (tw_batch_shape){w->rows--, w->input->count}, w->prices,
                         TW_BATCH_SIMPLE, w->returns);
    return status;
}

/* ---- Weights ------------------------------------------------------------------------------- */

static tw_status estimate(weighing *w, tw_covariance_report *report, tw_error *error) {
    tw_covariance_config config;
    tw_covariance_config_init(&config, (tw_covariance_kind)w->wishes->covariance);
    const tw_covariance_input input = {
        .returns = w->returns, .rows = w->rows, .assets = w->input->count};
    tw_status status = tw_covariance_estimate(NULL, &config, &input, w->covariance, report, error);
    if (status == TW_EMPTY)
        return tw_error_set(
            error, TW_EMPTY,
            "%s: %zu rows have a return of every position, which is too few; --from "
            "or fewer positions may help",
            w->wishes->prices, report->rows_used);
    if (status != TW_OK)
        return status;
    tw_expected_returns_config expected;
    tw_expected_returns_config_init(&expected);
    expected.periods_per_year = 1; /* means of one row, as the covariance */
    const tw_expected_returns_input same = {
        .returns = w->returns, .rows = w->rows, .assets = w->input->count};
    return tw_expected_returns(&expected, &same, w->means, NULL, error);
}

static double equity_of(const weighing *w) {
    double equity = (double)w->wishes->cash_nano;
    for (size_t i = 0; i < w->input->count; i++)
        equity += (double)w->input->positions[i].quantity.nano / (double)TW_NANO *
                  (double)w->input->positions[i].price.nano;
    return equity;
}

/* What is held gives way to nothing: a limit that the position cannot trade into is moved to it. */
static void limit_one(weighing *w, size_t index, double equity, weight_report *report) {
    const tw_rebalance_position *position = &w->input->positions[index];
    const weight_bounds *bounds = &w->input->bounds[index];
    uint8_t may = position->restricted;
    uint8_t all_may = w->wishes->side;
    bool no_sales = may == TW_RESTRICTION_ALL || may == TW_RESTRICTION_BUY_ONLY ||
                    all_may == TW_RESTRICTION_BUY_ONLY;
    bool no_buys = may == TW_RESTRICTION_ALL || may == TW_RESTRICTION_SELL_ONLY ||
                   all_may == TW_RESTRICTION_SELL_ONLY;
    double held =
        (double)position->quantity.nano / (double)TW_NANO * (double)position->price.nano / equity;
    double lower = w->wishes->lower;
    double upper = w->wishes->upper;
    if (bounds->least_nano >= 0)
        lower = (double)bounds->least_nano / (double)TW_NANO;
    if (bounds->most_nano >= 0)
        upper = (double)bounds->most_nano / (double)TW_NANO;
    bool outside = (no_sales && held > upper) || (no_buys && held < lower);
    if (no_sales)
        lower = fmax(lower, held);
    if (no_buys)
        upper = fmin(upper, held);
    if (no_sales && lower > upper)
        upper = lower;
    if (no_buys && lower > upper)
        lower = upper;
    if (outside && report->outside++ == 0)
        report->first_outside = index;
    w->limits[index] = lower;
    w->limits[w->input->count + index] = upper;
}

/* Whether the weights have limits at all. */
static tw_status fill_limits(weighing *w, weight_report *report, bool *ret_limited,
                             tw_error *error) {
    double equity = equity_of(w);
    bool limited = w->wishes->limited || w->wishes->side != TW_RESTRICTION_NONE;
    if (equity <= 0)
        return tw_error_set(error, TW_RANGE,
                            "positions and cash are worth nothing: there is nothing to weigh");
    for (size_t i = 0; i < w->input->count; i++) {
        const weight_bounds *bounds = &w->input->bounds[i];
        limited = limited || w->input->positions[i].restricted != TW_RESTRICTION_NONE ||
                  bounds->least_nano >= 0 || bounds->most_nano >= 0;
        limit_one(w, i, equity, report);
        if (w->limits[i] > w->limits[w->input->count + i])
            return tw_error_set(
                error, TW_RANGE,
                "%s: the least weight is above the most; --weight-min, --weight-max "
                "and the columns weight_min and weight_max do not go together",
                name_at(w->input, i));
    }
    *ret_limited = limited;
    return TW_OK;
}

/* That the limits embrace what is to be invested; by less than their rounding it gives way. */
static tw_status settle_budget(const weighing *w, double *budget, tw_error *error) {
    double least = 0;
    double most = 0;
    for (size_t i = 0; i < w->input->count; i++) {
        least += w->limits[i];
        most += w->limits[w->input->count + i];
    }
    if (least > *budget + BUDGET_ROUNDING)
        return tw_error_set(error, TW_INFEASIBLE,
                            "the least weights, with what may not be sold, add up to %.4f%%, which "
                            "is more than the %.4f%% of --invest",
                            PERCENT * least, PERCENT * *budget);
    if (most < *budget - BUDGET_ROUNDING)
        return tw_error_set(error, TW_INFEASIBLE,
                            "the most weights, with what may not be bought, add up to %.4f%%, "
                            "which is less than the %.4f%% of --invest",
                            PERCENT * most, PERCENT * *budget);
    *budget = fmin(fmax(*budget, least), most);
    return TW_OK;
}

static bool is_optimum(uint8_t method) {
    return method >= TW_TARGET_MINIMUM_VARIANCE;
}

/* Which positions stand where they are held because they may not trade further. */
static void find_held_back(const weighing *w, const double *weights, weight_report *report) {
    double equity = equity_of(w);
    for (size_t i = 0; i < w->input->count; i++) {
        const tw_rebalance_position *position = &w->input->positions[i];
        double held = (double)position->quantity.nano / (double)TW_NANO *
                      (double)position->price.nano / equity;
        bool may =
            position->restricted == TW_RESTRICTION_NONE && w->wishes->side == TW_RESTRICTION_NONE;
        if (may || fabs(weights[i] - held) > BUDGET_ROUNDING)
            continue;
        if (report->held_back++ == 0)
            report->first_held = i;
    }
}

static double volatility_of(const weighing *w, const double *weights) {
    double variance = 0;
    size_t count = w->input->count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            variance += weights[i] * w->covariance[i * count + j] * weights[j];
    return sqrt(variance);
}

/* Rounded down to 1e-9, so that they never add up to more than the budget. */
static void set_targets(weighing *w, const double *weights) {
    for (size_t i = 0; i < w->input->count; i++) {
        w->input->positions[i].weight_nano = (int64_t)floor(weights[i] * (double)TW_NANO);
        w->input->targeted[i] = 1;
    }
}

static tw_status weigh(weighing *w, weight_report *ret_report, tw_error *error) {
    const weight_wishes *wishes = w->wishes;
    tw_covariance_report covariance = {0};
    tw_status status = estimate(w, &covariance, error);
    if (status != TW_OK)
        return status;
    weight_report report = {.rows = covariance.rows_used};
    tw_target_weights_config config = wishes->config;
    bool limited = false;
    status = fill_limits(w, &report, &limited, error);
    if (status == TW_OK && limited)
        status = settle_budget(w, &config.budget, error);
    if (status != TW_OK)
        return status;
    bool inside = limited && is_optimum(config.method);
    report.fitted = limited && !inside;
    const tw_target_weights_input input = {.covariance = w->covariance,
                                           .means = w->means,
                                           .lower = inside ? w->limits : NULL,
                                           .upper = inside ? w->limits + w->input->count : NULL,
                                           .count = w->input->count};
    tw_target_weights_result result;
    status = tw_target_weights_compute(w->targets, &config, &input, &result, error);
    if (status == TW_INVALID || status == TW_RANGE)
        return tw_error_set(error, TW_RANGE, "--weigh %s: %s",
                            tw_target_method_name((tw_target_method)wishes->config.method),
                            error->message);
    if (status != TW_OK)
        return status;
    memcpy(w->weights, result.weights, w->input->count * sizeof *w->weights);
    const tw_target_fit fit = {.weights = w->weights,
                               .lower = w->limits,
                               .upper = w->limits + w->input->count,
                               .count = w->input->count,
                               .budget = config.budget};
    if (report.fitted)
        status = tw_target_weights_fit(&fit, w->weights, error);
    if (status != TW_OK)
        return status;
    set_targets(w, w->weights);
    find_held_back(w, w->weights, &report);
    report.volatility = report.fitted ? volatility_of(w, w->weights) : result.volatility;
    report.residual = result.residual;
    report.converged = result.converged;
    *ret_report = report;
    return TW_OK;
}

tw_status rebalance_weigh(rebalance_input *input, const weight_wishes *wishes,
                          weight_report *ret_report, tw_error *error) {
    weighing w = {.wishes = wishes, .input = input};
    tw_status status = make_returns(&w, error);
    if (status == TW_OK)
        status = weigh(&w, ret_report, error);
    give_back(&w);
    return status;
}

/* ---- What is told -------------------------------------------------------------------------- */

/* The group, or one that it is in. */
static bool is_in_group(const rebalance_input *input, uint32_t group, uint32_t wanted) {
    while (group != 0 && group != wanted)
        group = input->groups[group - 1].parent;
    return group == wanted;
}

static int64_t targets_of_group(const rebalance_input *input, uint32_t number) {
    int64_t sum = 0;
    for (size_t i = 0; i < input->count; i++)
        sum += is_in_group(input, input->positions[i].group, number)
                   ? input->positions[i].weight_nano
                   : 0;
    return sum;
}

static bool breaks_limit(const tw_rebalance_group *group, int64_t sum) {
    return sum < group->least_nano || sum > group->most_nano;
}

static void print_groups(const rebalance_input *input) {
    for (size_t g = 0; g < input->group_count; g++) {
        int64_t sum = targets_of_group(input, (uint32_t)g + 1);
        const tw_rebalance_group *group = &input->groups[g];
        if (!breaks_limit(group, sum))
            continue;
        bool above = sum > group->most_nano;
        printf("The targets of the group %s add up to %.2f%%, which is %s the %.2f%% allowed: the "
               "weights\ndo not know groups, only the plan keeps their limits.\n",
               tw_symbols_name(input->group_names, (tw_symbol)g),
               PERCENT * (double)sum / (double)TW_NANO, above ? "above" : "below",
               PERCENT * (double)(above ? group->most_nano : group->least_nano) / (double)TW_NANO);
    }
}

static void print_count(const rebalance_input *input, size_t count, size_t first) {
    printf("%s", name_at(input, first));
    if (count > 1)
        printf(" and %zu more", count - 1);
}

void rebalance_weights_print(const weight_report *report, const rebalance_input *input) {
    printf("The targets come from %zu rows of returns; their volatility a row is %.4f%%%s.\n",
           report->rows, PERCENT * report->volatility,
           report->converged ? "" : " (not converged: the steps were spent)");
    if (report->fitted)
        printf("The method has no limits of its own: its weights were brought into them with "
               "their\nproportions kept.\n");
    if (report->held_back > 0) {
        print_count(input, report->held_back, report->first_held);
        printf(" may not trade further, and %s the weight that is held.\n",
               report->held_back == 1 ? "keeps" : "keep");
    }
    if (report->outside > 0) {
        print_count(input, report->outside, report->first_outside);
        printf(" may not trade into the limits of %s, which give way.\n",
               report->outside == 1 ? "its weight" : "their weights");
    }
    print_groups(input);
}

void rebalance_weights_put(const weight_report *report, const rebalance_input *input,
                           json_writer *w) {
    json_open(w, "targets", '{');
    json_count(w, "rows", report->rows);
    json_number(w, "volatility", report->volatility);
    json_number(w, "residual", report->residual);
    json_flag(w, "converged", report->converged);
    json_flag(w, "fitted", report->fitted);
    json_count(w, "held_back", report->held_back);
    json_count(w, "outside_limits", report->outside);
    json_open(w, "groups_outside", '[');
    for (size_t g = 0; g < input->group_count; g++) {
        int64_t sum = targets_of_group(input, (uint32_t)g + 1);
        if (!breaks_limit(&input->groups[g], sum))
            continue;
        json_open(w, NULL, '{');
        json_text(w, "group", tw_symbols_name(input->group_names, (tw_symbol)g));
        json_number(w, "targets", (double)sum / (double)TW_NANO);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}
