/*
 * model_order_life.c - the life of random orders: every kind, at any hour, replaced, cancelled,
 * closed, over days.
 *
 * After each step every order is held against what it was before the step (the diagram of ledger.h)
 * and against the matching engine; cash and shares against those that the desk keeps from the
 * trades alone; and everything against the invariants that ledger_check asserts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "ledger_priv.h"

enum { STEPS = 1000, ORDERS_MAX = 4096, SYMBOLS = 2 };

static const int64_t CENT = TW_NANO / 100;

typedef struct life {
    trading_desk desk;
    tw_random random;
    tw_order before[ORDERS_MAX]; /* each order as the last step left it */
    uint32_t count;
} life;

static life l;

static uint64_t below(uint64_t limit) {
    return tw_random_below(&l.random, limit);
}

static void set(tw_alpaca_order_request *request, tw_alpaca_request_field field) {
    request->present |= TW_ALPACA_BIT(field);
}

/* A price of whole cents, so many to so many hundredths of a percent of the market's. */
static tw_price priced(tw_symbol symbol, int64_t from, int64_t to) {
    int64_t market = floor_price(l.desk.floor, symbol).nano;
    int64_t part = from + (int64_t)below((uint64_t)(to - from + 1));
    return (tw_price){market / 10000 * part / CENT * CENT};
}

static tw_price near_market(tw_symbol symbol) {
    return below(4) == 0 ? priced(symbol, 9000, 11000) : priced(symbol, 9950, 10050);
}

/* ---- steps ---- */

static void give_prices(tw_alpaca_order_request *request, tw_symbol symbol) {
    bool limited = request->type == TW_ORDER_LIMIT || request->type == TW_ORDER_STOP_LIMIT;
    bool stops = request->type == TW_ORDER_STOP || request->type == TW_ORDER_STOP_LIMIT;
    request->limit_price = limited ? near_market(symbol) : (tw_price){0};
    request->stop_price = stops ? near_market(symbol) : (tw_price){0};
    if (limited)
        set(request, TW_ALPACA_REQUEST_LIMIT_PRICE);
    if (stops)
        set(request, TW_ALPACA_REQUEST_STOP_PRICE);
    if (request->type != TW_ORDER_TRAILING_STOP)
        return;
    if (below(2) == 0) {
        request->trail_price.nano = (1 + (int64_t)below(100)) * CENT;
        set(request, TW_ALPACA_REQUEST_TRAIL_PRICE);
    } else {
        request->trail_percent_nano = (1 + (int64_t)below(30)) * TW_NANO / 10;
        set(request, TW_ALPACA_REQUEST_TRAIL_PERCENT);
    }
}

/* Legs close enough to the market to be reached within minutes. */
static void give_group(tw_alpaca_order_request *request, tw_symbol symbol) {
    static const char *const classes[] = {"bracket", "oco", "oto"};
    uint64_t class = below(3);
    bool sells = class == 1 ? request->side == TW_SIDE_SELL : request->side == TW_SIDE_BUY;
    bool profit = class < 2 || below(2) == 0;
    snprintf(request->order_class, sizeof request->order_class, "%s", classes[class]);
    request->extended_hours = false;
    request->time_in_force = (uint8_t)below(2);
    if (class == 1 || (request->type != TW_ORDER_MARKET && below(2) == 0)) {
        request->type = TW_ORDER_LIMIT;
        request->present &= ~(TW_ALPACA_BIT(TW_ALPACA_REQUEST_TRAIL_PRICE) |
                              TW_ALPACA_BIT(TW_ALPACA_REQUEST_TRAIL_PERCENT));
        request->limit_price = priced(symbol, 9990, 10010);
        set(request, TW_ALPACA_REQUEST_LIMIT_PRICE);
        request->present &= ~TW_ALPACA_BIT(TW_ALPACA_REQUEST_STOP_PRICE);
    }
    if (profit) {
        request->take_profit_limit_price =
            sells ? priced(symbol, 10010, 10040) : priced(symbol, 9960, 9990);
        if (class == 1)
            request->limit_price = request->take_profit_limit_price;
        set(request, TW_ALPACA_REQUEST_TAKE_PROFIT);
    }
    if (profit && class == 2)
        return;
    request->stop_loss_stop_price =
        sells ? priced(symbol, 9960, 9990) : priced(symbol, 10010, 10040);
    set(request, TW_ALPACA_REQUEST_STOP_LOSS);
    if (below(4) == 0)
        request->stop_loss_limit_price = request->stop_loss_stop_price;
}

static void step_submit(void) {
    tw_symbol symbol = (tw_symbol)below(SYMBOLS);
    tw_side side = below(5) < 3 ? TW_SIDE_BUY : TW_SIDE_SELL;
    int64_t quantity = (1 + (int64_t)below(20)) * (below(2) == 0 ? 50 : 1) * TW_NANO;
    if (below(10) == 0)
        quantity += (int64_t)below(TW_NANO);
    tw_alpaca_order_request request =
        desk_request(tw_symbols_name(l.desk.symbols, symbol), side, quantity, 0);
    ledger_order order;
    ledger_refusal refusal;
    request.type = (uint8_t)below(5);
    request.time_in_force = (uint8_t)(below(3) == 0 ? below(6) : below(2));
    give_prices(&request, symbol);
    request.extended_hours = request.type == TW_ORDER_LIMIT && below(4) == 0;
    if (below(2) == 0)
        give_group(&request, symbol);
    tw_status status = ledger_submit(l.desk.ledger, l.desk.account, &request, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
}

static const ledger_order *any_order(void) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(l.desk.ledger, &count);
    return count == 0 ? NULL : &orders[count - 1 - below(count < 40 ? count : 40)];
}

static void step_cancel(void) {
    const ledger_order *order = any_order();
    ledger_refusal refusal;
    if (order == NULL)
        return;
    bool live = order_is_live(order) && !order_is_pending(order);
    assert_int_equal(ledger_cancel(l.desk.ledger, order, &refusal), live ? TW_OK : TW_REFUSED);
    assert_true(!order_is_live(order) || order_is_pending(order));
}

static void step_replace(void) {
    const ledger_order *order = any_order();
    tw_alpaca_order_request changes = {0};
    ledger_order next;
    ledger_refusal refusal;
    if (order == NULL)
        return;
    if (below(2) == 0) {
        changes.quantity.nano = (1 + (int64_t)below(20)) * TW_NANO;
        set(&changes, TW_ALPACA_REQUEST_QTY);
    }
    if (order->order.limit_price.nano != 0) {
        changes.limit_price = near_market(order->order.symbol);
        set(&changes, TW_ALPACA_REQUEST_LIMIT_PRICE);
    }
    if (order->order.type == TW_ORDER_TRAILING_STOP) {
        changes.trail.nano = (1 + (int64_t)below(100)) * CENT;
        set(&changes, TW_ALPACA_REQUEST_TRAIL);
    } else if (order->order.stop_price.nano != 0 && below(2) == 0) {
        changes.stop_price = near_market(order->order.symbol);
        set(&changes, TW_ALPACA_REQUEST_STOP_PRICE);
    }
    if (ledger_replace(l.desk.ledger, order, &changes, &next, &refusal) != TW_OK)
        return;
    assert_true(order->order.status == TW_ORDER_REPLACED ||
                order->order.status == TW_ORDER_PENDING_REPLACE);
    assert_ptr_equal(ledger_order_at(l.desk.ledger, next.replaces), order);
}

static void step_close(void) {
    ledger_closing closing = {.percentage_nano = (1 + (int64_t)below(100)) * TW_NANO};
    ledger_order order;
    ledger_refusal refusal;
    tw_status status = ledger_close(l.desk.ledger, l.desk.account, (tw_symbol)below(SYMBOLS),
                                    &closing, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
}

/* Mostly seconds; now and then to the next opening or close, over the night. */
static void step_time(void) {
    tw_error error = {0};
    int64_t now_ns = floor_now(l.desk.floor);
    tw_status status = TW_OK;
    if (below(12) > 0)
        desk_advance(&l.desk, now_ns + (int64_t)below(20 * TW_NS_PER_SECOND));
    else
        status = floor_jump(l.desk.floor,
                            below(2) == 0 ? session_next_open(now_ns) + TW_NS_PER_SECOND
                                          : session_next_close(now_ns) + TW_NS_PER_MINUTE,
                            &error);
    assert_int_equal(status, TW_OK);
    ledger_transit_arrive(l.desk.ledger, floor_now(l.desk.floor));
}

static void step_halt(void) {
    tw_symbol symbol = (tw_symbol)below(SYMBOLS);
    floor_halt(l.desk.floor, symbol, !floor_is_halted(l.desk.floor, symbol) && below(4) == 0);
}

/* ---- what must hold ---- */

/* A final order stays as it is; a live one goes the ways of the diagram. */
static void check_way(const tw_order *before, const ledger_order *order) {
    const tw_order *after = &order->order;
    assert_true(after->filled.nano >= before->filled.nano);
    assert_true(after->filled.nano <= after->quantity.nano);
    assert_true(after->updated_ns >= before->updated_ns);
    if (tw_order_status_is_final((tw_order_status)before->status)) {
        assert_int_equal(after->status, before->status);
        assert_int_equal(after->filled.nano, before->filled.nano);
        assert_int_equal(after->updated_ns, before->updated_ns);
        return;
    }
    if (before->status == TW_ORDER_NEW || before->status == TW_ORDER_PARTIALLY_FILLED)
        assert_true(after->status != TW_ORDER_PENDING_NEW && after->status != TW_ORDER_HELD);
    assert_int_equal(after->status == TW_ORDER_FILLED, after->filled.nano == after->quantity.nano);
    assert_int_equal(after->status == TW_ORDER_REPLACED, order->replaced_by != 0);
}

/* On the floor the matching engine has what is open of it; elsewhere it has nothing. */
static void check_place(const ledger_order *order) {
    tw_match_view view;
    bool there = tw_match_find(floor_match(l.desk.floor), order->order.symbol, order->match_id,
                               &view) == TW_OK;
    if (!order_is_live(order))
        return;
    assert_int_equal(there, order->place == ORDER_ON_FLOOR);
    if (there)
        assert_int_equal(view.quantity.nano, order->order.quantity.nano - order->order.filled.nano);
    if (order->parent == 0 && order->place != ORDER_ON_ITS_WAY &&
        !floor_is_halted(l.desk.floor, order->order.symbol))
        assert_int_equal(order->place == ORDER_ON_FLOOR, order_may_trade(l.desk.ledger, order));
}

/* Legs live no longer than one of them was filled, and together trade no more than their entry. */
static void check_group(const ledger_order *head) {
    const ledger_order *legs[LEDGER_LEG_COUNT_MAX];
    int64_t exits = head->group == ORDER_OCO ? head->order.filled.nano : 0;
    bool dead = head->order.status == TW_ORDER_CANCELED || head->order.status == TW_ORDER_EXPIRED ||
                head->order.status == TW_ORDER_REJECTED;
    int64_t most = head->order.quantity.nano;
    for (size_t i = 0; i < LEDGER_LEG_COUNT_MAX; i++) {
        legs[i] = ledger_order_at(l.desk.ledger, head->legs[i]);
        if (legs[i] == NULL)
            continue;
        assert_ptr_equal(ledger_order_at(l.desk.ledger, legs[i]->parent), head);
        exits += legs[i]->order.filled.nano;
        assert_false(dead && order_is_live(legs[i]));
        if (head->group != ORDER_OCO && order_is_live(head))
            assert_true(legs[i]->order.status == TW_ORDER_HELD ||
                        legs[i]->order.status == TW_ORDER_PENDING_CANCEL);
        bool leads = i == 0 && head->group != ORDER_OCO;
        int64_t open = order_is_live(legs[i]) && leads
                           ? legs[i]->order.quantity.nano - legs[i]->order.filled.nano
                           : 0;
        assert_true(legs[i]->reserved_nano <= open);
        if (head->order.status == TW_ORDER_FILLED) /* nobody can have sold what is to be sold */
            assert_int_equal(legs[i]->reserved_nano, open);
        if (legs[i]->order.quantity.nano > most)
            most = legs[i]->order.quantity.nano;
    }
    if (head->group == ORDER_BRACKET && head->replaces == 0 && legs[0]->replaces == 0 &&
        legs[1]->replaces == 0)
        assert_true(exits <= most);
    if (head->group == ORDER_BRACKET && legs[0]->order.status == TW_ORDER_FILLED)
        assert_false(order_is_live(legs[1]));
    if (head->group == ORDER_BRACKET && legs[1]->order.status == TW_ORDER_FILLED)
        assert_false(order_is_live(legs[0]));
}

static void check_step(void) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(l.desk.ledger, &count);
    assert_true(count <= ORDERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (i < l.count)
            check_way(&l.before[i], &orders[i]);
        check_place(&orders[i]);
        if (orders[i].legs[0] != 0)
            check_group(&orders[i]);
        l.before[i] = orders[i].order;
    }
    l.count = count;
    assert_int_equal(l.desk.account->cash.nano, l.desk.cash_nano);
    for (tw_symbol s = 0; s < SYMBOLS; s++)
        assert_int_equal(l.desk.account->holdings[s].quantity.nano, l.desk.shares_nano[s]);
    ledger_check(l.desk.ledger);
}

/* On every other walk half of the errands take up to two seconds. */
static int64_t some_delay(void *context) {
    (void)context;
    return below(2) == 0 ? 0 : (int64_t)below(2 * TW_NS_PER_SECOND);
}

static void walk(uint64_t seed) {
    static void (*const steps[])(void) = {step_submit, step_submit,  step_submit,
                                          step_cancel, step_replace, step_close,
                                          step_time,   step_time,    step_halt};
    const desk_config config = {.symbols = "AAA,BBB",
                                .seed = seed,
                                .cash = {2000000 * TW_NANO},
                                .order_count_max = ORDERS_MAX};
    tw_error error = {0};
    memset(&l, 0, sizeof l);
    tw_random_init(&l.random, seed, 7);
    assert_int_equal(desk_open(&l.desk, NULL, &config, &error), TW_OK);
    if (seed % 2 == 0)
        ledger_set_delay(l.desk.ledger, some_delay);
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[below(sizeof steps / sizeof steps[0])]();
        l.desk.updates[0] = '\0';
        l.desk.phases[0] = '\0';
        check_step();
    }
    tw_match_check(floor_match(l.desk.floor));
    desk_close(&l.desk);
}

static void random_orders_live_as_the_diagram_says(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        walk(seed);
}

static void every_kind_of_order_came_to_every_end(void **state) {
    (void)state;
    uint32_t ends[TW_ORDER_DONE_FOR_DAY + 1] = {0};
    uint32_t groups[4] = {0};
    uint32_t types[5] = {0};
    for (uint64_t seed = 7; seed <= 8; seed++) {
        const desk_config config = {.symbols = "AAA,BBB",
                                    .seed = seed,
                                    .cash = {2000000 * TW_NANO},
                                    .order_count_max = ORDERS_MAX};
        memset(&l, 0, sizeof l);
        tw_random_init(&l.random, seed, 7);
        assert_int_equal(desk_open(&l.desk, NULL, &config, NULL), TW_OK);
        for (uint32_t i = 0; i < STEPS; i++) {
            static void (*const steps[])(void) = {step_submit, step_submit, step_cancel,
                                                  step_replace, step_time};
            steps[below(sizeof steps / sizeof steps[0])]();
            l.desk.updates[0] = '\0';
            l.desk.phases[0] = '\0';
        }
        uint32_t count = 0;
        const ledger_order *orders = ledger_orders(l.desk.ledger, &count);
        for (uint32_t i = 0; i < count; i++) {
            ends[orders[i].order.status]++;
            groups[orders[i].group]++;
            types[orders[i].order.type]++;
        }
        desk_close(&l.desk);
    }
    assert_true(ends[TW_ORDER_FILLED] > 0 && ends[TW_ORDER_CANCELED] > 0);
    assert_true(ends[TW_ORDER_EXPIRED] > 0 && ends[TW_ORDER_REPLACED] > 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(groups[i] > 0);
    for (size_t i = 0; i < 5; i++)
        assert_true(types[i] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_orders_live_as_the_diagram_says),
        cmocka_unit_test(every_kind_of_order_came_to_every_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
