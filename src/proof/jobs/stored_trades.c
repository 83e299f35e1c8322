/* stored_trades.c - see stored_trades.h. */
#include "stored_trades.h"

#include <stdio.h>

#include "tradewind/alloc.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum { SYMBOLS_MAX = 100, GAP_US = 1000 };

static tw_status name_symbols(stored_trades *trades, uint32_t count, tw_error *error) {
    tw_status status = tw_symbols_new(NULL, SYMBOLS_MAX, &trades->symbols);
    for (uint32_t i = 0; i < count && status == TW_OK; i++) {
        char name[16];
        tw_symbol symbol;
        snprintf(name, sizeof name, "SYM%02u", i);
        status = tw_symbols_intern(trades->symbols, tw_slice_of(name), &symbol);
    }
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "no table of symbols");
}

/* A walk in cents for each symbol, symbols at random. */
tw_status stored_trades_make(stored_trades *trades, uint64_t count, uint32_t symbol_count,
                             tw_error *error) {
    tw_random random;
    int64_t cents[SYMBOLS_MAX];
    int64_t time_ns = STORED_TRADES_FIRST_NS;
    TW_ASSERT(symbol_count > 0 && symbol_count <= SYMBOLS_MAX);
    trades->trades = TW_NEW(tw_allocator_system(), count, tw_trade);
    trades->count = count;
    if (trades->trades == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the trades");
    tw_random_init(&random, 101, 1);
    for (int i = 0; i < SYMBOLS_MAX; i++)
        cents[i] = 10000 + 500 * i;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t symbol = (uint32_t)tw_random_below(&random, symbol_count);
        cents[symbol] += (int64_t)tw_random_below(&random, 5) - 2;
        time_ns += (1 + (int64_t)tw_random_below(&random, GAP_US)) * TW_NS_PER_US;
        trades->trades[i] =
            (tw_trade){.time_ns = time_ns,
                       .price = {cents[symbol] * (TW_NANO / 100)},
                       .quantity = {(int64_t)(1 + tw_random_below(&random, 500)) * TW_NANO},
                       .id = i + 1,
                       .symbol = symbol,
                       .side = tw_random_below(&random, 2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL};
    }
    return name_symbols(trades, symbol_count, error);
}

void stored_trades_done(stored_trades *trades) {
    TW_DELETE(tw_allocator_system(), trades->trades, trades->count, tw_trade);
    tw_symbols_free(trades->symbols);
    *trades = (stored_trades){0};
}

char *stored_trades_path(const char *folder, const char *name,
                         char buffer[STORED_TRADES_PATH_SIZE]) {
    snprintf(buffer, STORED_TRADES_PATH_SIZE, "%s/%s", folder, name);
    return buffer;
}

/* A quote of each, in their order: so the store numbers them from 1. */
static tw_status put_symbols(tw_store *store, const stored_trades *trades, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < tw_symbols_count(trades->symbols) && status == TW_OK; i++) {
        const tw_quote quote = {.time_ns = STORED_TRADES_FIRST_NS,
                                .bid_price = {TW_NANO},
                                .bid_size = {TW_NANO},
                                .symbol = i};
        status = tw_store_put_quotes(store, &quote, 1, error);
    }
    return status;
}

tw_status stored_trades_put(const stored_trades *trades, uint64_t count, const char *path,
                            tw_error *error) {
    const tw_store_config config = {.path = path,
                                    .symbols = trades->symbols,
                                    .mode = TW_STORE_WRITE,
                                    .symbol_count_max = SYMBOLS_MAX,
                                    .batch_rows = TW_STORE_BATCH_ROWS_MAX};
    tw_store *store = NULL;
    TW_ASSERT(count <= trades->count);
    tw_status status = tw_store_open(&config, &store, error);
    if (status != TW_OK)
        return status;
    status = put_symbols(store, trades, error);
    if (status == TW_OK)
        status = tw_store_put_trades(store, trades->trades, count, error);
    if (status == TW_OK)
        status = tw_store_commit(store, TW_STORE_NORMAL, error);
    tw_error unused;
    tw_status closed = tw_store_close(store, status == TW_OK ? error : &unused);
    return status == TW_OK ? closed : status;
}
