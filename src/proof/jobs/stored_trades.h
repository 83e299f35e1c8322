/*
 * stored_trades.h - trades of some symbols in time order, and stores that have them: what the jobs
 * about databases work with.
 */
#ifndef TRADEWIND_PROOF_STORED_TRADES_H
#define TRADEWIND_PROOF_STORED_TRADES_H

#include "proof_folder.h"
#include "tradewind/market.h"
#include "tradewind/store.h"

#define STORED_TRADES_FIRST_NS INT64_C(1704067200000000000) /* the first is at or behind it */

enum { STORED_TRADES_PATH_SIZE = PROOF_FOLDER_SIZE + 64 };

typedef struct stored_trades {
    tw_trade *trades; /* each at a time of its own, with an id */
    uint64_t count;
    tw_symbols *symbols; /* SYM00, SYM01 ... */
} stored_trades;

/* Up to 100 symbols. What is in *trades (zero before) is freed by stored_trades_done, also after
 * a failure. */
tw_status stored_trades_make(stored_trades *trades, uint64_t count, uint32_t symbol_count,
                             tw_error *error) TW_MUST_CHECK;
void stored_trades_done(stored_trades *trades);

/* folder/name */
char *stored_trades_path(const char *folder, const char *name,
                         char buffer[STORED_TRADES_PATH_SIZE]);

/* Makes a new store and puts the first `count` trades into it. It knows all symbols in any case. */
tw_status stored_trades_put(const stored_trades *trades, uint64_t count, const char *path,
                            tw_error *error) TW_MUST_CHECK;

#endif
