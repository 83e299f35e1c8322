/*
 * alpaca_session.c - a stream that is kept.
 *
 *   STOPPED, FAILED -- tw_alpaca_session_start --> WAITING
 *   WAITING    -- on_timer (connect) --> CONNECTING
 *   CONNECTING -- on_ready --> MENDING -- session_mended --> UP
 *   CONNECTING, MENDING, UP -- session_lost --> WAITING, or FAILED
 *   any        -- tw_alpaca_session_stop --> STOPPED
 *
 * Invariants
 *   1. The timer runs exactly in WAITING; the stream is open exactly in CONNECTING, MENDING and UP.
 *   2. Records wait in MENDING only, and none is passed on live before those that fill a gap.
 *   3. At most one question about orders is out; it may outlive its connection, which its
 * generation tells, and even the session's owner (doomed).
 */
#include <stdio.h>

#include "alpaca_session_priv.h"
#include "tradewind/time.h"

static void on_timer(void *context);

static void enter(tw_alpaca_session *session, tw_alpaca_session_state state) {
    session->state = state;
}

static bool is_trading(const tw_alpaca_session *session) {
    return session->config.stream.kind == TW_ALPACA_STREAM_TRADING;
}

int64_t session_silence_ns(const tw_alpaca_session *session) {
    return session->heard_ns == 0 ? 0 : tw_time_monotonic_ns() - session->heard_ns;
}

void session_tell_gap(tw_alpaca_session *session, tw_alpaca_gap *gap) {
    session->stats.gap_count++;
    session->stats.gap_unfilled_count += !gap->filled;
    session->stats.gap_row_count += gap->row_count;
    session->stats.gap_repeated_count += gap->repeated_count;
    session->stats.gap_ns += gap->span_ns;
    if (session->callbacks.on_gap != NULL)
        session->callbacks.on_gap(session->callbacks.context, gap);
}

/* ---- losing and coming back --------------------------------------------------------------- */

/* Waits for the next attempt. */
static tw_status plan_attempt(tw_alpaca_session *session) {
    int64_t delay_ns = tw_reconnect_next_ns(&session->machine) - tw_time_monotonic_ns();
    enter(session, TW_ALPACA_SESSION_WAITING);
    return tw_loop_timer_start(session->loop, delay_ns > 0 ? delay_ns : 0, 0, on_timer, session,
                               &session->timer);
}

static void fail(tw_alpaca_session *session, tw_status status, const char *reason) {
    enter(session, TW_ALPACA_SESSION_FAILED);
    if (session->callbacks.on_failed != NULL)
        session->callbacks.on_failed(session->callbacks.context, status, reason);
}

static void leave_connection(tw_alpaca_session *session) {
    session->generation++;
    tw_alpaca_stream_close(session->stream);
    tw_loop_defer_drop(session->loop, &session->mend_task);
    if (!is_trading(session))
        session_drop_market(session);
    session->update_count = 0;
    session->question = QUESTION_NONE;
    session->lost_submit_ns = session->newest_submit_ns;
}

void session_lost(tw_alpaca_session *session, tw_status status, const char *reason) {
    int64_t now_ns = tw_time_monotonic_ns();
    leave_connection(session);
    tw_reconnect_state next =
        tw_reconnect_lost(&session->machine, now_ns, tw_reconnect_loss_of(status), 0,
                          tw_random_next(&session->random));
    if (next == TW_RECONNECT_FAILED) {
        fail(session, status, reason);
        return;
    }
    int64_t pause_ns = tw_reconnect_next_ns(&session->machine) - now_ns;
    if (plan_attempt(session) != TW_OK) {
        tw_reconnect_stop(&session->machine, now_ns);
        fail(session, TW_FULL, "the loop has no timer left to connect again with");
        return;
    }
    if (session->callbacks.on_down != NULL)
        session->callbacks.on_down(session->callbacks.context, status, reason, pause_ns);
}

static void connect_stream(tw_alpaca_session *session) {
    tw_error error = {0};
    enter(session, TW_ALPACA_SESSION_CONNECTING);
    tw_status status = tw_alpaca_stream_open(session->stream, &error);
    if (status != TW_OK)
        session_lost(session, status, error.message);
}

static void on_timer(void *context) {
    tw_alpaca_session *session = context;
    session->timer = NULL;
    tw_status status = tw_reconnect_try(&session->machine, tw_time_monotonic_ns());
    if (status == TW_OK)
        connect_stream(session);
    else if (plan_attempt(session) != TW_OK) /* the timer came a little early */
        fail(session, TW_FULL, "the loop has no timer left to connect again with");
}

void session_mended(tw_alpaca_session *session) {
    enter(session, TW_ALPACA_SESSION_UP);
    session->heard_ns = tw_time_monotonic_ns();
    if (session->callbacks.on_up != NULL)
        session->callbacks.on_up(session->callbacks.context);
}

/* ---- what the stream says ----------------------------------------------------------------- */

static void on_ready(void *context) {
    tw_alpaca_session *session = context;
    tw_reconnect_opened(&session->machine, tw_time_monotonic_ns());
    enter(session, TW_ALPACA_SESSION_MENDING);
    if (is_trading(session))
        session_mend_trading(session);
    else
        session_mend_market(session);
}

static void on_stream_down(void *context, tw_status status, const char *reason) {
    session_lost(context, status, reason);
}

static void on_quote(void *context, const tw_quote *quote, int64_t received_ns) {
    tw_alpaca_session *session = context;
    if (session->state == TW_ALPACA_SESSION_UP) {
        session->heard_ns = received_ns;
        if (session->newest_ns < quote->time_ns)
            session->newest_ns = quote->time_ns;
    }
    if (session->callbacks.on_quote != NULL)
        session->callbacks.on_quote(session->callbacks.context, quote, received_ns);
}

static void on_level(void *context, const tw_level *level, int64_t received_ns) {
    tw_alpaca_session *session = context;
    if (session->callbacks.on_level != NULL)
        session->callbacks.on_level(session->callbacks.context, level, received_ns);
}

static void on_record(void *context, const tw_alpaca_record *record, int64_t received_ns) {
    tw_alpaca_session *session = context;
    session->callbacks.on_record(session->callbacks.context, record, received_ns);
}

/* ---- life --------------------------------------------------------------------------------- */

static void destroy(tw_alpaca_session *session) {
    const tw_allocator *allocator = session->allocator;
    tw_alpaca_fills_free(session->fills);
    alpaca_recent_done(&session->recent);
    if (session->ids != NULL)
        TW_DELETE(allocator, session->ids, session->id_count, tw_symbol);
    if (session->waiting != NULL)
        TW_DELETE(allocator, session->waiting, session->config.waiting_count_max, session_record);
    if (session->updates != NULL)
        TW_DELETE(allocator, session->updates, session->config.waiting_count_max, session_update);
    TW_DELETE(allocator, session, 1, tw_alpaca_session);
}

static tw_status fill_config(tw_alpaca_session *session, const tw_alpaca_session_config *config) {
    tw_alpaca_session_config *own = &session->config;
    const char *feed = config->feed != NULL ? config->feed : "";
    *own = *config;
    if (own->gap_ns_max == 0)
        own->gap_ns_max = 3600 * TW_NS_PER_SECOND;
    if (own->gap_overlap_ns == 0)
        own->gap_overlap_ns = 2 * TW_NS_PER_SECOND;
    if (own->gap_patience_ns == 0)
        own->gap_patience_ns = 20 * TW_NS_PER_SECOND;
    if (own->waiting_count_max == 0)
        own->waiting_count_max = is_trading(session) ? 1024 : 65536;
    if (own->remembered_count_max == 0)
        own->remembered_count_max = 65536;
    if (own->waiting_count_max > 1u << 24 || own->remembered_count_max > 1u << 24)
        return TW_RANGE;
    if ((is_trading(session) && own->client == NULL) ||
        tw_slice_copy(tw_slice_of(feed), session->feed, sizeof session->feed) != TW_OK)
        return TW_INVALID;
    return tw_reconnect_init(&session->machine, &own->reconnect);
}

static tw_status make_stream(tw_alpaca_session *session) {
    tw_alpaca_stream_callbacks callbacks = {.context = session,
                                            .on_ready = on_ready,
                                            .on_trade = session_on_trade,
                                            .on_quote = on_quote,
                                            .on_bar = session_on_bar,
                                            .on_level = on_level,
                                            .on_order_update = session_on_update,
                                            .on_down = on_stream_down};
    if (session->callbacks.on_record != NULL)
        callbacks.on_record = on_record;
    return tw_alpaca_stream_new(session->allocator, session->loop, &session->config.stream,
                                &callbacks, session->symbols, &session->stream);
}

tw_status tw_alpaca_session_new(const tw_allocator *allocator, tw_loop *loop,
                                const tw_alpaca_session_config *config,
                                const tw_alpaca_session_callbacks *callbacks, tw_symbols *symbols,
                                tw_alpaca_session **ret_session) {
    TW_ASSERT(loop != NULL && config != NULL && callbacks != NULL && ret_session != NULL);
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_alpaca_session *session = TW_NEW(allocator, 1, tw_alpaca_session);
    if (session == NULL)
        return TW_NO_MEMORY;
    session->allocator = allocator;
    session->loop = loop;
    session->callbacks = *callbacks;
    session->symbols = symbols;
    session->config.stream.kind = config->stream.kind;
    tw_random_init(&session->random, config->seed, 0);
    tw_status status = fill_config(session, config);
    if (status == TW_OK)
        status = make_stream(session);
    if (status == TW_OK)
        status = is_trading(session) ? session_take_trading_memory(session)
                                     : session_take_market_memory(session);
    if (status != TW_OK) {
        tw_alpaca_session_free(session);
        return status;
    }
    /* The stream has copies; these pointers are the caller's. */
    session->config.stream.url = session->config.stream.key_id = NULL;
    session->config.stream.secret = session->config.feed = NULL;
    session->config.stream.names = NULL;
    *ret_session = session;
    return TW_OK;
}

void tw_alpaca_session_stop(tw_alpaca_session *session) {
    if (session->state == TW_ALPACA_SESSION_STOPPED)
        return;
    tw_loop_timer_stop(session->timer);
    session->timer = NULL;
    leave_connection(session);
    tw_reconnect_stop(&session->machine, tw_time_monotonic_ns());
    enter(session, TW_ALPACA_SESSION_STOPPED);
}

void tw_alpaca_session_free(tw_alpaca_session *session) {
    if (session == NULL)
        return;
    tw_alpaca_session_stop(session);
    tw_alpaca_stream_free(session->stream);
    session->stream = NULL;
    session->doomed = true;
    if (!session->question_out) /* invariant 3 */
        destroy(session);
}

tw_status tw_alpaca_session_start(tw_alpaca_session *session) {
    if (session->state != TW_ALPACA_SESSION_STOPPED && session->state != TW_ALPACA_SESSION_FAILED)
        return TW_STATE;
    int64_t now_ns = tw_time_monotonic_ns();
    if (tw_reconnect_get_state(&session->machine) != TW_RECONNECT_FAILED)
        tw_reconnect_stop(&session->machine, now_ns);
    tw_reconnect_start(&session->machine, now_ns);
    tw_status status = plan_attempt(session);
    if (status == TW_OK)
        return TW_OK;
    tw_reconnect_stop(&session->machine, now_ns);
    enter(session, TW_ALPACA_SESSION_STOPPED);
    return status;
}

tw_status tw_alpaca_session_expect(tw_alpaca_session *session, uint16_t channel, int64_t span_ns) {
    return tw_alpaca_stream_expect(session->stream, channel, span_ns);
}

tw_alpaca_session_state tw_alpaca_session_state_of(const tw_alpaca_session *session) {
    return session->state;
}

tw_alpaca_session_stats tw_alpaca_session_stats_of(const tw_alpaca_session *session) {
    tw_alpaca_session_stats stats = session->stats;
    stats.reconnect = tw_reconnect_get_stats(&session->machine);
    stats.stream = tw_alpaca_stream_counts_of(session->stream);
    if (session->fills != NULL)
        stats.fills = tw_alpaca_fills_get_stats(session->fills);
    return stats;
}
