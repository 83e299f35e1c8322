/*
 * bench_tape_orders.c - what reading order events and order books costs, plain and packed, beside
 * what a decompressor alone takes; and what writing books costs.
 *
 *     bench_tape_orders [MEGABYTES]     of text in each file, default 48
 *
 * Messages and Bitstamp's events are those of the real files of TRADEWIND_DATA, repeated with times
 * that go on; without that variable they are made here, always the same, in the same form. Books
 * are made. All files are in a temporary folder and in the page cache when they are read. "read"
 * only reads a file in blocks, "inflate", "zstd" and "xz" read and unpack it into one block again
 * and again: no reader of such a file can be faster. Five runs each, taking turns; the median, the
 * spread, and the median's ratio to that of the first line. Time is that of the processor.
 * Nothing is asserted about it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "bench.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define BATCH 1024
#define BLOCK_SIZE 262144
#define DEPTH 10
#define SECONDS_MAX 86000
#define OPERATIONS_MAX 5

struct bench {
    char path[64];
    tw_tape_format format;
    char *text; /* of the file, unpacked */
    size_t text_size;
    size_t text_capacity;
    size_t row_count;
    tw_level *levels; /* of the books, DEPTH asks and DEPTH bids a row */
    uint64_t sink;    /* results go here, so that no work can be left out */
};

typedef struct operation {
    const char *name;
    void (*run)(struct bench *bench);
} operation;

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- inputs -------------------------------------------------------------------------------- */

/* A real file as text, to be freed; NULL without one. */
static char *real_text(const char *name, tw_tape_format format, size_t *ret_size) {
    const char *folder = getenv("TRADEWIND_DATA");
    char path[512];
    if (folder == NULL)
        return NULL;
    snprintf(path, sizeof path, "%s/orders/%s", folder, name);
    tw_tape_config config = {.path = path, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    if (tw_tape_open(&config, &tape, NULL) != TW_OK)
        return NULL;
    char *text = malloc(BLOCK_SIZE * 64);
    require(text != NULL, "memory");
    tw_order_event event;
    *ret_size = 0;
    while (tw_tape_next_event(tape, &event, NULL) == TW_OK) {
        tw_slice line = tw_tape_line(tape);
        require(*ret_size + line.size < BLOCK_SIZE * 64, "a file of at most 16 MiB");
        memcpy(text + *ret_size, line.data, line.size);
        text[*ret_size + line.size] = '\n';
        *ret_size += line.size + 1;
    }
    tw_tape_close(tape);
    return text;
}

/* One hour of a stock, in the form of a message file. */
static char *made_messages(size_t *ret_size) {
    enum { COUNT = 92000 };
    char *text = malloc(COUNT * 64);
    require(text != NULL, "memory");
    uint64_t seed = 11;
    *ret_size = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned second = 34200 + i * 3599 / COUNT;
        unsigned nano = (unsigned)((uint64_t)i * 3599 % COUNT * 1000000000 / COUNT);
        *ret_size += (size_t)sprintf(text + *ret_size, "%u.%09u,%u,%u,%u,%u,%s\n", second, nano,
                                     (unsigned)(1 + 2 * (next_random(&seed) % 2)),
                                     16000000 + i * 1000, (unsigned)(1 + next_random(&seed) % 300),
                                     (unsigned)(5800000 + 100 * (next_random(&seed) % 1000)),
                                     next_random(&seed) % 2 == 0 ? "1" : "-1");
    }
    return text;
}

static char *made_bitstamp(size_t *ret_size) {
    enum { COUNT = 50000 };
    static const char *const actions[] = {"created", "deleted", "changed"};
    char *text = malloc(COUNT * 96);
    require(text != NULL, "memory");
    uint64_t seed = 12;
    *ret_size = 0;
    for (unsigned i = 0; i < COUNT; i++)
        *ret_size += (size_t)sprintf(
            text + *ret_size, "%u,%llu,%llu,%u.%02u,%llu,%s,%s\n", 65595247 + i / 2,
            1430438404518ULL + i * 360, 1430438404000ULL + i * 360,
            (unsigned)(230 + next_random(&seed) % 10), (unsigned)(next_random(&seed) % 100),
            (unsigned long long)(1 + next_random(&seed) % 900000000),
            actions[next_random(&seed) % 16 / 7], next_random(&seed) % 2 == 0 ? "bid" : "ask");
    return text;
}

/* The number behind the first `comma_count` commas of a line. */
static uint64_t number_in(const char *line, int comma_count) {
    for (; comma_count > 0; line++)
        comma_count -= *line == ',';
    return strtoull(line, NULL, 10);
}

/* Appends the text with its times, in the field behind `comma_count` commas, `ahead` later. */
static void append_later(struct bench *bench, const char *text, size_t size, int comma_count,
                         uint64_t ahead) {
    const char *end = text + size;
    for (const char *line = text; line < end; bench->row_count++) {
        const char *behind = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        const char *field = line;
        for (int commas = comma_count; commas > 0; field++)
            commas -= *field == ',';
        char *rest = NULL;
        uint64_t time = strtoull(field, &rest, 10) + ahead;
        require(bench->text_size + (size_t)(behind - line) + 32 < bench->text_capacity, "room");
        char *to = bench->text + bench->text_size;
        memcpy(to, line, (size_t)(field - line));
        to += field - line;
        to += sprintf(to, "%" PRIu64, time);
        memcpy(to, rest, (size_t)(behind - rest));
        to += behind - rest;
        bench->text_size = (size_t)(to - bench->text);
        line = behind;
    }
}

static void make_messages(struct bench *bench) {
    size_t size = 0;
    char *text =
        real_text("lobster/AAPL_0930_1030_message_50.csv.gz", TW_TAPE_LOBSTER_MESSAGES, &size);
    printf("messages are %s\n", text == NULL ? "made" : "those of AAPL_0930_1030_message_50");
    if (text == NULL)
        text = made_messages(&size);
    bench->text_size = bench->row_count = 0;
    for (uint64_t ahead = 0; 37800 + ahead < SECONDS_MAX; ahead += 3600)
        if (bench->text_size + size + size / 4 < bench->text_capacity)
            append_later(bench, text, size, 0, ahead);
    free(text);
}

static void make_bitstamp(struct bench *bench) {
    size_t size = 0;
    char *text = real_text("bitstamp/orders.csv.xz", TW_TAPE_BITSTAMP, &size);
    printf("\nBitstamp's events are %s\n", text == NULL ? "made" : "those of orders.csv");
    if (text == NULL)
        text = made_bitstamp(&size);
    bench->row_count = 0;
    bench->text_size = (size_t)sprintf(
        bench->text, "id,timestamp,exchange.timestamp,price,volume,action,direction\n");
    const char *last = text + size - 1;
    while (last > text && last[-1] != '\n')
        last--;
    uint64_t span = number_in(last, 1) - number_in(text, 1) + 1;
    for (uint64_t ahead = 0; bench->text_size + size + size / 4 < bench->text_capacity;
         ahead += span)
        append_later(bench, text, size, 1, ahead);
    free(text);
}

static tw_status to_text(void *context, tw_slice bytes, tw_error *error) {
    struct bench *bench = context;
    (void)error;
    memcpy(bench->text + bench->text_size, bytes.data, bytes.size);
    bench->text_size += bytes.size;
    return TW_OK;
}

static tw_status to_nowhere(void *context, tw_slice bytes, tw_error *error) {
    struct bench *bench = context;
    (void)error;
    bench->sink += bytes.size;
    return TW_OK;
}

static void write_books(struct bench *bench, tw_tape_sink sink) {
    tw_tape_writer_config config = {
        .sink = sink, .context = bench, .format = TW_TAPE_LOBSTER_BOOK, .depth = DEPTH};
    tw_tape_writer *writer = NULL;
    require(tw_tape_writer_new(&config, &writer, NULL) == TW_OK, "writer");
    tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < bench->row_count; i++) {
        const tw_level *asks = bench->levels + 2 * DEPTH * i;
        status = tw_tape_writer_put_book(writer, asks, DEPTH, asks + DEPTH, DEPTH, NULL);
    }
    require(status == TW_OK && tw_tape_writer_flush(writer, NULL) == TW_OK, "writing");
    tw_tape_writer_free(writer);
}

/* Books around a price that walks in cents. */
static void make_books(struct bench *bench) {
    uint64_t seed = 13;
    int64_t middle = 58500;
    bench->row_count = bench->text_capacity / (DEPTH * 28);
    bench->levels = TW_NEW(NULL, bench->row_count * 2 * DEPTH, tw_level);
    require(bench->levels != NULL, "memory");
    for (size_t i = 0; i < bench->row_count; i++) {
        middle += (int64_t)(next_random(&seed) % 5) - 2;
        middle = middle < 20000 ? 20000 : middle;
        for (int64_t side = 0; side < 2; side++) {
            int64_t price = middle + (side == 0 ? 1 : -1);
            for (size_t j = 0; j < DEPTH; j++) {
                bench->levels[2 * DEPTH * i + DEPTH * (size_t)side + j] =
                    (tw_level){.price.nano = price * (TW_NANO / 100),
                               .quantity.nano = (int64_t)(1 + next_random(&seed) % 900) * TW_NANO};
                price += (side == 0 ? 1 : -1) * (int64_t)(1 + next_random(&seed) % 9);
            }
        }
    }
    bench->text_size = 0;
    write_books(bench, to_text);
}

/* ---- files --------------------------------------------------------------------------------- */

static size_t pack(const struct bench *bench, tw_tape_compression packing, uint8_t *packed,
                   size_t capacity) {
    if (packing == TW_TAPE_GZIP) {
        z_stream stream = {0};
        require(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                "gzip");
        stream.next_in = (Bytef *)bench->text;
        stream.avail_in = (uInt)bench->text_size;
        stream.next_out = packed;
        stream.avail_out = (uInt)capacity;
        require(deflate(&stream, Z_FINISH) == Z_STREAM_END && deflateEnd(&stream) == Z_OK, "gzip");
        return capacity - stream.avail_out;
    }
    if (packing == TW_TAPE_ZSTD) {
        size_t size = ZSTD_compress(packed, capacity, bench->text, bench->text_size, 3);
        require(!ZSTD_isError(size), "zstd");
        return size;
    }
    size_t size = 0;
    require(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)bench->text,
                                    bench->text_size, packed, &size, capacity) == LZMA_OK,
            "xz");
    return size;
}

static void make_file(struct bench *bench, tw_tape_compression packing) {
    FILE *file = fopen(bench->path, "wb");
    require(file != NULL, "making a file");
    const void *bytes = bench->text;
    size_t size = bench->text_size;
    uint8_t *packed = NULL;
    if (packing != TW_TAPE_PLAIN) {
        packed = malloc(bench->text_size);
        require(packed != NULL, "memory");
        size = pack(bench, packing, packed, bench->text_size);
        bytes = packed;
    }
    require(fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "writing a file");
    free(packed);
}

/* ---- operations ---------------------------------------------------------------------------- */

static uint8_t block[BLOCK_SIZE];
static uint8_t input[65536];

static int open_file(const struct bench *bench) {
    int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, "open");
    return fd;
}

static void run_read(struct bench *bench) {
    int fd = open_file(bench);
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        bench->sink += (uint64_t)got + block[0];
    close(fd);
}

static void run_inflate(struct bench *bench) {
    int fd = open_file(bench);
    z_stream stream = {0};
    require(inflateInit2(&stream, 15 + 16) == Z_OK, "inflate");
    int code = Z_OK;
    while (code == Z_OK) {
        if (stream.avail_in == 0) {
            ssize_t got = read(fd, input, sizeof input);
            require(got > 0, "read");
            stream.next_in = input;
            stream.avail_in = (uInt)got;
        }
        stream.next_out = block;
        stream.avail_out = sizeof block;
        code = inflate(&stream, Z_NO_FLUSH);
        bench->sink += block[0];
    }
    require(code == Z_STREAM_END && stream.total_out == bench->text_size, "inflate");
    (void)inflateEnd(&stream);
    close(fd);
}

static void run_zstd(struct bench *bench) {
    int fd = open_file(bench);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t total = 0;
    ssize_t got;
    while ((got = read(fd, input, sizeof input)) > 0) {
        ZSTD_inBuffer in = {input, (size_t)got, 0};
        while (in.pos < in.size) {
            ZSTD_outBuffer out = {block, sizeof block, 0};
            require(!ZSTD_isError(ZSTD_decompressStream(context, &out, &in)), "zstd");
            total += out.pos;
            bench->sink += block[0];
        }
    }
    require(total == bench->text_size, "zstd");
    ZSTD_freeDCtx(context);
    close(fd);
}

static void run_xz(struct bench *bench) {
    int fd = open_file(bench);
    lzma_stream stream = LZMA_STREAM_INIT;
    require(lzma_stream_decoder(&stream, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK, "xz");
    lzma_ret code = LZMA_OK;
    bool ended = false;
    while (code == LZMA_OK) {
        if (stream.avail_in == 0 && !ended) {
            ssize_t got = read(fd, input, sizeof input);
            require(got >= 0, "read");
            ended = got == 0;
            stream.next_in = input;
            stream.avail_in = (size_t)got;
        }
        stream.next_out = block;
        stream.avail_out = sizeof block;
        code = lzma_code(&stream, ended ? LZMA_FINISH : LZMA_RUN);
        bench->sink += block[0];
    }
    require(code == LZMA_STREAM_END && stream.total_out == bench->text_size, "xz");
    lzma_end(&stream);
    close(fd);
}

static tw_tape *open_tape(const struct bench *bench) {
    tw_tape_config config = {.path = bench->path, .format = (uint8_t)bench->format};
    tw_tape *tape = NULL;
    require(tw_tape_open(&config, &tape, NULL) == TW_OK, "open");
    return tape;
}

static void run_single(struct bench *bench) {
    tw_tape *tape = open_tape(bench);
    tw_order_event event;
    size_t count = 0;
    for (; tw_tape_next_event(tape, &event, NULL) == TW_OK; count++)
        bench->sink += (uint64_t)event.price.nano;
    require(count == bench->row_count, "reading one by one");
    tw_tape_close(tape);
}

static void run_batch(struct bench *bench) {
    static tw_order_event events[BATCH];
    tw_tape *tape = open_tape(bench);
    size_t total = 0;
    size_t count = 0;
    for (; tw_tape_next_events(tape, events, BATCH, &count, NULL) == TW_OK; total += count)
        bench->sink += (uint64_t)events[count - 1].price.nano;
    require(total == bench->row_count, "reading in batches");
    tw_tape_close(tape);
}

static void run_rows(struct bench *bench) {
    tw_level levels[2 * DEPTH];
    tw_tape *tape = open_tape(bench);
    size_t total = 0;
    size_t count = 0;
    for (; tw_tape_next_levels(tape, levels, 2 * DEPTH, &count, NULL) == TW_OK; total++)
        bench->sink += (uint64_t)levels[count - 1].price.nano;
    require(total == bench->row_count, "reading rows");
    tw_tape_close(tape);
}

static void run_writer(struct bench *bench) {
    write_books(bench, to_nowhere);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* The operations take turns, so that a busy moment of the machine meets all of them. */
static void measure(struct bench *bench, const char *what, const operation *operations,
                    size_t count) {
    double seconds[OPERATIONS_MAX][RUN_COUNT];
    for (int run = -1; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < count; i++) {
            int64_t begun_ns = cpu_ns();
            operations[i].run(bench);
            if (run >= 0) /* the first one warms up */
                seconds[i][run] = (double)(cpu_ns() - begun_ns) / 1e9;
        }
    }
    printf("\n%s: %zu rows, %zu bytes of text\n", what, bench->row_count, bench->text_size);
    printf("%-12s %10s %10s %10s %8s %10s\n", "", "M rows/s", "MB/s", "ns/row", "spread",
           "of first");
    double first = 0;
    for (size_t i = 0; i < count; i++) {
        qsort(seconds[i], RUN_COUNT, sizeof(double), by_value);
        double median = seconds[i][RUN_COUNT / 2];
        double rows = (double)bench->row_count;
        first = i == 0 ? median : first;
        printf("%-12s %10.2f %10.0f %10.1f %7.0f%% %9.1f%%\n", operations[i].name,
               rows / median / 1e6, (double)bench->text_size / median / 1e6, median * 1e9 / rows,
               100 * (seconds[i][RUN_COUNT - 1] - seconds[i][0]) / median, 100 * first / median);
    }
}

#define MEASURE(bench, what, ...)                          \
    measure(bench, what, (const operation[]){__VA_ARGS__}, \
            sizeof((const operation[]){__VA_ARGS__}) / sizeof(operation))

int main(int argc, char **argv) {
    size_t megabytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 48;
    require(megabytes >= 8 && megabytes <= 1000, "the size of the text (8 to 1000)");
    struct bench bench = {.path = "/tmp/bench_tape_orders-XXXXXX",
                          .text_capacity = megabytes * 1000000};
    int fd = mkstemp(bench.path);
    require(fd >= 0 && close(fd) == 0, "a temporary file");
    bench.text = malloc(bench.text_capacity);
    require(bench.text != NULL, "memory");

    bench.format = TW_TAPE_LOBSTER_MESSAGES;
    make_messages(&bench);
    make_file(&bench, TW_TAPE_PLAIN);
    MEASURE(&bench, "LOBSTER messages, plain", {"read", run_read}, {"one by one", run_single},
            {"batch", run_batch});
    make_file(&bench, TW_TAPE_GZIP);
    MEASURE(&bench, "LOBSTER messages, gzip", {"inflate", run_inflate}, {"batch", run_batch});
    make_file(&bench, TW_TAPE_ZSTD);
    MEASURE(&bench, "LOBSTER messages, zstd", {"zstd", run_zstd}, {"batch", run_batch});

    bench.format = TW_TAPE_BITSTAMP;
    make_bitstamp(&bench);
    make_file(&bench, TW_TAPE_PLAIN);
    MEASURE(&bench, "Bitstamp events, plain", {"read", run_read}, {"one by one", run_single},
            {"batch", run_batch});
    make_file(&bench, TW_TAPE_XZ);
    MEASURE(&bench, "Bitstamp events, xz", {"xz", run_xz}, {"batch", run_batch});

    bench.format = TW_TAPE_LOBSTER_BOOK;
    make_books(&bench);
    make_file(&bench, TW_TAPE_PLAIN);
    MEASURE(&bench, "LOBSTER books of 10 levels, plain", {"read", run_read}, {"rows", run_rows},
            {"write", run_writer});
    printf("\n(%" PRIx64 ")\n", bench.sink);
    TW_DELETE(NULL, bench.levels, bench.row_count * 2 * DEPTH, tw_level);
    free(bench.text);
    return unlink(bench.path) == 0 ? 0 : 1;
}
