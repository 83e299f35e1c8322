/* tune_advice.c - from curves to values, and the sentence for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readable.h"
#include "tradewind/time.h"
#include "tune_results.h"
#include "tune_ways.h"

static const double COMMIT_ROWS_MAX = 100000; /* of run.commit-rows */

char *tune_value_text(const tune_advice *advice, double value, char buffer[TUNE_VALUE_SIZE]) {
    char text[READABLE_SIZE];
    if (advice->kind == TUNE_SPANS)
        tw_duration_format((int64_t)value, text);
    else
        readable_count((uint64_t)value, text);
    snprintf(buffer, TUNE_VALUE_SIZE, "%.39s", text);
    return buffer;
}

char *tune_figure_text(const tune_advice *advice, double figure, char buffer[TUNE_VALUE_SIZE]) {
    char text[READABLE_SIZE];
    if (advice->share)
        readable_percent(figure, text);
    else
        readable_count((uint64_t)figure, text);
    snprintf(buffer, TUNE_VALUE_SIZE, "%.39s", text);
    return buffer;
}

/* ---- sentences ------------------------------------------------------------------------------- */

static double best_of(const tune_curve *curve) {
    double best = curve->figures[0].median;
    for (uint32_t i = 1; i < curve->count; i++)
        best = curve->figures[i].median > best ? curve->figures[i].median : best;
    return best;
}

/* "702,123 a second, within 5% of the best (710,000)". */
static void say_rate(tune_advice *advice) {
    char figure[TUNE_VALUE_SIZE];
    char best[TUNE_VALUE_SIZE];
    double own = advice->curve->figures[advice->curve->chosen].median;
    tune_figure_text(advice, own, figure);
    tune_figure_text(advice, best_of(advice->curve), best);
    const char *gain = advice->section == NULL ? "no handle is open in vain"
                       : strcmp(advice->name, "threads") == 0
                           ? "no thread works in vain"
                           : "a crash then takes the least that is not committed yet";
    if (own < best_of(advice->curve))
        snprintf(advice->why, sizeof advice->why,
                 "%s a second, the smallest within 5%% of the best (%s): %s", figure, best, gain);
    else
        snprintf(advice->why, sizeof advice->why,
                 "%s a second, the best, and no smaller one is within 5%% of it: %s", figure, gain);
}

static void say_delay(const tune_results *results, tune_advice *advice) {
    char figure[TUNE_VALUE_SIZE];
    double share = advice->curve->figures[advice->curve->chosen].median;
    tune_figure_text(advice, share, figure);
    snprintf(advice->why, sizeof advice->why,
             "%s of the writer's time goes into commits at %.4g trades a second, the busiest "
             "minute's: %s",
             figure, results->workload.rate,
             share <= TUNE_COMMIT_SHARE
                 ? "the smallest delay with at most 2%, so a crash takes the least that waits"
                 : "more than the 2% that were wanted, but the least");
}

static void say_hits(tune_advice *advice) {
    char figure[TUNE_VALUE_SIZE];
    char best[TUNE_VALUE_SIZE];
    tune_figure_text(advice, advice->curve->figures[advice->curve->chosen].median, figure);
    tune_figure_text(advice, best_of(advice->curve), best);
    snprintf(advice->why, sizeof advice->why,
             "it answers %s of the questions if each trade asks for its symbol, within one in a "
             "hundred of the best (%s): %s",
             figure, best,
             advice->kind == TUNE_SPANS ? "answers are no older than they need to be"
                                        : "no memory is taken in vain");
}

static void say_nothing_chosen(const tune_results *results, tune_advice *advice) {
    static const char *const reasons[] = {
        [TUNE_LATE] = "nothing is recommended, for there was not time enough to measure it",
        [TUNE_SMALL] = "nothing is recommended: the largest that these trades fill is the best, "
                       "and larger ones may be better"};
    if (advice->curve->verdict == TUNE_NOISY)
        snprintf(
            advice->why, sizeof advice->why,
            "nothing is recommended, for the machine was busy: work took %.0f%% longer than it "
            "had to (limit %.0f%%)",
            advice->curve->noise * 100, results->noise_limit * 100);
    else
        snprintf(advice->why, sizeof advice->why, "%s", reasons[advice->curve->verdict]);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void take_value(const tune_results *results, tune_advice *advice) {
    double value = advice->curve->values[advice->curve->chosen];
    bool rows = strcmp(advice->name, "commit-rows") == 0;
    if (strcmp(advice->name, "threads") == 0 && value == results->processors)
        value = 0; /* as many as there are, whatever machine it is */
    if (rows && value > COMMIT_ROWS_MAX)
        value = COMMIT_ROWS_MAX;
    if (advice->kind == TUNE_SPANS) {
        char span[TW_TIME_TEXT_SIZE];
        tw_duration_format((int64_t)value, span);
        snprintf(advice->chosen, sizeof advice->chosen, "%.39s", span);
    } else {
        snprintf(advice->chosen, sizeof advice->chosen, "%.0f", value);
    }
}

static void look_up(const config_rows *rows, tune_advice *advice) {
    snprintf(advice->now, sizeof advice->now, "%s", advice->unset);
    for (size_t i = 0; advice->section != NULL && i < rows->count; i++) {
        const config_row *row = &rows->rows[i];
        if (strcmp(row->section, advice->section) == 0 &&
            strcmp(row->option->name, advice->name) == 0)
            memcpy(advice->now, row->value, sizeof advice->now);
    }
}

/* Where the curve has what is in force. */
static uint32_t place_of_now(const tune_results *results, const tune_advice *advice) {
    int64_t now = 0;
    tw_slice text = tw_slice_of(advice->now);
    uint32_t i = 0;
    tw_status status =
        advice->kind == TUNE_SPANS ? tw_duration_parse(text, &now) : tw_parse_i64(text, &now);
    if (status != TW_OK)
        return advice->curve->count;
    if (now == 0 && strcmp(advice->name, "threads") == 0)
        now = results->processors;
    while (i < advice->curve->count && advice->curve->values[i] != (double)now)
        i++;
    return i;
}

static void note_change(tune_results *results, const tune_advice *advice) {
    if (advice->section == NULL || advice->chosen[0] == '\0' ||
        strcmp(advice->chosen, advice->now) == 0)
        return;
    results->changes[results->change_count++] =
        (config_change){.section = advice->section, .name = advice->name, .value = advice->chosen};
}

static void list_settings(tune_results *r) {
    const tune_advice list[TUNE_ADVICE_COUNT] = {
        {"import", "batch", "rows of a commit of an import", "ROWS/S", "batch-inserts", "250000",
         TUNE_COUNTS, false, &r->batches},
        {"run", "commit-rows", "rows of a commit of a run's market data in a burst", "ROWS/S",
         "batch-inserts", "20000", TUNE_COUNTS, false, &r->batches},
        {"run", "commit-delay", "how long a run's market data wait for a commit",
         "OF THE WRITER'S TIME", NULL, "250ms", TUNE_SPANS, true, &r->delays},
        {"batch", "threads", "threads of features", "PRICES/S", "batch-features", "0", TUNE_COUNTS,
         false, &r->workers},
        {"risk", "threads", "threads of risk, by those of features", "PRICES/S", "portfolio-risk",
         "0", TUNE_COUNTS, false, &r->workers},
        {NULL, "tw_pool_config.size_max", "handles of a pool of a store", "ANSWERS/S",
         "pooled-connections", "", TUNE_COUNTS, false, &r->handles},
        {NULL, "tw_cache_config.entry_max", "entries of a cache of statistics", "HITS",
         "cached-statistics", "10000", TUNE_COUNTS, true, &r->entries},
        {NULL, "tw_cache_config.ttl_ns", "how long they live", "HITS", "cached-statistics", "1m",
         TUNE_SPANS, true, &r->lives},
    };
    memcpy(r->advice, list, sizeof list);
}

void tune_advise(tune_results *results, const config_rows *rows) {
    list_settings(results);
    results->change_count = 0;
    for (size_t i = 0; i < TUNE_ADVICE_COUNT; i++) {
        tune_advice *advice = &results->advice[i];
        look_up(rows, advice);
        advice->now_place = place_of_now(results, advice);
        if (advice->curve->verdict != TUNE_CHOSEN) {
            say_nothing_chosen(results, advice);
            continue;
        }
        take_value(results, advice);
        if (advice->curve == &results->delays)
            say_delay(results, advice);
        else if (advice->share)
            say_hits(advice);
        else
            say_rate(advice);
        note_change(results, advice);
    }
}
