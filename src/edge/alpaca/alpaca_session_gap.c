/*
 * alpaca_session_gap.c - trades and bars that came while the stream was away.
 *
 * Idea: everything that is passed on leaves its name in a bounded set. After a reconnect the
 * history since a little before the last record is fetched, channel by channel, and what is not in
 * the set is passed on; live records wait behind it and go through the same set. So it does not
 * matter where exactly the gap began, nor that the fetch and the stream overlap.
 *
 * Invariant (of alpaca_session.c, 2): live trades and bars are passed on when `mending` is empty.
 */
#include "alpaca_session_priv.h"
#include "fnv.h"
#include "splitmix.h"
#include "tradewind/time.h"

#define MINUTE_NS (60 * TW_NS_PER_SECOND)

static uint64_t key_of_trade(const tw_trade *trade) {
    uint64_t key = fnv_bytes(FNV_BASIS, &trade->symbol, sizeof trade->symbol);
    key = fnv_bytes(key, &trade->id, sizeof trade->id);
    key = fnv_bytes(key, &trade->time_ns, sizeof trade->time_ns);
    key = fnv_bytes(key, &trade->price.nano, sizeof trade->price.nano);
    key = fnv_bytes(key, &trade->exchange, 1); /* ids are an exchange's own */
    key = fnv_bytes(key, &trade->mark, 1);
    return splitmix_scatter(fnv_bytes(key, &trade->quantity.nano, sizeof(int64_t)));
}

/* Of what a bar says: a bar of the same minute with other figures is news. */
static uint64_t key_of_bar(const tw_bar *bar) {
    const int64_t words[] = {bar->time_ns,  bar->timeframe_ns, bar->open.nano,  bar->high.nano,
                             bar->low.nano, bar->close.nano,   bar->volume.nano};
    uint64_t key = fnv_bytes(FNV_BASIS, &bar->symbol, sizeof bar->symbol);
    return splitmix_scatter(fnv_bytes(key, words, sizeof words));
}

/* ---- passing on --------------------------------------------------------------------------- */

static bool pass_trade(tw_alpaca_session *session, const tw_trade *trade, int64_t received_ns) {
    bool news = alpaca_recent_add(&session->recent, key_of_trade(trade));
    /* Two trades without ids may be alike; only where a fetch overlaps is one taken for the other.
     */
    news = news || (trade->id == 0 && session->state == TW_ALPACA_SESSION_UP);
    if (session->newest_ns < trade->time_ns)
        session->newest_ns = trade->time_ns;
    if (news && session->callbacks.on_trade != NULL)
        session->callbacks.on_trade(session->callbacks.context, trade, received_ns);
    return news;
}

static bool pass_bar(tw_alpaca_session *session, const tw_bar *bar, int64_t received_ns) {
    bool news = alpaca_recent_add(&session->recent, key_of_bar(bar));
    if (bar->timeframe_ns == MINUTE_NS && session->newest_bar_ns < bar->time_ns)
        session->newest_bar_ns = bar->time_ns;
    if (news && session->callbacks.on_bar != NULL)
        session->callbacks.on_bar(session->callbacks.context, bar, received_ns);
    return news;
}

static void pass_record(tw_alpaca_session *session, const session_record *record) {
    session->heard_ns = record->received_ns;
    bool news = record->is_bar ? pass_bar(session, &record->as.bar, record->received_ns)
                               : pass_trade(session, &record->as.trade, record->received_ns);
    session->stats.gap_repeated_count += !news && session->state == TW_ALPACA_SESSION_MENDING;
}

/* All gaps are dealt with: what waited follows. A callback may end the connection. */
static void release(tw_alpaca_session *session) {
    uint64_t generation = session->generation;
    for (uint32_t i = 0; i < session->waiting_count; i++) {
        pass_record(session, &session->waiting[i]);
        if (session->generation != generation)
            return;
    }
    session->waiting_count = 0;
    session_mended(session);
}

/* ---- the gaps ----------------------------------------------------------------------------- */

/* Why a channel's gap cannot be filled; TW_OK if it can. */
static tw_status obstacle(const tw_alpaca_session *session, const tw_alpaca_gap *gap,
                          const char **ret_sentence) {
    if (session->config.client == NULL) {
        *ret_sentence = "there is no client to ask with";
        return TW_UNSUPPORTED;
    }
    if (session->everything) {
        *ret_sentence = "all symbols are subscribed, so there is no list to ask for";
        return TW_UNSUPPORTED;
    }
    if (gap->from_ns == 0) {
        *ret_sentence = "nothing had come, so it is not known from when to ask";
        return TW_UNKNOWN;
    }
    *ret_sentence = "it is longer than gaps that are filled may be";
    return gap->span_ns > session->config.gap_ns_max ? TW_LIMIT : TW_OK;
}

static void end_gap(tw_alpaca_session *session, tw_status status, const char *sentence) {
    session->gap.filled = status == TW_OK;
    session->gap.status = status;
    session->gap.message = status == TW_OK ? "" : sentence;
    session->mending &= (uint16_t)~session->gap.channel;
    /* The next one begins in a task, for this may be within a callback of the fetch. */
    tw_loop_defer(session->loop, &session->mend_task);
    session_tell_gap(session, &session->gap);
}

static void on_trades(void *context, const tw_trade *trades, size_t count) {
    tw_alpaca_session *session = context;
    uint64_t generation = session->generation;
    for (size_t i = 0; i < count && session->generation == generation; i++) {
        bool news = pass_trade(session, &trades[i], 0);
        session->gap.row_count += news;
        session->gap.repeated_count += !news;
    }
}

static void on_bars(void *context, const tw_bar *bars, size_t count) {
    tw_alpaca_session *session = context;
    uint64_t generation = session->generation;
    for (size_t i = 0; i < count && session->generation == generation; i++) {
        bool news = pass_bar(session, &bars[i], 0);
        session->gap.row_count += news;
        session->gap.repeated_count += !news;
    }
}

static void on_fetched(void *context, const tw_alpaca_result *result) {
    tw_alpaca_session *session = context;
    session->fetch = NULL;
    end_gap(session, result->status, result->message);
}

static tw_status begin_fetch(tw_alpaca_session *session) {
    bool bars = session->gap.channel == TW_ALPACA_CHANNEL_BARS;
    tw_alpaca_fetch_query query = {
        .history = bars ? TW_ALPACA_HISTORY_BARS : TW_ALPACA_HISTORY_TRADES,
        .symbols = session->ids,
        .symbol_count = session->id_count,
        .timeframe_ns = bars ? MINUTE_NS : 0,
        .start_ns = session->gap.from_ns,
        .patience_ns = session->config.gap_patience_ns,
        .feed = session->feed[0] != '\0' ? session->feed : NULL,
    };
    tw_alpaca_fetch_callbacks callbacks = {
        .context = session, .on_bars = on_bars, .on_trades = on_trades, .on_done = on_fetched};
    return tw_alpaca_fetch_new(session->config.client, &query, &callbacks, &session->fetch);
}

static void choose_gap(tw_alpaca_session *session) {
    bool bars = (session->mending & TW_ALPACA_CHANNEL_BARS) != 0;
    int64_t overlap_ns = bars ? 2 * MINUTE_NS : session->config.gap_overlap_ns;
    int64_t from_ns = bars ? session->newest_bar_ns : 0;
    if (from_ns == 0 && session->newest_ns > overlap_ns)
        from_ns = session->newest_ns - overlap_ns;
    session->gap =
        (tw_alpaca_gap){.channel = bars ? TW_ALPACA_CHANNEL_BARS : TW_ALPACA_CHANNEL_TRADES,
                        .from_ns = from_ns,
                        .span_ns = session_silence_ns(session)};
}

/* Begins with the next channel, or lets go of what waits. */
static void mend_next(void *context) {
    tw_alpaca_session *session = context;
    const char *sentence = "";
    if (session->state != TW_ALPACA_SESSION_MENDING)
        return;
    if (session->mending == 0) {
        release(session);
        return;
    }
    choose_gap(session);
    tw_status status = obstacle(session, &session->gap, &sentence);
    if (status == TW_OK) {
        status = begin_fetch(session);
        sentence = tw_status_sentence(status);
    }
    if (status != TW_OK)
        end_gap(session, status, sentence);
}

void session_mend_market(tw_alpaca_session *session) {
    uint16_t wanted = TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_BARS;
    /* At the first opening nothing was missed: there was nothing before. */
    bool again = tw_reconnect_get_stats(&session->machine).open_count > 1;
    session->mending = again ? session->config.stream.channels & wanted : 0;
    mend_next(session);
}

void session_drop_market(tw_alpaca_session *session) {
    tw_alpaca_fetch_cancel(session->fetch);
    session->fetch = NULL;
    session->stats.dropped_count += session->waiting_count;
    session->waiting_count = 0;
    session->mending = 0;
}

/* ---- what is live ------------------------------------------------------------------------- */

/* More waits than there is room for: the gaps are told as they are, and everything goes on. */
static void give_up_mending(tw_alpaca_session *session) {
    uint64_t generation = session->generation;
    bool begun = session->fetch != NULL;
    tw_alpaca_fetch_cancel(session->fetch);
    session->fetch = NULL;
    while (session->generation == generation && session->mending != 0) {
        if (!begun)
            choose_gap(session);
        begun = false;
        end_gap(session, TW_FULL, "too many live records came meanwhile");
    }
    tw_loop_defer_drop(session->loop, &session->mend_task);
    if (session->generation == generation)
        release(session);
}

static void take(tw_alpaca_session *session, const session_record *record) {
    if (session->state == TW_ALPACA_SESSION_MENDING &&
        session->waiting_count == session->config.waiting_count_max)
        give_up_mending(session);
    if (session->state == TW_ALPACA_SESSION_MENDING)
        session->waiting[session->waiting_count++] = *record;
    else if (session->state == TW_ALPACA_SESSION_UP)
        pass_record(session, record);
}

void session_on_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    session_record record = {.received_ns = received_ns, .as.trade = *trade};
    take(context, &record);
}

void session_on_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    session_record record = {.received_ns = received_ns, .is_bar = true, .as.bar = *bar};
    take(context, &record);
}

/* ---- life --------------------------------------------------------------------------------- */

static tw_status find_symbols(tw_alpaca_session *session) {
    const tw_alpaca_stream_config *stream = &session->config.stream;
    if (stream->name_count == 0)
        return TW_OK;
    session->ids = TW_NEW(session->allocator, stream->name_count, tw_symbol);
    if (session->ids == NULL)
        return TW_NO_MEMORY;
    session->id_count = stream->name_count;
    for (size_t i = 0; i < stream->name_count; i++) {
        if (tw_slice_equal_string(tw_slice_of(stream->names[i]), "*"))
            session->everything = true;
        else if (tw_symbols_intern(session->symbols, tw_slice_of(stream->names[i]),
                                   &session->ids[i]) != TW_OK)
            return TW_INVALID;
    }
    return TW_OK;
}

tw_status session_take_market_memory(tw_alpaca_session *session) {
    session->mend_task = (tw_loop_task){.run = mend_next, .context = session};
    session->waiting =
        TW_NEW(session->allocator, session->config.waiting_count_max, session_record);
    if (session->waiting == NULL)
        return TW_NO_MEMORY;
    tw_status status = find_symbols(session);
    if (status == TW_OK)
        status = alpaca_recent_init(&session->recent, session->allocator,
                                    session->config.remembered_count_max);
    return status;
}
