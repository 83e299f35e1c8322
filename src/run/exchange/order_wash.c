/*
 * order_wash.c - an order that could trade with an open order of its own account is refused.
 *
 *     open order          new order on the other side   refused
 *     limit, stop_limit   limit, stop_limit             if the buy's limit reaches the sell's
 *     any other           any other                     always
 *
 * Trailing stops and orders of a group are neither refused nor looked at; where such a one meets an
 * order of its account on the floor, the newer is cancelled (floor.c).
 *
 * Cost: nothing where the account has no open order on the other side; else a walk over the newest
 * orders back to the oldest of those.
 *
 * Source: Alpaca's page "User Protection", section on wash trades, and recorded refusals.
 */
#include "ledger_priv.h"

static bool is_limited(const tw_order *order) {
    return order->type == TW_ORDER_LIMIT || order->type == TW_ORDER_STOP_LIMIT;
}

static bool is_exempt(const ledger_order *order) {
    return order->group != ORDER_SIMPLE || order->order.type == TW_ORDER_TRAILING_STOP;
}

static bool could_trade(const tw_order *a, const tw_order *b) {
    const tw_order *buy = a->side == TW_SIDE_BUY ? a : b;
    const tw_order *sell = a->side == TW_SIDE_BUY ? b : a;
    return !is_limited(a) || !is_limited(b) || buy->limit_price.nano >= sell->limit_price.nano;
}

static tw_status refuse_wash(const tw_order *open, ledger_refusal *refusal) {
    (void)refuse(refusal, 403, CODE_FUNDS, "potential wash trade detected. use complex orders");
    refusal_detail(refusal, "existing_order_id", open->venue_order_id);
    refusal_detail(refusal, "reject_reason",
                   is_limited(open) ? "opposite side limit order exists"
                                    : "opposite side market/stop order exists");
    return TW_REFUSED;
}

/* Every open order that is looked at is counted in its holding (ledger.h, invariant 4), so the walk
 * ends when it has met as much as is open. */
tw_status order_wash_check(const account_ledger *ledger, const ledger_account *account,
                           const ledger_order *order, ledger_refusal *ret_refusal) {
    const ledger_holding *holding = &account->holdings[order->order.symbol];
    bool buys = order->order.side == TW_SIDE_BUY;
    int64_t open_nano = buys ? holding->open_sells.nano : holding->open_buys.nano;
    if (is_exempt(order))
        return TW_OK;
    for (uint32_t i = ledger->order_count; i > 0 && open_nano > 0; i--) {
        const ledger_order *open = &ledger->orders[i - 1];
        if (open->counted_nano == 0 || open->order.symbol != order->order.symbol ||
            open->order.side == order->order.side || !ledger_owns(ledger, account, open))
            continue;
        open_nano -= open->counted_nano;
        if (!is_exempt(open) && could_trade(&open->order, &order->order))
            return refuse_wash(&open->order, ret_refusal);
    }
    return TW_OK;
}
