/* main.c - `tradewind COMMAND ...`: finds the command and hands over. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "tradewind/version.h"

typedef struct command_entry {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} command_entry;

static const command_entry commands[] = {
    {"run", "the trading system: against the built-in exchange, a paper or a live venue",
     command_run},
    {"exchange", "the Alpaca-compatible simulated exchange on this machine", command_exchange},
    {"stats", "what the trades of a symbol in a store add up to", command_stats},
    {"bars", "trades of a file or a store as bars of several timeframes", command_bars},
};

static void print_usage(FILE *out) {
    fprintf(out, "usage: tradewind COMMAND [options] [arguments]\n\n"
                 "The fast path of a trading system.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n`tradewind COMMAND --help` tells the options of a command with an example.\n"
                 "First steps: `tradewind run --venue demo` needs no account.\n");
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tradewind %s\n", tw_version());
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "tradewind: there is no command \"%s\"; see `tradewind --help`\n", argv[1]);
    return EXIT_USAGE;
}
