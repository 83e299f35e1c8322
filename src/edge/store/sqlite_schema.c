/*
 * sqlite_schema.c - whose file it is, which version, its tables, and how older files are brought
 * up.
 *
 * Prices and quantities are integers at 1e-9, times nanoseconds since 1970, unsigned numbers the
 * same 64 bits. Ticks and bars are WITHOUT ROWID under their natural key: one clustered tree, the
 * smallest file and the fastest range scan. Orders, fills, runs and the journal have a rowid,
 * because their order of arrival matters and their keys are long text.
 *
 * The schema is a list of steps: step n brings a file of version n - 1 to version n. A new file
 * takes all of them, an older one those it lacks, in one transaction that is on the disk before
 * anything is written. A step that has been released is never changed.
 *
 * Invariants:
 *   1. application_id and user_version are written in the transaction that makes the tables, so a
 *      file has both or is empty.
 *   2. A file of another program, or of a newer version, is never written to: identity is checked
 *      before the first pragma that could change the file.
 *   3. A reader changes nothing: it reads an older file as it is, without the tables that it lacks.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "sqlite_priv.h"

/* Append-only is a rule of the file, not only of this program: the two triggers. */
static const char version_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE symbols(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE trades("
    " symbol INTEGER NOT NULL, time_ns INTEGER NOT NULL, id INTEGER NOT NULL,"
    " exchange INTEGER NOT NULL, place INTEGER NOT NULL, price INTEGER NOT NULL,"
    " quantity INTEGER NOT NULL, side INTEGER NOT NULL, tape INTEGER NOT NULL,"
    " conditions TEXT NOT NULL,"
    " PRIMARY KEY(symbol, time_ns, id, exchange, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE quotes("
    " symbol INTEGER NOT NULL, time_ns INTEGER NOT NULL, place INTEGER NOT NULL,"
    " bid_price INTEGER NOT NULL, ask_price INTEGER NOT NULL, bid_size INTEGER NOT NULL,"
    " ask_size INTEGER NOT NULL, bid_exchange INTEGER NOT NULL, ask_exchange INTEGER NOT NULL,"
    " tape INTEGER NOT NULL, conditions TEXT NOT NULL,"
    " PRIMARY KEY(symbol, time_ns, place)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bars("
    " symbol INTEGER NOT NULL, timeframe_ns INTEGER NOT NULL, time_ns INTEGER NOT NULL,"
    " open INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL,"
    " close INTEGER NOT NULL, vwap INTEGER NOT NULL, volume INTEGER NOT NULL,"
    " count INTEGER NOT NULL, revision INTEGER NOT NULL,"
    " PRIMARY KEY(symbol, timeframe_ns, time_ns)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE orders("
    " id INTEGER PRIMARY KEY, client_order_id TEXT NOT NULL UNIQUE,"
    " venue_order_id TEXT NOT NULL, created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL,"
    " symbol INTEGER NOT NULL, side INTEGER NOT NULL, type INTEGER NOT NULL,"
    " time_in_force INTEGER NOT NULL, status INTEGER NOT NULL,"
    " extended_hours INTEGER NOT NULL, quantity INTEGER NOT NULL, filled INTEGER NOT NULL,"
    " limit_price INTEGER NOT NULL, stop_price INTEGER NOT NULL,"
    " average_price INTEGER NOT NULL) STRICT;"
    "CREATE TABLE fills("
    " id INTEGER PRIMARY KEY, execution_id TEXT NOT NULL,"
    " client_order_id TEXT NOT NULL, time_ns INTEGER NOT NULL, symbol INTEGER NOT NULL,"
    " side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,"
    " UNIQUE(client_order_id, execution_id)) STRICT;"
    "CREATE TABLE positions("
    " run INTEGER NOT NULL, time_ns INTEGER NOT NULL, symbol INTEGER NOT NULL,"
    " quantity INTEGER NOT NULL, average_price INTEGER NOT NULL,"
    " current_price INTEGER NOT NULL, PRIMARY KEY(run, time_ns, symbol)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY, started_ns INTEGER NOT NULL, ended_ns INTEGER NOT NULL,"
    " seed INTEGER NOT NULL, venue TEXT NOT NULL, strategy TEXT NOT NULL,"
    " report TEXT NOT NULL) STRICT;"
    "CREATE TABLE journal("
    " sequence INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, kind TEXT NOT NULL,"
    " payload TEXT NOT NULL) STRICT;"
    "CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal"
    " BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal"
    " BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;";

/* How far the import of a file has come, in the transaction that holds its rows. */
static const char version_2[] =
    "CREATE TABLE imports("
    " name TEXT PRIMARY KEY, row_count INTEGER NOT NULL, size INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* Each record of the journal has a checksum (store_chain.h), but for those that are there already;
 * a record leaves the journal only as a whole and into the quarantine. */
static const char version_3[] =
    "ALTER TABLE journal ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;"
    "INSERT INTO meta(key, value) SELECT 'chained_after', coalesce(max(sequence), 0) FROM journal;"
    "INSERT INTO meta(key, value) VALUES('quarantines', 0);"
    "CREATE TABLE journal_quarantine("
    " id INTEGER PRIMARY KEY, quarantined_ns INTEGER NOT NULL, reason TEXT NOT NULL,"
    " sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL, kind TEXT NOT NULL,"
    " payload TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;"
    "CREATE INDEX journal_quarantine_by_sequence ON journal_quarantine(sequence);"
    "DROP TRIGGER IF EXISTS journal_is_not_shortened;"
    "CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal"
    " WHEN NOT EXISTS (SELECT 1 FROM journal_quarantine AS kept WHERE"
    " kept.sequence = OLD.sequence AND kept.time_ns = OLD.time_ns AND kept.kind = OLD.kind AND"
    " kept.payload = OLD.payload AND kept.checksum = OLD.checksum)"
    " BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;";

static const char *const steps[] = {version_1, version_2, version_3};
_Static_assert(sizeof steps / sizeof steps[0] == TW_STORE_VERSION, "one step a version");

/* Runs one fixed text and reads one integer; for the few statements before the tables are there. */
static tw_status query(tw_store *store, const char *text, const char *doing, int64_t *ret_value,
                       tw_error *error) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite_of(store)->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *ret_value = sqlite3_column_int64(statement, 0);
        code = SQLITE_DONE;
    }
    tw_status status = code == SQLITE_DONE ? TW_OK : sqlite_failed(store, code, doing, error);
    sqlite3_finalize(statement);
    return status;
}

static tw_status execute(tw_store *store, const char *text, const char *doing, tw_error *error) {
    int code = sqlite3_exec(sqlite_of(store)->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? TW_OK : sqlite_failed(store, code, doing, error);
}

/* Tells an empty file (*ret_fresh) from a store, and both from everything else. */
static tw_status identify(tw_store *store, bool *ret_fresh, tw_error *error) {
    static const char doing[] = "reading its header failed";
    int64_t application_id = 0;
    int64_t version = 0;
    int64_t object_count = 0;
    tw_status status = query(store, "PRAGMA application_id", doing, &application_id, error);
    if (status == TW_OK)
        status = query(store, "PRAGMA user_version", doing, &version, error);
    if (status == TW_OK)
        status = query(store, "SELECT count(*) FROM sqlite_schema", doing, &object_count, error);
    if (status != TW_OK)
        return status;
    *ret_fresh = application_id == 0 && version == 0 && object_count == 0;
    if (*ret_fresh)
        return TW_OK;
    if (application_id != SQLITE_APPLICATION_ID_OURS)
        return tw_error_set(error, TW_INVALID,
                            "%s is a database of another program (application id %lld); name "
                            "another file",
                            store->path, (long long)application_id);
    if (version > TW_STORE_VERSION)
        return tw_error_set(error, TW_VERSION,
                            "%s was written by a newer version (schema %lld, this one knows %d); "
                            "upgrade to read it",
                            store->path, (long long)version, TW_STORE_VERSION);
    if (version < 1)
        return tw_error_set(error, TW_CORRUPT, "%s has schema %lld, which never was", store->path,
                            (long long)version);
    store->version = version;
    return TW_OK;
}

static tw_status choose_epoch(uint64_t wanted, uint64_t *ret_epoch, tw_error *error) {
    *ret_epoch = wanted;
    while (*ret_epoch == 0) {
        if (getrandom(ret_epoch, sizeof *ret_epoch, 0) != (ssize_t)sizeof *ret_epoch)
            return tw_error_set_errno(error, errno, "no random number for a new store");
    }
    return TW_OK;
}

static tw_status put_epoch(tw_store *store, uint64_t epoch, tw_error *error) {
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(sqlite_of(store)->db, "INSERT INTO meta(key, value) VALUES('epoch', ?1)",
                           -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, (int64_t)epoch);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    tw_status status =
        code == SQLITE_DONE ? TW_OK : sqlite_failed(store, code, "creating it failed", error);
    sqlite3_finalize(statement);
    return status;
}

/* Takes the steps from the file's version to ours, in an open transaction. */
static tw_status take_steps(tw_store *store, tw_error *error) {
    static const char doing[] = "bringing its tables up to date failed";
    char text[64];
    tw_status status = TW_OK;
    for (int64_t at = store->version; at < TW_STORE_VERSION && status == TW_OK; at++)
        status = execute(store, steps[at], doing, error);
    sqlite3_snprintf(sizeof text, text, "PRAGMA user_version = %d", TW_STORE_VERSION);
    if (status == TW_OK)
        status = execute(store, text, doing, error);
    sqlite3_snprintf(sizeof text, text, "PRAGMA application_id = %d", SQLITE_APPLICATION_ID_OURS);
    if (status == TW_OK)
        status = execute(store, text, doing, error);
    return status;
}

/* A transaction that is not committed ends with the connection. */
static tw_status create(tw_store *store, uint64_t wanted_epoch, tw_error *error) {
    static const char doing[] = "creating it failed";
    char text[64];
    uint64_t epoch;
    tw_status status = choose_epoch(wanted_epoch, &epoch, error);
    sqlite3_snprintf(sizeof text, text, "PRAGMA page_size = %u; PRAGMA journal_mode = WAL",
                     sqlite_of(store)->page_size);
    if (status == TW_OK)
        status = execute(store, text, doing, error);
    if (status == TW_OK)
        status = execute(store, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE", doing, error);
    if (status == TW_OK)
        status = take_steps(store, error);
    if (status == TW_OK)
        status = put_epoch(store, epoch, error);
    if (status == TW_OK)
        status = execute(store, "COMMIT", doing, error);
    if (status == TW_OK)
        store->version = TW_STORE_VERSION;
    return status;
}

static tw_status migrate(tw_store *store, tw_error *error) {
    static const char doing[] = "bringing its tables up to date failed";
    tw_status status = execute(store, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE", doing, error);
    if (status == TW_OK)
        status = take_steps(store, error);
    if (status == TW_OK)
        status = execute(store, "COMMIT", doing, error);
    if (status != TW_OK)
        return status;
    store->figures.migrated_from = (uint32_t)store->version;
    store->version = TW_STORE_VERSION;
    return TW_OK;
}

/* Some file systems cannot share memory between processes, and SQLite then stays without a log
 * and says so in words only. */
static tw_status enter_log_mode(tw_store *store, tw_error *error) {
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(sqlite_of(store)->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    tw_status status = TW_OK;
    if (code != SQLITE_ROW)
        status = sqlite_failed(store, code, "setting it up failed", error);
    else if (sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0)
        status =
            tw_error_set(error, TW_UNSUPPORTED,
                         "%s is on a file system that cannot keep a write-ahead log (a network "
                         "drive?); use a local disk",
                         store->path);
    sqlite3_finalize(statement);
    return status;
}

static tw_status bound(tw_store *store, uint64_t size_max, tw_error *error) {
    char text[64];
    int64_t page_size = 0;
    tw_status status =
        query(store, "PRAGMA page_size", "reading its page size failed", &page_size, error);
    if (status != TW_OK)
        return status;
    uint64_t pages = size_max / (uint64_t)page_size;
    sqlite3_snprintf(sizeof text, text, "PRAGMA max_page_count = %llu",
                     (unsigned long long)(pages < 1           ? 1
                                          : pages > INT32_MAX ? INT32_MAX
                                                              : pages));
    return execute(store, text, "bounding its size failed", error);
}

/*
 * SQLite may lose pages when two connections write or checkpoint at once (the WAL reset race, in
 * the versions of sqlite_has_reset_race). Here it cannot happen: one writer, which does every
 * checkpoint by itself, readers that do none, also not at close, and no memory mapping.
 */
static tw_status settle(tw_store *store, const tw_store_config *config, tw_error *error) {
    static const char doing[] = "setting it up failed";
    tw_status status = execute(store,
                               "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
                               "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;"
                               "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
                               doing, error);
    if (status != TW_OK)
        return status;
    if (store->mode == TW_STORE_READ) {
        int code =
            sqlite3_db_config(sqlite_of(store)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return code == SQLITE_OK ? TW_OK : sqlite_failed(store, code, doing, error);
    }
    status = enter_log_mode(store, error);
    if (status == TW_OK)
        status = execute(store, "PRAGMA synchronous = NORMAL", doing, error);
    return status == TW_OK && config->size_max > 0 ? bound(store, config->size_max, error) : status;
}

/* Where the chain of the journal begins, and where it stands. */
static tw_status read_chain(tw_store *store, tw_error *error) {
    static const char doing[] = "reading its journal failed";
    bool chains = store->version >= STORE_VERSION_OF_CHAIN;
    int64_t after = chains ? -1 : INT64_MAX; /* -1: the mark is not there */
    int64_t quarantines = chains ? -1 : 0;
    int64_t checksum = 0;
    tw_status status = TW_OK;
    if (chains) {
        status = query(store, "SELECT value FROM meta WHERE key = 'chained_after'", doing, &after,
                       error);
        if (status == TW_OK)
            status = query(store, "SELECT value FROM meta WHERE key = 'quarantines'", doing,
                           &quarantines, error);
        if (status == TW_OK)
            status = query(store, "SELECT checksum FROM journal ORDER BY sequence DESC LIMIT 1",
                           doing, &checksum, error);
    }
    store->chained_after = (uint64_t)after;
    store->quarantines = (uint64_t)quarantines;
    store->last_checksum = store->last_sequence > store->chained_after ? (uint64_t)checksum : 0;
    return status;
}

/* What the handle must know of the file. */
static tw_status read_marks(tw_store *store, tw_error *error) {
    int64_t epoch = 0;
    int64_t last_id = 0;
    int64_t sequence = 0;
    tw_status status = query(store, "SELECT value FROM meta WHERE key = 'epoch'",
                             "reading its epoch failed", &epoch, error);
    if (status == TW_OK)
        status = query(store, "SELECT coalesce(max(id), 0) FROM symbols",
                       "reading its symbols failed", &last_id, error);
    if (status == TW_OK && (last_id < 0 || last_id > UINT32_MAX))
        status = tw_error_set(error, TW_CORRUPT, "%s has a symbol %lld, which cannot be",
                              store->path, (long long)last_id);
    if (status == TW_OK)
        status = query(store, "SELECT coalesce(max(sequence), 0) FROM journal",
                       "reading its journal failed", &sequence, error);
    store->epoch = (uint64_t)epoch;
    store->last_id = (uint32_t)last_id;
    store->last_sequence = (uint64_t)sequence;
    return status == TW_OK ? read_chain(store, error) : status;
}

tw_status sqlite_prepare_file(tw_store *store, const tw_store_config *config, tw_error *error) {
    bool fresh = false;
    tw_status status = identify(store, &fresh, error);
    if (status != TW_OK)
        return status;
    if (fresh && store->mode == TW_STORE_READ)
        return tw_error_set(error, TW_INVALID, "%s is empty: no program has made a store of it yet",
                            store->path);
    if (fresh)
        status = create(store, config->epoch, error);
    else if (store->mode == TW_STORE_WRITE && store->version < TW_STORE_VERSION)
        status = migrate(store, error);
    if (status == TW_OK)
        status = settle(store, config, error);
    return status == TW_OK ? read_marks(store, error) : status;
}
