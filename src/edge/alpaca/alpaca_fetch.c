/*
 * alpaca_fetch.c - bars of many symbols, in parallel, in an order that does not depend on timing.
 *
 * The query's symbols are cut into groups; up to `lane_count` groups are fetched at once, each in
 * a lane: a kept place for its calls and room for one decoded page. Pages arrive in any order but
 * are delivered in the groups' order: only the oldest group's lane is ever emptied, and a lane
 * asks for its next page only when it is empty.
 *
 *     IDLE -- lane_begin --> FLYING -- finish_page --> HELD -- lane_deliver --> FLYING (next page,
 *      ^                                                |                       or next unit)
 *      +------------------- group ended ----------------+
 *
 * Invariants
 * 1. Group `fetch->oldest + i` is in lane (oldest + i) % lane_count.
 * 2. At most lane_count pages are held; a page with more than `page_limit` bars is refused.
 * 3. A token that was seen before ends its unit: Brent's method keeps one reference and moves it
 *    at powers of two, so any cycle is found with constant memory.
 * 4. A unit is the symbols of one request. When the venue refuses the first page of a unit of
 *    several, the group goes on with units of one symbol, so that the bad one stands alone.
 * 5. The user is called only from `turn`, which runs from the loop.
 */
#include <string.h>

#include "alpaca_client_priv.h"
#include "tradewind/time.h"

#define SYMBOLS_PER_REQUEST 50
#define IN_FLIGHT_MAX 4
#define PAGE_LIMIT_MAX 10000

typedef enum lane_state { LANE_IDLE, LANE_FLYING, LANE_HELD } lane_state;

typedef struct bars_lane {
    bars_fetch *fetch;
    alpaca_call *call;
    tw_bar *bars;
    uint32_t bar_count;
    lane_state state;
    size_t group_end;  /* index behind the group's last symbol */
    size_t unit_first; /* the request's symbols */
    size_t unit_count;
    bool single; /* units of one symbol (invariant 4) */
    uint64_t page_number;
    uint64_t reference_page; /* page whose token is `reference` (invariant 3) */
    char token[TW_ALPACA_TOKEN_SIZE];
    char reference[TW_ALPACA_TOKEN_SIZE];
    tw_alpaca_result result; /* of the page that is held */
    tw_alpaca_error problem;
    char message[TW_ERROR_MESSAGE_SIZE];
} bars_lane;

struct bars_fetch {
    tw_alpaca_client *client;
    bars_fetch *next;
    tw_alpaca_bars_callbacks callbacks;
    tw_loop_task task;
    tw_symbol *symbols;
    uint64_t *counts; /* bars of each symbol */
    size_t symbol_count;
    size_t group_size;
    size_t group_count;
    size_t oldest; /* first group that is not delivered whole */
    size_t begun;  /* groups that have a lane or are done */
    bars_lane *lanes;
    uint32_t lane_count;
    uint32_t page_limit;
    int64_t timeframe_ns;
    int64_t start_ns;
    int64_t end_ns;
    char feed[TW_ALPACA_WORD_SIZE];
    char adjustment[TW_ALPACA_WORD_SIZE];
    tw_alpaca_result first_failure; /* status TW_OK: none so far */
    tw_alpaca_error first_problem;
    char first_message[TW_ERROR_MESSAGE_SIZE];
};

/* ---- requests ---- */

static void append_time(tw_text *url, const char *name, int64_t time_ns) {
    char buffer[TW_TIME_TEXT_SIZE];
    size_t size = tw_time_format(time_ns, -1, buffer);
    tw_text_append_string(url, name);
    tw_http_encode((tw_slice){buffer, size}, url);
}

static void write_url(const bars_lane *lane, tw_text *url) {
    const bars_fetch *fetch = lane->fetch;
    char timeframe[16];
    size_t size = tw_timeframe_format_alpaca(fetch->timeframe_ns, timeframe);
    tw_text_append_string(url, fetch->client->data_url);
    tw_text_append_string(url, "/v2/stocks/bars?symbols=");
    for (size_t i = 0; i < lane->unit_count; i++) {
        tw_symbol symbol = fetch->symbols[lane->unit_first + i];
        if (i > 0)
            tw_text_append_char(url, ',');
        tw_http_encode(tw_slice_of(tw_symbols_name(fetch->client->symbols, symbol)), url);
    }
    tw_text_append_string(url, "&timeframe=");
    tw_text_append(url, (tw_slice){timeframe, size});
    append_time(url, "&start=", fetch->start_ns);
    if (fetch->end_ns != 0)
        append_time(url, "&end=", fetch->end_ns);
    tw_text_append_format(url, "&limit=%u", fetch->page_limit);
    if (fetch->feed[0] != '\0')
        tw_text_append_format(url, "&feed=%s", fetch->feed);
    if (fetch->adjustment[0] != '\0')
        tw_text_append_format(url, "&adjustment=%s", fetch->adjustment);
    if (lane->token[0] != '\0') {
        tw_text_append_string(url, "&page_token=");
        tw_http_encode(tw_slice_of(lane->token), url);
    }
}

static void hold_failure(bars_lane *lane, tw_status status, const char *message) {
    memset(&lane->result, 0, sizeof lane->result);
    lane->result.rate_remaining = -1;
    lane->result.status = status;
    size_t size = strlen(message);
    if (size >= sizeof lane->message)
        size = sizeof lane->message - 1;
    memcpy(lane->message, message, size);
    lane->message[size] = '\0';
    lane->result.message = lane->message;
    lane->bar_count = 0;
    lane->state = LANE_HELD;
}

/* Asks for the page that the lane's token names. */
static void lane_request(bars_lane *lane) {
    alpaca_call *call = lane->call;
    tw_error error = {0};
    tw_text url = tw_text_over(call->url, sizeof call->url);
    write_url(lane, &url);
    call->tries = 0;
    tw_status status = url.truncated
                           ? tw_error_set(&error, TW_INVALID, "the request's URL is too long")
                           : alpaca_call_send(call, "GET", (tw_slice){NULL, 0}, &error);
    if (status == TW_OK)
        lane->state = LANE_FLYING;
    else
        hold_failure(lane, status, error.message);
}

static void lane_begin_unit(bars_lane *lane, size_t first, size_t count) {
    lane->unit_first = first;
    lane->unit_count = count;
    lane->page_number = 0;
    lane->reference_page = 0;
    lane->token[0] = '\0';
    lane->reference[0] = '\0';
    lane_request(lane);
}

static void lane_begin(bars_fetch *fetch, size_t group) {
    bars_lane *lane = &fetch->lanes[group % fetch->lane_count];
    TW_ASSERT(lane->state == LANE_IDLE);
    size_t first = group * fetch->group_size;
    size_t end = first + fetch->group_size;
    lane->group_end = end < fetch->symbol_count ? end : fetch->symbol_count;
    lane->single = false;
    lane_begin_unit(lane, first, lane->group_end - first);
}

/* ---- a page arrives ---- */

typedef struct page_sink {
    bars_lane *lane;
    tw_status status;
} page_sink;

/* Where a symbol of this unit stands in the query; symbol_count if it was not asked for. */
static size_t place_of(const bars_lane *lane, tw_symbol symbol) {
    const bars_fetch *fetch = lane->fetch;
    for (size_t i = 0; i < lane->unit_count; i++)
        if (fetch->symbols[lane->unit_first + i] == symbol)
            return lane->unit_first + i;
    return fetch->symbol_count;
}

static void keep_bar(void *context, const tw_bar *bar) {
    page_sink *sink = context;
    bars_lane *lane = sink->lane;
    bool repeated = lane->bar_count > 0 && lane->bars[lane->bar_count - 1].symbol == bar->symbol;
    if (lane->bar_count == lane->fetch->page_limit ||
        (!repeated && place_of(lane, bar->symbol) == lane->fetch->symbol_count)) {
        sink->status = TW_PROTOCOL;
        return;
    }
    lane->bars[lane->bar_count++] = *bar;
}

static tw_status decode_page(bars_lane *lane, tw_slice body, tw_error *error) {
    page_sink sink = {lane, TW_OK};
    tw_alpaca_events events;
    memset(&events, 0, sizeof events);
    events.context = &sink;
    events.on_bar = keep_bar;
    tw_alpaca_page_options options = {lane->fetch->timeframe_ns, TW_SYMBOL_NONE};
    lane->bar_count = 0;
    tw_status status = tw_alpaca_decode_page(lane->fetch->client->reader, body, &options, &events,
                                             lane->token, error);
    if (status == TW_OK && sink.status != TW_OK)
        status = tw_error_set(error, sink.status, "the page has bars that were not asked for");
    return status;
}

/* Invariant 3. */
static tw_status check_token(bars_lane *lane, tw_error *error) {
    if (lane->token[0] == '\0')
        return TW_OK;
    if (strcmp(lane->token, lane->reference) == 0)
        return tw_error_set(error, TW_PROTOCOL, "the page token repeats; page %llu ends the fetch",
                            (unsigned long long)lane->page_number);
    if (lane->page_number >= 2 * lane->reference_page) {
        memcpy(lane->reference, lane->token, sizeof lane->reference);
        lane->reference_page = lane->page_number;
    }
    return TW_OK;
}

static void turn(void *context);

static void finish_page(tw_alpaca_client *client, const alpaca_handler *handler,
                        tw_alpaca_result *result, tw_slice body) {
    (void)client;
    bars_lane *lane = handler->context;
    tw_error error = {0};
    tw_status status = result->status;
    lane->page_number++;
    if (status == TW_OK)
        status = decode_page(lane, body, &error);
    if (status == TW_OK)
        status = check_token(lane, &error);
    if (status != TW_OK) {
        hold_failure(lane, status, error.message[0] != '\0' ? error.message : result->message);
        lane->result.http_status = result->http_status;
        lane->result.rate_remaining = result->rate_remaining;
        lane->result.rate_reset_ns = result->rate_reset_ns;
        lane->result.tries = result->tries;
        if (result->problem != NULL) {
            lane->problem = *result->problem;
            lane->result.problem = &lane->problem;
        }
    } else {
        lane->result = *result;
        lane->result.message = "";
        lane->state = LANE_HELD;
    }
    turn(lane->fetch);
}

/* ---- delivery ---- */

static void remember_failure(bars_fetch *fetch, const tw_alpaca_result *result) {
    if (result->status == TW_OK || fetch->first_failure.status != TW_OK)
        return;
    fetch->first_failure = *result;
    if (result->problem != NULL) {
        fetch->first_problem = *result->problem;
        fetch->first_failure.problem = &fetch->first_problem;
    }
    memcpy(fetch->first_message, result->message, strlen(result->message) + 1);
    fetch->first_failure.message = fetch->first_message;
}

static void end_unit(bars_lane *lane, const tw_alpaca_result *result) {
    bars_fetch *fetch = lane->fetch;
    remember_failure(fetch, result);
    for (size_t i = lane->unit_first; i < lane->unit_first + lane->unit_count; i++)
        if (fetch->callbacks.on_symbol != NULL)
            fetch->callbacks.on_symbol(fetch->callbacks.context, fetch->symbols[i], result,
                                       fetch->counts[i]);
}

static bool may_split(const bars_lane *lane) {
    tw_status status = lane->result.status;
    return lane->unit_count > 1 && lane->page_number <= 1 &&
           (status == TW_REFUSED || status == TW_NOT_FOUND);
}

static void deliver_bars(bars_lane *lane) {
    bars_fetch *fetch = lane->fetch;
    size_t place = fetch->symbol_count;
    for (uint32_t i = 0; i < lane->bar_count; i++) {
        const tw_bar *bar = &lane->bars[i];
        if (place == fetch->symbol_count || fetch->symbols[place] != bar->symbol)
            place = place_of(lane, bar->symbol);
        fetch->counts[place]++;
        if (fetch->callbacks.on_bar != NULL)
            fetch->callbacks.on_bar(fetch->callbacks.context, bar);
    }
}

/* Empties a held lane and sets it on its way; true if its group has ended. */
static bool lane_deliver(bars_lane *lane) {
    TW_ASSERT(lane->state == LANE_HELD);
    if (may_split(lane)) {
        lane->single = true;
        lane_begin_unit(lane, lane->unit_first, 1);
        return false;
    }
    if (lane->result.status == TW_OK) {
        deliver_bars(lane);
        if (lane->token[0] != '\0') {
            lane_request(lane);
            return false;
        }
    }
    end_unit(lane, &lane->result);
    size_t next = lane->unit_first + lane->unit_count;
    if (next < lane->group_end) {
        lane_begin_unit(lane, next, 1);
        return false;
    }
    lane->state = LANE_IDLE;
    return true;
}

static void fetch_release(bars_fetch *fetch) {
    const tw_allocator *allocator = fetch->client->allocator;
    for (uint32_t i = 0; fetch->lanes != NULL && i < fetch->lane_count; i++)
        if (fetch->lanes[i].bars != NULL)
            TW_DELETE(allocator, fetch->lanes[i].bars, fetch->page_limit, tw_bar);
    if (fetch->lanes != NULL)
        TW_DELETE(allocator, fetch->lanes, fetch->lane_count, bars_lane);
    if (fetch->counts != NULL)
        TW_DELETE(allocator, fetch->counts, fetch->symbol_count, uint64_t);
    if (fetch->symbols != NULL)
        TW_DELETE(allocator, fetch->symbols, fetch->symbol_count, tw_symbol);
    TW_DELETE(allocator, fetch, 1, bars_fetch);
}

static void fetch_unlink(bars_fetch *fetch) {
    bars_fetch **link = &fetch->client->fetches;
    while (*link != fetch)
        link = &(*link)->next;
    *link = fetch->next;
}

static void fetch_end(bars_fetch *fetch) {
    fetch_unlink(fetch);
    for (uint32_t i = 0; i < fetch->lane_count; i++)
        alpaca_call_release(fetch->lanes[i].call);
    if (fetch->first_failure.status == TW_OK) {
        fetch->first_failure.message = "";
        fetch->first_failure.rate_remaining = -1;
    }
    if (fetch->callbacks.on_done != NULL)
        fetch->callbacks.on_done(fetch->callbacks.context, &fetch->first_failure);
    fetch_release(fetch);
}

/* Begins groups while lanes are free, delivers what the oldest group has, ends the fetch. */
static void turn(void *context) {
    bars_fetch *fetch = context;
    for (;;) {
        while (fetch->begun < fetch->group_count &&
               fetch->begun < fetch->oldest + fetch->lane_count)
            lane_begin(fetch, fetch->begun++);
        if (fetch->oldest == fetch->group_count) {
            fetch_end(fetch);
            return;
        }
        bars_lane *lane = &fetch->lanes[fetch->oldest % fetch->lane_count];
        if (lane->state != LANE_HELD)
            return;
        if (lane_deliver(lane))
            fetch->oldest++;
    }
}

void alpaca_fetches_cancel(tw_alpaca_client *client) {
    while (client->fetches != NULL) {
        bars_fetch *fetch = client->fetches;
        tw_alpaca_result result;
        memset(&result, 0, sizeof result);
        result.rate_remaining = -1;
        alpaca_result_fail(&result, TW_CANCELLED, "the client was ended during the fetch");
        fetch_unlink(fetch);
        tw_loop_defer_drop(client->loop, &fetch->task);
        size_t first = fetch->oldest * fetch->group_size;
        const bars_lane *lane = &fetch->lanes[fetch->oldest % fetch->lane_count];
        if (lane->state != LANE_IDLE)
            first = lane->unit_first;
        for (size_t i = first; i < fetch->symbol_count; i++)
            if (fetch->callbacks.on_symbol != NULL)
                fetch->callbacks.on_symbol(fetch->callbacks.context, fetch->symbols[i], &result,
                                           fetch->counts[i]);
        if (fetch->callbacks.on_done != NULL)
            fetch->callbacks.on_done(fetch->callbacks.context, &result);
        fetch_release(fetch);
    }
}

/* ---- starting ---- */

static tw_status fetch_allocate(bars_fetch *fetch) {
    const tw_allocator *allocator = fetch->client->allocator;
    fetch->symbols = TW_NEW(allocator, fetch->symbol_count, tw_symbol);
    fetch->counts = TW_NEW(allocator, fetch->symbol_count, uint64_t);
    fetch->lanes = TW_NEW(allocator, fetch->lane_count, bars_lane);
    if (fetch->symbols == NULL || fetch->counts == NULL || fetch->lanes == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < fetch->lane_count; i++) {
        fetch->lanes[i].fetch = fetch;
        fetch->lanes[i].bars = TW_NEW(allocator, fetch->page_limit, tw_bar);
        if (fetch->lanes[i].bars == NULL)
            return TW_NO_MEMORY;
    }
    return TW_OK;
}

static tw_status copy_word(const char *word, char *buffer) {
    for (const char *c = word; c != NULL && *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || *c == '_' || *c == '-' || *c == ','))
            return TW_INVALID;
    return tw_slice_copy(tw_slice_of(word), buffer, TW_ALPACA_WORD_SIZE) == TW_OK ? TW_OK
                                                                                  : TW_INVALID;
}

static tw_status fetch_configure(bars_fetch *fetch, const tw_alpaca_bars_query *query) {
    fetch->symbol_count = query->symbol_count;
    fetch->group_size =
        query->symbols_per_request > 0 ? query->symbols_per_request : SYMBOLS_PER_REQUEST;
    fetch->group_count = (fetch->symbol_count + fetch->group_size - 1) / fetch->group_size;
    fetch->lane_count = query->in_flight_max > 0 ? query->in_flight_max : IN_FLIGHT_MAX;
    if (fetch->lane_count > fetch->group_count)
        fetch->lane_count = (uint32_t)fetch->group_count;
    fetch->page_limit = query->page_limit > 0 ? query->page_limit : PAGE_LIMIT_MAX;
    fetch->timeframe_ns = query->timeframe_ns;
    fetch->start_ns = query->start_ns;
    fetch->end_ns = query->end_ns;
    tw_status status = copy_word(query->feed, fetch->feed);
    return status == TW_OK ? copy_word(query->adjustment, fetch->adjustment) : status;
}

tw_status tw_alpaca_fetch_bars(tw_alpaca_client *client, const tw_alpaca_bars_query *query,
                               const tw_alpaca_bars_callbacks *callbacks) {
    if (query->symbol_count == 0 || query->timeframe_ns <= 0 || query->page_limit > PAGE_LIMIT_MAX)
        return TW_INVALID;
    bars_fetch *fetch = TW_NEW(client->allocator, 1, bars_fetch);
    if (fetch == NULL)
        return TW_NO_MEMORY;
    fetch->client = client;
    fetch->callbacks = *callbacks;
    tw_status status = fetch_configure(fetch, query);
    if (status == TW_OK && client->call_count_max - client->taken_count < fetch->lane_count)
        status = TW_FULL;
    if (status == TW_OK)
        status = fetch_allocate(fetch);
    if (status != TW_OK) {
        fetch_release(fetch);
        return status;
    }
    memcpy(fetch->symbols, query->symbols, query->symbol_count * sizeof *query->symbols);
    for (uint32_t i = 0; i < fetch->lane_count; i++) {
        alpaca_handler handler = {finish_page, &fetch->lanes[i], {NULL}, {NULL}};
        fetch->lanes[i].call = alpaca_call_take(client, &handler);
        fetch->lanes[i].call->kept = true;
    }
    fetch->next = client->fetches;
    client->fetches = fetch;
    fetch->task.run = turn;
    fetch->task.context = fetch;
    tw_loop_defer(client->loop, &fetch->task);
    return TW_OK;
}
