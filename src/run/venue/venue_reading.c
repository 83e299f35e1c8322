/*
 * venue_reading.c - account, clock, positions and open orders as one snapshot; and the history.
 *
 *     read_snapshot: account -> clock -> positions -> open orders -> told as a whole
 *
 * A reading that was overtaken by a loss of connection is not the venue's current one any more:
 * what its last call brings is dropped, and its place is free again.
 * The history is fetched once, as soon as the venue's clock is known, many symbols at a time.
 */
#include <stdio.h>
#include <string.h>

#include "fnv.h"
#include "tradewind/alpaca_fetch.h"
#include "venue_priv.h"

static bool overtaken(const venue_reading *reading) {
    const tw_venue *venue = reading->venue;
    return venue->reading != reading || venue->state == VENUE_STOPPED ||
           venue->state == VENUE_FAILED || venue->state == VENUE_DOWN;
}

/* A reading's call has ended; NULL when the reading no longer counts. */
static tw_venue *arrived(venue_reading *reading) {
    reading->in_flight = false;
    return overtaken(reading) ? NULL : reading->venue;
}

static void reading_failed(tw_venue *venue, const tw_alpaca_result *result, const char *what) {
    char reason[256];
    venue->reading = NULL;
    snprintf(reason, sizeof reason, "%s could not be read: %s", what, result->message);
    venue_lost(venue, result->status, reason);
}

static tw_venue_event *add(tw_venue *venue, tw_venue_kind kind) {
    TW_ASSERT(venue->snapshot_count < venue->snapshot_capacity);
    tw_venue_event *event = &venue->snapshot[venue->snapshot_count++];
    *event = venue_event(venue, kind);
    return event;
}

static void finish(tw_venue *venue) {
    add(venue, TW_VENUE_SNAPSHOT_END);
    venue->reading = NULL;
    venue->snapshot_told = 0;
    venue->snapshot_pending = true;
    if (venue->state == VENUE_READING)
        venue_enter(venue, VENUE_UP);
}

/* Room for the end of the snapshot is kept. */
static bool has_room(const tw_venue *venue) {
    return venue->snapshot_count + 1 < venue->snapshot_capacity;
}

static void on_order(void *context, const tw_alpaca_order *order) {
    tw_venue *venue = ((venue_reading *)context)->venue;
    if (overtaken(context) || !has_room(venue))
        return; /* an order left out is asked about by its id */
    add(venue, TW_VENUE_OPEN_ORDER)->as.order = order->order;
}

static void on_orders_done(void *context, const tw_alpaca_result *result) {
    tw_venue *venue = arrived(context);
    if (venue == NULL)
        return;
    if (result->status != TW_OK)
        reading_failed(venue, result, "open orders");
    else
        finish(venue);
}

static void on_position(void *context, const tw_alpaca_position *position) {
    tw_venue *venue = ((venue_reading *)context)->venue;
    if (overtaken(context) || position->position.symbol >= venue->config.symbol_count)
        return;
    if (!has_room(venue)) {
        venue->reading = NULL;
        venue_lost(venue, TW_PROTOCOL, "the venue tells of more positions than it has symbols");
        return;
    }
    add(venue, TW_VENUE_POSITION)->as.position = position->position;
}

/* Starts the next part of a reading; one that cannot start counts as a loss. */
static void next_part(tw_venue *venue, tw_status started) {
    atomic_fetch_add(&venue->requests, 1);
    if (started == TW_OK) {
        venue->reading->in_flight = true;
        return;
    }
    venue->reading = NULL;
    venue_lost(venue, started,
               started == TW_FULL ? "too many requests are in flight"
                                  : "requests have failed a lot");
}

static void on_positions_done(void *context, const tw_alpaca_result *result) {
    tw_venue *venue = arrived(context);
    if (venue == NULL)
        return;
    if (result->status != TW_OK) {
        reading_failed(venue, result, "positions");
        return;
    }
    tw_alpaca_orders_query query = {.status = "open", .limit = VENUE_ORDERS_A_SNAPSHOT};
    next_part(venue,
              tw_alpaca_client_orders(venue->client, &query, on_order, on_orders_done, context));
}

static void on_clock(void *context, const tw_alpaca_result *result, const tw_alpaca_clock *clock) {
    tw_venue *venue = arrived(context);
    if (venue == NULL)
        return;
    if (result->status != TW_OK) {
        reading_failed(venue, result, "the venue's clock");
        return;
    }
    venue->clock_venue_ns = clock->timestamp_ns;
    venue->clock_own_ns = tw_time_monotonic_ns();
    venue->snapshot[0].time_ns = clock->timestamp_ns;
    if (!venue->history_started)
        venue_fetch_history(venue);
    next_part(venue,
              tw_alpaca_client_positions(venue->client, on_position, on_positions_done, context));
}

/* Never 0. The number itself is not kept: it stands in the journal, which people show to others. */
static uint64_t identity_of(const char *account_number) {
    uint64_t identity = fnv_bytes(FNV_BASIS, account_number, strlen(account_number));
    return identity == 0 ? 1 : identity;
}

static void on_account(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_account *account) {
    tw_venue *venue = arrived(context);
    if (venue == NULL)
        return;
    if (result->status != TW_OK) {
        reading_failed(venue, result, "the account");
        return;
    }
    if (account->trading_blocked || account->account_blocked) {
        venue->reading = NULL;
        venue_fail(venue, TW_REFUSED, "the venue has blocked this account from trading");
        return;
    }
    add(venue, TW_VENUE_ACCOUNT)->as.account = (tw_account){
        .cash = account->cash,
        .equity = account->equity,
        .buying_power = account->buying_power,
        .identity = venue->config.passing ? 0 : identity_of(account->account_number),
    };
    next_part(venue, tw_alpaca_client_clock(venue->client, on_clock, context));
}

void venue_read_snapshot(tw_venue *venue) {
    if (venue->reading != NULL || venue->snapshot_pending) {
        venue->snapshot_again = true;
        return;
    }
    for (uint32_t i = 0; i < VENUE_READING_COUNT_MAX && venue->reading == NULL; i++) {
        if (!venue->readings[i].in_flight)
            venue->reading = &venue->readings[i];
    }
    if (venue->reading == NULL) {
        venue_lost(venue, TW_FULL, "too many requests are without an answer");
        return;
    }
    venue->snapshot_again = false;
    venue->snapshot_count = 0;
    next_part(venue, tw_alpaca_client_account(venue->client, on_account, venue->reading));
}

/* ---- history ------------------------------------------------------------------------------- */

static void keep_history_bar(tw_venue *venue, const tw_bar *bar) {
    if (bar->symbol >= venue->config.symbol_count)
        return;
    uint32_t days = venue->config.history_days;
    uint32_t *count = &venue->history_counts[bar->symbol];
    venue->history[(size_t)bar->symbol * days + *count % days] = *bar;
    (*count)++;
    atomic_fetch_add(&venue->history_bars, 1);
}

static void on_history_bars(void *context, const tw_bar *bars, size_t count) {
    for (size_t i = 0; i < count; i++)
        keep_history_bar(context, &bars[i]);
}

static void on_history_done(void *context, const tw_alpaca_result *result) {
    tw_venue *venue = context;
    char reason[256];
    if (venue->state == VENUE_STOPPED)
        return;
    if (result->status == TW_OK) {
        venue->history_fetched = true;
        return;
    }
    /* It is fetched again, from its start, when the venue is back. */
    venue->history_started = false;
    memset(venue->history_counts, 0, venue->config.symbol_count * sizeof *venue->history_counts);
    snprintf(reason, sizeof reason, "the history could not be fetched: %s", result->message);
    venue_lost(venue, result->status, reason);
}

void venue_fetch_history(tw_venue *venue) {
    /* Calendar days that surely hold the trading days wanted: seven for every five, and holidays.
     * What comes beyond them pushes the oldest out. */
    int64_t calendar_days = (int64_t)venue->config.history_days * 3 / 2 + 10;
    tw_symbol *symbols = TW_NEW(venue->allocator, venue->config.symbol_count, tw_symbol);
    tw_status status = symbols == NULL ? TW_NO_MEMORY : TW_OK;
    for (uint32_t s = 0; symbols != NULL && s < venue->config.symbol_count; s++)
        symbols[s] = s;
    tw_alpaca_fetch_query query = {
        .symbols = symbols,
        .symbol_count = venue->config.symbol_count,
        .timeframe_ns = TW_NS_PER_DAY,
        .start_ns = venue->clock_venue_ns - calendar_days * TW_NS_PER_DAY,
        .end_ns = venue->clock_venue_ns,
        .symbols_per_request = 1 + venue->config.symbol_count / 8,
        .in_flight_max = 8,
    };
    tw_alpaca_fetch_callbacks callbacks = {
        .context = venue, .on_bars = on_history_bars, .on_done = on_history_done};
    venue->history_started = true;
    if (status == TW_OK)
        status = tw_alpaca_fetch_new(venue->client, &query, &callbacks, NULL);
    TW_DELETE(venue->allocator, symbols, venue->config.symbol_count, tw_symbol);
    if (status != TW_OK)
        venue_fail(venue, status, "the history could not be asked for");
}
