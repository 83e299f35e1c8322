/* kill_command.c - `tradewind kill`: stops the trading of a store, or lets it go on. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "command.h"
#include "input.h"
#include "kill_file.h"
#include "tradewind/time.h"

typedef struct kill_options {
    char database[TW_CONFIG_TEXT_SIZE];
    int level;
    bool lift;
    int64_t wait_ns;
    bool json;
} kill_options;

static const tw_config_option kill_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db", "the store whose run is killed",
     NULL, offsetof(kill_options, database)},
    {"level", TW_CONFIG_CHOICE, NULL, NULL, NULL, "cancel",
     "new: nothing new is sent; cancel: open orders are cancelled, too; flatten: and every "
     "position "
     "is closed",
     "new|cancel|flatten", offsetof(kill_options, level)},
    {"lift", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "end the kill: trading goes on", NULL,
     offsetof(kill_options, lift)},
    {"wait", TW_CONFIG_DURATION, NULL, "0s", "1h", "5s", "how long to wait for a run to answer",
     NULL, offsetof(kill_options, wait_ns)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(kill_options, json)},
};

/* What is being asked for, and the store whose journal answers. */
typedef struct kill_desk {
    const kill_options *options;
    char path[KILL_FILE_PATH_SIZE];
    kill_mark before; /* the file when the command began */
    tw_symbols *symbols;
    tw_store *store;
    int folder; /* inotify on the folder of the store */
    uint64_t from_sequence;
    bool answered;
} kill_desk;

static tw_status on_record(void *context, const tw_store_record *record) {
    kill_desk *desk = context;
    desk->from_sequence = record->sequence + 1;
    if (tw_slice_equal_string(record->kind, desk->options->lift ? "lift" : "kill"))
        desk->answered = true;
    return TW_OK;
}

/* Waits for the store's files to change, and reads the journal on, until a run has answered. */
static tw_status await_answer(kill_desk *desk, tw_error *error) {
    int64_t end_ns = tw_time_monotonic_ns() + desk->options->wait_ns;
    for (;;) {
        char events[4096];
        while (read(desk->folder, events, sizeof events) > 0) {
        }
        tw_status status =
            tw_store_read_journal(desk->store, desk->from_sequence, on_record, desk, error);
        int64_t left_ns = end_ns - tw_time_monotonic_ns();
        if (status != TW_OK || desk->answered || left_ns <= 0)
            return status;
        struct pollfd wait = {.fd = desk->folder, .events = POLLIN};
        int wait_ms = (int)((left_ns + TW_NS_PER_MS - 1) / TW_NS_PER_MS);
        if (poll(&wait, 1, wait_ms) < 0 && errno != EINTR)
            return tw_error_set_errno(error, errno, "waiting for an answer failed");
    }
}

static tw_status open_ears(kill_desk *desk, tw_error *error) {
    char folder[KILL_FILE_PATH_SIZE];
    const char *database = desk->options->database;
    tw_status status =
        input_any_store_open(database, TW_STORE_READ, &desk->symbols, &desk->store, error);
    if (status == TW_OK)
        status = tw_store_last_sequence(desk->store, &desk->from_sequence, error);
    if (status != TW_OK)
        return status;
    desk->from_sequence++;
    kill_file_folder(desk->path, folder);
    desk->folder = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (desk->folder < 0 || inotify_add_watch(desk->folder, folder, IN_MODIFY) < 0)
        return tw_error_set_errno(error, errno, "the folder %s cannot be watched", folder);
    return TW_OK;
}

static tw_status act(kill_desk *desk, bool *ret_changed, tw_error *error) {
    const kill_options *options = desk->options;
    tw_error unheard = {0};
    tw_status status = TW_OK;
    char shown[TW_CONFIG_TEXT_SIZE + TW_STORE_MASK_SIZE];
    if (!kill_file_path(options->database, desk->path))
        return tw_error_set(error, TW_USAGE,
                            "%s is not a file: a run of it is killed by its signal SIGUSR2",
                            tw_store_mask(options->database, shown, sizeof shown));
    desk->before = kill_file_look(desk->path);
    tw_status ears = open_ears(desk, &unheard); /* a kill does not wait for what only listens */
    if (ears != TW_OK && access(options->database, F_OK) != 0) {
        *error = unheard;
        return ears;
    }
    tw_kill_level before = desk->before.level;
    tw_kill_level level = (tw_kill_level)(options->level + TW_KILL_NEW);
    *ret_changed = options->lift ? before != TW_KILL_NONE : before < level;
    if (!options->lift) /* anew in any case: somebody may be about to lift what was there before */
        status = kill_file_write(desk->path, level, "tradewind kill", KILL_FILE_PATIENCE_NS, error);
    else if (*ret_changed)
        status = kill_file_remove(desk->path, &desk->before, KILL_FILE_PATIENCE_NS, error);
    if (status != TW_OK || !*ret_changed)
        return status;
    if (ears != TW_OK)
        return tw_error_set(error, ears, "%s is %s; whether a run has answered cannot be told: %s",
                            desk->path, options->lift ? "removed" : "written", unheard.message);
    return await_answer(desk, error);
}

static void print_words(const kill_desk *desk, bool changed) {
    const kill_options *options = desk->options;
    const char *what = options->lift ? "The kill is lifted" : "Killed";
    if (!changed) {
        printf(options->lift ? "Nothing was killed: there is no %s.\n"
                             : "It was killed before, by this level or a higher one: see %s.\n",
               desk->path);
        return;
    }
    if (desk->answered)
        printf("%s: the run of %s has answered.\n", what, options->database);
    else if (options->lift)
        printf("%s. No run of %s answered.\n", what, options->database);
    else
        printf("%s is written. No run of %s answered: the next one starts killed.\n", desk->path,
               options->database);
    if (!options->lift)
        printf("`tradewind kill --lift --db %s` lets it trade again.\n", options->database);
}

static void print_json(const kill_desk *desk, bool changed) {
    tw_kill_level level = kill_file_look(desk->path).level;
    printf("{\"level\":\"%s\",\"changed\":%s,\"answered\":%s}\n", tw_kill_level_name(level),
           changed ? "true" : "false", desk->answered ? "true" : "false");
}

static tw_status kill_or_lift(void *target, const tw_arguments *arguments, tw_error *error) {
    kill_desk desk = {.options = target, .folder = -1};
    bool changed = false;
    (void)arguments;
    tw_status status = act(&desk, &changed, error);
    if (desk.folder >= 0)
        close(desk.folder);
    tw_store_free(desk.store);
    tw_symbols_free(desk.symbols);
    if (status == TW_OK && desk.options->json)
        print_json(&desk, changed);
    else if (status == TW_OK)
        print_words(&desk, changed);
    return status;
}

int command_kill(int argc, char **argv) {
    static kill_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "kill",
         .options = kill_table,
         .count = sizeof kill_table / sizeof kill_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind kill",
        .summary =
            "Stops the trading of a store at once, whether a run is going on or not, until it\n"
            "is lifted. SIGUSR2 to the run does the same as --level cancel.",
        .example = "  tradewind kill --db trading.db\n"
                   "  tradewind kill --level flatten --db trading.db\n"
                   "  tradewind kill --lift --db trading.db\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, kill_or_lift, &options);
}
