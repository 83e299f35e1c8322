/* main.c - `tradewind COMMAND ...`: finds the command and hands over. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "tradewind/version.h"

/* A slip of the keyboard: a word further from every command than this is not guessed at. */
static const size_t SLIP_DISTANCE_MAX = 2;

const command_entry command_list[] = {
    {"run", "the trading system: against the built-in exchange, a paper or a live venue",
     command_run},
    {"exchange", "the Alpaca-compatible simulated exchange on this machine", command_exchange},
    {"monitor", "a run that was started with --listen, live in the terminal", command_monitor},
    {"kill", "stops the trading of a store at once, or lets it go on", command_kill},
    {"replay", "a run again from its recording: whether it is the same, or what else it would do",
     command_replay},
    {"explain", "why an order was made, and what became of it", command_explain},
    {"orders", "the orders of a store: their states, and why each was made", command_orders},
    {"positions", "what is held: prices, weights and targets, by the store alone",
     command_positions},
    {"fetch", "histories of bars, trades and quotes of a venue into a store", command_fetch},
    {"import", "files of trades or bars into a store", command_import},
    {"export", "trades or bars of a store as files", command_export},
    {"db", "what a store is, and its care: check, backup, migrate, vacuum", command_db},
    {"stats", "what the trades of a symbol in a store add up to", command_stats},
    {"book", "order books replayed from a file: rows, a summary, a picture", command_book},
    {"bars", "trades of a file or a store as bars of several timeframes", command_bars},
    {"batch", "features of every symbol at once, from files of bars", command_batch},
    {"bench", "what each optimisation is worth on this machine", command_bench},
    {"tune", "settings that suit this machine and these trades, measured", command_tune},
    {"window", "sliding statistics of each symbol after each of its trades", command_window},
    {"risk", "the risk of a portfolio, and what each asset contributes", command_risk},
    {"rebalance", "the fewest trades that bring positions home, with proof", command_rebalance},
    {"strategy", "a strategy of your own, tried on a history of daily closes", command_strategy},
    {"flight", "what a run that crashed wrote down of its last moments", command_flight},
    {"doctor", "is this machine, this configuration, this venue fit to trade with", command_doctor},
    {"config", "the settings in force, and where each comes from", command_config},
};
const size_t command_count = sizeof command_list / sizeof command_list[0];

static void print_usage(FILE *out) {
    fprintf(out, "usage: tradewind COMMAND [options] [arguments]\n\n"
                 "The fast path of a trading system.\n\n");
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-10s %s\n", command_list[i].name, command_list[i].summary);
    fprintf(out, "\n`tradewind COMMAND --help` tells the options of a command with an example.\n"
                 "First steps: `tradewind run --venue demo` needs no account.\n");
}

static const command_entry *find_command(const char *name) {
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(name, command_list[i].name) == 0)
            return &command_list[i];
    }
    return NULL;
}

static int unknown_command(const char *name) {
    const char *nearest = NULL;
    size_t nearest_distance = SLIP_DISTANCE_MAX + 1;
    for (size_t i = 0; strlen(name) <= 64 && i < command_count; i++) {
        size_t distance = tw_slice_distance(tw_slice_of(name), tw_slice_of(command_list[i].name));
        if (distance < nearest_distance) {
            nearest = command_list[i].name;
            nearest_distance = distance;
        }
    }
    fprintf(stderr, "tradewind: there is no command \"%s\"", name);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fputs(nearest != NULL ? "\nSee `tradewind --help`.\n" : "; see `tradewind --help`\n", stderr);
    return EXIT_USAGE;
}

static bool is_word(const char *argument, const char *word, const char *letter) {
    return argument != NULL && (strcmp(argument, word) == 0 || strcmp(argument, letter) == 0);
}

static int print_version(void) {
    printf("tradewind %s\n", tw_version());
    return command_printed("");
}

/* `tradewind help COMMAND` is `tradewind COMMAND --help`. */
static int print_help(const char *name) {
    if (name == NULL) {
        print_usage(stdout);
        return command_printed("");
    }
    const command_entry *command = find_command(name);
    char word[32];
    char option[] = "--help";
    if (command == NULL)
        return unknown_command(name);
    snprintf(word, sizeof word, "%s", command->name);
    char *arguments[] = {word, option, NULL};
    return command->run(2, arguments);
}

/* A standard stream that the parent closed would give its number to the next file or socket, and
 * words for people would go there. Instead it is opened so that using it fails. */
static void hold_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXIT_FAILED);
    }
}

int main(int argc, char **argv) {
    hold_standard_streams();
    /* Both are told as errors of the write: a reader that went away, a file at its size limit. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (is_word(argv[1], "--help", "-h"))
        return print_help(NULL);
    if (is_word(argv[1], "help", "help"))
        return print_help(argv[2]);
    if (is_word(argv[1], "--version", "-V"))
        return print_version();
    const command_entry *command = find_command(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    if (is_word(argv[2], "--version", "-V"))
        return print_version();
    return command->run(argc - 1, argv + 1);
}
