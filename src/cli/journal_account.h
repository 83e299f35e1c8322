/*
 * journal_account.h - cash and positions as the journal of a store tells them: what the newest run
 * found when it began, and every fill and difference since.
 *
 * Nothing but the store is asked, so it works beside a run that goes on, and after one that was
 * killed. Entry prices are averaged as the engine does it: buys are averaged in, sells leave them.
 *
 * Memory: 64 bytes a symbol of the store. Cost: every journal entry is read once.
 */
#ifndef TRADEWIND_CLI_JOURNAL_ACCOUNT_H
#define TRADEWIND_CLI_JOURNAL_ACCOUNT_H

#include "tradewind/store.h"

typedef struct journal_holding {
    tw_quantity quantity;
    tw_price average; /* entry price; 0: none, or not known */
    tw_price mark;    /* of the newest trade in the store; 0: there is none */
    int64_t mark_ns;
    int64_t
        target_nano; /* weight at 1e-9 that the newest decision about it aims at; below 0: none */
    bool named;      /* in the list of positions that is being read */
} journal_holding;

/* Zeroed, it is empty. */
typedef struct journal_account {
    bool known;      /* the journal has the account of a run */
    int64_t time_ns; /* of the newest entry that changed it */
    tw_money cash;
    tw_money equity;           /* cash, and what is held at its marks */
    bool marked;               /* every position has a mark: the equity is whole */
    journal_holding *holdings; /* one a symbol */
    uint32_t count;
} journal_account;

/* TW_NO_MEMORY; TW_OVERFLOW for sums beyond 9.2 billion; what reading the store fails with. */
tw_status journal_account_read(tw_store *store, const tw_symbols *symbols,
                               journal_account *ret_account, tw_error *error) TW_MUST_CHECK;
void journal_account_done(journal_account *account);

#endif
