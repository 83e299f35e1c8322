/*
 * tape_place.h - a folder of its own for a test of files, and what is written into it.
 *
 * Include <cmocka.h> before it. A test takes `const test_place *place = *state` and stands in its
 * program's table as IN_PLACE(test).
 */
#ifndef TRADEWIND_TEST_TAPE_PLACE_H
#define TRADEWIND_TEST_TAPE_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tradewind/tape.h"

typedef struct test_place {
    char directory[64];
    char path[96];
    tw_symbols *symbols;
} test_place;

static inline int make_place(void **state) {
    test_place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->directory, "/tmp/tradewind-tape-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof place->path, "%s/tape", place->directory);
    assert_int_equal(tw_symbols_new(NULL, 64, &place->symbols), TW_OK);
    *state = place;
    return 0;
}

static inline int drop_place(void **state) {
    test_place *place = *state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    assert_int_equal(system(command), 0);
    tw_symbols_free(place->symbols);
    free(place);
    return 0;
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

static inline void write_bytes(const test_place *place, const void *data, size_t size) {
    FILE *file = fopen(place->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void write_text(const test_place *place, const char *text) {
    write_bytes(place, text, strlen(text));
}

/* Packs a text as gzip; returns the packed size. */
static inline size_t pack_gzip(const char *text, size_t size, uint8_t *packed, size_t capacity) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = (uInt)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return capacity - stream.avail_out;
}

static inline tw_tape *open_tape(const test_place *place, tw_tape_format format) {
    tw_tape_config config = {
        .path = place->path, .symbols = place->symbols, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        fail_msg("%s", error.message);
    return tape;
}

static inline tw_status refused(const test_place *place, const char *path, tw_tape_format format,
                                const char *words) {
    tw_tape_config config = {.path = path, .symbols = place->symbols, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    assert_null(tape);
    assert_int_equal(error.status, status);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    return status;
}

/* A sink that keeps what it is given, up to a size. */
typedef struct test_sink {
    char text[65536];
    size_t size;
    size_t size_max; /* more is refused */
    int calls;
} test_sink;

static inline tw_status into_sink(void *context, tw_slice bytes, tw_error *error) {
    test_sink *sink = context;
    sink->calls++;
    if (sink->size + bytes.size > sink->size_max)
        return tw_error_set(error, TW_NO_SPACE, "the sink is full");
    memcpy(sink->text + sink->size, bytes.data, bytes.size);
    sink->size += bytes.size;
    return TW_OK;
}

static inline void sink_holds(const test_sink *sink, const char *text) {
    if (!tw_slice_equal_string((tw_slice){sink->text, sink->size}, text))
        fail_msg("wrote \"%.*s\"", (int)sink->size, sink->text);
}

#endif
