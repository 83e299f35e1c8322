/*
 * model_floor_auction.c - days with both auctions beside a slow obvious auction.
 *
 * Random orders of users wait for the opening and the close among those of the agents. A moment
 * before each auction everything that can take part is read order by order; the slow auction tries
 * every price there is by the rule of match.h, then gives each order its share one after the other.
 * The floor must print that price and quantity, fill the users so, and leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auction_interest.h"
#include "exchange_desk.h"
#include "ledger_priv.h"

enum { SEEDS = 12, SYMBOLS = 2, PARTS_MAX = 4096 };

static const int64_t CENT = TW_NANO / 100;

/* An order that takes part. */
typedef struct part {
    uint64_t id;
    int64_t price; /* 0: at the market */
    int64_t quantity;
    int64_t traded;
    uint8_t side;
} part;

typedef struct slow_auction {
    part parts[PARTS_MAX]; /* of each side and price in the order of time */
    uint32_t count;
    int64_t price;
    int64_t quantity;
} slow_auction;

static trading_desk desk;
static tw_random dice;
static slow_auction expected[SYMBOLS];
static uint32_t user_fills; /* over all days */

static uint64_t below(uint64_t limit) {
    return tw_random_below(&dice, limit);
}

/* ---- what takes part ---- */

static void add(slow_auction *slow, const tw_match_view *view) {
    assert_true(slow->count < PARTS_MAX);
    slow->parts[slow->count++] =
        (part){view->id, view->price.nano, view->quantity.nano, 0, view->side};
}

static void add_book(slow_auction *slow, tw_symbol symbol, tw_side side) {
    const tw_book *book = tw_match_book(floor_match(desk.floor));
    for (tw_book_level_place level = tw_book_level_first(book, symbol, side);
         level != TW_BOOK_NO_PLACE; level = tw_book_level_next(book, level)) {
        for (tw_book_order_place place = tw_book_order_first(book, level);
             place != TW_BOOK_NO_PLACE; place = tw_book_order_next(book, place)) {
            tw_book_view view;
            tw_book_order_read(book, place, &view);
            add(slow, &(tw_match_view){.id = view.id,
                                       .price = view.price,
                                       .quantity = view.quantity,
                                       .side = (uint8_t)side});
        }
    }
}

static void add_waiting(slow_auction *slow, tw_symbol symbol, uint64_t id, bool wanted) {
    tw_match_view view;
    bool there = tw_match_find(floor_match(desk.floor), symbol, id, &view) == TW_OK &&
                 view.place == TW_MATCH_AT_AUCTION;
    assert_int_equal(there, wanted);
    if (there)
        add(slow, &view);
}

static bool is_for(const ledger_order *order, tw_symbol symbol, tw_time_in_force time_in_force) {
    return order->order.symbol == symbol && order_is_live(order) &&
           order->order.time_in_force == time_in_force;
}

/* The users' orders came as the gathering began, before those of the agents. */
static void read_parts(tw_symbol symbol, tw_match_auction kind) {
    slow_auction *slow = &expected[symbol];
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    memset(slow, 0, sizeof *slow);
    add_book(slow, symbol, TW_SIDE_BUY);
    add_book(slow, symbol, TW_SIDE_SELL);
    for (uint32_t i = 0; i < count; i++) {
        if (is_for(&orders[i], symbol, kind == TW_MATCH_OPENING ? TW_AT_OPEN : TW_AT_CLOSE))
            add_waiting(slow, symbol, orders[i].match_id, true);
    }
    for (uint64_t i = 1; i <= AUCTION_INTEREST_COUNT; i++)
        add_waiting(slow, symbol, AUCTION_INTEREST_ID | i, true);
}

/* ---- the slow auction ---- */

static bool trades_at(const part *p, int64_t price) {
    return p->price == 0 || (p->side == TW_SIDE_BUY ? p->price >= price : p->price <= price);
}

static int64_t total(const slow_auction *slow, uint8_t side, int64_t price) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < slow->count; i++) {
        if (slow->parts[i].side == side && trades_at(&slow->parts[i], price))
            sum += slow->parts[i].quantity;
    }
    return sum;
}

static void try_price(slow_auction *slow, int64_t price, int64_t reference, int64_t *left) {
    int64_t buys = total(slow, TW_SIDE_BUY, price);
    int64_t sells = total(slow, TW_SIDE_SELL, price);
    int64_t quantity = buys < sells ? buys : sells;
    int64_t over = llabs(buys - sells);
    bool better = quantity > slow->quantity || (quantity == slow->quantity && over < *left);
    if (quantity == slow->quantity && over == *left) {
        int64_t near = llabs(price - reference);
        int64_t best = llabs(slow->price - reference);
        better = near < best || (near == best && price > slow->price);
    }
    if (quantity == 0 || !better)
        return;
    slow->price = price;
    slow->quantity = quantity;
    *left = over;
}

/* Who is first: at the market, then the best limit, then who came first. */
static part *first_of(slow_auction *slow, uint8_t side) {
    part *first = NULL;
    for (uint32_t i = 0; i < slow->count; i++) {
        part *p = &slow->parts[i];
        if (p->side != side || p->traded == p->quantity || !trades_at(p, slow->price))
            continue;
        bool earlier = first == NULL || (p->price == 0 && first->price != 0) ||
                       (p->price != 0 && first->price != 0 &&
                        (side == TW_SIDE_BUY ? p->price > first->price : p->price < first->price));
        if (earlier)
            first = p;
    }
    return first;
}

static void share_out(slow_auction *slow, uint8_t side) {
    for (int64_t left = slow->quantity; left > 0;) {
        part *p = first_of(slow, side);
        TW_ASSERT(p != NULL);
        int64_t part_of = p->quantity < left ? p->quantity : left;
        p->traded = part_of;
        left -= part_of;
        if (part_of < p->quantity)
            return;
    }
}

static void hold_slowly(tw_symbol symbol) {
    slow_auction *slow = &expected[symbol];
    tw_trade last = {0};
    int64_t left = 0;
    bool has_reference = floor_last_trade(desk.floor, symbol, &last);
    for (uint32_t i = 0; i < slow->count; i++) {
        if (slow->parts[i].price != 0)
            try_price(slow, slow->parts[i].price, last.price.nano, &left);
    }
    assert_true(has_reference);
    try_price(slow, last.price.nano, last.price.nano, &left);
    share_out(slow, TW_SIDE_BUY);
    share_out(slow, TW_SIDE_SELL);
}

/* ---- the day ---- */

static void submit(tw_symbol symbol, tw_time_in_force time_in_force) {
    bool limited = below(3) > 0;
    tw_side side = below(2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    int64_t market = floor_price(desk.floor, symbol).nano;
    int64_t price = limited ? market / 10000 * (9970 + (int64_t)below(60)) / CENT * CENT : 0;
    tw_alpaca_order_request request = desk_request(tw_symbols_name(desk.symbols, symbol), side,
                                                   (1 + (int64_t)below(2000)) * TW_NANO, price);
    ledger_order order;
    ledger_refusal refusal;
    request.time_in_force = (uint8_t)time_in_force;
    tw_status status = ledger_submit(desk.ledger, desk.account, &request, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
}

static void advance(int64_t to_ns) {
    tw_error error = {0};
    assert_int_equal(floor_advance(desk.floor, to_ns, UINT64_MAX, &error), TW_OK);
}

/* The print is the newest trade of its symbol at the border's own time. */
static void check_print(tw_symbol symbol, int64_t at_ns, const char *conditions) {
    const tw_trade *print = NULL;
    for (uint32_t i = 0; i < desk.trade_count; i++) {
        if (desk.trades[i].symbol == symbol && desk.trades[i].time_ns == at_ns &&
            desk.trades[i].exchange == 'Q')
            print = &desk.trades[i];
    }
    TW_ASSERT(print != NULL);
    assert_string_equal(print->conditions, conditions);
    assert_int_equal(print->price.nano, expected[symbol].price);
    assert_int_equal(print->quantity.nano, expected[symbol].quantity);
}

static int64_t filled_before[PARTS_MAX];

/* Users have what the slow auction gave them, and none of their orders for it is alive. */
static void check_users(tw_symbol symbol, tw_time_in_force time_in_force) {
    const slow_auction *slow = &expected[symbol];
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    for (uint32_t i = 0; i < slow->count; i++) {
        const part *p = &slow->parts[i];
        if ((p->id & FLOOR_USER_ID) == 0)
            continue;
        uint64_t index = (p->id & ~FLOOR_USER_ID) - 1;
        assert_true(index < count);
        assert_int_equal(orders[index].order.filled.nano - filled_before[index], p->traded);
        assert_int_equal(orders[index].order.status, p->traded == orders[index].order.quantity.nano
                                                         ? TW_ORDER_FILLED
                                                         : TW_ORDER_CANCELED);
        user_fills += p->traded > 0;
    }
    for (uint32_t i = 0; i < count; i++)
        assert_false(is_for(&orders[i], symbol, time_in_force));
}

static void check_agents(tw_symbol symbol) {
    tw_match_view view;
    for (uint64_t i = 1; i <= AUCTION_INTEREST_COUNT; i++)
        assert_int_equal(
            tw_match_find(floor_match(desk.floor), symbol, AUCTION_INTEREST_ID | i, &view),
            TW_NOT_FOUND);
    assert_int_equal(tw_match_auction_of(floor_match(desk.floor), symbol), 0);
}

/* From before the gathering to just behind the auction. */
static void pass_auction(tw_match_auction kind, int64_t at_ns) {
    bool opening = kind == TW_MATCH_OPENING;
    tw_time_in_force time_in_force = opening ? TW_AT_OPEN : TW_AT_CLOSE;
    for (uint32_t i = 0; i < 16; i++)
        submit((tw_symbol)below(SYMBOLS), time_in_force);
    advance(at_ns - 1);
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    for (uint32_t i = 0; i < count; i++)
        filled_before[i] = orders[i].order.filled.nano;
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        tw_match_outlook outlook;
        read_parts(s, kind);
        hold_slowly(s);
        assert_true(floor_outlook(desk.floor, s, kind, &outlook));
        assert_int_equal(outlook.price.nano, expected[s].price);
    }
    advance(at_ns);
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        check_print(s, at_ns, opening ? "@OX" : "@6X");
        check_users(s, time_in_force);
        check_agents(s);
        assert_int_equal(desk.account->holdings[s].quantity.nano, desk.shares_nano[s]);
    }
    assert_int_equal(desk.account->cash.nano, desk.cash_nano);
    ledger_check(desk.ledger);
    tw_match_check(floor_match(desk.floor));
}

static void live_a_day(uint64_t seed) {
    const desk_config config = {
        .symbols = "AAA,BBB", .seed = seed, .cash = {20000000 * TW_NANO}, .multiplier_max = 4};
    tw_error error = {0};
    session_hours hours;
    tw_random_init(&dice, seed, 11);
    assert_int_equal(desk_open(&desk, NULL, &config, &error), TW_OK);
    advance(DESK_START_NS + TW_NS_PER_MINUTE);
    assert_true(session_hours_of(session_day_of(DESK_START_NS), &hours));
    assert_int_equal(floor_jump(desk.floor, hours.close_ns - 12 * TW_NS_PER_MINUTE, &error), TW_OK);
    pass_auction(TW_MATCH_CLOSING, hours.close_ns);
    assert_true(session_hours_of(session_day_of(DESK_START_NS) + 1, &hours));
    assert_int_equal(floor_jump(desk.floor, hours.open_ns - 5 * TW_NS_PER_MINUTE, &error), TW_OK);
    pass_auction(TW_MATCH_OPENING, hours.open_ns);
    desk_close(&desk);
}

static void auctions_come_to_what_a_slow_one_comes_to(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live_a_day(seed);
    assert_true(user_fills > 5 * SEEDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auctions_come_to_what_a_slow_one_comes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
