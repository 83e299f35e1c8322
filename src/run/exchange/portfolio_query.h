/*
 * portfolio_query.h - what a call for the history of an account asks for.
 *
 * The parameters of GET /v2/account/portfolio/history, and those that older SDKs send (date_start,
 * date_end, extended_hours); a mistake is answered 422 and names it. Where nothing is said, a
 * period of a month ends now, and the frame follows the length: a minute below a week, a quarter of
 * an hour below 30 days, else a day.
 *
 * A period of n days is n trading days, the last of them that of its end; weeks, months and years
 * are the calendar's, so that the day a month before the end is the first. Dates are days of New
 * York.
 *
 * Source: Alpaca's reference of the call.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_PORTFOLIO_QUERY_H
#define TRADEWIND_RUN_EXCHANGE_PORTFOLIO_QUERY_H

#include "exchange_priv.h"

enum { PORTFOLIO_CASHFLOW_MAX = 64 };

/* Which hours a history of less than days shows. */
typedef enum portfolio_hours {
    PORTFOLIO_MARKET_HOURS,
    PORTFOLIO_EXTENDED_HOURS,
    PORTFOLIO_CONTINUOUS
} portfolio_hours;

typedef struct portfolio_query {
    const char *frame; /* "1Min" ... "1D" */
    int64_t frame_ns;  /* a day: TW_NS_PER_DAY */
    portfolio_hours hours;
    bool no_reset;    /* profit is told against one base, not against each day's */
    int64_t start_ns; /* inclusive both, and the end is not after now */
    int64_t end_ns;
    int64_t first_day;  /* of New York, from which on sessions or days are told */
    bool all_cashflows; /* of every type that there is, else of these */
    uint32_t cashflow_count;
    const char *cashflows[PORTFOLIO_CASHFLOW_MAX];
} portfolio_query;

/* False: the call was answered. */
bool portfolio_query_read(exchange_call *call, portfolio_query *ret_query);

/* The hours that are told of a trading day: of the session, or with those around it. */
void portfolio_hours_of(const portfolio_query *query, int64_t day, int64_t *ret_begin_ns,
                        int64_t *ret_end_ns);

#endif
