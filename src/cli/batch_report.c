/* batch_report.c - see batch_report.h. */
#include "batch_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "progress.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

/* A row of the most outputs, each a number of at most 32 bytes with its comma. */
enum {
    NUMBER_SIZE = 32,
    ROW_SIZE_MAX = 128 + NUMBER_SIZE * (1 + TW_FEATURES_COUNT_MAX * TW_INDICATOR_OUTPUTS_MAX),
    BUFFER_SIZE = 16 * ROW_SIZE_MAX,
    /* A table of few symbols has a column for each, as features are more. */
    SYMBOLS_ACROSS_MAX = 6
};

typedef struct writer {
    output_file *out;
    char *buffer;
    tw_text text;
} writer;

static tw_status writer_open(writer *w, output_file *out, tw_error *error) {
    w->out = out;
    w->buffer = TW_NEW(tw_allocator_system(), BUFFER_SIZE, char);
    if (w->buffer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to write");
    w->text = tw_text_over(w->buffer, BUFFER_SIZE);
    return TW_OK;
}

static tw_status writer_flush(writer *w, tw_error *error) {
    tw_status status = output_file_write(w->out, tw_text_slice(&w->text), error);
    w->text = tw_text_over(w->buffer, BUFFER_SIZE);
    return status;
}

/* After a row. */
static tw_status writer_pause(writer *w, tw_error *error) {
    TW_ASSERT(!w->text.truncated);
    return w->text.size > BUFFER_SIZE - ROW_SIZE_MAX ? writer_flush(w, error) : TW_OK;
}

static void writer_close(writer *w) {
    TW_DELETE(tw_allocator_system(), w->buffer, BUFFER_SIZE, char);
}

/* ---- Rows ---------------------------------------------------------------------------------- */

static double close_at(const batch_result *result, size_t cell) {
    return result->panel->inputs[TW_INDICATOR_CLOSE][cell];
}

static void append_field(tw_text *text, double value) {
    tw_text_append_char(text, ',');
    if (isfinite(value))
        tw_text_append_double(text, value);
}

static void append_header(const batch_result *result, tw_text *text) {
    tw_text_append_string(text, "ts_ns,symbol,close");
    for (size_t o = 0; o < tw_features_outputs(result->features); o++) {
        tw_text_append_char(text, ',');
        tw_text_append_string(text, tw_features_name(result->features, o));
    }
    tw_text_append_char(text, '\n');
}

static void append_row(const batch_result *result, size_t row, size_t column, tw_text *text) {
    size_t cell = row * result->panel->shape.columns + column;
    tw_text_append_i64(text, result->panel->times_ns[row]);
    tw_text_append_char(text, ',');
    tw_text_append_string(text, result->panel->names[column]);
    append_field(text, close_at(result, cell));
    for (size_t o = 0; o < tw_features_outputs(result->features); o++)
        append_field(text, result->values[o][cell]);
    tw_text_append_char(text, '\n');
}

static tw_status write_rows(const batch_result *result, writer *w, progress *bar, uint64_t *rows,
                            tw_error *error) {
    const batch_panel *panel = result->panel;
    tw_status status = TW_OK;
    append_header(result, &w->text);
    TW_ASSERT(!w->text.truncated);
    for (size_t i = 0; status == TW_OK && i < panel->shape.rows; i++) {
        if (progress_due(bar))
            progress_draw(bar, (double)i / (double)panel->shape.rows, *rows);
        for (size_t j = 0; status == TW_OK && j < panel->shape.columns; j++) {
            if (!isfinite(close_at(result, i * panel->shape.columns + j)))
                continue;
            append_row(result, i, j, &w->text);
            (*rows)++;
            status = writer_pause(w, error);
        }
    }
    return status == TW_OK ? writer_flush(w, error) : status;
}

tw_status batch_write_rows(const batch_result *result, output_file *out, uint64_t *ret_rows,
                           tw_error *error) {
    writer w;
    *ret_rows = 0;
    tw_status status = writer_open(&w, out, error);
    progress bar;
    progress_start(&bar, "rows");
    if (status == TW_OK)
        status = write_rows(result, &w, &bar, ret_rows, error);
    progress_end(&bar);
    writer_close(&w);
    return status;
}

/* ---- The newest ---------------------------------------------------------------------------- */

/* The last row with a bar of the symbol; every symbol has one, unless it was dropped. */
static bool newest_row(const batch_result *result, size_t column, size_t *ret_row) {
    for (size_t i = result->panel->shape.rows; i > 0; i--) {
        if (isfinite(close_at(result, (i - 1) * result->panel->shape.columns + column))) {
            *ret_row = i - 1;
            return true;
        }
    }
    return false;
}

static tw_status print_text(const tw_text *text, tw_error *error) {
    TW_ASSERT(!text->truncated);
    return output_print(tw_text_slice(text), error);
}

static void append_newest_json(const batch_result *result, size_t row, size_t column,
                               tw_text *text) {
    size_t cell = row * result->panel->shape.columns + column;
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(result->panel->times_ns[row], -1, time);
    tw_text_append_string(text, "{\"symbol\":");
    tw_text_append_json(text, tw_slice_of(result->panel->names[column]));
    tw_text_append_format(text, ",\"time\":\"%s\",\"ts_ns\":%" PRId64 ",\"close\":", time,
                          result->panel->times_ns[row]);
    tw_text_append_double(text, close_at(result, cell));
    tw_text_append_string(text, ",\"features\":{");
    for (size_t o = 0; o < tw_features_outputs(result->features); o++) {
        tw_text_append_format(text, "%s\"%s\":", o > 0 ? "," : "",
                              tw_features_name(result->features, o));
        tw_text_append_double(text, result->values[o][cell]);
    }
    tw_text_append_string(text, "}}");
}

static tw_status write_latest_json(const batch_result *result, writer *w, tw_error *error) {
    tw_status status = TW_OK;
    const char *before = "";
    tw_text_append_string(&w->text, "[");
    for (size_t j = 0; status == TW_OK && j < result->panel->shape.columns; j++) {
        size_t row = 0;
        if (!newest_row(result, j, &row))
            continue;
        tw_text_append_string(&w->text, before);
        append_newest_json(result, row, j, &w->text);
        before = ",\n";
        status = writer_flush(w, error);
    }
    tw_text_append_string(&w->text, "]\n");
    return status == TW_OK ? writer_flush(w, error) : status;
}

tw_status batch_print_latest_json(const batch_result *result, tw_error *error) {
    output_file out;
    writer w = {.buffer = NULL};
    tw_status status = output_file_open(&out, "-", error);
    if (status == TW_OK)
        status = writer_open(&w, &out, error);
    if (status == TW_OK)
        status = write_latest_json(result, &w, error);
    if (status == TW_OK)
        status = output_file_finish(&out, error);
    writer_close(&w);
    return status;
}

static void add_number(table *rows, double value) {
    char cell[NUMBER_SIZE];
    snprintf(cell, sizeof cell, "%.6g", value);
    table_cell(rows, isfinite(value) ? cell : "-");
}

static void add_time(table *rows, const batch_result *result, size_t row) {
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(result->panel->times_ns[row], -1, time);
    table_cell(rows, time);
}

static double value_at(const batch_result *result, size_t output, size_t row, size_t column) {
    return result->values[output][row * result->panel->shape.columns + column];
}

static void lay_symbols_down(const batch_result *result, table *rows) {
    table_column(rows, "SYMBOL", false);
    table_column(rows, "TIME", false);
    table_column(rows, "CLOSE", true);
    for (size_t o = 0; o < tw_features_outputs(result->features); o++)
        table_column(rows, tw_features_name(result->features, o), true);
    for (size_t j = 0; j < result->panel->shape.columns; j++) {
        size_t row = 0;
        if (!newest_row(result, j, &row))
            continue;
        table_row(rows);
        table_cell(rows, result->panel->names[j]);
        add_time(rows, result, row);
        add_number(rows, close_at(result, row * result->panel->shape.columns + j));
        for (size_t o = 0; o < tw_features_outputs(result->features); o++)
            add_number(rows, value_at(result, o, row, j));
    }
}

static void lay_symbols_across(const batch_result *result, table *rows) {
    const batch_panel *panel = result->panel;
    size_t newest[SYMBOLS_ACROSS_MAX] = {0};
    table_column(rows, "", false);
    for (size_t j = 0; j < panel->shape.columns; j++) {
        table_column(rows, panel->names[j], true);
        (void)newest_row(result, j, &newest[j]); /* without a bar: the first row, all missing */
    }
    table_row(rows);
    table_cell(rows, "time");
    for (size_t j = 0; j < panel->shape.columns; j++)
        add_time(rows, result, newest[j]);
    table_row(rows);
    table_cell(rows, "close");
    for (size_t j = 0; j < panel->shape.columns; j++)
        add_number(rows, close_at(result, newest[j] * panel->shape.columns + j));
    for (size_t o = 0; o < tw_features_outputs(result->features); o++) {
        table_row(rows);
        table_cell(rows, tw_features_name(result->features, o));
        for (size_t j = 0; j < panel->shape.columns; j++)
            add_number(rows, value_at(result, o, newest[j], j));
    }
}

tw_status batch_print_latest(const batch_result *result, tw_error *error) {
    table *rows = table_new("");
    if (result->panel->shape.columns <= SYMBOLS_ACROSS_MAX)
        lay_symbols_across(result, rows);
    else
        lay_symbols_down(result, rows);
    return table_end(rows, error); /* which asks standard output, too */
}

/* ---- What was done -------------------------------------------------------------------------- */

/* Nothing of what did not happen. */
static void append_count(tw_text *text, const char *what, uint64_t count) {
    char number[READABLE_SIZE];
    if (count > 0)
        tw_text_append_format(text, "%s%s.\n", what, readable_count(count, number));
}

tw_status batch_print_summary(const batch_result *result, uint64_t rows, const char *path,
                              tw_error *error) {
    const batch_panel *panel = result->panel;
    char memory[1024];
    char a[READABLE_SIZE];
    char b[READABLE_SIZE];
    char c[READABLE_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text, "%s bars of %s symbols at %s times, ",
                          readable_count(result->bars, a), readable_count(panel->shape.columns, b),
                          readable_count(panel->shape.rows, c));
    tw_text_append_format(&text, "%zu column%s of features, in %.2f s.\n",
                          tw_features_outputs(result->features),
                          tw_features_outputs(result->features) == 1 ? "" : "s", result->seconds);
    append_count(&text, "Splits adjusted for: ", panel->splits);
    append_count(&text, "Splits of other symbols or times: ", panel->splits_apart);
    append_count(&text, "Bars with a newer revision: ", panel->replaced);
    append_count(&text, "Bars dropped as spikes: ", panel->spikes);
    append_count(&text, "Gaps: ", panel->gaps + panel->spikes);
    append_count(&text, "Gaps filled: ", panel->filled);
    tw_text_append_format(&text, "%s rows are in ", readable_count(rows, a));
    tw_text_append_string(&text, path);
    tw_text_append_string(&text, ".\n");
    return print_text(&text, error);
}

tw_status batch_print_summary_json(const batch_result *result, uint64_t rows, tw_error *error) {
    const batch_panel *panel = result->panel;
    char memory[1024];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(
        &text, "{\"rows\":%" PRIu64 ",\"bars\":%" PRIu64 ",\"symbols\":%zu,\"times\":%zu", rows,
        result->bars, panel->shape.columns, panel->shape.rows);
    tw_text_append_format(&text, ",\"columns\":%zu,\"gaps\":%zu,\"filled\":%zu,\"spikes\":%zu",
                          tw_features_outputs(result->features), panel->gaps, panel->filled,
                          panel->spikes);
    tw_text_append_format(&text,
                          ",\"splits\":%zu,\"replaced\":%zu,\"skipped\":%" PRIu64 ",\"seconds\":",
                          panel->splits, panel->replaced, result->skipped);
    tw_text_append_double(&text, result->seconds);
    tw_text_append_string(&text, "}\n");
    return print_text(&text, error);
}
