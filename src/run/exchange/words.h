/*
 * words.h - what the exchange knows, as Alpaca's words: orders, positions, account.
 *
 * Threads: all functions are pure readers.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_WORDS_H
#define TRADEWIND_RUN_EXCHANGE_WORDS_H

#include "ledger.h"
#include "tradewind/alpaca.h"

/* The id of a symbol's asset: a UUID made of its name alone. 37 bytes. */
void words_asset_id(const char *symbol, char *buffer);

/* An order as the record says; the ledger names those that it replaces or that replace it. */
void words_order(const account_ledger *ledger, const ledger_order *order, const tw_symbols *symbols,
                 tw_alpaca_order *ret_order);
/* The same with the stop and mark of this moment. */
void words_order_now(const account_ledger *ledger, const ledger_order *order,
                     const tw_symbols *symbols, tw_alpaca_order *ret_order);
void words_update(const account_ledger *ledger, const ledger_update *update,
                  const tw_symbols *symbols, tw_alpaca_order_update *ret_update);
void words_position(const ledger_account *account, tw_symbol symbol, const tw_symbols *symbols,
                    tw_price price, tw_price previous_close, tw_alpaca_position *ret_position);
void words_account(const account_ledger *ledger, const ledger_account *account,
                   tw_alpaca_account *ret_account);
void words_clock(int64_t now_ns, tw_alpaca_clock *ret_clock);

#endif
