/*
 * test_floor_tape.c - tapes of every kind played with users among their orders.
 *
 * With TRADEWIND_DATA set, Databento's file of a CME future is played to its end, where its best
 * prices are known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "floor_tape.h"
#include "itch_files.h"

#define CENTS(n) ((int64_t)(n) * (TW_NANO / 100))

static const int64_t FAR_NS = DESK_START_NS + TW_NS_PER_DAY;
static const int64_t BITSTAMP_NS = INT64_C(1430438404000000000);

static trading_desk shared;
static byte_row file;

static trading_desk *open_desk(const desk_config *config) {
    tw_error error = {0};
    if (desk_open(&shared, NULL, config, &error) != TW_OK)
        fail_msg("%s", error.message);
    return &shared;
}

static void play(int64_t until_ns) {
    assert_int_equal(floor_advance(shared.floor, until_ns, UINT64_MAX, NULL), TW_OK);
}

static void buy(const char *symbol, int64_t price_nano, int64_t quantity_nano) {
    tw_alpaca_order_request request = desk_request(symbol, TW_SIDE_BUY, quantity_nano, price_nano);
    ledger_order order;
    ledger_refusal refusal = {0};
    if (ledger_submit(shared.ledger, shared.account, &request, &order, &refusal) != TW_OK)
        fail_msg("refused: %s", refusal.message);
}

static int64_t size_at(tw_symbol symbol, tw_side side, int64_t price_nano) {
    return tw_book_quantity_at(tw_match_book(floor_match(shared.floor)), symbol, side,
                               (tw_price){price_nano})
        .nano;
}

/* ---- Bitstamp ---- */

static void open_bitstamp(const char *rows) {
    char path[64];
    char text[4096];
    snprintf(text, sizeof text, "id,timestamp,exchange.timestamp,price,volume,action,direction\n%s",
             rows);
    desk_write_file(path, text);
    const desk_config config = {.symbols = "BTC",
                                .seed = 1,
                                .cash = {1000000 * TW_NANO},
                                .tape_path = path,
                                .tape_format = TW_TAPE_BITSTAMP,
                                .tape_shift_ns = DESK_START_NS - BITSTAMP_NS};
    open_desk(&config);
    unlink(path);
}

static void changed_orders_of_bitstamp_have_what_they_say(void **state) {
    (void)state;
    open_bitstamp("1,1430438404100,1430438404000,236.47,200000000,created,bid\n"
                  "2,1430438404200,1430438404000,240,50000000,created,ask\n"
                  "1,1430438404300,1430438404000,236.47,150000000,changed,bid\n"
                  "2,1430438404400,1430438404000,240,0,deleted,ask\n");
    play(DESK_START_NS + 250 * TW_NS_PER_MS);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(23647)), 2 * TW_NANO);
    assert_int_equal(size_at(0, TW_SIDE_SELL, CENTS(24000)), TW_NANO / 2);
    play(DESK_START_NS + 350 * TW_NS_PER_MS);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(23647)), TW_NANO + TW_NANO / 2);
    play(FAR_NS);
    assert_int_equal(size_at(0, TW_SIDE_SELL, CENTS(24000)), 0);
    assert_true(floor_tape_ended(shared.floor));
    desk_close(&shared);
}

static void what_a_user_took_does_not_come_back(void **state) {
    (void)state;
    open_bitstamp("2,1430438404200,1430438404000,240,100000000,created,ask\n"
                  "2,1430438404400,1430438404000,240,90000000,changed,ask\n"
                  "2,1430438404500,1430438404000,240,20000000,changed,ask\n");
    play(DESK_START_NS + 250 * TW_NS_PER_MS);
    buy("BTC", CENTS(24000), TW_NANO * 7 / 10);
    assert_int_equal(size_at(0, TW_SIDE_SELL, CENTS(24000)), TW_NANO * 3 / 10);
    play(DESK_START_NS + 450 * TW_NS_PER_MS);
    assert_int_equal(size_at(0, TW_SIDE_SELL, CENTS(24000)), TW_NANO * 3 / 10);
    play(FAR_NS);
    assert_int_equal(size_at(0, TW_SIDE_SELL, CENTS(24000)), TW_NANO * 2 / 10);
    desk_close(&shared);
}

/* ---- ITCH ---- */

static tw_itch_message at(tw_itch_message message, int64_t ms) {
    message.time_ns = 34200 * TW_NS_PER_SECOND + ms * TW_NS_PER_MS;
    return message;
}

static tw_itch_message add(uint16_t locate, const char *stock, uint64_t number, int64_t ms,
                           int64_t price_nano, int64_t shares) {
    tw_itch_message message = at(itch_add(locate, stock, number), ms);
    message.add_order.side = TW_SIDE_BUY;
    message.add_order.price.nano = price_nano;
    message.add_order.shares.nano = shares * TW_NANO;
    return message;
}

static void put(tw_itch_message message) {
    row_message(&file, &message);
}

static tw_itch_message message_of(char type, uint16_t locate, int64_t ms) {
    tw_itch_message message;
    memset(&message, 0, sizeof message);
    message.type = type;
    message.stock_locate = locate;
    return at(message, ms);
}

static void write_itch(char path[64]) {
    file.size = 0;
    put(at(itch_directory(1, "AAPL"), -1000));
    put(at(itch_directory(2, "MSFT"), -1000));
    put(at(itch_directory(3, "XOM"), -1000));
    put(add(1, "AAPL", 10, 100, CENTS(10000), 100));
    put(add(2, "MSFT", 20, 110, CENTS(5000), 30));
    put(add(3, "XOM", 30, 120, CENTS(7000), 40));
    tw_itch_message message = message_of('E', 1, 200);
    message.execution.order_reference_number = 10;
    message.execution.match_number = 99;
    message.execution.shares.nano = 30 * TW_NANO;
    put(message);
    message = message_of('U', 2, 300);
    message.replace.order_reference_number = 20;
    message.replace.new_order_reference_number = 21;
    message.replace.shares.nano = 50 * TW_NANO;
    message.replace.price.nano = CENTS(5001);
    put(message);
    put(at(itch_drop(1, 10), 400));
    desk_write_file(path, "");
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(file.data, 1, file.size, stream), file.size);
    fclose(stream);
}

static void itch_plays_the_tapes_symbols_and_no_others(void **state) {
    (void)state;
    char path[64];
    write_itch(path);
    const desk_config config = {.symbols = "AAPL,MSFT,XOM",
                                .seed = 1,
                                .cash = {1000000 * TW_NANO},
                                .tape_path = path,
                                .tape_format = TW_TAPE_ITCH,
                                .tape_symbol_count = 2};
    open_desk(&config);
    unlink(path);
    play(DESK_START_NS + 150 * TW_NS_PER_MS);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(10000)), 100 * TW_NANO);
    assert_int_equal(size_at(1, TW_SIDE_BUY, CENTS(5000)), 30 * TW_NANO);
    tw_book_view view; /* the agents of the third have ids of their own, and prices */
    assert_true(tw_book_find(tw_match_book(floor_match(shared.floor)), 2, 30, &view) != TW_OK ||
                view.price.nano != CENTS(7000));
    buy("AAPL", CENTS(10001), 10 * TW_NANO); /* stands before the order that is executed */
    play(DESK_START_NS + 250 * TW_NS_PER_MS);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(10001)), 0);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(10000)), 70 * TW_NANO);
    play(DESK_START_NS + 350 * TW_NS_PER_MS);
    assert_int_equal(size_at(1, TW_SIDE_BUY, CENTS(5000)), 0);
    assert_int_equal(size_at(1, TW_SIDE_BUY, CENTS(5001)), 50 * TW_NANO);
    play(DESK_START_NS + TW_NS_PER_SECOND);
    assert_int_equal(size_at(0, TW_SIDE_BUY, CENTS(10000)), 0);
    assert_true(floor_tape_ended(shared.floor));
    tw_match_check(floor_match(shared.floor));
    desk_close(&shared);
}

/* ---- before there is a floor ---- */

static tw_status survey(const char *path, const char *symbol, tape_survey *ret_survey) {
    TW_AUTO(tw_symbols) *symbols = NULL;
    tw_symbol number;
    tw_error error = {0};
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    assert_int_equal(tw_symbols_intern(symbols, tw_slice_of(symbol), &number), TW_OK);
    tw_status status = floor_tape_survey(NULL, path, symbols, 1, ret_survey, &error);
    assert_true(status == TW_OK || error.message[0] != '\0');
    return status;
}

static void a_survey_finds_format_and_first_order(void **state) {
    (void)state;
    char path[64];
    tape_survey found;
    write_itch(path);
    assert_int_equal(survey(path, "MSFT", &found), TW_OK);
    assert_int_equal(found.format, TW_TAPE_ITCH);
    assert_false(found.dated);
    assert_int_equal(found.first_ns, 34200 * TW_NS_PER_SECOND + 110 * TW_NS_PER_MS);
    assert_int_equal(survey(path, "IBM", &found), TW_PARSE);
    unlink(path);
    desk_write_file(path, "34200.5,1,1,10,1000000,1\n");
    assert_int_equal(survey(path, "AAA", &found), TW_OK);
    assert_int_equal(found.format, TW_TAPE_LOBSTER_MESSAGES);
    unlink(path);
    desk_write_file(path, "ts_ns,symbol,price,size,side\n1,AAA,5,5,B\n");
    assert_int_equal(survey(path, "AAA", &found), TW_UNSUPPORTED);
    unlink(path);
    desk_write_file(path, "nothing of the kind\n");
    assert_int_equal(survey(path, "AAA", &found), TW_PARSE);
    unlink(path);
    assert_int_equal(survey("/nonexistent/tape", "AAA", &found), TW_NOT_FOUND);
}

/* ---- Databento ---- */

static void a_future_ends_at_its_known_prices(void **state) {
    (void)state;
    const char *directory = getenv("TRADEWIND_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/orders/dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
             directory == NULL ? "" : directory);
    if (directory == NULL || access(path, R_OK) != 0) {
        print_message("skipped: $TRADEWIND_DATA/orders/dbn is not there\n");
        skip();
    }
    tape_survey found;
    assert_int_equal(survey(path, "ESH4", &found), TW_OK);
    assert_int_equal(found.format, TW_TAPE_DBN);
    assert_true(found.dated);
    const desk_config config = {.symbols = "ESH4",
                                .seed = 1,
                                .order_count_max = 4096,
                                .tape_path = path,
                                .tape_format = TW_TAPE_DBN,
                                .tape_shift_ns = DESK_START_NS - found.first_ns};
    open_desk(&config);
    play(FAR_NS);
    assert_true(floor_tape_ended(shared.floor));
    tw_quote quote;
    floor_quote(shared.floor, 0, &quote);
    assert_int_equal(quote.bid_price.nano, 4810 * TW_NANO);
    assert_int_equal(quote.ask_price.nano, CENTS(481025));
    tw_book_usage usage;
    tw_book_usage_of(tw_match_book(floor_match(shared.floor)), &usage);
    assert_int_equal(usage.level_count, 922 + 565);
    /* Eight of 11,217 trade here while the book is crossed before the opening. */
    assert_int_equal(usage.order_count, 11209);
    tw_match_check(floor_match(shared.floor));
    desk_close(&shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_orders_of_bitstamp_have_what_they_say),
        cmocka_unit_test(what_a_user_took_does_not_come_back),
        cmocka_unit_test(itch_plays_the_tapes_symbols_and_no_others),
        cmocka_unit_test(a_survey_finds_format_and_first_order),
        cmocka_unit_test(a_future_ends_at_its_known_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
