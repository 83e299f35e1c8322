/*
 * book_checksum.c - what venues let us compare: a CRC-32 over the text of the best levels.
 *
 * Idea: prices and quantities are integers at 1e-9, and for a symbol a venue always writes the same
 * number of digits behind the point. So its text is known again: with nine digits it is the integer
 * itself, with fewer the integer without the last ones (which are zeros), with more it has zeros
 * behind it. "Without the point and leading zeros", as Kraken wants it, is just that integer.
 *
 * The CRC takes eight bytes a step from eight tables. A table is linear over exclusive or, so each
 * of its 256 entries is made, by the compiler, from the eight entries for single bits.
 */
#include <string.h>

#include "tradewind/book_sync.h"

#define KRAKEN_DEPTH 10
#define OKX_DEPTH 25
#define NANO_DIGITS 9
#define DIGITS_MAX 18
#define NUMBER_SIZE_MAX 32 /* 19 digits of an int64_t and up to nine zeros, or sign and point */
#define TEXT_SIZE_MAX ((size_t)2 * OKX_DEPTH * 2 * NUMBER_SIZE_MAX)

_Static_assert(TW_DECIMAL_TEXT_SIZE < NUMBER_SIZE_MAX, "a decimal and a ':' fit a number's place");

/* ---- CRC-32 ---------------------------------------------------------------------------------- */

#define BIT(i, k, entry) (((i) >> (k)&1) != 0 ? UINT32_C(entry) : 0)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                       \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
     BIT(i, 6, g) ^ BIT(i, 7, h))
#define ENTRIES_4(i, ...)                                                        \
    ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__), \
        ENTRY(i + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...)                                                                   \
    ENTRIES_4(i, __VA_ARGS__), ENTRIES_4(i + 4, __VA_ARGS__), ENTRIES_4(i + 8, __VA_ARGS__), \
        ENTRIES_4(i + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...)                                                                        \
    ENTRIES_16(i, __VA_ARGS__), ENTRIES_16(i + 16, __VA_ARGS__), ENTRIES_16(i + 32, __VA_ARGS__), \
        ENTRIES_16(i + 48, __VA_ARGS__)
#define TABLE(...)                                                                             \
    {                                                                                          \
        ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), ENTRIES_64(128, __VA_ARGS__), \
            ENTRIES_64(192, __VA_ARGS__)                                                       \
    }

/* crc_tables[n][1 << k] is the remainder of bit k of a byte with n zero bytes behind it, by the
 * reflected polynomial 0xedb88320. */
static const uint32_t crc_tables[8][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190,
          0xedb88320),
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05,
          0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0,
          0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d,
          0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849,
          0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c,
          0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579,
          0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed,
          0x533b85da),
};

static uint32_t four_bytes(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

uint32_t tw_book_crc32(tw_slice bytes) {
    const unsigned char *at = (const unsigned char *)bytes.data;
    size_t left = bytes.size;
    uint32_t crc = UINT32_MAX;
    for (; left >= 8; left -= 8, at += 8) {
        uint32_t low = crc ^ four_bytes(at);
        uint32_t high = four_bytes(at + 4);
        crc = crc_tables[7][low & 255] ^ crc_tables[6][low >> 8 & 255] ^
              crc_tables[5][low >> 16 & 255] ^ crc_tables[4][low >> 24] ^
              crc_tables[3][high & 255] ^ crc_tables[2][high >> 8 & 255] ^
              crc_tables[1][high >> 16 & 255] ^ crc_tables[0][high >> 24];
    }
    for (; left > 0; left--)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *at++) & 255];
    return ~crc;
}

/* ---- Kraken's text --------------------------------------------------------------------------- */

static const int64_t powers[NANO_DIGITS + 1] = {1,      10,      100,      1000,      10000,
                                                100000, 1000000, 10000000, 100000000, 1000000000};

/* Appends the digits of `nano` as written with `digits` behind the point, without the point and
 * without leading zeros. False: it has more digits than that. */
static bool append_digits(char *text, size_t *size, int64_t nano, uint8_t digits) {
    int64_t divisor = digits < NANO_DIGITS ? powers[NANO_DIGITS - digits] : 1;
    if (nano < 0 || nano % divisor != 0)
        return false;
    /* Two digits a step: the divisions wait for one another, and they are what takes the time. */
    char buffer[NUMBER_SIZE_MAX];
    size_t at = sizeof buffer;
    uint64_t rest = (uint64_t)(nano / divisor);
    for (; rest >= 10; rest /= 100) {
        uint32_t pair = (uint32_t)(rest % 100);
        buffer[--at] = (char)('0' + pair % 10);
        buffer[--at] = (char)('0' + pair / 10);
    }
    if (rest > 0)
        buffer[--at] = (char)('0' + rest);
    memcpy(text + *size, buffer + at, sizeof buffer - at);
    *size += sizeof buffer - at;
    for (uint8_t i = NANO_DIGITS; i < digits && nano != 0; i++)
        text[(*size)++] = '0';
    return true;
}

static bool append_kraken(const tw_level *levels, size_t count, uint8_t price_digits,
                          uint8_t quantity_digits, char *text, size_t *size) {
    for (size_t i = 0; i < count; i++) {
        if (!append_digits(text, size, levels[i].price.nano, price_digits) ||
            !append_digits(text, size, levels[i].quantity.nano, quantity_digits))
            return false;
    }
    return true;
}

/* ---- OKX's text ------------------------------------------------------------------------------ */

static void append_okx(const tw_level *level, char *text, size_t *size) {
    if (*size > 0)
        text[(*size)++] = ':';
    *size += tw_decimal_format(level->price.nano, text + *size);
    text[(*size)++] = ':';
    *size += tw_decimal_format(level->quantity.nano, text + *size);
}

static void write_okx(const tw_book *book, tw_symbol symbol, char *text, size_t *size) {
    tw_level bids[OKX_DEPTH];
    tw_level asks[OKX_DEPTH];
    size_t bid_count = tw_book_depth(book, symbol, TW_SIDE_BUY, bids, OKX_DEPTH);
    size_t ask_count = tw_book_depth(book, symbol, TW_SIDE_SELL, asks, OKX_DEPTH);
    for (size_t i = 0; i < bid_count || i < ask_count; i++) {
        if (i < bid_count)
            append_okx(&bids[i], text, size);
        if (i < ask_count)
            append_okx(&asks[i], text, size);
    }
}

tw_status tw_book_checksum(const tw_book *book, tw_symbol symbol, tw_book_checksum_kind kind,
                           uint8_t price_digits, uint8_t quantity_digits, uint32_t *ret_checksum) {
    TW_ASSERT(book != NULL && ret_checksum != NULL);
    TW_ASSERT(kind == TW_BOOK_CHECKSUM_KRAKEN || kind == TW_BOOK_CHECKSUM_OKX);
    char text[TEXT_SIZE_MAX];
    size_t size = 0;
    if (kind == TW_BOOK_CHECKSUM_OKX) {
        write_okx(book, symbol, text, &size);
    } else {
        if (price_digits > DIGITS_MAX || quantity_digits > DIGITS_MAX)
            return TW_RANGE;
        tw_level levels[KRAKEN_DEPTH];
        size_t count = tw_book_depth(book, symbol, TW_SIDE_SELL, levels, KRAKEN_DEPTH);
        if (!append_kraken(levels, count, price_digits, quantity_digits, text, &size))
            return TW_RANGE;
        count = tw_book_depth(book, symbol, TW_SIDE_BUY, levels, KRAKEN_DEPTH);
        if (!append_kraken(levels, count, price_digits, quantity_digits, text, &size))
            return TW_RANGE;
    }
    TW_ASSERT(size <= sizeof text);
    *ret_checksum = tw_book_crc32((tw_slice){text, size});
    return TW_OK;
}
