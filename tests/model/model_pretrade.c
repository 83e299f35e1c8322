/*
 * model_pretrade.c - random uses of a gate beside an obvious slow one.
 *
 * The slow gate keeps a list of everything that was ever passed and looks through all of it for
 * each question: positions, open orders, messages, repeats. Verdicts must agree in reason, limit
 * and figure, and figures after every step. Value at risk is compared apart, by the product e' C e
 * made anew: a sum of doubles kept by differences is not the same bits.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/pretrade.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

__extension__ typedef __int128 wide;

#define RUN_COUNT 200
#define STEP_COUNT 1500
#define SYMBOL_COUNT 4
#define OPEN_MAX 12

/* What passed: a submit, a change or a cancel. */
struct sent {
    tw_pretrade_message kind;
    tw_order order;
    int64_t time_ns;
    bool of_today;
    bool again; /* the same once more: no order of its own */
};

struct ticket {
    bool open;
    tw_order order; /* with the quantity still to be filled */
    wide realized;
};

struct slow {
    tw_pretrade_config config;
    tw_pretrade_state state;
    tw_pretrade_state states[SYMBOL_COUNT];
    int64_t quantity[SYMBOL_COUNT];
    int64_t average[SYMBOL_COUNT];
    int64_t mark[SYMBOL_COUNT];
    int64_t mark_ns[SYMBOL_COUNT];
    struct ticket tickets[OPEN_MAX];
    struct sent sent[STEP_COUNT];
    size_t sent_count;
    bool again;          /* what is judged is sent once more */
    size_t repeats_from; /* sends before it were reset */
    bool repeats_tripped[SYMBOL_COUNT][2];
    int64_t cash;
    wide day_equity;
    wide peak;
    bool day_loss;
    bool drawdown;
    uint32_t losses;
    bool losses_tripped;
    uint32_t errors;
    bool errors_tripped;
    uint64_t denied[TW_PRETRADE_REASON_COUNT];
};

struct world {
    struct slow slow;
    tw_pretrade *gate;
    tw_random random;
    int64_t now_ns;
};

static int64_t pick(struct world *world, int64_t low, int64_t high) {
    return low + (int64_t)(tw_random_next(&world->random) % (uint64_t)(high - low + 1));
}

static bool chance(struct world *world, int percent) {
    return pick(world, 1, 100) <= percent;
}

/* ---- the slow gate ------------------------------------------------------------------------- */

static wide size_of(wide value) {
    return value < 0 ? -value : value;
}

static wide open_quantity(const struct slow *slow, tw_symbol symbol, tw_side side) {
    wide sum = 0;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const struct ticket *ticket = &slow->tickets[i];
        if (ticket->open && ticket->order.symbol == symbol && ticket->order.side == side)
            sum += ticket->order.quantity.nano;
    }
    return sum;
}

static uint32_t open_count(const struct slow *slow, tw_symbol symbol, bool all) {
    uint32_t count = 0;
    for (size_t i = 0; i < OPEN_MAX; i++)
        count += slow->tickets[i].open && (all || slow->tickets[i].order.symbol == symbol);
    return count;
}

/* In 1e-18. */
static wide equity_of(const struct slow *slow) {
    wide sum = (wide)slow->cash * TW_NANO;
    for (size_t s = 0; s < SYMBOL_COUNT; s++)
        sum += (wide)slow->quantity[s] * slow->mark[s];
    return sum;
}

static wide up(wide product) {
    return product / TW_NANO + (product % TW_NANO != 0);
}

static wide reserved_of(const struct slow *slow) {
    wide sum = 0;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const struct ticket *ticket = &slow->tickets[i];
        if (ticket->open && ticket->order.side == TW_SIDE_BUY)
            sum += up((wide)ticket->order.quantity.nano * ticket->order.limit_price.nano);
    }
    return sum;
}

/* Exposure at 1e-18 with an order out (or NULL): the worst ways added up, or all filled. */
static wide exposure_of(const struct slow *slow, const tw_order *order, bool worst) {
    wide sum = 0;
    for (tw_symbol s = 0; s < SYMBOL_COUNT; s++) {
        bool here = order != NULL && order->symbol == s;
        wide buys = open_quantity(slow, s, TW_SIDE_BUY) +
                    (here && order->side == TW_SIDE_BUY ? order->quantity.nano : 0);
        wide sells = open_quantity(slow, s, TW_SIDE_SELL) +
                     (here && order->side == TW_SIDE_SELL ? order->quantity.nano : 0);
        wide longest = size_of(slow->quantity[s] + buys);
        wide shortest = size_of(slow->quantity[s] - sells);
        wide worst_quantity = longest > shortest ? longest : shortest;
        sum += (worst ? worst_quantity : slow->quantity[s] + buys - sells) * slow->mark[s];
    }
    return sum;
}

static wide worst_quantity(const struct slow *slow, tw_symbol symbol, const tw_order *order) {
    wide buys = open_quantity(slow, symbol, TW_SIDE_BUY);
    wide sells = open_quantity(slow, symbol, TW_SIDE_SELL);
    if (order != NULL && order->side == TW_SIDE_BUY)
        buys += order->quantity.nano;
    if (order != NULL && order->side == TW_SIDE_SELL)
        sells += order->quantity.nano;
    wide longest = size_of(slow->quantity[symbol] + buys);
    wide shortest = size_of(slow->quantity[symbol] - sells);
    return longest > shortest ? longest : shortest;
}

/* part / whole in billionths, away from zero. */
static wide share_of(wide part, wide whole) {
    if (part == 0)
        return 0;
    if (whole <= 0)
        return INT64_MAX;
    wide scaled = part * TW_NANO;
    return scaled / whole + (scaled % whole != 0);
}

static void watch(struct slow *slow) {
    wide equity = equity_of(slow);
    if (slow->peak < equity)
        slow->peak = equity;
    const tw_pretrade_config *config = &slow->config;
    if (slow->day_equity - equity > (wide)config->day_loss_max.nano * TW_NANO)
        slow->day_loss = true;
    if (slow->peak - equity > slow->peak / TW_NANO * config->drawdown_share_max_nano)
        slow->drawdown = true;
}

static uint32_t sent_in_a_second(const struct slow *slow, tw_pretrade_message kind,
                                 int64_t now_ns) {
    uint32_t count = 0;
    for (size_t i = 0; i < slow->sent_count; i++)
        count += slow->sent[i].kind == kind && now_ns - slow->sent[i].time_ns < TW_NS_PER_SECOND;
    return count;
}

static uint32_t sent_today(const struct slow *slow, tw_pretrade_message kind) {
    uint32_t count = 0;
    for (size_t i = 0; i < slow->sent_count; i++)
        count += slow->sent[i].kind == kind && slow->sent[i].of_today;
    return count;
}

static bool is_duplicate(const struct slow *slow, const tw_order *order, int64_t now_ns) {
    int looked = 0;
    for (size_t i = slow->sent_count; i-- > 0 && looked < TW_PRETRADE_RECENT;) {
        const struct sent *sent = &slow->sent[i];
        if (sent->kind != TW_PRETRADE_SUBMIT || sent->order.symbol != order->symbol)
            continue;
        looked++;
        if (sent->order.side == order->side && sent->order.quantity.nano == order->quantity.nano &&
            sent->order.limit_price.nano == order->limit_price.nano &&
            now_ns - sent->time_ns < slow->config.duplicate_span_ns)
            return true;
    }
    return false;
}

static bool meets_own(const struct slow *slow, const tw_order *order) {
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const tw_order *open = &slow->tickets[i].order;
        if (!slow->tickets[i].open || open->symbol != order->symbol || open->side == order->side ||
            open->quantity.nano == 0)
            continue;
        if (order->side == TW_SIDE_BUY ? order->limit_price.nano >= open->limit_price.nano
                                       : order->limit_price.nano <= open->limit_price.nano)
            return true;
    }
    return false;
}

/* Sends of a side since the reset, in spans that each begin with a first. */
static bool repeats_trip(const struct slow *slow, tw_symbol symbol, uint8_t side) {
    uint32_t count = 0;
    int64_t from_ns = 0;
    for (size_t i = slow->repeats_from; i < slow->sent_count; i++) {
        const struct sent *sent = &slow->sent[i];
        if (sent->kind != TW_PRETRADE_SUBMIT || sent->order.symbol != symbol ||
            sent->order.side != side)
            continue;
        if (count == 0 || sent->time_ns - from_ns >= slow->config.limits.repeat_span_ns) {
            from_ns = sent->time_ns;
            count = 0;
        }
        if (++count >= slow->config.limits.repeat_max)
            return true;
    }
    return false;
}

static bool only_closes(const struct slow *slow, const tw_order *order) {
    wide held = order->side == TW_SIDE_BUY ? -(wide)slow->quantity[order->symbol]
                                           : slow->quantity[order->symbol];
    return open_quantity(slow, order->symbol, (tw_side)order->side) + order->quantity.nano <= held;
}

/* The controls once more, in their order, as a list of questions. */
static tw_pretrade_reason slow_judge(const struct slow *slow, const tw_order *order,
                                     tw_pretrade_message kind, int64_t now_ns) {
    const tw_pretrade_config *config = &slow->config;
    const tw_pretrade_limits *limits = &config->limits;
    tw_symbol s = order->symbol;
    bool closes = only_closes(slow, order);
    wide value = up((wide)order->quantity.nano * order->limit_price.nano);
    wide mark = slow->mark[s];
    wide equity = equity_of(slow) / TW_NANO;
    wide worst = worst_quantity(slow, s, order);
    bool worse = worst > worst_quantity(slow, s, NULL);
    wide distance = size_of(order->limit_price.nano - mark) - TW_NANO / 200;
    wide net = exposure_of(slow, order, false) / TW_NANO;
    wide net_before = exposure_of(slow, NULL, false) / TW_NANO;
    if (slow->state == TW_PRETRADE_STOPPED || slow->states[s] == TW_PRETRADE_STOPPED)
        return TW_PRETRADE_HALTED;
    if (!closes && (slow->state == TW_PRETRADE_REDUCING || slow->states[s] == TW_PRETRADE_REDUCING))
        return TW_PRETRADE_REDUCING_ONLY;
    if (slow->mark_ns[s] == 0 || now_ns - slow->mark_ns[s] > limits->price_age_ns_max)
        return TW_PRETRADE_STALE_PRICE;
    if (distance > 0 && share_of(distance, mark) > limits->collar_nano)
        return TW_PRETRADE_PRICE_COLLAR;
    if (order->quantity.nano > limits->quantity_max.nano)
        return TW_PRETRADE_ORDER_QUANTITY;
    if (value > limits->value_max.nano)
        return TW_PRETRADE_ORDER_VALUE;
    if (!limits->may_short && order->side == TW_SIDE_SELL &&
        order->quantity.nano > slow->quantity[s] - open_quantity(slow, s, TW_SIDE_SELL))
        return TW_PRETRADE_SHORT_SALE;
    if (order->side == TW_SIDE_BUY &&
        value > slow->cash - reserved_of(slow) - config->cash_min.nano)
        return TW_PRETRADE_CASH;
    if (worse && worst > limits->position_max.nano)
        return TW_PRETRADE_POSITION_QUANTITY;
    if (worse && worst * mark / TW_NANO > limits->position_value_max.nano)
        return TW_PRETRADE_POSITION_VALUE;
    if (worse && share_of(worst * mark / TW_NANO, equity) > limits->position_share_max_nano)
        return TW_PRETRADE_POSITION_WEIGHT;
    if (worse &&
        share_of(exposure_of(slow, order, true) / TW_NANO, equity) > config->gross_share_max_nano)
        return TW_PRETRADE_GROSS_EXPOSURE;
    if (size_of(net) > size_of(net_before) &&
        share_of(size_of(net), equity) > config->net_share_max_nano)
        return TW_PRETRADE_NET_EXPOSURE;
    if (open_count(slow, s, true) + 1 > config->open_max)
        return TW_PRETRADE_OPEN_ORDERS;
    if (open_count(slow, s, false) + 1 > limits->open_max)
        return TW_PRETRADE_OPEN_ORDERS_SYMBOL;
    if (kind == TW_PRETRADE_SUBMIT && !slow->again && is_duplicate(slow, order, now_ns))
        return TW_PRETRADE_DUPLICATE_ORDER;
    if (meets_own(slow, order))
        return TW_PRETRADE_SELF_TRADE;
    if (sent_in_a_second(slow, kind, now_ns) + 1 > config->message_max[kind])
        return TW_PRETRADE_MESSAGE_RATE;
    if (!closes && sent_today(slow, kind) + 1 > config->message_day_max[kind])
        return TW_PRETRADE_MESSAGE_DAY;
    if (!closes && slow->repeats_tripped[s][order->side == TW_SIDE_SELL])
        return TW_PRETRADE_REPEATED_EXECUTION;
    if (!closes && slow->errors_tripped)
        return TW_PRETRADE_ORDER_ERRORS;
    if (!closes && slow->day_loss)
        return TW_PRETRADE_DAY_LOSS;
    if (!closes && slow->drawdown)
        return TW_PRETRADE_DRAWDOWN;
    if (!closes && slow->losses_tripped)
        return TW_PRETRADE_LOSSES_IN_A_ROW;
    return TW_PRETRADE_PASSED;
}

static void slow_note(struct slow *slow, tw_pretrade_message kind, const tw_order *order,
                      int64_t now_ns) {
    struct sent *sent = &slow->sent[slow->sent_count++];
    *sent = (struct sent){.kind = kind, .time_ns = now_ns, .of_today = true};
    if (order != NULL)
        sent->order = *order;
}

static void slow_fill(struct slow *slow, uint32_t index, int64_t quantity, int64_t price) {
    struct ticket *ticket = &slow->tickets[index];
    tw_symbol s = ticket->order.symbol;
    int64_t sign = ticket->order.side == TW_SIDE_BUY ? 1 : -1;
    int64_t paid = 0;
    assert_int_equal(tw_decimal_multiply(quantity, price, TW_ROUND_HALF_EVEN, &paid), TW_OK);
    slow->cash -= sign * paid;
    ticket->order.quantity.nano -= quantity;
    int64_t before = slow->quantity[s];
    slow->quantity[s] += sign * quantity;
    int64_t after = slow->quantity[s];
    if (before == 0 || (before > 0) == (sign > 0)) {
        wide cost = size_of(before) * slow->average[s] + (wide)quantity * price;
        slow->average[s] = (int64_t)(cost / size_of(after));
        return;
    }
    wide closed = size_of(before) < quantity ? size_of(before) : quantity;
    ticket->realized += closed * (price - slow->average[s]) * (before > 0 ? 1 : -1);
    if (after == 0)
        slow->average[s] = 0;
    else if ((after > 0) != (before > 0))
        slow->average[s] = price;
}

static void slow_end(struct slow *slow, uint32_t index, tw_pretrade_outcome outcome) {
    struct ticket *ticket = &slow->tickets[index];
    if (ticket->realized != 0)
        slow->losses = ticket->realized < 0 ? slow->losses + 1 : 0;
    if (slow->losses >= slow->config.losses_max)
        slow->losses_tripped = true;
    if (outcome == TW_PRETRADE_REJECTED && ++slow->errors >= slow->config.error_max)
        slow->errors_tripped = true;
    ticket->open = false;
}

/* ---- both ---------------------------------------------------------------------------------- */

static void compare(const struct world *world) {
    const struct slow *slow = &world->slow;
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(world->gate, &figures);
    assert_int_equal(figures.cash.nano, slow->cash);
    assert_int_equal(figures.equity.nano, (int64_t)(equity_of(slow) / TW_NANO));
    assert_int_equal(figures.peak_equity.nano, (int64_t)(slow->peak / TW_NANO));
    assert_int_equal(figures.gross.nano, (int64_t)(exposure_of(slow, NULL, true) / TW_NANO));
    assert_int_equal(figures.net.nano, (int64_t)(exposure_of(slow, NULL, false) / TW_NANO));
    assert_int_equal(figures.open_buys.nano, (int64_t)reserved_of(slow));
    assert_int_equal(figures.open_count, open_count(slow, 0, true));
    assert_int_equal(figures.losses, slow->losses);
    assert_memory_equal(figures.denied, slow->denied, sizeof slow->denied);
    tw_pretrade_check(world->gate);
}

static void expect_reason(const struct world *world, tw_pretrade_reason found,
                          tw_pretrade_reason wanted) {
    if (found != wanted)
        fail_msg("at %lld: %s, the slow gate says %s", (long long)world->now_ns,
                 tw_pretrade_reason_name(found), tw_pretrade_reason_name(wanted));
}

static tw_order random_order(struct world *world) {
    const struct slow *slow = &world->slow;
    if (slow->sent_count > 0 && chance(world, 10)) { /* the newest once more */
        const struct sent *sent = &slow->sent[slow->sent_count - 1];
        if (sent->kind == TW_PRETRADE_SUBMIT && !sent->again)
            return sent->order;
    }
    tw_symbol s = (tw_symbol)pick(world, 0, SYMBOL_COUNT - 1);
    int64_t cents = world->slow.mark[s] / (TW_NANO / 100) + pick(world, -12, 12);
    int64_t quantity = pick(world, 1, 60);
    int64_t held = world->slow.quantity[s] / TW_NANO;
    if (chance(world, 30) && held != 0)
        quantity = held < 0 ? -held : held;
    return (tw_order){.symbol = s,
                      .side = chance(world, 50) ? TW_SIDE_BUY : TW_SIDE_SELL,
                      .quantity = {quantity * TW_NANO + (chance(world, 20) ? 7 : 0)},
                      .limit_price = {cents * (TW_NANO / 100)}};
}

/* Explained or not, an order enters alike, and what is told of it is what explain tells. */
static tw_status enter_either_way(struct world *world, const tw_order *order,
                                  tw_pretrade_verdict *ret_verdict) {
    if (chance(world, 50))
        return tw_pretrade_enter(world->gate, order, world->now_ns, ret_verdict);
    tw_pretrade_verdict wanted[TW_PRETRADE_REASON_COUNT];
    tw_pretrade_verdict told[TW_PRETRADE_REASON_COUNT];
    tw_pretrade_explain(world->gate, order, world->now_ns, wanted);
    tw_status status =
        tw_pretrade_enter_explained(world->gate, order, world->now_ns, told, ret_verdict);
    assert_memory_equal(told, wanted, sizeof told);
    return status;
}

static void step_enter(struct world *world) {
    struct slow *slow = &world->slow;
    tw_order order = random_order(world);
    tw_pretrade_verdict verdict;
    watch(slow);
    tw_pretrade_reason wanted = slow_judge(slow, &order, TW_PRETRADE_SUBMIT, world->now_ns);
    tw_status status = enter_either_way(world, &order, &verdict);
    expect_reason(world, verdict.reason, wanted);
    if (status != TW_OK) {
        slow->denied[wanted]++;
        return;
    }
    assert_true(verdict.ticket < OPEN_MAX && !slow->tickets[verdict.ticket].open);
    slow->tickets[verdict.ticket] = (struct ticket){.open = true, .order = order};
    slow_note(slow, TW_PRETRADE_SUBMIT, &order, world->now_ns);
    bool *tripped = &slow->repeats_tripped[order.symbol][order.side == TW_SIDE_SELL];
    *tripped = *tripped || repeats_trip(slow, order.symbol, order.side);
}

static bool random_open(struct world *world, uint32_t *ret_index) {
    uint32_t start = (uint32_t)pick(world, 0, OPEN_MAX - 1);
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        *ret_index = (start + i) % OPEN_MAX;
        if (world->slow.tickets[*ret_index].open)
            return true;
    }
    return false;
}

static void step_change(struct world *world) {
    struct slow *slow = &world->slow;
    uint32_t index = 0;
    if (!random_open(world, &index))
        return;
    struct ticket *ticket = &slow->tickets[index];
    tw_order order = ticket->order;
    order.quantity.nano = pick(world, 1, 60) * TW_NANO;
    order.limit_price.nano += pick(world, -5, 5) * (TW_NANO / 100);
    watch(slow);
    ticket->open = false;
    tw_pretrade_reason wanted = slow_judge(slow, &order, TW_PRETRADE_REPLACE, world->now_ns);
    ticket->open = true;
    tw_pretrade_verdict verdict;
    tw_status status = tw_pretrade_change(world->gate, index, &order, world->now_ns, &verdict);
    expect_reason(world, verdict.reason, wanted);
    if (status != TW_OK) {
        slow->denied[wanted]++;
        return;
    }
    ticket->order = order;
    slow_note(slow, TW_PRETRADE_REPLACE, NULL, world->now_ns);
}

static void step_resend(struct world *world) {
    struct slow *slow = &world->slow;
    uint32_t index = 0;
    if (!random_open(world, &index) || slow->tickets[index].order.quantity.nano == 0)
        return;
    struct ticket *ticket = &slow->tickets[index];
    watch(slow);
    ticket->open = false;
    slow->again = true;
    tw_pretrade_reason wanted = slow_judge(slow, &ticket->order, TW_PRETRADE_SUBMIT, world->now_ns);
    slow->again = false;
    ticket->open = true;
    tw_pretrade_verdict verdict;
    tw_status status =
        tw_pretrade_resend(world->gate, index, &ticket->order, world->now_ns, &verdict);
    expect_reason(world, verdict.reason, wanted);
    if (status != TW_OK) {
        slow->denied[wanted]++;
        return;
    }
    tw_order nobodys = {.symbol = SYMBOL_COUNT};
    slow_note(slow, TW_PRETRADE_SUBMIT, &nobodys, world->now_ns);
    slow->sent[slow->sent_count - 1].again = true;
}

static void step_fill(struct world *world) {
    struct slow *slow = &world->slow;
    uint32_t index = 0;
    if (!random_open(world, &index))
        return;
    struct ticket *ticket = &slow->tickets[index];
    int64_t left = ticket->order.quantity.nano;
    if (left > 0 && chance(world, 80)) {
        int64_t quantity = chance(world, 50) ? left : pick(world, 1, left);
        int64_t price = ticket->order.limit_price.nano;
        assert_int_equal(
            tw_pretrade_fill(world->gate, index, (tw_quantity){quantity}, (tw_price){price}),
            TW_OK);
        slow_fill(slow, index, quantity, price);
        watch(slow);
    }
    if (ticket->order.quantity.nano > 0 && chance(world, 50))
        return;
    tw_pretrade_outcome outcome = ticket->order.quantity.nano == 0 ? TW_PRETRADE_FILLED
                                  : chance(world, 10)              ? TW_PRETRADE_REJECTED
                                                                   : TW_PRETRADE_CANCELED;
    tw_pretrade_end(world->gate, index, outcome, world->now_ns);
    slow_end(slow, index, outcome);
}

static void step_mark(struct world *world) {
    struct slow *slow = &world->slow;
    tw_symbol s = (tw_symbol)pick(world, 0, SYMBOL_COUNT - 1);
    if (chance(world, 3)) {
        tw_pretrade_mark(world->gate, s, (tw_price){0}, world->now_ns);
        slow->mark_ns[s] = 0;
        return;
    }
    int64_t cents = slow->mark[s] / (TW_NANO / 100) + pick(world, -40, 40);
    slow->mark[s] = (cents < 500 ? 500 : cents) * (TW_NANO / 100);
    slow->mark_ns[s] = world->now_ns;
    tw_pretrade_mark(world->gate, s, (tw_price){slow->mark[s]}, world->now_ns);
    watch(slow);
}

static void step_cancel(struct world *world) {
    struct slow *slow = &world->slow;
    tw_pretrade_reason wanted = TW_PRETRADE_PASSED;
    if (sent_in_a_second(slow, TW_PRETRADE_CANCEL, world->now_ns) + 1 >
        slow->config.message_max[TW_PRETRADE_CANCEL])
        wanted = TW_PRETRADE_CANCEL_RATE;
    else if (sent_today(slow, TW_PRETRADE_CANCEL) + 1 >
             slow->config.message_day_max[TW_PRETRADE_CANCEL])
        wanted = TW_PRETRADE_MESSAGE_DAY;
    if (chance(world, 10)) {
        tw_pretrade_cancel_anyway(world->gate, world->now_ns);
        slow_note(slow, TW_PRETRADE_CANCEL, NULL, world->now_ns);
        return;
    }
    tw_pretrade_verdict verdict;
    tw_status asked = tw_pretrade_ask_cancel(world->gate, world->now_ns, &verdict);
    expect_reason(world, verdict.reason, wanted);
    tw_status status = tw_pretrade_cancel(world->gate, world->now_ns, &verdict);
    expect_reason(world, verdict.reason, wanted);
    assert_int_equal(status, asked);
    assert_int_equal(status, wanted == TW_PRETRADE_PASSED ? TW_OK : TW_REFUSED);
    if (status == TW_OK)
        slow_note(slow, TW_PRETRADE_CANCEL, NULL, world->now_ns);
    else
        slow->denied[wanted] += 2;
}

static void step_reset(struct world *world) {
    struct slow *slow = &world->slow;
    switch (pick(world, 0, 4)) {
    case 0:
        tw_pretrade_reset(world->gate, TW_PRETRADE_STOP_REPEATS);
        slow->repeats_from = slow->sent_count;
        memset(slow->repeats_tripped, 0, sizeof slow->repeats_tripped);
        break;
    case 1:
        tw_pretrade_reset(world->gate, TW_PRETRADE_STOP_ERRORS);
        slow->errors = 0;
        slow->errors_tripped = false;
        break;
    case 2:
        tw_pretrade_reset(world->gate, TW_PRETRADE_STOP_DAY_LOSS);
        slow->day_equity = equity_of(slow);
        slow->day_loss = false;
        break;
    case 3:
        tw_pretrade_reset(world->gate, TW_PRETRADE_STOP_DRAWDOWN);
        slow->peak = equity_of(slow);
        slow->drawdown = false;
        break;
    default:
        tw_pretrade_reset(world->gate, TW_PRETRADE_STOP_LOSSES);
        slow->losses = 0;
        slow->losses_tripped = false;
        break;
    }
}

static void step_day(struct world *world) {
    struct slow *slow = &world->slow;
    tw_pretrade_begin_day(world->gate);
    slow->day_equity = equity_of(slow);
    slow->day_loss = false;
    if (slow->day_equity > slow->peak)
        slow->peak = slow->day_equity;
    for (size_t i = 0; i < slow->sent_count; i++)
        slow->sent[i].of_today = false;
}

static void step_state(struct world *world) {
    tw_symbol s = (tw_symbol)pick(world, 0, SYMBOL_COUNT - 1);
    tw_pretrade_state state =
        chance(world, 90) ? TW_PRETRADE_ACTIVE : (tw_pretrade_state)pick(world, 1, 2);
    if (chance(world, 50)) {
        tw_pretrade_set_state(world->gate, state);
        world->slow.state = state;
    } else {
        tw_pretrade_set_symbol_state(world->gate, s, state);
        world->slow.states[s] = state;
    }
}

static void random_limits(struct world *world, tw_pretrade_config *config) {
    tw_pretrade_config_init(config);
    config->symbol_count = SYMBOL_COUNT;
    config->order_count_max = OPEN_MAX;
    config->limits = (tw_pretrade_limits){
        .quantity_max = {pick(world, 40, 70) * TW_NANO},
        .value_max = {pick(world, 2000, 6000) * TW_NANO},
        .collar_nano = pick(world, 1, 4) * TW_NANO / 1000,
        .price_age_ns_max = pick(world, 3, 20) * TW_NS_PER_SECOND,
        .position_max = {pick(world, 60, 300) * TW_NANO},
        .position_value_max = {pick(world, 3000, 20000) * TW_NANO},
        .position_share_max_nano = pick(world, 10, 40) * TW_NANO / 100,
        .open_max = (uint32_t)pick(world, 2, 6),
        .repeat_max = (uint32_t)pick(world, 3, 8),
        .repeat_span_ns = pick(world, 2, 10) * TW_NS_PER_SECOND,
        .may_short = chance(world, 60),
    };
    config->cash_min.nano = pick(world, 0, 3500) * TW_NANO;
    config->gross_share_max_nano = pick(world, 30, 150) * TW_NANO / 100;
    config->net_share_max_nano = pick(world, 20, 80) * TW_NANO / 100;
    config->open_max = (uint32_t)pick(world, 4, OPEN_MAX);
    for (int i = 0; i < TW_PRETRADE_MESSAGE_COUNT; i++) {
        config->message_max[i] = (uint32_t)pick(world, 2, 8);
        config->message_day_max[i] = (uint32_t)pick(world, 20, 200);
    }
    config->duplicate_span_ns = pick(world, 1, 3) * TW_NS_PER_SECOND;
    config->day_loss_max.nano = pick(world, 20, 200) * TW_NANO;
    config->drawdown_share_max_nano = pick(world, 2, 20) * TW_NANO / 1000;
    config->losses_max = (uint32_t)pick(world, 2, 5);
    config->error_max = (uint32_t)pick(world, 1, 4);
}

static void begin(struct world *world, uint64_t seed) {
    memset(world, 0, sizeof *world);
    tw_random_init(&world->random, seed, 0);
    struct slow *slow = &world->slow;
    random_limits(world, &slow->config);
    tw_error error = {0};
    assert_int_equal(tw_pretrade_new(NULL, &slow->config, &world->gate, &error), TW_OK);
    world->now_ns = 5 * TW_NS_PER_SECOND;
    slow->cash = pick(world, 5000, 30000) * TW_NANO;
    tw_pretrade_set_cash(world->gate, (tw_money){slow->cash});
    for (tw_symbol s = 0; s < SYMBOL_COUNT; s++) {
        slow->mark[s] = pick(world, 2000, 9000) * (TW_NANO / 100);
        slow->mark_ns[s] = world->now_ns;
        tw_pretrade_mark(world->gate, s, (tw_price){slow->mark[s]}, world->now_ns);
    }
    slow->day_equity = equity_of(slow);
    slow->peak = slow->day_equity;
    tw_pretrade_begin_day(world->gate);
}

static void step(struct world *world) {
    world->now_ns += pick(world, 0, TW_NS_PER_SECOND / 3);
    int64_t what = pick(world, 1, 100);
    if (what <= 40)
        step_enter(world);
    else if (what <= 46)
        step_change(world);
    else if (what <= 49)
        step_resend(world);
    else if (what <= 70)
        step_fill(world);
    else if (what <= 88)
        step_mark(world);
    else if (what <= 92)
        step_cancel(world);
    else if (what <= 96)
        step_reset(world);
    else if (what <= 97)
        step_day(world);
    else
        step_state(world);
}

static void test_gate_agrees_with_the_slow_one(void **state) {
    (void)state;
    static struct world world;
    uint64_t seen[TW_PRETRADE_REASON_COUNT] = {0};
    for (uint64_t run = 0; run < RUN_COUNT; run++) {
        begin(&world, 1000 + run);
        for (int i = 0; i < STEP_COUNT; i++) {
            step(&world);
            compare(&world);
        }
        for (int i = 0; i < TW_PRETRADE_REASON_COUNT; i++)
            seen[i] += world.slow.denied[i];
        tw_pretrade_free(world.gate);
    }
    for (int i = TW_PRETRADE_PASSED + 1; i < TW_PRETRADE_TABLE_FULL; i++) {
        bool asked = i != TW_PRETRADE_ORDER_INVALID && i != TW_PRETRADE_MARKET_ORDER &&
                     i != TW_PRETRADE_VALUE_AT_RISK;
        if (asked && seen[i] < 20)
            fail_msg("%s denied %llu times: too few to show anything",
                     tw_pretrade_reason_name((tw_pretrade_reason)i), (unsigned long long)seen[i]);
    }
}

/* ---- value at risk ------------------------------------------------------------------------- */

#define ASSETS 12

static void random_covariance(struct world *world, double *covariance) {
    double factors[ASSETS][3];
    for (int i = 0; i < ASSETS; i++)
        for (int k = 0; k < 3; k++)
            factors[i][k] = (double)pick(world, -100, 100) * 1e-4;
    for (int i = 0; i < ASSETS; i++) {
        for (int j = 0; j < ASSETS; j++) {
            covariance[i * ASSETS + j] = i == j ? 1e-4 : 0.0;
            for (int k = 0; k < 3; k++)
                covariance[i * ASSETS + j] += factors[i][k] * factors[j][k];
        }
    }
}

static double risk_of(const double *covariance, const double *money) {
    double sum = 0.0;
    for (int i = 0; i < ASSETS; i++)
        for (int j = 0; j < ASSETS; j++)
            sum += money[i] * covariance[i * ASSETS + j] * money[j];
    return 2.5 * sqrt(sum);
}

/* Orders pass or not by the marks of that moment, however many have moved since the last order. */
static void test_value_at_risk_follows_every_order(void **state) {
    (void)state;
    static struct world world;
    double covariance[ASSETS * ASSETS];
    double shares[ASSETS] = {0};
    double money[ASSETS] = {0};
    int64_t mark[ASSETS];
    tw_random_init(&world.random, 7, 0);
    random_covariance(&world, covariance);
    tw_pretrade_config config;
    tw_pretrade_config_init(&config);
    config.symbol_count = ASSETS;
    config.order_count_max = 4000;
    config.limits.may_short = true;
    config.on_margin = true;
    config.value_at_risk_share_max_nano = TW_NANO / 10;
    tw_pretrade *gate = NULL;
    tw_error error = {0};
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, &error), TW_OK);
    tw_pretrade_set_cash(gate, (tw_money){1000000 * TW_NANO});
    for (tw_symbol s = 0; s < ASSETS; s++) {
        mark[s] = (10 + (int64_t)s) * TW_NANO;
        tw_pretrade_mark(gate, s, (tw_price){mark[s]}, 1);
    }
    tw_pretrade_set_covariance(gate, covariance, 2.5);
    int denied = 0;
    for (int i = 0; i < 3000; i++) {
        for (int64_t moves = pick(&world, 0, 6); moves > 0; moves--) {
            tw_symbol moved = (tw_symbol)pick(&world, 0, ASSETS - 1);
            mark[moved] = (10 + (int64_t)moved) * TW_NANO + pick(&world, -50, 50) * (TW_NANO / 100);
            tw_pretrade_mark(gate, moved, (tw_price){mark[moved]}, 1);
            money[moved] = shares[moved] * ((double)mark[moved] / TW_NANO);
        }
        tw_symbol s = (tw_symbol)pick(&world, 0, ASSETS - 1);
        bool buys = chance(&world, 50);
        int64_t quantity = pick(&world, 1, 20000);
        tw_order order = {.symbol = s,
                          .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL,
                          .quantity = {quantity * TW_NANO},
                          .limit_price = {(buys ? 5 + (int64_t)s : 20 + (int64_t)s) * TW_NANO}};
        double before = risk_of(covariance, money);
        double change = (buys ? 1.0 : -1.0) * (double)quantity;
        money[s] = (shares[s] + change) * ((double)mark[s] / TW_NANO);
        double after = risk_of(covariance, money);
        tw_pretrade_verdict verdict;
        tw_status status = tw_pretrade_enter(gate, &order, i, &verdict);
        if (fabs(after - 100000.0) < 1e-3 || fabs(after - before) < 1e-3)
            assert_true(status == TW_OK || verdict.reason == TW_PRETRADE_VALUE_AT_RISK);
        else
            assert_int_equal(verdict.reason, after > 100000.0 && after > before
                                                 ? TW_PRETRADE_VALUE_AT_RISK
                                                 : TW_PRETRADE_PASSED);
        shares[s] += status == TW_OK ? change : 0.0;
        money[s] = shares[s] * ((double)mark[s] / TW_NANO);
        denied += status != TW_OK;
        tw_pretrade_figures figures;
        tw_pretrade_get_figures(gate, &figures);
        double wanted = risk_of(covariance, money);
        assert_true(fabs(figures.value_at_risk - wanted) <= 1e-11 * (wanted + 1.0));
    }
    assert_in_range(denied, 200, 2900);
    tw_pretrade_free(gate);
}

/* Marks wander for long, by ticks and by leaps, and what was kept by differences is still the
 * product made anew. */
static void test_value_at_risk_follows_every_mark(void **state) {
    (void)state;
    static struct world world;
    double covariance[ASSETS * ASSETS];
    double money[ASSETS];
    int64_t mark[ASSETS];
    tw_random_init(&world.random, 8, 0);
    random_covariance(&world, covariance);
    tw_pretrade_config config;
    tw_pretrade_config_init(&config);
    config.symbol_count = ASSETS;
    config.value_at_risk_share_max_nano = TW_NANO / 10;
    tw_pretrade *gate = NULL;
    assert_int_equal(tw_pretrade_new(NULL, &config, &gate, NULL), TW_OK);
    for (tw_symbol s = 0; s < ASSETS; s++) {
        mark[s] = (10 + (int64_t)s) * TW_NANO;
        tw_pretrade_mark(gate, s, (tw_price){mark[s]}, 1);
        tw_pretrade_set_position(gate, s, (tw_quantity){(100 - 7 * (int64_t)s) * TW_NANO},
                                 (tw_price){mark[s]});
    }
    tw_pretrade_set_covariance(gate, covariance, 2.5);
    for (int i = 0; i < 200000; i++) {
        tw_symbol s = (tw_symbol)pick(&world, 0, ASSETS - 1);
        bool leaps = chance(&world, 1);
        mark[s] = leaps ? pick(&world, 1, 1000) * TW_NANO
                        : mark[s] + pick(&world, -1, 1) * (TW_NANO / 100);
        mark[s] = mark[s] > 0 ? mark[s] : TW_NANO;
        tw_pretrade_mark(gate, s, (tw_price){mark[s]}, 1 + i);
        if (!chance(&world, 5))
            continue;
        tw_pretrade_check(gate);
        for (tw_symbol k = 0; k < ASSETS; k++)
            money[k] = (double)(100 - 7 * (int64_t)k) * ((double)mark[k] / TW_NANO);
        double wanted = risk_of(covariance, money);
        tw_pretrade_figures figures;
        tw_pretrade_get_figures(gate, &figures);
        assert_true(fabs(figures.value_at_risk - wanted) <= 1e-11 * wanted);
    }
    /* One mark went far beyond reason and came back: the rounding of that is soon gone. Others move
     * meanwhile, all of them once round and more often, and end where they were. */
    tw_pretrade_mark(gate, 5, (tw_price){9000000000 * TW_NANO}, 1);
    for (int i = 1; i <= 2 * ASSETS; i++) {
        for (tw_symbol s = 0; s < 4; s++)
            tw_pretrade_mark(gate, s, (tw_price){mark[s] + i % 2}, 1);
        tw_pretrade_mark(gate, 5, (tw_price){mark[5]}, 1);
    }
    for (tw_symbol k = 0; k < ASSETS; k++)
        money[k] = (double)(100 - 7 * (int64_t)k) * ((double)mark[k] / TW_NANO);
    tw_pretrade_figures figures;
    tw_pretrade_get_figures(gate, &figures);
    double wanted = risk_of(covariance, money);
    assert_true(fabs(figures.value_at_risk - wanted) <= 1e-12 * wanted);
    tw_pretrade_free(gate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_agrees_with_the_slow_one),
        cmocka_unit_test(test_value_at_risk_follows_every_order),
        cmocka_unit_test(test_value_at_risk_follows_every_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
