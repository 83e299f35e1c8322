/*
 * exchange_desk.h - a trading floor and its ledger without the network, for tests.
 *
 * A desk wires floor and ledger as exchange.c does and keeps what they tell: every record goes
 * into a hash, trades and bars into arrays, updates of orders into a log of words. Beside the
 * ledger it keeps cash and shares from the trades alone, the obvious way.
 */
#ifndef TRADEWIND_TESTS_EXCHANGE_DESK_H
#define TRADEWIND_TESTS_EXCHANGE_DESK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"
#include "ledger.h"
#include "session.h"
#include "tradewind/time.h"

#define DESK_TRADE_COUNT_MAX 65536
#define DESK_BAR_COUNT_MAX 4096
#define DESK_START_NS INT64_C(1767623400000000000) /* 2026-01-05T14:30:00Z */

typedef struct trading_desk {
    tw_symbols *symbols;
    daily_history *history;
    trading_floor *floor;
    account_ledger *ledger;
    ledger_account *account;
    uint64_t hash;
    tw_trade trades[DESK_TRADE_COUNT_MAX];
    uint32_t trade_count;
    tw_bar bars[DESK_BAR_COUNT_MAX];
    uint32_t bar_count;
    char phases[256];   /* "after closed pre ..." */
    char updates[8192]; /* "new partial_fill fill ..." */
    ledger_update last_update;
    /* What the account must have, from the trades of its orders alone. */
    int64_t cash_nano;
    int64_t shares_nano[64];
    /* What the other sides of those trades got and gave. */
    int64_t other_cash_nano;
    int64_t other_shares_nano[64];
} trading_desk;

typedef struct desk_config {
    const char *symbols; /* "AAA,BBB" */
    const char *tape_path;
    const char *initial_path;
    uint64_t seed;
    tw_money cash;            /* of each of the two accounts; the desk follows the first */
    int64_t multiplier_max;   /* 0: 1, no margin */
    uint32_t order_count_max; /* 0: 4096 */
    bool always_open;
    uint8_t tape_format; /* 0: LOBSTER messages */
    uint32_t tape_symbol_count;
    int64_t tape_shift_ns;
} desk_config;

static inline void desk_mix(trading_desk *desk, const void *record, size_t size) {
    const uint8_t *bytes = record;
    for (size_t i = 0; i < size; i++)
        desk->hash = (desk->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static inline void desk_on_trade(void *context, const tw_trade *trade) {
    trading_desk *desk = context;
    int64_t values[] = {trade->time_ns,     trade->price.nano, trade->quantity.nano,
                        (int64_t)trade->id, trade->symbol,     trade->side};
    desk_mix(desk, values, sizeof values);
    if (desk->trade_count < DESK_TRADE_COUNT_MAX)
        desk->trades[desk->trade_count++] = *trade;
}

static inline void desk_on_levels(void *context, const tw_level *levels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int64_t values[] = {levels[i].time_ns, levels[i].price.nano, levels[i].quantity.nano,
                            levels[i].symbol, levels[i].side};
        desk_mix(context, values, sizeof values);
    }
}

static inline void desk_on_quote(void *context, const tw_quote *quote) {
    int64_t values[] = {quote->time_ns, quote->bid_price.nano, quote->ask_price.nano,
                        quote->bid_size.nano, quote->ask_size.nano};
    desk_mix(context, values, sizeof values);
}

static inline void desk_on_bar(void *context, const tw_bar *bar) {
    trading_desk *desk = context;
    int64_t values[] = {bar->time_ns, bar->open.nano, bar->close.nano, bar->volume.nano};
    desk_mix(desk, values, sizeof values);
    if (desk->bar_count < DESK_BAR_COUNT_MAX)
        desk->bars[desk->bar_count++] = *bar;
}

/* Price x quantity rounded down, the way a schoolbook does it: in whole and fractional shares. */
static inline int64_t desk_value(int64_t price, int64_t quantity) {
    int64_t whole = price * (quantity / TW_NANO);
    int64_t rest = quantity % TW_NANO;
    return whole + (price / TW_NANO) * rest + (price % TW_NANO) * rest / TW_NANO;
}

static inline void desk_settle(trading_desk *desk, const tw_match_event *event, bool buys) {
    int64_t value = desk_value(event->price.nano, event->quantity.nano);
    int64_t sign = buys ? 1 : -1;
    desk->cash_nano -= sign * value;
    desk->other_cash_nano += sign * value;
    desk->shares_nano[event->symbol] += sign * event->quantity.nano;
    desk->other_shares_nano[event->symbol] -= sign * event->quantity.nano;
}

static inline void desk_on_user_event(void *context, const tw_match_event *event) {
    trading_desk *desk = context;
    if (event->kind == TW_MATCH_TRADE) {
        if ((event->id & FLOOR_USER_ID) != 0)
            desk_settle(desk, event, event->side == TW_SIDE_BUY);
        if ((event->maker_id & FLOOR_USER_ID) != 0)
            desk_settle(desk, event, event->side == TW_SIDE_SELL);
    }
    ledger_on_match(desk->ledger, event);
}

static inline void desk_on_phase(void *context, session_phase phase) {
    static const char *const names[] = {"closed", "pre", "regular", "after"};
    trading_desk *desk = context;
    size_t used = strlen(desk->phases);
    snprintf(desk->phases + used, sizeof desk->phases - used, "%s%s", used > 0 ? " " : "",
             names[phase]);
    int64_t values[] = {floor_now(desk->floor), phase};
    desk_mix(desk, values, sizeof values);
    ledger_on_phase(desk->ledger, phase);
}

static inline void desk_on_gathering(void *context, tw_match_auction kind) {
    ledger_on_gathering(((trading_desk *)context)->ledger, kind);
}

static inline void desk_on_halt(void *context, tw_symbol symbol, int64_t time_ns,
                                floor_halt_step step) {
    (void)time_ns;
    ledger_on_halt(((trading_desk *)context)->ledger, symbol, step);
}

static inline void desk_on_minute(void *context) {
    ledger_on_minute(((trading_desk *)context)->ledger);
}

static inline void desk_on_update(void *context, const ledger_update *update) {
    trading_desk *desk = context;
    size_t used = strlen(desk->updates);
    snprintf(desk->updates + used, sizeof desk->updates - used, "%s%s", used > 0 ? " " : "",
             tw_alpaca_event_name(update->event));
    desk->last_update = *update;
    int64_t values[] = {update->time_ns, update->price.nano, update->quantity.nano,
                        update->position.nano};
    desk_mix(desk, values, sizeof values);
    desk_mix(desk, update->execution_id, sizeof update->execution_id);
}

static inline void desk_close(trading_desk *desk) {
    floor_free(desk->floor);
    ledger_free(desk->ledger);
    daily_history_free(desk->history);
    tw_symbols_free(desk->symbols);
    desk->floor = NULL;
    desk->ledger = NULL;
    desk->history = NULL;
    desk->symbols = NULL;
}

static inline tw_status desk_make(trading_desk *desk, const tw_allocator *allocator,
                                  const desk_config *config, tw_error *error) {
    tw_status status = tw_symbols_new(allocator, 64, &desk->symbols);
    tw_slice rest = tw_slice_of(config->symbols);
    while (status == TW_OK && rest.data != NULL) {
        tw_symbol symbol;
        status = tw_symbols_intern(desk->symbols, tw_slice_split(&rest, ','), &symbol);
    }
    if (status == TW_OK)
        status = daily_history_generate(allocator, desk->symbols, session_day_of(DESK_START_NS) - 1,
                                        5, config->seed, &desk->history);
    uint32_t order_count_max = config->order_count_max == 0 ? 4096 : config->order_count_max;
    ledger_opening openings[] = {{"key", "secret", config->cash, config->multiplier_max},
                                 {"key2", "secret2", config->cash, config->multiplier_max}};
    ledger_config ledger = {.seed = config->seed,
                            .order_count_max = order_count_max,
                            .created_ns = DESK_START_NS,
                            .openings = openings,
                            .account_count = 2};
    if (status == TW_OK)
        status = ledger_new(allocator, &ledger, desk->symbols, desk_on_update, desk, &desk->ledger);
    floor_config floor = {
        .symbols = desk->symbols,
        .history = desk->history,
        .seed = config->seed,
        .start_ns = DESK_START_NS,
        .events_per_second = 20.0,
        .order_count_max = 16384,
        .minute_count_max = 64,
        .tape_path = config->tape_path,
        .initial_path = config->initial_path,
        .always_open = config->always_open,
        .tape_format = config->tape_format,
        .tape_symbol_count = config->tape_symbol_count,
        .tape_shift_ns = config->tape_shift_ns,
        .tape_midnight_ns = session_time_of(session_day_of(DESK_START_NS), 0, 0),
    };
    floor_sink sink = {desk_on_trade,      desk_on_levels, desk_on_quote, desk_on_bar,
                       desk_on_user_event, desk,           desk_on_phase, desk_on_halt,
                       desk_on_gathering,  NULL,           desk_on_minute};
    if (status == TW_OK)
        status = floor_new(allocator, &floor, &sink, &desk->floor, error);
    return status;
}

/* Whatever was made is taken down again when it fails. */
static inline tw_status desk_open(trading_desk *desk, const tw_allocator *allocator,
                                  const desk_config *config, tw_error *error) {
    memset(desk, 0, sizeof *desk);
    tw_status status = desk_make(desk, allocator, config, error);
    if (status != TW_OK) {
        desk_close(desk);
        return status;
    }
    ledger_set_floor(desk->ledger, desk->floor);
    desk->account = ledger_authenticate(desk->ledger, tw_slice_of("key"), tw_slice_of("secret"));
    desk->cash_nano = config->cash.nano;
    return TW_OK;
}

/* Lets time pass as fault_moments.c does: what is on its way to the floor arrives. */
static inline void desk_advance(trading_desk *desk, int64_t until_ns) {
    do {
        floor_set_alarm(desk->floor, ledger_transit_next(desk->ledger));
        tw_status status = floor_advance(desk->floor, until_ns, UINT64_MAX, NULL);
        TW_ASSERT(status == TW_OK);
        ledger_transit_arrive(desk->ledger, floor_now(desk->floor));
    } while (floor_now(desk->floor) < until_ns);
    floor_set_alarm(desk->floor, ledger_transit_next(desk->ledger));
}

/* Writes a temporary file of its own; remove it with unlink. */
static inline void desk_write_file(char path[64], const char *text) {
    snprintf(path, 64, "/tmp/tradewind-test-XXXXXX");
    int fd = mkstemp(path);
    TW_ASSERT(fd >= 0);
    ssize_t written = write(fd, text, strlen(text));
    TW_ASSERT(written == (ssize_t)strlen(text));
    close(fd);
}

/* An order as a client would ask for it; price 0: a market order. */
static inline tw_alpaca_order_request desk_request(const char *symbol, tw_side side,
                                                   int64_t quantity_nano, int64_t price_nano) {
    tw_alpaca_order_request request = {
        .side = (uint8_t)side,
        .type = price_nano > 0 ? TW_ORDER_LIMIT : TW_ORDER_MARKET,
        .time_in_force = TW_DAY,
        .quantity = {quantity_nano},
        .limit_price = {price_nano},
        .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_SIDE) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_TYPE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_TIME_IN_FORCE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY),
    };
    if (price_nano > 0)
        request.present |= TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE);
    snprintf(request.symbol, sizeof request.symbol, "%s", symbol);
    return request;
}

#endif
