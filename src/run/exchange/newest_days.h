/* newest_days.h - a symbol's newest day and the one before it. */
#ifndef TRADEWIND_RUN_EXCHANGE_NEWEST_DAYS_H
#define TRADEWIND_RUN_EXCHANGE_NEWEST_DAYS_H

#include "exchange_priv.h"

typedef struct newest_days {
    tw_bar bars[2]; /* the newest first */
    uint32_t count;
} newest_days;

void newest_days_read(const tw_exchange *exchange, tw_symbol symbol, newest_days *ret_days);

#endif
