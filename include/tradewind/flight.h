/*
 * flight.h - a flight recorder: the newest events of all threads, in memory that never grows.
 *
 * Whoever does something worth knowing after a crash notes it: a short word, two numbers, a few
 * bytes of text. The recorder keeps as many as it has places and forgets the oldest. Nobody waits
 * for anybody, and what is kept can be read at any moment, also from a signal handler of a program
 * that is about to die (edge/crash writes it to a file then).
 *
 *     tw_flight_note(flight, now_ns, "order", intent, 0, tw_slice_of(client_order_id));
 *
 * Whatever is noted may end in a file that somebody sends to somebody: no secrets, no account
 * numbers.
 *
 * Memory: 128 bytes an event, all at creation.
 * Cost: a note is an atomic addition, a compare-and-swap and the copy of 128 bytes.
 * Threads: any number of writers and readers. A writer that finds its place still being written
 * (the ring went round once during one note) drops its own event and counts it.
 */
#ifndef TRADEWIND_FLIGHT_H
#define TRADEWIND_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

#define TW_FLIGHT_NAME_SIZE 16 /* with its NUL */
#define TW_FLIGHT_TEXT_SIZE 80 /* with its NUL */
#define TW_FLIGHT_COUNT_MAX 1048576

typedef struct tw_flight tw_flight;

typedef struct tw_flight_event {
    uint64_t sequence; /* from 1, without a gap but for the dropped */
    int64_t time_ns;   /* as the writer said, usually monotonic */
    int64_t values[2];
    char name[TW_FLIGHT_NAME_SIZE];
    char text[TW_FLIGHT_TEXT_SIZE];
} tw_flight_event;

TW_BEGIN_DECLS

/* Makes a recorder of the newest `count` events, rounded up to a power of two. A NULL allocator is
 * the system's. TW_RANGE: 0, or more than TW_FLIGHT_COUNT_MAX. TW_NO_MEMORY. */
TW_API tw_status tw_flight_new(const tw_allocator *allocator, uint32_t count,
                               tw_flight **ret_flight) TW_MUST_CHECK;
/* NULL is ignored. */
TW_API void tw_flight_free(tw_flight *flight);

/* Notes an event. Name and text are cut to what there is room for; control bytes become blanks. A
 * NULL recorder notes nothing, so that a module whose recorder is optional needs no ifs. */
TW_API void tw_flight_note(tw_flight *flight, int64_t time_ns, const char *name, int64_t first,
                           int64_t second, tw_slice text);

/* The sequence of the newest note, 0 if there was none; how many there is room for; and how many
 * notes were dropped. */
TW_API uint64_t tw_flight_newest(const tw_flight *flight);
TW_API uint32_t tw_flight_capacity(const tw_flight *flight);
TW_API uint64_t tw_flight_dropped(const tw_flight *flight);

/* Copies the event of a sequence; false when it is forgotten, was dropped or is being written.
 * Safe in a signal handler. To read all that is kept:
 *
 *     uint64_t newest = tw_flight_newest(flight);
 *     for (uint64_t i = tw_flight_oldest(flight); i <= newest; i++)
 *         if (tw_flight_get(flight, i, &event)) ...
 */
TW_API bool tw_flight_get(const tw_flight *flight, uint64_t sequence,
                          tw_flight_event *ret_event) TW_MUST_CHECK;

/* The oldest sequence that may still be kept; 1 at first. */
TW_API uint64_t tw_flight_oldest(const tw_flight *flight);

TW_END_DECLS

TW_DEFINE_AUTO(tw_flight, tw_flight_free)

#endif
