/*
 * job_cached_statistics.c - what the trades of a symbol add up to in a period: asked of the
 * database each time, and remembered until a trade is added.
 *
 * Question i is about the period that begins i / repeats ns earlier than the first trade. So each
 * answer is worth `repeats` questions, as if a new trade had come behind them, and the trades in it
 * are always the same.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "bare_sqlite.h"
#include "peer_scripts.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "stored_trades.h"
#include "tradewind/alloc.h"
#include "tradewind/cache.h"
#include "tradewind/time.h"

enum { REMEMBERED = 10000 };

typedef struct questions {
    stored_trades trades;
    uint64_t repeats;
    int64_t end_ns;
    tw_cache *cache;
    tw_cache *ready; /* with one answer in it */
    tw_store *store;
    sqlite3 *db;
    proof_peer *python;
    char path[STORED_TRADES_PATH_SIZE];
} questions;

static void dispose(void *state) {
    questions *q = state;
    if (q != NULL) {
        proof_peer_stop(q->python);
        sqlite3_close(q->db);
        tw_store_free(q->store);
        tw_cache_free(q->cache);
        tw_cache_free(q->ready);
        stored_trades_done(&q->trades);
    }
    TW_DELETE(tw_allocator_system(), q, 1, questions);
}

/* The key of the one answer. */
static tw_cache_key ready_key(const questions *q) {
    return tw_cache_key_bytes(q->path, 32);
}

static tw_status open_all(questions *q, tw_error *error) {
    static const tw_store_stats answer = {.count = 1};
    tw_status status = tw_store_statistics_cache(NULL, REMEMBERED, 0, &q->cache);
    if (status == TW_OK)
        status = tw_store_statistics_cache(NULL, REMEMBERED, 0, &q->ready);
    if (status == TW_OK)
        status = tw_cache_put(q->ready, ready_key(q), tw_time_monotonic_ns(), &answer,
                              sizeof answer, NULL);
    if (status != TW_OK)
        return tw_error_set(error, status, "no cache can be made");
    const tw_store_config config = {
        .path = q->path, .symbols = q->trades.symbols, .statistics = q->cache};
    status = tw_store_open(&config, &q->store, error);
    return status == TW_OK ? bare_open(q->path, false, &q->db, error) : status;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    questions *q = TW_NEW(tw_allocator_system(), 1, questions);
    if (q == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the questions");
    *q = (questions){.repeats = point->at[1]};
    *ret_state = q;
    char name[64];
    snprintf(name, sizeof name, "statistics-%" PRIu64 "-%" PRIu64 ".db", point->at[0],
             point->at[1]);
    stored_trades_path(point->folder, name, q->path);
    tw_status status = stored_trades_make(&q->trades, point->at[0], 1, error);
    if (status == TW_OK) {
        q->end_ns = q->trades.trades[q->trades.count - 1].time_ns + 1;
        status = stored_trades_put(&q->trades, q->trades.count, q->path, error);
    }
    return status == TW_OK ? open_all(q, error) : status;
}

static int64_t begin_of(const questions *q, uint64_t question) {
    return STORED_TRADES_FIRST_NS - (int64_t)(question / q->repeats);
}

/* Every statistic counts about as much as any other. */
static double digest(const tw_store_stats *stats) {
    double count = (double)stats->count;
    double volume = (double)stats->volume.whole + (double)stats->volume.nano / TW_NANO;
    double notional = (double)stats->notional.whole + (double)stats->notional.nano / TW_NANO;
    double prices = (double)stats->vwap.nano + (double)stats->open.nano + (double)stats->high.nano +
                    (double)stats->low.nano + (double)stats->close.nano;
    return volume / count / 250 + notional / count / 25000 + count / 1e6 +
           (prices / TW_NANO + stats->mean + stats->stddev) / 100;
}

/* ---- the database, each time ----------------------------------------------------------------- */

static const char query_text[] =
    "SELECT count(*), total(quantity * 1e-9), total(price * 1e-9 * (quantity * 1e-9)),"
    " min(price), max(price), avg(price * 1e-9), avg(price * 1e-9 * (price * 1e-9)),"
    " (SELECT price FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3"
    "  ORDER BY time_ns LIMIT 1),"
    " (SELECT price FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3"
    "  ORDER BY time_ns DESC LIMIT 1)"
    " FROM trades WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3";

static tw_store_total total_of(double value) {
    double whole = floor(value);
    return (tw_store_total){(int64_t)whole, (int64_t)((value - whole) * TW_NANO)};
}

static void read_row(sqlite3_stmt *query, tw_store_stats *ret_stats) {
    double volume = sqlite3_column_double(query, 1);
    double notional = sqlite3_column_double(query, 2);
    double mean = sqlite3_column_double(query, 5);
    double square = sqlite3_column_double(query, 6);
    *ret_stats = (tw_store_stats){.count = (uint64_t)sqlite3_column_int64(query, 0),
                                  .volume = total_of(volume),
                                  .notional = total_of(notional),
                                  .vwap = {(int64_t)(notional / volume * TW_NANO)},
                                  .low = {sqlite3_column_int64(query, 3)},
                                  .high = {sqlite3_column_int64(query, 4)},
                                  .open = {sqlite3_column_int64(query, 7)},
                                  .close = {sqlite3_column_int64(query, 8)},
                                  .mean = mean,
                                  .stddev = sqrt(square - mean * mean)};
}

static tw_status ask_database(const questions *q, int64_t begin_ns, tw_store_stats *ret_stats,
                              tw_error *error) {
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(q->db, query_text, -1, &query, NULL);
    tw_status status = bare_check(q->db, code, SQLITE_OK, error);
    if (status == TW_OK) {
        sqlite3_bind_int64(query, 1, 1);
        sqlite3_bind_int64(query, 2, begin_ns);
        sqlite3_bind_int64(query, 3, q->end_ns);
        status = bare_check(q->db, sqlite3_step(query), SQLITE_ROW, error);
    }
    if (status == TW_OK)
        read_row(query, ret_stats);
    sqlite3_finalize(query);
    return status;
}

/* ---- the ways -------------------------------------------------------------------------------- */

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    const questions *q = state;
    tw_status status = TW_OK;
    double sum = 0;
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && status == TW_OK; i++) {
        tw_store_stats stats = {0};
        status = ask_database(q, begin_of(q, i), &stats, error);
        sum += digest(&stats);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum;
    return status;
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    const questions *q = state;
    tw_status status = TW_OK;
    double sum = 0;
    tw_cache_clear(q->cache);
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && status == TW_OK; i++) {
        tw_store_stats stats = {0};
        status = tw_store_symbol_stats(q->store, 0, begin_of(q, i), q->end_ns, &stats, error);
        sum += digest(&stats);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum;
    return status;
}

static tw_status start_python(questions *q, tw_error *error) {
    char numbers[3][24];
    snprintf(numbers[0], sizeof numbers[0], "%" PRId64, STORED_TRADES_FIRST_NS);
    snprintf(numbers[1], sizeof numbers[1], "%" PRId64, q->end_ns);
    snprintf(numbers[2], sizeof numbers[2], "%" PRIu64, q->repeats);
    const char *const arguments[] = {q->path, numbers[0], numbers[1], numbers[2], NULL};
    return proof_peer_python(peer_statistics, arguments, &q->python, error);
}

static tw_status run_python(void *state, proof_run *run, tw_error *error) {
    questions *q = state;
    tw_status status = q->python == NULL ? start_python(q, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(q->python, run, error) : status;
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    const questions *q = state;
    tw_status status = TW_OK;
    double sum = 0;
    tw_cache_key key = ready_key(q);
    int64_t began_ns = tw_time_monotonic_ns();
    for (uint64_t i = 0; i < run->units && status == TW_OK; i++) {
        tw_store_stats stats = {0};
        tw_cache_value value = {.bytes = &stats, .capacity = sizeof stats};
        status = tw_cache_get(q->ready, key, began_ns, &value);
        sum += digest(&stats);
    }
    run->elapsed_ns = tw_time_monotonic_ns() - began_ns;
    run->checksum = sum;
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "the answer has been forgotten");
}

const proof_job proof_cached_statistics = {
    .name = "cached-statistics",
    .part = "OptimizedDatabaseOperations",
    .title = "Remembered statistics against asking the database each time",
    .unit = "question",
    .story =
        "Count, volume, notional, vwap, open, high, low, close, mean and deviation of a symbol's "
        "trades in a period. Without a memory each question reads all of these trades again. Ours "
        "reads them once, remembers the answer, and drops it when a trade of the symbol is added: "
        "every so many questions one is paid in full, as the second curve shows. There, asked "
        "once is what it costs when nothing was remembered.",
    .limit = "looking up an answer that is there, in the cache alone; what is above it is the one "
             "question in so many that has to read the trades",
    .claimed_min = 10,
    .claimed_max = 100,
    .tolerance = 1e-9,
    .check_units = 4,
    .axes = {{"trades in the period", {100, 1000, 10000, 100000}, 4, 2},
             {"questions between two trades", {1, 10, 100, 1000, 10000}, 5, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"ask the database", PROOF_NAIVE, "one aggregate query of SQL for each question",
              run_naive},
             {"tradewind", PROOF_OURS, "tw_store_symbol_stats with its cache", run_ours,
              .whole_of = 2},
             {"Python sqlite3", PROOF_PEER,
              "the same query, its answer kept in a dictionary for a minute", run_python,
              .whole_of = 2},
             {"look it up", PROOF_LIMIT, "tw_cache_get of a ready answer", run_limit,
              .incomparable = true}},
};
