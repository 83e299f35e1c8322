/*
 * account_power.h - what an account is worth, what it may still buy, and what an order holds.
 *
 * Three answers, all computed from the account as it stands and the floor's prices:
 *
 *     account_figures_of      every amount of the account, as GET /v2/account tells them
 *     account_power_price     the price that an order is held at
 *     account_power_decide    whether the account may send an order, and what is held for it
 *
 * The rules, by the account's multiplier (its own maximum, at most what its settings allow; 4 needs
 * 25,000 dollars at the day's start or now, 2 needs 2,000 now, all others have 1):
 *
 *     equity              cash + long market value + short market value (which is negative)
 *     initial margin      half of all positions' values (multiplier 1: the whole)
 *     maintenance margin  long: 30 %, all of it below $2.50 a share; short: the greater of 30 % and
 *                         $5 a share, below $5 of 100 % and $2.50 (multiplier 1: the whole)
 *     RegT power          2 x (equity - initial margin) - what open orders hold
 *     day-trading power   4 x (last equity - last maintenance margin) - what was opened today
 *                         - what open orders hold
 *     buying power        cash less what is held (1), the RegT power (2), the greater of that and
 *                         the day-trading power (4)
 *     sma                 the greater of equity - initial margin and the sma of the close before
 *                         - half of what was opened since + half of what was closed, at the prices
 *                         it traded at (Regulation T's special memorandum account; 1: 0)
 *
 * With 4 a setting says when the day-trading power is looked at (dtbp_check): as a position is
 * opened (entry: an order for more of it is refused, even if the RegT power would do), as one of
 * today is closed (exit: refused while more was opened today than the day began with power for), or
 * both.
 *
 * An order that closes a position holds shares of it; one that opens or enlarges a position holds
 * money: a buy its limit x quantity, a short sale the greater of its limit and 3 % above the ask x
 * quantity. No order may close more than is there and open the rest: it is refused.
 *
 * Source: Alpaca's pages "Account", "Margin and Short Selling" and "Orders at Alpaca".
 * Cost: a pass over the symbols for the figures. Threads: all functions are readers.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_ACCOUNT_POWER_H
#define TRADEWIND_RUN_EXCHANGE_ACCOUNT_POWER_H

#include "ledger.h"

enum { ACCOUNT_MULTIPLIER_MAX = 4 };
#define ACCOUNT_DAY_TRADER_EQUITY_NANO (25000 * TW_NANO)

typedef struct account_figures {
    int64_t multiplier; /* 1, 2 or 4 */
    tw_money equity;
    tw_money long_market_value;
    tw_money short_market_value;    /* 0 or less */
    tw_money position_market_value; /* of both, without signs */
    tw_money initial_margin;
    tw_money maintenance_margin;
    tw_money regt_buying_power;
    tw_money daytrading_buying_power;
    tw_money buying_power;
    tw_money non_marginable_buying_power;
    tw_money memo; /* of the special memorandum account: "sma" */
    bool shorting_enabled;
} account_figures;

void account_figures_of(const account_ledger *ledger, const ledger_account *account,
                        account_figures *ret_figures);

/* The maintenance margin of a position (short: quantity below 0) of an account with margin. */
tw_money account_maintenance(tw_price price, tw_quantity quantity);

/* An order to be decided on. `given_back_*` is what an order that this one replaces holds. */
typedef struct power_order {
    tw_symbol symbol;
    tw_side side;
    int64_t limit_nano; /* 0: none */
    int64_t stop_nano;  /* 0: none; a trailing stop's present one */
    tw_quantity quantity;
    tw_quantity replaced_quantity; /* open quantity of the order that this one replaces, or 0 */
    tw_money replaced_money;       /* what that one holds in money, or 0 */
} power_order;

/* What is held for an order: `money` of the account's, or its shares. */
typedef struct power_hold {
    int64_t price_nano; /* a share */
    int64_t held_nano;  /* money, or shares */
    bool shares;
} power_hold;

/* The ask, else the newest price, in nano-dollars; 0 when there is none. */
int64_t account_power_ask(const account_ledger *ledger, tw_symbol symbol);

/* The share that a price without a limit is raised by for a buy: 1.04 below $50, else 1.025. */
int64_t account_power_collar(int64_t price_nano);

/* The price that an order is held at: its limit, else its stop or the ask (else the newest price)
 * with the collar; a sale's at least 3 % above the ask. TW_REFUSED when there is no price. */
tw_status account_power_price(const account_ledger *ledger, const power_order *order,
                              int64_t *ret_nano, ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* Whether the account may send the order at `price_nano` (of account_power_price), and what it
 * holds. TW_REFUSED with the refusal in the venue's words. */
tw_status account_power_decide(const account_ledger *ledger, const ledger_account *account,
                               const power_order *order, int64_t price_nano, power_hold *ret_hold,
                               ledger_refusal *ret_refusal) TW_MUST_CHECK;

/* What of a position can be sold (long) or bought back (short): what no open order wants yet. */
tw_quantity account_available(const ledger_holding *holding);

#endif
