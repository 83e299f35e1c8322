/*
 * bench_rebalance.c - plans of 500 to 1,000,000 positions, and the same optimum from CBC.
 *
 *     bench_rebalance [CBC [BOOK]]       (the program of CBC; "cbc")
 *
 * The job: withdraw 10% of the equity from positions with relative bands of 25%, whole shares, a
 * cash window of 0.5% of the equity; holdings stand within 24% of their targets, 2% of them
 * outside the band in the second table. Printed are the times of tw_rebalance_compute, the median
 * of RUN_COUNT: in ms and in ns a position, plain, with costs, with 11 groups, with a cap on the
 * turnover, and when nothing has to be done, then also by tw_standing_plan.
 *
 * Then the same ranges of lots (without weights: tw_rebalance_solve) as a mixed integer program for
 * CBC: whole lots z, one binary a position, lots_min y <= z <= lots_max y, one row for the cash.
 * Its time is the whole run of the program; its own figure for the solution is in brackets. The
 * optima must be equal. Without the program this part is left out.
 *
 * Last, if there is a BOOK: records of price in cents, shares, lot (int64_t each) and weight
 * (double) of a rebalance by the usual rule of thumb: skip small drifts, round to lots, drop small
 * trades, take the largest drifts until 5% of the equity is turned over, keep 0.2% in cash. The
 * same settings here (a band of 2e-7, a minimum trade of 100, the caps) are another rule: the
 * largest breaches come home, the smaller stay outside, and nobody is cut short. Prices and amounts
 * are halved, for ten billion do not fit tw_money.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/random.h"
#include "tradewind/standing.h"

#define RUN_COUNT 7
#define GROUP_COUNT 11
#define BOOK_MAX 100000
#define HALF_CENT (TW_NANO / 200)
#define PERCENT (TW_NANO / 100)

__extension__ typedef __int128 wide;

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* --- the instance ----------------------------------------------------------------------------- */

typedef struct instance {
    tw_rebalance_position *positions;
    size_t count;
    int64_t equity;
    tw_rebalance_config config;
    tw_rebalance_group groups[GROUP_COUNT];
} instance;

/* Lognormal weights, prices of 5 to 500, five billion in all. */
static instance make_instance(size_t count, double outside) {
    tw_random random;
    tw_random_init(&random, 7, count);
    instance x = {.positions = calloc(count, sizeof(tw_rebalance_position)), .count = count};
    double *weights = calloc(count, sizeof *weights);
    require(x.positions != NULL && weights != NULL, "memory");
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += weights[i] = exp(tw_random_normal(&random));
    double worth = 5e9;
    for (size_t i = 0; i < count; i++) {
        tw_rebalance_position *at = &x.positions[i];
        double price = floor(100 * 5 * exp(4.6 * tw_random_uniform(&random))) / 100;
        double drift = 0.48 * tw_random_uniform(&random) - 0.24;
        if (tw_random_uniform(&random) < outside)
            drift = drift < 0 ? -0.3 : 0.3;
        double shares = floor(weights[i] / total * worth * (1 + drift) / price);
        at->price.nano = llround(price * 1e9);
        at->quantity.nano = (int64_t)shares * TW_NANO;
        at->weight_nano = (int64_t)(weights[i] / total * 1e9);
        at->band_nano = 25 * PERCENT;
        at->band_kind = TW_BAND_RELATIVE;
        at->lot.nano = TW_NANO;
        at->symbol = (tw_symbol)i;
        x.equity += (int64_t)((wide)at->quantity.nano * at->price.nano / TW_NANO);
    }
    free(weights);
    tw_rebalance_config_init(&x.config);
    x.config.cash_min.nano = x.equity / 10;
    x.config.cash_max.nano = x.equity / 10 + x.equity / 200;
    return x;
}

/* Each group may keep a share about what the withdrawal leaves it. */
static void add_groups(instance *x) {
    int64_t weights[GROUP_COUNT] = {0};
    for (size_t i = 0; i < x->count; i++) {
        x->positions[i].group = (uint32_t)(i % GROUP_COUNT) + 1;
        weights[i % GROUP_COUNT] += x->positions[i].weight_nano;
    }
    for (size_t g = 0; g < GROUP_COUNT; g++)
        x->groups[g] = (tw_rebalance_group){.least_nano = weights[g] / 100 * 85,
                                            .most_nano = weights[g] / 100 * (int64_t)(91 + g % 3)};
    x->config.groups = x->groups;
    x->config.group_count = GROUP_COUNT;
}

/* From scratch, or of what stands. */
static double measure(tw_rebalance *rebalance, const tw_standing *standing, const instance *x,
                      tw_rebalance_plan *plan) {
    double times[RUN_COUNT];
    int repeats = x->count < 10000 ? (int)(200000 / x->count) : 1;
    tw_error error = {0};
    for (int run = -1; run < RUN_COUNT; run++) {
        double start = now_ns();
        for (int i = 0; i < repeats; i++)
            require((standing != NULL
                         ? tw_standing_plan(standing, rebalance, &x->config, plan, &error)
                         : tw_rebalance_compute(rebalance, &x->config, x->positions, x->count, plan,
                                                &error)) == TW_OK,
                    error.message);
        if (run >= 0)
            times[run] = (now_ns() - start) / repeats;
    }
    qsort(times, RUN_COUNT, sizeof *times, by_value);
    return times[RUN_COUNT / 2];
}

static void report_way(const char *name, tw_rebalance *rebalance, const tw_standing *standing,
                       const instance *x) {
    tw_rebalance_plan plan;
    double ns = measure(rebalance, standing, x, &plan);
    printf("%9zu  %-22s %10.4f %8.1f  %7zu %7zu  %s\n", x->count, name, ns / 1e6,
           ns / (double)x->count, plan.count, plan.lower_bound,
           !plan.feasible ? "infeasible"
           : plan.proven  ? "proven"
                          : "bounded");
}

static void report(const char *name, tw_rebalance *rebalance, const instance *x) {
    report_way(name, rebalance, NULL, x);
}

static void report_standing(const char *name, tw_rebalance *rebalance, const instance *x) {
    tw_standing *standing = NULL;
    require(tw_standing_new(NULL, (uint32_t)x->count, &standing) == TW_OK, "memory");
    for (size_t i = 0; i < x->count; i++)
        tw_standing_put(standing, &x->positions[i]);
    report_way(name, rebalance, standing, x);
    tw_standing_free(standing);
}

static void report_size(size_t count) {
    tw_rebalance *rebalance = NULL;
    require(tw_rebalance_new(NULL, count, &rebalance) == TW_OK, "memory");
    instance x = make_instance(count, 0);
    report("withdraw 10%", rebalance, &x);
    tw_rebalance_config plain = x.config;
    x.config.cash_min.nano = x.config.cash_max.nano = 0;
    x.config.cash_max.nano = INT64_MAX;
    report("nothing to do", rebalance, &x);
    report_standing("and it stands", rebalance, &x);
    x.config = plain;
    x.config.cost = (tw_trade_cost){
        5 * TW_REBALANCE_BASIS_POINT, 5 * TW_REBALANCE_BASIS_POINT, {TW_NANO}, {TW_NANO}};
    report("and costs", rebalance, &x);
    x.config = plain;
    x.config.aim = TW_REBALANCE_CLOSEST;
    report("and closest", rebalance, &x);
    x.config = plain;
    add_groups(&x);
    report("and 11 groups", rebalance, &x);
    free(x.positions);
    x = make_instance(count, 0.02);
    report("and 2% outside", rebalance, &x);
    x.config.turnover_max.nano = x.equity / 1000 * 102;
    report("and a turnover cap", rebalance, &x);
    free(x.positions);
    tw_rebalance_free(rebalance);
}

/* --- CBC -------------------------------------------------------------------------------------- */

static wide quotient_floor(wide value, wide divisor) {
    wide quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

static void range_of(const instance *x, size_t i, tw_rebalance_range *range) {
    const tw_rebalance_position *at = &x->positions[i];
    wide step = (wide)at->price.nano * TW_NANO;
    wide held = step / TW_NANO * at->quantity.nano;
    wide low = (wide)at->weight_nano * 75 * PERCENT * x->equity / TW_NANO;
    wide high = (wide)at->weight_nano * 125 * PERCENT * x->equity / TW_NANO;
    *range = (tw_rebalance_range){
        .price = at->price, .lot = {TW_NANO}, .lots_least = 1, .symbol = at->symbol};
    range->lots_min = (int64_t)-quotient_floor(held - low, step);
    range->lots_max = (int64_t)quotient_floor(high - held, step);
    range->lots_wanted = range->lots_min > 0   ? range->lots_min
                         : range->lots_max < 0 ? range->lots_max
                                               : 0;
}

static void write_program(const char *path, const instance *x, const tw_rebalance_range *ranges) {
    FILE *file = fopen(path, "w");
    require(file != NULL, path);
    fprintf(file, "Minimize\n trades:");
    for (size_t i = 0; i < x->count; i++)
        fprintf(file, "%s + y%zu", i % 8 == 7 ? "\n" : "", i);
    double cash_low = -(double)x->config.cash_max.nano / 1e9;
    double cash_high = -(double)x->config.cash_min.nano / 1e9;
    for (int row = 0; row < 2; row++) {
        fprintf(file, row == 0 ? "\nSubject To\n most:" : "\n least:");
        for (size_t i = 0; i < x->count; i++)
            fprintf(file, "%s + %.2f z%zu", i % 8 == 7 ? "\n" : "",
                    (double)ranges[i].price.nano / 1e9, i);
        fprintf(file, row == 0 ? " <= %.9f" : " >= %.9f", row == 0 ? cash_high : cash_low);
    }
    for (size_t i = 0; i < x->count; i++)
        fprintf(file, "\n u%zu: z%zu %+lld y%zu <= 0\n l%zu: z%zu %+lld y%zu >= 0", i, i,
                -(long long)ranges[i].lots_max, i, i, i, -(long long)ranges[i].lots_min, i);
    fprintf(file, "\nBounds\n");
    for (size_t i = 0; i < x->count; i++) {
        bool mandatory = ranges[i].lots_min > 0 || ranges[i].lots_max < 0;
        fprintf(file, " %lld <= z%zu <= %lld\n", (long long)ranges[i].lots_min, i,
                (long long)ranges[i].lots_max);
        if (mandatory)
            fprintf(file, " y%zu = 1\n", i);
    }
    fprintf(file, "Generals\n");
    for (size_t i = 0; i < x->count; i++)
        fprintf(file, " z%zu\n", i);
    fprintf(file, "Binaries\n");
    for (size_t i = 0; i < x->count; i++)
        fprintf(file, " y%zu\n", i);
    fprintf(file, "End\n");
    require(fclose(file) == 0, path);
}

/* The objective that the program prints; its own seconds beside it. Negative when it is not there.
 */
static double run_program(const char *program, const char *path, double *ret_seconds) {
    char command[512];
    char line[512];
    double objective = -1;
    snprintf(command, sizeof command, "%s %s -threads 1 -solve -quit 2>/dev/null", program, path);
    FILE *pipe = popen(command, "r");
    require(pipe != NULL, "popen");
    while (fgets(line, sizeof line, pipe) != NULL) {
        sscanf(line, "Objective value: %lf", &objective);
        sscanf(line, "Total time (CPU seconds): %lf", ret_seconds);
    }
    require(pclose(pipe) == 0 || objective < 0, program);
    return objective;
}

static void report_cbc(const char *program, size_t count, double outside) {
    instance x = make_instance(count, outside);
    tw_rebalance_range *ranges = calloc(count, sizeof *ranges);
    tw_rebalance *rebalance = NULL;
    require(ranges != NULL && tw_rebalance_new(NULL, count, &rebalance) == TW_OK, "memory");
    for (size_t i = 0; i < count; i++)
        range_of(&x, i, &ranges[i]);
    tw_rebalance_plan plan;
    double times[RUN_COUNT];
    for (int run = -1; run < RUN_COUNT; run++) {
        double start = now_ns();
        for (int i = 0; i < 20; i++)
            require(tw_rebalance_solve(rebalance, &x.config, ranges, count, &plan, NULL) == TW_OK,
                    "solve");
        if (run >= 0)
            times[run] = (now_ns() - start) / 20;
    }
    qsort(times, RUN_COUNT, sizeof *times, by_value);
    double ours = times[RUN_COUNT / 2];
    char path[] = "/tmp/bench_rebalance_XXXXXX.lp";
    int file = mkstemps(path, 3);
    require(file >= 0, path);
    close(file);
    write_program(path, &x, ranges);
    for (int run = 0; run < 5; run++) {
        double seconds = 0;
        double start = now_ns();
        double objective = run_program(program, path, &seconds);
        times[run] = now_ns() - start;
        if (objective < 0) {
            printf("%s is not there: left out\n", program);
            break;
        }
        require(plan.feasible && (size_t)llround(objective) == plan.count, "an equal optimum");
        if (run < 4)
            continue;
        qsort(times, 5, sizeof *times, by_value);
        printf("%9zu  %zu trades, proven: %.4f ms; CBC: %.0f trades, %.0f ms [%.0f]; ratio %.0f\n",
               count, plan.count, ours / 1e6, objective, times[2] / 1e6, seconds * 1e3,
               times[2] / ours);
    }
    unlink(path);
    free(x.positions);
    free(ranges);
    tw_rebalance_free(rebalance);
}

/* --- a book of somebody's ------------------------------------------------------------------------
 */

typedef struct record {
    int64_t price_cents;
    int64_t shares;
    int64_t lot;
    double weight;
} record;

static void report_book(const char *path) {
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    instance x = {.positions = calloc(BOOK_MAX, sizeof(tw_rebalance_position))};
    require(x.positions != NULL, "memory");
    record r;
    tw_rebalance_config_init(&x.config);
    x.config.cash.nano = 2500000 * TW_NANO;
    x.equity = x.config.cash.nano;
    while (x.count < BOOK_MAX && fread(&r, sizeof r, 1, file) == 1) {
        x.positions[x.count] = (tw_rebalance_position){.quantity = {r.shares * TW_NANO},
                                                       .price = {r.price_cents * HALF_CENT},
                                                       .weight_nano = llround(r.weight * 1e9),
                                                       .band_nano = 200,
                                                       .lot = {r.lot * TW_NANO},
                                                       .min_trade = {50 * TW_NANO},
                                                       .symbol = (tw_symbol)x.count};
        x.equity += r.shares * r.price_cents * HALF_CENT;
        x.count++;
    }
    fclose(file);
    x.config.cash_min.nano = x.equity / 500;
    x.config.turnover_max.nano = x.equity / 20;
    x.config.cap_priority = TW_CAP_LARGEST_BREACHES;
    x.config.aim = TW_REBALANCE_TO_TARGET;
    tw_rebalance *rebalance = NULL;
    require(tw_rebalance_new(NULL, x.count, &rebalance) == TW_OK, "memory");
    report("the book, capped", rebalance, &x);
    free(x.positions);
    tw_rebalance_free(rebalance);
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {500, 5000, 50000, 1000000};
    const char *program = argc > 1 ? argv[1] : "cbc";
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%9s  %-22s %10s %8s  %7s %7s\n", "positions", "job", "ms", "ns each", "trades",
           "bound");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        report_size(sizes[i]);
    printf("\nthe same ranges, ours and CBC\n");
    report_cbc(program, 500, 0);
    report_cbc(program, 500, 0.02);
    report_cbc(program, 5000, 0);
    report_cbc(program, 5000, 0.02);
    if (argc > 2)
        report_book(argv[2]);
    return 0;
}
