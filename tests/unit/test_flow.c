/* test_flow.c - what the agents of a symbol may do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow.h"
#include "tradewind/time.h"

enum { ACTS = 50000 };

static const int64_t START_NS = INT64_C(1767623400000000000);

static const tw_quote nothing = {0};

static void open_flow(order_flow *flow, tw_symbol symbol, uint64_t seed) {
    flow_init(flow, symbol, (tw_price){100 * TW_NANO}, seed, 20.0, START_NS);
    for (uint32_t i = 0; i < FLOW_OPENING_COUNT; i++) {
        flow_act act;
        flow_opening(flow, i, &act);
    }
}

static void the_opening_book_is_two_sided_and_uncrossed(void **state) {
    (void)state;
    order_flow flow;
    flow_init(&flow, 3, (tw_price){100 * TW_NANO}, 1, 20.0, START_NS);
    int64_t bid = 0;
    int64_t ask = INT64_MAX;
    for (uint32_t i = 0; i < FLOW_OPENING_COUNT; i++) {
        flow_act act;
        flow_opening(&flow, i, &act);
        assert_int_equal(act.kind, FLOW_SUBMIT);
        assert_int_equal(act.order.type, TW_ORDER_LIMIT);
        assert_int_equal(act.order.time_in_force, TW_DAY);
        assert_int_equal(act.order.symbol, 3);
        if (act.order.side == TW_SIDE_BUY && act.order.price.nano > bid)
            bid = act.order.price.nano;
        if (act.order.side == TW_SIDE_SELL && act.order.price.nano < ask)
            ask = act.order.price.nano;
    }
    assert_true(bid > 0 && bid < 100 * TW_NANO && ask > 100 * TW_NANO && ask < INT64_MAX);
}

static void the_same_seed_gives_the_same_acts(void **state) {
    (void)state;
    order_flow a, b, other_seed, other_symbol;
    open_flow(&a, 0, 5);
    open_flow(&b, 0, 5);
    open_flow(&other_seed, 0, 6);
    open_flow(&other_symbol, 1, 5);
    unsigned seed_differs = 0;
    unsigned symbol_differs = 0;
    for (int i = 0; i < 1000; i++) {
        flow_act x, y, z, u;
        flow_next(&a, &nothing, &x);
        flow_next(&b, &nothing, &y);
        flow_next(&other_seed, &nothing, &z);
        flow_next(&other_symbol, &nothing, &u);
        assert_int_equal(a.next_ns, b.next_ns);
        assert_int_equal(x.kind, y.kind);
        assert_int_equal(x.id, y.id);
        assert_memory_equal(&x.order, &y.order, sizeof x.order);
        seed_differs += a.next_ns != other_seed.next_ns;
        symbol_differs += a.next_ns != other_symbol.next_ns;
    }
    assert_true(seed_differs > 990 && symbol_differs > 990);
}

static void check_order(const tw_match_order *order, uint64_t previous_id, double fair) {
    assert_int_equal(order->id, previous_id + 1); /* new, and below the users' ids */
    assert_true(order->side == TW_SIDE_BUY || order->side == TW_SIDE_SELL);
    assert_int_equal(order->owner, 0);
    assert_true(order->quantity.nano > 0 && order->quantity.nano % TW_NANO == 0);
    assert_true(order->price.nano > 0 && order->price.nano % (TW_NANO / 100) == 0);
    double price = tw_decimal_to_double(order->price.nano);
    if (order->time_in_force == TW_IMMEDIATE_OR_CANCEL)
        assert_true(price < fair * 1.0501 && price > fair * 0.9489);
    else
        assert_int_equal(order->time_in_force, TW_DAY);
}

static void every_act_is_within_its_bounds(void **state) {
    (void)state;
    static bool cancelled[ACTS + FLOW_OPENING_COUNT + 2];
    memset(cancelled, 0, sizeof cancelled);
    order_flow flow;
    open_flow(&flow, 0, 11);
    uint64_t newest = FLOW_OPENING_COUNT;
    unsigned kinds[3] = {0};
    int64_t begin_ns = flow.next_ns;
    for (int i = 0; i < ACTS; i++) {
        int64_t before_ns = flow.next_ns;
        flow_act act;
        flow_next(&flow, &nothing, &act);
        assert_true(flow.next_ns > before_ns);
        assert_true(flow.live_count <= FLOW_LIVE_COUNT_MAX);
        if (act.kind == FLOW_SUBMIT) {
            check_order(&act.order, newest, flow.fair);
            newest = act.order.id;
            kinds[act.order.time_in_force == TW_DAY ? 0 : 1]++;
            continue;
        }
        assert_int_equal(act.kind, FLOW_CANCEL);
        assert_true(act.id >= 1 && act.id <= newest);
        assert_false(cancelled[act.id]); /* each order is cancelled once at most */
        cancelled[act.id] = true;
        kinds[2]++;
    }
    for (int i = 0; i < 3; i++)
        assert_true(kinds[i] > ACTS / 40);
    double mean_ns = (double)(flow.next_ns - begin_ns) / ACTS;
    assert_true(mean_ns > 0.85 * 50e6 && mean_ns < 1.15 * 50e6); /* 20 a second, in bursts */
}

static void no_limit_order_crosses_what_its_agent_sees(void **state) {
    (void)state;
    order_flow flow;
    open_flow(&flow, 0, 3);
    for (int i = 0; i < ACTS; i++) {
        double value = flow.fair * (0.999 + 0.002 * (i % 11) / 10.0); /* on either side of it */
        int64_t ticks = (int64_t)(value * 100.0);
        const tw_quote best = {.bid_price = {ticks * (TW_NANO / 100)},
                               .bid_size = {TW_NANO},
                               .ask_price = {(ticks + 2) * (TW_NANO / 100)},
                               .ask_size = {TW_NANO}};
        flow_act act;
        flow_next(&flow, &best, &act);
        if (act.kind != FLOW_SUBMIT || act.order.time_in_force != TW_DAY)
            continue;
        if (act.order.side == TW_SIDE_BUY)
            assert_true(act.order.price.nano < best.ask_price.nano);
        else
            assert_true(act.order.price.nano > best.bid_price.nano);
    }
}

static void what_is_mispriced_is_taken(void **state) {
    (void)state;
    order_flow flow;
    open_flow(&flow, 0, 3);
    const tw_quote cheap = {.ask_price = {50 * TW_NANO}, .ask_size = {TW_NANO}};
    unsigned bought = 0;
    for (int i = 0; i < 1000; i++) {
        flow_act act;
        flow_next(&flow, &cheap, &act);
        bought += act.kind == FLOW_SUBMIT && act.order.time_in_force == TW_IMMEDIATE_OR_CANCEL &&
                  act.order.side == TW_SIDE_BUY;
    }
    assert_true(bought > 200);
}

static void after_a_rest_all_orders_are_given_back(void **state) {
    (void)state;
    order_flow flow;
    open_flow(&flow, 0, 3);
    uint32_t count = 0;
    double before = flow.fair;
    while (flow_take_live(&flow) != 0)
        count++;
    assert_int_equal(count, FLOW_OPENING_COUNT);
    flow_wake(&flow, START_NS + TW_NS_PER_DAY, TW_NS_PER_DAY);
    assert_true(flow.fair != before && fabs(flow.fair / before - 1.0) < 0.1);
}

static void the_fair_value_stays_where_prices_fit(void **state) {
    (void)state;
    const int64_t prices[] = {1, TW_NANO / 100, 1000000000 * TW_NANO};
    for (size_t i = 0; i < 3; i++) {
        order_flow flow;
        flow_init(&flow, 0, (tw_price){prices[i]}, 1, 0.001, START_NS);
        for (int j = 0; j < 2000; j++) {
            flow_act act;
            flow_next(&flow, &nothing, &act);
            assert_true(flow.fair >= 0.05 && flow.fair <= 2e9);
            if (act.kind == FLOW_SUBMIT)
                assert_true(act.order.price.nano > 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_opening_book_is_two_sided_and_uncrossed),
        cmocka_unit_test(the_same_seed_gives_the_same_acts),
        cmocka_unit_test(every_act_is_within_its_bounds),
        cmocka_unit_test(no_limit_order_crosses_what_its_agent_sees),
        cmocka_unit_test(what_is_mispriced_is_taken),
        cmocka_unit_test(after_a_rest_all_orders_are_given_back),
        cmocka_unit_test(the_fair_value_stays_where_prices_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
