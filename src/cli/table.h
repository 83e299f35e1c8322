/*
 * table.h - a table for people, laid out by libsmartcols.
 *
 *     table *rows = table_new("SYMBOL|>COUNT");
 *     table_row(rows);
 *     table_cell(rows, "AAPL");
 *     table_cell(rows, "1,234");
 *     status = table_end(rows, &error);
 *
 * Whatever fails on the way (memory, that is) is remembered and told by table_end, so that the
 * calls before it need no checking. Cells are copied.
 */
#ifndef TRADEWIND_CLI_TABLE_H
#define TRADEWIND_CLI_TABLE_H

#include <stdbool.h>

#include "tradewind/error.h"

typedef struct table table;

/* A table with these columns, between which stands a |; those that begin with > stand right, as
 * numbers do. Empty: none yet. NULL when memory is out, which all functions below accept. */
table *table_new(const char *columns);

/* One column more, before the first row. */
void table_column(table *rows, const char *heading, bool right);

/* Begins a row; cells fill it from the left. */
void table_row(table *rows);
void table_cell(table *rows, const char *text);

/* Prints it on standard output and frees it. TW_NO_MEMORY, or what the output fails with;
 * TW_CANCELLED when its reader has gone. */
tw_status table_end(table *rows, tw_error *error) TW_MUST_CHECK;

#endif
