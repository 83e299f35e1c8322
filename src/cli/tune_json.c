/* tune_json.c - the same as one document. */
#include <math.h>

#include "json_writer.h"
#include "tune_results.h"

static const char *verdict_name(tune_verdict verdict) {
    static const char *const names[] = {[TUNE_LATE] = "late",
                                        [TUNE_NOISY] = "noisy",
                                        [TUNE_SMALL] = "small",
                                        [TUNE_CHOSEN] = "chosen"};
    return names[verdict];
}

static void put_workload(json_writer *w, const tune_results *results) {
    const tune_workload *workload = &results->workload;
    json_open(w, "workload", '{');
    json_text(w, "from_file", results->tape[0] != '\0' ? results->tape : results->database);
    json_count(w, "trades", workload->count);
    json_count(w, "symbols", workload->symbol_count);
    json_time(w, "from", workload->trades[0].time_ns);
    json_time(w, "to", workload->trades[workload->count - 1].time_ns);
    json_number(w, "busiest_per_second", workload->rate);
    json_close(w);
}

static void put_curve(json_writer *w, const tune_advice *advice) {
    const tune_curve *curve = advice->curve;
    json_open(w, "curve", '[');
    for (uint32_t i = 0; i < curve->count && curve->figures[i].count > 0; i++) {
        json_open(w, NULL, '{');
        json_number(w, "value", curve->values[i]);
        json_number(w, "figure", curve->figures[i].median);
        json_number(w, "low", curve->figures[i].low);
        json_number(w, "high", curve->figures[i].high);
        json_flag(w, "chosen", curve->verdict == TUNE_CHOSEN && i == curve->chosen);
        json_close(w);
    }
    json_close(w);
}

static void put_advice(json_writer *w, const tune_advice *advice) {
    bool chosen = advice->chosen[0] != '\0';
    json_open(w, NULL, '{');
    json_text(w, "section", advice->section != NULL ? advice->section : "");
    json_text(w, "name", advice->name);
    json_text(w, "title", advice->title);
    json_text(w, "value_unit", advice->kind == TUNE_SPANS ? "ns" : "count");
    json_text(w, "figure_unit", advice->share ? "share" : "per_second");
    json_text(w, "verdict", verdict_name(advice->curve->verdict));
    json_text(w, "recommended", chosen ? advice->chosen : "");
    json_text(w, "now", advice->now);
    bool measured = advice->now_place < advice->curve->count;
    json_number(w, "now_figure", measured ? advice->curve->figures[advice->now_place].median : NAN);
    json_text(w, "default", advice->unset);
    json_text(w, "why", advice->why);
    json_text(w, "job", advice->job != NULL ? advice->job : "");
    json_number(w, "noise", advice->curve->noise);
    put_curve(w, advice);
    json_close(w);
}

tw_status tune_print_json(const tune_results *results, tw_error *error) {
    json_writer w = json_writer_begin();
    json_text(&w, "db", results->database);
    put_workload(&w, results);
    json_number(&w, "noise_limit", results->noise_limit);
    json_count(&w, "processors", results->processors);
    json_count(&w, "pool_threads", results->threads);
    json_open(&w, "settings", '[');
    for (size_t i = 0; i < TUNE_ADVICE_COUNT; i++)
        put_advice(&w, &results->advice[i]);
    json_close(&w);
    json_text(&w, "written", results->written);
    json_open(&w, "changes", '[');
    for (uint32_t i = 0; i < results->change_count; i++) {
        const config_change *change = &results->changes[i];
        json_open(&w, NULL, '{');
        json_text(&w, "section", change->section);
        json_text(&w, "name", change->name);
        json_text(&w, "old", change->old);
        json_text(&w, "new", change->value);
        json_close(&w);
    }
    json_close(&w);
    return json_writer_end(&w, error);
}
