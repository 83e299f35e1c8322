/*
 * wire_solver.c - the process of a solver: CBC itself where it is installed, and scripts that do
 * all that a solver should not.
 */
#include <dirent.h>
#include <poll.h>
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "overlap_instance.h"
#include "tradewind/overlap.h"
#include "tradewind/solver.h"
#include "tradewind/time.h"

#define TEXT_SIZE 65536

static char place[64]; /* the folder of this program: scripts, and the solver's private folders */
static char solution_buffer[TEXT_SIZE];
static char log_buffer[TEXT_SIZE];

typedef struct outcome {
    tw_status status;
    tw_error error;
    tw_text solution;
    tw_text log;
} outcome;

static int make_place(void **state) {
    (void)state;
    snprintf(place, sizeof place, "/tmp/wire_solver-XXXXXX");
    return mkdtemp(place) == NULL ? -1 : 0;
}

static size_t entries_of_place(const char *prefix) {
    DIR *entries = opendir(place);
    assert_non_null(entries);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(entries);
    return count;
}

static int remove_place(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/solver", place);
    unlink(path);
    return rmdir(place);
}

/* A solver that is this script. */
static char *script(const char *body) {
    static char path[128];
    snprintf(path, sizeof path, "%s/solver", place);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

static bool (*is_cancelled)(void *context); /* of the next runs */

static outcome run(const char *program, int64_t deadline_ns, size_t log_size) {
    tw_solver_config config;
    tw_solver_config_init(&config);
    config.program = program;
    config.folder = place;
    config.deadline_ns = deadline_ns;
    config.is_cancelled = is_cancelled;
    outcome o = {.solution = tw_text_over(solution_buffer, sizeof solution_buffer),
                 .log = tw_text_over(log_buffer, log_size)};
    o.status = tw_solver_run(&config, tw_slice_of("the model\n"), &o.solution, &o.log, &o.error);
    assert_int_equal(entries_of_place("tradewind-solver-"), 0); /* nothing is left behind */
    if (o.status != TW_OK)
        assert_int_equal(o.solution.size, 0);
    return o;
}

static void assert_says(const outcome *o, tw_status status, const char *words) {
    if (o->status != status || strstr(o->error.message, words) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", tw_status_name(o->status), o->error.message,
                 words);
}

static void test_a_solution_comes_back(void **state) {
    (void)state;
    outcome o =
        run(script("echo working; cat model.mps >solution.txt; echo to both >&2; touch more"),
            10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK);
    assert_string_equal(o.solution.data, "the model\n");
    assert_string_equal(o.log.data, "working\nto both\n");
}

static void test_the_process_sees_nothing_of_the_caller(void **state) {
    (void)state;
    assert_int_equal(setenv("TRADEWIND_SECRET", "open", 1), 0);
    int fd = dup(STDOUT_FILENO); /* an open file that would be inherited */
    assert_true(fd > 2);
    outcome o = run(script("env; ls /proc/self/fd | wc -l; wc -c; umask; echo >solution.txt"),
                    10 * TW_NS_PER_SECOND, TEXT_SIZE);
    close(fd);
    assert_int_equal(o.status, TW_OK);
    assert_null(strstr(o.log.data, "TRADEWIND_SECRET"));
    assert_non_null(strstr(o.log.data, "LC_ALL=C"));
    assert_non_null(strstr(o.log.data, "\n4\n0\n")); /* 0, 1, 2 and the folder that ls reads */
}

static void test_a_solver_that_hangs_is_ended_at_the_deadline(void **state) {
    (void)state;
    int64_t begin = tw_time_monotonic_ns();
    /* With a process of its own, that holds the pipe, and signals that are not listened to. */
    outcome o = run(script("trap '' TERM INT HUP; sleep 60 & echo waiting; wait; sleep 60"),
                    200 * TW_NS_PER_MS, TEXT_SIZE);
    assert_says(&o, TW_TIMEOUT, "was ended at its deadline of 0.2 s");
    assert_string_equal(o.log.data, "waiting\n");
    assert_true(tw_time_monotonic_ns() - begin < 20 * TW_NS_PER_SECOND);
    /* One that closed its output first. */
    o = run(script("exec >&- 2>&-; sleep 60"), 100 * TW_NS_PER_MS, TEXT_SIZE);
    assert_says(&o, TW_TIMEOUT, "deadline of 0.1 s");
}

static void assert_ends(pid_t number) {
    int process = (int)syscall(SYS_pidfd_open, number, 0);
    if (process < 0)
        return; /* gone already */
    struct pollfd watched = {.fd = process, .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 10000), 1);
    close(process);
}

static void test_what_a_solver_started_ends_with_it(void **state) {
    (void)state;
    outcome o =
        run(script("sleep 60 & echo $!; echo >solution.txt"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK);
    assert_ends((pid_t)strtol(o.log.data, NULL, 10));
}

/* In a session of its own, its parent gone, and what it printed to closed. */
#define LEAVE "setsid sh -c 'sleep 60 >/dev/null 2>&1 & echo $!' & wait; "

static void test_what_left_the_group_ends_too(void **state) {
    (void)state;
    outcome o = run(script(LEAVE "echo >solution.txt"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK);
    pid_t process = (pid_t)strtol(o.log.data, NULL, 10);
    assert_true(process > 1);
    assert_ends(process);
    o = run(script(LEAVE "exit 4"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "status 4");
    assert_ends((pid_t)strtol(o.log.data, NULL, 10));
    o = run(script(LEAVE "sleep 60"), 500 * TW_NS_PER_MS, TEXT_SIZE);
    assert_says(&o, TW_TIMEOUT, "deadline");
    assert_ends((pid_t)strtol(o.log.data, NULL, 10));
}

static bool at_once(void *context) {
    (void)context;
    return true;
}

static void test_a_solver_that_is_called_off_is_ended(void **state) {
    (void)state;
    is_cancelled = at_once;
    outcome o = run(script("sleep 60"), 60 * TW_NS_PER_SECOND, TEXT_SIZE);
    is_cancelled = NULL;
    assert_says(&o, TW_CANCELLED, "it was called off");
}

/* --- children that others wait for ---------------------------------------------------------- */

static void wait_for_all(int number) {
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static void test_a_process_that_is_not_told_of_its_children_is_refused(void **state) {
    (void)state;
    struct sigaction before;
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    const struct sigaction no_wait = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    const struct sigaction by_others = {.sa_handler = wait_for_all, .sa_flags = SA_RESTART};
    char *solver = script("echo >solution.txt");
    assert_int_equal(sigaction(SIGCHLD, &ignored, &before), 0);
    outcome o = run(solver, 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_STATE, "ignores SIGCHLD");
    assert_int_equal(sigaction(SIGCHLD, &no_wait, NULL), 0);
    o = run(solver, 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_STATE, "ignores SIGCHLD");
    assert_int_equal(sigaction(SIGCHLD, &by_others, NULL), 0);
    o = run(solver, 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_STATE, "waits for every child");
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    o = run(solver, 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK);
}

static void test_a_solver_that_prints_without_end_is_bounded(void **state) {
    (void)state;
    outcome o = run(script("while :; do echo garbage; done"), 200 * TW_NS_PER_MS, 1000);
    assert_says(&o, TW_TIMEOUT, "deadline");
    assert_true(o.log.size < 1000 && o.log.size > 300);
    /* The end is what is kept. */
    o = run(script("seq 1 20000; echo the end; echo >solution.txt"), 10 * TW_NS_PER_SECOND, 64);
    assert_int_equal(o.status, TW_OK);
    assert_int_equal(strcmp(o.log.data + o.log.size - 8, "the end\n"), 0);
    o = run(script("seq 1 20000; echo >solution.txt"), 10 * TW_NS_PER_SECOND, 10000);
    assert_int_equal(o.status, TW_OK);
    assert_true(o.log.size >= 4096 && o.log.size < 10000);
    const char *line = strchr(o.log.data, '\n') + 1; /* the first may be cut */
    for (long number = strtol(line, NULL, 10); number <= 20000; number++) {
        assert_int_equal(strtol(line, NULL, 10), number);
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, 0);
    o = run(script("seq 1 20000 >solution.txt"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_FULL, "larger than its 65536 bytes");
}

static void test_a_solver_that_fails_is_told_with_its_last_line(void **state) {
    (void)state;
    outcome o =
        run(script("echo first; echo no licence; exit 3"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "ended with status 3: no licence");
    o = run(script("echo bad; kill -SEGV $$"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "was ended by signal 11: bad");
    o = run(script("exit 0"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "ended without a solution");
    o = run("/no/such/solver", 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_NOT_FOUND, "apt-get install coinor-cbc");
    o = run("tradewind-no-such-solver", 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_NOT_FOUND, "apt-get install coinor-cbc");
    o = run(script("mkfifo solution.txt"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK); /* not waited for; its reader sees an empty text */
    o = run("cbc", 0, TEXT_SIZE);
    assert_says(&o, TW_RANGE, "the deadline must be");
}

static void test_a_folder_that_cannot_be_is_told(void **state) {
    (void)state;
    tw_solver_config config;
    tw_solver_config_init(&config);
    config.program = script("exit 0");
    config.folder = "/proc";
    tw_text solution = tw_text_over(solution_buffer, sizeof solution_buffer);
    tw_text log = tw_text_over(log_buffer, sizeof log_buffer);
    tw_error error = {0};
    assert_true(tw_solver_run(&config, tw_slice_of(""), &solution, &log, &error) != TW_OK);
    assert_non_null(strstr(error.message, "cannot make a folder in /proc"));
}

/* What a solver leaves is removed, also what it should not have made. */
static void test_the_folder_goes_with_all_that_is_in_it(void **state) {
    (void)state;
    outcome o = run(script("mkdir -p a/b/c; echo >a/b/c/d; ln -s / a/root; echo >solution.txt"),
                    10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(o.status, TW_OK);
    o = run(script("mkdir -p a/b; exit 1"), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "status 1");
    /* One that is gone already is told, behind what came first. */
    o = run(script("rm -r \"$PWD\""), 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_says(&o, TW_REMOTE, "ended without a solution; and cannot remove /tmp/");
}

/* Each call that wants a descriptor fails in turn, in the solver's process at last. */
static void test_nothing_is_left_when_descriptors_run_out(void **state) {
    (void)state;
    char *solver = script("echo >solution.txt");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int free_fd = dup(STDOUT_FILENO);
    close(free_fd);
    int failures = 0;
    outcome o = {.status = TW_IO};
    for (rlim_t room = 0; room < 16 && o.status != TW_OK; room++) {
        const struct rlimit limit = {(rlim_t)free_fd + room, before.rlim_max};
        tw_solver_config config;
        tw_solver_config_init(&config);
        config.program = solver;
        config.folder = place;
        o.solution = tw_text_over(solution_buffer, sizeof solution_buffer);
        o.log = tw_text_over(log_buffer, sizeof log_buffer);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        o.status = tw_solver_run(&config, tw_slice_of("x"), &o.solution, &o.log, &o.error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(entries_of_place("tradewind-solver-"), 0);
        failures += o.status != TW_OK && strstr(o.error.message, "Too many open files") != NULL;
    }
    assert_int_equal(o.status, TW_OK);
    assert_in_range(failures, 3, 15);
}

static void test_a_model_that_cannot_be_written_is_told(void **state) {
    (void)state;
    char *solver = script("exit 0");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit limit = {0, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    outcome o = run(solver, 10 * TW_NS_PER_SECOND, TEXT_SIZE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_true(o.status != TW_OK);
    assert_non_null(strstr(o.error.message, "cannot write the model in"));
}

/* --- which program -------------------------------------------------------------------------- */

static void assert_found(const char *program, const char *wanted) {
    char path[TW_SOLVER_PATH_SIZE];
    tw_error error = {0};
    if (tw_solver_find(program, path, &error) != TW_OK)
        fail_msg("%s: %s", program, error.message);
    assert_string_equal(path, wanted);
}

static void assert_refused(const char *program, tw_status status, const char *words) {
    char path[TW_SOLVER_PATH_SIZE] = "untouched";
    outcome o = {.error = {0}};
    o.status = tw_solver_find(program, path, &o.error);
    assert_says(&o, status, words);
    assert_string_equal(path, "untouched");
}

static void test_the_path_of_the_caller_is_not_asked(void **state) {
    (void)state;
    char *solver = script("exit 0");
    char before[4096];
    const char *path = getenv("PATH");
    snprintf(before, sizeof before, "%s", path != NULL ? path : "");
    assert_int_equal(setenv("PATH", place, 1), 0);
    assert_refused("solver", TW_NOT_FOUND, "there is no solver solver in /usr/local/bin");
    assert_int_equal(setenv("PATH", before, 1), 0);
    assert_found(solver, solver);
    assert_refused("./solver", TW_INVALID, "a name or an absolute path");
    assert_refused("", TW_INVALID, "a name or an absolute path");
    assert_refused("tradewind-no-such-solver", TW_NOT_FOUND, "apt-get install coinor-cbc");
    assert_refused("/etc/passwd/cbc", TW_NOT_FOUND, "apt-get install coinor-cbc");
}

static void test_a_program_that_others_may_change_is_refused(void **state) {
    (void)state;
    char *solver = script("exit 0");
    char link[128];
    char inner[128];
    assert_int_equal(chmod(solver, 0702), 0);
    assert_refused(solver, TW_PERMISSION, "others may change");
    assert_int_equal(chmod(solver, 0600), 0);
    assert_refused(solver, TW_PERMISSION, "not a program that may be run");
    assert_int_equal(chmod(solver, 0755), 0);
    assert_int_equal(chmod(place, 0777), 0); /* they may put another one there */
    assert_refused(solver, TW_PERMISSION, place);
    assert_int_equal(chmod(place, 01777), 0); /* but not with the sticky bit */
    assert_found(solver, solver);
    assert_int_equal(chmod(place, 0700), 0);
    assert_refused(place, TW_PERMISSION, "not a program that may be run");
    /* Links are followed; where they stand counts, and where they lead to. */
    snprintf(inner, sizeof inner, "%s/inner", place);
    snprintf(link, sizeof link, "%s/inner/link", place);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(symlink("../solver", link), 0);
    assert_found(link, solver);
    assert_int_equal(chmod(inner, 0777), 0);
    assert_refused(link, TW_PERMISSION, inner);
    assert_int_equal(chmod(inner, 0700), 0);
    assert_int_equal(chmod(solver, 0757), 0);
    assert_refused(link, TW_PERMISSION, "others may change");
    assert_int_equal(chmod(solver, 0700), 0);
    if (geteuid() == 0) { /* only root can give a file away */
        assert_int_equal(chown(solver, 65534, (gid_t)-1), 0);
        assert_refused(solver, TW_PERMISSION, "belongs to user 65534");
        assert_int_equal(chown(solver, 0, 65534), 0);
        assert_found(solver, solver);
        assert_int_equal(chmod(solver, 0770), 0);
        assert_refused(solver, TW_PERMISSION, "others may change");
    }
    unlink(link);
    rmdir(inner);
}

/* --- with CBC ------------------------------------------------------------------------------- */

static bool cbc_is_here(void) {
    tw_solver_config config;
    tw_solver_config_init(&config);
    tw_text solution = tw_text_over(solution_buffer, sizeof solution_buffer);
    tw_text log = tw_text_over(log_buffer, sizeof log_buffer);
    return tw_solver_run(&config, tw_slice_of(""), &solution, &log, NULL) != TW_NOT_FOUND;
}

static tw_overlap_plan plan_with_cbc(tw_overlap *overlap, const tw_overlap_problem *problem) {
    static char model_buffer[1 << 20];
    tw_text model = tw_text_over(model_buffer, sizeof model_buffer);
    tw_text solution = tw_text_over(solution_buffer, sizeof solution_buffer);
    tw_text log = tw_text_over(log_buffer, sizeof log_buffer);
    tw_error error = {0};
    tw_status status = tw_overlap_write(overlap, problem, &model, &error);
    tw_solver_config config;
    tw_solver_config_init(&config);
    if (status == TW_OK)
        status = tw_solver_run(&config, tw_text_slice(&model), &solution, &log, &error);
    tw_overlap_plan plan = {0};
    tw_overlap_answer answer = {tw_text_slice(&solution), tw_text_slice(&log)};
    if (status == TW_OK)
        status = tw_overlap_read(overlap, problem, &answer, &plan, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    return plan;
}

static void test_cbc_finds_the_fewest_trades(void **state) {
    (void)state;
    if (!cbc_is_here()) {
        print_message("cbc is not installed (apt-get install coinor-cbc)\n");
        skip();
    }
    TW_AUTO(tw_overlap) *overlap = NULL;
    assert_int_equal(tw_overlap_new(NULL, OVERLAP_NAMES, OVERLAP_ROWS, &overlap), TW_OK);
    uint64_t seed = 31;
    int planned = 0;
    int impossible = 0;
    for (int round = 0; round < 40; round++) {
        overlap_instance x;
        overlap_instance_make(&x, &seed);
        size_t count = 0;
        int64_t turnover = 0;
        bool any = overlap_instance_best(&x, &count, &turnover);
        tw_overlap_plan plan = plan_with_cbc(overlap, &x.problem);
        if (plan.feasible != any)
            fail_msg("round %d: %s", round, plan.reason);
        planned += any;
        impossible += !any;
        assert_true(plan.proof != TW_OVERLAP_UNPROVEN);
        if (!any)
            continue;
        assert_int_equal(plan.count, count);
        assert_int_equal(plan.turnover.nano, turnover);
        assert_int_equal(plan.gap, 0);
        assert_true(plan.bound <= count);
    }
    assert_true(planned > 10 && impossible > 5);
}

/* Lots of 1e-9 are continuous in the model and whole afterwards. */
static void test_cbc_trades_fractions(void **state) {
    (void)state;
    if (!cbc_is_here()) {
        print_message("cbc is not installed (apt-get install coinor-cbc)\n");
        skip();
    }
    TW_AUTO(tw_overlap) *overlap = NULL;
    assert_int_equal(tw_overlap_new(NULL, 3, 1, &overlap), TW_OK);
    tw_rebalance_range ranges[3];
    for (uint32_t i = 0; i < 3; i++)
        ranges[i] = (tw_rebalance_range){.price = {37 * TW_NANO + 1},
                                         .lot = {1},
                                         .lots_min = -(int64_t)(i + 1) * TW_NANO,
                                         .lots_max = 0,
                                         .lots_least = 1,
                                         .symbol = i};
    int64_t coefficients[3] = {TW_NANO, TW_NANO, -TW_NANO};
    tw_overlap_row row = {coefficients, {-TW_NANO}, {TW_NANO}};
    tw_overlap_problem problem = {.ranges = ranges,
                                  .count = 3,
                                  .rows = &row,
                                  .row_count = 1,
                                  .cash_min = {100 * TW_NANO},
                                  .cash_max = {100 * TW_NANO + 100},
                                  .cost_rate_nano = TW_NANO / 1000};
    tw_overlap_plan plan = plan_with_cbc(overlap, &problem);
    if (!plan.feasible)
        fail_msg("%s", plan.reason);
    assert_int_equal(plan.count, 2);
    assert_true(plan.cash_after.nano >= 100 * TW_NANO);
    assert_true(plan.cash_after.nano <= 100 * TW_NANO + 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_solution_comes_back),
        cmocka_unit_test(test_the_process_sees_nothing_of_the_caller),
        cmocka_unit_test(test_a_solver_that_hangs_is_ended_at_the_deadline),
        cmocka_unit_test(test_what_a_solver_started_ends_with_it),
        cmocka_unit_test(test_what_left_the_group_ends_too),
        cmocka_unit_test(test_a_solver_that_is_called_off_is_ended),
        cmocka_unit_test(test_a_process_that_is_not_told_of_its_children_is_refused),
        cmocka_unit_test(test_a_solver_that_prints_without_end_is_bounded),
        cmocka_unit_test(test_a_solver_that_fails_is_told_with_its_last_line),
        cmocka_unit_test(test_a_folder_that_cannot_be_is_told),
        cmocka_unit_test(test_the_folder_goes_with_all_that_is_in_it),
        cmocka_unit_test(test_nothing_is_left_when_descriptors_run_out),
        cmocka_unit_test(test_a_model_that_cannot_be_written_is_told),
        cmocka_unit_test(test_the_path_of_the_caller_is_not_asked),
        cmocka_unit_test(test_a_program_that_others_may_change_is_refused),
        cmocka_unit_test(test_cbc_finds_the_fewest_trades),
        cmocka_unit_test(test_cbc_trades_fractions),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
