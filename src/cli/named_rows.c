/* named_rows.c - see named_rows.h. */
#include "named_rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "input.h"
#include "tradewind/decimal.h"

enum { HEADER_SIZE = 256, SHOWN_SIZE = 40, PERCENT = 100 };

/* "symbol,weight[,band]". */
static const char *expected(const named_rows *rows, char buffer[HEADER_SIZE]) {
    tw_text text = tw_text_over(buffer, HEADER_SIZE);
    for (size_t i = 0; i < rows->count; i++)
        tw_text_append_format(&text, rows->columns[i].wanted ? "%s%s" : "[%s%s]", i == 0 ? "" : ",",
                              rows->columns[i].name);
    return buffer;
}

static tw_status header_bad(const named_rows *rows, size_t at, tw_error *error, const char *fault,
                            tw_slice name) {
    char header[HEADER_SIZE];
    int size = name.size < SHOWN_SIZE ? (int)name.size : SHOWN_SIZE;
    return tw_error_set_at(error, TW_PARSE, rows->path, 1, at + 1, "%s \"%.*s\": expected %s",
                           fault, size, name.data, expected(rows, header));
}

static size_t column_of(const named_rows *rows, tw_slice name) {
    size_t i = 0;
    while (i < rows->count && !tw_slice_equal_string(name, rows->columns[i].name))
        i++;
    return i;
}

static tw_status read_header(named_rows *rows, tw_error *error) {
    size_t count = 0;
    const tw_slice *header = tw_tape_header(rows->tape, &count);
    for (size_t i = 0; i < rows->count; i++)
        rows->places[i] = SIZE_MAX;
    for (size_t at = 0; at < count; at++) {
        size_t column = column_of(rows, header[at]);
        if (column == rows->count)
            return header_bad(rows, at, error, "there is no column", header[at]);
        if (rows->places[column] != SIZE_MAX)
            return header_bad(rows, at, error, "there are two columns", header[at]);
        rows->places[column] = at;
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->columns[i].wanted && rows->places[i] == SIZE_MAX)
            return header_bad(rows, 0, error, "the header lacks the column",
                              tw_slice_of(rows->columns[i].name));
    }
    return TW_OK;
}

tw_status named_rows_open(named_rows *rows, const char *path, const named_column *columns,
                          size_t count, tw_error *error) {
    TW_ASSERT(count <= NAMED_ROWS_COLUMN_MAX);
    *rows = (named_rows){.path = path, .columns = columns, .count = count};
    char header[HEADER_SIZE];
    tw_status status = input_rows_open(path, &rows->tape, error);
    if (status == TW_EMPTY)
        return tw_error_set_at(error, TW_PARSE, path, 1, 0, "the file is empty: expected %s",
                               expected(rows, header));
    return status == TW_OK ? read_header(rows, error) : status;
}

void named_rows_close(named_rows *rows) {
    tw_tape_close(rows->tape);
    rows->tape = NULL;
}

tw_status named_rows_next(named_rows *rows, tw_error *error) {
    size_t count = 0;
    return tw_tape_next_row(rows->tape, &rows->fields, &count, error);
}

tw_slice named_rows_field(const named_rows *rows, size_t column) {
    TW_ASSERT(column < rows->count);
    return rows->places[column] == SIZE_MAX ? (tw_slice){"", 0}
                                            : rows->fields[rows->places[column]];
}

tw_status named_rows_bad(const named_rows *rows, size_t column, tw_status status, tw_error *error,
                         const char *format, ...) {
    char sentence[HEADER_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    size_t place = rows->places[column] == SIZE_MAX ? 0 : rows->places[column];
    return tw_error_set_at(error, status, rows->path, tw_tape_tell(rows->tape).line, place + 1,
                           "%s", sentence);
}

static tw_status field_bad(const named_rows *rows, size_t column, tw_status status,
                           const char *what, tw_error *error) {
    tw_slice field = named_rows_field(rows, column);
    int size = field.size < SHOWN_SIZE ? (int)field.size : SHOWN_SIZE;
    return named_rows_bad(rows, column, status, error, "expected %s, found \"%.*s\"", what, size,
                          field.data);
}

/* A decimal, or with a percent sign a hundredth of it. */
static tw_status parse_share(tw_slice field, int64_t *ret_nano) {
    bool percent = field.data[field.size - 1] == '%';
    const tw_slice number = {field.data, field.size - (percent ? 1 : 0)};
    tw_status status = tw_decimal_parse_rounded(tw_slice_trim(number), ret_nano);
    /* 30 is meant as 30%, and would be taken for thirty times everything. */
    if (status == TW_OK && !percent && (*ret_nano > TW_NANO || *ret_nano < -TW_NANO))
        return TW_RANGE;
    return status == TW_OK && percent
               ? tw_decimal_divide(*ret_nano, PERCENT * TW_NANO, TW_ROUND_HALF_EVEN, ret_nano)
               : status;
}

static tw_status read_nano(const named_rows *rows, size_t column, const named_range *range,
                           tw_status (*parse)(tw_slice field, int64_t *ret_nano), int64_t *ret_nano,
                           tw_error *error) {
    tw_slice field = named_rows_field(rows, column);
    int64_t nano = 0;
    if (field.size == 0)
        return TW_OK;
    tw_status status = parse(field, &nano);
    if (status == TW_OK && (nano < range->least || nano > range->most))
        status = TW_RANGE;
    if (status != TW_OK)
        return field_bad(rows, column, status, range->what, error);
    *ret_nano = nano;
    return TW_OK;
}

tw_status named_rows_decimal(const named_rows *rows, size_t column, const named_range *range,
                             int64_t *ret_nano, tw_error *error) {
    return read_nano(rows, column, range, tw_decimal_parse_rounded, ret_nano, error);
}

tw_status named_rows_share(const named_rows *rows, size_t column, const named_range *range,
                           int64_t *ret_nano, tw_error *error) {
    return read_nano(rows, column, range, parse_share, ret_nano, error);
}

tw_status named_rows_number(const named_rows *rows, size_t column, const char *what,
                            double *ret_value, tw_error *error) {
    double value = NAN;
    if (tw_parse_double(named_rows_field(rows, column), &value) != TW_OK || !isfinite(value))
        return field_bad(rows, column, TW_PARSE, what, error);
    *ret_value = value;
    return TW_OK;
}
