/* run_past.c - see run_past.h. */
#include "run_past.h"

#include <stdio.h>
#include <string.h>

#include "input.h"
#include "run_damage.h"

typedef char venue_word[16];

/* The venue of the newest run. */
static tw_status on_past_run(void *context, const tw_store_run *run) {
    venue_word *venue = context;
    snprintf(*venue, sizeof *venue, "%.*s", (int)run->venue.size, run->venue.data);
    return TW_OK;
}

bool run_account_is_passing(const run_session *session) {
    return session->options->venue == RUN_DEMO && session->exchange_config.state == NULL;
}

/* Orders that another kind of venue may still hold cannot be settled by asking this one. */
static tw_status check_past_venue(run_session *session, tw_recovery *past, tw_error *error) {
    venue_word venue = "";
    size_t open_count = 0;
    (void)tw_recovery_open(past, &open_count);
    tw_status status = tw_store_read_runs(session->store, on_past_run, &venue, error);
    bool same = strcmp(venue, run_venue_name(session)) == 0;
    if (status == TW_OK && open_count > 0 && !same)
        return tw_error_set(error, TW_LIMIT,
                            "%s has %zu orders that may still be open at the %s venue: finish them "
                            "there, or take another --db",
                            session->database, open_count, venue);
    /* A plan was made for one account; that of a demo which keeps no state ends with the run. */
    if (status == TW_OK && (!same || run_account_is_passing(session))) {
        tw_recovery_refuse(past, "venue");
        tw_recovery_forget_losses(past);
    }
    return status;
}

/* The engine can only ask about orders of its own symbols. */
static tw_status check_past_symbols(const run_session *session, const tw_recovery *past,
                                    tw_error *error) {
    size_t count = 0;
    const tw_order *open = tw_recovery_open(past, &count);
    for (size_t i = 0; i < count; i++) {
        if (open[i].symbol >= session->symbol_count)
            return tw_error_set(error, TW_LIMIT,
                                "%s has an order of an earlier run for %s that may still be open: "
                                "name that symbol as well, so that it can be brought to its end",
                                session->database,
                                tw_symbols_name(session->symbols, open[i].symbol));
    }
    return TW_OK;
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

static tw_status read_all(run_session *session, const tw_recovery_config *wanted,
                          tw_recovery **past, tw_error *error) {
    tw_recovery_free(*past);
    *past = NULL;
    tw_status status = tw_recovery_new(NULL, wanted, past);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the orders of earlier runs");
    return tw_recovery_read(*past, session->store, error);
}

tw_status run_past_read(run_session *session, const tw_engine_config *config,
                        tw_recovery **ret_past, tw_error *error) {
    const tw_recovery_config wanted = {.symbols = session->symbols,
                                       .symbol_count = session->symbol_count,
                                       .strategy_name = config->strategy_name,
                                       .epoch = config->epoch,
                                       .open_count_max = config->order_count_max / 2,
                                       .losses_forgotten = session->options->losses_forgotten};
    tw_status status = read_all(session, &wanted, ret_past, error);
    if (status == TW_CORRUPT) {
        tw_error found = *error;
        status = run_damage_mend(session, &found, error);
        if (status == TW_OK)
            status = read_all(session, &wanted, ret_past, error);
    }
    return status == TW_OK ? check_past_venue(session, *ret_past, error) : status;
}

tw_status run_past_hand_over(run_session *session, tw_recovery *past, tw_error *error) {
    tw_status status = check_past_symbols(session, past, error);
    return status == TW_OK ? tw_recovery_apply(past, session->engine, error) : status;
}
