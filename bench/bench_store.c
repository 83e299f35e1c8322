/*
 * bench_store.c - how fast trades come into a file and their sums out, beside those who do less.
 *
 *     bench_store [ROWS [TRADES.csv]]      default 1,000,000 rows, made by this program
 *
 * Import: a CSV of trades into an indexed table, on the disk when the clock stops. Beside ours run,
 * in turn and five times each:
 *     bare loop   one prepared statement, one transaction, the same tables, the same durability,
 * and a parser that checks nothing shell       the sqlite3 program's .import, into a table with an
 * index on (symbol, ts_ns) python      peer_sqlite_import.py: executemany in one transaction a
 * commit    each row committed and synced by itself, over the first 2,000 rows What is not
 * installed is left out and said. Journal: records of the size of an intent, in batches.
 * Statistics: a miss beside one aggregate query of the same rows, and a hit. Nothing is asserted
 * about time; look at the ratios, which come from one run.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/random.h"
#include "tradewind/store.h"
#include "tradewind/tape.h"
#include "tradewind/time.h"

enum {
    RUN_COUNT = 5,
    SYMBOL_COUNT = 100,
    COMMIT_ROWS = 2000,
    PUT_ROWS = 4096,
    BATCH_ROWS = 250000
};

static char folder[] = "/tmp/tradewind-bench-XXXXXX";
static char csv_path[512];
static uint64_t row_count = 1000000;

static void require_ok(tw_status status, const tw_error *error) {
    if (status == TW_OK)
        return;
    fprintf(stderr, "bench_store: %s\n", error->message);
    exit(1);
}

static double now_s(void) {
    return (double)tw_time_monotonic_ns() / 1e9;
}

static const char *in_folder(const char *name, char path[600]) {
    snprintf(path, 600, "%s/%s", folder, name);
    return path;
}

static void remove_database(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    char name[700];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name); /* may not be there */
    }
    sync();
}

/* ---- input: the shape of a trading week of 100 symbols, interleaved and in time order ---- */

static void make_csv(void) {
    FILE *out = fopen(csv_path, "w");
    require(out != NULL, "making the input");
    tw_random random;
    tw_random_init(&random, 101, 1);
    int64_t cents[SYMBOL_COUNT];
    for (int i = 0; i < SYMBOL_COUNT; i++)
        cents[i] = 10000 + 500 * i;
    int64_t time_ns = INT64_C(1704067200) * TW_NS_PER_SECOND;
    fprintf(out, "ts_ns,symbol,price,size,side\n");
    for (uint64_t i = 0; i < row_count; i++) {
        time_ns += (int64_t)tw_random_below(&random, 864000000);
        uint64_t symbol = tw_random_below(&random, SYMBOL_COUNT);
        cents[symbol] += (int64_t)tw_random_below(&random, 5) - 2;
        fprintf(out, "%" PRId64 ",SYM%02d,%" PRId64 ".%02d,%d,%c\n", time_ns, (int)symbol,
                cents[symbol] / 100, (int)(cents[symbol] % 100),
                1 + (int)tw_random_below(&random, 500), "BS"[tw_random_below(&random, 2)]);
    }
    require(fclose(out) == 0, "writing the input");
}

/* ---- imports ---- */

typedef double (*import_run)(void);

static double import_ours(void) {
    char path[600];
    remove_database(in_folder("ours.db", path));
    static tw_trade trades[PUT_ROWS];
    tw_error error = {0};
    double begin = now_s();
    tw_symbols *symbols = NULL;
    tw_tape *tape = NULL;
    tw_store *store = NULL;
    require(tw_symbols_new(NULL, 1024, &symbols) == TW_OK, "memory");
    const tw_tape_config from = {.path = csv_path, .format = TW_TAPE_TRADES, .symbols = symbols};
    const tw_store_config to = {
        .path = path, .symbols = symbols, .batch_rows = BATCH_ROWS, .mode = TW_STORE_WRITE};
    require_ok(tw_tape_open(&from, &tape, &error), &error);
    require_ok(tw_store_open(&to, &store, &error), &error);
    for (tw_status status = TW_OK; status == TW_OK;) {
        size_t count = 0;
        status = tw_tape_next_trades(tape, trades, PUT_ROWS, &count, &error);
        if (status == TW_EMPTY)
            break;
        require_ok(status, &error);
        tw_status put = tw_store_put_trades(store, trades, count, &error);
        if (put == TW_FULL) {
            require_ok(tw_store_commit(store, TW_STORE_NORMAL, &error), &error);
            put = tw_store_put_trades(store, trades, count, &error);
        }
        require_ok(put, &error);
    }
    require_ok(tw_store_commit(store, TW_STORE_FULL, &error), &error);
    require_ok(tw_store_close(store, &error), &error);
    tw_tape_close(tape);
    tw_symbols_free(symbols);
    return now_s() - begin;
}

static void run_sql(sqlite3 *db, const char *text) {
    if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK)
        return;
    fprintf(stderr, "bench_store: %s: %s\n", text, sqlite3_errmsg(db));
    exit(1);
}

static const char bare_tables[] =
    "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -262144;"
    "CREATE TABLE symbols(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE trades(symbol INTEGER NOT NULL, time_ns INTEGER NOT NULL, id INTEGER NOT NULL,"
    " exchange INTEGER NOT NULL, place INTEGER NOT NULL, price INTEGER NOT NULL,"
    " quantity INTEGER NOT NULL, side INTEGER NOT NULL, tape INTEGER NOT NULL,"
    " conditions TEXT NOT NULL,"
    " PRIMARY KEY(symbol, time_ns, id, exchange, place)) STRICT, WITHOUT ROWID;";

static const char bare_insert[] =
    "INSERT INTO trades(symbol, time_ns, id, exchange, place, price, quantity, side, tape, "
    "conditions) VALUES(?1, ?2, 0, 0, 0, ?3, ?4, ?5, 0, '')";

/* A line of the input, believed as it is. */
static void bind_line(sqlite3_stmt *insert, char *line) {
    char *at = line;
    sqlite3_bind_int64(insert, 2, strtoll(at, &at, 10));
    sqlite3_bind_int64(insert, 1, strtol(at + 4, &at, 10) + 1); /* ",SYM07" is number 8 */
    int64_t whole = strtoll(at + 1, &at, 10);
    int64_t cents = strtoll(at + 1, &at, 10);
    sqlite3_bind_int64(insert, 3, whole * TW_NANO + cents * (TW_NANO / 100));
    sqlite3_bind_int64(insert, 4, strtoll(at + 1, &at, 10) * TW_NANO);
    sqlite3_bind_int64(insert, 5, at[1] == 'B' ? TW_SIDE_BUY : TW_SIDE_SELL);
}

static void insert_lines(sqlite3 *db, uint64_t count, bool commit_each) {
    FILE *in = fopen(csv_path, "r");
    require(in != NULL, "opening the input");
    char line[256];
    sqlite3_stmt *insert = NULL;
    require(sqlite3_prepare_v2(db, bare_insert, -1, &insert, NULL) == SQLITE_OK, "preparing");
    require(fgets(line, sizeof line, in) != NULL, "reading the header");
    if (!commit_each)
        run_sql(db, "BEGIN");
    for (uint64_t i = 0; i < count && fgets(line, sizeof line, in) != NULL; i++) {
        bind_line(insert, line);
        require(sqlite3_step(insert) == SQLITE_DONE, "inserting");
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    if (!commit_each)
        run_sql(db, "COMMIT");
    fclose(in);
}

static double import_bare_rows(uint64_t count, bool commit_each) {
    char path[600];
    remove_database(in_folder("bare.db", path));
    double begin = now_s();
    sqlite3 *db = NULL;
    require(sqlite3_open(path, &db) == SQLITE_OK, "opening a database");
    run_sql(db, bare_tables);
    for (int i = 0; i < SYMBOL_COUNT; i++) {
        char text[80];
        snprintf(text, sizeof text, "INSERT INTO symbols VALUES(%d, 'SYM%02d')", i + 1, i);
        run_sql(db, text);
    }
    insert_lines(db, count, commit_each);
    run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    require(sqlite3_close(db) == SQLITE_OK, "closing a database");
    return now_s() - begin;
}

static double import_bare(void) {
    return import_bare_rows(row_count, false);
}

static double import_row_by_row(void) {
    return import_bare_rows(COMMIT_ROWS, true) * (double)row_count / COMMIT_ROWS;
}

static double import_shell(void) {
    char path[600];
    char command[2048];
    remove_database(in_folder("shell.db", path));
    snprintf(command, sizeof command,
             "sqlite3 '%s' 'PRAGMA journal_mode = WAL' 'PRAGMA synchronous = FULL' "
             "'CREATE TABLE trades(ts_ns INTEGER, symbol TEXT, price REAL, size INTEGER, "
             "side TEXT)' 'CREATE INDEX trades_symbol_time ON trades(symbol, ts_ns)' "
             "'.import --csv --skip 1 \"%s\" trades' 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null",
             path, csv_path);
    double begin = now_s();
    require(system(command) == 0, "the sqlite3 program");
    return now_s() - begin;
}

/* The peer stands beside this source; the build says where. */
static double import_python(void) {
    char path[600];
    char command[2048];
    double seconds = 0;
    remove_database(in_folder("python.db", path));
    snprintf(command, sizeof command, "python3 '%s/peer_sqlite_import.py' '%s' '%s'",
             BENCH_SOURCE_FOLDER, csv_path, path);
    FILE *out = popen(command, "r");
    require(out != NULL && fscanf(out, "%lf", &seconds) == 1 && pclose(out) == 0,
            "the Python peer");
    return seconds;
}

static bool installed(const char *program) {
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null", program);
    return system(command) == 0;
}

typedef struct import_row {
    const char *name;
    import_run run;
    const char *program; /* that it needs, or NULL */
    double seconds[RUN_COUNT];
} import_row;

static int by_size(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *seconds) {
    qsort(seconds, RUN_COUNT, sizeof *seconds, by_size);
    return seconds[RUN_COUNT / 2];
}

static void bench_imports(void) {
    import_row rows[] = {{.name = "ours", .run = import_ours},
                         {.name = "bare loop", .run = import_bare},
                         {.name = "sqlite3 shell", .run = import_shell, .program = "sqlite3"},
                         {.name = "python executemany", .run = import_python, .program = "python3"},
                         {.name = "a commit a row", .run = import_row_by_row}};
    enum { COUNT = sizeof rows / sizeof rows[0] };
    for (int run = -1; run < RUN_COUNT; run++) { /* the first is the warm-up */
        for (int i = 0; i < COUNT; i++) {
            bool there = rows[i].program == NULL || installed(rows[i].program);
            double seconds = there ? rows[i].run() : 0;
            if (run >= 0)
                rows[i].seconds[run] = seconds;
        }
    }
    double ours = median(rows[0].seconds);
    printf("import of %" PRIu64 " trades, durable, medians of %d\n", row_count, RUN_COUNT);
    printf("%-20s %12s %12s %12s %10s\n", "", "rows/s", "least", "most", "ours is");
    for (int i = 0; i < COUNT; i++) {
        double middle = median(rows[i].seconds);
        if (middle == 0) {
            printf("%-20s not installed\n", rows[i].name);
            continue;
        }
        double count = (double)row_count;
        printf("%-20s %12.0f %12.0f %12.0f %9.2fx\n", rows[i].name, count / middle,
               count / rows[i].seconds[RUN_COUNT - 1], count / rows[i].seconds[0], middle / ours);
    }
}

/* ---- statistics ---- */

static const char bare_query[] =
    "SELECT count(*), min(price), max(price), avg(price), sum(quantity), "
    "sum(price * 1.0 * quantity) / sum(quantity) FROM trades "
    "WHERE symbol = ?1 AND time_ns >= ?2 AND time_ns < ?3";

enum { DAY_COUNT = 5, QUERY_COUNT = DAY_COUNT * SYMBOL_COUNT, HIT_COUNT = 1000000 };

static double run_bare_queries(sqlite3 *db, int64_t first_ns, uint64_t *ret_rows) {
    sqlite3_stmt *query = NULL;
    require(sqlite3_prepare_v2(db, bare_query, -1, &query, NULL) == SQLITE_OK, "preparing");
    double begin = now_s();
    for (int i = 0; i < QUERY_COUNT; i++) {
        int64_t from_ns = first_ns + i / SYMBOL_COUNT * TW_NS_PER_DAY;
        sqlite3_bind_int64(query, 1, i % SYMBOL_COUNT + 1);
        sqlite3_bind_int64(query, 2, from_ns);
        sqlite3_bind_int64(query, 3, from_ns + TW_NS_PER_DAY);
        require(sqlite3_step(query) == SQLITE_ROW, "querying");
        *ret_rows += (uint64_t)sqlite3_column_int64(query, 0);
        sqlite3_reset(query);
    }
    double seconds = now_s() - begin;
    sqlite3_finalize(query);
    return seconds;
}

static double run_our_queries(tw_store *store, int64_t first_ns, uint64_t *ret_rows) {
    tw_error error = {0};
    double begin = now_s();
    for (int i = 0; i < QUERY_COUNT; i++) {
        int64_t from_ns = first_ns + i / SYMBOL_COUNT * TW_NS_PER_DAY;
        tw_store_stats stats;
        require_ok(tw_store_symbol_stats(store, (tw_symbol)(i % SYMBOL_COUNT), from_ns,
                                         from_ns + TW_NS_PER_DAY, &stats, &error),
                   &error);
        *ret_rows += stats.count;
    }
    return now_s() - begin;
}

/* Hits, over all periods again and again. */
static double run_hits(tw_store *store, int64_t first_ns) {
    tw_error error = {0};
    double begin = now_s();
    for (int i = 0; i < HIT_COUNT; i++) {
        int64_t from_ns = first_ns + i % QUERY_COUNT / SYMBOL_COUNT * TW_NS_PER_DAY;
        tw_store_stats stats;
        require_ok(tw_store_symbol_stats(store, (tw_symbol)(i % SYMBOL_COUNT), from_ns,
                                         from_ns + TW_NS_PER_DAY, &stats, &error),
                   &error);
        require(stats.cached, "remembering");
    }
    return now_s() - begin;
}

static tw_status ignore_symbol(void *context, tw_symbol symbol, const char *name) {
    (void)context;
    (void)symbol;
    (void)name;
    return TW_OK;
}

static void bench_statistics(void) {
    char path[600];
    tw_error error = {0};
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    sqlite3 *db = NULL;
    require(tw_symbols_new(NULL, 1024, &symbols) == TW_OK, "memory");
    tw_store_config config = {.path = in_folder("ours.db", path), .symbols = symbols};
    require_ok(tw_store_open(&config, &store, &error), &error);
    tw_cache *cache = NULL;
    tw_store *remembering = NULL;
    require(tw_store_statistics_cache(NULL, 10000, 0, &cache) == TW_OK, "memory");
    config.statistics = cache;
    require_ok(tw_store_open(&config, &remembering, &error), &error);
    require_ok(tw_store_read_symbols(store, ignore_symbol, NULL, &error), &error);
    require(sqlite3_open(path, &db) == SQLITE_OK, "opening a database");
    run_sql(db, "PRAGMA cache_size = -262144");
    double bare[RUN_COUNT];
    double ours[RUN_COUNT];
    double hits[RUN_COUNT];
    int64_t first_ns = INT64_C(1704067200) * TW_NS_PER_SECOND;
    for (int run = -1; run < RUN_COUNT; run++) {
        uint64_t bare_rows = 0;
        uint64_t our_rows = 0;
        double bare_seconds = run_bare_queries(db, first_ns, &bare_rows);
        double our_seconds = run_our_queries(store, first_ns, &our_rows);
        require(bare_rows == our_rows, "counting the same rows");
        (void)run_our_queries(remembering, first_ns, &our_rows);
        double hit_seconds = run_hits(remembering, first_ns);
        if (run >= 0) {
            hits[run] = hit_seconds;
            bare[run] = bare_seconds;
            ours[run] = our_seconds;
        }
    }
    double bare_us = median(bare) / QUERY_COUNT * 1e6;
    double our_us = median(ours) / QUERY_COUNT * 1e6;
    printf("\nstatistics of a symbol and day, %.0f rows each, medians of %d\n",
           (double)row_count / QUERY_COUNT, RUN_COUNT);
    printf("%-20s %12.1f us\n", "bare SQL", bare_us);
    printf("%-20s %12.1f us %9.2fx of the bare SQL\n", "a miss", our_us, our_us / bare_us);
    double hit_us = median(hits) / HIT_COUNT * 1e6;
    printf("%-20s %12.3f us %9.0fx faster than a miss\n", "a hit", hit_us, our_us / hit_us);
    require(sqlite3_close(db) == SQLITE_OK, "closing a database");
    tw_store_free(remembering);
    tw_cache_free(cache);
    tw_store_free(store);
    tw_symbols_free(symbols);
}

/* ---- the journal ---- */

enum { RECORD_COUNT = 200000, RECORD_BATCH = 1000 };

/* An intent as the engine writes it: some 250 bytes. */
static const char intent[] =
    "{\"order\":\"tradewind-0123456789abcdef-1234\",\"symbol\":\"SYM07\",\"side\":\"buy\","
    "\"quantity\":\"120\",\"limit\":\"101.25\",\"why\":\"plan\",\"mark\":\"101.2\","
    "\"weight\":0.0123456789,\"target\":0.0234567891,\"decision\":123456}";

static double append_records(void) {
    char path[600];
    remove_database(in_folder("journal.db", path));
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    tw_error error = {0};
    require(tw_symbols_new(NULL, 16, &symbols) == TW_OK, "memory");
    const tw_store_config config = {.path = path, .symbols = symbols, .mode = TW_STORE_WRITE};
    require_ok(tw_store_open(&config, &store, &error), &error);
    double begin = now_s();
    for (uint64_t i = 1; i <= RECORD_COUNT; i++) {
        const tw_store_record record = {.sequence = i,
                                        .time_ns = (int64_t)i,
                                        .kind = tw_slice_of("intent"),
                                        .payload = {intent, sizeof intent - 1}};
        require_ok(tw_store_append_journal(store, &record, 1, &error), &error);
        if (i % RECORD_BATCH == 0)
            require_ok(tw_store_commit(store, TW_STORE_FULL, &error), &error);
    }
    double seconds = now_s() - begin;
    require_ok(tw_store_close(store, &error), &error);
    tw_symbols_free(symbols);
    return seconds;
}

static void bench_journal(void) {
    double seconds[RUN_COUNT];
    (void)append_records();
    for (int run = 0; run < RUN_COUNT; run++)
        seconds[run] = append_records();
    double middle = median(seconds);
    printf("\njournal: %d records of %zu bytes, %d a durable batch, medians of %d\n", RECORD_COUNT,
           sizeof intent - 1, RECORD_BATCH, RUN_COUNT);
    printf("%-20s %12.0f records/s\n", "append", RECORD_COUNT / middle);
}

int main(int argc, char **argv) {
    if (argc > 1)
        row_count = strtoull(argv[1], NULL, 10);
    require(row_count >= COMMIT_ROWS, "the number of rows must be at least 2000; that");
    require(mkdtemp(folder) != NULL, "making a folder");
    if (argc > 2)
        snprintf(csv_path, sizeof csv_path, "%s", argv[2]);
    else
        snprintf(csv_path, sizeof csv_path, "%s/trades.csv", folder);
    if (argc <= 2)
        make_csv();
    bench_imports();
    bench_statistics();
    bench_journal();
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    require(system(command) == 0, "removing the folder");
    return 0;
}
