/*
 * store_quarantine.c - damaged records are set aside, and the journal goes on before them.
 *
 * One batch holds all of it: the backend moves the rows, and a record that says so is appended in
 * their place, upon the last sound one. The rows are moved as they are, also those that look sound:
 * what follows upon damage cannot be acted on, and nothing of it may be lost.
 */
#include <inttypes.h>
#include <stdio.h>

#include "store_priv.h"

static tw_status keep_checksum(tw_store *store, const store_value *row, void *context,
                               tw_error *error) {
    (void)error;
    uint64_t *ret_checksum = context;
    bool bound = (uint64_t)row[0].number > store->chained_after;
    *ret_checksum = bound ? (uint64_t)row[4].number : 0;
    return TW_EMPTY; /* one is enough */
}

/* The checksum of the last record that stays. */
static tw_status find_checksum(tw_store *store, uint64_t sequence, uint64_t *ret_checksum,
                               tw_error *error) {
    *ret_checksum = 0;
    if (sequence == 0)
        return TW_OK;
    store_value key = store_number((int64_t)sequence);
    tw_status status =
        store->backend->select(store, SQL_CHAINED_FROM, &key, keep_checksum, ret_checksum, error);
    return status == TW_EMPTY ? TW_OK : status;
}

static tw_status append_note(tw_store *store, const tw_store_journal_state *state, int64_t time_ns,
                             tw_error *error) {
    char payload[256];
    int size = snprintf(payload, sizeof payload,
                        "{\"from\":%" PRIu64 ",\"count\":%" PRIu64 ",\"why\":\"%s\","
                        "\"sound_behind\":%" PRIu64 "}",
                        state->damaged_from, state->following,
                        tw_store_damage_name((tw_store_damage)state->damage), state->sound_behind);
    TW_ASSERT(size > 0 && (size_t)size < sizeof payload);
    const tw_store_record record = {.sequence = state->damaged_from,
                                    .time_ns = time_ns,
                                    .kind = tw_slice_of("quarantine"),
                                    .payload = {payload, (size_t)size}};
    return tw_store_append_journal(store, &record, 1, error);
}

/* In the open batch. A failure of the backend loses it; any other drops it. */
static tw_status move(tw_store *store, const tw_store_journal_state *state, uint64_t checksum,
                      int64_t time_ns, tw_error *error) {
    const store_quarantine what = {.from = (int64_t)state->damaged_from,
                                   .count = state->following,
                                   .time_ns = time_ns,
                                   .reason = tw_store_damage_name((tw_store_damage)state->damage)};
    tw_error own = {0};
    tw_status status = store->backend->quarantine(store, &what, &own);
    if (status != TW_OK) {
        if (error != NULL)
            *error = own;
        return store_lose_batch(store, status, &own);
    }
    store->last_sequence = state->damaged_from - 1;
    store->last_checksum = checksum;
    status = append_note(store, state, time_ns, error);
    return status == TW_OK ? tw_store_commit(store, TW_STORE_FULL, error) : status;
}

tw_status tw_store_quarantine_journal(tw_store *store, const tw_store_journal_state *state,
                                      int64_t time_ns, tw_error *error) {
    TW_ASSERT(state->damaged_from > 0 && state->damaged_from <= INT64_MAX);
    uint64_t checksum = 0;
    if (store->state == STORE_BATCH)
        return tw_error_set(error, TW_STATE,
                            "%s: a batch is open; commit it before records of the "
                            "journal are set aside",
                            store->path);
    tw_status status = store_enter_batch(store, 0, true, error);
    if (status != TW_OK)
        return status;
    status = find_checksum(store, state->damaged_from - 1, &checksum, error);
    if (status == TW_OK)
        status = move(store, state, checksum, time_ns, error);
    if (status != TW_OK) {
        tw_store_drop_batch(store); /* it was ours alone */
        return status;
    }
    store->quarantines++;
    if (store->chained_after >= state->damaged_from)
        store->chained_after = state->damaged_from - 1;
    return TW_OK;
}
