/*
 * watchlists.h - the accounts' named lists of symbols.
 *
 * Memory: all at creation: WATCHLIST_COUNT_MAX lists of WATCHLIST_SYMBOL_COUNT_MAX symbols.
 * Cost: a walk over the lists. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_WATCHLISTS_H
#define TRADEWIND_RUN_EXCHANGE_WATCHLISTS_H

#include "refusal.h"
#include "tradewind/alloc.h"
#include "tradewind/market.h"
#include "tradewind/random.h"

#define WATCHLIST_COUNT_MAX 256 /* of all accounts together */
#define WATCHLIST_SYMBOL_COUNT_MAX 256
#define WATCHLIST_NAME_SIZE 65

typedef struct watchlist {
    char id[TW_VENUE_ORDER_ID_SIZE]; /* empty: the place is free */
    char name[WATCHLIST_NAME_SIZE];
    int64_t created_ns;
    int64_t updated_ns;
    uint32_t account;
    uint32_t symbol_count;
    tw_symbol symbols[WATCHLIST_SYMBOL_COUNT_MAX];
} watchlist;

typedef struct watchlists watchlists;

tw_status watchlists_new(const tw_allocator *allocator, uint64_t seed,
                         watchlists **ret_lists) TW_MUST_CHECK;
void watchlists_free(watchlists *lists);

/* Begins another stream of random numbers for ids; see exchange_state.h. */
void watchlists_new_ids(watchlists *lists, uint64_t count);

/* All places, also free ones: WATCHLIST_COUNT_MAX of them. */
watchlist *watchlists_places(watchlists *lists);

/* An account's list by its id or its name; NULL when it has no such list. */
watchlist *watchlists_find(watchlists *lists, uint32_t account, tw_slice id);
watchlist *watchlists_find_name(watchlists *lists, uint32_t account, tw_slice name);

/* A new empty list; an empty name is refused, one that the account has already, and the list beyond
 * the last place: TW_REFUSED. */
tw_status watchlists_create(watchlists *lists, uint32_t account, tw_slice name, int64_t now_ns,
                            watchlist **ret_list, ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Gives a list another name, by the same rules. */
tw_status watchlists_rename(watchlists *lists, watchlist *list, tw_slice name,
                            ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Adds a symbol, or does nothing when it is there. TW_REFUSED when the list is full. */
tw_status watchlist_add(watchlist *list, tw_symbol symbol,
                        ledger_refusal *ret_refusal) TW_MUST_CHECK;
/* False when it was not there. */
bool watchlist_remove(watchlist *list, tw_symbol symbol);

#endif
