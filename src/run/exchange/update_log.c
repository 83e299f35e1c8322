/*
 * update_log.c - see update_log.h. Number n stands in place (n - 1) mod count_max of `entries`; its
 * text stands in one piece in a ring of bytes, whose positions only grow: what does not fit before
 * the ring's end begins at its start.
 */
#include "update_log.h"

#include <string.h>

#include "tradewind/time.h"

typedef struct kept_update {
    char id[UPDATE_ID_SIZE];
    int64_t time_ns;
    uint64_t position; /* of its text */
    size_t size;
    uint32_t account;
} kept_update;

struct update_log {
    const tw_allocator *allocator;
    kept_update *entries;
    char *bytes;
    uint32_t count_max;
    size_t size_max;
    uint64_t first;
    uint64_t end;
    uint64_t position; /* where the next text may begin */
};

tw_status update_log_new(const tw_allocator *allocator, uint32_t count_max, size_t size_max,
                         update_log **ret_log) {
    TW_ASSERT(count_max > 0 && size_max > 0);
    update_log *log = TW_NEW(allocator, 1, update_log);
    if (log == NULL)
        return TW_NO_MEMORY;
    *log = (update_log){
        .allocator = allocator, .count_max = count_max, .size_max = size_max, .first = 1, .end = 1};
    log->entries = TW_NEW(allocator, count_max, kept_update);
    log->bytes = TW_NEW(allocator, size_max, char);
    if (log->entries == NULL || log->bytes == NULL) {
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
    if (log->bytes != NULL)
        TW_DELETE(log->allocator, log->bytes, log->size_max, char);
    TW_DELETE(log->allocator, log, 1, update_log);
}

static kept_update *entry_at(const update_log *log, uint64_t number) {
    TW_ASSERT(number >= log->first && number < log->end);
    return &log->entries[(number - 1) % log->count_max];
}

/* ---- ids ----------------------------------------------------------------------------------- */

/* The last `count` digits of a number, base 32 as Crockford writes it. */
static void put_digits(uint64_t number, size_t count, char *ret_digits) {
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (size_t i = count; i-- > 0; number /= 32)
        ret_digits[i] = digits[number % 32];
}

/* A ULID is a time in milliseconds and 80 bits that keep the order within one: here the number. */
void update_log_next_id(const update_log *log, int64_t time_ns, char *ret_id) {
    put_digits((uint64_t)(time_ns / TW_NS_PER_MS), 10, ret_id);
    put_digits(log->end, 16, ret_id + 10);
    ret_id[UPDATE_ID_SIZE - 1] = '\0';
}

/* ---- putting ------------------------------------------------------------------------------- */

/* Where a text of this size begins: not across the end of the ring. */
static uint64_t place_for(const update_log *log, size_t size) {
    size_t left = log->size_max - (size_t)(log->position % log->size_max);
    return size <= left ? log->position : log->position + left;
}

static void forget_until(update_log *log, uint64_t position) {
    while (log->first < log->end &&
           (log->end - log->first == log->count_max ||
            entry_at(log, log->first)->position + log->size_max < position))
        log->first++;
}

void update_log_put(update_log *log, const update_entry *entry) {
    TW_ASSERT(entry->text.size <= log->size_max);
    uint64_t begin = place_for(log, entry->text.size);
    forget_until(log, begin + entry->text.size);
    kept_update kept = {.time_ns = entry->time_ns,
                        .position = begin,
                        .size = entry->text.size,
                        .account = entry->account};
    memcpy(kept.id, entry->id, sizeof kept.id);
    memcpy(log->bytes + begin % log->size_max, entry->text.data, entry->text.size);
    log->position = begin + entry->text.size;
    log->entries[(log->end - 1) % log->count_max] = kept;
    log->end++;
}

/* ---- looking ------------------------------------------------------------------------------- */

void update_log_range(const update_log *log, uint64_t *ret_first, uint64_t *ret_end) {
    *ret_first = log->first;
    *ret_end = log->end;
}

update_entry update_log_at(const update_log *log, uint64_t number) {
    const kept_update *kept = entry_at(log, number);
    update_entry entry = {.time_ns = kept->time_ns,
                          .account = kept->account,
                          .text = {log->bytes + kept->position % log->size_max, kept->size}};
    memcpy(entry.id, kept->id, sizeof entry.id);
    return entry;
}

static bool is_before(const kept_update *kept, int64_t time_ns, tw_slice id) {
    if (id.data == NULL)
        return kept->time_ns < time_ns;
    return memcmp(kept->id, id.data, UPDATE_ID_SIZE - 1) < 0;
}

/* Times and ids both grow with the number. */
static uint64_t find(const update_log *log, int64_t time_ns, tw_slice id) {
    uint64_t low = log->first;
    uint64_t high = log->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (is_before(entry_at(log, middle), time_ns, id))
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
    TW_ASSERT(id.size == UPDATE_ID_SIZE - 1);
    return find(log, 0, id);
}
