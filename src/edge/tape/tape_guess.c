/*
 * tape_guess.c - which format a file is of, by how it begins.
 *
 * Idea: binary formats have magic numbers, or (ITCH day files) a first message whose length fits
 * its type; texts have headers, or a shape of their first line that no other has. A guess is only
 * that: opening the tape then checks everything.
 */
#include <string.h>
#include <sys/stat.h>

#include "tape_priv.h"
#include "tradewind/itch.h"

#define GUESS_SIZE 512    /* bytes that are looked at */
#define GUESS_BUFFER 4096 /* of the source: its longest "line" here */

static bool begins_with(tw_slice bytes, const void *magic, size_t size) {
    return bytes.size >= size && memcmp(bytes.data, magic, size) == 0;
}

static bool is_capture(tw_slice bytes) {
    return begins_with(bytes, "\xa1\xb2\xc3\xd4", 4) || begins_with(bytes, "\xd4\xc3\xb2\xa1", 4) ||
           begins_with(bytes, "\xa1\xb2\x3c\x4d", 4) || begins_with(bytes, "\x4d\x3c\xb2\xa1", 4) ||
           begins_with(bytes, "\x0a\x0d\x0d\x0a", 4);
}

/* A day file: two bytes of length, then a message that is as long as its type's letter says. */
static bool is_itch_day(tw_slice bytes) {
    if (bytes.size < 3 || bytes.data[0] != 0)
        return false;
    size_t size = tw_itch_size(bytes.data[2]);
    return size != 0 && size == (uint8_t)bytes.data[1];
}

static tw_slice first_line(tw_slice bytes) {
    const char *end = memchr(bytes.data, '\n', bytes.size);
    tw_slice line = {bytes.data, end != NULL ? (size_t)(end - bytes.data) : bytes.size};
    return tw_slice_trim(line);
}

/* `1618678132.9: {` or `1723161253937085768 {`: a number, maybe a colon, and a JSON value. */
static bool is_recorded(tw_slice line, bool with_colon) {
    size_t i = 0;
    while (i < line.size && ((line.data[i] >= '0' && line.data[i] <= '9') || line.data[i] == '.'))
        i++;
    if (i == 0 || (with_colon && (i >= line.size || line.data[i++] != ':')))
        return false;
    if (i >= line.size || line.data[i] != ' ')
        return false;
    return i + 1 < line.size && (line.data[i + 1] == '{' || line.data[i + 1] == '[');
}

/* Numbers between commas; how many, or 0. The last one may be cut off. */
static size_t count_numbers(tw_slice line) {
    size_t count = 1;
    for (size_t i = 0; i < line.size; i++) {
        char c = line.data[i];
        bool part = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ',';
        if (!part)
            return 0;
        count += c == ',';
    }
    return line.size > 0 ? count : 0;
}

static bool guess_text(tw_slice bytes, tw_tape_format *ret_format) {
    tw_slice line = first_line(bytes);
    size_t numbers = count_numbers(line);
    if (tw_slice_equal_string(line, BITSTAMP_HEADER))
        *ret_format = TW_TAPE_BITSTAMP;
    else if (tw_slice_starts_with(line, TRADES_HEADER))
        *ret_format = TW_TAPE_TRADES;
    else if (tw_slice_starts_with(line, QUOTES_HEADER))
        *ret_format = TW_TAPE_QUOTES;
    else if (tw_slice_starts_with(line, "ts_ns,symbol,timeframe,"))
        *ret_format = TW_TAPE_BARS;
    else if (is_recorded(line, true))
        *ret_format = TW_TAPE_KRAKEN;
    else if (is_recorded(line, false))
        *ret_format = TW_TAPE_BINANCE;
    else if (numbers == 6)
        *ret_format = TW_TAPE_LOBSTER_MESSAGES;
    else if (numbers >= LOBSTER_NUMBERS_PER_LEVEL)
        *ret_format = TW_TAPE_LOBSTER_BOOK;
    else
        return false;
    return true;
}

static bool guess(tw_slice bytes, tw_tape_format *ret_format) {
    if (begins_with(bytes, "DBN", 3))
        *ret_format = TW_TAPE_DBN;
    else if (is_capture(bytes) || is_itch_day(bytes))
        *ret_format = TW_TAPE_ITCH;
    else
        return guess_text(bytes, ret_format);
    return true;
}

/* What is not there, or a folder, is told of when it is opened. */
static bool can_be_read_twice(const char *path) {
    struct stat about;
    if (strcmp(path, "-") == 0)
        return false;
    return stat(path, &about) != 0 || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
}

tw_status tw_tape_guess(const char *path, const tw_allocator *allocator, tw_tape_format *ret_format,
                        tw_error *error) {
    TW_ASSERT(path != NULL && ret_format != NULL);
    tw_source source;
    tw_slice bytes;
    if (!can_be_read_twice(path))
        return tw_error_set_at(error, TW_STATE, path, 0, 0,
                               "this can be read only once, so its format cannot be looked at "
                               "first");
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_status status = tw_source_open(&source, path, GUESS_BUFFER, allocator, error);
    if (status != TW_OK)
        return status;
    status = tw_source_need(&source, GUESS_SIZE, &bytes, error);
    bool known = bytes.size > 0 && guess(bytes, ret_format);
    if (known)
        status = TW_OK; /* a small file, or a fault that reading it will meet again */
    else if (status == TW_EMPTY)
        status = tw_error_set_at(error, TW_EMPTY, source.where, 0, 0, "the file is empty");
    else if (status == TW_OK || status == TW_TRUNCATED)
        status = tw_error_set_at(error, TW_UNSUPPORTED, source.where, 0, 0,
                                 "this begins like no format that is known");
    tw_source_close(&source);
    return status;
}
