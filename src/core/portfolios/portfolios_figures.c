/*
 * portfolios_figures.c - from the node of a tile and the tails of its portfolios to figures.
 */
#include "portfolios_priv.h"

#include <math.h>

/* Of no rows: what changes nothing that it is joined to. */
void portfolio_node_init(portfolio_node *node) {
    *node = (portfolio_node){0};
    for (size_t l = 0; l < PORTFOLIO_LANES; l++) {
        node->value[l] = node->peak[l] = node->low[l] = node->depth[l] = 1;
        node->best[l] = -INFINITY;
        node->worst[l] = INFINITY;
    }
}

void portfolio_sums_init(portfolio_sums *sums) {
    *sums = (portfolio_sums){0};
    for (size_t l = 0; l < PORTFOLIO_LANES; l++) {
        sums->value[l] = sums->peak[l] = sums->low[l] = 1;
        sums->fall_value[l] = sums->fall_peak[l] = 1;
        sums->best[l] = -INFINITY;
        sums->worst[l] = INFINITY;
    }
}

/* ---- Tails --------------------------------------------------------------------------------- */

/* How many of the smallest the figures of the least confidence, and so of every one, need. */
size_t portfolios_tail_needed(const tw_portfolios *p, size_t present) {
    if (present == 0 || p->config.confidence_count == 0)
        return 0;
    double tail = 1 - p->least_confidence;
    size_t whole = tw_tail_reach_of(TW_SHORTFALL_CONTINUOUS, present, tail).whole;
    size_t high = tw_quantile_place_of(TW_QUANTILE_LINEAR, present, tail).high;
    size_t needed = whole > high ? whole : high;
    return needed + 1 < present ? needed + 1 : present;
}

/* Where the figures of each confidence stand among so many values. Most portfolios of a tile have
 * as many, so ranks are found anew only where the number is another one. */
typedef struct tail_ranks {
    size_t present; /* 0: none were found yet */
    size_t needed;
    struct {
        tw_quantile_place quantile;
        tw_tail_reach reach;
    } of[TW_RISK_CONFIDENCE_COUNT_MAX];
} tail_ranks;

static void find_ranks(const tw_portfolios *p, size_t present, tail_ranks *ranks) {
    if (present == ranks->present)
        return;
    ranks->present = present;
    ranks->needed = portfolios_tail_needed(p, present);
    tw_shortfall_kind kind = (tw_shortfall_kind)p->config.shortfall;
    for (size_t i = 0; i < p->config.confidence_count; i++) {
        double tail = 1 - p->config.confidences[i];
        ranks->of[i].quantile = tw_quantile_place_of(TW_QUANTILE_LINEAR, present, tail);
        ranks->of[i].reach = tw_tail_reach_of(kind, present, tail);
    }
}

void portfolios_tail_changed(tw_portfolios *p, size_t portfolio) {
    portfolios_shortfall *shortfalls = p->shortfalls + portfolio * TW_RISK_CONFIDENCE_COUNT_MAX;
    for (size_t i = 0; i < TW_RISK_CONFIDENCE_COUNT_MAX; i++)
        shortfalls[i].count = SIZE_MAX;
}

void portfolios_spans(const tw_portfolios *p, size_t portfolio, portfolio_span ret_spans[2]) {
    size_t rows = (size_t)(p->end - p->first);
    size_t left = p->slots - (size_t)(p->first % p->slots);
    size_t before = rows < left ? rows : left;
    ret_spans[0] = (portfolio_span){.values = portfolios_series(p, p->first) + portfolio,
                                    .count = before,
                                    .stride = p->portfolios};
    ret_spans[1] = (portfolio_span){
        .values = p->series + portfolio, .count = rows - before, .stride = p->portfolios};
}

/* Below it is about half as much again as is kept, were the series normal. */
static double threshold_of(const tw_portfolios *p, size_t present, double mean, double deviation) {
    double share = 1.5 * (double)p->tail_sizes.keep / (double)(present > 0 ? present : 1);
    if (share >= 0.5 || !(deviation > 0))
        return INFINITY;
    return mean + tw_risk_normal_quantile(share) * deviation;
}

/* One whose tail came out too short at a threshold: by a higher one, and then by none. */
static void gather_more(const tw_portfolios *p, size_t portfolio, double threshold, size_t present,
                        portfolio_tail *tail) {
    portfolio_span spans[2];
    portfolios_spans(p, portfolio, spans);
    size_t wanted = portfolios_tail_needed(p, present);
    if (threshold < INFINITY)
        portfolio_tail_gather_one(spans, &p->tail_sizes, threshold, tail);
    if (tail->count < wanted)
        portfolio_tail_gather_one(spans, &p->tail_sizes, INFINITY, tail);
    TW_ASSERT(tail->count >= wanted);
}

static void gather_four(tw_portfolios *p, size_t portfolio, const double *thresholds) {
    portfolio_tail tails[PORTFOLIO_TAIL_SIDE_BY_SIDE];
    portfolio_span spans[2];
    portfolios_spans(p, portfolio, spans);
    for (size_t k = 0; k < PORTFOLIO_TAIL_SIDE_BY_SIDE; k++)
        tails[k].values = p->tails + (portfolio + k) * p->tail_room;
    portfolio_tail_gather(spans, &p->tail_sizes, thresholds, tails);
    for (size_t k = 0; k < PORTFOLIO_TAIL_SIDE_BY_SIDE; k++)
        p->tail_counts[portfolio + k] = tails[k].count;
}

void portfolios_tails_gather(tw_portfolios *p, size_t tile, const portfolio_node *node) {
    size_t width = portfolios_width(p, tile);
    double thresholds[PORTFOLIO_LANES];
    for (size_t l = 0; l < width; l++) {
        size_t present = (size_t)node->count[l];
        double deviation = sqrt(node->squares[l] / node->count[l]);
        thresholds[l] = threshold_of(p, present, node->mean[l], deviation);
        p->tail_counts[tile * PORTFOLIO_LANES + l] = 0;
        portfolios_tail_changed(p, tile * PORTFOLIO_LANES + l);
    }
    if (p->config.confidence_count == 0)
        return;
    for (size_t l = 0; l + PORTFOLIO_TAIL_SIDE_BY_SIDE <= width; l += PORTFOLIO_TAIL_SIDE_BY_SIDE)
        gather_four(p, tile * PORTFOLIO_LANES + l, thresholds + l);
}

/* Enough of the smallest, whatever came and went. */
static portfolio_tail tail_of(tw_portfolios *p, size_t portfolio, const tail_ranks *ranks,
                              double mean, double deviation) {
    size_t present = ranks->present;
    portfolio_tail tail = {p->tails + portfolio * p->tail_room, p->tail_counts[portfolio]};
    if (tail.count < ranks->needed) {
        gather_more(p, portfolio, threshold_of(p, present, mean, deviation), present, &tail);
        portfolios_tail_changed(p, portfolio);
        p->tail_counts[portfolio] = tail.count;
    }
    return tail;
}

/* The sum of the `count` smallest: in four chains, the same whoever asks. */
static double sum_least(const double *sorted, size_t count) {
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t k = 0; k < 4; k++)
            sums[k] += sorted[i + k];
    }
    for (; i < count; i++)
        sums[0] += sorted[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void fill_historical(const portfolio_tail *tail, tw_quantile_place place,
                            tw_tail_reach reach, portfolios_shortfall *shortfall,
                            tw_portfolio_tail *ret_tail) {
    if (shortfall->count != reach.whole)
        *shortfall = (portfolios_shortfall){sum_least(tail->values, reach.whole), reach.whole};
    double more = reach.part > 0 ? reach.part * tail->values[reach.whole] : 0;
    double value = -tw_quantile_between(place, tail->values[place.low], tail->values[place.high]);
    double mean = -((shortfall->sum + more) / ((double)reach.whole + reach.part));
    ret_tail->var_historical = value;
    ret_tail->shortfall_historical = mean > value ? mean : value;
}

static void fill_tails(tw_portfolios *p, size_t portfolio, double deviation, tail_ranks *ranks,
                       tw_portfolio_figures *figures) {
    size_t present = figures->observations;
    portfolio_tail tail = {0};
    if (present > 0) {
        find_ranks(p, present, ranks);
        tail = tail_of(p, portfolio, ranks, figures->mean, deviation);
    }
    double s = present > 1 ? deviation : NAN;
    for (size_t i = 0; i < p->config.confidence_count; i++) {
        tw_portfolio_tail *to = &figures->tails[i];
        to->var_gaussian = -(figures->mean + p->confidences[i].quantile * s);
        to->shortfall_gaussian = p->confidences[i].shortfall * s - figures->mean;
        to->var_historical = to->shortfall_historical = NAN;
        if (present > 0)
            fill_historical(&tail, ranks->of[i].quantile, ranks->of[i].reach,
                            &p->shortfalls[portfolio * TW_RISK_CONFIDENCE_COUNT_MAX + i], to);
    }
}

/* ---- Figures ------------------------------------------------------------------------------- */

void portfolios_tile_figures(tw_portfolios *p, size_t tile, const portfolio_node *node) {
    portfolio_answers answers;
    p->lanes->answer(node, &p->terms, &answers);
    size_t rows = (size_t)(p->end - p->first);
    tail_ranks ranks = {0};
    for (size_t l = 0; l < portfolios_width(p, tile); l++) {
        size_t j = tile * PORTFOLIO_LANES + l;
        tw_portfolio_figures *figures = &p->figures[j];
        size_t present = (size_t)node->count[l];
        figures->observations = present;
        figures->skipped = rows - present;
        figures->benchmark_skipped = present - (size_t)node->paired[l];
        figures->mean = answers.mean[l];
        figures->volatility = answers.deviations[1][l];
        figures->downside_deviation = answers.downside_deviation[l];
        figures->sharpe = answers.sharpe[l];
        figures->sortino = answers.sortino[l];
        figures->total_return = answers.total_return[l];
        figures->max_drawdown = answers.max_drawdown[l];
        figures->best = present > 0 ? node->best[l] : NAN;
        figures->worst = present > 0 ? node->worst[l] : NAN;
        figures->beta = answers.beta[l];
        figures->alpha = answers.alpha[l];
        fill_tails(p, j, answers.deviations[p->config.gaussian_ddof][l], &ranks, figures);
    }
}
