/* rebalance_options.c - see rebalance_options.h. */
#include "rebalance_options.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "command.h"
#include "tradewind/decimal.h"
#include "tradewind/time.h"

const tw_config_option rebalance_option_table[] = {
    {"positions", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of what is held: symbol,quantity,price[,lot][,min_trade][,max_order][,max_shares]"
     "[,restricted][,rank] (needed)",
     NULL, offsetof(rebalance_options, positions)},
    {"targets", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of what is wanted: symbol,weight[,band] (needed); what it does not name is to be sold",
     NULL, offsetof(rebalance_options, targets)},
    {"weigh", TW_CONFIG_TEXT, "METHOD", NULL, NULL, "",
     "make the targets instead: equal, inverse-volatility, inverse-variance, risk-parity, "
     "hierarchical, minimum-variance, maximum-diversification, risk-aversion, target-return or "
     "maximum-sharpe",
     NULL, offsetof(rebalance_options, weigh)},
    {"prices", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "of --weigh: wide CSV of prices, date,NAME,NAME,..., with every position", NULL,
     offsetof(rebalance_options, prices)},
    {"from", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "only prices from this date on", NULL,
     offsetof(rebalance_options, from_ns)},
    {"to", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "and to this one, itself included", NULL,
     offsetof(rebalance_options, to_ns)},
    {"covariance", TW_CONFIG_CHOICE, NULL, NULL, NULL, "sample",
     "how it is estimated from them: sample, decaying weights, drawn to a target (Ledoit and Wolf) "
     "or to the identity (oracle)",
     "sample|exponential|shrunk|oracle", offsetof(rebalance_options, covariance)},
    {"invest", TW_CONFIG_PERCENT, "P", "0", "1", "100%", "of --weigh: what the weights add up to",
     NULL, offsetof(rebalance_options, invest)},
    {"weight-min", TW_CONFIG_PERCENT, "P", "0", "1", NULL, "no weight below this", NULL,
     offsetof(rebalance_options, weight_min)},
    {"weight-max", TW_CONFIG_PERCENT, "P", "0", "1", NULL, "and none above this", NULL,
     offsetof(rebalance_options, weight_max)},
    {"risk-aversion", TW_CONFIG_NUMBER, NULL, "1e-9", "1e9", "1", "of --weigh risk-aversion", NULL,
     offsetof(rebalance_options, risk_aversion)},
    {"target-return", TW_CONFIG_NUMBER, NULL, NULL, NULL, "0",
     "of --weigh target-return: a row of the prices", NULL,
     offsetof(rebalance_options, target_return)},
    {"cash", TW_CONFIG_DECIMAL, "AMOUNT", NULL, NULL, "0", "before trading (needed)", NULL,
     offsetof(rebalance_options, cash_nano)},
    {"cash-min", TW_CONFIG_DECIMAL, "AMOUNT", NULL, NULL, "0", "the least to be left", NULL,
     offsetof(rebalance_options, cash_min_nano)},
    {"cash-max", TW_CONFIG_DECIMAL, "AMOUNT", NULL, NULL, "9223372036.854775807",
     "the most to be left; without it there is no limit", NULL,
     offsetof(rebalance_options, cash_max_nano)},
    {"band", TW_CONFIG_PERCENT, "P", "0", "1", "5%",
     "how far a weight may be from its target without a trade", NULL,
     offsetof(rebalance_options, band)},
    {"band-kind", TW_CONFIG_CHOICE, NULL, NULL, NULL, "absolute",
     "a band is a share of everything, of the target, or of the target but at least --band-floor",
     "absolute|relative|hybrid", offsetof(rebalance_options, band_kind)},
    {"band-floor", TW_CONFIG_PERCENT, "P", "0", "1", "0",
     "of --band-kind hybrid: a share of everything", NULL, offsetof(rebalance_options, band_floor)},
    {"aim", TW_CONFIG_CHOICE, NULL, NULL, NULL, "edge",
     "where a position outside its band goes: to the nearest edge, to its target, half way inside, "
     "or all that trade as near to their targets as the cash lets them",
     "edge|target|inner|closest", offsetof(rebalance_options, aim)},
    {"side", TW_CONFIG_CHOICE, NULL, NULL, NULL, "both", "which trades are allowed",
     "both|buy|sell", offsetof(rebalance_options, side)},
    {"lot", TW_CONFIG_DECIMAL, "N", "0", NULL, "1",
     "trades are whole multiples of it; 0: fractions of a share", NULL,
     offsetof(rebalance_options, lot_nano)},
    {"min-trade", TW_CONFIG_DECIMAL, "AMOUNT", "0", NULL, "0", "no trade is worth less", NULL,
     offsetof(rebalance_options, min_trade_nano)},
    {"max-order", TW_CONFIG_DECIMAL, "AMOUNT", "0", NULL, "9223372036.854775807",
     "no order is worth more; a position that would need more trades this and stays outside", NULL,
     offsetof(rebalance_options, order_max_nano)},
    {"max-shares", TW_CONFIG_DECIMAL, "N", "0", NULL, "9223372036.854775807",
     "and none is of more shares", NULL, offsetof(rebalance_options, shares_max_nano)},
    {"cost-bps", TW_CONFIG_NUMBER, "N", "0", "5000", "0",
     "cost of a trade in hundredths of a percent of its value", NULL,
     offsetof(rebalance_options, cost_bps)},
    {"cost-fixed", TW_CONFIG_DECIMAL, "AMOUNT", "0", NULL, "0", "and this for each trade", NULL,
     offsetof(rebalance_options, cost_fixed_nano)},
    {"max-trades", TW_CONFIG_INTEGER, "N", "0", NULL, NULL, "no more trades than this", NULL,
     offsetof(rebalance_options, trades_max)},
    {"max-turnover", TW_CONFIG_PERCENT, "P", "0", "2", NULL,
     "trades are worth at most this share of everything", NULL,
     offsetof(rebalance_options, turnover_max)},
    {"cap-first", TW_CONFIG_CHOICE, NULL, NULL, NULL, "most",
     "who comes home under such a cap: the most positions, or those furthest away", "most|largest",
     offsetof(rebalance_options, cap_first)},
    {"groups", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of groups and their limits: group,symbol,parent,min,max", NULL,
     offsetof(rebalance_options, groups)},
    {"limits", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of limits that may overlap: limit,symbol,factor,min,max,min_amount,max_amount", NULL,
     offsetof(rebalance_options, limits)},
    {"cbc", TW_CONFIG_TEXT, "FILE", NULL, NULL, "cbc",
     "of --limits: the solver CBC, by an absolute path or a name in /usr/local/bin, /usr/bin or "
     "/bin; off: ask none",
     NULL, offsetof(rebalance_options, cbc)},
    {"solve-for", TW_CONFIG_DURATION, NULL, "100ms", "1h", "10s",
     "of --limits: the longest that the solver may take", NULL,
     offsetof(rebalance_options, solve_for_ns)},
    {"lots", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "CSV of tax lots, symbol,quantity,price,date: show which of them the sales close", NULL,
     offsetof(rebalance_options, lots)},
    {"lot-order", TW_CONFIG_TEXT, "ORDER", NULL, NULL, "highest-cost",
     "highest-cost, first-in, last-in, lowest-cost, long-term, loss-first or least-tax", NULL,
     offsetof(rebalance_options, lot_order)},
    {"day", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "of the trades, for their tax; default: today",
     NULL, offsetof(rebalance_options, day_ns)},
    {"tax-short", TW_CONFIG_PERCENT, "P", "0", "1", "37%", "of gains within a year", NULL,
     offsetof(rebalance_options, tax_short)},
    {"tax-long", TW_CONFIG_PERCENT, "P", "0", "1", "20%", "and of others", NULL,
     offsetof(rebalance_options, tax_long)},
    {"short", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "quantities and weights below 0 are allowed", NULL, offsetof(rebalance_options, shorts)},
    {"gross-max", TW_CONFIG_PERCENT, "P", "0", "100", NULL,
     "long and short values together, as a share of everything", NULL,
     offsetof(rebalance_options, gross_max)},
    {"net-min", TW_CONFIG_PERCENT, "P", "-100", "100", NULL, "long less short values, likewise",
     NULL, offsetof(rebalance_options, net_min)},
    {"net-max", TW_CONFIG_PERCENT, "P", "-100", "100", NULL, "and at most", NULL,
     offsetof(rebalance_options, net_max)},
    {"explain", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "show every position with its band and why it trades or does not", NULL,
     offsetof(rebalance_options, explain)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(rebalance_options, json)},
};

const size_t rebalance_option_count =
    sizeof rebalance_option_table / sizeof rebalance_option_table[0];

static bool is_given(const tw_config *config, const char *name) {
    return command_origin(config, name) != TW_CONFIG_FROM_DEFAULT;
}

static tw_status check_targets(const rebalance_options *options, tw_error *error) {
    bool file = options->targets[0] != '\0';
    bool made = options->weigh[0] != '\0';
    tw_target_method method = TW_TARGET_EQUAL;
    if (file == made)
        return tw_error_set(error, TW_USAGE, "give --targets FILE or --weigh METHOD%s",
                            file ? ", not both" : "");
    if (made && tw_target_method_parse(tw_slice_of(options->weigh), &method) != TW_OK)
        return tw_error_set(error, TW_USAGE, "--weigh: there is no method \"%s\"; see --help",
                            options->weigh);
    if (made != (options->prices[0] != '\0'))
        return tw_error_set(error, TW_USAGE,
                            made ? "--weigh needs --prices FILE" : "--prices is for --weigh");
    return TW_OK;
}

/* An option that has no effect without another one. */
static tw_status check_alone(const rebalance_options *options, const tw_config *config,
                             tw_error *error) {
    static const char *const of_lots[] = {"lot-order", "day", "tax-short", "tax-long"};
    static const char *const of_limits[] = {"cbc", "solve-for"};
    static const char *const of_weights[] = {"from",          "to",           "covariance",
                                             "invest",        "weight-min",   "weight-max",
                                             "risk-aversion", "target-return"};
    for (size_t i = 0; options->lots[0] == '\0' && i < sizeof of_lots / sizeof of_lots[0]; i++) {
        if (is_given(config, of_lots[i]))
            return tw_error_set(error, TW_USAGE, "--%s is for --lots FILE", of_lots[i]);
    }
    for (size_t i = 0; options->limits[0] == '\0' && i < sizeof of_limits / sizeof of_limits[0];
         i++) {
        if (command_origin(config, of_limits[i]) == TW_CONFIG_FROM_OPTION)
            return tw_error_set(error, TW_USAGE, "--%s is for --limits FILE", of_limits[i]);
    }
    for (size_t i = 0; options->weigh[0] == '\0' && i < sizeof of_weights / sizeof of_weights[0];
         i++) {
        if (is_given(config, of_weights[i]))
            return tw_error_set(error, TW_USAGE, "--%s is for --weigh METHOD", of_weights[i]);
    }
    return TW_OK;
}

/* What the plan under limits that overlap cannot do. */
static tw_status check_limits(const rebalance_options *options, const tw_config *config,
                              tw_error *error) {
    static const char *const without[] = {"cost-fixed", "max-trades", "max-turnover", "cap-first",
                                          "gross-max",  "net-min",    "net-max"};
    if (options->limits[0] == '\0')
        return TW_OK;
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        if (is_given(config, without[i]))
            return tw_error_set(error, TW_USAGE, "--%s does not go with --limits", without[i]);
    }
    if (options->groups[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--groups does not go with --limits: state each group as a limit");
    if (options->aim == TW_REBALANCE_TO_TARGET || options->aim == TW_REBALANCE_CLOSEST)
        return tw_error_set(error, TW_USAGE, "--limits goes with --aim edge or inner");
    return TW_OK;
}

tw_status rebalance_options_check(const rebalance_options *options, const tw_config *config,
                                  tw_error *error) {
    const char *const read[] = {options->positions, options->targets, options->groups,
                                options->prices,    options->limits,  options->lots};
    size_t streams = 0;
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        streams += strcmp(read[i], "-") == 0 ? 1 : 0;
    if (streams > 1)
        return tw_error_set(error, TW_USAGE, "two files cannot both be standard input");
    if (options->positions[0] == '\0')
        return tw_error_set(error, TW_USAGE, "give --positions FILE");
    tw_status status = check_targets(options, error);
    if (status == TW_OK)
        status = check_alone(options, config, error);
    if (status == TW_OK)
        status = check_limits(options, config, error);
    if (status != TW_OK)
        return status;
    tw_lots_order order = TW_LOTS_HIGHEST_COST;
    if (tw_lots_order_parse(tw_slice_of(options->lot_order), &order) != TW_OK)
        return tw_error_set(error, TW_USAGE, "--lot-order: there is no order \"%s\"; see --help",
                            options->lot_order);
    if (!is_given(config, "cash"))
        return tw_error_set(error, TW_USAGE,
                            "give --cash AMOUNT, which may be 0: buys are paid with it");
    if (options->cash_min_nano > options->cash_max_nano)
        return tw_error_set(error, TW_USAGE, "--cash-min is above --cash-max");
    if (is_given(config, "net-min") && is_given(config, "net-max") &&
        options->net_min > options->net_max)
        return tw_error_set(error, TW_USAGE, "--net-min is above --net-max");
    if (is_given(config, "band-floor") && options->band_kind != TW_BAND_HYBRID)
        return tw_error_set(error, TW_USAGE, "--band-floor is for --band-kind hybrid");
    return TW_OK;
}

static int64_t share_nano(double share) {
    return llround(share * (double)TW_NANO);
}

rebalance_defaults rebalance_options_defaults(const rebalance_options *options) {
    return (rebalance_defaults){.lot_nano = options->lot_nano,
                                .min_trade_nano = options->min_trade_nano,
                                .band_nano = share_nano(options->band),
                                .band_floor_nano = share_nano(options->band_floor),
                                .band_kind = (uint8_t)options->band_kind,
                                .shorts = options->shorts};
}

static const uint8_t sides[] = {TW_RESTRICTION_NONE, TW_RESTRICTION_BUY_ONLY,
                                TW_RESTRICTION_SELL_ONLY};

weight_wishes rebalance_options_wishes(const rebalance_options *options, const tw_config *config) {
    static const uint8_t kinds[] = {TW_COVARIANCE_SAMPLE, TW_COVARIANCE_EXPONENTIAL,
                                    TW_COVARIANCE_SHRUNK, TW_COVARIANCE_ORACLE};
    bool least = is_given(config, "weight-min");
    bool most = is_given(config, "weight-max");
    tw_target_method method = TW_TARGET_EQUAL;
    tw_status status = tw_target_method_parse(tw_slice_of(options->weigh), &method);
    TW_ASSERT(status == TW_OK); /* it was checked */
    weight_wishes wishes = {.prices = options->prices,
                            .from_ns = is_given(config, "from") ? options->from_ns : INT64_MIN,
                            .to_ns = is_given(config, "to") ? options->to_ns : INT64_MAX,
                            .covariance = kinds[options->covariance],
                            .side = sides[options->side],
                            .cash_nano = options->cash_nano,
                            .lower = least ? options->weight_min : 0,
                            .upper = most ? options->weight_max : options->invest,
                            .limited = least || most};
    tw_target_weights_config_init(&wishes.config);
    wishes.config.method = (uint8_t)method;
    wishes.config.budget = options->invest;
    wishes.config.risk_aversion = options->risk_aversion;
    wishes.config.return_per_period = options->target_return;
    return wishes;
}

overlap_wishes rebalance_options_solver(const rebalance_options *options, const tw_config *config) {
    bool off = strcmp(options->cbc, "off") == 0;
    return (overlap_wishes){.program = off ? NULL : options->cbc,
                            .named = is_given(config, "cbc"),
                            .deadline_ns = options->solve_for_ns};
}

rebalance_lots rebalance_options_lots(const rebalance_options *options, const tw_config *config) {
    int64_t day_ns = is_given(config, "day") ? options->day_ns : tw_time_wall_ns();
    tw_lots_order order = TW_LOTS_HIGHEST_COST;
    rebalance_lots lots = {.path = options->lots};
    tw_status status = tw_lots_order_parse(tw_slice_of(options->lot_order), &order);
    TW_ASSERT(status == TW_OK); /* it was checked */
    status = tw_date_to_days(tw_date_of(day_ns), &lots.day);
    TW_ASSERT(status == TW_OK); /* every time has a day */
    tw_tax_lots_config_init(&lots.config);
    lots.config.order = (uint8_t)order;
    lots.config.short_rate_nano = share_nano(options->tax_short);
    lots.config.long_rate_nano = share_nano(options->tax_long);
    return lots;
}

/* The choices of the options stand in the order of the library's enumerators. */
_Static_assert(TW_BAND_ABSOLUTE == 0 && TW_BAND_RELATIVE == 1 && TW_BAND_HYBRID == 2, "bands");
_Static_assert(TW_REBALANCE_TO_EDGE == 0 && TW_REBALANCE_TO_TARGET == 1 &&
                   TW_REBALANCE_TO_INNER == 2 && TW_REBALANCE_CLOSEST == 3,
               "aims");
_Static_assert(TW_CAP_MOST_POSITIONS == 0 && TW_CAP_LARGEST_BREACHES == 1, "caps");

tw_rebalance_config rebalance_options_config(const rebalance_options *options,
                                             const tw_config *config) {
    int64_t rate = llround(options->cost_bps * (double)TW_REBALANCE_BASIS_POINT);
    tw_rebalance_config result;
    tw_rebalance_config_init(&result);
    result.cash.nano = options->cash_nano;
    result.cash_min.nano = options->cash_min_nano;
    result.cash_max.nano = options->cash_max_nano;
    result.cost =
        (tw_trade_cost){rate, rate, {options->cost_fixed_nano}, {options->cost_fixed_nano}};
    result.order_max =
        (tw_rebalance_order_max){{options->order_max_nano}, {options->shares_max_nano}};
    result.aim = (uint8_t)options->aim;
    result.side = sides[options->side];
    result.cap_priority = (uint8_t)options->cap_first;
    result.shorts_allowed = options->shorts ? 1 : 0;
    if (is_given(config, "max-trades"))
        result.trades_max = (size_t)options->trades_max;
    if (is_given(config, "gross-max"))
        result.gross_max_nano = share_nano(options->gross_max);
    if (is_given(config, "net-min"))
        result.net_min_nano = share_nano(options->net_min);
    if (is_given(config, "net-max"))
        result.net_max_nano = share_nano(options->net_max);
    return result;
}
