/*
 * risk_input.c - see risk_input.h.
 *
 *     table (prices or returns) --> chosen rows --> returns, without the benchmark's column
 *     weights, or positions at their prices -----> one weight an asset
 */
#include "risk_input.h"

#include <math.h>
#include <string.h>

#include "named_rows.h"
#include "tradewind/batch.h"
#include "tradewind/batch_clean.h"
#include "tradewind/decimal.h"
#include "tradewind/risk.h"
#include "tradewind/time.h"

enum { DATE_SIZE = 10 };

void risk_input_close(risk_input *input) {
    const tw_allocator *system = tw_allocator_system();
    tw_release(system, input->names, input->asset_capacity, sizeof *input->names, 8);
    TW_DELETE(system, input->labels, input->asset_capacity, const char *);
    TW_DELETE(system, input->times_ns, input->capacity, int64_t);
    TW_DELETE(system, input->returns, input->capacity * input->asset_capacity, double);
    TW_DELETE(system, input->weights, input->asset_capacity, double);
    TW_DELETE(system, input->benchmark, input->capacity, double);
    tw_tape_table_done(&input->table);
    *input = (risk_input){0};
}

size_t risk_input_find(const risk_input *input, tw_slice name) {
    size_t i = 0;
    while (i < input->assets && !tw_slice_equal_string(name, input->names[i]))
        i++;
    return i;
}

bool risk_input_is_whole(const risk_input *input, size_t row) {
    const double *returns = input->returns + row * input->assets;
    for (size_t j = 0; j < input->assets; j++) {
        if (input->weights[j] != 0 && isnan(returns[j]))
            return false;
    }
    return true;
}

static size_t count_missing(const risk_input *input, size_t asset) {
    size_t count = 0;
    for (size_t i = 0; input->weights[asset] != 0 && i < input->rows; i++)
        count += isnan(input->returns[i * input->assets + asset]) ? 1 : 0;
    return count;
}

risk_span risk_input_span(const risk_input *input) {
    risk_span span = {.scarce = input->assets};
    size_t first = 0;
    size_t last = input->rows - 1;
    while (first < last && !risk_input_is_whole(input, first))
        first++;
    while (last > first && !risk_input_is_whole(input, last))
        last--;
    span.from_ns = input->times_ns[first];
    span.to_ns = input->times_ns[last];
    for (size_t j = 0; j < input->assets; j++) {
        size_t count = count_missing(input, j);
        if (count > span.scarce_count) {
            span.scarce_count = count;
            span.scarce = j;
        }
    }
    return span;
}

/* ---- returns ------------------------------------------------------------------------------- */

static size_t table_find(const tw_tape_table *table, const char *name) {
    size_t i = 0;
    while (i < table->column_count && strcmp(table->names[i], name) != 0)
        i++;
    return i;
}

static tw_status take_memory(risk_input *input, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    input->capacity = input->table.row_count;
    input->asset_capacity = input->table.column_count;
    input->names = (char(*)[TW_SYMBOL_NAME_SIZE])tw_allocate(system, input->asset_capacity,
                                                             sizeof *input->names, 8);
    input->labels = TW_NEW(system, input->asset_capacity, const char *);
    input->times_ns = TW_NEW(system, input->capacity, int64_t);
    input->returns = TW_NEW(system, input->capacity * input->asset_capacity, double);
    input->weights = TW_NEW(system, input->asset_capacity, double);
    input->benchmark = TW_NEW(system, input->capacity, double);
    if (input->names == NULL || input->labels == NULL || input->times_ns == NULL ||
        input->returns == NULL || input->weights == NULL || input->benchmark == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu returns of %zu names",
                            input->capacity, input->asset_capacity);
    return TW_OK;
}

static tw_status read_table(risk_input *input, const risk_wishes *wishes, tw_error *error) {
    bool prices = wishes->prices[0] != '\0';
    input->path = prices ? wishes->prices : wishes->returns;
    const tw_tape_table_config config = {.path = input->path, .positive = prices};
    tw_status status = tw_tape_read_table(&config, &input->table, error);
    if (status == TW_INVALID)
        status = tw_error_set(error, TW_PARSE, "%s is not a file that can be read", input->path);
    if (status != TW_OK || !prices)
        return status;
    tw_tape_table *table = &input->table;
    if (table->row_count < 2)
        return tw_error_set(error, TW_EMPTY, "%s has one row of prices: a return needs two",
                            input->path);
    const tw_batch_shape shape = {table->row_count, table->column_count};
    if (wishes->fill > 0)
        tw_batch_fill_forward(NULL, shape, table->values, wishes->fill);
    return TW_OK;
}

/* The returns of the whole table, in place of the prices: the return of a row stands in it. */
static tw_status make_returns(risk_input *input, bool prices, tw_error *error) {
    tw_tape_table *table = &input->table;
    if (!prices)
        return TW_OK;
    const tw_batch_shape shape = {table->row_count, table->column_count};
    double *returns = TW_NEW(tw_allocator_system(), (shape.rows - 1) * shape.columns, double);
    if (returns == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the returns of %s",
                            input->path);
    tw_batch_returns(NULL, shape, table->values, TW_BATCH_SIMPLE, returns);
    memcpy(table->values, returns, (shape.rows - 1) * shape.columns * sizeof *returns);
    memmove(table->times_ns, table->times_ns + 1, (shape.rows - 1) * sizeof *table->times_ns);
    TW_DELETE(tw_allocator_system(), returns, (shape.rows - 1) * shape.columns, double);
    table->row_count--;
    return TW_OK;
}

/* The library takes no greater returns; neither does any market make them. */
static tw_status check_row(const risk_input *input, size_t row, tw_error *error) {
    const tw_tape_table *table = &input->table;
    for (size_t j = 0; j < table->column_count; j++) {
        char time[TW_TIME_TEXT_SIZE];
        if (!(fabs(table->values[row * table->column_count + j]) > TW_RISK_MAGNITUDE_MAX))
            continue; /* a NaN is missing */
        tw_time_format(table->times_ns[row], 0, time);
        bool day = table->times_ns[row] % TW_NS_PER_DAY == 0;
        return tw_error_set(error, TW_RANGE, "%s: the return of %s %s %.*s is beyond %g",
                            input->path, table->names[j], day ? "on" : "at",
                            (int)(day ? DATE_SIZE : TW_TIME_TEXT_SIZE), time,
                            TW_RISK_MAGNITUDE_MAX);
    }
    return TW_OK;
}

/* Copies the chosen rows; `skipped` is the benchmark's column when it is not held. */
static tw_status choose_rows(risk_input *input, const risk_wishes *wishes, size_t benchmark,
                             size_t skipped, tw_error *error) {
    const tw_tape_table *table = &input->table;
    size_t assets = 0;
    for (size_t j = 0; j < table->column_count; j++) {
        if (j == skipped)
            continue;
        memcpy(input->names[assets], table->names[j], sizeof *input->names);
        input->labels[assets] = input->names[assets];
        assets++;
    }
    input->assets = assets;
    if (assets == 0)
        return tw_error_set(error, TW_EMPTY, "%s has no asset beside the benchmark", input->path);
    for (size_t i = 0; i < table->row_count; i++) {
        if (table->times_ns[i] < wishes->from_ns || table->times_ns[i] > wishes->to_ns)
            continue;
        tw_status status = check_row(input, i, error);
        if (status != TW_OK)
            return status;
        const double *from = table->values + i * table->column_count;
        double *to = input->returns + input->rows * assets;
        for (size_t j = 0, k = 0; j < table->column_count; j++) {
            if (j != skipped)
                to[k++] = from[j];
        }
        if (benchmark < table->column_count)
            input->benchmark[input->rows] = from[benchmark];
        input->times_ns[input->rows++] = table->times_ns[i];
    }
    if (input->rows == 0)
        return tw_error_set(error, TW_EMPTY, "%s has no return in the time that was asked for",
                            input->path);
    return TW_OK;
}

/* ---- weights ------------------------------------------------------------------------------- */

enum { SYMBOL, WEIGHT, QUANTITY = 1, PRICE };

/* The table's column that a row of weights names. */
static tw_status find_asset(const risk_input *input, const named_rows *rows, const bool *seen,
                            size_t *ret_column, tw_error *error) {
    tw_slice name = named_rows_field(rows, SYMBOL);
    const tw_tape_table *table = &input->table;
    size_t j = 0;
    while (j < table->column_count && !tw_slice_equal_string(name, table->names[j]))
        j++;
    if (j == table->column_count)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "%s has no column \"%.*s\"",
                              input->path, (int)name.size, name.data);
    if (seen[j])
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "\"%.*s\" is there twice",
                              (int)name.size, name.data);
    *ret_column = j;
    return TW_OK;
}

static tw_status read_weight(const named_rows *rows, double *ret_weight, tw_error *error) {
    static const named_range range = {"a weight like 0.25 or 25%", -TW_NANO * 1000, TW_NANO * 1000};
    int64_t nano = INT64_MIN;
    tw_status status = named_rows_share(rows, WEIGHT, &range, &nano, error);
    if (status != TW_OK)
        return status;
    if (nano == INT64_MIN)
        return named_rows_bad(rows, WEIGHT, TW_PARSE, error, "expected %s, found nothing",
                              range.what);
    /* A plain number is taken as it stands: 1/3 written to 17 digits has more than nine. */
    tw_slice field = named_rows_field(rows, WEIGHT);
    if (field.data[field.size - 1] != '%')
        return named_rows_number(rows, WEIGHT, range.what, ret_weight, error);
    *ret_weight = (double)nano / (double)TW_NANO;
    return TW_OK;
}

/* The value of a position; weights are made of them when all are known. */
static tw_status read_value(const named_rows *rows, double *ret_value, tw_error *error) {
    double quantity = 0;
    double price = 0;
    tw_status status =
        named_rows_number(rows, QUANTITY, "a quantity like 100 or -5", &quantity, error);
    if (status == TW_OK)
        status = named_rows_number(rows, PRICE, "a price above 0", &price, error);
    if (status == TW_OK && !(price > 0))
        return named_rows_bad(rows, PRICE, TW_RANGE, error, "expected a price above 0");
    *ret_value = quantity * price;
    return status;
}

/* Fills `values` [columns of the table] from a file; those that it does not name stay 0. */
static tw_status read_holdings(const risk_input *input, const char *path, bool positions,
                               double *values, bool *seen, tw_error *error) {
    /* The files of `rebalance` are files of weights and positions, too. */
    static const named_column weights[] = {{"symbol", true}, {"weight", true}, {"band", false}};
    static const named_column holdings[] = {
        {"symbol", true}, {"quantity", true}, {"price", true}, {"lot", false}};
    named_rows rows;
    size_t count = 0;
    tw_status status =
        positions
            ? named_rows_open(&rows, path, holdings, sizeof holdings / sizeof holdings[0], error)
            : named_rows_open(&rows, path, weights, sizeof weights / sizeof weights[0], error);
    while (status == TW_OK) {
        size_t column = 0;
        status = named_rows_next(&rows, error);
        if (status == TW_OK)
            status = find_asset(input, &rows, seen, &column, error);
        if (status != TW_OK)
            break;
        seen[column] = true;
        count++;
        status = positions ? read_value(&rows, &values[column], error)
                           : read_weight(&rows, &values[column], error);
    }
    named_rows_close(&rows);
    if (status != TW_EMPTY || count > 0)
        return status == TW_EMPTY ? TW_OK : status;
    return tw_error_set_at(error, TW_EMPTY, path, 1, 0, "there is no row after the header");
}

/* Values of positions over what everything is worth, cash included. */
static tw_status weigh_values(double *values, size_t count, int64_t cash_nano, const char *path,
                              tw_error *error) {
    double total = (double)cash_nano / (double)TW_NANO;
    for (size_t j = 0; j < count; j++)
        total += values[j];
    if (!(total > 0))
        return tw_error_set(error, TW_RANGE,
                            "%s: positions and cash are worth %.2f: weights are shares of "
                            "something above 0",
                            path, total);
    for (size_t j = 0; j < count; j++)
        values[j] /= total;
    return TW_OK;
}

/* Weights of the table's columns; equal ones, without the benchmark, when no file gives them. */
static tw_status read_weights(const risk_input *input, const risk_wishes *wishes, size_t benchmark,
                              double *values, bool *seen, tw_error *error) {
    size_t count = input->table.column_count;
    bool positions = wishes->positions[0] != '\0';
    if (!positions && wishes->weights[0] == '\0') {
        size_t held = count - (benchmark < count ? 1 : 0);
        for (size_t j = 0; j < count; j++)
            values[j] = j == benchmark ? 0 : 1 / (double)held;
        return TW_OK;
    }
    const char *path = positions ? wishes->positions : wishes->weights;
    tw_status status = read_holdings(input, path, positions, values, seen, error);
    if (status == TW_OK && positions)
        status = weigh_values(values, count, wishes->cash_nano, path, error);
    return status;
}

static tw_status read_chosen(risk_input *input, const risk_wishes *wishes, double *values,
                             bool *seen, tw_error *error) {
    size_t benchmark = SIZE_MAX;
    if (wishes->benchmark[0] != '\0') {
        benchmark = table_find(&input->table, wishes->benchmark);
        if (benchmark == input->table.column_count)
            return tw_error_set(error, TW_NOT_FOUND, "--benchmark: %s has no column \"%s\"",
                                input->path, wishes->benchmark);
    }
    tw_status status = read_weights(input, wishes, benchmark, values, seen, error);
    if (status == TW_OK)
        status = make_returns(input, wishes->prices[0] != '\0', error);
    bool held = benchmark != SIZE_MAX && seen[benchmark];
    size_t skipped = held ? SIZE_MAX : benchmark;
    if (status == TW_OK)
        status = choose_rows(input, wishes, benchmark, skipped, error);
    for (size_t j = 0, k = 0; status == TW_OK && j < input->table.column_count; j++) {
        if (j != skipped)
            input->weights[k++] = values[j];
    }
    if (benchmark == SIZE_MAX) {
        TW_DELETE(tw_allocator_system(), input->benchmark, input->capacity, double);
        input->benchmark = NULL;
    }
    return status;
}

tw_status risk_input_read(risk_input *input, const risk_wishes *wishes, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    tw_status status = read_table(input, wishes, error);
    if (status == TW_OK)
        status = take_memory(input, error);
    if (status != TW_OK)
        return status;
    size_t count = input->table.column_count;
    double *values = TW_NEW(system, count, double);
    bool *seen = TW_NEW(system, count, bool);
    if (values == NULL || seen == NULL) {
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu weights", count);
    } else {
        memset(values, 0, count * sizeof *values);
        memset(seen, 0, count * sizeof *seen);
        status = read_chosen(input, wishes, values, seen, error);
    }
    TW_DELETE(system, values, count, double);
    TW_DELETE(system, seen, count, bool);
    return status;
}
