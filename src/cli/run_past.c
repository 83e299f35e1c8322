/* run_past.c - see run_past.h. */
#include "run_past.h"

#include <stdio.h>
#include <string.h>

#include "input.h"

/* An order of an earlier run goes to the engine, which asks what became of it. */
static tw_status adopt(run_session *session, const tw_order *order, tw_error *error) {
    if (order->symbol >= session->symbol_count)
        return tw_error_set(error, TW_LIMIT,
                            "%s has an order of an earlier run for %s that may still be open: name "
                            "that symbol as well, so that it can be brought to its end",
                            session->database, tw_symbols_name(session->symbols, order->symbol));
    tw_status status = tw_engine_adopt(session->engine, order);
    if (status != TW_OK)
        tw_error_set(error, status, "too many orders of earlier runs are still open");
    return status;
}

/* The venue of the newest run but this one. */
static tw_status on_past_run(void *context, const tw_store_run *run) {
    run_past *past = context;
    if (run->id < past->run_id)
        snprintf(past->venue, sizeof past->venue, "%.*s", (int)run->venue.size, run->venue.data);
    return TW_OK;
}

/* Orders that another kind of venue may still hold cannot be settled by asking this one. */
static tw_status check_past_venue(run_session *session, run_past *past, tw_error *error) {
    tw_status status = tw_store_read_runs(session->store, on_past_run, past, error);
    if (status == TW_OK && past->orders.open_count > 0 &&
        strcmp(past->venue, run_venue_name(session)) != 0)
        return tw_error_set(error, TW_LIMIT,
                            "%s has %zu orders that may still be open at the %s venue: finish them "
                            "there, or take another --db",
                            session->database, past->orders.open_count, past->venue);
    return status;
}

void run_past_continue_market(run_session *session) {
    tw_exchange_config *config = &session->exchange_config;
    const char *path = session->options->database;
    input_store past = {0};
    int64_t newest_ns = 0;
    tw_error unread = {0};
    if (path[0] == '\0' || config->start_ns != 0 || config->prices != NULL || config->tape != NULL)
        return;
    if (input_store_open(&past, path, NULL, 0, &unread) == TW_OK) {
        for (uint32_t i = 0; i < past.chosen_count; i++) {
            if (past.chosen[i].newest_ns > newest_ns)
                newest_ns = past.chosen[i].newest_ns;
        }
    }
    input_store_close(&past);
    if (newest_ns > 0 && (session->stepped || newest_ns >= tw_time_wall_ns()))
        config->start_ns = tw_time_floor(newest_ns, TW_NS_PER_SECOND) + TW_NS_PER_SECOND;
}

tw_status run_past_read(run_session *session, const tw_engine_config *config, run_past *ret_past,
                        tw_error *error) {
    *ret_past = (run_past){.run_id = session->run_id};
    tw_status status = tw_recorder_past_read(session->store, config->strategy_name,
                                             config->order_count_max / 2, &ret_past->orders, error);
    return status == TW_OK ? check_past_venue(session, ret_past, error) : status;
}

tw_status run_past_adopt(run_session *session, const run_past *past, tw_error *error) {
    tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < past->orders.open_count; i++)
        status = adopt(session, &past->orders.open[i], error);
    return status;
}

void run_past_done(run_past *past) {
    tw_recorder_past_done(&past->orders);
}
