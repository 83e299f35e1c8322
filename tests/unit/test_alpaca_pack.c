/* test_alpaca_pack.c - what a server says in MessagePack is what it says in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

#define NOW_NS INT64_C(1704205765123456789)

typedef struct fixture {
    tw_symbols *symbols;
    tw_alpaca_reader *reader;
    tw_symbol apple;
    char json_memory[65536];
    char pack_memory[65536];
    tw_text json;
    tw_text pack;
} fixture;

static int set_up(void **state) {
    static fixture f;
    memset(&f, 0, sizeof f);
    f.json = tw_text_over(f.json_memory, sizeof f.json_memory);
    f.pack = tw_text_over(f.pack_memory, sizeof f.pack_memory);
    assert_int_equal(tw_symbols_new(NULL, 8, &f.symbols), TW_OK);
    assert_int_equal(tw_symbols_intern(f.symbols, tw_slice_of("AAPL"), &f.apple), TW_OK);
    assert_int_equal(tw_alpaca_reader_new(NULL, 65536, 64, f.symbols, &f.reader), TW_OK);
    assert_int_equal(tw_alpaca_reader_add_msgpack(f.reader), TW_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    tw_alpaca_reader_free(f->reader);
    tw_symbols_free(f->symbols);
    return 0;
}

static void pack(fixture *f, const char *json) {
    tw_text_clear(&f->pack);
    assert_int_equal(tw_alpaca_pack(f->reader, tw_slice_of(json), &f->pack), TW_OK);
    assert_false(f->pack.truncated);
}

#define PACKS(json, bytes)                                           \
    do {                                                             \
        pack(f, json);                                               \
        assert_int_equal(f->pack.size, sizeof(bytes) - 1);           \
        assert_memory_equal(f->pack.data, bytes, sizeof(bytes) - 1); \
    } while (0)

static void every_number_has_its_shortest_form(void **state) {
    fixture *f = *state;
    PACKS("[0,127,128,255,256]", "\x95\x00\x7f\xcc\x80\xcc\xff\xcd\x01\x00");
    PACKS("[65535,65536,4294967295]", "\x93\xcd\xff\xff\xce\x00\x01\x00\x00\xce\xff\xff\xff\xff");
    PACKS("[18446744073709551615]", "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    PACKS("[-1,-32,-33,-128,-129]", "\x95\xff\xe0\xd0\xdf\xd0\x80\xd1\xff\x7f");
    PACKS("[-32768,-32769]", "\x92\xd1\x80\x00\xd2\xff\xff\x7f\xff");
    PACKS("[-2147483648,-2147483649]",
          "\x92\xd2\x80\x00\x00\x00\xd3\xff\xff\xff\xff\x7f\xff\xff\xff");
    PACKS("[0.5,true,false,null,\"\"]", "\x95\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00\xc3\xc2\xc0\xa0");
}

static void a_time_is_a_timestamp_where_a_time_stands(void **state) {
    fixture *f = *state;
    PACKS("{\"t\":\"1970-01-01T00:00:01Z\"}", "\x81\xa1t\xd6\xff\x00\x00\x00\x01");
    PACKS("{\"t\":\"1970-01-01T00:00:01.000000001Z\"}",
          "\x81\xa1t\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x01");
    PACKS("{\"t\":\"1969-12-31T23:59:59.5Z\"}",
          "\x81\xa1t\xc7\x0c\xff\x1d\xcd\x65\x00\xff\xff\xff\xff\xff\xff\xff\xff");
    PACKS("{\"t\":\"soon\"}", "\x81\xa1t\xa4soon");
    PACKS("{\"x\":\"1970-01-01\"}", "\x81\xa1x\xaa"
                                    "1970-01-01");
}

static void a_whole_price_stays_a_double_and_a_size_an_integer(void **state) {
    fixture *f = *state;
    PACKS("{\"p\":1,\"s\":1}", "\x82\xa1p\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa1s\x01");
}

static void containers_of_sixteen_and_more_have_longer_heads(void **state) {
    fixture *f = *state;
    PACKS("[[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6],[]]",
          "\x92\xdc\x00\x10\x01\x02\x03\x04\x05\x06\x07\x08\x09\x00\x01\x02\x03\x04\x05\x06\x90");
    pack(f, "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\"a\":1,"
            "\"b\":1,\"e\":1,\"f\":1,\"g\":1,\"i\":1,\"j\":1}");
    assert_memory_equal(f->pack.data, "\xde\x00\x10\xa1", 4);
    assert_int_equal(f->pack.size, 3 + 16 * 3);
}

/* ---- records ------------------------------------------------------------------------------- */

typedef struct records {
    char bytes[65536];
    size_t size;
} records;

static void keep(records *r, const void *record, size_t size) {
    assert_true(r->size + size <= sizeof r->bytes);
    memcpy(r->bytes + r->size, record, size);
    r->size += size;
}

static void on_trade(void *context, const tw_trade *trade) {
    keep(context, trade, sizeof *trade);
}
static void on_quote(void *context, const tw_quote *quote) {
    keep(context, quote, sizeof *quote);
}
static void on_bar(void *context, const tw_bar *bar) {
    keep(context, bar, sizeof *bar);
}
static void on_level(void *context, const tw_level *level) {
    keep(context, level, sizeof *level);
}
static void on_control(void *context, const tw_alpaca_control *control) {
    keep(context, control, sizeof *control);
}
/* A record is written again: its slices point into different inputs. A status keeps the text of
 * its time, which is a timestamp's in the other encoding. */
static void on_record(void *context, const tw_alpaca_record *record) {
    char memory[4096];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_record(&text, record);
    keep(context, memory, text.size);
}

static const tw_alpaca_events EVENTS = {
    .on_trade = on_trade,
    .on_quote = on_quote,
    .on_bar = on_bar,
    .on_level = on_level,
    .on_control = on_control,
    .on_record = on_record,
};

/* Reads the JSON of the fixture, and what it is packed into. */
static void assert_same_in_both(fixture *f) {
    static records plain;
    static records packed;
    tw_alpaca_events events = EVENTS;
    plain.size = packed.size = 0;
    assert_false(f->json.truncated);
    events.context = &plain;
    assert_int_equal(tw_alpaca_decode_stream(f->reader, tw_text_slice(&f->json), &events, NULL),
                     TW_OK);
    tw_text_clear(&f->pack);
    assert_int_equal(tw_alpaca_pack(f->reader, tw_text_slice(&f->json), &f->pack), TW_OK);
    events.context = &packed;
    assert_int_equal(
        tw_alpaca_decode_stream_msgpack(f->reader, tw_text_slice(&f->pack), &events, NULL), TW_OK);
    assert_true(plain.size > 0);
    assert_int_equal(plain.size, packed.size);
    assert_memory_equal(plain.bytes, packed.bytes, plain.size);
    tw_text_clear(&f->json);
}

static tw_trade some_trade(const fixture *f, tw_random *random) {
    return (tw_trade){
        .time_ns = NOW_NS + (int64_t)tw_random_below(random, 1000000000),
        .price = {(int64_t)(1 + tw_random_below(random, 1000000)) * (TW_NANO / 100)},
        .quantity = {(int64_t)(1 + tw_random_below(random, 1000)) * TW_NANO},
        .id = tw_random_next(random),
        .symbol = f->apple,
        .side = (uint8_t)(tw_random_below(random, 3)),
        .exchange = 'V',
        .tape = 'C',
        .conditions = "@I",
    };
}

static void trades_quotes_and_bars_are_the_same_in_both(void **state) {
    fixture *f = *state;
    tw_random random;
    tw_random_init(&random, 1, 2);
    for (int i = 0; i < 500; i++) {
        tw_trade t = some_trade(f, &random);
        tw_quote q = {.time_ns = t.time_ns,
                      .bid_price = t.price,
                      .ask_price = {t.price.nano + TW_NANO / 100},
                      .bid_size = t.quantity,
                      .ask_size = {200 * TW_NANO},
                      .symbol = f->apple,
                      .bid_exchange = 'V',
                      .ask_exchange = 'V',
                      .tape = 'C',
                      .conditions = "R"};
        tw_bar b = {.time_ns = NOW_NS / TW_NS_PER_MINUTE * TW_NS_PER_MINUTE,
                    .timeframe_ns = TW_NS_PER_MINUTE,
                    .open = t.price,
                    .high = q.ask_price,
                    .low = t.price,
                    .close = t.price,
                    .vwap = t.price,
                    .volume = t.quantity,
                    .count = 3,
                    .symbol = f->apple};
        tw_text_append_char(&f->json, '[');
        tw_alpaca_encode_stream_trade(&f->json, &t, f->symbols);
        tw_text_append_char(&f->json, ',');
        tw_alpaca_encode_stream_quote(&f->json, &q, f->symbols);
        tw_text_append_char(&f->json, ',');
        tw_alpaca_encode_stream_bar(
            &f->json, &b, i % 2 == 0 ? TW_ALPACA_BAR_MINUTE : TW_ALPACA_BAR_DAILY, f->symbols);
        tw_text_append_char(&f->json, ']');
        assert_same_in_both(f);
    }
}

static void books_and_control_messages_are_the_same_in_both(void **state) {
    fixture *f = *state;
    tw_level levels[40];
    memset(levels, 0, sizeof levels);
    for (int i = 0; i < 40; i++) {
        levels[i].time_ns = NOW_NS;
        levels[i].symbol = f->apple;
        levels[i].side = i < 20 ? TW_SIDE_BUY : TW_SIDE_SELL;
        levels[i].price.nano = (100 + i) * TW_NANO;
        levels[i].quantity.nano = (i + 1) * TW_NANO / 2;
    }
    levels[0].clear = 1;
    tw_text_append_char(&f->json, '[');
    tw_alpaca_encode_stream_book(&f->json, levels, 40, f->symbols);
    tw_text_append_char(&f->json, ']');
    assert_same_in_both(f);
    tw_alpaca_encode_stream_success(&f->json, "authenticated");
    assert_same_in_both(f);
    tw_alpaca_encode_stream_error(&f->json, 406, "connection limit exceeded");
    assert_same_in_both(f);
    const char *const list[] = {"AAPL", "MSFT"};
    const char *const *names[TW_ALPACA_CHANNEL_COUNT];
    uint32_t counts[TW_ALPACA_CHANNEL_COUNT];
    for (uint32_t c = 0; c < TW_ALPACA_CHANNEL_COUNT; c++) {
        names[c] = list;
        counts[c] = c % 3;
    }
    tw_alpaca_encode_stream_subscription(&f->json, names, counts);
    assert_same_in_both(f);
}

static void the_rarer_messages_are_the_same_in_both(void **state) {
    fixture *f = *state;
    tw_text_append_string(
        &f->json,
        "[{\"T\":\"l\",\"S\":\"AAPL\",\"u\":110,\"d\":90.5,\"i\":\"B\",\"t\":"
        "\"2024-01-02T14:30:00.1Z\",\"z\":\"C\"},"
        "{\"T\":\"i\",\"S\":\"AAPL\",\"p\":100,\"t\":\"2024-01-02T14:30:00Z\",\"z\":\"C\"},"
        "{\"T\":\"x\",\"S\":\"AAPL\",\"i\":7,\"x\":\"V\",\"p\":100,\"s\":3,\"a\":\"C\",\"z\":\"C\","
        "\"t\":\"2024-01-02T14:30:00Z\"},"
        "{\"T\":\"c\",\"S\":\"AAPL\",\"x\":\"V\",\"oi\":1,\"op\":1,\"os\":2,\"oc\":[\"@\"],\"ci\":"
        "2,"
        "\"cp\":1.5,\"cs\":3,\"cc\":[\"@\",\"I\"],\"t\":\"2024-01-02T14:30:00Z\",\"z\":\"C\"},"
        "{\"T\":\"n\",\"id\":24918784,\"headline\":\"A word\",\"created_at\":"
        "\"2024-01-02T14:30:00Z\",\"updated_at\":\"2024-01-02T14:30:01Z\",\"symbols\":[\"AAPL\"]},"
        "{\"T\":\"s\",\"S\":\"AAPL\",\"sc\":\"H\",\"sm\":\"Halt\",\"rc\":\"T1\",\"rm\":\"News\","
        "\"t\":\"2024-01-02T14:30:00Z\",\"z\":\"C\"}]");
    assert_same_in_both(f);
}

static void the_kind_is_the_first_key(void **state) {
    fixture *f = *state;
    tw_random random;
    tw_random_init(&random, 3, 4);
    tw_trade t = some_trade(f, &random);
    tw_alpaca_encode_stream_trade(&f->json, &t, f->symbols);
    pack(f, f->json.data);
    assert_int_equal((unsigned char)f->pack.data[0] & 0xF0, 0x80);
    assert_memory_equal(f->pack.data + 1,
                        "\xa1T\xa1t\xa1S\xa4"
                        "AAPL",
                        11);
}

static void what_does_not_fit_is_said_at_every_size(void **state) {
    fixture *f = *state;
    static const char json[] = "[{\"p\":1,\"t\":\"1970-01-01T00:00:01Z\",\"l\":[1,2,3,4,5,6,7,8,"
                               "9,0,1,2,3,4,5,6],\"n\":null,\"x\":\"text\"}]";
    pack(f, json);
    size_t whole = f->pack.size;
    for (size_t capacity = 1; capacity <= whole; capacity++) {
        tw_text text = tw_text_over(f->json_memory, capacity);
        assert_int_equal(tw_alpaca_pack(f->reader, tw_slice_of(json), &text), TW_OK);
        assert_true(text.truncated);
        assert_true(text.size < capacity);
    }
    tw_text text = tw_text_over(f->json_memory, whole + 1);
    assert_int_equal(tw_alpaca_pack(f->reader, tw_slice_of(json), &text), TW_OK);
    assert_false(text.truncated);
    assert_memory_equal(text.data, f->pack.data, whole);
}

static void what_is_no_json_is_refused(void **state) {
    fixture *f = *state;
    static const char *const bad[] = {"", "{", "[1,", "{\"a\":}", "[1e999]", "1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_not_equal(tw_alpaca_pack(f->reader, tw_slice_of(bad[i]), &f->pack), TW_OK);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(every_number_has_its_shortest_form),
        CASE(a_time_is_a_timestamp_where_a_time_stands),
        CASE(a_whole_price_stays_a_double_and_a_size_an_integer),
        CASE(containers_of_sixteen_and_more_have_longer_heads),
        CASE(trades_quotes_and_bars_are_the_same_in_both),
        CASE(books_and_control_messages_are_the_same_in_both),
        CASE(the_rarer_messages_are_the_same_in_both),
        CASE(the_kind_is_the_first_key),
        CASE(what_does_not_fit_is_said_at_every_size),
        CASE(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
