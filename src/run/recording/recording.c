/*
 * recording.c - what is noted at each call between an engine and its ports.
 *
 * Idea: an engine is a function of what its ports answer, in their order. Most answers are always
 * the same (no event, row taken, nothing new on the disk): they are only counted, by kind of call,
 * and the others are items that carry the count. An item is copied once, into a block that goes to
 * the other thread when it is full.
 *
 *     RUNNING --no block free: next_block--> ended LATE
 *     RUNNING --recording_write.c: bound, failure--> ended BOUND, FAILED
 *     RUNNING --tw_recording_close--> ended CLOSED
 *
 * Invariants
 *  1. An item is noted after its call was answered and before the engine goes on: the order of
 * items is the order in which the engine learned of them.
 *  2. Once ended, nothing is noted any more: a recording has no holes, only an end.
 *  3. A block belongs to one thread at a time: it is being filled, spare, or in one of the rings,
 *     each of which holds them all.
 */
#include "recording_priv.h"

#include <stddef.h>
#include <string.h>

#include "tradewind/time.h"

enum {
    BLOCK_SIZE_DEFAULT = 262144,
    BLOCK_SIZE_LEAST = 4096,
    BLOCK_SIZE_MOST = 1 << 20,
    BLOCK_COUNT_DEFAULT = 64
};

const char *tw_recording_end_name(tw_recording_end end) {
    static const char *const names[] = {"torn", "closed", "late", "bound", "failed"};
    size_t index = (size_t)end;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

void recording_end(tw_recording *recording, tw_recording_end reason) {
    int going_on = TW_RECORDING_TORN;
    atomic_compare_exchange_strong(&recording->end, &going_on, (int)reason);
}

void recording_lose(tw_recording *recording, uint64_t items) {
    atomic_fetch_add_explicit(&recording->lost, items, memory_order_relaxed);
}

/* ---- blocks -------------------------------------------------------------------------------- */

void recording_hand_over(tw_recording *recording) {
    if (recording->block_items == 0)
        return;
    const uint8_t *begin =
        recording->blocks + (size_t)recording->block * recording->config.block_size;
    ready_block ready = {.block = recording->block,
                         .size = (uint32_t)(recording->at - begin),
                         .items = recording->block_items};
    tw_status status = tw_ring_push(recording->ready, &ready);
    TW_ASSERT(status == TW_OK); /* invariant 3 */
    recording->block_items = 0;
    recording->room = 0;
    if (recording->config.on_work != NULL)
        recording->config.on_work(recording->config.context);
}

static bool has_spare(tw_recording *recording) {
    uint32_t block = 0;
    while (tw_ring_pop(recording->free, &block) == TW_OK)
        recording->spare[recording->spare_count++] = block;
    return recording->spare_count > 0;
}

static bool next_block(tw_recording *recording) {
    recording_hand_over(recording);
    if (atomic_load_explicit(&recording->end, memory_order_relaxed) != TW_RECORDING_TORN)
        return false;
    if (!has_spare(recording)) {
        recording_end(recording, TW_RECORDING_LATE);
        return false;
    }
    recording->block = recording->spare[--recording->spare_count];
    recording->at = recording->blocks + (size_t)recording->block * recording->config.block_size;
    recording->room = recording->config.block_size;
    return true;
}

/* Room for an item's payload, its last word zeroed; NULL: it is lost. */
static void *note(tw_recording *recording, item_head head, size_t size) {
    head.size = (uint16_t)((size + 7) / 8 * 8);
    size_t whole = sizeof head + head.size;
    if (whole > recording->room && !next_block(recording)) {
        recording_lose(recording, 1);
        return NULL;
    }
    uint8_t *payload = recording->at + sizeof head;
    memcpy(recording->at, &head, sizeof head);
    if (head.size > 0)
        memset(payload + head.size - 8, 0, 8);
    recording->at += whole;
    recording->room -= whole;
    recording->block_items++;
    return payload;
}

static void note_bytes(tw_recording *recording, item_head head, const void *bytes, size_t size) {
    void *payload = note(recording, head, size);
    if (payload != NULL && size > 0)
        memcpy(payload, bytes, size);
}

/* An answer that is not the usual one. */
static tw_status answered(tw_recording *recording, item_group group, tw_status status) {
    uint32_t call = recording->calls[group]++;
    int64_t word = status;
    if (status != TW_OK)
        note_bytes(recording, (item_head){.kind = ITEM_ANSWER, .sub = (uint8_t)group, .call = call},
                   &word, sizeof word);
    return status;
}

/* ---- feed ---------------------------------------------------------------------------------- */

static void note_market(tw_recording *recording, const tw_market_event *event, uint32_t call) {
    TW_ASSERT(event->kind >= TW_MARKET_TRADE && event->kind <= TW_MARKET_BAR);
    uint8_t kind = (uint8_t)(event->kind - TW_MARKET_TRADE + ITEM_TRADE);
    note_bytes(recording, (item_head){.kind = kind, .call = call}, &event->as,
               item_market_size(kind));
}

static tw_status next_market(void *context, tw_market_event *ret_event) {
    tw_recording *recording = context;
    const tw_feed_port *feed = &recording->ports.feed;
    tw_status status = feed->next_market(feed->context, ret_event);
    if (status == TW_OK)
        note_market(recording, ret_event, recording->calls[GROUP_MARKET]);
    recording->calls[GROUP_MARKET]++;
    return status;
}

static tw_status next_venue(void *context, tw_venue_event *ret_event) {
    tw_recording *recording = context;
    const tw_feed_port *feed = &recording->ports.feed;
    tw_status status = feed->next_venue(feed->context, ret_event);
    uint32_t call = recording->calls[GROUP_VENUE]++;
    if (status != TW_OK)
        return status;
    size_t size = item_venue_size(ret_event->kind);
    TW_ASSERT(size != SIZE_MAX);
    char *payload = note(
        recording, (item_head){.kind = ITEM_VENUE, .sub = (uint8_t)ret_event->kind, .call = call},
        sizeof(int64_t) + size);
    if (payload != NULL) {
        memcpy(payload, &ret_event->time_ns, sizeof(int64_t));
        memcpy(payload + sizeof(int64_t), &ret_event->as, size);
    }
    return TW_OK;
}

/* ---- broker -------------------------------------------------------------------------------- */

static tw_status submit(void *context, const tw_order *order) {
    tw_recording *recording = context;
    const tw_broker_port *broker = &recording->ports.broker;
    tw_status status = answered(recording, GROUP_SUBMIT, broker->submit(broker->context, order));
    if (status == TW_OK)
        note_bytes(recording,
                   (item_head){.kind = ITEM_SUBMIT, .call = recording->calls[GROUP_SUBMIT] - 1},
                   order, sizeof *order);
    return status;
}

static tw_status cancel(void *context, const tw_order *order) {
    tw_recording *recording = context;
    const tw_broker_port *broker = &recording->ports.broker;
    return answered(recording, GROUP_CANCEL, broker->cancel(broker->context, order));
}

static tw_status query(void *context, const tw_order *order) {
    tw_recording *recording = context;
    const tw_broker_port *broker = &recording->ports.broker;
    return answered(recording, GROUP_QUERY, broker->query(broker->context, order));
}

static tw_status snapshot(void *context) {
    tw_recording *recording = context;
    const tw_broker_port *broker = &recording->ports.broker;
    return answered(recording, GROUP_SNAPSHOT, broker->snapshot(broker->context));
}

/* ---- store --------------------------------------------------------------------------------- */

static tw_status put_trade(void *context, const tw_trade *trade) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    return answered(recording, GROUP_TRADE, store->put_trade(store->context, trade));
}

static tw_status put_bar(void *context, const tw_bar *bar) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    return answered(recording, GROUP_BAR, store->put_bar(store->context, bar));
}

static tw_status put_order(void *context, const tw_order *order) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    return answered(recording, GROUP_ORDER, store->put_order(store->context, order));
}

static tw_status put_fill(void *context, const tw_fill *fill) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    return answered(recording, GROUP_FILL, store->put_fill(store->context, fill));
}

static tw_status append_journal(void *context, const tw_journal_entry *entry) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    tw_status status =
        answered(recording, GROUP_APPEND, store->append_journal(store->context, entry));
    if (status != TW_OK)
        return status;
    item_entry begin = {.sequence = entry->sequence, .time_ns = entry->time_ns};
    size_t before = offsetof(item_entry, payload);
    size_t size = strlen(entry->payload) + 1;
    memcpy(begin.kind, entry->kind, sizeof begin.kind);
    char *payload =
        note(recording, (item_head){.kind = ITEM_ENTRY, .call = recording->calls[GROUP_APPEND] - 1},
             before + size);
    if (payload != NULL) {
        memcpy(payload, &begin, before);
        memcpy(payload + before, entry->payload, size);
    }
    return TW_OK;
}

static uint64_t durable_sequence(void *context) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    uint64_t durable = store->durable_sequence(store->context);
    uint32_t call = recording->calls[GROUP_DURABLE]++;
    if (durable != recording->durable)
        note_bytes(recording, (item_head){.kind = ITEM_DURABLE, .call = call}, &durable,
                   sizeof durable);
    recording->durable = durable;
    return durable;
}

static tw_status health(void *context) {
    tw_recording *recording = context;
    const tw_store_port *store = &recording->ports.store;
    return answered(recording, GROUP_HEALTH, store->health(store->context));
}

/* Tells the engine nothing, so there is nothing to note. */
static void whole(void *context) {
    const tw_store_port *store = &((tw_recording *)context)->ports.store;
    if (store->whole != NULL)
        store->whole(store->context);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void adopted(void *context, const tw_order *order) {
    tw_recording *recording = context;
    const tw_input_port *inputs = &recording->ports.inputs;
    note_bytes(recording, (item_head){.kind = ITEM_ADOPTED}, order, sizeof *order);
    if (inputs->adopted != NULL)
        inputs->adopted(inputs->context, order);
}

static void resumed(void *context, const tw_engine_plan *plan) {
    tw_recording *recording = context;
    const tw_input_port *inputs = &recording->ports.inputs;
    item_plan begin = {.decision = plan->decision,
                       .decided_ns = plan->decided_ns,
                       .targets = plan->targets,
                       .trade_count = plan->trade_count,
                       .order_count = plan->order_count};
    memcpy(begin.refused, plan->refused, sizeof begin.refused);
    note_bytes(recording, (item_head){.kind = ITEM_PLAN}, &begin, sizeof begin);
    for (uint32_t i = 0; i < plan->trade_count; i++)
        note_bytes(recording, (item_head){.kind = ITEM_PLAN_TRADE}, &plan->trades[i],
                   sizeof plan->trades[i]);
    for (uint32_t i = 0; i < plan->order_count; i++) {
        item_plan_order order = {.trade = plan->orders[i].trade};
        tw_text id = tw_text_over(order.client_order_id, sizeof order.client_order_id);
        tw_text_append_string(&id, plan->orders[i].client_order_id);
        note_bytes(recording, (item_head){.kind = ITEM_PLAN_ORDER}, &order, sizeof order);
    }
    if (inputs->resumed != NULL)
        inputs->resumed(inputs->context, plan);
}

static void turn(void *context, uint32_t event_count_max, bool stop) {
    tw_recording *recording = context;
    const tw_input_port *inputs = &recording->ports.inputs;
    item_turn begin = {.event_count_max = event_count_max, .stop = stop ? 1 : 0};
    if (atomic_load_explicit(&recording->flush_wanted, memory_order_relaxed) &&
        has_spare(recording)) {
        recording_hand_over(recording);
        atomic_store_explicit(&recording->flush_wanted, false, memory_order_relaxed);
    }
    memset(recording->calls, 0, sizeof recording->calls);
    note_bytes(recording, (item_head){.kind = ITEM_TURN}, &begin, sizeof begin);
    if (inputs->turn != NULL)
        inputs->turn(inputs->context, event_count_max, stop);
}

static void killed(void *context, tw_kill_level *level, tw_kill_source *source) {
    tw_recording *recording = context;
    const tw_input_port *inputs = &recording->ports.inputs;
    if (inputs->killed != NULL)
        inputs->killed(inputs->context, level, source);
    uint32_t call = recording->calls[GROUP_KILL]++;
    uint8_t word = (uint8_t)((uint32_t)*level | (uint32_t)*source << 4);
    if (word != recording->kill)
        note_bytes(recording, (item_head){.kind = ITEM_KILL, .sub = word, .call = call}, NULL, 0);
    recording->kill = word;
}

/* ---- the user's own strategy --------------------------------------------------------------- */

/* A time within the budget says nothing to the engine, and is left out. */
static void note_strategy(tw_recording *recording, item_group group, int64_t answer,
                          int64_t took_ns) {
    int64_t budget_ns = recording->strategy_budget_ns;
    item_strategy said = {.answer = answer,
                          .took_ns = budget_ns > 0 && took_ns > budget_ns ? took_ns : 0};
    uint32_t call = recording->calls[group]++;
    bool usual = group == GROUP_BAR_SHOWN && answer == TW_STRATEGY_QUIET && said.took_ns == 0;
    if (!usual)
        note_bytes(recording,
                   (item_head){.kind = ITEM_STRATEGY, .sub = (uint8_t)group, .call = call}, &said,
                   sizeof said);
}

static int weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                 int64_t *ret_took_ns) {
    tw_recording *recording = context;
    const tw_strategy_port *strategy = &recording->strategy;
    int answer = strategy->weigh(strategy->context, view, ret_weights, ret_took_ns);
    uint32_t count = answer == TW_STRATEGY_WEIGHTS ? recording->symbol_count : 0;
    for (uint32_t i = 0; i < count; i += ITEM_WEIGHT_COUNT_MAX) {
        uint32_t some = count - i < ITEM_WEIGHT_COUNT_MAX ? count - i : ITEM_WEIGHT_COUNT_MAX;
        note_bytes(recording,
                   (item_head){.kind = ITEM_WEIGHTS, .call = recording->calls[GROUP_WEIGH]},
                   ret_weights + i, some * sizeof *ret_weights);
    }
    note_strategy(recording, GROUP_WEIGH, answer, *ret_took_ns);
    return answer;
}

static int show_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    tw_recording *recording = context;
    const tw_strategy_port *strategy = &recording->strategy;
    int answer = strategy->bar(strategy->context, bar, ret_took_ns);
    note_strategy(recording, GROUP_BAR_SHOWN, answer, *ret_took_ns);
    return answer;
}

static void wrap_strategy(tw_recording *recording, tw_engine_config *engine) {
    recording->strategy = engine->port;
    recording->strategy_budget_ns = engine->strategy_budget_ns;
    recording->symbol_count = engine->symbol_count;
    if (engine->port.weigh != NULL)
        engine->port.weigh = weigh;
    if (engine->port.bar != NULL)
        engine->port.bar = show_bar;
    engine->port.context = recording;
}

void tw_recording_wrap(tw_recording *recording, tw_engine_ports *ports, tw_engine_config *engine) {
    wrap_strategy(recording, engine);
    recording->ports = *ports;
    *ports = (tw_engine_ports){
        .feed = {next_market, next_venue, recording},
        .broker = {submit, cancel, query, snapshot, recording},
        .store = {put_trade, put_bar, put_order, put_fill, append_journal, durable_sequence, health,
                  recording, whole},
        .inputs = {adopted, resumed, turn, killed, recording},
    };
}

/* ---- life ---------------------------------------------------------------------------------- */

static tw_status check_config(const tw_recording_config *config, const tw_engine_config *engine,
                              tw_error *error) {
    if (config->path == NULL || config->path[0] == '\0')
        return tw_error_set(error, TW_INVALID, "a recording needs the path of a file");
    if (config->block_size != 0 &&
        (config->block_size < BLOCK_SIZE_LEAST || config->block_size > BLOCK_SIZE_MOST ||
         config->block_size % 8 != 0))
        return tw_error_set(error, TW_INVALID, "block_size must be %d to %d, a multiple of 8",
                            BLOCK_SIZE_LEAST, BLOCK_SIZE_MOST);
    if (engine->zone != NULL && config->zone.size == 0)
        return tw_error_set(error, TW_INVALID, "a recording needs the bytes of the engine's zone");
    if (config->block_count == 1)
        return tw_error_set(error, TW_INVALID, "block_count must be at least 2");
    return TW_OK;
}

static tw_status take_memory(tw_recording *recording, const tw_symbols *symbols) {
    const tw_allocator *allocator = recording->allocator;
    const tw_recording_config *config = &recording->config;
    recording->blocks =
        TW_NEW(allocator, (size_t)config->block_count * config->block_size, uint8_t);
    recording->spare = TW_NEW(allocator, config->block_count, uint32_t);
    recording->packed = TW_NEW(allocator, BLOCK_SIZE_MAX, uint8_t);
    if (recording->blocks == NULL || recording->spare == NULL || recording->packed == NULL)
        return TW_NO_MEMORY;
    tw_status status =
        tw_ring_new(allocator, config->block_count, sizeof(ready_block), &recording->ready);
    if (status == TW_OK)
        status = tw_ring_new(allocator, config->block_count, sizeof(uint32_t), &recording->free);
    if (status == TW_OK)
        status = item_context_new(allocator, tw_symbols_count(symbols), &recording->context);
    if (status == TW_OK)
        status = journal_digest_new(allocator, &recording->digest);
    for (uint32_t i = 0; i < config->block_count; i++)
        recording->spare[i] = config->block_count - 1 - i;
    recording->spare_count = config->block_count;
    return status;
}

tw_status tw_recording_new(const tw_allocator *allocator, const tw_recording_config *config,
                           const tw_engine_config *engine, const tw_symbols *symbols,
                           tw_recording **ret_recording, tw_error *error) {
    tw_status status = check_config(config, engine, error);
    if (status != TW_OK)
        return status;
    tw_recording *recording = TW_NEW(allocator, 1, tw_recording);
    if (recording == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the recording");
    recording->allocator = allocator;
    recording->config = *config;
    if (config->block_size == 0)
        recording->config.block_size = BLOCK_SIZE_DEFAULT;
    if (config->block_count == 0)
        recording->config.block_count = BLOCK_COUNT_DEFAULT;
    recording->durable = UINT64_MAX; /* the first answer is noted */
    status = take_memory(recording, symbols);
    if (status != TW_OK)
        tw_error_set(error, status, "no memory for the recording");
    if (status == TW_OK)
        status = block_file_create(allocator, config->path, &recording->file, error);
    if (status == TW_OK)
        status = recording_write_head(recording, engine, symbols, error);
    if (status != TW_OK) {
        tw_recording_free(recording);
        return status;
    }
    *ret_recording = recording;
    return TW_OK;
}

void tw_recording_free(tw_recording *recording) {
    if (recording == NULL)
        return;
    const tw_allocator *allocator = recording->allocator;
    const tw_recording_config *config = &recording->config;
    block_file_free(recording->file);
    item_context_free(recording->context);
    journal_digest_free(recording->digest);
    tw_ring_free(recording->ready);
    tw_ring_free(recording->free);
    TW_DELETE(allocator, recording->blocks, (size_t)config->block_count * config->block_size,
              uint8_t);
    TW_DELETE(allocator, recording->spare, config->block_count, uint32_t);
    TW_DELETE(allocator, recording->packed, BLOCK_SIZE_MAX, uint8_t);
    TW_DELETE(allocator, recording, 1, tw_recording);
}

void tw_recording_figures_of(const tw_recording *recording, tw_recording_figures *ret_figures) {
    *ret_figures = (tw_recording_figures){
        .items = atomic_load_explicit(&recording->items, memory_order_relaxed),
        .lost = atomic_load_explicit(&recording->lost, memory_order_relaxed),
        .bytes = atomic_load_explicit(&recording->bytes, memory_order_relaxed),
        .blocks_waiting = (uint32_t)tw_ring_count(recording->ready),
        .end = (tw_recording_end)atomic_load(&recording->end),
    };
}
