/*
 * state_file.c - see state_file.h.
 *
 * The journal is a write-ahead log, which SQLite brings back by itself after a kill. The file is
 * locked from opening to closing (locking_mode EXCLUSIVE), so that a second exchange is told so.
 */
#include "state_file.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { APPLICATION_ID = 0x54575358 /* "TWSX" */ };

typedef enum statement { PUT, DROP, READ, STATEMENT_COUNT } statement;

struct state_file {
    const tw_allocator *allocator;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    bool in_transaction;
};

static const char *const texts[STATEMENT_COUNT] = {
    [PUT] = ("INSERT INTO state (kind, number, payload) VALUES (?1, ?2, ?3) "
             "ON CONFLICT (kind, number) DO UPDATE SET payload = excluded.payload"),
    [DROP] = "DELETE FROM state WHERE kind = ?1 AND number = ?2",
    [READ] = "SELECT number, payload FROM state WHERE kind = ?1 ORDER BY number",
};

static tw_status failed(const state_file *file, const char *doing, tw_error *error) {
    int code = file->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(file->db) & 0xff;
    const char *reason = file->db == NULL ? "out of memory" : sqlite3_errmsg(file->db);
    tw_status status = code == SQLITE_BUSY || code == SQLITE_LOCKED ? TW_BUSY
                       : code == SQLITE_NOMEM                       ? TW_NO_MEMORY
                       : code == SQLITE_NOTADB                      ? TW_INVALID
                                                                    : TW_IO;
    if (status == TW_BUSY)
        return tw_error_set(error, status, "the state: another exchange is using this file");
    return tw_error_set(error, status, "the state: %s: %s", doing, reason);
}

static tw_status execute(state_file *file, const char *sql, const char *doing, tw_error *error) {
    return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK ? TW_OK
                                                                      : failed(file, doing, error);
}

/* A number that a PRAGMA tells. */
static tw_status read_number(state_file *file, const char *sql, int64_t *ret_number,
                             tw_error *error) {
    sqlite3_stmt *query = NULL;
    bool good = sqlite3_prepare_v2(file->db, sql, -1, &query, NULL) == SQLITE_OK &&
                sqlite3_step(query) == SQLITE_ROW;
    if (good)
        *ret_number = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return good ? TW_OK : failed(file, "it cannot be read", error);
}

static tw_status check_layout(state_file *file, uint32_t layout, tw_error *error) {
    int64_t application = 0;
    int64_t found = 0;
    int64_t tables = 0;
    tw_status status = read_number(file, "PRAGMA application_id", &application, error);
    if (status == TW_OK)
        status = read_number(file, "PRAGMA user_version", &found, error);
    if (status == TW_OK)
        status = read_number(file, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (status != TW_OK)
        return status;
    if (application == 0 && tables == 0)
        return TW_EMPTY;
    if (application != APPLICATION_ID)
        return tw_error_set(error, TW_INVALID, "the state: the file is another program's");
    if (found != (int64_t)layout)
        return tw_error_set(error, TW_INVALID,
                            "the state: the file was written by another version of the program");
    return TW_OK;
}

static tw_status make_table(state_file *file, uint32_t layout, tw_error *error) {
    char sql[320];
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; PRAGMA application_id = %d; PRAGMA user_version = %u; "
             "CREATE TABLE state (kind INTEGER NOT NULL, number INTEGER NOT NULL, "
             "payload BLOB NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID; COMMIT",
             APPLICATION_ID, layout);
    return execute(file, sql, "it cannot be made", error);
}

static tw_status prepare(state_file *file, uint32_t layout, tw_error *error) {
    tw_status status = execute(file,
                               "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                               "PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT",
                               "it cannot be opened", error);
    if (status == TW_OK)
        status = check_layout(file, layout, error);
    if (status == TW_EMPTY)
        status = make_table(file, layout, error);
    for (int i = 0; status == TW_OK && i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(file->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &file->statements[i], NULL) != SQLITE_OK)
            status = failed(file, "it cannot be read", error);
    }
    return status;
}

tw_status state_file_open(const tw_allocator *allocator, const char *path, uint32_t layout,
                          state_file **ret_file, tw_error *error) {
    state_file *file = TW_NEW(allocator, 1, state_file);
    if (file == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the state");
    file->allocator = allocator;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    tw_status status = sqlite3_open_v2(path, &file->db, flags, NULL) == SQLITE_OK
                           ? prepare(file, layout & INT32_MAX, error)
                           : failed(file, path, error);
    if (status != TW_OK) {
        state_file_close(file);
        return status;
    }
    *ret_file = file;
    return TW_OK;
}

void state_file_close(state_file *file) {
    if (file == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(file->statements[i]);
    sqlite3_close(file->db);
    TW_DELETE(file->allocator, file, 1, state_file);
}

static tw_status begin(state_file *file, tw_error *error) {
    if (file->in_transaction)
        return TW_OK;
    tw_status status = execute(file, "BEGIN IMMEDIATE", "a transaction cannot begin", error);
    file->in_transaction = status == TW_OK;
    return status;
}

static tw_status run(state_file *file, statement which, tw_error *error) {
    sqlite3_stmt *query = file->statements[which];
    tw_status status =
        sqlite3_step(query) == SQLITE_DONE ? TW_OK : failed(file, "it cannot be written", error);
    sqlite3_reset(query);
    sqlite3_clear_bindings(query);
    return status;
}

tw_status state_file_put(state_file *file, uint32_t kind, uint64_t number, const void *bytes,
                         size_t size, tw_error *error) {
    sqlite3_stmt *query = file->statements[PUT];
    TW_ASSERT(bytes != NULL && size > 0 && number <= INT64_MAX);
    tw_status status = begin(file, error);
    if (status != TW_OK)
        return status;
    if (sqlite3_bind_int64(query, 1, kind) != SQLITE_OK ||
        sqlite3_bind_int64(query, 2, (int64_t)number) != SQLITE_OK ||
        sqlite3_bind_blob64(query, 3, bytes, size, SQLITE_STATIC) != SQLITE_OK)
        return failed(file, "it cannot be written", error);
    return run(file, PUT, error);
}

tw_status state_file_drop(state_file *file, uint32_t kind, uint64_t number, tw_error *error) {
    sqlite3_stmt *query = file->statements[DROP];
    TW_ASSERT(number <= INT64_MAX);
    tw_status status = begin(file, error);
    if (status != TW_OK)
        return status;
    if (sqlite3_bind_int64(query, 1, kind) != SQLITE_OK ||
        sqlite3_bind_int64(query, 2, (int64_t)number) != SQLITE_OK)
        return failed(file, "it cannot be written", error);
    return run(file, DROP, error);
}

tw_status state_file_commit(state_file *file, tw_error *error) {
    if (!file->in_transaction)
        return TW_OK;
    file->in_transaction = false;
    return execute(file, "COMMIT", "it cannot be made durable", error);
}

tw_status state_file_read(state_file *file, uint32_t kind, state_on_record on_record, void *context,
                          tw_error *error) {
    sqlite3_stmt *query = file->statements[READ];
    tw_status status = TW_OK;
    int code = sqlite3_bind_int64(query, 1, kind);
    while (status == TW_OK && (code = sqlite3_step(query)) == SQLITE_ROW)
        status = on_record(context, (uint64_t)sqlite3_column_int64(query, 0),
                           sqlite3_column_blob(query, 1), (size_t)sqlite3_column_bytes(query, 1));
    if (status == TW_OK && code != SQLITE_DONE)
        status = failed(file, "it cannot be read", error);
    else if (status != TW_OK)
        tw_error_set(error, status, "the state: a record of kind %u cannot be what it says", kind);
    sqlite3_reset(query);
    return status;
}
