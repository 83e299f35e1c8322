/*
 * sqlite_priv.h - what the files of the SQLite backend share: its connection.
 */
#ifndef TRADEWIND_SQLITE_PRIV_H
#define TRADEWIND_SQLITE_PRIV_H

#include <limits.h>
#include <sqlite3.h>

#include "store_priv.h"

/* "TWst" in the file's header: this file is ours. */
#define SQLITE_APPLICATION_ID_OURS 0x54577374

/* The few statements that only SQLite runs. X(name, text). */
#define SQLITE_OWN_STATEMENTS(X)                                                                   \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(INTEGRITY, "PRAGMA integrity_check(1)")                                                      \
    X(QUARANTINE_KEEP,                                                                             \
      "INSERT INTO journal_quarantine(quarantined_ns, reason, " CHAINED_COLUMNS ") SELECT ?2, "    \
      "?3, " CHAINED_COLUMNS " FROM journal WHERE sequence >= ?1 OR sequence < 1 "                 \
      "ORDER BY sequence")                                                                         \
    X(QUARANTINE_TAKE, "DELETE FROM journal WHERE sequence >= ?1 OR sequence < 1")                 \
    X(QUARANTINE_CHAIN,                                                                            \
      "UPDATE meta SET value = ?1 - 1 WHERE key = 'chained_after' AND value >= ?1")                \
    X(QUARANTINE_COUNT, "UPDATE meta SET value = value + 1 WHERE key = 'quarantines' AND ?1 > 0")  \
    X(BULK_TRADES,                                                                                 \
      "INSERT INTO trades(" TRADE_COLUMNS ") SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 FROM "  \
      "tradewind_rows WHERE true" TRADE_CONFLICT)                                                  \
    X(BULK_QUOTES,                                                                                 \
      "INSERT INTO quotes(" QUOTE_COLUMNS ") SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 "  \
      "FROM tradewind_rows WHERE true" QUOTE_CONFLICT)                                             \
    X(BULK_BARS,                                                                                   \
      "INSERT INTO bars(" BAR_COLUMNS ") SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 FROM " \
      "tradewind_rows WHERE true" BAR_CONFLICT)

enum {
    SQLITE_BEFORE_OWN = SQL_COUNT - 1, /* the next one goes on behind the store's */
#define SQLITE_OWN_ENUMERATOR(name, text) SQLITE_##name##_STATEMENT,
    SQLITE_OWN_STATEMENTS(SQLITE_OWN_ENUMERATOR)
#undef SQLITE_OWN_ENUMERATOR
        SQLITE_STATEMENT_COUNT
};

/* Rows that wait for the end of their batch (sqlite_bulk.c). */
typedef struct sqlite_bulk sqlite_bulk;

/* One file, opened. Prepared statements are made at their first use and kept. */
typedef struct sqlite_connection {
    sqlite3 *db;
    sqlite3_stmt *statements[SQLITE_STATEMENT_COUNT];
    sqlite_bulk *bulk;                   /* of a writer */
    struct generation_page *generations; /* mapped from the lock, or NULL */
    int generations_fd;                  /* of a reader, while it is mapped */
    char lock_name[PATH_MAX];
    int lock_fd;
    int busy_timeout_ms;
    uint32_t checkpoint_pages;
    uint32_t page_size; /* of a new file */
} sqlite_connection;

static inline sqlite_connection *sqlite_of(const tw_store *store) {
    return store->connection;
}

/* What an extended result code means, with the errno behind it (0: none). */
tw_status sqlite_status(int code, int os_errno);

/* Fills `error` from what SQLite last said on this connection; `doing` completes "ticks.db: ...".
 */
tw_status sqlite_failed(tw_store *store, int code, const char *doing, tw_error *error);

/* The same for a row that could not be written. */
tw_status sqlite_failed_to_write(tw_store *store, store_sql which, int code, tw_error *error);

/* The prepared statement of a store_sql or of the enumeration above; NULL with *ret_code set. */
sqlite3_stmt *sqlite_statement(tw_store *store, int which, int *ret_code);

/* Runs one that gives no rows, or one integer in its first column (kept if ret_value is there);
 * returns SQLITE_OK or what went wrong. */
int sqlite_run(tw_store *store, int which, int64_t *ret_value);

/* True for the versions (as sqlite3_libversion_number says them) in which connections that write or
 * checkpoint at once may lose pages. */
bool sqlite_has_reset_race(int version);

/* ---- sqlite_file.c: the path before SQLite touches it, and the lock beside it ---- */

/* *ret_there is false for a file to be made. */
tw_status sqlite_look_at_path(tw_store *store, bool *ret_there, tw_error *error) TW_MUST_CHECK;

/* Finds the name of the lock: that of the file, whatever links lead to it. */
tw_status sqlite_name_lock(tw_store *store, bool there, tw_error *error) TW_MUST_CHECK;

/* Takes the lock of the one writer. *ret_made: its file was made. */
tw_status sqlite_take_lock(tw_store *store, bool *ret_made, tw_error *error) TW_MUST_CHECK;

/* ---- sqlite_generations.c: what has changed, told to every process ---- */

/* The writer's beginning; both ends. Where there is no room for the counters nothing is announced;
 * a failure is a page that cannot be marked so. */
tw_status sqlite_begin_announcing(tw_store *store, tw_error *error) TW_MUST_CHECK;
void sqlite_end_generations(tw_store *store);

/* The writer's lock is still the file of that name, and as long as it was. */
bool sqlite_lock_is_whole(const tw_store *store) TW_MUST_CHECK;

void sqlite_announce(tw_store *store, const uint64_t *touched);
bool sqlite_generation(tw_store *store, uint32_t group, uint64_t *ret_generation) TW_MUST_CHECK;

/* ---- sqlite_schema.c: creates or checks the tables of a file that was just opened ---- */

tw_status sqlite_prepare_file(tw_store *store, const tw_store_config *config,
                              tw_error *error) TW_MUST_CHECK;

/* ---- sqlite_bulk.c: rows of market data, many at a time ---- */

#define BULK_ROWS_MAX 65536

/* What new took so far is given back by free. Register after the connection is open. */
tw_status sqlite_bulk_new(tw_store *store, tw_error *error) TW_MUST_CHECK;
void sqlite_bulk_free(tw_store *store);
int sqlite_bulk_register(tw_store *store) TW_MUST_CHECK;

/* True for the puts that wait here. */
bool sqlite_bulk_takes(const tw_store *store, store_sql which);
tw_status sqlite_bulk_put(tw_store *store, store_sql which, const store_value *row,
                          tw_error *error) TW_MUST_CHECK;

/* Writes what waits, in the open transaction; and forgets it. */
tw_status sqlite_bulk_flush(tw_store *store, tw_error *error) TW_MUST_CHECK;
void sqlite_bulk_forget(tw_store *store);

/* ---- sqlite_quarantine.c ---- */

tw_status sqlite_quarantine(tw_store *store, const store_quarantine *what,
                            tw_error *error) TW_MUST_CHECK;

/* ---- sqlite_care.c ---- */

tw_status sqlite_verify(tw_store *store, tw_error *error) TW_MUST_CHECK;
tw_status sqlite_describe(tw_store *store, tw_store_description *ret_description,
                          tw_error *error) TW_MUST_CHECK;
tw_status sqlite_backup(tw_store *store, const char *path, tw_error *error) TW_MUST_CHECK;
tw_status sqlite_vacuum(tw_store *store, tw_error *error) TW_MUST_CHECK;

#endif
