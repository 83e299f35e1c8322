/*
 * run_parts.c - puts a session together, and takes it apart.
 *
 *     exchange (demo) -> symbols -> strategy -> store -> venue -> recorder -> engine -> who looks
 */
#include "run_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_limits.h"
#include "run_past.h"
#include "run_symbols.h"

enum { LEVEL_COUNT_MAX = 1 << 18, ORDER_COUNT_MAX = 16384 };

static const int64_t TIMEFRAMES_NS[] = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, 5 * TW_NS_PER_MINUTE,
                                        TW_NS_PER_HOUR, TW_NS_PER_DAY};

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
                              .symbol_count_max = RUN_SYMBOL_COUNT_MAX,
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

static void tell_news(void *context, const tw_venue_news *news) {
    outage_log_take(&((run_session *)context)->outages, news, tw_time_monotonic_ns());
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
    session->outages.to =
        (tw_log){.level = TW_LOG_INFO, .sink = run_session_write_line, .context = session};
    tw_venue_config config = {
        .trading_url = to->trading,
        .data_url = demo ? to->trading : access->data_url,
        .data_stream_url = to->data_stream,
        .trading_stream_url = to->trading_stream,
        .key_id = demo ? session->exchange_config.key : access->key_id,
        .secret = demo ? session->exchange_config.secret : access->secret,
        .stepped = session->stepped,
        .levels = demo,
        .passing = run_account_is_passing(session),
        .symbol_count = session->symbol_count,
        .history_days = (uint32_t)options->history_days,
        .patience_ns = options->away_ns,
        .speed = session->stepped ? 0.0
                 : demo           ? session->exchange_config.speed
                                  : 1.0,
        .on_events = session->stepped ? NULL : wake_engine,
        .on_call = options->slow_ns > 0 ? tell_call : NULL,
        .on_news = tell_news,
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
    tw_recorder_config config = {.commit_rows = (uint32_t)session->options->commit_rows,
                                 .commit_delay_ns = session->options->commit_delay_ns,
                                 .on_work = wake_recorder,
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
    tw_recovery *past = NULL;
    engine_config_of(session, &config);
    config.epoch = tw_store_epoch(session->store);
    tw_status status = run_past_read(session, &config, &past, error);
    if (status == TW_OK) {
        config.account = run_account_is_passing(session) ? 0 : tw_recovery_account(past);
        config.intent_sequence = tw_recovery_intent(past);
        config.past_ns = tw_recovery_past(past, &config.past);
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
        status = run_past_hand_over(session, past, error);
    tw_recovery_free(past);
    return status == TW_OK ? begin_run(session, error) : status;
}

static void on_control(void *context, tw_kill_level level) {
    (void)level;
    run_kill_changed(&((run_session *)context)->kill);
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

/* ---- all of them ---------------------------------------------------------------------------- */

tw_status run_parts_make(run_session *session, tw_error *error) {
    tw_status status = choose_database(session, error);
    if (status == TW_OK && session->options->venue == RUN_DEMO)
        status = open_exchange(session, error);
    if (status == TW_OK)
        status = run_symbols_make(session, error);
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

void run_parts_free(run_session *session) {
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
    TW_DELETE(NULL, session->targets, RUN_SYMBOL_COUNT_MAX, double);
}

/* A name that was made for this run alone, and whatever has been put beside it. */
void run_parts_drop_temporary(const run_session *session) {
    char folder[TW_CONFIG_TEXT_SIZE];
    if (!session->temporary)
        return;
    snprintf(folder, sizeof folder, "%s", session->database);
    char *name = strrchr(folder, '/') + 1;
    size_t size = strlen(name);
    name[-1] = '\0';
    DIR *names = opendir(folder);
    if (names == NULL) {
        fprintf(stderr, "tradewind run: %s cannot be removed\n", session->database);
        return;
    }
    const struct dirent *entry;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
    while ((entry = readdir(names)) != NULL) {
        if (strncmp(entry->d_name, name, size) == 0 &&
            unlinkat(dirfd(names), entry->d_name, 0) != 0)
            fprintf(stderr, "tradewind run: %s/%s cannot be removed\n", folder, entry->d_name);
    }
    closedir(names);
}
