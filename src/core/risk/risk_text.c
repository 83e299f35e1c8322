/* risk_text.c - the names of methods, and the conventions of a config in words. */
#include "risk_priv.h"

const char *tw_risk_method_name(tw_risk_method method) {
    switch (method) {
    case TW_RISK_HISTORICAL:
        return "historical";
    case TW_RISK_GAUSSIAN:
        return "gaussian";
    case TW_RISK_CORNISH_FISHER:
        return "cornish_fisher";
    case TW_RISK_FILTERED_HISTORICAL:
        return "filtered_historical";
    case TW_RISK_MONTE_CARLO:
        return "monte_carlo";
    default:
        return "unknown";
    }
}

static const char *missing_text(const tw_risk_config *config) {
    return config->fail_missing
               ? "a row with a missing return of non-zero weight is refused; never pairwise"
               : "rows with a missing return of non-zero weight are skipped and counted; never "
                 "pairwise";
}

static const char *moments_text(const tw_risk_config *config) {
    return config->moment_ddof == 0 ? "population moments"
                                    : "sample deviation, third and fourth moments over n";
}

static const char *expansion_text(const tw_risk_config *config) {
    if (config->corrected_expansion)
        return config->moment_ddof == 0
                   ? "population moments; parameters solved for (Maillard 2012), exact tail mean"
                   : "sample deviation; parameters solved for (Maillard 2012), exact tail mean";
    return config->moment_ddof == 0 ? "population moments; Boudt, Peterson and Croux (2008)"
                                    : "sample deviation; Boudt, Peterson and Croux (2008)";
}

size_t tw_risk_conventions(const tw_risk_config *config,
                           tw_risk_convention ret_conventions[TW_RISK_CONVENTION_COUNT_MAX]) {
    TW_ASSERT(config != NULL && ret_conventions != NULL);
    TW_ASSERT(risk_config_check(config, NULL) == TW_OK);
    bool apart = config->spans == TW_RISK_SPANS_APART;
    bool by_assets = config->filter == TW_RISK_FILTER_ASSETS;
    const tw_risk_convention table[] = {
        {"portfolio_return", "sum of weight x simple return; weights restored every period"},
        {"deviation", "sample, ddof 1"},
        {"annualisation", "arithmetic: mean x N, deviation x sqrt(N); cagr geometric"},
        {"rates", "a yearly rate is divided by N"},
        {"sharpe", "mean excess over sd of excess, annual"},
        {"sortino", "downside deviation over all periods, not centred, annual"},
        {"losses", "positive: drawdown, VaR, expected shortfall"},
        {"max_drawdown", "from a value of 1 before the first return"},
        {"var_historical", tw_quantile_text((tw_quantile_kind)config->quantile)},
        {"expected_shortfall_historical", tw_shortfall_text((tw_shortfall_kind)config->shortfall)},
        {"var_gaussian", moments_text(config)},
        {"var_cornish_fisher", expansion_text(config)},
        {"filter", by_assets ? "each asset by its own exponentially weighted deviation"
                             : "the portfolio by its exponentially weighted deviation"},
        {"monte_carlo", config->paths == 0 ? "scenarios that were given"
                        : config->distribution == TW_SIMULATE_NORMAL
                            ? "paths of the normal distribution with the portfolio's moments"
                            : "paths of Student's t with the portfolio's moments"},
        {"horizon_historical", apart ? "sums of successive rows, apart, from the newest"
                                     : "sums of successive rows, overlapping"},
        {"horizon_moments", "h means, sqrt(h) deviations, skewness / sqrt(h), kurtosis / h"},
        {"contributions", config->shares == TW_RISK_SHARES_SCENARIO
                              ? "derivatives by the weights; returns in the scenarios of the figure"
                              : "derivatives by the weights; returns in losing scenarios, scaled"},
        {"skewness", "sample, G1"},
        {"excess_kurtosis", "sample, G2"},
        {"missing", missing_text(config)},
    };
    const size_t count = sizeof table / sizeof table[0];
    _Static_assert(sizeof table / sizeof table[0] <= TW_RISK_CONVENTION_COUNT_MAX, "room");
    for (size_t i = 0; i < count; i++)
        ret_conventions[i] = table[i];
    return count;
}
