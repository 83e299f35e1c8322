/*
 * bench_command.c - `tradewind bench`: for each part of the system the naive way beside ours, the
 * peers that are installed, and what the machine allows, measured in turn on this machine.
 *
 * Each job runs in a process of its own, one after the other. The time that the whole may take is
 * dealt out evenly; what a job does not use goes to those behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_results.h"
#include "command.h"
#include "interruption.h"
#include "output_file.h"
#include "progress.h"
#include "proof_folder.h"
#include "proof_jobs.h"
#include "tradewind/alloc.h"
#include "tradewind/time.h"

enum { JOBS_MAX = 64 };

typedef struct bench_options {
    char only[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    char folder[TW_CONFIG_TEXT_SIZE];
    bool quick;
    bool json;
    bool list;
} bench_options;

static const tw_config_option bench_table[] = {
    {"quick", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "fewer and shorter repetitions: under a minute and a half", NULL,
     offsetof(bench_options, quick)},
    {"only", TW_CONFIG_TEXT, "NAMES", NULL, NULL, "",
     "only jobs whose names contain one of these, separated by commas", NULL,
     offsetof(bench_options, only)},
    {"list", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "tell the jobs and measure nothing", NULL,
     offsetof(bench_options, list)},
    {"out", TW_CONFIG_TEXT, "DIR", NULL, NULL, "",
     "write report.html and results.json into this folder, made if it is not there", NULL,
     offsetof(bench_options, out)},
    {"folder", TW_CONFIG_TEXT, "DIR", NULL, NULL, "/var/tmp",
     "where jobs write what they need, so the disk that is measured; removed at the end", NULL,
     offsetof(bench_options, folder)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(bench_options, json)},
};

static const proof_plan QUICK = {.rounds = 7,
                                 .growth_rounds = 3,
                                 .run_ns = 25 * TW_NS_PER_MS,
                                 .growth_run_ns = 12 * TW_NS_PER_MS,
                                 .pinned = true};
static const proof_plan FULL = {.rounds = 21,
                                .growth_rounds = 7,
                                .run_ns = 150 * TW_NS_PER_MS,
                                .growth_run_ns = 60 * TW_NS_PER_MS,
                                .pinned = true};
static const int64_t QUICK_NS = 80 * TW_NS_PER_SECOND;
static const int64_t FULL_NS = 13 * TW_NS_PER_MINUTE;

/* ---- which jobs ------------------------------------------------------------------------------ */

static bool is_chosen(const proof_job *job, const char *only) {
    char names[TW_CONFIG_TEXT_SIZE];
    char *rest = names;
    snprintf(names, sizeof names, "%s", only);
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ",")) {
        if (name[0] != '\0' && strstr(job->name, name) != NULL)
            return true;
    }
    return only[0] == '\0';
}

static tw_status choose(const char *only, const proof_job **ret_jobs, size_t *ret_count,
                        tw_error *error) {
    *ret_count = 0;
    TW_ASSERT(proof_job_count <= JOBS_MAX);
    for (size_t i = 0; i < proof_job_count; i++) {
        if (is_chosen(proof_jobs[i], only))
            ret_jobs[(*ret_count)++] = proof_jobs[i];
    }
    if (*ret_count == 0)
        return tw_error_set(error, TW_USAGE,
                            "--only %s: no job has such a name; --list tells all there are", only);
    return TW_OK;
}

static tw_status print_list(const proof_job *const *jobs, size_t count, tw_error *error) {
    for (size_t i = 0; i < count; i++)
        printf("%-20s %s\n", jobs[i]->name, jobs[i]->title);
    return output_printed(error);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static tw_status measure_all(bench_results *results, const bench_options *options,
                             const char *folder, tw_error *error) {
    proof_plan plan = options->quick ? QUICK : FULL;
    int64_t whole_ns = options->quick ? QUICK_NS : FULL_NS;
    int64_t began_ns = tw_time_monotonic_ns();
    progress bar;
    plan.folder = folder;
    plan.cancelled = interruption_requested;
    progress_start(&bar, "jobs");
    for (size_t i = 0; i < results->count && !interruption_requested(); i++) {
        if (progress_due_now(&bar))
            progress_draw(&bar, (double)i / (double)results->count, i);
        int64_t share_ns = whole_ns / (int64_t)results->count;
        plan.deadline_ns = began_ns + share_ns * (int64_t)(i + 1);
        proof_measure_apart(results->jobs[i], &plan, 3 * share_ns + TW_NS_PER_MINUTE,
                            &results->results[i]);
    }
    progress_end(&bar);
    results->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    return interruption_requested() ? tw_error_set(error, TW_INTERRUPTED, "interrupted") : TW_OK;
}

/* ---- output ---------------------------------------------------------------------------------- */

static tw_status write_file(const bench_results *results, const char *folder, const char *name,
                            void (*write)(const bench_results *, FILE *), tw_error *error) {
    char path[OUTPUT_PATH_SIZE];
    output_file file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    tw_status status = output_file_open(&file, path, error);
    if (status != TW_OK)
        return status;
    write(results, file.stream);
    status = output_file_finish(&file, error);
    if (status == TW_OK)
        status = output_file_publish(&file, error);
    output_file_drop(&file);
    return status;
}

/* Also whether it can be written to: nobody measures for a quarter of an hour to be told then. */
static tw_status make_out(const char *folder, tw_error *error) {
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tw_error_set_errno(error, errno, "--out %s: the folder cannot be made", folder);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0)
        close(descriptor);
    if (descriptor < 0 || access(folder, W_OK | X_OK) != 0)
        return tw_error_set_errno(error, errno, "--out %s: nothing can be written there", folder);
    return TW_OK;
}

static tw_status tell(const bench_results *results, const bench_options *options, tw_error *error) {
    tw_status status = TW_OK;
    if (options->out[0] != '\0') {
        status = write_file(results, options->out, "results.json", bench_write_json, error);
        if (status == TW_OK)
            status = write_file(results, options->out, "report.html", bench_write_page, error);
    }
    if (status != TW_OK)
        return status;
    if (options->json) {
        bench_write_json(results, stdout);
        return output_printed(error);
    }
    status = bench_print_table(results, error);
    if (status == TW_OK && options->out[0] != '\0') {
        printf("The report is %s/report.html.\n", options->out);
        status = output_printed(error);
    }
    return status;
}

/* A job that failed makes the command fail, after everything has been told. */
static tw_status verdict(const bench_results *results, tw_error *error) {
    for (size_t i = 0; i < results->count; i++) {
        if (results->results[i].verdict == PROOF_FAILED)
            return tw_error_set(error, TW_STATE, "the job %s failed: %s", results->jobs[i]->name,
                                results->results[i].error.message);
    }
    return TW_OK;
}

/* ---- command --------------------------------------------------------------------------------- */

static tw_status measure_and_tell(bench_results *results, const bench_options *options,
                                  tw_error *error) {
    char folder[PROOF_FOLDER_SIZE];
    tw_status status = options->out[0] != '\0' ? make_out(options->out, error) : TW_OK;
    tw_error left = {0};
    interruption_note();
    if (status == TW_OK)
        status = proof_folder_make(options->folder, folder, error);
    if (status != TW_OK)
        return status;
    interruption_leave(folder);
    bench_machine_read(&results->machine, options->folder);
    status = measure_all(results, options, folder, error);
    if (proof_folder_remove(folder, &left) != TW_OK)
        (void)command_failed("bench", &left);
    interruption_leave(NULL);
    if (status == TW_OK)
        status = tell(results, options, error);
    return status == TW_OK ? verdict(results, error) : status;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    (void)arguments;
    const bench_options *options = target;
    const proof_job *jobs[JOBS_MAX];
    bench_results results = {.jobs = jobs, .quick = options->quick};
    tw_status status = choose(options->only, jobs, &results.count, error);
    if (status != TW_OK)
        return status;
    if (options->list)
        return print_list(jobs, results.count, error);
    size_t count = results.count;
    results.begun_ns = tw_time_wall_ns();
    results.results = TW_NEW(NULL, count, proof_result);
    if (results.results == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the results");
    status = measure_and_tell(&results, options, error);
    TW_DELETE(NULL, results.results, count, proof_result);
    return status;
}

int command_bench(int argc, char **argv) {
    bench_options options;
    const tw_arguments_table tables[] = {
        {.section = "bench",
         .options = bench_table,
         .count = sizeof bench_table / sizeof bench_table[0],
         .target = &options},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind bench",
        .summary =
            "What each optimisation is worth on this machine: the naive way beside ours, beside\n"
            "peers that are installed, and beside the least that the machine allows.",
        .example = "tradewind bench --quick\n"
                   "tradewind bench --only book,window --out report\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
