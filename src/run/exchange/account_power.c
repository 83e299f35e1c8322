/*
 * account_power.c - see account_power.h.
 *
 * Sums go through 128 bits and are cut to what an amount can hold: figures are told even when a
 * price has gone beyond all bounds; an order whose own value does not fit is refused.
 */
#include "account_power.h"

#include "ledger_priv.h"
#include "refusal.h"

__extension__ typedef __int128 wide;

enum { REGT_MULTIPLIER = 2 };

/* What an order costs that costs more than an amount can hold: nobody can pay it. */
#define VALUE_BEYOND_NANO INT64_MAX

static const int64_t MARGIN_EQUITY_NANO = 2000 * TW_NANO;
static const int64_t MAINTENANCE_NANO = 3 * (TW_NANO / 10);
static const int64_t LONG_CHEAP_NANO = 5 * (TW_NANO / 2);
static const int64_t SHORT_CHEAP_NANO = 5 * TW_NANO;
static const int64_t SHORT_CHEAP_MARGIN_NANO = 5 * (TW_NANO / 2); /* a share */
static const int64_t SHORT_MARGIN_NANO = 5 * TW_NANO;
static const int64_t COLLAR_CHEAP_NANO = 50 * TW_NANO;
static const int64_t COLLAR_NANO = TW_NANO + 25 * (TW_NANO / 1000);
static const int64_t COLLAR_CHEAP_FACTOR_NANO = TW_NANO + 4 * (TW_NANO / 100);
static const int64_t SHORT_FACTOR_NANO = TW_NANO + 3 * (TW_NANO / 100);

static int64_t fit(wide value) {
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < -INT64_MAX ? -INT64_MAX : (int64_t)value;
}

static int64_t above_zero(wide value) {
    return value > 0 ? fit(value) : 0;
}

static wide product(int64_t a, int64_t b) {
    return (wide)a * b / TW_NANO;
}

static wide greater(wide a, wide b) {
    return a > b ? a : b;
}

/* Positions added up. */
typedef struct position_sums {
    wide longs;
    wide shorts; /* 0 or more */
    wide maintenance;
    wide day_cost; /* what all positions cost, those of yesterday at its closing prices */
} position_sums;

static wide maintenance_of(int64_t price_nano, int64_t quantity_nano) {
    if (quantity_nano >= 0) {
        wide value = product(price_nano, quantity_nano);
        return price_nano < LONG_CHEAP_NANO ? value : value * MAINTENANCE_NANO / TW_NANO;
    }
    wide value = product(price_nano, -quantity_nano);
    if (price_nano < SHORT_CHEAP_NANO)
        return greater(value, product(SHORT_CHEAP_MARGIN_NANO, -quantity_nano));
    return greater(value * MAINTENANCE_NANO / TW_NANO, product(SHORT_MARGIN_NANO, -quantity_nano));
}

static void add_position(const ledger_holding *holding, int64_t price, position_sums *sums) {
    int64_t quantity = holding->quantity.nano;
    if (quantity > 0)
        sums->longs += product(price, quantity);
    else
        sums->shorts += product(price, -quantity);
    sums->maintenance += maintenance_of(price, quantity);
    sums->day_cost += quantity > 0 ? holding->day_cost.nano : -(wide)holding->day_cost.nano;
}

static void sum_positions(const account_ledger *ledger, const ledger_account *account,
                          position_sums *ret_sums) {
    const uint64_t *held = account_held(ledger, account);
    *ret_sums = (position_sums){0};
    for (uint32_t w = 0; w < ledger->held_words; w++) {
        for (uint64_t left = held[w]; left != 0; left &= left - 1) {
            tw_symbol symbol = 64 * w + (uint32_t)__builtin_ctzll(left);
            add_position(&account->holdings[symbol], floor_price(ledger->floor, symbol).nano,
                         ret_sums);
        }
    }
}

static int64_t multiplier_of(const ledger_account *account, wide equity) {
    int64_t most = account->multiplier_max;
    if (account->settings.multiplier_max < most)
        most = account->settings.multiplier_max;
    bool day_trader = equity >= ACCOUNT_DAY_TRADER_EQUITY_NANO ||
                      account->last_equity.nano >= ACCOUNT_DAY_TRADER_EQUITY_NANO;
    if (most >= ACCOUNT_MULTIPLIER_MAX && day_trader)
        return ACCOUNT_MULTIPLIER_MAX;
    return most >= REGT_MULTIPLIER && equity >= MARGIN_EQUITY_NANO ? REGT_MULTIPLIER : 1;
}

/* What was opened today: what positions cost beyond those that the day began with. */
static wide opened_today(const ledger_account *account, const position_sums *sums) {
    return greater(sums->day_cost - account->day_start_value.nano, 0);
}

/* The day-trading power that the day began with. */
static wide day_trading_start(const ledger_account *account) {
    wide excess = (wide)account->last_equity.nano - account->last_maintenance_margin.nano;
    return excess * ACCOUNT_MULTIPLIER_MAX;
}

static void power_of(const ledger_account *account, const position_sums *sums,
                     account_figures *figures) {
    wide held = account->reserved.nano;
    wide spare = (wide)figures->equity.nano - figures->initial_margin.nano;
    wide free_cash = (wide)account->cash.nano - held;
    if (figures->multiplier == 1) {
        figures->regt_buying_power.nano = above_zero(free_cash);
        figures->buying_power = figures->regt_buying_power;
        figures->non_marginable_buying_power = figures->regt_buying_power;
        return;
    }
    bool solvent = figures->equity.nano > 0;
    figures->regt_buying_power.nano = above_zero(spare * REGT_MULTIPLIER - held);
    if (figures->multiplier == ACCOUNT_MULTIPLIER_MAX && solvent)
        figures->daytrading_buying_power.nano =
            above_zero(day_trading_start(account) - opened_today(account, sums) - held);
    figures->buying_power.nano =
        fit(greater(figures->regt_buying_power.nano, figures->daytrading_buying_power.nano));
    wide credit = (wide)account->last_memo.nano - account->traded.nano / REGT_MULTIPLIER;
    figures->memo.nano = fit(greater(spare, credit));
    figures->non_marginable_buying_power.nano = above_zero(greater(spare, 0) - held);
}

tw_money account_maintenance(tw_price price, tw_quantity quantity) {
    return (tw_money){fit(maintenance_of(price.nano, quantity.nano))};
}

static void figures_of_sums(const ledger_account *account, const position_sums *sums,
                            account_figures *ret_figures) {
    wide equity = account->cash.nano + sums->longs - sums->shorts;
    wide gross = sums->longs + sums->shorts;
    *ret_figures = (account_figures){
        .multiplier = multiplier_of(account, equity),
        .equity = {fit(equity)},
        .long_market_value = {fit(sums->longs)},
        .short_market_value = {-fit(sums->shorts)},
        .position_market_value = {fit(gross)},
    };
    bool margin = ret_figures->multiplier > 1;
    ret_figures->initial_margin.nano = fit(margin ? gross / REGT_MULTIPLIER : gross);
    ret_figures->maintenance_margin.nano = fit(margin ? sums->maintenance : gross);
    ret_figures->shorting_enabled =
        margin && !account->no_shorting && !account->settings.no_shorting;
    power_of(account, sums, ret_figures);
}

void account_figures_of(const account_ledger *ledger, const ledger_account *account,
                        account_figures *ret_figures) {
    position_sums sums;
    sum_positions(ledger, account, &sums);
    figures_of_sums(account, &sums, ret_figures);
}

/* ---- orders -------------------------------------------------------------------------------- */

int64_t account_power_collar(int64_t price_nano) {
    return price_nano < COLLAR_CHEAP_NANO ? COLLAR_CHEAP_FACTOR_NANO : COLLAR_NANO;
}

int64_t account_power_ask(const account_ledger *ledger, tw_symbol symbol) {
    tw_quote quote;
    floor_quote(ledger->floor, symbol, &quote);
    return quote.ask_size.nano > 0 ? quote.ask_price.nano : floor_price(ledger->floor, symbol).nano;
}

tw_status account_power_price(const account_ledger *ledger, const power_order *order,
                              int64_t *ret_nano, ledger_refusal *ret_refusal) {
    int64_t price = order->limit_nano;
    tw_status status = TW_OK;
    if (order->side == TW_SIDE_BUY && price == 0) {
        int64_t bare =
            order->stop_nano > 0 ? order->stop_nano : account_power_ask(ledger, order->symbol);
        status = tw_decimal_multiply(bare, account_power_collar(bare), TW_ROUND_CEILING, &price);
    } else if (order->side == TW_SIDE_SELL) {
        int64_t raised = 0;
        status = tw_decimal_multiply(account_power_ask(ledger, order->symbol), SHORT_FACTOR_NANO,
                                     TW_ROUND_CEILING, &raised);
        price = price > raised ? price : raised;
    }
    if (status != TW_OK || price <= 0)
        return refuse(ret_refusal, 422, CODE_RULE, "no price for %s",
                      tw_symbols_name(ledger->symbols, order->symbol));
    *ret_nano = price;
    return TW_OK;
}

tw_quantity account_available(const ledger_holding *holding) {
    int64_t quantity = holding->quantity.nano;
    int64_t wanted = quantity > 0 ? holding->open_sells.nano : holding->open_buys.nano;
    int64_t whole = quantity > 0 ? quantity : -quantity;
    return (tw_quantity){whole > wanted ? whole - wanted : 0};
}

static tw_status decide_closing(const ledger_holding *holding, const power_order *order,
                                power_hold *hold, ledger_refusal *refusal) {
    int64_t available = account_available(holding).nano + order->replaced_quantity.nano;
    int64_t whole = holding->quantity.nano > 0 ? holding->quantity.nano : -holding->quantity.nano;
    if (available > whole)
        available = whole;
    if (order->quantity.nano > available) {
        char texts[4][TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(order->quantity.nano, texts[0]);
        tw_decimal_format(available, texts[1]);
        tw_decimal_format(whole, texts[2]);
        tw_decimal_format(whole - available, texts[3]);
        (void)refuse(refusal, 403, CODE_FUNDS,
                     "insufficient qty available for order (requested: %s, available: %s)",
                     texts[0], texts[1]);
        refusal_detail(refusal, "available", texts[1]);
        refusal_detail(refusal, "existing_qty", texts[2]);
        refusal_detail(refusal, "held_for_orders", texts[3]);
        return TW_REFUSED;
    }
    hold->shares = true;
    hold->held_nano = order->quantity.nano;
    return TW_OK;
}

static tw_status check_short(const account_ledger *ledger, const account_figures *figures,
                             const power_order *order, ledger_refusal *refusal) {
    if (!figures->shorting_enabled)
        return refuse(refusal, 403, CODE_FUNDS, "account is not allowed to short");
    if (order->quantity.nano % TW_NANO != 0)
        return refuse(refusal, 422, CODE_RULE, "fractional orders cannot be sold short");
    if (ledger_is_hard_to_borrow(ledger, order->symbol))
        return refuse(refusal, 422, CODE_RULE, "asset \"%s\" cannot be sold short",
                      tw_symbols_name(ledger->symbols, order->symbol));
    return TW_OK;
}

static tw_status refuse_cost(const account_figures *figures, const power_order *order,
                             const power_hold *hold, ledger_refusal *refusal) {
    char text[TW_DECIMAL_TEXT_SIZE];
    (void)refuse(refusal, 403, CODE_FUNDS, "insufficient buying power");
    tw_decimal_format(figures->buying_power.nano, text);
    refusal_detail(refusal, "buying_power", text);
    bool known =
        order->quantity.nano < TW_ALPACA_AMOUNT_NANO_MAX && hold->held_nano < VALUE_BEYOND_NANO;
    tw_decimal_format(hold->held_nano, text);
    if (known)
        refusal_detail(refusal, "cost_basis", text);
    return TW_REFUSED;
}

static tw_status refuse_day_trading(const account_figures *figures, ledger_refusal *refusal) {
    char text[TW_DECIMAL_TEXT_SIZE];
    (void)refuse(refusal, 403, CODE_FUNDS, "insufficient day trading buying power");
    tw_decimal_format(figures->daytrading_buying_power.nano, text);
    refusal_detail(refusal, "daytrading_buying_power", text);
    return TW_REFUSED;
}

/* What the account may spend beyond what an order that is replaced holds. */
static tw_status decide_opening(const account_ledger *ledger, const ledger_account *account,
                                const power_order *order, power_hold *hold,
                                ledger_refusal *refusal) {
    account_figures figures;
    account_figures_of(ledger, account, &figures);
    if (order->side == TW_SIDE_SELL) {
        tw_status status = check_short(ledger, &figures, order, refusal);
        if (status != TW_OK)
            return status;
    }
    int64_t wanted = hold->held_nano - order->replaced_money.nano;
    if (wanted > figures.buying_power.nano)
        return refuse_cost(&figures, order, hold, refusal);
    bool checked = figures.multiplier == ACCOUNT_MULTIPLIER_MAX &&
                   account->settings.dtbp_check != ACCOUNT_CHECK_EXIT;
    return checked && wanted > figures.daytrading_buying_power.nano
               ? refuse_day_trading(&figures, refusal)
               : TW_OK;
}

/* More was opened today than the day began with power for: closing it would be a day-trading margin
 * call. */
static tw_status check_exit(const account_ledger *ledger, const ledger_account *account,
                            const power_order *order, ledger_refusal *refusal) {
    account_figures figures;
    position_sums sums;
    if (account->settings.dtbp_check == ACCOUNT_CHECK_ENTRY ||
        !account->holdings[order->symbol].opened_today)
        return TW_OK;
    sum_positions(ledger, account, &sums);
    figures_of_sums(account, &sums, &figures);
    return figures.multiplier == ACCOUNT_MULTIPLIER_MAX &&
                   opened_today(account, &sums) > day_trading_start(account)
               ? refuse_day_trading(&figures, refusal)
               : TW_OK;
}

static tw_status check_settings(const ledger_account *account, const power_order *order,
                                ledger_refusal *refusal) {
    const account_settings *settings = &account->settings;
    if (settings->suspend_trade)
        return refuse(refusal, 403, CODE_FUNDS, "new orders are rejected by user request");
    if (!settings->fractional_trading && order->quantity.nano % TW_NANO != 0)
        return refuse(refusal, 403, CODE_FUNDS,
                      "account is not allowed to trade fractional quantities");
    return TW_OK;
}

tw_status account_power_decide(const account_ledger *ledger, const ledger_account *account,
                               const power_order *order, int64_t price_nano, power_hold *ret_hold,
                               ledger_refusal *ret_refusal) {
    TW_ASSERT(order->quantity.nano > 0 && price_nano > 0);
    const ledger_holding *holding = &account->holdings[order->symbol];
    tw_status status = check_settings(account, order, ret_refusal);
    if (status != TW_OK)
        return status;
    *ret_hold = (power_hold){.price_nano = price_nano};
    bool fits = tw_decimal_multiply(price_nano, order->quantity.nano, TW_ROUND_CEILING,
                                    &ret_hold->held_nano) == TW_OK;
    if (!fits)
        ret_hold->held_nano = VALUE_BEYOND_NANO;
    bool closes =
        order->side == TW_SIDE_SELL ? holding->quantity.nano > 0 : holding->quantity.nano < 0;
    if (!closes)
        return decide_opening(ledger, account, order, ret_hold, ret_refusal);
    status = decide_closing(holding, order, ret_hold, ret_refusal);
    if (status == TW_OK)
        status = check_exit(ledger, account, order, ret_refusal);
    return status == TW_OK && !fits
               ? refuse(ret_refusal, 422, CODE_REQUEST, "order value is out of range")
               : status;
}
