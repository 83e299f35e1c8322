/*
 * fake_desk.h - a tiny venue and a tiny store behind the engine's ports, in virtual time.
 *
 * The venue keeps the truth (cash, positions, orders) and tells of it over a bad line: answers are
 * lost before or after the act, updates are dropped, repeated and late, the connection breaks and
 * a snapshot is read in three parts between which orders go on trading. The store makes entries
 * durable some turns late, refuses rows now and then (TW_FULL) and may fail for good at entry n.
 * All of it is drawn from one seed. Promises that must hold at every single call are checked where
 * the call arrives: an intent is durable and its row is put before its submit, no id is submitted
 * once more without a durable entry that says so and before its last submit has ended, no buy while
 * a sell is open.
 *
 * Everything is static inline, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_FAKE_DESK_H
#define TRADEWIND_TESTS_FAKE_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/engine.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

#define FAKE_TURN_NS (TW_NS_PER_SECOND / 4)
#define FAKE_START_NS (INT64_C(1767623400) * TW_NS_PER_SECOND) /* 2026-01-05T14:30:00Z */

enum {
    FAKE_SYMBOLS = 8,
    FAKE_ORDERS = 512,
    FAKE_MESSAGES = 1024,
    FAKE_INBOX = 4096,
    FAKE_COMMANDS = 256,
    FAKE_ENTRIES = 8192
};

/* Odds are per mille, spans in turns. */
typedef struct fake_options {
    uint64_t seed;
    uint32_t symbol_count;
    uint32_t history_days;
    uint32_t fill; /* that an open order trades in a turn */
    uint32_t reject;
    uint32_t lose_answer; /* of a submit or cancel; half of them after the act */
    uint32_t lose_query;
    uint32_t drop_update;
    uint32_t repeat_update;
    uint32_t disconnect;
    uint32_t tamper; /* when a connection breaks */
    uint32_t store_full;
    uint32_t broker_full;
    uint32_t delay_max;
    uint32_t durable_delay;
    bool still;              /* prices do not move by themselves */
    uint64_t store_fails_at; /* 0: never */
} fake_options;

typedef struct fake_order {
    tw_order order;
    int64_t notional_nano;
    bool at_venue;
    bool adopted;
    bool row_put;
    bool submitted;
    uint32_t submits;
    uint32_t unanswered; /* of them */
    uint64_t permission; /* entry of the journal that let the newest of them go */
} fake_order;

typedef struct fake_message {
    uint64_t due;
    bool update; /* lost when the connection breaks */
    tw_venue_event event;
} fake_message;

typedef enum fake_act { FAKE_SUBMIT, FAKE_CANCEL, FAKE_QUERY } fake_act;

typedef struct fake_command {
    uint64_t due;
    fake_act act;
    bool answered; /* its answer was given before the act */
    tw_order order;
} fake_command;

typedef struct fake_entry {
    uint64_t turn; /* when it was taken */
    tw_journal_entry entry;
} fake_entry;

typedef struct fake_desk {
    fake_options options;
    tw_random random;
    uint64_t turn;
    int64_t now_ns;

    tw_symbols *symbols;
    int64_t price[FAKE_SYMBOLS]; /* nano, whole cents */
    bool silent[FAKE_SYMBOLS];   /* no market data comes */
    tw_market_event market[64];
    uint32_t market_first;
    uint32_t market_count;

    int64_t cash;
    uint64_t identity; /* of the account */
    int64_t position[FAKE_SYMBOLS];
    fake_order orders[FAKE_ORDERS];
    uint32_t order_count;
    uint64_t executions;
    bool tampered;
    bool calm; /* no more faults */

    bool up;
    uint64_t back_turn; /* when it comes back */
    uint32_t reading;   /* part of the snapshot being read; 0: none */
    tw_venue_event snapshot[FAKE_SYMBOLS + FAKE_ORDERS + 3];
    uint32_t snapshot_count;
    uint32_t snapshots;

    fake_message messages[FAKE_MESSAGES];
    uint32_t message_count;
    uint64_t update_due;
    tw_venue_event inbox[FAKE_INBOX];
    uint32_t inbox_first;
    uint32_t inbox_count;
    fake_command commands[FAKE_COMMANDS];
    uint32_t command_count;

    fake_entry entries[FAKE_ENTRIES];
    uint32_t entry_count;
    uint64_t first_sequence; /* entries[0] has the next one */
    uint64_t durable;
    tw_status health;
    uint64_t rows;
    uint64_t submits;
    uint64_t cancels;
    uint64_t twins; /* refused because the first was there */
    bool sells_seen;
} fake_desk;

static inline bool fake_chance(fake_desk *desk, uint32_t per_mille) {
    return !desk->calm && per_mille > 0 && tw_random_below(&desk->random, 1000) < per_mille;
}

static inline uint64_t fake_delay(fake_desk *desk) {
    return desk->turn + 1 + tw_random_below(&desk->random, desk->options.delay_max + 1);
}

/* ---- telling ---- */

static inline void fake_tell(fake_desk *desk, const tw_venue_event *event) {
    assert_true(desk->inbox_count < FAKE_INBOX);
    desk->inbox[(desk->inbox_first + desk->inbox_count++) % FAKE_INBOX] = *event;
}

static inline tw_venue_event fake_event(const fake_desk *desk, tw_venue_kind kind) {
    return (tw_venue_event){.time_ns = desk->now_ns, .kind = (uint32_t)kind};
}

static inline void fake_tell_later(fake_desk *desk, uint64_t due, bool update,
                                   const tw_venue_event *event) {
    assert_true(desk->message_count < FAKE_MESSAGES);
    desk->messages[desk->message_count++] =
        (fake_message){.due = due, .update = update, .event = *event};
}

static inline void fake_deliver(fake_desk *desk) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < desk->message_count; i++) {
        fake_message *message = &desk->messages[i];
        if (message->due > desk->turn) {
            desk->messages[kept++] = *message;
            continue;
        }
        message->event.time_ns = desk->now_ns;
        fake_tell(desk, &message->event);
    }
    desk->message_count = kept;
}

static inline fake_order *fake_find(fake_desk *desk, const char *client_order_id) {
    for (uint32_t i = 0; i < desk->order_count; i++) {
        if (strcmp(desk->orders[i].order.client_order_id, client_order_id) == 0)
            return &desk->orders[i];
    }
    return NULL;
}

static inline fake_order *fake_note(fake_desk *desk, const tw_order *order) {
    fake_order *known = fake_find(desk, order->client_order_id);
    if (known != NULL)
        return known;
    assert_true(desk->order_count < FAKE_ORDERS);
    known = &desk->orders[desk->order_count++];
    *known = (fake_order){.order = *order};
    return known;
}

static inline bool fake_is_open(const fake_order *order) {
    return order->at_venue && !tw_order_status_is_final((tw_order_status)order->order.status);
}

static inline void fake_tell_update(fake_desk *desk, const fake_order *order, const char *word,
                                    int64_t price, int64_t quantity) {
    tw_venue_event event = fake_event(desk, TW_VENUE_ORDER_UPDATE);
    tw_order_update *update = &event.as.update;
    update->order = order->order;
    update->price.nano = price;
    update->quantity.nano = quantity;
    snprintf(update->event, sizeof update->event, "%s", word);
    if (quantity > 0)
        snprintf(update->execution_id, sizeof update->execution_id, "x%llu",
                 (unsigned long long)++desk->executions);
    if (!desk->up || fake_chance(desk, desk->options.drop_update))
        return;
    uint64_t due = fake_delay(desk);
    desk->update_due = due > desk->update_due ? due : desk->update_due;
    fake_tell_later(desk, desk->update_due, true, &event);
    if (fake_chance(desk, desk->options.repeat_update))
        fake_tell_later(desk, desk->update_due + tw_random_below(&desk->random, 20), true, &event);
}

/* ---- the venue's acts ---- */

static inline void fake_trade(fake_desk *desk, fake_order *order) {
    tw_order *o = &order->order;
    int64_t price = desk->price[o->symbol];
    bool buy = o->side == TW_SIDE_BUY;
    if (buy ? price > o->limit_price.nano : price < o->limit_price.nano)
        return;
    int64_t lots = (o->quantity.nano - o->filled.nano) / TW_NANO;
    if (lots > 1 && tw_random_below(&desk->random, 2) == 0)
        lots = 1 + (int64_t)tw_random_below(&desk->random, (uint64_t)lots);
    int64_t notional = price * lots;
    order->notional_nano += notional;
    o->filled.nano += lots * TW_NANO;
    assert_int_equal(tw_decimal_divide(order->notional_nano, o->filled.nano, TW_ROUND_HALF_EVEN,
                                       &o->average_price.nano),
                     TW_OK);
    bool whole = o->filled.nano == o->quantity.nano;
    o->status = whole ? TW_ORDER_FILLED : TW_ORDER_PARTIALLY_FILLED;
    desk->cash += buy ? -notional : notional;
    desk->position[o->symbol] += buy ? lots * TW_NANO : -lots * TW_NANO;
    fake_tell_update(desk, order, whole ? "fill" : "partial_fill", price, lots * TW_NANO);
}

static inline void fake_answer(fake_desk *desk, const fake_command *command, tw_status status,
                               const fake_order *order) {
    static const tw_venue_kind kinds[] = {TW_VENUE_SUBMIT_RESULT, TW_VENUE_CANCEL_RESULT,
                                          TW_VENUE_QUERY_RESULT};
    tw_venue_event event = fake_event(desk, kinds[command->act]);
    memcpy(event.as.result.client_order_id, command->order.client_order_id,
           sizeof event.as.result.client_order_id);
    event.as.result.status = status;
    fake_order *sent = fake_find(desk, command->order.client_order_id);
    if (command->act == FAKE_SUBMIT && sent != NULL)
        sent->unanswered--;
    if (status == TW_OK && order != NULL && command->act != FAKE_CANCEL)
        event.as.result.order = order->order;
    fake_tell_later(desk, fake_delay(desk), false, &event);
}

static inline tw_status fake_do_submit(fake_desk *desk, fake_order *order) {
    if (order->at_venue) {
        assert_true(order->submits > 1);
        desk->twins++;
        return TW_EXISTS;
    }
    snprintf(order->order.venue_order_id, sizeof order->order.venue_order_id, "v%u",
             (unsigned)(order - desk->orders) + 1);
    if (fake_chance(desk, desk->options.reject))
        return TW_REFUSED;
    order->at_venue = true;
    order->order.status = TW_ORDER_NEW;
    fake_tell_update(desk, order, "new", 0, 0);
    if (tw_random_below(&desk->random, 4) == 0)
        fake_trade(desk, order); /* its fill may be told before the answer */
    return TW_OK;
}

static inline tw_status fake_do_cancel(fake_desk *desk, const fake_command *command,
                                       fake_order *order) {
    if (command->order.venue_order_id[0] == '\0')
        return TW_INVALID;
    if (!fake_is_open(order))
        return TW_REFUSED;
    order->order.status = TW_ORDER_CANCELED;
    fake_tell_update(desk, order, "canceled", 0, 0);
    return TW_OK;
}

static inline tw_status fake_do(fake_desk *desk, const fake_command *command, fake_order *order) {
    switch (command->act) {
    case FAKE_SUBMIT:
        return fake_do_submit(desk, order);
    case FAKE_CANCEL:
        return fake_do_cancel(desk, command, order);
    case FAKE_QUERY:
        break;
    }
    return order != NULL && order->at_venue ? TW_OK : TW_NOT_FOUND;
}

/* False: it will act later, and its answer is already lost. */
static inline bool fake_run(fake_desk *desk, fake_command *command) {
    fake_order *order = fake_find(desk, command->order.client_order_id);
    if (command->act == FAKE_QUERY) {
        bool lost = !desk->up || fake_chance(desk, desk->options.lose_query);
        fake_answer(desk, command, lost ? TW_UNREACHABLE : fake_do(desk, command, order), order);
        return true;
    }
    if (command->answered) {
        (void)fake_do(desk, command, order);
        return true;
    }
    if (fake_chance(desk, desk->options.lose_answer)) {
        fake_answer(desk, command, TW_UNKNOWN, NULL);
        switch (tw_random_below(&desk->random, 3)) {
        case 0:
            return true; /* never arrived */
        case 1:
            (void)fake_do(desk, command, order);
            return true;
        default:
            command->answered = true; /* on its way for a while */
            command->due = desk->turn + 1 + tw_random_below(&desk->random, 30);
            return false;
        }
    }
    if (!desk->up && fake_chance(desk, 500)) {
        fake_answer(desk, command, TW_UNREACHABLE, NULL);
        return true;
    }
    fake_answer(desk, command, fake_do(desk, command, order), order);
    return true;
}

static inline void fake_run_commands(fake_desk *desk) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < desk->command_count; i++) {
        fake_command command = desk->commands[i];
        if (command.due > desk->turn || !fake_run(desk, &command))
            desk->commands[kept++] = command;
    }
    desk->command_count = kept;
}

/* ---- connection ---- */

static inline void fake_read_part(fake_desk *desk) {
    tw_venue_event *event = &desk->snapshot[desk->snapshot_count];
    if (desk->reading == 1) {
        desk->snapshot_count = 1;
        desk->snapshot[0] = fake_event(desk, TW_VENUE_ACCOUNT);
        desk->snapshot[0].as.account.cash.nano = desk->cash;
        desk->snapshot[0].as.account.identity = desk->identity;
    } else if (desk->reading == 2) {
        for (tw_symbol s = 0; s < desk->options.symbol_count; s++) {
            if (desk->position[s] == 0)
                continue;
            *event = fake_event(desk, TW_VENUE_POSITION);
            event->as.position = (tw_position){
                .quantity = {desk->position[s]}, .current_price = {desk->price[s]}, .symbol = s};
            event = &desk->snapshot[++desk->snapshot_count];
        }
    } else {
        for (uint32_t i = 0; i < desk->order_count; i++) {
            if (!fake_is_open(&desk->orders[i]))
                continue;
            *event = fake_event(desk, TW_VENUE_OPEN_ORDER);
            event->as.order = desk->orders[i].order;
            event = &desk->snapshot[++desk->snapshot_count];
        }
        *event = fake_event(desk, TW_VENUE_SNAPSHOT_END);
        desk->snapshot_count++;
    }
    desk->reading++;
}

static inline void fake_read_snapshot(fake_desk *desk) {
    if (desk->reading == 0)
        return;
    fake_read_part(desk);
    if (desk->reading <= 3)
        return;
    desk->reading = 0;
    desk->snapshots++;
    for (uint32_t i = 0; i < desk->snapshot_count; i++)
        fake_tell(desk, &desk->snapshot[i]);
    if (desk->back_turn == 0)
        return;
    desk->back_turn = 0;
    tw_venue_event event = fake_event(desk, TW_VENUE_UP);
    event.as.outage = (tw_venue_outage){.away_ns = 7 * TW_NS_PER_SECOND, .attempts = 3};
    fake_tell(desk, &event);
}

static inline void fake_break(fake_desk *desk) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < desk->message_count; i++) {
        if (!desk->messages[i].update)
            desk->messages[kept++] = desk->messages[i];
    }
    desk->message_count = kept;
    desk->up = false;
    desk->reading = 0;
    desk->back_turn = desk->turn + 2 + tw_random_below(&desk->random, 20);
    tw_venue_event event = fake_event(desk, TW_VENUE_DOWN);
    fake_tell(desk, &event);
}

static inline void fake_connect(fake_desk *desk) {
    if (desk->up && fake_chance(desk, desk->options.disconnect))
        fake_break(desk);
    if (!desk->up && fake_chance(desk, desk->options.tamper)) {
        tw_symbol s = (tw_symbol)tw_random_below(&desk->random, desk->options.symbol_count);
        desk->position[s] += (1 + (int64_t)tw_random_below(&desk->random, 5)) * TW_NANO;
        desk->cash += 10 * TW_NANO;
        desk->tampered = true;
    }
    if (!desk->up && desk->turn >= desk->back_turn) {
        desk->up = true; /* the streams deliver from now on */
        desk->reading = 1;
    }
}

static inline void fake_tell_history(fake_desk *desk) {
    for (tw_symbol s = 0; s < desk->options.symbol_count; s++) {
        int64_t close = desk->price[s];
        for (uint32_t day = 0; day < desk->options.history_days; day++) {
            tw_venue_event event = {.kind = TW_VENUE_HISTORY};
            close += close / 1000 * (int64_t)(tw_random_below(&desk->random, 41)) - close / 50;
            event.as.history.time_ns =
                FAKE_START_NS - (desk->options.history_days - day) * TW_NS_PER_DAY;
            event.as.history.close.nano = close;
            event.as.history.symbol = s;
            fake_tell(desk, &event);
        }
    }
    tw_venue_event event = {.kind = TW_VENUE_HISTORY_END};
    fake_tell(desk, &event);
}

/* ---- market ---- */

static inline void fake_quote(fake_desk *desk, tw_symbol symbol) {
    assert_true(desk->market_count < 64);
    int64_t price = desk->price[symbol];
    desk->market[(desk->market_first + desk->market_count++) % 64] =
        (tw_market_event){.kind = TW_MARKET_QUOTE,
                          .as.quote = {.time_ns = desk->now_ns,
                                       .bid_price = {price - TW_NANO / 100},
                                       .ask_price = {price + TW_NANO / 100},
                                       .bid_size = {100 * TW_NANO},
                                       .ask_size = {100 * TW_NANO},
                                       .symbol = symbol}};
}

static inline void fake_print(fake_desk *desk, tw_symbol symbol) {
    assert_true(desk->market_count < 64);
    desk->market[(desk->market_first + desk->market_count++) % 64] =
        (tw_market_event){.kind = TW_MARKET_TRADE,
                          .as.trade = {.time_ns = desk->now_ns,
                                       .price = {desk->price[symbol]},
                                       .quantity = {TW_NANO},
                                       .symbol = symbol}};
}

static inline void fake_move_market(fake_desk *desk) {
    for (tw_symbol s = 0; s < desk->options.symbol_count; s++) {
        int64_t cents = desk->price[s] / (TW_NANO / 100);
        int64_t step = desk->options.still ? 0 : cents / 200 + 1;
        cents += (int64_t)tw_random_below(&desk->random, (uint64_t)(2 * step + 1)) - step;
        desk->price[s] = (cents > 500 ? cents : 500) * (TW_NANO / 100);
        if (desk->silent[s] || !desk->up || desk->market_count > 40)
            continue;
        if (tw_random_below(&desk->random, 2) == 0)
            fake_quote(desk, s);
        else if (tw_random_below(&desk->random, 4) == 0)
            fake_print(desk, s);
    }
}

/* One turn of the world. */
static inline void fake_turn(fake_desk *desk) {
    desk->turn++;
    desk->now_ns += FAKE_TURN_NS;
    fake_connect(desk);
    fake_run_commands(desk);
    for (uint32_t i = 0; i < desk->order_count; i++) {
        if (fake_is_open(&desk->orders[i]) &&
            tw_random_below(&desk->random, 1000) < desk->options.fill)
            fake_trade(desk, &desk->orders[i]);
    }
    fake_deliver(desk); /* a fill may be told before the snapshot that was begun before it */
    fake_read_snapshot(desk);
    fake_move_market(desk);
    if (desk->up && desk->turn % 2 == 0) {
        tw_venue_event event = fake_event(desk, TW_VENUE_TIME);
        fake_tell(desk, &event);
    }
    uint32_t delay = desk->calm ? 1 : desk->options.durable_delay;
    for (uint32_t i = (uint32_t)(desk->durable - desk->first_sequence);
         desk->health == TW_OK && i < desk->entry_count &&
         desk->entries[i].turn + delay <= desk->turn;
         i++)
        desk->durable = desk->entries[i].entry.sequence;
}

/* ---- the ports ---- */

static inline tw_status fake_next_market(void *context, tw_market_event *ret_event) {
    fake_desk *desk = context;
    if (desk->market_count == 0)
        return TW_EMPTY;
    *ret_event = desk->market[desk->market_first];
    desk->market_first = (desk->market_first + 1) % 64;
    desk->market_count--;
    return TW_OK;
}

static inline tw_status fake_next_venue(void *context, tw_venue_event *ret_event) {
    fake_desk *desk = context;
    if (desk->inbox_count == 0)
        return TW_EMPTY;
    *ret_event = desk->inbox[desk->inbox_first];
    desk->inbox_first = (desk->inbox_first + 1) % FAKE_INBOX;
    desk->inbox_count--;
    return TW_OK;
}

static inline tw_status fake_command_in(fake_desk *desk, fake_act act, const tw_order *order) {
    if (desk->command_count == FAKE_COMMANDS || fake_chance(desk, desk->options.broker_full))
        return TW_FULL;
    desk->commands[desk->command_count++] =
        (fake_command){.due = fake_delay(desk), .act = act, .order = *order};
    return TW_OK;
}

/* The sequence of the n-th entry of a kind that names the order, from 1; 0 when there is none. */
static inline uint64_t fake_entry_of(const fake_desk *desk, const char *kind,
                                     const char *client_order_id, uint32_t n) {
    char words[TW_CLIENT_ORDER_ID_SIZE + 16];
    snprintf(words, sizeof words, "\"order\":\"%s\"", client_order_id);
    for (uint32_t i = 0; i < desk->entry_count; i++) {
        if (strcmp(desk->entries[i].entry.kind, kind) == 0 &&
            strstr(desk->entries[i].entry.payload, words) != NULL && --n == 0)
            return desk->entries[i].entry.sequence;
    }
    return 0;
}

/* The plan of an order, by its intent; 0: it has none. */
static inline uint64_t fake_decision_of(const fake_desk *desk, const tw_order *order) {
    static const char key[] = "\"decision\":";
    uint64_t entry = fake_entry_of(desk, "intent", order->client_order_id, 1);
    if (entry == 0)
        return 0;
    const char *payload = desk->entries[entry - desk->first_sequence - 1].entry.payload;
    const char *at = strstr(payload, key);
    assert_non_null(at);
    return at == NULL ? 0 : strtoull(at + sizeof key - 1, NULL, 10);
}

/* The newest entry that lets the order be sent: its intent, or that it is sent again. */
static inline uint64_t fake_permission(const fake_desk *desk, const char *client_order_id) {
    uint64_t entry = fake_entry_of(desk, "intent", client_order_id, 1);
    uint64_t again = 0;
    for (uint32_t n = 1;
         entry > 0 && (again = fake_entry_of(desk, "resend", client_order_id, n)) > 0; n++)
        entry = again;
    return entry;
}

static inline tw_status fake_submit(void *context, const tw_order *order) {
    fake_desk *desk = context;
    assert_int_equal(desk->health, TW_OK);
    fake_order *known = fake_find(desk, order->client_order_id);
    assert_non_null(known);
    if (known == NULL)
        return TW_NOT_FOUND; /* for the compiler: the assertion does not return */
    assert_true(known->row_put);
    assert_int_equal(known->unanswered, 0);
    uint64_t entry = fake_permission(desk, order->client_order_id);
    assert_true(entry > known->permission && entry <= desk->durable);
    assert_true(order->quantity.nano == known->order.quantity.nano &&
                order->limit_price.nano == known->order.limit_price.nano);
    for (uint32_t i = 0; order->side == TW_SIDE_BUY && i < desk->order_count; i++)
        assert_false(fake_is_open(&desk->orders[i]) && desk->orders[i].order.side == TW_SIDE_SELL &&
                     fake_decision_of(desk, &desk->orders[i].order) ==
                         fake_decision_of(desk, order));
    tw_status status = fake_command_in(desk, FAKE_SUBMIT, order);
    if (status != TW_OK)
        return status;
    known->permission = entry;
    known->submitted = true;
    known->submits++;
    known->unanswered++;
    desk->submits++;
    desk->sells_seen = desk->sells_seen || order->side == TW_SIDE_SELL;
    return TW_OK;
}

static inline tw_status fake_cancel(void *context, const tw_order *order) {
    fake_desk *desk = context;
    tw_status status = fake_command_in(desk, FAKE_CANCEL, order);
    desk->cancels += status == TW_OK;
    return status;
}

static inline tw_status fake_query(void *context, const tw_order *order) {
    return fake_command_in(context, FAKE_QUERY, order);
}

static inline tw_status fake_snapshot(void *context) {
    fake_desk *desk = context;
    if (desk->up && desk->reading == 0)
        desk->reading = 1;
    return TW_OK;
}

static inline tw_status fake_take_row(fake_desk *desk) {
    if (desk->health != TW_OK)
        return desk->health;
    if (fake_chance(desk, desk->options.store_full))
        return TW_FULL;
    desk->rows++;
    return TW_OK;
}

static inline tw_status fake_put_trade(void *context, const tw_trade *trade) {
    (void)trade;
    return fake_take_row(context);
}

static inline tw_status fake_put_bar(void *context, const tw_bar *bar) {
    (void)bar;
    return fake_take_row(context);
}

static inline tw_status fake_put_fill(void *context, const tw_fill *fill) {
    assert_true(fill->quantity.nano > 0 && fill->execution_id[0] != '\0');
    return fake_take_row(context);
}

static inline tw_status fake_put_order(void *context, const tw_order *order) {
    tw_status status = fake_take_row(context);
    if (status == TW_OK) {
        fake_order *known = fake_note(context, order);
        known->row_put = true;
    }
    return status;
}

/* Whoever finds an intent after a crash must find its order. */
static inline void fake_check_intent(fake_desk *desk, const tw_journal_entry *entry) {
    char id[TW_CLIENT_ORDER_ID_SIZE];
    if (strcmp(entry->kind, "intent") != 0)
        return;
    assert_int_equal(sscanf(entry->payload, "{\"order\":\"%135[^\"]", id), 1);
    const fake_order *order = fake_find(desk, id);
    assert_true(order != NULL && order->row_put);
}

static inline tw_status fake_append(void *context, const tw_journal_entry *entry) {
    fake_desk *desk = context;
    if (desk->health != TW_OK)
        return desk->health;
    if (fake_chance(desk, desk->options.store_full))
        return TW_FULL;
    assert_true(entry->sequence == desk->first_sequence + desk->entry_count + 1);
    if (entry->sequence == desk->options.store_fails_at) {
        desk->health = TW_NO_SPACE;
        return TW_NO_SPACE;
    }
    fake_check_intent(desk, entry);
    assert_true(desk->entry_count < FAKE_ENTRIES);
    desk->entries[desk->entry_count++] = (fake_entry){.turn = desk->turn, .entry = *entry};
    return TW_OK;
}

static inline uint64_t fake_durable(void *context) {
    return ((fake_desk *)context)->durable;
}

static inline tw_status fake_health(void *context) {
    return ((fake_desk *)context)->health;
}

/* ---- life ---- */

/* A desk whose connection is made at once; `desk` is the caller's storage. */
static inline void fake_init(fake_desk *desk, const fake_options *options) {
    memset(desk, 0, sizeof *desk);
    desk->options = *options;
    desk->now_ns = FAKE_START_NS;
    desk->cash = 100000 * TW_NANO;
    desk->back_turn = 1;
    tw_random_init(&desk->random, options->seed, 0);
    assert_int_equal(tw_symbols_new(NULL, FAKE_SYMBOLS, &desk->symbols), TW_OK);
    for (uint32_t s = 0; s < options->symbol_count; s++) {
        char name[16];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%u", s);
        assert_int_equal(tw_symbols_intern(desk->symbols, tw_slice_of(name), &symbol), TW_OK);
        desk->price[s] = (2000 + (int64_t)tw_random_below(&desk->random, 30000)) * (TW_NANO / 100);
    }
    fake_tell_history(desk);
}

static inline void fake_done(fake_desk *desk) {
    tw_symbols_free(desk->symbols);
}

static inline tw_engine_ports fake_ports(fake_desk *desk) {
    return (tw_engine_ports){
        .feed = {fake_next_market, fake_next_venue, desk},
        .broker = {fake_submit, fake_cancel, fake_query, fake_snapshot, desk},
        .store = {fake_put_trade, fake_put_bar, fake_put_order, fake_put_fill, fake_append,
                  fake_durable, fake_health, desk},
    };
}

static inline tw_status fake_engine(fake_desk *desk, const tw_engine_config *config,
                                    tw_engine **ret_engine, tw_error *error) {
    tw_engine_ports ports = fake_ports(desk);
    return tw_engine_new(NULL, config, desk->symbols, &ports, ret_engine, error);
}

/* A plain configuration: equal weights, decided once and then on drift. */
static inline tw_engine_config fake_config(const char *strategy_name, uint32_t symbol_count) {
    tw_engine_config config = {
        .epoch = 77,
        .symbol_count = symbol_count,
        .order_count_max = 256,
        .level_count_max = 256,
        .history_days_max = 64,
        .window_count = 16,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE},
        .timeframe_count = 1,
        .strategy = TW_STRATEGY_EQUAL,
        .cash_weight = 0.02,
        .band = 0.01,
        .order_patience_ns = 5 * TW_NS_PER_SECOND,
        .lot = {TW_NANO},
        .controls.limits = {.collar_nano = TW_NANO / 100,
                            .price_age_ns_max = 60 * TW_NS_PER_SECOND},
        .warm_ns_max = 5 * TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
    };
    snprintf(config.strategy_name, sizeof config.strategy_name, "%s", strategy_name);
    return config;
}

/* Entries of a kind whose payload holds `words` (NULL: any). */
static inline uint32_t fake_count(const fake_desk *desk, const char *kind, const char *words) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk->entry_count; i++) {
        const tw_journal_entry *entry = &desk->entries[i].entry;
        count += strcmp(entry->kind, kind) == 0 &&
                 (words == NULL || strstr(entry->payload, words) != NULL);
    }
    return count;
}

static inline uint64_t fake_hash_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* FNV-1a over every entry's sequence, time, kind and payload. */
static inline uint64_t fake_hash(const fake_desk *desk) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < desk->entry_count; i++) {
        const tw_journal_entry *entry = &desk->entries[i].entry;
        hash = fake_hash_bytes(hash, &entry->sequence, sizeof entry->sequence);
        hash = fake_hash_bytes(hash, &entry->time_ns, sizeof entry->time_ns);
        hash = fake_hash_bytes(hash, entry->kind, strlen(entry->kind) + 1);
        hash = fake_hash_bytes(hash, entry->payload, strlen(entry->payload) + 1);
    }
    return hash;
}

#endif
