/*
 * tune_batches.c - trades into a store with so many rows a commit, and what a commit takes by that.
 *
 * Each repetition begins with a new store and ends when its time is over or there are no more
 * trades. The last commit is FULL, so what is counted is on the disk when the clock stops.
 */
#include "tradewind/time.h"
#include "tune_store.h"
#include "tune_ways.h"

static const double SIZES[] = {1, 10, 100, 1000, 10000, 50000, 100000, 250000};
static const double COST_ROWS_MAX = 10000; /* of a batch that tells what a commit takes */

typedef struct inserts {
    const tune_workload *workload;
    const char *folder;
    int64_t run_ns;
} inserts;

static tw_status put_all(const inserts *of, tw_store *store, uint64_t size, double *ret_rate,
                         tw_error *error) {
    const tune_workload *workload = of->workload;
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t elapsed_ns = 0;
    uint64_t done = 0;
    tw_status status = TW_OK;
    while (status == TW_OK && done < workload->count && elapsed_ns < of->run_ns) {
        uint64_t left = workload->count - done;
        uint64_t count = size < left ? size : left;
        status = tw_store_put_trades(store, workload->trades + done, count, error);
        done += count;
        elapsed_ns = tw_time_monotonic_ns() - began_ns;
        bool last = done == workload->count || elapsed_ns >= of->run_ns;
        if (status == TW_OK)
            status = tw_store_commit(store, last ? TW_STORE_FULL : TW_STORE_NORMAL, error);
    }
    elapsed_ns = tw_time_monotonic_ns() - began_ns;
    *ret_rate = (double)done * TW_NS_PER_SECOND / (double)(elapsed_ns > 0 ? elapsed_ns : 1);
    return status;
}

static tw_status run(void *state, double value, double *ret_figure, tw_error *error) {
    const inserts *of = state;
    char path[TUNE_STORE_PATH_SIZE];
    tw_store *store = NULL;
    tune_store_name(of->folder, path);
    tw_status status = tune_store_make(path, of->workload->symbols, (uint32_t)value, &store, error);
    if (status == TW_OK)
        status = put_all(of, store, (uint64_t)value, ret_figure, error);
    tw_store_free(store);
    return status;
}

tw_status tune_batches(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, tw_error *error) {
    inserts of = {workload, plan->folder, plan->run_ns};
    const tune_way way = {&of, true, run};
    *ret_curve = (tune_curve){0};
    /* Beyond all of them in one commit nothing would be another. */
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        ret_curve->values[ret_curve->count++] = SIZES[i];
        if (SIZES[i] >= (double)workload->count)
            break;
    }
    tw_status status = tune_measure(&way, plan, budget_ns, ret_curve, error);
    if (ret_curve->verdict == TUNE_CHOSEN && ret_curve->chosen + 1 == ret_curve->count &&
        ret_curve->count < sizeof SIZES / sizeof SIZES[0])
        ret_curve->verdict = TUNE_SMALL;
    return status;
}

/* ---- commits --------------------------------------------------------------------------------- */

/* Least squares of (each x + row y - 1) with x = 1/T and y = rows/T of a batch that takes T. */
tune_commit_cost tune_commit_cost_of(const tune_curve *batches) {
    double xx = 0, xy = 0, yy = 0, x = 0, y = 0;
    for (uint32_t i = 0; i < batches->count && batches->values[i] <= COST_ROWS_MAX; i++) {
        double row_rate = batches->figures[i].median / TW_NS_PER_SECOND;
        double batch_rate = row_rate / batches->values[i];
        xx += batch_rate * batch_rate;
        xy += batch_rate * row_rate;
        yy += row_rate * row_rate;
        x += batch_rate;
        y += row_rate;
    }
    double determinant = xx * yy - xy * xy;
    tune_commit_cost cost = {0};
    if (determinant > 0) {
        cost.each_ns = (x * yy - y * xy) / determinant;
        cost.row_ns = (y * xx - x * xy) / determinant;
    }
    if (cost.each_ns < 0 || (determinant <= 0 && yy > 0))
        cost = (tune_commit_cost){0, y / yy};
    else if (cost.row_ns < 0)
        cost = (tune_commit_cost){x / xx, 0};
    return cost;
}

/* A commit comes when its first row has waited; meanwhile those that follow have come. */
void tune_delays(const tune_curve *batches, double rate, tune_curve *ret_curve) {
    static const double delays_ms[] = {1, 2, 5, 10, 20, 50, 100, 250, 500, 1000};
    tune_commit_cost cost = tune_commit_cost_of(batches);
    double shares[TUNE_PLACES_MAX];
    *ret_curve =
        (tune_curve){.count = sizeof delays_ms / sizeof delays_ms[0],
                     .verdict = batches->verdict == TUNE_SMALL ? TUNE_CHOSEN : batches->verdict,
                     .noise = batches->noise};
    double gap_ns = TW_NS_PER_SECOND / rate;
    for (uint32_t i = 0; i < ret_curve->count; i++) {
        double delay_ns = delays_ms[i] * TW_NS_PER_MS;
        double rows = 1 + delay_ns / gap_ns;
        shares[i] = (cost.each_ns + cost.row_ns * rows) / (delay_ns + gap_ns);
        ret_curve->values[i] = delay_ns;
        ret_curve->figures[i] =
            (proof_figure){shares[i], shares[i], shares[i], batches->figures[0].count};
    }
    ret_curve->chosen = tune_choose_below(shares, ret_curve->count, TUNE_COMMIT_SHARE);
}
