/*
 * postgres_read.c - rows out: one round trip for one row, a cursor for many, COPY for statistics.
 *
 * Idea: a read that can be long declares a cursor and fetches a page at a time, so that memory
 * stays bounded and the connection is free for other reads while a callback runs. Cursors live in
 * the batch's transaction if the server has one, so that a writer sees its own rows; else in a
 * transaction of their own that sees one state of the store and writes nothing. A read within the
 * callback of another joins its transaction. Prices for statistics are read by this library's own
 * callback, which reads nothing else: they come as one COPY, which the server sends while they are
 * being added up.
 *
 * Invariants:
 *   1. Nothing is left unsent of what a read could see. A long read sends everything, because the
 *      reads within its callbacks cannot.
 *   2. A read is repeated after a lost connection only as long as it has delivered nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "postgres_priv.h"

#define PAGE_ROWS 4000
#define PAGE_ROWS_OF_LONG_TEXTS 32 /* of up to 3 MiB */
#define PARAMETER_COUNT_MAX 4

/* One read under way. */
typedef struct reading {
    store_sql which;
    const store_value *parameters;
    store_on_row on_row;
    void *context;
    tw_error *error;
    tw_status ended; /* what a callback ended it with */
    bool delivered;  /* a row has been handed over */
    bool sending;    /* what fails now is the batch */
} reading;

/* ---- parameters and rows ---- */

typedef struct binary_parameters {
    int count;
    const char *values[PARAMETER_COUNT_MAX];
    int sizes[PARAMETER_COUNT_MAX];
    int formats[PARAMETER_COUNT_MAX];
    Oid types[PARAMETER_COUNT_MAX];
    uint64_t numbers[PARAMETER_COUNT_MAX];
} binary_parameters;

static void encode(const reading *read, binary_parameters *ret_binary) {
    const char *kinds = store_statements[read->which].parameters;
    int count = (int)strlen(kinds);
    TW_ASSERT(count <= PARAMETER_COUNT_MAX);
    ret_binary->count = count;
    for (int i = 0; i < count; i++) {
        const store_value *value = &read->parameters[i];
        int size = kinds[i] == 'w' ? 4 : 8;
        ret_binary->numbers[i] = __builtin_bswap64((uint64_t)value->number);
        ret_binary->values[i] = (const char *)&ret_binary->numbers[i] + (8 - size);
        ret_binary->types[i] = kinds[i] == 'w' ? 23 : 20;
        if (kinds[i] == 't') {
            ret_binary->values[i] = value->text;
            ret_binary->types[i] = 25;
            size = (int)value->size;
        }
        ret_binary->sizes[i] = size;
        ret_binary->formats[i] = 1;
    }
}

/* False if the column is not of its kind. */
static bool decode(const PGresult *page, int at, int column, char kind, store_value *ret_value) {
    const char *bytes = PQgetvalue(page, at, column);
    int size = PQgetlength(page, at, column);
    uint16_t half;
    uint32_t word;
    uint64_t number;
    switch (kind) {
    case 'h':
        memcpy(&half, bytes, sizeof half);
        *ret_value = store_number((int16_t)__builtin_bswap16(half));
        return size == 2;
    case 'w':
        memcpy(&word, bytes, sizeof word);
        *ret_value = store_number((int32_t)__builtin_bswap32(word));
        return size == 4;
    case 'l':
        memcpy(&number, bytes, sizeof number);
        *ret_value = store_number((int64_t)__builtin_bswap64(number));
        return size == 8;
    default:
        *ret_value = store_text(bytes, (size_t)size);
        return true;
    }
}

static tw_status check_columns(postgres_connection *pg, const PGresult *page, const char *kinds) {
    bool same = PQnfields(page) == (int)strlen(kinds);
    for (int i = 0; same && i < PQnfields(page); i++) {
        int size = kinds[i] == 'h' ? 2 : kinds[i] == 'w' ? 4 : kinds[i] == 'l' ? 8 : -1;
        same = PQfsize(page, i) == size && PQfformat(page, i) == 1;
    }
    return same ? TW_OK
                : postgres_fail(pg, TW_CORRUPT, "a column has another type than it was made with");
}

/* Hands the rows of a page over, until a callback has enough. */
static tw_status deliver(tw_store *store, reading *read, const PGresult *page) {
    postgres_connection *pg = postgres_of(store);
    const char *kinds = store_statements[read->which].results;
    store_value row[STORE_COLUMN_COUNT_MAX];
    tw_status status = check_columns(pg, page, kinds);
    int count = status == TW_OK ? PQntuples(page) : 0;
    for (int at = 0; at < count && read->ended == TW_OK; at++) {
        bool good = true;
        for (int i = 0; kinds[i] != '\0' && good; i++)
            good = PQgetisnull(page, at, i) == 0 && decode(page, at, i, kinds[i], &row[i]);
        if (!good)
            return postgres_fail(pg, TW_CORRUPT, "a row has a column without a value");
        read->delivered = true;
        read->ended = read->on_row(store, row, read->context, read->error);
    }
    return status;
}

/* ---- one row ---- */

static tw_status read_row(tw_store *store, reading *read) {
    postgres_connection *pg = postgres_of(store);
    binary_parameters binary;
    char name[16];
    encode(read, &binary);
    snprintf(name, sizeof name, "s%d", (int)read->which);
    tw_status status = TW_OK;
    if (!pg->prepared[read->which]) {
        status = postgres_prepare(pg, read->which);
        if (status == TW_OK)
            status = postgres_results(pg, NULL);
        pg->prepared[read->which] = status == TW_OK;
    }
    if (status != TW_OK)
        return status;
    if (PQsendQueryPrepared(pg->conn, name, binary.count, binary.values, binary.sizes,
                            binary.formats, 1) == 0)
        return postgres_lose(pg);
    PGresult *result = NULL;
    status = postgres_results(pg, &result);
    if (status == TW_OK)
        status = deliver(store, read, result);
    PQclear(result);
    return status;
}

/* ---- many rows ---- */

static int page_rows(store_sql which) {
    bool is_long = which == SQL_RECORDS_FROM || which == SQL_RECORDS_BACK || which == SQL_RUNS_ALL;
    return is_long ? PAGE_ROWS_OF_LONG_TEXTS : PAGE_ROWS;
}

static bool keep_page(void *context, PGresult *result) {
    PGresult **ret_page = context;
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return false;
    PQclear(*ret_page);
    *ret_page = result;
    return true;
}

static bool send_plain(PGconn *conn, const char *text, int format) {
    return PQsendQueryParams(conn, text, 0, NULL, NULL, NULL, NULL, format) != 0;
}

/* Declares the cursor and fetches its first page: one round trip. */
static tw_status open_cursor(postgres_connection *pg, const reading *read, bool own,
                             PGresult **ret_page) {
    binary_parameters binary;
    char translated[POSTGRES_STATEMENT_SIZE];
    char text[POSTGRES_STATEMENT_SIZE + 64];
    char fetch[64];
    encode(read, &binary);
    postgres_translate(store_statements[read->which].text, translated, sizeof translated);
    snprintf(text, sizeof text, "DECLARE c%u NO SCROLL CURSOR FOR %s", pg->reading, translated);
    snprintf(fetch, sizeof fetch, "FETCH %d FROM c%u", page_rows(read->which), pg->reading);
    if (PQenterPipelineMode(pg->conn) == 0 ||
        (own && !send_plain(pg->conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0)) ||
        PQsendQueryParams(pg->conn, text, binary.count, binary.types, binary.values, binary.sizes,
                          binary.formats, 0) == 0 ||
        !send_plain(pg->conn, fetch, 1))
        return postgres_lose(pg);
    return postgres_end_pipeline(pg, keep_page, ret_page);
}

static tw_status next_page(postgres_connection *pg, const reading *read, PGresult **ret_page) {
    char fetch[64];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM c%u", page_rows(read->which), pg->reading);
    if (!send_plain(pg->conn, fetch, 1))
        return postgres_lose(pg);
    return postgres_results(pg, ret_page);
}

static tw_status close_cursor(postgres_connection *pg, bool own) {
    char text[32];
    snprintf(text, sizeof text, "CLOSE c%u", pg->reading);
    return postgres_run(pg, own ? "COMMIT" : text);
}

static tw_status read_pages(tw_store *store, reading *read) {
    postgres_connection *pg = postgres_of(store);
    bool own = pg->reading == 0 && !pg->in_transaction;
    PGresult *page = NULL;
    pg->reading++;
    tw_status status = open_cursor(pg, read, own, &page);
    while (status == TW_OK) {
        status = deliver(store, read, page);
        bool was_last = PQntuples(page) < page_rows(read->which) || read->ended != TW_OK;
        PQclear(page);
        page = NULL;
        if (status != TW_OK || was_last)
            break;
        status = next_page(pg, read, &page);
    }
    PQclear(page);
    if (status == TW_OK)
        status = close_cursor(pg, own);
    pg->reading--;
    return status;
}

/* ---- prices ---- */

#define COPY_HEAD_SIZE 19 /* signature, flags and the size of no extension */

/* The ends of what came, by time; several trades of one time are told apart later. */
typedef struct price_end {
    int64_t time_ns;
    int64_t price;
    uint64_t count; /* of that time */
} price_end;

typedef struct price_ends {
    price_end first;
    price_end last;
} price_ends;

static void keep_ends(price_ends *ends, int64_t time_ns, int64_t price) {
    if (ends->first.count == 0 || time_ns < ends->first.time_ns)
        ends->first = (price_end){.time_ns = time_ns, .price = price};
    if (ends->last.count == 0 || time_ns > ends->last.time_ns)
        ends->last = (price_end){.time_ns = time_ns, .price = price};
    ends->first.count += time_ns == ends->first.time_ns;
    ends->last.count += time_ns == ends->last.time_ns;
}

/* COPY takes no parameters. These are numbers; quoted, because -2^63 is none but a negation. */
static tw_status send_copy(postgres_connection *pg, const reading *read, bool own) {
    char text[400];
    snprintf(text, sizeof text,
             "%sCOPY (SELECT time_ns, price, quantity FROM trades WHERE symbol = '%" PRId64
             "' AND time_ns BETWEEN '%" PRId64 "' AND '%" PRId64 "') TO STDOUT (FORMAT binary)",
             own ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" : "",
             read->parameters[0].number, read->parameters[1].number, read->parameters[2].number);
    if (PQsendQuery(pg->conn, text) == 0)
        return postgres_lose(pg);
    for (bool begun = false; !begun;) {
        PGresult *result = postgres_next(pg);
        if (result == NULL)
            return postgres_lose(pg);
        begun = PQresultStatus(result) != PGRES_COMMAND_OK;
        tw_status status = postgres_judge(pg, result);
        PQclear(result);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

/* One tuple of three 64-bit numbers. False: it is none. */
static bool decode_prices(const char *at, int size, store_value *row) {
    if (size != 2 + 3 * (4 + 8))
        return false;
    for (int i = 0; i < 3; i++) {
        uint64_t number;
        memcpy(&number, at + 2 + i * (4 + 8) + 4, sizeof number);
        row[i] = store_number((int64_t)__builtin_bswap64(number));
    }
    return true;
}

/* A callback that has enough is not asked again; what is on its way is read and dropped. */
static tw_status deliver_prices(tw_store *store, reading *read, price_ends *ends) {
    postgres_connection *pg = postgres_of(store);
    int skip = COPY_HEAD_SIZE; /* the first piece begins with it */
    for (;;) {
        char *line;
        int size;
        store_value row[3];
        tw_status status = postgres_copied(pg, &line, &size);
        if (status != TW_OK || size < 0)
            return status;
        bool is_end = size - skip == 2; /* a count of columns of -1 */
        bool good = is_end || decode_prices(line + skip, size - skip, row);
        PQfreemem(line);
        skip = 0;
        if (!good)
            return postgres_fail(pg, TW_CORRUPT, "a price has another type than it was made with");
        if (is_end || read->ended != TW_OK)
            continue;
        keep_ends(ends, row[0].number, row[1].number);
        read->delivered = true;
        read->ended = read->on_row(store, row, read->context, read->error);
    }
}

/* Hands over an end; among several trades of its time it is the first, or last, by key. */
static tw_status deliver_end(tw_store *store, reading *read, price_end *end, bool is_last) {
    char text[200];
    const char *order = is_last ? "id DESC, exchange DESC, place DESC" : "id, exchange, place";
    snprintf(text, sizeof text,
             "SELECT price FROM trades WHERE symbol = '%" PRId64 "' AND time_ns = '%" PRId64
             "' ORDER BY %s LIMIT 1",
             read->parameters[0].number, end->time_ns, order);
    tw_status status = TW_OK;
    if (end->count > 1)
        status = postgres_ask_number(postgres_of(store), text, NULL, end->price, &end->price);
    if (status != TW_OK)
        return status;
    const store_value row[] = {store_number(end->time_ns), store_number(end->price),
                               store_number(0)};
    read->ended = read->on_row(store, row, read->context, read->error);
    return TW_OK;
}

/* All of it in one transaction, so that the ends are those of the rows. */
static tw_status read_prices(tw_store *store, reading *read) {
    postgres_connection *pg = postgres_of(store);
    bool own = pg->reading == 0 && !pg->in_transaction;
    price_ends ends = {0};
    tw_status status = send_copy(pg, read, own);
    if (status == TW_OK)
        status = deliver_prices(store, read, &ends);
    postgres_fault first = pg->fault;
    if (status != TW_OK && first.lost)
        return status;
    tw_status rest = postgres_results(pg, NULL);
    if (status != TW_OK)
        pg->fault = first;
    else
        status = rest;
    if (status == TW_OK && ends.first.count > 0 && read->ended == TW_OK)
        status = deliver_end(store, read, &ends.first, false);
    if (status == TW_OK && ends.last.count > 0 && read->ended == TW_OK)
        status = deliver_end(store, read, &ends.last, true);
    return status == TW_OK && own ? postgres_run(pg, "COMMIT") : status;
}

/* ---- reads ---- */

static bool is_long(store_sql which) {
    return (which >= SQL_LIST_SYMBOLS && which <= SQL_RECORDS_FROM && which != SQL_ORDER_OF);
}

/* Whether rows wait here that the read would have to see. */
static bool misses_rows(const postgres_connection *pg, store_sql which) {
    for (int i = 0; i < POSTGRES_TABLE_COUNT; i++) {
        char words[32];
        snprintf(words, sizeof words, "FROM %s", store_statements[i].table);
        if (pg->rows[i].sent < pg->rows[i].size &&
            (is_long(which) || strstr(store_statements[which].text, words) != NULL))
            return true;
    }
    return false;
}

static tw_status read_once(tw_store *store, void *context) {
    postgres_connection *pg = postgres_of(store);
    reading *read = context;
    read->sending = pg->unsent > 0 && misses_rows(pg, read->which);
    if (read->sending) {
        tw_status status = postgres_send(store, NULL);
        if (status != TW_OK)
            return status;
    }
    read->sending = false;
    tw_status status = read->which == SQL_PRICES_OF ? read_prices(store, read)
                       : is_long(read->which)       ? read_pages(store, read)
                                                    : read_row(store, read);
    if (status != TW_OK && read->delivered) { /* invariant 2 */
        bool lost = pg->fault.lost;
        postgres_withdraw(store);
        pg->fault.lost = pg->fault.again = false;
        pg->fault.state[0] = lost ? '\0' : pg->fault.state[0];
    }
    return status;
}

tw_status postgres_select(tw_store *store, store_sql which, const store_value *parameters,
                          store_on_row on_row, void *context, tw_error *error) {
    postgres_connection *pg = postgres_of(store);
    reading read = {.which = which,
                    .parameters = parameters,
                    .on_row = on_row,
                    .context = context,
                    .error = error};
    tw_status status =
        pg->reading > 0 ? read_once(store, &read) : postgres_persist(store, read_once, &read);
    if (status == TW_OK && pg->reading == 0 && pg->conn != NULL &&
        PQtransactionStatus(pg->conn) == PQTRANS_INERROR)
        postgres_withdraw(store); /* a read within a callback failed */
    if (status == TW_OK)
        return read.ended;
    if (!read.sending)
        return postgres_tell(store, "reading failed", error);
    tw_error own = {0};
    postgres_tell(store, "writing a batch failed", &own);
    if (error != NULL)
        *error = own;
    return store_lose_batch(store, status, &own);
}
