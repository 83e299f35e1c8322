/*
 * test_bench_plot.c - the report of the benchmark suite: its scales and ticks, its words, and that
 * a page comes of whatever was measured, down to nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench_charts.h"
#include "bench_page.h"
#include "bench_plot.h"
#include "figures.h"
#include "tradewind/random.h"

const char bench_page_style[] = "body { margin: 0; }\n";
const size_t bench_page_style_size = sizeof bench_page_style - 1;

/* ---- scales ---------------------------------------------------------------------------------- */

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static void a_decade_is_the_same_length_everywhere(void **state) {
    (void)state;
    plot_scale scale = {.low = 1, .high = 1000, .from = 10, .to = 70};
    assert_true(near(plot_at(&scale, 1), 10) && near(plot_at(&scale, 10), 30));
    assert_true(near(plot_at(&scale, 100), 50) && near(plot_at(&scale, 1000), 70));
    plot_scale down = {.low = 1, .high = 100, .from = 200, .to = 0};
    assert_true(near(plot_at(&down, 10), 100));
}

static void what_is_beyond_a_scale_is_at_its_end(void **state) {
    (void)state;
    plot_scale scale = {.low = 1, .high = 1000, .from = 0, .to = 100};
    assert_true(plot_at(&scale, 0) == 0 && plot_at(&scale, -5) == 0);
    assert_true(plot_at(&scale, 1e9) == 100 && plot_at(&scale, INFINITY) == 100);
    assert_true(plot_at(&scale, (double)NAN) == 0);
}

static void every_pair_of_values_has_a_scale(void **state) {
    (void)state;
    const double odd[] = {0, -1, (double)NAN, INFINITY, -INFINITY, 1e-300, 1, 42, 42.0001, 1e300};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++) {
            plot_scale scale = plot_scale_over(odd[i], odd[k], 0, 100);
            assert_true(isfinite(scale.low) && isfinite(scale.high));
            assert_true(scale.low > 0 && scale.high >= scale.low * 1.2);
            if (odd[k] < 1e30 && odd[k] >= odd[i] && odd[i] > 1e-30)
                assert_true(scale.low <= odd[i] && scale.high >= odd[k]);
        }
    }
}

static void check_ticks(double low, double high, size_t most, const double *wanted, size_t count) {
    double ticks[PLOT_TICKS_MAX];
    plot_scale scale = {.low = low, .high = high, .from = 0, .to = 100};
    assert_int_equal(plot_ticks(&scale, most, ticks), count);
    for (size_t i = 0; i < count; i++)
        assert_true(near(ticks[i], wanted[i]));
}

static void ticks_are_the_finest_that_have_room(void **state) {
    (void)state;
    check_ticks(40, 600, 6, (double[]){50, 100, 200, 500}, 4);
    check_ticks(0.9, 20000, 6, (double[]){1, 10, 100, 1000, 10000}, 5);
    check_ticks(1, 1e9, 6, (double[]){1, 100, 1e4, 1e6, 1e8}, 5);
    check_ticks(41, 59, 6, (double[]){45, 50, 55}, 3); /* less than a step of 1, 2, 5 */
    check_ticks(0.07, 0.6, 6, (double[]){0.1, 0.2, 0.5}, 3);
}

static void ticks_are_few_ascending_apart_and_on_the_scale(void **state) {
    (void)state;
    tw_random random;
    tw_random_init(&random, 7, 1);
    for (int i = 0; i < 20000; i++) {
        double ticks[PLOT_TICKS_MAX];
        double low = pow(10, (double)(tw_random_next(&random) % 2400) / 100 - 12);
        double high = low * pow(10, (double)(tw_random_next(&random) % 1600) / 100);
        size_t most = 2 + (size_t)(tw_random_next(&random) % (PLOT_TICKS_MAX - 1));
        plot_scale scale = plot_scale_over(low, high, 300, 20);
        size_t count = plot_ticks(&scale, most, ticks);
        assert_true(count >= 2 && count <= most);
        for (size_t k = 0; k < count; k++) {
            assert_true(ticks[k] >= scale.low * 0.999999 && ticks[k] <= scale.high * 1.000001);
            if (k > 0)
                assert_true(plot_at(&scale, ticks[k - 1]) - plot_at(&scale, ticks[k]) >=
                            0.5 * 280 / (double)most);
        }
    }
}

static void names_move_apart_within_their_room(void **state) {
    (void)state;
    double apart[] = {10, 50, 90};
    plot_spread(apart, 3, 15, 0, 100);
    assert_true(apart[0] == 10 && apart[1] == 50 && apart[2] == 90);
    double same[] = {50, 50, 50};
    plot_spread(same, 3, 15, 0, 100);
    assert_true(same[0] == 50 && same[1] == 65 && same[2] == 80);
    double bottom[] = {95, 98, 99};
    plot_spread(bottom, 3, 15, 0, 100);
    assert_true(bottom[0] == 70 && bottom[1] == 85 && bottom[2] == 100);
    double one[] = {120};
    plot_spread(one, 1, 15, 0, 100);
    assert_true(one[0] == 100);
    plot_spread(NULL, 0, 15, 0, 100);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void round_values_have_few_signs(void **state) {
    (void)state;
    char word[PLOT_WORD_SIZE];
    assert_string_equal(plot_span(200, word), "200 ns");
    assert_string_equal(plot_span(1000, word), "1 us");
    assert_string_equal(plot_span(1500, word), "1.5 us");
    assert_string_equal(plot_span(2e9, word), "2 s");
    assert_string_equal(plot_span(5e12, word), "5000 s");
    assert_string_equal(plot_count(300, word), "300");
    assert_string_equal(plot_count(10000, word), "10k");
    assert_string_equal(plot_count(2000000, word), "2M");
    assert_string_equal(plot_times(0.5, word), "0.5x");
    assert_string_equal(plot_times(1000, word), "1000x");
    assert_string_equal(plot_times(20000, word), "20kx");
}

static void a_rate_is_what_goes_into_a_second(void **state) {
    (void)state;
    char word[BENCH_CELL_SIZE];
    assert_string_equal(bench_rate(42, word), "23.8M");
    assert_string_equal(bench_rate(505000, word), "1.98k");
    assert_string_equal(bench_rate(1e9, word), "1.00");
    assert_string_equal(bench_rate(0.25, word), "4.00G");
}

/* Runs `write` into memory; the caller frees it. */
static char *written(void (*write)(FILE *)) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    write(stream);
    fclose(stream);
    return text;
}

static void put_odd_words(FILE *stream) {
    plot_words(stream, "<b a=\"1\">&amp;</b>\n\x1b[31m \xff caf\xc3\xa9");
}

static void words_cannot_become_marks(void **state) {
    (void)state;
    char *text = written(put_odd_words);
    assert_string_equal(text, "&lt;b a=&quot;1&quot;&gt;&amp;amp;&lt;/b&gt;\\x0a\\x1b[31m \\xff "
                              "caf\xc3\xa9");
    free(text);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static const proof_job job = {.name = "one-job",
                              .part = "Part",
                              .title = "A <title> & more",
                              .unit = "row",
                              .story = "It is told.",
                              .limit = "reading",
                              .exception = "the disk is quick",
                              .claimed_min = 10,
                              .claimed_max = 50,
                              .axes = {{"rows", {1, 10, 100}, 3, 1}, {"threads", {1}, 1, 0}},
                              .ways = {{.name = "naive", .role = PROOF_NAIVE, .what = "slowly"},
                                       {.name = "tradewind", .role = PROOF_OURS, .what = "quickly"},
                                       {.name = "NumPy", .role = PROOF_PEER, .what = "in a call"},
                                       {.name = "touch", .role = PROOF_LIMIT}}};

static proof_result result;

static void measured(uint32_t way, double ns) {
    proof_way_result *of = &result.ways[way];
    of->measured = true;
    of->units = 1;
    for (uint32_t round = 0; round < result.rounds; round++)
        of->samples[round] = ns * (1 + 0.1 * round);
    of->ns = figure_of(of->samples, result.rounds);
    of->growth[0][1] = of->ns;
    result.ratio[way] = figure_of_ratio(of->samples, result.ways[1].samples, result.rounds);
}

/* All that a result may have, of `rounds` repetitions. */
static void make_result(uint32_t rounds, double naive_ns) {
    result = (proof_result){.verdict = PROOF_REACHED, .rounds = rounds, .noise = 0.01};
    measured(1, 10);
    measured(0, naive_ns);
    measured(2, 70);
    measured(3, 4);
    result.speedup = result.ratio[0];
    result.verdict = figure_verdict(&result.speedup, job.claimed_min, job.claimed_max);
}

static void put_page(FILE *stream) {
    const proof_job *const jobs[] = {&job};
    bench_results results = {.jobs = jobs, .results = &result, .count = 1};
    bench_write_page(&results, stream);
}

static size_t count_of(const char *text, const char *piece) {
    size_t count = 0;
    while ((text = strstr(text, piece)) != NULL) {
        text++;
        count++;
    }
    return count;
}

/* The page that comes of `result`: every element is closed, and every number is one. */
static char *page(void) {
    static const char *const elements[] = {"svg", "section", "figure", "table", "tr", "text",
                                           "ul",  "div",     "title",  "use",   "p"};
    char *text = written(put_page);
    assert_non_null(strstr(text, "</html>"));
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        char begin[2][16];
        char end[16];
        snprintf(begin[0], sizeof begin[0], "<%s>", elements[i]);
        snprintf(begin[1], sizeof begin[1], "<%s ", elements[i]);
        snprintf(end, sizeof end, "</%s>", elements[i]);
        size_t closed = count_of(text, end);
        if (strcmp(elements[i], "use") != 0) /* those of keys close themselves */
            assert_int_equal(count_of(text, begin[0]) + count_of(text, begin[1]), closed);
    }
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_null(strstr(text, "://"));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "A <title>"));
    return text;
}

static void has(const char *text, const char *piece) {
    if (strstr(text, piece) == NULL)
        fail_msg("the page does not say: %s", piece);
}

static void lacks(const char *text, const char *piece) {
    if (strstr(text, piece) != NULL)
        fail_msg("the page says: %s", piece);
}

static void a_page_tells_all_that_was_measured(void **state) {
    (void)state;
    make_result(7, 300);
    for (uint32_t way = 0; way < 4; way++)
        result.ways[way].growth[0][0] = result.ways[way].growth[0][2] = result.ways[way].ns;
    memcpy(result.ways[1].latency_ns, (int64_t[]){10, 20, 30, 400},
           sizeof result.ways[1].latency_ns);
    char *text = page();
    has(text, "A &lt;title&gt; &amp; more");
    has(text, "The naive way takes 30.0x as long as ours, from 30.0x to 30.0x in a round. "
              "That meets what the guide claims, 10-50x.");
    has(text,
        "<b>What limits it:</b> reading. That alone takes 5.20 ns here, and ours takes 2.50x");
    has(text, "id=\"samples-one-job-title\"");
    has(text, "id=\"growth-0-one-job-title\"");
    has(text, "id=\"latency-one-job-title\"");
    has(text, "tradewind bench --only one-job");
    has(text, "<b>1</b> reach it");
    has(text, "NumPy takes 7.00x as long as ours");
    lacks(text, "id=\"growth-1-one-job-title\""); /* an axis with one place does not grow */
    lacks(text, "Why not more");
    assert_int_equal(count_of(text, "<use class=\"naive\" href=\"#sign-naive\""),
                     7 + 3 + 2); /* repetitions, places, keys of legend and table */
    free(text);
}

static void what_was_not_measured_is_said(void **state) {
    (void)state;
    make_result(7, 300);
    result.ways[2] = (proof_way_result){.reason = "No module named <numpy>"};
    char *text = page();
    has(text, "<b>Without NumPy:</b> No module named &lt;numpy&gt;");
    has(text, "There was no time to measure how it grows with rows.");
    lacks(text, "id=\"latency-one-job-title\"");
    lacks(text, "NumPy takes");
    free(text);
}

static void one_repetition_is_enough_for_a_page(void **state) {
    (void)state;
    make_result(1, 300);
    free(page());
    make_result(1, 10); /* all of the scale is one value */
    free(page());
}

static void a_curve_may_be_flat(void **state) {
    (void)state;
    make_result(3, 10);
    for (uint32_t way = 0; way < 4; way++) {
        for (uint32_t place = 0; place < 3; place++)
            result.ways[way].growth[0][place] = (proof_figure){10, 10, 10, 3};
    }
    char *text = page();
    has(text, "id=\"growth-0-one-job-title\"");
    free(text);
}

static void a_job_that_missed_says_why(void **state) {
    (void)state;
    make_result(7, 30);
    char *text = page();
    has(text, "All of that lies below what the guide claims, 10-50x.");
    has(text, "<b>Why not more:</b> the disk is quick");
    has(text, "<b>1</b> stay below it");
    free(text);
}

static void of_a_claim_that_only_the_best_rounds_meet_it_is_said(void **state) {
    (void)state;
    make_result(7, 90);
    result.speedup.high = 11;
    result.verdict = figure_verdict(&result.speedup, job.claimed_min, job.claimed_max);
    char *text = page();
    has(text, "Only the best rounds meet what the guide claims, 10-50x.");
    has(text, "<b>Why not more:</b> the disk is quick");
    free(text);
}

static void where_not_speed_counts_it_is_said_beside_the_speed(void **state) {
    (void)state;
    char words[BENCH_LINE_SIZE];
    proof_job plan = job;
    make_result(3, 5);
    assert_string_equal(bench_quality(&plan, &result, words), "");
    plan.quality = "trades a plan";
    result.ways[0].quality = 99;
    result.ways[1].quality = 13;
    assert_string_equal(bench_quality(&plan, &result, words),
                        "trades a plan: 13 against 99 of the naive way, and less is better.");
    result.verdict = PROOF_FAILED;
    assert_string_equal(bench_quality(&plan, &result, words), "");
}

static void a_job_that_failed_has_its_error_and_no_figure(void **state) {
    (void)state;
    result = (proof_result){.status = TW_IO, .verdict = PROOF_FAILED};
    snprintf(result.error.message, sizeof result.error.message, "the disk & all <is> full");
    char *text = page();
    has(text, "the disk &amp; all &lt;is&gt; full");
    has(text, "<b>1</b> failed");
    lacks(text, "id=\"samples-one-job-title\"");
    free(text);
}

static void of_a_noisy_machine_nothing_is_concluded(void **state) {
    (void)state;
    make_result(7, 300);
    result.verdict = PROOF_NOISY;
    result.noise = 0.42;
    char *text = page();
    has(text, "so that of 1 job nothing is concluded");
    has(text, "a noise of up to 42%, during one-job");
    has(text, "Nothing is concluded: the machine was busy");
    lacks(text, "That meets what the guide claims");
    free(text);
}

static void a_job_without_a_naive_way_has_no_speed_up(void **state) {
    (void)state;
    make_result(7, 300);
    result.ways[0] = (proof_way_result){0};
    result.speedup = (proof_figure){0};
    result.verdict = PROOF_UNCLAIMED;
    char *text = page();
    has(text, "There is no naive way to put beside ours.");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decade_is_the_same_length_everywhere),
        cmocka_unit_test(what_is_beyond_a_scale_is_at_its_end),
        cmocka_unit_test(every_pair_of_values_has_a_scale),
        cmocka_unit_test(ticks_are_the_finest_that_have_room),
        cmocka_unit_test(ticks_are_few_ascending_apart_and_on_the_scale),
        cmocka_unit_test(names_move_apart_within_their_room),
        cmocka_unit_test(round_values_have_few_signs),
        cmocka_unit_test(a_rate_is_what_goes_into_a_second),
        cmocka_unit_test(words_cannot_become_marks),
        cmocka_unit_test(a_page_tells_all_that_was_measured),
        cmocka_unit_test(what_was_not_measured_is_said),
        cmocka_unit_test(one_repetition_is_enough_for_a_page),
        cmocka_unit_test(a_curve_may_be_flat),
        cmocka_unit_test(a_job_that_missed_says_why),
        cmocka_unit_test(of_a_claim_that_only_the_best_rounds_meet_it_is_said),
        cmocka_unit_test(where_not_speed_counts_it_is_said_beside_the_speed),
        cmocka_unit_test(a_job_that_failed_has_its_error_and_no_figure),
        cmocka_unit_test(of_a_noisy_machine_nothing_is_concluded),
        cmocka_unit_test(a_job_without_a_naive_way_has_no_speed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
