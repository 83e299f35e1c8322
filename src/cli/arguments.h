/*
 * arguments.h - the command line of one subcommand, read by the tables of its modules.
 *
 * A command lists the tw_config_option tables it needs, each with its target struct, its section
 * of the configuration file, its short forms and its environment variables. One call fills all
 * targets: an option wins over the environment, the environment over the file, the file over the
 * default. `tw_config_format` and `origins` of `configs` then tell what came from where.
 *
 *     static const tw_argument_short shorts[] = {{'r', "rate"}};
 *     static const tw_argument_variable variables[] = {{"TRADEWIND_RATE", "rate"}};
 *     const tw_arguments_table tables[] = {
 *         {.heading = "Engine options", .section = "engine", .options = options,
 *          .count = COUNT, .target = &config, .shorts = shorts, .short_count = 1,
 *          .variables = variables, .variable_count = 1},
 *     };
 *     const tw_arguments_spec spec = {
 *         .command = "tradewind import", .operands = "trades|bars FILE...", ...
 *     };
 *     status = tw_arguments_parse(&arguments, &spec, argc, argv, &error);
 *
 * Forms: `--name value`, `--name=value`, `-n value`, `-nvalue`; a switch is `--name`, `--no-name`,
 * `--name=no` or `-n`, and short switches may be joined (`-vq`). Options may follow operands; all
 * after `--` are operands; `-` is one. An option given twice takes the last value. `--help` (also
 * `-h`) ends the reading. With `reads_config`, `--config FILE` names the configuration file, else
 * ./tradewind.conf and $XDG_CONFIG_HOME/tradewind/tradewind.conf (or ~/.config/...) are looked
 * for in this order, and refused when others could change them (safe_path.h). A variable that is
 * set to nothing counts as not set. A secret comes from the environment or a file, never from an
 * option, which every user of the machine could read; of a service it may be a credential of its
 * manager (credential_file.h).
 *
 * Memory: nothing is allocated; operands point into argv. A tw_arguments takes about 30 KB.
 * Threads: a tw_arguments belongs to its owner.
 */
#ifndef TRADEWIND_CLI_ARGUMENTS_H
#define TRADEWIND_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "tradewind/config.h"

#define TW_ARGUMENTS_TABLE_COUNT_MAX 8
#define TW_ARGUMENTS_OPERAND_COUNT_MAX 1024
#define TW_ARGUMENTS_PATH_SIZE 4096

/* The short form of an option: {'r', "rate"}. */
typedef struct tw_argument_short {
    char letter;
    const char *name;
} tw_argument_short;

/* The environment variable of an option. Of two for the same option the first that is set wins. */
typedef struct tw_argument_variable {
    const char *variable;
    const char *name;
} tw_argument_variable;

typedef struct tw_arguments_table {
    const char *heading; /* above its part of the help; NULL: "Options" */
    const char *section; /* of the configuration file; NULL: the part before any heading */
    const tw_config_option *options;
    size_t count;
    void *target;
    const tw_argument_short *shorts;
    size_t short_count;
    const tw_argument_variable *variables;
    size_t variable_count;
    const tw_config_option *others; /* rows of the same section that are not this table's */
    size_t other_count;
} tw_arguments_table;

typedef struct tw_arguments_spec {
    const char *command;  /* "tradewind import" */
    const char *operands; /* as in the usage line, "FILE..."; NULL when there are none */
    const char *summary;  /* one sentence */
    const char *example;  /* whole command lines, each ended by a newline */
    const tw_arguments_table *tables;
    size_t table_count;
    size_t operand_count_min;
    size_t operand_count_max; /* at most TW_ARGUMENTS_OPERAND_COUNT_MAX */
    bool reads_config;
    /* Every section the program knows ("" for the part before any heading), so that a misspelt
     * heading in the configuration file is an error. NULL: not checked. */
    const char *const *sections;
    size_t section_count;
    char *const *environment; /* "NAME=value" strings up to a NULL; NULL: the process's own */
} tw_arguments_spec;

typedef struct tw_arguments {
    tw_config configs[TW_ARGUMENTS_TABLE_COUNT_MAX]; /* one a table, in the order of the spec */
    const char *operands[TW_ARGUMENTS_OPERAND_COUNT_MAX];
    size_t operand_count;
    bool help;                                /* --help was given; the rest was not read */
    char config_path[TW_ARGUMENTS_PATH_SIZE]; /* the file that was read, or empty */
} tw_arguments;

/*
 * Reads everything. `argv[0]` is the command and is skipped. TW_USAGE for anything wrong in
 * options, operands or environment (the sentence says what to write instead); for the configuration
 * file the status and the position that tw_config_read_file gives, TW_PERMISSION for one that was
 * found and others could change. After a failure the targets are
 * valid but a mixture: the command prints the message and ends.
 */
tw_status tw_arguments_parse(tw_arguments *arguments, const tw_arguments_spec *spec, int argc,
                             char *const *argv, tw_error *error) TW_MUST_CHECK;

/* Writes the whole help of a command: usage, summary, options, environment, example. */
void tw_arguments_help(const tw_arguments_spec *spec, tw_text *text);

#endif
