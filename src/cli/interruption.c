/*
 * interruption.c - what a signal handler may do: read lock-free pointers, unlink, write, _exit.
 */
#include "interruption.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static _Atomic(const char *) unfinished[INTERRUPTION_FILE_COUNT_MAX];
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "the handler reads them");

static _Atomic(const char *) leavings;

/* False when nobody is there to be told. */
static bool say(const char *text) {
    return write(STDERR_FILENO, text, strlen(text)) >= 0;
}

static void on_signal(int number) {
    (void)number;
    for (size_t i = 0; i < INTERRUPTION_FILE_COUNT_MAX; i++) {
        const char *path = atomic_load(&unfinished[i]);
        if (path != NULL)
            unlink(path);
    }
    const char *left = atomic_load(&leavings);
    if (left == NULL)
        (void)say("\ntradewind: interrupted; no unfinished file was left behind\n");
    else
        (void)(say("\ntradewind: interrupted; remove what was left in ") && say(left) && say("\n"));
    _exit(EXIT_INTERRUPTED);
}

/* Whoever had SIGHUP ignored (nohup) wants to outlive the terminal. */
static void take_signals(const struct sigaction *action) {
    struct sigaction before;
    sigaction(SIGINT, action, NULL);
    sigaction(SIGTERM, action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, action, NULL);
}

void interruption_watch(void) {
    struct sigaction action = {.sa_handler = on_signal};
    take_signals(&action);
}

static volatile sig_atomic_t requested;

static void on_first_signal(int number) {
    (void)number;
    requested = 1;
    interruption_watch(); /* the next one does not wait */
}

static void note(int flags) {
    struct sigaction action = {.sa_handler = on_first_signal, .sa_flags = flags};
    take_signals(&action);
}

void interruption_note(void) {
    note(0);
}

void interruption_defer(void) {
    note(SA_RESTART);
}

bool interruption_requested(void) {
    return requested != 0;
}

tw_status interruption_put(const char *path) {
    for (size_t i = 0; i < INTERRUPTION_FILE_COUNT_MAX; i++) {
        if (atomic_load(&unfinished[i]) == NULL) {
            atomic_store(&unfinished[i], path);
            return TW_OK;
        }
    }
    return TW_FULL;
}

void interruption_drop(const char *path) {
    for (size_t i = 0; i < INTERRUPTION_FILE_COUNT_MAX; i++) {
        if (atomic_load(&unfinished[i]) == path)
            atomic_store(&unfinished[i], NULL);
    }
}

void interruption_leave(const char *folder) {
    atomic_store(&leavings, folder);
}
