/*
 * msgpack_write.c - heads and strings of MessagePack, the highest byte first.
 */
#include "json.h"

/* `first` and the number in `width` bytes, the highest first. */
static void put_head(tw_text *text, unsigned first, uint64_t number, unsigned width) {
    char head[9];
    head[0] = (char)first;
    for (unsigned i = 0; i < width; i++)
        head[1 + i] = (char)(number >> 8 * (width - 1 - i) & 0xFF);
    tw_text_append(text, (tw_slice){head, 1 + width});
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
