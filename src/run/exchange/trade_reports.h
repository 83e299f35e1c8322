/*
 * trade_reports.h - how the floor's trades come onto the tape: at once, late, wrongly, or not for
 * good.
 *
 *     trade --+-- at once ---------------------------------> "t"
 *             +-- late: nothing yet, then -----------------> "t", and its bar is due
 *             +-- cancelled: at once, then ----------------> "x", and its bar is due
 *             +-- corrected: at once with a wrong price,
 *                 then the right one --------------------> "c", and its bar is due
 *     bar due, at the next half-minute mark ---------------> "u"
 *
 * Which trades, and when, is the plan of faults' (fault_plan.h); official prices of auctions are
 * none of them. What the market did is not touched by it: orders are filled as they were, only what
 * is told of it differs. A trade keeps the time at which it was made, however late it is told.
 *
 * A minute that is over and in which a trade was told late, cancelled or corrected is told again
 * half a minute after it, as the venue does (its `updatedBars`).
 *
 * Memory: TRADE_REPORT_MAX reports that wait, and a time a symbol, at creation. Threads: the
 * exchange's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_TRADE_REPORTS_H
#define TRADEWIND_RUN_EXCHANGE_TRADE_REPORTS_H

#include "tradewind/market.h"

/* With so many waiting, a trade is told at once and stands, and a bar is not put off. */
#define TRADE_REPORT_MAX 4096

/* Added to the id of a trade, this makes the id of the one that corrects it. */
#define TRADE_CORRECTION_ID (UINT64_C(1) << 40)

typedef enum trade_report_kind {
    REPORT_LATE,
    REPORT_CANCEL,
    REPORT_CORRECTION,
    REPORT_BAR /* behind all others of its time */
} trade_report_kind;

typedef struct trade_report {
    int64_t due_ns;
    trade_report_kind kind;
    bool error;      /* a cancel: the trade was an error */
    uint64_t number; /* of the trade in the past; what corrects it stands behind it there */
    tw_trade trade;  /* as it was told, or will be; of a bar its symbol and minute alone */
    tw_trade right;  /* what corrects it */
} trade_report;

typedef struct trade_reports {
    trade_report *waiting; /* the next one last */
    uint32_t waiting_count;
    int64_t *touched_ns; /* of a symbol: the newest minute that is not what its trades were */
    uint32_t symbol_count;
} trade_reports;

struct tw_exchange;

/* TW_NO_MEMORY. */
tw_status trade_reports_init(struct tw_exchange *exchange) TW_MUST_CHECK;
void trade_reports_done(struct tw_exchange *exchange);

/* Takes what the floor tells: into the past, and onto the streams. */
void trade_reports_trade(struct tw_exchange *exchange, const tw_trade *trade);
void trade_reports_bar(struct tw_exchange *exchange, const tw_bar *bar);

/* When the next report that waits is due; INT64_MAX without one. */
int64_t trade_reports_next(const trade_reports *reports);

/* Tells what is due by now. */
void trade_reports_arrive(struct tw_exchange *exchange, int64_t now_ns);

/* The minute of a symbol that is not over, as far as it was told; false without a trade in it. */
bool trade_reports_minute_now(const struct tw_exchange *exchange, tw_symbol symbol,
                              tw_bar *ret_bar);

#endif
