/*
 * test_tape_depth.c - recorded feeds of Kraken and Binance: good lines read exactly, bad ones named
 * to the byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing_heap.h"
#include "tradewind/tape_messages.h"

#define KRAKEN TW_TAPE_KRAKEN
#define BINANCE TW_TAPE_BINANCE
#define KRAKEN_SNAPSHOT                                                            \
    "1618678133.710264: [464,{\"as\":[[\"5.50\",\"0.150\",\"1618678117.243818\"]," \
    "[\"5.60\",\"1.000\",\"1618678093.1\"]],\"bs\":[[\"5.40\",\"2.000\",\"1\"]]}," \
    "\"book-1000\",\"XBT/CHF\"]\n"
#define KRAKEN_CHANGE                                                                             \
    "1618678134: [992,{\"b\":[[\"5.45\",\"5.000\",\"1618678133.365913\"]],\"c\":\"4294967295\"}," \
    "\"book-1000\",\"XBT/CHF\"]\n"
#define SPOT_CHANGE                                                                            \
    "1723161253937085768 {\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\"," \
    "\"E\":1723161255208,\"s\":\"BTCUSDT\",\"U\":7,\"u\":9,\"b\":[[\"5.40\",\"0.00\"]],"       \
    "\"a\":[[\"5.5000\",\"1.5\"]]}}\n"
#define REST_SNAPSHOT "5 {\"lastUpdateId\":8,\"bids\":[[\"5.4\",\"1\"]],\"asks\":[]}\n"

typedef struct place {
    char path[64];
    tw_symbols *symbols;
} place;

static int make_place(void **state) {
    place *made = test_calloc(1, sizeof *made);
    strcpy(made->path, "/tmp/tradewind-depth-XXXXXX");
    int fd = mkstemp(made->path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(tw_symbols_new(NULL, 4, &made->symbols), TW_OK);
    *state = made;
    return 0;
}

static int drop_place(void **state) {
    place *made = *state;
    assert_int_equal(unlink(made->path), 0);
    tw_symbols_free(made->symbols);
    test_free(made);
    return 0;
}

static void write_text(const place *made, const char *text) {
    FILE *file = fopen(made->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static tw_tape *open_text(const place *made, tw_tape_format format, const char *text) {
    write_text(made, text);
    tw_tape_config config = {
        .path = made->path, .symbols = made->symbols, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static tw_tape_message must_read(tw_tape *tape) {
    tw_tape_message message;
    tw_error error = {0};
    if (tw_tape_next_message(tape, &message, &error) != TW_OK)
        fail_msg("%s", error.message);
    return message;
}

static void must_end(tw_tape *tape) {
    tw_tape_message message;
    assert_int_equal(tw_tape_next_message(tape, &message, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void expect_level(const tw_depth_update *update, size_t index, tw_side side, int64_t price,
                         int64_t quantity) {
    assert_true(index < update->level_count);
    const tw_level *level = &update->levels[index];
    assert_int_equal(level->side, side);
    assert_true(level->price.nano == price);
    assert_true(level->quantity.nano == quantity);
    assert_int_equal(level->symbol, update->symbol);
}

/* ---- Kraken ---------------------------------------------------------------------------------- */

static void krakens_snapshot_is_read_exactly(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, KRAKEN, KRAKEN_SNAPSHOT);
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.kind, TW_TAPE_MESSAGE_DEPTH);
    assert_true(message.time_ns == INT64_C(1618678133710264000));
    const tw_depth_update *update = &message.depth;
    assert_true(update->time_ns == message.time_ns);
    assert_int_equal(update->snapshot, 1);
    assert_int_equal(update->depth_max, 1000);
    assert_int_equal(update->price_digits, 2);
    assert_int_equal(update->quantity_digits, 3);
    assert_int_equal(update->has_checksum, 0);
    assert_int_equal(update->first_id + update->last_id + update->previous_id, 0);
    assert_string_equal(tw_symbols_name(made->symbols, update->symbol), "XBT/CHF");
    assert_int_equal(update->level_count, 3);
    expect_level(update, 0, TW_SIDE_SELL, 5500000000, 150000000);
    expect_level(update, 1, TW_SIDE_SELL, 5600000000, 1000000000);
    expect_level(update, 2, TW_SIDE_BUY, 5400000000, 2000000000);
    assert_true(update->levels[0].time_ns == INT64_C(1618678117243818000));
    assert_true(update->levels[2].time_ns == INT64_C(1000000000));
    assert_int_equal(update->levels[0].clear, 1);
    assert_int_equal(update->levels[0].last + update->levels[1].last, 0);
    assert_int_equal(update->levels[2].last, 1);
    must_end(tape);
}

static void krakens_change_has_its_checksum(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, KRAKEN, KRAKEN_CHANGE);
    tw_depth_update update;
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_int_equal(update.snapshot, 0);
    assert_int_equal(update.has_checksum, 1);
    assert_true(update.checksum == UINT32_MAX);
    assert_int_equal(update.level_count, 1);
    assert_int_equal(update.levels[0].clear, 0);
    expect_level(&update, 0, TW_SIDE_BUY, 5450000000, 5000000000);
    must_end(tape);
}

static void both_sides_come_in_two_objects_of_one_message(void **state) {
    const place *made = *state;
    tw_tape *tape =
        open_text(made, KRAKEN,
                  "1: [0,{\"a\":[[\"2.0\",\"1\",\"1.5\",\"r\"]]},{\"b\":[[\"1.0\",\"0\",\"1\"],"
                  "[\"1.1\",\"4\",\"1\"]],\"c\":\"974947235\"},\"book\",\"BTC/USD\"]\n");
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.level_count, 3);
    expect_level(&message.depth, 0, TW_SIDE_SELL, 2000000000, 1000000000);
    expect_level(&message.depth, 1, TW_SIDE_BUY, 1000000000, 0);
    expect_level(&message.depth, 2, TW_SIDE_BUY, 1100000000, 4000000000);
    assert_true(message.depth.checksum == 974947235);
    assert_int_equal(message.depth.depth_max, 10); /* the channel's, when it names none */
    must_end(tape);
}

static void what_is_no_book_is_passed_over_and_counted(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, KRAKEN,
        "1: {\"event\":\"heartbeat\"}\n"
        "\n"
        "2: {\"channelID\":1664,\"event\":\"subscriptionStatus\",\"subscription\":{\"depth\":1}}\n"
        "3: "
        "[0,{\"a\":[\"5525.40000\",1,\"1.000\"],\"c\":[\"5525.1\",\"0.3\"]},\"ticker\",\"X/Y\"]\n"
        "4: [0,[[\"5541.2\",\"0.15\",\"1534614057.3\",\"s\",\"l\",\"\"]],\"trade\",\"X/Y\"]\n"
        "5: [0,[\"5698.4\",\"5700.0\",\"1542057299.5\",\"1.0\",\"0.9\"],\"spread\",\"X/Y\"]\n"
        "6: [0,{\"as\":[],\"bs\":[]},\"bookkeeping\",\"X/Y\"]\n" KRAKEN_CHANGE " \r\n");
    assert_int_equal(must_read(tape).kind, TW_TAPE_MESSAGE_DEPTH);
    tw_tape_message message;
    assert_int_equal(tw_tape_next_message(tape, &message, NULL), TW_EMPTY);
    tw_tape_message_counts counts = tw_tape_message_counts_of(tape);
    assert_int_equal(counts.other, 6);
    assert_int_equal(counts.blank, 2);
    assert_int_equal(counts.changes, 1);
    assert_int_equal(counts.snapshots + counts.trades + counts.quotes + counts.bad, 0);
    assert_int_equal(tw_symbols_count(made->symbols), 1); /* others' pairs are none of ours */
    tw_tape_close(tape);
}

static void keys_of_a_book_that_are_not_known_are_passed_over(void **state) {
    const place *made = *state;
    tw_tape *tape =
        open_text(made, KRAKEN,
                  "1: [0,{\"b\":[[\"1.0\",\"2\",\"1\"]],\"bx\":[5],\"z\":{\"a\":[]},\"c\":\"7\"},"
                  "\"book-10\",\"X/Y\"]\n");
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.level_count, 1);
    assert_int_equal(message.depth.checksum, 7);
    must_end(tape);
}

/* Kraken has a seller at 9,999,999,997 francs a bitcoin. He stands behind all others. */
static void an_ask_beyond_all_prices_is_left_out(void **state) {
    const place *made = *state;
    tw_tape *tape =
        open_text(made, KRAKEN,
                  "1: [0,{\"as\":[[\"9999999997.00\",\"0.1\",\"1\"],[\"2.00\",\"1.0\",\"1\"],"
                  "[\"99999999999999999999.00\",\"0.1\",\"1\"]],\"bs\":[]},\"book-10\",\"X/Y\"]\n");
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.level_count, 1);
    assert_int_equal(message.depth.price_digits, 2);
    expect_level(&message.depth, 0, TW_SIDE_SELL, 2000000000, 1000000000);
    assert_int_equal(message.depth.levels[0].clear + message.depth.levels[0].last, 2);
    assert_int_equal(tw_tape_message_counts_of(tape).beyond, 2);
    must_end(tape);
}

/* ---- Binance --------------------------------------------------------------------------------- */

static void binances_change_of_spot_is_read_exactly(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, BINANCE, SPOT_CHANGE);
    tw_tape_message message = must_read(tape);
    const tw_depth_update *update = &message.depth;
    assert_true(message.time_ns == INT64_C(1723161253937085768));
    assert_true(update->time_ns == message.time_ns);
    assert_int_equal(update->first_id, 7);
    assert_int_equal(update->last_id, 9);
    assert_int_equal(update->previous_id, 0);
    assert_int_equal(update->snapshot + update->has_checksum + update->depth_max, 0);
    assert_int_equal(update->price_digits, 4); /* the most there are */
    assert_int_equal(update->quantity_digits, 2);
    assert_string_equal(tw_symbols_name(made->symbols, update->symbol), "BTCUSDT");
    expect_level(update, 0, TW_SIDE_BUY, 5400000000, 0);
    expect_level(update, 1, TW_SIDE_SELL, 5500000000, 1500000000);
    assert_true(update->levels[1].time_ns == INT64_C(1723161255208000000)); /* the venue's */
    must_end(tape);
}

static void keys_may_come_in_any_order_and_without_a_stream(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, BINANCE,
        "1 {\"data\":{\"a\":[],\"b\":[[\"5\",\"1\",[]]],\"pu\":6,\"u\":9,\"U\":8,\"s\":\"ETHUSDT\","
        "\"T\":3,\"E\":4,\"e\":\"depthUpdate\"},\"stream\":\"ethusdt@depth\"}\n"
        "2 "
        "{\"e\":\"depthUpdate\",\"s\":\"ETHUSDT\",\"U\":10,\"u\":10,\"pu\":9,\"b\":[],\"a\":[]}\n");
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.previous_id, 6);
    assert_int_equal(message.depth.level_count, 1);
    assert_true(message.depth.levels[0].time_ns == 4000000);
    message = must_read(tape);
    assert_int_equal(message.depth.last_id, 10);
    assert_int_equal(message.depth.level_count, 0);
    assert_string_equal(tw_symbols_name(made->symbols, message.depth.symbol), "ETHUSDT");
    must_end(tape);
}

static void trades_and_best_quotes_are_messages_of_their_own(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, BINANCE,
        "1 "
        "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":5,\"s\":\"BTCUSDT\",\"t\":"
        "77,"
        "\"p\":\"5.5\",\"q\":\"0.25\",\"T\":4,\"m\":true,\"M\":true}}\n"
        "2 {\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":12,\"s\":\"BTCUSDT\",\"b\":\"5.4\","
        "\"B\":\"3\",\"a\":\"5.5\",\"A\":\"4\"}}\n"
        "3 {\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":13,"
        "\"s\":\"BTCUSDT\",\"b\":\"0\",\"B\":\"0\",\"a\":\"5.5\",\"A\":\"4\",\"T\":6,\"E\":7}}\n"
        "4 "
        "{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":78,\"p\":\"5.5\",\"q\":\"1\",\"m\":false}"
        "\n" SPOT_CHANGE);
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.kind, TW_TAPE_MESSAGE_TRADE);
    assert_int_equal(message.trade.id, 77);
    assert_int_equal(message.trade.side, TW_SIDE_SELL); /* the buyer was there first */
    assert_true(message.trade.price.nano == 5500000000);
    assert_true(message.trade.quantity.nano == 250000000);
    assert_int_equal(message.trade.time_ns, 4000000);
    assert_int_equal(message.time_ns, 1);
    message = must_read(tape);
    assert_int_equal(message.kind, TW_TAPE_MESSAGE_QUOTE);
    assert_int_equal(message.update_id, 12);
    assert_true(message.quote.bid_price.nano == 5400000000);
    assert_true(message.quote.bid_size.nano == 3000000000);
    assert_true(message.quote.ask_price.nano == 5500000000);
    assert_true(message.quote.ask_size.nano == 4000000000);
    assert_int_equal(message.quote.time_ns, 2); /* spot says no time */
    message = must_read(tape);
    assert_int_equal(message.quote.time_ns, 6000000);
    assert_int_equal(message.quote.bid_size.nano, 0); /* an empty side */
    message = must_read(tape);
    assert_int_equal(message.trade.side, TW_SIDE_BUY);
    assert_int_equal(message.trade.time_ns, 4);
    assert_int_equal(must_read(tape).kind, TW_TAPE_MESSAGE_DEPTH);
    must_end(tape);
}

static void who_wants_books_only_gets_books_only(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, BINANCE,
        "1 {\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":78,\"p\":\"5.5\",\"q\":\"1\",\"m\":false}\n"
        "2 "
        "{\"u\":12,\"s\":\"BTCUSDT\",\"b\":\"5.4\",\"B\":\"3\",\"a\":\"5.5\",\"A\":\"4\"}"
        "\n" SPOT_CHANGE);
    tw_depth_update update;
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_int_equal(update.last_id, 9);
    tw_tape_message_counts counts = tw_tape_message_counts_of(tape);
    assert_int_equal(counts.trades, 1);
    assert_int_equal(counts.quotes, 1);
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void a_snapshot_from_rest_is_of_the_only_symbol_before(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, BINANCE, SPOT_CHANGE REST_SNAPSHOT);
    (void)must_read(tape);
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.snapshot, 1);
    assert_int_equal(message.depth.last_id, 8);
    assert_int_equal(message.depth.first_id + message.depth.depth_max, 0);
    assert_int_equal(message.depth.price_digits, 1); /* not those of the line before */
    assert_int_equal(message.depth.symbol, 0);
    assert_int_equal(message.depth.level_count, 1);
    assert_int_equal(message.depth.levels[0].time_ns, 5); /* it says none */
    must_end(tape);
}

static void a_snapshot_from_rest_is_of_the_only_symbol_of_the_table(void **state) {
    const place *made = *state;
    tw_symbol symbol;
    assert_int_equal(tw_symbols_intern(made->symbols, tw_slice_of("ETHUSDT"), &symbol), TW_OK);
    tw_tape *tape = open_text(made, BINANCE, REST_SNAPSHOT);
    assert_int_equal(must_read(tape).depth.symbol, symbol);
    must_end(tape);
}

static void streams_of_a_few_levels_are_snapshots_each_time(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, BINANCE,
        "1 {\"stream\":\"bnbbtc@depth5\",\"data\":{\"lastUpdateId\":160,\"bids\":[[\"5.4\",\"1\"]],"
        "\"asks\":[[\"5.5\",\"1\"]]}}\n"
        "2 {\"stream\":\"btcusdt@depth20@100ms\",\"data\":{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\","
        "\"U\":8,\"u\":9,\"pu\":7,\"b\":[[\"5.4\",\"1\"]],\"a\":[]}}\n"
        "3 {\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\","
        "\"U\":10,\"u\":11,\"pu\":9,\"b\":[],\"a\":[]}}\n");
    tw_tape_message message = must_read(tape);
    assert_int_equal(message.depth.snapshot, 1);
    assert_int_equal(message.depth.depth_max, 5);
    assert_int_equal(message.depth.last_id, 160);
    assert_string_equal(tw_symbols_name(made->symbols, message.depth.symbol), "BNBBTC");
    message = must_read(tape);
    assert_int_equal(message.depth.snapshot, 1);
    assert_int_equal(message.depth.depth_max, 20);
    assert_int_equal(message.depth.last_id, 9);
    assert_int_equal(must_read(tape).depth.snapshot, 0);
    must_end(tape);
}

static void other_streams_and_answers_are_passed_over(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(
        made, BINANCE,
        "1 {\"result\":null,\"id\":1}\n"
        "2 {\"stream\":\"btcusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"k\":{\"a\":[1,2]}}}\n"
        "3 {\"e\":\"aggTrade\",\"s\":\"BTCUSDT\",\"a\":26129,\"p\":\"0.01\",\"q\":\"4\"}\n"
        "4 {\"stream\":\"!miniTicker@arr\",\"data\":[{\"e\":\"24hrMiniTicker\"}]}\n"
        "5 {\"code\":-1121,\"msg\":\"Invalid symbol.\"}\n"
        "6 {\"e\":\"24hrTicker\",\"u\":1,\"b\":\"1\",\"B\":\"1\",\"a\":\"1\",\"A\":\"1\"}\n");
    tw_tape_message message;
    assert_int_equal(tw_tape_next_message(tape, &message, NULL), TW_EMPTY);
    assert_int_equal(tw_tape_message_counts_of(tape).other, 6);
    tw_tape_close(tape);
}

/* ---- lines that are wrong -------------------------------------------------------------------- */

typedef struct bad_line {
    const char *line;
    tw_status status;
    const char *sentence; /* a part of it, with the byte of the line before */
} bad_line;

/* Each line alone, then a good one: the error names file, line and byte, the next call goes on, and
 * the bad line has left no symbol behind. */
static void expect_bad(void **state, tw_tape_format format, const bad_line *bad,
                       const char *good_line) {
    const place *made = *state;
    char text[2048];
    snprintf(text, sizeof text, "%s\n%s", bad->line, good_line);
    tw_tape *tape = open_text(made, format, text);
    tw_tape_message message = {.kind = 99};
    tw_error error = {0};
    tw_status status = tw_tape_next_message(tape, &message, &error);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%s:1:%s", made->path, bad->sentence);
    if (status != bad->status || strncmp(error.message, wanted, strlen(wanted)) != 0)
        fail_msg("%s\n  said %s: %s\n  wanted %s: %s", bad->line, tw_status_name(status),
                 error.message, tw_status_name(bad->status), wanted);
    assert_int_equal(message.kind, 99);
    assert_int_equal(tw_symbols_count(made->symbols), 0);
    assert_int_equal(tw_tape_message_counts_of(tape).bad, 1);
    assert_int_equal(must_read(tape).kind, TW_TAPE_MESSAGE_DEPTH);
    must_end(tape);
    tw_symbols_free(made->symbols);
    assert_int_equal(tw_symbols_new(NULL, 4, &((place *)*state)->symbols), TW_OK);
}

#define K(payload) "1: [0," payload ",\"book-10\",\"X/Y\"]"

static void bad_lines_of_kraken_are_named(void **state) {
    static const bad_line lines[] = {
        {"no json at all", TW_PARSE, "1: expected a time in seconds, a colon, a blank and JSON"},
        {"{\"event\":\"heartbeat\"}", TW_PARSE, "1: expected a time"},
        {"1:{}", TW_PARSE, "1: expected a time"},
        {"-1: {}", TW_PARSE, "1: expected a time"},
        {"1.0000000001: {}", TW_PARSE, "1: expected a time"},
        {"1: ", TW_PARSE, "4: "},
        {"1: 5", TW_PARSE, "4: "},
        {"1: [0,{\"a\":[[\"1\"", TW_PARSE, ""},
        {"1: {\"event\":\"heartbeat\"} x", TW_PARSE, ""},
        {"1: {\"other\":1}", TW_PARSE, "4: expected a message of a channel"},
        {"1: [0,{\"a\":[]}]", TW_PARSE, "4: expected the names of a channel and a pair"},
        {"1: [{},0,\"book-10\",\"X/Y\"]", TW_PARSE, "5: expected the number of a channel"},
        {K("{}"), TW_PARSE, "4: a message of a book needs \"as\""},
        {K("{\"as\":[],\"bs\":[],\"a\":[]}"), TW_PARSE, "4: a message of a book is a snapshot or"},
        {K("{\"as\":[]}"), TW_PARSE, "4: a snapshot needs both"},
        {K("{\"a\":[]},{\"a\":[]}"), TW_PARSE, "21: the key \"a\" comes twice"},
        {K("{\"a\":[],\"c\":\"1\",\"c\":\"1\"}"), TW_PARSE, "27: the key \"c\" comes twice"},
        {K("{\"a\":5}"), TW_PARSE, "12: expected an array"},
        {K("{\"a\":[5]}"), TW_PARSE, "13: expected a level: [price, quantity, time]"},
        {K("{\"a\":[[]]}"), TW_PARSE, "13: a level needs a price, a quantity and a time"},
        {K("{\"a\":[[\"1\",\"1\"]]}"), TW_PARSE, "13: a level needs"},
        {K("{\"a\":[[\"1\",\"1\",\"1\",\"r\",\"\"]]}"), TW_PARSE, "30: a level has at most four"},
        {K("{\"a\":[[\"1\",\"1\",\"1\",\"x\"]]}"), TW_PARSE, "26: expected \"r\" or nothing"},
        {K("{\"a\":[[\"1\",\"1\",\"now\"]]}"), TW_PARSE, "22: expected the time of a level"},
        {K("{\"a\":[[\"1\",\"1\",\"-1\"]]}"), TW_RANGE, "22: expected the time of a level"},
        {K("{\"a\":[[1,\"1\",\"1\"]]}"), TW_PARSE, "14: expected a price in quotes"},
        {K("{\"a\":[[\"1\",null,\"1\"]]}"), TW_PARSE, "18: expected a quantity in quotes"},
        {K("{\"a\":[[\"\",\"1\",\"1\"]]}"), TW_PARSE, "14: expected a price (digits and a point)"},
        {K("{\"a\":[[\"NaN\",\"1\",\"1\"]]}"), TW_PARSE,
         "14: expected a price (digits and a point)"},
        {K("{\"a\":[[\"1e3\",\"1\",\"1\"]]}"), TW_PARSE,
         "14: expected a price (digits and a point)"},
        {K("{\"a\":[[\"1\",\"inf\",\"1\"]]}"), TW_PARSE, "18: expected a quantity (digits"},
        {K("{\"a\":[[\"0\",\"1\",\"1\"]]}"), TW_RANGE, "14: a price must be above zero"},
        {K("{\"a\":[[\"-1\",\"1\",\"1\"]]}"), TW_RANGE, "14: a price must be above zero"},
        {K("{\"a\":[[\"1\",\"-0\",\"1\"]]}"), TW_RANGE, "18: a quantity must not be negative"},
        {K("{\"a\":[[\"1\",\"9999999999\",\"1\"]]}"), TW_RANGE, "18: a quantity must be below"},
        {K("{\"b\":[[\"9999999999\",\"1\",\"1\"]]}"), TW_RANGE, "14: a price must be below"},
        {K("{\"a\":[[\"1.0000000001\",\"1\",\"1\"]]}"), TW_RANGE, "14: a price must be below"},
        {K("{\"a\":[[\"1.0000000000000000000\",\"1\",\"1\"]]}"), TW_RANGE, "14: a price must be"},
        {K("{\"a\":[[\"1.0\",\"1\",\"1\"],[\"1.00\",\"1\",\"1\"]]}"), TW_PARSE,
         "30: the price has 2 decimals where others of the message have 1"},
        {K("{\"a\":[[\"1\",\"1\",\"1\"],[\"2\",\"1.0\",\"1\"]]}"), TW_PARSE,
         "32: the quantity has 1 decimals"},
        {K("{\"a\":[],\"c\":\"4294967296\"}"), TW_PARSE, "19: expected a checksum of 0 to 4294967"},
        {K("{\"a\":[],\"c\":\"-1\"}"), TW_PARSE, "19: expected a checksum"},
        {"1: [0,{\"a\":[]},\"book-x\",\"X/Y\"]", TW_PARSE, "4: expected a channel like \"book-10"},
        {"1: [0,{\"a\":[]},\"book-0\",\"X/Y\"]", TW_PARSE, "4: expected a channel like \"book-10"},
        {"1: [0,{\"a\":[]},\"book-10\",\"X Y\"]", TW_PARSE, "4: expected a symbol of 1 to 31"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect_bad(state, KRAKEN, &lines[i], KRAKEN_CHANGE);
}

#define B(fields) "1 {\"e\":\"depthUpdate\",\"s\":\"S\"," fields "}"
#define T(fields) "1 {\"e\":\"trade\",\"s\":\"S\"," fields "}"
#define Q(fields) "1 {\"e\":\"bookTicker\",\"s\":\"S\"," fields "}"

static void bad_lines_of_binance_are_named(void **state) {
    static const bad_line lines[] = {
        {"no json at all", TW_PARSE, "1: expected a time in nanoseconds, a blank and JSON"},
        {"1.5 {}", TW_PARSE, "1: expected a time"},
        {"99999999999999999999 {}", TW_PARSE, "1: expected a time"},
        {"1 []", TW_PARSE, "3: expected an object"},
        {"1 {}", TW_PARSE, "3: expected \"stream\" and \"data\""},
        {"1 {\"e\":\"depthUpdate\"", TW_PARSE, ""},
        {"1 {\"e\":\"x\",\"e\":\"x\"}", TW_PARSE, "16: the key \"e\" comes twice"},
        {B("\"U\":1,\"u\":1,\"a\":[]"), TW_PARSE, "3: the levels \"b\" or \"a\" are missing"},
        {B("\"U\":1,\"u\":1,\"b\":\"1\",\"a\":[]"), TW_PARSE, "3: the levels \"b\" or \"a\""},
        {B("\"u\":1,\"b\":[],\"a\":[]"), TW_PARSE, "3: the number \"U\" is missing"},
        {B("\"U\":1,\"b\":[],\"a\":[]"), TW_PARSE, "3: the number \"u\" is missing"},
        {B("\"U\":1,\"u\":null,\"b\":[],\"a\":[]"), TW_PARSE, "3: the number \"u\" is missing"},
        {B("\"U\":0,\"u\":1,\"b\":[],\"a\":[]"), TW_RANGE, "3: expected digits of 1 and more as"},
        {B("\"U\":-1,\"u\":1,\"b\":[],\"a\":[]"), TW_PARSE, "3: expected digits of 1 and more"},
        {B("\"U\":1.5,\"u\":1,\"b\":[],\"a\":[]"), TW_PARSE, "3: expected digits of 1 and more"},
        {B("\"U\":1,\"u\":18446744073709551616,\"b\":[],\"a\":[]"), TW_RANGE, "3: expected digits"},
        {B("\"U\":2,\"u\":1,\"b\":[],\"a\":[]"), TW_RANGE, "3: the first number \"U\" is above"},
        {B("\"U\":1,\"u\":1,\"pu\":0,\"b\":[],\"a\":[]"), TW_RANGE, "3: expected digits"},
        {B("\"U\":1,\"u\":1,\"pu\":\"x\",\"b\":[],\"a\":[]"), TW_PARSE, "3: expected digits"},
        {B("\"E\":9999999999999999,\"U\":1,\"u\":1,\"b\":[],\"a\":[]"), TW_RANGE,
         "3: the time \"E\" is beyond the year 2262"},
        {B("\"U\":1,\"u\":1,\"b\":[[\"1\"]],\"a\":[]"), TW_PARSE,
         "47: a level needs a price and a quantity"},
        {B("\"U\":1,\"u\":1,\"b\":[[\"1\",\"-2\"]],\"a\":[]"), TW_RANGE, "52: a quantity must not"},
        {"1 {\"e\":\"depthUpdate\",\"U\":1,\"u\":1,\"b\":[],\"a\":[]}", TW_PARSE,
         "3: expected a symbol of 1 to 31"},
        {"1 {\"lastUpdateId\":1,\"asks\":[]}", TW_PARSE, "3: the levels \"bids\" or \"asks\""},
        {"1 {\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}", TW_PARSE,
         "3: the snapshot names no symbol, and it cannot be told: no line before it"},
        {T("\"t\":1,\"p\":\"1\",\"q\":\"1\""), TW_PARSE, "3: a trade needs \"m\", true or false"},
        {T("\"t\":1,\"q\":\"1\",\"m\":true"), TW_PARSE, "3: the price or size \"p\" is missing"},
        {T("\"t\":1,\"p\":\"0\",\"q\":\"1\",\"m\":true"), TW_RANGE, "3: expected a number above"},
        {T("\"t\":1,\"p\":\"1\",\"q\":\"1e5\",\"m\":true"), TW_PARSE, "3: expected a number above"},
        {T("\"p\":\"1\",\"q\":\"1\",\"m\":true"), TW_PARSE, "3: the number \"t\" is missing"},
        {Q("\"u\":1,\"b\":\"1\",\"B\":\"1\",\"a\":\"1\""), TW_PARSE, "3: the price or size \"A\""},
        {Q("\"u\":1,\"b\":\"-0\",\"B\":\"1\",\"a\":\"1\",\"A\":\"1\""), TW_RANGE,
         "3: expected a number not negative"},
        {Q("\"b\":\"1\",\"B\":\"1\",\"a\":\"1\",\"A\":\"1\""), TW_PARSE, "3: the number \"u\""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        expect_bad(state, BINANCE, &lines[i], SPOT_CHANGE);
}

static void a_snapshot_from_rest_after_several_symbols_cannot_be_told(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, BINANCE,
                              SPOT_CHANGE "4 "
                                          "{\"e\":\"trade\",\"s\":\"ETHUSDT\",\"t\":78,\"p\":\"5\","
                                          "\"q\":\"1\",\"m\":false}\n" REST_SNAPSHOT);
    (void)must_read(tape);
    (void)must_read(tape);
    tw_tape_message message;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_message(tape, &message, &error), TW_PARSE);
    assert_non_null(strstr(error.message, "the lines before are of several"));
    tw_tape_close(tape);
}

static void a_line_longer_than_the_buffer_is_named_again_and_again(void **state) {
    const place *made = *state;
    write_text(made, KRAKEN_CHANGE KRAKEN_SNAPSHOT);
    tw_tape_config config = {.path = made->path,
                             .symbols = made->symbols,
                             .format = KRAKEN,
                             .line_size_max = strlen(KRAKEN_CHANGE) + 1};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    (void)must_read(tape);
    for (int i = 0; i < 2; i++) {
        tw_tape_message message;
        tw_error error = {0};
        assert_int_equal(tw_tape_next_message(tape, &message, &error), TW_PARSE);
        assert_non_null(strstr(error.message, ":2: the line is longer than"));
    }
    tw_tape_close(tape);
}

/* As many levels as can be in a line of that size are read: no bound is met before the line's. */
static void the_shortest_levels_fill_a_line_to_its_end(void **state) {
    const place *made = *state;
    enum { COUNT = 500 };
    char text[COUNT * 10 + 100];
    size_t used = (size_t)sprintf(text, "1 {\"lastUpdateId\":1,\"s\":\"S\",\"asks\":[],\"bids\":[");
    for (size_t i = 0; i < COUNT; i++)
        used += (size_t)sprintf(text + used, "%s[\"1\",\"1\"]", i == 0 ? "" : ",");
    used += (size_t)sprintf(text + used, "]}\n");
    write_text(made, text);
    tw_tape_config config = {
        .path = made->path, .symbols = made->symbols, .format = BINANCE, .line_size_max = used};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(must_read(tape).depth.level_count, COUNT);
    must_end(tape);
}

static void a_file_without_a_line_is_empty(void **state) {
    const place *made = *state;
    write_text(made, "");
    tw_tape_config config = {.path = made->path, .symbols = made->symbols, .format = KRAKEN};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_EMPTY);
    tape = open_text(made, BINANCE, "\n\n");
    must_end(tape);
}

static void unknown_symbols_and_a_full_table_are_told(void **state) {
    const place *made = *state;
    write_text(made, KRAKEN_CHANGE);
    tw_tape_config config = {
        .path = made->path, .symbols = made->symbols, .format = KRAKEN, .known_symbols_only = true};
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_tape_message message;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_message(tape, &message, &error), TW_NOT_FOUND);
    assert_non_null(strstr(error.message, ":1:13: the symbol \"XBT/CHF\" is not known here"));
    tw_tape_close(tape);
    for (int i = 0; i < 4; i++) {
        char name[8];
        tw_symbol symbol;
        snprintf(name, sizeof name, "S%d", i);
        assert_int_equal(tw_symbols_intern(made->symbols, tw_slice_of(name), &symbol), TW_OK);
    }
    tape = open_text(made, KRAKEN, KRAKEN_CHANGE);
    assert_int_equal(tw_tape_next_message(tape, &message, &error), TW_FULL);
    assert_non_null(strstr(error.message, "there is no room for another symbol (XBT/CHF)"));
    tw_tape_close(tape);
}

static void reading_goes_on_from_a_place(void **state) {
    const place *made = *state;
    tw_tape *tape = open_text(made, KRAKEN, KRAKEN_SNAPSHOT KRAKEN_CHANGE);
    assert_int_equal(tw_tape_tell(tape).next.offset, 0);
    (void)must_read(tape);
    tw_tape_position position = tw_tape_tell(tape);
    assert_int_equal(position.next.offset, strlen(KRAKEN_SNAPSHOT));
    tw_tape_close(tape);
    tw_tape_config config = {
        .path = made->path, .symbols = made->symbols, .format = KRAKEN, .start = position.next};
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(must_read(tape).depth.snapshot, 0);
    assert_int_equal(tw_tape_tell(tape).line, 2);
    must_end(tape);
}

static tw_status read_all(const tw_allocator *allocator, void *context) {
    const place *made = context;
    tw_tape_config config = {.path = made->path,
                             .symbols = made->symbols,
                             .format = KRAKEN,
                             .line_size_max = 4096,
                             .allocator = allocator};
    tw_tape *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    if (status != TW_OK)
        return status;
    tw_tape_message message;
    while ((status = tw_tape_next_message(tape, &message, NULL)) == TW_OK)
        ;
    tw_tape_close(tape);
    return status == TW_EMPTY ? TW_OK : status;
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    const place *made = *state;
    write_text(made, KRAKEN_SNAPSHOT KRAKEN_CHANGE);
    assert_survives_failed_allocations(read_all, (void *)(uintptr_t)made);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(krakens_snapshot_is_read_exactly),
        CASE(krakens_change_has_its_checksum),
        CASE(both_sides_come_in_two_objects_of_one_message),
        CASE(what_is_no_book_is_passed_over_and_counted),
        CASE(keys_of_a_book_that_are_not_known_are_passed_over),
        CASE(an_ask_beyond_all_prices_is_left_out),
        CASE(binances_change_of_spot_is_read_exactly),
        CASE(keys_may_come_in_any_order_and_without_a_stream),
        CASE(trades_and_best_quotes_are_messages_of_their_own),
        CASE(who_wants_books_only_gets_books_only),
        CASE(a_snapshot_from_rest_is_of_the_only_symbol_before),
        CASE(a_snapshot_from_rest_is_of_the_only_symbol_of_the_table),
        CASE(streams_of_a_few_levels_are_snapshots_each_time),
        CASE(other_streams_and_answers_are_passed_over),
        CASE(bad_lines_of_kraken_are_named),
        CASE(bad_lines_of_binance_are_named),
        CASE(a_snapshot_from_rest_after_several_symbols_cannot_be_told),
        CASE(a_line_longer_than_the_buffer_is_named_again_and_again),
        CASE(the_shortest_levels_fill_a_line_to_its_end),
        CASE(a_file_without_a_line_is_empty),
        CASE(unknown_symbols_and_a_full_table_are_told),
        CASE(reading_goes_on_from_a_place),
        CASE(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
