/*
 * desk.c - the venue's side: what it tells of our orders, and what we tell it.
 *
 * Idea: every message about an order, whatever way it came (stream, answer, query, snapshot), goes
 * through order_table_update, which knows what is new in it. Cash and positions move only there,
 * by the difference, so a message that comes twice or not at all cannot falsify them.
 *
 * Invariants
 *  1. An order is handed to the broker only in the phases SETTLING to TRADING and STOPPING, and
 *     only when its intent is durable; a second time only as resend.c says.
 *  2. While the venue is down nothing is sent but what an earlier turn already handed over.
 *  3. An order is given up as missing only after its own submit has ended and so long after it was
 *     sent last that nothing of it can be on its way any more: a request outlives whoever gave it
 *     up, be it by a timeout or by dying. The venue's figures are then read again before trading
 *     goes on (snapshot.c).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine_priv.h"

static const int64_t ASK_AGAIN_NS = TW_NS_PER_SECOND;
static const int64_t CANCEL_PATIENCE_NS = 5 * TW_NS_PER_SECOND; /* for news after a cancel */
static const uint32_t QUERIES_BEFORE_MISSING = 4;
static const int64_t MISSING_AGE_NS = TW_NS_PER_MINUTE; /* of its last request, at least */

/* ---- fills --------------------------------------------------------------------------------- */

static void tell_fill(tw_engine *engine, const order_record *record,
                      const tw_order_update *execution, const order_change *change) {
    tw_fill fill = {.time_ns = engine->now_ns,
                    .quantity = change->quantity,
                    .symbol = record->order.symbol,
                    .side = record->order.side};
    memcpy(fill.client_order_id, record->order.client_order_id, sizeof fill.client_order_id);
    bool whole = execution != NULL && execution->execution_id[0] != '\0' &&
                 execution->quantity.nano == change->quantity.nano;
    if (whole) {
        fill.price = execution->price;
        memcpy(fill.execution_id, execution->execution_id, sizeof fill.execution_id);
    } else {
        engine->report.fills_recovered++;
        /* Half of 1e-9 of the average price for each share so far, before and after. */
        engine->cash_slack_nano += record->order.filled.nano / TW_NANO + 1;
        snprintf(fill.execution_id, sizeof fill.execution_id, "recovered-%" PRIu64,
                 engine->journal_sequence + 1);
        if (tw_decimal_divide(change->notional.nano, change->quantity.nano, TW_ROUND_HALF_EVEN,
                              &fill.price.nano) != TW_OK)
            fill.price = record->order.average_price;
    }
    record_fill(engine, &fill);
    char price[TW_DECIMAL_TEXT_SIZE];
    char quantity[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(fill.price.nano, price);
    tw_decimal_format(fill.quantity.nano, quantity);
    record_journal(engine, "fill",
                   "{\"order\":\"%s\",\"execution\":\"%s\",\"symbol\":\"%s\",\"side\":\"%s\","
                   "\"quantity\":\"%s\",\"price\":\"%s\"}",
                   fill.client_order_id, fill.execution_id,
                   tw_symbols_name(engine->names, fill.symbol), tw_side_name((tw_side)fill.side),
                   quantity, price);
}

/* The entry price after a fill: buys are averaged in, sells leave it, a flat position has none. */
static tw_price average_after(const engine_symbol *state, const order_change *change, bool buy) {
    int64_t before = buy ? state->quantity.nano - change->quantity.nano : 0;
    int64_t held = 0;
    tw_price average = state->average;
    if (state->quantity.nano <= 0)
        return (tw_price){0};
    if (buy &&
        (tw_decimal_multiply(state->average.nano, before, TW_ROUND_HALF_EVEN, &held) != TW_OK ||
         tw_decimal_divide(held + change->notional.nano, state->quantity.nano, TW_ROUND_HALF_EVEN,
                           &average.nano) != TW_OK))
        return state->average; /* a figure of the report only */
    return average;
}

static void apply_fill(tw_engine *engine, const order_record *record,
                       const tw_order_update *execution, const order_change *change) {
    engine_symbol *state = &engine->symbols[record->order.symbol];
    bool buy = record->order.side == TW_SIDE_BUY;
    int64_t cash_change = buy ? -change->notional.nano : change->notional.nano;
    state->quantity.nano += buy ? change->quantity.nano : -change->quantity.nano;
    state->average = average_after(state, change, buy);
    engine->cash.nano += cash_change;
    engine->equity.nano += cash_change;
    engine->report.fills++;
    if (tw_decimal_add(engine->report.turnover.nano, change->notional.nano,
                       &engine->report.turnover.nano) != TW_OK)
        engine->report.turnover.nano = INT64_MAX; /* a figure of the report only */
    if (state->mark.nano == 0)
        state->mark = execution != NULL ? execution->price : record->order.average_price;
    intake_revalue(engine, record->order.symbol);
    limits_fill(engine, record, change);
    plan_filled(engine, record, change->quantity);
    tell_fill(engine, record, execution, change);
}

/* An id that names something else at the venue (a copied store, another program) is no news of
 * ours. An order of ours never changes its quantity under one id. */
static bool is_same_order(const tw_order *ours, const tw_order *told) {
    return told->symbol == ours->symbol &&
           (told->side == TW_SIDE_NONE || told->side == ours->side) &&
           (told->quantity.nano == 0 || told->quantity.nano == ours->quantity.nano);
}

/* What the venue says about one of our orders, by whatever way it came. */
void desk_told(tw_engine *engine, order_record *record, const tw_order *told,
               const tw_order_update *execution) {
    order_change change;
    bool was_done = record->state == ORDER_DONE;
    if (!is_same_order(&record->order, told)) {
        engine_fail(engine, TW_PROTOCOL, "order %s: the venue tells of another order by this id",
                    record->order.client_order_id);
        return;
    }
    tw_status status = order_table_update(&engine->orders, record, told, execution, &change);
    if (status != TW_OK) {
        engine_fail(engine, status, "order %s: its fills cannot be added up",
                    record->order.client_order_id);
        return;
    }
    if (change.came_late)
        limits_adopt(engine, record);
    if ((was_done && change.quantity.nano > 0) || record->order.status == TW_ORDER_REPLACED)
        engine->snapshot_wanted = true; /* our figures are in doubt: the venue's are read again */
    if (!change.repeated)
        reconcile_touch(engine, record->order.symbol);
    if (change.repeated) {
        if (execution != NULL && execution->quantity.nano > 0)
            engine->report.fills_repeated++;
        return;
    }
    if (change.quantity.nano > 0)
        apply_fill(engine, record, execution, &change);
    limits_end(engine, record);
    resend_end(record);
    record_order(engine, &record->order);
    record_journal(engine, "order", "{\"order\":\"%s\",\"status\":\"%s\",\"venue\":\"%s\"}",
                   record->order.client_order_id,
                   tw_order_status_name((tw_order_status)record->order.status),
                   record->order.venue_order_id);
}

/* ---- results ------------------------------------------------------------------------------- */

static void submit_result(tw_engine *engine, const tw_order_result *result) {
    order_record *record = order_table_find(&engine->orders, result->client_order_id);
    if (record == NULL || record->answered != 0)
        return;
    order_table_result(&engine->orders, record, result);
    resend_result(engine, record, result->status);
    reconcile_touch(engine, record->order.symbol);
    limits_end(engine, record);
    resend_end(record);
    record->ask_again_ns = engine->now_ns + ASK_AGAIN_NS;
    if (result->status == TW_OK && result->order.venue_order_id[0] != '\0')
        memcpy(record->order.venue_order_id, result->order.venue_order_id,
               sizeof record->order.venue_order_id);
    record_order(engine, &record->order);
    char message[256];
    tw_text text = tw_text_over(message, sizeof message);
    tw_text_append_json(&text, tw_slice_of(result->message));
    record_journal(engine, "submitted",
                   "{\"order\":\"%s\",\"result\":\"%s\",\"code\":%d,\"message\":%s}",
                   result->client_order_id, tw_status_name(result->status), result->code,
                   text.truncated ? "\"\"" : message);
}

static void query_result(tw_engine *engine, const tw_order_result *result) {
    order_record *record = order_table_find(&engine->orders, result->client_order_id);
    if (record == NULL || record->state == ORDER_DONE)
        return;
    record->asks -= record->asks > 0;
    record->ask_again_ns = engine->now_ns + ASK_AGAIN_NS;
    if (result->status == TW_OK) {
        record->cancel_requested = 0;
        desk_told(engine, record, &result->order, NULL);
        return;
    }
    if (result->status != TW_NOT_FOUND || record->state == ORDER_INTENDED || record->answered == 0)
        return; /* the venue could not say: it is asked again */
    order_table_doubt(record, record->ask_again_ns);
    record->queries++;
    record->absent_after = record->asks == 0 ? record->asked_after : 0;
    resend_plan(engine, record);
    if (record->queries < QUERIES_BEFORE_MISSING ||
        engine->now_ns - record->sent_ns < MISSING_AGE_NS)
        return;
    order_table_missing(&engine->orders, record);
    reconcile_touch(engine, record->order.symbol);
    limits_end(engine, record);
    resend_end(record);
    engine->snapshot_wanted = true; /* invariant 3 */
    record_order(engine, &record->order);
    record_journal(engine, "missing", "{\"order\":\"%s\",\"queries\":%u,\"resends\":%u}",
                   result->client_order_id, record->queries, record->resends);
}

static void cancel_result(tw_engine *engine, const tw_order_result *result) {
    order_record *record = order_table_find(&engine->orders, result->client_order_id);
    if (record == NULL || record->state == ORDER_DONE || result->status == TW_OK)
        return;
    order_table_doubt(record, engine->now_ns); /* it may have ended in the meantime: ask */
}

/* ---- events -------------------------------------------------------------------------------- */

/* An outage is told once, however often a feed says that it lasts. */
static void venue_down(tw_engine *engine) {
    engine->up = false;
    engine->snapshot_done = false;
    if (engine->phase >= TW_ENGINE_DONE || engine->away)
        return;
    engine->away = true;
    engine->report.pauses++;
    engine->snapshot_open_count = engine->orders.open_count; /* of the next, which may begin now */
    plan_suspend(engine);
    reconcile_reset(engine);
    record_journal(engine, "down", "{\"phase\":\"%s\"}", tw_engine_phase_name(engine->phase));
    if (engine->phase == TW_ENGINE_TRADING || engine->phase == TW_ENGINE_WARMING)
        engine_enter(engine, TW_ENGINE_PAUSED);
}

static void venue_up(tw_engine *engine, const tw_venue_outage *outage) {
    engine->up = true;
    if (!engine->away)
        return;
    engine->away = false;
    record_journal(engine, "up", "{\"away_ns\":%" PRId64 ",\"attempts\":%" PRIu64 "}",
                   outage->away_ns, outage->attempts);
}

/* Keeps the newest closes of each symbol. They come in the order of time; a day that is told again
 * replaces what was told, an earlier one is left out. */
static void keep_close(tw_engine *engine, const tw_bar *bar) {
    if (bar->symbol >= engine->config.symbol_count || engine->history_done || bar->close.nano <= 0)
        return;
    engine_symbol *state = &engine->symbols[bar->symbol];
    uint32_t days_max = engine->config.history_days_max;
    engine_close *closes = engine->closes + (size_t)bar->symbol * days_max;
    engine_close close = {
        .day = bar->time_ns / TW_NS_PER_DAY,
        .close = tw_decimal_to_double(bar->close.nano),
        .symbol = bar->symbol,
    };
    if (state->close_count > 0) {
        engine_close *newest = &closes[(state->close_count - 1) % days_max];
        if (close.day < newest->day)
            return;
        if (close.day == newest->day) {
            *newest = close;
            return;
        }
    }
    closes[state->close_count++ % days_max] = close;
}

/* Somebody else trades on this account: what it holds is read anew. */
static void foreign_update(tw_engine *engine, const tw_order_update *update) {
    record_journal(engine, "foreign", "{\"venue\":\"%s\",\"status\":\"%s\"}",
                   update->order.venue_order_id,
                   tw_order_status_name((tw_order_status)update->order.status));
    if (update->quantity.nano > 0)
        engine->snapshot_wanted = true;
}

void desk_venue(tw_engine *engine, const tw_venue_event *event) {
    if (event->time_ns != 0)
        engine_see_time(engine, event->time_ns);
    switch ((tw_venue_kind)event->kind) {
    case TW_VENUE_ACCOUNT:
        snapshot_begin(engine, &event->as.account);
        break;
    case TW_VENUE_POSITION:
        snapshot_position(engine, &event->as.position);
        break;
    case TW_VENUE_OPEN_ORDER:
        snapshot_order(engine, &event->as.order);
        break;
    case TW_VENUE_SNAPSHOT_END:
        snapshot_end(engine);
        break;
    case TW_VENUE_HISTORY:
        keep_close(engine, &event->as.history);
        break;
    case TW_VENUE_HISTORY_END:
        decision_history_end(engine);
        break;
    case TW_VENUE_UP:
        venue_up(engine, &event->as.outage);
        break;
    case TW_VENUE_DOWN:
        venue_down(engine);
        break;
    case TW_VENUE_FAILED:
        engine_fail(engine, event->as.failure.status, "%s", event->as.failure.message);
        break;
    case TW_VENUE_ORDER_UPDATE: {
        const tw_order_update *update = &event->as.update;
        order_record *record = order_table_find(&engine->orders, update->order.client_order_id);
        if (record != NULL)
            desk_told(engine, record, &update->order, update);
        else
            foreign_update(engine, update);
        break;
    }
    case TW_VENUE_SUBMIT_RESULT:
        submit_result(engine, &event->as.result);
        break;
    case TW_VENUE_QUERY_RESULT:
        query_result(engine, &event->as.result);
        break;
    case TW_VENUE_CANCEL_RESULT:
        cancel_result(engine, &event->as.result);
        break;
    case TW_VENUE_TIME:
        break;
    }
}

/* ---- the turn ------------------------------------------------------------------------------ */

static void withdraw(tw_engine *engine, order_record *record) {
    order_table_withdraw(&engine->orders, record);
    limits_end(engine, record);
    record_order(engine, &record->order);
    record_journal(engine, "withdrawn", "{\"order\":\"%s\"}", record->order.client_order_id);
}

void desk_not_taken(tw_engine *engine, const order_record *record, tw_status status) {
    tw_order_result result = {.status = status};
    memcpy(result.client_order_id, record->order.client_order_id, sizeof result.client_order_id);
    submit_result(engine, &result);
}

static uint64_t send_intent(tw_engine *engine, order_record *record, uint64_t durable) {
    if (engine->now_ns >= record->deadline_ns || kill_forbids(engine, record)) {
        withdraw(engine, record); /* it waited too long: its price is of another time */
        return 1;
    }
    if (record->journal_sequence > durable)
        return 0;
    tw_status status = engine->broker.submit(engine->broker.context, &record->order);
    if (status == TW_FULL)
        return 0;
    order_table_sent(&engine->orders, record);
    reconcile_touch(engine, record->order.symbol);
    trace_stage(engine, TW_ENGINE_STAGE_DURABLE, record->intended_ns);
    trace_stage(engine, TW_ENGINE_STAGE_ORDER, record->heard_ns);
    if (status != TW_OK)
        desk_not_taken(engine, record, status);
    return 1;
}

static uint64_t cancel_late(tw_engine *engine, order_record *record) {
    bool late = record->deadline_ns != 0 && engine->now_ns >= record->deadline_ns;
    if (!late || record->cancel_requested != 0 || !limits_allow_cancel(engine, record))
        return 0;
    if (engine->broker.cancel(engine->broker.context, &record->order) != TW_OK)
        return 0; /* not taken: asked again next turn */
    limits_cancel_sent(engine, record);
    record->cancel_requested = 1;
    record->life_ns[TW_ENGINE_MOMENT_CANCEL] = engine->now_ns;
    record->ask_again_ns = engine->now_ns + CANCEL_PATIENCE_NS;
    return 1;
}

static uint64_t ask(tw_engine *engine, order_record *record) {
    if (engine->now_ns < record->ask_again_ns)
        return 0;
    if (engine->broker.query(engine->broker.context, &record->order) != TW_OK)
        return 0; /* not taken: asked again next turn */
    if (record->asks++ == 0)
        record->asked_after = engine->snapshot_number;
    record->ask_again_ns = engine->now_ns + 10 * ASK_AGAIN_NS;
    return 1;
}

/* Sends again what is due, else asks; not while an entry is on its way to the disk. */
static uint64_t pursue(tw_engine *engine, order_record *record, uint64_t durable) {
    uint64_t work = resend_turn(engine, record, durable);
    return work > 0 || record->resending != 0 ? work : ask(engine, record);
}

uint64_t desk_turn(tw_engine *engine) {
    uint64_t work = 0;
    if (!engine->up || engine->phase == TW_ENGINE_STARTING || engine->phase >= TW_ENGINE_DONE ||
        !record_drain(engine)) /* an order's row goes before its submit */
        return 0;
    uint64_t durable = engine->store.durable_sequence(engine->store.context);
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        switch ((order_state)record->state) {
        case ORDER_INTENDED:
            if (engine->phase == TW_ENGINE_TRADING)
                work += send_intent(engine, record, durable);
            break;
        case ORDER_LIVE:
            work +=
                record->cancel_requested != 0 ? ask(engine, record) : cancel_late(engine, record);
            break;
        case ORDER_UNKNOWN:
            work += pursue(engine, record, durable);
            break;
        case ORDER_SENT:
        case ORDER_DONE:
            break;
        }
    }
    return work;
}

/* An intent that was never sent is withdrawn at once; the rest is cancelled at the venue. */
void desk_cancel_open(tw_engine *engine) {
    uint32_t index = order_table_first(&engine->orders);
    order_record *record;
    while ((record = order_table_next_open(&engine->orders, &index)) != NULL) {
        record->deadline_ns = 1;
        record->cancel_at_once = 1;
        if (record->state == ORDER_INTENDED)
            withdraw(engine, record);
    }
}
