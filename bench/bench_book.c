/*
 * bench_book.c - the order book beside a std::map book, on the same streams of operations.
 *
 *     bench_book [STREAM.obs...]      (or $TRADEWIND_STREAMS: a folder of such files)
 *
 * Without either, two made-up markets: one symbol with 20,000 live orders, and 500 symbols with
 * 1,000,000. For each stream first both books apply every operation, and the best bid and ask are
 * compared after each; then in turn, RUN_COUNT times, each job in a process of its own:
 *
 *   peer      std::map and std::unordered_map (peer_book_map.cpp): totals only, nothing checked
 *   calls     our book, by order with queues and every check, through tw_book_add, tw_book_reduce,
 *             tw_book_delete and tw_book_execute
 *   batch     the same through tw_book_apply, BATCH_COUNT events at a time, which are made within
 *
 * Printed are the medians in ns an operation, the median of the ratios to the peer's run beside it,
 * what the process grew by, and of one more run the latency of single calls with the clock's own
 * cost in it (the processor's cycle counter where there is one).
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "bench.h"
#include "book_stream.h"
#include "tradewind/book.h"

#define RUN_COUNT 7
#define BATCH_COUNT 128
#define TICK_NANO INT64_C(10000000)
#define STREAM_COUNT_MAX 32
#define WARM_SIZE ((size_t)1 << 30)

typedef enum job { JOB_PEER, JOB_CALLS, JOB_BATCH, JOB_LATENCY, JOB_COMPARE } job;

/* What a child process tells. */
typedef struct outcome {
    double ns_per_op;
    double megabytes;
    double latency_ns[4]; /* p50, p99, p99.9, most */
    uint64_t refused;
} outcome;

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double resident_megabytes(void) {
    long pages[2] = {0, 0};
    FILE *file = fopen("/proc/self/statm", "r");
    require(file != NULL && fscanf(file, "%ld %ld", &pages[0], &pages[1]) == 2, "/proc/self/statm");
    fclose(file);
    return (double)pages[1] * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

/* ---- Our book ------------------------------------------------------------------------------ */

static tw_book *make_book(const book_stream *stream) {
    const tw_book_config config = {.symbol_count_max = stream->symbol_count,
                                   .order_count_max = stream->live_count_max * 2,
                                   .level_count_max = stream->live_count_max * 2};
    tw_book *book = NULL;
    require(tw_book_new(NULL, &config, &book) == TW_OK, "tw_book_new");
    return book;
}

static inline tw_quantity quantity_of(const stream_op *op) {
    return (tw_quantity){(int64_t)op->quantity * TW_NANO};
}

static inline tw_status call_one(tw_book *book, const stream_op *op) {
    if (op->kind == 0) {
        const tw_book_order order = {.id = op->id,
                                     .price.nano = op->price * TICK_NANO,
                                     .quantity = quantity_of(op),
                                     .side = (uint8_t)(TW_SIDE_BUY + op->side)};
        return tw_book_add(book, op->symbol, &order);
    }
    if (op->kind == 2)
        return tw_book_delete(book, op->symbol, op->id);
    return op->kind == 1 ? tw_book_reduce(book, op->symbol, op->id, quantity_of(op))
                         : tw_book_execute(book, op->symbol, op->id, quantity_of(op));
}

/* Apart, as the peer's loop is, so that the compiler mixes nothing else into it. */
__attribute__((noinline)) static uint64_t run_calls(tw_book *book, const stream_op *ops,
                                                    uint32_t count) {
    uint64_t refused = 0;
    for (uint32_t i = 0; i < count; i++)
        refused += call_one(book, &ops[i]) != TW_OK;
    return refused;
}

static inline tw_order_event event_of(const stream_op *op) {
    static const uint8_t kinds[] = {TW_EVENT_ADD, TW_EVENT_REDUCE, TW_EVENT_DELETE,
                                    TW_EVENT_EXECUTE};
    return (tw_order_event){.id = op->id,
                            .price.nano = op->price * TICK_NANO,
                            .quantity.nano = (int64_t)op->quantity * TW_NANO,
                            .symbol = op->symbol,
                            .kind = kinds[op->kind],
                            .side = (uint8_t)(TW_SIDE_BUY + op->side)};
}

__attribute__((noinline)) static uint64_t run_batch(tw_book *book, const stream_op *ops,
                                                    uint32_t count) {
    uint64_t refused = 0;
    for (uint32_t i = 0; i < count; i += BATCH_COUNT) {
        tw_order_event events[BATCH_COUNT];
        uint32_t batch = count - i < BATCH_COUNT ? count - i : BATCH_COUNT;
        for (uint32_t j = 0; j < batch; j++)
            events[j] = event_of(&ops[i + j]);
        refused += batch - tw_book_apply(book, events, batch, NULL);
    }
    return refused;
}

/* ---- Latency ------------------------------------------------------------------------------- */

static inline uint64_t counter(void) {
#if defined(__x86_64__)
    unsigned core;
    return __rdtscp(&core);
#else
    return (uint64_t)now_ns();
#endif
}

static double counts_per_ns(void) {
    double begin_ns = now_ns();
    uint64_t begin = counter();
    while (now_ns() - begin_ns < 2e7)
        continue;
    return (double)(counter() - begin) / (now_ns() - begin_ns);
}

static int by_count(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint64_t run_latency(tw_book *book, const book_stream *stream, double ret_ns[4]) {
    uint32_t *counts = calloc(stream->op_count, sizeof *counts);
    require(counts != NULL, "memory");
    uint64_t refused = 0;
    for (uint32_t i = 0; i < stream->op_count; i++) {
        uint64_t begin = counter();
        refused += call_one(book, &stream->ops[i]) != TW_OK;
        counts[i] = (uint32_t)(counter() - begin);
    }
    qsort(counts, stream->op_count, sizeof *counts, by_count);
    const double parts[4] = {0.5, 0.99, 0.999, 1.0};
    double per_ns = counts_per_ns();
    for (int i = 0; i < 4; i++)
        ret_ns[i] = counts[(size_t)(parts[i] * (stream->op_count - 1))] / per_ns;
    free(counts);
    return refused;
}

/* ---- Comparing ----------------------------------------------------------------------------- */

static bool same_best(const tw_book *book, const peer_book *peer, uint32_t symbol) {
    tw_quote ours;
    peer_best theirs;
    tw_book_best(book, symbol, &ours);
    peer_book_best(peer, symbol, &theirs);
    return ours.bid_price.nano == theirs.bid_price * TICK_NANO &&
           ours.ask_price.nano == theirs.ask_price * TICK_NANO &&
           ours.bid_size.nano == (int64_t)theirs.bid_quantity * TW_NANO &&
           ours.ask_size.nano == (int64_t)theirs.ask_quantity * TW_NANO;
}

static void compare(const book_stream *stream) {
    tw_book *book = make_book(stream);
    peer_book *peer = peer_book_new(stream->symbol_count);
    for (uint32_t i = 0; i < stream->op_count; i++) {
        const stream_op *op = &stream->ops[i];
        require(call_one(book, op) == TW_OK, "an operation");
        peer_book_apply(peer, op, 1);
        require(same_best(book, peer, op->symbol), "the same best after each operation");
    }
    tw_book_check(book);
    tw_book_free(book);
    peer_book_free(peer);
}

/* ---- Jobs ---------------------------------------------------------------------------------- */

/* Memory that a virtual machine has not used for a while its host may have to find again when it is
 * touched, which took some of these jobs a third of their time and others none: it is found here,
 * and given back for the job to take. */
static void warm_memory(void) {
    char *memory = mmap(NULL, WARM_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    munmap(memory, WARM_SIZE);
}

static outcome perform(job which, const book_stream *stream) {
    outcome result = {0};
    if (which == JOB_COMPARE) {
        compare(stream);
        return result;
    }
    volatile uint64_t touched = 0; /* the stream is in memory before the clock runs */
    for (uint32_t i = 0; i < stream->op_count; i += 64)
        touched = touched + stream->ops[i].id;
    warm_memory();
    double before = resident_megabytes();
    peer_book *peer = which == JOB_PEER ? peer_book_new(stream->symbol_count) : NULL;
    tw_book *book = which == JOB_PEER ? NULL : make_book(stream);
    double begin = now_ns();
    if (which == JOB_PEER)
        peer_book_apply(peer, stream->ops, stream->op_count);
    else if (which == JOB_CALLS)
        result.refused = run_calls(book, stream->ops, stream->op_count);
    else if (which == JOB_BATCH)
        result.refused = run_batch(book, stream->ops, stream->op_count);
    else
        result.refused = run_latency(book, stream, result.latency_ns);
    result.ns_per_op = (now_ns() - begin) / stream->op_count;
    result.megabytes = resident_megabytes() - before;
    return result;
}

/* In a process of its own, so that no job finds the memory as another left it. */
static outcome run_apart(job which, const book_stream *stream) {
    int ends[2];
    outcome result = {0};
    require(pipe(ends) == 0, "pipe");
    fflush(stdout);
    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        result = perform(which, stream);
        require(write(ends[1], &result, sizeof result) == sizeof result, "write");
        _exit(0);
    }
    close(ends[1]);
    require(read(ends[0], &result, sizeof result) == sizeof result, "a job");
    close(ends[0]);
    require(waitpid(child, NULL, 0) == child, "waitpid");
    require(result.refused == 0, "an operation that our book refused");
    return result;
}

/* ---- Report -------------------------------------------------------------------------------- */

static double median(double *values) {
    qsort(values, RUN_COUNT, sizeof *values, by_value);
    return values[RUN_COUNT / 2];
}

static void measure(const book_stream *stream) {
    double ns[3][RUN_COUNT];
    double ratios[3][RUN_COUNT];
    double megabytes[3] = {0};
    run_apart(JOB_COMPARE, stream);
    for (int run = 0; run < RUN_COUNT; run++) {
        for (int which = JOB_PEER; which <= JOB_BATCH; which++) {
            outcome result = run_apart((job)which, stream);
            ns[which][run] = result.ns_per_op;
            ratios[which][run] = result.ns_per_op / ns[JOB_PEER][run];
            megabytes[which] = result.megabytes;
        }
    }
    outcome latency = run_apart(JOB_LATENCY, stream);
    printf("%-16s %8.2f  %7.2f %6.3f  %7.2f %6.3f  %6.1f %6.1f  %5.0f %5.0f %6.0f %8.0f\n",
           stream->name, median(ns[JOB_PEER]), median(ns[JOB_CALLS]), median(ratios[JOB_CALLS]),
           median(ns[JOB_BATCH]), median(ratios[JOB_BATCH]), megabytes[JOB_PEER],
           megabytes[JOB_CALLS], latency.latency_ns[0], latency.latency_ns[1],
           latency.latency_ns[2], latency.latency_ns[3]);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void measure_folder(const char *folder) {
    char *paths[STREAM_COUNT_MAX];
    size_t count = 0;
    DIR *directory = opendir(folder);
    require(directory != NULL, "opening $TRADEWIND_STREAMS");
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < STREAM_COUNT_MAX;) {
        const char *point = strrchr(entry->d_name, '.');
        if (point != NULL && strcmp(point, ".obs") == 0)
            require(asprintf(&paths[count++], "%s/%s", folder, entry->d_name) > 0, "memory");
    }
    closedir(directory);
    qsort(paths, count, sizeof *paths, by_name);
    for (size_t i = 0; i < count; i++) {
        book_stream stream;
        book_stream_load(&stream, paths[i]);
        measure(&stream);
        book_stream_done(&stream);
        free(paths[i]);
    }
}

static void measure_made(void) {
    static const uint32_t shapes[2][2] = {{1, 20000}, {500, 1000000}};
    for (int i = 0; i < 2; i++) {
        book_stream stream;
        book_stream_make(&stream, 10000000, shapes[i][0], shapes[i][1]);
        measure(&stream);
        book_stream_done(&stream);
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ns an operation, medians of %d; ratio to the peer in the same run; MB grown; ns of one "
           "call\n%-16s %8s  %7s %6s  %7s %6s  %6s %6s  %5s %5s %6s %8s\n",
           RUN_COUNT, "stream", "peer", "calls", "ratio", "batch", "ratio", "peerMB", "MB", "p50",
           "p99", "p99.9", "most");
    const char *folder = getenv("TRADEWIND_STREAMS");
    for (int i = 1; i < argc; i++) {
        book_stream stream;
        book_stream_load(&stream, argv[i]);
        measure(&stream);
        book_stream_done(&stream);
    }
    if (argc == 1 && folder != NULL)
        measure_folder(folder);
    else if (argc == 1)
        measure_made();
    return 0;
}
