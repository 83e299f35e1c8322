/*
 * account_day.c - see account_day.h.
 *
 * Invariants
 *  1. Nothing is traded between the end of a day and ledger_turn_day: whatever moves cash or shares
 *     calls it first. So it does not matter how late the end of a day is noticed.
 *  2. `closes` and the accounts' close_* are of the present day and set if it is closed.
 *
 * Days that nobody was there for (the exchange was not running) are over at once when it is back:
 * their closes are at the prices that it left off with.
 */
#include "account_day.h"

#include <string.h>

#include "ledger_priv.h"
#include "session.h"

static int64_t trading_day_of(int64_t time_ns) {
    int64_t day = session_day_of(time_ns);
    return session_is_trading_day(day) ? day : session_next_trading_day(day);
}

static void begin(account_ledger *ledger, int64_t now_ns) {
    int64_t day = trading_day_of(now_ns);
    ledger->day = (account_day){.day = day, .end_ns = session_time_of(day + 1, 0, 0)};
}

/* ---- the close ----------------------------------------------------------------------------- */

static int64_t close_of(const account_ledger *ledger) {
    session_hours hours;
    bool trades = session_hours_of(ledger->day.day, &hours);
    TW_ASSERT(trades);
    return hours.close_ns;
}

/* `time_ns` is when the accounts were worth what they are now. */
static void take_close(account_ledger *ledger, int64_t time_ns) {
    for (tw_symbol s = 0; s < ledger->symbol_count; s++)
        ledger->closes[s] = floor_price(ledger->floor, s);
    for (uint32_t a = 0; a < ledger->account_count; a++) {
        ledger_account *account = &ledger->accounts[a];
        account_figures figures;
        account_figures_of(ledger, account, &figures);
        equity_point worth = {time_ns, figures.equity.nano};
        equity_past_put(&ledger->pasts[a], EQUITY_MINUTES, worth);
        equity_past_put(&ledger->pasts[a], EQUITY_CLOSES, worth);
        account->close_equity = figures.equity;
        account->close_maintenance_margin = figures.maintenance_margin;
        account->close_memo = figures.memo;
        account->close_traded = account->traded;
    }
    ledger->day.closed = true;
}

void account_day_open(account_ledger *ledger) {
    int64_t now_ns = floor_now(ledger->floor);
    begin(ledger, now_ns);
    if (now_ns >= close_of(ledger)) /* it begins in the evening */
        take_close(ledger, now_ns);
}

void account_day_phase(account_ledger *ledger) {
    if (!ledger->day.closed && floor_now(ledger->floor) >= close_of(ledger))
        take_close(ledger, close_of(ledger));
}

/* ---- the end ------------------------------------------------------------------------------- */

/* A position costs from now on what it closed at. One without a close (its symbol is new), or whose
 * value is beyond all bounds, keeps its cost. */
static void carry_holding(ledger_account *account, ledger_holding *holding, tw_price close) {
    int64_t value = 0;
    if (holding->quantity.nano == 0)
        return;
    if (close.nano > 0 &&
        tw_decimal_multiply(close.nano, holding->quantity.nano, TW_ROUND_DOWN, &value) == TW_OK)
        holding->day_cost.nano = value;
    int64_t cost = holding->day_cost.nano;
    int64_t room = INT64_MAX - account->day_start_value.nano;
    int64_t whole = cost < 0 ? -cost : cost;
    account->day_start_value.nano += whole < room ? whole : room;
}

static void carry_account(account_ledger *ledger, ledger_account *account) {
    account->last_equity = account->close_equity;
    account->last_maintenance_margin = account->close_maintenance_margin;
    account->last_memo = account->close_memo;
    account->traded.nano -= account->close_traded.nano;
    account->close_traded.nano = 0;
    account->day_start_value.nano = 0;
    day_trades_begin(ledger, account);
    for (tw_symbol s = 0; s < ledger->symbol_count; s++)
        carry_holding(account, &account->holdings[s], ledger->closes[s]);
}

void ledger_turn_day(account_ledger *ledger) {
    int64_t now_ns = floor_now(ledger->floor);
    if (now_ns < ledger->day.end_ns)
        return;
    if (!ledger->day.closed)
        take_close(ledger, close_of(ledger));
    memcpy(ledger->last_closes, ledger->closes, ledger->symbol_count * sizeof ledger->closes[0]);
    for (uint32_t a = 0; a < ledger->account_count; a++)
        carry_account(ledger, &ledger->accounts[a]);
    begin(ledger, now_ns);
}

/* ---- what accounts were worth -------------------------------------------------------------- */

static tw_money equity_now(const account_ledger *ledger, const ledger_account *account) {
    account_figures figures;
    account_figures_of(ledger, account, &figures);
    return figures.equity;
}

void ledger_on_minute(account_ledger *ledger) {
    int64_t now_ns = floor_now(ledger->floor);
    ledger_turn_day(ledger);
    for (uint32_t a = 0; a < ledger->account_count; a++) {
        int64_t equity = equity_now(ledger, &ledger->accounts[a]).nano;
        equity_past_put(&ledger->pasts[a], EQUITY_MINUTES, (equity_point){now_ns, equity});
    }
}

tw_money ledger_equity_at(const account_ledger *ledger, const ledger_account *account,
                          int64_t time_ns) {
    int64_t equity = 0;
    if (time_ns >= floor_now(ledger->floor))
        return equity_now(ledger, account);
    if (equity_past_at(&ledger->pasts[account->index], time_ns, &equity))
        return (tw_money){equity};
    return time_ns < account->created_ns ? (tw_money){0} : account->cash_start;
}

bool ledger_equity_at_close(const account_ledger *ledger, const ledger_account *account,
                            int64_t day, tw_money *ret_equity) {
    session_hours hours;
    bool trades = session_hours_of(day, &hours);
    TW_ASSERT(trades);
    return equity_past_close(&ledger->pasts[account->index], hours.close_ns, &ret_equity->nano);
}

/* ---- reading ------------------------------------------------------------------------------- */

tw_price ledger_last_close(const account_ledger *ledger, tw_symbol symbol) {
    TW_ASSERT(symbol < ledger->symbol_count);
    return ledger->last_closes[symbol];
}

int64_t ledger_day(const account_ledger *ledger) {
    return ledger->day.day;
}
