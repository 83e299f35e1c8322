/*
 * bench_indicator.c - what an indicator costs for a row of a series.
 *
 *     bench_indicator [TEXT...]     the indicators of the texts; default: some of each family
 *
 * ns for each row of each series: of one series, pushed row by row and run in one call, and as
 * tables of 500 series at each level of vector instructions that this machine has, over random
 * walks. Warmed up once, then five runs over the same work; the median is printed. Nothing is
 * asserted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "peer_indicator.h"
#include "tradewind/cpu.h"
#include "tradewind/indicator.h"

#define RUN_COUNT 5
#define LANES 500
#define ROWS 2000
#define STREAM_ROWS 400000

static double *inputs[TW_INDICATOR_INPUT_COUNT];
static double *outputs[TW_INDICATOR_OUTPUTS_MAX];

static double unit(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double *cells_of(size_t count) {
    double *cells = calloc(count, sizeof *cells);
    if (cells == NULL)
        exit(1);
    return cells;
}

static void fill(void) {
    uint64_t seed = 1;
    for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
        inputs[c] = cells_of((size_t)ROWS * LANES);
    for (size_t i = 0; i < (size_t)ROWS * LANES; i++) {
        double last = i >= LANES ? inputs[TW_INDICATOR_CLOSE][i - LANES] : 100;
        double close = last * (1 + 0.02 * (unit(&seed) - 0.5));
        inputs[TW_INDICATOR_OPEN][i] = last;
        inputs[TW_INDICATOR_CLOSE][i] = close;
        inputs[TW_INDICATOR_HIGH][i] = (last > close ? last : close) + unit(&seed);
        inputs[TW_INDICATOR_LOW][i] = (last < close ? last : close) - unit(&seed);
        inputs[TW_INDICATOR_VOLUME][i] = 1000 * unit(&seed);
        inputs[TW_INDICATOR_OTHER][i] = 50 + unit(&seed);
    }
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        outputs[o] = cells_of((size_t)ROWS * LANES);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A row at a time, or all rows in one call; of a single series STREAM_ROWS of them. */
static void work(tw_indicator *indicator, bool pushed) {
    size_t lanes = tw_indicator_lanes(indicator);
    if (!pushed) {
        tw_indicator_table table = {.rows = lanes > 1 ? ROWS : STREAM_ROWS, .stride = lanes};
        for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
            table.inputs[c] = inputs[c];
        tw_indicator_run(indicator, &table, outputs);
        return;
    }
    for (size_t i = 0; i < STREAM_ROWS; i++) {
        tw_indicator_row row = {.reset = false};
        for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
            row.inputs[c] = inputs[c] + i;
        tw_indicator_push(indicator, &row, outputs[0]);
    }
}

/* The median ns for a row of a series, or -1 where the level is not there. */
static double measure(tw_indicator_config config, uint32_t lanes, unsigned cpu_level, bool pushed) {
    TW_AUTO(tw_indicator) *indicator = NULL;
    config.lanes = lanes;
    config.cpu_level = cpu_level;
    if (tw_indicator_new(NULL, &config, &indicator) != TW_OK)
        return -1;
    double times[RUN_COUNT];
    work(indicator, pushed);
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        work(indicator, pushed);
        times[run] = now_ns() - begin;
    }
    qsort(times, RUN_COUNT, sizeof *times, ascending);
    double cells = lanes > 1 ? (double)ROWS * lanes : STREAM_ROWS;
    return times[RUN_COUNT / 2] / cells;
}

/* The median ns for a row of the peer, or -1 where there is none. */
static double measure_peer(const char *text) {
    peer_function peer = peer_of(text);
    if (peer == NULL)
        return -1;
    const peer_bars bars = {inputs[TW_INDICATOR_HIGH], inputs[TW_INDICATOR_LOW],
                            inputs[TW_INDICATOR_CLOSE], STREAM_ROWS};
    double times[RUN_COUNT];
    peer(&bars, outputs);
    for (size_t run = 0; run < RUN_COUNT; run++) {
        double begin = now_ns();
        peer(&bars, outputs);
        times[run] = now_ns() - begin;
    }
    qsort(times, RUN_COUNT, sizeof *times, ascending);
    return times[RUN_COUNT / 2] / STREAM_ROWS;
}

int main(int argc, char **argv) {
    static const char *const some[] = {
        "sma(20)", "ema(20)",    "rsi(14)",    "macd",           "bollinger(20)",   "atr(14)",
        "adx(14)", "cci(20)",    "stochastic", "donchian(20)",   "kama(10)",        "obv",
        "mfi(14)", "median(20)", "supertrend", "yang_zhang(20)", "correlation(60)", "zscore(250)",
    };
    fill();
    printf("%-18s %10s %10s %10s %10s %10s %10s %10s   ns for a row of a series\n", "", "push",
           "run", "baseline", "avx2", "avx512", "peer", "run/peer");
    int count = argc > 1 ? argc - 1 : (int)(sizeof some / sizeof some[0]);
    for (int i = 0; i < count; i++) {
        const char *text = argc > 1 ? argv[i + 1] : some[i];
        tw_indicator_config config;
        tw_error error = {0};
        if (tw_indicator_parse(text, &config, &error) != TW_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 2;
        }
        double run = measure(config, 1, TW_CPU_BEST, false);
        double peer = measure_peer(text);
        printf("%-18s %10.1f %10.2f", text, measure(config, 1, TW_CPU_BEST, true), run);
        for (unsigned level = TW_CPU_BASELINE; level < TW_CPU_LEVEL_COUNT; level++)
            printf(" %10.2f", measure(config, LANES, (tw_cpu_level)level, false));
        if (peer > 0)
            printf(" %10.2f %10.2f", peer, run / peer);
        printf("\n");
    }
    return 0;
}
