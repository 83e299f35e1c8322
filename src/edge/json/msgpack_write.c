/*
 * msgpack_write.c - the forms of MessagePack, each the shortest, the highest byte first.
 */
#include <stdbool.h>
#include <string.h>

#include "json.h"

static const int64_t NS_PER_SECOND = INT64_C(1000000000);

/* `first` and the number in `width` bytes, the highest first. */
static void put_head(tw_text *text, unsigned first, uint64_t number, unsigned width) {
    char head[9];
    head[0] = (char)first;
    for (unsigned i = 0; i < width; i++)
        head[1 + i] = (char)(number >> 8 * (width - 1 - i) & 0xFF);
    tw_text_append(text, (tw_slice){head, 1 + width});
}

/* A number without a head before it: the rest of a longer form. */
static void put_number(tw_text *text, uint64_t number, unsigned width) {
    put_head(text, (unsigned)(number >> 8 * (width - 1) & 0xFF), number, width - 1);
}

void tw_msgpack_put_map(tw_text *text, uint32_t count) {
    if (count < 16)
        put_head(text, 0x80 | count, 0, 0);
    else if (count <= UINT16_MAX)
        put_head(text, 0xDE, count, 2);
    else
        put_head(text, 0xDF, count, 4);
}

void tw_msgpack_put_array(tw_text *text, uint32_t count) {
    if (count < 16)
        put_head(text, 0x90 | count, 0, 0);
    else if (count <= UINT16_MAX)
        put_head(text, 0xDC, count, 2);
    else
        put_head(text, 0xDD, count, 4);
}

void tw_msgpack_put_string(tw_text *text, tw_slice string) {
    TW_ASSERT(string.size <= UINT32_MAX);
    if (string.size < 32)
        put_head(text, 0xA0 | (unsigned)string.size, 0, 0);
    else if (string.size <= UINT8_MAX)
        put_head(text, 0xD9, string.size, 1);
    else if (string.size <= UINT16_MAX)
        put_head(text, 0xDA, string.size, 2);
    else
        put_head(text, 0xDB, string.size, 4);
    tw_text_append(text, string);
}

void tw_msgpack_put_unsigned(tw_text *text, uint64_t number) {
    if (number < 128)
        put_head(text, (unsigned)number, 0, 0);
    else if (number <= UINT8_MAX)
        put_head(text, 0xCC, number, 1);
    else if (number <= UINT16_MAX)
        put_head(text, 0xCD, number, 2);
    else if (number <= UINT32_MAX)
        put_head(text, 0xCE, number, 4);
    else
        put_head(text, 0xCF, number, 8);
}

void tw_msgpack_put_integer(tw_text *text, int64_t number) {
    if (number >= 0)
        tw_msgpack_put_unsigned(text, (uint64_t)number);
    else if (number >= -32)
        put_head(text, (unsigned)(number & 0xFF), 0, 0);
    else if (number >= INT8_MIN)
        put_head(text, 0xD0, (uint64_t)number, 1);
    else if (number >= INT16_MIN)
        put_head(text, 0xD1, (uint64_t)number, 2);
    else if (number >= INT32_MIN)
        put_head(text, 0xD2, (uint64_t)number, 4);
    else
        put_head(text, 0xD3, (uint64_t)number, 8);
}

void tw_msgpack_put_double(tw_text *text, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_head(text, 0xCB, bits, 8);
}

void tw_msgpack_put_boolean(tw_text *text, bool value) {
    put_head(text, value ? 0xC3 : 0xC2, 0, 0);
}

void tw_msgpack_put_nil(tw_text *text) {
    put_head(text, 0xC0, 0, 0);
}

/* Seconds in 32 bits; in 34 with the nanoseconds above them; else nanoseconds, then seconds. */
void tw_msgpack_put_time(tw_text *text, int64_t time_ns) {
    int64_t seconds = time_ns / NS_PER_SECOND;
    int64_t rest = time_ns % NS_PER_SECOND;
    if (rest < 0) {
        rest += NS_PER_SECOND;
        seconds--;
    }
    if (rest == 0 && seconds >= 0 && seconds <= UINT32_MAX) {
        put_head(text, 0xD6, UINT64_C(0xFF) << 32 | (uint64_t)seconds, 5);
    } else if (seconds >= 0 && seconds >> 34 == 0) {
        put_head(text, 0xD7, 0xFF, 1);
        put_number(text, (uint64_t)rest << 34 | (uint64_t)seconds, 8);
    } else {
        put_head(text, 0xC7, 0x0CFF, 2);
        put_number(text, (uint64_t)rest, 4);
        put_number(text, (uint64_t)seconds, 8);
    }
}
