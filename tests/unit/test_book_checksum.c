/* test_book_checksum.c - checksums of venues, and the text that they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync_desk.h"

static uint32_t crc_of_text(const char *text) {
    return tw_book_crc32(tw_slice_of(text));
}

static void crc32_is_that_of_the_check_value_and_of_a_slow_one(void **state) {
    (void)state;
    assert_true(crc_of_text("") == 0);
    assert_true(crc_of_text("123456789") == UINT32_C(0xcbf43926)); /* the polynomial's check */
    assert_true(crc_of_text("a") == UINT32_C(0xe8b7be43));
    assert_true(crc_of_text("The quick brown fox jumps over the lazy dog") == UINT32_C(0x414fa339));
    char bytes[600];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i * 31 + i * 7);
    uint32_t slow = UINT32_MAX;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        assert_true(tw_book_crc32((tw_slice){bytes, size}) == ~slow);
        if (size == sizeof bytes)
            break;
        slow ^= (uint8_t)bytes[size];
        for (int bit = 0; bit < 8; bit++)
            slow = slow >> 1 ^ ((slow & 1) != 0 ? UINT32_C(0xedb88320) : 0);
    }
}

/* The example of Kraken's page "Book checksum": 974947235. Prices in 1e-5, all of 0.00000500. */
static tw_depth_update kraken_example(desk *made) {
    static const int asks[] = {5005, 5010, 5015, 5020, 5025, 5030, 5035, 5040, 5045, 5050, 5055};
    static const int bids[] = {5000, 4995, 4990, 4980, 4975, 4970, 4965, 4960, 4955, 4950, 4945};
    for (size_t i = 0; i < 11; i++) { /* the eleventh is not in it */
        made->levels[i] = level_of(ASK, asks[i] * INT64_C(10000), 5000);
        made->levels[11 + i] = level_of(BID, bids[i] * INT64_C(10000), 5000);
    }
    return (tw_depth_update){.levels = made->levels,
                             .level_count = 22,
                             .snapshot = 1,
                             .price_digits = 5,
                             .quantity_digits = 8};
}

static void the_checksum_of_krakens_page_is_ours(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, kraken_example(made));
    uint32_t checksum = 0;
    assert_int_equal(tw_book_checksum(made->book, 0, TW_BOOK_CHECKSUM_KRAKEN, 5, 8, &checksum),
                     TW_OK);
    assert_true(checksum == 974947235);
    close_desk(made);
}

static void a_matching_checksum_keeps_live_and_another_makes_stale(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, kraken_example(made));
    tw_depth_update update = unnumbered(made, level_of(ASK, 5005 * INT64_C(10000), 5000));
    update.has_checksum = 1;
    update.checksum = 974947235;
    update.price_digits = 5;
    update.quantity_digits = 8;
    expect(made, update, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    update.checksum++;
    expect(made, update, TW_STATE, TW_BOOK_SYNC_MISMATCH, TW_BOOK_SYNC_STALE);
    assert_true(made->result.checksum == 974947235);
    assert_true(is_empty(made, 0));
    assert_int_equal(counts_of(made).checksums, 2);
    assert_int_equal(counts_of(made).mismatches, 1);
    expect(made, update, TW_EMPTY, TW_BOOK_SYNC_EARLY, TW_BOOK_SYNC_STALE);
    expect(made, kraken_example(made), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void a_checksum_can_be_ignored(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.checksum = TW_BOOK_CHECKSUM_IGNORED;
    desk *made = open_desk(&config, 100);
    (void)!give(made, snapshot_of(made, 0));
    tw_depth_update update = unnumbered(made, level_of(BID, 11, 1));
    update.has_checksum = 1;
    expect(made, update, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    assert_int_equal(counts_of(made).checksums, 0);
    close_desk(made);
}

/* The text of a number is known from its digits: "0.050" without point and zeros is "50". */
static void expect_kraken_text(int64_t price, int64_t quantity, uint8_t price_digits,
                               uint8_t quantity_digits, const char *text) {
    desk *made = open_usual();
    tw_level level = level_of(BID, price, quantity);
    assert_int_equal(tw_book_set_level(made->book, &level), TW_OK);
    uint32_t checksum = 0;
    tw_status status = tw_book_checksum(made->book, 0, TW_BOOK_CHECKSUM_KRAKEN, price_digits,
                                        quantity_digits, &checksum);
    assert_int_equal(status, text == NULL ? TW_RANGE : TW_OK);
    if (text != NULL)
        assert_true(checksum == crc_of_text(text));
    close_desk(made);
}

static void digits_give_back_the_text_of_the_venue(void **state) {
    (void)state;
    expect_kraken_text(50000000, 3040, 5, 9, "50003040");
    expect_kraken_text(50000000, 3040, 9, 8, "50000000304");
    expect_kraken_text(7000000000, 1000000000, 0, 0, "71");
    expect_kraken_text(27810, 1, 10, 18, "2781001000000000"); /* more than we keep: zeros */
    expect_kraken_text(INT64_MAX, INT64_MAX, 18, 18,
                       "92233720368547758070000000009223372036854775807000000000");
    expect_kraken_text(INT64_MAX, 1, 8, 9, NULL); /* a ninth digit, so it is not that text */
    expect_kraken_text(1000000000, 500000000, 0, 0, NULL);
    expect_kraken_text(1000000000, 1000000000, 19, 0, NULL);
    expect_kraken_text(1000000000, 1000000000, 0, 19, NULL);
}

static void digits_of_a_symbol_are_constant_between_snapshots(void **state) {
    (void)state;
    desk *made = open_usual();
    (void)!give(made, kraken_example(made));
    tw_depth_update update = unnumbered(made, level_of(ASK, 5005 * INT64_C(10000), 5000));
    update.has_checksum = 1;
    update.checksum = 974947235;
    update.price_digits = 6;
    update.quantity_digits = 8;
    expect_refused(made, update, TW_BOOK_SYNC_BAD_DIGITS, TW_BOOK_SYNC_STALE);
    (void)!give(made, kraken_example(made));
    update.level_count = 0; /* no level, no digits: those of the symbol hold */
    expect(made, update, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    tw_depth_update other = kraken_example(made);
    other.price_digits = 6; /* a snapshot may come with others */
    (void)!give(made, other);
    update = (tw_depth_update){.has_checksum = 1};
    expect(made, update, TW_STATE, TW_BOOK_SYNC_MISMATCH, TW_BOOK_SYNC_STALE);
    assert_true(made->result.checksum != 974947235);
    (void)!give(made, other);
    update = unnumbered(made, level_of(ASK, 5005 * INT64_C(10000), 5000));
    update.price_digits = 5; /* without a checksum digits mean nothing */
    expect(made, update, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void digits_that_do_not_fit_the_levels_are_a_mismatch(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update snapshot = kraken_example(made);
    snapshot.price_digits = 3;
    (void)!give(made, snapshot);
    tw_depth_update update = {.has_checksum = 1, .checksum = 974947235};
    expect(made, update, TW_STATE, TW_BOOK_SYNC_MISMATCH, TW_BOOK_SYNC_STALE);
    assert_int_equal(made->result.reason, TW_BOOK_SYNC_BAD_DIGITS);
    close_desk(made);
}

static void digits_are_learnt_from_the_first_levels_there_are(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update empty = {.snapshot = 1};
    (void)!give(made, empty);
    tw_depth_update nothing = {.has_checksum = 1, .checksum = 0}; /* of an empty text */
    expect(made, nothing, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    tw_depth_update update = unnumbered(made, level_of(ASK, 50000000, 3000));
    update.has_checksum = 1;
    update.price_digits = 5;
    update.quantity_digits = 8;
    update.checksum = crc_of_text("5000300");
    expect(made, update, TW_OK, TW_BOOK_SYNC_APPLIED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

/* The form is that of OKX; the value for one level a side is published by Aevo, who use it too. */
static void okx_checksums_alternate_bids_and_asks_in_shortest_form(void **state) {
    (void)state;
    tw_book_sync_config config = usual;
    config.checksum = TW_BOOK_CHECKSUM_OKX;
    desk *made = open_desk(&config, 100);
    made->levels[0] = level_of(BID, 9000000000, 2000000000);
    made->levels[1] = level_of(ASK, 10000000000, 1000000000);
    tw_depth_update update = {.last_id = 5,
                              .levels = made->levels,
                              .level_count = 2,
                              .snapshot = 1,
                              .has_checksum = 1,
                              .checksum = 1226559413};
    expect(made, update, TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE); /* snapshots have one */
    update.checksum++;
    expect(made, update, TW_STATE, TW_BOOK_SYNC_MISMATCH, TW_BOOK_SYNC_STALE);
    for (int i = 0; i < 30; i++) { /* more bids than are counted, two asks */
        made->levels[i] = level_of(BID, (100 - i) * INT64_C(500000000), 1500000000);
        made->levels[30 + i] = level_of(ASK, INT64_C(60000000000) + i * 1000000, i < 2);
    }
    update.level_count = 60;
    char text[1024] = "";
    size_t used = 0;
    for (int i = 0; i < 25; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%d%s:1.5", i > 0 ? ":" : "",
                                 (100 - i) / 2, i % 2 == 0 ? "" : ".5");
        if (i == 0)
            used += (size_t)snprintf(text + used, sizeof text - used, ":60:0.000000001");
        if (i == 1)
            used += (size_t)snprintf(text + used, sizeof text - used, ":60.001:0.000000001");
    }
    update.checksum = crc_of_text(text);
    expect(made, update, TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

static void checksums_of_what_waited_are_compared_too(void **state) {
    (void)state;
    desk *made = open_usual();
    tw_depth_update update = range(made, 101, 101, level_of(BID, 11, 1));
    update.has_checksum = 1;
    update.checksum = 1; /* wrong */
    update.price_digits = update.quantity_digits = 9;
    (void)!give(made, update);
    tw_depth_update snapshot = snapshot_of(made, 100);
    snapshot.price_digits = snapshot.quantity_digits = 9;
    expect(made, snapshot, TW_STATE, TW_BOOK_SYNC_MISMATCH, TW_BOOK_SYNC_STALE);
    assert_true(made->result.checksum == crc_of_text("205111105"));
    /* it is used up: a snapshot must hold it */
    expect(made, snapshot_of(made, 100), TW_STATE, TW_BOOK_SYNC_SNAPSHOT_OLD, TW_BOOK_SYNC_STALE);
    expect(made, snapshot_of(made, 101), TW_OK, TW_BOOK_SYNC_LOADED, TW_BOOK_SYNC_LIVE);
    close_desk(made);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_is_that_of_the_check_value_and_of_a_slow_one),
        cmocka_unit_test(the_checksum_of_krakens_page_is_ours),
        cmocka_unit_test(a_matching_checksum_keeps_live_and_another_makes_stale),
        cmocka_unit_test(a_checksum_can_be_ignored),
        cmocka_unit_test(digits_give_back_the_text_of_the_venue),
        cmocka_unit_test(digits_of_a_symbol_are_constant_between_snapshots),
        cmocka_unit_test(digits_that_do_not_fit_the_levels_are_a_mismatch),
        cmocka_unit_test(digits_are_learnt_from_the_first_levels_there_are),
        cmocka_unit_test(okx_checksums_alternate_bids_and_asks_in_shortest_form),
        cmocka_unit_test(checksums_of_what_waited_are_compared_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
