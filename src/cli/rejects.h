/*
 * rejects.h - the rows that --skip-bad sets aside: a CSV file of line, field, reason and row. Where
 * several files are read, the reason begins with the file's name.
 */
#ifndef TRADEWIND_CLI_REJECTS_H
#define TRADEWIND_CLI_REJECTS_H

#include "output_file.h"

typedef struct rejects {
    output_file file;
    uint64_t count;
    bool several; /* files are read */
} rejects;

tw_status rejects_open(rejects *aside, const char *path, tw_error *error) TW_MUST_CHECK;

/* Writes one row with the reason that `why` gives; its position becomes line and field. */
tw_status rejects_put(rejects *aside, const tw_error *why, tw_slice row,
                      tw_error *error) TW_MUST_CHECK;

/* Says on standard error how many there were, unless none. */
void rejects_tell(const char *command, uint64_t count, const char *path);

#endif
