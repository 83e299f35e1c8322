/*
 * flight.c - a ring that many threads write, and whose places tell when they are whole.
 *
 * A writer takes the next number; its place is the number modulo the count. The stamp of a place
 * is twice the number of the event in it, odd while that is being written (a sequence lock a
 * place). The event itself is stored and loaded word by word, so that a reader beside a writer
 * sees old or new words, never half of one, and then finds by the stamp that they do not belong
 * together.
 *
 * Invariants
 *   1. Only the writer that made a stamp odd makes it even again: who finds it odd, or later than
 *      his own, drops his event. So an event is never a mixture of two.
 *   2. An even stamp 2 n, n > 0: the words are those of event n. 0: none has been written.
 *   3. The words are written after the stamp is odd and before it is even again. Each is stored
 *      with release and loaded with acquire, so whoever sees a word of a later event also sees, at
 *      his second look, that the stamp has moved. On x86 and most ARM code this costs nothing.
 */
#include "tradewind/flight.h"

#include <stdatomic.h>
#include <string.h>

#define LINE_PAIR 128
#define WORD_COUNT (sizeof(tw_flight_event) / sizeof(uint64_t))

_Static_assert(sizeof(tw_flight_event) == 128, "dumps hold events as they are");

typedef struct flight_place {
    _Atomic uint64_t stamp;
    _Atomic uint64_t words[WORD_COUNT - 1]; /* of the event, without its sequence */
} flight_place;

_Static_assert(sizeof(flight_place) == 128, "a place is two cache lines");

struct tw_flight {
    const tw_allocator *allocator;
    flight_place *places;
    uint32_t count;
    _Alignas(LINE_PAIR) _Atomic uint64_t newest;
    _Atomic uint64_t dropped;
};

tw_status tw_flight_new(const tw_allocator *allocator, uint32_t count, tw_flight **ret_flight) {
    TW_ASSERT(ret_flight != NULL);
    if (count == 0 || count > TW_FLIGHT_COUNT_MAX)
        return TW_RANGE;
    uint32_t places = 1;
    while (places < count)
        places *= 2;
    tw_flight *flight = TW_NEW(allocator, 1, tw_flight);
    if (flight == NULL)
        return TW_NO_MEMORY;
    flight->allocator = allocator;
    flight->count = places;
    flight->places = tw_allocate(allocator, places, sizeof(flight_place), LINE_PAIR);
    if (flight->places == NULL) {
        TW_DELETE(allocator, flight, 1, tw_flight);
        return TW_NO_MEMORY;
    }
    *ret_flight = flight;
    return TW_OK;
}

void tw_flight_free(tw_flight *flight) {
    if (flight == NULL)
        return;
    tw_release(flight->allocator, flight->places, flight->count, sizeof(flight_place), LINE_PAIR);
    TW_DELETE(flight->allocator, flight, 1, tw_flight);
}

/* `to` is zeroed. */
static void copy_text(char *to, size_t size, tw_slice text) {
    size_t count = text.size < size - 1 ? text.size : size - 1;
    for (size_t i = 0; i < count; i++)
        to[i] = (unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f ? ' ' : text.data[i];
}

/* Makes the stamp odd; false when the place is being written, or holds a later event already. */
static bool begin(flight_place *place, uint64_t sequence) {
    uint64_t stamp = atomic_load_explicit(&place->stamp, memory_order_relaxed);
    return (stamp & 1) == 0 && stamp < 2 * sequence &&
           atomic_compare_exchange_strong_explicit(&place->stamp, &stamp, 2 * sequence + 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

void tw_flight_note(tw_flight *flight, int64_t time_ns, const char *name, int64_t first,
                    int64_t second, tw_slice text) {
    if (flight == NULL)
        return;
    tw_flight_event event = {.time_ns = time_ns, .values = {first, second}};
    copy_text(event.name, sizeof event.name, tw_slice_of(name));
    copy_text(event.text, sizeof event.text, text);
    uint64_t sequence = atomic_fetch_add_explicit(&flight->newest, 1, memory_order_relaxed) + 1;
    flight_place *place = &flight->places[sequence & (flight->count - 1)];
    if (!begin(place, sequence)) {
        atomic_fetch_add_explicit(&flight->dropped, 1, memory_order_relaxed);
        return;
    }
    uint64_t words[WORD_COUNT];
    memcpy(words, &event, sizeof words);
    for (size_t i = 1; i < WORD_COUNT; i++)
        atomic_store_explicit(&place->words[i - 1], words[i], memory_order_release);
    atomic_store_explicit(&place->stamp, 2 * sequence, memory_order_release);
}

bool tw_flight_get(const tw_flight *flight, uint64_t sequence, tw_flight_event *ret_event) {
    const flight_place *place = &flight->places[sequence & (flight->count - 1)];
    uint64_t words[WORD_COUNT] = {sequence};
    if (sequence == 0 || atomic_load_explicit(&place->stamp, memory_order_acquire) != 2 * sequence)
        return false;
    for (size_t i = 1; i < WORD_COUNT; i++)
        words[i] = atomic_load_explicit(&place->words[i - 1], memory_order_acquire);
    if (atomic_load_explicit(&place->stamp, memory_order_relaxed) != 2 * sequence)
        return false;
    memcpy(ret_event, words, sizeof words);
    return true;
}

uint64_t tw_flight_newest(const tw_flight *flight) {
    return atomic_load_explicit(&flight->newest, memory_order_acquire);
}

uint64_t tw_flight_oldest(const tw_flight *flight) {
    uint64_t newest = tw_flight_newest(flight);
    return newest < flight->count ? 1 : newest - flight->count + 1;
}

uint32_t tw_flight_capacity(const tw_flight *flight) {
    return flight->count;
}

uint64_t tw_flight_dropped(const tw_flight *flight) {
    return atomic_load_explicit(&flight->dropped, memory_order_relaxed);
}
