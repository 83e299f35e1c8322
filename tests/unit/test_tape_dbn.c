/*
 * test_tape_dbn.c - Databento's records through a tape: what each of them gives, which call reads
 * it, and how instruments get their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dbn_file.h"
#include "dbn_model.h"

/* ---- events ---- */

static tw_order_event only_event(test_file *file, dbn_mbo_plan plan) {
    dbn_put_mbo(begin(file, 3, TW_DBN_SCHEMA_MBO), plan);
    tw_tape *tape = open_file(file);
    tw_order_event event;
    tw_error error = {0};
    if (tw_tape_next_event(tape, &event, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tw_tape_next_event(tape, &event, &error), TW_EMPTY);
    tw_tape_close(tape);
    return event;
}

static void test_what_each_action_gives(void **state) {
    static const struct {
        char action;
        uint8_t kind;
        uint8_t detail;
    } actions[] = {{'A', TW_EVENT_ADD, 0},     {'C', TW_EVENT_REDUCE, 0},
                   {'M', TW_EVENT_MODIFY, 0},  {'T', TW_EVENT_OTHER, 'T'},
                   {'F', TW_EVENT_OTHER, 'F'}, {'N', TW_EVENT_OTHER, 'N'}};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        tw_order_event event = only_event(*state, order(actions[i].action));
        const tw_order_event expected = {.time_ns = (int64_t)DAY,
                                         .id = 7,
                                         .price.nano = PRICE,
                                         .quantity.nano = 3 * TW_NANO,
                                         .kind = actions[i].kind,
                                         .side = TW_SIDE_BUY,
                                         .detail = actions[i].detail};
        assert_memory_equal(&event, &expected, sizeof event);
    }
}

static void test_a_clear_is_nothing_but_a_clear(void **state) {
    dbn_mbo_plan plan = order('R');
    plan.price = TW_DBN_UNDEFINED_PRICE;
    plan.side = 'N';
    tw_order_event event = only_event(*state, plan);
    const tw_order_event expected = {.time_ns = (int64_t)DAY, .kind = TW_EVENT_CLEAR};
    assert_memory_equal(&event, &expected, sizeof event);
}

static void test_flags_become_ours(void **state) {
    dbn_mbo_plan plan = order('A');
    plan.flags = TW_DBN_FLAG_LAST;
    assert_int_equal(only_event(*state, plan).flags, TW_EVENT_LAST);
    plan.flags = TW_DBN_FLAG_SNAPSHOT | TW_DBN_FLAG_BAD_RECEIVED;
    assert_int_equal(only_event(*state, plan).flags, TW_EVENT_SNAPSHOT);
    plan.flags = TW_DBN_FLAG_SNAPSHOT | TW_DBN_FLAG_LAST;
    assert_int_equal(only_event(*state, plan).flags, TW_EVENT_SNAPSHOT | TW_EVENT_LAST);
    plan.flags = 0x0e;
    assert_int_equal(only_event(*state, plan).flags, 0);
}

static void test_what_is_no_order_does_not_enter_a_book_by_order(void **state) {
    static const uint8_t flags[] = {TW_DBN_FLAG_TOP, TW_DBN_FLAG_LEVEL};
    for (size_t i = 0; i < 2; i++) {
        for (const char *action = "ACM"; *action != '\0'; action++) {
            dbn_mbo_plan plan = order(*action);
            plan.flags = flags[i];
            plan.order_id = 0;
            plan.price = TW_DBN_UNDEFINED_PRICE;
            plan.size = TW_DBN_UNDEFINED_SIZE;
            tw_order_event event = only_event(*state, plan);
            assert_int_equal(event.kind, TW_EVENT_OTHER);
            assert_int_equal(event.detail, *action);
            assert_int_equal(event.price.nano, 0);
            assert_int_equal(event.quantity.nano, 0);
        }
        dbn_mbo_plan plan = order('R');
        plan.flags = flags[i];
        assert_int_equal(only_event(*state, plan).kind, TW_EVENT_CLEAR);
    }
}

static void test_sides_prices_and_sizes_at_their_ends(void **state) {
    dbn_mbo_plan plan = order('A');
    plan.side = 'A';
    assert_int_equal(only_event(*state, plan).side, TW_SIDE_SELL);
    plan.price = -3;
    assert_int_equal(only_event(*state, plan).price.nano, -3);
    plan.size = UINT32_MAX - 1;
    assert_true(only_event(*state, plan).quantity.nano == INT64_C(4294967294) * TW_NANO);
    plan = order('F');
    plan.side = 'N';
    plan.price = TW_DBN_UNDEFINED_PRICE;
    plan.size = TW_DBN_UNDEFINED_SIZE;
    tw_order_event event = only_event(*state, plan);
    assert_int_equal(event.side, TW_SIDE_NONE);
    assert_int_equal(event.price.nano, 0);
    assert_int_equal(event.quantity.nano, 0);
    plan = order('C');
    plan.side = 'N';
    plan.price = TW_DBN_UNDEFINED_PRICE;
    assert_int_equal(only_event(*state, plan).kind, TW_EVENT_REDUCE);
}

static void test_time_is_when_it_was_received_or_else_when_it_happened(void **state) {
    test_file *file = *state;
    dbn_put_mbo(begin(file, 3, TW_DBN_SCHEMA_MBO), order('A'));
    dbn_put_mbo(&file->bytes, order('A'));
    dbn_put_mbo(&file->bytes, order('A'));
    dbn_put_mbo(&file->bytes, order('A'));
    uint8_t *last = file->bytes.data + file->bytes.size - 4 * 56;
    memset(last + 56 + 40, 0xff, 8);    /* ts_recv undefined */
    memset(last + 2 * 56 + 8, 0xff, 8); /* both undefined */
    memset(last + 2 * 56 + 40, 0xff, 8);
    last[3 * 56 + 47] = 0x80; /* after 2262 */
    tw_tape *tape = open_file(file);
    tw_order_event event;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    assert_true(event.time_ns == (int64_t)DAY);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    assert_true(event.time_ns == (int64_t)DAY - 1000);
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    assert_true(event.time_ns == 0);
    assert_int_equal(tw_tape_next_event(tape, &event, &error), TW_RANGE);
    assert_says(&error, "2262");
    tw_tape_close(tape);
}

static void test_a_change_that_lacks_something_is_named_and_passed(void **state) {
    test_file *file = *state;
    dbn_mbo_plan plans[7];
    for (int i = 0; i < 7; i++)
        plans[i] = order(i == 1 ? 'C' : i == 2 ? 'M' : 'A');
    plans[0].order_id = 0;
    plans[1].size = 0;
    plans[2].size = TW_DBN_UNDEFINED_SIZE;
    plans[3].price = TW_DBN_UNDEFINED_PRICE;
    plans[4].side = 'N';
    plans[5].action = 'x';
    plans[6].side = 'x';
    static const char *const said[] = {
        "found id 0", "size, found 0", "size, found none", "price, found none", "side, found none",
        "0x78",       "0x78"};
    begin(file, 2, TW_DBN_SCHEMA_MBO);
    size_t first = file->bytes.size;
    for (int i = 0; i < 7; i++)
        dbn_put_mbo(&file->bytes, plans[i]);
    dbn_put_mbo(&file->bytes, order('A'));
    tw_tape *tape = open_file(file);
    tw_order_event event;
    for (int i = 0; i < 7; i++) {
        tw_error error = {0};
        char place[32];
        assert_int_equal(tw_tape_next_event(tape, &event, &error), i < 5 ? TW_RANGE : TW_PARSE);
        assert_says(&error, said[i]);
        snprintf(place, sizeof place, "byte %zu: ", first + 56 * (size_t)i);
        assert_says(&error, place);
        assert_int_equal(tw_tape_tell(tape).line, i + 1);
        tw_slice line = tw_tape_line(tape);
        assert_int_equal(line.size, 56);
        assert_memory_equal(line.data, file->bytes.data + first + 56 * (size_t)i, 56);
    }
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_OK);
    tw_tape_close(tape);
}

/* ---- trades, quotes, depth, bars ---- */

static void test_trades_are_read_exactly(void **state) {
    test_file *file = *state;
    dbn_mbp_plan plan = {.received_ns = DAY,
                         .price = PRICE,
                         .size = 5,
                         .type = TW_DBN_MBP_0,
                         .action = 'T',
                         .side = 'A'};
    dbn_put_mbp(begin(file, 1, TW_DBN_SCHEMA_TRADES), plan);
    plan.side = 'N';
    dbn_put_mbp(&file->bytes, plan);
    plan.action = 'A';
    dbn_put_mbp(&file->bytes, plan);
    plan.action = 'T';
    plan.price = TW_DBN_UNDEFINED_PRICE;
    dbn_put_mbp(&file->bytes, plan);
    plan.price = PRICE;
    plan.size = 0;
    dbn_put_mbp(&file->bytes, plan);
    tw_tape *tape = open_file(file);
    assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_TRADES);
    tw_trade trades[8];
    size_t count = 0;
    assert_int_equal(tw_tape_next_trades(tape, trades, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    const tw_trade expected = {.time_ns = (int64_t)DAY,
                               .price.nano = PRICE,
                               .quantity.nano = 5 * TW_NANO,
                               .side = TW_SIDE_SELL};
    assert_memory_equal(&trades[0], &expected, sizeof expected);
    assert_int_equal(trades[1].side, TW_SIDE_NONE);
    assert_int_equal(tw_tape_next_trade(tape, trades, NULL), TW_PARSE);
    assert_int_equal(tw_tape_next_trade(tape, trades, NULL), TW_RANGE);
    assert_int_equal(tw_tape_next_trade(tape, trades, NULL), TW_RANGE);
    assert_int_equal(tw_tape_next_trade(tape, trades, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_quotes_of_every_schema_are_read_exactly(void **state) {
    static const struct {
        uint16_t schema;
        uint8_t type;
        bool trades;
    } kinds[] = {{TW_DBN_SCHEMA_MBP_1, TW_DBN_MBP_1, false},
                 {TW_DBN_SCHEMA_TBBO, TW_DBN_MBP_1, true},
                 {TW_DBN_SCHEMA_BBO_1S, TW_DBN_BBO_1S, false},
                 {TW_DBN_SCHEMA_BBO_1M, TW_DBN_BBO_1M, false},
                 {TW_DBN_SCHEMA_CMBP_1, TW_DBN_CMBP_1, false},
                 {TW_DBN_SCHEMA_TCBBO, TW_DBN_TCBBO, true},
                 {TW_DBN_SCHEMA_CBBO_1S, TW_DBN_CBBO_1S, false},
                 {TW_DBN_SCHEMA_CBBO_1M, TW_DBN_CBBO_1M, false}};
    test_file *file = *state;
    const dbn_level_plan level = {PRICE, PRICE + 1, 4, 5};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        dbn_mbp_plan plan = {.received_ns = DAY,
                             .price = PRICE,
                             .size = 6,
                             .levels = &level,
                             .level_count = 1,
                             .type = kinds[i].type,
                             .action = 'T',
                             .side = 'B'};
        dbn_put_mbp(begin(file, 3, kinds[i].schema), plan);
        dbn_put_mbp(&file->bytes, plan);
        tw_tape *tape = open_file(file);
        assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_QUOTES);
        tw_quote quote;
        tw_trade trade;
        size_t count = 0;
        assert_int_equal(tw_tape_next_quotes(tape, &quote, 1, &count, NULL), TW_OK);
        const tw_quote expected = {.time_ns = (int64_t)DAY,
                                   .bid_price.nano = PRICE,
                                   .ask_price.nano = PRICE + 1,
                                   .bid_size.nano = 4 * TW_NANO,
                                   .ask_size.nano = 5 * TW_NANO};
        assert_memory_equal(&quote, &expected, sizeof expected);
        assert_int_equal(tw_tape_next_trade(tape, &trade, NULL),
                         kinds[i].trades ? TW_OK : TW_STATE);
        tw_tape_close(tape);
    }
}

static void test_a_side_without_price_or_size_is_empty(void **state) {
    test_file *file = *state;
    const dbn_level_plan levels[] = {{TW_DBN_UNDEFINED_PRICE, PRICE, 4, 5},
                                     {PRICE, PRICE, 0, 5},
                                     {PRICE, PRICE, TW_DBN_UNDEFINED_SIZE, 5},
                                     {PRICE, TW_DBN_UNDEFINED_PRICE, 4, 0}};
    begin(file, 3, TW_DBN_SCHEMA_MBP_1);
    for (int i = 0; i < 4; i++)
        dbn_put_mbp(&file->bytes, (dbn_mbp_plan){.received_ns = DAY,
                                                 .levels = &levels[i],
                                                 .level_count = 1,
                                                 .type = TW_DBN_MBP_1,
                                                 .action = 'A',
                                                 .side = 'N'});
    tw_tape *tape = open_file(file);
    tw_quote quotes[4];
    size_t count = 0;
    assert_int_equal(tw_tape_next_quotes(tape, quotes, 4, &count, NULL), TW_OK);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) {
        bool bid = i == 3;
        assert_int_equal(quotes[i].bid_price.nano, bid ? PRICE : 0);
        assert_int_equal(quotes[i].bid_size.nano, bid ? 4 * TW_NANO : 0);
        assert_int_equal(quotes[i].ask_price.nano, bid ? 0 : PRICE);
        assert_int_equal(quotes[i].ask_size.nano, bid ? 0 : 5 * TW_NANO);
    }
    tw_tape_close(tape);
}

/* Ten levels; places `from` and up of both sides are empty. */
static void fill_levels(dbn_level_plan levels[10], int from) {
    for (int i = 0; i < 10; i++)
        levels[i] = i < from
                        ? (dbn_level_plan){PRICE - i, PRICE + 1 + i, 1, 2}
                        : (dbn_level_plan){TW_DBN_UNDEFINED_PRICE, TW_DBN_UNDEFINED_PRICE, 0, 0};
}

static void put_depth(dbn_bytes *bytes, const dbn_level_plan levels[10], uint8_t flags) {
    dbn_put_mbp(bytes, (dbn_mbp_plan){.received_ns = DAY,
                                      .levels = levels,
                                      .level_count = 10,
                                      .type = TW_DBN_MBP_10,
                                      .flags = flags,
                                      .action = 'A',
                                      .side = 'B'});
}

static void test_depth_is_a_whole_snapshot_without_empty_places(void **state) {
    test_file *file = *state;
    dbn_level_plan levels[10];
    fill_levels(levels, 3);
    put_depth(begin(file, 3, TW_DBN_SCHEMA_MBP_10), levels, TW_DBN_FLAG_LAST);
    fill_levels(levels, 0);
    put_depth(&file->bytes, levels, 0);
    fill_levels(levels, 10);
    put_depth(&file->bytes, levels, 0);
    tw_tape *tape = open_file(file);
    assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_DEPTH);
    tw_depth_update update;
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_true(update.time_ns == (int64_t)DAY);
    assert_int_equal(update.snapshot, 1);
    assert_int_equal(update.depth_max, 10);
    assert_int_equal(update.level_count, 6);
    for (size_t i = 0; i < 6; i++) {
        bool bid = i < 3;
        const tw_level expected = {.time_ns = (int64_t)DAY,
                                   .price.nano = bid ? PRICE - (int64_t)i : PRICE - 2 + (int64_t)i,
                                   .quantity.nano = (bid ? 1 : 2) * TW_NANO,
                                   .side = bid ? TW_SIDE_BUY : TW_SIDE_SELL,
                                   .clear = i == 0,
                                   .last = i == 5};
        assert_memory_equal(&update.levels[i], &expected, sizeof expected);
    }
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_int_equal(update.level_count, 0);
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_int_equal(update.level_count, 20);
    assert_int_equal(update.levels[19].last, 0);
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_levels_of_a_depth_are_of_its_symbol(void **state) {
    test_file *file = *state;
    dbn_level_plan levels[10];
    tw_symbol other = 0;
    fill_levels(levels, 2);
    put_depth(begin(file, 3, TW_DBN_SCHEMA_MBP_10), levels, TW_DBN_FLAG_LAST);
    assert_int_equal(tw_symbols_intern(file->symbols, tw_slice_of("OTHER"), &other), TW_OK);
    tw_tape *tape = open_file(file);
    tw_depth_update update;
    assert_int_equal(tw_tape_next_depth(tape, &update, NULL), TW_OK);
    assert_int_not_equal(update.symbol, other);
    assert_int_equal(update.level_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(update.levels[i].symbol, update.symbol);
    tw_tape_close(tape);
}

static void test_depth_out_of_order_is_refused(void **state) {
    test_file *file = *state;
    dbn_level_plan levels[10];
    fill_levels(levels, 10);
    levels[4].bid_price = levels[3].bid_price;
    put_depth(begin(file, 3, TW_DBN_SCHEMA_MBP_10), levels, 0);
    fill_levels(levels, 10);
    levels[9].ask_price = levels[0].ask_price;
    put_depth(&file->bytes, levels, 0);
    fill_levels(levels, 10);
    put_depth(&file->bytes, levels, 0);
    tw_tape *tape = open_file(file);
    tw_depth_update update;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_depth(tape, &update, &error), TW_RANGE);
    assert_says(&error, "bid prices");
    assert_int_equal(tw_tape_next_depth(tape, &update, &error), TW_RANGE);
    assert_says(&error, "ask prices");
    assert_int_equal(tw_tape_next_depth(tape, &update, &error), TW_OK);
    tw_tape_close(tape);
}

static void test_bars_of_every_schema_have_its_timeframe(void **state) {
    static const struct {
        uint16_t schema;
        uint8_t type;
        int64_t timeframe_ns;
    } kinds[] = {{TW_DBN_SCHEMA_OHLCV_1S, TW_DBN_OHLCV_1S, TW_NS_PER_SECOND},
                 {TW_DBN_SCHEMA_OHLCV_1M, TW_DBN_OHLCV_1M, TW_NS_PER_MINUTE},
                 {TW_DBN_SCHEMA_OHLCV_1H, TW_DBN_OHLCV_1H, TW_NS_PER_HOUR},
                 {TW_DBN_SCHEMA_OHLCV_1D, TW_DBN_OHLCV_1D, TW_NS_PER_DAY},
                 {TW_DBN_SCHEMA_OHLCV_EOD, TW_DBN_OHLCV_EOD, TW_NS_PER_DAY},
                 {TW_DBN_SCHEMA_OHLCV_1M, TW_DBN_OHLCV, TW_NS_PER_MINUTE},
                 {TW_DBN_SCHEMA_OHLCV_EOD, TW_DBN_OHLCV, TW_NS_PER_DAY}};
    test_file *file = *state;
    const int64_t prices[4] = {5, 9, -1, 0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        dbn_put_ohlcv(begin(file, 2, kinds[i].schema), kinds[i].type, DAY, prices, 12);
        tw_tape *tape = open_file(file);
        assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_BARS);
        tw_bar bar;
        assert_int_equal(tw_tape_next_bar(tape, &bar, NULL), TW_OK);
        const tw_bar expected = {.time_ns = (int64_t)DAY,
                                 .timeframe_ns = kinds[i].timeframe_ns,
                                 .open.nano = 5,
                                 .high.nano = 9,
                                 .low.nano = -1,
                                 .close.nano = 0,
                                 .volume.nano = 12 * TW_NANO};
        assert_memory_equal(&bar, &expected, sizeof bar);
        tw_tape_close(tape);
    }
}

static void test_a_bar_that_cannot_be_is_refused(void **state) {
    test_file *file = *state;
    static const int64_t prices[5][4] = {{5, 4, 1, 3},
                                         {5, 9, 6, 7},
                                         {5, 9, 1, 10},
                                         {TW_DBN_UNDEFINED_PRICE, TW_DBN_UNDEFINED_PRICE, 1, 3},
                                         {5, 9, 1, 3}};
    begin(file, 2, TW_DBN_SCHEMA_OHLCV_1S);
    for (int i = 0; i < 5; i++)
        dbn_put_ohlcv(&file->bytes, TW_DBN_OHLCV_1S, DAY, prices[i],
                      i == 4 ? UINT64_C(9223372037) : 1);
    dbn_put_ohlcv(&file->bytes, TW_DBN_OHLCV_1S, DAY, prices[4], UINT64_C(9223372036));
    tw_tape *tape = open_file(file);
    tw_bar bars[8];
    size_t count = 0;
    for (int i = 0; i < 5; i++)
        assert_int_equal(tw_tape_next_bars(tape, bars, 8, &count, NULL), TW_RANGE);
    assert_int_equal(tw_tape_next_bars(tape, bars, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 1);
    tw_tape_close(tape);
}

/* ---- which call ---- */

static void test_a_call_that_does_not_fit_the_file_is_told_the_one_that_does(void **state) {
    test_file *file = *state;
    dbn_put_mbo(begin(file, 1, TW_DBN_SCHEMA_MBO), order('A'));
    tw_tape *tape = open_file(file);
    tw_trade trade;
    tw_quote quote;
    tw_bar bar;
    tw_depth_update update;
    tw_order_event event;
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_trade(tape, &trade, &error), TW_STATE);
    assert_says(&error, "holds events; they are read with tw_tape_next_events");
    assert_int_equal(tw_tape_next_trades(tape, &trade, 1, &count, &error), TW_STATE);
    assert_int_equal(tw_tape_next_quotes(tape, &quote, 1, &count, &error), TW_STATE);
    assert_int_equal(tw_tape_next_bar(tape, &bar, &error), TW_STATE);
    assert_int_equal(tw_tape_next_depth(tape, &update, &error), TW_STATE);
    assert_int_equal(tw_tape_next_event(tape, &event, &error), TW_OK); /* nothing was lost */
    tw_tape_close(tape);

    dbn_put_definition(begin(file, 1, TW_DBN_SCHEMA_DEFINITION), 1);
    tape = open_file(file);
    assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_RECORDS);
    assert_int_equal(tw_tape_next_event(tape, &event, &error), TW_STATE);
    assert_says(&error, "tw_tape_next_record");
    tw_tape_close(tape);
}

static void test_raw_records_are_whole_whatever_they_are(void **state) {
    test_file *file = *state;
    for (uint8_t version = 1; version <= 3; version++) {
        begin(file, version, TW_DBN_SCHEMA_DEFINITION);
        size_t at = file->bytes.size;
        dbn_put_definition(&file->bytes, version);
        dbn_put_header(&file->bytes, 0xee, 20, 1, 1); /* of a type that is not known */
        dbn_put_number(&file->bytes, 99, 4);
        dbn_put_notice(&file->bytes, version, TW_DBN_ERROR, "slow");
        dbn_put_header(&file->bytes, TW_DBN_DEFINITION, 356, 1, 1); /* too short in all versions */
        dbn_put_zeros(&file->bytes, 340);
        tw_tape *tape = open_file(file);
        const size_t sizes[] = {tw_dbn_size_of(version, TW_DBN_DEFINITION), 20,
                                tw_dbn_size_of(version, TW_DBN_ERROR)};
        for (int i = 0; i < 3; i++) {
            tw_slice record;
            assert_int_equal(tw_tape_next_record(tape, &record, NULL), TW_OK);
            assert_int_equal(record.size, sizes[i]);
            assert_memory_equal(record.data, file->bytes.data + at, sizes[i]);
            at += sizes[i];
            assert_int_equal(tw_tape_tell(tape).next.offset, at);
        }
        tw_slice record;
        tw_error error = {0};
        for (int i = 0; i < 2; i++) {
            assert_int_equal(tw_tape_next_record(tape, &record, &error), TW_CORRUPT);
            assert_says(&error, "type 0x13");
            assert_int_equal(tw_tape_tell(tape).next.offset, at);
        }
        tw_tape_dbn_counts counts;
        tw_tape_dbn_counts_of(tape, &counts);
        assert_int_equal(counts.gateway_errors, 1);
        assert_int_equal(counts.passed_over, 0);
        tw_tape_close(tape);
    }
}

static void test_a_live_capture_gives_each_call_its_own(void **state) {
    test_file *file = *state;
    const dbn_level_plan level = {PRICE, PRICE + 1, 4, 5};
    const int64_t prices[4] = {5, 9, 1, 3};
    dbn_metadata_plan plan = {.version = 3,
                              .schema = TW_DBN_SCHEMA_MIXED,
                              .symbology_in = TW_DBN_SYMBOLOGY_MIXED,
                              .has_sent_ns = true};
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    dbn_put_mapping(&file->bytes, 3, 17077, "ES.FUT", "ESH4");
    for (int i = 0; i < 2; i++) {
        dbn_put_notice(&file->bytes, 3, TW_DBN_SYSTEM, "Heartbeat");
        dbn_put_mbo(&file->bytes, order('A'));
        dbn_put_mbp(&file->bytes, (dbn_mbp_plan){.received_ns = DAY,
                                                 .price = PRICE,
                                                 .size = 1,
                                                 .type = TW_DBN_MBP_0,
                                                 .action = 'T',
                                                 .side = 'B'});
        dbn_put_mbp(&file->bytes, (dbn_mbp_plan){.received_ns = DAY,
                                                 .levels = &level,
                                                 .level_count = 1,
                                                 .type = TW_DBN_MBP_1,
                                                 .flags = TW_DBN_FLAG_MAYBE_BAD_BOOK,
                                                 .action = 'A',
                                                 .side = 'B'});
        dbn_put_ohlcv(&file->bytes, TW_DBN_OHLCV_1M, DAY, prices, 1);
        dbn_put_notice(&file->bytes, 3, TW_DBN_ERROR, "slow");
    }
    for (int call = 0; call < DBN_MODEL_CALLS; call++) {
        dbn_model_row rows[4];
        size_t count = 0;
        tw_tape *tape = open_file(file);
        assert_int_equal(tw_tape_content_of(tape), TW_TAPE_CONTENT_MIXED);
        for (int i = 0; i < 2; i++) /* the error record between ends each batch */
            assert_int_equal(dbn_model_many(tape, (dbn_model_call)call, 4, rows, &count, NULL),
                             TW_OK);
        assert_int_equal(count, 1);
        assert_int_equal(dbn_model_many(tape, (dbn_model_call)call, 4, rows, &count, NULL),
                         TW_EMPTY);
        tw_tape_dbn_counts counts;
        tw_tape_dbn_counts_of(tape, &counts);
        assert_int_equal(counts.passed_over, 11);
        assert_int_equal(counts.gateway_errors, 2);
        assert_int_equal(counts.maybe_bad_book, call == DBN_MODEL_QUOTES ? 2 : 0);
        assert_int_equal(tw_tape_tell(tape).line, 13);
        tw_tape_close(tape);
        write_file(file, file->bytes.data, file->bytes.size);
        tw_tape_config config = config_of(file);
        assert_int_equal(dbn_model_run(&config, (dbn_model_call)call, 5), TW_EMPTY);
    }
    assert_int_equal(tw_symbols_count(file->symbols), 1);
    assert_string_equal(tw_symbols_name(file->symbols, 0), "ESH4");
}

/* ---- names ---- */

#define DAY_OF(n) (DAY + (uint64_t)(n) * (uint64_t)TW_NS_PER_DAY)

static void test_an_instrument_has_the_name_of_its_day(void **state) {
    static const dbn_interval_plan tesla[] = {{20231225, 20231227, "5"}, {20231228, 20231230, "6"}};
    static const dbn_interval_plan apple[] = {{20231227, 20231229, "5"}};
    static const dbn_interval_plan intel[] = {{20231226, 20231231, "5"}, {20231225, 20231226, ""}};
    const dbn_mapping_plan mappings[] = {
        {"TSLA", tesla, 2}, {"AAPL", apple, 1}, {"INTC", intel, 2}};
    test_file *file = *state;
    dbn_metadata_plan plan = plan_of(2, TW_DBN_SCHEMA_MBO);
    plan.mappings = mappings;
    plan.mapping_count = 3;
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    /* Of two names of one time the one that began last holds; behind it the older one again. */
    static const struct {
        uint32_t id;
        uint64_t time_ns;
        const char *name;
    } records[] = {
        {5, DAY_OF(0), "TSLA"},     {5, DAY_OF(1) - 1, "TSLA"}, {5, DAY_OF(1), "INTC"},
        {5, DAY_OF(2) - 1, "INTC"}, {5, DAY_OF(2), "AAPL"},     {6, DAY_OF(3), "TSLA"},
        {5, DAY_OF(3), "AAPL"},     {5, DAY_OF(4), "INTC"},     {5, DAY_OF(6) - 1, "INTC"},
        {5, DAY_OF(6), "5"},        {5, DAY_OF(0) - 1, "5"},    {5, DAY_OF(0), "TSLA"},
        {6, DAY_OF(0), "6"},        {7, DAY_OF(0), "7"},        {4294967295U, 1001, "4294967295"}};
    size_t count = sizeof records / sizeof records[0];
    for (size_t i = 0; i < count; i++)
        put_order_at(&file->bytes, records[i].id, records[i].time_ns);
    tw_tape *tape = open_file(file);
    assert_int_equal(tw_symbols_count(file->symbols), 0); /* names enter when they are met */
    for (size_t i = 0; i < count; i++)
        assert_string_equal(next_name(file, tape), records[i].name);
    tw_tape_dbn_counts counts;
    tw_tape_dbn_counts_of(tape, &counts);
    assert_int_equal(counts.unnamed, 5);
    tw_tape_close(tape);
}

static void test_a_name_may_hold_for_ever(void **state) {
    static const dbn_interval_plan ever[] = {{10000101, 99991231, "17077"}};
    const dbn_mapping_plan mapping = {"ESH4", ever, 1};
    test_file *file = *state;
    dbn_metadata_plan plan = plan_of(2, TW_DBN_SCHEMA_MBO);
    plan.mappings = &mapping;
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    put_order_at(&file->bytes, 17077, 1000);
    put_order_at(&file->bytes, 17077, (uint64_t)INT64_MAX - 1);
    tw_tape *tape = open_file(file);
    assert_string_equal(next_name(file, tape), "ESH4");
    assert_string_equal(next_name(file, tape), "ESH4");
    tw_tape_close(tape);
}

static void test_names_are_found_the_other_way_round_too(void **state) {
    static const dbn_interval_plan names[] = {{20231225, 20231226, "ESH4"}};
    const dbn_mapping_plan mappings[] = {{"17077", names, 1}};
    test_file *file = *state;
    dbn_metadata_plan plan = plan_of(1, TW_DBN_SCHEMA_MBO);
    plan.symbology_in = TW_DBN_INSTRUMENT_ID;
    plan.symbology_out = TW_DBN_RAW_SYMBOL;
    plan.mappings = mappings;
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    dbn_put_mbo(&file->bytes, order('A'));
    tw_tape *tape = open_file(file);
    assert_string_equal(next_name(file, tape), "ESH4");
    tw_tape_close(tape);

    plan.symbology_in = TW_DBN_PARENT; /* neither side is an instrument's number */
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    dbn_put_mbo(&file->bytes, order('A'));
    tape = open_file(file);
    assert_string_equal(next_name(file, tape), "17077");
    tw_tape_close(tape);
}

static void test_a_name_that_is_none_for_us_becomes_the_number(void **state) {
    static const char *const names[] = {"AAPL  240119C00150000",
                                        "A-NAME-OF-MORE-THAN-THIRTY-ONE-CHARACTERS", ""};
    test_file *file = *state;
    for (size_t i = 0; i < 3; i++) {
        const dbn_mapping_plan mapping = {names[i], whole_year, 1};
        dbn_metadata_plan plan = plan_of(2, TW_DBN_SCHEMA_MBO);
        plan.mappings = &mapping;
        file->bytes.size = 0;
        dbn_put_metadata(&file->bytes, &plan);
        dbn_put_mbo(&file->bytes, order('A'));
        tw_tape *tape = open_file(file);
        assert_string_equal(next_name(file, tape), "17077");
        tw_tape_close(tape);
    }
}

static void test_a_symbol_mapping_names_an_instrument_from_then_on(void **state) {
    test_file *file = *state;
    for (uint8_t version = 1; version <= 3; version++) {
        begin(file, version, TW_DBN_SCHEMA_MBO);
        dbn_put_mbo(&file->bytes, order('A'));
        dbn_put_mapping(&file->bytes, version, 17077, "ES.FUT", "ESM4");
        dbn_put_mbo(&file->bytes, order('A'));
        dbn_put_mapping(&file->bytes, version, 17077, "ES.c.0", "17077"); /* to the number itself */
        dbn_put_mbo(&file->bytes, order('A'));
        dbn_put_mapping(&file->bytes, version, 17077, "ESU4", "");
        dbn_put_mbo(&file->bytes, order('A'));
        tw_tape *tape = open_file(file);
        assert_string_equal(next_name(file, tape), "ESH4");
        assert_string_equal(next_name(file, tape), "ESM4");
        assert_string_equal(next_name(file, tape), "ES.c.0");
        assert_string_equal(next_name(file, tape), "ESU4");
        tw_tape_close(tape);
    }
}

static void test_records_of_others_are_passed_over(void **state) {
    test_file *file = *state;
    begin(file, 1, TW_DBN_SCHEMA_MBO);
    put_order_at(&file->bytes, 5, DAY);
    put_order_at(&file->bytes, 17077, DAY);
    put_order_at(&file->bytes, 6, DAY);
    put_order_at(&file->bytes, 17077, DAY);
    put_order_at(&file->bytes, 5, DAY);
    dbn_mbo_plan bad = order('A');
    bad.instrument = 5;
    bad.order_id = 0;
    dbn_put_mbo(&file->bytes, bad); /* not even looked at */
    write_file(file, file->bytes.data, file->bytes.size);
    tw_tape_config config = config_of(file);
    config.known_symbols_only = true;
    tw_symbol symbol = 0;
    assert_int_equal(tw_symbols_intern(file->symbols, tw_slice_of("ESH4"), &symbol), TW_OK);
    tw_tape *tape = NULL;
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    tw_order_event events[8];
    size_t count = 0;
    assert_int_equal(tw_tape_next_events(tape, events, 8, &count, NULL), TW_OK);
    assert_int_equal(count, 2);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_EMPTY);
    tw_tape_dbn_counts counts;
    tw_tape_dbn_counts_of(tape, &counts);
    assert_int_equal(counts.passed_over, 4);
    tw_tape_close(tape);
    assert_int_equal(tw_symbols_count(file->symbols), 1);

    /* What enters the table later, here by its number, is read from then on. */
    assert_int_equal(tw_tape_open(&config, &tape, NULL), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_OK);
    assert_int_equal(tw_symbols_intern(file->symbols, tw_slice_of("5"), &symbol), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_OK);
    assert_int_equal(events[0].symbol, symbol);
    tw_tape_close(tape);
    assert_int_equal(dbn_model_run(&config, DBN_MODEL_EVENTS, 3), TW_EMPTY);
}

static void test_a_bad_record_names_nothing(void **state) {
    test_file *file = *state;
    dbn_mbo_plan plan = order('A');
    plan.order_id = 0;
    dbn_put_mbo(begin(file, 1, TW_DBN_SCHEMA_MBO), plan);
    tw_tape *tape = open_file(file);
    tw_order_event event;
    assert_int_equal(tw_tape_next_event(tape, &event, NULL), TW_RANGE);
    assert_int_equal(tw_symbols_count(file->symbols), 0);
    tw_tape_close(tape);
}

static void test_a_full_table_is_told_for_each_record_it_has_no_room_for(void **state) {
    test_file *file = *state;
    begin(file, 1, TW_DBN_SCHEMA_MBO);
    for (uint32_t id = 1; id <= 10; id++)
        put_order_at(&file->bytes, id, DAY);
    put_order_at(&file->bytes, 1, DAY);
    tw_tape *tape = open_file(file);
    tw_order_event events[16];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_events(tape, events, 16, &count, NULL), TW_OK);
    assert_int_equal(count, 8);
    assert_int_equal(tw_tape_next_events(tape, events, 16, &count, &error), TW_FULL);
    assert_says(&error, "no room for 9");
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_FULL);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_OK);
    assert_int_equal(tw_tape_next_event(tape, events, NULL), TW_EMPTY);
    tw_tape_close(tape);
}

static void test_a_mapping_to_no_instrument_is_corrupt(void **state) {
    static const char *const numbers[] = {"ESH4", "4294967296", "-1", "1 "};
    test_file *file = *state;
    for (size_t i = 0; i < 4; i++) {
        const dbn_interval_plan interval = {20231225, 20231226, numbers[i]};
        const dbn_mapping_plan mapping = {"ESH4", &interval, 1};
        dbn_metadata_plan plan = plan_of(3, TW_DBN_SCHEMA_MBO);
        plan.mappings = &mapping;
        file->bytes.size = 0;
        dbn_put_metadata(&file->bytes, &plan);
        write_file(file, file->bytes.data, file->bytes.size);
        tw_tape_config config = config_of(file);
        tw_tape *tape = NULL;
        tw_error error = {0};
        assert_int_equal(tw_tape_open(&config, &tape, &error), TW_CORRUPT);
        assert_says(&error, "no instrument id");
        assert_null(tape);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_each_action_gives),
        TEST(test_a_clear_is_nothing_but_a_clear),
        TEST(test_flags_become_ours),
        TEST(test_what_is_no_order_does_not_enter_a_book_by_order),
        TEST(test_sides_prices_and_sizes_at_their_ends),
        TEST(test_time_is_when_it_was_received_or_else_when_it_happened),
        TEST(test_a_change_that_lacks_something_is_named_and_passed),
        TEST(test_trades_are_read_exactly),
        TEST(test_quotes_of_every_schema_are_read_exactly),
        TEST(test_a_side_without_price_or_size_is_empty),
        TEST(test_depth_is_a_whole_snapshot_without_empty_places),
        TEST(test_levels_of_a_depth_are_of_its_symbol),
        TEST(test_depth_out_of_order_is_refused),
        TEST(test_bars_of_every_schema_have_its_timeframe),
        TEST(test_a_bar_that_cannot_be_is_refused),
        TEST(test_a_call_that_does_not_fit_the_file_is_told_the_one_that_does),
        TEST(test_raw_records_are_whole_whatever_they_are),
        TEST(test_a_live_capture_gives_each_call_its_own),
        TEST(test_an_instrument_has_the_name_of_its_day),
        TEST(test_a_name_may_hold_for_ever),
        TEST(test_names_are_found_the_other_way_round_too),
        TEST(test_a_name_that_is_none_for_us_becomes_the_number),
        TEST(test_a_symbol_mapping_names_an_instrument_from_then_on),
        TEST(test_records_of_others_are_passed_over),
        TEST(test_a_bad_record_names_nothing),
        TEST(test_a_full_table_is_told_for_each_record_it_has_no_room_for),
        TEST(test_a_mapping_to_no_instrument_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
