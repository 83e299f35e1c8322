/* refusal.h - why a request was refused: status, code, sentence and details, in Alpaca's words. */
#ifndef TRADEWIND_RUN_EXCHANGE_REFUSAL_H
#define TRADEWIND_RUN_EXCHANGE_REFUSAL_H

#include <stdint.h>

#include "tradewind/alpaca.h"
#include "tradewind/api.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

enum {
    CODE_REQUEST = 40010001,
    CODE_RULE = 42210000,
    CODE_FUNDS = 40310000,
    CODE_DAY_TRADE = 40310100,
    CODE_NOT_FOUND = 40410000
};

enum { REFUSAL_DETAIL_COUNT_MAX = 4 };

typedef struct ledger_refusal {
    uint32_t http_status;
    int64_t code;
    char message[160];
    tw_alpaca_detail details[REFUSAL_DETAIL_COUNT_MAX];
    uint32_t detail_count;
} ledger_refusal;

/* Fills the refusal, without details; returns TW_REFUSED. */
tw_status refuse(ledger_refusal *ret_refusal, uint32_t http_status, int64_t code,
                 const char *format, ...) TW_PRINTF(4, 5);

/* Adds a string that the answer carries after code and message. */
void refusal_detail(ledger_refusal *refusal, const char *name, const char *value);

/* Writes the answer's body. */
void refusal_write(const ledger_refusal *refusal, tw_text *text);

#endif
