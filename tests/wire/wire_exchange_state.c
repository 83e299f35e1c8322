/* wire_exchange_state.c - records in a file, and an exchange that goes on from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "failing_heap.h"
#include "state_file.h"

static char folder[64];
static char path[96];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tradewind-state-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state.db", folder);
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    return rmdir(folder);
}

typedef struct collected {
    uint64_t numbers[16];
    char bytes[16][16];
    size_t count;
} collected;

static tw_status collect(void *context, uint64_t number, const void *bytes, size_t size) {
    collected *all = context;
    assert_true(all->count < 16 && size < 16);
    all->numbers[all->count] = number;
    memcpy(all->bytes[all->count], bytes, size);
    all->bytes[all->count++][size] = '\0';
    return TW_OK;
}

static state_file *open_file(uint32_t layout, tw_status expected) {
    state_file *file = NULL;
    tw_error error = {0};
    assert_int_equal(state_file_open(NULL, path, layout, &file, &error), expected);
    return file;
}

static void put(state_file *file, uint32_t kind, uint64_t number, const char *text) {
    assert_int_equal(state_file_put(file, kind, number, text, strlen(text), NULL), TW_OK);
}

static void what_was_committed_is_read_in_order(void **state) {
    (void)state;
    state_file *file = open_file(7, TW_OK);
    put(file, 1, 300, "c");
    put(file, 1, 2, "a");
    put(file, 2, 1, "other");
    put(file, 1, 30, "b");
    put(file, 1, 2, "A");
    assert_int_equal(state_file_drop(file, 1, 30, NULL), TW_OK);
    assert_int_equal(state_file_drop(file, 1, 31, NULL), TW_OK);
    assert_int_equal(state_file_commit(file, NULL), TW_OK);
    assert_int_equal(state_file_commit(file, NULL), TW_OK);
    put(file, 1, 1, "not committed");
    state_file_close(file);
    file = open_file(7, TW_OK);
    collected all = {0};
    assert_int_equal(state_file_read(file, 1, collect, &all, NULL), TW_OK);
    assert_int_equal(all.count, 2);
    assert_int_equal(all.numbers[0], 2);
    assert_string_equal(all.bytes[0], "A");
    assert_int_equal(all.numbers[1], 300);
    assert_string_equal(all.bytes[1], "c");
    state_file_close(file);
}

static void a_file_of_another_layout_or_program_is_refused(void **state) {
    (void)state;
    state_file_close(open_file(7, TW_OK));
    open_file(8, TW_INVALID);
    state_file *file = open_file(7, TW_OK);
    open_file(7, TW_BUSY);
    state_file_close(file);
    unlink(path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", out);
    fclose(out);
    open_file(7, TW_INVALID);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    open_file(7, TW_IO);
    assert_int_equal(rmdir(path), 0);
}

static tw_exchange_config kept(void) {
    tw_exchange_config config = configuration();
    config.state = path;
    return config;
}

static void it_goes_on_where_it_ended(void **state) {
    (void)state;
    static char before[6][65536];
    static const char *const asked[] = {"/v2/account",
                                        "/v2/positions",
                                        "/v2/orders?status=all&direction=asc",
                                        "/v2/account/activities",
                                        "/v2/watchlists",
                                        "/v2/clock"};
    tw_exchange_config config = kept();
    open_world(&config);
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "2"));
    call("POST", "/v2/orders", MARKET("sell", "MSFT", "3"));
    call("POST", "/v2/orders", LIMIT_BUY("rests", "1.5"));
    call("POST", "/v2/watchlists", "{\"name\":\"a\",\"symbols\":[\"AAPL\"]}");
    step("61s");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 6; i++)
            snprintf(before[i], sizeof before[i], "%s", get(asked[i]));
        close_world();
        open_world(&config);
        for (size_t i = 0; i < 6; i++)
            assert_string_equal(get(asked[i]), before[i]);
        ledger_check(w.exchange->ledger);
    }
    /* Ids and numbers go on too. */
    assert_answer("POST", "/v2/orders", LIMIT_BUY("rests", "1.5"), 422,
                  "{\"code\":40010001,\"message\":\"client_order_id must be unique\"}");
    call("POST", "/v2/orders", MARKET("buy", "MSFT", "3"));
    assert_int_equal(w.http_status, 200);
    get("/v2/account/activities/FILL");
    assert_int_equal(count_of(w.body, "\"id\":"), 3);
    call("DELETE", "/v2/orders", NULL);
    assert_int_equal(count_of(w.body, "\"status\":200"), 1);
    close_world();
}

static void the_day_goes_on_after_a_restart(void **state) {
    (void)state;
    static char before[3][65536];
    static const char *const asked[] = {"/v2/account", "/v2/positions",
                                        "/v2/account/portfolio/history?period=2D"};
    static const char *const times[] = {"2026-01-05T21:30:00Z", "2026-01-07T15:00:00Z"};
    tw_exchange_config config = kept();
    open_world(&config);
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "20"));
    step("61s");
    for (size_t t = 0; t < 2; t++) {
        jump_world(times[t]);
        step("1s");
        for (size_t i = 0; i < 3; i++)
            snprintf(before[i], sizeof before[i], "%s", get(asked[i]));
        close_world();
        open_world(&config);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal(get(asked[i]), before[i]);
    }
    close_world();
}

/* What "hwm" and the whole of an order are now. */
static int64_t look_at(const char *order_path, char *body, size_t size) {
    char text[64];
    int64_t mark = 0;
    snprintf(body, size, "%s", get(order_path));
    word_in(body, "hwm", text);
    assert_int_equal(tw_decimal_parse(tw_slice_of(text), &mark), TW_OK);
    assert_has(body, "\"status\":\"new\"");
    return mark;
}

/* A sell's is the highest price since it came, a buy's the lowest: over restarts and nights. */
static void trailing_stops_keep_their_marks(void **state) {
    (void)state;
    static const char *const orders[2] = {
        "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"sell\",\"type\":\"trailing_stop\","
        "\"trail_percent\":\"40\",\"time_in_force\":\"gtc\"}",
        "{\"symbol\":\"MSFT\",\"qty\":\"1\",\"side\":\"buy\",\"type\":\"trailing_stop\","
        "\"trail_price\":\"90\",\"time_in_force\":\"gtc\"}"};
    static char before[8192];
    static char after[8192];
    char paths[2][96];
    int64_t marks[2];
    tw_exchange_config config = kept();
    open_world(&config);
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "1"));
    call("POST", "/v2/orders", MARKET("sell", "MSFT", "1"));
    for (size_t i = 0; i < 2; i++) {
        char id[64];
        call("POST", "/v2/orders", orders[i]);
        assert_int_equal(w.http_status, 200);
        word_in(w.body, "id", id);
        snprintf(paths[i], sizeof paths[i], "/v2/orders/%s", id);
    }
    step("600s");
    for (size_t i = 0; i < 2; i++) {
        look_at(paths[i], before, sizeof before);
        close_world();
        open_world(&config);
        marks[i] = look_at(paths[i], after, sizeof after);
        assert_string_equal(after, before);
    }
    step("10s"); /* trades of the market that begins again do not make them forget */
    int64_t highest = look_at(paths[0], after, sizeof after);
    int64_t lowest = look_at(paths[1], after, sizeof after);
    assert_true(highest >= marks[0] && lowest <= marks[1]);
    marks[0] = highest;
    marks[1] = lowest;
    jump_world("2026-01-05T23:00:00Z"); /* off the floor */
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(look_at(paths[i], after, sizeof after), marks[i]);
    close_world();
    open_world(&config);
    jump_world("2026-01-06T14:31:00Z");
    step("10s");
    assert_true(look_at(paths[0], after, sizeof after) >= marks[0]);
    assert_true(look_at(paths[1], after, sizeof after) <= marks[1]);
    close_world();
}

/* The account has not seen the close of its first day, but the day ends for it as for others. */
static void an_evening_is_a_day_too(void **state) {
    (void)state;
    static const char history[] = "/v2/account/portfolio/history?period=2D&timeframe=1D";
    static char before[65536];
    tw_exchange_config config = kept();
    assert_int_equal(tw_time_parse(tw_slice_of("2026-01-05T22:00:00Z"), &config.start_ns), TW_OK);
    open_world(&config);
    jump_world("2026-01-06T01:30:00Z");
    assert_has(get(history), "\"equity\":[0,0],");
    jump_world("2026-01-06T15:00:00Z");
    assert_has(get(history), "\"equity\":[0,100000],");
    assert_has(get("/v2/account"), "\"last_equity\":\"100000\"");
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "20"));
    step("61s");
    jump_world("2026-01-06T22:00:00Z");
    snprintf(before, sizeof before, "%s", get(history));
    close_world();
    open_world(&config);
    assert_string_equal(get(history), before);
    close_world();
}

/* Stopped on a Monday before its close, and back on Thursday: the days between closed at the prices
 * that it left off with. */
static void days_without_it_are_over_when_it_is_back(void **state) {
    (void)state;
    char equity[64];
    char price[64];
    char piece[128];
    tw_exchange_config config = kept();
    open_world(&config);
    call("POST", "/v2/orders", MARKET("buy", "AAPL", "20"));
    step("61s");
    word_in(get("/v2/account"), "equity", equity);
    word_in(get("/v2/positions/AAPL"), "current_price", price);
    close_world();
    assert_int_equal(tw_time_parse(tw_slice_of("2026-01-08T08:00:00Z"), &config.start_ns), TW_OK);
    open_world(&config);
    snprintf(piece, sizeof piece, "\"last_equity\":\"%s\"", equity);
    assert_has(get("/v2/account"), piece);
    assert_has(w.body, "\"balance_asof\":\"2026-01-07\"");
    snprintf(piece, sizeof piece, "\"lastday_price\":\"%s\",\"change_today\":\"0\"", price);
    assert_has(get("/v2/positions/AAPL"), piece);
    close_world();
}

static void other_symbols_and_other_keys_are_refused(void **state) {
    (void)state;
    tw_exchange_config config = kept();
    tw_exchange *exchange = NULL;
    tw_error error = {0};
    open_world(&config);
    close_world();
    config.symbols = "MSFT,AAPL";
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "other symbols"));
    config = kept();
    config.key = "another";
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "other accounts"));
    config = kept();
    config.secret = "another"; /* a secret may change; it is not kept */
    assert_int_equal(tw_exchange_open(NULL, &config, &exchange, &error), TW_OK);
    tw_exchange_close(exchange);
}

static tw_status open_and_close(const tw_allocator *allocator, void *context) {
    tw_exchange *exchange = NULL;
    tw_status status = tw_exchange_open(allocator, context, &exchange, NULL);
    tw_exchange_close(exchange);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    tw_exchange_config config = kept();
    config.symbols = "AAA";
    config.order_count_max = 64;
    assert_survives_failed_allocations(open_and_close, &config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_committed_is_read_in_order, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_file_of_another_layout_or_program_is_refused, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(it_goes_on_where_it_ended, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(the_day_goes_on_after_a_restart, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(trailing_stops_keep_their_marks, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(an_evening_is_a_day_too, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(days_without_it_are_over_when_it_is_back, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(other_symbols_and_other_keys_are_refused, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(nothing_is_left_when_memory_runs_out, make_folder,
                                        drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
