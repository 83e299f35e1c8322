/*
 * time_labels.h - which rows of a picture are labelled with their time, and how.
 *
 * Rows stand side by side whatever time is between them, so labels are where the time passes a
 * round one (a quarter of an hour, a day, a month ...): of the round span that gives the most
 * labels that fit, and of those that give as many the longest. The first label, and each where the
 * day (or the year) is another, has that in a second line.
 */
#ifndef TRADEWIND_CLI_TIME_LABELS_H
#define TRADEWIND_CLI_TIME_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TIME_LABEL_SIZE = 48, TIME_LABEL_MAX = 16 };

typedef struct time_label {
    size_t row;
    char text[TIME_LABEL_SIZE]; /* one line, or two with the two characters \n between them */
} time_label;

/* At most `most` (2 to TIME_LABEL_MAX) labels of times that do not run back, in UTC. Returns how
 * many; at least one if there is a row. */
size_t time_labels_of(const int64_t *times_ns, size_t count, size_t most,
                      time_label ret_labels[TIME_LABEL_MAX]);

/* Writes them as gnuplot's `set xtics`; not `shown`, as marks without a text. */
void time_labels_put(FILE *script, const int64_t *times_ns, size_t count, size_t most, bool shown);

#endif
