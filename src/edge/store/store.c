/*
 * store.c - open, batches, durability, checkpoints, close.
 *
 * Idea: one connection a handle. The writer keeps an advisory lock on PATH-lock for as long as it
 * lives, so that a second one is refused with a sentence instead of being made to wait; the lock
 * dies with its process, kill -9 included. SQLite stays at synchronous NORMAL; a FULL commit is
 * a commit followed by a sync of the write-ahead log, which costs the same and, unlike the pragma,
 * can be decided when the batch is complete.
 *
 * Invariants (the states are drawn in tradewind/store.h):
 *   1. BATCH if and only if a transaction is open on the connection.
 *   2. The maps of symbols and places, last_sequence and last_id describe the file with the open
 *      batch; giving up a batch brings them back to what the file holds.
 *   3. Nothing is written in FAILED: not by close either.
 *   4. Only this connection checkpoints (see store_schema.c for why).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_priv.h"
#include "tradewind/time.h"

/* The log is emptied without waiting once it is this many times the size of a checkpoint. */
#define LOG_LIMIT_FACTOR 4
#define LOCK_SUFFIX "-lock"

/* ---- errors ---- */

static tw_status status_of(int code, int os_errno) {
    bool no_space = os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EFBIG;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
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
        return code == SQLITE_IOERR_WRITE && no_space ? TW_NO_SPACE : TW_IO;
    case SQLITE_CANTOPEN:
        return os_errno == 0 ? TW_IO : tw_status_from_errno(os_errno);
    default:
        return TW_CORRUPT; /* a constraint or a missing table: the file is not as we made it */
    }
}

tw_status store_error(tw_store *store, int code, const char *doing, tw_error *error) {
    int os_errno = errno; /* a failed COMMIT does not tell SQLite's own record of it */
    if (store->db != NULL && sqlite3_system_errno(store->db) != 0)
        os_errno = sqlite3_system_errno(store->db);
    tw_status status = status_of(code, os_errno);
    const char *reason = store->db == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(store->db);
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

tw_status store_read_only(const tw_store *store, tw_error *error) {
    return tw_error_set(error, TW_READ_ONLY, "%s was opened for reading", store->path);
}

/* ---- statements ---- */

static const char *const sql_texts[] = {
#define STORE_SQL_TEXT(name, text) text,
    STORE_STATEMENTS(STORE_SQL_TEXT)
#undef STORE_SQL_TEXT
};
_Static_assert(sizeof sql_texts / sizeof sql_texts[0] == SQL_COUNT, "one text a statement");

sqlite3_stmt *store_statement(tw_store *store, store_sql which, tw_status *ret_status,
                              tw_error *error) {
    sqlite3_stmt **slot = &store->statements[which];
    *ret_status = TW_OK;
    if (*slot == NULL) {
        int code = sqlite3_prepare_v3(store->db, sql_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                      slot, NULL);
        if (code != SQLITE_OK) {
            *ret_status = store_error(store, code, "preparing a statement failed", error);
            return NULL;
        }
    }
    TW_ASSERT(!sqlite3_stmt_busy(*slot)); /* a callback reads what is being read already */
    return *slot;
}

static int run_code(tw_store *store, store_sql which, int64_t *ret_value) {
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, which, &status, NULL);
    if (statement == NULL)
        return sqlite3_extended_errcode(store->db);
    errno = 0;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        if (ret_value != NULL)
            *ret_value = sqlite3_column_int64(statement, 0);
        code = SQLITE_DONE;
    }
    sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

tw_status store_run(tw_store *store, store_sql which, tw_error *error) {
    int code = run_code(store, which, NULL);
    return code == SQLITE_OK ? TW_OK : store_error(store, code, sql_texts[which], error);
}

tw_status store_integer(tw_store *store, store_sql which, int64_t *ret_value, tw_error *error) {
    int code = run_code(store, which, ret_value);
    return code == SQLITE_OK ? TW_OK : store_error(store, code, "reading failed", error);
}

/* ---- batches ---- */

/* Brings the maps back to what the file holds (invariant 2). */
static void restore_maps(tw_store *store) {
    uint32_t count = tw_symbols_count(store->symbols);
    if (count > store->symbol_count_max)
        count = store->symbol_count_max;
    for (uint32_t i = 0; i < count; i++) {
        if (store->id_of[i] > store->committed_id)
            store->id_of[i] = 0;
        if (store->trade_places[i].batch == store->batch)
            store->trade_places[i].now = store->trade_places[i].before;
        if (store->quote_places[i].batch == store->batch)
            store->quote_places[i].now = store->quote_places[i].before;
    }
    for (uint32_t id = store->committed_id + 1; id <= store->last_id; id++)
        store->index_of[id] = 0;
    store->last_id = store->committed_id;
    store->last_sequence = store->committed_sequence;
}

static void forget_batch(tw_store *store) {
    restore_maps(store);
    store->batch++;
    store->batch_put = store->batch_skipped = 0;
    store->batch_is_durable = false;
    store->figures.batch_rows = 0;
}

static void fail(tw_store *store, const tw_error *error, bool for_good) {
    if (store->state == STORE_FAILED)
        return; /* the first error is the one that is repeated */
    store->state = for_good ? STORE_FAILED : STORE_ABORTED;
    store->lost = *error;
}

tw_status store_lose_batch(tw_store *store, int code, const char *doing, tw_error *error) {
    tw_error reason = {0};
    tw_status status = store_error(store, code, doing, &reason);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_reset(store->statements[i]); /* so that the rollback is not held up */
    bool rolled_back = sqlite3_get_autocommit(store->db) != 0;
    if (!rolled_back)
        rolled_back = run_code(store, SQL_ROLLBACK, NULL) == SQLITE_OK;
    forget_batch(store);
    bool harmless = status == TW_NO_SPACE || status == TW_NO_MEMORY || status == TW_BUSY ||
                    status == TW_INTERRUPTED || status == TW_RANGE;
    fail(store, &reason, !rolled_back || !harmless);
    if (error != NULL)
        *error = reason;
    return status;
}

static tw_status check_writable(const tw_store *store, tw_error *error) {
    if (store->mode == TW_STORE_READ)
        return store_read_only(store, error);
    if (store->state == STORE_READY || store->state == STORE_BATCH)
        return TW_OK;
    if (error != NULL)
        *error = store->lost;
    return store->lost.status;
}

tw_status store_enter_batch(tw_store *store, size_t count, bool durable, tw_error *error) {
    tw_status status = check_writable(store, error);
    if (status != TW_OK)
        return status;
    if (count > store->batch_rows_max - store->figures.batch_rows)
        return tw_error_set(error, TW_FULL,
                            "%s: the batch holds %lu of %lu rows and %zu more do not fit; commit",
                            store->path, (unsigned long)store->figures.batch_rows,
                            (unsigned long)store->batch_rows_max, count);
    if (store->state == STORE_READY) {
        int code = run_code(store, SQL_BEGIN, NULL);
        if (code == SQLITE_BUSY || (code & 0xff) == SQLITE_BUSY)
            return store_error(store, code, "another program holds its lock", error);
        if (code != SQLITE_OK)
            return store_lose_batch(store, code, "beginning a batch failed", error);
        store->state = STORE_BATCH;
    }
    store->figures.batch_rows += (uint32_t)count;
    store->batch_is_durable |= durable;
    return TW_OK;
}

/* Puts the log on the disk. After a failure nobody knows which of its pages are there. */
static tw_status sync_log(tw_store *store, tw_error *error) {
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    else if (code == SQLITE_OK)
        code = SQLITE_IOERR_FSYNC; /* a WAL database that has written has an open log */
    if (code != SQLITE_OK) {
        tw_error reason = {0};
        tw_status status =
            tw_error_set(&reason, TW_IO,
                         "%s: the log could not be put on the disk (%s); nothing more "
                         "is written, what was written last may be lost",
                         store->path, sqlite3_errstr(code));
        fail(store, &reason, true);
        if (error != NULL)
            *error = reason;
        return status;
    }
    store->unsynced = false;
    store->figures.syncs++;
    return TW_OK;
}

/* Moves the log into the file when it has grown. A reader in the way, or a full disk, is no
 * error: the log just stays longer. Anything else ends writing, at the next put. */
static void checkpoint(tw_store *store) {
    uint32_t pages = store->figures.log_pages;
    if (pages < store->checkpoint_pages)
        return;
    int mode = SQLITE_CHECKPOINT_PASSIVE;
    if (pages / LOG_LIMIT_FACTOR >= store->checkpoint_pages)
        mode = SQLITE_CHECKPOINT_TRUNCATE;
    int in_log = 0;
    int moved = 0;
    sqlite3_busy_timeout(store->db, 0); /* TRUNCATE would wait for readers */
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", mode, &in_log, &moved);
    sqlite3_busy_timeout(store->db, store->busy_timeout_ms);
    tw_error reason = {0};
    tw_status status =
        code == SQLITE_OK ? TW_OK : store_error(store, code, "moving its log failed", &reason);
    if (status == TW_OK && in_log == moved)
        store->figures.checkpoints++;
    else if (status == TW_OK || status == TW_BUSY || status == TW_NO_SPACE)
        store->figures.checkpoints_busy++;
    else
        fail(store, &reason, true);
}

static int note_log_pages(void *context, sqlite3 *db, const char *name, int pages) {
    tw_store *store = context;
    (void)db;
    (void)name;
    store->figures.log_pages = (uint32_t)pages;
    return SQLITE_OK;
}

tw_status tw_store_commit(tw_store *store, tw_store_durability durability, tw_error *error) {
    TW_ASSERT(durability == TW_STORE_NORMAL || durability == TW_STORE_FULL);
    tw_status status = check_writable(store, error);
    if (status != TW_OK)
        return status;
    bool full = durability == TW_STORE_FULL || store->batch_is_durable;
    if (store->state == STORE_BATCH) {
        int code = run_code(store, SQL_COMMIT, NULL);
        if (code != SQLITE_OK)
            return store_lose_batch(store, code, "committing a batch failed", error);
        store->state = STORE_READY;
        store->committed_id = store->last_id;
        store->committed_sequence = store->last_sequence;
        store->figures.rows_put += store->batch_put;
        store->figures.rows_skipped += store->batch_skipped;
        store->figures.commits++;
        store->unsynced = true;
        forget_batch(store);
    }
    if (full && store->unsynced)
        status = sync_log(store, error);
    if (status == TW_OK)
        checkpoint(store);
    return status;
}

void tw_store_drop_batch(tw_store *store) {
    if (store->state == STORE_ABORTED)
        store->state = STORE_READY;
    if (store->state != STORE_BATCH)
        return;
    int code = run_code(store, SQL_ROLLBACK, NULL);
    if (code == SQLITE_OK || sqlite3_get_autocommit(store->db) != 0) {
        forget_batch(store);
        store->state = STORE_READY;
        return;
    }
    (void)store_lose_batch(store, code, "dropping a batch failed", NULL); /* repeated at next put */
}

void tw_store_begin_series(tw_store *store) {
    store->series++;
}

/* ---- symbols ---- */

static tw_status no_room_for_symbol(const tw_store *store, tw_error *error) {
    return tw_error_set(error, TW_FULL, "%s: there is no room for more than %lu symbols",
                        store->path, (unsigned long)store->symbol_count_max);
}

static void map_symbol(tw_store *store, tw_symbol symbol, uint32_t id) {
    store->id_of[symbol] = id;
    store->index_of[id] = symbol + 1;
}

/* Looks a name up in the file; *ret_id is 0 when it is not there. */
static tw_status find_id(tw_store *store, const char *name, int64_t *ret_id, tw_error *error) {
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_FIND_SYMBOL, &status, error);
    if (statement == NULL)
        return status;
    *ret_id = 0;
    int code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_id = sqlite3_column_int64(statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = store_error(store, code, "looking up a symbol failed", error);
    sqlite3_reset(statement);
    return status;
}

static tw_status add_symbol(tw_store *store, const char *name, int64_t *ret_id, tw_error *error) {
    if (store->last_id >= store->symbol_count_max)
        return no_room_for_symbol(store, error);
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_PUT_SYMBOL, &status, error);
    if (statement == NULL)
        return status;
    *ret_id = (int64_t)store->last_id + 1;
    int code = sqlite3_bind_int64(statement, 1, *ret_id);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (code != SQLITE_DONE)
        return store_lose_batch(store, code, "adding a symbol failed", error);
    store->last_id++;
    return TW_OK;
}

tw_status store_id_of(tw_store *store, tw_symbol symbol, bool add, int64_t *ret_id,
                      tw_error *error) {
    if (symbol >= store->symbol_count_max)
        return no_room_for_symbol(store, error);
    if (store->id_of[symbol] != 0) {
        *ret_id = store->id_of[symbol];
        return TW_OK;
    }
    const char *name = tw_symbols_name(store->symbols, symbol);
    tw_status status = find_id(store, name, ret_id, error);
    if (status == TW_OK && *ret_id == 0 && add)
        status = add_symbol(store, name, ret_id, error);
    if (status != TW_OK || *ret_id == 0)
        return status;
    if (*ret_id < 0 || *ret_id > store->symbol_count_max)
        return no_room_for_symbol(store, error);
    map_symbol(store, symbol, (uint32_t)*ret_id);
    return TW_OK;
}

tw_status store_index_of(tw_store *store, int64_t id, tw_symbol *ret_symbol, tw_error *error) {
    if (id < 1)
        return tw_error_set(error, TW_CORRUPT, "%s: a row names symbol %lld, which cannot be",
                            store->path, (long long)id);
    if (id > store->symbol_count_max)
        return no_room_for_symbol(store, error);
    if (store->index_of[id] != 0) {
        *ret_symbol = store->index_of[id] - 1;
        return TW_OK;
    }
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_NAME_SYMBOL, &status, error);
    if (statement == NULL)
        return status;
    int code = sqlite3_bind_int64(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        tw_slice name = {(const char *)sqlite3_column_text(statement, 0),
                         (size_t)sqlite3_column_bytes(statement, 0)};
        status = tw_symbols_intern(store->symbols, name, ret_symbol);
        if (status == TW_FULL || (status == TW_OK && *ret_symbol >= store->symbol_count_max))
            status = no_room_for_symbol(store, error);
        else if (status != TW_OK)
            status = tw_error_set(error, TW_CORRUPT, "%s: symbol %lld has a name that cannot be",
                                  store->path, (long long)id);
    } else if (code == SQLITE_DONE) {
        status = tw_error_set(error, TW_CORRUPT, "%s: a row names symbol %lld, which is not there",
                              store->path, (long long)id);
    } else {
        status = store_error(store, code, "looking up a symbol failed", error);
    }
    sqlite3_reset(statement);
    if (status == TW_OK)
        map_symbol(store, *ret_symbol, (uint32_t)id);
    return status;
}

/* ---- open and close ---- */

static void release_memory(tw_store *store) {
    const tw_allocator *allocator = store->allocator;
    uint32_t count = store->symbol_count_max;
    TW_DELETE(allocator, store->quote_places, count, store_places);
    TW_DELETE(allocator, store->trade_places, count, store_places);
    TW_DELETE(allocator, store->index_of, count + 1U, tw_symbol);
    TW_DELETE(allocator, store->id_of, count, uint32_t);
    TW_DELETE(allocator, store->path, store->path_size, char);
    TW_DELETE(allocator, store, 1, tw_store);
}

/* SQLite gives names that begin with a colon, and empty ones, another meaning. */
static tw_status copy_path(tw_store *store, const char *path) {
    const char *prefix = path[0] == ':' ? "./" : "";
    store->path_size = strlen(prefix) + strlen(path) + 1;
    store->path = TW_NEW(store->allocator, store->path_size, char);
    if (store->path == NULL)
        return TW_NO_MEMORY;
    snprintf(store->path, store->path_size, "%s%s", prefix, path);
    return TW_OK;
}

static tw_status take_memory(const tw_store_config *config, tw_store **ret_store, tw_error *error) {
    const tw_allocator *allocator =
        config->allocator == NULL ? tw_allocator_system() : config->allocator;
    tw_store *store = TW_NEW(allocator, 1, tw_store);
    if (store == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open %s", config->path);
    store->allocator = allocator;
    store->lock_fd = -1;
    store->mode = (tw_store_mode)config->mode;
    store->symbols = config->symbols;
    store->symbol_count_max =
        config->symbol_count_max == 0 ? TW_STORE_SYMBOL_COUNT_DEFAULT : config->symbol_count_max;
    store->batch_rows_max =
        config->batch_rows == 0 ? TW_STORE_BATCH_ROWS_DEFAULT : config->batch_rows;
    store->checkpoint_pages = config->checkpoint_pages == 0 ? TW_STORE_CHECKPOINT_PAGES_DEFAULT
                                                            : config->checkpoint_pages;
    store->batch = store->series = 1;
    int64_t timeout_ms = config->busy_timeout_ns / TW_NS_PER_MS;
    store->busy_timeout_ms = config->busy_timeout_ns == 0 ? 5000
                             : timeout_ms > INT_MAX       ? INT_MAX
                                                          : (int)timeout_ms;
    uint32_t count = store->symbol_count_max;
    store->id_of = TW_NEW(allocator, count, uint32_t);
    store->index_of = TW_NEW(allocator, count + 1U, tw_symbol);
    store->trade_places = TW_NEW(allocator, count, store_places);
    store->quote_places = TW_NEW(allocator, count, store_places);
    if (copy_path(store, config->path) != TW_OK || store->id_of == NULL ||
        store->index_of == NULL || store->trade_places == NULL || store->quote_places == NULL) {
        release_memory(store);
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open %s", config->path);
    }
    snprintf(store->backend, sizeof store->backend, "SQLite %s", sqlite3_libversion());
    *ret_store = store;
    return TW_OK;
}

/* What the path is, before SQLite touches it. *ret_there is false for a file to be made. */
static tw_status look_at_path(tw_store *store, bool *ret_there, tw_error *error) {
    struct stat facts;
    *ret_there = stat(store->path, &facts) == 0;
    if (!*ret_there && errno != ENOENT)
        return tw_error_set_errno(error, errno, "%s cannot be opened", store->path);
    if (!*ret_there && store->mode == TW_STORE_READ)
        return tw_error_set(error, TW_NOT_FOUND, "%s does not exist; nothing was stored yet",
                            store->path);
    if (*ret_there && S_ISDIR(facts.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is a directory; name a file in it", store->path);
    if (*ret_there && !S_ISREG(facts.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is not a regular file", store->path);
    if (*ret_there && access(store->path, store->mode == TW_STORE_READ ? R_OK : R_OK | W_OK) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be %s", store->path,
                                  store->mode == TW_STORE_READ ? "read" : "written");
    return TW_OK;
}

/* The one name of the file whatever links lead to it, with the suffix of the lock. */
static tw_status name_lock(const tw_store *store, bool there, char name[PATH_MAX],
                           tw_error *error) {
    char directory[PATH_MAX];
    char real[PATH_MAX];
    const char *slash = strrchr(store->path, '/');
    const char *base = slash == NULL ? store->path : slash + 1;
    size_t size = slash == NULL ? 0 : (size_t)(slash - store->path) + 1;
    if (size >= sizeof directory)
        return tw_error_set_errno(error, ENAMETOOLONG, "%s cannot be opened", store->path);
    memcpy(directory, size == 0 ? "." : store->path, size == 0 ? 1 : size);
    directory[size == 0 ? 1 : size] = '\0';
    const char *found = realpath(there ? store->path : directory, real);
    if (found == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be made: its directory %s", store->path,
                                  directory);
    int length =
        snprintf(name, PATH_MAX, "%s%s%s" LOCK_SUFFIX, real, there ? "" : "/", there ? "" : base);
    if (length >= PATH_MAX)
        return tw_error_set_errno(error, ENAMETOOLONG, "%s cannot be opened", store->path);
    return TW_OK;
}

static tw_status busy_sentence(const tw_store *store, tw_error *error) {
    char holder[24] = "";
    ssize_t size = pread(store->lock_fd, holder, sizeof holder - 1, 0);
    size_t digits = size > 0 ? strspn(holder, "0123456789") : 0;
    holder[digits] = '\0';
    return tw_error_set(error, TW_BUSY,
                        "%s is being written by %s%s; a store has one writer at a time",
                        store->path, digits > 0 ? "process " : "another process", holder);
}

/* The lock is never removed by a writer that has it in use: a name that comes and goes would let
 * two writers lock two files. */
static tw_status take_lock(tw_store *store, const char *name, bool *ret_made, tw_error *error) {
    store->lock_fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    *ret_made = store->lock_fd >= 0;
    if (store->lock_fd < 0 && errno == EEXIST)
        store->lock_fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (store->lock_fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be written: its lock %s", store->path,
                                  name);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return busy_sentence(store, error);
        return tw_error_set_errno(error, errno, "%s cannot be locked", name);
    }
    /* The number only serves the sentence above; a full disk must not keep the lock from us. */
    char text[24];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    bool named =
        ftruncate(store->lock_fd, 0) == 0 && pwrite(store->lock_fd, text, (size_t)size, 0) == size;
    (void)named;
    return TW_OK;
}

static tw_status connect_file(tw_store *store, tw_error *error) {
    int flags = store->mode == TW_STORE_READ ? SQLITE_OPEN_READONLY
                                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char log_name[PATH_MAX];
    struct stat facts;
    snprintf(log_name, sizeof log_name, "%s-wal", store->path);
    store->figures.recovered =
        store->mode == TW_STORE_WRITE && stat(log_name, &facts) == 0 && facts.st_size > 0;
    errno = 0;
    int code = sqlite3_open_v2(store->path, &store->db, flags, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(store->db, store->busy_timeout_ms);
    if (code != SQLITE_OK)
        return store_error(store, code, "opening it failed", error);
    return TW_OK;
}

static tw_status open_writer(tw_store *store, const tw_store_config *config, bool there,
                             tw_error *error) {
    char name[PATH_MAX];
    bool made = false;
    tw_status status = name_lock(store, there, name, error);
    if (status == TW_OK)
        status = take_lock(store, name, &made, error);
    if (status == TW_OK)
        status = connect_file(store, error);
    if (status == TW_OK)
        status = store_prepare_file(store, config, error);
    if (status == TW_OK) /* last, because switching automatic checkpoints off takes the hook away */
        sqlite3_wal_hook(store->db, note_log_pages, store);
    /* A file that is not ours gets no lock file beside it. */
    if (made && (status == TW_INVALID || status == TW_VERSION) && unlink(name) != 0 &&
        error != NULL)
        error->os_errno = errno;
    return status;
}

tw_status tw_store_open(const tw_store_config *config, tw_store **ret_store, tw_error *error) {
    TW_ASSERT(config != NULL && config->path != NULL && ret_store != NULL);
    TW_ASSERT(config->symbols != NULL && config->mode <= TW_STORE_WRITE);
    TW_ASSERT(config->batch_rows <= TW_STORE_BATCH_ROWS_MAX && config->busy_timeout_ns >= 0);
    if (strncmp(config->path, "postgres://", 11) == 0 ||
        strncmp(config->path, "postgresql://", 13) == 0)
        return tw_error_set(error, TW_UNSUPPORTED,
                            "stores on a PostgreSQL server are not supported; name a file");
    if (config->path[0] == '\0')
        return tw_error_set(error, TW_INVALID, "the name of the store is empty");
    tw_store *store = NULL;
    tw_status status = take_memory(config, &store, error);
    if (status != TW_OK)
        return status;
    TW_ASSERT(store != NULL);
    bool there = false;
    status = look_at_path(store, &there, error);
    if (status == TW_OK && store->mode == TW_STORE_WRITE)
        status = open_writer(store, config, there, error);
    else if (status == TW_OK)
        status = connect_file(store, error);
    if (status == TW_OK && store->mode == TW_STORE_READ)
        status = store_prepare_file(store, config, error);
    if (status != TW_OK) {
        store->state = STORE_FAILED; /* nothing more is written */
        (void)tw_store_close(store, NULL);
        return status;
    }
    *ret_store = store;
    return TW_OK;
}

static tw_status empty_log(tw_store *store, tw_error *error) {
    sqlite3_busy_timeout(store->db, 0);
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    bool held_up = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    if (code == SQLITE_OK || held_up) /* readers hold the log; the next writer moves it */
        return TW_OK;
    return store_error(store, code, "moving its log failed; the log stays beside it", error);
}

tw_status tw_store_close(tw_store *store, tw_error *error) {
    if (store == NULL)
        return TW_OK;
    tw_status status = TW_OK;
    if (store->state == STORE_BATCH)
        tw_store_drop_batch(store);
    if (store->db != NULL && store->mode == TW_STORE_WRITE) {
        if (store->state != STORE_FAILED)
            status = empty_log(store, error);
        if (store->state == STORE_FAILED || status != TW_OK)
            sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    int code = sqlite3_close(store->db);
    TW_ASSERT(code == SQLITE_OK); /* all statements are finalised */
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    release_memory(store);
    return status;
}

void tw_store_free(tw_store *store) {
    (void)tw_store_close(store, NULL);
}

uint64_t tw_store_epoch(const tw_store *store) {
    return store->epoch;
}

const char *tw_store_backend(const tw_store *store) {
    return store->backend;
}

void tw_store_read_figures(const tw_store *store, tw_store_figures *ret_figures) {
    *ret_figures = store->figures;
    ret_figures->rows_put += store->batch_put;
    ret_figures->rows_skipped += store->batch_skipped;
}
