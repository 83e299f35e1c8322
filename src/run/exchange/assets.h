/*
 * assets.h - what the exchange says of the stocks that it lists.
 *
 * Ids (words_asset_id) and CUSIPs are made of the symbol alone, so they are the same in every
 * exchange. CUSIPs begin with 99, the issuer numbers that are left to everybody's own use, and have
 * a right check digit.
 *
 * Threads: pure readers.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ASSETS_H
#define TRADEWIND_RUN_EXCHANGE_ASSETS_H

#include "tradewind/alpaca.h"
#include "tradewind/market.h"

#define ASSETS_CUSIP_SIZE 10 /* with the NUL */

void assets_cusip(const char *symbol, char *buffer);

/* The exchange that lists it: "NASDAQ", "NYSE". */
const char *assets_exchange(const char *symbol);

void assets_describe(const char *symbol, bool hard_to_borrow, tw_alpaca_asset *ret_asset);

/* The symbol that a name, an id or a CUSIP stands for; TW_SYMBOL_NONE without one. Cost: O(symbols)
 * for all but names. */
tw_symbol assets_find(const tw_symbols *symbols, tw_slice text);

#endif
