/*
 * test_floor.c - the simulation: the tape's book, the agents' book, time, bars and users.
 *
 * With TRADEWIND_DATA set, LOBSTER's real AAPL messages are replayed from the initial book and the
 * floor must show LOBSTER's 50 levels after every one of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exchange_desk.h"
#include "failing_heap.h"

#define CENTS(n) ((int64_t)(n) * (TW_NANO / 100))

static const int64_t FAR_NS = DESK_START_NS + TW_NS_PER_DAY;

static trading_desk shared;

static trading_desk *open_agents(uint64_t seed) {
    const desk_config config = {.symbols = "AAA,BBB,CCC", .seed = seed, .cash = {0}};
    assert_int_equal(desk_open(&shared, NULL, &config, NULL), TW_OK);
    return &shared;
}

/* A floor whose only symbol is the tape's; "" for no initial book. */
static trading_desk *open_tape(const char *messages, const char *initial) {
    char tape_path[64];
    char initial_path[64];
    desk_write_file(tape_path, messages);
    desk_write_file(initial_path, initial);
    const desk_config config = {.symbols = "AAA",
                                .seed = 1,
                                .cash = {1000000 * TW_NANO},
                                .tape_path = tape_path,
                                .initial_path = initial[0] == '\0' ? NULL : initial_path};
    tw_error error = {0};
    if (desk_open(&shared, NULL, &config, &error) != TW_OK)
        fail_msg("%s", error.message);
    unlink(tape_path);
    unlink(initial_path);
    return &shared;
}

static void play(trading_desk *desk, int64_t until_ns, uint64_t acts) {
    assert_int_equal(floor_advance(desk->floor, until_ns, acts, NULL), TW_OK);
}

/* ---- agents ---- */

static uint64_t hash_of_a_minute(uint64_t seed, uint64_t acts_at_once, int64_t step_ns) {
    trading_desk *desk = open_agents(seed);
    for (int64_t at = DESK_START_NS; at < DESK_START_NS + TW_NS_PER_MINUTE;) {
        at += step_ns;
        do
            play(desk, at, acts_at_once);
        while (floor_now(desk->floor) < at);
    }
    uint64_t hash = desk->hash;
    assert_true(floor_event_count(desk->floor) > 3000);
    desk_close(desk);
    return hash;
}

static void the_same_seed_gives_the_same_events_however_it_is_turned(void **state) {
    (void)state;
    uint64_t hash = hash_of_a_minute(5, UINT64_MAX, TW_NS_PER_MINUTE);
    assert_true(hash == hash_of_a_minute(5, UINT64_MAX, TW_NS_PER_MINUTE));
    assert_true(hash == hash_of_a_minute(5, 1, TW_NS_PER_MINUTE));
    assert_true(hash == hash_of_a_minute(5, 7, TW_NS_PER_SECOND));
    assert_true(hash != hash_of_a_minute(6, UINT64_MAX, TW_NS_PER_MINUTE));
}

static void agents_keep_a_two_sided_uncrossed_book(void **state) {
    (void)state;
    trading_desk *desk = open_agents(9);
    int64_t before_ns = floor_now(desk->floor);
    while (floor_event_count(desk->floor) < 10000) {
        play(desk, FAR_NS, 1);
        assert_true(floor_now(desk->floor) >= before_ns);
        before_ns = floor_now(desk->floor);
        for (tw_symbol s = 0; s < 3; s++) {
            tw_quote quote;
            floor_quote(desk->floor, s, &quote);
            assert_true(quote.bid_size.nano > 0 && quote.ask_size.nano > 0);
            assert_true(quote.bid_price.nano < quote.ask_price.nano);
        }
    }
    tw_match_check(floor_match(desk->floor));
    assert_true(desk->trade_count > 500);
    desk_close(desk);
}

/* All minutes of a symbol made anew from its trades, one by one. */
static void compare_minutes(const trading_desk *desk, tw_symbol symbol) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < desk->trade_count;) {
        const tw_trade *first = &desk->trades[i];
        if (first->symbol != symbol) {
            i++;
            continue;
        }
        tw_bar slow = {.time_ns = first->time_ns - first->time_ns % TW_NS_PER_MINUTE,
                       .open = first->price,
                       .low = first->price};
        for (; i < desk->trade_count && desk->trades[i].time_ns < slow.time_ns + TW_NS_PER_MINUTE;
             i++) {
            const tw_trade *trade = &desk->trades[i];
            if (trade->symbol != symbol)
                continue;
            slow.close = trade->price;
            slow.high = trade->price.nano > slow.high.nano ? trade->price : slow.high;
            slow.low = trade->price.nano < slow.low.nano ? trade->price : slow.low;
            slow.volume.nano += trade->quantity.nano;
            slow.count++;
        }
        while (at < desk->bar_count && desk->bars[at].symbol != symbol)
            at++;
        if (at == desk->bar_count) { /* the minute that is not over */
            tw_bar now;
            assert_true(floor_minute_now(desk->floor, symbol, &now));
            assert_int_equal(now.time_ns, slow.time_ns);
            assert_int_equal(now.volume.nano, slow.volume.nano);
            return;
        }
        const tw_bar *bar = &desk->bars[at++];
        assert_int_equal(bar->time_ns, slow.time_ns);
        assert_int_equal(bar->open.nano, slow.open.nano);
        assert_int_equal(bar->high.nano, slow.high.nano);
        assert_int_equal(bar->low.nano, slow.low.nano);
        assert_int_equal(bar->close.nano, slow.close.nano);
        assert_int_equal(bar->volume.nano, slow.volume.nano);
        assert_int_equal(bar->count, slow.count);
    }
}

static void minutes_equal_their_trades(void **state) {
    (void)state;
    trading_desk *desk = open_agents(2);
    play(desk, DESK_START_NS + 20 * TW_NS_PER_MINUTE + 30 * TW_NS_PER_SECOND, UINT64_MAX);
    assert_true(desk->trade_count > 3000 && desk->trade_count < DESK_TRADE_COUNT_MAX);
    assert_true(desk->bar_count >= 57);
    for (tw_symbol s = 0; s < 3; s++)
        compare_minutes(desk, s);
    desk_close(desk);
}

static void the_newest_minutes_are_kept(void **state) {
    (void)state;
    trading_desk *desk = open_agents(2);
    play(desk, DESK_START_NS + 80 * TW_NS_PER_MINUTE, UINT64_MAX);
    uint32_t first = 0, count = 0, capacity = 0;
    const tw_bar *minutes = floor_minutes(desk->floor, 0, &first, &count, &capacity);
    assert_int_equal(capacity, 64);
    assert_int_equal(count, 64);
    for (uint32_t i = 1; i < count; i++)
        assert_true(minutes[(first + i) % capacity].time_ns >
                    minutes[(first + i - 1) % capacity].time_ns);
    assert_int_equal(minutes[(first + count - 1) % capacity].time_ns,
                     DESK_START_NS + 79 * TW_NS_PER_MINUTE);
    desk_close(desk);
}

/* ---- the day ---- */

static uint32_t trades_between(const trading_desk *desk, int64_t from_ns, int64_t until_ns) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < desk->trade_count; i++)
        count += desk->trades[i].time_ns >= from_ns && desk->trades[i].time_ns < until_ns;
    return count;
}

static void nothing_is_traded_while_the_market_is_closed(void **state) {
    (void)state;
    trading_desk *desk = open_agents(3);
    int64_t day = session_day_of(DESK_START_NS);
    assert_int_equal(floor_jump(desk->floor, session_time_of(day, 15, 50), NULL), TW_OK);
    play(desk, session_time_of(day + 1, 9, 40), UINT64_MAX);
    assert_string_equal(desk->phases, "after closed pre regular");
    int64_t evening_ns = session_time_of(day, 20, 0);
    int64_t morning_ns = session_time_of(day + 1, 4, 0);
    uint32_t regular = trades_between(desk, session_time_of(day, 15, 50), evening_ns);
    assert_true(regular > 500);
    assert_int_equal(trades_between(desk, evening_ns, morning_ns), 0);
    uint32_t early = trades_between(desk, morning_ns, session_time_of(day + 1, 9, 30));
    assert_true(early > 100);
    /* Ten minutes of the session hold as much as hours before it. */
    uint32_t late = trades_between(desk, session_time_of(day + 1, 9, 30), INT64_MAX);
    assert_true(late * 33 > early * 10);
    tw_match_check(floor_match(desk->floor));
    desk_close(desk);
}

static void a_market_that_never_closes_trades_at_night(void **state) {
    (void)state;
    const desk_config config = {.symbols = "AAA", .seed = 4, .always_open = true};
    assert_int_equal(desk_open(&shared, NULL, &config, NULL), TW_OK);
    int64_t midnight_ns = session_time_of(session_day_of(DESK_START_NS) + 6, 0, 0); /* Sunday */
    assert_int_equal(floor_jump(shared.floor, midnight_ns, NULL), TW_OK);
    assert_true(floor_is_open(shared.floor));
    play(&shared, midnight_ns + TW_NS_PER_HOUR, UINT64_MAX);
    assert_true(trades_between(&shared, midnight_ns, INT64_MAX) > 500);
    desk_close(&shared);
}

static void a_jump_leaves_out_the_agents_and_tells_the_phases(void **state) {
    (void)state;
    trading_desk *desk = open_agents(8);
    play(desk, DESK_START_NS + TW_NS_PER_MINUTE, UINT64_MAX);
    uint64_t acts = floor_event_count(desk->floor);
    int64_t day = session_day_of(DESK_START_NS);
    int64_t sunday_ns = session_time_of(day + 6, 12, 0);
    assert_int_equal(floor_jump(desk->floor, sunday_ns, NULL), TW_OK);
    assert_int_equal(floor_now(desk->floor), sunday_ns);
    assert_int_equal(floor_event_count(desk->floor), acts);
    assert_string_equal(desk->phases, "after closed pre regular after closed pre regular after "
                                      "closed pre regular after closed pre regular after closed");
    assert_false(floor_is_open(desk->floor));
    assert_int_equal(floor_jump(desk->floor, session_next_open(sunday_ns), NULL), TW_OK);
    assert_true(floor_is_open(desk->floor));
    tw_quote quote;
    floor_quote(desk->floor, 0, &quote);
    assert_true(quote.bid_size.nano > 0 && quote.bid_price.nano < quote.ask_price.nano);
    play(desk, floor_now(desk->floor) + TW_NS_PER_MINUTE, UINT64_MAX);
    assert_true(floor_event_count(desk->floor) > acts + 3000);
    desk_close(desk);
}

static void a_jump_plays_the_tape(void **state) {
    (void)state;
    trading_desk *desk = open_tape("34200.1,1,1,10,1000000,1\n"
                                   "34200.2,1,2,20,1000000,1\n"
                                   "40000.3,1,3,40,1000000,1\n",
                                   "");
    assert_int_equal(floor_jump(desk->floor, DESK_START_NS + TW_NS_PER_MINUTE, NULL), TW_OK);
    tw_quote quote;
    floor_quote(desk->floor, 0, &quote);
    assert_int_equal(quote.bid_size.nano, 30 * TW_NANO);
    assert_false(floor_tape_ended(desk->floor));
    desk_close(desk);
}

/* ---- users ---- */

static uint64_t user_order(trading_desk *desk, uint64_t number, tw_side side, int64_t price_nano,
                           int64_t shares) {
    tw_alpaca_order_request request = desk_request("AAA", side, shares * TW_NANO, price_nano);
    ledger_order order;
    ledger_refusal refusal = {0};
    tw_status status = ledger_submit(desk->ledger, desk->account, &request, &order, &refusal);
    if (status != TW_OK)
        fail_msg("refused: %s", refusal.message);
    assert_int_equal(order.match_id, FLOOR_USER_ID | number);
    return order.match_id;
}

static int64_t filled(const trading_desk *desk, uint32_t number) {
    uint32_t count = 0;
    return ledger_orders(desk->ledger, &count)[number - 1].order.filled.nano / TW_NANO;
}

static void users_wait_in_line_by_price_and_time(void **state) {
    (void)state;
    trading_desk *desk = open_tape("34200.1,1,1,100,1000000,1\n"  /* a bid at 100 */
                                   "34200.3,1,2,100,1000000,1\n"  /* and one behind the user */
                                   "34200.4,1,3,130,1000000,-1\n" /* sells through the first */
                                   "34200.5,1,4,60,1000000,-1\n"
                                   "34200.6,1,5,10,990000,-1\n",
                                   "");
    play(desk, DESK_START_NS + 200 * TW_NS_PER_MS, UINT64_MAX);
    user_order(desk, 1, TW_SIDE_BUY, CENTS(10000), 50);
    play(desk, DESK_START_NS + 350 * TW_NS_PER_MS, UINT64_MAX);
    user_order(desk, 2, TW_SIDE_BUY, CENTS(10100), 5); /* a better price comes first */
    play(desk, DESK_START_NS + 450 * TW_NS_PER_MS, UINT64_MAX);
    assert_int_equal(filled(desk, 2), 5);
    assert_int_equal(filled(desk, 1), 25); /* 130 - 5 - the 100 of the order before it */
    play(desk, DESK_START_NS + 550 * TW_NS_PER_MS, UINT64_MAX);
    assert_int_equal(filled(desk, 1), 50); /* then the 35 go to the order behind */
    tw_quote quote;
    floor_quote(desk->floor, 0, &quote);
    assert_int_equal(quote.bid_size.nano, 65 * TW_NANO);
    assert_string_equal(desk->updates, "new new fill partial_fill fill");
    play(desk, FAR_NS, UINT64_MAX);
    floor_quote(desk->floor, 0, &quote);
    assert_int_equal(quote.bid_size.nano, 55 * TW_NANO);
    assert_int_equal(quote.ask_size.nano, 0);
    assert_true(floor_tape_ended(desk->floor));
    ledger_check(desk->ledger);
    desk_close(desk);
}

/* ---- the tape ---- */

static int64_t size_at(const trading_desk *desk, tw_side side, int64_t price_nano) {
    return tw_book_quantity_at(tw_match_book(floor_match(desk->floor)), 0, side,
                               (tw_price){price_nano})
               .nano /
           TW_NANO;
}

static void old_orders_are_taken_from_the_initial_book(void **state) {
    (void)state;
    trading_desk *desk =
        open_tape("34200.1,1,70,30,1000000,1\n" /* already in the row */
                  "34200.2,2,50,40,1000000,1\n" /* part of an older order */
                  "34200.3,3,51,10,1010000,-1\n"
                  "34200.4,1,69,8,1000000,1\n" /* an old number that is announced after all */
                  "34200.5,3,70,30,1000000,1\n"
                  "34200.6,4,52,5,1010000,-1\n"
                  "34200.7,3,69,8,1000000,1\n"
                  "34200.8,3,99,8,1000000,1\n", /* never announced */
                  "1010000,100,1000000,200\n");
    assert_int_equal(size_at(desk, TW_SIDE_BUY, CENTS(10000)), 200);
    static const int64_t bids[] = {160, 160, 168, 138, 138, 130, 130};
    static const int64_t asks[] = {100, 90, 90, 90, 85, 85, 85};
    for (size_t i = 0; i < 7; i++) {
        play(desk, FAR_NS, 1);
        assert_int_equal(size_at(desk, TW_SIDE_BUY, CENTS(10000)), bids[i]);
        assert_int_equal(size_at(desk, TW_SIDE_SELL, CENTS(10100)), asks[i]);
    }
    assert_int_equal(desk->trade_count, 1);
    assert_int_equal(desk->trades[0].quantity.nano, 5 * TW_NANO);
    assert_int_equal(desk->trades[0].side, TW_SIDE_BUY);
    desk_close(desk);
}

static void a_tape_of_one_message_leaves_its_symbol_to_the_tape(void **state) {
    (void)state;
    trading_desk *desk = open_tape("34200.1,1,70,30,1000000,1\n", "1010000,100,1000000,200\n");
    play(desk, FAR_NS, UINT64_MAX);
    assert_int_equal(floor_event_count(desk->floor), 0); /* no agents came */
    assert_int_equal(size_at(desk, TW_SIDE_BUY, CENTS(10000)), 200);
    assert_true(floor_tape_ended(desk->floor));
    desk_close(desk);
}

static void hidden_trades_and_halts_are_played(void **state) {
    (void)state;
    trading_desk *desk = open_tape("34200.1,1,1,10,1000000,1\n"
                                   "34200.2,5,0,7,1005000,1\n"
                                   "34200.3,6,-1,500,1004000,-1\n"
                                   "34200.4,7,-1,0,-1,-1\n"
                                   "34200.5,1,2,10,1000000,1\n" /* refused while halted */
                                   "34200.6,7,-1,0,1,-1\n"
                                   "34200.7,1,3,10,1000000,1\n",
                                   "");
    play(desk, FAR_NS, UINT64_MAX);
    assert_int_equal(desk->trade_count, 2);
    assert_int_equal(desk->trades[0].price.nano, CENTS(10050));
    assert_int_equal(desk->trades[1].quantity.nano, 500 * TW_NANO);
    assert_int_equal(size_at(desk, TW_SIDE_BUY, CENTS(10000)), 20);
    desk_close(desk);
}

static void a_malformed_line_is_named(void **state) {
    (void)state;
    trading_desk *desk = open_tape("34200.1,1,1,10,1000000,1\n"
                                   "34200.2,1,2,10,1000000,1\n"
                                   "34200.3,9,3,10,1000000,1\n",
                                   "");
    tw_error error = {0};
    assert_int_equal(floor_advance(desk->floor, FAR_NS, UINT64_MAX, &error), TW_PARSE);
    assert_non_null(strstr(error.message, "tradewind-test-"));
    assert_non_null(strstr(error.message, ":3"));
    desk_close(desk);
}

static void an_initial_book_that_is_none_is_refused(void **state) {
    (void)state;
    static const char *const rows[] = {"", "nothing\n", "1000000,5\n", "a,b,c,d\n"};
    char tape_path[64];
    desk_write_file(tape_path, "34200.1,1,1,10,1000000,1\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[64];
        desk_write_file(path, rows[i]);
        const desk_config config = {
            .symbols = "AAA", .seed = 1, .tape_path = tape_path, .initial_path = path};
        tw_error error = {0};
        tw_status status = desk_open(&shared, NULL, &config, &error);
        assert_true(status == (i == 0 ? TW_EMPTY : TW_PARSE));
        assert_non_null(strstr(error.message, path));
        unlink(path);
    }
    unlink(tape_path);
}

/* ---- LOBSTER ---- */

static void compare_row(const trading_desk *desk, const tw_level *row, size_t count, int number) {
    const tw_book *book = tw_match_book(floor_match(desk->floor));
    tw_level levels[2][64];
    size_t counts[2] = {tw_book_depth(book, 0, TW_SIDE_BUY, levels[0], 50),
                        tw_book_depth(book, 0, TW_SIDE_SELL, levels[1], 50)};
    size_t at[2] = {0};
    for (size_t i = 0; i < count; i++) {
        int side = row[i].side == TW_SIDE_BUY ? 0 : 1;
        assert_true(at[side] < counts[side]);
        const tw_level *level = &levels[side][at[side]++];
        if (level->price.nano != row[i].price.nano || level->quantity.nano != row[i].quantity.nano)
            fail_msg("row %d, side %d, level %zu differs", number, side, at[side]);
    }
    assert_int_equal(at[0], counts[0]);
    assert_int_equal(at[1], counts[1]);
}

static void every_row_of_lobster_is_shown(void **state) {
    (void)state;
    const char *directory = getenv("TRADEWIND_DATA");
    char messages[4096];
    char rows[4096];
    snprintf(messages, sizeof messages, "%s/orders/lobster/AAPL_msgs.csv",
             directory == NULL ? "" : directory);
    snprintf(rows, sizeof rows, "%s/orders/lobster/AAPL_book.csv",
             directory == NULL ? "" : directory);
    if (directory == NULL || access(messages, R_OK) != 0 || access(rows, R_OK) != 0) {
        print_message("skipped: $TRADEWIND_DATA/orders/lobster is not there\n");
        skip();
    }
    const desk_config config = {
        .symbols = "AAPL", .seed = 1, .tape_path = messages, .initial_path = rows};
    assert_int_equal(desk_open(&shared, NULL, &config, NULL), TW_OK);
    tw_tape_config read = {.path = rows, .format = TW_TAPE_LOBSTER_BOOK};
    TW_AUTO(tw_tape) *tape = NULL;
    assert_int_equal(tw_tape_open(&read, &tape, NULL), TW_OK);
    tw_level row[128];
    size_t count = 0;
    int number = 0;
    while (tw_tape_next_levels(tape, row, 128, &count, NULL) == TW_OK) {
        if (number > 0)
            play(&shared, FAR_NS, 1);
        compare_row(&shared, row, count, ++number);
    }
    assert_int_equal(number, 672);
    assert_true(floor_tape_ended(shared.floor));
    desk_close(&shared);
}

static tw_status open_and_close(const tw_allocator *allocator, void *context) {
    tw_status status = desk_open(&shared, allocator, context, NULL);
    if (status == TW_OK)
        desk_close(&shared);
    return status;
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    char tape_path[64];
    char path[64];
    desk_write_file(tape_path, "34200.1,1,1,10,1000000,1\n34200.2,1,2,10,1000000,1\n");
    desk_write_file(path, "1010000,100,1000000,200\n");
    desk_config config = {
        .symbols = "AAA,BBB", .seed = 1, .tape_path = tape_path, .initial_path = path};
    assert_survives_failed_allocations(open_and_close, &config);
    unlink(tape_path);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_events_however_it_is_turned),
        cmocka_unit_test(agents_keep_a_two_sided_uncrossed_book),
        cmocka_unit_test(minutes_equal_their_trades),
        cmocka_unit_test(the_newest_minutes_are_kept),
        cmocka_unit_test(nothing_is_traded_while_the_market_is_closed),
        cmocka_unit_test(a_market_that_never_closes_trades_at_night),
        cmocka_unit_test(a_jump_leaves_out_the_agents_and_tells_the_phases),
        cmocka_unit_test(a_jump_plays_the_tape),
        cmocka_unit_test(users_wait_in_line_by_price_and_time),
        cmocka_unit_test(old_orders_are_taken_from_the_initial_book),
        cmocka_unit_test(a_tape_of_one_message_leaves_its_symbol_to_the_tape),
        cmocka_unit_test(hidden_trades_and_halts_are_played),
        cmocka_unit_test(a_malformed_line_is_named),
        cmocka_unit_test(an_initial_book_that_is_none_is_refused),
        cmocka_unit_test(every_row_of_lobster_is_shown),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
