/*
 * postgres_session.c - a connection that writes alone, and that comes back.
 *
 * One writer: a session that writes holds an advisory lock for as long as it lives, so a second
 * program is refused with the name of the first. That tells who is alive. What may commit is told
 * by the turn, a number in `meta`: each transaction of a batch raises it by one, from the number
 * that this handle knows, or fails; taking the store over raises it to the next multiple of 2^32.
 * So the turn is a fencing token and the number of the batch in one, and after a lost connection it
 * answers both questions:
 *
 *     the turn is as we knew it       the batch in doubt was not committed: send it again
 *     one more, and a commit was sent it was committed
 *     less                            the server lost commits (it crashed; they were NORMAL)
 *     anything else                   another program took over
 *
 *     connected --postgres_lose--> lost --come_back--> connected
 *     lost --patience is over--> lost (TW_UNREACHABLE; the next call dials again)
 *
 * Invariants:
 *   1. A session has the lock or does not write. It is the session's, so no transaction of a
 *      session that lost it can still be open.
 *   2. After come_back the server's tables are as this handle's maps say, or it has failed for
 *      good: nobody else can have committed.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "postgres_priv.h"

#define LOCK_PATIENCE_NS (300 * TW_NS_PER_MS) /* a killed program's session ends a moment later */
#define ROUND_COUNT_MAX 30                    /* of one batch that the server keeps refusing */
#define BACKOFF_NS_MIN (10 * TW_NS_PER_MS)
#define BACKOFF_NS_MAX (500 * TW_NS_PER_MS)
#define TURN_SHIFT 32

/* ---- small parts ---- */

/* Waits for half to all of *backoff_ns, and doubles it. */
static void back_off(postgres_connection *pg, int64_t *backoff_ns, int64_t deadline_ns) {
    int64_t half_ns = *backoff_ns / 2;
    int64_t wait_ns = half_ns + (int64_t)tw_random_below(&pg->random, (uint64_t)half_ns + 1);
    int64_t left_ns = deadline_ns - tw_time_monotonic_ns();
    if (wait_ns > left_ns)
        wait_ns = left_ns;
    if (wait_ns > 0)
        poll(NULL, 0, (int)(wait_ns / TW_NS_PER_MS) + 1);
    *backoff_ns = *backoff_ns < BACKOFF_NS_MAX / 2 ? *backoff_ns * 2 : BACKOFF_NS_MAX;
}

/* FNV-1a, 32 bits: the half of the lock's key that tells the schemas of a database apart. */
static uint32_t hash_of(const char *name) {
    uint32_t hash = UINT32_C(2166136261);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
    return hash;
}

/* ---- settings ---- */

/* `options=-csearch_path=NAME` in the address (or PGOPTIONS) names the schema of the store. */
static bool schema_is_named(const PGconn *conn) {
    PQconninfoOption *options = PQconninfo((PGconn *)(uintptr_t)conn);
    bool named = false;
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        named |= strcmp(o->keyword, "options") == 0 && o->val != NULL &&
                 strstr(o->val, "search_path") != NULL;
    PQconninfoFree(options);
    return named;
}

static tw_status choose_schema(postgres_connection *pg) {
    snprintf(pg->schema, sizeof pg->schema, "%s", POSTGRES_SCHEMA_DEFAULT);
    if (!schema_is_named(pg->conn))
        return TW_OK;
    PGresult *result = NULL;
    tw_status status = postgres_ask(
        pg, "SELECT trim(both '\"' from trim(split_part(current_setting('search_path'), ',', 1)))",
        NULL, NULL, &result);
    if (status != TW_OK)
        return status;
    const char *name = PQgetvalue(result, 0, 0);
    size_t size = strlen(name);
    bool good = size > 0 && size < sizeof pg->schema &&
                strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size &&
                strspn(name, "0123456789") == 0 && strncmp(name, "pg_", 3) != 0;
    if (good)
        memcpy(pg->schema, name, size + 1);
    else
        status = postgres_fail(pg, TW_INVALID,
                               "its search_path begins with \"%.64s\"; a schema for a store is "
                               "named with a-z, 0-9 and _, and not pg_",
                               name);
    PQclear(result);
    return status;
}

/* What a server does not know it is not asked for. */
static tw_status settle_session(postgres_connection *pg) {
    char text[1200];
    snprintf(text, sizeof text,
             "SET search_path TO %s;"
             "SELECT set_config(s.name, w.value, false) FROM pg_settings AS s JOIN (VALUES"
             "('idle_session_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),"
             "('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'),"
             "('tcp_keepalives_count', '3'), ('tcp_user_timeout', '12000'), ('jit', 'off'),"
             "('default_transaction_isolation', 'read committed'),"
             "('lock_timeout', '%" PRId64 "'), ('statement_timeout', '%d')"
             ") AS w(name, value) ON w.name = s.name;"
             "SELECT set_config(name, 'on', false) FROM pg_settings "
             "WHERE name = 'synchronous_commit' AND setting = 'off'",
             pg->schema, pg->patience_ns / TW_NS_PER_MS + 1, POSTGRES_STATEMENT_MS_MAX);
    return postgres_run(pg, text);
}

/* ---- the lock ---- */

static tw_status try_lock(postgres_connection *pg, bool *ret_taken) {
    char text[96];
    PGresult *result = NULL;
    snprintf(text, sizeof text, "SELECT pg_try_advisory_lock(%d, %" PRId32 ")",
             POSTGRES_APPLICATION_OURS, (int32_t)hash_of(pg->schema));
    tw_status status = postgres_ask(pg, text, NULL, NULL, &result);
    if (status == TW_OK)
        *ret_taken = PQgetvalue(result, 0, 0)[0] == 't';
    else if (!pg->fault.lost && (postgres_state_is(pg, "42883") || status == TW_UNSUPPORTED))
        *ret_taken = true, status = TW_OK; /* the turn alone must do */
    PQclear(result);
    return status;
}

/* Names who holds the lock. A session of ours that the server has not seen die is ended. */
static tw_status look_at_holder(postgres_connection *pg) {
    char text[640];
    PGresult *result = NULL;
    snprintf(text, sizeof text,
             "SELECT l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), ''), "
             "CASE WHEN a.application_name = $1 THEN pg_terminate_backend(l.pid) END "
             "FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid "
             "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND "
             "l.classid::int8 = %d AND l.objid::int8 = %" PRIu32 " AND l.database = "
             "(SELECT oid FROM pg_database WHERE datname = current_database())",
             POSTGRES_APPLICATION_OURS, hash_of(pg->schema));
    tw_status status = postgres_ask(pg, text, pg->program, NULL, &result);
    if (status != TW_OK)
        return status;
    bool known = PQntuples(result) > 0;
    postgres_fail(pg, TW_BUSY,
                  "it is being written by %.80s%s%.64s (process %s of the server); a store has one "
                  "writer at a time",
                  known && PQgetvalue(result, 0, 1)[0] != '\0' ? PQgetvalue(result, 0, 1)
                                                               : "another program",
                  known && PQgetvalue(result, 0, 2)[0] != '\0' ? " from " : "",
                  known ? PQgetvalue(result, 0, 2) : "", known ? PQgetvalue(result, 0, 0) : "?");
    PQclear(result);
    return TW_BUSY;
}

static tw_status take_lock(postgres_connection *pg) {
    int64_t deadline_ns = tw_time_monotonic_ns() +
                          (pg->patience_ns < LOCK_PATIENCE_NS ? pg->patience_ns : LOCK_PATIENCE_NS);
    int64_t backoff_ns = BACKOFF_NS_MIN;
    for (;;) {
        bool taken = false;
        tw_status status = try_lock(pg, &taken);
        if (status != TW_OK || taken)
            return status;
        status = look_at_holder(pg);
        if (status != TW_BUSY || tw_time_monotonic_ns() >= deadline_ns)
            return status;
        back_off(pg, &backoff_ns, deadline_ns);
    }
}

/* ---- sessions ---- */

tw_status postgres_begin_session(tw_store *store, int64_t deadline_ns) {
    postgres_connection *pg = postgres_of(store);
    memset(pg->prepared, 0, sizeof pg->prepared);
    tw_status status = postgres_dial(pg, deadline_ns);
    if (status == TW_OK && pg->schema[0] == '\0')
        status = choose_schema(pg);
    if (status == TW_OK)
        status = settle_session(pg);
    if (status == TW_OK && pg->writes)
        status = take_lock(pg);
    if (status != TW_OK)
        postgres_hang_up(pg);
    return status;
}

void postgres_end_session(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    if (pg->conn != NULL && pg->writes && PQtransactionStatus(pg->conn) == PQTRANS_IDLE) {
        /* The lock would go with the session, but a moment after this function has returned. */
        pg->answer_ns_max = pg->patience_ns;
        tw_status unlocked = postgres_run(pg, "SELECT pg_advisory_unlock_all()");
        (void)unlocked;
    }
    postgres_hang_up(pg);
}

tw_status postgres_take_turn(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    int64_t turn = 0;
    tw_status status = postgres_ask_number(
        pg, "UPDATE meta SET value = ((value >> 32) + 1) << 32 WHERE key = 'turn' RETURNING value",
        NULL, 0, &turn);
    if (status == TW_OK && turn == 0)
        return postgres_fail(pg, TW_CORRUPT, "it has lost the number of its turn");
    pg->turn = (uint64_t)turn;
    return status;
}

/* Compares the turn with what this handle knows (the table at the top). */
static tw_status check_turn(postgres_connection *pg) {
    int64_t number = 0;
    tw_status status =
        postgres_ask_number(pg, "SELECT value FROM meta WHERE key = 'turn'", NULL, 0, &number);
    if (status != TW_OK)
        return status;
    uint64_t turn = (uint64_t)number;
    if (turn == pg->turn + 1 && pg->commit_sent) {
        pg->turn = turn;
        pg->arrived = true;
    } else if (turn >> TURN_SHIFT != pg->turn >> TURN_SHIFT || turn > pg->turn) {
        return postgres_fail(pg, TW_STATE,
                             "another program took the store over while the connection was lost; "
                             "open it again");
    } else if (turn < pg->turn) {
        return postgres_fail(pg, TW_IO,
                             "the server has lost the newest %" PRIu64 " batches, which it had not "
                             "put on its disk; open the store again and repeat them",
                             pg->turn - turn);
    }
    pg->commit_sent = false;
    return TW_OK;
}

/* One try to get from lost to connected. A fault that is not `lost` is for good. */
static tw_status come_back(tw_store *store, int64_t deadline_ns) {
    postgres_connection *pg = postgres_of(store);
    tw_status status = postgres_begin_session(store, deadline_ns);
    if (status == TW_BUSY || status == TW_NO_MEMORY) /* our old session, or no connection free */
        pg->fault.lost = true;
    if (status == TW_OK && pg->writes && store->state != STORE_FAILED) /* else it only reads */
        status = check_turn(pg);
    if (status == TW_OK)
        store->figures.reconnects++;
    else
        postgres_hang_up(pg);
    return status;
}

/* Back to where a session begins. What a failed pipeline has prepared is not known: it is prepared
 * again. */
static bool clear_session(postgres_connection *pg) {
    PGTransactionStatusType state = PQtransactionStatus(pg->conn);
    bool is_open = state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
    memset(pg->prepared, 0, sizeof pg->prepared);
    return (is_open || state == PQTRANS_IDLE) && PQpipelineStatus(pg->conn) == PQ_PIPELINE_OFF &&
           postgres_run(pg, is_open ? "ROLLBACK; DEALLOCATE ALL" : "DEALLOCATE ALL") == TW_OK;
}

void postgres_withdraw(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    postgres_fault fault = pg->fault;
    if (pg->conn != NULL && (fault.lost || !clear_session(pg)))
        postgres_hang_up(pg);
    pg->in_transaction = false;
    pg->unsent = 0;
    for (int i = 0; i < POSTGRES_TABLE_COUNT; i++) {
        pg->rows[i].sent = pg->rows[i].sent_count = 0;
        pg->unsent += pg->rows[i].size;
    }
    store->batch_put = store->batch_skipped = 0;
    pg->fault = fault;
}

static bool is_worth_repeating(const postgres_connection *pg, unsigned rounds) {
    if (pg->fault.lost)
        return true;
    bool collided = postgres_state_is(pg, "40001") || postgres_state_is(pg, "40P01");
    return (pg->fault.again || collided) && rounds < ROUND_COUNT_MAX;
}

tw_status postgres_persist(tw_store *store, postgres_attempt attempt, void *context) {
    postgres_connection *pg = postgres_of(store);
    int64_t deadline_ns = tw_time_monotonic_ns() + pg->patience_ns;
    bool in_trouble = pg->conn == NULL;
    int64_t backoff_ns = BACKOFF_NS_MIN;
    for (unsigned rounds = 0;; rounds++) {
        tw_status status = TW_OK;
        if (pg->conn == NULL)
            status = come_back(store, deadline_ns);
        if (status == TW_OK)
            status = attempt(store, context);
        if (status == TW_OK) {
            pg->fault = (postgres_fault){0};
            return TW_OK;
        }
        postgres_withdraw(store);
        int64_t now_ns = tw_time_monotonic_ns();
        if (!in_trouble)
            deadline_ns = now_ns + pg->patience_ns; /* the attempt itself may have taken long */
        in_trouble = true;
        if (!is_worth_repeating(pg, rounds) || now_ns >= deadline_ns)
            return status;
        if (rounds > 0 && !pg->fault.again) /* the first time at once */
            back_off(pg, &backoff_ns, deadline_ns);
        store->figures.retries++;
    }
}
