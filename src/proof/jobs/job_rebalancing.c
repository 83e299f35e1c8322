/*
 * job_rebalancing.c - a portfolio that has drifted is brought home: every position back to its
 * target, or the fewest trades after which all positions and the cash are within their limits.
 *
 * Plans differ, so what is compared is what they reach: of the first portfolios of a repetition the
 * positions that end inside their bands are counted, and the cash as one more.
 */
#include <math.h>

#include "proof_jobs.h"
#include "tradewind/alloc.h"
#include "tradewind/random.h"
#include "tradewind/rebalance.h"
#include "tradewind/time.h"

enum { PORTFOLIOS = 16 };

static const double BAND = 0.2;   /* of a target, up and down */
static const double DRIFT = 0.13; /* the deviation of what positions have moved by */
static const double INVESTED = 0.99;
static const double CASH_MAX = 0.02; /* of the equity */
static const double POSITION_VALUE = 100000;

typedef struct portfolio {
    tw_rebalance_position *positions; /* [count] */
    double *prices;                   /* [count], and so the others: the same as floats */
    double *quantities;
    double *weights;
    double cash;
} portfolio;

typedef struct trade {
    size_t index;
    double quantity; /* sold if it is negative */
} trade;

typedef struct desk {
    size_t count; /* positions of each portfolio */
    portfolio portfolios[PORTFOLIOS];
    trade *trades; /* [count], of a plan */
    double *after; /* [count], quantities */
    tw_rebalance *rebalance;
    double read; /* of the limit, so that it is not left out */
} desk;

/* Fills desk->trades and returns how many they are. */
typedef size_t (*planner)(desk *d, const portfolio *p);

static void dispose(void *state) {
    const tw_allocator *allocator = tw_allocator_system();
    desk *d = state;
    if (d == NULL)
        return;
    tw_rebalance_free(d->rebalance);
    for (size_t i = 0; i < PORTFOLIOS; i++) {
        TW_DELETE(allocator, d->portfolios[i].positions, d->count, tw_rebalance_position);
        TW_DELETE(allocator, d->portfolios[i].prices, d->count, double);
        TW_DELETE(allocator, d->portfolios[i].quantities, d->count, double);
        TW_DELETE(allocator, d->portfolios[i].weights, d->count, double);
    }
    TW_DELETE(allocator, d->trades, d->count, trade);
    TW_DELETE(allocator, d->after, d->count, double);
    TW_DELETE(allocator, d, 1, desk);
}

/* Targets are of half to one and a half of an even share, in pairs of two shares; positions have
 * drifted about them. */
static void make_portfolio(portfolio *p, size_t count, tw_random *random) {
    TW_ASSERT(count % 2 == 0);
    double share = INVESTED / (double)count;
    double value = POSITION_VALUE * (double)count;
    for (size_t i = 0; i < count; i++) {
        int64_t cents = 1000 + (int64_t)tw_random_below(random, 40000);
        double part = 0.5 + (double)(i / 2 % 8) / 16;
        double weight = share * (i % 2 == 0 ? part : 2 - part);
        double drift = exp(DRIFT * tw_random_normal(random));
        p->prices[i] = (double)cents / 100;
        p->weights[i] = weight;
        p->quantities[i] = floor(weight * value * drift / p->prices[i]);
        p->positions[i] =
            (tw_rebalance_position){.quantity.nano = (int64_t)p->quantities[i] * TW_NANO,
                                    .price.nano = cents * (TW_NANO / 100),
                                    .weight_nano = (int64_t)(weight * 1e9),
                                    .band_nano = (int64_t)(BAND * 1e9),
                                    .lot.nano = TW_NANO,
                                    .symbol = (tw_symbol)i,
                                    .band_kind = TW_BAND_RELATIVE};
        p->weights[i] = (double)p->positions[i].weight_nano / 1e9;
    }
    p->cash = floor((1 - INVESTED) * value);
}

static bool take_portfolio(portfolio *p, size_t count) {
    const tw_allocator *allocator = tw_allocator_system();
    p->positions = TW_NEW(allocator, count, tw_rebalance_position);
    p->prices = TW_NEW(allocator, count, double);
    p->quantities = TW_NEW(allocator, count, double);
    p->weights = TW_NEW(allocator, count, double);
    return p->positions != NULL && p->prices != NULL && p->quantities != NULL && p->weights != NULL;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    const tw_allocator *allocator = tw_allocator_system();
    desk *d = TW_NEW(allocator, 1, desk);
    if (d == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for portfolios");
    *ret_state = d;
    d->count = point->at[0];
    d->trades = TW_NEW(allocator, d->count, trade);
    d->after = TW_NEW(allocator, d->count, double);
    bool taken = d->trades != NULL && d->after != NULL;
    tw_random random;
    tw_random_init(&random, 70, d->count);
    for (size_t i = 0; i < PORTFOLIOS && taken; i++) {
        taken = take_portfolio(&d->portfolios[i], d->count);
        if (taken)
            make_portfolio(&d->portfolios[i], d->count, &random);
    }
    tw_status status = taken ? tw_rebalance_new(NULL, d->count, &d->rebalance) : TW_NO_MEMORY;
    return status == TW_OK ? TW_OK
                           : tw_error_set(error, status, "there is no memory for portfolios");
}

/* ---- what a plan reaches --------------------------------------------------------------------- */

static double equity_of(const desk *d, const portfolio *p) {
    double equity = p->cash;
    for (size_t i = 0; i < d->count; i++)
        equity += p->quantities[i] * p->prices[i];
    return equity;
}

static double count_inside(desk *d, const portfolio *p, size_t trades) {
    double equity = equity_of(d, p);
    double cash = p->cash;
    double slack = 1e-9 * equity;
    double inside = 0;
    for (size_t i = 0; i < d->count; i++)
        d->after[i] = p->quantities[i];
    for (size_t i = 0; i < trades; i++) {
        d->after[d->trades[i].index] += d->trades[i].quantity;
        cash -= d->trades[i].quantity * p->prices[d->trades[i].index];
    }
    for (size_t i = 0; i < d->count; i++) {
        double value = d->after[i] * p->prices[i];
        double target = p->weights[i] * equity;
        inside += fabs(value - target) <= BAND * target + slack;
    }
    return inside + (cash >= -slack && cash <= CASH_MAX * equity + slack);
}

static tw_status play(desk *d, proof_run *run, planner plan) {
    uint64_t looked_at = run->units < PORTFOLIOS ? run->units : PORTFOLIOS;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++)
        plan(d, &d->portfolios[i % PORTFOLIOS]);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    for (uint64_t i = 0; i < looked_at; i++) {
        size_t trades = plan(d, &d->portfolios[i]);
        run->quality += (double)trades / (double)looked_at;
        run->checksum += count_inside(d, &d->portfolios[i], trades);
    }
    return TW_OK;
}

/* ---- the ways -------------------------------------------------------------------------------- */

/* Whole shares towards the target, so that cash is never overdrawn. */
static double to_target(const portfolio *p, size_t i, double equity) {
    return floor(p->weights[i] * equity / p->prices[i]) - p->quantities[i];
}

static size_t plan_exact(desk *d, const portfolio *p) {
    size_t trades = 0;
    double equity = equity_of(d, p);
    for (size_t i = 0; i < d->count; i++) {
        double quantity = to_target(p, i, equity);
        if (quantity != 0)
            d->trades[trades++] = (trade){i, quantity};
    }
    return trades;
}

/* The way of a plan that makes all of its trades and finds the cash outside its limits: positions
 * that are still inside their bands go to their targets, one after the other, if that helps. */
static size_t mend_cash(desk *d, const portfolio *p, size_t trades, double cash, double equity) {
    for (size_t i = 0; i < d->count && (cash < 0 || cash > CASH_MAX * equity); i++) {
        double quantity = to_target(p, i, equity);
        double target = p->weights[i] * equity;
        bool home = fabs(p->quantities[i] * p->prices[i] - target) <= BAND * target;
        if (!home || quantity == 0 || (cash < 0) != (quantity < 0))
            continue;
        d->trades[trades++] = (trade){i, quantity};
        cash -= quantity * p->prices[i];
    }
    return trades;
}

static size_t plan_bands(desk *d, const portfolio *p) {
    size_t trades = 0;
    double equity = equity_of(d, p);
    double cash = p->cash;
    for (size_t i = 0; i < d->count; i++) {
        double target = p->weights[i] * equity;
        if (fabs(p->quantities[i] * p->prices[i] - target) <= BAND * target)
            continue;
        double quantity = to_target(p, i, equity);
        d->trades[trades++] = (trade){i, quantity};
        cash -= quantity * p->prices[i];
    }
    return mend_cash(d, p, trades, cash, equity);
}

static size_t plan_fewest(desk *d, const portfolio *p) {
    tw_rebalance_config config;
    tw_rebalance_plan plan;
    double equity = equity_of(d, p);
    tw_rebalance_config_init(&config);
    config.cash.nano = (int64_t)p->cash * TW_NANO;
    config.cash_max.nano = (int64_t)(CASH_MAX * equity) * TW_NANO;
    tw_status status =
        tw_rebalance_compute(d->rebalance, &config, p->positions, d->count, &plan, NULL);
    TW_ASSERT(status == TW_OK && plan.feasible);
    for (size_t i = 0; i < plan.count; i++) {
        int64_t shares = plan.trades[i].quantity.nano / TW_NANO;
        double quantity = (double)shares;
        d->trades[i] = (trade){plan.trades[i].index,
                               plan.trades[i].side == TW_SIDE_BUY ? quantity : -quantity};
    }
    return plan.count;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    (void)error;
    return play(state, run, plan_exact);
}

static tw_status run_bands(void *state, proof_run *run, tw_error *error) {
    (void)error;
    return play(state, run, plan_bands);
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    (void)error;
    return play(state, run, plan_fewest);
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    (void)error;
    desk *d = state;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units; i++)
        d->read += equity_of(d, &d->portfolios[i % PORTFOLIOS]);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = d->read;
    return TW_OK;
}

const proof_job proof_rebalancing = {
    .name = "rebalancing",
    .part = "PortfolioRebalancer",
    .title = "The fewest trades home against each position back to its target",
    .unit = "plan",
    .story =
        "Positions have drifted from their targets; each may stand a fifth of its target away, and "
        "the cash has limits. The usual rule trades every position back to its exact target. Ours "
        "trades those outside their bands, and others only where the cash needs it: the fewest "
        "trades that there can be, and it says so with a proof. Here the number of trades is what "
        "counts. A plan takes us longer than a rule that decides nothing, by less time than a "
        "single order needs to leave the machine, and each trade that is not made saves its "
        "spread and its commission.",
    .limit = "the value of every position, summed once",
    .quality = "trades a plan",
    .check_units = PORTFOLIOS,
    .axes = {{"positions", {10, 30, 100, 300, 1000, 10000}, 6, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"to the target", PROOF_NAIVE, "each position is traded back to its exact target",
              run_naive},
             {"tradewind", PROOF_OURS, "tw_rebalance_compute", run_ours},
             {"bands", PROOF_PEER,
              "positions outside their bands go to their targets, then others until the cash fits",
              run_bands},
             {"value them", PROOF_LIMIT, "every position is valued once", run_limit,
              .incomparable = true}},
};
