/*
 * bench_depth.c - what reading a recorded feed by level costs, and keeping a book with it.
 *
 *     bench_depth KRAKEN_FILE [BINANCE_FILE...]     or with TRADEWIND_DATA set and no arguments
 *
 * Of each file: "unpack" only takes the lines out of it (gzip and all), "json" also visits each
 * document without looking at it, "read" is the reader, "keep" the reader with a synchroniser and
 * its book. Then the same updates from memory, in ns a level: "apply" through the synchroniser,
 * "set" straight into a book with tw_book_set_level, and "checksums off" where there are any. Last
 * checksums alone, and changes of a book that is cut to its depth each time.
 * Five runs each that take turns; the median, and the spread. Time is that of the processor.
 * Nothing is asserted about it.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "depth_feed.h"
#include "json.h"
#include "source.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define LEVEL_COUNT_MAX 100000
#define LINE_SIZE_MAX TW_TAPE_LINE_SIZE_DEFAULT_JSON
#define CHECKSUM_COUNT 100000

struct bench {
    const char *path;
    tw_tape_format format;
    depth_feed feed;
    uint64_t line_count;
    uint64_t text_size;
    uint64_t level_count;
    uint64_t sink; /* results go here, so that no work can be left out */
};

typedef void (*operation)(struct bench *bench);

static tw_tape *open_tape(const struct bench *bench, tw_symbols *symbols) {
    tw_tape_config config = {.path = bench->path,
                             .symbols = symbols,
                             .line_size_max = LINE_SIZE_MAX,
                             .format = (uint8_t)bench->format};
    tw_tape *tape = NULL;
    require(tw_tape_open(&config, &tape, NULL) == TW_OK, "opening a file");
    return tape;
}

/* ---- of a file ------------------------------------------------------------------------------- */

/* Every line of a file. */
static void for_lines(struct bench *bench, void (*take)(struct bench *, tw_slice, void *),
                      void *context) {
    tw_source source;
    tw_slice line;
    tw_status status;
    require(tw_source_open(&source, bench->path, LINE_SIZE_MAX, tw_allocator_system(), NULL) ==
                TW_OK,
            "opening a file");
    while ((status = tw_source_next_line(&source, &line, NULL)) == TW_OK)
        take(bench, line, context);
    require(status == TW_EMPTY, "reading lines");
    tw_source_close(&source);
}

static void take_nothing(struct bench *bench, tw_slice line, void *context) {
    (void)context;
    bench->sink += line.size;
}

static void run_unpack(struct bench *bench) {
    for_lines(bench, take_nothing, NULL);
}

static tw_status on_root(void *context, tw_json_value *value) {
    (void)value;
    ++*(uint64_t *)context;
    return TW_OK;
}

static void take_json(struct bench *bench, tw_slice line, void *context) {
    size_t begin = 0;
    while (begin < line.size && line.data[begin] != '{' && line.data[begin] != '[')
        begin++;
    tw_slice document = {line.data + begin, line.size - begin};
    if (document.size > 0)
        require(tw_json_read(context, document, on_root, &bench->sink, NULL) == TW_OK, "JSON");
}

static void run_json(struct bench *bench) {
    tw_json_reader *reader = NULL;
    require(tw_json_reader_new(NULL, LINE_SIZE_MAX, &reader) == TW_OK, "memory");
    for_lines(bench, take_json, reader);
    tw_json_reader_free(reader);
}

static void read_tape(struct bench *bench, depth_desk *desk) {
    tw_symbols *symbols = NULL;
    require(tw_symbols_new(NULL, DEPTH_FEED_SYMBOLS, &symbols) == TW_OK, "memory");
    tw_tape *tape = open_tape(bench, symbols);
    tw_tape_message message;
    tw_status status;
    while ((status = tw_tape_next_message(tape, &message, NULL)) == TW_OK) {
        bench->sink += message.depth.level_count;
        if (desk != NULL && message.kind == TW_TAPE_MESSAGE_DEPTH)
            bench->sink += tw_book_sync_apply(desk->sync, &message.depth, NULL) == TW_OK;
    }
    require(status == TW_EMPTY, "reading");
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

static void run_read(struct bench *bench) {
    read_tape(bench, NULL);
}

static const tw_book_sync_config sync_config = {
    .symbol_count_max = DEPTH_FEED_SYMBOLS, .update_count_max = 1000, .level_count_max = 100000};

static void run_keep(struct bench *bench) {
    depth_desk desk;
    depth_desk_open(&desk, &sync_config, LEVEL_COUNT_MAX);
    read_tape(bench, &desk);
    depth_desk_close(&desk);
}

/* ---- from memory ----------------------------------------------------------------------------- */

static void apply_feed(struct bench *bench, const tw_book_sync_config *config) {
    depth_desk desk;
    depth_desk_open(&desk, config, LEVEL_COUNT_MAX);
    for (size_t i = 0; i < bench->feed.count; i++) {
        const tw_tape_message *message = &bench->feed.messages[i];
        if (message->kind == TW_TAPE_MESSAGE_DEPTH)
            bench->sink += tw_book_sync_apply(desk.sync, &message->depth, NULL) == TW_OK;
    }
    depth_desk_close(&desk);
}

static void run_apply(struct bench *bench) {
    apply_feed(bench, &sync_config);
}

static void run_unchecked(struct bench *bench) {
    tw_book_sync_config config = sync_config;
    config.checksum = TW_BOOK_CHECKSUM_IGNORED;
    apply_feed(bench, &config);
}

static void run_set(struct bench *bench) {
    const tw_book_config config = {.symbol_count_max = DEPTH_FEED_SYMBOLS,
                                   .level_count_max = LEVEL_COUNT_MAX};
    tw_book *book = NULL;
    require(tw_book_new(NULL, &config, &book) == TW_OK, "memory");
    for (size_t i = 0; i < bench->feed.count; i++) {
        const tw_depth_update *update = &bench->feed.messages[i].depth;
        for (size_t at = 0; at < update->level_count; at++)
            bench->sink += tw_book_set_level(book, &update->levels[at]) == TW_OK;
    }
    tw_book_free(book);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    operation run;
    bool from_memory;
} operations[] = {
    {"unpack", run_unpack, false},
    {"json", run_json, false},
    {"read", run_read, false},
    {"keep", run_keep, false},
    {"set", run_set, true},
    {"apply", run_apply, true},
    {"checksums off", run_unchecked, true},
};

#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

static void print_row(const struct bench *bench, size_t index, double *seconds) {
    qsort(seconds, RUN_COUNT, sizeof *seconds, by_value);
    double median = seconds[RUN_COUNT / 2];
    double spread = 100 * (seconds[RUN_COUNT - 1] - seconds[0]) / median;
    printf("%-14s %8.1f", operations[index].name, median * 1e3);
    if (operations[index].from_memory)
        printf(" %10s %10s %10.1f", "", "", median * 1e9 / (double)bench->level_count);
    else
        printf(" %10.0f %10.1f %10s", (double)bench->line_count / median / 1e3,
               (double)bench->text_size / median / 1e6, "");
    printf(" %7.0f%%\n", spread);
}

static void measure(struct bench *bench) {
    double seconds[OPERATION_COUNT][RUN_COUNT];
    for (int run = -1; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            int64_t begun_ns = cpu_ns();
            operations[i].run(bench);
            if (run >= 0) /* the first one warms up */
                seconds[i][run] = (double)(cpu_ns() - begun_ns) / 1e9;
        }
    }
    printf("\n%s: %" PRIu64 " lines, %" PRIu64 " bytes of text, %" PRIu64 " levels\n", bench->path,
           bench->line_count, bench->text_size, bench->level_count);
    printf("%-14s %8s %10s %10s %10s %8s\n", "", "ms", "k lines/s", "MB/s", "ns/level", "spread");
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        print_row(bench, i, seconds[i]);
}

/* A checksum of twenty levels with the digits of a dear and of a cheap pair. */
static void measure_checksum(tw_book_checksum_kind kind, const char *name) {
    const tw_book_config config = {.symbol_count_max = 1, .level_count_max = 100};
    tw_book *book = NULL;
    require(tw_book_new(NULL, &config, &book) == TW_OK, "memory");
    for (int i = 0; i < 50; i++) {
        tw_level level = {.price.nano = INT64_C(61000000000000) + i * INT64_C(100000000),
                          .quantity.nano = 123456780 + i * 10,
                          .side = i < 25 ? TW_SIDE_BUY : TW_SIDE_SELL};
        require(tw_book_set_level(book, &level) == TW_OK, "a level");
    }
    double nanoseconds[RUN_COUNT];
    uint32_t sum = 0;
    for (int run = -1; run < RUN_COUNT; run++) {
        int64_t begun_ns = cpu_ns();
        for (int i = 0; i < CHECKSUM_COUNT; i++) {
            uint32_t checksum = 0;
            require(tw_book_checksum(book, 0, kind, 5, 8, &checksum) == TW_OK, "a checksum");
            sum += checksum;
        }
        if (run >= 0)
            nanoseconds[run] = (double)(cpu_ns() - begun_ns) / CHECKSUM_COUNT;
    }
    qsort(nanoseconds, RUN_COUNT, sizeof nanoseconds[0], by_value);
    printf("%-14s %8.0f ns each (%x)\n", name, nanoseconds[RUN_COUNT / 2], sum);
    tw_book_free(book);
}

/* What it costs that a side which is full has a level more: its end is looked for from the best. */
static void measure_cut(uint32_t depth) {
    const tw_book_sync_config config = {.symbol_count_max = 1};
    depth_desk desk;
    depth_desk_open(&desk, &config, 2 * depth + 10);
    tw_level *levels = depth_feed_memory(NULL, depth, sizeof *levels);
    for (uint32_t i = 0; i < depth; i++)
        levels[i] =
            (tw_level){.price.nano = 1000000 + i, .quantity.nano = 1, .side = (uint8_t)TW_SIDE_BUY};
    tw_depth_update update = {
        .levels = levels, .level_count = depth, .snapshot = 1, .depth_max = depth};
    require(tw_book_sync_apply(desk.sync, &update, NULL) == TW_OK, "a snapshot");
    update.snapshot = 0;
    update.level_count = 1;
    double nanoseconds[RUN_COUNT];
    int64_t price = 2000000;
    for (int run = -1; run < RUN_COUNT; run++) {
        int64_t begun_ns = cpu_ns();
        for (int i = 0; i < CHECKSUM_COUNT / 10; i++) {
            levels[0].price.nano = price++;
            require(tw_book_sync_apply(desk.sync, &update, NULL) == TW_OK, "a change");
        }
        if (run >= 0)
            nanoseconds[run] = (double)(cpu_ns() - begun_ns) / (CHECKSUM_COUNT / 10);
    }
    qsort(nanoseconds, RUN_COUNT, sizeof nanoseconds[0], by_value);
    printf("cut to %-7u %8.0f ns a change\n", depth, nanoseconds[RUN_COUNT / 2]);
    free(levels);
    depth_desk_close(&desk);
}

static void measure_crc(void) {
    static char text[1 << 20];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('0' + i * 7 % 10);
    double bytes_a_ns[RUN_COUNT];
    uint32_t sum = 0;
    for (int run = -1; run < RUN_COUNT; run++) {
        int64_t begun_ns = cpu_ns();
        for (int i = 0; i < 20; i++)
            sum += tw_book_crc32((tw_slice){text, sizeof text});
        if (run >= 0)
            bytes_a_ns[run] = 20.0 * sizeof text / (double)(cpu_ns() - begun_ns);
    }
    qsort(bytes_a_ns, RUN_COUNT, sizeof bytes_a_ns[0], by_value);
    printf("%-14s %8.2f bytes/ns (%x)\n", "crc32", bytes_a_ns[RUN_COUNT / 2], sum);
}

static void count_line(struct bench *bench, tw_slice line, void *context) {
    (void)context;
    bench->line_count++;
    bench->text_size += line.size + 1;
}

static void run_file(const char *path, tw_tape_format format) {
    struct bench bench = {.path = path, .format = format};
    for_lines(&bench, count_line, NULL);
    depth_feed_read(&bench.feed, path, format);
    for (size_t i = 0; i < bench.feed.count; i++)
        bench.level_count += bench.feed.messages[i].depth.level_count;
    measure(&bench);
    depth_feed_free(&bench.feed);
    printf("(%" PRIx64 ")\n", bench.sink);
}

int main(int argc, char **argv) {
    const char *data = getenv("TRADEWIND_DATA");
    static const char *const names[] = {"orders/kraken/book1000_7pairs.jsonl.gz",
                                        "orders/binance/spot_btcusdt_20240808.gz",
                                        "orders/binance/usdm_btcusdt_20240808.gz"};
    for (int i = 1; i < argc; i++)
        run_file(argv[i], i == 1 ? TW_TAPE_KRAKEN : TW_TAPE_BINANCE);
    for (size_t i = 0; argc == 1 && data != NULL && i < 3; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", data, names[i]);
        run_file(path, i == 0 ? TW_TAPE_KRAKEN : TW_TAPE_BINANCE);
    }
    if (argc == 1 && data == NULL)
        printf("no files: give them, or set TRADEWIND_DATA\n");
    printf("\nchecksums\n");
    measure_checksum(TW_BOOK_CHECKSUM_KRAKEN, "kraken");
    measure_checksum(TW_BOOK_CHECKSUM_OKX, "okx");
    measure_crc();
    printf("\na better level than all, when a side is full\n");
    measure_cut(10);
    measure_cut(100);
    measure_cut(1000);
    return 0;
}
