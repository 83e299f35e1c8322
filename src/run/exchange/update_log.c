/* update_log.c - see update_log.h. Number n stands in place (n - 1) mod count_max. */
#include "update_log.h"

#include <string.h>

#include "tradewind/time.h"

typedef struct kept_update {
    ledger_update update; /* of `order` */
    ledger_order order;
} kept_update;

struct update_log {
    const tw_allocator *allocator;
    kept_update *entries;
    uint32_t count_max;
    uint64_t first;
    uint64_t end;
};

tw_status update_log_new(const tw_allocator *allocator, uint32_t count_max, update_log **ret_log) {
    TW_ASSERT(count_max > 0);
    update_log *log = TW_NEW(allocator, 1, update_log);
    if (log == NULL)
        return TW_NO_MEMORY;
    *log = (update_log){.allocator = allocator, .count_max = count_max, .first = 1, .end = 1};
    log->entries = TW_NEW(allocator, count_max, kept_update);
    if (log->entries == NULL) {
        update_log_free(log);
        return TW_NO_MEMORY;
    }
    *ret_log = log;
    return TW_OK;
}

void update_log_free(update_log *log) {
    if (log == NULL)
        return;
    if (log->entries != NULL)
        TW_DELETE(log->allocator, log->entries, log->count_max, kept_update);
    TW_DELETE(log->allocator, log, 1, update_log);
}

static kept_update *place_of(const update_log *log, uint64_t number) {
    return &log->entries[(number - 1) % log->count_max];
}

/* The last `count` digits of a number, base 32 as Crockford writes it. */
static void put_digits(uint64_t number, size_t count, char *ret_digits) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (size_t i = count; i-- > 0; number /= 32)
        ret_digits[i] = digits[number % 32];
}

/* A ULID is a time in milliseconds and 80 bits that keep the order within one: here the number. */
static void write_id(int64_t time_ns, uint64_t number, char *ret_id) {
    put_digits((uint64_t)(time_ns / TW_NS_PER_MS), 10, ret_id);
    put_digits(number, 16, ret_id + 10);
    ret_id[LEDGER_EVENT_ID_SIZE - 1] = '\0';
}

void update_log_put(update_log *log, ledger_update *update) {
    kept_update *place = place_of(log, log->end);
    write_id(update->time_ns, log->end, update->event_id);
    place->update = *update;
    place->order = *update->order;
    place->update.order = &place->order;
    log->end++;
    if (log->end - log->first > log->count_max)
        log->first++;
}

void update_log_range(const update_log *log, uint64_t *ret_first, uint64_t *ret_end) {
    *ret_first = log->first;
    *ret_end = log->end;
}

const ledger_update *update_log_at(const update_log *log, uint64_t number) {
    TW_ASSERT(number >= log->first && number < log->end);
    return &place_of(log, number)->update;
}

static bool is_before(const ledger_update *update, int64_t time_ns, tw_slice id) {
    if (id.data == NULL)
        return update->time_ns < time_ns;
    return memcmp(update->event_id, id.data, LEDGER_EVENT_ID_SIZE - 1) < 0;
}

/* Times and ids both grow with the number. */
static uint64_t find(const update_log *log, int64_t time_ns, tw_slice id) {
    uint64_t low = log->first;
    uint64_t high = log->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (is_before(update_log_at(log, middle), time_ns, id))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t update_log_find_time(const update_log *log, int64_t time_ns) {
    return find(log, time_ns, (tw_slice){0});
}

uint64_t update_log_find_id(const update_log *log, tw_slice id) {
    TW_ASSERT(id.size == LEDGER_EVENT_ID_SIZE - 1);
    return find(log, 0, id);
}
