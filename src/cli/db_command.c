/* db_command.c - `tradewind db`: what a store is, and its care. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

typedef struct db_options {
    char database[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    bool json;
} db_options;

static const tw_config_option db_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store: a file, or postgresql://... (needed)", NULL, offsetof(db_options, database)},
    {"out", TW_CONFIG_TEXT, "FILE", NULL, NULL, "", "backup: the new file", NULL,
     offsetof(db_options, out)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(db_options, json)},
};

enum { OPTION_COUNT = sizeof db_table / sizeof db_table[0], ANSWER_SIZE = 4096 };

/* A store that is open, and the answer that is printed when all has gone well. */
typedef struct db_desk {
    const db_options *options;
    tw_symbols *symbols;
    tw_store *store;
    tw_store_figures figures;
    int ending; /* of what has gone well: EXIT_DATA when it tells of damage */
    tw_text json;
    tw_text words;
    char json_memory[ANSWER_SIZE];
    char words_memory[ANSWER_SIZE];
} db_desk;

static tw_status close_desk(db_desk *desk, tw_error *error) {
    tw_status status = tw_store_close(desk->store, error);
    tw_symbols_free(desk->symbols);
    desk->store = NULL;
    desk->symbols = NULL;
    return status;
}

static tw_status open_desk(db_desk *desk, tw_store_mode mode, tw_error *error) {
    tw_status status =
        input_any_store_open(desk->options->database, mode, &desk->symbols, &desk->store, error);
    if (status == TW_OK)
        tw_store_read_figures(desk->store, &desk->figures);
    return status;
}

/* Opens for writing what can be read: a store that is missing is not made. */
static tw_status open_desk_to_write(db_desk *desk, tw_error *error) {
    tw_status status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = close_desk(desk, error);
    return status == TW_OK ? open_desk(desk, TW_STORE_WRITE, error) : status;
}

/* The store as messages name it, without a password; only those of what has gone well are shown. */
static const char *name_of(const db_desk *desk) {
    return desk->store == NULL ? "" : tw_store_path(desk->store);
}

/* ---- info ---------------------------------------------------------------------------------- */

static void append_size(db_desk *desk, const char *key, const char *heading, uint64_t bytes) {
    char number[READABLE_SIZE];
    tw_text_append_format(&desk->json, ",\"%s\":%" PRIu64, key, bytes);
    tw_text_append_format(&desk->words, "%-10s %s bytes\n", heading, readable_count(bytes, number));
}

/* The newest trade over all symbols; false when there is none. */
static tw_status find_newest(db_desk *desk, int64_t *ret_time_ns, bool *ret_there,
                             tw_error *error) {
    *ret_there = false;
    for (uint32_t i = 0; i < tw_symbols_count(desk->symbols); i++) {
        int64_t time_ns = 0;
        tw_status status = tw_store_last_trade(desk->store, i, &time_ns, error);
        if (status != TW_OK && status != TW_EMPTY)
            return status;
        if (status == TW_OK && (!*ret_there || time_ns > *ret_time_ns))
            *ret_time_ns = time_ns;
        *ret_there |= status == TW_OK;
    }
    return TW_OK;
}

static tw_status append_newest(db_desk *desk, tw_error *error) {
    int64_t time_ns = 0;
    bool there = false;
    char text[TW_TIME_TEXT_SIZE];
    tw_status status = find_newest(desk, &time_ns, &there, error);
    if (status != TW_OK)
        return status;
    tw_time_format(time_ns, 9, text);
    tw_text_append_format(&desk->json,
                          there ? ",\"newest_trade\":\"%s\"" : ",\"newest_trade\":null", text);
    tw_text_append_format(&desk->words, "%-10s %s\n", "newest", there ? text : "no trade yet");
    return TW_OK;
}

/* Runs come by id: the last one stays. */
static tw_status keep_run(void *context, const tw_store_run *run) {
    tw_store_run *last = context;
    *last = (tw_store_run){.id = run->id, .started_ns = run->started_ns, .ended_ns = run->ended_ns};
    return TW_OK;
}

static tw_status append_last_run(db_desk *desk, tw_error *error) {
    char started[TW_TIME_TEXT_SIZE];
    char ended[TW_TIME_TEXT_SIZE];
    tw_store_run last = {0};
    tw_status status = tw_store_read_runs(desk->store, keep_run, &last, error);
    if (status != TW_OK)
        return status;
    if (last.id == 0) {
        tw_text_append_string(&desk->json, ",\"last_run\":null");
        tw_text_append_format(&desk->words, "%-10s %s\n", "last run", "none yet");
        return TW_OK;
    }
    bool over = last.ended_ns != 0;
    tw_time_format(last.started_ns, 9, started);
    tw_time_format(last.ended_ns, 9, ended);
    tw_text_append_format(
        &desk->json, ",\"last_run\":{\"id\":%" PRId64 ",\"started\":\"%s\",\"ended\":", last.id,
        started);
    tw_text_append_format(&desk->json, over ? "\"%s\"}" : "null}", ended);
    tw_text_append_format(&desk->words, "%-10s %" PRId64 ", %s to %s\n", "last run", last.id,
                          started, over ? ended : "(did not end)");
    return TW_OK;
}

static tw_status append_rows(db_desk *desk, tw_error *error) {
    char number[READABLE_SIZE];
    tw_text_append_string(&desk->json, ",\"rows\":{");
    for (int i = 0; i < TW_STORE_TABLE_COUNT; i++) {
        uint64_t count = 0;
        const char *name = tw_store_table_name((tw_store_table)i);
        tw_status status = tw_store_count_rows(desk->store, (tw_store_table)i, &count, error);
        if (status != TW_OK)
            return status;
        tw_text_append_format(&desk->json, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", name, count);
        tw_text_append_format(&desk->words, "  %-10s %14s\n", name, readable_count(count, number));
    }
    tw_text_append_string(&desk->json, "}");
    return TW_OK;
}

static tw_status tell_info(db_desk *desk, tw_error *error) {
    tw_store_description description;
    tw_status status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = tw_store_describe(desk->store, &description, error);
    if (status != TW_OK)
        return status;
    const char *backend = tw_store_backend(desk->store);
    uint64_t epoch = tw_store_epoch(desk->store);
    tw_text_append_format(&desk->json,
                          "\"backend\":\"%s\",\"schema\":%" PRId64
                          ",\"schema_newest\":%d,\"epoch\":\"%016" PRIx64 "\"",
                          backend, description.schema_version, TW_STORE_VERSION, epoch);
    tw_text_append_format(&desk->words,
                          "%-10s %s\n%-10s %" PRId64 " (this program: %d)\n"
                          "%-10s %016" PRIx64 "\n",
                          "database", backend, "schema", description.schema_version,
                          TW_STORE_VERSION, "epoch", epoch);
    const char *precautions = tw_store_precautions(desk->store);
    tw_text_append_format(&desk->json, ",\"precautions\":\"%s\"", precautions);
    if (precautions[0] != '\0')
        tw_text_append_format(&desk->words, "%-10s %s\n", "precaution", precautions);
    append_size(desk, "size", "size", description.size);
    append_size(desk, "log_size", "log", description.log_size);
    append_size(desk, "free_size", "unused", description.free_size);
    status = append_newest(desk, error);
    if (status == TW_OK)
        status = append_last_run(desk, error);
    return status == TW_OK ? append_rows(desk, error) : status;
}

/* ---- care ---------------------------------------------------------------------------------- */

static tw_status do_check(db_desk *desk, tw_error *error) {
    tw_status status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = tw_store_verify(desk->store, error);
    tw_text_append_string(&desk->json, "\"sound\":true");
    tw_text_append_format(&desk->words, "%s is sound.\n", name_of(desk));
    return status;
}

/* The whole of what is said of a journal. */
static void append_journal(db_desk *desk, const tw_store_journal_state *state) {
    const char *why = tw_store_damage_name((tw_store_damage)state->damage);
    bool sound = state->damaged_from == 0;
    tw_text_append_format(&desk->json,
                          ",\"journal\":{\"sound\":%s,\"entries\":%" PRIu64
                          ",\"unchained\":%" PRIu64 ",\"quarantined\":%" PRIu64,
                          sound ? "true" : "false", state->record_count, state->unchained,
                          state->quarantined);
    tw_text_append_format(&desk->words,
                          "journal    %" PRIu64 " entries, %" PRIu64
                          " of them from before checksums; %" PRIu64 " in quarantine\n",
                          state->record_count, state->unchained, state->quarantined);
    if (sound) {
        tw_text_append_string(&desk->json, ",\"damaged_from\":null}");
        tw_text_append_string(&desk->words, "           sound\n");
        return;
    }
    tw_text_append_format(&desk->json,
                          ",\"damaged_from\":%" PRIu64 ",\"why\":\"%s\",\"following\":%" PRIu64
                          ",\"sound_behind\":%" PRIu64 ",\"at_end\":%s}",
                          state->damaged_from, why, state->following, state->sound_behind,
                          state->at_end ? "true" : "false");
    tw_text_append_format(&desk->words,
                          "           damaged at entry %" PRIu64 " (%s); %" PRIu64
                          " are there from it on, %" PRIu64 " of them sound\n",
                          state->damaged_from, why, state->following, state->sound_behind);
    if (state->damage != TW_STORE_UNREADABLE)
        tw_text_append_format(&desk->words, "           the next run %s\n",
                              state->at_end ? "sets them aside and goes on"
                                            : "is refused, unless it is told --quarantine");
}

/* What check asks, but to its end: the journal is looked at though the database is damaged. */
static tw_status do_verify(db_desk *desk, tw_error *error) {
    tw_store_journal_state state = {0};
    tw_error finding = {0};
    tw_status status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = tw_store_verify_journal(desk->store, &state, error);
    if (status != TW_OK)
        return status;
    tw_status database = tw_store_verify_database(desk->store, &finding);
    if (database != TW_OK && database != TW_CORRUPT) {
        *error = finding;
        return database;
    }
    bool sound = database == TW_OK && state.damaged_from == 0;
    desk->ending = sound ? EXIT_DONE : EXIT_DATA;
    tw_text_append_format(&desk->json, "\"sound\":%s,\"database\":", sound ? "true" : "false");
    tw_text_append_json(&desk->json, tw_slice_of(database == TW_OK ? "sound" : finding.message));
    tw_text_append_format(&desk->words, "database   %s\n",
                          database == TW_OK ? "sound" : finding.message);
    append_journal(desk, &state);
    return TW_OK;
}

static tw_status do_backup(db_desk *desk, tw_error *error) {
    if (desk->options->out[0] == '\0')
        return tw_error_set(error, TW_USAGE, "name the new file with --out FILE");
    tw_status status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = tw_store_backup(desk->store, desk->options->out, error);
    tw_text_append_string(&desk->json, "\"out\":");
    tw_text_append_json(&desk->json, tw_slice_of(desk->options->out));
    tw_text_append_format(&desk->words, "%s is a copy of %s.\n", desk->options->out, name_of(desk));
    return status;
}

static tw_status do_migrate(db_desk *desk, tw_error *error) {
    tw_status status = open_desk_to_write(desk, error);
    uint32_t from = desk->figures.migrated_from;
    tw_text_append_format(&desk->json, "\"from\":%lu,\"to\":%d,\"migrated\":%s",
                          (unsigned long)(from == 0 ? TW_STORE_VERSION : from), TW_STORE_VERSION,
                          from == 0 ? "false" : "true");
    if (from == 0)
        tw_text_append_format(&desk->words, "%s has schema %d, the newest: nothing to do.\n",
                              name_of(desk), TW_STORE_VERSION);
    else
        tw_text_append_format(&desk->words, "%s went from schema %lu to %d.\n", name_of(desk),
                              (unsigned long)from, TW_STORE_VERSION);
    return status;
}

static tw_status do_vacuum(db_desk *desk, tw_error *error) {
    tw_store_description before = {0};
    tw_store_description after = {0};
    tw_status status = open_desk_to_write(desk, error);
    if (status == TW_OK)
        status = tw_store_describe(desk->store, &before, error);
    if (status == TW_OK)
        status = tw_store_vacuum(desk->store, error);
    if (status == TW_OK)
        status = tw_store_commit(desk->store, TW_STORE_FULL, error);
    if (status == TW_OK) /* closing moves the log into the file */
        status = close_desk(desk, error);
    if (status == TW_OK)
        status = open_desk(desk, TW_STORE_READ, error);
    if (status == TW_OK)
        status = tw_store_describe(desk->store, &after, error);
    char was[READABLE_SIZE];
    char is[READABLE_SIZE];
    tw_text_append_format(&desk->json, "\"size_before\":%" PRIu64 ",\"size\":%" PRIu64, before.size,
                          after.size);
    tw_text_append_format(&desk->words, "%s: %s bytes before, %s now.\n", name_of(desk),
                          readable_count(before.size, was), readable_count(after.size, is));
    return status;
}

/* ---- command ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    tw_status (*run)(db_desk *desk, tw_error *error);
} actions[] = {{"info", tell_info},   {"check", do_check},     {"verify", do_verify},
               {"backup", do_backup}, {"migrate", do_migrate}, {"vacuum", do_vacuum}};

static tw_status act(db_desk *desk, const char *name, tw_error *error) {
    desk->json = tw_text_over(desk->json_memory, sizeof desk->json_memory);
    desk->words = tw_text_over(desk->words_memory, sizeof desk->words_memory);
    tw_text_append_string(&desk->json, "{");
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) != 0)
            continue;
        if (desk->options->database[0] == '\0')
            return tw_error_set(error, TW_USAGE,
                                "name the store with --db FILE, like --db ticks.db");
        return actions[i].run(desk, error);
    }
    return tw_error_set(error, TW_USAGE,
                        "say what to do: info, check, verify, backup, migrate or vacuum, like "
                        "tradewind db info --db ticks.db");
}

static int print(const db_desk *desk) {
    TW_ASSERT(!desk->json.truncated && !desk->words.truncated);
    if (desk->options->json)
        printf("%s}\n", desk->json_memory);
    else
        fputs(desk->words_memory, stdout);
    int printed = command_printed("db");
    return printed == EXIT_DONE ? desk->ending : printed;
}

int command_db(int argc, char **argv) {
    db_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}, {'o', "out"}};
    const tw_arguments_table tables[] = {
        {.section = "db",
         .options = db_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 2},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind db",
        .operands = "info|check|verify|backup|migrate|vacuum",
        .summary = "What a store is and holds; reads all of it against its own rules (verify\n"
                   "tells what of the journal is damaged, and how much follows); copies one\n"
                   "state of it while others read and write; brings its tables up to date; gives\n"
                   "unused room back.",
        .example = "tradewind db info --db ticks.db\n"
                   "tradewind db backup --db ticks.db --out monday.db\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = 1,
    };
    tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    db_desk desk = {.options = &options, .ending = EXIT_DONE};
    tw_error error = {0};
    tw_status status = act(&desk, arguments.operand_count > 0 ? arguments.operands[0] : "", &error);
    tw_store_free(desk.store);
    tw_symbols_free(desk.symbols);
    return status == TW_OK ? print(&desk) : command_failed("db", &error);
}
