/*
 * world_checks.c - what must hold: after a turn, after a run ended in whatever way, and at the end.
 *
 * Three accounts of the same trading are held against one another: the engine's, the store's and
 * the exchange's. Each order is looked for in all three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_priv.h"

static const int64_t RESEND_NS_MAX = 20 * TW_NS_PER_SECOND; /* after the intent */

uint64_t world_intent_of(const char *client_order_id) {
    char prefix[64];
    uint64_t number = 0;
    int size = snprintf(prefix, sizeof prefix, "%s-%016llx-", WORLD_STRATEGY_NAME,
                        (unsigned long long)WORLD_EPOCH);
    if (strncmp(client_order_id, prefix, (size_t)size) != 0 ||
        tw_parse_u64(tw_slice_of(client_order_id + size), &number) != TW_OK)
        return 0;
    return number;
}

bool world_word(const char *payload, const char *name, char *ret_word) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(payload, key);
    if (at == NULL)
        return false;
    at += strlen(key);
    at += *at == '"';
    snprintf(ret_word, 64, "%.*s", (int)strcspn(at, "\",}"), at);
    return true;
}

/* ---- the journal as it is written ---- */

static int64_t decimal_of(const world *w, const tw_journal_entry *entry, const char *name) {
    char word[64];
    int64_t nano = 0;
    WORLD_REQUIRE(w,
                  world_word(entry->payload, name, word) &&
                      tw_decimal_parse(tw_slice_of(word), &nano) == TW_OK,
                  "no %s in %s %s", name, entry->kind, entry->payload);
    return nano;
}

static world_intent *intent_named(world *w, const tw_journal_entry *entry) {
    char word[64];
    WORLD_REQUIRE(w, world_word(entry->payload, "order", word), "no order in %s", entry->payload);
    uint64_t number = world_intent_of(word);
    WORLD_REQUIRE(w, number > 0 && number <= w->intent_count, "%s comes before its row", word);
    return &w->intents[number - 1];
}

/* What the venue's figure changes in ours. */
static void take_over(world *w, const tw_journal_entry *entry) {
    char word[64];
    if (!world_word(entry->payload, "symbol", word))
        return;
    tw_symbol symbol = tw_symbols_find(w->run.symbols, tw_slice_of(word));
    WORLD_REQUIRE(w, symbol < w->plan.symbol_count, "a difference of an unknown symbol %s", word);
    w->run.positions[symbol] += decimal_of(w, entry, "venue") - decimal_of(w, entry, "ours");
}

/* Our own figures are never wrong: only somebody else's trades or payments may make a difference,
 * and in cash the rounding of an average price. */
static void check_difference(const world *w, const tw_journal_entry *entry) {
    char word[64];
    if (w->account_touched)
        return;
    WORLD_REQUIRE(w, !world_word(entry->payload, "symbol", word),
                  "a position differs and nobody touched it: %s", entry->payload);
    int64_t apart = decimal_of(w, entry, "venue") - decimal_of(w, entry, "ours");
    WORLD_REQUIRE(w, llabs(apart) < TW_NANO / 10000, "cash differs and nobody touched it: %s",
                  entry->payload);
}

static void note_trade(world *w, const tw_journal_entry *entry, uint64_t decision,
                       const char *trade) {
    char symbol[16];
    char side[8];
    char quantity[32];
    int64_t nano = 0;
    WORLD_REQUIRE(w, w->trade_count < WORLD_TRADES, "too many trades are planned");
    WORLD_REQUIRE(
        w,
        sscanf(trade, "[\"%15[^\"]\",\"%7[^\"]\",\"%31[^\"]\"]", symbol, side, quantity) == 3 &&
            tw_decimal_parse(tw_slice_of(quantity), &nano) == TW_OK,
        "a trade of a plan cannot be read: %s", entry->payload);
    w->trades[w->trade_count++] =
        (world_trade){.sequence = entry->sequence,
                      .decision = decision,
                      .quantity = nano,
                      .symbol = tw_symbols_find(w->run.symbols, tw_slice_of(symbol)),
                      .side = strcmp(side, "sell") == 0 ? TW_SIDE_SELL : TW_SIDE_BUY};
}

static void note_plan(world *w, const tw_journal_entry *entry) {
    char word[64];
    const char *at = strstr(entry->payload, "\"trades\":[");
    WORLD_REQUIRE(w, at != NULL && world_word(entry->payload, "decision", word),
                  "a plan cannot be read: %s", entry->payload);
    uint64_t decision = strtoull(word, NULL, 10);
    for (at = strchr(at, '[') + 1; *at == '['; at += at[0] == ',') {
        note_trade(w, entry, decision, at);
        at = strchr(at, ']') + 1;
    }
}

/* Each of these entries is for one more request, and the one before has left, unless the process
 * died or trading was interrupted before. */
static void note_resend(world *w, const tw_journal_entry *entry) {
    world_intent *intent = intent_named(w, entry);
    uint64_t before = intent->resend > 0 ? intent->resend : intent->intent;
    WORLD_REQUIRE(w, intent->permission == before || before < w->run.phase_sequence,
                  "sent again before it was sent: %s", entry->payload);
    WORLD_REQUIRE(w, entry->time_ns - intent->meant_ns <= RESEND_NS_MAX,
                  "sent again when its price is of another time: %s", entry->payload);
    intent->resend = entry->sequence;
    intent->resends++;
}

void world_check_journal_entry(world *w, const tw_journal_entry *entry) {
    char word[64];
    if (strcmp(entry->kind, "phase") == 0) {
        w->run.phase_sequence = entry->sequence;
    } else if (strcmp(entry->kind, "checks") == 0) {
        intent_named(w, entry)->checks = entry->sequence;
    } else if (strcmp(entry->kind, "intent") == 0) {
        world_intent *intent = intent_named(w, entry);
        WORLD_REQUIRE(w, intent->intent == 0, "meant twice: %s", entry->payload);
        intent->intent = entry->sequence;
        intent->meant_ns = entry->time_ns;
        if (world_word(entry->payload, "decision", word))
            intent->decision = strtoull(word, NULL, 10);
    } else if (strcmp(entry->kind, "resend") == 0) {
        note_resend(w, entry);
    } else if (strcmp(entry->kind, "plan") == 0) {
        note_plan(w, entry);
    } else if (strcmp(entry->kind, "position") == 0) {
        take_over(w, entry);
    } else if (strcmp(entry->kind, "difference") == 0) {
        take_over(w, entry);
        check_difference(w, entry);
    }
}

/* ---- after a turn ---- */

void world_check_turn(world *w) {
    const world_run *run = &w->run;
    tw_engine_report report;
    tw_engine_holding holdings[WORLD_SYMBOLS];
    tw_engine_check(run->engine);
    if (run->waits)
        return; /* the newest rows are with the engine still */
    tw_engine_get_report(run->engine, &report, holdings);
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++)
        WORLD_REQUIRE(w, holdings[s].quantity_after.nano == run->positions[s],
                      "the engine holds %lld of S%u, its fills come to %lld",
                      (long long)holdings[s].quantity_after.nano, s, (long long)run->positions[s]);
}

/* ---- after a run ---- */

typedef struct journal_walk {
    const world *w;
    uint64_t count;
} journal_walk;

static tw_status compare_entry(void *context, const tw_store_record *record) {
    journal_walk *walk = context;
    const world *w = walk->w;
    WORLD_REQUIRE(w, record->sequence == walk->count + 1, "the journal has a gap at %llu",
                  (unsigned long long)walk->count + 1);
    WORLD_REQUIRE(w, record->sequence <= w->journal.count,
                  "the journal has an entry %llu that nobody wrote",
                  (unsigned long long)record->sequence);
    const tw_journal_entry *entry = &w->journal.entries[walk->count++];
    WORLD_REQUIRE(
        w,
        record->time_ns == entry->time_ns && tw_slice_equal_string(record->kind, entry->kind) &&
            tw_slice_equal_string(record->payload, entry->payload),
        "entry %llu of the journal is not what was written", (unsigned long long)record->sequence);
    return TW_OK;
}

/* An entry behind the end of the journal was nothing's permission. */
static void forget_resend(world *w, world_intent *intent, uint64_t journal_end) {
    if (intent->resend <= journal_end)
        return;
    intent->resend = 0;
    intent->resends--;
    WORLD_REQUIRE(w, intent->submits <= 1 + intent->resends,
                  "an order was sent again, which is not in the journal any more");
}

/* Intents behind the end of the journal were never sent; their numbers may be given again. */
static void forget_intents(world *w, uint64_t journal_end) {
    for (uint64_t i = 0; i < w->intent_count; i++) {
        world_intent *intent = &w->intents[i];
        if (intent->intent <= journal_end && intent->intent > 0)
            continue;
        WORLD_REQUIRE(w, intent->submits == 0,
                      "order %llu was sent, and its intent is not in the journal any more",
                      (unsigned long long)i + 1);
        intent->intent = 0;
        intent->checks = intent->checks <= journal_end ? intent->checks : 0;
    }
    for (uint64_t i = 0; i < w->intent_count; i++)
        forget_resend(w, &w->intents[i], journal_end);
    while (w->intent_count > 0 && w->intents[w->intent_count - 1].intent == 0)
        w->intent_count--;
}

void world_check_store(world *w, uint64_t durable) {
    journal_walk walk = {.w = w};
    tw_error error = {0};
    WORLD_REQUIRE(w, tw_store_verify(w->run.store, &error) == TW_OK, "the store: %s",
                  error.message);
    WORLD_REQUIRE(w, tw_store_read_journal(w->run.store, 1, compare_entry, &walk, &error) == TW_OK,
                  "the journal: %s", error.message);
    WORLD_REQUIRE(w, walk.count >= durable,
                  "the journal ends with %llu, and %llu had been said to be on the disk",
                  (unsigned long long)walk.count, (unsigned long long)durable);
    w->journal.count = walk.count;
    forget_intents(w, walk.count);
    while (w->trade_count > 0 && w->trades[w->trade_count - 1].sequence > walk.count)
        w->trade_count--;
}

/* ---- at the end ---- */

/* What the store's fills say of an order, by its number. */
typedef struct fill_sums {
    const world *w;
    int64_t quantity[WORLD_INTENTS];
    int64_t money[WORLD_INTENTS];
    bool recovered[WORLD_INTENTS];
    uint64_t count;
    uint64_t orders;
} fill_sums;

static fill_sums sums;

static tw_status add_fill(void *context, const tw_fill *fill) {
    const world *w = context;
    uint64_t number = world_intent_of(fill->client_order_id);
    tw_money value = {0};
    WORLD_REQUIRE(w, number > 0 && number <= w->intent_count, "a fill of %s, which nobody meant",
                  fill->client_order_id);
    WORLD_REQUIRE(w, tw_notional(fill->price, fill->quantity, &value) == TW_OK, "a fill overflows");
    sums.quantity[number - 1] += fill->quantity.nano;
    sums.money[number - 1] += value.nano;
    sums.recovered[number - 1] |= strncmp(fill->execution_id, "recovered", 9) == 0;
    sums.count++;
    return TW_OK;
}

static tw_status check_row(void *context, const tw_order *row) {
    const world *w = context;
    uint64_t number = world_intent_of(row->client_order_id);
    WORLD_REQUIRE(w, tw_order_status_is_final((tw_order_status)row->status),
                  "%s is %s in the store at the end", row->client_order_id,
                  tw_order_status_name((tw_order_status)row->status));
    WORLD_REQUIRE(w, number > 0 && row->filled.nano == sums.quantity[number - 1],
                  "%s is filled by %lld, its fills come to %lld", row->client_order_id,
                  (long long)row->filled.nano, (long long)sums.quantity[number - 1]);
    const ledger_order *there =
        ledger_find_client(w->exchange.ledger, w->exchange.ours, tw_slice_of(row->client_order_id));
    int64_t filled = there == NULL ? 0 : there->order.filled.nano;
    WORLD_REQUIRE(w, filled == row->filled.nano,
                  "the exchange has filled %s by %lld, the store says %lld", row->client_order_id,
                  (long long)filled, (long long)row->filled.nano);
    sums.orders++;
    return TW_OK;
}

/* Money of an order: to the nano where its executions were told, within half a nano a share and
 * message where it was learned from an average. */
static void check_money(const world *w, const ledger_order *order, uint64_t number) {
    int64_t apart = llabs(order->notional_filled_nano - sums.money[number - 1]);
    int64_t shares = order->order.filled.nano / TW_NANO + 1;
    WORLD_REQUIRE(w, apart == 0 || (sums.recovered[number - 1] && apart <= 4 * shares),
                  "%s moved %lld at the exchange, its fills come to %lld",
                  order->order.client_order_id, (long long)order->notional_filled_nano,
                  (long long)sums.money[number - 1]);
}

static void check_exchange_orders(const world *w) {
    uint32_t count = 0;
    uint64_t ours = 0;
    const ledger_order *orders = ledger_orders(w->exchange.ledger, &count);
    for (uint32_t i = 0; i < count; i++) {
        const tw_order *order = &orders[i].order;
        uint64_t number = world_intent_of(order->client_order_id);
        if (number == 0 || !ledger_owns(w->exchange.ledger, w->exchange.ours, &orders[i]))
            continue;
        WORLD_REQUIRE(w, number <= w->intent_count && w->intents[number - 1].intent > 0,
                      "%s is at the exchange without an intent", order->client_order_id);
        WORLD_REQUIRE(w, tw_order_status_is_final((tw_order_status)order->status),
                      "%s is left open at the exchange", order->client_order_id);
        check_money(w, &orders[i], number);
        ours++;
    }
    WORLD_REQUIRE(w, ours <= sums.orders, "the exchange has orders that the store has not");
}

/* All orders of a planned trade together, whichever run made them, never fill more than it. */
static void check_plans(const world *w) {
    for (uint32_t t = 0; t < w->trade_count; t++) {
        const world_trade *trade = &w->trades[t];
        int64_t filled = 0;
        for (uint64_t i = 0; i < w->intent_count; i++) {
            const world_intent *intent = &w->intents[i];
            if (intent->decision == trade->decision && intent->symbol == trade->symbol &&
                intent->side == trade->side)
                filled += sums.quantity[i];
        }
        WORLD_REQUIRE(w, filled <= trade->quantity,
                      "plan %llu wanted %lld of S%u, and its orders filled %lld",
                      (unsigned long long)trade->decision, (long long)trade->quantity,
                      trade->symbol, (long long)filled);
    }
}

static void read_store(world *w) {
    tw_error error = {0};
    memset(&sums, 0, sizeof sums);
    WORLD_REQUIRE(w, tw_store_read_fills(w->run.store, add_fill, w, &error) == TW_OK, "fills: %s",
                  error.message);
    WORLD_REQUIRE(w, tw_store_read_orders(w->run.store, check_row, w, &error) == TW_OK,
                  "orders: %s", error.message);
    uint8_t hash[TW_STORE_HASH_SIZE];
    WORLD_REQUIRE(w, tw_store_journal_hash(w->run.store, hash, &error) == TW_OK, "journal: %s",
                  error.message);
    memcpy(&w->result.journal_hash, hash, sizeof w->result.journal_hash);
    w->result.fills = sums.count;
    w->result.entries = w->journal.count;
}

/* Figures of the last run, before it is taken down. */
static void check_figures(const world *w) {
    tw_engine_report report;
    tw_engine_holding holdings[WORLD_SYMBOLS];
    tw_engine_get_report(w->run.engine, &report, holdings);
    WORLD_REQUIRE(
        w, report.orders_open == 0 && report.orders_unknown == 0 && report.orders_adopted_open == 0,
        "orders are left: %llu open, %llu unknown, %llu adopted",
        (unsigned long long)report.orders_open, (unsigned long long)report.orders_unknown,
        (unsigned long long)report.orders_adopted_open);
    for (tw_symbol s = 0; s < w->plan.symbol_count; s++)
        WORLD_REQUIRE(
            w, holdings[s].quantity_after.nano == w->exchange.ours->holdings[s].quantity.nano,
            "the engine holds %lld of S%u, the exchange says %lld",
            (long long)holdings[s].quantity_after.nano, s,
            (long long)w->exchange.ours->holdings[s].quantity.nano);
    int64_t apart = llabs(report.cash_after.nano - w->exchange.ours->cash.nano);
    WORLD_REQUIRE(w, apart == 0 || (report.fills_recovered > 0 && apart < TW_NANO / 10000),
                  "the engine has %lld, the exchange says %lld", (long long)report.cash_after.nano,
                  (long long)w->exchange.ours->cash.nano);
}

/* The last run is done and still there. */
void world_check_end(world *w) {
    tw_error error = {0};
    WORLD_REQUIRE(w, tw_recorder_flush(w->run.recorder, &error) == TW_OK, "the recorder: %s",
                  error.message);
    check_figures(w);
    read_store(w);
    check_exchange_orders(w);
    check_plans(w);
    world_exchange_check(w);
}
