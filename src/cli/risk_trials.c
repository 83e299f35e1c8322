/* risk_trials.c - see risk_trials.h. */
#include "risk_trials.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "named_rows.h"
#include "readable.h"
#include "table.h"

enum { PERCENT = 100, CELL_SIZE = 64 };

void risk_trials_free(risk_trials *trials) {
    TW_DELETE(tw_allocator_system(), trials->trials, trials->capacity, risk_trial);
    *trials = (risk_trials){0};
}

static tw_status make_room(risk_trials *trials, tw_error *error) {
    const tw_stress_window *windows = NULL;
    if (trials->trials != NULL)
        return TW_OK;
    trials->capacity = tw_stress_windows(&windows) + RISK_SCENARIO_MAX;
    trials->trials = TW_NEW(tw_allocator_system(), trials->capacity, risk_trial);
    if (trials->trials == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the trials");
    return TW_OK;
}

/* ---- Crises -------------------------------------------------------------------------------- */

static tw_status replay_all(risk_trials *trials, const risk_input *input, double *losses,
                            tw_error *error) {
    const tw_stress_input work = {.returns = input->returns,
                                  .times_ns = input->times_ns,
                                  .weights = input->weights,
                                  .rows = input->rows,
                                  .assets = input->assets};
    const tw_stress_window *windows = NULL;
    size_t count = tw_stress_windows(&windows);
    tw_status status = TW_OK;
    for (size_t k = 0; k < count && status == TW_OK; k++) {
        risk_trial *trial = &trials->trials[trials->count];
        *trial = (risk_trial){.window = &windows[k]};
        snprintf(trial->name, sizeof trial->name, "%s", windows[k].name);
        status = tw_stress_replay(&work, &windows[k], &trial->result, losses, error);
        if (status == TW_OK && trial->result.coverage != TW_STRESS_NONE)
            trials->count++;
    }
    return status;
}

tw_status risk_trials_replay(risk_trials *trials, const risk_input *input, tw_error *error) {
    tw_status status = make_room(trials, error);
    double *losses = TW_NEW(tw_allocator_system(), input->assets, double);
    if (status == TW_OK && losses == NULL)
        status =
            tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu losses", input->assets);
    if (status == TW_OK)
        status = replay_all(trials, input, losses, error);
    trials->replayed = status == TW_OK;
    TW_DELETE(tw_allocator_system(), losses, input->assets, double);
    return status;
}

/* ---- Scenarios ----------------------------------------------------------------------------- */

enum { SCENARIO, SYMBOL, CHANGE };

/* The shocks of one kind; there is room for one of each asset, or of each factor. */
typedef struct shock_list {
    tw_stress_shock *shocks;
    size_t count;
    size_t capacity;
} shock_list;

/* A scenario while its rows are read; they stand together. */
typedef struct scenario {
    char name[RISK_TRIAL_NAME_SIZE];
    shock_list assets;
    shock_list factors;
} scenario;

typedef struct shock_reader {
    risk_trials *trials;
    const risk_input *input;
    const risk_factors *factors;
    named_rows rows;
    scenario open;
    double *losses; /* [assets] */
} shock_reader;

static bool is_open(const scenario *open) {
    return open->assets.count + open->factors.count > 0;
}

/* What the rows that were read add up to. */
static tw_status end_scenario(shock_reader *reader, tw_error *error) {
    const risk_input *input = reader->input;
    risk_trials *trials = reader->trials;
    scenario *open = &reader->open;
    if (!is_open(open))
        return TW_OK;
    const tw_stress_holdings holdings = {.weights = input->weights,
                                         .betas = reader->factors->betas,
                                         .assets = input->assets,
                                         .factors = reader->factors->table.assets};
    const tw_stress_scenario work = {.assets = open->assets.shocks,
                                     .asset_count = open->assets.count,
                                     .factors = open->factors.shocks,
                                     .factor_count = open->factors.count};
    risk_trial *trial = &trials->trials[trials->count];
    *trial = (risk_trial){.factors = work.factor_count};
    memcpy(trial->name, open->name, sizeof trial->name);
    tw_status status = tw_stress_apply(&holdings, &work, &trial->result, reader->losses, error);
    if (status == TW_OK)
        trials->count++;
    open->assets.count = open->factors.count = 0;
    return status;
}

static tw_status begin_scenario(shock_reader *reader, tw_slice name, tw_error *error) {
    const risk_trials *trials = reader->trials;
    tw_status status = end_scenario(reader, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < trials->count; i++) {
        if (trials->trials[i].window == NULL && tw_slice_equal_string(name, trials->trials[i].name))
            return named_rows_bad(&reader->rows, SCENARIO, TW_RANGE, error,
                                  "the rows of the scenario \"%.*s\" do not stand together",
                                  (int)name.size, name.data);
    }
    if (trials->count == trials->capacity)
        return named_rows_bad(&reader->rows, SCENARIO, TW_FULL, error, "more than %d scenarios",
                              RISK_SCENARIO_MAX);
    if (name.size == 0 || tw_slice_copy(name, reader->open.name, sizeof reader->open.name) != TW_OK)
        return named_rows_bad(&reader->rows, SCENARIO, TW_PARSE, error,
                              "expected a name of at most %d bytes", RISK_TRIAL_NAME_SIZE - 1);
    return TW_OK;
}

/* The asset or the factor that the row at hand names, and the list that its shock goes to. */
static tw_status find_shocked(shock_reader *reader, shock_list **ret_list, size_t *ret_index,
                              tw_error *error) {
    const risk_input *factors = &reader->factors->table;
    named_rows *rows = &reader->rows;
    tw_slice symbol = named_rows_field(rows, SYMBOL);
    size_t asset = risk_input_find(reader->input, symbol);
    bool is_asset = asset < reader->input->assets;
    shock_list *list = is_asset ? &reader->open.assets : &reader->open.factors;
    size_t index = is_asset ? asset : risk_input_find(factors, symbol);
    if (!is_asset && index == factors->assets)
        return named_rows_bad(rows, SYMBOL, TW_RANGE, error, "there is no asset%s \"%.*s\"",
                              factors->assets > 0 ? " or factor" : "", (int)symbol.size,
                              symbol.data);
    for (size_t i = 0; i < list->count; i++) {
        if (list->shocks[i].index == index)
            return named_rows_bad(rows, SYMBOL, TW_RANGE, error,
                                  "\"%.*s\" is twice in the scenario", (int)symbol.size,
                                  symbol.data);
    }
    *ret_list = list;
    *ret_index = index;
    return TW_OK;
}

static tw_status read_shock(shock_reader *reader, tw_error *error) {
    static const named_range ranges[] = {
        {"a return from -1 on, like -0.2 or -20%", -TW_NANO, 1000 * TW_NANO},
        {"a change of a factor, like -0.2 or -20%", -1000 * TW_NANO, 1000 * TW_NANO}};
    named_rows *rows = &reader->rows;
    tw_slice name = named_rows_field(rows, SCENARIO);
    scenario *open = &reader->open;
    shock_list *list = NULL;
    size_t index = 0;
    int64_t change = INT64_MIN;
    tw_status status = TW_OK;
    if (!is_open(open) || !tw_slice_equal_string(name, open->name))
        status = begin_scenario(reader, name, error);
    if (status == TW_OK)
        status = find_shocked(reader, &list, &index, error);
    if (status != TW_OK)
        return status;
    const named_range *range = &ranges[list == &open->factors ? 1 : 0];
    status = named_rows_share(rows, CHANGE, range, &change, error);
    if (status == TW_OK && change == INT64_MIN)
        return named_rows_bad(rows, CHANGE, TW_PARSE, error, "expected %s, found nothing",
                              range->what);
    if (status == TW_OK)
        list->shocks[list->count++] = (tw_stress_shock){index, (double)change / (double)TW_NANO};
    return status;
}

static tw_status read_shocks(shock_reader *reader, const char *path, tw_error *error) {
    static const named_column columns[] = {{"scenario", true}, {"symbol", true}, {"return", true}};
    tw_status status =
        named_rows_open(&reader->rows, path, columns, sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&reader->rows, error)) == TW_OK)
        status = read_shock(reader, error);
    bool empty = reader->trials->count == 0 && !is_open(&reader->open);
    if (status == TW_EMPTY && empty && !reader->trials->replayed)
        status = tw_error_set_at(error, TW_EMPTY, path, 1, 0, "there is no shock after the header");
    else if (status == TW_EMPTY)
        status = end_scenario(reader, error);
    named_rows_close(&reader->rows);
    return status;
}

static bool take_list(shock_list *list, size_t capacity) {
    list->capacity = capacity;
    if (capacity == 0)
        return true;
    list->shocks = TW_NEW(tw_allocator_system(), capacity, tw_stress_shock);
    return list->shocks != NULL;
}

static void give_list(shock_list *list) {
    TW_DELETE(tw_allocator_system(), list->shocks, list->capacity, tw_stress_shock);
}

tw_status risk_trials_shock(risk_trials *trials, const risk_input *input,
                            const risk_factors *factors, const char *path, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    shock_reader reader = {.trials = trials, .input = input, .factors = factors};
    tw_status status = make_room(trials, error);
    reader.losses = TW_NEW(system, input->assets, double);
    bool have = reader.losses != NULL;
    have = take_list(&reader.open.assets, input->assets) && have;
    have = take_list(&reader.open.factors, factors->table.assets) && have;
    if (status == TW_OK && !have)
        status =
            tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu shocks", input->assets);
    if (status == TW_OK)
        status = read_shocks(&reader, path, error);
    give_list(&reader.open.assets);
    give_list(&reader.open.factors);
    TW_DELETE(system, reader.losses, input->assets, double);
    return status;
}

/* ---- Back-tests ---------------------------------------------------------------------------- */

tw_status risk_trials_test(risk_trials *trials, const risk_history *series,
                           const tw_risk_config *config, size_t window, tw_error *error) {
    const tw_backtest_series work = {.returns = series->returns, .count = series->rows};
    tw_status status = TW_OK;
    if (window >= series->rows)
        return tw_error_set(error, TW_USAGE,
                            "--backtest %zu: there are %zu rows, and none is behind such a window",
                            window, series->rows);
    trials->test_window = window;
    for (uint32_t c = 0; c < config->confidence_count; c++) {
        for (int m = 0; m < TW_RISK_METHOD_COUNT && status == TW_OK; m++) {
            tw_backtest_plan plan;
            if (m == TW_RISK_MONTE_CARLO) /* of normal returns it is the Gaussian one */
                continue;
            tw_backtest_plan_init(&plan, (tw_risk_method)m, config->confidences[c]);
            plan.window = window;
            status =
                tw_backtest_method(NULL, &plan, &work, &trials->tests[trials->test_count], error);
            trials->methods[trials->test_count] = (uint8_t)m;
            trials->test_count += status == TW_OK ? 1 : 0;
        }
    }
    return status;
}

/* ---- For people ---------------------------------------------------------------------------- */

static void add_percent(table *rows, double value) {
    char cell[READABLE_SIZE];
    table_cell(rows, readable_percent(value, cell));
}

static void add_count(table *rows, size_t count) {
    char cell[CELL_SIZE];
    snprintf(cell, sizeof cell, "%zu", count);
    table_cell(rows, cell);
}

static void add_probability(table *rows, double value) {
    char cell[CELL_SIZE];
    snprintf(cell, sizeof cell, isfinite(value) ? "%.3f" : "-", value);
    table_cell(rows, cell);
}

/* What is to be known of a loss. */
static void add_remark(table *rows, const risk_trial *trial) {
    const tw_stress_result *result = &trial->result;
    char cell[CELL_SIZE] = "";
    if (result->missing > 0)
        snprintf(cell, sizeof cell, "without %zu asset%s, %.1f%% of weight", result->missing,
                 result->missing == 1 ? "" : "s", PERCENT * result->missing_weight);
    else if (result->coverage == TW_STRESS_PART)
        snprintf(cell, sizeof cell, "in part");
    else if (trial->factors > 0)
        snprintf(cell, sizeof cell, "by %zu factor%s", trial->factors,
                 trial->factors == 1 ? "" : "s");
    table_cell(rows, cell);
}

static tw_status print_stress(const risk_trials *trials, const risk_input *input, tw_error *error) {
    table *rows = table_new("STRESS|>ROWS|>LOSS|WORST|");
    for (size_t i = 0; i < trials->count; i++) {
        const risk_trial *trial = &trials->trials[i];
        size_t worst = trial->result.worst_asset;
        table_row(rows);
        table_cell(rows, trial->name);
        if (trial->window != NULL)
            add_count(rows, trial->result.rows);
        else
            table_cell(rows, "");
        add_percent(rows, trial->result.loss);
        table_cell(rows, worst < input->assets ? input->names[worst] : "-");
        add_remark(rows, trial);
    }
    printf("\n");
    return table_end(rows, error);
}

static tw_status print_tests(const risk_trials *trials, tw_error *error) {
    table *rows = table_new(
        "BACK-TEST|>CONFIDENCE|>FORECASTS|>EXCEEDED|>EXPECTED|>P COVERAGE|>P INDEPENDENCE|ZONE");
    for (size_t i = 0; i < trials->test_count; i++) {
        const tw_backtest_result *test = &trials->tests[i];
        char expected[CELL_SIZE];
        snprintf(expected, sizeof expected, "%.1f", test->expected);
        table_row(rows);
        table_cell(rows, tw_risk_method_name((tw_risk_method)trials->methods[i]));
        add_percent(rows, test->confidence);
        add_count(rows, test->observations);
        add_count(rows, test->exceedances);
        table_cell(rows, expected);
        add_probability(rows, test->unconditional.p_value);
        add_probability(rows, test->independence.p_value);
        table_cell(rows, tw_backtest_zone_name((tw_backtest_zone)test->zone));
    }
    printf("\n");
    tw_status status = table_end(rows, error);
    if (status == TW_OK)
        printf("Each forecast is from the %zu rows before it.\n", trials->test_window);
    return status;
}

tw_status risk_trials_print(const risk_trials *trials, const risk_input *input, tw_error *error) {
    tw_status status = TW_OK;
    if (trials->replayed && trials->count == 0)
        printf("\nNo crisis that is known by name lies within these rows.\n");
    if (trials->count > 0)
        status = print_stress(trials, input, error);
    if (status == TW_OK && trials->test_count > 0)
        status = print_tests(trials, error);
    return status;
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_stress(const risk_trials *trials, const risk_input *input, json_writer *w) {
    json_open(w, "stress", '[');
    for (size_t i = 0; i < trials->count; i++) {
        const risk_trial *trial = &trials->trials[i];
        size_t worst = trial->result.worst_asset;
        json_open(w, NULL, '{');
        json_text(w, "name", trial->name);
        json_text(w, "kind", trial->window != NULL ? "history" : "scenario");
        if (trial->window != NULL) {
            json_text(w, "title", trial->window->title);
            json_flag(w, "whole", trial->result.coverage == TW_STRESS_WHOLE);
            json_count(w, "rows", trial->result.rows);
        }
        if (trial->factors > 0)
            json_count(w, "factors", trial->factors);
        json_number(w, "loss", trial->result.loss);
        json_number(w, "missing_weight", trial->result.missing_weight);
        if (worst < input->assets)
            json_text(w, "worst", input->names[worst]);
        json_close(w);
    }
    json_close(w);
}

static void put_test(json_writer *w, const char *key, const tw_backtest_test *test) {
    json_open(w, key, '{');
    json_number(w, "statistic", test->statistic);
    json_number(w, "p_value", test->p_value);
    json_close(w);
}

static void put_tests(const risk_trials *trials, json_writer *w) {
    json_open(w, "backtests", '[');
    for (size_t i = 0; i < trials->test_count; i++) {
        const tw_backtest_result *test = &trials->tests[i];
        json_open(w, NULL, '{');
        json_text(w, "method", tw_risk_method_name((tw_risk_method)trials->methods[i]));
        json_number(w, "confidence", test->confidence);
        json_count(w, "window", trials->test_window);
        json_count(w, "forecasts", test->observations);
        json_count(w, "exceedances", test->exceedances);
        json_number(w, "expected", test->expected);
        put_test(w, "unconditional", &test->unconditional);
        put_test(w, "independence", &test->independence);
        put_test(w, "conditional", &test->conditional);
        json_text(w, "zone", tw_backtest_zone_name((tw_backtest_zone)test->zone));
        json_close(w);
    }
    json_close(w);
}

void risk_trials_put(const risk_trials *trials, const risk_input *input, json_writer *writer) {
    if (trials->replayed || trials->count > 0)
        put_stress(trials, input, writer);
    if (trials->test_count > 0)
        put_tests(trials, writer);
}
