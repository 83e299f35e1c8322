/*
 * run_kill.h - who may kill a run: its kill file and SIGUSR2, heard by a thread of their own.
 *
 * The thread does nothing but wait for the two and set the engine's switch, so that a kill is not
 * held up by whatever the engine is busy with. The main thread then writes the file for a kill that
 * did not come from it (a signal, a rule, the page), so that it holds in the next run, too, and
 * removes the file of one that the page has lifted. What follows what is decided in kill_accord.h.
 */
#ifndef TRADEWIND_CLI_RUN_KILL_H
#define TRADEWIND_CLI_RUN_KILL_H

#include <pthread.h>

#include "kill_accord.h"
#include "tradewind/loop.h"

typedef struct run_kill {
    char path[KILL_FILE_PATH_SIZE]; /* empty: the store has no file */
    const char *name;               /* of the file in its folder */
    tw_engine *engine;
    tw_loop *loop; /* of the main thread: woken after each change */
    int signals;   /* descriptors, or -1 */
    int folder;
    int ending;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of the accord; held for a look at the file, never for a write */
    kill_accord accord;
    int64_t retry_ns; /* monotonic: when the file is tried again; 0: it is as it should be */
} run_kill;

/* First of all, before any thread is made: SIGUSR2 is heard by the thread below alone. */
void run_kill_block_signal(void);

/* Kills at once if the file says so, and listens from now on. TW_IO, TW_FULL. */
tw_status run_kill_start(run_kill *kill, const char *database, tw_engine *engine, tw_loop *loop,
                         tw_error *error) TW_MUST_CHECK;
/* Harmless when it was not started. */
void run_kill_stop(run_kill *kill);

/* Any thread that has told the engine of a kill or a lift: the main thread writes or removes the
 * file. */
void run_kill_changed(run_kill *kill);

/* Main thread, each turn and once at the end: writes the file of a kill that did not come from it,
 * and removes that of one that was lifted. What cannot be done is told, and tried again. */
void run_kill_turn(run_kill *kill);

#endif
