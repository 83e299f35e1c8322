/* command.c - what every subcommand does the same way. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plain_text.h"

enum { HELP_SIZE = 32768 };

/* In the order of the alphabet. */
const char *const command_sections[] = {
    "",         "bars",    "batch",     "bench",     "book",   "config", "db",   "doctor",
    "exchange", "explain", "export",    "fetch",     "flight", "import", "kill", "limits",
    "monitor",  "orders",  "positions", "rebalance", "replay", "risk",   "run",  "stats",
    "strategy", "trial",   "tune",      "venue",     "window"};
const size_t command_section_count = sizeof command_sections / sizeof command_sections[0];

/* Of command_listen: the program has one command line, and this is how it is read. */
static command_listener listener;
static void *listener_context;

void command_listen(command_listener told, void *context) {
    listener = told;
    listener_context = context;
}

int exit_status_of(tw_status status) {
    switch (status) {
    case TW_OK:
        return EXIT_DONE;
    case TW_USAGE:
        return EXIT_USAGE;
    case TW_PARSE:
    case TW_RANGE:
    case TW_CORRUPT:
    case TW_TRUNCATED:
    case TW_OVERFLOW:
    case TW_VERSION:
    case TW_EMPTY:
        return EXIT_DATA;
    case TW_UNREACHABLE:
    case TW_REFUSED:
    case TW_AUTH:
    case TW_PROTOCOL:
    case TW_REMOTE:
    case TW_THROTTLED:
    case TW_TIMEOUT:
    case TW_CLOSED:
        return EXIT_REMOTE;
    case TW_LIMIT:
        return EXIT_LIMIT;
    case TW_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case TW_INVALID:
    case TW_NO_MEMORY:
    case TW_FULL:
    case TW_NOT_FOUND:
    case TW_EXISTS:
    case TW_BUSY:
    case TW_CANCELLED:
    case TW_IO:
    case TW_NO_SPACE:
    case TW_READ_ONLY:
    case TW_PERMISSION:
    case TW_UNSUPPORTED:
    case TW_UNKNOWN:
    case TW_STATE:
    case TW_INFEASIBLE:
        break;
    }
    return EXIT_FAILED;
}

int command_ended(const char *command, tw_status status, const tw_error *error) {
    if (status == TW_CANCELLED)
        return EXIT_FAILED;
    return status == TW_OK ? EXIT_DONE : command_failed(command, error);
}

int command_failed(const char *command, const tw_error *error) {
    char plain[PLAIN_TEXT_SIZE(sizeof error->message)]; /* it may quote a file */
    const char *sentence =
        error->message[0] != '\0' ? error->message : tw_status_sentence(error->status);
    fprintf(stderr, "tradewind %s: %s\n", command, plain_text(sentence, plain, sizeof plain));
    return exit_status_of(error->status);
}

int command_printed(const char *command) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return EXIT_DONE;
    char reason[128];
    fprintf(stderr, "tradewind%s%s: standard output could not be written: %s\n",
            command[0] != '\0' ? " " : "", command, strerror_r(errno, reason, sizeof reason));
    return EXIT_FAILED;
}

const char *command_name(const tw_arguments_spec *spec) {
    const char *space = strrchr(spec->command, ' ');
    return space != NULL ? space + 1 : spec->command;
}

bool command_arguments(tw_arguments *arguments, const tw_arguments_spec *spec, int argc,
                       char **argv, int *ret_exit) {
    tw_error error = {0};
    tw_arguments_spec whole = *spec;
    whole.reads_config = true;
    whole.sections = command_sections;
    whole.section_count = command_section_count;
    if (listener != NULL) {
        listener(listener_context, &whole);
        *ret_exit = EXIT_DONE;
        return false;
    }
    if (tw_arguments_parse(arguments, &whole, argc, argv, &error) != TW_OK) {
        /* Of a configuration file too: what the program is told to do is not understood. */
        fprintf(stderr, "%s: %s\nSee `%s --help`.\n", spec->command, error.message, spec->command);
        *ret_exit = EXIT_USAGE;
        return false;
    }
    if (arguments->help) {
        static char memory[HELP_SIZE];
        tw_text text = tw_text_over(memory, sizeof memory);
        tw_arguments_help(&whole, &text);
        fputs(memory, stdout);
        *ret_exit = command_printed(command_name(spec));
        return false;
    }
    return true;
}

int command_main(const tw_arguments_spec *spec, int argc, char **argv, command_work work,
                 void *options) {
    tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, spec, argc, argv, &ending))
        return ending;
    tw_error error = {0};
    tw_status status = work(options, &arguments, &error);
    return status == TW_OK ? command_printed(command_name(spec))
                           : command_ended(command_name(spec), status, &error);
}

tw_config_origin command_origin(const tw_config *config, const char *name) {
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->options[i].name, name) == 0)
            return config->origins[i];
    }
    TW_ASSERT(config->count == 0); /* only names of the table are asked for */
    return TW_CONFIG_FROM_DEFAULT;
}
