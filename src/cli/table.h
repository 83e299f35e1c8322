/*
 * table.h - a table for people, laid out by libsmartcols.
 *
 *     table *rows = table_new();
 *     table_column(rows, "SYMBOL", false);
 *     table_column(rows, "COUNT", true);
 *     table_row(rows);
 *     table_cell(rows, "AAPL");
 *     table_cell(rows, "1,234");
 *     status = table_print(rows, stdout, &error);
 *     table_free(rows);
 *
 * Whatever fails on the way (memory, that is) is remembered and told by table_print, so that the
 * calls before it need no checking. Cells are copied.
 */
#ifndef TRADEWIND_CLI_TABLE_H
#define TRADEWIND_CLI_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "tradewind/error.h"

typedef struct table table;

/* A table without columns; NULL when memory is out, which all functions below accept. */
table *table_new(void);
void table_free(table *rows);

/* Columns come before the first row. Numbers stand right. */
void table_column(table *rows, const char *heading, bool right);

/* Begins a row; cells fill it from the left. */
void table_row(table *rows);
void table_cell(table *rows, const char *text);

/* TW_NO_MEMORY, or the status of `out` when it cannot be written; TW_CANCELLED when its reader has
 * gone. */
tw_status table_print(table *rows, FILE *out, tw_error *error) TW_MUST_CHECK;

#endif
