/*
 * test_source.c - files as bytes and lines: what is needed lies in the buffer, whatever the pieces
 * in which it came and whatever it was packed in; and xz.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_heap.h"
#include "source.h"

enum { TEXT_SIZE = 300000, PACKED_SIZE = TEXT_SIZE + 65536 };

static const tw_source_packing packings[] = {TW_SOURCE_PLAIN, TW_SOURCE_GZIP, TW_SOURCE_ZSTD,
                                             TW_SOURCE_XZ};

enum { PACKING_COUNT = sizeof packings / sizeof packings[0] };

/* Bytes that do not repeat, with a line end now and then; the first are the magic of no packing. */
static const char *some_text(void) {
    static char text[TEXT_SIZE];
    uint64_t random = 88172645463325252U;
    for (size_t i = 0; text[0] == 0 && i < TEXT_SIZE; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        text[TEXT_SIZE - 1 - i] = random % 61 == 0 ? '\n' : (char)('A' + random % 53 % 26);
    }
    return text;
}

static size_t pack_xz(const void *text, size_t size, uint8_t *packed, size_t capacity) {
    size_t packed_size = 0;
    assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, text, size, packed,
                                             &packed_size, capacity),
                     LZMA_OK);
    return packed_size;
}

static size_t pack(tw_source_packing packing, const char *text, size_t size, uint8_t *packed,
                   size_t capacity) {
    if (packing == TW_SOURCE_XZ)
        return pack_xz(text, size, packed, capacity);
    if (packing == TW_SOURCE_ZSTD)
        return ZSTD_compress(packed, capacity, text, size, 3);
    if (packing == TW_SOURCE_PLAIN) {
        memcpy(packed, text, size);
        return size;
    }
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

/* A file of these bytes that is gone when its source is closed. */
static tw_status open_bytes(tw_source *source, const void *bytes, size_t size, size_t capacity,
                            tw_error *error) {
    int fd = memfd_create("source", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_status status = tw_source_open(source, path, capacity, tw_allocator_system(), error);
    assert_int_equal(close(fd), 0);
    return status;
}

static void open_packed(tw_source *source, tw_source_packing packing, const char *text, size_t size,
                        size_t capacity) {
    static uint8_t packed[PACKED_SIZE];
    size_t packed_size = pack(packing, text, size, packed, sizeof packed);
    tw_error error = {0};
    if (open_bytes(source, packed, packed_size, capacity, &error) != TW_OK)
        fail_msg("%s", error.message);
    assert_int_equal(source->packing, packing);
}

/* The same for the whole text, which is packed once. */
static void open_whole(tw_source *source, tw_source_packing packing, size_t capacity) {
    static uint8_t packed[PACKED_SIZE];
    static size_t packed_size;
    static tw_source_packing packed_as;
    if (packed_size == 0 || packed_as != packing)
        packed_size = pack(packing, some_text(), TEXT_SIZE, packed, sizeof packed);
    packed_as = packing;
    assert_int_equal(open_bytes(source, packed, packed_size, capacity, NULL), TW_OK);
}

/* Standard input becomes `fd` while the source is opened. */
static void open_input(tw_source *source, int fd, size_t capacity) {
    int saved = dup(STDIN_FILENO);
    assert_true(saved >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    tw_error error = {0};
    tw_status status = tw_source_open(source, "-", capacity, tw_allocator_system(), &error);
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    assert_int_equal(close(saved), 0);
    if (status != TW_OK)
        fail_msg("%s", error.message);
}

/* ---- records ---- */

/* Reads records of sizes that change, and holds each against the text. */
static void read_records(tw_source *source, const char *text, size_t size) {
    size_t at = 0;
    size_t record = 1;
    tw_slice bytes = {0};
    tw_error error = {0};
    while (at + record <= size) {
        assert_int_equal(tw_source_offset(source), at);
        if (tw_source_need(source, record, &bytes, &error) != TW_OK)
            fail_msg("%s", error.message);
        assert_true(bytes.size >= record && bytes.size <= size - at);
        assert_memory_equal(bytes.data, text + at, bytes.size); /* all that lies there is lent */
        tw_source_skip(source, record);
        at += record;
        record = 1 + (record * 7 + at) % source->capacity;
    }
    tw_status status = tw_source_need(source, record, &bytes, &error);
    assert_int_equal(status, at == size ? TW_EMPTY : TW_TRUNCATED); /* ended in mid-record */
    assert_int_equal(bytes.size, size - at);
    assert_memory_equal(bytes.data, text + at, bytes.size);
    assert_int_equal(tw_source_need(source, record, &bytes, &error), status); /* and stays so */
    if (bytes.size == 0)
        return;
    tw_source_skip(source, bytes.size);
    assert_int_equal(tw_source_need(source, 1, &bytes, &error), TW_EMPTY);
}

static void test_records_lie_whole_in_the_buffer(void **state) {
    (void)state;
    static const size_t capacities[] = {1, 2, 7, 64, 1000, 65536, TEXT_SIZE};
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        for (size_t j = 0; j < sizeof capacities / sizeof capacities[0]; j++) {
            size_t size = capacities[j] < 64 ? 5000 : TEXT_SIZE;
            tw_source source;
            open_packed(&source, packings[i], some_text(), size, capacities[j]);
            read_records(&source, some_text(), size);
            tw_source_close(&source);
        }
    }
}

/* A socket of packets gives one byte a read, so that every place is one at which a read ended. */
static void test_reads_may_be_as_short_as_a_byte(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    enum { SIZE = 3000 };
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        size_t packed_size = pack(packings[i], some_text(), SIZE, packed, sizeof packed);
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            for (size_t j = 0; j < packed_size; j++)
                if (write(ends[1], packed + j, 1) != 1)
                    _exit(1);
            _exit(0);
        }
        assert_int_equal(close(ends[1]), 0);
        tw_source source;
        open_input(&source, ends[0], 100);
        assert_int_equal(close(ends[0]), 0);
        assert_int_equal(source.packing, packings[i]);
        read_records(&source, some_text(), SIZE);
        assert_int_equal(source.bytes_read, packed_size);
        tw_source_close(&source);
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
}

static void test_an_empty_file_has_no_record(void **state) {
    (void)state;
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        tw_source source;
        open_packed(&source, packings[i], "", 0, 64);
        tw_slice bytes = {"", 99};
        assert_int_equal(tw_source_need(&source, 1, &bytes, NULL), TW_EMPTY);
        assert_int_equal(bytes.size, 0);
        assert_int_equal(tw_source_need(&source, 0, &bytes, NULL), TW_OK);
        assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_EMPTY);
        tw_source_close(&source);
    }
}

/* Records may follow lines, as a binary body does its header of text. */
static void test_lines_and_records_follow_one_another(void **state) {
    (void)state;
    static const char text[] = "magic\r\nnext\nBODYBODY";
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        tw_source source;
        tw_slice bytes;
        open_packed(&source, packings[i], text, strlen(text), 9);
        assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_OK);
        assert_true(tw_slice_equal_string(bytes, "magic"));
        tw_source_put_back(&source);
        assert_int_equal(source.line, 0);
        assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_OK);
        assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_OK);
        assert_true(tw_slice_equal_string(bytes, "next"));
        assert_int_equal(source.line, 2);
        assert_int_equal(tw_source_offset(&source), 12);
        assert_int_equal(tw_source_need(&source, 8, &bytes, NULL), TW_OK);
        assert_true(tw_slice_equal_string(bytes, "BODYBODY"));
        tw_source_skip(&source, 8);
        assert_int_equal(tw_source_need(&source, 1, &bytes, NULL), TW_EMPTY);
        tw_source_close(&source);
    }
}

/* ---- faults ---- */

/* Reads records of ten bytes to where it cannot go on; says how that is, and what was left. */
static tw_status read_to_fault(tw_source *source, size_t *ret_at, size_t *ret_left,
                               tw_error *error) {
    tw_slice bytes = {0};
    tw_status status;
    *ret_at = 0;
    while ((status = tw_source_need(source, 10, &bytes, error)) == TW_OK) {
        assert_memory_equal(bytes.data, some_text() + *ret_at, bytes.size);
        tw_source_skip(source, 10);
        *ret_at += 10;
    }
    *ret_left = bytes.size;
    assert_true(bytes.size < 10);
    assert_memory_equal(bytes.data, some_text() + *ret_at, bytes.size);
    tw_error again = {0};
    assert_int_equal(tw_source_need(source, 10, &bytes, &again), status);
    assert_memory_equal(&again, error, sizeof again); /* the same words again */
    assert_int_equal(bytes.size, *ret_left);
    return status;
}

static void test_a_cut_pack_gives_all_before_the_fault_and_its_words(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    static const char *const names[] = {"plain", "gzip", "zstd", "xz"};
    for (size_t i = 1; i < PACKING_COUNT; i++) {
        size_t whole = pack(packings[i], some_text(), TEXT_SIZE, packed, sizeof packed);
        size_t cuts[] = {whole / 3, whole / 2, whole * 3 / 4, whole - 13, whole - 1};
        for (size_t j = 0; j < sizeof cuts / sizeof cuts[0]; j++) {
            tw_source source;
            assert_int_equal(open_bytes(&source, packed, cuts[j], 4096, NULL), TW_OK);
            size_t at;
            size_t left;
            tw_error error = {0};
            tw_status status = read_to_fault(&source, &at, &left, &error);
            assert_int_equal(status, TW_TRUNCATED);
            char words[128];
            snprintf(words, sizeof words,
                     "the %s data ends too early, after %zu bytes; it gave %zu bytes before",
                     names[i], cuts[j], at + left);
            if (strstr(error.message, words) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", error.message, words);
            assert_true(j == 0 || at > 0);
            tw_source_close(&source);
        }
    }
}

static void test_what_follows_a_pack_must_be_one_too(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    for (size_t i = 1; i < PACKING_COUNT; i++) {
        size_t whole = pack(packings[i], some_text(), TEXT_SIZE, packed, sizeof packed);
        memcpy(packed + whole, "garbage garbage!", 16);
        tw_source source;
        assert_int_equal(open_bytes(&source, packed, whole + 16, 4096, NULL), TW_OK);
        size_t at;
        size_t left;
        tw_error error = {0};
        assert_int_equal(read_to_fault(&source, &at, &left, &error), TW_CORRUPT);
        assert_int_equal(at + left, TEXT_SIZE); /* all that was whole came before */
        assert_non_null(strstr(error.message, "data is damaged near byte"));
        tw_source_close(&source);
    }
}

/* One read says that the connection was reset; the next one would say that the data ended. */
static void test_a_failed_read_is_not_an_end(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[1], some_text(), 25), 25);
    assert_int_equal(write(ends[0], "unread", 6), 6);
    assert_int_equal(close(ends[1]), 0);
    tw_source source;
    open_input(&source, ends[0], 64);
    assert_int_equal(close(ends[0]), 0);
    size_t at;
    size_t left;
    tw_error error = {0};
    assert_int_equal(read_to_fault(&source, &at, &left, &error), TW_CLOSED);
    assert_true(at == 20 && left == 5); /* in mid-record */
    assert_non_null(strstr(error.message, "standard input: reading failed after 25 bytes"));
    tw_slice line;
    assert_int_equal(tw_source_next_line(&source, &line, NULL), TW_CLOSED);
    assert_int_equal(tw_source_go_to(&source, 1000, 1, NULL), TW_CLOSED);
    tw_source_close(&source);
}

static void test_a_line_that_is_too_long_ends_the_reading(void **state) {
    (void)state;
    char text[200];
    memset(text, 'x', sizeof text);
    memcpy(text, "a\n", 2);
    text[98] = text[198] = '\n';
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        tw_source source;
        tw_slice line;
        tw_error error = {0};
        open_packed(&source, packings[i], text, sizeof text, 16);
        assert_int_equal(tw_source_next_line(&source, &line, NULL), TW_OK);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(tw_source_next_line(&source, &line, &error), TW_PARSE);
            assert_non_null(strstr(error.message, ":2: the line is longer than 16 bytes"));
            assert_int_equal(tw_source_offset(&source), 2);
        }
        assert_int_equal(tw_source_go_to(&source, 99, 2, &error), TW_PARSE);
        tw_source_close(&source);
    }
}

/* ---- going on elsewhere ---- */

static void test_going_forward_to_a_line(void **state) {
    (void)state;
    const char *text = some_text();
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        for (size_t offset = 1; offset <= TEXT_SIZE; offset += 1 + offset / 3) {
            tw_source source;
            tw_slice bytes;
            tw_error error = {0};
            open_whole(&source, packings[i], 512);
            assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_OK);
            size_t first = bytes.size + 1;
            tw_status status = tw_source_go_to(&source, offset, 77, &error);
            bool good = offset >= first && (text[offset - 1] == '\n' || offset == TEXT_SIZE);
            assert_int_equal(status, good ? TW_OK : TW_RANGE);
            if (good && offset < TEXT_SIZE) {
                assert_int_equal(tw_source_offset(&source), offset);
                assert_int_equal(source.line, 77);
                assert_int_equal(tw_source_next_line(&source, &bytes, NULL), TW_OK);
                assert_int_equal(source.line, 78);
                assert_memory_equal(bytes.data, text + offset, bytes.size);
            } else if (!good) {
                assert_non_null(strstr(error.message, offset < first
                                                          ? "no line to go on with begins"
                                                          : "no line begins at byte"));
            }
            tw_source_close(&source);
        }
        tw_source source;
        tw_error error = {0};
        open_whole(&source, packings[i], 512);
        assert_int_equal(tw_source_go_to(&source, TEXT_SIZE + 2, 1, &error), TW_RANGE);
        assert_non_null(strstr(error.message, "there are fewer than the"));
        tw_source_close(&source);
    }
}

/* All places of the text at which a line begins, near and far, in a file and out of a pack. */
static void test_every_line_can_be_gone_to(void **state) {
    (void)state;
    const char *text = some_text();
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        uint64_t line_count = 0;
        for (size_t offset = 1; offset < TEXT_SIZE; offset++) {
            if (text[offset - 1] != '\n' || ++line_count % 197 != 5)
                continue;
            tw_source source;
            tw_slice line;
            open_whole(&source, packings[i], 777);
            assert_int_equal(tw_source_go_to(&source, offset, line_count, NULL), TW_OK);
            assert_int_equal(tw_source_next_line(&source, &line, NULL), TW_OK);
            assert_int_equal(source.line, line_count + 1);
            assert_memory_equal(line.data, text + offset, line.size);
            assert_true(offset + line.size == TEXT_SIZE || text[offset + line.size] == '\n');
            tw_source_close(&source);
        }
        assert_true(line_count > 1000);
    }
}

static void test_going_on_in_a_cut_pack_says_that_it_is_cut(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    for (size_t i = 1; i < PACKING_COUNT; i++) {
        size_t whole = pack(packings[i], some_text(), TEXT_SIZE, packed, sizeof packed);
        tw_source source;
        assert_int_equal(open_bytes(&source, packed, whole / 2, 4096, NULL), TW_OK);
        assert_int_equal(tw_source_go_to(&source, TEXT_SIZE - 1, 1, NULL), TW_TRUNCATED);
        tw_source_close(&source);
    }
}

/* ---- xz ---- */

static void test_streams_of_xz_one_after_another_are_one_text(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    static const size_t paddings[] = {0, 4, 40}; /* of zeros between the two */
    for (size_t i = 0; i < 3; i++) {
        size_t size = pack_xz(some_text(), 100001, packed, sizeof packed);
        memset(packed + size, 0, paddings[i]);
        size += paddings[i];
        size +=
            pack_xz(some_text() + 100001, TEXT_SIZE - 100001, packed + size, sizeof packed - size);
        tw_source source;
        assert_int_equal(open_bytes(&source, packed, size, 4096, NULL), TW_OK);
        assert_int_equal(source.packing, TW_SOURCE_XZ);
        read_records(&source, some_text(), TEXT_SIZE);
        assert_int_equal(source.bytes_read, size);
        tw_source_close(&source);
    }
    size_t size = pack_xz(some_text(), 100, packed, sizeof packed);
    memset(packed + size, 0, 3); /* padding comes in fours */
    tw_source source;
    tw_slice bytes;
    assert_int_equal(open_bytes(&source, packed, size + 3, 4096, NULL), TW_OK);
    assert_int_equal(tw_source_need(&source, 101, &bytes, NULL), TW_CORRUPT);
    tw_source_close(&source);
}

static void test_an_xz_checksum_is_checked(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    size_t whole = pack_xz(some_text(), TEXT_SIZE, packed, sizeof packed);
    static const char *const words = "the xz data is damaged near byte";
    for (size_t i = 0; i < 40; i++) {
        /* The first twelve bytes are the stream's header, of which six are its magic. */
        size_t at = i < 6 ? 6 + i : 12 + (i * 7919 + i) * (whole - 12) / (40 * 7920);
        packed[at] ^= 0x20;
        tw_source source;
        tw_error error = {0};
        assert_int_equal(open_bytes(&source, packed, whole, 4096, NULL), TW_OK);
        tw_slice bytes = {0};
        tw_status status;
        while ((status = tw_source_need(&source, 100, &bytes, &error)) == TW_OK)
            tw_source_skip(&source, 100);
        assert_int_equal(status, TW_CORRUPT);
        assert_non_null(strstr(error.message, words));
        tw_source_close(&source);
        packed[at] ^= 0x20;
    }
}

/* The size of the dictionary in the header of the first block becomes 192 MiB (its format, 5.3.1),
 * and the header's checksum is made to fit. */
static void test_xz_that_asks_for_much_memory_is_refused(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    size_t whole = pack_xz(some_text(), 1000, packed, sizeof packed);
    uint8_t *header = packed + 12;
    size_t size = ((size_t)header[0] + 1) * 4;
    size_t at = 2;
    while (!(header[at] == 0x21 && header[at + 1] == 1)) { /* LZMA2, one byte of properties */
        at++;
        assert_true(at < size);
    }
    header[at + 2] = 31;
    uint32_t checksum = lzma_crc32(header, size - 4, 0);
    for (size_t i = 0; i < 4; i++)
        header[size - 4 + i] = (uint8_t)(checksum >> (8 * i));
    tw_source source;
    tw_slice bytes;
    tw_error error = {0};
    assert_int_equal(open_bytes(&source, packed, whole, 4096, NULL), TW_OK);
    assert_int_equal(tw_source_need(&source, 1, &bytes, &error), TW_CORRUPT);
    assert_non_null(strstr(error.message, "it asks for more than 128 MiB of memory"));
    tw_source_close(&source);
    header[at + 2] = 28; /* 64 MiB, as the best preset has it, is read */
    checksum = lzma_crc32(header, size - 4, 0);
    for (size_t i = 0; i < 4; i++)
        header[size - 4 + i] = (uint8_t)(checksum >> (8 * i));
    assert_int_equal(open_bytes(&source, packed, whole, 4096, NULL), TW_OK);
    assert_int_equal(tw_source_need(&source, 1000, &bytes, &error), TW_OK);
    tw_source_close(&source);
}

/* ---- memory ---- */

typedef struct packed_file {
    char path[64];
} packed_file;

static tw_status read_all(const tw_allocator *allocator, void *context) {
    const packed_file *file = context;
    tw_source source;
    tw_status status = tw_source_open(&source, file->path, 1000, allocator, NULL);
    if (status != TW_OK)
        return status;
    tw_slice bytes;
    while ((status = tw_source_need(&source, 1, &bytes, NULL)) == TW_OK)
        tw_source_skip(&source, bytes.size);
    tw_source_close(&source);
    return status == TW_EMPTY ? TW_OK : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    static uint8_t packed[PACKED_SIZE];
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        size_t size = pack(packings[i], some_text(), 20000, packed, sizeof packed);
        if (packings[i] == TW_SOURCE_XZ) /* the second stream may want memory too */
            size += pack_xz(some_text(), 20000, packed + size, sizeof packed - size);
        packed_file file;
        int fd = memfd_create("source", MFD_CLOEXEC);
        assert_true(fd >= 0 && write(fd, packed, size) == (ssize_t)size);
        snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", fd);
        assert_survives_failed_allocations(read_all, &file);
        assert_int_equal(close(fd), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_lie_whole_in_the_buffer),
        cmocka_unit_test(test_reads_may_be_as_short_as_a_byte),
        cmocka_unit_test(test_an_empty_file_has_no_record),
        cmocka_unit_test(test_lines_and_records_follow_one_another),
        cmocka_unit_test(test_a_cut_pack_gives_all_before_the_fault_and_its_words),
        cmocka_unit_test(test_what_follows_a_pack_must_be_one_too),
        cmocka_unit_test(test_a_failed_read_is_not_an_end),
        cmocka_unit_test(test_a_line_that_is_too_long_ends_the_reading),
        cmocka_unit_test(test_going_forward_to_a_line),
        cmocka_unit_test(test_every_line_can_be_gone_to),
        cmocka_unit_test(test_going_on_in_a_cut_pack_says_that_it_is_cut),
        cmocka_unit_test(test_streams_of_xz_one_after_another_are_one_text),
        cmocka_unit_test(test_an_xz_checksum_is_checked),
        cmocka_unit_test(test_xz_that_asks_for_much_memory_is_refused),
        cmocka_unit_test(test_leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
