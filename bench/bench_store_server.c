/*
 * bench_store_server.c - rows into and out of a store on a PostgreSQL server, beside psql and SQL.
 *
 *     bench_store_server [THOUSANDS]      trades of one run, default 1000
 *
 * A private server is started, which does not wait for the disk, so that what is measured is work
 * and not the disk. The trades are generated (100 symbols, five days in time order, seeded). Every
 * row is run five times, in turn with the others; the median and the ratio to the row it belongs to
 * are printed. Nothing is asserted about time.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "private_postgres.h"
#include "tradewind/alloc.h"
#include "tradewind/store.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define SYMBOL_COUNT 100
#define BATCH_ROWS 100000
#define SLICE 1000
#define SINGLE_ROWS 5000
#define START_NS (INT64_C(1704067200) * TW_NS_PER_SECOND)

struct bench {
    private_postgres *server;
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    char folder[32];
    tw_symbols *symbols;
    tw_trade *trades;
    size_t count;
    PGconn *conn;
};

static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void make_trades(struct bench *bench) {
    uint64_t streams[5] = {101, 102, 103, 104, 105};
    int64_t cents[SYMBOL_COUNT];
    for (int64_t i = 0; i < SYMBOL_COUNT; i++) {
        char name[8];
        tw_symbol symbol;
        cents[i] = 10000 + 500 * i;
        snprintf(name, sizeof name, "SYM%02d", (int)i);
        require(tw_symbols_intern(bench->symbols, tw_slice_of(name), &symbol) == TW_OK, "a symbol");
    }
    int64_t time_ns = START_NS;
    for (size_t i = 0; i < bench->count; i++) {
        time_ns += (int64_t)(draw(&streams[0]) % 864000000);
        size_t symbol = draw(&streams[1]) % SYMBOL_COUNT;
        cents[symbol] += (int64_t)(draw(&streams[2]) % 5) - 2;
        bench->trades[i] =
            (tw_trade){.time_ns = time_ns,
                       .price = {cents[symbol] * (TW_NANO / 100)},
                       .quantity = {(int64_t)(1 + draw(&streams[3]) % 500) * TW_NANO},
                       .symbol = (tw_symbol)symbol,
                       .side = (draw(&streams[4]) & 1) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL};
    }
}

/* ---- SQL and psql ---- */

static void sql(struct bench *bench, const char *text) {
    PGresult *result = PQexec(bench->conn, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fprintf(stderr, "%s", PQerrorMessage(bench->conn));
    require(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, text);
    PQclear(result);
}

/* The trades as CSV: in our ten columns, and in the five of an ordinary file. */
static void write_files(const struct bench *bench) {
    char path[64];
    snprintf(path, sizeof path, "%s/ten.csv", bench->folder);
    FILE *ten = fopen(path, "w");
    snprintf(path, sizeof path, "%s/five.csv", bench->folder);
    FILE *five = fopen(path, "w");
    require(ten != NULL && five != NULL, "writing the files");
    uint32_t place = 0;
    for (size_t i = 0; i < bench->count; i++) {
        const tw_trade *trade = &bench->trades[i];
        fprintf(ten, "%d,%" PRId64 ",0,0,%" PRIu32 ",%" PRId64 ",%" PRId64 ",%d,0,\"\"\n",
                (int)trade->symbol + 1, trade->time_ns, place, trade->price.nano,
                trade->quantity.nano, trade->side);
        fprintf(five, "%" PRId64 ",SYM%02d,%" PRId64 ".%02" PRId64 ",%" PRId64 ",%c\n",
                trade->time_ns, (int)trade->symbol, trade->price.nano / TW_NANO,
                trade->price.nano % TW_NANO / (TW_NANO / 100), trade->quantity.nano / TW_NANO,
                trade->side == TW_SIDE_BUY ? 'B' : 'S');
    }
    require(fclose(ten) == 0 && fclose(five) == 0, "writing the files");
}

static double psql_copy(struct bench *bench, const char *table, const char *file) {
    char command[512];
    snprintf(command, sizeof command,
             "psql -q -U tradewind -h %s postgres -c \"\\copy %s from '%s/%s' with (format csv)\"",
             private_postgres_folder(bench->server), table, bench->folder, file);
    int64_t start_ns = tw_time_monotonic_ns();
    require(system(command) == 0, "psql");
    return (double)(tw_time_monotonic_ns() - start_ns);
}

static double copy_ten(struct bench *bench) {
    sql(bench,
        "DROP TABLE IF EXISTS ten; CREATE TABLE ten(symbol int4 NOT NULL, time_ns int8 NOT "
        "NULL, id int8 NOT NULL, exchange int2 NOT NULL, place int4 NOT NULL, price int8 NOT "
        "NULL, quantity int8 NOT NULL, side int2 NOT NULL, tape int2 NOT NULL, conditions "
        "text NOT NULL, PRIMARY KEY(symbol, time_ns, id, exchange, place)); CHECKPOINT");
    return psql_copy(bench, "ten", "ten.csv");
}

static double copy_five(struct bench *bench) {
    sql(bench,
        "DROP TABLE IF EXISTS five; CREATE TABLE five(ts_ns int8 NOT NULL, symbol text NOT "
        "NULL, price numeric NOT NULL, size int8 NOT NULL, side text NOT NULL); CREATE INDEX "
        "ON five(symbol, ts_ns); CHECKPOINT");
    return psql_copy(bench, "five", "five.csv");
}

/* One INSERT a round trip in one transaction, for SINGLE_ROWS rows; scaled to all. */
static double insert_singly(struct bench *bench) {
    char text[256];
    sql(bench, "TRUNCATE ten; BEGIN");
    int64_t start_ns = tw_time_monotonic_ns();
    for (size_t i = 0; i < SINGLE_ROWS; i++) {
        const tw_trade *trade = &bench->trades[i % bench->count];
        snprintf(text, sizeof text,
                 "INSERT INTO ten VALUES(%d, %" PRId64 ", %zu, 0, 0, %" PRId64 ", %" PRId64
                 ", %d, 0, '')",
                 (int)trade->symbol, trade->time_ns, i, trade->price.nano, trade->quantity.nano,
                 trade->side);
        PQclear(PQexec(bench->conn, text));
    }
    sql(bench, "COMMIT");
    double took = (double)(tw_time_monotonic_ns() - start_ns);
    return took / SINGLE_ROWS * (double)bench->count;
}

/* ---- ours ---- */

static double load(struct bench *bench, uint64_t expected_put) {
    tw_store_config config = {.path = bench->address,
                              .symbols = bench->symbols,
                              .batch_rows = BATCH_ROWS,
                              .symbol_count_max = 1024,
                              .mode = TW_STORE_WRITE};
    tw_store *store = NULL;
    tw_error error = {0};
    int64_t start_ns = tw_time_monotonic_ns();
    tw_status status = tw_store_open(&config, &store, &error);
    for (size_t at = 0; at < bench->count && status == TW_OK; at += SLICE) {
        size_t count = bench->count - at < SLICE ? bench->count - at : SLICE;
        status = tw_store_put_trades(store, &bench->trades[at], count, &error);
        if (status == TW_OK && (at + count) % BATCH_ROWS == 0)
            status = tw_store_commit(store, TW_STORE_NORMAL, &error);
    }
    if (status == TW_OK)
        status = tw_store_commit(store, TW_STORE_FULL, &error);
    double took = (double)(tw_time_monotonic_ns() - start_ns);
    require(status == TW_OK, error.message);
    tw_store_figures figures;
    tw_store_read_figures(store, &figures);
    require(figures.rows_put == expected_put, "putting every row once");
    tw_store_free(store);
    return took;
}

static double load_ours(struct bench *bench) {
    sql(bench, "DROP SCHEMA IF EXISTS bench CASCADE; CHECKPOINT");
    return load(bench, bench->count);
}

static double load_again(struct bench *bench) {
    return load(bench, 0);
}

static double ask_ours(struct bench *bench) {
    tw_store_config config = {
        .path = bench->address, .symbols = bench->symbols, .symbol_count_max = 1024};
    tw_store *store = NULL;
    require(tw_store_open(&config, &store, NULL) == TW_OK, "opening");
    int64_t start_ns = tw_time_monotonic_ns();
    for (tw_symbol symbol = 0; symbol < SYMBOL_COUNT; symbol++) {
        tw_store_stats stats;
        require(tw_store_symbol_stats(store, symbol, INT64_MIN, INT64_MAX, &stats, NULL) == TW_OK,
                "statistics");
    }
    double took = (double)(tw_time_monotonic_ns() - start_ns);
    tw_store_free(store);
    return took;
}

static double ask_bare(struct bench *bench) {
    sql(bench, "SET jit = off");
    int64_t start_ns = tw_time_monotonic_ns();
    for (int symbol = 1; symbol <= SYMBOL_COUNT; symbol++) {
        char text[256];
        snprintf(text, sizeof text,
                 "SELECT count(*), min(price), max(price), avg(price), sum(quantity), "
                 "sum(price::numeric * quantity) / sum(quantity) FROM bench.trades WHERE symbol = "
                 "%d",
                 symbol);
        sql(bench, text);
    }
    return (double)(tw_time_monotonic_ns() - start_ns);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    double (*run)(struct bench *bench);
    int beside; /* the row that its ratio is to */
    bool per_row;
} rows[] = {
    {"psql \\copy, our ten columns and key", copy_ten, 0, true},
    {"ours, empty store", load_ours, 0, true},
    {"ours, all there already", load_again, 0, true},
    {"psql \\copy, five columns and an index", copy_five, 0, true},
    {"one INSERT a round trip, one transaction", insert_singly, 0, true},
    {"statistics of a symbol, bare SQL", ask_bare, 5, false},
    {"statistics of a symbol, ours", ask_ours, 5, false},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static double took[ROW_COUNT][RUN_COUNT];
    struct bench bench = {.count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1000) * 1000};
    bench.server = private_postgres_start("shared_buffers=256MB");
    if (bench.server == NULL) {
        puts("there is no PostgreSQL server on this machine: nothing is measured");
        return 0;
    }
    private_postgres_address(bench.server, "bench", bench.address, sizeof bench.address);
    strcpy(bench.folder, "/tmp/tradewind-bench-XXXXXX");
    require(mkdtemp(bench.folder) != NULL, "a folder");
    require(tw_symbols_new(NULL, 1024, &bench.symbols) == TW_OK, "symbols");
    bench.trades = TW_NEW(NULL, bench.count, tw_trade);
    require(bench.trades != NULL && bench.count > 0, "memory");
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    private_postgres_address(bench.server, "public", address, sizeof address);
    bench.conn = PQconnectdb(address);
    sql(&bench, "SET client_min_messages = warning");
    make_trades(&bench);
    write_files(&bench);
    for (int run = 0; run < RUN_COUNT; run++) {
        for (size_t i = 0; i < ROW_COUNT; i++)
            took[i][run] = rows[i].run(&bench);
    }
    printf("%zu trades, median of %d\n", bench.count, RUN_COUNT);
    for (size_t i = 0; i < ROW_COUNT; i++)
        qsort(took[i], RUN_COUNT, sizeof(double), compare);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        double median = took[i][RUN_COUNT / 2];
        double ratio = took[rows[i].beside][RUN_COUNT / 2] / median;
        if (rows[i].per_row)
            printf("%-42s %10.0f rows/s   %5.2f x psql   (%.2f to %.2f s)\n", rows[i].name,
                   (double)bench.count / median * 1e9, ratio, took[i][0] / 1e9,
                   took[i][RUN_COUNT - 1] / 1e9);
        else
            printf("%-42s %10.2f ms       %5.2f x bare   (%.2f to %.2f s)\n", rows[i].name,
                   median / SYMBOL_COUNT / 1e6, ratio, took[i][0] / 1e9,
                   took[i][RUN_COUNT - 1] / 1e9);
    }
    PQfinish(bench.conn);
    TW_DELETE(NULL, bench.trades, bench.count, tw_trade);
    tw_symbols_free(bench.symbols);
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", bench.folder);
    int removed = system(command);
    private_postgres_stop(bench.server);
    return removed == 0 ? 0 : 1;
}
