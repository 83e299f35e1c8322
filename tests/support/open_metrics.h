/*
 * open_metrics.h - a strict reader of OpenMetrics 1.0 text: what a scraper would have to accept.
 *
 * Checked are the grammar of each line, escapes, numbers and UTF-8; that a family's TYPE, UNIT and
 * HELP stand once, before its samples, and that families do not interleave; that names have the
 * suffixes of their type and units are suffixes of names; that no series stands twice; that
 * counters are neither negative nor NaN; that buckets ascend in bound and count, end in +Inf, and
 * agree with _count; that bounds are canonical; and the "# EOF" at the end, with nothing after it.
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
#ifndef TRADEWIND_TESTS_OPEN_METRICS_H
#define TRADEWIND_TESTS_OPEN_METRICS_H

#include <stdbool.h>

/* NULL when `text` is a valid exposition, else a sentence with the number of the line. The sentence
 * lives until the next call. */
const char *open_metrics_problem(const char *text);

/* The value of a series by its whole name, "x_total{a=\"b\"}"; false: there is none. */
bool open_metrics_value(const char *text, const char *series, double *ret_value);

#endif
