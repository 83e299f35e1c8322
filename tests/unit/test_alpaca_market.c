/* test_alpaca_market.c - the rules of alpaca.h for market data: exact bytes, exact numbers, lenient
 * reading. */
#include "alpaca_fixture.h"

static void test_a_trade_is_written_with_T_first_and_read_back(void **state) {
    fixture *f = *state;
    tw_trade trade = {0};
    trade.symbol = symbol(f, "AAPL");
    trade.time_ns = at("2021-02-22T15:51:44.208000001Z");
    trade.price.nano = nano("126.55");
    trade.quantity.nano = nano("0.000000001");
    trade.id = UINT64_MAX;
    trade.exchange = 'D';
    trade.tape = 'C';
    memcpy(trade.conditions, "@I", 2);
    tw_text_append_char(&f->text, '[');
    tw_alpaca_encode_stream_trade(&f->text, &trade, f->symbols);
    tw_text_append_char(&f->text, ']');
    assert_text(f, "[{\"T\":\"t\",\"S\":\"AAPL\",\"x\":\"D\",\"p\":126.55,\"s\":0.000000001,"
                   "\"c\":[\"@\",\"I\"],\"i\":18446744073709551615,\"z\":\"C\","
                   "\"t\":\"2021-02-22T15:51:44.208000001Z\"}]");
    seen s;
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.trade_count, 1);
    assert_memory_equal(&s.trades[0], &trade, sizeof trade);
}

static void test_a_quote_is_written_and_read_back(void **state) {
    fixture *f = *state;
    tw_quote quote = {0};
    quote.symbol = symbol(f, "AMD");
    quote.time_ns = at("2021-02-22T15:51:45.335689322Z");
    quote.bid_price.nano = nano("87.66");
    quote.bid_size.nano = nano("100");
    quote.ask_price.nano = nano("87.68");
    quote.ask_size.nano = 0;
    quote.bid_exchange = 'U';
    quote.ask_exchange = 'Q';
    quote.tape = 'C';
    quote.conditions[0] = 'R';
    tw_alpaca_encode_stream_quote(&f->text, &quote, f->symbols);
    assert_text(f, "{\"T\":\"q\",\"S\":\"AMD\",\"bx\":\"U\",\"bp\":87.66,\"bs\":100,\"ax\":\"Q\","
                   "\"ap\":87.68,\"as\":0,\"c\":[\"R\"],\"z\":\"C\","
                   "\"t\":\"2021-02-22T15:51:45.335689322Z\"}");
    seen s;
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_memory_equal(&s.quotes[0], &quote, sizeof quote);
    tw_text_clear(&f->text);
    tw_alpaca_encode_quote(&f->text, &quote);
    assert_text(f, "{\"t\":\"2021-02-22T15:51:45.335689322Z\",\"ax\":\"Q\",\"ap\":87.68,\"as\":0,"
                   "\"bx\":\"U\",\"bp\":87.66,\"bs\":100,\"c\":[\"R\"],\"z\":\"C\"}");
}

static tw_bar a_bar(fixture *f, const char *name, const char *time) {
    tw_bar bar = {0};
    bar.symbol = symbol(f, name);
    bar.time_ns = at(time);
    bar.timeframe_ns = TW_NS_PER_MINUTE;
    bar.open.nano = nano("388.985");
    bar.high.nano = nano("389.13");
    bar.low.nano = nano("388.975");
    bar.close.nano = nano("389.12");
    bar.volume.nano = nano("49378");
    bar.vwap.nano = nano("389.062639");
    bar.count = 461;
    return bar;
}

static void test_the_three_kinds_of_bar_keep_their_meaning(void **state) {
    fixture *f = *state;
    tw_bar bar = a_bar(f, "SPY", "2021-02-22T19:15:00Z");
    tw_text_append_char(&f->text, '[');
    tw_alpaca_encode_stream_bar(&f->text, &bar, TW_ALPACA_BAR_MINUTE, f->symbols);
    assert_string_equal(f->buffer + 1, "{\"T\":\"b\",\"S\":\"SPY\",\"o\":388.985,\"h\":389.13,"
                                       "\"l\":388.975,\"c\":389.12,\"v\":49378,\"n\":461,"
                                       "\"vw\":389.062639,\"t\":\"2021-02-22T19:15:00Z\"}");
    tw_text_append_char(&f->text, ',');
    tw_alpaca_encode_stream_bar(&f->text, &bar, TW_ALPACA_BAR_UPDATED, f->symbols);
    tw_text_append_char(&f->text, ',');
    tw_alpaca_encode_stream_bar(&f->text, &bar, TW_ALPACA_BAR_DAILY, f->symbols);
    tw_text_append_char(&f->text, ']');
    seen s;
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.bar_count, 3);
    assert_memory_equal(&s.bars[0], &bar, sizeof bar);
    assert_int_equal(s.bars[1].revision, 1);
    assert_int_equal(s.bars[1].timeframe_ns, TW_NS_PER_MINUTE);
    assert_int_equal(s.bars[2].revision, 0);
    assert_int_equal(s.bars[2].timeframe_ns, TW_NS_PER_DAY);
}

static void test_a_book_message_gives_levels_with_clear_and_last(void **state) {
    fixture *f = *state;
    tw_level levels[3] = {{0}, {0}, {0}};
    for (int i = 0; i < 3; i++) {
        levels[i].symbol = symbol(f, "BTC/USD");
        levels[i].time_ns = at("2024-01-02T03:04:05Z");
        levels[i].price.nano = nano("65128.1") + i * TW_NANO;
        levels[i].quantity.nano = i == 1 ? 0 : nano("1.6542");
        levels[i].side = i < 2 ? TW_SIDE_BUY : TW_SIDE_SELL;
    }
    levels[0].clear = 1;
    levels[2].last = 1;
    tw_alpaca_encode_stream_book(&f->text, levels, 3, f->symbols);
    assert_text(f, "{\"T\":\"o\",\"S\":\"BTC/USD\",\"t\":\"2024-01-02T03:04:05Z\","
                   "\"b\":[{\"p\":65128.1,\"s\":1.6542},{\"p\":65129.1,\"s\":0}],"
                   "\"a\":[{\"p\":65130.1,\"s\":1.6542}],\"r\":true}");
    seen s;
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.level_count, 3);
    assert_memory_equal(s.levels, levels, sizeof levels);
}

static void test_a_book_with_too_many_levels_is_refused_whole(void **state) {
    fixture *f = *state;
    seen s;
    const char *json = "[{\"T\":\"o\",\"S\":\"A\",\"b\":[{\"p\":1,\"s\":1},{\"p\":2,\"s\":1},"
                       "{\"p\":3,\"s\":1},{\"p\":4,\"s\":1},{\"p\":5,\"s\":1}],\"a\":[]},"
                       "{\"T\":\"t\",\"S\":\"A\",\"p\":1}]";
    assert_int_equal(stream(f, json, &s), TW_OK);
    assert_int_equal(s.level_count, 0);
    assert_int_equal(s.bad_count, 1);
    assert_int_equal(s.bad_status, TW_FULL);
    assert_int_equal(s.trade_count, 1);
}

static void test_keys_may_come_in_any_order_and_numbers_as_strings(void **state) {
    fixture *f = *state;
    seen s;
    const char *json = "{\"p\":\"1.5e1\",\"unknown\":{\"deep\":[1,{\"x\":null}]},\"i\":\"7\","
                       "\"c\":\"@F\",\"s\":null,\"S\":\"A\",\"T\":\"t\",\"tks\":\"S\"}";
    assert_int_equal(stream(f, json, &s), TW_OK);
    assert_int_equal(s.trade_count, 1);
    assert_int_equal(s.trades[0].price.nano, nano("15"));
    assert_int_equal(s.trades[0].id, 7);
    assert_int_equal(s.trades[0].quantity.nano, 0);
    assert_int_equal(s.trades[0].side, TW_SIDE_SELL);
    assert_memory_equal(s.trades[0].conditions, "@F\0\0\0", 5);
}

static void test_one_message_that_makes_no_sense_does_not_stop_the_frame(void **state) {
    fixture *f = *state;
    seen s;
    const char *json = "[{\"T\":\"t\",\"S\":\"A\",\"t\":\"no time\"},{\"T\":\"t\",\"S\":\"A b\"},"
                       "{\"T\":\"n\",\"id\":1},{\"T\":\"t\",\"S\":\"A\",\"p\":1e30},"
                       "{\"T\":\"t\",\"S\":\"A\",\"p\":2}]";
    assert_int_equal(stream(f, json, &s), TW_OK);
    assert_int_equal(s.bad_count, 3);
    assert_int_equal(s.bad_status, TW_RANGE);
    assert_int_equal(s.other_count, 1);
    assert_int_equal(s.trade_count, 1);
    tw_alpaca_events events = events_into(&s);
    events.on_bad = NULL;
    tw_error error = {0};
    assert_int_equal(tw_alpaca_decode_stream(f->reader, tw_slice_of(json), &events, &error),
                     TW_PARSE);
    assert_non_null(strstr(error.message, "field \"t\" is not a time"));
    assert_int_equal(s.trade_count, 0);
}

static void test_control_messages_are_told_apart(void **state) {
    fixture *f = *state;
    seen s;
    tw_alpaca_encode_stream_success(&f->text, "connected");
    assert_text(f, "[{\"T\":\"success\",\"msg\":\"connected\"}]");
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.controls[0].kind, TW_ALPACA_CONTROL_CONNECTED);
    tw_text_clear(&f->text);
    tw_alpaca_encode_stream_success(&f->text, "authenticated");
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.controls[0].kind, TW_ALPACA_CONTROL_AUTHENTICATED);
    tw_text_clear(&f->text);
    tw_alpaca_encode_stream_error(&f->text, 406, "connection limit exceeded");
    assert_text(f, "[{\"T\":\"error\",\"code\":406,\"msg\":\"connection limit exceeded\"}]");
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.controls[0].kind, TW_ALPACA_CONTROL_ERROR);
    assert_int_equal(s.controls[0].code, 406);
    assert_string_equal(s.controls[0].message, "connection limit exceeded");
    assert_true(tw_alpaca_stream_error_is_final(402));
    assert_false(tw_alpaca_stream_error_is_final(406));
}

static void test_a_subscription_is_counted_a_channel(void **state) {
    fixture *f = *state;
    static const char *const trades[] = {"AAPL", "MSFT"};
    static const char *const bars[] = {"*"};
    const char *const *names[TW_ALPACA_CHANNEL_COUNT] = {trades, NULL, bars};
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT] = {2, 0, 1};
    tw_alpaca_encode_stream_subscription(&f->text, names, counts);
    assert_text(f, "[{\"T\":\"subscription\",\"trades\":[\"AAPL\",\"MSFT\"],\"quotes\":[],"
                   "\"bars\":[\"*\"],\"updatedBars\":[],\"dailyBars\":[],\"statuses\":[],"
                   "\"lulds\":[],\"imbalances\":[],\"orderbooks\":[],\"news\":[],"
                   "\"corrections\":[\"AAPL\",\"MSFT\"],\"cancelErrors\":[\"AAPL\",\"MSFT\"]}]");
    seen s;
    assert_int_equal(stream(f, f->buffer, &s), TW_OK);
    assert_int_equal(s.controls[0].kind, TW_ALPACA_CONTROL_SUBSCRIPTION);
    assert_memory_equal(s.controls[0].counts, counts, sizeof counts);
}

static void test_a_page_of_bars_is_grouped_by_symbol_and_read_back(void **state) {
    fixture *f = *state;
    tw_bar bars[3] = {a_bar(f, "AAPL", "2022-01-03T09:00:00Z"),
                      a_bar(f, "AAPL", "2022-01-03T09:01:00Z"),
                      a_bar(f, "MSFT", "2022-01-03T09:00:00Z")};
    tw_alpaca_encode_bars_page(&f->text, bars, 3, f->symbols, "QUFQ==");
    assert_text(f, "{\"bars\":{\"AAPL\":["
                   "{\"t\":\"2022-01-03T09:00:00Z\",\"o\":388.985,\"h\":389.13,\"l\":388.975,"
                   "\"c\":389.12,\"v\":49378,\"n\":461,\"vw\":389.062639},"
                   "{\"t\":\"2022-01-03T09:01:00Z\",\"o\":388.985,\"h\":389.13,\"l\":388.975,"
                   "\"c\":389.12,\"v\":49378,\"n\":461,\"vw\":389.062639}],\"MSFT\":["
                   "{\"t\":\"2022-01-03T09:00:00Z\",\"o\":388.985,\"h\":389.13,\"l\":388.975,"
                   "\"c\":389.12,\"v\":49378,\"n\":461,\"vw\":389.062639}]},"
                   "\"next_page_token\":\"QUFQ==\"}");
    seen s;
    char token[TW_ALPACA_TOKEN_SIZE];
    tw_alpaca_events events = events_into(&s);
    tw_alpaca_page_options options = {TW_NS_PER_MINUTE, TW_SYMBOL_NONE};
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_text_slice(&f->text), &options, &events, token, NULL),
        TW_OK);
    assert_int_equal(s.bar_count, 3);
    assert_memory_equal(s.bars, bars, sizeof bars);
    assert_string_equal(token, "QUFQ==");
    tw_text_clear(&f->text);
    tw_alpaca_encode_bars_page(&f->text, NULL, 0, f->symbols, NULL);
    assert_text(f, "{\"bars\":{},\"next_page_token\":null}");
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_text_slice(&f->text), &options, &events, token, NULL),
        TW_OK);
    assert_string_equal(token, "");
}

static void test_latest_values_are_written_and_read_back(void **state) {
    fixture *f = *state;
    tw_quote quotes[2] = {{0}, {0}};
    quotes[0].symbol = symbol(f, "AAPL");
    quotes[0].bid_price.nano = nano("1.5");
    quotes[1].symbol = symbol(f, "MSFT");
    quotes[1].ask_size.nano = nano("300");
    tw_alpaca_encode_latest_quotes(&f->text, quotes, 2, f->symbols);
    seen s;
    tw_alpaca_events events = events_into(&s);
    tw_alpaca_page_options options = {0, TW_SYMBOL_NONE};
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_text_slice(&f->text), &options, &events, NULL, NULL),
        TW_OK);
    assert_int_equal(s.quote_count, 2);
    assert_memory_equal(s.quotes, quotes, sizeof quotes);

    tw_trade trade = {0};
    trade.symbol = symbol(f, "AAPL");
    trade.price.nano = nano("2");
    tw_bar bar = a_bar(f, "AAPL", "2022-01-03T09:00:00Z");
    bar.timeframe_ns = 0;
    tw_text_clear(&f->text);
    tw_alpaca_encode_latest_trades(&f->text, &trade, 1, f->symbols);
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_text_slice(&f->text), &options, &events, NULL, NULL),
        TW_OK);
    assert_memory_equal(&s.trades[0], &trade, sizeof trade);
    tw_text_clear(&f->text);
    tw_alpaca_encode_latest_bars(&f->text, &bar, 1, f->symbols);
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_text_slice(&f->text), &options, &events, NULL, NULL),
        TW_OK);
    assert_memory_equal(&s.bars[0], &bar, sizeof bar);
}

static void test_single_symbol_answers_take_the_symbol_that_was_asked_for(void **state) {
    fixture *f = *state;
    seen s;
    tw_alpaca_events events = events_into(&s);
    tw_alpaca_page_options options = {TW_NS_PER_DAY, symbol(f, "TSLA")};
    const char *json = "{\"bars\":[{\"t\":\"2022-01-03T05:00:00Z\",\"c\":1}],\"symbol\":\"TSLA\","
                       "\"next_page_token\":null}";
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_slice_of(json), &options, &events, NULL, NULL), TW_OK);
    assert_int_equal(s.bars[0].symbol, options.symbol);
    assert_int_equal(s.bars[0].timeframe_ns, TW_NS_PER_DAY);
    json = "{\"symbol\":\"TSLA\",\"quote\":{\"bp\":1}}";
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_slice_of(json), &options, &events, NULL, NULL), TW_OK);
    assert_int_equal(s.quote_count, 1);
    json = "{\"bars\":null,\"symbol\":\"TSLA\"}";
    assert_int_equal(
        tw_alpaca_decode_page(f->reader, tw_slice_of(json), &options, &events, NULL, NULL), TW_OK);
    assert_int_equal(s.bar_count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_a_trade_is_written_with_T_first_and_read_back),
        CASE(test_a_quote_is_written_and_read_back),
        CASE(test_the_three_kinds_of_bar_keep_their_meaning),
        CASE(test_a_book_message_gives_levels_with_clear_and_last),
        CASE(test_a_book_with_too_many_levels_is_refused_whole),
        CASE(test_keys_may_come_in_any_order_and_numbers_as_strings),
        CASE(test_one_message_that_makes_no_sense_does_not_stop_the_frame),
        CASE(test_control_messages_are_told_apart),
        CASE(test_a_subscription_is_counted_a_channel),
        CASE(test_a_page_of_bars_is_grouped_by_symbol_and_read_back),
        CASE(test_latest_values_are_written_and_read_back),
        CASE(test_single_symbol_answers_take_the_symbol_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
