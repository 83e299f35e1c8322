/*
 * account_day.h - the day of the accounts: what is taken at its close, and what its end changes.
 *
 *     day begins ---- 16:00, the close: equity, margin and prices are taken ---- 24:00, its end:
 *     what was taken is that of the day before, positions cost what they closed at
 *
 * The day is New York's calendar day, and a day without a session belongs to the next one that has
 * one: what is traded on a Sunday, where the market never closes, is Monday's. So on a Tuesday,
 * from midnight to midnight, last_equity is Monday's at 16:00, whatever was traded after that.
 *
 * Source: Alpaca's reference of GET /v2/account ("Equity as of previous trading day at 16:00:00
 * ET") and of GET /v2/positions ("Last day's asset price per share"). At which hour the next day
 * begins is not written there; midnight is what "previous trading day" says of a date.
 *
 * Cost: a comparison while the day lasts; a pass over accounts and symbols at its close and its
 * end.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ACCOUNT_DAY_H
#define TRADEWIND_RUN_EXCHANGE_ACCOUNT_DAY_H

#include "ledger.h"

/* What is kept of the day: plain data. */
typedef struct account_day {
    int64_t day;    /* a trading day, days since 1970 */
    int64_t end_ns; /* its midnight */
    bool closed;    /* the figures of its close were taken */
} account_day;

/* The first day; the ledger has a floor. */
void account_day_open(account_ledger *ledger);

/* A phase has begun, and what it does to orders is done: takes the figures of the close if that has
 * come. */
void account_day_phase(account_ledger *ledger);

#endif
