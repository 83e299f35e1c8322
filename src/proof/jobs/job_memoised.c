/*
 * job_memoised.c - the price of one option of a thousand, computed whenever it is asked for, or
 * remembered for a while.
 *
 * Time is counted in requests, so that what expires depends on nothing but the requests: one of
 * them takes a microsecond of it. A price is good for so long that it is asked for `calls` times on
 * the average, and the times at which prices expire are spread evenly from the first request on.
 */
#include <stdio.h>
#include <string.h>

#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/cache.h"
#include "tradewind/random.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"
#include "tree_price.h"

enum { OPTIONS = 1000, REQUESTS = 65536, THREADS_MAX = 8 };

static const int64_t REQUEST_NS = 1000;

typedef struct desk {
    tree_option options[OPTIONS];
    double prices[OPTIONS];
    uint16_t requests[REQUESTS];
    uint32_t threads;
    int64_t now_ns; /* of the next request */
    tw_cache *cache;
    tw_workers *workers;
    const char *folder;
    proof_peer *python;
} desk;

/* A repetition, shared out to threads. */
typedef struct shares {
    desk *desk;
    uint64_t units;
    double (*ask)(desk *desk, uint32_t option, int64_t now_ns);
    struct {
        _Alignas(64) double sum;
    } parts[THREADS_MAX];
} shares;

static void dispose(void *state) {
    desk *d = state;
    if (d == NULL)
        return;
    proof_peer_stop(d->python);
    tw_workers_free(d->workers);
    tw_cache_free(d->cache);
    TW_DELETE(tw_allocator_system(), d, 1, desk);
}

static void make_options(desk *d) {
    tw_random random;
    tw_random_init(&random, 60, 1);
    for (size_t i = 0; i < OPTIONS; i++) {
        d->options[i] = (tree_option){.spot = 100,
                                      .strike = 70 + 60 * tw_random_uniform(&random),
                                      .years = 0.05 + 2 * tw_random_uniform(&random),
                                      .volatility = 0.1 + 0.5 * tw_random_uniform(&random),
                                      .rate = 0.03};
        d->prices[i] = tree_price(&d->options[i]);
    }
    for (size_t i = 0; i < REQUESTS; i++)
        d->requests[i] = (uint16_t)tw_random_below(&random, OPTIONS);
}

/* ---- the ways, a request each ---------------------------------------------------------------- */

static double ask_tree(desk *d, uint32_t option, int64_t now_ns) {
    (void)now_ns;
    return tree_price(&d->options[option]);
}

static tw_status load(void *context, tw_cache_key key, tw_cache_load *into) {
    const desk *d = context;
    double price = tree_price(&d->options[key.number]);
    memcpy(into->bytes, &price, sizeof price);
    into->size = sizeof price;
    return TW_OK;
}

static double ask_cache(desk *d, uint32_t option, int64_t now_ns) {
    double price = 0;
    tw_cache_value value = {.bytes = &price, .capacity = sizeof price};
    tw_status status = tw_memoize(d->cache, tw_cache_key_number(option), now_ns, load, d, &value);
    TW_ASSERT(status == TW_OK);
    return price;
}

static double ask_array(desk *d, uint32_t option, int64_t now_ns) {
    (void)now_ns;
    return d->prices[option];
}

/* ---- preparing ------------------------------------------------------------------------------- */

/* Asks for each price once while one lifetime goes by. */
static tw_status fill(desk *d, uint64_t calls, tw_error *error) {
    tw_cache_config config = tw_cache_config_default();
    int64_t step_ns = (int64_t)calls * REQUEST_NS;
    config.key_size_max = 0;
    config.value_size_max = sizeof(double);
    config.ttl_ns = OPTIONS * step_ns;
    tw_status status = tw_cache_new(NULL, &config, NULL, &d->cache);
    if (status != TW_OK)
        return tw_error_set(error, status, "no cache can be made");
    d->now_ns = tw_time_monotonic_ns();
    for (uint32_t i = 0; i < OPTIONS; i++) {
        ask_cache(d, i, d->now_ns);
        d->now_ns += step_ns;
    }
    return TW_OK;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    desk *d = TW_NEW(tw_allocator_system(), 1, desk);
    if (d == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the options");
    *ret_state = d;
    d->folder = point->folder;
    d->threads = (uint32_t)point->at[0];
    TW_ASSERT(d->threads <= THREADS_MAX);
    make_options(d);
    tw_status status = tw_workers_new(NULL, d->threads, &d->workers, error);
    return status == TW_OK ? fill(d, point->at[1], error) : status;
}

/* ---- running --------------------------------------------------------------------------------- */

static void play_part(void *argument, size_t index) {
    shares *r = argument;
    desk *d = r->desk;
    uint64_t begin = r->units * index / d->threads;
    uint64_t end = r->units * (index + 1) / d->threads;
    int64_t now_ns = d->now_ns;
    double sum = 0;
    for (uint64_t i = begin; i < end; i++) {
        sum += r->ask(d, d->requests[i % REQUESTS], now_ns);
        now_ns += REQUEST_NS * d->threads;
    }
    r->parts[index].sum = sum;
}

static void play(desk *d, proof_run *run, double (*ask)(desk *, uint32_t, int64_t)) {
    shares r = {.desk = d, .units = run->units, .ask = ask};
    int64_t began_ns = tw_time_monotonic_ns();
    tw_task_run(tw_workers_runner(d->workers), d->threads, play_part, &r);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    for (uint32_t i = 0; i < d->threads; i++)
        run->checksum += r.parts[i].sum;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    play(state, run, ask_tree);
    return TW_OK;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    (void)error;
    desk *d = state;
    play(d, run, ask_cache);
    d->now_ns += (int64_t)run->units * REQUEST_NS;
    return TW_OK;
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    play(state, run, ask_array);
    return TW_OK;
}

static tw_status start_python(desk *d, tw_error *error) {
    const char *const arguments[] = {d->folder, "300", NULL};
    tw_status status =
        proof_file_write(d->folder, "prices.f64", d->prices, sizeof d->prices, error);
    if (status == TW_OK)
        status =
            proof_file_write(d->folder, "requests.u16", d->requests, sizeof d->requests, error);
    return status == TW_OK ? proof_peer_python(peer_memoised, arguments, &d->python, error)
                           : status;
}

static tw_status run_python(void *state, proof_run *run, tw_error *error) {
    desk *d = state;
    tw_status status = d->python == NULL ? start_python(d, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(d->python, run, error) : status;
}

const proof_job proof_memoised = {
    .name = "memoised",
    .part = "PerformanceOptimizer.memoize",
    .title = "An answer that is remembered against computing it again",
    .unit = "call",
    .story =
        "The price of one of a thousand American options, which takes some ten microseconds to "
        "compute. Ours remembers each price for a while, and computes it again when that is over: "
        "of a hundred calls for a price one computes, and the others find it. How many times as "
        "fast that is, is decided by how often an answer is asked for while it is good, and by "
        "how dear it was; the second growth shows the former. An answer that is never asked for "
        "twice costs a little more than without.",
    .limit = "a price out of an array, without any question whether it is still good",
    .claimed_min = 10,
    .claimed_max = 100,
    .tolerance = 1e-9,
    .check_units = 2000,
    .many_threads = true,
    .threads_of = 1,
    .axes = {{"threads", {1, 2, 4}, 3, 0},
             {"calls while an answer is good", {1, 10, 100, 1000}, 4, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"computed", PROOF_NAIVE, "the price is computed at each call", run_naive},
             {"tradewind", PROOF_OURS, "tw_cache_memoize, a number for the key", run_ours},
             {"Python", PROOF_PEER,
              "a dictionary behind a decorator; one thread, and nothing but hits", run_python,
              .units_most = 1000000},
             {"array", PROOF_LIMIT, "the price is where it was", run_limit}},
};
