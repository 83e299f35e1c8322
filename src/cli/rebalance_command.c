/* rebalance_command.c - `tradewind rebalance`: the fewest trades that bring positions home. */
#include "command.h"
#include "interruption.h"
#include "rebalance_options.h"
#include "rebalance_print.h"
#include "tradewind/decimal.h"

/* What one run holds. */
typedef struct rebalance_run {
    const rebalance_options *options;
    const tw_config *config; /* of the options: who said what */
    rebalance_input input;
    weight_report weights;
    tw_rebalance *rebalance;
    tw_rebalance_config rules;
    tw_rebalance_plan plan;
    rebalance_lots lots;
    rebalance_overlap overlap;
} rebalance_run;

static tw_status weigh(rebalance_run *all, tw_error *error) {
    const weight_wishes wishes = rebalance_options_wishes(all->options, all->config);
    return rebalance_weigh(&all->input, &wishes, &all->weights, error);
}

static tw_status read_input(rebalance_run *all, tw_error *error) {
    const rebalance_options *options = all->options;
    const rebalance_defaults defaults = rebalance_options_defaults(options);
    tw_status status = rebalance_positions_read(&all->input, options->positions, &defaults, error);
    if (status == TW_OK && options->weigh[0] == '\0')
        status = rebalance_targets_read(&all->input, options->targets, &defaults, error);
    if (status == TW_OK && options->weigh[0] != '\0')
        status = weigh(all, error);
    if (status == TW_OK && options->groups[0] != '\0')
        status = rebalance_groups_read(&all->input, options->groups, error);
    if (status == TW_OK && options->limits[0] != '\0')
        status = rebalance_overlap_read(&all->overlap, &all->input, options->limits, error);
    return status;
}

/* What the share of a cap on turnover comes to; more than money can be is no cap. */
static tw_status cap_turnover(const rebalance_run *all, tw_money *ret_max, tw_error *error) {
    const rebalance_input *input = &all->input;
    double equity = (double)all->options->cash_nano;
    if (command_origin(all->config, "max-turnover") == TW_CONFIG_FROM_DEFAULT)
        return TW_OK;
    for (size_t i = 0; i < input->count; i++)
        equity += (double)input->positions[i].quantity.nano / (double)TW_NANO *
                  (double)input->positions[i].price.nano;
    double most = all->options->turnover_max * equity / (double)TW_NANO;
    if (most < 0)
        return tw_error_set(error, TW_RANGE,
                            "positions and cash are worth less than nothing: there is no share of "
                            "them");
    if (tw_decimal_from_double(most, &ret_max->nano) != TW_OK)
        ret_max->nano = INT64_MAX;
    return TW_OK;
}

static tw_status compute(rebalance_run *all, tw_error *error) {
    const rebalance_input *input = &all->input;
    tw_rebalance_config *rules = &all->rules;
    *rules = rebalance_options_config(all->options, all->config);
    rules->groups = input->groups;
    rules->group_count = input->group_count;
    rules->order_maxima = input->order_maxima;
    rules->symbols = input->symbols;
    rules->group_names = input->group_names;
    tw_status status = cap_turnover(all, &rules->turnover_max, error);
    if (status != TW_OK)
        return status;
    /* There is room for as many groups as positions. */
    size_t room = input->count > input->group_count ? input->count : input->group_count;
    if (tw_rebalance_new(NULL, room, &all->rebalance) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu positions",
                            input->count);
    all->overlap.wishes = rebalance_options_solver(all->options, all->config);
    if (all->options->limits[0] != '\0')
        status = rebalance_overlap_compute(&all->overlap, all->rebalance, rules, &all->plan, error);
    else
        status = tw_rebalance_compute(all->rebalance, rules, input->positions, input->count,
                                      &all->plan, error);
    if (status == TW_INVALID) /* what the files hold, not how the program was called */
        error->status = status = TW_RANGE;
    return status;
}

static tw_status choose_lots(rebalance_run *all, tw_error *error) {
    if (all->options->lots[0] == '\0')
        return TW_OK;
    all->lots = rebalance_options_lots(all->options, all->config);
    tw_status status = rebalance_lots_read(&all->lots, &all->input, error);
    return status == TW_OK ? rebalance_lots_choose(&all->lots, &all->input, &all->plan, error)
                           : status;
}

static tw_status report(const rebalance_run *all, tw_error *error) {
    const rebalance_result result = {
        .input = &all->input,
        .plan = &all->plan,
        .weights = all->options->weigh[0] != '\0' ? &all->weights : NULL,
        .lots = all->options->lots[0] != '\0' ? &all->lots : NULL,
        .overlap = all->options->limits[0] != '\0' ? &all->overlap : NULL,
        .explain = all->options->explain,
        .trades_max = all->rules.trades_max,
        .turnover_max = all->rules.turnover_max};
    tw_status status =
        all->options->json ? rebalance_print_json(&result, error) : rebalance_print(&result, error);
    if (status != TW_OK || all->plan.feasible)
        return status;
    /* The table has told the reason; of a document a person sees nothing. */
    tw_status refused = all->plan.order_max_at_fault ? TW_LIMIT : TW_INFEASIBLE;
    if (all->options->json)
        return tw_error_set(error, refused, "%s", all->plan.reason);
    return tw_error_set(error, refused, "%s",
                        all->plan.proven ? "there is no such plan" : "no such plan was found");
}

static tw_status run_all(rebalance_run *all, tw_error *error) {
    tw_status status = read_input(all, error);
    if (status == TW_OK)
        status = compute(all, error);
    if (status == TW_OK)
        status = choose_lots(all, error);
    return status == TW_OK ? report(all, error) : status;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    rebalance_run all = {.options = target, .config = &arguments->configs[0]};
    tw_status status = rebalance_options_check(target, all.config, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    status = run_all(&all, error);
    tw_rebalance_free(all.rebalance);
    rebalance_lots_close(&all.lots);
    rebalance_overlap_close(&all.overlap);
    rebalance_input_close(&all.input);
    return status;
}

int command_rebalance(int argc, char **argv) {
    rebalance_options options;
    static const tw_argument_short shorts[] = {
        {'p', "positions"}, {'t', "targets"}, {'c', "cash"}, {'b', "band"}, {'x', "explain"}};
    static const tw_argument_variable variables[] = {{"TRADEWIND_CBC", "cbc"}};
    const tw_arguments_table tables[] = {
        {.section = "rebalance",
         .options = rebalance_option_table,
         .count = rebalance_option_count,
         .target = &options,
         .shorts = shorts,
         .short_count = sizeof shorts / sizeof shorts[0],
         .variables = variables,
         .variable_count = sizeof variables / sizeof variables[0]},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind rebalance",
        .summary =
            "The fewest trades that bring every position into its band and the cash into its\n"
            "window, with little turnover among such plans; and the proof that no plan has\n"
            "fewer, or the reason why there is none (exit status 1). Nothing is sent anywhere.",
        .example =
            "tradewind rebalance --positions held.csv --targets wanted.csv --cash 12500 --band 3%\n"
            "tradewind rebalance --positions held.csv --targets wanted.csv --cash 0 --cash-min "
            "5000 "
            "\\\n    --cost-bps 5 --min-trade 200 --groups sectors.csv --json\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
