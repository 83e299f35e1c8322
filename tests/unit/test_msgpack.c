/* test_msgpack.c - the rules of MessagePack in json.h: every form, every bound, and streams read
 * from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "json.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/time.h"

#define SIZE_MAX_IN 65536

typedef struct fixture {
    tw_msgpack_reader *reader;
    char buffer[8192];
    tw_text text;
    tw_error error;
} fixture;

static int set_up(void **state) {
    static fixture f;
    memset(&f, 0, sizeof f);
    f.text = tw_text_over(f.buffer, sizeof f.buffer);
    *state = &f;
    return tw_msgpack_reader_new(NULL, SIZE_MAX_IN, &f.reader) == TW_OK ? 0 : -1;
}

static int tear_down(void **state) {
    tw_msgpack_reader_free(((fixture *)*state)->reader);
    return 0;
}

/* Writes what is visited as JSON. */
static tw_status write_value(void *context, tw_json_value *value);

static tw_status write_field(void *context, tw_slice key, tw_json_value *value) {
    fixture *f = context;
    tw_text_append_json(&f->text, key);
    tw_text_append_char(&f->text, ':');
    return write_value(f, value);
}

static tw_status write_value(void *context, tw_json_value *value) {
    fixture *f = context;
    tw_slice text;
    tw_status status = TW_OK;
    switch (tw_json_kind_of(value)) {
    case TW_JSON_OBJECT:
        tw_text_append_char(&f->text, '{');
        status = tw_json_each_field(value, write_field, f);
        tw_text_append_string(&f->text, "},");
        return status;
    case TW_JSON_ARRAY:
        tw_text_append_char(&f->text, '[');
        status = tw_json_each_item(value, write_value, f);
        tw_text_append_string(&f->text, "],");
        return status;
    case TW_JSON_NOTHING:
        tw_text_append_string(&f->text, "?,");
        return TW_OK;
    case TW_JSON_STRING:
        status = tw_json_scalar(value, &text);
        if (status == TW_OK)
            tw_text_append_json(&f->text, text);
        break;
    case TW_JSON_NUMBER:
    case TW_JSON_BOOLEAN:
    case TW_JSON_NULL:
        status = tw_json_scalar(value, &text);
        if (status == TW_OK)
            tw_text_append(&f->text, text.size > 0 ? text : tw_slice_of("null"));
        break;
    }
    tw_text_append_char(&f->text, ',');
    return status;
}

static tw_status read_bytes(fixture *f, const char *bytes, size_t size) {
    tw_text_clear(&f->text);
    return tw_msgpack_read(f->reader, (tw_slice){bytes, size}, write_value, f, &f->error);
}

#define READS(bytes, expected)                                            \
    do {                                                                  \
        assert_int_equal(read_bytes(f, bytes, sizeof(bytes) - 1), TW_OK); \
        assert_string_equal(f->buffer, expected);                         \
    } while (0)
#define REFUSES(bytes, at)                                                   \
    do {                                                                     \
        assert_int_equal(read_bytes(f, bytes, sizeof(bytes) - 1), TW_PARSE); \
        assert_int_equal(f->error.column, (at) + 1);                         \
    } while (0)

static void test_every_form_of_number_is_read_exactly(void **state) {
    fixture *f = *state;
    READS("\x95\x00\x7f\xff\xe0\xcc\xff", "[0,127,-1,-32,255,],");
    READS("\x94\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd0\x80",
          "[65535,4294967295,18446744073709551615,-128,],");
    READS("\x93\xd1\x80\x00\xd2\x80\x00\x00\x00\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
          "[-32768,-2147483648,-9223372036854775808,],");
    READS("\x93\xcb\x40\x5f\xa3\x33\x33\x33\x33\x33\xca\x42\xfd\x19\x9a\xcb\x00\x00\x00\x00\x00"
          "\x00\x00\x00",
          "[126.55,126.55,0,],");
    READS("\x92\xc2\xc3", "[false,true,],");
    READS("\x91\xc0", "[null,],");
}

static void test_strings_binaries_and_containers_of_every_length(void **state) {
    fixture *f = *state;
    READS("\x96\xa0\xa1x\xd9\x02yz\xda\x00\x01u\xdb\x00\x00\x00\x01v\xc4\x01w",
          "[\"\",\"x\",\"yz\",\"u\",\"v\",\"w\",],");
    READS("\x92\xc5\x00\x01x\xc6\x00\x00\x00\x01y", "[\"x\",\"y\",],");
    READS("\x82\xa1"
          "a\x90\xa1"
          "b\x80",
          "{\"a\":[],\"b\":{},},");
    READS("\xdc\x00\x01\x01", "[1,],");
    READS("\xdd\x00\x00\x00\x01\x01", "[1,],");
    READS("\xde\x00\x01\xa1k\x01", "{\"k\":1,},");
    READS("\xdf\x00\x00\x00\x01\xa1k\x01", "{\"k\":1,},");
    READS("\x82\x05\x91\x01\xa1k\x01", "{\"k\":1,},"); /* a key that is no string */
}

static void test_timestamps_of_all_three_lengths(void **state) {
    fixture *f = *state;
    READS("\x91\xd6\xff\x65\x94\x1d\xc5", "[\"2024-01-02T14:29:25Z\",],");
    READS("\x91\xd7\xff\x1d\x6f\x34\x54\x65\x94\x1d\xc5", "[\"2024-01-02T14:29:25.123456789Z\",],");
    READS("\x91\xc7\x0c\xff\x07\x5b\xcd\x15\xff\xff\xff\xff\xff\xff\xff\xff",
          "[\"1969-12-31T23:59:59.123456789Z\",],");
    REFUSES("\x91\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1);
    REFUSES("\x91\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", 1);
    READS("\x94\xd4\xff\x00\xd5\x01\x00\x00\xd8\x05zzzzzzzzzzzzzzzz\xc9\x00\x00\x00\x01\x07z",
          "[?,?,?,?,],"); /* other extensions pass */
    READS("\x92\xc7\x00\x01\xc8\x00\x01\x01z", "[?,?,],");
}

static void test_what_is_no_document_is_refused_with_its_place(void **state) {
    fixture *f = *state;
    assert_int_equal(read_bytes(f, "", 0), TW_PARSE);
    REFUSES("\x01", 0);     /* the root is a number */
    REFUSES("\x91\xc1", 1); /* a byte that is never used */
    REFUSES("\x90\x90", 1); /* more than one document */
    REFUSES("\x92\x01", 0); /* fewer bytes than items */
    REFUSES("\x91\xa5"
            "abcd",
            1);                                             /* a string that is cut */
    REFUSES("\x81\xa1k", 3);                                /* a key without a value */
    REFUSES("\x91\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 1); /* infinity */
    REFUSES("\xdd\xff\xff\xff\xff", 0);                     /* a length that lies */
    static char large[SIZE_MAX_IN + 1];
    assert_int_equal(read_bytes(f, large, sizeof large), TW_FULL);
}

static void test_depth_is_bounded_for_visits_and_for_what_is_passed_over(void **state) {
    fixture *f = *state;
    char deep[TW_JSON_DEPTH_MAX + 2];
    memset(deep, 0x91, sizeof deep);
    deep[TW_JSON_DEPTH_MAX] = 0x01;
    deep[TW_JSON_DEPTH_MAX - 1] = (char)0x90;
    assert_int_equal(read_bytes(f, deep, TW_JSON_DEPTH_MAX), TW_OK);
    deep[TW_JSON_DEPTH_MAX - 1] = (char)0x91;
    deep[TW_JSON_DEPTH_MAX] = (char)0x90;
    assert_int_equal(read_bytes(f, deep, TW_JSON_DEPTH_MAX + 1), TW_PARSE);
    assert_non_null(strstr(f->error.message, "deep"));
}

static void test_every_cut_of_a_document_is_refused(void **state) {
    fixture *f = *state;
    static const char whole[] = "\x82\xa1"
                                "a\x93\x01\xcb\x40\x5f\xa3\x33\x33\x33\x33\x33\xc0\xa1"
                                "t\xd7\xff\x1d\x6f\x34\x54\x65\x94\x1d\xc5";
    assert_int_equal(read_bytes(f, whole, sizeof whole - 1), TW_OK);
    for (size_t size = 0; size < sizeof whole - 1; size++)
        assert_int_equal(read_bytes(f, whole, size), TW_PARSE);
}

static tw_status peek_root(void *context, tw_json_value *root) {
    fixture *f = context;
    tw_slice text;
    tw_status status = tw_json_peek(root, "T", &text);
    tw_text_append_json(&f->text, text);
    return status == TW_OK ? write_value(f, root) : status;
}

static void test_a_peek_leaves_the_map_to_be_taken(void **state) {
    fixture *f = *state;
    static const char bytes[] = "\x83\xa1"
                                "a\x91\x01\xa1T\xa2xy\xa1"
                                "b\x02";
    assert_int_equal(
        tw_msgpack_read(f->reader, (tw_slice){bytes, sizeof bytes - 1}, peek_root, f, NULL), TW_OK);
    assert_string_equal(f->buffer, "\"xy\"{\"a\":[1,],\"T\":\"xy\",\"b\":2,},");
}

static void test_the_shortest_heads_are_written(void **state) {
    fixture *f = *state;
    static char long_string[70000];
    static char out[140000];
    const struct {
        size_t size;
        unsigned head, width;
    } strings[] = {{0, 0xA0, 0},   {31, 0xBF, 0},    {32, 0xD9, 1},   {255, 0xD9, 1},
                   {256, 0xDA, 2}, {65535, 0xDA, 2}, {65536, 0xDB, 4}};
    (void)f;
    memset(long_string, 'x', sizeof long_string);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        tw_text text = tw_text_over(out, sizeof out);
        tw_msgpack_put_string(&text, (tw_slice){long_string, strings[i].size});
        assert_int_equal((unsigned char)out[0], strings[i].head);
        assert_int_equal(text.size, 1 + strings[i].width + strings[i].size);
    }
    const struct {
        uint32_t count;
        unsigned map, array;
        size_t size;
    } containers[] = {{15, 0x8F, 0x9F, 1}, {16, 0xDE, 0xDC, 3}, {65536, 0xDF, 0xDD, 5}};
    for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++) {
        tw_text text = tw_text_over(out, sizeof out);
        tw_msgpack_put_map(&text, containers[i].count);
        assert_int_equal((unsigned char)out[0], containers[i].map);
        assert_int_equal(text.size, containers[i].size);
        tw_msgpack_put_array(&text, containers[i].count);
        assert_int_equal((unsigned char)out[containers[i].size], containers[i].array);
    }
}

/* ---- Alpaca's words from it ---- */

typedef struct seen {
    tw_trade trade;
    unsigned trades, records, bad;
    char names[64];
} seen;

static void on_trade(void *context, const tw_trade *trade) {
    ((seen *)context)->trade = *trade;
    ((seen *)context)->trades++;
}
static void on_record(void *context, const tw_alpaca_record *record) {
    ((seen *)context)->records++;
    assert_int_equal(record->kind, TW_ALPACA_RECORD_TRADING_STATUS);
}
static void on_bad(void *context, tw_status status, tw_slice kind) {
    (void)status;
    (void)kind;
    ((seen *)context)->bad++;
}
static void on_name(void *context, const tw_alpaca_command *command, tw_alpaca_channel channel,
                    tw_slice name) {
    seen *s = context;
    size_t used = strlen(s->names);
    (void)command;
    snprintf(s->names + used, sizeof s->names - used, "%d:%.*s ", (int)channel, (int)name.size,
             name.data);
}

static void test_a_frame_of_the_stream_is_read_from_msgpack(void **state) {
    seen s = {.trades = 0};
    tw_symbols *symbols = NULL;
    tw_alpaca_reader *reader = NULL;
    (void)state;
    assert_int_equal(tw_symbols_new(NULL, 8, &symbols), TW_OK);
    assert_int_equal(tw_alpaca_reader_new(NULL, 4096, 4, symbols, &reader), TW_OK);
    assert_int_equal(tw_alpaca_reader_add_msgpack(reader), TW_OK);
    assert_int_equal(tw_alpaca_reader_add_msgpack(reader), TW_OK);
    static const char frame[] = "\x93"
                                "\x87\xa1T\xa1t\xa1S\xa4"
                                "AAPL\xa1i\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1p\xcb\x40\x5f"
                                "\xa3\x33\x33\x33\x33\x33\xa1s\x64\xa1"
                                "c\x92\xa1@\xa1I\xa1t\xd7\xff\x1d\x6f\x34\x54\x65"
                                "\x94\x1d\xc5"
                                "\x83\xa1T\xa1s\xa1S\xa4"
                                "AAPL\xa2sc\xa1H"
                                "\x83\xa1T\xa1t\xa1S\xa4"
                                "AAPL\xa1p\xa1x";
    tw_alpaca_events events = {
        .context = &s, .on_trade = on_trade, .on_record = on_record, .on_bad = on_bad};
    assert_int_equal(
        tw_alpaca_decode_stream_msgpack(reader, (tw_slice){frame, sizeof frame - 1}, &events, NULL),
        TW_OK);
    assert_int_equal(s.trades, 1);
    assert_int_equal(s.records, 1);
    assert_int_equal(s.bad, 1);
    assert_true(s.trade.id == UINT64_MAX);
    assert_int_equal(s.trade.price.nano, 126550000000);
    assert_int_equal(s.trade.time_ns, 1704205765123456789);
    assert_memory_equal(s.trade.conditions, "@I\0\0\0", 5);
    char buffer[512];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    static const char *const names[] = {"AAPL", "MSFT"};
    tw_alpaca_command command;
    tw_alpaca_encode_subscribe_msgpack(&text, true, 5, names, 2);
    assert_int_equal(
        tw_alpaca_decode_command_msgpack(reader, tw_text_slice(&text), &command, on_name, &s, NULL),
        TW_OK);
    assert_int_equal(command.action, TW_ALPACA_ACTION_SUBSCRIBE);
    assert_string_equal(s.names, "1:AAPL 1:MSFT 4:AAPL 4:MSFT ");
    tw_text_clear(&text);
    tw_alpaca_encode_auth_msgpack(&text, "key", "secret");
    assert_int_equal(
        tw_alpaca_decode_command_msgpack(reader, tw_text_slice(&text), &command, NULL, NULL, NULL),
        TW_OK);
    assert_int_equal(command.action, TW_ALPACA_ACTION_AUTH);
    assert_string_equal(command.key, "key");
    assert_string_equal(command.secret, "secret");
    tw_alpaca_reader_free(reader);
    tw_symbols_free(symbols);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_msgpack_reader *reader = NULL;
    tw_status status = tw_msgpack_reader_new(allocator, 64, &reader);
    tw_msgpack_reader_free(reader);
    return status;
}

static void test_a_reader_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_every_form_of_number_is_read_exactly),
        CASE(test_strings_binaries_and_containers_of_every_length),
        CASE(test_timestamps_of_all_three_lengths),
        CASE(test_what_is_no_document_is_refused_with_its_place),
        CASE(test_depth_is_bounded_for_visits_and_for_what_is_passed_over),
        CASE(test_every_cut_of_a_document_is_refused),
        CASE(test_a_peek_leaves_the_map_to_be_taken),
        CASE(test_the_shortest_heads_are_written),
        CASE(test_a_frame_of_the_stream_is_read_from_msgpack),
        CASE(test_a_reader_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
