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
#include "zone_file.h"

typedef struct bars_options {
    char timeframes[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    char database[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
    char plot[TW_CONFIG_TEXT_SIZE];
    char indicators[TW_CONFIG_TEXT_SIZE];
    int64_t plot_bars;
    char symbol[TW_CONFIG_TEXT_SIZE];
    int calendar;
    int stamp;
    int partial;
    int conditions;
    int64_t empty;
    int64_t horizon;
    int64_t horizon_trades;
    bool json;
} bars_options;

static const tw_config_option bars_table[] = {
    {"timeframes", TW_CONFIG_TEXT, "LIST", NULL, NULL, "1m",
     "timeframes, separated by commas, like 1s,1m,5m,1h,1d; and tick:100, volume:10000, "
     "value:50000, imbalance:50, runs:20, renko:0.05",
     NULL, offsetof(bars_options, timeframes)},
    {"out", TW_CONFIG_TEXT, "DIR", NULL, NULL, "",
     "folder for one file a timeframe (1s.csv ...), made if missing; - or, with one timeframe, "
     "nothing: standard output",
     NULL, offsetof(bars_options, out)},
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "read the trades of this store instead of a file's", NULL, offsetof(bars_options, database)},
    {"skip-bad", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write bad rows into FILE with the reason and go on", NULL, offsetof(bars_options, skip_bad)},
    {"calendar", TW_CONFIG_CHOICE, "NAME", NULL, NULL, "utc",
     "where 1d and 1w begin: at midnight UTC, or (us) in New York, daylight saving and all",
     "utc|us", offsetof(bars_options, calendar)},
    {"stamp", TW_CONFIG_CHOICE, "END", NULL, NULL, "open",
     "ts_ns is the begin of a bar (open) or its end (close)", "open|close",
     offsetof(bars_options, stamp)},
    {"empty", TW_CONFIG_INTEGER, "N", "0", "1000000", "0",
     "write bars without a trade, at most so many in a row, at the close before", NULL,
     offsetof(bars_options, empty)},
    {"partial", TW_CONFIG_CHOICE, "WHAT", NULL, NULL, "keep",
     "the first bar of a symbol, which may have begun before its first trade, and what has only "
     "begun at the end",
     "keep|skip", offsetof(bars_options, partial)},
    {"conditions", TW_CONFIG_CHOICE, "RULES", NULL, NULL, "all",
     "which trades move what: all everything, or by their sale conditions as the plan says: CTA's "
     "(tapes A, B), UTP's (C), or (tape) that of each trade's tape",
     "all|cta|utp|tape", offsetof(bars_options, conditions)},
    {"horizon", TW_CONFIG_DURATION, "SPAN", "0", "400d", "0",
     "rows stand as they were reported: for so long late, cancelled and corrected trades revise "
     "bars, which are written again with their revision; 0: trades are final",
     NULL, offsetof(bars_options, horizon)},
    {"horizon-trades", TW_CONFIG_INTEGER, "N", "1", "16777216", "16384",
     "of each symbol at most so many trades can be corrected", NULL,
     offsetof(bars_options, horizon_trades)},
    {"symbol", TW_CONFIG_TEXT, "S", NULL, NULL, "", "only this symbol of a file", NULL,
     offsetof(bars_options, symbol)},
    {"plot", TW_CONFIG_TEXT, "FILE.png", NULL, NULL, "",
     "draw candles with volume: of the first timeframe, one symbol (needs gnuplot)", NULL,
     offsetof(bars_options, plot)},
    {"plot-bars", TW_CONFIG_INTEGER, "N", "2", "1000", "200", "draw the last N bars", NULL,
     offsetof(bars_options, plot_bars)},
    {"indicators", TW_CONFIG_TEXT, "LIST", NULL, NULL, "",
     "and draw these over them or below, separated by commas, like "
     "sma(20),bollinger(20,2),rsi(14),macd.histogram",
     NULL, offsetof(bars_options, indicators)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print the counts as one JSON document (with --out DIR)", NULL, offsetof(bars_options, json)},
};

enum { OPTION_COUNT = sizeof bars_table / sizeof bars_table[0] };

/* ---- usage --------------------------------------------------------------------------------- */

static bool to_standard_output(const bars_options *options) {
    return options->out[0] == '\0' || strcmp(options->out, "-") == 0;
}

static tw_status check_indicators(const bars_options *options, bars_indicators *ret_indicators,
                                  tw_error *error) {
    if (options->indicators[0] != '\0' && options->plot[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "--indicators are drawn: add --plot FILE (for numbers: tradewind "
                            "batch)");
    return bars_indicators_parse(options->indicators, ret_indicators, error);
}

static tw_status check_files(const bars_options *options, const char *input, tw_error *error) {
    const output_option written[] = {{"skip-bad", options->skip_bad, .streams = false},
                                     {"plot", options->plot, .streams = false}};
    tw_status status =
        output_options_check(written, sizeof written / sizeof written[0], &input, 1, error);
    if (status != TW_OK)
        return status;
    if (options->plot[0] != '\0' && options->database[0] != '\0' &&
        output_is_store(options->plot, options->database))
        return tw_error_set(error, TW_USAGE, "--plot %s: that store is read", options->plot);
    if (options->symbol[0] != '\0' && options->database[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--symbol is for a file; name the symbols of a store behind --db FILE");
    return TW_OK;
}

static tw_status check_input(const bars_options *options, const tw_arguments *arguments,
                             tw_error *error) {
    bool from_store = options->database[0] != '\0';
    if (from_store && options->skip_bad[0] != '\0')
        return tw_error_set(error, TW_USAGE,
                            "--skip-bad is for a file of trades: a store has no bad rows");
    if (from_store && options->horizon > 0)
        return tw_error_set(error, TW_USAGE,
                            "--horizon is for a file of reports: a store has its trades in order");
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

static tw_status check_output(const bars_options *options, const bars_frames *frames,
                              tw_error *error) {
    if (options->out[0] == '\0' && frames->count > 1)
        return tw_error_set(error, TW_USAGE,
                            "%lu timeframes make %lu files: say where with --out DIR (or --out - "
                            "for all of them in one stream)",
                            (unsigned long)frames->count, (unsigned long)frames->count);
    if (options->json && to_standard_output(options))
        return tw_error_set(error, TW_USAGE,
                            "--json and the bars cannot both go to standard output: add --out DIR");
    return TW_OK;
}

/* ---- report -------------------------------------------------------------------------------- */

static tw_status print_json(const bars_writer *writer, const bars_totals *totals, tw_error *error) {
    char memory[8192];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_string(&text, "{\"rows\":{");
    for (uint32_t i = 0; i < writer->frames.count; i++)
        tw_text_append_format(&text, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",",
                              writer->frames.names[i], writer->rows[i]);
    tw_text_append_format(&text,
                          "},\"trades\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"excluded\":%" PRIu64
                          ",\"revisions\":%" PRIu64 ",\"cancelled\":%" PRIu64
                          ",\"corrected\":%" PRIu64 ",\"unknown\":%" PRIu64 ",\"late\":%" PRIu64
                          ",\"seconds\":",
                          totals->trades, totals->skipped, totals->excluded, totals->revisions,
                          totals->cancelled, totals->corrected, totals->unknown, totals->late);
    tw_text_append_double(&text, totals->seconds);
    tw_text_append_string(&text, "}\n");
    TW_ASSERT(!text.truncated);
    return output_print(tw_text_slice(&text), error);
}

static void print_revisions(const bars_totals *totals) {
    char cells[5][READABLE_SIZE];
    printf(
        "Rows written again: %s. Trades cancelled: %s, corrected: %s, not kept any more: %s, too "
        "late: %s.\n",
        readable_count(totals->revisions, cells[0]), readable_count(totals->cancelled, cells[1]),
        readable_count(totals->corrected, cells[2]), readable_count(totals->unknown, cells[3]),
        readable_count(totals->late, cells[4]));
}

static tw_status print_table(const bars_options *options, const bars_writer *writer,
                             const bars_totals *totals, tw_error *error) {
    char cell[READABLE_SIZE];
    char path[OUTPUT_PATH_SIZE];
    table *rows = table_new("TIMEFRAME|>BARS|FILE");
    for (uint32_t i = 0; i < writer->frames.count; i++) {
        char file[BARS_NAME_SIZE + 8];
        bars_frames_file(&writer->frames, i, file);
        snprintf(path, sizeof path, "%s/%s", options->out, file);
        table_row(rows);
        table_cell(rows, writer->frames.names[i]);
        table_cell(rows, readable_count(writer->rows[i], cell));
        table_cell(rows, path);
    }
    tw_status status = table_end(rows, error);
    if (status != TW_OK)
        return status;
    printf("\n%s trades in %.2f s", readable_count(totals->trades, cell), totals->seconds);
    if (totals->seconds > 0.0)
        printf(" (%s/s)",
               readable_count((uint64_t)((double)totals->trades / totals->seconds), cell));
    printf(".\n");
    if (options->horizon > 0)
        print_revisions(totals);
    if (totals->excluded > 0)
        printf("%s of them did not move everything, by their conditions.\n",
               readable_count(totals->excluded, cell));
    return output_printed(error);
}

static tw_status print_report(const bars_options *options, const bars_writer *writer,
                              const bars_totals *totals, tw_error *error) {
    rejects_tell("bars", totals->skipped, options->skip_bad);
    if (totals->squeezed > 0)
        fprintf(stderr,
                "tradewind bars: %llu trades could be corrected for less than --horizon: raise "
                "--horizon-trades\n",
                (unsigned long long)totals->squeezed);
    if (to_standard_output(options))
        return TW_OK;
    return options->json ? print_json(writer, totals, error)
                         : print_table(options, writer, totals, error);
}

/* ---- command ------------------------------------------------------------------------------- */

/* What one run holds. */
typedef struct bars_run {
    const bars_options *options;
    const tw_arguments *arguments;
    bars_writer writer;
    bars_plan plan;
    bars_totals totals;
    bars_plot plot;
    output_file plot_file;
} bars_run;

static tw_status pass_store(bars_run *all, tw_error *error) {
    const bars_options *options = all->options;
    const tw_arguments *arguments = all->arguments;
    input_store input;
    tw_status status = input_store_open(&input, options->database, arguments->operands,
                                        arguments->operand_count, error);
    if (status == TW_OK)
        status = bars_pass_store(&input, &all->plan, &all->writer, &all->totals, error);
    input_store_close(&input);
    return status;
}

static tw_status pass_file(bars_run *all, tw_error *error) {
    const bars_options *options = all->options;
    const char *path = all->arguments->operands[0];
    rejects aside = {.count = 0};
    bool skips = options->skip_bad[0] != '\0';
    tw_status status = skips ? rejects_open(&aside, options->skip_bad, error) : TW_OK;
    if (status == TW_OK)
        status = bars_pass_file(path, &all->plan, &all->writer, skips ? &aside : NULL, &all->totals,
                                error);
    if (status == TW_OK && skips)
        status = output_file_keep(&aside.file, error);
    output_file_drop(&aside.file);
    return status;
}

static tw_status draw_plot(bars_run *all, tw_error *error) {
    tw_status status = bars_plot_draw(&all->plot, all->totals.plotted, all->writer.frames.names[0],
                                      all->plot_file.temporary, error);
    return status == TW_OK ? output_file_keep(&all->plot_file, error) : status;
}

static tw_status run_parts(bars_run *all, tw_error *error) {
    const bars_options *options = all->options;
    bool plots = options->plot[0] != '\0';
    tw_status status = plots ? bars_plot_open(&all->plot, error) : TW_OK;
    if (status == TW_OK && plots)
        status = output_file_open(&all->plot_file, options->plot, error);
    if (status != TW_OK)
        return status;
    status = options->database[0] != '\0' ? pass_store(all, error) : pass_file(all, error);
    if (status == TW_OK && plots)
        status = draw_plot(all, error);
    if (status == TW_OK)
        status = bars_writer_finish(&all->writer, error);
    return status == TW_OK ? print_report(options, &all->writer, &all->totals, error) : status;
}

static tw_status run_with(bars_run *all, const bars_frames *frames, tw_error *error) {
    static const char tapes[] = {'\0', 'A', 'C', 'T'};
    const bars_options *options = all->options;
    TW_AUTO(tw_zone) *zone = NULL;
    tw_status status =
        options->calendar == 1 ? zone_file_read("America/New_York", &zone, error) : TW_OK;
    if (status != TW_OK)
        return status;
    all->plot.shown_max = (size_t)options->plot_bars;
    all->plot.zone = zone;
    all->plan = (bars_plan){.zone = zone,
                            .empty_count_max = (uint32_t)options->empty,
                            .stamp_close = options->stamp == 1,
                            .skip_partial = options->partial == 1,
                            .conditions = tapes[options->conditions],
                            .horizon_ns = options->horizon,
                            .horizon_trade_max = (uint32_t)options->horizon_trades,
                            .plot = options->plot[0] != '\0' ? &all->plot : NULL,
                            .symbol = options->symbol};
    interruption_watch();
    status =
        bars_writer_open(&all->writer, frames, to_standard_output(options) ? "-" : options->out,
                         options->horizon > 0, error);
    if (status != TW_OK)
        return status;
    status = run_parts(all, error);
    output_file_drop(&all->plot_file);
    bars_plot_close(&all->plot);
    bars_writer_drop(&all->writer);
    return status;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    const bars_options *options = target;
    static bars_run all; /* too large for a stack of functions */
    bars_frames frames;
    const char *input = arguments->operand_count > 0 ? arguments->operands[0] : "-";
    all = (bars_run){.options = options, .arguments = arguments};
    tw_status status = bars_frames_parse(options->timeframes, &frames, error);
    if (status == TW_OK)
        status = check_input(options, arguments, error);
    if (status == TW_OK)
        status = check_output(options, &frames, error);
    if (status == TW_OK)
        status = check_files(options, input, error);
    if (status == TW_OK)
        status = check_indicators(options, &all.plot.indicators, error);
    return status == TW_OK ? run_with(&all, &frames, error) : status;
}

int command_bars(int argc, char **argv) {
    bars_options options;
    static const tw_argument_short shorts[] = {
        {'t', "timeframes"}, {'o', "out"}, {'d', "db"}, {'c', "calendar"}, {'p', "plot"}};
    const tw_arguments_table tables[] = {
        {.section = "bars",
         .options = bars_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 5},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind bars",
        .operands = "FILE | --db FILE [SYMBOL...]",
        .summary =
            "Trades as bars of several timeframes and kinds, in one pass. FILE is a CSV of trades\n"
            "(ts_ns,symbol,price,size,side), plain, gzip or zstd; - is standard input.\n"
            "From a store: the symbols named, or all that have trades.",
        .example =
            "tradewind bars trades.csv.gz --timeframes 1s,1m,1h,1d --out bars\n"
            "tradewind bars trades.csv --timeframes 1d,volume:100000 --calendar us --out bars\n"
            "tradewind bars trades.csv --symbol AAPL --timeframes 1m --plot AAPL.png > 1m.csv\n"
            "tradewind bars --db ticks.db AAPL --timeframes 5m > AAPL.csv\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    return command_main(&spec, argc, argv, run, &options);
}
