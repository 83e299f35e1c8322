/*
 * store_place.h - a place of its own for each test of the store, and short forms of its calls.
 *
 * A place is a file in a new directory, or a new schema of the program's private server: BOTH(test)
 * runs a test on either. Without a PostgreSQL on this machine the second half is skipped.
 *
 * Everything is static inline, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_STORE_PLACE_H
#define TRADEWIND_TESTS_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_heap.h"
#include "private_postgres.h"
#include "tradewind/store.h"
#include "tradewind/time.h"

/* ---- a path, a table of symbols ---- */

typedef struct test_place {
    char directory[64];
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE];
    bool on_server;
    tw_symbols *symbols;
    tw_symbol apple;
    tw_symbol coin;
} test_place;

static inline tw_symbol intern(tw_symbols *symbols, const char *name) {
    tw_symbol symbol;
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(name), &symbol), TW_OK);
    return symbol;
}

static inline int make_place(void **state) {
    test_place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->directory, "/tmp/tradewind-store-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof place->path, "%s/rows.db", place->directory);
    assert_int_equal(tw_symbols_new(NULL, 64, &place->symbols), TW_OK);
    place->apple = intern(place->symbols, "AAPL");
    place->coin = intern(place->symbols, "BTC/USD");
    *state = place;
    return 0;
}

/* The server of the program, started by run_on_both. */
static private_postgres *the_server __attribute__((unused));

/* A path beside the place's own, of the same kind; `name` is of letters and digits. */
static inline void name_beside(const test_place *place, const char *name, char *ret_path) {
    static int schemas;
    char schema[64];
    if (place->on_server) {
        snprintf(schema, sizeof schema, "%s_%d", name, ++schemas);
        private_postgres_address(the_server, schema, ret_path, PRIVATE_POSTGRES_ADDRESS_SIZE);
    } else {
        snprintf(ret_path, PRIVATE_POSTGRES_ADDRESS_SIZE, "%s/%s.db", place->directory, name);
    }
}

static inline int make_server_place(void **state) {
    if (make_place(state) != 0)
        return -1;
    test_place *place = *state;
    place->on_server = true;
    name_beside(place, "rows", place->path);
    return 0;
}

static inline int drop_place(void **state) {
    test_place *place = *state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    assert_int_equal(system(command), 0);
    tw_symbols_free(place->symbols);
    free(place);
    return 0;
}

static inline tw_store *open_with(const test_place *place, tw_store_config config) {
    config.path = config.path == NULL ? place->path : config.path;
    config.symbols = config.symbols == NULL ? place->symbols : config.symbols;
    config.symbol_count_max = 64;
    tw_store *store = NULL;
    tw_error error = {0};
    if (tw_store_open(&config, &store, &error) != TW_OK)
        fail_msg("%s", error.message);
    return store;
}

static inline tw_store *open_writer(const test_place *place) {
    return open_with(place, (tw_store_config){.mode = TW_STORE_WRITE});
}

static inline tw_store *open_reader(const test_place *place) {
    return open_with(place, (tw_store_config){.mode = TW_STORE_READ});
}

/* The status of an open that must fail; its sentence must name `words`. */
static inline tw_status refused(const test_place *place, const char *path, tw_store_mode mode,
                                const char *words) {
    tw_store_config config = {.path = path, .symbols = place->symbols, .mode = (uint8_t)mode};
    tw_store *store = NULL;
    tw_error error = {0};
    tw_status status = tw_store_open(&config, &store, &error);
    assert_null(store);
    assert_int_equal(status, error.status);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    return status;
}

static inline void commit(tw_store *store, tw_store_durability durability) {
    tw_error error = {0};
    if (tw_store_commit(store, durability, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static inline void close_store(tw_store *store) {
    tw_error error = {0};
    if (tw_store_close(store, &error) != TW_OK)
        fail_msg("%s", error.message);
}

static inline uint64_t rows(tw_store *store, tw_store_table table) {
    uint64_t count = UINT64_MAX;
    assert_int_equal(tw_store_count_rows(store, table, &count, NULL), TW_OK);
    return count;
}

static inline bool tamper_with_server(const char *address, const char *sql) {
    PGconn *conn = PQconnectdb(address);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done)
        print_message("%s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return done;
}

/* Runs SQL behind the store's back; false if the database will not have it. */
static inline bool try_to_tamper(const char *path, const char *sql) {
    if (strncmp(path, "postgres", 8) == 0)
        return tamper_with_server(path, sql);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    bool done = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (!done)
        print_message("%s: %s\n", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return done;
}

static inline void tamper(const char *path, const char *sql) {
    assert_true(try_to_tamper(path, sql));
}

/* ---- whole files ---- */

typedef struct test_bytes {
    unsigned char *data; /* freed by whoever loads it */
    size_t size;
} test_bytes;

/* What a file holds; nothing when it is not there. */
static inline test_bytes load_file(const char *path) {
    test_bytes bytes = {0};
    struct stat facts;
    if (stat(path, &facts) != 0)
        return bytes;
    bytes.size = (size_t)facts.st_size;
    bytes.data = malloc(bytes.size + 1);
    assert_non_null(bytes.data);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static inline void save_file(const char *path, const unsigned char *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(size == 0 || fwrite(data, 1, size, file) == size);
    assert_int_equal(fclose(file), 0);
}

/* A name beside the store, with the bytes given in it or, if there are none, with no file there. */
static inline void put_beside(const test_place *place, const char *suffix,
                              const test_bytes *bytes) {
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(path, sizeof path, "%s%s", place->path, suffix);
    if (bytes == NULL || bytes->data == NULL)
        unlink(path);
    else
        save_file(path, bytes->data, bytes->size);
}

static inline test_bytes load_beside(const test_place *place, const char *suffix) {
    char path[PRIVATE_POSTGRES_ADDRESS_SIZE + 16];
    snprintf(path, sizeof path, "%s%s", place->path, suffix);
    return load_file(path);
}

/* Makes of a store one of schema 1 or 2, as a program of that time left it. */
static inline void make_older(const test_place *place, int version) {
    if (place->on_server)
        tamper(place->path,
               "DROP TRIGGER journal_is_not_shortened ON journal;"
               "DROP TRIGGER journal_is_not_emptied ON journal; DROP FUNCTION journal_is_kept();"
               "CREATE TRIGGER journal_is_not_shortened BEFORE DELETE OR TRUNCATE ON journal"
               " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()");
    else
        tamper(place->path, "DROP TRIGGER journal_is_not_shortened;"
                            "CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal"
                            " BEGIN SELECT raise(ABORT, 'the journal is append-only'); END");
    tamper(place->path, "DROP TABLE journal_quarantine; ALTER TABLE journal DROP COLUMN checksum;"
                        "DELETE FROM meta WHERE key IN ('chained_after', 'quarantines')");
    if (version == 1)
        tamper(place->path, "DROP TABLE imports");
    char sql[80];
    snprintf(sql, sizeof sql,
             place->on_server ? "UPDATE meta SET value = %d WHERE key = 'schema'"
                              : "PRAGMA user_version = %d",
             version);
    tamper(place->path, sql);
}

static const tw_store_range everything
    __attribute__((unused)) = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .symbol = TW_SYMBOL_NONE};

static inline tw_trade trade_at(const test_place *place, int64_t time_ns, uint64_t id) {
    return (tw_trade){.time_ns = time_ns,
                      .price = {INT64_C(101250000001) + time_ns % 1000},
                      .quantity = {5 * TW_NANO},
                      .id = id,
                      .symbol = place->apple,
                      .side = TW_SIDE_SELL,
                      .exchange = 'V',
                      .tape = 'C',
                      .conditions = {'@', 'T', 'I', 'F', 'X'}};
}

/* Of everything there is of a symbol. */
static inline tw_store_stats stats_of(tw_store *store, tw_symbol symbol) {
    tw_store_stats stats;
    tw_error error = {0};
    if (tw_store_symbol_stats(store, symbol, 0, INT64_MAX, &stats, &error) != TW_OK)
        fail_msg("%s", error.message);
    return stats;
}

static inline void commit_trade(tw_store *store, const test_place *place, uint64_t id) {
    tw_trade trade = trade_at(place, (int64_t)id, id);
    assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    commit(store, TW_STORE_NORMAL);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

#define ON_SERVER(test) \
    { #test " (server)", test, make_server_place, drop_place, NULL }

/* Two rows of a list of tests. */
#define BOTH(test) IN_PLACE(test), ON_SERVER(test)

static inline void skip_without_server(void **state) {
    (void)state;
    skip();
}

/* Starts the server and runs the tests; without one, those on it are skipped. */
#define RUN_ON_BOTH(tests, options)                                        \
    do {                                                                   \
        the_server = private_postgres_start(options);                      \
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests)[0]; i++) {    \
            if (the_server != NULL || (tests)[i].setup_func == make_place) \
                continue;                                                  \
            (tests)[i].test_func = skip_without_server;                    \
            (tests)[i].setup_func = (tests)[i].teardown_func = NULL;       \
        }                                                                  \
        return cmocka_run_group_tests((tests), NULL, NULL);                \
    } while (0)

#endif
