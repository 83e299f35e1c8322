/*
 * bench_tape.c - how fast a CSV of trades becomes records, beside what memory alone costs.
 *
 *     bench_tape [ROWS [TRADES.csv]]      default 1,000,000 rows, made by this program
 *
 * In turn and five times each, medians: read() of the file into one buffer, the same with a search
 * for each line's end (no parser can do less), the tape many rows at a time, and row by row.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tradewind/random.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

enum { RUN_COUNT = 5, BLOCK_ROWS = 4096, BLOCK_SIZE = 1 << 20 };

static char path[256] = "/tmp/tradewind-bench-XXXXXX";
static uint64_t row_count = 1000000;

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "bench_tape: %s failed\n", what);
    exit(1);
}

static void make_csv(void) {
    int fd = mkstemp(path);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    require(out != NULL, "making the input");
    tw_random random;
    tw_random_init(&random, 101, 1);
    int64_t time_ns = INT64_C(1704067200) * TW_NS_PER_SECOND;
    fprintf(out, "ts_ns,symbol,price,size,side\n");
    for (uint64_t i = 0; i < row_count; i++) {
        time_ns += (int64_t)tw_random_below(&random, 864000000);
        fprintf(out, "%" PRId64 ",SYM%02d,%d.%02d,%d,%c\n", time_ns,
                (int)tw_random_below(&random, 100), 100 + (int)tw_random_below(&random, 500),
                (int)tw_random_below(&random, 100), 1 + (int)tw_random_below(&random, 500),
                "BS"[tw_random_below(&random, 2)]);
    }
    require(fclose(out) == 0, "writing the input");
}

/* Each gives the number of rows it saw. */
typedef uint64_t (*pass)(void);

static uint64_t read_only(void) {
    static char block[BLOCK_SIZE];
    int fd = open(path, O_RDONLY);
    require(fd >= 0, "opening the input");
    while (read(fd, block, sizeof block) > 0) {
    }
    close(fd);
    return row_count;
}

static uint64_t find_lines(void) {
    static char block[BLOCK_SIZE];
    int fd = open(path, O_RDONLY);
    require(fd >= 0, "opening the input");
    uint64_t lines = 0;
    for (ssize_t size; (size = read(fd, block, sizeof block)) > 0;) {
        const char *at = block;
        const char *end = block + size;
        while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            lines++;
            at++;
        }
    }
    close(fd);
    return lines - 1;
}

static tw_tape *open_tape(tw_symbols **ret_symbols) {
    tw_tape *tape = NULL;
    require(tw_symbols_new(NULL, 1024, ret_symbols) == TW_OK, "memory");
    const tw_tape_config config = {.path = path, .symbols = *ret_symbols, .format = TW_TAPE_TRADES};
    require(tw_tape_open(&config, &tape, NULL) == TW_OK, "opening the tape");
    return tape;
}

static uint64_t many_rows(void) {
    static tw_trade trades[BLOCK_ROWS];
    tw_symbols *symbols = NULL;
    tw_tape *tape = open_tape(&symbols);
    uint64_t rows = 0;
    for (size_t count = 0; tw_tape_next_trades(tape, trades, BLOCK_ROWS, &count, NULL) == TW_OK;)
        rows += count;
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    return rows;
}

static uint64_t row_by_row(void) {
    tw_trade trade;
    tw_symbols *symbols = NULL;
    tw_tape *tape = open_tape(&symbols);
    uint64_t rows = 0;
    while (tw_tape_next_trade(tape, &trade, NULL) == TW_OK)
        rows++;
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    return rows;
}

static int by_size(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        pass run;
    } passes[] = {{"read() alone", read_only},
                  {"and each line's end", find_lines},
                  {"many rows at a time", many_rows},
                  {"row by row", row_by_row}};
    enum { COUNT = sizeof passes / sizeof passes[0] };
    double seconds[COUNT][RUN_COUNT];
    if (argc > 1)
        row_count = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        snprintf(path, sizeof path, "%s", argv[2]);
    else
        make_csv();
    struct stat facts;
    require(stat(path, &facts) == 0, "examining the input");
    for (int run = -1; run < RUN_COUNT; run++) { /* the first is the warm-up */
        for (int i = 0; i < COUNT; i++) {
            int64_t begin_ns = tw_time_monotonic_ns();
            require(passes[i].run() == row_count, "counting the rows");
            if (run >= 0)
                seconds[i][run] = (double)(tw_time_monotonic_ns() - begin_ns) / 1e9;
        }
    }
    printf("%-22s %10s %10s %10s\n", "", "M rows/s", "MB/s", "of the row");
    for (int i = 0; i < COUNT; i++)
        qsort(seconds[i], RUN_COUNT, sizeof(double), by_size);
    for (int i = 0; i < COUNT; i++) {
        double middle = seconds[i][RUN_COUNT / 2];
        printf("%-22s %10.1f %10.0f %9.2fx\n", passes[i].name, (double)row_count / middle / 1e6,
               (double)facts.st_size / middle / 1e6, seconds[COUNT - 1][RUN_COUNT / 2] / middle);
    }
    if (argc <= 2)
        require(unlink(path) == 0, "removing the input");
    return 0;
}
