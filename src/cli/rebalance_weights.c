/*
 * rebalance_weights.c - see rebalance_weights.h.
 *
 *     table of prices --> columns of the positions --> returns --> covariance --> weights
 */
#include "rebalance_weights.h"

#include <math.h>
#include <string.h>

#include "tradewind/batch.h"
#include "tradewind/decimal.h"
#include "tradewind/expected_returns.h"
#include "tradewind/tape.h"

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
    tw_target_weights *targets;
} weighing;

static void give_back(weighing *w) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = w->input->count;
    TW_DELETE(system, w->prices, w->capacity * count, double);
    TW_DELETE(system, w->returns, w->capacity * count, double);
    TW_DELETE(system, w->covariance, count * count, double);
    TW_DELETE(system, w->means, count, double);
    TW_DELETE(system, w->limits, 2 * count, double);
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
    if (w->prices == NULL || w->returns == NULL || w->covariance == NULL || w->means == NULL ||
        w->limits == NULL || tw_target_weights_new(NULL, count, &w->targets) != TW_OK)
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

static void fill_limits(weighing *w) {
    for (size_t i = 0; i < w->input->count; i++) {
        w->limits[i] = w->wishes->lower;
        w->limits[w->input->count + i] = w->wishes->upper;
    }
}

/* Rounded down to 1e-9, so that they never add up to more than the budget. */
static void set_targets(weighing *w, const tw_target_weights_result *result) {
    for (size_t i = 0; i < w->input->count; i++) {
        w->input->positions[i].weight_nano = (int64_t)floor(result->weights[i] * (double)TW_NANO);
        w->input->targeted[i] = 1;
    }
}

static tw_status weigh(weighing *w, weight_report *ret_report, tw_error *error) {
    const weight_wishes *wishes = w->wishes;
    tw_covariance_report covariance = {0};
    tw_status status = estimate(w, &covariance, error);
    if (status != TW_OK)
        return status;
    fill_limits(w);
    const tw_target_weights_input input = {.covariance = w->covariance,
                                           .means = w->means,
                                           .lower = wishes->limited ? w->limits : NULL,
                                           .upper =
                                               wishes->limited ? w->limits + w->input->count : NULL,
                                           .count = w->input->count};
    tw_target_weights_result result;
    status = tw_target_weights_compute(w->targets, &wishes->config, &input, &result, error);
    if (status == TW_INVALID || status == TW_RANGE)
        return tw_error_set(error, TW_RANGE, "--weigh %s: %s",
                            tw_target_method_name((tw_target_method)wishes->config.method),
                            error->message);
    if (status != TW_OK)
        return status;
    set_targets(w, &result);
    *ret_report = (weight_report){.rows = covariance.rows_used,
                                  .volatility = result.volatility,
                                  .residual = result.residual,
                                  .converged = result.converged};
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
