/*
 * job_portfolio_risk.c - the report of a portfolio's risk over a thousand days: by loops, each as
 * its definition stands, and by passes over the table of returns that serve all figures.
 */
#include <stdio.h>

#include "naive_risk.h"
#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "tradewind/alloc.h"
#include "tradewind/random.h"
#include "tradewind/risk.h"
#include "tradewind/time.h"

enum { DAYS = 1000 };

static const double RISK_FREE = 0.02; /* a year */

typedef struct book {
    double *rows; /* [DAYS][assets] */
    double *blocks[3];
    naive_portfolio naive; /* of the same returns; its arrays are ours */
    tw_risk_config config;
    tw_risk *risk;
    const char *folder;
    proof_peer *numpy;
    double read; /* of the limit, so that it is not left out */
} book;

static void dispose(void *state) {
    book *b = state;
    if (b == NULL)
        return;
    const tw_allocator *allocator = tw_allocator_system();
    size_t assets = b->naive.assets;
    proof_peer_stop(b->numpy);
    tw_risk_free(b->risk);
    TW_DELETE(allocator, b->rows, DAYS * assets, double);
    TW_DELETE(allocator, b->blocks[0], DAYS * assets + DAYS + assets, double);
    TW_DELETE(allocator, b->blocks[1], assets * assets, double);
    TW_DELETE(allocator, b->blocks[2], 2 * (DAYS + assets), double);
    TW_DELETE(allocator, b, 1, book);
}

static tw_status take_memory(book *b, size_t assets) {
    const tw_allocator *allocator = tw_allocator_system();
    b->naive = (naive_portfolio){.assets = assets, .days = DAYS, .risk_free = RISK_FREE / 252};
    b->rows = TW_NEW(allocator, DAYS * assets, double);
    b->blocks[0] = TW_NEW(allocator, DAYS * assets + DAYS + assets, double);
    b->blocks[1] = TW_NEW(allocator, assets * assets, double);
    b->blocks[2] = TW_NEW(allocator, 2 * (DAYS + assets), double);
    if (b->rows == NULL || b->blocks[0] == NULL || b->blocks[1] == NULL || b->blocks[2] == NULL)
        return TW_NO_MEMORY;
    b->naive.series = b->blocks[0];
    b->naive.benchmark = b->blocks[0] + DAYS * assets;
    b->naive.weights = b->blocks[0] + DAYS * assets + DAYS;
    b->naive.covariance = b->blocks[1];
    b->naive.returns = b->blocks[2];
    b->naive.sorted = b->blocks[2] + DAYS;
    b->naive.means = b->blocks[2] + 2 * DAYS;
    b->naive.shares = b->blocks[2] + 2 * DAYS + assets;
    return TW_OK;
}

/* A market that all assets follow, each in its own measure, and what moves it alone. */
static void make_returns(book *b) {
    tw_random random;
    size_t assets = b->naive.assets;
    double *series = b->blocks[0];
    double *market = series + DAYS * assets;
    double *weights = market + DAYS;
    double sum = 0;
    tw_random_init(&random, 50, assets);
    for (size_t day = 0; day < DAYS; day++)
        market[day] = 0.0004 + 0.01 * tw_random_normal(&random);
    for (size_t i = 0; i < assets; i++) {
        double beta = 0.5 + tw_random_uniform(&random);
        weights[i] = 0.2 + tw_random_uniform(&random);
        sum += weights[i];
        for (size_t day = 0; day < DAYS; day++) {
            series[i * DAYS + day] = beta * market[day] + 0.015 * tw_random_normal(&random);
            b->rows[day * assets + i] = series[i * DAYS + day];
        }
    }
    for (size_t i = 0; i < assets; i++)
        weights[i] /= sum;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    book *b = TW_NEW(tw_allocator_system(), 1, book);
    if (b == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the returns");
    *ret_state = b;
    b->folder = point->folder;
    if (take_memory(b, point->at[0]) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the returns");
    make_returns(b);
    tw_risk_config_init(&b->config);
    b->config.risk_free = (tw_rate){RISK_FREE, TW_RATE_PER_YEAR};
    b->config.methods = TW_RISK_METHOD_BIT(TW_RISK_HISTORICAL);
    b->config.covariance = true;
    tw_risk_maxima maxima = tw_risk_maxima_of(&b->config, DAYS, b->naive.assets);
    tw_status status = tw_risk_new(NULL, &maxima, &b->risk);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "no report can be made");
}

/* All figures in one sum, each at a size at which it counts. */
static double sum_of(const risk_figures *figures, const double *covariance, const double *shares,
                     size_t assets) {
    double sum = figures->mean_annual + figures->volatility_annual + figures->sharpe +
                 figures->sortino + figures->max_drawdown + figures->beta;
    double covariances = 0;
    double placed = 0;
    for (size_t i = 0; i < RISK_CONFIDENCES; i++)
        sum += 100 * (figures->value_at_risk[i] + figures->shortfall[i]);
    for (size_t i = 0; i < assets * assets; i++)
        covariances += covariance[i];
    for (size_t i = 0; i < assets; i++)
        placed += shares[i] * (double)(i + 1);
    return sum + 1e4 * covariances / (double)(assets * assets) + placed / (double)assets;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    book *b = state;
    risk_figures figures = {0};
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++)
        naive_risk(&b->naive, &figures);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = (double)run->units *
                    sum_of(&figures, b->naive.covariance, b->naive.shares, b->naive.assets);
    return TW_OK;
}

static risk_figures figures_of(const tw_risk_report *report) {
    risk_figures figures = {.mean_annual = report->mean_annual,
                            .volatility_annual = report->volatility_annual,
                            .sharpe = report->sharpe,
                            .sortino = report->sortino,
                            .max_drawdown = report->max_drawdown,
                            .beta = report->beta};
    TW_ASSERT(report->estimate_count == RISK_CONFIDENCES);
    for (uint32_t i = 0; i < RISK_CONFIDENCES; i++) {
        figures.value_at_risk[i] = report->estimates[i].value;
        figures.shortfall[i] = report->estimates[i].expected_shortfall;
    }
    return figures;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    book *b = state;
    tw_risk_report report;
    tw_status status = TW_OK;
    tw_risk_input input = {.returns = b->rows,
                           .weights = b->naive.weights,
                           .benchmark = b->naive.benchmark,
                           .observations = DAYS,
                           .assets = b->naive.assets};
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && status == TW_OK; i++)
        status = tw_risk_compute(b->risk, &b->config, &input, &report, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    if (status != TW_OK || run->units == 0)
        return status;
    risk_figures figures = figures_of(&report);
    run->checksum = (double)run->units *
                    sum_of(&figures, report.covariance, report.volatility_shares, b->naive.assets);
    return TW_OK;
}

static tw_status start_numpy(book *b, tw_error *error) {
    char assets[24];
    snprintf(assets, sizeof assets, "%zu", b->naive.assets);
    const char *const arguments[] = {b->folder, assets, NULL};
    const struct {
        const char *name;
        const double *values;
        size_t count;
    } files[] = {{"returns.f64", b->rows, DAYS * b->naive.assets},
                 {"weights.f64", b->naive.weights, b->naive.assets},
                 {"benchmark.f64", b->naive.benchmark, DAYS}};
    tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == TW_OK; i++)
        status = proof_file_write(b->folder, files[i].name, files[i].values,
                                  files[i].count * sizeof(double), error);
    return status == TW_OK ? proof_peer_python(peer_risk, arguments, &b->numpy, error) : status;
}

static tw_status run_numpy(void *state, proof_run *run, tw_error *error) {
    book *b = state;
    tw_status status = b->numpy == NULL ? start_numpy(b, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(b->numpy, run, error) : status;
}

/* Four sums, so that they do not wait for one another. */
static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    book *b = state;
    size_t count = DAYS * b->naive.assets;
    double sums[4] = {0};
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t unit = 0; unit < run->units; unit++) {
        for (size_t i = 0; i < count; i += 4) {
            for (size_t j = 0; j < 4; j++)
                sums[j] += b->rows[i + j];
        }
        b->read += sums[0] + sums[1] + sums[2] + sums[3];
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = b->read;
    return TW_OK;
}

const proof_job proof_portfolio_risk = {
    .name = "portfolio-risk",
    .part = "OptimizedRiskCalculator",
    .title = "A portfolio's risk by passes over a table against loops",
    .unit = "report",
    .story =
        "Return, volatility, value at risk and expected shortfall, beta, Sharpe, Sortino, "
        "drawdown, all covariances and what each asset brings to the risk, of a thousand days. "
        "The naive way is a loop for each figure and for each pair of assets, and sorts all days "
        "for the worst of them. Ours reads the table a few times for all figures, several assets "
        "with one instruction, and only looks for the worst days.",
    .limit = "reading the table of returns once, which covariances of all pairs go far beyond",
    .claimed_min = 5,
    .claimed_max = 10,
    .tolerance = 1e-9,
    .check_units = 1,
    .axes = {{"assets", {10, 30, 100, 300, 1000}, 5, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"loops", PROOF_NAIVE, "a loop for each figure and each pair of assets, and a sort",
              run_naive, .place_last = 4},
             {"tradewind", PROOF_OURS, "tw_risk_compute, one thread", run_ours},
             {"NumPy", PROOF_PEER, "cov, std, quantile and matrix products, one thread", run_numpy},
             {"read the table", PROOF_LIMIT, "every return is read once", run_limit,
              .incomparable = true}},
};
