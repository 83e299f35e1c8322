/* readable.c - digits are grouped by hand: a program's output does not follow the locale. */
#include "readable.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/time.h"

/* Sets the digits before the point (or before the end) of "1234567.5" three by three. */
static void group_digits(char *text) {
    char *first = text + (text[0] == '-');
    size_t whole = strcspn(first, ".");
    size_t size = strlen(first) + 1;
    for (size_t left = whole; left > 3; left -= 3) {
        size_t at = left - 3;
        memmove(&first[at + 1], &first[at], size - at);
        first[at] = ',';
        size++;
    }
}

char *readable_count(uint64_t count, char *buffer) {
    snprintf(buffer, READABLE_SIZE, "%" PRIu64, count);
    group_digits(buffer);
    return buffer;
}

/* 10^(9 - digits): what one unit of the last digit kept is worth at 1e-9. */
static int64_t unit_of(int digits) {
    int64_t unit = 1;
    for (int i = digits; i < 9; i++)
        unit *= 10;
    return unit;
}

char *readable_total(int64_t whole, int64_t nano, int digits_min, int digits_max, char *buffer) {
    int64_t rounded = nano;
    /* Below one the rounding cannot overflow; it may carry. */
    if (tw_decimal_quantize(nano, unit_of(digits_max), TW_ROUND_HALF_EVEN, &rounded) != TW_OK)
        rounded = nano;
    uint64_t total = (uint64_t)whole + (uint64_t)(rounded / TW_NANO);
    char fraction[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format_fixed(rounded % TW_NANO, digits_min, fraction);
    snprintf(buffer, READABLE_SIZE, "%" PRIu64 "%s", total, fraction + 1); /* without its "0" */
    group_digits(buffer);
    return buffer;
}

char *readable_decimal(int64_t nano, int digits_min, int digits_max, char *buffer) {
    int64_t rounded = nano;
    if (tw_decimal_quantize(nano, unit_of(digits_max), TW_ROUND_HALF_EVEN, &rounded) != TW_OK)
        rounded = nano; /* at the very end of the range: shown as it is */
    tw_decimal_format_fixed(rounded, digits_min, buffer);
    group_digits(buffer);
    return buffer;
}

char *readable_percent(double share, char *buffer) {
    snprintf(buffer, READABLE_SIZE, isfinite(share) ? "%.2f%%" : "-", 100.0 * share);
    return buffer;
}

char *readable_span(int64_t span_ns, char *buffer) {
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{7 * TW_NS_PER_DAY, "week"},
                 {TW_NS_PER_DAY, "day"},
                 {TW_NS_PER_HOUR, "hour"},
                 {TW_NS_PER_MINUTE, "minute"},
                 {TW_NS_PER_SECOND, "second"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (span_ns > 0 && span_ns % units[i].ns == 0) {
            int64_t count = span_ns / units[i].ns;
            snprintf(buffer, READABLE_SIZE, "%" PRId64 " %s%s", count, units[i].name,
                     count == 1 ? "" : "s");
            return buffer;
        }
    }
    _Static_assert(READABLE_SIZE >= TW_TIME_TEXT_SIZE, "a span's text must fit");
    tw_duration_format(span_ns, buffer);
    return buffer;
}
