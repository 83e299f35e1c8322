/*
 * model_day_trades.c - the day of an account, beside one that is reckoned anew from its fills.
 *
 * Random orders, cancels and spans of time over weeks, on an account that is free of the rule of
 * day trading and on one that is not. After each step the slow account walks the list of all fills
 * from the first one: what was a day trade, who is flagged, cash, shares, and what all was worth at
 * a minute of the past. And before each order it says, from the list of orders, whether the rule
 * denies it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "day_trades.h"
#include "exchange_desk.h"
#include "ledger_priv.h"

enum { SYMBOLS = 3, STEPS = 700, DAYS_MAX = 512, ORDERS_MAX = 4096 };

static trading_desk desk;
static tw_random chance;

static uint64_t below(uint64_t limit) {
    return tw_random_below(&chance, limit);
}

/* ---- the slow account ---- */

typedef struct slow_account {
    int64_t day; /* of the fill before */
    int64_t shares[SYMBOLS];
    bool opened[SYMBOLS];
    int64_t cash;
    int64_t days[DAYS_MAX]; /* trading days on which it traded */
    uint32_t day_trades[DAYS_MAX];
    uint32_t trades[DAYS_MAX];
    uint32_t day_count;
    int64_t traded_on[ORDERS_MAX]; /* the newest day on which an order traded */
    bool flagged;
} slow_account;

static slow_account slow;

static int64_t day_of(int64_t time_ns) {
    int64_t day = session_day_of(time_ns);
    while (!session_is_trading_day(day))
        day++;
    return day;
}

/* Sums of the trading day `day` and the four before. */
static void sums(int64_t day, uint32_t *ret_day_trades, uint32_t *ret_trades) {
    int64_t from = day;
    for (int i = 0; i < 4; i++)
        do
            from--;
        while (!session_is_trading_day(from));
    *ret_day_trades = 0;
    *ret_trades = 0;
    for (uint32_t i = 0; i < slow.day_count; i++) {
        if (slow.days[i] < from || slow.days[i] > day)
            continue;
        *ret_day_trades += slow.day_trades[i];
        *ret_trades += slow.trades[i];
    }
}

static void take_fill(const account_activity *fill) {
    int64_t day = day_of(fill->time_ns);
    int64_t shares = fill->side == TW_SIDE_BUY ? fill->quantity_nano : -fill->quantity_nano;
    if (day != slow.day) {
        slow.day = day;
        memset(slow.opened, 0, sizeof slow.opened);
        slow.days[slow.day_count++] = day;
    }
    uint32_t today = slow.day_count - 1;
    if (slow.traded_on[fill->order_index] != day)
        slow.trades[today]++;
    slow.traded_on[fill->order_index] = day;
    bool opens = slow.shares[fill->symbol] == 0 || (slow.shares[fill->symbol] > 0) == (shares > 0);
    if (!opens && slow.opened[fill->symbol]) {
        uint32_t day_trades = 0;
        uint32_t trades = 0;
        slow.day_trades[today]++;
        sums(day, &day_trades, &trades);
        slow.flagged = slow.flagged || (day_trades >= 4 && day_trades * 100 > trades * 6);
    }
    slow.opened[fill->symbol] = opens;
    slow.shares[fill->symbol] += shares;
    int64_t value = desk_value(fill->price_nano, fill->quantity_nano);
    slow.cash += shares > 0 ? -value : value;
}

static void reckon(int64_t cash) {
    const activity_log *log = ledger_activities(desk.ledger);
    uint64_t first = 0;
    uint64_t end = 0;
    memset(&slow, 0, sizeof slow);
    slow.cash = cash;
    activity_log_range(log, &first, &end);
    assert_int_equal(first, 1);
    for (; first < end; first++) {
        const account_activity *activity = activity_log_at(log, first);
        if (activity->kind == ACTIVITY_FILL && activity->account == 0)
            take_fill(activity);
    }
    if (slow.day != ledger_day(desk.ledger))
        memset(slow.opened, 0, sizeof slow.opened);
}

static void compare(int64_t cash) {
    uint32_t day_trades = 0;
    uint32_t trades = 0;
    ledger_turn_day(desk.ledger);
    reckon(cash);
    sums(ledger_day(desk.ledger), &day_trades, &trades);
    assert_int_equal(day_trades_count(desk.ledger, desk.account), day_trades);
    assert_int_equal(day_trades_flagged(desk.ledger, desk.account), slow.flagged);
    for (uint32_t i = 0; i < DAY_TRADE_DAYS; i++) {
        const day_trade_tally *tally = &desk.account->tallies[i];
        if (slow.day_count > 0 && tally->day == slow.day)
            assert_int_equal(tally->trades, slow.trades[slow.day_count - 1]);
    }
    assert_int_equal(desk.account->cash.nano, slow.cash);
    assert_int_equal(desk.cash_nano, slow.cash);
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        assert_int_equal(desk.account->holdings[s].quantity.nano, slow.shares[s]);
        assert_int_equal(desk.account->holdings[s].opened_today, slow.opened[s]);
    }
}

/* ---- what the account was worth ---- */

/* A market that began at these prices, and the trades since: the newest up to a time, or before. */
static int64_t slow_price(tw_symbol symbol, int64_t time_ns) {
    int64_t price = daily_history_last(desk.history, symbol).nano;
    for (uint32_t i = 0; i < desk.trade_count && desk.trades[i].time_ns < time_ns; i++)
        if (desk.trades[i].symbol == symbol)
            price = desk.trades[i].price.nano;
    return price;
}

static int64_t slow_equity(int64_t cash, int64_t time_ns) {
    const activity_log *log = ledger_activities(desk.ledger);
    int64_t shares[SYMBOLS] = {0};
    uint64_t number = 0;
    uint64_t end = 0;
    activity_log_range(log, &number, &end);
    for (; number < end; number++) {
        const account_activity *fill = activity_log_at(log, number);
        if (fill->kind != ACTIVITY_FILL || fill->account != 0 || fill->time_ns >= time_ns)
            continue;
        int64_t sign = fill->side == TW_SIDE_BUY ? 1 : -1;
        shares[fill->symbol] += sign * fill->quantity_nano;
        cash -= sign * desk_value(fill->price_nano, fill->quantity_nano);
    }
    for (tw_symbol s = 0; s < SYMBOLS; s++)
        cash += shares[s] / TW_NANO * slow_price(s, time_ns);
    return cash;
}

/* At any whole minute of the past; at the close with what the auction there did. */
static void compare_worth(int64_t cash) {
    int64_t minutes = (floor_now(desk.floor) - DESK_START_NS) / TW_NS_PER_MINUTE;
    if (minutes < 2)
        return;
    int64_t back = 1 + (int64_t)below(below(2) == 0 ? 2 : (uint64_t)minutes - 1);
    int64_t time_ns = DESK_START_NS + (minutes - back) * TW_NS_PER_MINUTE;
    session_hours hours;
    bool at_close = below(4) == 0 && session_hours_of(session_day_of(time_ns), &hours) &&
                    hours.close_ns < floor_now(desk.floor);
    if (at_close)
        time_ns = hours.close_ns;
    assert_int_equal(ledger_equity_at(desk.ledger, desk.account, time_ns).nano,
                     slow_equity(cash, at_close ? time_ns + 1 : time_ns));
}

/* ---- what the rule says of an order ---- */

/* Whether orders of a symbol are open that open a position, and such that close one. */
static void open_orders(tw_symbol symbol, bool *ret_opens, bool *ret_closes) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    *ret_opens = false;
    *ret_closes = false;
    for (uint32_t i = 0; i < count; i++) {
        const ledger_order *order = &orders[i];
        if (order->account != 0 || order->order.symbol != symbol || !order_is_live(order))
            continue;
        bool buys = order->order.side == TW_SIDE_BUY;
        bool against = buys ? slow.shares[symbol] < 0 : slow.shares[symbol] > 0;
        *(against ? ret_closes : ret_opens) = true;
    }
}

static bool denies(tw_symbol symbol, tw_side side) {
    uint32_t made = 0;
    uint32_t trades = 0;
    bool closes = side == TW_SIDE_BUY ? slow.shares[symbol] < 0 : slow.shares[symbol] > 0;
    uint8_t check = desk.account->settings.pdt_check;
    if (desk.account->last_equity.nano >= 25000 * TW_NANO)
        return false;
    sums(ledger_day(desk.ledger), &made, &trades);
    uint32_t before = made; /* with what open orders could make ... */
    uint32_t after = made;  /* ... and with this one among them */
    bool completes = false;
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        bool opening = false;
        bool closing = false;
        open_orders(s, &opening, &closing);
        opening = opening || slow.opened[s];
        before += opening && closing;
        if (s == symbol) {
            opening = opening || !closes;
            closing = closing || closes;
            completes = opening && closing;
        }
        after += opening && closing;
    }
    bool entry = !closes && before >= 3 && check != ACCOUNT_CHECK_EXIT;
    bool exit = completes && after >= 4 && check != ACCOUNT_CHECK_ENTRY;
    return entry || exit;
}

/* ---- steps ---- */

static uint32_t denied_count;
static uint32_t taken_count;

static void order_at_random(void) {
    static const char *const names[SYMBOLS] = {"AAA", "BBB", "CCC"};
    tw_symbol symbol = (tw_symbol)below(SYMBOLS);
    tw_side side = below(2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    int64_t price = floor_price(desk.floor, symbol).nano;
    int64_t limit = 0;
    if (below(3) == 0) /* waits for the market to come, or for ever */
        limit = (price + price / 10000 * ((int64_t)below(400) - 200)) / 10000000 * 10000000;
    int64_t shares = below(8) == 0 ? 300 : 1 + (int64_t)below(4); /* many may fill the same */
    tw_alpaca_order_request request = desk_request(names[symbol], side, shares * TW_NANO, limit);
    if (below(2) == 0)
        request.time_in_force = TW_GOOD_TILL_CANCELED;
    bool expected = denies(symbol, side);
    ledger_order order;
    ledger_refusal refusal = {0};
    tw_status status = ledger_submit(desk.ledger, desk.account, &request, &order, &refusal);
    bool denied = status == TW_REFUSED && refusal.code == 40310100;
    if (status == TW_OK || denied) /* else it was refused for another reason before */
        assert_int_equal(denied, expected);
    denied_count += denied;
    taken_count += status == TW_OK;
}

static void cancel_at_random(void) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    ledger_refusal refusal;
    if (count > 0)
        (void)!ledger_cancel(desk.ledger, &orders[below(count)], &refusal);
}

static void pass_time(void) {
    int64_t now_ns = floor_now(desk.floor);
    int64_t day = session_day_of(now_ns);
    tw_status status = TW_OK;
    if (below(6) == 0)
        status = floor_jump(desk.floor, session_time_of(day + 1 + (int64_t)below(3), 10, 0), NULL);
    else
        status = floor_advance(desk.floor, now_ns + (int64_t)below(20 * TW_NS_PER_SECOND),
                               UINT64_MAX, NULL);
    assert_int_equal(status, TW_OK);
}

static void live(uint64_t seed, int64_t dollars, bool always_open) {
    desk_config config = {.symbols = "AAA,BBB,CCC",
                          .seed = seed,
                          .cash = {dollars * TW_NANO},
                          .multiplier_max = 4,
                          .always_open = always_open};
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
    tw_random_init(&chance, seed, 0);
    compare(config.cash.nano);
    for (int i = 0; i < STEPS; i++) {
        desk.updates[0] = '\0';
        desk.phases[0] = '\0';
        switch (below(8)) {
        case 0:
            cancel_at_random();
            break;
        case 1:
            pass_time();
            break;
        case 2:
            desk.account->settings.pdt_check = (uint8_t)below(ACCOUNT_CHECK_COUNT);
            break;
        default:
            order_at_random();
            break;
        }
        compare(config.cash.nano);
        compare_worth(config.cash.nano);
    }
    assert_true(desk.trade_count < DESK_TRADE_COUNT_MAX);
    ledger_check(desk.ledger);
    desk_close(&desk);
}

static void a_rich_account_is_as_its_fills_make_it(void **state) {
    (void)state;
    taken_count = 0;
    live(1, 1000000, false);
    live(2, 1000000, true);
    assert_true(slow.flagged && taken_count > 200);
}

static void a_poor_account_is_denied_as_the_rule_says(void **state) {
    (void)state;
    denied_count = 0;
    taken_count = 0;
    live(3, 20000, false);
    live(4, 24000, false);
    live(5, 20000, true);
    assert_true(denied_count > 50 && taken_count > 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rich_account_is_as_its_fills_make_it),
        cmocka_unit_test(a_poor_account_is_denied_as_the_rule_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
