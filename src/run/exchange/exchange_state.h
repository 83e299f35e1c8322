/*
 * exchange_state.h - what the exchange keeps in a file, so that a restart loses nothing that it
 * acknowledged: accounts, positions, orders, activities, watchlists, the time, the newest prices.
 *
 *     exchange_state_open --> resume point --> exchange_state_load --> [ touch ... save ] ... -->
 * close
 *
 * Whatever may have changed something touches the state (an update of an order, a request that is
 * no GET; once a second, because time and prices change without anybody); before anything of it is
 * told to anybody, exchange_state_save writes the records whose bytes are others than before, in
 * one transaction, and waits for the disk. After a restart orders that were open go back into the
 * book with what is open of them, in the order of their submission; agents begin around the newest
 * prices.
 *
 * Not kept: resting orders of agents, the market data of the past, connections.
 *
 * Invariants
 *  1. What is in the file after a save is what the ledger has, and nothing else.
 *  2. Ids are never given twice: each start draws them from another stream of random numbers.
 *
 * Memory: eight bytes an order, and 8 a symbol and account, at creation. Threads: one owner.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_EXCHANGE_STATE_H
#define TRADEWIND_RUN_EXCHANGE_EXCHANGE_STATE_H

#include "ledger.h"
#include "watchlists.h"

typedef struct exchange_state exchange_state;

/* Where a former run left off. */
typedef struct state_point {
    int64_t origin_ns; /* when the first run's clock began; 0: this is the first run */
    int64_t now_ns;    /* of its clock */
    uint64_t start_count;
} state_point;

/* Opens the file, or makes it; `*ret_point` is where to go on. */
tw_status exchange_state_open(const tw_allocator *allocator, const char *path,
                              exchange_state **ret_state, state_point *ret_point,
                              tw_error *error) TW_MUST_CHECK;
void exchange_state_close(exchange_state *state);

/* The symbols that will be traded; TW_INVALID when the file was kept for others. Reads the newest
 * prices: one a symbol, 0 where there is none; borrowed. */
tw_status exchange_state_set_symbols(exchange_state *state, const tw_symbols *symbols,
                                     tw_error *error) TW_MUST_CHECK;
const tw_price *exchange_state_prices(const exchange_state *state);

/* The keys of the accounts in the file, in their order. */
typedef struct state_keys {
    char keys[LEDGER_ACCOUNT_COUNT_MAX][LEDGER_KEY_SIZE];
    uint32_t count;
} state_keys;
tw_status exchange_state_keys(exchange_state *state, state_keys *ret_keys,
                              tw_error *error) TW_MUST_CHECK;

/* Puts what the file has into a ledger and watchlists that have just been made, and opens orders
 * again on the ledger's floor; then saves. Both are borrowed. The ledger's accounts begin with
 * those of the file; orders of accounts that are closed now are cancelled. `origin_ns` is kept if
 * this is the first run. */
tw_status exchange_state_load(exchange_state *state, account_ledger *ledger, watchlists *lists,
                              int64_t origin_ns, tw_error *error) TW_MUST_CHECK;

/* Something may have changed. */
void exchange_state_touch(exchange_state *state);

/* Writes what has changed since the last save; nothing to do when nothing was touched. */
tw_status exchange_state_save(exchange_state *state, tw_error *error) TW_MUST_CHECK;

#endif
