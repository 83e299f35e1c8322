/*
 * store_priv.h - what the files of the store share: the handle and its statements.
 */
#ifndef TRADEWIND_STORE_PRIV_H
#define TRADEWIND_STORE_PRIV_H

#include <sqlite3.h>

#include "tradewind/store.h"

/* "TWst" in the file's header: this file is ours. */
#define STORE_APPLICATION_ID 0x54577374

/*
 * Every statement that runs after open, prepared at its first use and kept. X(name, text). None
 * is ever built from data.
 */
#define STORE_STATEMENTS(X)                                                                        \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(PUT_SYMBOL, "INSERT INTO symbols(id, name) VALUES(?1, ?2)")                                  \
    X(FIND_SYMBOL, "SELECT id FROM symbols WHERE name = ?1")                                       \
    X(NAME_SYMBOL, "SELECT name FROM symbols WHERE id = ?1")                                       \
    X(LIST_SYMBOLS, "SELECT id FROM symbols ORDER BY id")                                          \
    X(PUT_TRADE,                                                                                   \
      "INSERT INTO trades(symbol, time_ns, id, exchange, place, price, quantity, side, tape, "     \
      "conditions) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING")        \
    X(PUT_QUOTE,                                                                                   \
      "INSERT INTO quotes(symbol, time_ns, place, bid_price, ask_price, bid_size, ask_size, "      \
      "bid_exchange, ask_exchange, tape, conditions) "                                             \
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING")               \
    X(PUT_BAR,                                                                                     \
      "INSERT INTO bars(symbol, timeframe_ns, time_ns, open, high, low, close, vwap, volume, "     \
      "count, revision) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "                     \
      "ON CONFLICT(symbol, timeframe_ns, time_ns) DO UPDATE SET open = excluded.open, "            \
      "high = excluded.high, low = excluded.low, close = excluded.close, vwap = excluded.vwap, "   \
      "volume = excluded.volume, count = excluded.count, revision = excluded.revision "            \
      "WHERE excluded.revision > revision OR (excluded.revision = revision AND "                   \
      "(excluded.open, excluded.high, excluded.low, excluded.close, excluded.vwap, "               \
      "excluded.volume, excluded.count) IS NOT (open, high, low, close, vwap, volume, count))")    \
    X(PUT_ORDER,                                                                                   \
      "INSERT INTO orders(client_order_id, venue_order_id, created_ns, updated_ns, symbol, side, " \
      "type, time_in_force, status, extended_hours, quantity, filled, limit_price, stop_price, "   \
      "average_price) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) "   \
      "ON CONFLICT(client_order_id) DO UPDATE SET venue_order_id = excluded.venue_order_id, "      \
      "created_ns = excluded.created_ns, updated_ns = excluded.updated_ns, "                       \
      "symbol = excluded.symbol, side = excluded.side, type = excluded.type, "                     \
      "time_in_force = excluded.time_in_force, status = excluded.status, "                         \
      "extended_hours = excluded.extended_hours, quantity = excluded.quantity, "                   \
      "filled = excluded.filled, limit_price = excluded.limit_price, "                             \
      "stop_price = excluded.stop_price, average_price = excluded.average_price")                  \
    X(PUT_FILL,                                                                                    \
      "INSERT INTO fills(execution_id, client_order_id, time_ns, symbol, side, price, quantity) "  \
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(client_order_id, execution_id) DO NOTHING")  \
    X(PUT_POSITION,                                                                                \
      "INSERT OR REPLACE INTO positions(run, time_ns, symbol, quantity, average_price, "           \
      "current_price) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                             \
    X(PUT_RUN,                                                                                     \
      "INSERT INTO runs(id, started_ns, ended_ns, seed, venue, strategy, report) "                 \
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(id) DO UPDATE SET "                          \
      "started_ns = excluded.started_ns, ended_ns = excluded.ended_ns, seed = excluded.seed, "     \
      "venue = excluded.venue, strategy = excluded.strategy, report = excluded.report")            \
    X(PUT_RECORD, "INSERT INTO journal(sequence, time_ns, kind, payload) VALUES(?1, ?2, ?3, ?4)")  \
    X(TRADES_OF, "SELECT symbol, time_ns, id, exchange, price, quantity, side, tape, conditions "  \
                 "FROM trades WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3 "                    \
                 "ORDER BY symbol, time_ns, id, exchange, place")                                  \
    X(TRADES_ALL, "SELECT symbol, time_ns, id, exchange, price, quantity, side, tape, conditions " \
                  "FROM trades WHERE time_ns BETWEEN ?2 AND ?3 "                                   \
                  "ORDER BY symbol, time_ns, id, exchange, place")                                 \
    X(QUOTES_OF,                                                                                   \
      "SELECT symbol, time_ns, bid_price, ask_price, bid_size, ask_size, "                         \
      "bid_exchange, ask_exchange, tape, conditions FROM quotes "                                  \
      "WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3 ORDER BY symbol, time_ns, place")           \
    X(QUOTES_ALL, "SELECT symbol, time_ns, bid_price, ask_price, bid_size, ask_size, "             \
                  "bid_exchange, ask_exchange, tape, conditions FROM quotes "                      \
                  "WHERE time_ns BETWEEN ?2 AND ?3 ORDER BY symbol, time_ns, place")               \
    X(BARS_OF_FRAME, "SELECT symbol, time_ns, timeframe_ns, open, high, low, close, vwap, "        \
                     "volume, count, revision FROM bars WHERE symbol = ?1 AND "                    \
                     "timeframe_ns = ?4 AND time_ns BETWEEN ?2 AND ?3 "                            \
                     "ORDER BY symbol, timeframe_ns, time_ns")                                     \
    X(BARS_OF, "SELECT symbol, time_ns, timeframe_ns, open, high, low, close, vwap, volume, "      \
               "count, revision FROM bars WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3 "        \
               "ORDER BY symbol, timeframe_ns, time_ns")                                           \
    X(BARS_ALL, "SELECT symbol, time_ns, timeframe_ns, open, high, low, close, vwap, volume, "     \
                "count, revision FROM bars WHERE (?4 = 0 OR timeframe_ns = ?4) AND "               \
                "time_ns BETWEEN ?2 AND ?3 ORDER BY symbol, timeframe_ns, time_ns")                \
    X(ORDERS_ALL, "SELECT client_order_id, venue_order_id, created_ns, updated_ns, symbol, side, " \
                  "type, time_in_force, status, extended_hours, quantity, filled, limit_price, "   \
                  "stop_price, average_price FROM orders ORDER BY id")                             \
    X(ORDER_OF, "SELECT client_order_id, venue_order_id, created_ns, updated_ns, symbol, side, "   \
                "type, time_in_force, status, extended_hours, quantity, filled, limit_price, "     \
                "stop_price, average_price FROM orders WHERE client_order_id = ?1")                \
    X(FILLS_ALL, "SELECT execution_id, client_order_id, time_ns, symbol, side, price, quantity "   \
                 "FROM fills ORDER BY id")                                                         \
    X(POSITIONS_OF, "SELECT time_ns, symbol, quantity, average_price, current_price "              \
                    "FROM positions WHERE run = ?1 ORDER BY time_ns, symbol")                      \
    X(RUNS_ALL, "SELECT id, started_ns, ended_ns, seed, venue, strategy, report FROM runs "        \
                "ORDER BY id")                                                                     \
    X(RECORDS_FROM, "SELECT sequence, time_ns, kind, payload FROM journal WHERE sequence >= ?1 "   \
                    "ORDER BY sequence")                                                           \
    X(LAST_TRADE, "SELECT max(time_ns) FROM trades WHERE symbol = ?1")                             \
    X(LAST_SEQUENCE, "SELECT coalesce(max(sequence), 0) FROM journal")                             \
    X(LAST_RUN, "SELECT coalesce(max(id), 0) FROM runs")                                           \
    X(JOURNAL_GAP, "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0) "      \
                   "FROM journal")                                                                 \
    X(INTEGRITY, "PRAGMA integrity_check(1)")                                                      \
    X(COUNT_SYMBOLS, "SELECT count(*) FROM symbols")                                               \
    X(COUNT_TRADES, "SELECT count(*) FROM trades")                                                 \
    X(COUNT_QUOTES, "SELECT count(*) FROM quotes")                                                 \
    X(COUNT_BARS, "SELECT count(*) FROM bars")                                                     \
    X(COUNT_ORDERS, "SELECT count(*) FROM orders")                                                 \
    X(COUNT_FILLS, "SELECT count(*) FROM fills")                                                   \
    X(COUNT_POSITIONS, "SELECT count(*) FROM positions")                                           \
    X(COUNT_RUNS, "SELECT count(*) FROM runs")                                                     \
    X(COUNT_JOURNAL, "SELECT count(*) FROM journal")

typedef enum store_sql {
#define STORE_SQL_ENUMERATOR(name, text) SQL_##name,
    STORE_STATEMENTS(STORE_SQL_ENUMERATOR)
#undef STORE_SQL_ENUMERATOR
        SQL_COUNT
} store_sql;

/* The states of the state diagram in tradewind/store.h. */
typedef enum store_state { STORE_READY, STORE_BATCH, STORE_ABORTED, STORE_FAILED } store_state;

/* How many rows of one symbol and time have come without an identity of their own. */
typedef struct store_place {
    int64_t time_ns;
    uint64_t series; /* of begin_series; another number means: nothing yet */
    uint32_t place;
} store_place;

/* The place now, and as it was before the batch that touched it last. */
typedef struct store_places {
    store_place now;
    store_place before;
    uint64_t batch;
} store_places;

struct tw_store {
    const tw_allocator *allocator;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    char *path;
    size_t path_size;
    int lock_fd;
    tw_store_mode mode;
    store_state state;
    tw_error lost; /* why ABORTED or FAILED */
    int busy_timeout_ms;
    uint64_t epoch;
    /* symbols */
    tw_symbols *symbols;
    uint32_t symbol_count_max;
    uint32_t *id_of;       /* by index in `symbols`: id in the file, 0 not known */
    tw_symbol *index_of;   /* by id in the file, from 1: index + 1, 0 not known */
    uint32_t last_id;      /* in the file, the open batch included */
    uint32_t committed_id; /* without it */
    /* batch */
    uint32_t batch_rows_max;
    uint32_t checkpoint_pages;
    bool batch_is_durable;
    bool unsynced; /* a NORMAL commit came after the last sync */
    uint64_t batch_put;
    uint64_t batch_skipped;
    uint64_t batch;  /* number of the open or next batch, from 1 */
    uint64_t series; /* number of the current series, from 1 */
    store_places *trade_places;
    store_places *quote_places;
    uint64_t last_sequence;
    uint64_t committed_sequence;
    tw_store_figures figures;
    char backend[32];
};

/* Fills `error` from what SQLite last said on this connection; `doing` completes "ticks.db: ... ".
 */
tw_status store_error(tw_store *store, int code, const char *doing, tw_error *error);

/* The prepared statement, reset and unbound; NULL with an error filled. */
sqlite3_stmt *store_statement(tw_store *store, store_sql which, tw_status *ret_status,
                              tw_error *error);

/* Runs a statement that gives no rows, or one integer in its first column. */
tw_status store_run(tw_store *store, store_sql which, tw_error *error) TW_MUST_CHECK;
tw_status store_integer(tw_store *store, store_sql which, int64_t *ret_value,
                        tw_error *error) TW_MUST_CHECK;

/* Creates or checks the tables of a file that was just opened (store_schema.c). */
tw_status store_prepare_file(tw_store *store, const tw_store_config *config,
                             tw_error *error) TW_MUST_CHECK;

/* Opens the batch if there is none and counts `count` rows into it, if they fit (store.c). */
tw_status store_enter_batch(tw_store *store, size_t count, bool durable,
                            tw_error *error) TW_MUST_CHECK;

/* Gives up the batch after a failed write: rolls back and changes the state. */
tw_status store_lose_batch(tw_store *store, int code, const char *doing, tw_error *error);

/* The id in the file of an index. One that is not there is added if `add` (in an open batch only),
 * else its id is 0. */
tw_status store_id_of(tw_store *store, tw_symbol symbol, bool add, int64_t *ret_id,
                      tw_error *error) TW_MUST_CHECK;
/* The index of an id in the file, added to the table of symbols. */
tw_status store_index_of(tw_store *store, int64_t id, tw_symbol *ret_symbol,
                         tw_error *error) TW_MUST_CHECK;

tw_status store_read_only(const tw_store *store, tw_error *error);

#endif
