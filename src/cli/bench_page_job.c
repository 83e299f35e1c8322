/* bench_page_job.c - what the report says of one job. */
#include <string.h>

#include "bench_charts.h"
#include "bench_page.h"
#include "bench_plot.h"

enum { SENTENCE_SIZE = 640 };

/* ---- verdict --------------------------------------------------------------------------------- */

void bench_page_badge(const proof_result *result, FILE *stream) {
    const char *kind = bench_verdict_kind(result->verdict);
    fprintf(stream,
            "<span class=\"badge %s\"><svg class=\"key\" aria-hidden=\"true\"><use "
            "href=\"#sign-%s\" x=\"50%%\" y=\"50%%\"/></svg>%s</span>",
            kind, kind, proof_verdict_name(result->verdict));
}

/* "Ours is 8.7x as fast as the naive way, from 8.1x to 9.0x in a round." */
static void say_speedup(const proof_result *result, char *sentence) {
    char cells[3][BENCH_CELL_SIZE];
    const proof_figure *speedup = &result->speedup;
    if (speedup->count == 0)
        snprintf(sentence, SENTENCE_SIZE, "There is no naive way to put beside ours.");
    else
        snprintf(sentence, SENTENCE_SIZE,
                 "The naive way takes %s as long as ours, from %s to %s in a round.",
                 bench_times(speedup->median, cells[0]), bench_times(speedup->low, cells[1]),
                 bench_times(speedup->high, cells[2]));
}

static bool stays_below(const proof_job *job, const proof_result *result) {
    return result->speedup.count > 0 && result->speedup.median < job->claimed_min;
}

static const char *claim_words(const proof_job *job, const proof_result *result) {
    switch (result->verdict) {
    case PROOF_BEATEN:
        return "All of that lies above what the guide claims,";
    case PROOF_REACHED:
        return "That meets what the guide claims,";
    case PROOF_MISSED:
        return result->speedup.high < job->claimed_min
                   ? "All of that lies below what the guide claims,"
                   : "Only the best rounds meet what the guide claims,";
    case PROOF_NOISY:
        return "The guide claims";
    case PROOF_UNCLAIMED:
    case PROOF_FAILED:
        break;
    }
    return "";
}

void bench_page_verdict(const proof_job *job, const proof_result *result, FILE *stream) {
    char sentence[SENTENCE_SIZE];
    char claim[BENCH_CELL_SIZE];
    char quality[BENCH_LINE_SIZE];
    fputs("<p class=\"verdict\">", stream);
    bench_page_badge(result, stream);
    fputs(" ", stream);
    if (result->verdict == PROOF_FAILED) {
        plot_words(stream, result->error.message[0] != '\0' ? result->error.message
                                                            : "it is not known why");
        fputs("</p>\n", stream);
        return;
    }
    if (result->verdict == PROOF_NOISY)
        fprintf(
            stream,
            "Nothing is concluded: the machine was busy, with a noise of %.0f%%. For what it is "
            "worth: ",
            result->noise * 100);
    say_speedup(result, sentence);
    plot_words(stream, sentence);
    if (job->claimed_min > 0)
        fprintf(stream, " %s %s.", claim_words(job, result), bench_claim(job, claim));
    else
        fputs(" The guide claims nothing here.", stream);
    if (bench_quality(job, result, quality)[0] != '\0') {
        fputs(" Beside speed, ", stream);
        plot_words(stream, quality);
    }
    fputs("</p>\n", stream);
    if (stays_below(job, result)) {
        fputs("<p class=\"exception\"><b>Why not more:</b> ", stream);
        plot_words(stream, job->exception != NULL ? job->exception : "no reason is known.");
        fputs("</p>\n", stream);
    }
}

/* ---- pictures -------------------------------------------------------------------------------- */

static void begin_figure(FILE *stream, const char *kind, const char *name, const char *words) {
    fprintf(stream, "<figure class=\"%s\"><figcaption><b>%s</b> ", kind, name);
    plot_words(stream, words);
    fputs("</figcaption>", stream);
}

static void put_legend(const proof_job *job, const proof_result *result, FILE *stream) {
    fputs("<ul class=\"keys legend\">", stream);
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        const char *kind = bench_way_kind(job, way);
        if (!result->ways[way].measured)
            continue;
        fprintf(stream,
                "<li><svg class=\"key\" aria-hidden=\"true\"><use class=\"%s\" "
                "href=\"#sign-%s\" x=\"50%%\" y=\"50%%\"/></svg>",
                kind, kind);
        plot_words(stream, job->ways[way].name);
        fputs("</li>", stream);
    }
    fputs("</ul>", stream);
}

static void put_growth(const proof_job *job, const proof_result *result, uint32_t axis,
                       FILE *stream) {
    char words[3 * BENCH_CELL_SIZE];
    if (job->axes[axis].count < 2)
        return;
    if (!bench_has_growth(job, result, axis)) {
        fputs("<p class=\"note\">There was no time to measure how it grows with ", stream);
        plot_words(stream, job->axes[axis].name);
        fputs(".</p>\n", stream);
        return;
    }
    snprintf(words, sizeof words, "Time of one by %.60s, both logarithmic; the band is the spread.",
             job->axes[axis].name);
    begin_figure(stream, "grows", "Growth.", words);
    bench_chart_growth(job, result, axis, stream);
    put_legend(job, result, stream);
    fputs("</figure>\n", stream);
}

static void put_pictures(const proof_job *job, const proof_result *result, FILE *stream) {
    fputs("<div class=\"plots\">\n", stream);
    begin_figure(
        stream, "rows", "Repetitions.",
        "Time of one; every mark is a repetition, the first of them at the top, the upright "
        "line their median.");
    bench_chart_samples(job, result, stream);
    fputs("</figure>\n", stream);
    for (uint32_t axis = 0; axis < PROOF_AXES_MAX; axis++)
        put_growth(job, result, axis, stream);
    if (bench_has_latency(job, result)) {
        begin_figure(
            stream, "rows", "Latency.",
            "From when one was due until it was done: the median, below what 99% and 99.9% "
            "lie, and the greatest.");
        bench_chart_latency(job, result, stream);
        fputs("</figure>\n", stream);
    }
    fputs("</div>\n", stream);
}

/* ---- figures --------------------------------------------------------------------------------- */

static void put_cell(FILE *stream, const char *words) {
    fputs("<td class=\"number\">", stream);
    plot_words(stream, words);
    fputs("</td>", stream);
}

static void put_way(const proof_job *job, const proof_result *result, uint32_t way, FILE *stream) {
    const proof_way_result *of = &result->ways[way];
    const char *kind = bench_way_kind(job, way);
    char cells[2][BENCH_CELL_SIZE];
    char words[4 * BENCH_CELL_SIZE];
    fprintf(stream,
            "<tr><th scope=\"row\"><svg class=\"key\" aria-hidden=\"true\"><use class=\"%s\" "
            "href=\"#sign-%s\" x=\"50%%\" y=\"50%%\"/></svg>",
            kind, kind);
    plot_words(stream, job->ways[way].name);
    fputs("</th>", stream);
    put_cell(stream, bench_span(of->ns.median, cells[0]));
    snprintf(words, sizeof words, "%s to %s", bench_span(of->ns.low, cells[0]),
             bench_span(of->ns.high, cells[1]));
    put_cell(stream, words);
    put_cell(stream, bench_rate(of->ns.median, cells[0]));
    put_cell(stream, bench_times(result->ratio[way].median, cells[0]));
    if (job->quality != NULL) {
        snprintf(words, sizeof words, "%.4g", of->quality);
        put_cell(stream, words);
    }
    for (int i = 0; i < 4 && bench_has_latency(job, result); i++)
        put_cell(stream,
                 of->latency_ns[3] > 0 ? bench_span((double)of->latency_ns[i], cells[0]) : "-");
    fputs("<td class=\"what\">", stream);
    plot_words(stream, job->ways[way].what != NULL ? job->ways[way].what : "");
    fputs("</td></tr>\n", stream);
}

static void put_figures(const proof_job *job, const proof_result *result, FILE *stream) {
    fputs("<div class=\"scroll\" tabindex=\"0\"><table>\n<caption>Each way, per ", stream);
    plot_words(stream, job->unit);
    fprintf(stream,
            "; medians of %u rounds</caption>\n<thead><tr><th scope=\"col\">Way</th>"
            "<th scope=\"col\" class=\"number\">Time</th>"
            "<th scope=\"col\" class=\"number\">Spread</th>"
            "<th scope=\"col\" class=\"number\">In a second</th>"
            "<th scope=\"col\" class=\"number\">Times ours</th>",
            result->rounds);
    if (job->quality != NULL) {
        fputs("<th scope=\"col\" class=\"number\">", stream);
        plot_words(stream, job->quality);
        fputs("</th>", stream);
    }
    if (bench_has_latency(job, result))
        fputs("<th scope=\"col\" class=\"number\">p50</th>"
              "<th scope=\"col\" class=\"number\">p99</th>"
              "<th scope=\"col\" class=\"number\">p99.9</th>"
              "<th scope=\"col\" class=\"number\">Greatest</th>",
              stream);
    fputs("<th scope=\"col\" class=\"what\">What it does</th></tr></thead>\n<tbody>\n", stream);
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (result->ways[way].measured)
            put_way(job, result, way, stream);
    }
    fputs("</tbody></table></div>\n", stream);
}

/* ---- what else is to be known ---------------------------------------------------------------- */

static void put_limit(const proof_job *job, const proof_result *result, FILE *stream) {
    char cells[2][BENCH_CELL_SIZE];
    uint32_t limit = proof_find(job, PROOF_LIMIT);
    bool measured = limit < PROOF_WAYS_MAX && result->ways[limit].measured;
    if (job->limit == NULL && !measured)
        return;
    fputs("<p><b>What limits it:</b> ", stream);
    plot_words(stream, job->limit != NULL ? job->limit : job->ways[limit].name);
    if (measured)
        fprintf(stream, ". That alone takes %s here, and ours takes %s as long",
                bench_span(result->ways[limit].ns.median, cells[0]),
                bench_times(1 / result->ratio[limit].median, cells[1]));
    fputs(".</p>\n", stream);
}

static void put_missing(const proof_job *job, const proof_result *result, FILE *stream) {
    for (uint32_t way = 0; way < proof_way_count(job); way++) {
        if (result->ways[way].measured)
            continue;
        fputs("<p><b>Without ", stream);
        plot_words(stream, job->ways[way].name);
        fputs(":</b> ", stream);
        plot_words(stream, result->ways[way].reason[0] != '\0' ? result->ways[way].reason
                                                               : "it was not measured");
        fputs("</p>\n", stream);
    }
}

void bench_page_job(const proof_job *job, const proof_result *result, FILE *stream) {
    fputs("<section class=\"card job\" id=\"job-", stream);
    plot_words(stream, job->name);
    fputs("\">\n<p class=\"kicker\">", stream);
    plot_words(stream, job->part);
    fputs("</p>\n<h2>", stream);
    plot_words(stream, job->title);
    fputs("</h2>\n<p class=\"story\">", stream);
    plot_words(stream, job->story);
    fputs("</p>\n", stream);
    bench_page_verdict(job, result, stream);
    if (result->verdict != PROOF_FAILED) {
        put_pictures(job, result, stream);
        put_figures(job, result, stream);
        fputs("<div class=\"notes\">\n", stream);
        put_limit(job, result, stream);
        put_missing(job, result, stream);
        fputs("</div>\n", stream);
    }
    fputs("<p class=\"again\"><span>Again:</span> <code>tradewind bench --only ", stream);
    plot_words(stream, job->name);
    fputs("</code></p>\n</section>\n", stream);
}
