/* risk_conventions.c - see risk_conventions.h. */
#include "risk_conventions.h"

#include <inttypes.h>
#include <stdio.h>

#include "readable.h"

enum { PERCENT = 100, RATE_SIZE = 48 };

static const char *unit_of(tw_rate rate) {
    return rate.unit == TW_RATE_PER_YEAR ? "year" : "period";
}

static double per_period(tw_rate rate, double periods_per_year) {
    return rate.unit == TW_RATE_PER_YEAR ? rate.value / periods_per_year : rate.value;
}

static bool is_by_student(const tw_risk_config *config) {
    return config->distribution == TW_SIMULATE_STUDENT;
}

/* ---- For people ---------------------------------------------------------------------------- */

static const char *rate_text(tw_rate rate, char text[RATE_SIZE]) {
    snprintf(text, RATE_SIZE, "%.6g%%/%s", PERCENT * rate.value, unit_of(rate));
    return text;
}

static void print_paths(const tw_risk_config *config) {
    char number[READABLE_SIZE];
    if (config->paths == 0)
        return;
    printf("Monte Carlo: %s paths, ", readable_count(config->paths, number));
    if (is_by_student(config))
        printf("Student's t of %.6g degrees", config->degrees);
    else
        printf("normal");
    printf(", seed %" PRIu64 ".\n", config->seed);
}

void risk_conventions_print(const tw_risk_config *config) {
    char free[RATE_SIZE];
    char wanted[RATE_SIZE];
    printf(
        "\nLosses are positive. Deviations are those of a sample, but for value at risk by "
        "moments, which\ntakes those of the rows as they are; yearly figures are per-period ones "
        "times %.6g, the periods of a\nyear, or its root; OF VALUE AT RISK is of the Gaussian one "
        "at the first confidence.\n",
        config->periods_per_year);
    printf("Rates: free of risk %s, least acceptable %s; a yearly one is divided by the periods.\n",
           rate_text(config->risk_free, free), rate_text(config->minimum_acceptable, wanted));
    printf("Historical: %s; shortfall %s.\n", tw_quantile_text((tw_quantile_kind)config->quantile),
           tw_shortfall_text((tw_shortfall_kind)config->shortfall));
    printf("Filtered: decay %.6g.\n", config->filter_decay);
    print_paths(config);
    printf("--json names every convention.\n");
}

/* ---- For machines -------------------------------------------------------------------------- */

static void put_texts(const tw_risk_convention *conventions, size_t count, json_writer *w) {
    for (size_t i = 0; i < count; i++)
        json_text(w, conventions[i].name, conventions[i].text);
}

static void put_rate(json_writer *w, const char *key, tw_rate rate, double periods_per_year) {
    json_open(w, key, '{');
    json_number(w, "value", rate.value);
    json_text(w, "unit", unit_of(rate));
    json_number(w, "per_period", per_period(rate, periods_per_year));
    json_close(w);
}

static void put_paths(const tw_risk_config *config, json_writer *w) {
    json_count(w, "paths", config->paths);
    json_count(w, "seed", config->seed);
    json_text(w, "distribution", is_by_student(config) ? "student" : "normal");
    if (is_by_student(config))
        json_number(w, "degrees", config->degrees);
}

void risk_conventions_put(const tw_risk_config *config, json_writer *w) {
    tw_risk_convention conventions[TW_RISK_CONVENTION_COUNT_MAX];
    json_open(w, "conventions", '{');
    put_texts(conventions, tw_risk_conventions(config, conventions), w);
    json_number(w, "periods_per_year", config->periods_per_year);
    put_rate(w, "risk_free", config->risk_free, config->periods_per_year);
    put_rate(w, "minimum_acceptable", config->minimum_acceptable, config->periods_per_year);
    json_count(w, "quantile_type", config->quantile);
    json_count(w, "moment_ddof", config->moment_ddof);
    json_number(w, "filter_decay", config->filter_decay);
    put_paths(config, w);
    json_close(w);
}

void risk_conventions_put_figures(const tw_performance_config *config, json_writer *w) {
    tw_risk_convention conventions[TW_RISK_CONVENTION_COUNT_MAX];
    size_t count = tw_performance_conventions(config, conventions, TW_RISK_CONVENTION_COUNT_MAX);
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"periods_per_year", config->periods_per_year},
                   {"quantile_type", config->quantile},
                   {"tail", config->tail},
                   {"ewma_decay", config->decay},
                   {"partial_order", config->partial_order},
                   {"partial_ddof", config->partial_ddof},
                   {"autocorrelation_lag", config->autocorrelation_lag},
                   {"sterling_excess", config->sterling_excess},
                   {"loss_aversion", config->loss_aversion},
                   {"reference_sharpe", config->reference_sharpe},
                   {"entropic_aversion", config->entropic_aversion},
                   {"entropic_floor", config->entropic_floor},
                   {"pareto_part", config->pareto_part}};
    json_open(w, "figure_conventions", '{');
    put_texts(conventions, count, w);
    put_rate(w, "risk_free", config->risk_free, config->periods_per_year);
    put_rate(w, "minimum_acceptable", config->minimum_acceptable, config->periods_per_year);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_number(w, numbers[i].name, numbers[i].value);
    json_close(w);
}
