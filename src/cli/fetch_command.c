/*
 * fetch_command.c - `tradewind fetch`: bars, trades or quotes of a venue's history into a store.
 *
 * What is asked for is cut so that a part is about a page: one round trip, and many of them at
 * once. A page holds up to 10,000 rows; how many bars a span of time has is not known before, so it
 * is taken from the hours that stocks trade (16 a day with the extended ones, 5 days a week). A
 * part that turns out larger is paged.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fetch_pass.h"
#include "input.h"
#include "interruption.h"
#include "json_writer.h"
#include "readable.h"
#include "tradewind/time.h"

enum { SYMBOLS_A_REQUEST_MAX = 40, TOLD_COUNT_MAX = 10 };

typedef struct fetch_options {
    char database[TW_CONFIG_TEXT_SIZE];
    int64_t from_ns;
    int64_t to_ns;
    char timeframe[TW_CONFIG_TEXT_SIZE];
    int adjustment;
    int64_t in_flight;
    int64_t page_limit;
    int64_t patience_ns;
    bool restart;
    bool json;
    bool quiet;
} fetch_options;

static const tw_config_option fetch_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store to write, made if missing: a file, or postgresql://... (needed)", NULL,
     offsetof(fetch_options, database)},
    {"from", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "the first moment (needed)", NULL,
     offsetof(fetch_options, from_ns)},
    {"to", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "up to this moment, without it; default: now",
     NULL, offsetof(fetch_options, to_ns)},
    {"timeframe", TW_CONFIG_TEXT, "T", NULL, NULL, "1m", "bars: 1m to 59m, 1h to 23h, 1d or 1w",
     NULL, offsetof(fetch_options, timeframe)},
    {"adjustment", TW_CONFIG_CHOICE, NULL, NULL, NULL, "raw",
     "bars: prices as they were, or adjusted as of now (then take a store of their own)",
     "raw|split|dividend|all", offsetof(fetch_options, adjustment)},
    {"in-flight", TW_CONFIG_INTEGER, NULL, "1", "256", "16", "requests at once", NULL,
     offsetof(fetch_options, in_flight)},
    {"page-limit", TW_CONFIG_INTEGER, NULL, "1", "10000", "10000", "rows a request asks for", NULL,
     offsetof(fetch_options, page_limit)},
    {"patience", TW_CONFIG_DURATION, NULL, NULL, NULL, "3m",
     "how long a venue that does not answer or throttles is waited for; 0: not at all", NULL,
     offsetof(fetch_options, patience_ns)},
    {"restart", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "ask for everything, also for what a fetch before has brought whole", NULL,
     offsetof(fetch_options, restart)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(fetch_options, json)},
    {"quiet", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "no progress line", NULL,
     offsetof(fetch_options, quiet)},
};

enum {
    OPTION_COUNT = sizeof fetch_table / sizeof fetch_table[0],
    FETCH_TABLE = 0,
    VENUE_OPTIONS = 1
};

/* What the two tables of options fill. */
typedef struct fetch_targets {
    fetch_options options;
    venue_options access;
} fetch_targets;

/* ---- what is asked for --------------------------------------------------------------------- */

static tw_status read_history(const char *word, fetch_pass *pass, tw_error *error) {
    static const char *const words[] = {"bars", "trades", "quotes"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        pass->history = (tw_alpaca_history)i;
        pass->noun = words[i];
        return TW_OK;
    }
    return tw_error_set(error, TW_USAGE,
                        "say what is fetched, like tradewind fetch bars AAPL --from 2024-01-02 "
                        "--db ticks.db (or trades, or quotes)");
}

static tw_status read_timeframe(const fetch_options *options, fetch_pass *pass, tw_error *error) {
    if (pass->history != TW_ALPACA_HISTORY_BARS)
        return TW_OK;
    tw_status status = tw_timeframe_parse(tw_slice_of(options->timeframe), &pass->timeframe_ns);
    if (status != TW_OK || pass->timeframe_ns < TW_NS_PER_MINUTE)
        return tw_error_set(error, TW_USAGE,
                            "--timeframe %s: the venue has bars of 1m to 59m, 1h to 23h, 1d and 1w",
                            options->timeframe);
    return TW_OK;
}

static tw_status read_times(const fetch_options *options, const tw_config *config, fetch_pass *pass,
                            tw_error *error) {
    int64_t now_ns = tw_time_wall_ns();
    int64_t to_ns = options->to_ns;
    if (command_origin(config, "from") == TW_CONFIG_FROM_DEFAULT)
        return tw_error_set(error, TW_USAGE, "say where to begin, like --from 2024-01-02");
    if (command_origin(config, "to") == TW_CONFIG_FROM_DEFAULT)
        to_ns = now_ns > options->from_ns ? now_ns : options->from_ns;
    if (options->from_ns < 0)
        return tw_error_set(error, TW_USAGE, "--from: no venue has data from before 1970");
    if (to_ns <= options->from_ns)
        return tw_error_set(error, TW_USAGE, "--to must be later than --from");
    pass->start_ns = options->from_ns;
    pass->end_ns = to_ns - 1;
    return TW_OK;
}

static tw_status add_symbol(fetch_pass *pass, tw_slice name, tw_error *error) {
    tw_symbol symbol = TW_SYMBOL_NONE;
    if (name.size > 0 && tw_symbols_find(pass->symbols, name) != TW_SYMBOL_NONE)
        return TW_OK; /* named twice */
    if (pass->wanted_count == INPUT_SYMBOL_COUNT_MAX ||
        tw_symbols_intern(pass->symbols, name, &symbol) != TW_OK)
        return tw_error_set(error, TW_USAGE, "\"%.*s\" is not a symbol", (int)name.size, name.data);
    pass->wanted[pass->wanted_count++] = symbol;
    return TW_OK;
}

/* Operands behind the first, each a symbol or a list with commas. */
static tw_status read_symbols(const tw_arguments *arguments, fetch_pass *pass, tw_error *error) {
    tw_status status = TW_OK;
    for (size_t i = 1; i < arguments->operand_count && status == TW_OK; i++)
        for (tw_slice rest = tw_slice_of(arguments->operands[i]);
             status == TW_OK && rest.data != NULL;)
            status = add_symbol(pass, tw_slice_split(&rest, ','), error);
    if (status == TW_OK && pass->wanted_count == 0)
        status = tw_error_set(error, TW_USAGE, "name the symbols of %s, like AAPL or AAPL,MSFT",
                              pass->noun);
    return status;
}

/* Rows of a symbol that are expected in the whole time; an upper estimate for bars. */
static double expected_bars(const fetch_pass *pass) {
    double share = pass->timeframe_ns < TW_NS_PER_DAY ? 5.0 / 7.0 * 16.0 / 24.0 : 5.0 / 7.0;
    return (double)(pass->end_ns - pass->start_ns + 1) / (double)pass->timeframe_ns * share + 1.0;
}

/* Parts of about a full page, whatever --page-limit says, so that a fetch with another limit finds
 * what was fetched: many symbols where each has few rows, spans of time where one has many. */
static void cut_into_parts(fetch_pass *pass) {
    int64_t length_ns = pass->end_ns - pass->start_ns + 1;
    pass->symbols_per_request = 1;
    pass->span_ns = TW_NS_PER_DAY;
    if (pass->history != TW_ALPACA_HISTORY_BARS)
        return;
    double pages = expected_bars(pass) / TW_ALPACA_PAGE_LIMIT_MAX;
    if (pages <= 0.5) {
        double fit = 1.0 / pages;
        pass->symbols_per_request =
            fit < SYMBOLS_A_REQUEST_MAX ? (uint32_t)fit : SYMBOLS_A_REQUEST_MAX;
    }
    int64_t spans = (int64_t)(pages + 0.9); /* a tenth over is paged instead */
    pass->span_ns = spans > 1 ? length_ns / spans + 1 : 0;
}

/* ---- what is safe -------------------------------------------------------------------------- */

static tw_status check_access(const tw_arguments *arguments, const venue_options *access,
                              tw_error *error) {
    const char *address = venue_address_of_file(&arguments->configs[VENUE_OPTIONS]);
    if (address != NULL)
        return tw_error_set(error, TW_USAGE,
                            "\"%s\" is not taken from %s: type it, or set it in the environment",
                            address, arguments->config_path);
    if (venue_addresses_hold_credentials(access))
        return tw_error_set(error, TW_USAGE, "an address of the venue must not hold credentials");
    if (access->key_id[0] == '\0' || access->secret[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "the venue needs credentials: set APCA_API_KEY_ID and "
                            "APCA_API_SECRET_KEY");
    return TW_OK;
}

static tw_status prepare(const fetch_targets *targets, const tw_arguments *arguments,
                         fetch_pass *pass, tw_error *error) {
    static const char *const adjustments[] = {"raw", "split", "dividend", "all"};
    static tw_symbol wanted[INPUT_SYMBOL_COUNT_MAX];
    const fetch_options *options = &targets->options;
    const char *word = arguments->operand_count > 0 ? arguments->operands[0] : "";
    bool feed_said =
        command_origin(&arguments->configs[VENUE_OPTIONS], "feed") != TW_CONFIG_FROM_DEFAULT;
    pass->access = &targets->access;
    pass->feed = feed_said ? targets->access.feed : NULL;
    pass->adjustment = adjustments[options->adjustment];
    pass->database = options->database;
    pass->patience_ns = options->patience_ns;
    pass->in_flight = (uint32_t)options->in_flight;
    pass->page_limit = (uint32_t)options->page_limit;
    pass->restart = options->restart;
    pass->quiet = options->quiet;
    pass->wanted = wanted;
    tw_status status = read_history(word, pass, error);
    if (status == TW_OK)
        status = read_timeframe(options, pass, error);
    if (status == TW_OK)
        status = read_times(options, &arguments->configs[FETCH_TABLE], pass, error);
    if (status == TW_OK && options->database[0] == '\0')
        status = tw_error_set(error, TW_USAGE,
                              "name the store to write with --db FILE, like --db ticks.db");
    if (status == TW_OK)
        status = check_access(arguments, &targets->access, error);
    if (status == TW_OK && tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &pass->symbols) != TW_OK)
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory for the names of symbols");
    if (status == TW_OK)
        status = read_symbols(arguments, pass, error);
    if (status == TW_OK)
        cut_into_parts(pass);
    return status;
}

/* ---- what is said -------------------------------------------------------------------------- */

static double rate_of(const fetch_pass *pass, double seconds) {
    return seconds > 0.0 ? (double)pass->totals.wire.rows / seconds : 0.0;
}

static bool came_empty(const fetch_pass *pass, size_t wanted) {
    return pass->totals.left_out == 0 && pass->totals.refused == 0 &&
           !pass->has_rows[pass->wanted[wanted]];
}

static tw_status print_json(const fetch_pass *pass, double seconds, tw_error *error) {
    const fetch_totals *totals = &pass->totals;
    json_writer w = json_writer_begin();
    json_count(&w, "rows", totals->rows);
    json_count(&w, "requests", totals->wire.requests);
    json_count(&w, "retries", totals->wire.retries);
    json_count(&w, "bytes", totals->wire.bytes);
    json_number(&w, "seconds", seconds);
    json_number(&w, "rows_per_second", rate_of(pass, seconds));
    json_count(&w, "skipped", totals->skipped);
    json_flag(&w, "resumed", totals->left_out > 0);
    json_open(&w, "refused", '[');
    for (size_t i = 0; i < pass->refused_count; i++) {
        json_open(&w, NULL, '{');
        json_text(&w, "symbols", pass->refused[i].symbols);
        json_text(&w, "message", pass->refused[i].message);
        json_close(&w);
    }
    json_close(&w);
    json_open(&w, "empty", '[');
    for (size_t i = 0; i < pass->wanted_count; i++)
        if (came_empty(pass, i))
            json_text(&w, NULL, tw_symbols_name(pass->symbols, pass->wanted[i]));
    json_close(&w);
    return json_writer_end(&w, error);
}

static void print_sentence(const fetch_pass *pass, double seconds) {
    const fetch_totals *totals = &pass->totals;
    char rows[READABLE_SIZE], skipped[READABLE_SIZE], requests[READABLE_SIZE], rate[READABLE_SIZE];
    printf("%s %s new, %s there already; %s requests in %.2f s (%s rows/s)%s.\n",
           readable_count(totals->rows, rows), pass->noun, readable_count(totals->skipped, skipped),
           readable_count(totals->wire.requests, requests), seconds,
           readable_count((uint64_t)rate_of(pass, seconds), rate),
           totals->left_out > 0 ? ", going on where a fetch before had stopped" : "");
}

/* Not an error: the venue answers so for a day without trades as well as for a misspelt name. */
static void tell_empty(const fetch_pass *pass) {
    size_t count = 0;
    for (size_t i = 0; i < pass->wanted_count; i++) {
        if (came_empty(pass, i) && count++ < TOLD_COUNT_MAX)
            fprintf(stderr, "tradewind fetch: the venue has no %s of %s in that time\n", pass->noun,
                    tw_symbols_name(pass->symbols, pass->wanted[i]));
    }
    if (count > TOLD_COUNT_MAX)
        fprintf(stderr, "tradewind fetch: nor of %zu symbols more\n", count - TOLD_COUNT_MAX);
}

/* Which parts did not come, and why. */
static void tell_refused(const fetch_pass *pass) {
    size_t told = pass->refused_count < TOLD_COUNT_MAX ? pass->refused_count : TOLD_COUNT_MAX;
    for (size_t i = 0; i < told; i++)
        fprintf(stderr, "tradewind fetch: %s: %s\n", pass->refused[i].symbols,
                pass->refused[i].message);
    if (pass->totals.refused > told)
        fprintf(stderr, "tradewind fetch: and %" PRIu64 " parts more\n",
                pass->totals.refused - told);
}

/* What came before the failure stays. */
static int told_failure(const fetch_pass *pass, const tw_error *error) {
    char rows[READABLE_SIZE];
    int ending = command_failed("fetch", error);
    if (pass->totals.rows > 0)
        fprintf(stderr, "tradewind fetch: %s %s from before it are stored\n",
                readable_count(pass->totals.rows, rows), pass->noun);
    return ending;
}

static int told_result(const fetch_pass *pass, bool json) {
    double seconds = progress_seconds(&pass->bar);
    tw_error error = {0};
    int ending = EXIT_DONE;
    if (json) {
        ending = command_ended("fetch", print_json(pass, seconds, &error), &error);
    } else {
        print_sentence(pass, seconds);
        ending = command_printed("fetch");
    }
    tell_empty(pass);
    tell_refused(pass);
    return ending == EXIT_DONE && pass->totals.refused > 0 ? EXIT_REMOTE : ending;
}

/* ---- command ------------------------------------------------------------------------------- */

int command_fetch(int argc, char **argv) {
    static fetch_targets targets;
    static tw_arguments arguments;
    static fetch_pass pass;
    static const tw_argument_short shorts[] = {{'d', "db"}, {'t', "timeframe"}};
    const tw_arguments_table tables[] = {
        {.section = "fetch",
         .options = fetch_table,
         .count = OPTION_COUNT,
         .target = &targets.options,
         .shorts = shorts,
         .short_count = 2},
        venue_arguments("The venue", &targets.access),
    };
    const tw_arguments_spec spec = {
        .command = "tradewind fetch",
        .operands = "bars|trades|quotes SYMBOL...",
        .summary =
            "A venue's history into a store, many requests at once. A row that is there\n"
            "already changes nothing, so a fetch can be repeated; one that was stopped goes\n"
            "on where it was, and one whose venue goes away waits for it.",
        .example =
            "tradewind fetch bars AAPL,MSFT --from 2024-01-02 --to 2024-02-01 --db ticks.db\n"
            "tradewind fetch trades AAPL --from 2024-01-02 --to 2024-01-03 --db ticks.db\n",
        .tables = tables,
        .table_count = sizeof tables / sizeof tables[0],
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    interruption_note();
    tw_error error = {0};
    tw_status status = prepare(&targets, &arguments, &pass, &error);
    if (status == TW_OK)
        status = fetch_pass_run(&pass, &error);
    ending =
        status == TW_OK ? told_result(&pass, targets.options.json) : told_failure(&pass, &error);
    tw_symbols_free(pass.symbols);
    return ending;
}
