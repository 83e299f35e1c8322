/* wire_crash.c - children that crash on purpose, and what they leave behind. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tradewind/crash.h"

static char folder[] = "/tmp/wire_crash_XXXXXX";
static char path[64];

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/flight", folder);
    return 0;
}

static int clear_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int clear_file(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static void note(tw_flight *flight, int64_t i) {
    tw_flight_note(flight, 1000 * i, "order", i, -i, tw_slice_of("tradewind-7-1 filled"));
}

/* ---- what the children do ------------------------------------------------------------------ */

/* Not NULL, which a sanitiser would notice before the processor does. */
static void crash_by_address(void) {
    volatile uintptr_t low = 16;
    volatile int *nowhere = (volatile int *)low;
    *nowhere = 1;
}

static void crash_by_assertion(void) {
    TW_ASSERT(folder[0] == '?');
}

static void crash_by_bus_error(void) {
    raise(SIGBUS);
}

static void *crash_in_thread(void *context) {
    (void)context;
    crash_by_address();
    return NULL;
}

static void crash_elsewhere(void) {
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, crash_in_thread, NULL);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* Each call needs a page of its own, and the compiler must not see that there is no end. */
static volatile int endless = 1;

static int overflow_stack(volatile char *before) {
    volatile char page[4096];
    page[0] = (char)(before[0] + 1);
    return endless != 0 ? overflow_stack(page) + page[0] : 0;
}

static void crash_by_overflow(void) {
    volatile char first[1] = {0};
    overflow_stack(first);
}

static void start_child(tw_flight **ret_flight, tw_crash **ret_crash) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL); /* cmocka would go on with the next test */
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    tw_crash_config config = {.path = path};
    if (tw_flight_new(NULL, 128, ret_flight) != TW_OK)
        _exit(99);
    config.flight = *ret_flight;
    if (tw_crash_start(&config, ret_crash, NULL) != TW_OK)
        _exit(98);
}

/* Runs a crash in a child after 200 notes; returns the signal that ended it. */
static int end_of(void (*crash)(void), pid_t *ret_child) {
    pid_t child = fork();
    if (child == 0) {
        tw_flight *flight = NULL;
        tw_crash *handler = NULL;
        start_child(&flight, &handler);
        for (int64_t i = 1; i <= 200; i++)
            note(flight, i);
        crash();
        _exit(97);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    *ret_child = child;
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void assert_left_behind(int signal_number, pid_t child) {
    tw_crash_dump dump;
    tw_error error = {0};
    struct stat status;
    if (tw_crash_dump_read(NULL, path, &dump, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(dump.summary.signal, signal_number);
    assert_int_equal(dump.summary.pid, child);
    assert_int_equal(dump.summary.newest, 200);
    assert_true(dump.summary.address == 0 || signal_number == SIGSEGV);
    assert_true(dump.summary.wall_ns > 0 && dump.summary.time_ns > 0);
    assert_true(strncmp(dump.summary.program, "tradewind ", 10) == 0);
    assert_int_equal(dump.count, 128);
    assert_false(dump.cut);
    for (size_t i = 0; i < dump.count; i++) {
        const tw_flight_event *event = &dump.events[i];
        assert_int_equal(event->sequence, 73 + i);
        assert_int_equal(event->values[0], 73 + i);
        assert_int_equal(event->time_ns, 1000 * (73 + (int64_t)i));
        assert_string_equal(event->name, "order");
        assert_string_equal(event->text, "tradewind-7-1 filled");
    }
    tw_crash_dump_done(&dump);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_a_crash_leaves_the_newest_events_and_ends_as_it_would(void **state) {
    (void)state;
    static const struct {
        void (*crash)(void);
        int signal;
    } cases[] = {{crash_by_address, SIGSEGV},
                 {crash_by_assertion, SIGABRT},
                 {crash_by_bus_error, SIGBUS},
                 {crash_elsewhere, SIGSEGV}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pid_t child = 0;
        int ended = end_of(cases[i].crash, &child);
        assert_int_equal(ended, cases[i].signal);
        assert_left_behind(cases[i].signal, child);
        assert_int_equal(unlink(path), 0);
    }
}

static void test_a_stack_that_overflows_leaves_them_too(void **state) {
    (void)state;
    pid_t child = 0;
    assert_int_equal(end_of(crash_by_overflow, &child), SIGSEGV);
    assert_left_behind(SIGSEGV, child);
}

static void test_a_request_is_written_and_the_program_goes_on(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    TW_AUTO(tw_crash) *crash = NULL;
    tw_crash *second = NULL;
    tw_crash_dump dump;
    assert_int_equal(tw_flight_new(NULL, 16, &flight), TW_OK);
    tw_crash_config config = {.flight = flight, .path = path};
    assert_int_equal(tw_crash_start(&config, &crash, NULL), TW_OK);
    assert_int_equal(tw_crash_start(&config, &second, NULL), TW_BUSY);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(tw_crash_dump_read(NULL, path, &dump, NULL), TW_OK);
    assert_int_equal(dump.count, 0);
    assert_int_equal(dump.summary.signal, SIGUSR1);
    tw_crash_dump_done(&dump);
    note(flight, 1);
    assert_int_equal(tw_crash_write(crash, NULL), TW_OK);
    assert_int_equal(tw_crash_dump_read(NULL, path, &dump, NULL), TW_OK);
    assert_int_equal(dump.count, 1);
    assert_int_equal(dump.summary.signal, 0);
    tw_crash_dump_done(&dump);
}

static void on_previous(int number) {
    (void)number;
}

static void test_the_signals_are_given_back(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    tw_crash *crash = NULL;
    struct sigaction previous = {.sa_handler = on_previous};
    struct sigaction now;
    assert_int_equal(sigaction(SIGUSR1, &previous, NULL), 0);
    assert_int_equal(tw_flight_new(NULL, 16, &flight), TW_OK);
    tw_crash_config config = {.flight = flight, .path = path};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tw_crash_start(&config, &crash, NULL), TW_OK);
        tw_crash_stop(crash);
        assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
        assert_ptr_equal(now.sa_handler, on_previous);
    }
    previous.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGUSR1, &previous, NULL), 0);
}

static void test_a_path_that_cannot_be_is_told_at_the_start(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    tw_crash *crash = NULL;
    assert_int_equal(tw_flight_new(NULL, 16, &flight), TW_OK);
    static char long_path[8192];
    memset(long_path, 'x', sizeof long_path - 1);
    const struct {
        const char *path;
        tw_status status;
    } bad[] = {{"", TW_INVALID},
               {NULL, TW_INVALID},
               {long_path, TW_INVALID},
               {folder, TW_INVALID},
               {"/nowhere/at/all", TW_NOT_FOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_error error = {0};
        tw_crash_config config = {.flight = flight, .path = bad[i].path};
        assert_int_equal(tw_crash_start(&config, &crash, &error), bad[i].status);
        assert_true(error.message[0] != '\0');
    }
    char part[80];
    snprintf(part, sizeof part, "%s.part", folder);
    assert_int_equal(access(part, F_OK), -1);
}

static void write_bytes(const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static tw_status read_now(tw_crash_dump *dump) {
    tw_error error = {0};
    tw_status status = tw_crash_dump_read(NULL, path, dump, &error);
    assert_true(status == TW_OK || error.message[0] != '\0');
    return status;
}

static void test_what_is_no_dump_is_refused_and_what_was_cut_says_so(void **state) {
    (void)state;
    TW_AUTO(tw_flight) *flight = NULL;
    TW_AUTO(tw_crash) *crash = NULL;
    tw_crash_dump dump;
    char bytes[1024];
    assert_int_equal(read_now(&dump), TW_NOT_FOUND);
    write_bytes("", 0);
    assert_int_equal(read_now(&dump), TW_CORRUPT);
    assert_int_equal(tw_crash_dump_read(NULL, folder, &dump, NULL) != TW_OK, true);
    assert_int_equal(tw_flight_new(NULL, 16, &flight), TW_OK);
    tw_crash_config config = {.flight = flight, .path = path};
    assert_int_equal(tw_crash_start(&config, &crash, NULL), TW_OK);
    note(flight, 1);
    note(flight, 2);
    assert_int_equal(tw_crash_write(crash, NULL), TW_OK);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    for (size_t cut = 0; cut <= size; cut++) {
        write_bytes(bytes, cut);
        tw_status status = read_now(&dump);
        if (cut < size - 256) {
            assert_int_equal(status, TW_CORRUPT);
            continue;
        }
        assert_int_equal(status, TW_OK);
        assert_int_equal(dump.count, (cut - (size - 256)) / 128);
        assert_int_equal(dump.cut, (cut - (size - 256)) % 128 != 0);
        tw_crash_dump_done(&dump);
    }
    memset(bytes + size - 128, 0xff, 128); /* texts without an end */
    write_bytes(bytes, size);
    assert_int_equal(read_now(&dump), TW_OK);
    assert_int_equal(strlen(dump.events[1].text), TW_FLIGHT_TEXT_SIZE - 1);
    tw_crash_dump_done(&dump);
    bytes[8]++;
    write_bytes(bytes, size);
    assert_int_equal(read_now(&dump), TW_VERSION);
    bytes[0] = 'X';
    write_bytes(bytes, size);
    assert_int_equal(read_now(&dump), TW_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_crash_leaves_the_newest_events_and_ends_as_it_would,
                                  clear_file),
        cmocka_unit_test_teardown(test_a_stack_that_overflows_leaves_them_too, clear_file),
        cmocka_unit_test_teardown(test_a_request_is_written_and_the_program_goes_on, clear_file),
        cmocka_unit_test_teardown(test_the_signals_are_given_back, clear_file),
        cmocka_unit_test_teardown(test_a_path_that_cannot_be_is_told_at_the_start, clear_file),
        cmocka_unit_test_teardown(test_what_is_no_dump_is_refused_and_what_was_cut_says_so,
                                  clear_file),
    };
    return cmocka_run_group_tests(tests, make_folder, clear_folder);
}
