/*
 * decimal.c - exact fixed-point numbers at 1e-9.
 *
 * Idea: everything is an integer. Products and scaled dividends are made in 128 bits, where
 * they always fit (2^63 x 2^63 < 2^127), rounded once, and then asked whether they fit 64.
 * Text is scanned into its digits and the place of the point; one routine turns that into
 * nanos, and either refuses or rounds what lies past the ninth digit.
 */
#include "tradewind/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "digits.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

#define NANO_DIGIT_COUNT 9

/* ---- text ------------------------------------------------------------------------------ */

/* A scanned number: digits with a point somewhere among them, times 10^exponent. */
typedef struct scanned {
    tw_slice whole;    /* the digits before the point */
    tw_slice fraction; /* and after it */
    int64_t exponent;  /* 0 unless an "e" was read */
    bool negative;
} scanned;

static tw_slice take_digits(tw_slice *text) {
    tw_slice digits = {text->data, 0};
    while (digits.size < text->size && text->data[digits.size] >= '0' &&
           text->data[digits.size] <= '9')
        digits.size++;
    if (digits.size > 0)
        *text = (tw_slice){text->data + digits.size, text->size - digits.size};
    return digits;
}

/* Reads "e-12" or nothing. False for any other text. */
static bool take_exponent(tw_slice text, int64_t *ret_exponent) {
    *ret_exponent = 0;
    if (text.size == 0)
        return true;
    if (text.size < 2 || (text.data[0] != 'e' && text.data[0] != 'E'))
        return false;
    bool negative = text.data[1] == '-';
    size_t sign = negative || text.data[1] == '+';
    tw_slice digits = {text.data + 1 + sign, text.size - 1 - sign};
    uint64_t magnitude = 0;
    tw_status status = tw_parse_u64(digits, &magnitude);
    if (status == TW_PARSE)
        return false;
    /* No text is so long that an exponent beyond this could still give a number in range. */
    if (status == TW_RANGE || magnitude > INT64_MAX / 4)
        magnitude = INT64_MAX / 4;
    *ret_exponent = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static tw_status scan(tw_slice text, bool exponents, scanned *ret_scanned) {
    *ret_scanned = (scanned){.negative = text.size > 0 && text.data[0] == '-'};
    if (ret_scanned->negative)
        text = (tw_slice){text.data + 1, text.size - 1};
    ret_scanned->whole = take_digits(&text);
    if (text.size > 0 && text.data[0] == '.') {
        text = (tw_slice){text.data + 1, text.size - 1};
        ret_scanned->fraction = take_digits(&text);
        if (ret_scanned->fraction.size == 0)
            return TW_PARSE;
    } else if (ret_scanned->whole.size == 0) {
        return TW_PARSE;
    }
    if (!exponents)
        return text.size == 0 ? TW_OK : TW_PARSE;
    return take_exponent(text, &ret_scanned->exponent) ? TW_OK : TW_PARSE;
}

/* Digit `index` of whole and fraction read as one row. */
static uint32_t digit_at(const scanned *number, size_t index) {
    char c = index < number->whole.size ? number->whole.data[index]
                                        : number->fraction.data[index - number->whole.size];
    return (uint32_t)(c - '0');
}

static uint64_t digits_of(tw_slice digits, uint64_t value) {
    for (size_t i = 0; i < digits.size; i++)
        value = 10 * value + (uint64_t)(digits.data[i] - '0');
    return value;
}

/* The nanos of a number with at most nine digits on either side of its point: nearly all. */
static uint64_t short_nano(const scanned *number) {
    static const uint32_t powers[NANO_DIGIT_COUNT + 1] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    uint64_t digits = digits_of(number->fraction, digits_of(number->whole, 0));
    return digits * powers[NANO_DIGIT_COUNT - number->fraction.size];
}

/* Nanos of a magnitude, and what was cut off: 0 nothing, 1 less than half, 2 half, 3 more. */
typedef struct nano_cut {
    uint64_t magnitude;
    int remainder;
} nano_cut;

static tw_status cut_to_nano(const scanned *number, nano_cut *ret_cut) {
    if (number->exponent == 0 && number->whole.size <= NANO_DIGIT_COUNT &&
        number->fraction.size <= NANO_DIGIT_COUNT) {
        *ret_cut = (nano_cut){short_nano(number), 0};
        return TW_OK;
    }
    size_t count = number->whole.size + number->fraction.size;
    size_t first = 0;
    while (first < count && digit_at(number, first) == 0)
        first++;
    *ret_cut = (nano_cut){0, 0};
    if (first == count)
        return TW_OK;
    /* How many digits of the row, from its start, are whole nanos; may be past its end. */
    int64_t kept = (int64_t)number->whole.size + number->exponent + NANO_DIGIT_COUNT;
    if (kept - (int64_t)first > 19)
        return TW_RANGE;
    unsigned_wide magnitude = 0;
    for (int64_t i = (int64_t)first; i < kept; i++)
        magnitude = magnitude * 10 + ((size_t)i < count ? digit_at(number, (size_t)i) : 0);
    ret_cut->magnitude = (uint64_t)magnitude; /* at most 19 digits */
    if (kept < (int64_t)first) {
        ret_cut->remainder = 1; /* the first cut digit is a zero, a later one is not */
        return TW_OK;
    }
    if ((size_t)kept >= count)
        return TW_OK;
    uint32_t half = digit_at(number, (size_t)kept);
    bool more = false;
    for (size_t i = (size_t)kept + 1; i < count && !more; i++)
        more = digit_at(number, i) != 0;
    if (half == 5 && !more)
        ret_cut->remainder = 2;
    else if (half >= 5)
        ret_cut->remainder = 3;
    else
        ret_cut->remainder = half > 0 || more;
    return TW_OK;
}

static tw_status with_sign(uint64_t magnitude, bool negative, int64_t *ret_nano) {
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return TW_RANGE;
    *ret_nano = (int64_t)(negative ? 0 - magnitude : magnitude);
    return TW_OK;
}

tw_status tw_decimal_parse(tw_slice text, int64_t *ret_nano) {
    scanned number;
    nano_cut cut;
    tw_status status = scan(text, false, &number);
    if (status == TW_OK)
        status = cut_to_nano(&number, &cut);
    if (status != TW_OK)
        return status;
    if (cut.remainder != 0)
        return TW_RANGE;
    return with_sign(cut.magnitude, number.negative, ret_nano);
}

tw_status tw_decimal_parse_rounded(tw_slice text, int64_t *ret_nano) {
    scanned number;
    nano_cut cut;
    tw_status status = scan(text, true, &number);
    if (status == TW_OK)
        status = cut_to_nano(&number, &cut);
    if (status != TW_OK)
        return status;
    bool up = cut.remainder == 3 || (cut.remainder == 2 && cut.magnitude % 2 == 1);
    return with_sign(cut.magnitude + up, number.negative, ret_nano);
}

size_t tw_decimal_format(int64_t nano, char *buffer) {
    return tw_decimal_format_fixed(nano, 0, buffer);
}

size_t tw_decimal_format_fixed(int64_t nano, int digits_min, char *buffer) {
    TW_ASSERT(digits_min >= 0 && digits_min <= NANO_DIGIT_COUNT);
    uint64_t magnitude = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
    uint64_t fraction = magnitude % (uint64_t)TW_NANO;
    char *to = buffer;
    if (nano < 0)
        *to++ = '-';
    to = digits_put(to, magnitude / (uint64_t)TW_NANO);
    if (fraction > 0 || digits_min > 0) {
        char *least = to + (digits_min > 0 ? 1 + digits_min : 0);
        char *point = to;
        to = digits_put(to, (uint64_t)TW_NANO + fraction); /* all nine, behind a one */
        *point = '.';
        while (to > least && to[-1] == '0')
            to--;
    }
    *to = '\0';
    return (size_t)(to - buffer);
}

/* ---- arithmetic ------------------------------------------------------------------------ */

tw_status tw_decimal_add(int64_t a, int64_t b, int64_t *ret_nano) {
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return TW_OVERFLOW;
    *ret_nano = sum;
    return TW_OK;
}

tw_status tw_decimal_subtract(int64_t a, int64_t b, int64_t *ret_nano) {
    int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference))
        return TW_OVERFLOW;
    *ret_nano = difference;
    return TW_OK;
}

/* What is added to the quotient towards zero: -1, 0 or 1. The divisor is positive. */
static int correction(wide quotient, wide remainder, wide divisor, tw_rounding rounding) {
    if (remainder == 0)
        return 0;
    int away = remainder < 0 ? -1 : 1;
    wide twice = remainder < 0 ? -remainder * 2 : remainder * 2;
    switch (rounding) {
    case TW_ROUND_DOWN:
        return 0;
    case TW_ROUND_HALF_EVEN:
        return twice > divisor || (twice == divisor && quotient % 2 != 0) ? away : 0;
    case TW_ROUND_FLOOR:
        return away < 0 ? -1 : 0;
    case TW_ROUND_CEILING:
        return away > 0 ? 1 : 0;
    }
    TW_ASSERT(rounding <= TW_ROUND_CEILING); /* another number is no rounding */
    return 0;
}

/* dividend / divisor for a divisor > 0, rounded once. |dividend| is at most 2^126. */
static wide divide_rounded(wide dividend, wide divisor, tw_rounding rounding) {
    TW_ASSERT(divisor > 0);
    wide quotient = dividend / divisor;
    return quotient + correction(quotient, dividend % divisor, divisor, rounding);
}

static tw_status narrow(wide value, int64_t *ret_nano) {
    if (value < INT64_MIN || value > INT64_MAX)
        return TW_OVERFLOW;
    *ret_nano = (int64_t)value;
    return TW_OK;
}

tw_status tw_decimal_multiply(int64_t a, int64_t b, tw_rounding rounding, int64_t *ret_nano) {
    return narrow(divide_rounded((wide)a * b, TW_NANO, rounding), ret_nano);
}

tw_status tw_decimal_divide(int64_t a, int64_t b, tw_rounding rounding, int64_t *ret_nano) {
    if (b == 0)
        return TW_RANGE;
    wide dividend = (wide)a * TW_NANO;
    wide divisor = b;
    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    return narrow(divide_rounded(dividend, divisor, rounding), ret_nano);
}

tw_status tw_decimal_quantize(int64_t nano, int64_t step, tw_rounding rounding, int64_t *ret_nano) {
    TW_ASSERT(step > 0);
    return narrow(divide_rounded(nano, step, rounding) * step, ret_nano);
}

/* ---- doubles --------------------------------------------------------------------------- */

double tw_decimal_to_double(int64_t nano) {
    return (double)nano / (double)TW_NANO;
}

tw_status tw_decimal_from_double(double value, int64_t *ret_nano) {
    if (!isfinite(value))
        return TW_RANGE;
    /* value = mantissa x 2^exponent with a whole mantissa below 2^53: everything stays exact. */
    int exponent = 0;
    double part = frexp(fabs(value), &exponent);
    uint64_t mantissa = (uint64_t)ldexp(part, 53);
    exponent -= 53;
    if (exponent >= 0 && mantissa != 0)
        return TW_RANGE; /* 2^52 and more is far out of range */
    unsigned_wide product = (unsigned_wide)mantissa * (uint64_t)TW_NANO; /* below 2^83 */
    unsigned_wide nano = 0;
    if (exponent > -100) {
        unsigned_wide unit = (unsigned_wide)1 << -exponent;
        unsigned_wide rest = product & (unit - 1);
        nano = product >> -exponent;
        bool up = rest * 2 > unit || (rest * 2 == unit && (nano & 1) == 1);
        nano += up;
    }
    if (nano > (unsigned_wide)INT64_MAX + 1)
        return TW_RANGE;
    return with_sign((uint64_t)nano, signbit(value), ret_nano);
}

/* If a whole number below 10^15 over a power of ten is the double, its digits are the shortest:
 * those are no more, and of the decimals of at most fifteen digits no two are the same double
 * (DBL_DIG; C17, 5.2.4.2.2). Both are exact as doubles, so the quotient is rounded once, as text
 * would be. */
static bool is_whole_over(double magnitude, double power, uint64_t *ret_number) {
    *ret_number = (uint64_t)(magnitude * power + 0.5);
    return (double)*ret_number / power == magnitude;
}

tw_status tw_decimal_from_shortest(double value, int64_t *ret_nano) {
    double magnitude = fabs(value);
    uint64_t number = 0;
    if (magnitude < 9e9 && is_whole_over(magnitude, 1e4, &number))
        return with_sign(number * 100000, signbit(value), ret_nano);
    if (magnitude < 1e6 && is_whole_over(magnitude, 1e9, &number))
        return with_sign(number, signbit(value), ret_nano);
    if (!isfinite(value))
        return TW_RANGE;
    char buffer[32]; /* "-2.2250738585072014e-308" has 24 */
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_text_append_double(&text, value);
    TW_ASSERT(!text.truncated);
    return tw_decimal_parse_rounded(tw_text_slice(&text), ret_nano);
}
