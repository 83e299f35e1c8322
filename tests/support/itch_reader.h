/*
 * itch_reader.h - a tape of ITCH on bytes that a test has put together, and what is expected of it.
 *
 * Include cmocka.h before. The file of the test that runs is `row`; `blocks` is for the messages of
 * a packet.
 */
#ifndef TRADEWIND_TEST_ITCH_READER_H
#define TRADEWIND_TEST_ITCH_READER_H

#include "itch_files.h"
#include "tradewind/tape_itch.h"

static byte_row row;
static byte_row blocks;

/* A tape on the row, and what it said last. */
typedef struct reader {
    itch_file file;
    tw_symbols *symbols;
    tw_tape *tape;
    tw_error error;
} reader;

static inline reader open_with(tw_tape_config config, const char *const *names, size_t name_count) {
    reader r = {.file = itch_file_of(row.data, row.size)};
    assert_int_equal(tw_symbols_new(NULL, 64, &r.symbols), TW_OK);
    for (size_t i = 0; i < name_count; i++) {
        tw_symbol symbol;
        assert_int_equal(tw_symbols_intern(r.symbols, tw_slice_of(names[i]), &symbol), TW_OK);
    }
    config.path = r.file.path;
    config.symbols = r.symbols;
    config.format = TW_TAPE_ITCH;
    if (tw_tape_open(&config, &r.tape, &r.error) != TW_OK)
        fail_msg("%s", r.error.message);
    return r;
}

static inline reader open_row(void) {
    return open_with((tw_tape_config){0}, NULL, 0);
}

static inline void close_reader(reader *r) {
    tw_tape_close(r->tape);
    tw_symbols_free(r->symbols);
    assert_int_equal(close(r->file.fd), 0);
}

static inline tw_order_event next_event(reader *r) {
    tw_order_event event;
    memset(&event, 0x55, sizeof event);
    if (tw_tape_next_event(r->tape, &event, &r->error) != TW_OK)
        fail_msg("%s", r->error.message);
    return event;
}

static inline void expect_status(reader *r, tw_status status, const char *words) {
    tw_order_event event;
    tw_status found = tw_tape_next_event(r->tape, &event, &r->error);
    if (found != status)
        fail_msg("%s, not %s: %s", tw_status_name(found), tw_status_name(status), r->error.message);
    if (words != NULL && strstr(r->error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", r->error.message, words);
}

static inline tw_status refused(const char *words) {
    itch_file file = itch_file_of(row.data, row.size);
    tw_symbols *symbols = NULL;
    assert_int_equal(tw_symbols_new(NULL, 4, &symbols), TW_OK);
    tw_tape_config config = {.path = file.path, .symbols = symbols, .format = TW_TAPE_ITCH};
    tw_tape *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    assert_null(tape);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    tw_symbols_free(symbols);
    assert_int_equal(close(file.fd), 0);
    return status;
}

static inline void put(tw_itch_message message) {
    row_message(&row, &message);
}

/* Messages from `sequence` on: orders of AAPL whose number is that of the message. */
static inline const byte_row *some_messages(uint64_t sequence, uint16_t count) {
    blocks.size = 0;
    for (uint64_t i = 0; i < count; i++) {
        tw_itch_message message = itch_add(7, "AAPL", sequence + i);
        row_message(&blocks, &message);
    }
    return &blocks;
}

static inline void put_packet(const itch_wrap *wrap, uint64_t sequence, uint16_t count) {
    row_packet(&row, wrap, "S1", sequence, count, some_messages(sequence, count));
}

static inline void expect_orders(reader *r, uint64_t first, uint64_t last) {
    for (uint64_t id = first; id <= last; id++)
        assert_int_equal(next_event(r).id, id);
}

#endif
