/*
 * performance_cases.h - figures of performance.h beside the cases of vector_cases.h.
 *
 * A source says with a table which figure each of its metrics is, with which sign and options; what
 * all of its cases have in common is in its `begin`.
 */
#ifndef TESTS_GOLDEN_PERFORMANCE_CASES_H
#define TESTS_GOLDEN_PERFORMANCE_CASES_H

#define VALUES_MAX 120000
#include "vector_cases.h"

#include "tradewind/performance.h"

/* A case, ready to be computed. */
typedef struct request {
    const test_case *c;
    tw_performance_config config;
    tw_performance_input input;
    tw_figure figure;
    double sign;
} request;

typedef struct metric_row {
    const char *metric;
    tw_figure figure;
    double sign;
    void (*tune)(request *r); /* may be NULL */
} metric_row;

static tw_performance *the_performance;
static series the_benchmark __attribute__((unused));
static series the_weights __attribute__((unused));
static series the_rates __attribute__((unused));

/* The last row, without a name, for a metric that has none. */
static inline const metric_row *row_of(const metric_row *rows, const char *metric) {
    while (rows->metric != NULL && strcmp(rows->metric, metric) != 0)
        rows++;
    return rows;
}

/* NaN where there is no observation, or a rate that no period can have. */
static inline double figure_of(const request *r) {
    tw_error error = {0};
    tw_status status = tw_performance_load(the_performance, &r->config, &r->input, &error);
    if (status == TW_EMPTY || status == TW_RANGE)
        return NAN;
    if (status != TW_OK)
        fail_msg("%s: %s", r->c->metric, error.message);
    return r->sign * tw_performance_value(the_performance, r->figure);
}

static inline void pad_front(series *s, size_t count) {
    size_t missing = count - s->count;
    memmove(s->values + missing, s->values, s->count * sizeof s->values[0]);
    for (size_t i = 0; i < missing; i++)
        s->values[i] = NAN;
    s->count = count;
}

/* Sources that align by date differ in length at the front only: there one of them is missing. */
static inline void align(series *a, series *b) {
    size_t count = a->count > b->count ? a->count : b->count;
    pad_front(a, count);
    pad_front(b, count);
}

static int make_performance(void **state) {
    (void)state;
    return tw_performance_new(NULL, 200000, &the_performance) == TW_OK ? 0 : -1;
}

static int free_performance(void **state) {
    (void)state;
    tw_performance_free(the_performance);
    return 0;
}

#endif
