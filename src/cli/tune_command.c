/*
 * tune_command.c - `tradewind tune`: settings that suit this machine and these trades, measured.
 *
 * The store is read once and closed. What is written meanwhile lies in a folder beside it, so on
 * its disk, and is removed at the end.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "config_rows.h"
#include "interruption.h"
#include "progress.h"
#include "proof_folder.h"
#include "tradewind/time.h"
#include "tune_input.h"
#include "tune_results.h"
#include "tune_ways.h"

typedef struct tune_options {
    char database[TW_CONFIG_TEXT_SIZE];
    char tape[TW_CONFIG_TEXT_SIZE];
    char write[TW_CONFIG_TEXT_SIZE];
    double noise_limit;
    bool quick;
    bool json;
} tune_options;

static const tw_config_option tune_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store whose newest trades and whose disk are measured with; it is only read (needed)",
     NULL, offsetof(tune_options, database)},
    {"tape", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the trades of this file instead of the store's (CSV as for import)", NULL,
     offsetof(tune_options, tape)},
    {"write", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "change what is recommended in this configuration file, and nothing else of it; made if "
     "missing",
     NULL, offsetof(tune_options, write)},
    {"noise-limit", TW_CONFIG_PERCENT, NULL, "0%", "1000000%", "15%",
     "recommend nothing by figures of a machine that was busier than this: how much longer the "
     "same work took",
     NULL, offsetof(tune_options, noise_limit)},
    {"quick", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "fewer and shorter repetitions: under 20 seconds instead of two minutes", NULL,
     offsetof(tune_options, quick)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(tune_options, json)},
};

/* How long each thing may be measured. */
typedef struct tune_budget {
    int64_t batches_ns;
    int64_t handles_ns;
    int64_t workers_ns;
    int64_t run_ns;
    uint32_t rounds;
} tune_budget;

static const tune_budget QUICK = {7 * TW_NS_PER_SECOND, 4 * TW_NS_PER_SECOND, 3 * TW_NS_PER_SECOND,
                                  60 * TW_NS_PER_MS, 3};
static const tune_budget FULL = {55 * TW_NS_PER_SECOND, 25 * TW_NS_PER_SECOND,
                                 20 * TW_NS_PER_SECOND, 250 * TW_NS_PER_MS, 9};

static config_rows rows; /* large */

/* ---- measuring ------------------------------------------------------------------------------- */

static void show(progress *bar, uint64_t done) {
    if (progress_due_now(bar))
        progress_draw(bar, (double)done / 3, done);
}

static tw_status measure(tune_results *results, const tune_budget *budget, const char *folder,
                         tw_error *error) {
    const tune_workload *workload = &results->workload;
    const tune_plan plan = {.rounds = budget->rounds,
                            .run_ns = budget->run_ns,
                            .noise_limit = results->noise_limit,
                            .folder = folder,
                            .cancelled = interruption_requested};
    progress bar;
    progress_start(&bar, "curves");
    tw_status status = tune_entries(workload, &results->entries, error);
    if (status == TW_OK)
        status = tune_lives(workload, results->entries.values[results->entries.chosen],
                            &results->lives, error);
    if (status == TW_OK)
        status = tune_batches(workload, &plan, budget->batches_ns, &results->batches, error);
    show(&bar, 1);
    if (status == TW_OK)
        status = tune_handles(workload, &plan, budget->handles_ns, &results->handles,
                              &results->threads, error);
    show(&bar, 2);
    if (status == TW_OK)
        status = tune_workers(workload, &plan, budget->workers_ns, &results->workers,
                              &results->processors, error);
    if (status == TW_OK)
        tune_delays(&results->batches, workload->rate, &results->delays);
    progress_end(&bar);
    return status;
}

static tw_status measure_beside(tune_results *results, bool quick, tw_error *error) {
    char place[PATH_MAX];
    char folder[PROOF_FOLDER_SIZE];
    if (realpath(results->database, place) == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be found", results->database);
    char *name = strrchr(place, '/'); /* the path begins with one */
    TW_ASSERT(name != NULL);
    name[name == place ? 1 : 0] = '\0';
    tw_status status = proof_folder_make(place, folder, error);
    if (status != TW_OK)
        return status;
    tw_error left = {0};
    interruption_leave(folder);
    status = measure(results, quick ? &QUICK : &FULL, folder, error);
    if (proof_folder_remove(folder, &left) != TW_OK)
        (void)command_failed("tune", &left);
    interruption_leave(NULL);
    return status;
}

/* ---- command --------------------------------------------------------------------------------- */

/* The settings in force: of the file that will be written, or as every command finds them. */
static tw_status read_settings(const tune_options *options, const char *config_path,
                               tw_error *error) {
    const char *path = config_path[0] != '\0' ? config_path : NULL;
    if (options->write[0] != '\0')
        path = access(options->write, F_OK) == 0 ? options->write : "/dev/null";
    if (config_rows_read(&rows, path, error) == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_USAGE, "%s", error->message); /* as every command ends then */
}

static tw_status tune(const tune_options *options, const char *config_path, tune_results *results,
                      tw_error *error) {
    bool writes = options->write[0] != '\0';
    tw_status status = writes ? tune_write_check(options->write, results, error) : TW_OK;
    if (status == TW_OK)
        status = read_settings(options, config_path, error);
    if (status != TW_OK)
        return status;
    interruption_note();
    status = tune_input_read(options->database, options->tape, &results->workload, error);
    if (status == TW_OK)
        status = measure_beside(results, options->quick, error);
    if (status != TW_OK)
        return status;
    tune_advise(results, &rows);
    if (writes)
        status = tune_write(options->write, results, &rows, error);
    if (status != TW_OK)
        return status;
    return options->json ? tune_print_json(results, error) : tune_print(results, error);
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    const tune_options options = *(const tune_options *)target; /* read_settings reads it again */
    char config_path[TW_ARGUMENTS_PATH_SIZE];
    static tune_results results; /* large */
    memcpy(config_path, arguments->config_path, sizeof config_path);
    if (options.database[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "name the store to measure with --db FILE, like --db ticks.db");
    results = (tune_results){.database = options.database,
                             .tape = options.tape,
                             .noise_limit = options.noise_limit,
                             .written = ""};
    tw_status status = tune(&options, config_path, &results, error);
    tune_input_free(&results.workload);
    return status;
}

int command_tune(int argc, char **argv) {
    static tune_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "tune",
         .options = tune_table,
         .count = sizeof tune_table / sizeof tune_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind tune",
        .summary =
            "Batch sizes, commit delays, pools, caches and threads that suit this machine and\n"
            "these trades: each is measured over a range of values, and the smallest that is\n"
            "good enough is recommended, with the figures that it is chosen by.",
        .example = "tradewind tune --db ticks.db --quick\n"
                   "tradewind tune --db ticks.db --write tradewind.conf\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
