/*
 * store_rows.c - rows into the batch.
 *
 * Idea: each put checks all rows, enters the batch, finds the ids of all symbols, then hands one
 * row of values after the other to the backend, in the order of columns that store_statements.h
 * gives. Only the last part can fail for reasons of the database, and then the whole batch is given
 * up.
 */
#include <string.h>

#include "store_chain.h"
#include "store_priv.h"

/* ---- checks ---- */

/* Names the row and the field of a check that failed. */
#define ROW_BAD(index, ...) row_bad(error, (index), __VA_ARGS__)

static tw_status row_bad(tw_error *error, size_t index, const char *what, const char *field) {
    tw_error_set(error, TW_INVALID, "%s %zu of this call: its %s", what, index, field);
    return TW_INVALID;
}

static bool symbol_is_known(const tw_store *store, tw_symbol symbol) {
    return symbol < tw_symbols_count(store->symbols);
}

/* Text in an array: ends within it, and nothing stands behind its end, so that it reads back the
 * same. */
static bool text_is_clean(const char *text, size_t size, bool full_allowed) {
    size_t length = strnlen(text, size);
    if (length == size)
        return full_allowed;
    for (size_t i = length; i < size; i++) {
        if (text[i] != '\0')
            return false;
    }
    return true;
}

tw_status store_check_trade(const tw_store *store, const tw_trade *trade, size_t index,
                            tw_error *error) {
    if (!symbol_is_known(store, trade->symbol))
        return ROW_BAD(index, "trade", "symbol is not in the table");
    if (trade->price.nano <= 0)
        return ROW_BAD(index, "trade", "price is not above zero");
    if (trade->quantity.nano <= 0)
        return ROW_BAD(index, "trade", "quantity is not above zero");
    if (trade->side > TW_SIDE_SELL)
        return ROW_BAD(index, "trade", "side is none of none, buy, sell");
    if (!text_is_clean(trade->conditions, sizeof trade->conditions, true))
        return ROW_BAD(index, "trade", "conditions have bytes behind their end");
    return TW_OK;
}

tw_status store_check_quote(const tw_store *store, const tw_quote *quote, size_t index,
                            tw_error *error) {
    if (!symbol_is_known(store, quote->symbol))
        return ROW_BAD(index, "quote", "symbol is not in the table");
    if (quote->bid_price.nano < 0 || quote->ask_price.nano < 0)
        return ROW_BAD(index, "quote", "bid or ask price is negative");
    if (quote->bid_size.nano < 0 || quote->ask_size.nano < 0)
        return ROW_BAD(index, "quote", "bid or ask size is negative");
    if (!text_is_clean(quote->conditions, sizeof quote->conditions, true))
        return ROW_BAD(index, "quote", "conditions have bytes behind their end");
    return TW_OK;
}

tw_status store_check_bar(const tw_store *store, const tw_bar *bar, size_t index, tw_error *error) {
    if (!symbol_is_known(store, bar->symbol))
        return ROW_BAD(index, "bar", "symbol is not in the table");
    if (bar->timeframe_ns <= 0)
        return ROW_BAD(index, "bar", "timeframe is not above zero");
    if (bar->low.nano <= 0 || bar->high.nano < bar->low.nano)
        return ROW_BAD(index, "bar", "low is not above zero, or its high is below its low");
    if (bar->open.nano < bar->low.nano || bar->open.nano > bar->high.nano ||
        bar->close.nano < bar->low.nano || bar->close.nano > bar->high.nano)
        return ROW_BAD(index, "bar", "open or close is outside its low and high");
    if (bar->volume.nano < 0 || bar->vwap.nano < 0)
        return ROW_BAD(index, "bar", "volume or vwap is negative");
    return TW_OK;
}

tw_status store_check_order(const tw_store *store, const tw_order *order, size_t index,
                            tw_error *error) {
    if (order->client_order_id[0] == '\0' ||
        !text_is_clean(order->client_order_id, sizeof order->client_order_id, false))
        return ROW_BAD(index, "order", "client_order_id is empty or not clean text");
    if (!text_is_clean(order->venue_order_id, sizeof order->venue_order_id, false))
        return ROW_BAD(index, "order", "venue_order_id is not clean text");
    if (!symbol_is_known(store, order->symbol))
        return ROW_BAD(index, "order", "symbol is not in the table");
    if (order->side > TW_SIDE_SELL || order->type > TW_ORDER_TRAILING_STOP ||
        order->time_in_force > TW_AT_CLOSE || order->status > TW_ORDER_DONE_FOR_DAY)
        return ROW_BAD(index, "order", "side, type, time in force or status does not exist");
    if (order->quantity.nano < 0 || order->filled.nano < 0)
        return ROW_BAD(index, "order", "quantity or filled quantity is negative");
    return TW_OK;
}

tw_status store_check_fill(const tw_store *store, const tw_fill *fill, size_t index,
                           tw_error *error) {
    if (fill->execution_id[0] == '\0' ||
        !text_is_clean(fill->execution_id, sizeof fill->execution_id, false))
        return ROW_BAD(index, "fill", "execution_id is empty or not clean text");
    if (!text_is_clean(fill->client_order_id, sizeof fill->client_order_id, false))
        return ROW_BAD(index, "fill", "client_order_id is not clean text");
    if (!symbol_is_known(store, fill->symbol))
        return ROW_BAD(index, "fill", "symbol is not in the table");
    if (fill->side > TW_SIDE_SELL)
        return ROW_BAD(index, "fill", "side is none of none, buy, sell");
    if (fill->price.nano <= 0 || fill->quantity.nano <= 0)
        return ROW_BAD(index, "fill", "price or quantity is not above zero");
    return TW_OK;
}

/* The place of a row without an identity among those of its symbol and time. */
static uint32_t next_place(const tw_store *store, store_places *places, int64_t time_ns) {
    if (places->batch != store->batch) {
        places->before = places->now;
        places->batch = store->batch;
    }
    if (places->now.series == store->series && places->now.time_ns == time_ns)
        places->now.place++;
    else
        places->now = (store_place){.time_ns = time_ns, .series = store->series};
    return places->now.place;
}

/* ---- one function a kind of row ---- */

#define NUMBER(value) store_number((int64_t)(value))
#define STRING(text) store_text((text), strnlen((text), sizeof(text)))

static tw_status put_trade(tw_store *store, const tw_trade *trade, tw_error *error) {
    tw_symbol symbol = trade->symbol;
    uint32_t place =
        trade->id == 0 ? next_place(store, &store->trade_places[symbol], trade->time_ns) : 0;
    uint32_t group = store_group_of(store->id_of[symbol]);
    store->touched[group / 64] |= UINT64_C(1) << (group % 64);
    const store_value row[] = {
        NUMBER(store->id_of[symbol]), NUMBER(trade->time_ns), NUMBER(trade->id),
        NUMBER(trade->exchange),      NUMBER(place),          NUMBER(trade->price.nano),
        NUMBER(trade->quantity.nano), NUMBER(trade->side),    NUMBER(trade->tape),
        STRING(trade->conditions),
    };
    return store_put(store, SQL_PUT_TRADE, row, error);
}

/* Enters the batch with `count` rows. When one of their symbols finds no room they are counted out
 * again: the batch is as it was. */
static tw_status enter_with_symbols(tw_store *store, const tw_symbol *first, size_t stride,
                                    size_t count, tw_error *error) {
    const char *at = (const char *)first;
    tw_status status = store_enter_batch(store, count, false, error);
    if (status != TW_OK)
        return status;
    for (size_t i = 0; i < count && status == TW_OK; i++) {
        int64_t id;
        tw_symbol symbol;
        memcpy(&symbol, at + i * stride, sizeof symbol);
        status = store_id_of(store, symbol, true, &id, error);
    }
    if (status != TW_OK && store->state == STORE_BATCH)
        store->figures.batch_rows -= (uint32_t)count;
    return status;
}

/* The shape that the puts of rows share: check all, enter, find all symbols, write all. */
#define PUT_ROWS(durable, rows, check, write)                                                  \
    do {                                                                                       \
        TW_ASSERT((rows) != NULL || count == 0);                                               \
        tw_status status = TW_OK;                                                              \
        for (size_t i = 0; status == TW_OK && i < count; i++)                                  \
            status = check(store, &(rows)[i], i, error);                                       \
        if (status == TW_OK && count == 0)                                                     \
            return store_enter_batch(store, 0, false, error);                                  \
        if (status == TW_OK)                                                                   \
            status = enter_with_symbols(store, &(rows)->symbol, sizeof *(rows), count, error); \
        if (status == TW_OK)                                                                   \
            store->batch_is_durable |= (durable);                                              \
        for (size_t i = 0; status == TW_OK && i < count; i++)                                  \
            status = write(store, &(rows)[i], error);                                          \
        return status;                                                                         \
    } while (false)

tw_status tw_store_put_trades(tw_store *store, const tw_trade *trades, size_t count,
                              tw_error *error) {
    PUT_ROWS(false, trades, store_check_trade, put_trade);
}

tw_status tw_store_pass_trades(tw_store *store, const tw_trade *trades, size_t count,
                               tw_error *error) {
    TW_ASSERT(trades != NULL || count == 0);
    tw_status status = store_enter_batch(store, 0, false, error);
    for (size_t i = 0; status == TW_OK && i < count; i++)
        status = store_check_trade(store, &trades[i], i, error);
    for (size_t i = 0; status == TW_OK && i < count; i++) {
        if (trades[i].symbol >= store->symbol_count_max)
            return store_no_room_for_symbol(store, error);
        if (trades[i].id == 0)
            next_place(store, &store->trade_places[trades[i].symbol], trades[i].time_ns);
    }
    return status;
}

static tw_status put_quote(tw_store *store, const tw_quote *quote, tw_error *error) {
    tw_symbol symbol = quote->symbol;
    uint32_t place = next_place(store, &store->quote_places[symbol], quote->time_ns);
    const store_value row[] = {
        NUMBER(store->id_of[symbol]),  NUMBER(quote->time_ns),        NUMBER(place),
        NUMBER(quote->bid_price.nano), NUMBER(quote->ask_price.nano), NUMBER(quote->bid_size.nano),
        NUMBER(quote->ask_size.nano),  NUMBER(quote->bid_exchange),   NUMBER(quote->ask_exchange),
        NUMBER(quote->tape),           STRING(quote->conditions),
    };
    return store_put(store, SQL_PUT_QUOTE, row, error);
}

tw_status tw_store_put_quotes(tw_store *store, const tw_quote *quotes, size_t count,
                              tw_error *error) {
    PUT_ROWS(false, quotes, store_check_quote, put_quote);
}

static tw_status put_bar(tw_store *store, const tw_bar *bar, tw_error *error) {
    const store_value row[] = {
        NUMBER(store->id_of[bar->symbol]),
        NUMBER(bar->timeframe_ns),
        NUMBER(bar->time_ns),
        NUMBER(bar->open.nano),
        NUMBER(bar->high.nano),
        NUMBER(bar->low.nano),
        NUMBER(bar->close.nano),
        NUMBER(bar->vwap.nano),
        NUMBER(bar->volume.nano),
        NUMBER(bar->count),
        NUMBER(bar->revision),
    };
    return store_put(store, SQL_PUT_BAR, row, error);
}

tw_status tw_store_put_bars(tw_store *store, const tw_bar *bars, size_t count, tw_error *error) {
    PUT_ROWS(false, bars, store_check_bar, put_bar);
}

static tw_status put_order(tw_store *store, const tw_order *order, tw_error *error) {
    const store_value row[] = {
        STRING(order->client_order_id),
        STRING(order->venue_order_id),
        NUMBER(order->created_ns),
        NUMBER(order->updated_ns),
        NUMBER(store->id_of[order->symbol]),
        NUMBER(order->side),
        NUMBER(order->type),
        NUMBER(order->time_in_force),
        NUMBER(order->status),
        NUMBER(order->extended_hours),
        NUMBER(order->quantity.nano),
        NUMBER(order->filled.nano),
        NUMBER(order->limit_price.nano),
        NUMBER(order->stop_price.nano),
        NUMBER(order->average_price.nano),
    };
    return store_put(store, SQL_PUT_ORDER, row, error);
}

tw_status tw_store_put_orders(tw_store *store, const tw_order *orders, size_t count,
                              tw_error *error) {
    PUT_ROWS(true, orders, store_check_order, put_order);
}

static tw_status put_fill(tw_store *store, const tw_fill *fill, tw_error *error) {
    const store_value row[] = {
        STRING(fill->execution_id),  STRING(fill->client_order_id),
        NUMBER(fill->time_ns),       NUMBER(store->id_of[fill->symbol]),
        NUMBER(fill->side),          NUMBER(fill->price.nano),
        NUMBER(fill->quantity.nano),
    };
    return store_put(store, SQL_PUT_FILL, row, error);
}

tw_status tw_store_put_fills(tw_store *store, const tw_fill *fills, size_t count, tw_error *error) {
    PUT_ROWS(true, fills, store_check_fill, put_fill);
}

tw_status tw_store_put_positions(tw_store *store, int64_t run, int64_t time_ns,
                                 const tw_position *positions, size_t count, tw_error *error) {
    TW_ASSERT(positions != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (!symbol_is_known(store, positions[i].symbol))
            return ROW_BAD(i, "position", "symbol is not in the table");
    }
    if (count == 0)
        return store_enter_batch(store, 0, false, error);
    tw_status status =
        enter_with_symbols(store, &positions->symbol, sizeof *positions, count, error);
    for (size_t i = 0; status == TW_OK && i < count; i++) {
        const tw_position *position = &positions[i];
        const store_value row[] = {
            NUMBER(run),
            NUMBER(time_ns),
            NUMBER(store->id_of[position->symbol]),
            NUMBER(position->quantity.nano),
            NUMBER(position->average_price.nano),
            NUMBER(position->current_price.nano),
        };
        status = store_put(store, SQL_PUT_POSITION, row, error);
    }
    return status;
}

static bool slice_is_text(tw_slice text) {
    return text.size == 0 ||
           (text.size <= TW_STORE_PAYLOAD_SIZE_MAX && memchr(text.data, '\0', text.size) == NULL);
}

static store_value slice_value(tw_slice text) {
    return store_text(text.data, text.size);
}

tw_status tw_store_put_run(tw_store *store, const tw_store_run *run, int64_t *ret_id,
                           tw_error *error) {
    if (run->id < 0)
        return ROW_BAD((size_t)0, "run", "id is negative");
    if (!slice_is_text(run->venue) || !slice_is_text(run->strategy) || !slice_is_text(run->report))
        return ROW_BAD((size_t)0, "run", "venue, strategy or report is too long or holds a NUL");
    tw_status status = store_enter_batch(store, 1, true, error);
    int64_t id = run->id;
    if (status == TW_OK && id == 0) {
        status = store_look_up(store, SQL_LAST_RUN, NULL, store_keep_number, &id, error);
        if (status == TW_OK && id == INT64_MAX)
            status = tw_error_set(error, TW_FULL, "the store has no free number for a run");
        id++;
    }
    if (status != TW_OK)
        return status;
    const store_value row[] = {
        NUMBER(id),
        NUMBER(run->started_ns),
        NUMBER(run->ended_ns),
        NUMBER(run->seed),
        slice_value(run->venue),
        slice_value(run->strategy),
        slice_value(run->report),
    };
    status = store_put(store, SQL_PUT_RUN, row, error);
    if (status == TW_OK && ret_id != NULL)
        *ret_id = id;
    return status;
}

tw_status store_check_import(const tw_store_import *import, tw_error *error) {
    if (import->name.size == 0 || !slice_is_text(import->name))
        return ROW_BAD((size_t)0, "import", "name is empty, too long or holds a NUL");
    return TW_OK;
}

tw_status tw_store_put_import(tw_store *store, const tw_store_import *import, tw_error *error) {
    tw_status status = store_check_import(import, error);
    if (status == TW_OK)
        status = store_enter_batch(store, 1, false, error);
    if (status != TW_OK)
        return status;
    const store_value row[] = {slice_value(import->name), NUMBER(import->row_count),
                               NUMBER(import->size), NUMBER(import->checksum)};
    return store_put(store, SQL_PUT_IMPORT, row, error);
}

/* ---- the journal ---- */

static bool kind_is_word(tw_slice kind) {
    if (kind.size < 1 || kind.size > TW_STORE_KIND_SIZE_MAX)
        return false;
    for (size_t i = 0; i < kind.size; i++) {
        char c = kind.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static tw_status check_records(const tw_store *store, const tw_store_record *records, size_t count,
                               tw_error *error) {
    for (size_t i = 0; i < count; i++) {
        uint64_t expected = store->last_sequence + 1 + i;
        if (records[i].sequence != expected)
            return tw_error_set(
                error, TW_INVALID, "the journal goes on at %llu, not at %llu: it has no gaps",
                (unsigned long long)expected, (unsigned long long)records[i].sequence);
        if (!kind_is_word(records[i].kind))
            return ROW_BAD(i, "record", "kind is not 1 to 31 of a-z 0-9 . _ -");
        if (!slice_is_text(records[i].payload))
            return ROW_BAD(i, "record", "payload is longer than 1 MiB or holds a NUL");
    }
    return TW_OK;
}

tw_status tw_store_append_journal(tw_store *store, const tw_store_record *records, size_t count,
                                  tw_error *error) {
    TW_ASSERT(records != NULL || count == 0);
    tw_status status = store_enter_batch(store, 0, false, error);
    if (status == TW_OK)
        status = check_records(store, records, count, error);
    if (status == TW_OK)
        status = store_enter_batch(store, count, count > 0, error);
    for (size_t i = 0; status == TW_OK && i < count; i++) {
        const tw_store_record *record = &records[i];
        uint64_t checksum =
            store_chain_next(store->last_checksum, store_chain_digest(store->epoch, record));
        const store_value row[] = {NUMBER(record->sequence), NUMBER(record->time_ns),
                                   slice_value(record->kind), slice_value(record->payload),
                                   NUMBER(checksum)};
        status = store_put(store, SQL_PUT_RECORD, row, error);
        if (status != TW_OK)
            return status;
        store->last_sequence = record->sequence;
        store->last_checksum = checksum;
    }
    return status;
}
