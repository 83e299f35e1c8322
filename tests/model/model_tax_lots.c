/*
 * model_tax_lots.c - closed lots beside every other way to fill the sale.
 *
 * Quantities are a few whole shares, so all ways to take them from the lots can be walked, and what
 * was bought again can be matched share by share.
 *
 * Rules held: no way to fill the sale has less tax than the least-tax order; lots are closed whole
 * and in order but for the last; all sums are those of the closings; shares of a loss are matched
 * one by one with shares bought near the sale, none with the rest of its own lot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/tax_lots.h"

#define LOTS 6
#define BUYS 3

__extension__ typedef __int128 wide;

typedef struct instance {
    tw_tax_lot lots[LOTS];
    tw_tax_purchase purchases[BUYS];
    tw_tax_lots_input input;
    tw_tax_lots_config config;
    int64_t held; /* whole shares of the symbol */
} instance;

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t pick(uint64_t *seed, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

/* Of the symbol and the side that the trade closes. */
static bool is_of(const instance *x, tw_symbol symbol, uint8_t is_short) {
    return symbol == 1 && is_short == x->input.closes_short;
}

static bool is_lot_of(const instance *x, size_t i) {
    return is_of(x, x->lots[i].symbol, x->lots[i].is_short);
}

static void make_instance(instance *x, uint64_t *seed) {
    memset(x, 0, sizeof *x);
    x->input.day = 20000 + pick(seed, 0, 800);
    x->input.symbol = 1;
    x->input.closes_short = pick(seed, 0, 3) == 0;
    x->input.price.nano = pick(seed, 5, 9) * TW_NANO;
    x->input.lots = x->lots;
    x->input.lot_count = (size_t)pick(seed, 1, LOTS);
    for (size_t i = 0; i < x->input.lot_count; i++) {
        x->lots[i].quantity.nano = pick(seed, 1, 4) * TW_NANO;
        x->lots[i].price.nano = pick(seed, 4, 10) * TW_NANO;
        int64_t age = pick(seed, 0, 2) == 0 ? pick(seed, 360, 370) : pick(seed, 0, 60);
        x->lots[i].day = x->input.day - age;
        x->lots[i].symbol = i == 0 || pick(seed, 0, 5) > 0 ? 1 : 2;
        x->lots[i].is_short = x->input.closes_short != (i > 0 && pick(seed, 0, 9) == 0);
        if (is_lot_of(x, i))
            x->held += x->lots[i].quantity.nano / TW_NANO;
    }
    x->input.purchases = x->purchases;
    x->input.purchase_count = (size_t)pick(seed, 0, BUYS);
    for (size_t i = 0; i < x->input.purchase_count; i++) {
        x->purchases[i].quantity.nano = pick(seed, 1, 3) * TW_NANO;
        x->purchases[i].day = x->input.day + pick(seed, -34, 34);
        x->purchases[i].symbol = (tw_symbol)pick(seed, 1, 2);
        x->purchases[i].is_short = pick(seed, 0, 3) == 0;
    }
    x->input.quantity.nano = pick(seed, 1, x->held) * TW_NANO;
    x->input.trade_cost.nano = pick(seed, 0, 2) * (x->input.quantity.nano / 2);
    x->config.order = (uint8_t)pick(seed, 0, TW_LOTS_LEAST_TAX);
    x->config.short_rate_nano = pick(seed, 0, 4) * (TW_NANO / 10);
    x->config.long_rate_nano = pick(seed, 0, 4) * (TW_NANO / 10);
}

static bool is_long(const instance *x, size_t i) {
    return !x->input.closes_short && tw_tax_is_long_term(x->lots[i].day, x->input.day);
}

/* On one share, the cost of the trade taken off. */
static int64_t gain_of(const instance *x, size_t i) {
    int64_t rise = x->input.price.nano - x->lots[i].price.nano;
    int64_t cost = x->input.trade_cost.nano / (x->input.quantity.nano / TW_NANO);
    return (x->input.closes_short ? -rise : rise) - cost;
}

/* The tax on one share of a lot, losses counted. */
static int64_t tax_of(const instance *x, size_t i) {
    int64_t rate = is_long(x, i) ? x->config.long_rate_nano : x->config.short_rate_nano;
    return (int64_t)((wide)gain_of(x, i) * rate / TW_NANO);
}

/* The least tax of filling `wanted` shares from lot `i` on, by trying every quantity of each. */
static int64_t slow_least_tax(const instance *x, size_t i, int64_t wanted) {
    if (i == x->input.lot_count)
        return wanted == 0 ? 0 : INT64_MAX;
    int64_t most = is_lot_of(x, i) ? x->lots[i].quantity.nano / TW_NANO : 0;
    int64_t least = INT64_MAX;
    for (int64_t taken = 0; taken <= most && taken <= wanted; taken++) {
        int64_t rest = slow_least_tax(x, i + 1, wanted - taken);
        if (rest != INT64_MAX && rest + taken * tax_of(x, i) < least)
            least = rest + taken * tax_of(x, i);
    }
    return least;
}

/* Shares that count as bought again, by where they came from: a lot, or elsewhere. */
typedef struct pool {
    int64_t of_lot[LOTS];
    int64_t elsewhere;
} pool;

static bool is_near(const instance *x, int64_t day) {
    return day - x->input.day <= 30 && x->input.day - day <= 30;
}

static pool pool_of(const instance *x, const tw_tax_closing *closings, size_t count) {
    pool bought = {{0}, 0};
    for (size_t i = 0; i < x->input.lot_count; i++)
        if (is_lot_of(x, i) && is_near(x, x->lots[i].day))
            bought.of_lot[i] = x->lots[i].quantity.nano / TW_NANO;
    for (size_t k = 0; k < count; k++)
        if (bought.of_lot[closings[k].lot] > 0)
            bought.of_lot[closings[k].lot] -= closings[k].quantity.nano / TW_NANO;
    for (size_t i = 0; i < x->input.purchase_count; i++)
        if (is_of(x, x->purchases[i].symbol, x->purchases[i].is_short) &&
            is_near(x, x->purchases[i].day))
            bought.elsewhere += x->purchases[i].quantity.nano / TW_NANO;
    return bought;
}

/* Takes one share that is not of the lot itself, from `scarce`, the lot closed in part, if it can:
 * so the most can be matched. */
static bool match_one(pool *bought, size_t own, size_t scarce) {
    if (scarce != own && bought->of_lot[scarce] > 0) {
        bought->of_lot[scarce]--;
        return true;
    }
    for (size_t i = 0; i < LOTS; i++) {
        if (i != own && bought->of_lot[i] > 0) {
            bought->of_lot[i]--;
            return true;
        }
    }
    if (bought->elsewhere == 0)
        return false;
    bought->elsewhere--;
    return true;
}

static void assert_wash(const instance *x, const tw_tax_closing *closings, size_t count) {
    pool bought = pool_of(x, closings, count);
    for (size_t k = 0; k < count; k++) {
        int64_t matched = 0;
        int64_t shares = closings[k].quantity.nano / TW_NANO;
        while (closings[k].gain.nano < 0 && matched < shares &&
               match_one(&bought, closings[k].lot, closings[count - 1].lot))
            matched++;
        assert_int_equal(closings[k].washed.nano, matched * TW_NANO);
        assert_int_equal(closings[k].disallowed_loss.nano,
                         matched * -closings[k].gain.nano / shares);
    }
}

/* True when lot `a` must be closed before lot `b`. */
static bool goes_before(const instance *x, size_t a, size_t b) {
    int64_t gain_a = gain_of(x, a);
    int64_t gain_b = gain_of(x, b);
    bool longs_first = x->config.long_rate_nano > x->config.short_rate_nano; /* of losses */
    switch ((tw_lots_order)x->config.order) {
    case TW_LOTS_HIGHEST_COST:
        return gain_a < gain_b;
    case TW_LOTS_FIRST_IN:
        return x->lots[a].day < x->lots[b].day;
    case TW_LOTS_LAST_IN:
        return x->lots[a].day > x->lots[b].day;
    case TW_LOTS_LOWEST_COST:
        return gain_a > gain_b;
    case TW_LOTS_LONG_TERM:
        return is_long(x, a) != is_long(x, b) ? is_long(x, a) : gain_a < gain_b;
    case TW_LOTS_LEAST_TAX:
        return tax_of(x, a) < tax_of(x, b);
    case TW_LOTS_LOSS_FIRST:
        if ((gain_a < 0) != (gain_b < 0))
            return gain_a < 0;
        if (gain_a < 0)
            return is_long(x, a) != is_long(x, b) ? is_long(x, a) == longs_first : gain_a < gain_b;
        if ((gain_a == 0) != (gain_b == 0))
            return gain_a == 0;
        if (gain_a == 0)
            return false;
        return is_long(x, a) != is_long(x, b) ? is_long(x, a) != longs_first : gain_a < gain_b;
    }
    return false;
}

static void assert_ordered(const instance *x, const tw_tax_closing *closings, size_t count) {
    int64_t left = x->input.quantity.nano;
    bool closed[LOTS] = {false};
    for (size_t k = 0; k < count; k++) {
        size_t at = closings[k].lot;
        assert_true(is_lot_of(x, at));
        assert_false(closed[at]);
        closed[at] = true;
        left -= closings[k].quantity.nano;
        if (k + 1 < count)
            assert_int_equal(closings[k].quantity.nano, x->lots[at].quantity.nano);
        for (size_t i = 0; i < x->input.lot_count; i++)
            if (!closed[i] && is_lot_of(x, i))
                assert_false(goes_before(x, i, at));
    }
    assert_int_equal(left, 0);
}

static void test_lots_are_closed_as_all_other_ways_say(void **state) {
    (void)state;
    uint64_t seed = 21;
    int washed = 0;
    int saved = 0;
    for (int round = 0; round < 8000; round++) {
        instance x;
        make_instance(&x, &seed);
        tw_tax_closing closings[LOTS];
        tw_tax_lots_result result;
        assert_int_equal(tw_tax_lots_close(&x.config, &x.input, closings, &result, NULL), TW_OK);
        assert_ordered(&x, closings, result.count);
        assert_wash(&x, closings, result.count);
        washed += result.washed.nano > 0;
        int64_t tax = 0;
        int64_t gain = 0;
        for (size_t k = 0; k < result.count; k++) {
            tax += closings[k].quantity.nano / TW_NANO * tax_of(&x, closings[k].lot);
            gain += closings[k].gain.nano;
            assert_int_equal(closings[k].long_term, is_long(&x, closings[k].lot));
            assert_int_equal(closings[k].gain.nano,
                             closings[k].quantity.nano / TW_NANO * gain_of(&x, closings[k].lot));
        }
        assert_int_equal(gain, result.gain_short.nano + result.gain_long.nano);
        assert_int_equal(gain, result.proceeds.nano - result.cost.nano);
        int64_t least = slow_least_tax(&x, 0, x.input.quantity.nano / TW_NANO);
        assert_true(tax >= least);
        saved += tax > least;
        if (x.config.order == TW_LOTS_LEAST_TAX)
            assert_int_equal(tax, least);
        if (result.washed.nano == 0)
            assert_int_equal(result.tax.nano, tax);
    }
    assert_true(washed > 500 && saved > 500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lots_are_closed_as_all_other_ways_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
