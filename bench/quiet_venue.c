/*
 * quiet_venue.c - see quiet_venue.h. The opening is told in this order: account, positions, end of
 * the snapshot, closes day by day, end of the history, up. After that only fills are told.
 */
#include "quiet_venue.h"
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/time.h"

typedef struct quiet_row {
    uint64_t kind;
    union {
        tw_trade trade;
        tw_bar bar;
        tw_fill fill;
        tw_order order;
    } as;
} quiet_row;

enum { ROW_COUNT_MAX = 65536, ENTRY_COUNT_MAX = 4096 };

void quiet_venue_init(quiet_venue *venue, uint32_t symbol_count, size_t market_events) {
    *venue = (quiet_venue){.symbol_count = symbol_count,
                           .begin_ns = INT64_C(1704153600) * TW_NS_PER_SECOND};
    require(tw_symbols_new(NULL, symbol_count, &venue->symbols) == TW_OK, "symbols");
    for (uint32_t s = 0; s < symbol_count; s++) {
        char name[16];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%u", s);
        require(tw_symbols_intern(venue->symbols, tw_slice_of(name), &symbol) == TW_OK, "a symbol");
    }
    venue->quantity_nano = calloc(symbol_count, sizeof(int64_t));
    venue->price_nano = calloc(symbol_count, sizeof(int64_t));
    require(venue->quantity_nano != NULL && venue->price_nano != NULL, "memory");
    require(tw_ring_new(NULL, market_events, sizeof(tw_market_event), &venue->market) == TW_OK &&
                tw_ring_new(NULL, ROW_COUNT_MAX, sizeof(quiet_row), &venue->rows) == TW_OK &&
                tw_ring_new(NULL, ENTRY_COUNT_MAX, sizeof(tw_journal_entry), &venue->entries) ==
                    TW_OK,
            "rings");
}

void quiet_venue_done(quiet_venue *venue) {
    tw_symbols_free(venue->symbols);
    tw_ring_free(venue->market);
    tw_ring_free(venue->rows);
    tw_ring_free(venue->entries);
    free(venue->quantity_nano);
    free(venue->price_nano);
}

void quiet_venue_begin(quiet_venue *venue, const quiet_account *account) {
    size_t size = venue->symbol_count * sizeof(int64_t);
    require(account->symbol_count == venue->symbol_count, "as many symbols");
    memcpy(venue->quantity_nano, account->quantity_nano, size);
    memcpy(venue->price_nano, account->price_nano, size);
    venue->account = account;
    venue->cash_nano = account->cash_nano;
    venue->now_ns = venue->begin_ns;
    venue->told = venue->fills = venue->sequence = venue->hash = 0;
    venue->is_filling = false;
    quiet_venue_empty(venue);
}

/* ---- the feed ------------------------------------------------------------------------------ */

static tw_status next_market(void *context, tw_market_event *ret_event) {
    return tw_ring_pop(((quiet_venue *)context)->market, ret_event);
}

static void tell_close(const quiet_venue *venue, uint64_t index, tw_venue_event *event) {
    uint64_t day = index / venue->symbol_count;
    tw_bar *bar = &event->as.history;
    event->kind = TW_VENUE_HISTORY;
    bar->symbol = (tw_symbol)(index % venue->symbol_count);
    bar->time_ns = venue->begin_ns - (int64_t)(venue->account->day_count - day) * TW_NS_PER_DAY;
    bar->timeframe_ns = TW_NS_PER_DAY;
    bar->close.nano = (int64_t)(venue->account->closes[index] * (double)TW_NANO);
}

/* Event `index` of the opening; false when that is over. */
static bool tell_opening(const quiet_venue *venue, uint64_t index, tw_venue_event *event) {
    uint64_t n = venue->symbol_count;
    uint64_t closes = n * venue->account->day_count;
    if (index == 0) {
        event->kind = TW_VENUE_ACCOUNT;
        event->as.account.cash.nano = venue->cash_nano;
    } else if (index <= n) {
        uint64_t s = index - 1;
        event->kind = TW_VENUE_POSITION;
        event->as.position = (tw_position){.symbol = (tw_symbol)s,
                                           .quantity = {venue->quantity_nano[s]},
                                           .average_price = {venue->price_nano[s]},
                                           .current_price = {venue->price_nano[s]}};
    } else if (index == n + 1) {
        event->kind = TW_VENUE_SNAPSHOT_END;
    } else if (index < n + 2 + closes) {
        tell_close(venue, index - n - 2, event);
    } else if (index == n + 2 + closes) {
        event->kind = TW_VENUE_HISTORY_END;
    } else if (index == n + 3 + closes) {
        event->kind = TW_VENUE_UP;
    } else {
        return false;
    }
    return true;
}

static void tell_fill(quiet_venue *venue, tw_venue_event *event) {
    tw_order_update *update = &event->as.update;
    tw_order *order = &update->order;
    event->kind = TW_VENUE_ORDER_UPDATE;
    *order = venue->filling;
    order->status = TW_ORDER_FILLED;
    order->filled = order->quantity;
    order->average_price.nano = venue->price_nano[order->symbol];
    update->price = order->average_price;
    update->quantity = order->quantity;
    snprintf(update->execution_id, sizeof update->execution_id, "x%llu",
             (unsigned long long)++venue->fills);
    venue->is_filling = false;
}

static tw_status next_venue(void *context, tw_venue_event *ret_event) {
    quiet_venue *venue = context;
    if (!venue->is_filling &&
        venue->told > 3 + (1 + (uint64_t)venue->account->day_count) * venue->symbol_count)
        return TW_EMPTY;
    *ret_event = (tw_venue_event){.time_ns = venue->now_ns};
    if (tell_opening(venue, venue->told, ret_event)) {
        venue->told++;
        return TW_OK;
    }
    tell_fill(venue, ret_event);
    return TW_OK;
}

/* ---- the broker ---------------------------------------------------------------------------- */

static tw_status submit(void *context, const tw_order *order) {
    quiet_venue *venue = context;
    if (venue->is_filling)
        return TW_FULL; /* one at a time */
    if (venue->on_submit != NULL)
        venue->on_submit(venue->context, order);
    int64_t sign = order->side == TW_SIDE_BUY ? 1 : -1;
    venue->quantity_nano[order->symbol] += sign * order->quantity.nano;
    venue->filling = *order;
    venue->is_filling = true;
    return TW_OK;
}

static tw_status take_order(void *context, const tw_order *order) {
    (void)context;
    (void)order;
    return TW_OK;
}

static tw_status snapshot(void *context) {
    (void)context;
    return TW_OK;
}

/* ---- the store ----------------------------------------------------------------------------- */

static tw_status put_trade(void *context, const tw_trade *trade) {
    return tw_ring_push(((quiet_venue *)context)->rows,
                        &(quiet_row){.kind = 1, .as.trade = *trade});
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    return tw_ring_push(((quiet_venue *)context)->rows, &(quiet_row){.kind = 2, .as.bar = *bar});
}

static tw_status put_order(void *context, const tw_order *order) {
    return tw_ring_push(((quiet_venue *)context)->rows,
                        &(quiet_row){.kind = 3, .as.order = *order});
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    return tw_ring_push(((quiet_venue *)context)->rows, &(quiet_row){.kind = 4, .as.fill = *fill});
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    quiet_venue *venue = context;
    tw_status status = tw_ring_push(venue->entries, entry);
    if (status == TW_OK)
        venue->sequence = entry->sequence;
    return status;
}

static uint64_t durable_sequence(void *context) {
    return ((quiet_venue *)context)->sequence;
}

static tw_status health(void *context) {
    (void)context;
    return TW_OK;
}

void quiet_venue_ports(quiet_venue *venue, tw_engine_ports *ret_ports) {
    *ret_ports = (tw_engine_ports){
        .feed = {next_market, next_venue, venue},
        .broker = {submit, take_order, take_order, snapshot, venue},
        .store = {put_trade, put_bar, put_order, put_fill, append_journal, durable_sequence, health,
                  venue},
    };
}

/* FNV-1a of kind and payload. */
static uint64_t hash_entry(uint64_t hash, const tw_journal_entry *entry) {
    const char *texts[] = {entry->kind, entry->payload};
    for (int i = 0; i < 2; i++)
        for (const char *c = texts[i]; *c != '\0'; c++)
            hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    return hash;
}

void quiet_venue_empty(quiet_venue *venue) {
    const void *shown = NULL;
    size_t count;
    while ((count = tw_ring_peek(venue->rows, 256, &shown)) > 0)
        tw_ring_consume(venue->rows, count);
    while ((count = tw_ring_peek(venue->entries, 256, &shown)) > 0) {
        for (size_t i = 0; venue->hashes && i < count; i++)
            venue->hash = hash_entry(venue->hash, (const tw_journal_entry *)shown + i);
        tw_ring_consume(venue->entries, count);
    }
}
