/*
 * exchange.c - puts the exchange together and lets its time pass.
 *
 *     prices --> daily history --> floor <-- tape
 *                                   |  \
 *     HTTP routes <--> ledger <-----+   +--> streams
 *
 * Invariants
 *  1. Everything the floor tells goes first to the ledger (if it is about a user's order), then to
 *     the streams, in one order.
 *  2. Time is exchange_clock.c's.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_list.h"
#include "exchange_priv.h"
#include "session.h"
#include "tradewind/tape.h"

enum {
    BODY_SIZE = 8 * 1024 * 1024,
    MINUTE_COUNT_MAX = 1, /* market_past.h keeps them */
    MANY_SYMBOLS = 1024,
    REQUEST_SIZE_MAX = 256 * 1024,
    ORDER_COUNT_MAX = 131072 /* a list of their ids fits into a body */
};

static const int64_t CLOCK_PERIOD_NS = 2 * TW_NS_PER_MS;
static const double EVENTS_OF_MANY = 2000.0;

void tw_exchange_config_init(tw_exchange_config *config) {
    *config = (tw_exchange_config){
        .seed = 1,
        .clock = TW_EXCHANGE_REAL,
        .speed = 1.0,
        .events_per_second = 20.0,
        .history_days = 756,
        .order_count_max = 65536,
        .cash = {100000 * TW_NANO},
        .key = "demo",
        .secret = "demo",
        .multiplier_max = 4,
    };
}

/* ---- what the floor tells ------------------------------------------------------------------ */

static void on_trade(void *context, const tw_trade *trade) {
    trade_reports_trade(context, trade);
}

static void on_levels(void *context, const tw_level *levels, size_t count) {
    streams_on_levels(((tw_exchange *)context)->streams, levels, count);
}

static void on_quote(void *context, const tw_quote *quote) {
    market_past_quote(&((tw_exchange *)context)->past, quote);
    if (((tw_exchange *)context)->moments.stale)
        return;
    streams_on_quote(((tw_exchange *)context)->streams, quote);
}

static void on_bar(void *context, const tw_bar *bar) {
    trade_reports_bar(context, bar);
}

static void on_halt(void *context, tw_symbol symbol, int64_t time_ns, floor_halt_step step) {
    if (step != FLOOR_REOPENS)
        streams_on_halt(((tw_exchange *)context)->streams, symbol, time_ns, step == FLOOR_HALTED);
    ledger_on_halt(((tw_exchange *)context)->ledger, symbol, step);
}

static void on_user_event(void *context, const tw_match_event *event) {
    ledger_on_match(((tw_exchange *)context)->ledger, event);
}

static void on_update(void *context, const ledger_update *update) {
    exchange_state *state = ((tw_exchange *)context)->state;
    ledger_update told = *update;
    if (state != NULL)
        exchange_state_touch(state);
    exchange_figures_update(&((tw_exchange *)context)->figures, update->event);
    event_feeds_on_update(((tw_exchange *)context)->events, &told);
    fault_moments_tell(context, &told);
}

static void on_minute(void *context) {
    ledger_on_minute(((tw_exchange *)context)->ledger);
}

static int64_t floor_delay(void *context) {
    return fault_desk_floor(&((tw_exchange *)context)->moments.desk);
}

static void on_phase(void *context, session_phase phase) {
    ledger_on_phase(((tw_exchange *)context)->ledger, phase);
}

static void on_gathering(void *context, tw_match_auction kind) {
    ledger_on_gathering(((tw_exchange *)context)->ledger, kind);
}

static void on_outlook(void *context, tw_match_auction kind) {
    streams_on_outlook(((tw_exchange *)context)->streams, kind);
}

/* ---- history -------------------------------------------------------------------------------- */

/* Reorders the file's columns to the symbols and makes their history. A symbol that the file does
 * not have gets none. */
static tw_status history_from_table(tw_exchange *exchange, const tw_tape_table *table,
                                    tw_error *error) {
    uint32_t n = tw_symbols_count(exchange->symbols);
    size_t cells = table->row_count * n;
    double *closes = TW_NEW(exchange->allocator, cells, double);
    if (closes == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the prices");
    for (size_t i = 0; i < cells; i++)
        closes[i] = NAN;
    for (size_t c = 0; c < table->column_count; c++) {
        tw_symbol symbol = tw_symbols_find(exchange->symbols, tw_slice_of(table->names[c]));
        for (size_t row = 0; symbol != TW_SYMBOL_NONE && row < table->row_count; row++)
            closes[row * n + symbol] = table->values[row * table->column_count + c];
    }
    daily_closes input = {table->times_ns, closes, (uint32_t)table->row_count, n};
    tw_status status = daily_history_from_closes(exchange->allocator, &input, exchange->config.seed,
                                                 &exchange->history);
    TW_DELETE(exchange->allocator, closes, cells, double);
    if (status != TW_OK)
        tw_error_set(error, status, "%s: %s", exchange->config.prices,
                     status == TW_RANGE ? "a price is not positive or too large"
                                        : tw_status_sentence(status));
    return status;
}

static tw_status check_symbols(const tw_exchange *exchange, tw_error *error) {
    if (tw_symbols_count(exchange->symbols) == 0)
        return tw_error_set(error, TW_INVALID, "%s: no column has a price in the last row",
                            exchange->config.prices);
    return TW_OK;
}

/* The venues whose files have dates, of Bitcoin and of futures, are open at night. */
static tw_status survey_tape(tw_exchange *exchange, tw_error *error) {
    tw_exchange_config *config = &exchange->config;
    tw_status status = floor_tape_survey(exchange->allocator, config->tape, exchange->symbols,
                                         exchange->tape_symbol_count, &exchange->tape, error);
    config->always_open = config->always_open || (status == TW_OK && exchange->tape.dated);
    return status;
}

static tw_status make_history(tw_exchange *exchange, tw_error *error) {
    const tw_exchange_config *config = &exchange->config;
    tw_tape_table table = {0};
    tw_status status = TW_OK;
    if (config->prices != NULL) {
        tw_tape_table_config read = {
            .path = config->prices, .allocator = exchange->allocator, .positive = true};
        status = tw_tape_read_table(&read, &table, error);
    }
    if (status == TW_OK)
        status = exchange_name_symbols(exchange, &table, error);
    if (status == TW_OK)
        status = check_symbols(exchange, error);
    if (status == TW_OK && config->tape != NULL)
        status = survey_tape(exchange, error);
    if (status == TW_OK && table.row_count > 0) {
        status = history_from_table(exchange, &table, error);
    } else if (status == TW_OK) {
        int64_t start_ns = exchange->resume.origin_ns != 0 ? exchange->resume.origin_ns
                                                           : exchange_default_start(exchange);
        status = daily_history_generate(exchange->allocator, exchange->symbols,
                                        session_day_of(start_ns) - 1, config->history_days,
                                        config->seed, &exchange->history);
        if (status != TW_OK)
            tw_error_set(error, status, "the history could not be generated: %s",
                         tw_status_sentence(status));
    }
    tw_tape_table_done(&table);
    return status;
}

/* ---- the start ----------------------------------------------------------------------------- */

static bool has_many_symbols(const tw_exchange *exchange) {
    return tw_symbols_count(exchange->symbols) > MANY_SYMBOLS;
}

/* Many symbols share what one machine can play, unless it is said how much that is. */
static double events_of_all(const tw_exchange *exchange) {
    double total = exchange->config.events_total;
    return total == 0.0 && has_many_symbols(exchange) ? EVENTS_OF_MANY : total;
}

static tw_status make_floor(tw_exchange *exchange, tw_error *error) {
    const tw_exchange_config *config = &exchange->config;
    floor_sink sink = {on_trade, on_levels, on_quote,     on_bar,     on_user_event, exchange,
                       on_phase, on_halt,   on_gathering, on_outlook, on_minute};
    floor_config floor = {
        .symbols = exchange->symbols,
        .history = exchange->history,
        .seed = config->seed,
        .events_per_second = config->events_per_second,
        .order_count_max = config->order_count_max,
        .events_total = events_of_all(exchange),
        .minute_count_max = MINUTE_COUNT_MAX,
        .tape_path = config->tape,
        .tape_format = exchange->tape.format,
        .tape_symbol_count = exchange->tape_symbol_count,
        .initial_path = config->initial,
        .always_open = config->always_open,
    };
    if (exchange->state != NULL)
        floor.openings = exchange_state_prices(exchange->state);
    exchange_decide_start(exchange);
    floor.start_ns = exchange->start_ns;
    floor.tape_shift_ns = exchange->tape.dated ? exchange->start_ns - exchange->tape.first_ns : 0;
    floor.tape_midnight_ns = exchange->first_day_ns;
    tw_status status = exchange_open_accounts(exchange, on_update, error);
    if (status != TW_OK)
        return status;
    status = exchange_mark_hard_to_borrow(exchange, error);
    if (status != TW_OK)
        return status;
    status = watchlists_new(exchange->allocator, config->seed, &exchange->watchlists);
    if (status == TW_OK)
        status = streams_new(exchange->allocator, exchange->loop, exchange->symbols,
                             exchange->ledger, exchange->connection_count_max, &exchange->streams);
    if (status == TW_OK)
        status = event_feeds_new(exchange->allocator, exchange->ledger, exchange->symbols,
                                 &exchange->events);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for lists and streams");
    status = market_past_init(&exchange->past, exchange->allocator,
                              tw_symbols_count(exchange->symbols), config->always_open);
    if (status == TW_OK)
        status = trade_reports_init(exchange);
    if (status == TW_OK)
        status = past_minutes_new(exchange->allocator, config->seed, &exchange->past_minutes);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the market's past");
    status = floor_new(exchange->allocator, &floor, &sink, &exchange->floor, error);
    if (status != TW_OK)
        return status;
    ledger_set_floor(exchange->ledger, exchange->floor);
    ledger_set_delay(exchange->ledger, floor_delay);
    streams_set_floor(exchange->streams, exchange->floor);
    streams_set_limits(exchange->streams, exchange_stream_limits(exchange));
    status = exchange_endow_accounts(exchange, error);
    if (status == TW_OK && exchange->state != NULL)
        status = exchange_state_load(exchange->state, exchange->ledger, exchange->watchlists,
                                     exchange->start_ns, error);
    if (status != TW_OK)
        return status;
    atomic_store(&exchange->tape_ended, config->tape == NULL);
    return TW_OK;
}

stream_limits exchange_stream_limits(const tw_exchange *exchange) {
    return (stream_limits){.connection_count_max = exchange->config.stream_connection_max,
                           .symbol_count_max = exchange->config.stream_symbol_max,
                           .no_sip = exchange->config.plan == TW_EXCHANGE_PLAN_BASIC};
}

/* A basic plan has limits where none is configured. */
static void complete_plan(tw_exchange_config *config) {
    if (config->plan != TW_EXCHANGE_PLAN_BASIC)
        return;
    if (config->stream_connection_max == 0)
        config->stream_connection_max = 1;
    if (config->stream_symbol_max == 0)
        config->stream_symbol_max = 30;
    if (config->rate_limit == 0)
        config->rate_limit = 200;
}

bool exchange_keep(tw_exchange *exchange) {
    if (exchange->failure.status != TW_OK)
        return exchange->state == NULL;
    return exchange->state == NULL ||
           exchange_state_save(exchange->state, &exchange->failure) == TW_OK;
}

void exchange_tell(tw_exchange *exchange) {
    if (!exchange_keep(exchange))
        return;
    streams_flush(exchange->streams);
    event_feeds_flush(exchange->events, floor_now(exchange->floor));
}

/* ---- time ---------------------------------------------------------------------------------- */

static void on_clock(void *context) {
    tw_exchange *exchange = context;
    exchange_tick(exchange);
    exchange_tell(exchange);
}

static void on_second(void *context) {
    tw_exchange *exchange = context;
    if (exchange->state != NULL)
        exchange_state_touch(exchange->state);
    if (exchange_keep(exchange))
        streams_tick(exchange->streams, tw_loop_now_ns(exchange->loop));
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool is_credential(const char *text) {
    size_t size = text == NULL ? 0 : strlen(text);
    return size > 0 && size < LEDGER_KEY_SIZE;
}

static tw_status check_config(const tw_exchange_config *config, tw_error *error) {
    if (!is_credential(config->key) || !is_credential(config->secret))
        return tw_error_set(error, TW_INVALID, "key and secret must have 1 to %d characters",
                            LEDGER_KEY_SIZE - 1);
    if (!(config->speed > 0.0) || !(config->speed <= EXCHANGE_SPEED_MAX))
        return tw_error_set(error, TW_RANGE, "speed must be above 0 and at most 1000000");
    if (!(config->events_per_second >= 0.001) || !(config->events_per_second <= 1e6))
        return tw_error_set(error, TW_RANGE, "events a second must be 0.001 to 1000000");
    if (!(config->events_total >= 0.0) || !(config->events_total <= 1e7))
        return tw_error_set(error, TW_RANGE, "events of all symbols must be 0 to 10000000");
    if (config->symbol_count > SYMBOL_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "symbols must be at most %d", SYMBOL_COUNT_MAX);
    if (config->symbol_count > 0 && config->prices != NULL)
        return tw_error_set(error, TW_INVALID, "made-up symbols have no prices in %s",
                            config->prices);
    if (config->history_days < 2 || config->history_days > 20000)
        return tw_error_set(error, TW_RANGE, "history days must be 2 to 20000");
    if (!(config->invested >= 0.0 && config->invested <= 1.0))
        return tw_error_set(error, TW_RANGE, "the invested share must be 0 to 1");
    if (config->cash.nano < 0 || config->cash.nano > ACCOUNT_CASH_NANO_MAX)
        return tw_error_set(error, TW_RANGE, "the account's cash must be 0 to %lld",
                            (long long)(ACCOUNT_CASH_NANO_MAX / TW_NANO));
    if (config->multiplier_max != 1 && config->multiplier_max != 2 && config->multiplier_max != 4)
        return tw_error_set(error, TW_RANGE, "an account's multiplier must be 1, 2 or 4");
    if (config->start_ns < 0 || config->start_ns >= EXCHANGE_END_NS)
        return tw_error_set(error, TW_RANGE, "the clock must begin between 1970 and 2200");
    if (config->order_count_max < 1 || config->order_count_max > ORDER_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "orders must be 1 to %d", ORDER_COUNT_MAX);
    if (config->state != NULL && config->tape != NULL)
        return tw_error_set(error, TW_INVALID,
                            "a state is not kept over a tape, which begins anew each time");
    if (config->connection_count_max > EXCHANGE_CONNECTION_COUNT_MAX)
        return tw_error_set(error, TW_RANGE, "connections must be at most %d",
                            EXCHANGE_CONNECTION_COUNT_MAX);
    if (config->initial != NULL && config->tape == NULL)
        return tw_error_set(error, TW_INVALID, "an initial book needs a tape to go with it");
    return TW_OK;
}

static tw_status take_memory(tw_exchange *exchange, tw_error *error) {
    tw_status status = tw_symbols_new(exchange->allocator, SYMBOL_COUNT_MAX, &exchange->symbols);
    if (status == TW_OK)
        status = tw_alpaca_reader_new(exchange->allocator, REQUEST_SIZE_MAX, 0, exchange->symbols,
                                      &exchange->reader);
    exchange->body_memory = TW_NEW(exchange->allocator, BODY_SIZE, char);
    exchange->points = TW_NEW(exchange->allocator, PORTFOLIO_POINT_MAX, tw_alpaca_portfolio_point);
    exchange->cashflow = TW_NEW(exchange->allocator, PORTFOLIO_CASH_MAX, tw_money);
    if (status != TW_OK || exchange->body_memory == NULL || exchange->points == NULL ||
        exchange->cashflow == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the exchange");
    exchange->body = tw_text_over(exchange->body_memory, BODY_SIZE);
    request_quota_init(&exchange->quota, exchange->config.rate_limit);
    status = exchange_figures_init(&exchange->figures, exchange->allocator, exchange_route_count(),
                                   error);
    if (status != TW_OK)
        return status;
    tw_random_init(&exchange->random, exchange->config.seed, UINT64_C(0x72657175657374));
    return TW_OK;
}

static tw_status plan_faults(tw_exchange *exchange, tw_error *error) {
    fault_plan plan = {.seed = 1};
    tw_status status = TW_OK;
    if (exchange->config.faults != NULL)
        status = fault_plan_read(exchange->config.faults, &plan, error);
    else if (exchange->config.fault_text != NULL)
        status = fault_plan_parse("the plan of faults", tw_slice_of(exchange->config.fault_text),
                                  &plan, error);
    if (status != TW_OK)
        return status;
    status = fault_moments_init(exchange);
    if (status == TW_OK)
        status = exchange_open_faults(exchange);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the faults");
    fault_moments_begin(exchange, &plan);
    return TW_OK;
}

static tw_status start_listening(tw_exchange *exchange, tw_error *error) {
    tw_status status = exchange_listen(exchange, REQUEST_SIZE_MAX, error);
    if (status != TW_OK)
        return status;
    exchange_clock_set(exchange, exchange->start_ns);
    status = tw_loop_timer_start(exchange->loop, TW_NS_PER_SECOND, TW_NS_PER_SECOND, on_second,
                                 exchange, &exchange->second_timer);
    if (status == TW_OK && exchange->config.clock == TW_EXCHANGE_REAL)
        status = tw_loop_timer_start(exchange->loop, CLOCK_PERIOD_NS, CLOCK_PERIOD_NS, on_clock,
                                     exchange, &exchange->clock_timer);
    if (status != TW_OK)
        tw_error_set(error, status, "the event loop has no timer left");
    return status;
}

tw_status tw_exchange_open(const tw_allocator *allocator, const tw_exchange_config *config,
                           tw_exchange **ret_exchange, tw_error *error) {
    tw_status status = check_config(config, error);
    if (status != TW_OK)
        return status;
    tw_exchange *exchange = TW_NEW(allocator, 1, tw_exchange);
    if (exchange == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the exchange");
    exchange->allocator = allocator;
    exchange->config = *config;
    complete_plan(&exchange->config);
    status = take_memory(exchange, error);
    if (status == TW_OK)
        status = exchange_open_loop(exchange, error);
    if (status == TW_OK && config->state != NULL)
        status = exchange_state_open(allocator, config->state, &exchange->state, &exchange->resume,
                                     error);
    if (status == TW_OK)
        status = make_history(exchange, error);
    if (status == TW_OK && exchange->state != NULL)
        status = exchange_state_set_symbols(exchange->state, exchange->symbols, error);
    if (status == TW_OK)
        status = make_floor(exchange, error);
    if (status == TW_OK)
        status = plan_faults(exchange, error);
    if (status == TW_OK)
        status = start_listening(exchange, error);
    if (status != TW_OK) {
        tw_exchange_close(exchange);
        return status;
    }
    *ret_exchange = exchange;
    return TW_OK;
}

void tw_exchange_close(tw_exchange *exchange) {
    if (exchange == NULL)
        return;
    tw_http_server_free(exchange->server);
    faulty_wire_free(exchange->faults);
    fault_moments_done(exchange);
    event_feeds_free(exchange->events);
    streams_free(exchange->streams);
    floor_free(exchange->floor);
    exchange_state_close(exchange->state);
    watchlists_free(exchange->watchlists);
    past_minutes_free(exchange->past_minutes);
    trade_reports_done(exchange);
    market_past_done(&exchange->past);
    ledger_free(exchange->ledger);
    daily_history_free(exchange->history);
    tw_loop_free(exchange->loop);
    tw_alpaca_reader_free(exchange->reader);
    tw_symbols_free(exchange->symbols);
    exchange_figures_done(&exchange->figures);
    TW_DELETE(exchange->allocator, exchange->points, PORTFOLIO_POINT_MAX,
              tw_alpaca_portfolio_point);
    TW_DELETE(exchange->allocator, exchange->cashflow, PORTFOLIO_CASH_MAX, tw_money);
    TW_DELETE(exchange->allocator, exchange->body_memory, BODY_SIZE, char);
    TW_DELETE(exchange->allocator, exchange, 1, tw_exchange);
}

tw_status tw_exchange_turn(tw_exchange *exchange, int64_t wait_ns, tw_error *error) {
    if (atomic_load(&exchange->stopped))
        return TW_CLOSED;
    tw_status status = tw_loop_turn(exchange->loop, wait_ns, NULL, error);
    if (status == TW_OK && exchange->failure.status != TW_OK) {
        if (error != NULL)
            *error = exchange->failure;
        return exchange->failure.status;
    }
    return status;
}

void tw_exchange_stop(tw_exchange *exchange) {
    atomic_store(&exchange->stopped, true);
    tw_loop_wake(exchange->loop);
}

uint16_t tw_exchange_port(const tw_exchange *exchange) {
    return tw_http_server_port(exchange->server);
}

uint32_t tw_exchange_symbol_count(const tw_exchange *exchange) {
    return tw_symbols_count(exchange->symbols);
}

const char *tw_exchange_symbol_name(const tw_exchange *exchange, uint32_t index) {
    return tw_symbols_name(exchange->symbols, index);
}

int64_t tw_exchange_start_ns(const tw_exchange *exchange) {
    return exchange->start_ns;
}

bool tw_exchange_tape_ended(const tw_exchange *exchange) {
    return atomic_load(&exchange->tape_ended);
}
