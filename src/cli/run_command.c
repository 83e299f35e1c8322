/*
 * run_command.c - `tradewind run`: puts a session together, trades, reports, takes it apart.
 *
 *     options -> run_parts_make -> run_session_trade -> report -> run_parts_free
 *
 * Whatever fails on the way, what was recorded until then is committed and the store is closed.
 */
#include <string.h>

#include "command.h"
#include "interruption.h"
#include "run_limits.h"
#include "run_parts.h"
#include "run_safety.h"

static const int64_t DURATION_NS_DEFAULT = 30 * TW_NS_PER_MINUTE;

/* What a run that was interrupted leaves behind, in one sentence. */
static void tell_interrupted(const run_session *session, tw_error *ending) {
    tw_engine_report report;
    tw_engine_get_report(session->engine, &report, NULL);
    uint64_t open = report.orders_open + report.orders_unknown + report.orders_adopted_open;
    if (open > 0)
        tw_error_set(ending, TW_INTERRUPTED,
                     "interrupted; %llu orders could not be cancelled in time and may be open at "
                     "the venue; the next run with --db %s brings them to their end",
                     (unsigned long long)open, session->database);
    else
        tw_error_set(ending, TW_INTERRUPTED,
                     "interrupted; no order is left open; what was committed is in %s",
                     session->database);
}

/* Records and reports whatever came of the trading. The first failure is the one that is told;
 * one of the store comes before all others, because nothing after it was recorded. */
static void report(run_session *session, tw_error *ending) {
    tw_error error = {0};
    run_figures *figures = NULL;
    tw_status status = tw_recorder_flush(session->recorder, &error);
    if (status == TW_OK)
        status = run_report_measure(session, &figures, &error);
    if (status == TW_OK)
        status = run_report_store(session, figures, ending->status, &error);
    const tw_error *store_failure = tw_recorder_failure(session->recorder);
    if (store_failure->status != TW_OK)
        *ending = *store_failure;
    else if (ending->status == TW_OK && status != TW_OK)
        *ending = error;
    if (store_failure->status == TW_OK && figures != NULL) {
        status = run_report_print(session, figures, ending->status, &error);
        if (status != TW_OK && (ending->status == TW_OK || ending->status == TW_INTERRUPTED))
            *ending = error;
    }
    run_report_free(session, figures);
}

static int trade_and_report(run_session *session) {
    tw_error ending = {0};
    tw_error error = {0};
    ending.status = run_session_trade(session, &ending);
    run_recording_stop(&session->recording);
    if (ending.status == TW_OK && session->interrupted)
        tell_interrupted(session, &ending);
    report(session, &ending);
    tw_status status = tw_store_close(session->store, &error);
    session->store = NULL;
    if (ending.status == TW_OK && status != TW_OK)
        ending = error;
    if (ending.status == TW_OK && interruption_requested())
        tw_error_set(&ending, TW_INTERRUPTED,
                     "interrupted while the report was written, which is whole");
    return ending.status == TW_OK ? EXIT_DONE : command_failed("run", &ending);
}

/* Before anything is made: TW_USAGE for an address that is none. */
static tw_status read_addresses(run_session *session, tw_error *error) {
    const run_options *options = session->options;
    tw_status status = TW_OK;
    if (options->metrics[0] != '\0')
        status =
            listen_address_read(options->metrics, "--metrics", &session->monitor.address, error);
    if (status == TW_OK && options->listen[0] != '\0')
        status =
            listen_address_read(options->listen, "--listen", &session->dashboard.address, error);
    return status;
}

static int run(const run_options *options, const run_limits *limits,
               const run_strategy_options *strategy, const exchange_options *market,
               const venue_options *access) {
    run_session session = {
        .options = options, .limits = limits, .market = market, .access = access};
    tw_error error = {0};
    run_kill_block_signal();
    tw_status status = run_safety_check(options, limits, access, &error);
    if (status == TW_OK)
        status = run_strategy_prepare(&session.strategy, options, strategy, &error);
    if (status == TW_OK)
        status = read_addresses(&session, &error);
    if (status == TW_OK)
        status = run_service_start(&session.service, &error);
    if (status == TW_OK)
        status = exchange_options_apply(market, &session.exchange_config, &error);
    if (status != TW_OK)
        return command_failed("run", &error);
    if (session.exchange_config.clock == TW_EXCHANGE_REAL && strcmp(market->clock, "real") == 0)
        session.exchange_config.speed = options->speed;
    session.stepped =
        options->venue == RUN_DEMO && session.exchange_config.clock == TW_EXCHANGE_STEP;
    status = run_parts_make(&session, &error);
    int ending = status == TW_OK ? trade_and_report(&session) : command_failed("run", &error);
    run_service_stop(&session.service);
    run_parts_free(&session);
    if (status != TW_OK) /* nothing began, so that nobody looks for what it left */
        run_parts_drop_temporary(&session);
    return ending;
}

int command_run(int argc, char **argv) {
    static run_options options;
    static run_limits limits;
    static exchange_options market;
    static tw_config_option market_table[EXCHANGE_OPTION_COUNT];
    exchange_options_of_demo(market_table);
    static venue_options access;
    static run_strategy_options strategy;
    static const tw_argument_short run_shorts[] = {{'d', "db"}, {'q', "quiet"}};
    static const tw_argument_short market_shorts[] = {{'s', "symbols"}};
    const tw_arguments_table tables[] = {
        {.heading = "Trading",
         .section = "run",
         .options = run_option_table,
         .count = run_option_count,
         .target = &options,
         .shorts = run_shorts,
         .short_count = 2},
        run_limits_arguments("Limits of orders", &limits),
        {.heading = "The market of --venue demo",
         .section = "exchange",
         .options = market_table,
         .count = EXCHANGE_OPTION_COUNT,
         .target = &market,
         .shorts = market_shorts,
         .short_count = 1,
         .others = exchange_listen_table,
         .other_count = EXCHANGE_LISTEN_COUNT},
        venue_arguments("The venue of paper and live", &access),
        run_strategy_arguments("Strategy and schedule", &strategy),
    };
    const tw_arguments_spec spec = {
        .command = "tradewind run",
        .summary = "Trades target weights: market data in, orders out, everything recorded.",
        .example = "  tradewind run --venue demo\n"
                   "  tradewind run --clock step --seed 7 --json\n"
                   "  tradewind run --venue paper --symbols AAPL,MSFT --strategy equal\n",
        .tables = tables,
        .table_count = RUN_TABLE_COUNT,
    };
    static tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    if (!run_safety_origins(&arguments, &options))
        return EXIT_LIMIT;
    if (command_origin(&arguments.configs[RUN_TABLE], "duration") == TW_CONFIG_FROM_DEFAULT &&
        market.tape[0] == '\0')
        options.duration_ns = DURATION_NS_DEFAULT;
    if (command_origin(&arguments.configs[RUN_TABLE], "rebalance-every") ==
            TW_CONFIG_FROM_DEFAULT &&
        strategy.times[0] != '\0')
        options.rebalance_interval_ns = 0;
    return run(&options, &limits, &strategy, &market, &access);
}
