/* kill_accord.c - see kill_accord.h. */
#include "kill_accord.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void cover(kill_accord *accord, uint64_t generation) {
    if (accord->covered < generation)
        accord->covered = generation;
}

/* A file covers the kill that it makes, if it covers all before. */
static void tell_kill(kill_accord *accord, const kill_view *view, tw_kill_level level) {
    uint64_t before = view->generation(view->context);
    view->kill(view->context, level);
    uint64_t after = view->generation(view->context);
    if (before == accord->covered && after == before + 1)
        accord->covered = after;
}

static bool is_own(const kill_accord *accord, const kill_mark *mark) {
    return accord->writer[0] != '\0' && strstr(mark->text, accord->writer) != NULL;
}

static void follow(kill_accord *accord, const kill_view *view, const kill_mark *mark) {
    if (kill_mark_equal(mark, &accord->seen))
        return;
    if (is_own(accord, mark)) /* the engine knows what it was written for */
        cover(accord, accord->writing);
    else if (mark->level > TW_KILL_NONE)
        tell_kill(accord, view, mark->level);
    else
        view->lift_if(view->context, accord->covered);
    accord->seen = *mark;
}

void kill_accord_hear(kill_accord *accord, const kill_view *view) {
    kill_mark mark = view->look(view->context);
    follow(accord, view, &mark);
}

/* A file that says less than the switch came behind a removal that was not heard by itself. */
kill_task kill_accord_plan(kill_accord *accord, const kill_view *view, int64_t run) {
    kill_task task = {.seen = accord->seen};
    TW_ASSERT(accord->writer[0] == '\0');
    /* The generation first: a kill behind it is written the next time. */
    uint64_t generation = view->generation(view->context);
    task.level = view->killed(view->context);
    if (task.level == TW_KILL_NONE) {
        task.work = accord->seen.level == TW_KILL_NONE ? KILL_WORK_NONE : KILL_WORK_REMOVE;
    } else if (generation != accord->covered || task.level > accord->seen.level) {
        task.work = KILL_WORK_WRITE;
        snprintf(task.writer, sizeof task.writer, "run %" PRId64 " (kill %" PRIu64 ")", run,
                 generation);
        memcpy(accord->writer, task.writer, sizeof task.writer);
        accord->writing = generation;
    }
    return task;
}

void kill_accord_done(kill_accord *accord, const kill_view *view, const kill_mark *written) {
    kill_mark mark = view->look(view->context);
    if (written == NULL) {
        accord->writer[0] = '\0';
    } else if (accord->writer[0] != '\0') {
        /* Whoever has replaced or removed it since has seen it. */
        cover(accord, accord->writing);
        if (mark.level == TW_KILL_NONE)
            accord->seen = *written;
    }
    follow(accord, view, &mark);
    accord->writer[0] = '\0';
}
