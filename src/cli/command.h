/*
 * command.h - one entry a subcommand, and what all of them share.
 *
 * A command gets its arguments with argv[0] being its own name and returns an exit status of the
 * table in the manual: 0 done, 1 failed, 2 wrong usage, 3 bad input data, 4 a remote could not be
 * reached or refused, 5 refused by a safety limit, 130 interrupted.
 */
#ifndef TRADEWIND_CLI_COMMAND_H
#define TRADEWIND_CLI_COMMAND_H

#include <stdbool.h>

#include "arguments.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

typedef enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DATA = 3,
    EXIT_REMOTE = 4,
    EXIT_LIMIT = 5,
    EXIT_INTERRUPTED = 130
} exit_status;

/* One row of `tradewind --help`. */
typedef struct command_entry {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} command_entry;

/* main.c: every command there is, in the order of the help. */
extern const command_entry command_list[];
extern const size_t command_count;

int command_bars(int argc, char **argv);
int command_batch(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_book(int argc, char **argv);
int command_config(int argc, char **argv);
int command_db(int argc, char **argv);
int command_kill(int argc, char **argv);
int command_monitor(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_exchange(int argc, char **argv);
int command_export(int argc, char **argv);
int command_fetch(int argc, char **argv);
int command_flight(int argc, char **argv);
int command_import(int argc, char **argv);
int command_orders(int argc, char **argv);
int command_positions(int argc, char **argv);
int command_rebalance(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_risk(int argc, char **argv);
int command_run(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_strategy(int argc, char **argv);
int command_tune(int argc, char **argv);
int command_window(int argc, char **argv);

/* The exit status that an operating error ends the program with. */
int exit_status_of(tw_status status);

/* Prints "tradewind NAME: <sentence>" on standard error; returns the exit status. */
int command_failed(const char *command, const tw_error *error);

/* The exit status of a command that came to `status`; of a failure after its sentence. TW_CANCELLED
 * is that of an output whose reader has seen enough, and needs no message. */
int command_ended(const char *command, tw_status status, const tw_error *error);

/* After the last word on standard output: was all of it taken? If not, says so and returns
 * EXIT_FAILED, else EXIT_DONE. `command` may be empty: the program itself. */
int command_printed(const char *command);

/* The last word of spec->command: "run" of "tradewind run". */
const char *command_name(const tw_arguments_spec *spec);

/* Reads the arguments, and what the configuration file says of them. True: go on. False: help was
 * printed or an error was told, and the program ends with `*ret_exit`. */
bool command_arguments(tw_arguments *arguments, const tw_arguments_spec *spec, int argc,
                       char **argv, int *ret_exit);

/* The sections that a configuration file may have; the first is "", the part before any heading. */
extern const char *const command_sections[];
extern const size_t command_section_count;

/* Instead of reading arguments, every command that is called hands its tables to `listener` and
 * ends; NULL: they read again. So that one command can tell the settings of all, whose tables stay
 * where they are used. */
typedef void (*command_listener)(void *context, const tw_arguments_spec *spec);
void command_listen(command_listener listener, void *context);

/* What a command does, with the target of its options. */
typedef tw_status (*command_work)(void *options, const tw_arguments *arguments, tw_error *error);

/* The whole of a command: reads the arguments, works, tells what went wrong, also with the last
 * words on standard output. Returns the exit status. */
int command_main(const tw_arguments_spec *spec, int argc, char **argv, command_work work,
                 void *options);

/* Who said the value of an option; `name` is one of the table. */
tw_config_origin command_origin(const tw_config *config, const char *name);

#endif
