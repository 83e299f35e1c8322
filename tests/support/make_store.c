/*
 * make_store.c - writes a store through the library, for scripts that run the command.
 *
 *     make_store STORE [TRADES.csv [QUOTED...]]
 *
 * puts the trades of a CSV file, in the order of the file, and one quote of each symbol QUOTED, so
 * that the store knows it without having a trade of it. Without TRADES the store is empty.
 */
#include <stdio.h>

#include "tradewind/store.h"
#include "tradewind/tape.h"

enum { SYMBOL_COUNT_MAX = 1024 };

static tw_status put_trades(tw_store *store, tw_symbols *symbols, const char *path,
                            tw_error *error) {
    const tw_tape_config config = {.path = path, .format = TW_TAPE_TRADES, .symbols = symbols};
    TW_AUTO(tw_tape) *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, error);
    if (status != TW_OK)
        return status;
    for (;;) {
        tw_trade trade;
        status = tw_tape_next_trade(tape, &trade, error);
        if (status != TW_OK)
            return status == TW_EMPTY ? TW_OK : status;
        status = tw_store_put_trades(store, &trade, 1, error);
        if (status == TW_FULL) {
            status = tw_store_commit(store, TW_STORE_NORMAL, error);
            if (status == TW_OK)
                status = tw_store_put_trades(store, &trade, 1, error);
        }
        if (status != TW_OK)
            return status;
    }
}

static tw_status put_quote(tw_store *store, tw_symbols *symbols, const char *name,
                           tw_error *error) {
    tw_quote quote = {.time_ns = TW_NANO,
                      .bid_price = {TW_NANO},
                      .ask_price = {2 * TW_NANO},
                      .bid_size = {TW_NANO},
                      .ask_size = {TW_NANO}};
    tw_status status = tw_symbols_intern(symbols, tw_slice_of(name), &quote.symbol);
    if (status != TW_OK)
        return tw_error_set(error, status, "%s: %s", name, tw_status_sentence(status));
    return tw_store_put_quotes(store, &quote, 1, error);
}

static tw_status fill(tw_store *store, tw_symbols *symbols, int argc, char **argv,
                      tw_error *error) {
    tw_status status = argc > 2 ? put_trades(store, symbols, argv[2], error) : TW_OK;
    if (status == TW_OK)
        status = tw_store_commit(store, TW_STORE_NORMAL, error);
    for (int i = 3; i < argc && status == TW_OK; i++)
        status = put_quote(store, symbols, argv[i], error);
    return status == TW_OK ? tw_store_commit(store, TW_STORE_FULL, error) : status;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: make_store STORE [TRADES.csv [QUOTED...]]\n");
        return 2;
    }
    tw_error error = {0};
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    tw_status status = tw_symbols_new(NULL, SYMBOL_COUNT_MAX, &symbols);
    const tw_store_config config = {.path = argv[1], .mode = TW_STORE_WRITE, .symbols = symbols};
    if (status == TW_OK)
        status = tw_store_open(&config, &store, &error);
    if (status == TW_OK)
        status = fill(store, symbols, argc, argv, &error);
    if (status == TW_OK)
        status = tw_store_close(store, &error);
    else
        tw_store_free(store);
    tw_symbols_free(symbols);
    if (status != TW_OK)
        fprintf(stderr, "make_store: %s\n", error.message);
    return status == TW_OK ? 0 : 1;
}
