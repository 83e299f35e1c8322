/*
 * store_read.c - rows out, one at a time.
 *
 * Idea: the backend hands over rows of values in the order of columns that store_statements.h
 * gives; a decoder for each kind of row turns them into the record, checks what a damaged or
 * foreign row could break (lengths, enumerations), and calls back. A read is one statement, so it
 * sees one state of the store.
 */
#include <string.h>

#include "store_priv.h"

/* Where the rows of a read go: exactly one callback is set. */
typedef struct delivery {
    void *context;
    union {
        tw_store_on_symbol on_symbol;
        tw_store_on_trade on_trade;
        tw_store_on_quote on_quote;
        tw_store_on_bar on_bar;
        tw_store_on_order on_order;
        tw_store_on_fill on_fill;
        tw_store_on_position on_position;
        tw_store_on_run on_run;
        tw_store_on_record on_record;
    };
} delivery;

static tw_status damaged(const tw_store *store, const char *what, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: a stored %s breaks the rules of its kind",
                        store->path, what);
}

static tw_status read_all(tw_store *store, store_sql which, store_on_row decode, delivery *to,
                          tw_error *error) {
    return store->backend->select(store, which, NULL, decode, to, error);
}

/* The statements that read a range: of one symbol, and of all. */
typedef struct range_reads {
    store_sql one;
    store_sql all;
} range_reads;

/* Reads a range of one symbol or of all. The parameters are the symbol's id, if there is one, the
 * first and last time, and the timeframe, as far as the statement has them. */
static tw_status read_range(tw_store *store, const tw_store_range *range, range_reads reads,
                            store_on_row decode, void *context, tw_error *error) {
    if (range->to_ns <= range->from_ns)
        return TW_OK; /* an empty range, INT64_MIN included */
    int64_t last_ns = range->to_ns == INT64_MAX ? INT64_MAX : range->to_ns - 1;
    store_value values[4] = {
        [1] = store_number(range->from_ns),
        [2] = store_number(last_ns),
        [3] = store_number(range->timeframe_ns),
    };
    if (range->symbol == TW_SYMBOL_NONE)
        return store->backend->select(store, reads.all, values + 1, decode, context, error);
    TW_ASSERT(range->symbol < tw_symbols_count(store->symbols));
    int64_t id = 0;
    tw_status status = store_id_of(store, range->symbol, false, &id, error);
    if (status != TW_OK || id == 0)
        return status;
    values[0] = store_number(id);
    return store->backend->select(store, reads.one, values, decode, context, error);
}

/* ---- values ---- */

static tw_slice slice_of(store_value value) {
    return (tw_slice){value.text, value.size};
}

/* Copies text into an array that may be filled to its last byte. False if it does not fit. */
static bool into_array(store_value value, char *array, size_t size_max) {
    if (value.size > size_max)
        return false;
    memcpy(array, value.text, value.size);
    return true;
}

static bool into_small(store_value value, uint8_t largest, uint8_t *ret_value) {
    *ret_value = (uint8_t)value.number;
    return value.number >= 0 && value.number <= largest;
}

static bool into_char(store_value value, char *ret_value) {
    *ret_value = (char)value.number;
    return *ret_value == value.number;
}

/* ---- decoders ---- */

static tw_status decode_symbol(tw_store *store, const store_value *row, void *context,
                               tw_error *error) {
    const delivery *to = context;
    tw_symbol symbol;
    tw_status status = store_index_of(store, row[0].number, &symbol, error);
    if (status != TW_OK)
        return status;
    return to->on_symbol(to->context, symbol, tw_symbols_name(store->symbols, symbol));
}

static tw_status decode_trade(tw_store *store, const store_value *row, void *context,
                              tw_error *error) {
    const delivery *to = context;
    tw_trade trade = {.time_ns = row[1].number,
                      .id = (uint64_t)row[2].number,
                      .price = {row[5].number},
                      .quantity = {row[6].number}};
    tw_status status = store_index_of(store, row[0].number, &trade.symbol, error);
    if (status != TW_OK)
        return status;
    if (!into_char(row[3], &trade.exchange) || !into_char(row[8], &trade.tape) ||
        !into_small(row[7], TW_SIDE_SELL, &trade.side) ||
        !into_array(row[9], trade.conditions, sizeof trade.conditions))
        return damaged(store, "trade", error);
    return to->on_trade(to->context, &trade);
}

static tw_status decode_quote(tw_store *store, const store_value *row, void *context,
                              tw_error *error) {
    const delivery *to = context;
    tw_quote quote = {.time_ns = row[1].number,
                      .bid_price = {row[3].number},
                      .ask_price = {row[4].number},
                      .bid_size = {row[5].number},
                      .ask_size = {row[6].number}};
    tw_status status = store_index_of(store, row[0].number, &quote.symbol, error);
    if (status != TW_OK)
        return status;
    if (!into_char(row[7], &quote.bid_exchange) || !into_char(row[8], &quote.ask_exchange) ||
        !into_char(row[9], &quote.tape) ||
        !into_array(row[10], quote.conditions, sizeof quote.conditions))
        return damaged(store, "quote", error);
    return to->on_quote(to->context, &quote);
}

static tw_status decode_bar(tw_store *store, const store_value *row, void *context,
                            tw_error *error) {
    const delivery *to = context;
    tw_bar bar = {.timeframe_ns = row[1].number,
                  .time_ns = row[2].number,
                  .open = {row[3].number},
                  .high = {row[4].number},
                  .low = {row[5].number},
                  .close = {row[6].number},
                  .vwap = {row[7].number},
                  .volume = {row[8].number},
                  .count = (uint64_t)row[9].number,
                  .revision = (uint32_t)row[10].number};
    tw_status status = store_index_of(store, row[0].number, &bar.symbol, error);
    if (status != TW_OK)
        return status;
    if (row[10].number != bar.revision)
        return damaged(store, "bar", error);
    return to->on_bar(to->context, &bar);
}

static tw_status decode_order(tw_store *store, const store_value *row, void *context,
                              tw_error *error) {
    const delivery *to = context;
    tw_order order = {.created_ns = row[2].number,
                      .updated_ns = row[3].number,
                      .quantity = {row[10].number},
                      .filled = {row[11].number},
                      .limit_price = {row[12].number},
                      .stop_price = {row[13].number},
                      .average_price = {row[14].number}};
    tw_status status = store_index_of(store, row[4].number, &order.symbol, error);
    if (status != TW_OK)
        return status;
    if (!into_array(row[0], order.client_order_id, sizeof order.client_order_id - 1) ||
        !into_array(row[1], order.venue_order_id, sizeof order.venue_order_id - 1) ||
        !into_small(row[5], TW_SIDE_SELL, &order.side) ||
        !into_small(row[6], TW_ORDER_TRAILING_STOP, &order.type) ||
        !into_small(row[7], TW_AT_CLOSE, &order.time_in_force) ||
        !into_small(row[8], TW_ORDER_DONE_FOR_DAY, &order.status) ||
        !into_small(row[9], UINT8_MAX, &order.extended_hours))
        return damaged(store, "order", error);
    return to->on_order(to->context, &order);
}

static tw_status decode_fill(tw_store *store, const store_value *row, void *context,
                             tw_error *error) {
    const delivery *to = context;
    tw_fill fill = {
        .time_ns = row[2].number, .price = {row[5].number}, .quantity = {row[6].number}};
    tw_status status = store_index_of(store, row[3].number, &fill.symbol, error);
    if (status != TW_OK)
        return status;
    if (!into_array(row[0], fill.execution_id, sizeof fill.execution_id - 1) ||
        !into_array(row[1], fill.client_order_id, sizeof fill.client_order_id - 1) ||
        !into_small(row[4], TW_SIDE_SELL, &fill.side))
        return damaged(store, "fill", error);
    return to->on_fill(to->context, &fill);
}

static tw_status decode_position(tw_store *store, const store_value *row, void *context,
                                 tw_error *error) {
    const delivery *to = context;
    tw_position position = {.quantity = {row[3].number},
                            .average_price = {row[4].number},
                            .current_price = {row[5].number}};
    tw_status status = store_index_of(store, row[2].number, &position.symbol, error);
    if (status != TW_OK)
        return status;
    return to->on_position(to->context, row[1].number, &position);
}

static tw_status decode_run(tw_store *store, const store_value *row, void *context,
                            tw_error *error) {
    (void)store;
    (void)error;
    const delivery *to = context;
    tw_store_run run = {.id = row[0].number,
                        .started_ns = row[1].number,
                        .ended_ns = row[2].number,
                        .seed = (uint64_t)row[3].number,
                        .venue = slice_of(row[4]),
                        .strategy = slice_of(row[5]),
                        .report = slice_of(row[6])};
    return to->on_run(to->context, &run);
}

static tw_status decode_record(tw_store *store, const store_value *row, void *context,
                               tw_error *error) {
    (void)store;
    (void)error;
    const delivery *to = context;
    tw_store_record record = {.sequence = (uint64_t)row[0].number,
                              .time_ns = row[1].number,
                              .kind = slice_of(row[2]),
                              .payload = slice_of(row[3])};
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
    delivery to = {.context = context, .on_trade = callback};
    const range_reads reads = {SQL_TRADES_OF, SQL_TRADES_ALL};
    return read_range(store, range, reads, decode_trade, &to, error);
}

tw_status tw_store_read_quotes(tw_store *store, const tw_store_range *range,
                               tw_store_on_quote callback, void *context, tw_error *error) {
    delivery to = {.context = context, .on_quote = callback};
    const range_reads reads = {SQL_QUOTES_OF, SQL_QUOTES_ALL};
    return read_range(store, range, reads, decode_quote, &to, error);
}

tw_status tw_store_read_bars(tw_store *store, const tw_store_range *range, tw_store_on_bar callback,
                             void *context, tw_error *error) {
    delivery to = {.context = context, .on_bar = callback};
    const range_reads of_all = {SQL_BARS_OF, SQL_BARS_ALL};
    const range_reads of_frame = {SQL_BARS_OF_FRAME, SQL_BARS_ALL_FRAME};
    return read_range(store, range, range->timeframe_ns == 0 ? of_all : of_frame, decode_bar, &to,
                      error);
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
    delivery to = {.context = context, .on_position = callback};
    store_value key = store_number(run);
    return store->backend->select(store, SQL_POSITIONS_OF, &key, decode_position, &to, error);
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
    delivery to = {.context = context, .on_record = callback};
    store_value key = store_number((int64_t)from_sequence);
    return store->backend->select(store, SQL_RECORDS_FROM, &key, decode_record, &to, error);
}

tw_status tw_store_read_journal_back(tw_store *store, uint64_t count_max,
                                     tw_store_on_record callback, void *context, tw_error *error) {
    uint64_t last = 0;
    tw_status status = tw_store_last_sequence(store, &last, error);
    delivery to = {.context = context, .on_record = callback};
    store_value key = store_number((int64_t)(last > count_max ? last - count_max : 0));
    if (status == TW_OK)
        status = store->backend->select(store, SQL_RECORDS_BACK, &key, decode_record, &to, error);
    return status;
}

/* ---- many reads as one ---- */

typedef struct reading_together {
    tw_status (*work)(void *context, tw_error *error);
    void *context;
    bool done;
} reading_together;

/* While one read is open, every other of the handle belongs to its transaction, and sees what it
 * sees. The first symbol is as good as any. */
static tw_status read_within(tw_store *store, const store_value *row, void *context,
                             tw_error *error) {
    (void)store;
    (void)row;
    reading_together *together = context;
    if (together->done)
        return TW_OK;
    together->done = true;
    return together->work(together->context, error);
}

tw_status tw_store_read_together(tw_store *store, tw_status (*work)(void *context, tw_error *error),
                                 void *context, tw_error *error) {
    reading_together together = {.work = work, .context = context};
    return store->backend->select(store, SQL_LIST_SYMBOLS, NULL, read_within, &together, error);
}

/* ---- single rows ---- */

static tw_status keep_order(void *context, const tw_order *order) {
    *(tw_order *)context = *order;
    return TW_OK;
}

tw_status tw_store_find_order(tw_store *store, tw_slice client_order_id, tw_order *ret_order,
                              tw_error *error) {
    tw_order found = {0};
    delivery to = {.context = &found, .on_order = keep_order};
    store_value key = store_text(client_order_id.data, client_order_id.size);
    tw_status status = store->backend->select(store, SQL_ORDER_OF, &key, decode_order, &to, error);
    if (status != TW_OK)
        return status;
    if (found.client_order_id[0] == '\0')
        return tw_error_set(error, TW_NOT_FOUND, "%s has no order %.*s", store->path,
                            (int)(client_order_id.size < 128 ? client_order_id.size : 128),
                            client_order_id.size == 0 ? "" : client_order_id.data);
    *ret_order = found;
    return TW_OK;
}

static tw_status keep_two(tw_store *store, const store_value *row, void *context, tw_error *error) {
    (void)store;
    (void)error;
    int64_t *pair = context;
    pair[0] = row[0].number;
    pair[1] = row[1].number;
    return TW_OK;
}

tw_status tw_store_last_trade(tw_store *store, tw_symbol symbol, int64_t *ret_time_ns,
                              tw_error *error) {
    TW_ASSERT(symbol < tw_symbols_count(store->symbols));
    int64_t id = 0;
    int64_t count_and_time[2] = {0};
    tw_status status = store_id_of(store, symbol, false, &id, error);
    store_value key = store_number(id);
    if (status == TW_OK && id != 0)
        status =
            store->backend->select(store, SQL_LAST_TRADE, &key, keep_two, count_and_time, error);
    if (status == TW_OK && count_and_time[0] == 0)
        status = tw_error_set(error, TW_EMPTY, "%s has no trade of %s", store->path,
                              tw_symbols_name(store->symbols, symbol));
    if (status == TW_OK)
        *ret_time_ns = count_and_time[1];
    return status;
}

static tw_status keep_import(tw_store *store, const store_value *row, void *context,
                             tw_error *error) {
    (void)store;
    (void)error;
    tw_store_import *import = context;
    import->row_count = (uint64_t)row[1].number;
    import->size = (uint64_t)row[2].number;
    import->checksum = (uint64_t)row[3].number;
    return TW_OK;
}

tw_status tw_store_find_import(tw_store *store, tw_slice name, tw_store_import *ret_import,
                               tw_error *error) {
    tw_store_import found = {.name = name};
    store_value key = store_text(name.data, name.size);
    tw_status status = TW_OK;
    if (store->version >= STORE_VERSION_OF_IMPORTS)
        status = store->backend->select(store, SQL_IMPORT_OF, &key, keep_import, &found, error);
    if (status != TW_OK)
        return status;
    if (found.row_count == 0 && found.size == 0)
        return tw_error_set(error, TW_NOT_FOUND, "%s: %.*s was not imported before", store->path,
                            (int)(name.size < 256 ? name.size : 256), name.data);
    *ret_import = found;
    return TW_OK;
}

tw_status store_read_prices(tw_store *store, const tw_store_range *range, store_on_row on_row,
                            void *context, tw_error *error) {
    const range_reads reads = {SQL_PRICES_OF, SQL_PRICES_OF};
    TW_ASSERT(range->symbol != TW_SYMBOL_NONE);
    return read_range(store, range, reads, on_row, context, error);
}

/* ---- counts ---- */

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
    [TW_STORE_IMPORTS] = {"imports", SQL_COUNT_IMPORTS},
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
    tw_status status = TW_OK;
    if (table != TW_STORE_IMPORTS || store->version >= STORE_VERSION_OF_IMPORTS)
        status = store_integer(store, tables[table].count, &count, error);
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
