/*
 * store.h - rows that stay: market data, orders, fills, positions, runs and the journal.
 *
 * One store is a SQLite file, or a schema of a PostgreSQL database: a path that begins with
 * postgresql:// or postgres:// is the address of a server, anything else a file. One process
 * writes, many read.
 *
 *     tw_store_config config = {.path = "ticks.db", .mode = TW_STORE_WRITE, .symbols = symbols};
 *     tw_store *store = NULL;
 *     if (tw_store_open(&config, &store, &error) != TW_OK) ...
 *     tw_store_put_trades(store, trades, count, &error);
 *     tw_store_commit(store, TW_STORE_NORMAL, &error);
 *     tw_store_close(store, &error);
 *
 * Batches. The first put opens a batch; everything put until tw_store_commit becomes visible and
 * durable together or not at all. A batch holds at most `batch_rows` rows; a put that would go over
 * writes nothing and returns TW_FULL: commit, then put again. Closing without a commit drops the
 * batch.
 *
 *     READY --put, append--> BATCH --commit--> READY
 *     BATCH --drop--> READY
 *     BATCH --put or commit runs out of space--> ABORTED --drop--> READY
 *     BATCH --a server stays away beyond busy_timeout_ns--> ABORTED --drop--> READY
 *     any   --put or commit meets an I/O error or damage--> FAILED (only close is left)
 *
 * In ABORTED every put and commit repeats the error that lost the batch, so that nobody commits
 * half of what he thinks he put; in FAILED every write repeats the first error for good, because
 * after a failed write or sync nobody knows what the disk holds. Reads go on in both.
 *
 * Durability. TW_STORE_FULL: the batch is on the disk before commit returns. TW_STORE_NORMAL: a
 * crash of the program (kill -9 included) loses nothing that was committed; a power cut or a crash
 * of the operating system may lose the newest commits, as a whole and from the newest backwards,
 * but never damages the file. A batch with journal records, orders, fills or runs is always
 * committed FULL, whatever was asked. A FULL commit also makes every earlier NORMAL one durable.
 * The same holds of a server, where "a power cut" is one of the server's machine or the kill of its
 * processes; a handle that meets a server which has lost commits so is FAILED (TW_IO) and says how
 * many.
 *
 * Servers. What is put waits in the handle and is sent when it is committed, read, or large; a
 * batch is therefore counted (figures) when it is sent. A lost connection is made again, and the
 * batch sent again as a whole, for busy_timeout_ns; it is in the store once or not at all. If then
 * the server is still away, commit returns TW_UNREACHABLE and the batch is lost (ABORTED), or
 * TW_UNKNOWN (FAILED) when the server may have committed it without having been able to say so:
 * open the store again and look. Collisions (serialisation failures, deadlocks) are repeated, too.
 * A writer whose connection was lost, and which another program has replaced meanwhile, can commit
 * nothing more: TW_STATE. A password in a path is never shown in an error.
 *
 * Journal. Each record carries a checksum over itself and the checksum before it, 64 bits without a
 * key, so that damage is noticed (store_chain.h has the rule). A record of before schema 3 has none
 * and is taken as it is; the chain begins behind the last of them. What is checked, and when: a
 * read that says so checks what it hands over, tw_store_verify_journal everything; open checks
 * nothing. Records that were taken off the end as a whole leave nothing that could be noticed. One
 * writer makes the chain: it is carried in the handle, and goes back with a batch that is given up.
 *
 * Symbols. Records carry indexes of the tw_symbols given at open; the file keeps its own ids and
 * the names. A read adds names it meets to that table, so it counts as the adding thread.
 *
 * Memory: the handle, its symbol maps and, of a writer of a file, 17 MB for market rows that wait
 * for their commit come from the allocator, at open (the system's touches them only as they are
 * used); the database library uses the C library's heap, at most about 20 MB a handle. Reads
 * stream: one row at a time. With a server the rows of a batch are kept as well (about 100 bytes
 * each, 1 GiB at most), from the allocator, as they come. Cost: about a million rows/s put; a FULL
 * commit is one disk sync (about 0.2 ms on NVMe). Server: about 600,000 rows/s in bulk; a small
 * batch is one round trip. Threads: a handle belongs to one thread at a time. Give each reading
 * thread its own handle. A store that is open must not be carried over fork(): open it in the
 * child.
 */
#ifndef TRADEWIND_STORE_H
#define TRADEWIND_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/cache.h"
#include "tradewind/error.h"
#include "tradewind/market.h"
#include "tradewind/text.h"
#include "tradewind/wait.h"

#define TW_STORE_VERSION 3 /* of the schema; newer files are refused */
#define TW_STORE_BATCH_ROWS_DEFAULT 100000
#define TW_STORE_BATCH_ROWS_MAX 1000000
#define TW_STORE_SYMBOL_COUNT_DEFAULT 65536
#define TW_STORE_CHECKPOINT_PAGES_DEFAULT 4096
#define TW_STORE_PAGE_SIZE_DEFAULT 4096
#define TW_STORE_PAYLOAD_SIZE_MAX 1048576 /* bytes of a journal payload or a run's report */
#define TW_STORE_KIND_SIZE_MAX 31         /* bytes of a journal kind */
#define TW_STORE_HASH_SIZE 32
#define TW_STORE_MASK_SIZE 17 /* that a path takes more when it is masked, and the NUL */

typedef struct tw_store tw_store;

typedef enum tw_store_mode { TW_STORE_READ = 0, TW_STORE_WRITE = 1 } tw_store_mode;
typedef enum tw_store_durability { TW_STORE_NORMAL = 0, TW_STORE_FULL = 1 } tw_store_durability;

/* What is opened and how. Zero means the default everywhere; only path and symbols must be set. */
typedef struct tw_store_config {
    const char *path;      /* of a file, or postgresql://USER@HOST/DATABASE?... */
    tw_symbols *symbols;   /* borrowed until close */
    tw_lock *symbols_lock; /* when handles of several threads share `symbols`: names are added under
                            * it; else NULL. Borrowed until close */
    const tw_allocator *allocator;
    tw_cache *statistics;      /* of tw_store_statistics_cache, shared by handles of this one store;
                                * NULL: symbol statistics are not remembered. Borrowed until close */
    uint64_t epoch;            /* of a new store; 0: a random one */
    uint64_t size_max;         /* bytes of a file before TW_NO_SPACE; 0: what the disk has */
    int64_t busy_timeout_ns;   /* to wait for another's short lock or a lost server; 0: 5 s */
    uint32_t batch_rows;       /* rows of a batch */
    uint32_t symbol_count_max; /* symbols of the file and of the table */
    uint32_t checkpoint_pages; /* of a file's write-ahead log before it is moved into the file */
    uint32_t page_size;        /* bytes, of a new file: a power of two from 512 to 65536. Large ones
                                * make loads quicker and small commits dearer */
    uint8_t mode;              /* tw_store_mode */
    uint8_t reserved[7];
} tw_store_config;

/* One fact of the journal. Both slices are borrowed for the call. */
typedef struct tw_store_record {
    uint64_t sequence; /* 1, 2, 3 ... without a gap */
    int64_t time_ns;
    tw_slice kind;    /* 1 to 31 of a-z 0-9 . _ - */
    tw_slice payload; /* UTF-8 text without NUL, usually one JSON object */
} tw_store_record;

/* One run of a program. The slices are borrowed for the call. */
typedef struct tw_store_run {
    int64_t id; /* 0 in a put: the next free one */
    int64_t started_ns;
    int64_t ended_ns; /* 0 while it runs */
    uint64_t seed;
    tw_slice venue;
    tw_slice strategy;
    tw_slice report; /* a JSON document, or empty */
} tw_store_run;

/* Which rows a read gives: from_ns <= time < to_ns. */
typedef struct tw_store_range {
    int64_t from_ns;
    int64_t to_ns;        /* INT64_MAX: no end */
    int64_t timeframe_ns; /* bars only; 0: every timeframe */
    tw_symbol symbol;     /* TW_SYMBOL_NONE: every symbol */
    uint32_t reserved;
} tw_store_range;

/* An exact total that may go beyond int64_t at 1e-9: whole + nano x 1e-9, 0 <= nano < 1e9. */
typedef struct tw_store_total {
    int64_t whole;
    int64_t nano;
} tw_store_total;

/* What the trades of one symbol in a range add up to. With count 0 everything is zero. */
typedef struct tw_store_stats {
    uint64_t count;
    tw_store_total volume;   /* exact */
    tw_store_total notional; /* sum of price x quantity, exact to 1e-18, then to nearest 1e-9 */
    tw_price vwap;           /* to nearest, ties to even */
    tw_price open;           /* of the first trade in (time, id, exchange, arrival) order */
    tw_price high;
    tw_price low;
    tw_price close;
    double mean;   /* of the prices, each trade counted once */
    double stddev; /* population (divided by count), of the prices */
    int64_t first_ns;
    int64_t last_ns;
    bool cached; /* remembered, not added up now */
    uint8_t reserved[7];
} tw_store_stats;

typedef enum tw_store_table {
    TW_STORE_SYMBOLS,
    TW_STORE_TRADES,
    TW_STORE_QUOTES,
    TW_STORE_BARS,
    TW_STORE_ORDERS,
    TW_STORE_FILLS,
    TW_STORE_POSITIONS,
    TW_STORE_RUNS,
    TW_STORE_JOURNAL,
    TW_STORE_IMPORTS
} tw_store_table;
#define TW_STORE_TABLE_COUNT 10

/* What a handle has done and where it stands; for metrics and the log. */
typedef struct tw_store_figures {
    uint64_t rows_put;         /* rows new or changed, in committed batches and what the database
                                * has of the open one; market rows wait until it ends or is read */
    uint64_t rows_skipped;     /* rows that were there already (a server: once they are sent) */
    uint64_t commits;          /* batches committed */
    uint64_t syncs;            /* of them FULL */
    uint64_t checkpoints;      /* that moved the whole log */
    uint64_t checkpoints_busy; /* that a reader, or the want of room or memory, held up */
    uint64_t reconnects;       /* a server: connections lost and made again */
    uint64_t retries;          /* a server: batches or reads sent again */
    uint32_t log_pages;        /* of the write-ahead log after the last commit */
    uint32_t batch_rows;       /* rows in the open batch */
    uint32_t migrated_from;    /* the schema that this open brought up to date; 0: none */
    bool recovered;            /* the last writer did not close; its committed rows are here */
    uint8_t reserved[3];
} tw_store_figures;

/* What is wrong with a journal. */
typedef enum tw_store_damage {
    TW_STORE_SOUND = 0,
    TW_STORE_CHANGED = 1,   /* a record is not what was written, or its checksum is not */
    TW_STORE_MISSING = 2,   /* a record that others follow is not there */
    TW_STORE_MISPLACED = 3, /* records stand before the first one */
    TW_STORE_UNREADABLE = 4 /* the database cannot read a record */
} tw_store_damage;

/* What tw_store_verify_journal has found. */
typedef struct tw_store_journal_state {
    uint64_t record_count; /* read */
    uint64_t unchained;    /* of them from before checksums: only their sequence was checked */
    uint64_t damaged_from; /* the first sequence that is damaged; 0: none */
    uint64_t following;    /* records that are there from damaged_from on, and misplaced ones */
    uint64_t sound_behind; /* of them those that follow rightly upon the one before them */
    uint64_t quarantined;  /* records that were set aside in the past */
    uint8_t damage;        /* tw_store_damage, of damaged_from */
    bool at_end;           /* changed, and nothing sound behind it: what a torn write leaves */
    uint8_t reserved[6];
} tw_store_journal_state;

/* How far the import of one source (a file) has come. */
typedef struct tw_store_import {
    tw_slice name;      /* of the source, chosen by the importer (2 KiB suit every database);
                         * borrowed for the call */
    uint64_t row_count; /* read from it so far */
    uint64_t size;      /* bytes read from it so far */
    uint64_t checksum;  /* over those bytes, by whatever rule the importer has */
} tw_store_import;

/* What a store is made of. */
typedef struct tw_store_description {
    int64_t schema_version;
    uint64_t size;      /* bytes on the disk, without the log */
    uint64_t log_size;  /* bytes of a file's write-ahead log */
    uint64_t free_size; /* bytes that vacuum would give back; a server does not tell: 0 */
} tw_store_description;

/* A read calls one of these for each row; the record is borrowed for the call. TW_OK goes on,
 * anything else ends the read, which then returns it. The callback may read other kinds of rows
 * from the same handle but not write to it. */
typedef tw_status (*tw_store_on_symbol)(void *context, tw_symbol symbol, const char *name);
typedef tw_status (*tw_store_on_trade)(void *context, const tw_trade *trade);
typedef tw_status (*tw_store_on_quote)(void *context, const tw_quote *quote);
typedef tw_status (*tw_store_on_bar)(void *context, const tw_bar *bar);
typedef tw_status (*tw_store_on_order)(void *context, const tw_order *order);
typedef tw_status (*tw_store_on_fill)(void *context, const tw_fill *fill);
typedef tw_status (*tw_store_on_position)(void *context, int64_t time_ns,
                                          const tw_position *position);
typedef tw_status (*tw_store_on_run)(void *context, const tw_store_run *run);
typedef tw_status (*tw_store_on_record)(void *context, const tw_store_record *record);

TW_BEGIN_DECLS

/*
 * Opens a store. For writing, a missing file (on a server: schema) is made. TW_BUSY: another writer
 * has it (the sentence names the store and the process), or the server has no connection free.
 * TW_VERSION: a newer program wrote it. TW_INVALID: the path is a directory or no address, or what
 * is there is not a store of this program. TW_CORRUPT: it is damaged. TW_NOT_FOUND (reading, or no
 * such directory or database), TW_PERMISSION, TW_READ_ONLY (a standby), TW_NO_SPACE, TW_IO,
 * TW_NO_MEMORY. TW_UNREACHABLE, TW_AUTH: of a server. Nothing is left open.
 */
TW_API tw_status tw_store_open(const tw_store_config *config, tw_store **ret_store,
                               tw_error *error) TW_MUST_CHECK;

/* Drops an open batch, moves the log into the file and closes. The handle is gone whatever is
 * returned; an error says that the log stayed beside the file (nothing committed is lost).
 * NULL is accepted. */
TW_API tw_status tw_store_close(tw_store *store, tw_error *error);

/* tw_store_close for those who do not look: half-made programs and TW_AUTO. */
TW_API void tw_store_free(tw_store *store);

/* The number made when the store was: part of every client order id, so that two stores never
 * name the same order. Never 0. */
TW_API uint64_t tw_store_epoch(const tw_store *store);

/* How many times damaged records were set aside (tw_store_quarantine_journal) when this handle was
 * opened or since by itself. What was in them is in doubt, so numbers that they gave out must not
 * be given again: client order ids go on from this number times 2^32. */
TW_API uint64_t tw_store_quarantines(const tw_store *store);

/* The path as errors name it: a password in the address of a server is hidden. */
TW_API const char *tw_store_path(const tw_store *store);

/* Is it the address of a server? Everything else is a file. */
TW_API bool tw_store_is_server(const char *path);

/* Writes a path as it may be shown, with passwords hidden if it is an address of any kind, and
 * returns ret_text. What does not fit is cut: strlen(path) + TW_STORE_MASK_SIZE is enough. */
TW_API const char *tw_store_mask(const char *path, char *ret_text, size_t capacity);

/* "SQLite 3.40.1", "PostgreSQL 15.18". */
TW_API const char *tw_store_backend(const tw_store *store);

/* Known faults of that version of the backend which this store keeps away, as key=value for the
 * log and the report of a run: "wal_reset_race=avoided". Empty when it has none. */
TW_API const char *tw_store_precautions(const tw_store *store);

TW_API void tw_store_read_figures(const tw_store *store, tw_store_figures *ret_figures);

/*
 * Puts rows into the batch. All of them check every row first: TW_INVALID (the sentence names the
 * row and the field) writes nothing. TW_FULL: over batch_rows, or too many symbols; nothing is
 * written. TW_READ_ONLY: the handle reads. TW_NO_SPACE, TW_IO, TW_CORRUPT, TW_NO_MEMORY, and of a
 * server TW_UNREACHABLE, TW_TIMEOUT, TW_BUSY, TW_STATE, and TW_RANGE (text that its encoding does
 * not have): the whole batch is lost (see the states above). `count` may be 0.
 *
 * Trades: the key is (symbol, time, id, exchange); a row whose key is there is skipped. Trades
 * without an id (0), and all quotes, are told apart by their place among those of the same symbol
 * and time as they arrive: putting a time-ordered series again, from its start, skips all of it.
 */
TW_API tw_status tw_store_put_trades(tw_store *store, const tw_trade *trades, size_t count,
                                     tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_put_quotes(tw_store *store, const tw_quote *quotes, size_t count,
                                     tw_error *error) TW_MUST_CHECK;

/* Says that what follows comes from its start again (another file, a repeated request): places
 * are counted anew. Needed only if a series of one single time may repeat. */
TW_API void tw_store_begin_series(tw_store *store);

/* The key is (symbol, timeframe, start). The same or a later revision replaces; an earlier one,
 * and an equal bar, is skipped. */
TW_API tw_status tw_store_put_bars(tw_store *store, const tw_bar *bars, size_t count,
                                   tw_error *error) TW_MUST_CHECK;

/* The key is client_order_id; a later put replaces the whole order. */
TW_API tw_status tw_store_put_orders(tw_store *store, const tw_order *orders, size_t count,
                                     tw_error *error) TW_MUST_CHECK;

/* The key is (client_order_id, execution_id); a fill that is there is skipped. A venue may use the
 * same execution id again, for another order (a simulated one does after each start). */
TW_API tw_status tw_store_put_fills(tw_store *store, const tw_fill *fills, size_t count,
                                    tw_error *error) TW_MUST_CHECK;

/* A snapshot of `run` at `time_ns`; a position of the same run, time and symbol is replaced. */
TW_API tw_status tw_store_put_positions(tw_store *store, int64_t run, int64_t time_ns,
                                        const tw_position *positions, size_t count,
                                        tw_error *error) TW_MUST_CHECK;

/* Adds a run or replaces the one of its id. `ret_id` may be NULL. */
TW_API tw_status tw_store_put_run(tw_store *store, const tw_store_run *run, int64_t *ret_id,
                                  tw_error *error) TW_MUST_CHECK;

/* Appends records. Their sequences go on from tw_store_last_sequence by one each, or nothing is
 * written (TW_INVALID). Follow with tw_store_commit(FULL) before acting on what they say. */
TW_API tw_status tw_store_append_journal(tw_store *store, const tw_store_record *records,
                                         size_t count, tw_error *error) TW_MUST_CHECK;

/* Notes how far an import has come, in the batch that holds its rows, so that both are there or
 * neither: an importer that was stopped goes on from what tw_store_find_import says. */
TW_API tw_status tw_store_put_import(tw_store *store, const tw_store_import *import,
                                     tw_error *error) TW_MUST_CHECK;

/* Counts the places of trades that an importer goes over because they are in the store already
 * (see tw_store_put_trades), and writes nothing. Counts like a put for tw_store_drop_batch. */
TW_API tw_status tw_store_pass_trades(tw_store *store, const tw_trade *trades, size_t count,
                                      tw_error *error) TW_MUST_CHECK;

/* Ends the batch; TW_OK when there is none. On an error nothing of the batch is kept, but for two:
 * after TW_IO (FAILED), whether the disk has the batch is only known when the file is opened again;
 * it stays readable until then if what failed was the sync of a FULL commit; and TW_UNKNOWN
 * (FAILED), see Servers. */
TW_API tw_status tw_store_commit(tw_store *store, tw_store_durability durability,
                                 tw_error *error) TW_MUST_CHECK;

/* Forgets the open batch, and ends ABORTED. Has no effect on FAILED. */
TW_API void tw_store_drop_batch(tw_store *store);

/*
 * Reads, in this order: symbols by id of the file; trades by (symbol, time, id, exchange, place);
 * quotes by (symbol, time, place); bars by (symbol, timeframe, time); orders and fills as first
 * put; positions by (time, symbol); runs by id; records by sequence. A writing handle sees its
 * own open batch. Each read sees one state of the store, as do the reads within its callbacks, and
 * keeps a file's log from being emptied while it lasts: keep callbacks short.
 * TW_CORRUPT: a row breaks the rules of its kind. TW_FULL: the table of symbols is. TW_BUSY, TW_IO.
 * TW_UNREACHABLE: the server was lost, and stayed away or had given a part of the rows already.
 * A symbol that the store does not know has no rows.
 */
TW_API tw_status tw_store_read_symbols(tw_store *store, tw_store_on_symbol callback, void *context,
                                       tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_trades(tw_store *store, const tw_store_range *range,
                                      tw_store_on_trade callback, void *context,
                                      tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_quotes(tw_store *store, const tw_store_range *range,
                                      tw_store_on_quote callback, void *context,
                                      tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_bars(tw_store *store, const tw_store_range *range,
                                    tw_store_on_bar callback, void *context,
                                    tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_orders(tw_store *store, tw_store_on_order callback, void *context,
                                      tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_fills(tw_store *store, tw_store_on_fill callback, void *context,
                                     tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_positions(tw_store *store, int64_t run,
                                         tw_store_on_position callback, void *context,
                                         tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_runs(tw_store *store, tw_store_on_run callback, void *context,
                                    tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_journal(tw_store *store, uint64_t from_sequence,
                                       tw_store_on_record callback, void *context,
                                       tw_error *error) TW_MUST_CHECK;
/* The newest `count_max` records, newest first. */
TW_API tw_status tw_store_read_journal_back(tw_store *store, uint64_t count_max,
                                            tw_store_on_record callback, void *context,
                                            tw_error *error) TW_MUST_CHECK;

/*
 * Calls `work`, in which all reads of this handle see one state of the store, whatever others
 * write meanwhile; returns what it returns. Without a symbol in the store nothing is called.
 * tw_store_read_symbols is not possible in it. As any read it keeps the log from being emptied.
 */
TW_API tw_status tw_store_read_together(tw_store *store,
                                        tw_status (*work)(void *context, tw_error *error),
                                        void *context, tw_error *error) TW_MUST_CHECK;

/* The order of a client order id. TW_NOT_FOUND. */
TW_API tw_status tw_store_find_order(tw_store *store, tw_slice client_order_id, tw_order *ret_order,
                                     tw_error *error) TW_MUST_CHECK;

/* How far the import of a source has come. TW_NOT_FOUND. */
TW_API tw_status tw_store_find_import(tw_store *store, tw_slice name, tw_store_import *ret_import,
                                      tw_error *error) TW_MUST_CHECK;

/*
 * Statistics of the trades with from_ns <= time < to_ns, in one pass over them, or remembered if
 * the handle has a cache. What is remembered is never older than the newest acknowledged commit
 * with trades of the symbol, whichever process wrote it; a handle with an open batch always adds
 * up, its own rows included. TW_NOT_FOUND: the store has no such symbol. TW_OVERFLOW: a sum went
 * beyond 128 bits.
 */
TW_API tw_status tw_store_symbol_stats(tw_store *store, tw_symbol symbol, int64_t from_ns,
                                       int64_t to_ns, tw_store_stats *ret_stats,
                                       tw_error *error) TW_MUST_CHECK;

/* Makes the cache for it: at most `entry_max` periods of symbols, each for `ttl_ns` (0: 60 s) at
 * the most. Free it after the handles that use it. TW_NO_MEMORY, TW_RANGE. */
TW_API tw_status tw_store_statistics_cache(const tw_allocator *allocator, size_t entry_max,
                                           int64_t ttl_ns, tw_cache **ret_cache) TW_MUST_CHECK;

/* The time of the newest trade of a symbol. TW_EMPTY when it has none. */
TW_API tw_status tw_store_last_trade(tw_store *store, tw_symbol symbol, int64_t *ret_time_ns,
                                     tw_error *error) TW_MUST_CHECK;

TW_API tw_status tw_store_count_rows(tw_store *store, tw_store_table table, uint64_t *ret_count,
                                     tw_error *error) TW_MUST_CHECK;

/* "trades", "orders" ...: the table's name in the file. */
TW_API const char *tw_store_table_name(tw_store_table table);

/* The sequence of the newest record, 0 when the journal is empty. */
TW_API tw_status tw_store_last_sequence(tw_store *store, uint64_t *ret_sequence,
                                        tw_error *error) TW_MUST_CHECK;

/*
 * SHA-256 over the canonical text of the journal, in sequence. The text of one record is
 *     <sequence> <time_ns> <kind> <bytes of payload>\n<payload>\n
 * with numbers in decimal. Two runs are the same run if and only if their hashes are.
 * TW_CORRUPT: a sequence is missing.
 */
TW_API tw_status tw_store_journal_hash(tw_store *store, uint8_t ret_hash[TW_STORE_HASH_SIZE],
                                       tw_error *error) TW_MUST_CHECK;

/*
 * The same two reads, which check each record's checksum (see Journal) against the one before it as
 * they go, in the same pass. TW_CORRUPT: a record is damaged or missing; forward it is not handed
 * over, backward it and those newer were, and what was made of them must be thrown away. All that
 * is handed over is checked, but for the oldest of `count_max` records read backward; so is nothing
 * else: records before these are tw_store_verify_journal's.
 */
TW_API tw_status tw_store_read_journal_checked(tw_store *store, uint64_t from_sequence,
                                               tw_store_on_record callback, void *context,
                                               tw_error *error) TW_MUST_CHECK;
TW_API tw_status tw_store_read_journal_back_checked(tw_store *store, uint64_t count_max,
                                                    tw_store_on_record callback, void *context,
                                                    tw_error *error) TW_MUST_CHECK;

/* Reads the whole journal against its checksums and sequences. What is found is no error but in
 * `ret_state`; TW_OK also if it is damaged. TW_BUSY, TW_IO, TW_UNREACHABLE, TW_NO_MEMORY: nothing
 * was found out. About 2 s a GB. */
TW_API tw_status tw_store_verify_journal(tw_store *store, tw_store_journal_state *ret_state,
                                         tw_error *error) TW_MUST_CHECK;

/* "changed", "missing", "misplaced", "unreadable"; "sound". */
TW_API const char *tw_store_damage_name(tw_store_damage damage);

/*
 * Moves the records from state->damaged_from on, and misplaced ones, as they are into the table
 * journal_quarantine, with `time_ns` and the name of the damage, and appends a record `quarantine`
 * in their place that says so; in one transaction, on the disk when this returns. `state` is what
 * tw_store_verify_journal has just found on this writing handle. TW_STATE: a batch is open, or the
 * journal is another one than that by now. TW_CORRUPT: the database cannot read what is to be
 * moved. Else what tw_store_commit returns; on an error nothing has moved, but for the two cases
 * told there.
 */
TW_API tw_status tw_store_quarantine_journal(tw_store *store, const tw_store_journal_state *state,
                                             int64_t time_ns, tw_error *error) TW_MUST_CHECK;

/* Reads the whole store against its own rules (integrity, journal). TW_CORRUPT names
 * the first thing found. Worth it after `recovered`; about 1 s a GB. */
TW_API tw_status tw_store_verify(tw_store *store, tw_error *error) TW_MUST_CHECK;

/* The same without the journal: what the database finds in itself (SQLite's integrity_check; on a
 * server, whether the rows keep the store's rules). */
TW_API tw_status tw_store_verify_database(tw_store *store, tw_error *error) TW_MUST_CHECK;

/* What the store is made of and how large it is. */
TW_API tw_status tw_store_describe(tw_store *store, tw_store_description *ret_description,
                                   tw_error *error) TW_MUST_CHECK;

/* Copies one state of the store, everything committed so far, into a new file that is a store
 * itself, while others read and write. The file gets its name when it is whole and on the disk.
 * TW_EXISTS: something has the name. TW_STATE: this handle has an open batch. TW_UNSUPPORTED:
 * servers have tools of their own for it. TW_NO_SPACE, TW_IO, TW_PERMISSION. */
TW_API tw_status tw_store_backup(tw_store *store, const char *path, tw_error *error) TW_MUST_CHECK;

/* Gives unused room back and puts rows in order. Needs the writing handle without an open batch
 * (TW_STATE), and for a file as much free disk as the file has. */
TW_API tw_status tw_store_vacuum(tw_store *store, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

TW_DEFINE_AUTO(tw_store, tw_store_free)

#endif
