/*
 * dbn_file.h - a file of Databento's records in memory, for the tests of the tape that reads it.
 *
 * Include cmocka.h first. Each test has a file of its own, made by make_file and dropped by
 * drop_file, puts bytes together (dbn_encoder.h), and opens them.
 */
#ifndef TRADEWIND_TEST_DBN_FILE_H
#define TRADEWIND_TEST_DBN_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dbn_encoder.h"
#include "tradewind/tape_dbn.h"
#include "tradewind/time.h"

#define DAY UINT64_C(1703462400000000000) /* 2023-12-25, midnight */
#define PRICE (4810 * TW_NANO)

/* A file in memory, and the symbols of its readers. */
typedef struct test_file {
    dbn_bytes bytes;
    tw_symbols *symbols;
    int fd;
    char path[64];
} test_file;

static inline int make_file(void **state) {
    test_file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    file->fd = memfd_create("dbn", MFD_CLOEXEC);
    assert_true(file->fd >= 0);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
    assert_int_equal(tw_symbols_new(NULL, 8, &file->symbols), TW_OK);
    *state = file;
    return 0;
}

static inline int drop_file(void **state) {
    test_file *file = *state;
    close(file->fd);
    tw_symbols_free(file->symbols);
    free(file);
    return 0;
}

static inline void write_file(test_file *file, const void *data, size_t size) {
    assert_int_equal(ftruncate(file->fd, 0), 0);
    assert_int_equal(pwrite(file->fd, data, size, 0), size);
}

static inline tw_tape_config config_of(test_file *file) {
    return (tw_tape_config){.path = file->path, .symbols = file->symbols, .format = TW_TAPE_DBN};
}

/* Writes what was put together, and opens it. */
static inline tw_tape *open_file(test_file *file) {
    write_file(file, file->bytes.data, file->bytes.size);
    tw_tape_config config = config_of(file);
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static const dbn_interval_plan whole_year[] = {{20230101, 20240101, "17077"}};
static const dbn_mapping_plan es_mapping[] = {{"ESH4", whole_year, 1}};

static inline dbn_metadata_plan plan_of(uint8_t version, uint16_t schema) {
    return (dbn_metadata_plan){.version = version,
                               .schema = schema,
                               .symbology_in = TW_DBN_RAW_SYMBOL,
                               .symbology_out = TW_DBN_INSTRUMENT_ID,
                               .symbol = "ESH4",
                               .mappings = es_mapping,
                               .mapping_count = 1};
}

static inline dbn_bytes *begin(test_file *file, uint8_t version, uint16_t schema) {
    dbn_metadata_plan plan = plan_of(version, schema);
    file->bytes.size = 0;
    dbn_put_metadata(&file->bytes, &plan);
    return &file->bytes;
}

/* An order that is fine. */
static inline dbn_mbo_plan order(char action) {
    return (dbn_mbo_plan){.received_ns = DAY,
                          .order_id = 7,
                          .price = PRICE,
                          .size = 3,
                          .action = action,
                          .side = 'B'};
}

static inline void assert_says(const tw_error *error, const char *words) {
    if (strstr(error->message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

/* Orders at times of one instrument. */
static inline void put_order_at(dbn_bytes *bytes, uint32_t instrument, uint64_t time_ns) {
    dbn_mbo_plan plan = order('A');
    plan.instrument = instrument;
    plan.received_ns = time_ns;
    dbn_put_mbo(bytes, plan);
}

static inline const char *next_name(test_file *file, tw_tape *tape) {
    tw_order_event event;
    tw_error error = {0};
    if (tw_tape_next_event(tape, &event, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tw_symbols_name(file->symbols, event.symbol);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, drop_file)

#endif
