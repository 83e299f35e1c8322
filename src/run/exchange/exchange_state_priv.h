/* exchange_state_priv.h - what the files of the state share: its struct, and how a record is kept.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_EXCHANGE_STATE_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_EXCHANGE_STATE_PRIV_H

#include "exchange_state.h"
#include "ledger_priv.h"
#include "state_file.h"

typedef enum record_kind {
    RECORD_POINT,
    RECORD_SYMBOL,
    RECORD_PRICES,
    RECORD_ACCOUNT,
    RECORD_HOLDING,
    RECORD_ORDER,
    RECORD_ACTIVITY,
    RECORD_WATCHLIST,
    RECORD_DAY,
    RECORD_CLOSES, /* 0: of the day, 1: of the day before */
    RECORD_EQUITY_MINUTE,
    RECORD_EQUITY_CLOSE
} record_kind;

struct exchange_state {
    const tw_allocator *allocator;
    state_file *file;
    state_point point;
    const tw_symbols *symbols;
    account_ledger *ledger;
    watchlists *lists;
    tw_price *prices;
    uint32_t symbol_count;
    uint32_t account_count;
    uint32_t kept_account_count; /* the first ones were in the file */
    uint32_t order_count_max;
    uint64_t account_hashes[LEDGER_ACCOUNT_COUNT_MAX];
    uint64_t list_hashes[WATCHLIST_COUNT_MAX];
    uint64_t prices_hash;
    uint64_t day_hash;
    uint64_t *holding_hashes; /* accounts x symbols */
    uint64_t *order_hashes;
    uint32_t *open_orders; /* indices of orders that were not final when they were saved */
    uint32_t open_count;
    uint32_t saved_order_count;
    uint64_t saved_activity_end;
    uint64_t saved_equity_ends[LEDGER_ACCOUNT_COUNT_MAX][EQUITY_KIND_COUNT];
    bool touched;
};

typedef struct state_record {
    record_kind kind;
    uint64_t number;
    const void *bytes;
    size_t size;
} state_record;

/* Writes a record whose bytes have another hash than those that were saved. */
tw_status exchange_state_put(exchange_state *state, const state_record *record,
                             uint64_t *saved_hash, tw_error *error) TW_MUST_CHECK;

/* exchange_state_days.c: the accounts' day, the closes, and what accounts were worth. */
tw_status exchange_state_load_days(exchange_state *state, tw_error *error) TW_MUST_CHECK;
tw_status exchange_state_save_days(exchange_state *state, tw_error *error) TW_MUST_CHECK;

#endif
