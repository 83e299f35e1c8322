/*
 * proof.c - measures a job: first whether all ways compute the same, then how fast each is.
 *
 *     prepare --> check every way --> units of each --> rounds --> growth along each axis
 *                   |                   a repetition takes about run_ns
 *                   +-- not installed: left out, and said
 *
 * Invariants
 *  1. Ways take turns within a round, and each round begins with another one: what comes after what
 *     is not always the same.
 *  2. The units of a way are the same in all rounds at a place.
 *  3. What the job prepared is disposed of, whatever failed; its folder is removed.
 */
#include "proof.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "noise.h"
#include "proof_folder.h"
#include "tradewind/alloc.h"
#include "tradewind/time.h"

enum { CALIBRATIONS_MAX = 40 };

typedef struct measuring {
    const proof_job *job;
    const proof_plan *plan;
    proof_result *result;
    proof_point point;
    char folder[PROOF_FOLDER_SIZE];
    void *state;
    noise_probes noise;
    tw_histogram latency[PROOF_WAYS_MAX];
} measuring;

uint32_t proof_way_count(const proof_job *job) {
    uint32_t count = 0;
    while (count < PROOF_WAYS_MAX && job->ways[count].name != NULL)
        count++;
    return count;
}

uint32_t proof_find(const proof_job *job, proof_role role) {
    uint32_t count = proof_way_count(job);
    for (uint32_t way = 0; way < count; way++) {
        if (job->ways[way].role == role)
            return way;
    }
    return PROOF_WAYS_MAX;
}

bool proof_is_alone(const proof_job *job, const proof_point *point) {
    if (!job->many_threads)
        return true;
    return job->threads_of > 0 && point->at[job->threads_of - 1] == 1;
}

const char *proof_verdict_name(proof_verdict verdict) {
    static const char *const names[] = {
        [PROOF_FAILED] = "failed", [PROOF_NOISY] = "noisy",     [PROOF_UNCLAIMED] = "no claim",
        [PROOF_BEATEN] = "beaten", [PROOF_REACHED] = "reached", [PROOF_MISSED] = "missed"};
    TW_ASSERT((size_t)verdict < sizeof names / sizeof names[0]);
    return names[verdict];
}

/* ---- one repetition -------------------------------------------------------------------------- */

static tw_status repeat(measuring *m, uint32_t way, uint64_t units, tw_histogram *latency,
                        proof_run *ret_run) {
    tw_error *error = &m->result->error;
    *ret_run = (proof_run){.units = units, .latency = latency};
    tw_status status = m->job->ways[way].run(m->state, ret_run, error);
    TW_ASSERT(status != TW_OK || ret_run->elapsed_ns >= 0);
    return status;
}

/* The next multiple of what the way's units are whole in; the last one within what it can do. */
static uint64_t make_whole(const measuring *m, uint32_t way, uint64_t units) {
    uint32_t axis = m->job->ways[way].whole_of;
    uint64_t most = m->job->ways[way].units_most;
    uint64_t step = axis > 0 ? m->point.at[axis - 1] : 1;
    TW_ASSERT(step > 0 && (most == 0 || most >= step));
    uint64_t whole = (units + step - 1) / step * step;
    return most > 0 && whole > most ? most - most % step : whole;
}

/* Doubles the units until a repetition is long enough to be told from nothing. */
static tw_status choose_units(measuring *m, uint32_t way, int64_t run_ns, uint64_t *ret_units) {
    uint64_t most = m->job->ways[way].units_most;
    uint64_t units = m->job->check_units;
    for (int i = 0; i < CALIBRATIONS_MAX; i++) {
        proof_run run;
        units = make_whole(m, way, units);
        tw_status status = repeat(m, way, units, NULL, &run);
        if (status != TW_OK)
            return status;
        bool is_most = most > 0 && units == make_whole(m, way, most);
        if (run.elapsed_ns >= run_ns / 8 || is_most || i == CALIBRATIONS_MAX - 1) {
            units = figure_units(units, run.elapsed_ns, run_ns, most);
            *ret_units = make_whole(m, way, units);
            return TW_OK;
        }
        units = run.elapsed_ns < run_ns / 64 ? units * 4 : units * 2;
    }
    return TW_OK;
}

static bool belongs(const measuring *m, uint32_t way, uint32_t axis, uint32_t place) {
    uint64_t last = m->job->ways[way].place_last;
    return m->result->ways[way].measured && (axis != 0 || last == 0 || place < last);
}

/* With an eye on whether it was alone. Threads of a job may wait for one another. */
static tw_status repeat_alone(measuring *m, uint32_t way, uint64_t units, tw_histogram *latency,
                              proof_run *ret_run) {
    noise_probe(&m->noise);
    if (!proof_is_alone(m->job, &m->point))
        return repeat(m, way, units, latency, ret_run);
    noise_enter(&m->noise);
    tw_status status = repeat(m, way, units, latency, ret_run);
    noise_leave(&m->noise);
    return status;
}

/* `rounds` repetitions of each way in turn, ns a unit into samples[way][round]. */
static tw_status play_rounds(measuring *m, uint32_t rounds, const uint64_t *units, bool main_place,
                             double samples[][PROOF_ROUNDS_MAX]) {
    uint32_t count = proof_way_count(m->job);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t turn = 0; turn < count; turn++) {
            uint32_t way = (turn + round) % count; /* invariant 1 */
            if (units[way] == 0)
                continue;
            proof_run run;
            bool wanted = main_place && m->job->ways[way].has_latency;
            tw_status status =
                repeat_alone(m, way, units[way], wanted ? &m->latency[way] : NULL, &run);
            if (status != TW_OK)
                return status;
            double elapsed_ns = (double)(run.elapsed_ns > 0 ? run.elapsed_ns : 1);
            samples[way][round] = elapsed_ns / (double)units[way];
            if (main_place)
                m->result->ways[way].quality = run.quality;
        }
    }
    return TW_OK;
}

/* ---- whether all compute the same ------------------------------------------------------------ */

static tw_status compare(measuring *m, uint32_t way, const proof_run *ours, const proof_run *run) {
    const proof_job *job = m->job;
    if (job->ways[way].incomparable || figure_same(ours->checksum, run->checksum, job->tolerance))
        return TW_OK;
    return tw_error_set(&m->result->error, TW_PROTOCOL,
                        "%s: \"%s\" computes %.17g where ours computes %.17g", job->name,
                        job->ways[way].name, run->checksum, ours->checksum);
}

static tw_status check_ways(measuring *m) {
    uint32_t count = proof_way_count(m->job);
    uint32_t ours = proof_find(m->job, PROOF_OURS);
    proof_run first;
    TW_ASSERT(ours < count);
    tw_status status = repeat(m, ours, m->job->check_units, NULL, &first);
    for (uint32_t way = 0; way < count && status == TW_OK; way++) {
        proof_run run;
        status = repeat(m, way, m->job->check_units, NULL, &run);
        m->result->ways[way].measured = status == TW_OK;
        if (status == TW_NOT_FOUND && way != ours) {
            snprintf(m->result->ways[way].reason, PROOF_REASON_SIZE, "%.*s", PROOF_REASON_SIZE - 1,
                     m->result->error.message);
            m->result->error = (tw_error){0};
            status = TW_OK;
        } else if (status == TW_OK)
            status = compare(m, way, &first, &run);
    }
    return status;
}

/* ---- places ---------------------------------------------------------------------------------- */

static tw_status prepare(measuring *m) {
    TW_ASSERT(m->state == NULL);
    return m->job->prepare(&m->point, &m->state, &m->result->error);
}

static void dispose(measuring *m) {
    m->job->dispose(m->state);
    m->state = NULL;
}

static tw_status measure_main(measuring *m) {
    uint32_t count = proof_way_count(m->job);
    uint64_t units[PROOF_WAYS_MAX] = {0};
    double samples[PROOF_WAYS_MAX][PROOF_ROUNDS_MAX];
    tw_status status = check_ways(m);
    for (uint32_t way = 0; way < count && status == TW_OK; way++) {
        if (m->result->ways[way].measured)
            status = choose_units(m, way, m->plan->run_ns, &units[way]);
    }
    if (status == TW_OK)
        status = play_rounds(m, m->plan->rounds, units, true, samples);
    if (status != TW_OK)
        return status;
    m->result->rounds = m->plan->rounds;
    for (uint32_t way = 0; way < count; way++) {
        proof_way_result *of = &m->result->ways[way];
        if (!of->measured)
            continue;
        of->units = units[way];
        memcpy(of->samples, samples[way], m->plan->rounds * sizeof of->samples[0]);
        of->ns = figure_of(of->samples, m->plan->rounds);
        for (uint32_t axis = 0; axis < PROOF_AXES_MAX; axis++)
            of->growth[axis][m->job->axes[axis].main] = of->ns;
    }
    return TW_OK;
}

static tw_status measure_place(measuring *m, uint32_t axis, uint32_t place) {
    uint32_t count = proof_way_count(m->job);
    uint64_t units[PROOF_WAYS_MAX] = {0};
    double samples[PROOF_WAYS_MAX][PROOF_ROUNDS_MAX];
    tw_status status = TW_OK;
    for (uint32_t way = 0; way < count && status == TW_OK; way++) {
        if (belongs(m, way, axis, place))
            status = choose_units(m, way, m->plan->growth_run_ns, &units[way]);
    }
    if (status == TW_OK)
        status = play_rounds(m, m->plan->growth_rounds, units, false, samples);
    for (uint32_t way = 0; way < count && status == TW_OK; way++) {
        if (units[way] > 0)
            m->result->ways[way].growth[axis][place] =
                figure_of(samples[way], m->plan->growth_rounds);
    }
    return status;
}

static void go_to(measuring *m, uint32_t axis, uint32_t place) {
    for (uint32_t i = 0; i < PROOF_AXES_MAX; i++) {
        const proof_axis *along = &m->job->axes[i];
        m->point.at[i] = along->count > 0 ? along->values[i == axis ? place : along->main] : 0;
    }
}

static tw_status measure_growth(measuring *m) {
    tw_status status = TW_OK;
    for (uint32_t axis = 0; axis < PROOF_AXES_MAX; axis++) {
        const proof_axis *along = &m->job->axes[axis];
        for (uint32_t place = 0; place < along->count && status == TW_OK; place++) {
            if (place == along->main || m->plan->growth_rounds == 0 ||
                tw_time_monotonic_ns() > m->plan->deadline_ns)
                continue;
            go_to(m, axis, place);
            status = prepare(m);
            if (status == TW_OK)
                status = measure_place(m, axis, place);
            dispose(m);
        }
    }
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The last of the processors that we may use: the first is often the one that serves the others. */
static void pin(const measuring *m, cpu_set_t *ret_before) {
    CPU_ZERO(ret_before);
    if (sched_getaffinity(0, sizeof *ret_before, ret_before) != 0 || !m->plan->pinned ||
        m->job->many_threads)
        return;
    size_t last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, ret_before))
        last--;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    (void)sched_setaffinity(0, sizeof one, &one); /* refused: it is measured where it runs */
}

static void conclude(measuring *m) {
    proof_result *result = m->result;
    uint32_t ours = proof_find(m->job, PROOF_OURS);
    uint32_t naive = proof_find(m->job, PROOF_NAIVE);
    static const double quantiles[] = {0.5, 0.99, 0.999, 1};
    for (uint32_t way = 0; way < proof_way_count(m->job); way++) {
        proof_way_result *of = &result->ways[way];
        if (!of->measured)
            continue;
        result->ratio[way] =
            figure_of_ratio(of->samples, result->ways[ours].samples, result->rounds);
        if (tw_histogram_count(&m->latency[way]) > 0)
            tw_histogram_quantiles(&m->latency[way], quantiles, 4, of->latency_ns);
    }
    result->noise = noise_share(&m->noise);
    result->verdict = PROOF_UNCLAIMED;
    if (naive < PROOF_WAYS_MAX && result->ways[naive].measured) {
        result->speedup = result->ratio[naive];
        result->verdict =
            figure_verdict(&result->speedup, m->job->claimed_min, m->job->claimed_max);
    }
    if (result->noise > NOISE_LIMIT)
        result->verdict = PROOF_NOISY;
}

static tw_status measure(measuring *m) {
    tw_status status = proof_folder_make(m->plan->folder, m->folder, &m->result->error);
    if (status != TW_OK)
        return status;
    m->point.folder = m->folder;
    go_to(m, 0, m->job->axes[0].main);
    status = prepare(m);
    if (status == TW_OK)
        status = measure_main(m);
    dispose(m);
    if (status == TW_OK)
        status = measure_growth(m);
    if (status == TW_OK)
        conclude(m);
    tw_error left = {0};
    tw_status removed = proof_folder_remove(m->folder, &left);
    if (status != TW_OK || removed == TW_OK)
        return status;
    m->result->error = left;
    return removed;
}

void proof_measure(const proof_job *job, const proof_plan *plan, proof_result *ret_result) {
    TW_ASSERT(plan->rounds >= 3 && plan->rounds <= PROOF_ROUNDS_MAX && job->check_units > 0);
    int64_t began_ns = tw_time_monotonic_ns();
    *ret_result = (proof_result){.verdict = PROOF_FAILED};
    const tw_allocator *allocator = tw_allocator_system();
    measuring *m = TW_NEW(allocator, 1, measuring);
    if (m == NULL) {
        ret_result->status = tw_error_set(&ret_result->error, TW_NO_MEMORY, "there is no memory");
        return;
    }
    m->job = job;
    m->plan = plan;
    m->result = ret_result;
    for (uint32_t way = 0; way < PROOF_WAYS_MAX; way++)
        tw_histogram_init(&m->latency[way]);
    cpu_set_t before;
    pin(m, &before);
    ret_result->status = measure(m);
    (void)sched_setaffinity(0, sizeof before, &before);
    if (ret_result->status != TW_OK)
        ret_result->verdict = PROOF_FAILED;
    TW_DELETE(allocator, m, 1, measuring);
    ret_result->elapsed_ns = tw_time_monotonic_ns() - began_ns;
}
