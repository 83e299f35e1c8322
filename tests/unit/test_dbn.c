/*
 * test_dbn.c - Databento Binary Encoding as bytes: every version, every record, every way to be
 * wrong.
 *
 * The bytes of the first tests are written by hand from the specification; later ones come from
 * dbn_encoder.h. Each slice is a block of its own size, so that a byte read behind it is seen by
 * the address sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dbn_encoder.h"

static dbn_bytes bytes;

/* A copy that ends where its block ends. */
static tw_slice exactly(const void *data, size_t size) {
    char *block = malloc(size == 0 ? 1 : size);
    assert_non_null(block);
    memcpy(block, data, size);
    return (tw_slice){block, size};
}

static void drop(tw_slice slice) {
    free((void *)(uintptr_t)slice.data);
}

/* ---- metadata ---- */

/* Version 2, by hand: one symbol, none partial or not found, one mapping of one interval. */
static size_t write_by_hand(uint8_t version, uint8_t at[512]) {
    memset(at, 0, 512);
    size_t symbol = version == 1 ? 22 : 71;
    memcpy(at, "DBN", 3);
    at[3] = version;
    memcpy(at + 8, "GLBX.MDP3", 9);
    at[24] = 4;    /* trades */
    at[26] = 0x15; /* start 0x15 = 21, end 0x0102, limit 7 */
    at[34] = 0x02;
    at[35] = 0x01;
    at[42] = 7;
    size_t next = version == 1 ? 58 : 50;
    at[next] = 1;     /* raw symbols in */
    at[next + 1] = 0; /* instrument ids out */
    at[next + 2] = 1; /* ts_out */
    if (version > 1)
        at[next + 3] = 71;
    size_t list = 112; /* 8 + 100, and 4 of the schema definition */
    at[list] = 1;
    memcpy(at + list + 4, "ESH4", 4);
    list += 4 + symbol + 8; /* past two empty lists */
    at[list] = 1;
    memcpy(at + list + 4, "ESH4", 4);
    at[list + 4 + symbol] = 1;
    list += 8 + symbol;
    const uint8_t dates[8] = {0x39, 0xb4, 0x34, 0x01, 0x3a, 0xb4, 0x34, 0x01}; /* 20231225, -26 */
    memcpy(at + list, dates, 8);
    memcpy(at + list + 8, "17077", 5);
    size_t size = list + 8 + symbol;
    if (version == 3)
        size += (8 - size % 8) % 8;
    at[4] = (uint8_t)(size - 8);
    at[5] = (uint8_t)((size - 8) >> 8);
    return size;
}

static tw_dbn_item next_item(tw_dbn_walk *walk, tw_slice *rest) {
    tw_dbn_item item;
    tw_error error = {0};
    assert_true(tw_dbn_walk_need(walk) <= TW_DBN_SYMBOL_SIZE_MAX + 8);
    if (tw_dbn_walk_next(walk, *rest, &item, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_true(item.size <= rest->size);
    *rest = (tw_slice){rest->data + item.size, rest->size - item.size};
    return item;
}

static void assert_count(tw_dbn_walk *walk, tw_slice *rest, uint32_t count) {
    tw_dbn_item item = next_item(walk, rest);
    assert_int_equal(item.kind, TW_DBN_ITEM_COUNT);
    assert_int_equal(item.count, count);
}

static void assert_symbol(const tw_dbn_item *item, tw_dbn_item_kind kind, const char *symbol) {
    assert_int_equal(item->kind, kind);
    assert_true(tw_slice_equal_string(item->symbol, symbol));
}

static void assert_by_hand(uint8_t version) {
    uint8_t written[512];
    size_t size = write_by_hand(version, written);
    tw_slice whole = exactly(written, size);
    tw_dbn_metadata metadata;
    assert_int_equal(tw_dbn_read_metadata(whole, &metadata, NULL), TW_OK);
    assert_int_equal(metadata.version, version);
    assert_int_equal(metadata.size, size - 8);
    assert_string_equal(metadata.dataset, "GLBX.MDP3");
    assert_int_equal(metadata.schema, TW_DBN_SCHEMA_TRADES);
    assert_int_equal(metadata.start_ns, 21);
    assert_int_equal(metadata.end_ns, 0x0102);
    assert_int_equal(metadata.limit, 7);
    assert_int_equal(metadata.symbology_in, TW_DBN_RAW_SYMBOL);
    assert_int_equal(metadata.symbology_out, TW_DBN_INSTRUMENT_ID);
    assert_true(metadata.has_sent_ns);
    assert_int_equal(metadata.symbol_size, version == 1 ? 22 : 71);

    tw_dbn_walk walk;
    tw_dbn_walk_begin(&metadata, &walk);
    tw_slice rest = {whole.data + 108, whole.size - 108};
    assert_count(&walk, &rest, 0); /* the definition */
    assert_count(&walk, &rest, 1);
    tw_dbn_item item = next_item(&walk, &rest);
    assert_symbol(&item, TW_DBN_ITEM_SYMBOL, "ESH4");
    assert_count(&walk, &rest, 0);
    assert_count(&walk, &rest, 0);
    assert_count(&walk, &rest, 1);
    item = next_item(&walk, &rest);
    assert_symbol(&item, TW_DBN_ITEM_MAPPING, "ESH4");
    assert_int_equal(item.count, 1);
    item = next_item(&walk, &rest);
    assert_symbol(&item, TW_DBN_ITEM_INTERVAL, "17077");
    assert_int_equal(item.from_days, 19716); /* 2023-12-25 */
    assert_int_equal(item.to_days, 19717);
    item = next_item(&walk, &rest);
    if (item.kind == TW_DBN_ITEM_PADDING)
        item = next_item(&walk, &rest);
    assert_int_equal(item.kind, TW_DBN_ITEM_END);
    assert_int_equal(rest.size, 0);
    drop(whole);
}

static void test_metadata_of_each_version_is_read_exactly(void **state) {
    (void)state;
    assert_by_hand(1);
    assert_by_hand(2);
    assert_by_hand(3);
}

static const dbn_interval_plan two_days[] = {{20231225, 20231226, "17077"},
                                             {20231226, 20231227, "18000"}};
static const dbn_mapping_plan two_mappings[] = {{"ESH4", two_days, 2}, {"NQH4", two_days, 1}};

static dbn_metadata_plan full_plan(uint8_t version) {
    return (dbn_metadata_plan){.version = version,
                               .schema = TW_DBN_SCHEMA_MBO,
                               .symbology_in = TW_DBN_RAW_SYMBOL,
                               .symbol = "ESH4",
                               .partial = "NQH4",
                               .not_found = "XYZ",
                               .mappings = two_mappings,
                               .mapping_count = 2};
}

/* Reads all of a slice; the status that ends it, TW_OK at the end of the metadata. */
static tw_status walk_through(tw_slice slice, unsigned counts[8]) {
    tw_dbn_metadata metadata;
    tw_status status = tw_dbn_read_metadata(slice, &metadata, NULL);
    if (status != TW_OK)
        return status;
    tw_dbn_walk walk;
    tw_dbn_item item = {.kind = TW_DBN_ITEM_COUNT};
    tw_dbn_walk_begin(&metadata, &walk);
    size_t at = 108;
    while (item.kind != TW_DBN_ITEM_END) {
        tw_slice rest = {slice.data + at, slice.size - at};
        status = tw_dbn_walk_next(&walk, rest, &item, NULL);
        if (status != TW_OK)
            return status;
        counts[item.kind]++;
        if (item.size > rest.size)
            return TW_TRUNCATED; /* padding is passed over by the caller */
        at += item.size;
    }
    return TW_OK;
}

static void test_all_lists_are_walked_in_every_version(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++) {
        unsigned counts[8] = {0};
        dbn_metadata_plan plan = full_plan(version);
        bytes.size = 0;
        dbn_put_metadata(&bytes, &plan);
        tw_slice whole = exactly(bytes.data, bytes.size);
        assert_int_equal(walk_through(whole, counts), TW_OK);
        assert_int_equal(counts[TW_DBN_ITEM_SYMBOL], 1);
        assert_int_equal(counts[TW_DBN_ITEM_PARTIAL], 1);
        assert_int_equal(counts[TW_DBN_ITEM_NOT_FOUND], 1);
        assert_int_equal(counts[TW_DBN_ITEM_MAPPING], 2);
        assert_int_equal(counts[TW_DBN_ITEM_INTERVAL], 3);
        drop(whole);
    }
}

static void test_metadata_cut_at_any_byte_is_truncated(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++) {
        dbn_metadata_plan plan = full_plan(version);
        bytes.size = 0;
        dbn_put_metadata(&bytes, &plan);
        for (size_t size = 0; size < bytes.size; size++) {
            unsigned counts[8] = {0};
            tw_slice cut = exactly(bytes.data, size);
            assert_int_equal(walk_through(cut, counts), TW_TRUNCATED);
            drop(cut);
        }
    }
}

static tw_status status_with(size_t at, uint8_t byte) {
    unsigned counts[8] = {0};
    uint8_t before = bytes.data[at];
    bytes.data[at] = byte;
    tw_slice changed = exactly(bytes.data, bytes.size);
    tw_status status = walk_through(changed, counts);
    drop(changed);
    bytes.data[at] = before;
    return status;
}

static void test_metadata_that_cannot_be_is_refused(void **state) {
    (void)state;
    dbn_metadata_plan plan = full_plan(2);
    bytes.size = 0;
    dbn_put_metadata(&bytes, &plan);
    assert_int_equal(status_with(0, 'X'), TW_PARSE);
    assert_int_equal(status_with(3, 0), TW_UNSUPPORTED);
    assert_int_equal(status_with(3, 4), TW_VERSION);
    assert_int_equal(status_with(3, 255), TW_VERSION);
    assert_int_equal(status_with(5, 0), TW_CORRUPT);       /* shorter than its lists */
    assert_int_equal(status_with(53, 0), TW_CORRUPT);      /* symbols of no size */
    assert_int_equal(status_with(54, 1), TW_CORRUPT);      /* of 327 */
    assert_int_equal(status_with(108, 1), TW_UNSUPPORTED); /* a schema definition */
    assert_int_equal(status_with(112, 200), TW_CORRUPT);   /* 200 symbols */
    assert_int_equal(status_with(115, 255), TW_CORRUPT);   /* 4 billion symbols */
    size_t mappings = 112 + 3 * (4 + 71);
    assert_int_equal(status_with(mappings + 3, 255), TW_CORRUPT);
    assert_int_equal(status_with(mappings + 4 + 71 + 3, 255), TW_CORRUPT); /* intervals */
    size_t date = mappings + 4 + 71 + 4;
    assert_int_equal(status_with(date, 0x5f), TW_CORRUPT); /* 20231263 */
    assert_int_equal(status_with(date + 7, 0xff), TW_CORRUPT);
    unsigned counts[8] = {0};
    tw_slice good = exactly(bytes.data, bytes.size);
    assert_int_equal(walk_through(good, counts), TW_OK);
    drop(good);
}

/* How many counts were believed before a changed one was not. */
static unsigned counts_before(size_t at, uint8_t byte) {
    unsigned counts[8] = {0};
    uint8_t before = bytes.data[at];
    bytes.data[at] = byte;
    tw_slice changed = exactly(bytes.data, bytes.size);
    assert_int_equal(walk_through(changed, counts), TW_CORRUPT);
    drop(changed);
    bytes.data[at] = before;
    return counts[TW_DBN_ITEM_COUNT] + counts[TW_DBN_ITEM_MAPPING];
}

static void test_a_count_beyond_the_metadata_is_refused_where_it_stands(void **state) {
    (void)state;
    dbn_metadata_plan plan = full_plan(2);
    bytes.size = 0;
    dbn_put_metadata(&bytes, &plan);
    size_t mappings = 112 + 3 * (4 + 71);
    assert_int_equal(counts_before(112, 9), 1); /* that of the definition */
    assert_int_equal(counts_before(mappings, 9), 4);
    assert_int_equal(counts_before(mappings + 4 + 71, 9), 5);
}

static void test_metadata_does_not_go_on_behind_its_length(void **state) {
    (void)state;
    const dbn_metadata_plan plan = {.version = 2, .symbol = "ESH4"};
    bytes.size = 0;
    dbn_put_metadata(&bytes, &plan);
    assert_int_equal(bytes.data[4], 191);
    for (uint8_t length = 120; length < 191; length++)
        assert_int_equal(status_with(4, length), TW_CORRUPT);
    assert_int_equal(status_with(4, 191), TW_OK);
}

static void test_a_year_has_four_digits(void **state) {
    (void)state;
    static const uint32_t dates[] = {99991231, 100000101, 4000000101U};
    for (int i = 0; i < 3; i++) {
        unsigned counts[8] = {0};
        const dbn_interval_plan interval = {20231225, dates[i], "5"};
        const dbn_mapping_plan mapping = {"X", &interval, 1};
        const dbn_metadata_plan plan = {.version = 1, .mappings = &mapping, .mapping_count = 1};
        bytes.size = 0;
        dbn_put_metadata(&bytes, &plan);
        tw_slice whole = exactly(bytes.data, bytes.size);
        assert_int_equal(walk_through(whole, counts), i == 0 ? TW_OK : TW_CORRUPT);
        drop(whole);
    }
}

static void test_a_failed_read_writes_nothing(void **state) {
    (void)state;
    tw_dbn_metadata metadata;
    tw_dbn_metadata before;
    memset(&metadata, 0x55, sizeof metadata);
    before = metadata;
    assert_int_equal(tw_dbn_read_metadata(tw_slice_of("DBN\4...."), &metadata, NULL), TW_TRUNCATED);
    assert_memory_equal(&metadata, &before, sizeof before);
    tw_dbn_mbo mbo;
    tw_dbn_mbo mbo_before;
    memset(&mbo, 0x55, sizeof mbo);
    mbo_before = mbo;
    bytes.size = 0;
    dbn_put_mbo(&bytes, (dbn_mbo_plan){.action = '?', .side = 'A'});
    tw_slice record = {(const char *)bytes.data, bytes.size};
    assert_int_equal(tw_dbn_read_mbo(record, &mbo, NULL), TW_PARSE);
    assert_memory_equal(&mbo, &mbo_before, sizeof mbo);
}

/* ---- headers ---- */

static void test_a_length_is_that_of_a_header_to_that_of_the_longest_record(void **state) {
    (void)state;
    for (unsigned words = 0; words < 256; words++) {
        uint8_t header[16] = {(uint8_t)words, 0xa0, 0x02, 0x01, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1};
        tw_slice slice = exactly(header, 16);
        tw_dbn_header read;
        bool good = words >= 4 && words <= 132;
        assert_int_equal(tw_dbn_read_header(slice, &read, NULL), good ? TW_OK : TW_CORRUPT);
        if (good) {
            assert_int_equal(read.size, 4 * words);
            assert_int_equal(read.type, TW_DBN_MBO);
            assert_int_equal(read.publisher_id, 0x0102);
            assert_int_equal(read.instrument_id, 0x01020304);
            assert_true(read.time_ns == UINT64_C(0x0102030405060708));
        }
        drop(slice);
    }
    for (size_t size = 0; size < 16; size++) {
        uint8_t header[16] = {14};
        tw_slice slice = exactly(header, size);
        tw_dbn_header read;
        assert_int_equal(tw_dbn_read_header(slice, &read, NULL), TW_TRUNCATED);
        drop(slice);
    }
}

static void test_each_type_has_its_size_in_each_version(void **state) {
    (void)state;
    static const struct {
        uint8_t type;
        uint16_t sizes[3];
    } known[] = {
        {0x00, {48, 48, 48}},    {0x01, {80, 80, 80}},   {0x0a, {368, 368, 368}},
        {0x11, {56, 56, 56}},    {0x12, {40, 40, 40}},   {0x13, {360, 400, 520}},
        {0x14, {112, 112, 112}}, {0x15, {80, 320, 320}}, {0x16, {80, 176, 176}},
        {0x17, {80, 320, 320}},  {0x18, {64, 64, 80}},   {0x20, {56, 56, 56}},
        {0x21, {56, 56, 56}},    {0x22, {56, 56, 56}},   {0x23, {56, 56, 56}},
        {0x24, {56, 56, 56}},    {0xa0, {56, 56, 56}},   {0xb1, {80, 80, 80}},
        {0xc0, {80, 80, 80}},    {0xc1, {80, 80, 80}},   {0xc2, {80, 80, 80}},
        {0xc3, {80, 80, 80}},    {0xc4, {80, 80, 80}},
    };
    size_t found = 0;
    for (unsigned type = 0; type < 256; type++) {
        bool is_known = found < sizeof known / sizeof known[0] && known[found].type == type;
        for (uint8_t version = 1; version <= 3; version++)
            assert_int_equal(tw_dbn_size_of(version, (uint8_t)type),
                             is_known ? known[found].sizes[version - 1] : 0);
        found += is_known;
    }
    assert_int_equal(found, sizeof known / sizeof known[0]);
}

/* ---- records, by hand ---- */

static const uint8_t mbo_by_hand[56] = {
    14,   0xa0, 0x01, 0x00, 0xb5, 0x42, 0x00, 0x00, /* 56 bytes, MBO, publisher 1, 17077 */
    0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* ts_event */
    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, /* order_id */
    0x00, 0xca, 0x9a, 0x3b, 0x00, 0x00, 0x00, 0x00, /* price: 1 */
    0x02, 0x01, 0x00, 0x00, 0x82, 0x03, 'C',  'B',  /* size 258, flags, channel, action, side */
    0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, /* ts_recv */
    0xfe, 0xff, 0xff, 0xff, 0x04, 0x03, 0x02, 0x01, /* ts_in_delta -2, sequence */
};

static void test_an_order_is_read_exactly_on_any_alignment(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        char buffer[64];
        memcpy(buffer + shift, mbo_by_hand, 56);
        tw_dbn_mbo mbo;
        assert_int_equal(tw_dbn_read_mbo((tw_slice){buffer + shift, 56}, &mbo, NULL), TW_OK);
        assert_int_equal(mbo.header.size, 56);
        assert_int_equal(mbo.header.instrument_id, 17077);
        assert_true(mbo.header.time_ns == UINT64_C(0x0102030405060708));
        assert_true(mbo.order_id == UINT64_C(0x1112131415161718));
        assert_int_equal(mbo.price, 1000000000);
        assert_int_equal(mbo.size, 258);
        assert_int_equal(mbo.flags, TW_DBN_FLAG_LAST | 2);
        assert_int_equal(mbo.channel_id, 3);
        assert_int_equal(mbo.action, 'C');
        assert_int_equal(mbo.side, 'B');
        assert_true(mbo.received_ns == UINT64_C(0x2122232425262728));
        assert_int_equal(mbo.sent_before_ns, -2);
        assert_int_equal(mbo.sequence, 0x01020304);
    }
}

/* MBP-1 and BBO differ in what their bytes 28, 31 and 40 to 43 mean; CMBP-1 and CBBO in 44 to 47
 * and in the last eight of the level. */
static const uint8_t mbp_by_hand[80] = {
    20,   0x01, 0x01, 0x00, 0xb5, 0x42, 0x00, 0x00, 8,    0,    0,    0,
    0,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, /* price: undefined */
    0x07, 0x00, 0x00, 0x00, 'M',  'A',  0x80, 0x05, /* size, action, side, flags, depth */
    0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* ts_recv 513 */
    0x09, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, /* ts_in_delta 9, sequence 10 */
    0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* bid 11 */
    0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* ask -12 */
    0x0d, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, /* sizes 13, 14 */
    0x0f, 0x01, 0x00, 0x01, 0x10, 0x02, 0x00, 0x01, /* counts 0x0100010f and 0x01000210 */
};

static tw_dbn_mbp mbp_of_type(uint8_t type) {
    uint8_t record[80];
    memcpy(record, mbp_by_hand, 80);
    record[1] = type;
    tw_slice slice = exactly(record, 80);
    tw_dbn_mbp mbp;
    assert_int_equal(tw_dbn_read_mbp(slice, &mbp, NULL), TW_OK);
    drop(slice);
    return mbp;
}

static void test_a_quote_of_each_type_is_read_exactly(void **state) {
    (void)state;
    static const uint8_t types[] = {TW_DBN_MBP_1, TW_DBN_BBO_1S,  TW_DBN_BBO_1M, TW_DBN_CMBP_1,
                                    TW_DBN_TCBBO, TW_DBN_CBBO_1S, TW_DBN_CBBO_1M};
    for (size_t i = 0; i < sizeof types; i++) {
        tw_dbn_mbp mbp = mbp_of_type(types[i]);
        bool consolidated = i >= 3;
        bool sampled = i == 1 || i == 2 || i >= 5;
        assert_true(mbp.price == TW_DBN_UNDEFINED_PRICE);
        assert_int_equal(mbp.size, 7);
        assert_int_equal(mbp.action, sampled ? 0 : 'M');
        assert_int_equal(mbp.side, 'A');
        assert_int_equal(mbp.flags, 0x80);
        assert_int_equal(mbp.depth, sampled || consolidated ? 0 : 5);
        assert_int_equal(mbp.received_ns, 513);
        assert_int_equal(mbp.sent_before_ns, sampled ? 0 : 9);
        assert_int_equal(mbp.sequence, consolidated ? 0 : 10);
        assert_int_equal(mbp.level_count, 1);
        assert_int_equal(mbp.levels[0].bid_price, 11);
        assert_int_equal(mbp.levels[0].ask_price, -12);
        assert_int_equal(mbp.levels[0].bid_size, 13);
        assert_int_equal(mbp.levels[0].ask_size, 14);
        assert_int_equal(mbp.levels[0].bid_count, consolidated ? 0 : 0x0100010f);
        assert_int_equal(mbp.levels[0].ask_count, consolidated ? 0 : 0x01000210);
        assert_int_equal(mbp.levels[0].bid_publisher_id, consolidated ? 0x010f : 0);
        assert_int_equal(mbp.levels[0].ask_publisher_id, consolidated ? 0x0210 : 0);
    }
}

static void test_trades_have_no_level_and_depth_has_ten(void **state) {
    (void)state;
    dbn_level_plan levels[10];
    for (int i = 0; i < 10; i++)
        levels[i] = (dbn_level_plan){100 - i, 200 + i, 1, 2};
    bytes.size = 0;
    dbn_put_mbp(&bytes, (dbn_mbp_plan){.type = TW_DBN_MBP_0, .action = 'T', .side = 'N'});
    tw_slice trade = exactly(bytes.data, bytes.size);
    tw_dbn_mbp mbp;
    assert_int_equal(tw_dbn_read_mbp(trade, &mbp, NULL), TW_OK);
    assert_int_equal(mbp.level_count, 0);
    drop(trade);
    bytes.size = 0;
    dbn_put_mbp(&bytes, (dbn_mbp_plan){.type = TW_DBN_MBP_10,
                                       .action = 'A',
                                       .side = 'B',
                                       .levels = levels,
                                       .level_count = 10});
    tw_slice depth = exactly(bytes.data, bytes.size);
    assert_int_equal(tw_dbn_read_mbp(depth, &mbp, NULL), TW_OK);
    assert_int_equal(mbp.level_count, 10);
    assert_int_equal(mbp.levels[9].bid_price, 91);
    assert_int_equal(mbp.levels[9].ask_price, 209);
    drop(depth);
}

static void test_a_bar_is_read_exactly(void **state) {
    (void)state;
    const int64_t prices[4] = {3, 9, -2, TW_DBN_UNDEFINED_PRICE};
    for (unsigned type = TW_DBN_OHLCV_1S; type <= TW_DBN_OHLCV_EOD; type++) {
        bytes.size = 0;
        dbn_put_ohlcv(&bytes, (uint8_t)type, 42, prices, UINT64_MAX);
        tw_slice record = exactly(bytes.data, bytes.size);
        tw_dbn_ohlcv bar;
        assert_int_equal(tw_dbn_read_ohlcv(record, &bar, NULL), TW_OK);
        assert_int_equal(bar.header.time_ns, 42);
        assert_int_equal(bar.open, 3);
        assert_int_equal(bar.high, 9);
        assert_int_equal(bar.low, -2);
        assert_true(bar.close == TW_DBN_UNDEFINED_PRICE);
        assert_true(bar.volume == UINT64_MAX);
        drop(record);
    }
}

static void test_status_and_imbalance_are_read_exactly(void **state) {
    (void)state;
    uint8_t status[40] = {10, 0x12};
    const uint8_t told[17] = {1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 2, 1, 3, 0, 'Y', 'N', '~'};
    memcpy(status + 16, told, sizeof told);
    tw_slice record = exactly(status, sizeof status);
    tw_dbn_status read;
    assert_int_equal(tw_dbn_read_status(record, &read, NULL), TW_OK);
    assert_int_equal(read.received_ns, 1);
    assert_int_equal(read.action, 8);
    assert_int_equal(read.reason, 0x0102);
    assert_int_equal(read.trading_event, 3);
    assert_int_equal(read.is_trading, 'Y');
    assert_int_equal(read.is_quoting, 'N');
    assert_int_equal(read.is_short_sell_restricted, '~');
    drop(record);

    uint8_t imbalance[112] = {28, 0x14};
    for (uint8_t i = 0; i < 9; i++)
        imbalance[16 + 8 * i] = (uint8_t)(1 + i); /* ts_recv to lower_collar */
    for (uint8_t i = 0; i < 4; i++)
        imbalance[88 + 4 * i] = (uint8_t)(10 + i);
    for (uint8_t i = 0; i < 7; i++)
        imbalance[104 + i] = (uint8_t)('a' + i);
    record = exactly(imbalance, sizeof imbalance);
    tw_dbn_imbalance said;
    assert_int_equal(tw_dbn_read_imbalance(record, &said, NULL), TW_OK);
    assert_int_equal(said.received_ns, 1);
    assert_int_equal(said.reference_price, 2);
    assert_int_equal(said.auction_ns, 3);
    assert_int_equal(said.continuous_clearing_price, 4);
    assert_int_equal(said.interest_clearing_price, 5);
    assert_int_equal(said.restricted_filling_price, 6);
    assert_int_equal(said.indicative_price, 7);
    assert_int_equal(said.upper_collar, 8);
    assert_int_equal(said.lower_collar, 9);
    assert_int_equal(said.paired_size, 10);
    assert_int_equal(said.imbalance_size, 11);
    assert_int_equal(said.market_imbalance_size, 12);
    assert_int_equal(said.unpaired_size, 13);
    assert_int_equal(said.auction_type, 'a');
    assert_int_equal(said.side, 'b');
    assert_int_equal(said.auction_status, 'c');
    assert_int_equal(said.freeze_status, 'd');
    assert_int_equal(said.extension_count, 'e');
    assert_int_equal(said.unpaired_side, 'f');
    assert_int_equal(said.significant_imbalance, 'g');
    drop(record);
}

static tw_dbn_statistic statistic_of(uint8_t version, int64_t quantity) {
    bytes.size = 0;
    dbn_put_statistic(&bytes, version, quantity);
    assert_int_equal(bytes.size, version < 3 ? 64 : 80);
    tw_slice record = exactly(bytes.data, bytes.size);
    tw_dbn_statistic read;
    assert_int_equal(tw_dbn_read_statistic(version, record, &read, NULL), TW_OK);
    drop(record);
    return read;
}

static void test_a_statistic_has_its_wide_quantity_since_version_3(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++) {
        tw_dbn_statistic read = statistic_of(version, -5);
        assert_int_equal(read.received_ns, 2);
        assert_true(read.reference_ns == TW_DBN_UNDEFINED_TIME);
        assert_int_equal(read.price, 4);
        assert_int_equal(read.quantity, -5);
        assert_int_equal(read.sequence, 6);
        assert_int_equal(read.sent_before_ns, -7);
        assert_int_equal(read.kind, 9);
        assert_int_equal(read.channel_id, 10);
        assert_int_equal(read.update_action, 1);
        assert_int_equal(read.flags, 128);
    }
    assert_true(statistic_of(1, INT32_MAX).quantity == TW_DBN_UNDEFINED_QUANTITY);
    assert_true(statistic_of(2, INT32_MAX).quantity == TW_DBN_UNDEFINED_QUANTITY);
    assert_true(statistic_of(3, INT32_MAX).quantity == INT32_MAX);
    assert_true(statistic_of(3, INT64_MAX).quantity == TW_DBN_UNDEFINED_QUANTITY);
}

static void test_mappings_and_messages_are_read_in_every_version(void **state) {
    (void)state;
    for (uint8_t version = 1; version <= 3; version++) {
        bytes.size = 0;
        dbn_put_mapping(&bytes, version, 17077, "ES.FUT", "ESH4");
        assert_int_equal(bytes.size, tw_dbn_size_of(version, TW_DBN_MAPPING));
        tw_slice record = exactly(bytes.data, bytes.size);
        tw_dbn_mapping mapping;
        assert_int_equal(tw_dbn_read_mapping(version, record, &mapping, NULL), TW_OK);
        assert_string_equal(mapping.symbol_in, "ES.FUT");
        assert_string_equal(mapping.symbol_out, "ESH4");
        assert_int_equal(mapping.start_ns, 22);
        assert_int_equal(mapping.end_ns, 33);
        assert_int_equal(mapping.symbology_in,
                         version == 1 ? TW_DBN_SYMBOLOGY_MIXED : TW_DBN_PARENT);
        drop(record);
        for (uint8_t type = TW_DBN_ERROR; type <= TW_DBN_SYSTEM; type += 2) {
            bytes.size = 0;
            dbn_put_notice(&bytes, version, type, "Heartbeat");
            assert_int_equal(bytes.size, tw_dbn_size_of(version, type));
            record = exactly(bytes.data, bytes.size);
            tw_dbn_notice notice;
            assert_int_equal(tw_dbn_read_notice(version, record, &notice, NULL), TW_OK);
            assert_string_equal(notice.text, "Heartbeat");
            assert_int_equal(notice.code, version == 1 ? 0 : 9);
            drop(record);
        }
    }
}

/* ---- records that are wrong ---- */

/* What each reader says to a record of a type, a size and bytes that are all letters 'A'. */
static void read_all(uint8_t version, tw_slice record, tw_status statuses[8]) {
    tw_dbn_mbo mbo;
    tw_dbn_mbp mbp;
    tw_dbn_ohlcv ohlcv;
    tw_dbn_status status;
    tw_dbn_imbalance imbalance;
    tw_dbn_statistic statistic;
    tw_dbn_mapping mapping;
    tw_dbn_notice notice;
    statuses[0] = tw_dbn_read_mbo(record, &mbo, NULL);
    statuses[1] = tw_dbn_read_mbp(record, &mbp, NULL);
    statuses[2] = tw_dbn_read_ohlcv(record, &ohlcv, NULL);
    statuses[3] = tw_dbn_read_status(record, &status, NULL);
    statuses[4] = tw_dbn_read_imbalance(record, &imbalance, NULL);
    statuses[5] = tw_dbn_read_statistic(version, record, &statistic, NULL);
    statuses[6] = tw_dbn_read_mapping(version, record, &mapping, NULL);
    statuses[7] = tw_dbn_read_notice(version, record, &notice, NULL);
}

static int reader_of(unsigned type) {
    switch (type) {
    case TW_DBN_MBO:
        return 0;
    case TW_DBN_OHLCV:
        return 2;
    case TW_DBN_STATUS:
        return 3;
    case TW_DBN_IMBALANCE:
        return 4;
    case TW_DBN_STATISTIC:
        return 5;
    case TW_DBN_MAPPING:
        return 6;
    case TW_DBN_ERROR:
    case TW_DBN_SYSTEM:
        return 7;
    case TW_DBN_DEFINITION:
        return -1;
    default:
        break;
    }
    if (type >= TW_DBN_OHLCV_1S && type <= TW_DBN_OHLCV_EOD)
        return 2;
    return tw_dbn_size_of(1, (uint8_t)type) != 0 ? 1 : -1;
}

static void test_a_reader_takes_its_types_whole_and_no_other(void **state) {
    (void)state;
    uint8_t record[TW_DBN_RECORD_SIZE_MAX];
    memset(record, 'A', sizeof record);
    for (uint8_t version = 1; version <= 3; version++) {
        for (unsigned type = 0; type < 256; type++) {
            size_t least = tw_dbn_size_of(version, (uint8_t)type);
            for (size_t size = 16; size <= TW_DBN_RECORD_SIZE_MAX; size += 4) {
                record[0] = (uint8_t)(size / 4);
                record[1] = (uint8_t)type;
                tw_slice slice = exactly(record, size);
                tw_status statuses[8];
                read_all(version, slice, statuses);
                for (int i = 0; i < 8; i++)
                    assert_int_equal(statuses[i], i != reader_of(type) ? TW_INVALID
                                                  : size < least       ? TW_CORRUPT
                                                                       : TW_OK);
                drop(slice);
            }
        }
    }
}

static void test_only_known_letters_are_read(void **state) {
    (void)state;
    for (unsigned letter = 0; letter < 256; letter++) {
        bool action = letter != 0 && strchr("ACMRTFN", (int)letter) != NULL;
        bool side = letter != 0 && strchr("ABN", (int)letter) != NULL;
        tw_dbn_mbo mbo;
        tw_dbn_mbp mbp;
        bytes.size = 0;
        dbn_put_mbo(&bytes, (dbn_mbo_plan){.action = (char)letter, .side = 'A'});
        tw_slice record = {(const char *)bytes.data, bytes.size};
        assert_int_equal(tw_dbn_read_mbo(record, &mbo, NULL), action ? TW_OK : TW_PARSE);
        bytes.size = 0;
        dbn_put_mbo(&bytes, (dbn_mbo_plan){.action = 'A', .side = (char)letter});
        assert_int_equal(tw_dbn_read_mbo(record, &mbo, NULL), side ? TW_OK : TW_PARSE);
        bytes.size = 0;
        dbn_put_mbp(&bytes, (dbn_mbp_plan){.action = (char)letter, .side = 'A'});
        record.size = bytes.size;
        assert_int_equal(tw_dbn_read_mbp(record, &mbp, NULL), action ? TW_OK : TW_PARSE);
        bytes.size = 0;
        dbn_put_mbp(&bytes, (dbn_mbp_plan){.action = 'T', .side = (char)letter});
        assert_int_equal(tw_dbn_read_mbp(record, &mbp, NULL), side ? TW_OK : TW_PARSE);
    }
}

static void test_the_time_of_sending_stands_behind_the_record(void **state) {
    (void)state;
    bytes.size = 0;
    dbn_put_mbo(&bytes, (dbn_mbo_plan){.action = 'A', .side = 'A'});
    dbn_put_number(&bytes, 4711, 8);
    bytes.data[0] = 16;
    tw_slice record = exactly(bytes.data, bytes.size);
    tw_dbn_mbo mbo;
    assert_int_equal(tw_dbn_read_mbo(record, &mbo, NULL), TW_OK);
    assert_int_equal(mbo.header.size, 64);
    assert_int_equal(tw_dbn_sent_ns(record), 4711);
    assert_true(tw_dbn_sent_ns((tw_slice){record.data, 20}) == TW_DBN_UNDEFINED_TIME);
    drop(record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_of_each_version_is_read_exactly),
        cmocka_unit_test(test_all_lists_are_walked_in_every_version),
        cmocka_unit_test(test_metadata_cut_at_any_byte_is_truncated),
        cmocka_unit_test(test_metadata_that_cannot_be_is_refused),
        cmocka_unit_test(test_a_count_beyond_the_metadata_is_refused_where_it_stands),
        cmocka_unit_test(test_metadata_does_not_go_on_behind_its_length),
        cmocka_unit_test(test_a_year_has_four_digits),
        cmocka_unit_test(test_a_failed_read_writes_nothing),
        cmocka_unit_test(test_a_length_is_that_of_a_header_to_that_of_the_longest_record),
        cmocka_unit_test(test_each_type_has_its_size_in_each_version),
        cmocka_unit_test(test_an_order_is_read_exactly_on_any_alignment),
        cmocka_unit_test(test_a_quote_of_each_type_is_read_exactly),
        cmocka_unit_test(test_trades_have_no_level_and_depth_has_ten),
        cmocka_unit_test(test_a_bar_is_read_exactly),
        cmocka_unit_test(test_status_and_imbalance_are_read_exactly),
        cmocka_unit_test(test_a_statistic_has_its_wide_quantity_since_version_3),
        cmocka_unit_test(test_mappings_and_messages_are_read_in_every_version),
        cmocka_unit_test(test_a_reader_takes_its_types_whole_and_no_other),
        cmocka_unit_test(test_only_known_letters_are_read),
        cmocka_unit_test(test_the_time_of_sending_stands_behind_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
