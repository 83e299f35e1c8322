/*
 * tape_lobster_batch.c - LOBSTER's messages many a call, and its book rows, where they lie.
 *
 * Idea: as tape_batch.c does it. Crosses and halts are rare and left to the reader of single
 * messages (tape_lobster.c), and so is whatever breaks a rule.
 *
 * Invariants:
 *   1. What is taken here is exactly what the reader of one row would have given, and changes the
 *      same state: the line, its number, the time of the last message.
 *   2. A message has six fields; a book row is held against the end of the buffer after each of its
 *      levels, of four fields. Both stay within TW_SOURCE_SLACK bytes (tape_take.h).
 */
#include <string.h>

#include "tape_take.h"
#include "tradewind/time.h"

#define TAIL_DIGITS_MAX 9 /* behind the ninth digit of a second's fraction */

/* ---- messages ------------------------------------------------------------------------------ */

/* The digits behind the ninth one, up to the comma; rounds as parse_fraction of tape_lobster.c. */
static const char *round_tail(const char *at, uint64_t *nano) {
    bool half = at[0] == '5';
    bool up = at[0] >= '5';
    unsigned count = 0;
    for (; count < TAIL_DIGITS_MAX && at[count] >= '0' && at[count] <= '9'; count++)
        half = half && (count == 0 || at[count] == '0');
    *nano += half ? *nano % 2 : up;
    return at + count;
}

/* Seconds after midnight with a fraction of one to eighteen digits, in nanoseconds. */
static inline const char *take_offset(const char *at, int64_t *ret_offset_ns) {
    uint64_t digits = word_load(at) ^ WORD_OF('0');
    unsigned count = digits_count(digits);
    if (count < 1 || count > 6)
        return NULL;
    uint64_t seconds = digits_value(digits << (64 - 8 * count));
    uint64_t nano = 0;
    at += count;
    if (*at == '.')
        at = take_fraction(at + 1, &nano);
    if (at != NULL && *at >= '0' && *at <= '9')
        at = round_tail(at, &nano);
    *ret_offset_ns = (int64_t)(seconds * (uint64_t)TW_NS_PER_SECOND + nano);
    return *ret_offset_ns <= TW_NS_PER_DAY ? take_end(at, ',') : NULL;
}

/* A new order, a partial cancel, a deletion, or an execution, seen or hidden. */
static inline const char *take_kind(const char *at, uint8_t *ret_kind) {
    if (at == NULL || at[0] < '0' + TW_EVENT_ADD || at[0] > '0' + TW_EVENT_HIDDEN)
        return NULL;
    *ret_kind = (uint8_t)(at[0] - '0');
    return take_end(at + 1, ',');
}

static inline const char *take_direction(const char *at, uint8_t *ret_side) {
    if (at == NULL)
        return NULL;
    bool sell = *at == '-';
    *ret_side = sell ? TW_SIDE_SELL : TW_SIDE_BUY;
    return at[sell] == '1' ? take_end(at + sell + 1, '\n') : NULL;
}

static inline const char *take_message(const char *at, int64_t *ret_offset_ns,
                                       tw_order_event *event) {
    uint64_t shares = 0;
    uint64_t units = 0;
    at = take_offset(at, ret_offset_ns);
    at = take_kind(at, &event->kind);
    at = take_number(at, ',', UINT64_MAX, &event->id);
    at = take_number(at, ',', (uint64_t)LOBSTER_SHARES_MAX, &shares);
    at = take_number(at, ',', (uint64_t)LOBSTER_PRICE_MAX, &units);
    at = take_direction(at, &event->side);
    event->quantity.nano = (int64_t)(shares * (uint64_t)TW_NANO);
    event->price.nano = (int64_t)(units * (uint64_t)LOBSTER_NANO_PER_UNIT);
    bool named = event->id != 0 || event->kind == TW_EVENT_HIDDEN;
    return named && shares > 0 && units > 0 ? at : NULL;
}

static size_t take_messages(tw_tape *tape, void *ret_rows, size_t capacity) {
    tw_order_event *events = ret_rows;
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *next = source->buffer + source->begin;
    const char *line = next;
    int64_t last_ns = tape->offset_ns;
    size_t count = 0;
    while (count < capacity && next < end) {
        tw_order_event event = {.symbol = tape->symbol};
        int64_t offset_ns = 0;
        const char *behind = take_message(next, &offset_ns, &event);
        if (behind == NULL || behind > end || offset_ns < last_ns)
            break;
        event.time_ns = tape->midnight_ns + offset_ns;
        events[count++] = event;
        last_ns = offset_ns;
        line = next;
        next = behind;
    }
    tape->offset_ns = last_ns;
    tape_took(tape, count, line, next);
    return count;
}

static tw_status next_message(tw_tape *tape, void *ret_row, tw_error *error) {
    return lobster_next_event(tape, ret_row, error);
}

tw_status lobster_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    static const tape_rows messages = {sizeof(tw_order_event), take_messages, next_message};
    return tape_next_many(tape, &messages, ret_events, capacity, ret_count, error);
}

/* ---- book rows ----------------------------------------------------------------------------- */

/* A price and a size above zero, or the two numbers of an empty place. */
static inline const char *take_place(const char *at, char end, bool ask, lobster_place *place) {
    if (at == NULL)
        return NULL;
    bool negative = *at == '-' && !ask;
    uint64_t units = 0;
    uint64_t shares = 0;
    at = take_number(at + negative, ',', (uint64_t)LOBSTER_PRICE_MAX, &units);
    at = take_number(at, end, (uint64_t)LOBSTER_SHARES_MAX, &shares);
    *place = (lobster_place){.price = negative ? -(int64_t)units : (int64_t)units,
                             .shares = (int64_t)shares};
    if (shares == 0 || negative)
        return shares == 0 && negative != ask && units == LOBSTER_EMPTY_PRICE ? at : NULL;
    return units > 0 ? at : NULL;
}

/* An empty place may stand behind anything, a level only behind a better one. */
static inline bool in_order(const lobster_place *place, const lobster_place *before, bool ask) {
    bool better = ask ? before->price < place->price : before->price > place->price;
    return place->shares == 0 || (before->shares != 0 && better);
}

bool lobster_take_row(tw_tape *tape) {
    const tw_source *source = &tape->source;
    const char *end = source->buffer + source->end;
    const char *line = source->buffer + source->begin;
    const char *at = line;
    size_t place_count = tape->field_count / 2;
    lobster_place *place = tape->places;
    for (size_t i = 0; i < place_count; i += 2, place += 2) {
        if (at >= end)
            return false;
        at = take_place(at, ',', true, &place[0]);
        at = take_place(at, i + 2 == place_count ? '\n' : ',', false, &place[1]);
        bool ordered = i == 0 || (in_order(&place[0], &place[-2], true) &&
                                  in_order(&place[1], &place[-1], false));
        if (at == NULL || !ordered)
            return false;
    }
    if (at > end)
        return false;
    tape_took(tape, 1, line, at);
    return true;
}
