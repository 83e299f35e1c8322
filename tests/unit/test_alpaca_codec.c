/*
 * test_alpaca_codec.c - the rules of alpaca.h for trading words: exact bytes, exact numbers,
 * lenient reading; and for what makes no sense. Market data: test_alpaca_market.c.
 */
#include "alpaca_fixture.h"
#include "failing_heap.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
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
