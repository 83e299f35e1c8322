/*
 * kill_accord.h - what the kill file and the switch of the engine owe each other.
 *
 * The rule: a kill, whichever way it comes, is never undone by a lift that has not seen it. A lift
 * of the file has seen what the file said; a lift of the switch (the page) has seen a generation of
 * it. Both are followed by the other side, and here is decided how. There are no threads, clocks or
 * files in it: the caller holds a lock around each function, and takes what is there through the
 * view below, while others kill, lift, write and remove at any moment.
 *
 *                 +---------------- nothing to do ---------------+
 *                 v                                              |
 *     AT REST --kill_accord_plan--> a task --(no lock: the disk)--> kill_accord_done --> AT REST
 *
 *     kill_accord_hear: at any moment, when the file may have changed
 *
 * Invariants
 *  1. The engine was told of the file that was `seen`, or that file was written for the engine.
 *  2. Whoever looks at the file that was `seen`, or at a newer one, sees all kills up to the
 *     generation `covered`; those that he does not see were lifted.
 *  3. The going of the file lifts no generation but the one covered. A kill behind it is written
 *     anew, also if its level is no higher.
 *  4. The switch is told of a file before that file counts as seen. So if nothing is in force, the
 *     file that was seen was lifted, and only that file is removed.
 *  5. A file is replaced only by one for the generation that was taken before, and only if the file
 *     that is replaced was seen: nobody's kill is written over unheard.
 */
#ifndef TRADEWIND_CLI_KILL_ACCORD_H
#define TRADEWIND_CLI_KILL_ACCORD_H

#include "kill_file.h"

/* The switch and the file as they are; each of these is one step that cannot be divided. */
typedef struct kill_view {
    void *context;
    kill_mark (*look)(void *context); /* at the file */
    uint64_t (*generation)(void *context);
    tw_kill_level (*killed)(void *context);
    void (*kill)(void *context, tw_kill_level level);
    void (*lift_if)(void *context, uint64_t generation);
} kill_view;

enum { KILL_WRITER_SIZE = 48 };

typedef struct kill_accord {
    kill_mark seen;
    uint64_t covered;
    uint64_t writing;              /* the generation for which a file is being written */
    char writer[KILL_WRITER_SIZE]; /* a word of that file and of no other; empty: none is written */
} kill_accord;

typedef enum kill_work {
    KILL_WORK_NONE,
    KILL_WORK_WRITE, /* kill_file_replace `seen` */
    KILL_WORK_REMOVE /* kill_file_remove `seen` */
} kill_work;

typedef struct kill_task {
    kill_work work;
    tw_kill_level level;
    kill_mark seen;                /* the file as it must be for the task to be done */
    char writer[KILL_WRITER_SIZE]; /* what must stand in the file */
} kill_task;

/* Looks at the file and tells the switch of it. */
void kill_accord_hear(kill_accord *accord, const kill_view *view);

/* What the file lacks. `run` is a word for this process. Nothing else is planned before the task is
 * done. */
kill_task kill_accord_plan(kill_accord *accord, const kill_view *view, int64_t run);

/* The task is done, or is not (`written` NULL): `written` is the file as it was put in its place,
 * with nobody between the look at `seen` and that; for a removal it is not read. */
void kill_accord_done(kill_accord *accord, const kill_view *view, const kill_mark *written);

#endif
