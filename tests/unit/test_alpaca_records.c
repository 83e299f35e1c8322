/* test_alpaca_records.c - the rules of alpaca_records.h: shapes of answers, exact values, limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/alpaca_records.h"
#include "tradewind/time.h"

#define TEXT_SIZE 65536
#define RECORD_COUNT_MAX 8

typedef struct fixture {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    char buffer[TEXT_SIZE];
    tw_text text;
    tw_error error;
    /* what came */
    unsigned count;
    unsigned bad;
    unsigned others;
    tw_alpaca_record_kind kinds[RECORD_COUNT_MAX];
    tw_symbol of[RECORD_COUNT_MAX];
    char groups[RECORD_COUNT_MAX][32];
    char token[64];
    uint64_t records_told;
    int64_t updated_ns;
    tw_alpaca_trading_status status;
    tw_alpaca_article article;
    tw_alpaca_entry entry;
    tw_alpaca_auction_day day;
    tw_alpaca_snapshot snapshot;
} fixture;

static int set_up(void **state) {
    static fixture f;
    memset(&f, 0, sizeof f);
    f.text = tw_text_over(f.buffer, sizeof f.buffer);
    if (tw_symbols_new(NULL, 16, &f.symbols) != TW_OK ||
        tw_alpaca_reader_new(NULL, TEXT_SIZE, 4, f.symbols, &f.reader) != TW_OK)
        return -1;
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    tw_alpaca_reader_free(f->reader);
    tw_symbols_free(f->symbols);
    return 0;
}

static void on_record(void *context, const tw_alpaca_record *record) {
    fixture *f = context;
    assert_true(f->count < RECORD_COUNT_MAX);
    f->kinds[f->count] = record->kind;
    f->of[f->count] = record->symbol;
    assert_int_equal(tw_slice_copy(record->group, f->groups[f->count], sizeof f->groups[f->count]),
                     TW_OK);
    f->count++;
    tw_alpaca_encode_record(&f->text, record);
    tw_text_append_char(&f->text, '\n');
    if (record->kind == TW_ALPACA_RECORD_TRADING_STATUS)
        f->status = *record->as.trading_status;
    if (record->kind == TW_ALPACA_RECORD_ARTICLE)
        f->article = *record->as.article;
    if (record->kind == TW_ALPACA_RECORD_ENTRY)
        f->entry = *record->as.entry;
    if (record->kind == TW_ALPACA_RECORD_AUCTION_DAY)
        f->day = *record->as.auction_day;
    if (record->kind == TW_ALPACA_RECORD_SNAPSHOT)
        f->snapshot = *record->as.snapshot;
}

static void on_answer(void *context, const tw_alpaca_answer *answer) {
    fixture *f = context;
    assert_int_equal(tw_slice_copy(answer->next_page_token, f->token, sizeof f->token), TW_OK);
    f->records_told = answer->record_count;
    f->updated_ns = answer->last_updated_ns;
}

static tw_status decode(fixture *f, tw_alpaca_record_kind kind, const char *json) {
    tw_alpaca_record_sink sink = {f, on_record, on_answer};
    f->count = 0;
    tw_text_clear(&f->text);
    return tw_alpaca_decode_records(f->reader, kind, tw_slice_of(json), &sink, &f->error);
}

/* What is written is what was read, key by key. */
static void comes_back(fixture *f, tw_alpaca_record_kind kind, const char *json) {
    char expected[4096];
    snprintf(expected, sizeof expected, "%s\n", json);
    assert_int_equal(decode(f, kind, json), TW_OK);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->buffer, expected);
}

static void test_each_word_comes_back_as_it_was_read(void **state) {
    fixture *f = *state;
    comes_back(f, TW_ALPACA_RECORD_CONFIGURATION,
               "{\"dtbp_check\":\"both\",\"suspend_trade\":false,\"max_margin_multiplier\":\"4\","
               "\"max_options_trading_level\":0,\"disable_overnight_trading\":true}");
    comes_back(f, TW_ALPACA_RECORD_ACTIVITY,
               "{\"id\":\"20190524113406977::8efc7b9a\",\"activity_type\":\"FILL\","
               "\"type\":\"partial_fill\",\"transaction_time\":\"2019-05-24T15:34:06.977000001Z\","
               "\"symbol\":\"LPCN\",\"side\":\"buy\",\"price\":\"1.630000001\",\"qty\":\"1\","
               "\"cum_qty\":\"0\",\"leaves_qty\":\"9\"}");
    comes_back(f, TW_ALPACA_RECORD_CALENDAR_DAY,
               "{\"date\":\"2018-01-03\",\"open\":\"09:30\",\"close\":\"16:00\","
               "\"session_open\":\"0400\"}");
    comes_back(f, TW_ALPACA_RECORD_ANNOUNCEMENT,
               "{\"id\":\"1\",\"ca_type\":\"dividend\",\"target_symbol\":\"T\","
               "\"cash\":\"0.51\",\"old_rate\":\"1\",\"new_rate\":\"1\"}");
    comes_back(f, TW_ALPACA_RECORD_CORRECTION,
               "{\"T\":\"c\",\"S\":\"EEM\",\"x\":\"M\",\"oi\":52983525033527,\"op\":39.1582,"
               "\"os\":440000,\"oc\":[\" \",\"7\"],\"ci\":18446744073709551615,\"cp\":39.1809,"
               "\"cs\":440000,\"cc\":[],\"t\":\"2023-04-06T14:25:06.542305024Z\",\"z\":\"B\"}");
    comes_back(f, TW_ALPACA_RECORD_CANCEL_ERROR,
               "{\"T\":\"x\",\"S\":\"GOOGL\",\"i\":465,\"x\":\"D\",\"p\":105.31,\"s\":300,"
               "\"a\":\"C\",\"z\":\"C\",\"t\":\"2023-04-06T13:15:42.83540958Z\"}");
    comes_back(f, TW_ALPACA_RECORD_BAND,
               "{\"T\":\"l\",\"S\":\"IONM\",\"u\":3.24,\"d\":2.65,\"i\":\"B\","
               "\"t\":\"2023-04-06T13:44:45.565960192Z\",\"z\":\"C\"}");
    comes_back(f, TW_ALPACA_RECORD_IMBALANCE,
               "{\"T\":\"i\",\"S\":\"CRWD\",\"p\":423.93,\"z\":\"C\","
               "\"t\":\"2024-12-10T16:38:12.831Z\"}");
}

static void test_unknown_fields_and_words_and_nulls_pass(void **state) {
    fixture *f = *state;
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ACTIVITY,
                            "[{\"activity_type\":\"NEVER_SEEN\",\"qty\":null,\"price\":\"\","
                            "\"new\":{\"a\":[1,{}]},\"cum_qty\":2}]"),
                     TW_OK);
    assert_string_equal(f->buffer, "{\"activity_type\":\"NEVER_SEEN\",\"cum_qty\":\"2\"}\n");
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ACTIVITY, "{}"), TW_OK);
    assert_string_equal(f->buffer, "{}\n");
}

static void test_a_value_of_the_wrong_form_is_told_with_its_field(void **state) {
    fixture *f = *state;
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ACTIVITY,
                            "[{\"qty\":\"1\"},{\"qty\":\"one\",\"side\":\"buy\"},{}]"),
                     TW_PARSE);
    assert_int_equal(f->count, 1); /* what came before it has been delivered */
    assert_non_null(strstr(f->error.message, "\"qty\""));
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ACTIVITY, "{\"qty\":\"1e30\"}"), TW_RANGE);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ACTIVITY, "{\"side\":\"buy\""), TW_PARSE);
}

static void test_the_assets_of_a_watchlist_come_before_it(void **state) {
    fixture *f = *state;
    assert_int_equal(decode(f, TW_ALPACA_RECORD_WATCHLIST,
                            "[{\"assets\":[{\"symbol\":\"SPY\",\"attributes\":[\"a\",\"b\"]},"
                            "{\"symbol\":\"QQQ\"}],\"id\":\"1\",\"name\":\"x\"},"
                            "{\"id\":\"2\",\"assets\":null}]"),
                     TW_OK);
    assert_int_equal(f->count, 4);
    assert_int_equal(f->kinds[0], TW_ALPACA_RECORD_ASSET);
    assert_int_equal(f->kinds[2], TW_ALPACA_RECORD_WATCHLIST);
    assert_int_equal(f->kinds[3], TW_ALPACA_RECORD_WATCHLIST);
    assert_non_null(strstr(f->buffer, "\"attributes\":[\"a\",\"b\"]"));
    tw_alpaca_watchlist list = {.id = tw_slice_of("1"), .name = tw_slice_of("x")};
    tw_text_clear(&f->text);
    tw_alpaca_encode_watchlist(&f->text, &list, NULL, 0);
    assert_string_equal(f->buffer, "{\"id\":\"1\",\"name\":\"x\",\"assets\":[]}");
}

static void test_an_entry_tells_an_order_from_a_problem(void **state) {
    fixture *f = *state;
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ENTRY,
                            "[{\"symbol\":\"T\",\"status\":200,\"body\":{\"id\":\"o1\","
                            "\"qty\":\"2\",\"status\":\"accepted\"}}]"),
                     TW_OK);
    assert_true(f->entry.has_order && !f->entry.has_problem);
    assert_int_equal(f->entry.order.order.quantity.nano, 2 * TW_NANO);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ENTRY,
                            "[{\"id\":\"o2\",\"status\":422,\"body\":{\"code\":40410000,"
                            "\"message\":\"no such order\",\"available\":\"0\"}}]"),
                     TW_OK);
    assert_true(f->entry.has_problem && !f->entry.has_order);
    assert_int_equal(f->entry.problem.http_status, 422);
    assert_string_equal(f->entry.problem.details[0].value, "0");
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ENTRY, "[{\"id\":\"o3\",\"status\":200}]"), TW_OK);
    assert_false(f->entry.has_order || f->entry.has_problem);
}

static void test_groups_tokens_and_times_of_a_page(void **state) {
    fixture *f = *state;
    assert_int_equal(decode(f, TW_ALPACA_RECORD_CORPORATE_ACTION,
                            "{\"next_page_token\":\"abc\",\"corporate_actions\":{"
                            "\"forward_splits\":[{\"symbol\":\"FBL\",\"new_rate\":5}],"
                            "\"cash_dividends\":[{\"rate\":0.086928,\"foreign\":true},{}]}}"),
                     TW_OK);
    assert_int_equal(f->count, 3);
    assert_string_equal(f->groups[0], "forward_splits");
    assert_string_equal(f->groups[2], "cash_dividends");
    assert_string_equal(f->token, "abc");
    assert_int_equal(f->records_told, 3);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_MOVER,
                            "{\"gainers\":[{\"symbol\":\"A\",\"percent_change\":1832.9}],"
                            "\"losers\":[],\"last_updated\":\"1970-01-01T00:00:01Z\"}"),
                     TW_OK);
    assert_string_equal(f->groups[0], "gainers");
    assert_string_equal(f->buffer, "{\"symbol\":\"A\",\"percent_change\":1832.9}\n");
    assert_int_equal(f->updated_ns, TW_NS_PER_SECOND);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_CODE, "{\"V\":\"IEX\",\" \":\"Regular\"}"), TW_OK);
    assert_string_equal(f->buffer, "\"V\":\"IEX\"\n\" \":\"Regular\"\n");
    assert_int_equal(decode(f, TW_ALPACA_RECORD_CODE, "[\"V\"]"), TW_PARSE);
}

static void test_snapshots_of_many_and_of_one(void **state) {
    fixture *f = *state;
    tw_symbol symbol;
    assert_int_equal(tw_symbols_intern(f->symbols, tw_slice_of("AAPL"), &symbol), TW_OK);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_SNAPSHOT,
                            "{\"AAPL\":{\"latestTrade\":{\"p\":1.5,\"i\":9007199254740993,"
                            "\"u\":\"canceled\"},\"minuteBar\":null},\"NONE\":null}"),
                     TW_OK);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->groups[0], "AAPL");
    assert_int_equal(f->of[0], symbol);
    assert_int_equal(f->snapshot.present, TW_ALPACA_BIT(TW_ALPACA_SNAPSHOT_LATEST_TRADE));
    assert_int_equal(f->snapshot.latest_trade.id, 9007199254740993);
    assert_int_equal(f->snapshot.latest_trade.mark, TW_TRADE_CANCELED);
    assert_int_equal(f->snapshot.latest_trade.symbol, symbol);
    assert_int_equal(
        decode(f, TW_ALPACA_RECORD_SNAPSHOT, "{\"dailyBar\":{\"c\":2},\"symbol\":\"AAPL\"}"),
        TW_OK);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->of[0], symbol);
    assert_int_equal(f->snapshot.daily_bar.close.nano, 2 * TW_NANO);
    assert_int_equal(decode(f, TW_ALPACA_RECORD_SNAPSHOT, "{}"), TW_OK);
    assert_int_equal(f->count, 0);
}

static void test_lists_inside_of_a_record_are_kept_up_to_their_limit(void **state) {
    fixture *f = *state;
    static char json[TEXT_SIZE];
    tw_text text = tw_text_over(json, sizeof json);
    tw_text_append_string(&text, "{\"auctions\":[{\"d\":\"2022-10-19\",\"c\":[");
    for (int i = 0; i < TW_ALPACA_PRINT_COUNT_MAX + 3; i++)
        tw_text_append_format(&text, "%s{\"p\":%d,\"c\":\"Q\"}", i > 0 ? "," : "", i + 1);
    tw_text_append_string(&text, "]}],\"symbol\":\"AAPL\"}");
    assert_int_equal(decode(f, TW_ALPACA_RECORD_AUCTION_DAY, json), TW_OK);
    assert_int_equal(f->day.closing_count, TW_ALPACA_PRINT_COUNT_MAX + 3);
    assert_int_equal(f->day.closing[TW_ALPACA_PRINT_COUNT_MAX - 1].price.nano,
                     TW_ALPACA_PRINT_COUNT_MAX * TW_NANO);
    tw_text_clear(&text);
    tw_text_append_string(&text, "{\"news\":[{\"images\":[");
    for (int i = 0; i < TW_ALPACA_IMAGE_COUNT_MAX + 2; i++)
        tw_text_append_format(&text, "%s{\"size\":\"s\",\"url\":\"u\"}", i > 0 ? "," : "");
    tw_text_append_string(&text, "],\"symbols\":[");
    for (int i = 0; i < TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX + 2; i++)
        tw_text_append_format(&text, "%s\"S%d\"", i > 0 ? "," : "", i);
    tw_text_append_string(&text, "]}]}");
    assert_int_equal(decode(f, TW_ALPACA_RECORD_ARTICLE, json), TW_OK);
    assert_int_equal(f->article.image_count, TW_ALPACA_IMAGE_COUNT_MAX + 2);
    assert_int_equal(f->article.symbol_count, TW_ALPACA_ARTICLE_SYMBOL_COUNT_MAX + 2);
}

static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)kind;
    assert_int_not_equal(status, TW_OK);
    ((fixture *)context)->bad++;
}

static void on_other(void *context, tw_slice kind) {
    (void)kind;
    ((fixture *)context)->others++;
}

static void test_the_stream_hands_out_words_and_survives_bad_ones(void **state) {
    fixture *f = *state;
    tw_symbol symbol;
    assert_int_equal(tw_symbols_intern(f->symbols, tw_slice_of("STRR"), &symbol), TW_OK);
    tw_alpaca_events events = {
        .context = f, .on_record = on_record, .on_bad = on_bad, .on_other = on_other};
    const char *frame =
        "[{\"S\":\"STRR\",\"sc\":\"H\",\"t\":\"soon\",\"T\":\"s\"},"
        "{\"T\":\"l\",\"S\":\"A\",\"u\":\"high\",\"d\":1},{\"T\":\"n\",\"id\":7,"
        "\"created_at\":null},{\"T\":\"new\"},{},{\"T\":5},{\"T\":\"s\",\"sc\":\"T\"}]";
    assert_int_equal(tw_alpaca_decode_stream(f->reader, tw_slice_of(frame), &events, &f->error),
                     TW_OK);
    assert_int_equal(f->count, 3);
    assert_int_equal(f->bad, 1);
    assert_int_equal(f->others, 3);
    assert_int_equal(f->kinds[0], TW_ALPACA_RECORD_TRADING_STATUS);
    assert_int_equal(f->of[0], symbol);
    assert_int_equal(f->status.phase, TW_PHASE_TRADING);
    assert_non_null(strstr(f->buffer, "\"t\":\"soon\""));
    events.on_bad = NULL;
    assert_int_equal(tw_alpaca_decode_stream(f->reader, tw_slice_of(frame), &events, &f->error),
                     TW_PARSE);
    frame = "[{\"T\":\"s\",\"sc\":\"H\",\"rc\":01}]"; /* no JSON: the frame fails */
    events.on_bad = on_bad;
    assert_int_equal(tw_alpaca_decode_stream(f->reader, tw_slice_of(frame), &events, &f->error),
                     TW_PARSE);
}

static void test_a_history_fills_the_callers_points(void **state) {
    fixture *f = *state;
    tw_alpaca_portfolio_point points[3];
    tw_alpaca_portfolio history = {.points = points, .point_max = 3};
    const char *json = "{\"timestamp\":[1580826600,1580827500000],\"equity\":[27423.73,null],"
                       "\"profit_loss\":[11.8,-3.74],"
                       "\"profit_loss_pct\":[0.000430469507254688,null],"
                       "\"base_value\":27411.93,\"timeframe\":\"15Min\"}";
    assert_int_equal(tw_alpaca_decode_portfolio(f->reader, tw_slice_of(json), &history, &f->error),
                     TW_OK);
    assert_int_equal(history.point_count, 2);
    assert_int_equal(points[0].time_ns, 1580826600 * TW_NS_PER_SECOND);
    assert_int_equal(points[1].time_ns, 1580827500 * TW_NS_PER_SECOND);
    assert_int_equal(points[1].present, 5); /* timestamp and profit_loss */
    tw_alpaca_encode_portfolio(&f->text, &history);
    assert_string_equal(f->buffer, json);
    const tw_money deposits[] = {{0}, {5 * TW_NANO / 2}};
    const tw_alpaca_cashflow flows[] = {{"CSD", deposits}, {"FEE", NULL}};
    history.cashflows = flows;
    history.cashflow_count = 2;
    tw_text_clear(&f->text);
    tw_alpaca_encode_portfolio(&f->text, &history);
    assert_non_null(strstr(f->buffer, "\"15Min\",\"cashflow\":{\"CSD\":[0,2.5],\"FEE\":[0,0]}}"));
    history.point_max = 1;
    assert_int_equal(tw_alpaca_decode_portfolio(f->reader, tw_slice_of(json), &history, &f->error),
                     TW_FULL);
    assert_int_equal(history.point_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_word_comes_back_as_it_was_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_fields_and_words_and_nulls_pass, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_of_the_wrong_form_is_told_with_its_field,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_assets_of_a_watchlist_come_before_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_entry_tells_an_order_from_a_problem, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_groups_tokens_and_times_of_a_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_snapshots_of_many_and_of_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists_inside_of_a_record_are_kept_up_to_their_limit,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_stream_hands_out_words_and_survives_bad_ones,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_history_fills_the_callers_points, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
