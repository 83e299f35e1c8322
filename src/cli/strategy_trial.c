/* strategy_trial.c - see strategy_trial.h. */
#include "strategy_trial.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/batch_clean.h"
#include "tradewind/engine.h"
#include "tradewind/time.h"

/* As the engine: a price stands still over so many missing ones. */
enum { FILL_DAYS = 5, GUARD_COUNT = 16, DATE_SIZE = 10 };

/* Rows of `places` of a view, [symbols] each; behind them the guarded weights of both states. */
enum { PLACE_ZEROS, PLACE_MARKS, PLACE_QUANTITIES, PLACE_UNKNOWN, PLACE_COUNT };

static const double GUARD = -987654321.125;
static const double EQUITY = 100000.0;
static const int64_t CLOSE_NS = 21 * TW_NS_PER_HOUR; /* of New York in winter, in UTC */
static const int64_t TIMEFRAMES_NS[] = {TW_NS_PER_DAY};

static size_t symbols_of(const strategy_trial *trial) {
    return trial->table.column_count;
}

static size_t places_size(const strategy_trial *trial) {
    return PLACE_COUNT * symbols_of(trial) + 2 * (symbols_of(trial) + 2 * GUARD_COUNT);
}

static double *place(const strategy_trial *trial, int row) {
    return trial->places + (size_t)row * symbols_of(trial);
}

/* Of one state, behind its guard. */
static double *weights_of(const strategy_trial *trial, int state) {
    return place(trial, PLACE_COUNT) + (size_t)state * (symbols_of(trial) + 2 * GUARD_COUNT) +
           GUARD_COUNT;
}

/* ---- memory -------------------------------------------------------------------------------- */

static tw_status take_memory(strategy_trial *trial, tw_error *error) {
    size_t n = symbols_of(trial);
    size_t rows = trial->table.row_count;
    trial->names = TW_NEW(NULL, n, const char *);
    trial->own.weights = TW_NEW(NULL, n, double);
    trial->own.returns = TW_NEW(NULL, rows, double);
    trial->equal.weights = TW_NEW(NULL, n, double);
    trial->equal.returns = TW_NEW(NULL, rows, double);
    trial->means = TW_NEW(NULL, n, double);
    trial->places = TW_NEW(NULL, places_size(trial), double);
    trial->bars = TW_NEW(NULL, n, tw_strategy_bar);
    trial->days = TW_NEW(NULL, rows, int64_t);
    if (trial->names == NULL || trial->own.weights == NULL || trial->own.returns == NULL ||
        trial->equal.weights == NULL || trial->equal.returns == NULL || trial->means == NULL ||
        trial->places == NULL || trial->bars == NULL || trial->days == NULL ||
        tw_symbols_new(NULL, (uint32_t)n, &trial->symbols) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu days of %zu symbols",
                            rows, n);
    for (size_t i = 0; i < n; i++) {
        tw_symbol symbol;
        trial->names[i] = trial->table.names[i];
        tw_status status =
            tw_symbols_intern(trial->symbols, tw_slice_of(trial->table.names[i]), &symbol);
        if (status != TW_OK)
            return tw_error_set(error, TW_PARSE, "%s: the column \"%s\" cannot be a symbol",
                                trial->wishes.prices, trial->table.names[i]);
    }
    for (size_t d = 0; d < rows; d++)
        trial->days[d] = trial->table.times_ns[d] / TW_NS_PER_DAY;
    for (size_t i = 0; i < n; i++)
        place(trial, PLACE_UNKNOWN)[i] = NAN;
    return TW_OK;
}

void strategy_trial_close(strategy_trial *trial) {
    size_t n = symbols_of(trial);
    size_t rows = trial->table.row_count;
    tw_plugin_close(trial->plugins[0]);
    tw_plugin_close(trial->plugins[1]);
    tw_symbols_free(trial->symbols);
    TW_DELETE(NULL, trial->names, n, const char *);
    TW_DELETE(NULL, trial->own.weights, n, double);
    TW_DELETE(NULL, trial->own.returns, rows, double);
    TW_DELETE(NULL, trial->equal.weights, n, double);
    TW_DELETE(NULL, trial->equal.returns, rows, double);
    TW_DELETE(NULL, trial->means, n, double);
    TW_DELETE(NULL, trial->places, places_size(trial), double);
    TW_DELETE(NULL, trial->bars, n, tw_strategy_bar);
    TW_DELETE(NULL, trial->days, rows, int64_t);
    tw_tape_table_done(&trial->table);
}

/* ---- faults -------------------------------------------------------------------------------- */

static void fault(strategy_trial *trial, strategy_fault kind, size_t day, const char *sentence) {
    char date[TW_TIME_TEXT_SIZE];
    if (trial->first_fault[0] == '\0') {
        tw_time_format(trial->table.times_ns[day], 0, date);
        snprintf(trial->first_fault, sizeof trial->first_fault, "%.*s: %s", DATE_SIZE, date,
                 sentence);
    }
    trial->faults[kind]++;
}

static void raise_guards(strategy_trial *trial) {
    size_t n = symbols_of(trial);
    for (int state = 0; state < 2; state++) {
        double *weights = weights_of(trial, state);
        memset(weights, 0, n * sizeof *weights);
        for (size_t i = 0; i < GUARD_COUNT; i++) {
            weights[n + i] = GUARD;
            *(weights - 1 - i) = GUARD;
        }
    }
}

static bool guards_stand(const strategy_trial *trial) {
    size_t n = symbols_of(trial);
    for (int state = 0; state < 2; state++) {
        const double *weights = weights_of(trial, state);
        for (size_t i = 0; i < GUARD_COUNT; i++) {
            if (weights[n + i] != GUARD || *(weights - 1 - i) != GUARD)
                return false;
        }
    }
    return true;
}

/* ---- the ledgers --------------------------------------------------------------------------- */

static double price_at(const strategy_trial *trial, size_t day, size_t symbol) {
    return trial->table.values[day * symbols_of(trial) + symbol];
}

/* A day passes: what is held earns its return, and its weights drift. Without a price on either day
 * it earns nothing. */
static void pass_day(const strategy_trial *trial, strategy_ledger *ledger, size_t day) {
    size_t n = symbols_of(trial);
    double earned = 0.0;
    for (size_t s = 0; s < n; s++) {
        double change = price_at(trial, day, s) / price_at(trial, day - 1, s) - 1.0;
        double grown = ledger->weights[s] * (isnan(change) ? 1.0 : 1.0 + change);
        earned += grown - ledger->weights[s];
        ledger->weights[s] = grown;
    }
    for (size_t s = 0; s < n; s++)
        ledger->weights[s] /= 1.0 + earned;
    ledger->returns[ledger->count++] = (1.0 + earned) * (1.0 - ledger->owed) - 1.0;
    ledger->owed = 0.0;
}

/* What it costs is taken off the return of the day. */
static void trade_to(const strategy_trial *trial, strategy_ledger *ledger, const double *targets) {
    size_t n = symbols_of(trial);
    double traded = 0.0;
    for (size_t s = 0; s < n; s++) {
        traded += fabs(targets[s] - ledger->weights[s]);
        ledger->weights[s] = targets[s];
    }
    ledger->turnover += traded;
    double kept = 1.0 - trial->wishes.cost * traded;
    double *last = ledger->count > 0 ? &ledger->returns[ledger->count - 1] : NULL;
    if (last != NULL)
        *last = (1.0 + *last) * kept - 1.0;
    else
        ledger->owed = 1.0 - kept; /* on the first day there is no return yet to take it from */
}

/* Equal weights of all that have a price. */
static void trade_equal(strategy_trial *trial, size_t day) {
    size_t n = symbols_of(trial);
    double *targets = place(trial, PLACE_ZEROS);
    size_t count = 0;
    for (size_t s = 0; s < n; s++)
        count += isnan(price_at(trial, day, s)) ? 0 : 1;
    for (size_t s = 0; s < n; s++)
        targets[s] = isnan(price_at(trial, day, s))
                         ? 0.0
                         : (1.0 - trial->wishes.cash_weight) / (double)count;
    trade_to(trial, &trial->equal, targets);
    memset(targets, 0, n * sizeof *targets);
}

/* ---- the strategy -------------------------------------------------------------------------- */

/* The finished bar of a day, of which only the close is known. True: one asked for a decision. */
static bool show_bars(strategy_trial *trial, size_t day) {
    bool signalled = false;
    for (size_t s = 0; s < symbols_of(trial); s++) {
        double close = price_at(trial, day, s);
        int answers[2] = {0};
        if (isnan(close))
            continue;
        trial->bars[s] = (tw_strategy_bar){.time_ns = trial->table.times_ns[day],
                                           .timeframe_ns = TW_NS_PER_DAY,
                                           .open = close,
                                           .high = close,
                                           .low = close,
                                           .close = close,
                                           .vwap = close,
                                           .symbol = (uint32_t)s};
        for (int state = 0; state < 2 && tw_plugin_wants_bars(trial->plugins[0]); state++) {
            int64_t took_ns = 0;
            answers[state] = tw_plugin_bar(trial->plugins[state], &trial->bars[s], &took_ns);
            if (state == 0)
                tw_histogram_record(&trial->bar_ns, took_ns);
        }
        if (answers[0] != answers[1])
            fault(trial, STRATEGY_DIFFERED, day, "two states answered a bar differently");
        signalled = signalled || answers[0] == TW_STRATEGY_SIGNAL;
    }
    trial->signals += signalled ? 1 : 0;
    return signalled;
}

static tw_strategy_view show(strategy_trial *trial, size_t day) {
    size_t n = symbols_of(trial);
    size_t rows = day + 1 < trial->wishes.days_max ? day + 1 : trial->wishes.days_max;
    double held = 0.0;
    for (size_t s = 0; s < n; s++) {
        double mark = price_at(trial, day, s);
        held += trial->own.weights[s];
        place(trial, PLACE_MARKS)[s] = mark;
        place(trial, PLACE_QUANTITIES)[s] =
            mark > 0.0 ? trial->own.weights[s] * EQUITY / mark : 0.0;
    }
    return (tw_strategy_view){
        .size = sizeof(tw_strategy_view),
        .symbol_count = (uint32_t)n,
        .time_ns = trial->table.times_ns[day] + CLOSE_NS,
        .closes = trial->table.values + (day + 1 - rows) * n,
        .days = trial->days + (day + 1 - rows),
        .day_count = (uint32_t)rows,
        .timeframe_count = 1,
        .marks = place(trial, PLACE_MARKS),
        .quantities = place(trial, PLACE_QUANTITIES),
        .weights = trial->own.weights,
        .targets = trial->own.weights,
        .window_vwaps = place(trial, PLACE_UNKNOWN),
        .window_means = place(trial, PLACE_UNKNOWN),
        .window_deviations = place(trial, PLACE_UNKNOWN),
        .window_counts = place(trial, PLACE_ZEROS),
        .bars = trial->bars,
        .cash = (1.0 - held) * EQUITY,
        .equity = EQUITY,
        .cash_weight = trial->wishes.cash_weight,
    };
}

/* Its answer, if it is one: the weights then stand. */
static void take_answer(strategy_trial *trial, size_t day, const int answers[2]) {
    size_t n = symbols_of(trial);
    const double *weights = weights_of(trial, 0);
    tw_error error = {0};
    char sentence[128];
    if (!guards_stand(trial))
        fault(trial, STRATEGY_OVERRAN, day, "it wrote beside its weights");
    if (answers[0] != answers[1] || memcmp(weights, weights_of(trial, 1), n * sizeof *weights) != 0)
        fault(trial, STRATEGY_DIFFERED, day, "two states that were shown the same differ");
    if (answers[0] == TW_STRATEGY_KEEP) {
        trial->kept++;
        return;
    }
    if (answers[0] != TW_STRATEGY_WEIGHTS) {
        snprintf(sentence, sizeof sentence, "it answered %d, which is a failure", answers[0]);
        fault(trial, STRATEGY_REFUSED, day, sentence);
    } else if (tw_strategy_weights_check(weights, (uint32_t)n, trial->symbols, &error) != TW_OK) {
        fault(trial, STRATEGY_REFUSED, day, error.message);
    } else {
        trial->answered++;
        trade_to(trial, &trial->own, weights);
    }
}

static void ask(strategy_trial *trial, size_t day) {
    const tw_strategy_view view = show(trial, day);
    int answers[2] = {0};
    raise_guards(trial);
    for (int state = 0; state < 2; state++) {
        int64_t took_ns = 0;
        answers[state] =
            tw_plugin_weigh(trial->plugins[state], &view, weights_of(trial, state), &took_ns);
        if (state == 0)
            tw_histogram_record(&trial->weigh_ns, took_ns);
    }
    trial->asked++;
    take_answer(trial, day, answers);
    trade_equal(trial, day);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static tw_status open_states(strategy_trial *trial, tw_error *error) {
    const tw_plugin_config config = {
        .path = trial->wishes.path,
        .setup = {.symbol_count = (uint32_t)symbols_of(trial),
                  .symbols = trial->names,
                  .timeframes_ns = TIMEFRAMES_NS,
                  .timeframe_count = 1,
                  .day_count_max = trial->wishes.days_max,
                  .cash_weight = trial->wishes.cash_weight,
                  .argument = trial->wishes.argument},
        .timed = true,
    };
    tw_status status = tw_plugin_open(NULL, &config, &trial->plugins[0], error);
    return status == TW_OK ? tw_plugin_open(NULL, &config, &trial->plugins[1], error) : status;
}

static tw_status read_prices(strategy_trial *trial, tw_error *error) {
    const tw_tape_table_config config = {.path = trial->wishes.prices, .positive = true};
    tw_status status = tw_tape_read_table(&config, &trial->table, error);
    if (status == TW_INVALID)
        return tw_error_set(error, TW_PARSE, "%s is not a file that can be read",
                            trial->wishes.prices);
    if (status == TW_OK && trial->table.row_count < 2)
        return tw_error_set(error, TW_EMPTY, "%s: a trial needs two days of prices",
                            trial->wishes.prices);
    if (status == TW_OK)
        tw_batch_fill_forward(NULL, (tw_batch_shape){trial->table.row_count, symbols_of(trial)},
                              trial->table.values, FILL_DAYS);
    return status;
}

static void live(strategy_trial *trial) {
    size_t next = 0;
    for (size_t day = 0; day < trial->table.row_count; day++) {
        if (day > 0) {
            pass_day(trial, &trial->own, day);
            pass_day(trial, &trial->equal, day);
        }
        bool signalled = show_bars(trial, day);
        if (signalled || day >= next) {
            ask(trial, day);
            next = day + trial->wishes.every;
        }
        for (size_t s = 0; s < symbols_of(trial); s++)
            trial->means[s] += trial->own.weights[s] / (double)trial->table.row_count;
    }
}

static tw_status measure(strategy_ledger *ledger, tw_error *error) {
    tw_performance_config config;
    tw_performance_config_init(&config);
    const tw_performance_input input = {.returns = ledger->returns, .count = ledger->count};
    TW_AUTO(tw_performance) *performance = NULL;
    tw_status status = tw_performance_new(NULL, ledger->count, &performance);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory for %zu returns", ledger->count);
    status = tw_performance_load(performance, &config, &input, error);
    if (status == TW_OK)
        tw_performance_report(performance, ledger->figures);
    return status;
}

tw_status strategy_trial_run(strategy_trial *trial, const strategy_wishes *wishes,
                             tw_error *error) {
    *trial = (strategy_trial){.wishes = *wishes};
    tw_histogram_init(&trial->weigh_ns);
    tw_histogram_init(&trial->bar_ns);
    tw_status status = read_prices(trial, error);
    if (status == TW_OK)
        status = take_memory(trial, error);
    if (status == TW_OK)
        status = open_states(trial, error);
    if (status != TW_OK)
        return status;
    live(trial);
    status = measure(&trial->own, error);
    return status == TW_OK ? measure(&trial->equal, error) : status;
}
