/*
 * store_statements.h - every statement that runs on an open store, for all databases behind it.
 *
 * The texts are constants and data only ever comes in as parameters, so no text of a user can
 * become SQL. They keep to what SQLite and PostgreSQL (and what speaks its language) understand
 * alike; what one of them has for itself, its own files hold. Parameters are written ?1, ?2 ...
 *
 * A row of a table is put and read in one order of columns, the order of its list below. Kinds name
 * the types of parameters and results, a letter each:
 *     h  16-bit    w  32-bit    l  64-bit    t  text (UTF-8 without NUL)
 */
#ifndef TRADEWIND_STORE_STATEMENTS_H
#define TRADEWIND_STORE_STATEMENTS_H

#define STORE_COLUMN_COUNT_MAX 15

#define SYMBOL_KINDS "wt"
#define SYMBOL_COLUMNS "id, name"

#define TRADE_KINDS "wllhwllhht"
#define TRADE_COLUMNS \
    "symbol, time_ns, id, exchange, place, price, quantity, side, tape, conditions"
#define TRADE_ORDER " ORDER BY symbol, time_ns, id, exchange, place"

#define QUOTE_KINDS "wlwllllhhht"
#define QUOTE_COLUMNS                                                                  \
    "symbol, time_ns, place, bid_price, ask_price, bid_size, ask_size, bid_exchange, " \
    "ask_exchange, tape, conditions"
#define QUOTE_ORDER " ORDER BY symbol, time_ns, place"

#define BAR_KINDS "wllllllllll"
#define BAR_COLUMNS \
    "symbol, timeframe_ns, time_ns, open, high, low, close, vwap, volume, count, revision"
#define BAR_ORDER " ORDER BY symbol, timeframe_ns, time_ns"

#define ORDER_KINDS "ttllwhhhhhlllll"
#define ORDER_COLUMNS                                                                    \
    "client_order_id, venue_order_id, created_ns, updated_ns, symbol, side, type, "      \
    "time_in_force, status, extended_hours, quantity, filled, limit_price, stop_price, " \
    "average_price"

#define FILL_KINDS "ttlwhll"
#define FILL_COLUMNS "execution_id, client_order_id, time_ns, symbol, side, price, quantity"

#define POSITION_KINDS "llwlll"
#define POSITION_COLUMNS "run, time_ns, symbol, quantity, average_price, current_price"

#define RUN_KINDS "llllttt"
#define RUN_COLUMNS "id, started_ns, ended_ns, seed, venue, strategy, report"

#define RECORD_KINDS "lltt"
#define RECORD_COLUMNS "sequence, time_ns, kind, payload"
#define CHAINED_KINDS RECORD_KINDS "l"
#define CHAINED_COLUMNS RECORD_COLUMNS ", checksum"

#define IMPORT_KINDS "tlll"
#define IMPORT_COLUMNS "name, row_count, size, checksum"

/* What a row does to one that has its key. */
#define TRADE_CONFLICT " ON CONFLICT DO NOTHING"
#define QUOTE_CONFLICT " ON CONFLICT DO NOTHING"
#define BAR_CONFLICT                                                                   \
    " ON CONFLICT(symbol, timeframe_ns, time_ns) DO UPDATE SET open = excluded.open, " \
    "high = excluded.high, low = excluded.low, close = excluded.close, "               \
    "vwap = excluded.vwap, volume = excluded.volume, count = excluded.count, "         \
    "revision = excluded.revision WHERE excluded.revision > bars.revision OR "         \
    "(excluded.revision = bars.revision AND "                                          \
    "(excluded.open, excluded.high, excluded.low, excluded.close, excluded.vwap, "     \
    "excluded.volume, excluded.count) IS DISTINCT FROM "                               \
    "(bars.open, bars.high, bars.low, bars.close, bars.vwap, bars.volume, bars.count))"

#define VALUES_2 " VALUES(?1, ?2)"
#define VALUES_4 " VALUES(?1, ?2, ?3, ?4)"
#define VALUES_5 " VALUES(?1, ?2, ?3, ?4, ?5)"
#define VALUES_6 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
#define VALUES_7 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
#define VALUES_10 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
#define VALUES_11 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
#define VALUES_15 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"

/* Puts: X(name, kinds of the parameters, table, columns, the rest of the statement). */
#define STORE_PUTS(X)                                                                            \
    X(PUT_SYMBOL, SYMBOL_KINDS, "symbols", SYMBOL_COLUMNS, VALUES_2)                             \
    X(PUT_TRADE, TRADE_KINDS, "trades", TRADE_COLUMNS, VALUES_10 TRADE_CONFLICT)                 \
    X(PUT_QUOTE, QUOTE_KINDS, "quotes", QUOTE_COLUMNS, VALUES_11 QUOTE_CONFLICT)                 \
    X(PUT_BAR, BAR_KINDS, "bars", BAR_COLUMNS, VALUES_11 BAR_CONFLICT)                           \
    X(PUT_ORDER, ORDER_KINDS, "orders", ORDER_COLUMNS,                                           \
      VALUES_15                                                                                  \
      " ON CONFLICT(client_order_id) DO UPDATE SET "                                             \
      "venue_order_id = excluded.venue_order_id, created_ns = excluded.created_ns, "             \
      "updated_ns = excluded.updated_ns, symbol = excluded.symbol, side = excluded.side, "       \
      "type = excluded.type, time_in_force = excluded.time_in_force, "                           \
      "status = excluded.status, extended_hours = excluded.extended_hours, "                     \
      "quantity = excluded.quantity, filled = excluded.filled, "                                 \
      "limit_price = excluded.limit_price, stop_price = excluded.stop_price, "                   \
      "average_price = excluded.average_price")                                                  \
    X(PUT_FILL, FILL_KINDS, "fills", FILL_COLUMNS,                                               \
      VALUES_7 " ON CONFLICT(client_order_id, execution_id) DO NOTHING")                         \
    X(PUT_POSITION, POSITION_KINDS, "positions", POSITION_COLUMNS,                               \
      VALUES_6 " ON CONFLICT(run, time_ns, symbol) DO UPDATE SET quantity = excluded.quantity, " \
               "average_price = excluded.average_price, current_price = excluded.current_price") \
    X(PUT_RUN, RUN_KINDS, "runs", RUN_COLUMNS,                                                   \
      VALUES_7 " ON CONFLICT(id) DO UPDATE SET started_ns = excluded.started_ns, "               \
               "ended_ns = excluded.ended_ns, seed = excluded.seed, venue = excluded.venue, "    \
               "strategy = excluded.strategy, report = excluded.report")                         \
    X(PUT_RECORD, CHAINED_KINDS, "journal", CHAINED_COLUMNS, VALUES_5)                           \
    X(PUT_IMPORT, IMPORT_KINDS, "imports", IMPORT_COLUMNS,                                       \
      VALUES_4 " ON CONFLICT(name) DO UPDATE SET row_count = excluded.row_count, "               \
               "size = excluded.size, checksum = excluded.checksum")

/* Reads: X(name, kinds of the parameters, kinds of the results, text). */
#define STORE_READS(X)                                                                        \
    X(FIND_SYMBOL, "t", "w", "SELECT id FROM symbols WHERE name = ?1")                        \
    X(NAME_SYMBOL, "w", "t", "SELECT name FROM symbols WHERE id = ?1")                        \
    X(LIST_SYMBOLS, "", "w", "SELECT id FROM symbols ORDER BY id")                            \
    X(TRADES_OF, "wll", TRADE_KINDS,                                                          \
      "SELECT " TRADE_COLUMNS                                                                 \
      " FROM trades WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3" TRADE_ORDER)             \
    X(TRADES_ALL, "ll", TRADE_KINDS,                                                          \
      "SELECT " TRADE_COLUMNS " FROM trades WHERE time_ns BETWEEN ?1 AND ?2" TRADE_ORDER)     \
    X(PRICES_OF, "wll", "lll",                                                                \
      "SELECT time_ns, price, quantity FROM trades WHERE symbol = ?1 AND "                    \
      "time_ns BETWEEN ?2 AND ?3" TRADE_ORDER)                                                \
    X(QUOTES_OF, "wll", QUOTE_KINDS,                                                          \
      "SELECT " QUOTE_COLUMNS                                                                 \
      " FROM quotes WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3" QUOTE_ORDER)             \
    X(QUOTES_ALL, "ll", QUOTE_KINDS,                                                          \
      "SELECT " QUOTE_COLUMNS " FROM quotes WHERE time_ns BETWEEN ?1 AND ?2" QUOTE_ORDER)     \
    X(BARS_OF_FRAME, "wlll", BAR_KINDS,                                                       \
      "SELECT " BAR_COLUMNS " FROM bars WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3 AND " \
      "timeframe_ns = ?4" BAR_ORDER)                                                          \
    X(BARS_OF, "wll", BAR_KINDS,                                                              \
      "SELECT " BAR_COLUMNS                                                                   \
      " FROM bars WHERE symbol = ?1 AND time_ns BETWEEN ?2 AND ?3" BAR_ORDER)                 \
    X(BARS_ALL_FRAME, "lll", BAR_KINDS,                                                       \
      "SELECT " BAR_COLUMNS " FROM bars WHERE time_ns BETWEEN ?1 AND ?2 AND "                 \
      "timeframe_ns = ?3" BAR_ORDER)                                                          \
    X(BARS_ALL, "ll", BAR_KINDS,                                                              \
      "SELECT " BAR_COLUMNS " FROM bars WHERE time_ns BETWEEN ?1 AND ?2" BAR_ORDER)           \
    X(ORDERS_ALL, "", ORDER_KINDS, "SELECT " ORDER_COLUMNS " FROM orders ORDER BY id")        \
    X(ORDER_OF, "t", ORDER_KINDS,                                                             \
      "SELECT " ORDER_COLUMNS " FROM orders WHERE client_order_id = ?1")                      \
    X(FILLS_ALL, "", FILL_KINDS, "SELECT " FILL_COLUMNS " FROM fills ORDER BY id")            \
    X(POSITIONS_OF, "l", POSITION_KINDS,                                                      \
      "SELECT " POSITION_COLUMNS " FROM positions WHERE run = ?1 ORDER BY time_ns, symbol")   \
    X(RUNS_ALL, "", RUN_KINDS, "SELECT " RUN_COLUMNS " FROM runs ORDER BY id")                \
    X(CHAINED_BACK, "l", CHAINED_KINDS,                                                       \
      "SELECT " CHAINED_COLUMNS " FROM journal WHERE sequence > ?1 ORDER BY sequence DESC")   \
    X(CHAINED_FROM, "l", CHAINED_KINDS,                                                       \
      "SELECT " CHAINED_COLUMNS " FROM journal WHERE sequence >= ?1 ORDER BY sequence")       \
    X(RECORDS_BACK, "l", RECORD_KINDS,                                                        \
      "SELECT " RECORD_COLUMNS " FROM journal WHERE sequence > ?1 ORDER BY sequence DESC")    \
    X(RECORDS_FROM, "l", RECORD_KINDS,                                                        \
      "SELECT " RECORD_COLUMNS " FROM journal WHERE sequence >= ?1 ORDER BY sequence")        \
    X(IMPORT_OF, "t", IMPORT_KINDS, "SELECT " IMPORT_COLUMNS " FROM imports WHERE name = ?1") \
    X(LAST_TRADE, "w", "ll",                                                                  \
      "SELECT count(*), coalesce(max(time_ns), 0) FROM (SELECT time_ns FROM trades "          \
      "WHERE symbol = ?1 ORDER BY symbol DESC, time_ns DESC LIMIT 1) AS newest")              \
    X(TURN, "", "l", "SELECT value FROM meta WHERE key = 'turn'")                             \
    X(LAST_SEQUENCE, "", "l", "SELECT coalesce(max(sequence), 0) FROM journal")               \
    X(LAST_RUN, "", "l", "SELECT coalesce(max(id), 0) FROM runs")                             \
    X(JOURNAL_SPAN, "", "lll",                                                                \
      "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM journal") \
    X(COUNT_SYMBOLS, "", "l", "SELECT count(*) FROM symbols")                                 \
    X(COUNT_TRADES, "", "l", "SELECT count(*) FROM trades")                                   \
    X(COUNT_QUOTES, "", "l", "SELECT count(*) FROM quotes")                                   \
    X(COUNT_BARS, "", "l", "SELECT count(*) FROM bars")                                       \
    X(COUNT_ORDERS, "", "l", "SELECT count(*) FROM orders")                                   \
    X(COUNT_FILLS, "", "l", "SELECT count(*) FROM fills")                                     \
    X(COUNT_POSITIONS, "", "l", "SELECT count(*) FROM positions")                             \
    X(COUNT_RUNS, "", "l", "SELECT count(*) FROM runs")                                       \
    X(COUNT_JOURNAL, "", "l", "SELECT count(*) FROM journal")                                 \
    X(COUNT_IMPORTS, "", "l", "SELECT count(*) FROM imports")                                 \
    X(COUNT_QUARANTINE, "", "l", "SELECT count(*) FROM journal_quarantine")

typedef enum store_sql {
#define STORE_SQL_PUT(name, kinds, table, columns, rest) SQL_##name,
#define STORE_SQL_READ(name, parameters, results, text) SQL_##name,
    STORE_PUTS(STORE_SQL_PUT) STORE_READS(STORE_SQL_READ)
#undef STORE_SQL_PUT
#undef STORE_SQL_READ
        SQL_COUNT
} store_sql;

/* What a statement is, as the tables above say it. `table` and `columns` are NULL for a read. */
typedef struct store_statement {
    const char *text;
    const char *parameters; /* kinds */
    const char *results;    /* kinds */
    const char *table;
    const char *columns;
} store_statement;

extern const store_statement store_statements[SQL_COUNT];

#endif
