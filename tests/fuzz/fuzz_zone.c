/*
 * fuzz_zone.c - TZif bytes from anywhere.
 *
 * What is accepted must have days that hold their moment, follow one another without a gap, and
 * are at least an instant and at most three days long; offsets stay within RFC 8536's bounds.
 */
#include <stdint.h>

#include "tradewind/time.h"
#include "tradewind/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_day(const tw_zone *zone, int64_t time_ns, int32_t open_seconds) {
    int32_t offset = tw_zone_offset(zone, time_ns);
    TW_ASSERT(offset > -90000 && offset < 93600);
    tw_zone_day_span span = tw_zone_day(zone, time_ns, open_seconds);
    TW_ASSERT(span.start_ns <= time_ns && time_ns < span.end_ns);
    TW_ASSERT(span.end_ns - span.start_ns <= 4 * TW_NS_PER_DAY);
    tw_zone_day_span next = tw_zone_day(zone, span.end_ns, open_seconds);
    TW_ASSERT(next.start_ns == span.end_ns);
    tw_zone_day_span same = tw_zone_day(zone, span.end_ns - 1, open_seconds);
    TW_ASSERT(same.start_ns == span.start_ns && same.end_ns == span.end_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    TW_AUTO(tw_zone) *zone = NULL;
    tw_error error = {0};
    tw_slice bytes = {(const char *)data, size};
    tw_status status = tw_zone_new(NULL, bytes, &zone, &error);
    if (status != TW_OK) {
        TW_ASSERT(zone == NULL && error.status == status && error.message[0] != '\0');
        return 0;
    }
    int32_t step = tw_zone_offset_step(zone);
    TW_ASSERT(step >= 1 && step <= 86400);
    for (int64_t year = -250; year <= 250; year += 5) {
        int64_t time_ns = year * 365 * TW_NS_PER_DAY + year * TW_NS_PER_HOUR * 7;
        try_day(zone, time_ns, 0);
        try_day(zone, time_ns + 100 * TW_NS_PER_DAY, -21600);
        try_day(zone, time_ns + 300 * TW_NS_PER_DAY, 34200);
    }
    return 0;
}
