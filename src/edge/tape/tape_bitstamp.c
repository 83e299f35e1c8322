/*
 * tape_bitstamp.c - order events of Bitstamp, as the R package obAnalytics keeps them.
 *
 * The format is that of the package's example `inst/extdata/orders.csv.xz`. Its manual
 * (processData) names the columns: id; timestamp, milliseconds when the event was received;
 * exchange.timestamp, milliseconds when the order was first created there; price; volume, what
 * remains of the order; action; direction, bid or ask. The manual calls the middle action
 * "modified", but its reader (loadEventData) and the file itself know "created", "changed" and
 * "deleted" only. Volumes are in units of 1e-8 of a coin: the package's guide multiplies them by
 * 10^-8.
 *
 * Idea and invariants as in tape_batch.c: take_event reads the usual form where it lies, and
 * bitstamp_next_event, below, knows the rules in full. Seven fields stay within TW_SOURCE_SLACK
 * bytes. Times of reception are what must not run backwards; those of creation need not follow one
 * another and are only checked to be times.
 */
#include <string.h>

#include "tape_take.h"

#define NANO_PER_MILLISECOND INT64_C(1000000)
#define MILLISECONDS_MAX (INT64_MAX / NANO_PER_MILLISECOND)
#define NANO_PER_VOLUME_UNIT INT64_C(10)
#define VOLUME_MAX (INT64_MAX / NANO_PER_VOLUME_UNIT)

enum { ID, TIMESTAMP, EXCHANGE_TIMESTAMP, PRICE, VOLUME, ACTION, DIRECTION };

/* ---- one by one ---------------------------------------------------------------------------- */

static tw_status read_id(tw_tape *tape, uint64_t *ret_id, tw_error *error) {
    char shown[SHOWN_SIZE];
    if (tw_parse_u64(tape->fields[ID], ret_id) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, ID, "expected an order id (digits), found \"%s\"",
                        tape_shown(tape->fields[ID], shown));
    if (*ret_id == 0)
        return TAPE_BAD(tape, TW_RANGE, ID, "an event must name an order, found id 0");
    return TW_OK;
}

static tw_status read_milliseconds(tw_tape *tape, size_t at, int64_t *ret_time_ns,
                                   tw_error *error) {
    char shown[SHOWN_SIZE];
    uint64_t milliseconds;
    tw_status status = tw_parse_u64(tape->fields[at], &milliseconds);
    if (status == TW_PARSE)
        return TAPE_BAD(tape, TW_PARSE, at,
                        "expected milliseconds since 1970 (digits), found \"%s\"",
                        tape_shown(tape->fields[at], shown));
    if (status != TW_OK || milliseconds > (uint64_t)MILLISECONDS_MAX)
        return TAPE_BAD(tape, TW_RANGE, at, "milliseconds must be at most %lld, found %s",
                        (long long)MILLISECONDS_MAX, tape_shown(tape->fields[at], shown));
    *ret_time_ns = (int64_t)milliseconds * NANO_PER_MILLISECOND;
    return TW_OK;
}

static tw_status read_times(tw_tape *tape, tw_order_event *event, tw_error *error) {
    int64_t created_ns;
    tw_status status = read_milliseconds(tape, TIMESTAMP, &event->time_ns, error);
    if (status == TW_OK)
        status = read_milliseconds(tape, EXCHANGE_TIMESTAMP, &created_ns, error);
    if (status == TW_OK && event->time_ns < tape->offset_ns)
        return TAPE_BAD(tape, TW_RANGE, TIMESTAMP, "time runs backwards: %lld comes after %lld",
                        (long long)(event->time_ns / NANO_PER_MILLISECOND),
                        (long long)(tape->offset_ns / NANO_PER_MILLISECOND));
    return status;
}

static tw_status read_kind_and_side(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice action = tape->fields[ACTION];
    tw_slice direction = tape->fields[DIRECTION];
    bool bid = tw_slice_equal_string(direction, "bid");
    if (tw_slice_equal_string(action, "created"))
        event->kind = TW_EVENT_ADD;
    else if (tw_slice_equal_string(action, "changed"))
        event->kind = TW_EVENT_MODIFY;
    else if (tw_slice_equal_string(action, "deleted"))
        event->kind = TW_EVENT_DELETE;
    else
        return TAPE_BAD(tape, TW_PARSE, ACTION,
                        "expected created, changed or deleted, found \"%s\"",
                        tape_shown(action, shown));
    if (!bid && !tw_slice_equal_string(direction, "ask"))
        return TAPE_BAD(tape, TW_PARSE, DIRECTION, "expected bid or ask, found \"%s\"",
                        tape_shown(direction, shown));
    event->side = bid ? TW_SIDE_BUY : TW_SIDE_SELL;
    return TW_OK;
}

/* Only an order that is gone may have nothing left: it was filled. */
static tw_status read_volume(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    uint64_t units;
    tw_status status = tw_parse_u64(tape->fields[VOLUME], &units);
    if (status == TW_PARSE)
        return TAPE_BAD(tape, TW_PARSE, VOLUME, "expected a volume x 1e8 (digits), found \"%s\"",
                        tape_shown(tape->fields[VOLUME], shown));
    uint64_t least = event->kind == TW_EVENT_DELETE ? 0 : 1;
    if (status != TW_OK || units < least || units > (uint64_t)VOLUME_MAX)
        return TAPE_BAD(tape, TW_RANGE, VOLUME,
                        "a volume x 1e8 must be from %llu to %lld (0 only if deleted), found %s",
                        (unsigned long long)least, (long long)VOLUME_MAX,
                        tape_shown(tape->fields[VOLUME], shown));
    event->quantity.nano = (int64_t)units * NANO_PER_VOLUME_UNIT;
    return TW_OK;
}

tw_status bitstamp_next_event(tw_tape *tape, tw_order_event *ret_event, tw_error *error) {
    tw_order_event event = {.symbol = tape->symbol};
    tw_status status = tape_next_fields(tape, true, error);
    if (status == TW_OK)
        status = read_id(tape, &event.id, error);
    if (status == TW_OK)
        status = read_times(tape, &event, error);
    if (status == TW_OK)
        status = tape_read_decimal(tape, PRICE, "price", 1, &event.price.nano, error);
    if (status == TW_OK)
        status = read_kind_and_side(tape, &event, error);
    if (status == TW_OK)
        status = read_volume(tape, &event, error);
    if (status != TW_OK)
        return status;
    tape->offset_ns = event.time_ns;
    *ret_event = event;
    return TW_OK;
}

/* ---- many a call --------------------------------------------------------------------------- */

static inline const char *take_milliseconds(const char *at, int64_t *ret_time_ns) {
    uint64_t milliseconds = 0;
    at = take_number(at, ',', (uint64_t)MILLISECONDS_MAX, &milliseconds);
    *ret_time_ns = (int64_t)(milliseconds * (uint64_t)NANO_PER_MILLISECOND);
    return at;
}

/* The three actions have seven letters; with the comma each is a word. */
static inline const char *take_action(const char *at, uint8_t *ret_kind) {
    if (at == NULL)
        return NULL;
    uint64_t word = word_load(at);
    if (word == word_load("created,"))
        *ret_kind = TW_EVENT_ADD;
    else if (word == word_load("deleted,"))
        *ret_kind = TW_EVENT_DELETE;
    else if (word == word_load("changed,"))
        *ret_kind = TW_EVENT_MODIFY;
    else
        return NULL;
    return at + 8;
}

static inline const char *take_direction(const char *at, uint8_t *ret_side) {
    if (at == NULL)
        return NULL;
    bool bid = memcmp(at, "bid", 3) == 0;
    *ret_side = bid ? TW_SIDE_BUY : TW_SIDE_SELL;
    return bid || memcmp(at, "ask", 3) == 0 ? take_end(at + 3, '\n') : NULL;
}

static inline const char *take_event(const char *at, tw_order_event *event) {
    uint64_t volume = 0;
    int64_t created_ns = 0;
    at = take_number(at, ',', UINT64_MAX, &event->id);
    at = take_milliseconds(at, &event->time_ns);
    at = take_milliseconds(at, &created_ns);
    at = take_decimal(at, ',', 1, &event->price.nano);
    at = take_number(at, ',', (uint64_t)VOLUME_MAX, &volume);
    at = take_action(at, &event->kind);
    at = take_direction(at, &event->side);
    event->quantity.nano = (int64_t)(volume * (uint64_t)NANO_PER_VOLUME_UNIT);
    bool there = event->id != 0 && (volume > 0 || event->kind == TW_EVENT_DELETE);
    return there ? at : NULL;
}

static size_t take_events(tw_tape *tape, void *ret_rows, size_t capacity) {
    tw_order_event *events = ret_rows;
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *next = source->buffer + source->begin;
    const char *line = next;
    int64_t last_ns = tape->offset_ns;
    size_t count = 0;
    while (count < capacity && next < end) {
        tw_order_event event = {.symbol = tape->symbol};
        const char *behind = take_event(next, &event);
        if (behind == NULL || behind > end || event.time_ns < last_ns)
            break;
        events[count++] = event;
        last_ns = event.time_ns;
        line = next;
        next = behind;
    }
    tape->offset_ns = last_ns;
    tape_took(tape, count, line, next);
    return count;
}

static tw_status next_event(tw_tape *tape, void *ret_row, tw_error *error) {
    return bitstamp_next_event(tape, ret_row, error);
}

tw_status bitstamp_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                               size_t *ret_count, tw_error *error) {
    static const tape_rows events = {sizeof(tw_order_event), take_events, next_event};
    return tape_next_many(tape, &events, ret_events, capacity, ret_count, error);
}
