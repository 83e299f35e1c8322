/* bars_command.c - `tradewind bars`: trades of a file or a store as bars of several timeframes. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bars_pass.h"
#include "command.h"
#include "interruption.h"
#include "readable.h"
#include "table.h"

typedef struct bars_options {
    char timeframes[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    char database[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
    bool json;
} bars_options;

static const tw_config_option bars_table[] = {
    {"timeframes", TW_CONFIG_TEXT, "LIST", NULL, NULL, "1m",
     "timeframes, separated by commas, like 1s,1m,5m,1h,1d", NULL,
     offsetof(bars_options, timeframes)},
    {"out", TW_CONFIG_TEXT, "DIR", NULL, NULL, "",
     "folder for one file a timeframe (1s.csv ...), made if missing; - or, with one timeframe, "
     "nothing: standard output",
     NULL, offsetof(bars_options, out)},
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "read the trades of this store instead of a file's", NULL, offsetof(bars_options, database)},
    {"skip-bad", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write bad rows into FILE with the reason and go on", NULL, offsetof(bars_options, skip_bad)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print the counts as one JSON document (with --out DIR)", NULL, offsetof(bars_options, json)},
};

enum { OPTION_COUNT = sizeof bars_table / sizeof bars_table[0] };

/* ---- usage --------------------------------------------------------------------------------- */

static bool to_standard_output(const bars_options *options) {
    return options->out[0] == '\0' || strcmp(options->out, "-") == 0;
}

static tw_status check_input(const bars_options *options, const tw_arguments *arguments,
                             tw_error *error) {
    bool from_store = options->database[0] != '\0';
    if (from_store && options->skip_bad[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--skip-bad is for a file of trades: a store has no bad rows");
    if (from_store || arguments->operand_count == 1)
        return TW_OK;
    if (arguments->operand_count == 0)
        return tw_error_set(error, TW_USAGE,
                            "name a file of trades (- is standard input), or a store with "
                            "--db FILE");
    return tw_error_set(error, TW_USAGE,
                        "one file of trades at a time; \"%s\" is one too many (symbols need "
                        "--db FILE)",
                        arguments->operands[1]);
}

static tw_status check_output(const bars_options *options, const bars_timeframes *timeframes,
                              const char *input, tw_error *error) {
    if (options->out[0] == '\0' && timeframes->count > 1)
        return tw_error_set(error, TW_USAGE,
                            "%lu timeframes make %lu files: say where with --out DIR (or --out - "
                            "for all of them in one stream)",
                            (unsigned long)timeframes->count, (unsigned long)timeframes->count);
    if (options->json && to_standard_output(options))
        return tw_error_set(error, TW_USAGE,
                            "--json and the bars cannot both go to standard output: add --out DIR");
    if (strcmp(options->skip_bad, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--skip-bad needs a file, not standard output");
    if (options->skip_bad[0] != '\0' && output_is_same_file(options->skip_bad, input))
        return tw_error_set(error, TW_USAGE, "--skip-bad %s: that file is read", options->skip_bad);
    return TW_OK;
}

/* ---- report -------------------------------------------------------------------------------- */

static tw_status print_json(const bars_writer *writer, const bars_totals *totals, tw_error *error) {
    char memory[1024];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_string(&text, "{\"rows\":{");
    for (uint32_t i = 0; i < writer->timeframes.count; i++)
        tw_text_append_format(&text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", writer->names[i],
                              writer->rows[i]);
    tw_text_append_format(&text, "},\"trades\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"seconds\":",
                          totals->trades, totals->skipped);
    tw_text_append_double(&text, totals->seconds);
    tw_text_append_string(&text, "}\n");
    TW_ASSERT(!text.truncated);
    output_file out;
    tw_status status = output_file_open(&out, "-", error);
    if (status == TW_OK)
        status = output_file_write(&out, tw_text_slice(&text), error);
    return status == TW_OK ? output_file_finish(&out, error) : status;
}

static tw_status print_table(const bars_options *options, const bars_writer *writer,
                             const bars_totals *totals, tw_error *error) {
    char cell[READABLE_SIZE];
    char path[OUTPUT_PATH_SIZE];
    table *rows = table_new();
    table_column(rows, "TIMEFRAME", false);
    table_column(rows, "BARS", true);
    table_column(rows, "FILE", false);
    for (uint32_t i = 0; i < writer->timeframes.count; i++) {
        snprintf(path, sizeof path, "%s/%s.csv", options->out, writer->names[i]);
        table_row(rows);
        table_cell(rows, writer->names[i]);
        table_cell(rows, readable_count(writer->rows[i], cell));
        table_cell(rows, path);
    }
    tw_status status = table_print(rows, stdout, error);
    table_free(rows);
    if (status != TW_OK)
        return status;
    printf("\n%s trades in %.2f s", readable_count(totals->trades, cell), totals->seconds);
    if (totals->seconds > 0.0)
        printf(" (%s/s)",
               readable_count((uint64_t)((double)totals->trades / totals->seconds), cell));
    printf(".\n");
    output_file out;
    status = output_file_open(&out, "-", error);
    return status == TW_OK ? output_file_finish(&out, error) : status;
}

static tw_status print_report(const bars_options *options, const bars_writer *writer,
                              const bars_totals *totals, tw_error *error) {
    char count[READABLE_SIZE];
    if (totals->skipped > 0)
        fprintf(stderr, "tradewind bars: %s bad row%s set aside in %s\n",
                readable_count(totals->skipped, count), totals->skipped == 1 ? " was" : "s were",
                options->skip_bad);
    if (to_standard_output(options))
        return TW_OK;
    return options->json ? print_json(writer, totals, error)
                         : print_table(options, writer, totals, error);
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status pass_store(const bars_options *options, const tw_arguments *arguments,
                            bars_writer *writer, bars_totals *ret_totals, tw_error *error) {
    input_store input;
    tw_status status = input_store_open(&input, options->database, arguments->operands,
                                        arguments->operand_count, error);
    if (status == TW_OK)
        status = bars_pass_store(&input, writer, ret_totals, error);
    input_store_close(&input);
    return status;
}

static tw_status pass_file(const bars_options *options, const char *path, bars_writer *writer,
                           bars_totals *ret_totals, tw_error *error) {
    rejects aside = {.count = 0};
    bool skips = options->skip_bad[0] != '\0';
    tw_status status = skips ? rejects_open(&aside, options->skip_bad, error) : TW_OK;
    if (status == TW_OK)
        status = bars_pass_file(path, writer, skips ? &aside : NULL, ret_totals, error);
    if (status == TW_OK && skips)
        status = output_file_finish(&aside.file, error);
    if (status == TW_OK && skips)
        status = output_file_publish(&aside.file, error);
    output_file_drop(&aside.file);
    return status;
}

static tw_status run(const bars_options *options, const tw_arguments *arguments, tw_error *error) {
    bars_timeframes timeframes;
    tw_status status = bars_timeframes_parse(options->timeframes, &timeframes, error);
    if (status == TW_OK)
        status = check_input(options, arguments, error);
    if (status == TW_OK)
        status = check_output(options, &timeframes,
                              arguments->operand_count > 0 ? arguments->operands[0] : "-", error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    bars_writer writer;
    bars_totals totals;
    const char *out = to_standard_output(options) ? "-" : options->out;
    status = bars_writer_open(&writer, &timeframes, out, error);
    if (status != TW_OK)
        return status;
    if (options->database[0] != '\0')
        status = pass_store(options, arguments, &writer, &totals, error);
    else
        status = pass_file(options, arguments->operands[0], &writer, &totals, error);
    if (status == TW_OK)
        status = bars_writer_finish(&writer, error);
    if (status == TW_OK)
        status = print_report(options, &writer, &totals, error);
    bars_writer_drop(&writer);
    return status;
}

int command_bars(int argc, char **argv) {
    bars_options options;
    static const tw_argument_short shorts[] = {{'t', "timeframes"}, {'o', "out"}, {'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "bars",
         .options = bars_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 3},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind bars",
        .operands = "FILE | --db FILE [SYMBOL...]",
        .summary = "Trades as bars of several timeframes, in one pass. FILE is a CSV of trades\n"
                   "(ts_ns,symbol,price,size,side), plain, gzip or zstd; - is standard input.\n"
                   "From a store: the symbols named, or all that have trades.",
        .example = "tradewind bars trades.csv.gz --timeframes 1s,1m,1h,1d --out bars\n"
                   "tradewind bars --db ticks.db AAPL --timeframes 5m > AAPL.csv\n",
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
    if (status == TW_CANCELLED)
        return EXIT_FAILED; /* the reader of the output has seen enough and needs no message */
    return status == TW_OK ? EXIT_DONE : command_failed("bars", &error);
}
