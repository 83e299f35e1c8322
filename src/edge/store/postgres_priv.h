/*
 * postgres_priv.h - what the files of the PostgreSQL backend share: its connection.
 *
 * From the socket up: postgres_wire.c (waiting, results, faults), postgres_address.c (what a
 * message may show of an address), postgres_session.c (connect, lock, turn, come back),
 * postgres_schema.c, postgres_days.c (partitions), postgres_batch.c (rows on their way),
 * postgres_read.c, postgres_quarantine.c, postgres_care.c; postgres_store.c puts them behind the
 * seam.
 */
#ifndef TRADEWIND_POSTGRES_PRIV_H
#define TRADEWIND_POSTGRES_PRIV_H

#include <libpq-fe.h>

#include "store_priv.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

/* "TWst" in `meta`: these tables are ours. Also the first half of the advisory lock's key. */
#define POSTGRES_APPLICATION_OURS 0x54577374

#define POSTGRES_AHEAD_SIZE 1200
#define POSTGRES_SCHEMA_DEFAULT "tradewind"
#define POSTGRES_NAME_SIZE 64
/* A server that says nothing for so long while it owes an answer counts as gone. */
#define POSTGRES_ANSWER_NS_MAX (310 * TW_NS_PER_SECOND)
#define POSTGRES_STATEMENT_MS_MAX 300000          /* the server itself gives up a little earlier */
#define POSTGRES_CARE_NS_MAX (6 * TW_NS_PER_HOUR) /* of a vacuum */

/* The puts come first in store_sql, one a table. */
#define POSTGRES_TABLE_COUNT (SQL_PUT_IMPORT + 1)

/* Why something failed. The text is one line and holds no password. */
typedef struct postgres_fault {
    tw_status status;
    bool lost;     /* the connection is gone */
    bool again;    /* what stood in the way is out of it: the whole batch can be sent again */
    char state[6]; /* SQLSTATE, or empty */
    char text[320];
} postgres_fault;

/* The rows of one table in the open batch, as tuples of COPY's binary format. */
typedef struct postgres_rows {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    size_t sent; /* bytes that the server's transaction has */
    uint32_t count;
    uint32_t sent_count;
    uint32_t careful; /* bulks still to be sent in the way that bears conflicts */
} postgres_rows;

/* Which days of a partitioned table need no partition any more. */
#define POSTGRES_DAYS_MAX 1024   /* partitions of a table; rows of further days rest together */
#define POSTGRES_DAYS_NEW_MAX 64 /* made for one batch */
typedef struct postgres_days {
    const char *table;
    int64_t from_ns; /* the day of the row before: from_ns <= time <= last_ns */
    int64_t last_ns;
    uint32_t settled_count;
    uint32_t wanted_count;                  /* seen in the batch, not made yet */
    int32_t settled[2 * POSTGRES_DAYS_MAX]; /* sorted */
    int32_t wanted[POSTGRES_DAYS_NEW_MAX];
} postgres_days;

typedef struct postgres_connection {
    PGconn *conn;  /* NULL: lost or not made yet */
    char *address; /* as given, with its password */
    size_t address_size;
    char schema[POSTGRES_NAME_SIZE];
    char program[POSTGRES_NAME_SIZE]; /* the application name of our sessions and of no others */
    postgres_fault fault;
    tw_random random;
    int64_t patience_ns; /* how long a lost server is called again */
    int64_t answer_ns_max;
    uint64_t turn; /* see postgres_session.c */
    bool writes;
    bool in_transaction;      /* the server has a part of the batch */
    bool commit_sent;         /* and may have committed it */
    bool arrived;             /* after coming back: it has */
    uint64_t skipped_in_bulk; /* of the batch whose commit was sent */
    bool partitioned;
    bool cannot_merge;
    bool prepared[SQL_COUNT];
    char ahead[POSTGRES_AHEAD_SIZE]; /* statements that the batch begins with, or empty */
    unsigned reading;                /* cursors open */
    size_t unsent;                   /* bytes, of all tables */
    postgres_rows rows[POSTGRES_TABLE_COUNT];
    postgres_days days[2]; /* of trades and quotes */
} postgres_connection;

static inline postgres_connection *postgres_of(const tw_store *store) {
    return store->connection;
}

/* ---- postgres_address.c ---- */

/* Checks that libpq can read it. */
tw_status postgres_check_address(const char *address, const char *masked,
                                 tw_error *error) TW_MUST_CHECK;

/* The statement with $1 for ?1. */
void postgres_translate(const char *text, char *ret_text, size_t capacity);
#define POSTGRES_STATEMENT_SIZE 1400

/* ---- postgres_wire.c: all functions that return a status keep the reason in pg->fault ---- */

/* Connects until the deadline (monotonic). */
tw_status postgres_dial(postgres_connection *pg, int64_t deadline_ns) TW_MUST_CHECK;
void postgres_hang_up(postgres_connection *pg);

/* Sends what waits, and if `answer` waits until the next result can be taken. */
tw_status postgres_pump(postgres_connection *pg, bool answer) TW_MUST_CHECK;

/* The next piece of a COPY to us, to be freed by PQfreemem; *ret_size is -1 behind the last one. */
tw_status postgres_copied(postgres_connection *pg, char **ret_line, int *ret_size) TW_MUST_CHECK;

/* The next result of what was sent, NULL behind the last one or when the connection is lost. */
PGresult *postgres_next(postgres_connection *pg);

/* TW_OK for a result that is none of an error. */
tw_status postgres_judge(postgres_connection *pg, const PGresult *result) TW_MUST_CHECK;
tw_status postgres_lose(postgres_connection *pg);

/* Sets the fault by hand. */
tw_status postgres_fail(postgres_connection *pg, tw_status status, const char *format, ...)
    TW_PRINTF(3, 4);

/* Runs fixed statements, separated by semicolons; results of rows are thrown away. */
tw_status postgres_run(postgres_connection *pg, const char *text) TW_MUST_CHECK;

/* Runs one statement with up to two texts as parameters (NULL: none), and hands out its rows as
 * text, to be cleared. */
tw_status postgres_ask(postgres_connection *pg, const char *text, const char *first,
                       const char *second, PGresult **ret_result) TW_MUST_CHECK;

/* The same for one number; `fallback` where there is no row. */
tw_status postgres_ask_number(postgres_connection *pg, const char *text, const char *first,
                              int64_t fallback, int64_t *ret_number) TW_MUST_CHECK;

/* Takes all results of what was sent. The last is handed out if wanted, to be cleared whatever is
 * returned. */
tw_status postgres_results(postgres_connection *pg, PGresult **ret_last) TW_MUST_CHECK;

/* Ends a pipeline: takes its results, as long as there is no error, and keeps the first error.
 * `on_result` returns true if it has kept the result, to be cleared by it. */
tw_status postgres_end_pipeline(postgres_connection *pg,
                                bool (*on_result)(void *context, PGresult *result),
                                void *context) TW_MUST_CHECK;

/* Turns the fault into the caller's error; `doing` completes "postgresql://db: ...". */
tw_status postgres_tell(const tw_store *store, const char *doing, tw_error *error);

static inline bool postgres_state_is(const postgres_connection *pg, const char *state) {
    for (size_t i = 0; i < 5; i++) {
        if (pg->fault.state[i] != state[i])
            return false;
    }
    return true;
}

/* ---- postgres_session.c ---- */

typedef tw_status (*postgres_attempt)(tw_store *store, void *context);

/* Connects, and for writing takes the lock. */
tw_status postgres_begin_session(tw_store *store, int64_t deadline_ns) TW_MUST_CHECK;

/* Takes the store over: from here on only our transactions can commit. */
tw_status postgres_take_turn(tw_store *store) TW_MUST_CHECK;

/* Runs an attempt; comes back from a lost connection and repeats it, until it succeeds, fails for
 * good, or the patience is over. */
tw_status postgres_persist(tw_store *store, postgres_attempt attempt, void *context) TW_MUST_CHECK;

/* Gives up the server's transaction, if there is one; the batch stays here and is unsent again. */
void postgres_withdraw(tw_store *store);

void postgres_end_session(tw_store *store);

/* ---- postgres_schema.c ---- */

tw_status postgres_prepare_schema(tw_store *store, const tw_store_config *config,
                                  tw_error *error) TW_MUST_CHECK;

/* ---- postgres_days.c ---- */

tw_status postgres_load_days(tw_store *store) TW_MUST_CHECK;
void postgres_want_day(postgres_days *days, int64_t time_ns);
tw_status postgres_make_days(postgres_connection *pg) TW_MUST_CHECK;
void postgres_forget_wanted_days(postgres_connection *pg);
postgres_days *postgres_days_of(postgres_connection *pg, store_sql table);

/* ---- postgres_batch.c ---- */

tw_status postgres_put(tw_store *store, store_sql which, const store_value *row,
                       tw_error *error) TW_MUST_CHECK;

/* Attempts: send what is unsent; and the same with the commit behind it. */
tw_status postgres_send(tw_store *store, void *context) TW_MUST_CHECK;
tw_status postgres_send_and_commit(tw_store *store, void *full) TW_MUST_CHECK;

void postgres_forget_batch(tw_store *store);
void postgres_release_rows(tw_store *store);

/* Prepares a statement in the open pipeline, if it is not yet. */
tw_status postgres_prepare(postgres_connection *pg, store_sql which) TW_MUST_CHECK;

/* ---- postgres_read.c ---- */

tw_status postgres_select(tw_store *store, store_sql which, const store_value *parameters,
                          store_on_row on_row, void *context, tw_error *error) TW_MUST_CHECK;

/* ---- postgres_quarantine.c ---- */

tw_status postgres_quarantine(tw_store *store, const store_quarantine *what,
                              tw_error *error) TW_MUST_CHECK;

/* ---- postgres_care.c ---- */

tw_status postgres_verify(tw_store *store, tw_error *error) TW_MUST_CHECK;
tw_status postgres_describe(tw_store *store, tw_store_description *ret_description,
                            tw_error *error) TW_MUST_CHECK;
tw_status postgres_backup(tw_store *store, const char *path, tw_error *error) TW_MUST_CHECK;
tw_status postgres_vacuum(tw_store *store, tw_error *error) TW_MUST_CHECK;

#endif
