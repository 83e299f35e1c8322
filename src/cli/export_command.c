/* export_command.c - `tradewind export`: trades or bars of a store as the CSV that import reads. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "export_merge.h"
#include "input.h"
#include "interruption.h"
#include "output_file.h"
#include "progress.h"
#include "readable.h"
#include "tradewind/time.h"

typedef struct export_options {
    char database[TW_CONFIG_TEXT_SIZE];
    char out[TW_CONFIG_TEXT_SIZE];
    int64_t from_ns;
    int64_t to_ns;
    char timeframe[TW_CONFIG_TEXT_SIZE];
    int order;
    int64_t price_digits;
    bool full;
    bool json;
} export_options;

enum { ORDER_BY_TIME, ORDER_BY_SYMBOL };

static const tw_config_option export_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store to read: a file, or postgresql://... (needed)", NULL,
     offsetof(export_options, database)},
    {"out", TW_CONFIG_TEXT, "FILE", NULL, NULL, "-",
     "where it goes; - is standard output. A file gets its name when it is complete", NULL,
     offsetof(export_options, out)},
    {"from", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "leave out what is before; default: nothing",
     NULL, offsetof(export_options, from_ns)},
    {"to", TW_CONFIG_TIME, NULL, NULL, NULL, NULL,
     "leave out what is not before it; default: nothing", NULL, offsetof(export_options, to_ns)},
    {"timeframe", TW_CONFIG_TEXT, "T", NULL, NULL, "", "bars: of this timeframe alone, like 1m",
     NULL, offsetof(export_options, timeframe)},
    {"order", TW_CONFIG_CHOICE, NULL, NULL, NULL, "time",
     "trades: by time over all symbols, or symbol after symbol", "time|symbol",
     offsetof(export_options, order)},
    {"price-digits", TW_CONFIG_INTEGER, NULL, "0", "9", "2",
     "trades: digits behind the point of a price at the least; all that count are always written",
     NULL, offsetof(export_options, price_digits)},
    {"full", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "more columns, so that nothing is lost: id, exchange, tape and conditions of trades, revision "
     "of bars",
     NULL, offsetof(export_options, full)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print the counts as one JSON document (with --out FILE)", NULL,
     offsetof(export_options, json)},
};

enum { OPTION_COUNT = sizeof export_table / sizeof export_table[0], FROM_OPTION = 2, TO_OPTION };
typedef struct export_pass {
    const export_options *options;
    bool bars; /* rather than trades */
    tw_symbols *symbols;
    tw_store *store;
    tw_symbol *chosen;
    uint32_t chosen_count;
    uint32_t chosen_capacity;
    int64_t from_ns;
    int64_t to_ns;
    int64_t timeframe_ns; /* 0: all */
    output_file out;
    tw_tape_writer *writer; /* into `out` */
    uint64_t rows;
    progress bar;
    tw_error *error;
} export_pass;

/* ---- rows ---------------------------------------------------------------------------------- */

static tw_status into_file(void *context, tw_slice bytes, tw_error *error) {
    return output_file_write(context, bytes, error);
}

static tw_status count_row(export_pass *pass, tw_status status) {
    pass->rows += status == TW_OK;
    if (progress_due(&pass->bar))
        progress_draw(&pass->bar, -1.0, pass->rows);
    return status;
}

static tw_status on_trade(void *context, const tw_trade *trade) {
    export_pass *pass = context;
    return count_row(pass,
                     tw_tape_writer_put_trades(pass->writer, pass->symbols, trade, 1, pass->error));
}

static tw_status on_bar(void *context, const tw_bar *bar) {
    export_pass *pass = context;
    if (bar->timeframe_ns % TW_NS_PER_SECOND != 0)
        return tw_error_set(pass->error, TW_UNSUPPORTED,
                            "a bar of %" PRId64 " ns has no name that a file could hold",
                            bar->timeframe_ns);
    return count_row(pass,
                     tw_tape_writer_put_bars(pass->writer, pass->symbols, bar, 1, pass->error));
}

static tw_status write_trades(export_pass *pass, tw_error *error) {
    const export_range range = {.symbols = pass->chosen,
                                .symbol_count = pass->chosen_count,
                                .from_ns = pass->from_ns,
                                .to_ns = pass->to_ns};
    tw_status status = TW_OK;
    if (pass->options->order == ORDER_BY_TIME)
        return export_by_time(pass->store, &range, on_trade, pass, error);
    for (uint32_t i = 0; i < pass->chosen_count && status == TW_OK; i++) {
        const tw_store_range one = {
            .from_ns = pass->from_ns, .to_ns = pass->to_ns, .symbol = pass->chosen[i]};
        status = tw_store_read_trades(pass->store, &one, on_trade, pass, error);
    }
    return status;
}

static tw_status write_bars(export_pass *pass, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < pass->chosen_count && status == TW_OK; i++) {
        const tw_store_range one = {.from_ns = pass->from_ns,
                                    .to_ns = pass->to_ns,
                                    .timeframe_ns = pass->timeframe_ns,
                                    .symbol = pass->chosen[i]};
        status = tw_store_read_bars(pass->store, &one, on_bar, pass, error);
    }
    return status;
}

/* ---- symbols ------------------------------------------------------------------------------- */

static tw_status choose_one(export_pass *pass, const char *name, tw_error *error) {
    tw_symbol symbol = tw_symbols_find(pass->symbols, tw_slice_of(name));
    if (symbol == TW_SYMBOL_NONE)
        return tw_error_set(error, TW_NOT_FOUND, "%s has no symbol \"%s\"",
                            tw_store_path(pass->store), name);
    for (uint32_t i = 0; i < pass->chosen_count; i++) {
        if (pass->chosen[i] == symbol)
            return tw_error_set(error, TW_USAGE, "%s is named twice", name);
    }
    pass->chosen[pass->chosen_count++] = symbol;
    return TW_OK;
}

/* Those that are named, in that order; else all, in the order in which the store met them. */
static tw_status choose(export_pass *pass, const tw_arguments *arguments, tw_error *error) {
    tw_status status = TW_OK;
    uint32_t count = tw_symbols_count(pass->symbols);
    pass->chosen_capacity = count + (uint32_t)arguments->operand_count;
    pass->chosen = TW_NEW(NULL, pass->chosen_capacity, tw_symbol);
    if (pass->chosen == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the symbols of %s",
                            tw_store_path(pass->store));
    for (size_t i = 1; i < arguments->operand_count && status == TW_OK; i++)
        status = choose_one(pass, arguments->operands[i], error);
    if (arguments->operand_count > 1)
        return status;
    for (uint32_t i = 0; i < count; i++)
        pass->chosen[pass->chosen_count++] = i;
    return TW_OK;
}

/* ---- the work ------------------------------------------------------------------------------ */

static tw_status write_rows(void *context, tw_error *error) {
    export_pass *pass = context;
    return pass->bars ? write_bars(pass, error) : write_trades(pass, error);
}

/* An empty store gives a header alone. */
static tw_status write_out(export_pass *pass, tw_error *error) {
    const tw_tape_writer_config config = {
        .sink = into_file,
        .context = &pass->out,
        .format = pass->bars ? TW_TAPE_BARS : TW_TAPE_TRADES,
        .full = pass->options->full,
        .price_digits_min = (uint8_t)pass->options->price_digits,
    };
    tw_status status = output_file_open(&pass->out, pass->options->out, error);
    if (status == TW_OK)
        status = tw_tape_writer_new(&config, &pass->writer, error);
    if (status == TW_OK)
        status = tw_store_read_together(pass->store, write_rows, pass, error);
    if (status == TW_OK)
        status = tw_tape_writer_flush(pass->writer, error);
    if (status == TW_OK)
        status = output_file_finish(&pass->out, error);
    tw_tape_writer_free(pass->writer);
    return status == TW_OK ? output_file_publish(&pass->out, error) : status;
}

static tw_status report(const export_pass *pass, tw_error *error) {
    char memory[256];
    char number[READABLE_SIZE];
    double seconds = progress_seconds(&pass->bar);
    double rate = seconds > 0.0 ? (double)pass->rows / seconds : 0.0;
    tw_text text = tw_text_over(memory, sizeof memory);
    if (strcmp(pass->options->out, "-") == 0)
        return TW_OK;
    if (pass->options->json) {
        tw_text_append_format(&text, "{\"rows\":%" PRIu64 ",\"seconds\":", pass->rows);
        tw_text_append_double(&text, seconds);
        tw_text_append_string(&text, ",\"rows_per_second\":");
        tw_text_append_double(&text, rate);
        tw_text_append_string(&text, "}\n");
    } else {
        tw_text_append_format(&text, "%s %s in %.2f s", readable_count(pass->rows, number),
                              pass->bars ? "bars" : "trades", seconds);
        tw_text_append_format(&text, " (%s rows/s).\n", readable_count((uint64_t)rate, number));
    }
    return output_print(tw_text_slice(&text), error);
}

static tw_status export_rows(export_pass *pass, const tw_arguments *arguments, tw_error *error) {
    pass->bars = strcmp(arguments->operands[0], "bars") == 0;
    pass->error = error;
    progress_start(&pass->bar, pass->bars ? "bars" : "trades");
    tw_status status = input_any_store_open(pass->options->database, TW_STORE_READ, &pass->symbols,
                                            &pass->store, error);
    if (status == TW_OK)
        status = choose(pass, arguments, error);
    if (status == TW_OK)
        status = write_out(pass, error);
    progress_end(&pass->bar);
    output_file_drop(&pass->out);
    if (status == TW_OK)
        status = report(pass, error);
    tw_store_free(pass->store);
    TW_DELETE(NULL, pass->chosen, pass->chosen_capacity, tw_symbol);
    tw_symbols_free(pass->symbols);
    return status;
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status check(export_pass *pass, const tw_arguments *arguments, tw_error *error) {
    const export_options *options = pass->options;
    const char *kind = arguments->operand_count > 0 ? arguments->operands[0] : "";
    bool bars = strcmp(kind, "bars") == 0;
    if (strcmp(kind, "trades") != 0 && !bars)
        return tw_error_set(error, TW_USAGE,
                            "say what is exported, like tradewind export trades --db ticks.db (or "
                            "bars)");
    if (options->database[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "name the store to read with --db FILE, like --db ticks.db");
    if (options->json && strcmp(options->out, "-") == 0)
        return tw_error_set(
            error, TW_USAGE,
            "--json and the rows cannot both go to standard output: add --out FILE");
    if (output_is_store(options->out, options->database))
        return tw_error_set(error, TW_USAGE, "--out %s: that is the store", options->out);
    if (options->timeframe[0] != '\0' && !bars)
        return tw_error_set(error, TW_USAGE, "--timeframe is for bars");
    if (options->timeframe[0] != '\0' &&
        tw_timeframe_parse(tw_slice_of(options->timeframe), &pass->timeframe_ns) != TW_OK)
        return tw_error_set(error, TW_USAGE,
                            "--timeframe: \"%s\" is none; write for instance 1s, 5m, 1h or 1d",
                            options->timeframe);
    const tw_config_origin *origins = arguments->configs[0].origins;
    pass->from_ns = origins[FROM_OPTION] != TW_CONFIG_FROM_DEFAULT ? options->from_ns : INT64_MIN;
    pass->to_ns = origins[TO_OPTION] != TW_CONFIG_FROM_DEFAULT ? options->to_ns : INT64_MAX;
    return TW_OK;
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    export_pass pass = {.options = target};
    tw_status status = check(&pass, arguments, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    return export_rows(&pass, arguments, error);
}

int command_export(int argc, char **argv) {
    export_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}, {'o', "out"}};
    const tw_arguments_table tables[] = {
        {.section = "export",
         .options = export_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 2},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind export",
        .operands = "trades|bars [SYMBOL...]",
        .summary = "Trades or bars of a store as the CSV that `tradewind import` reads. Without\n"
                   "SYMBOL: all of them.",
        .example = "tradewind export trades --db ticks.db --out trades.csv\n"
                   "tradewind export bars AAPL --timeframe 1m --from 2024-01-02 --db ticks.db\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    return command_main(&spec, argc, argv, run, &options);
}
