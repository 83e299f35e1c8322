/*
 * quiet_account.h - what a bench's engine holds and is told: positions at equal weights, two years
 * of closes with one factor, and a limit of every control that is not reached.
 */
#ifndef QUIET_ACCOUNT_H
#define QUIET_ACCOUNT_H

#include "tradewind/engine.h"

typedef struct quiet_account {
    uint32_t symbol_count;
    uint32_t day_count;
    int64_t *quantity_nano; /* [symbols], whole shares */
    int64_t *price_nano;    /* [symbols], whole cents */
    int64_t cash_nano;
    double *closes; /* [days][symbols] */
} quiet_account;

/* Ten million dollars, 2 % of them in cash. Ends the program when there is no memory. */
void quiet_account_make(quiet_account *account, uint32_t symbol_count, uint32_t day_count);
void quiet_account_done(quiet_account *account);

/* Equal weights, frames of a second, a minute and an hour, windows of 100 trades, latencies taken.
 * With `risk`, a value at risk of a day among the limits. */
void quiet_engine_config(uint32_t symbol_count, uint32_t day_count, bool risk,
                         tw_engine_config *ret_config);

/* Dollars to the nearest cent, in nano. */
int64_t quiet_cents(double dollars);

#endif
