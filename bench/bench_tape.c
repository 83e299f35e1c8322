/*
 * bench_tape.c - what reading and writing tapes costs, beside what the machine could do at best.
 *
 *     bench_tape [ROWS]      rows of trades, default 1,000,000; a fifth as many bars
 *
 * Both files are made here, always the same, in a temporary folder, and are in the page cache when
 * they are read. "read" only reads a file in blocks, "memchr" also looks for its line ends: no
 * reader of lines can be faster. Five runs each; the median, the spread, and the median's ratio to
 * that of "read" on the same file. Time is that of the processor, which others on the machine
 * disturb less than the clock on the wall. Nothing is asserted about it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define BATCH 1024
#define BLOCK_SIZE 262144
#define SYMBOL_COUNT 100

struct bench {
    char path[64];
    tw_symbols *symbols;
    tw_tape_format format;
    size_t row_count;
    tw_trade *trades;
    tw_bar *bars;
    uint64_t file_size;
    uint64_t sink; /* results go here, so that no work can be left out */
};

typedef void (*operation)(struct bench *bench);

/* ---- inputs -------------------------------------------------------------------------------- */

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t cents(int64_t count) {
    return count * (TW_NANO / 100);
}

/* A few days of a hundred symbols, each price a walk in cents. */
static void make_trades(struct bench *bench) {
    int64_t prices[SYMBOL_COUNT];
    for (int i = 0; i < SYMBOL_COUNT; i++)
        prices[i] = 10000 + 500 * i;
    uint64_t seed = 101;
    int64_t time_ns = INT64_C(1704067200) * TW_NS_PER_SECOND;
    for (size_t i = 0; i < bench->row_count; i++) {
        tw_symbol symbol = (tw_symbol)(next_random(&seed) % SYMBOL_COUNT);
        time_ns += (int64_t)(next_random(&seed) % 864000000);
        prices[symbol] += (int64_t)(next_random(&seed) % 5) - 2;
        bench->trades[i] =
            (tw_trade){.time_ns = time_ns,
                       .price.nano = cents(prices[symbol]),
                       .quantity.nano = (int64_t)(1 + next_random(&seed) % 500) * TW_NANO,
                       .symbol = symbol,
                       .side = (uint8_t)(1 + (next_random(&seed) & 1))};
    }
}

static void make_bars(struct bench *bench) {
    uint64_t seed = 701;
    for (size_t i = 0; i < bench->row_count; i++) {
        int64_t low = 10000 + (int64_t)(next_random(&seed) % 50000);
        int64_t open = low + (int64_t)(next_random(&seed) % 20);
        int64_t close = low + (int64_t)(next_random(&seed) % 20);
        int64_t minutes = (int64_t)(i / SYMBOL_COUNT);
        bench->bars[i] =
            (tw_bar){.time_ns = INT64_C(1704067200) * TW_NS_PER_SECOND + minutes * TW_NS_PER_MINUTE,
                     .timeframe_ns = TW_NS_PER_MINUTE,
                     .open.nano = cents(open),
                     .high.nano = cents(low + 20),
                     .low.nano = cents(low),
                     .close.nano = cents(close),
                     .vwap.nano = cents(low + 10) + (int64_t)(next_random(&seed) % 10000000),
                     .volume.nano = (int64_t)(1000 + next_random(&seed) % 90000) * TW_NANO,
                     .count = 10 + next_random(&seed) % 900,
                     .symbol = (tw_symbol)(i % SYMBOL_COUNT)};
    }
}

static tw_status to_file(void *context, tw_slice bytes, tw_error *error) {
    (void)error;
    return fwrite(bytes.data, 1, bytes.size, context) == bytes.size ? TW_OK : TW_IO;
}

static tw_status to_nowhere(void *context, tw_slice bytes, tw_error *error) {
    (void)error;
    *(uint64_t *)context += bytes.size;
    return TW_OK;
}

static void write_rows(struct bench *bench, tw_tape_sink sink, void *context) {
    tw_tape_writer_config config = {
        .sink = sink, .context = context, .format = (uint8_t)bench->format};
    tw_tape_writer *writer = NULL;
    require(tw_tape_writer_new(&config, &writer, NULL) == TW_OK, "writer");
    tw_status status =
        bench->format == TW_TAPE_TRADES
            ? tw_tape_writer_put_trades(writer, bench->symbols, bench->trades, bench->row_count,
                                        NULL)
            : tw_tape_writer_put_bars(writer, bench->symbols, bench->bars, bench->row_count, NULL);
    require(status == TW_OK && tw_tape_writer_flush(writer, NULL) == TW_OK, "writing");
    tw_tape_writer_free(writer);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void run_blocks(struct bench *bench, bool lines) {
    static char block[BLOCK_SIZE];
    int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, "open");
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0) {
        bench->sink += (uint64_t)got;
        const char *end = block + got;
        for (const char *at = block; lines && at != NULL && at < end; bench->sink++) {
            at = memchr(at, '\n', (size_t)(end - at));
            at = at == NULL ? NULL : at + 1;
        }
    }
    require(got == 0, "read");
    close(fd);
}

static void run_read(struct bench *bench) {
    run_blocks(bench, false);
}

static void run_memchr(struct bench *bench) {
    run_blocks(bench, true);
}

static tw_tape *open_tape(const struct bench *bench) {
    tw_tape_config config = {
        .path = bench->path, .symbols = bench->symbols, .format = (uint8_t)bench->format};
    tw_tape *tape = NULL;
    require(tw_tape_open(&config, &tape, NULL) == TW_OK, "open");
    return tape;
}

static void run_single(struct bench *bench) {
    tw_tape *tape = open_tape(bench);
    tw_trade trade = {0};
    tw_bar bar = {0};
    size_t count = 0;
    while ((bench->format == TW_TAPE_TRADES ? tw_tape_next_trade(tape, &trade, NULL)
                                            : tw_tape_next_bar(tape, &bar, NULL)) == TW_OK) {
        bench->sink += (uint64_t)(trade.price.nano + bar.close.nano);
        count++;
    }
    require(count == bench->row_count, "reading one by one");
    tw_tape_close(tape);
}

static void run_batch(struct bench *bench) {
    static tw_trade trades[BATCH];
    static tw_bar bars[BATCH];
    tw_tape *tape = open_tape(bench);
    size_t total = 0;
    size_t count = 0;
    while ((bench->format == TW_TAPE_TRADES
                ? tw_tape_next_trades(tape, trades, BATCH, &count, NULL)
                : tw_tape_next_bars(tape, bars, BATCH, &count, NULL)) == TW_OK) {
        bench->sink += (uint64_t)(trades[count - 1].price.nano + bars[count - 1].close.nano);
        total += count;
    }
    require(total == bench->row_count, "reading in batches");
    tw_tape_close(tape);
}

static void run_writer(struct bench *bench) {
    write_rows(bench, to_nowhere, &bench->sink);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    operation run;
} operations[] = {
    {"read", run_read},   {"memchr", run_memchr}, {"one by one", run_single},
    {"batch", run_batch}, {"write", run_writer},
};

#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

/* The operations take turns, so that a busy moment of the machine meets all of them. */
static void measure(struct bench *bench, const char *what) {
    double seconds[OPERATION_COUNT][RUN_COUNT];
    for (int run = -1; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            int64_t begun_ns = cpu_ns();
            operations[i].run(bench);
            if (run >= 0) /* the first one warms up */
                seconds[i][run] = (double)(cpu_ns() - begun_ns) / 1e9;
        }
    }
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        qsort(seconds[i], RUN_COUNT, sizeof(double), by_value);
    printf("\n%s: %zu rows, %" PRIu64 " bytes\n", what, bench->row_count, bench->file_size);
    printf("%-12s %10s %10s %10s %8s %10s\n", "", "M rows/s", "GB/s", "ns/row", "spread",
           "of read");
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        double median = seconds[i][RUN_COUNT / 2];
        double rows = (double)bench->row_count;
        printf("%-12s %10.2f %10.3f %10.1f %7.0f%% %9.1f%%\n", operations[i].name,
               rows / median / 1e6, (double)bench->file_size / median / 1e9, median * 1e9 / rows,
               100 * (seconds[i][RUN_COUNT - 1] - seconds[i][0]) / median,
               100 * seconds[0][RUN_COUNT / 2] / median);
    }
}

static void run_format(struct bench *bench, tw_tape_format format, size_t row_count) {
    bool trades = format == TW_TAPE_TRADES;
    bench->format = format;
    bench->row_count = row_count;
    trades ? make_trades(bench) : make_bars(bench);
    FILE *file = fopen(bench->path, "wb");
    require(file != NULL, "making the file");
    write_rows(bench, to_file, file);
    bench->file_size = (uint64_t)ftell(file);
    require(fclose(file) == 0, "writing the file");
    measure(bench, trades ? "trades" : "bars");
}

int main(int argc, char **argv) {
    size_t row_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    require(row_count >= 5 && row_count <= 100000000, "the number of rows (5 to 100000000)");
    struct bench bench = {.path = "/tmp/bench_tape-XXXXXX"};
    int fd = mkstemp(bench.path);
    require(fd >= 0 && close(fd) == 0, "a temporary file");
    require(tw_symbols_new(NULL, SYMBOL_COUNT, &bench.symbols) == TW_OK, "symbols");
    for (tw_symbol i = 0; i < SYMBOL_COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "SYM%02u", i);
        require(tw_symbols_intern(bench.symbols, tw_slice_of(name), &i) == TW_OK, "symbols");
    }
    bench.trades = TW_NEW(NULL, row_count, tw_trade);
    bench.bars = TW_NEW(NULL, row_count / 5, tw_bar);
    require(bench.trades != NULL && bench.bars != NULL, "memory");
    run_format(&bench, TW_TAPE_TRADES, row_count);
    run_format(&bench, TW_TAPE_BARS, row_count / 5);
    printf("\n(%" PRIx64 ")\n", bench.sink);
    TW_DELETE(NULL, bench.trades, row_count, tw_trade);
    TW_DELETE(NULL, bench.bars, row_count / 5, tw_bar);
    tw_symbols_free(bench.symbols);
    return unlink(bench.path) == 0 ? 0 : 1;
}
