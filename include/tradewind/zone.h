/*
 * zone.h - a time zone out of the bytes of a TZif file, and the days of its local calendar.
 *
 *     status = tw_zone_new(NULL, bytes, &zone, &error);     // /usr/share/zoneinfo/America/New_York
 *     offset = tw_zone_offset(zone, time_ns);               // seconds east of Greenwich
 *     day = tw_zone_day(zone, time_ns, 0);                  // local midnight to local midnight
 *
 * Reads RFC 8536, version 2 and later: the 64-bit table, and behind its last transition the POSIX
 * TZ rule of the footer, for ever. Reading the file is the caller's: this module does no input.
 *
 * Memory: at creation, 16 bytes for each transition of the table.
 * Cost: O(log transitions) inside the table; behind it the rules of four years.
 * Threads: a zone never changes after tw_zone_new: any number may read it.
 */
#ifndef TRADEWIND_ZONE_H
#define TRADEWIND_ZONE_H

#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define TW_ZONE_TRANSITION_COUNT_MAX 8192

typedef struct tw_zone tw_zone;

/* One day of a local calendar: [start_ns, end_ns). */
typedef struct tw_zone_day_span {
    int64_t start_ns;
    int64_t end_ns;
    int64_t day; /* its local date, in days since 1970-01-01 */
} tw_zone_day_span;

TW_BEGIN_DECLS

/*
 * Reads a zone. TW_PARSE: not a TZif file, or damaged (the error says at which byte, and what was
 * expected there); TW_TRUNCATED: it ends too early; TW_UNSUPPORTED: version 1, or a table with leap
 * seconds ("right/..."), which do not exist here; TW_RANGE: more than TW_ZONE_TRANSITION_COUNT_MAX
 * transitions; TW_NO_MEMORY. The bytes are not needed afterwards. The caller frees it.
 */
TW_API tw_status tw_zone_new(const tw_allocator *allocator, tw_slice bytes, tw_zone **ret_zone,
                             tw_error *error) TW_MUST_CHECK;
TW_API void tw_zone_free(tw_zone *zone);

/* Seconds that the clocks of the zone are ahead of UTC: -18000 in New York in winter. */
TW_API int32_t tw_zone_offset(const tw_zone *zone, int64_t time_ns);

/*
 * The local day that `time_ns` falls into, when a day begins at `open_seconds` (-86400 to 86400) of
 * the local clock: 0 is local midnight; -21600 begins the day at 18:00 of the evening before, as
 * futures do. A day on which clocks are changed is 23 or 25 hours long. Where the opening is
 * skipped by such a change the day begins at the change; where it comes twice, at the first.
 * Times within two years of the ends of int64_t are a programmer error.
 */
TW_API tw_zone_day_span tw_zone_day(const tw_zone *zone, int64_t time_ns, int32_t open_seconds);

/* The greatest number of seconds that divides a day, every offset from UTC in use since 1901-01-01
 * and every moment at which one changed: so the local days are whole multiples of it in UTC. 3600
 * in New York. */
TW_API int32_t tw_zone_offset_step(const tw_zone *zone);

TW_END_DECLS

TW_DEFINE_AUTO(tw_zone, tw_zone_free)

#endif
