/*
 * text.c - slices, the bounded writer, and numbers both ways.
 *
 * Idea: no C library function that knows a locale ever sees or makes a decimal point. Reading a
 * double rewrites "12.5e3" as the point-free "125e2", which strtod reads alike everywhere;
 * writing one takes digits and exponent from std::to_chars, which knows no locale.
 *
 * Invariants of a tw_text:
 *  1. size < capacity and data[size] is NUL, after every call.
 *  2. Once something did not fit nothing more is written until tw_text_clear, so that a reader
 *     never sees a text with a hole in it.
 *  3. A piece is written as a whole or not at all.
 */
#include "tradewind/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "shortest.h"

/* ---- slices ---------------------------------------------------------------------------- */

tw_slice tw_slice_of(const char *string) {
    return (tw_slice){string, string == NULL ? 0 : strlen(string)};
}

bool tw_slice_equal(tw_slice a, tw_slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Most words of a table differ in their first letters: what follows is not looked at. */
bool tw_slice_equal_string(tw_slice a, const char *string) {
    if (string == NULL)
        return a.size == 0;
    for (size_t i = 0; i < a.size; i++) {
        if (string[i] == 0 || string[i] != a.data[i])
            return false;
    }
    return string[a.size] == 0;
}

bool tw_slice_starts_with(tw_slice text, const char *prefix) {
    size_t size = strlen(prefix);
    return text.size >= size && (size == 0 || memcmp(text.data, prefix, size) == 0);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

tw_slice tw_slice_trim(tw_slice text) {
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

tw_slice tw_slice_split(tw_slice *rest, char separator) {
    tw_slice whole = *rest;
    const char *cut = whole.size == 0 ? NULL : memchr(whole.data, separator, whole.size);
    if (cut == NULL) {
        *rest = (tw_slice){NULL, 0};
        return whole;
    }
    size_t before = (size_t)(cut - whole.data);
    *rest = (tw_slice){cut + 1, whole.size - before - 1};
    return (tw_slice){whole.data, before};
}

tw_status tw_slice_copy(tw_slice text, char *buffer, size_t capacity) {
    if (text.size >= capacity)
        return TW_FULL;
    if (text.size > 0)
        memcpy(buffer, text.data, text.size);
    buffer[text.size] = 0;
    return TW_OK;
}

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t tw_slice_distance(tw_slice a, tw_slice b) {
    enum { SIZE_MAX_COMPARED = 64 };
    if (a.size > SIZE_MAX_COMPARED || b.size > SIZE_MAX_COMPARED)
        return a.size > b.size ? a.size : b.size;
    /* Rows i-2, i-1 and i of the table of optimal string alignment. */
    size_t rows[3][SIZE_MAX_COMPARED + 1] = {{0}};
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, replaced);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = smallest(row[j], rows[(i - 2) % 3][j - 2] + 1, row[j]);
        }
    }
    return rows[a.size % 3][b.size];
}

/* ---- numbers out of text --------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

tw_status tw_parse_u64(tw_slice text, uint64_t *ret_value) {
    if (text.size == 0)
        return TW_PARSE;
    uint64_t value = 0;
    bool fits = true;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return TW_PARSE;
        fits = fits && !__builtin_mul_overflow(value, UINT64_C(10), &value) &&
               !__builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value);
    }
    if (!fits)
        return TW_RANGE;
    *ret_value = value;
    return TW_OK;
}

tw_status tw_parse_i64(tw_slice text, int64_t *ret_value) {
    bool negative = text.size > 0 && text.data[0] == '-';
    uint64_t magnitude = 0;
    tw_slice digits = negative ? (tw_slice){text.data + 1, text.size - 1} : text;
    tw_status status = tw_parse_u64(digits, &magnitude);
    if (status != TW_OK)
        return status;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return TW_RANGE;
    /* Two's complement: the unsigned negation of the magnitude has the bits of the result. */
    *ret_value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return TW_OK;
}

/* Enough that the digits decide between any two neighbouring doubles; one more for the rest. */
#define DOUBLE_DIGIT_COUNT_MAX 780
#define EXPONENT_LIMIT INT64_C(1000000)

/* The significant digits of a number without their point: value = digits x 10^exponent. */
typedef struct point_free {
    char digits[DOUBLE_DIGIT_COUNT_MAX + 24]; /* room for a sign, a sticky digit and "e-..." */
    size_t count;
    int64_t exponent;
    bool dropped; /* a digit that is not zero did not fit */
} point_free;

/* Takes a run of digits that stands before or after the point; returns what follows it. */
static tw_slice take_digits(tw_slice text, bool after_point, point_free *number) {
    while (text.size > 0 && is_digit(text.data[0])) {
        char digit = text.data[0];
        bool kept = number->count < DOUBLE_DIGIT_COUNT_MAX;
        if (kept && (number->count > 0 || digit != '0'))
            number->digits[number->count++] = digit;
        number->dropped = number->dropped || (!kept && digit != '0');
        /* A kept digit after the point moves the point; a dropped one before it too. */
        if (kept == after_point)
            number->exponent += after_point ? -1 : 1;
        text = (tw_slice){text.data + 1, text.size - 1};
    }
    return text;
}

/* Reads "e-12" into the exponent; false unless that is all there is. */
static bool take_exponent(tw_slice text, point_free *number) {
    if (text.size == 0)
        return true;
    if (text.data[0] != 'e' && text.data[0] != 'E')
        return false;
    tw_slice digits = {text.data + 1, text.size - 1};
    bool negative = digits.size > 0 && digits.data[0] == '-';
    if (negative || (digits.size > 0 && digits.data[0] == '+'))
        digits = (tw_slice){digits.data + 1, digits.size - 1};
    uint64_t exponent = 0;
    tw_status status = tw_parse_u64(digits, &exponent);
    if (status == TW_PARSE)
        return false;
    if (status == TW_RANGE || exponent > INT64_MAX / 4)
        exponent = INT64_MAX / 4;
    number->exponent += negative ? -(int64_t)exponent : (int64_t)exponent;
    return true;
}

tw_status tw_parse_double(tw_slice text, double *ret_value) {
    bool negative = text.size > 0 && text.data[0] == '-';
    tw_slice rest = negative ? (tw_slice){text.data + 1, text.size - 1} : text;
    point_free number;
    number.count = 0;
    number.exponent = 0;
    number.dropped = false;
    const char *first = rest.data;
    rest = take_digits(rest, false, &number);
    bool any = rest.data != first;
    if (rest.size > 0 && rest.data[0] == '.') {
        rest = (tw_slice){rest.data + 1, rest.size - 1};
        first = rest.data;
        rest = take_digits(rest, true, &number);
        any = rest.data != first; /* "1." has no digits where the point promised some */
    }
    if (!any || !take_exponent(rest, &number))
        return TW_PARSE;
    double value = 0;
    if (number.count > 0) {
        if (number.dropped) {
            number.digits[number.count++] = '1';
            number.exponent--;
        }
        /* Far beyond the range of a double the exact exponent no longer matters. */
        if (number.exponent > EXPONENT_LIMIT)
            number.exponent = EXPONENT_LIMIT;
        if (number.exponent < -EXPONENT_LIMIT)
            number.exponent = -EXPONENT_LIMIT;
        snprintf(number.digits + number.count, sizeof number.digits - number.count, "e%d",
                 (int)number.exponent);
        value = strtod(number.digits, NULL);
    }
    if (isinf(value))
        return TW_RANGE;
    *ret_value = negative ? -value : value;
    return TW_OK;
}

/* ---- the writer ------------------------------------------------------------------------ */

tw_text tw_text_over(char *buffer, size_t capacity) {
    TW_ASSERT(buffer != NULL && capacity >= 1);
    buffer[0] = 0;
    return (tw_text){.data = buffer, .size = 0, .capacity = capacity, .truncated = false};
}

void tw_text_clear(tw_text *text) {
    text->size = 0;
    text->truncated = false;
    text->data[0] = 0;
}

void tw_text_append(tw_text *text, tw_slice piece) {
    TW_ASSERT(text->size < text->capacity);
    if (text->truncated || piece.size >= text->capacity - text->size) {
        text->truncated = text->truncated || piece.size > 0;
        return;
    }
    if (piece.size > 0)
        memcpy(text->data + text->size, piece.data, piece.size);
    text->size += piece.size;
    text->data[text->size] = 0;
}

void tw_text_append_string(tw_text *text, const char *string) {
    tw_text_append(text, tw_slice_of(string));
}

void tw_text_append_char(tw_text *text, char c) {
    TW_ASSERT(text->size < text->capacity);
    text->truncated = text->truncated || text->capacity - text->size == 1;
    if (text->truncated)
        return;
    text->data[text->size++] = c;
    text->data[text->size] = 0;
}

void tw_text_append_u64(tw_text *text, uint64_t value) {
    char digits[DIGITS_COUNT_MAX];
    tw_text_append(text, (tw_slice){digits, (size_t)(digits_put(digits, value) - digits)});
}

void tw_text_append_i64(tw_text *text, int64_t value) {
    /* Two's complement: the unsigned negation of the smallest is its magnitude. */
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[1 + DIGITS_COUNT_MAX] = {'-'};
    const char *end = digits_put(digits + 1, magnitude);
    const char *first = value < 0 ? digits : digits + 1;
    tw_text_append(text, (tw_slice){first, (size_t)(end - first)});
}

void tw_text_append_format(tw_text *text, const char *format, ...) {
    TW_ASSERT(text->size < text->capacity);
    if (text->truncated)
        return;
    size_t room = text->capacity - text->size;
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(text->data + text->size, room, format, arguments);
    va_end(arguments);
    if (wanted >= 0 && (size_t)wanted < room) {
        text->size += (size_t)wanted;
        return;
    }
    text->data[text->size] = 0; /* invariant 3 */
    text->truncated = true;
}

tw_slice tw_text_slice(const tw_text *text) {
    return (tw_slice){text->data, text->size};
}

/* ---- doubles --------------------------------------------------------------------------- */

/* A positive double in decimal: d.ddd x 10^exponent, without trailing zeros. */
typedef struct shortest {
    char text[SHORTEST_SIZE_MAX];
    const char *digits; /* in it */
    size_t count;
    int exponent;
} shortest;

/* Takes "d.ddde-dd" apart: the digits are together when the first stands where the point was. */
static void find_shortest(double value, shortest *number) {
    const char *end = number->text + shortest_write(value, number->text);
    const char *c = number->text + 1;
    number->digits = number->text;
    if (*c == '.') {
        number->text[1] = number->text[0];
        number->digits = c;
        while (*c != 'e')
            c++;
    }
    number->count = (size_t)(c - number->digits);
    bool negative = c[1] == '-';
    number->exponent = 0;
    for (c += 2; c < end; c++)
        number->exponent = 10 * number->exponent + (*c - '0');
    number->exponent = negative ? -number->exponent : number->exponent;
}

static char *put_digits(char *to, const char *digits, size_t count) {
    memcpy(to, digits, count);
    return to + count;
}

static char *put_zeros(char *to, size_t count) {
    memset(to, '0', count);
    return to + count;
}

/* Lays the digits out as JavaScript does: plain from 1e-6 to below 1e21, else with an exponent.
 * Returns what is behind them. */
static char *put_shortest(char *to, const shortest *number) {
    int exponent = number->exponent;
    size_t count = number->count;
    bool plain = exponent >= -6 && exponent < 21;
    /* How many digits stand before the point, zeros among them. */
    size_t before = !plain ? 1 : exponent < 0 ? 0 : (size_t)exponent + 1;
    size_t whole = before < count ? before : count;
    if (before == 0)
        *to++ = '0';
    to = put_digits(to, number->digits, whole);
    to = put_zeros(to, before - whole);
    if (count > whole)
        *to++ = '.';
    if (before == 0)
        to = put_zeros(to, (size_t)(-exponent - 1));
    to = put_digits(to, number->digits + whole, count - whole);
    if (plain)
        return to;
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    return digits_put(to, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

void tw_text_append_double(tw_text *text, double value) {
    if (!isfinite(value)) {
        tw_text_append_string(text, "null");
        return;
    }
    char buffer[48]; /* a sign, "0.", 5 zeros and 17 digits, or 17 digits, a point and "e-308" */
    char *to = buffer;
    double magnitude = fabs(value);
    if (signbit(value))
        *to++ = '-';
    if (magnitude < 1e15 && magnitude == floor(magnitude)) {
        to = digits_put(to, (uint64_t)magnitude);
    } else {
        shortest number;
        find_shortest(magnitude, &number);
        to = put_shortest(to, &number);
    }
    tw_text_append(text, (tw_slice){buffer, (size_t)(to - buffer)});
}

/* ---- UTF-8 ------------------------------------------------------------------------------ */

/* How many bytes at the start of `text` are one well-formed character (Unicode 15, table 3-7);
 * 0 if none, with the number of bytes that one U+FFFD replaces in `ret_bad`. */
static size_t utf8_character(tw_slice text, size_t *ret_bad) {
    const unsigned char *c = (const unsigned char *)text.data;
    *ret_bad = 1;
    if (c[0] < 0x80)
        return 1;
    if (c[0] < 0xC2 || c[0] > 0xF4)
        return 0;
    size_t size = c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
    unsigned char low = c[0] == 0xE0 ? 0xA0 : c[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c[0] == 0xED ? 0x9F : c[0] == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < size; i++) {
        if (i >= text.size || c[i] < low || c[i] > high) {
            *ret_bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return size;
}

/* How many bytes at the start are plain ASCII, looked at by eights. */
static size_t ascii_size(tw_slice text) {
    size_t size = 0;
    uint64_t eight = 0;
    while (text.size - size >= sizeof eight) {
        memcpy(&eight, text.data + size, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
        size += sizeof eight;
    }
    return size;
}

bool tw_slice_is_utf8(tw_slice text) {
    while (text.size > 0) {
        size_t bad = 0;
        size_t size = ascii_size(text);
        if (size == 0)
            size = utf8_character(text, &bad);
        if (size == 0)
            return false;
        text = (tw_slice){text.data + size, text.size - size};
    }
    return true;
}

/* ---- JSON ------------------------------------------------------------------------------ */

/* How many bytes at the start stand for themselves in a JSON string: ASCII without control
 * characters, quotes and backslashes, eight at a time. */
static size_t plain_size(tw_slice text) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t size = 0;
    while (text.size - size >= sizeof(uint64_t)) {
        uint64_t eight = 0;
        memcpy(&eight, text.data + size, sizeof eight);
        /* The high bit of a byte: it is below the number taken off, or not ASCII at all; wrong
         * only above a byte where it is right. */
        uint64_t quotes = (eight ^ '"' * ones) - ones;
        uint64_t backslashes = (eight ^ '\\' * ones) - ones;
        uint64_t controls = eight - 0x20 * ones;
        if (((quotes | backslashes | controls | eight) & 0x80 * ones) != 0)
            break;
        size += sizeof eight;
    }
    while (size < text.size && text.data[size] >= 0x20 && text.data[size] != '"' &&
           text.data[size] != '\\' && (text.data[size] & 0x80) == 0)
        size++;
    return size;
}

/* Writes a control character, quote or backslash as it stands in a JSON string. */
static void append_json_byte(tw_text *text, char c) {
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = c == 0 ? NULL : strchr(named, c);
    if (found != NULL)
        tw_text_append_format(text, "\\%c", letters[found - named]);
    else
        tw_text_append_format(text, "\\u%04x", (unsigned)c);
}

void tw_text_append_json(tw_text *text, tw_slice piece) {
    size_t before = text->size;
    tw_text_append_char(text, '"');
    while (piece.size > 0 && !text->truncated) {
        size_t bad = 0;
        size_t plain = plain_size(piece);
        size_t size = plain > 0 ? plain : utf8_character(piece, &bad);
        if (plain == 0 && size == 1)
            append_json_byte(text, piece.data[0]);
        else if (size > 0)
            tw_text_append(text, (tw_slice){piece.data, size});
        else
            tw_text_append_string(text, "\xEF\xBF\xBD");
        size_t taken = size > 0 ? size : bad;
        piece = (tw_slice){piece.data + taken, piece.size - taken};
    }
    tw_text_append_char(text, '"');
    if (text->truncated) {
        text->size = before; /* invariant 3 */
        text->data[before] = 0;
    }
}
