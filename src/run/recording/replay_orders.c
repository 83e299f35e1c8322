/* replay_orders.c - see replay_orders.h. */
#include "replay_orders.h"

#include <string.h>

#include "fnv.h"
#include "tradewind/map.h"

enum { ORDERS_AT_FIRST = 256, ORDER_COUNT_MAX = 1 << 22 };

typedef struct known_order {
    tw_order order;
    uint64_t turn;
    bool made; /* by the replay, too */
} known_order;

struct replay_orders {
    const tw_allocator *allocator;
    known_order *orders;
    size_t count;
    size_t capacity;
    tw_map *by_id; /* hash of the id, to its index */
    uint64_t submitted;
};

static uint64_t hash_of(const char *id) {
    return fnv_bytes(FNV_BASIS, id, strlen(id));
}

/* Ids whose hashes are the same are told apart; the second of them counts as unknown. */
static known_order *find(const replay_orders *orders, const char *id) {
    uint64_t index = 0;
    if (!tw_map_get(orders->by_id, hash_of(id), &index) ||
        strcmp(orders->orders[index].order.client_order_id, id) != 0)
        return NULL;
    return &orders->orders[index];
}

static tw_status grow(replay_orders *orders) {
    size_t capacity = orders->capacity == 0 ? ORDERS_AT_FIRST : 2 * orders->capacity;
    if (capacity > ORDER_COUNT_MAX)
        return TW_FULL;
    known_order *larger = TW_NEW(orders->allocator, capacity, known_order);
    if (larger == NULL)
        return TW_NO_MEMORY;
    if (orders->count > 0)
        memcpy(larger, orders->orders, orders->count * sizeof *larger);
    TW_DELETE(orders->allocator, orders->orders, orders->capacity, known_order);
    orders->orders = larger;
    orders->capacity = capacity;
    return TW_OK;
}

static tw_status keep(replay_orders *orders, const tw_order *order, uint64_t turn, bool made) {
    if (find(orders, order->client_order_id) != NULL)
        return TW_OK;
    tw_status status = orders->count == orders->capacity ? grow(orders) : TW_OK;
    if (status == TW_OK)
        status = tw_map_put(orders->by_id, hash_of(order->client_order_id), orders->count);
    if (status == TW_OK)
        orders->orders[orders->count++] = (known_order){*order, turn, made};
    orders->submitted += status == TW_OK && !made;
    return status;
}

static tw_status read_all(replay_orders *orders, item_reader *reader, tw_error *error) {
    item next;
    uint64_t turn = 0;
    tw_status status = TW_OK;
    while (status == TW_OK && (status = item_reader_next(reader, &next, error)) == TW_OK) {
        turn += next.head.kind == ITEM_TURN;
        if (next.head.kind == ITEM_SUBMIT || next.head.kind == ITEM_ADOPTED)
            status = keep(orders, &next.as.order, turn, next.head.kind == ITEM_ADOPTED);
    }
    /* The replay itself tells where a recording ends, torn or damaged. */
    return status == TW_EMPTY || status == TW_TRUNCATED || status == TW_CORRUPT ? TW_OK : status;
}

tw_status replay_orders_read(const tw_allocator *allocator, const reader_source *source,
                             replay_orders **ret_orders, tw_error *error) {
    tw_map_config config = {.entry_initial = ORDERS_AT_FIRST, .entry_max = ORDER_COUNT_MAX};
    recording_head head = {0};
    item_reader *reader = NULL;
    replay_orders *orders = TW_NEW(allocator, 1, replay_orders);
    tw_status status = TW_NO_MEMORY;
    if (orders != NULL) {
        orders->allocator = allocator;
        status = tw_map_new(allocator, &config, &orders->by_id);
    }
    if (status == TW_OK)
        status = item_reader_open(allocator, source, &head, &reader, error);
    if (status == TW_OK)
        status = read_all(orders, reader, error);
    head_done(allocator, &head);
    item_reader_free(reader);
    if (status != TW_OK) {
        replay_orders_free(orders);
        return status == TW_NO_MEMORY || status == TW_FULL
                   ? tw_error_set(error, status, "no room for the orders of %s", source->name)
                   : status;
    }
    *ret_orders = orders;
    return TW_OK;
}

void replay_orders_free(replay_orders *orders) {
    if (orders == NULL)
        return;
    tw_map_free(orders->by_id);
    TW_DELETE(orders->allocator, orders->orders, orders->capacity, known_order);
    TW_DELETE(orders->allocator, orders, 1, replay_orders);
}

uint64_t replay_orders_count(const replay_orders *orders) {
    return orders->submitted;
}

bool replay_orders_made(replay_orders *orders, const tw_order *order, uint64_t turn) {
    known_order *known = find(orders, order->client_order_id);
    if (known == NULL || turn > known->turn || known->order.symbol != order->symbol ||
        known->order.side != order->side || known->order.quantity.nano != order->quantity.nano ||
        known->order.limit_price.nano != order->limit_price.nano)
        return false;
    known->made = true;
    return true;
}

bool replay_orders_pass(const replay_orders *orders, const item *event) {
    const char *id = NULL;
    switch ((tw_venue_kind)event->head.sub) {
    case TW_VENUE_OPEN_ORDER:
        id = event->as.venue.as.order.client_order_id;
        break;
    case TW_VENUE_ORDER_UPDATE:
        id = event->as.venue.as.update.order.client_order_id;
        break;
    case TW_VENUE_SUBMIT_RESULT:
    case TW_VENUE_QUERY_RESULT:
    case TW_VENUE_CANCEL_RESULT:
        id = event->as.venue.as.result.client_order_id;
        break;
    case TW_VENUE_ACCOUNT:
    case TW_VENUE_POSITION:
    case TW_VENUE_SNAPSHOT_END:
    case TW_VENUE_HISTORY:
    case TW_VENUE_HISTORY_END:
    case TW_VENUE_UP:
    case TW_VENUE_DOWN:
    case TW_VENUE_FAILED:
    case TW_VENUE_TIME:
        return true;
    }
    const known_order *known = id != NULL ? find(orders, id) : NULL;
    return known == NULL || known->made;
}
