/*
 * order_close.c - closing a position: a market order of the day the other way.
 *
 * Source: Alpaca's reference of DELETE /v2/positions/{symbol}: a quantity or a percentage of up to
 * nine decimals, or the whole.
 */
#include <stdio.h>

#include "ledger_priv.h"

static tw_status decide_quantity(const ledger_holding *holding, const ledger_closing *closing,
                                 int64_t *ret_nano, ledger_refusal *refusal) {
    int64_t whole = holding->quantity.nano < 0 ? -holding->quantity.nano : holding->quantity.nano;
    if (closing->quantity.nano != 0 && closing->percentage_nano != 0)
        return refuse(refusal, 422, CODE_REQUEST, "only one of qty or percentage is accepted");
    if (closing->quantity.nano < 0)
        return refuse(refusal, 422, CODE_REQUEST, "qty must be > 0");
    if (closing->percentage_nano < 0 || closing->percentage_nano > 100 * TW_NANO)
        return refuse(refusal, 422, CODE_REQUEST, "percentage must be > 0 and <= 100");
    *ret_nano = closing->quantity.nano != 0 ? closing->quantity.nano : whole;
    if (closing->percentage_nano == 0)
        return TW_OK;
    tw_status status =
        tw_decimal_multiply(whole, closing->percentage_nano / 100, TW_ROUND_DOWN, ret_nano);
    if (status != TW_OK || *ret_nano == 0)
        return refuse(refusal, 422, CODE_REQUEST, "percentage is less than can be sold");
    return TW_OK;
}

tw_status ledger_close(account_ledger *ledger, ledger_account *account, tw_symbol symbol,
                       const ledger_closing *closing, ledger_order *ret_order,
                       ledger_refusal *ret_refusal) {
    TW_ASSERT(symbol < ledger->symbol_count);
    const ledger_holding *holding = &account->holdings[symbol];
    if (holding->quantity.nano == 0)
        return refuse(ret_refusal, 404, CODE_NOT_FOUND, "position does not exist");
    tw_alpaca_order_request request = {
        .side = holding->quantity.nano > 0 ? TW_SIDE_SELL : TW_SIDE_BUY,
        .type = TW_ORDER_MARKET,
        .time_in_force = TW_DAY,
        .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_SIDE) | TW_ALPACA_BIT(TW_ALPACA_REQUEST_TYPE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_TIME_IN_FORCE) |
                   TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY),
    };
    snprintf(request.symbol, sizeof request.symbol, "%s", tw_symbols_name(ledger->symbols, symbol));
    tw_status status = decide_quantity(holding, closing, &request.quantity.nano, ret_refusal);
    return status == TW_OK ? ledger_submit(ledger, account, &request, ret_order, ret_refusal)
                           : status;
}
