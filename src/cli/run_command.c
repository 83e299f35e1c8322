/*
 * run_command.c - `tradewind run`: puts a session together, trades, reports, takes it apart.
 *
 *     options -> exchange (demo) -> symbols -> store -> venue -> recorder -> engine -> trade
 *
 * Whatever fails on the way, what was recorded until then is committed and the store is closed.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "named_rows.h"
#include "run_limits.h"
#include "run_past.h"
#include "run_safety.h"
#include "run_session.h"
#include "tradewind/tape.h"

enum { SYMBOL_COUNT_MAX = 8192, LEVEL_COUNT_MAX = 1 << 18, ORDER_COUNT_MAX = 16384 };

/* A target that no row has set yet. */
static const double TARGET_NONE = -1.0;

static const int64_t DURATION_NS_DEFAULT = 30 * TW_NS_PER_MINUTE;

static const int64_t TIMEFRAMES_NS[] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, 5 * TW_NS_PER_MINUTE,
                                        TW_NS_PER_HOUR, TW_NS_PER_DAY};

/* ---- symbols and targets ------------------------------------------------------------------- */

static tw_status add_symbol(run_session *session, tw_slice name, tw_error *error) {
    tw_symbol symbol;
    tw_status status = tw_symbols_intern(session->symbols, tw_slice_trim(name), &symbol);
    if (status != TW_OK)
        tw_error_set(error, status == TW_FULL ? TW_FULL : TW_USAGE,
                     "\"%.*s\" cannot be a symbol: %s", (int)name.size, name.data,
                     tw_status_sentence(status));
    return status;
}

enum { TARGET_SYMBOL, TARGET_WEIGHT };

static tw_status read_weight(const named_rows *rows, double *total, double *ret_weight,
                             tw_error *error) {
    static const char wanted[] = "a number like 0.25 for the weight";
    tw_status status = named_rows_number(rows, TARGET_WEIGHT, wanted, ret_weight, error);
    if (status != TW_OK)
        return status;
    if (!(*ret_weight >= 0.0 && *ret_weight <= 1.0))
        return named_rows_bad(rows, TARGET_WEIGHT, TW_RANGE, error,
                              "the weight must be 0 to 1, not %.6g", *ret_weight);
    *total += *ret_weight;
    if (*total > 1.0 + 1e-9)
        return named_rows_bad(rows, TARGET_WEIGHT, TW_RANGE, error,
                              "the weights add up to %.6g here, which is more than 1", *total);
    return TW_OK;
}

/* Reads one row. Symbols are added to the table unless the exchange fixed them. */
static tw_status read_target(run_session *session, const named_rows *rows, double *total,
                             tw_error *error) {
    tw_slice name = named_rows_field(rows, TARGET_SYMBOL);
    double weight = 0.0;
    tw_status status = read_weight(rows, total, &weight, error);
    if (status != TW_OK)
        return status;
    if (session->exchange == NULL && add_symbol(session, name, error) != TW_OK)
        return named_rows_bad(rows, TARGET_SYMBOL, error->status == TW_FULL ? TW_FULL : TW_PARSE,
                              error, "\"%.*s\" cannot be a symbol", (int)name.size, name.data);
    tw_symbol symbol = tw_symbols_find(session->symbols, name);
    if (symbol == TW_SYMBOL_NONE)
        return named_rows_bad(rows, TARGET_SYMBOL, TW_RANGE, error,
                              "the exchange has no symbol \"%.*s\"; name it with --symbols",
                              (int)name.size, name.data);
    if (session->targets[symbol] != TARGET_NONE)
        return named_rows_bad(rows, TARGET_SYMBOL, TW_PARSE, error, "\"%.*s\" is there twice",
                              (int)name.size, name.data);
    session->targets[symbol] = weight;
    return TW_OK;
}

/* The file is one of targets of `rebalance`, too, whose bands are not used here. */
static tw_status read_target_rows(run_session *session, size_t *ret_count, tw_error *error) {
    static const named_column columns[] = {{"symbol", true}, {"weight", true}, {"band", false}};
    named_rows rows;
    double total = 0.0;
    tw_status status = named_rows_open(&rows, session->options->targets, columns,
                                       sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = read_target(session, &rows, &total, error);
        *ret_count += status == TW_OK ? 1 : 0;
    }
    named_rows_close(&rows);
    return status;
}

/* Symbols that the file does not name have the target zero. */
static tw_status read_targets(run_session *session, tw_error *error) {
    size_t count = 0;
    if (session->options->targets[0] == '\0')
        return TW_OK;
    session->targets = TW_NEW(NULL, SYMBOL_COUNT_MAX, double);
    if (session->targets == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the targets");
    for (size_t i = 0; i < SYMBOL_COUNT_MAX; i++)
        session->targets[i] = TARGET_NONE;
    tw_status status = read_target_rows(session, &count, error);
    if (status != TW_EMPTY)
        return status;
    if (count == 0)
        return tw_error_set_at(error, TW_EMPTY, session->options->targets, 1, 0,
                               "there is no target after the header");
    for (size_t i = 0; i < SYMBOL_COUNT_MAX; i++)
        session->targets[i] = fmax(session->targets[i], 0.0);
    return TW_OK;
}

static tw_status add_symbol_list(run_session *session, tw_error *error) {
    tw_slice rest = tw_slice_of(session->market->symbols);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.size > 0)
        status = add_symbol(session, tw_slice_split(&rest, ','), error);
    return status;
}

static tw_status make_symbols(run_session *session, tw_error *error) {
    tw_status status = tw_symbols_new(NULL, SYMBOL_COUNT_MAX, &session->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the symbols");
    for (uint32_t i = 0; session->exchange != NULL && status == TW_OK &&
                         i < tw_exchange_symbol_count(session->exchange);
         i++)
        status =
            add_symbol(session, tw_slice_of(tw_exchange_symbol_name(session->exchange, i)), error);
    if (status == TW_OK && session->exchange == NULL)
        status = add_symbol_list(session, error);
    if (status == TW_OK)
        status = read_targets(session, error);
    session->symbol_count = tw_symbols_count(session->symbols);
    if (status == TW_OK && session->symbol_count == 0)
        status = tw_error_set(error, TW_USAGE,
                              "there is nothing to trade: name symbols with --symbols AAPL,MSFT or "
                              "weights with --targets FILE");
    return status;
}

/* ---- store --------------------------------------------------------------------------------- */

/* A demo without --db writes a new file, so that nobody's data is touched. */
static tw_status choose_database(run_session *session, tw_error *error) {
    const char *named = session->options->database;
    if (named[0] != '\0' || session->options->venue != RUN_DEMO) {
        snprintf(session->database, sizeof session->database, "%s",
                 named[0] != '\0' ? named : "tradewind.db");
        return TW_OK;
    }
    const char *folder = secure_getenv("TMPDIR");
    snprintf(session->database, sizeof session->database, "%s/tradewind-demo-XXXXXX.db",
             folder != NULL && folder[0] == '/' ? folder : "/tmp");
    int fd = mkstemps(session->database, 3);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be made", session->database);
    close(fd);
    session->temporary = true;
    return TW_OK;
}

static tw_status open_store(run_session *session, tw_error *error) {
    tw_store_config config = {.path = session->database,
                              .symbols = session->symbols,
                              .symbol_count_max = SYMBOL_COUNT_MAX,
                              .mode = TW_STORE_WRITE};
    if (session->stepped)
        config.epoch = (UINT64_C(1) << 63) | session->exchange_config.seed;
    tw_status status = tw_store_open(&config, &session->store, error);
    if (status == TW_OK) /* from here on it is only named, and a password is not for that */
        snprintf(session->database, sizeof session->database, "%s", tw_store_path(session->store));
    return status == TW_OK ? tw_store_last_sequence(session->store, &session->first_sequence, error)
                           : status;
}

/* The run's row, once nothing has refused it: the next one takes its venue for where orders are. */
static tw_status begin_run(run_session *session, tw_error *error) {
    tw_store_run run = {.started_ns = tw_time_wall_ns(),
                        .seed = session->exchange_config.seed,
                        .venue = tw_slice_of(run_venue_name(session)),
                        .strategy = tw_slice_of(run_strategy_word(&session->strategy))};
    tw_status status = tw_store_put_run(session->store, &run, &session->run_id, error);
    return status == TW_OK ? tw_store_commit(session->store, TW_STORE_FULL, error) : status;
}

/* ---- the demo's exchange ------------------------------------------------------------------- */

/* Beside the store, so that a demo that was killed finds its orders and its cash again. A stepped
 * exchange begins anew each time, since a seed must repeat a run; so does a tape. */
static void choose_state(run_session *session) {
    tw_exchange_config *config = &session->exchange_config;
    if (config->state != NULL || session->stepped || config->tape != NULL ||
        tw_store_is_server(session->database))
        return;
    snprintf(session->exchange_state, sizeof session->exchange_state, "%s-exchange",
             session->database);
    config->state = session->exchange_state;
}

static tw_status open_exchange(run_session *session, tw_error *error) {
    run_past_continue_market(session);
    choose_state(session);
    tw_status status = tw_exchange_open(NULL, &session->exchange_config, &session->exchange, error);
    if (status == TW_INVALID && session->exchange_state[0] != '\0') {
        tw_error cause = *error;
        status = tw_error_set(error, TW_USAGE, "%s: %s; or take another --db",
                              session->exchange_state, cause.message);
    }
    if (status != TW_OK && session->temporary)
        unlink(session->database);
    return status;
}

/* ---- parts --------------------------------------------------------------------------------- */

static void wake_recorder(void *context) {
    run_session *session = context;
    if (session->recorder_thread.loop != NULL)
        tw_loop_wake(session->recorder_thread.loop);
}

static void wake_engine(void *context) {
    tw_loop_wake(((run_session *)context)->loop);
}

static void tell_call(void *context, const tw_venue_call *call) {
    run_monitor_on_call(&((run_session *)context)->monitor, call);
}

static void tell_commit(void *context, const tw_recorder_commit *commit) {
    run_monitor_on_commit(&((run_session *)context)->monitor, commit);
}

/* "http://host" becomes "ws://host/stream". */
static void stream_url_of(const char *url, const char *path, char *buffer, size_t capacity) {
    bool secure = strncmp(url, "https://", 8) == 0;
    const char *host = strstr(url, "://");
    snprintf(buffer, capacity, "%s://%s%s", secure ? "wss" : "ws", host != NULL ? host + 3 : url,
             path);
}

static tw_status make_venue(run_session *session, tw_error *error) {
    run_addresses *to = &session->addresses;
    const run_options *options = session->options;
    const venue_options *access = session->access;
    bool demo = session->exchange != NULL;
    if (demo)
        snprintf(to->trading, sizeof to->trading, "http://127.0.0.1:%u",
                 tw_exchange_port(session->exchange));
    else if (access->trading_url[0] != '\0')
        snprintf(to->trading, sizeof to->trading, "%s", access->trading_url);
    else
        snprintf(to->trading, sizeof to->trading, "%s",
                 options->venue == RUN_LIVE ? VENUE_LIVE_URL : VENUE_PAPER_URL);
    stream_url_of(to->trading, "/stream", to->trading_stream, sizeof to->trading_stream);
    if (demo)
        stream_url_of(to->trading, "/v2/iex", to->data_stream, sizeof to->data_stream);
    else
        snprintf(to->data_stream, sizeof to->data_stream, "%s/v2/%.32s", access->stream_url,
                 access->feed);
    tw_venue_config config = {
        .trading_url = to->trading,
        .data_url = demo ? to->trading : access->data_url,
        .data_stream_url = to->data_stream,
        .trading_stream_url = to->trading_stream,
        .key_id = demo ? session->exchange_config.key : access->key_id,
        .secret = demo ? session->exchange_config.secret : access->secret,
        .stepped = session->stepped,
        .levels = demo,
        .symbol_count = session->symbol_count,
        .history_days = (uint32_t)options->history_days,
        .patience_ns = options->away_ns,
        .speed = session->stepped ? 0.0
                 : demo           ? session->exchange_config.speed
                                  : 1.0,
        .on_events = session->stepped ? NULL : wake_engine,
        .on_call = options->slow_ns > 0 ? tell_call : NULL,
        .trace_every =
            options->metrics[0] != '\0' || options->listen[0] != '\0' ? RUN_TRACE_EVERY : 0,
        .flight = session->monitor.flight,
        .context = session,
    };
    return tw_venue_new(NULL, &config, session->symbols, &session->venue, error);
}

static void engine_config_of(const run_session *session, tw_engine_config *config) {
    const run_options *options = session->options;
    *config = (tw_engine_config){
        .strategy_name = "tradewind",
        .journal_sequence = session->first_sequence,
        .symbol_count = session->symbol_count,
        .order_count_max = ORDER_COUNT_MAX,
        .level_count_max = LEVEL_COUNT_MAX,
        .history_days_max = (uint32_t)options->history_days,
        .window_count = (uint32_t)options->window_count,
        .timeframe_count = sizeof TIMEFRAMES_NS / sizeof TIMEFRAMES_NS[0],
        .target_weights = session->targets,
        .cash_weight = options->cash_weight,
        .band = options->band,
        .rebalance_interval_ns = options->rebalance_interval_ns,
        .order_patience_ns = options->patience_ns,
        .duration_ns = options->duration_ns,
        .lot = {TW_NANO},
        .warm_ns_max = 2 * TW_NS_PER_MINUTE,
        .decision_gap_ns = 5 * TW_NS_PER_SECOND,
        .resume_ns_max = options->resume_ns,
        /* Answers come when they come: a stepped run would not be repeated by its seed. */
        .reconcile_ns = session->stepped ? 0 : options->reconcile_ns,
        .difference_max = (uint32_t)options->difference_max,
        .monotonic_ns = tw_time_monotonic_ns,
        .flight = session->monitor.flight,
    };
    memcpy(config->timeframes_ns, TIMEFRAMES_NS, sizeof TIMEFRAMES_NS);
    run_limits_apply(options, session->limits, &config->controls);
    config->kill_on_stop = (tw_kill_level)session->limits->on_stop;
    run_strategy_apply(&session->strategy, config);
}

/* Before there is a store: a strategy that cannot be loaded leaves none behind. */
static tw_status open_strategy(run_session *session, tw_error *error) {
    tw_engine_config config;
    engine_config_of(session, &config);
    return run_strategy_open(&session->strategy, session->symbols, &config, session->stepped,
                             error);
}

static tw_status make_recorder(run_session *session, tw_error *error) {
    tw_recorder_config config = {.on_work = wake_recorder,
                                 .on_durable = session->stepped ? NULL : wake_engine,
                                 .on_commit = session->options->slow_ns > 0 ? tell_commit : NULL,
                                 .flight = session->monitor.flight,
                                 .context = session};
    tw_status status =
        tw_recorder_new(NULL, &config, session->store, session->first_sequence, &session->recorder);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "no memory for the recorder");
}

/* Recorder and engine, with what an earlier run of this store left open. */
static tw_status make_engine(run_session *session, tw_error *error) {
    tw_engine_config config;
    tw_engine_ports ports = {0};
    run_past past = {0};
    engine_config_of(session, &config);
    config.epoch = tw_store_epoch(session->store);
    tw_status status = run_past_read(session, &config, &past, error);
    if (status == TW_OK) {
        config.intent_sequence = tw_recovery_intent(past.recovery);
        config.journal_sequence = session->first_sequence;
        status = make_recorder(session, error);
    }
    tw_venue_ports(session->venue, &ports.feed, &ports.broker);
    if (status == TW_OK)
        tw_recorder_port(session->recorder, &ports.store);
    run_recording_parts parts = {
        .database = session->database,
        .symbols = session->symbols,
        .config = &config,
        .ports = &ports,
        .zone = {session->strategy.zone_bytes, session->strategy.zone_size},
        .stepped = session->stepped};
    if (status == TW_OK)
        status = run_recording_start(&session->recording, session->options, &parts, error);
    if (status == TW_OK)
        status = tw_engine_new(NULL, &config, session->symbols, &ports, &session->engine, error);
    if (status == TW_OK)
        status = run_past_hand_over(session, &past, error);
    run_past_done(&past);
    return status == TW_OK ? begin_run(session, error) : status;
}

static void on_control(void *context, tw_kill_level level) {
    run_kill_changed(&((run_session *)context)->kill, level);
}

static tw_status start_dashboard(run_session *session, tw_error *error) {
    const tw_dashboard_config parts = {
        .engine = session->engine,
        .symbols = session->symbols,
        .symbol_count = session->symbol_count,
        .venue = session->venue,
        .recorder = session->recorder,
        .timeframes_ns = TIMEFRAMES_NS,
        .timeframe_count = sizeof TIMEFRAMES_NS / sizeof TIMEFRAMES_NS[0],
        .venue_name = run_venue_name(session),
        .strategy = run_strategy_word(&session->strategy),
        .run = session->run_id,
        .speed = session->exchange != NULL ? session->exchange_config.speed : 1.0,
        .on_control = on_control,
        .context = session,
    };
    return run_dashboard_start(&session->dashboard, session->options, &parts, session->database,
                               error);
}

static tw_status make_session(run_session *session, tw_error *error) {
    tw_status status = choose_database(session, error);
    if (status == TW_OK && session->options->venue == RUN_DEMO)
        status = open_exchange(session, error);
    if (status == TW_OK)
        status = make_symbols(session, error);
    if (status == TW_OK)
        status = open_strategy(session, error);
    if (status == TW_OK)
        status = tw_loop_new(NULL, &session->loop, error);
    if (status == TW_OK) /* from here on there is something that an interrupt could harm */
        status = run_session_listen(session, error);
    if (status == TW_OK)
        status = open_store(session, error);
    if (status == TW_OK)
        status = run_monitor_prepare(&session->monitor, session->options, session->database, error);
    if (status == TW_OK && !session->stepped)
        status = tw_loop_new(NULL, &session->recorder_thread.loop, error);
    if (status == TW_OK)
        status = make_venue(session, error);
    if (status != TW_OK)
        return status;
    status = make_engine(session, error);
    if (status == TW_OK)
        status = run_kill_start(&session->kill, session->database, session->engine, session->loop,
                                error);
    if (status != TW_OK)
        return status;
    tw_telemetry_config parts = {
        .engine = session->engine, .venue = session->venue, .recorder = session->recorder};
    status = run_monitor_start(&session->monitor, session->options, &parts, error);
    return status == TW_OK ? start_dashboard(session, error) : status;
}

static void free_session(run_session *session) {
    run_session_join(session);
    run_dashboard_stop(&session->dashboard);
    run_kill_stop(&session->kill);
    if (session->kill.engine != NULL) /* what was killed while the report was written */
        run_kill_turn(&session->kill);
    run_monitor_stop(&session->monitor);
    run_recording_stop(&session->recording);
    tw_engine_free(session->engine);
    run_strategy_close(&session->strategy);
    tw_venue_free(session->venue);
    tw_recorder_free(session->recorder);
    tw_exchange_close(session->exchange);
    tw_loop_free(session->recorder_thread.loop);
    tw_loop_free(session->loop);
    tw_store_free(session->store);
    tw_symbols_free(session->symbols);
    run_monitor_free(&session->monitor);
    TW_DELETE(NULL, session->targets, SYMBOL_COUNT_MAX, double);
}

/* ---- the whole run ------------------------------------------------------------------------- */

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
    status = make_session(&session, &error);
    int ending = status == TW_OK ? trade_and_report(&session) : command_failed("run", &error);
    run_service_stop(&session.service);
    free_session(&session);
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
