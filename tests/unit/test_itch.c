/*
 * test_itch.c - ITCH 5.0 messages as bytes and as data.
 *
 * The bytes of each type are written out here from the tables of the specification, and not with
 * the encoder: type, locate 0x0102, tracking number 0x0304, a time of 09:30 and 1 ns
 * (0x1f1aced9f001), then the fields of the type, a space between each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tradewind/itch.h"
#include "tradewind/time.h"

#define OPENING (INT64_C(34200000000000) + 1)
#define NANO TW_NANO
#define HEAD "0102 0304 1f1aced9f001"
#define AAPL "4141504c20202020"
#define HEADED(letter) \
    .type = (letter), .stock_locate = 0x0102, .tracking_number = 0x0304, .time_ns = OPENING

typedef struct message_case {
    const char *hex;
    tw_itch_message message;
} message_case;

static const message_case cases[] = {
    {"53" HEAD "4f", {HEADED('S'), .system_event = {.event_code = 'O'}}},
    {"52" HEAD AAPL "51 4e 00000064 4e 43 5a20 50 4e 20 31 4e 00000003 59",
     {HEADED('R'), .stock_directory = {.round_lot_size = {100 * NANO},
                                       .etp_leverage_factor = 3,
                                       .stock = "AAPL",
                                       .market_category = 'Q',
                                       .financial_status = 'N',
                                       .round_lots_only = 'N',
                                       .issue_classification = 'C',
                                       .issue_sub_type = "Z",
                                       .authenticity = 'P',
                                       .short_sale_threshold = 'N',
                                       .ipo_flag = ' ',
                                       .luld_tier = '1',
                                       .etp_flag = 'N',
                                       .inverse_indicator = 'Y'}}},
    {"48" HEAD "4252 4b2e 4220 2020 54 20 49504f31",
     {HEADED('H'), .trading_action = {.stock = "BRK.B",
                                      .trading_state = 'T',
                                      .reserved = ' ',
                                      .reason = "IPO1"}}},
    {"59" HEAD "414243444546472b 31",
     {HEADED('Y'), .reg_sho = {.stock = "ABCDEFG+", .action = '1'}}},
    {"4c" HEAD "4e495445" AAPL "59 4e 41",
     {HEADED('L'), .participant_position = {.mpid = "NITE",
                                            .stock = "AAPL",
                                            .primary_market_maker = 'Y',
                                            .market_maker_mode = 'N',
                                            .state = 'A'}}},
    {"56" HEAD "0000005e8d31f001 00000051ad85f29c 0000000000000001",
     {HEADED('V'), .mwcb_decline = {{INT64_C(4060957859850)}, {INT64_C(0x51ad85f29c) * 10}, {10}}}},
    {"57" HEAD "32", {HEADED('W'), .mwcb_status = {.breached_level = '2'}}},
    {"4b" HEAD AAPL "0000a8c0 41 000186a1",
     {HEADED('K'), .ipo_quoting = {.release_time_ns = INT64_C(43200) * TW_NS_PER_SECOND,
                                   .price = {INT64_C(10000100000)},
                                   .stock = "AAPL",
                                   .release_qualifier = 'A'}}},
    {"4a" HEAD AAPL "000186a0 00019a28 00017318 00000002",
     {HEADED('J'), .auction_collar = {.reference_price = {INT64_C(10000000000)},
                                      .upper_price = {INT64_C(10500000000)},
                                      .lower_price = {INT64_C(9500000000)},
                                      .extension = 2,
                                      .stock = "AAPL"}}},
    {"68" HEAD AAPL "42 48",
     {HEADED('h'), .operational_halt = {.stock = "AAPL", .market_code = 'B', .action = 'H'}}},
    {"41" HEAD "0000000000000007 42 00000064" AAPL "001c9c3c",
     {HEADED('A'), .add_order = {.order_reference_number = 7,
                                 .shares = {100 * NANO},
                                 .price = {INT64_C(187500400000)},
                                 .side = TW_SIDE_BUY,
                                 .stock = "AAPL"}}},
    {"46" HEAD "ffffffffffffffff 53 ffffffff" AAPL "ffffffff 4d4c2020",
     {HEADED('F'), .add_order = {.order_reference_number = UINT64_MAX,
                                 .shares = {INT64_C(4294967295) * NANO},
                                 .price = {INT64_C(429496729500000)},
                                 .side = TW_SIDE_SELL,
                                 .stock = "AAPL",
                                 .attribution = "ML"}}},
    {"45" HEAD "0102030405060708 00000001 1112131415161718",
     {HEADED('E'), .execution = {.order_reference_number = UINT64_C(0x0102030405060708),
                                 .match_number = UINT64_C(0x1112131415161718),
                                 .shares = {NANO}}}},
    {"43" HEAD "0000000000000009 00000190 000000000000000a 4e 000f4240",
     {HEADED('C'), .execution = {.order_reference_number = 9,
                                 .match_number = 10,
                                 .shares = {400 * NANO},
                                 .price = {100 * NANO},
                                 .printable = 'N'}}},
    {"58" HEAD "0000000000000009 00000032",
     {HEADED('X'), .cancel = {.order_reference_number = 9, .shares = {50 * NANO}}}},
    {"44" HEAD "0000000100000000",
     {HEADED('D'), .delete_order = {.order_reference_number = UINT64_C(0x100000000)}}},
    {"55" HEAD "0000000000000009 000000000000000b 00000001 00000001",
     {HEADED('U'), .replace = {.order_reference_number = 9,
                               .new_order_reference_number = 11,
                               .shares = {NANO},
                               .price = {100000}}}},
    {"50" HEAD "0000000000000000 42 00000005" AAPL "000f4240 000000000000000c",
     {HEADED('P'), .trade = {.order_reference_number = 0,
                             .match_number = 12,
                             .shares = {5 * NANO},
                             .price = {100 * NANO},
                             .side = TW_SIDE_BUY,
                             .stock = "AAPL"}}},
    {"51" HEAD "0000000100000000" AAPL "000f4240 000000000000000d 4f",
     {HEADED('Q'), .cross_trade = {.match_number = 13,
                                   .shares = {INT64_C(4294967296) * NANO},
                                   .price = {100 * NANO},
                                   .stock = "AAPL",
                                   .cross_type = 'O'}}},
    {"42" HEAD "000000000000000d", {HEADED('B'), .broken_trade = {.match_number = 13}}},
    {"49" HEAD "0000000000000064 0000000000000065 53" AAPL "00000000 000f4240 000f4241 43 4c",
     {HEADED('I'), .imbalance = {.paired_shares = {100 * NANO},
                                 .imbalance_shares = {101 * NANO},
                                 .far_price = {0},
                                 .near_price = {100 * NANO},
                                 .reference_price = {INT64_C(100000100000)},
                                 .stock = "AAPL",
                                 .direction = 'S',
                                 .cross_type = 'C',
                                 .price_variation = 'L'}}},
    {"4e" HEAD AAPL "41",
     {HEADED('N'), .retail_interest = {.stock = "AAPL", .interest_flag = 'A'}}},
    {"4f" HEAD AAPL "59 00000001 00000002 00000003 00001f1aced9f002 00000004 00000005",
     {HEADED('O'), .direct_listing = {.minimum_price = {100000},
                                      .maximum_price = {200000},
                                      .near_execution_price = {300000},
                                      .near_execution_time_ns = OPENING + 1,
                                      .lower_collar = {400000},
                                      .upper_collar = {500000},
                                      .stock = "AAPL",
                                      .open_eligibility = 'Y'}}},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

static unsigned digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The bytes of a case; returns how many. */
static size_t bytes_of(const char *hex, char *bytes) {
    size_t count = 0;
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ')
            continue;
        bytes[count++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
        hex++;
    }
    return count;
}

static const message_case *case_of(char type) {
    size_t i = 0;
    while (i < CASE_COUNT - 1 && cases[i].message.type != type)
        i++;
    assert_int_equal(cases[i].message.type, type);
    return &cases[i];
}

/* ---- both ways ----------------------------------------------------------------------------- */

static void test_every_type_has_the_length_of_its_table(void **state) {
    (void)state;
    assert_int_equal(CASE_COUNT, 23);
    size_t known = 0;
    for (int type = 0; type < 256; type++)
        known += tw_itch_size((char)type) != 0;
    assert_int_equal(known, CASE_COUNT);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char bytes[64];
        assert_int_equal(bytes_of(cases[i].hex, bytes), tw_itch_size(cases[i].message.type));
    }
    assert_int_equal(tw_itch_size('I'), TW_ITCH_SIZE_MAX);
}

static void test_every_type_is_decoded_field_by_field(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char bytes[64];
        size_t size = bytes_of(cases[i].hex, bytes);
        tw_itch_message message;
        memset(&message, 0x55, sizeof message);
        tw_error error = {0};
        if (tw_itch_decode((tw_slice){bytes, size}, &message, &error) != TW_OK)
            fail_msg("%c: %s", cases[i].message.type, error.message);
        if (memcmp(&message, &cases[i].message, sizeof message) != 0)
            fail_msg("type %c is decoded wrongly", cases[i].message.type);
    }
}

static void test_every_type_is_encoded_byte_by_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char bytes[64];
        char written[TW_ITCH_SIZE_MAX];
        size_t size = bytes_of(cases[i].hex, bytes);
        size_t written_size = 0;
        tw_error error = {0};
        if (tw_itch_encode(&cases[i].message, written, size, &written_size, &error) != TW_OK)
            fail_msg("%c: %s", cases[i].message.type, error.message);
        assert_int_equal(written_size, size);
        assert_memory_equal(written, bytes, size);
    }
}

static void test_any_other_length_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        char bytes[64] = {0};
        size_t right = bytes_of(cases[i].hex, bytes);
        for (size_t size = 0; size <= sizeof bytes; size++) {
            tw_itch_message message = {.type = '!'};
            tw_error error = {0};
            if (size == right)
                continue;
            assert_int_equal(tw_itch_decode((tw_slice){bytes, size}, &message, &error), TW_PARSE);
            assert_int_equal(message.type, '!');
            assert_int_equal(error.status, TW_PARSE);
        }
    }
}

static void test_a_type_that_is_none_is_refused(void **state) {
    (void)state;
    char bytes[64] = {0};
    for (int type = 0; type < 256; type++) {
        tw_itch_message message = {.type = '!'};
        bytes[0] = (char)type;
        if (tw_itch_size((char)type) != 0)
            continue;
        for (size_t size = 1; size <= sizeof bytes; size++)
            assert_int_equal(tw_itch_decode((tw_slice){bytes, size}, &message, NULL), TW_PARSE);
        char written[64];
        size_t written_size = 99;
        message.type = (char)type;
        assert_int_equal(tw_itch_encode(&message, written, sizeof written, &written_size, NULL),
                         TW_PARSE);
        assert_int_equal(written_size, 99);
    }
}

/* ---- values -------------------------------------------------------------------------------- */

/* A message of a type in which some bytes are others. */
static tw_status decode_with(char type, size_t at, const char *hex, tw_error *error) {
    char bytes[64];
    size_t size = bytes_of(case_of(type)->hex, bytes);
    bytes_of(hex, bytes + at);
    tw_itch_message message;
    memset(&message, 0x55, sizeof message);
    tw_status status = tw_itch_decode((tw_slice){bytes, size}, &message, error);
    char untouched[sizeof message];
    memset(untouched, 0x55, sizeof untouched);
    if (status != TW_OK)
        assert_memory_equal(&message, untouched, sizeof message);
    return status;
}

static void test_values_that_the_specification_does_not_allow_are_refused(void **state) {
    (void)state;
    static const struct {
        char type;
        size_t at;
        const char *hex;
    } bad[] = {
        {'A', 19, "62"}, /* a side of b */
        {'F', 19, "00"},
        {'P', 19, "20"},
        {'A', 5, "4e94914f0000"}, /* 24:00:00, a day */
        {'D', 5, "ffffffffffff"},
        {'S', 5, "4e94914f0000"},
        {'A', 11, "0000000000000000"}, /* an order without a number */
        {'F', 11, "0000000000000000"},
        {'E', 11, "0000000000000000"},
        {'C', 11, "0000000000000000"},
        {'X', 11, "0000000000000000"},
        {'D', 11, "0000000000000000"},
        {'U', 11, "0000000000000000"},
        {'U', 19, "0000000000000000"},
        {'A', 20, "00000000"}, /* no shares */
        {'F', 20, "00000000"},
        {'E', 19, "00000000"},
        {'C', 19, "00000000"},
        {'X', 19, "00000000"},
        {'U', 27, "00000000"},
        {'P', 20, "00000000"},
        {'A', 32, "00000000"}, /* no price */
        {'F', 32, "00000000"},
        {'C', 32, "00000000"},
        {'U', 31, "00000000"},
        {'P', 32, "00000000"},
        {'C', 31, "20"}, /* printable: Y or N */
        {'H', 19, "56"},
        {'h', 20, "51"},
        {'W', 11, "34"},
        {'I', 27, "51"},
        {'A', 24, "2020202020202020"}, /* no stock */
        {'A', 24, "204150"},           /* not left justified */
        {'A', 24, "00"},
        {'A', 27, "00"},
        {'A', 31, "7f"},
        {'A', 31, "80"},
        {'A', 31, "ff"},
        {'A', 24, "1f"},
        {'F', 36, "00000000"},
        {'F', 36, "204d4c20"},
        {'R', 27, "205a"},
        {'R', 19, "00"},
        {'R', 38, "80"},
        {'S', 11, "0a"},
        {'L', 11, "4e4954ff"},
        {'Q', 39, "00"},
        {'K', 19, "00015180"}, /* 86400 s */
        {'O', 32, "00004e94914f0000"},
        {'O', 32, "ffffffffffffffff"},
        {'Q', 11, "0000000225c17d05"}, /* 9,223,372,037 shares do not fit */
        {'I', 11, "ffffffffffffffff"},
        {'I', 19, "0000000225c17d05"},
        {'V', 11, "0ccccccccccccccd"}, /* x 10 does not fit */
        {'V', 27, "ffffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tw_error error = {0};
        if (decode_with(bad[i].type, bad[i].at, bad[i].hex, &error) != TW_RANGE)
            fail_msg("type %c with %s at byte %zu is let through", bad[i].type, bad[i].hex,
                     bad[i].at);
        assert_int_equal(error.status, TW_RANGE);
    }
}

static void test_an_error_names_the_byte_and_what_belongs_there(void **state) {
    (void)state;
    tw_error error = {0};
    assert_int_equal(decode_with('A', 19, "62", &error), TW_RANGE);
    assert_string_equal(error.message, "byte 19 of the message (type A): expected B or S");
    assert_int_equal(decode_with('A', 19, "6200000000", &error), TW_RANGE); /* the first one */
    assert_string_equal(error.message, "byte 19 of the message (type A): expected B or S");
    tw_itch_message message;
    assert_int_equal(tw_itch_decode((tw_slice){"A", 1}, &message, &error), TW_PARSE);
    assert_string_equal(error.message, "a message of type A has 36 bytes, found 1");
    assert_int_equal(tw_itch_decode((tw_slice){"Z", 1}, &message, &error), TW_PARSE);
    assert_string_equal(error.message, "ITCH 5.0 has no message of type Z (0x5a), 1 bytes");
}

static void test_what_real_feeds_say_is_let_through(void **state) {
    (void)state;
    static const struct {
        char type;
        size_t at;
        const char *hex;
    } good[] = {
        {'Q', 11, "0000000000000000"}, /* a cross in which nobody met */
        {'Q', 27, "00000000"},
        {'A', 32, "77359401"},    /* above 200,000.0000 */
        {'A', 5, "4e94914effff"}, /* the last nanosecond of a day */
        {'I', 36, "000000000000000000000000"},
        {'J', 19, "000000000000000000000000"},
        {'K', 24, "00000000"},
        {'O', 28, "00000000"},
        {'R', 19, "21"}, /* letters that NASDAQ may add */
        {'R', 30, "7e"},
        {'S', 11, "41"},
        {'Q', 39, "49"},
        {'Y', 19, "39"},
        {'H', 20, "00"}, /* reserved */
        {'H', 21, "20202020"},
        {'F', 36, "20202020"},
        {'L', 11, "20202020"},
        {'R', 27, "2020"},
        {'E', 23, "0000000000000000"},
        {'P', 36, "0000000000000000"},
        {'Q', 11, "0000000225c17d04"},
        {'V', 11, "0ccccccccccccccc"},
        {'A', 24, "4120422020202020"},
        {'A', 1, "0000"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        tw_error error = {0};
        char bytes[64];
        if (decode_with(good[i].type, good[i].at, good[i].hex, &error) != TW_OK)
            fail_msg("type %c with %s at byte %zu: %s", good[i].type, good[i].hex, good[i].at,
                     error.message);
        size_t size = bytes_of(case_of(good[i].type)->hex, bytes);
        bytes_of(good[i].hex, bytes + good[i].at);
        tw_itch_message message;
        char written[TW_ITCH_SIZE_MAX];
        assert_int_equal(tw_itch_decode((tw_slice){bytes, size}, &message, NULL), TW_OK);
        assert_int_equal(tw_itch_encode(&message, written, sizeof written, &size, NULL), TW_OK);
        assert_memory_equal(written, bytes, size);
    }
}

/* The S&P 500 at 4060.95785985, as V gives it. */
static void test_prices_have_four_decimals_and_those_of_the_breaker_eight(void **state) {
    (void)state;
    char bytes[64];
    tw_itch_message message;
    size_t size = bytes_of("56" HEAD "0000005e8d31f001 00000051ad85f29c 0000000000000001", bytes);
    assert_int_equal(tw_itch_decode((tw_slice){bytes, size}, &message, NULL), TW_OK);
    assert_true(message.mwcb_decline.level_1.nano == INT64_C(4060957859850));
    assert_true(message.mwcb_decline.level_3.nano == 10);
    size = bytes_of(case_of('A')->hex, bytes);
    bytes_of("0007c831", bytes + 32); /* 51.0001 */
    assert_int_equal(tw_itch_decode((tw_slice){bytes, size}, &message, NULL), TW_OK);
    assert_true(message.add_order.price.nano == INT64_C(51000100000));
}

static tw_status encode(const tw_itch_message *message) {
    char written[TW_ITCH_SIZE_MAX];
    char untouched[TW_ITCH_SIZE_MAX];
    size_t size = 99;
    memset(written, 0x55, sizeof written);
    memset(untouched, 0x55, sizeof untouched);
    tw_status status = tw_itch_encode(message, written, sizeof written, &size, NULL);
    if (status != TW_OK) {
        assert_int_equal(size, 99);
        assert_memory_equal(written, untouched, sizeof written);
    }
    return status;
}

static void test_values_without_a_place_are_not_written(void **state) {
    (void)state;
    tw_itch_message good = case_of('A')->message;
    assert_int_equal(encode(&good), TW_OK);
    tw_itch_message m = good;
    m.add_order.price.nano += 1; /* parts of 0.0001 */
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    m.add_order.price.nano = -100000;
    assert_int_equal(encode(&m), TW_RANGE);
    m.add_order.price.nano = INT64_C(4294967296) * 100000;
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    m.add_order.shares.nano += 1;
    assert_int_equal(encode(&m), TW_RANGE);
    m.add_order.shares.nano = INT64_C(4294967296) * NANO;
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    m.add_order.side = TW_SIDE_NONE;
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    m.time_ns = TW_NS_PER_DAY;
    assert_int_equal(encode(&m), TW_RANGE);
    m.time_ns = -1;
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    memset(m.add_order.stock, 'A', sizeof m.add_order.stock); /* no NUL */
    assert_int_equal(encode(&m), TW_RANGE);
    strcpy(m.add_order.stock, "AB ");
    assert_int_equal(encode(&m), TW_RANGE);
    strcpy(m.add_order.stock, "");
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    m.add_order.order_reference_number = 0; /* what the decoder refuses is not written */
    assert_int_equal(encode(&m), TW_RANGE);
    m = good;
    strcpy(m.add_order.attribution, "ML"); /* A has no place for it */
    assert_int_equal(encode(&m), TW_RANGE);
    m = case_of('E')->message;
    m.execution.price.nano = 100000; /* E has no place for it */
    assert_int_equal(encode(&m), TW_RANGE);
    m = case_of('K')->message;
    m.ipo_quoting.release_time_ns += 1;
    assert_int_equal(encode(&m), TW_RANGE);
}

static void test_a_buffer_that_is_too_small_is_not_touched(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        for (size_t capacity = 0; capacity < tw_itch_size(cases[i].message.type); capacity++) {
            char written[1] = {0x55};
            size_t size = 99;
            assert_int_equal(tw_itch_encode(&cases[i].message, written, capacity, &size, NULL),
                             TW_FULL);
            assert_int_equal(written[0], 0x55);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_the_length_of_its_table),
        cmocka_unit_test(test_every_type_is_decoded_field_by_field),
        cmocka_unit_test(test_every_type_is_encoded_byte_by_byte),
        cmocka_unit_test(test_any_other_length_is_refused),
        cmocka_unit_test(test_a_type_that_is_none_is_refused),
        cmocka_unit_test(test_values_that_the_specification_does_not_allow_are_refused),
        cmocka_unit_test(test_an_error_names_the_byte_and_what_belongs_there),
        cmocka_unit_test(test_what_real_feeds_say_is_let_through),
        cmocka_unit_test(test_prices_have_four_decimals_and_those_of_the_breaker_eight),
        cmocka_unit_test(test_values_without_a_place_are_not_written),
        cmocka_unit_test(test_a_buffer_that_is_too_small_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
