/*
 * indicator_cases.h - what the golden tests of indicators share: cases, tables of numbers, runs.
 *
 * A test brings a function that turns the metric and the parameters of a case into a run: an
 * indicator as text ("macd(12,26,9)"), which of its outputs, on which columns. A metric that it
 * does not know must stand in its table of unsupported ones, with a reason; one in neither fails.
 */
#ifndef TRADEWIND_TESTS_INDICATOR_CASES_H
#define TRADEWIND_TESTS_INDICATOR_CASES_H

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/indicator.h"

#define ROWS_MAX 16384
#define COLUMNS_MAX 32
#define NAME_SIZE 64
#define SPEC_SIZE 128
#define LINE_SIZE 4096

/* A file of comma-separated values: what is no number is missing. */
typedef struct number_table {
    char names[COLUMNS_MAX][NAME_SIZE];
    double *values[COLUMNS_MAX];
    size_t columns; /* of the heading */
    size_t filled;  /* of the rows */
    size_t rows;
} number_table;

/* How a case is run. Columns stand in the place of the inputs, NULL where there is none. */
typedef struct case_run {
    char spec[SPEC_SIZE];
    char output[NAME_SIZE]; /* by its name */
    double factor;          /* by which the answer is multiplied; 0 means 1 */
    int delay;              /* how many rows later our answer comes */
    size_t first;           /* the row of the input that is the first one pushed */
    const double *inputs[TW_INDICATOR_INPUT_COUNT];
    const bool *resets; /* whether a session begins with a row; NULL: never */
    size_t rows;
} case_run;

typedef struct unsupported_metric {
    const char *metric; /* or its beginning, when it ends with '*' */
    const char *reason;
} unsupported_metric;

typedef struct case_counts {
    unsigned passed;
    unsigned unsupported;
    char names[4096];
} case_counts;

/* ---- Files ------------------------------------------------------------------------------ */

static const char *vector_path(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/vectors/%s", getenv("TRADEWIND_DATA"), name);
    return path;
}

static size_t split_line(char *line, char **ret_fields) {
    line[strcspn(line, "\r\n")] = '\0';
    size_t count = 0;
    for (char *at = line; at != NULL && count < COLUMNS_MAX;) {
        char *comma = strchr(at, ',');
        if (comma != NULL)
            *comma++ = '\0';
        ret_fields[count++] = at;
        at = comma;
    }
    return count;
}

static double number_in(const char *field) {
    char *end = NULL;
    double value = strtod(field, &end);
    return end == field || *end != '\0' ? NAN : value;
}

static void table_read(number_table *table, const char *name) {
    memset(table, 0, sizeof *table);
    FILE *file = fopen(vector_path(name), "r");
    if (file == NULL)
        fail_msg("%s cannot be opened", name);
    char line[LINE_SIZE];
    char *fields[COLUMNS_MAX];
    assert_non_null(fgets(line, sizeof line, file));
    char *heading = strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? line + 3 : line;
    table->columns = split_line(heading, fields);
    for (size_t c = 0; c < table->columns; c++) {
        snprintf(table->names[c], NAME_SIZE, "%s", fields[c]);
        table->values[c] = calloc(ROWS_MAX, sizeof(double));
        assert_non_null(table->values[c]);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        size_t count = split_line(line, fields);
        if (count > table->filled)
            table->filled = count;
        assert_true(table->rows < ROWS_MAX);
        for (size_t c = 0; c < table->columns; c++)
            table->values[c][table->rows] = c < count ? number_in(fields[c]) : NAN;
        table->rows++;
    }
    fclose(file);
}

static inline void table_free(number_table *table) {
    for (size_t c = 0; c < table->columns; c++)
        free(table->values[c]);
}

static inline double *table_column(const number_table *table, const char *name) {
    for (size_t c = 0; c < table->columns; c++) {
        if (strcmp(table->names[c], name) == 0)
            return table->values[c];
    }
    return NULL;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static inline double param_of(const json_t *single, const char *key, double fallback) {
    const json_t *value = json_object_get(json_object_get(single, "params"), key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

/* ---- Runs ------------------------------------------------------------------------------- */

/* Answers of the run by rows of its inputs, NaN before the first pushed row; the caller frees. */
static double *run_answers(const case_run *run) {
    tw_indicator_config config;
    tw_error error = {0};
    if (tw_indicator_parse(run->spec, &config, &error) != TW_OK)
        fail_msg("%s", error.message);
    const tw_indicator_description *what = tw_indicator_describe(config.kind);
    size_t output = 0;
    while (output < what->output_count && strcmp(what->outputs[output], run->output) != 0)
        output++;
    if (output == what->output_count)
        fail_msg("%s has no output %s", run->spec, run->output);
    TW_AUTO(tw_indicator) *indicator = NULL;
    assert_int_equal(tw_indicator_new(NULL, &config, &indicator), TW_OK);
    double *answers = malloc((run->rows + 1) * sizeof *answers);
    assert_non_null(answers);
    double outputs[TW_INDICATOR_OUTPUTS_MAX];
    for (size_t i = 0; i < run->rows; i++) {
        answers[i] = NAN;
        if (i < run->first)
            continue;
        tw_indicator_row row = {.reset = run->resets != NULL && run->resets[i]};
        for (size_t c = 0; c < TW_INDICATOR_INPUT_COUNT; c++)
            row.inputs[c] = run->inputs[c] == NULL ? NULL : run->inputs[c] + i;
        tw_indicator_push(indicator, &row, outputs);
        answers[i] = outputs[output] * (run->factor == 0 ? 1 : run->factor);
    }
    for (size_t i = 0; run->delay != 0 && i < run->rows; i++)
        answers[i] = i + (size_t)run->delay < run->rows ? answers[i + (size_t)run->delay] : NAN;
    return answers;
}

static bool near(double got, double wanted, double absolute, double relative) {
    if (isnan(wanted) || isnan(got))
        return isnan(wanted) && isnan(got);
    double apart = fabs(got - wanted);
    return apart <= absolute || apart <= relative * fabs(wanted);
}

/* Where a column is compared: from the first row to the last but `spare`. */
static inline unsigned compare_column(const char *id, const case_run *run, const double *answers,
                                      const double *wanted, double absolute, double relative) {
    unsigned wrong = 0;
    for (size_t i = 0; i < run->rows; i++) {
        if (near(answers[i], wanted[i], absolute, relative))
            continue;
        if (wrong++ < 3)
            print_error("%s: %s %s: row %zu: %.15g is wanted, %.15g came\n", id, run->spec,
                        run->output, i, wanted[i], answers[i]);
    }
    return wrong;
}

static inline bool begins_with(const char *text, const char *beginning, size_t size) {
    size_t same = 0;
    while (same < size && text[same] == beginning[same])
        same++;
    return same == size;
}

static inline const char *reason_of(const unsupported_metric *table, size_t count,
                                    const char *metric) {
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(table[i].metric);
        bool open = size > 0 && table[i].metric[size - 1] == '*';
        if (open ? begins_with(metric, table[i].metric, size - 1)
                 : strcmp(table[i].metric, metric) == 0)
            return table[i].reason;
    }
    return NULL;
}

static inline void count_unsupported(case_counts *counts, const char *metric) {
    counts->unsupported++;
    char listed[NAME_SIZE + 2];
    snprintf(listed, sizeof listed, "%s,", metric);
    if (strstr(counts->names, listed) == NULL)
        strncat(counts->names, listed, sizeof counts->names - strlen(counts->names) - 1);
}

static void print_counts(const char *what, case_counts *counts) {
    size_t size = strlen(counts->names);
    if (size > 0)
        counts->names[size - 1] = '\0';
    print_message("counts: %s: %u passed, %u unsupported (%s)\n", what, counts->passed,
                  counts->unsupported, counts->names);
}

static json_t *cases_of(const char *name) {
    json_error_t error;
    json_t *cases = json_load_file(vector_path(name), 0, &error);
    if (cases == NULL)
        fail_msg("%s: %s", name, error.text);
    return cases;
}

/* Without the data there is nothing to run. */
static bool have_vectors(const char *name) {
    if (getenv("TRADEWIND_DATA") == NULL)
        return false;
    FILE *file = fopen(vector_path(name), "r");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static inline void test_without_vectors(void **state) {
    (void)state;
    print_message("TRADEWIND_DATA is not set or has no vectors\n");
    skip();
}

/* Runs the tests if a file of vectors is there, else says that they are skipped. */
static inline int run_with_vectors(const char *name, const char *vectors,
                                   const struct CMUnitTest *tests, size_t count) {
    const struct CMUnitTest none[] = {cmocka_unit_test(test_without_vectors)};
    bool there = have_vectors(vectors);
    return _cmocka_run_group_tests(name, there ? tests : none, there ? count : 1, NULL, NULL);
}

#endif
