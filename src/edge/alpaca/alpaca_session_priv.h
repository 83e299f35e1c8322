/*
 * alpaca_session_priv.h - what the session's files share.
 *
 *     alpaca_session.c        states, reconnecting, life
 *     alpaca_session_gap.c    market data that was missed
 *     alpaca_session_orders.c fills that were missed
 */
#ifndef TRADEWIND_EDGE_ALPACA_SESSION_PRIV_H
#define TRADEWIND_EDGE_ALPACA_SESSION_PRIV_H

#include "alpaca_recent.h"
#include "tradewind/alpaca_fetch.h"
#include "tradewind/alpaca_session.h"
#include "tradewind/random.h"

#define SESSION_WORD_SIZE 32

/* A live trade or bar that waits for a gap to be filled. */
typedef struct session_record {
    int64_t received_ns;
    bool is_bar;
    union {
        tw_trade trade;
        tw_bar bar;
    } as;
} session_record;

typedef struct session_update {
    tw_alpaca_order_update update;
    int64_t received_ns;
} session_update;

/* What is asked of the venue about orders. */
typedef enum session_question {
    QUESTION_NONE = 0,
    QUESTION_RECENT, /* the newest, at the start */
    QUESTION_OPEN,   /* those that are open, at the start */
    QUESTION_SINCE   /* all since a time, after a reconnect */
} session_question;

struct tw_alpaca_session {
    const tw_allocator *allocator;
    tw_loop *loop;
    tw_alpaca_session_config config;
    tw_alpaca_session_callbacks callbacks;
    tw_symbols *symbols;
    tw_alpaca_stream *stream;
    tw_loop_timer *timer;
    tw_loop_task mend_task;
    tw_reconnect machine;
    tw_random random;
    tw_alpaca_session_state state;
    tw_alpaca_session_stats stats;
    int64_t heard_ns;    /* our clock, when the last record came; 0: none has */
    uint64_t generation; /* changes when a connection ends */
    bool doomed;         /* freed, but for a question that is still out */
    char feed[SESSION_WORD_SIZE];

    /* market data */
    tw_symbol *ids;
    size_t id_count;
    bool everything; /* "*": not known which */
    alpaca_recent recent;
    session_record *waiting;
    uint32_t waiting_count;
    tw_alpaca_fetch *fetch;
    uint16_t mending; /* channels yet to be filled; the lowest is being fetched */
    tw_alpaca_gap gap;
    int64_t newest_ns;     /* venue's time of the newest trade or quote */
    int64_t newest_bar_ns; /* ... minute bar */

    /* trading */
    tw_alpaca_fills *fills;
    session_update *updates;
    uint32_t update_count;
    session_question question; /* the next or current one of this connection */
    bool question_out;         /* at the client */
    uint64_t question_generation;
    bool known;               /* the starting point is there */
    int64_t since_ns;         /* of the next page */
    int64_t newest_submit_ns; /* of orders seen */
    int64_t lost_submit_ns;   /* the same when the connection ended */
    uint32_t page_rows;
    uint32_t page_count;
    uint64_t recovered_count;
};

/* ---- alpaca_session.c ---- */

/* The stream or something that is needed with it is lost. */
void session_lost(tw_alpaca_session *session, tw_status status, const char *reason);
/* What was missed has been dealt with. */
void session_mended(tw_alpaca_session *session);
void session_tell_gap(tw_alpaca_session *session, tw_alpaca_gap *gap);
/* How long nothing has been heard. */
int64_t session_silence_ns(const tw_alpaca_session *session);

/* ---- alpaca_session_gap.c ---- */

tw_status session_take_market_memory(tw_alpaca_session *session);
void session_mend_market(tw_alpaca_session *session);
/* The connection ended: what waits is given up. */
void session_drop_market(tw_alpaca_session *session);
void session_on_trade(void *context, const tw_trade *trade, int64_t received_ns);
void session_on_bar(void *context, const tw_bar *bar, int64_t received_ns);

/* ---- alpaca_session_orders.c ---- */

tw_status session_take_trading_memory(tw_alpaca_session *session);
void session_mend_trading(tw_alpaca_session *session);
void session_on_update(void *context, const tw_alpaca_order_update *update, int64_t received_ns);

#endif
