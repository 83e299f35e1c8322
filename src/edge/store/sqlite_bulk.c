/*
 * sqlite_bulk.c - market rows into their tables many at a time, in the order of the key.
 *
 * Idea: binding and stepping a statement for each row costs SQLite more than the row itself, and
 * rows that arrive in the order of time land all over a tree that is ordered by symbol. So rows
 * wait in memory until the batch ends (or there are BULK_ROWS_MAX of them), are put in the order of
 * their key, and go in by one statement that reads them from a virtual table:
 *
 *     INSERT INTO trades(...) SELECT ... FROM tradewind_rows WHERE true ON CONFLICT DO NOTHING
 *
 * Measured against a statement a row: a third to a half of the time (bench_store.c).
 *
 * Invariants:
 *   1. Rows with the same key go in in the order in which they came: which one stays is decided as
 *      if each had been written at once.
 *   2. Nothing waits when the transaction commits, and before any read of this handle.
 *   3. Rows that wait are forgotten with their transaction.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_priv.h"

/* Bytes of a text that a cell holds beside its size; the longest is a trade's conditions. */
#define CELL_TEXT_SIZE_MAX 7

/* ---- what waits ---- */

/* A number, or a text with its size in the last byte. */
typedef union bulk_cell {
    int64_t number;
    char text[CELL_TEXT_SIZE_MAX + 1];
} bulk_cell;

/* The rows of one table that wait, in the order in which they came. */
typedef struct bulk_table {
    store_sql put;
    int column_count;
    int key_count; /* columns of the key, which stand first; the very first is the symbol */
    uint32_t row_count;
    bulk_cell *cells;
} bulk_table;

enum { BULK_TRADES, BULK_QUOTES, BULK_BARS, BULK_TABLE_COUNT };

struct sqlite_bulk {
    bulk_table tables[BULK_TABLE_COUNT];
    /* of a flush */
    const bulk_table *shown; /* what the virtual table shows */
    uint32_t *order;         /* of its rows, by key */
    uint32_t *other;         /* room for sorting */
};

static bulk_table *table_of(sqlite_bulk *bulk, store_sql which) {
    for (int i = 0; i < BULK_TABLE_COUNT; i++) {
        if (bulk->tables[i].put == which)
            return &bulk->tables[i];
    }
    return NULL;
}

static size_t cell_count(const bulk_table *table) {
    return (size_t)table->column_count * BULK_ROWS_MAX;
}

tw_status sqlite_bulk_new(tw_store *store, tw_error *error) {
    const tw_allocator *allocator = store->allocator;
    sqlite_bulk *bulk = TW_NEW(allocator, 1, sqlite_bulk);
    sqlite_of(store)->bulk = bulk;
    if (bulk == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open %s", store->path);
    bulk->tables[BULK_TRADES] =
        (bulk_table){.put = SQL_PUT_TRADE, .column_count = sizeof TRADE_KINDS - 1, .key_count = 5};
    bulk->tables[BULK_QUOTES] =
        (bulk_table){.put = SQL_PUT_QUOTE, .column_count = sizeof QUOTE_KINDS - 1, .key_count = 3};
    bulk->tables[BULK_BARS] =
        (bulk_table){.put = SQL_PUT_BAR, .column_count = sizeof BAR_KINDS - 1, .key_count = 3};
    bulk->order = TW_NEW(allocator, BULK_ROWS_MAX, uint32_t);
    bulk->other = TW_NEW(allocator, BULK_ROWS_MAX, uint32_t);
    bool there = bulk->order != NULL && bulk->other != NULL;
    for (int i = 0; i < BULK_TABLE_COUNT; i++) {
        bulk->tables[i].cells = TW_NEW(allocator, cell_count(&bulk->tables[i]), bulk_cell);
        there = there && bulk->tables[i].cells != NULL;
    }
    if (!there)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open %s", store->path);
    return TW_OK;
}

void sqlite_bulk_free(tw_store *store) {
    const tw_allocator *allocator = store->allocator;
    sqlite_bulk *bulk = sqlite_of(store)->bulk;
    if (bulk == NULL)
        return;
    for (int i = 0; i < BULK_TABLE_COUNT; i++)
        TW_DELETE(allocator, bulk->tables[i].cells, cell_count(&bulk->tables[i]), bulk_cell);
    TW_DELETE(allocator, bulk->order, BULK_ROWS_MAX, uint32_t);
    TW_DELETE(allocator, bulk->other, BULK_ROWS_MAX, uint32_t);
    TW_DELETE(allocator, bulk, 1, sqlite_bulk);
}

bool sqlite_bulk_takes(const tw_store *store, store_sql which) {
    sqlite_bulk *bulk = sqlite_of(store)->bulk;
    return bulk != NULL && table_of(bulk, which) != NULL;
}

static const bulk_cell *row_at(const bulk_table *table, uint32_t row) {
    return table->cells + (size_t)row * (size_t)table->column_count;
}

tw_status sqlite_bulk_put(tw_store *store, store_sql which, const store_value *row,
                          tw_error *error) {
    bulk_table *table = table_of(sqlite_of(store)->bulk, which);
    TW_ASSERT(table != NULL);
    if (table->row_count == BULK_ROWS_MAX) {
        tw_status status = sqlite_bulk_flush(store, error);
        if (status != TW_OK)
            return status;
    }
    const char *kinds = store_statements[which].parameters;
    bulk_cell *cells = table->cells + (size_t)table->row_count * (size_t)table->column_count;
    for (int i = 0; i < table->column_count; i++) {
        if (kinds[i] == 't') {
            TW_ASSERT(row[i].size <= CELL_TEXT_SIZE_MAX);
            memcpy(cells[i].text, row[i].text, row[i].size);
            cells[i].text[CELL_TEXT_SIZE_MAX] = (char)row[i].size;
        } else {
            cells[i].number = row[i].number;
        }
    }
    table->row_count++;
    return TW_OK;
}

void sqlite_bulk_forget(tw_store *store) {
    sqlite_bulk *bulk = sqlite_of(store)->bulk;
    for (int i = 0; bulk != NULL && i < BULK_TABLE_COUNT; i++)
        bulk->tables[i].row_count = 0;
}

/* ---- the order of the key ---- */

/* One stable pass over a byte of the symbol's id. */
static void sort_by_byte(sqlite_bulk *bulk, const bulk_table *table, int byte) {
    uint32_t begins[257] = {0};
    for (uint32_t i = 0; i < table->row_count; i++)
        begins[1 + ((row_at(table, i)->number >> (8 * byte)) & 255)]++;
    for (int i = 0; i < 256; i++)
        begins[i + 1] += begins[i];
    for (uint32_t i = 0; i < table->row_count; i++) {
        uint32_t row = bulk->order[i];
        bulk->other[begins[(row_at(table, row)->number >> (8 * byte)) & 255]++] = row;
    }
    uint32_t *sorted = bulk->other;
    bulk->other = bulk->order;
    bulk->order = sorted;
}

static int compare_keys(const bulk_table *table, uint32_t a, uint32_t b) {
    const bulk_cell *left = row_at(table, a);
    const bulk_cell *right = row_at(table, b);
    for (int i = 0; i < table->key_count; i++) {
        if (left[i].number != right[i].number)
            return left[i].number < right[i].number ? -1 : 1;
    }
    return 0;
}

/* For qsort_r: rows with one key keep their order (invariant 1). */
static int compare_rows(const void *a, const void *b, void *context) {
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    int order = compare_keys(context, left, right);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Rows of one symbol mostly come in the order of time: sorting by symbol is then all there is to
 * do, and a pass that finds nothing amiss says so. */
static void sort_rows(sqlite_bulk *bulk, const bulk_table *table, uint32_t last_id) {
    for (uint32_t i = 0; i < table->row_count; i++)
        bulk->order[i] = i;
    for (int byte = 0; byte < 4 && (last_id >> (8 * byte)) != 0; byte++)
        sort_by_byte(bulk, table, byte);
    for (uint32_t i = 1; i < table->row_count; i++) {
        if (compare_keys(table, bulk->order[i - 1], bulk->order[i]) > 0) {
            qsort_r(bulk->order, table->row_count, sizeof *bulk->order, compare_rows,
                    &(bulk_table){.key_count = table->key_count,
                                  .column_count = table->column_count,
                                  .cells = table->cells});
            return;
        }
    }
}

/* ---- the virtual table: one cursor over the rows in their order ---- */

typedef struct rows_table {
    sqlite3_vtab base; /* first: SQLite hands it back */
    sqlite_bulk *bulk;
} rows_table;

typedef struct rows_cursor {
    sqlite3_vtab_cursor base; /* first */
    uint32_t at;
} rows_cursor;

static const sqlite_bulk *bulk_of(const sqlite3_vtab_cursor *cursor) {
    return ((const rows_table *)cursor->pVtab)->bulk;
}

static int rows_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                        sqlite3_vtab **ret_table, char **ret_message) {
    (void)argc;
    (void)argv;
    (void)ret_message;
    int code =
        sqlite3_declare_vtab(db, "CREATE TABLE rows(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)");
    if (code != SQLITE_OK)
        return code;
    rows_table *table = sqlite3_malloc(sizeof *table);
    if (table == NULL)
        return SQLITE_NOMEM;
    *table = (rows_table){.bulk = context};
    *ret_table = &table->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Only whole scans are asked for. */
static int rows_plan(sqlite3_vtab *table, sqlite3_index_info *plan) {
    (void)table;
    plan->estimatedCost = BULK_ROWS_MAX;
    plan->estimatedRows = BULK_ROWS_MAX;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor) {
    (void)table;
    rows_cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *cursor = (rows_cursor){.at = 0};
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *cursor) {
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int rows_begin(sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc,
                      sqlite3_value **argv) {
    (void)plan;
    (void)text;
    (void)argc;
    (void)argv;
    ((rows_cursor *)cursor)->at = 0;
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *cursor) {
    ((rows_cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int rows_ended(sqlite3_vtab_cursor *cursor) {
    return ((rows_cursor *)cursor)->at >= bulk_of(cursor)->shown->row_count;
}

static int rows_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column) {
    const sqlite_bulk *bulk = bulk_of(cursor);
    const bulk_table *table = bulk->shown;
    const bulk_cell *cell = row_at(table, bulk->order[((rows_cursor *)cursor)->at]) + column;
    if (store_statements[table->put].parameters[column] == 't')
        sqlite3_result_text(result, cell->text, cell->text[CELL_TEXT_SIZE_MAX], SQLITE_STATIC);
    else
        sqlite3_result_int64(result, cell->number);
    return SQLITE_OK;
}

static int rows_number(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret_number) {
    *ret_number = ((rows_cursor *)cursor)->at;
    return SQLITE_OK;
}

static const sqlite3_module rows_module = {
    .xConnect = rows_connect,
    .xBestIndex = rows_plan,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_begin,
    .xNext = rows_next,
    .xEof = rows_ended,
    .xColumn = rows_column,
    .xRowid = rows_number,
};

int sqlite_bulk_register(tw_store *store) {
    return sqlite3_create_module(sqlite_of(store)->db, "tradewind_rows", &rows_module,
                                 sqlite_of(store)->bulk);
}

/* ---- writing what waits ---- */

static tw_status flush_table(tw_store *store, bulk_table *table, int statement_index,
                             tw_error *error) {
    sqlite_bulk *bulk = sqlite_of(store)->bulk;
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, statement_index, &code);
    if (statement == NULL)
        return sqlite_failed(store, code, "preparing a statement failed", error);
    sort_rows(bulk, table, store->last_id);
    bulk->shown = table;
    errno = 0;
    code = sqlite3_step(statement);
    sqlite3_reset(statement); /* repeats the code of the step */
    if (code != SQLITE_DONE)
        return sqlite_failed_to_write(store, table->put, code, error);
    uint64_t changed = (uint64_t)sqlite3_changes(sqlite_of(store)->db);
    TW_ASSERT(changed <= table->row_count);
    store->batch_put += changed;
    store->batch_skipped += table->row_count - changed;
    table->row_count = 0;
    return TW_OK;
}

tw_status sqlite_bulk_flush(tw_store *store, tw_error *error) {
    static const int statements[BULK_TABLE_COUNT] = {
        SQLITE_BULK_TRADES_STATEMENT, SQLITE_BULK_QUOTES_STATEMENT, SQLITE_BULK_BARS_STATEMENT};
    sqlite_bulk *bulk = sqlite_of(store)->bulk;
    tw_status status = TW_OK;
    for (int i = 0; bulk != NULL && i < BULK_TABLE_COUNT && status == TW_OK; i++) {
        if (bulk->tables[i].row_count > 0)
            status = flush_table(store, &bulk->tables[i], statements[i], error);
    }
    return status;
}
