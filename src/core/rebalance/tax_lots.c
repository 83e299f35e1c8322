/*
 * tax_lots.c - lots in an order, closed until the sale is filled.
 *
 * The least tax. The tax is the sum over lots of q_i c_i, where q_i is what is closed of lot i and
 * c_i = rate x (price - paid), with the rate of the lot's term. That is linear in q, with sum(q_i)
 * given and 0 <= q_i <= held_i. Let a choice close some of lot j and not all of lot i with c_i <
 * c_j: to move one unit from j to i is allowed and changes the tax by c_i - c_j < 0. So in a least
 * choice every lot with a lesser c is closed whole before one with a greater c is touched, which is
 * the order of c; lots of equal c may be swapped freely. Rates are one for gains and losses, or the
 * sum would not be linear. The cost of the trade is a part of each unit's gain. (Rounding to 1e-9 a
 * closing, and of that cost to 1e-9 a unit, is outside of this.)
 *
 * Invariants:
 * 1. The closings' `lot` are a heap while lots are chosen: the first of those left is at the top.
 * 2. Every closing but the last closes its lot whole, so only one lot can be left in part.
 * 3. What the lots cost together and what the sale brings fit tw_money; so does every part.
 */
#include "tradewind/tax_lots.h"

#include <string.h>

#include "tradewind/time.h"

__extension__ typedef __int128 wide;

#define DAY_LEAST INT64_C(-106650) /* 1678-01-01 */
#define DAY_MOST INT64_C(106650)   /* 2261-12-31 */

static const char *const order_names[] = {"highest-cost", "first-in",   "last-in",  "lowest-cost",
                                          "long-term",    "loss-first", "least-tax"};

#define ORDER_COUNT (sizeof order_names / sizeof order_names[0])
_Static_assert(ORDER_COUNT == TW_LOTS_LEAST_TAX + 1, "every order has its name");

const char *tw_lots_order_name(tw_lots_order order) {
    return (size_t)order < ORDER_COUNT ? order_names[order] : "?";
}

tw_status tw_lots_order_parse(tw_slice text, tw_lots_order *ret_order) {
    TW_ASSERT(ret_order != NULL);
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        if (tw_slice_equal_string(text, order_names[i])) {
            *ret_order = (tw_lots_order)i;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

void tw_tax_lots_config_init(tw_tax_lots_config *config) {
    TW_ASSERT(config != NULL);
    memset(config, 0, sizeof *config);
    config->order = TW_LOTS_HIGHEST_COST;
    config->short_rate_nano = 37 * (TW_NANO / 100);
    config->long_rate_nano = 20 * (TW_NANO / 100);
}

static bool is_day(int64_t day) {
    return day >= DAY_LEAST && day <= DAY_MOST;
}

bool tw_tax_is_long_term(int64_t bought_day, int64_t sold_day) {
    TW_ASSERT(is_day(bought_day) && is_day(sold_day));
    tw_date begins = tw_date_from_days(bought_day + 1);
    tw_date later = {begins.year + 1, begins.month, begins.day};
    if (begins.month == 2 && begins.day == 29)
        later = (tw_date){begins.year + 1, 3, 1};
    int64_t first = 0;
    tw_status status = tw_date_to_days(later, &first);
    TW_ASSERT(status == TW_OK);
    return sold_day >= first;
}

/* --- the order ------------------------------------------------------------------------------ */

typedef struct chooser {
    const tw_tax_lots_config *config;
    const tw_tax_lots_input *input;
    int64_t long_until; /* what was bought up to this day is long-term at the sale */
    wide unit_cost;     /* of the trade */
} chooser;

/* Lots that the trade may close, and purchases that count against its losses. */
static bool is_of(const tw_tax_lots_input *input, tw_symbol symbol, uint8_t is_short) {
    return symbol == input->symbol && (is_short != 0) == (input->closes_short != 0);
}

static bool is_long_term(const chooser *c, const tw_tax_lot *lot) {
    return c->input->closes_short == 0 && lot->day <= c->long_until;
}

/* Of one unit. */
static wide gain_of(const chooser *c, const tw_tax_lot *lot) {
    wide rise = (wide)c->input->price.nano - lot->price.nano;
    return (c->input->closes_short != 0 ? -rise : rise) - c->unit_cost;
}

/* A year and at most three days before the sale. */
static int64_t long_until(int64_t sold_day) {
    int64_t day = sold_day - 365;
    while (day >= DAY_LEAST && !tw_tax_is_long_term(day, sold_day))
        day--;
    return day;
}

/* Where the lot stands among the ranks of its order: lower ranks go first. */
static int rank_of(const chooser *c, const tw_tax_lot *lot) {
    bool long_term = is_long_term(c, lot);
    if (c->config->order == TW_LOTS_LONG_TERM)
        return long_term ? 0 : 1;
    if (c->config->order != TW_LOTS_LOSS_FIRST)
        return 0;
    bool long_costs_more = c->config->long_rate_nano > c->config->short_rate_nano;
    wide gain = gain_of(c, lot);
    if (gain < 0)
        return long_term == long_costs_more ? 0 : 1;
    if (gain == 0)
        return 2;
    return long_term == long_costs_more ? 4 : 3;
}

/* What goes first within a rank: the lesser. */
static wide key_of(const chooser *c, const tw_tax_lot *lot) {
    switch (c->config->order) {
    case TW_LOTS_FIRST_IN:
        return lot->day;
    case TW_LOTS_LAST_IN:
        return -(wide)lot->day;
    case TW_LOTS_LOWEST_COST:
        return -gain_of(c, lot);
    case TW_LOTS_LEAST_TAX:
        return gain_of(c, lot) *
               (is_long_term(c, lot) ? c->config->long_rate_nano : c->config->short_rate_nano);
    default:
        return gain_of(c, lot);
    }
}

static bool goes_before(const chooser *c, size_t a, size_t b) {
    const tw_tax_lot *first = &c->input->lots[a];
    const tw_tax_lot *second = &c->input->lots[b];
    int rank_first = rank_of(c, first);
    int rank_second = rank_of(c, second);
    if (rank_first != rank_second)
        return rank_first < rank_second;
    wide key_first = key_of(c, first);
    wide key_second = key_of(c, second);
    if (key_first != key_second)
        return key_first < key_second;
    return first->day != second->day ? first->day < second->day : a < b;
}

/* Invariant 1, of heap[0 .. count - 1], once the lot at `at` may be out of its place. */
static void sift(const chooser *c, tw_tax_closing *heap, size_t count, size_t at) {
    size_t moving = heap[at].lot;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && goes_before(c, heap[child + 1].lot, heap[child].lot))
            child++;
        if (!goes_before(c, heap[child].lot, moving))
            break;
        heap[at].lot = heap[child].lot;
    }
    heap[at].lot = moving;
}

/* --- checks --------------------------------------------------------------------------------- */

static tw_status check_config(const tw_tax_lots_config *config, tw_error *error) {
    if (config->order >= ORDER_COUNT)
        return tw_error_set(error, TW_INVALID, "there is no order %u of lots", config->order);
    if (config->short_rate_nano < 0 || config->short_rate_nano > TW_NANO ||
        config->long_rate_nano < 0 || config->long_rate_nano > TW_NANO)
        return tw_error_set(error, TW_INVALID, "a tax rate must be 0 to 1 of the gain");
    return TW_OK;
}

/* All lots, also those of other symbols: an account with a bad lot is told about it. */
static tw_status check_lots(const tw_tax_lots_input *input, tw_error *error) {
    wide held = 0;
    wide cost = 0;
    for (size_t i = 0; i < input->lot_count; i++) {
        const tw_tax_lot *lot = &input->lots[i];
        if (lot->quantity.nano <= 0 || lot->price.nano < 0 || !is_day(lot->day))
            return tw_error_set(error, TW_INVALID,
                                "lot %zu needs a quantity above 0, a price of at least 0 and a "
                                "day of the years 1678 to 2261",
                                i);
        if (!is_of(input, lot->symbol, lot->is_short))
            continue;
        if (lot->day > input->day)
            return tw_error_set(error, TW_INVALID, "lot %zu was %s", i,
                                lot->is_short != 0 ? "sold short after the purchase that closes it"
                                                   : "bought after the sale");
        held += lot->quantity.nano;
        cost += (wide)lot->quantity.nano * lot->price.nano / TW_NANO + 1;
    }
    if (held == 0)
        return tw_error_set(error, TW_NOT_FOUND, "there is no lot of what is %s",
                            input->closes_short != 0 ? "bought back" : "sold");
    if (held < input->quantity.nano) {
        char sold[TW_DECIMAL_TEXT_SIZE];
        char had[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(input->quantity.nano, sold);
        tw_decimal_format((int64_t)held, had);
        return tw_error_set(error, TW_RANGE, "%s are %s but only %s are %s", sold,
                            input->closes_short != 0 ? "bought back" : "sold", had,
                            input->closes_short != 0 ? "short" : "held");
    }
    if (cost > INT64_MAX / 2)
        return tw_error_set(error, TW_OVERFLOW, "the cost of the lots does not fit");
    return TW_OK;
}

static tw_status check_input(const tw_tax_lots_input *input, tw_error *error) {
    TW_ASSERT(input->lots != NULL || input->lot_count == 0);
    TW_ASSERT(input->purchases != NULL || input->purchase_count == 0);
    if (input->quantity.nano <= 0 || input->price.nano < 0 || !is_day(input->day))
        return tw_error_set(error, TW_INVALID,
                            "the sale needs a quantity above 0, a price of at least 0 and a day "
                            "of the years 1678 to 2261");
    if (input->trade_cost.nano < 0)
        return tw_error_set(error, TW_INVALID, "the cost of the sale is below 0");
    if (input->trade_cost.nano > INT64_MAX / 8 ||
        (wide)input->quantity.nano * input->price.nano / TW_NANO >= INT64_MAX / 4)
        return tw_error_set(error, TW_OVERFLOW, "the proceeds of the sale do not fit");
    for (size_t i = 0; i < input->purchase_count; i++)
        if (input->purchases[i].quantity.nano <= 0 || !is_day(input->purchases[i].day))
            return tw_error_set(error, TW_INVALID,
                                "purchase %zu needs a quantity above 0 and a day of the years "
                                "1678 to 2261",
                                i);
    return check_lots(input, error);
}

/* --- closing -------------------------------------------------------------------------------- */

/* Invariant 3 says that it fits. */
static tw_money worth(tw_price price, tw_quantity quantity) {
    tw_money money = {0};
    tw_status status = tw_notional(price, quantity, &money);
    TW_ASSERT(status == TW_OK);
    return money;
}

static tw_tax_closing closing_of(const chooser *c, size_t index, int64_t wanted) {
    const tw_tax_lots_input *input = c->input;
    const tw_tax_lot *lot = &input->lots[index];
    tw_tax_closing closing;
    memset(&closing, 0, sizeof closing);
    closing.lot = index;
    closing.quantity.nano = lot->quantity.nano < wanted ? lot->quantity.nano : wanted;
    /* What all up to this one bear of the cost, less what those before it do. */
    wide before = input->quantity.nano - wanted;
    wide share = input->trade_cost.nano * (before + closing.quantity.nano) / input->quantity.nano -
                 input->trade_cost.nano * before / input->quantity.nano;
    bool is_short = input->closes_short != 0;
    closing.proceeds = worth(is_short ? lot->price : input->price, closing.quantity);
    closing.cost = worth(is_short ? input->price : lot->price, closing.quantity);
    if (is_short)
        closing.cost.nano += (int64_t)share;
    else
        closing.proceeds.nano -= (int64_t)share;
    closing.gain.nano = closing.proceeds.nano - closing.cost.nano;
    closing.long_term = is_long_term(c, lot);
    return closing;
}

/* Chooses the lots; returns how many. The chosen are taken off the heap's top and would overwrite
 * it, so each is kept behind the heap and the whole is turned round at the end. */
static size_t choose(const chooser *c, tw_tax_closing *closings) {
    const tw_tax_lots_input *input = c->input;
    size_t heap_count = 0;
    for (size_t i = 0; i < input->lot_count; i++)
        if (is_of(input, input->lots[i].symbol, input->lots[i].is_short))
            closings[heap_count++].lot = i;
    for (size_t i = heap_count / 2; i-- > 0;)
        sift(c, closings, heap_count, i);
    size_t left = heap_count;
    for (int64_t wanted = input->quantity.nano; wanted > 0;) {
        TW_ASSERT(left > 0);
        tw_tax_closing closing = closing_of(c, closings[0].lot, wanted);
        wanted -= closing.quantity.nano;
        closings[0].lot = closings[--left].lot;
        sift(c, closings, left, 0);
        closings[left] = closing;
    }
    size_t count = heap_count - left;
    for (size_t k = 0; k < count / 2; k++) {
        tw_tax_closing kept = closings[left + k];
        closings[left + k] = closings[heap_count - 1 - k];
        closings[heap_count - 1 - k] = kept;
    }
    memmove(closings, closings + left, count * sizeof *closings);
    return count;
}

static bool is_near(const tw_tax_lots_input *input, int64_t day) {
    int64_t apart = day - input->day;
    return apart >= -TW_TAX_WASH_DAYS && apart <= TW_TAX_WASH_DAYS;
}

/* What was bought near the sale and is not closed by it. */
static wide bought_again(const tw_tax_lots_input *input, const tw_tax_closing *closings,
                         size_t count) {
    wide bought = 0;
    for (size_t i = 0; i < input->lot_count; i++)
        if (is_of(input, input->lots[i].symbol, input->lots[i].is_short) &&
            is_near(input, input->lots[i].day))
            bought += input->lots[i].quantity.nano;
    for (size_t k = 0; k < count; k++)
        if (is_near(input, input->lots[closings[k].lot].day))
            bought -= closings[k].quantity.nano;
    for (size_t i = 0; i < input->purchase_count; i++)
        if (is_of(input, input->purchases[i].symbol, input->purchases[i].is_short) &&
            is_near(input, input->purchases[i].day))
            bought += input->purchases[i].quantity.nano;
    return bought;
}

/* Losses, in the order of closing, against what was bought again. The rest of a lot is no purchase
 * against a part of itself, though it is one against other lots. */
static void wash(const tw_tax_lots_input *input, tw_tax_closing *closings, size_t count) {
    wide bought = bought_again(input, closings, count);
    wide left = bought;
    for (size_t k = 0; k < count && left > 0; k++) {
        tw_tax_closing *closing = &closings[k];
        if (closing->gain.nano >= 0)
            continue;
        const tw_tax_lot *lot = &input->lots[closing->lot];
        wide rest = is_near(input, lot->day) ? lot->quantity.nano - closing->quantity.nano : 0;
        wide washed = left < bought - rest ? left : bought - rest;
        washed = washed < closing->quantity.nano ? washed : closing->quantity.nano;
        wide part = -(wide)closing->gain.nano * washed;
        closing->washed.nano = (int64_t)washed;
        closing->disallowed_loss.nano =
            (int64_t)((part + closing->quantity.nano - 1) / closing->quantity.nano);
        left -= washed;
    }
}

/* Half to even at 1e-9 of a sum of products at 1e-18. */
static int64_t to_nano(wide value) {
    wide size = value < 0 ? -value : value;
    wide whole = size / TW_NANO;
    wide rest = size % TW_NANO;
    whole += rest > TW_NANO / 2 || (rest == TW_NANO / 2 && whole % 2 == 1);
    return (int64_t)(value < 0 ? -whole : whole);
}

static tw_tax_lots_result add_up(const tw_tax_lots_config *config, const tw_tax_closing *closings,
                                 size_t count) {
    tw_tax_lots_result result;
    memset(&result, 0, sizeof result);
    result.count = count;
    for (size_t k = 0; k < count; k++) {
        const tw_tax_closing *closing = &closings[k];
        bool long_term = closing->long_term != 0;
        result.proceeds.nano += closing->proceeds.nano;
        result.cost.nano += closing->cost.nano;
        result.washed.nano += closing->washed.nano;
        *(long_term ? &result.gain_long.nano : &result.gain_short.nano) += closing->gain.nano;
        *(long_term ? &result.disallowed_long.nano : &result.disallowed_short.nano) +=
            closing->disallowed_loss.nano;
    }
    wide taxed_short = (wide)result.gain_short.nano + result.disallowed_short.nano;
    wide taxed_long = (wide)result.gain_long.nano + result.disallowed_long.nano;
    result.tax.nano =
        to_nano(taxed_short * config->short_rate_nano + taxed_long * config->long_rate_nano);
    return result;
}

tw_status tw_tax_lots_close(const tw_tax_lots_config *config, const tw_tax_lots_input *input,
                            tw_tax_closing *ret_closings, tw_tax_lots_result *ret_result,
                            tw_error *error) {
    TW_ASSERT(config != NULL && input != NULL && ret_closings != NULL && ret_result != NULL);
    tw_status status = check_config(config, error);
    if (status == TW_OK)
        status = check_input(input, error);
    if (status != TW_OK)
        return status;
    wide cost = (wide)input->trade_cost.nano * TW_NANO;
    wide unit_cost = (cost + input->quantity.nano - 1) / input->quantity.nano;
    chooser c = {config, input, long_until(input->day), unit_cost};
    size_t count = choose(&c, ret_closings);
    wash(input, ret_closings, count);
    *ret_result = add_up(config, ret_closings, count);
    return TW_OK;
}
