/* bench_table.c - the results on a terminal: a row a job, and what they come to in sentences. */
#include <stdio.h>

#include "bench_results.h"
#include "output_file.h"
#include "table.h"

static const char *const NOTHING = "-";

static void add_ns(table *rows, const proof_result *result, uint32_t way) {
    char cell[BENCH_CELL_SIZE];
    bool there = way < PROOF_WAYS_MAX && result->ways[way].measured;
    table_cell(rows, there ? bench_span(result->ways[way].ns.median, cell) : NOTHING);
}

static void add_speedup(table *rows, const proof_result *result) {
    char least[BENCH_CELL_SIZE];
    char most[BENCH_CELL_SIZE];
    char median[BENCH_CELL_SIZE];
    char cell[3 * BENCH_CELL_SIZE];
    const proof_figure *speedup = &result->speedup;
    if (speedup->count == 0) {
        table_cell(rows, NOTHING);
        table_cell(rows, NOTHING);
        return;
    }
    snprintf(cell, sizeof cell, "%s to %s", bench_times(speedup->low, least),
             bench_times(speedup->high, most));
    table_cell(rows, bench_times(speedup->median, median));
    table_cell(rows, cell);
}

static void add_peer(table *rows, const proof_job *job, const proof_result *result) {
    char times[BENCH_CELL_SIZE];
    char cell[2 * BENCH_CELL_SIZE];
    const char *peer = "";
    double ratio = bench_best_peer(job, result, &peer);
    if (ratio > 0)
        snprintf(cell, sizeof cell, "%s %.60s", bench_times(ratio, times), peer);
    table_cell(rows, ratio > 0 ? cell : NOTHING);
}

/* How near ours is to what the machine allows: 1.0x is there. */
static void add_limit(table *rows, const proof_job *job, const proof_result *result) {
    char cell[BENCH_CELL_SIZE];
    uint32_t limit = proof_find(job, PROOF_LIMIT);
    bool there = limit < PROOF_WAYS_MAX && result->ways[limit].measured;
    table_cell(rows, there ? bench_times(1 / result->ratio[limit].median, cell) : NOTHING);
}

static void add_row(table *rows, const proof_job *job, const proof_result *result) {
    char claim[BENCH_CELL_SIZE];
    table_row(rows);
    table_cell(rows, job->name);
    table_cell(rows, job->unit);
    if (result->verdict == PROOF_FAILED) {
        for (int i = 0; i < 7; i++)
            table_cell(rows, NOTHING);
    } else {
        add_ns(rows, result, proof_find(job, PROOF_NAIVE));
        add_ns(rows, result, proof_find(job, PROOF_OURS));
        add_speedup(rows, result);
        table_cell(rows, bench_claim(job, claim));
        add_peer(rows, job, result);
        add_limit(rows, job, result);
    }
    table_cell(rows, proof_verdict_name(result->verdict));
}

/* ---- sentences ------------------------------------------------------------------------------- */

static void say_failed(const proof_job *job, const proof_result *result) {
    if (result->verdict == PROOF_FAILED)
        printf("%s failed: %s\n", job->name, result->error.message);
    else if (result->verdict == PROOF_NOISY)
        printf("%s: nothing is concluded, for the machine was busy, with a noise of %.0f%%.\n",
               job->name, result->noise * 100);
    else if (result->verdict == PROOF_MISSED && job->exception != NULL)
        printf("%s stays below the guide's claim: %s\n", job->name, job->exception);
}

static void say_missing(const proof_job *job, const proof_result *result) {
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (result->verdict != PROOF_FAILED && result->ways[way].reason[0] != '\0')
            printf("%s is without %s: %s\n", job->name, job->ways[way].name,
                   result->ways[way].reason);
    }
}

static void say_quality(const proof_job *job, const proof_result *result) {
    char words[BENCH_LINE_SIZE];
    if (bench_quality(job, result, words)[0] != '\0')
        printf("%s: %s\n", job->name, words);
}

tw_status bench_print_table(const bench_results *results, tw_error *error) {
    const bench_machine *machine = &results->machine;
    table *rows =
        table_new("JOB|PER|>NAIVE|>OURS|>SPEED-UP|SPREAD|>GUIDE|PEER|>OF LIMIT|GUIDE'S CLAIM");
    for (size_t i = 0; i < results->count; i++)
        add_row(rows, results->jobs[i], &results->results[i]);
    tw_status status = table_end(rows, error);
    if (status != TW_OK)
        return status;
    printf("\nMedians of repetitions that took turns; the spread is from the least to the greatest "
           "ratio of one round.\n"
           "Of limit: how many times as long ours takes as the least that this machine has to do "
           "for it.\n%s, %d processors, %s; %s.\n",
           machine->processor, machine->processors, machine->system, machine->compiler);
    for (size_t i = 0; i < results->count; i++)
        say_quality(results->jobs[i], &results->results[i]);
    for (size_t i = 0; i < results->count; i++)
        say_failed(results->jobs[i], &results->results[i]);
    for (size_t i = 0; i < results->count; i++)
        say_missing(results->jobs[i], &results->results[i]);
    return output_printed(error);
}
