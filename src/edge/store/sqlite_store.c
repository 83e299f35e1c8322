/*
 * sqlite_store.c - the store in one SQLite file: connection, transactions, durability, rows.
 *
 * Idea: one connection a handle. The writer keeps an advisory lock on PATH-lock for as long as it
 * lives, so that a second one is refused with a sentence instead of being made to wait; the lock
 * dies with its process, kill -9 included. SQLite stays at synchronous NORMAL; a FULL commit is
 * a commit followed by a sync of the write-ahead log, which costs the same and, unlike the pragma,
 * can be decided when the batch is complete.
 *
 * Invariants:
 *   1. Only the writer's connection checkpoints (see sqlite_schema.c for why), and it does so
 *      between transactions.
 *   2. A statement is reset before its function returns, so nothing holds up a rollback.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_priv.h"
#include "tradewind/time.h"

/* The log is emptied without waiting once it is this many times the size of a checkpoint. */
#define LOG_LIMIT_FACTOR 4

/* ---- errors ---- */

tw_status sqlite_status(int code, int os_errno) {
    bool no_space = os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EFBIG;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* the log's locks were not to be had for ten seconds */
        return TW_BUSY;
    case SQLITE_FULL:
        return TW_NO_SPACE;
    case SQLITE_READONLY:
        return TW_READ_ONLY;
    case SQLITE_CORRUPT:
        return TW_CORRUPT;
    case SQLITE_NOTADB:
        return TW_INVALID;
    case SQLITE_NOMEM:
        return TW_NO_MEMORY;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TW_PERMISSION;
    case SQLITE_TOOBIG:
        return TW_RANGE;
    case SQLITE_INTERRUPT:
        return TW_INTERRUPTED;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return TW_NO_MEMORY;
        return no_space && (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE)
                   ? TW_NO_SPACE
                   : TW_IO;
    case SQLITE_CANTOPEN:
        return os_errno == 0 ? TW_IO : tw_status_from_errno(os_errno);
    default:
        return TW_CORRUPT; /* a constraint or a missing table: the file is not as we made it */
    }
}

tw_status sqlite_failed(tw_store *store, int code, const char *doing, tw_error *error) {
    sqlite3 *db = sqlite_of(store)->db;
    int os_errno = errno; /* a failed COMMIT does not tell SQLite's own record of it */
    if (db != NULL && sqlite3_system_errno(db) != 0)
        os_errno = sqlite3_system_errno(db);
    tw_status status = sqlite_status(code, os_errno);
    const char *reason = db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(db);
    if (status == TW_NO_SPACE)
        return tw_error_set(error, status,
                            "%s: %s: the disk, a quota or the store's size limit is full (%s); "
                            "make room and try again",
                            store->path, doing, reason);
    if (status == TW_INVALID)
        return tw_error_set(error, status, "%s is not a store: %s", store->path, reason);
    if ((code & 0xff) == SQLITE_CANTOPEN && store->mode == TW_STORE_READ)
        return tw_error_set(error, status == TW_OK ? TW_IO : status,
                            "%s: %s: %s (a reader needs to make or find %s-wal and %s-shm beside "
                            "it; copy the file to a directory you may write)",
                            store->path, doing, reason, store->path, store->path);
    tw_error_set(error, status, "%s: %s: %s (SQLite %d)", store->path, doing, reason, code);
    if (error != NULL)
        error->os_errno = os_errno;
    return status;
}

/* ---- statements ---- */

static const char *const own_texts[] = {
#define SQLITE_OWN_TEXT(name, text) text,
    SQLITE_OWN_STATEMENTS(SQLITE_OWN_TEXT)
#undef SQLITE_OWN_TEXT
};

static const char *text_of(int which) {
    return which < SQL_COUNT ? store_statements[which].text : own_texts[which - SQL_COUNT];
}

sqlite3_stmt *sqlite_statement(tw_store *store, int which, int *ret_code) {
    sqlite3_stmt **slot = &sqlite_of(store)->statements[which];
    *ret_code = SQLITE_OK;
    if (*slot == NULL)
        *ret_code = sqlite3_prepare_v3(sqlite_of(store)->db, text_of(which), -1,
                                       SQLITE_PREPARE_PERSISTENT, slot, NULL);
    if (*ret_code != SQLITE_OK)
        return NULL;
    TW_ASSERT(!sqlite3_stmt_busy(*slot)); /* a callback reads what is being read already */
    return *slot;
}

int sqlite_run(tw_store *store, int which, int64_t *ret_value) {
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, which, &code);
    if (statement == NULL)
        return code;
    errno = 0;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        if (ret_value != NULL)
            *ret_value = sqlite3_column_int64(statement, 0);
        code = SQLITE_DONE;
    }
    sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- rows ---- */

/* Binds one value a parameter. Texts are borrowed until the step is over. */
static int bind_values(sqlite3_stmt *statement, const char *kinds, const store_value *values) {
    int code = SQLITE_OK;
    for (int i = 0; kinds[i] != '\0' && code == SQLITE_OK; i++) {
        if (kinds[i] == 't')
            code = sqlite3_bind_text64(statement, i + 1, values[i].text, values[i].size,
                                       SQLITE_STATIC, SQLITE_UTF8);
        else
            code = sqlite3_bind_int64(statement, i + 1, values[i].number);
    }
    return code;
}

tw_status sqlite_failed_to_write(tw_store *store, store_sql which, int code, tw_error *error) {
    char doing[64];
    snprintf(doing, sizeof doing, "writing to %s failed", store_statements[which].table);
    return sqlite_failed(store, code, doing, error);
}

static tw_status put_row(tw_store *store, store_sql which, const store_value *row,
                         tw_error *error) {
    if (sqlite_bulk_takes(store, which))
        return sqlite_bulk_put(store, which, row, error);
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, (int)which, &code);
    if (statement == NULL)
        return sqlite_failed(store, code, "preparing a statement failed", error);
    errno = 0;
    code = bind_values(statement, store_statements[which].parameters, row);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_reset(statement); /* repeats the code of the step */
    if (code != SQLITE_DONE)
        return sqlite_failed_to_write(store, which, code, error);
    if (which == SQL_PUT_SYMBOL)
        return TW_OK;
    bool changed = sqlite3_changes(sqlite_of(store)->db) > 0;
    store->batch_put += changed;
    store->batch_skipped += !changed;
    return TW_OK;
}

static void read_columns(sqlite3_stmt *statement, const char *kinds, store_value *row) {
    for (int i = 0; kinds[i] != '\0'; i++) {
        if (kinds[i] == 't') {
            const char *text = (const char *)sqlite3_column_text(statement, i);
            row[i] = store_text(text, (size_t)sqlite3_column_bytes(statement, i));
        } else {
            row[i] = store_number(sqlite3_column_int64(statement, i));
        }
    }
}

/* A writing handle sees its own batch, so what waits is written first; if that fails the batch is
 * lost, as by a put. */
static tw_status flush_before_read(tw_store *store, store_sql which, tw_error *error) {
    bool of_symbols = which == SQL_FIND_SYMBOL || which == SQL_NAME_SYMBOL;
    if (store->state != STORE_BATCH || of_symbols)
        return TW_OK;
    tw_error own = {0};
    tw_status status = sqlite_bulk_flush(store, &own);
    if (status == TW_OK)
        return TW_OK;
    if (error != NULL)
        *error = own;
    return store_lose_batch(store, status, &own);
}

static tw_status select_rows(tw_store *store, store_sql which, const store_value *parameters,
                             store_on_row on_row, void *context, tw_error *error) {
    static const char doing[] = "reading failed";
    tw_status status = flush_before_read(store, which, error);
    if (status != TW_OK)
        return status;
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, (int)which, &code);
    if (statement == NULL)
        return sqlite_failed(store, code, "preparing a statement failed", error);
    const store_statement *words = &store_statements[which];
    code = bind_values(statement, words->parameters, parameters);
    if (code != SQLITE_OK)
        return sqlite_failed(store, code, doing, error);
    store_value row[STORE_COLUMN_COUNT_MAX];
    errno = 0;
    while (status == TW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        read_columns(statement, words->results, row);
        status = on_row(store, row, context, error);
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = sqlite_failed(store, code, doing, error);
    sqlite3_reset(statement); /* repeats the code of the step */
    return status;
}

/* ---- transactions ---- */

static tw_status begin(tw_store *store, tw_error *error) {
    int code;
    if (!sqlite_lock_is_whole(store))
        return tw_error_set(error, TW_STATE,
                            "%s was removed or cut while it was held; another program may be "
                            "writing %s, so nothing more is written here",
                            sqlite_of(store)->lock_name, store->path);
    /* Made beforehand: a batch that memory ran out for must still be given up. */
    if (sqlite_statement(store, SQLITE_ROLLBACK_STATEMENT, &code) != NULL)
        code = sqlite_run(store, SQLITE_BEGIN_STATEMENT, NULL);
    if (code == SQLITE_OK)
        return TW_OK;
    bool busy = (code & 0xff) == SQLITE_BUSY;
    return sqlite_failed(
        store, code, busy ? "another program holds its lock" : "beginning a batch failed", error);
}

static tw_status commit(tw_store *store, bool full, tw_error *error) {
    (void)full; /* sync does it */
    tw_status status = sqlite_bulk_flush(store, error);
    if (status != TW_OK)
        return status;
    int code = sqlite_run(store, SQLITE_COMMIT_STATEMENT, NULL);
    if (code != SQLITE_OK)
        return sqlite_failed(store, code, "committing a batch failed", error);
    store->unsynced = true;
    return TW_OK;
}

static bool rollback(tw_store *store) {
    sqlite_connection *connection = sqlite_of(store);
    sqlite_bulk_forget(store);
    for (int i = 0; i < SQLITE_STATEMENT_COUNT; i++)
        sqlite3_reset(connection->statements[i]); /* a read in a callback may be under way */
    return sqlite3_get_autocommit(connection->db) != 0 ||
           sqlite_run(store, SQLITE_ROLLBACK_STATEMENT, NULL) == SQLITE_OK;
}

static tw_status sync_log(tw_store *store, tw_error *error) {
    sqlite3_file *log = NULL;
    int code =
        sqlite3_file_control(sqlite_of(store)->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    else if (code == SQLITE_OK)
        code = SQLITE_IOERR_FSYNC; /* a WAL database that has written has an open log */
    if (code == SQLITE_OK)
        return TW_OK;
    return tw_error_set(error, TW_IO,
                        "%s: the log could not be put on the disk (%s); nothing more is written, "
                        "what was written last may be lost",
                        store->path, sqlite3_errstr(code));
}

/* Moves the log into the file when it has grown. A reader in the way, a full disk or the want of
 * memory is no error: the log just stays longer. Anything else ends writing, at the next put. */
static void tend(tw_store *store) {
    sqlite_connection *connection = sqlite_of(store);
    uint32_t pages = store->figures.log_pages;
    if (pages < connection->checkpoint_pages)
        return;
    int mode = SQLITE_CHECKPOINT_PASSIVE;
    if (pages / LOG_LIMIT_FACTOR >= connection->checkpoint_pages)
        mode = SQLITE_CHECKPOINT_TRUNCATE;
    int in_log = 0;
    int moved = 0;
    sqlite3_busy_timeout(connection->db, 0); /* TRUNCATE would wait for readers */
    int code = sqlite3_wal_checkpoint_v2(connection->db, "main", mode, &in_log, &moved);
    sqlite3_busy_timeout(connection->db, connection->busy_timeout_ms);
    tw_error reason = {0};
    tw_status status =
        code == SQLITE_OK ? TW_OK : sqlite_failed(store, code, "moving its log failed", &reason);
    if (status == TW_OK && in_log == moved)
        store->figures.checkpoints++;
    else if (status == TW_OK || status == TW_BUSY || status == TW_NO_SPACE ||
             status == TW_NO_MEMORY)
        store->figures.checkpoints_busy++;
    else
        store_fail(store, &reason);
}

static int note_log_pages(void *context, sqlite3 *db, const char *name, int pages) {
    tw_store *store = context;
    (void)db;
    (void)name;
    store->figures.log_pages = (uint32_t)pages;
    return SQLITE_OK;
}

/* ---- open and close ---- */

static tw_status connect_file(tw_store *store, tw_error *error) {
    sqlite_connection *connection = sqlite_of(store);
    int flags = store->mode == TW_STORE_READ ? SQLITE_OPEN_READONLY
                                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char log_name[PATH_MAX];
    struct stat facts;
    snprintf(log_name, sizeof log_name, "%s-wal", store->path);
    store->figures.recovered =
        store->mode == TW_STORE_WRITE && stat(log_name, &facts) == 0 && facts.st_size > 0;
    errno = 0;
    int code = sqlite3_open_v2(store->path, &connection->db, flags, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(connection->db, connection->busy_timeout_ms);
    if (code != SQLITE_OK)
        return sqlite_failed(store, code, "opening it failed", error);
    return TW_OK;
}

static tw_status open_writer(tw_store *store, const tw_store_config *config, bool there,
                             tw_error *error) {
    bool made = false;
    tw_status status = sqlite_name_lock(store, there, error);
    if (status == TW_OK)
        status = sqlite_take_lock(store, &made, error);
    if (status == TW_OK)
        status = connect_file(store, error);
    if (status == TW_OK)
        status = sqlite_prepare_file(store, config, error);
    if (status == TW_OK)
        status = sqlite_bulk_new(store, error);
    if (status == TW_OK && sqlite_bulk_register(store) != SQLITE_OK)
        status =
            sqlite_failed(store, sqlite3_errcode(sqlite_of(store)->db), "opening it failed", error);
    if (status == TW_OK)
        status = sqlite_begin_announcing(store, error);
    store->unsynced = store->figures.recovered; /* of the commits in that log nobody knows */
    if (status == TW_OK) /* last, because switching automatic checkpoints off takes the hook away */
        sqlite3_wal_hook(sqlite_of(store)->db, note_log_pages, store);
    /* A file that is not ours gets no lock file beside it. */
    if (made && (status == TW_INVALID || status == TW_VERSION) &&
        unlink(sqlite_of(store)->lock_name) != 0 && error != NULL)
        error->os_errno = errno;
    return status;
}

/* 3.7.0 to 3.51.2, but for 3.44.6 and 3.50.7 and what follows each of them. */
bool sqlite_has_reset_race(int version) {
    bool mended = version >= 3051003 || (version >= 3044006 && version < 3045000) ||
                  (version >= 3050007 && version < 3051000);
    return version >= 3007000 && !mended;
}

static tw_status make_connection(tw_store *store, const tw_store_config *config, tw_error *error) {
    sqlite_connection *connection = TW_NEW(store->allocator, 1, sqlite_connection);
    if (connection == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open %s", store->path);
    store->connection = connection;
    connection->lock_fd = -1;
    connection->generations_fd = -1;
    int64_t timeout_ms = config->busy_timeout_ns / TW_NS_PER_MS;
    connection->busy_timeout_ms = config->busy_timeout_ns == 0 ? 5000
                                  : timeout_ms > INT_MAX       ? INT_MAX
                                                               : (int)timeout_ms;
    connection->checkpoint_pages = config->checkpoint_pages == 0 ? TW_STORE_CHECKPOINT_PAGES_DEFAULT
                                                                 : config->checkpoint_pages;
    connection->page_size = config->page_size == 0 ? TW_STORE_PAGE_SIZE_DEFAULT : config->page_size;
    snprintf(store->backend_name, sizeof store->backend_name, "SQLite %s", sqlite3_libversion());
    if (sqlite_has_reset_race(sqlite3_libversion_number()))
        store->precautions = "wal_reset_race=avoided"; /* see settle */
    return TW_OK;
}

static tw_status open_file(tw_store *store, const tw_store_config *config, tw_error *error) {
    bool there = false;
    tw_status status = make_connection(store, config, error);
    if (status == TW_OK)
        status = sqlite_look_at_path(store, &there, error);
    if (status == TW_OK && store->mode == TW_STORE_WRITE)
        return open_writer(store, config, there, error);
    if (status == TW_OK)
        status = sqlite_name_lock(store, there, error);
    if (status == TW_OK)
        status = connect_file(store, error);
    return status == TW_OK ? sqlite_prepare_file(store, config, error) : status;
}

static tw_status empty_log(tw_store *store, tw_error *error) {
    sqlite3 *db = sqlite_of(store)->db;
    sqlite3_busy_timeout(db, 0);
    int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    bool held_up = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    if (code == SQLITE_OK || held_up) /* readers hold the log; the next writer moves it */
        return TW_OK;
    return sqlite_failed(store, code, "moving its log failed; the log stays beside it", error);
}

static tw_status close_file(tw_store *store, tw_error *error) {
    sqlite_connection *connection = sqlite_of(store);
    if (connection == NULL)
        return TW_OK;
    tw_status status = TW_OK;
    if (connection->db != NULL && store->mode == TW_STORE_WRITE) {
        if (store->state != STORE_FAILED)
            status = empty_log(store, error);
        if (store->state == STORE_FAILED || status != TW_OK)
            sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    for (int i = 0; i < SQLITE_STATEMENT_COUNT; i++)
        sqlite3_finalize(connection->statements[i]);
    int code = sqlite3_close(connection->db);
    TW_ASSERT(code == SQLITE_OK); /* all statements are finalised */
    sqlite_bulk_free(store);
    sqlite_end_generations(store);
    if (connection->lock_fd >= 0)
        close(connection->lock_fd);
    TW_DELETE(store->allocator, connection, 1, sqlite_connection);
    return status;
}

const store_backend store_sqlite = {
    .open = open_file,
    .close = close_file,
    .begin = begin,
    .put = put_row,
    .quarantine = sqlite_quarantine,
    .commit = commit,
    .sync = sync_log,
    .rollback = rollback,
    .tend = tend,
    .announce = sqlite_announce,
    .generation = sqlite_generation,
    .select = select_rows,
    .verify = sqlite_verify,
    .describe = sqlite_describe,
    .backup = sqlite_backup,
    .vacuum = sqlite_vacuum,
};
