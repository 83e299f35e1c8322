/* account_fill.c - what a fill leaves behind in the account beside cash and shares: its activity.
 */
#include <string.h>

#include "holding.h"
#include "ledger_priv.h"

void account_move(account_ledger *ledger, ledger_order *order, int64_t quantity_nano,
                  int64_t value_nano) {
    ledger_account *account = &ledger->accounts[order->account];
    ledger_holding *holding = &account->holdings[order->order.symbol];
    day_trades_note(ledger, order, quantity_nano);
    order->filled_day = ledger->day.day;
    account->traded.nano += holding_opened(holding, quantity_nano, value_nano);
    holding_move(holding, quantity_nano, value_nano);
    account_note_holding(ledger, account, order->order.symbol);
}

void account_note_fill(account_ledger *ledger, const ledger_update *update) {
    const tw_order *order = &update->order->order;
    account_activity fill = {.time_ns = update->time_ns,
                             .price_nano = update->price.nano,
                             .quantity_nano = update->quantity.nano,
                             .cumulative_nano = order->filled.nano,
                             .leaves_nano = order->quantity.nano - order->filled.nano,
                             .account = update->order->account,
                             .order_index = (uint32_t)(update->order - ledger->orders),
                             .symbol = order->symbol,
                             .kind = ACTIVITY_FILL,
                             .side = order->side};
    memcpy(fill.uuid, update->execution_id, sizeof fill.uuid);
    activity_log_put(ledger->activities, &fill);
}
