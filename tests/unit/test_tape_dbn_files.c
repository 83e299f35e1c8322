/*
 * test_tape_dbn_files.c - Databento's files as wholes: packed, cut at every byte, damaged, of
 * another kind, gone on with, read many records at a time, at the limits of names and of memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>
#include <zstd.h>

#include "dbn_file.h"
#include "dbn_model.h"
#include "failing_heap.h"

/* ---- limits of names ---- */

static void test_an_instrument_has_at_most_so_many_names(void **state) {
    test_file *file = *state;
    dbn_interval_plan one = {20231225, 20231226, "5"};
    dbn_metadata_plan plan = plan_of(1, TW_DBN_SCHEMA_MBO);
    const dbn_mapping_plan mapping = {"X", &one, 1};
    plan.mappings = &mapping;
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    /* The one interval is written again and again; counts and lengths are set right behind it. */
    size_t interval = file->bytes.size - 30;
    for (unsigned most = TW_TAPE_DBN_SPAN_COUNT_MAX; most <= TW_TAPE_DBN_SPAN_COUNT_MAX + 1;
         most++) {
        size_t size = interval + 30 * (size_t)most;
        uint8_t *data = calloc(1, size);
        assert_non_null(data);
        memcpy(data, file->bytes.data, interval);
        for (unsigned i = 0; i < most; i++)
            memcpy(data + interval + 30 * (size_t)i, file->bytes.data + interval, 30);
        for (unsigned i = 0; i < 4; i++) {
            data[4 + i] = (uint8_t)((size - 8) >> (8 * i));
            data[interval - 4 + i] = (uint8_t)(most >> (8 * i));
        }
        write_file(file, data, size);
        free(data);
        tw_tape_config config = config_of(file);
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL),
                         most == TW_TAPE_DBN_SPAN_COUNT_MAX ? TW_OK : TW_FULL);
        tw_tape_close(tape);
    }
}

/* Feeds bytes to a packer and appends what comes out to the file. */
static void pack(test_file *file, ZSTD_CCtx *packer, const void *data, size_t size,
                 ZSTD_EndDirective mode) {
    static uint8_t packed[131072];
    ZSTD_inBuffer in = {data, size, 0};
    size_t left = 1;
    while (in.pos < in.size || (mode == ZSTD_e_end && left != 0)) {
        ZSTD_outBuffer out = {packed, sizeof packed, 0};
        left = ZSTD_compressStream2(packer, &out, &in, mode);
        assert_false(ZSTD_isError(left));
        assert_int_equal(write(file->fd, packed, out.pos), out.pos);
    }
}

/* Instruments with as many names each as may be: `extra` names more than fit into all. */
static tw_status open_with_names(test_file *file, uint32_t extra) {
    const uint32_t mapping_count = TW_TAPE_DBN_NAME_COUNT_MAX / TW_TAPE_DBN_SPAN_COUNT_MAX;
    static uint8_t block[26 + 30 * TW_TAPE_DBN_SPAN_COUNT_MAX];
    const dbn_metadata_plan plan = {.version = 1, .symbology_in = TW_DBN_RAW_SYMBOL};
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    size_t size = file->bytes.size - 8 + mapping_count * sizeof block + extra * (size_t)56;
    for (unsigned i = 0; i < 4; i++) {
        file->bytes.data[4 + i] = (uint8_t)(size >> (8 * i));
        file->bytes.data[file->bytes.size - 4 + i] = (uint8_t)((mapping_count + extra) >> (8 * i));
    }
    assert_int_equal(ftruncate(file->fd, 0), 0);
    assert_int_equal(lseek(file->fd, 0, SEEK_SET), 0);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    assert_non_null(packer);
    pack(file, packer, file->bytes.data, file->bytes.size, ZSTD_e_continue);
    for (uint32_t i = 0; i < mapping_count + extra; i++) {
        uint32_t spans = i < mapping_count ? TW_TAPE_DBN_SPAN_COUNT_MAX : 1;
        memcpy(block, "X", 2);
        block[22] = (uint8_t)spans;
        block[23] = (uint8_t)(spans >> 8);
        for (uint32_t j = 0; j < spans; j++) {
            const uint8_t dates[8] = {0x39, 0xb4, 0x34, 0x01, 0x3a, 0xb4, 0x34, 0x01};
            memcpy(block + 26 + 30 * (size_t)j, dates, 8);
            snprintf((char *)block + 34 + 30 * (size_t)j, 22, "%u", i);
        }
        pack(file, packer, block, 26 + 30 * (size_t)spans, ZSTD_e_continue);
    }
    pack(file, packer, block, 0, ZSTD_e_end);
    ZSTD_freeCCtx(packer);
    tw_tape_config config = config_of(file);
    tw_tape *tape = NULL;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    tw_tape_close(tape);
    return status;
}

static void test_all_instruments_have_at_most_so_many_names(void **state) {
    assert_int_equal(open_with_names(*state, 0), TW_OK);
    assert_int_equal(open_with_names(*state, 1), TW_FULL);
}

/* ---- packings and places ---- */

static void put_ten(test_file *file, uint8_t version) {
    begin(file, version, TW_DBN_SCHEMA_MBO);
    for (uint32_t i = 0; i < 10; i++)
        put_order_at(&file->bytes, 17077, DAY + i);
}

static size_t read_count(test_file *file, tw_tape_compression expected) {
    tw_tape_config config = config_of(file);
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tw_tape_compression_of(tape), expected);
    tw_order_event event;
    size_t count = 0;
    tw_status status;
    while ((status = tw_tape_next_event(tape, &event, NULL)) == TW_OK)
        assert_true(event.time_ns == (int64_t)(DAY + count++));
    assert_int_equal(status, TW_EMPTY);
    tw_tape_close(tape);
    return count;
}

static void test_a_packed_file_gives_the_same(void **state) {
    test_file *file = *state;
    static uint8_t packed[8192];
    put_ten(file, 3);
    write_file(file, file->bytes.data, file->bytes.size);
    assert_int_equal(read_count(file, TW_TAPE_PLAIN), 10);

    size_t first = ZSTD_compress(packed, sizeof packed, file->bytes.data, 300, 3);
    assert_false(ZSTD_isError(first));
    size_t second = ZSTD_compress(packed + first, sizeof packed - first, file->bytes.data + 300,
                                  file->bytes.size - 300, 3);
    assert_false(ZSTD_isError(second));
    write_file(file, packed, first + second);
    assert_int_equal(read_count(file, TW_TAPE_ZSTD), 10);

    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = file->bytes.data;
    stream.avail_in = (uInt)file->bytes.size;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    write_file(file, packed, sizeof packed - stream.avail_out);
    assert_int_equal(read_count(file, TW_TAPE_GZIP), 10);
}

static void test_a_packed_file_cut_short_gives_what_is_whole(void **state) {
    test_file *file = *state;
    static uint8_t packed[8192];
    put_ten(file, 1);
    size_t size = ZSTD_compress(packed, sizeof packed, file->bytes.data, file->bytes.size, 3);
    assert_false(ZSTD_isError(size));
    for (size_t cut = 1; cut < size; cut++) {
        write_file(file, packed, cut);
        tw_tape_config config = config_of(file);
        tw_status status = dbn_model_run(&config, DBN_MODEL_EVENTS, cut);
        assert_true(status == TW_TRUNCATED || (cut < 4 && status == TW_PARSE));
    }
}

/* Where the file is cut decides: between records it simply ends, elsewhere it is truncated there.
 */
static void test_a_file_cut_at_any_byte_gives_its_whole_records(void **state) {
    test_file *file = *state;
    for (uint8_t version = 1; version <= 3; version++) {
        put_ten(file, version);
        size_t first = file->bytes.size - 560;
        for (size_t cut = 0; cut < file->bytes.size; cut++) {
            write_file(file, file->bytes.data, cut);
            tw_tape_config config = config_of(file);
            tw_tape *tape = NULL;
            tw_error error = {0};
            tw_status status = tw_tape_open(&config, &tape, &error);
            if (cut < first) {
                assert_int_equal(status, cut == 0 ? TW_EMPTY : TW_TRUNCATED);
                assert_null(tape);
                continue;
            }
            assert_int_equal(status, TW_OK);
            tw_order_event event;
            size_t count = 0;
            while ((status = tw_tape_next_event(tape, &event, &error)) == TW_OK)
                count++;
            assert_int_equal(count, (cut - first) / 56);
            bool between = (cut - first) % 56 == 0;
            assert_int_equal(status, between ? TW_EMPTY : TW_TRUNCATED);
            char place[32];
            snprintf(place, sizeof place, "byte %zu: ", first + 56 * count);
            if (!between)
                assert_says(&error, place);
            assert_int_equal(tw_tape_next_event(tape, &event, &error), status);
            tw_tape_close(tape);
        }
    }
}

static void test_a_length_that_cannot_be_ends_the_tape(void **state) {
    static const uint8_t lengths[] = {0, 3, 133, 255};
    test_file *file = *state;
    for (size_t i = 0; i < 4; i++) {
        put_ten(file, 2);
        size_t at = file->bytes.size - 5 * 56;
        file->bytes.data[at] = lengths[i];
        tw_tape *tape = open_file(file);
        tw_order_event events[16];
        size_t count = 0;
        tw_error error = {0};
        assert_int_equal(tw_tape_next_events(tape, events, 16, &count, &error), TW_OK);
        assert_int_equal(count, 5);
        for (int again = 0; again < 3; again++) {
            char place[64];
            assert_int_equal(tw_tape_next_events(tape, events, 16, &count, &error), TW_CORRUPT);
            snprintf(place, sizeof place, "byte %zu: a record is said to have %u bytes", at,
                     4U * lengths[i]);
            assert_says(&error, place);
        }
        tw_tape_close(tape);
    }
}

static void test_a_record_too_short_for_its_type_ends_the_tape(void **state) {
    test_file *file = *state;
    put_ten(file, 2);
    size_t at = file->bytes.size - 5 * 56;
    file->bytes.data[at] = 13;
    tw_tape *tape = open_file(file);
    tw_order_event events[16];
    size_t count = 0;
    tw_error error = {0};
    assert_int_equal(tw_tape_next_events(tape, events, 16, &count, &error), TW_OK);
    assert_int_equal(count, 5);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(tw_tape_next_events(tape, events, 16, &count, &error), TW_CORRUPT);
        assert_says(&error, "of type 0xa0 has 52 bytes; it needs 56");
    }
    tw_tape_close(tape);
}

static void test_a_longer_record_is_read_by_its_beginning(void **state) {
    test_file *file = *state;
    begin(file, 3, TW_DBN_SCHEMA_MBO);
    for (int i = 0; i < 3; i++) {
        size_t at = file->bytes.size;
        dbn_put_mbo(&file->bytes, order('A'));
        dbn_put_number(&file->bytes, 4711, 8); /* when it was sent */
        file->bytes.data[at] = 16;
    }
    tw_tape *tape = open_file(file);
    tw_order_event events[4];
    size_t count = 0;
    assert_int_equal(tw_tape_next_events(tape, events, 4, &count, NULL), TW_OK);
    assert_int_equal(count, 3);
    assert_int_equal(tw_dbn_sent_ns(tw_tape_line(tape)), 4711);
    tw_tape_close(tape);
}

static void test_reading_goes_on_at_any_record_and_nowhere_else(void **state) {
    test_file *file = *state;
    put_ten(file, 1);
    dbn_put_mapping(&file->bytes, 1, 17077, "ES.FUT", "ESM4");
    dbn_put_mbo(&file->bytes, order('A'));
    size_t first = file->bytes.size - 560 - 80 - 56;
    write_file(file, file->bytes.data, file->bytes.size);
    for (size_t offset = 1; offset < file->bytes.size + 60; offset++) {
        tw_tape_config config = config_of(file);
        config.start.offset = offset;
        tw_tape *tape = NULL;
        bool record = offset >= first && offset <= first + 560 && (offset - first) % 56 == 0;
        bool good = record || offset == first + 640 || offset == first + 696;
        tw_status status = tw_tape_open(&config, &tape, NULL);
        assert_int_equal(status, good ? TW_OK : TW_RANGE);
        if (!good)
            continue;
        assert_int_equal(tw_tape_tell(tape).next.offset, offset);
        if (offset == first + 640)
            assert_string_equal(next_name(file, tape), "ESM4"); /* what came before is heeded */
        tw_tape_close(tape);
    }
}

static void test_a_file_of_another_kind_is_refused(void **state) {
    test_file *file = *state;
    static const struct {
        const char *text;
        tw_status status;
    } files[] = {{"ts_ns,symbol,price,size,side\n1,A,1,1,B\n", TW_PARSE},
                 {"D", TW_TRUNCATED},
                 {"", TW_EMPTY},
                 {"DBQ", TW_PARSE}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(file, files[i].text, strlen(files[i].text));
        tw_tape_config config = config_of(file);
        tw_tape *tape = NULL;
        assert_int_equal(tw_tape_open(&config, &tape, NULL), files[i].status);
        assert_null(tape);
    }
    put_ten(file, 3);
    file->bytes.data[3] = 4;
    write_file(file, file->bytes.data, file->bytes.size);
    tw_tape_config config = config_of(file);
    tw_tape *tape = NULL;
    tw_error error = {0};
    assert_int_equal(tw_tape_open(&config, &tape, &error), TW_VERSION);
    assert_says(&error, "version 4");
}

/* ---- batches, memory ---- */

static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Records of all kinds, of several instruments, as a capture would have them. */
static void put_mixture(test_file *file, uint8_t version, uint64_t *seed) {
    const int64_t prices[4] = {5, 9, 1, 3};
    const dbn_level_plan level = {PRICE, PRICE + 1, 4, 5};
    begin(file, version, TW_DBN_SCHEMA_MIXED);
    for (int i = 0; i < 60; i++) {
        uint64_t choice = next_random(seed) % 16;
        if (choice < 8)
            put_order_at(&file->bytes, choice < 6 ? 17077 : (uint32_t)choice, DAY + choice);
        else if (choice < 10)
            dbn_put_mbp(&file->bytes, (dbn_mbp_plan){.received_ns = DAY,
                                                     .price = PRICE,
                                                     .size = 1,
                                                     .type = TW_DBN_MBP_0,
                                                     .action = 'T',
                                                     .side = 'B'});
        else if (choice < 12)
            dbn_put_mbp(&file->bytes, (dbn_mbp_plan){.received_ns = DAY,
                                                     .levels = &level,
                                                     .level_count = 1,
                                                     .type = TW_DBN_BBO_1S,
                                                     .side = 'B'});
        else if (choice < 14)
            dbn_put_ohlcv(&file->bytes, TW_DBN_OHLCV_1S, DAY, prices, 1);
        else if (choice == 14)
            dbn_put_mapping(&file->bytes, version, 6, "A", "ESM4");
        else
            dbn_put_notice(&file->bytes, version, TW_DBN_ERROR, "slow");
    }
}

static void test_batches_equal_single_calls_on_mutated_bytes(void **state) {
    test_file *file = *state;
    uint64_t seed = 20231225;
    for (int round = 0; round < 1500; round++) {
        put_mixture(file, (uint8_t)(1 + round % 3), &seed);
        uint64_t changes = next_random(&seed) % 4;
        for (uint64_t i = 0; i < changes; i++)
            file->bytes.data[100 + next_random(&seed) % (file->bytes.size - 100)] =
                (uint8_t)next_random(&seed);
        size_t cut =
            next_random(&seed) % 4 == 0 ? next_random(&seed) % file->bytes.size : file->bytes.size;
        write_file(file, file->bytes.data, cut);
        tw_tape_config config = config_of(file);
        config.line_size_max = 528U << next_random(&seed) % 4;
        config.known_symbols_only = next_random(&seed) % 3 == 0;
        (void)dbn_model_run(&config, (dbn_model_call)(round / 3 % DBN_MODEL_CALLS), seed);
    }
}

static tw_status read_all(const tw_allocator *allocator, void *context) {
    test_file *file = context;
    tw_tape_config config = config_of(file);
    config.allocator = allocator;
    tw_tape *tape = NULL;
    tw_order_event event;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    while (status == TW_OK)
        status = tw_tape_next_event(tape, &event, NULL);
    tw_tape_close(tape);
    return status == TW_EMPTY || status == TW_FULL ? TW_OK : status;
}

static void test_nothing_is_left_when_memory_runs_out(void **state) {
    test_file *file = *state;
    tw_symbols_free(file->symbols);
    assert_int_equal(tw_symbols_new(NULL, 512, &file->symbols), TW_OK);
    begin(file, 1, TW_DBN_SCHEMA_MBO);
    for (uint32_t id = 1; id <= 200; id++) {
        put_order_at(&file->bytes, id, DAY);
        dbn_put_mapping(&file->bytes, 1, 1000 + id, "X", "Y");
    }
    write_file(file, file->bytes.data, file->bytes.size);
    assert_survives_failed_allocations(read_all, file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_instrument_has_at_most_so_many_names),
        TEST(test_all_instruments_have_at_most_so_many_names),
        TEST(test_a_packed_file_gives_the_same),
        TEST(test_a_packed_file_cut_short_gives_what_is_whole),
        TEST(test_a_file_cut_at_any_byte_gives_its_whole_records),
        TEST(test_a_length_that_cannot_be_ends_the_tape),
        TEST(test_a_record_too_short_for_its_type_ends_the_tape),
        TEST(test_a_longer_record_is_read_by_its_beginning),
        TEST(test_reading_goes_on_at_any_record_and_nowhere_else),
        TEST(test_a_file_of_another_kind_is_refused),
        TEST(test_batches_equal_single_calls_on_mutated_bytes),
        TEST(test_nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
