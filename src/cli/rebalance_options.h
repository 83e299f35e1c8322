/*
 * rebalance_options.h - the settings of `tradewind rebalance`.
 */
#ifndef TRADEWIND_CLI_REBALANCE_OPTIONS_H
#define TRADEWIND_CLI_REBALANCE_OPTIONS_H

#include "arguments.h"
#include "rebalance_input.h"
#include "rebalance_lots.h"
#include "rebalance_overlap.h"
#include "rebalance_weights.h"
#include "tradewind/rebalance.h"

typedef struct rebalance_options {
    char positions[TW_CONFIG_TEXT_SIZE];
    char targets[TW_CONFIG_TEXT_SIZE];
    char groups[TW_CONFIG_TEXT_SIZE];
    char weigh[TW_CONFIG_TEXT_SIZE];
    char prices[TW_CONFIG_TEXT_SIZE];
    char limits[TW_CONFIG_TEXT_SIZE];
    char cbc[TW_CONFIG_TEXT_SIZE];
    char lots[TW_CONFIG_TEXT_SIZE];
    char lot_order[TW_CONFIG_TEXT_SIZE];
    int64_t day_ns;
    int64_t solve_for_ns;
    double tax_short;
    double tax_long;
    int64_t from_ns;
    int64_t to_ns;
    int64_t cash_nano;
    int64_t cash_min_nano;
    int64_t cash_max_nano; /* INT64_MAX: no limit */
    int64_t lot_nano;
    int64_t min_trade_nano;
    int64_t order_max_nano; /* INT64_MAX: no limit */
    int64_t shares_max_nano;
    int64_t cost_fixed_nano;
    int64_t trades_max;
    double band;
    double band_floor;
    double cost_bps;
    double turnover_max; /* a share of the equity */
    double gross_max;
    double net_min;
    double net_max;
    double invest;
    double weight_min;
    double weight_max;
    double risk_aversion;
    double target_return;
    int covariance;
    int band_kind;
    int aim;
    int side;
    int cap_first;
    bool shorts;
    bool explain;
    bool json;
} rebalance_options;

extern const tw_config_option rebalance_option_table[];
extern const size_t rebalance_option_count;

/* TW_USAGE for what is missing or does not go together. */
tw_status rebalance_options_check(const rebalance_options *options, const tw_config *config,
                                  tw_error *error) TW_MUST_CHECK;

rebalance_defaults rebalance_options_defaults(const rebalance_options *options);

/* Of checked options with --weigh. */
weight_wishes rebalance_options_wishes(const rebalance_options *options, const tw_config *config);

/* Of checked options with --limits. */
overlap_wishes rebalance_options_solver(const rebalance_options *options, const tw_config *config);

/* Of checked options with --lots. */
rebalance_lots rebalance_options_lots(const rebalance_options *options, const tw_config *config);

/* All but the groups and the cap on turnover, which is a share of an equity that only the
 * positions tell. */
tw_rebalance_config rebalance_options_config(const rebalance_options *options,
                                             const tw_config *config);

#endif
