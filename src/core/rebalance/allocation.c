/*
 * allocation.c - whole shares from weights.
 *
 * What a holding lacks is its weight of everything bought so far less its own value. Compared as
 * whole numbers (weight x total - value x scale) there is no rounding, so "lacks most" means the
 * same everywhere.
 *
 * Invariants:
 * 1. left is the amount less the value of the shares, and never negative.
 * 2. Everything is checked before the first output is written; shares that an amount pays for fit.
 */
#include "tradewind/allocation.h"

#include <math.h>
#include <string.h>

#include "rebalance_money.h"

void tw_allocation_config_init(tw_allocation_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->short_ratio_nano = -1;
    config->tries_max = 10;
}

static tw_status check_holdings(const tw_allocation_holding *holdings, size_t count,
                                tw_error *error) {
    TW_ASSERT(holdings != NULL || count == 0);
    for (size_t i = 0; i < count; i++) {
        if (holdings[i].price.nano <= 0)
            return tw_error_set(error, TW_INVALID, "holding %zu has a price that is not above 0",
                                i);
        if (holdings[i].weight_nano < -TW_NANO || holdings[i].weight_nano > TW_NANO)
            return tw_error_set(error, TW_INVALID, "holding %zu has a weight outside -1 to 1", i);
    }
    return TW_OK;
}

/* --- one side ----------------------------------------------------------------------------------
 */

/* Holdings whose weights have one sign, to be allocated over an amount for themselves. */
typedef struct side {
    const tw_allocation_holding *holdings;
    size_t count;
    int64_t *shares;
    bool is_short;
    wide scale; /* what the weights are parts of */
    wide worth; /* of all shares of this side */
    wide left;
} side;

static bool is_on(const side *s, size_t i) {
    return (s->holdings[i].weight_nano < 0) == s->is_short;
}

static wide weight_on(const side *s, size_t i) {
    int64_t weight = s->holdings[i].weight_nano;
    return weight < 0 ? -(wide)weight : weight;
}

static wide lack_of(const side *s, size_t i) {
    wide total = s->worth == 0 ? 1 : s->worth;
    return weight_on(s, i) * total - (wide)s->shares[i] * s->holdings[i].price.nano * s->scale;
}

/* Does `a` lack more than `b`? Ties go to the greater weight, then the lower index. */
static bool lacks_more(const side *s, size_t a, size_t b) {
    wide lack_a = lack_of(s, a);
    wide lack_b = lack_of(s, b);
    if (lack_a != lack_b)
        return lack_a > lack_b;
    wide weight_a = weight_on(s, a);
    wide weight_b = weight_on(s, b);
    return weight_a != weight_b ? weight_a > weight_b : a < b;
}

/* Of those that lack less than `after` (SIZE_MAX: of all), the one that lacks most; SIZE_MAX for
 * none. */
static size_t next_lacking(const side *s, size_t after) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < s->count; i++) {
        if (!is_on(s, i) || (after != SIZE_MAX && !lacks_more(s, after, i)))
            continue;
        if (best == SIZE_MAX || lacks_more(s, i, best))
            best = i;
    }
    return best != SIZE_MAX && lack_of(s, best) > 0 ? best : SIZE_MAX;
}

static void buy(side *s, size_t i, int64_t shares) {
    wide value = (wide)shares * s->holdings[i].price.nano;
    s->shares[i] += shares;
    s->worth += value;
    s->left -= value;
}

/* One share of what lacks most among the first `tries` that the cash left pays for. */
static bool buy_one(side *s, uint32_t tries) {
    size_t at = next_lacking(s, SIZE_MAX);
    for (; at != SIZE_MAX && tries > 0; tries--) {
        if (s->holdings[at].price.nano <= s->left) {
            buy(s, at, 1);
            return true;
        }
        at = next_lacking(s, at);
    }
    return false;
}

static void allocate_side(side *s, wide amount, uint32_t tries) {
    s->left = amount;
    for (size_t i = 0; i < s->count; i++) {
        if (!is_on(s, i))
            continue;
        s->shares[i] = 0;
        buy(s, i,
            (int64_t)floor_divide(weight_on(s, i) * amount, s->scale * s->holdings[i].price.nano));
    }
    for (int bought = 0; bought < TW_ALLOCATION_PURCHASES_MAX && buy_one(s, tries); bought++)
        continue;
}

/* --- greedy -------------------------------------------------------------------------------------
 */

tw_status tw_allocation_greedy(const tw_allocation_config *config,
                               const tw_allocation_holding *holdings, size_t count,
                               int64_t *ret_shares, tw_money *ret_left, tw_error *error) {
    TW_ASSERT(config != NULL && ret_left != NULL && (ret_shares != NULL || count == 0));
    tw_status status = check_holdings(holdings, count, error);
    if (status != TW_OK)
        return status;
    wide longs = 0;
    wide shorts = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t weight = holdings[i].weight_nano;
        longs += weight > 0 ? weight : 0;
        shorts -= weight < 0 ? weight : 0;
    }
    if (config->amount.nano <= 0)
        return tw_error_set(error, TW_INVALID, "the amount to invest is not above 0");
    if (shorts == 0 && longs > TW_NANO + TW_NANO / 10000)
        return tw_error_set(error, TW_INVALID, "the weights add up to more than 1");
    wide ratio = config->short_ratio_nano < 0 ? shorts : (wide)config->short_ratio_nano;
    wide short_amount = shorts == 0 ? 0 : config->amount.nano * ratio / TW_NANO;
    wide long_amount = config->amount.nano + (config->reinvest != 0 ? short_amount : 0);
    if (short_amount > INT64_MAX || long_amount + short_amount > INT64_MAX)
        return tw_error_set(error, TW_OVERFLOW, "the amounts of both sides do not fit");
    side up = {.holdings = holdings, .count = count, .shares = ret_shares};
    side down = {.holdings = holdings, .count = count, .shares = ret_shares, .is_short = true};
    /* Weights that are rounded to add up to a little more than 1 are parts of what they add up to.
     */
    up.scale = shorts > 0 ? (longs > 0 ? longs : 1) : longs > TW_NANO ? longs : TW_NANO;
    down.scale = shorts > 0 ? shorts : 1;
    allocate_side(&up, long_amount, config->tries_max);
    allocate_side(&down, short_amount, config->tries_max);
    for (size_t i = 0; i < count; i++)
        if (holdings[i].weight_nano < 0)
            ret_shares[i] = -ret_shares[i];
    ret_left->nano = (int64_t)(up.left + down.left);
    return TW_OK;
}

double tw_allocation_error(const tw_allocation_holding *holdings, size_t count,
                           const int64_t *shares) {
    wide worth = 0;
    for (size_t i = 0; i < count; i++)
        worth += (wide)shares[i] * holdings[i].price.nano;
    if (worth == 0 || count == 0)
        return NAN;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double part = wide_to_double((wide)shares[i] * holdings[i].price.nano);
        double away = (double)holdings[i].weight_nano / (double)TW_NANO;
        away -= part / wide_to_double(worth);
        sum += away * away;
    }
    return sqrt(sum / (double)count);
}

/* --- to weights ---------------------------------------------------------------------------------
 */

/* Cash and what is held, above 0. */
static tw_status equity_of(const tw_allocation_config *config,
                           const tw_allocation_holding *holdings, size_t count, int64_t *ret_equity,
                           tw_error *error) {
    wide equity = config->amount.nano;
    for (size_t i = 0; i < count; i++)
        equity += (wide)holdings[i].shares * holdings[i].price.nano;
    if (equity <= 0)
        return tw_error_set(error, TW_INVALID, "cash and holdings are worth nothing");
    for (size_t i = 0; i < count; i++) {
        wide value = (wide)holdings[i].shares * holdings[i].price.nano;
        if (value > INT64_MAX / 4 || value < -(INT64_MAX / 4))
            return tw_error_set(error, TW_OVERFLOW, "the value of holding %zu does not fit", i);
    }
    if (equity > INT64_MAX / 4)
        return tw_error_set(error, TW_OVERFLOW, "the value of the holdings does not fit");
    *ret_equity = (int64_t)equity;
    return TW_OK;
}

/* What is traded of one holding: the greatest number whose value and commission `away` pays for. */
static wide shares_to(const tw_allocation_config *config, const tw_allocation_holding *at,
                      wide base) {
    if (at->weight_nano == 0)
        return -(wide)at->shares;
    wide away = floor_divide(at->weight_nano * base, TW_NANO) - (wide)at->shares * at->price.nano;
    if (away == 0)
        return 0;
    wide shares = floor_divide(away - config->commission.nano, at->price.nano);
    if (away > 0 && shares < 0)
        return 0;
    bool sells_all = at->weight_nano > 0 && at->shares > 0 && shares < -(wide)at->shares;
    return sells_all ? -(wide)at->shares : shares;
}

tw_status tw_allocation_to_weights(const tw_allocation_config *config,
                                   const tw_allocation_holding *holdings, size_t count,
                                   int64_t *ret_shares, tw_money *ret_cash, tw_error *error) {
    TW_ASSERT(config != NULL && ret_cash != NULL && (ret_shares != NULL || count == 0));
    tw_status status = check_holdings(holdings, count, error);
    int64_t equity = 0;
    if (status == TW_OK)
        status = equity_of(config, holdings, count, &equity, error);
    if (status != TW_OK)
        return status;
    if (config->cash_nano < 0 || config->cash_nano > TW_NANO || config->commission.nano < 0)
        return tw_error_set(error, TW_INVALID,
                            "the part in cash must lie in 0 to 1, the commission be at least 0");
    wide base = floor_divide((wide)equity * (TW_NANO - config->cash_nano), TW_NANO);
    wide cash = config->amount.nano;
    for (size_t i = 0; i < count; i++) {
        wide shares = shares_to(config, &holdings[i], base);
        cash -= shares * holdings[i].price.nano;
        cash -= shares != 0 ? config->commission.nano : 0;
    }
    if (cash > INT64_MAX || cash < INT64_MIN)
        return tw_error_set(error, TW_OVERFLOW, "the cash that is left does not fit");
    for (size_t i = 0; i < count; i++)
        ret_shares[i] = (int64_t)(holdings[i].shares + shares_to(config, &holdings[i], base));
    ret_cash->nano = (int64_t)cash;
    return TW_OK;
}

/* --- new cash ------------------------------------------------------------------------------------
 */

static wide lack_in_value(const tw_allocation_holding *at, int64_t equity) {
    return floor_divide((wide)at->weight_nano * equity, TW_NANO) -
           (wide)at->shares * at->price.nano;
}

static wide shares_above(const tw_allocation_holding *at, int64_t equity, wide level) {
    wide value = lack_in_value(at, equity) - level;
    return value <= 0 ? 0 : floor_divide(value, at->price.nano);
}

static wide cost_at(const tw_allocation_holding *holdings, size_t count, int64_t equity,
                    wide level) {
    wide cost = 0;
    for (size_t i = 0; i < count; i++)
        cost += shares_above(&holdings[i], equity, level) * holdings[i].price.nano;
    return cost;
}

/* One share of what lacks most of what `left` pays for and does not pass its target by it. */
static size_t best_to_buy(const tw_allocation_holding *holdings, size_t count, int64_t equity,
                          const int64_t *bought, wide left) {
    size_t best = SIZE_MAX;
    wide most = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t price = holdings[i].price.nano;
        wide lack = lack_in_value(&holdings[i], equity) - (wide)bought[i] * price;
        if (price > left || 2 * lack < price)
            continue;
        if (best == SIZE_MAX || lack > most) {
            best = i;
            most = lack;
        }
    }
    return best;
}

tw_status tw_allocation_invest(const tw_allocation_config *config,
                               const tw_allocation_holding *holdings, size_t count,
                               int64_t *ret_bought, tw_money *ret_left, tw_error *error) {
    TW_ASSERT(config != NULL && ret_left != NULL && (ret_bought != NULL || count == 0));
    tw_status status = check_holdings(holdings, count, error);
    int64_t equity = 0;
    if (status == TW_OK)
        status = equity_of(config, holdings, count, &equity, error);
    if (status != TW_OK)
        return status;
    if (config->amount.nano <= 0)
        return tw_error_set(error, TW_INVALID, "the amount to invest is not above 0");
    /* The level above which what is lacking is bought: nothing at `high`, too much below `low`. */
    wide low = -1;
    wide high = 2 * (wide)INT64_MAX;
    while (high - low > 1) {
        wide middle = low + (high - low) / 2;
        if (cost_at(holdings, count, equity, middle) <= config->amount.nano)
            high = middle;
        else
            low = middle;
    }
    wide left = config->amount.nano - cost_at(holdings, count, equity, high);
    for (size_t i = 0; i < count; i++)
        ret_bought[i] = (int64_t)shares_above(&holdings[i], equity, high);
    for (int purchases = 0; purchases < TW_ALLOCATION_PURCHASES_MAX; purchases++) {
        size_t at = best_to_buy(holdings, count, equity, ret_bought, left);
        if (at == SIZE_MAX)
            break;
        ret_bought[at]++;
        left -= holdings[at].price.nano;
    }
    ret_left->nano = (int64_t)left;
    return TW_OK;
}
