/*
 * portfolios_update.c - one more row, or another weight; and what each asset adds, from the rows
 * that are kept for it.
 */
#include "portfolios_priv.h"

#include <math.h>
#include <string.h>

#define CHANGES_MAX 64 /* of a portfolio's weights, in its gross weight, until rows are new */

static tw_status check_state(const tw_portfolios *p, tw_error *error) {
    if (!p->limits.updates)
        return tw_error_set(error, TW_STATE, "these portfolios were made without updates");
    if (!p->loaded)
        return tw_error_set(error, TW_STATE, "nothing has been loaded yet");
    return TW_OK;
}

/* ---- A row more ---------------------------------------------------------------------------- */

typedef struct push_work {
    tw_portfolios *portfolios;
    const double *returns; /* as given */
    const double *clean;   /* without what is missing */
    portfolios_step step;
    bool leaving;
} push_work;

static void push_tile(void *argument, size_t index) {
    const push_work *work = argument;
    tw_portfolios *p = work->portfolios;
    size_t width = portfolios_width(p, index);
    const double *weights = portfolios_weights(p, index);
    double *row = portfolios_series(p, work->step.end) + index * PORTFOLIO_LANES;
    const double *oldest = portfolios_series(p, work->step.first) + index * PORTFOLIO_LANES;
    portfolios_step step = work->step;
    portfolio_row values;
    p->lanes->weighted(p->assets, work->clean, weights, values);
    for (size_t l = 0; l < width; l++) {
        bool gap = work->clean != work->returns &&
                   portfolios_is_gap(work->returns, weights + l, PORTFOLIO_LANES, p->assets);
        step.left[l] = work->leaving ? oldest[l] : NAN;
        row[l] = gap ? NAN : values[l];
    }
    portfolios_tile_advance(p, index, &step);
}

tw_status tw_portfolios_push(tw_portfolios *portfolios, const double *returns, double benchmark,
                             tw_error *error) {
    TW_ASSERT(portfolios != NULL && returns != NULL);
    tw_portfolios *p = portfolios;
    bool missing = false;
    tw_status status = check_state(p, error);
    if (status == TW_OK)
        status = portfolios_check_row(returns, p->assets, benchmark, p->end, &missing, error);
    if (status == TW_OK && missing && p->config.fail_missing)
        status = tw_error_set(error, TW_INVALID, "the row has a missing return");
    if (status != TW_OK)
        return status;
    push_work work = {.portfolios = p,
                      .returns = returns,
                      .clean = returns,
                      .step = {.first = p->first, .end = p->end},
                      .leaving = p->end - p->first == p->limits.rows};
    if (missing) {
        portfolios_clean_row(returns, p->assets, p->gap_returns);
        work.clean = p->gap_returns;
    }
    memcpy(portfolios_returns(p, p->end), returns, p->assets * sizeof *returns);
    p->benchmark[p->end % p->slots] = benchmark;
    p->end++;
    p->first += work.leaving ? 1 : 0;
    tw_task_run(p->config.way.runner, portfolios_tiles(p), push_tile, &work);
    return TW_OK;
}

/* ---- Another weight ------------------------------------------------------------------------ */

/* The return of a row from all the weights, in the order of a product. */
static double whole_return(const tw_portfolios *p, const double *returns, const double *weights) {
    double total = 0;
    for (size_t i = 0; i < p->assets; i++) {
        double weight = weights[i * PORTFOLIO_LANES];
        if (isnan(returns[i]) && weight != 0)
            return NAN;
        total = fma(isnan(returns[i]) ? 0 : returns[i], weight, total);
    }
    return total;
}

static double gross_of(const tw_portfolios *p, const double *weights) {
    double gross = 0;
    for (size_t i = 0; i < p->assets; i++)
        gross += fabs(weights[i * PORTFOLIO_LANES]);
    return gross;
}

tw_status tw_portfolios_weigh(tw_portfolios *portfolios, size_t portfolio, size_t asset,
                              double weight, tw_error *error) {
    TW_ASSERT(portfolios != NULL);
    tw_portfolios *p = portfolios;
    tw_status status = check_state(p, error);
    if (status == TW_OK && (portfolio >= p->portfolios || asset >= p->assets))
        status = tw_error_set(error, TW_RANGE,
                              "there is no asset %zu in portfolio %zu: there are %zu in %zu", asset,
                              portfolio, p->assets, p->portfolios);
    if (status == TW_OK)
        status = portfolios_check_weight(weight, portfolio, asset, error);
    if (status != TW_OK)
        return status;
    size_t tile = portfolio / PORTFOLIO_LANES;
    double *weights = portfolios_weights(p, tile) + portfolio % PORTFOLIO_LANES;
    double change = weight - weights[asset * PORTFOLIO_LANES];
    weights[asset * PORTFOLIO_LANES] = weight;
    double gross = gross_of(p, weights);
    p->changes[portfolio] += fabs(change) + gross;
    bool afresh = p->changes[portfolio] >= CHANGES_MAX * gross;
    if (afresh)
        p->changes[portfolio] = 0;
    for (uint64_t t = p->first; t < p->end; t++) {
        const double *returns = portfolios_returns(p, t);
        double *value = portfolios_series(p, t) + portfolio;
        bool sure = !afresh && !isnan(*value) && !isnan(returns[asset]);
        *value = sure ? *value + change * returns[asset] : whole_return(p, returns, weights);
    }
    portfolios_tile_rebuild(p, tile, portfolio);
    return TW_OK;
}

/* ---- What each asset adds ------------------------------------------------------------------ */

/* ret[i] = sum over the rows used of (r_p - mean) r_i: the mean of r_i would fall out of it. */
static void add_products(const tw_portfolios *p, size_t portfolio, double *ret_products) {
    double mean = p->figures[portfolio].mean;
    memset(ret_products, 0, p->assets * sizeof *ret_products);
    for (uint64_t t = p->first; t < p->end; t++) {
        const double *returns = portfolios_returns(p, t);
        double difference = portfolios_series(p, t)[portfolio] - mean;
        for (size_t i = 0; i < p->assets && !isnan(difference); i++)
            ret_products[i] += difference * returns[i];
    }
}

tw_status tw_portfolios_contributions(const tw_portfolios *portfolios, size_t portfolio,
                                      double *ret_contributions, tw_error *error) {
    TW_ASSERT(portfolios != NULL && ret_contributions != NULL);
    const tw_portfolios *p = portfolios;
    tw_status status = check_state(p, error);
    if (status == TW_OK && portfolio >= p->portfolios)
        status = tw_error_set(error, TW_RANGE, "there is no portfolio %zu: there are %zu",
                              portfolio, p->portfolios);
    if (status != TW_OK)
        return status;
    const tw_portfolio_figures *figures = &p->figures[portfolio];
    const double *weights =
        portfolios_weights(p, portfolio / PORTFOLIO_LANES) + portfolio % PORTFOLIO_LANES;
    double divisor = ((double)figures->observations - 1) * figures->volatility;
    add_products(p, portfolio, ret_contributions);
    for (size_t i = 0; i < p->assets; i++) {
        double weight = weights[i * PORTFOLIO_LANES];
        double share = divisor > 0 ? weight * ret_contributions[i] / divisor : NAN;
        ret_contributions[i] = weight == 0 && divisor > 0 ? 0 : share;
    }
    return TW_OK;
}
