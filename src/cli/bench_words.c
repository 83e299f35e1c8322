/* bench_words.c - the words that the forms of the results share. */
#include <stdio.h>

#include "bench_results.h"

/* As many digits behind the point as leave three that count. */
static int digits_of(double value) {
    return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

char *bench_claim(const proof_job *job, char buffer[BENCH_CELL_SIZE]) {
    buffer[0] = '\0';
    if (job->claimed_min > 0)
        snprintf(buffer, BENCH_CELL_SIZE, "%.0f-%.0fx", job->claimed_min, job->claimed_max);
    return buffer;
}

char *bench_times(double times, char buffer[BENCH_CELL_SIZE]) {
    snprintf(buffer, BENCH_CELL_SIZE, "%.*fx", digits_of(times), times);
    return buffer;
}

char *bench_span(double ns, char buffer[BENCH_CELL_SIZE]) {
    static const char *const units[] = {"ns", "us", "ms", "s"};
    size_t unit = 0;
    for (; ns >= 999.5 && unit < 3; unit++)
        ns /= 1000;
    snprintf(buffer, BENCH_CELL_SIZE, "%.*f %s", digits_of(ns), ns, units[unit]);
    return buffer;
}

char *bench_rate(double ns, char buffer[BENCH_CELL_SIZE]) {
    static const char *const units[] = {"", "k", "M", "G"};
    double rate = 1e9 / ns;
    size_t unit = 0;
    for (; rate >= 999.5 && unit < 3; unit++)
        rate /= 1000;
    snprintf(buffer, BENCH_CELL_SIZE, "%.*f%s", digits_of(rate), rate, units[unit]);
    return buffer;
}

char *bench_quality(const proof_job *job, const proof_result *result,
                    char buffer[BENCH_LINE_SIZE]) {
    uint32_t naive = proof_find(job, PROOF_NAIVE);
    uint32_t ours = proof_find(job, PROOF_OURS);
    buffer[0] = '\0';
    if (job->quality != NULL && result->verdict != PROOF_FAILED && naive < PROOF_WAYS_MAX &&
        result->ways[naive].measured)
        snprintf(buffer, BENCH_LINE_SIZE,
                 "%.120s: %.4g against %.4g of the naive way, and less is better.", job->quality,
                 result->ways[ours].quality, result->ways[naive].quality);
    return buffer;
}

double bench_best_peer(const proof_job *job, const proof_result *result, const char **ret_peer) {
    double least = 0;
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (job->ways[way].role != PROOF_PEER || !result->ways[way].measured ||
            (least > 0 && result->ratio[way].median >= least))
            continue;
        least = result->ratio[way].median;
        *ret_peer = job->ways[way].name;
    }
    return least;
}
