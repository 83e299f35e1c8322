/*
 * tape_take.h - fields read where they lie, for the readers of many rows a call.
 *
 * A line in the usual form is read where it lies in the buffer, once from left to right, without
 * being cut into fields first. A "take" function reads one field with the byte that ends it and
 * returns what follows, or NULL for anything unusual: a blank, a sign, an exponent, more digits
 * than it knows. Such a line is left to the reader of single rows, which alone knows the rules in
 * full and the words for what is wrong.
 *
 * Invariant: a take function reads at most 32 bytes behind the one at which it ends, and what it
 * takes is no longer than 32 bytes. So up to TW_SOURCE_SLACK / 64 of them may follow one another
 * before their place is held against the end of the buffer; a line counts only if its LF lies
 * inside, and what was read behind that is forgotten.
 */
#ifndef TRADEWIND_TAPE_TAKE_H
#define TRADEWIND_TAPE_TAKE_H

#include "tape_digits.h"
#include "tape_priv.h"

#define TAKE_WHOLE_MAX UINT64_C(9223372035) /* with any fraction this is still in range */

static const uint64_t powers_of_ten[9] = {1,      10,      100,      1000,     10000,
                                          100000, 1000000, 10000000, 100000000};

/* The byte that ends a field. A line may end with a CR before its LF. */
static inline const char *take_end(const char *at, char end) {
    if (at == NULL)
        return NULL;
    if (*at == end)
        return at + 1;
    return end == '\n' && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

/* One to nineteen digits, which always fit. */
static inline const char *take_digits(const char *at, uint64_t *ret_number) {
    uint64_t number = 0;
    unsigned total = 0;
    unsigned count;
    do {
        uint64_t digits = word_load(at) ^ WORD_OF('0');
        count = digits_count(digits);
        if (count == 0)
            break;
        number = number * powers_of_ten[count] + digits_value(digits << (64 - 8 * count));
        at += count;
        total += count;
    } while (count == 8 && total < 24);
    *ret_number = number;
    return total >= 1 && total <= 19 ? at : NULL;
}

static inline const char *take_number(const char *at, char end, uint64_t most,
                                      uint64_t *ret_number) {
    if (at == NULL)
        return NULL;
    at = take_end(take_digits(at, ret_number), end);
    return *ret_number <= most ? at : NULL;
}

/* What follows a point: one to nine digits, in nanos. */
static inline const char *take_fraction(const char *at, uint64_t *ret_nano) {
    uint64_t digits = word_load(at) ^ WORD_OF('0');
    unsigned count = digits_count(digits);
    uint64_t nano = digits_value(word_first(digits, count)) * 10;
    at += count;
    if (count == 8 && *at >= '0' && *at <= '9')
        nano += (uint64_t)(*at++ - '0');
    *ret_nano = nano;
    return count > 0 ? at : NULL;
}

static inline const char *take_decimal(const char *at, char end, int64_t least_nano,
                                       int64_t *ret_nano) {
    if (at == NULL)
        return NULL;
    uint64_t whole = 0;
    uint64_t fraction = 0;
    at = take_digits(at, &whole);
    if (at != NULL && *at == '.')
        at = take_fraction(at + 1, &fraction);
    if (whole > TAKE_WHOLE_MAX)
        return NULL;
    *ret_nano = (int64_t)(whole * (uint64_t)TW_NANO + fraction);
    return *ret_nano >= least_nano ? take_end(at, end) : NULL;
}

#endif
