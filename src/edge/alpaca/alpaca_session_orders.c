/*
 * alpaca_session_orders.c - fills that came while the trading stream was away.
 *
 * Idea: the venue is asked for every order that may have changed, and the ledger (alpaca_fills.h)
 * says of each what was missed. Updates that come meanwhile wait: so an answer is never older than
 * what the ledger has seen.
 *
 * Which orders: those submitted since the oldest one that has not ended, or since a little before
 * the newest one that was seen when the connection was lost, whichever is earlier. An order of that
 * list that the ledger does not know and that is older than that little is one that ended long ago
 * and was forgotten: it has not changed.
 */
#include <string.h>

#include "alpaca_session_priv.h"
#include "tradewind/time.h"

#define PAGE_ROWS 500
#define PAGE_COUNT_MAX 40
/* Updates of orders submitted so close together may have swapped. */
#define SUBMIT_MARGIN_NS (10 * TW_NS_PER_SECOND)

static void ask(tw_alpaca_session *session);

static void note_submit(tw_alpaca_session *session, const tw_alpaca_order *order) {
    if (session->newest_submit_ns < order->submitted_ns)
        session->newest_submit_ns = order->submitted_ns;
}

static int64_t margin_start_ns(const tw_alpaca_session *session) {
    return session->lost_submit_ns - SUBMIT_MARGIN_NS;
}

/* ---- updates ------------------------------------------------------------------------------ */

static void pass_update(tw_alpaca_session *session, const tw_alpaca_order_update *update,
                        int64_t received_ns) {
    note_submit(session, &update->order);
    session->heard_ns = received_ns;
    if (tw_alpaca_fills_take(session->fills, update) == TW_ALPACA_NEWS &&
        session->callbacks.on_order_update != NULL)
        session->callbacks.on_order_update(session->callbacks.context, update, received_ns);
}

void session_on_update(void *context, const tw_alpaca_order_update *update, int64_t received_ns) {
    tw_alpaca_session *session = context;
    if (session->state == TW_ALPACA_SESSION_UP) {
        pass_update(session, update, received_ns);
        return;
    }
    if (session->state != TW_ALPACA_SESSION_MENDING)
        return;
    if (session->update_count == session->config.waiting_count_max)
        session_lost(session, TW_FULL, "too many updates came while orders were asked for");
    else
        session->updates[session->update_count++] = (session_update){*update, received_ns};
}

/* Everything that was asked for is there: what waited follows. */
static void finish(tw_alpaca_session *session) {
    uint64_t generation = session->generation;
    tw_alpaca_gap gap = {.filled = true,
                         .message = "",
                         .from_ns = session->known ? margin_start_ns(session) : 0,
                         .span_ns = session_silence_ns(session),
                         .row_count = session->recovered_count};
    if (session->known)
        session_tell_gap(session, &gap);
    session->known = true;
    for (uint32_t i = 0; session->generation == generation && i < session->update_count; i++)
        pass_update(session, &session->updates[i].update, session->updates[i].received_ns);
    if (session->generation != generation)
        return;
    session->update_count = 0;
    session_mended(session);
}

/* ---- orders ------------------------------------------------------------------------------- */

static void take_starting_point(tw_alpaca_session *session, const tw_alpaca_order *order) {
    if (tw_alpaca_fills_knows(session->fills, order))
        return;
    tw_alpaca_fills_assume(session->fills, order);
    if (session->callbacks.on_order != NULL)
        session->callbacks.on_order(session->callbacks.context, order);
}

static void look_for_fills(tw_alpaca_session *session, const tw_alpaca_order *order) {
    tw_alpaca_order_update update;
    if (!tw_alpaca_fills_knows(session->fills, order) &&
        order->submitted_ns < margin_start_ns(session))
        return;
    if (!tw_alpaca_fills_recover(session->fills, order, &update))
        return;
    session->recovered_count++;
    if (session->callbacks.on_order_update != NULL)
        session->callbacks.on_order_update(session->callbacks.context, &update, 0);
}

static bool is_current(const tw_alpaca_session *session) {
    return !session->doomed && session->question_generation == session->generation;
}

static void on_order(void *context, const tw_alpaca_order *order) {
    tw_alpaca_session *session = context;
    if (!is_current(session))
        return;
    session->page_rows += !order->is_leg;
    note_submit(session, order);
    if (session->question != QUESTION_RECENT && !order->is_leg &&
        session->since_ns < order->submitted_ns)
        session->since_ns = order->submitted_ns;
    if (session->question == QUESTION_SINCE)
        look_for_fills(session, order);
    else
        take_starting_point(session, order);
}

/* A whole page means that there may be more: from its last order on, that included. */
static void go_on(tw_alpaca_session *session, int64_t asked_from_ns) {
    if (session->question == QUESTION_RECENT) {
        session->question = QUESTION_OPEN;
        session->since_ns = 0;
        ask(session);
    } else if (session->page_rows < PAGE_ROWS) {
        finish(session);
    } else if (session->since_ns - 1 <= asked_from_ns || ++session->page_count == PAGE_COUNT_MAX) {
        session_lost(session, TW_FULL, "there are more orders than can be looked through");
    } else {
        session->since_ns--;
        ask(session);
    }
}

static void on_orders_done(void *context, const tw_alpaca_result *result) {
    tw_alpaca_session *session = context;
    session->question_out = false;
    if (session->doomed) {
        session->doomed = false;
        session->state = TW_ALPACA_SESSION_STOPPED;
        tw_alpaca_session_free(session);
    } else if (!is_current(session)) {
        /* The answer to a connection that has ended; the next one may be waiting for its place. */
        if (session->state == TW_ALPACA_SESSION_MENDING)
            ask(session);
    } else if (result->status != TW_OK) {
        session_lost(session, result->status, result->message);
    } else {
        go_on(session, session->gap.from_ns);
    }
}

static void ask(tw_alpaca_session *session) {
    tw_alpaca_orders_query query = {.status = "all", .limit = PAGE_ROWS};
    if (session->question_out) /* of an earlier connection: on_orders_done asks */
        return;
    if (session->question == QUESTION_OPEN)
        query.status = "open";
    if (session->question != QUESTION_RECENT) {
        query.after_ns = session->since_ns > 0 ? session->since_ns : 0;
        query.ascending = true;
    }
    session->gap.from_ns = session->since_ns;
    session->page_rows = 0;
    session->question_generation = session->generation;
    session->question_out = true;
    tw_status status =
        tw_alpaca_client_orders(session->config.client, &query, on_order, on_orders_done, session);
    if (status == TW_OK)
        return;
    session->question_out = false;
    session_lost(session, status, "orders could not be asked for");
}

void session_mend_trading(tw_alpaca_session *session) {
    int64_t oldest_ns = tw_alpaca_fills_oldest_open_ns(session->fills);
    int64_t margin_ns = margin_start_ns(session);
    session->question = session->known ? QUESTION_SINCE : QUESTION_RECENT;
    session->since_ns = (oldest_ns < margin_ns ? oldest_ns : margin_ns) - 1;
    session->page_count = 0;
    session->recovered_count = 0;
    ask(session);
}

tw_status session_take_trading_memory(tw_alpaca_session *session) {
    session->updates =
        TW_NEW(session->allocator, session->config.waiting_count_max, session_update);
    if (session->updates == NULL)
        return TW_NO_MEMORY;
    return tw_alpaca_fills_new(session->allocator, &session->config.fills, &session->fills);
}
