/*
 * fuzz_rebalance.c - books, windows, groups, costs and caps from anywhere.
 *
 * What is refused has a sentence. What is planned conserves cash to 1e-9, keeps its windows and
 * caps, trades nothing restricted, and never says a bound that it does not keep; the same input
 * gives the same plan twice.
 */
#include <stdint.h>
#include <string.h>

#include "tradewind/rebalance.h"

#define POSITIONS 12
#define GROUPS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct reader {
    const uint8_t *data;
    size_t size;
} reader;

static uint64_t take(reader *r, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && r->size > 0; i++) {
        value = value << 8 | *r->data++;
        r->size--;
    }
    return value;
}

/* Mostly of a size that a market has, now and then any bits. */
static int64_t take_amount(reader *r) {
    uint64_t kind = take(r, 1);
    if (kind < 8)
        return (int64_t)take(r, 8);
    int64_t value = (int64_t)take(r, 2) * (kind < 64 ? 1 : TW_NANO / 100);
    return kind % 16 == 15 ? -value : value;
}

static tw_rebalance_position take_position(reader *r) {
    tw_rebalance_position p = {.quantity = {take_amount(r)}, .price = {take_amount(r)}};
    p.weight_nano = (int64_t)take(r, 2) * (TW_NANO >> 17);
    p.band_nano = (int64_t)take(r, 2) * (TW_NANO >> 16);
    p.band_floor_nano = (int64_t)take(r, 1) * (TW_NANO >> 10);
    uint64_t bits = take(r, 4);
    p.lot.nano = (bits & 3) == 0 ? 0 : (bits & 3) == 1 ? take_amount(r) : TW_NANO;
    p.min_trade.nano = (bits & 12) == 0 ? take_amount(r) : 0;
    p.symbol = (tw_symbol)(bits >> 4 & 3);
    p.group = (uint32_t)(bits >> 6 & 7) % (GROUPS + 1);
    p.rank = (uint32_t)(bits >> 9 & 1);
    p.cost_class = (uint16_t)((bits >> 10 & 3) % 3);
    p.band_kind = (uint8_t)((bits >> 12 & 3) % 3);
    p.restricted = (bits >> 14 & 3) == 0 ? (uint8_t)(bits >> 16 & 3) : 0;
    if ((bits >> 18 & 3) == 0)
        p.weight_nano = -p.weight_nano;
    return p;
}

static void take_config(reader *r, tw_rebalance_config *config) {
    tw_rebalance_config_init(config);
    uint64_t bits = take(r, 4);
    config->cash.nano = take_amount(r);
    config->cash_min.nano = take_amount(r);
    if ((bits & 1) != 0)
        config->cash_max.nano =
            (int64_t)((uint64_t)config->cash_min.nano + (uint64_t)take_amount(r));
    config->cost.buy_rate_nano = (int64_t)take(r, 1) * TW_REBALANCE_BASIS_POINT;
    config->cost.sell_rate_nano = (int64_t)take(r, 1) * TW_REBALANCE_BASIS_POINT;
    config->shorts_allowed = (uint8_t)(bits >> 1 & 1);
    config->aim = (uint8_t)(bits >> 2 & 3);
    config->cap_priority = (uint8_t)(bits >> 4 & 1);
    config->side = (bits >> 5 & 7) == 0 ? (uint8_t)(2 + (bits >> 8 & 1)) : 0;
    if ((bits >> 9 & 7) == 0)
        config->trades_max = take(r, 1) % 8;
    if ((bits >> 12 & 7) == 0)
        config->turnover_max.nano = take_amount(r);
    if ((bits >> 15 & 3) == 0)
        config->net_max_nano = take_amount(r);
    if ((bits >> 17 & 3) == 0)
        config->gross_max_nano = take_amount(r);
    if ((bits >> 19 & 3) == 0)
        config->order_max.value.nano = take_amount(r);
    if ((bits >> 21 & 3) == 0)
        config->order_max.quantity.nano = take_amount(r);
}

static void check_plan(const tw_rebalance_config *config, const tw_rebalance_position *positions,
                       const tw_rebalance_plan *plan) {
    int64_t cash = config->cash.nano;
    int64_t turnover = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const tw_rebalance_trade *trade = &plan->trades[i];
        const tw_rebalance_position *p = &positions[trade->index];
        TW_ASSERT(p->restricted != TW_RESTRICTION_ALL && trade->quantity.nano > 0);
        TW_ASSERT(p->lot.nano == 0 || trade->quantity.nano % p->lot.nano == 0);
        TW_ASSERT(trade->value.nano >= p->min_trade.nano && trade->cost.nano >= 0);
        TW_ASSERT(plan->outcomes[trade->index] == trade->reason + 1);
        TW_ASSERT(trade->value.nano <= config->order_max.value.nano);
        TW_ASSERT(trade->quantity.nano <= config->order_max.quantity.nano);
        cash += trade->side == TW_SIDE_SELL ? trade->value.nano : -trade->value.nano;
        cash -= trade->cost.nano;
        turnover += trade->value.nano;
    }
    TW_ASSERT(cash == plan->cash_after.nano && turnover == plan->turnover.nano);
    TW_ASSERT(cash >= config->cash_min.nano && cash <= config->cash_max.nano);
    TW_ASSERT(plan->count <= config->trades_max && turnover <= config->turnover_max.nano);
    TW_ASSERT(plan->lower_bound <= plan->count && plan->turnover_bound.nano <= turnover);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static tw_rebalance *rebalance;
    if (rebalance == NULL && tw_rebalance_new(NULL, POSITIONS, &rebalance) != TW_OK)
        return 0;
    reader r = {data, size};
    tw_rebalance_config config;
    take_config(&r, &config);
    tw_trade_cost costs[2] = {{0, 0, {TW_NANO}, {TW_NANO / 3}}, {TW_NANO / 7, 0, {0}, {7}}};
    tw_rebalance_group groups[GROUPS];
    for (uint32_t g = 0; g < GROUPS; g++) {
        uint64_t kind = take(&r, 1);
        groups[g].least_nano = (kind & 1) != 0 ? take_amount(&r) : INT64_MIN;
        groups[g].most_nano = (kind & 2) != 0 ? take_amount(&r) : INT64_MAX;
        groups[g].parent = (uint32_t)(kind >> 2) % (g + 1);
        groups[g].reserved = 0;
    }
    config.costs = costs;
    config.cost_count = 2;
    config.groups = groups;
    config.group_count = GROUPS;
    tw_rebalance_position positions[POSITIONS];
    size_t count = (size_t)take(&r, 1) % (POSITIONS + 1);
    for (size_t i = 0; i < count; i++)
        positions[i] = take_position(&r);
    tw_rebalance_plan plan;
    tw_rebalance_plan again;
    tw_error error = {0};
    if (tw_rebalance_compute(rebalance, &config, positions, count, &plan, &error) != TW_OK) {
        TW_ASSERT(error.message[0] != '\0');
        return 0;
    }
    TW_ASSERT(plan.reason[0] != '\0');
    if (plan.feasible)
        check_plan(&config, positions, &plan);
    TW_ASSERT(tw_rebalance_compute(rebalance, &config, positions, count, &again, NULL) == TW_OK);
    TW_ASSERT(plan.count == again.count && plan.turnover.nano == again.turnover.nano);
    TW_ASSERT(strcmp(plan.reason, again.reason) == 0);
    return 0;
}
