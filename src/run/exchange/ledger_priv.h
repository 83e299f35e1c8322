/* ledger_priv.h - what the files of the ledger share. */
#ifndef TRADEWIND_RUN_EXCHANGE_LEDGER_PRIV_H
#define TRADEWIND_RUN_EXCHANGE_LEDGER_PRIV_H

#include "account_power.h"
#include "ledger.h"

struct account_ledger {
    const tw_allocator *allocator;
    const tw_symbols *symbols;
    trading_floor *floor;
    tw_random random;
    ledger_on_update on_update;
    void *context;
    ledger_account *accounts;
    uint32_t account_count;
    activity_log *activities;
    ledger_order *orders;
    uint32_t order_count;
    uint32_t order_count_max;
    uint32_t symbol_count;
    tw_map *by_uuid;   /* hash -> index + 1 of the newest with it */
    tw_map *by_client; /* the same for client order ids */
};

/* A request that passed the gate: what to send and what to hold for it. */
typedef struct order_ticket {
    tw_order order;
    tw_money notional;
    power_hold hold;
} order_ticket;

/* Decides on a request. TW_REFUSED with the refusal, else the ticket. */
tw_status order_gate(const account_ledger *ledger, const ledger_account *account,
                     const tw_alpaca_order_request *request, order_ticket *ret_ticket,
                     ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* account_fill.c: keeps what a fill leaves behind in the account, after cash and shares moved. */
void account_note_fill(account_ledger *ledger, const ledger_update *update);

/* What must stay held for the open rest of an order. */
int64_t order_needs(const ledger_order *order);

#endif
