/*
 * postgres_batch.c - rows on their way: kept until the commit is known, sent in bulk or in line.
 *
 * Idea: a row becomes a tuple of COPY's binary format at once, and waits in the buffer of its
 * table. The same bytes serve three ways to send it:
 *
 *     copy     COPY straight into the table: the fastest, but one conflict refuses all
 *     merge    COPY into a temporary table, and INSERT ... ON CONFLICT from there
 *     line     one prepared INSERT ... ON CONFLICT a row, all sent in a pipeline
 *
 * Many rows of market data go by copy; after a conflict the batch is sent again, and that table
 * goes by merge for a while (by line if it replaces rows: one INSERT cannot replace a row twice).
 * A bulk is sorted by symbol, as its key is: the server then adds to each part of the index in turn
 * (a fifth faster), and the rows of a symbol lie together. Few rows, and all of our own (orders,
 * fills, the journal ...), go by line; begin, rows, turn and commit of a small batch are then one
 * round trip.
 *
 * A batch is kept until its commit is known, so that it can be sent again as a whole: after a
 * conflict, a collision or a lost connection. It goes out when it ends, when something reads what
 * it holds, and whenever SEND_SIZE more has come together: large bulks sort better.
 *
 * Invariants:
 *   1. `sent` bytes of each table are in the open transaction of the server and nowhere else;
 *      without such a transaction `sent` is zero (postgres_withdraw).
 *   2. Rows of one table and symbol reach the server in the order in which they were put, so the
 *      first of two with one key is the one that stays.
 *   3. The commit stands behind the turn in the pipeline: where the turn is not ours any more, the
 *      division below fails and the commit is not run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_priv.h"

#define SEND_SIZE ((size_t)16 << 20)
#define BATCH_SIZE_MAX ((size_t)1 << 30)
#define ROWS_CAPACITY_MIN ((size_t)4096)
#define PIECE_SIZE ((size_t)64 << 10) /* handed to libpq at a time */
#define BULK_ROWS_MIN 100             /* fewer are quicker by line */
#define CAREFUL_BULKS 64
#define ROWS_A_PUMP 64

static const char begin_text[] = "BEGIN";

/* ---- encoding ---- */

static unsigned char *put_16(unsigned char *at, uint16_t value) {
    value = __builtin_bswap16(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static unsigned char *put_32(unsigned char *at, uint32_t value) {
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static unsigned char *put_64(unsigned char *at, uint64_t value) {
    value = __builtin_bswap64(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static unsigned char *put_value(unsigned char *at, char kind, const store_value *value) {
    switch (kind) {
    case 'h':
        return put_16(put_32(at, 2), (uint16_t)value->number);
    case 'w':
        return put_32(put_32(at, 4), (uint32_t)value->number);
    case 'l':
        return put_64(put_32(at, 8), (uint64_t)value->number);
    default:
        at = put_32(at, (uint32_t)value->size);
        memcpy(at, value->text, value->size);
        return at + value->size;
    }
}

/* What the tuple of a row takes at most. */
static size_t room_for(const char *kinds, const store_value *row) {
    size_t size = 2;
    for (size_t i = 0; kinds[i] != '\0'; i++)
        size += 4 + (kinds[i] == 't' ? row[i].size : 8);
    return size;
}

static bool make_room(const tw_store *store, postgres_rows *rows, size_t size) {
    if (rows->capacity - rows->size >= size)
        return true;
    size_t capacity = rows->capacity < ROWS_CAPACITY_MIN ? ROWS_CAPACITY_MIN : rows->capacity;
    while (capacity - rows->size < size)
        capacity *= 2;
    if (capacity > BATCH_SIZE_MAX)
        return false;
    unsigned char *bytes = TW_NEW(store->allocator, capacity, unsigned char);
    if (bytes == NULL)
        return false;
    if (rows->size > 0)
        memcpy(bytes, rows->bytes, rows->size);
    TW_DELETE(store->allocator, rows->bytes, rows->capacity, unsigned char);
    rows->bytes = bytes;
    rows->capacity = capacity;
    return true;
}

tw_status postgres_put(tw_store *store, store_sql which, const store_value *row, tw_error *error) {
    postgres_connection *pg = postgres_of(store);
    const char *kinds = store_statements[which].parameters;
    postgres_rows *rows = &pg->rows[which];
    postgres_days *days = postgres_days_of(pg, which);
    if (!make_room(store, rows, room_for(kinds, row)))
        return tw_error_set(error, TW_NO_MEMORY,
                            "%s: there is no memory for so large a batch; commit more often",
                            store->path);
    if (days != NULL)
        postgres_want_day(days, row[1].number);
    unsigned char *start = rows->bytes + rows->size;
    unsigned char *at = put_16(start, (uint16_t)strlen(kinds));
    for (size_t i = 0; kinds[i] != '\0'; i++)
        at = put_value(at, kinds[i], &row[i]);
    rows->size += (size_t)(at - start);
    rows->count++;
    pg->unsent += (size_t)(at - start);
    if (pg->unsent < SEND_SIZE)
        return TW_OK;
    tw_status status = postgres_persist(store, postgres_send, NULL);
    return status == TW_OK ? TW_OK : postgres_tell(store, "writing a batch failed", error);
}

void postgres_forget_batch(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    for (int i = 0; i < POSTGRES_TABLE_COUNT; i++) {
        postgres_rows *rows = &pg->rows[i];
        rows->size = rows->sent = 0;
        rows->count = rows->sent_count = 0;
    }
    postgres_forget_wanted_days(pg);
    pg->ahead[0] = '\0';
    pg->unsent = 0;
}

void postgres_release_rows(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    for (int i = 0; i < POSTGRES_TABLE_COUNT; i++)
        TW_DELETE(store->allocator, pg->rows[i].bytes, pg->rows[i].capacity, unsigned char);
}

/* ---- bulk ---- */

static void mark_sent(postgres_connection *pg, postgres_rows *rows) {
    pg->unsent -= rows->size - rows->sent;
    rows->sent = rows->size;
    rows->sent_count = rows->count;
}

/* Takes results until a COPY can begin. */
static tw_status await_copy(postgres_connection *pg) {
    tw_status status = TW_OK;
    for (;;) {
        PGresult *result = postgres_next(pg);
        if (result == NULL)
            return status == TW_OK ? postgres_lose(pg) : status;
        bool begun = PQresultStatus(result) == PGRES_COPY_IN;
        if (status == TW_OK)
            status = postgres_judge(pg, result);
        PQclear(result);
        if (begun)
            return status;
    }
}

/* The tuple behind the one at `at`. */
static const unsigned char *behind(const unsigned char *at) {
    int count = at[0] << 8 | at[1];
    at += 2;
    for (int i = 0; i < count; i++) {
        uint32_t size;
        memcpy(&size, at, sizeof size);
        at += sizeof size + __builtin_bswap32(size);
    }
    return at;
}

/* The symbol of a row of market data: its first column. */
static uint32_t symbol_of(const unsigned char *tuple) {
    uint32_t symbol;
    memcpy(&symbol, tuple + 2 + 4, sizeof symbol);
    return __builtin_bswap32(symbol);
}

/* Where the unsent rows begin, sorted by symbol: counted, then placed. `firsts` has room for each
 * symbol and one more. */
static void sort_by_symbol(const postgres_rows *rows, uint32_t symbol_count, uint32_t *firsts,
                           const unsigned char **ret_order) {
    const unsigned char *end = rows->bytes + rows->size;
    const unsigned char *start = rows->bytes + rows->sent;
    for (const unsigned char *at = start; at < end; at = behind(at)) {
        TW_ASSERT(symbol_of(at) <= symbol_count);
        firsts[symbol_of(at) + 1]++;
    }
    for (uint32_t i = 1; i <= symbol_count + 1; i++)
        firsts[i] += firsts[i - 1];
    for (const unsigned char *at = start; at < end; at = behind(at))
        ret_order[firsts[symbol_of(at)]++] = at;
}

/* Hands rows to libpq in pieces. */
static tw_status stream_rows(postgres_connection *pg, const unsigned char *const *order,
                             uint32_t count) {
    char piece[PIECE_SIZE];
    size_t filled = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = (size_t)(behind(order[i]) - order[i]);
        TW_ASSERT(size <= sizeof piece); /* market data has no long texts */
        if (filled + size > sizeof piece) {
            if (PQputCopyData(pg->conn, piece, (int)filled) != 1)
                return postgres_lose(pg);
            tw_status status = postgres_pump(pg, false);
            if (status != TW_OK)
                return status;
            filled = 0;
        }
        memcpy(piece + filled, order[i], size);
        filled += size;
    }
    return PQputCopyData(pg->conn, piece, (int)filled) == 1 ? TW_OK : postgres_lose(pg);
}

static tw_status stream(const tw_store *store, const postgres_rows *rows) {
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* signature, flags, no more */
    static const char tail[] = "\377\377";
    postgres_connection *pg = postgres_of(store);
    uint32_t count = rows->count - rows->sent_count;
    uint32_t *firsts = TW_NEW(store->allocator, store->last_id + 2U, uint32_t);
    const unsigned char **order = TW_NEW(store->allocator, count, const unsigned char *);
    tw_status status = TW_NO_MEMORY;
    if (firsts == NULL || order == NULL)
        postgres_fail(pg, status, "there is no memory to sort a batch");
    else if (PQputCopyData(pg->conn, head, 19) != 1)
        status = postgres_lose(pg);
    else {
        sort_by_symbol(rows, store->last_id, firsts, order);
        status = stream_rows(pg, order, count);
    }
    TW_DELETE(store->allocator, firsts, store->last_id + 2U, uint32_t);
    TW_DELETE(store->allocator, order, count, const unsigned char *);
    if (status != TW_OK)
        return status;
    if (PQputCopyData(pg->conn, tail, 2) != 1 || PQputCopyEnd(pg->conn, NULL) != 1)
        return postgres_lose(pg);
    return TW_OK;
}

/* Sends the rows of one table behind `text`, which ends with a COPY. */
static tw_status copy(const tw_store *store, const char *text, const postgres_rows *rows) {
    postgres_connection *pg = postgres_of(store);
    if (PQsendQuery(pg->conn, text) == 0)
        return postgres_lose(pg);
    tw_status status = await_copy(pg);
    if (status == TW_OK)
        status = stream(store, rows);
    if (status != TW_OK)
        return status;
    PGresult *result;
    pg->fault = (postgres_fault){0};
    while ((result = postgres_next(pg)) != NULL) {
        if (status == TW_OK)
            status = postgres_judge(pg, result);
        PQclear(result);
    }
    return status == TW_OK ? pg->fault.status : status;
}

static tw_status copy_straight(tw_store *store, store_sql which) {
    postgres_connection *pg = postgres_of(store);
    postgres_rows *rows = &pg->rows[which];
    const store_statement *words = &store_statements[which];
    char text[400];
    snprintf(text, sizeof text, "COPY %s(%s) FROM STDIN (FORMAT binary)", words->table,
             words->columns);
    tw_status status = copy(store, text, rows);
    if (status == TW_OK) {
        store->batch_put += rows->count - rows->sent_count;
    } else if (postgres_state_is(pg, "23505")) { /* unique violation */
        rows->careful = CAREFUL_BULKS;
        pg->fault.again = true;
    }
    return status;
}

static tw_status merge_rows(tw_store *store, store_sql which) {
    postgres_connection *pg = postgres_of(store);
    postgres_rows *rows = &pg->rows[which];
    const store_statement *words = &store_statements[which];
    char text[800];
    snprintf(text, sizeof text,
             "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_%s (LIKE %s) ON COMMIT DELETE ROWS;"
             "TRUNCATE incoming_%s; COPY incoming_%s(%s) FROM STDIN (FORMAT binary)",
             words->table, words->table, words->table, words->table, words->columns);
    tw_status status = copy(store, text, rows);
    if (status == TW_UNSUPPORTED || status == TW_PERMISSION || postgres_state_is(pg, "42601")) {
        pg->cannot_merge = pg->fault.again = true;
        return status;
    }
    if (status != TW_OK)
        return status;
    PGresult *result = NULL;
    snprintf(text, sizeof text,
             "INSERT INTO %s(%s) SELECT %s FROM incoming_%s ON CONFLICT DO NOTHING", words->table,
             words->columns, words->columns, words->table);
    status = postgres_ask(pg, text, NULL, NULL, &result);
    if (status != TW_OK)
        return status;
    uint64_t put = strtoull(PQcmdTuples(result), NULL, 10);
    store->batch_put += put;
    store->batch_skipped += rows->count - rows->sent_count - put;
    rows->careful = put < rows->count - rows->sent_count ? CAREFUL_BULKS : rows->careful - 1;
    PQclear(result);
    return TW_OK;
}

/* How the unsent rows of a table travel. */
typedef tw_status (*bulk_way)(tw_store *store, store_sql which);
static bulk_way way_of(const postgres_connection *pg, store_sql which) {
    const postgres_rows *rows = &pg->rows[which];
    bool is_market = which == SQL_PUT_TRADE || which == SQL_PUT_QUOTE || which == SQL_PUT_BAR;
    if (!is_market || rows->count - rows->sent_count < BULK_ROWS_MIN)
        return NULL;
    if (rows->careful == 0)
        return copy_straight;
    return which == SQL_PUT_BAR || pg->cannot_merge ? NULL : merge_rows;
}

static bool has_bulks(const postgres_connection *pg) {
    bool has = false;
    for (int i = 0; i < POSTGRES_TABLE_COUNT; i++)
        has |= way_of(pg, (store_sql)i) != NULL;
    return has;
}

/* What stands ahead of the rows, once a transaction. */
static tw_status send_ahead(postgres_connection *pg) {
    if (pg->ahead[0] == '\0' || pg->in_transaction)
        return TW_OK;
    tw_status status = postgres_run(pg, begin_text);
    pg->in_transaction = true;
    return status == TW_OK ? postgres_run(pg, pg->ahead) : status;
}

/* Partitions and bulks: what cannot be a part of a pipeline. */
static tw_status send_bulks(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    tw_status status = postgres_make_days(pg);
    if (status == TW_OK)
        status = send_ahead(pg);
    if (status != TW_OK || !has_bulks(pg))
        return status;
    if (!pg->in_transaction)
        status = postgres_run(pg, begin_text);
    pg->in_transaction = true;
    for (int i = 0; i < POSTGRES_TABLE_COUNT && status == TW_OK; i++) {
        bulk_way send = way_of(pg, (store_sql)i);
        if (send != NULL)
            status = send(store, (store_sql)i);
        if (send != NULL && status == TW_OK)
            mark_sent(pg, &pg->rows[i]);
    }
    return status;
}

/* ---- lines ---- */

tw_status postgres_prepare(postgres_connection *pg, store_sql which) {
    char name[16];
    char text[POSTGRES_STATEMENT_SIZE];
    Oid types[STORE_COLUMN_COUNT_MAX];
    int count = 0;
    if (pg->prepared[which])
        return TW_OK;
    for (const char *kind = store_statements[which].parameters; *kind != '\0'; kind++)
        types[count++] = *kind == 'h' ? 21 : *kind == 'w' ? 23 : *kind == 'l' ? 20 : 25;
    snprintf(name, sizeof name, "s%d", (int)which);
    postgres_translate(store_statements[which].text, text, sizeof text);
    if (PQsendPrepare(pg->conn, name, text, count, types) == 0)
        return postgres_lose(pg);
    pg->prepared[which] = true;
    return TW_OK;
}

/* Sends the tuple at `at` as the parameters of its insert. */
static const unsigned char *send_line(postgres_connection *pg, const char *name,
                                      const unsigned char *at) {
    static const int binary[STORE_COLUMN_COUNT_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const char *values[STORE_COLUMN_COUNT_MAX];
    int sizes[STORE_COLUMN_COUNT_MAX];
    int count = at[0] << 8 | at[1];
    TW_ASSERT(count <= STORE_COLUMN_COUNT_MAX);
    at += 2;
    for (int i = 0; i < count; i++) {
        uint32_t size;
        memcpy(&size, at, sizeof size);
        sizes[i] = (int)__builtin_bswap32(size);
        values[i] = (const char *)at + 4;
        at += 4 + sizes[i];
    }
    bool sent = PQsendQueryPrepared(pg->conn, name, count, values, sizes, binary, 1) != 0;
    return sent ? at : NULL;
}

static tw_status send_lines(postgres_connection *pg, store_sql which) {
    postgres_rows *rows = &pg->rows[which];
    if (rows->sent == rows->size)
        return TW_OK;
    const unsigned char *at = rows->bytes + rows->sent;
    char name[16];
    snprintf(name, sizeof name, "s%d", (int)which);
    tw_status status = postgres_prepare(pg, which);
    for (uint32_t i = rows->sent_count; i < rows->count && status == TW_OK; i++) {
        at = send_line(pg, name, at);
        if (at == NULL)
            return postgres_lose(pg);
        if (i % ROWS_A_PUMP == 0)
            status = postgres_pump(pg, false);
    }
    if (status == TW_OK)
        mark_sent(pg, rows);
    return status;
}

/* What a pipeline did, by the tags of its commands: "INSERT 0 1" was put, "INSERT 0 0" skipped.
 * Symbols come first and are not counted. */
typedef struct line_counts {
    uint32_t symbols;
    uint64_t put;
    uint64_t skipped;
} line_counts;

static bool count_line(void *context, PGresult *result) {
    line_counts *counts = context;
    const char *tag = PQcmdStatus(result);
    if (strncmp(tag, "INSERT", 6) != 0)
        return false;
    if (counts->symbols > 0)
        counts->symbols--;
    else if (tag[9] == '0')
        counts->skipped++;
    else
        counts->put++;
    return false;
}

static tw_status send_text(postgres_connection *pg, const char *text) {
    bool sent = PQsendQueryParams(pg->conn, text, 0, NULL, NULL, NULL, NULL, 0) != 0;
    return sent ? TW_OK : postgres_lose(pg);
}

/* Invariant 3. */
static tw_status send_end(postgres_connection *pg, bool full) {
    char text[200];
    snprintf(text, sizeof text,
             "UPDATE meta SET value = CASE WHEN value = %" PRIu64 " THEN value + 1 "
             "ELSE 1 / (value - value) END WHERE key = 'turn'",
             pg->turn);
    tw_status status = full ? TW_OK : send_text(pg, "SET LOCAL synchronous_commit = off");
    if (status == TW_OK)
        status = send_text(pg, text);
    if (status == TW_OK)
        status = send_text(pg, "COMMIT");
    pg->commit_sent = true;
    return status;
}

/* All that is left, in one round trip. */
static tw_status send_pipeline(tw_store *store, const bool *commit_full) {
    postgres_connection *pg = postgres_of(store);
    const postgres_rows *symbols = &pg->rows[SQL_PUT_SYMBOL];
    line_counts counts = {.symbols = symbols->count - symbols->sent_count};
    if (PQenterPipelineMode(pg->conn) == 0)
        return postgres_lose(pg);
    tw_status status = pg->in_transaction ? TW_OK : send_text(pg, begin_text);
    pg->in_transaction = true;
    for (int i = 0; i < POSTGRES_TABLE_COUNT && status == TW_OK; i++)
        status = send_lines(pg, (store_sql)i);
    if (status == TW_OK && commit_full != NULL)
        status = send_end(pg, *commit_full);
    if (status == TW_OK)
        status = postgres_end_pipeline(pg, count_line, &counts);
    if (status != TW_OK)
        return status;
    store->batch_put += counts.put;
    store->batch_skipped += counts.skipped;
    return TW_OK;
}

/* ---- attempts ---- */

tw_status postgres_send(tw_store *store, void *context) {
    postgres_connection *pg = postgres_of(store);
    (void)context;
    tw_status status = send_bulks(store);
    return status == TW_OK && pg->unsent > 0 ? send_pipeline(store, NULL) : status;
}

/* The commit whose answer was lost. What was skipped is known of bulks only; lines count as put. */
static tw_status count_arrived(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    pg->arrived = false;
    store->batch_put = store->batch_skipped = 0;
    for (int i = SQL_PUT_SYMBOL + 1; i < POSTGRES_TABLE_COUNT; i++)
        store->batch_put += pg->rows[i].count;
    store->batch_skipped = pg->skipped_in_bulk;
    store->batch_put -= pg->skipped_in_bulk;
    return TW_OK;
}

tw_status postgres_send_and_commit(tw_store *store, void *full) {
    postgres_connection *pg = postgres_of(store);
    if (pg->arrived)
        return count_arrived(store);
    tw_status status = send_bulks(store);
    pg->skipped_in_bulk = store->batch_skipped;
    if (status == TW_OK)
        status = send_pipeline(store, full);
    if (status == TW_OK)
        pg->turn++;
    if (status == TW_OK || !pg->fault.lost)
        pg->commit_sent = false;
    if (status != TW_OK && postgres_state_is(pg, "22012")) /* division by zero */
        return postgres_fail(pg, TW_STATE, "another program took the store over; open it again");
    return status;
}
