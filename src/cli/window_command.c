/* window_command.c - `tradewind window`: sliding statistics after each trade of a file. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "interruption.h"
#include "window_pass.h"

typedef struct window_options {
    char out[TW_CONFIG_TEXT_SIZE];
    char symbol[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
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
    const char *input = arguments->operands[0];
    if (strcmp(options->skip_bad, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--skip-bad needs a file, not standard output");
    if (options->out[0] == '\0')
        return tw_error_set(error, TW_USAGE, "--out needs a file (- is standard output)");
    if (output_is_same_file(options->out, input))
        return tw_error_set(error, TW_USAGE, "--out %s: that file is read", options->out);
    if (options->skip_bad[0] == '\0')
        return TW_OK;
    if (output_is_same_file(options->skip_bad, input))
        return tw_error_set(error, TW_USAGE, "--skip-bad %s: that file is read", options->skip_bad);
    if (output_is_same_file(options->skip_bad, options->out))
        return tw_error_set(error, TW_USAGE, "--skip-bad %s: that file is --out",
                            options->skip_bad);
    return TW_OK;
}

static tw_status publish(output_file *out, rejects *aside, tw_error *error) {
    tw_status status = output_file_finish(out, error);
    if (status == TW_OK && aside != NULL)
        status = output_file_finish(&aside->file, error);
    if (status == TW_OK && aside != NULL)
        status = output_file_publish(&aside->file, error);
    if (status == TW_OK)
        status = output_file_publish(out, error);
    return status;
}

static tw_status run(const window_options *options, const tw_arguments *arguments,
                     tw_error *error) {
    tw_status status = check_files(options, arguments, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    output_file out = {.stream = NULL};
    rejects aside = {.count = 0};
    bool skips = options->skip_bad[0] != '\0';
    window_pass_config config = {
        .path = arguments->operands[0],
        .symbol = options->symbol[0] != '\0' ? options->symbol : NULL,
        .window = {.count_max = (uint32_t)options->count,
                   .window_count = 1,
                   .windows = {{.span_ns = options->time_ns}}},
        .aside = skips ? &aside : NULL,
    };
    uint64_t count = 0;
    status = output_file_open(&out, options->out, error);
    if (status == TW_OK && skips)
        status = rejects_open(&aside, options->skip_bad, error);
    if (status == TW_OK)
        status = window_pass(&config, &out, &count, error);
    if (status == TW_OK)
        status = publish(&out, config.aside, error);
    if (status == TW_OK)
        rejects_tell("window", aside.count, options->skip_bad);
    output_file_drop(&aside.file);
    output_file_drop(&out);
    return status;
}

int command_window(int argc, char **argv) {
    window_options options;
    static const tw_argument_short shorts[] = {
        {'n', "count"}, {'t', "time"}, {'s', "symbol"}, {'o', "out"}};
    const tw_arguments_table tables[] = {
        {.section = "window",
         .options = window_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 4},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind window",
        .operands = "FILE",
        .summary = "Sliding statistics of each symbol after each of its trades, as CSV:\n"
                   "ts_ns,symbol,n,mean,stddev,min,max,vwap,ema. FILE is a CSV of trades\n"
                   "(ts_ns,symbol,price,size,side), plain, gzip or zstd; - is standard input.\n"
                   "stddev is that of the population; ema has alpha 2/(count+1), begins as the\n"
                   "first price and looks back over all trades.",
        .example = "tradewind window trades.csv.gz --count 100 --time 60s --out windows.csv\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
        .reads_config = true,
        .sections = command_sections,
        .section_count = command_section_count,
    };
    tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    tw_error error = {0};
    tw_status status = run(&options, &arguments, &error);
    return command_ended("window", status, &error);
}
