/* table.c - a thin cover of libsmartcols: columns, rows, cells, one sticky failure. */
#include "table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADING_SIZE = 64 };

struct table {
    struct libscols_table *columns;
    struct libscols_line *row;
    size_t cell; /* the next one of the row */
    bool failed;
};

static void add_columns(table *rows, const char *columns) {
    for (const char *at = columns; *columns != '\0'; at++) {
        char heading[HEADING_SIZE];
        bool right = *at == '>';
        at += right;
        size_t size = strcspn(at, "|");
        TW_ASSERT(size < sizeof heading);
        snprintf(heading, sizeof heading, "%.*s", (int)size, at);
        table_column(rows, heading, right);
        at += size;
        if (*at == '\0')
            return;
    }
}

table *table_new(const char *columns) {
    table *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    rows->columns = scols_new_table();
    rows->failed = rows->columns == NULL;
    add_columns(rows, columns);
    return rows;
}

void table_column(table *rows, const char *heading, bool right) {
    if (rows == NULL || rows->failed)
        return;
    TW_ASSERT(rows->row == NULL);
    int flags = right ? SCOLS_FL_RIGHT : 0;
    rows->failed = scols_table_new_column(rows->columns, heading, 0, flags) == NULL;
}

void table_row(table *rows) {
    if (rows == NULL || rows->failed)
        return;
    rows->row = scols_table_new_line(rows->columns, NULL);
    rows->cell = 0;
    rows->failed = rows->row == NULL;
}

void table_cell(table *rows, const char *text) {
    if (rows == NULL || rows->failed)
        return;
    TW_ASSERT(rows->row != NULL && rows->cell < scols_table_get_ncols(rows->columns));
    rows->failed = scols_line_set_data(rows->row, rows->cell++, text) != 0;
}

static tw_status print(table *rows, tw_error *error) {
    if (rows->failed)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a table");
    scols_table_set_stream(rows->columns, stdout);
    if (scols_print_table(rows->columns) != 0)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to print a table");
    errno = 0;
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && errno == EPIPE) /* somebody like `head` has seen enough */
        return tw_error_set(error, TW_CANCELLED, "the reader of the table has gone");
    if (!written)
        return tw_error_set_errno(error, errno != 0 ? errno : EIO,
                                  "the table could not be written");
    return TW_OK;
}

tw_status table_end(table *rows, tw_error *error) {
    if (rows == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a table");
    tw_status status = print(rows, error);
    scols_unref_table(rows->columns);
    free(rows);
    return status;
}
