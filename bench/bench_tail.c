/*
 * bench_tail.c - historical value at risk and expected shortfall of one long series, beside NumPy.
 *
 *     bench_tail [COUNT]       (1,000,000 returns)
 *
 * The same returns go to bench/peer_tail.py through a temporary file, in the same run, and the
 * figures must agree. Printed is the least processor time of RUN_COUNT and its ratio to NumPy's:
 * by selection from a series that is loaded, and with loading it, which looks at every value and
 * copies it. Without NumPy only our own figures are printed. PYTHON names the interpreter
 * (python3).
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/performance.h"
#include "tradewind/random.h"

enum { RUN_COUNT = 15, COUNT = 1000000, COMMAND_SIZE = 4096 };

/* Of the processor, so that other work on the machine matters less; all here is one thread. */
static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- The peer ------------------------------------------------------------------------------ */

typedef struct answer {
    double ms; /* not above 0: there is none */
    double value;
} answer;

typedef struct row {
    tw_figure figure;
    double tail;
    const char *peer; /* the name of its row */
    answer peer_answer;
} row;

static const row all_rows[] = {
    {.figure = TW_FIGURE_VALUE_AT_RISK, .tail = 0.01, .peer = "partition"},
    {.figure = TW_FIGURE_VALUE_AT_RISK, .tail = 0.05, .peer = "partition"},
    {.figure = TW_FIGURE_VALUE_AT_RISK, .tail = 0.01, .peer = "quantile"},
    {.figure = TW_FIGURE_VALUE_AT_RISK, .tail = 0.05, .peer = "quantile"},
    {.figure = TW_FIGURE_EXPECTED_SHORTFALL, .tail = 0.01, .peer = "shortfall"},
    {.figure = TW_FIGURE_EXPECTED_SHORTFALL, .tail = 0.05, .peer = "shortfall"}};
enum { ROW_COUNT = sizeof all_rows / sizeof all_rows[0] };

static void take_line(const char *line, row *rows) {
    char name[32];
    double tail;
    answer found;
    if (sscanf(line, "%31s %lf %lf %lf", name, &tail, &found.ms, &found.value) != 4)
        return;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].peer, name) == 0 && rows[i].tail == tail)
            rows[i].peer_answer = found;
    }
}

/* Hands the returns to the peer and fills in its answers; they stay empty without one. */
static void ask_peer(const double *returns, size_t count, row *rows) {
    const char *python = getenv("PYTHON");
    char path[] = "/tmp/bench_tail.XXXXXX";
    char command[COMMAND_SIZE];
    char line[256];
    int file = mkstemp(path);
    require(file >= 0, path);
    FILE *out = fdopen(file, "wb");
    require(out != NULL && fwrite(returns, sizeof *returns, count, out) == count, path);
    require(fclose(out) == 0, path);
    snprintf(command, sizeof command, "%s %s/peer_tail.py %s", python != NULL ? python : "python3",
             BENCH_SOURCE_FOLDER, path);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): a bench, and its own command */
    require(pipe != NULL, command);
    while (fgets(line, sizeof line, pipe) != NULL)
        take_line(line, rows);
    if (pclose(pipe) != 0)
        fprintf(stderr, "bench_tail: without NumPy\n");
    unlink(path);
}

/* ---- Ours ---------------------------------------------------------------------------------- */

static void load(tw_performance *performance, double tail, const double *returns, size_t count) {
    tw_performance_config config;
    tw_error error = {0};
    tw_performance_config_init(&config);
    config.tail = tail;
    const tw_performance_input input = {.returns = returns, .count = count};
    require(tw_performance_load(performance, &config, &input, &error) == TW_OK, "loading");
}

/* `selecting` is of a series that is loaded already. */
static void measure(tw_performance *performance, const row *r, const double *returns, size_t count,
                    answer *ret_selecting, answer *ret_loading) {
    *ret_selecting = *ret_loading = (answer){.ms = INFINITY};
    for (int i = 0; i < RUN_COUNT; i++) {
        double begin = now_ms();
        load(performance, r->tail, returns, count);
        double loaded = now_ms();
        double value = tw_performance_value(performance, r->figure);
        double end = now_ms();
        ret_selecting->ms = fmin(ret_selecting->ms, end - loaded);
        ret_loading->ms = fmin(ret_loading->ms, end - begin);
        ret_selecting->value = ret_loading->value = value;
    }
}

static void report(tw_performance *performance, const row *r, const double *returns, size_t count) {
    answer selecting;
    answer loading;
    measure(performance, r, returns, count, &selecting, &loading);
    printf("%-18s %2.0f%%  selected %7.3f ms   with loading %7.3f ms",
           r->figure == TW_FIGURE_VALUE_AT_RISK ? "value at risk" : "expected shortfall",
           100 - 100 * r->tail, selecting.ms, loading.ms);
    const answer *peer = &r->peer_answer;
    if (peer->ms > 0) {
        require(fabs(selecting.value / peer->value - 1) < 1e-12, "agreeing with NumPy");
        printf("   NumPy %-9s %7.3f ms, %5.1f and %5.1f times ours", r->peer, peer->ms,
               peer->ms / selecting.ms, peer->ms / loading.ms);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT;
    require(count >= 1000 && count <= 1000000000, "reading COUNT");
    double *returns = tw_allocate(NULL, count, sizeof *returns, 64);
    tw_performance *performance = NULL;
    tw_random random;
    require(returns != NULL && tw_performance_new(NULL, count, &performance) == TW_OK,
            "taking memory");
    tw_random_init(&random, 1, 0);
    for (size_t i = 0; i < count; i++)
        returns[i] = 0.0005 + 0.01 * tw_random_normal(&random);
    row rows[ROW_COUNT];
    memcpy(rows, all_rows, sizeof rows);
    ask_peer(returns, count, rows);
    printf("%zu returns\n", count);
    for (size_t i = 0; i < ROW_COUNT; i++)
        report(performance, &rows[i], returns, count);
    tw_performance_free(performance);
    return 0; /* the returns go with the process */
}
