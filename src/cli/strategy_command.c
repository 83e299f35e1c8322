/* strategy_command.c - `tradewind strategy`: tries a strategy of one's own on a history. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "interruption.h"
#include "json_writer.h"
#include "strategy_trial.h"
#include "table.h"
#include "tradewind/time.h"

enum { PERCENT = 100, CELL_SIZE = 48, DATE_SIZE = 10, SHOWN_MAX = 30 };

static const double TRADING_DAYS = 252.0; /* a year */
static const double BASIS_POINT = 1e-4;

typedef struct strategy_options {
    char prices[TW_CONFIG_TEXT_SIZE];
    char argument[TW_CONFIG_TEXT_SIZE];
    double cash_weight;
    int64_t every;
    int64_t days;
    double cost_bps;
    bool json;
} strategy_options;

static const tw_config_option option_table[] = {
    {"prices", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "wide CSV of daily closes: date,NAME,NAME,...; an empty field is missing", NULL,
     offsetof(strategy_options, prices)},
    {"arg", TW_CONFIG_TEXT, "TEXT", NULL, NULL, "", "what the strategy is told", NULL,
     offsetof(strategy_options, argument)},
    {"cash-weight", TW_CONFIG_PERCENT, NULL, "0%", "90%", "2%",
     "share of equity that is meant to stay in cash", NULL,
     offsetof(strategy_options, cash_weight)},
    {"every", TW_CONFIG_INTEGER, "days", "1", "10000", "1",
     "days from one question for weights to the next; a signal asks at once", NULL,
     offsetof(strategy_options, every)},
    {"days", TW_CONFIG_INTEGER, NULL, "2", "5000", "505", "rows of closes that it is shown at most",
     NULL, offsetof(strategy_options, days)},
    {"cost-bps", TW_CONFIG_NUMBER, NULL, "0", "1000", "0",
     "what trading costs, in hundredths of a percent of what is traded", NULL,
     offsetof(strategy_options, cost_bps)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(strategy_options, json)},
};

/* A figure of both ledgers. */
typedef struct shown_figure {
    tw_figure figure;
    const char *name;
    bool percent;
} shown_figure;

static const shown_figure figures[] = {
    {TW_FIGURE_TOTAL_RETURN, "total return", true},
    {TW_FIGURE_CAGR, "growth a year", true},
    {TW_FIGURE_VOLATILITY_ANNUAL, "volatility a year", true},
    {TW_FIGURE_SHARPE_ANNUAL, "sharpe ratio", false},
    {TW_FIGURE_MAX_DRAWDOWN, "greatest drawdown", true},
};

static double turnover_a_year(const strategy_ledger *ledger) {
    return ledger->turnover / (double)ledger->count * TRADING_DAYS;
}

static size_t faults_of(const strategy_trial *trial) {
    size_t count = 0;
    for (int i = 0; i < STRATEGY_FAULT_COUNT; i++)
        count += trial->faults[i];
    return count;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void date_of(int64_t time_ns, char text[TW_TIME_TEXT_SIZE]) {
    tw_time_format(time_ns, 0, text);
    text[DATE_SIZE] = '\0';
}

static void add_value(table *rows, double value, bool percent) {
    char cell[CELL_SIZE];
    snprintf(cell, sizeof cell, percent ? "%.2f%%" : "%.4f", percent ? PERCENT * value : value);
    table_cell(rows, isfinite(value) ? cell : "-");
}

static void print_times(const char *what, const tw_histogram *times) {
    if (tw_histogram_count(times) > 0)
        printf("A call %s took %.1f us (p50), %.1f us (p99), %.1f us at most.\n", what,
               (double)tw_histogram_quantile(times, 0.5) / 1e3,
               (double)tw_histogram_quantile(times, 0.99) / 1e3,
               (double)tw_histogram_max(times) / 1e3);
}

static void print_head(const strategy_trial *trial) {
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    date_of(trial->table.times_ns[0], from);
    date_of(trial->table.times_ns[trial->table.row_count - 1], to);
    printf("%s: %zu symbols, %s to %s, %zu days.\n", tw_plugin_name(trial->plugins[0]),
           trial->table.column_count, from, to, trial->table.row_count);
    printf("It was asked %zu times: %zu answers stand, %zu were \"no change\"; it gave %zu "
           "signals.\n",
           trial->asked, trial->answered, trial->kept, trial->signals);
    print_times("for weights", &trial->weigh_ns);
    print_times("with a bar", &trial->bar_ns);
    printf("\n");
}

static tw_status print_figures(const strategy_trial *trial, tw_error *error) {
    table *rows = table_new("FIGURE|>STRATEGY|>EQUAL WEIGHTS");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        table_row(rows);
        table_cell(rows, figures[i].name);
        add_value(rows, trial->own.figures[figures[i].figure], figures[i].percent);
        add_value(rows, trial->equal.figures[figures[i].figure], figures[i].percent);
    }
    table_row(rows);
    table_cell(rows, "turnover a year");
    add_value(rows, turnover_a_year(&trial->own), true);
    add_value(rows, turnover_a_year(&trial->equal), true);
    return table_end(rows, error);
}

static tw_status print_weights(const strategy_trial *trial, tw_error *error) {
    size_t shown = 0;
    size_t held = 0;
    table *rows = table_new("SYMBOL|>LAST WEIGHT|>MEAN WEIGHT");
    for (size_t s = 0; s < trial->table.column_count; s++) {
        if (trial->means[s] <= 0.0)
            continue;
        held++;
        if (shown == SHOWN_MAX)
            continue;
        shown++;
        table_row(rows);
        table_cell(rows, trial->table.names[s]);
        add_value(rows, trial->own.weights[s], true);
        add_value(rows, trial->means[s], true);
    }
    printf("\n");
    tw_status status = table_end(rows, error);
    if (held > shown)
        printf("and %zu more\n", held - shown);
    return status;
}

static tw_status print_words(const strategy_trial *trial, tw_error *error) {
    print_head(trial);
    tw_status status = print_figures(trial, error);
    return status == TW_OK ? print_weights(trial, error) : status;
}

/* ---- for machines -------------------------------------------------------------------------- */

static void put_times(json_writer *w, const char *key, const tw_histogram *times) {
    json_open(w, key, '{');
    json_count(w, "count", tw_histogram_count(times));
    json_count(w, "p50", (uint64_t)tw_histogram_quantile(times, 0.5));
    json_count(w, "p99", (uint64_t)tw_histogram_quantile(times, 0.99));
    json_count(w, "max", (uint64_t)tw_histogram_max(times));
    json_close(w);
}

static void put_ledger(json_writer *w, const char *key, const strategy_ledger *ledger) {
    json_open(w, key, '{');
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        json_number(w, tw_figure_name(figures[i].figure), ledger->figures[figures[i].figure]);
    json_number(w, "turnover_annual", turnover_a_year(ledger));
    json_close(w);
}

static tw_status print_json(const strategy_trial *trial, tw_error *error) {
    json_writer w = json_writer_begin();
    json_text(&w, "name", tw_plugin_name(trial->plugins[0]));
    json_text(&w, "path", tw_plugin_path(trial->plugins[0]));
    json_date(&w, "from", trial->table.times_ns[0]);
    json_date(&w, "to", trial->table.times_ns[trial->table.row_count - 1]);
    json_count(&w, "days", trial->table.row_count);
    json_count(&w, "asked", trial->asked);
    json_count(&w, "answered", trial->answered);
    json_count(&w, "kept", trial->kept);
    json_count(&w, "signals", trial->signals);
    json_open(&w, "faults", '{');
    json_count(&w, "refused", trial->faults[STRATEGY_REFUSED]);
    json_count(&w, "differed", trial->faults[STRATEGY_DIFFERED]);
    json_count(&w, "overran", trial->faults[STRATEGY_OVERRAN]);
    json_text(&w, "first", trial->first_fault);
    json_close(&w);
    put_times(&w, "weigh_ns", &trial->weigh_ns);
    put_times(&w, "bar_ns", &trial->bar_ns);
    put_ledger(&w, "strategy", &trial->own);
    put_ledger(&w, "equal_weights", &trial->equal);
    json_open(&w, "weights", '[');
    for (size_t s = 0; s < trial->table.column_count; s++) {
        json_open(&w, NULL, '{');
        json_text(&w, "symbol", trial->table.names[s]);
        json_number(&w, "last", trial->own.weights[s]);
        json_number(&w, "mean", trial->means[s]);
        json_close(&w);
    }
    json_close(&w);
    return json_writer_end(&w, error);
}

/* ---- the command --------------------------------------------------------------------------- */

static tw_status try(strategy_trial *trial, const strategy_options *options, const char *path,
                     tw_error *error) {
    const strategy_wishes wishes = {.path = path,
                                    .prices = options->prices,
                                    .argument = options->argument,
                                    .cash_weight = options->cash_weight,
                                    .every = (uint32_t)options->every,
                                    .days_max = (uint32_t)options->days,
                                    .cost = options->cost_bps * BASIS_POINT};
    tw_status status = strategy_trial_run(trial, &wishes, error);
    if (status == TW_OK)
        status = options->json ? print_json(trial, error) : print_words(trial, error);
    if (status != TW_OK || faults_of(trial) == 0)
        return status;
    return tw_error_set(error, TW_INVALID,
                        "the strategy %s does not keep to strategy.h: %zu answers were refused, "
                        "%zu differed between two states, %zu wrote beside the weights; the first: "
                        "%s",
                        tw_plugin_name(trial->plugins[0]), trial->faults[STRATEGY_REFUSED],
                        trial->faults[STRATEGY_DIFFERED], trial->faults[STRATEGY_OVERRAN],
                        trial->first_fault);
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    static strategy_trial trial; /* too large for a stack of functions */
    const strategy_options *options = target;
    if (options->prices[0] == '\0')
        return tw_error_set(error, TW_USAGE, "a history is needed: --prices FILE");
    interruption_watch();
    tw_status status = try(&trial, options, arguments->operands[0], error);
    strategy_trial_close(&trial);
    return status;
}

int command_strategy(int argc, char **argv) {
    strategy_options options;
    static const tw_argument_short shorts[] = {{'p', "prices"}, {'a', "arg"}};
    const tw_arguments_table tables[] = {
        {.section = "trial",
         .options = option_table,
         .count = sizeof option_table / sizeof option_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = sizeof shorts / sizeof shorts[0]},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind strategy",
        .operands = "FILE.so",
        .summary = "Tries a strategy of your own, a shared object by tradewind/strategy.h, on a\n"
                   "history of daily closes: are its answers ones that the engine takes, are they\n"
                   "the same twice, how long does it take, what would have come of it. Weights\n"
                   "are traded at the close that they were made from.",
        .example = "  tradewind strategy trend.so --prices closes.csv --arg 100\n"
                   "  tradewind strategy trend.so --prices closes.csv --every 21 --cost-bps 5 "
                   "--json\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_min = 1,
        .operand_count_max = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
