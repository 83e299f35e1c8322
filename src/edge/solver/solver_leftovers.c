/*
 * solver_leftovers.c - the processes that a solver started and that left its process group.
 *
 * A process may leave its group (setsid) and its parent may end, so that no list of the system ties
 * it to the solver any more. What it keeps is its environment: the solver's has a mark that no
 * other process has. /proc tells the environment of each process of the same user.
 *
 * Only processes that began after the solver are looked at: few, and never one that stood there
 * stuck before.
 *
 * Invariant: a signal goes to a descriptor of the process that was opened before the mark was read
 * last, so that a number which was given to another process in between hits nobody.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "solver_priv.h"

/* One that is quick to multiply is caught by looking again. */
#define ROUNDS_MAX 32
#define GONE_MS_MAX 1000
#define ENVIRONMENT_SIZE 16384
#define STAT_SIZE 1024
/* Of /proc/PID/stat, counted behind the name in brackets: the state is the first. */
#define FIELD_OF_BEGIN 20

/* A file of a process, up to the size of the buffer less one; 0 when there is none. */
static size_t read_file(pid_t process, const char *name, char *buffer, size_t capacity) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)process, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    while (fd >= 0 && size + 1 < capacity) {
        ssize_t part = read(fd, buffer + size, capacity - 1 - size);
        if (part <= 0)
            break;
        size += (size_t)part;
    }
    if (fd >= 0)
        close(fd);
    buffer[size] = 0;
    return size;
}

uint64_t solver_began(pid_t process) {
    char text[STAT_SIZE];
    if (read_file(process, "stat", text, sizeof text) == 0)
        return 0;
    const char *end = strrchr(text, ')'); /* a name may hold anything, also brackets */
    if (end == NULL)
        return 0;
    tw_slice rest = tw_slice_of(end + 1);
    rest = tw_slice_trim(rest);
    uint64_t began = 0;
    for (int field = 1; field < FIELD_OF_BEGIN; field++)
        (void)tw_slice_split(&rest, ' ');
    return tw_parse_u64(tw_slice_split(&rest, ' '), &began) == TW_OK ? began : 0;
}

/* Whether a process is one of those to end. Between programs (execve) it shows no environment:
 * then it is asked again in the next round. */
enum finding { OTHERS, UNCLEAR, OURS };

static enum finding look(pid_t process, const char *mark) {
    char environment[ENVIRONMENT_SIZE];
    size_t size = read_file(process, "environ", environment, sizeof environment);
    for (size_t at = 0; at < size; at += strlen(environment + at) + 1)
        if (strcmp(environment + at, mark) == 0)
            return OURS;
    char path[64];
    char program[8];
    snprintf(path, sizeof path, "/proc/%ld/exe",
             (long)process); /* the kernel's threads have none */
    return size == 0 && readlink(path, program, sizeof program) > 0 ? UNCLEAR : OTHERS;
}

/* Ends it if it is one of those. */
static enum finding end_process(pid_t process, const char *mark, uint64_t began) {
    enum finding found = solver_began(process) < began ? OTHERS : look(process, mark);
    if (found != OURS)
        return found;
    int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
    if (descriptor < 0)
        return OTHERS; /* gone */
    found = look(process, mark);
    if (found == OURS) {
        struct pollfd watched = {.fd = descriptor, .events = POLLIN};
        if (syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0) == 0)
            (void)poll(&watched, 1, GONE_MS_MAX); /* late, it is found in the next round */
    }
    close(descriptor);
    return found;
}

/* The clearest that was found. */
static enum finding end_round(DIR *processes, const char *mark, uint64_t began) {
    enum finding clearest = OTHERS;
    rewinddir(processes);
    for (;;) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
        const struct dirent *entry = readdir(processes);
        if (entry == NULL)
            return clearest;
        uint64_t number = 0;
        if (tw_parse_u64(tw_slice_of(entry->d_name), &number) != TW_OK || number > INT32_MAX ||
            (pid_t)number == getpid())
            continue;
        enum finding found = end_process((pid_t)number, mark, began);
        clearest = found > clearest ? found : clearest;
    }
}

bool solver_end_marked(const char *mark, uint64_t began) {
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return true;
    enum finding found = OURS;
    for (int round = 0; round < ROUNDS_MAX && found != OTHERS; round++)
        found = end_round(processes, mark, began);
    closedir(processes);
    return found != OURS;
}
