/*
 * bench_bars.c - five timeframes of 100 symbols in one pass over 10,000,000 trades.
 *
 *     bench_bars [FOLDER]
 *
 * The trades are made here, two sessions of six and a half hours, the busiest symbols in front; or
 * FOLDER holds the columns ticks_ts.i64, ticks_sym.u16, ticks_px.f64 and ticks_sz.i32 of the peers,
 * which are the same trades. They stand in memory as columns, as the peers have them; a block of
 * them at a time is written as tw_trade and pushed, which is part of what is measured. Every bar is
 * written into an array that is taken inside of the timed region.
 *
 *   one pass   1s, 1m, 5m, 1h, 1d by tw_bars_push_many
 *   unkept     the same, but bars are only counted: without the memory of 3,700,000 rows
 *   calls      as one pass, by tw_bars_push
 *   one frame  1s alone: what the other four add is the difference
 *   apart      the five frames in five passes
 *   volume     bars of 10,000 shares, ticks bars of 100, value bars of 1,000,000 together
 *   horizon    1s, 1m, 5m, 1h, 1d that can be revised for 10 s, every 1,000th trade 5 s late
 *
 * Printed are medians of RUN_COUNT runs in ns of processor time a trade (it is one thread, and
 * other work on the machine does not count), and checksums: the number of bars of each timeframe,
 * the sums of their prices in cents and of their volumes, the sum of their vwaps.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tradewind/bars.h"
#include "tradewind/time.h"

enum { TRADE_COUNT = 10000000, SYMBOL_COUNT = 100, BLOCK = 64, RUN_COUNT = 7, FRAME_COUNT = 5 };

#define ROWS_SIZE ((size_t)TRADE_COUNT * sizeof(row))

static const int64_t frames_ns[FRAME_COUNT] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE,
                                               5 * TW_NS_PER_MINUTE, TW_NS_PER_HOUR, TW_NS_PER_DAY};

typedef struct columns {
    int64_t *times_ns;
    uint16_t *symbols;
    int64_t *prices; /* at 1e-9 */
    int32_t *sizes;
} columns;

/* What the peers keep of a bar. */
typedef struct row {
    int64_t start_ns;
    int64_t open;
    int64_t high;
    int64_t low;
    int64_t close;
    int64_t volume;
    int64_t vwap;
    uint32_t count;
    uint32_t symbol;
} row;

typedef struct outcome {
    row *bars[FRAME_COUNT];
    size_t counts[FRAME_COUNT];
} outcome;

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_bars: %s failed\n", what);
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- Trades -------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void make_trades(columns *all) {
    uint64_t steps = 201, first = 202, second = 203, moves = 204, sizes = 205;
    int64_t cents[SYMBOL_COUNT];
    int64_t time_ns = INT64_C(1704205800) * TW_NS_PER_SECOND; /* 2024-01-02T14:30:00Z */
    for (int64_t s = 0; s < SYMBOL_COUNT; s++)
        cents[s] = 10000 + 500 * s;
    for (size_t i = 0; i < TRADE_COUNT; i++) {
        if (i == TRADE_COUNT / 2)
            time_ns = (INT64_C(1704205800) + 86400) * TW_NS_PER_SECOND;
        time_ns += (int64_t)(draw(&steps) % 9360000);
        uint64_t a = draw(&first) % SYMBOL_COUNT;
        uint64_t b = draw(&second) % SYMBOL_COUNT;
        uint64_t symbol = a < b ? a : b;
        cents[symbol] += (int64_t)(draw(&moves) % 5) - 2;
        all->times_ns[i] = time_ns;
        all->symbols[i] = (uint16_t)symbol;
        all->prices[i] = cents[symbol] * 10000000;
        all->sizes[i] = (int32_t)(1 + draw(&sizes) % 500);
    }
}

static void read_column(const char *folder, const char *name, void *into, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL && fread(into, size, TRADE_COUNT, file) == TRADE_COUNT, path);
    fclose(file);
}

static void read_trades(const char *folder, columns *all) {
    double *prices = malloc(TRADE_COUNT * sizeof *prices);
    require(prices != NULL, "malloc");
    read_column(folder, "ticks_ts.i64", all->times_ns, 8);
    read_column(folder, "ticks_sym.u16", all->symbols, 2);
    read_column(folder, "ticks_px.f64", prices, 8);
    read_column(folder, "ticks_sz.i32", all->sizes, 4);
    for (size_t i = 0; i < TRADE_COUNT; i++)
        all->prices[i] = (int64_t)(prices[i] * 100.0 + 0.5) * 10000000;
    free(prices);
}

static columns take_columns(const char *folder) {
    columns all = {.times_ns = malloc(TRADE_COUNT * 8),
                   .symbols = malloc(TRADE_COUNT * 2),
                   .prices = malloc(TRADE_COUNT * 8),
                   .sizes = malloc(TRADE_COUNT * 4)};
    require(all.times_ns != NULL && all.symbols != NULL && all.prices != NULL && all.sizes != NULL,
            "malloc");
    if (folder == NULL)
        make_trades(&all);
    else
        read_trades(folder, &all);
    return all;
}

static inline void write_trade(const columns *all, size_t at, tw_trade *trade) {
    trade->time_ns = all->times_ns[at];
    trade->price.nano = all->prices[at];
    trade->quantity.nano = all->sizes[at] * TW_NANO;
    trade->symbol = all->symbols[at];
}

/* ---- Jobs ---------------------------------------------------------------------------------- */

static void keep(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    outcome *out = context;
    row *at = &out->bars[detail->frame][out->counts[detail->frame]++];
    *at = (row){bar->time_ns,   bar->open.nano,       bar->high.nano,
                bar->low.nano,  bar->close.nano,      bar->volume.nano,
                bar->vwap.nano, (uint32_t)bar->count, bar->symbol};
}

static void drop(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    (void)bar;
    (void)detail;
    ++*(size_t *)context;
}

static tw_bars_config time_config(const int64_t *steps, uint32_t count) {
    tw_bars_config config = {.frame_count = count, .symbol_count_max = SYMBOL_COUNT};
    for (uint32_t i = 0; i < count; i++)
        config.frames[i].step = steps[i];
    return config;
}

static void push_blocks(tw_bars *bars, const columns *all, tw_bars_sink sink, void *context) {
    static tw_trade block[BLOCK];
    memset(block, 0, sizeof block);
    for (size_t at = 0; at < TRADE_COUNT; at += BLOCK) {
        size_t count = TRADE_COUNT - at < BLOCK ? TRADE_COUNT - at : BLOCK;
        size_t taken = 0;
        for (size_t i = 0; i < count; i++)
            write_trade(all, at + i, &block[i]);
        require(tw_bars_push_many(bars, block, count, sink, context, &taken) == TW_OK,
                "tw_bars_push_many");
    }
}

static void push_singly(tw_bars *bars, const columns *all, tw_bars_sink sink, void *context) {
    tw_trade trade;
    memset(&trade, 0, sizeof trade);
    for (size_t at = 0; at < TRADE_COUNT; at++) {
        write_trade(all, at, &trade);
        require(tw_bars_push(bars, &trade, sink, context) == TW_OK, "tw_bars_push");
    }
}

typedef void (*push_all)(tw_bars *, const columns *, tw_bars_sink, void *);

/* In large pages where the machine gives them, as numpy asks for. */
static row *take_rows(void) {
    void *rows = mmap(NULL, ROWS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(rows != MAP_FAILED, "mmap");
    (void)madvise(rows, ROWS_SIZE, MADV_HUGEPAGE);
    return rows;
}

/* Arrays as large as the peers take: as many rows as there are trades for the shortest frame. */
static void run_frames(const columns *all, const int64_t *steps, uint32_t count, push_all push,
                       outcome *out) {
    tw_bars *bars = NULL;
    tw_bars_config config = time_config(steps, count);
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    *out = (outcome){.counts = {0}};
    for (uint32_t i = 0; i < count; i++) {
        out->bars[i] = take_rows();
    }
    push(bars, all, keep, out);
    tw_bars_flush(bars, keep, out);
    tw_bars_free(bars);
}

static void free_outcome(outcome *out) {
    for (size_t i = 0; i < FRAME_COUNT; i++)
        if (out->bars[i] != NULL)
            munmap(out->bars[i], ROWS_SIZE);
}

static void run_one_pass(const columns *all, outcome *out) {
    run_frames(all, frames_ns, FRAME_COUNT, push_blocks, out);
}

static void run_unkept(const columns *all, outcome *out) {
    size_t count = 0;
    tw_bars *bars = NULL;
    tw_bars_config config = time_config(frames_ns, FRAME_COUNT);
    (void)out;
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    push_blocks(bars, all, drop, &count);
    tw_bars_flush(bars, drop, &count);
    tw_bars_free(bars);
}

static void run_calls(const columns *all, outcome *out) {
    run_frames(all, frames_ns, FRAME_COUNT, push_singly, out);
}

static void run_one_frame(const columns *all, outcome *out) {
    run_frames(all, frames_ns, 1, push_blocks, out);
}

static void run_apart(const columns *all, outcome *out) {
    for (size_t i = 0; i < FRAME_COUNT; i++) {
        free_outcome(out);
        run_frames(all, &frames_ns[i], 1, push_blocks, out);
    }
}

static void run_volume(const columns *all, outcome *out) {
    tw_bars_config config = {
        .frames = {{.kind = TW_BARS_VOLUME, .step = 10000 * TW_NANO},
                   {.kind = TW_BARS_TICK, .step = 100},
                   {.kind = TW_BARS_VALUE, .step = 1000000 * TW_NANO, .split_unit.nano = TW_NANO}},
        .frame_count = 3,
        .symbol_count_max = SYMBOL_COUNT};
    tw_bars *bars = NULL;
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    push_blocks(bars, all, drop, &out->counts[0]);
    tw_bars_free(bars);
}

static void run_horizon(const columns *all, outcome *out) {
    tw_bars_config config = time_config(frames_ns, FRAME_COUNT);
    config.horizon_ns = 10 * TW_NS_PER_SECOND;
    config.horizon_trade_max = 4096;
    config.horizon_bar_max = 256;
    tw_bars *bars = NULL;
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    tw_trade trade;
    memset(&trade, 0, sizeof trade);
    for (size_t at = 0; at < TRADE_COUNT; at++) {
        write_trade(all, at, &trade);
        if (at % 1000 == 999)
            trade.time_ns -= 5 * TW_NS_PER_SECOND;
        tw_status status = tw_bars_push(bars, &trade, drop, &out->counts[0]);
        require(status == TW_OK || status == TW_STATE, "tw_bars_push");
    }
    tw_bars_free(bars);
}

/* ---- Printing ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure(const char *name, const columns *all,
                      void (*run)(const columns *, outcome *)) {
    double seconds[RUN_COUNT];
    for (int i = 0; i <= RUN_COUNT; i++) { /* the first is not counted */
        outcome out = {.counts = {0}};
        double begin = now_s();
        run(all, &out);
        double end = now_s();
        free_outcome(&out);
        if (i > 0)
            seconds[i - 1] = end - begin;
    }
    qsort(seconds, RUN_COUNT, sizeof seconds[0], ascending);
    double ns = seconds[RUN_COUNT / 2] / TRADE_COUNT * 1e9;
    printf("%-10s %7.2f ns a trade  %7.1f M trades/s  (%.2f to %.2f)\n", name, ns, 1e3 / ns,
           seconds[0] / TRADE_COUNT * 1e9, seconds[RUN_COUNT - 1] / TRADE_COUNT * 1e9);
    return ns;
}

static void print_checksums(const columns *all) {
    static const char *const names[FRAME_COUNT] = {"1s", "1m", "5m", "1h", "1d"};
    outcome out;
    run_one_pass(all, &out);
    printf("frame      bars          open           high            low          close"
           "      volume            vwap\n");
    for (size_t f = 0; f < FRAME_COUNT; f++) {
        int64_t sums[5] = {0};
        double vwap = 0.0;
        for (size_t i = 0; i < out.counts[f]; i++) {
            const row *bar = &out.bars[f][i];
            sums[0] += bar->open / 10000000;
            sums[1] += bar->high / 10000000;
            sums[2] += bar->low / 10000000;
            sums[3] += bar->close / 10000000;
            sums[4] += bar->volume / TW_NANO;
            vwap += (double)bar->vwap * 1e-9;
        }
        printf("%-5s %9zu %13lld %14lld %14lld %14lld %11lld %15.3f\n", names[f], out.counts[f],
               (long long)sums[0], (long long)sums[1], (long long)sums[2], (long long)sums[3],
               (long long)sums[4], vwap);
    }
    free_outcome(&out);
}

int main(int argc, char **argv) {
    columns all = take_columns(argc > 1 ? argv[1] : NULL);
    print_checksums(&all);
    if (argc > 2) /* for a profiler */
        return measure("one pass", &all, run_one_pass) > 0 ? 0 : 1;
    (void)measure("one pass", &all, run_one_pass);
    (void)measure("unkept", &all, run_unkept);
    (void)measure("calls", &all, run_calls);
    (void)measure("one frame", &all, run_one_frame);
    (void)measure("apart", &all, run_apart);
    (void)measure("volume", &all, run_volume);
    (void)measure("horizon", &all, run_horizon);
    free(all.times_ns);
    free(all.symbols);
    free(all.prices);
    free(all.sizes);
    return 0;
}
