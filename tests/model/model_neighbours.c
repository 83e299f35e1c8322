/*
 * model_neighbours.c - two accounts send, replace and cancel random orders close to one another and
 * among agents, over days. Beside the ledger stands a count from the trades alone: what one side of
 * a trade gives the other gets. After each step both accounts and the agents together have what
 * there was at the start and was paid in since, to the last nano-dollar and the last part of a
 * share, and everything holds that ledger_check asserts.
 *
 * TRADEWIND_MODEL_RUNS says how many such worlds there are (4); each takes some 500 orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "ledger_priv.h"

enum { RUNS = 4, STEPS = 1500, SYMBOLS = 2, ACCOUNTS = 2, OUTCOMES = 2 };

static const int64_t CENT = TW_NANO / 100;
static const int64_t START_NANO = 2000000 * TW_NANO;

static trading_desk desk;
static tw_random dice;
static uint32_t refused_wash;
static int64_t moved_nano; /* paid in, less what was paid out */

static uint64_t below(uint64_t limit) {
    return tw_random_below(&dice, limit);
}

static ledger_account *any_account(void) {
    return ledger_account_at(desk.ledger, (uint32_t)below(ACCOUNTS));
}

/* Between the best prices of the agents, where the other account is met first, or at them. */
static int64_t near_price(tw_symbol symbol) {
    tw_quote quote;
    floor_quote(desk.floor, symbol, &quote);
    int64_t room = (quote.ask_price.nano - quote.bid_price.nano) / CENT;
    if (quote.bid_size.nano <= 0 || quote.ask_size.nano <= 0 || room < 0)
        return floor_price(desk.floor, symbol).nano / CENT * CENT;
    return quote.bid_price.nano + (int64_t)below((uint64_t)room + 1) * CENT;
}

static void step_submit(void) {
    tw_symbol symbol = (tw_symbol)below(SYMBOLS);
    tw_side side = below(2) == 0 ? TW_SIDE_BUY : TW_SIDE_SELL;
    int64_t quantity = (1 + (int64_t)below(50)) * TW_NANO;
    if (below(8) == 0) /* only who has the shares may sell a part of one */
        quantity += (int64_t)below(TW_NANO);
    int64_t price = below(6) == 0 ? 0 : near_price(symbol);
    tw_alpaca_order_request request =
        desk_request(tw_symbols_name(desk.symbols, symbol), side, quantity, price);
    ledger_order order;
    ledger_refusal refusal = {0};
    tw_status status = ledger_submit(desk.ledger, any_account(), &request, &order, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
    refused_wash += status == TW_REFUSED && strstr(refusal.message, "wash trade") != NULL;
}

/* One of the newest; NULL before the first. */
static const ledger_order *any_order(void) {
    uint32_t count = 0;
    const ledger_order *orders = ledger_orders(desk.ledger, &count);
    return count == 0 ? NULL : &orders[count - 1 - below(count < 30 ? count : 30)];
}

static void step_cancel(void) {
    const ledger_order *order = any_order();
    ledger_refusal refusal;
    if (order != NULL && order_is_live(order))
        assert_int_equal(ledger_cancel(desk.ledger, order, &refusal), TW_OK);
}

static void step_replace(void) {
    const ledger_order *order = any_order();
    ledger_order next;
    ledger_refusal refusal;
    if (order == NULL || order->order.limit_price.nano == 0)
        return;
    tw_alpaca_order_request changes = {.limit_price = {near_price(order->order.symbol)},
                                       .present = TW_ALPACA_BIT(TW_ALPACA_REQUEST_LIMIT_PRICE)};
    tw_status status = ledger_replace(desk.ledger, order, &changes, &next, &refusal);
    assert_true(status == TW_OK || status == TW_REFUSED);
}

/* Up to a fifth of what an account has, or more than it may take out. */
static void step_cash(void) {
    ledger_account *account = any_account();
    int64_t amount = (int64_t)below((uint64_t)START_NANO / 5) - START_NANO / 10;
    ledger_refusal refusal;
    if (below(4) == 0)
        amount = -START_NANO * 2;
    if (ledger_move_cash(desk.ledger, account, (tw_money){amount}, &refusal) == TW_OK)
        moved_nano += amount;
}

/* Mostly a second; now and then over the night. */
static void step_time(void) {
    int64_t now_ns = floor_now(desk.floor);
    tw_status status =
        below(50) > 0
            ? floor_advance(desk.floor, now_ns + (int64_t)below(TW_NS_PER_SECOND), UINT64_MAX, NULL)
            : floor_jump(desk.floor, session_next_open(now_ns) + TW_NS_PER_SECOND, NULL);
    assert_int_equal(status, TW_OK);
}

static void check_step(void) {
    int64_t cash_nano = 0;
    for (uint32_t a = 0; a < ACCOUNTS; a++)
        cash_nano += ledger_account_at(desk.ledger, a)->cash.nano;
    assert_int_equal(cash_nano + desk.other_cash_nano, ACCOUNTS * START_NANO + moved_nano);
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        int64_t shares_nano = 0;
        for (uint32_t a = 0; a < ACCOUNTS; a++)
            shares_nano += ledger_account_at(desk.ledger, a)->holdings[s].quantity.nano;
        assert_int_equal(shares_nano + desk.other_shares_nano[s], 0);
    }
    ledger_check(desk.ledger);
    desk.updates[0] = '\0';
    desk.phases[0] = '\0';
}

/* How often the accounts have traded with one another: fills of the same price, size and time,
 * beside each other among the activities, of which one bought and one sold. */
static uint32_t trades_between(void) {
    const activity_log *log = ledger_activities(desk.ledger);
    uint64_t first = 0;
    uint64_t end = 0;
    uint32_t count = 0;
    activity_log_range(log, &first, &end);
    for (uint64_t n = first; n + 1 < end; n++) {
        const account_activity *a = activity_log_at(log, n);
        const account_activity *b = activity_log_at(log, n + 1);
        count += a->kind == ACTIVITY_FILL && b->kind == ACTIVITY_FILL && a->account != b->account &&
                 a->side != b->side && a->symbol == b->symbol && a->time_ns == b->time_ns &&
                 a->price_nano == b->price_nano && a->quantity_nano == b->quantity_nano;
    }
    return count;
}

/* What the seeds together came to: a world without these would show nothing. */
typedef struct tally {
    uint64_t orders;
    uint64_t between;
    uint64_t wash;
    uint64_t moved;
} tally;

static void play(uint64_t seed, tally *sums) {
    static void (*const steps[])(void) = {step_submit,  step_submit, step_submit, step_cancel,
                                          step_replace, step_time,   step_cash};
    static const int64_t multipliers[OUTCOMES] = {1, 4};
    const desk_config config = {.symbols = "AAA,BBB",
                                .seed = seed,
                                .cash = {START_NANO},
                                .multiplier_max = multipliers[seed % OUTCOMES]};
    refused_wash = 0;
    moved_nano = 0;
    tw_random_init(&dice, seed, 11);
    assert_int_equal(desk_open(&desk, NULL, &config, NULL), TW_OK);
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[below(sizeof steps / sizeof steps[0])]();
        check_step();
    }
    tw_match_check(floor_match(desk.floor));
    sums->orders += desk.ledger->order_count;
    sums->between += trades_between();
    sums->wash += refused_wash;
    sums->moved += moved_nano != 0;
    desk_close(&desk);
}

static void what_one_gives_the_other_gets(void **state) {
    (void)state;
    const char *wanted = getenv("TRADEWIND_MODEL_RUNS");
    uint64_t count = wanted != NULL ? strtoull(wanted, NULL, 10) : RUNS;
    tally sums = {0};
    for (uint64_t seed = 1; seed <= count; seed++)
        play(seed, &sums);
    print_message("%llu orders, %llu trades between the accounts, %llu wash trades refused\n",
                  (unsigned long long)sums.orders, (unsigned long long)sums.between,
                  (unsigned long long)sums.wash);
    assert_true(sums.orders > 200 * count);
    assert_true(sums.between > 5 * count && sums.wash > 5 * count && sums.moved > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_gives_the_other_gets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
