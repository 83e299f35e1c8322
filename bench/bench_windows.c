/*
 * bench_windows.c - what the windows of a stream of trades cost.
 *
 *     bench_windows [DIR [RUNS [JOB]]]
 *
 * 10,000,000 trades of 100 symbols in two sessions, a few symbols busier than the rest, prices a
 * walk in cents; made here, or read from DIR (ticks_ts.i64, ticks_sym.u16, ticks_px.f64,
 * ticks_sz.i32). After each trade mean, stddev (ddof 1), min, max, vwap and exponential mean of the
 * last 100 trades of its symbol and of its last 60 s: twelve columns.
 *
 *     push+read   tw_window_push and two tw_window_read a trade, kept as rows of twelve
 *     run         tw_windows_run into columns that are there already
 *     fresh run   the same into columns that are allocated (and paid for) inside the time
 *     one symbol  tw_window_run over all trades as if they were of one symbol
 *
 * A peer that makes the same twelve columns is compared with "fresh run" when it allocates them
 * inside its time, with "run" when it is given them (docs/decisions/0015 has figures of both
 * kinds). The first touch of memory by a virtual machine may be much slower than later ones: see
 * "best".
 *
 * Turning prices in doubles into integers is printed apart. Runs take turns; the median of RUNS
 * (5), and the spread. The sums of the columns are printed so that others can be compared with
 * (there a single trade has a stddev of 0). Time is that of the processor. Nothing is asserted
 * about it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"
#include "tradewind/time.h"
#include "tradewind/window.h"

#define TICKS 10000000
#define SYMBOLS 100
#define RUN_COUNT_MAX 99
#define PLACES 4096 /* trades of one symbol in 60 s; the busiest has some 400 */
#define COLUMNS 6   /* of each window */

static const tw_window_column wanted[COLUMNS] = {TW_WINDOW_MEAN, TW_WINDOW_STDDEV, TW_WINDOW_MIN,
                                                 TW_WINDOW_MAX,  TW_WINDOW_VWAP,   TW_WINDOW_EMA};

typedef struct bench {
    int64_t *times;
    uint32_t *symbols;
    tw_price *prices;
    tw_quantity *quantities;
    double *out; /* [2 x COLUMNS][TICKS] */
    double sums[2 * COLUMNS];
} bench;

/* ---- trades --------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void make_ticks(bench *b) {
    const int64_t open_ns = INT64_C(1704205800) * TW_NS_PER_SECOND;
    uint64_t gap = 201, first = 202, second = 203, step = 204, size = 205;
    int64_t cents[SYMBOLS];
    for (int s = 0; s < SYMBOLS; s++)
        cents[s] = 10000 + 500 * s;
    int64_t now_ns = open_ns;
    for (size_t i = 0; i < TICKS; i++) {
        if (i == TICKS / 2)
            now_ns = open_ns + TW_NS_PER_DAY;
        now_ns += (int64_t)(draw(&gap) % 9360000);
        uint64_t a = draw(&first) % SYMBOLS;
        uint64_t c = draw(&second) % SYMBOLS;
        uint32_t symbol = (uint32_t)(a < c ? a : c);
        cents[symbol] += (int64_t)(draw(&step) % 5) - 2;
        b->times[i] = now_ns;
        b->symbols[i] = symbol;
        b->prices[i].nano = cents[symbol] * (TW_NANO / 100);
        b->quantities[i].nano = (int64_t)(1 + draw(&size) % 500) * TW_NANO;
    }
}

static void *read_column(const char *folder, const char *name, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    void *column = malloc(TICKS * size);
    require(column != NULL && fread(column, size, TICKS, file) == TICKS, path);
    fclose(file);
    return column;
}

static void read_ticks(bench *b, const char *folder) {
    int64_t *times = read_column(folder, "ticks_ts.i64", 8);
    uint16_t *symbols = read_column(folder, "ticks_sym.u16", 2);
    double *prices = read_column(folder, "ticks_px.f64", 8);
    int32_t *sizes = read_column(folder, "ticks_sz.i32", 4);
    int64_t begin = tw_time_monotonic_ns();
    for (size_t i = 0; i < TICKS; i++) {
        b->times[i] = times[i];
        b->symbols[i] = symbols[i];
        b->prices[i].nano = llround(prices[i] * 1e9);
        b->quantities[i].nano = sizes[i] * TW_NANO;
    }
    printf("into integers %.1f ns a trade\n", (double)(tw_time_monotonic_ns() - begin) / TICKS);
    free(times);
    free(symbols);
    free(prices);
    free(sizes);
}

/* ---- runs ----------------------------------------------------------------------------------- */

static tw_window_config two_windows(void) {
    tw_window_config config = {.count_max = PLACES, .window_count = 2};
    config.windows[0] = (tw_window_spec){.count = 100, .ddof = 1};
    config.windows[1] = (tw_window_spec){.span_ns = 60 * TW_NS_PER_SECOND, .ddof = 1};
    return config;
}

static double *map_columns(void) {
    size_t size = sizeof(double) * TICKS * 2 * COLUMNS;
    double *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(out != MAP_FAILED, "memory");
    madvise(out, size, MADV_HUGEPAGE); /* as NumPy does for large arrays */
    return out;
}

static void unmap_columns(double *out) {
    munmap(out, sizeof(double) * TICKS * 2 * COLUMNS);
}

static tw_window_ticks ticks_of(const bench *b) {
    return (tw_window_ticks){b->symbols, b->times, b->prices, b->quantities, TICKS};
}

static void outputs_of(double *out, tw_window_output *outputs) {
    memset(outputs, 0, 2 * sizeof *outputs);
    for (size_t j = 0; j < 2; j++)
        for (size_t c = 0; c < COLUMNS; c++) {
            tw_window_column column = wanted[c];
            if (j == 1 && column == TW_WINDOW_EMA)
                column = TW_WINDOW_EMA_TIME;
            outputs[j].columns[column] = out + (j * COLUMNS + c) * TICKS;
        }
}

static void run_into(bench *b, double *out) {
    tw_window_config config = two_windows();
    tw_windows *windows = NULL;
    require(tw_windows_new(NULL, &config, SYMBOLS, &windows) == TW_OK, "memory");
    tw_window_ticks ticks = ticks_of(b);
    tw_window_output outputs[2];
    outputs_of(out, outputs);
    size_t count;
    require(tw_windows_run(windows, &ticks, outputs, &count) == TW_OK, "tw_windows_run");
    tw_windows_free(windows);
}

static void run_fresh(bench *b) {
    double *out = map_columns();
    run_into(b, out);
    unmap_columns(out);
}

static void run_again(bench *b) {
    run_into(b, b->out);
}

static void run_one_symbol(bench *b) {
    tw_window_config config = two_windows();
    config.count_max = 65536;
    tw_window *window = NULL;
    require(tw_window_new(NULL, &config, &window) == TW_OK, "memory");
    tw_window_ticks ticks = ticks_of(b);
    tw_window_output outputs[2];
    outputs_of(b->out, outputs);
    size_t count;
    require(tw_window_run(window, &ticks, outputs, &count) == TW_OK, "tw_window_run");
    tw_window_free(window);
}

static void run_push_read(bench *b) {
    tw_window_config config = two_windows();
    tw_windows *windows = NULL;
    require(tw_windows_new(NULL, &config, SYMBOLS, &windows) == TW_OK, "memory");
    for (size_t i = 0; i < TICKS; i++) {
        tw_window *window = tw_windows_at(windows, b->symbols[i]);
        require(tw_window_push(window, b->times[i], b->prices[i], b->quantities[i]) == TW_OK,
                "tw_window_push");
        double *row = b->out + i * 2 * COLUMNS;
        for (uint32_t j = 0; j < 2; j++, row += COLUMNS) {
            tw_window_stats stats;
            tw_window_read(window, j, &stats);
            row[0] = stats.mean;
            row[1] = stats.stddev;
            row[2] = stats.min;
            row[3] = stats.max;
            row[4] = stats.vwap;
            row[5] = j == 0 ? stats.ema : stats.ema_time;
        }
    }
    tw_windows_free(windows);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* `fresh`: the job has columns of its own; else it finds some that are warm. */
static double seconds_of(void (*run)(bench *), bool fresh, bench *b) {
    if (!fresh) {
        b->out = map_columns();
        memset(b->out, 0, sizeof(double) * TICKS * 2 * COLUMNS);
    }
    int64_t begin = cpu_ns();
    run(b);
    int64_t end = cpu_ns();
    if (!fresh)
        unmap_columns(b->out);
    return (double)(end - begin) / 1e9;
}

static void print_sums(const bench *b) {
    for (size_t c = 0; c < 2 * COLUMNS; c++) {
        double sum = 0;
        for (size_t i = 0; i < TICKS; i++) {
            double value = b->out[c * TICKS + i];
            sum += isnan(value) ? 0 : value;
        }
        printf("%s%.12g", c == 0 ? "sums " : " ", sum);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    static bench b;
    b.times = malloc(TICKS * sizeof *b.times);
    b.symbols = malloc(TICKS * sizeof *b.symbols);
    b.prices = malloc(TICKS * sizeof *b.prices);
    b.quantities = malloc(TICKS * sizeof *b.quantities);
    require(b.times && b.symbols && b.prices && b.quantities, "memory");
    if (argc > 1)
        read_ticks(&b, argv[1]);
    else
        make_ticks(&b);
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    const char *only = argc > 3 ? argv[3] : "";
    require(runs > 0 && runs <= RUN_COUNT_MAX, "reading RUNS");
    b.out = map_columns();
    run_again(&b); /* warm-up */
    print_sums(&b);
    unmap_columns(b.out);
    static const struct {
        const char *name;
        void (*run)(bench *);
        bool fresh;
    } jobs[] = {{"push+read", run_push_read, false},
                {"fresh run", run_fresh, true},
                {"run", run_again, false},
                {"one symbol", run_one_symbol, false}};
    enum { JOBS = sizeof jobs / sizeof jobs[0] };
    static double seconds[JOBS][RUN_COUNT_MAX];
    for (int r = 0; r < runs; r++)
        for (size_t j = 0; j < JOBS; j++)
            if (strncmp(jobs[j].name, only, strlen(only)) == 0)
                seconds[j][r] = seconds_of(jobs[j].run, jobs[j].fresh, &b);
    for (size_t j = 0; j < JOBS; j++) {
        if (strncmp(jobs[j].name, only, strlen(only)) != 0)
            continue;
        qsort(seconds[j], (size_t)runs, sizeof(double), ascending);
        double median = seconds[j][runs / 2];
        printf("%-11s %6.1f ns a trade  %.3f s  best %.3f s  spread %.2f\n", jobs[j].name,
               median * 1e9 / TICKS, median, seconds[j][0],
               (seconds[j][runs - 1] - seconds[j][0]) / median);
    }
    free(b.times);
    free(b.symbols);
    free(b.prices);
    free(b.quantities);
    return 0;
}
