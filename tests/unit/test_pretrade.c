/* test_pretrade.c - every control of tradewind/pretrade.h at its limit, one above it, and around
 * it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/pretrade.h"
#include "tradewind/time.h"

#define SECOND TW_NS_PER_SECOND
#define NOW (1000 * SECOND)

/* Two symbols at 100 and 50, 100,000 in cash, no limit but those of a test. */
struct desk {
    tw_pretrade_config config;
    tw_pretrade *gate;
    tw_pretrade_verdict verdict;
    int64_t now_ns;
};

static void open_desk(struct desk *desk) {
    tw_error error = {0};
    assert_int_equal(tw_pretrade_new(NULL, &desk->config, &desk->gate, &error), TW_OK);
    tw_pretrade_set_cash(desk->gate, (tw_money){100000 * TW_NANO});
    tw_pretrade_mark(desk->gate, 0, (tw_price){100 * TW_NANO}, NOW);
    tw_pretrade_mark(desk->gate, 1, (tw_price){50 * TW_NANO}, NOW);
    desk->now_ns = NOW;
}

static int set_up(void **state) {
    static struct desk desk;
    memset(&desk, 0, sizeof desk);
    tw_pretrade_config_init(&desk.config);
    desk.config.symbol_count = 2;
    desk.config.order_count_max = 8;
    *state = &desk;
    return 0;
}

static int tear_down(void **state) {
    struct desk *desk = *state;
    if (desk->gate != NULL)
        tw_pretrade_check(desk->gate);
    tw_pretrade_free(desk->gate);
    return 0;
}

static tw_order order_of(tw_symbol symbol, tw_side side, double quantity, double price) {
    return (tw_order){.symbol = symbol,
                      .side = (uint8_t)side,
                      .type = TW_ORDER_LIMIT,
                      .quantity = {(int64_t)(quantity * 1e9)},
                      .limit_price = {(int64_t)(price * 1e9)}};
}

/* Enters an order; the reason that denied it, or PASSED. */
static tw_pretrade_reason enter(struct desk *desk, tw_symbol symbol, tw_side side, double quantity,
                                double price) {
    tw_order order = order_of(symbol, side, quantity, price);
    tw_status status = tw_pretrade_enter(desk->gate, &order, desk->now_ns, &desk->verdict);
    assert_int_equal(status, desk->verdict.reason == TW_PRETRADE_PASSED ? TW_OK : TW_REFUSED);
    assert_true((desk->verdict.ticket == TW_PRETRADE_NO_TICKET) == (status != TW_OK));
    tw_pretrade_check(desk->gate);
    return desk->verdict.reason;
}

static void expect(tw_pretrade_reason found, tw_pretrade_reason wanted) {
    if (found != wanted)
        fail_msg("%s, not %s", tw_pretrade_reason_name(found), tw_pretrade_reason_name(wanted));
}

/* Enters an order that must pass and fills it whole at its price. */
static uint32_t hold(struct desk *desk, tw_symbol symbol, tw_side side, double quantity,
                     double price) {
    expect(enter(desk, symbol, side, quantity, price), TW_PRETRADE_PASSED);
    uint32_t ticket = desk->verdict.ticket;
    tw_order order = order_of(symbol, side, quantity, price);
    assert_int_equal(tw_pretrade_fill(desk->gate, ticket, order.quantity, order.limit_price),
                     TW_OK);
    tw_pretrade_end(desk->gate, ticket, TW_PRETRADE_FILLED, desk->now_ns);
    return ticket;
}

static void cancel(struct desk *desk, uint32_t ticket) {
    tw_pretrade_end(desk->gate, ticket, TW_PRETRADE_CANCELED, desk->now_ns);
}

static void expect_figures(const struct desk *desk, double limit, double actual) {
    assert_int_equal(desk->verdict.limit, (int64_t)(limit * 1e9));
    assert_int_equal(desk->verdict.actual, (int64_t)(actual * 1e9));
}

/* ---- states -------------------------------------------------------------------------------- */

static void test_a_stopped_gate_sends_nothing(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_STOPPED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_HALTED);
    expect(enter(desk, 0, TW_SIDE_SELL, 10, 100), TW_PRETRADE_HALTED);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_ACTIVE);
    tw_pretrade_set_symbol_state(desk->gate, 0, TW_PRETRADE_STOPPED);
    expect(enter(desk, 0, TW_SIDE_SELL, 10, 100), TW_PRETRADE_HALTED);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED);
}

static void test_a_reducing_gate_lets_positions_shrink_only(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    hold(desk, 1, TW_SIDE_SELL, 4, 50);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_REDUCING);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_REDUCING_ONLY);
    expect(enter(desk, 0, TW_SIDE_SELL, 10.5, 100), TW_PRETRADE_REDUCING_ONLY);
    expect(enter(desk, 0, TW_SIDE_SELL, 6, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_SELL, 5, 101), TW_PRETRADE_REDUCING_ONLY); /* 6 are out */
    expect(enter(desk, 0, TW_SIDE_SELL, 4, 101), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_SELL, 1, 50), TW_PRETRADE_REDUCING_ONLY);
    expect(enter(desk, 1, TW_SIDE_BUY, 4, 50), TW_PRETRADE_PASSED);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_ACTIVE);
    tw_pretrade_set_symbol_state(desk->gate, 1, TW_PRETRADE_REDUCING);
    expect(enter(desk, 1, TW_SIDE_SELL, 1, 51), TW_PRETRADE_REDUCING_ONLY);
}

/* ---- one order ----------------------------------------------------------------------------- */

static void test_what_is_no_order_is_denied(void **state) {
    struct desk *desk = *state;
    open_desk(desk);
    expect(enter(desk, 2, TW_SIDE_BUY, 1, 100), TW_PRETRADE_ORDER_INVALID);
    expect(enter(desk, 0, TW_SIDE_NONE, 1, 100), TW_PRETRADE_ORDER_INVALID);
    expect(enter(desk, 0, TW_SIDE_BUY, 0, 100), TW_PRETRADE_ORDER_INVALID);
    expect(enter(desk, 0, TW_SIDE_BUY, -1, 100), TW_PRETRADE_ORDER_INVALID);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, -100), TW_PRETRADE_ORDER_INVALID);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.denied[TW_PRETRADE_ORDER_INVALID], 5);
    assert_int_equal(figures.passed, 0);
}

static void test_market_orders_are_valued_at_the_collar(void **state) {
    struct desk *desk = *state;
    desk->config.limits.collar_nano = TW_NANO / 50;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 0), TW_PRETRADE_MARKET_ORDER);
    tw_pretrade_free(desk->gate);
    desk->config.market_orders = true;
    desk->config.limits.value_max.nano = 1020 * TW_NANO;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 10, 0), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 10.001, 0), TW_PRETRADE_ORDER_VALUE);
    expect_figures(desk, 1020, 1020.102);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.open_buys.nano, 1020 * TW_NANO);
}

static void test_a_price_that_is_old_or_missing_denies(void **state) {
    struct desk *desk = *state;
    desk->config.limits.price_age_ns_max = SECOND;
    open_desk(desk);
    desk->now_ns = NOW + SECOND;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_PASSED);
    desk->now_ns = NOW + SECOND + 1;
    expect(enter(desk, 0, TW_SIDE_BUY, 2, 100), TW_PRETRADE_STALE_PRICE);
    assert_int_equal(desk->verdict.limit, SECOND);
    assert_int_equal(desk->verdict.actual, SECOND + 1);
    tw_pretrade_mark(desk->gate, 0, (tw_price){100 * TW_NANO}, desk->now_ns);
    expect(enter(desk, 0, TW_SIDE_BUY, 2, 100), TW_PRETRADE_PASSED);
    tw_pretrade_mark(desk->gate, 0, (tw_price){0}, desk->now_ns);
    expect(enter(desk, 0, TW_SIDE_BUY, 3, 100), TW_PRETRADE_STALE_PRICE);
}

static void test_a_price_is_needed_even_without_an_age(void **state) {
    struct desk *desk = *state;
    open_desk(desk);
    tw_pretrade_mark(desk->gate, 0, (tw_price){0}, NOW);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_STALE_PRICE);
}

static void test_the_collar_bounds_both_sides(void **state) {
    struct desk *desk = *state;
    desk->config.limits.collar_nano = TW_NANO / 100;
    desk->config.limits.may_short = true;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 101), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 2, 101.01), TW_PRETRADE_PRICE_COLLAR);
    cancel(desk, 0);
    expect(enter(desk, 0, TW_SIDE_BUY, 3, 99), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 4, 98.99), TW_PRETRADE_PRICE_COLLAR);
    assert_int_equal(desk->verdict.limit, TW_NANO / 100);
}

static void test_quantity_and_value_of_one_order(void **state) {
    struct desk *desk = *state;
    desk->config.limits.quantity_max.nano = 10 * TW_NANO;
    desk->config.limits.value_max.nano = 900 * TW_NANO;
    open_desk(desk);
    expect(enter(desk, 1, TW_SIDE_BUY, 10.000000001, 50), TW_PRETRADE_ORDER_QUANTITY);
    expect(enter(desk, 1, TW_SIDE_BUY, 10, 50), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 9, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 9, 100.5), TW_PRETRADE_ORDER_VALUE);
    expect_figures(desk, 900, 904.5);
}

static void test_huge_numbers_are_denied_and_do_not_wrap(void **state) {
    struct desk *desk = *state;
    desk->config.limits.value_max.nano = INT64_MAX;
    open_desk(desk);
    tw_order order = order_of(0, TW_SIDE_BUY, 1, 100);
    order.quantity.nano = INT64_MAX;
    order.limit_price.nano = INT64_MAX;
    assert_int_equal(tw_pretrade_enter(desk->gate, &order, NOW, &desk->verdict), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_ORDER_VALUE);
    assert_int_equal(desk->verdict.actual, INT64_MAX);
    tw_pretrade_check(desk->gate);
}

/* ---- account ------------------------------------------------------------------------------- */

static void test_no_more_is_sold_than_is_held(void **state) {
    struct desk *desk = *state;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_SELL, 1, 100), TW_PRETRADE_SHORT_SALE);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    expect(enter(desk, 0, TW_SIDE_SELL, 6, 101), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_SELL, 4.5, 101), TW_PRETRADE_SHORT_SALE);
    expect_figures(desk, 4, 4.5);
    expect(enter(desk, 0, TW_SIDE_SELL, 4, 102), TW_PRETRADE_PASSED);
}

static void test_cash_counts_what_is_out(void **state) {
    struct desk *desk = *state;
    desk->config.cash_min.nano = 10000 * TW_NANO;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 500, 100), TW_PRETRADE_PASSED);
    uint32_t first = desk->verdict.ticket;
    expect(enter(desk, 1, TW_SIDE_BUY, 800.1, 50), TW_PRETRADE_CASH);
    expect_figures(desk, 40000, 40005);
    expect(enter(desk, 1, TW_SIDE_BUY, 800, 50), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_CASH);
    cancel(desk, first);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_PASSED);
}

static void test_a_fill_below_the_limit_gives_cash_back(void **state) {
    struct desk *desk = *state;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 100, 100), TW_PRETRADE_PASSED);
    uint32_t ticket = desk->verdict.ticket;
    assert_int_equal(
        tw_pretrade_fill(desk->gate, ticket, (tw_quantity){40 * TW_NANO}, (tw_price){99 * TW_NANO}),
        TW_OK);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.cash.nano, (100000 - 3960) * TW_NANO);
    assert_int_equal(figures.open_buys.nano, 6000 * TW_NANO);
    assert_int_equal(figures.equity.nano, 100040 * TW_NANO);
    cancel(desk, ticket);
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.open_buys.nano, 0);
    assert_int_equal(figures.gross.nano, 4000 * TW_NANO);
    assert_int_equal(figures.open_count, 0);
}

static void test_positions_count_in_their_worst_way(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    desk->config.limits.position_max.nano = 20 * TW_NANO;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    expect(enter(desk, 0, TW_SIDE_BUY, 8, 99), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 3, 98), TW_PRETRADE_POSITION_QUANTITY);
    expect_figures(desk, 20, 21);
    expect(enter(desk, 0, TW_SIDE_SELL, 28, 101), TW_PRETRADE_PASSED); /* -18 */
    expect(enter(desk, 0, TW_SIDE_SELL, 3, 102), TW_PRETRADE_POSITION_QUANTITY);
}

static void test_value_and_weight_of_a_position(void **state) {
    struct desk *desk = *state;
    desk->config.limits.position_value_max.nano = 30000 * TW_NANO;
    desk->config.limits.position_share_max_nano = TW_NANO / 5;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 300.5, 100), TW_PRETRADE_POSITION_VALUE);
    expect(enter(desk, 0, TW_SIDE_BUY, 200, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 99), TW_PRETRADE_POSITION_WEIGHT);
    expect_figures(desk, 0.2, 0.201);
}

static void test_a_position_over_its_limit_may_shrink(void **state) {
    struct desk *desk = *state;
    desk->config.limits.position_share_max_nano = TW_NANO / 5;
    open_desk(desk);
    tw_pretrade_set_position(desk->gate, 0, (tw_quantity){500 * TW_NANO},
                             (tw_price){100 * TW_NANO});
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_POSITION_WEIGHT);
    expect(enter(desk, 0, TW_SIDE_SELL, 10, 100), TW_PRETRADE_PASSED);
}

static void test_gross_and_net_exposure(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    desk->config.on_margin = true;
    desk->config.gross_share_max_nano = 2 * TW_NANO;
    desk->config.net_share_max_nano = TW_NANO / 2;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 501, 100), TW_PRETRADE_NET_EXPOSURE);
    expect_figures(desk, 0.5, 0.501);
    expect(enter(desk, 0, TW_SIDE_BUY, 500, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_SELL, 2000, 50), TW_PRETRADE_PASSED); /* net -50 % */
    expect(enter(desk, 0, TW_SIDE_BUY, 501, 99), TW_PRETRADE_GROSS_EXPOSURE);
    expect_figures(desk, 2, 2.001);
    expect(enter(desk, 0, TW_SIDE_BUY, 500, 99), TW_PRETRADE_PASSED);
}

static void test_value_at_risk_is_that_of_all_orders_filled(void **state) {
    struct desk *desk = *state;
    static const double covariance[] = {0.0004, 0.0001, 0.0001, 0.0009};
    desk->config.limits.may_short = true;
    desk->config.value_at_risk_share_max_nano = TW_NANO / 50;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_VALUE_AT_RISK); /* unknown */
    static const double holes[] = {0.0004, NAN, NAN, 0.0009};
    tw_pretrade_set_covariance(desk->gate, holes, 2.0);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_VALUE_AT_RISK);
    tw_pretrade_set_covariance(desk->gate, covariance, 2.0);
    /* 2 x 0.02 x 50,000 = 2,000: the limit. */
    expect(enter(desk, 0, TW_SIDE_BUY, 501, 100), TW_PRETRADE_VALUE_AT_RISK);
    assert_int_equal(desk->verdict.limit, TW_NANO / 50);
    assert_in_range(desk->verdict.actual, 20040000, 20040001);
    expect(enter(desk, 0, TW_SIDE_BUY, 499.9, 100), TW_PRETRADE_PASSED);
    uint32_t ticket = desk->verdict.ticket;
    expect(enter(desk, 1, TW_SIDE_BUY, 100, 50), TW_PRETRADE_VALUE_AT_RISK);
    expect(enter(desk, 1, TW_SIDE_SELL, 100, 50), TW_PRETRADE_PASSED); /* a hedge */
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    /* 2 x sqrt(49,990^2 x 0.0004 - 2 x 49,990 x 5,000 x 0.0001 + 5,000^2 x 0.0009) */
    assert_true(figures.value_at_risk > 1971.91 && figures.value_at_risk < 1971.92);
    cancel(desk, ticket);
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_true(figures.value_at_risk > 299.9999 && figures.value_at_risk < 300.0001);
}

/* ---- orders and messages ------------------------------------------------------------------- */

static void test_open_orders_have_limits(void **state) {
    struct desk *desk = *state;
    desk->config.open_max = 3;
    desk->config.limits.open_max = 2;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 99), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 98), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 97), TW_PRETRADE_OPEN_ORDERS_SYMBOL);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 48), TW_PRETRADE_OPEN_ORDERS);
    assert_int_equal(desk->verdict.limit, 3);
    assert_int_equal(desk->verdict.actual, 4);
}

static void test_a_full_table_denies(void **state) {
    struct desk *desk = *state;
    open_desk(desk);
    for (int i = 0; i < 8; i++)
        expect(enter(desk, 0, TW_SIDE_BUY, 1, 90 + i), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 80), TW_PRETRADE_TABLE_FULL);
    tw_order order = order_of(0, TW_SIDE_BUY, 1, 70);
    uint32_t ticket = 0;
    assert_int_equal(tw_pretrade_adopt(desk->gate, &order, &ticket), TW_FULL);
}

static void test_duplicates_within_the_span(void **state) {
    struct desk *desk = *state;
    desk->config.duplicate_span_ns = SECOND;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_PASSED);
    cancel(desk, desk->verdict.ticket);
    desk->now_ns += SECOND - 1;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_DUPLICATE_ORDER);
    assert_int_equal(desk->verdict.actual, SECOND - 1);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100.01), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1.5, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 100), TW_PRETRADE_PASSED);
    desk->now_ns += 1;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_PASSED);
}

static void test_an_order_does_not_meet_an_own_one(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_SELL, 1, 101), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 101), TW_PRETRADE_SELF_TRADE);
    expect_figures(desk, 101, 101);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100.99), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_SELL, 1, 100.99), TW_PRETRADE_SELF_TRADE);
    expect(enter(desk, 0, TW_SIDE_SELL, 1, 101), TW_PRETRADE_PASSED);
}

static void test_messages_have_a_rate_and_a_day(void **state) {
    struct desk *desk = *state;
    desk->config.message_max[TW_PRETRADE_SUBMIT] = 2;
    desk->config.message_day_max[TW_PRETRADE_SUBMIT] = 4;
    desk->config.message_max[TW_PRETRADE_CANCEL] = 1;
    desk->config.message_day_max[TW_PRETRADE_CANCEL] = 2;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 91), TW_PRETRADE_PASSED);
    desk->now_ns += SECOND / 2;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 92), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 93), TW_PRETRADE_MESSAGE_RATE);
    assert_int_equal(desk->verdict.limit, 2);
    assert_int_equal(desk->verdict.actual, 3);
    desk->now_ns += SECOND / 2; /* the first is a second old */
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 94), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 95), TW_PRETRADE_MESSAGE_RATE);
    desk->now_ns += SECOND;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 96), TW_PRETRADE_PASSED);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 97), TW_PRETRADE_MESSAGE_DAY);
    assert_int_equal(tw_pretrade_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_OK);
    assert_int_equal(tw_pretrade_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_CANCEL_RATE);
    assert_string_equal(tw_pretrade_reason_name(desk->verdict.reason), "cancel_rate");
    desk->now_ns += SECOND;
    assert_int_equal(tw_pretrade_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_OK);
    desk->now_ns += SECOND;
    assert_int_equal(tw_pretrade_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_MESSAGE_DAY);
    tw_pretrade_begin_day(desk->gate);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 97), TW_PRETRADE_PASSED);
}

static tw_status ask_cancel(struct desk *desk) {
    return tw_pretrade_cancel(desk->gate, desk->now_ns, &desk->verdict);
}

static void test_cancels_have_a_rate_of_their_own(void **state) {
    struct desk *desk = *state;
    desk->config.message_max[TW_PRETRADE_CANCEL] = 3;
    open_desk(desk);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_cancel(desk), TW_OK);
    assert_int_equal(ask_cancel(desk), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_CANCEL_RATE);
    assert_int_equal(desk->verdict.limit, 3);
    assert_int_equal(desk->verdict.actual, 4);
    desk->now_ns += SECOND - 1;
    assert_int_equal(ask_cancel(desk), TW_REFUSED);                 /* the last nanosecond of it */
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 91), TW_PRETRADE_PASSED); /* orders are no cancels */
    desk->now_ns++;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_cancel(desk), TW_OK);
    assert_int_equal(ask_cancel(desk), TW_REFUSED);
}

static void test_a_cancel_that_was_only_asked_for_does_not_count(void **state) {
    struct desk *desk = *state;
    desk->config.message_max[TW_PRETRADE_CANCEL] = 1;
    open_desk(desk);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tw_pretrade_ask_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_OK);
    assert_int_equal(ask_cancel(desk), TW_OK);
    assert_int_equal(tw_pretrade_ask_cancel(desk->gate, desk->now_ns, &desk->verdict), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_CANCEL_RATE);
}

static void test_a_cancel_for_safety_is_never_asked_and_counts(void **state) {
    struct desk *desk = *state;
    desk->config.message_max[TW_PRETRADE_CANCEL] = 2;
    desk->config.message_day_max[TW_PRETRADE_CANCEL] = 5;
    open_desk(desk);
    for (int i = 0; i < 4; i++)
        tw_pretrade_cancel_anyway(desk->gate, desk->now_ns);
    assert_int_equal(ask_cancel(desk), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_CANCEL_RATE);
    desk->now_ns += SECOND;
    assert_int_equal(ask_cancel(desk), TW_OK);
    assert_int_equal(ask_cancel(desk), TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_MESSAGE_DAY);
    tw_pretrade_check(desk->gate);
}

static void test_a_change_is_judged_without_the_old_order(void **state) {
    struct desk *desk = *state;
    desk->config.limits.value_max.nano = 60000 * TW_NANO;
    desk->config.duplicate_span_ns = SECOND;
    desk->config.open_max = 1;
    desk->config.message_max[TW_PRETRADE_REPLACE] = 2;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 600, 100), TW_PRETRADE_PASSED);
    uint32_t ticket = desk->verdict.ticket;
    tw_order order = order_of(0, TW_SIDE_BUY, 610, 99);
    assert_int_equal(tw_pretrade_change(desk->gate, ticket, &order, NOW, &desk->verdict),
                     TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_ORDER_VALUE);
    tw_pretrade_check(desk->gate);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.open_buys.nano, 60000 * TW_NANO);
    order = order_of(0, TW_SIDE_BUY, 606, 99);
    assert_int_equal(tw_pretrade_change(desk->gate, ticket, &order, NOW, &desk->verdict), TW_OK);
    assert_int_equal(desk->verdict.ticket, ticket);
    order = order_of(0, TW_SIDE_BUY, 600, 100);
    assert_int_equal(tw_pretrade_change(desk->gate, ticket, &order, NOW, &desk->verdict), TW_OK);
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.open_buys.nano, 60000 * TW_NANO);
    assert_int_equal(tw_pretrade_change(desk->gate, ticket, &order, NOW, &desk->verdict),
                     TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_MESSAGE_RATE);
}

static void test_a_resend_is_the_same_order_and_another_message(void **state) {
    struct desk *desk = *state;
    desk->config.limits.value_max.nano = 60000 * TW_NANO;
    desk->config.duplicate_span_ns = SECOND;
    desk->config.open_max = 1;
    desk->config.message_max[TW_PRETRADE_SUBMIT] = 3;
    open_desk(desk);
    expect(enter(desk, 0, TW_SIDE_BUY, 600, 100), TW_PRETRADE_PASSED);
    uint32_t ticket = desk->verdict.ticket;
    tw_order order = order_of(0, TW_SIDE_BUY, 600, 100);
    assert_int_equal(tw_pretrade_resend(desk->gate, ticket, &order, NOW, &desk->verdict), TW_OK);
    assert_int_equal(desk->verdict.ticket, ticket);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.open_count, 1);
    assert_int_equal(figures.open_buys.nano, 60000 * TW_NANO);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_STOPPED);
    assert_int_equal(tw_pretrade_resend(desk->gate, ticket, &order, NOW, &desk->verdict),
                     TW_REFUSED);
    expect(desk->verdict.reason, TW_PRETRADE_HALTED);
    tw_pretrade_set_state(desk->gate, TW_PRETRADE_ACTIVE);
    assert_int_equal(tw_pretrade_resend(desk->gate, ticket, &order, NOW, &desk->verdict), TW_OK);
    assert_int_equal(tw_pretrade_resend(desk->gate, ticket, &order, NOW, &desk->verdict),
                     TW_REFUSED); /* the fourth submit of this second */
    expect(desk->verdict.reason, TW_PRETRADE_MESSAGE_RATE);
    tw_pretrade_check(desk->gate);
}

/* ---- stops --------------------------------------------------------------------------------- */

static void test_repeats_stop_a_side_of_a_symbol(void **state) {
    struct desk *desk = *state;
    desk->config.limits.repeat_max = 3;
    desk->config.limits.repeat_span_ns = SECOND;
    desk->config.limits.may_short = true;
    open_desk(desk);
    for (int i = 0; i < 5; i++) { /* slower than the span */
        hold(desk, 0, TW_SIDE_BUY, 1, 100);
        desk->now_ns += SECOND / 2;
    }
    desk->now_ns += SECOND;
    for (int i = 0; i < 3; i++)
        hold(desk, 0, TW_SIDE_BUY, 1, 100);
    desk->now_ns += 10 * SECOND;
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_REPEATED_EXECUTION);
    expect(enter(desk, 0, TW_SIDE_SELL, 8, 100), TW_PRETRADE_PASSED);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED);
    tw_pretrade_reset(desk->gate, TW_PRETRADE_STOP_REPEATS);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 99), TW_PRETRADE_PASSED);
}

static void test_refused_orders_stop(void **state) {
    struct desk *desk = *state;
    desk->config.error_max = 2;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 5, 100);
    for (int i = 0; i < 2; i++) {
        expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_PASSED);
        tw_pretrade_end(desk->gate, desk->verdict.ticket, TW_PRETRADE_REJECTED, desk->now_ns);
    }
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 100), TW_PRETRADE_ORDER_ERRORS);
    expect(enter(desk, 0, TW_SIDE_SELL, 5, 100), TW_PRETRADE_PASSED);
    tw_pretrade_reset(desk->gate, TW_PRETRADE_STOP_ERRORS);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 99), TW_PRETRADE_PASSED);
}

static void test_a_loss_of_the_day_stops_until_the_next(void **state) {
    struct desk *desk = *state;
    desk->config.day_loss_max.nano = 1000 * TW_NANO;
    open_desk(desk);
    tw_pretrade_begin_day(desk->gate);
    hold(desk, 0, TW_SIDE_BUY, 100, 100);
    tw_pretrade_mark(desk->gate, 0, (tw_price){90 * TW_NANO}, NOW);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED); /* at the limit */
    tw_pretrade_mark(desk->gate, 0, (tw_price){8999 * (TW_NANO / 100)}, NOW);
    tw_pretrade_mark(desk->gate, 0, (tw_price){100 * TW_NANO}, NOW);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_DAY_LOSS); /* stays tripped */
    expect(enter(desk, 0, TW_SIDE_SELL, 50, 100), TW_PRETRADE_PASSED);
    tw_pretrade_begin_day(desk->gate);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_PASSED);
}

static void test_a_share_of_the_day_and_a_drawdown_stop(void **state) {
    struct desk *desk = *state;
    desk->config.day_loss_share_max_nano = TW_NANO / 20;
    desk->config.drawdown_share_max_nano = TW_NANO / 25;
    open_desk(desk);
    tw_pretrade_begin_day(desk->gate);
    hold(desk, 0, TW_SIDE_BUY, 500, 100);
    tw_pretrade_mark(desk->gate, 0, (tw_price){120 * TW_NANO}, NOW); /* a peak of 110,000 */
    tw_pretrade_mark(desk->gate, 0, (tw_price){110 * TW_NANO}, NOW);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_DRAWDOWN);
    tw_pretrade_begin_day(desk->gate);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_DRAWDOWN); /* no matter of days */
    tw_pretrade_reset(desk->gate, TW_PRETRADE_STOP_DRAWDOWN);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED);
    tw_pretrade_mark(desk->gate, 0, (tw_price){99 * TW_NANO}, NOW);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_DAY_LOSS);
}

/* A gate, and another one after a restart in which 4,000 were lost. */
static void go_on_after_a_restart(struct desk *desk, bool same_day) {
    tw_pretrade_past past;
    desk->config.day_loss_max.nano = 5000 * TW_NANO;
    desk->config.drawdown_share_max_nano = TW_NANO / 10;
    desk->config.message_day_max[TW_PRETRADE_SUBMIT] = 3;
    desk->config.losses_max = 2;
    open_desk(desk);
    tw_pretrade_begin_day(desk->gate);
    hold(desk, 0, TW_SIDE_BUY, 500, 100);
    hold(desk, 0, TW_SIDE_SELL, 1, 99);
    tw_pretrade_mark(desk->gate, 0, (tw_price){110 * TW_NANO}, NOW);
    tw_pretrade_get_past(desk->gate, &past);
    assert_int_equal(past.day_equity.nano, 100000 * TW_NANO);
    assert_int_equal(past.peak_equity.nano, 104989 * TW_NANO);
    assert_int_equal(past.messages[TW_PRETRADE_SUBMIT], 2);
    assert_int_equal(past.losses, 1);
    assert_int_equal(past.stops, 0);
    tw_pretrade_free(desk->gate);
    desk->gate = NULL;
    open_desk(desk);
    tw_pretrade_set_cash(desk->gate, (tw_money){96000 * TW_NANO});
    tw_pretrade_begin_day(desk->gate);
    tw_pretrade_resume(desk->gate, &past, same_day);
}

static void test_a_restart_forgets_no_loss(void **state) {
    struct desk *desk = *state;
    tw_pretrade_past past;
    go_on_after_a_restart(desk, true);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED); /* the third of the day */
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_MESSAGE_DAY);
    tw_pretrade_set_cash(desk->gate, (tw_money){94999 * TW_NANO});
    expect(enter(desk, 1, TW_SIDE_BUY, 2, 50), TW_PRETRADE_MESSAGE_DAY);
    tw_pretrade_get_past(desk->gate, &past);
    assert_int_equal(past.stops,
                     1u << TW_PRETRADE_STOP_DAY_LOSS); /* of the day before the restart */
    tw_pretrade_set_cash(desk->gate, (tw_money){94000 * TW_NANO}); /* 10.5 % below that peak */
    expect(enter(desk, 1, TW_SIDE_BUY, 2, 50), TW_PRETRADE_MESSAGE_DAY);
    tw_pretrade_get_past(desk->gate, &past);
    assert_int_equal(past.stops, 1u << TW_PRETRADE_STOP_DAY_LOSS | 1u << TW_PRETRADE_STOP_DRAWDOWN);
}

static void test_a_restart_on_another_day_forgets_only_the_day(void **state) {
    struct desk *desk = *state;
    go_on_after_a_restart(desk, false);
    for (int i = 0; i < 3; i++)
        expect(enter(desk, 1, TW_SIDE_BUY, 1, 50 - i), TW_PRETRADE_PASSED);
    tw_pretrade_begin_day(desk->gate);
    tw_pretrade_set_cash(desk->gate, (tw_money){94400 * TW_NANO});
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 51), TW_PRETRADE_DRAWDOWN);
    tw_pretrade_reset(desk->gate, TW_PRETRADE_STOP_DRAWDOWN);
    hold(desk, 0, TW_SIDE_BUY, 2, 100);
    tw_pretrade_begin_day(desk->gate);
    hold(desk, 0, TW_SIDE_SELL, 1, 99); /* the second loss in a row */
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 52), TW_PRETRADE_LOSSES_IN_A_ROW);
}

static void test_a_restart_keeps_the_stops(void **state) {
    struct desk *desk = *state;
    tw_pretrade_past past = {.day_equity = {100000 * TW_NANO}, .peak_equity = {100000 * TW_NANO}};
    open_desk(desk);
    tw_pretrade_begin_day(desk->gate);
    for (uint32_t stops = 0; stops < 1u << (TW_PRETRADE_STOP_LOSSES + 1); stops++) {
        uint32_t kept = stops & ~(1u << TW_PRETRADE_STOP_REPEATS);
        past.stops = stops;
        tw_pretrade_begin_day(desk->gate);
        tw_pretrade_resume(desk->gate, &past, true);
        assert_int_equal(tw_pretrade_stops(desk->gate), kept);
        tw_pretrade_begin_day(desk->gate);
        tw_pretrade_resume(desk->gate, &past, false);
        assert_int_equal(tw_pretrade_stops(desk->gate), kept & ~(1u << TW_PRETRADE_STOP_DAY_LOSS));
    }
}

static void test_losses_in_a_row_stop(void **state) {
    struct desk *desk = *state;
    desk->config.losses_max = 2;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    hold(desk, 0, TW_SIDE_SELL, 2, 99);
    hold(desk, 0, TW_SIDE_SELL, 2, 101);
    hold(desk, 0, TW_SIDE_SELL, 2, 99);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_PASSED);
    hold(desk, 0, TW_SIDE_SELL, 2, 98);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_LOSSES_IN_A_ROW);
    tw_pretrade_reset(desk->gate, TW_PRETRADE_STOP_LOSSES);
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 49), TW_PRETRADE_PASSED);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void test_an_override_ends(void **state) {
    struct desk *desk = *state;
    desk->config.limits.quantity_max.nano = 10 * TW_NANO;
    open_desk(desk);
    tw_pretrade_override(desk->gate, TW_PRETRADE_ORDER_QUANTITY, NOW + SECOND);
    expect(enter(desk, 0, TW_SIDE_BUY, 11, 100), TW_PRETRADE_PASSED);
    desk->now_ns += SECOND;
    expect(enter(desk, 0, TW_SIDE_BUY, 12, 100), TW_PRETRADE_ORDER_QUANTITY);
}

static void test_explain_tells_every_control_and_counts_nothing(void **state) {
    struct desk *desk = *state;
    desk->config.limits.quantity_max.nano = 10 * TW_NANO;
    desk->config.limits.value_max.nano = 500 * TW_NANO;
    desk->config.limits.collar_nano = TW_NANO / 100;
    open_desk(desk);
    tw_order order = order_of(0, TW_SIDE_BUY, 20, 100);
    tw_pretrade_verdict verdicts[TW_PRETRADE_REASON_COUNT];
    tw_pretrade_explain(desk->gate, &order, NOW, verdicts);
    for (int i = 0; i < TW_PRETRADE_REASON_COUNT; i++) {
        bool denies = i == TW_PRETRADE_ORDER_QUANTITY || i == TW_PRETRADE_ORDER_VALUE;
        assert_int_equal(verdicts[i].reason, denies ? i : TW_PRETRADE_PASSED);
    }
    assert_int_equal(verdicts[TW_PRETRADE_CASH].limit, 100000 * TW_NANO);
    assert_int_equal(verdicts[TW_PRETRADE_CASH].actual, 2000 * TW_NANO);
    assert_int_equal(verdicts[TW_PRETRADE_PRICE_COLLAR].actual, 0);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.passed + figures.denied[TW_PRETRADE_ORDER_QUANTITY], 0);
    order.quantity.nano = 0;
    tw_pretrade_explain(desk->gate, &order, NOW, verdicts);
    assert_int_equal(verdicts[TW_PRETRADE_ORDER_INVALID].reason, TW_PRETRADE_ORDER_INVALID);
}

/* What explain has told is of the moment before; the verdict is of the moment itself. */
static void test_a_stop_that_trips_at_the_entry_denies_it(void **state) {
    struct desk *desk = *state;
    desk->config.day_loss_max.nano = 1000 * TW_NANO;
    open_desk(desk);
    tw_order order = order_of(0, TW_SIDE_BUY, 1, 100);
    tw_pretrade_verdict verdicts[TW_PRETRADE_REASON_COUNT];
    tw_pretrade_begin_day(desk->gate);
    tw_pretrade_set_cash(desk->gate, (tw_money){98000 * TW_NANO});
    assert_int_equal(tw_pretrade_enter_explained(desk->gate, &order, NOW, verdicts, &desk->verdict),
                     TW_REFUSED);
    assert_int_equal(desk->verdict.reason, TW_PRETRADE_DAY_LOSS);
    assert_int_equal(verdicts[TW_PRETRADE_DAY_LOSS].reason, TW_PRETRADE_PASSED);
    order.quantity.nano = 0;
    assert_int_equal(tw_pretrade_enter_explained(desk->gate, &order, NOW, verdicts, &desk->verdict),
                     TW_REFUSED);
    assert_int_equal(desk->verdict.reason, TW_PRETRADE_ORDER_INVALID);
    tw_pretrade_check(desk->gate);
}

static void test_an_adopted_order_counts(void **state) {
    struct desk *desk = *state;
    desk->config.limits.open_max = 1;
    open_desk(desk);
    tw_order order = order_of(0, TW_SIDE_BUY, 900, 100);
    uint32_t ticket = 0;
    assert_int_equal(tw_pretrade_adopt(desk->gate, &order, &ticket), TW_OK);
    expect(enter(desk, 0, TW_SIDE_BUY, 1, 90), TW_PRETRADE_OPEN_ORDERS_SYMBOL);
    expect(enter(desk, 1, TW_SIDE_BUY, 201, 50), TW_PRETRADE_CASH);
    assert_int_equal(
        tw_pretrade_fill(desk->gate, ticket, (tw_quantity){INT64_MAX}, (tw_price){100 * TW_NANO}),
        TW_OVERFLOW);
    tw_pretrade_check(desk->gate);
}

static void test_a_fill_turns_a_position_round(void **state) {
    struct desk *desk = *state;
    desk->config.limits.may_short = true;
    desk->config.losses_max = 1;
    open_desk(desk);
    hold(desk, 0, TW_SIDE_BUY, 10, 100);
    hold(desk, 0, TW_SIDE_SELL, 30, 110); /* wins on 10, short 20 at 110 */
    hold(desk, 0, TW_SIDE_BUY, 5, 105);   /* wins */
    hold(desk, 0, TW_SIDE_BUY, 5, 111);   /* loses */
    expect(enter(desk, 1, TW_SIDE_BUY, 1, 50), TW_PRETRADE_LOSSES_IN_A_ROW);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(desk->gate, &figures);
    assert_int_equal(figures.net.nano, -1000 * TW_NANO);
}

static void test_names_and_units(void **state) {
    (void)state;
    for (int i = 0; i < TW_PRETRADE_REASON_COUNT; i++) {
        for (int k = 0; k < i; k++)
            assert_string_not_equal(tw_pretrade_reason_name((tw_pretrade_reason)i),
                                    tw_pretrade_reason_name((tw_pretrade_reason)k));
    }
    assert_string_equal(tw_pretrade_reason_name(TW_PRETRADE_STALE_PRICE), "stale_price");
    assert_string_equal(tw_pretrade_reason_name(TW_PRETRADE_REASON_COUNT), "?");
    assert_int_equal(tw_pretrade_reason_unit(TW_PRETRADE_CASH), TW_PRETRADE_UNIT_MONEY);
    assert_int_equal(tw_pretrade_reason_unit(TW_PRETRADE_REASON_COUNT), TW_PRETRADE_UNIT_NONE);
}

static void test_bad_configurations_are_told(void **state) {
    (void)state;
    tw_pretrade *gate = NULL;
    tw_error error = {0};
    tw_pretrade_config config;
    tw_pretrade_config_init(&config);
    config.symbol_count = 0;
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "symbols must be 1 to 65536, not 0"));
    tw_pretrade_config_init(&config);
    config.order_count_max = TW_PRETRADE_ORDER_MAX + 1;
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_INVALID);
    tw_pretrade_config_init(&config);
    config.drawdown_share_max_nano = -1;
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_INVALID);
    tw_pretrade_config_init(&config);
    config.message_max[TW_PRETRADE_CANCEL] = TW_PRETRADE_MESSAGE_MAX + 1;
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_INVALID);
    tw_pretrade_config_init(&config);
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_OK);
    tw_pretrade_limits limits = {.collar_nano = -1};
    assert_int_equal(tw_pretrade_set_limits(gate, 0, &limits, &error), TW_INVALID);
    tw_pretrade_free(gate);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    tw_pretrade *gate = NULL;
    tw_error error = {0};
    tw_status status = tw_pretrade_new(allocator, context, &gate, &error);
    tw_pretrade_free(gate);
    return status;
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    tw_pretrade_config config;
    tw_pretrade_config_init(&config);
    config.message_max[TW_PRETRADE_SUBMIT] = 10;
    assert_survives_failed_allocations(make_and_free, &config);
}

#define AT_A_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        AT_A_DESK(test_a_stopped_gate_sends_nothing),
        AT_A_DESK(test_a_reducing_gate_lets_positions_shrink_only),
        AT_A_DESK(test_what_is_no_order_is_denied),
        AT_A_DESK(test_market_orders_are_valued_at_the_collar),
        AT_A_DESK(test_a_price_that_is_old_or_missing_denies),
        AT_A_DESK(test_a_price_is_needed_even_without_an_age),
        AT_A_DESK(test_the_collar_bounds_both_sides),
        AT_A_DESK(test_quantity_and_value_of_one_order),
        AT_A_DESK(test_huge_numbers_are_denied_and_do_not_wrap),
        AT_A_DESK(test_no_more_is_sold_than_is_held),
        AT_A_DESK(test_cash_counts_what_is_out),
        AT_A_DESK(test_a_fill_below_the_limit_gives_cash_back),
        AT_A_DESK(test_positions_count_in_their_worst_way),
        AT_A_DESK(test_value_and_weight_of_a_position),
        AT_A_DESK(test_a_position_over_its_limit_may_shrink),
        AT_A_DESK(test_gross_and_net_exposure),
        AT_A_DESK(test_value_at_risk_is_that_of_all_orders_filled),
        AT_A_DESK(test_open_orders_have_limits),
        AT_A_DESK(test_a_full_table_denies),
        AT_A_DESK(test_duplicates_within_the_span),
        AT_A_DESK(test_an_order_does_not_meet_an_own_one),
        AT_A_DESK(test_messages_have_a_rate_and_a_day),
        AT_A_DESK(test_cancels_have_a_rate_of_their_own),
        AT_A_DESK(test_a_cancel_that_was_only_asked_for_does_not_count),
        AT_A_DESK(test_a_cancel_for_safety_is_never_asked_and_counts),
        AT_A_DESK(test_a_change_is_judged_without_the_old_order),
        AT_A_DESK(test_a_resend_is_the_same_order_and_another_message),
        AT_A_DESK(test_repeats_stop_a_side_of_a_symbol),
        AT_A_DESK(test_refused_orders_stop),
        AT_A_DESK(test_a_loss_of_the_day_stops_until_the_next),
        AT_A_DESK(test_a_share_of_the_day_and_a_drawdown_stop),
        AT_A_DESK(test_a_restart_forgets_no_loss),
        AT_A_DESK(test_a_restart_on_another_day_forgets_only_the_day),
        AT_A_DESK(test_a_restart_keeps_the_stops),
        AT_A_DESK(test_losses_in_a_row_stop),
        AT_A_DESK(test_an_override_ends),
        AT_A_DESK(test_explain_tells_every_control_and_counts_nothing),
        AT_A_DESK(test_a_stop_that_trips_at_the_entry_denies_it),
        AT_A_DESK(test_an_adopted_order_counts),
        AT_A_DESK(test_a_fill_turns_a_position_round),
        cmocka_unit_test(test_names_and_units),
        cmocka_unit_test(test_bad_configurations_are_told),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
