/*
 * book_command.c - `tradewind book`: order books replayed from files of market data.
 *
 * One pass: the replay steps, and whoever is wanted watches: rows, a plot, or only the totals. What
 * is damaged or cut off is replayed up to the fault; then everything asked for is written as far as
 * it came, and the command ends with the fault's message.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "book_plot.h"
#include "book_report.h"
#include "book_rows.h"
#include "command.h"
#include "interruption.h"

typedef struct book_options {
    int64_t levels;
    int64_t max_orders;
    int format; /* of `formats` */
    char symbol[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    char initial[TW_CONFIG_TEXT_SIZE];
    char plot[TW_CONFIG_TEXT_SIZE];
    bool summary;
    bool json;
    bool strict;
} book_options;

enum { SHOWN_NAMES_MAX = 8 };

static const tw_config_option book_table[] = {
    {"format", TW_CONFIG_CHOICE, NULL, NULL, NULL, "auto",
     "lobster, itch (day file or capture), dbn, bitstamp, kraken or binance; auto: by how the file "
     "begins",
     "auto|lobster|itch|dbn|bitstamp|kraken|binance", offsetof(book_options, format)},
    {"levels", TW_CONFIG_INTEGER, NULL, "1", "4096", "10", "levels of each side in a row", NULL,
     offsetof(book_options, levels)},
    {"symbol", TW_CONFIG_TEXT, "NAME", NULL, NULL, "",
     "only this symbol; of a file that names none, what it is called", NULL,
     offsetof(book_options, symbol)},
    {"out", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write the rows here; - or, without --summary and --plot, nothing: standard output", NULL,
     offsetof(book_options, out)},
    {"initial", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "LOBSTER: the book file that goes with the messages; its first row is the book just after the "
     "first message",
     NULL, offsetof(book_options, initial)},
    {"summary", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print totals, best prices and ns a message instead of rows", NULL,
     offsetof(book_options, summary)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print the summary as one JSON document",
     NULL, offsetof(book_options, json)},
    {"plot", TW_CONFIG_TEXT, "FILE.png", NULL, NULL, "",
     "draw the book over time, with the trades (needs gnuplot)", NULL,
     offsetof(book_options, plot)},
    {"strict", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "end with status 3 if messages of the feed are missing or wrong, though it was replayed", NULL,
     offsetof(book_options, strict)},
    {"max-orders", TW_CONFIG_INTEGER, NULL, "1", "1000000000", "16M",
     "orders, and levels, that may be alive at once; memory is taken as they come", NULL,
     offsetof(book_options, max_orders)},
};

enum { OPTION_COUNT = sizeof book_table / sizeof book_table[0] };

/* By the index of --format; 0 is auto. */
static const tw_tape_format formats[] = {TW_TAPE_ROWS,   TW_TAPE_LOBSTER_MESSAGES, TW_TAPE_ITCH,
                                         TW_TAPE_DBN,    TW_TAPE_BITSTAMP,         TW_TAPE_KRAKEN,
                                         TW_TAPE_BINANCE};

/* ---- Usage --------------------------------------------------------------------------------- */

static bool wants_rows(const book_options *options) {
    bool other = options->summary || options->plot[0] != '\0';
    return !other || options->out[0] != '\0';
}

/* An output that is not asked for has no name. */
static bool is_same_file(const char *output, const char *other) {
    if (output[0] == '\0' || other[0] == '\0')
        return false;
    return strcmp(output, other) == 0 ? strcmp(output, "-") != 0
                                      : output_is_same_file(output, other);
}

static tw_status check_usage(const book_options *options, const char *path, tw_error *error) {
    bool rows_to_screen =
        wants_rows(options) && (options->out[0] == '\0' || strcmp(options->out, "-") == 0);
    if (rows_to_screen && options->summary)
        return tw_error_set(error, TW_USAGE,
                            "the rows and the summary cannot both go to standard output: name a "
                            "file with --out");
    if (strcmp(options->plot, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--plot needs a file, not standard output");
    if (is_same_file(options->out, options->plot))
        return tw_error_set(error, TW_USAGE, "--out and --plot name the same file, %s",
                            options->out);
    const char *const read[] = {path, options->initial};
    for (size_t i = 0; i < 2; i++) {
        if (is_same_file(options->out, read[i]) || is_same_file(options->plot, read[i]))
            return tw_error_set(error, TW_USAGE, "%s is read, and cannot be written", read[i]);
    }
    return TW_OK;
}

static tw_status find_format(const book_options *options, const char *path,
                             tw_tape_format *ret_format, tw_error *error) {
    *ret_format = formats[options->format];
    if (options->format != 0)
        return TW_OK;
    tw_status status = tw_tape_guess(path, NULL, ret_format, error);
    if (status == TW_STATE)
        return tw_error_set(error, TW_USAGE,
                            "%s can be read only once, and not be looked at first: say what it is "
                            "with --format (lobster, itch, dbn, bitstamp, kraken or binance)",
                            strcmp(path, "-") == 0 ? "standard input" : path);
    if (status == TW_UNSUPPORTED)
        return tw_error_set_at(error, TW_PARSE, path, 0, 0,
                               "this begins like no format that is known; say which it is with "
                               "--format");
    return status;
}

/* ---- The pass ------------------------------------------------------------------------------ */

/* Everything that watches the replay. */
typedef struct watchers {
    book_replay replay;
    book_rows rows;
    book_plot plot;
    output_file rows_file;
    output_file plot_file;
    bool with_rows;
    bool with_plot;
} watchers;

static tw_status on_step(void *context, const book_step *step, tw_error *error) {
    watchers *all = context;
    tw_status status = TW_OK;
    if (all->with_rows)
        status = book_rows_put(&all->rows, step, error);
    if (all->with_plot && status == TW_OK)
        status = book_plot_put(&all->plot, step, error);
    return status;
}

static tw_status open_all(watchers *all, const book_options *options, const char *path,
                          tw_error *error) {
    book_replay_config config = {.path = path,
                                 .initial = options->initial,
                                 .symbol = options->symbol,
                                 .order_count_max = (uint32_t)options->max_orders};
    tw_status status = find_format(options, path, &config.format, error);
    if (status == TW_OK)
        status = book_replay_open(&all->replay, &config, error);
    if (status == TW_OK && all->with_rows)
        status =
            output_file_open(&all->rows_file, options->out[0] == '\0' ? "-" : options->out, error);
    if (status == TW_OK && all->with_rows)
        status = book_rows_open(&all->rows, &all->replay, (uint32_t)options->levels,
                                &all->rows_file, error);
    if (status == TW_OK && all->with_plot)
        status = output_file_open(&all->plot_file, options->plot, error);
    if (status == TW_OK && all->with_plot)
        status = book_plot_open(&all->plot, &all->replay, error);
    return status;
}

static void close_all(watchers *all) {
    book_rows_close(&all->rows);
    book_plot_close(&all->plot);
    output_file_drop(&all->rows_file);
    output_file_drop(&all->plot_file);
    book_replay_close(&all->replay);
}

static tw_status write_rows(watchers *all, tw_error *error) {
    tw_status status = book_rows_flush(&all->rows, error);
    return status == TW_OK ? output_file_keep(&all->rows_file, error) : status;
}

static tw_status write_plot(watchers *all, tw_error *error) {
    tw_status status = book_plot_draw(&all->plot, all->plot_file.temporary, error);
    return status == TW_OK ? output_file_keep(&all->plot_file, error) : status;
}

static tw_status write_report(watchers *all, const book_options *options, const tw_error *fault,
                              tw_error *error) {
    return options->json ? book_report_json(&all->replay, fault, error)
                         : book_report_text(&all->replay, error);
}

/* Ends with `status` unless that is fine: of several faults the first is the ending, and the others
 * are said. */
static tw_status and_then(tw_status status, tw_error *error, tw_status next, const tw_error *why) {
    if (next == TW_OK)
        return status;
    if (status == TW_OK)
        *error = *why;
    else if (next != TW_CANCELLED)
        fprintf(stderr, "tradewind book: %s\n", why->message);
    return status == TW_OK ? next : status;
}

/* What one of them cannot write keeps none of the others. */
static tw_status write_all(watchers *all, const book_options *options, tw_status status,
                           tw_error *error) {
    tw_error why = {0};
    if (all->with_rows)
        status = and_then(status, error, write_rows(all, &why), &why);
    if (all->with_plot)
        status = and_then(status, error, write_plot(all, &why), &why);
    if (options->summary)
        status = and_then(status, error,
                          write_report(all, options, status == TW_OK ? NULL : error, &why), &why);
    return status;
}

/* "; it has AAPL, MSFT, SPY and 12 more", of the symbols that were met beside the wanted one. */
static void name_symbols(const book_replay *replay, char *text, size_t size) {
    tw_text names = tw_text_over(text, size);
    uint32_t count = tw_symbols_count(replay->symbols);
    uint32_t shown = 0;
    for (tw_symbol symbol = 0; symbol < count && shown < SHOWN_NAMES_MAX; symbol++) {
        if (symbol == replay->only)
            continue;
        tw_text_append_string(&names, shown++ == 0 ? "; it has " : ", ");
        tw_text_append_string(&names, tw_symbols_name(replay->symbols, symbol));
    }
    if (count > shown + 1)
        tw_text_append_format(&names, " and %u more", count - shown - 1);
}

/* A name that was mistyped is not a book without orders. */
static tw_status check_something_came(const book_replay *replay, tw_error *error) {
    if (replay->totals.messages > 0)
        return TW_OK;
    if (replay->only != TW_SYMBOL_NONE) {
        char names[SHOWN_NAMES_MAX * 32] = "";
        name_symbols(replay, names, sizeof names);
        return tw_error_set(error, TW_NOT_FOUND, "%s: no message is of %s%s", replay->config.path,
                            replay->config.symbol, names);
    }
    bool mixed = tw_tape_content_of(replay->tape) == TW_TAPE_CONTENT_MIXED;
    return tw_error_set(error, TW_NOT_FOUND, "%s: no message is for a book%s", replay->config.path,
                        mixed ? "; of a file of records of many kinds only quotes are read" : "");
}

/* With --strict a feed with gaps is bad input, though its book may be whole again. */
static tw_status check_nothing_is_missing(const book_replay *replay, tw_error *error) {
    uint64_t gaps = replay->totals.gap_warnings;
    if (gaps == 0)
        return TW_OK;
    return tw_error_set(error, TW_TRUNCATED, "%s: %llu gaps and faults of the feed, with --strict",
                        replay->config.path, (unsigned long long)gaps);
}

/* Faults of the data: what came before them stands. */
static bool is_fault_of_data(tw_status status) {
    return status == TW_PARSE || status == TW_RANGE || status == TW_TRUNCATED ||
           status == TW_CORRUPT || status == TW_OVERFLOW;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    book_options *options = target;
    const char *path = arguments->operands[0];
    options->summary |= options->json;
    watchers all = {.with_rows = wants_rows(options), .with_plot = options->plot[0] != '\0'};
    tw_status status = check_usage(options, path, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    status = open_all(&all, options, path, error);
    if (status == TW_OK) {
        bool watched = all.with_rows || all.with_plot;
        status = book_replay_run(&all.replay, watched ? on_step : NULL, &all, error);
        if (status == TW_OK)
            status = check_something_came(&all.replay, error);
        bool came = all.replay.totals.messages > 0;
        if (status == TW_OK && options->strict)
            status = check_nothing_is_missing(&all.replay, error);
        if (came && (status == TW_OK || is_fault_of_data(status)))
            status = write_all(&all, options, status, error);
    }
    close_all(&all);
    return status;
}

int command_book(int argc, char **argv) {
    book_options options;
    static const tw_argument_short shorts[] = {
        {'f', "format"}, {'n', "levels"}, {'s', "symbol"}, {'o', "out"}, {'p', "plot"}};
    const tw_arguments_table tables[] = {
        {.section = "book",
         .options = book_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 5},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind book",
        .operands = "FILE",
        .summary = "Order books replayed from a file of market data: LOBSTER, NASDAQ ITCH 5.0,\n"
                   "Databento, Bitstamp, Kraken, Binance; plain, gzip, zstd or xz; - is standard\n"
                   "input. Of LOBSTER messages one book row each, in LOBSTER's form; else a CSV\n"
                   "row for every change of the shown levels.",
        .example =
            "tradewind book AAPL_message_50.csv.gz --initial AAPL_orderbook_50.csv > book.csv\n"
            "tradewind book S010124-v50.txt.gz --symbol AAPL --summary\n"
            "tradewind book trading-day.mbo.dbn.zst --plot day.png\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_min = 1,
        .operand_count_max = 1,
    };
    return command_main(&spec, argc, argv, run, &options);
}
