/*
 * day_trades.h - pattern day trading: what is counted, who is flagged, and which orders are denied.
 *
 * A day trade is the first trade that closes (part of) a position after one that opened or enlarged
 * it on the same day; what else is closed before the position is enlarged again belongs to the same
 * day trade. So
 *
 *     buy 250, buy 250, sell 500              one        (FINRA's Regulatory Notice 21-13, example
 * A) buy, sell, buy, sell                    two        (B) buy 500, sell 100, sell 100, sell 300
 * one        (C) sell what was there in the morning      none
 *
 * Counted are those of this trading day and the four before. Four of them, if they are more than 6
 * % of all trades (orders that traded) of these days, make a pattern day trader, for good.
 *
 * Who closed the day before below 25,000 dollars is kept from that. An order is denied (403, code
 * 40310100), by the account's setting pdt_check,
 *
 *     entry, both   that opens a position when three day trades have been made, or would be by
 *                   orders that are open
 *     exit, both    that would make the fourth: it closes what was opened today, or an open order
 *                   of the other direction could be filled first
 *
 * Accounts without margin are free of the rule, and so is everybody from 2026-06-04 on, when
 * FINRA's intraday margin standards took its place: nobody is flagged or denied any more.
 *
 * Source: Alpaca's page "User Protection", its reference of the account and its configurations, and
 * FINRA's Rule 4210.
 *
 * Cost: a few comparisons a fill; a pass over the positions an order, for accounts below
 * 25,000.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_DAY_TRADES_H
#define TRADEWIND_RUN_EXCHANGE_DAY_TRADES_H

#include "ledger.h"

/* An order trades `quantity_nano` (bought: positive) of a symbol; before its position has moved. */
void day_trades_note(account_ledger *ledger, const ledger_order *order, int64_t quantity_nano);

/* The positions of a new day: none of them was opened on it. */
void day_trades_begin(account_ledger *ledger, ledger_account *account);

/* Whether a new order (with or without legs) may be sent; TW_REFUSED with the refusal. */
tw_status day_trades_check(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, bool has_legs,
                           ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Of the last five trading days, today among them. */
uint32_t day_trades_count(const account_ledger *ledger, const ledger_account *account);

bool day_trades_flagged(const account_ledger *ledger, const ledger_account *account);

#endif
