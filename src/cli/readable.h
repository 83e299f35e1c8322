/*
 * readable.h - numbers as people read them: thousands apart, digits that matter, words for spans.
 *
 * Each writes into a buffer of READABLE_SIZE and returns it. Machines get exact numbers instead
 * (tw_decimal_format); nothing written here is meant to be read back.
 */
#ifndef TRADEWIND_CLI_READABLE_H
#define TRADEWIND_CLI_READABLE_H

#include <stdint.h>

enum { READABLE_SIZE = 64 };

/* "1,234,567". */
char *readable_count(uint64_t count, char *buffer);

/* An exact number at 1e-9, "1,234.50": at least `digits_min` digits behind the point and at most
 * `digits_max` (to nearest, ties to even), both 0 to 9. */
char *readable_decimal(int64_t nano, int digits_min, int digits_max, char *buffer);

/* The same for whole + nano x 1e-9 with 0 <= nano < 1e9 and whole >= 0: a total beyond int64_t. */
char *readable_total(int64_t whole, int64_t nano, int digits_min, int digits_max, char *buffer);

/* "12.34%" of a share, 0.1234; "-" for one that is not known. */
char *readable_percent(double share, char *buffer);

/* "1 day", "36 hours", "90 minutes", else "1m30.5s". */
char *readable_span(int64_t span_ns, char *buffer);

#endif
