/*
 * assets.c - names and exchanges of the built-in symbols, and what can be derived for any other.
 */
#include "assets.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

enum { MAINTENANCE_PERCENT = 30 }; /* account_power.h */

typedef struct listing {
    const char *symbol;
    const char *name;
    const char *exchange;
} listing;

/* The built-in symbols of exchange.c; all others are listed by NASDAQ under their symbol. */
static const listing listings[] = {
    {"AAPL", "Apple Inc. Common Stock", "NASDAQ"},
    {"AMD", "Advanced Micro Devices, Inc. Common Stock", "NASDAQ"},
    {"AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ"},
    {"BA", "Boeing Company", "NYSE"},
    {"CAT", "Caterpillar, Inc.", "NYSE"},
    {"CSCO", "Cisco Systems, Inc. Common Stock", "NASDAQ"},
    {"DIS", "The Walt Disney Company", "NYSE"},
    {"GOOG", "Alphabet Inc. Class C Capital Stock", "NASDAQ"},
    {"INTC", "Intel Corporation Common Stock", "NASDAQ"},
    {"JPM", "JPMorgan Chase & Co.", "NYSE"},
    {"KO", "Coca-Cola Company", "NYSE"},
    {"META", "Meta Platforms, Inc. Class A Common Stock", "NASDAQ"},
    {"MSFT", "Microsoft Corporation Common Stock", "NASDAQ"},
    {"NFLX", "Netflix, Inc. Common Stock", "NASDAQ"},
    {"NVDA", "NVIDIA Corporation Common Stock", "NASDAQ"},
    {"PEP", "PepsiCo, Inc. Common Stock", "NASDAQ"},
    {"TSLA", "Tesla, Inc. Common Stock", "NASDAQ"},
    {"V", "Visa Inc.", "NYSE"},
    {"WMT", "Walmart Inc. Common Stock", "NASDAQ"},
    {"XOM", "Exxon Mobil Corporation", "NYSE"},
};

static const listing *listing_of(const char *symbol) {
    for (size_t i = 0; i < sizeof listings / sizeof listings[0]; i++)
        if (strcmp(listings[i].symbol, symbol) == 0)
            return &listings[i];
    return NULL;
}

const char *assets_exchange(const char *symbol) {
    const listing *found = listing_of(symbol);
    return found == NULL ? "NASDAQ" : found->exchange;
}

/* The check digit of eight characters of a CUSIP (ANSI X9.6): every second value is doubled, and
 * the digits of all are added. */
static char check_digit(const char *text) {
    int sum = 0;
    for (int i = 0; i < 8; i++) {
        int value = text[i] <= '9' ? text[i] - '0' : text[i] - 'A' + 10;
        value *= 1 + i % 2;
        sum += value / 10 + value % 10;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

void assets_cusip(const char *symbol, char *buffer) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint64_t hash = text_hash(tw_slice_of(symbol), 2);
    buffer[0] = '9';
    buffer[1] = '9';
    for (int i = 2; i < 8; i++, hash /= 36)
        buffer[i] = digits[hash % 36];
    buffer[8] = check_digit(buffer);
    buffer[9] = '\0';
}

void assets_describe(const char *symbol, bool hard_to_borrow, tw_alpaca_asset *ret_asset) {
    const listing *found = listing_of(symbol);
    *ret_asset = (tw_alpaca_asset){
        .maintenance_margin_nano = MAINTENANCE_PERCENT * TW_NANO,
        .margin_requirement_long_nano = MAINTENANCE_PERCENT * TW_NANO,
        .margin_requirement_short_nano = MAINTENANCE_PERCENT * TW_NANO,
        .tradable = true,
        .marginable = true,
        .shortable = true,
        .easy_to_borrow = !hard_to_borrow,
        .fractionable = true,
    };
    words_asset_id(symbol, ret_asset->id);
    assets_cusip(symbol, ret_asset->cusip);
    snprintf(ret_asset->asset_class, sizeof ret_asset->asset_class, "us_equity");
    snprintf(ret_asset->exchange, sizeof ret_asset->exchange, "%s", assets_exchange(symbol));
    snprintf(ret_asset->symbol, sizeof ret_asset->symbol, "%s", symbol);
    snprintf(ret_asset->name, sizeof ret_asset->name, "%s", found == NULL ? symbol : found->name);
    snprintf(ret_asset->borrow_status, sizeof ret_asset->borrow_status, "%s",
             hard_to_borrow ? "hard_to_borrow" : "easy_to_borrow");
    snprintf(ret_asset->status, sizeof ret_asset->status, "active");
    ret_asset->present =
        TW_ALPACA_BIT(TW_ALPACA_ASSET_ID) | TW_ALPACA_BIT(TW_ALPACA_ASSET_TRADABLE) |
        TW_ALPACA_BIT(TW_ALPACA_ASSET_MARGINABLE) | TW_ALPACA_BIT(TW_ALPACA_ASSET_SHORTABLE) |
        TW_ALPACA_BIT(TW_ALPACA_ASSET_EASY_TO_BORROW) |
        TW_ALPACA_BIT(TW_ALPACA_ASSET_FRACTIONABLE) | TW_ALPACA_BIT(TW_ALPACA_ASSET_ATTRIBUTES);
}

tw_symbol assets_find(const tw_symbols *symbols, tw_slice text) {
    tw_symbol symbol = tw_symbols_find(symbols, text);
    if (symbol != TW_SYMBOL_NONE)
        return symbol;
    for (tw_symbol s = 0; s < tw_symbols_count(symbols); s++) {
        char id[TW_ALPACA_ID_SIZE];
        char cusip[ASSETS_CUSIP_SIZE];
        words_asset_id(tw_symbols_name(symbols, s), id);
        assets_cusip(tw_symbols_name(symbols, s), cusip);
        if (tw_slice_equal_string(text, id) || tw_slice_equal_string(text, cusip))
            return s;
    }
    return TW_SYMBOL_NONE;
}
