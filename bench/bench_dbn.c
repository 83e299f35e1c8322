/*
 * bench_dbn.c - what reading Databento's files costs, beside what the machine could do at best.
 *
 *     bench_dbn [FILE [TIMES]]     FILE: mbo, packed with zstd or plain; default the sample in the
 *                                  folder that TRADEWIND_DATA names. TIMES: its records so often,
 *                                  default 30
 *
 * The records of the file are written TIMES behind its metadata, plain and once more packed with
 * zstd (level 3), into a temporary folder, and are in the page cache when they are read. "read"
 * only reads the plain file in blocks, "unpack" only runs the decompressor over the packed one: no
 * reader can be faster. "one" is tw_tape_next_event, "many" tw_tape_next_events, 1,024 a call. Five
 * runs each; the median, the spread, and records a second. Bytes are those of the unpacked stream.
 * Time is that of the processor, which others on the machine disturb less than the clock on the
 * wall. Nothing is asserted about it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "bench.h"
#include "tradewind/tape_dbn.h"

#define RUN_COUNT 5
#define BATCH 1024
#define BLOCK_SIZE 262144
#define INPUT_SIZE 65536 /* that of the tape */

typedef struct bench {
    char directory[64];
    char plain[96];
    char packed[96];
    uint64_t size; /* of the plain file */
    uint64_t record_count;
    uint64_t sink; /* results go here, so that no work can be left out */
} bench;

typedef void (*operation)(bench *run);

/* ---- inputs -------------------------------------------------------------------------------- */

/* The whole file, unpacked if it has to be. */
static char *load(const char *path, size_t *ret_size) {
    FILE *file = fopen(path, "rb");
    require(file != NULL, "opening the file");
    size_t capacity = (size_t)64 << 20;
    char *packed = malloc(capacity);
    char *bytes = malloc(capacity);
    require(packed != NULL && bytes != NULL, "memory");
    size_t size = fread(packed, 1, capacity, file);
    require(size > 4 && size < capacity && fclose(file) == 0, "reading the file");
    if (memcmp(packed, "DBN", 3) == 0) {
        free(bytes);
        *ret_size = size;
        return packed;
    }
    *ret_size = ZSTD_decompress(bytes, capacity, packed, size);
    require(!ZSTD_isError(*ret_size), "unpacking the file");
    free(packed);
    return bytes;
}

static void write_plain(bench *run, const char *bytes, size_t size, unsigned times) {
    tw_dbn_metadata metadata;
    require(tw_dbn_read_metadata((tw_slice){bytes, size}, &metadata, NULL) == TW_OK, "metadata");
    size_t head = TW_DBN_PREFIX_SIZE + metadata.size;
    FILE *file = fopen(run->plain, "wb");
    require(file != NULL && fwrite(bytes, 1, head, file) == head, "writing");
    for (unsigned i = 0; i < times; i++)
        require(fwrite(bytes + head, 1, size - head, file) == size - head, "writing");
    require(fclose(file) == 0, "writing");
    run->size = head + (uint64_t)times * (size - head);
    run->record_count = (run->size - head) / 56;
}

static void write_packed(bench *run) {
    static char in[BLOCK_SIZE];
    size_t capacity = ZSTD_compressBound(sizeof in);
    char *out = malloc(capacity);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    FILE *from = fopen(run->plain, "rb");
    FILE *to = fopen(run->packed, "wb");
    require(out != NULL && context != NULL && from != NULL && to != NULL, "packing");
    size_t got;
    size_t left = 1;
    do {
        got = fread(in, 1, sizeof in, from);
        ZSTD_EndDirective mode = got < sizeof in ? ZSTD_e_end : ZSTD_e_continue;
        ZSTD_inBuffer input = {in, got, 0};
        do {
            ZSTD_outBuffer output = {out, capacity, 0};
            left = ZSTD_compressStream2(context, &output, &input, mode);
            require(!ZSTD_isError(left), "packing");
            require(fwrite(out, 1, output.pos, to) == output.pos, "writing");
        } while (input.pos < input.size || (mode == ZSTD_e_end && left != 0));
    } while (got == sizeof in);
    fclose(from);
    require(fclose(to) == 0, "writing");
    ZSTD_freeCCtx(context);
    free(out);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void run_read(bench *run) {
    static char block[BLOCK_SIZE];
    int fd = open(run->plain, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, "open");
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        run->sink += (uint64_t)got + (uint64_t)block[0];
    require(got == 0, "read");
    close(fd);
}

static void run_unpack(bench *run) {
    static char in[INPUT_SIZE];
    static char out[BLOCK_SIZE];
    int fd = open(run->packed, O_RDONLY | O_CLOEXEC);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    require(fd >= 0 && context != NULL, "open");
    ssize_t got;
    while ((got = read(fd, in, sizeof in)) > 0) {
        ZSTD_inBuffer input = {in, (size_t)got, 0};
        while (input.pos < input.size) {
            ZSTD_outBuffer output = {out, sizeof out, 0};
            require(!ZSTD_isError(ZSTD_decompressStream(context, &output, &input)), "unpack");
            run->sink += output.pos;
        }
    }
    ZSTD_freeDCtx(context);
    close(fd);
}

static tw_tape *open_tape(const char *path, tw_symbols *symbols) {
    tw_tape_config config = {.path = path, .symbols = symbols, .format = TW_TAPE_DBN};
    tw_tape *tape = NULL;
    require(tw_tape_open(&config, &tape, NULL) == TW_OK, "opening a tape");
    return tape;
}

static void read_events(bench *run, const char *path, size_t batch) {
    static tw_order_event events[BATCH];
    TW_AUTO(tw_symbols) *symbols = NULL;
    require(tw_symbols_new(NULL, 16, &symbols) == TW_OK, "memory");
    tw_tape *tape = open_tape(path, symbols);
    uint64_t total = 0;
    size_t count = 1;
    tw_status status;
    do {
        status = batch == 1 ? tw_tape_next_event(tape, events, NULL)
                            : tw_tape_next_events(tape, events, batch, &count, NULL);
        total += status == TW_OK ? count : 0;
        run->sink += events[0].id;
    } while (status == TW_OK);
    require(status == TW_EMPTY && total == run->record_count, "reading");
    tw_tape_close(tape);
}

static void run_plain_one(bench *run) {
    read_events(run, run->plain, 1);
}

static void run_plain_many(bench *run) {
    read_events(run, run->plain, BATCH);
}

static void run_packed_one(bench *run) {
    read_events(run, run->packed, 1);
}

static void run_packed_many(bench *run) {
    read_events(run, run->packed, BATCH);
}

/* ---- the table ----------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(bench *run, const char *name, operation work) {
    double seconds[RUN_COUNT];
    work(run); /* warm-up */
    for (int i = 0; i < RUN_COUNT; i++) {
        int64_t begin = cpu_ns();
        work(run);
        seconds[i] = (double)(cpu_ns() - begin) / 1e9;
    }
    qsort(seconds, RUN_COUNT, sizeof seconds[0], compare);
    double median = seconds[RUN_COUNT / 2];
    printf("%-14s %8.2f GB/s %8.1f M records/s %7.1f ns/record   %+4.0f%% to %+4.0f%%\n", name,
           (double)run->size / median / 1e9, (double)run->record_count / median / 1e6,
           median * 1e9 / (double)run->record_count, (seconds[0] / median - 1) * 100,
           (seconds[RUN_COUNT - 1] / median - 1) * 100);
}

static const char *sample_path(char path[512]) {
    const char *directory = getenv("TRADEWIND_DATA");
    if (directory == NULL)
        return NULL;
    snprintf(path, 512, "%s/orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst", directory);
    return path;
}

int main(int argc, char **argv) {
    char path[512];
    const char *file = argc > 1 ? argv[1] : sample_path(path);
    unsigned times = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 30;
    if (file == NULL || times == 0) {
        fprintf(stderr, "bench_dbn: name a file of orders, or a folder in TRADEWIND_DATA\n");
        return 77;
    }
    bench run = {.directory = "/tmp/tradewind-bench-XXXXXX"};
    require(mkdtemp(run.directory) != NULL, "making a folder");
    snprintf(run.plain, sizeof run.plain, "%s/plain", run.directory);
    snprintf(run.packed, sizeof run.packed, "%s/packed", run.directory);
    size_t size = 0;
    char *bytes = load(file, &size);
    write_plain(&run, bytes, size, times);
    write_packed(&run);
    free(bytes);
    printf("%" PRIu64 " records, %.1f MB\n", run.record_count, (double)run.size / 1e6);
    measure(&run, "read", run_read);
    measure(&run, "plain, one", run_plain_one);
    measure(&run, "plain, many", run_plain_many);
    measure(&run, "unpack", run_unpack);
    measure(&run, "zstd, one", run_packed_one);
    measure(&run, "zstd, many", run_packed_many);
    unlink(run.plain);
    unlink(run.packed);
    rmdir(run.directory);
    return run.sink == 0;
}
