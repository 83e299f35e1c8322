/*
 * test_proof.c - how the benchmark suite measures: who computes something else fails, who is not
 * installed is left out, ratios are those of one round, and what was prepared is disposed of.
 *
 * The jobs are made up: each repetition says itself how long it took, so that no clock decides.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "figures.h"
#include "noise.h"
#include "proof.h"
#include "proof_folder.h"
#include "proof_peer.h"
#include "tradewind/time.h"

/* ---- figures --------------------------------------------------------------------------------- */

static void a_figure_is_the_median_and_its_reach(void **state) {
    (void)state;
    const double odd[] = {5, 1, 3};
    const double even[] = {4, 1, 3, 2};
    proof_figure figure = figure_of(odd, 3);
    assert_true(figure.median == 3 && figure.low == 1 && figure.high == 5 && figure.count == 3);
    figure = figure_of(even, 4);
    assert_true(figure.median == 2.5 && figure.low == 1 && figure.high == 4);
    figure = figure_of(odd, 1);
    assert_true(figure.median == 5 && figure.low == 5 && figure.high == 5);
}

/* A round in which all are slow is no news about any of them. */
static void a_ratio_is_of_one_round(void **state) {
    (void)state;
    const double naive[] = {10, 100, 30};
    const double ours[] = {1, 10, 2};
    proof_figure ratio = figure_of_ratio(naive, ours, 3);
    assert_true(ratio.median == 10 && ratio.low == 10 && ratio.high == 15);
}

static void units_fit_the_time(void **state) {
    (void)state;
    assert_int_equal(figure_units(10, 1000, 5000, 0), 50);
    assert_int_equal(figure_units(10, 1000, 5000, 30), 30);
    assert_int_equal(figure_units(1, 9000, 5000, 0), 1);
    assert_int_equal(figure_units(1, INT64_C(90000000000), 5000, 0), 1);
    assert_int_equal(figure_units(3, 0, 300, 0), 900); /* too quick to tell: as if of a ns */
}

static void the_same_is_the_same_within_its_tolerance(void **state) {
    (void)state;
    assert_true(figure_same(0, 0, 0) && figure_same(1.5, 1.5, 0) && figure_same(-2, -2, 0));
    assert_false(figure_same(1, 1 + 1e-15, 0));
    assert_true(figure_same(1000, 1000.5, 1e-3) && figure_same(1000.5, 1000, 1e-3));
    assert_false(figure_same(1000, 1002, 1e-3) || figure_same(1, -1, 1e-3));
    assert_false(figure_same(NAN, NAN, 1) || figure_same(NAN, 1, 1) || figure_same(INFINITY, 1, 0));
}

static void a_claim_is_beaten_reached_or_missed(void **state) {
    (void)state;
    static const struct {
        proof_figure speedup;
        double least, most;
        proof_verdict verdict;
    } rows[] = {{{60, 51, 70, 3}, 10, 50, PROOF_BEATEN},  {{60, 50, 70, 3}, 10, 50, PROOF_REACHED},
                {{20, 15, 30, 3}, 10, 50, PROOF_REACHED}, {{10, 8, 11, 3}, 10, 50, PROOF_REACHED},
                {{9.9, 7, 40, 3}, 10, 50, PROOF_MISSED},  {{0.5, 0.4, 0.6, 3}, 5, 20, PROOF_MISSED},
                {{99, 98, 100, 3}, 0, 0, PROOF_UNCLAIMED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(figure_verdict(&rows[i].speedup, rows[i].least, rows[i].most),
                         rows[i].verdict);
}

static void noise_is_how_far_the_upper_quartile_lies_above_the_fastest(void **state) {
    (void)state;
    noise_probes probes = {0};
    assert_true(noise_share(&probes) == 0);
    for (int i = 0; i < 100; i++)
        probes.probes_ns[i] = 1000 + (i * 37) % 100; /* 1000 to 1099 in some order */
    probes.count = 100;
    assert_true(fabs(noise_share(&probes) - 0.075) < 1e-12);
    probes.count = 0;
    for (int i = 0; i < NOISE_PROBES_MAX + 5; i++)
        noise_probe(&probes); /* the oldest give way */
    assert_int_equal(probes.count, NOISE_PROBES_MAX + 5);
    assert_true(noise_share(&probes) >= 0);
}

static void noise_is_also_what_was_waited_for_a_processor(void **state) {
    (void)state;
    noise_probes probes = {.probes_ns = {1000, 1000}, .count = 2};
    probes.spent_ns = 100 * TW_NS_PER_MS;
    probes.waited_ns = 20 * TW_NS_PER_MS; /* what needs 80 took 100 */
    assert_true(fabs(noise_share(&probes) - 0.25) < 1e-12);
    probes.probes_ns[1] = 2000;
    assert_true(fabs(noise_share(&probes) - 1) < 1e-12); /* the worse of the two */
    probes = (noise_probes){.spent_ns = TW_NS_PER_MS, .waited_ns = TW_NS_PER_MS / 2};
    assert_true(noise_share(&probes) == 0); /* too little to tell anything */
}

static void waiting_for_a_processor_is_added_up(void **state) {
    (void)state;
    noise_probes probes = {0};
    noise_enter(&probes);
    noise_probe(&probes);
    noise_leave(&probes);
    assert_true(probes.spent_ns >= probes.probes_ns[0]);
    assert_true(probes.waited_ns >= 0 && probes.waited_ns <= probes.spent_ns);
}

/* ---- a made-up job --------------------------------------------------------------------------- */

enum { WAY_OURS, WAY_NAIVE, WAY_PEER, ORDER_MAX = 4096 };

typedef struct made_up {
    int prepared;
    int disposed;
    int runs;
    uint64_t at;
    int order[ORDER_MAX]; /* which way ran */
    uint64_t units[ORDER_MAX];
    uint64_t places[ORDER_MAX];
    double wrong; /* added to the naive way's checksum */
    tw_status peer_status;
    tw_status prepare_status;
    char folder[PROOF_FOLDER_SIZE];
} made_up;

static made_up made;

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    made.prepared++;
    made.at = point->at[0];
    snprintf(made.folder, sizeof made.folder, "%s", point->folder);
    *ret_state = &made;
    return made.prepare_status == TW_OK
               ? TW_OK
               : tw_error_set(error, made.prepare_status, "no inputs today");
}

static void dispose(void *state) {
    made.disposed += state != NULL;
}

/* `each_ns` a unit, times the place. */
static tw_status play(proof_run *run, int way, int64_t each_ns) {
    if (made.runs < ORDER_MAX) {
        made.order[made.runs] = way;
        made.units[made.runs] = run->units;
        made.places[made.runs] = made.at;
    }
    made.runs++;
    run->elapsed_ns = (int64_t)(run->units * made.at) * each_ns;
    run->checksum = (double)run->units;
    if (run->latency != NULL)
        tw_histogram_record_n(run->latency, each_ns, run->units);
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    (void)state, (void)error;
    run->quality = 3;
    return play(run, WAY_OURS, 10);
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)state, (void)error;
    tw_status status = play(run, WAY_NAIVE, 200);
    run->checksum += made.wrong;
    return status;
}

static tw_status run_peer(void *state, proof_run *run, tw_error *error) {
    (void)state;
    if (made.peer_status != TW_OK)
        return tw_error_set(error, made.peer_status, "there is no such program");
    return play(run, WAY_PEER, 40);
}

static const proof_job JOB = {
    .name = "made-up",
    .part = "nothing",
    .title = "Something against nothing",
    .unit = "unit",
    .story = "none",
    .claimed_min = 10,
    .claimed_max = 15,
    .check_units = 100,
    .axes = {{"size", {1, 2, 3}, 3, 0}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"ours", PROOF_OURS, "ours", run_ours, .has_latency = true},
             {"naive", PROOF_NAIVE, "naive", run_naive, .place_last = 2},
             {"peer", PROOF_PEER, "peer", run_peer, .units_most = 700}},
};

static proof_result measure(const proof_job *job, int64_t deadline_ns) {
    proof_plan plan = {.rounds = 5,
                       .growth_rounds = 3,
                       .run_ns = 100000,
                       .growth_run_ns = 20000,
                       .deadline_ns = deadline_ns,
                       .folder = "."};
    proof_result result;
    proof_measure(job, &plan, &result);
    return result;
}

static int make(void **state) {
    (void)state;
    memset(&made, 0, sizeof made);
    return 0;
}

static void what_is_measured_is_told(void **state) {
    (void)state;
    proof_result result = measure(&JOB, INT64_MAX);
    assert_int_equal(result.status, TW_OK);
    assert_true(result.ways[WAY_OURS].ns.median == 10 && result.ways[WAY_NAIVE].ns.median == 200);
    assert_true(result.speedup.median == 20 && result.speedup.low == 20);
    assert_true(result.ratio[WAY_PEER].median == 4);
    assert_int_equal(result.ways[WAY_OURS].units, 10000);
    assert_int_equal(result.ways[WAY_NAIVE].units, 500);
    assert_int_equal(result.ways[WAY_PEER].units, 700); /* no more than it can */
    assert_true(result.ways[WAY_OURS].quality == 3);
    assert_int_equal(result.ways[WAY_OURS].latency_ns[0], 10);
    assert_int_equal(result.ways[WAY_NAIVE].latency_ns[3], 0); /* it has none */
    assert_true(result.verdict == PROOF_BEATEN || result.verdict == PROOF_NOISY);
    assert_int_equal(made.prepared, 3);
    assert_int_equal(made.disposed, 3);
    assert_int_not_equal(access(made.folder, F_OK), 0); /* it is removed */
}

/* A batch that is not full would be another piece of work. */
static void a_job_is_alone_with_one_thread(void **state) {
    (void)state;
    proof_job job = {.name = "job"};
    proof_point one = {.at = {8, 1}};
    proof_point two = {.at = {1, 2}};
    assert_true(proof_is_alone(&job, &two));
    job.many_threads = true;
    assert_false(proof_is_alone(&job, &one)); /* nobody knows */
    job.threads_of = 2;
    assert_true(proof_is_alone(&job, &one));
    assert_false(proof_is_alone(&job, &two));
}

static void units_are_whole_multiples_where_a_way_asks_for_it(void **state) {
    (void)state;
    proof_job job = JOB;
    job.axes[0] = (proof_axis){"size", {1, 300, 3000}, 3, 1};
    job.ways[WAY_OURS].whole_of = 1;
    job.ways[WAY_OURS].units_most = 3100;
    job.ways[WAY_NAIVE].place_last = 0;
    proof_result result = measure(&job, INT64_MAX);
    assert_int_equal(result.status, TW_OK);
    assert_int_equal(result.ways[WAY_OURS].units, 300); /* 33 would take long enough */
    assert_int_equal(result.ways[WAY_NAIVE].units, 2);
    uint64_t most = 0;
    for (int i = 0; i < made.runs; i++) {
        bool whole = made.units[i] % made.places[i] == 0 || made.units[i] == job.check_units;
        assert_true(made.order[i] != WAY_OURS || whole);
        most = made.order[i] == WAY_OURS && made.units[i] > most ? made.units[i] : most;
    }
    assert_int_equal(most, 3000); /* the 3,100 that it could do are no multiple */
}

/* The last 15 repetitions before the growth are the rounds. */
static void ways_take_turns_and_each_round_begins_with_another(void **state) {
    (void)state;
    proof_job job = JOB;
    job.axes[0].count = 1;
    (void)measure(&job, INT64_MAX);
    const int *rounds = made.order + made.runs - 15;
    for (int round = 0; round < 5; round++) {
        for (int turn = 0; turn < 3; turn++)
            assert_int_equal(rounds[3 * round + turn], (turn + round) % 3);
    }
    for (int i = made.runs - 15; i < made.runs; i++) /* invariant 2 */
        assert_int_equal(made.units[i], made.order[i] == WAY_OURS    ? 10000
                                        : made.order[i] == WAY_NAIVE ? 500
                                                                     : 700);
}

static void growth_is_measured_where_a_way_can_go(void **state) {
    (void)state;
    proof_result result = measure(&JOB, INT64_MAX);
    for (uint32_t place = 0; place < 3; place++) {
        assert_true(result.ways[WAY_OURS].growth[0][place].median == 10.0 * (place + 1));
        assert_true((result.ways[WAY_NAIVE].growth[0][place].count > 0) == (place < 2));
    }
    made = (made_up){0};
    result = measure(&JOB, 0); /* the time is over before it begins */
    assert_true(result.ways[WAY_OURS].growth[0][0].median == 10);
    assert_int_equal(result.ways[WAY_OURS].growth[0][1].count, 0);
    assert_int_equal(result.status, TW_OK);
}

static void who_computes_something_else_is_not_measured(void **state) {
    (void)state;
    made.wrong = 1e-9;
    proof_result result = measure(&JOB, INT64_MAX);
    assert_int_equal(result.verdict, PROOF_FAILED);
    assert_non_null(strstr(result.error.message, "\"naive\" computes 100.000000001"));
    assert_int_equal(made.prepared, made.disposed);
    proof_job job = JOB;
    job.tolerance = 1e-9;
    assert_int_equal(measure(&job, INT64_MAX).status, TW_OK);
    job = JOB;
    job.ways[WAY_NAIVE].incomparable = true;
    assert_int_equal(measure(&job, INT64_MAX).status, TW_OK);
}

static void who_is_not_installed_is_left_out(void **state) {
    (void)state;
    made.peer_status = TW_NOT_FOUND;
    proof_result result = measure(&JOB, INT64_MAX);
    assert_int_equal(result.status, TW_OK);
    assert_false(result.ways[WAY_PEER].measured);
    assert_string_equal(result.ways[WAY_PEER].reason, "there is no such program");
    assert_int_equal(result.ways[WAY_PEER].growth[0][1].count, 0);
    assert_true(result.speedup.median == 20);
    made.peer_status = TW_IO;
    result = measure(&JOB, INT64_MAX);
    assert_int_equal(result.verdict, PROOF_FAILED);
    assert_int_equal(result.status, TW_IO);
}

static void what_cannot_be_prepared_fails(void **state) {
    (void)state;
    made.prepare_status = TW_NO_SPACE;
    proof_result result = measure(&JOB, INT64_MAX);
    assert_int_equal(result.status, TW_NO_SPACE);
    assert_string_equal(result.error.message, "no inputs today");
    assert_int_equal(made.disposed, 1);
    assert_int_not_equal(access(made.folder, F_OK), 0);
}

/* ---- in a process of its own ----------------------------------------------------------------- */

static tw_status crash(void *state, proof_run *run, tw_error *error) {
    (void)state, (void)run, (void)error;
    raise(SIGKILL);
    return TW_OK;
}

static tw_status hang(void *state, proof_run *run, tw_error *error) {
    (void)state, (void)run, (void)error;
    for (;;)
        pause();
    return TW_OK;
}

static bool yes(void) {
    return true;
}

static void a_process_of_its_own_can_do_no_harm(void **state) {
    (void)state;
    proof_plan plan = {.rounds = 3, .run_ns = 1000, .folder = "."};
    proof_result result;
    proof_measure_apart(&JOB, &plan, TW_NS_PER_MINUTE, &result);
    assert_int_equal(result.status, TW_OK);
    assert_true(result.speedup.median == 20 && result.rounds == 3);
    assert_int_equal(made.runs, 0); /* nothing happened here */
    proof_job job = JOB;
    job.ways[WAY_OURS].run = crash;
    proof_measure_apart(&job, &plan, TW_NS_PER_MINUTE, &result);
    assert_int_equal(result.verdict, PROOF_FAILED);
    assert_string_equal(result.error.message, "made-up: its process was ended by signal 9");
    job.ways[WAY_OURS].run = hang;
    proof_measure_apart(&job, &plan, 50 * TW_NS_PER_MS, &result);
    assert_int_equal(result.status, TW_TIMEOUT);
    plan.cancelled = yes;
    proof_measure_apart(&job, &plan, 50 * TW_NS_PER_MS, &result);
    assert_int_equal(result.status, TW_CANCELLED);
}

/* ---- peers ----------------------------------------------------------------------------------- */

/* A peer of the shell that answers each question with `answer`. */
static tw_status ask_shell(const char *answer, proof_run *run, tw_error *error) {
    char script[256];
    const char *const arguments[] = {"sh", "-c", script, NULL};
    proof_peer *peer = NULL;
    snprintf(script, sizeof script, "while read -r word count; do echo \"%s\"; done", answer);
    tw_status status = proof_peer_start(arguments, &peer, error);
    for (int i = 0; i < 3 && status == TW_OK; i++)
        status = proof_peer_run(peer, run, error);
    proof_peer_stop(peer);
    return status;
}

static void a_peer_answers_or_says_why_not(void **state) {
    (void)state;
    static const struct {
        const char *answer;
        tw_status status;
        const char *message;
    } rows[] = {{"missing numpy 2", TW_NOT_FOUND, "numpy 2"},
                {"failed it is Monday", TW_REMOTE, "it is Monday"},
                {"missing", TW_NOT_FOUND, ""},
                {"done 1", TW_PROTOCOL, "it says \"done 1\""},
                {"done -1 2 3", TW_PROTOCOL, "it says \"done -1 2 3\""},
                {"", TW_PROTOCOL, "it says \"\""}};
    proof_run run = {.units = 40};
    tw_error error = {0};
    assert_int_equal(ask_shell("done $((count * 2)) $count.5 7", &run, &error), TW_OK);
    assert_true(run.elapsed_ns == 80 && run.checksum == 40.5 && run.quality == 7);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ask_shell(rows[i].answer, &run, &error), rows[i].status);
        assert_string_equal(error.message, rows[i].message);
    }
}

static void a_peer_that_ends_or_was_never_there_is_told(void **state) {
    (void)state;
    static const char *const ends[] = {"sh", "-c", "read -r line", NULL};
    static const char *const nobody[] = {"no-such-program-of-tradewind", NULL};
    static const char *const *const both[] = {ends, nobody};
    for (size_t i = 0; i < 2; i++) {
        proof_run run = {.units = 1};
        proof_peer *peer = NULL;
        tw_error error = {0};
        assert_int_equal(proof_peer_start(both[i], &peer, &error), TW_OK);
        assert_int_equal(proof_peer_run(peer, &run, &error), TW_CLOSED);
        proof_peer_stop(peer);
    }
    proof_peer_stop(NULL);
}

/* What lies in the current folder is no module of Python's. */
static void a_script_is_not_given_what_lies_about(void **state) {
    (void)state;
    static const char script[] = "import sys\n"
                                 "try:\n"
                                 "    import tradewind_lies_about\n"
                                 "    print('failed', 'it was taken', flush=True)\n"
                                 "except ImportError:\n"
                                 "    for line in sys.stdin:\n"
                                 "        print('done 1 2 3', flush=True)\n";
    const char *const arguments[] = {NULL};
    proof_peer *peer = NULL;
    tw_error error = {0};
    FILE *file = fopen("tradewind_lies_about.py", "w");
    assert_non_null(file);
    fclose(file);
    tw_status status = proof_peer_python(script, arguments, &peer, &error);
    proof_peer_stop(peer);
    unlink("tradewind_lies_about.py");
    if (status == TW_NOT_FOUND)
        skip(); /* no Python here */
    assert_int_equal(status, TW_OK);
}

static void a_folder_is_made_within_and_removed_with_all_that_is_in_it(void **state) {
    (void)state;
    char path[PROOF_FOLDER_SIZE];
    char file[PROOF_FOLDER_SIZE + 8];
    tw_error error = {0};
    assert_int_equal(proof_folder_make(".", path, &error), TW_OK);
    snprintf(file, sizeof file, "%s/file", path);
    fclose(fopen(file, "w"));
    snprintf(file, sizeof file, "%s/.", path); /* what no system removes by this name */
    assert_int_not_equal(proof_folder_remove(file, &error), TW_OK);
    assert_non_null(strstr(error.message, "/. was left and has to be removed by hand"));
    assert_int_equal(proof_folder_remove(path, &error), TW_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(proof_folder_make("./no such folder", path, &error), TW_NOT_FOUND);
    assert_non_null(strstr(error.message, "no such folder: no folder can be made there"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_is_the_median_and_its_reach),
        cmocka_unit_test(a_ratio_is_of_one_round),
        cmocka_unit_test(units_fit_the_time),
        cmocka_unit_test(the_same_is_the_same_within_its_tolerance),
        cmocka_unit_test(a_claim_is_beaten_reached_or_missed),
        cmocka_unit_test(noise_is_how_far_the_upper_quartile_lies_above_the_fastest),
        cmocka_unit_test(noise_is_also_what_was_waited_for_a_processor),
        cmocka_unit_test(waiting_for_a_processor_is_added_up),
        cmocka_unit_test_setup(what_is_measured_is_told, make),
        cmocka_unit_test(a_job_is_alone_with_one_thread),
        cmocka_unit_test_setup(units_are_whole_multiples_where_a_way_asks_for_it, make),
        cmocka_unit_test_setup(ways_take_turns_and_each_round_begins_with_another, make),
        cmocka_unit_test_setup(growth_is_measured_where_a_way_can_go, make),
        cmocka_unit_test_setup(who_computes_something_else_is_not_measured, make),
        cmocka_unit_test_setup(who_is_not_installed_is_left_out, make),
        cmocka_unit_test_setup(what_cannot_be_prepared_fails, make),
        cmocka_unit_test_setup(a_process_of_its_own_can_do_no_harm, make),
        cmocka_unit_test(a_peer_answers_or_says_why_not),
        cmocka_unit_test(a_peer_that_ends_or_was_never_there_is_told),
        cmocka_unit_test(a_script_is_not_given_what_lies_about),
        cmocka_unit_test(a_folder_is_made_within_and_removed_with_all_that_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
