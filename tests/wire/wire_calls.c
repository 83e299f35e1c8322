/*
 * wire_calls.c - the calls of alpaca_calls.h: what each says on the wire and what it makes of the
 * answer, over real sockets against a server that writes down what it heard; and what becomes of a
 * replacement when a venue breaks its word in every way that it can.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fault_server.h"
#include "tradewind/alpaca_calls.h"
#include "tradewind/time.h"

#define DEADLINE_NS (4 * TW_NS_PER_SECOND)

typedef struct world {
    tw_loop *loop;
    tw_http_server *server;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_alpaca_client *client;
    char url[64];
    char seen[1024]; /* "GET /path?name=value body" of the last request */
    unsigned hits;
    uint32_t status_to_say;
    const char *body_to_say;
    /* what came back */
    bool done;
    tw_status status;
    int64_t code;
    unsigned records;
    char text[4096]; /* the records, written again */
    char token[64];
    tw_alpaca_order order;
    tw_alpaca_position position;
} world;

/* ---- the server ---- */

static void serve(void *context, const tw_http_request *request, tw_http_reply *reply) {
    world *w = context;
    tw_text text = tw_text_over(w->seen, sizeof w->seen);
    tw_text_append(&text, tw_http_request_method(request));
    tw_text_append_char(&text, ' ');
    tw_text_append(&text, tw_http_request_path(request));
    for (size_t i = 0; i < tw_http_request_query_count(request); i++) {
        tw_http_header pair = tw_http_request_query_at(request, i);
        tw_text_append_char(&text, i == 0 ? '?' : '&');
        tw_text_append(&text, pair.name);
        tw_text_append_char(&text, '=');
        tw_text_append(&text, pair.value);
    }
    tw_slice body = tw_http_request_body(request);
    if (body.size > 0)
        tw_text_append_char(&text, ' ');
    tw_text_append(&text, body);
    w->hits++;
    tw_http_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.status = w->status_to_say;
    answer.content_type = "application/json";
    answer.body = tw_slice_of(w->body_to_say);
    assert_int_equal(tw_http_reply_send(reply, &answer, NULL), TW_OK);
}

static void say(world *w, uint32_t status, const char *body) {
    w->status_to_say = status;
    w->body_to_say = body;
    w->records = 0;
    w->text[0] = '\0';
    w->token[0] = '\0';
    w->done = false;
}

/* ---- what comes back ---- */

static void on_record(void *context, const tw_alpaca_record *record) {
    world *w = context;
    size_t used = strlen(w->text);
    tw_text text = tw_text_over(w->text + used, sizeof w->text - used);
    tw_alpaca_encode_record(&text, record);
    assert_false(text.truncated);
    w->records++;
}

static void on_answer(void *context, const tw_alpaca_answer *answer) {
    world *w = context;
    assert_int_equal(tw_slice_copy(answer->next_page_token, w->token, sizeof w->token), TW_OK);
}

static void on_done(void *context, const tw_alpaca_result *result) {
    world *w = context;
    w->done = true;
    w->status = result->status;
    w->code = result->problem != NULL ? result->problem->code : 0;
}

static void on_order(void *context, const tw_alpaca_result *result, const tw_alpaca_order *order) {
    world *w = context;
    assert_int_equal(order != NULL, result->status == TW_OK);
    if (order != NULL)
        w->order = *order;
    on_done(context, result);
}

static void on_position(void *context, const tw_alpaca_result *result,
                        const tw_alpaca_position *position) {
    world *w = context;
    assert_int_equal(position != NULL, result->status == TW_OK);
    if (position != NULL)
        w->position = *position;
    on_done(context, result);
}

static void on_portfolio(void *context, const tw_alpaca_result *result,
                         const tw_alpaca_portfolio *portfolio) {
    assert_int_equal(portfolio != NULL, result->status == TW_OK);
    ((world *)context)->records = portfolio != NULL ? portfolio->point_count : 0;
    on_done(context, result);
}

static void run(world *w) {
    int64_t end_ns = tw_time_monotonic_ns() + DEADLINE_NS;
    while (!w->done) {
        if (tw_time_monotonic_ns() > end_ns)
            fail_msg("nothing came in time");
        assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
    }
}

static tw_alpaca_record_sink sink_of(world *w) {
    return (tw_alpaca_record_sink){w, on_record, on_answer};
}

/* ---- fixture ---- */

static tw_alpaca_client *client_of(world *w, const char *url) {
    tw_alpaca_client *client = NULL;
    tw_alpaca_client_config config = {
        .trading_url = url,
        .data_url = url,
        .key_id = "KEY",
        .secret = "SECRET",
        .order_deadline_ns = 60 * TW_NS_PER_MS,
        .retry_delay_ns = TW_NS_PER_MS,
        .body_size_max = 1u << 20,
        .call_count_max = 4,
    };
    assert_int_equal(tw_alpaca_client_new(NULL, w->loop, w->http, &config, w->symbols, &client),
                     TW_OK);
    return client;
}

static int set_up(void **state) {
    static world w;
    memset(&w, 0, sizeof w);
    tw_http_server_config server = {0};
    server.handler = serve;
    server.context = &w;
    if (tw_loop_new(NULL, &w.loop, NULL) != TW_OK ||
        tw_http_server_start(w.loop, &server, &w.server, NULL) != TW_OK ||
        tw_http_client_new(w.loop, NULL, &w.http, NULL) != TW_OK ||
        tw_symbols_new(NULL, 64, &w.symbols) != TW_OK)
        return -1;
    snprintf(w.url, sizeof w.url, "http://127.0.0.1:%u/", tw_http_server_port(w.server));
    w.client = client_of(&w, w.url);
    *state = &w;
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

/* ---- records ---- */

static void test_every_kind_of_record_has_its_path(void **state) {
    world *w = *state;
    static const struct {
        tw_alpaca_record_kind kind;
        const char *item;
        const char *request;
        const char *answer;
        unsigned records;
    } cases[] = {
        {TW_ALPACA_RECORD_CONFIGURATION, NULL, "GET /v2/account/configurations?q=a,b c",
         "{\"no_shorting\":true}", 1},
        {TW_ALPACA_RECORD_ACTIVITY, NULL, "GET /v2/account/activities?q=a,b c", "[{},{}]", 2},
        {TW_ALPACA_RECORD_ACTIVITY, "FILL", "GET /v2/account/activities/FILL?q=a,b c", "[{}]", 1},
        {TW_ALPACA_RECORD_CALENDAR_DAY, NULL, "GET /v2/calendar?q=a,b c", "[{},{},{}]", 3},
        {TW_ALPACA_RECORD_WATCHLIST, NULL, "GET /v2/watchlists?q=a,b c", "[{\"id\":\"1\"}]", 1},
        {TW_ALPACA_RECORD_WATCHLIST, "w1", "GET /v2/watchlists/w1?q=a,b c",
         "{\"id\":\"1\",\"assets\":[{\"symbol\":\"A\"}]}", 2},
        {TW_ALPACA_RECORD_ASSET, "BRK.B", "GET /v2/assets/BRK.B?q=a,b c", "{\"symbol\":\"A\"}", 1},
        {TW_ALPACA_RECORD_ANNOUNCEMENT, NULL, "GET /v2/corporate_actions/announcements?q=a,b c",
         "[{}]", 1},
        {TW_ALPACA_RECORD_CORPORATE_ACTION, NULL, "GET /v1/corporate-actions?q=a,b c",
         "{\"corporate_actions\":{\"cash_dividends\":[{}]}}", 1},
        {TW_ALPACA_RECORD_SNAPSHOT, NULL, "GET /v2/stocks/snapshots?q=a,b c", "{\"A\":{}}", 1},
        {TW_ALPACA_RECORD_SNAPSHOT, "A", "GET /v2/stocks/A/snapshot?q=a,b c",
         "{\"symbol\":\"A\",\"dailyBar\":{}}", 1},
        {TW_ALPACA_RECORD_AUCTION_DAY, "A", "GET /v2/stocks/A/auctions?q=a,b c",
         "{\"auctions\":[{},{}]}", 2},
        {TW_ALPACA_RECORD_CODE, NULL, "GET /v2/stocks/meta/exchanges?q=a,b c", "{\"V\":\"IEX\"}",
         1},
        {TW_ALPACA_RECORD_CODE, "trade", "GET /v2/stocks/meta/conditions/trade?q=a,b c", "{}", 0},
        {TW_ALPACA_RECORD_ACTIVE, NULL, "GET /v1beta1/screener/stocks/most-actives?q=a,b c",
         "{\"most_actives\":[{},{}]}", 2},
        {TW_ALPACA_RECORD_MOVER, NULL, "GET /v1beta1/screener/stocks/movers?q=a,b c",
         "{\"gainers\":[{}],\"losers\":[{}]}", 2},
        {TW_ALPACA_RECORD_MOVER, "crypto", "GET /v1beta1/screener/crypto/movers?q=a,b c", "{}", 0},
        {TW_ALPACA_RECORD_ARTICLE, NULL, "GET /v1beta1/news?q=a,b c",
         "{\"news\":[{\"id\":1}],\"next_page_token\":\"t2\"}", 1},
        {TW_ALPACA_RECORD_TRADE, NULL, "GET /v2/stocks/trades/latest?q=a,b c",
         "{\"trades\":{\"A\":{\"p\":1,\"t\":\"1970-01-01T00:00:01Z\"},\"B\":{}}}", 2},
        {TW_ALPACA_RECORD_QUOTE, "A", "GET /v2/stocks/A/quotes/latest?q=a,b c",
         "{\"symbol\":\"A\",\"quote\":{\"bp\":1}}", 1},
        {TW_ALPACA_RECORD_BAR, NULL, "GET /v2/stocks/bars/latest?q=a,b c", "{\"bars\":{}}", 0},
    };
    tw_alpaca_parameter parameter = {"q", "a,b c"};
    tw_alpaca_record_sink sink = sink_of(w);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_alpaca_records_query query = {cases[i].kind, cases[i].item, &parameter, 1};
        say(w, 200, cases[i].answer);
        assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_OK);
        run(w);
        assert_int_equal(w->status, TW_OK);
        assert_string_equal(w->seen, cases[i].request);
        assert_int_equal(w->records, cases[i].records);
    }
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

static void test_a_page_tells_its_token_and_a_watchlist_is_found_by_name(void **state) {
    world *w = *state;
    tw_alpaca_record_sink sink = sink_of(w);
    tw_alpaca_parameter parameter = {"name", "my list"};
    tw_alpaca_records_query query = {TW_ALPACA_RECORD_ARTICLE, NULL, NULL, 0};
    say(w, 200, "{\"news\":[],\"next_page_token\":\"t2\"}");
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_OK);
    run(w);
    assert_string_equal(w->token, "t2");
    query = (tw_alpaca_records_query){TW_ALPACA_RECORD_WATCHLIST, NULL, &parameter, 1};
    say(w, 200, "{\"id\":\"1\"}");
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_OK);
    run(w);
    assert_string_equal(w->seen, "GET /v2/watchlists:by_name?name=my list");
}

static void test_what_cannot_be_asked_for_is_refused_at_once(void **state) {
    world *w = *state;
    tw_alpaca_record_sink sink = sink_of(w);
    tw_alpaca_records_query query = {TW_ALPACA_RECORD_BAND, NULL, NULL, 0};
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_INVALID);
    query.kind = TW_ALPACA_RECORD_ENTRY;
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_INVALID);
    query = (tw_alpaca_records_query){TW_ALPACA_RECORD_ASSET, "", NULL, 0};
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_INVALID);
    tw_alpaca_configuration nothing = {.suspend_trade = false};
    assert_int_equal(tw_alpaca_client_configure(w->client, &nothing, &sink, on_done), TW_INVALID);
    tw_alpaca_watchlist_change no_id = {.action = TW_ALPACA_WATCHLIST_DELETE};
    assert_int_equal(tw_alpaca_client_watchlist(w->client, &no_id, &sink, on_done), TW_INVALID);
    tw_alpaca_close both = {{TW_NANO}, TW_NANO};
    assert_int_equal(tw_alpaca_client_close_position(w->client, "A", &both, on_order, w),
                     TW_INVALID);
    assert_int_equal(tw_alpaca_client_close_position(w->client, "", NULL, on_order, w), TW_INVALID);
    tw_alpaca_order_request changes = {.quantity = {TW_NANO}};
    assert_int_equal(tw_alpaca_client_replace(w->client, "id", &changes, on_order, w), TW_INVALID);
    strcpy(changes.client_order_id, "c2");
    changes.side = TW_SIDE_BUY;
    assert_int_equal(tw_alpaca_client_replace(w->client, "id", &changes, on_order, w), TW_INVALID);
    assert_int_equal(w->hits, 0);
    assert_int_equal(tw_alpaca_client_pending(w->client), 0);
}

static void test_calls_in_flight_have_a_limit_and_refusals_their_words(void **state) {
    world *w = *state;
    tw_alpaca_record_sink sink = sink_of(w);
    tw_alpaca_records_query query = {TW_ALPACA_RECORD_CALENDAR_DAY, NULL, NULL, 0};
    say(w, 403, "{\"code\":40310000,\"message\":\"no\"}");
    for (int i = 0; i < 4; i++)
        assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_OK);
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_FULL);
    while (tw_alpaca_client_pending(w->client) > 0)
        assert_int_equal(tw_loop_turn(w->loop, 50 * TW_NS_PER_MS, NULL, NULL), TW_OK);
    assert_int_equal(w->status, TW_REFUSED);
    assert_int_equal(w->code, 40310000);
    say(w, 200, "[{\"date\":");
    assert_int_equal(tw_alpaca_client_records(w->client, &query, &sink, on_done), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_PARSE);
}

/* ---- writes ---- */

static void test_settings_and_watchlists_are_changed(void **state) {
    world *w = *state;
    tw_alpaca_record_sink sink = sink_of(w);
    tw_alpaca_configuration changes = {
        .no_shorting = false,
        .present = TW_ALPACA_BIT(TW_ALPACA_CONFIGURATION_NO_SHORTING),
    };
    say(w, 200, "{\"no_shorting\":false,\"pdt_check\":\"both\"}");
    assert_int_equal(tw_alpaca_client_configure(w->client, &changes, &sink, on_done), TW_OK);
    run(w);
    assert_string_equal(w->seen, "PATCH /v2/account/configurations {\"no_shorting\":false}");
    assert_string_equal(w->text, "{\"no_shorting\":false,\"pdt_check\":\"both\"}");
    static const char *const symbols[] = {"A", "B"};
    static const struct {
        tw_alpaca_watchlist_change change;
        const char *request;
    } cases[] = {
        {{TW_ALPACA_WATCHLIST_CREATE, NULL, "x \"y\"", symbols, 2},
         "POST /v2/watchlists {\"name\":\"x \\\"y\\\"\",\"symbols\":[\"A\",\"B\"]}"},
        {{TW_ALPACA_WATCHLIST_UPDATE, "w1", NULL, symbols, 1},
         "PUT /v2/watchlists/w1 {\"symbols\":[\"A\"]}"},
        {{TW_ALPACA_WATCHLIST_ADD, "w1", NULL, symbols, 1},
         "POST /v2/watchlists/w1 {\"symbol\":\"A\"}"},
        {{TW_ALPACA_WATCHLIST_REMOVE, "w1", NULL, symbols + 1, 1}, "DELETE /v2/watchlists/w1/B"},
        {{TW_ALPACA_WATCHLIST_DELETE, "w1", NULL, NULL, 0}, "DELETE /v2/watchlists/w1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool deleted = cases[i].change.action == TW_ALPACA_WATCHLIST_DELETE;
        say(w, deleted ? 204 : 200, deleted ? "" : "{\"id\":\"w1\"}");
        assert_int_equal(tw_alpaca_client_watchlist(w->client, &cases[i].change, &sink, on_done),
                         TW_OK);
        run(w);
        assert_int_equal(w->status, TW_OK);
        assert_string_equal(w->seen, cases[i].request);
        assert_int_equal(w->records, deleted ? 0 : 1);
    }
    say(w, 500, "<html>");
    unsigned hits = w->hits;
    assert_int_equal(tw_alpaca_client_watchlist(w->client, &cases[0].change, &sink, on_done),
                     TW_OK);
    run(w);
    assert_int_equal(w->status, TW_UNKNOWN);
    assert_int_equal(w->hits, hits + 1); /* a write is never sent twice */
}

static void test_positions_are_read_and_closed(void **state) {
    world *w = *state;
    tw_alpaca_record_sink sink = sink_of(w);
    say(w, 200, "{\"symbol\":\"BRK.B\",\"qty\":\"2\",\"side\":\"short\"}");
    assert_int_equal(tw_alpaca_client_position(w->client, "BRK.B", on_position, w), TW_OK);
    run(w);
    assert_string_equal(w->seen, "GET /v2/positions/BRK.B");
    assert_int_equal(w->position.position.quantity.nano, -2 * TW_NANO);
    say(w, 404, "{\"code\":40410000,\"message\":\"position does not exist\"}");
    assert_int_equal(tw_alpaca_client_position(w->client, "B", on_position, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_NOT_FOUND);
    tw_alpaca_close part = {.percentage_nano = 12500000000};
    say(w, 200, "{\"id\":\"o1\",\"qty\":\"2\",\"side\":\"sell\"}");
    assert_int_equal(tw_alpaca_client_close_position(w->client, "A/B", &part, on_order, w), TW_OK);
    run(w);
    assert_string_equal(w->seen, "DELETE /v2/positions/A%2FB?percentage=12.5");
    assert_int_equal(w->order.order.side, TW_SIDE_SELL);
    part = (tw_alpaca_close){.quantity = {1500000000}};
    assert_int_equal(tw_alpaca_client_close_position(w->client, "A", &part, on_order, w), TW_OK);
    w->done = false;
    run(w);
    assert_string_equal(w->seen, "DELETE /v2/positions/A?qty=1.5");
    say(w, 207,
        "[{\"symbol\":\"A\",\"status\":200,\"body\":{\"id\":\"o1\"}},"
        "{\"symbol\":\"B\",\"status\":403,\"body\":{\"code\":40310000,\"message\":\"held\"}}]");
    assert_int_equal(tw_alpaca_client_close_all(w->client, true, &sink, on_done), TW_OK);
    run(w);
    assert_string_equal(w->seen, "DELETE /v2/positions?cancel_orders=true");
    assert_int_equal(w->records, 2);
    say(w, 207, "[{\"symbol\":");
    assert_int_equal(tw_alpaca_client_close_all(w->client, false, &sink, on_done), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_UNKNOWN);
}

static void test_a_history_of_the_account_fills_points(void **state) {
    world *w = *state;
    tw_alpaca_portfolio_point points[2];
    tw_alpaca_portfolio portfolio = {.points = points, .point_max = 2};
    tw_alpaca_parameter parameters[] = {{"period", "1M"}, {"timeframe", "1D"}};
    say(w, 200, "{\"timestamp\":[1,2],\"equity\":[10.5,11]}");
    assert_int_equal(
        tw_alpaca_client_portfolio(w->client, parameters, 2, &portfolio, on_portfolio, w), TW_OK);
    run(w);
    assert_string_equal(w->seen, "GET /v2/account/portfolio/history?period=1M&timeframe=1D");
    assert_int_equal(w->records, 2);
    assert_int_equal(points[1].equity.nano, 11 * TW_NANO);
    say(w, 200, "{\"timestamp\":[1,2,3]}");
    assert_int_equal(
        tw_alpaca_client_portfolio(w->client, parameters, 2, &portfolio, on_portfolio, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_FULL);
}

static void test_an_order_is_replaced(void **state) {
    world *w = *state;
    tw_alpaca_order_request changes = {
        .quantity = {3 * TW_NANO},
        .limit_price = {10500000000},
        .time_in_force = TW_GOOD_TILL_CANCELED,
        .client_order_id = "c2",
    };
    say(w, 200, "{\"id\":\"o2\",\"client_order_id\":\"c2\",\"replaces\":\"o1\"}");
    assert_int_equal(tw_alpaca_client_replace(w->client, "o1", &changes, on_order, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    assert_string_equal(w->seen, "PATCH /v2/orders/o1 {\"qty\":\"3\",\"time_in_force\":\"gtc\","
                                 "\"limit_price\":\"10.5\",\"client_order_id\":\"c2\"}");
    assert_string_equal(w->order.replaces, "o1");
    say(w, 422, "{\"code\":40010001,\"message\":\"client_order_id must be unique\"}");
    assert_int_equal(tw_alpaca_client_replace(w->client, "o1", &changes, on_order, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_EXISTS);
    say(w, 422, "{\"code\":42210000,\"message\":\"order is already in \\\"filled\\\" state\"}");
    assert_int_equal(tw_alpaca_client_replace(w->client, "o1", &changes, on_order, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_REFUSED);
    say(w, 200, "{\"id\":"); /* done, but what came of it cannot be read */
    assert_int_equal(tw_alpaca_client_replace(w->client, "o1", &changes, on_order, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_UNKNOWN);
}

/* ---- a replacement and a venue that breaks its word ---- */

static void replace_under(world *w, fault_kind kind, uint32_t amount) {
    fault_script script = {.steps = {{FAULT_NONE, 0}, {(uint8_t)kind, amount}}, .step_count = 2};
    fault_server *server = fault_server_start(&script, 1);
    assert_non_null(server);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/0", fault_server_port(server));
    tw_alpaca_client *client = client_of(w, url);
    tw_alpaca_order_request request = {
        .symbol = "A", .client_order_id = "c1", .quantity = {TW_NANO}, .side = TW_SIDE_BUY};
    w->done = false;
    assert_int_equal(tw_alpaca_client_submit(client, &request, on_order, w), TW_OK);
    run(w);
    assert_int_equal(w->status, TW_OK);
    tw_alpaca_order_request changes = {.client_order_id = "c2", .quantity = {2 * TW_NANO}};
    w->done = false;
    assert_int_equal(
        tw_alpaca_client_replace(client, w->order.order.venue_order_id, &changes, on_order, w),
        TW_OK);
    run(w);
    fault_seen seen = fault_server_seen(server, 0);
    const char *name = fault_trait_of(kind)->name;
    if (seen.replaces > 1)
        fail_msg("%s: replaced %u times", name, seen.replaces);
    if (w->status == TW_OK && seen.replaces != 1)
        fail_msg("%s: told of a replacement that was not", name);
    if (w->status != TW_OK && w->status != TW_UNKNOWN && seen.replaces != 0)
        fail_msg("%s: a replacement that was is told as %s", name, tw_status_name(w->status));
    tw_alpaca_client_free(client);
    fault_server_stop(server);
}

static void test_a_replacement_is_done_not_done_or_unknown_and_never_twice(void **state) {
    world *w = *state;
    for (int kind = FAULT_NONE; kind < FAULT_KIND_COUNT; kind++) {
        bool html = kind == FAULT_HTML_READ || kind == FAULT_HTML_APPLIED;
        replace_under(w, (fault_kind)kind, html ? 502 : 1);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_every_kind_of_record_has_its_path),
        CASE(test_a_page_tells_its_token_and_a_watchlist_is_found_by_name),
        CASE(test_what_cannot_be_asked_for_is_refused_at_once),
        CASE(test_calls_in_flight_have_a_limit_and_refusals_their_words),
        CASE(test_settings_and_watchlists_are_changed),
        CASE(test_positions_are_read_and_closed),
        CASE(test_a_history_of_the_account_fills_points),
        CASE(test_an_order_is_replaced),
        CASE(test_a_replacement_is_done_not_done_or_unknown_and_never_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
