/* test_alpaca_codec.c - the rules of alpaca.h: exact bytes, exact numbers, lenient reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/alpaca.h"

#define TEXT_SIZE 65536

typedef struct fixture {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char buffer[TEXT_SIZE];
    tw_text text;
} fixture;

static int set_up(void **state) {
    static fixture f;
    memset(&f, 0, sizeof f);
    if (tw_symbols_new(NULL, 64, &f.symbols) != TW_OK ||
        tw_alpaca_reader_new(NULL, TEXT_SIZE, 4, f.symbols, &f.reader) != TW_OK)
        return -1;
    f.text = tw_text_over(f.buffer, sizeof f.buffer);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    tw_alpaca_reader_free(f->reader);
    tw_symbols_free(f->symbols);
    return 0;
}

static tw_symbol symbol(fixture *f, const char *name) {
    tw_symbol index = TW_SYMBOL_NONE;
    assert_int_equal(tw_symbols_intern(f->symbols, tw_slice_of(name), &index), TW_OK);
    return index;
}

static int64_t nano(const char *text) {
    int64_t value = 0;
    assert_int_equal(tw_decimal_parse(tw_slice_of(text), &value), TW_OK);
    return value;
}

static int64_t at(const char *text) {
    int64_t value = 0;
    assert_int_equal(tw_time_parse(tw_slice_of(text), &value), TW_OK);
    return value;
}

/* ---- what the decoders hand out ---- */

typedef struct seen {
    tw_trade trades[8];
    tw_quote quotes[8];
    tw_bar bars[8];
    tw_level levels[8];
    tw_alpaca_control controls[8];
    tw_alpaca_order orders[8];
    tw_alpaca_position positions[4];
    tw_alpaca_asset assets[4];
    unsigned trade_count, quote_count, bar_count, level_count, control_count, order_count;
    unsigned position_count, asset_count, other_count, bad_count;
    tw_status bad_status;
    char names[256];
} seen;

static void on_trade(void *context, const tw_trade *trade) {
    seen *s = context;
    s->trades[s->trade_count++ % 8] = *trade;
}
static void on_quote(void *context, const tw_quote *quote) {
    seen *s = context;
    s->quotes[s->quote_count++ % 8] = *quote;
}
static void on_bar(void *context, const tw_bar *bar) {
    seen *s = context;
    s->bars[s->bar_count++ % 8] = *bar;
}
static void on_level(void *context, const tw_level *level) {
    seen *s = context;
    s->levels[s->level_count++ % 8] = *level;
}
static void on_control(void *context, const tw_alpaca_control *control) {
    seen *s = context;
    s->controls[s->control_count++ % 8] = *control;
}
static void on_other(void *context, tw_slice kind) {
    (void)kind;
    ((seen *)context)->other_count++;
}
static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)kind;
    ((seen *)context)->bad_count++;
    ((seen *)context)->bad_status = status;
}
static void on_order(void *context, const tw_alpaca_order *order) {
    seen *s = context;
    s->orders[s->order_count++ % 8] = *order;
}
static void on_position(void *context, const tw_alpaca_position *position) {
    seen *s = context;
    s->positions[s->position_count++ % 4] = *position;
}
static void on_asset(void *context, const tw_alpaca_asset *asset) {
    seen *s = context;
    s->assets[s->asset_count++ % 4] = *asset;
}

static tw_alpaca_events events_into(seen *s) {
    memset(s, 0, sizeof *s);
    tw_alpaca_events events = {0};
    events.context = s;
    events.on_trade = on_trade;
    events.on_quote = on_quote;
    events.on_bar = on_bar;
    events.on_level = on_level;
    events.on_control = on_control;
    events.on_other = on_other;
    events.on_bad = on_bad;
    return events;
}

static void assert_text(fixture *f, const char *expected) {
    assert_false(f->text.truncated);
    assert_string_equal(f->buffer, expected);
}

static tw_status stream(fixture *f, const char *json, seen *s) {
    tw_alpaca_events events = events_into(s);
    return tw_alpaca_decode_stream(f->reader, tw_slice_of(json), &events, NULL);
}

/* ---- market data ---- */

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

/* ---- trading words ---- */

static void test_an_order_has_strings_for_money_and_nulls_for_nothing(void **state) {
    fixture *f = *state;
    tw_order order = {0};
    strcpy(order.client_order_id, "tw-1");
    strcpy(order.venue_order_id, "61e69015-8549-4bfd-b9c3-01e75843f47d");
    order.created_ns = at("2021-03-16T18:38:01.942282Z");
    order.updated_ns = order.created_ns;
    order.quantity.nano = nano("12.5");
    order.limit_price.nano = nano("107");
    order.symbol = symbol(f, "AAPL");
    order.side = TW_SIDE_BUY;
    order.type = TW_ORDER_LIMIT;
    order.time_in_force = TW_GOOD_TILL_CANCELED;
    order.status = TW_ORDER_NEW;
    tw_alpaca_order alpaca;
    tw_alpaca_order_from(&order, f->symbols, &alpaca);
    tw_alpaca_encode_order(&f->text, &alpaca, NULL, 0);
    assert_text(f,
                "{\"id\":\"61e69015-8549-4bfd-b9c3-01e75843f47d\",\"client_order_id\":\"tw-1\","
                "\"created_at\":\"2021-03-16T18:38:01.942282Z\","
                "\"updated_at\":\"2021-03-16T18:38:01.942282Z\","
                "\"submitted_at\":\"2021-03-16T18:38:01.942282Z\",\"filled_at\":null,"
                "\"expired_at\":null,\"canceled_at\":null,\"failed_at\":null,\"replaced_at\":null,"
                "\"replaced_by\":null,\"replaces\":null,\"asset_id\":\"\",\"symbol\":\"AAPL\","
                "\"asset_class\":\"\",\"notional\":null,\"qty\":\"12.5\",\"filled_qty\":\"0\","
                "\"filled_avg_price\":null,\"order_class\":\"\",\"order_type\":\"limit\","
                "\"type\":\"limit\",\"side\":\"buy\",\"time_in_force\":\"gtc\","
                "\"limit_price\":\"107\",\"stop_price\":null,\"status\":\"new\","
                "\"extended_hours\":false,\"legs\":null,\"trail_percent\":null,"
                "\"trail_price\":null,\"hwm\":null,\"subtag\":null,\"source\":null}");
    seen s;
    memset(&s, 0, sizeof s);
    assert_int_equal(
        tw_alpaca_decode_orders(f->reader, tw_text_slice(&f->text), on_order, &s, NULL), TW_OK);
    assert_int_equal(s.order_count, 1);
    assert_memory_equal(&s.orders[0].order, &order, sizeof order);
    assert_false((s.orders[0].present & TW_ALPACA_BIT(TW_ALPACA_ORDER_STOP_PRICE)) != 0);
    assert_true((s.orders[0].present & TW_ALPACA_BIT(TW_ALPACA_ORDER_LIMIT_PRICE)) != 0);
}

static void test_legs_follow_their_order(void **state) {
    fixture *f = *state;
    tw_alpaca_order parent, legs[2];
    memset(&parent, 0, sizeof parent);
    memset(legs, 0, sizeof legs);
    strcpy(parent.order.venue_order_id, "p");
    strcpy(legs[0].order.venue_order_id, "a");
    strcpy(legs[1].order.venue_order_id, "b");
    strcpy(legs[1].status, "held");
    tw_text_append_char(&f->text, '[');
    tw_alpaca_encode_order(&f->text, &parent, legs, 2);
    tw_text_append_char(&f->text, ',');
    tw_alpaca_encode_order(&f->text, &parent, NULL, 0);
    tw_text_append_char(&f->text, ']');
    seen s;
    memset(&s, 0, sizeof s);
    assert_int_equal(
        tw_alpaca_decode_orders(f->reader, tw_text_slice(&f->text), on_order, &s, NULL), TW_OK);
    assert_int_equal(s.order_count, 4);
    assert_int_equal(s.orders[0].leg_count, 2);
    assert_false(s.orders[0].is_leg);
    assert_true(s.orders[1].is_leg);
    assert_string_equal(s.orders[1].order.venue_order_id, "a");
    assert_int_equal(s.orders[2].order.status, TW_ORDER_HELD);
    assert_int_equal(s.orders[3].leg_count, 0);
}

static void test_unknown_words_pass_through_and_are_never_taken_for_known_ones(void **state) {
    fixture *f = *state;
    seen s;
    memset(&s, 0, sizeof s);
    const char *json = "[{\"id\":\"1\",\"status\":\"pending_review\",\"side\":\"sell_plus\","
                       "\"type\":\"iceberg\",\"time_in_force\":\"gtd\",\"new_field\":[{}]},"
                       "{\"status\":\"accepted\"},{\"status\":\"calculated\"}]";
    assert_int_equal(tw_alpaca_decode_orders(f->reader, tw_slice_of(json), on_order, &s, NULL),
                     TW_OK);
    assert_int_equal(s.orders[0].order.status, TW_ORDER_UNKNOWN);
    assert_int_equal(s.orders[0].order.side, TW_SIDE_NONE);
    assert_string_equal(s.orders[0].status, "pending_review");
    assert_string_equal(s.orders[0].type, "iceberg");
    assert_int_equal(s.orders[0].present, TW_ALPACA_BIT(TW_ALPACA_ORDER_ID));
    assert_int_equal(s.orders[1].order.status, TW_ORDER_NEW);
    assert_int_equal(s.orders[2].order.status, TW_ORDER_DONE_FOR_DAY);
    assert_int_equal(s.orders[0].order.symbol, TW_SYMBOL_NONE);
}

static void test_an_order_request_leaves_out_what_is_not_given(void **state) {
    fixture *f = *state;
    tw_alpaca_order_request request;
    memset(&request, 0, sizeof request);
    strcpy(request.symbol, "AAPL");
    strcpy(request.client_order_id, "a \"b\"");
    request.quantity.nano = nano("1");
    request.limit_price.nano = nano("0.0001");
    request.side = TW_SIDE_SELL;
    request.type = TW_ORDER_LIMIT;
    tw_alpaca_encode_order_request(&f->text, &request);
    assert_text(f, "{\"symbol\":\"AAPL\",\"qty\":\"1\",\"side\":\"sell\",\"type\":\"limit\","
                   "\"time_in_force\":\"day\",\"limit_price\":\"0.0001\","
                   "\"client_order_id\":\"a \\\"b\\\"\"}");
    tw_alpaca_order_request back;
    assert_int_equal(
        tw_alpaca_decode_order_request(f->reader, tw_text_slice(&f->text), &back, NULL), TW_OK);
    assert_string_equal(back.client_order_id, "a \"b\"");
    assert_int_equal(back.limit_price.nano, 100000);
    assert_int_equal(back.side, TW_SIDE_SELL);
    assert_int_equal(back.type, TW_ORDER_LIMIT);
    assert_true((back.present & TW_ALPACA_BIT(TW_ALPACA_REQUEST_QTY)) != 0);
    assert_false((back.present & TW_ALPACA_BIT(TW_ALPACA_REQUEST_NOTIONAL)) != 0);
}

static void test_a_request_may_have_numbers_brackets_and_unknown_words(void **state) {
    fixture *f = *state;
    tw_alpaca_order_request r;
    const char *json = "{\"symbol\":\"SPY\",\"qty\":100,\"side\":\"hold\",\"type\":\"market\","
                       "\"time_in_force\":\"gtc\",\"order_class\":\"bracket\","
                       "\"take_profit\":{\"limit_price\":301},"
                       "\"stop_loss\":{\"stop_price\":\"299\",\"limit_price\":298.5}}";
    assert_int_equal(tw_alpaca_decode_order_request(f->reader, tw_slice_of(json), &r, NULL), TW_OK);
    assert_int_equal(r.quantity.nano, nano("100"));
    assert_int_equal(r.take_profit_limit_price.nano, nano("301"));
    assert_int_equal(r.stop_loss_stop_price.nano, nano("299"));
    assert_int_equal(r.stop_loss_limit_price.nano, nano("298.5"));
    assert_string_equal(r.side_word, "hold");
    assert_int_equal(r.side, TW_SIDE_NONE);
    assert_false((r.present & TW_ALPACA_BIT(TW_ALPACA_REQUEST_SIDE)) != 0);
    tw_alpaca_encode_order_request(&f->text, &r);
    assert_non_null(strstr(f->buffer, "\"take_profit\":{\"limit_price\":\"301\"},"
                                      "\"stop_loss\":{\"stop_price\":\"299\","
                                      "\"limit_price\":\"298.5\"}}"));
}

/* So that an exchange can say that nobody has so much; what is no number is refused. */
static void test_amounts_that_do_not_fit_are_the_largest_that_do(void **state) {
    fixture *f = *state;
    static const char *const large[] = {"9223372036.9", "1e30", "99999999999999999999", "1e999999"};
    static const char *const none[] = {"\"Infinity\"", "\"1e\"", "\"-\"", "true"};
    tw_alpaca_order_request r;
    char json[128];
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        snprintf(json, sizeof json, "{\"qty\":\"%s\",\"notional\":-%s}", large[i], large[i]);
        assert_int_equal(tw_alpaca_decode_order_request(f->reader, tw_slice_of(json), &r, NULL),
                         TW_OK);
        assert_int_equal(r.quantity.nano, TW_ALPACA_AMOUNT_NANO_MAX);
        assert_int_equal(r.notional.nano, -TW_ALPACA_AMOUNT_NANO_MAX);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        snprintf(json, sizeof json, "{\"qty\":%s}", none[i]);
        assert_int_equal(tw_alpaca_decode_order_request(f->reader, tw_slice_of(json), &r, NULL),
                         TW_PARSE);
    }
    assert_int_equal(tw_alpaca_decode_order_request(
                         f->reader, tw_slice_of("{\"limit_price\":\"1e30\"}"), &r, NULL),
                     TW_RANGE);
}

static void test_an_account_is_written_and_read_back(void **state) {
    fixture *f = *state;
    tw_alpaca_account account, back;
    memset(&account, 0, sizeof account);
    strcpy(account.id, "904837e3-3b76-47ec-b432-046db621571b");
    strcpy(account.status, "ACTIVE");
    strcpy(account.currency, "USD");
    account.cash.nano = nano("-4000.320000001");
    account.multiplier_nano = nano("2");
    account.created_ns = at("2018-10-01T13:35:25Z");
    account.daytrade_count = 3;
    account.shorting_enabled = true;
    tw_alpaca_encode_account(&f->text, &account);
    assert_non_null(strstr(f->buffer, "\"cash\":\"-4000.320000001\""));
    assert_non_null(strstr(f->buffer, "\"multiplier\":\"2\""));
    assert_non_null(strstr(f->buffer, "\"daytrade_count\":3"));
    assert_non_null(strstr(f->buffer, "\"pattern_day_trader\":false"));
    assert_int_equal(tw_alpaca_decode_account(f->reader, tw_text_slice(&f->text), &back, NULL),
                     TW_OK);
    assert_true(back.present != 0);
    back.present = 0;
    assert_memory_equal(&back, &account, sizeof account);
}

static void test_the_sim_clock_needs_its_time_and_counts(void **state) {
    fixture *f = *state;
    tw_alpaca_sim_clock clock;
    tw_error error = {0};
    const char *json = "{\"now\":\"2026-01-05T14:30:00Z\",\"now_ns\":1767623400000000001,"
                       "\"data_messages\":12,\"trading_messages\":0,\"tape_ended\":true}";
    assert_int_equal(tw_alpaca_decode_sim_clock(f->reader, tw_slice_of(json), &clock, &error),
                     TW_OK);
    assert_true(clock.now_ns == INT64_C(1767623400000000001));
    assert_true(clock.data_messages == 12 && clock.trading_messages == 0 && clock.tape_ended);
    static const char *const bad[] = {
        "{\"data_messages\":12,\"trading_messages\":0}",
        "{\"now_ns\":5,\"trading_messages\":0}",
        "{\"now_ns\":5,\"data_messages\":1}",
        "{\"now_ns\":5,\"data_messages\":-1,\"trading_messages\":0}",
        "{\"now_ns\":5,\"data_messages\":{},\"trading_messages\":0}",
        "[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(tw_alpaca_decode_sim_clock(f->reader, tw_slice_of(bad[i]), &clock, &error),
                         TW_PARSE);
}

static void test_a_clock_keeps_new_yorks_offset(void **state) {
    fixture *f = *state;
    tw_alpaca_clock clock, back;
    const char *json = "{\"timestamp\":\"2024-03-08T09:30:00.5-05:00\",\"is_open\":true,"
                       "\"next_open\":\"2024-03-11T09:30:00-04:00\","
                       "\"next_close\":\"2024-03-08T16:00:00-05:00\"}";
    assert_int_equal(tw_alpaca_decode_clock(f->reader, tw_slice_of(json), &clock, NULL), TW_OK);
    assert_int_equal(clock.next_open_ns, at("2024-03-11T13:30:00Z"));
    assert_int_equal(clock.next_open_offset, -4 * 3600);
    assert_int_equal(clock.timestamp_offset, -5 * 3600);
    tw_alpaca_encode_clock(&f->text, &clock);
    assert_text(f, json);
    assert_int_equal(tw_alpaca_decode_clock(f->reader, tw_text_slice(&f->text), &back, NULL),
                     TW_OK);
    assert_memory_equal(&back, &clock, sizeof clock);
}

static void test_assets_and_positions_are_written_and_read_back(void **state) {
    fixture *f = *state;
    tw_alpaca_asset asset;
    memset(&asset, 0, sizeof asset);
    strcpy(asset.asset_class, "us_equity");
    strcpy(asset.symbol, "AAPL");
    asset.fractionable = true;
    asset.maintenance_margin_nano = nano("30");
    tw_alpaca_encode_asset(&f->text, &asset);
    assert_text(f, "{\"id\":\"\",\"class\":\"us_equity\",\"exchange\":\"\",\"symbol\":\"AAPL\","
                   "\"name\":\"\",\"status\":\"\",\"tradable\":false,\"marginable\":false,"
                   "\"maintenance_margin_requirement\":30,\"shortable\":false,"
                   "\"easy_to_borrow\":false,\"fractionable\":true}");
    seen s;
    memset(&s, 0, sizeof s);
    assert_int_equal(
        tw_alpaca_decode_assets(f->reader, tw_text_slice(&f->text), on_asset, &s, NULL), TW_OK);
    s.assets[0].present = 0;
    assert_memory_equal(&s.assets[0], &asset, sizeof asset);

    tw_alpaca_position position;
    memset(&position, 0, sizeof position);
    position.position.quantity.nano = nano("-5");
    position.position.symbol = symbol(f, "AAPL");
    position.unrealized_plpc_nano = nano("0.008333333");
    strcpy(position.symbol, "AAPL");
    tw_text_clear(&f->text);
    tw_alpaca_encode_position(&f->text, &position);
    assert_non_null(strstr(f->buffer, "\"qty\":\"-5\",\"avg_entry_price\":\"0\","
                                      "\"side\":\"short\""));
    assert_non_null(strstr(f->buffer, "\"current_price\":null"));
    assert_int_equal(
        tw_alpaca_decode_positions(f->reader, tw_text_slice(&f->text), on_position, &s, NULL),
        TW_OK);
    assert_int_equal(s.positions[0].position.quantity.nano, nano("-5"));
    assert_int_equal(s.positions[0].unrealized_plpc_nano, nano("0.008333333"));
    const char *json = "[{\"symbol\":\"AAPL\",\"qty\":\"5\",\"side\":\"short\"}]";
    assert_int_equal(
        tw_alpaca_decode_positions(f->reader, tw_slice_of(json), on_position, &s, NULL), TW_OK);
    assert_int_equal(s.positions[1].position.quantity.nano, nano("-5"));
}

static void test_errors_have_codes_words_or_neither(void **state) {
    fixture *f = *state;
    tw_alpaca_error problem;
    tw_alpaca_encode_error(&f->text, 40310000, "insufficient \"buying\" power");
    assert_text(f, "{\"code\":40310000,\"message\":\"insufficient \\\"buying\\\" power\"}");
    assert_int_equal(tw_alpaca_decode_error(f->reader, tw_text_slice(&f->text), &problem, NULL),
                     TW_OK);
    assert_int_equal(problem.code, 40310000);
    assert_string_equal(problem.message, "insufficient \"buying\" power");
    assert_int_equal(tw_alpaca_decode_error(
                         f->reader, tw_slice_of("{\"code\":\"invalid_input\",\"symbol\":\"A\"}"),
                         &problem, NULL),
                     TW_OK);
    assert_int_equal(problem.code, 0);
    assert_string_equal(problem.code_word, "invalid_input");
    tw_text_clear(&f->text);
    tw_alpaca_encode_error(&f->text, 0, "nothing");
    assert_text(f, "{\"message\":\"nothing\"}");
}

typedef struct entries {
    char text[256];
} entries;

static void on_entry(void *context, tw_slice name, int http_status,
                     const tw_alpaca_error *problem) {
    entries *e = context;
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, "%.*s %d %s;", (int)name.size, name.data,
             http_status, problem != NULL ? problem->message : "-");
}

static void test_a_multi_status_answer_tells_of_each_entry(void **state) {
    fixture *f = *state;
    entries e = {{0}};
    const char *json = "[{\"id\":\"a\",\"status\":200,\"body\":{\"id\":\"a\"}},"
                       "{\"symbol\":\"B\",\"status\":404,\"body\":{\"code\":40410000,"
                       "\"message\":\"order not found\"}}]";
    assert_int_equal(
        tw_alpaca_decode_multi_status(f->reader, tw_slice_of(json), on_entry, &e, NULL), TW_OK);
    assert_string_equal(e.text, "a 200 -;B 404 order not found;");
}

/* ---- the trading stream and commands ---- */

static void test_a_trade_update_is_written_and_read_back(void **state) {
    fixture *f = *state;
    tw_alpaca_order_update update;
    memset(&update, 0, sizeof update);
    update.event = TW_ALPACA_EVENT_PARTIAL_FILL;
    strcpy(update.execution_id, "e1");
    update.timestamp_ns = at("2024-01-02T14:30:00.123456789Z");
    update.price.nano = nano("100.25");
    update.quantity.nano = nano("3");
    update.position.nano = nano("-7");
    strcpy(update.order.order.client_order_id, "tw-9");
    strcpy(update.order.symbol, "AAPL");
    update.order.order.symbol = symbol(f, "AAPL");
    update.order.order.side = TW_SIDE_SELL;
    update.order.order.status = TW_ORDER_PARTIALLY_FILLED;
    tw_alpaca_encode_order_update(&f->text, &update);
    assert_non_null(strstr(f->buffer, "{\"stream\":\"trade_updates\",\"data\":{"
                                      "\"event\":\"partial_fill\",\"order\":{"));
    assert_non_null(strstr(f->buffer, "\"timestamp\":\"2024-01-02T14:30:00.123456789Z\","
                                      "\"execution_id\":\"e1\",\"price\":\"100.25\",\"qty\":\"3\","
                                      "\"position_qty\":\"-7\"}}"));
    tw_alpaca_trading_message message;
    assert_int_equal(tw_alpaca_decode_trading(f->reader, tw_text_slice(&f->text), &message, NULL),
                     TW_OK);
    assert_int_equal(message.kind, TW_ALPACA_TRADING_UPDATE);
    assert_int_equal(message.update.event, TW_ALPACA_EVENT_PARTIAL_FILL);
    assert_int_equal(message.update.price.nano, update.price.nano);
    assert_int_equal(message.update.position.nano, update.position.nano);
    assert_int_equal(message.update.timestamp_ns, update.timestamp_ns);
    assert_string_equal(message.update.execution_id, "e1");
    assert_memory_equal(&message.update.order.order, &update.order.order, sizeof(tw_order));
}

static void test_updates_without_execution_id_and_with_new_events_are_read(void **state) {
    fixture *f = *state;
    tw_alpaca_trading_message m;
    const char *json = "{\"data\":{\"order\":{\"id\":\"1\"},\"event\":\"fill\",\"price\":null},"
                       "\"stream\":\"trade_updates\"}";
    assert_int_equal(tw_alpaca_decode_trading(f->reader, tw_slice_of(json), &m, NULL), TW_OK);
    assert_int_equal(m.update.event, TW_ALPACA_EVENT_FILL);
    assert_string_equal(m.update.execution_id, "");
    assert_false((m.update.present & TW_ALPACA_BIT(TW_ALPACA_UPDATE_PRICE)) != 0);
    json = "{\"stream\":\"trade_updates\",\"data\":{\"event\":\"brand_new\"}}";
    assert_int_equal(tw_alpaca_decode_trading(f->reader, tw_slice_of(json), &m, NULL), TW_OK);
    assert_int_equal(m.update.event, TW_ALPACA_EVENT_OTHER);
    assert_string_equal(m.update.event_word, "brand_new");
}

static void test_the_trading_handshake_is_understood_by_both_ends(void **state) {
    fixture *f = *state;
    tw_alpaca_command command;
    tw_alpaca_trading_message message;
    tw_alpaca_encode_authenticate(&f->text, "K", "S");
    assert_text(f, "{\"action\":\"authenticate\",\"data\":{\"key_id\":\"K\","
                   "\"secret_key\":\"S\"}}");
    assert_int_equal(
        tw_alpaca_decode_command(f->reader, tw_text_slice(&f->text), &command, NULL, NULL, NULL),
        TW_OK);
    assert_int_equal(command.action, TW_ALPACA_ACTION_AUTHENTICATE);
    assert_string_equal(command.key, "K");
    assert_string_equal(command.secret, "S");
    tw_text_clear(&f->text);
    tw_alpaca_encode_authorization(&f->text, false, "listen");
    assert_text(f, "{\"stream\":\"authorization\",\"data\":{\"status\":\"unauthorized\","
                   "\"action\":\"listen\"}}");
    assert_int_equal(tw_alpaca_decode_trading(f->reader, tw_text_slice(&f->text), &message, NULL),
                     TW_OK);
    assert_int_equal(message.kind, TW_ALPACA_TRADING_UNAUTHORIZED);
    tw_text_clear(&f->text);
    tw_alpaca_encode_listen(&f->text, true);
    assert_text(f, "{\"action\":\"listen\",\"data\":{\"streams\":[\"trade_updates\"]}}");
    assert_int_equal(
        tw_alpaca_decode_command(f->reader, tw_text_slice(&f->text), &command, NULL, NULL, NULL),
        TW_OK);
    assert_int_equal(command.action, TW_ALPACA_ACTION_LISTEN);
    assert_true(command.trade_updates);
    tw_text_clear(&f->text);
    tw_alpaca_encode_listening(&f->text, true);
    assert_int_equal(tw_alpaca_decode_trading(f->reader, tw_text_slice(&f->text), &message, NULL),
                     TW_OK);
    assert_int_equal(message.kind, TW_ALPACA_TRADING_LISTENING);
    assert_true(message.trade_updates);
}

static void on_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                    tw_slice name) {
    seen *s = context;
    size_t used = strlen(s->names);
    assert_int_equal(command->action, TW_ALPACA_ACTION_SUBSCRIBE);
    snprintf(s->names + used, sizeof s->names - used, "%s %.*s;", tw_alpaca_channel_name(channel),
             (int)name.size, name.data);
}

static void test_names_of_a_subscribe_come_after_the_action_is_known(void **state) {
    fixture *f = *state;
    tw_alpaca_command command;
    seen s;
    memset(&s, 0, sizeof s);
    const char *json = "{\"trades\":[\"AAPL\"],\"news\":[\"*\"],\"bars\":[\"*\",\"BTC\\/USD\"],"
                       "\"action\":\"subscribe\"}";
    assert_int_equal(
        tw_alpaca_decode_command(f->reader, tw_slice_of(json), &command, on_name, &s, NULL), TW_OK);
    assert_string_equal(s.names, "trades AAPL;news *;bars *;bars BTC/USD;");
    static const char *const names[] = {"AAPL", "MSFT"};
    tw_alpaca_encode_subscribe(&f->text, true,
                               TW_ALPACA_CHANNEL_QUOTES | TW_ALPACA_CHANNEL_UPDATED_BARS, names, 2);
    assert_text(f, "{\"action\":\"subscribe\",\"quotes\":[\"AAPL\",\"MSFT\"],"
                   "\"updatedBars\":[\"AAPL\",\"MSFT\"]}");
    tw_text_clear(&f->text);
    tw_alpaca_encode_auth(&f->text, "k", "s");
    assert_text(f, "{\"action\":\"auth\",\"key\":\"k\",\"secret\":\"s\"}");
}

/* ---- faults ---- */

static void test_malformed_json_is_refused_with_its_offset(void **state) {
    fixture *f = *state;
    static const struct {
        const char *json;
        unsigned column;
    } cases[] = {
        {"", 1},
        {"   ", 0},
        {"1", 0},
        {"{\"code\":1", 0},
        {"{\"code\":1,}", 0},
        {"{\"code\" 1}", 0},
        {"{\"a\":tru}", 6},
        {"{\"a\":nulll}", 6},
        {"{\"a\":01}", 6},
        {"{\"a\":1.}", 6},
        {"{\"a\":-}", 6},
        {"{\"a\":+1}", 6},
        {"{\"a\":[1,2}", 0},
        {"{\"a\":{\"b\":[1 2]}}", 0},
        {"{\"a\":\"\\x\"}", 6},
        {"{\"a\":\"\xff\"}", 0},
        {"{} {}", 0},
        {"{}}", 0},
        {"[1]", 0},
        {"{\"a\":\"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_alpaca_error problem;
        memset(&problem, 0x5a, sizeof problem);
        tw_alpaca_error untouched = problem;
        tw_error error = {0};
        tw_status status =
            tw_alpaca_decode_error(f->reader, tw_slice_of(cases[i].json), &problem, &error);
        if (status != TW_PARSE)
            fail_msg("%s gave %s", cases[i].json, tw_status_name(status));
        assert_memory_equal(&problem, &untouched, sizeof problem);
        assert_int_equal(error.status, TW_PARSE);
        assert_true(error.column >= 1 && error.column <= strlen(cases[i].json) + 1);
        if (cases[i].column != 0 && error.column != cases[i].column)
            fail_msg("%s: column %llu", cases[i].json, (unsigned long long)error.column);
    }
}

static void test_deep_nesting_is_refused(void **state) {
    fixture *f = *state;
    tw_alpaca_error problem;
    for (int i = 0; i < 63; i++)
        tw_text_append_string(&f->text, "{\"a\":");
    tw_text_append_string(&f->text, "{}");
    for (int i = 0; i < 63; i++)
        tw_text_append_string(&f->text, "}");
    assert_int_equal(tw_alpaca_decode_error(f->reader, tw_text_slice(&f->text), &problem, NULL),
                     TW_OK);
    tw_text_clear(&f->text);
    tw_text_append_string(&f->text, "{\"a\":");
    for (int i = 0; i < 20000; i++)
        tw_text_append_char(&f->text, '[');
    tw_error error = {0};
    assert_int_equal(tw_alpaca_decode_error(f->reader, tw_text_slice(&f->text), &problem, &error),
                     TW_PARSE);
}

static void test_input_at_the_readers_bound(void **state) {
    fixture *f = *state;
    tw_alpaca_reader *reader = NULL;
    tw_alpaca_error problem;
    tw_error error = {0};
    assert_int_equal(tw_alpaca_reader_new(NULL, 10, 0, f->symbols, &reader), TW_OK);
    assert_int_equal(tw_alpaca_decode_error(reader, tw_slice_of("{\"code\":1}"), &problem, NULL),
                     TW_OK);
    assert_int_equal(problem.code, 1);
    assert_int_equal(tw_alpaca_decode_error(reader, tw_slice_of("{\"code\":12}"), &problem, &error),
                     TW_FULL);
    assert_non_null(strstr(error.message, "11 bytes"));
    tw_alpaca_reader_free(reader);
}

static void test_wrong_values_name_their_field(void **state) {
    fixture *f = *state;
    tw_alpaca_account account;
    tw_error error = {0};
    assert_int_equal(
        tw_alpaca_decode_account(f->reader, tw_slice_of("{\"cash\":\"much\"}"), &account, &error),
        TW_PARSE);
    assert_non_null(strstr(error.message, "\"cash\""));
    assert_int_equal(
        tw_alpaca_decode_account(f->reader, tw_slice_of("{\"cash\":\"1e30\"}"), &account, &error),
        TW_RANGE);
    assert_int_equal(tw_alpaca_decode_account(f->reader, tw_slice_of("{\"created_at\":\"x\"}"),
                                              &account, &error),
                     TW_PARSE);
    assert_int_equal(
        tw_alpaca_decode_account(f->reader, tw_slice_of("{\"id\":{}}"), &account, &error),
        TW_PARSE);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    tw_alpaca_reader *reader = NULL;
    tw_status status = tw_alpaca_reader_new(allocator, 100, 3, context, &reader);
    if (status == TW_OK)
        tw_alpaca_reader_free(reader);
    return status;
}

static void test_a_reader_leaves_nothing_when_memory_runs_out(void **state) {
    fixture *f = *state;
    assert_survives_failed_allocations(make_and_free, f->symbols);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

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
        CASE(test_an_order_has_strings_for_money_and_nulls_for_nothing),
        CASE(test_legs_follow_their_order),
        CASE(test_unknown_words_pass_through_and_are_never_taken_for_known_ones),
        CASE(test_an_order_request_leaves_out_what_is_not_given),
        CASE(test_amounts_that_do_not_fit_are_the_largest_that_do),
        CASE(test_a_request_may_have_numbers_brackets_and_unknown_words),
        CASE(test_an_account_is_written_and_read_back),
        CASE(test_a_clock_keeps_new_yorks_offset),
        CASE(test_the_sim_clock_needs_its_time_and_counts),
        CASE(test_assets_and_positions_are_written_and_read_back),
        CASE(test_errors_have_codes_words_or_neither),
        CASE(test_a_multi_status_answer_tells_of_each_entry),
        CASE(test_a_trade_update_is_written_and_read_back),
        CASE(test_updates_without_execution_id_and_with_new_events_are_read),
        CASE(test_the_trading_handshake_is_understood_by_both_ends),
        CASE(test_names_of_a_subscribe_come_after_the_action_is_known),
        CASE(test_malformed_json_is_refused_with_its_offset),
        CASE(test_deep_nesting_is_refused),
        CASE(test_input_at_the_readers_bound),
        CASE(test_wrong_values_name_their_field),
        CASE(test_a_reader_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
