/*
 * world_wire.c - what run/venue does over sockets, over a wire of its own: one connection of two
 * streams, and requests of their own connections.
 *
 *   DOWN --pause over--> CONNECTING --both streams ready--> READING --snapshot read--> UP
 *   CONNECTING, READING, UP --a stream or a reading is lost--> DOWN
 *   any --away longer than PATIENCE_NS--> FAILED
 *
 * Invariants
 *  1. As those of venue.c: UP only after a whole snapshot, DOWN before anything is read anew;
 *     updates in their order but for faults, and what is under way on a lost connection is lost.
 *  2. Each request of a living run is answered exactly once; one that arrives after its sender has
 *     given up does so within LATE_NS_MAX, as no network holds bytes back for ever.
 */
#include <string.h>

#include "world_priv.h"

static const int64_t PATIENCE_NS = 20 * TW_NS_PER_SECOND;
static const int64_t TIME_PERIOD_NS = 100 * TW_NS_PER_MS;
static const int64_t LATE_NS_MAX = 30 * TW_NS_PER_SECOND;
static const int64_t STALE_NS = 10 * TW_NS_PER_SECOND;
static const int64_t NOTICED_NS_MAX = 2 * TW_NS_PER_SECOND;

static int64_t latency(world *w) {
    return world_span(w, DRAW_WIRE, TW_NS_PER_MS / 2, w->plan.latency_ns_max);
}

/* ---- events to the engine ---- */

tw_venue_event world_wire_event(const world *w, tw_venue_kind kind) {
    return (tw_venue_event){.time_ns = w->now_ns + w->wire.clock_error_ns, .kind = (uint32_t)kind};
}

static void tell(world *w, const tw_venue_event *event) {
    world_wire *wire = &w->wire;
    WORLD_REQUIRE(w, wire->inbox_count < WORLD_INBOX, "the engine reads none of its events");
    wire->inbox[(wire->inbox_first + wire->inbox_count++) % WORLD_INBOX] = *event;
}

static void tell_state(world *w, tw_venue_kind kind, tw_status status) {
    tw_venue_event event = world_wire_event(w, kind);
    event.as.failure.status = status;
    tell(w, &event);
}

void world_wire_add(world *w, const tw_venue_event *event) {
    world_wire *wire = &w->wire;
    uint32_t room = sizeof wire->snapshot / sizeof wire->snapshot[0];
    if (wire->snapshot_count + 1 < room)
        wire->snapshot[wire->snapshot_count++] = *event;
}

/* ---- market data ---- */

void world_wire_market(world *w, const tw_market_event *event) {
    world_wire *wire = &w->wire;
    bool heard = w->run.engine != NULL && (wire->state == WIRE_READING || wire->state == WIRE_UP) &&
                 !wire->data_dead && w->now_ns >= wire->mute_until_ns;
    if (!heard)
        return;
    if (wire->market_count == WORLD_MARKET) {
        world_wire_lost(w, "the engine does not keep up with market data");
        return;
    }
    wire->market[(wire->market_first + wire->market_count++) % WORLD_MARKET] =
        (wire_market_message){.due_ns = w->now_ns + w->plan.latency_ns_max / 2, .event = *event};
    wire->heard_ns = w->now_ns;
}

/* The books as they are, to a client that has just subscribed. */
static void tell_books(world *w) {
    static tw_level levels[1024];
    for (tw_symbol s = 0; w->plan.levels && s < w->plan.symbol_count; s++) {
        size_t count = floor_snapshot(w->exchange.floor, s, levels, 1024);
        for (size_t i = 0; i < count; i++)
            world_wire_market(w,
                              &(tw_market_event){.kind = TW_MARKET_LEVEL, .as.level = levels[i]});
    }
}

/* ---- updates ---- */

static void put_message(world *w, int64_t due_ns, const tw_venue_event *event) {
    world_wire *wire = &w->wire;
    WORLD_REQUIRE(w, wire->message_count < WORLD_MESSAGES, "too many updates are under way");
    wire->messages[wire->message_count++] =
        (wire_message){.due_ns = due_ns, .connection = wire->connection, .event = *event};
}

void world_wire_update(world *w, const ledger_update *update) {
    world_wire *wire = &w->wire;
    bool heard = w->run.engine != NULL && (wire->state == WIRE_READING || wire->state == WIRE_UP) &&
                 !wire->trading_dead && w->now_ns >= wire->mute_until_ns;
    tw_venue_event event;
    if (!heard)
        return;
    world_gate_update(w, update, &event);
    if (world_strikes(w, DRAW_UPDATES, WORLD_DROP_UPDATE))
        return;
    int64_t due_ns = w->now_ns + latency(w);
    if (world_strikes(w, DRAW_UPDATES, WORLD_DELAY_UPDATE))
        due_ns += world_span(w, DRAW_UPDATES, TW_NS_PER_SECOND, 8 * TW_NS_PER_SECOND);
    else if (world_strikes(w, DRAW_UPDATES, WORLD_REORDER_UPDATE))
        due_ns += TW_NS_PER_SECOND;
    else
        due_ns = wire->update_due_ns = due_ns > wire->update_due_ns ? due_ns : wire->update_due_ns;
    put_message(w, due_ns, &event);
    if (world_strikes(w, DRAW_UPDATES, WORLD_REPEAT_UPDATE))
        put_message(w, due_ns + world_span(w, DRAW_UPDATES, 0, 5 * TW_NS_PER_SECOND), &event);
}

/* Those whose time has come, in the order of their times and then as they were sent. */
static void deliver_updates(world *w) {
    world_wire *wire = &w->wire;
    for (;;) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < wire->message_count; i++) {
            if (wire->messages[i].due_ns <= w->now_ns &&
                (next == UINT32_MAX || wire->messages[i].due_ns < wire->messages[next].due_ns))
                next = i;
        }
        if (next == UINT32_MAX)
            return;
        wire_message message = wire->messages[next];
        wire->message_count--;
        memmove(&wire->messages[next], &wire->messages[next + 1],
                (wire->message_count - next) * sizeof message);
        if (message.connection == wire->connection)
            tell(w, &message.event);
    }
}

/* ---- requests ---- */

/* Its sender hears at once that nobody knows what became of it. */
static void reset_submit(world *w, wire_request *request) {
    bool arrives = world_below(w, DRAW_WIRE, 2) == 0;
    request->gives_up_ns = w->now_ns + latency(w);
    request->arrives_ns = INT64_MAX;
    if (arrives)
        request->arrives_ns =
            request->gives_up_ns + world_span(w, DRAW_WIRE, LATE_NS_MAX / 2, LATE_NS_MAX);
}

static wire_request *new_request(world *w, request_kind kind) {
    world_wire *wire = &w->wire;
    if (wire->request_count == WORLD_REQUESTS)
        return NULL;
    wire_request *request = &wire->requests[wire->request_count++];
    *request = (wire_request){.kind = kind, .run = wire->run, .reading = wire->reading};
    request->arrives_ns = w->now_ns + latency(w);
    request->answered_ns = INT64_MAX;
    request->gives_up_ns = w->now_ns + w->plan.timeout_ns;
    if (world_strikes(w, DRAW_WIRE, WORLD_SLOW_REQUEST))
        request->arrives_ns += world_span(w, DRAW_WIRE, 0, 2 * w->plan.timeout_ns);
    if (world_strikes(w, DRAW_WIRE, WORLD_LOST_REQUEST))
        request->arrives_ns = INT64_MAX;
    else if (world_strikes(w, DRAW_WIRE, WORLD_LATE_REQUEST))
        request->arrives_ns = request->gives_up_ns + world_span(w, DRAW_WIRE, 0, LATE_NS_MAX);
    else if (request->arrives_ns > request->gives_up_ns + LATE_NS_MAX)
        request->arrives_ns = request->gives_up_ns + LATE_NS_MAX;
    request->answer_lost = world_strikes(w, DRAW_WIRE, WORLD_LOST_ANSWER);
    if (kind == REQUEST_SUBMIT && world_strikes(w, DRAW_WIRE, WORLD_RESET_SUBMIT))
        reset_submit(w, request);
    return request;
}

bool world_wire_send(world *w, request_kind kind, const tw_order *order) {
    wire_request *request = new_request(w, kind);
    if (request == NULL)
        return false;
    request->order = *order;
    memcpy(request->result.client_order_id, order->client_order_id,
           sizeof request->result.client_order_id);
    return true;
}

bool world_wire_waits_for(const world *w, const char *client_order_id) {
    const world_wire *wire = &w->wire;
    for (uint32_t i = 0; i < wire->request_count; i++) {
        const wire_request *request = &wire->requests[i];
        if (request->kind == REQUEST_SUBMIT && request->run == wire->run &&
            request->gives_up_ns != INT64_MAX &&
            strcmp(request->order.client_order_id, client_order_id) == 0)
            return true;
    }
    return false;
}

/* What has come once is a twin when it comes again. */
static bool has_come(const world *w, const tw_order *order) {
    return ledger_find_client(w->exchange.ledger, w->exchange.ours,
                              tw_slice_of(order->client_order_id)) != NULL;
}

bool world_wire_may_bring(const world *w, const tw_order *beside) {
    const world_wire *wire = &w->wire;
    for (uint32_t i = 0; i < wire->request_count; i++) {
        const wire_request *request = &wire->requests[i];
        if (request->kind == REQUEST_SUBMIT && request->arrives_ns != INT64_MAX &&
            request->order.symbol == beside->symbol && !has_come(w, &request->order) &&
            strcmp(request->order.client_order_id, beside->client_order_id) != 0)
            return true;
    }
    return false;
}

static void read_part(world *w, request_kind kind) {
    if (new_request(w, kind) == NULL)
        world_wire_lost(w, "too many requests are without an answer");
}

static void begin_reading(world *w) {
    world_wire *wire = &w->wire;
    if (wire->reading != 0) {
        wire->read_again = true;
        return;
    }
    wire->read_again = false;
    wire->reading = ++wire->readings;
    wire->snapshot_count = 0;
    read_part(w, REQUEST_ACCOUNT);
}

void world_wire_snapshot(world *w) {
    if (w->wire.state == WIRE_UP)
        begin_reading(w);
}

/* The daily bars of all symbols, once a run. */
static void tell_history(world *w) {
    world_wire *wire = &w->wire;
    for (tw_symbol s = 0; !wire->history_told && s < w->plan.symbol_count; s++) {
        uint32_t count = 0;
        const tw_bar *bars = daily_history_bars(w->exchange.history, s, &count);
        for (uint32_t i = 0; i < count; i++)
            tell(w, &(tw_venue_event){.kind = TW_VENUE_HISTORY, .as.history = bars[i]});
    }
    if (!wire->history_told)
        tell(w, &(tw_venue_event){.kind = TW_VENUE_HISTORY_END});
    wire->history_told = true;
}

static void end_reading(world *w) {
    world_wire *wire = &w->wire;
    tell_history(w);
    for (uint32_t i = 0; i < wire->snapshot_count; i++)
        tell(w, &wire->snapshot[i]);
    tell_state(w, TW_VENUE_SNAPSHOT_END, TW_OK);
    wire->reading = 0;
    if (wire->state == WIRE_READING) {
        tw_venue_event up = world_wire_event(w, TW_VENUE_UP);
        up.as.outage = (tw_venue_outage){w->now_ns - wire->away_ns, wire->losses};
        wire->state = WIRE_UP;
        wire->away_ns = 0;
        wire->losses = 0;
        tell(w, &up);
    }
    if (wire->read_again)
        begin_reading(w);
}

/* The answer to a part of a snapshot. */
static void answer_part(world *w, const wire_request *request, tw_status status) {
    world_wire *wire = &w->wire;
    if (request->reading != wire->reading || wire->reading == 0)
        return;
    if (status != TW_OK) {
        world_wire_lost(w, "a part of the snapshot cannot be read");
        return;
    }
    if (request->kind == REQUEST_ORDERS)
        end_reading(w);
    else
        read_part(w, (request_kind)(request->kind + 1));
}

static void answer(world *w, const wire_request *request, const tw_order_result *result) {
    static const tw_venue_kind kinds[] = {TW_VENUE_SUBMIT_RESULT, TW_VENUE_CANCEL_RESULT,
                                          TW_VENUE_QUERY_RESULT};
    if (request->run != w->wire.run || w->run.engine == NULL)
        return;
    if (request->kind >= REQUEST_ACCOUNT) {
        answer_part(w, request, result->status);
        return;
    }
    tw_venue_event event = world_wire_event(w, kinds[request->kind]);
    event.as.result = *result;
    memcpy(event.as.result.client_order_id, request->order.client_order_id,
           sizeof event.as.result.client_order_id);
    tell(w, &event);
}

static void arrive(world *w, wire_request *request) {
    request->arrives_ns = INT64_MAX;
    if (!w->exchange.running) {
        /* Nobody listens, so nothing is sent: that is known at once. */
        request->result.status = TW_UNREACHABLE;
        request->answered_ns = w->now_ns;
        return;
    }
    world_gate_handle(w, request);
    if (!request->answer_lost && w->exchange.running)
        request->answered_ns = w->now_ns + latency(w);
}

static void give_up(world *w, const wire_request *request) {
    bool changes = request->kind == REQUEST_SUBMIT || request->kind == REQUEST_CANCEL;
    tw_order_result result = {.status = changes ? TW_UNKNOWN : TW_TIMEOUT};
    answer(w, request, &result);
}

/* One thing that is due about a request; false when there is none. */
static bool turn_request(world *w, wire_request *request) {
    int64_t now_ns = w->now_ns;
    if (request->gives_up_ns <= now_ns && request->answered_ns > now_ns) {
        wire_request copy = *request;
        request->gives_up_ns = INT64_MAX;
        request->answer_lost = true;
        give_up(w, &copy);
        return true;
    }
    if (request->arrives_ns <= now_ns) {
        arrive(w, request);
        return true;
    }
    if (request->answered_ns <= now_ns) {
        wire_request copy = *request;
        bool waits = request->gives_up_ns != INT64_MAX;
        request->answered_ns = request->gives_up_ns = INT64_MAX;
        if (waits)
            answer(w, &copy, &copy.result);
        return true;
    }
    return false;
}

static bool is_over(const wire_request *request) {
    return request->arrives_ns == INT64_MAX && request->answered_ns == INT64_MAX &&
           request->gives_up_ns == INT64_MAX;
}

/* In the order in which they were sent; requests that follow from an answer wait for the next
 * turn. */
static void turn_requests(world *w) {
    world_wire *wire = &w->wire;
    uint32_t count = wire->request_count;
    for (uint32_t i = 0; i < count; i++) {
        while (turn_request(w, &wire->requests[i])) {
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < wire->request_count; i++) {
        if (!is_over(&wire->requests[i]))
            wire->requests[kept++] = wire->requests[i];
    }
    wire->request_count = kept;
}

void world_wire_exchange_died(world *w) {
    world_wire *wire = &w->wire;
    for (uint32_t i = 0; i < wire->request_count; i++) {
        wire->requests[i].arrives_ns = INT64_MAX;
        wire->requests[i].answered_ns = INT64_MAX; /* whoever waits gives up */
    }
    if (wire->state != WIRE_DOWN)
        world_wire_lost(w, "the exchange is gone");
}

/* ---- the connection ---- */

void world_wire_lost(world *w, const char *reason) {
    world_wire *wire = &w->wire;
    if (wire->state == WIRE_DOWN || wire->state == WIRE_FAILED || w->run.engine == NULL)
        return;
    world_tell(w, "lost: %s", reason);
    wire->state = WIRE_DOWN;
    wire->connection++;
    wire->reading = 0;
    wire->read_again = false;
    wire->trading_dead = wire->data_dead = false;
    wire->mute_until_ns = 0;
    wire->market_count = 0;
    if (wire->away_ns == 0)
        wire->away_ns = w->now_ns;
    if (w->now_ns - wire->away_ns > PATIENCE_NS) {
        wire->state = WIRE_FAILED;
        tell_state(w, TW_VENUE_FAILED, TW_UNREACHABLE);
        return;
    }
    tell_state(w, TW_VENUE_DOWN, TW_UNREACHABLE);
    wire->next_ns = w->now_ns + (TW_NS_PER_SECOND / 4 << (wire->losses < 4 ? wire->losses : 4));
    wire->losses++;
}

static void turn_state(world *w) {
    world_wire *wire = &w->wire;
    if (wire->state == WIRE_DOWN && w->now_ns >= wire->next_ns) {
        wire->state = WIRE_CONNECTING;
        wire->next_ns = w->now_ns + 2 * latency(w);
    }
    if (wire->state != WIRE_CONNECTING || w->now_ns < wire->next_ns)
        return;
    if (!w->exchange.running) {
        world_wire_lost(w, "connection refused");
        return;
    }
    wire->state = WIRE_READING;
    wire->heard_ns = w->now_ns;
    wire->update_due_ns = w->now_ns;
    tell_books(w);
    begin_reading(w);
}

/* A stream breaks at once; that it has broken is noticed a little later, or by its silence. */
static void break_streams(world *w) {
    world_wire *wire = &w->wire;
    bool trading = world_strikes_now(w, WORLD_LOST_TRADING);
    bool data = world_strikes_now(w, WORLD_LOST_DATA);
    bool mute = world_strikes_now(w, WORLD_MUTE);
    if ((trading && !wire->trading_dead) || (data && !wire->data_dead))
        wire->noticed_ns = w->now_ns + world_span(w, DRAW_STORY, 0, NOTICED_NS_MAX);
    wire->trading_dead = wire->trading_dead || trading;
    wire->data_dead = wire->data_dead || data;
    if (mute)
        wire->mute_until_ns = w->now_ns + world_span(w, DRAW_STORY, 0, 20 * TW_NS_PER_SECOND);
    if ((wire->trading_dead || wire->data_dead) && w->now_ns >= wire->noticed_ns)
        world_wire_lost(w, "a stream broke");
    else if (wire->state == WIRE_UP && w->now_ns - wire->heard_ns > STALE_NS)
        world_wire_lost(w, "the stream is stale");
}

void world_wire_turn(world *w) {
    world_wire *wire = &w->wire;
    break_streams(w);
    if (w->run.engine != NULL)
        turn_state(w);
    turn_requests(w);
    deliver_updates(w);
    if (wire->state == WIRE_UP && w->run.engine != NULL && w->now_ns >= wire->time_due_ns) {
        tell_state(w, TW_VENUE_TIME, TW_OK);
        wire->time_due_ns = w->now_ns + TIME_PERIOD_NS;
    }
}

void world_wire_begin(world *w) {
    world_wire *wire = &w->wire;
    wire->run++;
    wire->connection++;
    wire->state = WIRE_DOWN;
    wire->next_ns = w->now_ns;
    wire->away_ns = w->now_ns;
    wire->losses = 0;
    wire->reading = 0;
    wire->read_again = false;
    wire->trading_dead = wire->data_dead = false;
    wire->mute_until_ns = 0;
    wire->clock_error_ns = 0;
    wire->history_told = false;
    wire->inbox_first = wire->inbox_count = 0;
    wire->market_first = wire->market_count = 0;
    wire->message_count = 0;
}

void world_wire_end(world *w) {
    world_wire *wire = &w->wire;
    wire->run++;
    wire->connection++;
    wire->state = WIRE_DOWN;
    wire->reading = 0;
    for (uint32_t i = 0; i < wire->request_count; i++) {
        wire_request *request = &wire->requests[i];
        if (request->arrives_ns != INT64_MAX && request->arrives_ns > w->now_ns + LATE_NS_MAX)
            request->arrives_ns = w->now_ns + LATE_NS_MAX;
        request->gives_up_ns = INT64_MAX;
    }
}
