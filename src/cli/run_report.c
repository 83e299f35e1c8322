/*
 * run_report.c - what a run did, measured once at its end: for people, for machines, and into the
 * store.
 *
 * The JSON document is made once; the store keeps the same bytes that --json prints.
 */
#include "run_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_SIZE = 4 * 1024 * 1024 };

const char *run_venue_name(const run_session *session) {
    switch ((run_venue)session->options->venue) {
    case RUN_DEMO:
        return "demo";
    case RUN_PAPER:
        return "paper";
    case RUN_LIVE:
        return "live";
    }
    return "?";
}

bool run_holding_is_outside(const tw_engine_holding *holding) {
    return holding->weight_after < holding->band_low || holding->weight_after > holding->band_high;
}

/* ---- measuring ----------------------------------------------------------------------------- */

/* A portfolio that holds nothing, or a history too short, has no such figures. */
static void measure_risk(const run_session *session, run_figures *figures) {
    uint32_t n = session->symbol_count;
    double *weights = TW_NEW(NULL, n, double);
    tw_error unknown = {0};
    if (weights == NULL)
        return;
    for (uint32_t s = 0; s < n; s++)
        weights[s] = figures->holdings[s].weight_before;
    if (tw_engine_risk_of(session->engine, weights, &figures->risk_before, &unknown) != TW_OK)
        figures->risk_before = (tw_engine_risk){0};
    for (uint32_t s = 0; s < n; s++)
        weights[s] = figures->holdings[s].weight_after;
    if (tw_engine_risk_of(session->engine, weights, &figures->risk_after, &unknown) != TW_OK)
        figures->risk_after = (tw_engine_risk){0};
    TW_DELETE(NULL, weights, n, double);
}

/* Orders with their reasons, what they cost, and whether the exchange says the same. */
static tw_status measure_orders(const run_session *session, run_figures *figures, tw_error *error) {
    order_filter filter = {.symbol = TW_SYMBOL_NONE, .limit = ORDER_ROWS_MAX};
    if (session->exchange == NULL)
        filter.from_sequence = session->first_sequence + 1;
    tw_status status = order_rows_read(session->store, &filter, &figures->orders, error);
    if (status == TW_OK)
        status = run_costs_measure(&figures->orders, session->first_sequence, session->symbol_count,
                                   &figures->costs, error);
    if (status != TW_OK || session->exchange == NULL)
        return status;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "tradewind-%016llx-",
             (unsigned long long)tw_store_epoch(session->store));
    run_audit_sides sides = {.exchange = session->exchange,
                             .symbols = session->symbols,
                             .orders = &figures->orders,
                             .prefix = prefix,
                             .after_sequence = session->first_sequence};
    return run_audit_make(&sides, &figures->audit, error);
}

tw_status run_report_measure(run_session *session, run_figures **ret_figures, tw_error *error) {
    static const double quantiles[] = {0.5, 0.99, 0.999};
    run_figures *figures = TW_NEW(NULL, 1, run_figures);
    tw_engine_holding *holdings = TW_NEW(NULL, session->symbol_count, tw_engine_holding);
    if (figures == NULL || holdings == NULL) {
        TW_DELETE(NULL, holdings, session->symbol_count, tw_engine_holding);
        TW_DELETE(NULL, figures, 1, run_figures);
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    }
    figures->holdings = holdings;
    tw_engine_get_report(session->engine, &figures->engine, figures->holdings);
    tw_venue_counts_of(session->venue, &figures->venue);
    tw_venue_figures_of(session->venue, &figures->wire);
    measure_risk(session, figures);
    const tw_histogram *latency = tw_engine_latency(session->engine);
    tw_histogram_quantiles(latency, quantiles, 3, figures->latency_ns);
    figures->latency_max_ns = tw_histogram_max(latency);
    figures->seconds = (double)(session->finished_ns - session->started_ns) / 1e9;
    figures->events = figures->engine.trades + figures->engine.quotes + figures->engine.levels +
                      figures->engine.venue_bars;
    tw_store_read_figures(session->store, &figures->store);
    tw_status status = TW_OK;
    for (int t = 0; status == TW_OK && t < TW_STORE_TABLE_COUNT; t++)
        status =
            tw_store_count_rows(session->store, (tw_store_table)t, &figures->row_counts[t], error);
    if (status == TW_OK)
        status = tw_store_journal_hash(session->store, figures->journal_hash, error);
    if (status == TW_OK)
        status = measure_orders(session, figures, error);
    if (status == TW_OK)
        *ret_figures = figures;
    else
        run_report_free(session, figures);
    return status;
}

void run_report_free(const run_session *session, run_figures *figures) {
    if (figures == NULL)
        return;
    order_rows_done(&figures->orders);
    run_costs_done(&figures->costs);
    TW_DELETE(NULL, figures->json, REPORT_SIZE, char);
    TW_DELETE(NULL, figures->holdings, session->symbol_count, tw_engine_holding);
    TW_DELETE(NULL, figures, 1, run_figures);
}

/* ---- printing ------------------------------------------------------------------------------ */

static report_look choose_look(void) {
    const char *no_color = secure_getenv("NO_COLOR");
    const char *terminal = secure_getenv("TERM");
    bool colours = isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') &&
                   terminal != NULL && strcmp(terminal, "dumb") != 0;
    if (!colours)
        return (report_look){"", "", "", "", ""};
    return (report_look){"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"};
}

static tw_status print_people(const run_session *session, const run_figures *figures,
                              tw_error *error) {
    report_look look = choose_look();
    if (figures->engine.started_ns == 0)
        return TW_OK;
    tw_status status = run_report_story(session, figures, &look, error);
    if (status == TW_NO_MEMORY)
        return status; /* what could not be written is told when all of it has been tried */
    if (session->options->details)
        run_report_details(session, figures);
    const char *name = program_invocation_name;
    printf("\nEverything is in %s\n%s", session->database, look.faint);
    printf("  %s orders --db %s\n", name, session->database);
    printf("  %s positions --db %s%s\n", name, session->database, look.plain);
    return TW_OK;
}

/* Makes figures->json, unless it is there and says that ending. */
static tw_status make_json(const run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) {
    if (figures->json != NULL && figures->json_ending == ending)
        return TW_OK;
    if (figures->json == NULL)
        figures->json = TW_NEW(NULL, REPORT_SIZE, char);
    if (figures->json == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    tw_text text = tw_text_over(figures->json, REPORT_SIZE);
    run_report_json(&text, session, figures, ending);
    figures->json_ending = ending;
    if (!text.truncated)
        return TW_OK;
    TW_DELETE(NULL, figures->json, REPORT_SIZE, char);
    figures->json = NULL;
    return tw_error_set(error, TW_FULL, "the report is too large");
}

tw_status run_report_print(const run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) {
    tw_status status = TW_OK;
    if (session->options->json) {
        status = make_json(session, figures, ending, error);
        if (status == TW_OK)
            puts(figures->json);
    } else {
        status = print_people(session, figures, error);
    }
    if (status == TW_OK && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        status = tw_error_set_errno(error, errno, "the report could not be written");
        if (status == TW_CLOSED) /* the pipe, and no server */
            status = error->status = TW_IO;
    }
    return status;
}

/* The positions at the end, and what they change in the figures. */
static tw_status store_positions(run_session *session, run_figures *figures, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t s = 0; status == TW_OK && s < session->symbol_count; s++) {
        tw_position position = {.quantity = figures->holdings[s].quantity_after,
                                .average_price = figures->holdings[s].average_price,
                                .current_price = figures->holdings[s].price,
                                .symbol = s};
        status = tw_store_put_positions(session->store, session->run_id, figures->engine.ended_ns,
                                        &position, 1, error);
    }
    if (status != TW_OK)
        return status;
    tw_store_read_figures(session->store, &figures->store);
    return tw_store_count_rows(session->store, TW_STORE_POSITIONS,
                               &figures->row_counts[TW_STORE_POSITIONS], error);
}

tw_status run_report_store(run_session *session, run_figures *figures, tw_status ending,
                           tw_error *error) {
    tw_status status = store_positions(session, figures, error);
    if (status == TW_OK)
        status = make_json(session, figures, ending, error);
    if (status != TW_OK)
        return status;
    tw_store_run run = {
        .id = session->run_id,
        .started_ns = session->wall_started_ns,
        .ended_ns = tw_time_wall_ns(),
        .seed = session->exchange_config.seed,
        .venue = tw_slice_of(run_venue_name(session)),
        .strategy = tw_slice_of(run_strategy_word(&session->strategy)),
        .report = tw_slice_of(figures->json),
    };
    status = tw_store_put_run(session->store, &run, NULL, error);
    return status == TW_OK ? tw_store_commit(session->store, TW_STORE_FULL, error) : status;
}
