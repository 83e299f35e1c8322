/* exchange_state_days.c - the days of the accounts in the state: the present one, the closes, and
 * what accounts were worth. */
#include <string.h>

#include "exchange_state_priv.h"

/* ---- loading ------------------------------------------------------------------------------- */

static tw_status on_day(void *context, uint64_t number, const void *bytes, size_t size) {
    account_ledger *ledger = ((exchange_state *)context)->ledger;
    if (number != 0 || size != sizeof ledger->day)
        return TW_INVALID;
    memcpy(&ledger->day, bytes, sizeof ledger->day);
    return TW_OK;
}

static tw_status put_equity(exchange_state *state, equity_kind kind, uint64_t number,
                            const void *bytes, size_t size) {
    uint64_t account = number >> 32;
    uint64_t index = number & UINT32_MAX;
    equity_point point;
    if (account >= state->ledger->account_count || index == 0 || size != sizeof point)
        return TW_INVALID;
    memcpy(&point, bytes, sizeof point);
    equity_past_restore(&state->ledger->pasts[account], kind, index, point);
    state->saved_equity_ends[account][kind] = index + 1;
    return TW_OK;
}

static tw_status on_equity_minute(void *context, uint64_t number, const void *bytes, size_t size) {
    return put_equity(context, EQUITY_MINUTES, number, bytes, size);
}

static tw_status on_equity_close(void *context, uint64_t number, const void *bytes, size_t size) {
    return put_equity(context, EQUITY_CLOSES, number, bytes, size);
}

/* Symbols that are new have no close. */
static tw_status on_closes(void *context, uint64_t number, const void *bytes, size_t size) {
    account_ledger *ledger = ((exchange_state *)context)->ledger;
    if (number > 1 || size > ledger->symbol_count * sizeof(tw_price))
        return TW_INVALID;
    memcpy(number == 0 ? ledger->closes : ledger->last_closes, bytes, size);
    return TW_OK;
}

tw_status exchange_state_load_days(exchange_state *state, tw_error *error) {
    tw_status status = state_file_read(state->file, RECORD_DAY, on_day, state, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_CLOSES, on_closes, state, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_EQUITY_MINUTE, on_equity_minute, state, error);
    if (status == TW_OK)
        status = state_file_read(state->file, RECORD_EQUITY_CLOSE, on_equity_close, state, error);
    return status;
}

/* ---- saving -------------------------------------------------------------------------------- */

/* Closes change with the day or not at all. */
static tw_status save_day(exchange_state *state, tw_error *error) {
    const account_ledger *ledger = state->ledger;
    const tw_price *closes[2] = {ledger->closes, ledger->last_closes};
    uint64_t before = state->day_hash;
    tw_status status =
        exchange_state_put(state, &(state_record){RECORD_DAY, 0, &ledger->day, sizeof ledger->day},
                           &state->day_hash, error);
    if (state->day_hash == before)
        return status;
    for (uint32_t i = 0; status == TW_OK && i < 2; i++)
        status = state_file_put(state->file, RECORD_CLOSES, i, closes[i],
                                ledger->symbol_count * sizeof(tw_price), error);
    return status;
}

/* New records of an account's past; those that its ring has forgotten go. */
static tw_status save_equity(exchange_state *state, uint32_t account, equity_kind kind,
                             tw_error *error) {
    const equity_series *series = &state->ledger->pasts[account].series[kind];
    uint32_t record = kind == EQUITY_MINUTES ? RECORD_EQUITY_MINUTE : RECORD_EQUITY_CLOSE;
    uint64_t *saved_end = &state->saved_equity_ends[account][kind];
    uint64_t base = (uint64_t)account << 32;
    tw_status status = TW_OK;
    if (*saved_end < series->first)
        *saved_end = series->first;
    while (status == TW_OK && *saved_end < series->end) {
        uint64_t number = (*saved_end)++;
        status = state_file_put(state->file, record, base | number,
                                &series->ring[(number - 1) % series->capacity],
                                sizeof(equity_point), error);
        if (status == TW_OK && number > series->capacity)
            status =
                state_file_drop(state->file, record, base | (number - series->capacity), error);
    }
    return status;
}

static tw_status save_pasts(exchange_state *state, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t a = 0; status == TW_OK && a < state->account_count; a++) {
        status = save_equity(state, a, EQUITY_MINUTES, error);
        if (status == TW_OK)
            status = save_equity(state, a, EQUITY_CLOSES, error);
    }
    return status;
}

tw_status exchange_state_save_days(exchange_state *state, tw_error *error) {
    tw_status status = save_day(state, error);
    if (status == TW_OK)
        status = save_pasts(state, error);
    return status;
}
