/*
 * stats_command.c - `tradewind stats`: what the trades of symbols in a store add up to.
 *
 * The period is (at - period, at]: it takes the trade at its end and leaves the one at its start
 * to the period before. So the newest trade belongs to the period that ends with it, and periods
 * that follow one another share no trade. Nothing is printed before everything is known.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "output_file.h"
#include "progress.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

typedef struct stats_options {
    char database[TW_CONFIG_TEXT_SIZE];
    int64_t period_ns;
    int64_t at_ns;
    bool json;
} stats_options;

static const tw_config_option stats_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "", "the store to read (needed)", NULL,
     offsetof(stats_options, database)},
    {"period", TW_CONFIG_DURATION, NULL, "1ns", NULL, "1d", "length of the period, like 1d or 90m",
     NULL, offsetof(stats_options, period_ns)},
    {"at", TW_CONFIG_TIME, NULL, NULL, NULL, NULL,
     "end of the period, itself included; default: the newest trade of each symbol", NULL,
     offsetof(stats_options, at_ns)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(stats_options, json)},
};

enum { OPTION_COUNT = sizeof stats_table / sizeof stats_table[0], AT_OPTION = 2 };

/* One symbol's row. */
typedef struct stats_row {
    const char *symbol;
    int64_t from_ns; /* exclusive */
    int64_t to_ns;   /* inclusive */
    tw_store_stats stats;
} stats_row;

typedef struct stats_report {
    stats_row *rows;
    uint32_t count;
    int64_t period_ns;
    bool array; /* of JSON objects, rather than one */
} stats_report;

/* ---- reading ------------------------------------------------------------------------------- */

static int64_t after(int64_t time_ns) {
    return time_ns == INT64_MAX ? INT64_MAX : time_ns + 1;
}

static int64_t before_by(int64_t time_ns, int64_t span_ns) {
    return time_ns < INT64_MIN + span_ns ? INT64_MIN : time_ns - span_ns;
}

/* `at_ns` is NULL for the newest trade of each symbol. */
static tw_status read_rows(const input_store *input, const int64_t *at_ns, stats_report *report,
                           tw_error *error) {
    progress bar;
    progress_start(&bar, "symbols");
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < input->chosen_count && status == TW_OK; i++) {
        const input_symbol *chosen = &input->chosen[i];
        stats_row *row = &report->rows[i];
        row->symbol = chosen->name;
        row->to_ns = at_ns != NULL ? *at_ns : chosen->newest_ns;
        row->from_ns = before_by(row->to_ns, report->period_ns);
        status = tw_store_symbol_stats(input->store, chosen->symbol, after(row->from_ns),
                                       after(row->to_ns), &row->stats, error);
        report->count += status == TW_OK;
        if (progress_due_now(&bar))
            progress_draw(&bar, (double)(i + 1) / input->chosen_count, i + 1);
    }
    progress_end(&bar);
    return status;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* `,"key":"12.5"`, or null where there was no trade. */
static void append_price(tw_text *text, const char *key, const tw_store_stats *stats,
                         tw_price price) {
    char number[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(price.nano, number);
    tw_text_append_format(text, stats->count > 0 ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, number);
}

static void append_total(tw_text *text, const char *key, tw_store_total total) {
    char fraction[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(total.nano, fraction); /* "0" or "0.5": what follows its "0" is needed */
    tw_text_append_format(text, ",\"%s\":\"%" PRId64 "%s\"", key, total.whole, fraction + 1);
}

static void append_number(tw_text *text, const char *key, const tw_store_stats *stats,
                          double number) {
    tw_text_append_format(text, ",\"%s\":", key);
    if (stats->count > 0)
        tw_text_append_double(text, number);
    else
        tw_text_append_string(text, "null");
}

static void append_time(tw_text *text, const char *key, int64_t time_ns) {
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, time);
    tw_text_append_format(text, ",\"%s\":\"%s\"", key, time);
}

static void append_object(tw_text *text, const stats_row *row, int64_t period_ns) {
    const tw_store_stats *stats = &row->stats;
    char period[TW_TIME_TEXT_SIZE];
    tw_duration_format(period_ns, period);
    tw_text_append_string(text, "{\"symbol\":");
    tw_text_append_json(text, tw_slice_of(row->symbol));
    tw_text_append_format(text, ",\"period\":\"%s\"", period);
    append_time(text, "from", row->from_ns);
    append_time(text, "to", row->to_ns);
    tw_text_append_format(text, ",\"count\":%" PRIu64, stats->count);
    append_total(text, "volume", stats->volume);
    append_total(text, "notional", stats->notional);
    append_price(text, "vwap", stats, stats->vwap);
    append_price(text, "open", stats, stats->open);
    append_price(text, "high", stats, stats->high);
    append_price(text, "low", stats, stats->low);
    append_price(text, "close", stats, stats->close);
    append_number(text, "mean", stats, stats->mean);
    append_number(text, "stddev", stats, stats->stddev);
    tw_text_append_string(text, stats->cached ? ",\"cached\":true}" : ",\"cached\":false}");
}

static tw_status print_json(const stats_report *report, tw_error *error) {
    output_file out;
    tw_status status = output_file_open(&out, "-", error);
    for (uint32_t i = 0; i < report->count && status == TW_OK; i++) {
        char memory[1024];
        tw_text text = tw_text_over(memory, sizeof memory);
        if (report->array)
            tw_text_append_string(&text, i == 0 ? "[" : ",\n ");
        append_object(&text, &report->rows[i], report->period_ns);
        if (i + 1 == report->count)
            tw_text_append_string(&text, report->array ? "]\n" : "\n");
        TW_ASSERT(!text.truncated);
        status = output_file_write(&out, tw_text_slice(&text), error);
    }
    return status == TW_OK ? output_file_finish(&out, error) : status;
}

/* ---- table --------------------------------------------------------------------------------- */

/* True when all rows have the same period, so that it can be told once. */
static bool one_period(const stats_report *report) {
    for (uint32_t i = 1; i < report->count; i++) {
        if (report->rows[i].to_ns != report->rows[0].to_ns)
            return false;
    }
    return true;
}

/* Prices as they were traded, with every digit. */
static void add_price(table *rows, const tw_store_stats *stats, tw_price price) {
    char cell[READABLE_SIZE];
    table_cell(rows, stats->count == 0 ? "-" : readable_decimal(price.nano, 2, 9, cell));
}

static void add_vwap(table *rows, const tw_store_stats *stats) {
    char cell[READABLE_SIZE];
    int digits = stats->vwap.nano < TW_NANO ? 9 : 4;
    table_cell(rows,
               stats->count == 0 ? "-" : readable_decimal(stats->vwap.nano, digits, digits, cell));
}

static void add_number(table *rows, const tw_store_stats *stats, double number) {
    char cell[READABLE_SIZE];
    /* As many digits for the spread as for the mean that it belongs to. */
    bool small = stats->mean < 1.0;
    snprintf(cell, sizeof cell, small ? "%.9f" : "%.4f", number);
    table_cell(rows, stats->count == 0 ? "-" : cell);
}

static void add_row(table *rows, const stats_row *row, bool with_end) {
    const tw_store_stats *stats = &row->stats;
    char cell[READABLE_SIZE];
    table_row(rows);
    table_cell(rows, row->symbol);
    table_cell(rows, readable_count(stats->count, cell));
    table_cell(rows, readable_total(stats->volume.whole, stats->volume.nano, 0, 9, cell));
    table_cell(rows, readable_total(stats->notional.whole, stats->notional.nano, 2, 2, cell));
    add_vwap(rows, stats);
    add_price(rows, stats, stats->open);
    add_price(rows, stats, stats->high);
    add_price(rows, stats, stats->low);
    add_price(rows, stats, stats->close);
    add_number(rows, stats, stats->mean);
    add_number(rows, stats, stats->stddev);
    if (with_end) {
        _Static_assert(READABLE_SIZE >= TW_TIME_TEXT_SIZE, "a time must fit into a cell");
        tw_time_format(row->to_ns, -1, cell);
        table_cell(rows, cell);
    }
}

static void print_period(const stats_report *report, bool same) {
    char span[READABLE_SIZE];
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    readable_span(report->period_ns, span);
    if (!same) {
        printf("\nEach row covers %s, up to and including the time under UNTIL (UTC).\n", span);
        return;
    }
    tw_time_format(report->rows[0].from_ns, -1, from);
    tw_time_format(report->rows[0].to_ns, -1, to);
    printf("\n%s, after %s, up to and including %s (UTC).\n", span, from, to);
}

static tw_status print_table(const stats_report *report, tw_error *error) {
    bool same = one_period(report);
    table *rows = table_new("SYMBOL|>COUNT|>VOLUME|>NOTIONAL|>VWAP|>OPEN|>HIGH|>LOW|>CLOSE|>MEAN|"
                            ">STDDEV");
    if (!same)
        table_column(rows, "UNTIL", false);
    for (uint32_t i = 0; i < report->count; i++)
        add_row(rows, &report->rows[i], !same);
    tw_status status = table_end(rows, error);
    if (status != TW_OK)
        return status;
    print_period(report, same);
    return output_printed(error);
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    const stats_options *options = target;
    if (options->database[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "name the store to read with --db FILE, like --db ticks.db");
    input_store input;
    tw_status status = input_store_open(&input, options->database, arguments->operands,
                                        arguments->operand_count, error);
    bool at_given = arguments->configs[0].origins[AT_OPTION] != TW_CONFIG_FROM_DEFAULT;
    stats_report report = {.period_ns = options->period_ns, .array = arguments->operand_count != 1};
    uint32_t capacity = input.chosen_count;
    if (status == TW_OK)
        report.rows = TW_NEW(NULL, capacity, stats_row);
    if (status == TW_OK && report.rows == NULL)
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory for %lu symbols",
                              (unsigned long)capacity);
    if (status == TW_OK)
        status = read_rows(&input, at_given ? &options->at_ns : NULL, &report, error);
    if (status == TW_OK)
        status = options->json ? print_json(&report, error) : print_table(&report, error);
    TW_DELETE(NULL, report.rows, capacity, stats_row);
    input_store_close(&input);
    return status;
}

int command_stats(int argc, char **argv) {
    stats_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}, {'p', "period"}};
    const tw_arguments_table tables[] = {
        {.section = "stats",
         .options = stats_table,
         .count = OPTION_COUNT,
         .target = &options,
         .shorts = shorts,
         .short_count = 2},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind stats",
        .operands = "[SYMBOL...]",
        .summary = "What the trades of symbols in a store add up to over a period: count, volume,\n"
                   "notional, vwap, open, high, low, close, mean and standard deviation.\n"
                   "Without SYMBOL: every symbol that has trades.",
        .example = "tradewind stats AAPL --period 1d --db ticks.db\n"
                   "tradewind stats --db ticks.db --period 1h --at 2024-01-02T21:00:00Z --json\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    return command_main(&spec, argc, argv, run, &options);
}
