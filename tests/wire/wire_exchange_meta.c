/* wire_exchange_meta.c - auctions, codes, the screener, and what is never reported. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history_pages.h"
#include "tradewind/alpaca_records.h"

typedef struct kept {
    tw_alpaca_record_kind kind;
    uint32_t count;
    uint32_t prints;
    double changes[64]; /* of movers, as told */
    int64_t keys[64];   /* of actives */
    char groups[64];    /* the first letter of each record's list */
} kept;

static void keep(void *context, const tw_alpaca_record *record) {
    kept *k = context;
    assert_int_equal(record->kind, k->kind);
    assert_true(k->count < 64);
    k->groups[k->count] = record->group.size > 0 ? record->group.data[0] : '-';
    if (record->kind == TW_ALPACA_RECORD_AUCTION_DAY)
        k->prints += record->as.auction_day->opening_count + record->as.auction_day->closing_count;
    if (record->kind == TW_ALPACA_RECORD_MOVER)
        k->changes[k->count] = record->as.mover->percent_change;
    if (record->kind == TW_ALPACA_RECORD_ACTIVE)
        k->keys[k->count] = record->as.active->volume.nano;
    k->count++;
}

/* Reads an answer as the client does. */
static kept read_records(const char *path, tw_alpaca_record_kind kind) {
    kept k = {.kind = kind};
    tw_alpaca_record_sink sink = {.context = &k, .on_record = keep};
    get(path);
    assert_int_equal(tw_alpaca_decode_records(w.reader, kind, tw_slice_of(w.body), &sink, NULL),
                     TW_OK);
    return k;
}

static void a_day_has_an_opening_and_a_closing_auction(void **state) {
    (void)state;
    get("/v2/stocks/AAPL/bars?timeframe=1Day&start=2025-12-24&end=2025-12-24");
    int64_t open = record_number(w.body, "o");
    int64_t close = record_number(w.body, "c");
    get("/v2/stocks/auctions?symbols=AAPL&start=2025-12-24&end=2025-12-24");
    assert_true(strncmp(w.body, "{\"auctions\":{\"AAPL\":[{\"d\":\"2025-12-24\",\"o\":[{", 45) ==
                0);
    assert_has(w.body, "\"t\":\"2025-12-24T14:30:00Z\",\"x\":\"Q\",\"p\":");
    assert_has(w.body, "\"c\":\"Q\"}],\"c\":[{\"t\":\"2025-12-24T18:00:00Z\"");
    assert_int_equal(record_number(w.body, "p"), open);
    assert_int_equal(record_number(strstr(w.body, "18:00:00Z"), "p"), close);
    kept k = read_records("/v2/stocks/auctions?symbols=AAPL,MSFT&start=2025-12-22&end=2025-12-26",
                          TW_ALPACA_RECORD_AUCTION_DAY);
    assert_int_equal(k.count, 8);
    assert_int_equal(k.prints, 16);
    /* Today has opened and not closed. */
    step("1m");
    get("/v2/stocks/AAPL/auctions");
    assert_has(w.body, "{\"auctions\":[{\"d\":\"2026-01-05\",\"o\":[{");
    assert_has(w.body, "\"c\":[]}],\"symbol\":\"AAPL\",\"next_page_token\":null}");
    assert_answer("GET", "/v2/stocks/auctions?symbols=AAPL&feed=iex", NULL, 400,
                  "{\"message\":\"invalid feed: iex\"}");
}

static void auctions_come_in_pages(void **state) {
    (void)state;
    static const char *const sorts[] = {"asc", "desc"};
    for (size_t s = 0; s < 2; s++) {
        char path[512];
        char token[512] = "";
        uint32_t days = 0;
        uint32_t pages = 0;
        do {
            snprintf(path, sizeof path,
                     "/v2/stocks/auctions?symbols=AAPL,MSFT&start=2025-12-01&limit=5&sort=%s%s%s",
                     sorts[s], token[0] == '\0' ? "" : "&page_token=", token);
            days += count_of(get(path), "\"d\"");
            token_of(w.body, token, sizeof token);
            pages++;
        } while (token[0] != '\0');
        assert_int_equal(days, 2 * 23);
        assert_int_equal(pages, 10);
    }
}

static void codes_are_told(void **state) {
    (void)state;
    assert_has(get("/v2/stocks/meta/exchanges"), "\"V\":\"IEX\"");
    assert_int_equal(read_records("/v2/stocks/meta/exchanges", TW_ALPACA_RECORD_CODE).count, 22);
    assert_has(get("/v2/stocks/meta/conditions/trade?tape=C"), "\"@\":\"Regular Sale\"");
    assert_has(get("/v2/stocks/meta/conditions/trade?tape=A"), "{\" \":\"Regular Sale\"");
    char first[4096];
    snprintf(first, sizeof first, "%s", w.body);
    assert_string_equal(get("/v2/stocks/meta/conditions/trade?tape=B"), first);
    assert_has(get("/v2/stocks/meta/conditions/quote?tape=C"), "\"R\":\"Regular Two Sided Open\"");
    assert_answer("GET", "/v2/stocks/meta/conditions/trade", NULL, 400,
                  "{\"message\":\"invalid tape: \"}");
    assert_answer("GET", "/v2/stocks/meta/conditions/bar?tape=A", NULL, 400,
                  "{\"message\":\"invalid ticktype: bar\"}");
}

static void nothing_is_reported_in_the_right_shape(void **state) {
    (void)state;
    assert_string_equal(get("/v1beta1/news?symbols=AAPL&limit=50"),
                        "{\"news\":[],\"next_page_token\":null}");
    assert_string_equal(get("/v1/corporate-actions?symbols=AAPL&types=cash_dividend"),
                        "{\"corporate_actions\":{},\"next_page_token\":null}");
    assert_string_equal(get("/v1beta1/corporate-actions?symbols=AAPL&limit=1000"),
                        "{\"corporate_actions\":{},\"next_page_token\":null}");
    assert_string_equal(get("/v2/corporate_actions/announcements?ca_types=Dividend"), "[]");
    assert_answer("GET", "/v2/corporate_actions/announcements/7", NULL, 404,
                  "{\"code\":40410000,\"message\":\"announcement not found for 7\"}");
    assert_answer("GET", "/v1beta1/news?limit=51", NULL, 400,
                  "{\"message\":\"invalid limit: it must be 1 to 50\"}");
    assert_int_equal(read_records("/v1beta1/news", TW_ALPACA_RECORD_ARTICLE).count, 0);
}

static void the_most_active_come_first(void **state) {
    (void)state;
    step("2m");
    kept k = read_records("/v1beta1/screener/stocks/most-actives", TW_ALPACA_RECORD_ACTIVE);
    assert_int_equal(k.count, 3);
    assert_true(k.keys[0] >= k.keys[1] && k.keys[1] >= k.keys[2]);
    assert_has(w.body, "{\"last_updated\":\"2026-01-05T14:32:00.000000000Z\",\"most_actives\":[");
    get("/v1beta1/screener/stocks/most-actives?by=trades&top=2");
    assert_int_equal(count_of(w.body, "\"symbol\""), 2);
    assert_true(number_in(w.body, "trade_count") >=
                number_in(strstr(w.body, "},{"), "trade_count"));
    assert_answer("GET", "/v1beta1/screener/stocks/most-actives?by=x", NULL, 400,
                  "{\"message\":\"invalid by: x\"}");
    assert_answer("GET", "/v1beta1/screener/stocks/most-actives?top=101", NULL, 400,
                  "{\"message\":\"invalid top: it must be 1 to 100\"}");
}

static void movers_are_parted_by_their_sign(void **state) {
    (void)state;
    step("2m");
    kept k = read_records("/v1beta1/screener/stocks/movers?top=50", TW_ALPACA_RECORD_MOVER);
    assert_true(k.count <= 3);
    for (uint32_t i = 0; i < k.count; i++) {
        assert_true(k.groups[i] == 'g' ? k.changes[i] > 0.0 : k.changes[i] < 0.0);
        if (i > 0 && k.groups[i] == k.groups[i - 1])
            assert_true(fabs(k.changes[i]) <= fabs(k.changes[i - 1]));
    }
    assert_has(w.body, "\"market_type\":\"stocks\"}");
    assert_answer("GET", "/v1beta1/screener/crypto/movers", NULL, 400,
                  "{\"message\":\"invalid market type: crypto\"}");
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_day_has_an_opening_and_a_closing_auction),
        CASE(auctions_come_in_pages),
        CASE(codes_are_told),
        CASE(nothing_is_reported_in_the_right_shape),
        CASE(the_most_active_come_first),
        CASE(movers_are_parted_by_their_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
