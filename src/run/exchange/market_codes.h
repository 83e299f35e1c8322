/*
 * market_codes.h - what the one-letter codes of market data mean.
 *
 * Sources: the CTA plan's CTS and CQS output specifications (tapes A and B), the UTP plan's UTDF
 * and UQDF (tape C), and the participant codes that both share.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_MARKET_CODES_H
#define TRADEWIND_RUN_EXCHANGE_MARKET_CODES_H

#include <stddef.h>

typedef struct market_code {
    char code;
    const char *meaning;
} market_code;

typedef enum market_codes_kind {
    MARKET_CODES_EXCHANGES,
    MARKET_CODES_TRADES_AB,
    MARKET_CODES_TRADES_C,
    MARKET_CODES_QUOTES_AB,
    MARKET_CODES_QUOTES_C
} market_codes_kind;

/* A table, sorted by code. */
const market_code *market_codes(market_codes_kind kind, size_t *ret_count);

#endif
