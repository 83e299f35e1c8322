/*
 * job_batch_inserts.c - trades into a database file: each with a statement and a commit of its own,
 * and many at once. All ways begin with a copy of the same empty store, and what they have put is
 * on the disk when their clock stops.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare_sqlite.h"
#include "peer_scripts.h"
#include "proof_file.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "stored_trades.h"
#include "tradewind/alloc.h"
#include "tradewind/time.h"

enum { TRADES = 100000, SYMBOLS = 100, TEMPLATE_MAX = 1 << 20, NUMBERS = 6 };

typedef struct inserts {
    stored_trades trades;
    uint64_t batch;
    const char *folder;
    proof_peer *python;
    size_t template_size;
    char template_bytes[TEMPLATE_MAX]; /* of a store without trades */
    int64_t numbers[TRADES][NUMBERS];  /* the trades as a row has them */
} inserts;

static void dispose(void *state) {
    inserts *in = state;
    if (in != NULL) {
        proof_peer_stop(in->python);
        stored_trades_done(&in->trades);
    }
    TW_DELETE(tw_allocator_system(), in, 1, inserts);
}

static tw_status read_template(inserts *in, const char *path, tw_error *error) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be read", path);
    in->template_size = fread(in->template_bytes, 1, TEMPLATE_MAX, file);
    bool whole = ferror(file) == 0 && in->template_size < TEMPLATE_MAX;
    fclose(file);
    return whole ? TW_OK : tw_error_set(error, TW_IO, "%s cannot be read whole", path);
}

static void number_trades(inserts *in) {
    for (uint64_t i = 0; i < TRADES; i++) {
        const tw_trade *trade = &in->trades.trades[i];
        int64_t *row = in->numbers[i];
        row[0] = (int64_t)trade->symbol + 1;
        row[1] = trade->time_ns;
        row[2] = (int64_t)trade->id;
        row[3] = trade->price.nano;
        row[4] = trade->quantity.nano;
        row[5] = trade->side;
    }
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    char path[STORED_TRADES_PATH_SIZE];
    inserts *in = TW_NEW(tw_allocator_system(), 1, inserts);
    if (in == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the trades");
    *ret_state = in;
    in->trades = (stored_trades){0};
    in->python = NULL;
    in->batch = point->at[0];
    in->folder = point->folder;
    stored_trades_path(in->folder, "template.db", path);
    (void)unlink(path); /* of the place before */
    tw_status status = stored_trades_make(&in->trades, TRADES, SYMBOLS, error);
    if (status == TW_OK)
        status = stored_trades_put(&in->trades, 0, path, error);
    if (status == TW_OK)
        status = read_template(in, path, error);
    if (status == TW_OK)
        number_trades(in);
    return status;
}

/* ---- a file for each repetition -------------------------------------------------------------- */

/* What is dirty from before is not to be paid by what is measured. */
static tw_status sync_path(const char *path, tw_error *error) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool good = descriptor >= 0 && fsync(descriptor) == 0;
    tw_status status = good ? TW_OK : tw_error_set_errno(error, errno, "%s: not synced", path);
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static tw_status fresh_file(const inserts *in, const char *name, const void *bytes, size_t size,
                            char ret_path[STORED_TRADES_PATH_SIZE], tw_error *error) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    char path[STORED_TRADES_PATH_SIZE + 8];
    stored_trades_path(in->folder, name, ret_path);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", ret_path, suffixes[i]);
        (void)unlink(path); /* may not be there */
    }
    tw_status status = proof_file_write(in->folder, name, bytes, size, error);
    if (status == TW_OK)
        status = sync_path(ret_path, error);
    return status == TW_OK ? sync_path(in->folder, error) : status;
}

static tw_status fresh_store(const inserts *in, const char *name,
                             char ret_path[STORED_TRADES_PATH_SIZE], tw_error *error) {
    return fresh_file(in, name, in->template_bytes, in->template_size, ret_path, error);
}

/* ---- the ways -------------------------------------------------------------------------------- */

static tw_status insert_singly(sqlite3 *db, const tw_trade *trades, uint64_t count,
                               tw_error *error) {
    tw_status status = TW_OK;
    for (uint64_t i = 0; i < count && status == TW_OK; i++) {
        sqlite3_stmt *insert = NULL;
        int code = sqlite3_prepare_v2(db, bare_insert_text, -1, &insert, NULL);
        status = bare_check(db, code, SQLITE_OK, error);
        if (status == TW_OK)
            status = bare_insert(db, insert, &trades[i], error); /* it commits by itself */
        sqlite3_finalize(insert);
    }
    return status;
}

static tw_status insert_batch(sqlite3 *db, sqlite3_stmt *insert, const tw_trade *trades,
                              uint64_t count, tw_error *error) {
    tw_status status = bare_execute(db, "BEGIN", error);
    for (uint64_t i = 0; i < count && status == TW_OK; i++) {
        status = bare_insert(db, insert, &trades[i], error);
        sqlite3_reset(insert);
    }
    return status == TW_OK ? bare_execute(db, "COMMIT", error) : status;
}

static uint64_t batch_at(const inserts *in, uint64_t at, uint64_t count) {
    return count - at < in->batch ? count - at : in->batch;
}

static tw_status insert_batches(const inserts *in, sqlite3 *db, uint64_t count, tw_error *error) {
    sqlite3_stmt *insert = NULL;
    int code = sqlite3_prepare_v2(db, bare_insert_text, -1, &insert, NULL);
    tw_status status = bare_check(db, code, SQLITE_OK, error);
    for (uint64_t at = 0; at < count && status == TW_OK; at += in->batch)
        status = insert_batch(db, insert, &in->trades.trades[at], batch_at(in, at, count), error);
    sqlite3_finalize(insert);
    return status;
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    const inserts *in = state;
    char path[STORED_TRADES_PATH_SIZE];
    sqlite3 *db = NULL;
    tw_status status = fresh_store(in, "naive.db", path, error);
    if (status == TW_OK)
        status = bare_open(path, true, &db, error);
    if (status != TW_OK)
        return status;
    int64_t began_ns = tw_time_monotonic_ns();
    status = insert_singly(db, in->trades.trades, run->units, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    sqlite3_close(db);
    return status == TW_OK ? bare_checksum(path, &run->checksum, error) : status;
}

static tw_status run_loop(void *state, proof_run *run, tw_error *error) {
    const inserts *in = state;
    char path[STORED_TRADES_PATH_SIZE];
    sqlite3 *db = NULL;
    tw_status status = fresh_store(in, "loop.db", path, error);
    if (status == TW_OK)
        status = bare_open(path, true, &db, error);
    if (status != TW_OK)
        return status;
    int64_t began_ns = tw_time_monotonic_ns();
    status = insert_batches(in, db, run->units, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    sqlite3_close(db);
    return status == TW_OK ? bare_checksum(path, &run->checksum, error) : status;
}

static tw_status put_batches(const inserts *in, tw_store *store, uint64_t count, tw_error *error) {
    tw_status status = TW_OK;
    for (uint64_t at = 0; at < count && status == TW_OK; at += in->batch) {
        status = tw_store_put_trades(store, &in->trades.trades[at], batch_at(in, at, count), error);
        if (status == TW_OK)
            status = tw_store_commit(store, TW_STORE_FULL, error);
    }
    return status;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    const inserts *in = state;
    char path[STORED_TRADES_PATH_SIZE];
    tw_store *store = NULL;
    tw_store_config config = {.path = path,
                              .symbols = in->trades.symbols,
                              .symbol_count_max = SYMBOLS,
                              .mode = TW_STORE_WRITE};
    tw_status status = fresh_store(in, "ours.db", path, error);
    if (status == TW_OK)
        status = tw_store_open(&config, &store, error);
    if (status != TW_OK)
        return status;
    int64_t began_ns = tw_time_monotonic_ns();
    status = put_batches(in, store, run->units, error);
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    if (status != TW_OK) {
        tw_store_free(store);
        return status;
    }
    status = tw_store_close(store, error);
    return status == TW_OK ? bare_checksum(path, &run->checksum, error) : status;
}

static tw_status start_python(inserts *in, tw_error *error) {
    char batch[24];
    snprintf(batch, sizeof batch, "%llu", (unsigned long long)in->batch);
    const char *const arguments[] = {in->folder, batch, NULL};
    tw_status status =
        proof_file_write(in->folder, "trades.i64", in->numbers, sizeof in->numbers, error);
    return status == TW_OK ? proof_peer_python(peer_inserts, arguments, &in->python, error)
                           : status;
}

static tw_status run_python(void *state, proof_run *run, tw_error *error) {
    inserts *in = state;
    tw_status status = in->python == NULL ? start_python(in, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(in->python, run, error) : status;
}

/* The rows as they are, behind one another, and one sync a batch. */
static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    const inserts *in = state;
    char path[STORED_TRADES_PATH_SIZE];
    tw_status status = fresh_file(in, "rows", "", 0, path, error);
    if (status != TW_OK)
        return status;
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool good = file >= 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t at = 0; at < run->units && good; at += in->batch) {
        size_t size = batch_at(in, at, run->units) * sizeof in->numbers[0];
        good = write(file, in->numbers[at], size) == (ssize_t)size && fdatasync(file) == 0;
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    status = good ? TW_OK : tw_error_set_errno(error, errno, "%s cannot be written", path);
    if (file >= 0)
        close(file);
    return status;
}

const proof_job proof_batch_inserts = {
    .name = "batch-inserts",
    .part = "OptimizedDatabaseOperations",
    .title = "Trades put in batches against one at a time",
    .unit = "trade",
    .story =
        "Trades go into the same table of the same file, and are on the disk when the clock stops. "
        "One at a time, each waits for the disk by itself and has its statement worked out anew. A "
        "batch waits once for all of its rows; ours also sorts them into the order of the table "
        "before it writes them. A batch of one row is worth nothing, so the curve begins there.",
    .limit = "writing the same rows to a file as they are, with one sync of the disk a batch",
    .exception = "here a sync of the disk takes only microseconds (it is memory, or a cache that "
                 "answers before it has written), so that a commit a row costs little",
    .claimed_min = 10,
    .claimed_max = 100,
    .check_units = 20,
    .axes = {{"rows in a batch", {1, 10, 100, 1000, 10000, 100000}, 6, 3}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"one commit a row", PROOF_NAIVE,
              "SQLite's own interface: prepare, bind and step, each row durable by itself",
              run_naive, .units_most = TRADES},
             {"tradewind", PROOF_OURS, "tw_store_put_trades, a durable tw_store_commit a batch",
              run_ours, .units_most = TRADES, .whole_of = 1},
             {"bare loop", PROOF_PEER,
              "SQLite's own interface: one statement, prepared once; a transaction a batch; "
              "nothing is checked",
              run_loop, .units_most = TRADES, .whole_of = 1},
             {"Python sqlite3", PROOF_PEER, "executemany of tuples, a transaction a batch",
              run_python, .units_most = TRADES, .whole_of = 1, .place_last = 5},
             {"write and sync", PROOF_LIMIT, "48 bytes a row appended to a file, synced each batch",
              run_limit, .incomparable = true, .units_most = TRADES, .whole_of = 1}},
};
