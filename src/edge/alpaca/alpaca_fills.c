/*
 * alpaca_fills.c - the ledger of what has been passed on of each order.
 *
 * Idea: the filled quantity that the venue writes into every update and order only ever grows, and
 * each fill has its own. So it names the fills of an order even where ids are missing, and one
 * number an order, the filled quantity at the last recovery, tells which fills were made up for.
 *
 * Invariants
 *   1. `told` of an order is the sum of the quantities passed on, recovered ones and the starting
 *      point included; `notional` the sum of their quantities times prices, at 1e-18.
 *   2. Every fill whose filled quantity is at most `covered` is contained in `told`. So an order
 * that is older than an update that was taken (filled less than `seen`) recovers nothing.
 *   3. Slots are used, or free (a list), or used and in the ring of ended ones, in the order of
 * their ends. A slot is taken from the ring's oldest end only when none is free.
 */
#include <string.h>

#include "alpaca_recent.h"
#include "fnv.h"
#include "splitmix.h"
#include "tradewind/alpaca_fills.h"

#define ORDER_COUNT_DEFAULT 4096
#define UPDATE_COUNT_DEFAULT 16384
#define NO_SLOT UINT32_MAX
#define NANO 1000000000

__extension__ typedef __int128 wide;

typedef struct order_slot {
    wide notional;
    uint64_t key;
    int64_t told; /* nano */
    int64_t covered;
    int64_t seen; /* the largest filled quantity in an update */
    int64_t submitted_ns;
    uint32_t next_free;
    bool used;
    bool ended;
} order_slot;

struct tw_alpaca_fills {
    const tw_allocator *allocator;
    tw_map *orders; /* key of the order -> slot */
    order_slot *slots;
    uint32_t *ended; /* ring of slots, oldest first */
    uint32_t slot_count;
    uint32_t free_slot;
    uint32_t ended_first;
    uint32_t ended_count;
    alpaca_recent recent; /* keys of updates */
    tw_alpaca_fills_stats stats;
};

/* ---- keys --------------------------------------------------------------------------------- */

static uint64_t key_of_text(const char *text) {
    return splitmix_scatter(fnv_bytes(FNV_BASIS, text, strlen(text)));
}

static uint64_t key_of_order(const tw_alpaca_order *order) {
    const char *id = order->order.venue_order_id;
    return key_of_text(id[0] != '\0' ? id : order->order.client_order_id);
}

static uint64_t key_of_update(const tw_alpaca_order_update *update) {
    if (update->execution_id[0] != '\0')
        return key_of_text(update->execution_id);
    if (update->event_id[0] != '\0')
        return key_of_text(update->event_id);
    uint64_t sum = key_of_order(&update->order);
    sum = fnv_bytes(sum, update->event_word, strlen(update->event_word));
    sum = fnv_bytes(sum, &update->timestamp_ns, sizeof update->timestamp_ns);
    return splitmix_scatter(fnv_bytes(sum, &update->order.order.filled.nano, sizeof(int64_t)));
}

/* ---- slots -------------------------------------------------------------------------------- */

static bool is_ended(uint8_t status) {
    return status >= TW_ORDER_FILLED && status != TW_ORDER_DONE_FOR_DAY;
}

static order_slot *find_slot(const tw_alpaca_fills *fills, uint64_t key) {
    uint64_t index = 0;
    return tw_map_get(fills->orders, key, &index) ? &fills->slots[index] : NULL;
}

/* A free slot, or that of the order that ended first (invariant 3); NO_SLOT if all are open. */
static uint32_t take_slot(tw_alpaca_fills *fills) {
    uint32_t index = fills->free_slot;
    if (index != NO_SLOT) {
        fills->free_slot = fills->slots[index].next_free;
        return index;
    }
    if (fills->ended_count == 0)
        return NO_SLOT;
    index = fills->ended[fills->ended_first];
    fills->ended_first = (fills->ended_first + 1) % fills->slot_count;
    fills->ended_count--;
    tw_map_drop(fills->orders, fills->slots[index].key, NULL);
    return index;
}

/* The slot of an order, made if it has none; NULL if there is no place. */
static order_slot *slot_of(tw_alpaca_fills *fills, const tw_alpaca_order *order) {
    uint64_t key = key_of_order(order);
    order_slot *slot = find_slot(fills, key);
    if (slot != NULL)
        return slot;
    uint32_t index = take_slot(fills);
    if (index == NO_SLOT)
        return NULL;
    /* The map has room for every slot from the beginning. */
    tw_status status = tw_map_put(fills->orders, key, index);
    TW_ASSERT(status == TW_OK);
    slot = &fills->slots[index];
    *slot = (order_slot){.key = key, .used = true, .submitted_ns = order->submitted_ns};
    return slot;
}

static void note_state(tw_alpaca_fills *fills, order_slot *slot, const tw_alpaca_order *order) {
    if (slot->ended || !is_ended(order->order.status))
        return;
    slot->ended = true;
    uint32_t place = (fills->ended_first + fills->ended_count) % fills->slot_count;
    fills->ended[place] = (uint32_t)(slot - fills->slots);
    fills->ended_count++;
}

/* ---- updates ------------------------------------------------------------------------------ */

static void add_fill(order_slot *slot, int64_t quantity, int64_t price) {
    slot->told += quantity;
    slot->notional += (wide)quantity * price;
}

static tw_alpaca_verdict take_fill(tw_alpaca_fills *fills, const tw_alpaca_order_update *update) {
    order_slot *slot = slot_of(fills, &update->order);
    if (slot == NULL) {
        fills->stats.untracked_count++;
        return TW_ALPACA_NEWS;
    }
    int64_t filled = update->order.order.filled.nano;
    bool covered = filled > 0 && filled <= slot->covered; /* invariant 2 */
    if (slot->seen < filled)
        slot->seen = filled;
    if (!covered)
        add_fill(slot, update->quantity.nano, update->price.nano);
    note_state(fills, slot, &update->order);
    return covered ? TW_ALPACA_COVERED : TW_ALPACA_NEWS;
}

tw_alpaca_verdict tw_alpaca_fills_take(tw_alpaca_fills *fills,
                                       const tw_alpaca_order_update *update) {
    fills->stats.update_count++;
    if (!alpaca_recent_add(&fills->recent, key_of_update(update))) {
        fills->stats.repeated_count++;
        return TW_ALPACA_REPEATED;
    }
    bool is_fill =
        update->event == TW_ALPACA_EVENT_FILL || update->event == TW_ALPACA_EVENT_PARTIAL_FILL;
    if (is_fill) {
        tw_alpaca_verdict verdict = take_fill(fills, update);
        fills->stats.covered_count += verdict == TW_ALPACA_COVERED;
        fills->stats.fill_count += verdict == TW_ALPACA_NEWS;
        return verdict;
    }
    order_slot *slot = slot_of(fills, &update->order);
    if (slot != NULL)
        note_state(fills, slot, &update->order);
    return TW_ALPACA_NEWS;
}

/* ---- orders ------------------------------------------------------------------------------- */

void tw_alpaca_fills_assume(tw_alpaca_fills *fills, const tw_alpaca_order *order) {
    order_slot *slot = slot_of(fills, order);
    if (slot == NULL) {
        fills->stats.untracked_count++;
        return;
    }
    int64_t filled = order->order.filled.nano;
    slot->told = slot->covered = filled;
    slot->notional = (wide)filled * order->order.average_price.nano;
    note_state(fills, slot, order);
}

/* The price of what was missed: it brings the average of all to what the venue says. The venue
 * rounds its average, so a price that this makes absurd gives way to the average. */
static int64_t missed_price(const order_slot *slot, const tw_order *order, int64_t missed) {
    int64_t average = order->average_price.nano;
    wide rest = (wide)order->filled.nano * average - slot->notional;
    wide price = (rest + missed / 2) / missed;
    return slot->told == 0 || price <= 0 || price > (wide)average * 2 ? average : (int64_t)price;
}

static void write_missed(const tw_alpaca_order *order, int64_t missed, int64_t price,
                         tw_alpaca_order_update *ret_update) {
    bool whole = order->order.status == TW_ORDER_FILLED;
    const char *word = whole ? "fill" : "partial_fill";
    memset(ret_update, 0, sizeof *ret_update);
    ret_update->order = *order;
    memcpy(ret_update->event_word, word, strlen(word) + 1);
    ret_update->event = whole ? TW_ALPACA_EVENT_FILL : TW_ALPACA_EVENT_PARTIAL_FILL;
    ret_update->timestamp_ns = order->filled_ns != 0 ? order->filled_ns : order->order.updated_ns;
    ret_update->price.nano = price;
    ret_update->quantity.nano = missed;
    ret_update->present =
        UINT64_C(1) << TW_ALPACA_UPDATE_EVENT | UINT64_C(1) << TW_ALPACA_UPDATE_TIMESTAMP |
        UINT64_C(1) << TW_ALPACA_UPDATE_PRICE | UINT64_C(1) << TW_ALPACA_UPDATE_QTY;
}

bool tw_alpaca_fills_recover(tw_alpaca_fills *fills, const tw_alpaca_order *order,
                             tw_alpaca_order_update *ret_update) {
    order_slot *slot = slot_of(fills, order);
    if (slot == NULL) {
        fills->stats.untracked_count++;
        return false;
    }
    int64_t filled = order->order.filled.nano;
    int64_t missed = filled - slot->told;
    note_state(fills, slot, order);
    if (filled < slot->seen) /* invariant 2 */
        return false;
    slot->covered = filled;
    if (missed <= 0)
        return false;
    int64_t price = missed_price(slot, &order->order, missed);
    add_fill(slot, missed, price);
    fills->stats.recovered_count++;
    write_missed(order, missed, price, ret_update);
    return true;
}

bool tw_alpaca_fills_knows(const tw_alpaca_fills *fills, const tw_alpaca_order *order) {
    return find_slot(fills, key_of_order(order)) != NULL;
}

int64_t tw_alpaca_fills_oldest_open_ns(const tw_alpaca_fills *fills) {
    int64_t oldest_ns = INT64_MAX;
    for (uint32_t i = 0; i < fills->slot_count; i++) {
        const order_slot *slot = &fills->slots[i];
        if (slot->used && !slot->ended && slot->submitted_ns < oldest_ns)
            oldest_ns = slot->submitted_ns;
    }
    return oldest_ns;
}

tw_alpaca_fills_stats tw_alpaca_fills_get_stats(const tw_alpaca_fills *fills) {
    return fills->stats;
}

/* ---- life --------------------------------------------------------------------------------- */

static tw_status take_memory(tw_alpaca_fills *fills, uint32_t update_count_max) {
    tw_map_config config = {.entry_initial = fills->slot_count, .entry_max = fills->slot_count};
    fills->slots = TW_NEW(fills->allocator, fills->slot_count, order_slot);
    fills->ended = TW_NEW(fills->allocator, fills->slot_count, uint32_t);
    if (fills->slots == NULL || fills->ended == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < fills->slot_count; i++)
        fills->slots[i].next_free = i + 1 < fills->slot_count ? i + 1 : NO_SLOT;
    tw_status status = tw_map_new(fills->allocator, &config, &fills->orders);
    if (status == TW_OK)
        status = alpaca_recent_init(&fills->recent, fills->allocator, update_count_max);
    return status;
}

tw_status tw_alpaca_fills_new(const tw_allocator *allocator, const tw_alpaca_fills_config *config,
                              tw_alpaca_fills **ret_fills) {
    TW_ASSERT(config != NULL && ret_fills != NULL);
    if (config->order_count_max > TW_ALPACA_FILLS_ORDER_MAX ||
        config->update_count_max > TW_ALPACA_FILLS_UPDATE_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_alpaca_fills *fills = TW_NEW(allocator, 1, tw_alpaca_fills);
    if (fills == NULL)
        return TW_NO_MEMORY;
    fills->allocator = allocator;
    fills->slot_count = config->order_count_max > 0 ? config->order_count_max : ORDER_COUNT_DEFAULT;
    tw_status status = take_memory(fills, config->update_count_max > 0 ? config->update_count_max
                                                                       : UPDATE_COUNT_DEFAULT);
    if (status != TW_OK) {
        tw_alpaca_fills_free(fills);
        return status;
    }
    *ret_fills = fills;
    return TW_OK;
}

void tw_alpaca_fills_free(tw_alpaca_fills *fills) {
    if (fills == NULL)
        return;
    const tw_allocator *allocator = fills->allocator;
    tw_map_free(fills->orders);
    alpaca_recent_done(&fills->recent);
    TW_DELETE(allocator, fills->slots, fills->slot_count, order_slot);
    TW_DELETE(allocator, fills->ended, fills->slot_count, uint32_t);
    TW_DELETE(allocator, fills, 1, tw_alpaca_fills);
}

void tw_alpaca_fills_check(const tw_alpaca_fills *fills) {
    uint32_t used = 0;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < fills->slot_count; i++) {
        const order_slot *slot = &fills->slots[i];
        uint64_t index = 0;
        if (!slot->used)
            continue;
        used++;
        ended += slot->ended;
        TW_ASSERT(tw_map_get(fills->orders, slot->key, &index) && index == i);
        TW_ASSERT(slot->covered <= slot->told);
    }
    TW_ASSERT(used == tw_map_count(fills->orders) && ended == fills->ended_count);
    alpaca_recent_check(&fills->recent);
}
