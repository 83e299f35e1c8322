/*
 * decimal.h - exact fixed-point numbers for money: int64_t at 1e-9.
 *
 * The range is +-9,223,372,036.854775807. Products go through 128 bits; what does not fit is
 * reported as TW_OVERFLOW, never wrapped. The words of the market (tw_price, tw_quantity,
 * tw_money in market.h) are one-member structs over the same number so they cannot be mixed.
 *
 * Memory: nothing is allocated. Threads: all functions are pure.
 */
#ifndef TRADEWIND_DECIMAL_H
#define TRADEWIND_DECIMAL_H

#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_NANO INT64_C(1000000000)

/* Enough for any text of tw_decimal_format, with its NUL. */
#define TW_DECIMAL_TEXT_SIZE 24

typedef enum tw_rounding {
    TW_ROUND_DOWN,      /* towards zero */
    TW_ROUND_HALF_EVEN, /* to nearest, ties to even */
    TW_ROUND_FLOOR,     /* towards minus infinity */
    TW_ROUND_CEILING    /* towards plus infinity */
} tw_rounding;

TW_BEGIN_DECLS

/*
 * Reads "-12.5", "0.000000001", "1e3" is refused. At most nine fractional digits that are not
 * trailing zeros; more is TW_RANGE (nothing is rounded in silence). Other text is TW_PARSE.
 */
TW_API tw_status tw_decimal_parse(tw_slice text, int64_t *ret_nano) TW_MUST_CHECK;

/* As tw_decimal_parse, but exponents are read ("1.5e-3") and digits past the ninth are rounded
 * half to even: for numbers that a JSON or CSV writer printed from a double. */
TW_API tw_status tw_decimal_parse_rounded(tw_slice text, int64_t *ret_nano) TW_MUST_CHECK;

/* Writes the shortest exact text ("12.5", "-0.000000001", "7"); returns its length. */
TW_API size_t tw_decimal_format(int64_t nano, char *buffer);

/* The same with at least `digits_min` fractional digits ("12.50"). */
TW_API size_t tw_decimal_format_fixed(int64_t nano, int digits_min, char *buffer);

TW_API tw_status tw_decimal_add(int64_t a, int64_t b, int64_t *ret_nano) TW_MUST_CHECK;
TW_API tw_status tw_decimal_subtract(int64_t a, int64_t b, int64_t *ret_nano) TW_MUST_CHECK;
TW_API tw_status tw_decimal_multiply(int64_t a, int64_t b, tw_rounding rounding,
                                     int64_t *ret_nano) TW_MUST_CHECK;
/* TW_RANGE when `b` is zero. */
TW_API tw_status tw_decimal_divide(int64_t a, int64_t b, tw_rounding rounding,
                                   int64_t *ret_nano) TW_MUST_CHECK;

/* The multiple of `step` (> 0) that the rounding names. TW_OVERFLOW at the ends of the range. */
TW_API tw_status tw_decimal_quantize(int64_t nano, int64_t step, tw_rounding rounding,
                                     int64_t *ret_nano) TW_MUST_CHECK;

/* For statistics only. */
TW_API double tw_decimal_to_double(int64_t nano);
/* To nearest; TW_RANGE if not finite or out of range. */
TW_API tw_status tw_decimal_from_double(double value, int64_t *ret_nano) TW_MUST_CHECK;
/* The number that the shortest digits of `value` write, rounded half to even at the ninth: what
 * somebody meant who read "0.1" into a double. TW_RANGE if not finite or out of range. Cost: a few
 * nanoseconds for numbers of at most four decimals below 9e9, or nine below a million. */
TW_API tw_status tw_decimal_from_shortest(double value, int64_t *ret_nano) TW_MUST_CHECK;

TW_END_DECLS

#endif
