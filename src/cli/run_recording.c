/* run_recording.c - see run_recording.h. */
#include "run_recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "tradewind/time.h"

static const char NO_RECORDING[] = "none";

/* ---- names --------------------------------------------------------------------------------- */

static void name_files(run_recording *recording, const run_options *options, const char *database) {
    if (options->record[0] != '\0')
        snprintf(recording->path, sizeof recording->path, "%s", options->record);
    else
        beside_store(database, "record", recording->path, sizeof recording->path);
    snprintf(recording->older, sizeof recording->older, "%s.1", recording->path);
    snprintf(recording->part, sizeof recording->part, "%s.part", recording->path);
}

/* Known before the run: that the recording will get its name, and the one of before its. */
static tw_status check_names(const run_recording *recording, tw_error *error) {
    struct stat about;
    if (lstat(recording->path, &about) != 0)
        return TW_OK;
    if (!S_ISREG(about.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is there and is no file: no recording is made",
                            recording->path);
    if (lstat(recording->older, &about) == 0 && S_ISDIR(about.st_mode))
        return tw_error_set(error, TW_INVALID, "%s cannot be kept as %s, which is a folder",
                            recording->path, recording->older);
    return TW_OK;
}

static void tell_failed(int number, const char *what, const char *path) {
    char reason[128];
    fprintf(stderr, "tradewind run: the recording %s %s: %s\n", path, what,
            strerror_r(number, reason, sizeof reason));
}

static void drop_part(run_recording *recording) {
    struct stat about;
    if (recording->part[0] != '\0' && lstat(recording->part, &about) == 0 &&
        S_ISREG(about.st_mode) && unlink(recording->part) != 0)
        tell_failed(errno, "cannot be removed", recording->part);
    recording->part[0] = '\0';
}

/* The recording of the run before is kept, and no older one. A run goes on without: what it
 * records is then under the other name. */
static void take_name(run_recording *recording) {
    bool kept = rename(recording->path, recording->older) == 0 || errno == ENOENT;
    if (!kept || rename(recording->part, recording->path) != 0)
        tell_failed(errno, "cannot get its name without this", recording->part);
    recording->part[0] = '\0';
}

void run_recording_follow(run_recording *recording, tw_engine_phase phase) {
    bool begun = phase != TW_ENGINE_STARTING && phase < TW_ENGINE_STOPPING;
    if (begun && recording->part[0] != '\0')
        take_name(recording);
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void on_work(void *context) {
    tw_loop_wake(((run_recording *)context)->thread.loop);
}

static void turn(void *context) {
    run_recording *recording = context;
    uint64_t work = 0;
    tw_error error = {0};
    if (tw_recording_turn(recording->recording, tw_time_monotonic_ns(), &work, &error) != TW_OK)
        fprintf(stderr, "tradewind run: the run is not recorded any more: %s\n", error.message);
}

/* Without its thread a recording soon has no free block, and ends. */
static tw_status start_thread(run_recording *recording, tw_error *error) {
    const loop_thread_work packing = {.wait_ns = 100 * TW_NS_PER_MS,
                                      .turn = turn,
                                      .context = recording,
                                      .lost = "the run is not recorded any more"};
    return loop_thread_start(&recording->thread, &packing, error);
}

/* ---- life ---------------------------------------------------------------------------------- */

tw_status run_recording_start(run_recording *recording, const run_options *options,
                              const run_recording_parts *parts, tw_error *error) {
    if (strcmp(options->record, NO_RECORDING) == 0)
        return TW_OK;
    name_files(recording, options, parts->database);
    if (output_is_store(recording->path, parts->database))
        return tw_error_set(error, TW_USAGE,
                            "--record %s is a file of the store: name another, or `--record none`",
                            recording->path);
    tw_status status = check_names(recording, error);
    if (status == TW_OK && !parts->stepped)
        status = loop_thread_open(&recording->thread, error);
    if (status != TW_OK)
        return status;
    tw_recording_config config = {.path = recording->part,
                                  .database = parts->database,
                                  .zone = parts->zone,
                                  .size_max = (uint64_t)options->record_bytes_max,
                                  .on_work = parts->stepped ? NULL : on_work,
                                  .context = recording};
    status = tw_recording_new(NULL, &config, parts->config, parts->symbols, &recording->recording,
                              error);
    if (status != TW_OK)
        return status;
    tw_recording_wrap(recording->recording, parts->ports, parts->config);
    return parts->stepped ? TW_OK : start_thread(recording, error);
}

void run_recording_turn(run_recording *recording) {
    if (recording->recording != NULL)
        turn(recording);
}

static void tell_end(const run_recording *recording, tw_recording_end end) {
    static const char *const reasons[] = {
        [TW_RECORDING_LATE] = "the disk or the processor was too slow for it",
        [TW_RECORDING_BOUND] = "the file is as large as --record-max allows",
    };
    if (end != TW_RECORDING_LATE && end != TW_RECORDING_BOUND)
        return; /* whole, or its failure has been told */
    fprintf(stderr,
            "tradewind run: the recording %s ends before the run, because %s; a replay goes as far "
            "as it reaches\n",
            recording->path, reasons[end]);
}

void run_recording_stop(run_recording *recording) {
    tw_error error = {0};
    loop_thread_stop(&recording->thread);
    if (recording->recording != NULL) {
        tw_recording_figures figures;
        tw_status status = tw_recording_close(recording->recording, &error);
        tw_recording_figures_of(recording->recording, &figures);
        if (status != TW_OK && figures.end != TW_RECORDING_FAILED)
            fprintf(stderr, "tradewind run: the recording has no end: %s\n", error.message);
        tell_end(recording, figures.end);
    }
    tw_recording_free(recording->recording);
    loop_thread_close(&recording->thread);
    recording->recording = NULL;
    drop_part(recording);
}
