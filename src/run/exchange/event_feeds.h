/*
 * event_feeds.h - clients of GET /v2/events/trades: the updates of an account's orders as
 * server-sent events, those of before and those to come.
 *
 * A client reads the log at its own pace. One that is so slow that the log has forgotten what it
 * has not read is told so, in a comment, and goes on with what there is.
 *
 * Memory: the log, at creation; a small object a client, EVENT_FEED_COUNT_MAX at most. Threads: the
 * loop's.
 */
#ifndef TRADEWIND_RUN_EXCHANGE_EVENT_FEEDS_H
#define TRADEWIND_RUN_EXCHANGE_EVENT_FEEDS_H

#include "tradewind/http.h"
#include "update_log.h"

enum { EVENT_FEED_COUNT_MAX = 256 };

typedef struct event_feeds event_feeds;

/* What a client asks for: from the number on, to the bounds (INT64_MAX, ""), both included. */
typedef struct event_span {
    uint64_t next;
    int64_t until_ns;
    char until_id[LEDGER_EVENT_ID_SIZE];
} event_span;

/* Ledger and symbols are borrowed. TW_NO_MEMORY. */
tw_status event_feeds_new(const tw_allocator *allocator, const account_ledger *ledger,
                          const tw_symbols *symbols, event_feeds **ret_feeds) TW_MUST_CHECK;
/* The server that the feeds' clients came from must have been freed. */
void event_feeds_free(event_feeds *feeds);

const update_log *event_feeds_log(const event_feeds *feeds);

/* Gives the update its id and keeps it. */
void event_feeds_on_update(event_feeds *feeds, ledger_update *update);

/* Answers a request with a feed of the account's updates. TW_FULL, TW_NO_MEMORY, TW_INVALID: it is
 * still to be answered. */
tw_status event_feeds_open(event_feeds *feeds, const ledger_account *account,
                           const event_span *span, tw_http_reply *reply,
                           const tw_http_answer *answer) TW_MUST_CHECK;

/* What came since the last time goes out; feeds whose end has come by then end. */
void event_feeds_flush(event_feeds *feeds, int64_t now_ns);

/* All of them end. */
void event_feeds_close_all(event_feeds *feeds);

#endif
