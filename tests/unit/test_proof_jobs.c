/*
 * test_proof_jobs.c - every job of the benchmark suite is one that can be measured and told, and
 * its ways agree on a little piece of work. How fast they are is nobody's business here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proof_jobs.h"

static void jobs_have_names_of_their_own(void **state) {
    (void)state;
    for (size_t i = 0; i < proof_job_count; i++) {
        const proof_job *job = proof_jobs[i];
        assert_true(strspn(job->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(job->name));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(job->name, proof_jobs[k]->name);
    }
}

static void jobs_have_one_way_of_ours_and_are_told(void **state) {
    (void)state;
    for (size_t i = 0; i < proof_job_count; i++) {
        const proof_job *job = proof_jobs[i];
        const char *const words[] = {job->part, job->title, job->unit, job->story};
        int ours = 0;
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            assert_true(words[k] != NULL && words[k][0] != '\0');
        for (uint32_t way = 0; way < proof_way_count(job); way++) {
            ours += job->ways[way].role == PROOF_OURS;
            assert_non_null(job->ways[way].run);
            assert_non_null(job->ways[way].what);
        }
        assert_int_equal(ours, 1);
        assert_true(job->check_units > 0 && job->claimed_min <= job->claimed_max);
    }
}

static void axes_ascend_and_have_a_main_place(void **state) {
    (void)state;
    for (size_t i = 0; i < proof_job_count; i++) {
        for (int k = 0; k < PROOF_AXES_MAX; k++) {
            const proof_axis *axis = &proof_jobs[i]->axes[k];
            assert_true(axis->count <= PROOF_PLACES_MAX);
            assert_true(axis->count == 0 || (axis->name != NULL && axis->main < axis->count));
            for (uint32_t place = 1; place < axis->count; place++)
                assert_true(axis->values[place] > axis->values[place - 1]);
        }
    }
}

/* The least that the harness can do: each way once for the comparison, and three short rounds. */
static void all_ways_of_a_job_agree(void **state) {
    (void)state;
    const proof_plan plan = {.rounds = 3, .run_ns = 1, .folder = "."};
    for (size_t i = 0; i < proof_job_count; i++) {
        static proof_result result;
        proof_measure_apart(proof_jobs[i], &plan, INT64_C(100000000000), &result);
        if (result.status != TW_OK)
            fail_msg("%s: %s", proof_jobs[i]->name, result.error.message);
        assert_true(result.ways[proof_find(proof_jobs[i], PROOF_OURS)].measured);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_have_names_of_their_own),
        cmocka_unit_test(jobs_have_one_way_of_ours_and_are_told),
        cmocka_unit_test(axes_ascend_and_have_a_main_place),
        cmocka_unit_test(all_ways_of_a_job_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
