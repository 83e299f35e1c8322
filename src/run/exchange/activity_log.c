/* activity_log.c - see activity_log.h. Number n stands in place (n - 1) mod capacity. */
#include "activity_log.h"

#include <stdio.h>

#include "session.h"

struct activity_log {
    const tw_allocator *allocator;
    account_activity *ring;
    uint32_t capacity;
    uint64_t first;
    uint64_t end;
};

tw_status activity_log_new(const tw_allocator *allocator, uint32_t count_max,
                           activity_log **ret_log) {
    TW_ASSERT(count_max > 0);
    activity_log *log = TW_NEW(allocator, 1, activity_log);
    if (log == NULL)
        return TW_NO_MEMORY;
    *log = (activity_log){.allocator = allocator, .capacity = count_max, .first = 1, .end = 1};
    log->ring = TW_NEW(allocator, count_max, account_activity);
    if (log->ring == NULL) {
        activity_log_free(log);
        return TW_NO_MEMORY;
    }
    *ret_log = log;
    return TW_OK;
}

void activity_log_free(activity_log *log) {
    if (log == NULL)
        return;
    TW_DELETE(log->allocator, log->ring, log->capacity, account_activity);
    TW_DELETE(log->allocator, log, 1, activity_log);
}

void activity_log_put(activity_log *log, const account_activity *activity) {
    log->ring[(log->end - 1) % log->capacity] = *activity;
    log->end++;
    if (log->end - log->first > log->capacity)
        log->first++;
}

void activity_log_range(const activity_log *log, uint64_t *ret_first, uint64_t *ret_end) {
    *ret_first = log->first;
    *ret_end = log->end;
}

const account_activity *activity_log_at(const activity_log *log, uint64_t number) {
    TW_ASSERT(number >= log->first && number < log->end);
    return &log->ring[(number - 1) % log->capacity];
}

void activity_log_clear(activity_log *log) {
    activity_log_resume(log, 1);
}

uint64_t activity_log_capacity(const activity_log *log) {
    return log->capacity;
}

void activity_log_resume(activity_log *log, uint64_t number) {
    TW_ASSERT(number > 0);
    log->first = number;
    log->end = number;
}

/* Begins with the kinds, in their order; those of former years too. */
static const char *const types[] = {
    "FILL",    "CSD",   "CSW",    "TRANS",  "MISC",   "ACATC", "ACATS",  "CFEE",   "CGD",
    "CIL",     "DIV",   "DIVCGL", "DIVCGS", "DIVFEE", "DIVFT", "DIVNRA", "DIVROC", "DIVTW",
    "DIVTXEX", "DIVWH", "EXTRD",  "FEE",    "FOPT",   "FXTRD", "INT",    "INTNRA", "INTPNL",
    "INTTW",   "JNL",   "JNLC",   "JNLS",   "MA",     "MEM",   "NC",     "OCT",    "OPASN",
    "OPCA",    "OPCSH", "OPEXC",  "OPEXP",  "OPTRD",  "OPXRC", "PTC",    "PTR",    "REO",
    "REORG",   "SC",    "SPIN",   "SPLIT",  "SSO",    "SSP",   "SWP",    "VOF",    "WH"};

const char *activity_type(activity_kind kind) {
    return types[kind];
}

const char *activity_type_named(tw_slice word) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (tw_slice_equal_string(word, types[i]))
            return types[i];
    return NULL;
}

void activity_id(const account_activity *activity, char *buffer) {
    int64_t local_ns =
        activity->time_ns + session_offset_seconds(activity->time_ns) * TW_NS_PER_SECOND;
    tw_date date = tw_date_of(local_ns);
    int64_t ms = local_ns / TW_NS_PER_MS % (86400 * 1000);
    int size =
        snprintf(buffer, ACTIVITY_ID_SIZE, "%04d%02d%02d%02d%02d%02d%03d::%.36s",
                 (int)date.year % 10000, (int)date.month, (int)date.day, (int)(ms / 3600000),
                 (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000), activity->uuid);
    TW_ASSERT(size < ACTIVITY_ID_SIZE);
}
