/* import_command.c - `tradewind import`: files of trades or bars into a store. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "import_pass.h"
#include "input.h"
#include "interruption.h"
#include "readable.h"

typedef struct import_options {
    char database[TW_CONFIG_TEXT_SIZE];
    char skip_bad[TW_CONFIG_TEXT_SIZE];
    int64_t batch_rows;
    bool restart;
    bool json;
} import_options;

static const tw_config_option import_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store to write, made if missing: a file, or postgresql://... (needed)", NULL,
     offsetof(import_options, database)},
    {"skip-bad", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "write bad rows into FILE with the reason and go on", NULL,
     offsetof(import_options, skip_bad)},
    {"batch", TW_CONFIG_INTEGER, NULL, "1", "900000", "250000",
     "rows that become visible together; an interruption loses none that were", NULL,
     offsetof(import_options, batch_rows)},
    {"restart", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "read files from their start, wherever an import before has stopped", NULL,
     offsetof(import_options, restart)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(import_options, json)},
};

enum { OPTION_COUNT = sizeof import_table / sizeof import_table[0] };

typedef struct import_report {
    uint64_t rows;    /* new */
    uint64_t skipped; /* there already */
    uint64_t retries;
    double seconds;
} import_report;

static double rate_of(const import_report *report) {
    uint64_t rows = report->rows + report->skipped;
    return report->seconds > 0.0 ? (double)rows / report->seconds : 0.0;
}

static int print_json(const import_pass *pass, const import_report *report) {
    char memory[512];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text,
                          "{\"rows\":%" PRIu64 ",\"requests\":0,\"retries\":%" PRIu64
                          ",\"bytes\":%" PRIu64 ",\"seconds\":",
                          report->rows, report->retries, pass->totals.bytes);
    tw_text_append_double(&text, report->seconds);
    tw_text_append_string(&text, ",\"rows_per_second\":");
    tw_text_append_double(&text, rate_of(report));
    tw_text_append_format(
        &text, ",\"skipped\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"resumed\":%s,\"changed\":%s}\n",
        report->skipped, pass->totals.bad, pass->totals.resumed ? "true" : "false",
        pass->totals.changed ? "true" : "false");
    TW_ASSERT(!text.truncated);
    fputs(memory, stdout);
    return command_printed("import");
}

static int print_sentence(const import_options *options, const import_pass *pass,
                          const import_report *report) {
    char rows[READABLE_SIZE];
    char skipped[READABLE_SIZE];
    char rate[READABLE_SIZE];
    printf("%s %s new, %s there already", readable_count(report->rows, rows),
           pass->bars ? "bars" : "trades", readable_count(report->skipped, skipped));
    if (pass->totals.bad > 0)
        printf(", %s bad (set aside in %s)", readable_count(pass->totals.bad, rows),
               options->skip_bad);
    printf("; %.2f s (%s rows/s)%s.\n", report->seconds,
           readable_count((uint64_t)rate_of(report), rate),
           pass->totals.resumed ? ", going on where an import before had stopped" : "");
    return command_printed("import");
}

/* ---- the work ------------------------------------------------------------------------------ */

static tw_status open_all(const import_options *options, import_pass *pass, tw_error *error) {
    if (tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &pass->symbols) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the names of symbols");
    /* One more than is asked for: the note of how far the file has come. */
    const tw_store_config config = {.path = options->database,
                                    .symbols = pass->symbols,
                                    .batch_rows = (uint32_t)options->batch_rows + 1,
                                    .mode = TW_STORE_WRITE};
    return tw_store_open(&config, &pass->store, error);
}

static tw_status import_files(import_pass *pass, const tw_arguments *arguments,
                              import_report *ret_report, tw_error *error) {
    tw_status status = TW_OK;
    progress_start(&pass->bar, pass->bars ? "bars" : "trades");
    for (size_t i = 1; i < arguments->operand_count && status == TW_OK; i++)
        status = import_pass_file(pass, arguments->operands[i], error);
    progress_end(&pass->bar);
    tw_store_figures figures;
    tw_store_read_figures(pass->store, &figures);
    *ret_report = (import_report){.rows = figures.rows_put - pass->notes,
                                  .skipped = figures.rows_skipped + pass->totals.skipped,
                                  .retries = figures.retries};
    return status;
}

static tw_status keep_aside(rejects *aside, tw_error *error) {
    if (aside->file.stream == NULL)
        return TW_OK; /* it was not opened */
    return output_file_keep(&aside->file, error);
}

static tw_status run(const import_options *options, const tw_arguments *arguments,
                     import_pass *pass, import_report *ret_report, tw_error *error) {
    rejects aside = {.several = arguments->operand_count > 2};
    bool skips = options->skip_bad[0] != '\0';
    tw_status status = open_all(options, pass, error);
    if (status == TW_OK && skips)
        status = rejects_open(&aside, options->skip_bad, error);
    pass->aside = skips ? &aside : NULL;
    if (status == TW_OK)
        status = import_files(pass, arguments, ret_report, error);
    tw_error closing = {0};
    tw_status closed = tw_store_close(pass->store, &closing);
    ret_report->seconds = progress_seconds(&pass->bar);
    tw_error keeping = {0}; /* what was set aside belongs to what was stored */
    tw_status kept = skips ? keep_aside(&aside, &keeping) : TW_OK;
    output_file_drop(&aside.file);
    pass->aside = NULL;
    tw_symbols_free(pass->symbols);
    if (status != TW_OK) {
        if (kept != TW_OK)
            fprintf(stderr, "tradewind import: %s\n", keeping.message);
        return status;
    }
    if (closed != TW_OK || kept != TW_OK)
        *error = closed != TW_OK ? closing : keeping;
    return closed != TW_OK ? closed : kept;
}

/* ---- command ------------------------------------------------------------------------------- */

/* Where bad rows go must not be where anything else is. */
static tw_status check_skip_bad(const import_options *options, const tw_arguments *arguments,
                                tw_error *error) {
    if (strcmp(options->skip_bad, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--skip-bad needs a file, not standard output");
    if (options->skip_bad[0] == '\0')
        return TW_OK;
    if (output_is_store(options->skip_bad, options->database))
        return tw_error_set(error, TW_USAGE, "--skip-bad %s: that is the store", options->skip_bad);
    for (size_t i = 1; i < arguments->operand_count; i++) {
        if (output_is_same_file(options->skip_bad, arguments->operands[i]))
            return tw_error_set(error, TW_USAGE, "--skip-bad %s: that file is imported",
                                options->skip_bad);
    }
    return TW_OK;
}

static tw_status check(const import_options *options, const tw_arguments *arguments,
                       tw_error *error) {
    const char *kind = arguments->operand_count > 0 ? arguments->operands[0] : "";
    if (strcmp(kind, "trades") != 0 && strcmp(kind, "bars") != 0)
        return tw_error_set(error, TW_USAGE,
                            "say what is imported, like tradewind import trades FILE --db ticks.db "
                            "(or bars)");
    if (arguments->operand_count < 2)
        return tw_error_set(error, TW_USAGE, "name the files of %s (- is standard input)", kind);
    if (options->database[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "name the store to write with --db FILE, like --db ticks.db");
    return check_skip_bad(options, arguments, error);
}

/* What is in the store in spite of the failure. */
static void tell_what_stays(const import_pass *pass, const import_report *report) {
    char rows[READABLE_SIZE];
    if (report->rows > 0)
        fprintf(stderr, "tradewind import: %s %s from before it are stored\n",
                readable_count(report->rows, rows), pass->bars ? "bars" : "trades");
}

int command_import(int argc, char **argv) {
    import_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "import",
         .options = import_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind import",
        .operands = "trades|bars FILE...",
        .summary =
            "Files of trades (ts_ns,symbol,price,size,side) or bars (ts_ns,symbol,timeframe,open,\n"
            "high,low,close,volume[,count,vwap]) into a store, plain, gzip or zstd; - is standard\n"
            "input. A row that is there already changes nothing, so an import can be repeated; "
            "one\n"
            "that was stopped goes on where it was.",
        .example = "tradewind import trades trades.csv.gz --db ticks.db\n"
                   "tradewind import bars 1m.csv 1h.csv --db postgresql://localhost/ticks\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    tw_arguments arguments;
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    static import_pass pass; /* large */
    tw_error error = {0};
    tw_status status = check(&options, &arguments, &error);
    if (status != TW_OK)
        return command_failed("import", &error);
    interruption_note();
    pass.bars = strcmp(arguments.operands[0], "bars") == 0;
    pass.restart = options.restart;
    pass.batch_rows_max = (uint32_t)options.batch_rows;
    import_report report = {0};
    status = run(&options, &arguments, &pass, &report, &error);
    if (status != TW_OK) {
        ending = command_failed("import", &error);
        tell_what_stays(&pass, &report);
        return ending;
    }
    return options.json ? print_json(&pass, &report) : print_sentence(&options, &pass, &report);
}
