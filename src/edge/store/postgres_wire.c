/*
 * postgres_wire.c - libpq without blocking: every wait is a poll with a deadline.
 *
 * Idea: nothing here calls a function of libpq that could wait for the network by itself (looking
 * up the name of a host is the exception, and the system's resolver has limits of its own). What
 * was sent is answered within pg->answer_ns_max, or the connection counts as lost. A dead peer is
 * found sooner: keepalives and the limit on unacknowledged data are set at both ends.
 *
 * Invariant: whoever gets anything but TW_OK finds the reason in pg->fault.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_priv.h"

/* ---- faults ---- */

/* By the longest prefix of the SQLSTATE. https://www.postgresql.org/docs/15/errcodes-appendix.html
 */
static const struct {
    const char *prefix;
    tw_status status;
    bool lost;
} states[] = {
    {"08", TW_UNREACHABLE, true},    /* connection exception */
    {"0A", TW_UNSUPPORTED, false},   /* feature not supported */
    {"21000", TW_RANGE, false},      /* cardinality violation */
    {"22021", TW_RANGE, false},      /* a text is not in the server's encoding */
    {"22P05", TW_RANGE, false},      /* nor can it be brought into it */
    {"25006", TW_READ_ONLY, false},  /* read-only transaction: a standby */
    {"25P03", TW_UNREACHABLE, true}, /* ended while idle in a transaction */
    {"28", TW_AUTH, false},          /* invalid authorisation */
    {"3D000", TW_NOT_FOUND, false},  /* no such database */
    {"40", TW_BUSY, false},          /* serialisation failure, deadlock */
    {"42501", TW_PERMISSION, false}, /* insufficient privilege */
    {"53100", TW_NO_SPACE, false},   /* disk full */
    {"53200", TW_NO_MEMORY, false},  /* out of memory */
    {"53300", TW_BUSY, false},       /* too many connections */
    {"53400", TW_NO_SPACE, false},   /* configuration limit */
    {"54", TW_RANGE, false},         /* program limit */
    {"55P03", TW_BUSY, false},       /* lock not available in time */
    {"57014", TW_TIMEOUT, false},    /* cancelled: statement_timeout */
    {"57P", TW_UNREACHABLE, true},   /* shutdown, crash, starting up, idle session */
    {"58", TW_IO, false},            /* the server's disk */
    {"F0", TW_IO, false},            /* its configuration */
    {"XX001", TW_CORRUPT, false},    /* data corrupted */
    {"XX002", TW_CORRUPT, false},    /* index corrupted */
    {"XX", TW_REMOTE, false},        /* internal error */
    {"", TW_CORRUPT, false},         /* a constraint, a missing table: not as we made it */
};

/* One line, without libpq's prefix and the place in the server's source. */
static void keep_text(postgres_fault *fault, const char *text) {
    static const char *const prefixes[] = {"FATAL:  ", "ERROR:  "};
    const char *end = strstr(text, "\nLOCATION:");
    size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(text, prefixes[i], 8) == 0) {
            text += 8;
            size -= 8;
        }
    }
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
        size--;
    snprintf(fault->text, sizeof fault->text, "%.*s", (int)(size < 4096 ? size : 4096), text);
    for (char *c = fault->text; *c != '\0'; c++)
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
}

static void classify(postgres_fault *fault, const char *state) {
    size_t best = 0;
    size_t i = 0;
    snprintf(fault->state, sizeof fault->state, "%s", state);
    do {
        best = strlen(states[i].prefix);
        fault->status = states[i].status;
        fault->lost = states[i].lost;
    } while (strncmp(state, states[i++].prefix, best) != 0);
}

tw_status postgres_fail(postgres_connection *pg, tw_status status, const char *format, ...) {
    va_list arguments;
    pg->fault = (postgres_fault){.status = status};
    va_start(arguments, format);
    vsnprintf(pg->fault.text, sizeof pg->fault.text, format, arguments);
    va_end(arguments);
    return status;
}

tw_status postgres_lose(postgres_connection *pg) {
    char text[320] = "";
    if (pg->conn != NULL)
        snprintf(text, sizeof text, "%s", PQerrorMessage(pg->conn));
    pg->fault = (postgres_fault){.status = TW_UNREACHABLE, .lost = true};
    keep_text(&pg->fault, text[0] == '\0' ? "the server does not answer" : text);
    return TW_UNREACHABLE;
}

tw_status postgres_judge(postgres_connection *pg, const PGresult *result) {
    ExecStatusType kind = PQresultStatus(result);
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK || kind == PGRES_COPY_IN ||
        kind == PGRES_COPY_OUT || kind == PGRES_PIPELINE_SYNC)
        return TW_OK;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL)
        return postgres_lose(pg); /* libpq's own: the connection broke */
    pg->fault = (postgres_fault){0};
    classify(&pg->fault, state);
    keep_text(&pg->fault, text == NULL ? "it gave no reason" : text);
    return pg->fault.status;
}

tw_status postgres_tell(const tw_store *store, const char *doing, tw_error *error) {
    const postgres_fault *fault = &postgres_of(store)->fault;
    TW_ASSERT(fault->status != TW_OK);
    if (fault->state[0] == '\0')
        return tw_error_set(error, fault->status, "%s: %s: %s", store->path, doing, fault->text);
    return tw_error_set(error, fault->status, "%s: %s: %s (SQLSTATE %s)", store->path, doing,
                        fault->text, fault->state);
}

/* ---- waiting ---- */

static bool wait_for(const PGconn *conn, short events, int64_t deadline_ns) {
    for (;;) {
        int64_t left_ns = deadline_ns - tw_time_monotonic_ns();
        if (left_ns <= 0)
            return false;
        struct pollfd socket = {.fd = PQsocket(conn), .events = events};
        int ready = poll(&socket, 1, (int)(left_ns / TW_NS_PER_MS % 1000000) + 1);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

tw_status postgres_pump(postgres_connection *pg, bool answer) {
    TW_ASSERT(pg->conn != NULL);
    for (;;) {
        int unsent = PQflush(pg->conn);
        if (unsent < 0)
            return postgres_lose(pg);
        if (unsent == 0 && (!answer || PQisBusy(pg->conn) == 0))
            return TW_OK;
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
        int64_t deadline_ns = tw_time_monotonic_ns() + pg->answer_ns_max;
        if (!wait_for(pg->conn, events, deadline_ns) || PQconsumeInput(pg->conn) == 0)
            return postgres_lose(pg);
    }
}

PGresult *postgres_next(postgres_connection *pg) {
    if (postgres_pump(pg, true) != TW_OK)
        return NULL;
    return PQgetResult(pg->conn);
}

tw_status postgres_copied(postgres_connection *pg, char **ret_line, int *ret_size) {
    *ret_line = NULL;
    for (;;) {
        *ret_size = PQgetCopyData(pg->conn, ret_line, 1);
        if (*ret_size == -2)
            return postgres_lose(pg);
        if (*ret_size != 0)
            return TW_OK;
        int64_t deadline_ns = tw_time_monotonic_ns() + pg->answer_ns_max;
        if (!wait_for(pg->conn, POLLIN, deadline_ns) || PQconsumeInput(pg->conn) == 0)
            return postgres_lose(pg);
    }
}

/* ---- dialling ---- */

static void ignore_notice(void *context, const char *message) {
    (void)context;
    (void)message;
}

/* libpq gives no SQLSTATE of a refused connection, but its verbose message has it. */
static tw_status refused(postgres_connection *pg) {
    const char *text = PQerrorMessage(pg->conn);
    bool needs_password = PQconnectionNeedsPassword(pg->conn) != 0;
    postgres_lose(pg);
    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        char state[6] = "";
        snprintf(state, sizeof state, "%.5s", at + 3);
        if (strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':') {
            classify(&pg->fault, state);
            keep_text(&pg->fault, at + 10);
        }
    }
    if (needs_password && pg->fault.state[0] == '\0')
        return postgres_fail(pg, TW_AUTH, "the server wants a password and the address has none");
    return pg->fault.status;
}

/* What stands before the address can be overruled by it, what stands behind it cannot. */
static PGconn *start_dialling(const postgres_connection *pg) {
    const char *const names[] = {
        "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
        "dbname",          "application_name",    "client_encoding",  NULL};
    const char *const values[] = {"5", "2", "3", "12000", pg->address, pg->program, "UTF8", NULL};
    return PQconnectStartParams(names, values, 1);
}

tw_status postgres_dial(postgres_connection *pg, int64_t deadline_ns) {
    TW_ASSERT(pg->conn == NULL);
    pg->conn = start_dialling(pg);
    if (pg->conn == NULL)
        return postgres_fail(pg, TW_NO_MEMORY, "there is no memory for a connection");
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(pg->conn, ignore_notice, NULL);
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    if (PQstatus(pg->conn) == CONNECTION_BAD)
        step = PGRES_POLLING_FAILED;
    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(pg->conn, events, deadline_ns)) {
            postgres_hang_up(pg);
            return postgres_lose(pg);
        }
        step = PQconnectPoll(pg->conn);
    }
    tw_status status = step == PGRES_POLLING_OK ? TW_OK : refused(pg);
    if (status == TW_OK && PQsetnonblocking(pg->conn, 1) != 0)
        status = postgres_lose(pg);
    if (status != TW_OK)
        postgres_hang_up(pg);
    return status;
}

void postgres_hang_up(postgres_connection *pg) {
    PQfinish(pg->conn);
    pg->conn = NULL;
}

/* ---- statements ---- */

static tw_status take_results(postgres_connection *pg, PGresult **ret_last) {
    tw_status status = TW_OK;
    PGresult *result;
    while ((result = postgres_next(pg)) != NULL) {
        if (status == TW_OK)
            status = postgres_judge(pg, result);
        if (ret_last == NULL || status != TW_OK) {
            PQclear(result);
        } else {
            PQclear(*ret_last);
            *ret_last = result;
        }
    }
    if (status == TW_OK && PQstatus(pg->conn) == CONNECTION_BAD)
        return postgres_lose(pg);
    return status;
}

tw_status postgres_results(postgres_connection *pg, PGresult **ret_last) {
    pg->fault = (postgres_fault){0};
    tw_status status = take_results(pg, ret_last);
    return status == TW_OK ? pg->fault.status : status;
}

tw_status postgres_run(postgres_connection *pg, const char *text) {
    TW_ASSERT(pg->conn != NULL);
    if (PQsendQuery(pg->conn, text) == 0)
        return postgres_lose(pg);
    return postgres_results(pg, NULL);
}

tw_status postgres_ask(postgres_connection *pg, const char *text, const char *first,
                       const char *second, PGresult **ret_result) {
    TW_ASSERT(pg->conn != NULL && *ret_result == NULL);
    const char *const values[2] = {first, second};
    int count = second != NULL ? 2 : first != NULL ? 1 : 0;
    if (PQsendQueryParams(pg->conn, text, count, NULL, values, NULL, NULL, 0) == 0)
        return postgres_lose(pg);
    tw_status status = postgres_results(pg, ret_result);
    if (status == TW_OK && *ret_result == NULL)
        status = postgres_lose(pg);
    if (status != TW_OK) {
        PQclear(*ret_result);
        *ret_result = NULL;
    }
    return status;
}

tw_status postgres_ask_number(postgres_connection *pg, const char *text, const char *first,
                              int64_t fallback, int64_t *ret_number) {
    PGresult *result = NULL;
    tw_status status = postgres_ask(pg, text, first, NULL, &result);
    if (status != TW_OK)
        return status;
    *ret_number = fallback;
    if (PQntuples(result) > 0 && PQgetisnull(result, 0, 0) == 0)
        *ret_number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return TW_OK;
}

tw_status postgres_end_pipeline(postgres_connection *pg,
                                bool (*on_result)(void *context, PGresult *result), void *context) {
    tw_status status = TW_OK;
    bool synced = false;
    postgres_fault first = {0};
    pg->fault = first;
    if (PQpipelineSync(pg->conn) == 0)
        return postgres_lose(pg);
    while (!synced) {
        PGresult *result = postgres_next(pg);
        if (result == NULL && (pg->fault.lost || PQstatus(pg->conn) == CONNECTION_BAD))
            return postgres_lose(pg);
        if (result == NULL)
            continue; /* between two commands */
        ExecStatusType kind = PQresultStatus(result);
        synced = kind == PGRES_PIPELINE_SYNC;
        bool kept = false;
        if (kind != PGRES_PIPELINE_ABORTED && status == TW_OK) {
            status = postgres_judge(pg, result);
            first = pg->fault;
            kept = status == TW_OK && on_result(context, result);
        }
        if (!kept)
            PQclear(result);
        if (status != TW_OK && first.lost)
            return status;
    }
    if (PQexitPipelineMode(pg->conn) == 0)
        return postgres_lose(pg);
    if (status != TW_OK)
        pg->fault = first;
    return status;
}
