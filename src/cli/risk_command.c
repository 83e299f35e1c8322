/* risk_command.c - `tradewind risk`: the risk of a portfolio from the returns of its assets. */
#include "command.h"
#include "interruption.h"
#include "output_file.h"
#include "risk_factors.h"
#include "risk_figures.h"
#include "risk_history.h"
#include "risk_input.h"
#include "risk_options.h"
#include "risk_plot.h"
#include "risk_report.h"
#include "risk_trials.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"

/* What one run holds. */
typedef struct risk_run {
    const risk_options *options;
    const tw_arguments *arguments;
    tw_risk_config config;
    risk_input input;
    tw_workers *workers;
    tw_risk *risk;
    tw_risk_report report;
    risk_history history;
    risk_figures figures;
    risk_factors factors;
    risk_trials trials;
    output_file picture;
} risk_run;

/* A date alone, which is its midnight, is meant with all of its day. */
static int64_t whole_day(int64_t time_ns) {
    bool midnight = time_ns % TW_NS_PER_DAY == 0;
    return midnight && time_ns < INT64_MAX - TW_NS_PER_DAY ? time_ns + TW_NS_PER_DAY - 1 : time_ns;
}

static tw_status read_input(risk_run *all, tw_error *error) {
    const risk_options *options = all->options;
    const tw_config *config = &all->arguments->configs[0];
    bool from = command_origin(config, "from") != TW_CONFIG_FROM_DEFAULT;
    bool to = command_origin(config, "to") != TW_CONFIG_FROM_DEFAULT;
    const risk_wishes wishes = {.returns = options->returns,
                                .prices = options->prices,
                                .weights = options->weights,
                                .positions = options->positions,
                                .benchmark = options->benchmark,
                                .from_ns = from ? options->from_ns : INT64_MIN,
                                .to_ns = to ? whole_day(options->to_ns) : INT64_MAX,
                                .cash_nano = options->cash_nano,
                                .fill = (uint32_t)options->fill};
    if (wishes.from_ns > wishes.to_ns)
        return tw_error_set(error, TW_USAGE, "--from is after --to");
    return risk_input_read(&all->input, &wishes, error);
}

/* ---- The picture --------------------------------------------------------------------------- */

static tw_status draw_series(risk_run *all, risk_plot_asset *assets, tw_error *error) {
    const risk_input *input = &all->input;
    const risk_options *options = all->options;
    const risk_history *history = &all->history;
    char title[2 * TW_CONFIG_TEXT_SIZE];
    const risk_plot plot = {.title = title,
                            .times_ns = history->times_ns,
                            .returns = history->returns,
                            .benchmark = input->benchmark == NULL ? NULL : history->benchmark,
                            .benchmark_name = options->benchmark,
                            .rows = history->rows,
                            .window = (size_t)options->rolling,
                            .periods_per_year = options->periods,
                            .assets = assets,
                            .count = input->assets};
    if (plot.window >= plot.rows)
        return tw_error_set(error, TW_USAGE,
                            "--rolling %zu: there are %zu rows, and a window has to be shorter",
                            plot.window, plot.rows);
    for (size_t i = 0; i < input->assets; i++)
        assets[i] =
            (risk_plot_asset){input->names[i], input->weights[i], all->report.volatility_shares[i],
                              risk_var_share(&all->report, i)};
    risk_title(&all->report, input, title, sizeof title);
    tw_status status = output_file_open(&all->picture, options->plot, error);
    return status == TW_OK ? risk_plot_draw(&plot, all->picture.temporary, error) : status;
}

static tw_status draw(risk_run *all, tw_error *error) {
    const tw_allocator *system = tw_allocator_system();
    risk_plot_asset *assets = TW_NEW(system, all->input.assets, risk_plot_asset);
    if (assets == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a picture");
    tw_status status = draw_series(all, assets, error);
    TW_DELETE(system, assets, all->input.assets, risk_plot_asset);
    return status;
}

/* ---- Run ----------------------------------------------------------------------------------- */

static tw_status compute(risk_run *all, tw_error *error) {
    const risk_input *input = &all->input;
    const tw_risk_input work = {.returns = input->returns,
                                .weights = input->weights,
                                .benchmark = input->benchmark,
                                .observations = input->rows,
                                .assets = input->assets,
                                .names = input->labels,
                                .times_ns = input->times_ns};
    tw_status status = tw_workers_new(NULL, (uint32_t)all->options->threads, &all->workers, error);
    if (status != TW_OK)
        return status;
    all->config.runner = tw_workers_runner(all->workers);
    const tw_risk_maxima maxima = tw_risk_maxima_of(&all->config, input->rows, input->assets);
    if (tw_risk_new(NULL, &maxima, &all->risk) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows of %zu assets",
                            input->rows, input->assets);
    status = tw_risk_compute(all->risk, &all->config, &work, &all->report, error);
    if (status == TW_EMPTY)
        return tw_error_set(error, TW_EMPTY,
                            "%s: no row has a return of all that is held; --from, --weights or "
                            "--fill may help",
                            input->path);
    if (status == TW_INVALID) /* what the file holds, not how the program was called */
        return tw_error_set(error, TW_RANGE, "%s: %s", input->path, error->message);
    return status;
}

/* What the portfolio's own series says, and what is done only when it is asked for. */
static tw_status try_portfolio(risk_run *all, tw_error *error) {
    const risk_options *options = all->options;
    const risk_input *input = &all->input;
    bool drawn = options->plot[0] != '\0';
    bool tested = options->backtest > 0;
    tw_status status = risk_history_make(&all->history, input, &all->report, error);
    if (status == TW_OK)
        status = risk_figures_make(&all->figures, &all->history, &all->config, error);
    if (status == TW_OK && options->stress)
        status = risk_trials_replay(&all->trials, input, error);
    if (status == TW_OK && options->factors[0] != '\0')
        status =
            risk_factors_read(&all->factors, input, options->factors, all->config.runner, error);
    if (status == TW_OK && options->shocks[0] != '\0')
        status = risk_trials_shock(&all->trials, input, &all->factors, options->shocks, error);
    if (status == TW_OK && tested)
        status = risk_trials_test(&all->trials, &all->history, &all->config,
                                  (size_t)options->backtest, error);
    return status == TW_OK && drawn ? draw(all, error) : status;
}

static tw_status report(risk_run *all, tw_error *error) {
    const risk_result result = {.input = &all->input,
                                .config = &all->config,
                                .report = &all->report,
                                .history = &all->history,
                                .figures = &all->figures,
                                .factors = &all->factors,
                                .trials = &all->trials,
                                .benchmark = all->options->benchmark};
    tw_status status =
        all->options->json ? risk_print_json(&result, error) : risk_print(&result, error);
    output_file *const files[] = {&all->picture};
    return status == TW_OK ? output_files_keep(files, 1, error) : status;
}

static tw_status run_all(risk_run *all, tw_error *error) {
    tw_status status = read_input(all, error);
    if (status == TW_OK)
        status = compute(all, error);
    if (status == TW_OK)
        status = try_portfolio(all, error);
    return status == TW_OK ? report(all, error) : status;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    static risk_run all; /* too large for a stack of functions */
    all = (risk_run){.options = target, .arguments = arguments};
    tw_status status = risk_options_check(target, error);
    if (status == TW_OK)
        status = risk_options_config(target, &all.config, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    status = run_all(&all, error);
    output_file_drop(&all.picture);
    risk_trials_free(&all.trials);
    risk_factors_free(&all.factors);
    risk_history_free(&all.history);
    tw_risk_free(all.risk);
    tw_workers_free(all.workers);
    risk_input_close(&all.input);
    return status;
}

int command_risk(int argc, char **argv) {
    risk_options options;
    static const tw_argument_short shorts[] = {{'r', "returns"},
                                               {'p', "prices"},
                                               {'w', "weights"},
                                               {'b', "benchmark"},
                                               {'c', "confidence"}};
    const tw_arguments_table tables[] = {
        {.section = "risk",
         .options = risk_option_table,
         .count = risk_option_count,
         .target = &options,
         .shorts = shorts,
         .short_count = sizeof shorts / sizeof shorts[0]},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind risk",
        .summary =
            "The risk of a portfolio: volatility, ratios, drawdown, value at risk by several\n"
            "methods, and what each asset contributes. Weights are constant: they are\n"
            "restored every period. Files are wide CSV (date,NAME,NAME,...), plain, gzip or\n"
            "zstd; - is standard input.",
        .example = "tradewind risk --prices closes.csv --benchmark SPY --risk-free 2%/year\n"
                   "tradewind risk --returns returns.csv --weights weights.csv --json\n"
                   "tradewind risk --prices closes.csv --from 2018-01-01 --plot risk.png\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
