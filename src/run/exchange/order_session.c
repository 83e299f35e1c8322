/*
 * order_session.c - orders and the hours of the day.
 *
 *     regular session          every order may trade
 *     before and after it      those for extended hours (day and gtc limit orders)
 *     closed                   none
 *     always open              every order, at any hour
 *     gathering for an auction those that are for it
 *     halted                   none that comes now; who is on the floor stays there
 *
 * Who may not trade waits with the ledger and is sent to the floor when his time comes, in the
 * order in which the orders were given; who may not trade any more is taken off the floor. A day
 * order ends with the session in which it could have traded, a gtc order with the session of the
 * 90th day after it came. Orders for the opening (opg) and for the close (cls) are sent when orders
 * gather for its auction (floor_auction.c); what they cannot have there is cancelled by it, or here
 * where there was none.
 *
 * Source: Alpaca's page "Orders at Alpaca", sections on time in force and extended hours.
 */
#include "ledger_priv.h"
#include "session.h"

enum { GTC_DAYS = 90 };

/* Whether an order may stand on the floor at this hour. */
static bool is_its_hour(const account_ledger *ledger, const ledger_order *order) {
    if (order->order.time_in_force == TW_AT_OPEN)
        return floor_gathering(ledger->floor) == TW_MATCH_OPENING;
    if (order->order.time_in_force == TW_AT_CLOSE)
        return floor_gathering(ledger->floor) == TW_MATCH_CLOSING;
    return floor_is_open(ledger->floor) ||
           (order->order.extended_hours != 0 && floor_phase(ledger->floor) != SESSION_CLOSED);
}

bool order_may_trade(const account_ledger *ledger, const ledger_order *order) {
    return is_its_hour(ledger, order) && !floor_is_halted(ledger->floor, order->order.symbol);
}

/* The end of after hours of this trading day, or of the next. */
static int64_t next_evening_end(int64_t now_ns) {
    int64_t day = session_day_of(now_ns);
    session_hours hours;
    if (!session_hours_of(day, &hours) || now_ns >= hours.end_ns) {
        bool trades = session_hours_of(session_next_trading_day(day), &hours);
        TW_ASSERT(trades);
    }
    return hours.end_ns;
}

int64_t order_expiry(const account_ledger *ledger, const tw_order *order) {
    int64_t now_ns = floor_now(ledger->floor);
    if (order->time_in_force == TW_DAY)
        return order->extended_hours != 0 ? next_evening_end(now_ns) : session_next_close(now_ns);
    if (order->time_in_force == TW_GOOD_TILL_CANCELED)
        return session_next_close(session_time_of(session_day_of(now_ns) + GTC_DAYS, 0, 0));
    return 0;
}

/* ---- hours in which orders for the auctions are not taken ----------------------------------- */

static const int32_t NEW_DAY_HOUR = 19; /* from then on they are for the next day */

tw_status order_hours_check(const account_ledger *ledger, tw_time_in_force time_in_force,
                            ledger_refusal *ret_refusal) {
    int64_t now_ns = floor_now(ledger->floor);
    int64_t day = session_day_of(now_ns);
    session_hours hours;
    bool at_open = time_in_force == TW_AT_OPEN;
    if ((!at_open && time_in_force != TW_AT_CLOSE) || !session_hours_of(day, &hours))
        return TW_OK;
    int64_t last_ns =
        at_open ? hours.open_ns - 2 * TW_NS_PER_MINUTE : hours.close_ns - 10 * TW_NS_PER_MINUTE;
    if (now_ns <= last_ns || now_ns >= session_time_of(day, NEW_DAY_HOUR, 0))
        return TW_OK;
    return refuse(ret_refusal, 422, CODE_RULE,
                  "%s orders must be submitted after 7:00pm and before %s", at_open ? "opg" : "cls",
                  at_open ? "9:28am" : "3:50pm");
}

/* ---- phases -------------------------------------------------------------------------------- */

/* A market buy that waited is held at the price of then; it goes at that of now if the account can
 * afford it. */
static void price_anew(account_ledger *ledger, ledger_order *order) {
    power_hold hold;
    ledger_refusal refusal;
    if (order->order.type != TW_ORDER_MARKET || order->order.side != TW_SIDE_BUY ||
        order_gate_funds(ledger, order_account(ledger, order), order, order, &hold, &refusal) !=
            TW_OK ||
        hold.shares != order->holds_shares)
        return;
    order->reserve_price_nano = hold.price_nano;
    order_reserve(ledger, order);
}

/* Legs go with their entry while it lives, and the second of two legs with the first. */
static bool goes_first(const account_ledger *ledger, const ledger_order *order) {
    if (order->parent == 0)
        return true;
    const ledger_order *parent = &ledger->orders[order->parent - 1];
    return !order_is_live(parent) && !order->passive;
}

static bool is_due(const account_ledger *ledger, const ledger_order *order) {
    return order->expires_ns != 0 && order->expires_ns <= floor_now(ledger->floor);
}

static bool is_for(const ledger_order *order, tw_match_auction kind) {
    return order->order.time_in_force == (kind == TW_MATCH_OPENING ? TW_AT_OPEN : TW_AT_CLOSE);
}

/* The auction that it was for is over, and has left it alone. */
static bool was_passed_over(const ledger_order *order, session_phase phase) {
    return order->place == ORDER_ON_FLOOR &&
           ((phase == SESSION_REGULAR && is_for(order, TW_MATCH_OPENING)) ||
            (phase == SESSION_AFTER_HOURS && is_for(order, TW_MATCH_CLOSING)));
}

static bool must_leave(const account_ledger *ledger, const ledger_order *order) {
    return order->place == ORDER_ON_FLOOR && !is_its_hour(ledger, order);
}

static void send_from_waiting(account_ledger *ledger, ledger_order *order) {
    price_anew(ledger, order);
    order_send(ledger, order);
}

void ledger_on_gathering(account_ledger *ledger, tw_match_auction kind) {
    TW_ASSERT(floor_gathering(ledger->floor) == (int)kind);
    for (uint32_t i = 0; i < ledger->order_count; i++) {
        ledger_order *order = &ledger->orders[i];
        if (order_is_live(order) && order->place == ORDER_WAITS && is_for(order, kind))
            send_from_waiting(ledger, order);
    }
}

/* ---- halts --------------------------------------------------------------------------------- */

/* Whether it takes part in the auction after a halt: it has no group, and need not trade at once.
 */
static bool may_reopen(const account_ledger *ledger, const ledger_order *order) {
    uint8_t time_in_force = order->order.time_in_force;
    return order->group == ORDER_SIMPLE && order->parent == 0 &&
           (time_in_force == TW_DAY || time_in_force == TW_GOOD_TILL_CANCELED) &&
           is_its_hour(ledger, order);
}

/* What an order for the market had left in the auction does not stay behind it. */
static void step_resume(account_ledger *ledger, ledger_order *order) {
    bool at_market = order->order.type == TW_ORDER_MARKET && order->group == ORDER_SIMPLE &&
                     order->parent == 0 && order->order.time_in_force <= TW_GOOD_TILL_CANCELED;
    if (order->place == ORDER_WAITS && order_may_trade(ledger, order))
        send_from_waiting(ledger, order);
    else if (order->place == ORDER_ON_FLOOR && at_market)
        order_withdraw(ledger, order, WITHDRAW_TO_CANCEL);
}

void ledger_on_halt(account_ledger *ledger, tw_symbol symbol, floor_halt_step step) {
    for (uint32_t i = 0; i < ledger->order_count && step != FLOOR_HALTED; i++) {
        ledger_order *order = &ledger->orders[i];
        if (order->order.symbol != symbol || !order_is_live(order) || !goes_first(ledger, order))
            continue;
        if (step == FLOOR_RESUMED)
            step_resume(ledger, order);
        else if (order->place == ORDER_WAITS && may_reopen(ledger, order))
            send_from_waiting(ledger, order);
    }
}

/* ---- phases of the day --------------------------------------------------------------------- */

typedef void (*session_step)(account_ledger *ledger, ledger_order *order, session_phase phase);

static void step_leave(account_ledger *ledger, ledger_order *order, session_phase phase) {
    if (is_due(ledger, order))
        order_withdraw(ledger, order, WITHDRAW_TO_EXPIRE);
    else if (was_passed_over(order, phase))
        order_withdraw(ledger, order, WITHDRAW_TO_CANCEL);
    else if (must_leave(ledger, order))
        order_withdraw(ledger, order, WITHDRAW_TO_WAIT);
}

static void step_enter(account_ledger *ledger, ledger_order *order, session_phase phase) {
    (void)phase;
    if (order->place == ORDER_WAITS && order_may_trade(ledger, order))
        send_from_waiting(ledger, order);
}

void ledger_on_phase(account_ledger *ledger, session_phase phase) {
    static const session_step steps[] = {step_leave, step_enter};
    ledger_turn_day(ledger);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        for (uint32_t i = 0; i < ledger->order_count; i++) {
            ledger_order *order = &ledger->orders[i];
            if (order_is_live(order) && goes_first(ledger, order))
                steps[s](ledger, order, phase);
        }
    }
    account_day_phase(ledger);
}
