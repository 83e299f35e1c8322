/*
 * tape_lobster.c - LOBSTER's message and order book files.
 *
 * The format (lobsterdata.com, "Output Structure"): six integers a message, the first a time in
 * seconds with a fraction; prices are dollars x 10000, so one unit is 1e5 of our 1e-9. A book row
 * holds ask price, ask size, bid price, bid size for each level; a place without an order is
 * 9999999999,0 on the ask side and -9999999999,0 on the bid side.
 */
#include <string.h>

#include "tape_priv.h"
#include "tradewind/time.h"

#define NANO_PER_UNIT INT64_C(100000) /* of price: 1e9 / 10000 */
#define PRICE_MAX (INT64_MAX / NANO_PER_UNIT)
#define SIZE_MAX_SHARES (INT64_MAX / TW_NANO)
#define FRACTION_DIGITS_MAX 18
#define EMPTY_PRICE INT64_C(9999999999)

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
    if (shares < least || shares > SIZE_MAX_SHARES)
        return TAPE_BAD(tape, TW_RANGE, SIZE, "a size must be from %lld to %lld, found %lld",
                        (long long)least, (long long)SIZE_MAX_SHARES, (long long)shares);
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
    if (units < least || units > PRICE_MAX)
        return TAPE_BAD(tape, TW_RANGE, PRICE,
                        "a price x 10000 must be from %lld to %lld, found %s", (long long)least,
                        (long long)PRICE_MAX, tape_shown(tape->fields[PRICE], shown));
    event->price.nano = units * NANO_PER_UNIT;
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
    *ret_event = event;
    return TW_OK;
}

/* A line that is bad behind others is put back: it is for the next call. */
tw_status lobster_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    size_t count = 0;
    while (count < capacity && (count == 0 || tw_source_has_line(&tape->source))) {
        tw_slice last_line = tape->line;
        tw_status status = lobster_next_event(tape, &ret_events[count], count == 0 ? error : NULL);
        if (status != TW_OK && count == 0)
            return status;
        if (status != TW_OK) {
            tw_source_put_back(&tape->source);
            tape->line = last_line;
            break;
        }
        count++;
    }
    *ret_count = count;
    return TW_OK;
}

size_t tw_tape_depth(const tw_tape *tape) {
    TW_ASSERT(tape->format == TW_TAPE_LOBSTER_BOOK);
    return tape->field_count / 4;
}

/* One place of a book row: fields `at` (price) and `at + 1` (size). An empty place gives a
 * quantity of zero. */
static tw_status read_place(tw_tape *tape, size_t at, tw_side side, tw_level *ret_level,
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
    *ret_level = (tw_level){.side = (uint8_t)side};
    if (shares == 0 && units == (side == TW_SIDE_SELL ? EMPTY_PRICE : -EMPTY_PRICE))
        return TW_OK;
    if (shares < 1 || shares > SIZE_MAX_SHARES)
        return TAPE_BAD(tape, TW_RANGE, at + 1,
                        "a size must be from 1 to %lld (0 only beside %s9999999999), found %lld",
                        (long long)SIZE_MAX_SHARES, side == TW_SIDE_SELL ? "" : "-",
                        (long long)shares);
    if (units < 1 || units > PRICE_MAX)
        return TAPE_BAD(tape, TW_RANGE, at, "a price x 10000 must be from 1 to %lld, found %lld",
                        (long long)PRICE_MAX, (long long)units);
    ret_level->price.nano = units * NANO_PER_UNIT;
    ret_level->quantity.nano = shares * TW_NANO;
    return TW_OK;
}

/* What was last seen on one side of the row. */
typedef struct side_end {
    int64_t price_nano; /* 0: nothing yet */
    bool ended;         /* an empty place was seen; only empty ones may follow */
} side_end;

static tw_status check_order(tw_tape *tape, size_t at, const tw_level *level, side_end *end,
                             tw_error *error) {
    if (level->quantity.nano == 0) {
        end->ended = true;
        return TW_OK;
    }
    if (end->ended)
        return TAPE_BAD(tape, TW_RANGE, at, "a level follows an empty place of its side");
    bool ask = level->side == TW_SIDE_SELL;
    bool in_order = ask ? level->price.nano > end->price_nano : level->price.nano < end->price_nano;
    if (end->price_nano != 0 && !in_order)
        return TAPE_BAD(tape, TW_RANGE, at, "%s",
                        ask ? "ask prices must ascend from level to level"
                            : "bid prices must descend from level to level");
    end->price_nano = level->price.nano;
    return TW_OK;
}

/* Reads place by place; with `ret_levels` NULL it only checks, so that a failed call has written
 * nothing. */
static tw_status read_places(tw_tape *tape, tw_level *ret_levels, size_t *ret_count,
                             tw_error *error) {
    side_end ends[2] = {{0}};
    size_t count = 0;
    for (size_t place = 0; place < tape->field_count / 2; place++) {
        tw_side side = place % 2 == 0 ? TW_SIDE_SELL : TW_SIDE_BUY;
        tw_level level;
        tw_status status = read_place(tape, 2 * place, side, &level, error);
        if (status == TW_OK)
            status = check_order(tape, 2 * place, &level, &ends[place % 2], error);
        if (status != TW_OK)
            return status;
        if (level.quantity.nano == 0)
            continue;
        level.clear = count == 0;
        if (ret_levels != NULL)
            ret_levels[count] = level;
        count++;
    }
    if (ret_levels != NULL && count > 0)
        ret_levels[count - 1].last = 1;
    *ret_count = count;
    return TW_OK;
}

tw_status tw_tape_next_levels(tw_tape *tape, tw_level *ret_levels, size_t capacity,
                              size_t *ret_count, tw_error *error) {
    TW_ASSERT(tape->format == TW_TAPE_LOBSTER_BOOK);
    if (capacity < tape->field_count / 2)
        return tw_error_set(error, TW_FULL,
                            "a row of %s holds up to %zu levels; there is room for %zu",
                            tape->source.where, tape->field_count / 2, capacity);
    tw_status status = tape_next_fields(tape, false, error);
    size_t count = 0;
    if (status == TW_OK)
        status = read_places(tape, NULL, &count, error);
    if (status == TW_OK)
        status = read_places(tape, ret_levels, &count, error);
    if (status == TW_OK)
        *ret_count = count;
    return status;
}
