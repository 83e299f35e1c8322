/* run_kill.c - see run_kill.h. */
#include "run_kill.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tradewind/time.h"

/* In one turn: at the end of a run there is but one. */
enum { TASK_COUNT_MAX = 4 };

static const uint64_t SLICE_NS = 100000; /* the least there is */
static const uint32_t FILE_EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

void run_kill_block_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- what the accord looks at -------------------------------------------------------------- */

static kill_mark look(void *context) {
    return kill_file_look(((run_kill *)context)->path);
}

static uint64_t generation(void *context) {
    return tw_engine_kill_generation(((run_kill *)context)->engine);
}

static tw_kill_level killed(void *context) {
    return tw_engine_killed(((run_kill *)context)->engine);
}

static void kill_by_file(void *context, tw_kill_level level) {
    tw_engine_kill(((run_kill *)context)->engine, level, TW_KILL_BY_FILE);
}

static void lift_if(void *context, uint64_t of) {
    (void)tw_engine_lift_if(((run_kill *)context)->engine, of); /* else the kill is written anew */
}

static kill_view view_of(run_kill *kill) {
    return (kill_view){.context = kill,
                       .look = look,
                       .generation = generation,
                       .killed = killed,
                       .kill = kill_by_file,
                       .lift_if = lift_if};
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void follow_file(run_kill *kill) {
    const kill_view view = view_of(kill);
    pthread_mutex_lock(&kill->lock);
    kill_accord_hear(&kill->accord, &view);
    pthread_mutex_unlock(&kill->lock);
}

/* Reads what happened in the folder; true if it happened to the file, or if events were lost. */
static bool read_folder(const run_kill *kill) {
    _Alignas(struct inotify_event) char buffer[4096];
    bool ours = false;
    ssize_t size = read(kill->folder, buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(buffer + at);
        if ((event->mask & IN_Q_OVERFLOW) != 0 ||
            (event->len > 0 && strcmp(event->name, kill->name) == 0))
            ours = true;
        at += (ssize_t)(sizeof *event + event->len);
    }
    return ours;
}

/* As sched_setattr(2) takes it; the header that names it cannot be read beside <sched.h>. */
typedef struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t slice_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
} scheduling;

/* Linux from 6.12 on lets a thread that asks for the shortest slice go ahead of whoever runs, when
 * it wakes; else it may wait for the end of that one's slice, up to 3 ms. Where this is not known
 * or not allowed, or the run has a policy of its own, the thread is one like all others. */
static void go_first(void) {
    scheduling own = {0};
    if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0 || own.policy != SCHED_OTHER)
        return;
    own.slice_ns = SLICE_NS;
    (void)syscall(SYS_sched_setattr, 0, &own, 0);
}

static void *listen_main(void *context) {
    run_kill *kill = context;
    go_first();
    struct pollfd waits[] = {{.fd = kill->ending, .events = POLLIN},
                             {.fd = kill->signals, .events = POLLIN},
                             {.fd = kill->folder, .events = POLLIN}};
    while ((waits[0].revents & POLLIN) == 0) {
        if (poll(waits, 3, -1) < 0 && errno != EINTR) {
            tw_engine_kill(kill->engine, TW_KILL_CANCEL, TW_KILL_BY_RULE);
            break; /* deaf: nobody could kill it any more */
        }
        struct signalfd_siginfo signal;
        bool changed = false;
        if ((waits[2].revents & POLLIN) != 0 && read_folder(kill)) {
            follow_file(kill);
            changed = true;
        }
        /* Behind the file: if that has gone at the same moment, the signal holds. */
        if ((waits[1].revents & POLLIN) != 0 &&
            read(kill->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
            tw_engine_kill(kill->engine, TW_KILL_CANCEL, TW_KILL_BY_SIGNAL);
            changed = true;
        }
        if (changed)
            tw_loop_wake(kill->loop);
    }
    return NULL;
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status open_descriptors(run_kill *kill, tw_error *error) {
    sigset_t set;
    char folder[KILL_FILE_PATH_SIZE];
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    kill->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    kill->ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kill->signals < 0 || kill->ending < 0)
        return tw_error_set_errno(error, errno, "the kill switch cannot listen to signals");
    if (kill->path[0] == '\0')
        return TW_OK;
    kill->name = kill_file_folder(kill->path, folder);
    kill->folder = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (kill->folder < 0 || inotify_add_watch(kill->folder, folder, FILE_EVENTS) < 0)
        return tw_error_set_errno(error, errno, "the kill switch cannot watch the folder %s",
                                  folder);
    return TW_OK;
}

static void close_descriptors(run_kill *kill) {
    int *descriptors[] = {&kill->signals, &kill->folder, &kill->ending};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (*descriptors[i] >= 0)
            close(*descriptors[i]);
        *descriptors[i] = -1;
    }
}

tw_status run_kill_start(run_kill *kill, const char *database, tw_engine *engine, tw_loop *loop,
                         tw_error *error) {
    *kill = (run_kill){.engine = engine, .loop = loop, .signals = -1, .folder = -1, .ending = -1};
    pthread_mutex_init(&kill->lock, NULL);
    if (!kill_file_path(database, kill->path))
        kill->path[0] = '\0';
    tw_status status = open_descriptors(kill, error);
    if (status != TW_OK) {
        close_descriptors(kill);
        return status;
    }
    if (kill->path[0] != '\0') /* after the watch began: nothing is missed between the two */
        follow_file(kill);
    int failure = pthread_create(&kill->thread, NULL, listen_main, kill);
    if (failure != 0) {
        close_descriptors(kill);
        return tw_error_set_errno(error, failure, "the kill switch could not be started");
    }
    kill->started = true;
    return TW_OK;
}

void run_kill_stop(run_kill *kill) {
    uint64_t one = 1;
    if (!kill->started)
        return;
    ssize_t written = write(kill->ending, &one, sizeof one);
    TW_ASSERT(written == (ssize_t)sizeof one);
    pthread_join(kill->thread, NULL);
    kill->started = false;
    close_descriptors(kill);
}

void run_kill_changed(run_kill *kill) {
    tw_loop_wake(kill->loop);
}

/* ---- the file ------------------------------------------------------------------------------ */

/* A file that was written without the lock counts as somebody else's: it is written anew when the
 * lock can be had. */
static tw_status write_file(const run_kill *kill, const kill_task *task, kill_mark *ret_written,
                            tw_error *error) {
    tw_status status =
        kill_file_replace(kill->path, &task->seen, task->level, task->writer, ret_written, error);
    if (status != TW_BUSY)
        return status;
    tw_status unlocked = kill_file_write(kill->path, task->level, "run, unlocked", 0, error);
    return unlocked == TW_OK ? status : unlocked;
}

/* False: there is nothing to do, or the thread looks at the file just now and wakes us behind it.
 */
static bool plan(run_kill *kill, kill_task *ret_task) {
    const kill_view view = view_of(kill);
    if (pthread_mutex_trylock(&kill->lock) != 0)
        return false;
    *ret_task = kill_accord_plan(&kill->accord, &view, getpid());
    pthread_mutex_unlock(&kill->lock);
    if (ret_task->work != KILL_WORK_NONE)
        return true;
    kill->retry_ns = 0;
    return false;
}

/* TW_OK, too, if the file is another than was known: it is heard of, and dealt with next. */
static tw_status do_task(run_kill *kill, const kill_task *task, tw_error *error) {
    const kill_view view = view_of(kill);
    kill_mark written = {0};
    tw_status status = task->work == KILL_WORK_WRITE
                           ? write_file(kill, task, &written, error)
                           : kill_file_remove(kill->path, &task->seen, 0, error);
    pthread_mutex_lock(&kill->lock);
    kill_accord_done(&kill->accord, &view, status == TW_OK ? &written : NULL);
    pthread_mutex_unlock(&kill->lock);
    return status == TW_STATE ? TW_OK : status;
}

void run_kill_turn(run_kill *kill) {
    tw_error error = {0};
    kill_task task;
    if (kill->path[0] == '\0' || (kill->retry_ns != 0 && tw_time_monotonic_ns() < kill->retry_ns))
        return;
    for (int i = 0; i < TASK_COUNT_MAX && plan(kill, &task); i++) {
        if (do_task(kill, &task, &error) == TW_OK) {
            kill->retry_ns = 0;
            continue;
        }
        if (kill->retry_ns == 0) /* what is killed must be cancelled and closed: the run goes on */
            fprintf(stderr, "tradewind run: %s; it is tried again each second\n", error.message);
        kill->retry_ns = tw_time_monotonic_ns() + TW_NS_PER_SECOND;
        return;
    }
}
