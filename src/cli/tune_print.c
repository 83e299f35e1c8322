/* tune_print.c - the curves on a terminal, what each speaks for, and the lines for a file. */
#include <stdio.h>
#include <string.h>

#include "output_file.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"
#include "tune_results.h"

enum { BAR_SIZE = 24 };

static void print_workload(const tune_results *results) {
    const tune_workload *workload = &results->workload;
    char count[READABLE_SIZE];
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_time_format(workload->trades[0].time_ns, 0, from);
    tw_time_format(workload->trades[workload->count - 1].time_ns, 0, to);
    printf("%s: the newest %s trades, of %lu symbols, %s to %s; %.4g a second in the busiest "
           "minute.\n",
           results->tape[0] != '\0' ? results->tape : results->database,
           readable_count(workload->count, count), (unsigned long)workload->symbol_count, from, to,
           workload->rate);
}

/* As long as the figure is large beside the greatest. */
static void add_bar(table *rows, const tune_curve *curve, uint32_t place) {
    char bar[BAR_SIZE + 1] = "";
    double best = 0;
    for (uint32_t i = 0; i < curve->count; i++)
        best = curve->figures[i].median > best ? curve->figures[i].median : best;
    size_t size = best > 0 ? (size_t)(curve->figures[place].median / best * BAR_SIZE + 0.5) : 0;
    memset(bar, '#', size);
    bar[size] = '\0';
    table_cell(rows, bar);
}

static void add_place(table *rows, const tune_advice *advice, uint32_t place) {
    const tune_curve *curve = advice->curve;
    const proof_figure *figure = &curve->figures[place];
    char low[TUNE_VALUE_SIZE];
    char high[TUNE_VALUE_SIZE];
    char cell[2 * TUNE_VALUE_SIZE + 8];
    table_row(rows);
    table_cell(rows, tune_value_text(advice, curve->values[place], low));
    table_cell(rows, tune_figure_text(advice, figure->median, high));
    snprintf(cell, sizeof cell, "%s to %s", tune_figure_text(advice, figure->low, low),
             tune_figure_text(advice, figure->high, high));
    table_cell(rows, figure->low < figure->high ? cell : "");
    add_bar(rows, curve, place);
    table_cell(rows, curve->verdict == TUNE_CHOSEN && place == curve->chosen ? "<- chosen" : "");
}

static tw_status print_curve(const tune_advice *advice, tw_error *error) {
    table *rows = table_new(">VALUE");
    table_column(rows, advice->figure, true);
    table_column(rows, "SPREAD", false);
    table_column(rows, " ", false);
    table_column(rows, " ", false);
    for (uint32_t i = 0; i < advice->curve->count && advice->curve->figures[i].count > 0; i++)
        add_place(rows, advice, i);
    return table_end(rows, error);
}

static void print_name(const tune_advice *advice) {
    if (advice->section != NULL)
        printf("%s.%s: %s\n", advice->section, advice->name, advice->title);
    else
        printf("%s: %s (a value for the library)\n", advice->name, advice->title);
}

/* What would change. */
static void print_now(const tune_advice *advice) {
    char value[TUNE_VALUE_SIZE];
    char figure[TUNE_VALUE_SIZE];
    const tune_curve *curve = advice->curve;
    uint32_t place = advice->now_place;
    if (curve->verdict == TUNE_CHOSEN && place < curve->count && place != curve->chosen)
        printf("With %s it was %s.\n", tune_value_text(advice, curve->values[place], value),
               tune_figure_text(advice, curve->figures[place].median, figure));
}

static void print_choice(const tune_advice *advice) {
    const char *whose = strcmp(advice->now, advice->unset) == 0 ? "the default" : "in force";
    if (advice->chosen[0] == '\0')
        printf("%s%s%s.\n", advice->now, advice->now[0] != '\0' ? " stays: " : "", advice->why);
    else if (strcmp(advice->chosen, advice->now) == 0)
        printf("%s, as it is: %s.\n", advice->chosen, advice->why);
    else if (advice->unset[0] == '\0')
        printf("%s (there is no default): %s.\n", advice->chosen, advice->why);
    else
        printf("%s instead of %s (%s): %s.\n", advice->chosen, advice->now, whose, advice->why);
    print_now(advice);
    if (advice->job != NULL)
        printf("`tradewind bench --only %s` measures the same beside the naive way.\n",
               advice->job);
}

static void print_lines(const tune_results *results) {
    const char *heading = "";
    for (uint32_t i = 0; i < results->change_count; i++) {
        const config_change *change = &results->changes[i];
        if (strcmp(heading, change->section) != 0)
            printf("[%s]\n", change->section);
        heading = change->section;
        printf("%s = %s\n", change->name, change->value);
    }
}

static void print_changes(const tune_results *results) {
    for (uint32_t i = 0; i < results->change_count; i++) {
        const config_change *change = &results->changes[i];
        printf("%s: %s.%s %s -> %s\n", results->written, change->section, change->name,
               change->old[0] != '\0' ? change->old : "(not set)", change->value);
    }
}

tw_status tune_print(const tune_results *results, tw_error *error) {
    tw_status status = TW_OK;
    print_workload(results);
    for (size_t i = 0; i < TUNE_ADVICE_COUNT && status == TW_OK; i++) {
        const tune_advice *advice = &results->advice[i];
        putchar('\n');
        print_name(advice);
        bool shown = i > 0 && results->advice[i - 1].curve == advice->curve;
        status = shown ? TW_OK : print_curve(advice, error);
        if (status == TW_OK)
            print_choice(advice);
    }
    if (status != TW_OK)
        return status;
    putchar('\n');
    if (results->change_count == 0) {
        printf("Nothing is to be changed in a configuration file.\n");
    } else if (results->written[0] != '\0') {
        print_changes(results);
    } else {
        printf("These lines of a configuration file say so; --write FILE puts them there:\n\n");
        print_lines(results);
    }
    return output_printed(error);
}
