/* test_interruption.c - what is said of an interruption is true, and a closed terminal is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interruption.h"

enum { TEXT_SIZE = 256, INTERRUPTED = 130, GONE_ON = 7 };

/* Runs `act` in a process of its own. Returns how it ended, and what it said on standard error. */
static int result_of(void (*act)(void), char ret_text[TEXT_SIZE]) {
    int ends[2];
    int how = 0;
    size_t size = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        signal(SIGHUP, SIG_DFL); /* whatever the tests were started by */
        act();
        _exit(GONE_ON);
    }
    close(ends[1]);
    ssize_t got = 1;
    while (got > 0 && size < TEXT_SIZE - 1) {
        got = read(ends[0], ret_text + size, TEXT_SIZE - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    ret_text[size] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static void twice_with_a_folder(void) {
    interruption_note();
    interruption_leave("/var/tmp/half");
    raise(SIGINT);
    if (interruption_requested())
        raise(SIGINT);
}

static void twice_behind_a_folder(void) {
    interruption_note();
    interruption_leave("/var/tmp/half");
    interruption_leave(NULL);
    raise(SIGTERM);
    raise(SIGINT);
}

static void a_folder_that_is_left_is_told(void **state) {
    (void)state;
    char text[TEXT_SIZE];
    assert_int_equal(result_of(twice_with_a_folder, text), INTERRUPTED);
    assert_string_equal(text, "\ntradewind: interrupted; remove what was left in /var/tmp/half\n");
    assert_int_equal(result_of(twice_behind_a_folder, text), INTERRUPTED);
    assert_string_equal(text, "\ntradewind: interrupted; no unfinished file was left behind\n");
}

static void hang_up_noted(void) {
    interruption_note();
    raise(SIGHUP);
    if (!interruption_requested())
        _exit(1);
}

static void hang_up_watched(void) {
    interruption_watch();
    raise(SIGHUP);
}

static void hang_up_ignored(void) {
    signal(SIGHUP, SIG_IGN);
    interruption_note();
    raise(SIGHUP);
    if (interruption_requested())
        _exit(1);
    interruption_watch();
    raise(SIGHUP);
}

static void a_terminal_that_is_closed_interrupts(void **state) {
    (void)state;
    char text[TEXT_SIZE];
    assert_int_equal(result_of(hang_up_noted, text), GONE_ON);
    assert_int_equal(result_of(hang_up_watched, text), INTERRUPTED);
    assert_int_equal(result_of(hang_up_ignored, text), GONE_ON);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_is_left_is_told),
        cmocka_unit_test(a_terminal_that_is_closed_interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
