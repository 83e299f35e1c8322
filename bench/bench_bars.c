/*
 * bench_bars.c - five timeframes of 100 symbols in one pass over 10,000,000 trades.
 *
 *     bench_bars [FOLDER [JOB | sums]]
 *     bench_bars write FOLDER
 *
 * The trades are made here, two sessions of six and a half hours, the busiest symbols in front; or
 * FOLDER holds the columns ticks_ts.i64, ticks_sym.u16, ticks_px.f64 and ticks_sz.i32 of the peers,
 * which are the same trades (`write` writes them). They stand in memory as columns, as the peers
 * have them, prices and sizes as exact integers. Every bar is written into columns that are taken
 * inside of the timed region.
 *
 *   table      1s, 1m, 5m, 1h, 1d by tw_bars_run
 *   two parts  the same by two threads
 *   kept       as table, into columns that were there before: without the system's share
 *   stream     the same bars by tw_bars_push_many: blocks of tw_trade are made of the columns
 *   unkept     as stream, but bars are only counted
 *   calls      as stream, by tw_bars_push
 *   one frame  1s alone: what the other four add is the difference
 *   apart      the five frames in five passes
 *   volume     bars of 10,000 shares, ticks bars of 100, value bars of 1,000,000 together
 *   horizon    1s, 1m, 5m, 1h, 1d that can be revised for 10 s, every 1,000th trade 5 s late
 *
 * Printed are medians of RUN_COUNT runs in ns a trade, of the clock and of the processor (other
 * work on the machine does not count there), and checksums: the number of bars of each timeframe,
 * the sums of their prices in cents and of their volumes, the sum of their vwaps. Peers:
 * peer_duckdb_bars.js beside it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"
#include "tradewind/bars.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"

enum {
    TRADE_COUNT = 10000000,
    SYMBOL_COUNT = 100,
    BLOCK = 64,
    RUN_COUNT = 7,
    FRAME_COUNT = 5,
    PART_COUNT = 2
};

/* A row of a table: eight columns of eight bytes, and the symbol. */
enum { ROW_SIZE = 8 * 8 + 4, ROOM = TRADE_COUNT + 2 * SYMBOL_COUNT };

#define ROWS_SIZE ((size_t)ROOM * ROW_SIZE)

static const int64_t frames_ns[FRAME_COUNT] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE,
                                               5 * TW_NS_PER_MINUTE, TW_NS_PER_HOUR, TW_NS_PER_DAY};

typedef struct columns {
    int64_t *times_ns;
    tw_symbol *symbols;
    tw_price *prices;
    tw_quantity *sizes;
} columns;

typedef struct outcome {
    tw_bars_table tables[PART_COUNT * FRAME_COUNT];
    size_t count; /* of bars that were not kept */
} outcome;

static double now_s(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
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
        all->symbols[i] = (tw_symbol)symbol;
        all->prices[i].nano = cents[symbol] * 10000000;
        all->sizes[i].nano = (int64_t)(1 + draw(&sizes) % 500) * TW_NANO;
    }
}

static void read_column(const char *folder, const char *name, void *into, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    require(file != NULL && fread(into, size, TRADE_COUNT, file) == TRADE_COUNT, path);
    fclose(file);
}

static void write_column(const char *folder, const char *name, const void *from, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    require(file != NULL && fwrite(from, size, TRADE_COUNT, file) == TRADE_COUNT &&
                fclose(file) == 0,
            path);
}

static void *take(size_t size) {
    void *memory = malloc(TRADE_COUNT * size);
    require(memory != NULL, "malloc");
    return memory;
}

static void read_trades(const char *folder, columns *all) {
    double *prices = take(sizeof *prices);
    uint16_t *symbols = take(sizeof *symbols);
    int32_t *sizes = take(sizeof *sizes);
    read_column(folder, "ticks_ts.i64", all->times_ns, 8);
    read_column(folder, "ticks_sym.u16", symbols, 2);
    read_column(folder, "ticks_px.f64", prices, 8);
    read_column(folder, "ticks_sz.i32", sizes, 4);
    for (size_t i = 0; i < TRADE_COUNT; i++) {
        all->prices[i].nano = (int64_t)(prices[i] * 100.0 + 0.5) * 10000000;
        all->sizes[i].nano = sizes[i] * TW_NANO;
        all->symbols[i] = symbols[i];
    }
    free(prices);
    free(symbols);
    free(sizes);
}

static void write_trades(const char *folder, const columns *all) {
    double *prices = take(sizeof *prices);
    uint16_t *symbols = take(sizeof *symbols);
    int32_t *sizes = take(sizeof *sizes);
    for (size_t i = 0; i < TRADE_COUNT; i++) {
        prices[i] = (double)(all->prices[i].nano / 10000000) / 100.0;
        sizes[i] = (int32_t)(all->sizes[i].nano / TW_NANO);
        symbols[i] = (uint16_t)all->symbols[i];
    }
    write_column(folder, "ticks_ts.i64", all->times_ns, 8);
    write_column(folder, "ticks_sym.u16", symbols, 2);
    write_column(folder, "ticks_px.f64", prices, 8);
    write_column(folder, "ticks_sz.i32", sizes, 4);
    free(prices);
    free(symbols);
    free(sizes);
}

static columns take_columns(const char *folder) {
    columns all = {.times_ns = take(sizeof *all.times_ns),
                   .symbols = take(sizeof *all.symbols),
                   .prices = take(sizeof *all.prices),
                   .sizes = take(sizeof *all.sizes)};
    if (folder == NULL)
        make_trades(&all);
    else
        read_trades(folder, &all);
    return all;
}

static inline void write_trade(const columns *all, size_t at, tw_trade *trade) {
    trade->time_ns = all->times_ns[at];
    trade->price = all->prices[at];
    trade->quantity = all->sizes[at];
    trade->symbol = all->symbols[at];
}

/* ---- Jobs ---------------------------------------------------------------------------------- */

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

/* In large pages where the machine gives them, as numpy asks for: as many rows as there are trades,
 * of which only those that are written take memory. */
static void take_table(tw_bars_table *table) {
    unsigned char *rows = mmap(NULL, ROWS_SIZE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(rows != MAP_FAILED, "mmap");
    (void)madvise(rows, ROWS_SIZE, MADV_HUGEPAGE);
    void *parts[9];
    for (size_t i = 0; i < 9; i++)
        parts[i] = rows + i * 8 * ROOM;
    *table = (tw_bars_table){parts[0], parts[8], parts[1], parts[2], parts[3], parts[4],
                             parts[5], parts[6], parts[7], ROOM,     0};
}

static void take_outcome(outcome *out, size_t tables) {
    *out = (outcome){.count = 0};
    for (size_t i = 0; i < tables; i++)
        take_table(&out->tables[i]);
}

static void free_outcome(outcome *out) {
    for (size_t i = 0; i < PART_COUNT * FRAME_COUNT; i++)
        if (out->tables[i].times_ns != NULL)
            munmap(out->tables[i].times_ns, ROWS_SIZE);
}

static void run_frames(const columns *all, const int64_t *steps, uint32_t count, push_all push,
                       outcome *out) {
    tw_bars *bars = NULL;
    tw_bars_config config = time_config(steps, count);
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    take_outcome(out, count);
    push(bars, all, tw_bars_table_put, out->tables);
    tw_bars_flush(bars, tw_bars_table_put, out->tables);
    tw_bars_free(bars);
}

static void run_table_parts(const columns *all, uint32_t parts, const tw_task_runner *runner,
                            outcome *out) {
    tw_bars *bars = NULL;
    size_t taken = 0;
    tw_bars_config config = time_config(frames_ns, FRAME_COUNT);
    tw_bars_ticks ticks = {all->symbols, all->times_ns, all->prices, all->sizes, TRADE_COUNT};
    config.run_part_max = parts;
    require(tw_bars_new(NULL, &config, &bars) == TW_OK, "tw_bars_new");
    require(tw_bars_run(bars, &ticks, out->tables, runner, &taken) == TW_OK, "tw_bars_run");
    tw_bars_flush(bars, tw_bars_table_put, out->tables + (parts - 1) * FRAME_COUNT);
    tw_bars_free(bars);
}

static void run_table(const columns *all, outcome *out) {
    take_outcome(out, FRAME_COUNT);
    run_table_parts(all, 1, NULL, out);
}

static tw_workers *workers;

static void run_two_parts(const columns *all, outcome *out) {
    take_outcome(out, PART_COUNT * FRAME_COUNT);
    run_table_parts(all, PART_COUNT, tw_workers_runner(workers), out);
}

static void run_kept(const columns *all, outcome *out) {
    static outcome before;
    (void)out;
    if (before.tables[0].times_ns == NULL)
        take_outcome(&before, FRAME_COUNT);
    for (size_t i = 0; i < FRAME_COUNT; i++)
        before.tables[i].count = 0;
    run_table_parts(all, 1, NULL, &before);
}

static void run_stream(const columns *all, outcome *out) {
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
    push_blocks(bars, all, drop, &out->count);
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
        tw_status status = tw_bars_push(bars, &trade, drop, &out->count);
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

typedef struct job {
    const char *name;
    void (*run)(const columns *, outcome *);
} job;

static double median_ns(double *seconds) {
    qsort(seconds, RUN_COUNT, sizeof seconds[0], ascending);
    return seconds[RUN_COUNT / 2] / TRADE_COUNT * 1e9;
}

static void measure(const job *one, const columns *all) {
    double clock[RUN_COUNT];
    double processor[RUN_COUNT];
    for (int i = 0; i <= RUN_COUNT; i++) { /* the first is not counted */
        outcome out = {.count = 0};
        double begin = now_s(CLOCK_MONOTONIC);
        double begin_work = now_s(CLOCK_PROCESS_CPUTIME_ID);
        one->run(all, &out);
        if (i > 0)
            processor[i - 1] = now_s(CLOCK_PROCESS_CPUTIME_ID) - begin_work;
        if (i > 0)
            clock[i - 1] = now_s(CLOCK_MONOTONIC) - begin;
        free_outcome(&out);
    }
    double ns = median_ns(clock);
    printf("%-10s %7.2f ns a trade  %7.1f M trades/s  (%.2f to %.2f; processor %.2f)\n", one->name,
           ns, 1e3 / ns, clock[0] / TRADE_COUNT * 1e9, clock[RUN_COUNT - 1] / TRADE_COUNT * 1e9,
           median_ns(processor));
}

static void add_sums(const tw_bars_table *table, int64_t sums[5], double *vwap) {
    for (size_t i = 0; i < table->count; i++) {
        sums[0] += table->opens[i].nano / 10000000;
        sums[1] += table->highs[i].nano / 10000000;
        sums[2] += table->lows[i].nano / 10000000;
        sums[3] += table->closes[i].nano / 10000000;
        sums[4] += table->volumes[i].nano / TW_NANO;
        *vwap += (double)table->vwaps[i].nano * 1e-9;
    }
}

static void print_checksums(const columns *all, void (*run)(const columns *, outcome *)) {
    static const char *const names[FRAME_COUNT] = {"1s", "1m", "5m", "1h", "1d"};
    outcome out;
    run(all, &out);
    printf("frame      bars          open           high            low          close"
           "      volume            vwap\n");
    for (size_t f = 0; f < FRAME_COUNT; f++) {
        int64_t sums[5] = {0};
        double vwap = 0.0;
        add_sums(&out.tables[f], sums, &vwap);
        add_sums(&out.tables[FRAME_COUNT + f], sums, &vwap);
        printf("%-5s %9zu %13lld %14lld %14lld %14lld %11lld %15.3f\n", names[f],
               out.tables[f].count + out.tables[FRAME_COUNT + f].count, (long long)sums[0],
               (long long)sums[1], (long long)sums[2], (long long)sums[3], (long long)sums[4],
               vwap);
    }
    free_outcome(&out);
}

int main(int argc, char **argv) {
    static const job jobs[] = {{"table", run_table},         {"two parts", run_two_parts},
                               {"kept", run_kept},           {"stream", run_stream},
                               {"unkept", run_unkept},       {"calls", run_calls},
                               {"one frame", run_one_frame}, {"apart", run_apart},
                               {"volume", run_volume},       {"horizon", run_horizon}};
    bool writes = argc > 2 && strcmp(argv[1], "write") == 0;
    columns all = take_columns(argc > 1 && !writes ? argv[1] : NULL);
    if (writes) {
        write_trades(argv[2], &all);
        return 0;
    }
    require(tw_workers_new(NULL, PART_COUNT, &workers, NULL) == TW_OK, "tw_workers_new");
    if (argc <= 2 || strcmp(argv[2], "sums") == 0)
        print_checksums(&all, run_table);
    if (argc <= 2) {
        print_checksums(&all, run_stream);
        print_checksums(&all, run_two_parts);
    }
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
        if (argc <= 2 || strcmp(argv[2], jobs[i].name) == 0)
            measure(&jobs[i], &all);
    tw_workers_free(workers);
    free(all.times_ns);
    free(all.symbols);
    free(all.prices);
    free(all.sizes);
    return 0;
}
