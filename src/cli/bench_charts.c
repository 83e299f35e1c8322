/*
 * bench_charts.c - pictures with a row for each thing: of all jobs, of the repetitions of one, of
 * its percentiles. A row has its words above what is drawn, so that a phone has room for both.
 */
#include "bench_charts.h"

#include <math.h>
#include <string.h>

#include "bench_plot.h"
#include "tradewind/text.h"

enum { DESCRIPTION_SIZE = 4096, AXIS_HEIGHT = 26, TICKS = 6 };

const char *bench_way_kind(const proof_job *job, uint32_t way) {
    static const char *const firsts[] = {
        [PROOF_NAIVE] = "naive", [PROOF_OURS] = "ours", [PROOF_LIMIT] = "limit"};
    static const char *const others[PROOF_WAYS_MAX] = {"peer1", "peer2", "peer3",
                                                       "peer4", "peer5", "peer5"};
    uint32_t other = 0;
    for (uint32_t i = 0; i <= way; i++) {
        proof_role role = job->ways[i].role;
        bool is_first = role != PROOF_PEER && proof_find(job, role) == i;
        if (i == way)
            return is_first ? firsts[role] : others[other];
        other += !is_first;
    }
    return others[0];
}

const char *bench_verdict_kind(proof_verdict verdict) {
    static const char *const kinds[] = {
        [PROOF_FAILED] = "failed", [PROOF_NOISY] = "noisy",     [PROOF_UNCLAIMED] = "unclaimed",
        [PROOF_BEATEN] = "beaten", [PROOF_REACHED] = "reached", [PROOF_MISSED] = "missed"};
    return kinds[verdict];
}

/* ---- what all of them have ------------------------------------------------------------------- */

typedef struct range {
    double least;
    double greatest;
} range;

static void reach(range *over, double least, double greatest) {
    over->least = over->least > 0 ? fmin(over->least, least) : least;
    over->greatest = fmax(over->greatest, greatest);
}

/* Lines down from every tick, and its words below. */
static void put_across(FILE *stream, const plot_scale *scale, double height,
                       char *(*words)(double, char *)) {
    double ticks[PLOT_TICKS_MAX];
    char word[PLOT_WORD_SIZE];
    double bottom = height - AXIS_HEIGHT + 4;
    size_t count = plot_ticks(scale, TICKS, ticks);
    for (size_t i = 0; i < count; i++) {
        double at = plot_at(scale, ticks[i]);
        plot_line(stream, "grid", (double[]){at, 0}, (double[]){at, bottom});
        plot_label(stream, "tick middle", at, height - 6, words(ticks[i], word));
    }
}

/* ---- all jobs -------------------------------------------------------------------------------- */

enum { JOB_HEIGHT = 38, BAR_TOP = 18, BAR_BOTTOM = 34, BAR_MIDDLE = 26 };

static range reach_of_all(const bench_results *results) {
    range over = {1, 1};
    for (size_t i = 0; i < results->count; i++) {
        const proof_job *job = results->jobs[i];
        const proof_result *result = &results->results[i];
        const char *peer = "";
        if (job->claimed_min > 0)
            reach(&over, job->claimed_min, job->claimed_max);
        if (result->speedup.count > 0)
            reach(&over, result->speedup.low, result->speedup.high);
        double ratio = result->verdict != PROOF_FAILED ? bench_best_peer(job, result, &peer) : 0;
        if (ratio > 0)
            reach(&over, ratio, ratio);
    }
    return over;
}

static void put_peer(FILE *stream, const plot_scale *scale, const proof_job *job,
                     const proof_result *result, double middle) {
    char words[2 * BENCH_CELL_SIZE];
    char times[BENCH_CELL_SIZE];
    const char *peer = "";
    double ratio = bench_best_peer(job, result, &peer);
    if (ratio <= 0)
        return;
    snprintf(words, sizeof words, "%.60s takes %s as long as ours", peer,
             bench_times(ratio, times));
    plot_sign(stream, "peer", plot_at(scale, ratio), middle, words);
}

static void put_speedup(FILE *stream, const plot_scale *scale, const proof_result *result,
                        double middle) {
    char words[4 * BENCH_CELL_SIZE];
    char cells[3][BENCH_CELL_SIZE];
    const char *kind = bench_verdict_kind(result->verdict);
    const proof_figure *speedup = &result->speedup;
    char spread[BENCH_CELL_SIZE];
    snprintf(words, sizeof words, "%s, from %s to %s", bench_times(speedup->median, cells[0]),
             bench_times(speedup->low, cells[1]), bench_times(speedup->high, cells[2]));
    snprintf(spread, sizeof spread, "spread %s", kind);
    plot_line(stream, spread, (double[]){plot_at(scale, speedup->low), middle},
              (double[]){plot_at(scale, speedup->high), middle});
    plot_sign(stream, kind, plot_at(scale, speedup->median), middle, words);
}

/* Where speed is not what counts, what does stands right of the mark. */
static void put_quality(FILE *stream, const plot_scale *scale, const proof_job *job,
                        const proof_result *result, double middle) {
    char words[BENCH_LINE_SIZE];
    uint32_t naive = proof_find(job, PROOF_NAIVE);
    uint32_t ours = proof_find(job, PROOF_OURS);
    if (job->quality == NULL || naive == PROOF_WAYS_MAX || result->speedup.high >= 1)
        return;
    snprintf(words, sizeof words, "but %.4g %.120s against %.4g", result->ways[ours].quality,
             job->quality, result->ways[naive].quality);
    plot_label(stream, "note wide", plot_at(scale, result->speedup.high) + 2, middle + 4, words);
}

static void put_job(FILE *stream, const plot_scale *scale, const proof_job *job,
                    const proof_result *result, double top) {
    char value[BENCH_CELL_SIZE];
    double middle = top + BAR_MIDDLE;
    if (result->speedup.count > 0)
        bench_times(result->speedup.median, value);
    else
        snprintf(value, sizeof value, "%s", result->verdict == PROOF_FAILED ? "failed" : "-");
    plot_label(stream, "name wide", 0, middle + 4, job->name);
    plot_label(stream, "name slim", 0, top + 12, job->name);
    plot_label(stream, "value wide", 100, middle + 4, value);
    plot_label(stream, "value slim", 100, top + 12, value);
    if (job->claimed_min > 0)
        plot_box(stream, "claim", (double[]){plot_at(scale, job->claimed_min), top + BAR_TOP},
                 (double[]){plot_at(scale, job->claimed_max), top + BAR_BOTTOM});
    if (result->verdict == PROOF_FAILED)
        return;
    put_peer(stream, scale, job, result, middle);
    if (result->speedup.count > 0) {
        put_speedup(stream, scale, result, middle);
        put_quality(stream, scale, job, result, middle);
    }
}

static void describe_all(const bench_results *results, tw_text *text) {
    for (size_t i = 0; i < results->count; i++) {
        char times[BENCH_CELL_SIZE];
        char claim[BENCH_CELL_SIZE];
        const proof_result *result = &results->results[i];
        bench_claim(results->jobs[i], claim);
        tw_text_append_format(text, "%s%s: %s", i > 0 ? "; " : "", results->jobs[i]->name,
                              result->speedup.count > 0 ? bench_times(result->speedup.median, times)
                                                        : "none");
        if (claim[0] != '\0')
            tw_text_append_format(text, ", the guide claims %s", claim);
    }
}

void bench_chart_summary(const bench_results *results, FILE *stream) {
    char memory[DESCRIPTION_SIZE];
    tw_text description = tw_text_over(memory, sizeof memory);
    range over = reach_of_all(results);
    plot_scale scale = plot_scale_over(over.least, over.greatest, 0, 100);
    double height = (double)(results->count * JOB_HEIGHT + AXIS_HEIGHT);
    describe_all(results, &description);
    plot_begin(stream, &(plot){"summary", "summary", height}, "How many times as fast each job is",
               memory);
    put_across(stream, &scale, height, plot_times);
    double one = plot_at(&scale, 1);
    plot_line(stream, "one", (double[]){one, 0}, (double[]){one, height - AXIS_HEIGHT + 4});
    for (size_t i = 0; i < results->count; i++)
        put_job(stream, &scale, results->jobs[i], &results->results[i], (double)(i * JOB_HEIGHT));
    plot_end(stream);
}

/* ---- a row a way ----------------------------------------------------------------------------- */

enum { WAY_HEIGHT = 52, STRIP_TOP = 22, STRIP_BOTTOM = 46 };

static void put_way_words(FILE *stream, const proof_job *job, uint32_t way, double top,
                          const char *value) {
    char kind[BENCH_CELL_SIZE];
    snprintf(kind, sizeof kind, "way %s", bench_way_kind(job, way));
    plot_label(stream, kind, 0, top + 14, job->ways[way].name);
    plot_label(stream, "value end", 100, top + 14, value);
}

/* Down in the order in which they were: the first at the top. */
static void put_samples(FILE *stream, const plot_scale *scale, const proof_job *job,
                        const proof_result *result, uint32_t way, double top) {
    const proof_way_result *of = &result->ways[way];
    char word[BENCH_CELL_SIZE];
    const char *kind = bench_way_kind(job, way);
    double height = STRIP_BOTTOM - STRIP_TOP - 8;
    char strip[BENCH_CELL_SIZE];
    snprintf(strip, sizeof strip, "strip %s", kind);
    plot_box(stream, strip, (double[]){plot_at(scale, of->ns.low), top + STRIP_TOP},
             (double[]){plot_at(scale, of->ns.high), top + STRIP_BOTTOM});
    for (uint32_t round = 0; round < result->rounds; round++) {
        double share = result->rounds > 1 ? (double)round / (result->rounds - 1) : 0.5;
        plot_sign(stream, kind, plot_at(scale, of->samples[round]),
                  top + STRIP_TOP + 4 + share * height, bench_span(of->samples[round], word));
    }
    double median = plot_at(scale, of->ns.median);
    snprintf(strip, sizeof strip, "median %s", kind);
    plot_line(stream, strip, (double[]){median, top + STRIP_TOP - 2},
              (double[]){median, top + STRIP_BOTTOM + 2});
}

/* "185 us, -2% +10%" */
static char *spread_words(const proof_figure *ns, char words[2 * BENCH_CELL_SIZE]) {
    char median[BENCH_CELL_SIZE];
    snprintf(words, 2 * BENCH_CELL_SIZE, "%s, -%.0f%% +%.0f%%", bench_span(ns->median, median),
             (1 - ns->low / ns->median) * 100, (ns->high / ns->median - 1) * 100);
    return words;
}

void bench_chart_samples(const proof_job *job, const proof_result *result, FILE *stream) {
    char memory[DESCRIPTION_SIZE];
    char id[BENCH_CELL_SIZE];
    char word[BENCH_CELL_SIZE];
    char words[2 * BENCH_CELL_SIZE];
    tw_text description = tw_text_over(memory, sizeof memory);
    range over = {0, 0};
    double height = AXIS_HEIGHT;
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        const proof_way_result *of = &result->ways[way];
        if (!of->measured)
            continue;
        tw_text_append_format(&description, "%s: median %s; ", job->ways[way].name,
                              bench_span(of->ns.median, word));
        reach(&over, of->ns.low, of->ns.high);
        height += WAY_HEIGHT;
    }
    plot_scale scale = plot_scale_over(over.least, over.greatest, 0, 100);
    snprintf(id, sizeof id, "samples-%.40s", job->name);
    plot_begin(stream, &(plot){"samples", id, height}, "The time of every repetition", memory);
    put_across(stream, &scale, height, plot_span);
    double top = 0;
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (!result->ways[way].measured)
            continue;
        put_way_words(stream, job, way, top, spread_words(&result->ways[way].ns, words));
        put_samples(stream, &scale, job, result, way, top);
        top += WAY_HEIGHT;
    }
    plot_end(stream);
}

/* ---- percentiles ----------------------------------------------------------------------------- */

static const char *const QUANTILES[] = {"median", "99% below", "99.9% below", "greatest"};

static bool has_latency(const proof_result *result, uint32_t way) {
    return result->ways[way].measured && result->ways[way].latency_ns[3] > 0;
}

bool bench_has_latency(const proof_job *job, const proof_result *result) {
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (has_latency(result, way))
            return true;
    }
    return false;
}

static void put_quantiles(FILE *stream, const plot_scale *scale, const proof_job *job,
                          const proof_result *result, uint32_t way, double top) {
    const int64_t *latency_ns = result->ways[way].latency_ns;
    char words[4 * BENCH_CELL_SIZE];
    char cells[2][BENCH_CELL_SIZE];
    const char *kind = bench_way_kind(job, way);
    double middle = top + (double)(STRIP_TOP + STRIP_BOTTOM) / 2;
    snprintf(words, sizeof words, "%s, 99%% below %s", bench_span((double)latency_ns[0], cells[0]),
             bench_span((double)latency_ns[1], cells[1]));
    put_way_words(stream, job, way, top, words);
    snprintf(words, sizeof words, "spread %s", kind);
    plot_line(stream, words, (double[]){plot_at(scale, (double)latency_ns[0]), middle},
              (double[]){plot_at(scale, (double)latency_ns[3]), middle});
    for (int i = 0; i < 4; i++) {
        snprintf(words, sizeof words, "%s %s", QUANTILES[i],
                 bench_span((double)latency_ns[i], cells[0]));
        plot_sign(stream, kind, plot_at(scale, (double)latency_ns[i]), middle, words);
    }
}

void bench_chart_latency(const proof_job *job, const proof_result *result, FILE *stream) {
    char memory[DESCRIPTION_SIZE];
    char id[BENCH_CELL_SIZE];
    char cells[2][BENCH_CELL_SIZE];
    tw_text description = tw_text_over(memory, sizeof memory);
    range over = {0, 0};
    double height = AXIS_HEIGHT;
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        const int64_t *latency_ns = result->ways[way].latency_ns;
        if (!has_latency(result, way))
            continue;
        tw_text_append_format(&description, "%s: median %s, greatest %s; ", job->ways[way].name,
                              bench_span((double)latency_ns[0], cells[0]),
                              bench_span((double)latency_ns[3], cells[1]));
        reach(&over, latency_ns[0] > 0 ? (double)latency_ns[0] : 1, (double)latency_ns[3]);
        height += WAY_HEIGHT;
    }
    plot_scale scale = plot_scale_over(over.least, over.greatest, 0, 100);
    snprintf(id, sizeof id, "latency-%.40s", job->name);
    plot_begin(stream, &(plot){"latency", id, height}, "How long one takes: percentiles", memory);
    put_across(stream, &scale, height, plot_span);
    double top = 0;
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (!has_latency(result, way))
            continue;
        put_quantiles(stream, &scale, job, result, way, top);
        top += WAY_HEIGHT;
    }
    plot_end(stream);
}
