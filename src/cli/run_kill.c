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
#include <unistd.h>

#include "tradewind/time.h"

static const uint32_t FILE_EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

void run_kill_block_signal(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Remembers what the file is; false if that was known. */
static bool remember(run_kill *kill, const kill_mark *mark) {
    pthread_mutex_lock(&kill->lock);
    bool known = kill_mark_equal(mark, &kill->seen);
    kill->seen = *mark;
    pthread_mutex_unlock(&kill->lock);
    return !known;
}

/* The generation first: a kill of others while the file is looked at is not lifted by its going. */
static void follow_file(run_kill *kill) {
    uint64_t generation = tw_engine_kill_generation(kill->engine);
    kill_mark mark = kill_file_look(kill->path);
    bool news = remember(kill, &mark);
    uint32_t before = atomic_exchange(&kill->told, (uint32_t)mark.level);
    if (!news)
        return;
    if (mark.level > TW_KILL_NONE)
        tw_engine_kill(kill->engine, mark.level, TW_KILL_BY_FILE);
    else if (before != TW_KILL_NONE)
        tw_engine_lift_if(kill->engine, generation); /* else the file is written for it */
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

static void *listen_main(void *context) {
    run_kill *kill = context;
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

void run_kill_changed(run_kill *kill, tw_kill_level level) {
    if (level == TW_KILL_NONE)
        atomic_store(&kill->lifted, true);
    tw_loop_wake(kill->loop);
}

/* Not if there was a kill after the lift. Which file the engine was told of is taken first: one
 * that it is told of later is another, and stays. */
static tw_status remove_file(run_kill *kill, tw_error *error) {
    pthread_mutex_lock(&kill->lock);
    kill_mark seen = kill->seen;
    pthread_mutex_unlock(&kill->lock);
    if (tw_engine_killed(kill->engine) != TW_KILL_NONE || kill->path[0] == '\0')
        return TW_OK;
    /* First what the file will say: its going must lift nothing that is asked for from now on. */
    atomic_store(&kill->told, TW_KILL_NONE);
    tw_status status = kill_file_remove(kill->path, &seen, error);
    if (status == TW_STATE)
        return TW_OK; /* the thread is about to hear of that kill */
    if (status != TW_OK)
        atomic_store(&kill->lifted, true);
    return status;
}

static tw_status settle_file(run_kill *kill, tw_error *error) {
    if (atomic_exchange(&kill->lifted, false)) {
        tw_status status = remove_file(kill, error);
        if (status != TW_OK)
            return status;
    }
    uint32_t level = (uint32_t)tw_engine_killed(kill->engine);
    uint32_t told = atomic_load(&kill->told);
    if (level <= told || kill->path[0] == '\0')
        return TW_OK;
    /* First what the file will say: the thread reads it again when it is written. */
    atomic_store(&kill->told, level);
    kill_mark mark = {0};
    tw_status status =
        kill_file_write(kill->path, (tw_kill_level)level, "signal, rule or page", &mark, error);
    if (status != TW_OK)
        atomic_store(&kill->told, told);
    else if (mark.level == (tw_kill_level)level)
        (void)remember(kill, &mark); /* a higher one is somebody else's, and news for the thread */
    return status;
}

void run_kill_turn(run_kill *kill) {
    tw_error error = {0};
    if (kill->retry_ns != 0 && tw_time_monotonic_ns() < kill->retry_ns)
        return;
    if (settle_file(kill, &error) == TW_OK) {
        kill->retry_ns = 0;
        return;
    }
    if (kill->retry_ns == 0) /* what is killed must be cancelled and closed: the run goes on */
        fprintf(stderr, "tradewind run: %s; it is tried again each second\n", error.message);
    kill->retry_ns = tw_time_monotonic_ns() + TW_NS_PER_SECOND;
}
