/*
 * bench_targets.c - target weights of 20, 100 and 500 assets, lots of a sale, overlapping limits.
 *
 *     bench_targets [RETURNS]      (a file of doubles [2520][500]; without one, seeded returns)
 *
 * Printed are microseconds a call, the median of RUN_COUNT, with the steps that it took and its
 * residual: `python3 bench/peer_targets.py RETURNS` prints the same for SciPy's SLSQP and for an
 * active set in NumPy, on the same covariances. Then the lots of a sale from 10,000; and a problem
 * of 500 positions under 35 overlapping limits: the descent with its bound and, where CBC is
 * installed, CBC.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "tradewind/overlap.h"
#include "tradewind/solver.h"
#include "tradewind/target_weights.h"
#include "tradewind/tax_lots.h"

#define RUN_COUNT 15
#define ROWS 2520
#define COLUMNS 500

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double median_of(double *times, size_t count) {
    qsort(times, count, sizeof times[0], by_value);
    return times[count / 2];
}

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t pick(uint64_t *seed, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

/* --- target weights ------------------------------------------------------------------------- */

static double returns[ROWS * COLUMNS];
static double covariance[COLUMNS * COLUMNS];
static double means[COLUMNS];
static double wide_lower[COLUMNS];
static double wide_upper[COLUMNS];
static double capped[COLUMNS];

static void load_returns(const char *path) {
    if (path != NULL) {
        FILE *file = fopen(path, "rb");
        require(file != NULL && fread(returns, sizeof returns, 1, file) == 1,
                "reading the returns");
        fclose(file);
        return;
    }
    uint64_t seed = 1;
    for (size_t t = 0; t < ROWS; t++) {
        double common = (double)pick(&seed, -1000, 1000) * 1e-5;
        for (size_t i = 0; i < COLUMNS; i++)
            returns[t * COLUMNS + i] = common + (double)pick(&seed, -2000, 2020) * 1e-5;
    }
}

/* Of the first `count` columns, ddof 1. */
static void make_covariance(size_t count) {
    for (size_t i = 0; i < count; i++) {
        means[i] = 0;
        for (size_t t = 0; t < ROWS; t++)
            means[i] += returns[t * COLUMNS + i] / ROWS;
        wide_lower[i] = -1;
        wide_upper[i] = 1;
        capped[i] = 2.0 / (double)count;
    }
    memset(covariance, 0, count * count * sizeof covariance[0]);
    for (size_t t = 0; t < ROWS; t++) {
        const double *row = returns + t * COLUMNS;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++)
                covariance[i * count + j] +=
                    (row[i] - means[i]) * (row[j] - means[j]) / (double)(ROWS - 1);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            covariance[i * count + j] = covariance[j * count + i];
}

typedef struct shape {
    const char *name;
    tw_target_method method;
    bool is_wide;   /* -1 to 1 instead of long only */
    bool is_capped; /* at 2 / count */
} shape;

static void time_weights(tw_target_weights *targets, size_t count, const shape *s) {
    tw_target_weights_config config;
    tw_target_weights_config_init(&config);
    config.method = (uint8_t)s->method;
    config.risk_aversion = 5;
    tw_target_weights_input input = {.covariance = covariance,
                                     .means = means,
                                     .lower = s->is_wide ? wide_lower : NULL,
                                     .upper = s->is_wide     ? wide_upper
                                              : s->is_capped ? capped
                                                             : NULL,
                                     .count = count};
    tw_target_weights_result result;
    double times[RUN_COUNT];
    for (int run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        tw_error error = {0};
        require(tw_target_weights_compute(targets, &config, &input, &result, &error) == TW_OK,
                error.message);
        times[run] = now_ns() - begin;
    }
    printf("%4zu  %-28s %10.1f us  %4llu steps  residual %.1e  volatility %.9f\n", count, s->name,
           median_of(times, RUN_COUNT) / 1e3, (unsigned long long)result.iterations,
           result.residual, result.volatility);
}

static void bench_weights(void) {
    const shape shapes[] = {
        {"minimum-variance", TW_TARGET_MINIMUM_VARIANCE, false, false},
        {"minimum-variance capped", TW_TARGET_MINIMUM_VARIANCE, false, true},
        {"minimum-variance -1 to 1", TW_TARGET_MINIMUM_VARIANCE, true, false},
        {"risk-aversion", TW_TARGET_RISK_AVERSION, false, false},
        {"maximum-sharpe", TW_TARGET_MAXIMUM_SHARPE, false, false},
        {"maximum-diversification", TW_TARGET_MAXIMUM_DIVERSIFICATION, false, false},
        {"risk-parity", TW_TARGET_RISK_PARITY, false, false},
        {"hierarchical", TW_TARGET_HIERARCHICAL, false, false}};
    const size_t counts[] = {20, 100, 500};
    tw_target_weights *targets = NULL;
    require(tw_target_weights_new(NULL, COLUMNS, &targets) == TW_OK, "tw_target_weights_new");
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        make_covariance(counts[c]);
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            time_weights(targets, counts[c], &shapes[s]);
    }
    tw_target_weights_free(targets);
}

/* --- lots ----------------------------------------------------------------------------------- */

#define LOTS 10000

static void bench_lots(void) {
    static tw_tax_lot lots[LOTS];
    static tw_tax_closing closings[LOTS];
    uint64_t seed = 2;
    for (size_t i = 0; i < LOTS; i++)
        lots[i] = (tw_tax_lot){.quantity = {pick(&seed, 1, 100) * TW_NANO},
                               .price = {pick(&seed, 50, 150) * TW_NANO},
                               .day = 20000 - pick(&seed, 0, 1500)};
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    config.order = TW_LOTS_LEAST_TAX;
    tw_tax_lots_input input = {.quantity = {20000 * TW_NANO},
                               .price = {100 * TW_NANO},
                               .day = 20000,
                               .lots = lots,
                               .lot_count = LOTS};
    tw_tax_lots_result result;
    double times[RUN_COUNT];
    for (int run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        require(tw_tax_lots_close(&config, &input, closings, &result, NULL) == TW_OK,
                "tw_tax_lots_close");
        times[run] = now_ns() - begin;
    }
    printf("\n%d lots, the least tax: %.1f us, %zu closed\n", LOTS,
           median_of(times, RUN_COUNT) / 1e3, result.count);
}

/* --- overlapping limits --------------------------------------------------------------------- */

#define NAMES 500
#define LIMITS 34 /* and the cash: 11 sectors, 20 countries, 3 factors */
#define MODEL_SIZE (16 << 20)
#define CBC_RUN_COUNT 5
#define CBC_DEADLINE_NS INT64_C(3000000000)

static tw_rebalance_range ranges[NAMES];
static int64_t coefficients[LIMITS][NAMES];
static tw_overlap_row rows[LIMITS];

/* A withdrawal of a tenth of what is held; every group and factor may lose an eighth of its own. */
static tw_overlap_problem make_problem(void) {
    uint64_t seed = 3;
    int64_t held = 0;
    int64_t sums[LIMITS] = {0};
    for (size_t i = 0; i < NAMES; i++) {
        int64_t value = pick(&seed, 2000, 40000);
        int64_t price = pick(&seed, 10, 400);
        ranges[i] = (tw_rebalance_range){.price = {price * TW_NANO},
                                         .lot = {TW_NANO},
                                         .lots_min = -(value / 4 / price),
                                         .lots_max = value / 4 / price,
                                         .lots_least = 1,
                                         .symbol = (tw_symbol)i};
        coefficients[pick(&seed, 0, 10)][i] = TW_NANO;
        coefficients[pick(&seed, 11, 30)][i] = TW_NANO;
        for (size_t f = 31; f < LIMITS; f++)
            coefficients[f][i] = pick(&seed, -1000, 1000) * (TW_NANO / 1000);
        held += value;
        for (size_t r = 0; r < LIMITS; r++)
            sums[r] += value * (coefficients[r][i] < 0 ? -coefficients[r][i] : coefficients[r][i]) /
                       TW_NANO;
    }
    for (size_t r = 0; r < LIMITS; r++)
        rows[r] = (tw_overlap_row){
            coefficients[r], {-sums[r] / (r < 31 ? 8 : 40) * TW_NANO}, {sums[r] / 40 * TW_NANO}};
    return (tw_overlap_problem){.ranges = ranges,
                                .count = NAMES,
                                .rows = rows,
                                .row_count = LIMITS,
                                .cash_min = {held / 10 * TW_NANO},
                                .cash_max = {(held / 10 + 1000) * TW_NANO}};
}

static void bench_cbc(tw_overlap *overlap, const tw_overlap_problem *problem, double descent_ns) {
    static char model_buffer[MODEL_SIZE];
    static char solution_buffer[1 << 20];
    static char log_buffer[1 << 16];
    double times[CBC_RUN_COUNT];
    tw_overlap_plan plan = {0};
    tw_text model = tw_text_over(model_buffer, sizeof model_buffer);
    for (int run = 0; run < CBC_RUN_COUNT; run++) {
        tw_text solution = tw_text_over(solution_buffer, sizeof solution_buffer);
        tw_text log = tw_text_over(log_buffer, sizeof log_buffer);
        tw_solver_config config;
        tw_solver_config_init(&config);
        config.deadline_ns = CBC_DEADLINE_NS;
        tw_error error = {0};
        double begin = now_ns();
        require(tw_overlap_write(overlap, problem, &model, &error) == TW_OK, error.message);
        tw_status status = tw_solver_run(&config, tw_text_slice(&model), &solution, &log, &error);
        if (status == TW_NOT_FOUND) {
            printf("cbc: %s\n", error.message);
            return;
        }
        require(status == TW_OK, error.message);
        tw_overlap_answer answer = {tw_text_slice(&solution), tw_text_slice(&log)};
        require(tw_overlap_read(overlap, problem, &answer, &plan, &error) == TW_OK, error.message);
        times[run] = now_ns() - begin;
    }
    double cbc_ns = median_of(times, CBC_RUN_COUNT);
    printf("cbc:     %8.2f ms (%.1f times the descent), a model of %zu bytes: %s\n", cbc_ns / 1e6,
           cbc_ns / descent_ns, model.size, plan.reason);
}

static void bench_overlap(void) {
    tw_overlap_problem problem = make_problem();
    tw_overlap *overlap = NULL;
    require(tw_overlap_new(NULL, NAMES, LIMITS, &overlap) == TW_OK, "tw_overlap_new");
    tw_overlap_plan plan = {0};
    double times[RUN_COUNT];
    for (int run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        require(tw_overlap_solve(overlap, &problem, &plan, NULL) == TW_OK, "tw_overlap_solve");
        times[run] = now_ns() - begin;
    }
    double descent_ns = median_of(times, RUN_COUNT);
    printf("\n%d positions under %d limits\ndescent: %8.2f ms: %s\n", NAMES, LIMITS + 1,
           descent_ns / 1e6, plan.reason);
    bench_cbc(overlap, &problem, descent_ns);
    tw_overlap_free(overlap);
}

int main(int argument_count, char **arguments) {
    load_returns(argument_count > 1 ? arguments[1] : NULL);
    bench_weights();
    bench_lots();
    bench_overlap();
    return 0;
}
