/*
 * fuzz_risk.c - any bytes as the files of `tradewind risk`, and any numbers as its settings.
 *
 * The first eight bytes choose what the files are; then come the table of returns or prices, a zero
 * byte, and the weights or positions, given through memory files so that the command's own reader
 * is what runs. What is refused has a sentence. What is computed adds up: contributions to their
 * estimates, shares to 1, no shortfall is below its value at risk, the series that is told is the
 * one that performance takes; and the same input gives the same bits twice. The settings are then
 * any bits at all: they are refused with a sentence, or computed.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory_file.h"
#include "risk_input.h"
#include "tradewind/performance.h"
#include "tradewind/risk.h"

enum { HEAD_SIZE = 8, PATHS = 64, ROWS_MAX = 4096, CELLS_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- Files --------------------------------------------------------------------------------- */

static tw_status read_input(const uint8_t *head, const memory_file *table,
                            const memory_file *weights, risk_input *input, tw_error *error) {
    bool prices = (head[0] & 1) != 0;
    unsigned held = head[0] >> 1 & 3;
    const risk_wishes wishes = {.returns = prices ? "" : table->path,
                                .prices = prices ? table->path : "",
                                .weights = held == 1 ? weights->path : "",
                                .positions = held == 2 ? weights->path : "",
                                .benchmark = (head[0] & 8) != 0 ? "A" : "",
                                .from_ns = INT64_MIN,
                                .to_ns = INT64_MAX,
                                .cash_nano = (head[0] & 16) != 0 ? TW_NANO : 0,
                                .fill = prices ? head[1] % 4 : 0};
    return risk_input_read(input, &wishes, error);
}

/* ---- What is computed ---------------------------------------------------------------------- */

static double size_of(double value) {
    return fmax(fabs(value), 1e-300);
}

/* Of each estimate, within the roundings of the greatest part. */
static void check_parts(const tw_risk_report *r, const double *parts, bool shortfalls) {
    for (uint32_t e = 0; e < r->estimate_count; e++) {
        double whole = shortfalls ? r->estimates[e].expected_shortfall : r->estimates[e].value;
        double sum = 0;
        double greatest = size_of(whole);
        for (size_t i = 0; i < r->assets; i++) {
            sum += parts[e * r->assets + i];
            greatest = fmax(greatest, fabs(parts[e * r->assets + i]));
        }
        TW_ASSERT(!isfinite(sum) || !isfinite(whole) ||
                  fabs(sum - whole) <= 1e-9 * greatest * (double)r->assets);
    }
}

/* The mean of a tail is no smaller than the value at its end, unless a kind of quantile may name a
 * value further out than the tail reaches on average. */
static bool is_ordered(const tw_risk_config *config) {
    return config->shortfall == TW_SHORTFALL_BEYOND ||
           (config->shortfall == TW_SHORTFALL_CONTINUOUS &&
            config->quantile != TW_QUANTILE_NEAREST && config->quantile != TW_QUANTILE_LOWER);
}

static void check_report(const tw_risk_report *r, const risk_input *input,
                         const tw_risk_config *config) {
    TW_ASSERT(r->observations + r->skipped == input->rows && r->assets == input->assets);
    TW_ASSERT(r->observations > 0 && r->worst <= r->best);
    TW_ASSERT(r->max_drawdown >= 0 && r->max_drawdown <= 1 && r->total_return >= -1);
    for (size_t k = 0; k < r->observations; k++)
        TW_ASSERT(risk_input_is_whole(input, r->rows[k]) && isfinite(r->portfolio[k]));
    for (uint32_t e = 0; e < r->estimate_count; e++) {
        const tw_risk_estimate *estimate = &r->estimates[e];
        double slack = 1e-9 * size_of(estimate->value);
        TW_ASSERT(!estimate->valid || !is_ordered(config) ||
                  !(estimate->expected_shortfall < estimate->value - slack));
    }
    check_parts(r, r->var_contributions, false);
    check_parts(r, r->shortfall_contributions, true);
}

/* The figures that risk and performance both have are the same numbers. */
static void check_performance(const tw_risk_report *r) {
    TW_AUTO(tw_performance) *performance = NULL;
    tw_performance_config config;
    tw_performance_config_init(&config);
    config.periods_per_year = r->periods_per_year;
    const tw_performance_input input = {.returns = r->portfolio, .count = r->observations};
    if (tw_performance_new(NULL, r->observations, &performance) != TW_OK)
        abort();
    if (tw_performance_load(performance, &config, &input, NULL) != TW_OK)
        return; /* beyond what it takes */
    const struct {
        double here;
        tw_figure there;
    } figures[] = {{r->mean, TW_FIGURE_MEAN},
                   {r->volatility, TW_FIGURE_VOLATILITY},
                   {r->total_return, TW_FIGURE_TOTAL_RETURN},
                   {r->max_drawdown, TW_FIGURE_MAX_DRAWDOWN},
                   {r->skewness, TW_FIGURE_SKEWNESS_SAMPLE},
                   {r->downside_deviation, TW_FIGURE_DOWNSIDE_DEVIATION}};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        double there = tw_performance_value(performance, figures[i].there);
        TW_ASSERT(figures[i].here == there || (isnan(figures[i].here) && isnan(there)));
    }
}

static void choose_config(const uint8_t *head, tw_risk_config *config) {
    tw_risk_config_init(config);
    config->confidences[0] = 0.5 + (head[2] + 1) / 514.0;
    config->horizons[0] = 1 + head[3] % 5;
    config->quantile = (uint8_t)(TW_QUANTILE_KIND_MIN + head[4] % TW_QUANTILE_KIND_MAX);
    config->shortfall = (uint8_t)(head[4] / TW_QUANTILE_KIND_MAX % (TW_SHORTFALL_KIND_MAX + 1));
    config->spans = head[5] & 1;
    config->shares = head[5] >> 1 & 1;
    config->filter = head[5] >> 2 & 1;
    config->distribution = head[5] >> 3 & 1;
    config->corrected_expansion = (head[5] & 16) != 0;
    config->incremental = (head[5] & 32) != 0;
    config->fail_missing = (head[5] & 64) != 0;
    config->covariance = (head[5] & 128) != 0;
    config->paths = head[6] % 2 == 0 ? 0 : PATHS;
    config->seed = head[7];
}

static tw_status compute(const risk_input *input, const tw_risk_config *config, tw_risk **ret_risk,
                         tw_risk_report *ret_report, tw_error *error) {
    const tw_risk_maxima maxima = tw_risk_maxima_of(config, input->rows, input->assets);
    const tw_risk_input work = {.returns = input->returns,
                                .weights = input->weights,
                                .benchmark = input->benchmark,
                                .observations = input->rows,
                                .assets = input->assets,
                                .names = input->labels,
                                .times_ns = input->times_ns};
    if (tw_risk_new(NULL, &maxima, ret_risk) != TW_OK)
        abort();
    return tw_risk_compute(*ret_risk, config, &work, ret_report, error);
}

static void compute_twice(const risk_input *input, const uint8_t *head) {
    TW_AUTO(tw_risk) *risk = NULL;
    TW_AUTO(tw_risk) *second = NULL;
    tw_risk_config config;
    tw_risk_report report;
    tw_risk_report again;
    tw_error error = {0};
    choose_config(head, &config);
    if (compute(input, &config, &risk, &report, &error) != TW_OK) {
        TW_ASSERT(error.message[0] != '\0');
        return;
    }
    check_report(&report, input, &config);
    check_performance(&report);
    TW_ASSERT(compute(input, &config, &second, &again, NULL) == TW_OK);
    TW_ASSERT(memcmp(report.var_contributions, again.var_contributions,
                     report.estimate_count * report.assets * sizeof(double)) == 0);
}

/* Any bits as numbers: what the checks let through is computed without harm. */
static void compute_anything(const uint8_t *data, size_t size) {
    static const double returns[12] = {0.01,  -0.02, 0.03, 0.005,  -0.04, 0.02,
                                       0.015, -0.01, 0,    -0.025, 0.01,  0.03};
    const double weights[2] = {0.7, 0.4};
    const tw_risk_input input = {
        .returns = returns, .weights = weights, .observations = 6, .assets = 2};
    tw_risk_config config;
    tw_risk_config_init(&config);
    double numbers[5] = {config.periods_per_year, config.confidences[0], config.filter_decay,
                         config.degrees, config.risk_free.value};
    memcpy(numbers, data, size < sizeof numbers ? size : sizeof numbers);
    config.periods_per_year = numbers[0];
    config.confidences[0] = numbers[1];
    config.filter_decay = numbers[2];
    config.degrees = numbers[3];
    config.risk_free.value = numbers[4];
    config.distribution = size > sizeof numbers ? data[sizeof numbers] : TW_SIMULATE_STUDENT;
    config.quantile = size > sizeof numbers + 1 ? data[sizeof numbers + 1] : TW_QUANTILE_LINEAR;
    config.paths = PATHS;
    TW_AUTO(tw_risk) *risk = NULL;
    const tw_risk_maxima maxima = tw_risk_maxima_of(&config, 6, 2);
    tw_risk_report report;
    tw_error error = {0};
    if (tw_risk_new(NULL, &maxima, &risk) != TW_OK)
        abort();
    tw_status status = tw_risk_compute(risk, &config, &input, &report, &error);
    TW_ASSERT(status == TW_OK || error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD_SIZE)
        return 0;
    const uint8_t *body = data + HEAD_SIZE;
    size_t rest = size - HEAD_SIZE;
    const uint8_t *end = memchr(body, 0, rest);
    size_t first = end == NULL ? rest : (size_t)(end - body);
    memory_file table = memory_file_make(body, first);
    memory_file weights = memory_file_make(body + first, 0);
    if (end != NULL) {
        close(weights.descriptor);
        weights = memory_file_make(end + 1, rest - first - 1);
    }
    risk_input input = {0};
    tw_error error = {0};
    tw_status status = read_input(data, &table, &weights, &input, &error);
    TW_ASSERT(status == TW_OK || error.message[0] != '\0');
    bool small = input.rows <= ROWS_MAX && input.rows * input.assets <= CELLS_MAX;
    if (status == TW_OK && small)
        compute_twice(&input, data);
    risk_input_close(&input);
    close(table.descriptor);
    close(weights.descriptor);
    compute_anything(body, rest);
    return 0;
}
