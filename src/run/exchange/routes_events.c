/* routes_events.c - GET /v2/events/trades: from when, and to when. */
#include <string.h>

#include "exchange_priv.h"
#include "query.h"

/* The id of an event; empty if it is not given. */
static bool read_id(exchange_call *call, const char *name, char *ret_id) {
    tw_slice text = query_text(call, name);
    if (text.size == 0 || (text.size == LEDGER_EVENT_ID_SIZE - 1 &&
                           tw_slice_copy(text, ret_id, LEDGER_EVENT_ID_SIZE) == TW_OK))
        return true;
    answer_error(call, 422, CODE_REQUEST, "invalid %s: %.*s", name, (int)text.size, text.data);
    return false;
}

/* Which of the bounds may stand together. */
static bool fit_together(exchange_call *call) {
    bool since = query_text(call, "since").size > 0;
    bool until = query_text(call, "until").size > 0;
    bool since_id = query_text(call, "since_id").size > 0;
    bool until_id = query_text(call, "until_id").size > 0;
    const char *wrong = NULL;
    if (since && since_id)
        wrong = "since and since_id cannot both be given";
    else if (until && !since)
        wrong = "until requires since";
    else if (until_id && !since_id)
        wrong = "until_id requires since_id";
    if (wrong != NULL)
        answer_error(call, 422, CODE_REQUEST, "%s", wrong);
    return wrong == NULL;
}

static bool read_span(exchange_call *call, event_span *span) {
    const update_log *log = event_feeds_log(call->exchange->events);
    char since_id[LEDGER_EVENT_ID_SIZE] = "";
    int64_t since_ns = INT64_MAX; /* nothing of before */
    *span = (event_span){.until_ns = INT64_MAX};
    if (!fit_together(call) || !query_time(call, "since", &since_ns) ||
        !query_time(call, "until", &span->until_ns) || !read_id(call, "since_id", since_id) ||
        !read_id(call, "until_id", span->until_id))
        return false;
    span->next = since_id[0] != '\0' ? update_log_find_id(log, tw_slice_of(since_id))
                                     : update_log_find_time(log, since_ns);
    return true;
}

void route_events(exchange_call *call) {
    event_span span;
    if (!read_span(call, &span))
        return;
    if (answer_events(call, &span) != TW_OK)
        answer_error(call, 503, 50310000, "there is no room for another stream");
}
