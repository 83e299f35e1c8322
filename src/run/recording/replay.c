/*
 * replay.c - the turns of a run, again.
 *
 * Idea: the items of a recording are what the engine was answered, in their order. The next one
 * waits until the engine makes the call that it answers (the same group, the same count within the
 * turn); until then all calls get the usual answer. An engine that does what the recorded one did
 * has used up all items of a turn when the turn ends. What is left over then belongs to calls that
 * this engine makes otherwise, or not: state is taken over, events are given to a turn of their
 * own, and each is counted as a stray. Comparing goes on: asking in another way is no difference.
 */
#include "replay_priv.h"

#include <stdio.h>
#include <string.h>

#include "recording_settings.h"

/* ---- items --------------------------------------------------------------------------------- */

void replay_stop(tw_replay *replay, tw_status status) {
    if (replay->stopped == TW_OK)
        replay->stopped = status;
}

static void take_end(tw_replay *replay, const item_end *end) {
    replay->result->end =
        end->reason <= TW_RECORDING_FAILED ? (tw_recording_end)end->reason : TW_RECORDING_TORN;
    replay->result->lost = end->lost;
}

/* Reads on until an item is there that answers a call or begins a turn. What was journaled goes
 * to the comparison at once: it answers nothing. */
static void fetch(tw_replay *replay) {
    item *next = &replay->items[replay->next];
    replay->has_next = false;
    while (replay->reading == TW_OK) {
        replay->reading = item_reader_next(replay->reader, next, &replay->reading_error);
        if (replay->reading != TW_OK)
            return;
        uint8_t kind = next->head.kind;
        replay->has_next = kind != ITEM_ENTRY && kind != ITEM_END;
        if (replay->has_next)
            return;
        if (kind == ITEM_ENTRY)
            compare_recorded(replay, &next->as.entry);
        else if (kind == ITEM_END)
            take_end(replay, &next->as.end);
    }
}

static const item *next_of(const tw_replay *replay) {
    return &replay->items[replay->next];
}

static const item *take(tw_replay *replay) {
    const item *taken = next_of(replay);
    replay->next ^= 1;
    fetch(replay);
    return taken;
}

static bool begins_turn(const item *next) {
    return next->head.kind == ITEM_TURN || next->head.kind == ITEM_ADOPTED ||
           (next->head.kind >= ITEM_PLAN && next->head.kind <= ITEM_PLAN_ORDER);
}

void replay_see_kill(tw_replay *replay, const item *taken) {
    replay->kill_level = (tw_kill_level)(taken->head.sub & 15);
    replay->kill_source = (tw_kill_source)(taken->head.sub >> 4);
}

static void apply_kill(tw_replay *replay, const item *taken) {
    replay_see_kill(replay, taken);
    if (!replay->changed || replay->kill_source == TW_KILL_BY_RULE)
        return; /* its own rules make its own kills */
    if (replay->kill_level == TW_KILL_NONE)
        tw_engine_lift(replay->engine);
    else
        tw_engine_kill(replay->engine, replay->kill_level, replay->kill_source);
}

/* With changed settings: what is for the recorded engine alone is passed over. */
static void pass_over(tw_replay *replay) {
    while (replay->has_next && !begins_turn(next_of(replay))) {
        const item *next = next_of(replay);
        item_group group = item_group_of(&next->head);
        if (group == GROUP_KILL)
            apply_kill(replay, next);
        if (group == GROUP_MARKET)
            return;
        if (group == GROUP_VENUE && next->head.kind == ITEM_VENUE) {
            if (replay_orders_pass(replay->orders, next))
                return;
            replay->result->events_left_out++;
        }
        take(replay);
    }
}

const item *replay_take(tw_replay *replay, item_group group) {
    uint32_t call = replay->calls[group]++;
    if (replay->changed)
        pass_over(replay);
    if (!replay->has_next || item_group_of(&next_of(replay)->head) != group)
        return NULL;
    bool counted = !replay->changed && !replay->loose;
    return counted && next_of(replay)->head.call != call ? NULL : take(replay);
}

/* ---- turns --------------------------------------------------------------------------------- */

static void turn(tw_replay *replay, uint32_t event_count_max) {
    uint64_t work = 0;
    tw_error ignored = {0}; /* the engine keeps it, and its report says so */
    memset(replay->calls, 0, sizeof replay->calls);
    replay->result->engine = tw_engine_turn(replay->engine, event_count_max, &work, &ignored);
}

/* One item that the turn has left over. True: it is gone. */
static bool take_over(tw_replay *replay) {
    const item *next = next_of(replay);
    item_group group = item_group_of(&next->head);
    if (group == GROUP_MARKET || group == GROUP_VENUE)
        return false;
    if (next->head.kind == ITEM_DURABLE)
        replay->durable = next->as.sequence;
    else if (next->head.kind == ITEM_KILL)
        apply_kill(replay, next);
    take(replay);
    return true;
}

/* Whatever is left of the turn's items. */
static void finish_turn(tw_replay *replay, uint32_t event_count_max) {
    if (replay->changed)
        pass_over(replay);
    while (replay->has_next && !begins_turn(next_of(replay)) && replay->stopped == TW_OK) {
        uint64_t before = replay->result->market_events + replay->result->venue_events;
        replay->result->strays += !replay->changed;
        if (take_over(replay))
            continue;
        replay->loose = true;
        turn(replay, event_count_max);
        replay->loose = false;
        if (replay->changed)
            pass_over(replay);
        if (replay->has_next && !begins_turn(next_of(replay)) &&
            before == replay->result->market_events + replay->result->venue_events)
            take(replay); /* the engine does not listen any more */
    }
}

/* What the start of a run hands over: it has checked it, and a file may hold anything. */
static bool can_be_adopted(const tw_replay *replay, const tw_order *order) {
    return order->symbol < replay->head.config.symbol_count &&
           !tw_order_status_is_final((tw_order_status)order->status) &&
           (order->side == TW_SIDE_BUY || order->side == TW_SIDE_SELL) &&
           order->quantity.nano > 0 && order->filled.nano >= 0 &&
           order->filled.nano <= order->quantity.nano && order->limit_price.nano >= 0;
}

static void adopt(tw_replay *replay, const tw_order *order) {
    if (replay->result->turns > 0 || !can_be_adopted(replay, order)) {
        replay->result->strays++;
        return;
    }
    replay_stop(replay, tw_engine_adopt(replay->engine, order));
}

/* A plan is a head and as many trades and orders as it says; one that is cut short is none, and
 * what follows it is looked at in its turn. */
static tw_status read_plan(tw_replay *replay, item_plan head, tw_engine_plan_trade *trades,
                           item_plan_order *orders, tw_engine_plan_order *named) {
    tw_engine_plan plan = {.decision = head.decision,
                           .decided_ns = head.decided_ns,
                           .targets = head.targets,
                           .trades = trades,
                           .orders = named,
                           .trade_count = head.trade_count,
                           .order_count = head.order_count};
    memcpy(plan.refused, head.refused, sizeof plan.refused);
    for (uint32_t i = 0; i < head.trade_count; i++) {
        if (!replay->has_next || next_of(replay)->head.kind != ITEM_PLAN_TRADE)
            return TW_EMPTY;
        trades[i] = take(replay)->as.plan_trade;
    }
    for (uint32_t i = 0; i < head.order_count; i++) {
        if (!replay->has_next || next_of(replay)->head.kind != ITEM_PLAN_ORDER)
            return TW_EMPTY;
        orders[i] = take(replay)->as.plan_order;
        named[i] = (tw_engine_plan_order){.client_order_id = orders[i].client_order_id,
                                          .trade = (uint32_t)orders[i].trade};
    }
    return tw_engine_resume(replay->engine, &plan);
}

static void resume(tw_replay *replay, item_plan head) {
    const tw_engine_config *config = &replay->head.config;
    if (replay->result->turns > 0 || replay->resumed || head.trade_count > config->symbol_count ||
        head.order_count > config->order_count_max) {
        replay->result->strays++;
        return;
    }
    size_t trade_count = (size_t)head.trade_count + 1;
    size_t order_count = (size_t)head.order_count + 1;
    tw_engine_plan_trade *trades = TW_NEW(replay->allocator, trade_count, tw_engine_plan_trade);
    item_plan_order *orders = TW_NEW(replay->allocator, order_count, item_plan_order);
    tw_engine_plan_order *named = TW_NEW(replay->allocator, order_count, tw_engine_plan_order);
    tw_status status = TW_NO_MEMORY;
    if (trades != NULL && orders != NULL && named != NULL)
        status = read_plan(replay, head, trades, orders, named);
    TW_DELETE(replay->allocator, trades, trade_count, tw_engine_plan_trade);
    TW_DELETE(replay->allocator, orders, order_count, item_plan_order);
    TW_DELETE(replay->allocator, named, order_count, tw_engine_plan_order);
    replay->resumed = status == TW_OK;
    replay->result->strays += status == TW_EMPTY || status == TW_INVALID;
    if (status == TW_NO_MEMORY)
        replay_stop(replay, status);
}

static bool is_over(const tw_replay *replay) {
    const tw_replay_options *options = &replay->options;
    const tw_replay_result *result = replay->result;
    tw_engine_report report;
    if (replay->stopped != TW_OK || result->differs)
        return true;
    if (options->until_ns != 0 && result->ended_ns >= options->until_ns)
        return true;
    if (options->until_sequence == 0)
        return false;
    tw_engine_get_report(replay->engine, &report, NULL);
    return replay->head.config.journal_sequence + report.journal_entries >= options->until_sequence;
}

static void begin_turn(tw_replay *replay, const item_turn *begin) {
    const tw_replay_options *options = &replay->options;
    if (begin->stop != 0)
        tw_engine_stop(replay->engine);
    replay->result->turns++;
    if (options->on_turn != NULL)
        replay_stop(replay, options->on_turn(options->context, replay->result->turns,
                                             begin->event_count_max, begin->stop != 0));
}

static void play(tw_replay *replay) {
    fetch(replay);
    while (replay->has_next && !is_over(replay)) {
        const item *taken = take(replay);
        if (taken->head.kind == ITEM_ADOPTED) {
            adopt(replay, &taken->as.order);
        } else if (taken->head.kind == ITEM_PLAN) {
            resume(replay, taken->as.plan);
        } else if (taken->head.kind == ITEM_TURN) {
            item_turn begin = taken->as.turn;
            begin_turn(replay, &begin);
            turn(replay, begin.event_count_max);
            finish_turn(replay, begin.event_count_max);
            compare_turn_end(replay);
        } else {
            replay->result->strays++; /* before the first turn nothing is asked */
        }
    }
    replay->result->reached_end = !replay->has_next && replay->stopped == TW_OK;
    compare_end(replay);
}

static tw_status make(tw_replay *replay, tw_error *error) {
    tw_engine_ports ports;
    replay_ports(replay, &ports);
    tw_status status = journal_digest_new(replay->allocator, &replay->digest);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the replay");
    if (replay->head.strategy[0] != '\0' && replay->head.config.port.weigh == NULL)
        replay_strategy(replay, &replay->head.config.port);
    if (replay->changed && replay->head.config.port.weigh == replay_weigh)
        return tw_error_set(error, TW_INVALID,
                            "%s has a strategy of the user's own, %s: with other settings that "
                            "itself is needed, not what it said",
                            replay->name, replay->head.strategy);
    if (replay->head.config.symbol_count > replay->head.symbol_count)
        return tw_error_set(error, TW_INVALID, "%s has %u symbols, not %u", replay->name,
                            replay->head.symbol_count, replay->head.config.symbol_count);
    if (replay->changed)
        status = replay_orders_read(replay->allocator, &replay->source, &replay->orders, error);
    if (replay->changed && status == TW_OK)
        replay->result->orders_recorded = replay_orders_count(replay->orders);
    if (status == TW_OK)
        status = tw_engine_new(replay->allocator, &replay->head.config, replay->head.symbols,
                               &ports, &replay->engine, error);
    return status;
}

tw_status tw_replay_run(tw_replay *replay, const tw_replay_options *options,
                        tw_replay_result *ret_result, tw_error *error) {
    TW_ASSERT(replay->engine == NULL);
    *ret_result = (tw_replay_result){.compared = !replay->changed};
    replay->result = ret_result;
    replay->options = *options;
    replay->durable = replay->changed ? replay->head.config.journal_sequence : 0;
    tw_status status = make(replay, error);
    if (status != TW_OK)
        return status;
    play(replay);
    ret_result->bytes = item_reader_bytes(replay->reader);
    if (replay->stopped == TW_OK)
        replay->stopped = journal_digest_get(replay->digest, ret_result->hash);
    if (replay->stopped != TW_OK)
        return tw_error_set(error, replay->stopped, "the replay of %s was given up: %s",
                            replay->name, tw_status_sentence(replay->stopped));
    bool clean = replay->reading == TW_OK || replay->reading == TW_EMPTY ||
                 replay->reading == TW_TRUNCATED || ret_result->differs;
    if (clean)
        return TW_OK;
    if (error != NULL)
        *error = replay->reading_error;
    return replay->reading;
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status open_source(const tw_allocator *allocator, const char *name, tw_slice bytes,
                             tw_replay **ret_replay, tw_error *error) {
    tw_replay *replay = TW_NEW(allocator, 1, tw_replay);
    if (replay == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the replay");
    replay->allocator = allocator;
    if (tw_slice_copy(tw_slice_of(name), replay->name, sizeof replay->name) != TW_OK) {
        tw_replay_free(replay);
        return tw_error_set(error, TW_INVALID, "the name of the recording is too long");
    }
    replay->source = (reader_source){replay->name, bytes};
    tw_status status =
        item_reader_open(allocator, &replay->source, &replay->head, &replay->reader, error);
    if (status != TW_OK) {
        tw_replay_free(replay);
        return status;
    }
    *ret_replay = replay;
    return TW_OK;
}

tw_status tw_replay_open(const tw_allocator *allocator, const char *path, tw_replay **ret_replay,
                         tw_error *error) {
    return open_source(allocator, path, (tw_slice){NULL, 0}, ret_replay, error);
}

tw_status tw_replay_open_bytes(const tw_allocator *allocator, const char *name, tw_slice bytes,
                               tw_replay **ret_replay, tw_error *error) {
    TW_ASSERT(bytes.data != NULL);
    return open_source(allocator, name, bytes, ret_replay, error);
}

void tw_replay_free(tw_replay *replay) {
    if (replay == NULL)
        return;
    tw_engine_free(replay->engine);
    item_reader_free(replay->reader);
    replay_orders_free(replay->orders);
    journal_digest_free(replay->digest);
    compare_done(replay);
    TW_DELETE(replay->allocator, replay->canceled, replay->canceled_capacity, tw_order);
    head_done(replay->allocator, &replay->head);
    TW_DELETE(replay->allocator, replay, 1, tw_replay);
}

/* ---- what it is ---------------------------------------------------------------------------- */

void tw_replay_origin_of(const tw_replay *replay, tw_replay_origin *ret_origin) {
    *ret_origin = (tw_replay_origin){
        .program = replay->head.program,
        .database = replay->head.database,
        .began_ns = replay->head.began_ns,
        .settings_unknown = replay->head.settings_unknown,
        .settings_missing = replay->head.settings_missing,
    };
}

tw_engine_config *tw_replay_settings(tw_replay *replay) {
    return &replay->head.config;
}

const tw_symbols *tw_replay_symbols(const tw_replay *replay) {
    return replay->head.symbols;
}

tw_status tw_replay_set(tw_replay *replay, tw_slice name, tw_slice value, tw_error *error) {
    TW_ASSERT(replay->engine == NULL);
    tw_status status = settings_read(&replay->head.config, name, value, error);
    if (status == TW_OK)
        replay->changed = true;
    return status;
}

const char *tw_replay_setting(const tw_replay *replay, size_t index, tw_text *text) {
    if (index >= settings_count())
        return NULL;
    settings_write(&replay->head.config, index, text);
    return settings_name(index);
}
