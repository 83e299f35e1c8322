/* risk_figures.c - see risk_figures.h. */
#include "risk_figures.h"

#include <stdio.h>

#include "risk_conventions.h"
#include "table.h"
#include "tradewind/time.h"

enum { PERCENT = 100, CELL_SIZE = 32, DATE_SIZE = 10 };

static bool has_benchmark(const risk_history *history) {
    return history->benchmarked;
}

/* The periods and rates of the report; captures are of mean returns, which compounding over chosen
 * days would blow up. */
static tw_performance_config conventions_of(const tw_risk_config *config) {
    tw_performance_config conventions;
    tw_performance_config_init(&conventions);
    conventions.periods_per_year = config->periods_per_year;
    conventions.risk_free = config->risk_free;
    conventions.minimum_acceptable = config->minimum_acceptable;
    conventions.capture = TW_CAPTURE_MEAN;
    return conventions;
}

tw_status risk_figures_make(risk_figures *figures, const risk_history *history,
                            const tw_risk_config *config, tw_error *error) {
    TW_AUTO(tw_performance) *performance = NULL;
    figures->conventions = conventions_of(config);
    const tw_performance_input input = {.returns = history->returns,
                                        .benchmark =
                                            has_benchmark(history) ? history->benchmark : NULL,
                                        .count = history->rows};
    if (tw_performance_new(NULL, history->rows, &performance) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows", history->rows);
    tw_status status = tw_performance_load(performance, &figures->conventions, &input, error);
    if (status != TW_OK)
        return status;
    tw_performance_report(performance, figures->values);
    size_t count = 0;
    status = tw_drawdowns_find(history->returns, history->rows, figures->drawdowns,
                               RISK_DRAWDOWN_COUNT, &count, error);
    figures->drawdown_count = count < RISK_DRAWDOWN_COUNT ? count : RISK_DRAWDOWN_COUNT;
    return status;
}

/* ---- Drawdowns ----------------------------------------------------------------------------- */

static void add_date(table *rows, const risk_history *history, size_t row) {
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(history->times_ns[row], 0, time);
    time[DATE_SIZE] = '\0';
    table_cell(rows, time);
}

tw_status risk_drawdowns_print(const risk_figures *figures, const risk_history *history,
                               tw_error *error) {
    if (figures->drawdown_count == 0)
        return TW_OK;
    table *rows = table_new(">DRAWDOWN|FROM|TROUGH|RECOVERED|>ROWS");
    for (size_t i = 0; i < figures->drawdown_count; i++) {
        const tw_drawdown *fall = &figures->drawdowns[i];
        char cell[CELL_SIZE];
        table_row(rows);
        snprintf(cell, sizeof cell, "%.2f%%", PERCENT * fall->depth);
        table_cell(rows, cell);
        add_date(rows, history, fall->start);
        add_date(rows, history, fall->trough);
        if (fall->recovered)
            add_date(rows, history, fall->end);
        else
            table_cell(rows, "not yet");
        snprintf(cell, sizeof cell, "%zu", fall->length);
        table_cell(rows, cell);
    }
    printf("\n");
    return table_end(rows, error);
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_drawdowns(const risk_figures *figures, const risk_history *history,
                          json_writer *w) {
    json_open(w, "drawdowns", '[');
    for (size_t i = 0; i < figures->drawdown_count; i++) {
        const tw_drawdown *fall = &figures->drawdowns[i];
        json_open(w, NULL, '{');
        json_number(w, "depth", fall->depth);
        json_date(w, "start", history->times_ns[fall->start]);
        json_date(w, "trough", history->times_ns[fall->trough]);
        if (fall->recovered)
            json_date(w, "recovery", history->times_ns[fall->end]);
        json_count(w, "length", fall->length);
        json_count(w, "to_trough", fall->to_trough);
        json_count(w, "to_recovery", fall->to_recovery);
        json_close(w);
    }
    json_close(w);
}

void risk_figures_put(const risk_figures *figures, const risk_history *history, json_writer *w) {
    json_open(w, "figures", '{');
    for (int f = 0; f < TW_FIGURE_COUNT; f++) {
        if (has_benchmark(history) || !tw_figure_needs_benchmark((tw_figure)f))
            json_number(w, tw_figure_name((tw_figure)f), figures->values[f]);
    }
    json_close(w);
    put_drawdowns(figures, history, w);
    risk_conventions_put_figures(&figures->conventions, w);
}
