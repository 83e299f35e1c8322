/*
 * alpaca_fetch.c - the course of a fetch: parts in parallel, handed over in order.
 *
 * Part p is of the symbols' group p / span_count and of the time's span p % span_count, and is
 * fetched in lane p % lane_count. Pages arrive in any order; only the oldest part's lane is ever
 * emptied, and a lane asks for its next page only when it is empty.
 *
 * When the venue does not answer, lanes wait. One timer stands for all of them; when it fires, the
 * oldest one asks, and its answer, good or bad, sets the others going again. Not answered: the
 * delay doubles. No answer for patience_ns: the fetch is given up.
 *
 * Invariants
 * 1. At most lane_count pages are held.
 * 2. A unit is the symbols of one request. When the venue refuses the first page of a unit of
 *    several, the part goes on with units of one symbol.
 * 3. Where a lane waits, a timer runs, or another lane flies whose answer will wake it.
 * 4. The user is called only from `turn`, which runs from the loop, and from `wait_for_venue`.
 */
#include <string.h>

#include "alpaca_fetch_priv.h"
#include "tradewind/time.h"

#define SYMBOLS_PER_REQUEST 50
#define IN_FLIGHT_MAX 4
#define RETRY_DELAY_NS (250 * TW_NS_PER_MS)
#define DELAY_GROWTH_MAX 32

static void turn(void *context);
static bool wait_for_venue(fetch_lane *lane, const tw_alpaca_result *result);

/* ---- a lane and what it holds -------------------------------------------------------------- */

static void hold_failure(fetch_lane *lane, const tw_alpaca_result *result, const char *message) {
    lane->result = *result;
    if (result->problem != NULL) {
        lane->problem = *result->problem;
        lane->result.problem = &lane->problem;
    }
    size_t size = strnlen(message, sizeof lane->message - 1);
    memmove(lane->message, message, size);
    lane->message[size] = '\0';
    lane->result.message = lane->message;
    lane->row_count = 0;
    lane->state = LANE_HELD;
}

/* A page that could not even be asked for. What a breaker or a limit keeps back is a silence of the
 * venue like another. */
static void hold_error(fetch_lane *lane, const tw_error *error) {
    bool kept_back = error->status == TW_STATE || error->status == TW_TIMEOUT;
    tw_alpaca_result result = {.status = kept_back ? TW_UNREACHABLE : error->status,
                               .message = error->message,
                               .rate_remaining = -1};
    if (!wait_for_venue(lane, &result))
        hold_failure(lane, &result, error->message);
}

/* Asks for the page that the lane's token names. */
static void ask(fetch_lane *lane) {
    alpaca_call *call = lane->call;
    tw_error error = {0};
    tw_text url = tw_text_over(call->url, sizeof call->url);
    fetch_write_url(lane, &url);
    call->tries = 0;
    tw_status status = url.truncated
                           ? tw_error_set(&error, TW_INVALID, "the request's URL is too long")
                           : alpaca_call_send(call, "GET", (tw_slice){NULL, 0}, &error);
    if (status != TW_OK) {
        hold_error(lane, &error);
        return;
    }
    lane->state = LANE_FLYING;
    lane->fetch->figures.requests++;
}

static tw_alpaca_part unit_of(const fetch_lane *lane) {
    return (tw_alpaca_part){.symbols = &lane->fetch->symbols[lane->unit_first],
                            .symbol_count = lane->unit_count,
                            .start_ns = lane->start_ns,
                            .end_ns = lane->end_ns};
}

static void begin_unit(fetch_lane *lane, size_t first, size_t count) {
    tw_alpaca_fetch *fetch = lane->fetch;
    lane->unit_first = first;
    lane->unit_count = count;
    lane->page_number = 0;
    lane->reference_page = 0;
    lane->row_count = 0;
    lane->delivered = 0;
    lane->token[0] = '\0';
    lane->reference[0] = '\0';
    tw_alpaca_part unit = unit_of(lane);
    lane->left_out =
        fetch->callbacks.wants != NULL && !fetch->callbacks.wants(fetch->callbacks.context, &unit);
    if (lane->left_out)
        lane->state = LANE_HELD;
    else
        ask(lane);
}

static fetch_lane *lane_of(const tw_alpaca_fetch *fetch, uint64_t part) {
    return &fetch->lanes[part % fetch->lane_count];
}

static void begin_part(tw_alpaca_fetch *fetch, uint64_t part) {
    fetch_lane *lane = lane_of(fetch, part);
    TW_ASSERT(lane->state == LANE_IDLE);
    size_t first = (size_t)(part / fetch->span_count) * fetch->group_size;
    int64_t span = (int64_t)(part % fetch->span_count);
    size_t end = first + fetch->group_size;
    bool last = (uint64_t)span + 1 == fetch->span_count;
    lane->start_ns = fetch->start_ns + span * fetch->span_ns;
    lane->end_ns = last ? fetch->end_ns : lane->start_ns + fetch->span_ns - 1;
    lane->group_end = end < fetch->symbol_count ? end : fetch->symbol_count;
    lane->single = false;
    begin_unit(lane, first, lane->group_end - first);
}

/* ---- a venue that does not answer ---------------------------------------------------------- */

static bool is_silence(tw_status status) {
    return status == TW_UNREACHABLE || status == TW_TIMEOUT || status == TW_CLOSED ||
           status == TW_REMOTE || status == TW_THROTTLED;
}

static void go_on(tw_alpaca_fetch *fetch) {
    if (fetch->timer != NULL)
        tw_loop_timer_stop(fetch->timer);
    fetch->timer = NULL;
    fetch->delay_ns = fetch->retry_delay_ns;
    fetch->heard_ns = tw_time_monotonic_ns();
    for (uint64_t part = fetch->oldest; part < fetch->begun; part++) {
        fetch_lane *lane = lane_of(fetch, part);
        if (lane->state != LANE_WAITING)
            continue;
        fetch->figures.retries++;
        ask(lane);
    }
}

/* The oldest lane that waits asks for all. */
static void probe(void *context) {
    tw_alpaca_fetch *fetch = context;
    fetch->timer = NULL;
    for (uint64_t part = fetch->oldest; part < fetch->begun; part++) {
        fetch_lane *lane = lane_of(fetch, part);
        if (lane->state != LANE_WAITING)
            continue;
        fetch->figures.retries++;
        ask(lane);
        if (lane->state == LANE_HELD) { /* it could not even be sent */
            fetch->given_up = true;
            tw_loop_defer(fetch->client->loop, &fetch->task);
        }
        return;
    }
}

/* How long to leave the venue alone: what it says itself, or the growing delay. */
static int64_t delay_before_probe(tw_alpaca_fetch *fetch, const tw_alpaca_result *result) {
    int64_t delay_ns = fetch->delay_ns;
    if (fetch->delay_ns < fetch->retry_delay_ns * DELAY_GROWTH_MAX)
        fetch->delay_ns *= 2;
    if (result->status == TW_THROTTLED && result->rate_reset_ns > 0) {
        int64_t told_ns = result->rate_reset_ns - tw_time_wall_ns();
        if (told_ns > delay_ns)
            delay_ns = told_ns;
    }
    return delay_ns < fetch->patience_ns ? delay_ns : fetch->patience_ns;
}

/* True if the lane now waits; false if patience is over, or there is none. */
static bool wait_for_venue(fetch_lane *lane, const tw_alpaca_result *result) {
    tw_alpaca_fetch *fetch = lane->fetch;
    if (fetch->patience_ns == 0 || !is_silence(result->status))
        return false;
    if (tw_time_monotonic_ns() - fetch->heard_ns >= fetch->patience_ns) {
        fetch->given_up = true;
        return false;
    }
    lane->state = LANE_WAITING;
    if (fetch->timer != NULL)
        return true;
    int64_t delay_ns = delay_before_probe(fetch, result);
    if (tw_loop_timer_start(fetch->client->loop, delay_ns, 0, probe, fetch, &fetch->timer) !=
        TW_OK) {
        fetch->given_up = true;
        return false;
    }
    if (fetch->callbacks.on_wait != NULL)
        fetch->callbacks.on_wait(fetch->callbacks.context, result, delay_ns);
    return true;
}

/* ---- a page arrives ------------------------------------------------------------------------ */

static void finish_page(tw_alpaca_client *client, const alpaca_handler *handler,
                        tw_alpaca_result *result, tw_slice body) {
    (void)client;
    fetch_lane *lane = handler->context;
    tw_alpaca_fetch *fetch = lane->fetch;
    tw_error error = {0};
    if (result->tries > 1)
        fetch->figures.retries += (uint64_t)result->tries - 1;
    fetch->turning = true; /* on_wait may cancel */
    if (!wait_for_venue(lane, result)) {
        fetch->figures.bytes += body.size;
        if (result->status == TW_OK)
            result->status = fetch_read_page(lane, body, &error);
        if (result->status != TW_OK) {
            hold_failure(lane, result, error.message[0] != '\0' ? error.message : result->message);
        } else {
            lane->result = *result;
            lane->result.message = "";
            lane->state = LANE_HELD;
        }
        if (!fetch->given_up)
            go_on(fetch);
    }
    turn(fetch);
}

/* ---- handing over -------------------------------------------------------------------------- */

static void remember_failure(tw_alpaca_fetch *fetch, const tw_alpaca_result *result) {
    if (result->status == TW_OK || fetch->first_failure.status != TW_OK)
        return;
    fetch->first_failure = *result;
    if (result->problem != NULL) {
        fetch->first_problem = *result->problem;
        fetch->first_failure.problem = &fetch->first_problem;
    }
    size_t size = strnlen(result->message, sizeof fetch->first_message - 1);
    memcpy(fetch->first_message, result->message, size);
    fetch->first_message[size] = '\0';
    fetch->first_failure.message = fetch->first_message;
}

static void end_unit(fetch_lane *lane) {
    tw_alpaca_fetch *fetch = lane->fetch;
    if (lane->left_out)
        return;
    remember_failure(fetch, &lane->result);
    tw_alpaca_part unit = unit_of(lane);
    if (fetch->callbacks.on_part != NULL)
        fetch->callbacks.on_part(fetch->callbacks.context, &unit, &lane->result, lane->delivered);
}

static bool must_split(const fetch_lane *lane) {
    tw_status status = lane->result.status;
    return !lane->left_out && lane->unit_count > 1 && lane->page_number == 0 &&
           (status == TW_REFUSED || status == TW_NOT_FOUND);
}

static void hand_over_rows(fetch_lane *lane) {
    tw_alpaca_fetch *fetch = lane->fetch;
    const tw_alpaca_fetch_callbacks *to = &fetch->callbacks;
    size_t count = lane->row_count;
    lane->row_count = 0;
    lane->delivered += count;
    fetch->figures.rows += count;
    if (count == 0)
        return;
    if (fetch->history == TW_ALPACA_HISTORY_BARS && to->on_bars != NULL)
        to->on_bars(to->context, lane->rows.bars, count);
    else if (fetch->history == TW_ALPACA_HISTORY_TRADES && to->on_trades != NULL)
        to->on_trades(to->context, lane->rows.trades, count);
    else if (fetch->history == TW_ALPACA_HISTORY_QUOTES && to->on_quotes != NULL)
        to->on_quotes(to->context, lane->rows.quotes, count);
}

/* Empties a held lane and sets it on its way; true if its part has ended. */
static bool hand_over(fetch_lane *lane) {
    tw_alpaca_fetch *fetch = lane->fetch;
    TW_ASSERT(lane->state == LANE_HELD);
    if (must_split(lane)) {
        lane->single = true;
        begin_unit(lane, lane->unit_first, 1);
        return false;
    }
    if (!lane->left_out && lane->result.status == TW_OK) {
        hand_over_rows(lane);
        if (fetch->cancelled)
            return false;
        if (lane->token[0] != '\0') {
            ask(lane);
            return false;
        }
    }
    end_unit(lane);
    size_t next = lane->unit_first + lane->unit_count;
    if (!fetch->cancelled && next < lane->group_end) {
        begin_unit(lane, next, 1);
        return false;
    }
    lane->state = LANE_IDLE;
    return true;
}

/* ---- its end ------------------------------------------------------------------------------- */

static void release(tw_alpaca_fetch *fetch) {
    const tw_allocator *allocator = fetch->client->allocator;
    size_t row_size = fetch_row_size(fetch->history);
    for (uint32_t i = 0; fetch->lanes != NULL && i < fetch->lane_count; i++)
        tw_release(allocator, fetch->lanes[i].rows.all, fetch->page_limit, row_size, 8);
    TW_DELETE(allocator, fetch->lanes, fetch->lane_count, fetch_lane);
    TW_DELETE(allocator, fetch->symbols, fetch->symbol_count, tw_symbol);
    TW_DELETE(allocator, fetch, 1, tw_alpaca_fetch);
}

/* Takes it out of the client; nothing of the loop or the wire knows it any more. */
static void detach(tw_alpaca_fetch *fetch) {
    tw_alpaca_fetch **link = &fetch->client->fetches;
    while (*link != fetch)
        link = &(*link)->next;
    *link = fetch->next;
    tw_loop_defer_drop(fetch->client->loop, &fetch->task);
    if (fetch->timer != NULL)
        tw_loop_timer_stop(fetch->timer);
    fetch->timer = NULL;
}

static void give_calls_back(tw_alpaca_fetch *fetch) {
    for (uint32_t i = 0; i < fetch->lane_count; i++)
        alpaca_call_abandon(fetch->lanes[i].call);
}

static void end(tw_alpaca_fetch *fetch) {
    detach(fetch);
    give_calls_back(fetch);
    if (fetch->first_failure.status == TW_OK) {
        fetch->first_failure.message = "";
        fetch->first_failure.rate_remaining = -1;
    }
    fetch->callbacks.on_done(fetch->callbacks.context, &fetch->first_failure);
    release(fetch);
}

/* Hands over what the parts have, oldest first, and begins parts while lanes are free. True when
 * nothing is left to do. */
static bool advance(tw_alpaca_fetch *fetch) {
    for (;;) {
        while (!fetch->given_up && !fetch->cancelled && fetch->begun < fetch->part_count &&
               fetch->begun < fetch->oldest + fetch->lane_count)
            begin_part(fetch, fetch->begun++);
        if (fetch->oldest == fetch->begun)
            return true;
        fetch_lane *lane = lane_of(fetch, fetch->oldest);
        if (lane->state != LANE_HELD)
            return fetch->given_up;
        if (hand_over(lane)) {
            fetch->oldest++;
            fetch->figures.parts++;
        }
        if (fetch->cancelled)
            return false;
    }
}

/* The failure that ended the fetch, where no part before it had one. */
static void remember_why(tw_alpaca_fetch *fetch) {
    for (uint64_t part = fetch->oldest; part < fetch->begun; part++) {
        const fetch_lane *lane = lane_of(fetch, part);
        if (lane->state == LANE_HELD && !lane->left_out)
            remember_failure(fetch, &lane->result);
    }
}

static void turn(void *context) {
    tw_alpaca_fetch *fetch = context;
    fetch->turning = true;
    bool ended = !fetch->cancelled && advance(fetch);
    fetch->turning = false;
    if (fetch->cancelled) {
        detach(fetch);
        give_calls_back(fetch);
        release(fetch);
    } else if (ended) {
        remember_why(fetch);
        end(fetch);
    }
}

void tw_alpaca_fetch_cancel(tw_alpaca_fetch *fetch) {
    if (fetch == NULL)
        return;
    fetch->cancelled = true;
    if (!fetch->turning)
        turn(fetch);
}

void alpaca_fetches_cancel(tw_alpaca_client *client) {
    while (client->fetches != NULL) {
        tw_alpaca_fetch *fetch = client->fetches;
        TW_ASSERT(!fetch->turning);
        tw_alpaca_result result = {.rate_remaining = -1};
        alpaca_result_fail(&result, TW_CANCELLED, "the client was ended during the fetch");
        detach(fetch); /* the calls end with the client */
        fetch->callbacks.on_done(fetch->callbacks.context, &result);
        release(fetch);
    }
}

tw_alpaca_fetch_figures tw_alpaca_fetch_figures_of(const tw_alpaca_fetch *fetch) {
    return fetch->figures;
}

/* ---- its beginning ------------------------------------------------------------------------- */

static tw_status copy_word(const char *word, char *buffer) {
    for (const char *c = word; c != NULL && *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || *c == '_' || *c == '-' || *c == ','))
            return TW_INVALID;
    return tw_slice_copy(tw_slice_of(word), buffer, TW_ALPACA_WORD_SIZE) == TW_OK ? TW_OK
                                                                                  : TW_INVALID;
}

static bool is_valid(const tw_alpaca_fetch_query *query) {
    bool bars = query->history == TW_ALPACA_HISTORY_BARS;
    bool end_fits = query->end_ns == 0 ? query->span_ns == 0 : query->end_ns >= query->start_ns;
    return query->symbol_count > 0 && (!bars || query->timeframe_ns > 0) && end_fits &&
           query->history <= TW_ALPACA_HISTORY_QUOTES && query->start_ns >= 0 &&
           query->span_ns >= 0 && query->patience_ns >= 0 && query->retry_delay_ns >= 0 &&
           query->page_limit <= TW_ALPACA_PAGE_LIMIT_MAX &&
           query->in_flight_max <= TW_ALPACA_FETCH_LANE_COUNT_MAX;
}

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value > 0 ? value : fallback;
}

/* `is_valid` holds. */
static void cut(tw_alpaca_fetch *fetch, const tw_alpaca_fetch_query *query) {
    fetch->symbol_count = query->symbol_count;
    fetch->group_size = or_default(query->symbols_per_request, SYMBOLS_PER_REQUEST);
    fetch->start_ns = query->start_ns;
    fetch->end_ns = query->end_ns;
    fetch->span_ns = query->span_ns;
    fetch->span_count = 1;
    if (query->span_ns > 0)
        fetch->span_count += (uint64_t)((query->end_ns - query->start_ns) / query->span_ns);
    size_t groups = (fetch->symbol_count + fetch->group_size - 1) / fetch->group_size;
    fetch->part_count = groups * fetch->span_count;
    fetch->figures.part_count = fetch->part_count;
    fetch->lane_count = or_default(query->in_flight_max, IN_FLIGHT_MAX);
    if (fetch->lane_count > fetch->part_count)
        fetch->lane_count = (uint32_t)fetch->part_count;
}

static tw_status configure(tw_alpaca_fetch *fetch, const tw_alpaca_fetch_query *query) {
    if (!is_valid(query))
        return TW_INVALID;
    cut(fetch, query);
    fetch->history = query->history;
    fetch->page_limit = or_default(query->page_limit, TW_ALPACA_PAGE_LIMIT_MAX);
    fetch->timeframe_ns = query->history == TW_ALPACA_HISTORY_BARS ? query->timeframe_ns : 0;
    fetch->patience_ns = query->patience_ns;
    fetch->retry_delay_ns = query->retry_delay_ns > 0 ? query->retry_delay_ns : RETRY_DELAY_NS;
    fetch->delay_ns = fetch->retry_delay_ns;
    fetch->heard_ns = tw_time_monotonic_ns();
    tw_status status = copy_word(query->feed, fetch->feed);
    if (status == TW_OK && query->history == TW_ALPACA_HISTORY_BARS)
        status = copy_word(query->adjustment, fetch->adjustment);
    return status;
}

static tw_status allocate(tw_alpaca_fetch *fetch) {
    const tw_allocator *allocator = fetch->client->allocator;
    size_t row_size = fetch_row_size(fetch->history);
    fetch->symbols = TW_NEW(allocator, fetch->symbol_count, tw_symbol);
    fetch->lanes = TW_NEW(allocator, fetch->lane_count, fetch_lane);
    if (fetch->symbols == NULL || fetch->lanes == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < fetch->lane_count; i++) {
        fetch->lanes[i].fetch = fetch;
        fetch->lanes[i].rows.all = tw_allocate(allocator, fetch->page_limit, row_size, 8);
        if (fetch->lanes[i].rows.all == NULL)
            return TW_NO_MEMORY;
    }
    return TW_OK;
}

static void take_calls(tw_alpaca_fetch *fetch) {
    for (uint32_t i = 0; i < fetch->lane_count; i++) {
        alpaca_handler handler = {finish_page, &fetch->lanes[i], {NULL}, {NULL}};
        fetch->lanes[i].call = alpaca_call_take(fetch->client, &handler);
        fetch->lanes[i].call->kept = true;
    }
}

tw_status tw_alpaca_fetch_new(tw_alpaca_client *client, const tw_alpaca_fetch_query *query,
                              const tw_alpaca_fetch_callbacks *callbacks,
                              tw_alpaca_fetch **ret_fetch) {
    TW_ASSERT(!client->ended && callbacks->on_done != NULL);
    tw_alpaca_fetch *fetch = TW_NEW(client->allocator, 1, tw_alpaca_fetch);
    if (fetch == NULL)
        return TW_NO_MEMORY;
    fetch->client = client;
    fetch->callbacks = *callbacks;
    tw_status status = configure(fetch, query);
    if (status == TW_OK && client->call_count_max - client->taken_count < fetch->lane_count)
        status = TW_FULL;
    if (status == TW_OK)
        status = allocate(fetch);
    if (status != TW_OK) {
        release(fetch);
        return status;
    }
    memcpy(fetch->symbols, query->symbols, query->symbol_count * sizeof *query->symbols);
    take_calls(fetch);
    fetch->next = client->fetches;
    client->fetches = fetch;
    fetch->task = (tw_loop_task){.run = turn, .context = fetch};
    tw_loop_defer(client->loop, &fetch->task);
    if (ret_fetch != NULL)
        *ret_fetch = fetch;
    return TW_OK;
}
