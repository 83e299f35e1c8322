/*
 * tape_itch_events.c - ITCH messages as order events, many a call.
 *
 * Idea: all messages that change a book are the same row of fields with some left out, so they are
 * read by a table and not by a switch: a row says where shares, price and the second number stand
 * and which of the fields there are. What is not there is read all the same, somewhere in the
 * buffer or behind it, and masked away. So the loop has no branch that depends on the type, which
 * nobody could foretell, only such that are nearly never taken. A message for which one is taken is
 * left to itch_read_event, which alone knows what is wrong or how to go on.
 *
 * Invariants:
 *   1. A row reads at most 8 + 44 bytes behind the beginning of a message: within the source's
 *      slack.
 *   2. What the loop gives, itch_read_event would have given; both use event_of.
 */
#include "tape_itch_priv.h"
#include "tradewind/itch.h"
#include "tradewind/time.h"

#define NANO_PER_UNIT INT64_C(100000) /* of Price(4) */
#define ALL UINT8_C(0xff)

_Static_assert(TW_SOURCE_SLACK >= 2 + 44 + 8, "invariant 1");

/* How a type becomes an event. The masks are 0 or ALL: whether there is such a field. */
typedef struct event_row {
    uint16_t
        block_size; /* of the message and its length; 0, which none has: left to itch_read_event */
    uint8_t kind;
    uint8_t detail;
    uint8_t quantity_at;
    uint8_t price_at;
    uint8_t new_id_at;
    uint8_t id;
    uint8_t side;
    uint8_t quantity;
    uint8_t price;
    uint8_t new_id;
    uint8_t id_needed;     /* 0 is no order */
    uint8_t new_id_needed; /* the same */
} event_row;

/* Letters of the specification, each with the length of its message and the kind of its event. */
#define ROW(type_size, event_kind, ...) \
    { .block_size = 2 + (type_size), .kind = (event_kind), __VA_ARGS__ }
#define OTHER(letter, type_size) \
    [letter] = {.block_size = 2 + (type_size), .kind = TW_EVENT_OTHER, .detail = (letter)}
#define ADD(type_size)                                                                      \
    ROW(type_size, TW_EVENT_ADD, .id = ALL, .id_needed = ALL, .side = ALL, .quantity = ALL, \
        .quantity_at = 20, .price = ALL, .price_at = 32)

static const event_row rows[256] = {
    ['A'] = ADD(36),
    ['F'] = ADD(40),
    ['E'] = ROW(31, TW_EVENT_EXECUTE, .id = ALL, .id_needed = ALL, .quantity = ALL,
                .quantity_at = 19, .new_id = ALL, .new_id_at = 23),
    ['C'] = ROW(36, TW_EVENT_EXECUTE, .id = ALL, .id_needed = ALL, .quantity = ALL,
                .quantity_at = 19, .new_id = ALL, .new_id_at = 23, .price = ALL, .price_at = 32),
    ['X'] =
        ROW(23, TW_EVENT_REDUCE, .id = ALL, .id_needed = ALL, .quantity = ALL, .quantity_at = 19),
    ['D'] = ROW(19, TW_EVENT_DELETE, .id = ALL, .id_needed = ALL),
    ['U'] =
        ROW(35, TW_EVENT_REPLACE, .id = ALL, .id_needed = ALL, .new_id = ALL, .new_id_at = 19,
            .new_id_needed = ALL, .quantity = ALL, .quantity_at = 27, .price = ALL, .price_at = 31),
    ['P'] = ROW(44, TW_EVENT_HIDDEN, .id = ALL, .side = ALL, .quantity = ALL, .quantity_at = 20,
                .price = ALL, .price_at = 32, .new_id = ALL, .new_id_at = 36),
    OTHER('Y', 20),
    OTHER('L', 26),
    OTHER('K', 28),
    OTHER('J', 35),
    OTHER('h', 21),
    OTHER('B', 19),
    OTHER('I', 50),
    OTHER('N', 20),
    OTHER('O', 48),
};

/* ---- one message --------------------------------------------------------------------------- */

/* 0 or ALL as a mask of 64 bits. */
static inline uint64_t wide(uint8_t mask) {
    return (uint64_t)(int64_t)(int8_t)mask;
}

/* Fills an event from a message of a row's length. False, and nothing written: a field is not
 * acceptable. */
static inline bool event_of(const event_row *row, const char *at, int64_t midnight_ns,
                            tw_symbol symbol, tw_order_event *ret_event) {
    uint64_t time_ns = itch_load_48(at + 5);
    uint64_t id = itch_load_64(at + 11) & wide(row->id);
    uint64_t new_id = itch_load_64(at + row->new_id_at) & wide(row->new_id);
    uint64_t quantity = itch_load_32(at + row->quantity_at) & wide(row->quantity);
    uint64_t price = itch_load_32(at + row->price_at) & wide(row->price);
    unsigned letter = (unsigned char)at[19];
    unsigned side_bad = (letter != 'B') & (letter != 'S') & row->side;
    unsigned bad = side_bad | (time_ns >= (uint64_t)TW_NS_PER_DAY) | ((id == 0) & row->id_needed) |
                   ((new_id == 0) & row->new_id_needed) | ((quantity == 0) & row->quantity) |
                   ((price == 0) & row->price);
    if (__builtin_expect(bad != 0, 0))
        return false;
    *ret_event = (tw_order_event){.time_ns = midnight_ns + (int64_t)time_ns,
                                  .id = id,
                                  .new_id = new_id,
                                  .price.nano = (int64_t)price * NANO_PER_UNIT,
                                  .quantity.nano = (int64_t)quantity * TW_NANO,
                                  .symbol = symbol,
                                  .kind = row->kind,
                                  /* B is even and S odd */
                                  .side = (uint8_t)((1 + (letter & 1)) & row->side),
                                  .detail = row->detail};
    return true;
}

/* What event_of found, for the sentence: the first field in the order of the message. */
static void explain(const event_row *row, const char *at, tw_error *ret_why) {
    unsigned char letter = (unsigned char)at[19];
    const char *expected = "a price above zero";
    unsigned place = row->price_at;
    if (itch_load_48(at + 5) >= (uint64_t)TW_NS_PER_DAY) {
        expected = "a time of less than a day since midnight";
        place = 5;
    } else if (row->id_needed && itch_load_64(at + 11) == 0) {
        expected = "an order reference number above zero";
        place = 11;
    } else if (row->side && letter != 'B' && letter != 'S') {
        expected = "B or S";
        place = 19;
    } else if (row->new_id_needed && itch_load_64(at + row->new_id_at) == 0) {
        expected = "an order reference number above zero";
        place = row->new_id_at;
    } else if (row->quantity && itch_load_32(at + row->quantity_at) == 0) {
        expected = "a number of shares above zero";
        place = row->quantity_at;
    }
    tw_error_set(ret_why, TW_RANGE, "byte %u of the message (type %c): expected %s", place, at[0],
                 expected);
}

/* The types without a row: decoded whole, since they are few. */
static tw_status rare_event(tw_slice message, int64_t midnight_ns, tw_order_event *ret_event,
                            bool *ret_ended, tw_error *error) {
    tw_itch_message m;
    tw_status status = tw_itch_decode(message, &m, error);
    if (status != TW_OK)
        return status;
    *ret_event = (tw_order_event){.time_ns = midnight_ns + m.time_ns,
                                  .symbol = TW_SYMBOL_NONE,
                                  .kind = TW_EVENT_OTHER,
                                  .detail = (uint8_t)m.type};
    if (m.type == 'H') {
        char state = m.trading_action.trading_state;
        ret_event->kind = TW_EVENT_HALT;
        ret_event->detail = state == 'T'   ? TW_PHASE_TRADING
                            : state == 'Q' ? TW_PHASE_QUOTING
                                           : TW_PHASE_HALTED;
    } else if (m.type == 'Q') {
        ret_event->kind = TW_EVENT_CROSS;
        ret_event->detail = 0;
        ret_event->price = m.cross_trade.price;
        ret_event->quantity = m.cross_trade.shares;
        ret_event->new_id = m.cross_trade.match_number;
    }
    *ret_ended = m.type == 'S' && m.system_event.event_code == 'C';
    return TW_OK;
}

/* An event of a message of the right length, whose symbol is not filled in yet. */
static tw_status any_event(const tw_tape *tape, tw_slice message, tw_order_event *ret_event,
                           bool *ret_ended, tw_error *error) {
    const event_row *row = &rows[(unsigned char)message.data[0]];
    tw_error why;
    bool good = true;
    if (row->block_size == 0)
        good = rare_event(message, tape->midnight_ns, ret_event, ret_ended, &why) == TW_OK;
    else if (!event_of(row, message.data, tape->midnight_ns, TW_SYMBOL_NONE, ret_event)) {
        explain(row, message.data, &why);
        good = false;
    }
    return good ? TW_OK : itch_bad(tape, tw_source_offset(&tape->source), &why, error);
}

tw_status itch_read_event(tw_tape *tape, tw_slice message, tw_order_event *ret_event,
                          bool *ret_given, tw_error *error) {
    tw_error why;
    tw_itch_message unread;
    bool ended = false;
    uint32_t entry = ITCH_UNNAMED;
    tw_order_event event;
    *ret_given = false;
    if (message.size == 0 || tw_itch_size(message.data[0]) != message.size) {
        tw_status wrong = tw_itch_decode(message, &unread, &why);
        TW_ASSERT(wrong == TW_PARSE);
        return itch_bad(tape, tw_source_offset(&tape->source), &why, error);
    }
    if (itch_passes(tape, message, &entry))
        return TW_OK;
    tw_status status = any_event(tape, message, &event, &ended, error);
    if (status == TW_OK)
        status = itch_learn(tape, message, &entry, error);
    if (status != TW_OK)
        return status;
    tape->itch->gaps.ended |= ended;
    event.symbol = entry == ITCH_UNNAMED ? TW_SYMBOL_NONE : entry - 1;
    *ret_event = event;
    *ret_given = true;
    return TW_OK;
}

/* ---- many messages ------------------------------------------------------------------------- */

/* Gives events of the run as long as nothing is to be said about them. Returns how many. */
static size_t take_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity) {
    tape_itch *itch = tape->itch;
    if (itch->run_size < 2)
        return 0;
    const uint32_t *symbols = itch->stream->symbols;
    const int64_t midnight_ns = tape->midnight_ns;
    const char *begin = tape->source.buffer + tape->source.begin;
    const char *end = begin + itch->run_size;
    const char *at = begin;
    const char *given = begin; /* the last one: where it begins and what is behind it */
    const char *behind = begin;
    size_t count = 0;
    size_t passed = 0;
    size_t passed_behind = 0;
    while (count < capacity && end - at >= 2) {
        size_t block_size = 2 + (size_t)itch_load_16(at);
        const event_row *row = &rows[(unsigned char)at[2]];
        if (block_size != row->block_size || (size_t)(end - at) < block_size)
            break;
        uint32_t entry = symbols[itch_load_16(at + 3)];
        if (entry == ITCH_PASSED) {
            at += block_size;
            passed_behind++;
            continue;
        }
        if (entry == ITCH_UNNAMED ||
            !event_of(row, at + 2, midnight_ns, entry - 1, &ret_events[count]))
            break;
        given = at;
        at += block_size;
        behind = at;
        passed += passed_behind;
        passed_behind = 0;
        count++;
    }
    itch_pass(tape, (size_t)(at - begin), count + passed + passed_behind);
    itch->live.passed += passed + passed_behind;
    if (count == 0)
        return 0;
    itch->shown = itch->live;
    itch->shown.offset -= (uint64_t)(at - behind);
    itch->shown.messages -= passed_behind;
    itch->shown.passed -= passed_behind;
    tape->line = (tw_slice){given + 2, (size_t)(behind - given) - 2};
    return count;
}

/* The next message is one that take_events left. What is wrong with it is told by the call that
 * has given nothing yet. */
static tw_status take_rare(tw_tape *tape, tw_slice message, tw_order_event *ret_events,
                           size_t *count, tw_error *error) {
    tape_itch *itch = tape->itch;
    bool given = false;
    tw_status status = itch_read_event(tape, message, &ret_events[*count], &given, error);
    if (status != TW_OK && *count > 0)
        return status;
    itch_pass(tape, 2 + message.size, 1);
    if (status == TW_OK && !given)
        return TW_OK;
    tape->line = message;
    itch->shown = itch->live;
    *count += given && status == TW_OK ? 1 : 0;
    return status;
}

tw_status itch_next_events(tw_tape *tape, tw_order_event *ret_events, size_t capacity,
                           size_t *ret_count, tw_error *error) {
    tape_itch *itch = tape->itch;
    size_t count = 0;
    for (;;) {
        tw_slice message;
        tw_status status = TW_OK;
        if (itch->fault == TW_OK)
            count += take_events(tape, ret_events + count, capacity - count);
        if (count == capacity)
            break;
        if (!itch_has_message(tape, &message)) {
            if (count > 0 && itch->captured && capture_go_on(tape))
                continue;
            if (count > 0)
                break;
            status = itch_next_message(tape, &message, error);
            if (status == TW_OK)
                continue;
        }
        if (status == TW_OK)
            status = take_rare(tape, message, ret_events, &count, count == 0 ? error : NULL);
        if (status != TW_OK && count > 0)
            break;
        if (status != TW_OK) {
            itch->shown = itch->live;
            return status;
        }
    }
    *ret_count = count;
    return TW_OK;
}
