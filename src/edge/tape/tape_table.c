/*
 * tape_table.c - a wide CSV of dates and names, whole.
 *
 * Idea: rows are read with the row reader of tape.c and appended to two arrays that double when
 * they are full; cell_count_max bounds them. The table is handed out only when all of it is good.
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "tape_priv.h"
#include "tradewind/time.h"

#define ROW_CAPACITY_FIRST 256

void tw_tape_table_done(tw_tape_table *table) {
    if (table->column_count > 0) {
        const tw_allocator *allocator = table->allocator;
        tw_release(allocator, table->names, table->column_count, sizeof *table->names, 8);
        TW_DELETE(allocator, table->times_ns, table->row_capacity, int64_t);
        TW_DELETE(allocator, table->values, table->row_capacity * table->column_count, double);
    }
    memset(table, 0, sizeof *table);
}

static tw_status read_names(tw_tape *tape, tw_tape_table *table, tw_error *error) {
    char shown[SHOWN_SIZE];
    const tw_slice *header = tape->header;
    if (header[0].size != 4 || strncasecmp(header[0].data, "date", 4) != 0)
        return TAPE_BAD(tape, TW_PARSE, 0,
                        "expected the header \"date,NAME1,NAME2,...\", found \"%s\"",
                        tape_shown(tape->line, shown));
    if (tape->header_count < 2)
        return TAPE_BAD(tape, TW_PARSE, 1, "expected at least one name after \"date\"");
    size_t count = tape->header_count - 1;
    table->names =
        (char(*)[TW_SYMBOL_NAME_SIZE])tw_allocate(table->allocator, count, sizeof *table->names, 8);
    table->column_count = count;
    if (table->names == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu names", count);
    for (size_t i = 0; i < count; i++) {
        tw_slice name = header[i + 1];
        if (name.size == 0)
            return TAPE_BAD(tape, TW_PARSE, i + 1, "expected a name, found nothing");
        if (tw_slice_copy(name, table->names[i], TW_SYMBOL_NAME_SIZE) != TW_OK)
            return TAPE_BAD(tape, TW_RANGE, i + 1, "a name has at most %d bytes, found \"%s\"",
                            TW_SYMBOL_NAME_SIZE - 1, tape_shown(name, shown));
        for (size_t j = 0; j < i; j++) {
            if (strcmp(table->names[j], table->names[i]) == 0)
                return TAPE_BAD(tape, TW_PARSE, i + 1, "the name %s is there twice",
                                table->names[i]);
        }
    }
    return TW_OK;
}

/* Makes room for one more row. */
static tw_status make_room(tw_tape *tape, tw_tape_table *table, size_t row_count_max,
                           tw_error *error) {
    if (table->row_count < table->row_capacity)
        return TW_OK;
    if (table->row_count >= row_count_max)
        return TAPE_BAD(tape, TW_FULL, 0, "the table has more than %zu rows of %zu values",
                        row_count_max, table->column_count);
    size_t columns = table->column_count;
    size_t capacity = table->row_capacity == 0 ? ROW_CAPACITY_FIRST : 2 * table->row_capacity;
    if (capacity > row_count_max)
        capacity = row_count_max;
    int64_t *times_ns = TW_NEW(table->allocator, capacity, int64_t);
    double *values = TW_NEW(table->allocator, capacity * columns, double);
    if (times_ns == NULL || values == NULL) {
        TW_DELETE(table->allocator, times_ns, capacity, int64_t);
        TW_DELETE(table->allocator, values, capacity * columns, double);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu rows of %s", capacity,
                            tape->source.where);
    }
    if (table->row_count > 0) {
        memcpy(times_ns, table->times_ns, table->row_count * sizeof *times_ns);
        memcpy(values, table->values, table->row_count * columns * sizeof *values);
        TW_DELETE(table->allocator, table->times_ns, table->row_capacity, int64_t);
        TW_DELETE(table->allocator, table->values, table->row_capacity * columns, double);
    }
    table->times_ns = times_ns;
    table->values = values;
    table->row_capacity = capacity;
    return TW_OK;
}

static tw_status read_date(tw_tape *tape, const tw_tape_table *table, int64_t *ret_time_ns,
                           tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_status status = tw_time_parse(tape->fields[0], ret_time_ns);
    if (status != TW_OK)
        return TAPE_BAD(tape, status, 0, "expected a date such as 2024-01-31, found \"%s\"",
                        tape_shown(tape->fields[0], shown));
    if (table->row_count > 0 && *ret_time_ns <= table->times_ns[table->row_count - 1])
        return TAPE_BAD(tape, TW_RANGE, 0, "dates must ascend; %s does not follow the line before",
                        tape_shown(tape->fields[0], shown));
    return TW_OK;
}

static tw_status read_value(tw_tape *tape, size_t at, bool positive, double *ret_value,
                            tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice field = tape->fields[at];
    if (field.size == 0) {
        *ret_value = NAN;
        return TW_OK;
    }
    tw_status status = tw_parse_double(field, ret_value);
    if (status != TW_OK || !isfinite(*ret_value))
        return TAPE_BAD(tape, status == TW_OK ? TW_RANGE : status, at,
                        "expected a finite number or nothing, found \"%s\"",
                        tape_shown(field, shown));
    if (positive && *ret_value <= 0)
        return TAPE_BAD(tape, TW_RANGE, at, "a price must be above zero, found %s",
                        tape_shown(field, shown));
    return TW_OK;
}

static tw_status read_row(tw_tape *tape, tw_tape_table *table, bool positive, tw_error *error) {
    int64_t time_ns;
    tw_status status = read_date(tape, table, &time_ns, error);
    double *values = table->values + table->row_count * table->column_count;
    for (size_t i = 0; status == TW_OK && i < table->column_count; i++)
        status = read_value(tape, i + 1, positive, &values[i], error);
    if (status == TW_OK)
        table->times_ns[table->row_count++] = time_ns;
    return status;
}

static tw_status read_all(tw_tape *tape, const tw_tape_table_config *config, tw_tape_table *table,
                          tw_error *error) {
    tw_status status = read_names(tape, table, error);
    if (status != TW_OK)
        return status;
    size_t cells =
        config->cell_count_max == 0 ? TW_TAPE_CELL_COUNT_DEFAULT : config->cell_count_max;
    size_t row_count_max = cells / table->column_count;
    while ((status = tape_next_fields(tape, true, error)) == TW_OK) {
        status = make_room(tape, table, row_count_max, error);
        if (status == TW_OK)
            status = read_row(tape, table, config->positive, error);
        if (status != TW_OK)
            return status;
    }
    if (status != TW_EMPTY)
        return status;
    if (table->row_count == 0)
        return tw_error_set_at(error, TW_EMPTY, tape->source.where, 1, 0,
                               "there is no row after the header");
    return TW_OK;
}

tw_status tw_tape_read_table(const tw_tape_table_config *config, tw_tape_table *ret_table,
                             tw_error *error) {
    TW_ASSERT(config != NULL && config->path != NULL && ret_table != NULL);
    tw_tape_config tape_config = {.path = config->path,
                                  .allocator = config->allocator,
                                  .line_size_max = config->line_size_max,
                                  .format = TW_TAPE_ROWS};
    tw_tape *tape = NULL;
    tw_status status = tw_tape_open(&tape_config, &tape, error);
    if (status != TW_OK)
        return status;
    tw_tape_table table = {.allocator = config->allocator};
    status = read_all(tape, config, &table, error);
    tw_tape_close(tape);
    if (status == TW_OK)
        *ret_table = table;
    else
        tw_tape_table_done(&table);
    return status;
}
