/*
 * replay_ports.c - what a replayed engine is answered.
 *
 * Idea: the counterpart of recording.c. A call takes the item that was noted for it, or gets the
 * usual answer. With changed settings the answers of store and broker are always the usual ones,
 * and the venue says of an order that was never made that it is cancelled.
 */
#include <string.h>

#include "replay_priv.h"

static void see_time(tw_replay *replay, int64_t time_ns) {
    tw_replay_result *result = replay->result;
    if (time_ns == 0)
        return;
    if (result->began_ns == 0)
        result->began_ns = time_ns;
    if (time_ns > result->ended_ns)
        result->ended_ns = time_ns;
}

/* ---- feed ---------------------------------------------------------------------------------- */

static tw_status next_market(void *context, tw_market_event *ret_event) {
    tw_replay *replay = context;
    const item *taken = replay_take(replay, GROUP_MARKET);
    if (taken == NULL)
        return TW_EMPTY;
    if (taken->head.kind == ITEM_ANSWER)
        return (tw_status)taken->as.status;
    *ret_event =
        (tw_market_event){.kind = (uint32_t)(taken->head.kind - ITEM_TRADE + TW_MARKET_TRADE)};
    memcpy(&ret_event->as, taken->as.words, taken->head.size);
    replay->result->market_events++;
    see_time(replay, (int64_t)taken->as.words[0]);
    if (replay->options.on_market != NULL)
        replay_stop(replay, replay->options.on_market(replay->options.context, ret_event));
    return TW_OK;
}

/* The answer to the oldest order that the recording does not have. */
static void say_canceled(tw_replay *replay, tw_venue_event *ret_event) {
    *ret_event = (tw_venue_event){.kind = TW_VENUE_ORDER_UPDATE};
    tw_order_update *update = &ret_event->as.update;
    update->order = replay->canceled[0];
    update->order.status = TW_ORDER_CANCELED;
    memcpy(update->event, "canceled", sizeof "canceled");
    replay->canceled_count--;
    memmove(replay->canceled, replay->canceled + 1,
            replay->canceled_count * sizeof *replay->canceled);
}

static tw_status next_venue(void *context, tw_venue_event *ret_event) {
    tw_replay *replay = context;
    if (replay->canceled_count > 0) {
        say_canceled(replay, ret_event);
        return TW_OK;
    }
    const item *taken = replay_take(replay, GROUP_VENUE);
    if (taken == NULL)
        return TW_EMPTY;
    if (taken->head.kind == ITEM_ANSWER)
        return (tw_status)taken->as.status;
    *ret_event = (tw_venue_event){.kind = taken->head.sub, .time_ns = taken->as.venue.time_ns};
    memcpy(&ret_event->as, &taken->as.venue.as, item_venue_size(taken->head.sub));
    replay->result->venue_events++;
    see_time(replay, ret_event->time_ns);
    if (replay->options.on_venue != NULL)
        replay_stop(replay, replay->options.on_venue(replay->options.context, ret_event));
    return TW_OK;
}

/* ---- broker and store ---------------------------------------------------------------------- */

static tw_status answer(tw_replay *replay, item_group group) {
    const item *taken = replay_take(replay, group);
    return taken != NULL && taken->head.kind == ITEM_ANSWER ? (tw_status)taken->as.status : TW_OK;
}

/* TW_FULL to the engine: it is asked again when those before it have been answered. */
static bool has_room(tw_replay *replay) {
    if (replay->canceled_count < replay->canceled_capacity)
        return true;
    size_t capacity = 2 * replay->canceled_capacity + 16;
    tw_order *larger = TW_NEW(replay->allocator, capacity, tw_order);
    if (larger == NULL)
        return false;
    if (replay->canceled_count > 0)
        memcpy(larger, replay->canceled, replay->canceled_count * sizeof *larger);
    TW_DELETE(replay->allocator, replay->canceled, replay->canceled_capacity, tw_order);
    replay->canceled = larger;
    replay->canceled_capacity = capacity;
    return true;
}

/* The recorded engine handed over this order with this call; unknown after a recording's end. */
static bool is_recorded(const tw_replay *replay, const item *taken, const tw_order *order) {
    if (taken == NULL)
        return !replay->has_next && replay->result->end != TW_RECORDING_CLOSED;
    return strcmp(taken->as.order.client_order_id, order->client_order_id) == 0 &&
           taken->as.order.quantity.nano == order->quantity.nano &&
           taken->as.order.limit_price.nano == order->limit_price.nano;
}

static tw_status submit(void *context, const tw_order *order) {
    tw_replay *replay = context;
    tw_replay_result *result = replay->result;
    const item *taken = replay_take(replay, GROUP_SUBMIT);
    if (taken != NULL && taken->head.kind == ITEM_ANSWER)
        return (tw_status)taken->as.status;
    if (!replay->changed && !is_recorded(replay, taken, order))
        result->strays++;
    if (replay->changed && !has_room(replay))
        return TW_FULL;
    bool known = !replay->changed || replay_orders_made(replay->orders, order, result->turns);
    result->orders++;
    if (replay->options.on_order != NULL)
        replay_stop(replay, replay->options.on_order(replay->options.context, order, known));
    if (!known) {
        replay->canceled[replay->canceled_count++] = *order;
        result->orders_unknown++;
    }
    return TW_OK;
}

static tw_status cancel(void *context, const tw_order *order) {
    (void)order;
    return answer(context, GROUP_CANCEL);
}

static tw_status query(void *context, const tw_order *order) {
    (void)order;
    return answer(context, GROUP_QUERY);
}

static tw_status snapshot(void *context) {
    return answer(context, GROUP_SNAPSHOT);
}

static tw_status put_trade(void *context, const tw_trade *trade) {
    (void)trade;
    return answer(context, GROUP_TRADE);
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    (void)bar;
    return answer(context, GROUP_BAR);
}

static tw_status put_order(void *context, const tw_order *order) {
    (void)order;
    return answer(context, GROUP_ORDER);
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    (void)fill;
    return answer(context, GROUP_FILL);
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    tw_replay *replay = context;
    tw_status status = answer(replay, GROUP_APPEND);
    if (status != TW_OK)
        return status;
    if (replay->changed)
        replay->durable = entry->sequence;
    compare_made(replay, entry);
    return TW_OK;
}

static uint64_t durable_sequence(void *context) {
    tw_replay *replay = context;
    const item *taken = replay_take(replay, GROUP_DURABLE);
    if (taken != NULL && taken->head.kind == ITEM_DURABLE)
        replay->durable = taken->as.sequence;
    return replay->durable;
}

static tw_status health(void *context) {
    return answer(context, GROUP_HEALTH);
}

/* ---- inputs -------------------------------------------------------------------------------- */

/* With changed settings the engine's own word counts, because its rules may have set it. */
static void killed(void *context, tw_kill_level *level, tw_kill_source *source) {
    tw_replay *replay = context;
    const item *taken = replay_take(replay, GROUP_KILL);
    if (replay->changed)
        return;
    if (taken != NULL && taken->head.kind == ITEM_KILL)
        replay_see_kill(replay, taken);
    *level = replay->kill_level;
    *source = replay->kill_source;
}

/* ---- the user's own strategy --------------------------------------------------------------- */

static int strategy_answer(const item *taken, int usual, int64_t *ret_took_ns) {
    *ret_took_ns = taken != NULL ? taken->as.strategy.took_ns : 0;
    return taken != NULL ? (int)taken->as.strategy.answer : usual;
}

/* Weights come in parts, all of one call. */
int replay_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                 int64_t *ret_took_ns) {
    tw_replay *replay = context;
    uint32_t count = 0;
    const item *taken = replay_take(replay, GROUP_WEIGH);
    while (taken != NULL && taken->head.kind == ITEM_WEIGHTS) {
        uint32_t some = taken->head.size / (uint32_t)sizeof(double);
        if (some > view->symbol_count - count)
            some = view->symbol_count - count;
        memcpy(ret_weights + count, taken->as.weights, some * sizeof(double));
        count += some;
        replay->calls[GROUP_WEIGH]--;
        taken = replay_take(replay, GROUP_WEIGH);
    }
    return strategy_answer(taken, TW_STRATEGY_KEEP, ret_took_ns);
}

static int show_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    (void)bar;
    return strategy_answer(replay_take(context, GROUP_BAR_SHOWN), TW_STRATEGY_QUIET, ret_took_ns);
}

void replay_strategy(tw_replay *replay, tw_strategy_port *ret_port) {
    *ret_port = (tw_strategy_port){
        .weigh = replay_weigh, .bar = show_bar, .context = replay, .name = replay->head.strategy};
}

void replay_ports(tw_replay *replay, tw_engine_ports *ret_ports) {
    *ret_ports = (tw_engine_ports){
        .feed = {next_market, next_venue, replay},
        .broker = {submit, cancel, query, snapshot, replay},
        .store = {put_trade, put_bar, put_order, put_fill, append_journal, durable_sequence, health,
                  replay},
        .inputs = {.killed = killed, .context = replay},
    };
}
