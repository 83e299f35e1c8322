/*
 * bench_results.h - what `tradewind bench` measured, and its three forms: a table, JSON, a page.
 */
#ifndef TRADEWIND_CLI_BENCH_RESULTS_H
#define TRADEWIND_CLI_BENCH_RESULTS_H

#include <stdio.h>

#include "proof.h"
#include "tradewind/error.h"

enum { BENCH_LINE_SIZE = 256 };

/* Where and with what it was measured. Empty: the machine does not say. */
typedef struct bench_machine {
    char processor[BENCH_LINE_SIZE]; /* its model */
    int processors;                  /* that we may use */
    char instructions[32];           /* the vector level that our loops take */
    double memory_bytes;
    char system[BENCH_LINE_SIZE]; /* kernel */
    char hypervisor[64];
    char disk[BENCH_LINE_SIZE]; /* file system of the folder that is written to */
    char compiler[BENCH_LINE_SIZE];
    char flags[BENCH_LINE_SIZE];
    char libraries[BENCH_LINE_SIZE]; /* "SQLite 3.40.1, libcurl 7.88.1" */
    char version[64];                /* of Tradewind */
    char commit[64];
} bench_machine;

typedef struct bench_results {
    bench_machine machine;
    int64_t begun_ns; /* since 1970 */
    int64_t elapsed_ns;
    bool quick;
    size_t count;
    const proof_job *const *jobs;
    proof_result *results; /* one a job */
} bench_results;

/* Looks at the machine. `folder` is where jobs write. */
void bench_machine_read(bench_machine *machine, const char *folder);

tw_status bench_print_table(const bench_results *results, tw_error *error) TW_MUST_CHECK;

/* One JSON document, without the end of the stream being tested. */
void bench_write_json(const bench_results *results, FILE *stream);

/* One self-contained page: no script, and nothing from any other host. */
void bench_write_page(const bench_results *results, FILE *stream);

/* ---- words that several forms share ---------------------------------------------------------- */

enum { BENCH_CELL_SIZE = 64 };

/* "10-50x", or "" where the guide claims nothing. */
char *bench_claim(const proof_job *job, char buffer[BENCH_CELL_SIZE]);

/* "38.2x", with the digits that mean something. */
char *bench_times(double times, char buffer[BENCH_CELL_SIZE]);

/* "410 ns", "1.24 us", "18.0 ms". */
char *bench_span(double ns, char buffer[BENCH_CELL_SIZE]);

/* "2.43M", "1.98k", "12.0": how many a second if one takes so long. */
char *bench_rate(double ns, char buffer[BENCH_CELL_SIZE]);

/* "trades a plan: 13.3 against 99 of the naive way, and less is better."; "" where speed is all. */
char *bench_quality(const proof_job *job, const proof_result *result, char buffer[BENCH_LINE_SIZE]);

/* How much faster ours is than the fastest peer; 0: none was measured. The name goes into
 * *ret_peer. */
double bench_best_peer(const proof_job *job, const proof_result *result, const char **ret_peer);

#endif
