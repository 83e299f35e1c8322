/*
 * run_recording.h - the recording of a run (--record): what `tradewind replay` repeats it from.
 *
 * The file stands beside the store, and the one of the run before it is kept under its name with
 * ".1". A thread of its own packs and writes; a stepped run does it in its turns.
 *
 *     none --start--> FILE.part --follow: the engine left STARTING--> FILE; what had it: FILE.1
 *                         +------stop------> none
 *
 * A start that fails therefore takes no recording away, however often it is tried.
 */
#ifndef TRADEWIND_CLI_RUN_RECORDING_H
#define TRADEWIND_CLI_RUN_RECORDING_H

#include "beside_store.h"
#include "loop_thread.h"
#include "run_options.h"
#include "tradewind/recording.h"

/* All zero: nothing is recorded. */
typedef struct run_recording {
    char path[BESIDE_PATH_SIZE];
    char older[BESIDE_PATH_SIZE + 2];
    char part[BESIDE_PATH_SIZE + 5]; /* its name until the run has begun; then empty */
    tw_recording *recording;
    loop_thread thread; /* not opened: stepped */
} run_recording;

/* What the engine is going to be made from. */
typedef struct run_recording_parts {
    const char *database;
    const tw_symbols *symbols;
    tw_engine_config *config; /* its strategy, and the ports, then lead through the recording */
    tw_engine_ports *ports;
    tw_slice zone; /* bytes of the config's zone */
    bool stepped;
} run_recording_parts;

/* Before the engine is made. Nothing with `--record none`. TW_USAGE: the file would be the store's;
 * TW_INVALID: something else has one of its names; TW_IO and its kin. */
tw_status run_recording_start(run_recording *recording, const run_options *options,
                              const run_recording_parts *parts, tw_error *error) TW_MUST_CHECK;

/* After each of the engine's turns: once the venue has told what the engine needs, and before it
 * has traded, the recording takes its name. A failure is told, and the run goes on. */
void run_recording_follow(run_recording *recording, tw_engine_phase phase);

/* In a stepped run, after the engine's turns. */
void run_recording_turn(run_recording *recording);

/* The engine turns no more: writes what is left, and tells on standard error if it is not the whole
 * run. That of a run that never began is removed. Harmless in any state. */
void run_recording_stop(run_recording *recording);

#endif
