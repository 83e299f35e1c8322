/*
 * vector_cases.h - runs the cases of $TRADEWIND_DATA/vectors/NAME.json, whose answers nobody on
 * this project computed.
 *
 * A program names, for each file, the metrics that it runs; it prints what passed and, by name,
 * what is not supported. A supported case that differs by more than the case's own tolerance fails
 * the test. A metric that another program runs is ELSEWHERE and not counted.
 */
#ifndef TESTS_GOLDEN_VECTOR_CASES_H
#define TESTS_GOLDEN_VECTOR_CASES_H

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef VALUES_MAX
#define VALUES_MAX 12000
#endif
#define COLUMNS_MAX 24
#define NAMES_MAX 128

typedef enum verdict { PASSED, UNSUPPORTED, FAILED, ELSEWHERE } verdict;

/* The case at hand. */
typedef struct test_case {
    const char *metric;
    const json_t *params;
    const json_t *input;
    const json_t *expected;
    double tolerance;
    double tolerance_relative;
} test_case;

typedef struct series {
    double values[VALUES_MAX];
    size_t count;
} series;

/* --- reading ------------------------------------------------------------------------------ */

static inline char *data_path(const char *name) {
    static char path[1024];
    const char *root = getenv("TRADEWIND_DATA");
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/vectors/%s", root, name);
    return path;
}

static inline double number_of(const json_t *value) {
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        return strcmp(text, "Inf") == 0    ? INFINITY
               : strcmp(text, "-Inf") == 0 ? -INFINITY
               : strcmp(text, "NaN") == 0  ? NAN
                                           : strtod(text, NULL);
    }
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static inline bool series_from(const json_t *value, series *ret) {
    if (json_is_object(value))
        value = json_object_get(value, "series");
    if (!json_is_array(value) || json_array_size(value) > VALUES_MAX)
        return false;
    ret->count = json_array_size(value);
    for (size_t i = 0; i < ret->count; i++)
        ret->values[i] = number_of(json_array_get(value, i));
    return true;
}

/* A column of a CSV file by name; an empty cell is missing. */
static inline bool series_from_csv(const char *file, const char *column, series *ret) {
    FILE *stream = fopen(data_path(file), "r");
    if (stream == NULL)
        return false;
    char line[4096];
    int wanted = -1;
    ret->count = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        char *rest = line;
        char *cell;
        int at = 0;
        bool header = wanted < 0;
        while ((cell = strsep(&rest, ",\r\n")) != NULL) {
            if (header && strcmp(cell, column) == 0)
                wanted = at;
            if (!header && at == wanted)
                ret->values[ret->count++] = *cell == 0 ? NAN : strtod(cell, NULL);
            at++;
        }
        if (header && wanted < 0)
            break;
    }
    fclose(stream);
    return wanted >= 0;
}

static inline double param(const test_case *c, const char *name, double otherwise) {
    const json_t *value = json_object_get(c->params, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static inline const char *param_text(const test_case *c, const char *name) {
    const char *text = json_string_value(json_object_get(c->params, name));
    return text == NULL ? "" : text;
}

/* --- comparing ---------------------------------------------------------------------------- */

static inline bool is_close(const test_case *c, double actual, double expected) {
    if (isnan(expected) || isnan(actual))
        return isnan(expected) && isnan(actual);
    double distance = fabs(actual - expected);
    return distance <= c->tolerance || distance <= c->tolerance_relative * fabs(expected);
}

static inline verdict compare(const test_case *c, double actual, const json_t *expected) {
    double wanted = number_of(expected);
    if (isinf(wanted) && actual == wanted)
        return PASSED;
    if (isinf(wanted))
        return UNSUPPORTED; /* a quotient by zero is NaN here, by the rule in risk.h */
    if (is_close(c, actual, wanted))
        return PASSED;
    print_error("%s: %.17g, not %.17g\n", c->metric, actual, wanted);
    return FAILED;
}

static inline verdict compare_expected(const test_case *c, double actual) {
    const json_t *expected = c->expected;
    if (json_is_array(expected))
        expected = json_array_get(expected, 0);
    return compare(c, actual, expected);
}

static inline verdict worse(verdict a, verdict b) {
    return a == FAILED || b == FAILED ? FAILED : a == UNSUPPORTED ? a : b;
}

/* --- matrices ------------------------------------------------------------------------------ */

static series the_returns __attribute__((unused));

static double the_matrix[VALUES_MAX * COLUMNS_MAX] __attribute__((unused));

static inline bool matrix_from_csv(const char *file, const json_t *columns, size_t *ret_rows,
                                   size_t *ret_columns) {
    size_t count = json_array_size(columns);
    if (count == 0 || count > COLUMNS_MAX)
        return false;
    for (size_t j = 0; j < count; j++) {
        const char *name = json_string_value(json_array_get(columns, j));
        if (!series_from_csv(file, name, &the_returns))
            return false;
        for (size_t i = 0; i < the_returns.count; i++)
            the_matrix[i * count + j] = the_returns.values[i];
    }
    *ret_rows = the_returns.count;
    *ret_columns = count;
    return true;
}

static inline verdict compare_list(const test_case *c, const double *actual,
                                   const json_t *expected) {
    verdict all = PASSED;
    for (size_t i = 0; i < json_array_size(expected); i++)
        all = worse(all, compare(c, actual[i], json_array_get(expected, i)));
    return all;
}

/* --- the run ------------------------------------------------------------------------------ */

typedef struct runner {
    const char *metric; /* NULL: all that have no row of their own */
    verdict (*run)(const test_case *c);
} runner;

static inline verdict run_case(const runner *runners, const json_t *json) {
    test_case c = {.metric = json_string_value(json_object_get(json, "metric")),
                   .params = json_object_get(json, "params"),
                   .input = json_object_get(json, "input"),
                   .expected = json_object_get(json, "expected"),
                   .tolerance = number_of(json_object_get(json, "tol_abs")),
                   .tolerance_relative = number_of(json_object_get(json, "tol_rel"))};
    /* A tolerance that is not given is NaN and allows nothing: no distance is at most NaN. */
    const runner *row = runners;
    while (row->metric != NULL && strcmp(row->metric, c.metric) != 0)
        row++;
    verdict result = row->run == NULL ? UNSUPPORTED : row->run(&c);
    if (result == FAILED)
        print_error("^ %s\n", json_string_value(json_object_get(json, "id")));
    return result;
}

typedef struct tally {
    const char *names[NAMES_MAX];
    size_t counts[NAMES_MAX];
    size_t name_count;
} tally;

static inline void tally_add(tally *t, const char *name) {
    for (size_t i = 0; i < t->name_count; i++)
        if (strcmp(t->names[i], name) == 0) {
            t->counts[i]++;
            return;
        }
    assert_true(t->name_count < NAMES_MAX);
    t->names[t->name_count] = name;
    t->counts[t->name_count++] = 1;
}

static inline void run_file(const char *file, const runner *runners, size_t passed_min) {
    if (getenv("TRADEWIND_DATA") == NULL) {
        print_message("TRADEWIND_DATA is not set: skipped\n");
        skip();
    }
    json_error_t error;
    json_t *cases = json_load_file(data_path(file), 0, &error);
    if (cases == NULL) {
        print_message("%s: %s: skipped\n", data_path(file), error.text);
        skip();
    }
    size_t counts[4] = {0};
    tally unsupported = {0};
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *json = json_array_get(cases, i);
        verdict result = run_case(runners, json);
        counts[result]++;
        if (result == UNSUPPORTED)
            tally_add(&unsupported, json_string_value(json_object_get(json, "metric")));
    }
    print_message("counts: %s: %zu passed, %zu unsupported, %zu failed\n", file, counts[PASSED],
                  counts[UNSUPPORTED], counts[FAILED]);
    for (size_t i = 0; i < unsupported.name_count; i++)
        print_message("%s %s %zu", i == 0 ? "counts:   unsupported:" : ",", unsupported.names[i],
                      unsupported.counts[i]);
    print_message("%s", unsupported.name_count > 0 ? "\n" : "");
    json_decref(cases);
    assert_int_equal(counts[FAILED], 0);
    /* What was supported once stays supported. */
    assert_true(counts[PASSED] >= passed_min);
}

#define FILE_TEST(name, file, runners, passed_min) \
    static void test_##name(void **state) {        \
        (void)state;                               \
        run_file(file, runners, passed_min);       \
    }

static inline verdict run_elsewhere(const test_case *c) {
    (void)c;
    return ELSEWHERE;
}

#endif
