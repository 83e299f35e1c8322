/*
 * interruption.c - what a signal handler may do: read lock-free pointers, unlink, write, _exit.
 */
#include "interruption.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "command.h"

static _Atomic(const char *) unfinished[INTERRUPTION_FILE_COUNT_MAX];
_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2, "the handler reads them");

static void on_signal(int number) {
    static const char message[] = "\ntradewind: interrupted; no unfinished file was left behind\n";
    (void)number;
    for (size_t i = 0; i < INTERRUPTION_FILE_COUNT_MAX; i++) {
        const char *path = atomic_load(&unfinished[i]);
        if (path != NULL)
            unlink(path);
    }
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(EXIT_INTERRUPTED); /* nobody is there to be told */
    _exit(EXIT_INTERRUPTED);
}

void interruption_watch(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static volatile sig_atomic_t requested;

static void on_first_signal(int number) {
    (void)number;
    requested = 1;
    interruption_watch(); /* the next one does not wait */
}

static void note(int flags) {
    struct sigaction action = {.sa_handler = on_first_signal, .sa_flags = flags};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
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
