/*
 * job_pooled_connections.c - one small question of a database by several threads: over a connection
 * made for it, and over one that a pool lends.
 *
 * Question i is about symbol i modulo their number, and belongs to thread i modulo theirs.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "bare_sqlite.h"
#include "peer_scripts.h"
#include "proof_jobs.h"
#include "proof_peer.h"
#include "stored_trades.h"
#include "tradewind/alloc.h"
#include "tradewind/store_pool.h"
#include "tradewind/time.h"
#include "tradewind/wait.h"

enum { TRADES = 20000, SYMBOLS = 100, THREADS_MAX = 16, CONNECTIONS = 20, MODULUS = 1000003 };

static const int64_t PATIENCE_NS = 30 * TW_NS_PER_SECOND;

typedef struct asking asking;
typedef struct asker asker;

struct asker {
    asking *all;
    pthread_t thread;
    uint64_t first; /* its place among the threads */
    uint64_t sum;
    tw_store *own; /* kept from one repetition to the next */
    tw_pool_affinity affinity;
    tw_status status;
    tw_error error;
    int64_t ended_ns;
};

struct asking {
    stored_trades trades;
    char path[STORED_TRADES_PATH_SIZE];
    tw_lock symbols_lock;
    tw_store_config store;
    tw_pool *pool;
    proof_peer *python;
    uint64_t thread_count;
    asker askers[THREADS_MAX];
    /* One repetition. */
    tw_status (*ask)(asker *self, tw_symbol symbol, int64_t *ret_time_ns);
    uint64_t units;
    pthread_mutex_t gate;
    pthread_cond_t moved;
    uint64_t waiting; /* threads before the gate */
    bool open;
};

static void dispose(void *state) {
    asking *a = state;
    if (a != NULL) {
        proof_peer_stop(a->python);
        for (uint64_t i = 0; i < THREADS_MAX; i++)
            tw_store_free(a->askers[i].own);
        tw_pool_free(a->pool);
        stored_trades_done(&a->trades);
    }
    TW_DELETE(tw_allocator_system(), a, 1, asking);
}

static tw_status make_pool(asking *a, tw_error *error) {
    const tw_pool_config config = {.resource = tw_store_resource(&a->store),
                                   .size_min = CONNECTIONS,
                                   .size_max = CONNECTIONS,
                                   .start = TW_POOL_START_MUST,
                                   .caller_opens = true};
    return tw_pool_new(NULL, &config, &a->pool, error);
}

static tw_status open_own(asking *a, tw_error *error) {
    tw_status status = TW_OK;
    for (uint64_t i = 0; i < a->thread_count && status == TW_OK; i++) {
        a->askers[i].all = a;
        a->askers[i].first = i;
        status = tw_store_open(&a->store, &a->askers[i].own, error);
    }
    return status;
}

static tw_status prepare(const proof_point *point, void **ret_state, tw_error *error) {
    asking *a = TW_NEW(tw_allocator_system(), 1, asking);
    if (a == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the threads");
    *a = (asking){.thread_count = point->at[0],
                  .gate = PTHREAD_MUTEX_INITIALIZER,
                  .moved = PTHREAD_COND_INITIALIZER};
    *ret_state = a;
    char name[64];
    snprintf(name, sizeof name, "pool-%" PRIu64 ".db", point->at[0]);
    stored_trades_path(point->folder, name, a->path);
    tw_status status = stored_trades_make(&a->trades, TRADES, SYMBOLS, error);
    if (status == TW_OK)
        status = stored_trades_put(&a->trades, TRADES, a->path, error);
    if (status != TW_OK)
        return status;
    a->store = (tw_store_config){.path = a->path,
                                 .symbols = a->trades.symbols,
                                 .symbols_lock = &a->symbols_lock,
                                 .symbol_count_max = SYMBOLS};
    status = make_pool(a, error);
    return status == TW_OK ? open_own(a, error) : status;
}

/* ---- one question ---------------------------------------------------------------------------- */

static tw_status ask_new(asker *self, tw_symbol symbol, int64_t *ret_time_ns) {
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    tw_status status = bare_open(self->all->path, false, &db, &self->error);
    if (status != TW_OK)
        return status;
    int code = sqlite3_prepare_v2(
        db, "SELECT time_ns FROM trades WHERE symbol = ?1 ORDER BY time_ns DESC LIMIT 1", -1,
        &query, NULL);
    status = bare_check(db, code, SQLITE_OK, &self->error);
    if (status == TW_OK) {
        sqlite3_bind_int64(query, 1, (int64_t)symbol + 1);
        status = bare_check(db, sqlite3_step(query), SQLITE_ROW, &self->error);
    }
    if (status == TW_OK)
        *ret_time_ns = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return status;
}

static tw_status ask_pool(asker *self, tw_symbol symbol, int64_t *ret_time_ns) {
    tw_pool *pool = self->all->pool;
    tw_pool_lease lease;
    int64_t deadline_ns = tw_waiter_now_ns(NULL) + PATIENCE_NS;
    tw_status status = tw_pool_acquire(pool, deadline_ns, &self->affinity, &lease, &self->error);
    if (status != TW_OK)
        return status;
    status = tw_store_last_trade(lease.resource, symbol, ret_time_ns, &self->error);
    tw_pool_release(pool, &lease);
    return status;
}

static tw_status ask_own(asker *self, tw_symbol symbol, int64_t *ret_time_ns) {
    return tw_store_last_trade(self->own, symbol, ret_time_ns, &self->error);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void wait_before_gate(asking *a) {
    pthread_mutex_lock(&a->gate);
    a->waiting++;
    pthread_cond_broadcast(&a->moved);
    while (!a->open)
        pthread_cond_wait(&a->moved, &a->gate);
    pthread_mutex_unlock(&a->gate);
}

/* When `count` threads are there. Returns when it was opened. */
static int64_t open_gate(asking *a, uint64_t count) {
    pthread_mutex_lock(&a->gate);
    while (a->waiting < count)
        pthread_cond_wait(&a->moved, &a->gate);
    a->open = true;
    int64_t now_ns = tw_time_monotonic_ns();
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->gate);
    return now_ns;
}

static void *ask_all(void *context) {
    asker *self = context;
    const asking *all = self->all;
    wait_before_gate(self->all);
    for (uint64_t i = self->first; i < all->units && self->status == TW_OK;
         i += all->thread_count) {
        int64_t time_ns = 0;
        self->status = all->ask(self, (tw_symbol)(i % SYMBOLS), &time_ns);
        self->sum += (uint64_t)(time_ns % MODULUS);
    }
    self->ended_ns = tw_time_monotonic_ns();
    return NULL;
}

static uint64_t start_threads(asking *a) {
    uint64_t started = 0;
    a->waiting = 0;
    a->open = false;
    for (; started < a->thread_count; started++) {
        asker *self = &a->askers[started];
        self->sum = 0;
        self->status = TW_OK;
        if (pthread_create(&self->thread, NULL, ask_all, self) != 0)
            break;
    }
    return started;
}

static tw_status join_threads(asking *a, uint64_t count, int64_t began_ns, proof_run *run,
                              tw_error *error) {
    tw_status status = TW_OK;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        asker *self = &a->askers[i];
        pthread_join(self->thread, NULL);
        int64_t elapsed_ns = self->ended_ns - began_ns;
        run->elapsed_ns = elapsed_ns > run->elapsed_ns ? elapsed_ns : run->elapsed_ns;
        sum += self->sum;
        if (self->status != TW_OK && status == TW_OK) {
            status = self->status;
            *error = self->error;
        }
    }
    run->checksum = (double)sum;
    return status;
}

/* The clock runs from when the threads are let go to when the last one has its last answer. */
static tw_status ask_together(asking *a, proof_run *run, tw_error *error) {
    a->units = run->units;
    uint64_t started = start_threads(a);
    bool all = started == a->thread_count;
    if (!all)
        a->units = 0; /* those that there are have nothing to do */
    int64_t began_ns = open_gate(a, started);
    tw_status status = join_threads(a, started, began_ns, run, error);
    return all ? status : tw_error_set(error, TW_NO_MEMORY, "no more threads can be started");
}

static tw_status run_naive(void *state, proof_run *run, tw_error *error) {
    asking *a = state;
    a->ask = ask_new;
    return ask_together(a, run, error);
}

static tw_status run_ours(void *state, proof_run *run, tw_error *error) {
    asking *a = state;
    a->ask = ask_pool;
    return ask_together(a, run, error);
}

static tw_status run_limit(void *state, proof_run *run, tw_error *error) {
    asking *a = state;
    a->ask = ask_own;
    return ask_together(a, run, error);
}

static tw_status start_python(asking *a, tw_error *error) {
    char numbers[3][24];
    snprintf(numbers[0], sizeof numbers[0], "%d", SYMBOLS);
    snprintf(numbers[1], sizeof numbers[1], "%" PRIu64, a->thread_count);
    snprintf(numbers[2], sizeof numbers[2], "%d", CONNECTIONS);
    const char *const arguments[] = {a->path, numbers[0], numbers[1], numbers[2], NULL};
    return proof_peer_python(peer_pool, arguments, &a->python, error);
}

static tw_status run_python(void *state, proof_run *run, tw_error *error) {
    asking *a = state;
    tw_status status = a->python == NULL ? start_python(a, error) : TW_OK;
    return status == TW_OK ? proof_peer_run(a->python, run, error) : status;
}

const proof_job proof_pooled_connections = {
    .name = "pooled-connections",
    .part = "DatabaseConnectionPool",
    .title = "Connections lent by a pool against one made for each question",
    .unit = "question",
    .story =
        "The newest trade of a symbol, asked by several threads. A connection that is made for one "
        "question reads the header and the tables of the file, works the statement out, and throws "
        "all of it away. The pool lends one of 20 that are open, with what they have read and "
        "their statements ready; a thread mostly gets the one it had last.",
    .limit = "the same question on a connection that each thread keeps for itself, without a pool",
    .exception = "connections to a file cost little; to a server each one costs a start of its "
                 "process and a greeting over the network besides",
    .claimed_min = 10,
    .claimed_max = 50,
    .check_units = 200,
    .many_threads = true,
    .axes = {{"threads", {1, 2, 4, 8, 16}, 5, 2}},
    .prepare = prepare,
    .dispose = dispose,
    .ways = {{"a connection a question", PROOF_NAIVE,
              "SQLite's own interface: open, prepare, step and close", run_naive},
             {"tradewind", PROOF_OURS, "tw_store_last_trade on a lease of tw_pool", run_ours},
             {"Python sqlite3", PROOF_PEER, "as many threads, 20 connections in a queue.Queue",
              run_python},
             {"kept connections", PROOF_LIMIT, "one for each thread, never given back", run_limit}},
};
