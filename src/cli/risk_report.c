/* risk_report.c - see risk_report.h. */
#include "risk_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_writer.h"
#include "output_file.h"
#include "readable.h"
#include "risk_conventions.h"
#include "table.h"
#include "tradewind/time.h"

enum { PERCENT = 100, CELL_SIZE = 48, DATE_SIZE = 10, SHOWN_ASSET_MAX = 30 };

static const double NEGLIGIBLE = 1e-9; /* of an exposure */

/* How a figure is shown to people. */
typedef enum figure_kind { AS_PERCENT, AS_NUMBER } figure_kind;

typedef struct figure {
    const char *key; /* in the document */
    const char *name;
    double value;
    figure_kind kind;
    bool compared; /* only against a benchmark */
} figure;

enum { FIGURE_COUNT = 27 };

/* In the order of print; a page holds what the design says and no more. */
static void collect_figures(const risk_result *result, figure figures[FIGURE_COUNT]) {
    const tw_risk_report *r = result->report;
    const double *of = result->figures->values;
    const figure all[FIGURE_COUNT] = {
        {"total_return", "total return", r->total_return, AS_PERCENT, false},
        {"cagr", "growth a year (cagr)", r->cagr, AS_PERCENT, false},
        {"mean", "mean return a year", r->mean_annual, AS_PERCENT, false},
        {"volatility", "volatility a year", r->volatility_annual, AS_PERCENT, false},
        {"downside_deviation", "downside deviation, a period", r->downside_deviation, AS_PERCENT,
         false},
        {"sharpe", "sharpe ratio", r->sharpe, AS_NUMBER, false},
        {"sortino", "sortino ratio", r->sortino, AS_NUMBER, false},
        {"calmar", "calmar ratio", r->calmar, AS_NUMBER, false},
        {"omega", "omega ratio", r->omega, AS_NUMBER, false},
        {"max_drawdown", "greatest drawdown", r->max_drawdown, AS_PERCENT, false},
        {"ulcer_index", "ulcer index", of[TW_FIGURE_ULCER_INDEX], AS_PERCENT, false},
        {"pain_index", "pain index", of[TW_FIGURE_PAIN_INDEX], AS_PERCENT, false},
        {"tail_ratio", "tail ratio", of[TW_FIGURE_TAIL_RATIO], AS_NUMBER, false},
        {"skewness", "skewness", r->skewness, AS_NUMBER, false},
        {"excess_kurtosis", "excess kurtosis", r->excess_kurtosis, AS_NUMBER, false},
        {"worst", "worst period", r->worst, AS_PERCENT, false},
        {"best", "best period", r->best, AS_PERCENT, false},
        {"beta", "beta", r->beta, AS_NUMBER, true},
        {"alpha", "alpha a year", r->alpha_annual, AS_PERCENT, true},
        {"correlation", "correlation", r->correlation, AS_NUMBER, true},
        {"tracking_error", "tracking error a year", r->tracking_error, AS_PERCENT, true},
        {"information_ratio", "information ratio", r->information_ratio, AS_NUMBER, true},
        {"up_capture", "up capture", of[TW_FIGURE_UP_CAPTURE], AS_PERCENT, true},
        {"down_capture", "down capture", of[TW_FIGURE_DOWN_CAPTURE], AS_PERCENT, true},
        {"hhi", "concentration (hhi)", r->exposure.hhi, AS_NUMBER, false},
        {"effective_assets", "effective assets", r->exposure.effective_assets, AS_NUMBER, false},
        {"gross", "gross exposure", r->exposure.gross, AS_PERCENT, false},
    };
    memcpy(figures, all, sizeof all);
}

static void add_figure(table *rows, double value, figure_kind kind) {
    char cell[CELL_SIZE];
    if (!isfinite(value))
        snprintf(cell, sizeof cell, "-");
    else if (kind == AS_PERCENT)
        snprintf(cell, sizeof cell, "%.2f%%", PERCENT * value);
    else
        snprintf(cell, sizeof cell, "%.4f", value);
    table_cell(rows, cell);
}

/* ---- For people ---------------------------------------------------------------------------- */

static void date_of(int64_t time_ns, char text[TW_TIME_TEXT_SIZE]) {
    tw_time_format(time_ns, 0, text);
    text[DATE_SIZE] = '\0';
}

static void print_head(const risk_result *result) {
    const risk_input *input = result->input;
    const tw_risk_report *report = result->report;
    risk_span span = risk_input_span(input);
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    char number[READABLE_SIZE];
    date_of(span.from_ns, from);
    date_of(span.to_ns, to);
    printf("%zu asset%s, %s to %s: %s rows.\n", report->assets, report->assets == 1 ? "" : "s",
           from, to, readable_count(report->observations, number));
    if (report->skipped > 0) {
        printf("%s rows lack a return of what is held and are left out",
               readable_count(report->skipped, number));
        printf("; %s alone lacks %s.\n", input->names[span.scarce],
               readable_count(span.scarce_count, number));
    }
    printf("Net exposure %.2f%%", PERCENT * report->exposure.net);
    if (fabs(report->exposure.net - 1) > NEGLIGIBLE)
        printf(" (the rest is %s)", report->exposure.net < 1 ? "cash" : "borrowed");
    if (result->benchmark[0] != '\0')
        printf(", compared with %s", result->benchmark);
    if (report->benchmark_skipped > 0)
        printf(", which lacks %s of these rows", readable_count(report->benchmark_skipped, number));
    printf(".\n\n");
}

void risk_title(const tw_risk_report *report, const risk_input *input, char *buffer, size_t size) {
    risk_span span = risk_input_span(input);
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    date_of(span.from_ns, from);
    date_of(span.to_ns, to);
    snprintf(buffer, size,
             "%zu asset%s  %s to %s    volatility %.1f%% a year, greatest drawdown %.1f%%",
             report->assets, report->assets == 1 ? "" : "s", from, to,
             PERCENT * report->volatility_annual, PERCENT * report->max_drawdown);
}

static tw_status print_figures(const risk_result *result, tw_error *error) {
    figure figures[FIGURE_COUNT];
    collect_figures(result, figures);
    table *rows = table_new("FIGURE|>VALUE");
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        if (figures[i].compared && result->benchmark[0] == '\0')
            continue;
        table_row(rows);
        table_cell(rows, figures[i].name);
        add_figure(rows, figures[i].value, figures[i].kind);
    }
    return table_end(rows, error);
}

static tw_status print_estimates(const risk_result *result, tw_error *error) {
    const tw_risk_report *report = result->report;
    table *rows = table_new("METHOD|>CONFIDENCE|>VALUE AT RISK|>EXPECTED SHORTFALL|");
    for (uint32_t i = 0; i < report->estimate_count; i++) {
        const tw_risk_estimate *estimate = &report->estimates[i];
        char confidence[CELL_SIZE];
        snprintf(confidence, sizeof confidence, "%.6g%%", PERCENT * estimate->confidence);
        table_row(rows);
        table_cell(rows, tw_risk_method_name((tw_risk_method)estimate->method));
        table_cell(rows, confidence);
        add_figure(rows, estimate->value, AS_PERCENT);
        add_figure(rows, estimate->expected_shortfall, AS_PERCENT);
        table_cell(rows, estimate->valid ? "" : "outside of its domain");
    }
    printf("\n");
    if (report->estimate_count > 0 && report->estimates[0].horizon > 1)
        printf("Over %u periods:\n", report->estimates[0].horizon);
    return table_end(rows, error);
}

double risk_var_share(const tw_risk_report *report, size_t asset) {
    for (uint32_t i = 0; i < report->estimate_count; i++) {
        const tw_risk_estimate *estimate = &report->estimates[i];
        if (estimate->method == TW_RISK_GAUSSIAN)
            return report->var_contributions[i * report->assets + asset] / estimate->value;
    }
    return NAN;
}

typedef struct share {
    size_t asset;
    double size;
} share;

static int by_size(const void *a, const void *b) {
    const share *x = a;
    const share *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return (x->asset > y->asset) - (x->asset < y->asset);
}

/* The assets with the greatest shares of volatility first; NULL when memory is out. */
static share *order_shares(const tw_risk_report *report) {
    share *order = TW_NEW(tw_allocator_system(), report->assets, share);
    for (size_t i = 0; order != NULL && i < report->assets; i++) {
        double size = fabs(report->volatility_shares[i]);
        order[i] = (share){i, isnan(size) ? 0 : size};
    }
    if (order != NULL)
        qsort(order, report->assets, sizeof *order, by_size);
    return order;
}

static tw_status print_contributions(const risk_result *result, tw_error *error) {
    const tw_risk_report *report = result->report;
    size_t shown = report->assets < SHOWN_ASSET_MAX ? report->assets : SHOWN_ASSET_MAX;
    share *order = order_shares(report);
    if (order == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a table");
    table *rows = table_new("ASSET|>WEIGHT|>OF VOLATILITY|>OF VALUE AT RISK");
    for (size_t k = 0; k < shown; k++) {
        size_t asset = order[k].asset;
        table_row(rows);
        table_cell(rows, result->input->names[asset]);
        add_figure(rows, result->input->weights[asset], AS_PERCENT);
        add_figure(rows, report->volatility_shares[asset], AS_PERCENT);
        add_figure(rows, risk_var_share(report, asset), AS_PERCENT);
    }
    printf("\n");
    tw_status status = table_end(rows, error);
    if (status == TW_OK && shown < report->assets)
        printf("and %zu more, which --json has\n", report->assets - shown);
    TW_DELETE(tw_allocator_system(), order, report->assets, share);
    return status;
}

tw_status risk_print(const risk_result *result, tw_error *error) {
    print_head(result);
    tw_status status = print_figures(result, error);
    if (status == TW_OK)
        status = risk_drawdowns_print(result->figures, result->history, error);
    if (status == TW_OK)
        status = print_estimates(result, error);
    if (status == TW_OK)
        status = print_contributions(result, error);
    if (status == TW_OK)
        status = risk_factors_print(result->factors, error);
    if (status == TW_OK)
        status = risk_trials_print(result->trials, result->input, error);
    if (status != TW_OK)
        return status;
    risk_conventions_print(result->config);
    return output_printed(error);
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_estimates(json_writer *w, const tw_risk_report *report) {
    json_open(w, "var", '[');
    for (uint32_t i = 0; i < report->estimate_count; i++) {
        const tw_risk_estimate *estimate = &report->estimates[i];
        json_open(w, NULL, '{');
        json_number(w, "confidence", estimate->confidence);
        json_count(w, "horizon", estimate->horizon);
        json_text(w, "method", tw_risk_method_name((tw_risk_method)estimate->method));
        json_number(w, "value", estimate->value);
        json_number(w, "expected_shortfall", estimate->expected_shortfall);
        json_flag(w, "valid", estimate->valid);
        if (isfinite(estimate->value_error)) {
            json_number(w, "standard_error", estimate->value_error);
            json_number(w, "expected_shortfall_error", estimate->shortfall_error);
        }
        json_close(w);
    }
    json_close(w);
}

static void put_portfolio(json_writer *w, const risk_result *result) {
    figure figures[FIGURE_COUNT];
    collect_figures(result, figures);
    json_open(w, "portfolio", '{');
    for (size_t i = 0; i < FIGURE_COUNT; i++)
        json_number(w, figures[i].key, figures[i].value);
    json_number(w, "net", result->report->exposure.net);
    put_estimates(w, result->report);
    json_close(w);
}

/* What an asset adds to each estimate, in the order of these. */
static void put_parts(json_writer *w, const tw_risk_report *report, size_t asset) {
    json_open(w, "var", '[');
    for (uint32_t e = 0; e < report->estimate_count; e++)
        json_number(w, NULL, report->var_contributions[e * report->assets + asset]);
    json_close(w);
    json_open(w, "expected_shortfall", '[');
    for (uint32_t e = 0; e < report->estimate_count; e++)
        json_number(w, NULL, report->shortfall_contributions[e * report->assets + asset]);
    json_close(w);
}

static void put_contributions(json_writer *w, const risk_result *result) {
    const tw_risk_report *report = result->report;
    json_open(w, "contributions", '[');
    for (size_t i = 0; i < report->assets; i++) {
        json_open(w, NULL, '{');
        json_text(w, "symbol", result->input->names[i]);
        json_number(w, "weight", result->input->weights[i]);
        json_number(w, "volatility_share", report->volatility_shares[i]);
        json_number(w, "var_share", risk_var_share(report, i));
        put_parts(w, report, i);
        json_close(w);
    }
    json_close(w);
}

tw_status risk_print_json(const risk_result *result, tw_error *error) {
    const tw_risk_report *report = result->report;
    risk_span span = risk_input_span(result->input);
    json_writer w = json_writer_begin();
    json_number(&w, "periods_per_year", report->periods_per_year);
    json_count(&w, "observations", report->observations);
    json_count(&w, "skipped", report->skipped);
    json_count(&w, "assets", report->assets);
    json_date(&w, "from", span.from_ns);
    json_date(&w, "to", span.to_ns);
    if (result->benchmark[0] != '\0') {
        json_text(&w, "benchmark", result->benchmark);
        json_count(&w, "benchmark_skipped", report->benchmark_skipped);
    }
    put_portfolio(&w, result);
    put_contributions(&w, result);
    risk_figures_put(result->figures, result->history, &w);
    risk_factors_put(result->factors, &w);
    risk_trials_put(result->trials, result->input, &w);
    risk_conventions_put(result->config, &w);
    return json_writer_end(&w, error);
}
