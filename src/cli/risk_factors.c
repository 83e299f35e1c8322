/*
 * risk_factors.c - see risk_factors.h.
 *
 * The portfolio, whose weights are constant, is one more column beside what is held: its exposures
 * come with their t statistics from the same regression, and are the weighted sums of the assets'.
 */
#include "risk_factors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "tradewind/factors.h"

void risk_factors_free(risk_factors *factors) {
    const tw_allocator *system = tw_allocator_system();
    size_t count = factors->table.assets;
    TW_DELETE(system, factors->betas, factors->assets * count, double);
    TW_DELETE(system, factors->exposure, count, double);
    TW_DELETE(system, factors->ts, count, double);
    risk_input_close(&factors->table);
    *factors = (risk_factors){0};
}

/* ---- Rows that both have ------------------------------------------------------------------- */

/* What is regressed: of each row that counts what is held and then the portfolio, and the factors.
 */
typedef struct regression {
    double *returns; /* [capacity][held + 1] */
    double *factors; /* [capacity][factors] */
    double *betas;   /* [held + 1][factors] */
    double *ts;      /* likewise */
    double *r_squared;
    size_t held;
    size_t count; /* of factors */
    size_t rows;
    size_t capacity;
} regression;

static size_t count_held(const risk_input *input) {
    size_t held = 0;
    for (size_t j = 0; j < input->assets; j++)
        held += input->weights[j] != 0 ? 1 : 0;
    return held;
}

/* X(array, number of doubles) of a regression `r`. */
#define REGRESSION_ARRAYS(X)               \
    X(returns, r->capacity *(r->held + 1)) \
    X(factors, r->capacity * r->count)     \
    X(betas, (r->held + 1) * r->count)     \
    X(ts, (r->held + 1) * r->count)        \
    X(r_squared, r->held + 1)

static void regression_free(regression *r) {
#define GIVE(name, size) TW_DELETE(tw_allocator_system(), r->name, size, double);
    REGRESSION_ARRAYS(GIVE)
#undef GIVE
}

static tw_status regression_take(regression *r, tw_error *error) {
    bool have = true;
#define TAKE(name, size)                                   \
    r->name = TW_NEW(tw_allocator_system(), size, double); \
    have = have && r->name != NULL;
    REGRESSION_ARRAYS(TAKE)
#undef TAKE
    if (!have)
        return tw_error_set(error, TW_NO_MEMORY,
                            "there is no memory to regress %zu assets on %zu factors", r->held,
                            r->count);
    return TW_OK;
}

static void add_row(regression *r, const risk_input *input, const double *returns,
                    const double *factors) {
    double *to = r->returns + r->rows * (r->held + 1);
    double sum = 0;
    for (size_t j = 0; j < input->assets; j++) {
        if (input->weights[j] == 0)
            continue;
        sum += input->weights[j] * returns[j];
        *to++ = returns[j];
    }
    *to = sum;
    memcpy(r->factors + r->rows * r->count, factors, r->count * sizeof *factors);
    r->rows++;
}

static bool is_there(const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            return false;
    }
    return true;
}

/* Times ascend in both. */
static void join_rows(regression *r, const risk_input *input, const risk_input *changes) {
    size_t k = 0;
    for (size_t t = 0; t < input->rows; t++) {
        while (k < changes->rows && changes->times_ns[k] < input->times_ns[t])
            k++;
        if (k == changes->rows)
            return;
        const double *factors = changes->returns + k * r->count;
        bool whole = risk_input_is_whole(input, t) && is_there(factors, r->count);
        if (whole && changes->times_ns[k] == input->times_ns[t])
            add_row(r, input, input->returns + t * input->assets, factors);
    }
}

/* ---- Exposures ----------------------------------------------------------------------------- */

/* The library speaks of factors by number; the user knows their names. */
static tw_status fit(const risk_factors *factors, const regression *r, const tw_task_runner *runner,
                     tw_error *error) {
    const risk_input *changes = &factors->table;
    const tw_factors_config config = {.way = {.runner = runner}};
    const tw_factors_input work = {.returns = r->returns,
                                   .factors = r->factors,
                                   .rows = r->rows,
                                   .assets = r->held + 1,
                                   .factor_count = r->count};
    const tw_factors_answers answers = {
        .betas = r->betas, .beta_ts = r->ts, .r_squared = r->r_squared};
    tw_factors_report report;
    if (r->rows < r->count + 2)
        return tw_error_set(error, TW_EMPTY,
                            "%s: %zu rows have every factor and a return of all that is held at "
                            "the same time, and %zu factors need at least %zu",
                            changes->path, r->rows, r->count, r->count + 2);
    tw_status status = tw_factors_fit(NULL, &config, &work, &answers, &report, error);
    if (status != TW_INVALID)
        return status;
    if (error->column >= 1 && error->column <= r->count)
        return tw_error_set(error, TW_RANGE,
                            "%s: \"%s\" does not vary in the rows that count, or follows from the "
                            "factors before it: leave it out",
                            changes->path, changes->names[error->column - 1]);
    error->status = TW_RANGE; /* what the file holds, not how the program was called */
    return TW_RANGE;
}

static void take_answers(risk_factors *factors, const risk_input *input, const regression *r) {
    size_t count = r->count;
    const double *from = r->betas;
    for (size_t j = 0; j < input->assets; j++) {
        for (size_t k = 0; k < count; k++)
            factors->betas[j * count + k] = input->weights[j] != 0 ? from[k] : NAN;
        from += input->weights[j] != 0 ? count : 0;
    }
    memcpy(factors->exposure, from, count * sizeof *from);
    memcpy(factors->ts, r->ts + r->held * count, count * sizeof *r->ts);
    factors->r_squared = r->r_squared[r->held];
    factors->rows = r->rows;
}

static tw_status find_exposures(risk_factors *factors, const risk_input *input,
                                const tw_task_runner *runner, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    regression r = {
        .held = count_held(input), .count = factors->table.assets, .capacity = input->rows};
    factors->assets = input->assets;
    factors->betas = TW_NEW(system, input->assets * r.count, double);
    factors->exposure = TW_NEW(system, r.count, double);
    factors->ts = TW_NEW(system, r.count, double);
    bool have = factors->betas != NULL && factors->exposure != NULL && factors->ts != NULL;
    tw_status status = regression_take(&r, error);
    if (status == TW_OK && !have)
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu exposures", r.count);
    if (status == TW_OK) {
        join_rows(&r, input, &factors->table);
        status = fit(factors, &r, runner, error);
    }
    if (status == TW_OK)
        take_answers(factors, input, &r);
    regression_free(&r);
    return status;
}

tw_status risk_factors_read(risk_factors *factors, const risk_input *input, const char *path,
                            const tw_task_runner *runner, tw_error *error) {
    const risk_wishes wishes = {.returns = path,
                                .prices = "",
                                .weights = "",
                                .positions = "",
                                .benchmark = "",
                                .from_ns = input->times_ns[0],
                                .to_ns = input->times_ns[input->rows - 1]};
    tw_status status = risk_input_read(&factors->table, &wishes, error);
    for (size_t k = 0; status == TW_OK && k < factors->table.assets; k++) {
        const char *name = factors->table.names[k];
        if (risk_input_find(input, tw_slice_of(name)) < input->assets)
            status = tw_error_set_at(error, TW_RANGE, path, 1, k + 2,
                                     "\"%s\" is an asset, too: a shock could mean either", name);
    }
    return status == TW_OK ? find_exposures(factors, input, runner, error) : status;
}

/* ---- Words --------------------------------------------------------------------------------- */

tw_status risk_factors_print(const risk_factors *factors, tw_error *error) {
    enum { CELL_SIZE = 64 };
    char cell[CELL_SIZE];
    if (factors->rows == 0)
        return TW_OK;
    table *rows = table_new("FACTOR|>EXPOSURE|>T");
    for (size_t k = 0; k < factors->table.assets; k++) {
        table_row(rows);
        table_cell(rows, factors->table.names[k]);
        snprintf(cell, sizeof cell, "%.4f", factors->exposure[k]);
        table_cell(rows, cell);
        snprintf(cell, sizeof cell, isfinite(factors->ts[k]) ? "%.1f" : "-", factors->ts[k]);
        table_cell(rows, cell);
    }
    printf("\n");
    tw_status status = table_end(rows, error);
    printf("by %zu rows; R squared %.3f\n", factors->rows, factors->r_squared);
    return status;
}

void risk_factors_put(const risk_factors *factors, json_writer *writer) {
    if (factors->rows == 0)
        return;
    json_open(writer, "factors", '{');
    json_count(writer, "rows", factors->rows);
    json_number(writer, "r_squared", factors->r_squared);
    json_open(writer, "exposures", '[');
    for (size_t k = 0; k < factors->table.assets; k++) {
        json_open(writer, NULL, '{');
        json_text(writer, "factor", factors->table.names[k]);
        json_number(writer, "beta", factors->exposure[k]);
        json_number(writer, "t", factors->ts[k]);
        json_close(writer);
    }
    json_close(writer);
    json_close(writer);
}
