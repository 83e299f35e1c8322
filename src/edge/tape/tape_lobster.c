/*
 * tape_lobster.c - LOBSTER's message and order book files, one row at a time.
 *
 * The format (lobsterdata.com, "Output Structure"): six integers a message, the first a time in
 * seconds with a fraction; prices are dollars x 10000, so one unit is 1e5 of our 1e-9. A book row
 * holds ask price, ask size, bid price, bid size for each level; a place without an order is
 * 9999999999,0 on the ask side and -9999999999,0 on the bid side.
 *
 * Idea: this file knows the rules in full and the words for what is wrong. tape_lobster_batch.c
 * reads what is in the usual form before it comes here.
 */
#include <string.h>

#include "tape_priv.h"
#include "tradewind/time.h"

#define FRACTION_DIGITS_MAX 18

enum { TIME, TYPE, ID, SIZE, PRICE, DIRECTION };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits of a fraction -> nanoseconds. Files that went through floating point carry a tail behind
 * the ninth digit ("35821.088778456004"); it is rounded, half to even. */
static int64_t parse_fraction(const char *digits, size_t count) {
    int64_t nanoseconds = 0;
    for (size_t i = 0; i < 9; i++)
        nanoseconds = nanoseconds * 10 + (i < count ? digits[i] - '0' : 0);
    if (count <= 9)
        return nanoseconds;
    bool tie = digits[9] == '5';
    for (size_t i = 10; tie && i < count; i++)
        tie = digits[i] == '0';
    bool up = tie ? nanoseconds % 2 != 0 : digits[9] >= '5';
    return nanoseconds + (up ? 1 : 0);
}

/* "34200.004241176" -> nanoseconds since midnight. */
static bool parse_offset(tw_slice text, int64_t *ret_offset_ns) {
    int64_t seconds = 0;
    size_t i = 0;
    for (; i < text.size && is_digit(text.data[i]) && i < 6; i++)
        seconds = seconds * 10 + (text.data[i] - '0');
    if (i == 0 || (i < text.size && text.data[i] != '.'))
        return false;
    int64_t nanoseconds = 0;
    if (i < text.size) {
        const char *digits = text.data + i + 1;
        size_t count = text.size - i - 1;
        for (size_t j = 0; j < count; j++) {
            if (!is_digit(digits[j]))
                return false;
        }
        if (count < 1 || count > FRACTION_DIGITS_MAX)
            return false;
        nanoseconds = parse_fraction(digits, count);
    }
    *ret_offset_ns = seconds * TW_NS_PER_SECOND + nanoseconds;
    return *ret_offset_ns <= TW_NS_PER_DAY;
}

static tw_status read_time(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    int64_t offset_ns = 0;
    if (!parse_offset(tape->fields[TIME], &offset_ns))
        return TAPE_BAD(
            tape, TW_PARSE, TIME,
            "expected seconds after midnight (0 to 86400, a decimal point), found \"%s\"",
            tape_shown(tape->fields[TIME], shown));
    if (offset_ns < tape->offset_ns)
        return TAPE_BAD(
            tape, TW_RANGE, TIME, "time runs backwards: %s comes after a message at %lld.%09lld",
            tape_shown(tape->fields[TIME], shown), (long long)(tape->offset_ns / TW_NS_PER_SECOND),
            (long long)(tape->offset_ns % TW_NS_PER_SECOND));
    event->time_ns = tape->midnight_ns + offset_ns;
    return TW_OK;
}

static tw_status read_kind_and_id(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    tw_slice type = tape->fields[TYPE];
    if (type.size != 1 || type.data[0] < '1' || type.data[0] > '7')
        return TAPE_BAD(tape, TW_PARSE, TYPE, "expected a message type from 1 to 7, found \"%s\"",
                        tape_shown(type, shown));
    event->kind = (uint8_t)(type.data[0] - '0');
    /* Crosses and halts carry -1 or 0 in place of an order. */
    bool may_lack = event->kind == TW_EVENT_CROSS || event->kind == TW_EVENT_HALT;
    if (may_lack && tw_slice_equal_string(tape->fields[ID], "-1"))
        return TW_OK;
    if (tw_parse_u64(tape->fields[ID], &event->id) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, ID, "expected an order id (digits), found \"%s\"",
                        tape_shown(tape->fields[ID], shown));
    if (event->id == 0 && event->kind <= TW_EVENT_EXECUTE)
        return TAPE_BAD(tape, TW_RANGE, ID, "a message of type %u must name an order, found id 0",
                        event->kind);
    return TW_OK;
}

static tw_status read_size(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    int64_t shares;
    if (tw_parse_i64(tape->fields[SIZE], &shares) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, SIZE, "expected a number of shares, found \"%s\"",
                        tape_shown(tape->fields[SIZE], shown));
    int64_t least = event->kind <= TW_EVENT_HIDDEN ? 1 : 0;
    if (shares < least || shares > LOBSTER_SHARES_MAX)
        return TAPE_BAD(tape, TW_RANGE, SIZE, "a size must be from %lld to %lld, found %lld",
                        (long long)least, (long long)LOBSTER_SHARES_MAX, (long long)shares);
    event->quantity.nano = event->kind == TW_EVENT_HALT ? 0 : shares * TW_NANO;
    return TW_OK;
}

/* A halt's price field says which: -1 halted, 0 quoting again, 1 trading again. */
static tw_status read_price(tw_tape *tape, tw_order_event *event, tw_error *error) {
    char shown[SHOWN_SIZE];
    int64_t units;
    if (tw_parse_i64(tape->fields[PRICE], &units) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, PRICE, "expected a price x 10000 (digits), found \"%s\"",
                        tape_shown(tape->fields[PRICE], shown));
    if (event->kind == TW_EVENT_HALT) {
        if (units < -1 || units > 1)
            return TAPE_BAD(tape, TW_RANGE, PRICE,
                            "a halt says -1 (halted), 0 (quoting) or 1 (trading), found %lld",
                            (long long)units);
        event->detail = (uint8_t)(TW_PHASE_QUOTING + units);
        return TW_OK;
    }
    int64_t least = event->kind == TW_EVENT_CROSS ? 0 : 1;
    if (units < least || units > LOBSTER_PRICE_MAX)
        return TAPE_BAD(tape, TW_RANGE, PRICE,
                        "a price x 10000 must be from %lld to %lld, found %s", (long long)least,
                        (long long)LOBSTER_PRICE_MAX, tape_shown(tape->fields[PRICE], shown));
    event->price.nano = units * LOBSTER_NANO_PER_UNIT;
    return TW_OK;
}

static tw_status read_direction(tw_tape *tape, tw_order_event *event, tw_error *error) {
    tw_slice text = tape->fields[DIRECTION];
    bool buy = tw_slice_equal_string(text, "1");
    char shown[SHOWN_SIZE];
    if (!buy && !tw_slice_equal_string(text, "-1"))
        return TAPE_BAD(tape, TW_PARSE, DIRECTION,
                        "expected a direction of 1 (buy) or -1 (sell), found \"%s\"",
                        tape_shown(text, shown));
    event->side = buy ? TW_SIDE_BUY : TW_SIDE_SELL;
    if (event->kind == TW_EVENT_HALT)
        event->side = TW_SIDE_NONE;
    return TW_OK;
}

tw_status lobster_next_event(tw_tape *tape, tw_order_event *ret_event, tw_error *error) {
    tw_order_event event = {0};
    tw_status status = tape_next_fields(tape, false, error);
    if (status == TW_OK)
        status = read_time(tape, &event, error);
    if (status == TW_OK)
        status = read_kind_and_id(tape, &event, error);
    if (status == TW_OK)
        status = read_size(tape, &event, error);
    if (status == TW_OK)
        status = read_price(tape, &event, error);
    if (status == TW_OK)
        status = read_direction(tape, &event, error);
    if (status != TW_OK)
        return status;
    tape->offset_ns = event.time_ns - tape->midnight_ns;
    event.symbol = tape->symbol;
    *ret_event = event;
    return TW_OK;
}

size_t tw_tape_depth(const tw_tape *tape) {
    TW_ASSERT(tape->format == TW_TAPE_LOBSTER_BOOK);
    return tape->field_count / 4;
}

/* One place of a book row: fields `at` (price) and `at + 1` (size). */
static tw_status read_place(tw_tape *tape, size_t at, tw_side side, lobster_place *ret_place,
                            tw_error *error) {
    char shown[SHOWN_SIZE];
    int64_t units;
    int64_t shares;
    if (tw_parse_i64(tape->fields[at], &units) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, at, "expected a price x 10000 (digits), found \"%s\"",
                        tape_shown(tape->fields[at], shown));
    if (tw_parse_i64(tape->fields[at + 1], &shares) != TW_OK)
        return TAPE_BAD(tape, TW_PARSE, at + 1, "expected a number of shares, found \"%s\"",
                        tape_shown(tape->fields[at + 1], shown));
    *ret_place = (lobster_place){.price = units, .shares = shares};
    if (shares == 0 && units == (side == TW_SIDE_SELL ? LOBSTER_EMPTY_PRICE : -LOBSTER_EMPTY_PRICE))
        return TW_OK;
    if (shares < 1 || shares > LOBSTER_SHARES_MAX)
        return TAPE_BAD(tape, TW_RANGE, at + 1,
                        "a size must be from 1 to %lld (0 only beside %s9999999999), found %lld",
                        (long long)LOBSTER_SHARES_MAX, side == TW_SIDE_SELL ? "" : "-",
                        (long long)shares);
    if (units < 1 || units > LOBSTER_PRICE_MAX)
        return TAPE_BAD(tape, TW_RANGE, at, "a price x 10000 must be from 1 to %lld, found %lld",
                        (long long)LOBSTER_PRICE_MAX, (long long)units);
    return TW_OK;
}

/* Holds a place against the one before it on its side, `before` (NULL: it is the first). */
static tw_status check_order(tw_tape *tape, size_t at, const lobster_place *place,
                             const lobster_place *before, tw_error *error) {
    if (place->shares == 0 || before == NULL)
        return TW_OK;
    if (before->shares == 0)
        return TAPE_BAD(tape, TW_RANGE, at, "a level follows an empty place of its side");
    bool ask = at % LOBSTER_NUMBERS_PER_LEVEL == 0;
    if (ask ? place->price > before->price : place->price < before->price)
        return TW_OK;
    return TAPE_BAD(tape, TW_RANGE, at, "%s",
                    ask ? "ask prices must ascend from level to level"
                        : "bid prices must descend from level to level");
}

static tw_status read_row(tw_tape *tape, tw_error *error) {
    tw_status status = tape_next_fields(tape, false, error);
    for (size_t i = 0; status == TW_OK && i < tape->field_count / 2; i++) {
        tw_side side = i % 2 == 0 ? TW_SIDE_SELL : TW_SIDE_BUY;
        lobster_place *place = &tape->places[i];
        status = read_place(tape, 2 * i, side, place, error);
        if (status == TW_OK)
            status = check_order(tape, 2 * i, place, i < 2 ? NULL : place - 2, error);
    }
    return status;
}

/* The places of the row that are not empty, in their order. */
static size_t give_levels(const tw_tape *tape, tw_level *ret_levels) {
    size_t count = 0;
    for (size_t i = 0; i < tape->field_count / 2; i++) {
        const lobster_place *place = &tape->places[i];
        if (place->shares == 0)
            continue;
        ret_levels[count] = (tw_level){.price.nano = place->price * LOBSTER_NANO_PER_UNIT,
                                       .quantity.nano = place->shares * TW_NANO,
                                       .symbol = tape->symbol,
                                       .side = i % 2 == 0 ? TW_SIDE_SELL : TW_SIDE_BUY,
                                       .clear = count == 0};
        count++;
    }
    if (count > 0)
        ret_levels[count - 1].last = 1;
    return count;
}

tw_status lobster_begin_book(tw_tape *tape, tw_error *error) {
    tape->places = TW_NEW(tape->allocator, tape->field_capacity / 2, lobster_place);
    if (tape->places == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s",
                            tape->source.where);
    return TW_OK;
}

tw_status tw_tape_next_levels(tw_tape *tape, tw_level *ret_levels, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_LOBSTER_BOOK);
    if (capacity < tape->field_count / 2)
        return tw_error_set(error, TW_FULL,
                            "a row of %s holds up to %zu levels; there is room for %zu",
                            tape->source.where, tape->field_count / 2, capacity);
    tape_let_go(tape);
    tw_status status = lobster_take_row(tape) ? TW_OK : read_row(tape, error);
    if (status == TW_OK)
        *ret_count = give_levels(tape, ret_levels);
    return status;
}
