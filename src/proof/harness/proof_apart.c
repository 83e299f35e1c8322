/*
 * proof_apart.c - a job in a process of its own: its memory is fresh, and what it does to itself
 * (a crash, a leak, no end) is done to nobody else. The result is written into shared memory.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"
#include "tradewind/time.h"

static const int64_t LOOK_NS = TW_NS_PER_SECOND / 4;

static void fail(proof_result *result, tw_error *error) {
    *result = (proof_result){.status = error->status, .error = *error, .verdict = PROOF_FAILED};
}

typedef enum outcome { ENDED, LATE, CANCELLED } outcome;

static bool has_ended(pid_t child) {
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* A system without descriptors of processes is looked at from time to time; so is a signal that
 * came between the question and the wait. */
static outcome wait_for_end(pid_t child, const proof_plan *plan, int64_t end_ns) {
    int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = descriptor, .events = POLLIN};
    outcome how = LATE;
    for (int64_t left_ns = 1; left_ns > 0;) {
        if (plan->cancelled != NULL && plan->cancelled()) {
            how = CANCELLED;
            break;
        }
        left_ns = end_ns - tw_time_monotonic_ns();
        int64_t look_ns = left_ns < LOOK_NS ? left_ns : LOOK_NS;
        (void)poll(&ended, 1, look_ns > 0 ? (int)(look_ns / TW_NS_PER_MS) + 1 : 0);
        if (has_ended(child)) {
            how = ENDED;
            break;
        }
    }
    if (descriptor >= 0)
        close(descriptor);
    return how;
}

/* Waits for its end, no longer than patience_ns; then it is ended, and so is what it began: it
 * leads a group of its own. */
static void await(pid_t child, const char *name, const proof_plan *plan, int64_t patience_ns,
                  proof_result *shared) {
    tw_error error = {0};
    outcome ending = wait_for_end(child, plan, tw_time_monotonic_ns() + patience_ns);
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    int how = 0;
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        continue;
    if (ending == CANCELLED) {
        tw_error_set(&error, TW_CANCELLED, "%s: it was interrupted", name);
        fail(shared, &error);
    } else if (ending == LATE) {
        tw_error_set(&error, TW_TIMEOUT, "%s: it did not end in time", name);
        fail(shared, &error);
    } else if (WIFSIGNALED(how)) {
        tw_error_set(&error, TW_STATE, "%s: its process was ended by signal %d", name,
                     WTERMSIG(how));
        fail(shared, &error);
    } else if (WEXITSTATUS(how) != 0) {
        tw_error_set(&error, TW_STATE, "%s: its process ended with status %d", name,
                     WEXITSTATUS(how));
        fail(shared, &error);
    }
}

void proof_measure_apart(const proof_job *job, const proof_plan *plan, int64_t patience_ns,
                         proof_result *ret_result) {
    tw_error error = {0};
    proof_result *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        tw_error_set_errno(&error, errno, "memory cannot be shared");
        fail(ret_result, &error);
        return;
    }
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            proof_measure(job, plan, shared);
        _exit(0);
    }
    if (child < 0) {
        tw_error_set_errno(&error, errno, "no process can be made");
        fail(shared, &error);
    } else {
        setpgid(child, child);
        await(child, job->name, plan, patience_ns, shared);
    }
    *ret_result = *shared;
    munmap(shared, sizeof *shared);
}
