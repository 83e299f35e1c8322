/*
 * day_trades.c - see day_trades.h.
 *
 * Invariant: a tally's day is one of the last trading days on which the account traded, each once;
 * the place of the oldest is taken for a new one.
 */
#include "day_trades.h"

#include "account_power.h"
#include "ledger_priv.h"
#include "session.h"

enum { DAY_TRADES_MAX = 4, SHARE_PERCENT = 6 };

static const tw_date RULE_ENDS = {2026, 6, 4};

static bool rule_holds(const account_ledger *ledger) {
    int64_t end = 0;
    tw_status status = tw_date_to_days(RULE_ENDS, &end);
    TW_ASSERT(status == TW_OK);
    return ledger->day.day < end;
}

/* ---- counting ------------------------------------------------------------------------------ */

static day_trade_tally *tally_of_today(account_ledger *ledger, ledger_account *account) {
    day_trade_tally *oldest = &account->tallies[0];
    for (uint32_t i = 0; i < DAY_TRADE_DAYS; i++) {
        day_trade_tally *tally = &account->tallies[i];
        if (tally->day == ledger->day.day)
            return tally;
        if (tally->day < oldest->day)
            oldest = tally;
    }
    *oldest = (day_trade_tally){.day = ledger->day.day};
    return oldest;
}

static day_trade_tally sum_of(const account_ledger *ledger, const ledger_account *account) {
    day_trade_tally sum = {.day = ledger->day.day};
    for (int back = 1; back < DAY_TRADE_DAYS; back++)
        sum.day = session_previous_trading_day(sum.day);
    for (uint32_t i = 0; i < DAY_TRADE_DAYS; i++) {
        if (account->tallies[i].day < sum.day)
            continue;
        sum.day_trades += account->tallies[i].day_trades;
        sum.trades += account->tallies[i].trades;
    }
    return sum;
}

static void flag(const account_ledger *ledger, ledger_account *account) {
    day_trade_tally sum = sum_of(ledger, account);
    bool many = sum.day_trades * UINT64_C(100) > sum.trades * (uint64_t)SHARE_PERCENT;
    if (sum.day_trades >= DAY_TRADES_MAX && many && account->multiplier_max > 1 &&
        rule_holds(ledger))
        account->pattern_day_trader = true;
}

void day_trades_note(account_ledger *ledger, const ledger_order *order, int64_t quantity_nano) {
    ledger_account *account = &ledger->accounts[order->account];
    ledger_holding *holding = &account->holdings[order->order.symbol];
    day_trade_tally *tally = tally_of_today(ledger, account);
    int64_t held = holding->quantity.nano;
    bool opens = held == 0 || (held > 0) == (quantity_nano > 0);
    if (order->filled_day != ledger->day.day)
        tally->trades++;
    if (opens) {
        holding->opened_today = true;
        return;
    }
    if (holding->opened_today) {
        tally->day_trades++;
        flag(ledger, account);
    }
    bool through = held > 0 ? -quantity_nano > held : quantity_nano > -held;
    holding->opened_today = through;
}

void day_trades_begin(account_ledger *ledger, ledger_account *account) {
    for (tw_symbol s = 0; s < ledger->symbol_count; s++)
        account->holdings[s].opened_today = false;
}

uint32_t day_trades_count(const account_ledger *ledger, const ledger_account *account) {
    return sum_of(ledger, account).day_trades;
}

bool day_trades_flagged(const account_ledger *ledger, const ledger_account *account) {
    return account->pattern_day_trader && rule_holds(ledger);
}

/* ---- denying ------------------------------------------------------------------------------- */

/* What is open in a symbol, and whether that could become a day trade. */
typedef struct open_pair {
    bool opens; /* an order that opens or enlarges, or a position that was opened today */
    bool closes;
} open_pair;

/* What an order does is decided by the position that it meets, not by that which it was sent for.
 */
static open_pair pair_of(const ledger_holding *holding) {
    int64_t held = holding->quantity.nano;
    bool buys = holding->open_buys.nano > 0;
    bool sells = holding->open_sells.nano > 0;
    return (open_pair){holding->opened_today || (buys && held >= 0) || (sells && held <= 0),
                       (buys && held < 0) || (sells && held > 0)};
}

static uint32_t count_pairs(const account_ledger *ledger, const ledger_account *account,
                            tw_symbol but) {
    const uint64_t *held = account_held(ledger, account);
    uint32_t count = 0;
    for (uint32_t w = 0; w < ledger->held_words; w++) { /* what closes needs a position */
        for (uint64_t left = held[w]; left != 0; left &= left - 1) {
            tw_symbol s = 64 * w + (uint32_t)__builtin_ctzll(left);
            open_pair pair = pair_of(&account->holdings[s]);
            count += s != but && pair.opens && pair.closes;
        }
    }
    return count;
}

tw_status day_trades_check(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, bool has_legs, ledger_refusal *ret_refusal) {
    uint8_t check = account->settings.pdt_check;
    tw_symbol symbol = order->order.symbol;
    if (account->multiplier_max == 1 ||
        account->last_equity.nano >= ACCOUNT_DAY_TRADER_EQUITY_NANO || !rule_holds(ledger))
        return TW_OK;
    open_pair pair = pair_of(&account->holdings[symbol]);
    uint32_t others = day_trades_count(ledger, account) + count_pairs(ledger, account, symbol);
    uint32_t before = others + (pair.opens && pair.closes);
    bool closes = order->holds_shares;
    bool completes = (pair.opens || !closes) && (pair.closes || closes || has_legs);
    bool denied_entry = check != ACCOUNT_CHECK_EXIT && !closes && before >= DAY_TRADES_MAX - 1;
    bool denied_exit = check != ACCOUNT_CHECK_ENTRY && completes && others + 1 >= DAY_TRADES_MAX;
    if (denied_entry || denied_exit)
        return refuse(ret_refusal, 403, CODE_DAY_TRADE,
                      "trade denied due to pattern day trading protection");
    return TW_OK;
}
