/*
 * crash.c - the signals, and the writer that runs inside of them.
 *
 * A handler has no context but what is global, so this is the one place of the library with
 * globals: the tw_crash of the process, and whether it is installed. Its storage is static, so
 * that a handler that is late finds it closed instead of gone.
 *
 * Invariants
 *   1. Between tw_crash_start and tw_crash_stop nothing here allocates, locks or waits. What the
 *      writer calls is in POSIX's list of async-signal-safe functions (open, write, close,
 *      rename, unlink, poll, clock_gettime, getpid) or touches memory only (tw_flight_get).
 *   2. One thread writes at a time: the holder of `writing`, which reads the recorder only while
 *      `installed`. Who crashes while another writes waits for it, or is ended with it; who crashes
 *      within the writer goes to the action that was there before.
 *   3. A fatal signal ends in the action that was there before, whatever became of the file.
 */
#include "crash_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tradewind/time.h"
#include "tradewind/version.h"

#define STACK_SIZE 65536
#define EVENTS_A_WRITE 64
#define REQUEST_SIGNAL SIGUSR1

static const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, REQUEST_SIGNAL};
enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof SIGNALS[0] };

struct tw_crash {
    const tw_flight *flight;
    char path[PATH_MAX];
    char part[PATH_MAX]; /* where it is written before it is renamed */
    char program[TW_CRASH_PROGRAM_SIZE];
    struct sigaction previous[SIGNAL_COUNT];
    stack_t previous_stack;
    _Atomic pid_t writing;               /* the thread that writes, 0: none */
    _Alignas(16) char stack[STACK_SIZE]; /* what a signal is handled on */
};

static tw_crash the_crash;
static atomic_bool installed;
static atomic_flag taken = ATOMIC_FLAG_INIT;

/* ---- the writer: invariant 1 --------------------------------------------------------------- */

static bool write_all(int fd, const void *bytes, size_t size) {
    const char *from = bytes;
    while (size > 0) {
        ssize_t written = write(fd, from, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        from += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_head(const tw_crash *crash, int fd, int number, const siginfo_t *info) {
    crash_head head = {.version = CRASH_VERSION, .event_size = sizeof(tw_flight_event)};
    memcpy(head.magic, CRASH_MAGIC, sizeof head.magic);
    tw_crash_summary *summary = &head.summary;
    summary->newest = tw_flight_newest(crash->flight);
    summary->dropped = tw_flight_dropped(crash->flight);
    summary->wall_ns = tw_time_wall_ns();
    summary->time_ns = tw_time_monotonic_ns();
    summary->pid = getpid();
    summary->thread = gettid();
    summary->signal = number;
    summary->code = info != NULL ? info->si_code : 0;
    if (info != NULL && info->si_code > 0 && number != REQUEST_SIGNAL)
        summary->address = (uint64_t)(uintptr_t)info->si_addr;
    memcpy(summary->program, crash->program, sizeof summary->program);
    return write_all(fd, &head, sizeof head);
}

static bool write_events(const tw_crash *crash, int fd) {
    tw_flight_event events[EVENTS_A_WRITE];
    size_t count = 0;
    uint64_t newest = tw_flight_newest(crash->flight);
    for (uint64_t i = tw_flight_oldest(crash->flight); i <= newest; i++) {
        if (tw_flight_get(crash->flight, i, &events[count]))
            count++;
        if (count == EVENTS_A_WRITE || i == newest) {
            if (!write_all(fd, events, count * sizeof events[0]))
                return false;
            count = 0;
        }
    }
    return true;
}

/* 0, or the errno of what failed. */
static int write_file(const tw_crash *crash, int number, const siginfo_t *info) {
    int fd = open(crash->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    bool whole = write_head(crash, fd, number, info) && write_events(crash, fd);
    int failure = whole ? 0 : errno;
    if (close(fd) != 0 && failure == 0)
        failure = errno;
    if (failure == 0 && rename(crash->part, crash->path) != 0)
        failure = errno;
    if (failure != 0)
        unlink(crash->part);
    return failure;
}

/* ---- the signals --------------------------------------------------------------------------- */

static size_t index_of(int number) {
    size_t i = 0;
    while (SIGNALS[i] != number)
        i++;
    return i;
}

/* Invariant 3: raised anew, the signal is delivered as soon as the handler has returned. */
static void pass_on(const tw_crash *crash, int number) {
    sigaction(number, &crash->previous[index_of(number)], NULL);
    raise(number);
}

/* Becomes the writer. False when this thread is it already, or when another is and `patient` is
 * not set. */
static bool begin_writing(tw_crash *crash, bool patient) {
    pid_t self = gettid();
    pid_t writer = 0;
    while (!atomic_compare_exchange_strong(&crash->writing, &writer, self)) {
        if (!patient || writer == self)
            return false;
        writer = 0;
        poll(NULL, 0, 1);
    }
    return true;
}

static void end_writing(tw_crash *crash) {
    atomic_store(&crash->writing, 0);
}

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved_errno = errno;
    tw_crash *crash = &the_crash;
    bool fatal = number != REQUEST_SIGNAL;
    if (begin_writing(crash, fatal)) {
        if (atomic_load(&installed))
            (void)write_file(crash, number, info); /* nobody is there who could be told */
        if (!fatal)
            end_writing(crash);
    }
    if (fatal)
        pass_on(crash, number);
    errno = saved_errno;
}

static tw_status take_signals(tw_crash *crash, tw_error *error) {
    stack_t stack = {.ss_sp = crash->stack, .ss_size = sizeof crash->stack};
    if (sigaltstack(&stack, &crash->previous_stack) != 0)
        return tw_error_set_errno(error, errno, "no stack for signals");
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    atomic_store(&installed, true);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        int failure = sigaction(SIGNALS[i], &action, &crash->previous[i]);
        TW_ASSERT(failure == 0); /* all of them can be caught */
    }
    return TW_OK;
}

/* Makes the file once, so that a path that cannot be is told now and not in a crash. */
static tw_status try_path(const tw_crash *crash, tw_error *error) {
    int fd = open(crash->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be made", crash->part);
    close(fd);
    unlink(crash->part);
    struct stat status;
    if (stat(crash->path, &status) == 0 && !S_ISREG(status.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is not a file", crash->path);
    return TW_OK;
}

static tw_status name_files(tw_crash *crash, const char *path, tw_error *error) {
    static const char suffix[] = ".part";
    size_t size = path != NULL ? strlen(path) : 0;
    if (size == 0 || size + sizeof suffix > sizeof crash->part)
        return tw_error_set(error, TW_INVALID, "a dump needs a path of 1 to %zu bytes",
                            sizeof crash->part - sizeof suffix);
    memcpy(crash->path, path, size + 1);
    memcpy(crash->part, path, size);
    memcpy(crash->part + size, suffix, sizeof suffix);
    snprintf(crash->program, sizeof crash->program, "tradewind %s", tw_version());
    return try_path(crash, error);
}

tw_status tw_crash_start(const tw_crash_config *config, tw_crash **ret_crash, tw_error *error) {
    TW_ASSERT(config->flight != NULL);
    tw_crash *crash = &the_crash;
    if (atomic_flag_test_and_set(&taken))
        return tw_error_set(error, TW_BUSY, "another crash handler is at work");
    crash->flight = config->flight;
    tw_status status = name_files(crash, config->path, error);
    if (status == TW_OK)
        status = take_signals(crash, error);
    if (status != TW_OK) {
        atomic_flag_clear(&taken);
        return status;
    }
    *ret_crash = crash;
    return TW_OK;
}

void tw_crash_stop(tw_crash *crash) {
    if (crash == NULL)
        return;
    TW_ASSERT(crash == &the_crash && atomic_load(&installed));
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(SIGNALS[i], &crash->previous[i], NULL);
    sigaltstack(&crash->previous_stack, NULL);
    atomic_store(&installed, false);
    /* One that was late may still be at it (invariant 2); false: it was this thread. */
    (void)begin_writing(crash, true);
    end_writing(crash);
    atomic_flag_clear(&taken);
}

tw_status tw_crash_write(tw_crash *crash, tw_error *error) {
    if (!begin_writing(crash, false))
        return tw_error_set(error, TW_BUSY, "%s is being written", crash->path);
    int failure = write_file(crash, 0, NULL);
    end_writing(crash);
    if (failure != 0)
        return tw_error_set_errno(error, failure, "%s cannot be written", crash->path);
    return TW_OK;
}
