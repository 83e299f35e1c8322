/*
 * made_days.c - a map to places, and a ring of the places in the order of their last use.
 *
 * Invariants
 *  1. Places stand in one ring; `oldest` was used longest ago, and the one before it in the ring
 *     last.
 *  2. The map has the places that were used, each under its key.
 */
#include "made_days.h"

#include "tradewind/map.h"

typedef struct day_place {
    uint64_t key;
    uint32_t next; /* used after it */
    uint32_t previous;
    bool used;
} day_place;

struct made_days {
    const tw_allocator *allocator;
    tw_map *places_by_key;
    day_place *places;
    char *bytes;
    size_t size;
    uint32_t day_max;
    uint32_t oldest;
};

tw_status made_days_new(const tw_allocator *allocator, uint32_t day_max, size_t size,
                        made_days **ret_days) {
    TW_ASSERT(day_max > 0);
    made_days *days = TW_NEW(allocator, 1, made_days);
    if (days == NULL)
        return TW_NO_MEMORY;
    days->allocator = allocator;
    days->day_max = day_max;
    days->size = (size + 15) / 16 * 16;
    const tw_map_config map = {.entry_initial = day_max, .entry_max = day_max};
    tw_status status = tw_map_new(allocator, &map, &days->places_by_key);
    days->places = TW_NEW(allocator, day_max, day_place);
    days->bytes = TW_NEW(allocator, day_max * days->size, char);
    if (status != TW_OK || days->places == NULL || days->bytes == NULL) {
        made_days_free(days);
        return TW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < day_max; i++)
        days->places[i] =
            (day_place){.next = (i + 1) % day_max, .previous = (i + day_max - 1) % day_max};
    *ret_days = days;
    return TW_OK;
}

void made_days_free(made_days *days) {
    if (days == NULL)
        return;
    tw_map_free(days->places_by_key);
    TW_DELETE(days->allocator, days->places, days->day_max, day_place);
    TW_DELETE(days->allocator, days->bytes, days->day_max * days->size, char);
    TW_DELETE(days->allocator, days, 1, made_days);
}

/* Moves a place to the end of the ring, just before the oldest. */
static void make_newest(made_days *days, uint32_t index) {
    day_place *place = &days->places[index];
    if (index == days->oldest) {
        days->oldest = place->next;
        return;
    }
    days->places[place->previous].next = place->next;
    days->places[place->next].previous = place->previous;
    place->next = days->oldest;
    place->previous = days->places[days->oldest].previous;
    days->places[place->previous].next = index;
    days->places[days->oldest].previous = index;
}

static uint32_t give_oldest(made_days *days, uint64_t key) {
    uint32_t index = days->oldest;
    day_place *place = &days->places[index];
    if (place->used)
        tw_map_drop(days->places_by_key, place->key, NULL);
    tw_status status = tw_map_put(days->places_by_key, key, index);
    TW_ASSERT(status == TW_OK); /* it had room for so many from the start */
    place->key = key;
    place->used = true;
    return index;
}

void *made_days_get(made_days *days, tw_symbol symbol, int64_t day, bool *ret_made) {
    uint64_t key = (uint64_t)symbol << 32 | (uint32_t)day;
    uint64_t index = 0;
    *ret_made = tw_map_get(days->places_by_key, key, &index);
    if (!*ret_made)
        index = give_oldest(days, key);
    make_newest(days, (uint32_t)index);
    return days->bytes + index * days->size;
}
