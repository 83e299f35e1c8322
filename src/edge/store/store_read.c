/*
 * store_read.c - rows out, one at a time.
 *
 * Idea: one loop steps a prepared statement; a decoder for each kind of row turns the columns into
 * the record, checks what a damaged or foreign row could break (lengths, enumerations), and calls
 * back. A read is one statement, so it sees one state of the file.
 */
#include <errno.h>
#include <string.h>

#include "store_priv.h"

/* Where the rows of a read go: exactly one callback is set. */
typedef struct delivery {
    store_sql one; /* the statement for one symbol */
    store_sql all; /* the statement for all of them */
    void *context;
    tw_store_on_symbol on_symbol;
    tw_store_on_trade on_trade;
    tw_store_on_quote on_quote;
    tw_store_on_bar on_bar;
    tw_store_on_order on_order;
    tw_store_on_fill on_fill;
    tw_store_on_position on_position;
    tw_store_on_run on_run;
    tw_store_on_record on_record;
} delivery;

typedef tw_status (*decoder)(tw_store *store, sqlite3_stmt *row, const delivery *to,
                             tw_error *error);

static tw_status damaged(const tw_store *store, const char *what, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: a stored %s breaks the rules of its kind",
                        store->path, what);
}

/* Gives all rows of a bound statement to the decoder. A status that a callback chose has no
 * sentence of ours. */
static tw_status deliver(tw_store *store, sqlite3_stmt *statement, decoder decode,
                         const delivery *to, tw_error *error) {
    tw_status status = TW_OK;
    int code;
    errno = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && status == TW_OK) {
        status = decode(store, statement, to, error);
        if (status != TW_OK)
            break;
    }
    if (status == TW_OK && code != SQLITE_DONE)
        status = store_error(store, code, "reading failed", error);
    sqlite3_reset(statement); /* repeats the code of the step */
    sqlite3_clear_bindings(statement);
    return status;
}

static tw_status read_all(tw_store *store, store_sql which, decoder decode, const delivery *to,
                          tw_error *error) {
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, which, &status, error);
    return statement == NULL ? status : deliver(store, statement, decode, to, error);
}

/* Binds ?1 to ?4 as far as the statement has them. */
static tw_status bind_range(tw_store *store, sqlite3_stmt *statement, int64_t id,
                            const tw_store_range *range, tw_error *error) {
    int64_t last_ns = range->to_ns == INT64_MAX ? INT64_MAX : range->to_ns - 1;
    int64_t values[4] = {id, range->from_ns, last_ns, range->timeframe_ns};
    int wanted = sqlite3_bind_parameter_count(statement);
    int code = SQLITE_OK;
    for (int i = 0; i < wanted && code == SQLITE_OK; i++)
        code = sqlite3_bind_int64(statement, i + 1, values[i]);
    return code == SQLITE_OK ? TW_OK : store_error(store, code, "reading failed", error);
}

/* Reads a range of one symbol or of all. */
static tw_status read_range(tw_store *store, const tw_store_range *range, decoder decode,
                            const delivery *to, tw_error *error) {
    if (range->to_ns <= range->from_ns)
        return TW_OK; /* an empty range, INT64_MIN included */
    int64_t id = 0;
    tw_status status = TW_OK;
    if (range->symbol != TW_SYMBOL_NONE) {
        TW_ASSERT(range->symbol < tw_symbols_count(store->symbols));
        status = store_id_of(store, range->symbol, false, &id, error);
        if (status != TW_OK || id == 0)
            return status;
    }
    sqlite3_stmt *statement =
        store_statement(store, range->symbol == TW_SYMBOL_NONE ? to->all : to->one, &status, error);
    if (statement != NULL)
        status = bind_range(store, statement, id, range, error);
    return status == TW_OK ? deliver(store, statement, decode, to, error) : status;
}

/* ---- columns ---- */

static int64_t column(sqlite3_stmt *row, int at) {
    return sqlite3_column_int64(row, at);
}

static tw_slice column_text(sqlite3_stmt *row, int at) {
    const char *data = (const char *)sqlite3_column_text(row, at);
    return (tw_slice){data == NULL ? "" : data, (size_t)sqlite3_column_bytes(row, at)};
}

/* Copies text into an array that may be filled to its last byte. False if it does not fit. */
static bool column_array(sqlite3_stmt *row, int at, char *array, size_t size_max) {
    tw_slice text = column_text(row, at);
    if (text.size > size_max)
        return false;
    memcpy(array, text.data, text.size);
    return true;
}

static bool column_small(sqlite3_stmt *row, int at, uint8_t largest, uint8_t *ret_value) {
    int64_t value = column(row, at);
    *ret_value = (uint8_t)value;
    return value >= 0 && value <= largest;
}

static bool column_char(sqlite3_stmt *row, int at, char *ret_value) {
    int64_t value = column(row, at);
    *ret_value = (char)value;
    return *ret_value == value;
}

/* ---- decoders ---- */

static tw_status decode_symbol(tw_store *store, sqlite3_stmt *row, const delivery *to,
                               tw_error *error) {
    tw_symbol symbol;
    tw_status status = store_index_of(store, column(row, 0), &symbol, error);
    if (status != TW_OK)
        return status;
    return to->on_symbol(to->context, symbol, tw_symbols_name(store->symbols, symbol));
}

static tw_status decode_trade(tw_store *store, sqlite3_stmt *row, const delivery *to,
                              tw_error *error) {
    tw_trade trade = {.time_ns = column(row, 1),
                      .price = {column(row, 4)},
                      .quantity = {column(row, 5)},
                      .id = (uint64_t)column(row, 2)};
    tw_status status = store_index_of(store, column(row, 0), &trade.symbol, error);
    if (status != TW_OK)
        return status;
    if (!column_char(row, 3, &trade.exchange) || !column_char(row, 7, &trade.tape) ||
        !column_small(row, 6, TW_SIDE_SELL, &trade.side) ||
        !column_array(row, 8, trade.conditions, sizeof trade.conditions))
        return damaged(store, "trade", error);
    return to->on_trade(to->context, &trade);
}

static tw_status decode_quote(tw_store *store, sqlite3_stmt *row, const delivery *to,
                              tw_error *error) {
    tw_quote quote = {.time_ns = column(row, 1),
                      .bid_price = {column(row, 2)},
                      .ask_price = {column(row, 3)},
                      .bid_size = {column(row, 4)},
                      .ask_size = {column(row, 5)}};
    tw_status status = store_index_of(store, column(row, 0), &quote.symbol, error);
    if (status != TW_OK)
        return status;
    if (!column_char(row, 6, &quote.bid_exchange) || !column_char(row, 7, &quote.ask_exchange) ||
        !column_char(row, 8, &quote.tape) ||
        !column_array(row, 9, quote.conditions, sizeof quote.conditions))
        return damaged(store, "quote", error);
    return to->on_quote(to->context, &quote);
}

static tw_status decode_bar(tw_store *store, sqlite3_stmt *row, const delivery *to,
                            tw_error *error) {
    tw_bar bar = {.time_ns = column(row, 1),
                  .timeframe_ns = column(row, 2),
                  .open = {column(row, 3)},
                  .high = {column(row, 4)},
                  .low = {column(row, 5)},
                  .close = {column(row, 6)},
                  .vwap = {column(row, 7)},
                  .volume = {column(row, 8)},
                  .count = (uint64_t)column(row, 9),
                  .revision = (uint32_t)column(row, 10)};
    tw_status status = store_index_of(store, column(row, 0), &bar.symbol, error);
    if (status != TW_OK)
        return status;
    if (column(row, 10) != bar.revision)
        return damaged(store, "bar", error);
    return to->on_bar(to->context, &bar);
}

static tw_status decode_order(tw_store *store, sqlite3_stmt *row, const delivery *to,
                              tw_error *error) {
    tw_order order = {.created_ns = column(row, 2),
                      .updated_ns = column(row, 3),
                      .quantity = {column(row, 10)},
                      .filled = {column(row, 11)},
                      .limit_price = {column(row, 12)},
                      .stop_price = {column(row, 13)},
                      .average_price = {column(row, 14)}};
    tw_status status = store_index_of(store, column(row, 4), &order.symbol, error);
    if (status != TW_OK)
        return status;
    if (!column_array(row, 0, order.client_order_id, sizeof order.client_order_id - 1) ||
        !column_array(row, 1, order.venue_order_id, sizeof order.venue_order_id - 1) ||
        !column_small(row, 5, TW_SIDE_SELL, &order.side) ||
        !column_small(row, 6, TW_ORDER_TRAILING_STOP, &order.type) ||
        !column_small(row, 7, TW_AT_CLOSE, &order.time_in_force) ||
        !column_small(row, 8, TW_ORDER_DONE_FOR_DAY, &order.status) ||
        !column_small(row, 9, UINT8_MAX, &order.extended_hours))
        return damaged(store, "order", error);
    return to->on_order(to->context, &order);
}

static tw_status decode_fill(tw_store *store, sqlite3_stmt *row, const delivery *to,
                             tw_error *error) {
    tw_fill fill = {
        .time_ns = column(row, 2), .price = {column(row, 5)}, .quantity = {column(row, 6)}};
    tw_status status = store_index_of(store, column(row, 3), &fill.symbol, error);
    if (status != TW_OK)
        return status;
    if (!column_array(row, 0, fill.execution_id, sizeof fill.execution_id - 1) ||
        !column_array(row, 1, fill.client_order_id, sizeof fill.client_order_id - 1) ||
        !column_small(row, 4, TW_SIDE_SELL, &fill.side))
        return damaged(store, "fill", error);
    return to->on_fill(to->context, &fill);
}

static tw_status decode_position(tw_store *store, sqlite3_stmt *row, const delivery *to,
                                 tw_error *error) {
    tw_position position = {.quantity = {column(row, 2)},
                            .average_price = {column(row, 3)},
                            .current_price = {column(row, 4)}};
    tw_status status = store_index_of(store, column(row, 1), &position.symbol, error);
    if (status != TW_OK)
        return status;
    return to->on_position(to->context, column(row, 0), &position);
}

static tw_status decode_run(tw_store *store, sqlite3_stmt *row, const delivery *to,
                            tw_error *error) {
    (void)store;
    (void)error;
    tw_store_run run = {.id = column(row, 0),
                        .started_ns = column(row, 1),
                        .ended_ns = column(row, 2),
                        .seed = (uint64_t)column(row, 3),
                        .venue = column_text(row, 4),
                        .strategy = column_text(row, 5),
                        .report = column_text(row, 6)};
    return to->on_run(to->context, &run);
}

static tw_status decode_record(tw_store *store, sqlite3_stmt *row, const delivery *to,
                               tw_error *error) {
    (void)store;
    (void)error;
    tw_store_record record = {.sequence = (uint64_t)column(row, 0),
                              .time_ns = column(row, 1),
                              .kind = column_text(row, 2),
                              .payload = column_text(row, 3)};
    return to->on_record(to->context, &record);
}

/* ---- the reads ---- */

tw_status tw_store_read_symbols(tw_store *store, tw_store_on_symbol callback, void *context,
                                tw_error *error) {
    delivery to = {.context = context, .on_symbol = callback};
    return read_all(store, SQL_LIST_SYMBOLS, decode_symbol, &to, error);
}

tw_status tw_store_read_trades(tw_store *store, const tw_store_range *range,
                               tw_store_on_trade callback, void *context, tw_error *error) {
    delivery to = {
        .one = SQL_TRADES_OF, .all = SQL_TRADES_ALL, .context = context, .on_trade = callback};
    return read_range(store, range, decode_trade, &to, error);
}

tw_status tw_store_read_quotes(tw_store *store, const tw_store_range *range,
                               tw_store_on_quote callback, void *context, tw_error *error) {
    delivery to = {
        .one = SQL_QUOTES_OF, .all = SQL_QUOTES_ALL, .context = context, .on_quote = callback};
    return read_range(store, range, decode_quote, &to, error);
}

tw_status tw_store_read_bars(tw_store *store, const tw_store_range *range, tw_store_on_bar callback,
                             void *context, tw_error *error) {
    delivery to = {.one = range->timeframe_ns == 0 ? SQL_BARS_OF : SQL_BARS_OF_FRAME,
                   .all = SQL_BARS_ALL,
                   .context = context,
                   .on_bar = callback};
    return read_range(store, range, decode_bar, &to, error);
}

tw_status tw_store_read_orders(tw_store *store, tw_store_on_order callback, void *context,
                               tw_error *error) {
    delivery to = {.context = context, .on_order = callback};
    return read_all(store, SQL_ORDERS_ALL, decode_order, &to, error);
}

tw_status tw_store_read_fills(tw_store *store, tw_store_on_fill callback, void *context,
                              tw_error *error) {
    delivery to = {.context = context, .on_fill = callback};
    return read_all(store, SQL_FILLS_ALL, decode_fill, &to, error);
}

tw_status tw_store_read_positions(tw_store *store, int64_t run, tw_store_on_position callback,
                                  void *context, tw_error *error) {
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_POSITIONS_OF, &status, error);
    if (statement == NULL)
        return status;
    int code = sqlite3_bind_int64(statement, 1, run);
    if (code != SQLITE_OK)
        return store_error(store, code, "reading failed", error);
    delivery to = {.context = context, .on_position = callback};
    return deliver(store, statement, decode_position, &to, error);
}

tw_status tw_store_read_runs(tw_store *store, tw_store_on_run callback, void *context,
                             tw_error *error) {
    delivery to = {.context = context, .on_run = callback};
    return read_all(store, SQL_RUNS_ALL, decode_run, &to, error);
}

tw_status tw_store_read_journal(tw_store *store, uint64_t from_sequence,
                                tw_store_on_record callback, void *context, tw_error *error) {
    if (from_sequence > INT64_MAX)
        return TW_OK; /* no record is numbered so high */
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_RECORDS_FROM, &status, error);
    if (statement == NULL)
        return status;
    int code = sqlite3_bind_int64(statement, 1, (int64_t)from_sequence);
    if (code != SQLITE_OK)
        return store_error(store, code, "reading failed", error);
    delivery to = {.context = context, .on_record = callback};
    return deliver(store, statement, decode_record, &to, error);
}

static tw_status keep_order(void *context, const tw_order *order) {
    *(tw_order *)context = *order;
    return TW_OK;
}

tw_status tw_store_find_order(tw_store *store, tw_slice client_order_id, tw_order *ret_order,
                              tw_error *error) {
    tw_status status;
    sqlite3_stmt *statement = store_statement(store, SQL_ORDER_OF, &status, error);
    if (statement == NULL)
        return status;
    int code =
        sqlite3_bind_text64(statement, 1, client_order_id.size == 0 ? "" : client_order_id.data,
                            client_order_id.size, SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK)
        return store_error(store, code, "reading failed", error);
    tw_order found = {0};
    delivery to = {.context = &found, .on_order = keep_order};
    status = deliver(store, statement, decode_order, &to, error);
    if (status != TW_OK)
        return status;
    if (found.client_order_id[0] == '\0')
        return tw_error_set(error, TW_NOT_FOUND, "%s has no order %.*s", store->path,
                            (int)(client_order_id.size < 128 ? client_order_id.size : 128),
                            client_order_id.size == 0 ? "" : client_order_id.data);
    *ret_order = found;
    return TW_OK;
}

tw_status tw_store_last_trade(tw_store *store, tw_symbol symbol, int64_t *ret_time_ns,
                              tw_error *error) {
    TW_ASSERT(symbol < tw_symbols_count(store->symbols));
    int64_t id = 0;
    tw_status status = store_id_of(store, symbol, false, &id, error);
    if (status != TW_OK)
        return status;
    sqlite3_stmt *statement = store_statement(store, SQL_LAST_TRADE, &status, error);
    if (statement == NULL)
        return status;
    int code = sqlite3_bind_int64(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_ROW)
        status = store_error(store, code, "reading failed", error);
    else if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
        status = tw_error_set(error, TW_EMPTY, "%s has no trade of %s", store->path,
                              tw_symbols_name(store->symbols, symbol));
    else
        *ret_time_ns = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return status;
}

static const struct {
    const char *name;
    store_sql count;
} tables[] = {
    [TW_STORE_SYMBOLS] = {"symbols", SQL_COUNT_SYMBOLS},
    [TW_STORE_TRADES] = {"trades", SQL_COUNT_TRADES},
    [TW_STORE_QUOTES] = {"quotes", SQL_COUNT_QUOTES},
    [TW_STORE_BARS] = {"bars", SQL_COUNT_BARS},
    [TW_STORE_ORDERS] = {"orders", SQL_COUNT_ORDERS},
    [TW_STORE_FILLS] = {"fills", SQL_COUNT_FILLS},
    [TW_STORE_POSITIONS] = {"positions", SQL_COUNT_POSITIONS},
    [TW_STORE_RUNS] = {"runs", SQL_COUNT_RUNS},
    [TW_STORE_JOURNAL] = {"journal", SQL_COUNT_JOURNAL},
};
_Static_assert(sizeof tables / sizeof tables[0] == TW_STORE_TABLE_COUNT, "every table is listed");

const char *tw_store_table_name(tw_store_table table) {
    TW_ASSERT((unsigned)table < TW_STORE_TABLE_COUNT);
    return tables[table].name;
}

tw_status tw_store_count_rows(tw_store *store, tw_store_table table, uint64_t *ret_count,
                              tw_error *error) {
    TW_ASSERT((unsigned)table < TW_STORE_TABLE_COUNT);
    int64_t count = 0;
    tw_status status = store_integer(store, tables[table].count, &count, error);
    if (status == TW_OK)
        *ret_count = (uint64_t)count;
    return status;
}

tw_status tw_store_last_sequence(tw_store *store, uint64_t *ret_sequence, tw_error *error) {
    int64_t sequence = 0;
    tw_status status = store_integer(store, SQL_LAST_SEQUENCE, &sequence, error);
    if (status == TW_OK)
        *ret_sequence = (uint64_t)sequence;
    return status;
}
