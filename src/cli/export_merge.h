/*
 * export_merge.h - the trades of many symbols in one order of time, with bounded memory.
 *
 * A store keeps trades by symbol. Each symbol gets a page of them; a heap gives the earliest over
 * all pages; a page that is used up is read anew behind where it ended. Trades of one time keep
 * their order within a symbol, and stand in the order of `symbols` between them.
 */
#ifndef TRADEWIND_CLI_EXPORT_MERGE_H
#define TRADEWIND_CLI_EXPORT_MERGE_H

#include "tradewind/store.h"

enum { EXPORT_PAGE_BYTES_MAX = 64 << 20 /* of all pages together, unless there are very many */ };

typedef struct export_range {
    const tw_symbol *symbols;
    uint32_t symbol_count;
    int64_t from_ns;
    int64_t to_ns; /* exclusive; INT64_MAX: no end */
} export_range;

/* Gives every trade to `callback`, whose status ends the whole if it is not TW_OK. Statuses as
 * tw_store_read_trades, and TW_NO_MEMORY. */
tw_status export_by_time(tw_store *store, const export_range *range, tw_store_on_trade callback,
                         void *context, tw_error *error) TW_MUST_CHECK;

#endif
