/*
 * bench_performance.c - figures of one series: ns an observation of each group of them, at each
 * level of instructions, and of windows.
 *
 *     bench_performance [COUNT]       (1,000,000 returns)
 *
 * Printed are medians of RUN_COUNT; each run loads the series and computes the figures of its row.
 * bench/peer_performance.py does the same rows in NumPy, SciPy and pandas; run both in turn:
 *
 *     build/bench/bench_performance; python3 bench/peer_performance.py
 *
 * Its first lines are the figures themselves, to be compared with the peer's.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"
#include "tradewind/performance.h"
#include "tradewind/rolling_performance.h"

#define RUN_COUNT 9
#define COUNT 1000000
#define WINDOW 252

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double median_of(double *values) {
    qsort(values, RUN_COUNT, sizeof *values, by_value);
    return values[RUN_COUNT / 2];
}

/* The same series as the peer's: the sum of four uniforms of a linear congruence a return. */
static void fill(double *returns, double *benchmark, size_t count) {
    uint64_t state = 1;
    for (size_t i = 0; i < 2 * count; i++) {
        double sum = 0;
        for (size_t k = 0; k < 4; k++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            sum += (double)(state >> 11) * 0x1p-53 - 0.5;
        }
        double *to = i < count ? returns : benchmark;
        to[i % count] = 0.0004 + 0.0173 * sum;
    }
    for (size_t i = 0; i < count; i++)
        benchmark[i] = 0.5 * benchmark[i] + 0.5 * returns[i];
}

#define ROW_MAX 16

typedef struct row {
    const char *name;
    size_t count;
    tw_figure figures[ROW_MAX];
} row;

static const row rows[] = {
    {"mean, volatility", 2, {TW_FIGURE_MEAN, TW_FIGURE_VOLATILITY}},
    {"moments",
     5,
     {TW_FIGURE_MEAN, TW_FIGURE_VOLATILITY, TW_FIGURE_SKEWNESS, TW_FIGURE_KURTOSIS,
      TW_FIGURE_SEMI_DEVIATION}},
    {"ratios",
     8,
     {TW_FIGURE_SHARPE_ANNUAL, TW_FIGURE_SORTINO_ANNUAL, TW_FIGURE_OMEGA, TW_FIGURE_KAPPA,
      TW_FIGURE_GAIN_LOSS, TW_FIGURE_D_RATIO, TW_FIGURE_UPSIDE_POTENTIAL_RATIO, TW_FIGURE_KELLY}},
    {"drawdowns",
     4,
     {TW_FIGURE_MAX_DRAWDOWN, TW_FIGURE_CALMAR, TW_FIGURE_ULCER_INDEX, TW_FIGURE_PAIN_INDEX}},
    {"value at risk", 1, {TW_FIGURE_VALUE_AT_RISK}},
    {"expected shortfall", 1, {TW_FIGURE_EXPECTED_SHORTFALL}},
    {"against a benchmark",
     6,
     {TW_FIGURE_ALPHA, TW_FIGURE_BETA, TW_FIGURE_CORRELATION, TW_FIGURE_TRACKING_ERROR_ANNUAL,
      TW_FIGURE_INFORMATION_ANNUAL, TW_FIGURE_BATTING}},
    {"up and down capture", 2, {TW_FIGURE_UP_CAPTURE, TW_FIGURE_DOWN_CAPTURE}},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static double measure(tw_performance *performance, const tw_performance_config *config,
                      const tw_performance_input *input, const row *of) {
    double ns[RUN_COUNT];
    tw_performance_input own = *input;
    if (!tw_figure_needs_benchmark(of->figures[0]))
        own.benchmark = NULL;
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        require(tw_performance_load(performance, config, &own, NULL) == TW_OK, "a load");
        for (size_t i = 0; i < of->count; i++) {
            volatile double used = tw_performance_value(performance, of->figures[i]);
            (void)used;
        }
        ns[run] = (now_ns() - begin) / (double)input->count;
    }
    return median_of(ns);
}

static double measure_all(tw_performance *performance, const tw_performance_config *config,
                          const tw_performance_input *input) {
    double ns[RUN_COUNT];
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        require(tw_performance_load(performance, config, input, NULL) == TW_OK, "a load");
        for (size_t i = 0; i < TW_FIGURE_COUNT; i++) /* all but the one that sorts by index */
            if (i != TW_FIGURE_GINI_MEAN_DIFFERENCE) {
                volatile double used = tw_performance_value(performance, (tw_figure)i);
                (void)used;
            }
        ns[run] = (now_ns() - begin) / (double)input->count;
    }
    return median_of(ns);
}

/* ns a push and read of a window. */
static double measure_window(const tw_performance_input *input, const row *of, size_t window) {
    tw_rolling_performance_config config = {
        .window = window, .figures = of->figures, .figure_count = of->count};
    tw_performance_config_init(&config.performance);
    tw_rolling_performance *rolling = NULL;
    require(tw_rolling_performance_new(NULL, &config, &rolling, NULL) == TW_OK, "a window");
    double values[ROW_MAX];
    double ns[RUN_COUNT];
    size_t count = input->count < 100000 ? input->count : 100000;
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        for (size_t i = 0; i < count; i++) {
            tw_rolling_observation one = {.value = input->returns[i],
                                          .benchmark = input->benchmark[i]};
            require(tw_rolling_performance_push(rolling, &one, NULL) == TW_OK, "a push");
            tw_rolling_performance_read(rolling, values);
        }
        ns[run] = (now_ns() - begin) / (double)count;
    }
    tw_rolling_performance_free(rolling);
    return median_of(ns);
}

static void print_figures(tw_performance *performance, const tw_performance_config *config,
                          const tw_performance_input *input) {
    require(tw_performance_load(performance, config, input, NULL) == TW_OK, "a load");
    for (size_t r = 0; r < ROW_COUNT; r++)
        for (size_t i = 0; i < rows[r].count; i++)
            printf("%s %.12g\n", tw_figure_name(rows[r].figures[i]),
                   tw_performance_value(performance, rows[r].figures[i]));
}

static void print_levels(tw_performance *performance, tw_performance_config *config,
                         const tw_performance_input *input) {
    printf("\n%-24s", "ns an observation");
    for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++)
        if (tw_cpu_has((tw_cpu_level)level))
            printf(" %9s", tw_cpu_name((tw_cpu_level)level));
    for (size_t r = 0; r <= ROW_COUNT; r++) {
        printf("\n%-24s", r < ROW_COUNT ? rows[r].name : "all but gini");
        for (int level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++) {
            config->level = (tw_cpu_level)level;
            if (tw_cpu_has((tw_cpu_level)level))
                printf(" %9.3f", r < ROW_COUNT ? measure(performance, config, input, &rows[r])
                                               : measure_all(performance, config, input));
        }
    }
    printf("\n");
}

static void print_windows(const tw_performance_input *input) {
    static const row windows[] = {
        {"sharpe", 1, {TW_FIGURE_SHARPE_ANNUAL}},
        {"sortino", 1, {TW_FIGURE_SORTINO_ANNUAL}},
        {"max drawdown", 1, {TW_FIGURE_MAX_DRAWDOWN}},
        {"alpha, beta", 2, {TW_FIGURE_ALPHA, TW_FIGURE_BETA}},
        {"up and down capture", 2, {TW_FIGURE_UP_CAPTURE, TW_FIGURE_DOWN_CAPTURE}},
        {"value at risk (anew)", 1, {TW_FIGURE_VALUE_AT_RISK}},
    };
    printf("\n%-24s %9s %9s\n", "ns a push and read", "of 252", "of 2520");
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        printf("%-24s %9.1f %9.1f\n", windows[i].name, measure_window(input, &windows[i], WINDOW),
               measure_window(input, &windows[i], (size_t)10 * WINDOW));
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    size_t count = argc == 2 ? strtoul(argv[1], NULL, 10) : COUNT;
    require(count > WINDOW, "a count");
    double *returns = malloc(count * sizeof *returns);
    double *benchmark = malloc(count * sizeof *benchmark);
    require(returns != NULL && benchmark != NULL, "memory");
    fill(returns, benchmark, count);
    TW_AUTO(tw_performance) *performance = NULL;
    require(tw_performance_new(NULL, count, &performance) == TW_OK, "memory");
    tw_performance_config config;
    tw_performance_config_init(&config);
    tw_performance_input input = {.returns = returns, .benchmark = benchmark, .count = count};
    print_figures(performance, &config, &input);
    print_levels(performance, &config, &input);
    print_windows(&input);
    free(returns);
    free(benchmark);
    return 0;
}
