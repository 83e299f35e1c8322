/*
 * interruption.h - Ctrl-C takes away what is only half written.
 *
 * After interruption_watch a SIGINT, SIGTERM or SIGHUP (unless that is ignored) removes every file
 * that was added, says so, and ends the program with exit status 130, wherever it is: waiting for a
 * pipe as well as in a long read. Files that are complete under their own names are not touched.
 */
#ifndef TRADEWIND_CLI_INTERRUPTION_H
#define TRADEWIND_CLI_INTERRUPTION_H

#include <stdbool.h>

#include "tradewind/status.h"

enum { INTERRUPTION_FILE_COUNT_MAX = 16 };

void interruption_watch(void);

/* For work that must end in its own way: the first signal is only noted, and interruption_requested
 * tells of it; a second one ends the program as above. */
void interruption_note(void);
bool interruption_requested(void);

/* The same for work that goes on in spite of the first signal: no call that waits is broken off. */
void interruption_defer(void);

/* Adds a file that an interruption removes; `path` is borrowed until it is dropped. TW_FULL when
 * there are INTERRUPTION_FILE_COUNT_MAX. */
tw_status interruption_put(const char *path) TW_MUST_CHECK;
void interruption_drop(const char *path);

/* From now on an interruption that ends the program leaves this folder, which no signal handler can
 * remove, and says so. Borrowed until it is NULL again: nothing is left. */
void interruption_leave(const char *folder);

#endif
