/* window_command.c - `tradewind window`: sliding statistics after each trade of a file. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "interruption.h"
#include "readable.h"
#include "window_pass.h"

typedef struct window_options {
    char out[TW_CONFIG_TEXT_SIZE];
    char symbol[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
    char plot[TW_CONFIG_TEXT_SIZE];
    int64_t count;
    int64_t time_ns;
} window_options;

static const tw_config_option window_table[] = {
    {"count", TW_CONFIG_INTEGER, "N", "1", "10000000", "100", "the newest N trades of a symbol",
     NULL, offsetof(window_options, count)},
    {"time", TW_CONFIG_DURATION, "SPAN", NULL, NULL, "0",
     "and of these only what is younger than SPAN, like 60s; 0: all", NULL,
     offsetof(window_options, time_ns)},
    {"symbol", TW_CONFIG_TEXT, "NAME", NULL, NULL, "", "only the trades of this symbol", NULL,
     offsetof(window_options, symbol)},
    {"out", TW_CONFIG_TEXT, "FILE", NULL, NULL, "-", "where to; - is standard output", NULL,
     offsetof(window_options, out)},
    {"plot", TW_CONFIG_TEXT, "FILE.png", NULL, NULL, "",
     "draw prices with mean, band, vwap and ema, and the deviation: one symbol (needs gnuplot)",
     NULL, offsetof(window_options, plot)},
    {"skip-bad", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write bad rows into FILE with the reason and go on", NULL,
     offsetof(window_options, skip_bad)},
};

enum { OPTION_COUNT = sizeof window_table / sizeof window_table[0] };

static tw_status check_files(const window_options *options, const tw_arguments *arguments,
                             tw_error *error) {
    if (arguments->operand_count == 0)
        return tw_error_set(error, TW_USAGE, "name a file of trades (- is standard input)");
    if (arguments->operand_count > 1)
        return tw_error_set(error, TW_USAGE, "one file of trades at a time; \"%s\" is one too many",
                            arguments->operands[1]);
    if (options->out[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--out needs a file (- is standard output)");
    const output_option written[] = {{"out", options->out, .streams = true},
                                     {"skip-bad", options->skip_bad, .streams = false},
                                     {"plot", options->plot, .streams = false}};
    return output_options_check(written, sizeof written / sizeof written[0], arguments->operands, 1,
                                error);
}

/* What one run writes. */
typedef struct window_files {
    output_file out;
    output_file picture;
    rejects aside;
    bool draws;
    bool skips;
} window_files;

static tw_status open_files(window_files *files, const window_options *options, tw_error *error) {
    *files =
        (window_files){.draws = options->plot[0] != '\0', .skips = options->skip_bad[0] != '\0'};
    tw_status status = output_file_open(&files->out, options->out, error);
    if (status == TW_OK && files->draws)
        status = output_file_open(&files->picture, options->plot, error);
    if (status == TW_OK && files->skips)
        status = rejects_open(&files->aside, options->skip_bad, error);
    return status;
}

static void drop_files(window_files *files) {
    output_file_drop(&files->aside.file);
    output_file_drop(&files->picture);
    output_file_drop(&files->out);
}

static tw_status publish(window_files *files, tw_error *error) {
    output_file *const all[] = {&files->picture, &files->aside.file, &files->out};
    return output_files_keep(all, sizeof all / sizeof all[0], error);
}

static tw_status draw(const window_plot *plot, const window_options *options, const char *path,
                      tw_error *error) {
    char window[READABLE_SIZE + 64];
    char span[READABLE_SIZE];
    int size = snprintf(window, sizeof window, "windows of %lld trades", (long long)options->count);
    if (options->time_ns > 0)
        snprintf(window + size, sizeof window - (size_t)size, " and %s",
                 readable_span(options->time_ns, span));
    return window_plot_draw(plot, window, path, error);
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    const window_options *options = target;
    static window_plot plot; /* too large for a stack of functions */
    tw_status status = check_files(options, arguments, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    window_plot_init(&plot);
    window_files files;
    status = open_files(&files, options, error);
    const window_pass_config config = {
        .path = arguments->operands[0],
        .symbol = options->symbol[0] != '\0' ? options->symbol : NULL,
        .window = {.count_max = (uint32_t)options->count,
                   .window_count = 1,
                   .windows = {{.span_ns = options->time_ns}}},
        .plot = files.draws ? &plot : NULL,
        .aside = files.skips ? &files.aside : NULL,
    };
    uint64_t count = 0;
    if (status == TW_OK)
        status = window_pass(&config, &files.out, &count, error);
    if (status == TW_OK && files.draws)
        status = draw(&plot, options, files.picture.temporary, error);
    if (status == TW_OK)
        status = publish(&files, error);
    if (status == TW_OK)
        rejects_tell("window", files.aside.count, options->skip_bad);
    drop_files(&files);
    return status;
}

int command_window(int argc, char **argv) {
    window_options options;
    static const tw_argument_short shorts[] = {
        {'n', "count"}, {'t', "time"}, {'s', "symbol"}, {'o', "out"}, {'p', "plot"}};
    const tw_arguments_table tables[] = {
        {.section = "window",
         .options = window_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = sizeof shorts / sizeof shorts[0]},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind window",
        .operands = "FILE",
        .summary = "Sliding statistics of each symbol after each of its trades, as CSV:\n"
                   "ts_ns,symbol,n,mean,stddev,min,max,vwap,ema. FILE is a CSV of trades\n"
                   "(ts_ns,symbol,price,size,side), plain, gzip or zstd; - is standard input.\n"
                   "stddev is that of the population; ema has alpha 2/(count+1), begins as the\n"
                   "first price and looks back over all trades.",
        .example = "tradewind window trades.csv.gz --count 100 --time 60s --out windows.csv\n"
                   "tradewind window trades.csv --symbol AAPL --plot AAPL.png --out AAPL.csv\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    return command_main(&spec, argc, argv, run, &options);
}
