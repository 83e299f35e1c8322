/*
 * config_rows.h - the settings of all commands, each with its value of now and where it comes from.
 *
 * The commands keep their tables; each hands them over once (command_listen) and they are read as
 * the command itself would read them without options: the environment over the file over the
 * default. A setting that two commands share stands once, as the command of its section has it; a
 * default of another is noted.
 *
 * Memory: all in config_rows, about 900 KB. Threads: one command, one thread.
 */
#ifndef TRADEWIND_CLI_CONFIG_ROWS_H
#define TRADEWIND_CLI_CONFIG_ROWS_H

#include "arguments.h"

enum {
    CONFIG_ROW_COUNT_MAX = 1024,
    CONFIG_SECTION_SIZE = 16,
    CONFIG_NOTE_SIZE = 64,
    CONFIG_VALUE_SIZE = TW_CONFIG_TEXT_SIZE + 16
};

typedef struct config_row {
    char section[CONFIG_SECTION_SIZE];
    char command[CONFIG_SECTION_SIZE]; /* whose default it has */
    const tw_config_option *option;    /* a copy in `options` */
    tw_config_origin origin;
    char variable[48];             /* that sets it, or empty */
    char note[CONFIG_NOTE_SIZE];   /* "run: 90%", or empty */
    char value[CONFIG_VALUE_SIZE]; /* secrets and passwords masked */
} config_row;

typedef struct config_rows {
    config_row rows[CONFIG_ROW_COUNT_MAX];
    tw_config_option options[CONFIG_ROW_COUNT_MAX];
    size_t count;
    char path[TW_ARGUMENTS_PATH_SIZE]; /* the file that was read, or empty */
    const char *named;                 /* of --config, or NULL */
    tw_error error;                    /* the first that was met */
} config_rows;

/* Reads the settings of every command; `path` (of --config) may be NULL. Statuses and positions of
 * tw_arguments_parse. The rows stand by section, in the order of the commands. */
tw_status config_rows_read(config_rows *rows, const char *path, tw_error *error) TW_MUST_CHECK;

#endif
