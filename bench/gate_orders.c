/* gate_orders.c - what an order passes: the controls before it, and the matching engine. */
#include <stdlib.h>

#include "gate.h"
#include "tradewind/match.h"
#include "tradewind/pretrade.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

enum { SYMBOLS = 100, OPEN = 5, CHECKS = 10000, MESSAGES = 20000 };

static const int64_t TICK_NANO = TW_NANO / 100;

/* ---- controls ------------------------------------------------------------------------------- */

static tw_order order_of(uint64_t i) {
    return (tw_order){.symbol = (tw_symbol)(i * 7 % SYMBOLS),
                      .side = TW_SIDE_BUY,
                      .quantity = {(int64_t)(1 + i % 9) * TW_NANO},
                      .limit_price = {99 * TW_NANO + (int64_t)(i % 80) * TICK_NANO}};
}

/* A mark moves, an order is judged by all controls, and ends. */
GATE_PATH(pretrade)(tw_pretrade *gate) {
    uint64_t sum = 0;
    int64_t now_ns = 1;
    for (uint64_t i = 0; i < CHECKS; i++) {
        const tw_order order = order_of(i);
        tw_pretrade_verdict verdict;
        now_ns += 100 * TW_NS_PER_MS;
        tw_price mark = {100 * TW_NANO + (int64_t)(i % 50) * TICK_NANO};
        tw_pretrade_mark(gate, (tw_symbol)(i * 11 % SYMBOLS), mark, now_ns);
        require(tw_pretrade_enter(gate, &order, now_ns, &verdict) == TW_OK,
                tw_pretrade_reason_name(verdict.reason));
        tw_pretrade_end(gate, verdict.ticket, TW_PRETRADE_CANCELED, now_ns);
        sum += verdict.ticket;
    }
    return sum;
}

static void set_controls(tw_pretrade_config *config) {
    tw_pretrade_config_init(config);
    config->symbol_count = SYMBOLS;
    config->order_count_max = SYMBOLS * OPEN + 16;
    config->limits = (tw_pretrade_limits){
        .quantity_max = {10000 * TW_NANO},
        .value_max = {1000000 * TW_NANO},
        .collar_nano = TW_NANO / 10,
        .price_age_ns_max = INT64_MAX,
        .position_max = {100000 * TW_NANO},
        .position_value_max = {1000000000 * TW_NANO},
        .position_share_max_nano = TW_NANO,
        .open_max = 1000,
        .repeat_max = UINT32_MAX,
        .repeat_span_ns = TW_NS_PER_SECOND,
    };
    config->gross_share_max_nano = 4 * TW_NANO;
    config->net_share_max_nano = 4 * TW_NANO;
    config->value_at_risk_share_max_nano = TW_NANO;
    config->open_max = SYMBOLS * OPEN + 16;
    config->message_max[TW_PRETRADE_SUBMIT] = 10000;
    config->message_day_max[TW_PRETRADE_SUBMIT] = UINT32_MAX;
    config->duplicate_span_ns = TW_NS_PER_SECOND;
    config->day_loss_max.nano = 1000000000 * TW_NANO;
    config->drawdown_share_max_nano = TW_NANO / 2;
    config->losses_max = 1000;
    config->error_max = 1000;
}

static void run_pretrade(void) {
    static double covariance[SYMBOLS * SYMBOLS];
    tw_pretrade_config config;
    tw_pretrade *gate = NULL;
    tw_error error = {0};
    set_controls(&config);
    if (tw_pretrade_new(NULL, &config, &gate, &error) != TW_OK)
        require(false, error.message);
    for (uint32_t i = 0; i < SYMBOLS * SYMBOLS; i++)
        covariance[i] = i % (SYMBOLS + 1) == 0 ? 4e-4 : 1e-4;
    tw_pretrade_set_cash(gate, (tw_money){1000000000 * TW_NANO});
    for (uint32_t s = 0; s < SYMBOLS; s++)
        tw_pretrade_mark(gate, s, (tw_price){100 * TW_NANO}, 1);
    tw_pretrade_begin_day(gate);
    for (uint32_t i = 0; i < SYMBOLS * OPEN; i++) {
        tw_order order = order_of(i);
        uint32_t ticket = 0;
        order.symbol = i % SYMBOLS;
        require(tw_pretrade_adopt(gate, &order, &ticket) == TW_OK, "tw_pretrade_adopt");
    }
    tw_pretrade_set_covariance(gate, covariance, 2.326);
    GATE_RUN(pretrade, CHECKS, gate);
    tw_pretrade_check(gate);
    tw_pretrade_free(gate);
}

/* ---- matching ------------------------------------------------------------------------------- */

static void count_event(void *context, const tw_match_event *event) {
    *(uint64_t *)context += event->kind;
}

/* New orders, some of which trade, and cancels of older ones, some of which are gone. */
GATE_PATH(match)(tw_match *match, const tw_match_order *orders) {
    uint64_t sum = 0;
    const tw_match_sink sink = {count_event, &sum};
    for (uint32_t i = 0; i < MESSAGES; i++) {
        (void)tw_match_submit(match, &orders[i], &sink);
        if (i % 2 == 1 && i > 200)
            (void)tw_match_cancel(match, 0, orders[i - 200 + i % 127].id, &sink);
    }
    return sum;
}

static void run_match(void) {
    const tw_match_config config = {
        .book = {.symbol_count_max = 1, .order_count_max = MESSAGES, .level_count_max = MESSAGES}};
    tw_match_counters counters;
    tw_match *match = NULL;
    tw_random random;
    tw_random_init(&random, 6, 0);
    tw_match_order *orders = calloc(MESSAGES, sizeof *orders);
    require(orders != NULL, "memory for orders");
    for (uint32_t i = 0; i < MESSAGES; i++) {
        bool buys = tw_random_below(&random, 2) == 0;
        int64_t away = (int64_t)tw_random_below(&random, 32) - 4; /* one in eight crosses */
        orders[i] =
            (tw_match_order){.id = i + 1,
                             .price = {(20000 + (buys ? -away : away)) * TICK_NANO},
                             .quantity = {(int64_t)(1 + tw_random_below(&random, 100)) * TW_NANO},
                             .side = buys ? TW_SIDE_BUY : TW_SIDE_SELL,
                             .type = TW_ORDER_LIMIT,
                             .time_in_force = TW_DAY};
    }
    require(tw_match_new(NULL, &config, &match) == TW_OK, "tw_match_new");
    GATE_RUN(match, MESSAGES, match, orders);
    tw_match_check(match);
    tw_match_counters_of(match, &counters);
    require(counters.accepted == MESSAGES && counters.trades > 0 && counters.cancelled > 0,
            "trades and cancels");
    tw_match_free(match);
    free(orders);
}

void gate_orders(void) {
    run_pretrade();
    run_match();
}
