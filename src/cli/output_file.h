/*
 * output_file.h - a file that appears whole or not at all.
 *
 * It is written beside its place under a temporary name, synced, and renamed when everything that
 * belongs together is complete. "-" is standard output, where nothing can be taken back.
 *
 *     CLOSED --output_file_open--> OPEN --output_file_finish--> COMPLETE --output_file_publish--+
 *       ^                           |                              |                            |
 *       +-----output_file_drop------+------output_file_drop--------+----------------------------+
 *
 * An interruption removes the temporary file, see interruption.h. A zeroed output_file is CLOSED.
 */
#ifndef TRADEWIND_CLI_OUTPUT_FILE_H
#define TRADEWIND_CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tradewind/error.h"
#include "tradewind/text.h"

enum { OUTPUT_PATH_SIZE = 2048 };

typedef struct output_file {
    FILE *stream;                     /* NULL unless OPEN */
    char path[OUTPUT_PATH_SIZE];      /* as it will be named */
    char temporary[OUTPUT_PATH_SIZE]; /* empty when there is none to remove */
} output_file;

/* True if both paths lead, or would lead, to one file. "-" leads to none. */
bool output_is_same_file(const char *a, const char *b);

/* An option that names a file to write. */
typedef struct output_option {
    const char *name; /* "out" */
    const char *path; /* empty: it was not given */
    bool streams;     /* "-" is standard output */
} output_option;

/* TW_USAGE: one of them cannot go to standard output, is a file that is read, or is the file of an
 * option before it. */
tw_status output_options_check(const output_option *options, size_t count, const char *const *read,
                               size_t read_count, tw_error *error) TW_MUST_CHECK;

/* True if writing `path` would destroy the store at `store` or a file beside it. */
bool output_is_store(const char *path, const char *store);

/* Opens the temporary file. TW_PERMISSION, TW_NOT_FOUND (no such folder), TW_INVALID (the path
 * is a folder, a pipe or a device), TW_NO_SPACE, TW_IO. */
tw_status output_file_open(output_file *file, const char *path, tw_error *error) TW_MUST_CHECK;

/* Writes a piece. TW_NO_SPACE, TW_IO; TW_CANCELLED when the reader of standard output has gone. */
tw_status output_file_write(output_file *file, tw_slice piece, tw_error *error) TW_MUST_CHECK;

/* How much was written so far; and taking back what was written behind such a size. Neither is for
 * standard output. TW_NO_SPACE, TW_IO. */
tw_status output_file_tell(output_file *file, int64_t *ret_size, tw_error *error) TW_MUST_CHECK;
tw_status output_file_cut(output_file *file, int64_t size, tw_error *error) TW_MUST_CHECK;

/* Standard output, after what printf and its kin have put there: was all of it taken? The second
 * writes a text before. Statuses as of output_file_write. */
tw_status output_printed(tw_error *error) TW_MUST_CHECK;
tw_status output_print(tw_slice text, tw_error *error) TW_MUST_CHECK;

/* Everything is on the disk; only the name is missing. Statuses as of output_file_write. */
tw_status output_file_finish(output_file *file, tw_error *error) TW_MUST_CHECK;

/* Gives the complete file its name, replacing what had it. */
tw_status output_file_publish(output_file *file, tw_error *error) TW_MUST_CHECK;

/* Both, for a file that no other belongs to. */
tw_status output_file_keep(output_file *file, tw_error *error) TW_MUST_CHECK;

/* Completes all of them, and only then gives each its name, in their order: what belongs together
 * appears together. Files that are CLOSED are passed over. */
tw_status output_files_keep(output_file *const *files, size_t count, tw_error *error) TW_MUST_CHECK;

/* Removes what was not published. Harmless in every state. */
void output_file_drop(output_file *file);

#endif
