/* world_plan.c - what a seed decides, and how its dice are thrown. */
#include <stdio.h>
#include <string.h>

#include "world_priv.h"

/* A fault of a moment is drawn once a turn, its odds are in a million; one of a request or message
 * each time, its odds are per mille. */
typedef struct fault_row {
    const char *name;
    bool moment;
    uint32_t odds_max;
} fault_row;

static const fault_row rows[WORLD_FAULT_COUNT] = {
    [WORLD_LOST_REQUEST] = {"lost request", false, 60},
    [WORLD_LOST_ANSWER] = {"lost answer", false, 60},
    [WORLD_LATE_REQUEST] = {"late request", false, 40},
    [WORLD_SLOW_REQUEST] = {"slow request", false, 60},
    [WORLD_SERVER_ERROR] = {"server error", false, 50},
    [WORLD_REFUSAL] = {"refusal", false, 60},
    [WORLD_RATE_LIMIT] = {"rate limit", false, 1},
    [WORLD_BROKER_FULL] = {"broker full", false, 100},
    [WORLD_DROP_UPDATE] = {"update dropped", false, 80},
    [WORLD_REPEAT_UPDATE] = {"update repeated", false, 150},
    [WORLD_REORDER_UPDATE] = {"update reordered", false, 150},
    [WORLD_DELAY_UPDATE] = {"update delayed", false, 80},
    [WORLD_LOST_DATA] = {"market data lost", true, 3000},
    [WORLD_LOST_TRADING] = {"updates lost", true, 3000},
    [WORLD_MUTE] = {"streams mute", true, 1500},
    [WORLD_RESTART] = {"exchange restarted", true, 2500},
    [WORLD_AWAY] = {"exchange away", true, 700},
    [WORLD_CLOCK] = {"clock wrong", true, 3000},
    [WORLD_HALT] = {"halt", true, 4000},
    [WORLD_FLOOR_DELAY] = {"floor delayed", false, 500},
    [WORLD_FOREIGN] = {"foreign order", true, 15000},
    [WORLD_CASH] = {"cash moved", true, 4000},
    [WORLD_KILL] = {"kill switch", true, 2500},
    [WORLD_DISK_FULL] = {"disk full", true, 1500},
    [WORLD_DISK_SLOW] = {"disk slow", true, 10000},
    [WORLD_DISK_LOCKED] = {"disk locked", true, 3000},
    [WORLD_STORE_FULL] = {"store full", false, 1},
    [WORLD_BETWEEN] = {"recorder between", false, 500},
    [WORLD_CRASH] = {"crash", true, 4000},
    [WORLD_POWER_CUT] = {"power cut", true, 4000},
    [WORLD_NEW_TARGETS] = {"new targets", true, 5000},
    [WORLD_DISK_BROKEN] = {"sync failed", true, 1500},
    [WORLD_FORGETFUL] = {"exchange forgetful", false, 30},
    [WORLD_RESET_SUBMIT] = {"submit reset", false, 250},
};

const char *world_fault_name(world_fault fault) {
    return rows[fault].name;
}

/* ---- dice ---- */

uint64_t world_below(world *w, world_stream stream, uint64_t bound) {
    return tw_random_below(&w->random[stream], bound);
}

int64_t world_span(world *w, world_stream stream, int64_t min_ns, int64_t max_ns) {
    return min_ns + (int64_t)world_below(w, stream, (uint64_t)(max_ns - min_ns + 1));
}

bool world_is_on(const world *w, world_fault fault) {
    return (w->faults >> fault & 1) != 0 && w->plan.odds[fault] > 0;
}

static bool strikes(world *w, world_stream stream, world_fault fault, uint64_t whole) {
    uint64_t drawn = world_below(w, stream, whole); /* always, so that a mask moves nothing else */
    if (w->calm || !world_is_on(w, fault) || drawn >= w->plan.odds[fault])
        return false;
    w->result.struck[fault]++;
    return true;
}

bool world_strikes(world *w, world_stream stream, world_fault fault) {
    return strikes(w, stream, fault, 1000);
}

bool world_strikes_harder(world *w, world_fault fault, uint32_t times) {
    bool struck = strikes(w, DRAW_STORY, fault, 1000000 / times);
    if (struck)
        world_tell(w, "%s", rows[fault].name);
    return struck;
}

bool world_strikes_now(world *w, world_fault fault) {
    return world_strikes_harder(w, fault, 1);
}

/* ---- the plan ---- */

/* About half of the kinds happen in a seed, each as often as it is drawn; one seed in eight has
 * none but deaths, so that what they alone break is seen. */
static void draw_odds(world *w) {
    bool gentle = w->seed % 8 == 0;
    for (int i = 0; i < WORLD_FAULT_COUNT; i++) {
        uint32_t odds = 1 + (uint32_t)world_below(w, DRAW_PLAN, rows[i].odds_max);
        bool here = world_below(w, DRAW_PLAN, 2) == 0;
        if (gentle)
            here = i == WORLD_CRASH || i == WORLD_POWER_CUT || i == WORLD_BETWEEN;
        w->plan.odds[i] = here ? odds : 0;
    }
}

void world_plan_init(world *w) {
    static const int64_t multipliers[] = {1, 1, 2, 4};
    for (uint64_t i = 0; i < DRAW_COUNT; i++)
        tw_random_init(&w->random[i], w->seed, i);
    draw_odds(w);
    world_plan *plan = &w->plan;
    plan->symbol_count = 1 + (uint32_t)world_below(w, DRAW_PLAN, WORLD_SYMBOLS);
    plan->turns_of_trouble = 400 + (uint32_t)world_below(w, DRAW_PLAN, 600);
    plan->turn_ns_max = world_span(w, DRAW_PLAN, 50 * TW_NS_PER_MS, 500 * TW_NS_PER_MS);
    plan->latency_ns_max = world_span(w, DRAW_PLAN, TW_NS_PER_MS, 200 * TW_NS_PER_MS);
    plan->timeout_ns = world_span(w, DRAW_PLAN, 2 * TW_NS_PER_SECOND, 5 * TW_NS_PER_SECOND);
    plan->rate_limit = 30 + (uint32_t)world_below(w, DRAW_PLAN, 100);
    plan->row_ring = 16u << world_below(w, DRAW_PLAN, 5);
    plan->entry_ring = 16u << world_below(w, DRAW_PLAN, 4);
    plan->checkpoint_pages = 16 + (uint32_t)world_below(w, DRAW_PLAN, 200);
    plan->events_per_second = 1.0 + (double)world_below(w, DRAW_PLAN, 6);
    plan->levels = world_below(w, DRAW_PLAN, 4) != 0;
    plan->invested = (double)world_below(w, DRAW_PLAN, 10) / 10.0;
    plan->multiplier_max = multipliers[world_below(w, DRAW_PLAN, 4)];
    plan->restarts = world_is_on(w, WORLD_RESTART) || world_is_on(w, WORLD_AWAY) ||
                     world_is_on(w, WORLD_FORGETFUL);
    if (!world_is_on(w, WORLD_RATE_LIMIT))
        plan->rate_limit = 0;
    if (!world_is_on(w, WORLD_STORE_FULL)) {
        plan->row_ring = 512;
        plan->entry_ring = 128;
    }
}

static void draw_targets(tw_random *random, uint32_t count, double *ret_weights) {
    double left = 0.95;
    for (uint32_t s = 0; s < count; s++) {
        ret_weights[s] = left * tw_random_uniform(random) * 0.7;
        left -= ret_weights[s];
    }
}

static void draw_limits(tw_random *random, tw_pretrade_config *controls) {
    tw_pretrade_limits *limits = &controls->limits;
    limits->collar_nano = TW_NANO / 200 + (int64_t)tw_random_below(random, TW_NANO / 100);
    limits->price_age_ns_max = 120 * TW_NS_PER_SECOND;
    if (tw_random_below(random, 3) == 0)
        limits->value_max.nano = 900000 * TW_NANO;
    if (tw_random_below(random, 4) == 0)
        limits->position_share_max_nano = TW_NANO / 2;
    if (tw_random_below(random, 4) == 0)
        controls->message_max[TW_PRETRADE_SUBMIT] = 2;
    if (tw_random_below(random, 4) == 0)
        controls->duplicate_span_ns = TW_NS_PER_SECOND;
    if (tw_random_below(random, 4) == 0)
        controls->open_max = 3;
    if (tw_random_below(random, 6) == 0) {
        controls->error_max = 20;
        controls->error_span_ns = TW_NS_PER_MINUTE;
    }
    if (tw_random_below(random, 6) == 0)
        controls->day_loss_share_max_nano = TW_NANO / 100;
}

/* The same targets give the same configuration: a run after a death goes on as the one before. */
void world_plan_engine(world *w, tw_engine_config *ret_config, double *ret_weights) {
    static const tw_strategy strategies[] = {TW_STRATEGY_EQUAL, TW_STRATEGY_INVERSE_VOLATILITY,
                                             TW_STRATEGY_TARGETS};
    tw_random random;
    tw_random_init(&random, w->seed, 1000 + w->targets);
    *ret_config = (tw_engine_config){
        .strategy_name = WORLD_STRATEGY_NAME,
        .epoch = WORLD_EPOCH,
        .symbol_count = w->plan.symbol_count,
        .order_count_max = WORLD_ORDERS_A_RUN,
        .level_count_max = 512,
        .history_days_max = WORLD_HISTORY_DAYS,
        .window_count = 16,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE},
        .timeframe_count = 2,
        .strategy = strategies[tw_random_below(&random, 3)],
        .cash_weight = 0.02,
        .band = 0.00005 + 0.0005 * tw_random_uniform(&random),
        .rebalance_interval_ns = (int64_t)(3 + tw_random_below(&random, 20)) * TW_NS_PER_SECOND,
        .order_patience_ns = (int64_t)(2 + tw_random_below(&random, 15)) * TW_NS_PER_SECOND,
        .lot = {TW_NANO},
        .warm_ns_max = 20 * TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
        .resume_ns_max = 15 * TW_NS_PER_MINUTE,
    };
    draw_limits(&random, &ret_config->controls);
    if (tw_random_below(&random, 4) == 0)
        ret_config->kill_on_stop = TW_KILL_CANCEL;
    draw_targets(&random, w->plan.symbol_count, ret_weights);
    if (ret_config->strategy == TW_STRATEGY_TARGETS)
        ret_config->target_weights = ret_weights;
}
