/*
 * progress.h - a bar on standard error for work that takes over a second.
 *
 *     trades [#########...........]  45%  12,345,678 (812,345/s), 3 s left
 *
 * Silent when standard error is not a terminal. The clock is read once in some thousand calls of
 * progress_due, so that it may be asked for every row.
 */
#ifndef TRADEWIND_CLI_PROGRESS_H
#define TRADEWIND_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct progress {
    const char *noun; /* what is counted */
    int64_t started_ns;
    int64_t next_ns; /* when the bar is drawn again */
    uint32_t calls;
    bool terminal;
    bool drawn;
} progress;

/* Begins to measure; draws nothing yet. */
void progress_start(progress *bar, const char *noun);

/* True when progress_draw should be called; _now looks at the clock each time, for work that comes
 * in large pieces. */
bool progress_due(progress *bar);
bool progress_due_now(const progress *bar);

/* Draws what is done: a fraction from 0 to 1, negative when not known, and a count. */
void progress_draw(progress *bar, double fraction, uint64_t count);

/* Wipes the bar away. */
void progress_end(progress *bar);

/* The seconds since progress_start. */
double progress_seconds(const progress *bar);

/* Writes the line that is drawn; returns its length. */
size_t progress_format(const char *noun, double fraction, uint64_t count, double seconds,
                       char *buffer, size_t capacity);

#endif
