/*
 * wire_fetch.c - histories in parts over real sockets: what arrives, in which order, and how a
 * fetch behaves when the venue refuses, throttles, goes away, or repeats itself.
 *
 * The server has one row a minute for every symbol but those that it refuses; a page token is the
 * number of the next row of the part. Its misbehaviour is what a test has put into `fail_*`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alpaca_fetch.h"
#include "tradewind/time.h"

#define MINUTE TW_NS_PER_MINUTE

typedef struct held_request {
    tw_http_reply *reply;
    char symbols[64];
    int64_t first, last; /* minutes */
} held_request;

typedef struct world {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_alpaca_client *client;
    tw_alpaca_fetch *fetch;
    char url[64];
    unsigned hits;
    unsigned fail_count;  /* answers that still fail */
    unsigned fail_after;  /* good ones before them */
    uint32_t fail_status; /* 0: the connection is reset */
    int64_t fail_reset_s; /* X-RateLimit-Reset, 0: none */
    bool hold;            /* keep requests until the test answers them */
    held_request held[8];
    unsigned held_count;
    unsigned cancel_at; /* cancel the fetch at this page; 0: never */
    unsigned pages;
    unsigned waits;
    int64_t wait_ns;      /* the last one */
    const char *unwanted; /* parts that begin with this symbol are left out */
    bool done;
    tw_status status;
    tw_alpaca_fetch_figures figures; /* when the last part ended */
    char message[512];
    char log[4096];
} world;

/* ---- the server ---- */

static void answer_failure(world *w, tw_http_reply *reply) {
    char reset[32];
    snprintf(reset, sizeof reset, "%lld", (long long)w->fail_reset_s);
    tw_http_header header = {tw_slice_of("X-RateLimit-Reset"), tw_slice_of(reset)};
    tw_http_answer answer = {.status = w->fail_status,
                             .content_type = "application/json",
                             .body = tw_slice_of("{\"message\":\"not now\"}"),
                             .headers = &header,
                             .header_count = w->fail_reset_s != 0};
    w->fail_count--;
    if (w->fail_status == 0)
        tw_http_reply_reset(reply);
    else
        assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void send_json(tw_http_reply *reply, uint32_t status, const char *json) {
    tw_http_answer answer = {
        .status = status, .content_type = "application/json", .body = tw_slice_of(json)};
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void append_row(tw_text *text, tw_slice path, int64_t minute, uint64_t number) {
    char time[TW_TIME_TEXT_SIZE];
    (void)tw_time_format(minute * MINUTE, -1, time);
    tw_text_append_format(text, "{\"t\":\"%s\",", time);
    if (tw_slice_equal_string(path, "/v2/stocks/trades"))
        tw_text_append_format(text, "\"p\":1.5,\"s\":100,\"i\":%llu}", (unsigned long long)number);
    else if (tw_slice_equal_string(path, "/v2/stocks/quotes"))
        tw_text_append_string(text, "\"bp\":1.5,\"ap\":1.6,\"bs\":2}");
    else
        tw_text_append_string(text, "\"o\":1,\"h\":2,\"l\":1,\"c\":2,\"v\":3}");
}

/* One row a minute and symbol, from row number `from` on, at most `limit`. */
static void answer_rows(tw_http_reply *reply, tw_slice path, const held_request *asked,
                        uint64_t from, uint64_t limit) {
    char buffer[16384];
    uint64_t number = 0, given = 0;
    size_t skipped = strlen("/v2/stocks/");
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_text_append_format(&text, "{\"%.*s\":{", (int)(path.size - skipped), path.data + skipped);
    for (tw_slice rest = tw_slice_of(asked->symbols); rest.data != NULL;) {
        tw_slice name = tw_slice_split(&rest, ',');
        uint64_t opened = given;
        for (int64_t minute = asked->first; minute <= asked->last; minute++, number++) {
            if (number < from || given == limit)
                continue;
            if (given == opened)
                tw_text_append_format(&text, "%s\"%.*s\":[", given > 0 ? "," : "", (int)name.size,
                                      name.data);
            else
                tw_text_append_char(&text, ',');
            append_row(&text, path, minute, number + 1);
            given++;
        }
        if (given > opened)
            tw_text_append_char(&text, ']');
    }
    tw_text_append_string(&text, "},\"next_page_token\":");
    if (tw_slice_starts_with(tw_slice_of(asked->symbols), "LOOP"))
        tw_text_append_string(&text, from == 1 ? "\"0\"}" : "\"1\"}"); /* 1 0 1 0 ... */
    else if (from + given < number)
        tw_text_append_format(&text, "\"%llu\"}", (unsigned long long)(from + given));
    else
        tw_text_append_string(&text, "null}");
    assert_false(text.truncated);
    send_json(reply, 200, buffer);
}

static uint64_t number_of(const tw_http_request *request, const char *name, uint64_t none) {
    tw_slice value;
    uint64_t number = none;
    if (tw_http_request_query(request, name, &value))
        assert_int_equal(tw_parse_u64(value, &number), TW_OK);
    return number;
}

static int64_t minute_of(const tw_http_request *request, const char *name, int64_t none) {
    tw_slice value;
    int64_t time_ns = 0;
    if (!tw_http_request_query(request, name, &value))
        return none;
    assert_int_equal(tw_time_parse(value, &time_ns), TW_OK);
    return time_ns / MINUTE;
}

static void serve(void *context, const tw_http_request *request, tw_http_reply *reply) {
    world *w = context;
    tw_slice value;
    held_request asked = {.reply = reply};
    w->hits++;
    assert_true(tw_http_request_query(request, "symbols", &value));
    assert_int_equal(tw_slice_copy(value, asked.symbols, sizeof asked.symbols), TW_OK);
    asked.first = minute_of(request, "start", 0);
    asked.last = minute_of(request, "end", 3);
    if (w->fail_after > 0)
        w->fail_after--;
    else if (w->fail_count > 0) {
        answer_failure(w, reply);
        return;
    }
    if (strstr(asked.symbols, "BAD") != NULL) {
        send_json(reply, 400, "{\"message\":\"invalid symbol: BAD\"}");
    } else if (strstr(asked.symbols, "WRONG") != NULL) {
        send_json(reply, 200, "{\"bars\":{\"A\":[{\"t\":\"1970-01-01T00:01:00Z\",\"c\":1}]}}");
    } else if (w->hold) {
        assert_true(w->held_count < 8);
        w->held[w->held_count++] = asked;
    } else {
        answer_rows(reply, tw_http_request_path(request), &asked,
                    number_of(request, "page_token", 0), number_of(request, "limit", 0));
    }
}

/* ---- what comes back ---- */

static void note(world *w, const char *format, ...) TW_PRINTF(2, 3);

static void note(world *w, const char *format, ...) {
    size_t size = strlen(w->log);
    va_list rest;
    va_start(rest, format);
    vsnprintf(w->log + size, sizeof w->log - size, format, rest);
    va_end(rest);
}

static void note_row(world *w, tw_symbol symbol, int64_t time_ns) {
    note(w, "%s%lld ", tw_symbols_name(w->symbols, symbol), (long long)(time_ns / MINUTE));
}

static void page_seen(world *w) {
    if (++w->pages == w->cancel_at)
        tw_alpaca_fetch_cancel(w->fetch);
}

static void on_bars(void *context, const tw_bar *bars, size_t count) {
    for (size_t i = 0; i < count; i++) {
        note_row(context, bars[i].symbol, bars[i].time_ns);
        assert_int_equal(bars[i].timeframe_ns, MINUTE);
    }
    page_seen(context);
}

static void on_trades(void *context, const tw_trade *trades, size_t count) {
    for (size_t i = 0; i < count; i++)
        note_row(context, trades[i].symbol, trades[i].time_ns);
    page_seen(context);
}

static void on_quotes(void *context, const tw_quote *quotes, size_t count) {
    for (size_t i = 0; i < count; i++)
        note_row(context, quotes[i].symbol, quotes[i].time_ns);
    page_seen(context);
}

static bool wants(void *context, const tw_alpaca_part *part) {
    world *w = context;
    return w->unwanted == NULL ||
           strcmp(tw_symbols_name(w->symbols, part->symbols[0]), w->unwanted) != 0;
}

static void on_part(void *context, const tw_alpaca_part *part, const tw_alpaca_result *result,
                    uint64_t row_count) {
    world *w = context;
    for (size_t i = 0; i < part->symbol_count; i++)
        note(w, "%s%s", i > 0 ? "," : "", tw_symbols_name(w->symbols, part->symbols[i]));
    note(w, "=%s:%llu ", tw_status_name(result->status), (unsigned long long)row_count);
    if (w->fetch != NULL)
        w->figures = tw_alpaca_fetch_figures_of(w->fetch);
}

static void on_wait(void *context, const tw_alpaca_result *result, int64_t delay_ns) {
    world *w = context;
    assert_int_not_equal(result->status, TW_OK);
    w->waits++;
    w->wait_ns = delay_ns;
}

static void on_done(void *context, const tw_alpaca_result *result) {
    world *w = context;
    assert_false(w->done);
    w->done = true;
    w->status = result->status;
    snprintf(w->message, sizeof w->message, "%s", result->message);
}

static const tw_alpaca_fetch_callbacks callbacks = {.on_bars = on_bars,
                                                    .on_trades = on_trades,
                                                    .on_quotes = on_quotes,
                                                    .wants = wants,
                                                    .on_part = on_part,
                                                    .on_wait = on_wait,
                                                    .on_done = on_done};

/* ---- the world ---- */

static int set_up(void **state) {
    static world storage;
    world *w = &storage;
    memset(w, 0, sizeof *w);
    assert_int_equal(tw_loop_new(NULL, &w->loop, NULL), TW_OK);
    tw_http_server_config server = {.handler = serve, .context = w};
    assert_int_equal(tw_http_server_start(w->loop, &server, &w->server, NULL), TW_OK);
    snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u", tw_http_server_port(w->server));
    assert_int_equal(tw_http_client_new(w->loop, NULL, &w->http, NULL), TW_OK);
    assert_int_equal(tw_symbols_new(NULL, 64, &w->symbols), TW_OK);
    tw_alpaca_client_config config = {.trading_url = w->url,
                                      .data_url = w->url,
                                      .key_id = "KEY",
                                      .secret = "SECRET",
                                      .deadline_ns = 2 * TW_NS_PER_SECOND,
                                      .retry_delay_ns = TW_NS_PER_MS,
                                      .call_count_max = 8};
    assert_int_equal(tw_alpaca_client_new(NULL, w->loop, w->http, &config, w->symbols, &w->client),
                     TW_OK);
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    world *w = *state;
    tw_alpaca_client_free(w->client);
    tw_http_client_free(w->http);
    tw_http_server_free(w->server);
    tw_symbols_free(w->symbols);
    tw_loop_free(w->loop);
    return 0;
}

/* The names of `list` as symbols. */
static size_t intern(world *w, const char *list, tw_symbol *symbols) {
    size_t count = 0;
    for (tw_slice rest = tw_slice_of(list); rest.data != NULL;)
        assert_int_equal(
            tw_symbols_intern(w->symbols, tw_slice_split(&rest, ','), &symbols[count++]), TW_OK);
    return count;
}

static tw_alpaca_fetch_query query_of(void) {
    return (tw_alpaca_fetch_query){.timeframe_ns = MINUTE,
                                   .start_ns = MINUTE,
                                   .symbols_per_request = 1,
                                   .in_flight_max = 3,
                                   .page_limit = 10,
                                   .retry_delay_ns = TW_NS_PER_MS};
}

static tw_status start(world *w, const char *names, tw_alpaca_fetch_query query) {
    tw_symbol symbols[16];
    tw_alpaca_fetch_callbacks to = callbacks;
    to.context = w;
    query.symbols = symbols;
    query.symbol_count = intern(w, names, symbols);
    w->done = false;
    w->log[0] = '\0';
    return tw_alpaca_fetch_new(w->client, &query, &to, &w->fetch);
}

static void turn(world *w) {
    assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
}

static void run(world *w) {
    int64_t until_ns = tw_time_monotonic_ns() + 5 * TW_NS_PER_SECOND;
    while (!w->done && tw_time_monotonic_ns() < until_ns)
        turn(w);
    assert_true(w->done);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

static void fetch(world *w, const char *names, tw_alpaca_fetch_query query) {
    assert_int_equal(start(w, names, query), TW_OK);
    assert_false(w->done);
    run(w);
}

/* ---- order ---- */

static void pages_are_followed_and_rows_come_in_order(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query query = query_of();
    query.symbols_per_request = 2;
    query.page_limit = 2;
    fetch(w, "A,B,C,D,E", query);
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->log, "A1 A2 A3 B1 B2 B3 A,B=TW_OK:6 C1 C2 C3 D1 D2 D3 C,D=TW_OK:6 "
                                "E1 E2 E3 E=TW_OK:3 ");
    assert_int_equal(w->hits, 3 + 3 + 2);
}

static void time_is_cut_into_spans(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query query = query_of();
    query.end_ns = 5 * MINUTE;
    query.span_ns = 2 * MINUTE;
    fetch(w, "A,B", query);
    assert_string_equal(w->log, "A1 A2 A=TW_OK:2 A3 A4 A=TW_OK:2 A5 A=TW_OK:1 "
                                "B1 B2 B=TW_OK:2 B3 B4 B=TW_OK:2 B5 B=TW_OK:1 ");
    assert_int_equal(w->hits, 6);
    assert_int_equal(w->figures.part_count, 6);
    assert_int_equal(w->figures.rows, 10);
    assert_int_equal(w->figures.requests, 6);
    assert_int_equal(w->figures.retries, 0);
    assert_true(w->figures.bytes > 100);
}

static void trades_and_quotes_come_as_bars_do(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query query = query_of();
    query.timeframe_ns = 0;
    query.page_limit = 2;
    query.history = TW_ALPACA_HISTORY_TRADES;
    fetch(w, "A,B", query);
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 B1 B2 B3 B=TW_OK:3 ");
    query.history = TW_ALPACA_HISTORY_QUOTES;
    fetch(w, "C", query);
    assert_string_equal(w->log, "C1 C2 C3 C=TW_OK:3 ");
}

static void answers_out_of_order_are_handed_over_in_order(void **state) {
    world *w = *state;
    w->hold = true;
    assert_int_equal(start(w, "A,B,C,D", query_of()), TW_OK);
    while (w->held_count < 3)
        turn(w);
    for (int i = 0; i < 5; i++) /* no fourth request while three are out */
        assert_int_equal(tw_loop_turn(w->loop, TW_NS_PER_MS, NULL, NULL), TW_OK);
    assert_int_equal(w->held_count, 3);
    w->hold = false;
    static const char *const last_first[] = {"C", "B", "A"};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++)
            if (strcmp(w->held[i].symbols, last_first[k]) == 0)
                answer_rows(w->held[i].reply, tw_slice_of("/v2/stocks/bars"), &w->held[i], 0, 10);
    run(w);
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 B1 B2 B3 B=TW_OK:3 C1 C2 C3 C=TW_OK:3 "
                                "D1 D2 D3 D=TW_OK:3 ");
}

static void an_unwanted_part_is_left_out(void **state) {
    world *w = *state;
    w->unwanted = "B";
    fetch(w, "A,B,C", query_of());
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 C1 C2 C3 C=TW_OK:3 ");
    assert_int_equal(w->hits, 2);
    w->unwanted = "A";
    fetch(w, "A", query_of());
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->log, "");
}

/* ---- a venue that refuses or errs ---- */

static void a_bad_symbol_stands_alone(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query query = query_of();
    query.symbols_per_request = 3;
    fetch(w, "A,BAD,C", query);
    assert_int_equal(w->status, TW_REFUSED);
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 BAD=TW_REFUSED:0 C1 C2 C3 C=TW_OK:3 ");
    assert_non_null(strstr(w->message, "invalid symbol: BAD"));
}

static void a_repeating_page_token_ends_its_part(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query query = query_of();
    query.page_limit = 1;
    fetch(w, "LOOP,A", query);
    assert_int_equal(w->status, TW_PROTOCOL);
    assert_non_null(strstr(w->message, "repeats"));
    assert_non_null(strstr(w->log, "LOOP=TW_PROTOCOL:"));
    assert_non_null(strstr(w->log, "A1 A2 A3 A=TW_OK:3 "));
    assert_true(w->hits < 12);
}

static void rows_of_somebody_else_are_refused(void **state) {
    world *w = *state;
    tw_symbol other;
    (void)intern(w, "A", &other);
    fetch(w, "WRONG,B", query_of());
    assert_int_equal(w->status, TW_PROTOCOL);
    assert_string_equal(w->log, "WRONG=TW_PROTOCOL:0 B1 B2 B3 B=TW_OK:3 ");
}

static void without_patience_a_failure_ends_its_part(void **state) {
    world *w = *state;
    w->fail_status = 503;
    w->fail_count = 2; /* a try and its second */
    tw_alpaca_fetch_query query = query_of();
    query.in_flight_max = 1;
    fetch(w, "A,B", query);
    assert_int_equal(w->status, TW_REMOTE);
    assert_string_equal(w->log, "A=TW_REMOTE:0 B1 B2 B3 B=TW_OK:3 ");
    assert_int_equal(w->waits, 0);
}

/* ---- patience ---- */

static void a_venue_that_comes_back_is_waited_for(void **state) {
    static const uint32_t faults[] = {0, 500, 503, 429};
    world *w = *state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        w->fail_status = faults[i];
        w->fail_after = 2;
        w->fail_count = 17;
        w->waits = 0;
        tw_alpaca_fetch_query query = query_of();
        query.page_limit = 2;
        query.patience_ns = 10 * TW_NS_PER_SECOND;
        fetch(w, "A,B,C,D", query);
        assert_int_equal(w->status, TW_OK);
        assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 B1 B2 B3 B=TW_OK:3 C1 C2 C3 C=TW_OK:3 "
                                    "D1 D2 D3 D=TW_OK:3 ");
        assert_true(w->waits > 1);
        assert_true(w->figures.retries > 1);
    }
}

/* While the venue is away only one request at a time looks for it. */
static void one_request_asks_for_all_that_wait(void **state) {
    world *w = *state;
    w->fail_status = 503;
    w->fail_count = 100;
    tw_alpaca_fetch_query query = query_of();
    query.patience_ns = 60 * TW_NS_PER_SECOND;
    query.in_flight_max = 6;
    assert_int_equal(start(w, "A,B,C,D,E,F,G,H", query), TW_OK);
    while (w->waits < 4)
        turn(w);
    /* All six with their second try; then a try and its second for each delay that has passed. */
    assert_true(w->hits <= 12 + 2 * w->waits);
    w->fail_count = 0;
    run(w);
    assert_int_equal(w->status, TW_OK);
}

/* The world's client again, with calls that go through resilient ones. */
static tw_resilient *make_resilient_client(world *w) {
    tw_resilient_config config = tw_resilient_config_default();
    tw_resilient *resilient = NULL;
    config.loop = w->loop;
    config.client = w->http;
    config.breakers.routes[TW_ROUTE_DATA].consecutive_max = 2;
    config.breakers.routes[TW_ROUTE_DATA].open_ns_min = 20 * TW_NS_PER_MS;
    config.breakers.routes[TW_ROUTE_DATA].open_ns_max = 20 * TW_NS_PER_MS;
    config.routes[TW_ROUTE_DATA].policy.pause_ns_min = TW_NS_PER_MS;
    config.routes[TW_ROUTE_DATA].policy.pause_ns_max = TW_NS_PER_MS;
    assert_int_equal(tw_resilient_new(NULL, &config, &resilient, NULL), TW_OK);
    tw_alpaca_client_free(w->client);
    tw_alpaca_client_config client = {
        .trading_url = w->url, .data_url = w->url, .resilient = resilient};
    assert_int_equal(tw_alpaca_client_new(NULL, w->loop, w->http, &client, w->symbols, &w->client),
                     TW_OK);
    return resilient;
}

static void free_resilient_client(world *w, tw_resilient *resilient) {
    tw_alpaca_client_free(w->client);
    w->client = NULL;
    tw_http_client_free(w->http);
    w->http = NULL;
    tw_resilient_free(resilient);
}

/* A breaker that opens keeps requests back at once; the fetch waits for it as for the venue. */
static void an_open_breaker_is_waited_for(void **state) {
    world *w = *state;
    tw_resilient *resilient = make_resilient_client(w);
    w->fail_status = 503;
    w->fail_count = 12;
    tw_alpaca_fetch_query query = query_of();
    query.patience_ns = 10 * TW_NS_PER_SECOND;
    fetch(w, "A,B", query);
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 B1 B2 B3 B=TW_OK:3 ");
    tw_resilient_host_figures figures;
    uint16_t port = tw_http_server_port(w->server);
    assert_int_equal(
        tw_resilient_host_figures_of(resilient, tw_slice_of("127.0.0.1"), port, &figures), TW_OK);
    assert_true(figures.breakers[TW_ROUTE_DATA].rejected > 0);
    free_resilient_client(w, resilient);
}

static void resilient_calls_can_be_given_up(void **state) {
    world *w = *state;
    tw_resilient *resilient = make_resilient_client(w);
    tw_resilient_figures figures;
    w->hold = true;
    assert_int_equal(start(w, "A,B", query_of()), TW_OK);
    while (w->held_count < 2)
        turn(w);
    tw_alpaca_fetch_cancel(w->fetch);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
    tw_resilient_figures_of(resilient, &figures);
    assert_int_equal(figures.cancelled, 2);
    assert_int_equal(start(w, "A,B", query_of()), TW_OK);
    while (w->held_count < 4)
        turn(w);
    free_resilient_client(w, resilient);
    assert_true(w->done);
    assert_int_equal(w->status, TW_CANCELLED);
}

static void a_throttled_fetch_waits_until_the_venue_says(void **state) {
    world *w = *state;
    w->fail_status = 429;
    w->fail_count = 2;
    w->fail_reset_s = tw_time_wall_ns() / TW_NS_PER_SECOND + 1000;
    tw_alpaca_fetch_query query = query_of();
    query.patience_ns = 200 * TW_NS_PER_MS; /* it waits no longer than this */
    fetch(w, "A", query);
    assert_int_equal(w->status, TW_OK);
    assert_int_equal(w->waits, 1);
    assert_int_equal(w->wait_ns, query.patience_ns);
}

static void patience_has_an_end(void **state) {
    world *w = *state;
    w->fail_status = 503;
    w->fail_count = 1000000;
    w->fail_after = 1;
    tw_alpaca_fetch_query query = query_of();
    query.patience_ns = 30 * TW_NS_PER_MS;
    fetch(w, "A,B,C,D,E", query);
    assert_int_equal(w->status, TW_REMOTE);
    assert_non_null(strstr(w->message, "HTTP 503"));
    assert_true(w->waits > 1);
    assert_null(strstr(w->log, "E="));
}

/* ---- ends ---- */

static void a_fetch_can_be_cancelled_in_a_callback(void **state) {
    world *w = *state;
    w->cancel_at = 2;
    assert_int_equal(start(w, "A,B,C,D", query_of()), TW_OK);
    while (w->pages < 2 || tw_alpaca_client_pending(w->client) > 0)
        turn(w);
    assert_string_equal(w->log, "A1 A2 A3 A=TW_OK:3 B1 B2 B3 ");
    assert_false(w->done);
}

static void a_fetch_can_be_cancelled_while_it_waits(void **state) {
    world *w = *state;
    w->hold = true;
    assert_int_equal(start(w, "A,B", query_of()), TW_OK);
    while (w->held_count < 2)
        turn(w);
    tw_alpaca_fetch_cancel(w->fetch);
    while (tw_alpaca_client_pending(w->client) > 0)
        turn(w);
    w->hold = false;
    w->fail_status = 503;
    w->fail_count = 1000000;
    tw_alpaca_fetch_query query = query_of();
    query.patience_ns = 60 * TW_NS_PER_SECOND;
    assert_int_equal(start(w, "A,B", query), TW_OK);
    while (w->waits < 3)
        turn(w);
    tw_alpaca_fetch_cancel(w->fetch);
    while (tw_alpaca_client_pending(w->client) > 0)
        turn(w);
    tw_alpaca_fetch_cancel(NULL);
    assert_false(w->done);
    assert_string_equal(w->log, "");
}

static void ending_the_client_ends_a_fetch(void **state) {
    world *w = *state;
    w->hold = true;
    assert_int_equal(start(w, "A,B", query_of()), TW_OK);
    while (w->held_count < 2)
        turn(w);
    tw_alpaca_client_free(w->client);
    w->client = NULL;
    assert_true(w->done);
    assert_int_equal(w->status, TW_CANCELLED);
    assert_string_equal(w->log, "");
}

static void what_cannot_be_asked_is_refused(void **state) {
    world *w = *state;
    tw_alpaca_fetch_query bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = query_of();
    bad[0].timeframe_ns = 0;
    bad[1].page_limit = 10001;
    bad[2].in_flight_max = 257;
    bad[3].span_ns = MINUTE; /* without an end */
    bad[4].end_ns = 1;       /* before the start */
    bad[5].feed = "SIP?";
    bad[6].adjustment = "all&feed=sip";
    for (int i = 0; i < 7; i++)
        assert_int_equal(start(w, "A", bad[i]), TW_INVALID);
    tw_alpaca_fetch_query query = query_of();
    query.in_flight_max = 9; /* the client has eight calls */
    assert_int_equal(start(w, "A,B,C,D,E,F,G,H,I", query), TW_FULL);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

static tw_status make_fetch(const tw_allocator *allocator, void *context) {
    world *w = context;
    tw_alpaca_client_config config = {
        .trading_url = "http://127.0.0.1", .data_url = "http://127.0.0.1", .body_size_max = 100};
    tw_alpaca_client *client = NULL;
    tw_status status =
        tw_alpaca_client_new(allocator, w->loop, w->http, &config, w->symbols, &client);
    if (status != TW_OK)
        return status;
    static const tw_symbol symbols[] = {0, 0, 0};
    tw_alpaca_fetch_query query = query_of();
    query.symbols = symbols;
    query.symbol_count = 3;
    tw_alpaca_fetch_callbacks to = callbacks;
    to.context = w;
    w->done = false;
    status = tw_alpaca_fetch_new(client, &query, &to, NULL);
    tw_alpaca_client_free(client);
    return status;
}

static void a_fetch_leaves_nothing_when_memory_runs_out(void **state) {
    world *w = *state;
    tw_symbol symbol;
    (void)intern(w, "A", &symbol);
    assert_survives_failed_allocations(make_fetch, w);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(pages_are_followed_and_rows_come_in_order),
        CASE(time_is_cut_into_spans),
        CASE(trades_and_quotes_come_as_bars_do),
        CASE(answers_out_of_order_are_handed_over_in_order),
        CASE(an_unwanted_part_is_left_out),
        CASE(a_bad_symbol_stands_alone),
        CASE(a_repeating_page_token_ends_its_part),
        CASE(rows_of_somebody_else_are_refused),
        CASE(without_patience_a_failure_ends_its_part),
        CASE(a_venue_that_comes_back_is_waited_for),
        CASE(one_request_asks_for_all_that_wait),
        CASE(an_open_breaker_is_waited_for),
        CASE(resilient_calls_can_be_given_up),
        CASE(a_throttled_fetch_waits_until_the_venue_says),
        CASE(patience_has_an_end),
        CASE(a_fetch_can_be_cancelled_in_a_callback),
        CASE(a_fetch_can_be_cancelled_while_it_waits),
        CASE(ending_the_client_ends_a_fetch),
        CASE(what_cannot_be_asked_is_refused),
        CASE(a_fetch_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
