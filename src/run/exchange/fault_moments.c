/*
 * fault_moments.c - after each stretch of time the state of the plan is made that of the exchange.
 *
 * Invariant: a held message is told when its time has come, or when the plan ends; it is never
 * lost.
 */
#include "fault_moments.h"

#include <string.h>

#include "exchange_priv.h"
#include "tradewind/socket.h"
#include "tradewind/time.h"

static const int64_t RESTART_NS = TW_NS_PER_SECOND;         /* of the wire */
static const int64_t REORDER_NS_MAX = 2 * TW_NS_PER_SECOND; /* without a next message */

tw_status fault_moments_init(tw_exchange *exchange) {
    exchange->moments.held = TW_NEW(exchange->allocator, FAULT_HELD_MAX, held_update);
    return exchange->moments.held != NULL ? TW_OK : TW_NO_MEMORY;
}

void fault_moments_done(tw_exchange *exchange) {
    if (exchange->moments.held != NULL)
        TW_DELETE(exchange->allocator, exchange->moments.held, FAULT_HELD_MAX, held_update);
}

/* ---- trade updates ------------------------------------------------------------------------- */

static void tell_held(tw_exchange *exchange, uint32_t index) {
    fault_moments *moments = &exchange->moments;
    held_update held = moments->held[index];
    moments->held_count--;
    memmove(&moments->held[index], &moments->held[index + 1],
            (moments->held_count - index) * sizeof held);
    held.update.order = &held.order;
    streams_on_update(exchange->streams, &held.update);
}

/* Those whose time has come, in the order in which they came. */
static void tell_due(tw_exchange *exchange, int64_t now_ns) {
    for (uint32_t i = 0; i < exchange->moments.held_count;) {
        if (exchange->moments.held[i].due_ns <= now_ns)
            tell_held(exchange, i);
        else
            i++;
    }
}

static void hold(tw_exchange *exchange, const ledger_update *update, int64_t span_ns,
                 bool behind_next) {
    fault_moments *moments = &exchange->moments;
    if (moments->held_count == FAULT_HELD_MAX) {
        streams_on_update(exchange->streams, update);
        return;
    }
    moments->held[moments->held_count++] = (held_update){
        .update = *update,
        .order = *update->order,
        .due_ns = floor_now(exchange->floor) + span_ns,
        .behind_next = behind_next,
    };
    floor_alarm_by(exchange->floor, moments->held[moments->held_count - 1].due_ns);
}

static void tell_now(tw_exchange *exchange, const ledger_update *update) {
    streams_on_update(exchange->streams, update);
    for (uint32_t i = 0; i < exchange->moments.held_count;) {
        if (exchange->moments.held[i].behind_next)
            tell_held(exchange, i);
        else
            i++;
    }
}

void fault_moments_tell(tw_exchange *exchange, const ledger_update *update) {
    const fault_rule *rule = fault_desk_update(&exchange->moments.desk);
    if (rule == NULL) {
        tell_now(exchange, update);
    } else if (rule->kind == FAULT_UPDATE_DUPLICATE) {
        tell_now(exchange, update);
        tell_now(exchange, update);
    } else if (rule->kind == FAULT_UPDATE_DELAY) {
        hold(exchange, update, rule->span_ns, false);
    } else if (rule->kind == FAULT_UPDATE_REORDER) {
        hold(exchange, update, REORDER_NS_MAX, true);
    }
}

/* ---- moments ------------------------------------------------------------------------------- */

static void set_halts(tw_exchange *exchange, int64_t now_ns) {
    fault_moments *moments = &exchange->moments;
    for (uint32_t i = 0; i < moments->desk.plan.rule_count; i++) {
        const fault_rule *rule = &moments->desk.plan.rules[i];
        if (rule->kind != FAULT_HALT)
            continue;
        tw_symbol symbol = tw_symbols_find(exchange->symbols, tw_slice_of(rule->symbol));
        bool halted = fault_desk_halted(&moments->desk, rule->symbol, now_ns);
        if (symbol == TW_SYMBOL_NONE || halted == moments->halted[i])
            continue;
        floor_halt(exchange->floor, symbol, halted);
        moments->halted[i] = halted;
    }
}

static void strike_once(tw_exchange *exchange, int64_t now_ns) {
    const fault_rule *rule;
    while ((rule = fault_desk_due(&exchange->moments.desk, now_ns)) != NULL) {
        if (rule->kind == FAULT_SLOW) {
            streams_close_slow(exchange->streams);
            continue;
        }
        event_feeds_close_all(exchange->events);
        bool restart = rule->kind == FAULT_RESTART;
        streams_close_all(exchange->streams, TW_SOCKET_GOING_AWAY,
                          restart ? "service restart" : "closed by a plan of faults");
        if (restart)
            faulty_wire_vanish(exchange->faults, RESTART_NS);
    }
}

static void set_stale(fault_moments *moments, int64_t now_ns) {
    bool stale = fault_desk_lasts(&moments->desk, FAULT_STALE, now_ns);
    if (stale && !moments->stale)
        moments->stale_ns = now_ns;
    moments->stale = stale;
}

/* Makes what the plan wants at this time so. */
static void arrive(tw_exchange *exchange) {
    fault_moments *moments = &exchange->moments;
    int64_t now_ns = floor_now(exchange->floor);
    tell_due(exchange, now_ns);
    trade_reports_arrive(exchange, now_ns);
    ledger_transit_arrive(exchange->ledger, now_ns);
    streams_mute(exchange->streams, fault_desk_lasts(&moments->desk, FAULT_MUTE, now_ns));
    set_stale(moments, now_ns);
    set_halts(exchange, now_ns);
    strike_once(exchange, now_ns);
}

static void end_plan(tw_exchange *exchange) {
    fault_moments *moments = &exchange->moments;
    for (uint32_t i = 0; i < FAULT_RULE_COUNT_MAX; i++) {
        if (!moments->halted[i])
            continue;
        tw_symbol symbol =
            tw_symbols_find(exchange->symbols, tw_slice_of(moments->desk.plan.rules[i].symbol));
        floor_halt(exchange->floor, symbol, false);
        moments->halted[i] = false;
    }
    tell_due(exchange, INT64_MAX);
    ledger_transit_arrive(exchange->ledger, INT64_MAX);
}

uint64_t fault_moments_struck(const tw_exchange *exchange) {
    const fault_desk *desk = &exchange->moments.desk;
    uint64_t struck = exchange->moments.struck_before;
    for (uint32_t i = 0; i < desk->plan.rule_count; i++)
        struck += desk->counts[i];
    return struck;
}

void fault_moments_begin(tw_exchange *exchange, const fault_plan *plan) {
    end_plan(exchange);
    exchange->moments.struck_before = fault_moments_struck(exchange);
    fault_desk_begin(&exchange->moments.desk, plan, floor_now(exchange->floor));
    stream_limits limits = exchange_stream_limits(exchange);
    uint32_t connections = fault_desk_connections(&exchange->moments.desk);
    if (connections > 0)
        limits.connection_count_max = connections;
    streams_set_limits(exchange->streams, limits);
    arrive(exchange);
}

static int64_t next_moment(const tw_exchange *exchange, int64_t now_ns) {
    const fault_moments *moments = &exchange->moments;
    int64_t next_ns = fault_desk_next(&moments->desk, now_ns);
    for (uint32_t i = 0; i < moments->held_count; i++) {
        if (moments->held[i].due_ns < next_ns)
            next_ns = moments->held[i].due_ns;
    }
    int64_t report_ns = trade_reports_next(&exchange->reports);
    int64_t transit_ns = ledger_transit_next(exchange->ledger);
    next_ns = report_ns < next_ns ? report_ns : next_ns;
    return transit_ns < next_ns ? transit_ns : next_ns;
}

/* What is to come may come closer while time passes: the alarm stops it then. */
tw_status fault_moments_advance(tw_exchange *exchange, int64_t until_ns, uint64_t event_count_max) {
    for (;;) {
        floor_set_alarm(exchange->floor, next_moment(exchange, floor_now(exchange->floor)));
        tw_status status =
            floor_advance(exchange->floor, until_ns, event_count_max, &exchange->failure);
        bool arrived = floor_now(exchange->floor) >= floor_alarm(exchange->floor);
        if (status != TW_OK || !arrived) /* at the end, or it has acted as often as it may */
            return status;
        arrive(exchange);
    }
}

tw_status fault_moments_jump(tw_exchange *exchange, int64_t to_ns) {
    tw_status status = floor_jump(exchange->floor, to_ns, &exchange->failure);
    if (status == TW_OK)
        arrive(exchange);
    return status;
}

int64_t fault_moments_told_time(const tw_exchange *exchange) {
    int64_t now_ns = floor_now(exchange->floor);
    return now_ns + fault_desk_clock_error(&exchange->moments.desk, now_ns);
}
