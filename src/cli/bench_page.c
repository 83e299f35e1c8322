/*
 * bench_page.c - the report: one page that can be read anywhere, without a script and without
 * anything from elsewhere. It is written as XML, so that any reader of XML can take it apart.
 */
#include "bench_page.h"

#include "bench_charts.h"
#include "bench_plot.h"
#include "tradewind/time.h"

/* Forms that can be told apart without their colours. */
static const struct {
    const char *kind;
    const char *path;
} SIGNS[] = {
    {"naive", "M-4-4H4V4H-4z"},
    {"ours", "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0-4.5 0z"},
    {"limit", "M-1.5-5H1.5V5H-1.5z"},
    {"peer1", "M0-5.5L5 4H-5z"},
    {"peer2", "M0-5.5L5.5 0 0 5.5-5.5 0z"},
    {"peer3", "M0 5.5L5-4H-5z"},
    {"peer4", "M-1.5-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5z"},
    {"peer5", "M-2.5-4.5L4.5 0-2.5 4.5z"},
    {"beaten", "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0-6 0z"},
    {"reached", "M0-7L7 0 0 7-7 0z"},
    {"missed", "M0 6.5L6.5-5H-6.5z"},
    {"unclaimed", "M-5-5H5V5H-5z"},
    {"noisy", "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0-6 0zM-3.5 0A3.5 3.5 0 1 1 3.5 0A3.5 3.5 0 1 1-3.5 0z"},
    {"failed", "M-6-4L-4-6 0-2 4-6 6-4 2 0 6 4 4 6 0 2-4 6-6 4-2 0z"},
    {"peer", "M-1.5-9H1.5V9H-1.5z"},
};

static void put_signs(FILE *stream) {
    fputs("<svg class=\"signs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n", stream);
    for (size_t i = 0; i < sizeof SIGNS / sizeof SIGNS[0]; i++)
        fprintf(stream, "<path id=\"sign-%s\" d=\"%s\"/>\n", SIGNS[i].kind, SIGNS[i].path);
    fputs("</defs></svg>\n", stream);
}

/* ---- where and with what --------------------------------------------------------------------- */

static void put_fact(FILE *stream, const char *name, const char *words) {
    if (words[0] == '\0')
        return;
    fputs("<div><dt>", stream);
    plot_words(stream, name);
    fputs("</dt><dd>", stream);
    plot_words(stream, words);
    fputs("</dd></div>\n", stream);
}

static void put_machine(const bench_machine *machine, FILE *stream) {
    char words[2 * BENCH_LINE_SIZE];
    fputs("<dl class=\"facts\">\n", stream);
    put_fact(stream, "Processor", machine->processor);
    snprintf(words, sizeof words, "%d to run on, loops with %s", machine->processors,
             machine->instructions);
    put_fact(stream, "Cores", words);
    snprintf(words, sizeof words, "%.1f GiB", machine->memory_bytes / (1 << 30));
    put_fact(stream, "Memory", words);
    put_fact(stream, "Hypervisor",
             machine->hypervisor[0] != '\0' ? machine->hypervisor : "none is told of");
    put_fact(stream, "Kernel", machine->system);
    put_fact(stream, "Disk", machine->disk);
    put_fact(stream, "Compiler", machine->compiler);
    put_fact(stream, "Libraries", machine->libraries);
    snprintf(words, sizeof words, "%s, commit %s", machine->version, machine->commit);
    put_fact(stream, "Tradewind", words);
    put_fact(stream, "Flags", machine->flags);
    fputs("</dl>\n", stream);
}

/* ---- how it went ----------------------------------------------------------------------------- */

static void put_noise(const bench_results *results, FILE *stream) {
    double worst = 0;
    const char *name = "";
    size_t noisy = 0;
    for (size_t i = 0; i < results->count; i++) {
        const proof_result *result = &results->results[i];
        noisy += result->verdict == PROOF_NOISY;
        if (result->verdict != PROOF_FAILED && result->noise >= worst) {
            worst = result->noise;
            name = results->jobs[i]->name;
        }
    }
    fprintf(stream, "<p class=\"%s\">", noisy > 0 ? "notice" : "calm");
    if (noisy == 0)
        fprintf(stream, "The machine was quiet: a noise of %.0f%% at most", worst * 100);
    else
        fprintf(stream,
                "The machine was busy, so that of %zu job%s nothing is concluded: a noise of up to "
                "%.0f%%",
                noisy, noisy == 1 ? "" : "s", worst * 100);
    if (name[0] != '\0') {
        fputs(", during ", stream);
        plot_words(stream, name);
    }
    fputs(".</p>\n", stream);
}

static void put_counts(const bench_results *results, FILE *stream) {
    static const struct {
        proof_verdict verdict;
        const char *words;
    } counted[] = {{PROOF_BEATEN, "beat the claim"},       {PROOF_REACHED, "reach it"},
                   {PROOF_MISSED, "stay below it"},        {PROOF_UNCLAIMED, "have no claim"},
                   {PROOF_NOISY, "too noisy to conclude"}, {PROOF_FAILED, "failed"}};
    fputs("<ul class=\"counts\">\n", stream);
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        size_t count = 0;
        for (size_t job = 0; job < results->count; job++)
            count += results->results[job].verdict == counted[i].verdict;
        const char *kind = bench_verdict_kind(counted[i].verdict);
        if (count > 0)
            fprintf(stream,
                    "<li><svg class=\"key\" aria-hidden=\"true\"><use class=\"%s\" "
                    "href=\"#sign-%s\" x=\"50%%\" y=\"50%%\"/></svg><b>%zu</b> %s</li>\n",
                    kind, kind, count, counted[i].words);
    }
    fputs("</ul>\n", stream);
}

enum { DATE_SIZE = 10 }; /* of 2026-11-30T14:30:00Z */

static void put_head(const bench_results *results, FILE *stream) {
    char begun[TW_TIME_TEXT_SIZE];
    int seconds = (int)(results->elapsed_ns / TW_NS_PER_SECOND);
    tw_time_format(results->begun_ns, 0, begun);
    begun[DATE_SIZE] = ' ';
    begun[DATE_SIZE + 6] = '\0';
    fprintf(
        stream,
        "<header class=\"top\">\n<p class=\"kicker\">Tradewind benchmark report</p>\n"
        "<h1>What each optimisation is worth</h1>\n"
        "<p class=\"lead\">%zu piece%s of work of a trading system, each done the naive way and "
        "ours, beside peers that are installed and beside the least that this machine allows. "
        "All of them took turns in the same run, and computed the same results.</p>\n",
        results->count, results->count == 1 ? "" : "s");
    put_counts(results, stream);
    fprintf(stream, "<p class=\"when\">%s, begun %s UTC, measured in %d min %d s.</p>\n",
            results->quick ? "A quick run, of few and short repetitions" : "A full run", begun,
            seconds / 60, seconds % 60);
    put_noise(results, stream);
    put_machine(&results->machine, stream);
    fputs("</header>\n", stream);
}

/* ---- all jobs -------------------------------------------------------------------------------- */

static void put_key(FILE *stream, const char *kind, const char *words) {
    fprintf(stream,
            "<li><svg class=\"key\" aria-hidden=\"true\"><use class=\"%s\" href=\"#sign-%s\" "
            "x=\"50%%\" y=\"50%%\"/></svg>%s</li>\n",
            kind, kind, words);
}

static void put_keys(FILE *stream) {
    fputs("<ul class=\"keys\">\n"
          "<li><svg class=\"key long\" aria-hidden=\"true\"><rect class=\"claim\" width=\"100%\" "
          "height=\"100%\"/></svg>what the guide claims</li>\n",
          stream);
    put_key(stream, "beaten", "naive by ours: beats the claim");
    put_key(stream, "reached", "reaches it");
    put_key(stream, "missed", "stays below");
    put_key(stream, "unclaimed", "no claim");
    put_key(stream, "noisy", "nothing concluded");
    put_key(stream, "peer", "the fastest peer by ours");
    fputs("</ul>\n", stream);
}

static void put_cell(FILE *stream, const char *words) {
    fputs("<td class=\"number\">", stream);
    plot_words(stream, words[0] != '\0' ? words : "-");
    fputs("</td>", stream);
}

static void put_ns(FILE *stream, const proof_result *result, uint32_t way) {
    char cell[BENCH_CELL_SIZE];
    bool there =
        result->verdict != PROOF_FAILED && way < PROOF_WAYS_MAX && result->ways[way].measured;
    put_cell(stream, there ? bench_span(result->ways[way].ns.median, cell) : "");
}

static void put_row(const proof_job *job, const proof_result *result, FILE *stream) {
    char cells[2][BENCH_CELL_SIZE];
    char words[4 * BENCH_CELL_SIZE];
    const char *peer = "";
    const proof_figure *speedup = &result->speedup;
    double ratio = result->verdict != PROOF_FAILED ? bench_best_peer(job, result, &peer) : 0;
    uint32_t limit =
        result->verdict != PROOF_FAILED ? proof_find(job, PROOF_LIMIT) : PROOF_WAYS_MAX;
    fputs("<tr><th scope=\"row\"><a href=\"#job-", stream);
    plot_words(stream, job->name);
    fputs("\">", stream);
    plot_words(stream, job->name);
    fputs("</a></th><td>", stream);
    plot_words(stream, job->unit);
    fputs("</td>", stream);
    put_ns(stream, result, proof_find(job, PROOF_NAIVE));
    put_ns(stream, result, proof_find(job, PROOF_OURS));
    put_cell(stream, speedup->count > 0 ? bench_times(speedup->median, cells[0]) : "");
    snprintf(words, sizeof words, "%s to %s", bench_times(speedup->low, cells[0]),
             bench_times(speedup->high, cells[1]));
    put_cell(stream, speedup->count > 0 ? words : "");
    put_cell(stream, bench_claim(job, cells[0]));
    snprintf(words, sizeof words, "%s %.60s", bench_times(ratio, cells[0]), peer);
    put_cell(stream, ratio > 0 ? words : "");
    bool limited = limit < PROOF_WAYS_MAX && result->ways[limit].measured;
    put_cell(stream, limited ? bench_times(1 / result->ratio[limit].median, cells[0]) : "");
    fputs("<td>", stream);
    bench_page_badge(result, stream);
    fputs("</td></tr>\n", stream);
}

/* Where not speed is what counts, it is said where speeds stand. */
static void put_quality(const proof_job *job, const proof_result *result, FILE *stream) {
    char words[BENCH_LINE_SIZE];
    if (bench_quality(job, result, words)[0] == '\0')
        return;
    fputs("<p class=\"under\">", stream);
    plot_words(stream, job->name);
    fputs(": ", stream);
    plot_words(stream, words);
    fputs("</p>\n", stream);
}

static void put_summary(const bench_results *results, FILE *stream) {
    fputs("<section class=\"card\">\n<h2>All jobs</h2>\n"
          "<p>How many times as fast as the naive way ours is, on a logarithmic scale; the line "
          "through a mark goes from the least to the greatest ratio of one round.</p>\n",
          stream);
    put_keys(stream);
    fputs("<figure class=\"wide-names\">", stream);
    bench_chart_summary(results, stream);
    fputs(
        "</figure>\n<div class=\"scroll\" tabindex=\"0\"><table>\n"
        "<caption>Medians of all jobs</caption>\n"
        "<thead><tr><th scope=\"col\">Job</th><th scope=\"col\">Per</th>"
        "<th scope=\"col\" class=\"number\">Naive</th><th scope=\"col\" class=\"number\">Ours</th>"
        "<th scope=\"col\" class=\"number\">Speed-up</th>"
        "<th scope=\"col\" class=\"number\">Spread</th>"
        "<th scope=\"col\" class=\"number\">Guide</th>"
        "<th scope=\"col\" class=\"number\">Peer</th>"
        "<th scope=\"col\" class=\"number\">Of limit</th>"
        "<th scope=\"col\">Guide's claim</th></tr></thead>\n<tbody>\n",
        stream);
    for (size_t i = 0; i < results->count; i++)
        put_row(results->jobs[i], &results->results[i], stream);
    fputs(
        "</tbody></table></div>\n"
        "<p class=\"under\">Spread: of the speed-up. Peer: how many times as long the fastest one "
        "takes as ours. Of limit: how many times as long ours takes as the least that this machine "
        "has to do.</p>\n",
        stream);
    for (size_t i = 0; i < results->count; i++)
        put_quality(results->jobs[i], &results->results[i], stream);
    fputs("</section>\n", stream);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_method(FILE *stream) {
    fputs(
        "<section class=\"card method\">\n<h2>How it was measured</h2>\n<ul>\n"
        "<li><b>The same work.</b> Before anything is timed, every way does the same small piece, "
        "and their results are compared. A way that computes something else fails the job. The "
        "naive way is in C as ours is: what is told apart is the method, not the language. A way "
        "of the limit computes nothing and is not compared.</li>\n"
        "<li><b>Turns.</b> A repetition is a fixed number of units. In each round every way has "
        "one "
        "repetition, and each round begins with another way, so that a slow moment of the machine "
        "meets all of them. Ratios are taken within a round.</li>\n"
        "<li><b>Medians and spreads.</b> A figure is the median of all repetitions; its spread "
        "goes "
        "from the least to the greatest. Nothing is left out as an outlier.</li>\n"
        "<li><b>Noise.</b> Before each repetition stands a probe, a fixed chain of multiplications "
        "that takes about a millisecond. The noise is by how much the upper quartile of the probes "
        "lies above the fastest, or by how much longer repetitions of one thread took because "
        "they had to wait for a processor; above 15% nothing is concluded.</li>\n"
        "<li><b>The verdict.</b> Beaten: all of the spread lies above the guide's range. Reached: "
        "it meets the range. Missed: all of it lies below.</li>\n"
        "<li><b>Of limit.</b> How many times as long ours takes as the least that this machine has "
        "to do for the job, measured in the same run: 1.0x would be the machine itself.</li>\n"
        "<li><b>Again.</b> <code>tradewind bench --out report</code> writes this page, with "
        "<code>--quick</code> in a minute and a half; <code>--only NAME</code> does one job. Close "
        "everything else first. <code>results.json</code> beside it has every sample.</li>\n"
        "</ul>\n</section>\n",
        stream);
}

void bench_write_page(const bench_results *results, FILE *stream) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
          "<title>Tradewind: what each optimisation is worth</title>\n<style>\n",
          stream);
    fwrite(bench_page_style, 1, bench_page_style_size, stream);
    fputs("</style>\n</head>\n<body>\n", stream);
    put_signs(stream);
    fputs("<main>\n", stream);
    put_head(results, stream);
    put_summary(results, stream);
    for (size_t i = 0; i < results->count; i++)
        bench_page_job(results->jobs[i], &results->results[i], stream);
    put_method(stream);
    fputs("</main>\n</body>\n</html>\n", stream);
}
