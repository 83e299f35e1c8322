/*
 * event_feeds.c - see event_feeds.h.
 *
 * Events are written whole: a read that has no room for the next one ends before it, so no event
 * is lost in the middle when the log forgets it.
 */
#include "event_feeds.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

enum { LOG_COUNT = 8192 };

#define END_OF_EVENT "\n\n"

typedef struct event_feed {
    event_feeds *owner;
    const ledger_account *account;
    tw_http_feed *feed;
    event_span span;
    uint32_t place; /* in owner->clients */
    bool over;      /* it is to end */
} event_feed;

struct event_feeds {
    const tw_allocator *allocator;
    const account_ledger *ledger;
    const tw_symbols *symbols;
    update_log *log;
    event_feed *clients[EVENT_FEED_COUNT_MAX];
    uint32_t client_count;
    uint64_t told; /* what was put before this has gone out */
    int64_t now_ns;
};

tw_status event_feeds_new(const tw_allocator *allocator, const account_ledger *ledger,
                          const tw_symbols *symbols, event_feeds **ret_feeds) {
    event_feeds *feeds = TW_NEW(allocator, 1, event_feeds);
    if (feeds == NULL)
        return TW_NO_MEMORY;
    feeds->allocator = allocator;
    feeds->ledger = ledger;
    feeds->symbols = symbols;
    feeds->told = 1;
    if (update_log_new(allocator, LOG_COUNT, &feeds->log) != TW_OK) {
        event_feeds_free(feeds);
        return TW_NO_MEMORY;
    }
    *ret_feeds = feeds;
    return TW_OK;
}

void event_feeds_free(event_feeds *feeds) {
    if (feeds == NULL)
        return;
    TW_ASSERT(feeds->client_count == 0);
    update_log_free(feeds->log);
    TW_DELETE(feeds->allocator, feeds, 1, event_feeds);
}

const update_log *event_feeds_log(const event_feeds *feeds) {
    return feeds->log;
}

void event_feeds_on_update(event_feeds *feeds, ledger_update *update) {
    update_log_put(feeds->log, update);
}

/* ---- one client ---------------------------------------------------------------------------- */

/* It reads more slowly than the log forgets. */
static void skip_forgotten(event_feed *client, uint64_t first, tw_text *text) {
    if (client->span.next >= first)
        return;
    tw_text_append_format(text, ": you are reading too slowly, dropped %llu messages" END_OF_EVENT,
                          (unsigned long long)(first - client->span.next));
    client->span.next = first;
}

static bool is_beyond(const event_span *span, const ledger_update *update) {
    return update->time_ns > span->until_ns ||
           (span->until_id[0] != '\0' && strcmp(update->event_id, span->until_id) > 0);
}

static bool is_last(const update_log *log, const char *id) {
    uint64_t first;
    uint64_t end;
    update_log_range(log, &first, &end);
    return first < end && strcmp(update_log_at(log, end - 1)->event_id, id) == 0;
}

/* False: there is no room for it. */
static bool put_event(const event_feeds *feeds, const ledger_update *update, tw_text *text) {
    tw_alpaca_order_update words;
    size_t before = text->size;
    words_update(feeds->ledger, update, feeds->symbols, &words);
    tw_text_append_string(text, "data: ");
    tw_alpaca_encode_order_event(text, &words);
    tw_text_append_string(text, END_OF_EVENT);
    if (!text->truncated)
        return true;
    TW_ASSERT(before > 0); /* one always fits */
    *text = (tw_text){.data = text->data, .size = before, .capacity = text->capacity};
    return false;
}

/* It has all that there will be: its time is over, or its last event is the newest. */
static bool has_reached_end(const event_feed *client, uint64_t end) {
    const event_span *span = &client->span;
    if (span->next < end)
        return false;
    return span->until_ns < client->owner->now_ns ||
           (span->until_id[0] != '\0' && is_last(client->owner->log, span->until_id));
}

static size_t read_events(void *context, char *buffer, size_t capacity) {
    event_feed *client = context;
    const update_log *log = client->owner->log;
    tw_text text = tw_text_over(buffer, capacity);
    uint64_t first;
    uint64_t end;
    update_log_range(log, &first, &end);
    skip_forgotten(client, first, &text);
    for (; client->span.next < end && !client->over; client->span.next++) {
        const ledger_update *update = update_log_at(log, client->span.next);
        client->over = is_beyond(&client->span, update);
        if (!client->over && update->account == client->account &&
            !put_event(client->owner, update, &text))
            break;
    }
    client->over = client->over || has_reached_end(client, end);
    return text.size == 0 && client->over ? TW_HTTP_FEED_END : text.size;
}

static void on_end(void *context) {
    event_feed *client = context;
    event_feeds *feeds = client->owner;
    event_feed *last = feeds->clients[--feeds->client_count];
    feeds->clients[client->place] = last;
    last->place = client->place;
    TW_DELETE(feeds->allocator, client, 1, event_feed);
}

tw_status event_feeds_open(event_feeds *feeds, const ledger_account *account,
                           const event_span *span, tw_http_reply *reply,
                           const tw_http_answer *answer) {
    if (feeds->client_count == EVENT_FEED_COUNT_MAX)
        return TW_FULL;
    event_feed *client = TW_NEW(feeds->allocator, 1, event_feed);
    if (client == NULL)
        return TW_NO_MEMORY;
    *client = (event_feed){
        .owner = feeds, .account = account, .span = *span, .place = feeds->client_count};
    const tw_http_feed_source source = {read_events, on_end, client};
    tw_status status = tw_http_reply_feed(reply, answer, &source, &client->feed, NULL);
    if (status != TW_OK) {
        TW_DELETE(feeds->allocator, client, 1, event_feed);
        return status;
    }
    feeds->clients[feeds->client_count++] = client;
    return TW_OK;
}

/* ---- all of them --------------------------------------------------------------------------- */

void event_feeds_flush(event_feeds *feeds, int64_t now_ns) {
    uint64_t first;
    uint64_t end;
    update_log_range(feeds->log, &first, &end);
    feeds->now_ns = now_ns;
    for (uint32_t i = 0; i < feeds->client_count; i++) {
        const event_feed *client = feeds->clients[i];
        if (feeds->told < end || client->span.until_ns < now_ns)
            tw_http_feed_wake(client->feed);
    }
    feeds->told = end;
}

void event_feeds_close_all(event_feeds *feeds) {
    for (uint32_t i = 0; i < feeds->client_count; i++) {
        feeds->clients[i]->over = true;
        tw_http_feed_wake(feeds->clients[i]->feed);
    }
}
