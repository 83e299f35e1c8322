/*
 * kill.c - the switch that ends trading: by a call, a signal, a file or a rule.
 *
 * Idea: what was asked for is one word that any thread may set. It is looked at before each order
 * is handed to the broker, so that nothing leaves after it was set; what follows from it (journal,
 * cancels, flattening) is done by the engine's thread at its next turn.
 *
 * Invariants
 *  1. While a level is asked for or in force, no order of before it is sent; one that is journaled
 *     and not sent is withdrawn.
 *  2. Levels rise until the switch is lifted as a whole.
 *  3. Only FLATTEN makes orders, and only such as bring a position nearer to zero: they pass the
 *     same controls as all others.
 *  4. Each kill makes a new generation of the word, also one that raises no level, and a lift ends
 *     only the generation that its caller has seen: of a kill and a lift at one moment the kill
 *     wins.
 */
#include "engine_priv.h"

/* Of the atomic word: level and source below, the generation above. */
enum { GENERATION_SHIFT = 16 };

/* One word: the level, and who asked for it. */
static uint32_t word_of(tw_kill_level level, tw_kill_source source) {
    return (uint32_t)level | (uint32_t)source << 8;
}

static tw_kill_level level_of(uint32_t word) {
    return (tw_kill_level)(word & 0xff);
}

static tw_kill_source source_of(uint32_t word) {
    return (tw_kill_source)(word >> 8 & 0xff);
}

static uint32_t load_asked(const tw_engine *engine) {
    return (uint32_t)(atomic_load(&engine->kill_asked) & ((1u << GENERATION_SHIFT) - 1));
}

const char *tw_kill_level_name(tw_kill_level level) {
    static const char *const names[] = {"none", "new", "cancel", "flatten"};
    size_t index = (size_t)level;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

const char *tw_kill_source_name(tw_kill_source source) {
    static const char *const names[] = {"call", "signal", "file", "rule", "page"};
    size_t index = (size_t)source;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

void tw_engine_kill(tw_engine *engine, tw_kill_level level, tw_kill_source source) {
    TW_ASSERT(level > TW_KILL_NONE && level <= TW_KILL_FLATTEN);
    uint64_t asked = atomic_load(&engine->kill_asked);
    uint64_t next = 0;
    do {
        uint32_t before = (uint32_t)(asked & ((1u << GENERATION_SHIFT) - 1));
        uint64_t generation = (asked >> GENERATION_SHIFT) + 1;
        next = generation << GENERATION_SHIFT |
               (level_of(before) < level ? word_of(level, source) : before);
    } while (!atomic_compare_exchange_weak(&engine->kill_asked, &asked, next));
    tw_flight_note(engine->config.flight, trace_now(engine), "kill heard", (int64_t)level,
                   (int64_t)source, tw_slice_of(tw_kill_source_name(source)));
}

uint64_t tw_engine_kill_generation(const tw_engine *engine) {
    return atomic_load(&engine->kill_asked) >> GENERATION_SHIFT;
}

bool tw_engine_lift_if(tw_engine *engine, uint64_t generation) {
    uint64_t asked = atomic_load(&engine->kill_asked);
    while (asked >> GENERATION_SHIFT == generation) {
        if (atomic_compare_exchange_weak(&engine->kill_asked, &asked,
                                         generation << GENERATION_SHIFT))
            return true;
    }
    return false;
}

void tw_engine_lift(tw_engine *engine) {
    while (!tw_engine_lift_if(engine, tw_engine_kill_generation(engine))) {
    }
}

tw_kill_level tw_engine_killed(const tw_engine *engine) {
    return level_of(load_asked(engine));
}

/* Every look of the engine's thread at the word goes through here, so that a replay sees a kill at
 * the very look at which the run saw it. */
static uint32_t look(const tw_engine *engine) {
    uint32_t asked = load_asked(engine);
    if (engine->inputs.killed == NULL)
        return asked;
    tw_kill_level level = level_of(asked);
    tw_kill_source source = source_of(asked);
    engine->inputs.killed(engine->inputs.context, &level, &source);
    return word_of(level, source);
}

bool kill_forbids(const tw_engine *engine, const order_record *record) {
    return level_of(look(engine)) > (tw_kill_level)record->kill_level;
}

static void lift(tw_engine *engine) {
    record_journal(engine, "lift", "{\"level\":\"%s\"}", tw_kill_level_name(engine->kill_level));
    engine->kill_level = TW_KILL_NONE;
    engine->report.killed = TW_KILL_NONE;
    engine->flat_told = false;
    plan_end(engine, "dropped", "lift");
    tw_pretrade_set_state(engine->gate, TW_PRETRADE_ACTIVE);
}

static void apply(tw_engine *engine, uint32_t asked) {
    tw_kill_level level = level_of(asked);
    engine->decision_sequence = record_journal(
        engine, "kill", "{\"level\":\"%s\",\"by\":\"%s\",\"open\":%u}", tw_kill_level_name(level),
        tw_kill_source_name(source_of(asked)), engine->orders.open_count);
    engine->kill_level = level;
    engine->report.killed = level;
    engine->report.killed_by = source_of(asked);
    engine->report.killed_ns = engine->now_ns;
    engine->report.kills++;
    plan_end(engine, level == TW_KILL_FLATTEN ? "replaced" : "dropped", "kill");
    engine->flattened_ns = 0;
    tw_pretrade_set_state(engine->gate,
                          level == TW_KILL_FLATTEN ? TW_PRETRADE_REDUCING : TW_PRETRADE_STOPPED);
    if (level >= TW_KILL_CANCEL)
        desk_cancel_open(engine);
}

/* A stop that the controls have tripped asks for what the configuration says. */
static void follow_rule(tw_engine *engine) {
    if (engine->config.kill_on_stop == TW_KILL_NONE)
        return;
    uint32_t stops = tw_pretrade_stops(engine->gate);
    uint32_t fresh = stops & ~engine->stops_seen;
    engine->stops_seen = stops;
    if (fresh != 0)
        tw_engine_kill(engine, engine->config.kill_on_stop, TW_KILL_BY_RULE);
}

uint64_t kill_turn(tw_engine *engine) {
    if (engine->phase >= TW_ENGINE_DONE || !record_drain(engine))
        return 0;
    follow_rule(engine);
    uint32_t asked = look(engine);
    if (level_of(asked) == engine->kill_level)
        return 0;
    if (level_of(asked) > engine->kill_level)
        apply(engine, asked);
    else
        lift(engine);
    return 1;
}

/* ---- flattening ---------------------------------------------------------------------------- */

static engine_trade close_of(const tw_engine *engine, tw_symbol symbol) {
    const engine_symbol *state = &engine->symbols[symbol];
    int64_t quantity = state->quantity.nano;
    return (engine_trade){.planned = {
                              .symbol = symbol,
                              .quantity = {quantity < 0 ? -quantity : quantity},
                              .price = state->mark,
                              .side = quantity < 0 ? TW_SIDE_BUY : TW_SIDE_SELL,
                          }};
}

/* A plan that closes every position: sells, then buys. It is not journaled: the kill that asks for
 * it outlives the run, and asks again. */
static void plan_flat(tw_engine *engine) {
    engine_plan *plan = &engine->plan;
    *plan = (engine_plan){.trades = plan->trades, .why = "flatten"};
    for (int pass = 0; pass < 2; pass++) {
        for (tw_symbol s = 0; s < engine->config.symbol_count; s++) {
            int64_t quantity = engine->symbols[s].quantity.nano;
            if (pass == 0 ? quantity > 0 : quantity < 0)
                plan->trades[plan->trade_count++] = close_of(engine, s);
        }
    }
    plan->active = plan->trade_count > 0;
}

/* Closes what is open, again and again until nothing is: what was denied or not filled is tried
 * anew when the least time between decisions has passed. */
uint64_t kill_trade(tw_engine *engine) {
    if (engine->first_decision_ns == 0)
        decision_remember_before(engine);
    if (engine->kill_level != TW_KILL_FLATTEN)
        return 0;
    if (engine->flattened_ns != 0 &&
        engine->now_ns - engine->flattened_ns < engine->config.decision_gap_ns)
        return 0;
    engine->flattened_ns = engine->now_ns;
    plan_flat(engine);
    if (!engine->plan.active && !engine->flat_told && engine->orders.open_count == 0) {
        engine->flat_told = true;
        record_journal(engine, "flat", "{}");
    }
    return 1;
}
