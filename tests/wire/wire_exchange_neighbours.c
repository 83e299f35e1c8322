/*
 * wire_exchange_neighbours.c - two accounts on one exchange: neither sees the other, both trade
 * with one another, and a state keeps them apart over restarts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "exchange_world.h"

#define ALICE "PKALICE alices-secret cash=250000 name=alice\n"
#define BOB "PKBOB bobs-secret cash=50000 multiplier=1\n"
#define CAROL "PKCAROL carols-secret shorting=no\n"

static char folder[64];
static char accounts_path[96];
static char state_path[96];

/* mkstemp's mode is the owner's alone; this one is made by fopen. */
static void write_accounts(const char *text) {
    FILE *file = fopen(accounts_path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static tw_exchange_config of_accounts(const char *text) {
    tw_exchange_config config = configuration();
    write_accounts(text);
    config.accounts = accounts_path;
    return config;
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tradewind-accounts-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(accounts_path, sizeof accounts_path, "%s/accounts", folder);
    snprintf(state_path, sizeof state_path, "%s/state.db", folder);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", state_path, suffixes[i]);
        unlink(name);
    }
    unlink(accounts_path);
    return rmdir(folder);
}

static int open_two(void **state) {
    make_folder(state);
    tw_exchange_config config = of_accounts(ALICE BOB);
    open_world(&config);
    return 0;
}

static int close_two(void **state) {
    close_world();
    return drop_folder(state);
}

static void as(const char *key, const char *secret) {
    w.key = key;
    w.secret = secret;
}

static void as_alice(void) {
    as("PKALICE", "alices-secret");
}

static void as_bob(void) {
    as("PKBOB", "bobs-secret");
}

static void a_key_goes_with_its_own_secret_alone(void **state) {
    (void)state;
    as_alice();
    assert_has(get("/v2/account"), "\"cash\":\"250000\"");
    assert_has(w.body, "\"multiplier\":\"4\"");
    as_bob();
    assert_has(get("/v2/account"), "\"cash\":\"50000\"");
    assert_has(w.body, "\"multiplier\":\"1\"");
    static const char *const wrong[][2] = {{"PKALICE", "bobs-secret"},
                                           {"PKBOB", "alices-secret"},
                                           {"demo", "demo"},
                                           {"PKALICE", ""},
                                           {"", "alices-secret"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        as(wrong[i][0], wrong[i][1]);
        assert_answer("GET", "/v2/account", NULL, 401,
                      "{\"code\":40110000,\"message\":\"request is not authorized\"}");
    }
}

/* ---- ways to say who one is ---- */

#define UNAUTHORIZED "{\"code\":40110000,\"message\":\"request is not authorized\"}"

typedef struct way {
    const char *names[3];
    const char *values[3];
    uint32_t status;
} way;

#define KEY "APCA-API-KEY-ID"
#define SECRET "APCA-API-SECRET-KEY"
#define OTHER "Authorization"
/* base64 of PKALICE:alices-secret and of PKBOB:bobs-secret */
#define ALICES_BASIC "Basic UEtBTElDRTphbGljZXMtc2VjcmV0"
#define BOBS_BASIC "Basic UEtCT0I6Ym9icy1zZWNyZXQ="

static const way ways[] = {
    {{KEY, SECRET}, {"PKALICE", "alices-secret"}, 200},
    {{OTHER}, {ALICES_BASIC}, 200},
    {{OTHER}, {"bAsIc  UEtCT0I6Ym9icy1zZWNyZXQ= "}, 200},
    {{KEY, SECRET, OTHER}, {"PKALICE", "alices-secret", ALICES_BASIC}, 401},
    {{KEY, OTHER}, {"PKALICE", ALICES_BASIC}, 401},
    {{SECRET, OTHER}, {"alices-secret", ALICES_BASIC}, 401},
    {{KEY, SECRET, OTHER}, {"PKALICE", "alices-secret", "Bearer x"}, 401},
    {{OTHER}, {"Bearer alices-secret"}, 401},
    {{KEY}, {"PKALICE"}, 401},
    {{SECRET}, {"alices-secret"}, 401},
    {{OTHER}, {""}, 401},
    {{OTHER}, {"Basic"}, 401},
    {{OTHER}, {"Basic "}, 401},
    {{OTHER}, {"Basic ===="}, 401},
    {{OTHER}, {"Basic UEtBTElDRTphbGljZXMtc2VjcmV"}, 401},
    {{OTHER}, {"Basic UEtBTElDRTphbGljZXMtc2 jcmV0"}, 401},
    {{OTHER}, {"Basic UEtBTElDRTphbGljZXMtc2VjcmV0UEtBTElDRTphbGljZXMtc2VjcmV0"}, 401},
    {{OTHER}, {"Basic UEtBTElDRWFsaWNlcy1zZWNyZXQ="}, 401}, /* no colon */
    {{NULL}, {NULL}, 401},
};

static size_t headers_of(const way *one, tw_http_header headers[3]) {
    size_t count = 0;
    for (; count < 3 && one->names[count] != NULL; count++)
        headers[count] =
            (tw_http_header){tw_slice_of(one->names[count]), tw_slice_of(one->values[count])};
    return count;
}

/* On the calls of trading and of market data alike. */
static void a_request_says_who_it_is_in_one_way(void **state) {
    (void)state;
    static const char *const paths[] = {"/v2/account", "/v2/stocks/quotes/latest?symbols=AAPL"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        for (size_t p = 0; p < 2; p++) {
            tw_http_header headers[3];
            size_t count = headers_of(&ways[i], headers);
            send_with("GET", paths[p], headers, count, (tw_slice){0});
            if (w.http_status != ways[i].status)
                fail_msg("row %zu: %s", i, w.body);
            if (ways[i].status == 401)
                assert_string_equal(w.body, UNAUTHORIZED);
        }
    }
    tw_http_header basic = {tw_slice_of(OTHER), tw_slice_of(BOBS_BASIC)};
    send_with("GET", "/v2/account", &basic, 1, (tw_slice){0});
    assert_has(w.body, "\"cash\":\"50000\"");
}

/* The same in the handshake of a stream: what is nobody's must still authenticate. */
static void a_handshake_says_who_it_is_in_one_way(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        listener l;
        tw_http_header headers[3];
        tw_socket_header named[3];
        size_t count = headers_of(&ways[i], headers);
        for (size_t h = 0; h < count; h++)
            named[h] = (tw_socket_header){headers[h].name, headers[h].value};
        listen_with(&l, "/stream", named, count, false);
        const char *answer =
            ask(&l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}");
        assert_has(answer, ways[i].status == 200 ? "\"listening\"" : "\"unauthorized\"");
        hang_up(&l);
    }
}

/* Every way of asking for what is another's. */
static void what_is_anothers_is_not_there(void **state) {
    (void)state;
    char order[64];
    char list[64];
    char path[160];
    as_alice();
    call("POST", "/v2/orders", LIMIT_BUY("mine", "1.5"));
    word_in(w.body, "id", order);
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "1"));
    assert_int_equal(w.http_status, 200);
    call("POST", "/v2/watchlists", "{\"name\":\"mine\",\"symbols\":[\"AAPL\"]}");
    word_in(w.body, "id", list);
    as_bob();
    assert_string_equal(get("/v2/orders?status=all"), "[]");
    assert_string_equal(get("/v2/positions"), "[]");
    assert_string_equal(get("/v2/watchlists"), "[]");
    get("/v2/account/activities");
    assert_int_equal(count_of(w.body, "\"activity_type\""), 1);
    assert_has(w.body, "\"net_amount\":\"50000\"");
    static const char *const methods[] = {"GET", "DELETE", "PATCH"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/v2/orders/%s", order);
        call(methods[i], path, i == 2 ? "{\"qty\":\"1\"}" : NULL);
        assert_int_equal(w.http_status, 404);
        assert_has(w.body, "\"code\":40410000");
    }
    call("GET", "/v2/orders:by_client_order_id?client_order_id=mine", NULL);
    assert_int_equal(w.http_status, 404);
    call("GET", "/v2/positions/MSFT", NULL);
    assert_int_equal(w.http_status, 404);
    call("DELETE", "/v2/positions/MSFT", NULL);
    assert_int_equal(w.http_status, 404);
    assert_answer("DELETE", "/v2/orders", NULL, 207, "[]");
    assert_answer("DELETE", "/v2/positions?cancel_orders=true", NULL, 207, "[]");
    snprintf(path, sizeof path, "/v2/orders?status=all&after_order_id=%s", order);
    call("GET", path, NULL);
    assert_null(strstr(w.body, "\"symbol\""));
    static const char *const list_methods[] = {"GET", "DELETE"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v2/watchlists/%s", list);
        call(list_methods[i], path, NULL);
        assert_int_equal(w.http_status, 404);
        call(list_methods[i], "/v2/watchlists:by_name?name=mine", NULL);
        assert_int_equal(w.http_status, 404);
    }
    static const char events[] =
        "/v2/events/trades?since=2026-01-05T14:29:59Z&until=2026-01-05T14:30:00.5Z";
    step("1s");
    assert_null(strstr(get(events), "data: {"));
    as_alice();
    assert_int_equal(count_of(get(events), "data: {"), 3); /* two are new, one is filled */
    as_bob();
    /* Names and ids are each account's own. */
    call("POST", "/v2/orders", LIMIT_BUY("mine", "1.5"));
    assert_int_equal(w.http_status, 200);
    call("POST", "/v2/watchlists", "{\"name\":\"mine\"}");
    assert_int_equal(w.http_status, 200);
    as_alice();
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=mine"), order);
    call("PATCH", "/v2/account/configurations", "{\"suspend_trade\":true}");
    as_bob();
    assert_has(get("/v2/account/configurations"), "\"suspend_trade\":false");
}

static void updates(listener *l, const char *key, const char *secret) {
    char line[256];
    listen_to(l, "/stream");
    snprintf(line, sizeof line, "{\"action\":\"auth\",\"key\":\"%s\",\"secret\":\"%s\"}", key,
             secret);
    assert_has(ask(l, line), "\"status\":\"authorized\"");
    assert_has(ask(l, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}"),
               "trade_updates");
    l->log_size = 0;
    l->log[0] = '\0';
}

/* Alice offers between the best prices of the agents, and Bob takes it. */
static void they_trade_with_one_another(void **state) {
    (void)state;
    listener alice;
    listener bob;
    char body[256];
    char price[TW_DECIMAL_TEXT_SIZE];
    updates(&alice, "PKALICE", "alices-secret");
    updates(&bob, "PKBOB", "bobs-secret");
    as_alice();
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "10"));
    TURN_UNTIL(strstr(alice.log, "\"event\":\"fill\"") != NULL);
    settle();
    assert_string_equal(bob.log, "");
    tw_quote quote;
    floor_quote(w.exchange->floor, 1, &quote);
    int64_t inside = quote.ask_price.nano - TW_NANO / 100;
    assert_true(inside > quote.bid_price.nano);
    tw_decimal_format(inside, price);
    static const char *const sides[] = {"sell", "buy"};
    for (size_t i = 0; i < 2; i++) {
        i == 0 ? as_alice() : as_bob();
        snprintf(body, sizeof body,
                 "{\"symbol\":\"AAPL\",\"qty\":\"4\",\"side\":\"%s\",\"type\":\"limit\","
                 "\"limit_price\":\"%s\",\"time_in_force\":\"day\"}",
                 sides[i], price);
        call("POST", "/v2/orders", body);
        assert_int_equal(w.http_status, 200);
    }
    TURN_UNTIL(strstr(bob.log, "\"event\":\"fill\"") != NULL);
    assert_int_equal(count_of(alice.log, "\"event\":\"fill\""), 2);
    assert_int_equal(count_of(bob.log, "\"event\":\"fill\""), 1);
    assert_null(strstr(bob.log, "\"side\":\"sell\""));
    assert_has(get("/v2/positions/AAPL"), "\"qty\":\"4\"");
    as_alice();
    assert_has(get("/v2/positions/AAPL"), "\"qty\":\"6\"");
    hang_up(&alice);
    hang_up(&bob);
}

/* ---- from outside ---- */

static void accounts_are_told_without_their_secrets(void **state) {
    (void)state;
    w.with_key = false;
    get("/sim/accounts");
    assert_has(w.body, "[{\"key\":\"PKALICE\",\"name\":\"alice\",\"id\":\"");
    assert_has(w.body, "\"status\":\"ACTIVE\",\"cash\":\"250000\",\"equity\":\"250000\","
                       "\"buying_power\":\"1000000\",\"multiplier\":\"4\","
                       "\"shorting_enabled\":true},{\"key\":\"PKBOB\",\"name\":\"\",");
    assert_null(strstr(w.body, "secret"));
}

static void cash_is_paid_in_and_out(void **state) {
    (void)state;
    call("POST", "/sim/accounts/PKBOB/cash?amount=1000.25", "");
    assert_int_equal(w.http_status, 200);
    assert_has(w.body, "\"key\":\"PKBOB\"");
    assert_has(w.body, "\"cash\":\"51000.25\"");
    call("POST", "/sim/accounts/PKBOB/cash?amount=-51000.25", "");
    assert_int_equal(w.http_status, 200);
    as_bob();
    assert_has(get("/v2/account"), "\"cash\":\"0\"");
    get("/v2/account/activities?direction=asc");
    assert_int_equal(count_of(w.body, "\"activity_type\":\"CSD\""), 2);
    assert_int_equal(count_of(w.body, "\"activity_type\":\"CSW\""), 1);
    assert_has(get("/v2/account/activities/CSW"), "\"net_amount\":\"-51000.25\"");
    assert_null(strstr(w.body, "CSD"));
    get("/v2/account/activities?category=non_trade_activity");
    assert_int_equal(count_of(w.body, "\"activity_type\""), 3);
    assert_has(get("/v2/account/portfolio/history?period=1D&timeframe=1D&cashflow_types=ALL"),
               "\"cashflow\":{\"CSD\":[51000.25],\"CSW\":[-51000.25]}");
    as_alice();
    assert_has(get("/v2/account"), "\"cash\":\"250000\"");
}

static void no_more_is_paid_out_than_is_free(void **state) {
    (void)state;
    static const struct {
        const char *path;
        uint32_t status;
        const char *answer;
    } rows[] = {
        {"/sim/accounts/PKBOB/cash?amount=-49000.01", 403,
         "{\"code\":40310000,\"message\":\"insufficient cash to withdraw\","
         "\"available\":\"49000\"}"},
        {"/sim/accounts/PKBOB/cash?amount=0", 422,
         "{\"code\":40010001,\"message\":\"amount must not be 0\"}"},
        {"/sim/accounts/PKBOB/cash?amount=999950000.01", 422,
         "{\"code\":40010001,\"message\":\"an account has at most 1000000000 dollars\"}"},
        {"/sim/accounts/PKBOB/cash?amount=much", 422,
         "{\"code\":40010001,\"message\":\"amount must be dollars, below 0 to take some out, like "
         "2500 or -250.50\"}"},
        {"/sim/accounts/PKBOB/cash", 422,
         "{\"code\":40010001,\"message\":\"amount must be dollars, below 0 to take some out, like "
         "2500 or -250.50\"}"},
        {"/sim/accounts/NOBODY/cash?amount=1", 404,
         "{\"code\":40410000,\"message\":\"account not found for NOBODY\"}"},
    };
    as_bob();
    call("POST", "/v2/orders",
         "{\"symbol\":\"AAPL\",\"qty\":\"1000\",\"side\":\"buy\",\"type\":\"limit\","
         "\"limit_price\":\"1\",\"time_in_force\":\"day\"}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_answer("POST", rows[i].path, "", rows[i].status, rows[i].answer);
    /* What is not cash but can be borrowed on, and what a short sale has brought in. */
    as_alice();
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "300"));
    assert_has(get("/v2/account"), "\"cash\":\"1");
    call("POST", "/sim/accounts/PKALICE/cash?amount=-200000", "");
    assert_int_equal(w.http_status, 403);
    call("DELETE", "/v2/positions", NULL);
    call("POST", "/v2/orders", MARKET("sell", "AAPL", "100"));
    call("POST", "/sim/accounts/PKALICE/cash?amount=-250001", "");
    assert_int_equal(w.http_status, 403);
    call("POST", "/sim/accounts/PKALICE/cash?amount=-100000", "");
    assert_int_equal(w.http_status, 200);
    ledger_check(w.exchange->ledger);
}

/* ---- over restarts ---- */

static void open_again(const char *accounts) {
    tw_exchange_config config = of_accounts(accounts);
    config.state = state_path;
    open_world(&config);
}

static void told(uint32_t index, const char *key, bool kept, bool closed) {
    tw_exchange_account account;
    tw_exchange_account_at(w.exchange, index, &account);
    assert_string_equal(account.key, key);
    assert_int_equal(account.kept, kept);
    assert_int_equal(account.closed, closed);
}

static void accounts_come_and_go_over_restarts(void **state) {
    (void)state;
    static char alices[65536];
    open_again(ALICE BOB);
    told(0, "PKALICE", false, false);
    told(1, "PKBOB", false, false);
    as_alice();
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "2"));
    as_bob();
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "3"));
    call("POST", "/v2/orders", LIMIT_BUY("rests", "1.5"));
    as_alice();
    snprintf(alices, sizeof alices, "%s", get("/v2/orders?status=all"));
    close_world();

    /* In another order, with one more and one less. */
    open_again(CAROL ALICE);
    assert_int_equal(tw_exchange_account_count(w.exchange), 3);
    told(0, "PKALICE", true, false);
    told(1, "PKBOB", true, true);
    told(2, "PKCAROL", false, false);
    as_alice();
    assert_string_equal(get("/v2/orders?status=all"), alices);
    as("PKCAROL", "carols-secret");
    assert_has(get("/v2/account"), "\"cash\":\"100000\"");
    assert_has(w.body, "\"shorting_enabled\":false");
    assert_has(get("/v2/account/activities"), "\"net_amount\":\"100000\"");
    assert_string_equal(get("/v2/orders?status=all"), "[]");
    as_bob();
    call("GET", "/v2/account", NULL);
    assert_int_equal(w.http_status, 401);
    as("PKBOB", "");
    call("GET", "/v2/account", NULL);
    assert_int_equal(w.http_status, 401);
    assert_has(get("/sim/accounts"), "\"status\":\"ACCOUNT_CLOSED\"");
    assert_answer("POST", "/sim/accounts/PKBOB/cash?amount=1", "", 422,
                  "{\"code\":42210000,\"message\":\"account is closed\"}");
    ledger_check(w.exchange->ledger);
    close_world();

    /* Back again: what he had is there, what he had open is not. */
    open_again(BOB CAROL ALICE);
    told(1, "PKBOB", true, false);
    as_bob();
    assert_has(get("/v2/positions/MSFT"), "\"qty\":\"3\"");
    assert_string_equal(get("/v2/orders"), "[]");
    assert_has(get("/v2/orders:by_client_order_id?client_order_id=rests"),
               "\"status\":\"canceled\"");
    as("PKCAROL", "carols-secret");
    get("/v2/account/activities");
    assert_int_equal(count_of(w.body, "\"activity_type\""), 1);
    ledger_check(w.exchange->ledger);
    close_world();
}

/* Also who comes later, and only once. */
static void each_begins_with_its_own_share_invested(void **state) {
    (void)state;
    tw_exchange_config config = of_accounts(ALICE);
    config.state = state_path;
    config.invested = 0.5;
    open_world(&config);
    as_alice();
    get("/v2/positions");
    assert_int_equal(count_of(w.body, "\"symbol\":"), 3);
    int64_t cash_nano = ledger_account_at(w.exchange->ledger, 0)->cash.nano;
    assert_true(cash_nano > 125000 * TW_NANO && cash_nano < 127000 * TW_NANO);
    close_world();
    config = of_accounts(ALICE BOB);
    config.state = state_path;
    config.invested = 0.5;
    config.symbols = "MSFT,AAPL,BRK.B,NEW";
    open_world(&config);
    as_alice();
    get("/v2/positions");
    assert_int_equal(count_of(w.body, "\"symbol\":"), 3);
    assert_int_equal(ledger_account_at(w.exchange->ledger, 0)->cash.nano, cash_nano);
    as_bob();
    get("/v2/positions");
    assert_int_equal(count_of(w.body, "\"symbol\":"), 4);
    cash_nano = ledger_account_at(w.exchange->ledger, 1)->cash.nano;
    assert_true(cash_nano >= 25000 * TW_NANO && cash_nano < 27000 * TW_NANO);
    ledger_check(w.exchange->ledger);
    close_world();
}

static void a_state_of_a_file_needs_the_file(void **state) {
    (void)state;
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    open_again(ALICE BOB);
    close_world();
    tw_exchange_config config = configuration();
    config.state = state_path;
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "other accounts: name the file"));
}

static void all_accounts_of_all_runs_are_bounded(void **state) {
    (void)state;
    static char text[4096];
    size_t size = 0;
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    for (int i = 0; i < LEDGER_ACCOUNT_COUNT_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "key%d secret\n", i);
    open_again(text);
    assert_int_equal(tw_exchange_account_count(w.exchange), LEDGER_ACCOUNT_COUNT_MAX);
    as("key63", "secret");
    get("/v2/account");
    close_world();
    tw_exchange_config config = of_accounts("key1 secret\nanother secret\n");
    config.state = state_path;
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_FULL);
    assert_non_null(strstr(error.message, "more than 64 accounts"));
}

static void no_secret_is_kept_in_the_state(void **state) {
    (void)state;
    static char bytes[4 << 20];
    open_again(ALICE BOB);
    close_world();
    FILE *file = fopen(state_path, "r");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_non_null(memmem(bytes, size, "PKALICE", 7));
    assert_null(memmem(bytes, size, "alices-secret", 13));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_goes_with_its_own_secret_alone, open_two, close_two),
        cmocka_unit_test_setup_teardown(a_request_says_who_it_is_in_one_way, open_two, close_two),
        cmocka_unit_test_setup_teardown(a_handshake_says_who_it_is_in_one_way, open_two, close_two),
        cmocka_unit_test_setup_teardown(what_is_anothers_is_not_there, open_two, close_two),
        cmocka_unit_test_setup_teardown(they_trade_with_one_another, open_two, close_two),
        cmocka_unit_test_setup_teardown(accounts_are_told_without_their_secrets, open_two,
                                        close_two),
        cmocka_unit_test_setup_teardown(cash_is_paid_in_and_out, open_two, close_two),
        cmocka_unit_test_setup_teardown(no_more_is_paid_out_than_is_free, open_two, close_two),
        cmocka_unit_test_setup_teardown(accounts_come_and_go_over_restarts, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(each_begins_with_its_own_share_invested, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_state_of_a_file_needs_the_file, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(all_accounts_of_all_runs_are_bounded, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(no_secret_is_kept_in_the_state, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
