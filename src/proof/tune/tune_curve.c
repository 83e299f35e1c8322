/* tune_curve.c - see tune_curve.h. */
#include "tune_curve.h"

#include "figures.h"
#include "noise.h"
#include "tradewind/time.h"

/* ---- choosing -------------------------------------------------------------------------------- */

static double greatest(const double *figures, uint32_t count) {
    TW_ASSERT(count >= 1 && count <= TUNE_PLACES_MAX);
    double best = figures[0];
    for (uint32_t i = 1; i < count; i++)
        best = figures[i] > best ? figures[i] : best;
    return best;
}

static uint32_t first_at_least(const double *figures, uint32_t count, double least) {
    uint32_t i = 0;
    while (i + 1 < count && figures[i] < least)
        i++;
    return i;
}

uint32_t tune_choose_share(const double *figures, uint32_t count, double share) {
    return first_at_least(figures, count, greatest(figures, count) * (1 - share));
}

uint32_t tune_choose_distance(const double *figures, uint32_t count, double distance) {
    return first_at_least(figures, count, greatest(figures, count) - distance);
}

uint32_t tune_choose_below(const double *figures, uint32_t count, double most) {
    uint32_t least = 0;
    TW_ASSERT(count >= 1 && count <= TUNE_PLACES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (figures[i] <= most)
            return i;
        least = figures[i] < figures[least] ? i : least;
    }
    return least;
}

void tune_medians(const tune_curve *curve, double ret_medians[TUNE_PLACES_MAX]) {
    for (uint32_t i = 0; i < curve->count; i++)
        ret_medians[i] = curve->figures[i].median;
}

void tune_conclude(tune_curve *curve, double noise_limit) {
    double medians[TUNE_PLACES_MAX];
    if (curve->figures[0].count < TUNE_ROUNDS_MIN) {
        curve->verdict = TUNE_LATE;
        return;
    }
    tune_medians(curve, medians);
    curve->chosen = tune_choose_share(medians, curve->count, TUNE_NEAR);
    curve->verdict = curve->noise > noise_limit ? TUNE_NOISY : TUNE_CHOSEN;
}

/* ---- measuring ------------------------------------------------------------------------------- */

typedef struct tune_samples {
    double of[TUNE_PLACES_MAX][PROOF_ROUNDS_MAX];
    uint32_t rounds; /* that are whole */
    noise_probes noise;
    int64_t deadline_ns;
} tune_samples;

/* Sets *ret_whole when all values had their turn in time. */
static tw_status measure_round(const tune_way *way, const tune_plan *plan, const tune_curve *curve,
                               tune_samples *samples, bool *ret_whole, tw_error *error) {
    for (uint32_t i = 0; i < curve->count; i++) {
        if (plan->cancelled != NULL && plan->cancelled())
            return tw_error_set(error, TW_INTERRUPTED, "interrupted");
        *ret_whole = false;
        if (tw_time_monotonic_ns() >= samples->deadline_ns)
            return TW_OK;
        noise_probe(&samples->noise);
        if (way->alone)
            noise_enter(&samples->noise);
        tw_status status =
            way->run(way->state, curve->values[i], &samples->of[i][samples->rounds], error);
        if (way->alone)
            noise_leave(&samples->noise);
        if (status != TW_OK)
            return status;
    }
    *ret_whole = true;
    return TW_OK;
}

tw_status tune_measure(const tune_way *way, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *curve, tw_error *error) {
    tune_samples samples = {.deadline_ns = tw_time_monotonic_ns() + budget_ns};
    tw_status status = TW_OK;
    bool whole = true;
    TW_ASSERT(curve->count >= 1 && curve->count <= TUNE_PLACES_MAX);
    TW_ASSERT(plan->rounds >= TUNE_ROUNDS_MIN && plan->rounds <= PROOF_ROUNDS_MAX);
    while (samples.rounds < plan->rounds && whole && status == TW_OK) {
        status = measure_round(way, plan, curve, &samples, &whole, error);
        samples.rounds += status == TW_OK && whole;
    }
    if (status != TW_OK)
        return status;
    for (uint32_t i = 0; i < curve->count; i++)
        curve->figures[i] =
            samples.rounds > 0 ? figure_of(samples.of[i], samples.rounds) : (proof_figure){0};
    curve->noise = noise_share(&samples.noise);
    tune_conclude(curve, plan->noise_limit);
    return TW_OK;
}
