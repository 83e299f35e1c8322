/*
 * world_ports.c - the engine's ports, with the promises that must hold at every call.
 *
 * The store's port is the recorder's, and each call of it may let the recorder work first: that is
 * how two threads meet, in an order that a seed decides. A call may also be the last thing that the
 * process does: from then on nothing that the engine asks for happens.
 */
#include <stdlib.h>
#include <string.h>

#include "world_priv.h"

/* ---- feed ---- */

static tw_status next_market(void *context, tw_market_event *ret_event) {
    world *w = context;
    world_wire *wire = &w->wire;
    if (wire->market_count == 0 || wire->market[wire->market_first].due_ns > w->now_ns)
        return TW_EMPTY;
    *ret_event = wire->market[wire->market_first].event;
    wire->market_first = (wire->market_first + 1) % WORLD_MARKET;
    wire->market_count--;
    w->result.market_events++;
    return TW_OK;
}

static tw_status next_venue(void *context, tw_venue_event *ret_event) {
    world *w = context;
    world_wire *wire = &w->wire;
    if (wire->inbox_count == 0)
        return TW_EMPTY;
    *ret_event = wire->inbox[wire->inbox_first];
    wire->inbox_first = (wire->inbox_first + 1) % WORLD_INBOX;
    wire->inbox_count--;
    return TW_OK;
}

/* ---- death ---- */

/* True when the process is dead, or dies now, before this call has an effect. */
static bool is_dead(world *w) {
    world_run *run = &w->run;
    run->calls++;
    if (!run->dead && run->calls == run->dies_at) {
        run->dead = true;
        run->death_boundary = power_cut_boundary(w->disk.record);
        run->death_durable = run->durable;
    }
    return run->dead;
}

/* ---- broker ---- */

static void check_kill(const world *w, const tw_order *order) {
    tw_kill_level level = tw_engine_killed(w->run.engine);
    if (level == TW_KILL_NONE)
        return;
    WORLD_REQUIRE(w, level == TW_KILL_FLATTEN, "%s is sent while a kill of level %s is in force",
                  order->client_order_id, tw_kill_level_name(level));
    int64_t held = w->run.positions[order->symbol];
    bool closes =
        order->side == TW_SIDE_SELL ? held >= order->quantity.nano : -held >= order->quantity.nano;
    WORLD_REQUIRE(w, closes, "%s is sent to flatten, and opens", order->client_order_id);
}

static void check_limits(const world *w, const tw_order *order) {
    const tw_pretrade_limits *limits = &w->run.config.controls.limits;
    tw_money value = {0};
    WORLD_REQUIRE(w, tw_notional(order->limit_price, order->quantity, &value) == TW_OK,
                  "%s is worth more than a number holds", order->client_order_id);
    WORLD_REQUIRE(w, limits->value_max.nano == 0 || value.nano <= limits->value_max.nano,
                  "%s is larger than the limit of an order", order->client_order_id);
    WORLD_REQUIRE(w, order->quantity.nano > 0 && order->quantity.nano % TW_NANO == 0,
                  "%s is not of whole shares", order->client_order_id);
}

/* The very order, once for each entry that says so, and never while a request of it is out. */
static void check_resend(const world *w, const world_intent *intent, const tw_order *order) {
    const char *id = order->client_order_id;
    WORLD_REQUIRE(w, intent->resend > intent->permission && intent->resend <= w->run.durable,
                  "%s is sent again without an entry on the disk", id);
    WORLD_REQUIRE(w, !world_wire_waits_for(w, id), "%s is sent again while it is out", id);
    WORLD_REQUIRE(w,
                  intent->quantity == order->quantity.nano && intent->symbol == order->symbol &&
                      intent->side == order->side,
                  "%s is sent again as another order", id);
}

/* Handed over: what is counted of it, and by which entry it went. */
static void note_submit(world *w, world_intent *intent) {
    bool later = intent->resend > 0 && intent->run != w->wire.run;
    w->result.resends += intent->submits > 0;
    w->result.inherited += later;
    intent->permission = intent->resend > 0 ? intent->resend : intent->intent;
    intent->submits++;
    intent->run = w->wire.run;
}

static tw_status submit(void *context, const tw_order *order) {
    world *w = context;
    uint64_t number = world_intent_of(order->client_order_id);
    WORLD_REQUIRE(w, number > 0 && number <= w->intent_count, "%s was never meant",
                  order->client_order_id);
    if (is_dead(w))
        return TW_OK;
    world_intent *intent = &w->intents[number - 1];
    WORLD_REQUIRE(w, intent->row_put && intent->checks > 0 && intent->checks < intent->intent,
                  "%s is sent without row, checks and intent", order->client_order_id);
    WORLD_REQUIRE(w, intent->intent <= w->run.durable, "%s is sent before it is on the disk",
                  order->client_order_id);
    if (intent->submits > 0 || intent->resend > 0)
        check_resend(w, intent, order);
    WORLD_REQUIRE(w, !world_wire_may_bring(w, order),
                  "%s is sent while another order of its symbol may still arrive",
                  order->client_order_id);
    check_kill(w, order);
    check_limits(w, order);
    if (world_strikes(w, DRAW_WIRE, WORLD_BROKER_FULL) ||
        !world_wire_send(w, REQUEST_SUBMIT, order))
        return TW_FULL;
    note_submit(w, intent);
    world_tell(w, "submit %s", order->client_order_id);
    return TW_OK;
}

static tw_status ask(world *w, request_kind kind, const tw_order *order) {
    if (is_dead(w))
        return TW_OK;
    bool full = world_strikes(w, DRAW_WIRE, WORLD_BROKER_FULL) || !world_wire_send(w, kind, order);
    return full ? TW_FULL : TW_OK;
}

static tw_status cancel(void *context, const tw_order *order) {
    return ask(context, REQUEST_CANCEL, order);
}

static tw_status query(void *context, const tw_order *order) {
    return ask(context, REQUEST_QUERY, order);
}

static tw_status snapshot(void *context) {
    world *w = context;
    if (!is_dead(w))
        world_wire_snapshot(w);
    return TW_OK;
}

/* ---- store ---- */

/* The recorder's thread comes between two calls of the engine's. */
static void come_between(world *w) {
    if (world_strikes(w, DRAW_DISK, WORLD_BETWEEN))
        world_run_recorder(w);
}

/* The store's answer: whether the newest row or entry waits with the engine. */
static tw_status note_room(world *w, tw_status status) {
    w->run.waits = status == TW_FULL;
    w->result.struck[WORLD_STORE_FULL] += status == TW_FULL;
    return status;
}

static tw_status put_trade(void *context, const tw_trade *trade) {
    world *w = context;
    if (is_dead(w))
        return TW_OK;
    return note_room(w, w->run.port.put_trade(w->run.port.context, trade));
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    world *w = context;
    if (is_dead(w))
        return TW_OK;
    return note_room(w, w->run.port.put_bar(w->run.port.context, bar));
}

static tw_status put_order(void *context, const tw_order *order) {
    world *w = context;
    if (is_dead(w))
        return TW_OK;
    come_between(w);
    tw_status status = note_room(w, w->run.port.put_order(w->run.port.context, order));
    uint64_t number = world_intent_of(order->client_order_id);
    if (status != TW_OK || number == 0)
        return status;
    WORLD_REQUIRE(w, number <= w->intent_count + 1 && number <= WORLD_INTENTS,
                  "the intents' numbers have a gap before %s", order->client_order_id);
    if (number > w->intent_count)
        w->intents[w->intent_count++] = (world_intent){0};
    w->intents[number - 1].row_put = true;
    w->intents[number - 1].symbol = order->symbol;
    w->intents[number - 1].side = order->side;
    w->intents[number - 1].quantity = order->quantity.nano;
    return status;
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    world *w = context;
    if (is_dead(w))
        return TW_OK;
    come_between(w);
    WORLD_REQUIRE(w, fill->quantity.nano > 0 && fill->execution_id[0] != '\0',
                  "a fill of nothing is put");
    tw_status status = note_room(w, w->run.port.put_fill(w->run.port.context, fill));
    if (status == TW_OK)
        w->run.positions[fill->symbol] +=
            fill->side == TW_SIDE_BUY ? fill->quantity.nano : -fill->quantity.nano;
    return status;
}

static void note_entry(world *w, const tw_journal_entry *entry) {
    world_journal *journal = &w->journal;
    WORLD_REQUIRE(w, entry->sequence == journal->count + 1,
                  "the journal goes on with %llu, not %llu", (unsigned long long)entry->sequence,
                  (unsigned long long)journal->count + 1);
    if (journal->count == journal->capacity) {
        journal->capacity = journal->capacity == 0 ? 256 : 2 * journal->capacity;
        journal->entries = realloc(journal->entries, journal->capacity * sizeof *entry);
        WORLD_REQUIRE(w, journal->entries != NULL, "no memory");
    }
    journal->entries[journal->count++] = *entry;
    world_tell(w, "%llu %s %s", (unsigned long long)entry->sequence, entry->kind, entry->payload);
    world_check_journal_entry(w, entry);
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    world *w = context;
    if (is_dead(w))
        return TW_OK;
    come_between(w);
    tw_status status = note_room(w, w->run.port.append_journal(w->run.port.context, entry));
    if (status != TW_OK)
        return status;
    note_entry(w, entry);
    /* Another thread may pull the switch when an order is meant and not sent yet. */
    if (strcmp(entry->kind, "intent") == 0 && world_strikes_harder(w, WORLD_KILL, 40))
        world_run_kill(w);
    return status;
}

static uint64_t durable_sequence(void *context) {
    world *w = context;
    if (!w->run.dead)
        w->run.durable = w->run.port.durable_sequence(w->run.port.context);
    return w->run.durable;
}

static tw_status health(void *context) {
    world *w = context;
    return w->run.port.health(w->run.port.context);
}

static void whole(void *context) {
    world *w = context;
    if (is_dead(w))
        return;
    w->run.port.whole(w->run.port.context);
    come_between(w);
}

tw_engine_ports world_ports(world *w) {
    return (tw_engine_ports){
        .feed = {next_market, next_venue, w},
        .broker = {submit, cancel, query, snapshot, w},
        .store = {put_trade, put_bar, put_order, put_fill, append_journal, durable_sequence, health,
                  w, whole},
    };
}
