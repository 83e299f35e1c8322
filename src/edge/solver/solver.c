/*
 * solver.c - one process, one pipe, one deadline.
 *
 *     folder -> model written -> spawned -> watched -> ended -> solution read -> folder removed
 *
 * The child leads a process group of its own, so that killing the group also ends what it started.
 * It is watched through two descriptors: the pipe that it prints to, and a descriptor of the
 * process itself, which tells its end even when the pipe is closed early or held open by others.
 * What left that group is found by a mark in its environment (solver_leftovers.c).
 *
 * Invariants:
 * 1. Whatever fails, the child has been waited for, every descriptor is closed and the private
 *    folder is removed, before tw_solver_run returns.
 * 2. The group is only signalled while the child has not been waited for, so its number is still
 * its. Where others of this process may have waited for it, it is asked after first.
 * 3. What is printed is always read, or the child would stand still at a full pipe; what there is
 * no room for is the oldest part, and that is dropped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solver_priv.h"
#include "tradewind/time.h"

#define MODEL_NAME "model.mps"
#define SOLUTION_NAME "solution.txt"
#define PATH_VARIABLE "PATH=/usr/local/bin:/usr/bin:/bin"
#define MARK_NAME "TRADEWIND_SOLVER="
/* The part of the time that the solver is told to take; the rest is for writing its solution. */
#define SOLVER_SHARE 0.9
#define CHUNK_SIZE 4096
/* How often it is asked whether to give up. */
#define CANCEL_MS 250
/* Folders that are open at once while those that a solver made are removed. */
#define OPEN_FOLDERS_MAX 8
#define PIPE_SIZE 65536 /* of Linux, unless it was asked for more */
#define LAST_LINE_MAX 200

typedef struct session {
    const tw_solver_config *config;
    int64_t end_ns;
    char program[TW_SOLVER_PATH_SIZE];
    char folder[PATH_MAX];
    char mark[sizeof MARK_NAME + PATH_MAX];
    int folder_fd;
    int pipe_fd;    /* what the child prints; -1 once it has ended */
    int process_fd; /* readable when the child has ended */
    pid_t child;    /* 0: none to wait for */
    uint64_t began; /* of the child */
    int wait_status;
    bool waited_by_others;
    bool left_some; /* processes that could not be ended */
} session;

void tw_solver_config_init(tw_solver_config *config) {
    TW_ASSERT(config != NULL);
    *config = (tw_solver_config){
        .program = "cbc", .folder = "/tmp", .deadline_ns = 10 * TW_NS_PER_SECOND};
}

/* --- files ---------------------------------------------------------------------------------- */

static tw_status write_all(int fd, tw_slice bytes) {
    while (bytes.size > 0) {
        ssize_t size = write(fd, bytes.data, bytes.size);
        if (size < 0 && errno != EINTR)
            return tw_status_from_errno(errno);
        if (size > 0) {
            bytes.data += size;
            bytes.size -= (size_t)size;
        }
    }
    return TW_OK;
}

static tw_status make_folder(session *s, tw_error *error) {
    int size =
        snprintf(s->folder, sizeof s->folder, "%s/tradewind-solver-XXXXXX", s->config->folder);
    if (size < 0 || (size_t)size >= sizeof s->folder)
        return tw_error_set(error, TW_RANGE, "the name of the solver's folder is too long");
    if (mkdtemp(s->folder) == NULL) {
        int os_errno = errno;
        s->folder[0] = 0;
        return tw_error_set_errno(error, os_errno, "cannot make a folder in %s", s->config->folder);
    }
    snprintf(s->mark, sizeof s->mark, MARK_NAME "%s", s->folder);
    s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_fd < 0)
        return tw_error_set_errno(error, errno, "cannot open %s", s->folder);
    return TW_OK;
}

static tw_status write_model(const session *s, tw_slice model, tw_error *error) {
    int fd = openat(s->folder_fd, MODEL_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "cannot write the model in %s", s->folder);
    tw_status status = write_all(fd, model);
    int os_errno = errno;
    bool closed = close(fd) == 0;
    if (status != TW_OK)
        return tw_error_set_errno(error, os_errno, "cannot write the model in %s", s->folder);
    if (!closed)
        return tw_error_set_errno(error, errno, "cannot write the model in %s", s->folder);
    return TW_OK;
}

static tw_status read_solution(const session *s, tw_text *ret_solution, tw_error *error) {
    int fd = openat(s->folder_fd, SOLUTION_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return tw_error_set(error, TW_REMOTE, "the solver %s ended without a solution",
                            s->config->program);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "cannot read the solution in %s", s->folder);
    tw_status status = TW_OK;
    for (;;) {
        char chunk[CHUNK_SIZE];
        ssize_t size = read(fd, chunk, sizeof chunk);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            status = tw_error_set_errno(error, errno, "cannot read the solution");
        if (size <= 0)
            break;
        tw_text_append(ret_solution, (tw_slice){chunk, (size_t)size});
        if (ret_solution->truncated) {
            status = tw_error_set(error, TW_FULL, "the solution is larger than its %zu bytes",
                                  ret_solution->capacity);
            break;
        }
    }
    close(fd);
    return status;
}

/* What could not be removed, rmdir tells. */
static void remove_files(DIR *entries) {
    for (;;) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
        const struct dirent *entry = readdir(entries);
        if (entry == NULL)
            return;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
}

static int remove_entry(const char *path, const struct stat *found, int kind, struct FTW *place) {
    (void)found;
    (void)kind;
    (void)place;
    return remove(path);
}

/* The private folder with all that is in it. */
static tw_status remove_folder(session *s, tw_error *error) {
    if (s->folder[0] == 0)
        return TW_OK;
    DIR *entries = s->folder_fd < 0 ? NULL : fdopendir(s->folder_fd);
    if (entries != NULL) {
        remove_files(entries);
        closedir(entries); /* and with it folder_fd */
    } else if (s->folder_fd >= 0) {
        close(s->folder_fd);
    }
    s->folder_fd = -1;
    if (rmdir(s->folder) == 0)
        return TW_OK;
    /* A solver makes files only; what is another program may have made folders. */
    // NOLINTNEXTLINE(concurrency-mt-unsafe): unsafe only with FTW_CHDIR
    if (nftw(s->folder, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0)
        return tw_error_set_errno(error, errno, "cannot remove %s", s->folder);
    return TW_OK;
}

/* Removes it and tells what could not be; an error that was told before stays the first. */
static tw_status clear_up(session *s, tw_status status, tw_error *error) {
    tw_error second = {0};
    tw_status removed = remove_folder(s, &second);
    if (removed == TW_OK)
        return status;
    if (status == TW_OK)
        return tw_error_set(error, removed, "%s", second.message);
    if (error != NULL)
        tw_error_set(error, status, "%s; and %s", error->message, second.message);
    return status;
}

/* --- the process ---------------------------------------------------------------------------- */

/* In its folder, printing to the pipe, reading nothing, in a group of its own, with the signals as
 * a program expects to find them. Every step names its error. */
static int spawn(session *s, char *seconds, int output) {
    char *const arguments[] = {(char[]){"cbc"},           (char[]){MODEL_NAME},
                               (char[]){"-timeMode"},     (char[]){"elapsed"},
                               (char[]){"-seconds"},      seconds,
                               (char[]){"-ratioGap"},     (char[]){"0"},
                               (char[]){"-allowableGap"}, (char[]){"0"},
                               (char[]){"-solve"},        (char[]){"-solution"},
                               (char[]){SOLUTION_NAME},   NULL};
    char *const environment[] = {(char[]){PATH_VARIABLE}, (char[]){"LC_ALL=C"}, s->mark, NULL};
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    const int steps[] = {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO),
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO),
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1),
        posix_spawn_file_actions_addchdir_np(&actions, s->folder),
        posix_spawnattr_setpgroup(&attributes, 0),
        posix_spawnattr_setsigmask(&attributes, &none),
        posix_spawnattr_setsigdefault(&attributes, &all),
        posix_spawnattr_setflags(&attributes, flags)};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && failed == 0; i++)
        failed = steps[i];
    if (failed == 0)
        failed = posix_spawn(&s->child, s->program, &actions, &attributes, arguments, environment);
    if (failed != 0)
        s->child = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static tw_status waited_by_others(const session *s, tw_error *error) {
    return tw_error_set(error, TW_STATE,
                        "how the solver %s ended cannot be told: something else in this process "
                        "waits for every child",
                        s->config->program);
}

/* A process that ignores SIGCHLD is not told how its children end. */
static tw_status check_signal(tw_error *error) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) != 0)
        return tw_error_set_errno(error, errno, "cannot look at SIGCHLD");
    if (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0)
        return tw_error_set(error, TW_STATE,
                            "this process ignores SIGCHLD, so how a solver ends cannot be told; "
                            "set it to SIG_DFL first");
    return TW_OK;
}

static tw_status start(session *s, tw_error *error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return tw_error_set_errno(error, errno, "cannot make a pipe for the solver");
    s->pipe_fd = ends[0];
    char seconds[32];
    double left = (double)(s->end_ns - tw_time_monotonic_ns()) * 1e-9;
    snprintf(seconds, sizeof seconds, "%.3f", left > 0.01 ? left * SOLVER_SHARE : 0.01);
    int failed = spawn(s, seconds, ends[1]);
    close(ends[1]);
    if (failed != 0)
        return tw_error_set_errno(error, failed, "cannot start the solver %s", s->program);
    s->began = solver_began(s->child);
    s->process_fd = (int)syscall(SYS_pidfd_open, s->child, 0);
    if (s->process_fd < 0 && errno == ESRCH)
        return waited_by_others(s, error); /* ended, and gone already */
    if (s->process_fd < 0)
        return tw_error_set_errno(error, errno, "cannot watch the solver's process");
    if (fcntl(s->pipe_fd, F_SETFL, O_NONBLOCK) != 0)
        return tw_error_set_errno(error, errno, "cannot watch the solver's output");
    return TW_OK;
}

/* Makes room by dropping the older half of the log (invariant 3). */
static void keep_end(tw_text *log, tw_slice piece) {
    if (piece.size >= log->capacity) {
        size_t kept = log->capacity - 1;
        piece = (tw_slice){piece.data + piece.size - kept, kept};
        tw_text_clear(log);
    } else if (log->size + piece.size >= log->capacity) {
        size_t wanted = log->capacity / 2;
        size_t room = log->capacity - 1 - piece.size;
        size_t kept = wanted < room ? wanted : room;
        kept = kept < log->size ? kept : log->size;
        memmove(log->data, log->data + log->size - kept, kept);
        log->size = kept;
        log->data[kept] = 0;
    }
    tw_text_append(log, piece);
}

/* One reading; false when there is nothing to read now. Closes the pipe at its end. */
static bool read_output(session *s, tw_text *log) {
    if (s->pipe_fd < 0)
        return false;
    char chunk[CHUNK_SIZE];
    ssize_t size = read(s->pipe_fd, chunk, sizeof chunk);
    if (size > 0)
        keep_end(log, (tw_slice){chunk, (size_t)size});
    if (size == 0) {
        close(s->pipe_fd);
        s->pipe_fd = -1;
    }
    return size > 0;
}

/* What the ended child has left in the pipe: no more than a pipe holds, whoever still writes. */
static void drain(session *s, tw_text *log) {
    for (size_t size = 0; size < PIPE_SIZE && read_output(s, log); size += CHUNK_SIZE)
        continue;
}

/* Until the child has ended, or the deadline. One reading at a time, so that a child that prints
 * without end cannot keep the deadline from being looked at. */
static tw_status watch(session *s, tw_text *log, tw_error *error) {
    for (;;) {
        int64_t left = s->end_ns - tw_time_monotonic_ns();
        if (left <= 0)
            return tw_error_set(error, TW_TIMEOUT,
                                "the solver %s was ended at its deadline of %.3g s",
                                s->config->program, (double)s->config->deadline_ns * 1e-9);
        if (s->config->is_cancelled != NULL && s->config->is_cancelled(s->config->context))
            return tw_error_set(error, TW_CANCELLED, "the solver %s was ended: it was called off",
                                s->config->program);
        struct pollfd watched[2] = {{.fd = s->process_fd, .events = POLLIN},
                                    {.fd = s->pipe_fd, .events = POLLIN}};
        int64_t milliseconds = left / TW_NS_PER_MS + 1;
        int64_t most = s->config->is_cancelled != NULL ? CANCEL_MS : INT_MAX;
        int ready = poll(watched, 2, (int)(milliseconds > most ? most : milliseconds));
        if (ready < 0 && errno != EINTR)
            return tw_error_set_errno(error, errno, "cannot watch the solver");
        if (ready <= 0)
            continue;
        if (watched[1].revents != 0)
            (void)read_output(s, log);
        if (watched[0].revents != 0)
            return TW_OK;
    }
}

/* The child has not been waited for, so that its number is its own. */
static bool is_ours(pid_t child) {
    siginfo_t unused;
    return waitid(P_PID, (id_t)child, &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Ends all that it started and waits for the child (invariants 1 and 2). */
static void finish(session *s) {
    if (s->child > 0) {
        if (is_ours(s->child))
            kill(-s->child, SIGKILL);
        pid_t waited;
        while ((waited = waitpid(s->child, &s->wait_status, 0)) < 0 && errno == EINTR)
            continue;
        s->waited_by_others = waited < 0;
        s->child = 0;
        s->left_some = !solver_end_marked(s->mark, s->began);
    }
    if (s->process_fd >= 0)
        close(s->process_fd);
    if (s->pipe_fd >= 0)
        close(s->pipe_fd);
    s->process_fd = s->pipe_fd = -1;
}

/* --- what came of it ------------------------------------------------------------------------ */

static tw_slice last_line(const tw_text *log) {
    tw_slice all = tw_slice_trim(tw_text_slice(log));
    size_t begin = all.size;
    while (begin > 0 && all.data[begin - 1] != '\n' && all.size - begin < LAST_LINE_MAX)
        begin--;
    return (tw_slice){all.data + begin, all.size - begin};
}

static tw_status judge(const session *s, const tw_text *log, tw_error *error) {
    tw_slice line = last_line(log);
    if (s->waited_by_others)
        return waited_by_others(s, error);
    if (s->left_some)
        return tw_error_set(error, TW_REMOTE,
                            "the solver %s starts processes faster than they can be ended",
                            s->config->program);
    if (WIFSIGNALED(s->wait_status))
        return tw_error_set(error, TW_REMOTE, "the solver %s was ended by signal %d: %.*s",
                            s->config->program, WTERMSIG(s->wait_status), (int)line.size,
                            line.data);
    if (!WIFEXITED(s->wait_status) || WEXITSTATUS(s->wait_status) != 0)
        return tw_error_set(error, TW_REMOTE, "the solver %s ended with status %d: %.*s",
                            s->config->program, WEXITSTATUS(s->wait_status), (int)line.size,
                            line.data);
    return TW_OK;
}

/* All but the clearing up. */
static tw_status run(session *s, tw_slice model, tw_text *ret_solution, tw_text *ret_log,
                     tw_error *error) {
    tw_status status = check_signal(error);
    if (status == TW_OK)
        status = tw_solver_find(s->config->program, s->program, error);
    if (status == TW_OK)
        status = make_folder(s, error);
    if (status == TW_OK)
        status = write_model(s, model, error);
    if (status == TW_OK)
        status = start(s, error);
    if (status == TW_OK)
        status = watch(s, ret_log, error);
    if (status == TW_OK)
        drain(s, ret_log);
    finish(s);
    if (status == TW_OK)
        status = judge(s, ret_log, error);
    if (status == TW_OK)
        status = read_solution(s, ret_solution, error);
    return status;
}

tw_status tw_solver_run(const tw_solver_config *config, tw_slice model, tw_text *ret_solution,
                        tw_text *ret_log, tw_error *error) {
    TW_ASSERT(config != NULL && config->program != NULL && config->folder != NULL);
    TW_ASSERT(ret_solution != NULL && ret_log != NULL);
    if (config->deadline_ns < TW_SOLVER_DEADLINE_NS_MIN ||
        config->deadline_ns > TW_SOLVER_DEADLINE_NS_MAX)
        return tw_error_set(error, TW_RANGE, "the deadline must be 10 ms to a day");
    tw_text_clear(ret_solution);
    tw_text_clear(ret_log);
    session s = {.config = config,
                 .end_ns = tw_time_monotonic_ns() + config->deadline_ns,
                 .folder_fd = -1,
                 .pipe_fd = -1,
                 .process_fd = -1};
    tw_status status = run(&s, model, ret_solution, ret_log, error);
    status = clear_up(&s, status, error);
    if (status != TW_OK)
        tw_text_clear(ret_solution);
    return status;
}
